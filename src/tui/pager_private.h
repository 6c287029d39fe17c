/* pager_private.h - a pager's text and place, shared by pager.c (text and moves) and pager_draw.c. */
#ifndef BRDECK_SRC_TUI_PAGER_PRIVATE_H
#define BRDECK_SRC_TUI_PAGER_PRIVATE_H

#include <wchar.h>

#include <brdeck/tui/widgets.h>

#include "tui/pager_search.h"

/* A line's text lies in pager->text, NUL-terminated; its pieces follow each other in pager->pieces. */
struct line {
    size_t start, len;
    size_t piece, pieces;
    unsigned indent, hang; /* rows after the first stand @hang further right */
};
struct piece {
    size_t start; /* in the line */
    enum style style;
};
/* A place among the rows of the screen: a line, and a row of it when it is wrapped. */
struct place {
    size_t line, row;
};
struct pager {
    struct str text;
    struct line *lines;
    size_t lines_len, lines_cap;
    struct piece *pieces;
    size_t pieces_len, pieces_cap;
    struct place top;
    int side;          /* columns scrolled to the right, when lines are not wrapped */
    bool wrap;
    int rows, cols;    /* of the last draw */
    size_t first, last; /* lines of the last draw, from 1 */
    wchar_t *needle;
    size_t found;      /* the line of the last match */
};

const char *pager_line_text(const struct pager *pager, size_t i);
/* Where a row of @line begins, and the columns it has from there: its @first row or a later one. */
int pager_left_of(const struct pager *pager, const struct line *line, bool first);
size_t pager_room(const struct pager *pager, const struct line *line, bool first);
/* Nothing is scrolled beyond the end, and the row in a line is one that it has. */
void pager_keep_inside(struct pager *pager);

#endif
