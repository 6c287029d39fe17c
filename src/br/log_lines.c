/* log_lines.c - what was read of a log: its last lines, br's errors among them, and the file that is kept of it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>

#include "log_private.h"

void log_lines_init(struct br_log *log) { str_init(&log->held, 2 * (size_t)BR_LOG_KEEP); }

void log_lines_done(struct br_log *log)
{
    for (size_t i = 0; i < log->error_count; i++)
        free(log->errors[i]);
    str_done(&log->held);
}

static void hold(struct br_log *log, const char *line, size_t len)
{
    if (log->held.len + len + 1 > 2 * (size_t)BR_LOG_KEEP)
        str_drop(&log->held, str_tail(log->held.data, log->held.len, BR_LOG_KEEP));
    str_addn(&log->held, line, len);
    str_addc(&log->held, '\n');
}

static void hold_error(struct br_log *log, const char *line, size_t len)
{
    if (log->error_count == BR_LOG_ERRORS_MAX) {
        free(log->errors[0]);
        memmove(log->errors, log->errors + 1, sizeof *log->errors * --log->error_count);
    }
    log->errors[log->error_count++] = xstrndup(line, len < BR_LOG_ERROR_MAX ? len : BR_LOG_ERROR_MAX);
}

void log_take_line(struct br_log *log, int64_t at_ms, const char *line, size_t len)
{
    struct str clean;
    str_init(&clean, BR_LOG_KEEP);
    log_text_blot(&clean, line, len);
    log->lines++;
    hold(log, clean.data, clean.len);
    if (br_log_is_error(clean.data, clean.len))
        hold_error(log, clean.data, clean.len);
    if (log->spec.on_line)
        log->spec.on_line(log->spec.arg, at_ms, clean.data, clean.len);
    str_done(&clean);
}

void log_lines_next(struct br_log *log)
{
    char path[LOG_PATH_MAX];
    struct error err;
    if (br_log_has_failed(log) && !log->spec.tail_lines && !br_log_keep(log, path, sizeof path, &err))
        log_warn("%s", err.text);
    str_clear(&log->held);
    log->lines = 0;
}

bool log_take_kept(struct br_log *log, size_t nth, char *path, size_t size, int64_t *at_ms)
{
    struct str text;
    str_init(&text, STR_LARGE);
    bool found = log_kept_read(log->spec.ns, log->spec.name, log->spec.job, nth, &text, path, size, at_ms);
    for (const char *line = text.data; found && *line;) {
        size_t len = strcspn(line, "\n");
        log_take_line(log, 0, line, len);
        line += len + (line[len] == '\n');
    }
    log->is_kept = log->is_kept || found;
    str_done(&text);
    return found;
}

size_t br_log_errors(const struct br_log *log, const char *errors[BR_LOG_ERRORS_MAX])
{
    for (size_t i = 0; i < log->error_count; i++)
        errors[i] = log->errors[i];
    return log->error_count;
}

bool br_log_has_failed(const struct br_log *log)
{
    const struct log_container *c = log_container_of(log);
    return !log->spec.previous && c->state == CONTAINER_ENDED && c->exit_code != 0;
}

bool br_log_keep(struct br_log *log, char *path, size_t size, struct error *err)
{
    if (log->is_kept || !log->held.len)
        return error_set(err, ERROR_MISSING, "there is no log of %s/%s to keep", log->spec.ns, log->spec.name);
    size_t drop = str_tail(log->held.data, log->held.len, BR_LOG_KEEP);
    int64_t ended = log_container_of(log)->ended_ms;
    return log_kept_write(log->spec.ns, log->spec.name, log_job_of(log),
                          ended ? ended : fleet_now_ms(log->br->fleet), log->held.data + drop, log->held.len - drop, path,
                          size, err);
}
