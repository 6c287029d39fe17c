#include <config.h>

#include "follow_private.h"
#include "objects.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>

/* Times of the cluster are whole seconds, and our notion of its clock is as good as its Date headers. */
enum {
    SLACK_MS = 2000,
    SKEW_MS = 10 * 1000, /* the controllers' clocks may be behind the API server's */
};

/* The name of the Job that does it now; "" where there is none. Returns @buf. */
static char *job_name(const struct follow *follow, const struct backup_record *record, char *buf, size_t size)
{
    bool cleans = record->mode != BACKUP_LOG || record->phase == PHASE_CLEAN || record->phase == PHASE_CLEAN_FAILED;
    if (record->deleting_ms)
        snprintf(buf, size, "%s-%s", cleans ? "clean" : "stop", record->name);
    else if (follow->step_count || record->mode == BACKUP_SNAPSHOT)
        command_job_name(record->name, follow_command(follow), buf, size);
    else
        snprintf(buf, size, "%s", "");
    return buf;
}

/* Names of Jobs stay the same from run to run: the uid and the time tell. */
static bool job_is_own(const struct follow *follow, const struct backup_record *record, enum step_state state,
                       const struct backup_facts *facts)
{
    char name[sizeof facts->job.name];
    if (!facts->job.present || strcmp(facts->job.name, job_name(follow, record, name, sizeof name)) != 0)
        return false;
    if (follow->old_job[0] && strcmp(facts->job.uid, follow->old_job) == 0)
        return false;
    if (facts->job.ended_ms && facts->job.ended_ms < follow->since_ms)
        return false;
    if (!follow->old_job[0] && facts->job.started_ms && facts->job.started_ms + SKEW_MS < follow->since_ms)
        return false;
    /* It ended before the object was told that work began: that is another one's work. */
    int64_t changed_ms = follow->step_count ? record_sub(record, follow_command(follow))->changed_ms
                                            : record->changed_ms;
    return !(state != STEP_WAITS && facts->job.ended_ms && facts->job.ended_ms + SLACK_MS < changed_ms);
}

/* The Pod has come to its work (only there Failed and Complete are written): what kept it from that is over. */
static bool pod_works(const struct backup_facts *own, enum phase phase)
{
    return phase == PHASE_PREPARE || phase == PHASE_RUNNING || phase == PHASE_FAILED || phase == PHASE_COMPLETE ||
           (own->pod.present && !own->pod.waiting[0] && strcmp(own->pod.phase, "Pending") != 0);
}

static bool event_is_own(const struct follow *follow, const struct backup_facts *own, enum phase phase)
{
    if (!own->event.reason[0] || pod_works(own, phase))
        return false;
    int64_t begun_ms = own->job.present && own->job.started_ms ? own->job.started_ms : follow->since_ms;
    if (own->event.at_ms && begun_ms && own->event.at_ms + SLACK_MS < begun_ms)
        return false;
    if (strcmp(own->event.about, "Pod") == 0)
        return own->pod.present;
    if (strcmp(own->event.about, "Job") == 0) /* it could not make a Pod; one that is there is newer */
        return own->job.present && !own->pod.present;
    return true;
}

void follow_own_facts(const struct follow *follow, const struct backup_record *record, enum step_state state,
                      enum phase phase, const struct backup_facts *facts, struct backup_facts *own)
{
    memset(own, 0, sizeof *own);
    if (!facts)
        return;
    *own = *facts;
    memset(&own->pd, 0, sizeof own->pd);
    memset(own->log_error, 0, sizeof own->log_error);
    if (state != STEP_WAITS) /* a Job that is made goes on without the operator */
        memset(&own->cluster, 0, sizeof own->cluster);
    if (!job_is_own(follow, record, state, own)) {
        memset(&own->job, 0, sizeof own->job);
        memset(&own->pod, 0, sizeof own->pod);
    }
    /* A container that waits is no news once the object says that br works. */
    if (pod_works(own, phase))
        memset(own->pod.waiting, 0, sizeof own->pod.waiting);
    if (!event_is_own(follow, own, phase))
        memset(&own->event, 0, sizeof own->event);
}

