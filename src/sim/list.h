/* list.h - a list on its way out: pieces of text one behind the other, plain or gzip.
 *
 * Nothing is put together in memory: the texts of a snapshot are sent in turn.
 * A gzip page that went out whole is kept, so that asking again for what did not
 * change costs no compression.
 */
#ifndef BRDECK_SIM_LIST_H
#define BRDECK_SIM_LIST_H

#include <microhttpd.h>

#include "snapshot.h"

struct list_cache;
struct list_cache *list_cache_new(void);
void list_cache_free(struct list_cache **cache);

/* Where the response breaks off (a fault); -1: it does not. */
struct list_page {
    struct snapshot *snapshot;
    size_t from, to;
    const char *next_token; /* NULL: the last page */
    bool gzip;
    int64_t cut_after;
    struct list_cache *cache; /* with gzip */
    const char *cache_key;    /* path and query */
};
/* The response; @page is needed only during the call. */
struct MHD_Response *list_response(const struct list_page *page);

#endif
