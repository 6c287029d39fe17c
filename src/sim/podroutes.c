#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "handlers.h"
#include "sim.h"

static int64_t number_of(const struct request *request, const char *key, int64_t other)
{
    const char *text = request_query(request, key);
    return text && *text ? strtoll(text, NULL, 10) : other;
}

/* The first container of the Pod, which is also the default one. */
static bool has_container(const struct json *pod, const char *part, const char *name)
{
    JSON_EACH(container, json_at(pod, "spec", part, NULL))
    if (str_same(json_string(container, "name"), name))
        return true;
    return false;
}

/* The state of that container: "waiting", "running", "terminated", "" where none is told; its reason in *@reason. */
static const char *state_of(const struct json *pod, const char *name, const char **reason)
{
    static const char *const parts[] = {"initContainerStatuses", "containerStatuses"};
    *reason = NULL;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        JSON_EACH(status, json_at(pod, "status", parts[i], NULL))
        {
            const struct json *state = json_first(json_get(status, "state"));
            if (!str_same(json_string(status, "name"), name) || !state)
                continue;
            *reason = json_string(state, "reason");
            return json_key(state);
        }
    return "";
}

/* What the kubelet says of a container whose log cannot be had yet. */
static void reply_waiting(struct request *request, const char *container, const char *reason)
{
    static const struct {
        const char *reason, *text;
    } texts[] = {{"ErrImagePull", "image can't be pulled"},
                 {"ImagePullBackOff", "trying and failing to pull image"}};
    const char *text = reason ? reason : "PodInitializing";
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (str_same(reason, texts[i].reason))
            text = texts[i].text;
    reply_failure(request, 400, "BadRequest", "container \"%s\" in pod \"%s\" is waiting to start: %s", container,
                  request->name, text);
}

static void reply_log(struct request *request)
{
    struct podlog_spec spec = {.connection = request->connection,
                               .follow = request_query_true(request, "follow"),
                               .timestamps = request_query_true(request, "timestamps"),
                               .tail_lines = number_of(request, "tailLines", -1),
                               .limit_bytes = number_of(request, "limitBytes", -1),
                               .cut_after = request->fault.kind == FAULT_CUT ? request->fault.after : -1};
    const char *since = request_query(request, "sinceTime");
    int64_t seconds = number_of(request, "sinceSeconds", 0);
    if (since && !clock_parse_rfc3339(since, &spec.since_ms))
        spec.since_ms = 0;
    if (seconds > 0)
        spec.since_ms = clock_wall_ms() - 1000 * seconds;
    reply(request, 200, podlog_response(&request->sim->podlogs, request->ns, request->name, &spec), "text/plain");
}

/* What the init container says. */
static void reply_copied(struct request *request, const struct json *pod)
{
    const char *started = json_text(json_at(pod, "status", "startTime", NULL));
    struct str text;
    str_init(&text, STR_SMALL);
    if (request_query_true(request, "timestamps") && started)
        str_addf(&text, "%s ", started);
    str_add(&text, "BR copy finished\n");
    reply_text(request, 200, "text/plain", text.data, text.len);
    str_done(&text);
}

void handle_pod_log(struct request *request)
{
    struct json *pod = store_read(request->sim->store, request->kind, request->ns, request->name);
    const char *container = request_query(request, "container"), *reason;
    if (!pod) {
        reply_not_found(request);
        return;
    }
    const char *first = json_string(json_first(json_at(pod, "spec", "containers", NULL)), "name");
    bool named = container && *container, init = named && has_container(pod, "initContainers", container);
    bool known = !named || init || has_container(pod, "containers", container);
    container = named ? container : first ? first : "backup";
    const char *state = state_of(pod, container, &reason);
    if (!known)
        reply_failure(request, 400, "BadRequest", "container %s is not valid for pod %s", container, request->name);
    else if (!*state && !json_at(pod, "spec", "nodeName", NULL)) /* no node has it: there is nothing, and no error */
        reply_text(request, 200, "text/plain", "", 0);
    else if (!*state || strcmp(state, "waiting") == 0)
        reply_waiting(request, container, reason);
    else if (request_query_true(request, "previous"))
        reply_failure(request, 400, "BadRequest", "previous terminated container \"%s\" in pod \"%s\" not found",
                      container, request->name);
    else if (init)
        reply_copied(request, pod);
    else
        reply_log(request);
    json_free(&pod);
}
