/* state_phase.c - what the phase comes to: of all Backups, and of snapshots. */
#include <config.h>

#include "cause_private.h"
#include "state_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/window.h>
#include <brdeck/base/str.h>

static char *record_cause_text(const struct backup_record *record, char buf[CAUSE_MAX])
{
    return cause_text(record->reason, record->message, buf, CAUSE_MAX);
}

/* What the deletion of @r does, as the operator does it. */
static void say_deletion(struct look *look)
{
    const struct backup_record *r = look->record;
    bool cleans = r->phase == PHASE_CLEAN || r->phase == PHASE_CLEAN_FAILED;
    bool has_task = r->mode == BACKUP_LOG && !cleans && r->phase != PHASE_STOPPED && r->phase != PHASE_FAILED;
    /* the operator keeps the data of what has not failed under OnFailure too */
    cleans = cleans || r->clean_policy == CLEAN_DELETE ||
             (r->clean_policy == CLEAN_ON_FAILURE && r->phase == PHASE_FAILED);
    look_say(look, " the operator%s", has_task ? " stops the log task" : cleans ? "" : " cleans up");
    if (cleans)
        look_say(look, "%s removes everything under %s", has_task ? " and" : "", r->path ? r->path : r->storage);
    look_say(look, ".");
}

/* What was read of the Cluster counts for a while, and until the operator writes: then it is at work. */
static const struct cause *cluster_cause(struct look *look)
{
    int64_t read_ms = look->facts->cluster.read_ms;
    if (read_ms == 0 || look_reached(look, read_ms + PD_FRESH_MS) || look->record->changed_ms > read_ms)
        return NULL;
    const struct cause *cause = cause_of_cluster(look->facts);
    if (cause)
        look->found->cause = cause->id;
    return cause;
}

/* What keeps the deletion from getting on: the Cluster, without which the operator does nothing, or its
 * Jobs' trouble. */
static const struct cause *deletion_cause(struct look *look)
{
    const struct cause *cluster = look->record->has_finalizer ? cluster_cause(look) : NULL;
    return cluster ? cluster : look_cause(look);
}

