#include <config.h>

#include <brdeck/base/loop.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "base/loop_private.h"

/* Kept by curl, those in use counted: an HTTP/1.1 server needs one for each watch, and
 * with no room beside them no request would find an open one. */
enum { CONNECTIONS_KEPT = 128 };

struct loop_fd {
    struct loop *loop;
    int fd;
    unsigned events;
    loop_fd_fn *fn; /* NULL: freed */
    void *arg;
    size_t index;         /* in loop->fds */
    struct loop_fd *next; /* among the dead */
};

/* -- its life ------------------------------------------------------------------ */

struct loop *loop_new(struct error *err)
{
    struct loop *loop = xcalloc(1, sizeof *loop);
    loop->works.prev = loop->works.next = &loop->works;
    loop->waits = xcalloc(1, sizeof *loop->waits);
    loop->wake[0] = loop->wake[1] = -1;
    if (!loop_signals_init(loop, err)) {
        loop_free(&loop);
        return NULL;
    }
    loop->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
    if (!loop->multi) {
        loop_free(&loop);
        error_set(err, ERROR_SYSTEM, "libcurl does not start");
        return NULL;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return loop;
}

static void bury(struct loop *loop)
{
    while (loop->dead) {
        struct loop_fd *watch = loop->dead;
        loop->dead = watch->next;
        free(watch);
    }
}

void loop_free(struct loop **ptr)
{
    struct loop *loop = *ptr;
    *ptr = NULL;
    if (!loop)
        return;
    if (loop->children.drop)
        loop->children.drop(&loop->children);
    while (loop->works.next != &loop->works)
        loop_work_cancel(loop->works.next);
    while (loop->fds_len) {
        struct loop_fd *last = loop->fds[loop->fds_len - 1];
        loop_fd_free(&last);
    }
    bury(loop);
    loop_timers_drop(loop);
    loop_curl_drop(loop);
    if (loop->multi)
        curl_multi_cleanup(loop->multi);
    loop_signals_done(loop);
    free(loop->fds);
    free(loop->waits);
    free(loop->waiting);
    free(loop);
}

struct loop_children *loop_children(struct loop *loop) { return &loop->children; }

/* -- file descriptors ------------------------------------------------------------ */

struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
    if (loop->fds_len == loop->fds_cap) {
        loop->fds_cap = loop->fds_cap ? loop->fds_cap * 2 : 8;
        loop->fds = xreallocarray(loop->fds, loop->fds_cap, sizeof(*loop->fds));
    }
    struct loop_fd *watch = xmalloc(sizeof *watch);
    *watch = (struct loop_fd){.loop = loop, .fd = fd, .events = events, .fn = fn, .arg = arg, .index = loop->fds_len};
    loop->fds[loop->fds_len++] = watch;
    return watch;
}

void loop_fd_set_events(struct loop_fd *watch, unsigned events) { watch->events = events; }

void loop_fd_free(struct loop_fd **ptr)
{
    struct loop_fd *watch = *ptr;
    *ptr = NULL;
    if (!watch)
        return;
    struct loop *loop = watch->loop;
    struct loop_fd *last = loop->fds[--loop->fds_len];
    loop->fds[watch->index] = last;
    last->index = watch->index;
    watch->fn = NULL;
    if (!loop->turning) {
        free(watch);
        return;
    }
    watch->next = loop->dead;
    loop->dead = watch;
}

/* Fill waits and waiting; returns how many watches wait. */
static size_t gather(struct loop *loop)
{
    /* Each turn anew: few are watched, and what is freed and made in a turn
     * must not be taken for what was waited on. */
    loop->waits = xreallocarray(loop->waits, loop->fds_len + 1, sizeof(*loop->waits));
    loop->waiting = xreallocarray(loop->waiting, loop->fds_len + 1, sizeof(*loop->waiting));
    loop->waits[0] = (struct curl_waitfd){.fd = loop->wake[0], .events = CURL_WAIT_POLLIN};
    size_t count = 0;
    for (size_t i = 0; i < loop->fds_len; i++) {
        struct loop_fd *watch = loop->fds[i];
        unsigned events = (watch->events & LOOP_READ ? CURL_WAIT_POLLIN : 0U) |
                          (watch->events & LOOP_WRITE ? CURL_WAIT_POLLOUT : 0U);
        if (!events) /* poll() would wake for its hang-up over and over */
            continue;
        loop->waiting[count++] = watch;
        loop->waits[count] = (struct curl_waitfd){.fd = watch->fd, .events = (short)events};
    }
    return count;
}

