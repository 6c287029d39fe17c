/* loop.h - one thread, one wait.
 *
 * A loop owns the process's CURLM and waits in curl_multi_poll for transfers,
 * file descriptors, timers, signals and children; nothing else in brdeck
 * blocks. A turn: wait, run what is due, do sliced work for at most 4 ms, then
 * call the end-of-turn hook (where the screen is painted).
 *
 * Every callback may add or remove anything, itself included.
 */
#ifndef BRDECK_BASE_LOOP_H
#define BRDECK_BASE_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>

struct loop;
typedef void loop_fn(void *arg);

enum { LOOP_SLICE_US = 4000 }; /* sliced work a turn, all of it together */

/* NULL and @err when curl or a pipe cannot be had. */
struct loop *loop_new(struct error *err);
/* Ends what is left: transfers are removed and children killed without their callback,
 * watches are freed, timers and works are at rest. Free whoever holds one of them first. */
void loop_free(struct loop **loop);

/* Turn until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One turn that waits at most @max_wait_ms; for tests and start-up. */
void loop_turn(struct loop *loop, int64_t max_wait_ms);
/* Called at the end of each turn. One hook; NULL removes it. */
void loop_on_turn(struct loop *loop, loop_fn *fn, void *arg);

/* -- timers: the struct lies in its owner ---------------------------------- */
struct loop_timer {
    struct loop *loop;
    loop_fn *fn;
    void *arg;
    int64_t at_us;   /* monotonic */
    size_t position; /* in the heap, from 1; 0: not set */
};
void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_fn *fn, void *arg);
/* Fire once, @delay_ms from now; setting it again moves it. */
void loop_timer_set(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_cancel(struct loop_timer *timer); /* harmless when not set */
bool loop_timer_is_set(const struct loop_timer *timer);

/* -- sliced work: the struct lies in its owner ------------------------------ */
/* Work until it is done (false) or clock_mono_us() has reached @until_us (true:
 * more to do; it is called again next turn, and the loop does not wait). */
typedef bool loop_work_fn(void *arg, int64_t until_us);
struct loop_work {
    struct loop *loop;
    loop_work_fn *fn;
    void *arg;
    struct loop_work *prev, *next; /* in the loop's ring; NULL: at rest */
};
void loop_work_init(struct loop_work *work, struct loop *loop, loop_work_fn *fn, void *arg);
void loop_work_start(struct loop_work *work); /* harmless when started */
void loop_work_cancel(struct loop_work *work);

/* -- file descriptors ------------------------------------------------------- */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };
struct loop_fd;
/* @ready is a mask of LOOP_*; an error or hang-up sets what was asked for. */
typedef void loop_fd_fn(void *arg, unsigned ready);
/* The caller keeps @fd open until the watch is freed. */
struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg);
void loop_fd_set_events(struct loop_fd *watch, unsigned events); /* 0: none for now */
void loop_fd_free(struct loop_fd **watch);

/* -- signals: the handler only marks and wakes; @fn runs in the loop --------- */
/* Signals are of the process: one loop at a time may ask for one. NULL @fn
 * restores the default. */
void loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *arg);

/* -- curl transfers ---------------------------------------------------------- */
typedef void loop_curl_fn(void *arg, CURLcode code);
/* Start @easy, the caller's. When it ends it is taken out of the multi handle and
 * then @done is called, once. Uses CURLOPT_PRIVATE. */
void loop_curl_add(struct loop *loop, CURL *easy, loop_curl_fn *done, void *arg);
/* End it without its callback; harmless when it is not running. Must not be called
 * from a curl callback of any transfer (write, header...): such a callback
 * marks, and a timer of 0 ms or a work does it. */
void loop_curl_remove(struct loop *loop, CURL *easy);

#endif
