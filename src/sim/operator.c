#include <config.h>

#include "operator_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "crstatus.h"
#include "fields.h"
#include "jobs.h"
#include "sim.h"

enum {
    NOTICE_MS = 100,         /* until a change is looked at */
    BACKOFF_FIRST_MS = 1000, /* doubled up to the last */
    BACKOFF_LAST_MS = 60 * 1000,
    CHECKPOINT_MS = 60 * 1000,
};

const char *cr_text(const struct json *backup, const char *part, const char *key)
{
    const char *text = json_text(json_at(backup, part, key, NULL));
    return text ? text : "";
}

bool cr_is_log(const struct json *backup) { return strcmp(cr_text(backup, "spec", "backupMode"), "log") == 0; }

const char *operator_finalizer(const struct kind *cr)
{
    return cr->v1 ? "tidb.pingcap.com/backup-protection" : "pingcap.com/finalizer";
}

int64_t operator_ms(const struct operator *op, int64_t ms) { return (int64_t)((double)ms / op->sim->options.speed); }

struct pd *operator_pd(struct operator *op) { return &op->pd; }

void operator_write(struct operator *op, const struct kind *cr, struct json *backup, const char *sub)
{
    struct json *old = store_read(op->sim->store, cr, cr_text(backup, "metadata", "namespace"),
                                  cr_text(backup, "metadata", "name"));
    if (!old || json_equal(old, backup)) {
        json_free(&backup);
    } else {
        /* Where the status is no subresource, writing it is a new generation, too. */
        int64_t generation = 0;
        if (!cr->status && json_int(json_at(old, "metadata", "generation", NULL), &generation))
            json_set_int(json_object_in(backup, "metadata"), "generation", generation + 1);
        fields_update(old, backup, "tidb-operator", cr->status ? sub : "");
        store_put(op->sim->store, cr, backup);
    }
    json_free(&old);
}

/* -- the queue ---------------------------------------------------------------------- */

static void reconcile(struct operator *op, const struct kind *cr, const char *ns, const char *name,
                      unsigned attempts);

static void pending_free(struct pending *pending)
{
    timer_cancel(&pending->op->sim->timers, &pending->timer);
    free(pending->ns);
    free(pending->name);
    free(pending);
}

static void on_pending(void *arg)
{
    struct pending *pending = arg;
    struct operator *op = pending->op;
    if (!op->running)
        return; /* operator_set_running wakes it */
    for (struct pending **at = &op->queue; *at; at = &(*at)->next)
        if (*at == pending) {
            *at = pending->next;
            break;
        }
    reconcile(op, pending->cr, pending->ns, pending->name, pending->attempts);
    pending_free(pending);
}

static struct pending *find_pending(const struct operator *op, const struct kind *cr, const char *ns,
                                    const char *name)
{
    for (struct pending *pending = op->queue; pending; pending = pending->next)
        if (pending->cr == cr && strcmp(pending->name, name) == 0 && strcmp(pending->ns, ns) == 0)
            return pending;
    return NULL;
}

void operator_enqueue(struct operator *op, const struct kind *cr, const char *ns, const char *name, int64_t delay_ms)
{
    struct pending *pending = find_pending(op, cr, ns, name);
    if (!pending) {
        pending = xcalloc(1, sizeof *pending);
        pending->op = op;
        pending->cr = cr;
        pending->ns = xstrdup(ns);
        pending->name = xstrdup(name);
        pending->next = op->queue;
        timer_init(&pending->timer, on_pending, pending);
        op->queue = pending;
    }
    timer_set(&op->sim->timers, &pending->timer, delay_ms);
}

/* Again later, each time later. */
static void retry(struct operator *op, const struct kind *cr, const char *ns, const char *name, unsigned attempts)
{
    int64_t delay = (int64_t)BACKOFF_FIRST_MS << (attempts < 6 ? attempts : 6);
    operator_enqueue(op, cr, ns, name, operator_ms(op, delay < BACKOFF_LAST_MS ? delay : BACKOFF_LAST_MS));
    find_pending(op, cr, ns, name)->attempts = attempts + 1;
}

