#include <config.h>

#include "operator_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "crstatus.h"
#include "jobs.h"
#include "sim.h"

enum {
    POD_MS = 300,        /* Job -> Pod */
    IMAGE_MS = 900,      /* Pod -> container runs, Prepare */
    BR_MS = 150,         /* Prepare -> Running */
    LOG_MS = 1200,       /* a log command */
    SNAPSHOT_MS = 40000, /* a snapshot */
    PROGRESS_STEPS = 8,
    REFUSED_MS = 3000,   /* the Job controller tries again to make the Pod */
    DAY_MS = 24 * 3600 * 1000,
};

char *run_job_name(const char *name, enum run_kind kind, enum log_command command)
{
    switch (kind) {
    case RUN_STOP_TASK:
        return xasprintf("stop-%s", name);
    case RUN_CLEAN:
        return xasprintf("clean-%s", name);
    case RUN_LOG:
        return xasprintf("backup-%s-%s", name, log_command_name(command));
    default:
        return xasprintf("backup-%s", name);
    }
}

char *run_pd_service(const struct json *backup)
{
    const char *cluster = json_text(json_at(backup, "spec", "br", "cluster", NULL));
    return xasprintf("%s-pd", cluster ? cluster : "");
}

bool run_is_active(const struct operator *op, const struct kind *cr, const char *ns, const char *name)
{
    for (const struct run *run = op->runs; run; run = run->next)
        if (run->cr == cr && strcmp(run->name, name) == 0 && strcmp(run->ns, ns) == 0)
            return true;
    return false;
}

void run_free(struct run *run)
{
    timer_cancel(&run->op->sim->timers, &run->timer);
    free(run->ns);
    free(run->name);
    free(run->job);
    free(run->pod);
    free(run->failure);
    free(run);
}

/* -- what br will say ------------------------------------------------------------------ */

static const char *command_word(const struct run *run)
{
    return run->kind == RUN_LOG ? log_command_name(run->command) : run->kind == RUN_SNAPSHOT ? "snapshot" : "clean";
}

static void take_ordered_failure(struct run *run)
{
    for (struct br_failure **at = &run->op->failures; *at; at = &(*at)->next) {
        struct br_failure *failure = *at;
        if ((failure->command && strcmp(failure->command, command_word(run)) != 0) ||
            (failure->ns && strcmp(failure->ns, run->ns) != 0) ||
            (failure->name && strcmp(failure->name, run->name) != 0))
            continue;
        run->failure = xstrdup(failure->message);
        run->dies = failure->dies;
        if (--failure->left == 0) {
            *at = failure->next;
            free(failure->command);
            free(failure->ns);
            free(failure->name);
            free(failure->message);
            free(failure);
        }
        return;
    }
}

/* PD's task of a Backup that runs; of one that was loaded it is made now. */
static struct pd_task *find_task(struct run *run, const struct json *backup)
{
    struct pd *pd = &run->op->pd;
    struct pd_task *task = pd_find(pd, run->ns, run->name);
    const char *phase = cr_text(backup, "status", "phase");
    bool paused = strcmp(phase, "Paused") == 0;
    uint64_t start = decide_tso(cr_text(backup, "status", "commitTs"));
    if (task || !start || (!paused && strcmp(phase, "Running") != 0))
        return task;
    char *service = run_pd_service(backup), *path = run_backup_path(backup);
    task = pd_start(pd, run->ns, service, run->name, path, start);
    if (paused)
        pd_pause(pd, task, NULL);
    free(service);
    free(path);
    return task;
}

/* Failures that lie in the things themselves. */
static void find_failure(struct run *run, const struct json *backup)
{
    const struct pd_task *task = run->kind == RUN_LOG ? find_task(run, backup) : NULL;
    take_ordered_failure(run);
    if (run->failure)
        return;
    const char *bucket = json_text(json_at(backup, "spec", "s3", "bucket", NULL));
    if (bucket && strstr(bucket, "denied"))
        run->failure = xstrdup("permission denied: AccessDenied: Access Denied status code: 403");
    else if (run->kind == RUN_LOG && run->command == LOG_RESUME && task && task->paused &&
             clock_wall_ms() - task->paused_ms > DAY_MS)
        run->failure = xstrdup("[BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint exceeded: checkpoint is "
                               "behind the GC safepoint");
    else if (run->kind == RUN_LOG && (run->command == LOG_PAUSE || run->command == LOG_RESUME) && !task)
        run->failure = xasprintf("[BR:Stream:ErrStreamLogTaskNotExist]task %s not found", run->name);
}

/* -- the steps --------------------------------------------------------------------------- */

static void log_line(struct run *run, const char *format, const char *value)
{
    char when[64];
    int64_t now = clock_wall_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(when, sizeof when, "%Y/%m/%d %H:%M:%S", &tm);
    snprintf(when + n, sizeof when - n, ".%03d +00:00", (int)(now % 1000));
    struct str text;
    str_init(&text, STR_SMALL);
    str_addf(&text, "[%s] ", when);
    for (const char *c = format; *c; c++)
        if (*c == '@')
            str_add(&text, value);
        else
            str_addc(&text, *c);
    podlog_add(&run->op->sim->podlogs, run->ns, run->pod, "%s", text.data);
    str_done(&text);
}

