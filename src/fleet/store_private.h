/* store_private.h - the store's inside, cut between its parts.
 *
 * store.c       life, put, remove, lists, questions about one slot
 * store_index.c where a Backup is found: by name, by cluster, by namespace
 * store_later.c which failed full backups a later one of their cluster has made good
 * store_due.c   a heap of the times at which states end
 * store_feed.c  who is told of changes, and when a slot's number is free again
 */
#ifndef BRDECK_FLEET_STORE_PRIVATE_H
#define BRDECK_FLEET_STORE_PRIVATE_H

#include <brdeck/fleet/store.h>

#define NO_INDEX UINT32_MAX

/* One slot; without a record it is empty. Kept small: there are a hundred thousand. */
struct slot {
    struct store_row row;
    uint32_t hash;          /* of namespace and name */
    uint32_t round;         /* of its source's list in which it was last seen */
    uint32_t due;           /* its place in the heap, from 1; 0: not in it */
    uint32_t cluster;       /* in store->clusters; NO_INDEX: it names none */
    slot_t previous, next;  /* in its cluster */
};

/* A set of numbers found by hash: open addressing, a power of two, at most three quarters full. */
struct index {
    uint32_t *places; /* NO_INDEX: free */
    size_t mask, count;
};

struct cluster {
    const char *key; /* interned, and so its address is its hash */
    slot_t first;
    uint32_t count;
    bool dirty;      /* in store->dirty */
};

struct space {
    const char *ns; /* interned */
    size_t count;
};

struct source {
    uint32_t round;
    bool listing;
};

struct store {
    struct intern *pool;
    struct slot *slots;
    size_t slot_count, slot_cap;      /* ever used */
    slot_t *free_slots;               /* numbers to use again */
    size_t free_count, free_cap;
    size_t rows, needs_you;
    struct index by_name, by_cluster;
    struct cluster *clusters;         /* never fewer: a name that came once comes again */
    size_t cluster_count, cluster_cap;
    uint32_t *dirty;                  /* clusters whose full backups have changed */
    size_t dirty_count, dirty_cap;
    struct space *spaces;             /* sorted */
    size_t space_count, space_cap;
    struct source *sources;
    size_t source_count;
    slot_t *heap;                     /* by until_ms, from 1 */
    size_t heap_count, heap_cap;
    struct store_feed *feeds;
};

/* Room for one more in an array that doubles. */
void store_grow(void *array, size_t *cap, size_t count, size_t size);

/* store_index.c */
void index_init(struct index *index);
void index_done(struct index *index);
uint32_t name_hash(const char *ns, const char *name);
slot_t names_find(const struct store *store, unsigned source, const char *ns, const char *name);
void names_add(struct store *store, slot_t slot);
void names_remove(struct store *store, slot_t slot);
void cluster_enter(struct store *store, slot_t slot);
void cluster_leave(struct store *store, slot_t slot);
void space_enter(struct store *store, const char *ns);
void space_leave(struct store *store, const char *ns);

/* store_later.c */
/* @record, of @slot, comes, goes or is no longer so. The slot is in its cluster. */
void later_mark(struct store *store, slot_t slot, const struct backup_record *record);
/* Tell the failed ones of those clusters; each that differs is told by @changed. */
void later_settle(struct store *store, int64_t now_ms, void (*changed)(struct store *, slot_t, int64_t));

/* store_due.c */
void due_set(struct store *store, slot_t slot); /* after until_ms changed */
void due_remove(struct store *store, slot_t slot);

/* store_feed.c */
void feeds_mark(struct store *store, slot_t slot);
/* The slot is empty: its number is free once every feed has handed it over. */
void feeds_release(struct store *store, slot_t slot);

#endif
