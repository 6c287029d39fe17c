#include <config.h>

#include <brdeck/tui/widgets.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "tui/pager_private.h"

enum { SIDE_STEP = 8, INDENT_MAX = 200, HANG_LEAST = 24 };

const struct key_binding pager_keys[] = {
    {UI_PAGE_DOWN, "space f"}, {UI_PAGE_UP, "b"},  {UI_SEARCH, "/"},
    {UI_SEARCH_NEXT, "n"},     {UI_SEARCH_PREV, "N"}, {UI_WRAP, "w"},
};
const size_t pager_keys_count = ARRAY_LEN(pager_keys);

/* -- its text -------------------------------------------------------------------------- */

struct pager *pager_new(void)
{
    struct pager *pager = xcalloc(1, sizeof *pager);
    str_init(&pager->text, STR_LARGE);
    pager->wrap = true;
    pager->rows = 24;
    pager->cols = 80;
    return pager;
}

void pager_renew(struct pager *pager)
{
    str_clear(&pager->text);
    pager->lines_len = pager->pieces_len = 0;
}

void pager_clear(struct pager *pager)
{
    pager_renew(pager);
    pager->top = (struct place){0, 0};
    pager->side = 0;
    pager->first = pager->last = pager->found = 0;
}

void pager_free(struct pager **ptr)
{
    struct pager *pager = *ptr;
    *ptr = NULL;
    if (!pager)
        return;
    str_done(&pager->text);
    free(pager->lines);
    free(pager->pieces);
    free(pager->needle);
    free(pager);
}

static void add_piece(struct pager *pager, enum style style, const char *text, size_t len)
{
    struct line *line = &pager->lines[pager->lines_len - 1];
    if (pager->pieces_len == pager->pieces_cap) {
        pager->pieces_cap = pager->pieces_cap ? pager->pieces_cap * 2 : 64;
        pager->pieces = xreallocarray(pager->pieces, pager->pieces_cap, sizeof *pager->pieces);
    }
    pager->pieces[pager->pieces_len++] = (struct piece){.start = line->len, .style = style};
    line->pieces++;
    if (pager->text.len > line->start) /* the NUL that ended the line */
        str_truncate(&pager->text, line->start + line->len);
    size_t before = pager->text.len;
    for (size_t i = 0; i < len; i++) /* a line feed would end the line, a NUL the text */
        str_addc(&pager->text, text[i] == '\n' || text[i] == '\0' ? ' ' : text[i]);
    line->len += pager->text.len - before;
    str_addn(&pager->text, "", 1);
}

static void begin_line(struct pager *pager, unsigned indent)
{
    if (pager->lines_len == pager->lines_cap) {
        pager->lines_cap = pager->lines_cap ? pager->lines_cap * 2 : 64;
        pager->lines = xreallocarray(pager->lines, pager->lines_cap, sizeof *pager->lines);
    }
    if (pager->text.len >= pager->text.max) /* full: an empty line at the end of the text */
        str_truncate(&pager->text, pager->text.max - 1);
    if (indent > INDENT_MAX)
        indent = INDENT_MAX;
    pager->lines[pager->lines_len++] =
        (struct line){.start = pager->text.len, .piece = pager->pieces_len, .indent = indent};
}

void pager_add(struct pager *pager, enum style style, unsigned indent, const char *text)
{
    begin_line(pager, indent);
    add_piece(pager, style, text ? text : "", text ? strlen(text) : 0);
}

void pager_more(struct pager *pager, enum style style, const char *text)
{
    if (pager->lines_len == 0)
        begin_line(pager, 0);
    add_piece(pager, style, text ? text : "", text ? strlen(text) : 0);
}

