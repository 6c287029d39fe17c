#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/json.h>

static struct json *parse(const char *text)
{
    struct error err = {0};
    struct json *json = json_parse(text, strlen(text), &err);
    if (!json)
        print_error("%s: %s\n", text, err.text);
    assert_non_null(json);
    return json;
}

static void prints_as(const struct json *json, const char *want)
{
    char *text = json_print(json);
    assert_string_equal(text, want);
    free(text);
}

static void there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: the same */
    } cases[] = {
        {"null", NULL},
        {" \t\r\n[ true , false ] \n", "[true,false]"},
        {"{\"a\":{\"b\":[1,2,{}]},\"c\":[]}", NULL},
        {"436568622965194755", NULL},
        {"[18446744073709551615,-9223372036854775808,999999999999999,1000000000000000]", NULL},
        {"123456789012345678901234567890", NULL},
        {"[1e400,-0,1.0,0.1,1.50,6E-7,0,-15]", NULL},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"\\u0041\\u00e4\\ud83d\\ude00\\u001B\"", "\"A\303\244\360\237\230\200\\u001b\""},
        {"\"a\\u0000b\"", "\"a\357\277\275b\""},
        {"\"\\ud800x\\udc00\\ud800\\ud800\"", "\"\357\277\275x\357\277\275\357\277\275\357\277\275\""},
        {"\"\377a\300\200b\"", "\"\357\277\275a\357\277\275\357\277\275b\""},
        {"\"\177\302\233\342\200\256\357\273\277\"", "\"\\u007f\\u009b\\u202e\\ufeff\""},
        {"\"436568622965194755\"", NULL},
        {"{\"\":1,\"a\\u0062\":2}", "{\"\":1,\"ab\":2}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *json = parse(cases[i].in);
        prints_as(json, cases[i].out ? cases[i].out : cases[i].in);
        json_free(&json);
        assert_null(json);
    }
}

static void errors_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "line 1, column 1: the text ends where a value should be"},
        {"{\"a\":\n  x}", "line 2, column 3: found 'x' where a value should be"},
        {"[1,\"\303\244\", ]", "line 1, column 9: found ']' where a value should be"},
        {"1 2", "line 1, column 3: found '2' where the end of the text should be"},
        {"{\"a\" 1}", "line 1, column 6: found '1' where ':' should be"},
        {"{\"a\":1 \"b\":2}", "line 1, column 8: found '\"' where ',' or '}' should be"},
        {"{a:1}", "line 1, column 2: found 'a' where a member's name in quotes should be"},
        {"{\"a\":1,}", "line 1, column 8: found '}' where a member's name in quotes should be"},
        {"[1}", "line 1, column 3: found '}' where ',' or ']' should be"},
        {"[1", "line 1, column 3: the text ends where ',' or ']' should be"},
        {"\"abc", "line 1, column 5: the text ends where the end of a string should be"},
        {"\"ab\\", "line 1, column 5: the text ends where an escape character should be"},
        {"\"a\nb\"", "line 1, column 3: found byte 0x0a where an escaped control character should be"},
        {"\"\\x\"", "line 1, column 3: found 'x' where an escape character should be"},
        {"\"\\u12g4\"", "line 1, column 4: found '1' where four hex digits should be"},
        {"01", "line 1, column 2: found '1' where the end of the text should be"},
        {"-", "line 1, column 2: the text ends where a digit should be"},
        {"1.", "line 1, column 3: the text ends where a digit should be"},
        {"1e+", "line 1, column 4: the text ends where a digit should be"},
        {".5", "line 1, column 1: found '.' where a value should be"},
        {"nul", "line 1, column 1: found 'n' where a value should be"},
        {"\357\273\277{}", "line 1, column 1: found byte 0xef where a value should be"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        assert_null(json_parse(cases[i].text, strlen(cases[i].text), &err));
        assert_string_equal(err.text, cases[i].why);
        assert_int_equal(err.code, ERROR_INPUT);
        assert_null(json_parse(cases[i].text, strlen(cases[i].text), NULL));
    }
    struct error err = {0};
    assert_null(json_parse("[1]\0", 4, &err)); /* a NUL is no end */
    assert_string_equal(err.text, "line 1, column 4: found byte 0x00 where the end of the text should be");
    assert_null(json_parse("[12]", 3, NULL)); /* nothing behind the length is read */
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    enum { DEEP = 1000000 };
    char *text = xmalloc(DEEP);
    struct error err = {0};
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    struct json *json = json_parse(text, 2 * JSON_DEPTH_MAX, &err);
    assert_non_null(json);
    json_free(&json);
    memset(text, '[', DEEP);
    assert_null(json_parse(text, DEEP, &err));
    assert_non_null(strstr(err.text, "column 201: "));
    free(text);
}

