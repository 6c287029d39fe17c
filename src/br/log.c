/* log.c - the log of a Backup's Job: found, read, held.
 *
 * Callbacks of the watches and of the stream only mark what came; one step a turn judges it all and tells the owner,
 * who may then free the log.
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>

#include "log_private.h"
#include "run_finder.h"

enum { AGAIN_MS = 2000 }; /* before a container that was waiting to start is asked again */

/* -- what is told --------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static void say(struct br_log *log, enum br_log_phase phase, const char *format, ...)
{
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (phase == log->phase && strcmp(text, log->text) == 0)
        return;
    log->phase = phase;
    memcpy(log->text, text, sizeof text);
    log->told = false;
}

static bool is_over(const struct br_log *log) { return log->phase >= BR_LOG_ENDED; }

static void fail(struct br_log *log, const struct error *why)
{
    log->error = *why;
    say(log, BR_LOG_FAILED, "%s", why->text);
}

static void wake(void *arg)
{
    struct br_log *log = arg;
    if (!loop_timer_is_set(&log->step))
        loop_timer_set(&log->step, 0);
}

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len) { log_take_line(arg, at_ms, line, len); }

/* -- kept files --------------------------------------------------------------------------------- */

/* The @nth newest kept file instead of the log; else @why is the error. */
static void read_kept(struct br_log *log, size_t nth, const struct error *why)
{
    char path[LOG_PATH_MAX], when[TSO_TEXT_MAX];
    int64_t at_ms = 0;
    if (log_take_kept(log, nth, path, sizeof path, &at_ms)) {
        say(log, BR_LOG_KEPT, "kept at %s in %s", tso_format_ms(at_ms, TSO_LOCAL, 0, when), path);
    } else {
        log->error = *why;
        say(log, BR_LOG_NONE, "%s", why->text);
    }
}

static void lost(struct br_log *log)
{
    struct error why;
    const struct log_finder *f = &log->finder;
    if (*f->pod.name)
        error_set(&why, ERROR_MISSING, "the Pod %s of %s/%s is gone, and its log was not kept", f->pod.name,
                  log->spec.ns, log->spec.name);
    else if (*f->job.name)
        error_set(&why, ERROR_MISSING, "the Job %s of %s/%s has no Pod any more, and its log was not kept", f->job.name,
                  log->spec.ns, log->spec.name);
    else if (log->spec.job)
        error_set(&why, ERROR_MISSING, "there is no Job %s in %s, and no log of it was kept", log->spec.job,
                  log->spec.ns);
    else
        error_set(&why, ERROR_MISSING, "there is no Job of %s/%s (the operator deletes them), and no log of one was "
                  "kept", log->spec.ns, log->spec.name);
    read_kept(log, log->spec.previous ? 1 : 0, &why);
}

/* Whether the newest kept file is of the very run that the Pod still shows. */
static bool is_kept_already(const struct br_log *log)
{
    struct str text;
    char path[LOG_PATH_MAX];
    int64_t at_ms = 0, ended_ms = log->finder.pod.main.ended_ms;
    str_init(&text, STR_LARGE);
    bool same = log_kept_read(log->spec.ns, log->spec.name, log->spec.job, 0, &text, path, sizeof path, &at_ms) &&
                ended_ms && at_ms == ended_ms;
    str_done(&text);
    return same;
}

static void no_previous(struct br_log *log)
{
    struct error why;
    error_set(&why, ERROR_MISSING, "the container %s of Pod %s has had no run before this one, and no log of an "
              "earlier Job was kept", log->finder.pod.main.name, log->finder.pod.name);
    read_kept(log, is_kept_already(log) ? 1 : 0, &why);
}

/* -- the stream ----------------------------------------------------------------------------------- */

static const struct log_container *container_of(const struct br_log *log)
{
    return log->of_init ? &log->finder.pod.init : &log->finder.pod.main;
}

const struct log_container *log_container_of(const struct br_log *log)
{
    return log->between ? &log->ended.container : container_of(log);
}

