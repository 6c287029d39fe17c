#include <config.h>

#include "fleet/order_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "fleet/filter_private.h"

enum {
    CHUNK = 256,         /* slots that are sorted and merged between two looks at the clock */
    AT_ONCE_US = 1000,   /* a new filter or order is worked on so long at once, before it goes on in slices */
    CHANGES_MAX = 4096,  /* more in one frame are worked through in slices, like a new order */
};

/* Slots that wait, each once. */
struct queue {
    slot_t *slots;
    size_t count, cap;
    uint64_t *has; /* a bit a slot */
    size_t words;
};

struct order {
    struct store *store;
    struct store_feed *feed;
    void (*changed)(void *arg);
    void *arg;
    struct listing shown;
    struct listing made;    /* what will be shown: slots from @visited on, and those of @late, are still to come */
    bool making;
    bool stale;             /* shown has missed changes: it stands only until the new one is made */
    bool replaced;          /* rows differ since the last refresh */
    size_t visited;
    struct queue late;
    slot_t *drained;
    size_t drained_cap;
    struct loop_work work;
};

/* -- slots that changed after they were visited ---------------------------------------------- */

static void queue_push(struct queue *q, slot_t slot)
{
    size_t word = slot / 64;
    if (word >= q->words) {
        size_t words = word + 1 > q->words * 2 ? word + 1 : q->words * 2;
        q->has = xreallocarray(q->has, words, sizeof *q->has);
        memset(q->has + q->words, 0, (words - q->words) * sizeof *q->has);
        q->words = words;
    }
    if (q->has[word] >> slot % 64 & 1)
        return;
    q->has[word] |= UINT64_C(1) << slot % 64;
    if (q->count == q->cap) {
        q->cap = q->cap ? q->cap * 2 : CHUNK;
        q->slots = xreallocarray(q->slots, q->cap, sizeof *q->slots);
    }
    q->slots[q->count++] = slot;
}