/* TiDB Operator reports what backup-manager tells it; one that was killed tells nothing. */
static void add_death(struct str *text, const struct backup_facts *own, const struct backup_record *record)
{
    str_addf(text, "; its Job has failed (%s) and the Backup does not say so",
             own->job.reason[0] ? own->job.reason : "no reason is told");
    if (record->mode == BACKUP_LOG && !record->deleting_ms)
        str_add(text, record->v1 ? ": TiDB Operator 1 leaves it so"
                                 : ": TiDB Operator 2 makes it anew, again and again");
}

/* Causes whose sentence leaves it to the message to say what it is. */
static bool message_tells(const struct cause *cause)
{
    static const char *const ids[] = {"webhook-denied", "pod-forbidden", "volume-not-mounted", "container-config",
                                      "container-not-started"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        if (strcmp(cause->id, ids[i]) == 0)
            return true;
    return false;
}

static void add_message(struct str *text, const struct backup_facts *signs)
{
    const char *message = signs->pod.waiting[0] && signs->pod.message[0] ? signs->pod.message : signs->event.message;
    char words[160];
    if (*message)
        str_addf(text, " (%s)", cause_text(NULL, message, words, sizeof words));
}

/* How many, in steps: each is a line of what is told, and the operator makes one a second where none begins. */
static void add_count(struct str *text, int count)
{
    static const int steps[] = {1000, 500, 200, 100, 50, 20, 10};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (count > steps[i]) {
            str_addf(text, "; over %d Jobs of it have failed", steps[i]);
            return;
        }
    str_addf(text, "; %d Jobs of it have failed", count);
}

/* Jobs that fail and are made anew, again and again: the one that is there now will do no better. Those that failed
 * before this run began are none of its. */
static void tell_deaths(const struct follow *follow, const struct backup_facts *own, struct str *text,
                        struct follow_sight *sight)
{
    bool theirs = own->job.present && own->job.died_ms + SKEW_MS >= follow->since_ms;
    int count = theirs && own->job.died > (int)follow->deaths ? own->job.died : (int)follow->deaths;
    char at[TSO_TEXT_MAX];
    if (count < JOB_DEATHS_TOLD)
        return;
    sight->stuck = true;
    sight->cause = follow->death;
    add_count(text, count);
    if (count > (int)follow->deaths)
        str_addf(text, " since %s", tso_format_ms(own->job.died_ms, TSO_LOCAL, 0, at));
    str_add(text, ", one after another");
    if (follow->death)
        follow_add_cause(text, follow->death);
    else
        str_add(text, ": see how its Pods end (its log, kubectl describe pod)");
}

void follow_tell_stuck(const struct follow *follow, const struct backup_record *record,
                       const struct backup_facts *own, enum step_state state, const char *reason,
                       const char *message, struct str *text, struct follow_sight *sight)
{
    struct backup_facts signs = *own;
    if (container_is_starting(signs.pod.waiting)) /* it comes to nothing */
        memset(signs.pod.waiting, 0, sizeof signs.pod.waiting);
    sight->dead = own->job.present && own->job.failed;
    snprintf(sight->job_uid, sizeof sight->job_uid, "%s", own->job.uid);
    if (!sight->dead) { /* how a container ended that is to be run again */
        memset(signs.pod.ended, 0, sizeof signs.pod.ended);
        signs.pod.exit_code = 0;
    }
    bool retries = state == STEP_RETRIES;
    if (sight->dead)
        add_death(text, own, record);
    sight->cause = cause_find(&(struct cause_signs){
        .reason = retries ? reason : NULL, .message = retries ? message : NULL, .facts = &signs});
    sight->stuck = sight->cause != NULL;
    if (!sight->cause) {
        if (!sight->dead)
            tell_deaths(follow, own, text, sight);
        return;
    }
    str_addf(text, "; %s", sight->cause->sentence);
    if (!retries && message_tells(sight->cause))
        add_message(text, &signs);
    str_addf(text, ". %s", sight->cause->action);
    if ((sight->cause->mends_itself || retries) && !sight->dead)
        str_add(text, " It then goes on by itself.");
}
