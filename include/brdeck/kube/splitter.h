/* splitter.h - finds objects in a list or a watch, in whatever pieces the bytes come.
 *
 * A list is {"kind":..,"metadata":{..},"items":[{..},{..}]} in any order of members;
 * a watch is one JSON object a line. Nothing is parsed here but what is
 * needed to find where an object ends. Memory: the largest object, never the list.
 */
#ifndef BRDECK_KUBE_SPLITTER_H
#define BRDECK_KUBE_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/str.h>

enum splitter_kind { SPLITTER_LIST, SPLITTER_WATCH };
enum { SPLITTER_OBJECT_MAX = 16 * 1024 * 1024 }; /* a larger object is an error */

/* Where an object lies in the inbox. */
struct splitter_span {
    size_t begin, end;
};

struct splitter {
    enum splitter_kind kind;
    struct str inbox;   /* objects found and not yet handed on, and the one begun */
    size_t inbox_max;   /* bytes that may wait */
    size_t used;        /* bytes at the front of the inbox that were handed on */
    size_t looked;      /* how far in the inbox the scan has come */
    struct str rest;    /* a list with its items taken out */
    int state;          /* private */
    size_t depth;
    bool in_string, escaped, ended;
    size_t begin;       /* of the object begun; in the rest, of the string begun */
    struct splitter_span *found; /* a queue of objects, from @first */
    size_t first, count, cap;
    struct error error;
};

void splitter_init(struct splitter *s, enum splitter_kind kind, size_t inbox_max);
void splitter_done(struct splitter *s);
/* Take bytes in and look where objects end (about 1 GB/s). False when the inbox would pass its limit or the
 * text is no list or watch (s->error); what was found before is still handed on. */
bool splitter_feed(struct splitter *s, const char *bytes, size_t len);
/* The next whole object: true and its text (borrowed until the next call of anything here); false when
 * there is none yet, or at an error (s->error). */
bool splitter_next(struct splitter *s, const char **text, size_t *len);
/* No more bytes will come: false and s->error when that is in the middle of something. */
bool splitter_end(struct splitter *s);
/* Of a list, once all its bytes came (objects may still wait): its text with "items":[], to read
 * metadata.continue from. */
const char *splitter_rest(const struct splitter *s);
size_t splitter_waiting(const struct splitter *s); /* bytes in the inbox */

#endif