static slot_t queue_pop(struct queue *q)
{
    slot_t slot = q->slots[--q->count];
    q->has[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    return slot;
}

static void queue_clear(struct queue *q)
{
    while (q->count > 0)
        queue_pop(q);
}

static void queue_done(struct queue *q)
{
    free(q->slots);
    free(q->has);
    *q = (struct queue){0};
}

/* -- making a new one ------------------------------------------------------------------------- */

static void finish(struct order *o)
{
    struct listing old = o->shown;
    o->shown = o->made;
    o->made = old;
    filter_free(&o->made.filter);
    o->made.count = 0;
    o->made.row_of_is_true = false;
    o->making = o->stale = false;
    o->replaced = true;
    if (o->changed)
        o->changed(o->arg);
}

/* True while there is more to do. */
static bool make_some(struct order *o, int64_t until_us)
{
    slot_t chunk[CHUNK];
    size_t slots = store_slots(o->store);
    do {
        size_t count = 0;
        while (count < CHUNK && o->visited < slots)
            chunk[count++] = (slot_t)o->visited++;
        while (count < CHUNK && o->late.count > 0)
            chunk[count++] = queue_pop(&o->late);
        if (count == 0) {
            finish(o);
            return false;
        }
        listing_add(&o->made, chunk, count);
    } while (clock_mono_us() < until_us);
    return true;
}

/* Takes @filter over. */
static void begin(struct order *o, int column, bool reverse, struct filter *filter, bool need_you)
{
    filter_free(&o->made.filter);
    o->made.column = column;
    o->made.reverse = reverse;
    o->made.filter = filter;
    o->made.need_you = need_you;
    o->made.count = 0;
    o->made.row_of_is_true = false;
    o->making = true;
    o->visited = 0;
    queue_clear(&o->late);
}

/* -- changes ------------------------------------------------------------------------------------ */

static size_t drain(struct order *o)
{
    size_t count = 0, got;
    do {
        if (o->drained_cap - count < CHUNK) {
            o->drained_cap = o->drained_cap ? o->drained_cap * 2 : 2 * CHUNK;
            o->drained = xreallocarray(o->drained, o->drained_cap, sizeof *o->drained);
        }
        got = store_feed_drain(o->feed, o->drained + count, o->drained_cap - count);
        count += got;
    } while (got > 0);
    return count;
}

/* What is gone must not be compared, nor its number be met again as another. */
static bool take_out_gone(struct order *o, size_t count)
{
    size_t gone = 0;
    for (size_t i = 0; i < count; i++)
        if (!store_get(o->store, o->drained[i]))
            o->drained[gone++] = o->drained[i];
    return listing_take_out(&o->shown, o->drained, gone);
}

static void change_made(struct order *o, size_t count)
{
    listing_take_out(&o->made, o->drained, count);
    for (size_t i = 0; i < count; i++)
        if (o->drained[i] < o->visited) /* the others are still to be visited */
            queue_push(&o->late, o->drained[i]);
}

static void take_changes(struct order *o)
{
    size_t count = drain(o);
    if (count == 0)
        return;
    if (count > CHANGES_MAX) {
        if (!o->making)
            begin(o, o->shown.column, o->shown.reverse, filter_share(o->shown.filter), o->shown.need_you);
        o->stale = true;
        loop_work_start(&o->work);
    }
    if (o->making)
        change_made(o, count);
    if (o->stale ? take_out_gone(o, count) : listing_update(&o->shown, o->drained, count))
        o->replaced = true;
}

static bool on_work(void *arg, int64_t until_us)
{
    struct order *o = arg;
    take_changes(o); /* else a row that is in already would be found under what it was */
    return o->making && make_some(o, until_us);
}

static void on_wake(void *arg)
{
    struct order *o = arg;
    if (o->changed)
        o->changed(o->arg);
}

/* -- what its owner calls ------------------------------------------------------------------------- */

struct order *order_new(struct loop *loop, struct store *store, const struct kind *kind, void (*changed)(void *arg),
                        void *arg)
{
    struct order *o = xcalloc(1, sizeof *o);
    *o = (struct order){.store = store, .changed = changed, .arg = arg};
    o->shown = o->made = (struct listing){.store = store, .kind = kind, .column = -1};
    o->feed = store_feed_new(store, on_wake, o);
    loop_work_init(&o->work, loop, on_work, o);
    if (store_count(store) > 0) {
        begin(o, -1, false, NULL, false);
        loop_work_start(&o->work);
    }
    return o;
}

void order_free(struct order **order)
{
    struct order *o = *order;
    *order = NULL;
    if (!o)
        return;
    loop_work_cancel(&o->work);
    store_feed_free(&o->feed);
    listing_done(&o->shown);
    listing_done(&o->made);
    queue_done(&o->late);
    free(o->drained);
    free(o);
}

static const struct listing *wanted(const struct order *o) { return o->making ? &o->made : &o->shown; }

/* At once where there is little to do, so that nothing flickers. */
static void make(struct order *o, int column, bool reverse, struct filter *filter, bool need_you)
{
    take_changes(o);
    begin(o, column, reverse, filter, need_you);
    if (make_some(o, clock_mono_us() + AT_ONCE_US))
        loop_work_start(&o->work);
    else
        loop_work_cancel(&o->work);
}

void order_sort(struct order *order, int column, bool reverse)
{
    const struct listing *l = wanted(order);
    if (column < -1 || column >= (int)l->kind->column_count)
        column = -1;
    if (column != l->column || reverse != l->reverse)
        make(order, column, reverse, filter_share(l->filter), l->need_you);
}

int order_column(const struct order *order, bool *reverse)
{
    if (reverse)
        *reverse = wanted(order)->reverse;
    return wanted(order)->column;
}

void order_filter(struct order *order, struct filter *filter, bool need_you)
{
    const struct listing *l = wanted(order);
    make(order, l->column, l->reverse, filter, need_you);
}

const struct filter *order_filter_get(const struct order *order) { return wanted(order)->filter; }

bool order_need_you(const struct order *order) { return wanted(order)->need_you; }

bool order_refresh(struct order *order, int64_t now_ms)
{
    store_expire(order->store, now_ms); /* so that a row stands where its state of now puts it */
    take_changes(order);
    bool differs = order->replaced;
    order->replaced = false;
    return differs;
}

size_t order_count(const struct order *order) { return order->shown.count; }

slot_t order_at(const struct order *order, size_t row)
{
    return row < order->shown.count ? order->shown.rows[row] : SLOT_NONE;
}

/* The table of rows is made when it is asked for: to the owner that is no change. */
long order_row(const struct order *order, slot_t slot)
{
    struct order *o = (struct order *)(uintptr_t)order;
    return listing_row(&o->shown, slot);
}

bool order_is_working(const struct order *order) { return order->making; }
