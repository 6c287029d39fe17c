#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>
#include <brdeck/kube/yaml.h>

static void check_json(const struct json *json, const char *want)
{
    char *text = json_print(json);
    assert_string_equal(text, want);
    free(text);
}

static void test_reads(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"", "[]"},
        {"---\n---\n# nothing\n...\n", "[]"},
        {"a: 1\n---\nb: 2\n---\n- c\n", "[{\"a\":1},{\"b\":2},[\"c\"]]"},
        {"{\"a\": [1, \"x\", null, true, {}], \"b\": []}", "[{\"a\":[1,\"x\",null,true,{}],\"b\":[]}]"},
        /* booleans and null of yaml.v2, and what only looks so */
        {"[true, True, TRUE, yes, on, y, Y, false, no, Off, n]",
         "[[true,true,true,true,true,true,true,false,false,false,false]]"},
        {"[tRue, yEs, oN, nul, nulL, ~x]", "[[\"tRue\",\"yEs\",\"oN\",\"nul\",\"nulL\",\"~x\"]]"},
        {"[~, null, Null, NULL]\n", "[[null,null,null,null]]"},
        {"a:\nb: \"\"\n", "[{\"a\":null,\"b\":\"\"}]"},
        {"['true', \"1\", '~', \"null\", !!str 5, ! 6]", "[[\"true\",\"1\",\"~\",\"null\",\"5\",\"6\"]]"},
        /* numbers */
        {"[0, -0, +5, 007, 0x1F, -0x1f, 0o17, 0b101, -0b101, 1_000, 08]",
         "[[0,-0,5,7,31,-31,15,5,-5,1000,8]]"},
        {"[436568622965194755, 18446744073709551615, -9223372036854775808, 123456789012345678901234567890]",
         "[[436568622965194755,18446744073709551615,-9223372036854775808,123456789012345678901234567890]]"},
        {"[1.5, .5, -.5, 5., 1e3, 01.5, 1.e5, 6.02E+23]", "[[1.5,0.5,-0.5,5,1e3,1.5,1e5,6.02E+23]]"},
        {"[1e999, 0x, 0xg, +, -, ., 1.2.3, 1e, 0b2, e5, 12Gi, 1:30, v1, 0x1FFFFFFFFFFFFFFFF]",
         "[[\"1e999\",\"0x\",\"0xg\",\"+\",\"-\",\".\",\"1.2.3\",\"1e\",\"0b2\",\"e5\",\"12Gi\",\"1:30\",\"v1\","
         "\"0x1FFFFFFFFFFFFFFFF\"]]"},
        {"[!!int 5, !!float 5, !!bool yes, !!null ~, !!int '7']", "[[5,5,true,null,7]]"},
        /* dates stay strings, as sigs.k8s.io/yaml keeps them */
        {"[2026-10-02T12:45:32Z, 2026-10-02]", "[[\"2026-10-02T12:45:32Z\",\"2026-10-02\"]]"},
        /* keys are strings */
        {"1: a\ntrue: b\n'x y': c\n? long\n: d\n", "[{\"1\":\"a\",\"true\":\"b\",\"x y\":\"c\",\"long\":\"d\"}]"},
        /* blocks */
        {"a: |\n  x\n   y\n\nb: >-\n  x\n  y\n", "[{\"a\":\"x\\n y\\n\",\"b\":\"x y\"}]"},
        /* anchors, aliases, merges */
        {"a: &x {p: 1, q: 2}\nb: *x\nc: &n name\n*n : 3\n", "[{\"a\":{\"p\":1,\"q\":2},\"b\":{\"p\":1,\"q\":2},"
         "\"c\":\"name\",\"name\":3}]"},
        {"- &k key\n- &x {p: 1, q: 2}\n- &y {q: 3, r: 4}\n- {<<: *x, q: 9}\n- <<: [*x, *y]\n- {'<<': 1}\n",
         "[[\"key\",{\"p\":1,\"q\":2},{\"q\":3,\"r\":4},{\"q\":9,\"p\":1},{\"p\":1,\"q\":2,\"r\":4},{\"<<\":1}]]"},
        {"&a a: &a 1\nb: *a\n", "[{\"a\":1,\"b\":1}]"},
        {"<<: {a: &x {z: 1}}\nb: *x\n", "[{\"b\":{\"z\":1},\"a\":{\"z\":1}}]"},
        {"\xef\xbb\xbf" "a: \xe4\xb8\xad\n", "[{\"a\":\"\xe4\xb8\xad\"}]"},
        {"a: \"\\t\\u00e9\\x41\"\n", "[{\"a\":\"\\t\xc3\xa9" "A\"}]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct json *got = yaml_parse(cases[i].yaml, strlen(cases[i].yaml), "t", &err);
        if (!got)
            fail_msg("%s: %s", cases[i].yaml, err.text);
        struct json *want = json_parse(cases[i].want, strlen(cases[i].want), &err);
        if (!want)
            fail_msg("%s: %s", cases[i].want, err.text);
        if (!json_equal(got, want))
            check_json(got, cases[i].want);
        json_free(&got);
        json_free(&want);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *want; /* how the error begins */
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", "t:3: key \"a\" stands here a second time"},
        {"x:\n  - {k: 1, \"k\": 2}\n", "t:2: key \"k\" stands here a second time"},
        {"a: [1, 2\nb: 3\n", "t:2: "},
        {"a:\n\tb: 1\n", "t:2: "},
        {"a: *gone\n", "t:1: *gone is an alias of nothing"},
        {"a: 1\nb: &x [1, *x]\n", "t:2: *x contains itself"},
        {"a: &x 1\n---\nb: *x\n", "t:3: *x is an alias of nothing"},
        {"a: !!binary aGk=\n", "t:1: tag tag:yaml.org,2002:binary is not known"},
        {"a: !Ref x\n", "t:1: tag !Ref is not known"},
        {"a: !!int secret\n", "t:1: the value does not fit its tag tag:yaml.org,2002:int"},
        {"a: !!map [1]\n", "t:1: the value does not fit its tag"},
        {"\na: .inf\n", "t:2: .inf cannot be said in JSON"},
        {"a: \"x\\0y\"\n", "t:1: a string holds a NUL character"},
        {"\"k\\0\": 1\n", "t:1: a string holds a NUL character"},
        {"a: 1\nb: \xff\n", "t:2: "},
        {"a: 1\nb: \x1b[0m\n", "t:2: "},
        {"[a]: 1\n", "t:1: a key must be a string"},
        {"- &m {a: 1}\n- {*m : 1}\n", "t:2: a key must be a string"},
        {"a: 1\n<<: 5\n", "t:2: << wants a mapping"},
        {"<<: [{a: 1}, 2]\n", "t:1: << wants a mapping"},
        {"%YAML 3.0\n---\na\n", "t:1: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct json *got = yaml_parse(cases[i].yaml, strlen(cases[i].yaml), "t", &err);
        if (got || strncmp(err.text, cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s: want \"%s\", have \"%s\"", cases[i].yaml, cases[i].want, got ? "a value" : err.text);
        assert_int_equal(err.code, ERROR_INPUT);
    }
}

