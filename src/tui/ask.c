/* ask.c - the dialog that asks br itself: which question, what would run where, then y. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "dialog.h"

enum { FIRST_CHOICE = 2, TIME_COLUMNS = 10 }; /* its line; what a time takes at least */
enum ask_stage {
    ASK_CHOOSE, /* the questions */
    ASK_TIME,   /* of a truncate's dry run */
    ASK_PLAN,   /* what would run; y runs it */
};
struct ask {
    struct view view;
    struct ui *ui;
    char *ns, *name;
    bool v1;
    enum br_command fit[BR_COMMAND_COUNT]; /* the probes that fit this Backup */
    size_t fit_count, cursor;
    enum ask_stage stage;
    struct br_plan *plan;
    tso_t until;
    struct line_edit line; /* the time, or what confirms */
    struct error error;
    struct pager *pager;
    bool stale;
    bool seen;             /* what is asked now was on the screen: keys typed before do not answer it */
    bool cut;              /* there is more than fits */
};

static const struct key_binding ask_keys[] = {
    {UI_COPY_KUBECTL, "ctrl-k"}, {UI_PAGE_DOWN, "pgdn"}, {UI_PAGE_UP, "pgup"},
};

/* -- the plan ----------------------------------------------------------------------------------- */

static void show(struct ask *ask, enum ask_stage stage)
{
    ask->stage = stage;
    ask->stale = true;
    ask->seen = false;
    ask->error.code = ERROR_NONE;
    line_edit_set(&ask->line, "");
    ui_mark(ask->ui);
}

static void on_plan(void *arg, struct br_plan *plan)
{
    struct ask *ask = arg;
    (void)plan;
    ask->stale = true;
    ask->seen = false;
    ui_mark(ask->ui);
}

static void make_plan(struct ask *ask)
{
    struct br_plan_spec spec = {.action = ACTION_PROBE, .driver = BR_DRIVER_JOB, .command = ask->fit[ask->cursor],
                                .v1 = ask->v1, .ns = ask->ns, .name = ask->name, .until = ask->until};
    br_plan_free(&ask->plan);
    ask->plan = br_plan_new(ask->ui->br, &spec, on_plan, ask);
    show(ask, ASK_PLAN);
}

/* -- what is shown -------------------------------------------------------------------------------- */

static void fill_choice(struct ask *ask)
{
    struct str line;
    str_init(&line, 1024);
    str_addf(&line, "Ask br itself about %s/%s", ask->ns, ask->name);
    pager_add(ask->pager, STYLE_TITLE, 0, line.data);
    pager_add(ask->pager, STYLE_TEXT, 0,
              "A Job of brdeck's runs br in the Backup's namespace; it changes nothing. What is asked?");
    for (size_t i = 0; i < ask->fit_count; i++) {
        const struct br_command_info *info = &br_command_table[ask->fit[i]];
        bool here = i == ask->cursor;
        enum style style = here ? STYLE_TITLE : STYLE_TEXT;
        str_clear(&line);
        str_addf(&line, "%s%s", here ? "> " : "  ", info->id);
        pager_add_labelled(ask->pager, 0, 18, style, line.data, style, info->help);
    }
    if (!ask->fit_count)
        pager_add(ask->pager, STYLE_WARN, 2, "br has nothing to tell of such a backup");
    str_done(&line);
}

static void ask_refresh(struct view *view, struct ui *ui)
{
    struct ask *ask = (struct ask *)view;
    if (!ask->stale)
        return;
    ask->stale = false;
    pager_renew(ask->pager);
    if (ask->stage == ASK_PLAN) {
        dialog_describe(ui, ask->pager, ask->plan, false);
        return;
    }
    fill_choice(ask);
    if (ask->stage == ASK_TIME)
        pager_add(ask->pager, STYLE_TEXT, 0, "Up to when would log go? A time, a TSO, an age such as -7d:");
}

static bool is_ready(const struct ask *ask)
{
    return ask->stage == ASK_PLAN && ask->plan->phase == BR_PLAN_READY && !ask->ui->read_only;
}

