/* exec_job.h - a Job of ours: exec_job.c makes it, exec_watch.c follows it. */
#ifndef BRDECK_BR_EXEC_JOB_H
#define BRDECK_BR_EXEC_JOB_H

#include <brdeck/kube/podlog.h>
#include <brdeck/kube/reflector.h>

#include "exec_private.h"

struct exec_job {
    struct br_exec *exec;
    struct json *manifest;        /* NULL: it was there before */
    struct kube_request *request; /* create, look or delete */
    struct loop_timer again;      /* of the create and its looks: calls @then */
    void (*then)(struct exec_job *job);
    int sends, looks;
    int64_t lost_ms, ask_ms;      /* monotonic, as struct run's */
    struct error lost;
    struct reflector *jobs, *pods, *events;
    bool job_seen, pod_seen;      /* in the list under way */
    bool there, gone, complete, failed; /* of the Job */
    bool pod_there, pod_gone, started, ended; /* of the Pod; its container started, ended */
    bool cancelled;
    struct podlog *log;
    enum { LOG_NONE, LOG_READING, LOG_AGAIN, LOG_OVER } log_is;
    int log_tries;
    struct error log_error;
    struct loop_timer step, log_again, patience; /* patience: the Job is over and its Pod is not seen */
    bool patient;
};

bool exec_job_is_over(const struct exec_job *job);
/* Whether @object has its run id. */
bool exec_job_is_ours(const struct exec_job *job, const struct json *object);

void exec_job_delete(struct exec_job *job);

/* exec_watch.c: three small watches (the Job, its Pod, Events about it) and the Pod's log. */
void exec_watch_init(struct exec_job *job);
void exec_watch(struct exec_job *job);
void exec_unwatch(struct exec_job *job);

#endif
