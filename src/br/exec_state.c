#include <config.h>

#include <stdio.h>
#include <string.h>

#include "exec_job.h"
#include "facts_keeper.h"
#include "objects.h"

/* A Job of ours as a state machine. What was seen of it, its Pod and its log goes on by itself (enum job_life, pod_life,
 * log_life); once a turn it is looked what that comes to (enum follow_state), and the function of that state tells it. */

enum { LOG_AGAIN_MS = 1000, POD_WAIT_MS = 20 * 1000 };

/* -- what is seen ------------------------------------------------------------------------------------ */

void exec_wake(struct exec_job *job)
{
    if (!loop_timer_is_set(&job->step))
        loop_timer_set(&job->step, 0);
}

void exec_see_job(struct exec_job *job, enum job_life is)
{
    job->job.is = is > job->job.is ? is : job->job.is;
    exec_wake(job);
}

void exec_see_pod(struct exec_job *job, enum pod_sight sight)
{
    static const unsigned char next[POD_LIVES][SEEN_LATE + 1] = {
        /*                  STARTING       RUNNING    ENDED      DEAD           LATE */
        [POD_NONE] =      {POD_STARTS,    POD_RUNS,  POD_ENDED, POD_NEVER_RAN, POD_MISSED},
        [POD_MISSED] =    {POD_STARTS,    POD_RUNS,  POD_ENDED, POD_NEVER_RAN, POD_MISSED},
        [POD_STARTS] =    {POD_STARTS,    POD_RUNS,  POD_ENDED, POD_NEVER_RAN, POD_STARTS},
        [POD_RUNS] =      {POD_RUNS,      POD_RUNS,  POD_ENDED, POD_ENDED,     POD_RUNS},
        [POD_ENDED] =     {POD_ENDED,     POD_ENDED, POD_ENDED, POD_ENDED,     POD_ENDED},
        [POD_NEVER_RAN] = {POD_NEVER_RAN, POD_ENDED, POD_ENDED, POD_NEVER_RAN, POD_NEVER_RAN},
    };
    job->pod.is = next[job->pod.is][sight];
    exec_wake(job);
}

bool exec_pod_is_there(const struct exec_job *job) { return job->pod.is >= POD_STARTS; }

static bool has_run(const struct exec_job *job) { return job->pod.is == POD_RUNS || job->pod.is == POD_ENDED; }

bool exec_pod_has_ended(const struct exec_job *job) { return job->pod.is == POD_ENDED || job->pod.is == POD_NEVER_RAN; }

/* -- what that comes to -------------------------------------------------------------------------------- */

static bool is_denied(const struct reflector *reflector)
{
    const struct reflector_state *state = reflector_state(reflector);
    return state->phase == REFLECTOR_DENIED && !state->listed;
}

/* It will never run, and why is known. What the Job says may come before what its Pod does: that is waited for. */
static bool never_ran(const struct exec_job *job)
{
    bool told = exec_pod_is_there(job) || *job->exec->facts.event.reason;
    return job->log.is == LOG_NONE && (job->job.gone || (job->job.is == JOB_FAILED && !has_run(job) && told));
}

/* Whether nothing more is to be read of it; where br's answer cannot be had, @why (may be NULL) says so. */
static bool has_all(const struct exec_job *job, struct error *why)
{
    if (job->log.is == LOG_OVER)
        return true;
    if (job->pod.gone && job->log.is != LOG_READING) {
        error_set(why, ERROR_MISSING, "its Pod is gone, and br's answer with it");
        return true;
    }
    if (!exec_pod_is_there(job) && is_denied(job->pods)) {
        if (why)
            *why = reflector_state(job->pods)->error;
        return true;
    }
    if (job->pod.is == POD_MISSED) {
        error_set(why, ERROR_MISSING, "its Pod is not there, so br's answer cannot be read");
        return true;
    }
    return false;
}

enum follow_state {
    STATE_SOUGHT, /* which Job it is, is not known yet; its Pod may be listed first */
    STATE_WORKS,  /* it is there: its Pod is made, starts, runs */
    STATE_LEAVES, /* it is over, and what it left is being read or still to come */
    STATE_ENDED,
};

static enum follow_state followed_as(const struct exec_job *job)
{
    if (!job->exec->begun && job->job.is == JOB_SOUGHT && !job->job.gone)
        return STATE_SOUGHT;
    if (job->job.is <= JOB_THERE && !job->job.gone && !exec_pod_has_ended(job))
        return STATE_WORKS;
    return has_all(job, NULL) || never_ran(job) ? STATE_ENDED : STATE_LEAVES;
}

/* -- what is told of each state -------------------------------------------------------------------------- */

static void tell_search(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const struct error *err = &reflector_state(job->jobs)->error;
    exec_say(exec, BR_EXEC_WAITING, "its Job is looked for by its run id %s%s%s", exec->run_id, err->code ? ": " : "",
             err->text);
}

