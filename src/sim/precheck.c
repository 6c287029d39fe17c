/* What the operator looks at before it makes a Job: the Cluster, the storage with its Secret, the Job's name. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "crstatus.h"
#include "operator_private.h"
#include "sim.h"
#include "troubles.h"

enum { LABEL_MAX = 63 };

/* The Cluster (v1: TidbCluster) of @backup; the caller frees, NULL: it is not there. */
static struct json *read_cluster(struct operator *op, const struct kind *cr, const struct json *backup)
{
    const char *cluster = json_text(json_at(backup, "spec", "br", "cluster", NULL));
    const char *ns = json_text(json_at(backup, "spec", "br", "clusterNamespace", NULL));
    if (!cr->v1 || !ns)
        ns = cr_text(backup, "metadata", "namespace");
    return cluster ? store_read(op->sim->store, kind_of(cr->v1 ? KIND_TIDB_CLUSTER : KIND_CLUSTER), ns, cluster) : NULL;
}

/* Whether the Cluster is there and lets the operator work, paused and suspended ones do not: else it stands still, also
 * for deletions. */
enum cluster_is check_cluster(struct operator *op, const struct kind *cr, const struct json *backup)
{
    struct json *cluster = read_cluster(op, cr, backup);
    const struct json *spec = json_get(cluster, "spec");
    const char *suspends = cr->v1 ? "suspendStatefulSet" : "suspendCompute";
    bool still = json_is_true(json_get(spec, "paused")) || json_is_true(json_at(spec, "suspendAction", suspends, NULL));
    enum cluster_is is = !cluster ? CLUSTER_MISSING : still ? CLUSTER_STILL : CLUSTER_WELL;
    json_free(&cluster);
    return is;
}

/* What each storage wants of its Secret: one of the keys of each row. */
static const struct storage_key {
    const char *storage;
    const char *keys[3];
    const char *reason; /* where none of them is there */
} storage_keys[] = {
    {"s3", {"access_key"}, "s3KeyNotExist"},
    {"s3", {"secret_key"}, "s3KeyNotExist"},
    {"gcs", {"credentials"}, "gcsKeyNotExist"},
    {"azblob", {"AZURE_STORAGE_ACCOUNT"}, "azblobAccountNotExist"},
    {"azblob", {"AZURE_STORAGE_KEY", "AZURE_CLIENT_ID"}, "azblobKeyOrAADMissing"},
};
static const struct storage_kind {
    const char *name, *secret_reason; /* where the Secret is not there */
} storage_kinds[] = {{"s3", "GetS3SecretFailed"}, {"gcs", "GetGcsSecretFailed"}, {"azblob", "GetAzblobSecretFailed"}};

static bool has_key(const struct json *secret, const struct storage_key *wanted)
{
    for (size_t i = 0; i < ARRAY_LEN(wanted->keys) && wanted->keys[i]; i++)
        if (json_at(secret, "data", wanted->keys[i], NULL) || json_at(secret, "stringData", wanted->keys[i], NULL))
            return true;
    return false;
}

/* What the API server says to an operator that may not read @secret, by order; NULL: it may. The caller frees. */
static char *forbidden(struct operator *op, const struct json *backup, const char *secret)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    struct log_view view = log_view_of(backup, false);
    const char *command = cr_is_log(backup) ? log_command_name(decide_command(&view)) : "snapshot";
    const struct trouble *trouble = troubles_of_secret(&op->sim->troubles, ns, name, command);
    return trouble ? trouble_text(trouble, &(struct trouble_words){.ns = ns, .secret = secret}) : NULL;
}

