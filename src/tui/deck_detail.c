/* deck_detail.c - the Backup under the cursor: what it means, and what can be done. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "deck.h"

void deck_detail_fill(struct deck *deck, const struct store_row *row, struct description *d)
{
    struct ui *ui = deck->ui;
    struct window window;
    bool has_window = fleet_window(ui->fleet, row->record, &window);
    struct describe_context ctx = {
        .facts = row->facts, .window = has_window ? &window : NULL, .window_known = fleet_is_complete(ui->fleet),
        .has_status_sub = fleet_has_status_sub(ui->fleet, row->record->v1), .read_only = ui->read_only,
        .now_ms = ui_now_ms(ui), .style = ui->time_style, .ascii = ui->ascii,
    };
    describe_brief(d, row->record, &ctx);
}

/* Where the text of a line begins, below its label. */
static int text_column(const struct describe_line *line)
{
    return (int)line->indent + (line->label ? (int)text_width(line->label) + 2 : 0);
}

int deck_detail_lines(const struct description *d, int width)
{
    int lines = 0;
    for (size_t i = 0; i < d->count; i++) {
        int room = width - text_column(&d->lines[i]);
        const char *next = d->lines[i].text;
        do {
            text_wrap(next, room > 8 ? (size_t)room : 8, &next);
            lines++;
        } while (next);
    }
    return lines;
}

void deck_detail_draw(struct deck *deck, const struct description *d, struct canvas *c, struct rect r)
{
    bool beside = r.col > 0;
    int row = r.row, end = r.row + r.rows, left = r.col + 1, width = r.cols - 2;
    if (!beside)
        canvas_rule(c, row++, r.col + 1, r.cols - 2, deck->ui->ascii);
    for (size_t i = 0; i < d->count && row < end; i++) {
        const struct describe_line *line = &d->lines[i];
        int begin = text_column(line), room = width - begin;
        if (line->label)
            canvas_text(c, row, left + (int)line->indent, width, STYLE_LABEL, line->label);
        const char *next = line->text;
        do {
            const char *from = next;
            size_t len = text_wrap(from, room > 8 ? (size_t)room : 8, &next);
            canvas_textf(c, row++, left + begin, room, style_of_role(line->role), "%.*s", (int)len, from);
        } while (next && row < end);
    }
}
