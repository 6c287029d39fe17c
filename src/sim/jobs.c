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

void owner_add(struct json *meta, const struct json *owner)
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
    if (spec->tls_secret)
        add_arg(args, "--cluster-tls=true");
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

static struct json *tls_volume(const struct job_spec *spec)
{
    struct json *volume = json_new_object();
    json_set_string(volume, "name", "ti-cluster-client-tls");
    json_set_string(json_object_in(volume, "secret"), "secretName", spec->tls_secret);
    json_set_int(json_object_in(volume, "secret"), "defaultMode", 420);
    return volume;
}

static struct json *tls_mount(const struct job_spec *spec)
{
    struct json *mount = json_new_object();
    json_set_string(mount, "name", "ti-cluster-client-tls");
    json_set_bool(mount, "readOnly", true);
    json_set_string(mount, "mountPath", spec->tls_path);
    return mount;
}

static struct json *pod_spec_of(const struct job_spec *spec)
{
    struct json *pod = json_new_object(), *volumes = json_new_array(), *volume = json_new_object();
    json_set_string(volume, "name", "br-bin");
    json_set(volume, "emptyDir", json_new_object());
    json_append(volumes, volume);
    if (spec->tls_secret)
        json_append(volumes, tls_volume(spec));
    json_set(pod, "volumes", volumes);
    struct json *init = json_new_array(), *main_list = json_new_array(), *copy = json_new_array();
    json_append(copy, json_new_string("cp /br /var/lib/br-bin/br; echo 'BR copy finished'"));
    const char *tool = text_at(spec->backup, "spec", "toolImage");
    char *image = *tool && !strchr(tool, ':') ? xasprintf("%s:v8.5.0", tool) : xstrdup(*tool ? tool : br_image);
    json_append(init, container("br", image, "/bin/sh", copy, NULL));
    free(image);
    struct json *manager =
        container("backup", manager_image, "/tidb-backup-manager", args_of(spec), env_of(spec->backup));
    if (spec->tls_secret)
        json_append(json_get_mut(manager, "volumeMounts"), tls_mount(spec));
    json_append(main_list, manager);
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
    owner_add(meta, spec->backup);
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

void job_set_active(struct sim *sim, struct json *job, int64_t active, int64_t ready)
{
    char now[CLOCK_TEXT_MAX];
    struct json *status = json_object_in(job, "status");
    if (!json_get(status, "startTime"))
        json_set_string(status, "startTime", clock_format_rfc3339(clock_wall_ms(), now));
    if (active)
        json_set_int(status, "active", active);
    else
        json_remove(status, "active");
    json_set_int(status, "terminating", 0);
    json_set(status, "uncountedTerminatedPods", json_new_object());
    json_set_int(status, "ready", ready);
    store_put(sim->store, kind_of(KIND_JOB), job);
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

void job_finish(struct sim *sim, struct json *job, bool good, const char *reason, const char *message)
{
    char now[CLOCK_TEXT_MAX];
    struct json *status = json_object_in(job, "status"), *conditions = json_new_array();
    json_remove(status, "active");
    json_set_int(status, "ready", 0);
    json_set_int(status, "terminating", 0);
    if (good) {
        json_set_int(status, "succeeded", 1);
        json_set_string(status, "completionTime", clock_format_rfc3339(clock_wall_ms(), now));
        add_condition(conditions, "SuccessCriteriaMet", reason, message);
        add_condition(conditions, "Complete", reason, message);
    } else {
        add_condition(conditions, "FailureTarget", reason, message);
        add_condition(conditions, "Failed", reason, message);
    }
    json_set(status, "conditions", conditions);
    cluster_event(sim, kind_of(KIND_JOB), job, good ? "Normal" : "Warning", good ? "Completed" : reason,
                  "job-controller", good ? "Job completed" : message);
    store_put(sim->store, kind_of(KIND_JOB), job);
}

int64_t job_count_failure(struct json *job)
{
    int64_t failed = 0;
    struct json *status = json_object_in(job, "status");
    json_int(json_get(status, "failed"), &failed);
    json_set_int(status, "failed", failed + 1);
    return failed + 1;
}
