/* jobs.h - the Jobs the operator makes and the Pods of them, as recorded; and their way through
 * their phases. */
#ifndef BRDECK_SIM_JOBS_H
#define BRDECK_SIM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/json.h>

struct sim;

struct job_spec {
    const struct json *backup; /* its owner */
    const char *name;          /* of the Job */
    const char *component;     /* "backup" or "clean" */
    const char *pd_service, *mode, *subcommand; /* "" where absent */
    const char *until;
};
/* Store the Job. */
void job_create(struct sim *sim, const struct job_spec *spec);

/* What the API server adds to a new Job of a user: selector, labels of its Pods, defaults. */
void job_settle(struct json *job);

enum job_state { JOB_NONE, JOB_ACTIVE, JOB_DONE, JOB_FAILED };
enum job_state job_state(struct sim *sim, const char *ns, const char *name);

/* Make its Pod, Pending, with the Event of it; the Pod's name, the caller's. NULL: the ServiceAccount is missing,
 * which only an Event tells. */
char *job_make_pod(struct sim *sim, const char *ns, const char *job);
/* The Pod is Running. */
void pod_run(struct sim *sim, const char *ns, const char *pod);
/* Pod and Job have ended. */
void job_end(struct sim *sim, const char *ns, const char *job, const char *pod, bool good, int64_t started_ms);

#endif
