/* record.h - a Backup as brdeck keeps it: small, typed, from any JSON.
 *
 * One allocation, at most 600 bytes on average: own strings lie behind the struct, what
 * many share (namespaces, clusters, secrets, labels) is interned, and sub-commands that never ran take nothing: ask
 * record_sub(). Decoding never fails: a field that is missing, null or of the wrong type is simply not there.
 */
#ifndef BRDECK_BACKUP_RECORD_H
#define BRDECK_BACKUP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/phase.h>
#include <brdeck/backup/tso.h>
#include <brdeck/base/json.h>

/* Strings kept once, never freed before the pool. */
struct intern;
struct intern *intern_new(void);
void intern_free(struct intern **pool);
/* The pool's own copy of @text; NULL gives NULL. */
const char *intern(struct intern *pool, const char *text);

enum __attribute__((packed)) backup_mode { BACKUP_SNAPSHOT, BACKUP_LOG, BACKUP_VOLUME_SNAPSHOT, BACKUP_MODE_OTHER };
enum __attribute__((packed)) clean_policy { CLEAN_RETAIN, CLEAN_ON_FAILURE, CLEAN_DELETE };
enum __attribute__((packed)) log_stop { LOG_STOP_ABSENT, LOG_STOP_FALSE, LOG_STOP_TRUE };

/* status.logSubCommandStatuses[...]: the last run of a sub-command. On a second run the operator rewrites phase and
 * conditions at once, the two times only at its end: until then, and after a failure, they are the earlier run's, and
 * changed_ms is what tells. */
struct backup_sub {
    enum phase phase;       /* PHASE_NONE: there is no entry */
    int64_t started_ms, completed_ms; /* 0: not there */
    int64_t changed_ms;     /* the newest lastTransitionTime of its conditions; 0: none */
    const char *until;      /* logTruncatingUntil verbatim; NULL */
    const char *reason, *message; /* of the condition of its phase, of a failure; cut as the record's; NULL */
};

/* Small members stand together: padding is paid a hundred thousand times. */
struct backup_record {
    /* identity */
    const char *ns, *name; /* "" when missing */
    const char *uid, *resource_version; /* "" when missing */
    int64_t generation;
    int64_t created_ms, deleting_ms; /* 0: none */
    int64_t asked_ms;     /* when the command that waits for the operator was written into the spec, at the latest; 0:
                             none waits, or it is not told (managedFields have it) */
    const char *labels;   /* "a=b,c=d" sorted by key; NULL: none; interned */
    const char *managed_by; /* who may write the spec back: "Argo CD", "Flux", "Helm", "BackupSchedule NAME"; NULL */
    bool v1;              /* group pingcap.com */
    bool has_finalizer;   /* the operator's: it has seen the object */

    /* spec */
    enum backup_mode mode;
    enum clean_policy clean_policy;
    enum log_stop log_stop;
    enum log_command subcommand; /* spec.logSubcommand; UNKNOWN keeps its word below */
    bool filtered;        /* tableFilter not empty, or --filter/-f in br.options */
    bool incremental;     /* --lastbackupts in br.options */
    const char *subcommand_text; /* NULL when absent or empty */
    const char *type;     /* backupType as written; NULL */
    const char *cluster, *cluster_ns; /* br.cluster; "" none. cluster_ns: br.clusterNamespace or NULL */
    const char *storage;  /* "s3://bucket/prefix" from the spec, as the operator forms backupPath; "" none */
    const char *endpoint; /* of S3; NULL: the provider's own. No part of storage: two may have a bucket of one name */
    const char *secret;   /* secretName of the storage; NULL */
    const char *service_account; /* NULL */
    const char *until;    /* spec.logTruncateUntil verbatim; NULL when absent or empty */
    tso_t spec_commit_ts; /* spec.commitTs */
    const char *filter;   /* the table filters, joined by " "; NULL */
    int64_t gc_ttl_ms;    /* --gc-ttl in br.options; 0: not given */

    /* status */
    tso_t commit_ts, checkpoint;
    const char *phase_text; /* as written when PHASE_OTHER; NULL else */
    const char *success_until; /* logSuccessTruncateUntil verbatim; NULL when absent or empty */
    const char *path;     /* backupPath; NULL */
    const char *size;     /* backupSizeReadable; NULL */
    int64_t size_bytes;
    int64_t started_ms, completed_ms;
    const char *taken;    /* timeTaken; NULL */
    const char *reason, *message; /* of the condition of the phase; NULL. At most 200 bytes of message, of a longer one
                                     from br's own [error="..."] on, else its beginning and its end; without line
                                     feeds at its end */
    int64_t changed_ms;   /* the newest lastTransitionTime; 0: none */
    int64_t retry_at_ms;  /* expectedRetryAt of the last of backoffRetryStatus, while it has no realRetryAt; 0: none */
    int retries;          /* entries of backoffRetryStatus */
    int max_retries;      /* spec.backoffRetryPolicy.maxRetryTimes; 2 when not given */
    const char *step;     /* of the last of status.progresses; NULL */
    float progress;       /* its percentage; below 0: not told */
    enum phase phase;
    bool has_commit_ts;   /* commitTs is there and not empty: what the operator asks ("0" counts) */
    bool has_status;      /* status is there and tells anything */
    unsigned char sub_at[LOG_COMMAND_COUNT]; /* 1 + its place in subs; 0: none; use record_sub() */
    uint32_t bytes;       /* of the whole allocation: record_size() */
    const struct backup_sub *subs;
};

extern const struct backup_sub backup_sub_none;
/* The last run of @command, never NULL: phase PHASE_NONE where there is no entry. */
static inline const struct backup_sub *record_sub(const struct backup_record *record, enum log_command command)
{
    return record->sub_at[command] ? &record->subs[record->sub_at[command] - 1] : &backup_sub_none;
}

/* @object is any JSON. The result is never NULL; the caller frees it. */
struct backup_record *record_decode(const struct json *object, struct intern *pool);
/* From text, without managedFields. NULL and @err only when it is no JSON. */
struct backup_record *record_decode_text(const char *text, size_t len, struct intern *pool, struct error *err);
void record_free(struct backup_record **record);
/* Bytes that it takes, all told but for what is interned. */
size_t record_size(const struct backup_record *record);
/* What rule 1 calls unchanged: uid, spec, phase, sub-statuses, truncation and deletionTimestamp are equal. Compares
 * whole objects as the API server sent them. */
bool record_same_for_acting(const struct json *a, const struct json *b);
/* Whether the status fields that brdeck shows differ; a change of resourceVersion alone does not count. */
bool record_differs(const struct backup_record *a, const struct backup_record *b);
/* Which cluster it is of (rule 4): "ns/cluster" (the v1 clusterNamespace counts); "" when it names none.
 * Written to @buf; returns @buf. */
enum { RECORD_CLUSTER_MAX = 256 };
char *record_cluster(const struct backup_record *record, char buf[RECORD_CLUSTER_MAX]);
/* Whether it is the one that TiDB Operator (v2 or v1) sets. */
bool record_is_operators_finalizer(const char *finalizer);
/* The value of label @key copied to @buf; false when it has none. */
bool record_label(const struct backup_record *record, const char *key, char *buf, size_t size);

#endif
