#include <config.h>

#include "cause_private.h"
#include "state_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* How a command is spoken of: while it runs, and what its key is. */
static const struct {
    const char *doing; /* the whole word; NULL: it goes behind the phase */
    const char *key;
} words[LOG_COMMAND_COUNT] = {
    [LOG_COMMAND_START] = {"Starting", "s"},
    [LOG_COMMAND_STOP] = {"Stopping", "S"},
    [LOG_COMMAND_PAUSE] = {"Pausing", "p"},
    [LOG_COMMAND_RESUME] = {"Resuming", "r"},
    [LOG_COMMAND_TRUNCATE] = {NULL, "T"},
};

/* When the log backup was set going, as far as it is told. */
static int64_t started_ms(const struct backup_record *r)
{
    const struct backup_sub *start = record_sub(r, LOG_COMMAND_START);
    if (start->completed_ms)
        return start->completed_ms;
    return start->started_ms ? start->started_ms : r->created_ms;
}

bool find_log_starting(struct look *look)
{
    const struct backup_record *r = look->record;
    char age[CLOCK_TEXT_MAX];
    if (r->has_commit_ts)
        return false;
    int64_t since = r->changed_ms ? r->changed_ms : r->created_ms;
    if (since && look_reached(look, since + STARTING_LONG_MS)) {
        look_found(look, "starting-long", MARK_TROUBLE, SEVERITY_WARN);
        look_word(look, "Starting, %s", look_age(look, since, age));
    } else {
        look_found(look, "starting", MARK_BUSY, SEVERITY_BUSY);
        look_word(look, "Starting");
    }
    look_say(look, "log-start runs: COMMITTS comes when br has set the log task up.");
    look_show_job(look);
    return look->found->needs_you ? look_do_cause(look, "See its Job's log: l.") : true;
}

/* Whatever else is told of a paused one, its clock runs on. */
static void say_deadline(struct look *look)
{
    look_say_until(look, state_pause_deadline_ms(look->record, look->facts));
}

/* A logTruncateUntil that fires once the base command is in sync: whatever else is told, log data will go. */
static void say_waiting_truncate(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    tso_t until = look->sentence ? tso_from_status(r->until) : 0;
    if (!look->sentence || str_empty(r->until) || str_same(r->until, r->success_until) ||
        command_effective(r) == LOG_COMMAND_TRUNCATE)
        return;
    if (until != 0 && (until <= r->commit_ts || until <= tso_from_status(r->success_until)))
        return; /* it would do nothing */
    if (until)
        look_say(look, " A truncate until %s waits behind it and runs next.", look_time(look, tso_to_ms(until), at));
    else
        look_say(look, " A truncate until %.40s waits behind it and runs next.", r->until);
}

/* The operator calls a truncate Complete that is not after COMMITTS or the last one, and runs nothing for it. */
static void say_idle_truncate(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct backup_sub *truncate = record_sub(r, LOG_COMMAND_TRUNCATE);
    tso_t until = look->sentence ? tso_from_status(r->until) : 0;
    tso_t last = tso_from_status(r->success_until);
    char at[TSO_TEXT_MAX];
    if (until == 0 || truncate->phase != PHASE_COMPLETE || !str_same(truncate->until, r->until) ||
        str_same(r->until, r->success_until) || (until > r->commit_ts && until > last))
        return;
    look_say(look, " The truncate until %s did nothing:", look_time(look, tso_to_ms(until), at));
    if (until <= last)
        look_say(look, " the log goes to %s already.", look_time(look, tso_to_ms(last), at));
    else
        look_say(look, " the log begins at %s.", look_time(look, tso_to_ms(r->commit_ts), at));
}

/* The phase and what is being done: "Pausing", "Running, truncating". */
static void word_of_work(struct look *look, enum log_command command, const char *more)
{
    const char *sep = *more ? ", " : "";
    if (words[command].doing)
        look_word(look, "%s%s%s", words[command].doing, sep, more);
    else
        look_word(look, "%s, truncating%s%s", phase_name(look->record->phase), sep, more);
}

/* Its Job is there and has failed, and nobody has said so in the object. */
static bool job_died(const struct look *look, const char *job)
{
    return look->facts->job.present && look->facts->job.failed && strcmp(look->facts->job.name, job) == 0 &&
           cause_facts_count(look->record, look->facts);
}

/* The one that is there may yet do it: what is sure is that others of its name have not. */
static bool jobs_die(const struct look *look, const char *job)
{
    return look->facts->job.died >= JOB_DEATHS_TOLD && strcmp(look->facts->job.name, job) == 0 &&
           cause_facts_count(look->record, look->facts);
}