static void tell_progress(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const FACT_TYPE(pod) *pod = &exec->facts.pod;
    const FACT_TYPE(event) *event = &exec->facts.event;
    const struct error *err = &reflector_state(job->jobs)->error;
    if (has_run(job))
        exec_say(exec, BR_EXEC_RUNNING, "Job %s: br runs in Pod %s", exec->job, exec->pod);
    else if (*pod->waiting && !container_is_starting(pod->waiting))
        exec_say(exec, BR_EXEC_WAITING, "Job %s: its Pod waits: %s%s%s", exec->job, pod->waiting,
                 *pod->message ? ": " : "", pod->message);
    else if (exec_pod_is_there(job))
        exec_say(exec, BR_EXEC_WAITING, "Job %s: its Pod %s starts", exec->job, exec->pod);
    else if (*event->reason)
        exec_say(exec, BR_EXEC_WAITING, "Job %s: no Pod yet: %s: %s", exec->job, event->reason, event->message);
    else if (err->code)
        exec_say(exec, BR_EXEC_WAITING, "Job %s is made; brdeck looks again: %s", exec->job, err->text);
    else
        exec_say(exec, BR_EXEC_WAITING, "Job %s is made; it has no Pod yet", exec->job);
}

static void tell_rest(struct exec_job *job)
{
    if (!exec_pod_is_there(job) && !loop_timer_is_set(&job->patience))
        loop_timer_set(&job->patience, POD_WAIT_MS);
    tell_progress(job);
}

/* Why it did not end well, as well as it is known. */
static void tell_failure(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const FACT_TYPE(pod) *pod = &exec->facts.pod;
    bool told = *pod->ended && strcmp(pod->ended, "Error") != 0 && strcmp(pod->ended, "Completed") != 0;
    char words[256];
    struct error err = {0};
    exec_last_words(exec, words, sizeof words);
    if (!*words && *pod->message)
        snprintf(words, sizeof words, "%s", pod->message);
    if (job->cancelled)
        error_set(&err, ERROR_FAILED, "Job %s was deleted as you asked", exec->job);
    else if (job->job.gone && job->job.is != JOB_FAILED && !exec_pod_has_ended(job))
        error_set(&err, ERROR_MISSING, "Job %s was deleted before br ended", exec->job);
    else if (*pod->waiting && !has_run(job))
        error_set(&err, ERROR_FAILED, "it never ran: %s: %s (Job %s)", pod->waiting, pod->message, exec->job);
    else if (!has_run(job) && *exec->facts.event.reason)
        error_set(&err, ERROR_FAILED, "no Pod could be made: %s (Job %s)", exec->facts.event.message, exec->job);
    else
        error_set(&err, ERROR_FAILED, "%s%s%s (Job %s)", told ? pod->ended : "", told && *words ? ": " : "",
                  *words ? words : told ? "" : "it ended without a word", exec->job);
    exec_fail(exec, &err);
}

static void tell_end(struct exec_job *job)
{
    struct br_exec *exec = job->exec;
    const FACT_TYPE(pod) *pod = &exec->facts.pod;
    bool pod_did_it = exec_pod_has_ended(job) && pod->exit_code == 0 && strcmp(pod->ended, "Completed") == 0;
    has_all(job, &job->log.error);
    exec_unwatch(job);
    if (!exec->begun) { /* it was looked for by its run id */
        exec_say(exec, BR_EXEC_UNKNOWN, "no Job of run %s is there any more: how it ended is not known", exec->run_id);
    } else if (job->job.is == JOB_COMPLETE || (job->job.is != JOB_FAILED && pod_did_it)) {
        exec->error = job->log.error;
        exec_say(exec, BR_EXEC_DONE, "Job %s: br ended well%s%s", exec->job, job->log.error.code ? "; " : "",
                 job->log.error.text);
    } else {
        tell_failure(job);
    }
}

/* -- the step ------------------------------------------------------------------------------------------------ */

/* It was found by its run id. */
static void begin(struct exec_job *job)
{
    job->exec->begun = true;
    if (job->cancelled && !job->request)
        exec_job_delete(job);
    exec_watch_events(job); /* the others stay: its log may be being read already */
}

static void step_log(struct exec_job *job)
{
    if (job->log.is == LOG_NONE && has_run(job) && !job->pod.gone)
        exec_read_log(job);
    else if (job->log.is == LOG_AGAIN && !loop_timer_is_set(&job->log.again))
        loop_timer_set(&job->log.again, LOG_AGAIN_MS);
}

static void on_step(void *arg)
{
    static void (*const tell[])(struct exec_job *job) = {
        [STATE_SOUGHT] = tell_search, [STATE_WORKS] = tell_progress, [STATE_LEAVES] = tell_rest,
        [STATE_ENDED] = tell_end,
    };
    struct exec_job *job = arg;
    if (exec_job_is_over(job) || !job->jobs) /* not followed any more */
        return;
    if (job->job.is != JOB_SOUGHT && !job->exec->begun)
        begin(job);
    if (followed_as(job) != STATE_SOUGHT)
        step_log(job);
    tell[followed_as(job)](job);
}

static void on_log_again(void *arg)
{
    struct exec_job *job = arg;
    if (job->log.is == LOG_AGAIN)
        exec_read_log(job);
}

static void on_patience(void *arg) { exec_see_pod(arg, SEEN_LATE); }

void exec_state_init(struct exec_job *job)
{
    struct loop *loop = job->exec->br->loop;
    loop_timer_init(&job->step, loop, on_step, job);
    loop_timer_init(&job->log.again, loop, on_log_again, job);
    loop_timer_init(&job->patience, loop, on_patience, job);
}

void exec_state_done(struct exec_job *job)
{
    loop_timer_cancel(&job->step);
    loop_timer_cancel(&job->log.again);
    loop_timer_cancel(&job->patience);
}
