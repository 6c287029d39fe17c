/* bench.c - what 100,000 Backups cost in the store and in one view: time and memory. Usage: bench [COUNT] */
#include <config.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/fleet/order.h>

#include "rows.h"

static int64_t since_us;
static void begin(void) { since_us = clock_mono_us(); }
static void say(const char *what) { printf("%-44s %9.2f ms\n", what, (double)(clock_mono_us() - since_us) / 1000); }

static struct row_spec spec_of(unsigned i, char *ns, char *name, unsigned change)
{
    static const char *const phases[] = {"Complete", "Running", "Failed", "Stopped"};
    snprintf(ns, 16, "team-%02u", i % 50);
    snprintf(name, 40, "log-backup-of-cluster-%06u", i);
    return (struct row_spec){
        .ns = ns, .name = name, .log = i % 2, .phase = phases[(i / 7 + change) % 4], .labels = "app=x,env=prod",
        .message = "pod backup-log has a message of some length", .checkpoint_age_ms = 1000 + i % 9999 + change,
        .age_ms = (int64_t)i * 1000};
}

static void put(struct store *store, unsigned i, unsigned change)
{
    char ns[16], name[40];
    struct row_spec spec = spec_of(i, ns, name, change);
    row_put(store, 0, &spec);
}

/* Turn until it is done; the longest piece of work between two frames. */
static void finish(struct loop *loop, struct order *order, const char *what)
{
    int64_t most = 0;
    begin();
    int64_t whole = since_us;
    while (order_is_working(order)) {
        int64_t t = clock_mono_us();
        loop_turn(loop, 0);
        t = clock_mono_us() - t;
        most = t > most ? t : most;
    }
    order_refresh(order, NOW_MS);
    since_us = whole;
    say(what);
    printf("%-44s %9.2f ms\n", "  the longest turn", (double)most / 1000);
}

static void sort_by(struct loop *loop, struct order *order, const char *column)
{
    char what[64];
    snprintf(what, sizeof what, "sort by %s", column);
    order_sort(order, kind_column(&kind_backup, column), false);
    finish(loop, order, what);
}

static void filter_by(struct loop *loop, struct order *order, const char *text)
{
    char what[64];
    begin();
    order_filter(order, filter_parse(text, NULL), false);
    say("the key that filters");
    snprintf(what, sizeof what, "filter \"%s\"", text);
    finish(loop, order, what);
}

static void change(struct store *store, struct order *order, unsigned total, unsigned count, const char *what)
{
    static unsigned round = 1;
    for (unsigned i = 0; i < count; i++)
        put(store, (unsigned)((uint64_t)i * 7919 % total), round);
    round++;
    begin();
    order_refresh(order, NOW_MS);
    say(what);
}

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

int main(int argc, char **argv)
{
    unsigned total = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
    struct loop *loop = loop_new(NULL);
    struct store *store = store_new();
    struct order *order = order_new(loop, store, &kind_backup, NULL, NULL);
    size_t before = in_use(), records = 0;
    int64_t refresh_us = 0, most_us = 0;

    begin();
    for (unsigned i = 0; i < total; i++) {
        put(store, i, 0);
        if (i % 3000 == 2999) { /* as a screen does while they come */
            int64_t t = clock_mono_us();
            order_refresh(order, NOW_MS);
            t = clock_mono_us() - t;
            refresh_us += t;
            most_us = t > most_us ? t : most_us;
        }
    }
    order_refresh(order, NOW_MS);
    say("fill, JSON made and read, a frame each 3,000");
    printf("%-44s %9.2f ms, the longest %.2f ms\n", "  of that the frames' refresh", (double)refresh_us / 1000,
           (double)most_us / 1000);
    for (slot_t s = 0; s < store_slots(store); s++)
        records += store_get(store, s) ? record_size(store_get(store, s)->record) : 0;
    printf("%-44s %9.1f MiB, %zu bytes a row, %zu of them the record\n", "memory in use",
           (double)(in_use() - before) / 1048576, (in_use() - before) / total, records / total);

    change(store, order, total, 1, "refresh after 1 change");
    change(store, order, total, 1000, "refresh after 1,000 changes");
    change(store, order, total, 8000, "refresh after 8,000 changes");
    sort_by(loop, order, "status");
    change(store, order, total, 1, "refresh after 1 change");
    change(store, order, total, 3000, "refresh after 3,000 changes that move");
    sort_by(loop, order, "lag");
    order_sort(order, -1, false);
    finish(loop, order, "sort by namespace, name");
    filter_by(loop, order, "cluster-0001");
    filter_by(loop, order, "state:failed");
    begin();
    order_row(order, order_at(order, order_count(order) / 2));
    say("where is this slot");
    begin();
    store_expire(store, NOW_MS + 1);
    say("is a state over");
    begin();
    store_list(store, 0);
    store_listed(store, 0);
    say("all rows go");
    order_free(&order);
    store_free(&store);
    loop_free(&loop);
    return 0;
}
