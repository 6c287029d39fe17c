#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/cause.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>
#include <brdeck/kube/podlog.h>

#include "exec_private.h"
#include "facts_keeper.h"

/* br in a Job of ours: created once, its answer looked for where it is lost; then three small watches (the Job, its Pod,
 * Events about it) and the Pod's log. Callbacks only mark what came; one step a turn judges it all. */

enum { LOG_AGAIN_MS = 1000, LOG_TRIES_MAX = 5, POD_WAIT_MS = 20 * 1000 };

struct exec_job {
    struct br_exec *exec;
    struct json *manifest;        /* NULL: it was there before */
    struct kube_request *request; /* create, look or delete */
    struct loop_timer again;      /* of the create and its looks: calls @then */
    void (*then)(struct exec_job *job);
    int sends, looks;
    int64_t lost_ms, ask_ms;      /* monotonic, as struct run's */
    struct error lost;
    struct reflector *jobs, *pods, *events;
    bool job_seen, pod_seen;      /* in the list under way */
    bool there, gone, complete, failed; /* of the Job */
    bool pod_there, pod_gone, started, ended; /* of the Pod; its container started, ended */
    bool cancelled;
    struct podlog *log;
    enum { LOG_NONE, LOG_READING, LOG_AGAIN, LOG_OVER } log_is;
    int log_tries;
    struct error log_error;
    struct loop_timer step, log_again, patience; /* patience: the Job is over and its Pod is not seen */
    bool patient;
};

static void wake(struct exec_job *job)
{
    if (!loop_timer_is_set(&job->step))
        loop_timer_set(&job->step, 0);
}

static bool is_over(const struct exec_job *job)
{
    return job->exec->phase == BR_EXEC_DONE || job->exec->phase == BR_EXEC_FAILED;
}

/* -- the Job ------------------------------------------------------------------------------------ */

static bool is_ours(const struct exec_job *job, const struct json *object)
{
    const char *id = json_text(json_at(object, "metadata", "labels", BR_JOB_RUN_LABEL, NULL));
    return str_same(id, job->exec->run_id);
}

