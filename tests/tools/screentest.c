/* screentest - run a program in a terminal as a script says, and look at its screen.
 *
 *   screentest SCRIPT...      exit 0 all passed, 1 one failed, 77 skipped
 *
 * The language is in doc/testing.md, "Screen tests".
 */
#include <config.h>

#include <errno.h>
#include <ftw.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "screentest.h"

static int include_depth;

int test_limit(const struct test *test, double seconds) { return (int)(seconds * 1000 * test->factor); }

enum verdict test_fail(struct test *test, const char *format, ...)
{
    va_list args;
    printf("%s:%d: ", test->path, test->line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    if (test->screen) {
        char *text = screen_text(test->screen);
        int row, col;
        screen_cursor(test->screen, &row, &col);
        printf("-- the screen, %dx%d, cursor at %d %d --------\n%s--------\n", test->cols, test->rows, row, col, text);
        free(text);
    }
    return FAILED;
}

static enum verdict read_line(struct test *test, char *line)
{
    static const char blank[] = " \t\r\n";
    size_t length = strlen(line);
    while (length && strchr(blank, line[length - 1]))
        line[--length] = '\0';
    line += strspn(line, blank);
    if (!*line || *line == '#')
        return GOES_ON;
    char *rest = line + strcspn(line, blank);
    if (*rest)
        *rest++ = '\0';
    rest += strspn(rest, blank);
    if (getenv("SCREEN_TRACE"))
        printf("%s:%d: %s %s\n", test->path, test->line, line, rest);
    return step_do(test, line, rest);
}

enum verdict test_read(struct test *test, const char *path)
{
    const char *outer_path = test->path;
    int outer_line = test->line;
    enum verdict verdict = GOES_ON;
    char *line = NULL;
    size_t room = 0;

    FILE *in = include_depth < 8 ? fopen(path, "r") : NULL;
    if (!in)
        return test_fail(test, "%s: %s", path, strerror(errno));
    include_depth++;
    test->path = path;
    test->line = 0;
    while (verdict == GOES_ON && getline(&line, &room, in) >= 0) {
        test->line++;
        verdict = read_line(test, line);
        fflush(stdout);
    }
    free(line);
    fclose(in);
    include_depth--;
    test->path = outer_path;
    test->line = outer_line;
    return verdict;
}

/* ---- the surroundings of a test: nothing of the user's, the same everywhere ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void set_below(const char *folder, const char *variable, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(path, 0700);
    setenv(variable, path, 1);
}

static bool surroundings_init(struct test *test)
{
    static const char *const unwanted[] = {"LINES",  "COLUMNS", "NO_COLOR",  "COLORTERM", "EDITOR", "VISUAL",
                                           "PAGER",  "LANG",    "LC_CTYPE",  "LC_TIME",   "TMUX",   "TERM_PROGRAM"};
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        unsetenv(unwanted[i]);
    const char *parent = getenv("TMPDIR");
    if (!parent || strlen(parent) > sizeof test->folder - 20)
        parent = "/tmp";
    snprintf(test->folder, sizeof test->folder, "%s/screentest.XXXXXX", parent);
    if (!mkdtemp(test->folder))
        return false;
    setenv("SCREEN_TMP", test->folder, 1);
    set_below(test->folder, "HOME", "home");
    set_below(test->folder, "XDG_CONFIG_HOME", "config");
    set_below(test->folder, "XDG_CACHE_HOME", "cache");
    set_below(test->folder, "XDG_STATE_HOME", "state");
    set_below(test->folder, "XDG_DATA_HOME", "data");
    set_below(test->folder, "XDG_RUNTIME_DIR", "run");
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TZ", "Europe/Berlin", 0);
    const char *factor = getenv("TIMEOUT_FACTOR");
    test->factor = factor && atof(factor) > 0 ? atof(factor) : 1;
    return true;
}

static enum verdict run_script(const char *path)
{
    struct test test = {.path = path, .rows = 24, .cols = 80};
    if (!surroundings_init(&test)) {
        printf("%s: no temporary folder: %s\n", path, strerror(errno));
        return FAILED;
    }
    enum verdict verdict = test_read(&test, path);
    screen_free(&test.screen);
    jobs_end(&test);
    for (int i = 0; i < test.mask_count; i++)
        regfree(&test.masks[i]);
    nftw(test.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    printf("%s - %s%s\n", verdict == FAILED ? "not ok" : "ok", path, verdict == SKIPPED ? " # SKIP" : "");
    return verdict;
}

int main(int argc, char **argv)
{
    bool failed = false, skipped = false;
    setlocale(LC_ALL, "C.UTF-8"); /* for regular expressions */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        fprintf(stderr, "usage: screentest SCRIPT...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        enum verdict verdict = run_script(argv[i]);
        failed |= verdict == FAILED;
        skipped |= verdict == SKIPPED;
    }
    return failed ? 1 : skipped ? 77 : 0;
}
