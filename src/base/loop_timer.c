#include <config.h>

#include <brdeck/base/loop.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "base/loop_private.h"

/* Far enough to be never, near enough that sums do not overflow. */
#define DELAY_MAX_MS (INT64_MAX / 4000)

static void put(struct loop *loop, size_t position, struct loop_timer *timer)
{
    loop->heap[position - 1] = timer;
    timer->position = position;
}

/* Find the place for @timer, beginning at the free @position. */
static void sift(struct loop *loop, size_t position, struct loop_timer *timer)
{
    while (position > 1 && loop->heap[position / 2 - 1]->at_us > timer->at_us) {
        put(loop, position, loop->heap[position / 2 - 1]);
        position /= 2;
    }
    for (size_t child; (child = position * 2) <= loop->heap_len; position = child) {
        if (child < loop->heap_len && loop->heap[child]->at_us < loop->heap[child - 1]->at_us)
            child++;
        if (loop->heap[child - 1]->at_us >= timer->at_us)
            break;
        put(loop, position, loop->heap[child - 1]);
    }
    put(loop, position, timer);
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_fn *fn, void *arg)
{
    *timer = (struct loop_timer){.loop = loop, .fn = fn, .arg = arg};
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
    struct loop *loop = timer->loop;
    if (delay_ms < 0)
        delay_ms = 0;
    if (delay_ms > DELAY_MAX_MS)
        delay_ms = DELAY_MAX_MS;
    timer->at_us = clock_mono_us() + delay_ms * 1000;
    if (timer->at_us <= loop->firing_us) /* one that sets itself anew must not keep the turn */
        timer->at_us = loop->firing_us + 1;
    if (timer->position == 0) {
        if (loop->heap_len == loop->heap_cap) {
            loop->heap_cap = loop->heap_cap ? loop->heap_cap * 2 : 32;
            loop->heap = xreallocarray(loop->heap, loop->heap_cap, sizeof(*loop->heap));
        }
        timer->position = ++loop->heap_len;
    }
    sift(loop, timer->position, timer);
}

void loop_timer_cancel(struct loop_timer *timer)
{
    if (timer->position == 0)
        return;
    struct loop *loop = timer->loop;
    struct loop_timer *last = loop->heap[--loop->heap_len];
    if (last != timer)
        sift(loop, timer->position, last);
    timer->position = 0;
}

bool loop_timer_is_set(const struct loop_timer *timer) { return timer->position != 0; }

int64_t loop_timers_wait(const struct loop *loop, int64_t most)
{
    if (loop->heap_len == 0)
        return most;
    int64_t left_us = loop->heap[0]->at_us - clock_mono_us();
    int64_t left_ms = left_us > 0 ? (left_us + 999) / 1000 : 0;
    return left_ms < most ? left_ms : most;
}

void loop_timers_fire(struct loop *loop)
{
    loop->firing_us = clock_mono_us();
    while (loop->heap_len && loop->heap[0]->at_us <= loop->firing_us) {
        struct loop_timer *timer = loop->heap[0];
        loop_timer_cancel(timer);
        timer->fn(timer->arg);
    }
    loop->firing_us = 0;
}

void loop_timers_drop(struct loop *loop)
{
    for (size_t i = 0; i < loop->heap_len; i++)
        loop->heap[i]->position = 0;
    free(loop->heap);
}
