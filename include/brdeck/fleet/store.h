/* store.h - every Backup that is known, in slots with stable numbers.
 *
 * Slots are hashed by (source, namespace, name) and keep their number while the object lives; a number is used again
 * only after its object is gone and every view has been told. Changed slots are collected for each subscriber.
 */
#ifndef BRDECK_FLEET_STORE_H
#define BRDECK_FLEET_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>
#include <brdeck/backup/state.h>

typedef uint32_t slot_t;
#define SLOT_NONE UINT32_MAX

/* What of the state every row needs at hand, for sorting, filters and counts. */
struct store_state {
    uint8_t mark, severity;
    bool needs_you;
    const char *word; /* "Running, pause failed"; lives as long as the store */
    int64_t until_ms;
};
struct store_row {
    const struct backup_record *record;
    const struct backup_facts *facts; /* NULL: none */
    struct store_state state;
    uint16_t source;
    uint32_t generation;    /* rises with each change of the row */
};

struct store;
struct store *store_new(void);
void store_free(struct store **store);
struct intern *store_pool(struct store *store);
/* Take @record (of @source) in; an equal one only renews its resourceVersion and marks nothing. Returns the slot. */
slot_t store_put(struct store *store, unsigned source, struct backup_record *record, int64_t now_ms);
void store_remove(struct store *store, unsigned source, const char *ns, const char *name);
/* A list begins; rows of @source that are not put before store_listed go then. */
void store_list(struct store *store, unsigned source);
void store_listed(struct store *store, unsigned source);
/* All rows of @source go. */
void store_drop(struct store *store, unsigned source);
/* Rows of @from (of namespace @ns; NULL: of all) belong to @to from now on, and keep their slots. Those that @to has
 * already stay behind. */
void store_move(struct store *store, unsigned from, unsigned to, const char *ns);
/* NULL: no object in that slot (any more). Valid until the next put or remove. */
const struct store_row *store_get(const struct store *store, slot_t slot);
/* Any source; SLOT_NONE: not known. */
slot_t store_find(const struct store *store, const char *ns, const char *name);
/* Of TiDB Operator v1's group or of v2's: a cluster in migration may have one of that name in both. */
slot_t store_find_group(const struct store *store, bool v1, const char *ns, const char *name);
size_t store_count(const struct store *store);
size_t store_slots(const struct store *store); /* one past the highest number in use */
size_t store_needs_you(const struct store *store);
/* Facts of @slot for writing, made when there are none; store_touch after changing them. */
struct backup_facts *store_facts(struct store *store, slot_t slot);
void store_touch(struct store *store, slot_t slot, int64_t now_ms);
/* Judge anew the rows whose state holds no longer, and the failed ones that a later full backup has made good, or does
 * no longer; returns when the next one is due (wall ms; INT64_MAX: never). */
int64_t store_expire(struct store *store, int64_t now_ms);
/* The records of one cluster (record_cluster's key): fills at most @max, returns how many there are. */
size_t store_cluster(const struct store *store, const char *cluster, const struct backup_record **records, size_t max);
/* Names: how many namespaces, and each with its count of Backups, in order. */
size_t store_namespaces(const struct store *store, void (*each)(void *arg, const char *ns, size_t count), void *arg);

/* A subscriber has its own set of changed slots. @wake (may be NULL) is called at the first change after a drain. */
struct store_feed;
struct store_feed *store_feed_new(struct store *store, void (*wake)(void *arg), void *arg);
void store_feed_free(struct store_feed **feed);
/* Hand over the changed slots (each once; a slot may be empty now) and forget them. Returns how many were written to
 * @slots; call again while it fills @max. */
size_t store_feed_drain(struct store_feed *feed, slot_t *slots, size_t max);

#endif
