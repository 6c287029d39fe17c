#include <config.h>

#include "rows.h"

#include <stdio.h>
#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

void rows_init(struct rows *rows, size_t columns, const char *const *titles)
{
    *rows = (struct rows){.columns = columns};
    for (size_t i = 0; titles && i < columns; i++)
        rows_add(rows, titles[i]);
}

void rows_done(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->cells[i]);
    free(rows->cells);
}

void rows_add(struct rows *rows, const char *text)
{
    struct str clean;
    str_init(&clean, STR_SMALL);
    text_add_clean(&clean, text && *text ? text : "-");
    if (rows->count == rows->room) {
        rows->room = rows->room ? rows->room * 2 : 64;
        rows->cells = xreallocarray(rows->cells, rows->room, sizeof *rows->cells);
    }
    size_t column = rows->count % rows->columns, width = text_width(clean.data);
    rows->widths[column] = width > rows->widths[column] ? width : rows->widths[column];
    rows->cells[rows->count++] = str_take(&clean);
    str_done(&clean);
}

void rows_print(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        size_t column = i % rows->columns, width = text_width(rows->cells[i]);
        bool last = column + 1 == rows->columns;
        printf("%s%*s", rows->cells[i], last ? 0 : (int)(rows->widths[column] - width + 3), "");
        if (last)
            putchar('\n');
        free(rows->cells[i]);
    }
    rows->count = 0;
}
