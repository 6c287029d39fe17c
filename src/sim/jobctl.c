#include <config.h>

#include "jobctl.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "br.h"
#include "cluster.h"
#include "jobway.h"
#include "operator.h"
#include "pods.h"
#include "sim.h"

enum { POD_MS = 300, BR_MS = 800, SECOND_MS = 1000 };

enum job_step { STEP_WAY, STEP_SPEAK, STEP_GONE };

struct job_run {
    struct job_run *next;
    struct jobctl *all;
    struct jobway way;
    struct json *words;  /* of br; NULL: it runs something else */
    char *backup;        /* the name in its labels that an order may mean; "" none */
    bool log_to_term;
    int64_t ttl_ms;      /* -1: it stays */
    int64_t deadline_ms; /* activeDeadlineSeconds; -1: none */
    enum job_step step;
    struct timer timer, deadline;
};

struct jobctl {
    struct sim *sim;
    struct job_run *runs;
};

static void run_free(struct job_run *run)
{
    timer_cancel(&run->all->sim->timers, &run->timer);
    timer_cancel(&run->all->sim->timers, &run->deadline);
    way_done(&run->way);
    json_free(&run->words);
    free(run->backup);
    free(run);
}

static void run_end(struct job_run *run)
{
    for (struct job_run **at = &run->all->runs; *at; at = &(*at)->next)
        if (*at == run) {
            *at = run->next;
            break;
        }
    run_free(run);
}

static void later(struct job_run *run, int64_t ms)
{
    struct sim *sim = run->all->sim;
    timer_set(&sim->timers, &run->timer, operator_ms(sim->operator_, ms));
}

/* @text a line at a time into the log of its Pod. */
static void say(struct job_run *run, const struct str *text)
{
    for (const char *at = text->data; *at; at += strcspn(at, "\n"), at += *at == '\n')
        podlog_add(&run->all->sim->podlogs, run->way.ns, run->way.pod, "%.*s", (int)strcspn(at, "\n"), at);
}

static struct br_call call_of(const struct job_run *run)
{
    return (struct br_call){.sim = run->all->sim,
                            .ns = run->way.ns,
                            .host = run->way.pod,
                            .words = run->words,
                            .log_to_term = run->log_to_term};
}

static void begin(struct job_run *run)
{
    struct str text;
    str_init(&text, STR_LARGE);
    struct br_call call = call_of(run);
    if (run->words)
        br_begin(&call, &text);
    else
        br_line(&text, "INFO", "info.go:49", "[\"Welcome to Backup & Restore (BR)\"] [release-version=v8.5.0]");
    say(run, &text);
    str_done(&text);
}

/* Whether it went well. */
static bool finish(struct job_run *run)
{
    struct str text;
    struct br_call call = call_of(run);
    char *failure = trouble_is(run->way.trouble, TROUBLE_BR) ? way_trouble_text(&run->way, run->backup) : NULL;
    str_init(&text, STR_LARGE);
    if (failure) {
        call.failure = failure;
        call.source = run->way.trouble->info->reason;
    }
    bool good = run->words ? br_finish(&call, &text) == 0 : !failure;
    say(run, &text);
    str_done(&text);
    free(failure);
    return good;
}

/* The Job has ended: it goes when its time to live is over. */
static void ended(struct job_run *run)
{
    timer_cancel(&run->all->sim->timers, &run->deadline);
    if (run->ttl_ms >= 0) {
        run->step = STEP_GONE;
        later(run, run->ttl_ms);
    } else {
        run_end(run);
    }
}

static void speak(struct job_run *run)
{
    bool good = !way_is_killed(&run->way) && finish(run);
    if (way_end(&run->way, good)) {
        ended(run);
    } else { /* one more try is allowed */
        run->step = STEP_WAY;
        later(run, 10 * (int64_t)SECOND_MS);
    }
}

static void on_deadline(void *arg)
{
    struct job_run *run = arg;
    if (way_exists(&run->way)) {
        way_expire(&run->way);
        ended(run);
    }
}

static void on_step(void *arg)
{
    struct job_run *run = arg;
    if (!way_exists(&run->way)) {
        run_end(run);
        return;
    }
    if (run->step == STEP_SPEAK) {
        speak(run);
    } else if (run->step == STEP_GONE) {
        cluster_remove(run->all->sim, kind_of(KIND_JOB), run->way.ns, run->way.job);
        run_end(run);
    } else {
        int64_t ms = way_step(&run->way);
        if (ms == 0) {
            begin(run);
            run->step = STEP_SPEAK;
            ms = BR_MS;
        }
        later(run, ms);
    }
}

static bool has_env(const struct json *container, const char *name)
{
    JSON_EACH(env, json_get(container, "env"))
    if (str_same(json_string(env, "name"), name))
        return true;
    return false;
}

/* The name of a Backup among its labels: the value of the first whose key says so. */
static const char *backup_of(const struct json *job)
{
    JSON_EACH(label, json_at(job, "metadata", "labels", NULL))
    if (str_ends(json_key(label), "/backup"))
        return json_text(label);
    return "";
}

static struct job_run *run_new(struct jobctl *jobctl, const char *ns, const char *name)
{
    struct sim *sim = jobctl->sim;
    struct json *job = store_read(sim->store, kind_of(KIND_JOB), ns, name);
    const struct json *container = json_first(json_at(job, "spec", "template", "spec", "containers", NULL));
    struct job_run *run = xcalloc(1, sizeof *run);
    char command[64];
    int64_t ttl = -1, deadline = -1;
    run->all = jobctl;
    run->words = br_words(container);
    run->backup = xstrdup(backup_of(job));
    run->log_to_term = has_env(container, "BR_LOG_TO_TERM");
    json_int(json_at(job, "spec", "ttlSecondsAfterFinished", NULL), &ttl);
    json_int(json_at(job, "spec", "activeDeadlineSeconds", NULL), &deadline);
    run->deadline_ms = deadline >= 0 ? deadline * SECOND_MS : -1;
    run->ttl_ms = ttl >= 0 ? ttl * SECOND_MS : -1;
    way_init(&run->way, sim, ns, name, run->backup, br_command(run->words, command, sizeof command));
    timer_init(&run->timer, on_step, run);
    timer_init(&run->deadline, on_deadline, run);
    json_free(&job);
    return run;
}

static void on_change(void *arg, const struct change *change)
{
    struct jobctl *jobctl = arg;
    const char *manager = labels_get(change->labels, "pingcap.com/managed-by");
    if (change->kind->id != KIND_JOB || change->type != CHANGE_ADDED || str_same(manager, "tidb-operator"))
        return;
    struct job_run *run = run_new(jobctl, change->ns, change->name);
    run->next = jobctl->runs;
    jobctl->runs = run;
    later(run, POD_MS);
    if (run->deadline_ms >= 0)
        timer_set(&jobctl->sim->timers, &run->deadline,
                  operator_ms(jobctl->sim->operator_, run->deadline_ms + POD_MS));
}

struct jobctl *jobctl_new(struct sim *sim)
{
    struct jobctl *jobctl = xcalloc(1, sizeof *jobctl);
    jobctl->sim = sim;
    store_on_change(sim->store, on_change, jobctl);
    return jobctl;
}

void jobctl_free(struct jobctl **jobctl)
{
    while (*jobctl && (*jobctl)->runs) {
        struct job_run *run = (*jobctl)->runs;
        (*jobctl)->runs = run->next;
        run_free(run);
    }
    free(*jobctl);
    *jobctl = NULL;
}