/* What can be written small and read large, or deep. */
static void test_limits(void **state)
{
    (void)state;
    struct str text;
    struct error err = {0};
    str_init(&text, STR_LARGE);

    str_add(&text, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 12; i++) {
        str_addf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            str_addf(&text, "%s*a%d", k ? ", " : "", i - 1);
        str_add(&text, "]\n");
    }
    assert_null(yaml_parse(text.data, text.len, "laughs", &err));
    assert_non_null(strstr(err.text, "aliases expand to more"));

    str_clear(&text); /* one long string, often */
    str_add(&text, "a: &a ");
    str_pad(&text, 'x', 1024 * 1024);
    for (int i = 0; i < 100; i++)
        str_addf(&text, "\nb%d: *a", i);
    assert_null(yaml_parse(text.data, text.len, "long", &err));
    assert_non_null(strstr(err.text, "aliases expand to more"));

    str_clear(&text);
    str_pad(&text, '[', JSON_DEPTH_MAX + 1);
    str_pad(&text, ']', JSON_DEPTH_MAX + 1);
    assert_null(yaml_parse(text.data, text.len, "deep", &err));
    assert_string_equal(err.text, "deep:1: nested more than 200 deep");
    struct json *fits = yaml_parse(text.data + 1, text.len - 2, "deep", &err);
    assert_non_null(fits);
    json_free(&fits);

    str_clear(&text); /* deep by aliases of what is deep already */
    str_add(&text, "- &a ");
    str_pad(&text, '[', 150);
    str_pad(&text, ']', 150);
    str_add(&text, "\n- ");
    str_pad(&text, '[', 100);
    str_add(&text, "*a");
    str_pad(&text, ']', 100);
    assert_null(yaml_parse(text.data, text.len, "deep", &err));
    assert_string_equal(err.text, "deep:2: nested more than 200 deep");

    str_clear(&text);
    for (int i = 0; i < 10001; i++)
        str_addf(&text, "k%d: 1\n", i);
    assert_null(yaml_parse(text.data, text.len, "wide", &err));
    assert_string_equal(err.text, "wide:10001: more than 10000 members in one mapping");
    str_done(&text);
}

