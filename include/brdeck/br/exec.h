/* exec.h - br itself at work, in a Job of ours or on this host: started, its output followed, ended, its result read.
 *
 * One object for both drivers, so that the runner does not know which it is. It survives cuts: what is followed is
 * found again by the run id.
 */
#ifndef BRDECK_BR_EXEC_H
#define BRDECK_BR_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/facts.h>
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

enum br_exec_phase {
    BR_EXEC_STARTING, /* the Job is being created */
    BR_EXEC_WAITING,  /* the Job is there, br does not run yet: text says what it waits for */
    BR_EXEC_RUNNING,
    /* the ends; all that br wrote has been read, or cannot be */
    BR_EXEC_DONE,     /* br ended with 0 */
    BR_EXEC_FAILED,   /* it did not begin, or ended otherwise: see error and br_exec_is_begun */
    BR_EXEC_UNKNOWN,  /* the create's answer is lost, and no answer has come since; it may become another */
};

struct br_exec_spec {
    enum br_driver driver;       /* JOB or LOCAL */
    enum br_command command;
    const char *ns, *run_id;
    const struct json *manifest; /* JOB: what is created; NULL: it is there already, and is found by the run id */
    char *const *argv;           /* LOCAL: without argv[0] */
    const char *program;         /* LOCAL: "br" */
    void (*changed)(void *arg);  /* phase, text or output changed; from the loop, once a turn; may not free it */
    void *arg;
};
struct br_exec;
/* Begins at once; @spec is needed only during the call. An answer that is lost is looked for (rule 7): the Job's name
 * and its label have the run id. */
struct br_exec *br_exec_new(struct br *br, const struct br_exec_spec *spec);
/* What runs locally is killed; a Job goes on by itself. */
void br_exec_free(struct br_exec **exec);
/* SIGTERM to br, or the Job is deleted. */
void br_exec_cancel(struct br_exec *exec);
enum br_exec_phase br_exec_phase(const struct br_exec *exec);
/* "Job NAME: its Pod waits: ImagePullBackOff", "br: unknown flag". */
const char *br_exec_text(const struct br_exec *exec);
const struct error *br_exec_error(const struct br_exec *exec);
/* Whether br's work was begun: the Job is there, the child was started. */
bool br_exec_is_begun(const struct br_exec *exec);
/* "" not known yet, or there is none. */
const char *br_exec_job(const struct br_exec *exec);
const char *br_exec_pod(const struct br_exec *exec);
/* What is known of Job, Pod and Events, for cause_find. */
const struct backup_facts *br_exec_facts(const struct br_exec *exec);
/* Its whole output so far (the last BR_LOG_KEEP bytes): a Job's as its Pod's log has it, stdout and stderr mixed.
 * Secrets are blotted out. */
const char *br_exec_output(const struct br_exec *exec, size_t *len);
/* The result in words: the tasks of a status, the span of the metadata... a line each; the caller frees. NULL: nothing
 * was recognised. @now_ms is corrected wall time. */
char *br_exec_result(const struct br_exec *exec, int64_t now_ms);
/* The JSON of a status, verbatim; its length, 0: there is none. Borrowed until the next turn. */
const char *br_exec_json(const struct br_exec *exec, size_t *len);
/* The same words for an answer that is at hand. */
char *br_answer_words(enum br_command command, const char *answer, size_t len, int64_t now_ms);

#endif
