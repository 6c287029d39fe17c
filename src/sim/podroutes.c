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

static bool is_waiting(const struct json *pod)
{
    return str_same(json_text(json_at(pod, "status", "phase", NULL)), "Pending");
}

void handle_pod_log(struct request *request)
{
    struct json *pod = store_read(request->sim->store, request->kind, request->ns, request->name);
    const char *container = request_query(request, "container");
    if (!pod) {
        reply_not_found(request);
        return;
    }
    const char *first = json_string(json_first(json_at(pod, "spec", "containers", NULL)), "name");
    bool init = container && has_container(pod, "initContainers", container);
    if (container && !init && !has_container(pod, "containers", container)) {
        reply_failure(request, 400, "BadRequest", "container %s is not valid for pod %s", container, request->name);
    } else if (is_waiting(pod)) {
        reply_failure(request, 400, "BadRequest", "container \"%s\" in pod \"%s\" is waiting to start: PodInitializing",
                      container ? container : first ? first : "backup", request->name);
    } else if (init) {
        static const char text[] = "BR copy finished\n";
        reply_text(request, 200, "text/plain", text, sizeof text - 1);
    } else {
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
    json_free(&pod);
}
