/* act.c - the dialog of an action: what it would do, found out first, then confirmed by typing. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "act.h"
#include "deck.h"
#include "dialog.h"

enum { SNAPSHOTS_MAX = 200 };

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

static int64_t act_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct act *act = (struct act *)view;
    struct str ask;
    str_init(&ask, 1024);
    int64_t until_ms = INT64_MAX;
    int answer = act_question(act, &ask, r.cols > 4 ? r.cols - 3 : 1);
    struct question question = {.text = ask.data, .answer = answer,
                                .error = act->error.code ? act->error.text : NULL};
    long must_see = act->asking_time && act->choice ? (long)act->choice_line : NOTHING; /* the picked one */
    (void)c;
    act->cut = dialog_draw(ui, act->pager, must_see, &question, &act->line, r, act->cut, &until_ms);
    act->seen = answer > 0;
    str_done(&ask);
    if (until_ms == INT64_MAX && act_count_phase(act, BR_PLAN_LOOKING))
        until_ms = ui_now_ms(ui) + 1000;
    return until_ms;
}

static void act_refresh(struct view *view, struct ui *ui)
{
    struct act *act = (struct act *)view;
    (void)ui;
    if (act->stale)
        act_fill(act);
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
    if (!act_all_ready(act)) {
        bool failed = act_count_phase(act, BR_PLAN_FAILED) > 0;
        for (size_t i = 0; i < count; i++)
            if (plans[i]->phase == BR_PLAN_FAILED)
                br_plan_look(plans[i]);
        if (!failed && act->may_ask && !act_count_phase(act, BR_PLAN_LOOKING))
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
        ui_say(act->ui, STYLE_BUSY, "On its way: %s %s. It is followed in the row and under %s.", act->action->name,
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
    if (dialog_is_command(ui, "act", key, UI_CLEAR_TRUNCATE))
        return false;
    if (dialog_leaves(key) || dialog_takes(act->asking_time || act_all_ready(act), act->seen, key))
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
        if (act->keep_data || act_may_keep_data(act))
            keep_or_not(act);
        else if (act->plans && (act->clear_truncate || act_any_waiting(act)))
            clear_or_not(act);
        return true;
    }
    if (command != UI_COPY_KUBECTL)
        return pager_command(act->pager, command);
    dialog_copy(ui, act->plans, act->plans ? act->count : 0);
    return true;
}

static void act_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct act *act = (struct act *)view;
    (void)ui;
    hints_add(hints, UI_BACK, "leave", false);
    if (act->cut && !(act->asking_time && act->choice)) /* before all else: there is more to read */
        hints_add(hints, UI_PAGE_DOWN, "more", false);
    if (act->keep_data || act_may_keep_data(act))
        hints_add(hints, UI_CLEAR_TRUNCATE, act->keep_data ? "leave cleanPolicy" : "keep the data", false);
    if (act->clear_truncate || act_any_waiting(act))
        hints_add(hints, UI_CLEAR_TRUNCATE, act->clear_truncate
                  ? "let the waiting truncate run" : "take the waiting truncate out", false);
    dialog_hint_copy(hints, act->plans, act->plans ? act->count : 0);
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
        act->hidden[i] = order_row(deck->order, store_find_group(fleet_store(ui->fleet), record->v1, record->ns,
                                                                record->name)) < 0;
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