static void test_prints(void **state)
{
    (void)state;
    static const struct {
        const char *json, *want;
    } cases[] = {
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"null", "null\n"},
        {"\"a\\nb\"", "\"a\\nb\"\n"},
        {"{\"a\":{\"b\":[1,{\"c\":null,\"d\":[]},[2,3],{}]},\"e\":true}",
         "a:\n  b:\n  - 1\n  - c: null\n    d: []\n  - - 2\n    - 3\n  - {}\ne: true\n"},
        {"[[{\"a\":[1]}]]", "- - a:\n    - 1\n"},
        {"{\"ts\":436568622965194755,\"f\":1.50}", "ts: 436568622965194755\nf: 1.50\n"},
        /* what would be read as something else */
        {"[\"true\",\"y\",\"No\",\"null\",\"\",\"~\",\"1\",\"0x1f\",\"1_0\",\"1.5\",\".inf\",\"1e3\",\"<<\",\"=\"]",
         "- \"true\"\n- \"y\"\n- \"No\"\n- \"null\"\n- \"\"\n- \"~\"\n- \"1\"\n- \"0x1f\"\n- \"1_0\"\n- \"1.5\"\n- "
         "\".inf\"\n"
         "- \"1e3\"\n- \"<<\"\n- \"=\"\n"},
        {"[\"2026-10-02T12:45:32Z\",\"2026-10-02\",\"1:30\",\"-1:30:00.5\"]",
         "- \"2026-10-02T12:45:32Z\"\n- \"2026-10-02\"\n- \"1:30\"\n- \"-1:30:00.5\"\n"},
        {"[\"plain text\",\"12Gi\",\"s3://a/b\",\"a:b\",\"a#b\",\"--flag\",\"-1x\",\"/x\",\"2026\\\"\"]",
         "- plain text\n- 12Gi\n- s3://a/b\n- a:b\n- a#b\n- --flag\n- -1x\n- /x\n- 2026\"\n"},
        /* what would be syntax */
        {"[\"a: b\",\"a #b\",\"*\",\"- a\",\"a:\",\" a\",\"a \",\"it's: so\",\"@x\",\"---\",\"[\",\"?\",\"-\",\"#\"]",
         "- 'a: b'\n- 'a #b'\n- '*'\n- '- a'\n- 'a:'\n- ' a'\n- 'a '\n- 'it''s: so'\n- '@x'\n- '---'\n- '['\n- '?'\n- "
         "'-'\n- '#'\n"},
        /* lines */
        {"{\"a\":\"x\\n  y\\n\\nz\\n\",\"b\":\"x\\ny\",\"c\":[\"p\\nq\"]}",
         "a: |\n  x\n    y\n\n  z\nb: |-\n  x\n  y\nc:\n- |-\n  p\n  q\n"},
        {"[\"\\na\",\" a\\nb\",\"a \\nb\",\"a\\n\\n\",\"\\n\",\"a\\tb\\nc\"]",
         "- \"\\na\"\n- \" a\\nb\"\n- \"a \\nb\"\n- \"a\\n\\n\"\n- \"\\n\"\n- \"a\\tb\\nc\"\n"},
        /* what must not reach a terminal */
        {"[\"\\u001b[31m\",\"\\u0007\",\"a\\u202eb\",\"\\u200bx\",\"\\u0085\",\"\\u2028\",\"\\ufeff\"]",
         "- \"\\e[31m\"\n- \"\\x07\"\n- \"a\\u202Eb\"\n- \"\\u200Bx\"\n- \"\\x85\"\n- \"\\u2028\"\n- \"\\uFEFF\"\n"},
        {"[\"\xe4\xb8\xad\xe6\x96\x87\",\"\xf0\x9f\x98\x80 ok\"]",
         "- \xe4\xb8\xad\xe6\x96\x87\n- \xf0\x9f\x98\x80 ok\n"},
        /* keys */
        {"{\"1\":1,\"a b\":2,\"a: b\":3,\"\":4,\"on\":5,\"x\\ny\":6}",
         "\"1\": 1\na b: 2\n'a: b': 3\n\"\": 4\n\"on\": 5\n\"x\\ny\": 6\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct json *json = json_parse(cases[i].json, strlen(cases[i].json), &err);
        if (!json)
            fail_msg("%s: %s", cases[i].json, err.text);
        char *got = yaml_print(json);
        assert_string_equal(got, cases[i].want);
        free(got);
        json_free(&json);
    }
    char *nothing = yaml_print(NULL);
    assert_string_equal(nothing, "null\n");
    free(nothing);
}