const char *log_job_of(const struct br_log *log)
{
    return log->spec.job ? log->spec.job : log->between ? log->ended.job : log->finder.job.name;
}

static bool is_running(void *arg)
{
    const struct br_log *log = arg;
    return !log->finder.pod.gone && container_of(log)->state == CONTAINER_RUNNING;
}

static void on_end(void *arg, enum podlog_end end, const struct error *err)
{
    struct br_log *log = arg;
    log->stream_over = true;
    log->end = end;
    log->why = *err;
    wake(log);
}

/* The Pod before it has ended: what comes now is another's. */
static void begin_next(struct br_log *log)
{
    const struct log_finder *f = &log->finder;
    char *line = xasprintf("-- Pod %s%s%s --", f->pod.name, *f->job.name ? " of Job " : "", f->job.name);
    log_lines_next(log);
    log->between = false;
    log->spec.tail_lines = 0;
    if (log->spec.on_line)
        log->spec.on_line(log->spec.arg, 0, line, strlen(line));
    free(line);
}

static void attach(struct br_log *log, bool init)
{
    if (log->between)
        begin_next(log);
    log->of_init = init;
    log->finder.settled = true;
    log->stream_over = log->asked_early = false;
    log->stream = podlog_start(fleet_client(log->br->fleet), &(struct podlog_spec){
        .ns = log->spec.ns, .pod = log->finder.pod.name, .container = container_of(log)->name,
        .follow = log->spec.follow && !log->spec.previous, .previous = log->spec.previous,
        .tail_lines = log->spec.tail_lines, .on_line = on_line, .on_end = on_end, .is_running = is_running,
        .arg = log});
    say(log, BR_LOG_READING, "Pod %s, container %s", log->finder.pod.name, container_of(log)->name);
}

static void say_ended(struct br_log *log)
{
    const struct log_container *c = container_of(log);
    if (log->finder.pod.gone)
        say(log, BR_LOG_ENDED, "the Pod is gone: Pod %s, container %s", log->finder.pod.name, c->name);
    else if (c->state == CONTAINER_ENDED && !log->spec.previous)
        say(log, BR_LOG_ENDED, "ended with exit code %d (%s): Pod %s, container %s", c->exit_code, c->why,
            log->finder.pod.name, c->name);
    else
        say(log, BR_LOG_ENDED, "Pod %s, container %s%s", log->finder.pod.name, c->name,
            log->spec.previous ? ", the run before" : "");
}

/* What was read stays what it is while the next Pod is looked for. */
static void go_onward(struct br_log *log)
{
    log->ended.container = *container_of(log);
    snprintf(log->ended.job, sizeof log->ended.job, "%s", log->finder.job.name);
    memcpy(log->ended.text, log->text, sizeof log->ended.text);
    log->between = true;
    log->init_done = false;
    log_finder_next(&log->finder);
    log->phase = BR_LOG_READING; /* until it is known whether another is to come */
}

/* The stream has ended. True: something else is to be looked for. */
static bool take_end(struct br_log *log)
{
    enum podlog_end end = log->end;
    bool main_comes = log->of_init && log->spec.follow && !log->finder.pod.gone && log->finder.pod.init.exit_code == 0;
    podlog_free(&log->stream);
    log->stream_over = false;
    if (end == PODLOG_EOF && main_comes) {
        log->init_done = true;
        return true;
    }
    if (end == PODLOG_EOF || (end == PODLOG_GONE && log->lines)) {
        log->finder.pod.gone = log->finder.pod.gone || end == PODLOG_GONE;
        say_ended(log);
        if (log->spec.follow && log->spec.onward)
            go_onward(log);
        return log->between;
    } else if (end == PODLOG_WAITING && log->spec.follow) {
        log->asked_early = true;
        loop_timer_set(&log->again, AGAIN_MS);
        return true;
    } else if (end == PODLOG_GONE || (end == PODLOG_ERROR && log->finder.pod.gone)) {
        lost(log);
    } else if (end == PODLOG_ERROR && log->spec.previous && log->why.code != ERROR_DENIED) {
        no_previous(log);
    } else if (end == PODLOG_WAITING) {
        say(log, BR_LOG_WAITING, "waits: %s", log->why.text);
    } else {
        fail(log, &log->why);
    }
    return false;
}

