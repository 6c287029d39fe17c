#include <config.h>

#include <brdeck/backup/command.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

enum { JOB_NAME_MAX = 63 }; /* the Job's name becomes a label of its Pods */

/* With no logSubcommand the phase and the old logStop decide. */
static enum log_command base_without_subcommand(const struct backup_record *record)
{
    if (record->log_stop == LOG_STOP_TRUE || record->phase == PHASE_STOPPED)
        return LOG_COMMAND_STOP;
    /* v1.6.4 and later resume by themselves; v2 (and v1.6.1 to 3) start, which is in sync: nothing */
    if (record->phase == PHASE_PAUSED && record->v1)
        return LOG_COMMAND_RESUME;
    return LOG_COMMAND_START;
}

enum log_command command_base(const struct backup_record *record)
{
    if (record->mode != BACKUP_LOG)
        return LOG_COMMAND_NONE;
    switch (record->subcommand) {
    case LOG_COMMAND_NONE:
        return base_without_subcommand(record);
    case LOG_COMMAND_START:
        return record->phase == PHASE_PAUSED ? LOG_COMMAND_RESUME : LOG_COMMAND_START;
    case LOG_COMMAND_STOP:
    case LOG_COMMAND_PAUSE:
        return record->subcommand;
    default: /* log-resume and log-truncate too: the CRD of v2 admits them, the controller does not */
        return LOG_COMMAND_UNKNOWN;
    }
}

bool command_in_sync(const struct backup_record *record, enum log_command base)
{
    switch (base) {
    case LOG_COMMAND_START:
        return record->has_commit_ts;
    case LOG_COMMAND_STOP:
        return record->phase == PHASE_STOPPED;
    case LOG_COMMAND_PAUSE:
        return record->phase == PHASE_PAUSED;
    case LOG_COMMAND_RESUME:
        return record->phase == PHASE_RUNNING;
    default:
        return false;
    }
}

enum log_command command_effective(const struct backup_record *record)
{
    enum log_command base = command_base(record);
    bool truncates = !str_empty(record->until) && !str_same(record->until, record->success_until);
    return truncates && command_in_sync(record, base) ? LOG_COMMAND_TRUNCATE : base;
}

static bool is_settled(const struct backup_record *record, enum log_command command)
{
    const struct backup_sub *sub = record_sub(record, command);
    if (sub->phase != PHASE_COMPLETE && sub->phase != PHASE_FAILED && sub->phase != PHASE_INVALID)
        return false;
    /* a new value of logTruncateUntil is a new run */
    return command != LOG_COMMAND_TRUNCATE || str_same(sub->until, record->until);
}

/* Compared as numbers, as the operator does: dates count as their instant. */
static bool truncates_nothing(const struct backup_record *record)
{
    tso_t until = tso_from_status(record->until);
    return until != 0 && (until <= record->commit_ts || until <= tso_from_status(record->success_until));
}

enum command_verdict command_verdict(const struct backup_record *record)
{
    enum log_command command = command_effective(record);
    if (command == LOG_COMMAND_NONE)
        return COMMAND_NOT_LOG;
    if (record->deleting_ms != 0)
        return COMMAND_DELETING;
    if (command == LOG_COMMAND_UNKNOWN)
        return COMMAND_REJECTED;
    if (command != LOG_COMMAND_TRUNCATE && command_in_sync(record, command))
        return COMMAND_IDLE;
    if (is_settled(record, command) || record->phase == PHASE_INVALID)
        return COMMAND_SETTLED;
    if (command == LOG_COMMAND_TRUNCATE && truncates_nothing(record))
        return COMMAND_NO_OP;
    bool needs_commit_ts = command != LOG_COMMAND_START && command != LOG_COMMAND_RESUME;
    return needs_commit_ts && !record->has_commit_ts ? COMMAND_WAITS : COMMAND_RUNS;
}

/* What each command leaves behind when it succeeds. */
static const struct result {
    enum phase phase;           /* of the whole; NONE: as it was */
    enum log_command opposite;  /* whose entry becomes Repeatable */
} results[LOG_COMMAND_COUNT] = {
    [LOG_COMMAND_START] = {PHASE_RUNNING, LOG_COMMAND_NONE},
    [LOG_COMMAND_STOP] = {PHASE_STOPPED, LOG_COMMAND_NONE},
    [LOG_COMMAND_PAUSE] = {PHASE_PAUSED, LOG_COMMAND_RESUME},
    [LOG_COMMAND_RESUME] = {PHASE_RUNNING, LOG_COMMAND_PAUSE},
};

/* A record that can be moved on: its sub-statuses stand in a row of their own. */
struct trial {
    struct backup_record record;
    struct backup_sub subs[LOG_COMMAND_COUNT];
};

static void trial_init(struct trial *trial, const struct backup_record *record)
{
    trial->record = *record;
    for (int c = 0; c < LOG_COMMAND_COUNT; c++) {
        trial->subs[c] = *record_sub(record, (enum log_command)c);
        trial->record.sub_at[c] = (unsigned char)(c + 1);
    }
    trial->record.subs = trial->subs;
}

static void trial_complete(struct trial *trial, enum log_command command)
{
    const struct result *result = &results[command];
    struct backup_record *record = &trial->record;
    trial->subs[command].phase = PHASE_COMPLETE;
    if (result->phase != PHASE_NONE)
        record->phase = result->phase;
    if (result->opposite != LOG_COMMAND_NONE && trial->subs[result->opposite].phase != PHASE_NONE)
        trial->subs[result->opposite].phase = PHASE_REPEATABLE;
    if (command == LOG_COMMAND_START)
        record->has_commit_ts = true;
    if (command == LOG_COMMAND_TRUNCATE)
        trial->subs[command].until = record->success_until = record->until;
}

size_t command_steps(const struct backup_record *record, struct command_step steps[COMMAND_STEPS_MAX])
{
    struct trial trial;
    size_t count = 0;
    trial_init(&trial, record);
    /* each turn settles one command, so there are no more turns than commands */
    for (int turn = 0; turn < LOG_COMMAND_COUNT && count < COMMAND_STEPS_MAX; turn++) {
        enum log_command command = command_effective(&trial.record);
        enum command_verdict verdict = command_verdict(&trial.record);
        if (verdict == COMMAND_WAITS && phase_is_active(trial.subs[LOG_COMMAND_START].phase)) {
            trial_complete(&trial, LOG_COMMAND_START); /* it runs already: what waits comes after */
            continue;
        }
        if (verdict != COMMAND_RUNS)
            break;
        steps[count].command = command;
        steps[count].until = command == LOG_COMMAND_TRUNCATE ? record->until : NULL;
        count++;
        trial_complete(&trial, command);
    }
    return count;
}

bool command_job_name(const char *name, enum log_command command, char *buf, size_t size)
{
    const char *tail = log_command_name(command);
    snprintf(buf, size, "backup-%s%s%s", name, *tail ? "-" : "", tail);
    return strlen("backup-") + strlen(name) + (*tail ? 1 : 0) + strlen(tail) <= JOB_NAME_MAX;
}
