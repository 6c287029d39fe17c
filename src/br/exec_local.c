#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "exec_private.h"

/* br on this host: a child of the loop, with the user's own environment for its credentials. */

struct exec_local {
    struct child *child;
    struct str begun[2]; /* the line of stdout, of stderr, that is not whole yet */
    bool cancelled;
};

static void take_line(struct br_exec *exec, bool is_stderr)
{
    struct str *line = &exec->as_local->begun[is_stderr];
    exec_line(exec, &exec->output, line->data, line->len);
    if (!is_stderr)
        exec_line(exec, &exec->answer, line->data, line->len);
    str_clear(line);
}

static void on_output(void *arg, bool is_stderr, const char *bytes, size_t len)
{
    struct br_exec *exec = arg;
    size_t at = 0, size;
    for (const char *line; (line = str_next_line(bytes, len, &at, &size)) != NULL;) {
        str_addn(&exec->as_local->begun[is_stderr], line, size);
        if (at <= len) /* its newline is there */
            take_line(exec, is_stderr);
    }
}

static void on_child_exit(void *arg, const struct child_result *result)
{
    struct br_exec *exec = arg;
    char words[256];
    exec->as_local->child = NULL;
    for (int i = 0; i < 2; i++)
        if (exec->as_local->begun[i].len)
            take_line(exec, i);
    if (result->exit_code == 0) {
        exec_say(exec, BR_EXEC_DONE, "br ended well");
        return;
    }
    struct error err = {0};
    exec_last_words(exec, words, sizeof words);
    if (exec->as_local->cancelled)
        error_set(&err, ERROR_FAILED, "br was stopped");
    else if (result->exit_code < 0)
        error_set(&err, ERROR_FAILED, "br was ended by signal %d", result->signo);
    else
        error_set(&err, ERROR_FAILED, "br ended with %d%s%s", result->exit_code, *words ? ": " : "", words);
    exec_fail(exec, &err);
}

void exec_local_start(struct br_exec *exec, const char *program, char *const *argv)
{
    size_t count = 0;
    while (argv && argv[count])
        count++;
    const char **all = xcalloc(count + 2, sizeof *all);
    struct error err = {0};
    all[0] = program;
    for (size_t i = 0; i < count; i++)
        all[i + 1] = argv[i];
    exec->as_local = xcalloc(1, sizeof *exec->as_local);
    for (int i = 0; i < 2; i++)
        str_init(&exec->as_local->begun[i], BR_LOG_KEEP);
    exec->as_local->child = child_start(exec->br->loop, &(struct child_spec){
        .argv = all, .output_max = BR_LOG_KEEP, .on_output = on_output, .on_exit = on_child_exit, .arg = exec}, &err);
    free(all);
    exec->begun = exec->as_local->child != NULL;
    if (exec->begun)
        exec_say(exec, BR_EXEC_RUNNING, "br runs on this host, process %d", child_pid(exec->as_local->child));
    else
        exec_fail(exec, &err);
}

void exec_local_cancel(struct br_exec *exec)
{
    if (!exec->as_local->child)
        return;
    exec->as_local->cancelled = true;
    exec_say(exec, BR_EXEC_RUNNING, "br is being stopped");
    child_kill(exec->as_local->child);
}

void exec_local_free(struct exec_local **local)
{
    if (*local && (*local)->child)
        child_cancel(&(*local)->child);
    for (int i = 0; *local && i < 2; i++)
        str_done(&(*local)->begun[i]);
    free(*local);
    *local = NULL;
}