/* Mark the Backup with the phase @type of this run. */
static void mark(struct run *run, const char *type)
{
    struct json *backup = store_read(run->op->sim->store, run->cr, run->ns, run->name);
    if (!backup || run->kind == RUN_STOP_TASK || run->kind == RUN_CLEAN) {
        json_free(&backup);
        return;
    }
    struct mark what = {.type = type, .now_ms = clock_wall_ms()};
    bool log = run->kind == RUN_LOG;
    /* The path is told by a snapshot when it prepares, by a log when it runs. */
    if (strcmp(type, log ? "Running" : "Prepare") == 0 && (!log || run->command == LOG_START)) {
        char *path = run_backup_path(backup);
        json_set_string(json_object_in(backup, "status"), "backupPath", path);
        free(path);
    }
    if (log)
        status_mark_log(backup, run->command, &what);
    else
        status_mark(backup, &what);
    operator_write(run->op, run->cr, backup, "status");
}

static void again(struct run *run, int64_t ms)
{
    timer_set(&run->op->sim->timers, &run->timer, operator_ms(run->op, ms));
}

static void step_pod(struct run *run)
{
    run->pod = job_make_pod(run->op->sim, run->ns, run->job);
    if (run->pod) {
        run->step++;
        again(run, IMAGE_MS);
    } else {
        again(run, REFUSED_MS);
    }
}

static void step_prepare(struct run *run)
{
    run->started_ms = clock_wall_ms();
    pod_run(run->op->sim, run->ns, run->pod);
    log_line(run, "[INFO] [manager.go:70] [\"start to process backup @\"]", run->name);
    mark(run, "Prepare");
    run->step++;
    again(run, BR_MS);
}

static void step_running(struct run *run)
{
    log_line(run, "[INFO] [info.go:49] [\"Welcome to Backup & Restore (BR)\"] [release-version=v8.5.0]", "");
    log_line(run, "[INFO] [common.go:914] [arguments] [__command=\"br @\"]", command_word(run));
    mark(run, "Running");
    run->step++;
    again(run, run->kind == RUN_SNAPSHOT && !run->failure ? SNAPSHOT_MS / PROGRESS_STEPS : LOG_MS);
}

static void step_progress(struct run *run)
{
    if (run->kind == RUN_SNAPSHOT && !run->failure && ++run->progress < PROGRESS_STEPS) {
        char percent[16];
        snprintf(percent, sizeof percent, "%.2f", 100.0 * run->progress / PROGRESS_STEPS);
        log_line(run, "[INFO] [progress.go:160] [progress] [step=\"Full Backup\"] [progress=@%] [count=\"12 / 96\"] "
                      "[speed=\"118 MB/s\"] [elapsed=5s] [remaining=35s]",
                 percent);
        again(run, SNAPSHOT_MS / PROGRESS_STEPS);
        return;
    }
    run->step++;
    again(run, 0);
}

static void step_end(struct run *run)
{
    struct operator *op = run->op;
    if (run->failure)
        log_line(run, "[ERROR] [main.go:1] [\"br failed\"] [error=\"@\"]", run->failure);
    else
        log_line(run, "[INFO] [collector.go:77] [\"@ success summary\"] [total-take=1.2s]", command_word(run));
    if (run->failure)
        run_fail(run);
    else
        run_succeed(run);
    job_end(op->sim, run->ns, run->job, run->pod, !run->failure, run->started_ms);
    for (struct run **at = &op->runs; *at; at = &(*at)->next)
        if (*at == run) {
            *at = run->next;
            break;
        }
    operator_enqueue(op, run->cr, run->ns, run->name, operator_ms(op, 100));
    run_free(run);
}

static void (*const steps[])(struct run *run) = {step_pod, step_prepare, step_running, step_progress, step_end};

static void on_step(void *arg)
{
    struct run *run = arg;
    if (!store_get(run->op->sim->store, kind_of(KIND_JOB), run->ns, run->job)) { /* deleted under it */
        struct operator *op = run->op;
        for (struct run **at = &op->runs; *at; at = &(*at)->next)
            if (*at == run) {
                *at = run->next;
                break;
            }
        operator_enqueue(op, run->cr, run->ns, run->name, 0);
        run_free(run);
        return;
    }
    steps[run->step](run);
}

void run_start(struct operator *op, const struct kind *cr, const struct json *backup, enum run_kind kind,
               enum log_command command)
{
    struct run *run = xcalloc(1, sizeof *run);
    run->op = op;
    run->cr = cr;
    run->kind = kind;
    run->command = command;
    run->ns = xstrdup(cr_text(backup, "metadata", "namespace"));
    run->name = xstrdup(cr_text(backup, "metadata", "name"));
    run->job = run_job_name(run->name, kind, command);
    run->next = op->runs;
    op->runs = run;
    timer_init(&run->timer, on_step, run);
    find_failure(run, backup);

    char *service = run_pd_service(backup);
    bool log = kind == RUN_LOG || kind == RUN_STOP_TASK;
    struct job_spec spec = {.backup = backup,
                            .name = run->job,
                            .component = kind == RUN_CLEAN ? "clean" : "backup",
                            .pd_service = service,
                            .mode = log ? "log" : "snapshot",
                            .subcommand = kind == RUN_LOG         ? log_command_name(command)
                                          : kind == RUN_STOP_TASK ? "log-stop"
                                                                  : "",
                            .until = command == LOG_TRUNCATE ? cr_text(backup, "spec", "logTruncateUntil") : ""};
    job_create(op->sim, &spec);
    free(service);
    if (cr->v1) {
        char *message = xasprintf("create job %s for cluster backup %s/%s successful", run->job, run->ns, run->name);
        cluster_event(op->sim, cr, backup, "Normal", "SuccessfulCreate", "backup", message);
        free(message);
    }
    mark(run, "Scheduled");
    again(run, POD_MS);
}
