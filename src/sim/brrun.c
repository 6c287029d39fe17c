#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "br.h"
#include "cluster.h"
#include "decide.h"
#include "operator.h"
#include "sim.h"

enum { TSO_SHIFT = 18 };

/* One run: what its command asked for. */
struct br_run {
    const struct br_call *call;
    struct pd *pd;
    const char *task, *storage; /* "" where not given */
    char *service, *ns;         /* of --pd */
    struct str *out;
};

/* Why it failed; the caller frees. NULL: it has not. */
typedef char *br_verb(struct br_run *run);

static struct pd_task *task_of(const struct br_run *run)
{
    return pd_find(run->pd, run->ns, run->service, run->task);
}

static char *no_such_task(const struct br_run *run)
{
    return xasprintf("no such task %s: [BR:PiTR:ErrTaskNotFound]task not found", run->task);
}

static char *kv_unknown(const char *format, const char *task)
{
    char text[512];
    int n = snprintf(text, sizeof text, "%s", format);
    char *at = strchr(text, '@');
    (void)n;
    if (!at)
        return xstrdup(text);
    return xasprintf("%.*s%s%s: [BR:PD:ErrKVUnknown]unknown tikv error", (int)(at - text), text, task, at + 1);
}

/* -- what only reads --------------------------------------------------------------------------- */

static struct json *errors_json(const struct pd_task *task)
{
    struct json *list = json_new_array();
    for (const struct pd_error *error = task->errors; error; error = error->next) {
        struct json *one = json_new_object();
        json_set(one, "store_id", json_new_uint(error->store));
        struct json *last = json_object_in(one, "last_error");
        json_set_int(last, "happen_at", error->at_ms);
        json_set_string(last, "error_code", error->code);
        json_set_string(last, "error_message", error->message);
        json_set(last, "store_id", json_new_uint(error->store));
        json_append(list, one);
    }
    return list;
}

static struct json *progress_json(const struct pd *pd, const struct pd_task *task)
{
    struct json *list = json_new_array();
    for (unsigned store = 1; store <= 3; store++) {
        struct json *one = json_new_object();
        json_set_int(one, "store_id", store);
        json_set(one, "checkpoint", json_new_uint(pd_checkpoint(pd, task) + store - 1));
        json_append(list, one);
    }
    return list;
}

static const char *status_word(const struct pd_task *task)
{
    return task->paused ? "PAUSE" : task->errors ? "ERROR" : "NORMAL";
}

static struct json *task_json(const struct pd *pd, const struct pd_task *task)
{
    struct json *one = json_new_object(), *filter = json_new_array();
    json_append(filter, json_new_string("*.*"));
    json_set_string(one, "name", task->name);
    json_set(one, "start_ts", json_new_uint(task->start_tso));
    json_set(one, "end_ts", json_new_uint(999999999999999999U));
    json_set_string(one, "status", status_word(task));
    json_set(one, "table_filter", filter);
    json_set(one, "progress", progress_json(pd, task));
    json_set_string(one, "storage", task->storage);
    json_set(one, "checkpoint", json_new_uint(pd_checkpoint(pd, task)));
    json_set(one, "estimate_qps", json_new_int(12));
    json_set(one, "last_errors", errors_json(task));
    return one;
}

