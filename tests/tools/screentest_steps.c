/* screentest_steps.c - the steps of a screen script, one table. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "screentest.h"

enum { EXIT_LIMIT_S = 10 };

static bool lives(struct screen *screen, void *user)
{
    const enum screen_life *life = user;
    return screen->life == *life;
}

static enum verdict do_golden(struct test *t, char *rest) { return golden_step(t, rest, false); }
static enum verdict do_golden_styles(struct test *t, char *rest) { return golden_step(t, rest, true); }
static enum verdict do_mask(struct test *t, char *rest) { return golden_mask(t, rest); }

static enum verdict do_print(struct test *test, char *rest)
{
    char *text = screen_text(test->screen), *styles = screen_styles(test->screen);
    printf("%s%s--\n%s", text, rest, styles);
    free(text);
    free(styles);
    return GOES_ON;
}

/* ---- the program and its terminal ---- */

static bool parse_size(const char *text, int *cols, int *rows)
{
    return sscanf(text, "%dx%d", cols, rows) == 2 && *cols > 0 && *rows > 0 && *cols < 2000 && *rows < 2000;
}

static enum verdict do_size(struct test *test, char *rest)
{
    if (!parse_size(rest, &test->cols, &test->rows))
        return test_fail(test, "no size: %s", rest);
    return GOES_ON;
}

static enum verdict do_resize(struct test *test, char *rest)
{
    enum verdict verdict = do_size(test, rest);
    if (verdict == GOES_ON)
        screen_resize(test->screen, test->rows, test->cols);
    return verdict;
}

static enum verdict do_env(struct test *test, char *rest)
{
    wordexp_t words;
    if (wordexp(rest, &words, WRDE_NOCMD) != 0)
        return test_fail(test, "env: these are no words: %s", rest);
    for (size_t i = 0; i < words.we_wordc; i++) {
        char *value = strchr(words.we_wordv[i], '=');
        if (value)
            *value++ = '\0';
        if (value)
            setenv(words.we_wordv[i], value, 1);
        else
            unsetenv(words.we_wordv[i]);
    }
    wordfree(&words);
    return GOES_ON;
}

static enum verdict do_run(struct test *test, char *rest)
{
    wordexp_t words;
    const char *wrapper = getenv("SCREEN_WRAPPER");
    int failed = wordexp(wrapper ? wrapper : "", &words, WRDE_NOCMD);
    if (failed || wordexp(rest, &words, WRDE_NOCMD | WRDE_UNDEF | WRDE_APPEND) != 0 || words.we_wordc == 0)
        return test_fail(test, "run: these are no words, or a variable is not set: %s", rest);
    screen_free(&test->screen);
    test->screen = screen_new(test->rows, test->cols);
    test->marked = 0;
    bool started = screen_spawn(test->screen, words.we_wordv);
    wordfree(&words);
    if (!started)
        return test_fail(test, "run %s: cannot start it", rest);
    char pid[24];
    snprintf(pid, sizeof pid, "%ld", (long)test->screen->program);
    setenv("PROGRAM_PID", pid, 1);
    return GOES_ON;
}

static enum verdict do_type(struct test *test, char *rest)
{
    char *text = step_text(rest);
    screen_send(test->screen, text, strlen(text));
    free(text);
    return GOES_ON;
}

static enum verdict do_key(struct test *test, char *rest)
{
    for (char *more, *word = strtok_r(rest, " ", &more); word; word = strtok_r(NULL, " ", &more))
        if (!screen_key(test->screen, word))
            return test_fail(test, "no such key: %s", word);
    return GOES_ON;
}

static enum verdict do_paste(struct test *test, char *rest)
{
    char *text = step_text(rest);
    screen_paste(test->screen, text);
    free(text);
    return GOES_ON;
}

static const struct signal_name {
    const char *name;
    int number;
} signal_names[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
    {"TERM", SIGTERM}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"WINCH", SIGWINCH},
};

static enum verdict do_signal(struct test *test, char *rest)
{
    for (size_t i = 0; i < sizeof signal_names / sizeof *signal_names; i++)
        if (strcmp(rest, signal_names[i].name) == 0)
            return screen_signal(test->screen, signal_names[i].number) ? GOES_ON : test_fail(test, "nothing runs");
    return test_fail(test, "no such signal: %s", rest);
}

static enum verdict do_wait_stopped(struct test *test, char *rest)
{
    enum screen_life life = SCREEN_STOPPED;
    (void)rest;
    if (screen_wait(test->screen, lives, &life, test_limit(test, EXIT_LIMIT_S)))
        return GOES_ON;
    return test_fail(test, "the program has not stopped");
}

static enum verdict do_exit(struct test *test, char *rest)
{
    enum screen_life life = SCREEN_ENDED;
    int wanted;
    double seconds = step_seconds(&rest, EXIT_LIMIT_S);
    if (!step_number(&rest, &wanted))
        return test_fail(test, "want: exit CODE");
    if (!screen_wait(test->screen, lives, &life, test_limit(test, seconds)))
        return test_fail(test, "the program still runs after %g s", seconds * test->factor);
    int status = test->screen->status, code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code == wanted ? GOES_ON : test_fail(test, "the program ended with %d, not %d", code, wanted);
}

static bool is_restored(struct screen *screen, void *user)
{
    (void)user;
    return screen_unrestored(screen) == NULL;
}

static enum verdict do_expect_restored(struct test *test, char *rest)
{
    (void)rest;
    if (test->screen->life == SCREEN_RUNS)
        return test_fail(test, "the program still runs: expect-restored comes after exit or wait-stopped");
    if (screen_wait(test->screen, is_restored, NULL, test_limit(test, 1))) /* its last bytes may be on the way */
        return GOES_ON;
    return test_fail(test, "the terminal was not given back: %s", screen_unrestored(test->screen));
}

