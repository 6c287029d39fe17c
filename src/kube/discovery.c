#include <config.h>

#include <brdeck/kube/discovery.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/json.h>

enum { RETRIES = 2, ANSWER_MAX = 4 * 1024 * 1024 };

struct probe; /* one question */

struct kube_discovery {
    struct kube_client *client;
    void (*fn)(void *arg, const struct kube_discovery *d);
    void *arg;
    char *version, *uid;
    struct error error;
    struct kube_group *groups;
    size_t group_count;
    struct probe *probes;
    size_t probe_count, waiting;
};

struct probe {
    struct kube_discovery *owner;
    struct kube_request *request;
    struct kube_group *group; /* NULL: it is no group's */
    void (*read)(struct probe *p, const struct json *json, const struct kube_response *response);
};

const struct kube_group_resource *kube_group_find(const struct kube_group *group, const char *plural)
{
    for (size_t i = 0; group && i < group->count; i++)
        if (str_same(group->resources[i].plural, plural))
            return &group->resources[i];
    return NULL;
}

/* -- answers ------------------------------------------------------------------------ */

static void read_version(struct probe *p, const struct json *json, const struct kube_response *response)
{
    struct kube_discovery *d = p->owner;
    const char *version = json_string(json, "gitVersion");
    d->error = response->error;
    if (!d->error.code && !json)
        error_set(&d->error, ERROR_NETWORK,
                  "ask for the server's version: the answer is no JSON: this is no API server");
    else if (!d->error.code)
        d->version = xstrdup(version ? version : "");
}

static void read_uid(struct probe *p, const struct json *json, const struct kube_response *response)
{
    (void)response; /* who may not see the Namespace can work all the same */
    p->owner->uid = xstrdup(json_text(json_at(json, "metadata", "uid", NULL)));
}

static struct kube_group_resource *add_resource(struct kube_group *g, const char *plural)
{
    g->resources = xreallocarray(g->resources, g->count + 1, sizeof *g->resources);
    g->resources[g->count] = (struct kube_group_resource){.plural = xstrdup(plural)};
    return &g->resources[g->count++];
}

static struct kube_group_resource *find_mut(struct kube_group *g, const char *plural, size_t len)
{
    for (size_t i = 0; i < g->count; i++)
        if (strlen(g->resources[i].plural) == len && strncmp(g->resources[i].plural, plural, len) == 0)
            return &g->resources[i];
    return NULL;
}

/* Resources first, then what is below them: a list may name them in any order. */
static void read_resources(struct kube_group *g, const struct json *list)
{
    JSON_EACH (item, list) {
        const char *name = json_string(item, "name"), *kind = json_string(item, "kind");
        if (str_empty(name) || strchr(name, '/') || find_mut(g, name, strlen(name)))
            continue;
        struct kube_group_resource *resource = add_resource(g, name);
        resource->kind = xstrdup(kind ? kind : "");
        resource->namespaced = json_is_true(json_get(item, "namespaced"));
    }
    JSON_EACH (item, list) {
        const char *name = json_string(item, "name"), *slash = name ? strchr(name, '/') : NULL;
        struct kube_group_resource *resource = slash ? find_mut(g, name, (size_t)(slash - name)) : NULL;
        if (resource && str_same(slash, "/status"))
            resource->has_status = true;
    }
}

/* Only 404 means that it is not there (rule 17). */
static void read_group(struct probe *p, const struct json *json, const struct kube_response *response)
{
    struct kube_group *g = p->group;
    const struct json *list = json_get(json, "resources");
    if (response->http == 404) {
        g->presence = KUBE_ABSENT;
    } else if (response->error.code) {
        g->error = response->error;
    } else if (json_type(list) != JSON_ARRAY) {
        error_set(&g->error, ERROR_NETWORK, "ask for %s/%s: the answer is no list of resources", g->group, g->version);
    } else {
        g->presence = KUBE_PRESENT;
        read_resources(g, list);
    }
}

