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

/* The Event of the same reason and message about the same object; NULL when there is none. */
static struct json *known_event(struct sim *sim, const struct json *meta, const struct event_note *note)
{
    const char *ns = json_string(meta, "namespace"), *name = json_string(meta, "name"), *uid = json_string(meta, "uid");
    struct object *const *first;
    size_t count = store_range(sim->store, kind_of(KIND_EVENT), ns, &first);
    for (size_t i = 0; i < count; i++) {
        if (!str_starts(first[i]->name, name) || !strstr(first[i]->text->text, uid)) /* it begins with the object's */
            continue;
        struct json *tree = json_parse(first[i]->text->text, first[i]->text->len, NULL);
        if (str_same(json_string(tree, "reason"), note->reason) &&
            str_same(json_string(tree, "message"), note->message) &&
            str_same(json_text(json_at(tree, "involvedObject", "uid", NULL)), uid))
            return tree;
        json_free(&tree);
    }
    return NULL;
}

static struct json *new_event(const struct kind *kind, const struct json *meta, const struct event_note *note)
{
    char version[96];
    char *name = xasprintf("%s.%08x%08x", json_string(meta, "name"), random_below(1U << 31), random_below(1U << 31));
    struct json *event = object_new(kind_of(KIND_EVENT), json_string(meta, "namespace"), name, 0);
    free(name);
    struct json *involved = json_object_in(event, "involvedObject");
    json_set_string(involved, "kind", kind->name);
    json_set_string(involved, "namespace", json_string(meta, "namespace"));
    json_set_string(involved, "name", json_string(meta, "name"));
    json_set_string(involved, "uid", json_string(meta, "uid"));
    json_set_string(involved, "apiVersion", kind_api_version(kind, version, sizeof version));
    json_set_string(involved, "resourceVersion", json_string(meta, "resourceVersion"));
    if (note->field)
        json_set_string(involved, "fieldPath", note->field);
    json_set_string(event, "reason", note->reason);
    json_set_string(event, "message", note->message);
    struct json *source = json_object_in(event, "source");
    if (!note->series)
        json_set_string(source, "component", note->component);
    if (note->host)
        json_set_string(source, "host", note->host);
    return event;
}

static const char *micro_time(int64_t ms, char buf[CLOCK_TEXT_MAX])
{
    char text[CLOCK_TEXT_MAX];
    clock_format_rfc3339(ms, text);
    snprintf(buf, CLOCK_TEXT_MAX, "%.*s.%03d000Z", (int)strcspn(text, "Z"), text, (int)(ms % 1000));
    return buf;
}

/* When, as the events.k8s.io API keeps it. */
static void count_series(struct json *event, bool again)
{
    char now[CLOCK_TEXT_MAX];
    micro_time(clock_wall_ms(), now);
    if (!again) {
        json_set(event, "firstTimestamp", json_new_null());
        json_set(event, "lastTimestamp", json_new_null());
        json_set_string(event, "eventTime", now);
        return;
    }
    int64_t times = 1;
    struct json *series = json_object_in(event, "series");
    json_int(json_get(series, "count"), &times);
    json_set_int(series, "count", times + 1);
    json_set_string(series, "lastObservedTime", now);
}

static void count_event(struct json *event, bool again)
{
    char now[CLOCK_TEXT_MAX];
    int64_t times = 0;
    clock_format_rfc3339(clock_wall_ms(), now);
    json_int(json_get(event, "count"), &times);
    if (!again)
        json_set_string(event, "firstTimestamp", now);
    json_set_string(event, "lastTimestamp", now);
    json_set_int(event, "count", times + 1);
    json_set(event, "eventTime", json_new_null());
}

void cluster_note(struct sim *sim, const struct kind *kind, const struct json *about, const struct event_note *note)
{
    const struct json *meta = json_get(about, "metadata");
    struct json *event = known_event(sim, meta, note);
    bool again = event;
    if (!event)
        event = new_event(kind, meta, note);
    if (note->series)
        count_series(event, again);
    else
        count_event(event, again);
    json_set_string(event, "type", note->type);
    json_set_string(event, "reportingComponent", note->component);
    json_set_string(event, "reportingInstance",
                    note->series ? "default-scheduler-master-0" : note->host ? note->host : "");
    store_put(sim->store, kind_of(KIND_EVENT), event);
}

void cluster_event(struct sim *sim, const struct kind *kind, const struct json *about, const char *type,
                   const char *reason, const char *component, const char *message)
{
    struct event_note note = {.type = type, .reason = reason, .component = component, .message = message};
    cluster_note(sim, kind, about, &note);
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
