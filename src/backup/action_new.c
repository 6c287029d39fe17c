#include <config.h>

#include <brdeck/backup/action.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>

enum {
    NAME_MAX_BYTES = 43, /* backup-NAME-log-truncate fits 63 */
    NS_MAX_BYTES = 63,
    FULL_MAX_BYTES = 56, /* backup-NAME fits 63 */
    FULL_CLUSTER_MAX = FULL_MAX_BYTES - (int)sizeof "full--20060102-1504" + 1,
};

/* Storage as URLs name it and as the spec holds it. */
static const struct storage_kind {
    const char *scheme, *member, *place;
} storage_kinds[] = {
    {"s3://", "s3", "bucket"},
    {"gcs://", "gcs", "bucket"},
    {"gs://", "gcs", "bucket"},
    {"azure://", "azblob", "container"},
    {"azblob://", "azblob", "container"},
    {"local://", "local", NULL},
};

/* What would act at once, or belongs to the old task. */
static const char *const not_taken_over[] = {"logSubcommand", "logStop", "logTruncateUntil", "commitTs"};

/* An RFC 1123 name of at most @max bytes; @dots: a subdomain. */
static bool is_name(const char *text, size_t max, bool dots)
{
    size_t len = strlen(text);
    if (len == 0 || len > max || !isalnum((unsigned char)text[0]) || !isalnum((unsigned char)text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool dot_ok = dots && c == '.' && text[i - 1] != '.' && text[i - 1] != '-' && text[i + 1] != '-';
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && !dot_ok)
            return false;
    }
    return true;
}

static bool check_names(const struct log_backup_spec *s, struct error *err)
{
    if (str_empty(s->name))
        return error_set(err, ERROR_INPUT, "name: is missing");
    if (strlen(s->name) > NAME_MAX_BYTES)
        return error_set(err, ERROR_INPUT, "name: %.80s has %zu bytes; at most %d, or the operator cannot make its "
                         "Jobs (backup-NAME-log-truncate must fit 63)", s->name, strlen(s->name), NAME_MAX_BYTES);
    if (!is_name(s->name, NAME_MAX_BYTES, true))
        return error_set(err, ERROR_INPUT, "name: \"%s\" must be lower-case letters, digits, '-' and '.', with a "
                         "letter or digit at both ends", s->name);
    if (str_empty(s->ns) || !is_name(s->ns, NS_MAX_BYTES, false))
        return error_set(err, ERROR_INPUT, "namespace: %s", str_empty(s->ns) ? "is missing" : "is no name of a "
                         "namespace");
    return true;
}

/* The storage member that @spec has, or NULL. */
static const struct storage_kind *storage_of(const struct json *spec)
{
    for (size_t i = 0; i < ARRAY_LEN(storage_kinds); i++)
        if (json_type(json_get(spec, storage_kinds[i].member)) == JSON_OBJECT)
            return &storage_kinds[i];
    return NULL;
}

static const struct storage_kind *kind_of_url(const char *url)
{
    for (size_t i = 0; i < ARRAY_LEN(storage_kinds); i++)
        if (str_starts(url, storage_kinds[i].scheme))
            return &storage_kinds[i];
    return NULL;
}

static void set_if(struct json *object, const char *key, const char *value)
{
    if (!str_empty(value))
        json_set_string(object, key, value);
}

/* "bucket/a/b/": the bucket, and the prefix without slashes at its ends. */
static bool set_place(struct json *storage, const char *place, const char *rest, struct error *err)
{
    size_t len = strcspn(rest, "/");
    const char *prefix = rest + len + strspn(rest + len, "/");
    size_t prefix_len = strlen(prefix);
    if (len == 0)
        return error_set(err, ERROR_INPUT, "storage: no %s is named; want something like s3://bucket/prefix", place);
    if (strpbrk(rest, "?#"))
        return error_set(err, ERROR_INPUT, "storage: options do not belong in the address; give secret, region and "
                         "endpoint on their own");
    while (prefix_len > 0 && prefix[prefix_len - 1] == '/')
        prefix_len--;
    char *text = xstrndup(rest, len);
    json_set_string(storage, place, text);
    free(text);
    text = xstrndup(prefix, prefix_len);
    json_set_string(storage, "prefix", text);
    free(text);
    return true;
}

