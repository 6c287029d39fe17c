#include <config.h>

#include "state_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include <brdeck/backup/cause.h>

enum { CAUSE_MAX = 160 };

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
        look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
        look_word(look, "Starting, %s", look_age(look, since, age));
    } else {
        look_found(look, MARK_BUSY, SEVERITY_BUSY, ROLE_BUSY);
        look_word(look, "Starting");
    }
    look_say(look, "log-start runs: COMMITTS comes when br has set the log task up.");
    look_say_job(look);
    return true;
}

/* The operator of v2 never looks whether the task really runs; PD knows. */
bool find_log_pd_trouble(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct backup_facts *facts = look->facts;
    const char *trouble = NULL;
    if (facts->pd.read_ms == 0 || facts->pd.read_ms < r->changed_ms || look_reached(look,
                                                            facts->pd.read_ms + PD_FRESH_MS))
        return false;
    if (facts->pd.task_missing)
        trouble = "no task in PD";
    else if (facts->pd.error[0])
        trouble = "task error";
    else if (facts->pd.paused && r->phase == PHASE_RUNNING)
        trouble = "paused in PD";
    if (!trouble)
        return false;
    look_found(look, MARK_TROUBLE, SEVERITY_CRIT, ROLE_CRIT);
    look_word(look, "%s, %s", phase_name(r->phase), trouble);
    if (facts->pd.task_missing)
        return look_say(look, "The object says %s, but PD knows no such log task: nothing is backed up. Stop it, "
                        "then s makes a new log backup; it needs a new full backup.", phase_name(r->phase));
    if (facts->pd.error[0])
        return look_say(look, "TiKV store %d reports: %s. Mend the cause, then resume the task: BR keeps what "
                        "resume needs for 24 h.", facts->pd.error_store, facts->pd.error);
    return look_say(look, "The object says Running, but the task is paused in PD%s%s: nothing is backed up.",
                    facts->pd.paused_by[0] ? " by " : "", facts->pd.paused_by);
}

/* Whatever else is told of a paused one, its clock runs on. */
static void say_deadline(struct look *look)
{
    int64_t deadline = state_pause_deadline_ms(look->record, look->facts);
    char at[TSO_TEXT_MAX];
    if (deadline)
        look_say(look, " BR keeps what resume needs until about %s.", look_time(look, deadline, at));
}

/* A logTruncateUntil that fires once the base command is in sync: whatever else is told, log data will go. */
static void say_waiting_truncate(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    tso_t until = look->sentence ? tso_from_status(r->until) : 0;
    if (!look->sentence || str_empty(r->until) || str_same(r->until, r->success_until) || command_effective(r) == LOG_COMMAND_TRUNCATE)
        return;
    if (until != 0 && (until <= r->commit_ts || until <= tso_from_status(r->success_until)))
        return; /* it would do nothing */
    if (until)
        look_say(look, " A truncate until %s waits behind it and runs next.", look_time(look, tso_to_ms(until), at));
    else
        look_say(look, " A truncate until %.40s waits behind it and runs next.", r->until);
}

/* A Job of the command that the spec asks for is on its way. */
bool find_log_working(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    const struct backup_sub *sub = record_sub(r, command);
    const char *doing = words[command].doing;
    char age[CLOCK_TEXT_MAX], late[CLOCK_TEXT_MAX + 2] = "";

    if (!phase_is_active(sub->phase) || command == LOG_COMMAND_START || command == LOG_COMMAND_UNKNOWN)
        return false;
    if (sub->phase != PHASE_RUNNING && sub->changed_ms && look_reached(look, sub->changed_ms + STUCK_MS)) {
        snprintf(late, sizeof late, ", %s", look_age(look, sub->changed_ms, age));
        look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
        char job[128];
        command_job_name(r->name, command, job, sizeof job);
        look_say(look, "%s is %s for long: its Job %s does not get on.", log_command_name(command),
                 phase_name(sub->phase), job);
        if (!look->facts->event.at_ms && !look->facts->pod.present)
            look_say(look, " Its Events tell why.");
    } else {
        look_found(look, MARK_BUSY, SEVERITY_BUSY, ROLE_BUSY);
        look_say(look, "%s is under way (%s).", log_command_name(command), phase_name(sub->phase));
    }
    if (doing)
        look_word(look, "%s%s", doing, late);
    else
        look_word(look, "%s, truncating%s", phase_name(r->phase), late);
    look_say_job(look);
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
    look_found(look, crit ? MARK_FAILED : MARK_TROUBLE, crit ? SEVERITY_CRIT : SEVERITY_WARN,
               crit ? ROLE_CRIT : ROLE_WARN);
    look_word(look, "%s, %s failed", phase_name(r->phase), log_command_word(command));
    look_say(look, "%s failed: %s.", log_command_name(command),
             cause_text(sub->reason, sub->message, cause, sizeof cause));
    if (command == LOG_COMMAND_RESUME && cause_is_gc(sub->reason, sub->message))
        return look_say(look, " It cannot be resumed any more: stop it, take a full backup and start anew with s.");
    look_say(look, " The operator does not try again by itself; %s does. The phase is still %s.", words[command].key,
             phase_name(r->phase));
    say_deadline(look);
    say_waiting_truncate(look);
    return true;
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
    look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
    look_word(look, "%s, %s retrying", phase_name(r->phase), log_command_word(command));
    return look_say(look, "%s cannot begin: %s. The operator tries again by itself once that is mended.",
                    log_command_name(command), cause_text(sub->reason, sub->message, cause, sizeof cause));
}

