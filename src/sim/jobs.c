#include <config.h>

#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "cluster.h"
#include "fields.h"
#include "sim.h"

static const char br_image[] = "pingcap/br:v8.5.0", manager_image[] = "pingcap/tidb-backup-manager:v2";

static const char *text_at(const struct json *object, const char *part, const char *key)
{
    const char *text = json_text(json_at(object, part, key, NULL));
    return text ? text : "";
}

static struct json *labels_of(const struct job_spec *spec)
{
    const struct json *own = json_at(spec->backup, "metadata", "labels", NULL);
    struct json *labels = own ? json_copy(own) : json_new_object();
    const char *name = text_at(spec->backup, "metadata", "name");
    const char *instance = json_string(own, "app.kubernetes.io/instance");
    json_set_string(labels, "app.kubernetes.io/component", spec->component);
    json_set_string(labels, "app.kubernetes.io/instance", instance ? instance : name);
    json_set_string(labels, "app.kubernetes.io/name", "backup");
    json_set_string(labels, "pingcap.com/managed-by", "tidb-operator");
    json_set_string(labels, "tidb.pingcap.com/backup", name);
    return labels;
}

static void add_owner(struct json *meta, const struct json *owner)
{
    struct json *list = json_new_array(), *reference = json_new_object();
    json_set_string(reference, "apiVersion", json_string(owner, "apiVersion"));
    json_set_string(reference, "kind", json_string(owner, "kind"));
    json_set_string(reference, "name", text_at(owner, "metadata", "name"));
    json_set_string(reference, "uid", text_at(owner, "metadata", "uid"));
    json_set_bool(reference, "controller", true);
    json_set_bool(reference, "blockOwnerDeletion", true);
    json_append(list, reference);
    json_set(meta, "ownerReferences", list);
}

__attribute__((format(printf, 2, 3)))
static void add_arg(struct json *args, const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    json_append(args, json_new_string(text));
}

static struct json *args_of(const struct job_spec *spec)
{
    struct json *args = json_new_array();
    const char *ns = text_at(spec->backup, "metadata", "namespace"), *name = text_at(spec->backup, "metadata", "name");
    json_append(args, json_new_string(spec->component));
    add_arg(args, "--namespace=%s", ns);
    add_arg(args, "--backupName=%s", name);
    if (strcmp(spec->component, "clean") == 0)
        return args;
    add_arg(args, "--pd-addr=%s.%s:2379", spec->pd_service, ns);
    add_arg(args, "--tikvVersion=v8.5.0");
    add_arg(args, "--mode=%s", spec->mode);
    if (*spec->subcommand)
        add_arg(args, "--subcommand=%s", spec->subcommand);
    if (*spec->until)
        add_arg(args, "--truncate-until=%s", spec->until);
    return args;
}

static void add_env(struct json *list, const char *name, const char *value)
{
    struct json *env = json_new_object();
    json_set_string(env, "name", name);
    if (*value)
        json_set_string(env, "value", value);
    json_append(list, env);
}

static void add_secret_env(struct json *list, const char *name, const char *secret, const char *key)
{
    struct json *env = json_new_object();
    json_set_string(env, "name", name);
    struct json *reference = json_object_in(json_object_in(env, "valueFrom"), "secretKeyRef");
    json_set_string(reference, "name", secret);
    json_set_string(reference, "key", key);
    json_append(list, env);
}

static struct json *env_of(const struct json *backup)
{
    const struct json *s3 = json_at(backup, "spec", "s3", NULL);
    struct json *list = json_new_array();
    const char *provider = json_string(s3, "provider"), *endpoint = json_string(s3, "endpoint");
    const char *region = json_string(s3, "region"), *secret = json_string(s3, "secretName");
    if (s3) {
        add_env(list, "S3_PROVIDER", provider ? provider : "");
        add_env(list, "S3_ENDPOINT", endpoint ? endpoint : "");
        add_env(list, "AWS_REGION", region ? region : "");
        add_env(list, "AWS_ACL", "private");
        add_env(list, "AWS_STORAGE_CLASS", "STANDARD_IA");
    }
    if (secret) {
        add_secret_env(list, "AWS_ACCESS_KEY_ID", secret, "access_key");
        add_secret_env(list, "AWS_SECRET_ACCESS_KEY", secret, "secret_key");
    }
    add_env(list, "BR_LOG_TO_TERM", "\x01"); /* what the operator really writes */
    return list;
}

