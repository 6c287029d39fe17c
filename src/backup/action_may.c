#include <config.h>

#include <brdeck/backup/action.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/backup/state.h>
#include <brdeck/base/alloc.h>

#include <brdeck/backup/cause.h>
#include "state_private.h"

/* What is asked, and the answer in the making. */
struct ask {
    const struct action *action;
    const struct backup_record *record;
    const struct backup_facts *facts; /* never NULL */
    bool has_status_sub;
    int64_t now_ms;
    struct action_verdict *verdict;
};

__attribute__((format(printf, 3, 4)))
static bool deny(struct ask *ask, const char *brief, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ask->verdict->why, sizeof ask->verdict->why, format, args);
    va_end(args);
    ask->verdict->allowed = ask->verdict->is_retry = false;
    snprintf(ask->verdict->brief, sizeof ask->verdict->brief, "%s", brief);
    return true;
}

__attribute__((format(printf, 2, 3)))
static bool warn(struct ask *ask, const char *format, ...)
{
    size_t used = strlen(ask->verdict->why);
    va_list args;
    if (used > 0 && used + 1 < sizeof ask->verdict->why) {
        ask->verdict->why[used++] = ' ';
        ask->verdict->why[used] = '\0';
    }
    va_start(args, format);
    vsnprintf(ask->verdict->why + used, sizeof ask->verdict->why - used, format, args);
    va_end(args);
    return false; /* the next rules still have their say */
}

static bool rule_new(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (r->mode != BACKUP_LOG || r->deleting_ms || r->phase == PHASE_STOPPED || r->phase == PHASE_FAILED ||
        r->phase == PHASE_INVALID)
        return true;
    if (r->phase == PHASE_PAUSED)
        return deny(ask, "paused: use r", "It is paused: r resumes it. For a new log backup of the same cluster "
                    "stop this one first: TiDB takes one log task a cluster.");
    warn(ask, "TiDB takes one log task a cluster, and %.63s still has it: stop that first, or choose another "
         "cluster.", r->name);
    return true;
}

static bool rule_not_log(struct ask *ask)
{
    if (ask->record->mode == BACKUP_LOG)
        return false;
    return deny(ask, "a snapshot", "It is a snapshot backup, which runs once: there is no log to %s.",
                ask->action->name);
}

static bool rule_deleting(struct ask *ask)
{
    char at[TSO_TEXT_MAX];
    if (ask->record->deleting_ms == 0)
        return false;
    return deny(ask, "being deleted", "It is being deleted since %s: the operator only cleans up now.",
                tso_format_ms(ask->record->deleting_ms, TSO_LOCAL, 0, at));
}

static bool rule_name_too_long(struct ask *ask)
{
    char job[512];
    const char *name = ask->record->name;
    if (command_job_name(name, ask->action->command, job, sizeof job))
        /* log-resume is the longer word: never pause what cannot be resumed */
        return ask->action->id == ACTION_PAUSE && !command_job_name(name, LOG_COMMAND_RESUME, job, sizeof job) &&
               deny(ask, "name too long to resume", "It could be paused, but never resumed: with a name of more than "
                    "45 bytes (this has %zu) the operator cannot make the Job of log-resume.", strlen(name));
    const char *command = log_command_name(ask->action->command);
    size_t room = 63 - strlen("backup-") - 1 - strlen(command);
    return deny(ask, "name too long", "The name has %zu bytes, and with more than %zu the operator cannot make the "
                "Job of %s (backup-NAME-%s must fit 63).", strlen(name), room, command, command);
}

static bool rule_not_picked_up(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (r->phase != PHASE_NONE)
        return false;
    if (str_empty(r->cluster))
        return deny(ask, "names no cluster", "The operator cannot work on it: its spec names no cluster. Make a new "
                    "one with spec.br.cluster.");
    return deny(ask, "not picked up", "The operator has not picked it up: its status is empty. See that the "
                "operator runs and that %s %.64s is there.", r->v1 ? "TidbCluster" : "Cluster", r->cluster);
}

static bool rule_stopped(struct ask *ask)
{
    if (ask->record->phase != PHASE_STOPPED)
        return false;
    if (ask->action->id == ACTION_STOP)
        return deny(ask, "already stopped", "It is stopped already. Truncate still works; s makes a new log backup.");
    return deny(ask, "stopped is final", "Stopped is final: a stopped log backup cannot be %sd; truncate still "
                "works, and s makes a new one.", ask->action->name);
}

