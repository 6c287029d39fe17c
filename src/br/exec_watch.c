#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "exec_job.h"
#include "facts_keeper.h"
#include "objects.h"

/* A Job of ours, followed. Callbacks only mark what came; one step a turn judges it all. */

enum { LOG_AGAIN_MS = 1000, LOG_TRIES_MAX = 5, POD_WAIT_MS = 20 * 1000 };

static void wake(struct exec_job *job)
{
    if (!loop_timer_is_set(&job->step))
        loop_timer_set(&job->step, 0);
}

/* -- the Job ------------------------------------------------------------------------------------ */

static void on_job(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    FACT_TYPE(job) *facts = &job->exec->facts.job;
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    if (exec_job_is_ours(job, object)) {
        job->there = job->job_seen = true;
        fact_text(job->exec->job, sizeof job->exec->job, json_text(json_at(object, "metadata", "name", NULL)));
        read_job_facts(object, facts);
        job->complete = facts->complete = facts->complete || job->complete;
        job->failed = facts->failed = facts->failed || job->failed;
        wake(job);
    }
    json_free(&object);
}

static void on_job_gone(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    on_job(arg, text, len); /* its last state may tell how it ended */
    job->gone = true;
    wake(job);
}

static void on_jobs_list(void *arg) { ((struct exec_job *)arg)->job_seen = false; }

static void on_jobs_listed(void *arg)
{
    struct exec_job *job = arg;
    job->gone = job->gone || !job->job_seen;
    wake(job);
}

/* -- its Pod -------------------------------------------------------------------------------------- */

static void on_pod(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    struct fact_item *item = exec_job_is_ours(job, object) ? read_pod(object) : NULL;
    if (item) {
        struct pod_item *pod = (struct pod_item *)(void *)item;
        job->exec->facts.pod = pod->pod;
        fact_text(job->exec->pod, sizeof job->exec->pod, json_text(json_at(object, "metadata", "name", NULL)));
        job->pod_there = job->pod_seen = true;
        job->pod_gone = false;
        JSON_EACH (status, json_at(object, "status", "containerStatuses", NULL)) {
            const struct json *state = json_get(status, "state");
            bool ended = json_type(json_get(state, "terminated")) == JSON_OBJECT;
            job->started = job->started || ended || json_type(json_get(state, "running")) == JSON_OBJECT;
            job->ended = job->ended || ended;
        }
        job->ended = job->ended || str_same(pod->pod.phase, "Failed") || str_same(pod->pod.phase, "Succeeded");
        fact_item_free(item);
        wake(job);
    }
    json_free(&object);
}

static void on_pod_gone(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    on_pod(arg, text, len);
    job->pod_gone = job->pod_there;
    wake(job);
}

static void on_pods_list(void *arg) { ((struct exec_job *)arg)->pod_seen = false; }

static void on_pods_listed(void *arg)
{
    struct exec_job *job = arg;
    job->pod_gone = job->pod_gone || (job->pod_there && !job->pod_seen);
    wake(job);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    (void)state;
    wake(arg);
}

/* -- Events about the Job: why it has no Pod --------------------------------------------------------- */

static void on_event(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    struct fact_item *item = read_event(object);
    struct event_item *event = (struct event_item *)(void *)item;
    if (item && event->event.at_ms >= job->exec->facts.event.at_ms) {
        job->exec->facts.event = event->event;
        wake(job);
    }
    if (item)
        fact_item_free(item);
    json_free(&object);
}

static void on_nothing(void *arg) { (void)arg; }

static void on_event_gone(void *arg, const char *text, size_t len)
{
    (void)arg;
    (void)text;
    (void)len;
}

/* Once its name is known. */
static void watch_events(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    char *field = xasprintf("involvedObject.name=%s", exec->job);
    job->events = reflector_new(&(struct reflector_spec){
        .client = fleet_client(exec->br->fleet), .resource = kube_events, .ns = exec->ns, .field_selector = field,
        .on_object = on_event, .on_delete = on_event_gone, .on_list = on_nothing, .on_listed = on_nothing,
        .on_state = on_state, .arg = job});
    free(field);
}

