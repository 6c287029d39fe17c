#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"

/* By what it is known how an action went: rule 5 in words, for those who read a plan. */

static const char *step_result(const struct command_step *step, char *buf, size_t size)
{
    switch (step->command) {
    case LOG_COMMAND_PAUSE: return "the phase is Paused";
    case LOG_COMMAND_RESUME: return "the phase is Running again";
    case LOG_COMMAND_STOP: return "the phase is Stopped";
    case LOG_COMMAND_START: return "commitTs is there and the phase Running";
    case LOG_COMMAND_TRUNCATE:
        snprintf(buf, size, "logTruncatingUntil and logSuccessTruncateUntil both are %.40s", step->until);
        return buf;
    default: return "it says so";
    }
}

static void signs_of_steps(const struct br_plan *p, struct str *success, struct str *failure)
{
    char buf[160];
    for (size_t i = 0; i < p->step_count; i++) {
        const char *name = log_command_name(p->steps[i].command);
        str_addf(success, "%s%s is Complete anew and %s", i ? ", then " : "", name,
                 step_result(&p->steps[i], buf, sizeof buf));
        str_addf(failure, "%s%s", i ? ", " : "", name);
    }
    str_add(failure, " is Failed anew, or the whole object Failed or Invalid");
}

static const struct { const char *success, *failure; } signs[ACTION_COUNT] = {
    [ACTION_DELETE] = {"the object is gone", "a Job of it fails for good"},
    [ACTION_RETAIN] = {"the server has taken it", "it refuses"},
    [ACTION_REMOVE_FINALIZER] = {"the server has taken it", "it refuses"},
    [ACTION_CREATE] = {"the phase is Complete", "the phase is Failed or Invalid"},
    [ACTION_PROBE] = {"br has answered", "br ends with an error"},
};

void br_plan_signs(const struct br_plan *p, char **success, char **failure)
{
    struct str good, bad;
    str_init(&good, 1000);
    str_init(&bad, 1000);
    if (p->step_count && p->driver == BR_DRIVER_OPERATOR) {
        signs_of_steps(p, &good, &bad);
    } else if (p->driver != BR_DRIVER_OPERATOR) {
        str_add(&good, signs[ACTION_PROBE].success);
        str_add(&bad, signs[ACTION_PROBE].failure);
    } else {
        str_add(&good, signs[p->action->id].success ? signs[p->action->id].success : "the server has taken it");
        str_add(&bad, signs[p->action->id].failure ? signs[p->action->id].failure : "it refuses");
    }
    *success = str_take(&good);
    *failure = str_take(&bad);
    str_done(&good);
    str_done(&bad);
}
