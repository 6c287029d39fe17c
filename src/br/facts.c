#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "facts_keeper.h"

/* What each kind is asked with. Jobs that brdeck itself makes carry other labels. */
static const struct {
    const struct kube_resource *resource;
    const char *labels, *fields;
    struct fact_item *(*read)(const struct json *object);
} kinds[WATCHED] = {
    [WATCHED_JOBS] = {&kube_jobs, "tidb.pingcap.com/backup", NULL, read_job},
    [WATCHED_PODS] = {&kube_pods, "tidb.pingcap.com/backup", NULL, read_pod},
    [WATCHED_EVENTS] = {&kube_events, NULL, "type=Warning", read_event_or_death},
};

/* -- what is seen --------------------------------------------------------------------------- */

/* Which Backup @item is about; NULL: nobody knows yet. What comes later marks it then. */
static const char *backup_of(const struct facts_watch *w, const struct fact_item *item)
{
    const struct fact_item *job = item->key ? NULL : facts_set_find(&w->kinds[WATCHED_JOBS].set, item->owner);
    const struct fact_item *pod = item->key || job ? NULL : facts_set_find(&w->kinds[WATCHED_PODS].set, item->owner);
    if (pod)
        job = facts_set_find(&w->kinds[WATCHED_JOBS].set, pod->owner);
    return item->key ? item->key : job ? job->key : NULL;
}

static void mark_about(struct watched_kind *kind, const struct fact_item *item)
{
    const char *key = backup_of(kind->watch, item);
    if (key)
        facts_mark(kind->watch->keeper, key);
}

static void remove_item(struct watched_kind *kind, struct fact_item *item)
{
    mark_about(kind, item);
    facts_set_remove(&kind->set, item);
}

static void on_object(void *arg, const char *text, size_t len)
{
    struct watched_kind *kind = arg;
    struct json_arena arena;
    json_arena_init(&arena);
    const struct json *object = json_read(&arena, text, len, "managedFields", NULL);
    const char *uid = json_text(json_at(object, "metadata", "uid", NULL));
    struct fact_item *old = uid ? facts_set_find(&kind->set, uid) : NULL;
    struct fact_item *item = kinds[kind->what].read(object);
    if (item) {
        facts_set_put(&kind->set, item);
        mark_about(kind, item);
    } else if (old) {
        remove_item(kind, old); /* its owner or its label was taken off */
    }
    json_arena_done(&arena);
}

static void on_delete(void *arg, const char *text, size_t len)
{
    struct watched_kind *kind = arg;
    struct json_arena arena;
    json_arena_init(&arena);
    const struct json *object = json_read(&arena, text, len, "managedFields", NULL);
    const char *uid = json_text(json_at(object, "metadata", "uid", NULL));
    struct fact_item *old = uid ? facts_set_find(&kind->set, uid) : NULL;
    if (old)
        remove_item(kind, old);
    json_arena_done(&arena);
}

static void on_list(void *arg) { ((struct watched_kind *)arg)->set.round++; }

static void tell(struct facts_keeper *keeper)
{
    keeper->br->told = false;
    br_wake(keeper->br);
    facts_apply_soon(keeper);
}

static void on_listed(void *arg)
{
    struct watched_kind *kind = arg;
    struct fact_item *item, *next;
    HASH_ITER(hh, kind->set.items, item, next)
        if (item->round != kind->set.round)
            remove_item(kind, item);
    tell(kind->watch->keeper);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    (void)state;
    tell(((struct watched_kind *)arg)->watch->keeper);
}

/* -- watches ----------------------------------------------------------------------------------- */

bool facts_watch_lists(const struct facts_watch *watch)
{
    for (size_t k = 0; k < WATCHED; k++) {
        enum reflector_phase phase = reflector_state(watch->kinds[k].reflector)->phase;
        if (phase == REFLECTOR_CONNECTING || phase == REFLECTOR_LISTING)
            return true;
    }
    return false;
}

struct facts_watch *facts_watch_of(const struct facts_keeper *keeper, const char *ns)
{
    for (struct facts_watch *w = keeper->watches; w; w = w->next)
        if (!w->ns || (ns && strcmp(w->ns, ns) == 0))
            return w;
    return NULL;
}

static void free_watch(struct facts_watch *w)
{
    loop_timer_cancel(&w->turn);
    facts_clusters_free(w);
    for (size_t k = 0; k < WATCHED; k++) {
        reflector_free(&w->kinds[k].reflector);
        facts_set_done(&w->kinds[k].set);
    }
    free(w->ns);
    free(w);
}

static void end_watch(struct facts_watch *w)
{
    struct facts_keeper *keeper = w->keeper;
    for (struct facts_watch **link = &keeper->watches; *link; link = &(*link)->next)
        if (*link == w) {
            *link = w->next;
            break;
        }
    facts_take_off(w);
    free_watch(w);
    if (!keeper->watches && keeper->feed)
        store_feed_free(&keeper->feed);
    tell(keeper);
}

