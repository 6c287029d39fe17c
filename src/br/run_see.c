#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>
#include <brdeck/br/facts.h>

#include "br_private.h"

/* What is seen of a followed object, said. */

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

static const char *what_is_followed(const struct run *run)
{
    const char *command = log_command_name(follow_command(&run->follow));
    return *command ? command : run->pub.action->name;
}

/* Nobody has begun with it: for how long, and what is known of its cluster. */
static void say_untouched(struct run *run, const struct backup_facts *facts)
{
    char span[CLOCK_TEXT_MAX];
    const struct cause *known = run->sight.cause;
    const char *kind = run->pub.v1 ? "TidbCluster" : "Cluster";
    const char *how = run->pub.origin == BR_ORIGIN_CLUSTER ? "asked for" : "accepted";
    clock_format_span(fleet_now_ms(run->br->fleet) - run->pub.begun_ms, span);
    if (!known) {
        run->pub.cause = cause_by_id("not-picked-up");
        run->pub.stuck = run->pub.cause != NULL;
    }
    if (known)
        run_say(run, BR_FOLLOWING, "%s Untouched for %s.", run->sight.text, span);
    else if (facts && facts->cluster.read_ms && !facts->cluster.missing)
        run_say(run, BR_FOLLOWING,
                "%s: %s, but not picked up for %s; its %s is there: see that the operator runs and watches "
                "namespace %s; brdeck goes on looking", what_is_followed(run), how, span, kind, run->pub.ns);
    else
        run_say(run, BR_FOLLOWING,
                "%s: %s, but not picked up for %s: see that the operator runs and watches namespace %s, and that "
                "its %s is there; brdeck goes on looking", what_is_followed(run), how, span, run->pub.ns, kind);
}

static void say_following(struct run *run, const struct backup_facts *facts)
{
    const struct follow_sight *sight = &run->sight;
    bool late = clock_mono_ms() - run->phase_ms >= run->br->pace.late_ms;
    if (late && sight->untouched)
        say_untouched(run, facts);
    else if (late && sight->phase == PHASE_SCHEDULED && !sight->stuck && run->follow.step_count) {
        char job[128];
        run->pub.stuck = true;
        command_job_name(run->pub.name, follow_command(&run->follow), job, sizeof job);
        run_say(run, BR_FOLLOWING, "%s, and its Job does not get on: see the Events of kubectl -n %s describe job %s",
                sight->text, run->pub.ns, job);
    } else {
        run_say(run, BR_FOLLOWING, "%s", sight->text);
    }
}

/* A Job that failed a moment ago: the object will say so at once, or never. */
static bool is_dying(struct run *run, const struct follow_sight *sight)
{
    int64_t now = clock_mono_ms();
    if (!sight->dead) {
        run->dead_ms = 0;
        return false;
    }
    if (strcmp(run->dead_job, sight->job_uid) != 0) {
        memcpy(run->dead_job, sight->job_uid, sizeof run->dead_job);
        run->follow.deaths++;
        run->dead_ms = 0;
    }
    run->follow.death = sight->cause ? sight->cause : run->follow.death; /* the Pod is told of later than the Job */
    if (!run->dead_ms) {
        run->dead_ms = now;
        if (!loop_timer_is_set(&run->late) || run->br->pace.dead_ms < run->br->pace.late_ms)
            loop_timer_set(&run->late, run->br->pace.dead_ms);
    }
    return now - run->dead_ms < run->br->pace.dead_ms;
}

/* What is found has been as it is for a while; of a delete a Job may know more than its object. */
static int64_t age_of(const struct run *run)
{
    bool aged = run->found && (run->follow.step_count || !run->follow.at_work);
    int64_t age_ms = aged ? fleet_now_ms(run->br->fleet) - run->pub.begun_ms : 0;
    return age_ms > 0 ? age_ms : 0;
}

static bool take(struct run *run, const struct follow_sight *sight)
{
    struct br_run *pub = &run->pub;
    bool differs = pub->cause != sight->cause || pub->stuck != sight->stuck || pub->progress != sight->progress ||
                   strcmp(pub->job, sight->job) != 0 || strcmp(pub->pod, sight->pod) != 0;
    pub->cause = sight->cause;
    pub->stuck = sight->stuck;
    pub->progress = sight->progress;
    if (sight->job[0]) /* the operator deletes them: their names stay */
        snprintf(pub->job, sizeof pub->job, "%s", sight->job);
    if (sight->pod[0])
        snprintf(pub->pod, sizeof pub->pod, "%s", sight->pod);
    pub->command = follow_command(&run->follow);
    if (sight->phase != pub->phase || !run->phase_ms) {
        pub->phase = sight->phase;
        run->phase_ms = clock_mono_ms() - (run->phase_ms ? 0 : age_of(run));
        loop_timer_set(&run->late, run->br->pace.late_ms);
        differs = true;
    }
    return differs;
}

void run_see(struct run *run, const struct backup_record *record, const struct backup_facts *facts)
{
    struct follow_sight sight;
    run->follow.jobs_unread = !br_facts_are_there(run->br, run->pub.ns, NULL);
    follow_look(&run->follow, record, facts, run->pub.errors, &sight);
    if (sight.stale)
        return;
    run->sight = sight;
    if (sight.outcome == BR_FOLLOWING && is_dying(run, &sight))
        return;
    if (take(run, &sight)) {
        run->br->told = false;
        br_wake(run->br);
    }
    run_log_want(run, facts);
    const struct run *newer = sight.outcome == BR_REVERTED ? newer_run(run) : NULL;
    if (newer)
        run_say(run, BR_REVERTED, "replaced by your %s before it was done", newer->pub.action->name);
    else if (sight.outcome == BR_FOLLOWING)
        say_following(run, facts);
    else if (sight.outcome == BR_FAILED && run_log_is_awaited(run))
        run_say(run, BR_FOLLOWING, "%s: failed; br's log is being read", what_is_followed(run));
    else
        run_say(run, sight.outcome, "%s", sight.text);
}

void run_see_time(struct run *run)
{
    const struct store_row *row = find_row(fleet_store(run->br->fleet), run->pub.v1, run->pub.ns, run->pub.name);
    say_following(run, row ? row->facts : run->beside);
}

void run_see_nothing(struct run *run)
{
    struct follow_sight sight;
    follow_gone(&run->follow, false, &sight);
    run_say(run, sight.outcome, "%s", sight.text);
}
