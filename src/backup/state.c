#include <config.h>

#include <brdeck/backup/state.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/window.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include <brdeck/backup/cause.h>
#include "state_private.h"

enum { CAUSE_MAX = 160 };

const char *state_mark_text(enum state_mark mark, bool ascii)
{
    static const struct {
        const char *utf8, *ascii;
    } marks[MARK_COUNT] = {
        [MARK_NONE] = {" ", " "},     [MARK_RUNNING] = {"●", "*"}, [MARK_TROUBLE] = {"▲", "!"},
        [MARK_PAUSED] = {"‖", "="},   [MARK_UNKNOWN] = {"?", "?"}, [MARK_COMPLETE] = {"✔", "+"},
        [MARK_BUSY] = {"◐", "o"},     [MARK_FAILED] = {"✖", "x"},  [MARK_STOPPED] = {"■", "#"},
        [MARK_DELETING] = {"✂", "-"},
    };
    if (mark >= MARK_COUNT)
        mark = MARK_NONE;
    return ascii ? marks[mark].ascii : marks[mark].utf8;
}

const char *state_mark_help(enum state_mark mark)
{
    static const char *const words[MARK_COUNT] = {
        [MARK_RUNNING] = "runs", [MARK_TROUBLE] = "runs, with something wrong", [MARK_PAUSED] = "paused",
        [MARK_UNKNOWN] = "not picked up, or not known", [MARK_COMPLETE] = "complete", [MARK_BUSY] = "in progress",
        [MARK_FAILED] = "failed", [MARK_STOPPED] = "stopped, for good", [MARK_DELETING] = "being deleted",
    };
    return mark < MARK_COUNT && words[mark] ? words[mark] : "";
}

static const char *record_cause(const struct backup_record *record)
{
    return cause_word(record->reason, record->message);
}

static char *record_cause_text(const struct backup_record *record, char buf[CAUSE_MAX])
{
    return cause_text(record->reason, record->message, buf, CAUSE_MAX);
}

/* "Failed, access denied"; "Failed" where the cause is none that is known. */
static bool word_with_cause(struct look *look, const char *word)
{
    const char *cause = record_cause(look->record);
    return cause ? look_word(look, "%s, %s", word, cause) : look_word(look, "%s", word);
}

