/* exec_private.h - what the two drivers share: a phase, words, an output. */
#ifndef BRDECK_BR_EXEC_PRIVATE_H
#define BRDECK_BR_EXEC_PRIVATE_H

#include <brdeck/base/child.h>
#include <brdeck/br/exec.h>
#include <brdeck/br/log.h>

#include "br_private.h"

struct exec_job;   /* exec_job.c */
struct exec_local; /* exec_local.c */

struct br_exec {
    struct br *br;
    enum br_driver driver;
    enum br_command command;
    char *ns, *run_id;
    void (*changed)(void *arg);
    void *arg;
    enum br_exec_phase phase;
    char text[640];
    struct error error;
    bool begun;
    struct str output;         /* all that it wrote */
    struct str answer;         /* LOCAL: its stdout alone */
    struct backup_facts facts; /* job, pod, event */
    char job[72], pod[256];
    struct loop_timer tell;
    struct exec_job *as_job;
    struct exec_local *as_local;
};

/* exec.c */
__attribute__((format(printf, 3, 4)))
void exec_say(struct br_exec *exec, enum br_exec_phase phase, const char *format, ...);
/* FAILED with that error. */
void exec_fail(struct br_exec *exec, const struct error *why);
/* A line that br wrote, to the output or the answer, without what must not be seen; the last BR_LOG_KEEP bytes stay. */
void exec_line(struct br_exec *exec, struct str *to, const char *line, size_t len);
/* Whether a line tells of a failure: br's log says so, or its stderr, "Error: ...". */
bool exec_is_error(const char *line, size_t len);
/* Its last line that says why it failed, cleaned of br's log form; "" none. Written to @buf. */
char *exec_last_words(const struct br_exec *exec, char *buf, size_t size);

/* exec_job.c */
void exec_job_start(struct br_exec *exec, const struct json *manifest);
void exec_job_free(struct exec_job **job);
void exec_job_cancel(struct br_exec *exec);
/* exec_local.c */
void exec_local_start(struct br_exec *exec, const char *program, char *const *argv);
void exec_local_free(struct exec_local **local);
void exec_local_cancel(struct br_exec *exec);

#endif
