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

struct splitter {
    enum splitter_kind kind;
    struct str inbox;   /* bytes not yet looked at, and the object begun */
    size_t looked;      /* how far in the inbox */
    struct str rest;    /* a list without its items: {"kind":..,"metadata":..} */
    int state;
    unsigned depth;
    bool in_string, escaped, ended;
    size_t begin;
    struct error error;
};

void splitter_init(struct splitter *s, enum splitter_kind kind, size_t inbox_max);
void splitter_done(struct splitter *s);
/* Take bytes in; false when the inbox would pass its limit (the error is set). */
bool splitter_feed(struct splitter *s, const char *bytes, size_t len);
/* The next whole object: true and its text (borrowed until the next call of anything here); false when
 * there is none yet, or at an error (s->error). */
bool splitter_next(struct splitter *s, const char **text, size_t *len);
/* No more bytes will come: false and s->error when that is in the middle of something. */
bool splitter_end(struct splitter *s);
/* Of a list, once ended: its text without items, to read metadata.continue from. */
const char *splitter_rest(const struct splitter *s);
size_t splitter_waiting(const struct splitter *s); /* bytes in the inbox */

#endif
