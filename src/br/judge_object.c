#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"

/* The verdict on what is done to an object as a whole: delete, retain, remove-finalizer, create. */

__attribute__((format(printf, 2, 3)))
static void warn(struct plan *plan, const char *format, ...)
{
    char *why = plan->pub.verdict.why;
    size_t size = sizeof plan->pub.verdict.why, used = strlen(why);
    va_list args;
    va_start(args, format);
    if (used + 2 < size) {
        if (used)
            why[used++] = ' ';
        vsnprintf(why + used, size - used, format, args);
    }
    va_end(args);
}

/* A delete that keeps the data is judged as it will be when its first step is done. */
static void retain_in_thought(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    struct json *patch = action_patch(ACTION_RETAIN, p->record, false, 0);
    p->object = json_merge_patch(p->object, patch);
    json_free(&patch);
}

bool plan_judge_object(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    enum action_id id = p->action->id;
    action_may(id, p->record, &plan->facts, fleet_has_status_sub(plan->br->fleet, p->v1),
               fleet_now_ms(plan->br->fleet), &p->verdict);
    if (!p->verdict.allowed)
        return plan_refuse(plan, ERROR_REFUSED, p->verdict.why);
    if (id == ACTION_DELETE) {
        p->patch = action_delete_options(p->record, false);
        if (!plan_look_at_removal(plan))
            return false;
        if (p->record->managed_by && p->removes.keeps_data)
            warn(plan, "%.64s may set cleanPolicy back before the operator comes to it, and then the data goes: tell "
                       "it first.", p->record->managed_by);
        if (p->removes.keeps_data)
            retain_in_thought(plan);
        return true;
    }
    p->patch = id == ACTION_RETAIN ? action_patch(id, p->record, false, 0) : action_finalizer_patch(p->object);
    p->after = action_after(p->object, p->patch, plan->pool);
    return true;
}

struct plan *plan_retain_first(struct plan *plan)
{
    const struct br_plan *p = &plan->pub;
    if (!p->removes.keeps_data)
        return NULL;
    struct plan *first = xcalloc(1, sizeof *first);
    *first = (struct plan){
        .pub = {.phase = BR_PLAN_READY, .action = action_get(ACTION_RETAIN), .v1 = p->v1, .ns = xstrdup(p->ns),
                .name = xstrdup(p->name), .context = p->context, .server = p->server, .user = p->user,
                .cluster_uid = p->cluster_uid, .verdict = {.allowed = true}},
        .br = plan->br,
        .pool = intern_new(),
    };
    loop_timer_init(&first->timer, plan->br->loop, NULL, NULL);
    struct json *was = json_new_object();
    json_set_string(json_object_in(was, "spec"), "cleanPolicy",
                    p->record->clean_policy == CLEAN_DELETE ? "Delete" : "OnFailure");
    first->pub.object = json_merge_patch(json_copy(p->object), was); /* as it was looked at */
    json_free(&was);
    first->pub.record = record_decode(first->pub.object, first->pool);
    first->pub.patch = action_patch(ACTION_RETAIN, first->pub.record, false, 0);
    first->pub.after = action_after(first->pub.object, first->pub.patch, first->pool);
    return first;
}

/* -- create --------------------------------------------------------------------------------- */

static bool judge_name(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool log = p->after->mode == BACKUP_LOG;
    char job[128];
    if (!command_job_name(p->name, log ? LOG_COMMAND_START : LOG_COMMAND_NONE, job, sizeof job))
        return error_set(&p->error, ERROR_INPUT,
                         "the name is too long: the operator cannot make its Job %s, which would pass 63 characters",
                         job);
    if (log && !command_job_name(p->name, LOG_COMMAND_TRUNCATE, job, sizeof job))
        warn(plan, "The name has more than 43 bytes: it can never be truncated.");
    return true;
}

bool plan_judge_create(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    if (!plan_take_manifest(plan))
        return false;
    if (!judge_name(plan))
        return false;
    plan_warn_of_others(plan);
    plan_warn_of_cluster(plan);
    if (!p->after->v1 && str_empty(p->after->cluster))
        warn(plan, "Its spec names no cluster (spec.br.cluster): the operator cannot work on it.");
    if (p->after->mode != BACKUP_LOG)
        return true;
    if (!plan_judge_steps(plan))
        return false;
    if (!p->step_count)
        return error_set(&p->error, ERROR_REFUSED,
                         "the operator would do nothing with it: its spec asks for %.64s, and nothing was started yet. "
                         "Leave logSubcommand and logStop out",
                         command_base(p->after) == LOG_COMMAND_UNKNOWN ? p->after->subcommand_text :
                         log_command_name(command_base(p->after)));
    return true;
}
