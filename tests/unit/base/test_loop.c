#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/loop.h>

enum { LIMIT_MS = 10000 };

static int set_up(void **state)
{
    struct error err;
    *state = loop_new(&err);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    struct loop *loop = *state;
    loop_free(&loop);
    return 0;
}

/* Turn until *@count is @want; fails after ten seconds. */
static void turn_until(struct loop *loop, const int *count, int want)
{
    int64_t end = clock_mono_ms() + LIMIT_MS;
    while (*count < want) {
        assert_true(clock_mono_ms() < end);
        loop_turn(loop, 100);
    }
    assert_int_equal(*count, want);
}

static void count_up(void *arg) { ++*(int *)arg; }

/* -- timers ------------------------------------------------------------------------ */

struct note {
    struct loop_timer timer;
    int64_t due_us;
    int64_t *last_us;
    int *fired;
};

static void note_fired(void *arg)
{
    struct note *note = arg;
    assert_true(clock_mono_us() >= note->due_us);
    assert_true(note->due_us >= *note->last_us);
    assert_false(loop_timer_is_set(&note->timer));
    *note->last_us = note->due_us;
    ++*note->fired;
}

static void test_timers_in_order(void **state)
{
    struct loop *loop = *state;
    enum { COUNT = 500 };
    static struct note notes[COUNT];
    int64_t last_us = 0;
    int fired = 0, want = 0;
    unsigned seed = 7;
    for (int i = 0; i < COUNT; i++) {
        notes[i] = (struct note){.last_us = &last_us, .fired = &fired};
        loop_timer_init(&notes[i].timer, loop, note_fired, &notes[i]);
        loop_timer_set(&notes[i].timer, rand_r(&seed) % 40);
    }
    for (int i = 0; i < COUNT; i++) { /* some are moved, some are taken back */
        if (i % 3 == 0)
            loop_timer_set(&notes[i].timer, rand_r(&seed) % 60);
        if (i % 5 == 0)
            loop_timer_cancel(&notes[i].timer);
        notes[i].due_us = notes[i].timer.at_us;
        want += loop_timer_is_set(&notes[i].timer);
        assert_int_equal(loop_timer_is_set(&notes[i].timer), i % 5 != 0);
    }
    loop_timer_cancel(&notes[0].timer);
    turn_until(loop, &fired, want);
}

struct again {
    struct loop_timer timer;
    int fired;
};

static void set_again(void *arg)
{
    struct again *again = arg;
    again->fired++;
    loop_timer_set(&again->timer, 0);
}

static void test_timer_sets_itself(void **state)
{
    struct loop *loop = *state;
    struct again again = {.fired = 0};
    loop_timer_init(&again.timer, loop, set_again, &again);
    loop_timer_set(&again.timer, -5);
    for (int turn = 1; turn <= 20; turn++) {
        loop_turn(loop, LIMIT_MS);
        assert_true(again.fired <= turn); /* once a turn, not for ever in one */
    }
    assert_true(again.fired > 5);
    loop_timer_set(&again.timer, INT64_MAX);
    assert_true(again.timer.at_us > clock_mono_us());
    loop_timer_cancel(&again.timer);
}

/* -- sliced work -------------------------------------------------------------------- */

struct job {
    struct loop_work work;
    int calls, left;
    bool whole_slice, restart, cancel_self;
    struct loop_work *victim;
};

static bool do_job(void *arg, int64_t until_us)
{
    struct job *job = arg;
    job->calls++;
    assert_true(until_us <= clock_mono_us() + LOOP_SLICE_US);
    while (job->whole_slice && clock_mono_us() < until_us)
        continue;
    if (job->victim)
        loop_work_cancel(job->victim);
    if (job->restart)
        loop_work_start(&job->work);
    job->restart = false;
    if (job->cancel_self) {
        loop_work_cancel(&job->work);
        free(job);
        return true;
    }
    return --job->left > 0;
}

