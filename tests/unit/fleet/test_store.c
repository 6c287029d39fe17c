#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brdeck/backup/check.h>
#include <brdeck/base/alloc.h>
#include <brdeck/fleet/store.h>

#include "rows.h"

static slot_t put(struct store *store, const char *ns, const char *name)
{
    return row_put(store, 0, &(struct row_spec){.ns = ns, .name = name, .phase = "Complete"});
}

/* The changed slots as "1,2," in the order of numbers. */
static char *drained(struct store_feed *feed)
{
    static char text[256];
    slot_t slots[64];
    bool has[64] = {false};
    size_t count = store_feed_drain(feed, slots, ARRAY_LEN(slots)), len = 0;
    for (size_t i = 0; i < count; i++)
        has[slots[i]] = true;
    text[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (has[i])
            len += (size_t)snprintf(text + len, sizeof text - len, "%zu,", i);
    return text;
}

static void test_put_and_find(void **state)
{
    (void)state;
    struct store *store = store_new();
    slot_t a = put(store, "orders", "log"), b = put(store, "billing", "log");
    assert_int_not_equal(a, b);
    assert_int_equal(store_count(store), 2);
    assert_int_equal(store_find(store, "orders", "log"), a);
    assert_int_equal(store_find(store, "orders", "lo"), SLOT_NONE);
    assert_string_equal(store_get(store, b)->record->ns, "billing");
    assert_null(store_get(store, 17));
    assert_int_equal(put(store, "orders", "log"), a);
    store_remove(store, 0, "orders", "log");
    store_remove(store, 0, "orders", "log");
    assert_int_equal(store_count(store), 1);
    assert_null(store_get(store, a));
    assert_int_equal(store_find(store, "orders", "log"), SLOT_NONE);
    store_free(&store);
}

static void test_both_groups(void **state)
{
    (void)state;
    struct store *store = store_new();
    slot_t old = row_put(store, 1, &(struct row_spec){.ns = "a", .name = "b", .v1 = true});
    slot_t new = row_put(store, 0, &(struct row_spec){.ns = "a", .name = "b"});
    assert_int_not_equal(old, new);
    assert_int_equal(store_find(store, "a", "b"), new);
    assert_int_equal(store_find_group(store, false, "a", "b"), new);
    assert_int_equal(store_find_group(store, true, "a", "b"), old);
    assert_int_equal(store_find_group(store, true, "a", "c"), SLOT_NONE);
    assert_int_equal(store_get(store, old)->source, 1);
    store_drop(store, 0);
    assert_int_equal(store_find(store, "a", "b"), old);
    assert_int_equal(store_find_group(store, false, "a", "b"), SLOT_NONE);
    assert_int_equal(store_count(store), 1);
    store_free(&store);
}

static void test_equal_marks_nothing(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    slot_t a = put(store, "a", "b");
    assert_string_equal(drained(feed), "0,");
    uint32_t generation = store_get(store, a)->generation;
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "b", .phase = "Complete", .version = "2"});
    assert_string_equal(drained(feed), "");
    assert_int_equal(store_get(store, a)->generation, generation);
    assert_string_equal(store_get(store, a)->record->resource_version, "2");
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "b", .phase = "Failed", .version = "3"});
    assert_string_equal(drained(feed), "0,");
    assert_true(store_get(store, a)->generation > generation);
    store_feed_free(&feed);
    store_free(&store);
}

static void count_wake(void *arg) { ++*(int *)arg; }

static void test_feed_wakes_once(void **state)
{
    (void)state;
    struct store *store = store_new();
    int wakes = 0;
    struct store_feed *feed = store_feed_new(store, count_wake, &wakes);
    slot_t slot;
    put(store, "a", "1");
    put(store, "a", "2");
    assert_int_equal(wakes, 1);
    assert_int_equal(store_feed_drain(feed, &slot, 1), 1); /* there is more: no new wake */
    put(store, "a", "3");
    assert_int_equal(wakes, 1);
    assert_string_equal(drained(feed), "1,2,");
    put(store, "a", "4");
    assert_int_equal(wakes, 2);
    store_feed_free(&feed);
    store_free(&store);
}

