/* pd.h - PD's etcd as far as log backup tasks keep something in it, and what keeps GC off their logs.
 *
 * pd.c has the tasks, pdgc.c their service safepoints and GC's own, pdetcd.c what stands in etcd about them,
 * pdorder.c what may be ordered (faults.h, POST /sim/pd).
 */
#ifndef BRDECK_SIM_PD_H
#define BRDECK_SIM_PD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

#define PD_CLUSTER_ID "7442089631527301234" /* of all clusters: status.id of Cluster, clusterID of TidbCluster */

/* The last error of a store about a task. */
struct pd_error {
    struct pd_error *next;
    uint64_t store;
    int64_t at_ms; /* wall */
    char *code, *message;
};

/* How a pause came to be; texts are copied. */
struct pd_pause {
    const char *by;   /* operation_hostname */
    const char *why;  /* the payload; NULL: none */
    int64_t pid, at_ms;
    int64_t ttl_ms;   /* --gc-ttl; 0: 24 h */
    bool by_error;    /* severity ERROR, and the payload is a StreamBackupError */
    bool bare;        /* as an old br: the key has no value */
};

/* A log task as PD knows it. Times are wall clock. */
struct pd_task {
    struct pd_task *next;
    UT_hash_handle hh;
    char *key; /* "ns/name", by which it is found */
    char *service, *ns, *name; /* the Service of its PD; the task's name is that of the Backup */
    char *storage;
    uint64_t start_tso;
    int64_t lag_ms;     /* how far the checkpoint is behind, while it runs */
    int64_t frozen_ms;  /* the checkpoint stands at this time; 0: it moves */
    uint64_t fixed_tso; /* it is exactly this; 0: as above */
    uint64_t truncated_tso; /* the log is gone before it, by a br that the Backup knows nothing of; 0: it is not */
    bool asleep; /* nobody works on it: the operator writes no checkpoint of it */
    bool paused, paused_by_error, paused_bare;
    char *paused_by, *paused_why; /* NULL: backup-manager's, none */
    int64_t paused_pid;
    int64_t hold_until_ms; /* its service safepoint expires; 0: it has none */
    uint64_t hold_tso;     /* what that keeps; 0: what comes after the checkpoint */
    int64_t paused_ms, sync_at_ms; /* sync: monotonic, the next write into the Backup */
    struct pd_error *errors;
};

/* What is ordered of a whole PD. */
struct pd_service {
    struct pd_service *next;
    char *ns, *name;
    bool unreachable, tls;
    uint64_t gc_tso;  /* its GC safepoint is exactly this; 0: it follows */
    int64_t gc_age_ms; /* it is always so old; 0: as above */
};

/* A task that PD had and has no more. */
struct pd_lost {
    struct pd_lost *next;
    char *ns, *service, *name;
};

struct pd {
    struct pd_task *first;
    struct pd_task *by_key; /* the same: a loaded fleet has thousands */
    struct pd_lost *lost;
    struct pd_service *services;
    int64_t tick_ms; /* the checkpoint moves in steps of this */
    uint64_t ranges, others; /* requests that came: kv/range, and all that should not */
};

void pd_init(struct pd *pd, double speed);
void pd_done(struct pd *pd);
/* Of the PD @service; NULL when it has no task of that name. Two clusters of a namespace may have one of the same
 * name. */
struct pd_task *pd_find(const struct pd *pd, const char *ns, const char *service, const char *name);
/* The first other task of the same PD; NULL: none. br allows only one. */
struct pd_task *pd_other(const struct pd *pd, const char *ns, const char *service, const char *name);
struct pd_task *pd_start(struct pd *pd, const char *ns, const char *service, const char *name, const char *storage,
                         uint64_t start_tso);
/* @how NULL: now, by nobody in particular. */
void pd_pause(struct pd *pd, struct pd_task *task, const struct pd_pause *how);
/* Errors of stores are taken off with it, as br does. */
void pd_resume(const struct pd *pd, struct pd_task *task);
void pd_stop(struct pd *pd, struct pd_task *task);
/* Whether one of that name was stopped, or forgotten by order, and not started again. */
bool pd_has_lost(const struct pd *pd, const char *ns, const char *service, const char *name);
/* Add or replace the last error of @store. */
void pd_set_error(struct pd_task *task, uint64_t store, const char *code, const char *message, int64_t at_ms);
void pd_clear_errors(struct pd_task *task);
/* The checkpoint now. */
uint64_t pd_checkpoint(const struct pd *pd, const struct pd_task *task);

/* What keeps GC off the task's checkpoint while it is paused: TiKV's guard where an error paused it, else br's. */
bool pd_is_guarded(const struct pd_task *task);
/* br log pause at @at_ms: a service safepoint for @ttl_ms (0: 24 h); br log resume now: it stays for half an hour. */
void pd_hold_pause(struct pd_task *task, int64_t at_ms, int64_t ttl_ms);
void pd_hold_resume(const struct pd *pd, struct pd_task *task);
uint64_t pd_hold_tso(const struct pd *pd, const struct pd_task *task);
/* Ten minutes ago, but not past what anybody keeps: tasks that run their checkpoint, those paused theirs for a time. */
uint64_t pd_gc_safepoint(const struct pd *pd, const char *ns, const char *service);
/* br refuses to resume it. */
bool pd_gc_has_passed(const struct pd *pd, const struct pd_task *task);

/* What is ordered of that PD; NULL: nothing. */
const struct pd_service *pd_service_find(const struct pd *pd, const char *ns, const char *name);
/* Carry out an order; false and @err when it makes no sense. */
bool pd_order(struct pd *pd, const struct json *order, struct error *err);

/* Answer an etcd v3 range request of PD service @service in @ns. */
struct json *pd_range(const struct pd *pd, const char *ns, const char *service, const struct json *request);

#endif
