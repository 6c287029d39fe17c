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
#include <brdeck/base/clock.h>
#include <brdeck/tui/widgets.h>

struct fixture {
    struct canvas canvas;
    struct pager *pager;
};

static void begin(struct fixture *f, int rows, int cols)
{
    canvas_init(&f->canvas, rows, cols);
    f->pager = pager_new();
}

static void end(struct fixture *f)
{
    canvas_done(&f->canvas);
    pager_free(&f->pager);
}

static void expect(struct fixture *f, const char *screen, const char *position)
{
    struct str text;
    str_init(&text, 100);
    pager_draw(f->pager, &f->canvas, (struct rect){0, 0, f->canvas.rows, f->canvas.cols});
    char *dump = canvas_dump(&f->canvas);
    assert_string_equal(dump, screen);
    pager_position(f->pager, &text);
    assert_string_equal(text.data, position);
    str_done(&text);
    free(dump);
}

static void test_moves(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 3, 10);
    expect(&f, "\n\n\n", "empty");
    pager_add_text(f.pager, STYLE_TEXT, "1\n2\r\n\n4\n5\n6");
    assert_int_equal(pager_lines(f.pager), 6);
    static const struct {
        enum ui_command command;
        const char *screen, *position;
    } steps[] = {
        {UI_UP, "1\n2\n\n", "1-3 of 6 (50%)"},        {UI_DOWN, "2\n\n4\n", "2-4 of 6 (66%)"},
        {UI_PAGE_DOWN, "4\n5\n6\n", "4-6 of 6 (100%)"}, {UI_PAGE_DOWN, "4\n5\n6\n", "4-6 of 6 (100%)"},
        {UI_PAGE_UP, "2\n\n4\n", "2-4 of 6 (66%)"},   {UI_BOTTOM, "4\n5\n6\n", "4-6 of 6 (100%)"},
        {UI_TOP, "1\n2\n\n", "1-3 of 6 (50%)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_true(pager_command(f.pager, steps[i].command));
        expect(&f, steps[i].screen, steps[i].position);
    }
    assert_false(pager_command(f.pager, UI_PAUSE));
    char *text = pager_text(f.pager);
    assert_string_equal(text, "1\n2\n\n4\n5\n6\n");
    free(text);
    pager_clear(f.pager);
    expect(&f, "\n\n\n", "empty");
    end(&f);
}

static void test_wrap(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 4, 10);
    pager_add(f.pager, STYLE_LABEL, 2, "label ");
    pager_more(f.pager, STYLE_WARN, "one two three\nfour");
    pager_add(f.pager, STYLE_TEXT, 0, "中文字中文字");
    expect(&f, "  label\n  one two\n  three\n  four\n", "1-1 of 2 (50%)");
    assert_int_equal(f.canvas.cells[2].style, STYLE_LABEL);
    assert_int_equal(f.canvas.cells[12].style, STYLE_WARN);
    pager_command(f.pager, UI_DOWN);
    expect(&f, "  one two\n  three\n  four\n中文字中文\n", "1-2 of 2 (100%)");
    pager_command(f.pager, UI_BOTTOM);
    expect(&f, "  three\n  four\n中文字中文\n字\n", "1-2 of 2 (100%)");
    pager_command(f.pager, UI_WRAP);
    expect(&f, "  label on\n中文字中文\n\n\n", "1-2 of 2 (100%)");
    pager_command(f.pager, UI_RIGHT);
    expect(&f, "one two th\n文字\n\n\n", "1-2 of 2 (100%)");
    pager_command(f.pager, UI_LEFT);
    expect(&f, "  label on\n中文字中文\n\n\n", "1-2 of 2 (100%)");
    end(&f);
}

