#include <config.h>

#include "cause_private.h"
#include "state_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

const struct check_limits check_of_state = {.lag_warn_ms = LAG_WARN_MS, .lag_crit_ms = LAG_CRIT_MS};

void look_init(struct look *look, const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms,
               bool sentence)
{
    static const struct backup_facts no_facts;
    *look = (struct look){.record = record, .facts = facts ? facts : &no_facts, .limits = &check_of_state,
                          .now_ms = now_ms, .sentence = sentence, .until_ms = INT64_MAX};
}

/* -- time ------------------------------------------------------------------------------------- */

static void holds_until(const struct look *look, int64_t *until_ms, int64_t at_ms)
{
    if (at_ms > look->now_ms && at_ms < *until_ms)
        *until_ms = at_ms;
}

bool look_reached(struct look *look, int64_t at_ms)
{
    holds_until(look, &look->until_ms, at_ms);
    return look->now_ms >= at_ms;
}

char *look_age(struct look *look, int64_t since_ms, char buf[CLOCK_TEXT_MAX])
{
    int64_t age = look->now_ms - since_ms;
    if (age < 0) { /* another clock's time: it stands still until it is reached */
        holds_until(look, &look->found->until_ms, since_ms);
        return clock_format_span(0, buf);
    }
    holds_until(look, &look->found->until_ms, look->now_ms + clock_span_holds_ms(age, true));
    return clock_format_span(age, buf);
}

char *look_left(struct look *look, int64_t at_ms, char buf[CLOCK_TEXT_MAX])
{
    int64_t left = at_ms - look->now_ms;
    holds_until(look, &look->found->until_ms, look->now_ms + clock_span_holds_ms(left, false));
    return clock_format_span(left, buf);
}

char *look_time(struct look *look, int64_t ms, char buf[TSO_TEXT_MAX])
{
    if (look->sentence)
        holds_until(look, &look->found->until_ms, tso_short_until_ms(look->now_ms));
    return tso_format_ms(ms, TSO_SHORT, look->now_ms, buf);
}

char *look_clock(struct look *look, int64_t ms, char buf[TSO_TEXT_MAX])
{
    holds_until(look, &look->found->until_ms, tso_short_until_ms(look->now_ms));
    tso_format_ms(ms, TSO_SHORT, look->now_ms, buf);
    char *minutes = strchr(buf, ':'), *seconds = minutes ? strchr(minutes + 1, ':') : NULL;
    if (seconds)
        *seconds = '\0';
    return buf;
}

/* -- what is told ----------------------------------------------------------------------------- */

bool look_found(struct look *look, const char *id, enum state_mark mark, enum severity severity)
{
    static const enum role roles[] = {ROLE_OK, ROLE_BUSY, ROLE_WARN, ROLE_CRIT};
    struct found *found = look->found;
    found->id = id;
    found->mark = mark;
    found->severity = severity;
    found->role = roles[severity];
    found->needs_you = severity >= SEVERITY_WARN;
    return true;
}

bool look_word(struct look *look, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(look->found->word, sizeof look->found->word, format, args);
    va_end(args);
    return true;
}

static void add(char *text, size_t size, const char *format, va_list args)
{
    size_t used = strlen(text);
    vsnprintf(text + used, size - used, format, args);
}

#define ADDS(field) \
    do { \
        if (look->sentence) { \
            va_list args; \
            va_start(args, format); \
            add(look->found->field, sizeof look->found->field, format, args); \
            va_end(args); \
        } \
        return true; \
    } while (0)

bool look_say(struct look *look, const char *format, ...) { ADDS(sentence); }

bool look_show(struct look *look, const char *format, ...) { ADDS(evidence); }

bool look_do(struct look *look, const char *format, ...) { ADDS(action); }

const struct cause *look_cause(struct look *look)
{
    if (!look->cause_asked)
        look->cause = cause_of_record(look->record, look->facts);
    look->cause_asked = true;
    if (look->cause == cause_of_cluster(look->facts)) /* a finding of its own, and not what made a Job fail */
        look->cause = NULL;
    if (look->cause)
        look->found->cause = look->cause->id;
    return look->cause;
}

const struct cause *look_cause_of(struct look *look, const char *error)
{
    const struct cause *cause = look->sentence ? cause_find(&(struct cause_signs){.log = error}) : NULL;
    if (cause)
        look->found->cause = cause->id;
    return cause;
}

bool look_word_with_cause(struct look *look, const char *word)
{
    const struct cause *cause = look_cause(look);
    return cause ? look_word(look, "%s, %s", word, cause->word) : look_word(look, "%s", word);
}

bool look_do_cause(struct look *look, const char *otherwise)
{
    const struct cause *cause = look_cause(look);
    return look_do(look, "%s", cause ? cause->action : otherwise);
}

/* How its Pod ended, where that tells more than that br ended with an error, which the object says itself. */
static bool end_tells(const struct backup_facts *facts)
{
    return facts->pod.present && facts->pod.ended[0] && strcmp(facts->pod.ended, "Completed") != 0 &&
           (strcmp(facts->pod.ended, "Error") != 0 || facts->pod.exit_code != 1 || facts->pod.message[0]);
}