static void on_turn(void *arg)
{
    struct facts_watch *w = arg;
    int64_t left_ms = w->wanted_ms + BR_FACTS_KEEP_MS - clock_mono_ms();
    if (left_ms <= 0) {
        end_watch(w);
        return;
    }
    facts_clusters_again(w);
    loop_timer_set(&w->turn, left_ms < CLUSTER_AGAIN_MS / 4 ? left_ms : CLUSTER_AGAIN_MS / 4);
}

static void add_watch(struct facts_keeper *keeper, const char *ns)
{
    struct facts_watch *w = xcalloc(1, sizeof *w);
    *w = (struct facts_watch){.keeper = keeper, .ns = xstrdup(ns), .next = keeper->watches};
    keeper->watches = w;
    for (size_t k = 0; k < WATCHED; k++) {
        w->kinds[k].watch = w;
        w->kinds[k].what = (enum watched)k;
        w->kinds[k].reflector = reflector_new(&(struct reflector_spec){
            .client = fleet_client(keeper->br->fleet), .resource = *kinds[k].resource, .ns = ns,
            .label_selector = kinds[k].labels, .field_selector = kinds[k].fields, .on_object = on_object,
            .on_delete = on_delete, .on_list = on_list, .on_listed = on_listed, .on_state = on_state,
            .arg = &w->kinds[k]});
    }
    loop_timer_init(&w->turn, keeper->br->loop, on_turn, w);
    loop_timer_set(&w->turn, CLUSTER_AGAIN_MS / 4);
    facts_apply_soon(keeper);
}

/* -- in public ------------------------------------------------------------------------------------ */

static void on_feed(void *arg)
{
    struct facts_keeper *keeper = arg;
    keeper->fed = true;
    facts_apply_soon(keeper);
}

static struct facts_keeper *keeper_of(struct br *br)
{
    if (!br->facts) {
        br->facts = xcalloc(1, sizeof *br->facts);
        br->facts->br = br;
        loop_work_init(&br->facts->apply, br->loop, facts_apply, br->facts);
    }
    return br->facts;
}

bool br_facts_want(struct br *br, const char *ns)
{
    struct facts_keeper *keeper = keeper_of(br);
    struct facts_watch *w = facts_watch_of(keeper, ns);
    size_t count = 0;
    for (const struct facts_watch *other = keeper->watches; other; other = other->next)
        count++;
    if (!w && ns && count >= BR_FACTS_NAMESPACES_MAX)
        return false;
    if (!w && !ns) /* one for all takes the place of the others */
        while (keeper->watches)
            end_watch(keeper->watches);
    if (!keeper->feed)
        keeper->feed = store_feed_new(fleet_store(br->fleet), on_feed, keeper);
    if (!w) {
        add_watch(keeper, ns);
        w = keeper->watches;
    }
    w->wanted_ms = clock_mono_ms();
    return true;
}

/* The first that may not be had is told. */
static bool kind_is_there(struct facts_keeper *keeper, const struct watched_kind *kind)
{
    const struct reflector_state *state = reflector_state(kind->reflector);
    const char *plural = kinds[kind->what].resource->plural, *ns = kind->watch->ns;
    bool denied = state->phase == REFLECTOR_DENIED || state->phase == REFLECTOR_MISSING;
    if (!denied)
        return state->listed;
    if (keeper->why[0])
        return true;
    if (state->http == 403)
        snprintf(keeper->why, sizeof keeper->why, "no right to list %s in %s%s", plural,
                 ns ? "namespace " : "all namespaces", ns ? ns : "");
    else
        snprintf(keeper->why, sizeof keeper->why, "%s are not known: %s", plural, state->error.text);
    return true;
}

bool br_facts_are_there(const struct br *br, const char *ns, const char **why)
{
    struct facts_keeper *keeper = br->facts;
    const struct facts_watch *w = keeper ? facts_watch_of(keeper, ns) : NULL;
    bool there = w && facts_apply_is_done(keeper) && facts_clusters_are_there(w);
    if (why)
        *why = NULL;
    if (!w)
        return false;
    keeper->why[0] = '\0';
    for (size_t k = 0; k < WATCHED; k++)
        there = kind_is_there(keeper, &w->kinds[k]) && there;
    if (why && keeper->why[0])
        *why = keeper->why;
    return there;
}

void facts_keeper_free(struct facts_keeper **pkeeper)
{
    struct facts_keeper *keeper = *pkeeper;
    *pkeeper = NULL;
    if (!keeper)
        return;
    loop_work_cancel(&keeper->apply);
    while (keeper->watches) {
        struct facts_watch *next = keeper->watches->next;
        free_watch(keeper->watches);
        keeper->watches = next;
    }
    if (keeper->feed)
        store_feed_free(&keeper->feed);
    facts_forget_dirty(keeper);
    free(keeper);
}
