#include <config.h>

#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "request.h"
#include "table.h"

enum { BOOKMARK_MS = 60 * 1000, FILL_BYTES = 64 * 1024, BLOCK = 64 * 1024 };

struct watch {
    struct watch *prev, *next;
    struct watches *all;
    struct watch_spec spec;
    char *ns;
    uint64_t rv; /* all up to here is sent */
    size_t initial_at;
    bool asleep, ended;
    struct str out;
    size_t sent; /* bytes of @out */
    struct timer deadline, bookmark;
};

static void wake(struct watch *watch)
{
    if (!watch->asleep)
        return;
    watch->asleep = false;
    MHD_resume_connection(watch->spec.connection);
}

static void on_change(void *arg, const struct change *change)
{
    struct watches *watches = arg;
    for (struct watch *watch = watches->first; watch; watch = watch->next)
        if (watch->spec.kind == change->kind)
            wake(watch);
}

void watches_init(struct watches *watches, struct store *store, struct timers *timers)
{
    *watches = (struct watches){.store = store, .timers = timers};
    store_on_change(store, on_change, watches);
}

void watches_end(struct watches *watches)
{
    for (struct watch *watch = watches->first; watch; watch = watch->next) {
        watch->ended = true;
        wake(watch);
    }
}

/* -- what is sent -------------------------------------------------------------- */

static void add_event(struct watch *watch, const char *type, const struct blob *text, uint64_t rv)
{
    str_addf(&watch->out, "{\"type\":\"%s\",\"object\":", type);
    if (watch->spec.table)
        table_print_one(&watch->out, watch->spec.kind, text, rv);
    else
        str_addn(&watch->out, text->text, text->len);
    str_add(&watch->out, "}\n");
}

static void add_bookmark(struct watch *watch, bool ends_initial)
{
    const struct kind *kind = watch->spec.kind;
    char version[96];
    str_addf(&watch->out, "{\"type\":\"BOOKMARK\",\"object\":{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{%s"
                          "\"resourceVersion\":\"%" PRIu64 "\"}}}\n",
             kind_api_version(kind, version, sizeof version), kind->name,
             ends_initial ? "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}," : "", watch->rv);
}

static void add_expired(struct watch *watch)
{
    char message[96];
    snprintf(message, sizeof message, "too old resource version: %" PRIu64 " (%" PRIu64 ")", watch->rv,
             store_rv(watch->all->store));
    struct json *status = status_tree(410, "Expired", message);
    char *text = json_print(status);
    str_addf(&watch->out, "{\"type\":\"ERROR\",\"object\":%s}\n", text);
    free(text);
    json_free(&status);
}

/* A change as this watch sees it: one that leaves the selection is a deletion, one that
 * enters it an addition. */
static void add_change(struct watch *watch, const struct change *change)
{
    static const char *const types[] = {"ADDED", "MODIFIED", "DELETED"};
    const struct watch_spec *spec = &watch->spec;
    if (change->kind != spec->kind || (*watch->ns && strcmp(watch->ns, change->ns) != 0) ||
        !selector_match_fields(&spec->selector, change->ns, change->name, change->text))
        return;
    bool before = change->type != CHANGE_ADDED && selector_match_labels(&spec->selector, change->old_labels);
    bool after = change->type != CHANGE_DELETED && selector_match_labels(&spec->selector, change->labels);
    enum change_type type = before && after ? CHANGE_MODIFIED : after ? CHANGE_ADDED : CHANGE_DELETED;
    if (before || after)
        add_event(watch, types[type], change->text, change->rv);
}

static void fill_initial(struct watch *watch)
{
    struct snapshot *initial = watch->spec.initial;
    while (watch->initial_at < initial->count && watch->out.len < FILL_BYTES)
        add_event(watch, "ADDED", initial->items[watch->initial_at++], initial->rv);
    if (watch->initial_at < initial->count)
        return;
    watch->rv = initial->rv;
    if (watch->spec.initial_bookmark)
        add_bookmark(watch, true);
    snapshot_unref(&watch->spec.initial);
}

static void fill(struct watch *watch)
{
    const struct store *store = watch->all->store;
    str_clear(&watch->out);
    watch->sent = 0;
    if (watch->spec.initial)
        fill_initial(watch);
    while (!watch->spec.initial && !watch->ended && watch->out.len < FILL_BYTES && watch->rv < store_rv(store)) {
        const struct change *change = store_change(store, watch->rv + 1);
        if (!change) {
            add_expired(watch);
            watch->ended = true;
            break;
        }
        add_change(watch, change);
        watch->rv++;
    }
}

static ssize_t watch_read(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct watch *watch = arg;
    (void)pos;
    if (watch->sent == watch->out.len)
        fill(watch);
    size_t n = watch->out.len - watch->sent;
    if (n == 0) {
        if (watch->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        watch->asleep = true;
        MHD_suspend_connection(watch->spec.connection);
        return 0;
    }
    if (n > max)
        n = max;
    if (watch->spec.cut_after == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (watch->spec.cut_after > 0) {
        n = n < (size_t)watch->spec.cut_after ? n : (size_t)watch->spec.cut_after;
        watch->spec.cut_after -= (int64_t)n;
    }
    memcpy(buf, watch->out.data + watch->sent, n);
    watch->sent += n;
    return (ssize_t)n;
}

/* -- its life ------------------------------------------------------------------- */

static void on_bookmark(void *arg)
{
    struct watch *watch = arg;
    if (watch->asleep) { /* all is sent: nothing is skipped by it */
        str_clear(&watch->out);
        watch->sent = 0;
        watch->rv = store_rv(watch->all->store);
        add_bookmark(watch, false);
        wake(watch);
    }
    timer_set(watch->all->timers, &watch->bookmark, BOOKMARK_MS);
}

static void on_deadline(void *arg)
{
    struct watch *watch = arg;
    if (watch->spec.bookmarks)
        on_bookmark(watch);
    watch->ended = true;
    wake(watch);
}

static void watch_free(void *arg)
{
    struct watch *watch = arg;
    timer_cancel(watch->all->timers, &watch->deadline);
    timer_cancel(watch->all->timers, &watch->bookmark);
    if (watch->prev)
        watch->prev->next = watch->next;
    else
        watch->all->first = watch->next;
    if (watch->next)
        watch->next->prev = watch->prev;
    watch->all->count--;
    selector_done(&watch->spec.selector);
    snapshot_unref(&watch->spec.initial);
    str_done(&watch->out);
    free(watch->ns);
    free(watch);
}

struct MHD_Response *watch_response(struct watches *watches, struct watch_spec *spec)
{
    struct watch *watch = xcalloc(1, sizeof *watch);
    watch->all = watches;
    watch->spec = *spec;
    watch->ns = xstrdup(spec->ns);
    watch->rv = spec->from_rv;
    str_init(&watch->out, STR_LARGE);
    timer_init(&watch->deadline, on_deadline, watch);
    timer_init(&watch->bookmark, on_bookmark, watch);
    timer_set(watches->timers, &watch->deadline, spec->timeout_ms);
    if (spec->bookmarks)
        timer_set(watches->timers, &watch->bookmark, BOOKMARK_MS);
    watch->next = watches->first;
    if (watch->next)
        watch->next->prev = watch;
    watches->first = watch;
    watches->count++;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, watch_read, watch, watch_free);
}
