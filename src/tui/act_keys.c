/* act_keys.c - the keys of the five actions, wherever a Backup is shown: what they are called, and what they open. */
#include <config.h>

#include <brdeck/base/alloc.h>

#include "view.h"

static const struct { enum ui_command command; enum action_id action; } action_commands[] = {
    {UI_PAUSE, ACTION_PAUSE}, {UI_RESUME, ACTION_RESUME}, {UI_STOP, ACTION_STOP}, {UI_TRUNCATE, ACTION_TRUNCATE},
    {UI_START, ACTION_START},
};

bool act_of_command(enum ui_command command, enum action_id *action)
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
        const struct action *action = action_get(action_commands[i].action);
        bool retry = false, can = count && act_can_all(ui, action->id, rows, count, &retry);
        if (action->id == ACTION_START ? count <= 1 : can)
            hints_add(hints, action_commands[i].command, retry ? "retry" : action->name, no_right & 1u << action->id);
    }
}

void act_open(struct ui *ui, enum action_id action, const struct store_row *const *rows, size_t count)
{
    if (ui->read_only) {
        ui_say(ui, STYLE_WARN, "Read-only: brdeck was started with --read-only and changes nothing.");
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (view_no_right(ui, rows[i]->record) & 1u << action) {
            const char *user = kube_client_target(fleet_client(ui->fleet))->user;
            ui_say(ui, STYLE_WARN, "%s has no right to %s backups in namespace %s: ask for it, or use another context.",
                   user, action == ACTION_START ? "create" : "patch", rows[i]->record->ns);
            return;
        }
    if (action == ACTION_START)
        ui_push(ui, start_new(ui, count == 1 ? rows[0] : NULL));
    else if (!count)
        ui_say(ui, STYLE_WARN, "There is no backup to %s here.", action_get(action)->name);
    else
        ui_push(ui, act_new(ui, action, rows, count));
}