static const char *question(const struct ask *ask)
{
    static const char *const phases[] = {
        [BR_PLAN_LOOKING] = "Looking... Esc leaves.", [BR_PLAN_READY] = "Ask br? y/N: ",
        [BR_PLAN_REFUSED] = "br is not asked. Enter asks something else, Esc leaves.",
        [BR_PLAN_FAILED] = "No answer. Enter tries again, Esc leaves.",
    };
    if (ask->stage == ASK_CHOOSE)
        return ask->fit_count ? "Enter takes it, Esc leaves." : "Esc leaves.";
    if (ask->stage == ASK_TIME)
        return "until: ";
    if (ask->plan->phase == BR_PLAN_READY && ask->ui->read_only)
        return "Read-only: nothing is run. Esc leaves.";
    return phases[ask->plan->phase];
}

/* Columns that are to be typed; 0: nothing is. */
static int answer_columns(const struct ask *ask)
{
    return ask->stage == ASK_TIME ? TIME_COLUMNS : is_ready(ask) ? 1 : 0;
}

static int64_t ask_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct ask *ask = (struct ask *)view;
    struct question asked = {.text = question(ask), .answer = answer_columns(ask),
                             .error = ask->error.code ? ask->error.text : NULL};
    /* the picked one is seen, or what is asked now */
    long must_see = ask->stage == ASK_CHOOSE ? FIRST_CHOICE + (long)ask->cursor
                    : ask->stage == ASK_TIME ? (long)pager_lines(ask->pager) : NOTHING;
    int64_t until_ms = INT64_MAX;
    (void)c;
    ask->cut = dialog_draw(ui, ask->pager, must_see, &asked, &ask->line, r, ask->cut, &until_ms);
    ask->seen = ask->stage != ASK_PLAN || is_ready(ask);
    if (until_ms == INT64_MAX && ask->stage == ASK_PLAN && ask->plan->phase == BR_PLAN_LOOKING)
        until_ms = ui_now_ms(ui) + 1000;
    return until_ms;
}

/* -- keys -------------------------------------------------------------------------------------------- */

static void leave(struct ask *ask)
{
    ui_say(ask->ui, STYLE_DIM, "br was not asked.");
    ui_pop(ask->ui);
}

/* Run it, and show the run in the dialog's place. */
static void run(struct ask *ask)
{
    struct ui *ui = ask->ui;
    struct br_plan *plan = ask->plan;
    struct error err = {.code = ERROR_NONE};
    char typed[64];
    snprintf(typed, sizeof typed, "%s", ask->line.text.data);
    ask->plan = NULL;
    bool begun = br_execute(ui->br, &plan, 1, typed, NULL, &err);
    unsigned id = begun ? br_run_at(ui->br, br_runs(ui->br) - 1)->id : 0;
    ui_pop(ui); /* frees @ask */
    if (begun)
        ui_push(ui, run_new(ui, id));
    else
        ui_say(ui, STYLE_CRIT, "br was not asked: %s", err.text);
}

static void enter(struct ask *ask)
{
    switch (ask->stage) {
    case ASK_CHOOSE:
        if (!ask->fit_count)
            break;
        if (br_command_table[ask->fit[ask->cursor]].needs_until)
            show(ask, ASK_TIME);
        else
            make_plan(ask);
        break;
    case ASK_TIME:
        if (tso_parse(ask->line.text.data, ui_now_ms(ask->ui), &ask->until, NULL, &ask->error))
            make_plan(ask);
        break;
    case ASK_PLAN:
        if (ask->plan->phase == BR_PLAN_FAILED)
            br_plan_look(ask->plan);
        else if (ask->plan->phase == BR_PLAN_REFUSED)
            show(ask, ASK_CHOOSE);
        else if (is_ready(ask) && br_plan_is_confirmed(ask->plan, ask->line.text.data))
            run(ask);
        else if (is_ready(ask)) /* the default is No */
            leave(ask);
        break;
    }
}