/* br's last error, unless the object tells the same. */
static void show_log_error(struct look *look)
{
    char text[CAUSE_MAX];
    if (!look->facts->log_error[0])
        return;
    cause_text(NULL, look->facts->log_error, text, sizeof text);
    if (!strstr(look->found->sentence, text))
        look_show(look, "%sbr: %s", look->found->evidence[0] ? "; " : "", text);
}

/* As much of what Kubernetes tells as @size holds, with dots where it is cut; "" where it tells nothing. */
static const char *brief(const char *message, size_t size, char *buf)
{
    return message[0] ? cause_text(NULL, message, buf, size) : "";
}

void look_show_job(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    char text[160];
    if (!look->sentence || !cause_facts_count(look->record, facts))
        return;
    if (end_tells(facts))
        look_show(look, "its Pod ended with %s, exit code %d%s%s", facts->pod.ended, facts->pod.exit_code,
                  facts->pod.message[0] ? ": " : "", brief(facts->pod.message, 84, text));
    else if (facts->pod.present && facts->pod.waiting[0] && (facts->pod.message[0] || !facts->event.at_ms))
        look_show(look, "its Pod waits: %s%s%s", facts->pod.waiting, facts->pod.message[0] ? ": " : "",
                  brief(facts->pod.message, 124, text));
    else if (facts->event.at_ms)
        look_show(look, "Event of the %s: %s: %s", facts->event.about, facts->event.reason,
                  brief(facts->event.message, 154, text));
    else if (facts->job.present && facts->job.failed && strcmp(facts->job.reason, "BackoffLimitExceeded") != 0)
        look_show(look, "Job %s has failed%s%s", facts->job.name, facts->job.reason[0] ? ": " : "", facts->job.reason);
    show_log_error(look);
}

/* -- what is known ---------------------------------------------------------------------------- */

/* When anything of the object's conditions changed last, to the second. */
static int64_t last_change_ms(const struct backup_record *r)
{
    int64_t last = r->changed_ms;
    for (int c = LOG_COMMAND_START; c < LOG_COMMAND_COUNT; c++) {
        const struct backup_sub *sub = record_sub(r, (enum log_command)c);
        last = sub->changed_ms > last ? sub->changed_ms : last;
        last = sub->completed_ms > last ? sub->completed_ms : last;
    }
    return last;
}

bool look_pd_counts(struct look *look)
{
    int64_t read_ms = look->facts->pd.read_ms;
    return read_ms != 0 && read_ms >= last_change_ms(look->record) + 1000 && !look_reached(look, read_ms + PD_FRESH_MS);
}

bool look_is_working(const struct look *look)
{
    enum log_command command = command_effective(look->record);
    return command != LOG_COMMAND_NONE && command != LOG_COMMAND_START && command != LOG_COMMAND_UNKNOWN &&
           phase_is_active(record_sub(look->record, command)->phase);
}

bool look_in_flight(const struct look *look)
{
    enum command_verdict verdict = command_verdict(look->record);
    return verdict == COMMAND_RUNS || verdict == COMMAND_WAITS || verdict == COMMAND_DELETING || look_is_working(look);
}

/* Nothing is backed up from a time that has not come: clocks may differ by minutes, not by more. */
bool pd_checkpoint_is_sane(const struct backup_facts *facts)
{
    return tso_to_ms(facts->pd.checkpoint) <= facts->pd.read_ms + CHECKPOINT_AHEAD_MS;
}

/* A checkpoint only grows: what PD said is true for good, unless it is of a task from before this object. */
tso_t look_checkpoint(const struct look *look)
{
    const struct backup_record *r = look->record;
    const struct backup_facts *facts = look->facts;
    bool told = facts->pd.read_ms != 0 && facts->pd.read_ms >= r->created_ms && pd_checkpoint_is_sane(facts);
    return told && facts->pd.checkpoint > r->checkpoint ? facts->pd.checkpoint : r->checkpoint;
}

int64_t look_gc_ttl_ms(const struct look *look)
{
    return look->record->gc_ttl_ms ? look->record->gc_ttl_ms : PAUSE_GC_TTL_MS;
}

bool look_gc_passed(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    tso_t checkpoint = look_checkpoint(look);
    if (facts->pd.gc_read_ms == 0 || facts->pd.gc_safepoint == 0 || facts->pd.checkpoint == 0 ||
        facts->pd.task_missing || checkpoint > facts->pd.gc_safepoint)
        return false;
    /* br refuses what is equal, too; one that runs has lost nothing then */
    return (facts->pd.paused || checkpoint < facts->pd.gc_safepoint) && look_pd_counts(look);
}

void look_say_until(struct look *look, int64_t deadline_ms)
{
    char at[TSO_TEXT_MAX];
    if (deadline_ms && look_hold_ms(look))
        look_say(look, " PD keeps what resume needs until %s.", look_time(look, deadline_ms, at));
    else if (deadline_ms)
        look_say(look, " BR keeps what resume needs until about %s.", look_time(look, deadline_ms, at));
}
