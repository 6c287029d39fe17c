#include <config.h>

#include <brdeck/br/cluster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "br_private.h"
#include "cluster_keeper.h"

enum {
    ENTRIES_MAX = 64, /* beyond it those that are too old go */
    AT_ONCE_MAX = 8,  /* clusters that are asked for at the same time; others wait */
    PD_PORT = 2379,
};

/* What is asked of the server for one cluster. */
enum part { PART_CLUSTER, PART_PD, PART_TIKV, PARTS };

struct br_cluster_ask {
    struct entry *entry;
    br_cluster_fn *fn;
    void *arg;
    struct br_cluster_ask *next;
};

struct entry {
    struct cluster_keeper *keeper;
    struct br_cluster cluster;     /* as far as it has come */
    struct kube_request *requests[PARTS];
    struct error errors[PARTS];
    bool waits;                    /* for its turn */
    int64_t answered_ms;           /* monotonic; 0: not yet */
    struct br_cluster_ask *asks;
    struct entry *next;
};

struct cluster_keeper {
    struct br *br;
    struct loop_timer tell;        /* what is there is told from the loop, as what has to come is */
    struct entry *entries;
    size_t count, under_way;
};

/* -- from objects ----------------------------------------------------------------------- */

static void copy(char *to, size_t size, const char *text) { snprintf(to, size, "%s", text ? text : ""); }

/* The tag of "registry:5000/pingcap/tikv:v8.5.0@sha256:..."; "" when there is none. */
static void copy_tag(char *to, size_t size, const char *image)
{
    const char *name = image ? strrchr(image, '/') : NULL;
    const char *tag = image ? strchr(name ? name : image, ':') : NULL;
    const char *digest = image ? strchr(image, '@') : NULL;
    if (!tag || (digest && digest < tag))
        copy(to, size, "");
    else
        snprintf(to, size, "%.*s", (int)strcspn(tag + 1, "@"), tag + 1);
}

static bool is_enabled(const struct json *spec, const char *object, const char *member)
{
    return json_is_true(json_get(json_get(spec, object), member));
}

static void set_pd(struct br_cluster *c, const char *prefix, int port)
{
    snprintf(c->pd_service, sizeof c->pd_service, "%.60s-pd", prefix);
    c->pd_port = port;
    snprintf(c->pd_address, sizeof c->pd_address, "%s.%s:%d", c->pd_service, c->ns, port);
}

/* It becomes a part of a key of PD's: digits, as many as 64 bits have at most. */
static void read_id(struct br_cluster *c, const struct json *status)
{
    const char *id = json_string(status, c->v1 ? "clusterID" : "id");
    size_t len = id ? strspn(id, "0123456789") : 0;
    if (len && len <= 20 && !id[len])
        copy(c->id, sizeof c->id, id);
}

static void read_cluster(struct entry *e, const struct json *object)
{
    struct br_cluster *c = &e->cluster;
    const struct json *spec = json_get(object, "spec");
    clock_parse_rfc3339(json_text(json_at(object, "metadata", "creationTimestamp", NULL)), &c->created_ms);
    read_id(c, json_get(object, "status"));
    c->paused = json_is_true(json_get(spec, "paused"));
    c->suspended = is_enabled(spec, "suspendAction", c->v1 ? "suspendStatefulSet" : "suspendCompute");
    c->tls = is_enabled(spec, "tlsCluster", "enabled");
    if (c->tls)
        snprintf(c->tls_secret, sizeof c->tls_secret, "%s-cluster-client-secret", c->name);
    if (!c->v1)
        return;
    const struct json *tikv = json_get(spec, "tikv");
    const char *version = json_string(tikv, "version");
    copy(c->version, sizeof c->version, version && *version ? version : json_string(spec, "version"));
    if (!c->version[0])
        copy_tag(c->version, sizeof c->version, json_string(tikv, "image"));
    set_pd(c, c->name, PD_PORT);
}

/* Of the groups of this cluster the one that was made first, as the operator has it; NULL: there is none. */
static const struct json *first_group(const struct br_cluster *c, const struct json *list)
{
    const struct json *first = NULL;
    int64_t first_ms = 0;
    JSON_EACH(item, json_get(list, "items")) {
        int64_t made_ms = INT64_MAX;
        const char *of = json_text(json_at(item, "spec", "cluster", "name", NULL));
        if (!of || strcmp(of, c->name) != 0 || !json_text(json_at(item, "metadata", "name", NULL)))
            continue;
        clock_parse_rfc3339(json_text(json_at(item, "metadata", "creationTimestamp", NULL)), &made_ms);
        if (!first || made_ms < first_ms) {
            first = item;
            first_ms = made_ms;
        }
    }
    return first;
}