bool find_deleting(struct look *look)
{
    const struct backup_record *r = look->record;
    char age[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    if (r->deleting_ms == 0)
        return false;
    const struct cause *cause = deletion_cause(look);
    if (cause) {
        look_found(look, "delete-hangs", MARK_DELETING, SEVERITY_WARN);
        look_word(look, "Deleting, %s", cause->word);
    } else if (look_reached(look, r->deleting_ms + DELETING_LONG_MS)) {
        look_found(look, "deleting-long", MARK_DELETING, SEVERITY_WARN);
        look_word(look, "Deleting, %s", look_age(look, r->deleting_ms, age));
    } else {
        look_found(look, "deleting", MARK_DELETING, SEVERITY_BUSY);
        look_word(look, "Deleting");
    }
    look_say(look, "Being deleted since %s:", look_time(look, r->deleting_ms, at));
    say_deletion(look);
    if (cause) {
        look_say(look, " It does not get on: %s.", cause->sentence);
        look_do(look, "%s Or take the finalizer off: nothing is stopped or cleaned then.", cause->action);
    } else if (r->phase == PHASE_CLEAN_FAILED) {
        look_do(look, "Cleaning failed: see the Job clean-%.63s.", r->name);
    } else if (look->found->needs_you) {
        look_do(look, "See that the operator runs, and the Jobs stop-%.63s and clean-%.63s.", r->name, r->name);
    }
    look_show_job(look);
    return true;
}

static bool not_picked_up_by(struct look *look, const struct cause *cluster)
{
    const struct backup_record *r = look->record;
    const char *kind = r->v1 ? "TidbCluster" : "Cluster", *ns = r->v1 && r->cluster_ns ? r->cluster_ns : r->ns;
    if (str_empty(r->cluster)) {
        look_say(look, "Nobody has picked it up: its spec names no cluster, and without spec.br.cluster the "
                 "operator cannot work on it.");
        return look_do(look, "Make a new one.");
    }
    if (cluster) {
        look_say(look, "The operator does nothing for it: %s (%s %.64s in namespace %.63s).", cluster->sentence, kind,
                 r->cluster, ns);
        return look_do(look, "%s", cluster->action);
    }
    bool cluster_is_there = look->facts->cluster.read_ms != 0 && !look->facts->cluster.missing;
    if (r->has_finalizer && !cluster_is_there)
        return look_say(look, "The operator has seen it (its finalizer is there), but its status stays empty: most "
                        "likely there is no %s %.64s in namespace %.63s.", kind, r->cluster, ns);
    look_say(look, "Nobody has picked it up: its status is empty.");
    return look_do(look, "See that the operator runs and watches namespace %.63s%s%s%.64s%s.", r->ns,
                   cluster_is_there ? "" : ", and that ", cluster_is_there ? "" : kind,
                   cluster_is_there ? "" : r->cluster, cluster_is_there ? "" : " is there");
}

bool find_not_picked_up(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct cause *cluster = cluster_cause(look);
    char age[CLOCK_TEXT_MAX];
    if (!look_reached(look, r->created_ms + NOT_PICKED_UP_MS) && !cluster) {
        look_found(look, "new", MARK_BUSY, SEVERITY_BUSY);
        look_word(look, "New");
        return look_say(look, "Just made: the operator has not written its status yet.");
    }
    look_found(look, cluster ? cluster->id : "not-picked-up", MARK_UNKNOWN, SEVERITY_WARN);
    if (cluster && r->created_ms)
        look_word(look, "%s, %s", cluster->word, look_age(look, r->created_ms, age));
    else if (cluster)
        look_word(look, "%s", cluster->word);
    else if (r->created_ms)
        look_word(look, "not picked up, %s", look_age(look, r->created_ms, age));
    else
        look_word(look, "not picked up");
    return not_picked_up_by(look, cluster);
}

/* A later full backup did what this one should have: nobody needs to do anything. */
static bool is_made_good(struct look *look, const char *word, const char *what)
{
    const struct backup_facts *facts = look->facts;
    char at[TSO_TEXT_MAX];
    if (!facts->later.name[0] || !window_is_failed_full(look->record))
        return false;
    look_found(look, "failed-made-good", MARK_FAILED, SEVERITY_OK);
    look->found->role = ROLE_DIM;
    look_word_with_cause(look, word);
    look_say(look, "%s; %s of %s succeeded since.", what, facts->later.name,
             look_time(look, tso_to_ms(facts->later.commit_ts), at));
    look_show_job(look);
    return true;
}

bool find_invalid(struct look *look)
{
    char cause[CAUSE_MAX], what[CAUSE_MAX + 40];
    snprintf(what, sizeof what, "The operator refuses the spec: %s", record_cause_text(look->record, cause));
    if (is_made_good(look, "Invalid", what))
        return true;
    look_found(look, "invalid", MARK_FAILED, SEVERITY_CRIT);
    look_word_with_cause(look, "Invalid");
    look_say(look, "%s. It does not look again.", what);
    return look_do(look, "Mend that and make a new Backup.");
}

bool find_failed(struct look *look)
{
    const struct backup_record *r = look->record;
    char cause[CAUSE_MAX], what[CAUSE_MAX + 40];
    snprintf(what, sizeof what, "Failed: %s", record_cause_text(r, cause));
    if (is_made_good(look, "Failed", what))
        return true;
    look_found(look, "failed", MARK_FAILED, SEVERITY_CRIT);
    look_word_with_cause(look, "Failed");
    if (r->mode != BACKUP_LOG)
        look_say(look, "%s. It is not tried again: a new Backup is needed.", what);
    else if (r->has_commit_ts)
        look_say(look, "The log task failed: %s. A new log backup (s) is needed, with a new full backup.", cause);
    else
        look_say(look, "log-start failed: %s. It is not tried again: a new log backup (s) is needed.", cause);
    look_show_job(look);
    return look_do_cause(look, "Mend the cause first.");
}

bool find_retrying(struct look *look)
{
    const struct backup_record *r = look->record;
    char cause[CAUSE_MAX], at[TSO_TEXT_MAX], age[CLOCK_TEXT_MAX];
    record_cause_text(r, cause);
    if (str_same(r->reason, "LogBackupErrorPaused")) { /* v1.6.4 and later look into PD */
        look_found(look, "task-error", MARK_TROUBLE, SEVERITY_CRIT);
        look_word(look, "Paused, task error");
        look_say(look, "The log task stands still after an error: %s. BR keeps what resume needs for 24 h.", cause);
        return look_do(look, "Mend the cause and resume the task with br log resume before.");
    }
    if (r->phase == PHASE_RETRY_FAILED && r->retries > 0 && r->retry_at_ms &&
        look_reached(look, r->retry_at_ms + RETRY_LATE_MS)) {
        look_found(look, "retry-late", MARK_TROUBLE, SEVERITY_WARN);
        look_word(look, "Retry due %s ago", look_age(look, r->retry_at_ms, age));
        look_say(look, "The Job failed: %s. The operator was to try again at %s, and has not.", cause,
                 look_time(look, r->retry_at_ms, at));
        look_show_job(look);
        return look_do(look, "See that the operator runs.");
    }
    if (r->retries > 0) {
        look_found(look, "retrying", MARK_TROUBLE, SEVERITY_WARN);
        look->found->needs_you = false; /* the operator does it by itself */
        look_word(look, "Retrying %d/%d", r->retries, r->max_retries);
        look_say(look, "The Job failed: %s.", cause);
        look_show_job(look);
        look_do_cause(look, "");
        return r->retry_at_ms ? look_say(look, " The operator tries again at %s.", look_time(look, r->retry_at_ms, at))
                              : look_say(look, " The operator tries again.");
    }
    look_found(look, "cannot-begin", MARK_TROUBLE, SEVERITY_WARN);
    look_word_with_cause(look, "Retrying");
    look_say(look, "The operator cannot begin: %s. It tries again by itself once that is mended.", cause);
    look_show_job(look);
    return look_do_cause(look, "");
}

bool find_clean(struct look *look)
{
    bool failed = look->record->phase == PHASE_CLEAN_FAILED;
    look_found(look, failed ? "clean-failed" : "cleaning", failed ? MARK_FAILED : MARK_BUSY,
               failed ? SEVERITY_CRIT : SEVERITY_BUSY);
    look_word(look, failed ? "Cleaning failed" : "Cleaning");
    look_show_job(look);
    if (!failed)
        return look_say(look, "Its data is being removed from storage by the Job clean-%.63s.", look->record->name);
    look_say(look, "The data could not be removed from storage.");
    return look_do(look, "See the Job clean-%.63s.", look->record->name);
}

/* Scheduled and Prepare: when it stays so, the cause is in the Job's Events. */
bool find_scheduled(struct look *look)
{
    const struct backup_record *r = look->record;
    const char *word = r->phase == PHASE_SCHEDULED ? "Scheduled" : "Preparing";
    int64_t since = r->changed_ms ? r->changed_ms : r->created_ms;
    const struct cause *cause = look_cause(look);
    char age[CLOCK_TEXT_MAX];
    look_show_job(look);
    if (cause) {
        look_found(look, "job-stuck", MARK_TROUBLE, SEVERITY_WARN);
        look_word(look, "%s, %s", word, cause->word);
        look_say(look, "The operator made the Job, but nothing runs: %s.%s", cause->sentence,
                 cause->mends_itself ? " Once that is mended it goes on by itself." : "");
        return look_do(look, "%s", cause->action);
    }
    if (!since || !look_reached(look, since + STUCK_MS)) {
        look_found(look, "coming-up", MARK_BUSY, SEVERITY_BUSY);
        look_word(look, "%s", word);
        return look_say(look, "The operator has made the Job; it is coming up.");
    }
    look_found(look, "job-stuck", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "%s, %s", word, look_age(look, since, age));
    look_say(look, "The operator made the Job, but nothing runs.");
    if (look->facts->event.at_ms || look->facts->pod.present)
        return true;
    return look_do(look, "Its Events tell why; often the ServiceAccount tidb-backup-manager is missing.");
}

bool find_snapshot_running(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    look_found(look, "running", MARK_BUSY, SEVERITY_BUSY);
    if (r->retries > 0)
        look_word(look, "Running, try %d", r->retries + 1);
    else if (r->progress >= 0)
        look_word(look, "Running, %d%%", (int)r->progress);
    else if (look->facts->log_progress > 0)
        look_word(look, "Running, %d%%", (int)look->facts->log_progress);
    else
        look_word(look, "Running");
    look_say(look, r->changed_ms ? "The snapshot is being taken since %s." : "The snapshot is being taken.",
             look_time(look, r->changed_ms, at));
    return true;
}

/* The operator looks at its Job at once; if it does not, it is not there. */
bool find_snapshot_job_failed(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    const struct cause *cause = look_cause(look);
    int64_t ended = facts->job.ended_ms;
    if (!facts->job.present || !facts->job.failed || !cause_facts_count(look->record, facts))
        return false; /* there is none, or it is that of the try before */
    bool late = ended != 0 && look_reached(look, ended + STUCK_MS);
    look_found(look, "job-failed", late ? MARK_TROUBLE : MARK_BUSY, late ? SEVERITY_WARN : SEVERITY_BUSY);
    look_word(look, "Running, %s", cause ? cause->word : "Job failed");
    look_say(look, "Its Job has failed%s%s, and the object says Running: %s.", cause ? ": " : "",
             cause ? cause->sentence : "",
             late ? "the operator does not look at it" : "the operator is about to see it");
    look_show_job(look);
    return late ? look_do(look, "See that the operator runs.") : look_do_cause(look, "");
}

bool find_snapshot_complete(struct look *look)
{
    const struct backup_record *r = look->record;
    const char *fault = window_base_fault(r);
    char at[TSO_TEXT_MAX];
    look_found(look, "complete", MARK_COMPLETE, SEVERITY_OK);
    look_word(look, "Complete");
    if (r->commit_ts)
        look_say(look, "Restores %s.", look_time(look, tso_to_ms(r->commit_ts), at));
    return fault ? look_say(look, " No base for PITR: it %s.", fault) : look_say(look, " It is a base for PITR.");
}

/* The operator stands still for this Backup, whatever its status says. */
bool find_cluster(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct cause *cluster = cluster_cause(look);
    if (!cluster)
        return false;
    look_found(look, cluster->id, MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "%s, %s", phase_name(r->phase), cluster->word);
    look_say(look, "The operator does nothing for it: %s.", cluster->sentence);
    look_show(look, "%s %.64s, namespace %.63s", r->v1 ? "TidbCluster" : "Cluster", r->cluster,
              r->v1 && r->cluster_ns ? r->cluster_ns : r->ns);
    return look_do(look, "%s", cluster->action);
}

bool find_other(struct look *look)
{
    const struct backup_record *r = look->record;
    const char *name = r->phase_text ? r->phase_text : phase_name(r->phase);
    char cause[CAUSE_MAX];
    if (r->phase == PHASE_OTHER && str_ends(name, "Failed")) { /* VolumeBackupFailed, and what is to come */
        look_found(look, "failed", MARK_FAILED, SEVERITY_CRIT);
        look_word(look, "%.40s", name);
        look_say(look, "Its phase is %.40s: %s.", name, record_cause_text(r, cause));
        return look_do_cause(look, "Mend the cause first.");
    }
    look_found(look, "other-phase", MARK_UNKNOWN, SEVERITY_OK);
    look->found->role = ROLE_TEXT;
    look_word(look, "%.40s", name);
    return look_say(look, "Its phase is %.40s, which this brdeck does not know for a %s backup.", name,
                    r->mode == BACKUP_LOG ? "log" : "snapshot");
}
