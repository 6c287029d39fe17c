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

/* Whether the Cluster is there and lets the operator work: else it stands still, also for deletions. */
bool check_cluster(struct operator *op, const struct kind *cr, const struct json *backup)
{
    struct json *cluster = read_cluster(op, cr, backup);
    const struct json *spec = json_get(cluster, "spec");
    const char *suspends = cr->v1 ? "suspendStatefulSet" : "suspendCompute";
    bool may = cluster && !json_is_true(json_get(spec, "paused")) &&
               !json_is_true(json_at(spec, "suspendAction", suspends, NULL));
    json_free(&cluster);
    return may;
}

/* What is wrong with the Secret of S3, and the reason's word; NULL: nothing. The caller frees. */
static char *check_secret(struct operator *op, const char *ns, const char *name, const char *secret,
                          const char **reason)
{
    static const char *const keys[] = {"access_key", "secret_key"};
    struct json *tree = store_read(op->sim->store, kind_of(KIND_SECRET), ns, secret);
    char *message = NULL;
    *reason = "GetS3SecretFailed";
    if (!tree)
        message = xasprintf("backup %s/%s, get s3 secret %s/%s failed, err: Secret \"%s\" not found", ns, name, ns,
                            secret, secret);
    for (size_t i = 0; i < ARRAY_LEN(keys) && !message; i++)
        if (!json_at(tree, "data", keys[i], NULL) && !json_at(tree, "stringData", keys[i], NULL)) {
            *reason = "s3KeyNotExist";
            message = xasprintf("backup %s/%s, s3 secret %s/%s missing some keys %s", ns, name, ns, secret, keys[i]);
        }
    json_free(&tree);
    return message;
}

/* What is wrong with storage and secret; its mark is written. False: go no further. */
bool check_storage(struct operator *op, const struct kind *cr, struct json *backup, bool *again)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    const struct json *s3 = json_at(backup, "spec", "s3", NULL);
    const char *bucket = json_string(s3, "bucket"), *secret = json_string(s3, "secretName");
    struct mark mark = {.now_ms = clock_wall_ms()};
    char *message = NULL;
    if (s3 && (!bucket || !*bucket)) {
        mark.type = "Invalid";
        mark.reason = "InvalidSpec";
        message = xasprintf("bucket should be configured for BR in spec of %s/%s", ns, name);
    } else if (secret && *secret) {
        message = check_secret(op, ns, name, secret, &mark.reason);
        mark.type = "RetryFailed";
        *again = message;
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
