#include <config.h>

#include "fleet/fleet_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

/* No right to list in all namespaces (rule 18). Is that so for certain? Then: which namespaces are there, and which
 * of them may be listed. Where even the namespaces may not be listed, the context's is all there is to try. */

enum {
    AT_ONCE = 8,             /* questions under way */
    GROW_MS = 60 * 1000,     /* namespaces that came since */
    GROW_ALL = 10,           /* each tenth time also those that were refused, and the right to all */
    AGAIN_MS = 25 * 1000,    /* the refused list is tried every 30 s, and asks us each time */
};

/* One question, which may be answered after it has lost its meaning. */
struct fleet_ask {
    struct fleet *fleet;
    unsigned group, run;
    size_t index;
    struct fleet_ask *next;
};

static struct fleet_ask *new_ask(struct fleet *fleet, unsigned group, size_t index)
{
    struct fleet_ask *ask = xcalloc(1, sizeof *ask);
    *ask = (struct fleet_ask){.fleet = fleet, .group = group, .run = fleet->groups[group].narrow.run, .index = index,
                              .next = fleet->asks};
    fleet->asks = ask;
    return ask;
}

static bool is_asking(const struct narrow *n) { return n->state == NARROW_ASKING || n->growing; }

/* The question that @arg of a callback stands for, moved to @ask, and the narrowing that it belongs to; NULL when that
 * was given up. */
static struct narrow *take_ask(void *arg, struct fleet_ask *ask)
{
    struct fleet_ask *asked = arg, **link = &asked->fleet->asks;
    struct narrow *n = &asked->fleet->groups[asked->group].narrow;
    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
    *ask = *asked;
    free(asked);
    return ask->run == n->run && is_asking(n) ? n : NULL;
}

/* -- the two questions ------------------------------------------------------------------------------ */

/* May the Backups of @ns (NULL: of all namespaces) be listed? @index: which of narrow.asked that is. */
static void ask_right(struct fleet *fleet, unsigned group, const char *ns, size_t index, kube_access_fn *fn)
{
    kube_access_ask(fleet->access, &(struct kube_access_query){
        .verb = "list", .group = fleet_resources[group].group, .resource = fleet_resources[group].plural, .ns = ns},
        fn, new_ask(fleet, group, index));
}

static void ask_namespaces(struct fleet *fleet, unsigned group, kube_call_fn *fn)
{
    struct kube_call_spec spec = {.resource = &kube_namespaces, .what = "list namespaces"};
    fleet->groups[group].narrow.request = kube_get(fleet->client, &spec, fn, new_ask(fleet, group, 0));
}

static void forget(struct narrow *n)
{
    kube_request_cancel(&n->request);
    names_free(&n->asked);
    names_free(&n->names);
    *n = (struct narrow){.run = n->run + 1, .tried = n->tried};
}

void narrow_reset(struct fleet *fleet, unsigned group)
{
    forget(&fleet->groups[group].narrow);
    fleet_mark(fleet);
}

/* -- which may be listed -------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void finish(struct fleet *fleet, unsigned group)
{
    struct narrow *n = &fleet->groups[group].narrow;
    qsort(n->names, n->count, sizeof(*n->names), by_name); /* answers come in any order */
    n->tried = true;
    n->growing = false;
    n->state = n->count > 0 ? NARROW_DONE : NARROW_NOTHING;
    n->at_ms = clock_mono_ms();
    log_info("%s may be listed in %zu of %zu namespaces", fleet_resources[group].plural, n->count, n->asked_count);
    sources_fit(fleet);
    loop_timer_set(&fleet->grow, fleet->grow_ms);
}

