#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/fleet/order.h>

#include "rows.h"

struct world {
    struct loop *loop;
    struct store *store;
    struct order *order;
    int changes;
};

static void on_changed(void *arg) { ((struct world *)arg)->changes++; }

static int setup(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    w->loop = loop_new(NULL);
    w->store = store_new();
    w->order = order_new(w->loop, w->store, &kind_backup, on_changed, w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    order_free(&w->order);
    store_free(&w->store);
    loop_free(&w->loop);
    free(w);
    return 0;
}

static void settle(struct world *w)
{
    int64_t limit = clock_mono_ms() + 20000;
    while (order_is_working(w->order)) {
        assert_true(clock_mono_ms() < limit);
        loop_turn(w->loop, 10);
    }
    order_refresh(w->order, NOW_MS);
}

static const char *shown(struct world *w)
{
    static char text[1024];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < order_count(w->order); i++) {
        const struct store_row *row = store_get(w->store, order_at(w->order, i));
        len += (size_t)snprintf(text + len, sizeof text - len, "%s/%s ", row->record->ns, row->record->name);
        assert_int_equal(order_row(w->order, order_at(w->order, i)), i);
    }
    return text;
}

static void put(struct world *w, const char *ns, const char *name, const char *phase)
{
    row_put(w->store, 0, &(struct row_spec){.ns = ns, .name = name, .phase = phase});
}

static void test_names(void **state)
{
    struct world *w = *state;
    assert_false(order_refresh(w->order, NOW_MS));
    put(w, "b", "2", "Complete");
    put(w, "a", "9", "Complete");
    assert_int_equal(w->changes, 1); /* told once until it has looked */
    put(w, "b", "1", "Failed");
    assert_int_equal(order_count(w->order), 0);
    assert_true(order_refresh(w->order, NOW_MS));
    assert_string_equal(shown(w), "a/9 b/1 b/2 ");
    assert_false(order_refresh(w->order, NOW_MS));
    store_remove(w->store, 0, "b", "1");
    assert_true(order_refresh(w->order, NOW_MS));
    assert_string_equal(shown(w), "a/9 b/2 ");
    assert_int_equal(order_row(w->order, 17), -1);
    assert_int_equal(order_at(w->order, 2), SLOT_NONE);
}

static void test_sort(void **state)
{
    struct world *w = *state;
    bool reverse;
    put(w, "b", "2", "Complete");
    put(w, "a", "9", "Complete");
    put(w, "b", "1", "Failed");
    order_refresh(w->order, NOW_MS);
    order_sort(w->order, kind_column(&kind_backup, "status"), false);
    settle(w);
    assert_string_equal(shown(w), "b/1 a/9 b/2 ");
    order_sort(w->order, kind_column(&kind_backup, "status"), true);
    assert_int_equal(order_column(w->order, &reverse), kind_column(&kind_backup, "status"));
    assert_true(reverse);
    settle(w);
    assert_string_equal(shown(w), "a/9 b/2 b/1 "); /* names go up all the same */
    order_sort(w->order, -1, true);
    settle(w);
    assert_string_equal(shown(w), "b/2 b/1 a/9 ");
    put(w, "b", "1", "Complete");
    assert_true(order_refresh(w->order, NOW_MS)); /* it changed, though not its place */
    assert_string_equal(shown(w), "b/2 b/1 a/9 ");
}

/* PD is asked, and its checkpoint may be fresher than the object's. */
static void ask_pd(struct world *w, slot_t slot, int64_t age_ms)
{
    struct backup_facts *facts = store_facts(w->store, slot);
    if (!facts)
        return;
    facts->pd.reach = PD_ANSWERED;
    facts->pd.read_ms = NOW_MS;
    facts->pd.checkpoint = tso_from_ms(NOW_MS - age_ms);
    store_touch(w->store, slot, NOW_MS);
}

