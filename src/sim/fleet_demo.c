#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "crstatus.h"
#include "fields.h"
#include "fleet.h"
#include "operator.h"
#include "operator_private.h"
#include "sim.h"

enum {
    TSO_SHIFT = 18,
    MINUTE = 60 * 1000,
    HOUR = 60 * MINUTE,
    PULSE_MS = 70 * 1000,
    PULSE_FIRST_MS = 500,
    NIGHT_MS = 2 * HOUR
};

/* What became of a Backup before the demo begins. */
enum demo_end {
    END_RUNNING,
    END_PAUSED,
    END_PAUSE_FAILED,
    END_STOPPED,
    END_START_FAILED,
    END_COMPLETE,
    END_FAILED,
    END_RETRYING,
    END_NO_SECRET,
    END_NONE, /* never picked up */
    END_NEW,  /* not yet */
};

/* @age_h: made so long ago. @extra_m, in minutes: how long ago the last thing happened; of a
 * running log, how far its checkpoint is behind. */
static const struct demo_row {
    const char *ns, *name, *cluster;
    enum demo_end end;
    int age_h, extra_m;
    const char *subcommand; /* NULL: a snapshot */
} demo_rows[] = {
    {"orders", "log-orders", "orders", END_RUNNING, 21 * 24, 0, ""},
    {"orders", "log-orders-eu", "orders-eu", END_PAUSE_FAILED, 17 * 24, 42, "log-pause"},
    {"billing", "log-billing", "billing", END_PAUSED, 9 * 24, 22 * 60, "log-pause"},
    {"billing", "log-billing-dr", "billing-dr", END_RUNNING, 13 * 24, 31, "log-start"},
    {"billing", "log-billing-2025", "billing-hist", END_STOPPED, 28 * 24, 7 * 24 * 60, "log-stop"},
    {"audit", "log-audit", "audit", END_NONE, 3, 0, ""},
    {"audit", "log-audit-core", "audit-core", END_RUNNING, 11 * 24, 0, ""},
    {"audit", "log-audit-eu", "audit-eu", END_START_FAILED, 26, 0, ""},
    {"audit", "full-audit-denied", "audit", END_FAILED, 5, 0, NULL},
    {"audit", "full-audit-core-retry", "audit-core", END_RETRYING, 1, 0, NULL},
    {"audit", "full-audit-archive", "audit-core", END_NO_SECRET, 2, 0, NULL},
};

/* Those that are not what their status says, or do not get on; not with --still, where nothing shall be in doubt. */
static const struct demo_row lively_rows[] = {
    {"orders", "log-orders-apac", "orders-apac", END_RUNNING, 6 * 24, 0, ""},
    {"billing", "log-billing-eu", "billing-eu", END_RUNNING, 12 * 24, 0, "log-start"},
    {"audit", "log-audit-apac", "audit-apac", END_RUNNING, 3 * 24, 0, ""},
    {"audit", "full-audit-core-tool", "audit-core", END_NEW, 0, 4, NULL},
};

/* Daily snapshots: how many days back. */
static const struct demo_daily {
    const char *ns, *cluster;
    int days;
} dailies[] = {
    {"orders", "orders", 7},     {"orders", "orders-eu", 5},    {"billing", "billing", 6},
    {"billing", "billing-dr", 4}, {"billing", "billing-hist", 2}, {"audit", "audit-core", 6},
};

static const struct demo_daily lively_dailies[] = {
    {"orders", "orders-apac", 3}, {"billing", "billing-eu", 3}, {"audit", "audit-apac", 2}, {"audit", "audit-eu", 1},
};

static const struct demo_cluster {
    const char *ns, *name;
} demo_clusters[] = {
    {"orders", "orders"},        {"orders", "orders-eu"},  {"billing", "billing"}, {"billing", "billing-dr"},
    {"billing", "billing-hist"}, {"audit", "audit-core"}, {"audit", "audit-eu"},
};

static const struct demo_cluster lively_clusters[] = {
    {"orders", "orders-apac"}, {"billing", "billing-eu"}, {"audit", "audit-apac"},
};

static struct json *new_backup(const char *ns, const char *name, const char *cluster, bool log, int64_t made_ms)
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

