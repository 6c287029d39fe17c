/* loop_private.h - what the files of the loop share, and what child.c keeps with it. */
#ifndef BRDECK_BASE_LOOP_PRIVATE_H
#define BRDECK_BASE_LOOP_PRIVATE_H

#include <signal.h>

#include <brdeck/base/loop.h>

struct child;

/* Children that were started in a loop and are not reaped. @drop is called by
 * loop_free when it is set. */
struct loop_children {
    struct child *first;
    void (*drop)(struct loop_children *children);
};

struct loop_children *loop_children(struct loop *loop);

struct loop_signal {
    loop_fn *fn; /* NULL: not ours */
    void *arg;
};

struct loop_transfer;

struct loop {
    CURLM *multi;
    bool stop;
    bool turning;    /* a turn is under way: watches that are freed stay until its end */
    bool performing; /* inside curl: the multi handle must not be touched */

    int wake[2]; /* a signal handler writes to [1] */
    struct loop_signal signals[NSIG];

    struct loop_timer **heap; /* binary, by at_us: [0] is the first to fire */
    size_t heap_len, heap_cap;
    int64_t firing_us; /* timers up to this time are being fired */

    struct loop_fd **fds;
    size_t fds_len, fds_cap;
    struct curl_waitfd *waits;  /* of this turn: the wake pipe, then @waiting's */
    struct loop_fd **waiting;   /* whose turn it may be */
    struct loop_fd *dead;       /* freed in this turn */

    struct loop_work works;     /* head of the ring */
    struct loop_work *running;  /* until it is cancelled or starts itself */

    struct loop_transfer *transfers;
    bool transfers_wait; /* some were added from within curl */

    loop_fn *turn_fn;
    void *turn_arg;
    struct loop_children children;
};

/* The time in ms to the first timer, rounded up; @most when that is later. */
int64_t loop_timers_wait(const struct loop *loop, int64_t most);
void loop_timers_fire(struct loop *loop);
void loop_timers_drop(struct loop *loop);

bool loop_signals_init(struct loop *loop, struct error *err);
void loop_signals_run(struct loop *loop);
void loop_signals_done(struct loop *loop);

/* One round of curl_multi_perform, then the callbacks of what ended. */
void loop_curl_run(struct loop *loop);
void loop_curl_drop(struct loop *loop);

#endif