static bool rule_dead(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    char cause[120];
    cause_text(r->reason, r->message, cause, sizeof cause);
    if (r->phase == PHASE_CLEAN || r->phase == PHASE_CLEAN_FAILED)
        return deny(ask, "being cleaned", "Its data is being removed from storage: there is nothing to %s any more; "
                    "make a new one with s.", ask->action->name);
    if (r->phase == PHASE_INVALID)
        return deny(ask, "invalid spec", "The operator refused the spec (%s) and does not look again: make a new "
                    "one with s.",
                    cause);
    bool start_failed = record_sub(r, LOG_COMMAND_START)->phase == PHASE_FAILED && !r->has_commit_ts;
    if (start_failed || (r->phase == PHASE_FAILED && !r->has_commit_ts))
        return deny(ask, "its start failed", "log-start failed (%s) and is not tried again: this one is dead, make "
                    "a new one with s.", cause);
    if (r->phase == PHASE_FAILED && (ask->action->id == ACTION_PAUSE || ask->action->id == ACTION_RESUME))
        return deny(ask, "failed", "The log task failed (%s): there is nothing to %s; make a new one with s.", cause,
                    ask->action->name);
    return false;
}

static bool rule_no_commit_ts(struct ask *ask)
{
    if (ask->record->has_commit_ts)
        return false;
    return deny(ask, "no COMMITTS yet", "COMMITTS is not there yet: log-start has not ended, and the operator would "
                "wait for it. Try again when it runs.");
}

static bool rule_in_progress(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    enum log_command command = command_effective(r);
    const struct backup_sub *sub = record_sub(r, command);
    if (!phase_is_active(sub->phase) || command == LOG_COMMAND_UNKNOWN)
        return false;
    if (command == ask->action->command)
        return deny(ask, "under way", "%s is under way already (%s).", log_command_name(command),
                    phase_name(sub->phase));
    bool hangs = sub->phase != PHASE_RUNNING && sub->changed_ms && ask->now_ms - sub->changed_ms >= STUCK_MS;
    if (!hangs) {
        char brief[64];
        snprintf(brief, sizeof brief, "%s under way", log_command_word(command));
        return deny(ask, brief, "%s is under way (%s): wait for its end.", log_command_name(command),
                    phase_name(sub->phase));
    }
    return warn(ask, "%s hangs in %s; its Job may still come up.", log_command_name(command), phase_name(sub->phase));
}

static bool rule_already_paused(struct ask *ask)
{
    if (ask->record->phase != PHASE_PAUSED)
        return false;
    return deny(ask, "already paused", "It is paused already: r resumes it.");
}

static bool rule_not_paused(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (r->phase == PHASE_PAUSED)
        return false;
    if (str_same(r->reason, "LogBackupErrorPaused"))
        return deny(ask, "stopped by an error", "The log task stands still after an error, and the operator does "
                    "not resume it then: mend the cause and run br log resume.");
    return deny(ask, "not paused", "It is not paused: there is nothing to resume.");
}

static bool rule_out_of_sync(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    enum log_command base = command_base(r);
    if (command_in_sync(r, base))
        return false;
    if (base == LOG_COMMAND_UNKNOWN)
        return deny(ask, "spec is ignored", "The spec says logSubcommand %.24s, which the operator ignores: a "
                    "truncate would never run. %s first.", r->subcommand_text, r->phase == PHASE_PAUSED ? "Resume "
                    "with r" : "Set it to log-start with kubectl edit");
    if (r->phase == PHASE_STOPPED)
        return deny(ask, "behind another command", "It would wait behind %s, which can do nothing on a stopped log "
                    "backup: set logSubcommand to log-stop with kubectl edit first.", log_command_name(base));
    if (record_sub(r, base)->phase == PHASE_FAILED)
        return deny(ask, "behind a failed command", "It would wait behind the failed %s: try that again first.",
                    log_command_name(base));
    return deny(ask, "behind another command", "It would wait behind %s: let that end first.", log_command_name(base));
}

static bool rule_no_checkpoint(struct ask *ask)
{
    if (ask->record->checkpoint != 0)
        return false;
    return deny(ask, "no checkpoint", "The operator has read no checkpoint, so nobody can say what a truncate leaves: "
                "it reads it from PD once a minute while the backup runs; %s.",
                ask->record->phase == PHASE_RUNNING ? "wait for it" :
                ask->record->phase == PHASE_PAUSED ? "resume it first" : "see br log metadata --storage");
}

static bool job_is_active(const struct ask *ask)
{
    char job[128];
    const struct backup_facts *facts = ask->facts;
    command_job_name(ask->record->name, ask->action->command, job, sizeof job);
    return facts->job.present && !facts->job.failed && !facts->job.complete &&
           strncmp(facts->job.name, job, sizeof facts->job.name - 1) == 0;
}