static void test_work_is_shared(void **state)
{
    struct loop *loop = *state;
    struct job jobs[3] = {{.left = 4, .whole_slice = true}, {.left = 4, .whole_slice = true}, {.left = 1}};
    for (int i = 0; i < 3; i++) {
        loop_work_init(&jobs[i].work, loop, do_job, &jobs[i]);
        loop_work_start(&jobs[i].work);
        loop_work_start(&jobs[i].work);
    }
    for (int turn = 0; turn < 3; turn++) {
        int64_t start = clock_mono_us();
        loop_turn(loop, LIMIT_MS); /* does not wait */
        assert_true(clock_mono_us() - start < LIMIT_MS * 1000 / 2);
    }
    assert_true(jobs[0].calls >= 1 && jobs[1].calls >= 1);
    for (int turn = 0; turn < 20; turn++)
        loop_turn(loop, 0);
    assert_int_equal(jobs[0].calls, 4);
    assert_int_equal(jobs[1].calls, 4);
    assert_int_equal(jobs[2].calls, 1);
}

static void test_work_changes_work(void **state)
{
    struct loop *loop = *state;
    struct job second = {.left = 100}, first = {.left = 1, .victim = &second.work};
    struct job third = {.left = 1, .restart = true};
    struct job *gone = xcalloc(1, sizeof *gone);
    gone->cancel_self = true;
    struct job *const all[] = {&first, &second, &third, gone};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        loop_work_init(&all[i]->work, loop, do_job, all[i]);
        loop_work_start(&all[i]->work);
    }
    for (int turn = 0; turn < 5; turn++)
        loop_turn(loop, 0);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0); /* cancelled in the same turn */
    assert_int_equal(third.calls, 2);  /* started from within, though it ended with false */
    struct loop_work never = {0};
    loop_work_cancel(&never);
}

/* -- file descriptors ---------------------------------------------------------------- */

struct pair {
    struct loop *loop;
    int fds[2];
    struct loop_fd *watch;
    struct pair *other;
    int woken;
    unsigned ready;
};

static void seen(void *arg, unsigned ready)
{
    struct pair *pair = arg;
    pair->woken++;
    pair->ready = ready;
    loop_fd_set_events(pair->watch, 0);
}

static void frees_both(void *arg, unsigned ready)
{
    struct pair *pair = arg;
    (void)ready;
    pair->woken++;
    loop_fd_free(&pair->other->watch);
    loop_fd_free(&pair->watch);
    /* One made in the same turn, on the same descriptor, is not called in it. */
    pair->watch = loop_fd_new(pair->loop, pair->fds[0], LOOP_READ, seen, pair);
    loop_fd_set_events(pair->watch, 0);
}

static void open_pair(struct pair *pair, struct loop *loop, loop_fd_fn *fn, int end, unsigned events)
{
    *pair = (struct pair){.loop = loop};
    assert_int_equal(pipe(pair->fds), 0);
    pair->watch = loop_fd_new(loop, pair->fds[end], events, fn, pair);
}

static void close_pair(struct pair *pair)
{
    loop_fd_free(&pair->watch);
    for (int i = 0; i < 2; i++)
        if (pair->fds[i] >= 0)
            close(pair->fds[i]);
}

static void test_fd_ready(void **state)
{
    struct loop *loop = *state;
    struct pair pairs[3];
    open_pair(&pairs[0], loop, seen, 0, LOOP_READ);  /* a byte comes */
    open_pair(&pairs[1], loop, seen, 0, LOOP_READ);  /* hang-up */
    open_pair(&pairs[2], loop, seen, 1, LOOP_WRITE); /* nobody reads any more */
    close(pairs[1].fds[1]);
    pairs[1].fds[1] = -1;
    close(pairs[2].fds[0]);
    pairs[2].fds[0] = -1;
    assert_int_equal(write(pairs[0].fds[1], "x", 1), 1);
    for (int i = 0; i < 3; i++)
        turn_until(loop, &pairs[i].woken, 1);
    assert_int_equal(pairs[0].ready, LOOP_READ);
    assert_int_equal(pairs[1].ready, LOOP_READ);
    assert_int_equal(pairs[2].ready, LOOP_WRITE);
    /* All want nothing now: what hangs up must not keep the loop awake. */
    int64_t start = clock_mono_ms();
    loop_turn(loop, 30);
    assert_true(clock_mono_ms() - start >= 29);
    for (int i = 0; i < 3; i++)
        close_pair(&pairs[i]);
}