static bool find_deleting(struct look *look)
{
    const struct backup_record *r = look->record;
    char age[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    if (r->deleting_ms == 0)
        return false;
    if (look_reached(look, r->deleting_ms + DELETING_LONG_MS)) {
        look_found(look, MARK_DELETING, SEVERITY_WARN, ROLE_WARN);
        look_word(look, "Deleting, %s", look_age(look, r->deleting_ms, age));
    } else {
        look_found(look, MARK_DELETING, SEVERITY_BUSY, ROLE_BUSY);
        look_word(look, "Deleting");
    }
    look_say(look, "Being deleted since %s:", look_time(look, r->deleting_ms, at));
    bool cleans = r->phase == PHASE_CLEAN || r->phase == PHASE_CLEAN_FAILED;
    bool has_task = r->mode == BACKUP_LOG && !cleans && r->phase != PHASE_STOPPED && r->phase != PHASE_FAILED;
    /* the operator keeps the data of what has not failed under OnFailure too */
    cleans = cleans || r->clean_policy == CLEAN_DELETE ||
             (r->clean_policy == CLEAN_ON_FAILURE && r->phase == PHASE_FAILED);
    look_say(look, has_task ? " the operator stops the log task" : cleans ? " the operator" : " the operator cleans up");
    if (cleans)
        look_say(look, "%s removes everything under %s", has_task ? " and" : "", r->path ? r->path : r->storage);
    look_say(look, ".");
    if (r->phase == PHASE_CLEAN_FAILED)
        look_say(look, " Cleaning failed: see the Job clean-%.63s.", r->name);
    look_say_job(look);
    return true;
}

static bool find_not_picked_up(struct look *look)
{
    const struct backup_record *r = look->record;
    char age[CLOCK_TEXT_MAX];
    if (!look_reached(look, r->created_ms + NOT_PICKED_UP_MS)) {
        look_found(look, MARK_BUSY, SEVERITY_BUSY, ROLE_BUSY);
        look_word(look, "New");
        return look_say(look, "Just made: the operator has not written its status yet.");
    }
    look_found(look, MARK_UNKNOWN, SEVERITY_WARN, ROLE_WARN);
    if (r->created_ms)
        look_word(look, "not picked up, %s", look_age(look, r->created_ms, age));
    else
        look_word(look, "not picked up");
    const char *kind = r->v1 ? "TidbCluster" : "Cluster", *ns = r->v1 && r->cluster_ns ? r->cluster_ns : r->ns;
    if (str_empty(r->cluster))
        return look_say(look, "Nobody has picked it up: its spec names no cluster, and without spec.br.cluster the "
                        "operator cannot work on it. Make a new one.");
    if (r->has_finalizer)
        return look_say(look, "The operator has seen it (its finalizer is there), but its status stays empty: most "
                        "likely there is no %s %.64s in namespace %.63s.", kind, r->cluster, ns);
    return look_say(look, "Nobody has picked it up: its status is empty. See that the operator runs and watches "
                    "namespace %.63s, and that %s %.64s is there.", r->ns, kind, r->cluster);
}

static bool find_invalid(struct look *look)
{
    char cause[CAUSE_MAX];
    look_found(look, MARK_FAILED, SEVERITY_CRIT, ROLE_CRIT);
    word_with_cause(look, "Invalid");
    look_say(look, "The operator refuses the spec: %s.", record_cause_text(look->record, cause));
    return look_say(look, " It does not look again: make a new Backup.");
}

static bool find_failed(struct look *look)
{
    const struct backup_record *r = look->record;
    char cause[CAUSE_MAX];
    look_found(look, MARK_FAILED, SEVERITY_CRIT, ROLE_CRIT);
    word_with_cause(look, "Failed");
    record_cause_text(r, cause);
    if (r->mode != BACKUP_LOG)
        return look_say(look, "Failed: %s. It is not tried again: mend the cause and make a new Backup.", cause);
    if (r->has_commit_ts)
        return look_say(look, "The log task failed: %s. Mend the cause, then s makes a new log backup; it needs a "
                        "new full backup.", cause);
    return look_say(look, "log-start failed: %s. It is not tried again: mend the cause, then s makes a new log "
                    "backup.", cause);
}

static bool find_retrying(struct look *look)
{
    const struct backup_record *r = look->record;
    char cause[CAUSE_MAX], at[TSO_TEXT_MAX];
    const char *word = record_cause(r);
    record_cause_text(r, cause);
    look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
    if (str_same(r->reason, "LogBackupErrorPaused")) { /* v1.6.4 and later look into PD */
        look_found(look, MARK_TROUBLE, SEVERITY_CRIT, ROLE_CRIT);
        look_word(look, "Paused, task error");
        return look_say(look, "The log task stands still after an error: %s. BR keeps what resume needs for 24 h: "
                        "mend the cause and resume the task with br log resume before.", cause);
    }
    if (r->retries > 0) {
        look->state->needs_you = false; /* the operator does it by itself */
        look_word(look, "Retrying %d/%d", r->retries, r->max_retries);
        look_say(look, "The Job failed: %s.", cause);
        return r->retry_at_ms ? look_say(look, " The operator tries again at %s.", look_time(look, r->retry_at_ms, at))
                              : look_say(look, " The operator tries again.");
    }
    look_word(look, "Retrying%s%s", word ? ", " : "", word ? word : "");
    return look_say(look, "The operator cannot begin: %s. It tries again by itself once that is mended.", cause);
}

static bool find_clean(struct look *look)
{
    bool failed = look->record->phase == PHASE_CLEAN_FAILED;
    look_found(look, failed ? MARK_FAILED : MARK_BUSY, failed ? SEVERITY_CRIT : SEVERITY_BUSY,
               failed ? ROLE_CRIT : ROLE_BUSY);
    look_word(look, failed ? "Cleaning failed" : "Cleaning");
    return look_say(look, failed ? "The data could not be removed from storage: see the Job clean-%.63s."
                                 : "Its data is being removed from storage by the Job clean-%.63s.",
                                 look->record->name);
}

/* Scheduled and Prepare: when it stays so, the cause is in the Job's Events. */
static bool find_scheduled(struct look *look)
{
    const struct backup_record *r = look->record;
    const char *word = r->phase == PHASE_SCHEDULED ? "Scheduled" : "Preparing";
    int64_t since = r->changed_ms ? r->changed_ms : r->created_ms;
    char age[CLOCK_TEXT_MAX];
    if (since && look_reached(look, since + STUCK_MS)) {
        look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
        look_word(look, "%s, %s", word, look_age(look, since, age));
        look_say(look, "The operator made the Job, but nothing runs.");
        if (!look->facts->event.at_ms && !look->facts->pod.present)
            look_say(look, " Its Events tell why; often the ServiceAccount tidb-backup-manager is missing.");
    } else {
        look_found(look, MARK_BUSY, SEVERITY_BUSY, ROLE_BUSY);
        look_word(look, "%s", word);
        look_say(look, "The operator has made the Job; it is coming up.");
    }
    look_say_job(look);
    return true;
}

static bool find_snapshot_running(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    look_found(look, MARK_BUSY, SEVERITY_BUSY, ROLE_BUSY);
    if (look->facts->job.present && look->facts->job.failed)
        look_word(look, "Running, Job failed");
    else if (r->retries > 0)
        look_word(look, "Running, try %d", r->retries + 1);
    else if (r->progress >= 0)
        look_word(look, "Running, %d%%", (int)r->progress);
    else
        look_word(look, "Running");
    look_say(look, r->changed_ms ? "The snapshot is being taken since %s." : "The snapshot is being taken.",
             look_time(look, r->changed_ms, at));
    look_say_job(look);
    return true;
}

static bool find_snapshot_complete(struct look *look)
{
    const struct backup_record *r = look->record;
    const char *fault = window_base_fault(r);
    char at[TSO_TEXT_MAX];
    look_found(look, MARK_COMPLETE, SEVERITY_OK, ROLE_OK);
    look_word(look, "Complete");
    if (r->commit_ts)
        look_say(look, "Restores %s.", look_time(look, tso_to_ms(r->commit_ts), at));
    return fault ? look_say(look, " No base for PITR: it %s.", fault) : look_say(look, " It is a base for PITR.");
}

static bool find_other(struct look *look)
{
    const struct backup_record *r = look->record;
    const char *name = r->phase_text ? r->phase_text : phase_name(r->phase);
    look_found(look, MARK_UNKNOWN, SEVERITY_OK, ROLE_TEXT);
    look_word(look, "%.40s", name);
    return look_say(look, "Its phase is %.40s, which this brdeck does not know for a %s backup.", name,
                    r->mode == BACKUP_LOG ? "log" : "snapshot");
}

/* In order of what matters most; the last takes all. */
static const struct finder findings[] = {
    {FOR_ALL, 0, find_deleting},
    {FOR_ALL, IN(NONE), find_not_picked_up},
    {FOR_ALL, IN(INVALID), find_invalid},
    {FOR_ALL, IN(FAILED), find_failed},
    {FOR_ALL, IN(RETRY_FAILED) | IN(RESTART), find_retrying},
    {FOR_ALL, IN(CLEAN) | IN(CLEAN_FAILED), find_clean},
    {FOR_ALL, IN(SCHEDULED) | IN(PREPARE), find_scheduled},
    {FOR_LOG, IN(RUNNING), find_log_starting},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED), find_log_pd_trouble},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED) | IN(STOPPED), find_log_working},
    {FOR_LOG, IN(RUNNING), find_log_lag_crit},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED) | IN(STOPPED), find_log_failed_command},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED) | IN(STOPPED), find_log_retrying_command},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED) | IN(STOPPED), find_log_rejected},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED) | IN(STOPPED), find_log_asked},
    {FOR_LOG, IN(RUNNING), find_log_lag_warn},
    {FOR_LOG, IN(RUNNING), find_log_no_checkpoint},
    {FOR_LOG, IN(RUNNING), find_log_running},
    {FOR_LOG, IN(PAUSED), find_log_paused},
    {FOR_LOG, IN(STOPPED), find_log_stopped},
    {FOR_SNAPSHOT, IN(RUNNING), find_snapshot_running},
    {FOR_SNAPSHOT, IN(COMPLETE), find_snapshot_complete},
    {FOR_ALL, 0, find_other},
};

