#include <config.h>

#include "kube/client_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/kube/status.h>

enum {
    BODY_MAX = 64 * 1024 * 1024,
    RETRY_AFTER_DEFAULT_MS = 1000,
    RETRY_AFTER_MAX_MS = 30 * 1000, /* who must wait longer is told so instead */
};

/* -- birth and death ---------------------------------------------------------------- */

static void copy_spec(struct kube_request *r, const struct kube_request_spec *spec)
{
    struct kube_request_spec *own = &r->spec;
    *own = *spec;
    own->method = xstrdup(spec->method);
    own->path = xstrdup(spec->path);
    own->what = xstrdup(spec->what ? spec->what : spec->path);
    own->content_type = xstrdup(spec->content_type);
    own->accept = xstrdup(spec->accept);
    own->body = spec->body ? xmemdup(spec->body, spec->body_len) : NULL;
    if (!own->body_max)
        own->body_max = BODY_MAX;
}

static void wipe_token(struct kube_request *r)
{
    if (r->token)
        wipe(r->token, strlen(r->token));
    free(r->token);
    r->token = NULL;
}

static void free_request(struct kube_request *r)
{
    const char *const strings[] = {r->spec.method,       r->spec.path,   r->spec.what,
                                   r->spec.content_type, r->spec.accept, r->spec.body};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        free((void *)(uintptr_t)strings[i]);
    wipe_token(r);
    str_done(&r->body);
    str_done(&r->warning);
    if (r->on_free)
        r->on_free(r->free_arg);
    free(r);
}

void kube_request_on_free(struct kube_request *r, void (*fn)(void *arg), void *arg)
{
    r->on_free = fn;
    r->free_arg = arg;
}

static void unlink_request(struct kube_request *r)
{
    *(r->prev ? &r->prev->next : &r->client->requests) = r->next;
    if (r->next)
        r->next->prev = r->prev;
    r->prev = r->next = NULL;
}

/* End what is under way for it; its client knows it no more. */
static void detach(struct kube_request *r)
{
    loop_timer_cancel(&r->timer);
    if (r->wait)
        kube_auth_forget(r->client->auth, &r->wait);
    if (r->easy) {
        loop_curl_remove(r->client->loop, r->easy);
        kube_transport_close(r);
    }
    unlink_request(r);
    r->client = NULL;
}

void kube_request_end(struct kube_request *r)
{
    detach(r);
    free_request(r);
}

/* -- the answer --------------------------------------------------------------------- */

static void deliver(struct kube_request *r, struct kube_response *response)
{
    response->body = r->body.data;
    response->len = r->body.len;
    response->content_type = r->content_type;
    response->warning = r->warning.data;
    log_debug("%s %s: HTTP %d in %" PRId64 " ms%s%s", r->spec.method, r->spec.path, response->http,
              clock_mono_ms() - r->begun_ms, response->error.code ? ": " : "",
              response->error.code ? response->error.text : "");
    detach(r);
    if (r->spec.on_end)
        r->spec.on_end(r->spec.arg, response);
    free_request(r);
}

/* Wait, then send it again, if this answer allows that. */
static bool repeat_later(struct kube_request *r, const struct kube_response *response)
{
    if (r->tried >= r->spec.retries)
        return false;
    bool busy = response->http == 429, unavailable = response->http == 503 && response->retry_after_ms && !r->is_write;
    int64_t wait_ms = response->retry_after_ms ? response->retry_after_ms : RETRY_AFTER_DEFAULT_MS;
    if ((!busy && !unavailable) || wait_ms > RETRY_AFTER_MAX_MS)
        return false;
    r->tried++;
    loop_timer_set(&r->timer, wait_ms * r->client->second_ms / 1000);
    return true;
}

/* 401: once, with a new credential if there is one to be had. */
static bool repeat_login(struct kube_request *r)
{
    if (r->http != 401 || r->relogged)
        return false;
    if (!kube_auth_reject(r->client->auth, r->token) && !kube_client_login_again(r->client, r->logins))
        return false;
    r->relogged = true;
    loop_timer_set(&r->timer, 0);
    return true;
}

/* A read that got no answer because its HTTP/2 connection broke (a server may close one after a 401, or say GOAWAY):
 * once more, as Go's net/http does. */
static bool repeat_broken(struct kube_request *r, CURLcode code)
{
    if ((code != CURLE_HTTP2 && code != CURLE_HTTP2_STREAM) || r->is_write || r->http || r->broke)
        return false;
    r->broke = true;
    loop_timer_set(&r->timer, 0);
    return true;
}

