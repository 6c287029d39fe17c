#include <config.h>

#include "fleet/store_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { FIRST_PLACES = 64 };

/* -- numbers by hash --------------------------------------------------------------------- */

void index_init(struct index *index)
{
    index->mask = FIRST_PLACES - 1;
    index->count = 0;
    index->places = xmalloc(FIRST_PLACES * sizeof *index->places);
    memset(index->places, 0xff, FIRST_PLACES * sizeof *index->places);
}

void index_done(struct index *index)
{
    free(index->places);
    index->places = NULL;
}

static uint32_t slot_hash(const struct store *store, uint32_t number) { return store->slots[number].hash; }

static uint32_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    return (uint32_t)x;
}

static uint32_t cluster_hash(const struct store *store, uint32_t number)
{
    return mix((uintptr_t)store->clusters[number].key);
}

typedef uint32_t hash_of(const struct store *store, uint32_t number);

static void place(struct index *index, uint32_t number, uint32_t hash)
{
    size_t i = hash & index->mask;
    while (index->places[i] != NO_INDEX)
        i = (i + 1) & index->mask;
    index->places[i] = number;
}

static void index_add(const struct store *store, struct index *index, uint32_t number, hash_of *hash)
{
    if ((index->count + 1) * 4 > (index->mask + 1) * 3) {
        struct index wider = {.mask = index->mask * 2 + 1, .count = index->count};
        size_t bytes = (wider.mask + 1) * sizeof *wider.places;
        wider.places = xmalloc(bytes);
        memset(wider.places, 0xff, bytes);
        for (size_t i = 0; i <= index->mask; i++)
            if (index->places[i] != NO_INDEX)
                place(&wider, index->places[i], hash(store, index->places[i]));
        free(index->places);
        *index = wider;
    }
    place(index, number, hash(store, number));
    index->count++;
}

/* Those behind it that a free place would hide are moved up. */
static void index_remove(const struct store *store, struct index *index, uint32_t number, hash_of *hash)
{
    size_t hole = hash(store, number) & index->mask;
    while (index->places[hole] != number)
        hole = (hole + 1) & index->mask;
    for (size_t i = (hole + 1) & index->mask; index->places[i] != NO_INDEX; i = (i + 1) & index->mask) {
        size_t home = hash(store, index->places[i]) & index->mask;
        if (((i - home) & index->mask) >= ((i - hole) & index->mask)) {
            index->places[hole] = index->places[i];
            hole = i;
        }
    }
    index->places[hole] = NO_INDEX;
    index->count--;
}

/* -- by namespace and name ----------------------------------------------------------------- */

uint32_t name_hash(const char *ns, const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *ns; ns++)
        h = (h ^ (unsigned char)*ns) * UINT64_C(1099511628211);
    h = (h ^ '/') * UINT64_C(1099511628211);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return mix(h);
}

static bool is_named(const struct slot *slot, uint32_t hash, const char *ns, const char *name)
{
    return slot->hash == hash && strcmp(slot->row.record->name, name) == 0 && strcmp(slot->row.record->ns, ns) == 0;
}

slot_t names_find(const struct store *store, unsigned source, const char *ns, const char *name)
{
    uint32_t hash = name_hash(ns, name);
    const struct index *index = &store->by_name;
    for (size_t i = hash & index->mask; index->places[i] != NO_INDEX; i = (i + 1) & index->mask) {
        const struct slot *slot = &store->slots[index->places[i]];
        if (slot->row.source == source && is_named(slot, hash, ns, name))
            return index->places[i];
    }
    return SLOT_NONE;
}

slot_t store_find_group(const struct store *store, bool v1, const char *ns, const char *name)
{
    uint32_t hash = name_hash(ns, name);
    const struct index *index = &store->by_name;
    for (size_t i = hash & index->mask; index->places[i] != NO_INDEX; i = (i + 1) & index->mask) {
        const struct slot *slot = &store->slots[index->places[i]];
        if (slot->row.record->v1 == v1 && is_named(slot, hash, ns, name))
            return index->places[i];
    }
    return SLOT_NONE;
}

