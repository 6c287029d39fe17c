#include <config.h>

#include "kube/reflector_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/kube/status.h>
#include "kube/rawjson.h"

enum { WATCH_S = 300 /* and up to as much again, so that not all close at once */ };

void reflector_watch(struct reflector *r)
{
    struct str path;
    char seconds[16];
    str_init(&path, STR_SMALL);
    snprintf(seconds, sizeof seconds, "%u", WATCH_S + random_below(WATCH_S + 1));
    kube_path(&path, &r->spec.resource, r->spec.ns, NULL, NULL);
    kube_query(&path, "watch", "1");
    kube_query(&path, "resourceVersion", r->version);
    kube_query(&path, "allowWatchBookmarks", "true");
    kube_query(&path, "timeoutSeconds", seconds);
    kube_query(&path, "labelSelector", r->spec.label_selector);
    kube_query(&path, "fieldSelector", r->spec.field_selector);
    stream_free(&r->now);
    r->progress = false;
    r->event_ms = clock_mono_ms();
    r->now = stream_new(r, true, path.data);
    str_done(&path);
}

/* -- events ------------------------------------------------------------------------- */

static void follow_version(struct reflector *r, const struct raw *object)
{
    struct raw metadata, value;
    if (!raw_member(object->text, object->len, "metadata", &metadata) ||
        !raw_member(metadata.text, metadata.len, "resourceVersion", &value))
        return;
    char *version = raw_string(&value);
    if (str_empty(version)) {
        free(version);
        return;
    }
    free(r->version);
    r->version = version;
}

/* Codes that say: this resourceVersion is of no use here. 400 and 504 come from a server that was restored
 * or lies behind the others ("too large resource version"). */
static bool wants_list(int code) { return code == 410 || code == 400 || code == 504; }

static void end_by_status(struct reflector *r, int code, int64_t retry_after_ms, const struct error *err)
{
    struct error error = *err; /* the stream it lies in goes */
    if (code == 410) {
        reflector_list_anew(r, &error);
        return;
    }
    if (wants_list(code)) {
        free(r->version);
        r->version = NULL;
    }
    reflector_failed(r, code, retry_after_ms, &error);
}

static void error_event(struct reflector *r, const struct raw *object)
{
    struct error error;
    char *what = reflector_what(r, "watch");
    struct kube_status status = kube_status_tell(what, 500, object->text, object->len, &error);
    free(what);
    end_by_status(r, status.code ? status.code : 500, (int64_t)status.retry_after_seconds * 1000, &error);
}

bool reflector_event(struct reflector *r, const char *text, size_t len)
{
    struct raw type, object;
    if (!raw_member(text, len, "type", &type) || !raw_member(text, len, "object", &object)) {
        struct error error;
        char *what = reflector_what(r, "watch");
        error_set(&error, ERROR_NETWORK, "%s: the answer is no watch: an event without type or object", what);
        free(what);
        reflector_failed(r, 0, 0, &error);
        return false;
    }
    if (raw_is_string(&type, "ERROR")) {
        error_event(r, &object);
        return false;
    }
    r->event_ms = clock_mono_ms();
    r->progress = true;
    r->failures = 0;
    follow_version(r, &object);
    if (raw_is_string(&type, "ADDED") || raw_is_string(&type, "MODIFIED")) {
        if (r->spec.on_object)
            r->spec.on_object(r->spec.arg, object.text, object.len);
    } else if (raw_is_string(&type, "DELETED")) {
        if (r->spec.on_delete)
            r->spec.on_delete(r->spec.arg, object.text, object.len);
    }
    return true; /* a BOOKMARK was its resourceVersion; what is unknown is let pass */
}

void reflector_watch_done(struct reflector *r)
{
    struct stream *s = r->now;
    int64_t lived_ms = clock_mono_ms() - s->begun_ms;
    if (r->progress || lived_ms >= r->times.steady_ms)
        r->failures = 0;
    if (s->error.code) {
        end_by_status(r, s->http, s->retry_after_ms, &s->error);
        return;
    }
    if (r->progress || lived_ms >= r->times.short_ms) {
        reflector_watch(r);
        return;
    }
    struct error error;
    char *what = reflector_what(r, "watch");
    error_set(&error, ERROR_NETWORK, "%s: the server closes the watch at once", what);
    free(what);
    reflector_failed(r, 0, 0, &error);
}

/* -- silence --------------------------------------------------------------------------- */

static struct stream *receiving(const struct reflector *r)
{
    struct stream *s = r->next ? r->next : r->now;
    return s && s->request && !s->paused ? s : NULL;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* How long nothing has come. */
static int64_t silent_ms(const struct stream *s)
{
    return clock_mono_ms() - later(kube_request_last_byte_ms(s->request), s->begun_ms);
}

static void give_up(struct reflector *r, const struct stream *s)
{
    struct error error;
    char *what = reflector_what(r, s->is_watch ? "watch" : "list");
    error_set(&error, ERROR_NETWORK, "%s: the link is dead: no byte in %" PRId64 " s, and no answer to GET /version",
              what, (r->times.silence_ms + r->times.check_ms) / 1000);
    free(what);
    reflector_failed(r, 0, 0, &error);
}

void reflector_link_told(void *reflector, bool alive, unsigned epoch)
{
    struct reflector *r = reflector;
    struct stream *s = receiving(r);
    if (!s)
        return;
    /* What goes over a connection of before says nothing of it when a new one is answered. */
    if (alive && s->request->epoch == epoch) {
        r->check_answered_ms = clock_mono_ms();
        if (s->is_watch)
            reflector_fresh(r);
        reflector_guard(r);
    } else if (silent_ms(s) >= r->times.silence_ms) {
        give_up(r, s);
    }
}

void reflector_guard(void *reflector)
{
    struct reflector *r = reflector;
    struct stream *s = receiving(r);
    if (!s) { /* what was paused is looked at again */
        if (r->now)
            loop_timer_set(&r->guard, r->times.silence_ms);
        return;
    }
    int64_t now = clock_mono_ms(), heard = now - silent_ms(s);
    int64_t quiet_left = later(r->event_ms, s->begun_ms) + r->times.quiet_ms - now;
    if (s->is_watch && quiet_left <= 0) {
        reflector_watch(r);
        return;
    }
    int64_t left = later(heard, r->check_answered_ms) + r->times.silence_ms - now;
    if (left <= 0) {
        kube_link_ask(r->spec.client, r->times.check_ms);
        left = r->times.check_ms + 1;
    }
    loop_timer_set(&r->guard, s->is_watch && quiet_left < left ? quiet_left : left);
}
