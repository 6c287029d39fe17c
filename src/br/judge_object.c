#include <config.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"

/* The verdict on what is done to an object as a whole: delete, retain, remove-finalizer. */

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
            plan_warn(plan, "%.64s may set cleanPolicy back before the operator comes to it, and then the data goes: "
                            "tell it first.", p->record->managed_by);
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
    struct plan *first = plan_bare(plan->br, ACTION_RETAIN, p->v1, p->ns, p->name);
    first->pub.verdict.allowed = true;
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
