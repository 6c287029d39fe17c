#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "argv_private.h"

/* Storage as TiDB Operator hands it to br: one row of the table a kind, flags and environment in its order. */

/* -- the path ---------------------------------------------------------------------------------- */

/* Append the parts of @path that are some, each after a '/' ("a//b/" and "/a/./b" are a/b), as Go's path.Join does;
 * ".." takes one away, but nothing of what stood before @floor. */
static void add_path(struct str *out, const char *path, size_t floor)
{
    for (const char *at = path ? path : ""; *at; at += strspn(at, "/")) {
        size_t len = strcspn(at, "/");
        bool up = len == 2 && at[0] == '.' && at[1] == '.';
        if (up) {
            while (out->len > floor && out->data[out->len - 1] != '/')
                str_truncate(out, out->len - 1);
            if (out->len > floor)
                str_truncate(out, out->len - 1);
        } else if (len > 0 && !(len == 1 && at[0] == '.')) {
            if (out->len > floor || out->data[out->len - 1] != '/')
                str_addc(out, '/');
            str_addn(out, at, len);
        }
        at += len;
    }
}

static const struct storage_kind {
    const char *member, *scheme, *place;
    bool slash; /* at the end */
    struct { const char *flag, *field; } flags[6];
} storage_kinds[] = {
    {"s3", "s3://", "bucket", false,
     {{"--s3.region", "region"}, {"--s3.provider", "provider"}, {"--s3.endpoint", "endpoint"}, {"--s3.sse", "sse"},
      {"--s3.acl", "acl"}, {"--s3.storage-class", "storageClass"}}},
    {"gcs", "gcs://", "bucket", true,
     {{"--gcs.storage-class", "storageClass"}, {"--gcs.predefined-acl", "objectAcl"}}},
    {"azblob", "azure://", "container", true, {{"--azblob.access-tier", "accessTier"}}},
    {"local", "local://", NULL, false, {{0}}},
};

static const struct storage_kind *kind_of(const struct json *spec)
{
    for (size_t i = 0; i < ARRAY_LEN(storage_kinds); i++)
        if (json_type(json_get(spec, storage_kinds[i].member)) == JSON_OBJECT)
            return &storage_kinds[i];
    return NULL;
}

const struct json *argv_storage(const struct json *spec, const char **kind)
{
    const struct storage_kind *found = kind_of(spec);
    *kind = found ? found->member : NULL;
    return found ? json_get(spec, found->member) : NULL;
}

static const char no_storage[] = "the Backup's spec names no storage (s3, gcs, azblob or local), so br has nothing to "
                                 "read";

bool argv_add_storage(struct argv_list *list, const struct json *spec, struct error *err)
{
    const struct storage_kind *kind = kind_of(spec);
    if (!kind)
        return error_set(err, ERROR_INPUT, "%s", no_storage);
    const struct json *storage = json_get(spec, kind->member);
    const char *place = kind->place ? json_string(storage, kind->place) :
                                      json_string(json_get(storage, "volumeMount"), "mountPath");
    if (str_empty(place))
        return error_set(err, ERROR_INPUT, "spec.%s has no %s, so br has nothing to read", kind->member,
                         kind->place ? kind->place : "volumeMount.mountPath");
    struct str url;
    str_init(&url, STR_SMALL);
    str_add(&url, kind->scheme);
    size_t floor = url.len;
    if (!kind->place)
        str_addc(&url, '/');
    add_path(&url, place, floor + !kind->place);
    add_path(&url, json_string(storage, "prefix"), floor + !kind->place);
    if (kind->slash)
        str_addc(&url, '/');
    if (str_same(kind->member, "azblob") && !str_empty(json_string(storage, "storageAccount"))) {
        str_add(&url, "?account-name=");
        str_add_escaped(&url, json_string(storage, "storageAccount"));
    }
    argv_add_flag(list, "--storage", url.data);
    str_done(&url);
    for (size_t i = 0; i < ARRAY_LEN(kind->flags) && kind->flags[i].flag; i++)
        argv_add_flag(list, kind->flags[i].flag, json_string(storage, kind->flags[i].field));
    return true;
}

/* -- the environment ------------------------------------------------------------------------------ */

/* A value that is empty is left out, as the operator's JSON does. */
struct json *argv_env(const char *name, const char *value)
{
    struct json *env = json_new_object();
    json_set_string(env, "name", name);
    if (!str_empty(value))
        json_set_string(env, "value", value);
    return env;
}

static struct json *argv_env_secret(const char *name, const char *secret, const char *key, bool optional)
{
    struct json *env = json_new_object();
    json_set_string(env, "name", name);
    struct json *ref = json_object_in(json_object_in(env, "valueFrom"), "secretKeyRef");
    json_set_string(ref, "name", secret);
    json_set_string(ref, "key", key);
    if (optional)
        json_set_bool(ref, "optional", true);
    return env;
}

