/* canvas.h - cells that views draw into; the terminal, a screen dump and tests read them.
 *
 * Text is cleaned here: the canvas is one of the two gates (text.h).
 */
#ifndef BRDECK_TUI_CANVAS_H
#define BRDECK_TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#include <brdeck/base/text.h>
#include <brdeck/conf/theme.h>

struct cell_glyph {
    wchar_t chars[1 + TEXT_COMBINING_MAX + 1];
    unsigned char width; /* 1 or 2; 0: the right half of the cell before it */
    unsigned char style; /* enum style */
    bool cursor;         /* the row of the cursor: laid over the style (reverse where the theme says so) */
    bool stale;          /* laid over the style: its source is not live */
};
struct canvas {
    int rows, cols;
    struct cell_glyph *cells;
    int cursor_row, cursor_col; /* where the terminal's cursor stands; -1: hidden */
    bool cursor_shown;   /* else it stands there unseen (for screen readers) */
};
struct rect {
    int row, col, rows, cols;
};

void canvas_init(struct canvas *c, int rows, int cols);
void canvas_done(struct canvas *c);
void canvas_resize(struct canvas *c, int rows, int cols);
void canvas_clear(struct canvas *c);
/* Blank a rectangle in @style. Everything here clips to the canvas; rectangles may be empty. */
void canvas_fill(struct canvas *c, struct rect r, enum style style);
/* Draw @text cleaned, as one line, at (row, col), at most @width columns, with an ellipsis when cut. Returns the
 * columns used. */
int canvas_text(struct canvas *c, int row, int col, int width, enum style style, const char *text);
__attribute__((format(printf, 6, 7)))
int canvas_textf(struct canvas *c, int row, int col, int width, enum style style, const char *format, ...);
/* Exactly @len bytes of @text. */
int canvas_textn(struct canvas *c, int row, int col, int width, enum style style, const char *text, size_t len);
/* The same as canvas_text, right-aligned in @width. */
int canvas_text_right(struct canvas *c, int row, int col, int width, enum style style, const char *text);
/* One glyph (of text_glyph, so it is clean). A wide one that does not fit is a blank; half of a wide one that is
 * overwritten leaves a blank. What is laid over stays. */
void canvas_glyph(struct canvas *c, int row, int col, enum style style, const struct text_glyph *glyph);
/* A rule line over @width. */
void canvas_rule(struct canvas *c, int row, int col, int width, bool ascii);
/* Lay cursor or stale over a row of cells. */
void canvas_mark_cursor(struct canvas *c, struct rect r);
void canvas_mark_stale(struct canvas *c, struct rect r);
/* Where the terminal's cursor stands; outside of the canvas: nowhere. */
void canvas_set_cursor(struct canvas *c, int row, int col, bool shown);
/* The screen as text, rows ended by line feeds, trailing blanks cut. The caller frees. */
char *canvas_dump(const struct canvas *c);

#endif