bool find_log_rejected(struct look *look)
{
    const struct backup_record *r = look->record;
    if (command_verdict(r) != COMMAND_REJECTED)
        return false;
    look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
    look_word(look, "%s, spec ignored", phase_name(r->phase));
    look_say(look, "The spec says logSubcommand %.24s, which the operator ignores: nothing happens.",
             r->subcommand_text);
    look_say(look, r->phase == PHASE_PAUSED ? " r resumes it." : " Set it right with kubectl edit.");
    say_deadline(look);
    return true;
}

/* The spec asks, and nothing has been done about it: the operator is about to, or is not there. */
bool find_log_asked(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    enum command_verdict verdict = command_verdict(r);
    /* whether v1 resumes without being told depends on its version: nobody asked */
    bool by_itself = command == LOG_COMMAND_RESUME && r->subcommand == LOG_COMMAND_NONE;
    if ((verdict != COMMAND_RUNS && verdict != COMMAND_WAITS) || command == LOG_COMMAND_START || by_itself)
        return false;
    int64_t deadline = state_pause_deadline_ms(r, look->facts);
    if (deadline && look_reached(look, deadline - PAUSE_SOON_MS))
        look_found(look, MARK_TROUBLE, SEVERITY_CRIT, ROLE_CRIT);
    else
        look_found(look, MARK_BUSY, SEVERITY_BUSY, ROLE_BUSY);
    look_word(look, "%s, %s asked", phase_name(r->phase), log_command_word(command));
    char at[TSO_TEXT_MAX];
    tso_t until = command == LOG_COMMAND_TRUNCATE ? tso_from_status(r->until) : 0;
    look_say(look, "The spec asks for %s%s%s; the operator has not begun. If this stays, see that it runs.",
             log_command_name(command), until ? " until " : "", until ? look_time(look, tso_to_ms(until), at) : "");
    say_deadline(look);
    say_waiting_truncate(look);
    return true;
}

static tso_t checkpoint_of(const struct look *look)
{
    tso_t own = look->record->checkpoint, pd = look->facts->pd.read_ms ? look->facts->pd.checkpoint : 0;
    return pd > own ? pd : own;
}

/* The lag is told first; a command that failed, or was asked for, is still to be told. */
static bool say_besides(struct look *look)
{
    const struct backup_record *r = look->record;
    enum log_command command = command_effective(r);
    enum command_verdict verdict = command_verdict(r);
    const struct backup_sub *sub = record_sub(r, command);
    char cause[CAUSE_MAX];
    if (sub->phase == PHASE_FAILED && verdict == COMMAND_SETTLED)
        look_say(look, " %s failed besides: %s; %s tries it again.", log_command_name(command),
                 cause_text(sub->reason, sub->message, cause, sizeof cause), words[command].key);
    else if (verdict == COMMAND_RUNS && command != LOG_COMMAND_START)
        look_say(look, " The spec asks for %s besides.", log_command_name(command));
    say_waiting_truncate(look);
    return true;
}

