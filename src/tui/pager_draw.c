#include <config.h>

#include <brdeck/base/text.h>

#include "tui/pager_private.h"

/* The styles of a line, byte by byte in order. */
struct brush {
    const struct piece *piece, *end;
    size_t match, match_end; /* bytes of the next match; match_end 0: none is left */
    const char *text;
    const wchar_t *needle;
};

static void next_match(struct brush *brush, size_t from)
{
    size_t len = 0;
    const char *match = brush->needle ? pager_find(brush->text + from, brush->needle, &len) : NULL;
    brush->match = match ? (size_t)(match - brush->text) : 0;
    brush->match_end = match ? brush->match + len : 0;
}

static enum style style_at(struct brush *brush, size_t at)
{
    while (brush->piece + 1 < brush->end && brush->piece[1].start <= at)
        brush->piece++;
    if (brush->match_end && at >= brush->match_end)
        next_match(brush, brush->match_end);
    return brush->match_end && at >= brush->match ? STYLE_MATCH : brush->piece->style;
}

/* @len bytes of the line from @from at (row, col), of which @skip columns are left of what is seen. */
static void draw_bytes(struct brush *brush, struct canvas *c, struct rect r, size_t from, size_t len, int skip)
{
    int columns = -skip;
    for (size_t at = from; at < from + len && columns < r.cols;) {
        struct text_glyph glyph;
        enum style style = style_at(brush, at);
        bool tab = brush->text[at] == '\t';
        at += text_glyph(brush->text + at, from + len - at, &glyph);
        if (tab) { /* counts as one column for wrapping, as it is cleaned to one space */
            glyph = (struct text_glyph){.chars = {L' '}, .width = 1};
        }
        if (columns >= 0 && columns + glyph.width <= r.cols)
            canvas_glyph(c, r.row, r.col + columns, style, &glyph);
        columns += glyph.width;
    }
}

static struct brush brush_of(const struct pager *pager, size_t i)
{
    const struct line *line = &pager->lines[i];
    struct brush brush = {.piece = &pager->pieces[line->piece],
                          .end = &pager->pieces[line->piece + line->pieces],
                          .text = pager_line_text(pager, i),
                          .needle = pager->needle};
    next_match(&brush, 0);
    return brush;
}

/* Draw line @i from its row @first on; returns the rows it took, @rows at most. */
static int draw_line(const struct pager *pager, struct canvas *c, struct rect r, size_t i, size_t first)
{
    const struct line *line = &pager->lines[i];
    struct brush brush = brush_of(pager, i);
    if (!pager->wrap) {
        int indent = pager_left_of(pager, line, true);
        struct rect at = {r.row, r.col, 1, r.cols};
        int shift = pager->side - indent; /* the indent scrolls away first */
        at.col += shift < 0 ? -shift : 0;
        at.cols -= shift < 0 ? -shift : 0;
        draw_bytes(&brush, c, at, 0, line->len, shift > 0 ? shift : 0);
        return 1;
    }
    int drawn = 0;
    size_t row = 0;
    for (const char *next = brush.text; next && drawn < r.rows; row++) {
        const char *text = next;
        int indent = pager_left_of(pager, line, row == 0);
        size_t len = text_wrap(text, pager_room(pager, line, row == 0), &next);
        if (row < first)
            continue;
        struct rect at = {r.row + drawn++, r.col + indent, 1, r.cols - indent};
        draw_bytes(&brush, c, at, (size_t)(text - brush.text), len, 0);
    }
    return drawn;
}

void pager_draw(struct pager *pager, struct canvas *c, struct rect r)
{
    canvas_fill(c, r, STYLE_TEXT);
    if (r.rows <= 0 || r.cols <= 0)
        return;
    pager->rows = r.rows;
    pager->cols = r.cols;
    pager_keep_inside(pager);
    struct place at = pager->top;
    pager->first = pager->lines_len ? at.line + 1 : 0;
    for (int row = 0; row < r.rows && at.line < pager->lines_len; at = (struct place){at.line + 1, 0}) {
        struct rect rest = {r.row + row, r.col, r.rows - row, r.cols};
        row += draw_line(pager, c, rest, at.line, at.row);
    }
    pager->last = at.line;
    canvas_set_cursor(c, r.row, r.col, false);
}

void pager_position(const struct pager *pager, struct str *out)
{
    size_t count = pager->lines_len;
    if (count == 0)
        str_add(out, "empty");
    else
        str_addf(out, "%zu-%zu of %zu (%zu%%)", pager->first, pager->last, count, pager->last * 100 / count);
}
