/* act_confirm.c - what confirms an action of the command line, and what --yes alone does not. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act_private.h"

static void on_stdin(void *arg, unsigned ready)
{
    struct act *act = arg;
    char bytes[256];
    (void)ready;
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) /* a signal is no end of what is typed */
        return;
    if (n > 0)
        str_addn(&act->typed, bytes, (size_t)n);
    if (n <= 0 || strchr(act->typed.data, '\n'))
        act->typed_all = true;
}

static bool have_typed(void *arg) { return ((struct act *)arg)->typed_all; }

static void tell_removal(const struct br_plan *plan)
{
    const char *line = plan->removes.users;
    if (plan->removes.cleans || plan->removes.may_clean) {
        cli_say("%s/%s: everything under %s goes%s; whether others keep data there: %s", plan->ns, plan->name,
                plan->removes.prefix, plan->removes.cleans ? "" : ", should it fail before it is gone",
                plan->removes.all_seen ? "no other Backup does" : "unknown, not all Backups are listed");
        for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
            cli_say("%s/%s: %.*s", plan->ns, plan->name, (int)strcspn(line, "\n"), line);
        if (!plan->removes.users_seen)
            cli_say("%s/%s: whether a Restore, BackupSchedule or CompactBackup uses it: unknown, not all are listed",
                    plan->ns, plan->name);
    }
    if (plan->removes.ends_pitr)
        cli_say("%s/%s: PITR: %s", plan->ns, plan->name, plan->removes.pitr);
}

/* --yes does without the plan, but not without what one would want to know of it. */
static void tell_warnings(const struct act *act)
{
    for (size_t i = 0; i < act->count; i++) {
        const struct br_plan *plan = act->plans[i];
        if (plan->verdict.why[0])
            cli_say("%s/%s: %s", plan->ns, plan->name, plan->verdict.why);
        tell_removal(plan);
        if (plan->waiting_truncate)
            cli_say("%s/%s: logTruncateUntil is set in its spec and fires as soon as this is done: that deletes log "
                    "data (--clear-truncate takes it out)", plan->ns, plan->name);
        if (plan->warning)
            cli_say("%s/%s: the server warns: %s", plan->ns, plan->name, plan->warning);
    }
}

/* What --yes alone is no yes to; NULL: nothing. */
static const char *guard_of(const struct br_plan *plan)
{
    if (plan->removes.loses_pitr)
        return "--keep-data leaves the data where it is, --allow-pitr-loss deletes it all the same";
    if (plan->truncates && plan->effect.verdict == TRUNCATE_LOSES_PITR)
        return "this takes the last snapshot from which any point in time can be restored: --allow-pitr-loss does it "
               "all the same";
    if (plan->waiting_truncate) /* --yes to a pause is no yes to a truncate that waits behind it (rule 2) */
        return "logTruncateUntil is set in its spec and fires as soon as this is done: that deletes log data; "
               "--clear-truncate takes it out, --allow-pitr-loss lets it run";
    return NULL;
}

static bool is_guarded(const struct act *act)
{
    bool guarded = false;
    for (size_t i = 0; !act->session->args->allow_pitr_loss && i < act->count; i++) {
        const struct br_plan *plan = act->plans[i];
        const char *why = guard_of(plan);
        if (!why)
            continue;
        guarded = true;
        if (plan->removes.loses_pitr)
            cli_say("%s/%s: PITR: %s. Not done: %s", plan->ns, plan->name, plan->removes.pitr, why);
        else
            cli_say("%s/%s: %s", plan->ns, plan->name, why);
    }
    if (guarded)
        cli_say("nothing was changed");
    return guarded;
}

static int confirm_on_terminal(struct act *act, char *typed, size_t size)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        cli_say("nothing was changed: there is no terminal to confirm on; --yes does it");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < act->count; i++)
        act_print_plan(act, act->plans[i], stderr);
    fprintf(stderr, "Type %s to do it: ", typed);
    fflush(stderr);
    struct loop_fd *watch = loop_fd_new(act->session->loop, STDIN_FILENO, LOOP_READ, on_stdin, act);
    bool typed_it = session_wait(act->session, have_typed, act);
    loop_fd_free(&watch);
    if (!typed_it) {
        fputc('\n', stderr);
        cli_say("nothing was changed");
        return session_code(act->session, EXIT_ERROR);
    }
    str_truncate(&act->typed, strcspn(act->typed.data, "\n"));
    bool yes = act->count == 1 ? br_plan_is_confirmed(act->plans[0], act->typed.data) :
                                 strcmp(act->typed.data, typed) == 0;
    snprintf(typed, size, "%s", act->typed.data);
    if (yes)
        return EXIT_DONE;
    cli_say("nothing was changed");
    return EXIT_ERROR;
}

int act_confirm(struct act *act, char *typed, size_t size)
{
    br_batch_confirm(act->plans, act->count, typed, size);
    if (!act->session->args->yes)
        return confirm_on_terminal(act, typed, size);
    if (is_guarded(act))
        return EXIT_REFUSED;
    tell_warnings(act);
    return EXIT_DONE;
}