/* Where both groups have one of that name, TiDB Operator v2's. */
slot_t store_find(const struct store *store, const char *ns, const char *name)
{
    slot_t v2 = store_find_group(store, false, ns, name);
    return v2 != SLOT_NONE ? v2 : store_find_group(store, true, ns, name);
}

void names_add(struct store *store, slot_t slot) { index_add(store, &store->by_name, slot, slot_hash); }

void names_remove(struct store *store, slot_t slot) { index_remove(store, &store->by_name, slot, slot_hash); }

/* -- by cluster ---------------------------------------------------------------------------- */

static uint32_t cluster_find(const struct store *store, const char *key)
{
    const struct index *index = &store->by_cluster;
    for (size_t i = mix((uintptr_t)key) & index->mask; index->places[i] != NO_INDEX; i = (i + 1) & index->mask)
        if (store->clusters[index->places[i]].key == key)
            return index->places[i];
    return NO_INDEX;
}

void cluster_enter(struct store *store, slot_t slot)
{
    char buf[RECORD_CLUSTER_MAX];
    struct slot *s = &store->slots[slot];
    if (!*record_cluster(s->row.record, buf))
        return;
    const char *key = intern(store->pool, buf);
    uint32_t at = cluster_find(store, key);
    if (at == NO_INDEX) {
        store_grow(&store->clusters, &store->cluster_cap, store->cluster_count, sizeof *store->clusters);
        at = (uint32_t)store->cluster_count++;
        store->clusters[at] = (struct cluster){.key = key, .first = SLOT_NONE};
        index_add(store, &store->by_cluster, at, cluster_hash);
    }
    struct cluster *cluster = &store->clusters[at];
    s->cluster = at;
    s->previous = SLOT_NONE;
    s->next = cluster->first;
    if (cluster->first != SLOT_NONE)
        store->slots[cluster->first].previous = slot;
    cluster->first = slot;
    cluster->count++;
}

void cluster_leave(struct store *store, slot_t slot)
{
    struct slot *s = &store->slots[slot];
    if (s->cluster == NO_INDEX)
        return;
    struct cluster *cluster = &store->clusters[s->cluster];
    if (s->previous == SLOT_NONE)
        cluster->first = s->next;
    else
        store->slots[s->previous].next = s->next;
    if (s->next != SLOT_NONE)
        store->slots[s->next].previous = s->previous;
    cluster->count--;
    s->cluster = NO_INDEX;
}

size_t store_cluster(const struct store *store, const char *key, const struct backup_record **records, size_t max)
{
    uint32_t at = cluster_find(store, intern(store->pool, key));
    if (at == NO_INDEX)
        return 0;
    const struct cluster *cluster = &store->clusters[at];
    size_t count = 0;
    for (slot_t slot = cluster->first; slot != SLOT_NONE && count < max; slot = store->slots[slot].next)
        records[count++] = store->slots[slot].row.record;
    return cluster->count;
}

/* -- namespaces ------------------------------------------------------------------------------ */

/* Where @ns is, or belongs. */
static size_t space_place(const struct store *store, const char *ns, bool *found)
{
    size_t low = 0, high = store->space_count;
    *found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(store->spaces[mid].ns, ns);
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void space_enter(struct store *store, const char *ns)
{
    bool found;
    size_t at = space_place(store, ns, &found);
    if (!found) {
        store_grow(&store->spaces, &store->space_cap, store->space_count, sizeof *store->spaces);
        memmove(store->spaces + at + 1, store->spaces + at, (store->space_count - at) * sizeof *store->spaces);
        store->spaces[at] = (struct space){.ns = intern(store->pool, ns)};
        store->space_count++;
    }
    store->spaces[at].count++;
}

void space_leave(struct store *store, const char *ns)
{
    bool found;
    size_t at = space_place(store, ns, &found);
    if (!found || --store->spaces[at].count > 0)
        return;
    store->space_count--;
    memmove(store->spaces + at, store->spaces + at + 1, (store->space_count - at) * sizeof *store->spaces);
}

size_t store_namespaces(const struct store *store, void (*each)(void *arg, const char *ns, size_t count), void *arg)
{
    for (size_t i = 0; each && i < store->space_count; i++)
        each(arg, store->spaces[i].ns, store->spaces[i].count);
    return store->space_count;
}
