/* act.c - the dialog of an action: what it would do, found out first, then confirmed by typing. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "deck.h"

enum { SNAPSHOTS_MAX = 200, CHOICES_SHOWN = 8 };

/* A snapshot that a truncate may go up to. */
struct choice {
    char *name;
    tso_t ts;
};
struct act {
    struct view view;
    struct ui *ui;
    const struct action *action;
    struct br_plan **plans;    /* made at once; truncate: when the time is known */
    struct br_plan_spec *specs;
    char **names, **spaces;    /* of @specs */
    bool *hidden;              /* marked, but not shown by the filter */
    size_t count;
    bool asking_time;          /* truncate: @line holds the time, not the confirmation */
    struct choice *choices;
    size_t choice_count, choice;  /* choice 0: none picked */
    struct line_edit line;     /* the time, or what confirms */
    bool clear_truncate;
    bool keep_data;            /* delete: cleanPolicy Retain first */
    tso_t until;
    bool zoneless;
    struct error error;        /* of what was typed */
    struct pager *pager;
    bool stale;
    bool seen;                 /* what is asked now was on the screen: keys typed before do not answer it */
    bool cut;                  /* there is more than fits */
    bool may_ask;              /* truncate: the state allows it, only the time may not */
};

static const struct key_binding act_keys[] = {
    {UI_COPY_KUBECTL, "ctrl-k"}, {UI_PAGE_DOWN, "pgdn"}, {UI_PAGE_UP, "pgup"},
};

/* -- plans ---------------------------------------------------------------------------- */

static void on_plan(void *arg, struct br_plan *plan)
{
    struct act *act = arg;
    (void)plan;
    act->stale = true;
    act->seen = false;
    ui_mark(act->ui);
}

static void drop_plans(struct act *act)
{
    for (size_t i = 0; act->plans && i < act->count; i++)
        br_plan_free(&act->plans[i]);
    free(act->plans);
    act->plans = NULL;
}

static void make_plans(struct act *act)
{
    drop_plans(act);
    act->plans = xcalloc(act->count, sizeof *act->plans);
    act->seen = false;
    for (size_t i = 0; i < act->count; i++) {
        act->specs[i].until = act->until;
        act->specs[i].clear_truncate = act->clear_truncate;
        act->specs[i].keep_data = act->keep_data;
        act->plans[i] = br_plan_new(act->ui->br, &act->specs[i], on_plan, act);
    }
    act->stale = true;
}

static size_t count_phase(const struct act *act, enum br_plan_phase phase)
{
    size_t n = 0;
    for (size_t i = 0; act->plans && i < act->count; i++)
        n += act->plans[i]->phase == phase;
    return n;
}

static bool all_ready(const struct act *act)
{
    return act->plans && count_phase(act, BR_PLAN_READY) == act->count;
}

/* -- what is shown ------------------------------------------------------------------------ */

static void free_last(struct description *d)
{
    d->count--;
    free(d->lines[d->count].label);
    free(d->lines[d->count].text);
}

static void add_description(struct act *act, const struct br_plan *plan)
{
    struct ui *ui = act->ui;
    struct describe_context ctx = {
        .window = plan->window_known ? &plan->window : NULL, .window_known = plan->window_known,
        .has_status_sub = fleet_has_status_sub(ui->fleet, plan->v1), .read_only = ui->read_only,
        .now_ms = ui_now_ms(ui), .style = ui->time_style, .ascii = ui->ascii,
    };
    struct description d;
    description_init(&d);
    br_plan_describe(plan, &ctx, &d);
    if (plan->phase == BR_PLAN_READY && d.count)
        free_last(&d); /* how to confirm it: the last line of the dialog asks that */
    described_fill(act->pager, &d);
    description_done(&d);
}

