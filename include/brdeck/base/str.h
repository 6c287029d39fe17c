/* str.h - a string that grows, up to a limit set at birth.
 *
 *     struct str line;
 *     str_init(&line, 4096);
 *     str_addf(&line, "%s/%s", ns, name);
 *     puts(line.data);
 *     str_done(&line);
 *
 * @data is always NUL-terminated and never NULL. What would pass the limit is
 * cut, and @cut stays set: a caller who must know asks.
 */
#ifndef BRDECK_BASE_STR_H
#define BRDECK_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
    char *data;
    size_t len, cap, max; /* bytes, the NUL not counted in len and max */
    bool cut;
};

enum { STR_SMALL = 64 * 1024, STR_LARGE = 64 * 1024 * 1024 }; /* usual limits */

void str_init(struct str *s, size_t max);
void str_done(struct str *s);
/* Empty it, keep its memory. */
void str_clear(struct str *s);
/* The first false result is where text was cut. */
bool str_add(struct str *s, const char *text);
bool str_addn(struct str *s, const char *bytes, size_t len);
bool str_addc(struct str *s, char c);
__attribute__((format(printf, 2, 3)))
bool str_addf(struct str *s, const char *format, ...);
bool str_vaddf(struct str *s, const char *format, va_list args);
/* @count copies of @c. */
bool str_pad(struct str *s, char c, size_t count);
/* Drop the first @len bytes. */
void str_drop(struct str *s, size_t len);
/* Cut it back to @len bytes, if it is longer. */
void str_truncate(struct str *s, size_t len);
/* The text, now the caller's to free(); @s is empty and may be used again. */
char *str_take(struct str *s);

/* Small questions about plain strings. NULL counts as "". */
bool str_same(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
bool str_empty(const char *text);
/* The next line of the @len bytes at @text, its length without the newline in *@size; *@at goes on behind it, from 0.
 * NULL: there is none more. A newline at the end begins no empty line. */
const char *str_next_line(const char *text, size_t len, size_t *at, size_t *size);
/* Where the last whole lines begin that make at most @max bytes; one line that is longer is cut. 0: all of it fits. */
size_t str_tail(const char *text, size_t len, size_t max);
/* strcmp with NULL as "". */
int str_compare(const char *a, const char *b);
/* Percent-encode @text for one path segment or query value (RFC 3986 unreserved
 * characters stay). */
void str_add_escaped(struct str *s, const char *text);

#endif