static bool apply_url(struct json *spec, const char *url, struct error *err)
{
    const struct storage_kind *kind = kind_of_url(url), *old = storage_of(spec);
    if (!kind)
        return error_set(err, ERROR_INPUT, "storage: \"%s\" is none of s3://, gcs://, azure:// and local://", url);
    if (!kind->place)
        return error_set(err, ERROR_INPUT, "storage: local:// needs a volume; write the manifest and use start -f "
                         "FILE");
    if (old && strcmp(old->member, kind->member) != 0)
        json_remove(spec, old->member);
    return set_place(json_object_in(spec, kind->member), kind->place, url + strlen(kind->scheme), err);
}

static bool check_s3(struct json *storage, struct error *err)
{
    const char *endpoint = json_string(storage, "endpoint");
    if (!str_empty(endpoint) && !str_starts(endpoint, "http://") && !str_starts(endpoint, "https://"))
        return error_set(err, ERROR_INPUT, "endpoint: \"%s\" must begin with http:// or https://", endpoint);
    if (!str_empty(json_string(storage, "provider")))
        return true;
    if (!str_empty(endpoint))
        return error_set(err, ERROR_INPUT, "provider: is missing; with an endpoint of its own S3 needs one: aws, "
                         "ceph, minio, alibaba ...");
    json_set_string(storage, "provider", "aws");
    return true;
}

static bool apply_storage(struct json *spec, const struct log_backup_spec *s, struct error *err)
{
    if (!str_empty(s->storage_url) && !apply_url(spec, s->storage_url, err))
        return false;
    const struct storage_kind *kind = storage_of(spec);
    if (!kind)
        return error_set(err, ERROR_INPUT, "storage: is missing; want something like s3://bucket/prefix");
    struct json *storage = json_object_in(spec, kind->member);
    if (kind->place && str_empty(json_string(storage, kind->place)))
        return error_set(err, ERROR_INPUT, "storage: no %s is named", kind->place);
    set_if(storage, "prefix", s->prefix);
    set_if(storage, "secretName", kind->place ? s->secret : NULL);
    if (strcmp(kind->member, "gcs") == 0) {
        set_if(storage, "projectId", s->project);
        if (str_empty(json_string(storage, "projectId")))
            return error_set(err, ERROR_INPUT, "project: is missing; the operator wants the project id for GCS");
    }
    if (strcmp(kind->member, "s3") != 0)
        return true;
    set_if(storage, "provider", s->provider);
    set_if(storage, "region", s->region);
    set_if(storage, "endpoint", s->endpoint);
    return check_s3(storage, err);
}

static bool apply_cluster(struct json *spec, const struct log_backup_spec *s, struct error *err)
{
    struct json *br = json_object_in(spec, "br");
    set_if(br, "cluster", s->cluster);
    set_if(br, "clusterNamespace", s->cluster_ns);
    if (str_empty(json_string(br, "cluster")))
        return error_set(err, ERROR_INPUT, "cluster: is missing");
    const char *ns = json_string(br, "clusterNamespace");
    if (!s->v1 && !str_empty(ns) && strcmp(ns, s->ns) != 0)
        return error_set(err, ERROR_INPUT, "cluster namespace: TiDB Operator v2 looks for the Cluster in the "
                         "Backup's own namespace; make the Backup in %s", ns);
    return true;
}

static bool apply_start(struct json *spec, const struct log_backup_spec *s, struct error *err)
{
    if (str_empty(s->start_ts))
        return true;
    if (strspn(s->start_ts, "0123456789") != strlen(s->start_ts) || tso_from_status(s->start_ts) == 0)
        return error_set(err, ERROR_INPUT, "start: \"%s\" is no TSO", s->start_ts);
    json_set_string(spec, "commitTs", s->start_ts);
    return true;
}

