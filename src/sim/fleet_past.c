#include <config.h>

#include "fleet_past.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "br.h"
#include "cluster.h"
#include "crstatus.h"
#include "fields.h"
#include "operator.h"
#include "operator_private.h"
#include "sim.h"

enum { TSO_SHIFT = 18, MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

struct json *past_new_backup(const char *ns, const char *name, const char *cluster, bool log, int64_t made_ms)
{
    struct json *backup = object_new(kind_of(KIND_BACKUP), ns, name, made_ms);
    struct json *meta = json_object_in(backup, "metadata"), *spec = json_object_in(backup, "spec");
    json_set_int(meta, "generation", 1);
    struct json *labels = json_object_in(meta, "labels");
    json_set_string(labels, "app.kubernetes.io/instance", cluster);
    json_set_string(labels, "team", ns);
    json_set_string(spec, "backupMode", log ? "log" : "snapshot");
    if (!log)
        json_set_string(spec, "backupType", "full");
    json_set_string(json_object_in(spec, "br"), "cluster", cluster);
    json_set_string(spec, "cleanPolicy", "Retain");
    struct json *s3 = json_object_in(spec, "s3");
    char *bucket = xasprintf("tidb-backups-%s", ns), *prefix = xasprintf("%s/%s", cluster, name);
    json_set_string(s3, "bucket", bucket);
    json_set_string(s3, "prefix", prefix);
    json_set_string(s3, "provider", "aws");
    json_set_string(s3, "region", "eu-central-1");
    json_set_string(s3, "secretName", "s3-secret");
    json_set_int(spec, "volumeBackupInitJobMaxActiveSeconds", 600);
    free(bucket);
    free(prefix);
    return backup;
}

/* What the operator writes first into a log Backup. */
static void adopt(struct json *backup)
{
    struct json *finalizers = json_new_array(), *spec = json_object_in(backup, "spec");
    json_append(finalizers, json_new_string("pingcap.com/finalizer"));
    json_set(json_object_in(backup, "metadata"), "finalizers", finalizers);
    json_set_int(json_object_in(backup, "metadata"), "generation", 2);
    struct json *policy = json_object_in(spec, "backoffRetryPolicy");
    json_set_int(policy, "maxRetryTimes", 2);
    json_set_string(policy, "minRetryDuration", "300s");
    json_set_string(policy, "retryTimeout", "30m");
    json_set(spec, "resources", json_new_object());
}

void past_set_tso(struct json *object, const char *key, int64_t ms)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, (uint64_t)ms << TSO_SHIFT);
    json_set_string(object, key, text);
}

/* The three phases each command passes, one and two seconds after @from_ms. */
static void begin_log(struct json *backup, enum log_command command, int64_t from_ms)
{
    static const char *const types[] = {"Scheduled", "Prepare", "Running"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        status_mark_log(backup, command, &(struct mark){.type = types[i], .now_ms = from_ms + (int64_t)i * 1000});
}

static void end_log(struct json *backup, enum log_command command, int64_t from_ms)
{
    status_mark_log(backup, command, &(struct mark){.type = "Complete", .now_ms = from_ms + 4000});
    status_log_times(backup, command, from_ms + 2000, from_ms + 4000);
}

static void fail_log(struct json *backup, enum log_command command, int64_t from_ms, const char *reason,
                     const char *error)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    struct str message;
    str_init(&message, STR_SMALL);
    str_addf(&message, "cluster %s/%s, wait pipe message failed, errMsg ", ns, name);
    br_add_when(&message, from_ms + 425);
    str_addf(&message, "[ERROR] [main.go:1] [\"br failed\"] [error=\"%s\"]\n, err: exit status 1", error);
    struct mark mark = {.type = "Failed", .reason = reason, .message = message.data, .now_ms = from_ms + 3000};
    if (command == LOG_UNKNOWN)
        status_mark(backup, &mark);
    else
        status_mark_log(backup, command, &mark);
    str_done(&message);
}

static void set_path(struct json *backup)
{
    char *path = run_backup_path(backup);
    json_set_string(json_object_in(backup, "status"), "backupPath", path);
    free(path);
}

/* -- log backups ---------------------------------------------------------------------- */

