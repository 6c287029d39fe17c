#include <config.h>

#include "cluster.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "sim.h"

char *uid_new(char buf[UID_MAX])
{
    unsigned char b[16] = {0};
    if (RAND_bytes(b, sizeof b) != 1)
        die("no random bytes for a uid");
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(buf, UID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return buf;
}

struct json *object_new(const struct kind *kind, const char *ns, const char *name, int64_t created_ms)
{
    char uid[UID_MAX], time[CLOCK_TEXT_MAX], version[96];
    struct json *object = json_new_object();
    json_set_string(object, "kind", kind->name);
    json_set_string(object, "apiVersion", kind_api_version(kind, version, sizeof version));
    struct json *meta = json_object_in(object, "metadata");
    json_set_string(meta, "name", name);
    if (*ns)
        json_set_string(meta, "namespace", ns);
    json_set_string(meta, "uid", uid_new(uid));
    json_set_string(meta, "creationTimestamp", clock_format_rfc3339(created_ms ? created_ms : clock_wall_ms(), time));
    return object;
}

static bool is_owned(const struct object *object, const char *uid)
{
    if (!strstr(object->text->text, uid))
        return false;
    struct json *tree = json_parse(object->text->text, object->text->len, NULL);
    bool owned = false;
    JSON_EACH(owner, json_at(tree, "metadata", "ownerReferences", NULL))
    owned = owned || str_same(json_string(owner, "uid"), uid);
    json_free(&tree);
    return owned;
}

static void collect(struct sim *sim, const struct kind *kind, const char *ns, const char *uid)
{
    struct object *const *first;
    size_t count = store_range(sim->store, kind, ns, &first);
    for (size_t i = count; i-- > 0;) {
        count = store_range(sim->store, kind, ns, &first);
        if (i >= count || !is_owned(first[i], uid))
            continue;
        char *name = xstrdup(first[i]->name);
        cluster_remove(sim, kind, ns, name);
        free(name);
    }
}

void cluster_remove(struct sim *sim, const struct kind *kind, const char *ns, const char *name)
{
    struct json *tree = store_read(sim->store, kind, ns, name);
    const char *uid = json_text(json_at(tree, "metadata", "uid", NULL));
    store_remove(sim->store, kind, ns, name);
    if (kind->id == KIND_POD)
        podlog_drop(&sim->podlogs, ns, name);
    if (uid && kind->id == KIND_JOB)
        collect(sim, kind_of(KIND_POD), ns, uid);
    if (uid && (kind->id == KIND_BACKUP || kind->id == KIND_V1_BACKUP))
        collect(sim, kind_of(KIND_JOB), ns, uid);
    json_free(&tree);
}

/* The Event of the same reason about the same object; NULL when there is none. */
static struct json *known_event(struct sim *sim, const char *ns, const char *uid, const char *reason)
{
    struct object *const *first;
    size_t count = store_range(sim->store, kind_of(KIND_EVENT), ns, &first);
    for (size_t i = 0; i < count; i++) {
        if (!strstr(first[i]->text->text, uid))
            continue;
        struct json *tree = json_parse(first[i]->text->text, first[i]->text->len, NULL);
        if (str_same(json_string(tree, "reason"), reason) &&
            str_same(json_text(json_at(tree, "involvedObject", "uid", NULL)), uid))
            return tree;
        json_free(&tree);
    }
    return NULL;
}

void cluster_event(struct sim *sim, const struct kind *kind, const struct json *about, const char *type,
                   const char *reason, const char *component, const char *message)
{
    const struct json *meta = json_get(about, "metadata");
    const char *ns = json_string(meta, "namespace"), *name = json_string(meta, "name"), *uid = json_string(meta, "uid");
    char now[CLOCK_TEXT_MAX], version[96];
    clock_format_rfc3339(clock_wall_ms(), now);
    struct json *event = known_event(sim, ns, uid, reason);
    int64_t times = 0;
    if (event) {
        json_int(json_get(event, "count"), &times);
    } else {
        char *event_name = xasprintf("%s.%08x%08x", name, random_below(1U << 31), random_below(1U << 31));
        event = object_new(kind_of(KIND_EVENT), ns, event_name, 0);
        free(event_name);
        struct json *involved = json_object_in(event, "involvedObject");
        json_set_string(involved, "kind", kind->name);
        json_set_string(involved, "namespace", ns);
        json_set_string(involved, "name", name);
        json_set_string(involved, "uid", uid);
        json_set_string(involved, "apiVersion", kind_api_version(kind, version, sizeof version));
        json_set_string(involved, "resourceVersion", json_string(meta, "resourceVersion"));
        json_set_string(event, "reason", reason);
        json_set_string(json_object_in(event, "source"), "component", component);
        json_set_string(event, "firstTimestamp", now);
        json_set_string(event, "type", type);
        json_set(event, "eventTime", json_new_null());
        json_set_string(event, "reportingComponent", component);
        json_set_string(event, "reportingInstance", "");
    }
    json_set_string(event, "message", message);
    json_set_string(event, "lastTimestamp", now);
    json_set_int(event, "count", times + 1);
    store_put(sim->store, kind_of(KIND_EVENT), event);
}

struct json *cluster_of_pd(struct sim *sim, const char *ns, const char *service)
{
    if (!str_ends(service, "-pd"))
        return NULL;
    char *name = xstrndup(service, strlen(service) - strlen("-pd"));
    struct json *group = store_read(sim->store, kind_of(KIND_PD_GROUP), ns, name);
    const char *cluster = json_text(json_at(group, "spec", "cluster", "name", NULL));
    struct json *tree = cluster ? store_read(sim->store, kind_of(KIND_CLUSTER), ns, cluster) : NULL;
    if (!tree)
        tree = store_read(sim->store, kind_of(KIND_TIDB_CLUSTER), ns, name);
    json_free(&group);
    free(name);
    return tree;
}

bool cluster_pd_is_tls(struct sim *sim, const char *ns, const char *service)
{
    struct json *cluster = cluster_of_pd(sim, ns, service);
    bool tls = json_is_true(json_at(cluster, "spec", "tlsCluster", "enabled", NULL));
    json_free(&cluster);
    return tls;
}
