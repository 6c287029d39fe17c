#include <config.h>

#include "fleet/order_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

void listing_done(struct listing *l)
{
    filter_free(&l->filter);
    free(l->rows);
    free(l->row_of);
    free(l->spare);
    l->rows = l->spare = NULL;
    l->row_of = NULL;
    l->count = l->cap = l->row_of_count = l->spare_cap = 0;
    l->row_of_is_true = false;
}

/* -- comparing ------------------------------------------------------------------------- */

static int compare_names(const struct backup_record *a, const struct backup_record *b)
{
    int order = a->ns == b->ns ? 0 : strcmp(a->ns, b->ns); /* one namespace is mostly one string */
    return order ? order : strcmp(a->name, b->name);
}

/* What a column may look at. Of the word only what stands before a number: "not picked up, 4m" would move rows every
 * minute. */
static void fill_state(struct backup_state *state, const struct store_row *row)
{
    size_t len = strcspn(row->state.word, "0123456789");
    len = len < sizeof state->word ? len : sizeof state->word - 1;
    state->mark = (enum state_mark)row->state.mark;
    state->severity = (enum severity)row->state.severity;
    state->needs_you = row->state.needs_you;
    state->until_ms = row->state.until_ms;
    memcpy(state->word, row->state.word, len);
    state->word[len] = '\0';
}

/* A state as large as that is made for two rows at a time, not for each. */
static int compare_column(const struct column *column, const struct store_row *a, const struct store_row *b)
{
    struct backup_state sa, sb;
    fill_state(&sa, a);
    fill_state(&sb, b);
    return column->compare(&(struct column_row){a->record, a->facts, &sa},
                           &(struct column_row){b->record, b->facts, &sb});
}

int order_compare(const struct kind *kind, int column, bool reverse, const struct store_row *a,
                  const struct store_row *b)
{
    int order = column >= 0 ? compare_column(&kind->columns[column], a, b) : compare_names(a->record, b->record);
    if (order)
        return reverse ? -order : order;
    if (column >= 0 && (order = compare_names(a->record, b->record)) != 0)
        return order;
    return (int)a->record->v1 - (int)b->record->v1;
}

static int compare(const struct listing *l, slot_t x, slot_t y)
{
    int order = order_compare(l->kind, l->column, l->reverse, store_get(l->store, x), store_get(l->store, y));
    return order ? order : x < y ? -1 : x > y;
}

/* -- where a row is ---------------------------------------------------------------------- */

static void find_rows(struct listing *l)
{
    size_t slots = store_slots(l->store);
    if (slots > l->row_of_count) {
        l->row_of = xreallocarray(l->row_of, slots, sizeof *l->row_of);
        l->row_of_count = slots;
    }
    if (l->row_of)
        memset(l->row_of, 0xff, l->row_of_count * sizeof *l->row_of);
    for (size_t i = 0; i < l->count; i++)
        l->row_of[l->rows[i]] = (uint32_t)i;
    l->row_of_is_true = true;
}

long listing_row(struct listing *l, slot_t slot)
{
    if (!l->row_of_is_true)
        find_rows(l);
    return slot >= l->row_of_count || l->row_of[slot] == UINT32_MAX ? NO_ROW : (long)l->row_of[slot];
}

static bool wants(const struct listing *l, slot_t slot)
{
    const struct store_row *row = store_get(l->store, slot);
    return row && (!l->need_you || row->state.needs_you) && (!l->filter || filter_matches(l->filter, row));
}

/* -- sorting ------------------------------------------------------------------------------- */

static bool is_sorted(const struct listing *l, const slot_t *slots, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (compare(l, slots[i - 1], slots[i]) > 0)
            return false;
    return true;
}

