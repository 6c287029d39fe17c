/* error.h - an error is a value in its caller's hands. */
#ifndef BRDECK_BASE_ERROR_H
#define BRDECK_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum error_code {
    ERROR_NONE,
    ERROR_INPUT,    /* what the user wrote in a file, a field, a time */
    ERROR_USAGE,    /* what the user wrote on the command line */
    ERROR_NETWORK,  /* no answer, or not the one that was promised */
    ERROR_DENIED,   /* no login, or no right */
    ERROR_MISSING,  /* the thing asked for is not there (404) */
    ERROR_CONFLICT, /* somebody else changed it first (409) */
    ERROR_REFUSED,  /* the state forbids it */
    ERROR_FAILED,   /* it was begun, and it failed */
    ERROR_TIMEOUT,  /* it did not end in the time that was given */
    ERROR_SYSTEM,   /* the host: files, processes, the terminal */
};

/* @text says what failed, on what, why, and what to do now, in one line. It may
 * hold text from a cluster: clean it before it reaches a screen (text.h). */
struct error {
    enum error_code code;
    char text[512];
};

/* Fill @err (which may be NULL) and return false, so that a function can end
 * with `return error_set(...)`. A text that does not fit is cut. */
__attribute__((format(printf, 3, 4)))
static inline bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->code = code;
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return false;
}

#endif
