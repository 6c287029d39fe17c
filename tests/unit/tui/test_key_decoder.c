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

#include "tui/key_decoder.h"

/* All keys of @bytes fed @step at a time, as words; a paste stands in brackets. What waits at the end is taken late. */
static char *decode(const char *bytes, size_t len, size_t step, bool terminfo)
{
    struct key_decoder d;
    struct str out;
    key_decoder_init(&d);
    str_init(&out, STR_SMALL);
    if (terminfo) {
        key_decoder_add(&d, "\033[7$", (struct key_press){KEY_NAME_HOME, 0, KEY_SHIFT});
        key_decoder_add(&d, NULL, (struct key_press){KEY_NAME_HOME, 0, 0});
        key_decoder_add(&d, "x", (struct key_press){KEY_NAME_HOME, 0, 0});
    }
    for (size_t at = 0; at <= len; at += step) {
        bool late = at == len;
        size_t left = len - at;
        key_decoder_feed(&d, bytes + at, left < step ? left : step);
        struct key_press key;
        char text[KEY_TEXT_MAX];
        for (enum key_event event; (event = key_decoder_next(&d, late, &key)) != KEY_EVENT_NONE;) {
            if (event == KEY_EVENT_KEY)
                str_addf(&out, "%s%s", out.len ? " " : "", key_format(key, text));
            else
                str_addf(&out, "%s<%s>", out.len ? " " : "", d.paste.data);
        }
        if (left < step && !late)
            at = len - step;
    }
    assert_false(key_decoder_waits(&d));
    key_decoder_done(&d);
    return str_take(&out);
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *keys;
    } rows[] = {
        {"pST<", "p S T <"},
        {"\r\n\t\177\b ", "enter enter tab backspace backspace space"},
        {"\001\003\022\032\034\035", "ctrl-a ctrl-c ctrl-r ctrl-z ctrl-\\ ctrl-]"},
        {"é中🙂", "é 中 🙂"},
        {"\303x\377\200y\302\205z", "x y z"},
        {"\355\240\200\300\200a", "a"},
        {"\033", "esc"},
        {"\033[A\033[B\033OC\033OD", "up down right left"},
        {"\033[H\033[F\033[1~\033[4~\033[7~\033[8~", "home end home end home end"},
        {"\033[5~\033[6~\033[2~\033[3~", "pgup pgdn insert delete"},
        {"\033OP\033[15~\033[24~\033[[A\033[[E", "f1 f5 f12 f1 f5"},
        {"\033[1;5D\033[1;2C\033[1;3A\033[3;5~\033O5A", "ctrl-left shift-right alt-up ctrl-delete ctrl-up"},
        {"\033[Z\033[1;2P", "shift-tab shift-f1"},
        {"\033x\033X\033\r\033\177", "alt-x alt-X alt-enter alt-backspace"},
        {"\033é", "alt-é"},
        {"\033\033[Aq", "alt-up q"},
        {"\033\033q", "esc alt-q"},
        {"\033\033", "esc esc"},
        {"\033[", "alt-["},
        {"\033O", "alt-O"},
        {"\033[1;", ""},
        {"\033[114;5u\033[27;5;114~\033[13u", "ctrl-r ctrl-r enter"},
        {"a\033[?1;2cb\033[Ic\033[999~d\033[12;34Re", "a b c d shift-f3 e"},
        {"\033[7$x", "shift-home x"},
        {"\033[200~two\nlines\033[A\033[201~q", "<two\nlines\033[A> q"},
        {"\033[200~\033[201~", "<>"},
        {"\033[200~\033[20\033[201~\033[201~x", "<\033[20> x"},
        {"\033Oj\033Oy\033Op\033OM", "* 9 0 enter"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t step = 1; step < 9; step++) {
            char *keys = decode(rows[i].bytes, strlen(rows[i].bytes), step, true);
            if (strcmp(keys, rows[i].keys) != 0)
                fail_msg("row %zu by %zu: \"%s\", not \"%s\"", i, step, keys, rows[i].keys);
            free(keys);
        }
    char *nul = decode("\0\033\0", 3, 1, false);
    assert_string_equal(nul, "ctrl-space ctrl-alt-space");
    free(nul);
}

/* Esc is a key only when nothing came in time, and a paste never is. */
static void test_waiting(void **state)
{
    (void)state;
    struct key_decoder d;
    struct key_press key;
    key_decoder_init(&d);
    key_decoder_feed(&d, "\033", 1);
    assert_int_equal(key_decoder_next(&d, false, &key), KEY_EVENT_NONE);
    assert_true(key_decoder_waits(&d));
    assert_int_equal(key_decoder_next(&d, true, &key), KEY_EVENT_KEY);
    assert_int_equal(key.name, KEY_NAME_ESC);
    assert_false(key_decoder_waits(&d));
    key_decoder_feed(&d, "\033[200~abc\033[20", 13);
    assert_int_equal(key_decoder_next(&d, false, &key), KEY_EVENT_NONE);
    assert_false(key_decoder_waits(&d));
    key_decoder_reset(&d);
    key_decoder_feed(&d, "x", 1);
    assert_int_equal(key_decoder_next(&d, false, &key), KEY_EVENT_KEY);
    key_decoder_done(&d);
}

static void test_long_paste(void **state)
{
    (void)state;
    struct key_decoder d;
    struct key_press key;
    char bytes[4096];
    memset(bytes, 'x', sizeof bytes);
    key_decoder_init(&d);
    key_decoder_feed(&d, "\033[200~", 6);
    for (int i = 0; i < 2 * KEY_PASTE_MAX / (int)sizeof bytes; i++) {
        key_decoder_feed(&d, bytes, sizeof bytes);
        assert_int_equal(key_decoder_next(&d, false, &key), KEY_EVENT_NONE);
    }
    key_decoder_feed(&d, "\033[201~q", 7);
    assert_int_equal(key_decoder_next(&d, false, &key), KEY_EVENT_PASTE);
    assert_int_equal(d.paste.len, KEY_PASTE_MAX);
    assert_int_equal(key_decoder_next(&d, false, &key), KEY_EVENT_KEY);
    assert_int_equal(key.ch, L'q');
    key_decoder_done(&d);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_long_paste),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
