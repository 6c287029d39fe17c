/* facts.h - what is known of a Backup beside its object: its Cluster, the Job, its Pod, Events, PD.
 *
 * Filled by br/, kept when the record is decoded anew, read by state.h, cause.h and the runner. Zero is "not known",
 * never "is not there". Text is raw from the cluster: clean it at the gate. All times are wall, ms.
 */
#ifndef BRDECK_BACKUP_FACTS_H
#define BRDECK_BACKUP_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/backup/tso.h>

/* How far brdeck got when it asked PD about the log tasks of a cluster. */
enum pd_reach {
    PD_NOT_ASKED,
    PD_ANSWERED,
    PD_NO_RIGHT,   /* no right "create" on services/proxy of that name */
    PD_TLS,        /* the cluster wants client certificates, which the service proxy cannot give */
    PD_NO_CLUSTER, /* the Cluster object or its PD service is not there */
    PD_NO_ANSWER,  /* see why; tried again */
};

/* So many Jobs of a name that failed one after another (job.died) are no chance. */
enum { JOB_DEATHS_TOLD = 2 };

struct backup_facts {
    struct {
        enum pd_reach reach;    /* of the last try */
        char why[160];          /* of NO_RIGHT, TLS, NO_CLUSTER, NO_ANSWER */
        int64_t read_ms;        /* what follows is PD's as of then (corrected wall); 0: PD never answered */
        bool task_missing;      /* PD knows no task of this name */
        bool paused;
        bool paused_by_error;   /* severity ERROR: TiKV or the advancer paused it, not a person */
        int64_t paused_at_ms;   /* operation_time; 0: not told (an old br) */
        char paused_by[64];     /* operation_hostname */
        int paused_pid;         /* operation_pid; 0: not told */
        char paused_why[160];   /* the payload's message, where it is text */
        tso_t checkpoint;       /* central_global; 0: none yet */
        tso_t start_ts;         /* of the task's info */
        int error_count;        /* stores with a last-error */
        int error_store;        /* whose is the newest */
        char error[200];        /* the newest last_error; "" */
        int64_t error_at_ms;
        int64_t gc_read_ms;     /* what follows is PD's as of then, read less often; 0: not known */
        tso_t gc_safepoint;     /* of the cluster: TiKV may have removed the versions before it; 0: none yet */
        int64_t pause_expires_ms; /* how long PD keeps GC off the checkpoint of this paused task: the last of br's own
                                   service safepoint (<task>_pause_safepoint, log pause --gc-ttl) and those of TiKV
                                   stores that paused it for an error (<task>-<store>-pause-guard); 0: there is none */
        tso_t pause_safepoint;  /* what that one keeps: versions from here on */
    } pd;
    struct {
        int64_t read_ms;        /* when the Cluster (v1: TidbCluster) was read, or was found missing; 0: never */
        bool missing;           /* 404: the operator does nothing for this Backup */
        bool paused, suspended; /* spec.paused, spec.suspendAction.suspendCompute: the operator stands still */
    } cluster;
    struct {
        bool present, failed, complete;
        char uid[40], name[64]; /* of the newest Job of this Backup that is the operator's */
        int64_t started_ms, ended_ms;
        char reason[32];        /* of the Failed condition: BackoffLimitExceeded, DeadlineExceeded... */
        int died;               /* earlier Jobs of that name that failed in the ten minutes before it was made */
        int64_t died_ms;        /* since when they did */
    } job;
    struct {
        bool present;           /* of that Job; the newest */
        char name[72];
        char phase[24];         /* Pending, Running, Succeeded, Failed */
        char container[32];     /* which the next lines are about: "br" (the init container), "backup"; "" none */
        char waiting[48];       /* why it waits: ImagePullBackOff, CreateContainerConfigError...; "Unschedulable" where
                                   the Pod has no node */
        char ended[48];         /* why it ended: OOMKilled, Error, Completed, Evicted...; "" it has not */
        char message[200];      /* of what stands in waiting or ended */
        int exit_code;          /* with ended */
        int64_t started_ms;     /* of the Pod */
    } pod;
    struct {
        char reason[48];        /* the newest Warning of the Backup, its Job or its Pod: FailedCreate... */
        char message[200];
        char about[8];          /* "Backup", "Job", "Pod" */
        int64_t at_ms;
        int count;
    } event;
    struct {                    /* of a full backup that failed: the newest full backup of its cluster, where that stands
                                   in for it (window_makes_good); the store keeps it */
        char name[64];          /* "": there is none */
        tso_t commit_ts;
    } later;
    char log_error[256];        /* the last ERROR line that br wrote, where its log was read; "" */
    float log_progress;         /* per cent, of br's last progress line: TiDB Operator takes none over for snapshots;
                                   0: not known */
};

#endif
