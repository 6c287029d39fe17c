#include <config.h>

#include "follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

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

static bool sub_equal(const struct backup_sub *a, const struct backup_sub *b)
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
    return (!follow->before || !sub_equal(sub, record_sub(follow->before, command))) &&
           !sub_equal(sub, record_sub(follow->after, command));
}

/* -- one step ------------------------------------------------------------------- */

enum step_state { STEP_WAITS, STEP_BUSY, STEP_DONE, STEP_NOTHING, STEP_FAILED };

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
    case PHASE_FAILED:
    case PHASE_RETRY_FAILED:
    case PHASE_INVALID:
        return STEP_FAILED;
    default:
        return STEP_BUSY;
    }
}

/* The whole object failed, and had not when the plan was made. */
static bool whole_failed(const struct follow *follow, const struct backup_record *record)
{
    bool failed = record->phase == PHASE_FAILED || record->phase == PHASE_INVALID ||
                  (record->phase == PHASE_RETRY_FAILED && follow->action == ACTION_START);
    return failed && (!follow->before || follow->before->phase != record->phase);
}

/* -- words ------------------------------------------------------------------------ */

/* br's own words, where the message has them: what stands in [error="..."]; on one line. */
static void add_cause(struct str *text, const char *reason, const char *message)
{
    static const char opening[] = "[error=";
    const char *from = !str_empty(message) ? message : reason ? reason : "no reason is told";
    const char *own = strstr(from, opening);
    size_t len = strlen(from);
    if (own) {
        from = own + sizeof opening - 1;
        bool quoted = *from == '"';
        from += quoted;
        const char *end = strstr(from, quoted ? "\"]" : "]");
        len = end ? (size_t)(end - from) : strlen(from);
    }
    while (len && (from[len - 1] == '\n' || from[len - 1] == ' '))
        len--;
    for (size_t i = 0; i < len; i++)
        str_addc(text, from[i] == '\n' || from[i] == '\r' || from[i] == '\t' ? ' ' : from[i]);
}

static void sight_take(struct follow_sight *sight, enum br_outcome outcome, struct str *text)
{
    sight->outcome = outcome;
    snprintf(sight->text, sizeof sight->text, "%s", text->data);
    str_done(text);
}

static void tell_failed(const struct follow *follow, const struct command_step *step,
                        const struct backup_record *record, struct follow_sight *sight)
{
    const struct backup_sub *sub = record_sub(record, step->command);
    bool in_sub = sub->phase == PHASE_FAILED || sub->phase == PHASE_RETRY_FAILED || sub->phase == PHASE_INVALID;
    bool again = (in_sub ? sub->phase : record->phase) == PHASE_RETRY_FAILED;
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    str_addf(&text, "%s %s: ", log_command_name(step->command), again ? "cannot begin" : "failed");
    struct str cause;
    str_init(&cause, 300);
    if (in_sub)
        add_cause(&cause, sub->reason, sub->message);
    else
        add_cause(&cause, record->reason, record->message);
    str_addf(&text, "%s.", cause.data);
    str_done(&cause);
    if (again)
        str_add(&text, " The operator tries again by itself once that is mended.");
    else if (follow->action == ACTION_START)
        str_add(&text, " It is not tried again: mend the cause, then make a new one with s.");
    else
        str_addf(&text, " The operator does not try again by itself: mend the cause, then %s again.",
                 log_command_word(step->command));
    if (follow->at > 0)
        str_addf(&text, " %s before it was done.", log_command_name(follow->steps[follow->at - 1].command));
    sight_take(sight, BR_FAILED, &text);
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

static void tell_done(const struct follow *follow, const struct backup_record *record, struct follow_sight *sight)
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
    sight_take(sight, BR_DONE, &text);
}

static void tell_nothing(const struct command_step *step, const struct backup_record *record,
                         struct follow_sight *sight)
{
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    str_addf(&text, "the operator did nothing: %s says Complete, but logSuccessTruncateUntil is %s, not %s",
             log_command_name(step->command), str_empty(record->success_until) ? "empty" : record->success_until,
             step->until);
    sight_take(sight, BR_NOTHING, &text);
}

static void tell_busy(const struct follow *follow, const struct command_step *step, enum step_state state,
                      const struct backup_record *record, struct follow_sight *sight)
{
    const struct backup_sub *sub = record_sub(record, step->command);
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    if (state == STEP_WAITS)
        str_addf(&text, "%s: waits for the operator", log_command_name(step->command));
    else
        str_addf(&text, "%s: %s", log_command_name(step->command), phase_name(sub->phase));
    if (follow->step_count > 1)
        str_addf(&text, " (%zu of %zu)", follow->at + 1, follow->step_count);
    sight->phase = state == STEP_WAITS ? PHASE_NONE : sub->phase;
    sight_take(sight, BR_FOLLOWING, &text);
}

