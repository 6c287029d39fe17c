/* alloc.h - memory that is there or ends the program.
 *
 * Running out of memory is not an error value: the program gives the terminal
 * back, says so on stderr and ends with exit code 1. What these return is
 * freed with free().
 */
#ifndef BRDECK_BASE_ALLOC_H
#define BRDECK_BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
/* Like realloc(old, count * size), with the product checked. */
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t len);
void *xmemdup(const void *data, size_t len);

__attribute__((format(printf, 1, 2)))
char *xasprintf(const char *format, ...);

/* Have @restore called before the program dies here (the front end passes what
 * gives the terminal back). NULL: nothing. One per process. */
void alloc_on_death(void (*restore)(void));

/* End the program as out-of-memory does, with @why: for broken promises that
 * no caller could handle. */
__attribute__((noreturn)) void die(const char *why);

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

#endif