/* A container; takes over @args and @env (NULL: none). */
static struct json *container(const char *name, const char *image, const char *command, struct json *args,
                              struct json *env)
{
    struct json *c = json_new_object(), *words = json_new_array();
    struct json *mounts = json_new_array(), *mount = json_new_object();
    json_set_string(c, "name", name);
    json_set_string(c, "image", image);
    json_append(words, json_new_string(command));
    if (strcmp(command, "/bin/sh") == 0)
        json_append(words, json_new_string("-c"));
    json_set(c, "command", words);
    json_set(c, "args", args);
    if (env)
        json_set(c, "env", env);
    json_set(c, "resources", json_new_object());
    json_set_string(mount, "name", "br-bin");
    json_set_string(mount, "mountPath", "/var/lib/br-bin");
    json_append(mounts, mount);
    json_set(c, "volumeMounts", mounts);
    json_set_string(c, "terminationMessagePath", "/dev/termination-log");
    json_set_string(c, "terminationMessagePolicy", "File");
    json_set_string(c, "imagePullPolicy", "IfNotPresent");
    return c;
}

static struct json *pod_spec_of(const struct job_spec *spec)
{
    struct json *pod = json_new_object(), *volumes = json_new_array(), *volume = json_new_object();
    json_set_string(volume, "name", "br-bin");
    json_set(volume, "emptyDir", json_new_object());
    json_append(volumes, volume);
    json_set(pod, "volumes", volumes);
    struct json *init = json_new_array(), *main_list = json_new_array(), *copy = json_new_array();
    json_append(copy, json_new_string("cp /br /var/lib/br-bin/br; echo 'BR copy finished'"));
    const char *tool = text_at(spec->backup, "spec", "toolImage");
    json_append(init, container("br", *tool ? tool : br_image, "/bin/sh", copy, NULL));
    json_append(main_list, container("backup", manager_image, "/tidb-backup-manager", args_of(spec),
                                     env_of(spec->backup)));
    json_set(pod, "initContainers", init);
    json_set(pod, "containers", main_list);
    json_set_string(pod, "restartPolicy", "Never");
    json_set_int(pod, "terminationGracePeriodSeconds", 30);
    json_set_string(pod, "dnsPolicy", "ClusterFirst");
    const char *account = text_at(spec->backup, "spec", "serviceAccount");
    account = *account ? account : "tidb-backup-manager";
    json_set_string(pod, "serviceAccountName", account);
    json_set_string(pod, "serviceAccount", account);
    json_set(pod, "securityContext", json_new_object());
    json_set_string(pod, "schedulerName", "default-scheduler");
    return pod;
}

void job_create(struct sim *sim, const struct job_spec *spec)
{
    const char *ns = text_at(spec->backup, "metadata", "namespace");
    struct json *job = object_new(kind_of(KIND_JOB), ns, spec->name, 0);
    struct json *meta = json_object_in(job, "metadata");
    char *uid = xstrdup(json_string(meta, "uid"));
    const struct json *annotations = json_at(spec->backup, "metadata", "annotations", NULL);
    json_set_int(meta, "generation", 1);
    json_set(meta, "labels", labels_of(spec));
    if (json_count(annotations) > 0)
        json_set(meta, "annotations", json_copy(annotations));
    add_owner(meta, spec->backup);
    struct json *body = json_object_in(job, "spec");
    json_set_int(body, "parallelism", 1);
    json_set_int(body, "completions", 1);
    json_set_int(body, "backoffLimit", strcmp(spec->component, "clean") == 0 ? 6 : 0);
    struct json *match = json_object_in(json_object_in(body, "selector"), "matchLabels");
    json_set_string(match, "batch.kubernetes.io/controller-uid", uid);
    json_set_bool(body, "manualSelector", false);
    struct json *template = json_object_in(body, "template"), *labels = labels_of(spec);
    json_set_string(labels, "batch.kubernetes.io/controller-uid", uid);
    json_set_string(labels, "batch.kubernetes.io/job-name", spec->name);
    json_set_string(labels, "controller-uid", uid);
    json_set_string(labels, "job-name", spec->name);
    json_set(json_object_in(template, "metadata"), "labels", labels);
    json_set(template, "spec", pod_spec_of(spec));
    json_set_string(body, "completionMode", "NonIndexed");
    json_set_bool(body, "suspend", false);
    json_set_string(body, "podReplacementPolicy", "TerminatingOrFailed");
    fields_update(NULL, job, "tidb-operator", "");
    json_set(job, "status", json_new_object());
    store_put(sim->store, kind_of(KIND_JOB), job);
    free(uid);
}

