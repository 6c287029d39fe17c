#include <config.h>

#include <brdeck/kube/splitter.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include "kube/rawjson.h"

enum { REST_MAX = 4 * 1024 * 1024 }; /* a list's own metadata is a few hundred bytes */

/* Where the scan stands. A watch knows BETWEEN and OBJECT only. */
enum {
    BETWEEN,      /* a list: before its brace. A watch: between two objects */
    REST_KEY,     /* inside the list: a key may begin */
    REST_VALUE,   /* after a key, up to the comma */
    ITEMS_COLON,  /* after the key "items" */
    ITEMS_VALUE,  /* after its colon */
    ITEM_OR_END,  /* after [ */
    ITEM,         /* after a comma */
    COMMA_OR_END, /* after an item */
    OBJECT,       /* in an item, or in an event */
    AFTER,        /* after the list's last brace */
};

void splitter_init(struct splitter *s, enum splitter_kind kind, size_t inbox_max)
{
    *s = (struct splitter){.kind = kind, .inbox_max = inbox_max, .state = BETWEEN};
    /* Twice the limit: what was handed on lies in front of what waits until there is more of it. */
    str_init(&s->inbox, inbox_max > SIZE_MAX / 2 ? SIZE_MAX : 2 * inbox_max);
    str_init(&s->rest, REST_MAX);
}

void splitter_done(struct splitter *s)
{
    str_done(&s->inbox);
    str_done(&s->rest);
    free(s->found);
    s->found = NULL;
    s->first = s->count = s->cap = 0;
}

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/* -- the queue of what was found --------------------------------------------- */

static void found_add(struct splitter *s, size_t begin, size_t end)
{
    if (s->first + s->count == s->cap) {
        if (s->first > s->cap / 2) { /* more was taken than waits: move down */
            memmove(s->found, s->found + s->first, s->count * sizeof *s->found);
            s->first = 0;
        } else {
            s->cap = s->cap ? 2 * s->cap : 16;
            s->found = xreallocarray(s->found, s->cap, sizeof *s->found);
        }
    }
    s->found[s->first + s->count++] = (struct splitter_span){begin, end};
}

/* Drop what was handed on, when that moves fewer bytes than it frees: so that every byte is moved
 * at most once, on average. */
static void compact(struct splitter *s)
{
    size_t used = s->used;
    if (used == 0 || used < s->inbox.len - used)
        return;
    str_drop(&s->inbox, used);
    s->looked -= used;
    if (s->state == OBJECT)
        s->begin -= used;
    for (size_t i = 0; i < s->count; i++) {
        s->found[s->first + i].begin -= used;
        s->found[s->first + i].end -= used;
    }
    s->used = 0;
}

/* -- the scan ---------------------------------------------------------------------- */

static bool unexpected(struct splitter *s, char c, const char *where)
{
    unsigned char byte = (unsigned char)c;
    if (byte > ' ' && byte < 0x7f)
        return error_set(&s->error, ERROR_NETWORK, "the answer is no JSON %s: '%c' %s",
                         s->kind == SPLITTER_LIST ? "list" : "watch", c, where);
    return error_set(&s->error, ERROR_NETWORK, "the answer is no JSON %s: byte 0x%02x %s",
                     s->kind == SPLITTER_LIST ? "list" : "watch", byte, where);
}

/* In a string that goes on from @from: does an odd number of backslashes stand before @at? */
static bool is_escaped(const char *from, const char *at)
{
    const char *before = at;
    while (before > from && before[-1] == '\\')
        before--;
    return (at - before) % 2 != 0;
}

/* From @at on inside an object: the byte after it, or @end when it goes on. This is where nearly all bytes
 * of a list or watch are seen. */
static const char *scan_object(struct splitter *s, const char *at, const char *end)
{
    size_t depth = s->depth;
    bool in_string = s->in_string;
    if (s->escaped && at < end) {
        s->escaped = false;
        at++;
    }
    while (at < end && depth) {
        if (in_string) {
            const char *quote = memchr(at, '"', (size_t)(end - at));
            s->escaped = is_escaped(at, quote ? quote : end);
            if (!quote) {
                at = end;
                break;
            }
            in_string = s->escaped;
            s->escaped = false;
            at = quote + 1;
            continue;
        }
        unsigned char class = RAW_OTHER;
        while (at < end && (class = raw_classes[(unsigned char)*at]) == RAW_OTHER)
            at++;
        if (at == end)
            break;
        at++;
        if (class == RAW_QUOTE)
            in_string = true;
        else if (class == RAW_OPEN)
            depth++;
        else
            depth--;
    }
    s->depth = depth;
    s->in_string = in_string;
    return at;
}

static bool scan_in_object(struct splitter *s)
{
    const char *data = s->inbox.data, *at = data + s->looked;
    s->looked = (size_t)(scan_object(s, at, data + s->inbox.len) - data);
    if (s->looked - s->begin > SPLITTER_OBJECT_MAX)
        return error_set(&s->error, ERROR_NETWORK, "an object in the answer is larger than %d MiB",
                         SPLITTER_OBJECT_MAX / 1024 / 1024);
    if (s->depth == 0) {
        found_add(s, s->begin, s->looked);
        s->state = s->kind == SPLITTER_LIST ? COMMA_OR_END : BETWEEN;
        s->depth = s->kind == SPLITTER_LIST ? 1 : 0;
    }
    return true;
}

