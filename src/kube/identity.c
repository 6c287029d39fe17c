#include <config.h>

#include "config_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

/* What is read from, and where it goes. */
struct reading {
    struct kube_identity *identity;
    const struct kube_config *config;
    const struct kube_entry *user; /* NULL: nobody */
    const struct json *fields;     /* of the user; NULL: nothing is said */
    const struct kube_overrides *over;
    struct error *err;
};

bool kube_user_wrong(const struct kube_config *config, const struct kube_entry *user, const struct json *node,
                     struct error *err, const char *format, ...)
{
    char what[384];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char *where = kube_config_where(config, user, node);
    error_set(err, ERROR_INPUT, "%s: user \"%.60s\": %s", where, user->name, what);
    free(where);
    return false;
}

/* -- lists of strings ----------------------------------------------------------------- */

char **kube_strings_read(const struct json *list)
{
    size_t count = 0;
    char **strings = NULL;
    if (json_type(list) != JSON_ARRAY)
        return NULL;
    JSON_EACH(item, list) {
        char *text = kube_config_scalar(item);
        strings = xreallocarray(strings, count + 2, sizeof *strings);
        strings[count++] = text ? text : xstrdup("");
        strings[count] = NULL;
    }
    return strings;
}

static char **strings_copy(const char *const *from)
{
    size_t count = 0;
    while (from[count])
        count++;
    char **strings = xcalloc(count + 1, sizeof *strings);
    for (size_t i = 0; i < count; i++)
        strings[i] = xstrdup(from[i]);
    return strings;
}

static void wipe_free(char **text)
{
    if (*text)
        wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static void strings_free(char ***strings, bool secret)
{
    for (char **text = *strings; text && *text; text++) {
        if (secret)
            wipe(*text, strlen(*text));
        free(*text);
    }
    free(*strings);
    *strings = NULL;
}

void kube_identity_done(struct kube_identity *identity)
{
    char **secrets[] = {&identity->token, &identity->password, &identity->cert_pem, &identity->key_pem};
    char *plain[] = {identity->token_file,        identity->username,          identity->exec.command,
                     identity->exec.api_version, identity->exec.install_hint, identity->as,
                     identity->as_uid};
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        wipe_free(secrets[i]);
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        free(plain[i]);
    strings_free(&identity->exec.args, true);
    strings_free(&identity->exec.env, true);
    strings_free(&identity->as_groups, false);
    json_free(&identity->as_extra);
    *identity = (struct kube_identity){0};
}

static bool same_strings(char *const *a, char *const *b)
{
    size_t i = 0;
    while (a && b && a[i] && b[i] && strcmp(a[i], b[i]) == 0)
        i++;
    return !(a && a[i]) && !(b && b[i]);
}

bool kube_identity_same(const struct kube_identity *a, const struct kube_identity *b)
{
    const char *const texts[][2] = {
        {a->token, b->token},       {a->token_file, b->token_file}, {a->username, b->username},
        {a->password, b->password}, {a->cert_pem, b->cert_pem},     {a->key_pem, b->key_pem},
        {a->exec.command, b->exec.command},
        {a->exec.api_version, b->exec.api_version},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (str_compare(texts[i][0], texts[i][1]) != 0)
            return false;
    return a->kind == b->kind && a->exec.mode == b->exec.mode && same_strings(a->exec.args, b->exec.args) &&
           a->exec.provide_cluster_info == b->exec.provide_cluster_info && same_strings(a->exec.env, b->exec.env);
}

/* -- impersonation ---------------------------------------------------------------------- */

static char *flag_or_field(const struct reading *r, const char *flag, const char *field)
{
    return !str_empty(flag) ? xstrdup(flag) : kube_config_scalar(json_get(r->fields, field));
}

static bool read_extra(const struct reading *r)
{
    const struct json *extra = json_get(r->fields, "as-user-extra");
    bool fits = json_is_null(extra) || json_type(extra) == JSON_OBJECT;
    for (const struct json *list = json_first(extra); fits && list; list = json_next(list)) {
        fits = json_type(list) == JSON_ARRAY;
        for (const struct json *item = json_first(list); fits && item; item = json_next(item))
            fits = json_type(item) == JSON_STRING;
    }
    if (!fits)
        return kube_user_wrong(r->config, r->user, extra, r->err, "as-user-extra wants lists of strings");
    if (json_first(extra))
        r->identity->as_extra = json_copy(extra);
    return true;
}

static bool read_impersonation(const struct reading *r)
{
    struct kube_identity *identity = r->identity;
    identity->as = flag_or_field(r, r->over->as, "as");
    identity->as_uid = flag_or_field(r, r->over->as_uid, "as-uid");
    if (r->over->as_groups && r->over->as_groups[0])
        identity->as_groups = strings_copy(r->over->as_groups);
    else
        identity->as_groups = kube_strings_read(json_get(r->fields, "as-groups"));
    if (!read_extra(r))
        return false;
    if (identity->as || (!identity->as_uid && !identity->as_groups && !identity->as_extra))
        return true;
    return error_set(r->err, ERROR_INPUT, "to act as a group, uid or with extras, name a user too: --as");
}

/* -- client certificates ------------------------------------------------------------------ */

static bool read_pem(const struct reading *r, const char *flag_path, const char *name, char **pem)
{
    struct kube_source source = {r->config, r->user, name};
    if (!str_empty(flag_path)) {
        char *flag = xasprintf("--%s", name);
        bool done = kube_flag_file(flag_path, flag, pem, r->err);
        free(flag);
        return done;
    }
    return !r->fields || kube_source_read(&source, pem, r->err);
}

static bool read_certificate(const struct reading *r)
{
    struct kube_identity *identity = r->identity;
    char *where = r->user ? kube_config_where(r->config, r->user, NULL) : xstrdup("command line");
    char *cert = xasprintf("%s: client-certificate", where), *key = xasprintf("%s: client-key", where);
    bool done = read_pem(r, r->over->client_certificate, "client-certificate", &identity->cert_pem);
    if (done && identity->cert_pem) {
        done = read_pem(r, r->over->client_key, "client-key", &identity->key_pem);
        if (done && !identity->key_pem)
            done = error_set(r->err, ERROR_INPUT, "%s needs a client-key (or client-key-data) beside it", cert);
        done = done && kube_pem_check_certs(identity->cert_pem, cert, r->err) &&
               kube_pem_check_key(identity->cert_pem, identity->key_pem, key, r->err);
    }
    free(where);
    free(cert);
    free(key);
    return done;
}

/* -- how one logs in ------------------------------------------------------------------------ */

/* client-go gave these up in 1.26; each has a plugin now. */
static bool refuse_provider(const struct reading *r, const struct json *provider)
{
    static const struct {
        const char *name, *instead;
    } known[] = {
        {"gcp", "install gke-gcloud-auth-plugin and run: gcloud container clusters get-credentials"},
        {"azure", "install kubelogin and run: kubelogin convert-kubeconfig"},
        {"oidc", "use an exec plugin such as kubectl oidc-login"},
    };
    const char *name = json_string(provider, "name"), *instead = "use an exec plugin, or --token";
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_same(name, known[i].name))
            instead = known[i].instead;
    }
    return kube_user_wrong(r->config, r->user, provider, r->err,
                           "auth-provider \"%.40s\" is no more, in kubectl neither: %s",
                           name ? name : "", instead);
}

