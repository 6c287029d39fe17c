#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "crstatus.h"
#include "jobs.h"
#include "operator_private.h"
#include "sim.h"

static bool is_phase(const struct json *backup, const char *const *phases, size_t count)
{
    const char *phase = cr_text(backup, "status", "phase");
    for (size_t i = 0; i < count; i++)
        if (strcmp(phase, phases[i]) == 0)
            return true;
    return false;
}

/* Start @kind's Job unless it has been. Returns how it stood before. */
static enum job_state start_once(struct operator *op, const struct kind *cr, struct json *backup, enum run_kind kind)
{
    char *job = run_job_name(cr_text(backup, "metadata", "name"), kind, LOG_UNKNOWN);
    enum job_state state = job_state(op->sim, cr_text(backup, "metadata", "namespace"), job);
    free(job);
    if (state == JOB_NONE)
        run_start(op, cr, backup, kind, LOG_UNKNOWN);
    return state;
}

/* Whether the Job that stops the task has ended, well or not. */
static bool is_stopped(struct operator *op, const struct kind *cr, struct json *backup)
{
    enum job_state state = start_once(op, cr, backup, RUN_STOP_TASK);
    return state == JOB_DONE || state == JOB_FAILED;
}

/* Only its own Job's success is one: where that fails for good the object stays, CleanFailed. */
static bool is_clean(struct operator *op, const struct kind *cr, struct json *backup)
{
    enum job_state state = start_once(op, cr, backup, RUN_CLEAN);
    if (state != JOB_NONE)
        return state == JOB_DONE;
    struct json *new = store_read(op->sim->store, cr, cr_text(backup, "metadata", "namespace"),
                                  cr_text(backup, "metadata", "name"));
    struct mark mark = {.type = "Clean", .now_ms = clock_wall_ms()};
    status_condition(new, &mark, false);
    json_set_string(json_object_in(new, "status"), "phase", "Clean");
    operator_write(op, cr, new, "status");
    return false;
}

static void let_go(struct operator *op, const struct kind *cr, struct json *backup)
{
    struct json *new = json_copy(backup), *list = json_new_array();
    JSON_EACH(item, json_at(backup, "metadata", "finalizers", NULL))
    if (!str_same(json_text(item), operator_finalizer(cr)))
        json_append(list, json_copy(item));
    bool free_to_go = json_count(list) == 0;
    json_set(json_object_in(new, "metadata"), "finalizers", list);
    if (free_to_go) {
        json_free(&new);
        cluster_remove(op->sim, cr, cr_text(backup, "metadata", "namespace"), cr_text(backup, "metadata", "name"));
    } else {
        operator_write(op, cr, new, "");
    }
}

void cleaner_reconcile(struct operator *op, const struct kind *cr, struct json *backup)
{
    static const char *const live[] = {"Scheduled", "Prepare", "Running", "Paused"};
    const char *policy = cr_text(backup, "spec", "cleanPolicy");
    bool failed = strcmp(cr_text(backup, "status", "phase"), "Failed") == 0;
    bool cleans = strcmp(policy, "Delete") == 0 || (strcmp(policy, "OnFailure") == 0 && failed);
    if (cr_is_log(backup) && is_phase(backup, live, ARRAY_LEN(live)) && !is_stopped(op, cr, backup))
        return;
    if (cleans && !is_clean(op, cr, backup))
        return;
    let_go(op, cr, backup);
}
