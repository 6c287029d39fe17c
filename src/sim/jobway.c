#include <config.h>

#include "jobway.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "jobs.h"
#include "pods.h"
#include "sim.h"

/* How long things take, and how soon what was in vain is tried again. */
enum {
    STEP_MS = 150,
    INIT_MS = 400,
    REFUSED_MS = 3000,
    AGAIN_MS = 5000,
    LAST_LINES = 80, /* the kubelet's limits of a termination message from the log */
    LAST_BYTES = 2048,
};

void way_init(struct jobway *way, struct sim *sim, const char *ns, const char *job, const char *name,
              const char *command)
{
    struct json *tree = store_read(sim->store, kind_of(KIND_JOB), ns, job);
    *way = (struct jobway){.sim = sim,
                           .ns = xstrdup(ns),
                           .job = xstrdup(job),
                           .uid = xstrdup(json_text(json_at(tree, "metadata", "uid", NULL))),
                           .trouble = troubles_take(&sim->troubles, ns, job, name, command)};
    json_free(&tree);
}

void way_done(struct jobway *way)
{
    trouble_release(&way->sim->troubles, &way->trouble);
    free(way->ns);
    free(way->job);
    free(way->uid);
    free(way->pod);
}

bool way_exists(const struct jobway *way)
{
    struct json *job = store_read(way->sim->store, kind_of(KIND_JOB), way->ns, way->job);
    bool same = str_same(json_text(json_at(job, "metadata", "uid", NULL)), way->uid);
    json_free(&job);
    return same;
}

static struct json *read_job(const struct jobway *way)
{
    return store_read(way->sim->store, kind_of(KIND_JOB), way->ns, way->job);
}

static struct json *read_pod(const struct jobway *way)
{
    return store_read(way->sim->store, kind_of(KIND_POD), way->ns, way->pod);
}

bool way_is_killed(const struct jobway *way)
{
    bool gone = way->stage == WAY_RUNS && !store_get(way->sim->store, kind_of(KIND_POD), way->ns, way->pod);
    return gone || trouble_is(way->trouble, TROUBLE_KILL);
}

static const char *or_empty(const char *text) { return text ? text : ""; }

/* The Secret that the main container's environment takes first; "" none. Borrowed from @pod. */
static const char *secret_of(const struct json *pod)
{
    JSON_EACH(env, json_get(pod_first(pod, POD_MAIN), "env"))
    {
        const char *name = json_text(json_at(env, "valueFrom", "secretKeyRef", "name", NULL));
        if (name)
            return name;
    }
    return "s3-secret";
}

char *way_trouble_text(const struct jobway *way, const char *task)
{
    struct json *job = read_job(way), *pod = way->pod ? read_pod(way) : NULL;
    const struct json *spec = json_at(job, "spec", "template", "spec", NULL);
    const struct json *image = pod_first(pod, pod_first(pod, POD_INIT) ? POD_INIT : POD_MAIN);
    const char *account = json_string(spec, "serviceAccountName");
    char *pd = xasprintf("pd.%s:2379", way->ns);
    struct trouble_words words = {.ns = way->ns,
                                  .job = way->job,
                                  .pod = or_empty(way->pod),
                                  .account = account ? account : "default",
                                  .secret = secret_of(pod),
                                  .image = or_empty(json_string(image, "image")),
                                  .task = task,
                                  .pd = pd};
    JSON_EACH(arg, json_get(pod_first(pod, POD_MAIN), "args"))
    {
        const char *text = or_empty(json_text(arg));
        if (str_starts(text, "--pd-addr="))
            words.pd = text + strlen("--pd-addr=");
        else if (str_starts(text, "--pd="))
            words.pd = text + strlen("--pd=");
    }
    char *text = trouble_text(way->trouble, &words);
    json_free(&job);
    json_free(&pod);
    free(pd);
    return text;
}

/* -- the Job ------------------------------------------------------------------------------ */

/* Why the API server refuses the Pod; NULL: it does not. The caller frees. */
static char *why_refused(const struct jobway *way, const struct json *job)
{
    const char *account = json_text(json_at(job, "spec", "template", "spec", "serviceAccountName", NULL));
    if (trouble_is(way->trouble, TROUBLE_JOB))
        return way_trouble_text(way, "");
    if (!account || !*account || store_get(way->sim->store, kind_of(KIND_SERVICE_ACCOUNT), way->ns, account))
        return NULL;
    return xasprintf("Error creating: pods \"%s-\" is forbidden: error looking up service account %s/%s: "
                     "serviceaccount \"%s\" not found",
                     way->job, way->ns, account, account);
}

