#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/kube/config.h>

#include "plan_exec.h"

/* The verdict of a plan: pure but for the store and the clock, which it reads. */

bool plan_refuse(struct plan *plan, enum error_code code, const char *text)
{
    return error_set(&plan->pub.error, code, "%s", text);
}

void plan_warn(struct plan *plan, const char *format, ...)
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

/* -- what must be typed ----------------------------------------------------------------- */

void plan_judge_confirm(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool loses = p->truncates && p->effect.verdict == TRUNCATE_LOSES_PITR && !plan->allow_pitr_loss;
    p->confirm = p->truncates || p->action->danger == DANGER_TYPE_NAME ? BR_CONFIRM_TYPE : BR_CONFIRM_YES;
    if (p->confirm == BR_CONFIRM_TYPE)
        snprintf(p->confirm_text, sizeof p->confirm_text, "%s%s", loses ? "lose " : "", p->name);
    else
        snprintf(p->confirm_text, sizeof p->confirm_text, "y");
}

/* -- the patch, and what the operator makes of it ------------------------------------------ */

bool plan_judge_steps(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    p->step_count = command_steps(p->after, p->steps);
    p->truncates = p->action->id == ACTION_TRUNCATE;
    for (size_t i = 0; i < p->step_count; i++)
        p->truncates = p->truncates || p->steps[i].command == LOG_COMMAND_TRUNCATE;
    p->waiting_truncate = p->truncates && p->action->id != ACTION_TRUNCATE;
    for (size_t i = 0; i < p->step_count; i++) {
        char job[128];
        if (!command_job_name(p->name, p->steps[i].command, job, sizeof job))
            return error_set(&p->error, ERROR_REFUSED,
                             "the operator cannot make the Job %s: its name is longer than 63 "
                             "characters", job);
    }
    return p->truncates ? plan_judge_truncate(plan) : true;
}

/* Whether its Job still runs (rule 6) plan.c has asked, and action_may judged. */
static bool judge_retry(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    if (plan->clear_truncate && p->sub)
        return error_set(&p->error, ERROR_REFUSED,
                         "trying again goes through /status, which cannot change the spec: take "
                         "logTruncateUntil out first: kubectl -n %s patch backups.%s %s --type=merge -p "
                         "'{\"spec\":{\"logTruncateUntil\":null}}'", p->ns, fleet_resource(p->v1)->group, p->name);
    return true;
}

static bool judge_patch(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool has_sub = fleet_has_status_sub(plan->br->fleet, p->v1);
    int64_t now_ms = fleet_now_ms(plan->br->fleet);
    action_may(p->action->id, p->record, &plan->facts, has_sub, now_ms, &p->verdict);
    if (!p->verdict.allowed)
        return plan_refuse(plan, ERROR_REFUSED, p->verdict.why);
    if (plan->retry && !p->verdict.is_retry)
        return error_set(&p->error, ERROR_REFUSED, "there is nothing to retry: its last %s did not fail, or the spec "
                                                   "no "
                         "longer asks for it; brdeck %s does it anew", p->action->name, p->action->name);
    p->until = plan->asked_until;
    if (p->action->id == ACTION_TRUNCATE) {
        tso_t there = tso_from_status(p->record->until);
        if (p->verdict.is_retry && p->until && p->until != there) { /* a new value is a new run, not a retry */
            struct backup_record other = *p->record;
            other.until = NULL;
            action_may(p->action->id, &other, &plan->facts, has_sub, now_ms, &p->verdict);
        } else if (p->verdict.is_retry) {
            p->until = there;
        }
        if (!p->until)
            return plan_refuse(plan, ERROR_INPUT, "a truncate needs a time: until when the log may go");
    }
    p->sub = p->verdict.is_retry && has_sub ? "status" : NULL;
    if (p->verdict.is_retry && !judge_retry(plan))
        return false;
    p->patch = action_patch(p->action->id, p->record, p->verdict.is_retry, p->until);
    if (plan->clear_truncate && p->action->id != ACTION_TRUNCATE)
        json_set(json_object_in(p->patch, "spec"), "logTruncateUntil", json_new_null());
    p->after = action_after(p->object, p->patch, plan->pool);
    plan_see_snapshots(plan);
    if (!plan_judge_steps(plan))
        return false;
    /* Settled: an earlier run failed, and the spec must ask for it before a retry can be. The verdict warns of it. */
    if (!p->step_count && (p->verdict.is_retry || command_verdict(p->after) != COMMAND_SETTLED))
        return error_set(&p->error, ERROR_REFUSED, "the operator would do nothing with that: %s", p->state.sentence);
    return true;
}

bool plan_judge(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    static bool (*const judges[ACTION_COUNT])(struct plan *plan) = {
        [ACTION_START] = plan_judge_start, [ACTION_CREATE] = plan_judge_create, [ACTION_DELETE] = plan_judge_object,
        [ACTION_RETAIN] = plan_judge_object, [ACTION_REMOVE_FINALIZER] = plan_judge_object,
    };
    bool good = judges[p->action->id] ? judges[p->action->id](plan) : judge_patch(plan);
    if (good) {
        plan_judge_confirm(plan);
        p->kubectl = plan_kubectl(p, kube_client_target(fleet_client(plan->br->fleet)));
    }
    return good;
}
