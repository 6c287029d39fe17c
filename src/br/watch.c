#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "br_private.h"

/* Following: each change of the object is looked at once. It comes from the store; where that has no such row (another
 * namespace is shown, a start in one that is not watched) from a watch of the run's own, of that one object. */

/* -- words ----------------------------------------------------------------------------- */

/* You asked for something else of the same object before this was done. */
static const struct run *newer_run(const struct run *run)
{
    const struct br *br = run->br;
    for (size_t i = br->count; i-- > 0 && br->runs[i] != run;) {
        const struct br_run *other = &br->runs[i]->pub;
        if (br->runs[i]->following && other->v1 == run->pub.v1 && !strcmp(other->ns, run->pub.ns) &&
            !strcmp(other->name, run->pub.name))
            return br->runs[i];
    }
    return NULL;
}

static void say_following(struct run *run, const struct follow_sight *sight)
{
    bool late = clock_mono_ms() - run->phase_ms >= run->br->pace.late_ms;
    char job[128];
    if (late && sight->phase == PHASE_NONE) {
        run_say(run, BR_FOLLOWING,
                "%s: accepted, but not picked up: see that the operator runs and watches namespace %s, and that "
                "its %s is there; brdeck goes on looking", log_command_name(follow_command(&run->follow)), run->pub.ns,
                run->pub.v1 ? "TidbCluster" : "Cluster");
    } else if (late && sight->phase == PHASE_SCHEDULED) {
        command_job_name(run->pub.name, follow_command(&run->follow), job, sizeof job);
        run_say(run, BR_FOLLOWING, "%s, and its Job does not get on: see the Events of kubectl -n %s describe job %s",
                sight->text,
                run->pub.ns, job);
    } else {
        run_say(run, BR_FOLLOWING, "%s", sight->text);
    }
}

static void see(struct run *run, const struct backup_record *record)
{
    struct follow_sight sight;
    follow_look(&run->follow, record, &sight);
    if (sight.stale)
        return;
    run->sight = sight;
    if (sight.phase != run->pub.phase || !run->phase_ms) {
        run->pub.phase = sight.phase;
        run->phase_ms = clock_mono_ms();
        loop_timer_set(&run->late, run->br->pace.late_ms);
    }
    const struct run *newer = sight.outcome == BR_REVERTED ? newer_run(run) : NULL;
    if (newer)
        run_say(run, BR_REVERTED, "replaced by your %s before it was done", newer->pub.action->name);
    else if (sight.outcome == BR_FOLLOWING)
        say_following(run, &sight);
    else
        run_say(run, sight.outcome, "%s", sight.text);
}

/* -- a watch of its own ------------------------------------------------------------------ */

static struct run *followed(void *arg)
{
    struct run *run = arg;
    return run->pub.outcome == BR_FOLLOWING ? run : NULL;
}

static void on_object(void *arg, const char *text, size_t len)
{
    struct run *run = followed(arg);
    struct backup_record *record = run ? record_decode_text(text, len, run->plan->pool, NULL) : NULL;
    if (!record)
        return;
    run->watch_saw = true;
    see(run, record);
    record_free(&record);
}

static void on_delete(void *arg, const char *text, size_t len)
{
    struct run *run = followed(arg);
    struct backup_record *record = run ? record_decode_text(text, len, run->plan->pool, NULL) : NULL;
    if (!record)
        return;
    if (strcmp(record->uid, run->follow.uid) == 0)
        run_say(run, BR_GONE, "it was deleted before it was done");
    record_free(&record);
}

static void on_list(void *arg)
{
    struct run *run = arg;
    run->watch_saw = false;
}

static void on_listed(void *arg)
{
    struct run *run = followed(arg);
    if (run && !run->watch_saw)
        run_say(run, BR_GONE, "it was deleted before it was done");
}

static void on_state(void *arg, const struct reflector_state *state) { (void)arg, (void)state; }

static void on_grace(void *arg)
{
    struct run *run = followed(arg);
    if (!run || run->watch || find_row(fleet_store(run->br->fleet), run->pub.v1, run->pub.ns, run->pub.name))
        return;
    char *selector = xasprintf("metadata.name=%s", run->pub.name);
    run->watch = reflector_new(&(struct reflector_spec){
        .client = fleet_client(run->br->fleet), .resource = *fleet_resource(run->pub.v1), .ns = run->pub.ns,
        .field_selector = selector, .on_object = on_object, .on_delete = on_delete, .on_list = on_list,
        .on_listed = on_listed, .on_state = on_state, .arg = run});
    free(selector);
}

void run_watch_end(struct run *run)
{
    if (run->watch)
        reflector_free(&run->watch);
    loop_timer_cancel(&run->grace);
    loop_timer_cancel(&run->late);
}

/* -- the store ----------------------------------------------------------------------------- */

void run_look(struct run *run)
{
    if (run->pub.outcome != BR_FOLLOWING)
        return;
    const struct store_row *row = find_row(fleet_store(run->br->fleet), run->pub.v1, run->pub.ns, run->pub.name);
    if (row) {
        loop_timer_cancel(&run->grace);
        see(run, row->record);
    } else if (!run->watch && !loop_timer_is_set(&run->grace)) {
        loop_timer_set(&run->grace, run->br->pace.grace_ms);
    }
}

static void on_late(void *arg)
{
    struct run *run = followed(arg);
    if (!run)
        return;
    /* The store marks no row for a spec that was written and written back between two lists, but it keeps the newer
     * object: one look from time to time finds that too. */
    loop_timer_set(&run->late, run->br->pace.late_ms);
    run_look(run);
    if (run->pub.outcome == BR_FOLLOWING) /* the store may be behind: time has passed all the same */
        say_following(run, &run->sight);
}

void run_follow(struct run *run, const struct json *object)
{
    const struct br_plan *p = &run->plan->pub;
    struct backup_record *record = record_decode(object, run->plan->pool);
    run->follow = (struct follow){
        .action = p->action->id,
        .is_retry = p->verdict.is_retry,
        .before = p->record,
        .after = p->after,
        .steps = p->steps,
        .step_count = p->step_count,
        .generation = record->generation,
        .version = follow_version(record->resource_version),
    };
    snprintf(run->follow.uid, sizeof run->follow.uid, "%s", record->uid);
    run->following = true;
    run->phase_ms = 0;
    loop_timer_init(&run->grace, run->br->loop, on_grace, run);
    loop_timer_init(&run->late, run->br->loop, on_late, run);
    run_say(run, BR_FOLLOWING, "accepted");
    see(run, record);
    record_free(&record);
    run_look(run);
}
