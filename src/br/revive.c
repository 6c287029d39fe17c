#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"
#include "run_finder.h"

/* A run of an earlier brdeck, out of its line of intent. */

enum { ON_ITS_WAY_MS = 60 * 1000 }; /* a write that is older has arrived, or never will */

struct plan *plan_bare(struct br *br, enum action_id action, bool v1, const char *ns, const char *name)
{
    const struct kube_target *target = kube_client_target(fleet_client(br->fleet));
    struct plan *plan = xcalloc(1, sizeof *plan);
    *plan = (struct plan){
        .pub = {.phase = BR_PLAN_READY, .action = action_get(action), .ns = xstrdup(ns), .name = xstrdup(name),
                .v1 = v1, .context = target->context ? target->context : "",
                .server = target->server ? target->server : "", .user = target->user ? target->user : "",
                .cluster_uid = fleet_cluster_uid(br->fleet)},
        .br = br, .pool = intern_new()};
    return plan;
}

static struct backup_record *decoded(struct plan *plan, const struct json *object)
{
    return object ? record_decode(object, plan->pool) : NULL;
}

/* What the plan knew, as far as the line has it. False: too little to tell anything by. */
static bool fill_plan(struct plan *plan, const struct journal_entry *entry)
{
    struct br_plan *p = &plan->pub;
    bool makes_new = p->action->makes_new;
    p->patch = json_copy(json_get(entry->intent, makes_new ? "manifest" : "patch"));
    p->verdict.is_retry = entry->retry;
    p->until = tso_from_status(json_text(json_at(p->patch, "spec", "logTruncateUntil", NULL)));
    if (makes_new) {
        p->after = decoded(plan, p->patch);
    } else {
        p->object = json_copy(json_get(entry->intent, "before"));
        p->record = decoded(plan, p->object);
        if (p->object && p->patch)
            p->after = action_after(p->object, p->patch, plan->pool);
    }
    if (p->after && p->after->mode == BACKUP_LOG && (makes_new || p->action->command))
        p->step_count = command_steps(p->after, p->steps);
    return p->after != NULL && p->patch != NULL;
}

static enum br_driver driver_of(const struct journal_entry *entry)
{
    for (enum br_driver driver = BR_DRIVER_JOB; driver <= BR_DRIVER_LOCAL; driver++)
        if (strcmp(entry->driver, br_driver_names[driver]) == 0)
            return driver;
    return BR_DRIVER_OPERATOR;
}

/* br itself was at it: its Job goes on by itself; br on a host ended with brdeck, or, where that was killed, runs
 * on and nobody sees it. */
static void revive_exec(struct run *run)
{
    if (run->pub.driver == BR_DRIVER_JOB && run->pub.br_command != BR_COMMAND_COUNT)
        run_exec_start(run);
    else
        run_say(run, BR_UNKNOWN,
                "brdeck ended, and br on that host with it or left to itself: what it did is not known");
}

static struct run *add_run(struct br *br, struct plan *plan, const struct journal_entry *entry)
{
    struct run *run = run_add(br, plan, BR_ORIGIN_JOURNAL, 0);
    snprintf(run->pub.run_id, sizeof run->pub.run_id, "%s", entry->run);
    run->pub.begun_ms = entry->at_ms;
    run->journalled = true;
    return run;
}

struct run *revive_intent(struct br *br, const struct journal_entry *entry)
{
    const struct action *action = action_find(entry->action);
    if (!action || !entry->ns[0] || !entry->name[0])
        return NULL;
    bool v1 = str_same(entry->group, fleet_resource(true)->group);
    struct plan *plan = plan_bare(br, action->id, v1, entry->ns, entry->name);
    plan->pub.driver = driver_of(entry);
    if (plan->pub.driver != BR_DRIVER_OPERATOR) {
        plan->pub.command = br_command_find(json_string(entry->intent, "command"));
        struct run *run = add_run(br, plan, entry);
        revive_exec(run);
        return run;
    }
    bool enough = fill_plan(plan, entry);
    struct run *run = add_run(br, plan, entry);
    if (enough) {
        run_look_up(run, "brdeck ended before it knew");
        if (fleet_now_ms(br->fleet) - entry->at_ms > ON_ITS_WAY_MS)
            run->looks = LOST_LOOKS_MAX - 1; /* one look tells */
    } else {
        run_say(run, BR_UNKNOWN, "brdeck ended before it knew whether it was done, and the journal's line does not "
                "tell enough to look it up: see the object");
    }
    return run;
}
