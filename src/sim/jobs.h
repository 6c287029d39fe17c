/* jobs.h - the Jobs the operator makes, as recorded, and what the Job controller writes into Jobs. jobway.h has their
 * way, pods.h their Pods. */
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
    const char *tls_secret, *tls_path; /* of the client, and where it is mounted; NULL: the cluster is without TLS */
};
/* Store the Job. */
void job_create(struct sim *sim, const struct job_spec *spec);

/* What the API server adds to a new Job of a user: selector, labels of its Pods, defaults. */
void job_settle(struct json *job);

enum job_state { JOB_NONE, JOB_ACTIVE, JOB_DONE, JOB_FAILED };
enum job_state job_state(struct sim *sim, const char *ns, const char *name);

/* One more reference to @owner in @meta. */
void owner_add(struct json *meta, const struct json *owner);

/* Store @job, which is used up, with so many Pods that are active, and ready. */
void job_set_active(struct sim *sim, struct json *job, int64_t active, int64_t ready);
/* One more of its Pods has failed: how many have. */
int64_t job_count_failure(struct json *job);
/* It has ended: its condition Complete or Failed, with the Event. @job is used up. */
void job_finish(struct sim *sim, struct json *job, bool good, const char *reason, const char *message);

#endif
