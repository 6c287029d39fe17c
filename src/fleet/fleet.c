#include <config.h>

#include "fleet/fleet_private.h"

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

enum { EXPIRE_LEAST_MS = 1000 /* states that end at about one time are judged together */,
       EXPIRE_MOST_MS = 60 * 60 * 1000, SCOPE_NAMES = 3 };

static char **names_copy(const char *const *names, size_t count)
{
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(names[i]);
    return copy;
}

void names_free(char ***names)
{
    for (size_t i = 0; *names && (*names)[i]; i++)
        free((*names)[i]);
    free(*names);
    *names = NULL;
}

static char **copy_all(const char *const *names)
{
    size_t count = 0;
    while (names && names[count])
        count++;
    return count ? names_copy(names, count) : NULL;
}

/* -- time ------------------------------------------------------------------------------------------ */

int64_t fleet_now_ms(const struct fleet *fleet) { return clock_now_ms(kube_client_clock(fleet->client)); }

static void expire(struct fleet *fleet)
{
    int64_t now = fleet_now_ms(fleet), due = store_expire(fleet->store, now);
    if (due == INT64_MAX) {
        loop_timer_cancel(&fleet->expire);
        return;
    }
    int64_t wait = due - now < EXPIRE_LEAST_MS ? EXPIRE_LEAST_MS : due - now;
    loop_timer_set(&fleet->expire, wait > EXPIRE_MOST_MS ? EXPIRE_MOST_MS : wait);
}

static void on_expire(void *arg) { expire(arg); }

static void on_tell(void *arg)
{
    struct fleet *fleet = arg;
    /* a state that is put in during the wait may end before it */
    expire(fleet);
    if (fleet->namespaces && store_count(fleet->store) == 0 && !fleet->once && fresh_is_settled(fleet))
        names_ask_others(fleet);
    if (fleet->changed)
        fleet->changed(fleet->arg);
}

void fleet_mark(struct fleet *fleet)
{
    if (!loop_timer_is_set(&fleet->tell))
        loop_timer_set(&fleet->tell, 0);
}

static void on_access(void *arg) { fleet_mark(arg); }

static void on_ended(void *arg) { fleet_retry(arg); }

/* -- life -------------------------------------------------------------------------------------------- */

struct fleet *fleet_new(struct loop *loop, struct kube_client *client, const struct fleet_options *options,
                        void (*changed)(void *arg), void *arg)
{
    struct fleet *fleet = xcalloc(1, sizeof *fleet);
    fleet->loop = loop;
    fleet->client = client;
    fleet->changed = changed;
    fleet->arg = arg;
    fleet->namespaces = copy_all(options->namespaces);
    fleet->label_selector = str_empty(options->label_selector) ? NULL : xstrdup(options->label_selector);
    fleet->name = str_empty(options->name) ? NULL : xstrdup(options->name);
    fleet->once = options->once;
    fleet->on_raw = options->on_raw;
    fleet->raw_arg = options->raw_arg;
    fleet->version = xstrdup("");
    fleet->uid = xstrdup("");
    fleet->store = store_new();
    fleet->access = kube_access_new(client, on_access, fleet);
    loop_timer_init(&fleet->tell, loop, on_tell, fleet);
    loop_timer_init(&fleet->expire, loop, on_expire, fleet);
    narrow_init(fleet);
    kube_client_on_ended(client, on_ended, fleet);
    look_start(fleet);
    return fleet;
}

void fleet_free(struct fleet **ptr)
{
    struct fleet *fleet = *ptr;
    *ptr = NULL;
    if (!fleet)
        return;
    kube_client_on_ended(fleet->client, NULL, NULL);
    kube_discovery_free(&fleet->discovery);
    kube_access_free(&fleet->access);
    narrow_done(fleet);
    names_done(fleet);
    clusters_stop(fleet);
    sources_stop(fleet);
    loop_timer_cancel(&fleet->look);
    loop_timer_cancel(&fleet->tell);
    loop_timer_cancel(&fleet->expire);
    store_free(&fleet->store);
    names_free(&fleet->namespaces);
    free(fleet->label_selector);
    free(fleet->name);
    free(fleet->version);
    free(fleet->uid);
    free(fleet);
}

struct kube_client *fleet_client(const struct fleet *fleet) { return fleet->client; }

struct store *fleet_store(const struct fleet *fleet) { return fleet->store; }

struct kube_access *fleet_access(const struct fleet *fleet) { return fleet->access; }

const char *fleet_server_version(const struct fleet *fleet) { return fleet->version; }

const char *fleet_cluster_uid(const struct fleet *fleet) { return fleet->uid; }

void fleet_set_namespaces(struct fleet *fleet, const char *const *namespaces)
{
    char **names = copy_all(namespaces); /* @namespaces may be our own */
    names_free(&fleet->namespaces);
    fleet->namespaces = names;
    for (unsigned g = 0; g < GROUPS; g++)
        narrow_reset(fleet, g);
    names_reset(fleet);
    sources_fit(fleet);
}

void fleet_retry(struct fleet *fleet)
{
    kube_auth_retry(kube_client_auth(fleet->client));
    look_retry(fleet);
    for (unsigned g = 0; g < GROUPS; g++)
        if (fleet->groups[g].narrow.state == NARROW_DONE || fleet->groups[g].narrow.state == NARROW_NOTHING) {
            narrow_reset(fleet, g); /* rights may have come, and namespaces */
            sources_fit(fleet);
        }
    for (size_t i = 0; i < fleet->source_count; i++)
        reflector_retry(fleet->sources[i]->reflector);
    names_reset(fleet);
    fleet_mark(fleet);
}

/* -- what it covers -------------------------------------------------------------------------------------- */

void fleet_scope(const struct fleet *fleet, struct str *out)
{
    char *const *names = NULL;
    size_t count = 0;
    for (unsigned g = 0; g < GROUPS && !names; g++)
        names = sources_names(fleet, g, &count);
    if (!names)
        str_add(out, "all namespaces");
    else if (count > SCOPE_NAMES)
        str_addf(out, "%zu namespaces", count);
    for (size_t i = 0; names && count <= SCOPE_NAMES && i < count; i++)
        str_addf(out, "%s%s", i ? ", " : "", names[i]);
}

size_t fleet_sources(const struct fleet *fleet) { return fleet->source_count; }

const struct fleet_source *fleet_source(const struct fleet *fleet, size_t i) { return &source_at(fleet, i)->pub; }

bool fleet_row_is_stale(const struct fleet *fleet, const struct store_row *row)
{
    const struct source *s = row->source < fleet->id_count ? fleet->by_id[row->source] : NULL;
    if (!s)
        return true;
    return reflector_state(s->reflector)->phase != REFLECTOR_LISTED && !reflector_is_live(s->reflector);
}

static unsigned group_of(bool v1) { return v1 ? GROUP_V1 : GROUP_V2; }

const struct kube_resource *fleet_resource(bool v1) { return &fleet_resources[group_of(v1)]; }

bool fleet_has_status_sub(const struct fleet *fleet, bool v1) { return fleet->groups[group_of(v1)].has_status; }

struct kube_request *fleet_fetch(struct fleet *fleet, bool v1, const char *ns, const char *name, kube_call_fn *fn,
                                 void *arg)
{
    struct kube_call_spec spec = {.resource = fleet_resource(v1), .ns = ns, .name = name};
    return kube_get(fleet->client, &spec, fn, arg);
}
