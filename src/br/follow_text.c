#include <config.h>

#include "follow_private.h"

#include <stdio.h>

#include <brdeck/base/alloc.h>

void follow_take(struct follow_sight *sight, enum br_outcome outcome, struct str *text)
{
    sight->outcome = outcome;
    snprintf(sight->text, sizeof sight->text, "%s", text->data);
    str_done(text);
}

bool follow_tell(struct follow_sight *sight, enum br_outcome outcome, const char *text)
{
    sight->outcome = outcome;
    snprintf(sight->text, sizeof sight->text, "%s", text);
    return true;
}

void follow_add_cause(struct str *text, const struct cause *cause)
{
    if (cause)
        str_addf(text, " (%s). %s", cause->sentence, cause->action);
    else
        str_addc(text, '.');
}

static bool is_failure(enum phase phase)
{
    return phase == PHASE_FAILED || phase == PHASE_RETRY_FAILED || phase == PHASE_INVALID;
}

void follow_tell_failed(const struct follow *follow, const struct command_step *step,
                        const struct backup_record *record, const struct backup_facts *own, const char *errors,
                        struct follow_sight *sight)
{
    const struct backup_sub *sub = record_sub(record, step->command);
    bool in_sub = is_failure(sub->phase);
    const char *reason = in_sub ? sub->reason : record->reason, *message = in_sub ? sub->message : record->message;
    char words[300];
    sight->cause = cause_find(&(struct cause_signs){.reason = reason, .message = message, .facts = own, .log = errors});
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    str_addf(&text, "%s failed: %s", log_command_name(step->command), cause_text(reason, message, words, sizeof words));
    follow_add_cause(&text, sight->cause);
    if (follow->action == ACTION_START || step->command == LOG_COMMAND_START)
        str_add(&text, sight->cause ? " It is not tried again: then make a new one with s." :
                                      " It is not tried again: mend the cause, then make a new one with s.");
    else if (!cause_is_gc(reason, message)) /* then no retry helps */
        str_addf(&text, " The operator does not try again by itself: %s %s again.",
                 sight->cause ? "then" : "mend the cause, then", log_command_word(step->command));
    if (follow->at > 0)
        str_addf(&text, " %s before it was done.", log_command_name(follow->steps[follow->at - 1].command));
    follow_take(sight, BR_FAILED, &text);
}

static void add_done(struct str *text, const struct command_step *step, const struct backup_record *record)
{
    char at[TSO_TEXT_MAX];
    int64_t deadline = state_pause_deadline_ms(record, NULL);
    switch (step->command) {
    case LOG_COMMAND_PAUSE:
        str_add(text, record->phase == PHASE_RUNNING ? "paused, and resumed since" : "paused");
        if (deadline)
            str_addf(text, "; resume it before about %s, or the chain is lost",
                     tso_format_ms(deadline, TSO_LOCAL, 0, at));
        break;
    case LOG_COMMAND_RESUME:
        str_add(text, "runs again");
        break;
    case LOG_COMMAND_STOP:
        str_add(text, "stopped, for good");
        break;
    case LOG_COMMAND_START:
        str_addf(text, "runs; COMMITTS %s", tso_format(record->commit_ts, TSO_LOCAL, 0, at));
        break;
    case LOG_COMMAND_TRUNCATE:
        str_addf(text, "the log before %s is gone", tso_format(tso_from_status(step->until), TSO_LOCAL, 0, at));
        break;
    default:
        break;
    }
}

void follow_tell_done(const struct follow *follow, const struct backup_record *record, struct follow_sight *sight)
{
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    for (size_t i = 0; i < follow->step_count; i++) {
        if (follow->truncate_dropped && follow->steps[i].command == LOG_COMMAND_TRUNCATE)
            continue;
        if (i > 0)
            str_add(&text, "; ");
        add_done(&text, &follow->steps[i], record);
    }
    if (follow->truncate_dropped)
        str_add(&text, "; the waiting logTruncateUntil was taken out by somebody, nothing was truncated");
    follow_take(sight, BR_DONE, &text);
}

void follow_tell_nothing(const struct command_step *step, const struct backup_record *record,
                         struct follow_sight *sight)
{
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    str_addf(&text, "the operator did nothing: %s says Complete, but logSuccessTruncateUntil is %s, not %s",
             log_command_name(step->command), str_empty(record->success_until) ? "empty" : record->success_until,
             step->until);
    follow_take(sight, BR_NOTHING, &text);
}

void follow_tell_busy(const struct follow *follow, const struct command_step *step, enum step_state state,
                      const struct backup_record *record, const struct backup_facts *own, struct follow_sight *sight)
{
    const struct backup_sub *sub = record_sub(record, step->command);
    const char *name = log_command_name(step->command);
    char words[200];
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    if (state == STEP_WAITS)
        str_addf(&text, "%s: waits for the operator", name);
    else if (state == STEP_RETRIES)
        str_addf(&text, "%s cannot begin: %s", name, cause_text(sub->reason, sub->message, words, sizeof words));
    else
        str_addf(&text, "%s: %s", name, phase_name(sub->phase));
    if (follow->step_count > 1)
        str_addf(&text, " (%zu of %zu)", follow->at + 1, follow->step_count);
    sight->phase = state == STEP_WAITS ? PHASE_NONE : sub->phase;
    sight->untouched = state == STEP_WAITS;
    follow_tell_stuck(follow, record, own, state, sub->reason, sub->message, &text, sight);
    if (state == STEP_RETRIES && !sight->cause)
        str_add(&text, "; the operator tries again by itself once that is mended");
    follow_take(sight, BR_FOLLOWING, &text);
}