static struct pd_task *start_log(struct sim *sim, struct json *backup, int64_t made_ms)
{
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    char time[CLOCK_TEXT_MAX], *service = run_pd_service(sim, backup), *path = run_backup_path(backup);
    begin_log(backup, LOG_START, made_ms);
    set_path(backup);
    end_log(backup, LOG_START, made_ms);
    struct json *status = json_object_in(backup, "status");
    past_set_tso(status, "commitTs", made_ms + 2000);
    json_set_string(status, "timeStarted", clock_format_rfc3339(made_ms + 2000, time));
    struct pd_task *task = pd_start(operator_pd(sim->operator_), ns, service, name, path,
                                    (uint64_t)(made_ms + 2000) << TSO_SHIFT);
    free(service);
    free(path);
    return task;
}

static void stop_log(struct sim *sim, struct json *backup, struct pd_task *task, int64_t made_ms, int64_t at_ms)
{
    char time[CLOCK_TEXT_MAX], taken[32];
    begin_log(backup, LOG_STOP, at_ms);
    end_log(backup, LOG_STOP, at_ms);
    struct json *status = json_object_in(backup, "status");
    json_set_string(status, "timeCompleted", clock_format_rfc3339(at_ms + 4000, time));
    json_set_string(status, "timeTaken", status_duration(at_ms - made_ms, taken));
    past_set_tso(status, "logCheckpointTs", at_ms - 3000);
    pd_stop(operator_pd(sim->operator_), task);
}

static void live_log(struct sim *sim, struct json *backup, const struct past_row *row, int64_t made_ms, int64_t at_ms)
{
    struct pd_task *task = start_log(sim, backup, made_ms);
    struct json *status = json_object_in(backup, "status");
    char tso[24];
    switch (row->end) {
    case END_RUNNING:
        task->lag_ms = row->extra_m ? (int64_t)row->extra_m * MINUTE : 2500;
        if (row->extra_m)
            pd_set_error(task, 1, "KV:LogBackup:RaftReq", "slow storage", at_ms);
        break;
    case END_PAUSED:
        begin_log(backup, LOG_PAUSE, at_ms);
        end_log(backup, LOG_PAUSE, at_ms);
        task->paused = true;
        task->paused_ms = at_ms + 3000;
        task->paused_by = xasprintf("backup-%s-log-pause-7h2xq", row->name);
        task->paused_pid = 1;
        task->frozen_ms = at_ms;
        pd_hold_pause(task, task->paused_ms, 0);
        break;
    case END_PAUSE_FAILED:
        begin_log(backup, LOG_PAUSE, at_ms);
        fail_log(backup, LOG_PAUSE, at_ms, "PauseLogBackupFailed", "rpc error: code = Unavailable desc = PD is down");
        break;
    default:
        stop_log(sim, backup, task, made_ms, at_ms);
        return;
    }
    snprintf(tso, sizeof tso, "%" PRIu64, pd_checkpoint(operator_pd(sim->operator_), task));
    json_set_string(status, "logCheckpointTs", tso);
}

/* -- snapshots -------------------------------------------------------------------------- */

