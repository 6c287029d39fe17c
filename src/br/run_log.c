#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>
#include <brdeck/br/argv.h>
#include <brdeck/br/log.h>

#include "br_private.h"

/* The log of a followed run: read while br works, because the operator may delete the Job with it; kept when br
 * failed. */

enum { LOGS_MAX = 16, TAIL_LINES = 2000 };

static bool is_over(const struct br_log *log)
{
    enum br_log_phase phase = br_log_phase(log);
    return phase != BR_LOG_LOOKING && phase != BR_LOG_WAITING && phase != BR_LOG_READING;
}

/* The last ERROR line and how far br has come are facts of the row, too: the state says them as long as they are so. ""
 * and 0 take them off. */
static void tell_row(const struct run *run, const char *line, float progress)
{
    struct store *store = fleet_store(run->br->fleet);
    slot_t slot = find_slot(store, run->pub.v1, run->pub.ns, run->pub.name);
    const struct store_row *row = slot == SLOT_NONE ? NULL : store_get(store, slot);
    if (!row || (!row->facts && !*line && progress <= 0))
        return;
    struct backup_facts *facts = store_facts(store, slot);
    bool same_line = strncmp(facts->log_error, line, sizeof facts->log_error - 1) == 0;
    if (same_line && (int)facts->log_progress == (int)progress)
        return;
    snprintf(facts->log_error, sizeof facts->log_error, "%s", line);
    facts->log_progress = progress;
    store_touch(store, slot, fleet_now_ms(run->br->fleet));
}

static void take_errors(struct run *run)
{
    const char *lines[BR_LOG_ERRORS_MAX];
    size_t count = br_log_errors(run->log, lines);
    struct str s;
    str_init(&s, sizeof run->pub.errors - 1);
    size_t room = sizeof run->pub.errors - 1, first = count;
    while (first > 0 && strlen(lines[first - 1]) + 1 <= room) { /* the last ones, whole */
        room -= strlen(lines[first - 1]) + 1;
        first--;
    }
    for (size_t i = first; i < count; i++)
        str_addf(&s, "%s%s", i > first ? "\n" : "", lines[i]);
    bool differs = strcmp(s.data, run->pub.errors) != 0;
    snprintf(run->pub.errors, sizeof run->pub.errors, "%s", s.data);
    tell_row(run, count ? lines[count - 1] : "", run->log_progress);
    if (differs) {
        run->br->told = false;
        br_wake(run->br);
    }
    str_done(&s);
}

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len)
{
    struct run *run = arg;
    char step[40];
    double percent = 0;
    (void)at_ms;
    /* "Full Backup", "Table Backup"...: steps behind it, Checksum say, begin at nothing again */
    bool progress = br_progress_parse(line, len, step, sizeof step, &percent) && strstr(step, "Backup") &&
                    percent <= 100;
    if (progress)
        run->log_progress = (float)percent;
    if (!run->log || (!progress && !br_log_is_error(line, len)))
        return;
    run->log_news = true;
    br_wake(run->br);
}

static void on_phase(void *arg)
{
    struct run *run = arg;
    run->log_news = true;
    br_wake(run->br);
}

static void on_hold(void *arg)
{
    struct run *run = arg;
    run->log_news = true; /* it has had its time */
    br_wake(run->br);
}

static size_t logs_open(const struct br *br)
{
    size_t n = 0;
    for (size_t i = 0; i < br->count; i++)
        n += br->runs[i]->log != NULL;
    return n;
}

static void open_log(struct run *run)
{
    struct br_run *pub = &run->pub;
    if (run->log || run->log_read || !run->br->pace.log_ms || logs_open(run->br) >= LOGS_MAX)
        return;
    run->log = br_log_new(run->br, &(struct br_log_spec){
        .ns = pub->ns, .name = pub->name, .v1 = pub->v1, .job = pub->job[0] ? pub->job : NULL, .follow = true,
        .tail_lines = TAIL_LINES, .on_line = on_line, .on_phase = on_phase, .arg = run});
}

void run_log_want(struct run *run, const struct backup_facts *facts)
{
    const char *pod = run->sight.pod;
    if (run->sight.outcome != BR_FOLLOWING || !pod[0] || !facts || strcmp(facts->pod.name, pod) != 0 ||
        strcmp(facts->pod.phase, "Running") != 0)
        return;
    if (run->log && is_over(run->log) && strcmp(br_log_pod(run->log), pod) != 0)
        run_log_end(run);
    if (strcmp(run->log_pod, pod) != 0) { /* the next step's, or a Job that was made anew */
        snprintf(run->log_pod, sizeof run->log_pod, "%s", pod);
        run->log_read = false;
        run->log_progress = 0;
    }
    open_log(run);
}

/* A failure is told with br's own lines, if they can be had soon. */
bool run_log_is_awaited(struct run *run)
{
    const struct br_run *pub = &run->pub;
    bool had_job = pub->phase == PHASE_FAILED && (pub->job[0] || run->follow.step_count);
    if (run->log_read || !had_job)
        return false;
    open_log(run);
    if (!run->log)
        return false;
    if (!run->held_ms) {
        run->held_ms = clock_mono_ms();
        loop_timer_set(&run->hold, run->br->pace.log_ms);
    }
    return !is_over(run->log) && clock_mono_ms() - run->held_ms < run->br->pace.log_ms;
}

static void keep(struct run *run)
{
    struct error err = {0};
    struct br_run *pub = &run->pub;
    enum br_log_phase phase = br_log_phase(run->log);
    if (phase == BR_LOG_ENDED || phase == BR_LOG_READING) {
        if (!br_log_keep(run->log, pub->log_path, sizeof pub->log_path, &err)) {
            pub->log_path[0] = '\0';
            log_warn("%s", err.text);
        }
    }
}

void run_log_turn(struct run *run)
{
    if (!run->log_news)
        return;
    run->log_news = false;
    if (run->log)
        take_errors(run);
    if (run->held_ms && run->pub.outcome == BR_FOLLOWING)
        run_look(run); /* now it may be told */
}

void run_log_end(struct run *run)
{
    loop_timer_cancel(&run->hold);
    if (!run->log)
        return;
    take_errors(run);
    br_log_free(&run->log);
    run->log_read = true;
}

void run_log_before_end(struct run *run, enum br_outcome outcome)
{
    if (run->log)
        take_errors(run);
    if (run->log && outcome == BR_FAILED)
        keep(run);
    run->log_progress = 0;
    if (run->following && outcome == BR_DONE)
        tell_row(run, "", 0);
}

void run_log_init(struct run *run)
{
    loop_timer_init(&run->hold, run->br->loop, on_hold, run);
    tell_row(run, "", 0); /* an earlier run's */
}
