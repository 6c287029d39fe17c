#include <config.h>

#include <brdeck/backup/action.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>

static const struct action actions[ACTION_COUNT] = {
    [ACTION_PAUSE] = {ACTION_PAUSE, "pause", "Pause the log backup",
                      "pause a log backup; resume it before the deadline, or its chain is lost", "p", DANGER_CONFIRM,
                      LOG_COMMAND_PAUSE, false},
    [ACTION_RESUME] = {ACTION_RESUME, "resume", "Resume the log backup", "resume a paused log backup", "r",
                       DANGER_CONFIRM,
                       LOG_COMMAND_RESUME, false},
    [ACTION_START] = {ACTION_START, "start", "Start a new log backup",
                      "make a new log backup, filled from the selected one", "s", DANGER_CONFIRM,
                      LOG_COMMAND_START, true},
    [ACTION_STOP] = {ACTION_STOP, "stop", "Stop the log backup", "stop a log backup for good: it cannot be "
                     "resumed", "S",
                     DANGER_TYPE_NAME, LOG_COMMAND_STOP, false},
    [ACTION_TRUNCATE] = {ACTION_TRUNCATE, "truncate", "Truncate the log of the log backup",
                         "delete log data before a time; what lies before it can no longer be restored to", "T",
                         DANGER_TYPE_NAME, LOG_COMMAND_TRUNCATE, false},
    [ACTION_DELETE] = {ACTION_DELETE, "delete", "Delete the Backup",
                       "delete the object, and what its cleanPolicy says of its data", "ctrl-d", DANGER_TYPE_NAME,
                       LOG_COMMAND_NONE, false},
    [ACTION_RETAIN] = {ACTION_RETAIN, "retain", "Keep the data when the Backup is deleted",
                       "set cleanPolicy to Retain, so that a delete leaves the data", "", DANGER_CONFIRM,
                       LOG_COMMAND_NONE, false},
    [ACTION_REMOVE_FINALIZER] = {ACTION_REMOVE_FINALIZER, "remove-finalizer", "Take the finalizer off",
                                 "let an object go whose delete hangs; nothing is stopped or cleaned then", "",
                                 DANGER_TYPE_NAME, LOG_COMMAND_NONE, false},
    [ACTION_CREATE] = {ACTION_CREATE, "create", "Create a Backup", "create a Backup out of a manifest", "",
                       DANGER_CONFIRM, LOG_COMMAND_NONE, true},
    [ACTION_PROBE] = {ACTION_PROBE, "ask", "Ask br itself", "run br to look, changing nothing: status, metadata, "
                      "what a truncate would take", "b", DANGER_CONFIRM, LOG_COMMAND_NONE, true},
};

const struct action *action_get(enum action_id id) { return &actions[id]; }

const struct action *action_find(const char *name)
{
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (str_same(name, actions[i].name))
            return &actions[i];
    return NULL;
}

static struct json *retry_patch(enum log_command command)
{
    struct json *patch = json_new_object();
    struct json *subs = json_object_in(json_object_in(patch, "status"), "logSubCommandStatuses");
    json_set(subs, log_command_name(command), json_new_null());
    return patch;
}

struct json *action_patch(enum action_id id, const struct backup_record *record, bool is_retry, tso_t until)
{
    enum log_command command = actions[id].command;
    if (is_retry)
        return retry_patch(command);
    struct json *patch = json_new_object();
    struct json *spec = json_object_in(patch, "spec");
    if (id == ACTION_RETAIN) {
        json_set_string(spec, "cleanPolicy", "Retain");
        return patch;
    }
    if (id == ACTION_TRUNCATE) {
        char text[TSO_TEXT_MAX];
        json_set_string(spec, "logTruncateUntil", tso_format(until, TSO_NUMBER, 0, text));
        return patch;
    }
    /* resume too is log-start: the operator makes it log-resume while Paused, and ignores that word in the spec */
    if (id == ACTION_RESUME)
        command = LOG_COMMAND_START;
    json_set_string(spec, "logSubcommand", log_command_name(command));
    if (record->log_stop != LOG_STOP_ABSENT) /* the CRD's rule: never both, even if false */
        json_set(spec, "logStop", json_new_null());
    return patch;
}

struct json *action_delete_options(const struct backup_record *record, bool dry_run)
{
    struct json *options = json_new_object();
    json_set_string(options, "kind", "DeleteOptions");
    json_set_string(options, "apiVersion", "v1");
    struct json *preconditions = json_object_in(options, "preconditions");
    json_set_string(preconditions, "uid", record->uid);
    json_set_string(preconditions, "resourceVersion", record->resource_version);
    json_set_string(options, "propagationPolicy", "Background"); /* as kubectl has it */
    if (dry_run) {
        struct json *all = json_new_array();
        json_append(all, json_new_string("All"));
        json_set(options, "dryRun", all);
    }
    return options;
}

struct json *action_finalizer_patch(const struct json *object)
{
    struct json *patch = json_new_object(), *kept = json_new_array();
    JSON_EACH (finalizer, json_at(object, "metadata", "finalizers", NULL))
        if (!record_is_operators_finalizer(json_text(finalizer)))
            json_append(kept, json_copy(finalizer));
    json_set(json_object_in(patch, "metadata"), "finalizers", kept);
    return patch;
}

struct backup_record *action_after(const struct json *object, const struct json *patch, struct intern *pool)
{
    struct json *merged = json_merge_patch(json_copy(object), patch);
    struct backup_record *record = record_decode(merged, pool);
    json_free(&merged);
    return record;
}
