#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "exec_job.h"
#include "facts_keeper.h"

/* A Job of ours, watched. Callbacks only tell exec_state.c what came; it looks at it all once a turn. */

enum { LOG_TRIES_MAX = 5 };

/* -- the Job ------------------------------------------------------------------------------------ */

static void on_job(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    FACT_TYPE(job) *facts = &job->exec->facts.job;
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    if (exec_job_is_ours(job, object)) {
        job->job.listed = true;
        fact_text(job->exec->job, sizeof job->exec->job, json_text(json_at(object, "metadata", "name", NULL)));
        read_job_facts(object, facts);
        exec_see_job(job, facts->complete ? JOB_COMPLETE : facts->failed ? JOB_FAILED : JOB_THERE);
        facts->complete = job->job.is == JOB_COMPLETE; /* an older one may come late */
        facts->failed = facts->failed || job->job.is == JOB_FAILED;
    }
    json_free(&object);
}

static void on_job_gone(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    on_job(arg, text, len); /* its last state may tell how it ended */
    job->job.gone = true;
    exec_wake(job);
}

static void on_jobs_list(void *arg) { ((struct exec_job *)arg)->job.listed = false; }

static void on_jobs_listed(void *arg)
{
    struct exec_job *job = arg;
    job->job.gone = job->job.gone || !job->job.listed;
    exec_wake(job);
}

/* -- its Pod -------------------------------------------------------------------------------------- */

static enum pod_sight sight_of(const struct json *object, const FACT_TYPE(pod) *pod)
{
    bool runs = false, ended = str_same(pod->phase, "Failed") || str_same(pod->phase, "Succeeded");
    JSON_EACH (status, json_at(object, "status", "containerStatuses", NULL)) {
        const struct json *state = json_get(status, "state");
        bool terminated = json_type(json_get(state, "terminated")) == JSON_OBJECT;
        runs = runs || terminated || json_type(json_get(state, "running")) == JSON_OBJECT;
        ended = ended || terminated;
    }
    return ended ? (runs ? SEEN_ENDED : SEEN_DEAD) : runs ? SEEN_RUNNING : SEEN_STARTING;
}

static void on_pod(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    struct fact_item *item = exec_job_is_ours(job, object) ? read_pod(object) : NULL;
    if (item) {
        struct pod_item *pod = (struct pod_item *)(void *)item;
        job->exec->facts.pod = pod->pod;
        fact_text(job->exec->pod, sizeof job->exec->pod, json_text(json_at(object, "metadata", "name", NULL)));
        job->pod.listed = true;
        job->pod.gone = false;
        exec_see_pod(job, sight_of(object, &pod->pod));
        fact_item_free(item);
    }
    json_free(&object);
}

static void on_pod_gone(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    on_pod(arg, text, len);
    job->pod.gone = exec_pod_is_there(job);
    exec_wake(job);
}

static void on_pods_list(void *arg) { ((struct exec_job *)arg)->pod.listed = false; }

static void on_pods_listed(void *arg)
{
    struct exec_job *job = arg;
    job->pod.gone = job->pod.gone || (exec_pod_is_there(job) && !job->pod.listed);
    exec_wake(job);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    (void)state;
    exec_wake(arg);
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
        exec_wake(job);
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

void exec_watch_events(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    if (job->events || !exec->job[0])
        return;
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
    exec_watch_events(job);
    free(label);
}

void exec_unwatch(struct exec_job *job)
{
    reflector_free(&job->jobs);
    reflector_free(&job->pods);
    reflector_free(&job->events);
    podlog_free(&job->log.stream);
    loop_timer_cancel(&job->log.again);
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
    job->log.is = again && job->log.tries < LOG_TRIES_MAX ? LOG_AGAIN : LOG_OVER;
    if (end == PODLOG_ERROR && err)
        job->log.error = *err;
    if (end == PODLOG_GONE)
        error_set(&job->log.error, ERROR_MISSING, "its Pod is gone, and br's answer with it");
    exec_wake(job);
}

static bool is_running(void *arg)
{
    const struct exec_job *job = arg;
    return exec_pod_is_there(job) && !job->pod.gone && !exec_pod_has_ended(job) && job->job.is <= JOB_THERE;
}

void exec_read_log(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    str_clear(&exec->output); /* from its beginning again */
    podlog_free(&job->log.stream);
    job->log.error = (struct error){0};
    job->log.is = LOG_READING;
    job->log.tries++;
    job->log.stream = podlog_start(fleet_client(exec->br->fleet), &(struct podlog_spec){
        .ns = exec->ns, .pod = exec->pod, .container = BR_JOB_CONTAINER, .follow = true, .on_line = on_line,
        .on_end = on_log_end, .is_running = is_running, .arg = job});
}
