/* order_private.h - rows in an order and choice: what order.c keeps two of, one shown and one being made. */
#ifndef BRDECK_FLEET_ORDER_PRIVATE_H
#define BRDECK_FLEET_ORDER_PRIVATE_H

#include <brdeck/backup/kind.h>
#include <brdeck/fleet/filter.h>
#include <brdeck/fleet/order.h>

enum { NO_ROW = -1 };

struct listing {
    const struct store *store;
    const struct kind *kind;
    /* which rows, and how */
    int column; /* -1: namespace, name */
    bool reverse;
    struct filter *filter; /* owned; NULL: all */
    bool need_you;
    /* the rows */
    slot_t *rows;
    size_t count, cap;
    /* where a slot's row is; made when it is asked for */
    uint32_t *row_of;
    size_t row_of_count;
    bool row_of_is_true;
    slot_t *spare; /* for merging */
    size_t spare_cap;
};

void listing_done(struct listing *listing);
long listing_row(struct listing *listing, slot_t slot); /* NO_ROW: not shown */
/* Take @slots out, where they are. True when any was there. */
bool listing_take_out(struct listing *listing, const slot_t *slots, size_t count);
/* Put those of @slots in that it wants; none may be there. @slots is left in another order. */
bool listing_add(struct listing *listing, slot_t *slots, size_t count);
/* @slots changed, came or went. True when any row differs. */
bool listing_update(struct listing *listing, slot_t *slots, size_t count);

#endif