/* Batches: rows that the filter hides come first, then what each would do, in one line each. */
static void add_batch(struct act *act)
{
    for (int hidden = 1; hidden >= 0; hidden--)
        for (size_t i = 0; i < act->count; i++) {
            const struct br_plan *plan = act->plans[i];
            static const struct { const char *word; enum style style; } words[] = {
                [BR_PLAN_LOOKING] = {"looking...", STYLE_DIM}, [BR_PLAN_READY] = {"ready", STYLE_OK},
                [BR_PLAN_REFUSED] = {"refused", STYLE_CRIT},   [BR_PLAN_FAILED] = {"no answer", STYLE_WARN},
            };
            if (act->hidden[i] != hidden)
                continue;
            struct str label, line;
            str_init(&label, 1024);
            str_init(&line, 2048);
            str_addf(&label, "%s/%s%s", plan->ns, plan->name, hidden ? " (hidden by the filter)" : "");
            str_add(&line, words[plan->phase].word);
            if (plan->error.code && plan->phase != BR_PLAN_READY)
                str_addf(&line, ": %s", plan->error.text);
            else if (plan->phase == BR_PLAN_READY)
                str_addf(&line, ", now %s%s%s", plan->state.word, plan->dry_run == BR_DRY_RUN_ACCEPTED
                         ? ", dry-run accepted" : "",
                         plan->truncates && plan->action->id != ACTION_TRUNCATE ? ", and a truncate runs with it" : "");
            if (plan->phase == BR_PLAN_READY && plan->action->id == ACTION_DELETE)
                str_addf(&line, ", %s %s%s",
                         plan->removes.cleans ? "and EVERYTHING goes under" : "the data stays under",
                         plan->removes.prefix, plan->removes.cleans && !plan->removes.all_seen ?
                         " (who else keeps data there is unknown)" : "");
            pager_add_labelled(act->pager, 0, 0, STYLE_TEXT, label.data, words[plan->phase].style, line.data);
            str_done(&label);
            str_done(&line);
        }
}

static bool any_waiting(const struct act *act)
{
    for (size_t i = 0; act->plans && i < act->count; i++)
        if (act->plans[i]->waiting_truncate)
            return true;
    return false;
}

/* A delete that takes the data with it: keeping that is offered first (rule 11), also where it is refused without. */
static bool may_keep_data(const struct act *act)
{
    for (size_t i = 0; act->plans && i < act->count; i++)
        if (act->plans[i]->removes.retain_offered)
            return true;
    return false;
}

static void offer_keeping(struct act *act)
{
    if (act->keep_data)
        pager_add(act->pager, STYLE_OK, 0,
                  "The data is kept: cleanPolicy is set to Retain first. Tab leaves cleanPolicy as it is.");
    else if (may_keep_data(act))
        pager_add(act->pager, STYLE_WARN, 0, "Tab keeps the data: cleanPolicy is set to Retain first, and only then "
                                             "is it deleted.");
}

/* A truncate that waits would run as well (rule 2): taking it out is offered first. */
static void offer_clearing(struct act *act)
{
    if (count_phase(act, BR_PLAN_REFUSED)) /* the refusal tells how */
        return;
    if (act->clear_truncate)
        pager_add(act->pager, STYLE_OK, 0, "The truncate that waits is taken out with this. Tab lets it run.");
    else if (any_waiting(act))
        pager_add(act->pager, STYLE_WARN, 0,
                  "A truncate waits and would run with this: log data goes. Tab takes it out instead.");
}

static void keep_or_not(struct act *act)
{
    act->keep_data = !act->keep_data;
    for (size_t i = 0; i < act->count; i++)
        br_plan_keep_data(act->plans[i], act->keep_data);
    line_edit_set(&act->line, "");
    act->stale = true;
    act->seen = false;
}

static void clear_or_not(struct act *act)
{
    act->clear_truncate = !act->clear_truncate;
    for (size_t i = 0; i < act->count; i++)
        br_plan_set(act->plans[i], act->until, act->clear_truncate);
    line_edit_set(&act->line, "");
    act->stale = true;
    act->seen = false;
}

