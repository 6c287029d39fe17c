/* timers.h - what is due later, in one heap. The struct lies in its owner. */
#ifndef BRDECK_SIM_TIMERS_H
#define BRDECK_SIM_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void timer_fn(void *arg);

struct timer {
    timer_fn *fn;
    void *arg;
    int64_t at_ms;   /* monotonic */
    size_t position; /* in the heap, from 1; 0: not set */
};

struct timers {
    struct timer **heap;
    size_t count, cap;
};

void timers_init(struct timers *timers);
/* Forgets what is set; owners free themselves. */
void timers_done(struct timers *timers);
void timer_init(struct timer *timer, timer_fn *fn, void *arg);
/* Fire once in @delay_ms; setting it again moves it. */
void timer_set(struct timers *timers, struct timer *timer, int64_t delay_ms);
void timer_cancel(struct timers *timers, struct timer *timer); /* harmless when not set */
/* How long one may wait: 0 when something is due, at most @limit_ms. */
int64_t timers_wait_ms(const struct timers *timers, int64_t limit_ms);
/* Call what is due; a callback may set, cancel and free anything. */
void timers_run(struct timers *timers);

#endif
