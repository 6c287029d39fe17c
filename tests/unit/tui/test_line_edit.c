#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/tui/widgets.h>

/* Press the words of @keys; the result of the last. */
static enum line_result press(struct line_edit *line, const char *keys)
{
    enum line_result result = LINE_IGNORED;
    char *copy = xstrdup(keys), *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct key_press key;
        assert_true(key_parse(word, &key));
        result = line_edit_key(line, key);
    }
    free(copy);
    return result;
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *before, *keys, *after;
        size_t cursor;
    } rows[] = {
        {"", "a b c", "abc", 3},
        {"abc", "left left x", "axbc", 2},
        {"abc", "home x end y", "xabcy", 5},
        {"abc", "ctrl-a ctrl-f x ctrl-e", "axbc", 4},
        {"abc", "backspace", "ab", 2},
        {"abc", "home backspace", "abc", 0},
        {"abc", "home delete", "bc", 0},
        {"abc", "delete", "abc", 3},
        {"one two  three", "ctrl-w", "one two  ", 9},
        {"one two  ", "ctrl-w", "one ", 4},
        {"one two", "alt-b alt-b alt-d", " two", 0},
        {"one two", "home alt-f", "one two", 3},
        {"one two", "alt-b ctrl-u", "two", 0},
        {"one two", "alt-b ctrl-k", "one ", 4},
        {"é中x", "left left", "é中x", 2},
        {"é中x", "left backspace", "éx", 2},
        {"e\314\201x", "left left", "e\314\201x", 0},
        {"e\314\201x", "home right", "e\314\201x", 3},
        {"e\314\201x", "left backspace", "x", 0},
        {"a\377b", "left backspace", "ab", 1},
        {"", "中 space é", "中 é", 6},
        {"\314\201x", "home a", "a\314\201x", 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct line_edit line;
        line_edit_init(&line, 100);
        line_edit_set(&line, rows[i].before);
        assert_int_equal(press(&line, rows[i].keys), LINE_TYPING);
        assert_string_equal(line.text.data, rows[i].after);
        assert_int_equal(line.cursor, rows[i].cursor);
        line_edit_done(&line);
    }
}

static void test_results(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        enum line_result result;
    } rows[] = {
        {"enter", LINE_DONE},   {"esc", LINE_CANCEL},   {"ctrl-c", LINE_CANCEL}, {"ctrl-g", LINE_CANCEL},
        {"tab", LINE_COMPLETE}, {"pgup", LINE_IGNORED}, {"f1", LINE_IGNORED},    {"ctrl-l", LINE_IGNORED},
        {"alt-x", LINE_IGNORED}, {"shift-tab", LINE_IGNORED},
    };
    struct line_edit line;
    line_edit_init(&line, 4);
    line_edit_set(&line, "abc");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(press(&line, rows[i].keys), rows[i].result);
        assert_string_equal(line.text.data, "abc");
    }
    press(&line, "é"); /* two bytes do not fit into one, and half a character is none */
    assert_string_equal(line.text.data, "abc");
    press(&line, "d e");
    assert_string_equal(line.text.data, "abcd");
    line_edit_done(&line);
}

static void test_paste(void **state)
{
    (void)state;
    struct line_edit line;
    line_edit_init(&line, 100);
    line_edit_set(&line, "<>");
    press(&line, "left");
    static const char bytes[] = "log-\033[31mor\342\200\256ders\r\nx\ty\377\302\205 中\0z\n\n";
    line_edit_paste(&line, bytes, sizeof bytes - 1);
    assert_string_equal(line.text.data, "<log-[31morders x y 中z>");
    line_edit_done(&line);
}

static void test_history(void **state)
{
    (void)state;
    struct line_edit line;
    line_edit_init(&line, 100);
    assert_int_equal(press(&line, "up down"), LINE_TYPING);
    static const char *const texts[] = {"one", "two", "two", "", "three"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        line_edit_set(&line, texts[i]);
        line_edit_remember(&line);
    }
    line_edit_set(&line, "draft");
    static const char *const steps[][2] = {{"up", "three"},     {"ctrl-p", "two"}, {"up", "one"},   {"up", "one"},
                                           {"down", "two"},     {"ctrl-n", "three"},
                                           {"down", "draft"},   {"down", "draft"}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        press(&line, steps[i][0]);
        assert_string_equal(line.text.data, steps[i][1]);
    }
    for (int i = 0; i < 150; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        line_edit_set(&line, text);
        line_edit_remember(&line);
    }
    assert_int_equal(line.history_count, 100);
    line.secret = true;
    line_edit_set(&line, "password");
    line_edit_remember(&line);
    assert_string_equal(line.history[99], "149");
    line_edit_done(&line);
}

static void test_draw(void **state)
{
    (void)state;
    static const struct {
        const char *text, *keys, *shown;
        int width, cursor;
        bool secret;
    } rows[] = {
        {"abc", "end", "abc\n", 8, 3, false},
        {"abcdefgh", "end", "bcdefgh\n", 8, 7, false},
        {"abcdefgh", "home", "abcdefgh\n", 8, 0, false},
        {"中文字中文", "end", "字中文\n", 8, 6, false},
        {"中文字中文", "home right", "中文字中\n", 8, 2, false},
        {"pass", "end", "••••\n", 8, 4, true},
        {"abc", "end", "\n", 1, 0, false},
        {"a\033b", "end", "a\357\277\275b\n", 8, 3, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct line_edit line;
        struct canvas c;
        canvas_init(&c, 1, 10);
        line_edit_init(&line, 100);
        line.secret = rows[i].secret;
        line_edit_set(&line, rows[i].text);
        press(&line, rows[i].keys);
        line_edit_draw(&line, &c, 0, 0, rows[i].width, STYLE_INPUT);
        char *dump = canvas_dump(&c);
        assert_string_equal(dump, rows[i].shown);
        assert_int_equal(c.cursor_col, rows[i].cursor);
        assert_true(c.cursor_shown);
        free(dump);
        line_edit_draw(&line, &c, 0, 0, 0, STYLE_INPUT);
        line_edit_done(&line);
        canvas_done(&c);
    }
}

/* Whatever is pressed, the cursor is at a glyph and the text within its limit. */
static void test_random(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "中", "é", "space", "left", "right", "home", "end", "backspace", "delete",
                                       "ctrl-w", "alt-b", "alt-f", "alt-d", "ctrl-k", "ctrl-u", "up", "down"};
    struct line_edit line;
    struct canvas c;
    srand(3);
    canvas_init(&c, 1, 9);
    line_edit_init(&line, 40);
    for (int i = 0; i < 20000; i++) {
        press(&line, keys[rand() % (int)ARRAY_LEN(keys)]);
        if (rand() % 50 == 0)
            line_edit_paste(&line, "\314\201中\377", 6);
        if (rand() % 50 == 0)
            line_edit_remember(&line);
        assert_true(line.text.len <= 40 && line.cursor <= line.text.len);
        size_t at = 0;
        while (at < line.cursor) {
            struct text_glyph glyph;
            at += text_glyph(line.text.data + at, line.text.len - at, &glyph);
        }
        assert_int_equal(at, line.cursor);
        line_edit_draw(&line, &c, 0, 0, 9, STYLE_INPUT);
        assert_true(c.cursor_col >= 0 && c.cursor_col < 9);
    }
    line_edit_done(&line);
    canvas_done(&c);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_results), cmocka_unit_test(test_paste),
        cmocka_unit_test(test_history), cmocka_unit_test(test_draw),    cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