void pager_add_labelled(struct pager *pager, unsigned indent, unsigned width, enum style label_style, const char *label,
                        enum style style, const char *text)
{
    size_t seen = text_width(label), column = seen > width ? seen : width;
    struct str padded;
    str_init(&padded, STR_SMALL);
    str_add(&padded, label);
    str_pad(&padded, ' ', column - seen + 2);
    pager_add(pager, label_style, indent, padded.data);
    pager_more(pager, style, text);
    pager->lines[pager->lines_len - 1].hang = column + 2 > INDENT_MAX ? INDENT_MAX : (unsigned)column + 2;
    str_done(&padded);
}

void pager_add_text(struct pager *pager, enum style style, const char *text)
{
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        begin_line(pager, 0);
        add_piece(pager, style, text, len > 0 && text[len - 1] == '\r' ? len - 1 : len);
        text += len + (text[len] == '\n');
    }
}

size_t pager_lines(const struct pager *pager) { return pager->lines_len; }

size_t pager_bytes(const struct pager *pager) { return pager->text.len; }

const char *pager_line_text(const struct pager *pager, size_t i)
{
    return pager->text.data + pager->lines[i].start;
}

char *pager_text(const struct pager *pager)
{
    struct str out;
    str_init(&out, 2 * (size_t)STR_LARGE);
    for (size_t i = 0; i < pager->lines_len; i++) {
        str_pad(&out, ' ', pager->lines[i].indent);
        str_addn(&out, pager_line_text(pager, i), pager->lines[i].len);
        str_addc(&out, '\n');
    }
    return str_take(&out);
}

/* -- rows: lines are wrapped when they are looked at ------------------------------------- */

/* Where a row after the first begins; where that leaves too little, as the first does. */
int pager_left_of(const struct pager *pager, const struct line *line, bool first)
{
    int left = (int)line->indent, hang = left + (int)line->hang;
    if (!first && pager->cols - hang >= HANG_LEAST)
        left = hang;
    return left < pager->cols ? left : pager->cols - 1;
}

size_t pager_room(const struct pager *pager, const struct line *line, bool first)
{
    int left = pager->cols - pager_left_of(pager, line, first);
    return left > 0 ? (size_t)left : 1;
}

static size_t rows_of(const struct pager *pager, size_t i)
{
    const struct line *line = &pager->lines[i];
    if (!pager->wrap || line->len <= pager_room(pager, line, true)) /* no byte takes more than one column */
        return 1;
    size_t rows = 0;
    for (const char *text = pager_line_text(pager, i); text; rows++)
        text_wrap(text, pager_room(pager, line, rows == 0), &text);
    return rows;
}

size_t pager_rows(struct pager *pager, int cols)
{
    size_t rows = 0;
    pager->cols = cols > 0 ? cols : 1;
    for (size_t i = 0; i < pager->lines_len; i++)
        rows += rows_of(pager, i);
    return rows;
}

/* @rows further up; to the top at most. */
static struct place step_up(const struct pager *pager, struct place at, size_t rows)
{
    while (rows > at.row && at.line > 0) {
        rows -= at.row + 1;
        at.line--;
        at.row = rows_of(pager, at.line) - 1;
    }
    at.row = at.row > rows ? at.row - rows : 0;
    return at;
}

static bool is_below(struct place a, struct place b) { return a.line > b.line || (a.line == b.line && a.row > b.row); }

/* Where the top is when the last row of the text is the last on the screen. */
static struct place bottom_top(const struct pager *pager)
{
    struct place at = {0, 0};
    if (pager->lines_len == 0)
        return at;
    at.line = pager->lines_len - 1;
    at.row = rows_of(pager, at.line) - 1;
    return step_up(pager, at, pager->rows > 0 ? (size_t)pager->rows - 1 : 0);
}

static struct place step_down(const struct pager *pager, struct place at, size_t rows)
{
    while (at.line < pager->lines_len) {
        size_t left = rows_of(pager, at.line) - at.row;
        if (rows < left) {
            at.row += rows;
            return at;
        }
        rows -= left;
        at = (struct place){at.line + 1, 0};
    }
    return at;
}