static void test_fd_freed_by_another(void **state)
{
    struct loop *loop = *state;
    struct pair pairs[2];
    for (int i = 0; i < 2; i++) {
        open_pair(&pairs[i], loop, frees_both, 0, LOOP_READ);
        assert_int_equal(write(pairs[i].fds[1], "x", 1), 1);
    }
    pairs[0].other = &pairs[1];
    pairs[1].other = &pairs[0];
    loop_turn(loop, LIMIT_MS);
    assert_int_equal(pairs[0].woken + pairs[1].woken, 1);
    for (int i = 0; i < 2; i++)
        close_pair(&pairs[i]);
}

/* -- signals, the hook, the run ------------------------------------------------------ */

static void test_signals(void **state)
{
    struct loop *loop = *state;
    int winch = 0, term = 0;
    loop_on_signal(loop, SIGWINCH, count_up, &winch);
    loop_on_signal(loop, SIGTERM, count_up, &term);
    raise(SIGWINCH);
    raise(SIGWINCH);
    assert_int_equal(winch, 0); /* only marked */
    loop_turn(loop, LIMIT_MS);
    assert_int_equal(winch, 1); /* many are one */
    for (int i = 0; i < 100000; i++)
        raise(SIGWINCH); /* fills the pipe: the handler does not block */
    raise(SIGTERM);
    loop_turn(loop, LIMIT_MS);
    assert_int_equal(winch, 2);
    assert_int_equal(term, 1);
    loop_on_signal(loop, SIGWINCH, NULL, NULL);
    raise(SIGWINCH); /* by default it does nothing */
    for (int i = 0; i < 30; i++)
        loop_turn(loop, 0);
    assert_int_equal(winch, 2);
    raise(SIGPIPE); /* ignored: we live */
}

static void test_signal_interrupts_wait(void **state)
{
    struct loop *loop = *state;
    int usr1 = 0;
    loop_on_signal(loop, SIGUSR1, count_up, &usr1);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        _exit(kill(parent, SIGUSR1) != 0);
    }
    int64_t start = clock_mono_ms();
    while (usr1 == 0 && clock_mono_ms() - start < LIMIT_MS)
        loop_turn(loop, LIMIT_MS);
    assert_true(clock_mono_ms() - start < LIMIT_MS / 2);
    assert_int_equal(usr1, 1);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void stop_loop(void *arg) { loop_stop(arg); }

static void test_run_and_hook(void **state)
{
    struct loop *loop = *state;
    int turns = 0;
    struct loop_timer timer;
    loop_on_turn(loop, count_up, &turns);
    loop_timer_init(&timer, loop, stop_loop, loop);
    loop_timer_set(&timer, 150);
    clock_t cpu = clock();
    loop_run(loop);
    assert_in_range(turns, 1, 4); /* it slept until the timer */
    assert_true(clock() - cpu < CLOCKS_PER_SEC / 20);
    loop_on_turn(loop, NULL, NULL);
    loop_stop(loop); /* before the run */
    loop_run(loop);
}

/* -- transfers ------------------------------------------------------------------------ */

struct fetch {
    struct loop *loop;
    CURL *easy, *other, *more;
    int *done;
    CURLcode code;
};

static void more_done(void *arg, CURLcode code)
{
    assert_int_equal(code, CURLE_OK);
    count_up(arg);
}

static size_t swallow(char *data, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    (void)data;
    if (fetch->more) /* from within curl */
        loop_curl_add(fetch->loop, fetch->more, more_done, fetch->done);
    fetch->more = NULL;
    return size * count;
}

