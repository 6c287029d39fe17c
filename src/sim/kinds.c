#include <config.h>

#include "kinds.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#define AGE {"Age", "date", ".metadata.creationTimestamp", 0}

/* additionalPrinterColumns of the operator's CRDs; those of built-in kinds are
 * what kubectl shows of them, cut to what is stored here. */
static const struct column backup_columns[] = {
    {"Type", "string", ".spec.backupType", 0},
    {"Mode", "string", ".spec.backupMode", 0},
    {"Status", "string", ".status.phase", 0},
    {"BackupPath", "string", ".status.backupPath", 0},
    {"BackupSize", "string", ".status.backupSizeReadable", 0},
    {"CommitTS", "string", ".status.commitTs", 0},
    {"LogTruncateUntil", "string", ".status.logSuccessTruncateUntil", 0},
    {"Started", "date", ".status.timeStarted", 1},
    {"Completed", "date", ".status.timeCompleted", 1},
    {"TimeTaken", "string", ".status.timeTaken", 0},
    AGE,
};
static const struct column restore_columns[] = {
    {"Status", "string", ".status.phase", 0},        {"Started", "date", ".status.timeStarted", 1},
    {"Completed", "date", ".status.timeCompleted", 1}, {"TimeTaken", "string", ".status.timeTaken", 0},
    {"CommitTS", "string", ".status.commitTs", 0},   AGE,
};
static const struct column schedule_columns[] = {
    {"Schedule", "string", ".spec.schedule", 0},
    {"MaxBackups", "integer", ".spec.maxBackups", 0},
    {"MaxReservedTime", "string", ".spec.maxReservedTime", 0},
    {"LastBackup", "string", ".status.lastBackup", 1},
    {"LastBackupTime", "date", ".status.lastBackupTime", 1},
    AGE,
};
static const struct column compact_columns[] = {
    {"Status", "string", ".status.state", 0},
    {"Progress", "string", ".status.progress", 0},
    {"Message", "string", ".status.message", 0},
};
static const struct column cluster_columns[] = {{"Available", "string", ".status.conditions#Available", 0}, AGE};
static const struct column group_columns[] = {
    {"Cluster", "string", ".spec.cluster.name", 0},
    {"Desired", "string", ".spec.replicas", 0},
    {"Ready", "string", ".status.readyReplicas", 0},
    {"Synced", "string", ".status.conditions#Synced", 0},
    AGE,
};
static const struct column namespace_columns[] = {{"Status", "string", ".status.phase", 0}, AGE};
static const struct column secret_columns[] = {{"Type", "string", ".type", 0}, AGE};
static const struct column pod_columns[] = {
    {"Status", "string", ".status.phase", 0},
    {"Node", "string", ".spec.nodeName", 1},
    AGE,
};
static const struct column job_columns[] = {
    {"Active", "integer", ".status.active", 0},
    {"Succeeded", "integer", ".status.succeeded", 0},
    {"Failed", "integer", ".status.failed", 0},
    AGE,
};
static const struct column event_columns[] = {
    {"Last Seen", "date", ".lastTimestamp", 0}, {"Type", "string", ".type", 0}, {"Reason", "string", ".reason", 0},
    {"Object", "string", ".involvedObject.name", 0}, {"Message", "string", ".message", 0},
};
static const struct column service_columns[] = {
    {"Type", "string", ".spec.type", 0},
    {"Cluster-IP", "string", ".spec.clusterIP", 0},
    AGE,
};
static const struct column age_column[] = {AGE};

#define HEAD(kind, version) "{\"kind\":\"" kind "\",\"apiVersion\":\"" version "\","
#define CR_HEAD(kind, version) "{\"apiVersion\":\"" version "\",\"kind\":\"" kind "\","
#define COLUMNS(a) .columns = a, .column_count = ARRAY_LEN(a)
#define CORE(i, plural_, singular_, kind_, short_, ns_) \
    .id = i, .group = "", .version = "v1", .plural = plural_, .singular = singular_, .name = kind_, \
    .short_name = short_, .hash = "", .namespaced = ns_, .head = HEAD(kind_, "v1")
#define CUSTOM(i, group_, plural_, singular_, kind_, short_, hash_) \
    .id = i, .group = group_, .version = "v1alpha1", .plural = plural_, .singular = singular_, .name = kind_, \
    .short_name = short_, .hash = hash_, .namespaced = true, .custom = true, .head = CR_HEAD(kind_, group_ "/v1alpha1")
#define BR "br.pingcap.com"
#define PINGCAP_CORE "core.pingcap.com"

