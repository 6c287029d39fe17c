#include <config.h>

#include <brdeck/base/alloc.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*restore_terminal)(void);

void alloc_on_death(void (*restore)(void)) { restore_terminal = restore; }

/* Nothing here may need memory. A short write has nobody left to hear of it. */
static void complain(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

void die(const char *why)
{
    void (*restore)(void) = restore_terminal;
    restore_terminal = NULL; /* it may die itself */
    if (restore)
        restore();
    complain("brdeck: ");
    complain(why);
    complain("\n");
    _exit(1);
}

static void *checked(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

void *xmalloc(size_t size) { return checked(malloc(size ? size : 1)); }

void *xcalloc(size_t count, size_t size) { return checked(count && size ? calloc(count, size) : calloc(1, 1)); }

void *xrealloc(void *old, size_t size) { return checked(realloc(old, size ? size : 1)); }

void *xreallocarray(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        die("out of memory");
    return xrealloc(old, count * size);
}

char *xstrdup(const char *text) { return text ? checked(strdup(text)) : NULL; }

char *xstrndup(const char *text, size_t len) { return text ? checked(strndup(text, len)) : NULL; }

void *xmemdup(const void *data, size_t len)
{
    void *copy = xmalloc(len);
    if (len)
        memcpy(copy, data, len);
    return copy;
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        die("out of memory");
    return text;
}