/* A number is used again only after every feed knows that its object is gone. */
static void test_numbers_wait_for_feeds(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct store_feed *one = store_feed_new(store, NULL, NULL), *two = store_feed_new(store, NULL, NULL);
    slot_t a = put(store, "a", "1");
    store_remove(store, 0, "a", "1");
    assert_int_not_equal(put(store, "a", "2"), a);
    drained(one);
    assert_int_not_equal(put(store, "a", "3"), a);
    drained(two);
    assert_int_equal(put(store, "a", "4"), a);
    store_remove(store, 0, "a", "4");
    drained(one);
    store_feed_free(&two); /* nobody else has to be told */
    assert_int_equal(put(store, "a", "5"), a);
    store_feed_free(&one);
    store_free(&store);
}

static void test_another_object_of_that_name(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    slot_t a = row_put(store, 0, &(struct row_spec){.ns = "a", .name = "b", .uid = "first"});
    store_facts(store, a)->job.present = true;
    slot_t b = row_put(store, 0, &(struct row_spec){.ns = "a", .name = "b", .uid = "second"});
    assert_int_not_equal(a, b);
    assert_null(store_get(store, a));
    assert_null(store_get(store, b)->facts);
    assert_int_equal(store_count(store), 1);
    store_feed_free(&feed);
    store_free(&store);
}

static void test_list_removes_what_it_has_not(void **state)
{
    (void)state;
    struct store *store = store_new();
    put(store, "a", "1");
    put(store, "a", "2");
    put(store, "a", "3");
    slot_t other = row_put(store, 1, &(struct row_spec){.ns = "a", .name = "1", .v1 = true});
    store_list(store, 0);
    put(store, "a", "1");
    put(store, "a", "4");
    assert_int_equal(store_count(store), 5); /* rows go only after a complete list */
    store_list(store, 0);                    /* begun again: what the first one had seen does not count */
    put(store, "a", "2");
    store_remove(store, 0, "a", "3");
    store_listed(store, 0);
    assert_int_equal(store_count(store), 2);
    assert_int_not_equal(store_find(store, "a", "2"), SLOT_NONE);
    assert_non_null(store_get(store, other));
    store_listed(store, 0); /* without a list: nothing */
    assert_int_equal(store_count(store), 2);
    store_free(&store);
}

static void test_move(void **state)
{
    (void)state;
    struct store *store = store_new();
    slot_t a = put(store, "orders", "1"), b = put(store, "billing", "1");
    store_move(store, 0, 3, "orders");
    store_drop(store, 0);
    assert_null(store_get(store, b));
    assert_int_equal(store_get(store, a)->source, 3);
    assert_int_equal(row_put(store, 3, &(struct row_spec){.ns = "orders", .name = "1", .phase = "Failed"}), a);
    store_list(store, 3);
    store_listed(store, 3);
    assert_int_equal(store_count(store), 0);
    store_free(&store);
}

static void test_needs_you(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct row_spec spec = {.ns = "a", .name = "b", .phase = "Failed", .message = "no"};
    row_put(store, 0, &spec);
    assert_int_equal(store_needs_you(store), 1);
    row_put(store, 0, &spec);
    assert_int_equal(store_needs_you(store), 1);
    spec.phase = "Complete";
    row_put(store, 0, &spec);
    assert_int_equal(store_needs_you(store), 0);
    spec.phase = "Failed";
    row_put(store, 0, &spec);
    store_remove(store, 0, "a", "b");
    assert_int_equal(store_needs_you(store), 0);
    store_free(&store);
}