static const struct kind kinds[KIND_COUNT] = {
    [KIND_NAMESPACE] = {CORE(KIND_NAMESPACE, "namespaces", "namespace", "Namespace", "ns", false), .status = true,
                        COLUMNS(namespace_columns)},
    [KIND_SECRET] = {CORE(KIND_SECRET, "secrets", "secret", "Secret", NULL, true), COLUMNS(secret_columns)},
    [KIND_SERVICE_ACCOUNT] = {CORE(KIND_SERVICE_ACCOUNT, "serviceaccounts", "serviceaccount", "ServiceAccount", "sa",
                                   true),
                              COLUMNS(age_column)},
    [KIND_POD] = {CORE(KIND_POD, "pods", "pod", "Pod", "po", true), .status = true, COLUMNS(pod_columns)},
    [KIND_SERVICE] = {CORE(KIND_SERVICE, "services", "service", "Service", "svc", true), COLUMNS(service_columns)},
    [KIND_EVENT] = {CORE(KIND_EVENT, "events", "event", "Event", "ev", true), COLUMNS(event_columns)},
    [KIND_JOB] = {.id = KIND_JOB, .group = "batch", .version = "v1", .plural = "jobs", .singular = "job",
                  .name = "Job", .hash = "mudhfqk/qZY=", .namespaced = true, .status = true,
                  .head = HEAD("Job", "batch/v1"), COLUMNS(job_columns)},
    [KIND_BACKUP] = {CUSTOM(KIND_BACKUP, BR, "backups", "backup", "Backup", "bk", "bMg+vz+ZvLg="), .status = true,
                     COLUMNS(backup_columns)},
    [KIND_RESTORE] = {CUSTOM(KIND_RESTORE, BR, "restores", "restore", "Restore", "rt", "ln+NEt1QgQ0="),
                      .status = true, COLUMNS(restore_columns)},
    [KIND_BACKUP_SCHEDULE] = {CUSTOM(KIND_BACKUP_SCHEDULE, BR, "backupschedules", "backupschedule", "BackupSchedule",
                                     "bks", "t19CewDS/UU="),
                              .status = true, COLUMNS(schedule_columns)},
    [KIND_COMPACT_BACKUP] = {CUSTOM(KIND_COMPACT_BACKUP, BR, "compactbackups", "compactbackup", "CompactBackup",
                                    "cpbk", "4OOoQ0ET7vM="),
                             .status = true, COLUMNS(compact_columns)},
    [KIND_CLUSTER] = {CUSTOM(KIND_CLUSTER, PINGCAP_CORE, "clusters", "cluster", "Cluster", NULL, "qZkFe3tCv8w="),
                      .status = true, COLUMNS(cluster_columns)},
    [KIND_PD_GROUP] = {CUSTOM(KIND_PD_GROUP, PINGCAP_CORE, "pdgroups", "pdgroup", "PDGroup", "pdg", "aXl4y3oGkTQ="),
                       .status = true, COLUMNS(group_columns)},
    [KIND_TIKV_GROUP] = {CUSTOM(KIND_TIKV_GROUP, PINGCAP_CORE, "tikvgroups", "tikvgroup", "TiKVGroup", "kvg",
                                "p0cYbF2mD4o="),
                         .status = true, COLUMNS(group_columns)},
    [KIND_V1_BACKUP] = {CUSTOM(KIND_V1_BACKUP, "pingcap.com", "backups", "backup", "Backup", "bk", "Jj0tX1mHn8s="),
                        .v1 = true, COLUMNS(backup_columns)},
    [KIND_TIDB_CLUSTER] = {CUSTOM(KIND_TIDB_CLUSTER, "pingcap.com", "tidbclusters", "tidbcluster", "TidbCluster",
                                  "tc", "Yk2n0cHkq6A="),
                           .v1 = true, COLUMNS(age_column)},
};

const struct kind *kind_of(enum kind_id id) { return &kinds[id]; }

const struct kind *kind_find(const char *group, const char *version, const char *plural, bool v1)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        if (strcmp(kind->plural, plural) == 0 && strcmp(kind->group, group) == 0 &&
            strcmp(kind->version, version) == 0 && (v1 || !kind->v1))
            return kind;
    }
    return NULL;
}

const char *kind_full_plural(const struct kind *kind, char *buf, size_t size)
{
    snprintf(buf, size, "%s%s%s", kind->plural, *kind->group ? "." : "", kind->group);
    return buf;
}

const char *kind_api_version(const struct kind *kind, char *buf, size_t size)
{
    snprintf(buf, size, "%s%s%s", kind->group, *kind->group ? "/" : "", kind->version);
    return buf;
}