void exec_watch(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    char *label = xasprintf(BR_JOB_RUN_LABEL "=%s", exec->run_id);
    struct reflector_spec spec = {.client = fleet_client(exec->br->fleet), .resource = kube_jobs, .ns = exec->ns,
                                  .label_selector = label, .on_object = on_job, .on_delete = on_job_gone,
                                  .on_list = on_jobs_list, .on_listed = on_jobs_listed, .on_state = on_state,
                                  .arg = job};
    job->jobs = reflector_new(&spec);
    spec.resource = kube_pods;
    spec.on_object = on_pod;
    spec.on_delete = on_pod_gone;
    spec.on_list = on_pods_list;
    spec.on_listed = on_pods_listed;
    job->pods = reflector_new(&spec);
    if (exec->job[0])
        watch_events(job);
    free(label);
}

void exec_unwatch(struct exec_job *job)
{
    reflector_free(&job->jobs);
    reflector_free(&job->pods);
    reflector_free(&job->events);
    podlog_free(&job->log);
    loop_timer_cancel(&job->log_again);
    loop_timer_cancel(&job->patience);
}

/* -- the log ------------------------------------------------------------------------------------------ */

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len)
{
    struct exec_job *job = arg;
    (void)at_ms;
    exec_line(job->exec, &job->exec->output, line, len);
}

static void on_log_end(void *arg, enum podlog_end end, const struct error *err)
{
    struct exec_job *job = arg;
    bool again = end == PODLOG_WAITING || (end == PODLOG_ERROR && err && err->code == ERROR_NETWORK);
    job->log_is = again && job->log_tries < LOG_TRIES_MAX ? LOG_AGAIN : LOG_OVER;
    if (end == PODLOG_ERROR && err)
        job->log_error = *err;
    if (end == PODLOG_GONE)
        error_set(&job->log_error, ERROR_MISSING, "its Pod is gone, and br's answer with it");
    wake(job);
}

static bool is_running(void *arg)
{
    struct exec_job *job = arg;
    return job->pod_there && !job->pod_gone && !job->ended && !job->complete && !job->failed;
}

static void read_log(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    str_clear(&exec->output); /* from its beginning again */
    podlog_free(&job->log);
    job->log_error = (struct error){0};
    job->log_is = LOG_READING;
    job->log_tries++;
    job->log = podlog_start(fleet_client(exec->br->fleet), &(struct podlog_spec){
        .ns = exec->ns, .pod = exec->pod, .container = BR_JOB_CONTAINER, .follow = true, .on_line = on_line,
        .on_end = on_log_end, .is_running = is_running, .arg = job});
}

static void on_log_again(void *arg)
{
    struct exec_job *job = arg;
    if (job->log_is == LOG_AGAIN)
        read_log(job);
}

/* -- judging -------------------------------------------------------------------------------------------- */

static bool is_denied(const struct reflector *reflector)
{
    const struct reflector_state *state = reflector_state(reflector);
    return state->phase == REFLECTOR_DENIED && !state->listed;
}

/* It will never run, and why is known. What the Job says may come before what its Pod does: that is waited for. */
static bool never_ran(const struct exec_job *job)
{
    bool told = job->pod_there || *job->exec->facts.event.reason;
    return job->gone || (job->failed && !job->started && told);
}

/* How it ended, as well as it is known. */
static void tell_end(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const FACT_TYPE(pod) *pod = &exec->facts.pod;
    bool told = *pod->ended && strcmp(pod->ended, "Error") != 0 && strcmp(pod->ended, "Completed") != 0;
    char words[256];
    struct error err = {0};
    exec_unwatch(job);
    if (!exec->begun) { /* it was looked for by its run id */
        exec_say(exec, BR_EXEC_UNKNOWN, "no Job of run %s is there any more: how it ended is not known", exec->run_id);
        return;
    }
    if (job->complete || (job->ended && !job->failed && pod->exit_code == 0 && strcmp(pod->ended, "Completed") == 0)) {
        exec->error = job->log_error;
        exec_say(exec, BR_EXEC_DONE, "Job %s: br ended well%s%s", exec->job, job->log_error.code ? "; " : "",
                 job->log_error.text);
        return;
    }
    exec_last_words(exec, words, sizeof words);
    if (!*words && *pod->message)
        snprintf(words, sizeof words, "%s", pod->message);
    if (job->cancelled)
        error_set(&err, ERROR_FAILED, "Job %s was deleted as you asked", exec->job);
    else if (job->gone && !job->failed && !job->ended)
        error_set(&err, ERROR_MISSING, "Job %s was deleted before br ended", exec->job);
    else if (*pod->waiting && !job->started)
        error_set(&err, ERROR_FAILED, "it never ran: %s: %s (Job %s)", pod->waiting, pod->message, exec->job);
    else if (!job->started && *exec->facts.event.reason)
        error_set(&err, ERROR_FAILED, "no Pod could be made: %s (Job %s)", exec->facts.event.message, exec->job);
    else
        error_set(&err, ERROR_FAILED, "%s%s%s (Job %s)", told ? pod->ended : "", told && *words ? ": " : "",
                  *words ? words : told ? "" : "it ended without a word", exec->job);
    exec_fail(exec, &err);
}

