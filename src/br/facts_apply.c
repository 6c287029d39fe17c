#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "facts_keeper.h"

struct dirty {
    UT_hash_handle hh;
    char key[]; /* "2 ns/name" */
};

/* -- which ---------------------------------------------------------------------------------- */

void facts_mark(struct facts_keeper *keeper, const char *key)
{
    struct dirty *dirty;
    HASH_FIND_STR(keeper->dirty, key, dirty);
    if (dirty)
        return;
    size_t size = strlen(key) + 1;
    dirty = xmalloc(sizeof *dirty + size);
    memcpy(dirty->key, key, size);
    HASH_ADD_STR(keeper->dirty, key, dirty);
    facts_apply_soon(keeper);
}

static void mark_record(struct facts_keeper *keeper, const struct backup_record *record)
{
    char *key = xasprintf("%c %s/%s", record->v1 ? '1' : '2', record->ns, record->name);
    facts_mark(keeper, key);
    free(key);
}

static bool is_of(const struct facts_watch *watch, const struct backup_record *record)
{
    return !watch->ns || strcmp(watch->ns, record->ns) == 0;
}

void facts_forget_dirty(struct facts_keeper *keeper)
{
    struct dirty *dirty, *next;
    HASH_ITER(hh, keeper->dirty, dirty, next) {
        HASH_DEL(keeper->dirty, dirty);
        free(dirty);
    }
}

/* Rows that are new, or another object by now. */
static void drain_feed(struct facts_keeper *keeper)
{
    const struct store *store = fleet_store(keeper->br->fleet);
    slot_t slots[256];
    keeper->fed = false;
    for (size_t n = ARRAY_LEN(slots); keeper->feed && n == ARRAY_LEN(slots);) {
        n = store_feed_drain(keeper->feed, slots, ARRAY_LEN(slots));
        for (size_t i = 0; i < n; i++) {
            const struct store_row *row = store_get(store, slots[i]);
            if (row && facts_watch_of(keeper, row->record->ns))
                mark_record(keeper, row->record);
        }
    }
}

/* -- what ------------------------------------------------------------------------------------ */

/* Whether the operator may still do something for it: then its Cluster matters. */
static bool is_alive(const struct backup_record *record)
{
    return record->mode == BACKUP_LOG || record->deleting_ms || (record->phase != PHASE_COMPLETE &&
           record->phase != PHASE_FAILED && record->phase != PHASE_INVALID);
}

/* What it warns of is over: since then a Job was made, a Pod, or its container ran. */
static bool is_mended(const struct event_item *event, const struct job_item *job, const struct pod_item *pod)
{
    int64_t at_ms = event->item.at_ms;
    if (!job)
        return false;
    if (job->job.complete)
        return true;
    switch (event->event.about[0]) {
    case 'B':
        return at_ms < job->item.at_ms;
    case 'J':
        return pod && at_ms <= pod->item.at_ms;
    default:
        return pod && pod->runs_ms && at_ms <= pod->runs_ms;
    }
}

static const struct event_item *newest_event(const struct facts_watch *w, const char *backup_uid,
                                             const struct job_item *job, const struct pod_item *pod)
{
    const char *const about[] = {backup_uid, job ? job->item.uid : "", pod ? pod->item.uid : ""};
    const struct event_item *newest = NULL;
    for (size_t i = 0; i < ARRAY_LEN(about); i++) {
        const struct event_item *event =
            (const struct event_item *)facts_set_newest(&w->kinds[WATCHED_EVENTS].set, about[i]);
        if (event && !is_mended(event, job, pod) && (!newest || event->item.at_ms >= newest->item.at_ms))
            newest = event;
    }
    return newest;
}

enum { DEATHS_MS = 10 * 60 * 1000 };

/* Jobs of that name that came to their end before this one was made. */
static void count_deaths(struct facts_watch *w, const struct backup_record *record, const struct job_item *job,
                         FACT_TYPE(job) *fact)
{
    char owner[FACT_UID_MAX];
    fact_death_owner(record->ns, job->job.name, owner);
    fact->died = facts_set_count(&w->kinds[WATCHED_EVENTS].set, owner, job->item.at_ms - DEATHS_MS, job->item.at_ms,
                                 &fact->died_ms);
}

static void put_fact(void *to, const void *from, size_t size)
{
    if (from)
        memcpy(to, from, size);
    else
        memset(to, 0, size);
}

/* What @w knows of @record into @facts. False: nothing that matters. */
static bool make_facts(struct facts_watch *w, const struct backup_record *record, struct backup_facts *facts)
{
    const struct job_item *job =
        (const struct job_item *)facts_set_newest(&w->kinds[WATCHED_JOBS].set, record->uid);
    const struct pod_item *pod =
        job ? (const struct pod_item *)facts_set_newest(&w->kinds[WATCHED_PODS].set, job->item.uid) : NULL;
    const struct event_item *event = newest_event(w, record->uid, job, pod);
    const struct facts_cluster *cluster = is_alive(record) ? facts_cluster_of(w, record) : NULL;
    put_fact(&facts->job, job ? &job->job : NULL, sizeof facts->job);
    if (job)
        count_deaths(w, record, job, &facts->job);
    put_fact(&facts->pod, pod ? &pod->pod : NULL, sizeof facts->pod);
    put_fact(&facts->event, event ? &event->event : NULL, sizeof facts->event);
    put_fact(&facts->cluster, cluster ? &cluster->cluster : NULL, sizeof facts->cluster);
    return (job && !job->job.complete) || event || is_alive(record);
}

