#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/child.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

enum { LIMIT_MS = 20000 };

/* What came of a child; it outlives the result. */
struct end {
    int calls, exit_code, signo;
    bool timed_out, cut;
    struct str out, err;
    size_t chunks;
    struct child *child;
    bool cancel_on_output;
};

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

static void ended(void *arg, const struct child_result *result)
{
    struct end *end = arg;
    end->calls++;
    end->exit_code = result->exit_code;
    end->signo = result->signo;
    end->timed_out = result->timed_out;
    end->cut = result->cut;
    if (result->out)
        str_addn(&end->out, result->out, result->out_len);
    if (result->err)
        str_addn(&end->err, result->err, result->err_len);
}

static void came(void *arg, bool is_stderr, const char *bytes, size_t len)
{
    struct end *end = arg;
    end->chunks++;
    str_addn(is_stderr ? &end->err : &end->out, bytes, len);
    if (end->cancel_on_output)
        child_cancel(&end->child);
}

static void end_init(struct end *end)
{
    *end = (struct end){.exit_code = -2};
    str_init(&end->out, STR_LARGE);
    str_init(&end->err, STR_LARGE);
}

static void end_done(struct end *end)
{
    str_done(&end->out);
    str_done(&end->err);
}

static void wait_for(struct loop *loop, const struct end *end)
{
    int64_t limit = clock_mono_ms() + LIMIT_MS;
    while (end->calls == 0) {
        assert_true(clock_mono_ms() < limit);
        loop_turn(loop, 100);
    }
    assert_int_equal(end->calls, 1);
}

/* Start `sh -c @script` as @spec says, with what a test did not set filled in. */
static struct child *start_sh(struct loop *loop, const char *script, struct child_spec spec, struct end *end)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct error err = {0};
    spec.argv = argv;
    spec.on_exit = ended;
    spec.arg = end;
    if (!spec.output_max)
        spec.output_max = STR_SMALL;
    end_init(end);
    end->child = child_start(loop, &spec, &err);
    if (!end->child)
        fail_msg("%s", err.text);
    return end->child;
}

