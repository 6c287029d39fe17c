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

enum { WAIT_LIMIT_S = 10, EXIT_LIMIT_S = 10 };

static const char no_text[] = "no text given";

/* ---- words and texts ---- */

static const struct escape {
    char letter, byte;
} escapes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'e', '\033'}, {'\\', '\\'}, {'"', '"'}, {'$', '$'}};

static const char *put_escape(FILE *out, const char *in)
{
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (escapes[i].letter == *in) {
            putc(escapes[i].byte, out);
            return in + 1;
        }
    if (*in == 'x' && in[1] && in[2]) {
        char digits[] = {in[1], in[2], '\0'};
        putc((int)strtol(digits, NULL, 16), out);
        return in + 3;
    }
    putc('\\', out);
    return in;
}

static const char *put_variable(FILE *out, const char *in, const char *end)
{
    char name[100];
    snprintf(name, sizeof name, "%.*s", (int)(end - in), in);
    const char *value = getenv(name);
    fputs(value ? value : "", out);
    return end + 1;
}

char *step_text(const char *rest)
{
    char *text = NULL;
    size_t size = 0, length = strlen(rest);
    FILE *out = open_memstream(&text, &size);
    bool quoted = length >= 2 && rest[0] == '"' && rest[length - 1] == '"';
    const char *end = rest + length - (quoted ? 1 : 0);
    for (const char *in = rest + (quoted ? 1 : 0); in < end;) {
        const char *brace = in[0] == '$' && in[1] == '{' ? strchr(in, '}') : NULL;
        if (brace)
            in = put_variable(out, in + 2, brace);
        else if (quoted && *in == '\\')
            in = put_escape(out, in + 1);
        else
            putc(*in++, out);
    }
    fclose(out);
    return text;
}

/* Take a number off the front of @rest, if words follow it. */
static double take_seconds(char **rest, double otherwise)
{
    char *end;
    double seconds = strtod(*rest, &end);
    if (end == *rest || *end != ' ' || !strchr("0123456789.", **rest))
        return otherwise;
    *rest = end + strspn(end, " ");
    return seconds;
}

static bool take_number(char **rest, int *number)
{
    char *end;
    long value = strtol(*rest, &end, 10);
    if (end == *rest || (*end && *end != ' '))
        return false;
    *rest = end + strspn(end, " ");
    *number = (int)value;
    return true;
}

/* ---- looking at the screen ---- */

struct search {
    const char *text;
    const regex_t *regex;
    int row; /* -1: any */
    bool absent;
    enum screen_life life;
};

static bool shows(struct screen *screen, void *user)
{
    const struct search *search = user;
    bool found = false;
    for (int row = 0; row < screen->rows && !found; row++) {
        if (search->row >= 0 && row != search->row)
            continue;
        char *line = screen_row(screen, row, NULL);
        found = search->regex ? regexec(search->regex, line, 0, NULL, 0) == 0 : strstr(line, search->text) != NULL;
        free(line);
    }
    return found != search->absent;
}

static bool lives(struct screen *screen, void *user)
{
    const struct search *search = user;
    return screen->life == search->life;
}

static enum verdict look(struct test *test, char *rest, struct search search, bool at_once)
{
    double seconds = at_once ? 0 : take_seconds(&rest, WAIT_LIMIT_S);
    if (!*rest)
        return test_fail(test, no_text);
    char *text = step_text(rest);
    search.text = text;
    if (at_once)
        screen_pump(test->screen, 0);
    bool held = screen_wait(test->screen, shows, &search, test_limit(test, seconds));
    enum verdict verdict = GOES_ON;
    if (!held && at_once)
        verdict = test_fail(test, "\"%s\" is %son the screen", text, search.absent ? "" : "not ");
    else if (!held)
        verdict = test_fail(test, "\"%s\" is %s on the screen after %g s%s", text, search.absent ? "still" : "not",
                            seconds * test->factor, test->screen->life == SCREEN_ENDED ? "; the program has ended" : "");
    free(text);
    return verdict;
}

static enum verdict do_wait(struct test *t, char *rest) { return look(t, rest, (struct search){.row = -1}, false); }

static enum verdict do_wait_not(struct test *t, char *rest)
{
    return look(t, rest, (struct search){.row = -1, .absent = true}, false);
}

