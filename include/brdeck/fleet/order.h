/* order.h - the rows in the order and choice of one view.
 *
 * Slot numbers in an array; changed slots are taken out, sorted and merged back once a frame: O(n + k log k). A new
 * filter or order works through the store in slices of the loop and the old rows stay until it is through. Between a
 * change and the next refresh a row's slot may be empty.
 */
#ifndef BRDECK_FLEET_ORDER_H
#define BRDECK_FLEET_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/kind.h>
#include <brdeck/base/loop.h>
#include <brdeck/fleet/filter.h>
#include <brdeck/fleet/store.h>

/* Which of two rows stands first by column @column of @kind (-1: by namespace and name), as order_sort has it; 0: they
 * are of one name and API group. */
int order_compare(const struct kind *kind, int column, bool reverse, const struct store_row *a,
                  const struct store_row *b);

struct order;
/* @changed is called when rows may differ: mark the frame, then order_refresh. */
struct order *order_new(struct loop *loop, struct store *store, const struct kind *kind, void (*changed)(void *arg),
                        void *arg);
void order_free(struct order **order);
/* By column @column of the kind; namespace, name is the default (-1) and breaks ties. */
void order_sort(struct order *order, int column, bool reverse);
int order_column(const struct order *order, bool *reverse);
/* Takes @filter over; NULL passes all. @need_you: only rows that need you, too. */
void order_filter(struct order *order, struct filter *filter, bool need_you);
const struct filter *order_filter_get(const struct order *order);
bool order_need_you(const struct order *order);
/* Judge anew the states that are over by @now_ms (corrected), merge what changed; true when anything did. */
bool order_refresh(struct order *order, int64_t now_ms);
size_t order_count(const struct order *order);
slot_t order_at(const struct order *order, size_t row);
/* The row of @slot; -1 when it is not shown. O(1) or O(log n). */
long order_row(const struct order *order, slot_t slot);
bool order_is_working(const struct order *order); /* a new filter or sort is not through yet */

#endif
