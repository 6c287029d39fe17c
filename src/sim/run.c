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

#include "br.h"
#include "cluster.h"
#include "crstatus.h"
#include "jobs.h"
#include "sim.h"

enum {
    POD_MS = 300,        /* Job -> Pod; jobway.h has the rest of it */
    BR_MS = 150,         /* Prepare -> Running */
    LOG_MS = 1200,       /* a log command */
    SNAPSHOT_MS = 40000, /* a snapshot */
    PROGRESS_STEPS = 8,
    RETRY_MS = 10000,      /* the Job controller makes another Pod */
    AFTER_DEATH_MS = 2000, /* the operator finds the Job that died */
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

char *run_pd_service(struct sim *sim, const struct json *backup)
{
    const char *cluster = json_text(json_at(backup, "spec", "br", "cluster", NULL));
    const char *ns = cr_text(backup, "metadata", "namespace");
    struct object *const *first;
    size_t count = store_range(sim->store, kind_of(KIND_PD_GROUP), ns, &first);
    for (size_t i = 0; cluster && i < count; i++) {
        struct json *group = json_parse(first[i]->text->text, first[i]->text->len, NULL);
        bool of = str_same(json_text(json_at(group, "spec", "cluster", "name", NULL)), cluster);
        json_free(&group);
        if (of)
            return xasprintf("%s-pd", first[i]->name);
    }
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
    free(run->service);
    way_done(&run->way);
    free(run->failure);
    free(run->told);
    free(run);
}

/* -- the steps --------------------------------------------------------------------------- */

static void log_line(struct run *run, const char *format, const char *value)
{
    struct str text;
    str_init(&text, STR_SMALL);
    br_add_when(&text, clock_wall_ms());
    for (const char *c = format; *c; c++)
        if (*c == '@')
            str_add(&text, value);
        else
            str_addc(&text, *c);
    podlog_add(&run->op->sim->podlogs, run->ns, run->way.pod, "%s", text.data);
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

static void step_way(struct run *run)
{
    int64_t ms = way_step(&run->way);
    if (ms > 0) {
        again(run, ms);
        return;
    }
    run->started_ms = run->way.started_ms;
    log_line(run, "[INFO] [manager.go:70] [\"start to process backup @\"]", run->name);
    mark(run, "Prepare");
    run->step++;
    again(run, BR_MS);
}

/* A snapshot that nothing ends early. */
static bool takes_long(const struct run *run)
{
    return run->kind == RUN_SNAPSHOT && !run->failure && !way_is_killed(&run->way);
}

static void step_running(struct run *run)
{
    run_find_failure(run);
    log_line(run, "[INFO] [info.go:49] [\"Welcome to Backup & Restore (BR)\"] [release-version=v8.5.0]", "");
    log_line(run, "[INFO] [common.go:914] [arguments] [__command=\"br @\"]", run_command(run));
    mark(run, "Running");
    run->step++;
    again(run, takes_long(run) ? SNAPSHOT_MS / PROGRESS_STEPS : LOG_MS);
}

static void step_progress(struct run *run)
{
    if (takes_long(run) && ++run->progress < PROGRESS_STEPS) {
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

/* Take it out of the operator's list, and look at its Backup again in @ms (at this speed). */
static void let_go(struct run *run, int64_t ms)
{
    struct operator *op = run->op;
    for (struct run **at = &op->runs; *at; at = &(*at)->next)
        if (*at == run) {
            *at = run->next;
            break;
        }
    operator_enqueue(op, run->cr, run->ns, run->name, operator_ms(op, ms));
    run_free(run);
}

/* The ERROR lines that br writes, for its log and for the Backup's message. */
static void add_error_lines(struct run *run)
{
    struct str lines;
    str_init(&lines, STR_SMALL);
    if (run->source) {
        char *words = run->kind == RUN_LOG ? xasprintf("log %s", log_command_name(run->command) + strlen("log-"))
                                           : xstrdup(run->kind == RUN_SNAPSHOT ? "backup full" : "");
        br_error_lines(&lines, words, run->source, run->failure);
        free(words);
    } else {
        br_line(&lines, "ERROR", "main.go:1", "[\"br failed\"] [error=\"%s\"]", run->failure);
    }
    for (const char *at = lines.data; *at; at += strcspn(at, "\n"), at += *at == '\n')
        podlog_add(&run->op->sim->podlogs, run->ns, run->way.pod, "%.*s", (int)strcspn(at, "\n"), at);
    free(run->told);
    run->told = str_take(&lines);
}

static void step_end(struct run *run)
{
    bool killed = way_is_killed(&run->way), good = !run->failure && !killed;
    run->dies = run->dies || killed;
    if (run->failure && !run->dies)
        add_error_lines(run);
    else if (good)
        log_line(run, "[INFO] [collector.go:77] [\"@ success summary\"] [total-take=1.2s]", run_command(run));
    if (good)
        run_succeed(run);
    else
        run_fail(run);
    if (way_end(&run->way, good)) {
        let_go(run, run->dies ? AFTER_DEATH_MS : 100);
        return;
    }
    run->step = run->progress = 0;
    again(run, RETRY_MS);
}

static void (*const steps[])(struct run *run) = {step_way, step_running, step_progress, step_end};

static void on_step(void *arg)
{
    struct run *run = arg;
    if (!way_exists(&run->way)) { /* deleted under it */
        let_go(run, 0);
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
    run->service = run_pd_service(op->sim, backup);
    bool log = kind == RUN_LOG || kind == RUN_STOP_TASK, tls = cluster_pd_is_tls(op->sim, run->ns, run->service);
    const char *cluster = json_text(json_at(backup, "spec", "br", "cluster", NULL));
    char *secret = tls ? xasprintf("%s-cluster-client-secret", cluster) : NULL;
    struct job_spec spec = {.backup = backup,
                            .name = run->job,
                            .component = kind == RUN_CLEAN ? "clean" : "backup",
                            .pd_service = run->service,
                            .mode = log ? "log" : "snapshot",
                            .subcommand = kind == RUN_LOG         ? log_command_name(command)
                                          : kind == RUN_STOP_TASK ? "log-stop"
                                                                  : "",
                            .tls_secret = secret,
                            .tls_path = kind == RUN_STOP_TASK ? "/var/lib/tikv-tls" : "/var/lib/cluster-client-tls",
                            .until = command == LOG_TRUNCATE ? cr_text(backup, "spec", "logTruncateUntil") : ""};
    job_create(op->sim, &spec);
    free(secret);
    way_init(&run->way, op->sim, run->ns, run->job, run->name, run_command(run));
    if (cr->v1) {
        char *message = xasprintf("create job %s for cluster backup %s/%s successful", run->job, run->ns, run->name);
        cluster_event(op->sim, cr, backup, "Normal", "SuccessfulCreate", "backup", message);
        free(message);
    }
    mark(run, "Scheduled");
    again(run, POD_MS);
}
