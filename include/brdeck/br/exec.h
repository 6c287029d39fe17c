/* exec.h - br itself at work, in a Job of ours or on this host: started, its output followed, ended, its result read.
 *
 * One object for both drivers, so that the runner does not know which it is. It survives cuts: what is followed is found
 * again by the run id.
 */
#ifndef BRDECK_BR_EXEC_H
#define BRDECK_BR_EXEC_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/br/argv.h>
#include <brdeck/br/job.h>

struct br;

enum br_driver {
    BR_DRIVER_OPERATOR, /* patches the CR; the default */
    BR_DRIVER_JOB,      /* a Job that runs br */
    BR_DRIVER_LOCAL,    /* br on this host, with a PD address given */
};
extern const char *const br_driver_names[]; /* "operator", "job", "local" */

enum br_exec_phase { BR_EXEC_STARTING, BR_EXEC_WAITING, BR_EXEC_RUNNING, BR_EXEC_DONE, BR_EXEC_FAILED, BR_EXEC_UNKNOWN };

struct br_exec_spec {
    enum br_driver driver;       /* JOB or LOCAL */
    enum br_command command;
    const char *ns, *run_id;
    const struct json *manifest; /* JOB: what is created; NULL: it is there already (found by the run id after a start) */
    char *const *argv;           /* LOCAL: without argv[0] */
    const char *program;         /* LOCAL: "br" */
    void (*changed)(void *arg);  /* phase, text or output changed; may not free it */
    void *arg;
};
struct br_exec;
struct br_exec *br_exec_new(struct br *br, const struct br_exec_spec *spec);
/* What runs locally is killed; a Job goes on by itself. */
void br_exec_free(struct br_exec **exec);
/* SIGTERM to br, or the Job is deleted. */
void br_exec_cancel(struct br_exec *exec);
enum br_exec_phase br_exec_phase(const struct br_exec *exec);
/* "Job NAME: its Pod waits: ImagePullBackOff", "br: unknown flag". */
const char *br_exec_text(const struct br_exec *exec);
const struct error *br_exec_error(const struct br_exec *exec);
/* Its whole output so far (the last BR_LOG_KEEP bytes). */
const char *br_exec_output(const struct br_exec *exec, size_t *len);
/* The result in words: the tasks of a status, the span of the metadata... a line each; the caller frees. NULL: nothing was
 * recognised. */
char *br_exec_result(const struct br_exec *exec);

#endif