static void begin_snapshot(struct json *backup, int64_t from_ms)
{
    static const char *const types[] = {"Scheduled", "Prepare", "Running"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        status_mark(backup, &(struct mark){.type = types[i], .now_ms = from_ms + (int64_t)i * 2000});
    set_path(backup);
}

static void complete_snapshot(struct json *backup, int64_t from_ms, unsigned gigabytes)
{
    int64_t took = 4 * MINUTE + (int64_t)gigabytes * 2300; /* 430 MB/s */
    char readable[32], taken[32];
    begin_snapshot(backup, from_ms);
    struct json *status = json_object_in(backup, "status");
    snprintf(readable, sizeof readable, "%u GB", gigabytes);
    json_set_int(status, "backupSize", (int64_t)gigabytes * 1000000000 + gigabytes * 398140022LL % 1000000000);
    json_set_string(status, "backupSizeReadable", readable);
    past_set_tso(status, "commitTs", from_ms + 5000);
    status_mark(backup, &(struct mark){.type = "Complete", .now_ms = from_ms + took});
    status_times(status, from_ms, from_ms + took);
    json_set_string(status, "timeTaken", status_duration(took, taken));
}

static void retrying_snapshot(struct json *backup, int64_t made_ms)
{
    char time[CLOCK_TEXT_MAX];
    begin_snapshot(backup, made_ms);
    int64_t found = clock_wall_ms() - MINUTE;
    status_mark(backup, &(struct mark){.type = "RetryFailed",
                                       .reason = "RetryFailed",
                                       .message = "detect backup job failed, reason BackoffLimitExceeded, original "
                                                  "reason: container exited with code 137 (OOMKilled)",
                                       .now_ms = found});
    struct json *list = json_new_array(), *one = json_new_object();
    json_set_int(one, "retryNum", 1);
    json_set_string(one, "detectFailedAt", clock_format_rfc3339(found, time));
    json_set_string(one, "expectedRetryAt", clock_format_rfc3339(found + 300 * 1000, time));
    json_set_string(one, "retryReason", "AlreadyFailed");
    json_set_string(one, "originalReason", "BackoffLimitExceeded: container exited with code 137 (OOMKilled)");
    json_append(list, one);
    json_set(json_object_in(backup, "status"), "backoffRetryStatus", list);
}

static void poor_snapshot(struct json *backup, const struct past_row *row, int64_t made_ms)
{
    struct json *s3 = json_object_in(json_object_in(backup, "spec"), "s3");
    if (row->end == END_RETRYING) {
        retrying_snapshot(backup, made_ms);
    } else if (row->end == END_FAILED) {
        json_set_string(s3, "bucket", "tidb-backups-denied");
        begin_snapshot(backup, made_ms);
        fail_log(backup, LOG_UNKNOWN, made_ms + MINUTE, "BackupDataToRemoteFailed",
                 "permission denied: AccessDenied: Access Denied status code: 403");
    } else {
        char *message = xasprintf("backup %s/%s, get s3 secret %s/%s failed, err: Secret \"%s\" not found", row->ns,
                                  row->name, row->ns, "s3-archive", "s3-archive");
        json_set_string(s3, "secretName", "s3-archive");
        status_mark(backup, &(struct mark){"RetryFailed", "GetS3SecretFailed", message, made_ms + 1000});
        free(message);
    }
}

/* -- into the store ----------------------------------------------------------------------- */

void past_store(struct sim *sim, struct json *backup)
{
    struct json *status = json_copy(json_get(backup, "status"));
    json_remove(backup, "status");
    fields_update(NULL, backup, "kubectl-client-side-apply", "");
    if (status) {
        struct json *bare = json_copy(backup);
        json_set(backup, "status", status);
        fields_update(bare, backup, "tidb-operator", "status");
        json_free(&bare);
    }
    store_put(sim->store, kind_of(KIND_BACKUP), backup);
}

void past_load_row(struct sim *sim, const struct past_row *row)
{
    int64_t now = clock_wall_ms(), made = now - (int64_t)row->age_h * HOUR, at = now - (int64_t)row->extra_m * MINUTE;
    struct json *backup = past_new_backup(row->ns, row->name, row->cluster, row->subcommand, made);
    if (row->subcommand) {
        adopt(backup);
        if (*row->subcommand)
            json_set_string(json_object_in(backup, "spec"), "logSubcommand", row->subcommand);
    }
    if (row->end == END_START_FAILED) {
        json_set_string(json_object_in(json_object_in(backup, "spec"), "s3"), "bucket", "tidb-backups-denied");
        begin_log(backup, LOG_START, made);
        set_path(backup);
        fail_log(backup, LOG_START, made, "StartLogBackupFailed",
                 "permission denied: AccessDenied: Access Denied status code: 403");
    } else if (row->subcommand && row->end != END_NONE) {
        live_log(sim, backup, row, made, at);
    } else if (row->end == END_NEW) {
        json_set_string(json_object_in(backup, "spec"), "toolImage", "pingcap/br:v8.5.9-hotfix");
    } else if (!row->subcommand) {
        poor_snapshot(backup, row, made);
    }
    past_store(sim, backup);
}

void past_load_daily(struct sim *sim, const struct past_daily *daily)
{
    int64_t now = clock_wall_ms();
    int64_t last = now - now % DAY + (int64_t)daily->minute * MINUTE; /* of today, if it is over */
    if (now < last + HOUR)
        last -= DAY;
    for (int i = 0; i < daily->days; i++) {
        int64_t made = last - i * (int64_t)DAY;
        time_t seconds = (time_t)(made / 1000);
        struct tm tm;
        char date[16];
        gmtime_r(&seconds, &tm);
        strftime(date, sizeof date, "%m%d", &tm);
        char *name = xasprintf("full-%s-%s", daily->cluster, date);
        struct json *backup = past_new_backup(daily->ns, name, daily->cluster, false, made);
        complete_snapshot(backup, made, daily->gigabytes - daily->gigabytes * (unsigned)i / 70);
        past_store(sim, backup);
        free(name);
    }
}
