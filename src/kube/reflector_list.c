#include <config.h>

#include "kube/reflector_private.h"

#include <stdio.h>
#include <stdlib.h>

#include <brdeck/base/alloc.h>

/* Lists in pages: 500 for something to show soon, then 2,000. No resourceVersion is sent: 0 may
 * ignore the limit and be stale (rule 14). */

static struct stream *ask_page(struct reflector *r, const char *token)
{
    struct str path;
    char limit[16];
    str_init(&path, STR_SMALL);
    snprintf(limit, sizeof limit, "%d", token ? r->times.next_page : r->times.first_page);
    kube_path(&path, &r->spec.resource, r->spec.ns, NULL, NULL);
    kube_query(&path, "limit", limit);
    kube_query(&path, "continue", token);
    kube_query(&path, "labelSelector", r->spec.label_selector);
    kube_query(&path, "fieldSelector", r->spec.field_selector);
    struct stream *s = stream_new(r, false, path.data);
    str_done(&path);
    return s;
}

void reflector_list(struct reflector *r)
{
    stream_free(&r->now);
    stream_free(&r->next);
    free(r->version);
    r->version = NULL;
    r->state.seen = r->state.total = 0;
    reflector_changed(r);
    r->now = ask_page(r, NULL);
    if (r->spec.on_list)
        r->spec.on_list(r->spec.arg);
}

/* The list's own metadata. What is missing becomes the stream's error. */
static void read_page(struct stream *s)
{
    if (s->read || s->error.code)
        return;
    s->read = true;
    const char *rest = splitter_rest(&s->splitter);
    struct json *list = json_parse(rest, s->splitter.rest.len, &s->error);
    const struct json *metadata = json_get(list, "metadata");
    const char *token = json_string(metadata, "continue"), *version = json_string(metadata, "resourceVersion");
    if (!str_empty(token))
        s->token = xstrdup(token);
    if (!str_empty(version))
        s->version = xstrdup(version);
    else if (list)
        error_set(&s->error, ERROR_NETWORK, "the list has no resourceVersion: this is no Kubernetes list");
    json_uint(json_get(metadata, "remainingItemCount"), &s->remaining);
    json_free(&list);
}

void reflector_list_ahead(struct reflector *r)
{
    struct stream *s = r->now;
    if (!s->ended || s->read || s->error.code || splitter_waiting(&s->splitter) > s->bytes / 2)
        return;
    read_page(s);
    size_t waiting = s->splitter.count;
    r->state.total = s->token ? r->state.seen + waiting + (size_t)s->remaining : 0;
    reflector_changed(r);
    if (s->token)
        r->next = ask_page(r, s->token);
}

static void list_complete(struct reflector *r)
{
    r->version = r->now->version;
    r->now->version = NULL;
    stream_free(&r->now);
    r->began_anew = false;
    r->state.listed = true;
    r->state.total = r->state.seen;
    reflector_fresh(r);
    reflector_set_phase(r, r->spec.once ? REFLECTOR_LISTED : REFLECTOR_WATCHING);
    if (!r->spec.once)
        reflector_watch(r);
    if (r->spec.on_listed)
        r->spec.on_listed(r->spec.arg);
}

void reflector_page_done(struct reflector *r)
{
    struct stream *s = r->now;
    reflector_list_ahead(r);
    if (!s->error.code && !s->token) {
        list_complete(r);
        return;
    }
    if (!s->error.code) {
        r->now = r->next;
        r->next = NULL;
        stream_free(&s);
        return;
    }
    struct error error = s->error;
    if ((s->http == 410 || s->http == 504) && !r->began_anew) {
        /* The token is older than the server remembers, or newer than what this one of them has seen ("Too large
         * resource version"). Once: a list that never gets to its end in time must not be asked for without end. */
        r->began_anew = true;
        reflector_list(r);
    } else {
        reflector_failed(r, s->http, s->retry_after_ms, &error);
    }
}
