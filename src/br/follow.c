#include <config.h>

#include "follow_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

uint64_t follow_version(const char *resource_version)
{
    uint64_t number = 0;
    for (const char *c = resource_version ? resource_version : ""; *c; c++) {
        unsigned digit = (unsigned)(*c - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    return number;
}

enum log_command follow_command(const struct follow *follow)
{
    size_t at = follow->at < follow->step_count ? follow->at : follow->step_count - 1;
    return follow->step_count ? follow->steps[at].command : LOG_COMMAND_NONE;
}

bool follow_sub_equal(const struct backup_sub *a, const struct backup_sub *b)
{
    return a->phase == b->phase && a->started_ms == b->started_ms && a->completed_ms == b->completed_ms &&
           a->changed_ms == b->changed_ms && str_same(a->until, b->until) && str_same(a->message, b->message);
}

/* A retry drops the entry: neither the old one nor none is a sign. Where it is known that the object is no older than
 * the write's answer, which had none, any entry is a new one, even if it failed in the same words and second. */
static bool is_new(const struct follow *follow, enum log_command command, const struct backup_sub *sub,
                   const struct backup_record *record)
{
    if (follow->is_retry && command == action_get(follow->action)->command && follow->version &&
        follow_version(record->resource_version) >= follow->version)
        return true;
    if (follow->at_work && command == follow->steps[0].command)
        return true;
    return (!follow->before || !follow_sub_equal(sub, record_sub(follow->before, command))) &&
           !follow_sub_equal(sub, record_sub(follow->after, command));
}

/* -- one step ------------------------------------------------------------------- */

/* What the whole object must say when a sub-command is Complete. */
static bool result_is_there(const struct command_step *step, const struct backup_record *record)
{
    switch (step->command) {
    case LOG_COMMAND_PAUSE:
        return record->phase == PHASE_PAUSED;
    case LOG_COMMAND_RESUME:
        return record->phase == PHASE_RUNNING;
    case LOG_COMMAND_STOP:
        return record->phase == PHASE_STOPPED;
    case LOG_COMMAND_START:
        return record->has_commit_ts && (record->phase == PHASE_RUNNING || record->phase == PHASE_PAUSED);
    case LOG_COMMAND_TRUNCATE: /* rule 5: both must be the value that was sent */
        return str_same(record_sub(record, LOG_COMMAND_TRUNCATE)->until, step->until) &&
               str_same(record->success_until, step->until);
    default:
        return false;
    }
}

static enum step_state step_state(const struct follow *follow, const struct command_step *step,
                                  const struct backup_record *record)
{
    const struct backup_sub *sub = record_sub(record, step->command);
    if (sub->phase == PHASE_NONE || !is_new(follow, step->command, sub, record))
        return STEP_WAITS;
    switch (sub->phase) {
    case PHASE_COMPLETE:
        if (result_is_there(step, record))
            return STEP_DONE;
        if (step->command != LOG_COMMAND_TRUNCATE)
            return STEP_BUSY;
        return str_same(sub->until, step->until) ? STEP_NOTHING : STEP_WAITS;
    case PHASE_REPEATABLE: { /* it was done, and its opposite has run since; or only the latter */
        const struct backup_sub *before = follow->before ? record_sub(follow->before, step->command) : &backup_sub_none;
        return sub->completed_ms && sub->completed_ms != before->completed_ms ? STEP_DONE : STEP_WAITS;
    }
    case PHASE_RETRY_FAILED: /* the operator comes back to it, with growing pauses */
        return STEP_RETRIES;
    case PHASE_FAILED:
    case PHASE_INVALID:
        return STEP_FAILED;
    default:
        return STEP_BUSY;
    }
}

/* The whole object failed, and had not when the plan was made. */
static bool whole_failed(const struct follow *follow, const struct backup_record *record)
{
    bool failed = record->phase == PHASE_FAILED || record->phase == PHASE_INVALID;
    return failed && (!follow->before || follow->before->phase != record->phase);
}

/* -- the whole -------------------------------------------------------------------- */

static bool is_stale(const struct follow *follow, const struct backup_record *record)
{
    uint64_t version = follow_version(record->resource_version);
    if (version && follow->version && version < follow->version)
        return true;
    return strcmp(record->uid, follow->uid) == 0 && record->generation < follow->generation;
}

/* Whether the spec still asks for what was asked. */
static bool still_asked(const struct follow *follow, const struct backup_record *record)
{
    if (follow->action == ACTION_START || follow->action == ACTION_CREATE)
        return record->phase != PHASE_STOPPED;
    if (follow->action == ACTION_TRUNCATE)
        return str_same(record->until, follow->after->until);
    return str_same(record->subcommand_text, follow->after->subcommand_text);
}

static bool tell_lost(const struct follow *follow, const struct backup_record *record, struct follow_sight *sight)
{
    if (record->deleting_ms)
        return follow_tell(sight, BR_GONE, "it is being deleted: the operator only cleans up now");
    bool made = follow->action == ACTION_START || follow->action == ACTION_CREATE;
    bool moved = made || record->generation > follow->generation;
    if (!moved || still_asked(follow, record))
        return false;
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    if (follow->action == ACTION_TRUNCATE)
        str_addf(&text, "somebody changed the spec before it was done: logTruncateUntil is now %s",
                 record->until ? record->until : "not set");
    else
        str_addf(&text, "somebody changed the spec before it was done: logSubcommand is now %s",
                 record->subcommand_text ? record->subcommand_text : "not set");
    if (record->managed_by)
        str_addf(&text, " (%s manages this object)", record->managed_by);
    follow_take(sight, BR_REVERTED, &text);
    return true;
}

static bool step_is_dropped(const struct follow *follow, const struct command_step *step,
                            const struct backup_record *record)
{
    return step->command == LOG_COMMAND_TRUNCATE && follow->action != ACTION_TRUNCATE &&
           record->generation > follow->generation && !str_same(record->until, step->until) &&
           !str_same(record->success_until, step->until);
}

/* The first step that is not done, and how it stands; NULL: all are. */
static const struct command_step *next_step(struct follow *follow, const struct backup_record *record,
                                            enum step_state *state)
{
    for (; follow->at < follow->step_count; follow->at++) {
        const struct command_step *step = &follow->steps[follow->at];
        if (step_is_dropped(follow, step, record)) {
            follow->truncate_dropped = true;
            continue;
        }
        *state = step_state(follow, step, record);
        if (*state != STEP_DONE)
            return step;
    }
    return NULL;
}

static void look_at_steps(struct follow *follow, const struct backup_record *record, const struct backup_facts *facts,
                          const char *errors, struct follow_sight *sight)
{
    enum step_state state = STEP_DONE;
    const struct command_step *step = next_step(follow, record, &state);
    if (!step) {
        sight->phase = PHASE_COMPLETE;
        follow_tell_done(follow, record, sight);
        return;
    }
    struct backup_facts own;
    sight->phase = record_sub(record, step->command)->phase;
    follow_own_facts(follow, record, state, sight->phase, facts, &own);
    snprintf(sight->job, sizeof sight->job, "%s", own.job.name);
    snprintf(sight->pod, sizeof sight->pod, "%s", own.pod.name);
    if (state == STEP_NOTHING)
        follow_tell_nothing(step, record, sight);
    else if (state == STEP_FAILED || whole_failed(follow, record))
        follow_tell_failed(follow, step, record, &own, errors, sight);
    else if (!tell_lost(follow, record, sight))
        follow_tell_busy(follow, step, state, record, &own, sight);
}

void follow_look(struct follow *follow, const struct backup_record *record, const struct backup_facts *facts,
                 const char *errors, struct follow_sight *sight)
{
    *sight = (struct follow_sight){.outcome = BR_FOLLOWING, .progress = -1};
    if (is_stale(follow, record))
        sight->stale = true;
    else if (strcmp(record->uid, follow->uid) != 0)
        follow_gone(follow, true, sight);
    else if (follow->step_count)
        look_at_steps(follow, record, facts, errors, sight);
    else
        follow_look_whole(follow, record, facts, errors, sight);
}
