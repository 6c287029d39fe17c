/* screentest_golden.c - the screen beside the one that was found good. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "screentest.h"

enum { GOLDEN_LIMIT_S = 10, STABLE_MS = 300 };

static const char mask_mark[] = "·";

enum verdict golden_mask(struct test *test, const char *expression)
{
    if (test->mask_count == MASKS_MAX)
        return test_fail(test, "more than %d masks", MASKS_MAX);
    if (regcomp(&test->masks[test->mask_count], expression, REG_EXTENDED) != 0)
        return test_fail(test, "mask: no regular expression: %s", expression);
    test->mask_count++;
    return GOES_ON;
}

/* Write @line to @out with what @mask matches as marks, one for each character. */
static void mask_line(FILE *out, const regex_t *mask, const char *line)
{
    regmatch_t match;
    int flags = 0;
    while (*line && regexec(mask, line, 1, &match, flags) == 0 && match.rm_eo > match.rm_so) {
        fprintf(out, "%.*s", (int)match.rm_so, line);
        for (regoff_t i = match.rm_so; i < match.rm_eo; i++)
            if (((unsigned char)line[i] & 0xc0) != 0x80)
                fputs(mask_mark, out);
        line += match.rm_eo;
        flags = REG_NOTBOL;
    }
    fprintf(out, "%s\n", line);
}

/* @text, which is used up, with all masks. */
static char *mask_text(const struct test *test, char *text)
{
    for (int i = 0; i < test->mask_count; i++) {
        char *masked = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&masked, &length);
        char *rest = text;
        for (char *line = strsep(&rest, "\n"); rest; line = strsep(&rest, "\n"))
            mask_line(out, &test->masks[i], line);
        fclose(out);
        free(text);
        text = masked;
    }
    return text;
}

static char *snapshot(struct test *test, bool styles)
{
    char *text = mask_text(test, screen_text(test->screen));
    if (!styles)
        return text;
    char *all = NULL, *runs = screen_styles(test->screen);
    size_t length = 0;
    FILE *out = open_memstream(&all, &length);
    fprintf(out, "%s--\n%s", text, runs);
    fclose(out);
    free(text);
    free(runs);
    return all;
}

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    if (!in)
        return NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    for (int c; (c = getc(in)) != EOF;)
        putc(c, out);
    fclose(out);
    fclose(in);
    return text;
}

static void print_difference(const char *wanted, const char *got)
{
    char *left = strdup(wanted), *right = strdup(got), *left_rest = left, *right_rest = right;
    for (int row = 0; left_rest || right_rest; row++) {
        const char *a = left_rest ? strsep(&left_rest, "\n") : "", *b = right_rest ? strsep(&right_rest, "\n") : "";
        if (strcmp(a, b) != 0)
            printf("row %2d  - |%s|\n        + |%s|\n", row, a, b);
    }
    free(left);
    free(right);
    printf("-- wanted --------\n%s-- got --------\n%s--------\n", wanted, got);
}

struct comparison {
    struct test *test;
    const char *wanted;
    bool styles;
};

static bool is_equal(struct screen *screen, void *user)
{
    const struct comparison *comparison = user;
    (void)screen;
    char *now = snapshot(comparison->test, comparison->styles);
    bool equal = strcmp(now, comparison->wanted) == 0;
    free(now);
    return equal;
}

/* Wait until the text has not changed for a while; the limit ends that, too. */
static char *stable_snapshot(struct test *test, bool styles)
{
    char *last = snapshot(test, styles);
    int64_t now = screen_now_ms(), since = now, end = now + test_limit(test, GOLDEN_LIMIT_S);
    while (now - since < STABLE_MS && now < end) {
        screen_pump(test->screen, STABLE_MS / 10);
        char *next = snapshot(test, styles);
        now = screen_now_ms();
        if (strcmp(next, last) != 0)
            since = now;
        free(last);
        last = next;
    }
    return last;
}

static enum verdict write_golden(struct test *test, const char *path, bool styles)
{
    char *text = stable_snapshot(test, styles);
    FILE *out = fopen(path, "w");
    bool written = out && fputs(text, out) >= 0;
    if (out && fclose(out) != 0)
        written = false;
    free(text);
    return written ? GOES_ON : test_fail(test, "%s: %s", path, strerror(errno));
}

/* Beside the outermost script, in golden/; SCREEN_GOLDEN names another folder. */
static void golden_path(const struct test *test, const char *name, char *path, size_t size)
{
    const char *folder = getenv("SCREEN_GOLDEN"), *slash = strrchr(test->path, '/');
    if (folder)
        snprintf(path, size, "%s/%s.golden", folder, name);
    else
        snprintf(path, size, "%.*sgolden/%s.golden", slash ? (int)(slash + 1 - test->path) : 0, test->path, name);
}

enum verdict golden_step(struct test *test, const char *name, bool styles)
{
    const char *mode = getenv("GOLDEN");
    char path[1000];
    golden_path(test, name, path, sizeof path);
    if (mode && strcmp(mode, "write") == 0)
        return write_golden(test, path, styles);
    char *wanted = read_file(path);
    if (!wanted)
        return test_fail(test, "%s: %s; `make golden` writes it", path, strerror(errno));
    struct comparison comparison = {.test = test, .wanted = wanted, .styles = styles};
    bool equal = screen_wait(test->screen, is_equal, &comparison, test_limit(test, GOLDEN_LIMIT_S));
    if (!equal) {
        char *got = snapshot(test, styles);
        printf("%s:%d: the screen is not %s\n", test->path, test->line, path);
        print_difference(wanted, got);
        free(got);
    }
    free(wanted);
    return equal ? GOES_ON : FAILED;
}