static void dying_work(struct look *look, enum log_command command)
{
    char at[TSO_TEXT_MAX];
    look_found(look, "job-dies", MARK_TROUBLE, SEVERITY_WARN);
    word_of_work(look, command, "Jobs fail");
    look_say(look, "%s is under way (%s), but %d Jobs of it have failed since %s, one after another.",
             log_command_name(command), phase_name(record_sub(look->record, command)->phase), look->facts->job.died,
             look_time(look, look->facts->job.died_ms, at));
    look_do(look, "See how its Pods end: l, or kubectl describe pod.");
}

static void stuck_work(struct look *look, enum log_command command, const char *job)
{
    const struct backup_sub *sub = record_sub(look->record, command);
    const struct cause *cause = look_cause(look);
    char age[CLOCK_TEXT_MAX];
    bool died = job_died(look, job);
    look_found(look, died ? "job-dies" : "job-stuck", MARK_TROUBLE, SEVERITY_WARN);
    word_of_work(look, command, cause ? cause->word : died ? "Job failed" : look_age(look, sub->changed_ms, age));
    if (died)
        look_say(look, "The Job %s has died without a word%s%s.%s", job, cause ? ": " : "",
                 cause ? cause->sentence : "", look->record->v1 ? " The operator leaves it so." :
                 " The operator makes it anew, over and over.");
    else if (cause)
        look_say(look, "%s does not get on: %s.%s", log_command_name(command), cause->sentence,
                 cause->mends_itself ? " Once that is mended it goes on by itself." : "");
    else
        look_say(look, "%s is %s for long: its Job %s does not get on.", log_command_name(command),
                 phase_name(sub->phase), job);
    look_do_cause(look, look->facts->event.at_ms || look->facts->pod.present ? "" : "Its Events tell why.");
}

/* A Job of the command that the spec asks for is on its way. */
bool find_log_working(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    const struct backup_sub *sub = record_sub(r, command);
    char job[128];
    if (!look_is_working(look))
        return false;
    command_job_name(r->name, command, job, sizeof job);
    bool late = sub->phase != PHASE_RUNNING && sub->changed_ms && look_reached(look, sub->changed_ms + STUCK_MS);
    if (late || look_cause(look) || job_died(look, job)) {
        stuck_work(look, command, job);
    } else if (jobs_die(look, job)) {
        dying_work(look, command);
    } else {
        look_found(look, "working", MARK_BUSY, SEVERITY_BUSY);
        word_of_work(look, command, "");
        look_say(look, "%s is under way (%s).", log_command_name(command), phase_name(sub->phase));
    }
    look_show_job(look);
    say_waiting_truncate(look);
    return true;
}

/* A failed command shows only in its sub-status; it counts while the spec still asks for it. */
bool find_log_failed_command(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    const struct backup_sub *sub = record_sub(r, command);
    char cause[CAUSE_MAX];
    if (sub->phase != PHASE_FAILED || command_verdict(r) != COMMAND_SETTLED)
        return false;
    bool crit = command == LOG_COMMAND_RESUME; /* the clock of the pause runs on */
    look_found(look, "command-failed", crit ? MARK_FAILED : MARK_TROUBLE, crit ? SEVERITY_CRIT : SEVERITY_WARN);
    look_word(look, "%s, %s failed", phase_name(r->phase), log_command_word(command));
    look_say(look, "%s failed: %s.", log_command_name(command),
             cause_text(sub->reason, sub->message, cause, sizeof cause));
    look_show_job(look);
    if (command == LOG_COMMAND_RESUME && cause_is_gc(sub->reason, sub->message)) {
        look_cause(look);
        look_say(look, " It cannot be resumed any more.");
        return look_do(look, "Stop it, take a full backup and start anew with s.");
    }
    if (!cause_is_gc(sub->reason, sub->message)) /* no retry helps */
        look_say(look, " The operator does not try again by itself; %s does.", words[command].key);
    look_say(look, " The phase is still %s.", phase_name(r->phase));
    say_deadline(look);
    say_waiting_truncate(look);
    return look_do_cause(look, "");
}

/* The operator could not make the Job of a command, and goes on trying. */
bool find_log_retrying_command(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    const struct backup_sub *sub = record_sub(r, command);
    char cause[CAUSE_MAX];
    if (sub->phase != PHASE_RETRY_FAILED || command == LOG_COMMAND_UNKNOWN)
        return false;
    look_found(look, "command-retrying", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "%s, %s retrying", phase_name(r->phase), log_command_word(command));
    look_say(look, "%s cannot begin: %s. The operator tries again by itself once that is mended.",
             log_command_name(command), cause_text(sub->reason, sub->message, cause, sizeof cause));
    return look_do_cause(look, "");
}

