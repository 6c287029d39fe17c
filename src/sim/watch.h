/* watch.h - watches: connections that sleep until something changes.
 *
 * Each has the resourceVersion it has sent; a change wakes those of its kind, and what
 * they send is read from the store's history. A watch that has fallen out of the history
 * ends with the ERROR event 410.
 */
#ifndef BRDECK_SIM_WATCH_H
#define BRDECK_SIM_WATCH_H

#include <microhttpd.h>

#include "snapshot.h"
#include "store.h"
#include "timers.h"

struct watch;

struct watches {
    struct watch *first;
    const struct store *store;
    struct timers *timers;
    size_t count;
};

void watches_init(struct watches *watches, struct store *store, struct timers *timers);
/* End them all: their connections wake and close. */
void watches_end(struct watches *watches);

struct watch_spec {
    struct MHD_Connection *connection;
    const struct kind *kind;
    const char *ns;
    struct selector selector; /* taken over */
    uint64_t from_rv;
    struct snapshot *initial; /* objects to send first as ADDED, taken over; NULL: none */
    bool initial_bookmark;    /* then the bookmark that ends them */
    bool bookmarks, table;
    int64_t timeout_ms;
    int64_t cut_after; /* bytes; -1: never */
};
/* The response that streams it. */
struct MHD_Response *watch_response(struct watches *watches, struct watch_spec *spec);

#endif
