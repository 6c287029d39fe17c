#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/conf/options.h>
#include <brdeck/conf/suggest.h>

static void test_defaults(void **state)
{
    (void)state;
    struct options *options = options_new();
    for (int i = 0; i < OPTION_COUNT; i++) {
        assert_int_equal(option_table[i].id, i);
        assert_string_equal(options_text(options, (enum option_id)i), option_table[i].standard);
        assert_true(strlen(option_table[i].text) > 10 && strchr(option_table[i].text, '.'));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(option_table[i].name, option_table[j].name);
    }
    assert_int_equal(options_number(options, OPTION_LAG_WARN), 600000);
    assert_int_equal(options_number(options, OPTION_ESC_DELAY), 25);
    assert_false(options_bool(options, OPTION_READ_ONLY));
    options_free(&options);
    assert_null(options);
    options_free(&options);
}

static void test_set(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *where, *error; /* NULL: taken */
    } rows[] = {
        {"read-only", "true", NULL, NULL},
        {"read-only", "off", NULL, NULL},
        {"read-only", "maybe", NULL, "read-only: \"maybe\" is neither true nor false"},
        {"lag-warn", "90s", NULL, NULL},
        {"lag-warn", "10x", NULL, "lag-warn: \"10x\" is no length of time: want 90s, 10m, 2h"},
        {"lag-warn", "0s", "FILE:3", "FILE:3: lag-warn: 0s is out of range: want 1s to 365d"},
        {"color", "rgb", NULL, NULL},
        {"color", "17", "F:1", "F:1: color: \"17\" is none of auto, never, 8, 16, 256, rgb"},
        {"esc-delay", "1000", NULL, NULL},
        {"esc-delay", "1001", NULL, "esc-delay: 1001 is out of range: want 1 to 1000"},
        {"esc-delay", "-5", NULL, "esc-delay: \"-5\" is no whole number"},
        {"esc-delay", "99999999999999999999", NULL, "esc-delay: \"99999999999999999999\" is no whole number"},
        {"theme", "", NULL, NULL},
        {"red-only", "true", "F:2", "F:2: red-only: there is no such option; did you mean read-only?"},
        {"lagwarn", "1m", NULL, "lagwarn: there is no such option; did you mean lag-warn?"},
        {"zzzzzz", "1m", NULL, "zzzzzz: there is no such option"},
    };
    struct options *options = options_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        bool set = options_set(options, rows[i].name, rows[i].value, rows[i].where, &err);
        assert_int_equal(set, !rows[i].error);
        assert_string_equal(err.text, rows[i].error ? rows[i].error : "");
    }
    assert_false(options_bool(options, OPTION_READ_ONLY));
    assert_int_equal(options_number(options, OPTION_LAG_WARN), 90000);
    assert_string_equal(options_text(options, OPTION_COLOR), "rgb");
    options_free(&options);
}

static void test_file(void **state)
{
    (void)state;
    char name[] = "/tmp/brdeck-options-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    static const char text[] = "# a comment\n; another\n[brdeck]\ntheme = light   ; inline\n  read-only: yes\n\n"
                               "[keys]\nx = quit\nctrl-x = none\n[keys.pager]\nq = back\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    struct options *options = options_new();
    struct error err = {0};
    assert_true(options_read(options, name, true, &err));
    assert_string_equal(options_text(options, OPTION_THEME), "light");
    assert_true(options_bool(options, OPTION_READ_ONLY));
    const char *view, *key, *command, *where;
    assert_true(options_binding(options, 2, &view, &key, &command, &where));
    assert_string_equal(view, "pager");
    assert_string_equal(key, "q");
    assert_string_equal(command, "back");
    assert_true(strstr(where, ":11") != NULL);
    assert_false(options_binding(options, 3, &view, &key, &command, &where));
    unlink(name);
    assert_true(options_read(options, name, false, &err));
    assert_false(options_read(options, name, true, &err));
    assert_int_equal(err.code, ERROR_MISSING);
    assert_false(options_read(options, "/tmp", false, &err)); /* a folder is not a missing file */
    options_free(&options);
}

#define A25 "aaaaaaaaaaaaaaaaaaaaaaaaa"
#define A100 A25 A25 A25 A25

static void test_file_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"[brdeck]\n\ntheme\n", "f:3: neither [section] nor name = value"},
        {"[brdeck\nx = 1\n", "f:1: neither [section] nor name = value"},
        {"[brdeck]\ncolor = 3\ntheme\n", "f:2: color: \"3\" is none of auto, never, 8, 16, 256, rgb"},
        {"theme = dark\n", "f:1: \"theme\" stands before any section: begin with [brdeck]"},
        {"[colours]\na = b\n", "f:2: there is no section [colours]: want [brdeck], [keys] or [keys.VIEW]"},
        {"[keys.]\na = b\n", "f:2: there is no section [keys.]: want [brdeck], [keys] or [keys.VIEW]"},
        {"[brdeck]\ntheme = " A100 A100 "\n",
         "f:2: the line is too long: 190 bytes at most"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct options *options = options_new();
        struct error err = {0};
        assert_false(options_read_text(options, "f", rows[i].text, strlen(rows[i].text), &err));
        assert_string_equal(err.text, rows[i].error);
        options_free(&options);
    }
    struct options *options = options_new();
    struct error err = {0};
    assert_false(options_read_text(options, "f", "[brdeck]\nth\0eme = x\n", 20, &err));
    assert_string_equal(err.text, "f:2: a NUL byte: this is no text file");
    options_free(&options);
}

static void test_environment(void **state)
{
    (void)state;
    struct options *options = options_new();
    struct error err = {0};
    setenv("BRDECK_READ_ONLY", "1", 1);
    setenv("NO_COLOR", "1", 1);
    assert_true(options_read_environment(options, &err));
    assert_true(options_bool(options, OPTION_READ_ONLY));
    assert_string_equal(options_text(options, OPTION_COLOR), "never");
    setenv("BRDECK_COLOR", "256", 1);
    assert_true(options_read_environment(options, &err));
    assert_string_equal(options_text(options, OPTION_COLOR), "256");
    setenv("BRDECK_LAG_WARN", "soon", 1);
    assert_false(options_read_environment(options, &err));
    assert_string_equal(err.text, "BRDECK_LAG_WARN: lag-warn: \"soon\" is no length of time: want 90s, 10m, 2h");
    unsetenv("BRDECK_LAG_WARN");
    unsetenv("BRDECK_COLOR");
    unsetenv("BRDECK_READ_ONLY");
    unsetenv("NO_COLOR");
    options_free(&options);
}

static const char *nth_word(size_t i)
{
    static const char *const words[] = {"pause", "page-up", "page-down", "up", "a", NULL};
    return words[i];
}

static void test_suggest(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"puase", "pause"},
                                          {"pausee", "pause"}, {"pageup", "page-up"}, {"down", NULL},
                                          {"", NULL},         {"b", NULL},         {"uo", "up"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *near = suggest_nearest(rows[i][0], nth_word);
        assert_string_equal(near ? near : "-", rows[i][1] ? rows[i][1] : "-");
    }
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_set),     cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_errors), cmocka_unit_test(test_environment), cmocka_unit_test(test_suggest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
