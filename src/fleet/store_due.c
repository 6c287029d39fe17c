#include <config.h>

#include "fleet/store_private.h"

/* A binary heap of slots by until_ms, from 1, each knowing its place: who is next due stands first, so that
 * no state is looked at before its time. */

static int64_t until(const struct store *store, size_t at) { return store->slots[store->heap[at]].row.state.until_ms; }

static void put(struct store *store, size_t at, slot_t slot)
{
    store->heap[at] = slot;
    store->slots[slot].due = (uint32_t)at;
}

static void swap(struct store *store, size_t a, size_t b)
{
    slot_t slot = store->heap[a];
    put(store, a, store->heap[b]);
    put(store, b, slot);
}

static void settle(struct store *store, size_t at)
{
    for (; at > 1 && until(store, at) < until(store, at / 2); at /= 2)
        swap(store, at, at / 2);
    for (;;) {
        size_t least = at;
        for (size_t child = at * 2; child <= at * 2 + 1 && child <= store->heap_count; child++)
            if (until(store, child) < until(store, least))
                least = child;
        if (least == at)
            return;
        swap(store, at, least);
        at = least;
    }
}

void due_remove(struct store *store, slot_t slot)
{
    size_t at = store->slots[slot].due;
    if (!at)
        return;
    slot_t last = store->heap[store->heap_count--];
    store->slots[slot].due = 0;
    if (last != slot) {
        put(store, at, last);
        settle(store, at);
    }
}

void due_set(struct store *store, slot_t slot)
{
    if (store->slots[slot].row.state.until_ms == INT64_MAX) {
        due_remove(store, slot);
        return;
    }
    if (!store->slots[slot].due) {
        store_grow(&store->heap, &store->heap_cap, store->heap_count + 1, sizeof *store->heap);
        put(store, ++store->heap_count, slot);
    }
    settle(store, store->slots[slot].due);
}
