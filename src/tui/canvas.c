#include <config.h>

#include <brdeck/tui/canvas.h>

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

static const wchar_t ELLIPSIS = 0x2026, RULE = 0x2500;

static const struct cell_glyph blank = {.chars = {L' '}, .width = 1, .style = STYLE_TEXT};

/* -- its life ------------------------------------------------------------------ */

void canvas_init(struct canvas *c, int rows, int cols)
{
    *c = (struct canvas){.cursor_row = -1, .cursor_col = -1};
    canvas_resize(c, rows, cols);
}

void canvas_done(struct canvas *c)
{
    free(c->cells);
    *c = (struct canvas){.cursor_row = -1, .cursor_col = -1};
}

void canvas_resize(struct canvas *c, int rows, int cols)
{
    rows = rows > 0 ? rows : 0;
    cols = cols > 0 ? cols : 0;
    size_t count = (size_t)rows * (size_t)cols;
    c->cells = xreallocarray(c->cells, count ? count : 1, sizeof *c->cells);
    c->rows = rows;
    c->cols = cols;
    canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
    size_t count = (size_t)c->rows * (size_t)c->cols;
    for (size_t i = 0; i < count; i++)
        c->cells[i] = blank;
    c->cursor_row = c->cursor_col = -1;
    c->cursor_shown = false;
}

/* -- clipping -------------------------------------------------------------------- */

/* first + count, kept within [0, limit]. */
static int clip_end(int first, int count, int limit)
{
    int64_t end = (int64_t)first + (count > 0 ? count : 0);
    return end < 0 ? 0 : end > limit ? limit : (int)end;
}

static int clip_first(int first) { return first > 0 ? first : 0; }

static struct cell_glyph *cell_at(struct canvas *c, int row, int col)
{
    return &c->cells[(size_t)row * (size_t)c->cols + (size_t)col];
}

/* -- cells ------------------------------------------------------------------------ */

/* A blank where a character was: what is laid over stays, and so does the style. */
static void make_blank(struct cell_glyph *cell)
{
    memset(cell->chars, 0, sizeof cell->chars);
    cell->chars[0] = L' ';
    cell->width = 1;
}

/* Free the cell of a wide character that reaches into it, by blanking its other half. */
static void part(struct canvas *c, int row, int col)
{
    struct cell_glyph *cell = cell_at(c, row, col);
    if (cell->width == 0)
        make_blank(cell - 1);
    else if (cell->width == 2)
        make_blank(cell + 1);
    make_blank(cell);
}

static void put(struct canvas *c, int row, int col, enum style style, const struct text_glyph *glyph)
{
    if (row < 0 || row >= c->rows || col >= c->cols || col + glyph->width <= 0)
        return;
    bool whole = col >= 0 && col + glyph->width <= c->cols;
    for (int i = 0; i < glyph->width; i++) {
        if (col + i < 0 || col + i >= c->cols)
            continue;
        part(c, row, col + i);
        cell_at(c, row, col + i)->style = (unsigned char)style;
    }
    if (!whole) /* half of a wide character is a blank */
        return;
    struct cell_glyph *cell = cell_at(c, row, col);
    memcpy(cell->chars, glyph->chars, sizeof cell->chars);
    cell->width = (unsigned char)glyph->width;
    if (glyph->width == 2) {
        memset(cell[1].chars, 0, sizeof cell[1].chars);
        cell[1].width = 0;
    }
}

static void put_char(struct canvas *c, int row, int col, enum style style, wchar_t ch)
{
    struct text_glyph glyph = {.chars = {ch}, .width = 1};
    put(c, row, col, style, &glyph);
}

void canvas_glyph(struct canvas *c, int row, int col, enum style style, const struct text_glyph *glyph)
{
    put(c, row, col, style, glyph);
}

void canvas_fill(struct canvas *c, struct rect r, enum style style)
{
    int bottom = clip_end(r.row, r.rows, c->rows), right = clip_end(r.col, r.cols, c->cols);
    for (int row = clip_first(r.row); row < bottom; row++)
        for (int col = clip_first(r.col); col < right; col++) {
            part(c, row, col);
            struct cell_glyph *cell = cell_at(c, row, col);
            *cell = blank;
            cell->style = (unsigned char)style;
        }
}

/* -- text --------------------------------------------------------------------------- */

/* Columns of @text, counted until they pass @limit. */
static int measure(const char *text, size_t len, int limit)
{
    int columns = 0;
    for (size_t at = 0; at < len && columns <= limit;) {
        struct text_glyph glyph;
        at += text_glyph(text + at, len - at, &glyph);
        columns += glyph.width;
    }
    return columns;
}

