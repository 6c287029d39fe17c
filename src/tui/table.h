/* table.h - a short list with a cursor, its columns fitted to the screen: runs, the journal. (The deck has its own.) */
#ifndef BRDECK_SRC_TUI_TABLE_H
#define BRDECK_SRC_TUI_TABLE_H

#include <brdeck/tui/canvas.h>
#include <brdeck/tui/keymap.h>

/* @width 0: what is left over (one of them); @from: only where the screen has so many columns. */
struct table_column {
    const char *title;
    int width, from;
};
struct table {
    size_t count, cursor, top;
    int page; /* rows of the last draw */
};
/* The text of a cell is appended to @out; returns its style. */
typedef enum style table_cell_fn(void *arg, size_t row, size_t column, struct str *out);
/* The moves: false: another command. */
bool table_command(struct table *table, enum ui_command command);
/* Titles in the first row of @r, then rows. */
void table_draw(struct table *table, const struct table_column *columns, size_t count, table_cell_fn *cell, void *arg,
                struct canvas *c, struct rect r);
/* Into the same @r: why there are none. */
void table_draw_empty(struct canvas *c, struct rect r, enum style style, const char *text);
/* Of @r what is left for the list, above the text of the row under the cursor where the screen is high enough. */
struct rect table_split(struct rect r, struct rect *below);
/* That text, wrapped, below a rule. */
void table_draw_below(struct canvas *c, struct rect below, enum style style, const char *text, bool ascii);

#endif