static void tell_progress(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const FACT_TYPE(pod) *pod = &exec->facts.pod;
    const FACT_TYPE(event) *event = &exec->facts.event;
    const struct error *err = &reflector_state(job->jobs)->error;
    if (job->started)
        exec_say(exec, BR_EXEC_RUNNING, "Job %s: br runs in Pod %s", exec->job, exec->pod);
    else if (*pod->waiting && !container_is_starting(pod->waiting))
        exec_say(exec, BR_EXEC_WAITING, "Job %s: its Pod waits: %s%s%s", exec->job, pod->waiting,
                 *pod->message ? ": " : "", pod->message);
    else if (job->pod_there)
        exec_say(exec, BR_EXEC_WAITING, "Job %s: its Pod %s starts", exec->job, exec->pod);
    else if (*event->reason)
        exec_say(exec, BR_EXEC_WAITING, "Job %s: no Pod yet: %s: %s", exec->job, event->reason, event->message);
    else if (err->code)
        exec_say(exec, BR_EXEC_WAITING, "Job %s is made; brdeck looks again: %s", exec->job, err->text);
    else
        exec_say(exec, BR_EXEC_WAITING, "Job %s is made; it has no Pod yet", exec->job);
}

/* Which Job it is, is not known yet. */
static void tell_search(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const struct error *err = &reflector_state(job->jobs)->error;
    exec_say(exec, BR_EXEC_WAITING, "its Job is looked for by its run id %s%s%s", exec->run_id, err->code ? ": " : "",
             err->text);
}

static void on_patience(void *arg)
{
    struct exec_job *job = arg;
    job->patient = true;
    wake(job);
}

/* Whether nothing more is to be read of it. */
static bool has_all(struct exec_job *job)
{
    if (job->log_is == LOG_OVER)
        return true;
    if (job->pod_gone && job->log_is != LOG_READING) {
        error_set(&job->log_error, ERROR_MISSING, "its Pod is gone, and br's answer with it");
        return true;
    }
    if (!job->pod_there && is_denied(job->pods)) {
        job->log_error = reflector_state(job->pods)->error;
        return true;
    }
    if (!job->pod_there && job->patient) {
        error_set(&job->log_error, ERROR_MISSING, "its Pod is not there, so br's answer cannot be read");
        return true;
    }
    return false;
}

static void on_step(void *arg)
{
    struct exec_job *job = arg;
    bool over = job->complete || job->failed || job->gone || (job->pod_there && job->ended);
    if (exec_job_is_over(job) || !job->jobs) /* not followed any more */
        return;
    if (!job->exec->begun && !job->there && !job->gone) { /* its Pod may be listed first */
        tell_search(job);
        return;
    }
    if (job->there && !job->exec->begun) { /* found by its run id */
        job->exec->begun = true;
        if (job->cancelled && !job->request)
            exec_job_delete(job);
        if (!job->events && job->exec->job[0])
            watch_events(job); /* the others stay: its log may be being read already */
    }
    if (job->log_is == LOG_NONE && job->pod_there && !job->pod_gone && job->started)
        read_log(job);
    else if (job->log_is == LOG_AGAIN && !loop_timer_is_set(&job->log_again))
        loop_timer_set(&job->log_again, LOG_AGAIN_MS);
    if (over && (has_all(job) || (never_ran(job) && job->log_is == LOG_NONE))) {
        tell_end(job);
        return;
    }
    if (over && !job->pod_there && !loop_timer_is_set(&job->patience))
        loop_timer_set(&job->patience, POD_WAIT_MS);
    tell_progress(job);
}

void exec_watch_init(struct exec_job *job)
{
    struct loop *loop = job->exec->br->loop;
    loop_timer_init(&job->step, loop, on_step, job);
    loop_timer_init(&job->log_again, loop, on_log_again, job);
    loop_timer_init(&job->patience, loop, on_patience, job);
}
