#include <config.h>

#include "table.h"

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

enum { GAP = 2, LEFT = 1, BELOW = 4, BELOW_FROM = 12 };

static void move_to(struct table *t, size_t row) { t->cursor = t->count ? (row < t->count ? row : t->count - 1) : 0; }

/* -- the filter ---------------------------------------------------------------------------------- */

static void set_filter(struct table *t, const char *text)
{
    free(t->filter);
    t->filter = str_empty(text) ? NULL : xstrdup(text);
    t->cursor = 0;
    if (t->narrow)
        t->narrow(t->narrow_arg);
}

static void filter_typing(void *arg, struct ui *ui, const char *text)
{
    (void)ui;
    set_filter(arg, text);
}

static void filter_done(void *arg, struct ui *ui, const char *text)
{
    struct table *t = arg;
    (void)ui;
    set_filter(t, text ? text : t->before);
}

bool table_keeps(const struct table *t, size_t columns, table_cell_fn *cell, void *arg, size_t row)
{
    bool keeps = !t->filter;
    for (size_t i = 0; i < columns && !keeps; i++) {
        struct str text;
        str_init(&text, STR_SMALL);
        cell(arg, row, i, &text);
        keeps = text_contains_fold(text.data, t->filter);
        str_done(&text);
    }
    return keeps;
}

void table_hint(const struct table *t, struct hints *hints, const char *back, const char *open)
{
    hints_add(hints, UI_BACK, t->filter ? "filter off" : back, false);
    if (open && t->count)
        hints_add(hints, UI_OPEN, open, false);
    hints_add(hints, UI_FILTER, "filter", false);
}

void table_done(struct table *t)
{
    free(t->filter);
    free(t->before);
    t->filter = t->before = NULL;
}

/* -- the moves -------------------------------------------------------------------------------------- */

bool table_command(struct table *t, struct ui *ui, enum ui_command command)
{
    size_t page = t->page > 1 ? (size_t)t->page - 1 : 1;
    switch (command) {
    case UI_UP: move_to(t, t->cursor ? t->cursor - 1 : 0); return true;
    case UI_DOWN: move_to(t, t->cursor + 1); return true;
    case UI_PAGE_UP: move_to(t, t->cursor > page ? t->cursor - page : 0); return true;
    case UI_PAGE_DOWN: move_to(t, t->cursor + page); return true;
    case UI_TOP: move_to(t, 0); return true;
    case UI_BOTTOM: move_to(t, t->count); return true;
    case UI_FILTER:
        free(t->before);
        t->before = xstrdup(t->filter ? t->filter : "");
        ui_prompt(ui, &(struct prompt_spec){.label = "/", .initial = t->before, .history = t->history,
                                            .done = filter_done, .typing = filter_typing, .arg = t});
        return true;
    case UI_BACK:
        if (!t->filter)
            return false;
        set_filter(t, NULL);
        return true;
    default: return false;
    }
}

/* -- drawing -------------------------------------------------------------------------------------------- */

/* The columns that @column takes; 0: it is not shown. */
static int width_of(const struct table_column *columns, size_t count, size_t column, int cols)
{
    int left = cols - LEFT;
    bool rest = false; /* somebody takes what is left over */
    if (columns[column].from > cols)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (columns[i].from <= cols) {
            left -= columns[i].width ? columns[i].width + GAP : 0;
            rest = rest || !columns[i].width;
        }
    if (!columns[column].width)
        return left > 0 ? left : 0;
    int more = !rest && columns[column].names && left + GAP > 0 ? left + GAP : 0;
    return columns[column].width + more;
}

static void draw_row(const struct table_column *columns, size_t count, table_cell_fn *cell, void *arg, size_t row,
                     struct canvas *c, int at, struct rect r)
{
    int col = LEFT;
    for (size_t i = 0; i < count; i++) {
        int width = width_of(columns, count, i, r.cols);
        if (!width)
            continue;
        struct str text;
        str_init(&text, STR_SMALL);
        enum style style = cell(arg, row, i, &text);
        if (columns[i].names)
            text_cut_middle(&text, width);
        canvas_text(c, at, r.col + col, width < r.cols - col ? width : r.cols - col, style, text.data);
        str_done(&text);
        col += width + GAP;
    }
}

void table_draw(struct table *t, const struct table_column *columns, size_t count, table_cell_fn *cell, void *arg,
                struct canvas *c, struct rect r)
{
    canvas_fill(c, r, STYLE_TEXT);
    canvas_fill(c, (struct rect){r.row, r.col, r.rows > 0 ? 1 : 0, r.cols}, STYLE_HEADER);
    int col = LEFT;
    for (size_t i = 0; i < count && r.rows > 0; i++) {
        int width = width_of(columns, count, i, r.cols);
        if (width)
            canvas_text(c, r.row, r.col + col, width, STYLE_HEADER, columns[i].title);
        col += width ? width + GAP : 0;
    }
    t->page = r.rows - 1;
    size_t rows = t->page > 0 ? (size_t)t->page : 0;
    move_to(t, t->cursor);
    if (t->cursor < t->top)
        t->top = t->cursor;
    if (rows && t->cursor >= t->top + rows)
        t->top = t->cursor - rows + 1;
    if (t->top + rows > t->count)
        t->top = t->count > rows ? t->count - rows : 0;
    for (size_t i = t->top; i < t->count && i < t->top + rows; i++) {
        int at = r.row + 1 + (int)(i - t->top);
        draw_row(columns, count, cell, arg, i, c, at, r);
        if (i == t->cursor) {
            canvas_text(c, at, r.col, 1, STYLE_TEXT, ">");
            canvas_mark_cursor(c, (struct rect){at, r.col, 1, r.cols});
            canvas_set_cursor(c, at, r.col, false);
        }
    }
}

struct rect table_split(struct rect r, struct rect *below)
{
    int rows = r.rows >= BELOW_FROM ? BELOW + 1 : 0;
    *below = (struct rect){r.row + r.rows - rows, r.col, rows, r.cols};
    return (struct rect){r.row, r.col, r.rows - rows, r.cols};
}

/* @text wrapped into @r. */
static void draw_wrapped(struct canvas *c, struct rect r, enum style style, const char *text)
{
    int row = r.row;
    for (const char *next = text; next && row < r.row + r.rows; row++) {
        const char *line = next;
        size_t len = text_wrap(line, (size_t)r.cols, &next);
        canvas_textn(c, row, r.col, r.cols, style, line, len);
    }
}

void table_draw_empty(struct canvas *c, struct rect r, enum style style, const char *text)
{
    if (r.rows > 2 && r.cols > 2) /* below the titles and a blank row */
        draw_wrapped(c, (struct rect){r.row + 2, r.col + 1, r.rows - 2, r.cols - 2}, style, text);
}

void table_draw_below(struct canvas *c, struct rect below, enum style style, const char *text, bool ascii)
{
    int width = below.cols - 2;
    if (below.rows < 2 || width < 8)
        return;
    canvas_rule(c, below.row, below.col + 1, width, ascii);
    draw_wrapped(c, (struct rect){below.row + 1, below.col + 1, below.rows - 1, width}, style, text);
}
