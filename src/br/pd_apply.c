#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "pd_keeper.h"

/* PD is to know a task of its name. */
static bool should_have_task(const struct backup_record *record)
{
    return (record->phase == PHASE_RUNNING || record->phase == PHASE_PAUSED) && !record->deleting_ms;
}

bool pd_row_counts(const struct pd_cluster *c, const struct backup_record *record)
{
    return should_have_task(record) || phase_is_active(record->phase) || pd_find(&c->tasks, record->name);
}

static void set_gc(const struct pd_cluster *c, const struct backup_record *record, struct backup_facts *facts)
{
    facts->pd.gc_read_ms = c->gc_read_ms;
    facts->pd.gc_safepoint = c->gc_read_ms ? c->gc.safepoint : 0;
    const struct pd_hold *hold = facts->pd.paused ? pd_hold_of(&c->gc, record->name, facts->pd.checkpoint) : NULL;
    facts->pd.pause_expires_ms = hold ? hold->expires_ms : 0;
    facts->pd.pause_safepoint = hold ? hold->ts : 0;
}

static void make_facts(const struct pd_cluster *c, const struct backup_record *record, struct backup_facts *facts)
{
    const struct pd_task *task = pd_find(&c->tasks, record->name);
    if (c->pub.read_ms) {
        if (task)
            memcpy(&facts->pd, &task->pd, sizeof facts->pd);
        else
            memset(&facts->pd, 0, sizeof facts->pd);
        facts->pd.task_missing = !task && should_have_task(record);
        facts->pd.read_ms = c->pub.read_ms;
        set_gc(c, record, facts);
    }
    facts->pd.reach = c->pub.reach;
    memcpy(facts->pd.why, c->why, sizeof facts->pd.why);
}

/* That it was read again is no change that a row must be judged and drawn for, unless the same words only count now:
 * those of before the object's last change did not. */
static bool differ(const struct store_row *row, const struct backup_facts *a, const struct backup_facts *b,
                   int64_t now_ms)
{
    struct backup_facts same;
    struct backup_state state;
    memcpy(&same, b, sizeof same);
    same.pd.read_ms = a->pd.read_ms;
    same.pd.gc_read_ms = a->pd.gc_read_ms;
    if (memcmp(&a->pd, &same.pd, sizeof a->pd) != 0)
        return true;
    state_of(row->record, b, now_ms, false, &state);
    return strcmp(state.word, row->state.word) != 0 || state.severity != row->state.severity ||
           state_checkpoint(row->record, a, NULL) != state_checkpoint(row->record, b, NULL);
}

static void apply_row(const struct pd_cluster *c, const struct backup_record *record)
{
    static const struct backup_facts none;
    struct store *store = fleet_store(c->keeper->br->fleet);
    slot_t slot = find_slot(store, c->v1, record->ns, record->name);
    const struct store_row *row = store_get(store, slot);
    struct backup_facts facts;
    if (!row)
        return;
    if (!row->facts && !pd_row_counts(c, record))
        return;
    memcpy(&facts, row->facts ? row->facts : &none, sizeof facts);
    make_facts(c, record, &facts);
    bool changed = differ(row, row->facts ? row->facts : &none, &facts, fleet_now_ms(c->keeper->br->fleet));
    memcpy(store_facts(store, slot), &facts, sizeof facts);
    if (changed)
        store_touch(store, slot, fleet_now_ms(c->keeper->br->fleet));
}

/* The log backups of the cluster in its group, which have PD's facts; the caller frees. */
static size_t logs_of(const struct pd_cluster *c, const struct backup_record ***records)
{
    size_t count = find_records(fleet_store(c->keeper->br->fleet), c->v1, c->key, records), kept = 0;
    for (size_t i = 0; i < count; i++)
        if ((*records)[i]->mode == BACKUP_LOG)
            (*records)[kept++] = (*records)[i];
    return kept;
}

static int compare_tasks(const void *a, const void *b)
{
    return strcmp(((const struct br_pd_task *)a)->name, ((const struct br_pd_task *)b)->name);
}

