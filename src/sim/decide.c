#include <config.h>

#include "decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

enum { TSO_SHIFT = 18 };

static const char *const names[] = {
    [LOG_START] = "log-start",   [LOG_STOP] = "log-stop",         [LOG_PAUSE] = "log-pause",
    [LOG_RESUME] = "log-resume", [LOG_TRUNCATE] = "log-truncate", [LOG_UNKNOWN] = "log-unknown",
};

const char *log_command_name(enum log_command command) { return names[command]; }

static const char *text_of(const struct json *object, const char *key)
{
    const char *text = json_string(object, key);
    return text ? text : "";
}

struct log_view log_view_of(const struct json *backup, bool v1)
{
    const struct json *spec = json_get(backup, "spec"), *status = json_get(backup, "status");
    return (struct log_view){.subcommand = text_of(spec, "logSubcommand"),
                             .until = text_of(spec, "logTruncateUntil"),
                             .stop = json_is_true(json_get(spec, "logStop")),
                             .phase = text_of(status, "phase"),
                             .commit_ts = text_of(status, "commitTs"),
                             .success_until = text_of(status, "logSuccessTruncateUntil"),
                             .v1 = v1};
}

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

enum log_command decide_base(const struct log_view *view)
{
    bool paused = is(view->phase, "Paused");
    if (is(view->subcommand, "")) {
        if (view->stop || is(view->phase, "Stopped"))
            return LOG_STOP;
        return paused && view->v1 ? LOG_RESUME : LOG_START;
    }
    if (is(view->subcommand, names[LOG_START]))
        return paused ? LOG_RESUME : LOG_START;
    if (is(view->subcommand, names[LOG_STOP]))
        return LOG_STOP;
    if (is(view->subcommand, names[LOG_PAUSE]))
        return LOG_PAUSE;
    return LOG_UNKNOWN;
}

static bool is_in_sync(const struct log_view *view, enum log_command base)
{
    switch (base) {
    case LOG_START:
        return !is(view->commit_ts, "");
    case LOG_STOP:
        return is(view->phase, "Stopped");
    case LOG_PAUSE:
        return is(view->phase, "Paused");
    default:
        return false;
    }
}

enum log_command decide_command(const struct log_view *view)
{
    enum log_command base = decide_base(view);
    if (is_in_sync(view, base) && !is(view->until, "") && !is(view->until, view->success_until))
        return LOG_TRUNCATE;
    return base;
}

uint64_t decide_tso(const char *text)
{
    int64_t ms;
    char *end;
    errno = 0;
    uint64_t tso = strtoull(text, &end, 10);
    if (*text && !*end && !errno)
        return tso;
    if (clock_parse_rfc3339(text, &ms) && ms > 0)
        return (uint64_t)ms << TSO_SHIFT;
    struct tm tm = {.tm_isdst = -1};
    const char *rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    time_t seconds = rest && !*rest ? mktime(&tm) : 0;
    return seconds > 0 ? (uint64_t)seconds * 1000 << TSO_SHIFT : 0;
}

enum decision decide(const struct log_view *view, enum log_command command, const char *sub_phase,
                     const char *sub_until)
{
    if (command == LOG_UNKNOWN)
        return DECISION_NOTHING;
    bool truncate = command == LOG_TRUNCATE;
    bool ended = is(sub_phase, "Complete") || is(sub_phase, "Failed");
    if (ended && (!truncate || is(sub_until, view->until)))
        return DECISION_NOTHING;
    if (!truncate && is_in_sync(view, command))
        return DECISION_NOTHING;
    if (command != LOG_START && is(view->commit_ts, ""))
        return DECISION_WAIT;
    if (truncate) {
        uint64_t until = decide_tso(view->until);
        if (until <= decide_tso(view->commit_ts) ||
            (!is(view->success_until, "") && until <= decide_tso(view->success_until)))
            return DECISION_TRUNCATE_DONE;
    }
    return DECISION_RUN;
}
