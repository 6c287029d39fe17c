#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "br_private.h"
#include "facts_keeper.h"

/* Following: each change of the object is looked at once. It comes from the store, with the facts beside it; where
 * that has no such row (another namespace is shown, a start in one that is not watched) from a watch of the run's
 * own, of that one object. What is known beside that is asked for once a turn. */

/* -- a watch of its own ------------------------------------------------------------------ */

static struct run *followed(void *arg)
{
    struct run *run = arg;
    return run->pub.outcome == BR_FOLLOWING ? run : NULL;
}

static bool is_in_a_row(const struct run *run)
{
    return find_row(fleet_store(run->br->fleet), run->pub.v1, run->pub.ns, run->pub.name) != NULL;
}

static void on_object(void *arg, const char *text, size_t len)
{
    struct run *run = followed(arg);
    struct backup_record *record = run ? record_decode_text(text, len, run->plan->pool, NULL) : NULL;
    if (!record)
        return;
    run->watch_saw = true;
    if (run->unlisted)
        record_free(&run->unlisted);
    run->unlisted = record;
    if (!run->beside)
        run->beside = xcalloc(1, sizeof *run->beside);
    facts_beside(run->br, record, run->beside);
    run_see(run, record, run->beside);
}

static void on_delete(void *arg, const char *text, size_t len)
{
    struct run *run = followed(arg);
    struct backup_record *record = run ? record_decode_text(text, len, run->plan->pool, NULL) : NULL;
    if (!record)
        return;
    if (strcmp(record->uid, run->follow.uid) == 0)
        run_see_nothing(run);
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
        run_see_nothing(run);
}

static void on_state(void *arg, const struct reflector_state *state) { (void)arg, (void)state; }

static void on_grace(void *arg)
{
    struct run *run = followed(arg);
    if (!run || run->watch || is_in_a_row(run))
        return;
    char *selector = xasprintf("metadata.name=%s", run->pub.name);
    run->watch = reflector_new(&(struct reflector_spec){
        .client = fleet_client(run->br->fleet), .resource = *fleet_resource(run->pub.v1), .ns = run->pub.ns,
        .field_selector = selector, .on_object = on_object, .on_delete = on_delete, .on_list = on_list,
        .on_listed = on_listed, .on_state = on_state, .arg = run});
    free(selector);
}

void run_watch_turn(struct run *run)
{
    if (run->unlisted && followed(run) && !is_in_a_row(run) && facts_beside(run->br, run->unlisted, run->beside))
        run_see(run, run->unlisted, run->beside);
}

const struct backup_record *run_unlisted_of(const struct br *br, bool v1, const char *cluster)
{
    char key[RECORD_CLUSTER_MAX];
    for (size_t i = 0; i < br->count; i++) {
        const struct backup_record *record = br->runs[i]->unlisted;
        if (record && record->v1 == v1 && strcmp(record_cluster(record, key), cluster) == 0)
            return record;
    }
    return NULL;
}

void run_watch_end(struct run *run)
{
    if (run->watch)
        reflector_free(&run->watch);
    if (run->unlisted)
        record_free(&run->unlisted);
    free(run->beside);
    run->beside = NULL;
    loop_timer_cancel(&run->grace);
    loop_timer_cancel(&run->late);
    run_log_end(run);
}

/* -- the store ----------------------------------------------------------------------------- */

void run_look(struct run *run)
{
    if (!run->following || run->pub.outcome != BR_FOLLOWING)
        return;
    const struct store_row *row = find_row(fleet_store(run->br->fleet), run->pub.v1, run->pub.ns, run->pub.name);
    if (row) {
        loop_timer_cancel(&run->grace);
        run_see(run, row->record, row->facts);
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
        run_see_time(run);
}

static void follow_of(struct run *run, const struct backup_record *record)
{
    const struct br_plan *p = &run->plan->pub;
    run->follow = (struct follow){
        .action = p->action->id,
        .is_retry = p->verdict.is_retry,
        .before = p->record,
        .after = p->after,
        .steps = p->steps,
        .step_count = p->step_count,
        .since_ms = run->pub.begun_ms,
        .generation = record->generation,
        .version = follow_version(record->resource_version),
    };
    snprintf(run->follow.uid, sizeof run->follow.uid, "%s", record->uid);
    snprintf(run->follow.old_job, sizeof run->follow.old_job, "%s", run->old_job);
}

/* @record is the first look; the store's may be older or newer. */
static void begin(struct run *run, const struct backup_record *record, const struct backup_facts *facts)
{
    run->following = true;
    run->phase_ms = 0;
    loop_timer_init(&run->grace, run->br->loop, on_grace, run);
    loop_timer_init(&run->late, run->br->loop, on_late, run);
    run_log_init(run);
    run_say(run, BR_FOLLOWING, "accepted");
    run_see(run, record, facts);
    run_look(run);
}

void run_follow(struct run *run, const struct json *object)
{
    struct backup_record *record = record_decode(object, run->plan->pool);
    follow_of(run, record);
    begin(run, record, NULL);
    record_free(&record);
}

void run_follow_found(struct run *run, const struct backup_record *record, const struct backup_facts *facts,
                      const struct backup_record *as_found, bool at_work)
{
    follow_of(run, record);
    run->follow.before = at_work ? NULL : as_found;
    run->follow.after = as_found;
    run->follow.at_work = at_work;
    run->follow.since_ms = 0;
    begin(run, record, facts);
}

enum br_outcome run_would_be(struct run *run, const struct json *object, char *text, size_t size)
{
    struct follow_sight sight;
    struct backup_record *record = record_decode(object, run->plan->pool);
    follow_of(run, record);
    follow_look(&run->follow, record, NULL, NULL, &sight);
    record_free(&record);
    snprintf(text, size, "%s", sight.text);
    return sight.outcome;
}