/* -- the step: what came is judged ------------------------------------------------------------------- */

static bool is_up(const struct log_container *c)
{
    return c->state == CONTAINER_RUNNING || c->state == CONTAINER_ENDED;
}

/* Why the Pod's container is not up: its own words, those of the init container before it, the Pod's. */
static void say_waiting(struct br_log *log)
{
    const struct log_pod *p = &log->finder.pod;
    const char *why = p->init.state == CONTAINER_WAITING && *p->init.why ? p->init.why : p->main.why;
    if (!*why || strcmp(why, "PodInitializing") == 0)
        why = *p->why ? p->why : *why ? why : "it is not started yet";
    say(log, BR_LOG_WAITING, "Pod %s waits: %s", p->name, why);
}

static void look_at_pod(struct br_log *log)
{
    const struct log_pod *p = &log->finder.pod;
    bool init_failed = p->init.state == CONTAINER_ENDED && p->init.exit_code != 0;
    if (log->spec.previous) {
        if (p->main.ran_before)
            attach(log, false);
        else if (p->init.ran_before)
            attach(log, true);
        else
            no_previous(log);
    } else if (log->asked_early && loop_timer_is_set(&log->again)) {
        say_waiting(log);
    } else if (is_up(&p->main) && !init_failed) {
        attach(log, false);
    } else if (!log->init_done && (p->init.state == CONTAINER_RUNNING || init_failed)) {
        attach(log, true);
    } else {
        say_waiting(log);
    }
}

/* What keeps the Job from having a Pod, where an Event told. */
static void say_no_pod(struct br_log *log)
{
    const struct store_row *row = find_row(fleet_store(log->br->fleet), log->spec.v1, log->spec.ns, log->spec.name);
    const struct backup_facts *facts = row ? row->facts : NULL;
    if (facts && strcmp(facts->event.about, "Job") == 0)
        say(log, BR_LOG_WAITING, "Job %s has no Pod: %s: %s", log->finder.job.name, facts->event.reason,
            facts->event.message);
    else
        say(log, BR_LOG_WAITING, "Job %s has no Pod yet", log->finder.job.name);
}

static void no_job(struct br_log *log)
{
    lost(log);
    if (log->phase != BR_LOG_NONE || !log->spec.follow)
        return;
    log->error.code = ERROR_NONE;
    if (log->spec.job)
        say(log, BR_LOG_LOOKING, "there is no Job %s in %s, and no log of it was kept; it is waited for", log->spec.job,
            log->spec.ns);
    else
        say(log, BR_LOG_LOOKING, "there is no Job of %s/%s (the operator deletes them), and no log of one was kept; "
            "the next one is waited for", log->spec.ns, log->spec.name);
}

static void on_feed(void *arg)
{
    struct br_log *log = arg;
    slot_t slots[256];
    while (store_feed_drain(log->feed, slots, ARRAY_LEN(slots)) == ARRAY_LEN(slots))
        ;
    wake(log);
}

/* Whether another Pod may come: of the Job, while it is not over; of another, while the operator is at work. */
static bool more_may_come(struct br_log *log)
{
    const struct log_finder *f = &log->finder;
    if (*f->job.uid && !f->job.over)
        return true;
    if (!log->feed)
        log->feed = store_feed_new(fleet_store(log->br->fleet), on_feed, log);
    const struct store_row *row = find_row(fleet_store(log->br->fleet), log->spec.v1, log->spec.ns, log->spec.name);
    return !log->spec.job && row && str_same(row->record->uid, log->uid) &&
           found_look(row->record, fleet_now_ms(log->br->fleet)).how == FOUND_AT_WORK;
}

