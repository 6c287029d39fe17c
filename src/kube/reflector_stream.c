#include <config.h>

#include "kube/reflector_private.h"

#include <stdlib.h>

#include <brdeck/base/alloc.h>

/* Called from curl: bytes go to the inbox and are looked over for brackets, no more; the loop's work hands
 * the objects on. */

static void splitter_failed(struct stream *s)
{
    char *what = reflector_what(s->owner, s->is_watch ? "watch" : "list");
    error_set(&s->error, s->splitter.error.code, "%s: %s", what, s->splitter.error.text);
    free(what);
}

/* Enough waits to be read: one object that is not whole yet, however large, must have the rest of it. */
static bool is_full(const struct stream *s, size_t most)
{
    return s->splitter.count > 0 && splitter_waiting(&s->splitter) > most;
}

static void on_chunk(void *arg, const char *bytes, size_t len)
{
    struct stream *s = arg;
    s->bytes += len;
    if (s->is_watch)
        reflector_fresh(s->owner);
    if (!splitter_feed(&s->splitter, bytes, len)) {
        splitter_failed(s);
        s->ended = true;
        kube_request_cancel(&s->request);
    } else if (!s->paused && is_full(s, INBOX_PAUSE)) {
        s->paused = true;
        kube_request_pause(s->request, true);
    }
    loop_work_start(&s->owner->work);
}

static void on_head(void *arg)
{
    struct stream *s = arg;
    struct reflector *r = s->owner;
    r->state.error.code = ERROR_NONE;
    r->state.error.text[0] = '\0';
    r->state.next_try_ms = 0;
    if (s->is_watch)
        reflector_fresh(r);
    reflector_set_phase(r, s->is_watch ? REFLECTOR_WATCHING : REFLECTOR_LISTING);
}

static void on_end(void *arg, const struct kube_response *response)
{
    struct stream *s = arg;
    s->request = NULL;
    s->ended = true;
    s->http = response->http;
    s->retry_after_ms = response->retry_after_ms;
    s->error = response->error;
    if (!s->error.code && !splitter_end(&s->splitter))
        splitter_failed(s);
    loop_work_start(&s->owner->work);
}

struct stream *stream_new(struct reflector *owner, bool is_watch, const char *path)
{
    struct stream *s = xcalloc(1, sizeof *s);
    char *what = reflector_what(owner, is_watch ? "watch" : "list");
    s->owner = owner;
    s->is_watch = is_watch;
    s->begun_ms = clock_mono_ms();
    splitter_init(&s->splitter, is_watch ? SPLITTER_WATCH : SPLITTER_LIST, INBOX_MAX);
    s->request = kube_request_start(owner->spec.client, &(struct kube_request_spec){
        .method = "GET",
        .path = path,
        .what = what,
        .gzip = !is_watch,
        .stream = true, /* the guard judges its silence */
        .on_head = on_head,
        .on_chunk = on_chunk,
        .on_end = on_end,
        .arg = s,
    });
    free(what);
    loop_timer_set(&owner->guard, owner->times.silence_ms);
    return s;
}

void stream_free(struct stream **stream)
{
    struct stream *s = *stream;
    *stream = NULL;
    if (!s)
        return;
    kube_request_cancel(&s->request);
    splitter_done(&s->splitter);
    free(s->token);
    free(s->version);
    free(s);
}

void stream_relax(struct stream *s)
{
    if (!s->paused || is_full(s, INBOX_PAUSE / 2))
        return;
    s->paused = false;
    if (s->request)
        kube_request_pause(s->request, false);
}
