#include <config.h>

#include "state_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>

static void holds_until(struct look *look, int64_t at_ms)
{
    if (at_ms > look->now_ms && at_ms < look->state->until_ms)
        look->state->until_ms = at_ms;
}

bool look_reached(struct look *look, int64_t at_ms)
{
    holds_until(look, at_ms);
    return look->now_ms >= at_ms;
}

char *look_age(struct look *look, int64_t since_ms, char buf[CLOCK_TEXT_MAX])
{
    int64_t age = look->now_ms - since_ms;
    if (age < 0) { /* another clock's time: it stands still until it is reached */
        holds_until(look, since_ms);
        return clock_format_span(0, buf);
    }
    holds_until(look, look->now_ms + clock_span_holds_ms(age, true));
    return clock_format_span(age, buf);
}

char *look_left(struct look *look, int64_t at_ms, char buf[CLOCK_TEXT_MAX])
{
    int64_t left = at_ms - look->now_ms;
    holds_until(look, look->now_ms + clock_span_holds_ms(left, false));
    return clock_format_span(left, buf);
}

char *look_time(struct look *look, int64_t ms, char buf[TSO_TEXT_MAX])
{
    if (look->sentence)
        holds_until(look, tso_short_until_ms(look->now_ms));
    return tso_format_ms(ms, TSO_SHORT, look->now_ms, buf);
}

bool look_found(struct look *look, enum state_mark mark, enum severity severity, enum role role)
{
    look->state->mark = mark;
    look->state->severity = severity;
    look->state->role = role;
    look->state->needs_you = severity >= SEVERITY_WARN;
    return true;
}

bool look_word(struct look *look, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(look->state->word, sizeof look->state->word, format, args);
    va_end(args);
    return true;
}

bool look_say(struct look *look, const char *format, ...)
{
    if (!look->sentence)
        return true;
    size_t used = strlen(look->state->sentence);
    va_list args;
    va_start(args, format);
    vsnprintf(look->state->sentence + used, sizeof look->state->sentence - used, format, args);
    va_end(args);
    return true;
}

void look_say_job(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    if (facts->pod.present && facts->pod.waiting[0])
        look_say(look, " Its Pod waits: %s%s%.120s.", facts->pod.waiting, facts->pod.message[0] ? ": " : "",
                 facts->pod.message);
    else if (facts->event.at_ms)
        look_say(look, " %s: %.150s.", facts->event.reason, facts->event.message);
    else if (facts->job.present && facts->job.failed)
        look_say(look, " Its Job %s has failed.", facts->job.name);
}
