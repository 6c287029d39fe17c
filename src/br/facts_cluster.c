#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "facts_keeper.h"

/* The records that name it. The caller frees; 0: none. */
static size_t records_of(const struct facts_cluster *cluster, const struct backup_record ***records)
{
    return find_records(fleet_store(cluster->watch->keeper->br->fleet), cluster->v1, cluster->key + 2, records);
}

static void mark_records(struct facts_cluster *cluster)
{
    const struct backup_record **records;
    size_t count = records_of(cluster, &records);
    for (size_t i = 0; i < count; i++) {
        char *key = xasprintf("%c %s/%s", cluster->key[0], records[i]->ns, records[i]->name);
        facts_mark(cluster->watch->keeper, key);
        free(key);
    }
    free(records);
}

static void on_cluster(void *arg, const struct br_cluster *told)
{
    struct facts_cluster *cluster = arg;
    cluster->ask = NULL;
    cluster->answered = true;
    if (told->read_ms) { /* else what was known before stands */
        cluster->cluster.read_ms = told->read_ms;
        cluster->cluster.missing = told->missing;
        cluster->cluster.paused = told->paused;
        cluster->cluster.suspended = told->suspended;
        mark_records(cluster);
    }
    cluster->watch->keeper->br->told = false;
    br_wake(cluster->watch->keeper->br);
}

static void ask(struct facts_cluster *cluster, const struct backup_record *record)
{
    if (cluster->ask)
        return;
    cluster->asked_ms = clock_mono_ms();
    cluster->ask = br_cluster_get(cluster->watch->keeper->br, record, on_cluster, cluster);
}

const struct facts_cluster *facts_cluster_of(struct facts_watch *watch, const struct backup_record *record)
{
    char key[RECORD_CLUSTER_MAX + 2] = {record->v1 ? '1' : '2', ' '};
    record_cluster(record, key + 2);
    if (!key[2])
        return NULL;
    struct facts_cluster *cluster;
    HASH_FIND_STR(watch->clusters, key, cluster);
    if (cluster)
        return cluster;
    size_t size = strlen(key) + 1;
    cluster = xcalloc(1, sizeof *cluster + size);
    cluster->watch = watch;
    cluster->v1 = record->v1;
    memcpy(cluster->key, key, size);
    HASH_ADD_STR(watch->clusters, key, cluster);
    ask(cluster, record);
    return cluster;
}

static void drop(struct facts_watch *watch, struct facts_cluster *cluster)
{
    HASH_DEL(watch->clusters, cluster);
    br_cluster_cancel(&cluster->ask);
    free(cluster);
}

void facts_clusters_again(struct facts_watch *watch)
{
    struct facts_cluster *cluster, *next;
    HASH_ITER(hh, watch->clusters, cluster, next) {
        const struct backup_record **records, *unlisted;
        /* what stands in the way is mended by somebody: that is seen soon */
        bool bad = cluster->cluster.missing || cluster->cluster.paused || cluster->cluster.suspended;
        if (clock_mono_ms() - cluster->asked_ms < (bad ? CLUSTER_AGAIN_MS / 8 : CLUSTER_AGAIN_MS))
            continue;
        if (records_of(cluster, &records))
            ask(cluster, records[0]);
        else if ((unlisted = run_unlisted_of(watch->keeper->br, cluster->v1, cluster->key + 2)) != NULL)
            ask(cluster, unlisted);
        else
            drop(watch, cluster);
        free(records);
    }
}

bool facts_clusters_are_there(const struct facts_watch *watch)
{
    for (const struct facts_cluster *cluster = watch->clusters; cluster; cluster = cluster->hh.next)
        if (!cluster->answered)
            return false;
    return true;
}

void facts_clusters_free(struct facts_watch *watch)
{
    struct facts_cluster *cluster, *next;
    HASH_ITER(hh, watch->clusters, cluster, next)
        drop(watch, cluster);
}