static const char *or_else(const char *text, const char *other) { return str_empty(text) ? other : text; }

static bool env_s3(struct json *env, const struct json *spec, const struct json *s3, struct error *err)
{
    const char *provider = json_string(s3, "provider"), *endpoint = json_string(s3, "endpoint");
    const char *secret = json_string(s3, "secretName"), *region = json_string(s3, "region");
    const char *acl = json_string(s3, "acl"), *class = json_string(s3, "storageClass");
    bool aws = str_same(provider, "aws"), ceph = str_same(provider, "ceph");
    bool bare = ceph && !str_empty(endpoint) && !strstr(endpoint, "://");
    if (ceph && !bare && !str_starts(endpoint, "http://"))
        return error_set(err, ERROR_INPUT, "spec.s3.endpoint must begin with http:// where the provider is ceph");
    char *full = bare ? xasprintf("http://%s", endpoint) : xstrdup(endpoint);
    json_append(env, argv_env("S3_PROVIDER", provider));
    json_append(env, argv_env("S3_ENDPOINT", full));
    json_append(env, argv_env("AWS_REGION", region));
    json_append(env, argv_env("AWS_ACL", or_else(acl, aws ? "private" : NULL)));
    json_append(env, argv_env("AWS_STORAGE_CLASS", or_else(class, aws ? "STANDARD_IA" : NULL)));
    free(full);
    if (json_is_true(json_get(spec, "useKMS")))
        json_append(env, argv_env("AWS_DEFAULT_REGION", region));
    if (str_empty(secret))
        return true;
    json_append(env, argv_env_secret("AWS_ACCESS_KEY_ID", secret, "access_key", false));
    json_append(env, argv_env_secret("AWS_SECRET_ACCESS_KEY", secret, "secret_key", false));
    return true;
}

static bool env_gcs(struct json *env, const struct json *spec, const struct json *gcs, struct error *err)
{
    static const struct { const char *name, *field; } rows[] = {
        {"GCS_PROJECT_ID", "projectId"}, {"GCS_OBJECT_ACL", "objectAcl"}, {"GCS_BUCKET_ACL", "bucketAcl"},
        {"GCS_LOCATION", "location"}, {"GCS_STORAGE_CLASS", "storageClass"},
    };
    const char *secret = json_string(gcs, "secretName");
    (void)spec;
    if (str_empty(json_string(gcs, "projectId")))
        return error_set(err, ERROR_INPUT, "spec.gcs has no projectId");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        json_append(env, argv_env(rows[i].name, json_string(gcs, rows[i].field)));
    if (str_empty(secret))
        return true;
    json_append(env, argv_env_secret("GCS_SERVICE_ACCOUNT_JSON_KEY", secret, "credentials", false));
    json_append(env, argv_env("GOOGLE_APPLICATION_CREDENTIALS", "/gcs/credentials"));
    return true;
}

/* The operator reads the Secret to see whether it has a shared key or a login of AAD. brdeck may not read Secrets: both
 * are named, and what is not there is no error. */
static bool env_azblob(struct json *env, const struct json *spec, const struct json *azblob, struct error *err)
{
    static const char *const keys[] = {
        "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_STORAGE_KEY",
    };
    static const char name[] = "AZURE_STORAGE_ACCOUNT";
    const char *secret = json_string(azblob, "secretName"), *account = json_string(azblob, "storageAccount");
    (void)spec;
    if (str_empty(account) && str_empty(secret))
        return error_set(err, ERROR_INPUT, "spec.azblob names neither a storageAccount nor a secretName");
    json_append(env, argv_env("AZURE_ACCESS_TIER", or_else(json_string(azblob, "accessTier"), "Cool")));
    json_append(env, str_empty(account) ? argv_env_secret(name, secret, name, false) : argv_env(name, account));
    for (size_t i = 0; !str_empty(secret) && i < ARRAY_LEN(keys); i++)
        json_append(env, argv_env_secret(keys[i], secret, keys[i], true));
    return true;
}

static bool env_none(struct json *env, const struct json *spec, const struct json *local, struct error *err)
{
    (void)env;
    (void)spec;
    (void)local;
    (void)err;
    return true;
}

static const struct {
    const char *member;
    bool (*add)(struct json *env, const struct json *spec, const struct json *storage, struct error *err);
} env_kinds[] = {{"s3", env_s3}, {"gcs", env_gcs}, {"azblob", env_azblob}, {"local", env_none}};

bool argv_storage_env(struct json *env, const struct json *spec, struct error *err)
{
    const char *kind;
    const struct json *storage = argv_storage(spec, &kind);
    for (size_t i = 0; storage && i < ARRAY_LEN(env_kinds); i++)
        if (str_same(kind, env_kinds[i].member))
            return env_kinds[i].add(env, spec, storage, err);
    return error_set(err, ERROR_INPUT, "%s", no_storage);
}
