#include <config.h>

#include "timers.h"

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

void timers_init(struct timers *timers) { *timers = (struct timers){0}; }

void timers_done(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++)
        timers->heap[i]->position = 0;
    free(timers->heap);
    *timers = (struct timers){0};
}

void timer_init(struct timer *timer, timer_fn *fn, void *arg) { *timer = (struct timer){.fn = fn, .arg = arg}; }

static void place(struct timers *timers, size_t at, struct timer *timer)
{
    timers->heap[at] = timer;
    timer->position = at + 1;
}

static void sift_up(struct timers *timers, size_t at)
{
    struct timer *timer = timers->heap[at];
    while (at > 0 && timers->heap[(at - 1) / 2]->at_ms > timer->at_ms) {
        place(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(timers, at, timer);
}

static void sift_down(struct timers *timers, size_t at)
{
    struct timer *timer = timers->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && timers->heap[child + 1]->at_ms < timers->heap[child]->at_ms)
            child++;
        if (timers->heap[child]->at_ms >= timer->at_ms)
            break;
        place(timers, at, timers->heap[child]);
        at = child;
    }
    place(timers, at, timer);
}

void timer_cancel(struct timers *timers, struct timer *timer)
{
    if (!timer->position)
        return;
    size_t at = timer->position - 1;
    timer->position = 0;
    struct timer *last = timers->heap[--timers->count];
    if (last == timer)
        return;
    place(timers, at, last);
    sift_up(timers, at);
    sift_down(timers, last->position - 1);
}

void timer_set(struct timers *timers, struct timer *timer, int64_t delay_ms)
{
    timer_cancel(timers, timer);
    if (timers->count == timers->cap) {
        timers->cap = timers->cap ? 2 * timers->cap : 64;
        timers->heap = xreallocarray(timers->heap, timers->cap, sizeof(struct timer *));
    }
    timer->at_ms = clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
    place(timers, timers->count++, timer);
    sift_up(timers, timers->count - 1);
}

int64_t timers_wait_ms(const struct timers *timers, int64_t limit_ms)
{
    if (timers->count == 0)
        return limit_ms;
    int64_t left = timers->heap[0]->at_ms - clock_mono_ms();
    return left < 0 ? 0 : left < limit_ms ? left : limit_ms;
}

void timers_run(struct timers *timers)
{
    int64_t now = clock_mono_ms();
    while (timers->count && timers->heap[0]->at_ms <= now) {
        struct timer *timer = timers->heap[0];
        timer_cancel(timers, timer);
        timer->fn(timer->arg);
    }
}