static void fetched(void *arg, CURLcode code)
{
    struct fetch *fetch = arg;
    fetch->code = code;
    ++*fetch->done;
    if (fetch->other)
        loop_curl_remove(fetch->loop, fetch->other);
    loop_curl_remove(fetch->loop, fetch->easy); /* harmless */
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
}

static void start_fetch(struct fetch *fetch, struct loop *loop, const char *url, int *done)
{
    *fetch = (struct fetch){.loop = loop, .easy = curl_easy_init(), .done = done, .code = CURLE_AGAIN};
    curl_easy_setopt(fetch->easy, CURLOPT_URL, url);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
    loop_curl_add(loop, fetch->easy, fetched, fetch);
}

static void test_transfers(void **state)
{
    struct loop *loop = *state;
    struct fetch good, bad;
    int done = 0;
    start_fetch(&good, loop, "file:///etc/passwd", &done);
    start_fetch(&bad, loop, "file:///nonexistent/file", &done);
    turn_until(loop, &done, 2);
    assert_int_equal(good.code, CURLE_OK);
    assert_int_equal(bad.code, CURLE_FILE_COULDNT_READ_FILE);
}

/* Two end in the same turn and the callback of the first takes out the other. */
static void test_transfer_removes_finished(void **state)
{
    struct loop *loop = *state;
    struct fetch a, b;
    int done = 0;
    start_fetch(&a, loop, "file:///etc/passwd", &done);
    start_fetch(&b, loop, "file:///etc/passwd", &done);
    a.other = b.easy;
    b.other = a.easy;
    turn_until(loop, &done, 1);
    for (int i = 0; i < 10; i++)
        loop_turn(loop, 0);
    assert_int_equal(done, 1);
    curl_easy_cleanup(a.easy);
    curl_easy_cleanup(b.easy);
}

static void test_transfer_added_from_within(void **state)
{
    struct loop *loop = *state;
    struct fetch a;
    int done = 0;
    CURL *more = curl_easy_init();
    curl_easy_setopt(more, CURLOPT_URL, "file:///dev/null");
    start_fetch(&a, loop, "file:///etc/passwd", &done);
    a.more = more;
    turn_until(loop, &done, 2);
    curl_easy_cleanup(more);
}

static int listen_on_loopback(char *url, size_t size)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    snprintf(url, size, "http://127.0.0.1:%u/", (unsigned)ntohs(addr.sin_port));
    return fd;
}

/* A transfer that never gets an answer costs nothing, and can be taken back. */
static void test_transfer_hangs(void **state)
{
    struct loop *loop = *state;
    char url[64];
    int fd = listen_on_loopback(url, sizeof url), done = 0, turns = 0;
    struct fetch hung, left;
    start_fetch(&hung, loop, url, &done);
    start_fetch(&left, loop, url, &done);
    for (int i = 0; i < 20; i++)
        loop_turn(loop, 10);
    clock_t cpu = clock();
    for (int64_t end = clock_mono_ms() + 300; clock_mono_ms() < end; turns++)
        loop_turn(loop, end - clock_mono_ms());
    assert_true(turns < 15);
    assert_true(clock() - cpu < CLOCKS_PER_SEC / 20);
    loop_curl_remove(loop, hung.easy);
    loop_curl_remove(loop, hung.easy);
    curl_easy_cleanup(hung.easy);
    assert_int_equal(done, 0);
    loop_free((struct loop **)state); /* takes the other one out */
    curl_easy_cleanup(left.easy);
    close(fd);
}

int main(void)
{
#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOOP_TEST(test_timers_in_order),      LOOP_TEST(test_timer_sets_itself),
        LOOP_TEST(test_work_is_shared),       LOOP_TEST(test_work_changes_work),
        LOOP_TEST(test_fd_ready),             LOOP_TEST(test_fd_freed_by_another),
        LOOP_TEST(test_signals),              LOOP_TEST(test_signal_interrupts_wait),
        LOOP_TEST(test_run_and_hook),         LOOP_TEST(test_transfers),
        LOOP_TEST(test_transfer_removes_finished), LOOP_TEST(test_transfer_added_from_within),
        LOOP_TEST(test_transfer_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
