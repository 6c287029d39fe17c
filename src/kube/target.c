#include <config.h>

#include <brdeck/kube/config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "config_private.h"

static const char SERVICE_ACCOUNT[] = "/var/run/secrets/kubernetes.io/serviceaccount";
static const char EXEC_EXTENSION[] = "client.authentication.k8s.io/exec";

/* What is chosen, before it is read. */
struct choice {
    const struct kube_config *config;
    const struct kube_overrides *over;
    const struct kube_entry *context, *cluster, *user; /* NULL: none */
    char *server;                                      /* as it is written */
    struct error *err;
};

void kube_target_free(struct kube_target **ptr)
{
    struct kube_target *target = *ptr;
    *ptr = NULL;
    if (!target)
        return;
    char *texts[] = {target->context,    target->cluster, target->user,
                     target->server,     target->namespace_, target->ca_pem,
                     target->tls_server_name, target->proxy_url};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    json_free(&target->exec_cluster);
    kube_identity_done(&target->identity);
    free(target);
}

bool kube_target_moved(const struct kube_target *a, const struct kube_target *b)
{
    return str_compare(a->server, b->server) != 0 || str_compare(a->ca_pem, b->ca_pem) != 0 ||
           str_compare(a->tls_server_name, b->tls_server_name) != 0 || a->insecure != b->insecure;
}

/* -- what is chosen ------------------------------------------------------------------ */

/* "a, b, c" of one kind, for errors; cut after a while. */
static void add_names(struct str *out, const struct kube_config *config, enum kube_entry_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < config->entry_count; i++) {
        if (config->entries[i].kind != kind)
            continue;
        if (++count <= 8)
            str_addf(out, "%s%.60s", count > 1 ? ", " : "", config->entries[i].name);
    }
    if (count > 8)
        str_addf(out, " and %zu more", count - 8);
    if (count == 0)
        str_add(out, "none");
}

static bool not_there(const struct choice *choice, enum kube_entry_kind kind, const char *word, const char *name)
{
    struct str names;
    str_init(&names, STR_SMALL);
    add_names(&names, choice->config, kind);
    error_set(choice->err, ERROR_INPUT, "%s \"%.80s\" is not in %.120s; it has: %s", word, name, choice->config->looked,
              names.data);
    str_done(&names);
    return false;
}

static bool choose_context(struct choice *choice)
{
    const char *name = choice->over->context ? choice->over->context : choice->config->current;
    choice->context = kube_config_find(choice->config, KUBE_ENTRY_CONTEXT, name);
    return choice->context || str_empty(name) || not_there(choice, KUBE_ENTRY_CONTEXT, "context", name);
}

/* The cluster or user that a flag or the context names; a dangling name is an error. */
static bool choose_entry(struct choice *choice, enum kube_entry_kind kind, const char *flag, const char *word,
                         const struct kube_entry **entry)
{
    const struct json *field = choice->context ? json_get(choice->context->value, word) : NULL;
    char *name = flag ? xstrdup(flag) : kube_config_scalar(field);
    *entry = kube_config_find(choice->config, kind, name);
    /* A user who is not there does no harm where flags log in. */
    bool by_flags = kind == KUBE_ENTRY_USER && !flag && (choice->over->token || choice->over->token_file);
    bool done = *entry || !name || by_flags;
    if (!done && flag) {
        not_there(choice, kind, word, name);
    } else if (!done) {
        char *where = kube_config_where(choice->config, choice->context, field);
        error_set(choice->err, ERROR_INPUT, "%s: context \"%.80s\" names the %s \"%.80s\", which is not there", where,
                  choice->context->name, word, name);
        free(where);
    }
    free(name);
    return done;
}

/* Nothing says where to: tell what there is. */
static bool no_choice(const struct choice *choice)
{
    struct str names;
    if (kube_config_contexts(choice->config) == 0)
        return error_set(choice->err, ERROR_INPUT,
                         "no cluster: %s has no contexts, and this is no pod: give --kubeconfig or --server",
                         choice->config->looked);
    str_init(&names, STR_SMALL);
    add_names(&names, choice->config, KUBE_ENTRY_CONTEXT);
    error_set(choice->err, ERROR_INPUT, "%s has no current-context: give --context, one of: %s", choice->config->looked,
              names.data);
    str_done(&names);
    return false;
}

/* -- reading it ------------------------------------------------------------------------ */

static const struct json *cluster_field(const struct choice *choice, const char *name)
{
    return choice->cluster ? json_get(choice->cluster->value, name) : NULL;
}

