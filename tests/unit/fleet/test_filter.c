#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brdeck/base/alloc.h>
#include <brdeck/fleet/filter.h>

#include "rows.h"

/* orders/log-orders: a log backup, Running, of cluster tc-orders; labels app=backup,tier=gold,size=10. */
static struct store *one_row(slot_t *slot)
{
    struct store *store = store_new();
    *slot = row_put(store, 0, &(struct row_spec){
        .ns = "orders", .name = "log-orders", .cluster = "tc-Main", .log = true,
        .labels = "app=backup,size=10,tier=gold", .phase = "Stopped"});
    return store;
}

static void test_terms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {
        {"", true},
        {"   ", true},
        {"log-ord", true},
        {"LOG-ord", true},
        {"orders/log", true},
        {"billing", false},
        {"!billing", true},
        {"!orders", false},
        {"!!orders", true},
        {"orders billing", false},
        {"orders log", true},
        {"orders !billing", true},
        {"tc-main", true},
        {"stopped", true},
        {"/^orders/log-.*s$", true},
        {"/^log", false},
        {"/(billing|orders)/", true},
        {"!/^log", true},
        {"state:stop", true},
        {"state:running", false},
        {"!state:running", true},
        {"ns:orders", true},
        {"ns:order", false},
        {"ns:ord*", true},
        {"cluster:tc-Main", true},
        {"cluster:orders/tc-Main", true},
        {"cluster:billing/tc-Main", false},
        {"cluster:tc", false},
        {"mode:log", true},
        {"mode:snap", false},
        {"mode:snapshot", false},
        {"-l app=backup", true},
        {"-lapp=backup", true},
        {"-l app=other", false},
        {"!-l app=other", true},
        {"-l app=backup,tier in (gold, silver) log", true},
        {"-l app in (backup) billing", false},
        {"-l app notin (backup) log", false},
        {"log -l app", true},
        {"\"log-orders\"", true},
        {"\"log orders\"", false},
        {"state:\"Stopped\"", true},
    };
    slot_t slot;
    struct store *store = one_row(&slot);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct filter *filter = filter_parse(cases[i].text, &err);
        if (!filter)
            fail_msg("\"%s\": %s", cases[i].text, err.text);
        if (filter_matches(filter, store_get(store, slot)) != cases[i].matches)
            fail_msg("\"%s\" should %smatch", cases[i].text, cases[i].matches ? "" : "not ");
        assert_string_equal(filter_text(filter), cases[i].text);
        filter_free(&filter);
    }
    store_free(&store);
}

static void test_bad_terms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"/", "\"/\""}, {"orders /(", "\"/(\""}, {"!", "\"!\""}, {"ns:", "\"ns:\""}, {"color:red", "color"},
        {"mode:fast", "mode:fast"}, {"-l", "-l"}, {"-l a in b", "\"a in\""}, {"-l a=b,", "a=b,"}, {"-l =b", "=b"},
        {"-l a in (b", "a in (b"}, {"-l a>b", "a>b"}, {"-l a b=", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct filter *filter = filter_parse(cases[i].text, &err);
        if (!cases[i].named) {
            assert_non_null(filter);
            filter_free(&filter);
            continue;
        }
        if (filter)
            fail_msg("\"%s\" is taken", cases[i].text);
        assert_int_equal(err.code, ERROR_INPUT);
        if (!strstr(err.text, cases[i].named))
            fail_msg("\"%s\" does not name %s", err.text, cases[i].named);
    }
}

static void test_selectors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {
        {"", true},
        {"app=backup", true},
        {"app==backup", true},
        {"app = backup", true},
        {"app=backu", false},
        {"app!=backup", false},
        {"app!=x", true},
        {"none!=x", true},
        {"none=x", false},
        {"none=", false},
        {"app,tier", true},
        {"app,none", false},
        {"!none", true},
        {"!app", false},
        {"tier in (gold,silver)", true},
        {"tier in (silver)", false},
        {"tier notin (silver)", true},
        {"none notin (silver)", true},
        {"none in (silver)", false},
        {"size>9", true},
        {"size>10", false},
        {"size<11", true},
        {"app>1", false},
        {"app=backup,tier!=silver,size,!f,tier in (x,gold)", true},
    };
    slot_t slot;
    struct store *store = one_row(&slot);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct label_selector *s = label_selector_parse(cases[i].text, &err);
        if (!s)
            fail_msg("\"%s\": %s", cases[i].text, err.text);
        if (label_selector_matches(s, store_get(store, slot)->record) != cases[i].matches)
            fail_msg("\"%s\" should %smatch", cases[i].text, cases[i].matches ? "" : "not ");
        label_selector_free(&s);
    }
    store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_bad_terms),
        cmocka_unit_test(test_selectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