static void test_search(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 2, 20);
    pager_add_text(f.pager, STYLE_TEXT, "a Backup\nb\nc BACKUP, backup\nd\ne É\nf\ng");
    assert_true(pager_search(f.pager, "backUP"));
    expect(&f, "a Backup\nb\n", "1-2 of 7 (28%)");
    assert_int_equal(f.canvas.cells[1].style, STYLE_TEXT);
    for (int i = 2; i < 8; i++)
        assert_int_equal(f.canvas.cells[i].style, STYLE_MATCH);
    pager_command(f.pager, UI_SEARCH_NEXT);
    expect(&f, "c BACKUP, backup\nd\n", "3-4 of 7 (57%)");
    static const char styles[] = "  mmmmmm  mmmmmm ";
    for (int i = 0; styles[i]; i++)
        assert_int_equal(f.canvas.cells[i].style, styles[i] == 'm' ? STYLE_MATCH : STYLE_TEXT);
    pager_command(f.pager, UI_SEARCH_NEXT); /* round the end */
    expect(&f, "a Backup\nb\n", "1-2 of 7 (28%)");
    pager_command(f.pager, UI_SEARCH_PREV);
    expect(&f, "c BACKUP, backup\nd\n", "3-4 of 7 (57%)");
    assert_true(pager_search(f.pager, "é"));
    expect(&f, "e É\nf\n", "5-6 of 7 (85%)");
    assert_int_equal(f.canvas.cells[2].style, STYLE_MATCH);
    assert_false(pager_search(f.pager, "nowhere"));
    expect(&f, "e É\nf\n", "5-6 of 7 (85%)");
    assert_true(pager_search(f.pager, ""));
    pager_command(f.pager, UI_SEARCH_NEXT);
    expect(&f, "e É\nf\n", "5-6 of 7 (85%)");
    end(&f);
}

/* What is wrapped hangs under its text; where that leaves too little room, under the label. */
static void test_labelled(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 4, 40);
    pager_add_labelled(f.pager, 2, 5, STYLE_LABEL, "now", STYLE_TEXT, "one two three four five six seven eight nine");
    pager_add_labelled(f.pager, 2, 5, STYLE_LABEL, "longer than that", STYLE_WARN, "text");
    assert_int_equal(pager_rows(f.pager, 40), 3);
    expect(&f, "  now    one two three four five six\n         seven eight nine\n  longer than that  text\n\n", "1-2 of 2 (100%)");
    assert_int_equal(f.canvas.cells[2].style, STYLE_LABEL);
    assert_int_equal(f.canvas.cells[9].style, STYLE_TEXT);
    assert_int_equal(pager_rows(f.pager, 20), 6);
    end(&f);
    begin(&f, 4, 20);
    pager_add_labelled(f.pager, 2, 5, STYLE_LABEL, "now", STYLE_TEXT, "one two three four");
    expect(&f, "  now    one two\n  three four\n\n\n", "1-1 of 1 (100%)");
    end(&f);
}

/* A text that comes anew is shown at the place where one reads. */
static void test_renew(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 2, 10);
    for (int round = 0; round < 2; round++) {
        pager_renew(f.pager);
        pager_add_text(f.pager, STYLE_TEXT, "1\n2\n3\n4\n5");
        pager_draw(f.pager, &f.canvas, (struct rect){0, 0, 2, 10});
        if (round == 0)
            pager_command(f.pager, UI_DOWN);
        expect(&f, "2\n3\n", "2-3 of 5 (60%)");
    }
    pager_renew(f.pager);
    pager_add_text(f.pager, STYLE_TEXT, "1");
    expect(&f, "1\n\n", "1-1 of 1 (100%)");
    end(&f);
}

static void test_hostile(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 2, 12);
    pager_add_text(f.pager, STYLE_TEXT, "a\033[2Jb\tc\n\377\342\200\256");
    expect(&f, "a\357\277\275[2Jb c\n\357\277\275\357\277\275\n", "1-2 of 2 (100%)");
    pager_draw(f.pager, &f.canvas, (struct rect){0, 0, 0, 0});
    pager_draw(f.pager, &f.canvas, (struct rect){-5, -5, 9, 9});
    pager_draw(f.pager, &f.canvas, (struct rect){0, 0, 1, 1});
    end(&f);
}

