/* act_keys.c - the keys of the actions, wherever a Backup is shown: what they are called, and what they open. */
#include <config.h>

#include <brdeck/base/alloc.h>

#include "view.h"

static const struct { enum ui_command command; int action; } action_commands[] = {
    {UI_PAUSE, ACTION_PAUSE}, {UI_RESUME, ACTION_RESUME}, {UI_STOP, ACTION_STOP}, {UI_TRUNCATE, ACTION_TRUNCATE},
    {UI_START, ACTION_START}, {UI_CREATE, ACTION_CREATE}, {UI_DELETE, ACTION_DELETE}, {UI_RETAIN, ACTION_RETAIN},
    {UI_REMOVE_FINALIZER, ACTION_REMOVE_FINALIZER}, {UI_RETRY, ACT_RETRY},
};

bool act_of_command(enum ui_command command, int *action)
{
    for (size_t i = 0; i < ARRAY_LEN(action_commands); i++)
        if (action_commands[i].command == command) {
            *action = action_commands[i].action;
            return true;
        }
    return false;
}

bool act_can_all(struct ui *ui, enum action_id id, const struct store_row *const *rows, size_t count, bool *is_retry)
{
    bool retry = count > 0, can = true;
    for (size_t i = 0; i < count && can; i++) {
        struct action_verdict verdict;
        const struct backup_record *record = rows[i]->record;
        action_may(id, record, rows[i]->facts, fleet_has_status_sub(ui->fleet, record->v1), ui_now_ms(ui), &verdict);
        can = verdict.allowed;
        retry = retry && verdict.is_retry;
    }
    if (is_retry)
        *is_retry = retry;
    return can;
}

void act_hint(struct ui *ui, const struct store_row *const *rows, size_t count, struct hints *hints)
{
    unsigned no_right = 0;
    for (size_t i = 0; i < count; i++)
        no_right |= view_no_right(ui, rows[i]->record);
    for (size_t i = 0; i < ARRAY_LEN(action_commands) && !ui->read_only; i++) {
        if (action_commands[i].action == ACT_RETRY)
            continue; /* it is the action's own key again (rule 6) */
        const struct action *action = action_get((enum action_id)action_commands[i].action);
        bool retry = false, can = count && act_can_all(ui, action->id, rows, count, &retry);
        bool keyless = !*action->key; /* worth a word only where it is what is needed */
        if (action->id == ACTION_START ? count <= 1 : can && !(keyless && action->id != ACTION_REMOVE_FINALIZER))
            hints_add(hints, action_commands[i].command, retry ? "retry" : action->name, no_right & 1u << action->id);
    }
}

/* What failed on all of @rows and can be tried again; ACT_RETRY: nothing. */
static int failed_action(struct ui *ui, const struct store_row *const *rows, size_t count)
{
    for (int id = 0; id < ACTION_OF_LOG_COUNT && count; id++) {
        bool retry = false;
        if (act_can_all(ui, (enum action_id)id, rows, count, &retry) && retry)
            return id;
    }
    return ACT_RETRY;
}

static const char *verb_of(const struct action *action)
{
    return action->makes_new ? "create" : action->id == ACTION_DELETE ? "delete" : "patch";
}

void act_open(struct ui *ui, int asked, const struct store_row *const *rows, size_t count)
{
    if (ui->read_only) {
        ui_say(ui, STYLE_WARN, "Read-only: brdeck was started with --read-only and changes nothing.");
        return;
    }
    if (asked == ACT_RETRY)
        asked = failed_action(ui, rows, count);
    if (asked == ACT_RETRY) {
        ui_say(ui, STYLE_WARN, "There is nothing to try again: no command of %s failed, or the spec no longer asks "
                               "for it.",
               count > 1 ? "all of them" : "it");
        return;
    }
    enum action_id action = (enum action_id)asked;
    for (size_t i = 0; i < count; i++)
        if (view_no_right(ui, rows[i]->record) & 1u << action) {
            const char *user = kube_client_target(fleet_client(ui->fleet))->user;
            ui_say(ui, STYLE_WARN, "%s has no right to %s backups in namespace %s: ask for it, or use another context.",
                   user, verb_of(action_get(action)), rows[i]->record->ns);
            return;
        }
    if (action == ACTION_CREATE && count == 1)
        ui_push(ui, create_like_new(ui, rows[0]));
    else if (action == ACTION_CREATE)
        ui_say(ui, STYLE_WARN, "A snapshot takes cluster and storage from one backup: put the cursor on it, without "
               "marks, or type :create FILE.");
    else if (action == ACTION_START)
        ui_push(ui, start_new(ui, count == 1 ? rows[0] : NULL));
    else if (!count)
        ui_say(ui, STYLE_WARN, "There is no backup to %s here.", action_get(action)->name);
    else
        ui_push(ui, act_new(ui, action, rows, count));
}
