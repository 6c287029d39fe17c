#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>

#include "br_private.h"
#include "exec_private.h"
#include "log_private.h"
#include "plan_exec.h"

/* A run whose work br itself does, in a Job or on this host: the phases of br_exec become outcomes. */

/* -- what it left ---------------------------------------------------------------------------------- */

/* The last ERROR lines that fit. */
static void take_errors(struct run *run)
{
    struct br_run *pub = &run->pub;
    size_t len, at = 0, size;
    const char *text = br_exec_output(run->exec, &len);
    struct str all;
    str_init(&all, BR_LOG_KEEP);
    for (const char *line; (line = str_next_line(text, len, &at, &size)) != NULL;)
        if (exec_is_error(line, size)) {
            str_addn(&all, line, size < BR_LOG_ERROR_MAX ? size : BR_LOG_ERROR_MAX);
            str_addc(&all, '\n');
        }
    snprintf(pub->errors, sizeof pub->errors, "%s", all.data + str_tail(all.data, all.len, sizeof pub->errors - 1));
    str_done(&all);
}

static void keep_log(struct run *run)
{
    struct br_run *pub = &run->pub;
    struct error err = {0};
    size_t len;
    const char *text = br_exec_output(run->exec, &len);
    if (!len)
        return;
    if (!log_kept_write(pub->ns, pub->name, pub->job[0] ? pub->job : "br", fleet_now_ms(run->br->fleet), text, len,
                        pub->log_path, sizeof pub->log_path, &err))
        log_warn("the log of br was not kept: %s", err.text);
}

static const struct cause *cause_of(const struct run *run)
{
    struct cause_signs signs = {.message = br_exec_error(run->exec)->code ? br_exec_error(run->exec)->text : NULL,
                                .facts = br_exec_facts(run->exec), .log = run->pub.errors[0] ? run->pub.errors : NULL};
    return cause_find(&signs);
}

/* -- outcomes ---------------------------------------------------------------------------------------- */

static void tell_done(struct run *run)
{
    struct br_run *pub = &run->pub;
    const struct br_command_info *info = &br_command_table[pub->br_command];
    const char *where = br_exec_text(run->exec);
    size_t len;
    free(pub->result);
    free(pub->answer);
    pub->result = br_exec_result(run->exec, fleet_now_ms(run->br->fleet));
    const char *json = br_exec_json(run->exec, &len);
    pub->answer = len ? xstrndup(json, len) : NULL;
    pub->progress = 100;
    if (!info->reads_only)
        run_say(run, BR_DONE, "br %s: done; the Backup itself does not say so", info->words);
    else if (pub->result)
        run_say(run, BR_DONE, "br %s: %.*s", info->words, (int)strcspn(pub->result, "\n"), pub->result);
    else
        run_say(run, BR_DONE, "br %s: ended well, but nothing of its answer was recognised (%s)", info->words, where);
}

static void tell_failed(struct run *run)
{
    struct br_run *pub = &run->pub;
    const struct error *err = br_exec_error(run->exec);
    take_errors(run);
    pub->cause = cause_of(run);
    if (br_exec_is_begun(run->exec)) {
        keep_log(run);
        run_say(run, BR_FAILED, "br %s: %s", br_command_table[pub->br_command].words, err->text);
    } else if (err->code == ERROR_NETWORK || err->code == ERROR_TIMEOUT) {
        run_say(run, BR_NOT_SENT, "%s", err->text);
    } else {
        run_say(run, BR_REFUSED, "%s", err->text);
    }
}

static void take_output(struct run *run)
{
    size_t len;
    const char *text = br_exec_output(run->exec, &len);
    size_t drop = str_tail(text, len, BR_RUN_OUTPUT);
    free(run->pub.output);
    run->pub.output = len ? xstrndup(text + drop, len - drop) : NULL;
}

static void look(struct run *run)
{
    struct br_run *pub = &run->pub;
    take_output(run);
    enum br_exec_phase phase = br_exec_phase(run->exec);
    snprintf(pub->job, sizeof pub->job, "%.63s", br_exec_job(run->exec));
    snprintf(pub->pod, sizeof pub->pod, "%.71s", br_exec_pod(run->exec));
    run->br->told = false; /* the output grew */
    br_wake(run->br);
    if (br_outcome_is_end(pub->outcome) && pub->outcome != BR_UNKNOWN)
        return;
    pub->cause = phase == BR_EXEC_WAITING ? cause_of(run) : NULL;
    pub->stuck = pub->cause != NULL;
    switch (phase) {
    case BR_EXEC_STARTING:
        run_say(run, BR_SENDING, "%s", br_exec_text(run->exec));
        break;
    case BR_EXEC_WAITING:
        run_say(run, BR_FOLLOWING, "%s%s%s", br_exec_text(run->exec), pub->cause ? "; " : "",
                pub->cause ? pub->cause->action : "");
        break;
    case BR_EXEC_RUNNING:
        run_say(run, BR_FOLLOWING, "%s", br_exec_text(run->exec));
        break;
    case BR_EXEC_DONE:
        tell_done(run);
        break;
    case BR_EXEC_FAILED:
        tell_failed(run);
        break;
    case BR_EXEC_UNKNOWN:
        run_say(run, BR_UNKNOWN, "%s", br_exec_text(run->exec));
        break;
    }
}

static void on_changed(void *arg) { look(arg); }

/* -- the start ----------------------------------------------------------------------------------------- */

static bool write_intent(struct run *run)
{
    struct error err = {0};
    if (plan_guard_moved(run->plan)) {
        run_say(run, BR_CHANGED, "not begun: what the truncate takes away has changed since you looked: look again");
        return false;
    }
    if (!journal_intent(run->br->journal, &run->pub, &run->plan->pub, &err)) {
        run_say(run, BR_NOT_SENT, "the journal cannot be written, and nothing is done without it: %s", err.text);
        return false;
    }
    run->journalled = true;
    return true;
}

void run_exec_start(struct run *run)
{
    const struct br_plan *p = &run->plan->pub;
    struct br_run *pub = &run->pub;
    bool new_work = p->patch || p->driver == BR_DRIVER_LOCAL;
    const char *id = json_text(json_at(p->patch, "metadata", "labels", BR_JOB_RUN_LABEL, NULL));
    if (id)
        snprintf(pub->run_id, sizeof pub->run_id, "%s", id);
    if (new_work) {
        pub->driver = p->driver;
        pub->br_command = p->command;
        if (!write_intent(run))
            return;
    }
    run->exec = br_exec_new(run->br, &(struct br_exec_spec){
        .driver = pub->driver, .command = pub->br_command, .ns = pub->ns, .run_id = pub->run_id,
        .manifest = p->patch, .argv = p->argv, .program = plan_exec_program(run->plan), .changed = on_changed,
        .arg = run});
    look(run);
}

void run_exec_end(struct run *run)
{
    br_exec_free(&run->exec);
    free(run->pub.result);
    free(run->pub.answer);
    free(run->pub.output);
    run->pub.result = run->pub.answer = run->pub.output = NULL;
}