static void type_key(struct ask *ask, struct key_press key)
{
    ask->error.code = ERROR_NONE;
    switch (line_edit_key(&ask->line, key)) {
    case LINE_CANCEL: leave(ask); break;
    case LINE_DONE: enter(ask); break;
    default: break;
    }
}

static bool ask_key(struct view *view, struct ui *ui, struct key_press key)
{
    struct ask *ask = (struct ask *)view;
    if (dialog_leaves(key)) {
        leave(ask);
    } else if (ask->stage == ASK_CHOOSE) {
        if (keymap_find(ui->keys, "ask", key) == UI_QUIT)
            leave(ask);
        else if (key.name != KEY_NAME_ENTER)
            return false;
        else if (ask->seen)
            enter(ask);
    } else if (dialog_is_command(ui, "ask", key, UI_NONE)) {
        return false;
    } else if (dialog_takes(ask->stage == ASK_TIME || is_ready(ask), ask->seen, key)) {
        type_key(ask, key);
    }
    ui_mark(ui);
    return true;
}

static void ask_paste(struct view *view, struct ui *ui, const char *text, size_t len)
{
    struct ask *ask = (struct ask *)view;
    (void)ui;
    if (ask->stage != ASK_CHOOSE && ask->seen)
        line_edit_paste(&ask->line, text, len);
}

static bool ask_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct ask *ask = (struct ask *)view;
    if (ask->stage == ASK_CHOOSE && (command == UI_UP || command == UI_DOWN) && ask->fit_count) {
        ask->cursor = (ask->cursor + ask->fit_count + (command == UI_UP ? (size_t)-1 : 1)) % ask->fit_count;
        ask->stale = true;
        return true;
    }
    if (command != UI_COPY_KUBECTL)
        return pager_command(ask->pager, command);
    dialog_copy(ui, &ask->plan, 1);
    return true;
}

static void ask_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct ask *ask = (struct ask *)view;
    (void)ui;
    hints_add(hints, UI_BACK, "leave", false);
    if (ask->stage == ASK_CHOOSE && ask->fit_count > 0)
        hints_add(hints, UI_OPEN, "take it", false);
    if (ask->stage == ASK_CHOOSE && ask->fit_count > 1)
        hints_add(hints, UI_DOWN, "the next", false);
    if (ask->cut && ask->stage == ASK_PLAN)
        hints_add(hints, UI_PAGE_DOWN, "more", false);
    if (ask->stage == ASK_PLAN)
        dialog_hint_copy(hints, &ask->plan, 1);
}

static void ask_free(struct view *view)
{
    struct ask *ask = (struct ask *)view;
    br_plan_free(&ask->plan);
    line_edit_done(&ask->line);
    pager_free(&ask->pager);
    free(ask->ns);
    free(ask->name);
    free(ask);
}

const struct view_ops view_ask = {
    .name = "ask", .keys = ask_keys, .key_count = ARRAY_LEN(ask_keys), .overlay = true, .refresh = ask_refresh,
    .draw = ask_draw, .key = ask_key, .paste = ask_paste, .command = ask_command, .hints = ask_hints, .free = ask_free,
};

struct view *ask_new(struct ui *ui, const struct store_row *row)
{
    struct ask *ask = xcalloc(1, sizeof *ask);
    const struct backup_record *record = row->record;
    ask->view.ops = &view_ask;
    ask->ui = ui;
    ask->ns = xstrdup(record->ns);
    ask->name = xstrdup(record->name);
    ask->v1 = record->v1;
    ask->pager = pager_new();
    ask->stale = true;
    line_edit_init(&ask->line, 256);
    for (enum br_command c = 0; c < BR_COMMAND_COUNT; c++) {
        const struct br_command_info *info = &br_command_table[c];
        bool fits = record->mode == BACKUP_LOG ? info->of_log : record->mode == BACKUP_SNAPSHOT && info->of_snapshot;
        if (info->reads_only && fits)
            ask->fit[ask->fit_count++] = c;
    }
    return &ask->view;
}
