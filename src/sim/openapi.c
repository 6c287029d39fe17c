#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "handlers.h"
#include "sim.h"

/* What kubectl create and apply look for before they send: that PATCH knows fieldValidation, by
 * which the server checks the fields. Nothing else is described. */

static void group_path(const struct kind *kind, char *buf, size_t size)
{
    snprintf(buf, size, "%s%s%s/%s", *kind->group ? "apis" : "api", *kind->group ? "/" : "", kind->group,
             kind->version);
}

static bool is_served(const struct request *request, const struct kind *kind)
{
    return !kind->v1 || request->sim->options.v1;
}

static void answer_index(struct request *request)
{
    struct json *index = json_new_object(), *paths = json_object_in(index, "paths");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = kind_of((enum kind_id)i);
        char path[128];
        if (!is_served(request, kind))
            continue;
        group_path(kind, path, sizeof path);
        char *url = xasprintf("/openapi/v3/%s?hash=BRDECKSIM", path);
        json_set_string(json_object_in(paths, path), "serverRelativeURL", url);
        free(url);
    }
    reply_json(request, 200, index);
}

static void add_patch(struct json *paths, const struct kind *kind)
{
    char group[128];
    group_path(kind, group, sizeof group);
    char *path = xasprintf("/%s%s/%s/{name}", group, kind->namespaced ? "/namespaces/{namespace}" : "", kind->plural);
    struct json *patch = json_object_in(json_object_in(paths, path), "patch");
    free(path);
    struct json *parameters = json_new_array(), *parameter = json_new_object();
    json_set_string(parameter, "name", "fieldValidation");
    json_set_string(parameter, "in", "query");
    json_set_string(json_object_in(parameter, "schema"), "type", "string");
    json_append(parameters, parameter);
    json_set(patch, "parameters", parameters);
    json_set_string(json_object_in(json_object_in(patch, "responses"), "200"), "description", "OK");
    struct json *gvk = json_object_in(patch, "x-kubernetes-group-version-kind");
    json_set_string(gvk, "group", kind->group);
    json_set_string(gvk, "version", kind->version);
    json_set_string(gvk, "kind", kind->name);
}

static bool answer_document(struct request *request, const char *wanted)
{
    struct json *document = json_new_object(), *paths;
    json_set_string(document, "openapi", "3.0.0");
    struct json *info = json_object_in(document, "info");
    json_set_string(info, "title", "brdeck-sim");
    json_set_string(info, "version", PACKAGE_VERSION);
    paths = json_object_in(document, "paths");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = kind_of((enum kind_id)i);
        char path[128];
        group_path(kind, path, sizeof path);
        if (is_served(request, kind) && strcmp(path, wanted) == 0)
            add_patch(paths, kind);
    }
    bool any = json_count(paths) > 0;
    if (any)
        reply_json(request, 200, document);
    else
        json_free(&document);
    return any;
}

bool handle_openapi(struct request *request)
{
    static const char root[] = "/openapi/v3";
    if (strcmp(request->method, "GET") != 0 || !str_starts(request->path, root))
        return false;
    const char *rest = request->path + sizeof root - 1;
    if (*rest == '\0') {
        answer_index(request);
        return true;
    }
    return *rest == '/' && answer_document(request, rest + 1);
}
