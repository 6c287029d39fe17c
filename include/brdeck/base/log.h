/* log.h - the log file: what brdeck did, for whoever must find out why.
 *
 * Off until opened. Secrets never reach it: log_redact marks a value that
 * is blotted out wherever it would appear (tokens, passwords, keys).
 * Of the process, like stderr: one log.
 */
#ifndef BRDECK_BASE_LOG_H
#define BRDECK_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/str.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Append to the file at @path, made with mode 0600. */
bool log_open(const char *path, enum log_level level, struct error *err);
void log_close(void);
/* "error", "warn", "info", "debug". */
bool log_level_parse(const char *name, enum log_level *level);
/* From now on @secret is written as "<redacted>". Short ones (under 6 bytes) are not
 * taken. Copies are wiped on close. */
void log_redact(const char *secret);
/* Append @len bytes of @text with such secrets as "<redacted>": for what is written or shown elsewhere. */
void log_add_redacted(struct str *out, const char *text, size_t len);
/* One line: time, level, text. Control characters are escaped. */
__attribute__((format(printf, 2, 3)))
void log_line(enum log_level level, const char *format, ...);
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
