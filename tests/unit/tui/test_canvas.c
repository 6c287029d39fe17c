#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <limits.h>

#include <brdeck/base/alloc.h>
#include <brdeck/tui/canvas.h>

#include "tui/ascii.h"

/* What holds of every canvas: wide characters are whole, and nothing is in a cell that is no glyph. */
static void check(const struct canvas *c)
{
    for (int row = 0; row < c->rows; row++)
        for (int col = 0; col < c->cols; col++) {
            const struct cell_glyph *cell = &c->cells[row * c->cols + col];
            assert_true(cell->width <= 2);
            assert_true(cell->style < STYLE_COUNT);
            if (cell->width == 0) {
                assert_true(col > 0 && cell[-1].width == 2);
                assert_int_equal(cell->chars[0], 0);
            } else {
                assert_int_equal(wcswidth(cell->chars, ARRAY_LEN(cell->chars)), cell->width);
            }
            if (cell->width == 2) {
                assert_true(col + 1 < c->cols);
                assert_int_equal(cell[1].width, 0);
            }
        }
}

static void expect(const struct canvas *c, const char *text)
{
    char *dump = canvas_dump(c);
    assert_string_equal(dump, text);
    free(dump);
    check(c);
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        int col, width;
        const char *text, *shown;
        int used;
    } rows[] = {
        {0, 10, "short", "short\n", 5},
        {0, 5, "exact", "exact\n", 5},
        {0, 4, "exact", "exa…\n", 4},
        {0, 1, "exact", "…\n", 1},
        {0, 0, "exact", "\n", 0},
        {0, -3, "exact", "\n", 0},
        {7, 10, "exact", "       ex…\n", 3},
        {10, 10, "exact", "\n", 0},
        {INT_MAX, INT_MAX, "exact", "\n", 0},
        {-2, 10, "exact", "act\n", 5},
        {INT_MIN, INT_MAX, "exact", "\n", 5},
        {0, 10, "中文字", "中文字\n", 6},
        {0, 5, "中文字", "中文…\n", 5},
        {0, 4, "中文字", "中…\n", 3},
        {-1, 10, "中文", " 文\n", 4},
        {9, 10, "中", "         …\n", 1},
        {0, 10, "e\314\201\314\201x", "e\314\201\314\201x\n", 2},
        {0, 10, "a\033[31mb", "a\357\277\275[31mb\n", 7},
        {0, 10, "a\tb\nc", "a b c\n", 5},
        {0, 10, "\342\200\256x", "\357\277\275x\n", 2},
        {0, 10, "\377\376", "\357\277\275\357\277\275\n", 2},
        {0, 10, "", "\n", 0},
        {0, 10, NULL, "\n", 0},
    };
    struct canvas c;
    canvas_init(&c, 1, 10);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        canvas_clear(&c);
        assert_int_equal(canvas_text(&c, 0, rows[i].col, rows[i].width, STYLE_OK, rows[i].text), rows[i].used);
        expect(&c, rows[i].shown);
    }
    canvas_done(&c);
}

static void test_right(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 1, 10);
    assert_int_equal(canvas_text_right(&c, 0, 1, 8, STYLE_TEXT, "41s"), 3);
    expect(&c, "      41s\n");
    canvas_clear(&c);
    assert_int_equal(canvas_text_right(&c, 0, 0, 4, STYLE_TEXT, "123456"), 4);
    expect(&c, "123…\n");
    canvas_clear(&c);
    assert_int_equal(canvas_textf(&c, 0, 0, 10, STYLE_TEXT, "%d of %s", 3, "many"), 9);
    expect(&c, "3 of many\n");
    canvas_rule(&c, 0, 8, 100, true);
    canvas_rule(&c, 5, 0, 10, true);
    expect(&c, "3 of man--\n");
    canvas_done(&c);
}