static int64_t step_job(struct jobway *way)
{
    struct json *job = read_job(way);
    char *why = why_refused(way, job);
    if (why) {
        cluster_event(way->sim, kind_of(KIND_JOB), job, "Warning", "FailedCreate", "job-controller", why);
        free(why);
        if (json_get(json_get(job, "status"), "startTime"))
            json_free(&job);
        else
            job_set_active(way->sim, job, 0, 0);
        return REFUSED_MS;
    }
    struct json *pod = pod_new(job);
    free(way->pod);
    way->pod = xstrdup(json_text(json_at(pod, "metadata", "name", NULL)));
    pod_put(way->sim, pod);
    char *message = xasprintf("Created pod: %s", way->pod);
    cluster_event(way->sim, kind_of(KIND_JOB), job, "Normal", "SuccessfulCreate", "job-controller", message);
    free(message);
    job_set_active(way->sim, job, 1, 0);
    way->stage = WAY_NODE;
    return STEP_MS;
}

/* -- the Pod ------------------------------------------------------------------------------ */

static int64_t step_node(struct jobway *way, struct json *pod)
{
    struct event_note note = {.component = "default-scheduler", .series = true};
    char *text;
    if (trouble_is(way->trouble, TROUBLE_NODE)) {
        text = way_trouble_text(way, "");
        pod_condition(pod, "PodScheduled", false, "Unschedulable", text);
        note.type = "Warning";
        note.reason = "FailedScheduling";
    } else {
        text = xasprintf("Successfully assigned %s/%s to node-1", way->ns, way->pod);
        pod_schedule(pod);
        note.type = "Normal";
        note.reason = "Scheduled";
        way->stage = WAY_MOUNT;
    }
    note.message = text;
    cluster_note(way->sim, kind_of(KIND_POD), pod, &note);
    pod_put(way->sim, pod);
    free(text);
    return way->stage == WAY_MOUNT ? STEP_MS : AGAIN_MS;
}

/* What is with a volume (or the Pod's network) that is not there; NULL: nothing. The caller frees. */
static char *missing_volume(const struct jobway *way, const struct json *pod)
{
    if (trouble_is(way->trouble, TROUBLE_MOUNT))
        return way_trouble_text(way, "");
    JSON_EACH(volume, json_at(pod, "spec", "volumes", NULL))
    {
        const char *secret = json_text(json_at(volume, "secret", "secretName", NULL));
        if (secret && !json_is_true(json_at(volume, "secret", "optional", NULL)) &&
            !store_get(way->sim->store, kind_of(KIND_SECRET), way->ns, secret))
            return xasprintf("MountVolume.SetUp failed for volume \"%s\" : secret \"%s\" not found",
                             or_empty(json_string(volume, "name")), secret);
    }
    return NULL;
}

static int64_t step_mount(struct jobway *way, struct json *pod)
{
    char *why = missing_volume(way, pod);
    if (why) {
        bool ordered = trouble_is(way->trouble, TROUBLE_MOUNT);
        pod_note(way->sim, pod,
                 &(struct pod_note){.type = "Warning",
                                    .reason = ordered ? way->trouble->info->reason : "FailedMount",
                                    .message = why});
        free(why);
        json_free(&pod);
        return AGAIN_MS;
    }
    json_set_string(json_object_in(pod, "status"), "podIP", "10.244.0.17");
    pod_condition(pod, "PodReadyToStartContainers", true, NULL, NULL);
    way->stage = pod_first(pod, POD_INIT) ? WAY_INIT : WAY_MAIN;
    pod_put(way->sim, pod);
    return STEP_MS;
}

/* -- its containers ------------------------------------------------------------------------- */

static void note(struct jobway *way, const struct json *pod, enum pod_part part, const char *reason, char *message,
                 bool good)
{
    pod_note(way->sim, pod,
             &(struct pod_note){.type = good ? "Normal" : "Warning",
                                .reason = reason,
                                .message = message,
                                .container = pod_first(pod, part),
                                .part = part});
    free(message);
}

/* Pulled in vain, then waited, by turns. @pod is used up. */
static int64_t fail_image(struct jobway *way, struct json *pod, enum pod_part part)
{
    const char *image = or_empty(json_string(pod_first(pod, part), "image"));
    char *why = way_trouble_text(way, ""), *message;
    bool named = strcmp(way->trouble->info->reason, "InvalidImageName") == 0, pulls = way->tries++ % 2 == 0;
    struct container_state state = {.state = "waiting"};
    if (named) {
        state.reason = "InvalidImageName";
        message = xstrdup(why);
        note(way, pod, part, "InspectFailed", xstrdup(why), false);
        note(way, pod, part, "Failed", xstrdup("Error: InvalidImageName"), false);
    } else if (pulls) {
        state.reason = "ErrImagePull";
        message = xstrdup(why);
        note(way, pod, part, "Pulling", xasprintf("Pulling image \"%s\"", image), true);
        note(way, pod, part, "Failed", xasprintf("Failed to pull image \"%s\": %s", image, why), false);
        note(way, pod, part, "Failed", xstrdup("Error: ErrImagePull"), false);
    } else {
        state.reason = "ImagePullBackOff";
        message = xasprintf("Back-off pulling image \"%s\": ErrImagePull: %s", image, why);
        note(way, pod, part, "BackOff", xasprintf("Back-off pulling image \"%s\"", image), true);
        note(way, pod, part, "Failed", xstrdup("Error: ImagePullBackOff"), false);
    }
    state.message = message;
    pod_container(pod, part, &state);
    pod_put(way->sim, pod);
    free(message);
    free(why);
    /* Real back-off grows to five minutes: it waits longer than it pulls. */
    return pulls && !named ? AGAIN_MS / 5 : 2 * (int64_t)AGAIN_MS;
}

