/* table.h - a short list with a cursor and a filter, its columns fitted to the screen: runs, the journal, namespaces.
 * (The deck has its own.) */
#ifndef BRDECK_SRC_TUI_TABLE_H
#define BRDECK_SRC_TUI_TABLE_H

#include "view.h"

/* @width 0: what is left over (one of them; where it is not shown, the one of names gets that); @from: only where the
 * screen has so many columns; @names: cut in the middle (one of them). */
struct table_column {
    const char *title;
    int width, from;
    bool names;
};
struct table {
    size_t count, cursor, top;
    int page;      /* rows of the last draw */
    char *filter;  /* what rows must hold to be shown; NULL: nothing */
    char *before;  /* while it is typed: what it was */
    void (*narrow)(void *arg); /* it changed: which rows there are is to be told anew; may be NULL */
    void *narrow_arg;
    const char *history;       /* the list that arrow up goes through where it is typed */
};
/* The text of a cell is appended to @out; returns its style. */
typedef enum style table_cell_fn(void *arg, size_t row, size_t column, struct str *out);
/* The moves, the filter, and esc, which takes it off: false: another command. */
bool table_command(struct table *table, struct ui *ui, enum ui_command command);
/* Whether the filter leaves that row: one of its columns, shown or not, holds the text (case does not count). */
bool table_keeps(const struct table *table, size_t columns, table_cell_fn *cell, void *arg, size_t row);
/* The hints: what esc does, @open where there is a row (NULL: nothing), the filter. */
void table_hint(const struct table *table, struct hints *hints, const char *back, const char *open);
void table_done(struct table *table);
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