/* What is wrong with the Secret of a storage, and the reason's word; NULL: nothing. The caller frees. */
static char *check_secret(struct operator *op, const struct json *backup, const struct storage_kind *kind,
                          const char **reason)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    const char *secret = json_text(json_at(backup, "spec", kind->name, "secretName", NULL));
    if (!secret || !*secret)
        return NULL;
    struct json *tree = store_read(op->sim->store, kind_of(KIND_SECRET), ns, secret);
    char *message = NULL, *why = forbidden(op, backup, secret);
    *reason = kind->secret_reason;
    if (why)
        message = xasprintf("backup %s/%s, get %s secret %s/%s failed, err: %s", ns, name, kind->name, ns, secret, why);
    else if (!tree)
        message = xasprintf("backup %s/%s, get %s secret %s/%s failed, err: Secret \"%s\" not found", ns, name,
                            kind->name, ns, secret, secret);
    for (size_t i = 0; i < ARRAY_LEN(storage_keys) && !message; i++)
        if (strcmp(storage_keys[i].storage, kind->name) == 0 && !has_key(tree, &storage_keys[i])) {
            *reason = storage_keys[i].reason;
            message = xasprintf("backup %s/%s, %s secret %s/%s missing some keys %s", ns, name, kind->name, ns, secret,
                                storage_keys[i].keys[0]);
        }
    json_free(&tree);
    free(why);
    return message;
}

/* What is wrong with how the storage is named; as above. */
static char *check_storage_spec(const struct json *backup, const char **reason)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    const char *endpoint = json_text(json_at(backup, "spec", "s3", "endpoint", NULL));
    const struct json *gcs = json_at(backup, "spec", "gcs", NULL);
    if (endpoint && *endpoint && !str_starts(endpoint, "http://") && !str_starts(endpoint, "https://")) {
        *reason = "InvalidS3Endpoint";
        return xasprintf("backup %s/%s, s3 endpoint %s is invalid: it must begin with http:// or https://", ns, name,
                         endpoint);
    }
    if (gcs && !json_string(gcs, "projectId")) {
        *reason = "ProjectIdIsEmpty";
        return xasprintf("backup %s/%s, the project id is not set", ns, name);
    }
    return NULL;
}

/* What is wrong with storage and secret; its mark is written. False: go no further. */
bool check_storage(struct operator *op, const struct kind *cr, struct json *backup, bool *again)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    const struct json *s3 = json_at(backup, "spec", "s3", NULL);
    const char *bucket = json_string(s3, "bucket");
    struct mark mark = {.type = "RetryFailed", .now_ms = clock_wall_ms()};
    char *message = check_storage_spec(backup, &mark.reason);
    for (size_t i = 0; i < ARRAY_LEN(storage_kinds) && !message; i++)
        message = check_secret(op, backup, &storage_kinds[i], &mark.reason);
    *again = message;
    if (s3 && (!bucket || !*bucket)) {
        mark.type = "Invalid";
        mark.reason = "InvalidSpec";
        *again = false;
        free(message);
        message = xasprintf("bucket should be configured for BR in spec of %s/%s", ns, name);
    }
    if (!message)
        return true;
    mark.message = message;
    struct json *new = json_copy(backup);
    if (strcmp(cr_text(backup, "status", "phase"), mark.type) != 0) {
        status_mark(new, &mark);
        operator_write(op, cr, new, "status");
    } else {
        json_free(&new);
    }
    free(message);
    return false;
}

/* The API server takes no Job whose name does not fit a label. */
bool check_job_name(struct operator *op, const struct kind *cr, const struct json *backup, enum log_command command,
                    const char *job)
{
    if (strlen(job) <= LABEL_MAX)
        return true;
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    char *message = xasprintf("create backup %s/%s job %s failed, err: Job.batch \"%s\" is invalid: "
                              "spec.template.labels: Invalid value: \"%s\": must be no more than 63 bytes",
                              ns, name, job, job, job);
    struct mark mark = {
        .type = "RetryFailed", .reason = "CreateBackupJobFailed", .message = message, .now_ms = clock_wall_ms()};
    struct json *new = json_copy(backup);
    if (command == LOG_UNKNOWN)
        status_mark(new, &mark);
    else
        status_mark_log(new, command, &mark);
    if (strcmp(status_log_phase(backup, command), "RetryFailed") != 0)
        operator_write(op, cr, new, "status");
    else
        json_free(&new);
    if (cr->v1)
        cluster_event(op->sim, cr, backup, "Warning", "FailedCreate", "backup", message);
    free(message);
    return false;
}
