#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "handlers.h"
#include "sim.h"

static const struct group_row {
    const char *name, *version;
    bool v1;
} groups[] = {
    {"authentication.k8s.io", "v1", false}, {"authorization.k8s.io", "v1", false}, {"batch", "v1", false},
    {"br.pingcap.com", "v1alpha1", false},  {"core.pingcap.com", "v1alpha1", false}, {"pingcap.com", "v1alpha1", true},
};

static struct json *list_of(const char *kind, bool with_version)
{
    struct json *list = json_new_object();
    json_set_string(list, "kind", kind);
    if (with_version)
        json_set_string(list, "apiVersion", "v1");
    return list;
}

static void fill_group(struct json *group, const struct group_row *row)
{
    json_set_string(group, "name", row->name);
    char *full = xasprintf("%s/%s", row->name, row->version);
    struct json *version = json_new_object(), *versions = json_new_array();
    json_set_string(version, "groupVersion", full);
    json_set_string(version, "version", row->version);
    json_append(versions, json_copy(version));
    json_set(group, "versions", versions);
    json_set(group, "preferredVersion", version);
    free(full);
}

static bool answer_groups(struct request *request)
{
    struct json *list = list_of("APIGroupList", true), *items = json_new_array();
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        if (groups[i].v1 && !request->sim->options.v1)
            continue;
        struct json *group = json_new_object();
        fill_group(group, &groups[i]);
        json_append(items, group);
    }
    json_set(list, "groups", items);
    reply_json(request, 200, list);
    return true;
}

static bool answer_group(struct request *request, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        if (strcmp(groups[i].name, name) != 0 || (groups[i].v1 && !request->sim->options.v1))
            continue;
        struct json *group = list_of("APIGroup", true);
        fill_group(group, &groups[i]);
        reply_json(request, 200, group);
        return true;
    }
    return false;
}

static bool answer_versions(struct request *request)
{
    struct json *list = list_of("APIVersions", false), *versions = json_new_array();
    json_append(versions, json_new_string("v1"));
    json_set(list, "versions", versions);
    struct json *address = json_new_object(), *addresses = json_new_array();
    char *server = xasprintf("127.0.0.1:%d", request->sim->port);
    json_set_string(address, "clientCIDR", "0.0.0.0/0");
    json_set_string(address, "serverAddress", server);
    free(server);
    json_append(addresses, address);
    json_set(list, "serverAddressByClientCIDRs", addresses);
    reply_json(request, 200, list);
    return true;
}

static struct json *words(const char *const *list, size_t count)
{
    struct json *array = json_new_array();
    for (size_t i = 0; i < count; i++)
        json_append(array, json_new_string(list[i]));
    return array;
}

static const char *const object_verbs[] = {"delete", "get", "list", "patch", "create", "update", "watch"};
static const char *const status_verbs[] = {"get", "patch", "update"};
static const char *const get_verbs[] = {"get"};
static const char *const create_verbs[] = {"create"};

static void add_resource(struct json *list, const char *name, const char *singular, const char *kind, bool namespaced,
                         struct json *verbs)
{
    struct json *resource = json_new_object();
    json_set_string(resource, "name", name);
    json_set_string(resource, "singularName", singular);
    json_set_bool(resource, "namespaced", namespaced);
    json_set_string(resource, "kind", kind);
    json_set(resource, "verbs", verbs);
    json_append(list, resource);
}

static void add_kind(struct json *list, const struct kind *kind)
{
    struct json *resource = json_new_object();
    json_set_string(resource, "name", kind->plural);
    json_set_string(resource, "singularName", kind->singular);
    json_set_bool(resource, "namespaced", kind->namespaced);
    json_set_string(resource, "kind", kind->name);
    json_set(resource, "verbs", words(object_verbs, ARRAY_LEN(object_verbs)));
    if (kind->short_name)
        json_set(resource, "shortNames", words(&kind->short_name, 1));
    if (*kind->hash)
        json_set_string(resource, "storageVersionHash", kind->hash);
    json_append(list, resource);
    if (kind->status) {
        char name[96];
        snprintf(name, sizeof name, "%s/status", kind->plural);
        add_resource(list, name, "", kind->name, kind->namespaced, words(status_verbs, ARRAY_LEN(status_verbs)));
    }
    if (kind->id == KIND_POD)
        add_resource(list, "pods/log", "", "Pod", true, words(get_verbs, 1));
    if (kind->id == KIND_SERVICE)
        add_resource(list, "services/proxy", "", "ServiceProxyOptions", true, words(create_verbs, 1));
}

/* What has no objects: reviews. */
static const struct review_row {
    const char *group, *plural, *kind;
} reviews[] = {
    {"authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"},
    {"authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"},
    {"authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"},
};

static bool answer_resources(struct request *request, const char *group, const char *version)
{
    struct json *list = list_of("APIResourceList", true), *items = json_new_array();
    char full[128];
    snprintf(full, sizeof full, "%s%s%s", group, *group ? "/" : "", version);
    json_set_string(list, "groupVersion", full);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = kind_of((enum kind_id)i);
        if (strcmp(kind->group, group) == 0 && strcmp(kind->version, version) == 0 &&
            (!kind->v1 || request->sim->options.v1))
            add_kind(items, kind);
    }
    for (size_t i = 0; i < ARRAY_LEN(reviews); i++)
        if (strcmp(reviews[i].group, group) == 0)
            add_resource(items, reviews[i].plural, "", reviews[i].kind, false, words(create_verbs, 1));
    if (json_count(items) == 0) {
        json_free(&items);
        json_free(&list);
        return false;
    }
    json_set(list, "resources", items);
    reply_json(request, 200, list);
    return true;
}

static bool answer_version(struct request *request)
{
    static const char *const fields[][2] = {
        {"major", "1"},          {"minor", "35"},
        {"emulationMajor", "1"}, {"emulationMinor", "35"},
        {"minCompatibilityMajor", "1"}, {"minCompatibilityMinor", "34"},
        {"gitVersion", "v1.35.4-brdeck-sim"}, {"gitCommit", ""},
        {"gitTreeState", ""},    {"buildDate", "1970-01-01T00:00:00Z"},
        {"goVersion", ""},       {"compiler", ""},
        {"platform", "linux/amd64"},
    };
    struct json *version = json_new_object();
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        json_set_string(version, fields[i][0], fields[i][1]);
    reply_json(request, 200, version);
    return true;
}

static bool answer_ok(struct request *request)
{
    reply_text(request, 200, "text/plain; charset=utf-8", "ok", 2);
    return true;
}

static const struct fixed_path {
    const char *path;
    bool (*answer)(struct request *request);
} fixed_paths[] = {
    {"/version", answer_version}, {"/version/", answer_version}, {"/healthz", answer_ok}, {"/readyz", answer_ok},
    {"/livez", answer_ok},        {"/livez/ping", answer_ok},
          {"/api", answer_versions},     {"/apis", answer_groups},
};

bool handle_discovery(struct request *request)
{
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(fixed_paths); i++)
        if (strcmp(request->path, fixed_paths[i].path) == 0)
            return fixed_paths[i].answer(request);
    const char *const *segments = request->segments;
    size_t count = request->segment_count;
    if (count == 2 && strcmp(segments[0], "api") == 0)
        return answer_resources(request, "", segments[1]);
    if (count == 2 && strcmp(segments[0], "apis") == 0)
        return answer_group(request, segments[1]);
    if (count == 3 && strcmp(segments[0], "apis") == 0)
        return answer_resources(request, segments[1], segments[2]);
    return false;
}
