/* exec_job.h - a Job of ours: exec_job.c makes it, exec_watch.c watches it, exec_state.c tells what that comes to. */
#ifndef BRDECK_BR_EXEC_JOB_H
#define BRDECK_BR_EXEC_JOB_H

#include <brdeck/kube/podlog.h>
#include <brdeck/kube/reflector.h>

#include "exec_private.h"

/* How far each has come, as it was seen. It only goes on: what was there once is not forgotten when it is deleted. */
enum job_life {
    JOB_SOUGHT,     /* its name may be known, but not that it is there */
    JOB_THERE,
    JOB_FAILED,
    JOB_COMPLETE,
};
enum pod_life {
    POD_NONE,       /* none was seen */
    POD_MISSED,     /* ... though the Job is over, and it was waited for */
    POD_STARTS,
    POD_RUNS,
    POD_ENDED,      /* after its container had run */
    POD_NEVER_RAN,  /* it ended, and its container had not run */
    POD_LIVES,
};
enum log_life {
    LOG_NONE,       /* it cannot be read yet, or never */
    LOG_READING,
    LOG_AGAIN,      /* the stream broke: it is read anew after a while */
    LOG_OVER,       /* read to its end, or given up */
};

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
    struct {
        enum job_life is;
        bool gone;                /* deleted */
        bool listed;              /* in the list under way */
    } job;
    struct {
        enum pod_life is;
        bool gone, listed;        /* as above; another may come */
    } pod;
    struct {
        enum log_life is;
        struct podlog *stream;
        int tries;
        struct error error;       /* why br's answer is not whole */
        struct loop_timer again;
    } log;
    bool cancelled;               /* it is to be deleted */
    struct loop_timer step;       /* exec_state.c looks, once a turn */
    struct loop_timer patience;   /* the Job is over and no Pod is seen */
};

bool exec_job_is_over(const struct exec_job *job);
/* Whether @object has its run id. */
bool exec_job_is_ours(const struct exec_job *job, const struct json *object);

void exec_job_delete(struct exec_job *job);

/* exec_watch.c: three small watches (the Job, its Pod, Events about it) and the Pod's log. */
void exec_watch(struct exec_job *job);
void exec_watch_events(struct exec_job *job); /* once its name is known; harmless again */
void exec_unwatch(struct exec_job *job);
void exec_read_log(struct exec_job *job);

/* exec_state.c: what was seen, and what it comes to. */
enum pod_sight { SEEN_STARTING, SEEN_RUNNING, SEEN_ENDED, SEEN_DEAD /* its container had not run */, SEEN_LATE };
void exec_state_init(struct exec_job *job);
void exec_state_done(struct exec_job *job);
void exec_see_job(struct exec_job *job, enum job_life is);
void exec_see_pod(struct exec_job *job, enum pod_sight sight);
/* Something came: look at it in this turn. */
void exec_wake(struct exec_job *job);
bool exec_pod_is_there(const struct exec_job *job);
bool exec_pod_has_ended(const struct exec_job *job);

#endif