static void look_onward(struct br_log *log)
{
    switch (log_finder_look(&log->finder)) {
    case SIGHT_POD: look_at_pod(log); break;
    case SIGHT_LOOKING:
    case SIGHT_PASSING: break;
    default:
        if (more_may_come(log))
            say(log, BR_LOG_BETWEEN, "%s; the next Pod is waited for", log->ended.text);
        else
            say(log, BR_LOG_ENDED, "%s", log->ended.text);
    }
}

static void look(struct br_log *log)
{
    if (log->between) {
        look_onward(log);
        return;
    }
    enum log_sight sight = log_finder_look(&log->finder);
    switch (sight) {
    case SIGHT_LOOKING:
        if (log->phase == BR_LOG_LOOKING)
            say(log, BR_LOG_LOOKING, "looks for the Job of %s/%s", log->spec.ns, log->spec.name);
        break;
    case SIGHT_PASSING:
        if (!log->spec.follow)
            fail(log, &log->finder.error);
        else
            say(log, BR_LOG_LOOKING, "%s; it is tried again", log->finder.error.text);
        break;
    case SIGHT_ERROR: fail(log, &log->finder.error); break;
    case SIGHT_NO_JOB: no_job(log); break;
    case SIGHT_NO_POD: say_no_pod(log); break;
    case SIGHT_GONE: lost(log); break;
    case SIGHT_POD: look_at_pod(log); break;
    }
}

static void end_watches(struct br_log *log)
{
    log_finder_done(&log->finder);
    if (log->feed)
        store_feed_free(&log->feed);
}

static void on_step(void *arg)
{
    struct br_log *log = arg;
    if (is_over(log))
        return;
    if (!log->stream || (log->stream_over && take_end(log)))
        look(log);
    if (is_over(log))
        end_watches(log);
    if (!log->told) {
        log->told = true;
        if (log->spec.on_phase)
            log->spec.on_phase(log->spec.arg);
    }
}

/* -- life --------------------------------------------------------------------------------------------- */

struct br_log *br_log_new(struct br *br, const struct br_log_spec *spec)
{
    struct br_log *log = xcalloc(1, sizeof *log);
    const struct store_row *row = find_row(fleet_store(br->fleet), spec->v1, spec->ns, spec->name);
    *log = (struct br_log){.spec = *spec, .br = br, .uid = xstrdup(row ? row->record->uid : ""), .told = true};
    log->spec.ns = xstrdup(spec->ns);
    log->spec.name = xstrdup(spec->name);
    log->spec.job = xstrdup(str_empty(spec->job) ? NULL : spec->job);
    log->finder = (struct log_finder){.br = br, .ns = log->spec.ns, .name = log->spec.name, .uid = log->uid,
                                      .wanted_job = log->spec.job, .follow = spec->follow, .changed = wake, .arg = log};
    log_lines_init(log);
    loop_timer_init(&log->step, br->loop, on_step, log);
    loop_timer_init(&log->again, br->loop, on_step, log);
    wake(log);
    return log;
}

void br_log_free(struct br_log **plog)
{
    struct br_log *log = *plog;
    *plog = NULL;
    if (!log)
        return;
    podlog_free(&log->stream);
    end_watches(log);
    loop_timer_cancel(&log->step);
    loop_timer_cancel(&log->again);
    log_lines_done(log);
    free((void *)(uintptr_t)log->spec.ns);
    free((void *)(uintptr_t)log->spec.name);
    free((void *)(uintptr_t)log->spec.job);
    free(log->uid);
    free(log);
}

enum br_log_phase br_log_phase(const struct br_log *log) { return log->phase; }
const struct error *br_log_error(const struct br_log *log) { return &log->error; }
const char *br_log_text(const struct br_log *log) { return log->text; }
const char *br_log_pod(const struct br_log *log) { return log->finder.pod.name; }