/* By merging: few comparisons, which are the dear part. */
static void sort(const struct listing *l, slot_t *slots, slot_t *spare, size_t count)
{
    size_t half = count / 2;
    if (count < 2 || is_sorted(l, slots, count)) /* lists come in the order of names */
        return;
    sort(l, slots, spare, half);
    sort(l, slots + half, spare, count - half);
    memcpy(spare, slots, half * sizeof *slots);
    size_t i = 0, k = half, to = 0;
    while (i < half && k < count)
        slots[to++] = compare(l, spare[i], slots[k]) <= 0 ? spare[i++] : slots[k++];
    memcpy(slots + to, spare + i, (half - i) * sizeof *slots);
}

static void need_spare(struct listing *l, size_t count)
{
    if (count <= l->spare_cap)
        return;
    l->spare = xreallocarray(l->spare, count, sizeof *l->spare);
    l->spare_cap = count;
}

/* How many of the first @count rows stand before @slot: looked for from the end, in steps that double. */
static size_t place_of(const struct listing *l, slot_t slot, size_t count)
{
    size_t step = 1, high = count, low;
    while (step <= high && compare(l, l->rows[high - step], slot) > 0) {
        high -= step;
        step *= 2;
    }
    low = step <= high ? high - step + 1 : 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare(l, l->rows[mid], slot) > 0)
            high = mid;
        else
            low = mid + 1;
    }
    return high;
}

/* Sorted @slots in among the rows, from the end: what lies between is moved in pieces. */
static void merge(struct listing *l, const slot_t *slots, size_t count)
{
    if (l->count + count > l->cap) {
        l->cap = l->count + count > l->cap * 2 ? l->count + count : l->cap * 2;
        l->rows = xreallocarray(l->rows, l->cap, sizeof *l->rows);
    }
    size_t end = l->count; /* of what is not moved yet */
    for (size_t k = count; k-- > 0;) {
        size_t at = place_of(l, slots[k], end);
        memmove(l->rows + at + k + 1, l->rows + at, (end - at) * sizeof *l->rows);
        l->rows[at + k] = slots[k];
        end = at;
    }
    l->count += count;
    l->row_of_is_true = false;
}

/* -- changes --------------------------------------------------------------------------------- */

bool listing_add(struct listing *l, slot_t *slots, size_t count)
{
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++)
        if (wants(l, slots[i]))
            slots[wanted++] = slots[i];
    if (wanted == 0)
        return false;
    need_spare(l, wanted / 2 + 1);
    sort(l, slots, l->spare, wanted);
    merge(l, slots, wanted);
    return true;
}

bool listing_take_out(struct listing *l, const slot_t *slots, size_t count)
{
    size_t to = 0, first = l->count;
    for (size_t i = 0; i < count && l->count > 0; i++) {
        long row = listing_row(l, slots[i]);
        if (row == NO_ROW)
            continue;
        l->rows[row] = SLOT_NONE;
        first = (size_t)row < first ? (size_t)row : first;
    }
    if (first == l->count)
        return false;
    for (size_t i = to = first; i < l->count; i++)
        if (l->rows[i] != SLOT_NONE)
            l->rows[to++] = l->rows[i];
    l->count = to;
    l->row_of_is_true = false;
    return true;
}

/* All changed rows may stay where they are: none comes or goes, and each is in order with its neighbours (what stands
 * elsewhere was in order and still is). */
static bool all_stay(struct listing *l, const slot_t *slots, size_t count, bool *any)
{
    for (size_t i = 0; i < count; i++) {
        long row = listing_row(l, slots[i]);
        if (wants(l, slots[i]) != (row != NO_ROW))
            return false;
        *any = *any || row != NO_ROW;
    }
    for (size_t i = 0; i < count; i++) {
        long row = listing_row(l, slots[i]);
        if (row > 0 && compare(l, l->rows[row - 1], slots[i]) > 0)
            return false;
        if (row != NO_ROW && (size_t)row + 1 < l->count && compare(l, slots[i], l->rows[row + 1]) > 0)
            return false;
    }
    return true;
}

bool listing_update(struct listing *l, slot_t *slots, size_t count)
{
    bool any = false;
    if (count == 0)
        return false;
    if (all_stay(l, slots, count, &any))
        return any;
    any = listing_take_out(l, slots, count);
    return listing_add(l, slots, count) || any;
}
