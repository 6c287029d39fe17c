#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>

static void test_copies(void **state)
{
    (void)state;
    assert_null(xstrdup(NULL));
    assert_null(xstrndup(NULL, 3));
    char *all = xstrdup("checkpoint"), *some = xstrndup("checkpoint", 5), *few = xstrndup("ab", 5);
    assert_string_equal(all, "checkpoint");
    assert_string_equal(some, "check");
    assert_string_equal(few, "ab");
    free(all);
    free(some);
    free(few);
    unsigned char *bytes = xmemdup("a\0b", 3);
    assert_memory_equal(bytes, "a\0b", 3);
    free(bytes);
    void *none = xmemdup(NULL, 0);
    assert_non_null(none);
    free(none);
    char *text = xasprintf("%s/%d", "prod", 7);
    assert_string_equal(text, "prod/7");
    free(text);
}

static void test_sizes(void **state)
{
    (void)state;
    void *empty = xmalloc(0), *zero = xcalloc(0, 8);
    assert_non_null(empty);
    assert_non_null(zero);
    free(empty);
    free(zero);
    unsigned char *cleared = xcalloc(4, 4);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(cleared[i], 0);
    int *numbers = xreallocarray(cleared, 100, sizeof *numbers);
    numbers[99] = 1;
    numbers = xrealloc(numbers, 0);
    assert_non_null(numbers);
    free(numbers);
}

static int restore_pipe = -1;
static void restore(void) { assert_int_equal(write(restore_pipe, "R", 1), 1); }

/* What a child that runs @doomed writes, and how it ends. */
static int death(void (*doomed)(void), char *said, size_t size)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        restore_pipe = fds[1];
        alloc_on_death(restore);
        doomed();
        _exit(99);
    }
    close(fds[1]);
    size_t len = 0;
    for (ssize_t n; len < size - 1 && (n = read(fds[0], said + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    said[len] = '\0';
    close(fds[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void dies(void) { die("a promise is broken"); }
static void overflows(void) { free(xreallocarray(NULL, SIZE_MAX / 2, 3)); }

static void test_death(void **state)
{
    (void)state;
    char said[200];
    assert_int_equal(death(dies, said, sizeof said), 1);
    assert_string_equal(said, "Rbrdeck: a promise is broken\n");
    assert_int_equal(death(overflows, said, sizeof said), 1);
    assert_string_equal(said, "Rbrdeck: out of memory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_death),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
