/* PD's tasks of Backups that nobody started here: they were loaded with the fleet, or their status was written by
 * hand. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "cluster.h"
#include "operator_private.h"
#include "sim.h"

int64_t cr_gc_ttl_ms(const struct json *backup)
{
    static const char flag[] = "--gc-ttl=";
    int64_t ttl_s = 0;
    JSON_EACH(option, json_at(backup, "spec", "br", "options", NULL))
        if (json_text(option) && str_starts(json_text(option), flag))
            ttl_s = strtoll(json_text(option) + strlen(flag), NULL, 10);
    return ttl_s > 0 && ttl_s < INT32_MAX ? ttl_s * 1000 : 0;
}

struct pd_task *task_adopt(struct operator *op, const struct json *backup)
{
    struct pd *pd = &op->pd;
    const char *ns = cr_text(backup, "metadata", "namespace"), *name = cr_text(backup, "metadata", "name");
    char *service = run_pd_service(op->sim, backup);
    struct pd_task *task = pd_find(pd, ns, service, name);
    const char *phase = cr_text(backup, "status", "phase");
    bool paused = strcmp(phase, "Paused") == 0;
    uint64_t start = decide_tso(cr_text(backup, "status", "commitTs"));
    if (task || !start || (!paused && strcmp(phase, "Running") != 0) || pd_has_lost(pd, ns, service, name)) {
        free(service);
        return task;
    }
    char *path = run_backup_path(backup);
    const struct json *entry = json_at(backup, "status", "logSubCommandStatuses", "log-pause", NULL);
    char *host = xasprintf("backup-%s-log-pause-7h2xq", name);
    int64_t paused_ms = 0;
    clock_parse_rfc3339(json_string(entry, "timeCompleted"), &paused_ms);
    task = pd_start(pd, ns, service, name, path, start);
    if (paused)
        pd_pause(pd, task, &(struct pd_pause){.by = host, .pid = 1, .at_ms = paused_ms,
                                                  .ttl_ms = cr_gc_ttl_ms(backup)});
    task->asleep = true;
    task->fixed_tso = decide_tso(cr_text(backup, "status", "logCheckpointTs"));
    free(service);
    free(path);
    free(host);
    return task;
}

void task_wake(struct pd_task *task)
{
    if (task->asleep)
        task->fixed_tso = 0;
    task->asleep = false;
}

/* At a glance: most objects are not worth being parsed. */
static bool may_have_task(const char *text, const char *mark)
{
    return strstr(text, mark) && (strstr(text, "\"phase\":\"Running\"") || strstr(text, "\"phase\":\"Paused\""));
}

void tasks_adopt(struct operator *op, const char *ns, const char *service)
{
    static const enum kind_id kinds[] = {KIND_BACKUP, KIND_V1_BACKUP};
    struct json *cluster = cluster_of_pd(op->sim, ns, service);
    const char *name = json_text(json_at(cluster, "metadata", "name", NULL));
    char *mark = xasprintf("\"cluster\":\"%s\"", name ? name : "");
    for (size_t k = 0; name && k < ARRAY_LEN(kinds); k++) {
        struct object *const *first;
        size_t count = store_range(op->sim->store, kind_of(kinds[k]), ns, &first);
        for (size_t i = 0; i < count; i++) {
            const char *text = first[i]->text->text;
            if (!may_have_task(text, mark) || pd_find(&op->pd, ns, service, first[i]->name))
                continue;
            struct json *backup = json_parse(text, first[i]->text->len, NULL);
            if (cr_is_log(backup))
                task_adopt(op, backup);
            json_free(&backup);
        }
    }
    free(mark);
    json_free(&cluster);
}

bool operator_order_pd(struct operator *op, const struct json *order, struct error *err)
{
    const char *ns = json_string(order, "namespace"), *name = json_string(order, "task");
    static const enum kind_id kinds[] = {KIND_BACKUP, KIND_V1_BACKUP};
    for (size_t k = 0; ns && name && k < ARRAY_LEN(kinds); k++) {
        struct json *backup = store_read(op->sim->store, kind_of(kinds[k]), ns, name);
        if (cr_is_log(backup))
            task_adopt(op, backup);
        json_free(&backup);
    }
    return pd_order(&op->pd, order, err);
}
