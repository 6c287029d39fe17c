#include <config.h>

#include "fleet/store_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { FIRST_ROOM = 64 };

/* @array is the address of a pointer, of whatever kind. */
void store_grow(void *array, size_t *cap, size_t count, size_t size)
{
    void *memory;
    if (count < *cap)
        return;
    memcpy(&memory, array, sizeof memory);
    *cap = *cap ? *cap * 2 : FIRST_ROOM;
    memory = xreallocarray(memory, *cap, size);
    memcpy(array, &memory, sizeof memory);
}

struct store *store_new(void)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->pool = intern_new();
    index_init(&store->by_name);
    index_init(&store->by_cluster);
    return store;
}

/* The records are an owned resource of the row; readers see them as const. */
static void free_record(const struct backup_record *record)
{
    struct backup_record *mine = (struct backup_record *)(uintptr_t)record;
    if (mine)
        record_free(&mine);
}

void store_free(struct store **ptr)
{
    struct store *store = *ptr;
    *ptr = NULL;
    if (!store)
        return;
    assert(!store->feeds);
    for (size_t i = 0; i < store->slot_count; i++) {
        free_record(store->slots[i].row.record);
        free((void *)(uintptr_t)store->slots[i].row.facts);
    }
    index_done(&store->by_name);
    index_done(&store->by_cluster);
    free(store->slots);
    free(store->free_slots);
    free(store->clusters);
    free(store->dirty);
    free(store->spaces);
    free(store->sources);
    free(store->heap);
    intern_free(&store->pool);
    free(store);
}

struct intern *store_pool(struct store *store) { return store->pool; }

/* -- rows ----------------------------------------------------------------------------- */

static struct source *source_of(struct store *store, unsigned source)
{
    if (source >= store->source_count) {
        store->sources = xreallocarray(store->sources, source + 1, sizeof *store->sources);
        memset(store->sources + store->source_count, 0, (source + 1 - store->source_count) * sizeof *store->sources);
        store->source_count = source + 1;
    }
    return &store->sources[source];
}

static slot_t take_slot(struct store *store)
{
    if (store->free_count > 0)
        return store->free_slots[--store->free_count];
    store_grow(&store->slots, &store->slot_cap, store->slot_count, sizeof *store->slots);
    memset(&store->slots[store->slot_count], 0, sizeof *store->slots);
    return (slot_t)store->slot_count++;
}

/* The row changed: judge it, and tell. */
static void judge(struct store *store, slot_t slot, int64_t now_ms)
{
    struct store_row *row = &store->slots[slot].row;
    struct backup_state state;
    state_of(row->record, row->facts, now_ms, false, &state);
    if (row->state.needs_you)
        store->needs_you--;
    if (state.needs_you)
        store->needs_you++;
    row->state = (struct store_state){.mark = (uint8_t)state.mark, .severity = (uint8_t)state.severity,
                                      .needs_you = state.needs_you, .word = intern(store->pool, state.word),
                                      .until_ms = state.until_ms};
    row->generation++;
    due_set(store, slot);
    feeds_mark(store, slot);
}

static slot_t add_row(struct store *store, unsigned source, struct backup_record *record, int64_t now_ms)
{
    slot_t slot = take_slot(store);
    struct slot *s = &store->slots[slot];
    uint32_t generation = s->row.generation; /* goes on rising when a number is used again */
    *s = (struct slot){.row = {.record = record, .source = (uint16_t)source, .generation = generation},
                       .hash = name_hash(record->ns, record->name), .cluster = NO_INDEX};
    store->rows++;
    names_add(store, slot);
    cluster_enter(store, slot);
    later_mark(store, slot, record);
    space_enter(store, record->ns);
    judge(store, slot, now_ms);
    return slot;
}

static void remove_row(struct store *store, slot_t slot)
{
    struct slot *s = &store->slots[slot];
    names_remove(store, slot);
    later_mark(store, slot, s->row.record);
    cluster_leave(store, slot);
    due_remove(store, slot);
    space_leave(store, s->row.record->ns);
    store->rows--;
    if (s->row.state.needs_you)
        store->needs_you--;
    free_record(s->row.record);
    free((void *)(uintptr_t)s->row.facts);
    s->row.record = NULL;
    s->row.facts = NULL;
    s->row.state = (struct store_state){.word = "", .until_ms = INT64_MAX};
    s->row.generation++;
    feeds_mark(store, slot);
    feeds_release(store, slot);
}