static void add_choice(struct act *act, size_t i)
{
    int64_t now = ui_now_ms(act->ui);
    char at[TSO_TEXT_MAX], number[TSO_TEXT_MAX];
    bool picked = i + 1 == act->choice;
    struct str line;
    str_init(&line, 512);
    str_addf(&line, "%s%s  %s  TSO %s", picked ? "> " : "  ", tso_format(act->choices[i].ts, TSO_LOCAL, now, at),
             act->choices[i].name,
             tso_format(act->choices[i].ts, TSO_NUMBER, now, number));
    pager_add(act->pager, picked ? STYLE_TITLE : STYLE_TEXT, 0, line.data);
    str_done(&line);
}

static void add_time_question(struct act *act)
{
    struct str line;
    str_init(&line, 1024);
    if (act->count == 1)
        str_addf(&line, "Truncate the log of %s/%s", act->spaces[0], act->names[0]);
    else
        str_addf(&line, "Truncate the logs of %zu backups", act->count);
    pager_add(act->pager, STYLE_TITLE, 0, line.data);
    str_clear(&line);
    const struct kube_target *target = kube_client_target(fleet_client(act->ui->fleet));
    str_addf(&line, "%s, %s", target->context, target->server);
    pager_add_labelled(act->pager, 0, 7, STYLE_LABEL, "context", STYLE_TEXT, line.data);
    str_done(&line);
    pager_add(act->pager, STYLE_TEXT, 0,
              "Up to when does its log go? A time, a TSO, an age such as -7d, or a snapshot (up, down):");
    if (!act->choice_count)
        pager_add(act->pager, STYLE_DIM, 2, "no complete snapshot of this cluster is listed");
    /* those round the picked one */
    size_t first = act->choice > CHOICES_SHOWN / 2 ? act->choice - CHOICES_SHOWN / 2 : 0;
    if (first + CHOICES_SHOWN > act->choice_count)
        first = act->choice_count > CHOICES_SHOWN ? act->choice_count - CHOICES_SHOWN : 0;
    for (size_t i = first; i < act->choice_count && i < first + CHOICES_SHOWN; i++)
        add_choice(act, i);
}

static void fill(struct act *act)
{
    pager_renew(act->pager);
    offer_keeping(act);
    offer_clearing(act);
    if (act->asking_time) {
        add_time_question(act);
    } else if (act->count == 1) {
        add_description(act, act->plans[0]);
    } else {
        struct str title;
        str_init(&title, 512);
        str_addf(&title, "%s: %zu backups, one after another; the first that fails halts the rest",
                 act->action->title, act->count);
        pager_add(act->pager, STYLE_TITLE, 0, title.data);
        str_clear(&title);
        const struct kube_target *target = kube_client_target(fleet_client(act->ui->fleet));
        str_addf(&title, "%s, %s", target->context, target->server);
        pager_add_labelled(act->pager, 0, 0, STYLE_LABEL, "context", STYLE_TEXT, title.data);
        str_done(&title);
        add_batch(act);
    }
}

/* The question on the last line of the dialog. */
static void question(struct act *act, struct str *out, int width)
{
    char typed[512];
    if (act->asking_time)
        str_add(out, "until: ");
    else if (count_phase(act, BR_PLAN_LOOKING))
        str_add(out, "Looking... Esc leaves all as it is.");
    else if (count_phase(act, BR_PLAN_FAILED))
        str_add(out, "No answer. Enter tries again, Esc leaves all as it is.");
    else if (!all_ready(act) && act->action->id == ACTION_TRUNCATE && act->may_ask)
        str_add(out, "Enter takes another time, Esc leaves all as it is.");
    else if (!all_ready(act))
        str_add(out, act->count > 1
                ? "Not all can be done: take the marks off those. Esc leaves." : "Nothing is done. Esc leaves.");
    else if (act->ui->read_only)
        str_add(out, "Read-only: nothing is sent. Esc leaves.");
    else {
        br_batch_confirm(act->plans, act->count, typed, sizeof typed);
        if (act->plans[0]->confirm == BR_CONFIRM_YES && act->count == 1)
            str_addf(out, "%s? y/N: ", act->action->title);
        else
            str_addf(out, width >= (int)text_width(typed) * 2 + 48
                     ? "Type %s to do it, Esc to leave all as it is: " : "Type %s: ", typed);
    }
}

