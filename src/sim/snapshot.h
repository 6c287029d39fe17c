/* snapshot.h - what a list saw, kept while its pages are fetched.
 *
 * The first page freezes the objects that match (their texts are shared, not copied); a
 * continue token names the snapshot and where to go on. Snapshots end when the last page
 * is out, when they are old, or by order: then the token answers 410.
 */
#ifndef BRDECK_SIM_SNAPSHOT_H
#define BRDECK_SIM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "selector.h"
#include "store.h"

struct snapshot {
    uint64_t id, rv;
    size_t refs;
    const struct kind *kind;
    bool filtered; /* by a selector: remainingItemCount is then not told */
    struct blob **items;
    size_t count;
    int64_t at_ms; /* monotonic */
    struct snapshot *next;
};

struct snapshots {
    struct snapshot *first; /* newest first, those that tokens name */
    uint64_t last_id;
};

void snapshots_done(struct snapshots *snapshots);
/* Not yet known to tokens. Drop it with snapshot_unref. */
struct snapshot *snapshot_take(struct snapshots *snapshots, const struct store *store, const struct kind *kind,
                               const char *ns, const struct selector *selector);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot **snapshot);
/* Keep it for its next page. */
void snapshots_keep(struct snapshots *snapshots, struct snapshot *snapshot);
/* All tokens become too old. */
void snapshots_expire(struct snapshots *snapshots);

enum { TOKEN_MAX = 160 };
/* The token for going on at item @at. @buf is returned. */
char *token_print(const struct snapshot *snapshot, size_t at, char buf[TOKEN_MAX]);
/* The snapshot that @token names and the next item; NULL: expired or never given. */
struct snapshot *token_find(const struct snapshots *snapshots, const char *token, size_t *at);

#endif
