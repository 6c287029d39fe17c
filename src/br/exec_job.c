#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>

#include "exec_job.h"
#include "facts_keeper.h"

/* br in a Job of ours: created once, its answer looked for where it is lost; then watched by exec_watch.c. */

bool exec_job_is_over(const struct exec_job *job)
{
    return job->exec->phase == BR_EXEC_DONE || job->exec->phase == BR_EXEC_FAILED;
}

bool exec_job_is_ours(const struct exec_job *job, const struct json *object)
{
    const char *id = json_text(json_at(object, "metadata", "labels", BR_JOB_RUN_LABEL, NULL));
    return str_same(id, job->exec->run_id);
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
    job->exec->begun = true;
    job->job.is = JOB_THERE;
    exec_say(job->exec, BR_EXEC_WAITING, "Job %s is made", job->exec->job);
    exec_watch(job);
    if (job->cancelled) /* meanwhile */
        exec_job_delete(job);
}

static void no_answer(struct exec_job *job, const struct kube_response *response)
{
    const struct pace *pace = &job->exec->br->pace;
    bool late = clock_mono_ms() - job->lost_ms >= pace->unknown_ms;
    job->ask_ms = job->ask_ms * 2 < pace->lost_look_max_ms ? job->ask_ms * 2 : pace->lost_look_max_ms;
    exec_say(job->exec, late ? BR_EXEC_UNKNOWN : BR_EXEC_STARTING,
             "the answer was lost, and it cannot be told whether Job %s was made: %s; brdeck goes on asking",
             job->exec->job, response->error.text);
    then(job, job->ask_ms, look_whether);
}

static void on_whether(void *arg, const struct json *object, const struct kube_response *response)
{
    struct exec_job *job = arg;
    struct error err = {0};
    job->request = NULL;
    if (!response->error.code && object && exec_job_is_ours(job, object)) {
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
    struct kube_call_spec spec = {.resource = &kube_jobs, .ns = job->exec->ns, .name = job->exec->job};
    job->request = kube_get(fleet_client(job->exec->br->fleet), &spec, on_whether, job);
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
    if (job->cancelled) {
        struct error err = {0};
        error_set(&err, ERROR_REFUSED, "Job %s was not made: you stopped it before; nothing was run", job->exec->job);
        exec_fail(job->exec, &err);
        return;
    }
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
    exec_state_init(job);
    if (manifest) {
        fact_text(exec->job, sizeof exec->job, json_text(json_at(manifest, "metadata", "name", NULL)));
        exec_say(exec, BR_EXEC_STARTING, "Job %s is being made", exec->job);
        create(job);
    } else {
        exec_say(exec, BR_EXEC_WAITING, "its Job is looked for by its run id %s", exec->run_id);
        exec_watch(job);
    }
}

static void on_deleted(void *arg, const struct json *object, const struct kube_response *response)
{
    struct exec_job *job = arg;
    (void)object;
    job->request = NULL;
    if (!response->error.code || response->http == 404)
        return;
    job->cancelled = false;
    exec_say(job->exec, job->exec->phase, "Job %s could not be deleted: %s; br goes on", job->exec->job,
             response->error.text);
}

/* Its Pod goes with it: br gets SIGTERM from the kubelet. */
void exec_job_delete(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    struct json *options = json_new_object();
    json_set_string(options, "kind", "DeleteOptions");
    json_set_string(options, "apiVersion", "v1");
    json_set_string(options, "propagationPolicy", "Background");
    if (exec->facts.job.uid[0])
        json_set_string(json_object_in(options, "preconditions"), "uid", exec->facts.job.uid);
    job->request = kube_delete(fleet_client(exec->br->fleet),
                               &(struct kube_call_spec){.resource = &kube_jobs, .ns = exec->ns, .name = exec->job,
                                                        .body = options}, on_deleted, job);
    json_free(&options);
}

/* One whose create is still under way is deleted as soon as it is known to be there. */
void exec_job_cancel(struct br_exec *exec)
{
    struct exec_job *job = exec->as_job;
    if (exec_job_is_over(job) || job->cancelled)
        return;
    job->cancelled = true;
    if (job->job.is != JOB_SOUGHT && !job->request)
        exec_job_delete(job);
    else
        exec_say(exec, exec->phase, "Job %s is deleted as soon as it is known to be there", exec->job);
}

void exec_job_free(struct exec_job **pjob)
{
    struct exec_job *job = *pjob;
    *pjob = NULL;
    if (!job)
        return;
    kube_request_cancel(&job->request);
    exec_unwatch(job);
    exec_state_done(job);
    loop_timer_cancel(&job->again);
    json_free(&job->manifest);
    free(job);
}