static int64_t act_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct act *act = (struct act *)view;
    struct str ask;
    str_init(&ask, 1024);
    int width = r.cols > 4 ? r.cols - 3 : 1, errors = 0;
    for (const char *next = act->error.code ? act->error.text : NULL; next; errors++)
        text_wrap(next, (size_t)width, &next);
    int height = (int)pager_rows(act->pager, width) + 2 + errors; /* rule, text, error, question */
    if (height > r.rows)
        height = r.rows;
    struct rect box = {r.row + r.rows - height, r.col, height, r.cols};
    int last = box.row + box.rows - 1;
    canvas_fill(c, box, STYLE_DIALOG);
    if (box.rows > 1)
        canvas_rule(c, box.row, box.col, box.cols, ui->ascii);
    question(act, &ask, width);
    bool input = act->asking_time || all_ready(act);
    act->cut = (int)pager_rows(act->pager, width) > box.rows - 2 - errors;
    pager_draw(act->pager, c, (struct rect){box.row + 1, box.col + 2, box.rows - 2 - errors, width});
    int row = last - errors;
    for (const char *next = errors ? act->error.text : NULL; next; row++) {
        const char *from = next;
        size_t len = text_wrap(from, (size_t)width, &next);
        if (row > box.row)
            canvas_textn(c, row, box.col + 2, width, STYLE_CRIT, from, len);
    }
    /* what is typed has room, however long the question */
    int room = input && width > 40 ? width - 16 : width;
    int col = 2 + canvas_text(c, last, box.col + 2, room, input ? STYLE_TITLE : STYLE_WARN, ask.data);
    if (input)
        line_edit_draw(&act->line, c, last, box.col + col, box.cols - col - 1, STYLE_INPUT);
    act->seen = act->asking_time || all_ready(act);
    str_done(&ask);
    return count_phase(act, BR_PLAN_LOOKING) ? ui_now_ms(ui) + 1000 : INT64_MAX;
}

static void act_refresh(struct view *view, struct ui *ui)
{
    struct act *act = (struct act *)view;
    (void)ui;
    if (act->stale)
        fill(act);
    act->stale = false;
}

/* -- keys ---------------------------------------------------------------------------------- */

static bool take_time(struct act *act)
{
    int64_t now = ui_now_ms(act->ui);
    if (act->choice > 0 && !act->line.text.len) {
        act->until = act->choices[act->choice - 1].ts;
        act->zoneless = false;
    } else if (!tso_parse(act->line.text.data, now, &act->until, &act->zoneless, &act->error)) {
        return false;
    }
    act->asking_time = false;
    line_edit_set(&act->line, "");
    make_plans(act);
    return true;
}

static void ask_time_again(struct act *act)
{
    drop_plans(act);
    act->asking_time = act->stale = true;
    act->clear_truncate = act->seen = false;
    act->choice = 0;
}

static bool confirm(struct act *act)
{
    struct error err = {.code = ERROR_NONE};
    struct br_plan **plans = act->plans;
    size_t count = act->count;
    if (!all_ready(act)) {
        bool failed = count_phase(act, BR_PLAN_FAILED) > 0;
        for (size_t i = 0; i < count; i++)
            if (plans[i]->phase == BR_PLAN_FAILED)
                br_plan_look(plans[i]);
        if (!failed && act->may_ask && !count_phase(act, BR_PLAN_LOOKING))
            ask_time_again(act);
        return false;
    }
    if (act->ui->read_only)
        return false;
    const char *typed = act->line.text.data;
    char wanted[512];
    br_batch_confirm(plans, count, wanted, sizeof wanted);
    bool yes = count == 1 && plans[0]->confirm == BR_CONFIRM_YES;
    if (yes && !*typed)
        return true; /* the default is No */
    if (yes ? !br_plan_is_confirmed(plans[0], typed) : strcmp(typed, wanted) != 0) {
        error_set(&act->error, ERROR_INPUT, yes
                  ? "Nothing was done: y does it, Esc leaves." : "That is not %s: nothing was done.", wanted);
        return false;
    }
    act->plans = NULL;
    if (br_execute(act->ui->br, plans, count, typed, NULL, &err))
        ui_say(act->ui, STYLE_BUSY, "Sent: %s %s. It is followed in the row and under %s.", act->action->name,
               count == 1 ? act->names[0] : "the marked backups", keymap_key(act->ui->keys, "", UI_NOTICES));
    else
        ui_say(act->ui, STYLE_CRIT, "Nothing was sent: %s", err.text);
    free(plans);
    return true;
}

