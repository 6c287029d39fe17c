#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/json.h>
#include <brdeck/kube/splitter.h>

enum { INBOX = 1024 * 1024 };

/* What comes of @text in pieces of @piece bytes (0: one piece): the objects, each followed by a line feed; then "rest
 * ..."
 * or "error ...". For free(). */
static char *split(enum splitter_kind kind, const char *text, size_t len, size_t first, size_t piece)
{
    struct splitter s;
    struct str out;
    const char *object;
    size_t object_len;
    splitter_init(&s, kind, INBOX);
    str_init(&out, STR_LARGE);
    for (size_t at = 0; at < len;) {
        size_t n = at == 0 && first ? first : piece ? piece : len;
        if (n > len - at)
            n = len - at;
        char *own = xmemdup(text + at, n); /* so that a sanitizer sees a read past it */
        bool good = splitter_feed(&s, own, n);
        free(own);
        at += n;
        while (splitter_next(&s, &object, &object_len)) {
            str_addn(&out, object, object_len);
            str_addc(&out, '\n');
        }
        if (!good)
            break;
    }
    if (splitter_end(&s)) {
        assert_int_equal(splitter_waiting(&s), 0);
        str_addf(&out, "rest %s", splitter_rest(&s));
    } else {
        assert_int_equal(s.error.code, ERROR_NETWORK);
        str_addf(&out, "error %s", s.error.text);
    }
    splitter_done(&s);
    return str_take(&out);
}

static const struct split_case {
    enum splitter_kind kind;
    const char *text, *want;
} cases[] = {
    {SPLITTER_LIST, "{\"kind\":\"L\",\"items\":[{\"a\":1},{\"b\":[{}]}],\"metadata\":{}}",
     "{\"a\":1}\n{\"b\":[{}]}\nrest {\"kind\":\"L\",\"items\":[],\"metadata\":{}}"},
    {SPLITTER_LIST, "{\"items\":[{}]}", "{}\nrest {\"items\":[]}"},
    {SPLITTER_LIST, "{\"metadata\":{\"items\":[{\"x\":1}]},\"items\":[]}",
     "rest {\"metadata\":{\"items\":[{\"x\":1}]},\"items\":[]}"},
    {SPLITTER_LIST, "{\"a\":[[],{\"items\":[1]}],\"items\" : [ {\"s\":\"]}\\\"{\\\\\"} , {} ]}",
     "{\"s\":\"]}\\\"{\\\\\"}\n{}\nrest {\"a\":[[],{\"items\":[1]}],\"items\":[]}"},
    {SPLITTER_LIST, "{\"a\":\"items\",\"b\":\"\\\"items\\\":[\",\"items\":[{}]}",
     "{}\nrest {\"a\":\"items\",\"b\":\"\\\"items\\\":[\",\"items\":[]}"},
    {SPLITTER_LIST, "{\"items\":null,\"kind\":\"L\"}", "rest {\"items\":null,\"kind\":\"L\"}"},
    {SPLITTER_LIST, "{\"items\":{\"a\":1},\"kind\":\"L\"}", "rest {\"items\":{\"a\":1},\"kind\":\"L\"}"},
    {SPLITTER_LIST, "{\"kind\":\"Table\"}\n\n", "rest {\"kind\":\"Table\"}"},
    {SPLITTER_LIST, "{\"items\":[1]}", "error the answer is no JSON list: '1' where an item should begin"},
    {SPLITTER_LIST, "{\"items\":[{},]}", "{}\nerror the answer is no JSON list: ']' where an item should begin"},
    {SPLITTER_LIST, "{\"items\":[{}{}]}", "{}\nerror the answer is no JSON list: '{' after an item"},
    {SPLITTER_LIST, "{\"items\":[{}]}x", "{}\nerror the answer is no JSON list: 'x' after its end"},
    {SPLITTER_LIST, "<html>", "error the answer is no JSON list: '<' at its begin"},
    {SPLITTER_LIST, "\x1f\x8b", "error the answer is no JSON list: byte 0x1f at its begin"},
    {SPLITTER_LIST, "", "error the answer broke off in the middle"},
    {SPLITTER_LIST, "{\"items\":[{\"a\":1}", "{\"a\":1}\nerror the answer broke off in the middle"},
    {SPLITTER_LIST, "{\"items\":[{\"a\":", "error the answer broke off in the middle of an object"},
    {SPLITTER_WATCH, "", "rest "},
    {SPLITTER_WATCH, "{\"type\":\"A\"}\n{\"type\":\"B\"}\r\n", "{\"type\":\"A\"}\n{\"type\":\"B\"}\nrest "},
    {SPLITTER_WATCH, "{\"a\":\"}\"}{\"b\":\"\\\\\"}", "{\"a\":\"}\"}\n{\"b\":\"\\\\\"}\nrest "},
    {SPLITTER_WATCH, "{}\n{\"a", "{}\nerror the answer broke off in the middle of an object"},
    {SPLITTER_WATCH, "{}\n[1]\n", "{}\nerror the answer is no JSON watch: '[' where an event should begin"},
};