static const char *date_of(uint64_t tso, char buf[64])
{
    time_t seconds = (time_t)(tso >> TSO_SHIFT) / 1000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(buf, 64, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(buf + n, 64 - n, ".%03d +0000", (int)((tso >> TSO_SHIFT) % 1000));
    return buf;
}

static void task_text(const struct br_run *run, const struct pd_task *task, size_t number)
{
    char date[64], gap[CLOCK_TEXT_MAX];
    uint64_t checkpoint = pd_checkpoint(run->pd, task);
    str_addf(run->out, "> #%zu <\n", number);
    str_addf(run->out, "\033[1m              name: \033[0m%s\n", task->name);
    str_addf(run->out, "            status: \033[1;32m\u25cf\033[0m %s\n", status_word(task));
    str_addf(run->out, "             start: %s\n", date_of(task->start_tso, date));
    str_addf(run->out, "           storage: %s\n", task->storage);
    str_addf(run->out, "checkpoint[global]: %s; gap=%s\n", date_of(checkpoint, date),
             clock_format_span(clock_wall_ms() - (int64_t)(checkpoint >> TSO_SHIFT), gap));
    for (const struct pd_error *error = task->errors; error; error = error->next)
        str_addf(run->out, "error[store=%" PRIu64 "]: %s\nerror-message[store=%" PRIu64 "]: %s\n", error->store,
                 error->code, error->store, error->message);
}

static char *verb_status(struct br_run *run)
{
    struct json *list = json_new_array();
    bool json = br_flag(run->call->words, "json"), all = !*run->task || strcmp(run->task, "*") == 0;
    struct pd_task *one = all ? NULL : task_of(run);
    size_t count = 0;
    if (!all && !one) {
        json_free(&list);
        return no_such_task(run);
    }
    for (const struct pd_task *task = run->pd->first; task; task = task->next) {
        if (strcmp(task->ns, run->ns) != 0 || strcmp(task->service, run->service) != 0 || (one && one != task))
            continue;
        count++;
        if (json)
            json_append(list, task_json(run->pd, task));
        else
            task_text(run, task, count);
    }
    if (json) {
        char *text = json_print(list);
        str_addf(run->out, "%s\n", text);
        free(text);
    } else {
        str_add(run->out, count ? "" : "\u25cb No Task Yet.\n");
    }
    json_free(&list);
    return NULL;
}

/* The log task that writes to the storage; NULL: PD knows none. */
static struct pd_task *task_at(const struct br_run *run)
{
    for (struct pd_task *task = run->pd->first; task; task = task->next)
        if (strcmp(task->storage, run->storage) == 0)
            return task;
    return NULL;
}

/* The Backup whose data lie in the storage; NULL: none. The caller frees. */
static struct json *backup_at(const struct br_run *run)
{
    static const enum kind_id kinds[] = {KIND_BACKUP, KIND_V1_BACKUP};
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct object *const *first;
        size_t count = store_range(run->call->sim->store, kind_of(kinds[k]), "", &first);
        for (size_t i = 0; *run->storage && i < count; i++) {
            if (!strstr(first[i]->text->text, run->storage))
                continue;
            struct json *tree = json_parse(first[i]->text->text, first[i]->text->len, NULL);
            if (str_same(json_text(json_at(tree, "status", "backupPath", NULL)), run->storage))
                return tree;
            json_free(&tree);
        }
    }
    return NULL;
}

static uint64_t tso_at(const struct json *backup, const char *key)
{
    const char *text = json_text(json_at(backup, "status", key, NULL));
    return text ? decide_tso(text) : 0;
}

static char *no_backup(const struct br_run *run)
{
    return xasprintf("get data from storage %s failed: failed to read s3 file, file info: input.key='backupmeta': "
                     "NoSuchKey: The specified key does not exist.: [BR:Common:ErrInvalidArgument]invalid argument",
                     run->storage);
}

static char *verb_metadata(struct br_run *run)
{
    const struct pd_task *task = task_at(run);
    struct json *backup = backup_at(run);
    uint64_t min = 0, max = 0;
    char date[64], until[64];
    if (!task && !backup)
        return no_backup(run);
    if (backup) {
        uint64_t truncated = tso_at(backup, "logSuccessTruncateUntil");
        min = tso_at(backup, "commitTs");
        min = truncated > min ? truncated : min;
        max = tso_at(backup, "logCheckpointTs");
    }
    if (task) {
        min = task->start_tso > min ? task->start_tso : min;
        min = task->truncated_tso > min ? task->truncated_tso : min;
        max = pd_checkpoint(run->pd, task);
    }
    json_free(&backup);
    br_line(run->out, "INFO", "collector.go:77",
            "[\"log metadata\"] [log-min-ts=%" PRIu64 "] [log-min-date=\"%s\"] [log-max-ts=%" PRIu64
            "] [log-max-date=\"%s\"]",
            min, date_of(min, date), max, date_of(max, until));
    return NULL;
}

static char *verb_decode(struct br_run *run)
{
    struct json *backup = backup_at(run);
    uint64_t tso = tso_at(backup, "commitTs");
    bool there = backup;
    json_free(&backup);
    if (!there)
        return no_backup(run);
    str_addf(run->out, "%" PRIu64 "\n", tso);
    return NULL;
}

/* -- what acts ------------------------------------------------------------------------------------ */