static void pick(struct act *act, int step)
{
    size_t count = act->choice_count + 1;
    act->choice = (act->choice + count + (size_t)step) % count;
    line_edit_set(&act->line, "");
    act->stale = true;
}

/* A key that the dialog does not type: its own, and those that every screen has. */
static bool is_command(struct ui *ui, struct key_press key)
{
    static const enum ui_command commands[] = {UI_COPY_KUBECTL, UI_CLEAR_TRUNCATE, UI_PAGE_UP, UI_PAGE_DOWN,
                                               UI_REDRAW, UI_SUSPEND};
    enum ui_command command = keymap_find(ui->keys, "act", key);
    bool is_text = key.name == KEY_NAME_CHAR && !(key.mods & (KEY_CTRL | KEY_ALT));
    for (size_t i = 0; !is_text && i < ARRAY_LEN(commands); i++)
        if (commands[i] == command)
            return true;
    return false;
}

static void type_key(struct act *act, struct key_press key)
{
    act->error.code = ERROR_NONE;
    switch (line_edit_key(&act->line, key)) {
    case LINE_CANCEL:
        ui_say(act->ui, STYLE_DIM, "Left as it was: nothing was sent.");
        ui_pop(act->ui);
        break;
    case LINE_DONE:
        if (act->asking_time)
            take_time(act);
        else if (confirm(act))
            ui_pop(act->ui);
        break;
    case LINE_TYPING:
        act->stale = act->stale || (act->asking_time && act->choice);
        act->choice = act->asking_time ? 0 : act->choice; /* what is typed counts */
        break;
    default: break;
    }
}

static bool act_key(struct view *view, struct ui *ui, struct key_press key)
{
    struct act *act = (struct act *)view;
    if (act->asking_time && act->seen && (key.name == KEY_NAME_UP || key.name == KEY_NAME_DOWN)) {
        pick(act, key.name == KEY_NAME_UP ? -1 : 1);
        return true;
    }
    if (is_command(ui, key))
        return false;
    bool leaves = key.name == KEY_NAME_ESC || (key.mods & KEY_CTRL && (key.ch == L'c' || key.ch == L'g'));
    bool ready = act->asking_time || all_ready(act);
    /* Keys do nothing while it looks, nor those that were typed before the question could be read. */
    if (leaves || (ready ? act->seen : key.name == KEY_NAME_ENTER))
        type_key(act, key);
    return true;
}

static void act_paste(struct view *view, struct ui *ui, const char *text, size_t len)
{
    struct act *act = (struct act *)view;
    (void)ui;
    if (act->seen)
        line_edit_paste(&act->line, text, len);
}

static bool act_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct act *act = (struct act *)view;
    if (command == UI_CLEAR_TRUNCATE) {
        if (act->keep_data || may_keep_data(act))
            keep_or_not(act);
        else if (act->plans && (act->clear_truncate || any_waiting(act)))
            clear_or_not(act);
        return true;
    }
    if (command != UI_COPY_KUBECTL)
        return pager_command(act->pager, command);
    struct str all;
    str_init(&all, STR_SMALL);
    for (size_t i = 0; act->plans && i < act->count; i++)
        if (act->plans[i]->kubectl)
            str_addf(&all, "%s\n", act->plans[i]->kubectl);
    bool copied = all.len && term_copy(ui->term, all.data);
    ui_say(ui, STYLE_TEXT, "%s", copied
           ? "Copied the kubectl line that does the same." : "There is nothing to copy yet.");
    str_done(&all);
    return true;
}