static void test_output(void **state)
{
    static const struct {
        const char *script, *input, *out, *err;
        int exit_code, signo;
        size_t max;
        bool cut;
    } cases[] = {
        {"echo one; echo two >&2; exit 3", NULL, "one\n", "two\n", 3, 0, 0, false},
        {"cat", "fed", "fed", "", 0, 0, 0, false},
        {"cat", "", "", "", 0, 0, 0, false},
        {"cat; echo end", NULL, "end\n", "", 0, 0, 0, false},
        {"kill -9 $$", NULL, "", "", -1, SIGKILL, 0, false},
        {"printf 0123456789; printf abc >&2", NULL, "01234", "abc", 0, 0, 5, true},
        {"exec 0<&-; exit 0", "nobody reads this", "", "", 0, 0, 0, false},
        {"exec >&- 2>&-; exit 7", NULL, "", "", 7, 0, 0, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct end end;
        struct child_spec spec = {.input = cases[i].input, .output_max = cases[i].max};
        spec.input_len = spec.input ? strlen(spec.input) : 0;
        start_sh(*state, cases[i].script, spec, &end);
        wait_for(*state, &end);
        assert_string_equal(end.out.data, cases[i].out);
        assert_string_equal(end.err.data, cases[i].err);
        assert_int_equal(end.exit_code, cases[i].exit_code);
        assert_int_equal(end.signo, cases[i].signo);
        assert_int_equal(end.cut, cases[i].cut);
        assert_false(end.timed_out);
        end_done(&end);
    }
}

/* More than the pipes hold, in both directions at once. */
static void test_much(void **state)
{
    enum { SIZE = 3 * 1024 * 1024 };
    char *input = xmalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        input[i] = (char)('a' + i % 26);
    struct end end;
    start_sh(*state, "cat", (struct child_spec){.input = input, .input_len = SIZE, .output_max = SIZE}, &end);
    wait_for(*state, &end);
    assert_int_equal(end.out.len, SIZE);
    assert_memory_equal(end.out.data, input, SIZE);
    assert_false(end.cut);
    end_done(&end);
    free(input);
}

static void test_not_started(void **state)
{
    static const struct {
        const char *program, *text;
        enum error_code code;
    } cases[] = {
        {"brdeck-no-such-program", "brdeck-no-such-program: not found in PATH", ERROR_MISSING},
        {"/nonexistent/program", "/nonexistent/program: No such file or directory", ERROR_MISSING},
        {"/etc/passwd", "/etc/passwd: Permission denied", ERROR_SYSTEM},
        {"/etc", "/etc: Permission denied", ERROR_SYSTEM},
        {"", "no program to start: its name is empty", ERROR_INPUT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *argv[] = {cases[i].program, NULL};
        struct error err = {0};
        struct child_spec spec = {.argv = argv, .input = "x", .input_len = 1};
        assert_null(child_start(*state, &spec, &err));
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(err.code, cases[i].code);
    }
}

static void test_environment(void **state)
{
    const char *const env[] = {"BRDECK_TEST_B=new", "BRDECK_TEST_C=added", NULL};
    struct end end;
    setenv("BRDECK_TEST_A", "kept", 1);
    setenv("BRDECK_TEST_B", "old", 1);
    start_sh(*state, "echo $BRDECK_TEST_A $BRDECK_TEST_B $BRDECK_TEST_C; env | grep -c BRDECK_TEST_B",
             (struct child_spec){.env = env}, &end);
    wait_for(*state, &end);
    assert_string_equal(end.out.data, "kept new added\n1\n");
    end_done(&end);
}

static void test_path(void **state)
{
    static const struct {
        const char *path, *error;
    } cases[] = {
        {"/nonexistent:/bin", NULL},
        {"/bin", NULL},
        {"/nonexistent:", "sh: not found in PATH"},
        {"", "sh: not found in PATH"},
        {NULL, NULL},
        {"/etc:/nonexistent", "sh: not found in PATH"},
    };
    char *saved = xstrdup(getenv("PATH"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *argv[] = {"sh", "-c", "exit 6", NULL};
        struct error err = {0};
        struct end end;
        struct child_spec spec = {.argv = argv, .on_exit = ended, .arg = &end};
        if (cases[i].path)
            setenv("PATH", cases[i].path, 1);
        else
            unsetenv("PATH");
        end_init(&end);
        end.child = child_start(*state, &spec, &err);
        assert_int_equal(end.child == NULL, cases[i].error != NULL);
        assert_string_equal(err.text, cases[i].error ? cases[i].error : "");
        if (end.child)
            wait_for(*state, &end);
        assert_int_equal(end.exit_code, cases[i].error ? -2 : 6);
        end_done(&end);
    }
    setenv("PATH", saved, 1);
    free(saved);
}

/* A descriptor that a library opened carelessly, and signals as they should be. */
static void test_inherits_nothing(void **state)
{
    struct end end;
    int fd = open("/dev/null", O_RDONLY), high = fcntl(fd, F_DUPFD, 55);
    assert_int_equal(high, 55);
    start_sh(*state,
             "for fd in 3 4 5 6 7 8 9 55; do if [ -e /proc/self/fd/$fd ] && [ -e /proc/$$/fd/$fd ]; then echo has $fd; "
             "fi; done; kill -PIPE $$; echo SIGPIPE is ignored",
             (struct child_spec){0}, &end);
    wait_for(*state, &end);
    assert_string_equal(end.out.data, "");
    assert_int_equal(end.signo, SIGPIPE);
    close(fd);
    close(high);
    end_done(&end);
}

/* What was given no terminal finds none, also where brdeck has one. */
static void test_no_terminal(void **state)
{
    struct loop *loop = *state;
    struct end end;
    start_sh(loop, "ps -o sid= -p $$ | tr -d ' '; echo $$; (: >/dev/tty) 2>/dev/null && echo tty",
             (struct child_spec){0}, &end);
    wait_for(loop, &end);
    char want[64];
    int pid = atoi(end.out.data);
    snprintf(want, sizeof want, "%d\n%d\n", pid, pid);
    assert_string_equal(end.out.data, want);
    end_done(&end);
}

static void test_timeout(void **state)
{
    static const struct {
        const char *script;
        int signo, exit_code;
        int64_t least_ms;
    } cases[] = {
        {"sleep 60", SIGTERM, -1, 50},
        {"trap 'exit 4' TERM; while :; do sleep 0.05; done", 0, 4, 50},
        {"trap '' TERM; while :; do sleep 0.05; done", SIGKILL, -1, 2000},
        {"(trap '' TERM; sleep 60) & wait", SIGTERM, -1, 50}, /* the group goes with it */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct end end;
        int64_t start = clock_mono_ms();
        start_sh(*state, cases[i].script, (struct child_spec){.timeout_ms = 50}, &end);
        pid_t group = child_pid(end.child);
        wait_for(*state, &end);
        assert_true(end.timed_out);
        assert_int_equal(end.signo, cases[i].signo);
        assert_int_equal(end.exit_code, cases[i].exit_code);
        assert_true(clock_mono_ms() - start >= cases[i].least_ms);
        for (int64_t limit = clock_mono_ms() + LIMIT_MS; kill(-group, 0) == 0;)
            assert_true(clock_mono_ms() < limit); /* init reaps what is left */
        end_done(&end);
    }
}

/* A grandchild keeps the pipes: the end is told all the same, with what was said. */
static void test_grandchild(void **state)
{
    struct end end;
    int64_t start = clock_mono_ms();
    start_sh(*state, "echo said; sleep 15 & exit 0", (struct child_spec){0}, &end);
    pid_t group = child_pid(end.child);
    wait_for(*state, &end);
    assert_in_range(clock_mono_ms() - start, 900, 12000);
    assert_string_equal(end.out.data, "said\n");
    assert_int_equal(end.exit_code, 0);
    kill(-group, SIGKILL);
    end_done(&end);
}

static void test_stream(void **state)
{
    struct end end;
    start_sh(*state, "echo a; echo b >&2; echo c", (struct child_spec){.on_output = came}, &end);
    wait_for(*state, &end);
    assert_string_equal(end.out.data, "a\nc\n");
    assert_string_equal(end.err.data, "b\n");
    assert_true(end.chunks >= 2);
    end_done(&end);
}

/* No callback, no zombie: cancelled at once, from its own output, after its exit. */
static void test_cancel(void **state)
{
    struct end ends[3];
    start_sh(*state, "sleep 60", (struct child_spec){0}, &ends[0]);
    start_sh(*state, "echo a; sleep 60", (struct child_spec){.on_output = came}, &ends[1]);
    start_sh(*state, "echo a; exit 0", (struct child_spec){.on_output = came}, &ends[2]);
    ends[1].cancel_on_output = ends[2].cancel_on_output = true;
    pid_t pids[3];
    for (int i = 0; i < 3; i++)
        pids[i] = child_pid(ends[i].child);
    child_cancel(&ends[0].child);
    assert_null(ends[0].child);
    int64_t limit = clock_mono_ms() + LIMIT_MS;
    for (int i = 0; i < 3; i++)
        while (kill(pids[i], 0) == 0) {
            assert_true(clock_mono_ms() < limit);
            loop_turn(*state, 50);
        }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ends[i].calls, 0);
        assert_null(ends[i].child);
        end_done(&ends[i]);
    }
}

static void test_kill(void **state)
{
    struct end end;
    start_sh(*state, "echo ready; exec sleep 60", (struct child_spec){0}, &end);
    child_kill(end.child);
    child_kill(end.child);
    wait_for(*state, &end);
    assert_int_equal(end.signo, SIGTERM);
    assert_false(end.timed_out);
    end_done(&end);
}

static void test_many(void **state)
{
    enum { COUNT = 40 };
    static struct end ends[COUNT];
    for (int i = 0; i < COUNT; i++) {
        char script[] = "exit 00";
        script[5] = (char)('0' + i / 10);
        script[6] = (char)('0' + i % 10);
        start_sh(*state, script, (struct child_spec){0}, &ends[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        wait_for(*state, &ends[i]);
        assert_int_equal(ends[i].exit_code, i);
        end_done(&ends[i]);
    }
}

/* With the terminal lent: our own streams and group, but a credential is caught. */
static void test_terminal(void **state)
{
    for (int keep = 0; keep < 2; keep++) {
        struct end end;
        struct child_spec spec = {.terminal = true, .terminal_keep_out = keep};
        start_sh(*state, keep ? "cut -d ' ' -f 5 /proc/$$/stat" : "exit 5", spec, &end);
        wait_for(*state, &end);
        assert_int_equal(end.exit_code, keep ? 0 : 5);
        assert_int_equal(end.err.len, 0);
        assert_int_equal(atoi(end.out.data), keep ? getpgrp() : 0);
        end_done(&end);
    }
}

static void test_loop_goes_first(void **state)
{
    struct end end;
    start_sh(*state, "sleep 60", (struct child_spec){0}, &end);
    pid_t pid = child_pid(end.child);
    loop_free((struct loop **)state);
    assert_int_equal(end.calls, 0);
    waitpid(pid, NULL, 0); /* if it was not dead in that instant */
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    end_done(&end);
}

int main(void)
{
#define CHILD_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CHILD_TEST(test_output),     CHILD_TEST(test_much),       CHILD_TEST(test_not_started),  CHILD_TEST(test_path),
        CHILD_TEST(test_environment), CHILD_TEST(test_inherits_nothing), CHILD_TEST(test_no_terminal),
        CHILD_TEST(test_timeout),
        CHILD_TEST(test_grandchild), CHILD_TEST(test_stream),     CHILD_TEST(test_cancel),
        CHILD_TEST(test_kill),       CHILD_TEST(test_many),       CHILD_TEST(test_terminal),
        CHILD_TEST(test_loop_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
