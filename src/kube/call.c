#include <config.h>

#include <brdeck/kube/call.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include "kube/access_private.h"
#include "kube/client_private.h"

enum { RETRIES = 3 };

struct call {
    kube_call_fn *fn;
    void *arg;
};

static void on_end(void *arg, const struct kube_response *response)
{
    const struct call *call = arg;
    struct json *object = NULL;
    struct kube_response told = *response;
    if (!response->error.code && response->len) {
        object = json_parse(response->body, response->len, NULL);
        if (json_type(object) != JSON_OBJECT)
            json_free(&object);
    }
    call->fn(call->arg, object, &told);
    json_free(&object);
}

static struct kube_request *start(struct kube_client *client, struct kube_request_spec *spec, kube_call_fn *fn,
                                  void *arg)
{
    struct call *call = xmalloc(sizeof *call);
    *call = (struct call){fn, arg};
    spec->retries = RETRIES;
    spec->on_end = on_end;
    spec->arg = call;
    struct kube_request *request = kube_request_start(client, spec);
    kube_request_on_free(request, free, call);
    return request;
}

/* "patch Backup orders/log-a" */
static char *make_what(const char *verb, const struct kube_call_spec *spec)
{
    if (spec->what)
        return xstrdup(spec->what);
    const char *ns = str_empty(spec->ns) ? "" : spec->ns, *name = str_empty(spec->name) ? "" : spec->name;
    if (!*name && spec->body) /* a create names it in the body */
        name = json_text(json_at(spec->body, "metadata", "name", NULL));
    if (str_empty(name))
        return *ns ? xasprintf("%s %s in %s", verb, spec->resource->plural, ns)
                   : xasprintf("%s %s", verb, spec->resource->plural);
    return xasprintf("%s %s %s%s%s", verb, spec->resource->kind, ns, *ns ? "/" : "", name);
}

struct verb {
    const char *name, *method, *content_type;
    bool writes, named;
};

static struct kube_request *ask(struct kube_client *client, const struct verb *verb, const struct kube_call_spec *spec,
                                kube_call_fn *fn, void *arg)
{
    struct str path;
    str_init(&path, STR_SMALL);
    kube_path(&path, spec->resource, spec->ns, verb->named ? spec->name : NULL, spec->sub);
    if (verb->writes)
        kube_query(&path, "fieldManager", "brdeck");
    if (spec->dry_run)
        kube_query(&path, "dryRun", "All");
    if (spec->strict)
        kube_query(&path, "fieldValidation", "Strict");
    if (!str_empty(spec->query)) {
        str_addc(&path, strchr(path.data, '?') ? '&' : '?');
        str_add(&path, spec->query);
    }
    char *what = make_what(verb->name, spec), *body = spec->body ? json_print(spec->body) : NULL;
    struct kube_request_spec request = {
        .method = verb->method,
        .path = path.data,
        .what = what,
        .content_type = verb->content_type,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .timeout_ms = spec->timeout_ms,
    };
    struct kube_request *started = start(client, &request, fn, arg);
    free(what);
    free(body);
    str_done(&path);
    return started;
}

struct kube_request *kube_get(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg)
{
    static const struct verb get = {"get", "GET", NULL, false, true}, list = {"list", "GET", NULL, false, true};
    return ask(c, str_empty(spec->name) ? &list : &get, spec, fn, arg);
}

struct kube_request *kube_patch(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg)
{
    static const struct verb verb = {"patch", "PATCH", "application/merge-patch+json", true, true};
    return ask(c, &verb, spec, fn, arg);
}

struct kube_request *kube_create(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg)
{
    static const struct verb verb = {"create", "POST", NULL, true, false};
    /* A subresource (evict, approve) is posted to the object itself. */
    static const struct verb sub = {"create", "POST", NULL, true, true};
    return ask(c, str_empty(spec->sub) ? &verb : &sub, spec, fn, arg);
}

struct kube_request *kube_delete(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg)
{
    /* fieldManager is no parameter of a delete. */
    static const struct verb verb = {"delete", "DELETE", NULL, false, true};
    return ask(c, &verb, spec, fn, arg);
}

struct kube_request *kube_review(struct kube_client *c, const struct json *body, kube_call_fn *fn, void *arg)
{
    struct str path;
    str_init(&path, STR_SMALL);
    kube_path(&path, &kube_ssars, NULL, NULL, NULL);
    char *text = json_print(body);
    struct kube_request *request = start(c, &(struct kube_request_spec){
        .method = "POST", .path = path.data, .what = "ask for a right", .body = text, .body_len = strlen(text),
        .harmless = true}, fn, arg);
    free(text);
    str_done(&path);
    return request;
}