static void on_end(void *arg, const struct kube_response *response)
{
    struct probe *p = arg;
    struct kube_discovery *d = p->owner;
    struct json *json = response->error.code ? NULL : json_parse(response->body, response->len, NULL);
    p->request = NULL;
    p->read(p, json, response);
    json_free(&json);
    if (--d->waiting == 0)
        d->fn(d->arg, d);
}

/* -- questions ---------------------------------------------------------------------- */

static void ask(struct kube_discovery *d, struct kube_group *group, const char *path, const char *what,
                void (*read)(struct probe *p, const struct json *json, const struct kube_response *response))
{
    struct probe *p = &d->probes[d->probe_count++];
    *p = (struct probe){.owner = d, .group = group, .read = read};
    d->waiting++;
    p->request = kube_request_start(d->client, &(struct kube_request_spec){
        .method = "GET", .path = path, .what = what, .gzip = true, .body_max = ANSWER_MAX,
        .retries = RETRIES, .on_end = on_end, .arg = p});
}

static void ask_group(struct kube_discovery *d, const struct kube_resource *wanted)
{
    struct kube_group *g = &d->groups[d->group_count++];
    *g = (struct kube_group){.group = wanted->group, .version = wanted->version};
    const struct kube_resource none = {.group = wanted->group, .version = wanted->version};
    struct str path;
    str_init(&path, STR_SMALL);
    kube_path(&path, &none, NULL, NULL, NULL);
    char *what = xasprintf("ask for %s%s%s", wanted->group, *wanted->group ? "/" : "", wanted->version);
    ask(d, g, path.data, what, read_group);
    free(what);
    str_done(&path);
}

static bool is_asked(const struct kube_discovery *d, const struct kube_resource *wanted)
{
    for (size_t i = 0; i < d->group_count; i++)
        if (str_same(d->groups[i].group, wanted->group) && str_same(d->groups[i].version, wanted->version))
            return true;
    return false;
}

struct kube_discovery *kube_discovery_start(struct kube_client *client, const struct kube_resource *const *wanted,
                                            size_t count,
                                            void (*fn)(void *arg, const struct kube_discovery *d), void *arg)
{
    struct kube_discovery *d = xcalloc(1, sizeof *d);
    *d = (struct kube_discovery){.client = client, .fn = fn, .arg = arg};
    /* Room for all at once: requests point into them. */
    d->groups = xcalloc(count, sizeof *d->groups);
    d->probes = xcalloc(count + 2, sizeof *d->probes);
    struct str path;
    str_init(&path, STR_SMALL);
    kube_path(&path, &kube_namespaces, NULL, "kube-system", NULL);
    ask(d, NULL, "/version", "ask for the server's version", read_version);
    ask(d, NULL, path.data, "get Namespace kube-system", read_uid);
    str_done(&path);
    for (size_t i = 0; i < count; i++)
        if (!is_asked(d, wanted[i]))
            ask_group(d, wanted[i]);
    return d;
}

void kube_discovery_free(struct kube_discovery **discovery)
{
    struct kube_discovery *d = *discovery;
    *discovery = NULL;
    if (!d)
        return;
    for (size_t i = 0; i < d->probe_count; i++)
        kube_request_cancel(&d->probes[i].request);
    for (size_t i = 0; i < d->group_count; i++) {
        for (size_t k = 0; k < d->groups[i].count; k++) {
            free(d->groups[i].resources[k].plural);
            free(d->groups[i].resources[k].kind);
        }
        free(d->groups[i].resources);
    }
    free(d->groups);
    free(d->probes);
    free(d->version);
    free(d->uid);
    free(d);
}

const char *kube_discovery_version(const struct kube_discovery *d) { return d->version ? d->version : ""; }

const char *kube_discovery_cluster_uid(const struct kube_discovery *d) { return d->uid ? d->uid : ""; }

const struct kube_group *kube_discovery_group(const struct kube_discovery *d, const char *group)
{
    for (size_t i = 0; i < d->group_count; i++)
        if (str_same(d->groups[i].group, group))
            return &d->groups[i];
    return NULL;
}

const struct error *kube_discovery_error(const struct kube_discovery *d) { return &d->error; }
