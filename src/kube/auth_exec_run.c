/* auth_exec_run.c - one run of a login plugin: how it starts, alone or with the terminal, and what came of it. */
#include <config.h>

#include "auth_exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

enum { OUTPUT_MAX = 1024 * 1024 };

/* The terminal asked for; lives until the answer has come, longer than its plugin maybe. */
struct exec_borrow {
    struct kube_exec *exec; /* NULL: gone */
    struct kube_terminal terminal;
};

static void run(struct kube_exec *exec, bool interactive);

/* -- the terminal --------------------------------------------------------------------------- */

static void give_back(struct kube_exec *exec)
{
    struct kube_terminal lent = exec->lent;
    exec->lent = (struct kube_terminal){0};
    if (lent.give_back)
        lent.give_back(lent.arg);
}

static const struct kube_terminal *find_terminal(const struct kube_exec *exec)
{
    for (const struct kube_auth_wait *wait = exec->first; wait; wait = wait->next) {
        if (wait->terminal.borrow)
            return &wait->terminal;
    }
    return NULL;
}

static void on_ready(void *ctx, bool lent)
{
    struct exec_borrow *borrow = ctx;
    struct kube_exec *exec = borrow->exec;
    struct kube_terminal terminal = borrow->terminal;
    free(borrow);
    if (!exec) {
        if (lent)
            terminal.give_back(terminal.arg);
        return;
    }
    exec->borrow = NULL;
    if (lent) {
        exec->lent = terminal;
        run(exec, true);
        return;
    }
    struct error err;
    error_set(&err, ERROR_DENIED,
              "%s must ask on the terminal, which it was not given: try again, or log in in a shell", exec->name);
    exec_end_failed(exec, &err);
}

static void borrow_terminal(struct kube_exec *exec, const struct kube_terminal *terminal)
{
    struct exec_borrow *borrow = xmalloc(sizeof *borrow);
    *borrow = (struct exec_borrow){exec, *terminal};
    exec->borrow = borrow;
    borrow->terminal.borrow(borrow->terminal.arg, exec->name, on_ready, borrow);
}

/* -- how it ends ------------------------------------------------------------------------------ */

/* What went wrong; @err is filled. */
static void tell_failure(const struct kube_exec *exec, const struct child_result *result, bool interactive,
                         struct error *err)
{
    char *line = exec_last_line(result->err ? result->err : "", exec->env);
    const char *colon = *line ? ": " : "";
    if (result->timed_out)
        error_set(err, ERROR_DENIED, "%s did not end in %d s%s%s", exec->name,
                  (int)((interactive ? exec->ask_ms : exec->run_ms) / 1000), colon, line);
    else if (result->signo)
        error_set(err, ERROR_DENIED, "%s was ended by signal %d%s%s", exec->name, result->signo, colon, line);
    else
        error_set(err, ERROR_DENIED, "%s failed (exit code %d)%s%s", exec->name, result->exit_code, colon, line);
    free(line);
}

/* What it printed is no use; what it said beside it may tell why. */
static void add_last_words(const struct kube_exec *exec, const struct child_result *result, struct error *err)
{
    char *line = exec_last_line(result->err ? result->err : "", exec->env);
    size_t len = strlen(err->text);
    if (*line)
        snprintf(err->text + len, sizeof err->text - len, "; it said: %s", line);
    free(line);
}

static void end_run(struct kube_exec *exec, const struct child_result *result, bool interactive)
{
    struct error err = {0};
    struct exec_credential fresh = {0};
    const struct kube_terminal *terminal = find_terminal(exec);
    exec->child = NULL;
    give_back(exec);
    if (result->timed_out || result->signo || result->exit_code != 0)
        tell_failure(exec, result, interactive, &err);
    else if (exec_output_read(exec->name, exec->api_version, result->out, result->out_len, &fresh, &err)) {
        exec_end_well(exec, &fresh);
        return;
    }
    else
        add_last_words(exec, result, &err);
    if (!interactive && exec->mode == KUBE_EXEC_IF_AVAILABLE && terminal) {
        log_info("%s; it gets the terminal", err.text);
        borrow_terminal(exec, terminal);
        return;
    }
    exec_end_failed(exec, &err);
}

