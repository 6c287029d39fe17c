#include <config.h>

#include "pods.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "cluster.h"
#include "fields.h"
#include "jobs.h"
#include "sim.h"

static const char node[] = "node-1";

static const char *const spec_parts[] = {[POD_INIT] = "initContainers", [POD_MAIN] = "containers"};
static const char *const status_parts[] = {[POD_INIT] = "initContainerStatuses", [POD_MAIN] = "containerStatuses"};

const struct json *pod_first(const struct json *pod, enum pod_part part)
{
    return json_first(json_at(pod, "spec", spec_parts[part], NULL));
}

struct json *pod_new(const struct json *job)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    const char *ns = json_text(json_at(job, "metadata", "namespace", NULL));
    const char *job_name = json_text(json_at(job, "metadata", "name", NULL));
    const struct json *template = json_at(job, "spec", "template", NULL);
    char *name = xasprintf("%s-.....", job_name), *prefix = xasprintf("%s-", job_name);
    for (char *c = name + strlen(name) - 5; *c; c++)
        *c = letters[random_below(sizeof letters - 1)];
    struct json *pod = object_new(kind_of(KIND_POD), ns, name, 0), *meta = json_object_in(pod, "metadata");
    json_set_string(meta, "generateName", prefix);
    static const char *const copied[] = {"labels", "annotations"};
    for (size_t i = 0; i < ARRAY_LEN(copied); i++)
        if (json_count(json_at(template, "metadata", copied[i], NULL)) > 0)
            json_set(meta, copied[i], json_copy(json_at(template, "metadata", copied[i], NULL)));
    owner_add(meta, job);
    const struct json *spec = json_get(template, "spec");
    json_set(pod, "spec", spec ? json_copy(spec) : json_new_object());
    fields_update(NULL, pod, "kube-controller-manager", "");
    struct json *status = json_object_in(pod, "status");
    json_set_string(status, "phase", "Pending");
    json_set_string(status, "qosClass", "BestEffort");
    free(name);
    free(prefix);
    return pod;
}

void pod_put(struct sim *sim, struct json *pod)
{
    struct json *old = store_read(sim->store, kind_of(KIND_POD), json_text(json_at(pod, "metadata", "namespace", NULL)),
                                  json_text(json_at(pod, "metadata", "name", NULL)));
    if (json_equal(old, pod))
        json_free(&pod);
    else
        store_put(sim->store, kind_of(KIND_POD), pod);
    json_free(&old);
}

void pod_condition(struct json *pod, const char *type, bool is_true, const char *reason, const char *message)
{
    char now[CLOCK_TEXT_MAX];
    struct json *status = json_object_in(pod, "status"), *condition = json_new_object(), *list = json_new_array();
    json_set_string(condition, "type", type);
    json_set_string(condition, "status", is_true ? "True" : "False");
    json_set(condition, "lastProbeTime", json_new_null());
    json_set_string(condition, "lastTransitionTime", clock_format_rfc3339(clock_wall_ms(), now));
    if (reason)
        json_set_string(condition, "reason", reason);
    if (message)
        json_set_string(condition, "message", message);
    JSON_EACH(old, json_get(status, "conditions"))
    {
        if (!str_same(json_string(old, "type"), type)) {
            json_append(list, json_copy(old));
            continue;
        }
        /* The time is that of the last change from true to false or back. */
        if (str_same(json_string(old, "status"), is_true ? "True" : "False"))
            json_set_string(condition, "lastTransitionTime", json_string(old, "lastTransitionTime"));
    }
    json_append(list, condition);
    json_set(status, "conditions", list);
}

static struct json *container_status(const struct json *container, const struct container_state *state)
{
    char started[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
    struct json *status = json_new_object();
    json_set_string(status, "name", json_string(container, "name"));
    struct json *detail = json_object_in(json_object_in(status, "state"), state->state);
    bool ended = strcmp(state->state, "terminated") == 0, waits = strcmp(state->state, "waiting") == 0;
    if (ended)
        json_set_int(detail, "exitCode", state->exit_code);
    if (state->reason)
        json_set_string(detail, "reason", state->reason);
    if (state->message && *state->message)
        json_set_string(detail, "message", state->message);
    if (!waits)
        json_set_string(detail, "startedAt",
                        state->started_ms ? clock_format_rfc3339(state->started_ms, started) : NULL);
    if (ended)
        json_set_string(detail, "finishedAt", clock_format_rfc3339(clock_wall_ms(), now));
    json_set(status, "lastState", json_new_object());
    json_set_bool(status, "ready", ended ? state->exit_code == 0 && str_same(state->reason, "Completed") : !waits);
    json_set_int(status, "restartCount", 0);
    json_set_string(status, "image", json_string(container, "image"));
    json_set_string(status, "imageID", waits ? "" : "docker.io/pingcap/br@sha256:5d3c7a1f");
    if (!waits)
        json_set_string(status, "containerID", "containerd://4be0a1c2d3");
    json_set_bool(status, "started", !ended && !waits);
    return status;
}

void pod_container(struct json *pod, enum pod_part part, const struct container_state *state)
{
    struct json *list = json_new_array();
    JSON_EACH(container, json_at(pod, "spec", spec_parts[part], NULL))
    json_append(list, container_status(container, state));
    if (json_count(list) > 0)
        json_set(json_object_in(pod, "status"), status_parts[part], list);
    else
        json_free(&list);
}

void pod_schedule(struct json *pod)
{
    char now[CLOCK_TEXT_MAX];
    bool init = pod_first(pod, POD_INIT);
    struct container_state waits = {.state = "waiting", .reason = init ? "PodInitializing" : "ContainerCreating"};
    json_set_string(json_object_in(pod, "spec"), "nodeName", node);
    json_set_string(json_object_in(pod, "status"), "startTime", clock_format_rfc3339(clock_wall_ms(), now));
    json_set_string(json_object_in(pod, "status"), "hostIP", "10.0.0.11");
    pod_condition(pod, "PodScheduled", true, NULL, NULL);
    pod_condition(pod, "PodReadyToStartContainers", false, NULL, NULL);
    pod_condition(pod, "Initialized", !init, init ? "ContainersNotInitialized" : NULL,
                  init ? "containers with incomplete status: [br]" : NULL);
    pod_condition(pod, "Ready", false, "ContainersNotReady", "containers with unready status: [backup]");
    pod_condition(pod, "ContainersReady", false, "ContainersNotReady", "containers with unready status: [backup]");
    pod_container(pod, POD_INIT, &waits);
    pod_container(pod, POD_MAIN, &waits);
}

void pod_note(struct sim *sim, const struct json *pod, const struct pod_note *note)
{
    char *field = note->container
                      ? xasprintf("spec.%s{%s}", spec_parts[note->part], json_string(note->container, "name"))
                      : NULL;
    struct event_note event = {.type = note->type,
                               .reason = note->reason,
                               .message = note->message,
                               .component = "kubelet",
                               .host = node,
                               .field = field};
    cluster_note(sim, kind_of(KIND_POD), pod, &event);
    free(field);
}
