#include <config.h>

#include "kube/client_private.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>

enum {
    CONNECT_MS = 10 * 1000,
    KEEPALIVE_IDLE_S = 15, /* rule 16 */
    KEEPALIVE_EVERY_S = 5,
    KEEPALIVE_PROBES = 3,
    UNACKED_MS = 20 * 1000,
};

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg;
    (void)purpose;
    /* curl sets the rest of keepalive itself. Where the kernel refuses, a link is found dead later. */
#ifdef TCP_KEEPCNT
    int probes = KEEPALIVE_PROBES;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
#endif
#ifdef TCP_USER_TIMEOUT
    unsigned unacked = UNACKED_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked, sizeof unacked);
#endif
    return CURL_SOCKOPT_OK;
}

/* -- headers --------------------------------------------------------------------- */

/* A line feed in a token would begin a header of its own. */
static bool is_one_line(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7f)
            return false;
    return true;
}

static void add_header(struct kube_request *r, const char *name, const char *value)
{
    char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(r->headers, line);
    wipe(line, strlen(line));
    free(line);
    if (!list)
        die("out of memory");
    r->headers = list;
}

static bool add_headers(struct kube_request *r, const struct kube_credential *credential, struct error *err)
{
    const struct kube_client *c = r->client;
    add_header(r, "Accept", r->spec.accept ? r->spec.accept : "application/json");
    if (r->spec.body) {
        add_header(r, "Content-Type", r->spec.content_type ? r->spec.content_type : "application/json");
        add_header(r, "Expect", ""); /* none */
    }
    for (const struct curl_slist *item = c->headers; item; item = item->next) {
        struct curl_slist *list = curl_slist_append(r->headers, item->data);
        if (!list)
            die("out of memory");
        r->headers = list;
    }
    if (c->host_header) {
        struct curl_slist *list = curl_slist_append(r->headers, c->host_header);
        if (!list)
            die("out of memory");
        r->headers = list;
    }
    if (!credential->token)
        return true;
    if (!is_one_line(credential->token))
        return error_set(err, ERROR_INPUT, "%s: the token of user \"%s\" holds control characters; check where "
                                           "it comes from",
                         r->spec.what, c->target->user ? c->target->user : "");
    char *bearer = xasprintf("Bearer %s", credential->token);
    add_header(r, "Authorization", bearer);
    wipe(bearer, strlen(bearer));
    free(bearer);
    return true;
}

/* -- options ------------------------------------------------------------------------ */

static void set_blob(CURL *easy, CURLoption option, const char *pem)
{
    if (!pem)
        return;
    struct curl_blob blob = {.data = (void *)(uintptr_t)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY};
    if (curl_easy_setopt(easy, option, &blob) != CURLE_OK)
        die("out of memory");
}

static void set_tls(CURL *easy, const struct kube_client *c, const struct kube_credential *credential)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (c->target->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (c->ca) {
        /* Without this the system's folder of CAs would be trusted beside the one that is named. */
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        set_blob(easy, CURLOPT_CAINFO_BLOB, c->ca);
    } else if (c->ca_path) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca_path);
    }
    set_blob(easy, CURLOPT_SSLCERT_BLOB, credential->cert_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, credential->key_pem);
}

/* proxy-url goes before the environment's proxies, which curl reads itself. */
static void set_proxy(CURL *easy, const struct kube_client *c)
{
    if (c->target->proxy_url) {
        curl_easy_setopt(easy, CURLOPT_PROXY, c->target->proxy_url);
    } else if (c->is_direct) {
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* as Go: not for this host, nor for what NO_PROXY names */
    }
    curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* it is judged by the server's host already */
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_connection(CURL *easy, const struct kube_request *r)
{
    const struct kube_client *c = r->client;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY_S);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    if (c->connect_to)
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, c->connect_to);
    set_proxy(easy, c);
    if (r->is_write) {
        /* When a connection that was used before dies unanswered, curl sends the request again by itself. */
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    } else if (c->is_tls) {
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L); /* one HTTP/2 connection for all */
    } else if (c->epoch) {
        /* With TLS the epoch is part of the CA's text, so that curl never takes an older connection;
         * here their age keeps them out. */
        int64_t age_s = (clock_mono_ms() - c->epoch_ms) / 1000;
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, c->epoch_answered ? 0L : 1L);
        curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, age_s > 0 ? (long)age_s : 1L);
    }
}

static void set_request(CURL *easy, struct kube_request *r)
{
    const struct kube_request_spec *spec = &r->spec;
    char *url = xasprintf("%s%s", r->client->base, spec->path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "brdeck/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
    if (spec->gzip && !r->client->target->disable_compression)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (spec->body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, spec->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)spec->body_len);
    }
    if (spec->body || !str_same(spec->method, "GET"))
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, spec->method);
    if (!spec->stream)
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(spec->timeout_ms ? spec->timeout_ms : r->client->timeout_ms));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, kube_answer_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, kube_answer_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->curl_error);
}

bool kube_transport_open(struct kube_request *r, const struct kube_credential *credential, struct error *err)
{
    if (!add_headers(r, credential, err)) {
        kube_transport_close(r);
        return false;
    }
    CURL *easy = curl_easy_init();
    if (!easy)
        die("out of memory");
    r->curl_error[0] = '\0';
    set_connection(easy, r);
    set_tls(easy, r->client, credential);
    set_request(easy, r);
    if (credential->username) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, credential->username);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, credential->password ? credential->password : "");
    }
    r->easy = easy;
    return true;
}

void kube_transport_close(struct kube_request *r)
{
    curl_easy_cleanup(r->easy);
    r->easy = NULL;
    for (struct curl_slist *item = r->headers; item; item = item->next)
        wipe(item->data, strlen(item->data));
    curl_slist_free_all(r->headers);
    r->headers = NULL;
}