static void members_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: no JSON */
    } cases[] = {
        {"{\"skip\":[{\"a\":{}}],\"b\":1}", "{\"b\":1}"},
        {"{\"b\":1,\"skip\" : {\"x\":\"}\\\"]\\\\\"} }", "{\"b\":1}"},
        {"[{\"m\":{\"skip\":{}}},{\"skip\":null},{\"skip\":1},{\"skip\":\"a\"}]", "[{\"m\":{}},{},{},{}]"},
        {"{\"s\\u006bip\":{}}", "{}"},
        {"{\"skipped\":1,\"ski\":2,\"x\":\"skip\"}", "{\"skipped\":1,\"ski\":2,\"x\":\"skip\"}"},
        {"{\"skip\":{\"a\":[}", NULL},
        {"{\"skip\":{\"a\":\"}}", NULL},
        {"{\"skip\":\"\\", NULL},
        {"{\"skip\":[\"\\", NULL},
        {"{\"skip\":}", NULL},
        {"{\"skip\":", NULL},
        {"{\"skip\":{}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *json = json_parse_without(cases[i].in, strlen(cases[i].in), "skip", NULL);
        if (cases[i].out)
            prints_as(json, cases[i].out);
        else
            assert_null(json);
        json_free(&json);
    }
}

/* What an arena holds is what malloc would; it grows beyond its first room, and may be used again. */
static void arenas(void **state)
{
    (void)state;
    struct json_arena arena;
    struct str text;
    json_arena_init(&arena);
    for (size_t members = 1; members < 20000; members *= 7) {
        str_init(&text, STR_LARGE);
        str_add(&text, "{");
        for (size_t i = 0; i < members; i++)
            str_addf(&text, "%s\"k%zu\":[\"plain\",\"h\\u00e4rd\\n\",%zu,436568622965194755,null,true,{\"skip\":[1]}]",
                     i ? "," : "", i, i);
        str_add(&text, "}");
        struct error err = {0};
        struct json *made = json_parse_without(text.data, text.len, "skip", &err);
        const struct json *read = json_read(&arena, text.data, text.len, "skip", &err);
        assert_non_null(made);
        assert_non_null(read);
        assert_true(json_equal(made, read));
        struct json *copy = json_copy(read);
        assert_null(json_read(&arena, text.data, text.len - 1, NULL, &err));
        assert_int_equal(err.code, ERROR_INPUT);
        json_arena_done(&arena);
        assert_true(json_equal(made, copy)); /* a copy is its own */
        json_free(&copy);
        json_free(&made);
        str_done(&text);
    }
}

/* One string larger than a block: it may be a third of what is taken for it at first. */
static void an_arena_holds_a_large_string(void **state)
{
    (void)state;
    enum { LARGE = 300 * 1000 };
    struct json_arena arena;
    char *text = xmalloc(LARGE);
    memset(text, 'x', LARGE);
    memcpy(text, "[\"\\n", 4);
    memcpy(text + LARGE - 5, "\",1]", 4);
    json_arena_init(&arena);
    const struct json *read = json_read(&arena, text, LARGE - 1, NULL, NULL);
    assert_int_equal(strlen(json_text(json_first(read))), LARGE - 9 + 1);
    assert_int_equal(json_count(read), 2);
    json_arena_done(&arena);
    free(text);
}

static void numbers_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_int, is_uint;
        int64_t i;
        uint64_t u;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"-0", true, true, 0, 0},
        {"-0.0e5", true, true, 0, 0},
        {"0e999999999999999999999", true, true, 0, 0},
        {"1.0", true, true, 1, 1},
        {"100e-2", true, true, 1, 1},
        {"1.5e1", true, true, 15, 15},
        {"1e3", true, true, 1000, 1000},
        {"-7", true, false, -7, 0},
        {"1.5", false, false, 0, 0},
        {"1e-1", false, false, 0, 0},
        {"436568622965194755", true, true, 436568622965194755, 436568622965194755},
        {"9007199254740993", true, true, 9007199254740993, 9007199254740993},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"9223372036854775808", false, true, 0, UINT64_C(9223372036854775808)},
        {"-9223372036854775808", true, false, INT64_MIN, 0},
        {"-9223372036854775809", false, false, 0, 0},
        {"18446744073709551615", false, true, 0, UINT64_MAX},
        {"18446744073709551616", false, false, 0, 0},
        {"1e400", false, false, 0, 0},
        {"1e99999999999999999999", false, false, 0, 0},
        {"\"5\"", false, false, 0, 0},
        {"true", false, false, 0, 0},
        {"null", false, false, 0, 0},
        {"[1]", false, false, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *json = parse(cases[i].text);
        int64_t signed_value = 42;
        uint64_t unsigned_value = 42;
        print_message("%s\n", cases[i].text);
        assert_int_equal(json_int(json, &signed_value), cases[i].is_int);
        assert_true(signed_value == (cases[i].is_int ? cases[i].i : 42));
        assert_int_equal(json_uint(json, &unsigned_value), cases[i].is_uint);
        assert_true(unsigned_value == (cases[i].is_uint ? cases[i].u : 42));
        json_free(&json);
    }
    assert_false(json_int(NULL, &(int64_t){0}));
}

