/* log_find.c - whose log it is: the newest Job of a Backup, its newest Pod, the container that is at work.
 *
 * Both are watched, so that a Job that is coming, a Pod that starts and a container that ends are known without asking
 * again and again.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/str.h>

#include "log_private.h"
#include "objects.h"

#define BACKUP_LABEL "tidb.pingcap.com/backup"
#define BY_LABEL "-"

static void copy(char *buf, size_t size, const char *text) { snprintf(buf, size, "%s", text ? text : ""); }

/* -- Jobs ---------------------------------------------------------------------------------- */

/* Of this Backup, and not of one of that name that was there before. Where its uid is not known, the name must do. */
static bool is_ours(const struct log_finder *f, const struct json *meta)
{
    if (f->wanted_job)
        return str_same(json_string(meta, "name"), f->wanted_job);
    JSON_EACH (owner, json_get(meta, "ownerReferences"))
        if (json_is_true(json_get(owner, "controller")))
            return str_same(json_string(owner, "kind"), "Backup") && str_same(json_string(owner, "name"), f->name) &&
                   (!*f->uid || str_same(json_string(owner, "uid"), f->uid));
    return false;
}

static void on_job(void *arg, const char *text, size_t len)
{
    struct log_finder *f = arg;
    struct json *job = json_parse_without(text, len, "managedFields", NULL);
    const struct json *meta = json_get(job, "metadata");
    const char *uid = json_string(meta, "uid");
    int64_t created = object_time(meta, "creationTimestamp");
    bool same = uid && strcmp(f->job.uid, uid) == 0;
    f->job_seen = f->job_seen || same;
    if (uid && is_ours(f, meta) && (same || !*f->job.uid || (created >= f->job.created_ms && !f->settled))) {
        f->job_seen = true;
        copy(f->job.name, sizeof f->job.name, json_string(meta, "name"));
        copy(f->job.uid, sizeof f->job.uid, uid);
        f->job.created_ms = created;
        f->job.over = job_is_over(job);
        f->changed(f->arg);
    }
    json_free(&job);
}

static void on_job_gone(void *arg, const char *text, size_t len)
{
    struct log_finder *f = arg;
    struct json *job = json_parse_without(text, len, "managedFields", NULL);
    if (str_same(json_text(json_at(job, "metadata", "uid", NULL)), f->job.uid))
        f->job.over = true;
    json_free(&job);
    f->changed(f->arg);
}

static void on_jobs_list(void *arg) { ((struct log_finder *)arg)->job_seen = false; }

static void on_jobs_listed(void *arg)
{
    struct log_finder *f = arg;
    f->job.over = f->job.over || (*f->job.uid && !f->job_seen);
    f->changed(f->arg);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    struct log_finder *f = arg;
    (void)state;
    f->changed(f->arg);
}

static void watch_jobs(struct log_finder *f)
{
    struct str labels, fields;
    str_init(&labels, STR_SMALL);
    str_init(&fields, STR_SMALL);
    if (f->wanted_job)
        str_addf(&fields, "metadata.name=%s", f->wanted_job);
    else
        str_addf(&labels, BACKUP_LABEL "=%s", f->name);
    f->jobs = reflector_new(&(struct reflector_spec){
        .client = fleet_client(f->br->fleet), .resource = kube_jobs, .ns = f->ns,
        .label_selector = labels.len ? labels.data : NULL, .field_selector = fields.len ? fields.data : NULL,
        .once = !f->follow, .on_object = on_job, .on_delete = on_job_gone, .on_list = on_jobs_list,
        .on_listed = on_jobs_listed, .on_state = on_state, .arg = f});
    str_done(&labels);
    str_done(&fields);
}

/* -- Pods ------------------------------------------------------------------------------------ */

/* "Reason: message", the message on one line. */
static void tell(char *buf, size_t size, const struct json *from, const char *other)
{
    const char *reason = json_string(from, "reason"), *message = json_string(from, "message");
    reason = str_empty(reason) ? other : reason;
    snprintf(buf, size, "%s%s%s", reason, str_empty(message) ? "" : ": ", message ? message : "");
    for (char *c = buf; *c; c++)
        if (*c == '\n')
            *c = ' ';
}

static void read_container(struct log_container *c, const struct json *status)
{
    const struct json *state = json_get(status, "state"), *ended = json_get(state, "terminated");
    int64_t code = 0;
    *c = (struct log_container){.state = CONTAINER_WAITING};
    copy(c->name, sizeof c->name, json_string(status, "name"));
    c->ran_before = json_type(json_at(status, "lastState", "terminated", NULL)) == JSON_OBJECT;
    if (json_type(ended) == JSON_OBJECT) {
        c->state = CONTAINER_ENDED;
        c->exit_code = json_int(json_get(ended, "exitCode"), &code) ? (int)code : 0;
        c->ended_ms = object_time(ended, "finishedAt");
        tell(c->why, sizeof c->why, ended, "ended");
    } else if (json_type(json_get(state, "running")) == JSON_OBJECT) {
        c->state = CONTAINER_RUNNING;
    } else {
        tell(c->why, sizeof c->why, json_get(state, "waiting"), "");
    }
}

/* The main container by its name in the spec: "backup" of the operator's, else the first. */
static const char *main_name(const struct json *pod)
{
    const struct json *containers = json_at(pod, "spec", "containers", NULL);
    JSON_EACH (container, containers)
        if (str_same(json_string(container, "name"), "backup"))
            return "backup";
    const char *first = json_string(json_first(containers), "name");
    return first ? first : "";
}

