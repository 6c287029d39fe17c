/* rows.h - a table of text on stdout, its columns as wide as what is in them. Cells are cleaned: this is the gate. */
#ifndef BRDECK_SRC_CLI_ROWS_H
#define BRDECK_SRC_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/str.h>

enum { ROWS_COLUMNS_MAX = 10 };

struct rows {
    size_t columns;
    size_t widths[ROWS_COLUMNS_MAX];
    char **cells;      /* row by row */
    size_t count, room; /* cells */
};
/* @titles NULL: none. */
void rows_init(struct rows *rows, size_t columns, const char *const *titles);
void rows_done(struct rows *rows);
/* The next cell, from the left. NULL and "" show as "-". */
void rows_add(struct rows *rows, const char *text);
/* Print and forget the rows; widths stay, so that later rows stand under them. */
void rows_print(struct rows *rows);

#endif
