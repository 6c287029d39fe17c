/* operator_private.h - what operator.c (deciding), run.c (doing) and cleaner.c (deleting) share. */
#ifndef BRDECK_SIM_OPERATOR_PRIVATE_H
#define BRDECK_SIM_OPERATOR_PRIVATE_H

#include "decide.h"
#include "jobway.h"
#include "kinds.h"
#include "operator.h"
#include "timers.h"

/* What a Job does. */
enum run_kind { RUN_SNAPSHOT, RUN_LOG, RUN_STOP_TASK, RUN_CLEAN };

struct run {
    struct run *next;
    struct operator *op;
    const struct kind *cr;
    enum run_kind kind;
    enum log_command command; /* of RUN_LOG */
    char *ns, *name, *job;
    char *service; /* of the PD of its cluster */
    struct jobway way;
    unsigned step, progress;
    struct timer timer;
    int64_t started_ms; /* wall clock, of the container */
    char *failure;      /* what br will say; NULL: it works */
    const char *source; /* of that line, where br says it at length; NULL: in one line */
    char *told;         /* the ERROR lines it has written; NULL: none */
    bool ordered;       /* the failure is of POST /sim/br: of all Pods of its Job */
    bool dies;          /* the Job fails and nobody tells the Backup */
};

/* A Backup that waits to be looked at. */
struct pending {
    struct pending *next;
    struct operator *op;
    const struct kind *cr;
    char *ns, *name;
    unsigned attempts;
    struct timer timer;
};

struct br_failure {
    struct br_failure *next;
    char *command, *ns, *name, *message;
    int64_t left;
    bool dies;
};

struct operator {
    struct sim *sim;
    struct pd pd;
    struct run *runs;
    struct pending *queue;
    struct br_failure *failures;
    struct timer checkpoints;
    bool running, muted, stale; /* stale: no checkpoints are written */
};

/* run.c */
bool run_is_active(const struct operator *op, const struct kind *cr, const char *ns, const char *name);
/* Make the Job and walk it; @backup is only read. */
void run_start(struct operator *op, const struct kind *cr, const struct json *backup, enum run_kind kind,
               enum log_command command);
void run_free(struct run *run);
/* "backup-NAME-log-pause", … The caller frees. */
char *run_job_name(const char *name, enum run_kind kind, enum log_command command);
/* The Service of the PD of @backup's cluster; the caller frees. */
char *run_pd_service(struct sim *sim, const struct json *backup);
/* runend.c: what is written when it has worked, or not. */
void run_succeed(struct run *run);
void run_fail(struct run *run);
/* "s3://bucket/prefix". The caller frees. */
char *run_backup_path(const struct json *backup);

/* adopt.c: PD's task of a Backup that runs; of one that was loaded it is made now, with the checkpoint that the Backup
 * tells, and sleeps until a br works on it. NULL: PD has none. */
struct pd_task *task_adopt(struct operator *op, const struct json *backup);
void task_wake(struct pd_task *task);
/* --gc-ttl of br.options, which the operator hands to log-pause; 0: there is none. */
int64_t cr_gc_ttl_ms(const struct json *backup);

/* runfail.c: what will go wrong with it, now that br begins; into its failure and source. */
void run_find_failure(struct run *run);
/* "log-pause", "snapshot", "stop-task", "clean". */
const char *run_command(const struct run *run);
void br_failure_free(struct br_failure *failure);

/* precheck.c: what is wrong is written into the Backup where the operator writes it; false: go no further. */
/* Whether the Cluster is there, not paused, not suspended: else it stands still, also for deletions. */
enum cluster_is { CLUSTER_MISSING, CLUSTER_STILL, CLUSTER_WELL };
enum cluster_is check_cluster(struct operator *op, const struct kind *cr, const struct json *backup);
/* *@again: it is looked at again later. */
bool check_storage(struct operator *op, const struct kind *cr, struct json *backup, bool *again);
bool check_job_name(struct operator *op, const struct kind *cr, const struct json *backup, enum log_command command,
                    const char *job);

/* cleaner.c */
void cleaner_reconcile(struct operator *op, const struct kind *cr, struct json *backup);

/* retry.c: snapshots whose Job died without a word. */
/* Write that it failed and when it is tried again, or that it is not any more. @backup is used up. */
void retry_note(struct operator *op, const struct kind *cr, struct json *backup, const char *why);
/* False while its time has not come: it is then queued for it. */
bool retry_is_due(struct operator *op, const struct kind *cr, const struct json *backup);

/* operator.c */
/* Look at it after @delay_ms (as it is, not divided). */
void operator_enqueue(struct operator *op, const struct kind *cr, const char *ns, const char *name, int64_t delay_ms);
/* Write @backup as the operator does, its status or the rest; used up. */
void operator_write(struct operator *op, const struct kind *cr, struct json *backup, const char *sub);
const char *operator_finalizer(const struct kind *cr);
const char *cr_text(const struct json *backup, const char *part, const char *key);
bool cr_is_log(const struct json *backup);

#endif
