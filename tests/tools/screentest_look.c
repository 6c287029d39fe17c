/* screentest_look.c - the steps that look at the screen. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screentest.h"

struct search {
    const char *text;
    const regex_t *regex;
    int row; /* -1: any */
    bool absent;
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

static enum verdict look(struct test *test, char *rest, struct search search, bool at_once)
{
    double seconds = at_once ? 0 : step_seconds(&rest, WAIT_LIMIT_S);
    if (!*rest)
        return test_fail(test, "no text given");
    char *text = step_text(rest);
    search.text = text;
    if (at_once)
        screen_pump(test->screen, 0);
    bool held = screen_wait(test->screen, shows, &search, test_limit(test, seconds));
    enum verdict verdict = GOES_ON;
    if (!held && at_once)
        verdict = test_fail(test, "\"%s\" is %son the screen", text, search.absent ? "" : "not ");
    else if (!held)
        verdict = test_fail(test, "\"%s\" is %s on the screen after %g s%s", text,
                            search.absent ? "still" : "not", seconds * test->factor,
                            test->screen->life == SCREEN_ENDED ? "; the program has ended" : "");
    free(text);
    return verdict;
}

enum verdict look_wait(struct test *t, char *rest) { return look(t, rest, (struct search){.row = -1}, false); }

enum verdict look_wait_not(struct test *t, char *rest)
{
    return look(t, rest, (struct search){.row = -1, .absent = true}, false);
}

enum verdict look_expect(struct test *t, char *rest) { return look(t, rest, (struct search){.row = -1}, true); }

enum verdict look_expect_not(struct test *t, char *rest)
{
    return look(t, rest, (struct search){.row = -1, .absent = true}, true);
}

enum verdict look_wait_row(struct test *test, char *rest)
{
    struct search search = {0};
    if (!step_number(&rest, &search.row) || search.row < 0)
        return test_fail(test, "want: wait-row ROW TEXT");
    return look(test, rest, search, false);
}

enum verdict look_wait_regex(struct test *test, char *rest)
{
    regex_t regex;
    char *expression = rest;
    step_seconds(&expression, 0);
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

enum verdict look_expect_cursor(struct test *test, char *rest)
{
    struct place place;
    if (!step_number(&rest, &place.row) || !step_number(&rest, &place.col))
        return test_fail(test, "want: expect-cursor ROW COL");
    if (screen_wait(test->screen, cursor_is_at, &place, test_limit(test, WAIT_LIMIT_S)))
        return GOES_ON;
    return test_fail(test, "the cursor is not at row %d, column %d", place.row, place.col);
}

enum verdict look_expect_style(struct test *test, char *rest)
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