/* Whether its ordered trouble is about an image of that part. */
static bool is_image_bad(const struct jobway *way, const struct json *pod, enum pod_part part)
{
    if (!trouble_is(way->trouble, TROUBLE_IMAGE))
        return false;
    if (way->trouble->container)
        return str_same(json_string(pod_first(pod, part), "name"), way->trouble->container);
    return part == POD_INIT || !pod_first(pod, POD_INIT);
}

static void start_container(struct jobway *way, struct json *pod, enum pod_part part)
{
    const struct json *container = pod_first(pod, part);
    const char *image = or_empty(json_string(container, "image")), *name = or_empty(json_string(container, "name"));
    note(way, pod, part, "Pulled", xasprintf("Container image \"%s\" already present on machine", image), true);
    note(way, pod, part, "Created", xasprintf("Created container: %s", name), true);
    note(way, pod, part, "Started", xasprintf("Started container %s", name), true);
    pod_container(pod, part, &(struct container_state){.state = "running", .started_ms = clock_wall_ms()});
    way->tries = 0;
}

static int64_t step_init(struct jobway *way, struct json *pod)
{
    if (is_image_bad(way, pod, POD_INIT))
        return fail_image(way, pod, POD_INIT);
    start_container(way, pod, POD_INIT);
    pod_put(way->sim, pod);
    way->stage = WAY_INIT_END;
    return INIT_MS;
}

static int64_t step_init_end(struct jobway *way, struct json *pod)
{
    pod_container(pod, POD_INIT,
                  &(struct container_state){
                      .state = "terminated", .reason = "Completed", .started_ms = clock_wall_ms() - INIT_MS});
    pod_condition(pod, "Initialized", true, NULL, NULL);
    pod_put(way->sim, pod);
    way->stage = WAY_MAIN;
    return STEP_MS;
}

/* What the main container's environment wants and a Secret does not have; NULL: nothing. The caller frees. */
static char *missing_config(const struct jobway *way, const struct json *pod)
{
    if (trouble_is(way->trouble, TROUBLE_CONFIG))
        return way_trouble_text(way, "");
    char *why = NULL;
    JSON_EACH(env, json_get(pod_first(pod, POD_MAIN), "env"))
    {
        const struct json *reference = json_at(env, "valueFrom", "secretKeyRef", NULL);
        const char *name = json_string(reference, "name"), *key = json_string(reference, "key");
        if (!name || why || json_is_true(json_get(reference, "optional")))
            continue;
        struct json *secret = store_read(way->sim->store, kind_of(KIND_SECRET), way->ns, name);
        if (!secret)
            why = xasprintf("secret \"%s\" not found", name);
        else if (key && !json_at(secret, "data", key, NULL) && !json_at(secret, "stringData", key, NULL))
            why = xasprintf("couldn't find key %s in Secret %s/%s", key, way->ns, name);
        json_free(&secret);
    }
    return why;
}

static int64_t step_main(struct jobway *way, struct json *pod)
{
    if (is_image_bad(way, pod, POD_MAIN))
        return fail_image(way, pod, POD_MAIN);
    char *why = missing_config(way, pod);
    if (why) {
        bool ordered = trouble_is(way->trouble, TROUBLE_CONFIG);
        pod_container(pod, POD_MAIN,
                      &(struct container_state){
                          .state = "waiting",
                          .reason = ordered ? way->trouble->info->reason : "CreateContainerConfigError",
                          .message = why});
        note(way, pod, POD_MAIN, "Failed", xasprintf("Error: %s", why), false);
        pod_put(way->sim, pod);
        free(why);
        return AGAIN_MS;
    }
    way->started_ms = clock_wall_ms();
    start_container(way, pod, POD_MAIN);
    json_set_string(json_object_in(pod, "status"), "phase", "Running");
    pod_condition(pod, "Ready", true, NULL, NULL);
    pod_condition(pod, "ContainersReady", true, NULL, NULL);
    pod_put(way->sim, pod);
    struct json *job = read_job(way);
    if (job)
        job_set_active(way->sim, job, 1, 1);
    way->stage = WAY_RUNS;
    return 0;
}

