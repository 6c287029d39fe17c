#include <config.h>

#include "kube/reflector_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>

static const struct reflector_times times_default = {
    .backoff_ms = 500,
    .backoff_max_ms = 30 * 1000,
    .denied_ms = 30 * 1000,
    .silence_ms = 30 * 1000,
    .check_ms = 10 * 1000,
    .quiet_ms = 150 * 1000,
    .live_ms = 45 * 1000,
    .short_ms = 1000,
    .steady_ms = 10 * 1000,
    .first_page = 500,
    .next_page = 2000,
};

/* -- state ------------------------------------------------------------------------------ */

void reflector_changed(struct reflector *r)
{
    if (!loop_timer_is_set(&r->tell))
        loop_timer_set(&r->tell, 0);
}

void reflector_set_phase(struct reflector *r, enum reflector_phase phase)
{
    if (r->state.phase != phase) {
        r->state.phase = phase;
        r->state.since_ms = clock_mono_ms();
    }
    reflector_changed(r);
}

void reflector_fresh(struct reflector *r)
{
    int64_t now = clock_mono_ms();
    /* The owner reads it when it likes; being told of every byte is no use to him. */
    if (now - r->state.fresh_ms >= 1000)
        reflector_changed(r);
    r->state.fresh_ms = now;
}

const struct reflector_state *reflector_state(const struct reflector *reflector) { return &reflector->state; }

bool reflector_is_live(const struct reflector *r)
{
    return r->state.phase == REFLECTOR_WATCHING && clock_mono_ms() - r->state.fresh_ms <= r->times.live_ms;
}

char *reflector_what(const struct reflector *r, const char *verb)
{
    const struct kube_resource *resource = &r->spec.resource;
    if (!resource->namespaced)
        return xasprintf("%s %s", verb, resource->plural);
    return xasprintf("%s %s in %s", verb, resource->plural, r->spec.ns ? r->spec.ns : "all namespaces");
}

/* -- failures ---------------------------------------------------------------------------- */

static void stop_streams(struct reflector *r)
{
    stream_free(&r->now);
    stream_free(&r->next);
    loop_timer_cancel(&r->guard);
    loop_work_cancel(&r->work);
}

/* Doubled with each failure, up to the limit; jitter takes up to half of it away. */
static int64_t backoff_ms(const struct reflector *r)
{
    int64_t wait = r->times.backoff_ms;
    for (unsigned i = 1; i < r->failures && wait < r->times.backoff_max_ms; i++)
        wait *= 2;
    if (wait > r->times.backoff_max_ms)
        wait = r->times.backoff_max_ms;
    return wait - random_below((unsigned)(wait / 2) + 1);
}

/* A server that answers again, after there was no connection, is not made to wait for what was added up meanwhile. */
static void note_answer(struct reflector *r, int http)
{
    if (http && !r->state.http)
        r->failures = 0;
    r->state.http = http;
}

void reflector_failed(struct reflector *r, int http, int64_t retry_after_ms, const struct error *err)
{
    static const struct {
        int http;
        enum reflector_phase phase;
    } refusals[] = {{401, REFLECTOR_DENIED}, {403, REFLECTOR_DENIED}, {404, REFLECTOR_MISSING}};
    enum reflector_phase phase = err->code == ERROR_DENIED ? REFLECTOR_DENIED : REFLECTOR_RECONNECTING;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (refusals[i].http == http)
            phase = refusals[i].phase;
    r->state.error = *err; /* before the stream it may lie in goes */
    note_answer(r, http);
    stop_streams(r);
    r->failures++;
    int64_t wait = backoff_ms(r);
    if (phase != REFLECTOR_RECONNECTING) {
        /* A server that was just started may refuse what it allows a moment later; a login is not tried so often. */
        if (!r->state.listed || (http != 403 && http != 404) || wait > r->times.denied_ms)
            wait = r->times.denied_ms;
        free(r->version); /* rights may have come back in another world: list */
        r->version = NULL;
    }
    if (wait < retry_after_ms)
        wait = retry_after_ms;
    log_info("%s; again in %d ms", r->state.error.text, (int)wait);
    r->state.next_try_ms = clock_mono_ms() + wait;
    reflector_set_phase(r, phase);
    loop_timer_set(&r->retry, wait);
}