/* Of either group: in a migration both have the same cluster. */
static bool is_known(const struct pd_task *task, const struct backup_record *const *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (records[i]->mode == BACKUP_LOG && strcmp(records[i]->name, task->name) == 0)
            return true;
    return false;
}

static void tell_tasks(struct pd_cluster *c)
{
    const struct store *store = fleet_store(c->keeper->br->fleet);
    size_t n = 0, count = store_cluster(store, c->key, NULL, 0);
    const struct backup_record **records = xcalloc(count + 1, sizeof *records);
    store_cluster(store, c->key, records, count);
    free(c->public_tasks);
    c->public_tasks = xcalloc(HASH_COUNT(c->tasks.by_name) + 1, sizeof *c->public_tasks);
    for (const struct pd_task *task = c->tasks.by_name; task; task = task->hh.next) {
        struct br_pd_task *told = &c->public_tasks[n++];
        *told = (struct br_pd_task){.name = task->name, .checkpoint = task->pd.checkpoint,
                                    .start_ts = task->pd.start_ts, .paused = task->pd.paused,
                                    .known = is_known(task, records, count)};
    }
    free(records);
    qsort(c->public_tasks, n, sizeof *c->public_tasks, compare_tasks);
    c->pub.tasks = c->public_tasks;
    c->pub.count = n;
}

void pd_apply(struct pd_cluster *c)
{
    const struct backup_record **records;
    size_t count = logs_of(c, &records);
    c->apply = false;
    tell_tasks(c);
    for (size_t i = 0; i < count; i++)
        apply_row(c, records[i]);
    free(records);
    c->keeper->br->told = false;
    br_wake(c->keeper->br);
}

void pd_take_off(struct pd_cluster *c)
{
    struct store *store = fleet_store(c->keeper->br->fleet);
    const struct backup_record **records;
    size_t count = logs_of(c, &records);
    for (size_t i = 0; i < count; i++) {
        slot_t slot = find_slot(store, c->v1, records[i]->ns, records[i]->name);
        if (slot == SLOT_NONE || !store_get(store, slot)->facts)
            continue;
        struct backup_facts *facts = store_facts(store, slot);
        memset(&facts->pd, 0, sizeof facts->pd);
        store_touch(store, slot, fleet_now_ms(c->keeper->br->fleet));
    }
    free(records);
}

/* -- in public -------------------------------------------------------------------------------------- */

bool br_pd_is_of(const struct br_pd_cluster *cluster, const char *key)
{
    size_t len = strlen(cluster->ns);
    return strncmp(key, cluster->ns, len) == 0 && key[len] == '/' && strcmp(key + len + 1, cluster->name) == 0;
}

/* On v2 its Backups are in the cluster's own namespace, on v1 clusterNamespace lets them be in any. */
bool br_pd_is_sure(const struct br *br, const struct br_pd_cluster *cluster)
{
    const struct fleet *fleet = br->fleet;
    if (cluster->reach != PD_ANSWERED || !fleet_is_complete(fleet))
        return false;
    for (size_t i = 0; i < fleet_sources(fleet); i++) {
        const struct fleet_source *source = fleet_source(fleet, i);
        if (source->v1 == cluster->v1 && (!source->ns || (!source->v1 && strcmp(source->ns, cluster->ns) == 0)))
            return true;
    }
    return false;
}

void br_pd_add_unknown(const struct br_pd_cluster *cluster, const struct br_pd_task *task, int64_t now_ms,
                       struct str *out)
{
    char when[TSO_TEXT_MAX];
    str_addf(out, "PD of %s/%s has a log task no Backup knows: %s%s, %s%s", cluster->ns, cluster->name, task->name,
             task->paused ? ", paused" : "", task->checkpoint ? "checkpoint " : "no checkpoint yet",
             task->checkpoint ? tso_format(task->checkpoint, TSO_SHORT, now_ms, when) : "");
}
