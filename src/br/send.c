#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>

#include "br_private.h"
#include "sharers.h"

/* The write: sent once, again only after a 409 that changes nothing or when nothing was sent (rules 1 and 7). */

static void send_now(struct run *run);
static void look_whether(struct run *run);

static void wait_then(struct run *run, int64_t ms, void (*fn)(struct run *run))
{
    run->wait = fn;
    loop_timer_set(&run->timer, ms);
}

/* -- 409: somebody wrote first --------------------------------------------------------- */

/* A write of an earlier brdeck, and the object has moved on since: its signs may tell, else nothing does. */
static void tell_moved_on(struct run *run, const struct json *object)
{
    char text[sizeof run->pub.text], what[300];
    enum br_outcome outcome = run_would_be(run, object, text, sizeof text);
    struct backup_record *record = record_decode(object, run->plan->pool);
    follow_difference(run->plan->pub.record, record, what, sizeof what);
    if (outcome == BR_DONE || outcome == BR_FAILED || outcome == BR_GONE)
        run_say(run, outcome, "%s", text);
    else
        run_say(run, BR_UNKNOWN,
                "brdeck ended before it knew whether it was done, and the object was changed since: %s", what);
    record_free(&record);
}

static void tell_changed(struct run *run, const struct json *object)
{
    if (run->pub.origin == BR_ORIGIN_JOURNAL) {
        tell_moved_on(run, object);
        return;
    }
    struct plan *plan = run->plan;
    struct backup_record *record = record_decode(object, plan->pool);
    char what[300];
    bool other = strcmp(record->uid, plan->pub.record->uid) != 0;
    follow_difference(plan->pub.record, record, what, sizeof what);
    run_say(run, other || record->deleting_ms ? BR_GONE : BR_CHANGED,
            "not sent, the object changed since you looked: %s", what);
    record_free(&record);
}

static void on_look_again(void *arg, const struct json *object, const struct kube_response *response)
{
    struct run *run = arg;
    run->request = NULL;
    if (response->http == 404)
        run_say(run, BR_GONE, "not sent: it was deleted meanwhile");
    else if (response->error.code || !object)
        run_say(run, BR_NOT_SENT, "somebody wrote first, and the object cannot be read now: %s",
                response->error.text);
    else if (plan_renew(run->plan, object))
        send_now(run);
    else
        tell_changed(run, object);
}

static void on_conflict(struct run *run, const struct kube_response *response)
{
    if (run->conflicts++ < CONFLICTS_MAX)
        run->request = plan_get(run->plan, on_look_again, run);
    else
        run_say(run, BR_CHANGED, "not done: the object is written all the time (%d times a 409): look again; %s",
                run->conflicts,
                response->error.text);
}

/* -- it took place ---------------------------------------------------------------------------- */

static void on_accepted(struct run *run, const struct json *object)
{
    const struct br_plan *p = &run->plan->pub;
    int64_t generation = 0;
    bool told = json_int(json_at(object, "metadata", "generation", NULL), &generation);
    bool kept = p->action->id != ACTION_RETAIN ||
                str_same(json_text(json_at(object, "spec", "cleanPolicy", NULL)), "Retain");
    if (plan_writes_spec(p) && told && generation == p->record->generation && kept)
        run_say(run, BR_NOTHING, "the server took it, and nothing changed: the spec said so already");
    else if (run_accepted(run, object))
        return;
    else if (!p->step_count && p->action->command && !p->action->makes_new)
        run_say(run, BR_NOTHING,
                "written to the spec; the operator does not run it, because its last run failed: %s once more has "
                "it run again", p->action->name);
    else
        run_follow(run, object);
}

/* -- a lost answer: look whether it took place ------------------------------------------------ */

static void not_applied(struct run *run, const char *why)
{
    run_say(run, BR_REFUSED, "not applied%s: it may be sent again (%s)", why, run->lost.text);
}

/* Of a run of the journal, which another brdeck sent, nobody can say that: its answer may have come. */
static const char *what_was_lost(const struct run *run)
{
    return run->pub.origin == BR_ORIGIN_JOURNAL ? "how it ended was not seen" : "the answer was lost";
}

static void tell_applied(struct run *run, enum applied applied, const struct json *object)
{
    bool makes_new = run->pub.action->makes_new;
    switch (applied) {
    case APPLIED:
        on_accepted(run, object);
        break;
    case APPLIED_BY_OTHER:
        if (makes_new)
            run_say(run, BR_REFUSED, "not made: another Backup of that name is there");
        else
            run_say(run, BR_CHANGED,
                    "%s; the spec is as wanted, but somebody else wrote it: look again", what_was_lost(run));
        break;
    case NOT_APPLIED_YET:
        if (run->looks < LOST_LOOKS_MAX)
            wait_then(run, run->br->pace.lost_look_ms, look_whether);
        else
            not_applied(run, ", nothing changed in the object");
        break;
    case NOT_APPLIED:
        tell_changed(run, object);
        break;
    }
}

/* The object moved on without the write: if it is the same for acting, the write may simply be made again by hand. */
static void tell_not_applied(struct run *run, const struct json *object)
{
    if (record_same_for_acting(run->plan->pub.object, object))
        not_applied(run, "");
    else
        tell_changed(run, object);
}