void reflector_list_anew(struct reflector *r, const struct error *err)
{
    free(r->version);
    r->version = NULL;
    note_answer(r, 410);
    if (r->failures++ == 0) {
        reflector_list(r);
        return;
    }
    r->failures--;
    reflector_failed(r, 410, 0, err);
}

/* -- work ---------------------------------------------------------------------------------- */

static void free_reflector(struct reflector *r)
{
    free((void *)(uintptr_t)r->spec.ns);
    free((void *)(uintptr_t)r->spec.label_selector);
    free((void *)(uintptr_t)r->spec.field_selector);
    free(r->version);
    free(r);
}

/* Around all that may call the owner, who may free us there. */
static void enter(struct reflector *r) { r->busy++; }

static void leave(struct reflector *r)
{
    if (--r->busy == 0 && r->freed)
        free_reflector(r);
}

static void hand_on(struct reflector *r, const char *text, size_t len)
{
    r->state.seen++;
    reflector_changed(r);
    if (r->spec.on_object)
        r->spec.on_object(r->spec.arg, text, len);
}

/* The objects of r->now. False: this stream is no longer ours to read. */
static bool drain(struct reflector *r, int64_t until_us, bool *more)
{
    struct stream *s = r->now;
    const char *text;
    size_t len;
    while (splitter_next(&s->splitter, &text, &len)) {
        if (!s->is_watch)
            hand_on(r, text, len);
        else if (!reflector_event(r, text, len))
            return false;
        if (r->freed)
            return false;
        if (clock_mono_us() >= until_us) {
            *more = true;
            break;
        }
    }
    stream_relax(s);
    if (!s->is_watch)
        reflector_list_ahead(r);
    return true;
}

static bool work_some(struct reflector *r, int64_t until_us)
{
    bool more = false;
    while (r->now && !r->freed) {
        struct stream *s = r->now;
        if (!drain(r, until_us, &more))
            return !r->freed && r->now != NULL; /* another stream, or none */
        if (more || !s->ended)
            return more;
        if (s->is_watch)
            reflector_watch_done(r);
        else
            reflector_page_done(r);
    }
    return false;
}

static bool on_work(void *arg, int64_t until_us)
{
    struct reflector *r = arg;
    enter(r);
    bool more = work_some(r, until_us);
    leave(r);
    return more;
}

static void on_retry(void *arg)
{
    struct reflector *r = arg;
    enter(r);
    if (r->version)
        reflector_watch(r);
    else
        reflector_list(r);
    leave(r);
}

static void on_tell(void *arg)
{
    struct reflector *r = arg;
    enter(r);
    if (r->spec.on_state)
        r->spec.on_state(r->spec.arg, &r->state);
    leave(r);
}

/* -- life -------------------------------------------------------------------------------- */

struct reflector *reflector_new_with(const struct reflector_spec *spec, const struct reflector_times *times)
{
    struct reflector *r = xcalloc(1, sizeof *r);
    *r = (struct reflector){.spec = *spec, .times = *times, .loop = kube_client_loop(spec->client)};
    r->spec.ns = str_empty(spec->ns) ? NULL : xstrdup(spec->ns);
    r->spec.label_selector = xstrdup(spec->label_selector);
    r->spec.field_selector = xstrdup(spec->field_selector);
    r->state.since_ms = clock_mono_ms();
    loop_work_init(&r->work, r->loop, on_work, r);
    loop_timer_init(&r->retry, r->loop, on_retry, r);
    loop_timer_init(&r->guard, r->loop, reflector_guard, r);
    loop_timer_init(&r->tell, r->loop, on_tell, r);
    r->link = (struct kube_link_listener){.fn = reflector_link_told, .arg = r};
    kube_link_listen(spec->client, &r->link);
    loop_timer_set(&r->retry, 0); /* the owner has his handle before he is called */
    return r;
}

struct reflector *reflector_new(const struct reflector_spec *spec)
{
    return reflector_new_with(spec, &times_default);
}

void reflector_free(struct reflector **reflector)
{
    struct reflector *r = *reflector;
    *reflector = NULL;
    if (!r)
        return;
    stop_streams(r);
    kube_link_leave(&r->link);
    loop_timer_cancel(&r->retry);
    loop_timer_cancel(&r->tell);
    r->freed = true;
    if (!r->busy)
        free_reflector(r);
}

void reflector_retry(struct reflector *r)
{
    if (loop_timer_is_set(&r->retry))
        loop_timer_set(&r->retry, 0);
}