static void set_tso(struct json *object, const char *key, int64_t ms)
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
    char when[32];
    time_t seconds = (time_t)(from_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y/%m/%d %H:%M:%S", &tm);
    char *message = xasprintf("cluster %s/%s, wait pipe message failed, errMsg [%s.425 +00:00] [ERROR] [main.go:1] "
                              "[\"br failed\"] [error=\"%s\"]\n, err: exit status 1",
                              ns, name, when, error);
    struct mark mark = {.type = "Failed", .reason = reason, .message = message, .now_ms = from_ms + 3000};
    if (command == LOG_UNKNOWN)
        status_mark(backup, &mark);
    else
        status_mark_log(backup, command, &mark);
    free(message);
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
    set_tso(status, "commitTs", made_ms + 2000);
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
    set_tso(status, "logCheckpointTs", at_ms - 3000);
    pd_stop(operator_pd(sim->operator_), task);
}

static void live_log(struct sim *sim, struct json *backup, const struct demo_row *row, int64_t made_ms, int64_t at_ms)
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
    int64_t took = 11 * MINUTE + (int64_t)gigabytes * 700;
    char readable[32], taken[32];
    begin_snapshot(backup, from_ms);
    struct json *status = json_object_in(backup, "status");
    snprintf(readable, sizeof readable, "%u GB", gigabytes);
    json_set_int(status, "backupSize", (int64_t)gigabytes * 1000000000 + 398140022);
    json_set_string(status, "backupSizeReadable", readable);
    set_tso(status, "commitTs", from_ms + 5000);
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

static void poor_snapshot(struct json *backup, const struct demo_row *row, int64_t made_ms)
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

/* -- the fleet ---------------------------------------------------------------------------- */

static void store_backup(struct sim *sim, struct json *backup)
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

static void load_row(struct sim *sim, const struct demo_row *row)
{
    int64_t now = clock_wall_ms(), made = now - (int64_t)row->age_h * HOUR, at = now - (int64_t)row->extra_m * MINUTE;
    struct json *backup = new_backup(row->ns, row->name, row->cluster, row->subcommand, made);
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
    store_backup(sim, backup);
}

static void load_daily(struct sim *sim, const struct demo_daily *daily)
{
    int64_t day = (int64_t)24 * HOUR, now = clock_wall_ms();
    int64_t last = now - now % day + NIGHT_MS; /* of tonight, if it is over */
    if (now < last + HOUR)
        last -= day;
    for (int i = 0; i < daily->days; i++) {
        int64_t made = last - (int64_t)i * day;
        time_t seconds = (time_t)(made / 1000);
        struct tm tm;
        char date[16];
        gmtime_r(&seconds, &tm);
        strftime(date, sizeof date, "%m%d", &tm);
        char *name = xasprintf("full-%s-%s", daily->cluster, date);
        struct json *backup = new_backup(daily->ns, name, daily->cluster, false, made);
        complete_snapshot(backup, made, 412 + 37 * (unsigned)(i % 5));
        store_backup(sim, backup);
        free(name);
    }
}

static void load_schedule(struct sim *sim)
{
    struct json *schedule = object_new(kind_of(KIND_BACKUP_SCHEDULE), "orders", "orders-nightly",
                                       clock_wall_ms() - 20 * (int64_t)24 * HOUR);
    struct json *spec = json_object_in(schedule, "spec");
    json_set_string(spec, "schedule", "0 2 * * *");
    json_set_string(spec, "maxReservedTime", "168h");
    json_set(spec, "backupTemplate", json_new_object());
    store_put(sim->store, kind_of(KIND_BACKUP_SCHEDULE), schedule);
}

/* An order as POST /sim/… takes it. */
static struct json *order_of(const char *text)
{
    struct json *order = json_parse(text, strlen(text), NULL);
    if (!order)
        die("an order of the demo is no JSON");
    return order;
}

