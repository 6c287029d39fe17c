#include <config.h>

#include "conf/ini_read.h"

#include <ini.h>
#include <limits.h>
#include <string.h>

/* inih cuts longer lines in pieces, and section and key names at 50 bytes. */
enum { LINE_MAX_BYTES = 190, NAME_MAX_BYTES = 49, WHERE_MAX = 400 };

struct reading {
    const char *path, *text;
    size_t len, at;
    int line;
    ini_entry_fn *fn;
    void *arg;
    bool failed;
    struct error *err;
};

static bool fail(struct reading *r, const char *why)
{
    if (!r->failed)
        error_set(r->err, ERROR_INPUT, "%s:%d: %s", r->path, r->line, why);
    r->failed = true;
    return false;
}

/* inih's reader: like fgets(), but without the indent (it would make a line go on from the one before). */
static char *next_line(char *buffer, int size, void *arg)
{
    struct reading *r = arg;
    if (r->failed || r->at >= r->len)
        return NULL;
    const char *begin = r->text + r->at;
    const char *feed = memchr(begin, '\n', r->len - r->at);
    size_t bytes = feed ? (size_t)(feed - begin) : r->len - r->at;
    r->at += bytes + (feed ? 1 : 0);
    r->line++;
    while (bytes > 0 && (*begin == ' ' || *begin == '\t')) {
        begin++;
        bytes--;
    }
    if (bytes > LINE_MAX_BYTES || (int)bytes + 2 > size) {
        fail(r, "the line is too long: 190 bytes at most");
        return NULL;
    }
    if (memchr(begin, '\0', bytes)) {
        fail(r, "a NUL byte: this is no text file");
        return NULL;
    }
    memcpy(buffer, begin, bytes);
    memcpy(buffer + bytes, "\n", 2);
    return buffer;
}

static int entry(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;
    if (r->failed)
        return 0;
    if (strlen(section) >= NAME_MAX_BYTES || strlen(name) >= NAME_MAX_BYTES)
        return fail(r, "the name is too long");
    char where[WHERE_MAX];
    snprintf(where, sizeof where, "%.380s:%d", r->path, r->line);
    if (!r->fn(r->arg, section, name, value, where, r->err))
        r->failed = true;
    return !r->failed;
}

bool ini_read(const char *path, const char *text, size_t len, ini_entry_fn *fn, void *arg, struct error *err)
{
    struct reading r = {.path = path, .text = text, .len = len, .fn = fn, .arg = arg, .err = err};
    int wrong = ini_parse_stream(next_line, &r, entry, &r);
    int read = r.failed ? r.line : INT_MAX;
    if (wrong > 0 && wrong < read)
        return error_set(err, ERROR_INPUT, "%s:%d: neither [section] nor name = value", path, wrong);
    return wrong == 0 && !r.failed;
}
