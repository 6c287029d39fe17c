/* jobway.h - the way of a Job: its Pod is made, gets a node, its images, its containers run, it ends; and all that can
 * stop it on that way. The operator's runs (run.c) and the Jobs of users (jobctl.c) both go it.
 */
#ifndef BRDECK_SIM_JOBWAY_H
#define BRDECK_SIM_JOBWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "troubles.h"

struct sim;

enum way_stage { WAY_JOB, WAY_NODE, WAY_MOUNT, WAY_INIT, WAY_INIT_END, WAY_MAIN, WAY_RUNS };

struct jobway {
    struct sim *sim;
    char *ns, *job, *uid, *pod;  /* pod NULL: there is none yet */
    struct trouble *trouble;     /* NULL: none is ordered */
    enum way_stage stage;
    unsigned tries;              /* in vain, at this stage */
    int64_t started_ms;          /* wall, of the main container */
};

/* Of the Job @job that is stored; @name and @command as in troubles_take. */
void way_init(struct jobway *way, struct sim *sim, const char *ns, const char *job, const char *name,
              const char *command);
void way_done(struct jobway *way);
/* Whether its Job is still there. */
bool way_exists(const struct jobway *way);
/* The next step; how many ms (at speed 1) to the one after it. 0: the main container runs now (WAY_RUNS). */
int64_t way_step(struct jobway *way);
/* The text of its trouble; the caller frees. @task the Backup's name. */
char *way_trouble_text(const struct jobway *way, const char *task);
/* The main container has ended: well, or with 1, or killed where its trouble says so. True: the Job has ended, too;
 * false: its backoffLimit allows another Pod, and the way begins again. */
bool way_end(struct jobway *way, bool good);
/* Its activeDeadlineSeconds are over: the Pod is deleted, the Job has failed. */
void way_expire(struct jobway *way);
/* Whether what runs is killed: by its trouble, or because somebody deleted the Pod. */
bool way_is_killed(const struct jobway *way);

#endif