static char *flag_or_cluster(const struct choice *choice, const char *flag, const char *name)
{
    return !str_empty(flag) ? xstrdup(flag) : kube_config_scalar(cluster_field(choice, name));
}

static bool read_ca(struct kube_target *target, const struct choice *choice)
{
    const struct kube_overrides *over = choice->over;
    struct kube_source source = {choice->config, choice->cluster, "certificate-authority"};
    char *where = choice->cluster ? kube_config_where(choice->config, choice->cluster, NULL) : xstrdup("command line");
    char *what = xasprintf("%s: certificate-authority", where);
    bool done = true, flag = !str_empty(over->certificate_authority);
    target->insecure = over->insecure_skip_tls_verify ||
                       (!flag && json_is_true(cluster_field(choice, "insecure-skip-tls-verify")));
    if (flag)
        done = kube_flag_file(over->certificate_authority, "--certificate-authority", &target->ca_pem, choice->err);
    else if (!over->insecure_skip_tls_verify && choice->cluster && choice->cluster->value)
        done = kube_source_read(&source, &target->ca_pem, choice->err);
    if (done && target->ca_pem && target->insecure)
        done = error_set(choice->err, ERROR_INPUT,
                         "%s cannot go with insecure-skip-tls-verify: take one of them out", what);
    done = done && (!target->ca_pem || kube_pem_check_certs(target->ca_pem, what, choice->err));
    free(where);
    free(what);
    return done;
}

static bool read_proxy(struct kube_target *target, const struct choice *choice)
{
    char *proxy = flag_or_cluster(choice, choice->over->proxy_url, "proxy-url");
    if (proxy)
        target->proxy_url = kube_proxy_clean(proxy, choice->err);
    bool done = !proxy || target->proxy_url;
    free(proxy);
    return done;
}

static bool names_certificate(const struct choice *choice)
{
    const struct json *fields = choice->user ? choice->user->value : NULL;
    return !str_empty(choice->over->client_certificate) || !str_empty(json_string(fields, "client-certificate")) ||
           !str_empty(json_string(fields, "client-certificate-data"));
}

static bool read_server(struct kube_target *target, const struct choice *choice)
{
    const char *name = choice->over->tls_server_name;
    bool secure = target->ca_pem || target->insecure || names_certificate(choice);
    target->server = kube_server_clean(choice->server, secure, choice->err);
    if (!target->server || !read_proxy(target, choice))
        return false;
    /* The file's name is that of the file's server. */
    if (!str_empty(choice->over->server) || !str_empty(name))
        target->tls_server_name = xstrdup(str_empty(name) ? NULL : name);
    else
        target->tls_server_name = kube_config_scalar(cluster_field(choice, "tls-server-name"));
    target->disable_compression =
        choice->over->disable_compression || json_is_true(cluster_field(choice, "disable-compression"));
    return true;
}

static void read_namespace(struct kube_target *target, const struct choice *choice)
{
    const struct json *field = choice->context ? json_get(choice->context->value, "namespace") : NULL;
    char *name = !str_empty(choice->over->namespace_) ? xstrdup(choice->over->namespace_) : kube_config_scalar(field);
    target->namespace_is_set = name != NULL;
    target->namespace_ = name ? name : xstrdup("default");
}

/* Cluster of client.authentication.k8s.io, as a plugin is told it. */
static void make_exec_cluster(struct kube_target *target, const struct choice *choice)
{
    struct json *cluster = json_new_object();
    json_set_string(cluster, "server", choice->server);
    if (target->tls_server_name)
        json_set_string(cluster, "tls-server-name", target->tls_server_name);
    if (target->insecure)
        json_set_bool(cluster, "insecure-skip-tls-verify", true);
    if (target->ca_pem) {
        char *data = base64_encode(target->ca_pem, strlen(target->ca_pem));
        json_set_string(cluster, "certificate-authority-data", data);
        free(data);
    }
    char *proxy = flag_or_cluster(choice, choice->over->proxy_url, "proxy-url");
    if (proxy)
        json_set_string(cluster, "proxy-url", proxy);
    free(proxy);
    if (target->disable_compression)
        json_set_bool(cluster, "disable-compression", true);
    JSON_EACH(extension, cluster_field(choice, "extensions")) {
        const struct json *value = json_get(extension, "extension");
        if (str_same(json_string(extension, "name"), EXEC_EXTENSION) && value)
            json_set(cluster, "config", json_copy(value));
    }
    target->exec_cluster = cluster;
}