/* What only PD and the Job know. */
static void tell_lively(struct sim *sim)
{
    static const char *const orders[] = {
        "{\"namespace\":\"orders\",\"task\":\"log-orders-apac\",\"paused\":{\"by\":\"ops-host-7\",\"pid\":4711,"
        "\"at\":\"3h12m\",\"why\":\"storage maintenance\"}}",
        "{\"namespace\":\"billing\",\"task\":\"log-billing-dr\",\"error\":{\"store\":4,\"code\":\"KV:LogBackup:Io\","
        "\"message\":\"failed to put object rusoto error timeout after 15mins for upload part in s3 storage\","
        "\"at\":\"31m\"}}",
        "{\"namespace\":\"audit\",\"task\":\"log-audit-apac\",\"remove\":true}",
        "{\"namespace\":\"audit\",\"service\":\"audit-eu-pd\",\"task\":\"pitr-drill\",\"add\":{\"storage\":"
        "\"s3://tidb-backups-audit/drill\",\"start\":\"50h\"}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct json *order = order_of(orders[i]);
        struct error err;
        if (!pd_order(operator_pd(sim->operator_), order, &err))
            die(err.text);
        json_free(&order);
    }
    struct json *order = order_of("{\"cause\":\"image-not-pulled\",\"name\":\"full-audit-core-tool\"}");
    troubles_order(&sim->troubles, order, NULL);
    json_free(&order);
    /* The operator has not told this one's checkpoint for hours, PD's goes on. */
    struct pd_task *task = pd_find(operator_pd(sim->operator_), "billing", "billing-eu-pd", "log-billing-eu");
    struct json *backup = store_read(sim->store, kind_of(KIND_BACKUP), "billing", "log-billing-eu");
    set_tso(json_object_in(backup, "status"), "logCheckpointTs", clock_wall_ms() - 3 * (int64_t)HOUR);
    store_put(sim->store, kind_of(KIND_BACKUP), backup);
    task->asleep = true;
}

static void load_lively(struct sim *sim)
{
    for (size_t i = 0; i < ARRAY_LEN(lively_clusters); i++)
        fleet_cluster(sim, lively_clusters[i].ns, lively_clusters[i].name);
    for (size_t i = 0; i < ARRAY_LEN(lively_dailies); i++)
        load_daily(sim, &lively_dailies[i]);
    for (size_t i = 0; i < ARRAY_LEN(lively_rows); i++)
        load_row(sim, &lively_rows[i]);
    tell_lively(sim);
}

void fleet_load_demo(struct sim *sim)
{
    static const char *const spaces[] = {"audit", "billing", "orders"};
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
        fleet_namespace(sim, spaces[i]);
    for (size_t i = 0; i < ARRAY_LEN(demo_clusters); i++)
        fleet_cluster(sim, demo_clusters[i].ns, demo_clusters[i].name);
    for (size_t i = 0; i < ARRAY_LEN(dailies); i++)
        load_daily(sim, &dailies[i]);
    for (size_t i = 0; i < ARRAY_LEN(demo_rows); i++)
        load_row(sim, &demo_rows[i]);
    load_schedule(sim);
    if (!sim->options.still)
        load_lively(sim);
}

/* -- the pulse ------------------------------------------------------------------------------ */

static void on_beat(void *arg)
{
    struct pulse *pulse = arg;
    const struct demo_daily *daily = &dailies[pulse->beat % ARRAY_LEN(dailies)];
    char *name = xasprintf("full-%s-now-%u", daily->cluster, pulse->beat / (unsigned)ARRAY_LEN(dailies) + 1);
    if (pulse->beat >= ARRAY_LEN(dailies)) { /* one of each cluster at a time */
        char *old = xasprintf("full-%s-now-%u", daily->cluster, pulse->beat / (unsigned)ARRAY_LEN(dailies));
        cluster_remove(pulse->sim, kind_of(KIND_BACKUP), daily->ns, old);
        free(old);
    }
    if (!store_get(pulse->sim->store, kind_of(KIND_BACKUP), daily->ns, name))
        store_backup(pulse->sim, new_backup(daily->ns, name, daily->cluster, false, clock_wall_ms()));
    free(name);
    pulse->beat++;
    timer_set(&pulse->sim->timers, &pulse->timer, operator_ms(pulse->sim->operator_, PULSE_MS));
}

void pulse_start(struct pulse *pulse, struct sim *sim)
{
    *pulse = (struct pulse){.sim = sim};
    timer_init(&pulse->timer, on_beat, pulse);
    timer_set(&sim->timers, &pulse->timer, PULSE_FIRST_MS);
    operator_enqueue(sim->operator_, kind_of(KIND_BACKUP), "audit", "full-audit-core-retry", 0);
    operator_enqueue(sim->operator_, kind_of(KIND_BACKUP), "audit", "full-audit-core-tool", 0);
}

void pulse_stop(struct pulse *pulse)
{
    if (pulse->sim)
        timer_cancel(&pulse->sim->timers, &pulse->timer);
}