static char *verb_truncate(struct br_run *run)
{
    const char *text = br_flag(run->call->words, "until");
    uint64_t until = text ? decide_tso(text) : 0;
    struct pd_task *task = task_at(run);
    struct json *backup = backup_at(run);
    bool there = task || backup, dry = br_flag(run->call->words, "dry-run");
    char date[64];
    json_free(&backup);
    if (!until)
        return xstrdup("please provide the `--until` ts: [BR:Common:ErrInvalidArgument]invalid argument");
    if (!there)
        return no_backup(run);
    if (task && until < task->truncated_tso)
        str_addf(run->out, "According to the log, you have truncated backup data before %s\n",
                 date_of(task->truncated_tso, date));
    str_add(run->out, "Reading Metadata... DONE { take = 1.213s }\n");
    str_addf(run->out, "We are going to remove 118 files, until %.19s.0000.\n", date_of(until, date));
    str_add(run->out, "Clearing Data Files and Metadata... DONE { take = 412ms, kv-count = 2150934, "
                      "kv-size = 301283871(301.3MB) }\n");
    if (task && !dry && until > task->truncated_tso)
        task->truncated_tso = until;
    return NULL;
}

static char *verb_start(struct br_run *run)
{
    const char *start = br_flag(run->call->words, "start-ts");
    uint64_t tso = start ? decide_tso(start) : 0;
    if (!*run->task)
        return xstrdup("The task name must be specified.: [BR:Common:ErrInvalidArgument]invalid argument");
    if (task_of(run) || pd_other(run->pd, run->ns, run->service, run->task))
        return xstrdup("It supports single stream log task currently: [BR:Stream:ErrStreamLogTaskExist]stream task "
                       "already exists");
    pd_start(run->pd, run->ns, run->service, run->task, run->storage,
             tso ? tso : (uint64_t)clock_wall_ms() << TSO_SHIFT);
    return NULL;
}

static char *verb_stop(struct br_run *run)
{
    struct pd_task *task = task_of(run);
    if (!task)
        return no_such_task(run);
    pd_stop(run->pd, task);
    return NULL;
}

static char *verb_pause(struct br_run *run)
{
    struct pd_task *task = task_of(run);
    if (!task)
        return no_such_task(run);
    if (task->paused)
        return kv_unknown("The task @ is paused already.", run->task);
    const char *ttl = br_flag(run->call->words, "gc-ttl");
    pd_pause(run->pd, task,
             &(struct pd_pause){.by = run->call->host, .why = br_flag(run->call->words, "message"), .pid = 1,
                                .ttl_ms = ttl ? strtoll(ttl, NULL, 10) * 1000 : 0});
    return NULL;
}

static char *verb_resume(struct br_run *run)
{
    struct pd_task *task = task_of(run);
    if (!task)
        return no_such_task(run);
    if (!task->paused)
        return kv_unknown("The task @ is active already.", run->task);
    if (pd_gc_has_passed(run->pd, task)) {
        uint64_t checkpoint = pd_checkpoint(run->pd, task);
        char date[64];
        return xasprintf("the global checkpoint ts: %" PRIu64 "(%s) has been gc. : GC safepoint %" PRIu64
                         " exceed TS %" PRIu64 ": [BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint exceeded",
                         checkpoint, date_of(checkpoint, date),
                         pd_gc_safepoint(run->pd, run->ns, run->service), checkpoint);
    }
    pd_resume(run->pd, task);
    return NULL;
}

static const struct verb {
    const char *command;
    br_verb *run;
    bool pd, storage; /* which it needs */
} verbs[] = {
    {"log-status", verb_status, true, false},    {"log-metadata", verb_metadata, false, true},
    {"log-truncate", verb_truncate, false, true}, {"validate-decode", verb_decode, false, true},
    {"log-start", verb_start, true, true},       {"log-stop", verb_stop, true, false},
    {"log-pause", verb_pause, true, false},      {"log-resume", verb_resume, true, false},
};

/* -- the whole ------------------------------------------------------------------------------------- */

/* Service and namespace of --pd=NAME.NS:2379. */
static void find_pd(struct br_run *run)
{
    const char *address = br_flag(run->call->words, "pd");
    address = address ? address : "";
    if (str_starts(address, "http"))
        address = strstr(address, "://") ? strstr(address, "://") + 3 : address;
    size_t n = strcspn(address, ".:");
    run->service = xstrndup(address, n);
    run->ns = address[n] == '.' ? xstrndup(address + n + 1, strcspn(address + n + 1, ".:")) : xstrdup(run->call->ns);
}

