/* deck_marks.c - the marked rows of the list. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "deck.h"

bool deck_is_marked(const struct deck *deck, slot_t slot, const struct store_row *row)
{
    struct mark *mark;
    HASH_FIND(hh, deck->marks, &slot, sizeof slot, mark);
    return mark && row && strcmp(mark->uid, row->record->uid) == 0;
}

static void unmark(struct deck *deck, slot_t slot)
{
    struct mark *mark;
    HASH_FIND(hh, deck->marks, &slot, sizeof slot, mark);
    if (mark) {
        HASH_DEL(deck->marks, mark);
        free(mark);
    }
}

static void mark_slot(struct deck *deck, slot_t slot)
{
    const struct store_row *row = store_get(fleet_store(deck->ui->fleet), slot);
    unmark(deck, slot);
    if (!row || HASH_COUNT(deck->marks) >= DECK_MARKS_MAX)
        return;
    struct mark *mark = xcalloc(1, sizeof *mark);
    mark->slot = slot;
    snprintf(mark->uid, sizeof mark->uid, "%s", row->record->uid);
    HASH_ADD(hh, deck->marks, slot, sizeof mark->slot, mark);
    deck->anchor = slot;
}

void deck_unmark_all(struct deck *deck)
{
    struct mark *mark, *next;
    HASH_ITER(hh, deck->marks, mark, next) {
        HASH_DEL(deck->marks, mark);
        free(mark);
    }
    deck->anchor = SLOT_NONE;
}

static void mark_range(struct deck *deck)
{
    long from = deck->anchor == SLOT_NONE ? -1 : order_row(deck->order, deck->anchor);
    if (from < 0)
        from = (long)deck->row;
    long to = (long)deck->row, step = from <= to ? 1 : -1;
    for (long i = from; i != to + step; i += step)
        mark_slot(deck, order_at(deck->order, (size_t)i));
}

bool deck_mark_command(struct deck *deck, enum ui_command command)
{
    const struct store_row *row = deck_row(deck, deck->row);
    switch (command) {
    case UI_MARK:
        if (row && deck_is_marked(deck, deck->cursor, row))
            unmark(deck, deck->cursor);
        else if (row)
            mark_slot(deck, deck->cursor);
        deck_move_to(deck, (long)deck->row + 1);
        return true;
    case UI_MARK_RANGE: mark_range(deck); return true;
    case UI_UNMARK_ALL: deck_unmark_all(deck); return true;
    default: return false;
    }
}