/* Rule 6: a failed entry is dropped from the status, and the operator runs the command again. */
static bool rule_failed_before(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    enum log_command command = ask->action->command;
    const char *word = ask->action->name;
    if (record_sub(r, command)->phase != PHASE_FAILED)
        return false;
    if (command_effective(r) != command) {
        /* a truncate with another time is a new run; the others stay settled whatever the spec says */
        if (command != LOG_COMMAND_TRUNCATE)
            warn(ask, "The last %s failed and will not be retried by itself: this only writes the spec, then %s "
                 "once more has it run.", word, ask->action->key);
        return false;
    }
    if (job_is_active(ask))
        return deny(ask, "its Job still runs", "The last %s failed, but its Job %s is still active: wait for its "
                    "end.", word,
                    ask->facts->job.name);
    if (!ask->has_status_sub && !r->v1)
        return deny(ask, "cannot be retried", "The last %s failed and will not be retried by itself, and this "
                    "server has no /status by which to ask for it%s.", word, command == LOG_COMMAND_TRUNCATE ? "; "
                    "take another time" : "");
    if (command == LOG_COMMAND_RESUME && cause_is_gc(record_sub(r, command)->reason, record_sub(r, command)->message))
        warn(ask, "It failed because GC has passed the log's checkpoint: it will fail again. Rather stop it, take a "
             "full backup and start anew with s.");
    ask->verdict->is_retry = true;
    snprintf(ask->verdict->brief, sizeof ask->verdict->brief, "tries the failed %s again", word);
    warn(ask, "The last %s failed and will not be retried by itself: this drops its entry from the status, and the "
         "operator runs it again.", word);
    return ask->has_status_sub ? false : warn(ask, "On this old operator that is not verified.");
}

/* The spec says so already, and nothing has come of it: writing it again changes nothing. */
static bool rule_asked_before(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    enum log_command says = ask->action->id == ACTION_RESUME ? LOG_COMMAND_START : ask->action->command;
    if (r->subcommand != says || ask->verdict->is_retry || command_effective(r) != ask->action->command)
        return false;
    if (command_verdict(r) == COMMAND_SETTLED)
        return deny(ask, "settled", "The spec says so already, and the operator takes its last %s for done: only "
                    "taking %s out of status.logSubCommandStatuses (kubectl edit --subresource=status) has it run "
                    "again.", ask->action->name, log_command_name(ask->action->command));
    return deny(ask, "asked already", "The spec asks for it already; the operator has not begun. See that it runs.");
}

static bool rule_deadline(struct ask *ask)
{
    int64_t deadline = state_pause_deadline_ms(ask->record, ask->facts);
    char at[TSO_TEXT_MAX];
    if (state_gc_passed(ask->record, ask->facts, ask->now_ms))
        return warn(ask, "Resume will fail: the cluster's GC safepoint, %s, has passed the log's checkpoint. Rather "
                    "stop it, take a full backup and start anew with s.",
                    tso_format(ask->facts->pd.gc_safepoint, TSO_LOCAL, 0, at));
    if (deadline == 0 || ask->now_ms < deadline)
        return false;
    if (state_pause_deadline_is_exact(ask->record, ask->facts))
        return warn(ask, "Resume may fail: GC safepoint (PD kept what it needs until %s). Then stop it, take a full "
                    "backup and start anew with s.", tso_format_ms(deadline, TSO_LOCAL, 0, at));
    return warn(ask, "Resume will probably fail: GC safepoint (BR kept what it needs until about %s). Then stop it, "
                "take a full backup and start anew with s.", tso_format_ms(deadline, TSO_LOCAL, 0, at));
}

/* The operator hands the filters and options of the spec to every command, and br dies on a flag it does not know. */
static bool rule_flags(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    const char *flag = r->filtered ? "--filter" : NULL;
    if (!flag && r->gc_ttl_ms && ask->action->id != ACTION_PAUSE)
        flag = "--gc-ttl";
    if (!flag)
        return false;
    return warn(ask, "br will probably refuse: the spec's %s goes to %s too, which does not know it.", flag,
                log_command_name(ask->action->command));
}

/* -- delete, retain, remove-finalizer: of any Backup ----------------------------------------- */

static bool rule_delete_again(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    char at[TSO_TEXT_MAX];
    if (r->deleting_ms == 0)
        return false;
    return deny(ask, "being deleted", "It is being deleted since %s already.%s",
                tso_format_ms(r->deleting_ms, TSO_LOCAL, 0, at), r->has_finalizer ?
                " Where that hangs, remove-finalizer lets the object go; nothing is stopped or cleaned then." : "");
}