static void read_pod(struct log_pod *p, const struct json *pod)
{
    const struct json *meta = json_get(pod, "metadata"), *status = json_get(pod, "status");
    *p = (struct log_pod){.created_ms = object_time(meta, "creationTimestamp")};
    copy(p->name, sizeof p->name, json_string(meta, "name"));
    copy(p->uid, sizeof p->uid, json_string(meta, "uid"));
    p->main.state = CONTAINER_WAITING;
    copy(p->main.name, sizeof p->main.name, main_name(pod));
    JSON_EACH (container, json_get(status, "containerStatuses"))
        if (str_same(json_string(container, "name"), p->main.name))
            read_container(&p->main, container);
    JSON_EACH (container, json_get(status, "initContainerStatuses")) {
        read_container(&p->init, container);
        if (p->init.state != CONTAINER_ENDED || p->init.exit_code != 0)
            break; /* they start one after another */
    }
    if (object_condition(status, "PodScheduled", "False"))
        tell(p->why, sizeof p->why, object_condition(status, "PodScheduled", "False"), "not scheduled");
    if (str_same(json_string(status, "phase"), "Failed") && !str_empty(json_string(status, "reason")))
        tell(p->why, sizeof p->why, status, "Failed"); /* Evicted */
}

static void on_pod(void *arg, const char *text, size_t len)
{
    struct log_finder *f = arg;
    struct json *pod = json_parse_without(text, len, "managedFields", NULL);
    struct log_pod p;
    read_pod(&p, pod);
    json_free(&pod);
    if (strcmp(p.uid, f->done_pod) == 0 || p.created_ms < f->done_ms)
        return;
    bool same = strcmp(p.uid, f->pod.uid) == 0;
    f->pod_seen = f->pod_seen || same;
    if (!*p.name || (!same && *f->pod.uid && (f->settled || p.created_ms < f->pod.created_ms)))
        return;
    f->pod_seen = true;
    f->pod = p;
    f->changed(f->arg);
}

static void on_pod_gone(void *arg, const char *text, size_t len)
{
    struct log_finder *f = arg;
    struct json *pod = json_parse_without(text, len, "managedFields", NULL);
    f->pod.gone = f->pod.gone || str_same(json_text(json_at(pod, "metadata", "uid", NULL)), f->pod.uid);
    json_free(&pod);
    f->changed(f->arg);
}

static void on_pods_list(void *arg) { ((struct log_finder *)arg)->pod_seen = false; }

static void on_pods_listed(void *arg)
{
    struct log_finder *f = arg;
    f->pod.gone = f->pod.gone || (*f->pod.uid && !f->pod_seen);
    f->changed(f->arg);
}

static void watch_pods(struct log_finder *f)
{
    struct str labels;
    bool by_label = strcmp(f->watched, BY_LABEL) == 0 && !f->wanted_job;
    str_init(&labels, STR_SMALL);
    str_addf(&labels, "%s=%s", by_label ? BACKUP_LABEL : "job-name",
             by_label ? f->name : f->wanted_job ? f->wanted_job : f->job.name);
    f->pod = (struct log_pod){.created_ms = 0};
    f->pods = reflector_new(&(struct reflector_spec){
        .client = fleet_client(f->br->fleet), .resource = kube_pods, .ns = f->ns, .label_selector = labels.data,
        .once = !f->follow, .on_object = on_pod, .on_delete = on_pod_gone, .on_list = on_pods_list,
        .on_listed = on_pods_listed, .on_state = on_state, .arg = f});
    str_done(&labels);
}

/* -- looking ------------------------------------------------------------------------------------ */

/* NO_JOB: it is listed; else why it is not. */
static enum log_sight sight_of(struct log_finder *f, const struct reflector *reflector)
{
    const struct reflector_state *state = reflector_state(reflector);
    if (state->listed)
        return SIGHT_NO_JOB;
    if (!state->error.code)
        return SIGHT_LOOKING;
    f->error = state->error;
    return state->phase == REFLECTOR_RECONNECTING ? SIGHT_PASSING : SIGHT_ERROR;
}

enum log_sight log_finder_look(struct log_finder *f)
{
    if (f->jobs && f->settled)
        reflector_free(&f->jobs);
    if (!f->jobs && !f->settled)
        watch_jobs(f);
    if (!f->settled) {
        enum log_sight jobs = sight_of(f, f->jobs);
        const char *wanted = jobs == SIGHT_ERROR ? BY_LABEL : f->job.uid; /* Jobs may not be listed: maybe Pods may */
        if (jobs == SIGHT_LOOKING || jobs == SIGHT_PASSING || !*wanted)
            return jobs;
        if (f->pods && strcmp(f->watched, wanted) != 0)
            reflector_free(&f->pods);
        if (!f->pods) {
            copy(f->watched, sizeof f->watched, wanted);
            watch_pods(f);
        }
    }
    if (f->pod.gone)
        return SIGHT_GONE;
    enum log_sight pods = sight_of(f, f->pods);
    if (pods != SIGHT_NO_JOB)
        return pods;
    if (*f->pod.uid)
        return SIGHT_POD;
    return f->job.over ? SIGHT_GONE : *f->job.uid ? SIGHT_NO_POD : SIGHT_NO_JOB;
}

void log_finder_next(struct log_finder *f)
{
    copy(f->done_pod, sizeof f->done_pod, f->pod.uid);
    f->done_ms = f->pod.created_ms;
    f->settled = false;
    f->pod = (struct log_pod){.created_ms = 0};
    if (f->pods)
        reflector_free(&f->pods);
}

void log_finder_done(struct log_finder *f)
{
    if (f->jobs)
        reflector_free(&f->jobs);
    if (f->pods)
        reflector_free(&f->pods);
}