/* A stopped task's own prefix continues its log, which only the same cluster may do. */
static bool check_prefix(const struct json *manifest, const struct json *from, struct error *err)
{
    char old_cluster[RECORD_CLUSTER_MAX], new_cluster[RECORD_CLUSTER_MAX];
    struct intern *pool = intern_new();
    struct backup_record *old = record_decode(from, pool), *made = record_decode(manifest, pool);
    bool ok = strcmp(old->storage, made->storage) != 0 ||
              strcmp(record_cluster(old, old_cluster), record_cluster(made, new_cluster)) == 0;
    if (!ok)
        error_set(err, ERROR_INPUT, "prefix: %s holds the log of another cluster (%s); give a new prefix", old->storage,
                  old_cluster);
    record_free(&old);
    record_free(&made);
    intern_free(&pool);
    return ok;
}

static struct json *new_metadata(const struct log_backup_spec *s)
{
    static const char role[] = "iam.amazonaws.com/role"; /* kube2iam's: the operator copies it to the Pod */
    struct json *metadata = json_new_object();
    json_set_string(metadata, "name", s->name);
    json_set_string(metadata, "namespace", s->ns);
    const char *value = json_text(json_at(s->from, "metadata", "annotations", role, NULL));
    if (value)
        json_set_string(json_object_in(metadata, "annotations"), role, value);
    return metadata;
}

struct json *action_new_log_backup(const struct log_backup_spec *s, struct error *err)
{
    if (!check_names(s, err))
        return NULL;
    struct json *manifest = json_new_object();
    json_set_string(manifest, "apiVersion", s->v1 ? "pingcap.com/v1alpha1" : "br.pingcap.com/v1alpha1");
    json_set_string(manifest, "kind", "Backup");
    json_set(manifest, "metadata", new_metadata(s));
    const struct json *old = json_get(s->from, "spec");
    if (json_type(old) == JSON_OBJECT)
        json_set(manifest, "spec", json_copy(old));
    struct json *spec = json_object_in(manifest, "spec");
    for (size_t i = 0; i < ARRAY_LEN(not_taken_over); i++)
        json_remove(spec, not_taken_over[i]);
    json_set_string(spec, "backupMode", "log");
    set_if(spec, "serviceAccount", s->service_account);
    if (!apply_cluster(spec, s, err) || !apply_storage(spec, s, err) || !apply_start(spec, s, err) ||
        (s->from && !check_prefix(manifest, s->from, err)))
        json_free(&manifest);
    return manifest;
}

/* -- a full snapshot -------------------------------------------------------------------- */

/* Whether @value, of the storage @member, is of the type that its key has in the CRD. */
static bool is_storage_value(const struct json *value, const char *member)
{
    const char *key = json_key(value);
    if (str_same(member, "local") && str_starts(key, "volume"))
        return json_type(value) == JSON_OBJECT;
    if (str_same(key, "forcePathStyle"))
        return json_type(value) == JSON_BOOL;
    if (!str_same(key, "options"))
        return json_text(value) != NULL;
    JSON_EACH (item, value)
        if (!json_text(item))
            return false;
    return json_type(value) == JSON_ARRAY;
}

/* Beside the old prefix: neither below nor above it, or the one would be deleted with the other. */
static char *sibling_of(const char *prefix, const char *name)
{
    size_t len = prefix ? strlen(prefix) : 0;
    while (len > 0 && prefix[len - 1] == '/')
        len--;
    while (len > 0 && prefix[len - 1] != '/')
        len--;
    return xasprintf("%.*s%s", (int)len, len ? prefix : "", name);
}

static bool take_storage(struct json *spec, const struct json *old, const char *name, struct error *err)
{
    const struct storage_kind *kind = storage_of(old);
    if (!kind)
        return error_set(err, ERROR_INPUT, "storage: it has none to be taken over");
    const struct json *from = json_get(old, kind->member);
    const struct json *prefix = json_get(from, "prefix");
    struct json *storage = json_object_in(spec, kind->member);
    JSON_EACH (value, from) {
        if (json_is_null(value))
            continue;
        if (!is_storage_value(value, kind->member))
            return error_set(err, ERROR_INPUT, "storage: its %s.%.40s is of a type that it cannot be", kind->member,
                             json_key(value));
        json_set(storage, json_key(value), json_copy(value));
    }
    if (kind->place && str_empty(json_string(storage, kind->place)))
        return error_set(err, ERROR_INPUT, "storage: no %s is named", kind->place);
    char *text = sibling_of(json_text(prefix), name);
    json_set_string(storage, "prefix", text);
    free(text);
    return true;
}

