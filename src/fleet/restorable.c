/* restorable.c - the window of a log backup, with the snapshots that the store has of its cluster. */
#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/fleet/fleet.h>

bool fleet_window(const struct fleet *fleet, const struct backup_record *record, const struct backup_facts *facts,
                  struct window *window)
{
    char cluster[RECORD_CLUSTER_MAX];
    if (record->mode != BACKUP_LOG)
        return false;
    record_cluster(record, cluster);
    size_t count = store_cluster(fleet_store(fleet), cluster, NULL, 0);
    const struct backup_record **records = xcalloc(count + 1, sizeof *records);
    count = store_cluster(fleet_store(fleet), cluster, records, count);
    window_shown(record, facts, records, count, fleet_cluster_created_ms(fleet, cluster), window);
    free(records);
    return true;
}
