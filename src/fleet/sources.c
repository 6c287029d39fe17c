#include <config.h>

#include "fleet/fleet_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

/* -- from a reflector into the store ---------------------------------------------------------- */

static struct backup_record *decode(struct source *s, const char *text, size_t len)
{
    struct error err;
    struct backup_record *record = record_decode_text(text, len, store_pool(s->fleet->store), &err);
    if (!record)
        log_warn("a backup that cannot be read: %s", err.text);
    return record;
}

static void on_object(void *arg, const char *text, size_t len)
{
    struct source *s = arg;
    struct fleet *fleet = s->fleet;
    if (fleet->on_raw)
        fleet->on_raw(fleet->raw_arg, text, len, false);
    struct backup_record *record = decode(s, text, len);
    if (!record)
        return;
    store_put(fleet->store, s->id, record, fleet_now_ms(fleet));
    fleet_mark(fleet);
}

static void on_delete(void *arg, const char *text, size_t len)
{
    struct source *s = arg;
    struct fleet *fleet = s->fleet;
    if (fleet->on_raw)
        fleet->on_raw(fleet->raw_arg, text, len, true);
    struct backup_record *record = decode(s, text, len);
    if (!record)
        return;
    store_remove(fleet->store, s->id, record->ns, record->name);
    record_free(&record);
    fleet_mark(fleet);
}

static void on_list(void *arg)
{
    struct source *s = arg;
    store_list(s->fleet->store, s->id);
}

static void on_listed(void *arg)
{
    struct source *s = arg;
    store_listed(s->fleet->store, s->id);
    fleet_mark(s->fleet);
}

/* All namespaces are. Of a group that is only presumed that says nothing: rights are looked at before what there is. */
static bool is_refused(const struct source *s)
{
    const struct reflector_state *state = &s->pub.state;
    return state->phase == REFLECTOR_DENIED && state->http == 403 && !s->ns && !s->fleet->namespaces &&
           s->fleet->groups[s->group].presence == KUBE_PRESENT;
}

static void on_state(void *arg, const struct reflector_state *state)
{
    struct source *s = arg;
    struct fleet *fleet = s->fleet;
    s->pub.state = *state;
    fleet_mark(fleet);
    if (state->phase == REFLECTOR_MISSING)
        look_retry(fleet); /* is the kind gone from the server, and with it the source? */
    if (is_refused(s))
        narrow_denied(fleet, s->group);
    else if (state->listed && !s->ns && fleet->groups[s->group].narrow.state == NARROW_NOTHING)
        narrow_reset(fleet, s->group); /* the right has come */
}

/* -- their life --------------------------------------------------------------------------------- */

static unsigned take_id(struct fleet *fleet, struct source *s)
{
    unsigned id = 0;
    while (id < fleet->id_count && fleet->by_id[id])
        id++;
    if (id == fleet->id_count)
        fleet->by_id = xreallocarray(fleet->by_id, ++fleet->id_count, sizeof *fleet->by_id);
    fleet->by_id[id] = s;
    return id;
}

static void start(struct source *s)
{
    struct fleet *fleet = s->fleet;
    char *field = fleet->name ? xasprintf("metadata.name=%s", fleet->name) : NULL;
    s->reflector = reflector_new(&(struct reflector_spec){
        .client = fleet->client,
        .resource = fleet_resources[s->group],
        .ns = s->ns,
        .label_selector = fleet->label_selector,
        .field_selector = field,
        .once = fleet->once,
        .on_object = on_object,
        .on_delete = on_delete,
        .on_list = on_list,
        .on_listed = on_listed,
        .on_state = on_state,
        .arg = s,
    });
    free(field);
    s->pub.state = *reflector_state(s->reflector);
}

static void add_source(struct fleet *fleet, unsigned group, const char *ns)
{
    struct source *s = xcalloc(1, sizeof *s);
    s->fleet = fleet;
    s->group = group;
    s->ns = xstrdup(ns);
    s->id = take_id(fleet, s);
    s->pub.v1 = group == GROUP_V1;
    s->pub.ns = s->ns;
    fleet->sources = xreallocarray(fleet->sources, fleet->source_count + 1, sizeof(*fleet->sources));
    fleet->sources[fleet->source_count++] = s;
    start(s);
}

static void free_source(struct source *s)
{
    reflector_free(&s->reflector);
    s->fleet->by_id[s->id] = NULL;
    free(s->ns);
    free(s);
}