/* A kind of login from the command line takes the place of all that the file has. */
static bool read_flags(const struct reading *r, bool *given)
{
    const struct kube_overrides *over = r->over;
    struct kube_identity *identity = r->identity;
    bool token = !str_empty(over->token), file = !str_empty(over->token_file);
    bool basic = !str_empty(over->username) || !str_empty(over->password);
    *given = token || file || basic;
    if (token + file + basic > 1)
        return error_set(r->err, ERROR_USAGE, "give one of --token, --token-file and --username with --password");
    identity->kind = token ? KUBE_AUTH_TOKEN : file ? KUBE_AUTH_TOKEN_FILE : basic ? KUBE_AUTH_BASIC : KUBE_AUTH_NONE;
    identity->token = token ? xstrdup(over->token) : NULL;
    identity->token_file = file ? xstrdup(over->token_file) : NULL;
    if (basic) {
        identity->username = flag_or_field(r, over->username, "username");
        identity->password = flag_or_field(r, over->password, "password");
    }
    return true;
}

static bool read_fields(const struct reading *r)
{
    struct kube_identity *identity = r->identity;
    const struct json *provider = json_get(r->fields, "auth-provider"), *exec = json_get(r->fields, "exec");
    if (!json_is_null(provider))
        return refuse_provider(r, provider);
    identity->token = kube_config_scalar(json_get(r->fields, "token"));
    identity->username = kube_config_scalar(json_get(r->fields, "username"));
    identity->password = kube_config_scalar(json_get(r->fields, "password"));
    char *file = kube_config_scalar(json_get(r->fields, "tokenFile"));
    if (file)
        identity->token_file = kube_entry_path(r->config, r->user, file);
    free(file);
    bool basic = identity->username || identity->password;
    if (basic && (identity->token || identity->token_file))
        return kube_user_wrong(r->config, r->user, json_get(r->fields, "username"), r->err,
                               "a token and a user name are given: take one of them out");
    if (identity->token_file) /* wins over the token, which serves until the file can be read */
        identity->kind = KUBE_AUTH_TOKEN_FILE;
    else if (identity->token)
        identity->kind = KUBE_AUTH_TOKEN;
    else if (basic)
        identity->kind = KUBE_AUTH_BASIC;
    else if (!json_is_null(exec) && !identity->cert_pem) /* a certificate makes the plugin needless */
        return kube_exec_read(identity, r->config, r->user, exec, r->err);
    return true;
}

bool kube_identity_read(struct kube_identity *identity, const struct kube_config *config, const struct kube_entry *user,
                        const struct kube_overrides *over, bool secure, struct error *err)
{
    struct reading r = {identity, config, user, user ? user->value : NULL, over, err};
    bool given = false;
    if (!read_impersonation(&r))
        return false;
    if (!secure)
        return true;
    return read_certificate(&r) && read_flags(&r, &given) && (given || !r.fields || read_fields(&r));
}