void state_of(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms, bool sentence,
              struct backup_state *state)
{
    static const struct backup_facts no_facts;
    struct look look = {record, facts ? facts : &no_facts, now_ms, sentence, state};
    unsigned mode = record->mode == BACKUP_LOG ? FOR_LOG : FOR_SNAPSHOT;

    memset(state, 0, sizeof *state);
    state->until_ms = INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        const struct finder *f = &findings[i];
        if ((f->modes & mode) && (!f->phases || f->phases & 1u << record->phase) && f->finds(&look))
            return;
    }
}

/* What PD said, when it is newer than the object's last change: an answer from before a resume tells of the pause. */
static bool pd_counts(const struct backup_record *record, const struct backup_facts *facts)
{
    return facts && facts->pd.read_ms != 0 && facts->pd.read_ms >= record->changed_ms;
}

bool state_lag(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms, int64_t *lag_ms,
               bool *from_pd)
{
    tso_t checkpoint = record->checkpoint;
    if (record->mode != BACKUP_LOG || record->phase == PHASE_STOPPED || record->phase == PHASE_FAILED)
        return false;
    bool pd = facts && facts->pd.read_ms != 0 && facts->pd.checkpoint > checkpoint;
    if (pd)
        checkpoint = facts->pd.checkpoint;
    if (checkpoint == 0)
        return false;
    *lag_ms = now_ms - tso_to_ms(checkpoint);
    if (from_pd)
        *from_pd = pd;
    return true;
}

int64_t state_pause_deadline_ms(const struct backup_record *record, const struct backup_facts *facts)
{
    if (record->mode != BACKUP_LOG || record->phase != PHASE_PAUSED)
        return 0;
    int64_t since = record_sub(record, LOG_COMMAND_PAUSE)->started_ms;
    if (pd_counts(record, facts) && facts->pd.paused && facts->pd.paused_at_ms)
        since = facts->pd.paused_at_ms;
    if (since == 0)
        return 0;
    return since + (record->gc_ttl_ms ? record->gc_ttl_ms : PAUSE_GC_TTL_MS);
}
