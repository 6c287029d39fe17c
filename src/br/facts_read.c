#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "facts_keeper.h"
#include "objects.h"

/* -- small things ------------------------------------------------------------------------- */

void fact_text(char *to, size_t size, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) /* not in the middle of a character */
            len--;
    }
    if (len)
        memcpy(to, text, len);
    to[len] = '\0';
}

static int small_int(const struct json *json)
{
    int64_t number = 0;
    json_int(json, &number);
    return number < 0 || number > INT32_MAX ? 0 : (int)number;
}

/* uid, age and version of @metadata; false: it has no uid. */
static bool read_identity(const struct json *metadata, struct fact_item *item)
{
    const char *version = json_string(metadata, "resourceVersion");
    fact_text(item->uid, sizeof item->uid, json_string(metadata, "uid"));
    item->at_ms = object_time(metadata, "creationTimestamp");
    item->version = version ? strtoull(version, NULL, 10) : 0;
    return item->uid[0] != '\0';
}

/* The owner that controls it, when that is of @kind; NULL. */
static const struct json *controller(const struct json *metadata, const char *kind)
{
    JSON_EACH(owner, json_get(metadata, "ownerReferences")) {
        const char *owner_kind = json_string(owner, "kind");
        if (json_is_true(json_get(owner, "controller")))
            return owner_kind && strcmp(owner_kind, kind) == 0 ? owner : NULL;
    }
    return NULL;
}

/* "2 ns/name", the caller's; NULL: a part is missing. */
static char *backup_key(const struct json *reference, const char *ns)
{
    const char *group = json_string(reference, "apiVersion"), *name = json_string(reference, "name");
    if (!ns || !group || str_empty(name))
        return NULL;
    return xasprintf("%c %s/%s", str_starts(group, "pingcap.com/") ? '1' : '2', ns, name);
}

/* -- a Job ---------------------------------------------------------------------------------- */

void read_job_facts(const struct json *object, FACT_TYPE(job) *job)
{
    const struct json *metadata = json_get(object, "metadata"), *status = json_get(object, "status");
    *job = (FACT_TYPE(job)){.present = true};
    fact_text(job->uid, sizeof job->uid, json_string(metadata, "uid"));
    fact_text(job->name, sizeof job->name, json_string(metadata, "name"));
    job->started_ms = object_time(status, "startTime");
    job->ended_ms = object_time(status, "completionTime");
    const struct json *failed = object_condition(status, "Failed", "True");
    job->complete = object_condition(status, "Complete", "True") != NULL;
    job->failed = failed != NULL;
    fact_text(job->reason, sizeof job->reason, json_string(failed, "reason"));
    if (failed && !job->ended_ms)
        job->ended_ms = object_time(failed, "lastTransitionTime");
}

struct fact_item *read_job(const struct json *object)
{
    const struct json *metadata = json_get(object, "metadata"), *owner = controller(metadata, "Backup");
    const char *name = json_string(metadata, "name");
    struct job_item *job = xcalloc(1, sizeof *job);
    struct fact_item *item = &job->item;
    item->key = backup_key(owner, json_string(metadata, "namespace"));
    fact_text(item->owner, sizeof item->owner, json_string(owner, "uid"));
    if (!read_identity(metadata, item) || !item->key || !item->owner[0] || !name) {
        fact_item_free(item);
        return NULL;
    }
    read_job_facts(object, &job->job);
    return item;
}

/* -- a Pod ----------------------------------------------------------------------------------- */

/* How much a container's state tells; the greatest is told of the Pod. */
enum tells {
    TELLS_NOTHING, TELLS_STARTING, TELLS_RUNNING, TELLS_DONE, TELLS_UNSCHEDULABLE, TELLS_WAITING, TELLS_FAILED,
};

