#include <config.h>

#include "question.h"

#include <string.h>

#include <brdeck/base/text.h>

static int wrapped_rows(const char *text, int width)
{
    int rows = 0;
    for (const char *next = text; next; rows++)
        text_wrap(next, (size_t)(width > 0 ? width : 1), &next);
    return rows;
}

/* @text into @r, its last row cut where there are too few; returns the columns that the last row took. */
static int draw_wrapped(struct canvas *c, struct rect r, enum style style, const char *text)
{
    int row = r.row, end = r.row + r.rows, col = 0;
    for (const char *next = text; next && row < end; row++) {
        const char *from = next;
        size_t len = text_wrap(from, (size_t)(r.cols > 0 ? r.cols : 1), &next);
        col = canvas_textn(c, row, r.col, r.cols, style, from, row + 1 < end ? len : strlen(from));
    }
    return col;
}

/* Whether what is typed, and the cursor behind it, have a row of their own. */
static bool is_apart(const struct question *question, int width)
{
    return question->answer > 0 && (int)text_width(question->text) + question->answer + 1 > width;
}

static int own_rows(const struct question *question, int width, int most)
{
    int rows = (is_apart(question, width) ? wrapped_rows(question->text, width) + 1
                : question->answer ? 1 : wrapped_rows(question->text, width));
    return rows < most ? rows : most > 1 ? most : 1;
}

int question_rows(const struct question *question, int width, int most)
{
    int rows = own_rows(question, width, most), errors = wrapped_rows(question->error, width);
    return rows + errors < most ? rows + errors : most > rows ? most : rows;
}

void question_draw(const struct question *question, struct line_edit *line, struct canvas *c, struct rect r)
{
    int rows = own_rows(question, r.cols, r.rows), first = r.row + r.rows - rows, col;
    bool apart = is_apart(question, r.cols) && rows > 1;
    draw_wrapped(c, (struct rect){r.row, r.col, r.rows - rows, r.cols}, STYLE_CRIT, question->error);
    col = draw_wrapped(c, (struct rect){first, r.col, rows - (apart ? 1 : 0), r.cols},
                       question->answer ? STYLE_TITLE : STYLE_WARN, question->text);
    if (!question->answer)
        return;
    if (apart)
        col = canvas_text(c, first + rows - 1, r.col, r.cols, STYLE_TITLE, "> ");
    else if (col >= r.cols) /* one row is all there is */
        col = r.cols / 2;
    line_edit_draw(line, c, first + rows - 1, r.col + col, r.cols - col, STYLE_INPUT);
}