static void test_halves(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 1, 6);
    canvas_text(&c, 0, 0, 6, STYLE_TEXT, "中文字");
    canvas_text(&c, 0, 1, 1, STYLE_TEXT, "x"); /* the right half of the first */
    expect(&c, " x文字\n");
    canvas_text(&c, 0, 2, 1, STYLE_TEXT, "y"); /* the left half of the second */
    expect(&c, " xy 字\n");
    canvas_text(&c, 0, 3, 2, STYLE_TEXT, "大"); /* over a blank and the left half of the third */
    expect(&c, " xy大\n");
    canvas_fill(&c, (struct rect){0, 4, 1, 1}, STYLE_WARN);
    expect(&c, " xy\n");
    assert_int_equal(c.cells[4].style, STYLE_WARN);
    canvas_done(&c);
}

static void test_overlays(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 2, 4);
    canvas_mark_cursor(&c, (struct rect){1, -5, 9, INT_MAX});
    canvas_mark_stale(&c, (struct rect){-1, 2, 2, 1});
    for (int i = 0; i < 8; i++) {
        assert_int_equal(c.cells[i].cursor, i >= 4);
        assert_int_equal(c.cells[i].stale, i == 2);
    }
    canvas_text(&c, 1, 0, 4, STYLE_TEXT, "x");
    assert_true(c.cells[4].cursor);
    canvas_fill(&c, (struct rect){0, 0, 2, 4}, STYLE_TEXT);
    assert_false(c.cells[4].cursor || c.cells[2].stale);
    canvas_set_cursor(&c, 1, 3, true);
    assert_true(c.cursor_row == 1 && c.cursor_col == 3 && c.cursor_shown);
    canvas_set_cursor(&c, 2, 3, true);
    assert_true(c.cursor_row == -1 && c.cursor_col == -1 && !c.cursor_shown);
    canvas_resize(&c, 0, -4);
    expect(&c, "");
    canvas_text(&c, 0, 0, 4, STYLE_TEXT, "x");
    canvas_done(&c);
}

static int some(int low, int high) { return low + rand() % (high - low + 1); }

/* Any drawing at any place leaves a canvas that is whole. */
static void test_random(void **state)
{
    (void)state;
    static const char *const texts[] = {"中文字的测试", "plain ascii text", "e\314\201中\314\201x", "\033[2J\377", "", "🙂🙂",
                                        "a中b文c"};
    struct canvas c;
    srand(7);
    canvas_init(&c, 4, 13);
    for (int i = 0; i < 20000; i++) {
        const char *text = texts[rand() % (int)ARRAY_LEN(texts)];
        int row = some(-1, 5), col = some(-6, 15), width = some(-1, 16);
        enum style style = (enum style)some(0, STYLE_COUNT - 1);
        struct rect r = {row, col, some(-1, 3), width};
        switch (rand() % 6) {
        case 0: canvas_text(&c, row, col, width, style, text); break;
        case 1: canvas_text_right(&c, row, col, width, style, text); break;
        case 2: canvas_fill(&c, r, style); break;
        case 3: canvas_rule(&c, row, col, width, false); break;
        case 4: canvas_mark_cursor(&c, r); break;
        default:
            if (i % 100 == 0)
                canvas_resize(&c, some(0, 5), some(0, 20));
            break;
        }
        check(&c);
    }
    canvas_done(&c);
}

static void test_ascii(void **state)
{
    (void)state;
    static const wchar_t from[] = L"aZ ~●▲‖?✔◐✖■✂…─═·◆►中\x7f";
    static const char to[] = "aZ ~*!=?+ox#-~-=.*>??";
    assert_int_equal(wcslen(from), strlen(to));
    for (size_t i = 0; from[i]; i++)
        assert_int_equal(ascii_of(from[i]), to[i]);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),     cmocka_unit_test(test_right),  cmocka_unit_test(test_halves),
        cmocka_unit_test(test_overlays), cmocka_unit_test(test_random), cmocka_unit_test(test_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