static bool rule_delete_hangs(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (!r->has_finalizer)
        return false;
    if (ask->facts->cluster.missing)
        return warn(ask, "The delete will hang: %s %.64s is not there, and the operator does nothing without it.",
                    r->v1 ? "TidbCluster" : "Cluster", r->cluster);
    if (ask->facts->cluster.paused || ask->facts->cluster.suspended)
        return warn(ask, "The delete will hang until %s %.64s is no longer %s.", r->v1 ? "TidbCluster" : "Cluster",
                    r->cluster, ask->facts->cluster.paused ? "paused" : "suspended");
    return false;
}

/* A task that the operator takes for dead is not stopped with its object. */
static bool rule_delete_leaves_task(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (r->mode != BACKUP_LOG || !r->has_commit_ts || r->phase == PHASE_STOPPED)
        return false;
    if (!r->has_finalizer)
        return warn(ask, "The operator's finalizer is off: the object goes at once, and its log task is not stopped.");
    if (r->phase == PHASE_FAILED || r->phase == PHASE_RETRY_FAILED || r->phase == PHASE_INVALID)
        return warn(ask, "The operator does not stop the log task of what is %s: the task may live on in PD; see br "
                    "log status.", phase_name(r->phase));
    return false;
}

static bool rule_retained(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (r->clean_policy == CLEAN_RETAIN)
        return deny(ask, "is kept already", "Its cleanPolicy is Retain already: a delete leaves the data.");
    if (r->phase == PHASE_CLEAN)
        return deny(ask, "is being cleaned", "Its data is being removed from storage already, by the Job clean-%.200s.",
                    r->name);
    if (r->deleting_ms)
        return warn(ask, "It is being deleted: this keeps the data only if the operator has not begun to remove it.");
    return false;
}

static bool rule_finalizer(struct ask *ask)
{
    const struct backup_record *r = ask->record;
    if (r->deleting_ms == 0)
        return deny(ask, "not being deleted", "It is not being deleted: the finalizer is what has the operator stop "
                                              "and "
                    "clean up first. Delete it; only where that hangs, take the finalizer off.");
    if (!r->has_finalizer)
        return deny(ask, "no finalizer", "The operator's finalizer is off already; who set the others must take them "
                    "off.");
    const char *job = ask->facts->job.name;
    bool of_delete = strncmp(job, "stop-", strlen("stop-")) == 0 || strncmp(job, "clean-", strlen("clean-")) == 0;
    if (of_delete && ask->facts->job.present && !ask->facts->job.failed && !ask->facts->job.complete)
        return warn(ask, "Its Job %.63s is at work and goes with the object, in the middle of it: rather wait for its "
                    "end, or see why it hangs.", job);
    return false;
}

#define OF(id) (1u << ACTION_##id)
enum { OF_ALL_BUT_START = OF(PAUSE) | OF(RESUME) | OF(STOP) | OF(TRUNCATE) };

/* In order; the first that returns true has decided. */
static const struct {
    unsigned actions;
    bool (*rule)(struct ask *ask);
} rules[] = {
    {OF(START), rule_new},
    {OF_ALL_BUT_START, rule_not_log},
    {OF_ALL_BUT_START, rule_deleting},
    {OF_ALL_BUT_START, rule_not_picked_up},
    {OF(PAUSE) | OF(RESUME) | OF(STOP), rule_stopped},
    {OF_ALL_BUT_START, rule_dead},
    {OF_ALL_BUT_START, rule_no_commit_ts},
    {OF_ALL_BUT_START, rule_name_too_long},
    {OF_ALL_BUT_START, rule_in_progress},
    {OF(PAUSE), rule_already_paused},
    {OF(RESUME), rule_not_paused},
    {OF(TRUNCATE), rule_out_of_sync},
    {OF(TRUNCATE), rule_no_checkpoint},
    {OF_ALL_BUT_START, rule_failed_before},
    {OF(PAUSE) | OF(RESUME) | OF(STOP), rule_asked_before},
    {OF(RESUME), rule_deadline},
    {OF_ALL_BUT_START, rule_flags},
    {OF(DELETE), rule_delete_again},
    {OF(DELETE), rule_delete_hangs},
    {OF(DELETE), rule_delete_leaves_task},
    {OF(RETAIN), rule_retained},
    {OF(REMOVE_FINALIZER), rule_finalizer},
};

void action_may(enum action_id id, const struct backup_record *record, const struct backup_facts *facts,
                bool has_status_sub, int64_t now_ms, struct action_verdict *verdict)
{
    static const struct backup_facts no_facts;
    struct ask ask = {action_get(id), record, facts ? facts : &no_facts, has_status_sub, now_ms, verdict};
    *verdict = (struct action_verdict){.allowed = true};
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if ((rules[i].actions & 1u << id) && rules[i].rule(&ask))
            return;
}
