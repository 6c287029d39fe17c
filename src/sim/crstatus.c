#include <config.h>

#include "crstatus.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

static void put_condition(struct json *owner, const struct mark *mark, bool is_true)
{
    char time[CLOCK_TEXT_MAX];
    struct json *condition = json_new_object(), *list = json_new_array();
    json_set_string(condition, "lastTransitionTime", clock_format_rfc3339(mark->now_ms, time));
    json_set_string(condition, "message", mark->message ? mark->message : "");
    json_set_string(condition, "reason", mark->reason ? mark->reason : mark->type);
    json_set_string(condition, "status", is_true ? "True" : "False");
    json_set_string(condition, "type", mark->type);
    JSON_EACH(old, json_get(owner, "conditions"))
    {
        bool same = str_same(json_string(old, "type"), mark->type);
        json_append(list, same && condition ? condition : json_copy(old));
        if (same)
            condition = NULL;
    }
    if (condition)
        json_append(list, condition);
    json_set(owner, "conditions", list);
}

static void keep_null(struct json *object, const char *key)
{
    if (!json_get(object, key))
        json_set(object, key, json_new_null());
}

/* The status, with the times that are always told. */
static struct json *status_of(struct json *backup)
{
    struct json *status = json_object_in(backup, "status");
    keep_null(status, "timeCompleted");
    keep_null(status, "timeStarted");
    return status;
}

void status_condition(struct json *backup, const struct mark *mark, bool is_true)
{
    put_condition(status_of(backup), mark, is_true);
}

void status_mark(struct json *backup, const struct mark *mark)
{
    struct json *status = status_of(backup);
    put_condition(status, mark, true);
    json_set_string(status, "phase", mark->type);
}

static const struct json *entry_of(const struct json *backup, enum log_command command)
{
    return json_at(backup, "status", "logSubCommandStatuses", log_command_name(command), NULL);
}

const char *status_log_phase(const struct json *backup, enum log_command command)
{
    const char *phase = json_string(entry_of(backup, command), "phase");
    return phase ? phase : "";
}

const char *status_log_until(const struct json *backup, enum log_command command)
{
    const char *until = json_string(entry_of(backup, command), "logTruncatingUntil");
    return until ? until : "";
}

/* A pause makes the next resume possible, and the other way round. */
static const struct opposite {
    enum log_command command, other;
} opposites[] = {{LOG_PAUSE, LOG_RESUME}, {LOG_RESUME, LOG_PAUSE}};

/* What the end of a command makes of the whole Backup. */
static const struct ending {
    enum log_command command;
    const char *phase;
} endings[] = {{LOG_STOP, "Stopped"}, {LOG_PAUSE, "Paused"}, {LOG_RESUME, "Running"}};

void status_mark_log(struct json *backup, enum log_command command, const struct mark *mark)
{
    struct json *status = status_of(backup), *entries = json_object_in(status, "logSubCommandStatuses");
    struct json *entry = json_object_in(entries, log_command_name(command));
    json_set_string(entry, "command", log_command_name(command));
    put_condition(entry, mark, true);
    json_set_string(entry, "phase", mark->type);
    keep_null(entry, "timeCompleted");
    keep_null(entry, "timeStarted");
    if (command == LOG_TRUNCATE) {
        const char *until = json_text(json_at(backup, "spec", "logTruncateUntil", NULL));
        json_set_string(entry, "logTruncatingUntil", until ? until : "");
    }
    for (size_t i = 0; i < ARRAY_LEN(opposites); i++) {
        struct json *other = json_get_mut(entries, log_command_name(opposites[i].other));
        if (opposites[i].command == command && other)
            json_set_string(other, "phase", "Repeatable");
    }
    bool complete = str_same(mark->type, "Complete");
    if (command == LOG_START && !complete)
        status_mark(backup, mark);
    for (size_t i = 0; i < ARRAY_LEN(endings) && complete; i++)
        if (endings[i].command == command)
            status_mark(backup, &(struct mark){endings[i].phase, "Complete", mark->message, mark->now_ms});
}

void status_times(struct json *object, int64_t started_ms, int64_t completed_ms)
{
    const struct {
        const char *key;
        int64_t ms;
    } times[] = {{"timeStarted", started_ms}, {"timeCompleted", completed_ms}};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[CLOCK_TEXT_MAX];
        json_set_string(object, times[i].key, times[i].ms ? clock_format_rfc3339(times[i].ms, text) : NULL);
    }
}

void status_log_times(struct json *backup, enum log_command command, int64_t started_ms, int64_t completed_ms)
{
    struct json *entries = json_object_in(status_of(backup), "logSubCommandStatuses");
    status_times(json_object_in(entries, log_command_name(command)), started_ms, completed_ms);
}

char *status_duration(int64_t ms, char buf[32])
{
    int64_t s = (ms + 500) / 1000;
    if (s >= 3600)
        snprintf(buf, 32, "%" PRId64 "h%" PRId64 "m%" PRId64 "s", s / 3600, s / 60 % 60, s % 60);
    else if (s >= 60)
        snprintf(buf, 32, "%" PRId64 "m%" PRId64 "s", s / 60, s % 60);
    else
        snprintf(buf, 32, "%" PRId64 "s", s);
    return buf;
}