/* In one piece, in bytes, and in two pieces cut at every place. */
static void test_cases_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct split_case *c = &cases[i];
        size_t len = strlen(c->text);
        for (size_t cut = 0; cut <= len; cut++) {
            char *got = split(c->kind, c->text, len, cut, 0);
            assert_string_equal(got, c->want);
            free(got);
        }
        char *got = split(c->kind, c->text, len, 1, 1);
        assert_string_equal(got, c->want);
        free(got);
    }
}

/* -- what was recorded --------------------------------------------------------------- */

static char *recorded_folder(void)
{
    const char *shared = getenv("BRDECK_SHARED"), *src = getenv("srcdir");
    return shared ? xasprintf("%s/recorded", shared) : xasprintf("%s/../shared/recorded", src ? src : ".");
}

/* The body: what stands between the recorder's comments, after the head where there is one. */
static void body_of(struct str *text)
{
    struct str body;
    str_init(&body, STR_LARGE);
    const char *at = text->data;
    bool in_head = strstr(text->data, "\nHTTP/") != NULL;
    while (*at) {
        size_t len = strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
        if (in_head && (len == 1 || (len == 2 && *at == '\r')))
            in_head = false;
        else if (!in_head && *at != '#')
            str_addn(&body, at, len);
        at += len;
    }
    str_clear(text);
    str_addn(text, body.data, body.len);
    str_done(&body);
}

static void check_objects(const char *out, size_t want)
{
    size_t count = 0;
    for (const char *at = out; !str_starts(at, "rest ");) {
        /* Objects of a list are printed over many lines. */
        const char *end = at;
        struct json *json = NULL;
        do {
            end += strcspn(end, "\n");
            json = json_parse(at, (size_t)(end - at), NULL);
            if (!json)
                assert_int_equal(*end++, '\n');
        } while (!json);
        assert_int_equal(json_type(json), JSON_OBJECT);
        json_free(&json);
        at = end + 1;
        count++;
    }
    assert_int_equal(count, want);
}