static void on_change(void *arg, const struct change *change)
{
    struct operator *op = arg;
    switch (change->kind->id) {
    case KIND_BACKUP:
    case KIND_V1_BACKUP:
        if (change->type != CHANGE_DELETED && !op->muted)
            operator_enqueue(op, change->kind, change->ns, change->name, operator_ms(op, NOTICE_MS));
        break;
    case KIND_SECRET:
    case KIND_CLUSTER:
    case KIND_TIDB_CLUSTER:
        for (struct pending *pending = op->queue; pending; pending = pending->next)
            timer_set(&op->sim->timers, &pending->timer, operator_ms(op, NOTICE_MS));
        break;
    default:
        break;
    }
}

void operator_set_running(struct operator *op, bool running)
{
    op->running = running;
    for (struct pending *pending = op->queue; pending && running; pending = pending->next)
        timer_set(&op->sim->timers, &pending->timer, operator_ms(op, NOTICE_MS));
}

void operator_set_checkpoints(struct operator *op, bool written) { op->stale = !written; }

void operator_mute(struct operator *op, bool muted) { op->muted = muted; }

/* -- reconciling --------------------------------------------------------------------- */

static bool has_finalizer(const struct json *backup, const char *finalizer)
{
    JSON_EACH(item, json_at(backup, "metadata", "finalizers", NULL))
    if (str_same(json_text(item), finalizer))
        return true;
    return false;
}

/* The operator's first write: finalizer, and defaults of the spec. True when it wrote. */
static bool adopt(struct operator *op, const struct kind *cr, const struct json *backup)
{
    const char *policy = cr_text(backup, "spec", "cleanPolicy");
    bool wanted = cr_is_log(backup) || strcmp(policy, "Delete") == 0 || strcmp(policy, "OnFailure") == 0;
    if (!wanted || has_finalizer(backup, operator_finalizer(cr)))
        return false;
    struct json *new = json_copy(backup), *meta = json_object_in(new, "metadata");
    const struct json *old_list = json_get(meta, "finalizers");
    struct json *list = old_list ? json_copy(old_list) : json_new_array();
    json_append(list, json_new_string(operator_finalizer(cr)));
    json_set(meta, "finalizers", list);
    struct json *spec = json_object_in(new, "spec");
    if (!json_get(spec, "backoffRetryPolicy")) {
        struct json *policy_object = json_object_in(spec, "backoffRetryPolicy");
        json_set_int(policy_object, "maxRetryTimes", 2);
        json_set_string(policy_object, "minRetryDuration", "300s");
        json_set_string(policy_object, "retryTimeout", "30m");
    }
    if (!json_get(spec, "resources"))
        json_set(spec, "resources", json_new_object());
    if (cr->status && !json_equal(spec, json_get(backup, "spec"))) {
        int64_t generation = 0;
        json_int(json_get(meta, "generation"), &generation);
        json_set_int(meta, "generation", generation + 1);
    }
    operator_write(op, cr, new, "");
    return true;
}