static enum tells container_tells(const struct json *state)
{
    const char *waits = json_string(json_get(state, "waiting"), "reason");
    const struct json *ended = json_get(state, "terminated");
    if (json_type(ended) == JSON_OBJECT) {
        const char *why = json_string(ended, "reason");
        bool failed = small_int(json_get(ended, "exitCode")) || (why && strcmp(why, "Completed") != 0);
        return failed ? TELLS_FAILED : TELLS_DONE;
    }
    if (waits)
        return container_is_starting(waits) ? TELLS_STARTING : TELLS_WAITING;
    return json_type(json_get(state, "running")) == JSON_OBJECT ? TELLS_RUNNING : TELLS_NOTHING;
}

static void tell_container(FACT_TYPE(pod) *pod, const struct json *status, const struct json *state)
{
    const struct json *waiting = json_get(state, "waiting"), *ended = json_get(state, "terminated");
    const char *message = json_string(json_type(ended) == JSON_OBJECT ? ended : waiting, "message");
    fact_text(pod->container, sizeof pod->container, json_string(status, "name"));
    fact_text(pod->waiting, sizeof pod->waiting, json_string(waiting, "reason"));
    fact_text(pod->ended, sizeof pod->ended, json_string(ended, "reason"));
    if (json_type(ended) == JSON_OBJECT && !pod->ended[0])
        fact_text(pod->ended, sizeof pod->ended, small_int(json_get(ended, "exitCode")) ? "Error" : "Completed");
    pod->exit_code = small_int(json_get(ended, "exitCode"));
    fact_text(pod->message, sizeof pod->message, message);
}

static enum tells read_containers(struct pod_item *pod, const struct json *statuses, bool init, enum tells told)
{
    JSON_EACH(status, statuses) {
        const struct json *state = json_get(status, "state");
        enum tells tells = container_tells(state);
        if (init && tells == TELLS_DONE) /* the others' turn */
            tells = TELLS_NOTHING;
        int64_t since_ms = object_time(json_get(state, "running"), "startedAt");
        if (!since_ms)
            since_ms = object_time(json_get(state, "terminated"), "startedAt");
        if (since_ms > pod->runs_ms)
            pod->runs_ms = since_ms;
        /* of those that tell as much the first that failed, but the last that is under way */
        if (tells > told || (tells == told && tells && tells <= TELLS_DONE)) {
            tell_container(&pod->pod, status, state);
            told = tells;
        }
    }
    return told;
}

static void read_schedule(FACT_TYPE(pod) *pod, const struct json *status)
{
    const struct json *condition = object_condition(status, "PodScheduled", "False");
    if (!json_string(condition, "reason"))
        return;
    fact_text(pod->waiting, sizeof pod->waiting, json_string(condition, "reason"));
    fact_text(pod->message, sizeof pod->message, json_string(condition, "message"));
}

static void read_pod_state(struct pod_item *pod, const struct json *status)
{
    FACT_TYPE(pod) *p = &pod->pod;
    const char *reason = json_string(status, "reason");
    fact_text(p->phase, sizeof p->phase, json_string(status, "phase"));
    p->started_ms = object_time(status, "startTime");
    enum tells told = read_containers(pod, json_get(status, "initContainerStatuses"), true, TELLS_NOTHING);
    told = read_containers(pod, json_get(status, "containerStatuses"), false, told);
    if (told < TELLS_UNSCHEDULABLE && !p->started_ms)
        read_schedule(p, status);
    if (!str_empty(reason) && strcmp(p->phase, "Failed") == 0) { /* Evicted, Shutdown: not the container's doing */
        p->waiting[0] = '\0';
        fact_text(p->ended, sizeof p->ended, reason);
        fact_text(p->message, sizeof p->message, json_string(status, "message"));
    }
}