static void set_missing_int(struct json *object, const char *key, int64_t number)
{
    if (json_is_null(json_get(object, key)))
        json_set_int(object, key, number);
}

void job_settle(struct json *job)
{
    const char *uid = text_at(job, "metadata", "uid"), *name = text_at(job, "metadata", "name");
    struct json *spec = json_object_in(job, "spec");
    struct json *match = json_object_in(json_object_in(spec, "selector"), "matchLabels");
    struct json *labels = json_object_in(json_object_in(json_object_in(spec, "template"), "metadata"), "labels");
    set_missing_int(spec, "parallelism", 1);
    set_missing_int(spec, "completions", 1);
    set_missing_int(spec, "backoffLimit", 6);
    json_set_string(match, "batch.kubernetes.io/controller-uid", uid);
    json_set_string(labels, "batch.kubernetes.io/controller-uid", uid);
    json_set_string(labels, "batch.kubernetes.io/job-name", name);
    json_set_string(labels, "controller-uid", uid);
    json_set_string(labels, "job-name", name);
}

enum job_state job_state(struct sim *sim, const char *ns, const char *name)
{
    struct json *job = store_read(sim->store, kind_of(KIND_JOB), ns, name);
    enum job_state state = job ? JOB_ACTIVE : JOB_NONE;
    JSON_EACH(condition, json_at(job, "status", "conditions", NULL))
    {
        const char *type = json_string(condition, "type");
        if (str_same(type, "Complete"))
            state = JOB_DONE;
        if (str_same(type, "Failed"))
            state = JOB_FAILED;
    }
    json_free(&job);
    return state;
}

/* -- Pods ------------------------------------------------------------------------- */

static void set_job_active(struct sim *sim, struct json *job, int64_t active)
{
    char now[CLOCK_TEXT_MAX];
    struct json *status = json_object_in(job, "status");
    if (!json_get(status, "startTime"))
        json_set_string(status, "startTime", clock_format_rfc3339(clock_wall_ms(), now));
    json_set_int(status, "active", active);
    json_set_int(status, "terminating", 0);
    json_set(status, "uncountedTerminatedPods", json_new_object());
    json_set_int(status, "ready", 0);
    store_put(sim->store, kind_of(KIND_JOB), job);
}

/* @job is used up. */
static char *refuse_pod(struct sim *sim, struct json *job, const char *account)
{
    const char *ns = text_at(job, "metadata", "namespace"), *name = text_at(job, "metadata", "name");
    char *message = xasprintf("Error creating: pods \"%s-\" is forbidden: error looking up service account %s/%s: "
                              "serviceaccount \"%s\" not found",
                              name, ns, account, account);
    cluster_event(sim, kind_of(KIND_JOB), job, "Warning", "FailedCreate", "job-controller", message);
    free(message);
    if (json_get(json_get(job, "status"), "startTime"))
        json_free(&job);
    else
        set_job_active(sim, job, 0);
    return NULL;
}

char *job_make_pod(struct sim *sim, const char *ns, const char *job_name)
{
    struct json *job = store_read(sim->store, kind_of(KIND_JOB), ns, job_name);
    const struct json *template = json_at(job, "spec", "template", NULL);
    const char *account = text_at(template, "spec", "serviceAccountName");
    if (!job)
        return NULL;
    if (*account && !store_get(sim->store, kind_of(KIND_SERVICE_ACCOUNT), ns, account))
        return refuse_pod(sim, job, account);
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    char *name = xasprintf("%s-.....", job_name);
    for (char *c = name + strlen(name) - 5; *c; c++)
        *c = letters[random_below(sizeof letters - 1)];
    struct json *pod = object_new(kind_of(KIND_POD), ns, name, 0), *meta = json_object_in(pod, "metadata");
    char *prefix = xasprintf("%s-", job_name);
    json_set_string(meta, "generateName", prefix);
    free(prefix);
    const struct json *labels = json_at(template, "metadata", "labels", NULL);
    if (labels)
        json_set(meta, "labels", json_copy(labels));
    add_owner(meta, job);
    const struct json *spec = json_get(template, "spec");
    json_set(pod, "spec", spec ? json_copy(spec) : json_new_object());
    json_set_string(json_object_in(pod, "spec"), "nodeName", "node-1");
    fields_update(NULL, pod, "kube-controller-manager", "");
    struct json *status = json_object_in(pod, "status");
    json_set_string(status, "phase", "Pending");
    json_set_string(status, "qosClass", "BestEffort");
    store_put(sim->store, kind_of(KIND_POD), pod);
    char *message = xasprintf("Created pod: %s", name);
    cluster_event(sim, kind_of(KIND_JOB), job, "Normal", "SuccessfulCreate", "job-controller", message);
    free(message);
    set_job_active(sim, job, 1);
    return name;
}

