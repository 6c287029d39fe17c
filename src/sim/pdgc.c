/* pdgc.c - until where PD lets GC go: service safepoints of log tasks, and the GC safepoint that follows them. */
#include <config.h>

#include <string.h>

#include <brdeck/base/clock.h>

#include "pd.h"

enum { TSO_SHIFT = 18, GC_LIFE_MS = 10 * 60 * 1000, START_TTL_MS = 30 * 60 * 1000, PAUSE_TTL_MS = 24 * 3600 * 1000 };

bool pd_is_guarded(const struct pd_task *task) { return task->paused && task->paused_by_error; }

void pd_hold_pause(struct pd_task *task, int64_t at_ms, int64_t ttl_ms)
{
    task->hold_until_ms = at_ms + (ttl_ms ? ttl_ms : PAUSE_TTL_MS);
    task->hold_tso = 0;
}

void pd_hold_resume(const struct pd *pd, struct pd_task *task)
{
    task->hold_tso = pd_checkpoint(pd, task) - 1;
    task->hold_until_ms = clock_wall_ms() + START_TTL_MS;
}

uint64_t pd_hold_tso(const struct pd *pd, const struct pd_task *task)
{
    return task->hold_tso ? task->hold_tso : pd_checkpoint(pd, task) - 1;
}

static void lower(uint64_t *tso, uint64_t to)
{
    if (to < *tso)
        *tso = to;
}

uint64_t pd_gc_safepoint(const struct pd *pd, const char *ns, const char *service)
{
    const struct pd_service *ordered = pd_service_find(pd, ns, service);
    int64_t now = clock_wall_ms();
    if (ordered && ordered->gc_tso)
        return ordered->gc_tso;
    if (ordered && ordered->gc_age_ms)
        return (uint64_t)(now - ordered->gc_age_ms) << TSO_SHIFT;
    uint64_t safepoint = (uint64_t)(now - GC_LIFE_MS) << TSO_SHIFT;
    for (const struct pd_task *task = pd->first; task; task = task->next) {
        if (strcmp(task->ns, ns) != 0 || strcmp(task->service, service) != 0)
            continue;
        if (!task->paused)
            lower(&safepoint, pd_checkpoint(pd, task) - 1);
        if (task->hold_until_ms > now)
            lower(&safepoint, pd_hold_tso(pd, task));
    }
    return safepoint;
}

bool pd_gc_has_passed(const struct pd *pd, const struct pd_task *task)
{
    return pd_checkpoint(pd, task) <= pd_gc_safepoint(pd, task->ns, task->service);
}
