#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/cause.h>
#include <brdeck/base/alloc.h>

#include "exec_private.h"
#include "log_private.h"

const char *const br_driver_names[] = {"operator", "job", "local"};

/* -- what is told ------------------------------------------------------------------------------ */

static void on_tell(void *arg)
{
    struct br_exec *exec = arg;
    if (exec->changed)
        exec->changed(exec->arg);
}

static void wake(struct br_exec *exec)
{
    if (!loop_timer_is_set(&exec->tell))
        loop_timer_set(&exec->tell, 0);
}

void exec_say(struct br_exec *exec, enum br_exec_phase phase, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(exec->text, sizeof exec->text, format, args);
    va_end(args);
    exec->phase = phase;
    wake(exec);
}

void exec_fail(struct br_exec *exec, const struct error *why)
{
    exec->error = *why;
    exec_say(exec, BR_EXEC_FAILED, "%s", why->text);
}

void exec_line(struct br_exec *exec, struct str *to, const char *line, size_t len)
{
    log_text_blot(to, line, len);
    str_addc(to, '\n');
    if (to->len > BR_LOG_KEEP)
        str_drop(to, str_tail(to->data, to->len, BR_LOG_KEEP));
    wake(exec);
}

bool exec_is_error(const char *line, size_t len)
{
    return br_log_is_error(line, len) || (len > 7 && memcmp(line, "Error: ", 7) == 0);
}

char *exec_last_words(const struct br_exec *exec, char *buf, size_t size)
{
    const char *best = NULL;
    size_t best_len = 0, at = 0, len;
    bool found = false;
    for (const char *line; (line = str_next_line(exec->output.data, exec->output.len, &at, &len)) != NULL;) {
        bool error = exec_is_error(line, len);
        if (len > 0 && (error || !found)) {
            best = line;
            best_len = len;
        }
        found = found || error;
    }
    bool prefixed = best_len > 7 && memcmp(best, "Error: ", 7) == 0;
    char *line = xstrndup(best ? best + (prefixed ? 7 : 0) : "", best_len - (prefixed ? 7 : 0));
    if (*line)
        cause_text(NULL, line, buf, size);
    else
        snprintf(buf, size, "%s", "");
    free(line);
    return buf;
}

/* -- questions ---------------------------------------------------------------------------------- */

enum br_exec_phase br_exec_phase(const struct br_exec *exec) { return exec->phase; }

const char *br_exec_text(const struct br_exec *exec) { return exec->text; }

const struct error *br_exec_error(const struct br_exec *exec) { return &exec->error; }

bool br_exec_is_begun(const struct br_exec *exec) { return exec->begun; }

const char *br_exec_job(const struct br_exec *exec) { return exec->job; }

const char *br_exec_pod(const struct br_exec *exec) { return exec->pod; }

const struct backup_facts *br_exec_facts(const struct br_exec *exec) { return &exec->facts; }

const char *br_exec_output(const struct br_exec *exec, size_t *len)
{
    *len = exec->output.len;
    return exec->output.data;
}

static const struct str *answer_of(const struct br_exec *exec)
{
    return exec->driver == BR_DRIVER_LOCAL ? &exec->answer : &exec->output;
}

char *br_exec_result(const struct br_exec *exec, int64_t now_ms)
{
    const struct str *answer = answer_of(exec);
    return br_answer_words(exec->command, answer->data, answer->len, now_ms);
}

const char *br_exec_json(const struct br_exec *exec, size_t *len)
{
    const struct str *answer = answer_of(exec);
    size_t at = 0;
    *len = exec->command == BR_LOG_STATUS ? br_status_find(answer->data, answer->len, &at) : 0;
    return answer->data + at;
}

/* -- life ------------------------------------------------------------------------------------------ */

struct br_exec *br_exec_new(struct br *br, const struct br_exec_spec *spec)
{
    struct br_exec *exec = xcalloc(1, sizeof *exec);
    *exec = (struct br_exec){.br = br, .driver = spec->driver, .command = spec->command, .ns = xstrdup(spec->ns),
                             .run_id = xstrdup(spec->run_id), .changed = spec->changed, .arg = spec->arg};
    str_init(&exec->output, 4 * (size_t)BR_LOG_KEEP);
    str_init(&exec->answer, 4 * (size_t)BR_LOG_KEEP);
    loop_timer_init(&exec->tell, br->loop, on_tell, exec);
    if (spec->driver == BR_DRIVER_LOCAL)
        exec_local_start(exec, spec->program ? spec->program : "br", spec->argv);
    else
        exec_job_start(exec, spec->manifest);
    return exec;
}

void br_exec_cancel(struct br_exec *exec)
{
    if (exec->as_local)
        exec_local_cancel(exec);
    else if (exec->as_job)
        exec_job_cancel(exec);
}

void br_exec_free(struct br_exec **pexec)
{
    struct br_exec *exec = *pexec;
    *pexec = NULL;
    if (!exec)
        return;
    exec_local_free(&exec->as_local);
    exec_job_free(&exec->as_job);
    loop_timer_cancel(&exec->tell);
    str_done(&exec->output);
    str_done(&exec->answer);
    free(exec->ns);
    free(exec->run_id);
    free(exec);
}
