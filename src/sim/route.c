#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "handlers.h"
#include "sim.h"

static void split(struct request *request)
{
    request->segments_text = xstrdup(request->path);
    request->ns = request->name = request->sub = "";
    for (char *at = request->segments_text; *at && request->segment_count < SEGMENTS_MAX;) {
        at += *at == '/';
        size_t n = strcspn(at, "/");
        if (n > 0)
            request->segments[request->segment_count++] = at;
        at += n;
        if (*at)
            *at++ = '\0';
    }
}

static const char *segment(const struct request *request, size_t i)
{
    return i < request->segment_count ? request->segments[i] : "";
}

/* /api/v1/… or /apis/GROUP/VERSION/…, then [namespaces/NS/]PLURAL[/NAME[/SUB…]]. */
static bool find_kind(struct request *request)
{
    bool core = strcmp(segment(request, 0), "api") == 0;
    if (!core && strcmp(segment(request, 0), "apis") != 0)
        return false;
    const char *group = core ? "" : segment(request, 1), *version = segment(request, core ? 1 : 2);
    size_t at = core ? 2 : 3;
    bool v1 = request->sim->options.v1;
    /* namespaces/NS is a namespace itself unless a kind follows it. */
    if (strcmp(segment(request, at), "namespaces") == 0 &&
        (!core || kind_find(group, version, segment(request, at + 2), v1))) {
        request->ns = segment(request, at + 1);
        at += 2;
    }
    request->kind = kind_find(group, version, segment(request, at), v1);
    request->name = segment(request, at + 1);
    request->sub = segment(request, at + 2);
    request->rest = at + 3;
    return request->kind && (!*request->ns || request->kind->namespaced) &&
           (request->kind->namespaced && !*request->ns ? !*request->name : true);
}

static const char *verb_of(const struct request *request)
{
    static const struct {
        const char *method, *verb;
    } verbs[] = {{"POST", "create"}, {"PUT", "update"}, {"PATCH", "patch"}};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(request->method, verbs[i].method) == 0)
            return verbs[i].verb;
    if (strcmp(request->method, "DELETE") == 0)
        return *request->name ? "delete" : "deletecollection";
    if (*request->name)
        return "get";
    return request_query_true(request, "watch") ? "watch" : "list";
}

static void reply_forbidden(struct request *request, const char *verb)
{
    char full[128], where[320] = "at the cluster scope", who[320] = "";
    const struct kind *kind = request->kind;
    kind_full_plural(kind, full, sizeof full);
    if (*request->ns)
        snprintf(where, sizeof where, "in the namespace \"%s\"", request->ns);
    if (*request->name)
        snprintf(who, sizeof who, " \"%s\"", request->name);
    struct str message;
    str_init(&message, STR_SMALL);
    str_addf(&message, "%s%s is forbidden: User \"%s\" cannot %s resource \"%s%s%s\" in API group \"%s\" %s", full, who,
             request->user->name, verb, kind->plural, *request->sub ? "/" : "", request->sub, kind->group, where);
    struct json *status = status_tree(403, "Forbidden", message.data);
    struct json *details = json_object_in(status, "details");
    if (*request->name)
        json_set_string(details, "name", request->name);
    if (*kind->group)
        json_set_string(details, "group", kind->group);
    json_set_string(details, "kind", kind->plural);
    json_remove(status, "code");
    json_set_int(status, "code", 403);
    reply_json(request, 403, status);
    str_done(&message);
}

static bool is_allowed(struct request *request, const char *verb)
{
    struct access access = {.verb = verb,
                            .group = request->kind->group,
                            .resource = request->kind->plural,
                            .subresource = request->sub,
                            .ns = request->ns,
                            .name = request->name};
    return rbac_allows(request->user, &access);
}

static void reply_no_path(struct request *request)
{
    reply_failure(request, 404, "NotFound", "the server could not find the requested resource");
}

static bool is_known_sub(const struct request *request)
{
    if (!*request->sub)
        return true;
    if (strcmp(request->sub, "status") == 0)
        return request->kind->status && request->segment_count == request->rest;
    return (request->kind->id == KIND_POD && strcmp(request->sub, "log") == 0) ||
           (request->kind->id == KIND_SERVICE && strcmp(request->sub, "proxy") == 0);
}

static const struct handler {
    const char *verb;
    void (*run)(struct request *request);
} handlers[] = {
    {"get", handle_get},     {"list", handle_list},      {"watch", handle_watch},   {"create", handle_create},
    {"patch", handle_patch}, {"update", handle_replace}, {"delete", handle_delete}, {"deletecollection", NULL},
};

static void dispatch(struct request *request)
{
    const char *verb = verb_of(request);
    if (!is_known_sub(request)) {
        reply_no_path(request);
        return;
    }
    if (!is_allowed(request, verb)) {
        reply_forbidden(request, verb);
        return;
    }
    if (*request->sub && strcmp(request->sub, "status") != 0) {
        if (request->kind->id == KIND_POD)
            handle_pod_log(request);
        else
            handle_proxy(request);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
        if (strcmp(handlers[i].verb, verb) == 0 && handlers[i].run) {
            handlers[i].run(request);
            return;
        }
    reply_failure(request, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

void route_request(struct request *request)
{
    if (!request->user) {
        reply_failure(request, 401, "Unauthorized", "Unauthorized");
        return;
    }
    split(request);
    if (strcmp(segment(request, 0), "sim") == 0) {
        handle_control(request);
        return;
    }
    if (handle_review(request) || handle_discovery(request) || handle_openapi(request))
        return;
    if (find_kind(request))
        dispatch(request);
    else
        reply_no_path(request);
}
