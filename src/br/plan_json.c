#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>

#include "plan_exec.h"

/* A plan as JSON, for -o json and scripts. */

static const char *const phase_names[] = {"looking", "ready", "refused", "failed"};
static const char *const dry_run_names[] = {"not tried", "accepted", "refused"};
static const char *const verdict_names[] = {"ok", "no checkpoint", "past the checkpoint", "not after the last",
                                            "not after the start", "out of sync", "loses PITR"};

static void set_tso(struct json *object, const char *key, tso_t ts)
{
    char text[TSO_TEXT_MAX];
    if (ts)
        json_set_string(object, key, tso_format(ts, TSO_NUMBER, 0, text));
}

static struct json *effect_json(const struct truncate_effect *e)
{
    struct json *json = json_new_object(), *lost = json_new_array();
    json_set_string(json, "verdict", verdict_names[e->verdict]);
    set_tso(json, "from", e->log_from);
    set_tso(json, "until", e->until);
    json_set_bool(json, "snapshotsKnown", e->snapshots_known);
    json_set_int(json, "losesPITR", (int64_t)e->loses);
    for (size_t i = 0; i < ARRAY_LEN(e->lost) && e->lost[i]; i++)
        json_append(lost, json_new_string(e->lost[i]->name));
    json_set(json, "lost", lost);
    set_tso(json, "restorableFrom", e->after.from);
    set_tso(json, "restorableTo", e->after.to);
    return json;
}

static void add_job(struct json *list, const char *command, const char *kind, const char *name)
{
    struct json *step = json_new_object();
    char *job = xasprintf("%s-%s", kind, name);
    json_set_string(step, "command", command);
    json_set_string(step, "job", job);
    free(job);
    json_append(list, step);
}

/* The Jobs that the operator makes for the object as a whole. */
static void add_object_jobs(const struct br_plan *p, struct json *list)
{
    if (p->removes.stops_task)
        add_job(list, "stop", "stop", p->name);
    if (p->removes.cleans)
        add_job(list, "clean", "clean", p->name);
    if (p->action->id == ACTION_CREATE && p->after && p->after->mode != BACKUP_LOG)
        add_job(list, "backup", "backup", p->name);
}

static struct json *removes_json(const struct br_plan *p)
{
    struct json *json = json_new_object();
    json_set_bool(json, "stopsTask", p->removes.stops_task);
    json_set_bool(json, "endsPITR", p->removes.ends_pitr);
    json_set_bool(json, "losesPITR", p->removes.loses_pitr);
    json_set_string(json, "pitr", p->removes.pitr);
    json_set_bool(json, "removesData", p->removes.cleans);
    json_set_bool(json, "removesDataIfItFails", p->removes.may_clean);
    json_set_bool(json, "retainsFirst", p->removes.keeps_data);
    json_set_string(json, "prefix", p->removes.prefix);
    json_set_string(json, "sharedBy", p->removes.shared_by);
    json_set_bool(json, "allBackupsSeen", p->removes.all_seen);
    json_set_string(json, "busy", p->removes.busy);
    json_set_string(json, "users", p->removes.users);
    json_set_bool(json, "allUsersSeen", p->removes.users_seen);
    json_set_string(json, "notes", p->removes.notes);
    return json;
}

static void set_preconditions(struct json *json, const struct br_plan *p)
{
    struct json *preconditions = json_object_in(json, "preconditions");
    json_set_string(preconditions, "uid", p->record->uid);
    json_set_string(preconditions, "resourceVersion", p->record->resource_version);
}

static void set_signs(struct json *json, const struct br_plan *p)
{
    char *success, *failure;
    br_plan_signs(p, &success, &failure);
    struct json *signs = json_object_in(json, "signs");
    json_set_string(signs, "success", success);
    json_set_string(signs, "failure", failure);
    free(success);
    free(failure);
}

static const char *body_name(const struct br_plan *p)
{
    return plan_creates(p) ? "manifest" : p->action->id == ACTION_DELETE ? "deleteOptions" : "patch";
}

static struct json *commands_json(const struct br_plan *p)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < p->step_count; i++) {
        struct json *step = json_new_object();
        char job[128];
        command_job_name(p->name, p->steps[i].command, job, sizeof job);
        json_set_string(step, "command", log_command_name(p->steps[i].command));
        json_set_string(step, "job", job);
        if (p->steps[i].until)
            json_set_string(step, "until", p->steps[i].until);
        json_append(list, step);
    }
    add_object_jobs(p, list);
    return list;
}

static void set_object(struct json *json, const struct br_plan *p)
{
    struct json *object = json_object_in(json, "object");
    json_set_string(object, "group", fleet_resource(p->v1)->group);
    json_set_string(object, "namespace", p->ns);
    json_set_string(object, "name", p->name);
    if (!p->record)
        return;
    json_set_string(object, "uid", p->record->uid);
    json_set_string(object, "resourceVersion", p->record->resource_version);
    json_set_string(object, "state", p->state.word);
}

struct json *br_plan_json(const struct br_plan *p)
{
    struct json *json = json_new_object();
    json_set_string(json, "action", p->action->name);
    json_set_bool(json, "retry", p->verdict.is_retry);
    json_set_string(json, "plan", phase_names[p->phase]);
    json_set_string(json, "driver", br_driver_names[p->driver]);
    if (p->br_line)
        json_set_string(json, "br", p->br_line);
    if (p->error.code)
        json_set_string(json, "error", p->error.text);
    json_set_string(json, "context", p->context);
    json_set_string(json, "server", p->server);
    set_object(json, p);
    if (p->record)
        set_preconditions(json, p);
    if (p->patch) {
        json_set(json, body_name(p), plan_redacted(p->patch));
        json_set_string(json, "dryRun", dry_run_names[p->dry_run]);
    }
    if (p->sub)
        json_set_string(json, "subresource", p->sub);
    if (p->dry_run_error.code)
        json_set_string(json, "dryRunError", p->dry_run_error.text);
    if (p->warning)
        json_set_string(json, "warning", p->warning);
    json_set_bool(json, "changesNothing", p->changes_nothing);
    json_set(json, "commands", commands_json(p));
    json_set_bool(json, "truncates", p->truncates);
    json_set_bool(json, "waitingTruncate", p->waiting_truncate);
    if (p->truncates)
        json_set(json, "truncate", effect_json(&p->effect));
    if (p->action->id == ACTION_DELETE && p->verdict.allowed)
        json_set(json, "removes", removes_json(p));
    if (p->verdict.allowed && p->verdict.why[0])
        json_set_string(json, "note", p->verdict.why);
    if (p->phase == BR_PLAN_READY) {
        set_signs(json, p);
        json_set_string(json, "confirm", p->confirm_text);
    }
    if (p->kubectl)
        json_set_string(json, "kubectl", p->kubectl);
    return json;
}