/* full-CLUSTER-YYYYMMDD-HHMM; a long name of a cluster is cut. */
static bool name_full(char name[FULL_MAX_BYTES + 1], const char *cluster, int64_t now_ms, struct error *err)
{
    struct tm tm;
    time_t now = (time_t)(now_ms / 1000);
    char when[sizeof "20060102-1504"];
    size_t len = cluster ? strlen(cluster) : 0;
    if (len == 0)
        return error_set(err, ERROR_INPUT, "cluster: it names none (spec.br.cluster)");
    if (!is_name(cluster, NS_MAX_BYTES, true))
        return error_set(err, ERROR_INPUT, "cluster: \"%.80s\" is no name of a cluster", cluster);
    len = len < FULL_CLUSTER_MAX ? len : FULL_CLUSTER_MAX;
    while (!isalnum((unsigned char)cluster[len - 1]))
        len--;
    if (!gmtime_r(&now, &tm) || strftime(when, sizeof when, "%Y%m%d-%H%M", &tm) == 0)
        return error_set(err, ERROR_INPUT, "name: the time of the server is none");
    snprintf(name, FULL_MAX_BYTES + 1, "full-%.*s-%s", (int)len, cluster, when);
    return true;
}

struct json *action_new_snapshot(const struct json *from, int64_t now_ms, struct error *err)
{
    char name[FULL_MAX_BYTES + 1];
    const struct json *old = json_get(from, "spec");
    const char *cluster = json_text(json_at(old, "br", "cluster", NULL));
    const char *cluster_ns = json_text(json_at(old, "br", "clusterNamespace", NULL));
    struct log_backup_spec s = {
        .v1 = str_same(json_string(from, "apiVersion"), "pingcap.com/v1alpha1"), .cluster = cluster, .name = name,
        .cluster_ns = cluster_ns, .ns = json_text(json_at(from, "metadata", "namespace", NULL)), .from = from,
    };
    if (!name_full(name, cluster, now_ms, err))
        return NULL;
    if (str_empty(s.ns) || !is_name(s.ns, NS_MAX_BYTES, false)) {
        error_set(err, ERROR_INPUT, "namespace: it has none");
        return NULL;
    }
    struct json *manifest = json_new_object();
    json_set_string(manifest, "apiVersion", s.v1 ? "pingcap.com/v1alpha1" : "br.pingcap.com/v1alpha1");
    json_set_string(manifest, "kind", "Backup");
    json_set(manifest, "metadata", new_metadata(&s));
    struct json *spec = json_object_in(manifest, "spec");
    json_set_string(spec, "backupType", "full");
    json_set_string(spec, "backupMode", "snapshot");
    set_if(spec, "serviceAccount", json_text(json_get(old, "serviceAccount")));
    if (!apply_cluster(spec, &s, err) || !take_storage(spec, old, name, err))
        json_free(&manifest);
    return manifest;
}

bool action_check_manifest(const struct json *doc, const char *where, struct error *err)
{
    const char *api = json_string(doc, "apiVersion"), *kind = json_string(doc, "kind");
    bool known = str_same(api, "br.pingcap.com/v1alpha1") || str_same(api, "pingcap.com/v1alpha1");
    if (!known || !str_same(kind, "Backup"))
        return error_set(err, ERROR_INPUT, "%s is %s %s: want a Backup of br.pingcap.com/v1alpha1 or "
                         "pingcap.com/v1alpha1", where, api ? api : "without apiVersion", kind ? kind : "without kind");
    if (!json_text(json_at(doc, "metadata", "name", NULL)))
        return error_set(err, ERROR_INPUT, "%s has no metadata.name", where);
    return true;
}