static char *check_pd(const struct br_run *run)
{
    const struct pd_service *ordered = pd_service_find(run->pd, run->ns, run->service);
    struct sim *sim = run->call->sim;
    const char *address = br_flag(run->call->words, "pd");
    if (!address)
        return xstrdup("the command needs access to PD, please specify `-u` or `--pd`: "
                       "[BR:Common:ErrInvalidArgument]invalid argument");
    bool tls = (ordered && ordered->tls) || cluster_pd_is_tls(sim, run->ns, run->service);
    if (store_get(sim->store, kind_of(KIND_SERVICE), run->ns, run->service) && !(ordered && ordered->unreachable) &&
        (!tls || br_flag(run->call->words, "ca")))
        return NULL;
    return xasprintf("pd address (%s) not available, please check network: "
                     "[BR:PD:ErrPDUpdateFailed]failed to update PD",
                     address);
}

static char *check_storage(const struct br_run *run)
{
    if (!*run->storage)
        return xstrdup("empty store is not allowed: [BR:ExternalStorage:ErrStorageInvalidConfig]invalid external "
                       "storage config");
    if (!strstr(run->storage, "denied"))
        return NULL;
    return xstrdup("check permission ListObjects failed due to permission denied: AccessDenied: Access Denied status "
                   "code: 403: [BR:ExternalStorage:ErrStorageInvalidPermission]external storage permission");
}

static char *carry_out(struct br_run *run, const char *command)
{
    const char *flag = br_unknown_flag(run->call->words);
    if (flag)
        return xasprintf("unknown flag: %.*s", (int)strcspn(flag, "="), flag);
    if (run->call->failure)
        return xstrdup(run->call->failure);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].command, command) != 0)
            continue;
        char *why = verbs[i].pd ? check_pd(run) : NULL;
        if (!why && verbs[i].storage)
            why = check_storage(run);
        return why ? why : verbs[i].run(run);
    }
    return str_starts(command, "backup") || str_starts(command, "restore")
               ? NULL
               : xasprintf("unknown command \"%s\" for \"br\"", command);
}

static char *spaced(const char *command)
{
    char *words = xstrdup(command);
    char *dash = strchr(words, '-');
    if (dash)
        *dash = ' ';
    return words;
}

void br_begin(const struct br_call *call, struct str *out)
{
    char command[64];
    char *words = spaced(br_command(call->words, command, sizeof command));
    if (call->log_to_term) {
        br_line(out, "INFO", "info.go:49",
                "[\"Welcome to Backup & Restore (BR)\"] [release-version=v8.5.0] "
                "[git-hash=d13e52ed6e22cc5789bed7c64c861578cd2ed55b] [git-branch=HEAD] [go-version=go1.23.3]");
        br_line(out, "INFO", "common.go:914", "[arguments] [__command=\"br %s\"]", words);
    } else {
        char now[CLOCK_TEXT_MAX];
        clock_format_rfc3339(clock_wall_ms(), now);
        str_addf(out, "Detail BR log in /tmp/br.log.%s \n", now);
    }
    free(words);
}

int br_finish(const struct br_call *call, struct str *out)
{
    char command[64];
    const char *task = br_flag(call->words, "task-name"), *storage = br_flag(call->words, "storage");
    struct br_run run = {.call = call,
                         .pd = operator_pd(call->sim->operator_),
                         .task = task ? task : "",
                         .storage = storage ? storage : "",
                         .out = out};
    br_command(call->words, command, sizeof command);
    char *words = spaced(command);
    find_pd(&run);
    tasks_adopt(call->sim->operator_, run.ns, run.service);
    char *why = carry_out(&run, command);
    if (why && call->log_to_term)
        br_error_lines(out, words, call->source ? call->source : "main.go:38", why);
    else if (!why && call->log_to_term && !strstr("log-status validate-decode", command))
        br_line(out, "INFO", "collector.go:77", "[\"%s success summary\"] [total-ranges=0] [total-take=1.2s]", words);
    if (why)
        str_addf(out, "Error: %s\n", why);
    int code = why ? 1 : 0;
    free(why);
    free(words);
    free(run.service);
    free(run.ns);
    return code;
}
