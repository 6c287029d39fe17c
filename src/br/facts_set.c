#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "facts_keeper.h"

struct fact_owner {
    UT_hash_handle hh;
    char uid[FACT_UID_MAX];
    struct fact_item *first;
};

void fact_item_free(struct fact_item *item)
{
    free(item->key);
    free(item);
}

struct fact_item *facts_set_find(const struct facts_set *set, const char *uid)
{
    struct fact_item *item;
    HASH_FIND_STR(set->items, uid, item);
    return item;
}

static struct fact_owner *owner_of(const struct facts_set *set, const char *uid)
{
    struct fact_owner *owner;
    HASH_FIND_STR(set->owners, uid, owner);
    return owner;
}

static void enter(struct facts_set *set, struct fact_item *item)
{
    struct fact_owner *owner = owner_of(set, item->owner);
    if (!owner) {
        owner = xcalloc(1, sizeof *owner);
        memcpy(owner->uid, item->owner, sizeof owner->uid);
        HASH_ADD_STR(set->owners, uid, owner);
    }
    item->prev = NULL;
    item->next = owner->first;
    if (item->next)
        item->next->prev = item;
    owner->first = item;
}

static void leave(struct facts_set *set, struct fact_item *item)
{
    struct fact_owner *owner = owner_of(set, item->owner);
    if (item->next)
        item->next->prev = item->prev;
    if (item->prev)
        item->prev->next = item->next;
    else
        owner->first = item->next;
    if (owner->first)
        return;
    HASH_DEL(set->owners, owner);
    free(owner);
}

void facts_set_remove(struct facts_set *set, struct fact_item *item)
{
    leave(set, item);
    HASH_DEL(set->items, item);
    fact_item_free(item);
}

void facts_set_put(struct facts_set *set, struct fact_item *item)
{
    struct fact_item *old = facts_set_find(set, item->uid);
    if (old)
        facts_set_remove(set, old);
    item->round = set->round;
    HASH_ADD_STR(set->items, uid, item);
    enter(set, item);
}

static bool is_newer(const struct fact_item *a, const struct fact_item *b)
{
    return a->at_ms != b->at_ms ? a->at_ms > b->at_ms : a->version > b->version;
}

struct fact_item *facts_set_newest(const struct facts_set *set, const char *owner)
{
    const struct fact_owner *of = *owner ? owner_of(set, owner) : NULL;
    struct fact_item *newest = of ? of->first : NULL;
    for (struct fact_item *item = newest; item; item = item->next)
        if (is_newer(item, newest))
            newest = item;
    return newest;
}

int facts_set_count(const struct facts_set *set, const char *owner, int64_t from_ms, int64_t to_ms, int64_t *first_ms)
{
    const struct fact_owner *of = *owner ? owner_of(set, owner) : NULL;
    int count = 0;
    for (const struct fact_item *item = of ? of->first : NULL; item; item = item->next) {
        if (item->at_ms < from_ms || item->at_ms > to_ms)
            continue;
        if (!count++ || item->at_ms < *first_ms)
            *first_ms = item->at_ms;
    }
    return count;
}

void facts_set_done(struct facts_set *set)
{
    struct fact_item *item, *next;
    HASH_ITER(hh, set->items, item, next)
        facts_set_remove(set, item);
}