static void no_answer(struct run *run, const struct kube_response *response)
{
    const struct pace *pace = &run->br->pace;
    bool late = clock_mono_ms() - run->lost_ms >= pace->unknown_ms;
    run->ask_ms = run->ask_ms * 2 < pace->lost_look_max_ms ? run->ask_ms * 2 : pace->lost_look_max_ms;
    enum br_outcome outcome = late ? BR_UNKNOWN : BR_SENDING;
    if (run->pub.outcome != outcome)
        run_say(run, outcome,
                "%s, and it cannot be told whether it was done: %s; brdeck goes on asking", what_was_lost(run),
                response->error.text);
    wait_then(run, run->ask_ms, look_whether);
}

static void on_whether(void *arg, const struct json *object, const struct kube_response *response)
{
    struct run *run = arg;
    run->request = NULL;
    bool gone = response->http == 404;
    if (!gone && (response->error.code || !object)) {
        no_answer(run, response);
        return;
    }
    run->looks++;
    if (gone && run->pub.action->makes_new) {
        if (run->looks < LOST_LOOKS_MAX)
            wait_then(run, run->br->pace.lost_look_ms, look_whether);
        else
            not_applied(run, ", there is no such object");
        return;
    }
    if (gone && run_accepted(run, NULL)) /* with its uid as precondition nothing else was deleted */
        return;
    if (gone) {
        run_say(run, BR_GONE, "%s, and the object was deleted meanwhile", what_was_lost(run));
        return;
    }
    enum applied applied = write_applied(&run->plan->pub, run->pub.run_id, object);
    log_info("%s %s/%s: the answer was lost; applied: %d", run->pub.action->name, run->pub.ns, run->pub.name,
             (int)applied);
    if (applied == NOT_APPLIED)
        tell_not_applied(run, object);
    else
        tell_applied(run, applied, object);
}

static void look_whether(struct run *run) { run->request = plan_get(run->plan, on_whether, run); }

static void begin_looking(struct run *run, const char *why)
{
    run->lost_ms = clock_mono_ms();
    run->ask_ms = run->br->pace.lost_look_ms;
    run->looks = 0;
    run_say(run, BR_SENDING, "%s: looking whether it was done", why);
    look_whether(run);
}

static void on_lost(struct run *run, const struct kube_response *response)
{
    run->lost = response->error;
    if (!run->lost.code)
        error_set(&run->lost, ERROR_NETWORK, "the answer was no object");
    begin_looking(run, response->http >= 500 ? "the server failed over it" : "the answer was lost");
}

void run_look_up(struct run *run, const char *why)
{
    error_set(&run->lost, ERROR_NETWORK, "%s", why);
    begin_looking(run, why);
}

/* -- the answer ------------------------------------------------------------------------------- */

static void on_sent(void *arg, const struct json *object, const struct kube_response *response)
{
    struct run *run = arg;
    bool makes_new = run->pub.action->makes_new;
    run->request = NULL;
    if (!response->error.code && object)
        on_accepted(run, object);
    else if (!response->error.code || response->maybe_done || response->http >= 500)
        on_lost(run, response);
    else if (response->http == 409 && makes_new) /* it may be ours, if something on the way sent it twice */
        on_lost(run, response);
    else if (response_is_conflict(response))
        on_conflict(run, response);
    else if (response->http == 404 && run->pub.action->id == ACTION_DELETE)
        run_say(run, BR_NOTHING, "it was gone already: somebody else deleted it");
    else if (response->http == 404 && !makes_new)
        run_say(run, BR_GONE, "not done: it was deleted meanwhile");
    else if (response->http == 0 && response->error.code == ERROR_NETWORK && ++run->sends < SEND_AGAIN_MAX)
        wait_then(run, run->br->pace.send_again_ms << (run->sends - 1), send_now);
    else if (response->http == 0)
        run_say(run, BR_NOT_SENT, "nothing was sent: %s", response->error.text);
    else
        run_say(run, BR_REFUSED, "%s", response->error.text);
}

static void send_now(struct run *run)
{
    struct error err = {0};
    const char *moved = plan_removal_moved(run->plan);
    if (moved) {
        run_say(run, BR_CHANGED, "not sent: %s: look again", moved);
        return;
    }
    if (plan_guard_moved(run->plan)) {
        run_say(run, BR_CHANGED, "not sent: what the truncate takes away has changed since you looked: look again");
        return;
    }
    if (!journal_intent(run->br->journal, &run->pub, &run->plan->pub, &err)) {
        run_say(run, BR_NOT_SENT, "the journal cannot be written, and nothing is sent without it: %s", err.text);
        return;
    }
    run->journalled = true;
    log_info("%s %s/%s: sending", run->pub.action->name, run->pub.ns, run->pub.name);
    run->request = plan_send(run->plan, run->pub.run_id, false, on_sent, run);
}

/* -- who else uses the path, once more ----------------------------------------------------------- */

static void on_sharers(void *arg)
{
    struct run *run = arg;
    char words[sizeof run->pub.text / 2];
    const char *moved = plan_sharers_moved(run->plan, run->sharers, words, sizeof words);
    sharers_free(&run->sharers);
    if (moved)
        run_say(run, BR_CHANGED, "not sent: %s: look again", moved);
    else
        send_now(run);
}

/* What the plan saw may be old: a dialog can stand open for an hour. */
void run_send(struct run *run)
{
    run_say(run, BR_SENDING, "sending");
    run->sharers = plan_ask_sharers(run->plan, on_sharers, run);
    if (run->sharers)
        run_say(run, BR_SENDING, "looking once more whether others use its path");
    else
        send_now(run);
}
