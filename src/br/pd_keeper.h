/* pd_keeper.h - PD's facts: reading what its etcd says of log tasks (pd_read.c, pd_value.c) and of GC (pd_gc.c), asking
 * it (pd.c), and writing it into the rows (pd_apply.c).
 *
 * Under /tidb/br-stream/ br, TiDB and TiKV keep of each task T info/T, checkpoint/T/central_global, pause/T and
 * last-error/T/STORE. In the order of keys these four stand together, between checkpoint/ and the end of pause/, and
 * what is large (ranges/, storage-checkpoint/) comes behind them: one range of all four is one request a cluster,
 * however many tasks there are, and nothing is sent that is not read.
 *
 * PD itself keeps under /pd/CLUSTER/gc/ (CLUSTER: its id) safe_point, the GC safepoint in hexadecimal digits, and
 * safe_point/service/ID, what must not be passed until it expires: one range more. PD 9's GC barriers are stored as the
 * latter, too.
 */
#ifndef BRDECK_BR_PD_KEEPER_H
#define BRDECK_BR_PD_KEEPER_H

#include <brdeck/br/cluster.h>
#include <brdeck/br/facts.h>

#include "facts_keeper.h"

enum {
    PD_PAGE_KEYS = 500,             /* of one answer; the next page is asked for at once */
    PD_PAGES_MAX = 20,
    PD_BODY_MAX = 8 * 1024 * 1024,  /* of one answer */
    PD_TIMEOUT_MS = 8000,
    PD_AT_ONCE_MAX = 4,             /* clusters that are asked at the same time */
    PD_BACK_OFF_MAX_MS = 60 * 1000,
    PD_CLUSTER_AGAIN_MS = 60 * 1000,
};

/* -- pd_value.c: what the values hold ------------------------------------------------------- */

struct pd_error {
    uint64_t at_ms, store;
    char text[200]; /* "KV:LogBackup:RaftReq: not leader" */
};
/* brpb.StreamBackupError. What is missing or broken stays zero; false: nothing was there. */
bool pd_read_error(const void *bytes, size_t len, struct pd_error *error);
/* brpb.StreamBackupTaskInfo; 0: it does not say. */
tso_t pd_read_start(const void *bytes, size_t len);
/* Eight bytes, big-endian; 0 for all else. */
tso_t pd_read_checkpoint(const void *bytes, size_t len);

/* -- pd_gc.c: until where GC may go --------------------------------------------------------------- */

/* A service safepoint: GC keeps the versions from @ts on until it expires. */
struct pd_hold {
    char *id;
    tso_t ts;
    int64_t expires_ms;     /* wall; 0: never, or it does not say */
};
struct pd_gc {
    tso_t safepoint;        /* 0: none */
    struct pd_hold *holds;  /* those of pauses */
    size_t count, cap;
};
void pd_gc_done(struct pd_gc *gc);
/* "62d4a6f1e480000"; 0 for all else. */
tso_t pd_read_safepoint(const char *text, size_t len);
/* A key of that range and its value; @name is what follows "safe_point". What is not known is passed over. */
void pd_take_gc(struct pd_gc *gc, const char *name, size_t name_len, const char *value, size_t len);
/* Of those that keep what a paused @task needs, which is from @checkpoint on (0: not known), the one that lasts
 * longest; NULL: there is none. */
const struct pd_hold *pd_hold_of(const struct pd_gc *gc, const char *task, tso_t checkpoint);

/* -- pd_read.c: tasks from keys ----------------------------------------------------------------- */

struct pd_task {
    UT_hash_handle hh;
    char *name;
    bool has_info;
    FACT_TYPE(pd) pd;       /* reach, why, read_ms and task_missing are not set */
};
struct pd_tasks {
    struct pd_task *by_name;
    char last_key[512];     /* of the answer read last, as bytes */
    size_t last_key_len;    /* 0: there is none, or it was too long */
    char revision[24];      /* of etcd, so that all pages are of one moment */
    char gc_root[64];       /* "/pd/7442/gc/safe_point": that range is asked for and read now; "": the one of tasks */
    struct pd_gc gc;
};
void pd_tasks_done(struct pd_tasks *tasks);
/* One key and its value. What is not known is passed over. */
void pd_take(struct pd_tasks *tasks, const char *key, size_t key_len, const char *value, size_t len);
/* One answer of /v3/kv/range. *@more: there are keys behind it. False and @err: it is none such. */
bool pd_read_answer(struct pd_tasks *tasks, const struct json *answer, bool *more, struct error *err);
/* From now on the range of GC's keys of the cluster of that id is asked for and read. */
void pd_tasks_to_gc(struct pd_tasks *tasks, const char *cluster_id);
/* What has no info/ is left over from a task that was stopped: it goes. */
void pd_tasks_settle(struct pd_tasks *tasks);
const struct pd_task *pd_find(const struct pd_tasks *tasks, const char *name);
/* The body of the request for what follows @tasks->last_key; the caller frees. */
char *pd_question(const struct pd_tasks *tasks);

/* -- pd.c, pd_apply.c: clusters that are asked ----------------------------------------------------- */

struct pd_cluster {
    struct pd_keeper *keeper;
    struct br_pd_cluster pub;
    bool v1;
    char *ns, *name, *key;          /* key: record_cluster's */
    char why[160];
    struct br_pd_task *public_tasks;
    int64_t wanted_ms, due_ms;      /* monotonic */
    int64_t back_off_ms;            /* 0: the last try was answered */
    struct br_cluster_ask *ask;
    struct kube_request *request;
    struct br_cluster cluster;
    int64_t cluster_ms;             /* monotonic, when it was read; 0: never */
    int64_t asked_ms;               /* corrected wall, when the answer under way was asked for */
    int pages;
    struct pd_tasks coming, tasks;  /* of the answer under way, of the last */
    struct pd_gc gc;                /* of the last answer about it */
    char gc_id[24];                 /* the cluster's id, of which it is */
    int64_t gc_read_ms, gc_asked_ms; /* corrected wall: when that was asked for; when the last try began */
    int64_t gc_due_ms;              /* monotonic */
    bool apply;                     /* a row has not got what is known */
    struct pd_cluster *next;
};
struct pd_keeper {
    struct br *br;
    struct pd_cluster *clusters;
    struct loop_timer turn;
};
void pd_keeper_free(struct pd_keeper **keeper);
/* Into all rows of the cluster, and its list of tasks. */
void pd_apply(struct pd_cluster *cluster);
/* Whether PD's facts matter to it: one that ended long ago, and that PD knows nothing of, pays nothing. */
bool pd_row_counts(const struct pd_cluster *cluster, const struct backup_record *record);
void pd_take_off(struct pd_cluster *cluster);

#endif
