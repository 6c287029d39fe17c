#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/job.h>

#include "argv_private.h"

/* The Job, part by part as TiDB Operator builds its own. What is not as there, and why, is the table in
 * tests/unit/br/test_job.c. */

enum { JOB_NAME_MAX = 63, LABEL_MAX = 63 };

/* -- name, labels, annotations --------------------------------------------------------------------- */

/* "brdeck-status-log-orders-19a8b3c4d5e-0a1b2c3d": a label of DNS, as Pods are named after it. */
static char *job_name(const char *backup, const char *command, const char *run_id)
{
    char *head = xasprintf("brdeck-%s-", command);
    size_t fixed = strlen(head) + 1 + strlen(run_id), room = fixed < JOB_NAME_MAX ? JOB_NAME_MAX - fixed : 0;
    struct str name;
    str_init(&name, 256);
    str_add(&name, head);
    str_addn(&name, backup, strnlen(backup, room));
    for (char *c = name.data; *c; c++)
        *c = isalnum((unsigned char)*c) ? *c : '-';
    while (name.len && name.data[name.len - 1] == '-')
        str_truncate(&name, name.len - 1);
    str_addf(&name, "-%s", run_id);
    free(head);
    return str_take(&name);
}

/* Not copied from the Backup: what would have somebody take the Job for his own. */
static const char *const not_copied[] = {
    "tidb.pingcap.com/", "pingcap.com/", "app.kubernetes.io/", "brdeck/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "meta.helm.sh/",
};

static bool is_copied(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(not_copied); i++)
        if (str_starts(key, not_copied[i]))
            return false;
    return true;
}

static struct json *copied(const struct json *map)
{
    struct json *copy = json_new_object();
    if (json_type(map) == JSON_OBJECT)
        JSON_EACH (entry, map)
            if (json_text(entry) && is_copied(json_key(entry)))
                json_set_string(copy, json_key(entry), json_text(entry));
    return copy;
}

static struct json *labels_of(const struct json *metadata, const struct br_job_spec *spec)
{
    struct json *labels = copied(json_get(metadata, "labels"));
    const char *name = json_string(metadata, "name");
    bool fits = strlen(name) <= LABEL_MAX; /* a Backup's name may be longer than a label's value */
    json_set_string(labels, "app.kubernetes.io/component", "backup");
    if (fits)
        json_set_string(labels, "app.kubernetes.io/instance", name);
    json_set_string(labels, "app.kubernetes.io/name", "backup");
    json_set_string(labels, "app.kubernetes.io/managed-by", BR_JOB_MANAGED_BY);
    if (fits)
        json_set_string(labels, BR_JOB_BACKUP_LABEL, name);
    json_set_string(labels, BR_JOB_COMMAND_LABEL, br_command_table[spec->argv.command].id);
    json_set_string(labels, BR_JOB_RUN_LABEL, spec->run_id);
    return labels;
}

static struct json *annotations_of(const struct json *metadata, const struct br_job_spec *spec)
{
    struct json *annotations = copied(json_get(metadata, "annotations"));
    json_set_string(annotations, BR_JOB_RUN_LABEL, spec->run_id);
    json_set_string(annotations, BR_JOB_BACKUP_LABEL, json_string(metadata, "name"));
    return annotations;
}

/* No controller: the operator watches the Jobs it controls, and would reconcile the Backup at each change of this one.
 * Nor does the Job keep the Backup from going. */
static struct json *owner_of(const struct json *backup)
{
    const struct json *metadata = json_get(backup, "metadata");
    struct json *owners = json_new_array(), *owner = json_new_object();
    json_set_string(owner, "apiVersion", json_string(backup, "apiVersion"));
    json_set_string(owner, "kind", json_string(backup, "kind"));
    json_set_string(owner, "name", json_string(metadata, "name"));
    json_set_string(owner, "uid", json_string(metadata, "uid"));
    json_set_bool(owner, "controller", false);
    json_set_bool(owner, "blockOwnerDeletion", false);
    json_append(owners, owner);
    return owners;
}

/* -- the container ------------------------------------------------------------------------------------ */

