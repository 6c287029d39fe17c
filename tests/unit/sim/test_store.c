/* The store, selectors, snapshots and their tokens, managed fields. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "sim/fields.h"
#include "sim/selector.h"
#include "sim/snapshot.h"
#include "sim/store.h"

static const struct object *put(struct store *store, const char *ns, const char *name, const char *label)
{
    struct json *tree = json_new_object(), *meta = json_object_in(tree, "metadata");
    json_set_string(meta, "namespace", ns);
    json_set_string(meta, "name", name);
    if (label)
        json_set_string(json_object_in(meta, "labels"), "team", label);
    return store_put(store, kind_of(KIND_BACKUP), tree);
}

static void test_order_and_ranges(void **state)
{
    (void)state;
    struct store *store = store_new(100);
    static const char *const rows[][2] = {{"b", "2"}, {"a", "9"}, {"c", "1"}, {"b", "1"}, {"a", "10"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        put(store, rows[i][0], rows[i][1], NULL);
    struct object *const *first;
    assert_int_equal(store_range(store, kind_of(KIND_BACKUP), "", &first), 5);
    assert_string_equal(first[0]->name, "10");
    assert_string_equal(first[4]->ns, "c");
    assert_int_equal(store_range(store, kind_of(KIND_BACKUP), "b", &first), 2);
    assert_string_equal(first[0]->name, "1");
    assert_int_equal(store_range(store, kind_of(KIND_BACKUP), "bb", &first), 0);
    assert_int_equal(store_range(store, kind_of(KIND_JOB), "", &first), 0);
    assert_true(store_remove(store, kind_of(KIND_BACKUP), "b", "1"));
    assert_false(store_remove(store, kind_of(KIND_BACKUP), "b", "1"));
    store_free(&store);
}

static void test_history(void **state)
{
    (void)state;
    struct store *store = store_new(3);
    uint64_t begin = store_rv(store);
    for (int i = 0; i < 5; i++)
        put(store, "a", "x", NULL);
    assert_null(store_change(store, begin + 2));
    assert_non_null(store_change(store, begin + 3));
    assert_int_equal(store_change(store, begin + 5)->type, CHANGE_MODIFIED);
    assert_null(store_change(store, begin + 6));
    store_forget(store);
    assert_null(store_change(store, begin + 5));
    store_free(&store);
}

static void test_selectors(void **state)
{
    (void)state;
    struct store *store = store_new(10);
    const struct object *object = put(store, "a", "x", "red");
    static const struct row {
        const char *labels, *fields;
        bool match;
    } rows[] = {
        {"team=red", NULL, true},       {"team==red", NULL, true},        {"team!=red", NULL, false},
        {"team in (blue, red)", NULL, true}, {"team notin (blue)", NULL, true}, {"team notin (red,blue)", NULL, false},
        {"team", NULL, true},           {"!team", NULL, false},           {"!other", NULL, true},
        {"other", NULL, false},         {"team=red,other!=1", NULL, true}, {NULL, "metadata.name=x", true},
        {NULL, "metadata.name=y", false}, {NULL, "metadata.namespace=a,metadata.name!=y", true}, {"", "", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct selector selector;
        assert_true(selector_init(&selector, kind_of(KIND_BACKUP), rows[i].labels, rows[i].fields, NULL));
        if (selector_match(&selector, object) != rows[i].match)
            fail_msg("row %zu", i);
        selector_done(&selector);
    }
    static const char *const bad[][2] = {{"=x", NULL}, {"team in red", NULL}, {"a=b c", NULL},
                                         {NULL, "status.phase=Running"}, {NULL, "metadata.name in (x)"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct selector selector;
        if (selector_init(&selector, kind_of(KIND_BACKUP), bad[i][0], bad[i][1], NULL))
            fail_msg("bad row %zu was taken", i);
        selector_done(&selector);
    }
    store_free(&store);
}

static void test_tokens(void **state)
{
    (void)state;
    struct store *store = store_new(10);
    struct snapshots snapshots = {0};
    struct selector all = {0};
    for (char c = 'a'; c < 'k'; c++)
        put(store, "ns", (char[]){c, '\0'}, NULL);
    struct snapshot *snapshot = snapshot_take(&snapshots, store, kind_of(KIND_BACKUP), "", &all);
    assert_int_equal(snapshot->count, 10);
    snapshots_keep(&snapshots, snapshot);
    char token[TOKEN_MAX];
    token_print(snapshot, 4, token);
    uint64_t rv = snapshot->rv;
    snapshot_unref(&snapshot);
    put(store, "ns", "b2", NULL); /* does not show in what was frozen */
    size_t at = 0;
    struct snapshot *found = token_find(&snapshots, token, &at);
    assert_non_null(found);
    assert_int_equal(at, 4);
    assert_int_equal(found->count, 10);
    assert_true(found->rv == rv);
    assert_null(token_find(&snapshots, "bm9uc2Vuc2U", &at));
    assert_null(token_find(&snapshots, "!!", &at));
    snapshots_expire(&snapshots);
    assert_null(token_find(&snapshots, token, &at));
    store_free(&store);
}

static struct json *parse(const char *text)
{
    struct json *json = json_parse(text, strlen(text), NULL);
    assert_non_null(json);
    return json;
}

static void test_managed_fields(void **state)
{
    (void)state;
    struct json *one = parse("{\"apiVersion\":\"v\",\"spec\":{\"a\":1,\"b\":{\"c\":2}}}");
    fields_update(NULL, one, "first", "");
    struct json *two = json_copy(one);
    json_set_string(json_object_in(two, "spec"), "logSubcommand", "log-pause");
    json_set_int(json_object_in(two, "spec"), "a", 7);
    fields_update(one, two, "brdeck", "");
    const struct json *list = json_at(two, "metadata", "managedFields", NULL);
    assert_int_equal(json_count(list), 2);
    const struct json *first = json_first(list), *second = json_next(first);
    assert_string_equal(json_string(first, "manager"), "first");
    assert_string_equal(json_string(second, "manager"), "brdeck");
    char *mine = json_print(json_get(second, "fieldsV1")), *theirs = json_print(json_get(first, "fieldsV1"));
    assert_string_equal(mine, "{\"f:spec\":{\"f:a\":{},\"f:logSubcommand\":{}}}");
    assert_null(strstr(theirs, "f:a"));
    assert_non_null(strstr(theirs, "f:c"));
    free(mine);
    free(theirs);
    json_free(&one);
    json_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_ranges), cmocka_unit_test(test_history), cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_tokens),           cmocka_unit_test(test_managed_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