/* What PD says moves rows, as it is what CHECKPOINT and LAG show. */
static void test_facts(void **state)
{
    struct world *w = *state;
    static const int64_t ages_ms[] = {60000, 120000, 180000};
    slot_t slots[ARRAY_LEN(ages_ms)];
    for (int i = 0; i < 3; i++) {
        char name[2] = {(char)('1' + i), '\0'};
        slots[i] = row_put(w->store, 0, &(struct row_spec){.ns = "a", .name = name, .phase = "Running", .log = true,
                                                           .age_ms = 1000000, .checkpoint_age_ms = ages_ms[i]});
    }
    order_sort(w->order, kind_column(&kind_backup, "lag"), false);
    settle(w);
    assert_string_equal(shown(w), "a/1 a/2 a/3 ");
    ask_pd(w, slots[2], 1000);
    assert_true(order_refresh(w->order, NOW_MS));
    assert_string_equal(shown(w), "a/3 a/1 a/2 ");
    ask_pd(w, slots[0], 130000); /* older than the object's: that counts */
    order_refresh(w->order, NOW_MS);
    assert_string_equal(shown(w), "a/3 a/1 a/2 ");
    /* it is asked no more */
    memset(&store_facts(w->store, slots[2])->pd, 0, sizeof store_facts(w->store, slots[2])->pd);
    store_touch(w->store, slots[2], NOW_MS);
    order_refresh(w->order, NOW_MS);
    assert_string_equal(shown(w), "a/1 a/2 a/3 ");
    ask_pd(w, slots[1], 2000);
    order_sort(w->order, kind_column(&kind_backup, "checkpoint"), true);
    settle(w);
    assert_string_equal(shown(w), "a/2 a/1 a/3 ");
}

static void test_filter(void **state)
{
    struct world *w = *state;
    put(w, "a", "1", "Complete");
    put(w, "a", "2", "Failed");
    put(w, "b", "1", "Failed");
    order_filter(w->order, filter_parse("ns:a", NULL), false);
    settle(w);
    assert_string_equal(shown(w), "a/1 a/2 ");
    assert_string_equal(filter_text(order_filter_get(w->order)), "ns:a");
    order_filter(w->order, filter_parse("ns:a", NULL), true);
    settle(w);
    assert_string_equal(shown(w), "a/2 ");
    put(w, "a", "1", "Failed");
    put(w, "a", "2", "Complete");
    put(w, "b", "2", "Failed");
    assert_true(order_refresh(w->order, NOW_MS));
    assert_string_equal(shown(w), "a/1 ");
    put(w, "b", "2", "Complete");
    assert_false(order_refresh(w->order, NOW_MS)); /* nothing that is shown */
    order_sort(w->order, kind_column(&kind_backup, "age"), false); /* the filter stays */
    settle(w);
    assert_string_equal(shown(w), "a/1 ");
    order_filter(w->order, NULL, false);
    settle(w);
    assert_string_equal(shown(w), "a/1 a/2 b/1 b/2 ");
    assert_null(order_filter_get(w->order));
}

/* A view that is opened late sees what is there. */
static void test_late(void **state)
{
    struct world *w = *state;
    put(w, "b", "2", NULL);
    put(w, "a", "1", NULL);
    struct order *late = order_new(w->loop, w->store, &kind_backup, NULL, NULL);
    int64_t limit = clock_mono_ms() + 5000;
    while (order_is_working(late) && clock_mono_ms() < limit)
        loop_turn(w->loop, 10);
    assert_int_equal(order_count(late), 2);
    assert_int_equal(order_at(late, 0), store_find(w->store, "a", "1"));
    order_free(&late);
}

/* -- against a model -------------------------------------------------------------------------- */

static const char *const phases[] = {"Complete", "Failed", "Running", "Stopped", NULL};
static const char *const filters[] = {NULL, "ns:n1", "!b1", "state:complete", "/[0-4]$", "7", "mode:log"};
static const char *const sorts[] = {"namespace", "name", "status", "mode", "age", "lag", "checkpoint", "cluster"};

