/* store_later.c - which failed full backups a later one of their cluster has made good (facts.later).
 *
 * A cluster whose full backups have changed is only marked, and gone through when states are settled: thousands that
 * come with one list cost one walk.
 */
#include <config.h>

#include "fleet/store_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/window.h>

void later_mark(struct store *store, slot_t slot, const struct backup_record *record)
{
    uint32_t at = store->slots[slot].cluster;
    if (at == NO_INDEX || store->clusters[at].dirty || (!window_is_failed_full(record) && window_base_fault(record)))
        return;
    store_grow(&store->dirty, &store->dirty_cap, store->dirty_count, sizeof *store->dirty);
    store->dirty[store->dirty_count++] = at;
    store->clusters[at].dirty = true;
}

static const struct backup_record *newest_full(const struct store *store, const struct cluster *cluster)
{
    const struct backup_record *newest = NULL;
    for (slot_t slot = cluster->first; slot != SLOT_NONE; slot = store->slots[slot].next) {
        const struct backup_record *record = store->slots[slot].row.record;
        if (!window_base_fault(record) && (!newest || window_begun_ms(record) > window_begun_ms(newest)))
            newest = record;
    }
    return newest;
}

/* True when @slot's row reads otherwise now. */
static bool set_later(struct store *store, slot_t slot, const struct backup_record *full)
{
    const struct store_row *row = &store->slots[slot].row;
    bool good = full && window_makes_good(full, row->record);
    if (!good && !row->facts) /* rows without facts pay nothing */
        return false;
    struct backup_facts *facts = store_facts(store, slot), old = *facts;
    memset(&facts->later, 0, sizeof facts->later);
    if (good) {
        snprintf(facts->later.name, sizeof facts->later.name, "%s", full->name);
        facts->later.commit_ts = full->commit_ts;
    }
    return facts->later.commit_ts != old.later.commit_ts || strcmp(facts->later.name, old.later.name) != 0;
}

void later_settle(struct store *store, int64_t now_ms, void (*changed)(struct store *, slot_t, int64_t))
{
    while (store->dirty_count > 0) {
        struct cluster *cluster = &store->clusters[store->dirty[--store->dirty_count]];
        const struct backup_record *full = newest_full(store, cluster);
        cluster->dirty = false;
        for (slot_t slot = cluster->first; slot != SLOT_NONE; slot = store->slots[slot].next)
            if (window_is_failed_full(store->slots[slot].row.record) && set_later(store, slot, full))
                changed(store, slot, now_ms);
    }
}
