#include <config.h>

#include <brdeck/base/str.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { FIRST_CAP = 32 };

/* What @data is while nothing is allocated (cap 0): so an untouched or taken
 * string needs no str_done. Nothing but its NUL is ever written to it. */
static char nothing[1];

void str_init(struct str *s, size_t max)
{
    /* One byte less than everything, so that the NUL can be counted. */
    *s = (struct str){.data = nothing, .max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void str_done(struct str *s)
{
    if (s->cap)
        free(s->data);
    str_init(s, s->max);
}

void str_clear(struct str *s)
{
    str_truncate(s, 0);
    s->cut = false;
}

/* Room for up to @more bytes and the NUL; returns how many may be added. */
static size_t make_room(struct str *s, size_t more)
{
    size_t left = s->max - s->len;
    if (more > left)
        more = left;
    if (more == 0 || s->len + more < s->cap)
        return more;
    size_t want = s->len + more + 1, cap = s->cap ? s->cap : FIRST_CAP;
    while (cap < want)
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    if (cap > s->max + 1)
        cap = s->max + 1;
    s->data = xrealloc(s->cap ? s->data : NULL, cap);
    s->cap = cap;
    s->data[s->len] = '\0';
    return more;
}

/* @added of @wanted bytes were written at the end. */
static bool grown(struct str *s, size_t added, size_t wanted)
{
    if (added) {
        s->len += added;
        s->data[s->len] = '\0';
    }
    if (added < wanted)
        s->cut = true;
    return added == wanted;
}

bool str_addn(struct str *s, const char *bytes, size_t len)
{
    size_t fits = make_room(s, len);
    if (fits)
        memcpy(s->data + s->len, bytes, fits);
    return grown(s, fits, len);
}

bool str_add(struct str *s, const char *text) { return str_addn(s, text, text ? strlen(text) : 0); }

bool str_addc(struct str *s, char c) { return str_addn(s, &c, 1); }

bool str_pad(struct str *s, char c, size_t count)
{
    size_t fits = make_room(s, count);
    if (fits)
        memset(s->data + s->len, c, fits);
    return grown(s, fits, count);
}

bool str_vaddf(struct str *s, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    size_t wanted = len > 0 ? (size_t)len : 0, fits = make_room(s, wanted);
    if (fits)
        vsnprintf(s->data + s->len, fits + 1, format, again);
    va_end(again);
    if (len < 0) /* a wide character that the locale does not have */
        s->cut = true;
    return grown(s, fits, wanted) && len >= 0;
}

bool str_addf(struct str *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool whole = str_vaddf(s, format, args);
    va_end(args);
    return whole;
}

void str_drop(struct str *s, size_t len)
{
    if (len >= s->len) {
        str_truncate(s, 0);
        return;
    }
    memmove(s->data, s->data + len, s->len - len + 1);
    s->len -= len;
}

void str_truncate(struct str *s, size_t len)
{
    if (len >= s->len)
        return;
    s->len = len;
    s->data[len] = '\0';
}

char *str_take(struct str *s)
{
    char *text = s->cap ? s->data : xstrdup("");
    str_init(s, s->max);
    return text;
}

static const char *plain(const char *text) { return text ? text : ""; }

int str_compare(const char *a, const char *b) { return strcmp(plain(a), plain(b)); }

bool str_same(const char *a, const char *b) { return str_compare(a, b) == 0; }

bool str_empty(const char *text) { return !text || !*text; }

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(plain(text), plain(prefix), strlen(plain(prefix))) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
    size_t len = strlen(plain(text)), tail = strlen(plain(suffix));
    return tail <= len && strcmp(plain(text) + len - tail, plain(suffix)) == 0;
}

void str_add_escaped(struct str *s, const char *text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (const char *at = plain(text); *at;) {
        size_t run = strspn(at, unreserved);
        str_addn(s, at, run);
        at += run;
        if (*at)
            str_addf(s, "%%%02X", (unsigned)(unsigned char)*at++);
    }
}

const char *str_next_line(const char *text, size_t len, size_t *at, size_t *size)
{
    if (*at >= len)
        return NULL;
    const char *line = text + *at, *end = memchr(line, '\n', len - *at);
    *size = end ? (size_t)(end - line) : len - *at;
    *at += *size + 1;
    return line;
}

size_t str_tail(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return 0;
    size_t from = len - max;
    if (text[from - 1] == '\n')
        return from;
    const char *end = memchr(text + from, '\n', max);
    return end && end + 1 < text + len ? (size_t)(end - text) + 1 : from;
}