struct fact_item *read_pod(const struct json *object)
{
    const struct json *metadata = json_get(object, "metadata"), *owner = controller(metadata, "Job");
    const char *name = json_string(metadata, "name");
    struct pod_item *pod = xcalloc(1, sizeof *pod);
    struct fact_item *item = &pod->item;
    fact_text(item->owner, sizeof item->owner, json_string(owner, "uid"));
    if (!read_identity(metadata, item) || !item->owner[0] || !name) {
        fact_item_free(item);
        return NULL;
    }
    pod->pod.present = true;
    fact_text(pod->pod.name, sizeof pod->pod.name, name);
    read_pod_state(pod, json_get(object, "status"));
    return item;
}

/* -- an Event ---------------------------------------------------------------------------------- */

static int64_t seen_ms(const struct json *event)
{
    const struct json *series = json_get(event, "series"), *metadata = json_get(event, "metadata");
    const struct {
        const struct json *object;
        const char *key;
    } places[] = {{series, "lastObservedTime"}, {event, "lastTimestamp"}, {event, "eventTime"},
                  {event, "firstTimestamp"}, {metadata, "creationTimestamp"}};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        int64_t ms = object_time(places[i].object, places[i].key);
        if (ms)
            return ms;
    }
    return 0;
}

/* A Job that gave up says so itself, after the Event that has the cause. */
static bool is_symptom(const char *reason) { return strcmp(reason, "BackoffLimitExceeded") == 0; }

struct fact_item *read_event(const struct json *object)
{
    static const char *const kinds[] = {"Backup", "Job", "Pod"};
    const struct json *about = json_get(object, "involvedObject");
    const char *kind = json_string(about, "kind"), *reason = json_string(object, "reason");
    const char *type = json_string(object, "type");
    size_t k = 0;
    while (kind && k < ARRAY_LEN(kinds) && strcmp(kind, kinds[k]) != 0)
        k++;
    if (!kind || k == ARRAY_LEN(kinds) || !reason || is_symptom(reason) || !type || strcmp(type, "Warning") != 0)
        return NULL;
    struct event_item *event = xcalloc(1, sizeof *event);
    struct fact_item *item = &event->item;
    fact_text(item->owner, sizeof item->owner, json_string(about, "uid"));
    bool named = read_identity(json_get(object, "metadata"), item);
    item->key = k == 0 ? backup_key(about, json_string(about, "namespace")) : NULL;
    item->at_ms = seen_ms(object);
    if (!named || !item->owner[0] || !item->at_ms) {
        fact_item_free(item);
        return NULL;
    }
    int count = small_int(json_at(object, "series", "count", NULL));
    if (!count)
        count = small_int(json_get(object, "count"));
    event->event.count = count ? count : 1;
    event->event.at_ms = item->at_ms;
    fact_text(event->event.reason, sizeof event->event.reason, reason);
    fact_text(event->event.message, sizeof event->event.message, json_string(object, "message"));
    fact_text(event->event.about, sizeof event->event.about, kind);
    return item;
}

/* The name, which is longer than an owner may be, as a number of 64 bits (FNV-1a). */
char *fact_death_owner(const char *ns, const char *job, char owner[FACT_UID_MAX])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *const parts[] = {ns, "/", job};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const char *p = parts[i]; *p; p++)
            hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    snprintf(owner, FACT_UID_MAX, "job %016" PRIx64, hash);
    return owner;
}

struct fact_item *read_event_or_death(const struct json *object)
{
    const struct json *about = json_get(object, "involvedObject");
    const char *kind = json_string(about, "kind"), *reason = json_string(object, "reason");
    const char *ns = json_string(about, "namespace"), *name = json_string(about, "name");
    if (!kind || !reason || !ns || !name || strcmp(kind, "Job") != 0 || !is_symptom(reason))
        return read_event(object);
    struct event_item *event = xcalloc(1, sizeof *event);
    struct fact_item *item = &event->item;
    fact_death_owner(ns, name, item->owner);
    bool named = read_identity(json_get(object, "metadata"), item);
    item->at_ms = seen_ms(object);
    if (named && item->at_ms)
        return item;
    fact_item_free(item);
    return NULL;
}