/* The API server expands $(NAME) in args; a text of the Backup's is none of that. */
static void append_arg(struct json *args, const char *word)
{
    struct str text;
    str_init(&text, STR_SMALL);
    for (const char *c = word; *c; c++) {
        if (c[0] == '$' && c[1] == '(')
            str_addc(&text, '$');
        str_addc(&text, *c);
    }
    json_append(args, json_new_string(text.data));
    str_done(&text);
}

/* toolImage, with TiKV's version where it has no ':' of its own (a registry's port counts: so does the operator). */
static char *image_of(const struct br_job_spec *spec, const struct json *body, struct error *err)
{
    const char *tool = json_string(body, "toolImage");
    const char *version = spec->argv.cluster ? spec->argv.cluster->version : "";
    if (!str_empty(spec->image))
        return xstrdup(spec->image);
    if (!str_empty(tool) && strchr(tool, ':'))
        return xstrdup(tool);
    if (!str_empty(version))
        return xasprintf("%s:%s", str_empty(tool) ? "pingcap/br" : tool, version);
    error_set(err, ERROR_MISSING,
              "which br fits cannot be told: TiKV's version is not known (%s); name one with --image",
              spec->argv.cluster && spec->argv.cluster->error.code ? spec->argv.cluster->error.text :
                                                                     "the cluster has no TiKVGroup with a version");
    return NULL;
}

/* spec.env takes the place of what has the same name, else it follows. */
static struct json *overlay(struct json *env, const struct json *own)
{
    struct json *all = json_new_array();
    JSON_EACH (entry, env) {
        const struct json *use = entry;
        JSON_EACH (other, own)
            if (str_same(json_string(other, "name"), json_string(entry, "name")))
                use = other;
        json_append(all, json_copy(use));
    }
    JSON_EACH (other, own) {
        bool there = false;
        JSON_EACH (entry, env)
            there = there || str_same(json_string(other, "name"), json_string(entry, "name"));
        if (!there)
            json_append(all, json_copy(other));
    }
    json_free(&env);
    return all;
}

/* A probe's log stays in the container (/tmp/br.log), so that its answer stands alone; a failure is on stderr all the
 * same. A verb's log is wanted. The operator's value is U+0001; any will do. */
static struct json *env_of(const struct br_job_spec *spec, const struct json *body, struct error *err)
{
    const struct br_command_info *info = &br_command_table[spec->argv.command];
    struct json *env = json_new_array();
    if (info->needs_storage && !argv_storage_env(env, body, err)) {
        json_free(&env);
        return NULL;
    }
    if (!info->reads_only)
        json_append(env, argv_env("BR_LOG_TO_TERM", "1"));
    return overlay(env, json_get(body, "env"));
}

static struct json *volume(const char *name, const char *secret)
{
    struct json *volume = json_new_object();
    json_set_string(volume, "name", name);
    json_set_string(json_object_in(volume, "secret"), "secretName", secret);
    return volume;
}

static struct json *mount(const char *name, const char *path)
{
    struct json *mount = json_new_object();
    json_set_string(mount, "name", name);
    json_set_bool(mount, "readOnly", true);
    json_set_string(mount, "mountPath", path);
    return mount;
}

static void append_all(struct json *array, const struct json *more)
{
    JSON_EACH (one, more)
        json_append(array, json_copy(one));
}

static void add_volumes(const struct br_job_spec *spec, const struct json *body, struct json *volumes,
                        struct json *mounts)
{
    const struct br_command_info *info = &br_command_table[spec->argv.command];
    const struct br_cluster *cluster = spec->argv.cluster;
    const char *kind, *gcs_secret = json_string(json_get(body, "gcs"), "secretName");
    const struct json *storage = argv_storage(body, &kind);
    if (cluster && cluster->tls && !spec->argv.ca && cluster->tls_secret[0] && (info->needs_pd || !info->reads_only)) {
        json_append(volumes, volume("ti-cluster-client-tls", cluster->tls_secret));
        json_append(mounts, mount("ti-cluster-client-tls", "/var/lib/cluster-client-tls"));
    }
    if (info->needs_storage && str_same(kind, "gcs") && !str_empty(gcs_secret)) {
        json_append(volumes, volume("gcs-credentials", gcs_secret));
        json_append(mounts, mount("gcs-credentials", "/gcs"));
    }
    append_all(volumes, json_get(body, "additionalVolumes"));
    append_all(mounts, json_get(body, "additionalVolumeMounts"));
    if (info->needs_storage && str_same(kind, "local")) {
        json_append(volumes, json_copy(json_get(storage, "volume")));
        json_append(mounts, json_copy(json_get(storage, "volumeMount")));
    }
}

