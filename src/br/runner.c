#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/secret.h>

#include "br_private.h"
#include "cluster_keeper.h"
#include "facts_keeper.h"
#include "pd_keeper.h"
#include "run_finder.h"
#include "sharers.h"

/* -- outcomes --------------------------------------------------------------------------- */

static const struct {
    const char *word;
    bool is_end, halts; /* halts: the rest of its batch is not sent */
} outcomes[] = {
    [BR_QUEUED] = {"queued", false, false},     [BR_SENDING] = {"sending", false, false},
    [BR_FOLLOWING] = {"following", false, false}, [BR_DONE] = {"done", true, false},
    [BR_NOTHING] = {"nothing changed", true, false}, [BR_FAILED] = {"failed", true, true},
    [BR_REFUSED] = {"refused", true, true},     [BR_CHANGED] = {"changed meanwhile", true, true},
    [BR_REVERTED] = {"reverted", true, true},   [BR_GONE] = {"gone", true, true},
    [BR_UNKNOWN] = {"unknown", true, true},     [BR_NOT_SENT] = {"not sent", true, true},
};

bool br_outcome_is_end(enum br_outcome outcome) { return outcomes[outcome].is_end; }

const char *br_outcome_word(enum br_outcome outcome) { return outcomes[outcome].word; }