static bool tell(struct follow_sight *sight, enum br_outcome outcome, const char *text)
{
    sight->outcome = outcome;
    snprintf(sight->text, sizeof sight->text, "%s", text);
    return true;
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
    if (follow->action == ACTION_START)
        return record->phase != PHASE_STOPPED;
    if (follow->action == ACTION_TRUNCATE)
        return str_same(record->until, follow->after->until);
    return str_same(record->subcommand_text, follow->after->subcommand_text);
}

static bool tell_lost(const struct follow *follow, const struct backup_record *record, struct follow_sight *sight)
{
    if (record->deleting_ms)
        return tell(sight, BR_GONE, "it is being deleted: the operator only cleans up now");
    bool moved = follow->action == ACTION_START || record->generation > follow->generation;
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
    sight_take(sight, BR_REVERTED, &text);
    return true;
}

static bool step_is_dropped(const struct follow *follow, const struct command_step *step,
                            const struct backup_record *record)
{
    return step->command == LOG_COMMAND_TRUNCATE && follow->action != ACTION_TRUNCATE &&
           record->generation > follow->generation && !str_same(record->until, step->until) &&
           !str_same(record->success_until, step->until);
}

void follow_look(struct follow *follow, const struct backup_record *record, struct follow_sight *sight)
{
    *sight = (struct follow_sight){.outcome = BR_FOLLOWING};
    if (is_stale(follow, record)) {
        sight->stale = true;
        return;
    }
    if (strcmp(record->uid, follow->uid) != 0) {
        tell(sight, BR_GONE, "it was deleted, and another of that name is there now");
        return;
    }
    enum step_state state = STEP_DONE;
    const struct command_step *step = NULL;
    for (; follow->at < follow->step_count; follow->at++) {
        step = &follow->steps[follow->at];
        if (step_is_dropped(follow, step, record)) {
            follow->truncate_dropped = true;
            continue;
        }
        state = step_state(follow, step, record);
        if (state != STEP_DONE)
            break;
    }
    if (follow->at == follow->step_count) {
        sight->phase = PHASE_COMPLETE;
        tell_done(follow, record, sight);
        return;
    }
    sight->phase = record_sub(record, step->command)->phase;
    if (state == STEP_NOTHING)
        tell_nothing(step, record, sight);
    else if (state == STEP_FAILED || whole_failed(follow, record))
        tell_failed(follow, step, record, sight);
    else if (!tell_lost(follow, record, sight))
        tell_busy(follow, step, state, record, sight);
}

/* -- what changed --------------------------------------------------------------------- */

static const char *or_none(const char *text) { return str_empty(text) ? "not set" : text; }

static void add_difference(struct str *out, const char *what, const char *a, const char *b)
{
    if (str_same(a ? a : "", b ? b : ""))
        return;
    str_addf(out, "%s%s was %.100s, is %.100s", out->len ? "; " : "", what, or_none(a), or_none(b));
}

void follow_difference(const struct backup_record *a, const struct backup_record *b, char *buf, size_t size)
{
    struct str out;
    str_init(&out, size - 1);
    if (strcmp(a->uid, b->uid) != 0) { /* what it says is no change */
        snprintf(buf, size, "it is another object of that name");
        str_done(&out);
        return;
    }
    if (!a->deleting_ms && b->deleting_ms)
        str_addf(&out, "%sit is being deleted", out.len ? "; " : "");
    add_difference(&out, "the phase", a->phase_text ? a->phase_text : phase_name(a->phase),
                   b->phase_text ? b->phase_text : phase_name(b->phase));
    add_difference(&out, "logSubcommand", a->subcommand_text, b->subcommand_text);
    add_difference(&out, "logTruncateUntil", a->until, b->until);
    add_difference(&out, "logSuccessTruncateUntil", a->success_until, b->success_until);
    for (int c = LOG_COMMAND_START; c < LOG_COMMAND_COUNT; c++) {
        const struct backup_sub *x = record_sub(a, (enum log_command)c), *y = record_sub(b, (enum log_command)c);
        if (x->phase != y->phase)
            add_difference(&out, log_command_name((enum log_command)c), phase_name(x->phase), phase_name(y->phase));
        else if (!sub_equal(x, y))
            str_addf(&out, "%s%s ran again", out.len ? "; " : "", log_command_name((enum log_command)c));
    }
    if (!out.len)
        str_add(&out, "the spec was changed");
    snprintf(buf, size, "%s", out.data);
    str_done(&out);
}