/* 100,000 lines: nothing walks over all of them but a search. */
static void test_large(void **state)
{
    (void)state;
    enum { LINES = 100000, LIMIT_MS = 2000 }; /* wide: it runs under valgrind, too */
    struct fixture f;
    begin(&f, 50, 40);
    for (int i = 0; i < LINES; i++) {
        char text[128];
        snprintf(text, sizeof text, "line %d that is long enough for being wrapped to two rows", i);
        pager_add(f.pager, STYLE_TEXT, 0, text);
    }
    int64_t began = clock_mono_ms();
    for (int i = 0; i < 100; i++) {
        pager_command(f.pager, i % 2 ? UI_BOTTOM : UI_TOP);
        pager_command(f.pager, UI_PAGE_UP);
        pager_draw(f.pager, &f.canvas, (struct rect){0, 0, 50, 40});
    }
    assert_true(clock_mono_ms() - began < LIMIT_MS);
    assert_true(pager_search(f.pager, "line 99998 "));
    struct str text;
    str_init(&text, 100);
    pager_draw(f.pager, &f.canvas, (struct rect){0, 0, 50, 40});
    pager_position(f.pager, &text);
    assert_string_equal(text.data, "99976-100000 of 100000 (100%)");
    str_done(&text);
    end(&f);
}

/* Random commands at random sizes: the place stays inside. */
static void test_random(void **state)
{
    (void)state;
    static const enum ui_command commands[] = {UI_UP, UI_DOWN, UI_PAGE_UP, UI_PAGE_DOWN, UI_TOP, UI_BOTTOM, UI_LEFT,
                                               UI_RIGHT,                                                UI_WRAP, UI_SEARCH_NEXT, UI_SEARCH_PREV};
    struct fixture f;
    srand(5);
    begin(&f, 5, 10);
    for (int i = 0; i < 3000; i++) {
        if (rand() % 20 == 0)
            pager_add(f.pager, STYLE_TEXT, (unsigned)(rand() % 30), "一二三 four five, six seven eight nine ten");
        if (rand() % 500 == 0)
            pager_clear(f.pager);
        if (rand() % 50 == 0)
            pager_search(f.pager, "SEVEN");
        if (rand() % 40 == 0)
            pager_drop(f.pager, (size_t)(rand() % 4));
        if (rand() % 40 == 0)
            pager_go(f.pager, (size_t)(rand() % 30));
        pager_command(f.pager, commands[rand() % (int)ARRAY_LEN(commands)]);
        pager_draw(f.pager, &f.canvas, (struct rect){rand() % 3, rand() % 3, rand() % 6, rand() % 11});
    }
    end(&f);
}

/* A text that grows at its end and loses its beginning: what is read stays where it is. */
static void test_growing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 3, 10);
    assert_true(pager_at_end(f.pager));
    pager_add_text(f.pager, STYLE_TEXT, "1\n2\n3\n4\n5\n6");
    expect(&f, "1\n2\n3\n", "1-3 of 6 (50%)");
    assert_false(pager_at_end(f.pager));
    pager_command(f.pager, UI_BOTTOM);
    assert_true(pager_at_end(f.pager));
    pager_add(f.pager, STYLE_CRIT, 0, "7");
    assert_false(pager_at_end(f.pager));
    pager_go(f.pager, 3);
    assert_int_equal(pager_top(f.pager), 3);
    expect(&f, "4\n5\n6\n", "4-6 of 7 (85%)");
    pager_drop(f.pager, 2);
    expect(&f, "4\n5\n6\n", "2-4 of 5 (80%)");
    pager_drop(f.pager, 3); /* what was shown goes, too */
    expect(&f, "6\n7\n\n", "1-2 of 2 (100%)");
    assert_true(pager_at_end(f.pager));
    pager_add(f.pager, STYLE_TEXT, 0, "eight nine ten");
    expect(&f, "6\n7\neight nine\n", "1-3 of 3 (100%)");
    assert_false(pager_at_end(f.pager)); /* of a wrapped line the last row is not shown */
    pager_go(f.pager, 99);
    assert_true(pager_at_end(f.pager));
    char *text = pager_text(f.pager);
    assert_string_equal(text, "6\n7\neight nine ten\n");
    free(text);
    pager_drop(f.pager, 99);
    expect(&f, "\n\n\n", "empty");
    end(&f);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),   cmocka_unit_test(test_wrap),  cmocka_unit_test(test_search),
        cmocka_unit_test(test_labelled), cmocka_unit_test(test_renew),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_large), cmocka_unit_test(test_random),
        cmocka_unit_test(test_growing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