/* An object begins with the byte just looked at. */
static void begin_object(struct splitter *s)
{
    s->begin = s->looked - 1;
    if (s->count == 0)
        s->used = s->begin;
    s->depth = 1;
    s->in_string = s->escaped = false;
    s->state = OBJECT;
}

static bool rest_add(struct splitter *s, char c)
{
    if (str_addc(&s->rest, c))
        return true;
    return error_set(&s->error, ERROR_NETWORK, "the answer's own metadata is larger than %d MiB",
                     REST_MAX / 1024 / 1024);
}

/* A byte of a string in the rest. */
static void rest_string(struct splitter *s, char c)
{
    static const char items[] = "\"items\"";
    if (s->escaped) {
        s->escaped = false;
    } else if (c == '\\') {
        s->escaped = true;
    } else if (c == '"') {
        s->in_string = false;
        if (s->depth == 1 && s->state == REST_KEY) {
            bool is_items = s->rest.len - s->begin == sizeof items - 1 && strcmp(s->rest.data + s->begin, items) == 0;
            s->state = is_items ? ITEMS_COLON : REST_VALUE;
        }
    }
}

/* A byte of the list that is in none of its items: it is kept in the rest. */
static bool scan_rest(struct splitter *s, char c)
{
    if (!rest_add(s, c))
        return false;
    if (s->in_string) {
        rest_string(s, c);
        return true;
    }
    switch (raw_classes[(unsigned char)c]) {
    case RAW_QUOTE:
        s->in_string = true;
        s->begin = s->rest.len - 1;
        break;
    case RAW_OPEN:
        s->depth++;
        break;
    case RAW_CLOSE:
        if (--s->depth == 0)
            s->state = AFTER;
        break;
    default:
        if (c == ',' && s->depth == 1)
            s->state = REST_KEY;
        break;
    }
    return true;
}

/* A byte of a list around its items. */
static bool scan_list(struct splitter *s, char c)
{
    if (s->state == REST_KEY || s->state == REST_VALUE)
        return scan_rest(s, c);
    if (is_space(c))
        return true;
    switch (s->state) {
    case BETWEEN:
        if (c != '{')
            return unexpected(s, c, "at its begin");
        s->depth = 1;
        s->state = REST_KEY;
        return rest_add(s, c);
    case ITEMS_COLON:
        if (c != ':')
            return unexpected(s, c, "after \"items\"");
        s->state = ITEMS_VALUE;
        return rest_add(s, c);
    case ITEMS_VALUE:
        s->state = c == '[' ? ITEM_OR_END : REST_VALUE;
        return c == '[' ? str_add(&s->rest, "[]") : scan_rest(s, c); /* null: an empty list of Go's */
    case ITEM_OR_END:
    case ITEM:
        if (c == ']' && s->state == ITEM_OR_END) {
            s->state = REST_VALUE;
        } else if (c == '{') {
            begin_object(s);
        } else {
            return unexpected(s, c, "where an item should begin");
        }
        return true;
    case COMMA_OR_END:
        if (c != ',' && c != ']')
            return unexpected(s, c, "after an item");
        s->state = c == ',' ? ITEM : REST_VALUE;
        return true;
    default: /* AFTER */
        return unexpected(s, c, "after its end");
    }
}

static bool scan(struct splitter *s)
{
    while (s->looked < s->inbox.len) {
        if (s->state == OBJECT) {
            if (!scan_in_object(s))
                return false;
            continue;
        }
        char c = s->inbox.data[s->looked++];
        if (s->kind == SPLITTER_LIST) {
            if (!scan_list(s, c))
                return false;
        } else if (c == '{') {
            begin_object(s);
        } else if (!is_space(c)) {
            return unexpected(s, c, "where an event should begin");
        }
    }
    /* What is in no object need not wait. */
    if (s->count == 0 && s->state != OBJECT)
        s->used = s->looked;
    return true;
}

/* -- in and out ---------------------------------------------------------------------- */

bool splitter_feed(struct splitter *s, const char *bytes, size_t len)
{
    if (s->error.code)
        return false;
    if (len > s->inbox_max || splitter_waiting(s) > s->inbox_max - len)
        return error_set(&s->error, ERROR_NETWORK, "the answer came faster than it could be read: over %zu KiB wait",
                         s->inbox_max / 1024);
    compact(s);
    str_addn(&s->inbox, bytes, len);
    return scan(s);
}

bool splitter_next(struct splitter *s, const char **text, size_t *len)
{
    if (s->count == 0)
        return false;
    struct splitter_span span = s->found[s->first++];
    if (--s->count == 0)
        s->first = 0;
    *text = s->inbox.data + span.begin;
    *len = span.end - span.begin;
    s->used = s->count || s->state == OBJECT ? span.end : s->looked;
    return true;
}

bool splitter_end(struct splitter *s)
{
    if (s->error.code)
        return false;
    s->ended = true;
    if (s->state == (s->kind == SPLITTER_LIST ? AFTER : BETWEEN))
        return true;
    return error_set(&s->error, ERROR_NETWORK, "the answer broke off in the middle%s",
                     s->state == OBJECT ? " of an object" : "");
}

const char *splitter_rest(const struct splitter *s) { return s->rest.data; }

size_t splitter_waiting(const struct splitter *s) { return s->inbox.len - s->used; }
