/* client_private.h - what is inside a client and its requests. */
#ifndef BRDECK_KUBE_CLIENT_PRIVATE_H
#define BRDECK_KUBE_CLIENT_PRIVATE_H

#include <brdeck/base/str.h>
#include <brdeck/kube/client.h>

/* reread.c: the kubeconfig, read again */
struct kube_reread {
    const char *path;                  /* --kubeconfig; NULL: none */
    const struct kube_overrides *over; /* NULL: it is not read again */
    struct loop_timer timer;
    int64_t read_ms;                   /* monotonic; 0: never */
    bool doubted;                      /* it named another server once */
    struct error failure;              /* of the last time */
    void (*changed)(void *arg);
    void *arg;
};

/* One who wants to hear what became of the question whether the link is alive. @alive: the server answered, over a
 * connection of @epoch; else none of that epoch is used any more. @fn must free neither listeners nor the client. */
struct kube_link_listener {
    void (*fn)(void *arg, bool alive, unsigned epoch);
    void *arg;
    struct kube_client *client;
    struct kube_link_listener *prev, *next;
};

struct kube_client {
    struct loop *loop;
    const struct kube_target *target;
    struct kube_auth *auth;
    struct clock clock;
    int64_t timeout_ms;
    int64_t second_ms;             /* what a second of Retry-After is; tests shorten it */
    char *base;                    /* "https://host:port/prefix"; the host is the tls-server-name */
    char *place;                   /* "https://host:port" as the user knows it, for errors */
    char *host_header;             /* "Host: ..." with a tls-server-name; else NULL */
    struct curl_slist *connect_to; /* likewise */
    struct curl_slist *headers;    /* the same for all: impersonation */
    bool is_tls, is_direct;        /* is_direct: the environment's proxies are not for it */
    unsigned epoch;                /* counts refreshes; part of a connection's identity */
    bool epoch_answered;           /* a connection of this epoch is known to work */
    int64_t epoch_ms;              /* when it began */
    char *ca;                      /* ca_pem and a line feed for each epoch; NULL: the system's */
    char *ca_path;                 /* the system's file, with a slash more for each epoch; NULL: none */
    struct kube_request *requests;
    struct {
        struct kube_request *check;    /* GET /version under way */
        struct kube_link_listener *first;
    } link;
    struct kube_reread reread;
    struct kube_target *login;     /* whose identity is used; NULL: that of @target */
    unsigned logins;               /* counts its changes */
    struct error ended;            /* code NONE: it goes on */
};

enum { WARNING_MAX = 2048, ERROR_BODY_MAX = 1024 * 1024, SMALL_HEADER_MAX = 128 };

struct kube_request {
    struct kube_client *client; /* NULL while on_end runs */
    struct kube_request *prev, *next;
    struct kube_request_spec spec; /* its strings are ours */
    bool is_write;
    unsigned epoch, logins;     /* of the client, when it was sent */
    CURL *easy;                 /* NULL: no transfer is running */
    struct curl_slist *headers; /* of this transfer */
    char curl_error[CURL_ERROR_SIZE];
    struct kube_auth_wait *wait;
    char *token;                /* that was sent; NULL: none */
    struct loop_timer timer;    /* begin, repeat, or end a cancelled one */
    bool cancelled, relogged, too_large, paused;
    bool broke;                 /* its connection broke without an answer, and it was sent once more */
    int tried;                  /* repeats after 429 or 503 */
    int64_t begun_ms, last_byte_ms;
    /* the answer */
    int http;
    struct str body, warning;
    char content_type[SMALL_HEADER_MAX], date[SMALL_HEADER_MAX], retry_after[SMALL_HEADER_MAX];
    int64_t retry_after_ms;
    void (*on_free)(void *arg); /* however it ended; see kube_request_on_free */
    void *free_arg;
};

/* request.c: end it now and free it, without a callback. */
void kube_request_end(struct kube_request *request);

/* End what is under way, but for writes; each is told of client->ended, from a later turn. */
void kube_requests_stop(struct kube_client *client);
/* Send the reads that went out on connections of an older epoch again; streams are their owners' to judge. */
void kube_requests_renew(struct kube_client *client);

/* no_proxy.c: whether @list (NO_PROXY) names @host, which may be in brackets, with @port. */
bool kube_no_proxy(const char *list, const char *host, const char *port);

/* reread.c: the server refused a login of the time of @logins. True: there is another now. */
bool kube_client_login_again(struct kube_client *client, unsigned logins);

/* Have @fn called when the request is freed, cancelled ones too: for what hangs on its callbacks. */
void kube_request_on_free(struct kube_request *request, void (*fn)(void *arg), void *arg);

/* Connections made from now on are new ones: the old may be dead (rule 16). Reads that wait for an answer on those are
 * sent again; streams are not. */
void kube_client_refresh(struct kube_client *client);

/* link.c */
/* Ask GET /version, unless that is under way; all who listen are told. */
void kube_link_ask(struct kube_client *client, int64_t timeout_ms);
void kube_link_listen(struct kube_client *client, struct kube_link_listener *listener); /* until kube_link_leave */
void kube_link_leave(struct kube_link_listener *listener);

/* transport.c: everything about curl. */
/* Make r->easy, ready to run. False when a header cannot be sent. */
bool kube_transport_open(struct kube_request *r, const struct kube_credential *credential, struct error *err);
void kube_transport_close(struct kube_request *r);
/* Tell why a transfer failed with @code. */
void kube_transport_tell(const struct kube_request *r, CURLcode code, struct error *err);

/* answer.c: curl's callbacks. */
size_t kube_answer_header(char *bytes, size_t size, size_t count, void *request);
size_t kube_answer_body(char *bytes, size_t size, size_t count, void *request);

#endif