static bool lagging(struct look *look, int64_t limit_ms, enum severity severity, enum role role)
{
    tso_t checkpoint = checkpoint_of(look);
    char age[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    int64_t at_ms = tso_to_ms(checkpoint);
    if (checkpoint == 0 || !look_reached(look, at_ms + limit_ms))
        return false;
    look_found(look, MARK_TROUBLE, severity, role);
    look_word(look, "Running, lagging");
    if (!look->sentence)
        return true;
    look_say(look, "The checkpoint stands %s back: what came after %s cannot be restored yet. Look at the storage, "
             "the TiKV logs and br log status.", look_age(look, at_ms, age), look_time(look, at_ms, at));
    return say_besides(look);
}

bool find_log_lag_crit(struct look *look) { return lagging(look, LAG_CRIT_MS, SEVERITY_CRIT, ROLE_CRIT); }

bool find_log_lag_warn(struct look *look) { return lagging(look, LAG_WARN_MS, SEVERITY_WARN, ROLE_WARN); }

bool find_log_no_checkpoint(struct look *look)
{
    int64_t since = started_ms(look->record);
    char at[TSO_TEXT_MAX];
    if (checkpoint_of(look) != 0 || since == 0 || !look_reached(look, since + STARTING_LONG_MS))
        return false;
    look_found(look, MARK_TROUBLE, SEVERITY_WARN, ROLE_WARN);
    look_word(look, "Running, no checkpoint");
    return look_say(look, "It runs since %s, but no checkpoint has come: the operator reads it from PD once a "
                    "minute. See that it reaches PD.", look_time(look, since, at));
}

bool find_log_running(struct look *look)
{
    tso_t checkpoint = checkpoint_of(look);
    char at[TSO_TEXT_MAX];
    look_found(look, MARK_RUNNING, SEVERITY_OK, ROLE_OK);
    look_word(look, "Running");
    if (checkpoint == 0)
        return look_say(look, "Running; the first checkpoint comes within minutes.");
    return look_say(look, "The log is backed up to %s.", look_time(look, tso_to_ms(checkpoint), at));
}

static void say_paused_since(struct look *look, int64_t since)
{
    char at[TSO_TEXT_MAX];
    if (since)
        look_say(look, "Paused since %s by %s.", look_time(look, since, at),
                 look->facts->pd.paused_by[0] ? look->facts->pd.paused_by : "log-pause");
    else
        look_say(look, "Paused, since when is not known.");
}

bool find_log_paused(struct look *look)
{
    const struct backup_record *r = look->record;
    int64_t deadline = state_pause_deadline_ms(r, look->facts);
    int64_t ttl_ms = r->gc_ttl_ms ? r->gc_ttl_ms : PAUSE_GC_TTL_MS;
    char left[CLOCK_TEXT_MAX], ttl[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];

    say_paused_since(look, deadline ? deadline - ttl_ms : 0);
    if (deadline == 0) {
        look_found(look, MARK_PAUSED, SEVERITY_WARN, ROLE_WARN);
        look_word(look, "Paused");
        return look_say(look, " BR keeps what resume needs for about 24 h.");
    }
    if (ttl_ms == PAUSE_GC_TTL_MS)
        snprintf(ttl, sizeof ttl, "24 h");
    else
        clock_format_span(ttl_ms, ttl);
    if (look_reached(look, deadline)) {
        look_found(look, MARK_PAUSED, SEVERITY_CRIT, ROLE_CRIT);
        look_word(look, "Paused, past deadline");
        return look_say(look, " BR kept what resume needs for %s, until about %s: resume will probably fail (GC "
                        "safepoint). Then stop it, take a full backup and start anew with s.", ttl, look_time(look,
                                                            deadline, at));
    }
    if (look_reached(look, deadline - PAUSE_NOW_MS))
        look_found(look, MARK_PAUSED, SEVERITY_CRIT, ROLE_CRIT);
    else if (look_reached(look, deadline - PAUSE_SOON_MS))
        look_found(look, MARK_PAUSED, SEVERITY_WARN, ROLE_WARN);
    else
        look_found(look, MARK_PAUSED, SEVERITY_BUSY, ROLE_BUSY);
    look_word(look, "Paused, %s left", look_left(look, deadline, left));
    return look_say(look, " BR keeps what resume needs for %s: resume before about %s.", ttl, look_time(look,
                                                            deadline, at));
}

bool find_log_stopped(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    look_found(look, MARK_STOPPED, SEVERITY_OK, ROLE_DIM);
    look_word(look, "Stopped");
    if (r->completed_ms)
        look_say(look, "Stopped at %s; stopped is final.", look_time(look, r->completed_ms, at));
    else
        look_say(look, "Stopped; that is final.");
    return look_say(look, " Truncate still works; s makes a new log backup.");
}