static void check(struct world *w, const struct column *column, bool reverse, const struct filter *filter,
                  bool need_you)
{
    size_t wanted = 0, slots = store_slots(w->store);
    for (slot_t s = 0; s < slots; s++) {
        const struct store_row *row = store_get(w->store, s);
        bool want = row && (!need_you || row->state.needs_you) && (!filter || filter_matches(filter, row));
        wanted += want;
        assert_true((order_row(w->order, s) >= 0) == want);
    }
    assert_int_equal(order_count(w->order), wanted);
    for (size_t i = 0; i < wanted; i++)
        assert_int_equal(order_row(w->order, order_at(w->order, i)), i);
    for (size_t i = 1; i < wanted; i++) {
        const struct store_row *a = store_get(w->store, order_at(w->order, i - 1));
        const struct store_row *b = store_get(w->store, order_at(w->order, i));
        struct backup_state sa = {.severity = (enum severity)a->state.severity};
        struct backup_state sb = {.severity = (enum severity)b->state.severity};
        memcpy(sa.word, a->state.word, strcspn(a->state.word, "0123456789"));
        memcpy(sb.word, b->state.word, strcspn(b->state.word, "0123456789"));
        int c = column ? column->compare(&(struct column_row){a->record, a->facts, &sa},
                                         &(struct column_row){b->record, b->facts, &sb}) : 0;
        c = reverse ? -c : c;
        if (c == 0)
            c = strcmp(a->record->ns, b->record->ns) ? strcmp(a->record->ns, b->record->ns)
                                                      : strcmp(a->record->name, b->record->name);
        assert_true(c <= 0);
    }
}

static void change_one(struct world *w, unsigned *seed, unsigned names)
{
    unsigned n = (unsigned)rand_r(seed) % names, what = (unsigned)rand_r(seed) % 5;
    char ns[8], name[8], cluster[8];
    snprintf(ns, sizeof ns, "n%u", n % 5);
    snprintf(name, sizeof name, "b%u", n);
    snprintf(cluster, sizeof cluster, "c%u", n % 3);
    if (what == 0)
        store_remove(w->store, 0, ns, name);
    else if (what == 1)
        ask_pd(w, store_find(w->store, ns, name), (unsigned)rand_r(seed) % 5000000);
    else
        row_put(w->store, 0, &(struct row_spec){
            .ns = ns, .name = name, .cluster = cluster, .log = n % 2, .age_ms = (n % 11) * 1000000,
            .phase = phases[(unsigned)rand_r(seed) % ARRAY_LEN(phases)],
            .checkpoint_age_ms = (unsigned)rand_r(seed) % 5000000});
}

static void run_model(struct world *w, unsigned seed, unsigned names, unsigned rounds, unsigned most)
{
    const struct column *column = NULL;
    bool reverse = false, need_you = false;
    struct filter *filter = NULL;
    for (unsigned round = 0; round < rounds; round++) {
        unsigned what = (unsigned)rand_r(&seed) % 8;
        for (unsigned i = (unsigned)rand_r(&seed) % most; i > 0; i--)
            change_one(w, &seed, names);
        if (what == 0) {
            int c = kind_column(&kind_backup, sorts[(unsigned)rand_r(&seed) % ARRAY_LEN(sorts)]);
            column = &kind_backup.columns[c];
            reverse = (unsigned)rand_r(&seed) % 2;
            order_sort(w->order, c, reverse);
        } else if (what == 1) {
            const char *text = filters[(unsigned)rand_r(&seed) % ARRAY_LEN(filters)];
            need_you = (unsigned)rand_r(&seed) % 4 == 0;
            filter_free(&filter);
            filter = text ? filter_parse(text, NULL) : NULL;
            order_filter(w->order, text ? filter_parse(text, NULL) : NULL, need_you);
        }
        for (unsigned i = (unsigned)rand_r(&seed) % most; i > 0; i--) /* while it works */
            change_one(w, &seed, names);
        order_refresh(w->order, NOW_MS);
        if (order_is_working(w->order)) {
            loop_turn(w->loop, 0);
            for (unsigned i = (unsigned)rand_r(&seed) % most; i > 0; i--)
                change_one(w, &seed, names);
        }
        if (round % 3 == 0)
            settle(w);
        order_refresh(w->order, NOW_MS);
        if (order_is_working(w->order))
            continue;
        check(w, column, reverse, filter, need_you);
    }
    settle(w);
    check(w, column, reverse, filter, need_you);
    filter_free(&filter);
}

static void test_model_small(void **state) { run_model(*state, 3, 60, 1500, 12); }

/* So many that new orders take several slices. */
static void test_model_sliced(void **state) { run_model(*state, 5, 4000, 40, 3000); }

/* More changes in one frame than are merged at once. */
static void test_model_flood(void **state) { run_model(*state, 9, 20000, 6, 25000); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_small, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_sliced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_flood, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