static void act_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct act *act = (struct act *)view;
    (void)ui;
    bool line = false;
    for (size_t i = 0; act->plans && i < act->count; i++)
        line = line || act->plans[i]->kubectl;
    hints_add(hints, UI_BACK, "leave", false);
    if (act->keep_data || may_keep_data(act))
        hints_add(hints, UI_CLEAR_TRUNCATE, act->keep_data ? "leave cleanPolicy" : "keep the data", false);
    if (act->clear_truncate || any_waiting(act))
        hints_add(hints, UI_CLEAR_TRUNCATE, act->clear_truncate
                  ? "let the waiting truncate run" : "take the waiting truncate out", false);
    if (act->cut)
        hints_add(hints, UI_PAGE_DOWN, "more", false);
    if (line)
        hints_add(hints, UI_COPY_KUBECTL, "copy as kubectl", false);
}

static void act_free(struct view *view)
{
    struct act *act = (struct act *)view;
    drop_plans(act);
    for (size_t i = 0; i < act->count; i++) {
        free(act->names[i]);
        free(act->spaces[i]);
    }
    for (size_t i = 0; i < act->choice_count; i++)
        free(act->choices[i].name);
    free(act->names);
    free(act->spaces);
    free(act->specs);
    free(act->hidden);
    free(act->choices);
    line_edit_done(&act->line);
    pager_free(&act->pager);
    free(act);
}

const struct view_ops view_act = {
    .name = "act", .keys = act_keys, .key_count = ARRAY_LEN(act_keys), .overlay = true, .refresh = act_refresh,
    .draw = act_draw,
    .key = act_key, .paste = act_paste, .command = act_command, .hints = act_hints, .free = act_free,
};

/* The complete snapshots of the cluster of @log, the newest first. */
static void gather_snapshots(struct act *act, const struct backup_record *log)
{
    char cluster[RECORD_CLUSTER_MAX];
    const struct backup_record *records[SNAPSHOTS_MAX];
    size_t count = store_cluster(fleet_store(act->ui->fleet), record_cluster(log, cluster), records, SNAPSHOTS_MAX);
    count = count > SNAPSHOTS_MAX ? SNAPSHOTS_MAX : count;
    act->choices = xcalloc(count + 1, sizeof *act->choices);
    for (size_t i = 0; i < count; i++) {
        const struct backup_record *r = records[i];
        if (r->mode != BACKUP_SNAPSHOT || r->phase != PHASE_COMPLETE || !r->commit_ts)
            continue;
        size_t at = act->choice_count++;
        for (; at > 0 && act->choices[at - 1].ts < r->commit_ts; at--)
            act->choices[at] = act->choices[at - 1];
        act->choices[at] = (struct choice){.name = xstrdup(r->name), .ts = r->commit_ts};
    }
}

struct view *act_new(struct ui *ui, enum action_id id, const struct store_row *const *rows, size_t count)
{
    struct act *act = xcalloc(1, sizeof *act);
    struct deck *deck = (struct deck *)ui_deck(ui);
    act->view.ops = &view_act;
    act->ui = ui;
    act->action = action_get(id);
    act->count = count;
    act->specs = xcalloc(count, sizeof *act->specs);
    act->names = xcalloc(count, sizeof *act->names);
    act->spaces = xcalloc(count, sizeof *act->spaces);
    act->hidden = xcalloc(count, sizeof *act->hidden);
    act->pager = pager_new();
    line_edit_init(&act->line, 1024);
    for (size_t i = 0; i < count; i++) {
        const struct backup_record *record = rows[i]->record;
        act->names[i] = xstrdup(record->name);
        act->spaces[i] = xstrdup(record->ns);
        act->hidden[i] = order_row(deck->order, store_find(fleet_store(ui->fleet), record->ns, record->name)) < 0;
        act->specs[i] = (struct br_plan_spec){.action = id, .v1 = record->v1, .ns = act->spaces[i],
                                              .name = act->names[i]};
    }
    /* What the state forbids is said without asking for a time first. */
    act->may_ask = act->asking_time = id == ACTION_TRUNCATE && act_can_all(ui, id, rows, count, NULL);
    if (act->asking_time)
        gather_snapshots(act, rows[0]->record);
    else
        make_plans(act);
    act->stale = true;
    return &act->view;
}
