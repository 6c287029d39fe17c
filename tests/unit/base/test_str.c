#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

static void test_grows(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, STR_SMALL);
    assert_string_equal(s.data, "");
    for (int i = 0; i < 1000; i++)
        assert_true(str_addf(&s, "%d,", i));
    assert_int_equal(s.len, strlen(s.data));
    assert_int_equal(s.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_false(s.cut);
    str_truncate(&s, 6);
    str_truncate(&s, 100);
    assert_string_equal(s.data, "0,1,2,");
    str_drop(&s, 2);
    assert_string_equal(s.data, "1,2,");
    str_drop(&s, 99);
    assert_string_equal(s.data, "");
    assert_true(str_addn(&s, "a\0b", 3));
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "a\0b", 4);
    str_clear(&s);
    assert_true(str_pad(&s, ' ', 3) && str_addc(&s, 'x') && str_add(&s, NULL) && str_add(&s, ""));
    assert_string_equal(s.data, "   x");
    str_done(&s);
    assert_string_equal(s.data, "");
    str_done(&s);
}

static void test_limit(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        const char *first, *second, *want;
        bool whole;
    } cases[] = {
        {0, "", "", "", true},
        {0, "", "a", "", false},
        {5, "abc", "de", "abcde", true},
        {5, "abc", "def", "abcde", false},
        {5, "abcde", "", "abcde", true},
        {5, "abcde", "f", "abcde", false},
        {SIZE_MAX, "abc", "def", "abcdef", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (int way = 0; way < 2; way++) {
            struct str s;
            str_init(&s, cases[i].max);
            assert_true(str_add(&s, cases[i].first));
            bool whole = way ? str_addf(&s, "%s", cases[i].second) : str_add(&s, cases[i].second);
            assert_int_equal(whole, cases[i].whole);
            assert_int_equal(s.cut, !cases[i].whole);
            assert_string_equal(s.data, cases[i].want);
            str_clear(&s);
            assert_false(s.cut);
            str_done(&s);
        }
}

static void test_take(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 100);
    char *empty = str_take(&s);
    assert_string_equal(empty, "");
    free(empty);
    str_add(&s, "one");
    char *one = str_take(&s);
    assert_string_equal(one, "one");
    assert_string_equal(s.data, "");
    assert_int_equal(s.max, 100);
    free(one);
    str_add(&s, "two");
    char *two = str_take(&s); /* no str_done after it: that must not leak */
    assert_string_equal(two, "two");
    free(two);
}

static void test_questions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
        bool same, starts, ends;
    } cases[] = {
        {NULL, NULL, true, true, true},
        {NULL, "", true, true, true},
        {"", "a", false, false, false},
        {"a", NULL, false, true, true},
        {"log-pause", "log", false, true, false},
        {"log-pause", "pause", false, false, true},
        {"log", "log", true, true, true},
        {"lo", "log", false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(str_same(cases[i].text, cases[i].part), cases[i].same);
        assert_int_equal(str_starts(cases[i].text, cases[i].part), cases[i].starts);
        assert_int_equal(str_ends(cases[i].text, cases[i].part), cases[i].ends);
    }
    assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
    assert_true(str_compare(NULL, "a") < 0 && str_compare("b", "a") > 0 && str_compare(NULL, "") == 0);
}

static void test_escape(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {NULL, ""}, {"demo-1.x_y~", "demo-1.x_y~"}, {"a b/c?d=e&f", "a%20b%2Fc%3Fd%3De%26f"},
        {"\xc3\xa9%", "%C3%A9%25"}, {"..", ".."},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str s;
        str_init(&s, 200);
        str_add_escaped(&s, cases[i].text);
        assert_string_equal(s.data, cases[i].want);
        str_done(&s);
    }
}

static void test_lines(void **state)
{
    static const struct {
        const char *text, *lines; /* each in brackets */
    } rows[] = {
        {"", ""}, {"a", "[a]"}, {"a\n", "[a]"}, {"a\nb", "[a][b]"}, {"\n\nb\n", "[][][b]"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str s;
        size_t at = 0, size;
        str_init(&s, 100);
        for (const char *line; (line = str_next_line(rows[i].text, strlen(rows[i].text), &at, &size)) != NULL;)
            str_addf(&s, "[%.*s]", (int)size, line);
        assert_string_equal(s.data, rows[i].lines);
        str_done(&s);
    }
}

static void test_tail(void **state)
{
    static const struct {
        const char *text;
        size_t max, from;
    } rows[] = {
        {"", 3, 0}, {"abc", 3, 0}, {"a\nbc\n", 6, 0}, {"a\nbc\n", 4, 2}, {"a\nbc\n", 3, 2}, {"a\nbc\nd", 3, 5},
        {"abcdef", 2, 4}, {"abcdef\n", 2, 5}, {"a\nb", 0, 3},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(str_tail(rows[i].text, strlen(rows[i].text), rows[i].max), rows[i].from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),     cmocka_unit_test(test_limit),  cmocka_unit_test(test_take),
        cmocka_unit_test(test_questions), cmocka_unit_test(test_escape), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