static void check_round_trip(const struct json *json, const char *what)
{
    struct error err = {0};
    char *text = yaml_print(json);
    struct json *back = yaml_parse(text, strlen(text), what, &err);
    if (!back)
        fail_msg("%s\n%.2000s", err.text, text);
    if (!json_equal(json_first(back), json) && !(json_is_null(json) && json_count(back) == 0)) {
        char *want = json_print(json), *have = json_print(back);
        fail_msg("%s: want %.1000s\nhave %.1000s\nby %.1000s", what, want, have, text);
    }
    json_free(&back);
    free(text);
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static struct json *make_string(unsigned *seed)
{
    static const char *const pieces[] = {
        "a", "B", "0", "1", "-", "_", ".", ":", " ", "  ", "\n", "#", "'", "\"", "\\", "\t", "\r", "{", "}", "[", "]",
            ",", "&",
        "*", "!", "|", ">", "%", "@", "`", "?", "~", "=", "<<", "true", "null", "y", "e5", "0x", "\x1b", "\xc2\x85",
            "\xe2\x80\xa8",
        "\xe2\x80\xae", "\xef\xbb\xbf", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\x7f", "---", "...", "\xef\xbf\xbe",
            "2026-01-01", ".inf",
    };
    struct str text;
    str_init(&text, STR_SMALL);
    for (unsigned left = next_random(seed) % 8; left > 0; left--)
        str_add(&text, pieces[next_random(seed) % ARRAY_LEN(pieces)]);
    if (next_random(seed) % 64 == 0)
        str_pad(&text, 'k', 130);
    struct json *json = json_new_string(text.data);
    str_done(&text);
    return json;
}

static struct json *make_value(unsigned *seed, int depth)
{
    unsigned kind = next_random(seed) % (depth > 4 ? 5 : 8);
    struct json *json;
    if (kind == 0)
        return json_new_int((int64_t)next_random(seed) - 1000);
    if (kind == 1)
        return next_random(seed) % 2 ? json_new_null() : json_new_bool(next_random(seed) % 2);
    if (kind < 5)
        return make_string(seed);
    unsigned left = next_random(seed) % 4;
    if (kind == 5) {
        for (json = json_new_array(); left > 0; left--)
            json_append(json, make_value(seed, depth + 1));
        return json;
    }
    for (json = json_new_object(); left > 0; left--) {
        struct json *key = make_string(seed);
        json_set(json, json_text(key), make_value(seed, depth + 1));
        json_free(&key);
    }
    return json;
}

static void test_round_trip_random(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        unsigned seed = i;
        struct json *json = make_value(&seed, 0);
        char name[32];
        snprintf(name, sizeof name, "seed %u", i);
        check_round_trip(json, name);
        json_free(&json);
    }
}