/* -- the parts that are copied as they are -------------------------------------------------------------- */

static const struct {
    const char *from, *to;
    enum json_type type;
} pod_fields[] = {
    {"podSecurityContext", "securityContext", JSON_OBJECT}, {"tolerations", "tolerations", JSON_ARRAY},
    {"imagePullSecrets", "imagePullSecrets", JSON_ARRAY},   {"affinity", "affinity", JSON_OBJECT},
    {"priorityClassName", "priorityClassName", JSON_STRING},
};
static const struct {
    const char *from;
    enum json_type type, of; /* of: what the entries of an array are */
} checked_fields[] = {
    {"resources", JSON_OBJECT, JSON_NONE},          {"env", JSON_ARRAY, JSON_OBJECT},
    {"additionalVolumes", JSON_ARRAY, JSON_OBJECT}, {"additionalVolumeMounts", JSON_ARRAY, JSON_OBJECT},
    {"tolerations", JSON_ARRAY, JSON_OBJECT},       {"imagePullSecrets", JSON_ARRAY, JSON_OBJECT},
    {"podSecurityContext", JSON_OBJECT, JSON_NONE}, {"affinity", JSON_OBJECT, JSON_NONE},
    {"priorityClassName", JSON_STRING, JSON_NONE},  {"br", JSON_OBJECT, JSON_NONE},
};

/* What the CRD promises, looked at again: an object may be older than its CRD. */
static bool check_types(const struct json *body, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checked_fields); i++) {
        const struct json *value = json_get(body, checked_fields[i].from);
        bool good = json_is_null(value) || json_type(value) == checked_fields[i].type;
        if (good && checked_fields[i].of)
            JSON_EACH (one, value)
                good = good && json_type(one) == checked_fields[i].of;
        if (!good)
            return error_set(err, ERROR_INPUT,
                             "spec.%s of the Backup is not what it should be: no Job can be made of it",
                             checked_fields[i].from);
    }
    return true;
}

static struct json *container_of(const struct br_job_spec *spec, const struct json *body, char *const *argv,
                                 struct json *mounts, struct error *err)
{
    struct json *container = json_new_object(), *command = json_new_array(), *args = json_new_array();
    const struct json *resources = json_get(body, "resources");
    char *image = image_of(spec, body, err);
    struct json *env = image ? env_of(spec, body, err) : NULL;
    json_append(command, json_new_string("/br"));
    for (size_t i = 0; argv[i]; i++)
        append_arg(args, argv[i]);
    json_set_string(container, "name", BR_JOB_CONTAINER);
    json_set_string(container, "image", image);
    json_set_string(container, "imagePullPolicy", "IfNotPresent");
    json_set(container, "command", command);
    json_set(container, "args", args);
    json_set(container, "env", env ? env : json_new_array());
    json_set(container, "resources", resources ? json_copy(resources) : json_new_object());
    json_set(container, "volumeMounts", mounts);
    json_set_string(container, "terminationMessagePolicy", "FallbackToLogsOnError");
    free(image);
    if (!env)
        json_free(&container);
    return container;
}

