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
#include <brdeck/conf/theme.h>

#include "conf/style_text.h"

static void test_styles(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error; /* NULL: a style */
        int fg, bg;               /* as 256 colours have it */
        unsigned attrs;
    } rows[] = {
        {"default", NULL, -1, -1, 0},
        {"", NULL, -1, -1, 0},
        {"red", NULL, 1, -1, 0},
        {"bright-red on blue bold", NULL, 9, 4, ATTR_BOLD},
        {"bold\tred  underline", NULL, 1, -1, ATTR_BOLD | ATTR_UNDERLINE},
        {"dim reverse", NULL, -1, -1, ATTR_DIM | ATTR_REVERSE},
        {"on 250", NULL, -1, 250, 0},
        {"#ff0000 on default", NULL, 196, -1, 0},
        {"0 on 255", NULL, 0, 255, 0},
        {"red blue", "\"blue\" is one colour too many: want COLOUR on COLOUR", 0, 0, 0},
        {"red on", "a colour must follow \"on\"", 0, 0, 0},
        {"pink",
         "\"pink\" is no colour: want default, red, bright-red, 0..255 or #rrggbb; or bold, dim, underline, reverse",
         0, 0, 0},
    };
    static const char *const wrong[] = {"256", "#12345", "#1234567", "#gggggg", "bright-1", "bright-", "-1", "1e1",
                                        "averyveryverylongwordthatisnocolour"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct theme_style style;
        struct error err = {0};
        assert_int_equal(style_parse(rows[i].text, &style, &err), !rows[i].error);
        assert_string_equal(err.text, rows[i].error ? rows[i].error : "");
        if (rows[i].error)
            continue;
        assert_int_equal(theme_lower(style.fg, 256), rows[i].fg);
        assert_int_equal(theme_lower(style.bg, 256), rows[i].bg);
        assert_int_equal(style.attrs, rows[i].attrs);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct theme_style style;
        assert_false(style_parse(wrong[i], &style, NULL));
    }
}

static void test_lower(void **state)
{
    (void)state;
    static const struct {
        const char *color;
        int c8, c16, c256, rgb;
    } rows[] = {
        {"default", -1, -1, -1, -1},     {"red", 1, 1, 1, 1},           {"bright-red", 1, 9, 9, 0xff0000},
        {"bright-black", -1, 8, 8, 0x7f7f7f}, {"#ff0000", 1, 9, 196, 0xff0000}, {"#875f00", 1, 1, 94, 0x875f00},
        {"#808080", -1, 8, 244, 0x808080},    {"#ffffff", 7, 15, 231, 0xffffff}, {"#000000", 0, 0, 16, 8},
        {"196", 1, 9, 196, 0xff0000},    {"244", -1, 8, 244, 0x808080},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct theme_style style;
        assert_true(style_parse(rows[i].color, &style, NULL));
        if (theme_lower(style.fg, 8) != rows[i].c8 || theme_lower(style.fg, 16) != rows[i].c16 ||
            theme_lower(style.fg, 256) != rows[i].c256 || theme_lower(style.fg, 1 << 24) != rows[i].rgb)
            fail_msg("%s: %d %d %d %x", rows[i].color, theme_lower(style.fg, 8), theme_lower(style.fg, 16),
                     theme_lower(style.fg, 256), (unsigned)theme_lower(style.fg, 1 << 24));
        assert_int_equal(theme_lower(style.fg, 0), -1);
    }
}

static char *source(const char *name)
{
    const char *srcdir = getenv("srcdir");
    return xasprintf("%s/themes/%s.ini", srcdir ? srcdir : ".", name);
}

/* What the four files say; dark.ini is what is built in. */
static void test_files(void **state)
{
    (void)state;
    static const char *const names[] = {"dark", "light", "high-contrast", "mono"};
    struct theme dark, theme;
    theme_default(&dark);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *path = source(names[i]);
        struct error err = {0};
        if (!theme_load(path, &theme, &err))
            fail_msg("%s", err.text);
        assert_true((i == 0) == (memcmp(theme.styles, dark.styles, sizeof dark.styles) == 0));
        for (int s = 0; i == 3 && s < STYLE_COUNT; s++) { /* mono has no colour */
            assert_int_equal(theme.styles[s].fg.kind, COLOR_DEFAULT_KIND);
            assert_int_equal(theme.styles[s].bg.kind, COLOR_DEFAULT_KIND);
        }
        /* The row of the cursor can be told in every theme. */
        assert_true(theme.styles[STYLE_CURSOR].attrs & ATTR_REVERSE ||
                    theme.styles[STYLE_CURSOR].bg.kind != COLOR_DEFAULT_KIND);
        free(path);
    }
    /* Dark and light stay on the terminal's own background. */
    for (int s = 0; s < STYLE_COUNT; s++)
        assert_true(s == STYLE_MATCH || dark.styles[s].bg.kind == COLOR_DEFAULT_KIND);
}

static void test_load(void **state)
{
    (void)state;
    char folder[] = "/tmp/brdeck-themes-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = xasprintf("%s/own.ini", folder);
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"[style]\nwarn = blue\n", NULL},
        {"[style]\nwarn = blau\n", ":2: warn: \"blau\" is no colour"},
        {"[style]\n\nwarm = blue\n", ":3: there is no style warm; did you mean warn?"},
        {"[styles]\nwarn = blue\n", ":2: want styles in a section [style], not in [styles]"},
    };
    setenv("BRDECK_THEMES", folder, 1);
    setenv("BRDECK_CONFIG_DIR", "/nonexistent", 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(rows[i].text, file);
        fclose(file);
        struct theme theme;
        struct error err = {0};
        theme_default(&theme);
        assert_int_equal(theme_load("own", &theme, &err), !rows[i].error);
        assert_string_equal(theme.name, rows[i].error ? "dark" : "own");
        assert_int_equal(theme.styles[STYLE_WARN].fg.index, rows[i].error ? 3 : 4);
        if (rows[i].error && !strstr(err.text, rows[i].error))
            fail_msg("%s", err.text);
    }
    struct str names;
    str_init(&names, 1000);
    theme_names(&names);
    assert_non_null(strstr(names.data, "dark\n"));
    assert_non_null(strstr(names.data, "own\n"));
    str_done(&names);
    struct theme theme;
    struct error err = {0};
    assert_false(theme_load("nosuch", &theme, &err));
    assert_non_null(strstr(err.text, "there is no theme \"nosuch\": there are"));
    assert_true(theme_load("dark", &theme, &err));
    remove(path);
    remove(folder);
    free(path);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_lower),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
