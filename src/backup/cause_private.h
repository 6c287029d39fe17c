/* cause_private.h - the signs by which causes are recognised. */
#ifndef BRDECK_BACKUP_CAUSE_PRIVATE_H
#define BRDECK_BACKUP_CAUSE_PRIVATE_H

#include <brdeck/backup/cause.h>

/* In the order of cause_table. */
enum cause_index {
    CAUSE_CLUSTER_MISSING,
    CAUSE_CLUSTER_PAUSED,
    CAUSE_CLUSTER_SUSPENDED,
    CAUSE_NOT_PICKED_UP,
    CAUSE_NO_SERVICE_ACCOUNT,
    CAUSE_QUOTA,
    CAUSE_LIMIT_RANGE,
    CAUSE_POD_SECURITY,
    CAUSE_WEBHOOK,
    CAUSE_PRIORITY_CLASS,
    CAUSE_NAME_TOO_LONG,
    CAUSE_POD_FORBIDDEN,
    CAUSE_NO_SECRET,
    CAUSE_SECRET_FORBIDDEN,
    CAUSE_SECRET_KEY,
    CAUSE_NO_CONFIG_MAP,
    CAUSE_CONTAINER_CONFIG,
    CAUSE_BAD_IMAGE_NAME,
    CAUSE_IMAGE,
    CAUSE_NO_ROOM,
    CAUSE_TAINT,
    CAUSE_NO_CLAIM,
    CAUSE_NO_NODE,
    CAUSE_TLS_SECRET,
    CAUSE_MOUNT,
    CAUSE_POD_NETWORK,
    CAUSE_WRONG_ARCH,
    CAUSE_CONTAINER_START,
    CAUSE_OOM,
    CAUSE_EVICTED,
    CAUSE_JOB_DEADLINE,
    CAUSE_NODE_GONE,
    CAUSE_KILLED,
    CAUSE_MANAGER_FORBIDDEN,
    CAUSE_GC,
    CAUSE_UNKNOWN_FLAG,
    CAUSE_BAD_FLAG,
    CAUSE_TASK_EXISTS,
    CAUSE_RESTORE_RUNS,
    CAUSE_LOG_DISABLED,
    CAUSE_OTHER_CLUSTER,
    CAUSE_TRUNCATE_LOCK,
    CAUSE_BACKUP_LOCK,
    CAUSE_PATH_NOT_EMPTY,
    CAUSE_BAD_ACCESS_KEY,
    CAUSE_BAD_SECRET_KEY,
    CAUSE_LOGIN_EXPIRED,
    CAUSE_NO_CREDENTIALS,
    CAUSE_CLOCK_SKEW,
    CAUSE_WRONG_REGION,
    CAUSE_ACCESS_DENIED,
    CAUSE_NO_BUCKET,
    CAUSE_NO_CONTAINER,
    CAUSE_BUCKET_UNSET,
    CAUSE_STORAGE_FULL,
    CAUSE_STORAGE_THROTTLES,
    CAUSE_CHECKSUM,
    CAUSE_VERSION,
    CAUSE_BAD_CERTIFICATE,
    CAUSE_UNKNOWN_HOST,
    CAUSE_PD_UNREACHABLE,
    CAUSE_TIKV_UNREACHABLE,
    CAUSE_STORES_UNREACHABLE,
    CAUSE_REFUSED,
    CAUSE_TIMEOUT,
    CAUSE_BAD_ENDPOINT,
    CAUSE_NO_PROJECT,
    CAUSE_BAD_STORAGE,
    CAUSE_BAD_SPEC,
    CAUSE_TASK_ERROR,
    CAUSE_TASK_GONE,
    CAUSE_RETRIES,
    CAUSE_COUNT,
};

/* Where a sign may stand: a name (a reason) and a text go together at each place. */
enum cause_place {
    IN_CONDITION = 1, /* of the CR: its reason, its message */
    IN_LOG = 2,       /* br's ERROR lines */
    IN_WAITING = 4,   /* what a container waits for */
    IN_END = 8,       /* what a container ended with */
    IN_JOB = 16,      /* of the Job's Failed condition */
    IN_EVENT = 32,
    IN_BR = IN_CONDITION | IN_LOG, /* what br said: the operator copies it into the condition */
    IN_POD = IN_WAITING | IN_EVENT, /* what does not come up */
};
struct cause_sign {
    enum cause_index cause;
    unsigned places;
    const char *name; /* exactly; NULL: any */
    const char *text; /* found in it, whatever the case; * stands for anything; NULL: any */
};
/* The more exact first. */
extern const struct cause_sign cause_signs[];
extern const size_t cause_sign_count;

/* Whether Job, Pod and Event of @facts are of what the object is at now, and not of an earlier command or try. */
bool cause_facts_count(const struct backup_record *record, const struct backup_facts *facts);

#endif