static void run_fds(struct loop *loop, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct loop_fd *watch = loop->waiting[i];
        short seen = loop->waits[i + 1].revents, asked = loop->waits[i + 1].events;
        if (!seen || !watch->fn)
            continue;
        unsigned ready = (seen & CURL_WAIT_POLLIN ? LOOP_READ : 0U) | (seen & CURL_WAIT_POLLOUT ? LOOP_WRITE : 0U);
        if (seen & ~asked) /* curl tells of errors and hang-ups as POLLIN, asked for or not */
            ready = LOOP_READ | LOOP_WRITE;
        ready &= watch->events; /* which a callback of this turn may have changed */
        if (ready)
            watch->fn(watch->arg, ready);
    }
}

/* -- sliced work ------------------------------------------------------------------ */

void loop_work_init(struct loop_work *work, struct loop *loop, loop_work_fn *fn, void *arg)
{
    *work = (struct loop_work){.loop = loop, .fn = fn, .arg = arg};
}

void loop_work_start(struct loop_work *work)
{
    if (work->next)
        return;
    struct loop_work *head = &work->loop->works;
    work->prev = head->prev;
    work->next = head;
    head->prev->next = work;
    head->prev = work;
}

static void unlink_work(struct loop_work *work)
{
    if (!work->next)
        return;
    work->prev->next = work->next;
    work->next->prev = work->prev;
    work->prev = work->next = NULL;
}

void loop_work_cancel(struct loop_work *work)
{
    if (!work->loop)
        return;
    unlink_work(work);
    if (work->loop->running == work)
        work->loop->running = NULL;
}

/* Each work once, the oldest first, until the time of the turn is used up. */
static void run_works(struct loop *loop)
{
    struct loop_work *head = &loop->works;
    size_t count = 0;
    for (struct loop_work *work = head->next; work != head; work = work->next)
        count++;
    int64_t until_us = clock_mono_us() + LOOP_SLICE_US;
    while (count-- > 0 && head->next != head) {
        struct loop_work *work = head->next;
        /* Taken out during the call: so a start from within is not lost when the
         * call ends with false, and a cancel is seen though @work may be freed. */
        unlink_work(work);
        loop->running = work;
        bool more = work->fn(work->arg, until_us);
        if (more && loop->running == work)
            loop_work_start(work);
        loop->running = NULL;
        if (clock_mono_us() >= until_us)
            break;
    }
}

/* -- the turn ----------------------------------------------------------------------- */

void loop_on_turn(struct loop *loop, loop_fn *fn, void *arg)
{
    loop->turn_fn = fn;
    loop->turn_arg = arg;
}

void loop_turn(struct loop *loop, int64_t max_wait_ms)
{
    if (loop->turning)
        die("loop_turn: called from within a turn");
    loop->turning = true;
    int64_t wait = max_wait_ms < 0 ? 0 : max_wait_ms > INT_MAX ? INT_MAX : max_wait_ms;
    wait = loop->works.next != &loop->works ? 0 : loop_timers_wait(loop, wait);
    size_t count = gather(loop);
    /* An interrupted wait leaves revents as gather() made them: nothing is ready. */
    CURLMcode code = curl_multi_poll(loop->multi, loop->waits, (unsigned)count + 1, (int)wait, NULL);
    if (code != CURLM_OK) /* to go on would be to spin */
        die(curl_multi_strerror(code));
    loop_signals_run(loop);
    run_fds(loop, count);
    loop_curl_run(loop);
    loop_timers_fire(loop);
    run_works(loop);
    if (loop->turn_fn)
        loop->turn_fn(loop->turn_arg);
    loop->turning = false;
    bury(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stop)
        loop_turn(loop, INT_MAX);
    loop->stop = false; /* asked for once; one that comes before the run counts too */
}

void loop_stop(struct loop *loop) { loop->stop = true; }
