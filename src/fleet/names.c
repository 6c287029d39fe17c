#include <config.h>

#include "fleet/fleet_private.h"

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* -- namespaces that may be picked ------------------------------------------------------------- */

struct names_ask {
    struct fleet *fleet;
    fleet_names_fn *fn;
    void *arg;
    struct names_ask *next;
};

struct names {
    const char **names;
    size_t count;
};

static void add_name(struct names *list, const char *name)
{
    list->names = xreallocarray(list->names, list->count + 1, sizeof(*list->names));
    list->names[list->count++] = name;
}

static void add_seen(void *arg, const char *ns, size_t count)
{
    (void)count;
    add_name(arg, ns);
}

/* Where the server does not list them, those that Backups were seen in, and the context's. */
static void add_known(struct fleet *fleet, struct names *list)
{
    const char *own = kube_client_target(fleet->client)->namespace_;
    store_namespaces(fleet->store, add_seen, list);
    for (size_t i = 0; i < list->count; i++)
        if (str_same(list->names[i], own))
            return;
    add_name(list, own);
}

static void on_names(void *arg, const struct json *object, const struct kube_response *response)
{
    struct names_ask *ask = arg;
    struct fleet *fleet = ask->fleet;
    struct names list = {0};
    JSON_EACH (item, json_get(object, "items")) {
        const char *name = json_text(json_at(item, "metadata", "name", NULL));
        if (!str_empty(name))
            add_name(&list, name);
    }
    if (list.count == 0)
        add_known(fleet, &list);
    struct names_ask **link = &fleet->names_asks;
    while (*link != ask)
        link = &(*link)->next;
    *link = ask->next;
    ask->fn(ask->arg, list.names, list.count, &response->error);
    free(list.names);
    free(ask);
}

static struct kube_request *ask(struct fleet *fleet, kube_call_fn *fn, void *arg)
{
    struct kube_call_spec spec = {.resource = &kube_namespaces, .what = "list namespaces"};
    return kube_get(fleet->client, &spec, fn, arg);
}

struct kube_request *fleet_ask_namespaces(struct fleet *fleet, fleet_names_fn *fn, void *arg)
{
    struct names_ask *asked = xcalloc(1, sizeof *asked);
    *asked = (struct names_ask){.fleet = fleet, .fn = fn, .arg = arg, .next = fleet->names_asks};
    fleet->names_asks = asked;
    return ask(fleet, on_names, asked);
}

/* -- Backups that are not shown -------------------------------------------------------------------- */

static void on_others(void *arg, const struct json *object, const struct kube_response *response)
{
    struct group *group = arg;
    uint64_t more = 0;
    group->others = NULL;
    group->others_known = !response->error.code;
    json_uint(json_at(object, "metadata", "remainingItemCount", NULL), &more);
    group->others_count = json_count(json_get(object, "items")) + (size_t)more;
}

static void on_others_v2(void *arg, const struct json *object, const struct kube_response *response)
{
    struct fleet *fleet = arg;
    on_others(&fleet->groups[GROUP_V2], object, response);
    fleet_mark(fleet);
}

static void on_others_v1(void *arg, const struct json *object, const struct kube_response *response)
{
    struct fleet *fleet = arg;
    on_others(&fleet->groups[GROUP_V1], object, response);
    fleet_mark(fleet);
}

void names_ask_others(struct fleet *fleet)
{
    static kube_call_fn *const fns[GROUPS] = {[GROUP_V2] = on_others_v2, [GROUP_V1] = on_others_v1};
    for (unsigned g = 0; g < GROUPS; g++) {
        struct group *group = &fleet->groups[g];
        if (group->presence != KUBE_PRESENT || group->others_asked)
            continue;
        group->others_asked = true;
        struct kube_call_spec spec = {.resource = &fleet_resources[g], .query = "limit=1"};
        group->others = kube_get(fleet->client, &spec, fns[g], fleet);
    }
}

void names_reset(struct fleet *fleet)
{
    for (unsigned g = 0; g < GROUPS; g++) {
        struct group *group = &fleet->groups[g];
        kube_request_cancel(&group->others);
        group->others_asked = group->others_known = false;
        group->others_count = 0;
    }
}

void names_done(struct fleet *fleet)
{
    names_reset(fleet);
    while (fleet->names_asks) {
        struct names_ask *next = fleet->names_asks->next;
        free(fleet->names_asks);
        fleet->names_asks = next;
    }
}

bool names_others(const struct fleet *fleet, size_t *count)
{
    bool known = false;
    *count = 0;
    for (unsigned g = 0; g < GROUPS; g++) {
        known = known || fleet->groups[g].others_known;
        *count += fleet->groups[g].others_count;
    }
    return known;
}