static void read_pd(struct entry *e, const struct json *list)
{
    const struct json *group = first_group(&e->cluster, list);
    const struct json *ports = json_at(group, "spec", "template", "spec", "server", "ports", NULL);
    int64_t port = PD_PORT;
    if (!json_int(json_at(ports, "client", "port", NULL), &port) || port < 1 || port > 65535)
        port = PD_PORT;
    if (group)
        set_pd(&e->cluster, json_text(json_at(group, "metadata", "name", NULL)), (int)port);
}

static void read_tikv(struct entry *e, const struct json *list)
{
    struct br_cluster *c = &e->cluster;
    const struct json *spec = json_at(first_group(c, list), "spec", "template", "spec", NULL);
    copy(c->version, sizeof c->version, json_string(spec, "version"));
    if (!c->version[0])
        copy_tag(c->version, sizeof c->version, json_string(spec, "image"));
}

/* -- asking ------------------------------------------------------------------------------ */

static void tell_later(struct cluster_keeper *k)
{
    if (!loop_timer_is_set(&k->tell))
        loop_timer_set(&k->tell, 0);
}

static void ask_next(struct cluster_keeper *k);

static void all_is_there(struct entry *e)
{
    struct br_cluster *c = &e->cluster;
    for (size_t p = 0; p < PARTS; p++)
        if (e->requests[p])
            return;
    for (size_t p = 0; p < PARTS && !c->error.code; p++)
        c->error = e->errors[p];
    if (c->missing) { /* what is said of its groups says nothing more */
        char key[sizeof c->ns + sizeof c->name];
        snprintf(key, sizeof key, "%s/%s", c->ns, c->name);
        error_set(&c->error, ERROR_MISSING, "there is no %s %s: TiDB Operator does nothing for its Backups",
                  c->v1 ? "TidbCluster" : "Cluster", key);
    }
    e->answered_ms = clock_mono_ms();
    e->keeper->under_way--;
    tell_later(e->keeper);
    ask_next(e->keeper);
}

static void answered(struct entry *e, enum part part, const struct json *object, const struct kube_response *response,
                     void (*take)(struct entry *e, const struct json *object))
{
    e->requests[part] = NULL;
    e->errors[part] = response->error;
    if (object)
        take(e, object);
    else if (!response->error.code)
        error_set(&e->errors[part], ERROR_NETWORK, "cluster %s/%s: the answer is no JSON object", e->cluster.ns,
                  e->cluster.name);
    if (part == PART_CLUSTER) {
        e->cluster.missing = response->http == 404;
        e->cluster.read_ms = object || response->http == 404 ? fleet_now_ms(e->keeper->br->fleet) : 0;
    }
    all_is_there(e);
}

static void on_cluster(void *arg, const struct json *object, const struct kube_response *response)
{
    answered(arg, PART_CLUSTER, object, response, read_cluster);
}

static void on_pd(void *arg, const struct json *object, const struct kube_response *response)
{
    answered(arg, PART_PD, object, response, read_pd);
}

static void on_tikv(void *arg, const struct json *object, const struct kube_response *response)
{
    answered(arg, PART_TIKV, object, response, read_tikv);
}

static void ask_server(struct entry *e)
{
    struct br_cluster *c = &e->cluster, fresh = {.v1 = c->v1};
    struct kube_client *client = fleet_client(e->keeper->br->fleet);
    memcpy(fresh.ns, c->ns, sizeof fresh.ns);
    memcpy(fresh.name, c->name, sizeof fresh.name);
    *c = fresh;
    memset(e->errors, 0, sizeof e->errors);
    e->waits = false;
    e->keeper->under_way++;
    struct kube_call_spec spec = {.resource = c->v1 ? &kube_tidbclusters : &kube_clusters, .ns = c->ns,
                                  .name = c->name};
    e->requests[PART_CLUSTER] = kube_get(client, &spec, on_cluster, e);
    if (c->v1)
        return;
    spec = (struct kube_call_spec){.resource = &kube_pdgroups, .ns = c->ns};
    e->requests[PART_PD] = kube_get(client, &spec, on_pd, e);
    spec.resource = &kube_tikvgroups;
    e->requests[PART_TIKV] = kube_get(client, &spec, on_tikv, e);
}

static void ask_next(struct cluster_keeper *k)
{
    for (struct entry *e = k->entries; e && k->under_way < AT_ONCE_MAX; e = e->next)
        if (e->waits)
            ask_server(e);
}

/* -- entries ------------------------------------------------------------------------------ */

static bool is_under_way(const struct entry *e)
{
    return e->waits || e->requests[PART_CLUSTER] || e->requests[PART_PD] || e->requests[PART_TIKV];
}