/* A state is judged anew when its time is over, and only then. */
static void test_expire(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    assert_true(store_expire(store, NOW_MS) == INT64_MAX);
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        row_put(store, 0, &(struct row_spec){.ns = "a", .name = name, .age_ms = (i * 7 % 20) * 1000});
    }
    drained(feed);
    assert_int_equal(store_needs_you(store), 0);
    for (int i = 0; i < 20; i++) { /* one becomes "not picked up" each second */
        int64_t due = store_expire(store, NOW_MS + NOT_PICKED_UP_MS - 20000 + i * 1000);
        assert_true(due == NOW_MS + NOT_PICKED_UP_MS - 19000 + i * 1000);
        assert_int_equal(store_needs_you(store), i);
        char text[260], want[16] = ",";
        for (int k = 0; i > 0 && k < 20; k++)
            if (k * 7 % 20 == 20 - i)
                snprintf(want, sizeof want, ",%d,", k);
        snprintf(text, sizeof text, ",%s", drained(feed)); /* those from before as well: their word counts seconds */
        assert_non_null(strstr(text, want));
        size_t commas = 0;
        for (const char *at = text; *at; at++)
            commas += *at == ',';
        assert_int_equal(commas, i + 1);
    }
    store_feed_free(&feed);
    store_free(&store);
}

static void test_facts(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    slot_t a = put(store, "a", "b");
    drained(feed);
    assert_null(store_get(store, a)->facts);
    store_facts(store, a)->job.present = true;
    store_touch(store, a, NOW_MS);
    assert_string_equal(drained(feed), "0,");
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "b", .phase = "Failed"});
    assert_true(store_get(store, a)->facts->job.present);
    assert_null(store_facts(store, 9));
    store_feed_free(&feed);
    store_free(&store);
}

static void test_cluster(void **state)
{
    (void)state;
    struct store *store = store_new();
    const struct backup_record *records[4];
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "1", .cluster = "x"});
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "2", .cluster = "x"});
    row_put(store, 0, &(struct row_spec){.ns = "b", .name = "3", .cluster = "x"});
    assert_int_equal(store_cluster(store, "a/x", records, 4), 2);
    assert_int_equal(store_cluster(store, "a/x", records, 1), 2);
    assert_int_equal(store_cluster(store, "a/y", records, 4), 0);
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "1", .cluster = "y"});
    assert_int_equal(store_cluster(store, "a/x", records, 4), 1);
    assert_string_equal(records[0]->name, "2");
    store_remove(store, 0, "a", "2");
    assert_int_equal(store_cluster(store, "a/x", records, 4), 0);
    store_free(&store);
}

static struct json *is(struct store *store, const char *name)
{
    struct finding findings[FINDINGS_MAX];
    const struct store_row *row = store_get(store, store_find(store, "a", name));
    struct json *said = json_new_object();
    store_expire(store, NOW_MS);
    size_t count = check_record(row->record, row->facts, NULL, NOW_MS, findings);
    json_set_string(said, "id", findings[0].id);
    json_set_string(said, "sentence", findings[0].sentence);
    assert_int_equal(row->state.severity, findings[0].severity);
    assert_true(count >= 1 && row->state.needs_you == (findings[0].severity >= SEVERITY_WARN));
    return said;
}

#define ASSERT_IS(name, id_, part) do { \
    struct json *said = is(store, name); \
    assert_string_equal(json_string(said, "id"), id_); \
    assert_non_null(strstr(json_string(said, "sentence"), part)); \
    json_free(&said); \
} while (0)