void run_say(struct run *run, enum br_outcome outcome, const char *format, ...)
{
    struct br_run *pub = &run->pub;
    bool was_end = br_outcome_is_end(pub->outcome);
    char text[sizeof pub->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    secret_blot_buffer(text, sizeof text); /* servers and br quote what they refuse */
    if (pub->outcome == outcome && strcmp(pub->text, text) == 0)
        return;
    if (br_outcome_is_end(outcome))
        run_log_before_end(run, outcome);
    pub->outcome = outcome;
    memcpy(pub->text, text, sizeof text);
    pub->changed_ms = fleet_now_ms(run->br->fleet);
    if (br_outcome_is_end(outcome)) {
        pub->ended_ms = pub->changed_ms;
        run_journal_outcome(run);
        log_info("%s %s/%s: %s: %s", pub->action->name, pub->ns, pub->name, br_outcome_word(outcome), text);
    } else if (was_end) { /* unknown became known */
        pub->ended_ms = 0;
        pub->seen = false;
    }
    run->br->told = false;
    br_wake(run->br);
}

/* -- runs ---------------------------------------------------------------------------------- */

static void on_run_timer(void *arg)
{
    struct run *run = arg;
    run->wait(run);
}

void run_make_id(char id[static RUN_ID_MAX])
{
    snprintf(id, RUN_ID_MAX, "%" PRIx64 "-%04x%04x", (uint64_t)clock_wall_ms(), random_below(0x10000),
             random_below(0x10000));
}

struct run *run_add(struct br *br, struct plan *plan, enum br_origin origin, unsigned batch)
{
    struct run *run = xcalloc(1, sizeof *run);
    const struct br_plan *p = &plan->pub;
    *run = (struct run){
        .pub = {.id = ++br->last_id, .action = p->action, .ns = xstrdup(p->ns), .name = xstrdup(p->name),
                .v1 = p->v1, .is_retry = p->verdict.is_retry, .until = p->until, .outcome = BR_QUEUED,
                .origin = origin, .driver = p->driver, .br_command = p->command, .progress = -1,
                .begun_ms = fleet_now_ms(br->fleet), .batch = batch},
        .br = br,
        .plan = plan,
    };
    run_make_id(run->pub.run_id);
    run->pub.changed_ms = run->pub.begun_ms;
    plan->changed = NULL;
    loop_timer_init(&run->timer, br->loop, on_run_timer, run);
    run_journal_init(run);
    if (br->count == br->room) {
        br->room = br->room ? br->room * 2 : 16;
        br->runs = xreallocarray(br->runs, br->room, sizeof *br->runs);
    }
    br->runs[br->count++] = run;
    br->told = false;
    br_wake(br);
    return run;
}

static void free_run(struct run *run)
{
    kube_request_cancel(&run->request);
    sharers_free(&run->sharers);
    loop_timer_cancel(&run->timer);
    if (run->following)
        run_watch_end(run);
    run_exec_end(run);
    run_journal_done(run);
    found_free(&run->found);
    struct br_plan *plan = &run->plan->pub;
    br_plan_free(&plan);
    free(run->pub.result);
    free(run->pub.ns);
    free(run->pub.name);
    free(run);
}

/* -- the turn: what waits goes on, what is followed is looked at ------------------------------ */

static void start_or_halt(struct br *br, size_t at)
{
    struct run *run = br->runs[at];
    for (size_t i = 0; i < at; i++) {
        const struct br_run *before = &br->runs[i]->pub;
        if (before->batch != run->pub.batch)
            continue;
        if (!br_outcome_is_end(before->outcome))
            return;
        if (outcomes[before->outcome].halts) {
            run_say(run, BR_NOT_SENT, "because of %s/%s before it: %s", before->ns, before->name,
                    br_outcome_word(before->outcome));
            return;
        }
    }
    if (run->pub.driver == BR_DRIVER_OPERATOR)
        run_send(run);
    else
        run_exec_start(run);
}

static void on_feed(void *arg) { br_wake(arg); }

static void drain(struct br *br)
{
    slot_t slots[256];
    bool changed = false;
    for (size_t n = ARRAY_LEN(slots); n == ARRAY_LEN(slots);) {
        n = store_feed_drain(br->feed, slots, ARRAY_LEN(slots));
        changed = changed || n > 0;
    }
    for (size_t i = 0; changed && i < br->count; i++)
        run_look(br->runs[i]);
}

/* What others began and ended long ago is forgotten, so that a brdeck that runs for weeks does not grow. */
static void forget_old(struct br *br)
{
    size_t ended = 0, kept = 0;
    for (size_t i = 0; i < br->count; i++)
        ended += br->runs[i]->pub.origin == BR_ORIGIN_CLUSTER && br->runs[i]->pub.ended_ms;
    int64_t before_ms = fleet_now_ms(br->fleet) - RUN_KEEP_MS;
    for (size_t i = 0; ended > RUNS_KEEP && i < br->count; i++) {
        struct run *run = br->runs[i];
        if (ended > RUNS_KEEP && run->pub.origin == BR_ORIGIN_CLUSTER && run->pub.ended_ms &&
            run->pub.ended_ms < before_ms) {
            free_run(run);
            br->runs[i] = NULL;
            ended--;
        }
    }
    for (size_t i = 0; i < br->count; i++)
        if (br->runs[i])
            br->runs[kept++] = br->runs[i];
    br->count = kept;
}

static void on_turn(void *arg)
{
    struct br *br = arg;
    for (size_t i = 0; i < br->count; i++)
        if (br->runs[i]->pub.outcome == BR_QUEUED)
            start_or_halt(br, i);
    if (br->feed)
        drain(br);
    if (br->finder)
        run_finder_turn(br->finder);
    forget_old(br);
    bool follows = false;
    for (size_t i = 0; i < br->count; i++) {
        struct run *run = br->runs[i];
        run_watch_turn(run);
        run_log_turn(run);
        follows = follows || (run->following && run->pub.outcome == BR_FOLLOWING);
        if (run->following && run->pub.outcome != BR_FOLLOWING)
            run_watch_end(run);
    }
    if (follows && !br->feed) {
        br->feed = store_feed_new(fleet_store(br->fleet), on_feed, br);
        for (size_t i = 0; i < br->count; i++) /* what changed since the write's answer */
            run_look(br->runs[i]);
    } else if (!follows && br->feed) {
        store_feed_free(&br->feed);
    }
    br_want_facts(br, follows);
    if (br->changed && !br->told) {
        br->told = true;
        br->changed(br->arg);
    }
}

void br_wake(struct br *br)
{
    if (!loop_timer_is_set(&br->turn))
        loop_timer_set(&br->turn, 0);
}

/* -- questions ------------------------------------------------------------------------------------ */

size_t br_runs(const struct br *br) { return br->count; }

const struct br_run *br_run_at(const struct br *br, size_t i) { return i < br->count ? &br->runs[i]->pub : NULL; }

const struct br_run *br_run_of(const struct br *br, const char *ns, const char *name)
{
    int64_t now = fleet_now_ms(br->fleet);
    for (size_t i = br->count; i-- > 0;) {
        const struct br_run *run = &br->runs[i]->pub;
        if (strcmp(run->ns, ns) == 0 && strcmp(run->name, name) == 0 &&
            (!run->ended_ms || now - run->ended_ms < RUN_OF_MS))
            return run;
    }
    return NULL;
}

size_t br_active(const struct br *br)
{
    size_t n = 0;
    for (size_t i = 0; i < br->count; i++)
        n += !br_outcome_is_end(br->runs[i]->pub.outcome);
    return n;
}

size_t br_unseen(const struct br *br)
{
    size_t n = 0;
    for (size_t i = 0; i < br->count; i++) {
        const struct br_run *run = &br->runs[i]->pub;
        n += br_outcome_is_end(run->outcome) && run->outcome != BR_DONE && !run->seen;
    }
    return n;
}

void br_mark_seen(struct br *br)
{
    for (size_t i = 0; i < br->count; i++)
        br->runs[i]->pub.seen = br->runs[i]->pub.seen || br_outcome_is_end(br->runs[i]->pub.outcome);
}

/* -- what others began ------------------------------------------------------------------------------- */

void br_find_runs(struct br *br)
{
    if (!br->finder)
        br->finder = run_finder_new(br);
}

bool br_runs_are_found(const struct br *br) { return br->finder && run_finder_is_done(br->finder); }

bool br_cancel(struct br *br, unsigned id, struct error *err)
{
    struct run *run = NULL;
    for (size_t i = 0; i < br->count; i++)
        run = br->runs[i]->pub.id == id ? br->runs[i] : run;
    if (!run)
        return error_set(err, ERROR_MISSING, "there is no run %u", id);
    if (br_outcome_is_end(run->pub.outcome))
        return error_set(err, ERROR_REFUSED, "%s %s/%s: it is over: %s", run->pub.action->name, run->pub.ns,
                         run->pub.name, br_outcome_word(run->pub.outcome));
    if (!run->exec)
        return error_set(err, ERROR_REFUSED, "%s %s/%s: the operator does it, and cannot be stopped at it",
                         run->pub.action->name, run->pub.ns, run->pub.name);
    if (br->read_only)
        return error_set(err, ERROR_REFUSED, "read-only: nothing is stopped");
    if (!run_journal_cancel(run, err))
        return false;
    br_exec_cancel(run->exec);
    return true;
}

/* -- life ------------------------------------------------------------------------------------------- */

struct br *br_new(const struct br_options *options, void (*changed)(void *arg), void *arg)
{
    struct br *br = xcalloc(1, sizeof *br);
    *br = (struct br){
        .loop = options->loop,
        .fleet = options->fleet,
        .access = kube_access_new(fleet_client(options->fleet), NULL, NULL),
        .journal_path = xstrdup(options->journal),
        .read_only = options->read_only,
        .changed = changed,
        .arg = arg,
        .pace = {.lost_look_ms = 1500, .lost_look_max_ms = 15 * 1000, .unknown_ms = 60 * 1000, .send_again_ms = 1000,
                 .sharers_ms = 20 * 1000,
                 .grace_ms = 1000, .late_ms = NOT_PICKED_UP_MS, .dead_ms = 3000, .log_ms = 3000, .want_ms = 20 * 1000},
    };
    loop_timer_init(&br->turn, br->loop, on_turn, br);
    return br;
}

void br_free(struct br **pbr)
{
    struct br *br = *pbr;
    *pbr = NULL;
    if (!br)
        return;
    br->changed = NULL;
    for (size_t i = 0; i < br->count; i++) {
        struct run *run = br->runs[i];
        bool asks = run->pub.outcome == BR_UNKNOWN && (run->request || loop_timer_is_set(&run->timer));
        if (run->journalled && (asks || !br_outcome_is_end(run->pub.outcome))) {
            char last[sizeof run->pub.text];
            memcpy(last, run->pub.text, sizeof last);
            run->left = true;
            run_say(run, BR_UNKNOWN, "brdeck ended before this did; the last was: %s", last);
        }
        free_run(run);
    }
    loop_timer_cancel(&br->turn);
    loop_timer_cancel(&br->wants);
    run_finder_free(&br->finder);
    if (br->feed)
        store_feed_free(&br->feed);
    pd_keeper_free(&br->pd);
    facts_keeper_free(&br->facts);
    cluster_keeper_free(&br->clusters);
    kube_access_free(&br->access);
    while (br->tickets) {
        struct ticket *next = br->tickets->next;
        free(br->tickets);
        br->tickets = next;
    }
    if (br->journal)
        journal_close(&br->journal);
    free(br->journal_path);
    free(br->runs);
    free(br);
}