int canvas_textn(struct canvas *c, int row, int col, int width, enum style style, const char *text, size_t len)
{
    if (col >= c->cols || width <= 0 || !text)
        return 0;
    int64_t seen = (int64_t)c->cols - col; /* to the canvas's edge: there it is cut as well */
    if (width > seen)
        width = (int)seen;
    bool cut = measure(text, len, width) > width;
    int room = cut ? width - 1 : width, columns = 0;
    for (size_t at = 0; at < len;) {
        struct text_glyph glyph;
        at += text_glyph(text + at, len - at, &glyph);
        if (columns + glyph.width > room)
            break;
        put(c, row, col + columns, style, &glyph);
        columns += glyph.width;
    }
    if (cut)
        put_char(c, row, col + columns++, style, ELLIPSIS);
    return columns;
}

int canvas_text(struct canvas *c, int row, int col, int width, enum style style, const char *text)
{
    return text ? canvas_textn(c, row, col, width, style, text, strlen(text)) : 0;
}

int canvas_textf(struct canvas *c, int row, int col, int width, enum style style, const char *format, ...)
{
    struct str text;
    str_init(&text, STR_SMALL);
    va_list args;
    va_start(args, format);
    str_vaddf(&text, format, args);
    va_end(args);
    int columns = canvas_textn(c, row, col, width, style, text.data, text.len);
    str_done(&text);
    return columns;
}

int canvas_text_right(struct canvas *c, int row, int col, int width, enum style style, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    int columns = measure(text, len, width);
    int gap = columns < width ? width - columns : 0;
    if (col > INT_MAX - gap)
        return 0;
    return canvas_textn(c, row, col + gap, width - gap, style, text, len);
}

void canvas_rule(struct canvas *c, int row, int col, int width, bool ascii)
{
    int right = clip_end(col, width, c->cols);
    for (int at = clip_first(col); at < right; at++)
        put_char(c, row, at, STYLE_RULE, ascii ? L'-' : RULE);
}

/* -- what is laid over ----------------------------------------------------------------- */

void canvas_mark_cursor(struct canvas *c, struct rect r)
{
    int bottom = clip_end(r.row, r.rows, c->rows), right = clip_end(r.col, r.cols, c->cols);
    for (int row = clip_first(r.row); row < bottom; row++)
        for (int col = clip_first(r.col); col < right; col++)
            cell_at(c, row, col)->cursor = true;
}

void canvas_mark_stale(struct canvas *c, struct rect r)
{
    int bottom = clip_end(r.row, r.rows, c->rows), right = clip_end(r.col, r.cols, c->cols);
    for (int row = clip_first(r.row); row < bottom; row++)
        for (int col = clip_first(r.col); col < right; col++)
            cell_at(c, row, col)->stale = true;
}

void canvas_set_cursor(struct canvas *c, int row, int col, bool shown)
{
    bool inside = row >= 0 && row < c->rows && col >= 0 && col < c->cols;
    c->cursor_row = inside ? row : -1;
    c->cursor_col = inside ? col : -1;
    c->cursor_shown = inside && shown;
}

/* -- as text ----------------------------------------------------------------------------- */

/* RFC 3629; what is no character is left out. */
static void add_utf8(struct str *out, wchar_t wide)
{
    unsigned long ch = (unsigned long)wide;
    if (ch < 0x80) {
        str_addc(out, (char)ch);
    } else if (ch < 0x800) {
        str_addc(out, (char)(0xc0 | ch >> 6));
        str_addc(out, (char)(0x80 | (ch & 0x3f)));
    } else if (ch < 0x10000) {
        str_addc(out, (char)(0xe0 | ch >> 12));
        str_addc(out, (char)(0x80 | (ch >> 6 & 0x3f)));
        str_addc(out, (char)(0x80 | (ch & 0x3f)));
    } else if (ch < 0x110000) {
        str_addc(out, (char)(0xf0 | ch >> 18));
        str_addc(out, (char)(0x80 | (ch >> 12 & 0x3f)));
        str_addc(out, (char)(0x80 | (ch >> 6 & 0x3f)));
        str_addc(out, (char)(0x80 | (ch & 0x3f)));
    }
}

char *canvas_dump(const struct canvas *c)
{
    struct str out;
    str_init(&out, STR_LARGE);
    for (int row = 0; row < c->rows; row++) {
        size_t end = out.len; /* of the last that is no blank */
        for (int col = 0; col < c->cols; col++) {
            const struct cell_glyph *cell = &c->cells[(size_t)row * (size_t)c->cols + (size_t)col];
            for (const wchar_t *ch = cell->chars; *ch; ch++)
                add_utf8(&out, *ch);
            if (cell->width != 1 || cell->chars[0] != L' ' || cell->chars[1])
                end = out.len;
        }
        str_truncate(&out, end);
        str_addc(&out, '\n');
    }
    return str_take(&out);
}