static void test_recorded_in_any_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum splitter_kind kind;
        size_t objects;
    } files[] = {
        {"list-page1.txt", SPLITTER_LIST, 3},   {"list-page2.txt", SPLITTER_LIST, 3},
        {"jobs.txt", SPLITTER_LIST, 0},         {"pods.txt", SPLITTER_LIST, 0},
        {"events.txt", SPLITTER_LIST, 0},       {"watch-stream.txt", SPLITTER_WATCH, 0},
        {"watch-list.txt", SPLITTER_WATCH, 0},  {"watch-410.txt", SPLITTER_WATCH, 1},
        {"operator-life.jsonl", SPLITTER_WATCH, 0},
    };
    char *folder = recorded_folder();
    if (!file_exists(folder)) {
        print_message("%s is not there: skipped\n", folder);
        free(folder);
        skip();
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char *path = xasprintf("%s/%s", folder, files[i].name);
        struct str text;
        struct error err = {0};
        str_init(&text, STR_LARGE);
        assert_true(file_read(path, &text, &err));
        body_of(&text);
        char *want = split(files[i].kind, text.data, text.len, 0, 0);
        assert_non_null(strstr(want, "\nrest "));
        if (files[i].objects)
            check_objects(want, files[i].objects);
        /* Every cut of a big file would take minutes: there every 97th. */
        size_t step = text.len > 20000 ? 97 * (text.len / 20000) : 1;
        for (size_t cut = 1; cut < text.len; cut += step) {
            char *got = split(files[i].kind, text.data, text.len, cut, 0);
            assert_string_equal(got, want);
            free(got);
        }
        static const size_t pieces[] = {1, 2, 3, 7, 1000, 4096};
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            char *got = split(files[i].kind, text.data, text.len, pieces[k], pieces[k]);
            assert_string_equal(got, want);
            free(got);
        }
        free(want);
        str_done(&text);
        free(path);
    }
    free(folder);
}

/* -- limits ----------------------------------------------------------------------------- */

static void test_inbox_limit(void **state)
{
    (void)state;
    struct splitter s;
    const char *text;
    size_t len;
    splitter_init(&s, SPLITTER_WATCH, 16);
    assert_true(splitter_feed(&s, "{\"a\":1}\n{\"b\":2}", 15));
    assert_false(splitter_feed(&s, "{}", 2));
    assert_int_equal(s.error.code, ERROR_NETWORK);
    /* What was there before is still handed on. */
    assert_true(splitter_next(&s, &text, &len));
    assert_memory_equal(text, "{\"a\":1}", len);
    assert_true(splitter_next(&s, &text, &len));
    assert_memory_equal(text, "{\"b\":2}", len);
    assert_false(splitter_next(&s, &text, &len));
    assert_false(splitter_feed(&s, "{}", 2));
    splitter_done(&s);
}

/* An inbox that is never empty takes in any amount, and stays small. */
static void test_inbox_is_compacted(void **state)
{
    (void)state;
    struct splitter s;
    const char *text;
    size_t len;
    splitter_init(&s, SPLITTER_WATCH, 4096);
    for (int i = 0; i < 100; i++)
        assert_true(splitter_feed(&s, "{\"number\":123}\n", 15));
    for (int i = 0; i < 100000; i++) {
        assert_true(splitter_next(&s, &text, &len));
        assert_int_equal(len, 14);
        assert_memory_equal(text, "{\"number\":123}", 14);
        assert_true(splitter_feed(&s, "{\"number\":123}\n", 15));
        assert_in_range(splitter_waiting(&s), 1400, 1600);
    }
    assert_in_range(s.inbox.cap, 1, 8193);
    splitter_done(&s);
}

static void test_object_limit(void **state)
{
    (void)state;
    struct splitter s;
    size_t piece = 1024 * 1024;
    char *spaces = xmalloc(piece);
    memset(spaces, ' ', piece);
    splitter_init(&s, SPLITTER_WATCH, 64 * piece);
    assert_true(splitter_feed(&s, "{", 1));
    size_t fed = 0;
    while (splitter_feed(&s, spaces, piece))
        fed += piece;
    assert_int_equal(fed, SPLITTER_OBJECT_MAX - piece);
    assert_non_null(strstr(s.error.text, "larger than 16 MiB"));
    free(spaces);
    splitter_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_in_any_pieces), cmocka_unit_test(test_recorded_in_any_pieces),
        cmocka_unit_test(test_inbox_limit),         cmocka_unit_test(test_inbox_is_compacted),
        cmocka_unit_test(test_object_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