static bool is_young(const struct entry *e)
{
    bool bad = e->cluster.error.code || e->cluster.missing || e->cluster.paused || e->cluster.suspended;
    return e->answered_ms && clock_mono_ms() - e->answered_ms < (bad ? CLUSTER_KEEP_ERROR_MS : CLUSTER_KEEP_MS);
}

static void free_entry(struct entry *e)
{
    for (size_t p = 0; p < PARTS; p++)
        kube_request_cancel(&e->requests[p]);
    while (e->asks) {
        struct br_cluster_ask *next = e->asks->next;
        free(e->asks);
        e->asks = next;
    }
    free(e);
}

static void forget_old(struct cluster_keeper *k)
{
    for (struct entry **link = &k->entries; *link;) {
        struct entry *e = *link;
        if (e->asks || is_under_way(e) || is_young(e)) {
            link = &e->next;
            continue;
        }
        *link = e->next;
        k->count--;
        free_entry(e);
    }
}

static struct entry *entry_of(struct cluster_keeper *k, bool v1, const char *ns, const char *name)
{
    for (struct entry *e = k->entries; e; e = e->next)
        if (e->cluster.v1 == v1 && strcmp(e->cluster.ns, ns) == 0 && strcmp(e->cluster.name, name) == 0)
            return e;
    if (k->count >= ENTRIES_MAX)
        forget_old(k);
    struct entry *e = xcalloc(1, sizeof *e);
    *e = (struct entry){.keeper = k, .cluster = {.v1 = v1}, .next = k->entries};
    copy(e->cluster.ns, sizeof e->cluster.ns, ns);
    copy(e->cluster.name, sizeof e->cluster.name, name);
    k->entries = e;
    k->count++;
    return e;
}

static struct br_cluster_ask *next_ask(struct cluster_keeper *k, struct entry **of)
{
    for (struct entry *e = k->entries; e; e = e->next)
        if (e->asks && e->answered_ms && !is_under_way(e)) {
            struct br_cluster_ask *ask = e->asks;
            e->asks = ask->next;
            *of = e;
            return ask;
        }
    return NULL;
}

static void on_tell(void *arg)
{
    struct entry *entry;
    for (struct br_cluster_ask *ask; (ask = next_ask(arg, &entry)) != NULL;) {
        br_cluster_fn *fn = ask->fn;
        void *fn_arg = ask->arg;
        const struct br_cluster told = entry->cluster; /* a callback may ask anew, which clears it */
        free(ask);
        fn(fn_arg, &told);
    }
}

static struct cluster_keeper *keeper_of(struct br *br)
{
    if (!br->clusters) {
        br->clusters = xcalloc(1, sizeof *br->clusters);
        br->clusters->br = br;
        loop_timer_init(&br->clusters->tell, br->loop, on_tell, br->clusters);
    }
    return br->clusters;
}

void cluster_keeper_free(struct cluster_keeper **keeper)
{
    struct cluster_keeper *k = *keeper;
    *keeper = NULL;
    if (!k)
        return;
    loop_timer_cancel(&k->tell);
    while (k->entries) {
        struct entry *next = k->entries->next;
        free_entry(k->entries);
        k->entries = next;
    }
    free(k);
}

/* -- in public ------------------------------------------------------------------------------ */

struct br_cluster_ask *br_cluster_get(struct br *br, const struct backup_record *record, br_cluster_fn *fn, void *arg)
{
    struct cluster_keeper *k = keeper_of(br);
    const char *ns = record->v1 && !str_empty(record->cluster_ns) ? record->cluster_ns : record->ns;
    struct entry *e = entry_of(k, record->v1, ns, record->cluster);
    struct br_cluster_ask *ask = xmalloc(sizeof *ask), **link = &e->asks;
    *ask = (struct br_cluster_ask){.entry = e, .fn = fn, .arg = arg};
    while (*link)
        link = &(*link)->next;
    *link = ask;
    if (is_under_way(e))
        return ask;
    if (str_empty(record->cluster)) { /* a GET without a name would be a list */
        error_set(&e->cluster.error, ERROR_INPUT, "Backup %s/%s names no cluster (spec.br.cluster)", record->ns,
                  record->name);
        e->answered_ms = clock_mono_ms();
    }
    if (is_young(e)) {
        tell_later(k);
    } else {
        e->answered_ms = 0;
        e->waits = true;
        ask_next(k);
    }
    return ask;
}

void br_cluster_cancel(struct br_cluster_ask **pask)
{
    struct br_cluster_ask *ask = *pask;
    *pask = NULL;
    if (!ask)
        return;
    for (struct br_cluster_ask **link = &ask->entry->asks; *link; link = &(*link)->next)
        if (*link == ask) {
            *link = ask->next;
            free(ask);
            return;
        }
}