static struct kube_target *read_target(const struct choice *choice)
{
    struct kube_target *target = xcalloc(1, sizeof *target);
    bool done = read_ca(target, choice) && read_server(target, choice) &&
                kube_identity_read(&target->identity, choice->config, choice->user, choice->over,
                                   str_starts(target->server, "https://"), choice->err);
    if (!done) {
        kube_target_free(&target);
        return NULL;
    }
    read_namespace(target, choice);
    target->context = xstrdup(choice->context ? choice->context->name : target->server);
    target->cluster = xstrdup(choice->cluster ? choice->cluster->name : "");
    target->user = xstrdup(choice->user ? choice->user->name : "");
    if (target->identity.kind == KUBE_AUTH_EXEC && target->identity.exec.provide_cluster_info)
        make_exec_cluster(target, choice);
    return target;
}

/* -- in a pod ---------------------------------------------------------------------------- */

/* A file of the service account, without white space at its end; NULL when it cannot be read. */
static char *account_file(const char *root, const char *name)
{
    char *path = xasprintf("%s/%s", root, name), *text = NULL;
    if (kube_flag_file(path, name, &text, NULL)) {
        size_t len = strlen(text);
        while (len > 0 && strchr(" \n\r\t", text[len - 1]))
            text[--len] = '\0';
    }
    free(path);
    return text;
}

static bool is_pod(const char *root)
{
    char *token = account_file(root, "token");
    bool there = !str_empty(token) && !str_empty(getenv("KUBERNETES_SERVICE_HOST")) &&
                 !str_empty(getenv("KUBERNETES_SERVICE_PORT"));
    if (token)
        wipe(token, strlen(token));
    free(token);
    return there;
}

static char *pod_server(void)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    bool ipv6 = strchr(host, ':') != NULL;
    return xasprintf("https://%s%s%s:%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

static struct kube_target *read_pod(struct choice *choice, const char *root)
{
    choice->server = pod_server();
    struct kube_target *target = read_target(choice);
    if (!target)
        return NULL;
    char *ca = xasprintf("%s/ca.crt", root);
    if (!target->ca_pem && !target->insecure) /* without it: the system's */
        kube_flag_file(ca, "ca.crt", &target->ca_pem, NULL);
    free(ca);
    if (target->identity.kind == KUBE_AUTH_NONE && !target->identity.cert_pem) {
        target->identity.kind = KUBE_AUTH_TOKEN_FILE;
        target->identity.token_file = xasprintf("%s/token", root);
    }
    if (!target->namespace_is_set) {
        const char *name = getenv("POD_NAMESPACE");
        char *own = !str_empty(name) ? xstrdup(name) : account_file(root, "namespace");
        if (own) {
            free(target->namespace_);
            target->namespace_ = own;
            target->namespace_is_set = true;
        }
    }
    free(target->context);
    target->context = xstrdup("in-cluster");
    return target;
}

/* -- all together -------------------------------------------------------------------------- */

static struct kube_target *resolve(struct choice *choice)
{
    const struct kube_overrides *over = choice->over;
    const char *root = getenv("BRDECK_SERVICEACCOUNT");
    if (str_empty(root))
        root = SERVICE_ACCOUNT;
    if (!choose_context(choice) ||
        !choose_entry(choice, KUBE_ENTRY_CLUSTER, over->cluster, "cluster", &choice->cluster) ||
        !choose_entry(choice, KUBE_ENTRY_USER, over->user, "user", &choice->user))
        return NULL;
    choice->server = flag_or_cluster(choice, over->server, "server");
    if (choice->server)
        return read_target(choice);
    if (choice->cluster) {
        char *where = kube_config_where(choice->config, choice->cluster, NULL);
        error_set(choice->err, ERROR_INPUT, "%s: cluster \"%.80s\" has no server", where, choice->cluster->name);
        free(where);
        return NULL;
    }
    if (choice->context) {
        char *where = kube_config_where(choice->config, choice->context, NULL);
        error_set(choice->err, ERROR_INPUT, "%s: context \"%.80s\" names no cluster", where, choice->context->name);
        free(where);
        return NULL;
    }
    if (!choice->config->exclusive && is_pod(root))
        return read_pod(choice, root);
    no_choice(choice);
    return NULL;
}

struct kube_target *kube_target_new(const struct kube_config *config, const struct kube_overrides *over,
                                    struct error *err)
{
    static const struct kube_overrides none;
    struct choice choice = {.config = config, .over = over ? over : &none, .err = err};
    struct kube_target *target = resolve(&choice);
    free(choice.server);
    return target;
}
