#include <config.h>

#include "podlog.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

struct line {
    int64_t ms;
    char *text;
};

struct reader;
struct podlog {
    struct podlog *next;
    char *ns, *name;
    struct line *lines;
    size_t count, cap;
    bool ended, dropped; /* dropped: readers finish, then it goes */
    struct reader *readers;
};

struct reader {
    struct reader *prev, *next;
    struct podlog *log; /* NULL: there never was one */
    struct podlog_spec spec;
    size_t at;
    struct str out;
    size_t sent;
    bool asleep;
};

static struct podlog *find(const struct podlogs *logs, const char *ns, const char *name)
{
    for (struct podlog *log = logs->first; log; log = log->next)
        if (!log->dropped && strcmp(log->name, name) == 0 && strcmp(log->ns, ns) == 0)
            return log;
    return NULL;
}

static void log_free(struct podlog *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->lines[i].text);
    free(log->lines);
    free(log->ns);
    free(log->name);
    free(log);
}

void podlogs_done(struct podlogs *logs)
{
    while (logs->first) {
        struct podlog *log = logs->first;
        logs->first = log->next;
        log_free(log);
    }
}

static void wake(struct podlog *log)
{
    for (struct reader *reader = log->readers; reader; reader = reader->next)
        if (reader->asleep) {
            reader->asleep = false;
            MHD_resume_connection(reader->spec.connection);
        }
}

void podlog_add(struct podlogs *logs, const char *ns, const char *name, const char *format, ...)
{
    struct podlog *log = find(logs, ns, name);
    if (!log) {
        log = xcalloc(1, sizeof *log);
        log->ns = xstrdup(ns);
        log->name = xstrdup(name);
        log->next = logs->first;
        logs->first = log;
    }
    if (log->count == log->cap) {
        log->cap = log->cap ? 2 * log->cap : 16;
        log->lines = xreallocarray(log->lines, log->cap, sizeof *log->lines);
    }
    struct str text;
    str_init(&text, STR_SMALL);
    va_list args;
    va_start(args, format);
    str_vaddf(&text, format, args);
    va_end(args);
    log->lines[log->count++] = (struct line){.ms = clock_wall_ms(), .text = str_take(&text)};
    wake(log);
}

char *podlog_tail(const struct podlogs *logs, const char *ns, const char *name, size_t lines, size_t bytes)
{
    const struct podlog *log = find(logs, ns, name);
    struct str text;
    str_init(&text, STR_LARGE);
    for (size_t i = log && log->count > lines ? log->count - lines : 0; log && i < log->count; i++)
        str_addf(&text, "%s\n", log->lines[i].text);
    if (text.len > bytes)
        str_drop(&text, text.len - bytes);
    return str_take(&text);
}

void podlogs_end(struct podlogs *logs)
{
    for (struct podlog *log = logs->first; log; log = log->next) {
        log->ended = true;
        wake(log);
    }
}

void podlog_end(struct podlogs *logs, const char *ns, const char *name)
{
    struct podlog *log = find(logs, ns, name);
    if (!log)
        return;
    log->ended = true;
    wake(log);
}

void podlog_drop(struct podlogs *logs, const char *ns, const char *name)
{
    struct podlog *log = find(logs, ns, name);
    if (!log)
        return;
    log->ended = log->dropped = true;
    wake(log);
    if (log->readers)
        return; /* podlogs_done frees it */
    for (struct podlog **at = &logs->first; *at; at = &(*at)->next)
        if (*at == log) {
            *at = log->next;
            log_free(log);
            return;
        }
}

static void add_line(struct reader *reader, const struct line *line)
{
    if (line->ms < reader->spec.since_ms)
        return;
    if (reader->spec.timestamps) {
        char time[CLOCK_TEXT_MAX];
        clock_format_rfc3339(line->ms, time);
        time[strcspn(time, "Z")] = '\0';
        str_addf(&reader->out, "%s.%03d000000Z ", time, (int)(line->ms % 1000));
    }
    str_addf(&reader->out, "%s\n", line->text);
}

static ssize_t reader_read(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct reader *reader = arg;
    struct podlog *log = reader->log;
    (void)pos;
    if (reader->sent == reader->out.len) {
        str_clear(&reader->out);
        reader->sent = 0;
        while (log && reader->at < log->count && reader->out.len < STR_SMALL)
            add_line(reader, &log->lines[reader->at++]);
    }
    size_t n = reader->out.len - reader->sent;
    if (reader->spec.limit_bytes >= 0 && n > (size_t)reader->spec.limit_bytes)
        n = (size_t)reader->spec.limit_bytes;
    if (n == 0 && reader->spec.follow && log && !log->ended && reader->spec.limit_bytes != 0) {
        reader->asleep = true;
        MHD_suspend_connection(reader->spec.connection);
        return 0;
    }
    if (n == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (reader->spec.cut_after == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    n = n < max ? n : max;
    if (reader->spec.cut_after > 0) {
        n = n < (size_t)reader->spec.cut_after ? n : (size_t)reader->spec.cut_after;
        reader->spec.cut_after -= (int64_t)n;
    }
    if (reader->spec.limit_bytes > 0)
        reader->spec.limit_bytes -= (int64_t)n;
    memcpy(buf, reader->out.data + reader->sent, n);
    reader->sent += n;
    return (ssize_t)n;
}

static void reader_free(void *arg)
{
    struct reader *reader = arg;
    if (reader->prev)
        reader->prev->next = reader->next;
    else if (reader->log)
        reader->log->readers = reader->next;
    if (reader->next)
        reader->next->prev = reader->prev;
    str_done(&reader->out);
    free(reader);
}

struct MHD_Response *podlog_response(struct podlogs *logs, const char *ns, const char *name,
                                     const struct podlog_spec *spec)
{
    struct reader *reader = xcalloc(1, sizeof *reader);
    reader->spec = *spec;
    reader->log = find(logs, ns, name);
    str_init(&reader->out, STR_LARGE);
    if (reader->log) {
        size_t count = reader->log->count;
        if (spec->tail_lines >= 0 && (size_t)spec->tail_lines < count)
            reader->at = count - (size_t)spec->tail_lines;
        reader->next = reader->log->readers;
        if (reader->next)
            reader->next->prev = reader;
        reader->log->readers = reader;
    }
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STR_SMALL, reader_read, reader, reader_free);
}