/* -- what was recorded from a real cluster ------------------------------------------ */

static char *shared_folder(const char *name)
{
    const char *shared = getenv("BRDECK_SHARED"), *srcdir = getenv("srcdir");
    if (shared)
        return xasprintf("%s/%s", shared, name);
    return xasprintf("%s/../shared/%s", srcdir ? srcdir : ".", name);
}

/* @fn for each file of @folder whose name ends in @suffix; how many there were. */
static size_t each_file(const char *folder, const char *suffix, size_t (*fn)(const char *path, const struct str *text))
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        if (!str_ends(entry->d_name, suffix))
            continue;
        struct str text;
        struct error err = {0};
        str_init(&text, STR_LARGE);
        char *path = xasprintf("%s/%s", folder, entry->d_name);
        if (!file_read(path, &text, &err))
            fail_msg("%s", err.text);
        count += fn(path, &text);
        str_done(&text);
        free(path);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* A line of a watch, or a whole file that is one object from its first "{" on. */
static size_t check_json_text(const char *path, const char *text, size_t len)
{
    struct json *json = json_parse(text, len, NULL);
    if (!json)
        return 0;
    check_round_trip(json, path);
    json_free(&json);
    return 1;
}

static size_t check_recorded(const char *path, const struct str *text)
{
    size_t count = 0;
    for (const char *line = text->data; *line;) {
        size_t len = strcspn(line, "\n");
        if (line[0] == '{')
            count += check_json_text(path, line, len);
        line += len + (line[len] == '\n');
    }
    const char *object = strstr(text->data, "\n{");
    if (object)
        count += check_json_text(path, object + 1, strlen(object + 1));
    return count;
}

static void test_round_trip_recorded(void **state)
{
    (void)state;
    char *folder = shared_folder("recorded");
    size_t count = each_file(folder, ".txt", check_recorded) + each_file(folder, ".jsonl", check_recorded);
    if (count == 0) {
        print_message("no recorded objects in %s\n", folder);
        free(folder);
        skip();
    }
    free(folder);
    assert_true(count > 50);
}

static size_t check_crd(const char *path, const struct str *text)
{
    struct error err = {0};
    struct json *documents = yaml_parse(text->data, text->len, path, &err);
    if (!documents)
        fail_msg("%s", err.text);
    JSON_EACH(document, documents) {
        assert_string_equal(json_string(document, "kind"), "CustomResourceDefinition");
        check_round_trip(document, path);
    }
    size_t count = json_count(documents);
    json_free(&documents);
    return count;
}

static void test_round_trip_crds(void **state)
{
    (void)state;
    char *folder = shared_folder("crd");
    size_t count = each_file(folder, ".yaml", check_crd);
    if (count == 0) {
        print_message("no CRDs in %s\n", folder);
        free(folder);
        skip();
    }
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_prints),
        cmocka_unit_test(test_round_trip_random),
        cmocka_unit_test(test_round_trip_recorded),
        cmocka_unit_test(test_round_trip_crds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
