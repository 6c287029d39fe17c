#include <config.h>

#include <stdio.h>
#include <string.h>

#include "br_private.h"

static bool same_object(const struct br_run *a, bool v1, const char *ns, const char *name)
{
    return a->v1 == v1 && strcmp(a->ns, ns) == 0 && strcmp(a->name, name) == 0;
}

char *br_batch_confirm(struct br_plan *const *plans, size_t count, char *buf, size_t size)
{
    bool type = false, loses = false;
    for (size_t i = 0; i < count; i++) {
        type = type || plans[i]->confirm == BR_CONFIRM_TYPE;
        loses = loses || str_starts(plans[i]->confirm_text, "lose ");
    }
    if (count == 1)
        snprintf(buf, size, "%s", plans[0]->confirm_text);
    else if (type)
        snprintf(buf, size, "%s %zu %s", loses ? "lose" : plans[0]->action->name, count, plans[0]->context);
    else
        snprintf(buf, size, "y");
    return buf;
}

static bool batch_is_confirmed(struct br_plan *const *plans, size_t count, const char *typed)
{
    char wanted[sizeof plans[0]->confirm_text];
    if (count == 1)
        return br_plan_is_confirmed(plans[0], typed);
    br_batch_confirm(plans, count, wanted, sizeof wanted);
    return typed && (strcmp(typed, wanted) == 0 || (strcmp(wanted, "y") == 0 && strcmp(typed, "yes") == 0));
}

static bool may_go(const struct br *br, const struct br_plan *plan, const struct action *action, struct error *err)
{
    if (plan->phase != BR_PLAN_READY)
        return error_set(err, ERROR_REFUSED, "%s %s/%s: the plan is not ready; nothing was sent", action->name,
                         plan->ns, plan->name);
    if (plan->action != action)
        return error_set(err, ERROR_REFUSED, "%s and %s do not go in one batch; nothing was sent", action->name,
                         plan->action->name);
    for (size_t i = 0; i < br->count; i++) {
        const struct br_run *run = &br->runs[i]->pub;
        if ((run->outcome == BR_QUEUED || run->outcome == BR_SENDING) &&
            same_object(run, plan->v1, plan->ns, plan->name))
            return error_set(err, ERROR_REFUSED, "%s of %s/%s is on its way just now: wait for its answer",
                             run->action->name, run->ns,
                             run->name);
    }
    return true;
}

static bool may_execute(struct br *br, struct br_plan *const *plans, size_t count, const char *typed, struct error *err)
{
    if (br->read_only)
        return error_set(err, ERROR_REFUSED, "read-only: nothing is sent");
    if (!count)
        return error_set(err, ERROR_REFUSED, "there is nothing to do");
    for (size_t i = 0; i < count; i++)
        if (!may_go(br, plans[i], plans[0]->action, err))
            return false;
    if (!batch_is_confirmed(plans, count, typed)) {
        char wanted[sizeof plans[0]->confirm_text];
        return error_set(err, ERROR_REFUSED, "not confirmed: type %s; nothing was sent",
                         br_batch_confirm(plans, count, wanted, sizeof wanted));
    }
    if (!br->journal)
        br->journal = journal_open(br->journal_path, err);
    return br->journal != NULL;
}

/* The Job that is there now has a name that the next one will have, too: its uid tells them apart. */
static void remember_job(struct run *run)
{
    const struct store_row *row = find_row(fleet_store(run->br->fleet), run->pub.v1, run->pub.ns, run->pub.name);
    if (row && row->facts && row->facts->job.present)
        snprintf(run->old_job, sizeof run->old_job, "%s", row->facts->job.uid);
}

static void add(struct br *br, struct plan *plan, unsigned batch)
{
    bool first = !br->count || br->runs[br->count - 1]->pub.batch != batch;
    struct run *run = run_add(br, plan, BR_ORIGIN_HERE, batch);
    snprintf(run->pub.text, sizeof run->pub.text, first ? "about to be sent" : "waits for the one before it");
    remember_job(run);
}

bool br_execute(struct br *br, struct br_plan **plans, size_t count, const char *typed, unsigned *batch,
                struct error *err)
{
    bool good = may_execute(br, plans, count, typed, err);
    unsigned number = good ? ++br->batches : 0;
    for (size_t i = 0; i < count; i++) {
        struct plan *first = good ? plan_retain_first(plan_of(plans[i])) : NULL;
        if (first)
            add(br, first, number);
        if (good)
            add(br, plan_of(plans[i]), number);
        else
            br_plan_free(&plans[i]);
        plans[i] = NULL;
    }
    if (batch)
        *batch = number;
    if (good) {
        br->told = false;
        br_wake(br);
    }
    return good;
}
