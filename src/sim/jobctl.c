#include <config.h>

#include "jobctl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "jobs.h"
#include "operator.h"
#include "sim.h"

enum { POD_MS = 300, IMAGE_MS = 900, BR_MS = 800, REFUSED_MS = 3000 };

struct job_run {
    struct job_run *next;
    struct jobctl *all;
    char *ns, *name, *pod;
    int step;
    int64_t started_ms;
    struct timer timer;
};

struct jobctl {
    struct sim *sim;
    struct job_run *runs;
};

static void run_free(struct job_run *run)
{
    timer_cancel(&run->all->sim->timers, &run->timer);
    free(run->ns);
    free(run->name);
    free(run->pod);
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

static bool is_asked(const struct json *pod, const char *word)
{
    const struct json *container = json_first(json_at(pod, "spec", "containers", NULL));
    char *text = json_print(container);
    bool asked = text && strstr(text, word);
    free(text);
    return asked;
}

/* `br log status --json`, as far as it is read. */
static void say_status(struct job_run *run)
{
    struct sim *sim = run->all->sim;
    const struct pd *pd = operator_pd(sim->operator_);
    struct str out;
    str_init(&out, STR_SMALL);
    str_addc(&out, '[');
    for (const struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->ns, run->ns) == 0)
            str_addf(&out,
                     "%s{\"name\":\"%s\",\"start_ts\":%" PRIu64 ",\"end_ts\":999999999999999999,\"status\":\"%s\","
                     "\"table_filter\":[\"*.*\"],\"progress\":[],\"storage\":\"%s\",\"checkpoint\":%" PRIu64
                     ",\"estimate_qps\":12.5,\"last_errors\":[]}",
                     out.len > 1 ? "," : "", task->name, task->start_tso, task->paused ? "PAUSE" : "NORMAL",
                     task->storage, pd_checkpoint(pd, task));
    str_addc(&out, ']');
    podlog_add(&sim->podlogs, run->ns, run->pod, "%s", out.data);
    str_done(&out);
}

static void say(struct job_run *run)
{
    struct sim *sim = run->all->sim;
    struct json *pod = store_read(sim->store, kind_of(KIND_POD), run->ns, run->pod);
    if (is_asked(pod, "status"))
        say_status(run);
    else
        podlog_add(&sim->podlogs, run->ns, run->pod,
                   "[INFO] [\"Welcome to Backup & Restore (BR)\"] [release-version=v8.5.0]");
    json_free(&pod);
}

static void on_step(void *arg)
{
    struct job_run *run = arg;
    struct sim *sim = run->all->sim;
    if (!store_get(sim->store, kind_of(KIND_JOB), run->ns, run->name)) {
        run_end(run);
        return;
    }
    switch (run->step) {
    case 0:
        run->pod = job_make_pod(sim, run->ns, run->name);
        run->step = run->pod ? 1 : 0;
        later(run, run->pod ? IMAGE_MS : REFUSED_MS);
        return;
    case 1:
        run->started_ms = clock_wall_ms();
        pod_run(sim, run->ns, run->pod);
        say(run);
        run->step++;
        later(run, BR_MS);
        return;
    default:
        job_end(sim, run->ns, run->name, run->pod, true, run->started_ms);
        run_end(run);
    }
}

static void on_change(void *arg, const struct change *change)
{
    struct jobctl *jobctl = arg;
    const char *manager = labels_get(change->labels, "pingcap.com/managed-by");
    if (change->kind->id != KIND_JOB || change->type != CHANGE_ADDED || str_same(manager, "tidb-operator"))
        return;
    struct job_run *run = xcalloc(1, sizeof *run);
    run->all = jobctl;
    run->ns = xstrdup(change->ns);
    run->name = xstrdup(change->name);
    run->next = jobctl->runs;
    jobctl->runs = run;
    timer_init(&run->timer, on_step, run);
    later(run, POD_MS);
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