static void set_container_state(struct json *pod, const char *state, int64_t started_ms, int exit_code)
{
    char started[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
    struct json *list = json_new_array(), *status = json_new_object();
    const struct json *first = json_first(json_at(pod, "spec", "containers", NULL));
    json_set_string(status, "name", json_string(first, "name"));
    struct json *detail = json_object_in(json_object_in(status, "state"), state);
    json_set_string(detail, "startedAt", clock_format_rfc3339(started_ms, started));
    bool ended = strcmp(state, "terminated") == 0;
    if (ended) {
        json_set_int(detail, "exitCode", exit_code);
        json_set_string(detail, "reason", exit_code ? "Error" : "Completed");
        json_set_string(detail, "finishedAt", clock_format_rfc3339(clock_wall_ms(), now));
    }
    json_set(status, "lastState", json_new_object());
    json_set_bool(status, "ready", !ended);
    json_set_int(status, "restartCount", 0);
    json_set_string(status, "image", json_string(first, "image"));
    json_set_string(status, "imageID", "");
    json_set_bool(status, "started", !ended);
    json_append(list, status);
    json_set(json_object_in(pod, "status"), "containerStatuses", list);
}

void pod_run(struct sim *sim, const char *ns, const char *name)
{
    struct json *pod = store_read(sim->store, kind_of(KIND_POD), ns, name);
    if (!pod)
        return;
    char now[CLOCK_TEXT_MAX];
    struct json *status = json_object_in(pod, "status");
    json_set_string(status, "phase", "Running");
    json_set_string(status, "startTime", clock_format_rfc3339(clock_wall_ms(), now));
    json_set_string(status, "podIP", "10.244.0.17");
    set_container_state(pod, "running", clock_wall_ms(), 0);
    store_put(sim->store, kind_of(KIND_POD), pod);
}

static void add_condition(struct json *list, const char *type, const char *reason, const char *message)
{
    char now[CLOCK_TEXT_MAX];
    struct json *condition = json_new_object();
    clock_format_rfc3339(clock_wall_ms(), now);
    json_set_string(condition, "type", type);
    json_set_string(condition, "status", "True");
    json_set_string(condition, "lastProbeTime", now);
    json_set_string(condition, "lastTransitionTime", now);
    json_set_string(condition, "reason", reason);
    json_set_string(condition, "message", message);
    json_append(list, condition);
}

static void end_job(struct sim *sim, const char *ns, const char *name, bool good)
{
    struct json *job = store_read(sim->store, kind_of(KIND_JOB), ns, name);
    if (!job)
        return;
    char now[CLOCK_TEXT_MAX];
    struct json *status = json_object_in(job, "status"), *conditions = json_new_array();
    json_remove(status, "active");
    json_set_int(status, "ready", 0);
    json_set_int(status, good ? "succeeded" : "failed", 1);
    if (good) {
        json_set_string(status, "completionTime", clock_format_rfc3339(clock_wall_ms(), now));
        add_condition(conditions, "SuccessCriteriaMet", "CompletionsReached",
                      "Reached expected number of succeeded pods");
        add_condition(conditions, "Complete", "CompletionsReached", "Reached expected number of succeeded pods");
    } else {
        add_condition(conditions, "FailureTarget", "BackoffLimitExceeded",
                      "Job has reached the specified backoff limit");
        add_condition(conditions, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }
    json_set(status, "conditions", conditions);
    cluster_event(sim, kind_of(KIND_JOB), job, good ? "Normal" : "Warning", good ? "Completed" : "BackoffLimitExceeded",
                  "job-controller", good ? "Job completed" : "Job has reached the specified backoff limit");
    store_put(sim->store, kind_of(KIND_JOB), job);
}

void job_end(struct sim *sim, const char *ns, const char *job, const char *pod_name, bool good, int64_t started_ms)
{
    struct json *pod = store_read(sim->store, kind_of(KIND_POD), ns, pod_name);
    if (pod) {
        json_set_string(json_object_in(pod, "status"), "phase", good ? "Succeeded" : "Failed");
        set_container_state(pod, "terminated", started_ms, good ? 0 : 1);
        store_put(sim->store, kind_of(KIND_POD), pod);
    }
    podlog_end(&sim->podlogs, ns, pod_name);
    end_job(sim, ns, job, good);
}