static void doubles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        double value;
    } cases[] = {{"0.1", true, 0.1},   {"12", true, 12},     {"-2.5e3", true, -2500},       {"1e400", false, 0},
                 {"\"1\"", false, 0}, {"1e-999", true, 0.}, {"436568622965194755", true, 436568622965194755.}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *json = parse(cases[i].text);
        double value = 42;
        assert_int_equal(json_double(json, &value), cases[i].ok);
        assert_true(value <= (cases[i].ok ? cases[i].value : 42) && value >= (cases[i].ok ? cases[i].value : 42));
        json_free(&json);
    }
}

static void missing_and_wrong_are_answers(void **state)
{
    (void)state;
    struct json *json = parse("{\"a\":{\"B\":\"x\",\"n\":null,\"t\":true},\"l\":[1,\"b\"],\"i\":99999999999999999}");
    assert_string_equal(json_text(json_at(json, "a", "B", NULL)), "x");
    assert_null(json_at(json, "a", "b", NULL)); /* the case counts */
    assert_null(json_at(json, "no", "where", "at", "all", NULL));
    assert_null(json_at(json, "l", "b", NULL));
    assert_null(json_at(NULL, "a", NULL));
    assert_null(json_string(json, "a"));
    assert_null(json_string(json, "i")); /* kept as text, yet a number */
    assert_null(json_string(NULL, "a"));
    assert_string_equal(json_string(json_get(json, "a"), "B"), "x");
    assert_true(json_is_null(NULL));
    assert_true(json_is_null(json_at(json, "a", "n", NULL)));
    assert_false(json_is_null(json));
    assert_true(json_is_true(json_at(json, "a", "t", NULL)));
    assert_false(json_is_true(json_get(json, "a")));
    assert_int_equal(json_type(NULL), JSON_NONE);
    assert_int_equal(json_type(json), JSON_OBJECT);
    assert_int_equal(json_type(json_get(json, "i")), JSON_NUMBER);
    assert_int_equal(json_type(json_get(json, "l")), JSON_ARRAY);
    assert_int_equal(json_count(json), 3);
    assert_int_equal(json_count(json_get(json, "i")), 0);
    assert_int_equal(json_count(NULL), 0);
    char keys[16] = "";
    JSON_EACH(child, json)
        strcat(keys, json_key(child));
    assert_string_equal(keys, "ali");
    assert_null(json_key(json_first(json_get(json, "l"))));
    json_free(&json);
    json_free(&json);
}

static void building(void **state)
{
    (void)state;
    struct json *json = json_new_object();
    json_set_string(json, "s", "x\033[2J");
    json_set_string(json, "none", NULL);
    json_set_int(json, "i", -5);
    json_set(json, "big", json_new_int(INT64_MIN));
    json_set(json, "u", json_new_uint(UINT64_MAX));
    json_set_bool(json, "t", true);
    json_set(json, "l", json_new_array());
    json_append(json_get_mut(json, "l"), json_new_null());
    json_append(json_get_mut(json, "l"), json_new_string("\351")); /* Latin-1 */
    json_set_int(json_object_in(json_object_in(json, "m"), "n"), "d", 1);
    json_set_int(json_object_in(json_object_in(json, "m"), "n"), "e", 2);
    json_object_in(json, "none");
    json_set_int(json, "s", 7); /* stays in its place */
    json_remove(json, "t");
    json_remove(json, "not there");
    json_remove(NULL, "s");
    const char *want = "{\"s\":7,\"none\":{},\"i\":-5,\"big\":-9223372036854775808,\"u\":18446744073709551615,"
                       "\"l\":[null,\"\357\277\275\"],\"m\":{\"n\":{\"d\":1,\"e\":2}}}";
    prints_as(json, want);
    struct json *copy = json_copy(json_get(json, "m"));
    assert_null(json_key(copy));
    prints_as(copy, "{\"n\":{\"d\":1,\"e\":2}}");
    json_set(json, "copy", copy);
    assert_true(json_equal(json_get(json, "copy"), json_get(json, "m")));
    copy = json_copy(json_get(json, "u"));
    json_free(&json);
    prints_as(copy, "18446744073709551615");
    json_free(&copy);
    assert_null(json_copy(NULL));
}

