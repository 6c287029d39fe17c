#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>

#include "handlers.h"
#include "sim.h"
#include "table.h"

enum { GZIP_FROM = 128 * 1024 };

static int64_t cut_of(const struct request *request)
{
    return request->fault.kind == FAULT_CUT ? request->fault.after : -1;
}

void handle_get(struct request *request)
{
    const struct object *object = store_get(request->sim->store, request->kind, request->ns, request->name);
    if (!object) {
        reply_not_found(request);
        return;
    }
    if (!request_wants_table(request)) {
        reply_text(request, 200, "application/json", object->text->text, object->text->len);
        return;
    }
    struct str out;
    str_init(&out, STR_LARGE);
    table_print_one(&out, request->kind, object->text, object->rv);
    reply_text(request, 200, "application/json", out.data, out.len);
    str_done(&out);
}

/* The selector of the query; false after answering 400. */
static bool read_selector(struct request *request, struct selector *selector)
{
    struct error err;
    if (selector_init(selector, request->kind, request_query(request, "labelSelector"),
                      request_query(request, "fieldSelector"), &err))
        return true;
    selector_done(selector);
    reply_failure(request, 400, "BadRequest", "%s", err.text);
    return false;
}

/* The snapshot to page through; NULL after answering. */
static struct snapshot *list_snapshot(struct request *request, size_t *at)
{
    struct sim *sim = request->sim;
    const char *token = request_query(request, "continue");
    *at = 0;
    if (token && *token) {
        struct snapshot *kept = token_find(&sim->snapshots, token, at);
        if (!kept)
            reply_failure(request, 410, "Expired",
                          "The provided continue parameter is too old to display a consistent list result. You can "
                          "start a new list without the continue parameter.");
        return kept ? snapshot_ref(kept) : NULL;
    }
    struct selector selector;
    if (!read_selector(request, &selector))
        return NULL;
    struct snapshot *snapshot = snapshot_take(&sim->snapshots, sim->store, request->kind, request->ns, &selector);
    selector_done(&selector);
    return snapshot;
}

static bool accepts_gzip(const struct request *request, const struct list_page *page)
{
    const char *accept = request_header(request, "Accept-Encoding");
    size_t size = 0;
    for (size_t i = page->from; i < page->to && size < GZIP_FROM; i++)
        size += page->snapshot->items[i]->len;
    return accept && strstr(accept, "gzip") && size >= GZIP_FROM;
}

/* Whether a resourceVersion is asked for that is not there yet; then 504 is answered. */
static bool is_ahead(struct request *request)
{
    const char *text = request_query(request, "resourceVersion");
    uint64_t wanted = text ? strtoull(text, NULL, 10) : 0, now = store_rv(request->sim->store);
    if (wanted <= now)
        return false;
    reply_failure(request, 504, "Timeout", "Timeout: Too large resource version: %" PRIu64 ", current: %" PRIu64,
                  wanted, now);
    return true;
}

void handle_list(struct request *request)
{
    size_t at;
    if (is_ahead(request))
        return;
    struct snapshot *snapshot = list_snapshot(request, &at);
    if (!snapshot)
        return;
    const char *limit_text = request_query(request, "limit");
    unsigned long limit = limit_text ? strtoul(limit_text, NULL, 10) : 0;
    size_t to = limit && limit < snapshot->count - at ? at + limit : snapshot->count;
    char token[TOKEN_MAX];
    struct list_page page = {.snapshot = snapshot,
                             .from = at,
                             .to = to,
                             .next_token = to < snapshot->count ? token_print(snapshot, to, token) : NULL,
                             .cut_after = cut_of(request),
                             .cache = request->sim->cache,
                             .cache_key = request->log.data};
    if (page.next_token)
        snapshots_keep(&request->sim->snapshots, snapshot);
    if (request_wants_table(request)) {
        struct str out;
        str_init(&out, (size_t)4 * STR_LARGE);
        table_print(&out, snapshot, at, to, page.next_token);
        reply_text(request, 200, "application/json", out.data, out.len);
        str_done(&out);
    } else {
        page.gzip = accepts_gzip(request, &page);
        reply(request, 200, list_response(&page), "application/json");
    }
    snapshot_unref(&snapshot);
}

static int64_t watch_timeout_ms(const struct request *request)
{
    const char *text = request_query(request, "timeoutSeconds");
    long seconds = text ? strtol(text, NULL, 10) : 0;
    return 1000 * (int64_t)(seconds > 0 ? seconds : 1800 + (long)random_below(1800));
}

void handle_watch(struct request *request)
{
    struct sim *sim = request->sim;
    struct watch_spec spec = {.connection = request->connection,
                              .kind = request->kind,
                              .ns = request->ns,
                              .bookmarks = request_query_true(request, "allowWatchBookmarks"),
                              .table = request_wants_table(request),
                              .timeout_ms = watch_timeout_ms(request),
                              .cut_after = cut_of(request)};
    if (!read_selector(request, &spec.selector))
        return;
    const char *rv = request_query(request, "resourceVersion");
    bool initial = request_query_true(request, "sendInitialEvents");
    if (rv && *rv && strspn(rv, "0123456789") != strlen(rv)) {
        selector_done(&spec.selector);
        reply_failure(request, 400, "BadRequest", "Invalid value: \"%s\": resourceVersion must be a number", rv);
        return;
    }
    spec.from_rv = rv ? strtoull(rv, NULL, 10) : 0;
    spec.initial_bookmark = initial && spec.bookmarks;
    if (initial || spec.from_rv == 0)
        spec.initial = snapshot_take(&sim->snapshots, sim->store, request->kind, request->ns, &spec.selector);
    reply(request, 200, watch_response(&sim->watches, &spec), "application/json");
}