static bool is_another_object(const struct backup_record *a, const struct backup_record *b)
{
    return a->uid[0] && b->uid[0] && strcmp(a->uid, b->uid) != 0;
}

slot_t store_put(struct store *store, unsigned source, struct backup_record *record, int64_t now_ms)
{
    uint32_t round = source_of(store, source)->round;
    slot_t slot = names_find(store, source, record->ns, record->name);
    if (slot != SLOT_NONE && is_another_object(store->slots[slot].row.record, record)) {
        remove_row(store, slot); /* its deletion was missed: nothing known of the old one holds */
        slot = SLOT_NONE;
    }
    if (slot == SLOT_NONE) {
        slot = add_row(store, source, record, now_ms);
        store->slots[slot].round = round;
        return slot;
    }
    struct slot *s = &store->slots[slot];
    const struct backup_record *old = s->row.record;
    s->round = round;
    s->row.record = record; /* with its resourceVersion, whatever else is equal */
    if (record_differs(old, record)) {
        later_mark(store, slot, old);
        cluster_leave(store, slot);
        cluster_enter(store, slot);
        later_mark(store, slot, record);
        judge(store, slot, now_ms);
    }
    free_record(old);
    return slot;
}

void store_remove(struct store *store, unsigned source, const char *ns, const char *name)
{
    slot_t slot = names_find(store, source, ns, name);
    if (slot != SLOT_NONE)
        remove_row(store, slot);
}

/* -- sources ---------------------------------------------------------------------------- */

void store_list(struct store *store, unsigned source)
{
    struct source *s = source_of(store, source);
    s->round++; /* what a list that was given up has seen counts no more */
    s->listing = true;
}

void store_listed(struct store *store, unsigned source)
{
    struct source *s = source_of(store, source);
    if (!s->listing)
        return;
    s->listing = false;
    for (size_t i = 0; i < store->slot_count; i++) {
        const struct slot *slot = &store->slots[i];
        if (slot->row.record && slot->row.source == source && slot->round != s->round)
            remove_row(store, (slot_t)i);
    }
}

void store_drop(struct store *store, unsigned source)
{
    for (size_t i = 0; i < store->slot_count; i++)
        if (store->slots[i].row.record && store->slots[i].row.source == source)
            remove_row(store, (slot_t)i);
    *source_of(store, source) = (struct source){0};
}

void store_move(struct store *store, unsigned from, unsigned to, const char *ns)
{
    uint32_t round = source_of(store, to)->round;
    for (size_t i = 0; i < store->slot_count; i++) {
        struct slot *s = &store->slots[i];
        if (!s->row.record || s->row.source != from || (ns && strcmp(ns, s->row.record->ns) != 0))
            continue;
        if (names_find(store, to, s->row.record->ns, s->row.record->name) != SLOT_NONE)
            continue;
        s->row.source = (uint16_t)to; /* the hash knows nothing of it */
        s->round = round;
    }
}

/* -- questions ----------------------------------------------------------------------------- */

const struct store_row *store_get(const struct store *store, slot_t slot)
{
    return slot < store->slot_count && store->slots[slot].row.record ? &store->slots[slot].row : NULL;
}

size_t store_count(const struct store *store) { return store->rows; }

size_t store_slots(const struct store *store) { return store->slot_count; }

size_t store_needs_you(const struct store *store) { return store->needs_you; }

struct backup_facts *store_facts(struct store *store, slot_t slot)
{
    struct store_row *row = store_get(store, slot) ? &store->slots[slot].row : NULL;
    if (!row)
        return NULL;
    if (!row->facts)
        row->facts = xcalloc(1, sizeof *row->facts);
    return (struct backup_facts *)(uintptr_t)row->facts;
}

void store_touch(struct store *store, slot_t slot, int64_t now_ms)
{
    if (store_get(store, slot))
        judge(store, slot, now_ms);
}

int64_t store_expire(struct store *store, int64_t now_ms)
{
    later_settle(store, now_ms, judge);
    while (store->heap_count > 0) {
        slot_t slot = store->heap[1];
        if (store->slots[slot].row.state.until_ms > now_ms)
            return store->slots[slot].row.state.until_ms;
        judge(store, slot, now_ms);
        struct store_state *state = &store->slots[slot].row.state;
        if (state->until_ms <= now_ms) { /* a state that holds for no time at all would keep us here */
            state->until_ms = now_ms + 1000;
            due_set(store, slot);
        }
    }
    return INT64_MAX;
}