static void on_job(void *arg, const char *text, size_t len)
{
    struct exec_job *job = arg;
    FACT_TYPE(job) *facts = &job->exec->facts.job;
    struct json *object = json_parse_without(text, len, "managedFields", NULL);
    const struct json *metadata = json_get(object, "metadata");
    if (is_ours(job, object)) {
        job->there = job->job_seen = true;
        fact_text(job->exec->job, sizeof job->exec->job, json_string(metadata, "name"));
        *facts = (FACT_TYPE(job)){.present = true};
        fact_text(facts->name, sizeof facts->name, job->exec->job);
        fact_text(facts->uid, sizeof facts->uid, json_string(metadata, "uid"));
        JSON_EACH (condition, json_at(object, "status", "conditions", NULL)) {
            if (!str_same(json_string(condition, "status"), "True"))
                continue;
            job->complete = job->complete || str_same(json_string(condition, "type"), "Complete");
            if (str_same(json_string(condition, "type"), "Failed")) {
                job->failed = true;
                fact_text(facts->reason, sizeof facts->reason, json_string(condition, "reason"));
            }
        }
        facts->complete = job->complete;
        facts->failed = job->failed;
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
    struct fact_item *item = is_ours(job, object) ? read_pod(object) : NULL;
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

static void watch(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    char *label = xasprintf(BR_JOB_RUN_LABEL "=%s", exec->run_id), *field = xasprintf("involvedObject.name=%s", exec->job);
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
    if (exec->job[0]) {
        spec.resource = kube_events;
        spec.label_selector = NULL;
        spec.field_selector = field;
        spec.on_object = on_event;
        spec.on_delete = on_event_gone;
        spec.on_list = on_nothing;
        spec.on_listed = on_nothing;
        job->events = reflector_new(&spec);
    }
    free(label);
    free(field);
}

static void unwatch(struct exec_job *job)
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
    exec_output(job->exec, &job->exec->output, line, len);
    exec_output(job->exec, &job->exec->output, "\n", 1);
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

/* How it ended, as well as it is known. */
static void tell_end(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const FACT_TYPE(pod) *pod = &exec->facts.pod;
    bool told = *pod->ended && strcmp(pod->ended, "Error") != 0 && strcmp(pod->ended, "Completed") != 0;
    char words[256];
    struct error err = {0};
    unwatch(job);
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
        error_set(&err, ERROR_MISSING, "Job %s was deleted before br ended%s", exec->job,
                  exec->begun ? "" : ", or never was there");
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
    else if (*pod->waiting)
        exec_say(exec, BR_EXEC_WAITING, "Job %s: its Pod waits: %s%s%s", exec->job, pod->waiting, *pod->message ? ": " : "",
                 pod->message);
    else if (job->pod_there)
        exec_say(exec, BR_EXEC_WAITING, "Job %s: its Pod %s starts", exec->job, exec->pod);
    else if (*event->reason)
        exec_say(exec, BR_EXEC_WAITING, "Job %s: no Pod yet: %s: %s", exec->job, event->reason, event->message);
    else if (err->code)
        exec_say(exec, BR_EXEC_WAITING, "Job %s is made; brdeck looks again: %s", exec->job, err->text);
    else
        exec_say(exec, BR_EXEC_WAITING, "Job %s is made; it has no Pod yet", exec->job);
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
    if (is_over(job))
        return;
    if (job->there && !job->exec->begun) { /* found by its run id */
        job->exec->begun = true;
        if (!job->events && job->exec->job[0]) {
            unwatch(job);
            watch(job);
            wake(job);
            return;
        }
    }
    if (job->log_is == LOG_NONE && job->pod_there && !job->pod_gone && job->started)
        read_log(job);
    else if (job->log_is == LOG_AGAIN && !loop_timer_is_set(&job->log_again))
        loop_timer_set(&job->log_again, LOG_AGAIN_MS);
    bool never = job->gone || (job->failed && !job->started);
    if (over && (has_all(job) || (never && job->log_is == LOG_NONE))) {
        tell_end(job);
        return;
    }
    if (over && !job->pod_there && !loop_timer_is_set(&job->patience))
        loop_timer_set(&job->patience, POD_WAIT_MS);
    tell_progress(job);
}

/* -- the create, and whether it took place (rule 7) ------------------------------------------------------- */

static void look_whether(struct exec_job *job);
static void create(struct exec_job *job);

static void then(struct exec_job *job, int64_t ms, void (*fn)(struct exec_job *job))
{
    job->then = fn;
    loop_timer_set(&job->again, ms);
}

static void on_again(void *arg)
{
    struct exec_job *job = arg;
    job->then(job);
}

static void created(struct exec_job *job)
{
    job->exec->begun = job->there = true;
    exec_say(job->exec, BR_EXEC_WAITING, "Job %s is made", job->exec->job);
    watch(job);
}

static void no_answer(struct exec_job *job, const struct kube_response *response)
{
    const struct pace *pace = &job->exec->br->pace;
    bool late = clock_mono_ms() - job->lost_ms >= pace->unknown_ms;
    job->ask_ms = job->ask_ms * 2 < pace->lost_look_max_ms ? job->ask_ms * 2 : pace->lost_look_max_ms;
    exec_say(job->exec, late ? BR_EXEC_UNKNOWN : BR_EXEC_STARTING,
             "the answer was lost, and it cannot be told whether Job %s was made: %s; brdeck goes on asking", job->exec->job,
             response->error.text);
    then(job, job->ask_ms, look_whether);
}

static void on_whether(void *arg, const struct json *object, const struct kube_response *response)
{
    struct exec_job *job = arg;
    struct error err = {0};
    job->request = NULL;
    if (!response->error.code && object && is_ours(job, object)) {
        created(job);
    } else if (!response->error.code && object) {
        error_set(&err, ERROR_CONFLICT, "another Job %s is there already; nothing was run", job->exec->job);
        exec_fail(job->exec, &err);
    } else if (response->http != 404) {
        no_answer(job, response);
    } else if (++job->looks < LOST_LOOKS_MAX) {
        then(job, job->exec->br->pace.lost_look_ms, look_whether);
    } else {
        error_set(&err, ERROR_NETWORK, "the Job was not made, nothing was run: %s", job->lost.text);
        exec_fail(job->exec, &err);
    }
}

static void look_whether(struct exec_job *job)
{
    job->request = kube_get(fleet_client(job->exec->br->fleet),
                            &(struct kube_call_spec){.resource = &kube_jobs, .ns = job->exec->ns, .name = job->exec->job},
                            on_whether, job);
}

static void on_created(void *arg, const struct json *object, const struct kube_response *response)
{
    struct exec_job *job = arg;
    job->request = NULL;
    if (!response->error.code && object) {
        created(job);
    } else if (!response->error.code || response->maybe_done || response->http >= 500 || response->http == 409) {
        job->lost = response->error;
        job->lost_ms = clock_mono_ms();
        job->ask_ms = job->exec->br->pace.lost_look_ms;
        exec_say(job->exec, BR_EXEC_STARTING, "the answer was lost: looking whether Job %s was made", job->exec->job);
        look_whether(job);
    } else if (response->http == 0 && response->error.code == ERROR_NETWORK && ++job->sends < SEND_AGAIN_MAX) {
        then(job, job->exec->br->pace.send_again_ms << (job->sends - 1), create);
    } else {
        exec_fail(job->exec, &response->error);
    }
}

static void create(struct exec_job *job)
{
    char *what = xasprintf("create Job %s/%s", job->exec->ns, job->exec->job);
    log_info("creating Job %s/%s", job->exec->ns, job->exec->job);
    job->request = kube_create(fleet_client(job->exec->br->fleet),
                               &(struct kube_call_spec){.resource = &kube_jobs, .ns = job->exec->ns,
                                                        .body = job->manifest, .strict = true, .what = what},
                               on_created, job);
    free(what);
}

/* -- life ---------------------------------------------------------------------------------------------------- */

void exec_job_start(struct br_exec *exec, const struct json *manifest)
{
    struct exec_job *job = exec->as_job = xcalloc(1, sizeof *job);
    *job = (struct exec_job){.exec = exec, .manifest = json_copy(manifest)};
    loop_timer_init(&job->again, exec->br->loop, on_again, job);
    loop_timer_init(&job->step, exec->br->loop, on_step, job);
    loop_timer_init(&job->log_again, exec->br->loop, on_log_again, job);
    loop_timer_init(&job->patience, exec->br->loop, on_patience, job);
    if (manifest) {
        fact_text(exec->job, sizeof exec->job, json_text(json_at(manifest, "metadata", "name", NULL)));
        exec_say(exec, BR_EXEC_STARTING, "Job %s is being made", exec->job);
        create(job);
    } else {
        exec_say(exec, BR_EXEC_WAITING, "its Job is looked for by its run id %s", exec->run_id);
        watch(job);
    }
}

static void on_deleted(void *arg, const struct json *object, const struct kube_response *response)
{
    struct exec_job *job = arg;
    (void)object;
    job->request = NULL;
    if (response->error.code && response->http != 404)
        exec_say(job->exec, job->exec->phase, "Job %s could not be deleted: %s", job->exec->job, response->error.text);
}

/* Its Pod goes with it: br gets SIGTERM from the kubelet. */
void exec_job_cancel(struct br_exec *exec)
{
    struct exec_job *job = exec->as_job;
    if (is_over(job) || job->request || !job->there)
        return;
    struct json *options = json_new_object();
    json_set_string(options, "kind", "DeleteOptions");
    json_set_string(options, "apiVersion", "v1");
    json_set_string(options, "propagationPolicy", "Background");
    if (exec->facts.job.uid[0])
        json_set_string(json_object_in(options, "preconditions"), "uid", exec->facts.job.uid);
    job->cancelled = true;
    job->request = kube_delete(fleet_client(exec->br->fleet),
                               &(struct kube_call_spec){.resource = &kube_jobs, .ns = exec->ns, .name = exec->job,
                                                        .body = options}, on_deleted, job);
    json_free(&options);
}

void exec_job_free(struct exec_job **pjob)
{
    struct exec_job *job = *pjob;
    *pjob = NULL;
    if (!job)
        return;
    kube_request_cancel(&job->request);
    unwatch(job);
    loop_timer_cancel(&job->again);
    loop_timer_cancel(&job->step);
    json_free(&job->manifest);
    free(job);
}
