/* deck.h - the list of Backups, shared by deck.c (the view), deck_marks.c, deck_narrow.c (which rows, in what order),
 * deck_table.c (columns and cells) and deck_detail.c (the Backup under the cursor). */
#ifndef BRDECK_SRC_TUI_DECK_H
#define BRDECK_SRC_TUI_DECK_H

#include <uthash.h>

#include <brdeck/backup/kind.h>
#include <brdeck/fleet/order.h>

#include "view.h"

enum { DECK_COLUMNS_MAX = 24, DECK_MARKS_MAX = 1000 };

/* A marked row: the slot, and the uid, because slots are used again. */
struct mark {
    slot_t slot;
    char uid[48];
    UT_hash_handle hh;
};
/* Which columns are shown, where, and how wide. */
struct layout {
    size_t count;
    struct { int column, col, width; } items[DECK_COLUMNS_MAX];
    int total; /* columns of the screen that all would take */
};
struct deck {
    struct view view;
    struct ui *ui;
    struct order *order;
    slot_t cursor;        /* the Backup the cursor is on; SLOT_NONE: none yet */
    size_t row, top;      /* where the cursor is, and the first row shown */
    size_t page;          /* rows that were shown last */
    bool wide;
    int seen[DECK_COLUMNS_MAX]; /* by column of the kind: the widest cell that was drawn */
    bool grew;            /* one of them did, while drawing */
    int shift;            /* columns scrolled out at the left in the wide form */
    struct mark *marks;
    slot_t anchor;        /* the last mark: where a range begins */
    int detail_rows, for_rows, for_cols; /* lines of the detail below, and for which size of the screen */
    char marks_word[32];  /* of the hints */
    char *filter_before;  /* while a filter is typed: what it was */
    slot_t cursor_before; /* and where the cursor was */
    char cursor_uid[48], uid_before[48]; /* of the Backups at @cursor and @cursor_before */
};

/* deck_table.c: titles and rows in @r; returns when a cell reads otherwise (wall ms). */
int64_t deck_table_draw(struct deck *deck, struct canvas *c, struct rect r);
/* deck_detail.c: the Backup under the cursor, told in full. */
struct description;
void deck_detail_fill(struct deck *deck, const struct store_row *row, struct description *d);
/* Lines that @d takes at @width; its first line is wrapped only beside the list. */
int deck_detail_lines(const struct description *d, int width, bool beside);
void deck_detail_draw(struct deck *deck, const struct description *d, struct canvas *c, struct rect r);

/* deck_marks.c */
bool deck_is_marked(const struct deck *deck, slot_t slot, const struct store_row *row);
void deck_unmark_all(struct deck *deck);
bool deck_mark_command(struct deck *deck, enum ui_command command); /* false: another command */

/* deck_narrow.c */
void deck_ask_filter(struct deck *deck);
void deck_toggle_need_you(struct deck *deck);
/* Takes off the filter, else "needs you", else the marks. */
void deck_back(struct deck *deck);
void deck_sort_step(struct deck *deck, int step);

/* deck.c */
const struct store_row *deck_row(const struct deck *deck, size_t row);
void deck_move_to(struct deck *deck, long row);

#endif