static void pretty(void **state)
{
    (void)state;
    struct json *json = parse("{\"a\":[1,{}],\"b\":{\"c\":[]}}");
    char *text = json_print_pretty(json);
    assert_string_equal(text, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}\n");
    free(text);
    json_free(&json);
    prints_as(NULL, "null");
}

static void equality(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2,3]", false},
        {"[]", "{}", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":1}", "{\"A\":1}", false},
        {"{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", false},
        {"1", "1.0", true},
        {"10e-1", "1", true},
        {"-0", "0", true},
        {"1e2", "100", true},
        {"1", "-1", false},
        {"1", "\"1\"", false},
        {"436568622965194755", "436568622965194752", false},
        {"436568622965194755", "436568622965194755.00", true},
        {"436568622965194755", "\"436568622965194755\"", false},
        {"true", "false", false},
        {"true", "1", false},
        {"null", "null", true},
        {"null", "false", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *a = parse(cases[i].a), *b = parse(cases[i].b);
        assert_int_equal(json_equal(a, b), cases[i].equal);
        assert_int_equal(json_equal(b, a), cases[i].equal);
        assert_true(json_equal(a, a));
        json_free(&a);
        json_free(&b);
    }
    struct json *null = json_new_null();
    assert_true(json_equal(null, NULL));
    assert_true(json_equal(NULL, NULL));
    json_free(&null);
}

/* Among them every example of RFC 7386, appendix A. */
static void merge_patches(void **state)
{
    (void)state;
    static const struct {
        const char *target, *patch, *result;
    } cases[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{\"t\":436568622965194755,\"u\":1}", "{\"u\":436568622965194757}",
         "{\"t\":436568622965194755,\"u\":436568622965194757}"},
        {"{\"t\":436568622965194755}", "{\"t\":{\"x\":1.50}}", "{\"t\":{\"x\":1.50}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *patch = parse(cases[i].patch), *result = json_merge_patch(parse(cases[i].target), patch);
        prints_as(result, cases[i].result);
        json_free(&result);
        json_free(&patch);
    }
    struct json *patch = parse("{\"a\":1}"), *result = json_merge_patch(NULL, patch);
    prints_as(result, "{\"a\":1}");
    json_free(&result);
    json_free(&patch);
}

/* The lines of the recorded operator, each its own JSON text, come back the same. */
static void recorded_lines(void **state)
{
    (void)state;
    static char line[1 << 20];
    char path[4096];
    const char *shared = getenv("BRDECK_SHARED"), *source = getenv("srcdir");
    if (shared)
        snprintf(path, sizeof path, "%s/recorded/operator-life.jsonl", shared);
    else
        snprintf(path, sizeof path, "%s/../shared/recorded/operator-life.jsonl", source ? source : ".");
    FILE *file = fopen(path, "r");
    if (!file) {
        print_message("%s is not there: set BRDECK_SHARED\n", path);
        skip();
    }
    size_t lines = 0;
    for (; fgets(line, sizeof line, file); lines++) {
        struct json *json = parse(line);
        char *text = json_print(json), *pretty_text = json_print_pretty(json);
        struct json *again = parse(text), *pretty_again = parse(pretty_text);
        assert_true(json_equal(json, again));
        assert_true(json_equal(json, pretty_again));
        assert_null(strstr(text, "e+"));
        free(text);
        free(pretty_text);
        json_free(&json);
        json_free(&again);
        json_free(&pretty_again);
    }
    fclose(file);
    assert_true(lines > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),    cmocka_unit_test(errors_say_where),
        cmocka_unit_test(depth_has_a_limit), cmocka_unit_test(members_are_left_out),
        cmocka_unit_test(arenas),            cmocka_unit_test(an_arena_holds_a_large_string),
        cmocka_unit_test(numbers_are_exact), cmocka_unit_test(doubles),
        cmocka_unit_test(building),          cmocka_unit_test(missing_and_wrong_are_answers),
        cmocka_unit_test(pretty),            cmocka_unit_test(equality),
        cmocka_unit_test(merge_patches),     cmocka_unit_test(recorded_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