/* Nothing is scrolled beyond the end, and the row in a line is one that it has. */
void pager_keep_inside(struct pager *pager)
{
    if (pager->lines_len == 0) {
        pager->top = (struct place){0, 0};
        return;
    }
    if (pager->top.line < pager->lines_len && pager->top.row >= rows_of(pager, pager->top.line))
        pager->top.row = rows_of(pager, pager->top.line) - 1;
    struct place bottom = bottom_top(pager);
    if (is_below(pager->top, bottom))
        pager->top = bottom;
}

/* -- commands ------------------------------------------------------------------------------- */

bool pager_search(struct pager *pager, const char *needle)
{
    free(pager->needle);
    pager->needle = pager_needle(needle);
    if (!pager->needle)
        return str_empty(needle);
    for (size_t i = 0; i < pager->lines_len; i++) {
        size_t at = (pager->top.line + i) % pager->lines_len;
        if (pager_find(pager_line_text(pager, at), pager->needle, NULL)) {
            pager->found = at;
            pager->top = (struct place){at, 0};
            pager_keep_inside(pager);
            return true;
        }
    }
    return false;
}

static void search_on(struct pager *pager, bool forward)
{
    size_t count = pager->lines_len;
    for (size_t i = 1; pager->needle && i <= count; i++) {
        size_t at = (pager->found + (forward ? i : count - i)) % count;
        if (pager_find(pager_line_text(pager, at), pager->needle, NULL)) {
            pager->found = at;
            pager->top = (struct place){at, 0};
            break;
        }
    }
    pager_keep_inside(pager);
}

bool pager_command(struct pager *pager, enum ui_command command)
{
    size_t page = pager->rows > 1 ? (size_t)pager->rows - 1 : 1;
    switch (command) {
    case UI_UP: pager->top = step_up(pager, pager->top, 1); break;
    case UI_DOWN: pager->top = step_down(pager, pager->top, 1); break;
    case UI_PAGE_UP: pager->top = step_up(pager, pager->top, page); break;
    case UI_PAGE_DOWN: pager->top = step_down(pager, pager->top, page); break;
    case UI_TOP: pager->top = (struct place){0, 0}; break;
    case UI_BOTTOM: pager->top = bottom_top(pager); break;
    case UI_LEFT: pager->side = pager->side > SIDE_STEP ? pager->side - SIDE_STEP : 0; break;
    case UI_RIGHT: pager->side += pager->wrap || pager->side > 60000 ? 0 : SIDE_STEP; break;
    case UI_SEARCH_NEXT: search_on(pager, true); break;
    case UI_SEARCH_PREV: search_on(pager, false); break;
    case UI_WRAP:
        pager->wrap = !pager->wrap;
        pager->side = 0;
        pager->top.row = 0;
        break;
    default: return false;
    }
    pager_keep_inside(pager);
    return true;
}

/* -- a text that grows ------------------------------------------------------------------------ */

bool pager_at_end(const struct pager *pager) { return !is_below(bottom_top(pager), pager->top); }

size_t pager_top(const struct pager *pager) { return pager->top.line; }

void pager_go(struct pager *pager, size_t line)
{
    pager->top = (struct place){line, 0};
    pager_keep_inside(pager);
}

void pager_drop(struct pager *pager, size_t count)
{
    if (count >= pager->lines_len) {
        pager_clear(pager);
        return;
    }
    size_t text = pager->lines[count].start, piece = pager->lines[count].piece;
    str_drop(&pager->text, text);
    pager->lines_len -= count;
    pager->pieces_len -= piece;
    memmove(pager->lines, pager->lines + count, pager->lines_len * sizeof *pager->lines);
    memmove(pager->pieces, pager->pieces + piece, pager->pieces_len * sizeof *pager->pieces);
    for (size_t i = 0; i < pager->lines_len; i++) {
        pager->lines[i].start -= text;
        pager->lines[i].piece -= piece;
    }
    if (pager->top.line < count)
        pager->top = (struct place){0, 0};
    else
        pager->top.line -= count;
    pager->found = pager->found > count ? pager->found - count : 0;
}