static enum verdict do_expect(struct test *t, char *rest) { return look(t, rest, (struct search){.row = -1}, true); }

static enum verdict do_expect_not(struct test *t, char *rest)
{
    return look(t, rest, (struct search){.row = -1, .absent = true}, true);
}

static enum verdict do_wait_row(struct test *test, char *rest)
{
    struct search search = {0};
    if (!take_number(&rest, &search.row) || search.row < 0)
        return test_fail(test, "want: wait-row ROW TEXT");
    return look(test, rest, search, false);
}

static enum verdict do_wait_regex(struct test *test, char *rest)
{
    regex_t regex;
    char *expression = rest;
    take_seconds(&expression, 0);
    if (regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB) != 0)
        return test_fail(test, "no regular expression: %s", expression);
    enum verdict verdict = look(test, rest, (struct search){.regex = &regex, .row = -1}, false);
    regfree(&regex);
    return verdict;
}

struct place {
    int row, col;
};

static bool cursor_is_at(struct screen *screen, void *user)
{
    const struct place *place = user;
    int row, col;
    screen_cursor(screen, &row, &col);
    return row == place->row && col == place->col;
}

static enum verdict do_expect_cursor(struct test *test, char *rest)
{
    struct place place;
    if (!take_number(&rest, &place.row) || !take_number(&rest, &place.col))
        return test_fail(test, "want: expect-cursor ROW COL");
    if (screen_wait(test->screen, cursor_is_at, &place, test_limit(test, WAIT_LIMIT_S)))
        return GOES_ON;
    return test_fail(test, "the cursor is not at row %d, column %d", place.row, place.col);
}

static enum verdict do_expect_style(struct test *test, char *rest)
{
    char *last = strrchr(rest, ' '), style[100] = "";
    int row, col;
    if (!last)
        return test_fail(test, "want: expect-style TEXT STYLE");
    *last = '\0';
    char *text = step_text(rest), padded[110];
    bool found = screen_find(test->screen, text, &row, &col);
    free(text);
    if (!found)
        return test_fail(test, "%s is not on the screen", rest);
    screen_style(test->screen, row, col, style, sizeof style);
    snprintf(padded, sizeof padded, " %s ", style[0] ? style : "plain");
    for (char *more, *word = strtok_r(last + 1, ",", &more); word; word = strtok_r(NULL, ",", &more)) {
        bool wanted = word[0] != '!';
        char one[60];
        snprintf(one, sizeof one, " %s ", wanted ? word : word + 1);
        if ((strstr(padded, one) != NULL) != wanted)
            return test_fail(test, "%s at row %d, column %d is%s, not %s", rest, row, col, padded, word);
    }
    return GOES_ON;
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
    struct search search = {.life = SCREEN_STOPPED};
    (void)rest;
    if (screen_wait(test->screen, lives, &search, test_limit(test, EXIT_LIMIT_S)))
        return GOES_ON;
    return test_fail(test, "the program has not stopped");
}

static enum verdict do_exit(struct test *test, char *rest)
{
    struct search search = {.life = SCREEN_ENDED};
    int wanted;
    double seconds = take_seconds(&rest, EXIT_LIMIT_S);
    if (!take_number(&rest, &wanted))
        return test_fail(test, "want: exit CODE");
    if (!screen_wait(test->screen, lives, &search, test_limit(test, seconds)))
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
    if (!take_number(&rest, &most))
        return test_fail(test, "want: bytes-below NUMBER");
    screen_pump(test->screen, 0);
    uint64_t written = test->screen->bytes - test->marked;
    if (written >= (uint64_t)most)
        return test_fail(test, "%llu bytes written, want less than %d", (unsigned long long)written, most);
    return do_mark_bytes(test, rest);
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
    {"wait", do_wait, false},
    {"wait-not", do_wait_not, false},
    {"wait-row", do_wait_row, false},
    {"wait-regex", do_wait_regex, false},
    {"wait-stopped", do_wait_stopped, false},
    {"expect", do_expect, false},
    {"expect-not", do_expect_not, false},
    {"expect-cursor", do_expect_cursor, false},
    {"expect-style", do_expect_style, false},
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