static struct json *pod_of(const struct br_job_spec *spec, const struct json *body, char *const *argv,
                           struct error *err)
{
    struct json *volumes = json_new_array(), *mounts = json_new_array(), *containers = json_new_array();
    const char *account = json_string(body, "serviceAccount");
    add_volumes(spec, body, volumes, mounts);
    struct json *container = container_of(spec, body, argv, mounts, err), *pod = json_new_object();
    json_set(pod, "containers", containers);
    if (container)
        json_append(containers, container);
    json_set_string(pod, "restartPolicy", "Never");
    json_set_string(pod, "serviceAccountName", str_empty(account) ? "tidb-backup-manager" : account);
    json_set_bool(pod, "automountServiceAccountToken", false);
    json_set(pod, "volumes", volumes);
    for (size_t i = 0; i < ARRAY_LEN(pod_fields); i++)
        if (json_type(json_get(body, pod_fields[i].from)) == pod_fields[i].type)
            json_set(pod, pod_fields[i].to, json_copy(json_get(body, pod_fields[i].from)));
    if (!container)
        json_free(&pod);
    return pod;
}

/* -- the Job ----------------------------------------------------------------------------------------------- */

static bool check(const struct br_job_spec *spec, char *const *argv, struct error *err)
{
    const struct json *metadata = json_get(spec->argv.backup, "metadata");
    const char *secret = br_argv_secret(argv);
    if (str_empty(json_string(metadata, "name")) || str_empty(json_string(metadata, "namespace")))
        return error_set(err, ERROR_INPUT, "the Backup has no name or namespace: no Job can be made of it");
    if (br_argv_needs_sas(spec->argv.backup, spec->argv.command))
        return error_set(err, ERROR_REFUSED,
                         "the storage is opened by azblob.sasToken, which br takes in its arguments only, where "
                         "whoever may read Jobs would read it: ask with --driver local and AZURE_STORAGE_KEY in your "
                         "environment");
    if (secret)
        return error_set(err, ERROR_REFUSED,
                         "%.*s holds a secret, and whoever may read Jobs would read it: run it by hand",
                         (int)strcspn(secret, "="), secret);
    const struct json *body = json_get(spec->argv.backup, "spec"), *local = json_get(body, "local");
    const char *kind;
    argv_storage(body, &kind);
    if (str_same(kind, "local") && (json_type(json_get(local, "volume")) != JSON_OBJECT ||
                                    json_type(json_get(local, "volumeMount")) != JSON_OBJECT))
        return error_set(err, ERROR_INPUT,
                         "spec.local of the Backup has no volume or volumeMount: no Job can be made of it");
    return check_types(body, err);
}

static struct json *make(const struct br_job_spec *spec, struct json *pod)
{
    const struct json *backup = spec->argv.backup, *metadata = json_get(backup, "metadata");
    const struct br_command_info *info = &br_command_table[spec->argv.command];
    struct json *job = json_new_object();
    char *name = job_name(json_string(metadata, "name"), info->id, spec->run_id);
    json_set_string(job, "apiVersion", "batch/v1");
    json_set_string(job, "kind", "Job");
    struct json *meta = json_object_in(job, "metadata");
    json_set_string(meta, "name", name);
    json_set_string(meta, "namespace", json_string(metadata, "namespace"));
    json_set(meta, "labels", labels_of(metadata, spec));
    json_set(meta, "annotations", annotations_of(metadata, spec));
    if (spec->owned)
        json_set(meta, "ownerReferences", owner_of(backup));
    struct json *body = json_object_in(job, "spec");
    json_set_int(body, "backoffLimit", 0);
    json_set_int(body, "ttlSecondsAfterFinished", spec->ttl_s ? spec->ttl_s : BR_JOB_TTL_S);
    if (info->reads_only)
        json_set_int(body, "activeDeadlineSeconds", BR_JOB_PROBE_DEADLINE_S);
    struct json *template = json_object_in(body, "template");
    json_set(json_object_in(template, "metadata"), "labels", labels_of(metadata, spec));
    json_set(json_object_in(template, "metadata"), "annotations", annotations_of(metadata, spec));
    json_set(template, "spec", pod);
    free(name);
    return job;
}

struct json *br_job_manifest(const struct br_job_spec *spec, struct error *err)
{
    char **argv = br_argv_new(&spec->argv, err);
    struct json *pod = NULL;
    if (argv && check(spec, argv, err))
        pod = pod_of(spec, json_get(spec->argv.backup, "spec"), argv, err);
    br_argv_free(&argv);
    return pod ? make(spec, pod) : NULL;
}
