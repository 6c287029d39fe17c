/* client.h - asynchronous requests to one API server.
 *
 * Every transfer: no signals, no redirects, TLS 1.2 or newer, TCP keepalive 15/5/3 s and
 * TCP_USER_TIMEOUT 20 s, quick exit, an upper bound on the body. A 401 makes credentials anew once and
 * repeats once; a 429 or 503 with Retry-After is waited for and repeated (reads; writes only
 * on 429, where the server promises that nothing was done), up to @retries. A write always has a
 * connection of its own: on one used before, curl itself would send it again when that
 * dies (rule 7).
 */
#ifndef BRDECK_KUBE_CLIENT_H
#define BRDECK_KUBE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/clock.h>
#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>
#include <brdeck/kube/auth.h>
#include <brdeck/kube/config.h>

struct kube_client;

/* @target is borrowed and must outlive the client. */
struct kube_client *kube_client_new(struct loop *loop, const struct kube_target *target, struct error *err);
/* Cancels what is under way. Not from on_head or on_chunk: curl is at work below them. */
void kube_client_free(struct kube_client **client);
const struct kube_target *kube_client_target(const struct kube_client *client);
struct loop *kube_client_loop(const struct kube_client *client);
struct kube_auth *kube_client_auth(const struct kube_client *client);
/* The server's clock, learned from every answer. */
struct clock *kube_client_clock(struct kube_client *client);
/* --request-timeout for one-shot requests; 0 keeps the default of 30 s. */
void kube_client_set_timeout(struct kube_client *client, int64_t ms);

/* Have the kubeconfig read again once a minute, and when the server refuses the login (rule 8): another login is
 * taken over. Another server or CA ends the client: what is under way (but for writes) and all that is asked later
 * fails with kube_client_ended(), until the file names the old ones again. @path and @over as they were given to
 * kube_config_load and kube_target_new; borrowed, they must outlive the client. */
void kube_client_reread(struct kube_client *client, const char *path, const struct kube_overrides *over);
/* Why nothing is asked any more; code NONE: it goes on. */
const struct error *kube_client_ended(const struct kube_client *client);
/* @changed is called when that begins or ends; one at a time, NULL: nobody. */
void kube_client_on_ended(struct kube_client *client, void (*changed)(void *arg), void *arg);

/* How a request ended. Borrowed during the callback. */
struct kube_response {
    int http;               /* 0: no answer, or not a whole one */
    const char *body;       /* NUL-terminated; "" where on_chunk took it */
    size_t len;
    const char *content_type; /* "" when none */
    const char *warning;    /* text of Warning: headers, joined by "; "; "" when none */
    int64_t retry_after_ms; /* 0: none named */
    bool maybe_done;        /* a write whose answer was lost: it may have happened (rule 7) */
    struct error error;     /* code NONE on a whole 2xx; else one sentence (status.h) */
    char reason[64];        /* the Status reason ("Conflict", "AlreadyExists"...); "" */
};

struct kube_request;
struct kube_request_spec {
    const char *method;       /* "GET", "POST", "PATCH", "PUT", "DELETE" */
    const char *path;         /* "/apis/...?limit=500", already escaped */
    const char *what;         /* for errors: "list backups in all namespaces" */
    const char *content_type; /* of the body; NULL: application/json */
    const char *body;         /* NULL: none; copied */
    size_t body_len;
    const char *accept;       /* NULL: application/json */
    bool gzip;                /* ask for a compressed answer */
    bool stream;              /* no overall timeout; a watch or a followed log */
    bool harmless;            /* a POST that changes nothing (an access review): repeated like a GET */
    int64_t timeout_ms;       /* 0: the client's */
    size_t body_max;          /* 0: 64 MiB; more is an error. With on_chunk: no limit */
    int retries;              /* on 429/503; 0: none */
    /* The head of a 2xx answer is there; its body may be long in coming. May be NULL. */
    void (*on_head)(void *arg);
    /* The bytes of a 2xx answer as they come; NULL: they are collected. It may cancel
     * the request. An answer that is no 2xx is always collected. */
    void (*on_chunk)(void *arg, const char *bytes, size_t len);
    /* Once, unless cancelled. The request is gone after it. */
    void (*on_end)(void *arg, const struct kube_response *response);
    void *arg;
};
/* The spec is needed only during the call. Never fails here: what goes wrong comes by on_end,
 * always from a later turn. */
struct kube_request *kube_request_start(struct kube_client *client, const struct kube_request_spec *spec);
/* No callback any more; allowed from its own. *request becomes NULL; NULL is harmless. */
void kube_request_cancel(struct kube_request **request);
/* Stop and go on reading (flow control of a stream). */
void kube_request_pause(struct kube_request *request, bool paused);
/* Monotonic ms of the last byte received; 0: none yet. */
int64_t kube_request_last_byte_ms(const struct kube_request *request);

#endif