static struct source *find(const struct fleet *fleet, unsigned group, const char *ns)
{
    for (size_t i = 0; i < fleet->source_count; i++)
        if (fleet->sources[i]->group == group && sources_same_ns(fleet->sources[i]->ns, ns))
            return fleet->sources[i];
    return NULL;
}

bool sources_same_ns(const char *a, const char *b) { return !a == !b && str_same(a, b); }

bool sources_want(const struct fleet *fleet, unsigned group, const char *ns)
{
    size_t count;
    char *const *names = sources_names(fleet, group, &count);
    if (!look_uses(fleet, group))
        return false;
    if (!names)
        return !ns;
    for (size_t i = 0; ns && i < count; i++)
        if (str_same(names[i], ns))
            return true;
    return false;
}

void sources_each_wanted(struct fleet *fleet, void (*fn)(struct fleet *fleet, unsigned group, const char *ns))
{
    for (unsigned g = 0; g < GROUPS; g++) {
        size_t count;
        char *const *names = sources_names(fleet, g, &count);
        if (!look_uses(fleet, g))
            continue;
        if (!names)
            fn(fleet, g, NULL);
        for (size_t i = 0; names && i < count; i++)
            fn(fleet, g, names[i]);
    }
}

static bool is_wanted(const struct source *s) { return sources_want(s->fleet, s->group, s->ns); }

/* Its rows go over to the sources that see them from now on; the rest goes. */
static void end_source(struct fleet *fleet, struct source *old)
{
    for (size_t i = 0; i < fleet->source_count; i++) {
        const struct source *s = fleet->sources[i];
        if (s == old || s->group != old->group || !is_wanted(s))
            continue;
        if (!s->ns || !old->ns)
            store_move(fleet->store, old->id, s->id, s->ns ? s->ns : old->ns);
    }
    store_drop(fleet->store, old->id);
}

static unsigned groups_used(const struct fleet *fleet)
{
    unsigned count = 0;
    for (unsigned g = 0; g < GROUPS; g++)
        count += look_uses(fleet, g);
    return count;
}

char *const *sources_names(const struct fleet *fleet, unsigned group, size_t *count)
{
    const struct narrow *narrow = &fleet->groups[group].narrow;
    unsigned groups = groups_used(fleet);
    size_t most = groups ? FLEET_WATCHES_MAX / groups : FLEET_WATCHES_MAX;
    char *const *names = fleet->namespaces;
    *count = 0;
    while (names && names[*count])
        ++*count;
    if (!names && narrow->state == NARROW_DONE) {
        names = narrow->names;
        *count = narrow->count;
    }
    if (*count > most)
        *count = most;
    return names;
}

static bool is_cut(const struct fleet *fleet)
{
    for (unsigned g = 0; g < GROUPS; g++) {
        size_t count;
        char *const *names = sources_names(fleet, g, &count);
        if (look_uses(fleet, g) && names && (names[count] || fleet->groups[g].narrow.cut))
            return true;
    }
    return false;
}

static void add_missing(struct fleet *fleet, unsigned group, const char *ns)
{
    if (!find(fleet, group, ns))
        add_source(fleet, group, ns);
}

void sources_fit(struct fleet *fleet)
{
    sources_each_wanted(fleet, add_missing);
    size_t kept = 0;
    for (size_t i = 0; i < fleet->source_count; i++)
        if (!is_wanted(fleet->sources[i]))
            end_source(fleet, fleet->sources[i]);
    for (size_t i = 0; i < fleet->source_count; i++) {
        struct source *s = fleet->sources[i];
        if (is_wanted(s))
            fleet->sources[kept++] = s;
        else
            free_source(s);
    }
    fleet->source_count = kept;
    fleet->cut = is_cut(fleet);
    clusters_fit(fleet);
    fleet_mark(fleet);
}

void sources_narrow(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->source_count; i++)
        if (is_refused(fleet->sources[i]))
            narrow_denied(fleet, fleet->sources[i]->group);
}

void sources_stop(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->source_count; i++)
        free_source(fleet->sources[i]);
    free(fleet->sources);
    free(fleet->by_id);
    fleet->sources = fleet->by_id = NULL;
    fleet->source_count = fleet->id_count = 0;
}

struct source *source_at(const struct fleet *fleet, size_t i)
{
    struct source *s = fleet->sources[i];
    s->pub.state = *reflector_state(s->reflector);
    s->pub.live = reflector_is_live(s->reflector);
    s->pub.has_status_sub = fleet->groups[s->group].has_status;
    return s;
}