static bool has(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void pump(struct fleet *fleet, unsigned group);

static void on_right(void *arg, enum kube_right right, const struct error *err)
{
    struct fleet_ask ask;
    struct narrow *n = take_ask(arg, &ask);
    (void)err; /* an error is no "no" (rule 18) */
    if (!n)
        return;
    n->waiting--;
    if (right != KUBE_RIGHT_NO && !has(n->names, n->count, n->asked[ask.index])) {
        if (n->count < FLEET_WATCHES_MAX)
            n->names[n->count++] = xstrdup(n->asked[ask.index]);
        else
            n->cut = true;
    }
    pump(ask.fleet, ask.group);
}

static void pump(struct fleet *fleet, unsigned group)
{
    struct narrow *n = &fleet->groups[group].narrow;
    unsigned run = n->run;
    /* an answer that is known already comes at once, and may end it all */
    while (run == n->run && is_asking(n) && n->waiting < AT_ONCE && n->next < n->asked_count && !n->cut) {
        size_t index = n->next++;
        n->waiting++;
        ask_right(fleet, group, n->asked[index], index, on_right);
    }
    if (run == n->run && is_asking(n) && n->waiting == 0 && (n->next == n->asked_count || n->cut))
        finish(fleet, group);
}

/* -- which there are -------------------------------------------------------------------------------- */

static void add_asked(struct narrow *n, const char *name)
{
    n->asked = xreallocarray(n->asked, n->asked_count + 2, sizeof(*n->asked));
    n->asked[n->asked_count++] = xstrdup(name);
    n->asked[n->asked_count] = NULL;
}

static void on_namespaces(void *arg, const struct json *object, const struct kube_response *response)
{
    struct fleet_ask ask;
    struct narrow *n = take_ask(arg, &ask);
    if (!n)
        return;
    n->request = NULL;
    if (response->error.code)
        log_info("%s", response->error.text);
    JSON_EACH (item, json_get(object, "items")) {
        const char *name = json_text(json_at(item, "metadata", "name", NULL));
        if (!str_empty(name))
            add_asked(n, name);
    }
    if (n->asked_count == 0) {
        n->guessed = true;
        add_asked(n, kube_client_target(ask.fleet->client)->namespace_);
    }
    n->names = xcalloc(FLEET_WATCHES_MAX + 1, sizeof(*n->names));
    pump(ask.fleet, ask.group);
}

/* What the review says of all namespaces: a list may be refused for other reasons than the right. */
static void on_all_right(void *arg, enum kube_right right, const struct error *err)
{
    struct fleet_ask ask;
    struct narrow *n = take_ask(arg, &ask);
    (void)err;
    if (!n)
        return;
    if (right != KUBE_RIGHT_NO) {
        n->state = NARROW_NO;
        n->tried = true;
        n->at_ms = clock_mono_ms();
        fleet_mark(ask.fleet);
        return;
    }
    ask_namespaces(ask.fleet, ask.group, on_namespaces);
}

void narrow_denied(struct fleet *fleet, unsigned group)
{
    struct narrow *n = &fleet->groups[group].narrow;
    if (n->state == NARROW_ASKING || n->state == NARROW_DONE || (n->at_ms && clock_mono_ms() - n->at_ms < AGAIN_MS))
        return;
    forget(n);
    n->state = NARROW_ASKING;
    ask_right(fleet, group, NULL, 0, on_all_right);
}

/* -- more of them, later ------------------------------------------------------------------------------ */

/* Those of @names that are in @list; the others go, and room is left for as many. */
static size_t keep_listed(char **names, size_t count, const struct json *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool there = false;
        JSON_EACH (item, list)
            there = there || str_same(json_text(json_at(item, "metadata", "name", NULL)), names[i]);
        if (there)
            names[kept++] = names[i];
        else
            free(names[i]);
    }
    for (size_t i = kept; i < count; i++)
        names[i] = NULL;
    return kept;
}

static void on_grown(void *arg, const struct json *object, const struct kube_response *response)
{
    struct fleet_ask ask;
    struct narrow *n = take_ask(arg, &ask);
    const struct json *items = json_get(object, "items");
    if (!n)
        return;
    n->request = NULL;
    if (response->error.code || json_count(items) == 0) {
        n->growing = false;
        loop_timer_set(&ask.fleet->grow, ask.fleet->grow_ms);
        return;
    }
    n->count = keep_listed(n->names, n->count, items);
    n->next = n->asked_count = keep_listed(n->asked, n->asked_count, items);
    JSON_EACH (item, items) {
        const char *name = json_text(json_at(item, "metadata", "name", NULL));
        if (!str_empty(name) && !has(n->asked, n->next, name))
            add_asked(n, name);
    }
    if (n->grown % GROW_ALL == 0)
        n->next = 0;
    pump(ask.fleet, ask.group);
}

/* Has the right to all come? */
static void on_all_grown(void *arg, enum kube_right right, const struct error *err)
{
    struct fleet_ask ask;
    struct narrow *n = take_ask(arg, &ask);
    (void)err;
    if (!n)
        return;
    if (right == KUBE_RIGHT_YES) {
        narrow_reset(ask.fleet, ask.group);
        sources_fit(ask.fleet);
        return;
    }
    ask_namespaces(ask.fleet, ask.group, on_grown);
}

static void on_grow(void *arg)
{
    struct fleet *fleet = arg;
    for (unsigned g = 0; g < GROUPS; g++) {
        struct narrow *n = &fleet->groups[g].narrow;
        if (n->state != NARROW_DONE || n->guessed || n->cut || n->growing)
            continue;
        n->growing = true;
        if (++n->grown % GROW_ALL == 0)
            ask_right(fleet, g, NULL, 0, on_all_grown);
        else
            ask_namespaces(fleet, g, on_grown);
    }
}

void narrow_init(struct fleet *fleet)
{
    fleet->grow_ms = GROW_MS;
    loop_timer_init(&fleet->grow, fleet->loop, on_grow, fleet);
}

void narrow_done(struct fleet *fleet)
{
    loop_timer_cancel(&fleet->grow);
    for (unsigned g = 0; g < GROUPS; g++)
        forget(&fleet->groups[g].narrow);
    while (fleet->asks) {
        struct fleet_ask *next = fleet->asks->next;
        free(fleet->asks);
        fleet->asks = next;
    }
}
