#include <config.h>

#include "kube/client_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { TIMEOUT_MS = 30 * 1000 };

/* -- the address -------------------------------------------------------------------- */

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* "https://[::1]:6443" */
static char *make_place(const char *scheme, const char *host, const char *port)
{
    return xasprintf("%s://%s:%s", scheme, host, port);
}

static bool is_loopback(const char *host)
{
    return str_same(host, "localhost") || str_ends(host, ".localhost") || str_starts(host, "127.") ||
           str_same(host, "[::1]");
}

static struct curl_slist *list_of(char *line)
{
    struct curl_slist *list = curl_slist_append(NULL, line);
    free(line);
    if (!list)
        die("out of memory");
    return list;
}

static void set_address(struct kube_client *c, const char *scheme, const char *host, const char *port, const char *path)
{
    const char *name = c->target->tls_server_name;
    bool other_name = c->is_tls && !str_empty(name) && !str_same(name, host);
    size_t path_len = path ? strlen(path) : 0;
    while (path_len && path[path_len - 1] == '/')
        path_len--;
    c->place = make_place(scheme, host, port);
    char *place = make_place(scheme, other_name ? name : host, port);
    c->base = xasprintf("%s%.*s", place, (int)path_len, path ? path : "");
    free(place);
    const char *no_proxy = getenv("NO_PROXY");
    if (str_empty(no_proxy))
        no_proxy = getenv("no_proxy");
    c->is_direct = is_loopback(host) || kube_no_proxy(no_proxy, host, port);
    if (other_name) {
        /* The name in the URL is what curl sends as SNI and looks for in the certificate. */
        c->connect_to = list_of(xasprintf("%s:%s:%s:%s", name, port, host, port));
        c->host_header = str_same(port, "443") ? xasprintf("Host: %s", host) : xasprintf("Host: %s:%s", host, port);
    }
}

static bool read_server(struct kube_client *c, struct error *err)
{
    const char *server = c->target->server;
    CURLU *url = curl_url();
    if (!url)
        die("out of memory");
    CURLUcode code = curl_url_set(url, CURLUPART_URL, server, 0);
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL;
    if (code == CURLUE_OK) {
        scheme = url_part(url, CURLUPART_SCHEME, 0);
        host = url_part(url, CURLUPART_HOST, 0);
        port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        path = url_part(url, CURLUPART_PATH, 0);
    }
    bool good = host && port && (str_same(scheme, "https") || str_same(scheme, "http"));
    if (good) {
        c->is_tls = str_same(scheme, "https");
        set_address(c, scheme, host, port, path);
    } else {
        error_set(err, ERROR_INPUT, "context \"%s\": the server \"%s\" is no http or https URL; check the kubeconfig",
                  c->target->context ? c->target->context : "", server ? server : "");
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_url_cleanup(url);
    return good;
}

/* -- impersonation ------------------------------------------------------------------- */

static bool add_header(struct kube_client *c, const char *name, const char *value, struct error *err)
{
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return error_set(err, ERROR_INPUT, "%s: the value holds control characters; check --as and the kubeconfig",
                             name);
    char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(c->headers, line);
    free(line);
    if (!list)
        die("out of memory");
    c->headers = list;
    return true;
}

static bool add_extra(struct kube_client *c, const struct json *extra, struct error *err)
{
    JSON_EACH (values, extra) {
        struct str name;
        str_init(&name, STR_SMALL);
        str_add(&name, "Impersonate-Extra-");
        str_add_escaped(&name, json_key(values));
        bool good = true;
        JSON_EACH (value, values)
            good = good && (!json_text(value) || add_header(c, name.data, json_text(value), err));
        str_done(&name);
        if (!good)
            return false;
    }
    return true;
}

static bool add_impersonation(struct kube_client *c, struct error *err)
{
    const struct kube_identity *id = &c->target->identity;
    if (!str_empty(id->as) && !add_header(c, "Impersonate-User", id->as, err))
        return false;
    if (!str_empty(id->as_uid) && !add_header(c, "Impersonate-Uid", id->as_uid, err))
        return false;
    for (char **group = id->as_groups; group && *group; group++)
        if (!add_header(c, "Impersonate-Group", *group, err))
            return false;
    return add_extra(c, id->as_extra, err);
}

/* -- life ------------------------------------------------------------------------------ */

/* curl takes a connection again only where the text (or the path) of the CA is the same: what is added here
 * changes neither's meaning, and makes connections of another epoch strangers. */
static void set_ca(struct kube_client *c)
{
    free(c->ca);
    free(c->ca_path);
    c->ca = c->ca_path = NULL;
    struct str text;
    str_init(&text, STR_LARGE);
    const char *path = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (c->target->ca_pem) {
        str_add(&text, c->target->ca_pem);
        str_pad(&text, '\n', c->epoch);
        c->ca = str_take(&text);
    } else if (path && path[0] == '/') {
        str_pad(&text, '/', c->epoch);
        str_add(&text, path);
        c->ca_path = str_take(&text);
    }
}

struct kube_client *kube_client_new(struct loop *loop, const struct kube_target *target, struct error *err)
{
    struct kube_client *c = xcalloc(1, sizeof *c);
    *c = (struct kube_client){.loop = loop, .target = target, .timeout_ms = TIMEOUT_MS, .second_ms = 1000};
    if (!read_server(c, err) || !add_impersonation(c, err)) {
        kube_client_free(&c);
        return NULL;
    }
    c->auth = kube_auth_new(loop, target);
    set_ca(c);
    return c;
}

void kube_client_free(struct kube_client **client)
{
    struct kube_client *c = *client;
    *client = NULL;
    if (!c)
        return;
    while (c->requests)
        kube_request_end(c->requests);
    if (c->auth)
        kube_auth_free(&c->auth);
    loop_timer_cancel(&c->reread.timer);
    kube_target_free(&c->login);
    free(c->base);
    free(c->place);
    free(c->host_header);
    free(c->ca);
    free(c->ca_path);
    curl_slist_free_all(c->connect_to);
    curl_slist_free_all(c->headers);
    free(c);
}

const struct kube_target *kube_client_target(const struct kube_client *client) { return client->target; }

struct loop *kube_client_loop(const struct kube_client *client) { return client->loop; }

struct kube_auth *kube_client_auth(const struct kube_client *client) { return client->auth; }

struct clock *kube_client_clock(struct kube_client *client) { return &client->clock; }

void kube_client_set_timeout(struct kube_client *client, int64_t ms) { client->timeout_ms = ms > 0 ? ms : TIMEOUT_MS; }

void kube_client_refresh(struct kube_client *client)
{
    client->epoch++;
    client->epoch_answered = false;
    client->epoch_ms = clock_mono_ms();
    set_ca(client);
    kube_requests_renew(client);
}