static enum verdict do_stop_reading(struct test *test, char *rest)
{
    (void)rest;
    test->screen->reading = false;
    return GOES_ON;
}

static enum verdict do_start_reading(struct test *test, char *rest)
{
    (void)rest;
    test->screen->reading = true;
    return GOES_ON;
}

static enum verdict do_close(struct test *test, char *rest)
{
    (void)rest;
    screen_hang_up(test->screen);
    return GOES_ON;
}

/* ---- bytes and time ---- */

static enum verdict do_mark_bytes(struct test *test, char *rest)
{
    (void)rest;
    screen_pump(test->screen, 0);
    test->marked = test->screen->bytes;
    return GOES_ON;
}

static enum verdict do_bytes_below(struct test *test, char *rest)
{
    int most;
    if (!step_number(&rest, &most))
        return test_fail(test, "want: bytes-below NUMBER");
    screen_pump(test->screen, 0);
    uint64_t written = test->screen->bytes - test->marked;
    if (written >= (uint64_t)most)
        return test_fail(test, "%llu bytes written, want less than %d", (unsigned long long)written, most);
    return do_mark_bytes(test, rest);
}

struct sent {
    const struct test *test;
    const char *text;
};

static bool has_sent(struct screen *screen, void *user)
{
    const struct sent *sent = user;
    uint64_t since = screen->bytes - sent->test->marked;
    size_t length = since < screen->recent_length ? (size_t)since : screen->recent_length, want = strlen(sent->text);
    const char *from = screen->recent + screen->recent_length - length;
    for (size_t i = 0; i + want <= length; i++)
        if (memcmp(from + i, sent->text, want) == 0)
            return true;
    return false;
}

static enum verdict do_wait_bytes(struct test *test, char *rest)
{
    double seconds = step_seconds(&rest, WAIT_LIMIT_S);
    char *text = step_text(rest);
    struct sent sent = {.test = test, .text = text};
    bool held = screen_wait(test->screen, has_sent, &sent, test_limit(test, seconds));
    free(text);
    return held ? GOES_ON : test_fail(test, "%s was not written after %g s", rest, seconds * test->factor);
}

static bool never(struct screen *screen, void *user)
{
    (void)screen, (void)user;
    return false;
}

static enum verdict do_idle(struct test *test, char *rest)
{
    screen_wait(test->screen, never, NULL, (int)(atof(rest) * 1000));
    return GOES_ON;
}

static bool is_quiet(struct screen *screen, void *user)
{
    return screen_now_ms() - screen->changed_ms >= *(int *)user;
}

static enum verdict do_settle(struct test *test, char *rest)
{
    int quiet_ms = *rest ? (int)(atof(rest) * 1000) : 200;
    screen_pump(test->screen, 0);
    if (screen_wait(test->screen, is_quiet, &quiet_ms, test_limit(test, WAIT_LIMIT_S)))
        return GOES_ON;
    return test_fail(test, "the program does not stop writing");
}

/* ---- commands beside it ---- */

static enum verdict do_sh(struct test *test, char *rest)
{
    int code;
    return job_sh(test, rest, false, &code);
}

static enum verdict do_skip_unless(struct test *test, char *rest)
{
    int code = 0;
    enum verdict verdict = job_sh(test, rest, true, &code);
    if (verdict != GOES_ON || code == 0)
        return verdict;
    printf("%s:%d: skipped: %s\n", test->path, test->line, rest);
    return SKIPPED;
}

static enum verdict do_background(struct test *t, char *rest) { return job_background(t, rest); }
static enum verdict do_start(struct test *t, char *rest) { return job_start(t, rest); }

static enum verdict do_include(struct test *test, char *rest)
{
    char path[1000];
    const char *slash = strrchr(test->path, '/');
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - test->path) : 0, test->path, rest);
    return test_read(test, path);
}

static const struct step {
    const char *name;
    enum verdict (*run)(struct test *test, char *rest);
    bool early; /* may stand before `run` */
} steps[] = {
    {"size", do_size, true},
    {"env", do_env, true},
    {"run", do_run, true},
    {"resize", do_resize, false},
    {"type", do_type, false},
    {"key", do_key, false},
    {"paste", do_paste, false},
    {"wait", look_wait, false},
    {"wait-not", look_wait_not, false},
    {"wait-row", look_wait_row, false},
    {"wait-regex", look_wait_regex, false},
    {"wait-stopped", do_wait_stopped, false},
    {"expect", look_expect, false},
    {"expect-not", look_expect_not, false},
    {"expect-cursor", look_expect_cursor, false},
    {"expect-style", look_expect_style, false},
    {"expect-restored", do_expect_restored, false},
    {"golden", do_golden, false},
    {"golden-styles", do_golden_styles, false},
    {"mask", do_mask, true},
    {"print", do_print, false},
    {"signal", do_signal, false},
    {"exit", do_exit, false},
    {"stop-reading", do_stop_reading, false},
    {"start-reading", do_start_reading, false},
    {"close", do_close, false},
    {"mark-bytes", do_mark_bytes, false},
    {"bytes-below", do_bytes_below, false},
    {"wait-bytes", do_wait_bytes, false},
    {"idle", do_idle, false},
    {"settle", do_settle, false},
    {"sh", do_sh, true},
    {"background", do_background, true},
    {"start", do_start, true},
    {"skip-unless", do_skip_unless, true},
    {"include", do_include, true},
};

enum verdict step_do(struct test *test, const char *name, char *rest)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (strcmp(name, steps[i].name) != 0)
            continue;
        if (!test->screen && !steps[i].early)
            return test_fail(test, "%s stands before `run`", name);
        return steps[i].run(test, rest);
    }
    return test_fail(test, "no such step: %s", name);
}
