/* question.h - the last rows of a dialog: what was wrong, what it asks, and what is typed in answer. */
#ifndef BRDECK_SRC_TUI_QUESTION_H
#define BRDECK_SRC_TUI_QUESTION_H

#include <brdeck/tui/widgets.h>

/* What is asked and what is typed stand in one row where there is room for both; else the question is wrapped, and what
 * is typed has a row of its own below: a name that must be typed is seen in full, and so is what was typed of it. */
struct question {
    const char *text;
    int answer;         /* columns that are to be typed; 0: nothing is typed */
    const char *error;  /* above it; NULL: none */
};
/* The rows it takes at @width, @most at most (1 at least). */
int question_rows(const struct question *question, int width, int most);
/* Draw it into @r, that many rows high; @line is what was typed, and gets the cursor. */
void question_draw(const struct question *question, struct line_edit *line, struct canvas *c, struct rect r);

#endif
