/* What br will say: what was ordered, and what lies in the things themselves. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "br.h"
#include "cluster.h"
#include "operator_private.h"
#include "sim.h"

const char *run_command(const struct run *run)
{
    static const char *const words[] = {
        [RUN_SNAPSHOT] = "snapshot", [RUN_STOP_TASK] = "stop-task", [RUN_CLEAN] = "clean"};
    return run->kind == RUN_LOG ? log_command_name(run->command) : words[run->kind];
}

static void take_ordered_failure(struct run *run)
{
    for (struct br_failure **at = &run->op->failures; *at; at = &(*at)->next) {
        struct br_failure *failure = *at;
        if ((failure->command && strcmp(failure->command, run_command(run)) != 0) ||
            (failure->ns && strcmp(failure->ns, run->ns) != 0) ||
            (failure->name && strcmp(failure->name, run->name) != 0))
            continue;
        run->failure = xstrdup(failure->message);
        run->ordered = true;
        run->dies = failure->dies;
        if (--failure->left == 0) {
            *at = failure->next;
            br_failure_free(failure);
        }
        return;
    }
}

/* The words that backup-manager gives to br for a log command, as far as they come from the Backup's own options. */
static struct json *words_of(const struct run *run, const struct json *backup)
{
    struct json *words = json_new_array();
    const struct json *br = json_at(backup, "spec", "br", NULL);
    json_append(words, json_new_string("log"));
    json_append(words, json_new_string(log_command_name(run->command) + strlen("log-")));
    JSON_EACH(filter, json_at(backup, "spec", "tableFilter", NULL))
    {
        json_append(words, json_new_string("--filter"));
        json_append(words, json_copy(filter));
    }
    if (json_string(br, "timeAgo"))
        json_append(words, json_new_string("--timeago"));
    JSON_EACH(option, json_get(br, "options"))
    if (json_text(option))
        json_append(words, json_copy(option));
    return words;
}

/* Options reach every log command, also those that do not know them. */
static void find_unknown_flag(struct run *run, const struct json *backup)
{
    if (run->kind != RUN_LOG)
        return;
    struct json *words = words_of(run, backup);
    const char *flag = br_unknown_flag(words);
    if (flag) {
        run->failure = xasprintf("unknown flag: %.*s", (int)strcspn(flag, "="), flag);
        run->source = "main.go:38";
    }
    json_free(&words);
}

/* By POST /sim/job. */
static void find_ordered_trouble(struct run *run)
{
    if (!trouble_is(run->way.trouble, TROUBLE_BR))
        return;
    run->failure = way_trouble_text(&run->way, run->name);
    run->source = run->way.trouble->info->reason;
}

static bool needs_pd(const struct run *run)
{
    return run->kind != RUN_CLEAN && !(run->kind == RUN_LOG && run->command == LOG_TRUNCATE);
}

/* PD is not there; or it speaks TLS, and the Job that stops a task finds its certificates where br does not look. */
static void find_pd_failure(struct run *run)
{
    const struct pd_service *ordered = pd_service_find(&run->op->pd, run->ns, run->service);
    bool tls = (ordered && ordered->tls) || cluster_pd_is_tls(run->op->sim, run->ns, run->service);
    if (needs_pd(run) && ordered && ordered->unreachable) {
        run->failure = xasprintf("pd address (%s.%s:2379) not available, please check network: "
                                 "[BR:PD:ErrPDUpdateFailed]failed to update PD",
                                 run->service, run->ns);
        run->source = "pd.go:442";
    } else if (run->kind == RUN_STOP_TASK && tls) {
        run->failure = xstrdup("could not read ca certificate: open /var/lib/cluster-client-tls/ca.crt: no such file "
                               "or directory");
        run->source = "common.go:120";
    }
}

/* The task is not as the command needs it. */
static void find_task_failure(struct run *run, const struct json *backup)
{
    struct pd_task *task = task_adopt(run->op, backup);
    if (task)
        task_wake(task);
    bool pause = run->command == LOG_PAUSE, resume = run->command == LOG_RESUME;
    if (resume && task && task->paused && pd_gc_has_passed(&run->op->pd, task))
        run->failure = xstrdup("[BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint exceeded: checkpoint is "
                               "behind the GC safepoint");
    else if ((pause || resume) && !task)
        run->failure = xasprintf("no such task %s: [BR:PiTR:ErrTaskNotFound]task not found", run->name);
    else if (pause && task->paused)
        run->failure = xasprintf("The task %s is paused already.: [BR:PD:ErrKVUnknown]unknown tikv error", run->name);
    else if (resume && !task->paused)
        run->failure = xasprintf("The task %s is active already.: [BR:PD:ErrKVUnknown]unknown tikv error", run->name);
}

/* A Job's next Pod meets what is wrong by then. */
static void forget_failure(struct run *run)
{
    free(run->failure);
    run->failure = NULL;
    run->source = NULL;
    run->dies = false;
}

void run_find_failure(struct run *run)
{
    if (run->ordered)
        return;
    forget_failure(run);
    struct json *backup = store_read(run->op->sim->store, run->cr, run->ns, run->name);
    const char *bucket = json_text(json_at(backup, "spec", "s3", "bucket", NULL));
    take_ordered_failure(run);
    if (!run->failure)
        find_ordered_trouble(run);
    if (!run->failure && backup)
        find_unknown_flag(run, backup);
    if (!run->failure && bucket && strstr(bucket, "denied"))
        run->failure = xstrdup("permission denied: AccessDenied: Access Denied status code: 403");
    if (!run->failure)
        find_pd_failure(run);
    if (!run->failure && backup && run->kind == RUN_LOG)
        find_task_failure(run, backup);
    json_free(&backup);
}