bool find_log_rejected(struct look *look)
{
    const struct backup_record *r = look->record;
    if (command_verdict(r) != COMMAND_REJECTED)
        return false;
    look_found(look, "spec-ignored", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "%s, spec ignored", phase_name(r->phase));
    look_say(look, "The spec says logSubcommand %.24s, which the operator ignores: nothing happens.",
             r->subcommand_text);
    say_deadline(look);
    return look_do(look, r->phase == PHASE_PAUSED ? "r resumes it." : "Set it right with kubectl edit.");
}

/* The operator begins within seconds, unless its Cluster holds it up, which is told as such, or COMMITTS is not there
 * yet. */
static bool asked_long_ago(struct look *look, enum command_verdict verdict)
{
    int64_t asked_ms = look->record->asked_ms;
    return asked_ms != 0 && verdict == COMMAND_RUNS && !cause_of_cluster(look->facts) &&
           look_reached(look, asked_ms + NOT_PICKED_UP_MS);
}

/* The spec asks, and nothing has been done about it: the operator is about to, or is not there. */
bool find_log_asked(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    enum command_verdict verdict = command_verdict(r);
    /* whether v1 resumes without being told depends on its version: nobody asked */
    bool by_itself = command == LOG_COMMAND_RESUME && r->subcommand == LOG_COMMAND_NONE;
    if ((verdict != COMMAND_RUNS && verdict != COMMAND_WAITS) || command == LOG_COMMAND_START || by_itself ||
        look_is_working(look) || record_sub(r, command)->phase == PHASE_RETRY_FAILED)
        return false;
    int64_t deadline = state_pause_deadline_ms(r, look->facts);
    bool crit = deadline && look_reached(look, deadline - PAUSE_SOON_MS);
    bool late = asked_long_ago(look, verdict);
    char at[TSO_TEXT_MAX], age[CLOCK_TEXT_MAX];
    look_found(look, "command-asked", crit || late ? MARK_TROUBLE : MARK_BUSY,
               crit ? SEVERITY_CRIT : late ? SEVERITY_WARN : SEVERITY_BUSY);
    look_word(look, "%s, %s asked", phase_name(r->phase), log_command_word(command));
    if (late)
        look_word(look, "%s, %s asked %s ago", phase_name(r->phase), log_command_word(command),
                  look_age(look, r->asked_ms, age));
    tso_t until = command == LOG_COMMAND_TRUNCATE ? tso_from_status(r->until) : 0;
    look_say(look, "The spec asks for %s%s%s; the operator has not begun.", log_command_name(command),
             until ? " until " : "", until ? look_time(look, tso_to_ms(until), at) : "");
    if (late)
        look_say(look, " That was written at %s.", look_time(look, r->asked_ms, at));
    say_deadline(look);
    say_waiting_truncate(look);
    return look_do(look, late ? "See that it runs." : "If this stays, see that it runs.");
}

/* What is being paused or stopped lags on purpose. */
static bool is_halting(const struct look *look)
{
    return look_is_working(look) && command_effective(look->record) != LOG_COMMAND_TRUNCATE;
}