int64_t way_step(struct jobway *way)
{
    static int64_t (*const steps[])(struct jobway *, struct json *) = {
        [WAY_NODE] = step_node, [WAY_MOUNT] = step_mount, [WAY_INIT] = step_init, [WAY_INIT_END] = step_init_end,
        [WAY_MAIN] = step_main,
    };
    if (way->stage == WAY_JOB)
        return step_job(way);
    if (way->stage == WAY_RUNS)
        return 0;
    struct json *pod = read_pod(way);
    if (pod)
        return steps[way->stage](way, pod);
    way->stage = WAY_JOB; /* somebody deleted it: the Job controller makes another */
    return STEP_MS;
}

/* -- its end ---------------------------------------------------------------------------------- */

/* What the kubelet puts into the state of a container that failed, where the Pod asks for it; NULL: nothing. The caller
 * frees. */
static char *last_words(const struct jobway *way, const struct json *pod)
{
    const char *policy = json_string(pod_first(pod, POD_MAIN), "terminationMessagePolicy");
    if (!str_same(policy, "FallbackToLogsOnError"))
        return NULL;
    return podlog_tail(&way->sim->podlogs, way->ns, way->pod, LAST_LINES, LAST_BYTES);
}

static void end_pod(struct jobway *way, struct json *pod, bool good)
{
    struct container_state state = {.state = "terminated",
                                    .started_ms = way->started_ms,
                                    .reason = good ? "Completed" : "Error",
                                    .exit_code = good ? 0 : 1};
    struct json *status = json_object_in(pod, "status");
    char *why = NULL, *words = good ? NULL : last_words(way, pod);
    state.message = words;
    if (!good && trouble_is(way->trouble, TROUBLE_KILL)) {
        const struct trouble_info *info = way->trouble->info;
        why = way_trouble_text(way, "");
        state.reason = info->reason;
        state.exit_code = info->exit_code;
        if (strcmp(info->reason, "ContainerStatusUnknown") == 0)
            state.message = "The container could not be located when the pod was terminated";
        if (info->pod_reason) {
            json_set_string(status, "reason", info->pod_reason);
            json_set_string(status, "message", why);
            bool lost = strcmp(info->pod_reason, "NodeLost") == 0;
            pod_condition(pod, "DisruptionTarget", true, lost ? "DeletionByTaintManager" : "TerminationByKubelet",
                          lost ? "Taint manager: deleting due to NoExecute taint" : why);
        } else if (!info->job_reason && !state.message) {
            state.message = why;
        }
        if (str_same(info->pod_reason, "Evicted"))
            pod_note(way->sim, pod, &(struct pod_note){.type = "Warning", .reason = "Evicted", .message = why});
    }
    json_set_string(status, "phase", good ? "Succeeded" : "Failed");
    pod_container(pod, POD_MAIN, &state);
    pod_condition(pod, "PodReadyToStartContainers", false, NULL, NULL);
    pod_condition(pod, "Ready", false, good ? "PodCompleted" : "PodFailed", NULL);
    pod_condition(pod, "ContainersReady", false, good ? "PodCompleted" : "PodFailed", NULL);
    pod_put(way->sim, pod);
    free(why);
    free(words);
}

bool way_end(struct jobway *way, bool good)
{
    struct json *pod = read_pod(way), *job = read_job(way);
    int64_t limit = 6;
    if (pod)
        end_pod(way, pod, good);
    podlog_end(&way->sim->podlogs, way->ns, way->pod);
    if (!job)
        return true;
    json_int(json_at(job, "spec", "backoffLimit", NULL), &limit);
    if (good) {
        job_finish(way->sim, job, true, "CompletionsReached", "Reached expected number of succeeded pods");
        return true;
    }
    if (trouble_is(way->trouble, TROUBLE_KILL) && way->trouble->info->job_reason) {
        job_count_failure(job);
        job_finish(way->sim, job, false, way->trouble->info->job_reason, way->trouble->info->text);
        return true;
    }
    if (job_count_failure(job) > limit) {
        job_finish(way->sim, job, false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        return true;
    }
    job_set_active(way->sim, job, 0, 0);
    way->stage = WAY_JOB;
    way->tries = 0;
    return false;
}

void way_expire(struct jobway *way)
{
    struct json *job = read_job(way);
    if (way->pod)
        cluster_remove(way->sim, kind_of(KIND_POD), way->ns, way->pod);
    if (!job)
        return;
    job_count_failure(job);
    job_finish(way->sim, job, false, "DeadlineExceeded", "Job was active longer than specified deadline");
}
