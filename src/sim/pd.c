#include <config.h>

#include "pd.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

enum { TICK_MS = 5000, TSO_SHIFT = 18 };

void pd_init(struct pd *pd, double speed)
{
    int64_t tick = (int64_t)(TICK_MS / speed);
    *pd = (struct pd){.tick_ms = tick > 50 ? tick : 50};
}

void pd_clear_errors(struct pd_task *task)
{
    while (task->errors) {
        struct pd_error *error = task->errors;
        task->errors = error->next;
        free(error->code);
        free(error->message);
        free(error);
    }
}

static void forget_pause(struct pd_task *task)
{
    free(task->paused_by);
    free(task->paused_why);
    task->paused_by = task->paused_why = NULL;
    task->paused = task->paused_by_error = task->paused_bare = false;
}

static void task_free(struct pd_task *task)
{
    pd_clear_errors(task);
    forget_pause(task);
    free(task->service);
    free(task->ns);
    free(task->name);
    free(task->key);
    free(task->storage);
    free(task);
}

static bool is_lost(const struct pd_lost *lost, const char *ns, const char *service, const char *name)
{
    return strcmp(lost->name, name) == 0 && strcmp(lost->service, service) == 0 && strcmp(lost->ns, ns) == 0;
}

/* Take @*at out of its list. */
static void lost_free(struct pd_lost **at)
{
    struct pd_lost *lost = *at;
    *at = lost->next;
    free(lost->ns);
    free(lost->service);
    free(lost->name);
    free(lost);
}

bool pd_has_lost(const struct pd *pd, const char *ns, const char *service, const char *name)
{
    const struct pd_lost *lost = pd->lost;
    while (lost && !is_lost(lost, ns, service, name))
        lost = lost->next;
    return lost;
}

static void remember_lost(struct pd *pd, const struct pd_task *task)
{
    if (pd_has_lost(pd, task->ns, task->service, task->name))
        return;
    struct pd_lost *lost = xcalloc(1, sizeof *lost);
    lost->ns = xstrdup(task->ns);
    lost->service = xstrdup(task->service);
    lost->name = xstrdup(task->name);
    lost->next = pd->lost;
    pd->lost = lost;
}

void pd_done(struct pd *pd)
{
    HASH_CLEAR(hh, pd->by_key);
    while (pd->first) {
        struct pd_task *task = pd->first;
        pd->first = task->next;
        task_free(task);
    }
    while (pd->lost)
        lost_free(&pd->lost);
    while (pd->services) {
        struct pd_service *service = pd->services;
        pd->services = service->next;
        free(service->ns);
        free(service->name);
        free(service);
    }
}

struct pd_task *pd_find(const struct pd *pd, const char *ns, const char *service, const char *name)
{
    for (struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->name, name) == 0 && strcmp(task->ns, ns) == 0 && strcmp(task->service, service) == 0)
            return task;
    return NULL;
}

struct pd_task *pd_other(const struct pd *pd, const char *ns, const char *service, const char *name)
{
    for (struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->service, service) == 0 && strcmp(task->ns, ns) == 0 && strcmp(task->name, name) != 0)
            return task;
    return NULL;
}

struct pd_task *pd_start(struct pd *pd, const char *ns, const char *service, const char *name, const char *storage,
                         uint64_t start_tso)
{
    struct pd_task *old = pd_find(pd, ns, service, name);
    if (old)
        pd_stop(pd, old);
    struct pd_lost **lost = &pd->lost;
    while (*lost && !is_lost(*lost, ns, service, name))
        lost = &(*lost)->next;
    if (*lost)
        lost_free(lost);
    struct pd_task *task = xcalloc(1, sizeof *task);
    task->ns = xstrdup(ns);
    task->service = xstrdup(service);
    task->name = xstrdup(name);
    task->storage = xstrdup(storage);
    task->start_tso = start_tso;
    task->lag_ms = 2000;
    task->key = xasprintf("%s/%s", ns, name);
    task->next = pd->first;
    pd->first = task;
    HASH_ADD_KEYPTR(hh, pd->by_key, task->key, strlen(task->key), task);
    return task;
}

static int64_t checkpoint_ms(const struct pd *pd, const struct pd_task *task)
{
    if (task->frozen_ms)
        return task->frozen_ms;
    int64_t now = clock_wall_ms() - task->lag_ms, start = (int64_t)(task->start_tso >> TSO_SHIFT);
    int64_t at = now - now % pd->tick_ms;
    return at > start ? at : start;
}

uint64_t pd_checkpoint(const struct pd *pd, const struct pd_task *task)
{
    return task->fixed_tso ? task->fixed_tso : (uint64_t)checkpoint_ms(pd, task) << TSO_SHIFT;
}

void pd_pause(struct pd *pd, struct pd_task *task, const struct pd_pause *how)
{
    int64_t now = clock_wall_ms(), at = how && how->at_ms ? how->at_ms : now;
    task->frozen_ms = checkpoint_ms(pd, task);
    if (at < task->frozen_ms) /* it has stood since then */
        task->frozen_ms = at;
    forget_pause(task);
    task->paused = true;
    task->paused_ms = at;
    task->paused_pid = how && how->pid ? how->pid : 17;
    task->paused_by = xstrdup(how ? how->by : NULL);
    task->paused_why = xstrdup(how ? how->why : NULL);
    task->paused_by_error = how && how->by_error;
    task->paused_bare = how && how->bare;
    pd_hold_pause(task, at, how ? how->ttl_ms : 0);
}

void pd_resume(const struct pd *pd, struct pd_task *task)
{
    pd_hold_resume(pd, task);
    forget_pause(task);
    pd_clear_errors(task);
    task->frozen_ms = 0;
    task->fixed_tso = 0;
    task->asleep = false;
}

void pd_stop(struct pd *pd, struct pd_task *task)
{
    for (struct pd_task **at = &pd->first; *at; at = &(*at)->next)
        if (*at == task) {
            *at = task->next;
            HASH_DEL(pd->by_key, task);
            remember_lost(pd, task);
            task_free(task);
            return;
        }
}

void pd_set_error(struct pd_task *task, uint64_t store, const char *code, const char *message, int64_t at_ms)
{
    struct pd_error *error = task->errors;
    while (error && error->store != store)
        error = error->next;
    if (!error) {
        error = xcalloc(1, sizeof *error);
        error->store = store;
        error->next = task->errors;
        task->errors = error;
    }
    free(error->code);
    free(error->message);
    error->code = xstrdup(code);
    error->message = xstrdup(message);
    error->at_ms = at_ms;
}

const struct pd_service *pd_service_find(const struct pd *pd, const char *ns, const char *name)
{
    for (const struct pd_service *service = pd->services; service; service = service->next)
        if (strcmp(service->name, name) == 0 && strcmp(service->ns, ns) == 0)
            return service;
    return NULL;
}