static void on_exit_alone(void *arg, const struct child_result *result)
{
    end_run(arg, result, false);
}

static void on_exit_terminal(void *arg, const struct child_result *result)
{
    end_run(arg, result, true);
}

/* -- how it starts ----------------------------------------------------------------------------- */

/* KUBERNETES_EXEC_INFO. */
static char *make_info(const struct kube_exec *exec, bool interactive)
{
    struct json *info = json_new_object(), *spec = json_object_in(info, "spec");
    json_set_string(info, "kind", "ExecCredential");
    json_set_string(info, "apiVersion", exec->api_version);
    if (exec->cluster)
        json_set(spec, "cluster", json_copy(exec->cluster));
    json_set_bool(spec, "interactive", interactive);
    char *text = json_print(info), *pair = xasprintf("KUBERNETES_EXEC_INFO=%s", text);
    free(text);
    json_free(&info);
    return pair;
}

/* Whether the command can be run at all: only then the hint how to install it stays away. */
static bool is_installed(const char *command)
{
    const char *path = getenv("PATH");
    if (strchr(command, '/'))
        return access(command, X_OK) == 0;
    bool found = !path;
    while (!found && *path) {
        size_t len = strcspn(path, ":");
        char *full = xasprintf("%.*s%s%s", (int)len, path, len ? "/" : "", command);
        found = access(full, X_OK) == 0;
        free(full);
        path += len + (path[len] == ':');
    }
    return found;
}

static void tell_missing(const struct kube_exec *exec, struct error *err)
{
    struct str hint; /* on one line */
    str_init(&hint, sizeof err->text);
    for (const char *c = exec->install_hint ? exec->install_hint : ""; *c; c++)
        str_addc(&hint, (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c);
    bool in_path = !strchr(exec->argv[0], '/');
    error_set(err, ERROR_DENIED, "%s is not installed (%s%s)%s%s", exec->name, in_path ? "not in PATH" : "no program ",
              in_path ? "" : exec->argv[0], hint.len ? ": " : "", hint.data);
    str_done(&hint);
}

static void run(struct kube_exec *exec, bool interactive)
{
    struct error err = {0}, why = {0};
    char *info = make_info(exec, interactive);
    size_t count = 0;
    while (exec->env[count])
        count++;
    const char **env = xcalloc(count + 2, sizeof *env);
    for (size_t i = 0; i < count; i++)
        env[i] = exec->env[i];
    env[count] = info;
    const struct child_spec spec = {
        .argv = (const char *const *)exec->argv,
        .env = env,
        .output_max = OUTPUT_MAX,
        .timeout_ms = interactive ? exec->ask_ms : exec->run_ms,
        .terminal = interactive,
        .terminal_keep_out = interactive,
        .on_exit = interactive ? on_exit_terminal : on_exit_alone,
        .arg = exec,
    };
    if (!is_installed(exec->argv[0]))
        tell_missing(exec, &err);
    else if ((exec->child = child_start(exec->loop, &spec, &why)) == NULL)
        error_set(&err, ERROR_DENIED, "%s does not start: %s", exec->name, why.text);
    free(env);
    free(info);
    if (exec->child)
        return;
    give_back(exec);
    exec_end_failed(exec, &err);
}

void exec_start(struct kube_exec *exec)
{
    const struct kube_terminal *terminal = find_terminal(exec);
    struct error err;
    if (exec->mode != KUBE_EXEC_ALWAYS) {
        run(exec, false);
    } else if (terminal && is_installed(exec->argv[0])) {
        borrow_terminal(exec, terminal);
    } else if (terminal) {
        tell_missing(exec, &err);
        exec_end_failed(exec, &err);
    } else {
        error_set(&err, ERROR_DENIED,
                  "%s must ask on a terminal (interactiveMode: Always), and here is none: log in by kubectl in a shell",
                  exec->name);
        exec_end_failed(exec, &err);
    }
}

void exec_stop(struct kube_exec *exec)
{
    child_cancel(&exec->child);
    give_back(exec);
    if (exec->borrow)
        exec->borrow->exec = NULL;
}
