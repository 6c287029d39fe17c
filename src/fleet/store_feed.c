#include <config.h>

#include "fleet/store_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

struct store_feed {
    struct store *store;
    void (*wake)(void *arg);
    void *arg;
    bool woken;
    uint64_t *marked; /* a bit a slot: it is in changed */
    size_t words;
    slot_t *changed;  /* from head on */
    size_t head, count, cap;
    struct store_feed *next;
};

static bool is_marked(const struct store_feed *feed, slot_t slot)
{
    return slot / 64 < feed->words && feed->marked[slot / 64] >> slot % 64 & 1;
}

struct store_feed *store_feed_new(struct store *store, void (*wake)(void *arg), void *arg)
{
    struct store_feed *feed = xcalloc(1, sizeof *feed);
    *feed = (struct store_feed){.store = store, .wake = wake, .arg = arg, .next = store->feeds};
    store->feeds = feed;
    return feed;
}

static void mark(struct store_feed *feed, slot_t slot)
{
    size_t word = slot / 64;
    if (is_marked(feed, slot))
        return;
    if (word >= feed->words) {
        size_t words = word + 1 > feed->words * 2 ? word + 1 : feed->words * 2;
        feed->marked = xreallocarray(feed->marked, words, sizeof *feed->marked);
        memset(feed->marked + feed->words, 0, (words - feed->words) * sizeof *feed->marked);
        feed->words = words;
    }
    feed->marked[word] |= UINT64_C(1) << slot % 64;
    store_grow(&feed->changed, &feed->cap, feed->count, sizeof *feed->changed);
    feed->changed[feed->count++] = slot;
    if (!feed->woken) {
        feed->woken = true;
        if (feed->wake)
            feed->wake(feed->arg);
    }
}

void feeds_mark(struct store *store, slot_t slot)
{
    for (struct store_feed *feed = store->feeds; feed; feed = feed->next)
        mark(feed, slot);
}

void feeds_release(struct store *store, slot_t slot)
{
    for (const struct store_feed *feed = store->feeds; feed; feed = feed->next)
        if (is_marked(feed, slot))
            return;
    store_grow(&store->free_slots, &store->free_cap, store->free_count, sizeof *store->free_slots);
    store->free_slots[store->free_count++] = slot;
}

size_t store_feed_drain(struct store_feed *feed, slot_t *slots, size_t max)
{
    size_t count = 0;
    for (; count < max && feed->head < feed->count; count++) {
        slot_t slot = feed->changed[feed->head++];
        slots[count] = slot;
        feed->marked[slot / 64] &= ~(UINT64_C(1) << slot % 64);
        if (!feed->store->slots[slot].row.record)
            feeds_release(feed->store, slot);
    }
    if (feed->head == feed->count) {
        feed->head = feed->count = 0;
        feed->woken = false;
    }
    return count;
}

void store_feed_free(struct store_feed **ptr)
{
    struct store_feed *feed = *ptr;
    slot_t slots[256];
    *ptr = NULL;
    if (!feed)
        return;
    while (store_feed_drain(feed, slots, ARRAY_LEN(slots)) > 0)
        ; /* the numbers of what is gone are free now */
    struct store_feed **link = &feed->store->feeds;
    while (*link != feed)
        link = &(*link)->next;
    *link = feed->next;
    free(feed->marked);
    free(feed->changed);
    free(feed);
}