static void read_answer(struct kube_request *r, struct kube_response *response)
{
    response->http = r->http;
    response->retry_after_ms = r->retry_after_ms;
    if (r->http >= 200 && r->http < 300)
        return;
    struct kube_status status = kube_status_tell(r->spec.what, r->http, r->body.data, r->body.len, &response->error);
    memcpy(response->reason, status.reason, sizeof response->reason);
    if (!response->retry_after_ms)
        response->retry_after_ms = (int64_t)status.retry_after_seconds * 1000;
    response->maybe_done = r->is_write && r->http >= 500;
}

static void on_done(void *arg, CURLcode code)
{
    struct kube_request *r = arg;
    if (r->cancelled) {
        kube_request_end(r);
        return;
    }
    struct kube_response response = {0};
    if (code == CURLE_OK && r->http) {
        read_answer(r, &response);
    } else {
        long sent = 0; /* bytes of the request that went out */
        curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
        kube_transport_tell(r, code == CURLE_OK ? CURLE_GOT_NOTHING : code, &response.error);
        response.maybe_done = r->is_write && (sent > 0 || r->http);
    }
    kube_transport_close(r);
    if (repeat_login(r) || repeat_broken(r, code) || repeat_later(r, &response))
        return;
    deliver(r, &response);
}

/* -- sending -------------------------------------------------------------------------- */

static void on_credential(void *arg, const struct kube_credential *credential, const struct error *err)
{
    struct kube_request *r = arg;
    struct kube_response response = {0};
    r->wait = NULL;
    if (!credential) {
        response.error = *err;
        deliver(r, &response);
        return;
    }
    wipe_token(r);
    r->token = xstrdup(credential->token);
    r->epoch = r->client->epoch;
    r->logins = r->client->logins;
    r->http = 0;
    str_clear(&r->body);
    str_clear(&r->warning);
    if (!kube_transport_open(r, credential, &response.error)) {
        deliver(r, &response);
        return;
    }
    r->begun_ms = clock_mono_ms();
    loop_curl_add(r->client->loop, r->easy, on_done, r);
}

static void begin(struct kube_request *r)
{
    if (r->client->ended.code) {
        struct kube_response response = {.error = r->client->ended};
        deliver(r, &response);
        return;
    }
    struct kube_auth_wait *wait = kube_auth_get(r->client->auth, on_credential, r);
    if (wait) /* else it was called already, and @r may be gone */
        r->wait = wait;
}

static void on_timer(void *arg)
{
    struct kube_request *r = arg;
    if (r->cancelled)
        kube_request_end(r);
    else
        begin(r);
}

/* Back to where it was before it was sent; it begins anew in a later turn. */
static void take_back(struct kube_request *r)
{
    if (r->wait)
        kube_auth_forget(r->client->auth, &r->wait);
    if (r->easy) {
        loop_curl_remove(r->client->loop, r->easy);
        kube_transport_close(r);
    }
    loop_timer_set(&r->timer, 0);
}

void kube_requests_stop(struct kube_client *client)
{
    for (struct kube_request *r = client->requests; r; r = r->next)
        if (!r->is_write || !r->easy) /* what the user has confirmed comes to its end */
            take_back(r);
}

void kube_requests_renew(struct kube_client *client)
{
    for (struct kube_request *r = client->requests; r; r = r->next)
        if (r->easy && !r->is_write && !r->spec.stream && !r->cancelled && r->epoch != client->epoch)
            take_back(r);
}

struct kube_request *kube_request_start(struct kube_client *client, const struct kube_request_spec *spec)
{
    struct kube_request *r = xcalloc(1, sizeof *r);
    r->client = client;
    copy_spec(r, spec);
    r->is_write = !str_same(spec->method, "GET") && !spec->harmless;
    r->epoch = client->epoch;
    r->begun_ms = clock_mono_ms();
    str_init(&r->body, r->spec.body_max > ERROR_BODY_MAX ? r->spec.body_max : ERROR_BODY_MAX);
    str_init(&r->warning, WARNING_MAX);
    r->next = client->requests;
    if (r->next)
        r->next->prev = r;
    client->requests = r;
    loop_timer_init(&r->timer, client->loop, on_timer, r);
    loop_timer_set(&r->timer, 0); /* the caller has its handle before anything is called */
    return r;
}

void kube_request_cancel(struct kube_request **request)
{
    struct kube_request *r = *request;
    *request = NULL;
    if (!r || !r->client || r->cancelled) /* without a client: from its on_end, it is going anyway */
        return;
    r->cancelled = true;
    r->spec.on_end = NULL;
    if (r->wait)
        kube_auth_forget(r->client->auth, &r->wait);
    loop_timer_set(&r->timer, 0); /* a curl callback may be below us */
}

void kube_request_pause(struct kube_request *r, bool paused)
{
    if (r->paused == paused)
        return;
    r->paused = paused;
    if (r->easy && !r->cancelled)
        curl_easy_pause(r->easy, paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

int64_t kube_request_last_byte_ms(const struct kube_request *request) { return request->last_byte_ms; }