bool find_log_lag(struct look *look)
{
    tso_t checkpoint = look_checkpoint(look);
    const struct check_limits *limits = look->limits;
    char age[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    int64_t at_ms = tso_to_ms(checkpoint);
    if (checkpoint == 0 || !look->record->has_commit_ts || is_halting(look))
        return false;
    bool crit = limits->lag_crit_ms > 0 && look_reached(look, at_ms + limits->lag_crit_ms);
    if (!crit && !(limits->lag_warn_ms > 0 && look_reached(look, at_ms + limits->lag_warn_ms)))
        return false;
    look_found(look, "lagging", MARK_TROUBLE, crit ? SEVERITY_CRIT : SEVERITY_WARN);
    look_word(look, "Running, lagging");
    if (!look->sentence)
        return true;
    bool pd = checkpoint > look->record->checkpoint;
    look_say(look, "The checkpoint stands %s back: what came after %s cannot be restored yet.",
             look_age(look, at_ms, age), look_time(look, at_ms, at));
    if (pd)
        look_show(look, "PD: checkpoint %s, read at %s", look_time(look, at_ms, at),
                  look_time(look, look->facts->pd.read_ms, age));
    return look_do(look, "Look at the storage, the TiKV logs and br log status.");
}

bool find_log_no_checkpoint(struct look *look)
{
    int64_t since = started_ms(look->record);
    char at[TSO_TEXT_MAX];
    if (look_checkpoint(look) != 0 || !look->record->has_commit_ts || since == 0 ||
        !look_reached(look, since + STARTING_LONG_MS))
        return false;
    look_found(look, "no-checkpoint", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "Running, no checkpoint");
    look_say(look, "It runs since %s, but no checkpoint has come: the operator reads it from PD once a minute.",
             look_time(look, since, at));
    return look_do(look, "See that it reaches PD.");
}

bool find_log_running(struct look *look)
{
    tso_t checkpoint = look_checkpoint(look);
    char at[TSO_TEXT_MAX];
    look_found(look, "running", MARK_RUNNING, SEVERITY_OK);
    look_word(look, "Running");
    if (checkpoint == 0)
        return look_say(look, "The first checkpoint comes within minutes.");
    look_say(look, "The log is backed up to %s.", look_time(look, tso_to_ms(checkpoint), at));
    say_idle_truncate(look);
    return true;
}

static void say_paused_since(struct look *look, int64_t since)
{
    const struct backup_facts *facts = look->facts;
    bool told = facts->pd.paused && facts->pd.paused_by[0] && facts->pd.read_ms >= look->record->changed_ms;
    char at[TSO_TEXT_MAX];
    if (since)
        look_say(look, "Paused since %s by %s.", look_time(look, since, at), told ? facts->pd.paused_by : "log-pause");
    else
        look_say(look, "Paused, since when is not known.");
}

/* By its deadline and, where the look has limits for it, by how long it is paused already. */
static enum severity pause_severity(struct look *look, int64_t since, int64_t deadline)
{
    const struct check_limits *limits = look->limits;
    if (look_reached(look, deadline - PAUSE_NOW_MS) ||
        (since && limits->pause_crit_ms > 0 && look_reached(look, since + limits->pause_crit_ms)))
        return SEVERITY_CRIT;
    if (look_reached(look, deadline - PAUSE_SOON_MS) ||
        (since && limits->pause_warn_ms > 0 && look_reached(look, since + limits->pause_warn_ms)))
        return SEVERITY_WARN;
    return SEVERITY_BUSY;
}

/* "24 h": for how long br keeps it, where PD does not say until when. */
static const char *ttl_text(const struct look *look, char buf[CLOCK_TEXT_MAX])
{
    int64_t ttl_ms = look_gc_ttl_ms(look);
    return ttl_ms == PAUSE_GC_TTL_MS ? "24 h" : clock_format_span(ttl_ms, buf);
}

static bool say_expired(struct look *look, int64_t deadline)
{
    char ttl[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    bool exact = look_hold_ms(look) != 0;
    look_found(look, "pause-expired", MARK_PAUSED, SEVERITY_CRIT);
    look_word(look, "Paused, past deadline");
    if (exact && look_pd_counts(look) && look->facts->pd.gc_safepoint && !look_gc_passed(look)) {
        look_say(look, " PD kept what resume needs until %s; GC has not passed its checkpoint yet, and may at any "
                 "moment.", look_time(look, deadline, at));
        return look_do(look, "Resume it at once: r.");
    }
    if (exact)
        look_say(look, " PD kept what resume needs until %s", look_time(look, deadline, at));
    else
        look_say(look, " BR kept what resume needs for %s, until about %s", ttl_text(look, ttl),
                 look_time(look, deadline, at));
    look_say(look, ": resume will probably fail (GC safepoint).");
    return look_do(look, "Then stop it, take a full backup and start anew with s.");
}

bool find_log_paused(struct look *look)
{
    int64_t deadline = state_pause_deadline_ms(look->record, look->facts);
    int64_t since = look_paused_since_ms(look);
    char left[CLOCK_TEXT_MAX], ttl[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    if (is_halting(look)) /* it is being resumed, or stopped */
        return false;
    say_paused_since(look, since);
    if (deadline == 0) {
        look_found(look, "paused", MARK_PAUSED, SEVERITY_WARN);
        look_word(look, "Paused");
        return look_say(look, " BR keeps what resume needs for about 24 h.");
    }
    if (look_reached(look, deadline))
        return say_expired(look, deadline);
    look_found(look, "paused", MARK_PAUSED, pause_severity(look, since, deadline));
    look_word(look, "Paused, %s left", look_left(look, deadline, left));
    if (look_hold_ms(look))
        look_say(look, " PD keeps what resume needs until %s: resume before then.", look_time(look, deadline, at));
    else
        look_say(look, " BR keeps what resume needs for %s: resume before about %s.", ttl_text(look, ttl),
                 look_time(look, deadline, at));
    say_idle_truncate(look);
    return true;
}

bool find_log_stopped(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    look_found(look, "stopped", MARK_STOPPED, SEVERITY_OK);
    look->found->role = ROLE_DIM;
    look_word(look, "Stopped");
    if (r->completed_ms)
        look_say(look, "Stopped at %s; stopped is final.", look_time(look, r->completed_ms, at));
    else
        look_say(look, "Stopped; that is final.");
    if (r->subcommand == LOG_COMMAND_START)
        look_say(look, " The log-start in its spec is ignored.");
    look_say(look, " Truncate still works; s makes a new log backup.");
    say_idle_truncate(look);
    return true;
}
