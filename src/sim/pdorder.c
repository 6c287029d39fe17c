#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "decide.h"
#include "pd.h"

enum { TSO_SHIFT = 18 };

/* A wall time, or how long ago ("3h"); @other where there is none. */
static int64_t time_at(const struct json *object, const char *key, int64_t other)
{
    const char *text = json_string(object, key);
    int64_t ms;
    if (clock_parse_rfc3339(text, &ms))
        return ms;
    return clock_parse_span(text, &ms) ? clock_wall_ms() - ms : other;
}

static void order_gc(struct pd_service *service, const struct json *gc)
{
    service->gc_tso = 0;
    if (!clock_parse_span(json_text(gc), &service->gc_age_ms)) {
        service->gc_age_ms = 0;
        service->gc_tso = json_text(gc) ? decide_tso(json_text(gc)) : 0;
    }
}

/* Until when PD keeps what a pause needs: from now, or a time; false: nothing is kept. */
static void order_keeps(struct pd_task *task, const struct json *keeps)
{
    int64_t ms;
    task->hold_until_ms = 0;
    if (!clock_parse_rfc3339(json_text(keeps), &task->hold_until_ms) && clock_parse_span(json_text(keeps), &ms))
        task->hold_until_ms = clock_wall_ms() + ms;
}

static bool order_service(struct pd *pd, const char *ns, const char *name, const struct json *order, struct error *err)
{
    const struct json *unreachable = json_get(order, "unreachable"), *tls = json_get(order, "tls");
    const struct json *gc = json_get(order, "gc");
    if (!unreachable && !tls && !gc)
        return error_set(err, ERROR_INPUT, "nothing is ordered: name a task, or \"unreachable\", \"tls\" or \"gc\"");
    struct pd_service *service = (struct pd_service *)(uintptr_t)pd_service_find(pd, ns, name);
    if (!service) {
        service = xcalloc(1, sizeof *service);
        service->ns = xstrdup(ns);
        service->name = xstrdup(name);
        service->next = pd->services;
        pd->services = service;
    }
    if (unreachable)
        service->unreachable = json_is_true(unreachable);
    if (tls)
        service->tls = json_is_true(tls);
    if (gc)
        order_gc(service, gc);
    return true;
}

static void order_pause(struct pd *pd, struct pd_task *task, const struct json *paused)
{
    if (json_type(paused) == JSON_BOOL && !json_is_true(paused)) {
        pd_resume(pd, task);
        return;
    }
    const char *by = json_string(paused, "by");
    struct pd_pause how = {.by = by ? by : "host-7",
                           .why = json_string(paused, "why"),
                           .pid = 4711,
                           .at_ms = time_at(paused, "at", 0),
                           .by_error = str_same(json_string(paused, "severity"), "ERROR"),
                           .bare = json_is_true(json_get(paused, "bare"))};
    json_int(json_get(paused, "pid"), &how.pid);
    pd_pause(pd, task, &how);
}

static void order_error(struct pd_task *task, const struct json *error)
{
    uint64_t store = 4;
    const char *code = json_string(error, "code"), *message = json_string(error, "message");
    if (json_type(error) != JSON_OBJECT) {
        pd_clear_errors(task);
        return;
    }
    json_uint(json_get(error, "store"), &store);
    pd_set_error(task, store, code ? code : "KV:LogBackup:RaftReq",
                 message ? message : "retryable failed: failed to put object to s3: timeout",
                 time_at(error, "at", clock_wall_ms()));
}

static void order_checkpoint(struct pd_task *task, const struct json *order)
{
    const char *fixed = json_string(order, "checkpoint");
    int64_t lag;
    if (clock_parse_span(json_string(order, "lag"), &lag)) {
        task->lag_ms = lag;
        task->fixed_tso = 0;
        if (!task->paused)
            task->frozen_ms = 0;
        else
            task->frozen_ms = clock_wall_ms() - lag;
    }
    if (fixed)
        task->fixed_tso = decide_tso(fixed);
}

static struct pd_task *add_task(struct pd *pd, const char *ns, const char *service, const char *name,
                                const struct json *add)
{
    const char *storage = json_string(add, "storage");
    int64_t start = time_at(add, "start", clock_wall_ms() - 3600 * 1000);
    storage = storage ? storage : "s3://backups/of/somebody";
    return pd_start(pd, ns, service, name, storage, (uint64_t)start << TSO_SHIFT);
}

/* Of that PD; where none is named, of any of the namespace. */
static struct pd_task *find_task(const struct pd *pd, const char *ns, const char *service, const char *name)
{
    if (service)
        return pd_find(pd, ns, service, name);
    for (struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->name, name) == 0 && strcmp(task->ns, ns) == 0)
            return task;
    return NULL;
}

bool pd_order(struct pd *pd, const struct json *order, struct error *err)
{
    const char *ns = json_string(order, "namespace"), *service = json_string(order, "service");
    const char *name = json_string(order, "task");
    const struct json *add = json_get(order, "add");
    if (!ns)
        return error_set(err, ERROR_INPUT, "\"namespace\" is needed: of PD's Service");
    if (!name && !service)
        return error_set(err, ERROR_INPUT, "\"task\" or \"service\" is needed");
    if (!name)
        return order_service(pd, ns, service, order, err);
    if (add && !service)
        return error_set(err, ERROR_INPUT, "\"service\" is needed: of which PD the new task is");
    struct pd_task *task = add ? add_task(pd, ns, service, name, add) : find_task(pd, ns, service, name);
    if (!task)
        return error_set(err, ERROR_INPUT, "PD has no task %s in %s; \"add\" makes one", name, ns);
    if (json_is_true(json_get(order, "remove"))) {
        pd_stop(pd, task);
        return true;
    }
    order_checkpoint(task, order);
    if (json_get(order, "paused"))
        order_pause(pd, task, json_get(order, "paused"));
    if (json_get(order, "keeps"))
        order_keeps(task, json_get(order, "keeps"));
    if (json_get(order, "error"))
        order_error(task, json_get(order, "error"));
    return true;
}
