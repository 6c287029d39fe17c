#include <config.h>

#include "fleet/fleet_private.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* When each Cluster (v1: TidbCluster) was made: a snapshot older than that may be of another one (rule 4). Where they
 * may not be listed that is not known, and nothing else is lost. */

enum { WATCHES_MAX = 10 /* namespaces; with more of them it stays unknown: the Backups need the connections */ };

struct cluster_watch {
    struct fleet *fleet;
    unsigned group;
    char *ns; /* NULL: all */
    struct reflector *reflector; /* NULL: it may not be listed, or is not there */
    unsigned round;              /* of its list */
    struct cluster_watch *next;
};

struct cluster_time {
    UT_hash_handle hh;
    const struct cluster_watch *watch;
    unsigned round;
    int64_t created_ms;
    char key[]; /* "2 NS/NAME": the group's number first */
};

/* -- times ------------------------------------------------------------------------------------- */

static char *key_of(unsigned group, const char *cluster) { return xasprintf("%u %s", group, cluster); }

static struct cluster_time *find(const struct fleet *fleet, unsigned group, const char *cluster)
{
    struct cluster_time *found;
    char *key = key_of(group, cluster);
    HASH_FIND_STR(fleet->cluster_times, key, found);
    free(key);
    return found;
}

static void drop(struct fleet *fleet, struct cluster_time *time)
{
    HASH_DEL(fleet->cluster_times, time);
    free(time);
}

static void set_time(struct cluster_watch *w, const char *cluster, int64_t created_ms)
{
    struct fleet *fleet = w->fleet;
    struct cluster_time *time = find(fleet, w->group, cluster);
    if (!time) {
        char *key = key_of(w->group, cluster);
        size_t len = strlen(key) + 1;
        time = xcalloc(1, sizeof *time + len);
        memcpy(time->key, key, len);
        free(key);
        HASH_ADD_KEYPTR(hh, fleet->cluster_times, time->key, len - 1, time);
    }
    time->watch = w;
    time->round = w->round;
    time->created_ms = created_ms;
    fleet_mark(fleet);
}

/* Those of @watch; all rounds but @kept. */
static void drop_of(struct fleet *fleet, const struct cluster_watch *watch, bool all)
{
    struct cluster_time *time, *next;
    HASH_ITER(hh, fleet->cluster_times, time, next)
        if (time->watch == watch && (all || time->round != watch->round))
            drop(fleet, time);
}

/* -- the watch ------------------------------------------------------------------------------------ */

/* "NS/NAME" of an object, the caller's; NULL: it has none. */
static char *read_object(const char *text, size_t len, int64_t *created_ms)
{
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    const struct json *metadata = json_get(object, "metadata");
    const char *ns = json_string(metadata, "namespace"), *name = json_string(metadata, "name");
    char *cluster = ns && name ? xasprintf("%s/%s", ns, name) : NULL;
    *created_ms = 0;
    clock_parse_rfc3339(json_string(metadata, "creationTimestamp"), created_ms);
    json_free(&object);
    return cluster;
}

static void on_object(void *arg, const char *text, size_t len)
{
    int64_t created_ms;
    char *cluster = read_object(text, len, &created_ms);
    if (cluster && created_ms)
        set_time(arg, cluster, created_ms);
    free(cluster);
}

static void on_delete(void *arg, const char *text, size_t len)
{
    struct cluster_watch *w = arg;
    int64_t created_ms;
    char *cluster = read_object(text, len, &created_ms);
    struct cluster_time *time = cluster ? find(w->fleet, w->group, cluster) : NULL;
    if (time)
        drop(w->fleet, time);
    free(cluster);
}

static void on_list(void *arg) { ((struct cluster_watch *)arg)->round++; }

static void on_listed(void *arg)
{
    struct cluster_watch *w = arg;
    drop_of(w->fleet, w, false);
    fleet_mark(w->fleet);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    struct cluster_watch *w = arg;
    if (state->phase == REFLECTOR_MISSING || state->phase == REFLECTOR_DENIED) {
        drop_of(w->fleet, w, true);
        reflector_free(&w->reflector);
    }
    fleet_mark(w->fleet);
}

static void add_watch(struct fleet *fleet, unsigned group, const char *ns)
{
    struct cluster_watch *w = xcalloc(1, sizeof *w);
    *w = (struct cluster_watch){.fleet = fleet, .group = group, .ns = xstrdup(ns), .next = fleet->cluster_watches};
    fleet->cluster_watches = w;
    w->reflector = reflector_new(&(struct reflector_spec){
        .client = fleet->client,
        .resource = fleet_cluster_resources[group],
        .ns = ns,
        .once = fleet->once,
        .on_object = on_object,
        .on_delete = on_delete,
        .on_list = on_list,
        .on_listed = on_listed,
        .on_state = on_state,
        .arg = w,
    });
}

static bool is_wanted(const struct fleet *fleet, unsigned group, const char *ns)
{
    size_t count;
    sources_names(fleet, group, &count);
    return fleet->groups[group].has_clusters && count <= WATCHES_MAX && sources_want(fleet, group, ns);
}

static bool is_there(const struct fleet *fleet, unsigned group, const char *ns)
{
    for (const struct cluster_watch *w = fleet->cluster_watches; w; w = w->next)
        if (w->group == group && sources_same_ns(w->ns, ns))
            return true;
    return false;
}

static void add_missing(struct fleet *fleet, unsigned group, const char *ns)
{
    if (is_wanted(fleet, group, ns) && !is_there(fleet, group, ns))
        add_watch(fleet, group, ns);
}

static void end_watches(struct fleet *fleet, bool all)
{
    for (struct cluster_watch **link = &fleet->cluster_watches; *link;) {
        struct cluster_watch *w = *link;
        if (!all && is_wanted(fleet, w->group, w->ns)) {
            link = &w->next;
            continue;
        }
        *link = w->next;
        drop_of(fleet, w, true);
        reflector_free(&w->reflector);
        free(w->ns);
        free(w);
    }
}

void clusters_fit(struct fleet *fleet)
{
    sources_each_wanted(fleet, add_missing);
    end_watches(fleet, false);
}

void clusters_stop(struct fleet *fleet) { end_watches(fleet, true); }

/* Nothing is waited for: what does not come now is not known. */
bool clusters_settled(const struct fleet *fleet)
{
    for (const struct cluster_watch *w = fleet->cluster_watches; w; w = w->next) {
        const struct reflector_state *state = w->reflector ? reflector_state(w->reflector) : NULL;
        if (state && !state->listed && !state->error.code)
            return false;
    }
    return true;
}

int64_t fleet_cluster_created_ms(const struct fleet *fleet, const char *cluster)
{
    for (unsigned g = 0; g < GROUPS; g++) {
        const struct cluster_time *time = find(fleet, g, cluster);
        if (time)
            return time->created_ms;
    }
    return 0;
}
