#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#define BAD "\357\277\275" /* U+FFFD */
#define ACUTE "\314\201"   /* U+0301 */
#define HAN "\346\274\242" /* two columns */
#define DOTS "\342\200\246"

static void cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        size_t width;
    } cases[] = {
        {"", "", 0},
        {"plain ASCII ~", "plain ASCII ~", 13},
        {"\033[2J", BAD "[2J", 4},
        {"a\tb\nc", "a b c", 5},
        {"a\rb\177c", "a" BAD "b" BAD "c", 5},
        {"\302\233" "31m", BAD "31m", 4},                               /* C1: CSI */
        {"x\342\200\256y\342\201\246z", "x" BAD "y" BAD "z", 5},        /* bidi override, isolate */
        {"a\342\200\213b\342\200\215c", "a" BAD "b" BAD "c", 5},        /* zero width space, joiner */
        {"\342\235\244\357\270\217", "\342\235\244" BAD, 2},            /* variation selector */
        {"\342\200\250\342\200\251", BAD BAD, 2},                       /* line, paragraph separator */
        {"\356\200\200", BAD, 1},                                       /* private use */
        {"\363\240\201\201", BAD, 1},                                   /* tag */
        {"\315\270", BAD, 1},                                           /* unassigned */
        {"\342\200\251" ACUTE, BAD ACUTE, 1},
        {"\377\300\200", BAD BAD BAD, 3},
        {"a\342\202", "a" BAD BAD, 3},                                  /* cut off */
        {"\355\240\200", BAD BAD BAD, 3},                               /* surrogate */
        {"e" ACUTE "x", "e" ACUTE "x", 2},
        {"abc" ACUTE, "abc" ACUTE, 3},
        {ACUTE "x", BAD ACUTE "x", 2},
        {"\n" ACUTE, " " ACUTE, 1},
        {"e" ACUTE ACUTE ACUTE ACUTE ACUTE "!", "e" ACUTE ACUTE ACUTE ACUTE "!", 2},
        {HAN HAN "a", HAN HAN "a", 5},
        {"\360\237\230\200", "\360\237\230\200", 2},
        {"\343\205\244", BAD, 1},                                       /* Hangul filler */
        {"\302\255", BAD, 1},                                           /* soft hyphen */
        {"\303\244\303\266", "\303\244\303\266", 2},
    };
    struct str out;
    str_init(&out, STR_SMALL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str_clear(&out);
        text_add_clean(&out, cases[i].in);
        assert_string_equal(out.data, cases[i].out);
        assert_int_equal(text_width(cases[i].in), cases[i].width);
        assert_int_equal(text_width(out.data), cases[i].width);
    }
    str_clear(&out);
    text_add_clean(&out, NULL);
    assert_string_equal(out.data, "");
    assert_int_equal(text_width(NULL), 0);
    text_add_clean_lines(&out, "a\n" ACUTE "b\033\n\n");
    assert_string_equal(out.data, "a\n" BAD ACUTE "b" BAD "\n\n");
    str_done(&out);
}

static void never_half_a_glyph(void **state)
{
    (void)state;
    struct str out;
    str_init(&out, 7);
    text_add_clean(&out, HAN HAN HAN);
    assert_string_equal(out.data, HAN HAN);
    assert_true(out.cut);
    str_done(&out);
}

/* Whatever the character: a width of 1 or 2 that the C library agrees to. */
static void every_character(void **state)
{
    (void)state;
    for (int32_t c = 1; c <= 0x10ffff; c++) {
        char bytes[4];
        size_t len = 0;
        if (c < 0x80) {
            bytes[len++] = (char)c;
        } else {
            int tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
            static const int heads[] = {0, 0xc0, 0xe0, 0xf0};
            bytes[len++] = (char)(heads[tail] | c >> (6 * tail));
            while (tail-- > 0)
                bytes[len++] = (char)(0x80 | (c >> (6 * tail) & 0x3f));
        }
        struct text_glyph glyph;
        size_t used = text_glyph(bytes, len, &glyph);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(used, surrogate ? 1 : len);
        assert_true(glyph.width == 1 || glyph.width == 2);
        assert_int_equal(wcswidth(glyph.chars, ARRAY_LEN(glyph.chars)), glyph.width);
    }
    struct text_glyph glyph;
    assert_int_equal(text_glyph("", 0, &glyph), 0);
    assert_int_equal(text_glyph("\0", 1, &glyph), 1);
    assert_int_equal(glyph.chars[0], 0xfffd);
    assert_int_equal(text_glyph("e" ACUTE "x", 4, &glyph), 3);
    assert_int_equal(glyph.chars[1], 0x301);
}

static void wrapped(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t width;
        const char *out; /* the lines, each ended by '|' */
    } cases[] = {
        {"", 5, "|"},
        {"one two three", 7, "one two|three|"},
        {"one two three", 8, "one two|three|"},
        {"one two three", 3, "one|two|thr|ee|"},
        {"one   two", 4, "one|two|"},
        {"abc   ", 3, "abc|"},
        {"a\nb", 5, "a|b|"},
        {"a\n\nb\n", 5, "a||b|"},
        {"one\ntwo", 3, "one|two|"},
        {"one \ntwo", 3, "one|two|"},
        {"  indented", 6, "  inde|nted|"},
        {HAN HAN HAN, 5, HAN HAN "|" HAN "|"},
        {HAN "x", 1, HAN "|x|"},
        {"ab", 0, "a|b|"},
        {"     ", 2, "  |"},
        {NULL, 3, "|"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str out;
        str_init(&out, STR_SMALL);
        const char *text = cases[i].in, *next;
        do {
            size_t len = text_wrap(text, cases[i].width, &next);
            str_addn(&out, text ? text : "", len);
            str_addc(&out, '|');
            text = next;
        } while (text);
        assert_string_equal(out.data, cases[i].out);
        str_done(&out);
    }
}

static void found_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *text, *needle;
        bool found;
    } cases[] = {
        {"Backup-FULL", "full", true},
        {"backup", "BACK", true},
        {"backup", "", true},
        {NULL, "", true},
        {NULL, "a", false},
        {"a", NULL, true},
        {"aab", "ab", true},
        {"backup", "backups", false},
        {"\303\204rger", "\303\244RGER", true},           /* Ä, ä */
        {"\316\243\316\257", "\317\202\316\257", true},   /* Σ, final ς */
        {"stra\303\237e", "STRA\341\272\236E", true},     /* ß, ẞ */
        {"stra\303\237e", "strasse", false},              /* simple folding */
        {"\320\226", "\320\266", true},                   /* Ж */
        {"a\377b", "\377B", true},
        {"a\376b", "\377", false},
        {"\303\244", "\244", false},                      /* not inside of a character */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%zu\n", i);
        assert_int_equal(text_contains_fold(cases[i].text, cases[i].needle), cases[i].found);
    }
}

static void without_utf8(void **state)
{
    (void)state;
    struct str out;
    str_init(&out, STR_SMALL);
    assert_non_null(setlocale(LC_CTYPE, "C"));
    text_add_clean(&out, "a\303\244\033" HAN "e" ACUTE);
    setlocale(LC_CTYPE, "C.UTF-8");
    assert_string_equal(out.data, "a???e?");
    str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleaned), cmocka_unit_test(never_half_a_glyph), cmocka_unit_test(every_character),
        cmocka_unit_test(wrapped), cmocka_unit_test(found_in_any_case), cmocka_unit_test(without_utf8),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
