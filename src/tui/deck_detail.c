/* deck_detail.c - the Backup under the cursor: what it means, and what can be done. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "deck.h"

void deck_detail_fill(struct deck *deck, const struct store_row *row, struct description *d)
{
    struct window window;
    struct describe_context ctx;
    described_context(deck->ui, row, &window, &ctx);
    describe_brief(d, row->record, &ctx);
    tasks_describe(deck->ui, row->record, d, NULL);
}

enum { TEXT_LEAST = 24 }; /* columns; with less room the text begins below its label's first letter */

/* Where the texts of labelled lines begin: all at one column. */
static int label_column(const struct description *d)
{
    int column = 0;
    for (size_t i = 0; i < d->count; i++) {
        int end = d->lines[i].label ? (int)d->lines[i].indent + (int)text_width(d->lines[i].label) + 2 : 0;
        column = end > column ? end : column;
    }
    return column;
}

/* The pieces of line @i at @width: each call gives the next, and where it begins. */
static size_t next_piece(const struct describe_line *line, int column, int width, bool first, int *begin,
                         const char **next)
{
    int hang = line->label ? column : (int)line->indent;
    if (width - hang < TEXT_LEAST)
        hang = (int)line->indent;
    *begin = first && line->label ? column : hang;
    return text_wrap(*next, width - *begin > 8 ? (size_t)(width - *begin) : 8, next);
}

int deck_detail_lines(const struct description *d, int width, bool beside)
{
    int lines = 0, column = label_column(d), begin;
    for (size_t i = 0; i < d->count; i++) {
        bool first = true;
        for (const char *next = d->lines[i].text; next; first = false, lines++) {
            next_piece(&d->lines[i], column, width, first, &begin, &next);
            if (i == 0 && !beside)
                next = NULL;
        }
    }
    return lines;
}

void deck_detail_draw(struct deck *deck, const struct description *d, struct canvas *c, struct rect r)
{
    bool beside = r.col > 0;
    int row = r.row, end = r.row + r.rows, left = r.col + 1, width = r.cols - 2, column = label_column(d);
    if (!beside && r.rows > 1)
        canvas_rule(c, row++, r.col + 1, r.cols - 2, deck->ui->ascii);
    if (!beside && row < end) /* the title in one line, cut: d tells it in full */
        canvas_text(c, row++, left, width, style_of_role(d->lines[0].role), d->lines[0].text);
    for (size_t i = beside ? 0 : 1; i < d->count && row < end; i++) {
        const struct describe_line *line = &d->lines[i];
        bool first = true;
        int begin;
        if (line->label)
            canvas_text(c, row, left + (int)line->indent, width, STYLE_LABEL, line->label);
        for (const char *next = line->text; next && row < end; first = false) {
            const char *from = next;
            size_t len = next_piece(line, column, width, first, &begin, &next);
            canvas_textn(c, row++, left + begin, width - begin, style_of_role(line->role), from, len);
        }
    }
}
