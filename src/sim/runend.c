#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "crstatus.h"
#include "operator_private.h"
#include "sim.h"

enum { TSO_SHIFT = 18 };

char *run_backup_path(const struct json *backup)
{
    static const struct storage {
        const char *key, *scheme, *bucket;
        bool slash;
    } storages[] = {
        {"s3", "s3", "bucket", false},
        {"gcs", "gcs", "bucket", true},
        {"azblob", "azure", "container", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(storages); i++) {
        const struct json *storage = json_at(backup, "spec", storages[i].key, NULL);
        const char *bucket = json_string(storage, storages[i].bucket), *prefix = json_string(storage, "prefix");
        if (storage)
            return xasprintf("%s://%s/%s%s", storages[i].scheme, bucket ? bucket : "", prefix ? prefix : "",
                             storages[i].slash ? "/" : "");
    }
    return xstrdup("");
}

static void set_tso(struct json *status, const char *key, uint64_t tso)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, tso);
    json_set_string(status, key, text);
}

static void set_taken(struct json *status, int64_t started_ms, int64_t completed_ms)
{
    char taken[32];
    json_set_string(status, "timeTaken", status_duration(completed_ms - started_ms, taken));
}

static void start_task(struct run *run, struct json *backup, struct json *status)
{
    uint64_t wanted = decide_tso(cr_text(backup, "spec", "commitTs"));
    uint64_t start = wanted ? wanted : (uint64_t)run->started_ms << TSO_SHIFT;
    char *path = run_backup_path(backup), text[CLOCK_TEXT_MAX];
    pd_start(&run->op->pd, run->ns, run->service, run->name, path, start);
    set_tso(status, "commitTs", start);
    json_set_string(status, "timeStarted", clock_format_rfc3339(run->started_ms, text));
    free(path);
}

static void finish_stop(struct run *run, struct json *backup, struct json *status, int64_t now)
{
    struct pd_task *task = pd_find(&run->op->pd, run->ns, run->service, run->name);
    int64_t started = run->started_ms;
    char text[CLOCK_TEXT_MAX];
    if (task)
        pd_stop(&run->op->pd, task);
    clock_parse_rfc3339(cr_text(backup, "status", "timeStarted"), &started);
    json_set_string(status, "timeCompleted", clock_format_rfc3339(now, text));
    set_taken(status, started, now);
}

static void finish_log(struct run *run, struct json *backup, int64_t now)
{
    struct json *status = json_object_in(backup, "status");
    struct pd_task *task = pd_find(&run->op->pd, run->ns, run->service, run->name);
    switch (run->command) {
    case LOG_START:
        start_task(run, backup, status);
        break;
    case LOG_PAUSE:
        if (task)
            pd_pause(&run->op->pd, task, &(struct pd_pause){.by = run->way.pod, .ttl_ms = cr_gc_ttl_ms(backup)});
        break;
    case LOG_RESUME:
        if (task)
            pd_resume(&run->op->pd, task);
        break;
    case LOG_STOP:
        finish_stop(run, backup, status, now);
        break;
    case LOG_TRUNCATE:
        json_set_string(status, "logSuccessTruncateUntil",
                        status_log_until(backup, LOG_TRUNCATE));
        break;
    default:
        break;
    }
    status_mark_log(backup, run->command, &(struct mark){.type = "Complete", .now_ms = now});
    status_log_times(backup, run->command, run->started_ms, now);
}

static void finish_snapshot(struct run *run, struct json *backup, int64_t now)
{
    struct json *status = json_object_in(backup, "status");
    int64_t size = 12000000000 + (int64_t)random_below(1000000) * 1000;
    char readable[32];
    snprintf(readable, sizeof readable, "%" PRId64 " GB", size / 1000000000);
    json_set_int(status, "backupSize", size);
    json_set_string(status, "backupSizeReadable", readable);
    set_tso(status, "commitTs", (uint64_t)run->started_ms << TSO_SHIFT);
    status_times(status, run->started_ms, now);
    set_taken(status, run->started_ms, now);
    status_mark(backup, &(struct mark){.type = "Complete", .now_ms = now});
}

static void finish_clean(struct json *backup, int64_t now)
{
    status_condition(backup, &(struct mark){.type = "Clean", .now_ms = now}, true);
}

void run_succeed(struct run *run)
{
    struct json *backup = store_read(run->op->sim->store, run->cr, run->ns, run->name);
    int64_t now = clock_wall_ms();
    struct pd_task *task = pd_find(&run->op->pd, run->ns, run->service, run->name);
    if (!backup)
        return;
    switch (run->kind) {
    case RUN_LOG:
        finish_log(run, backup, now);
        break;
    case RUN_SNAPSHOT:
        finish_snapshot(run, backup, now);
        break;
    case RUN_CLEAN:
        finish_clean(backup, now);
        break;
    case RUN_STOP_TASK:
        if (task)
            pd_stop(&run->op->pd, task);
        break;
    }
    operator_write(run->op, run->cr, backup, "status");
}

/* The reasons backup-manager writes, spelled as it does. */
static const char *const log_reasons[] = {
    [LOG_START] = "StartLogBackupFailed",    [LOG_STOP] = "StopLogBackupFailed",
    [LOG_PAUSE] = "PauseLogBackupFailed",    [LOG_RESUME] = "ResumeLogBackuFailed",
    [LOG_TRUNCATE] = "TruncateLogBackuFailed", [LOG_UNKNOWN] = "Failed",
};

void run_fail(struct run *run)
{
    struct json *backup = store_read(run->op->sim->store, run->cr, run->ns, run->name);
    if (backup && run->dies && run->kind == RUN_SNAPSHOT) {
        const struct trouble_info *info = trouble_is(run->way.trouble, TROUBLE_KILL) ? run->way.trouble->info : NULL;
        char *why = xasprintf("BackoffLimitExceeded: container exited with code %d (%s)", info ? info->exit_code : 137,
                              info ? info->pod_reason ? info->pod_reason : info->reason : "OOMKilled");
        retry_note(run->op, run->cr, backup, why);
        free(why);
        return;
    }
    if (!backup || run->dies || run->kind == RUN_STOP_TASK) {
        json_free(&backup);
        return;
    }
    int64_t now = clock_wall_ms();
    char *message = xasprintf("cluster %s/%s, wait pipe message failed, errMsg %s, err: exit status 1", run->ns,
                              run->name, run->told ? run->told : "\n");
    struct mark mark = {.type = "Failed", .message = message, .now_ms = now};
    if (run->kind == RUN_LOG) {
        mark.reason = log_reasons[run->command];
        status_mark_log(backup, run->command, &mark);
    } else {
        mark.type = run->kind == RUN_CLEAN ? "CleanFailed" : "Failed";
        mark.reason = run->kind == RUN_CLEAN ? "CleanBackupDataFailed" : "BackupDataToRemoteFailed";
        status_mark(backup, &mark);
    }
    operator_write(run->op, run->cr, backup, "status");
    free(message);
}