static bool is_among(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* A truncate that has nothing to take: Complete at once. */
static void truncate_done(struct operator *op, const struct kind *cr, struct json *backup)
{
    int64_t now = clock_wall_ms();
    struct json *new = json_copy(backup);
    const struct json *old = json_at(backup, "status", "logSubCommandStatuses", "log-truncate", NULL);
    if (str_same(json_string(old, "phase"), "Complete")) {
        struct json *entry = json_get_mut(json_get_mut(json_get_mut(new, "status"), "logSubCommandStatuses"),
                                          "log-truncate");
        json_set_string(entry, "logTruncatingUntil", cr_text(backup, "spec", "logTruncateUntil"));
    } else {
        status_mark_log(new, LOG_TRUNCATE, &(struct mark){.type = "Complete", .now_ms = now});
    }
    status_log_times(new, LOG_TRUNCATE, now, now);
    struct json *status = json_object_in(new, "status");
    if (!*cr_text(backup, "status", "logSuccessTruncateUntil"))
        json_set_string(status, "logSuccessTruncateUntil", cr_text(backup, "spec", "logTruncateUntil"));
    operator_write(op, cr, new, "status");
}

/* Make the Job of a run, unless one of that name is in the way: then it is removed first. */
static void start(struct operator *op, const struct kind *cr, struct json *backup, enum run_kind kind,
                  enum log_command command)
{
    const char *ns = cr_text(backup, "metadata", "namespace");
    char *job = run_job_name(cr_text(backup, "metadata", "name"), kind, command);
    if (job_state(op->sim, ns, job) != JOB_NONE)
        cluster_remove(op->sim, kind_of(KIND_JOB), ns, job);
    if (check_job_name(op, cr, backup, command, job))
        run_start(op, cr, backup, kind, command);
    free(job);
}

/* Whether the Job of @command has failed and nobody told the Backup: v1's operator leaves it so. */
static bool has_died(struct operator *op, const struct json *backup, enum log_command command)
{
    static const char *const begun[] = {"Scheduled", "Prepare", "Running"};
    char *job = run_job_name(cr_text(backup, "metadata", "name"), RUN_LOG, command);
    bool died = job_state(op->sim, cr_text(backup, "metadata", "namespace"), job) == JOB_FAILED &&
                is_among(status_log_phase(backup, command), begun, ARRAY_LEN(begun));
    free(job);
    return died;
}

static bool reconcile_log(struct operator *op, const struct kind *cr, struct json *backup)
{
    struct log_view view = log_view_of(backup, cr->v1);
    enum log_command command = decide_command(&view);
    bool again = false;
    if (strcmp(view.phase, "Invalid") == 0)
        return true;
    switch (decide(&view, command, status_log_phase(backup, command), status_log_until(backup, command))) {
    case DECISION_WAIT:
        return false;
    case DECISION_TRUNCATE_DONE:
        truncate_done(op, cr, backup);
        break;
    case DECISION_RUN:
        if (cr->v1 && has_died(op, backup, command))
            break;
        if (check_storage(op, cr, backup, &again))
            start(op, cr, backup, RUN_LOG, command);
        break;
    default:
        break;
    }
    return !again;
}

static bool reconcile_snapshot(struct operator *op, const struct kind *cr, struct json *backup)
{
    static const char *const settled[] = {"Scheduled", "Prepare", "Running", "Complete", "Failed", "Invalid", "Clean"};
    bool again = false;
    if (is_among(cr_text(backup, "status", "phase"), settled, ARRAY_LEN(settled)))
        return true;
    if (!retry_is_due(op, cr, backup))
        return true;
    if (check_storage(op, cr, backup, &again))
        start(op, cr, backup, RUN_SNAPSHOT, LOG_UNKNOWN);
    return !again;
}

static void reconcile(struct operator *op, const struct kind *cr, const char *ns, const char *name, unsigned attempts)
{
    struct json *backup = store_read(op->sim->store, cr, ns, name);
    if (!backup || run_is_active(op, cr, ns, name)) { /* looked at again when the run ends */
        json_free(&backup);
        return;
    }
    enum cluster_is cluster = CLUSTER_WELL;
    bool settled;
    if (*cr_text(backup, "metadata", "deletionTimestamp")) {
        cluster = check_cluster(op, cr, backup);
        settled = cluster == CLUSTER_WELL;
        if (settled && has_finalizer(backup, operator_finalizer(cr)))
            cleaner_reconcile(op, cr, backup);
    } else if (adopt(op, cr, backup)) {
        settled = true; /* that write brings it here again */
    } else if ((cluster = check_cluster(op, cr, backup)) != CLUSTER_WELL) {
        settled = false;
    } else {
        settled = cr_is_log(backup) ? reconcile_log(op, cr, backup) : reconcile_snapshot(op, cr, backup);
    }
    /* v2's operator watches no Cluster, and ends there without an error: only a change of the Backup brings it here
     * again, which of a log that runs is its next checkpoint. */
    if (!settled && (cr->v1 || cluster != CLUSTER_STILL))
        retry(op, cr, ns, name, attempts);
    json_free(&backup);
}

/* -- checkpoints ---------------------------------------------------------------------- */

static void sync_checkpoint(struct operator *op, const struct pd_task *task)
{
    const struct kind *cr = kind_of(KIND_BACKUP);
    struct json *backup = store_read(op->sim->store, cr, task->ns, task->name);
    if (!backup && op->sim->options.v1) {
        cr = kind_of(KIND_V1_BACKUP);
        backup = store_read(op->sim->store, cr, task->ns, task->name);
    }
    char *service = backup ? run_pd_service(op->sim, backup) : NULL;
    /* The task of another cluster may have the same name. */
    if (str_same(service, task->service) && strcmp(cr_text(backup, "status", "phase"), "Running") == 0) {
        char tso[24];
        snprintf(tso, sizeof tso, "%" PRIu64, pd_checkpoint(&op->pd, task));
        json_set_string(json_object_in(backup, "status"), "logCheckpointTs", tso);
        operator_write(op, cr, backup, "status");
        backup = NULL;
    }
    free(service);
    json_free(&backup);
}

static void on_checkpoints(void *arg)
{
    struct operator *op = arg;
    int64_t now = clock_mono_ms(), every = operator_ms(op, CHECKPOINT_MS);
    for (struct pd_task *task = op->pd.first; task && op->running && !op->stale; task = task->next) {
        if (task->sync_at_ms == 0) /* not all in the same instant */
            task->sync_at_ms = now + every / 12 * (1 + (int64_t)(strlen(task->name) + strlen(task->ns)) % 12);
        if (task->sync_at_ms > now || task->asleep)
            continue;
        sync_checkpoint(op, task);
        task->sync_at_ms = now + every;
    }
    int64_t tick = operator_ms(op, 1000);
    timer_set(&op->sim->timers, &op->checkpoints, tick > 20 ? tick : 20);
}

/* -- its life -------------------------------------------------------------------------- */

struct operator *operator_new(struct sim *sim)
{
    struct operator *op = xcalloc(1, sizeof *op);
    op->sim = sim;
    op->running = true;
    pd_init(&op->pd, sim->options.speed);
    timer_init(&op->checkpoints, on_checkpoints, op);
    return op;
}

void operator_start(struct operator *op)
{
    store_on_change(op->sim->store, on_change, op);
    on_checkpoints(op);
}

void br_failure_free(struct br_failure *failure)
{
    free(failure->command);
    free(failure->ns);
    free(failure->name);
    free(failure->message);
    free(failure);
}

void operator_free(struct operator **operator_)
{
    struct operator *op = *operator_;
    if (!op)
        return;
    while (op->queue) {
        struct pending *pending = op->queue;
        op->queue = pending->next;
        pending_free(pending);
    }
    while (op->runs) {
        struct run *run = op->runs;
        op->runs = run->next;
        run_free(run);
    }
    while (op->failures) {
        struct br_failure *failure = op->failures;
        op->failures = failure->next;
        br_failure_free(failure);
    }
    timer_cancel(&op->sim->timers, &op->checkpoints);
    pd_done(&op->pd);
    free(op);
    *operator_ = NULL;
}

bool operator_order_failure(struct operator *op, const struct json *order, struct error *err)
{
    const char *message = json_string(order, "message");
    struct br_failure *failure = xcalloc(1, sizeof *failure);
    failure->dies = json_is_true(json_get(order, "dies"));
    if (!message && !failure->dies) {
        free(failure);
        return error_set(err, ERROR_INPUT, "\"message\" is needed: what br shall say");
    }
    failure->command = xstrdup(json_string(order, "command"));
    failure->ns = xstrdup(json_string(order, "namespace"));
    failure->name = xstrdup(json_string(order, "name"));
    failure->message = xstrdup(message ? message : "");
    if (!json_int(json_get(order, "count"), &failure->left) || failure->left < 1)
        failure->left = 1;
    failure->next = op->failures;
    op->failures = failure;
    return true;
}