/* A new read_ms alone is no change that a row must be judged and drawn for. */
static bool differ(const struct backup_facts *a, const struct backup_facts *b)
{
    return memcmp(&a->job, &b->job, sizeof a->job) != 0 || memcmp(&a->pod, &b->pod, sizeof a->pod) != 0 ||
           memcmp(&a->event, &b->event, sizeof a->event) != 0 || !a->cluster.read_ms != !b->cluster.read_ms ||
           a->cluster.missing != b->cluster.missing || a->cluster.paused != b->cluster.paused ||
           a->cluster.suspended != b->cluster.suspended;
}

bool facts_beside(struct br *br, const struct backup_record *record, struct backup_facts *facts)
{
    struct facts_watch *w = br->facts ? facts_watch_of(br->facts, record->ns) : NULL;
    struct backup_facts now;
    if (w && facts_watch_lists(w)) /* what is there is not whole */
        return false;
    memset(&now, 0, sizeof now);
    if (w)
        make_facts(w, record, &now);
    bool changed = differ(facts, &now);
    memcpy(facts, &now, sizeof now);
    return changed;
}

static void apply_slot(struct facts_keeper *keeper, slot_t slot)
{
    struct store *store = fleet_store(keeper->br->fleet);
    const struct store_row *row = store_get(store, slot);
    struct facts_watch *w = row ? facts_watch_of(keeper, row->record->ns) : NULL;
    static const struct backup_facts none;
    struct backup_facts facts;
    if (!w)
        return;
    const struct backup_facts *old = row->facts ? row->facts : &none;
    memcpy(&facts, old, sizeof facts);
    if (!make_facts(w, row->record, &facts) && !row->facts) /* rows without facts pay nothing */
        return;
    bool changed = differ(old, &facts);
    if (!changed && old->cluster.read_ms == facts.cluster.read_ms)
        return;
    memcpy(store_facts(store, slot), &facts, sizeof facts);
    if (changed)
        store_touch(store, slot, fleet_now_ms(keeper->br->fleet));
}

static void apply_key(struct facts_keeper *keeper, const char *key)
{
    const char *ns = key + 2, *name = strchr(ns, '/');
    char *own = xstrndup(ns, (size_t)(name - ns));
    slot_t slot = find_slot(fleet_store(keeper->br->fleet), key[0] == '1', own, name + 1);
    if (slot != SLOT_NONE)
        apply_slot(keeper, slot);
    free(own);
}

static bool lists(const struct facts_keeper *keeper)
{
    for (const struct facts_watch *w = keeper->watches; w; w = w->next)
        if (facts_watch_lists(w))
            return true;
    return false;
}

/* A watch that has not looked at all rows yet; NULL. */
static struct facts_watch *scanning(const struct facts_keeper *keeper)
{
    struct facts_watch *w = keeper->watches;
    while (w && w->scan >= store_slots(fleet_store(keeper->br->fleet)))
        w = w->next;
    return w;
}

static bool apply_one(struct facts_keeper *keeper)
{
    struct facts_watch *w = scanning(keeper);
    struct dirty *dirty = keeper->dirty;
    if (w) {
        const struct store_row *row = store_get(fleet_store(keeper->br->fleet), w->scan);
        if (row && is_of(w, row->record))
            apply_slot(keeper, w->scan);
        w->scan++;
    } else if (dirty) {
        HASH_DEL(keeper->dirty, dirty);
        apply_key(keeper, dirty->key);
        free(dirty);
    }
    return w || dirty;
}

bool facts_apply_is_done(const struct facts_keeper *keeper)
{
    return !keeper->dirty && !keeper->fed && !scanning(keeper);
}

void facts_apply_soon(struct facts_keeper *keeper)
{
    /* While a list is under way it waits for that, and is told of it (tell): one look at all rows then. */
    if (keeper->fed || (!facts_apply_is_done(keeper) && !lists(keeper)))
        loop_work_start(&keeper->apply);
}

bool facts_apply(void *arg, int64_t until_us)
{
    struct facts_keeper *keeper = arg;
    if (keeper->fed)
        drain_feed(keeper);
    for (unsigned n = 1; !lists(keeper) && apply_one(keeper); n++)
        if (n % 16 == 0 && clock_mono_us() >= until_us)
            return true;
    keeper->br->told = false;
    br_wake(keeper->br);
    return false;
}

void facts_take_off(struct facts_watch *watch)
{
    struct facts_keeper *keeper = watch->keeper;
    struct store *store = fleet_store(keeper->br->fleet);
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (!row || !row->facts || !is_of(watch, row->record))
            continue;
        struct backup_facts *facts = store_facts(store, slot);
        memset(&facts->job, 0, sizeof facts->job);
        memset(&facts->pod, 0, sizeof facts->pod);
        memset(&facts->event, 0, sizeof facts->event);
        memset(&facts->cluster, 0, sizeof facts->cluster);
        store_touch(store, slot, fleet_now_ms(keeper->br->fleet));
    }
}