/* A failed full backup is no trouble once a later one of its cluster is Complete, whichever comes first. */
static void test_made_good(void **state)
{
    (void)state;
    enum { H = 3600 * 1000 };
    struct store *store = store_new();
    struct row_spec bad = {.ns = "a", .name = "bad", .phase = "Failed", .message = "no", .age_ms = 5 * H};
    struct row_spec good = {.ns = "a", .name = "good", .phase = "Running", .age_ms = 3 * H};
    row_put(store, 0, &bad);
    row_put(store, 0, &good);
    ASSERT_IS("bad", "failed", "Failed: no. It is not tried again");
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "before", .phase = "Complete", .age_ms = 6 * H});
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "other", .cluster = "x", .phase = "Complete"});
    row_put(store, 0, &(struct row_spec){.ns = "b", .name = "elsewhere", .phase = "Complete"});
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "log", .log = true, .phase = "Complete"});
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "then", .phase = "Complete", .age_ms = 5 * H});
    ASSERT_IS("bad", "failed", "Failed: no. It is not tried again");
    assert_int_equal(store_needs_you(store), 1);
    good.phase = "Complete";
    row_put(store, 0, &good);
    ASSERT_IS("bad", "failed-made-good", "Failed: no; good of ");
    assert_int_equal(store_needs_you(store), 0);
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "newer", .phase = "Complete", .age_ms = 2 * H});
    ASSERT_IS("bad", "failed-made-good", "; newer of ");
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "invalid", .phase = "Invalid", .age_ms = 4 * H});
    ASSERT_IS("invalid", "failed-made-good", "; newer of ");
    row_put(store, 0, &(struct row_spec){.ns = "a", .name = "log", .log = true, .phase = "Failed", .age_ms = 4 * H});
    ASSERT_IS("log", "failed", "log");
    store_remove(store, 0, "a", "newer");
    store_remove(store, 0, "a", "good");
    ASSERT_IS("bad", "failed", "Failed: no. It is not tried again");
    ASSERT_IS("invalid", "invalid", "does not look again");
    assert_int_equal(store_needs_you(store), 3);
    bad.age_ms = 7 * H; /* it had ended before "before" began */
    row_put(store, 0, &bad);
    ASSERT_IS("bad", "failed-made-good", "; then of ");
    store_free(&store);
}

static void add_space(void *arg, const char *ns, size_t count)
{
    char *text = arg;
    size_t len = strlen(text);
    snprintf(text + len, 64 - len, "%s=%zu ", ns, count);
}

static void test_namespaces(void **state)
{
    (void)state;
    struct store *store = store_new();
    char text[64] = "";
    put(store, "m", "1");
    put(store, "a", "1");
    put(store, "z", "1");
    put(store, "m", "2");
    store_remove(store, 0, "z", "1");
    assert_int_equal(store_namespaces(store, add_space, text), 2);
    assert_string_equal(text, "a=1 m=2 ");
    assert_int_equal(store_namespaces(store, NULL, NULL), 2);
    store_free(&store);
}

/* Random puts, removals and lists against a plain table. */
static void test_against_model(void **state)
{
    (void)state;
    enum { NAMES = 200 };
    bool there[NAMES] = {false};
    struct store *store = store_new();
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    slot_t slots[64], slot_of[NAMES];
    unsigned seed = 7;
    for (int step = 0; step < 20000; step++) {
        unsigned n = (unsigned)rand_r(&seed) % NAMES, what = (unsigned)rand_r(&seed) % 100;
        char ns[8], name[8];
        snprintf(ns, sizeof ns, "n%u", n % 7);
        snprintf(name, sizeof name, "b%u", n);
        if (what < 55) {
            slot_t slot = put(store, ns, name);
            assert_true(!there[n] || slot == slot_of[n]);
            there[n] = true;
            slot_of[n] = slot;
        } else if (what < 95) {
            store_remove(store, 0, ns, name);
            there[n] = false;
        } else if (what < 99) {
            store_feed_drain(feed, slots, 1 + n % 64);
        } else {
            store_list(store, 0);
            if (there[n])
                put(store, ns, name);
            store_listed(store, 0);
            for (unsigned i = 0; i < NAMES; i++)
                there[i] = there[i] && i == n;
        }
        size_t count = 0;
        for (unsigned i = 0; i < NAMES; i++)
            count += there[i];
        assert_int_equal(store_count(store), count);
        assert_int_equal(store_find(store, ns, name), there[n] ? slot_of[n] : SLOT_NONE);
    }
    assert_true(store_slots(store) < 2000); /* numbers are used again */
    store_feed_free(&feed);
    store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find),
        cmocka_unit_test(test_both_groups),
        cmocka_unit_test(test_equal_marks_nothing),
        cmocka_unit_test(test_feed_wakes_once),
        cmocka_unit_test(test_numbers_wait_for_feeds),
        cmocka_unit_test(test_another_object_of_that_name),
        cmocka_unit_test(test_list_removes_what_it_has_not),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_needs_you),
        cmocka_unit_test(test_expire),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_cluster),
        cmocka_unit_test(test_made_good),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
