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
#include <brdeck/base/str.h>
#include <brdeck/tui/keymap.h>
#include <brdeck/tui/widgets.h>

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed; /* NULL: no key */
    } rows[] = {
        {"p", "p"}, {"S", "S"}, {"<", "<"}, {":", ":"}, {"?", "?"}, {"!", "!"}, {"0", "0"}, {"-", "-"}, {"é", "é"},
        {"中", "中"}, {"space", "space"}, {"ctrl-space", "ctrl-space"}, {"ctrl-\\", "ctrl-\\"}, {"ctrl-r", "ctrl-r"},
        {"ctrl-R", "ctrl-r"}, {"alt-x", "alt-x"}, {"alt-X", "alt-X"}, {"alt-ctrl-x", "ctrl-alt-x"},
        {"shift-left", "shift-left"}, {"shift-tab", "shift-tab"}, {"f1", "f1"}, {"f12", "f12"}, {"f", "f"},
        {"ctrl-f5", "ctrl-f5"}, {"enter", "enter"}, {"return", "enter"}, {"escape", "esc"}, {"page-up", "pgup"},
        {"ctrl-m", "enter"}, {"ctrl-i", "tab"}, {"ctrl-h", "backspace"}, {"ctrl-[", "esc"}, {"ctrl-@", "ctrl-space"},
        {"colon", ":"}, {"equals", "="}, {"semicolon", ";"}, {"hash", "#"}, {"bracket", "["}, {"alt--", "alt--"},
        {"", NULL}, {"pp", NULL}, {"f0", NULL}, {"f13", NULL}, {"f01", NULL}, {"ctrl-", NULL}, {"ctrl-1", NULL},
        {"shift-s", NULL}, {"ctrl-ctrl-x", NULL}, {"hyper-x", NULL}, {"\033", NULL}, {"\t", NULL}, {"\377", NULL},
        {"e\314\201", NULL}, {"\342\200\256", NULL}, {"Enter", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct key_press key = {KEY_NAME_COUNT, 0, 0}, again;
        char text[KEY_TEXT_MAX];
        if (!rows[i].printed) {
            assert_false(key_parse(rows[i].text, &key));
            assert_int_equal(key.name, KEY_NAME_COUNT);
            continue;
        }
        assert_true(key_parse(rows[i].text, &key));
        assert_string_equal(key_format(key, text), rows[i].printed);
        assert_true(key_parse(text, &again));
        assert_true(key_equal(key, again));
    }
}

static struct key_press key_of(const char *text)
{
    struct key_press key;
    assert_true(key_parse(text, &key));
    return key;
}

/* No key stands twice in one map. */
static void check_unique(const struct key_binding *bindings, size_t count)
{
    struct key_press seen[200];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        char *keys = xstrdup(bindings[i].keys), *rest = NULL;
        for (char *word = strtok_r(keys, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            struct key_press key = key_of(word);
            for (size_t j = 0; j < len; j++)
                if (key_equal(seen[j], key))
                    fail_msg("%s is bound twice", word);
            assert_true(len < ARRAY_LEN(seen));
            seen[len++] = key;
        }
        free(keys);
    }
}

static void test_defaults(void **state)
{
    (void)state;
    check_unique(global_keys, global_keys_count);
    check_unique(pager_keys, pager_keys_count);
    struct keymap *map = keymap_new();
    /* Rule 13: the five actions win over what k9s does with these keys. */
    static const struct {
        const char *key;
        enum ui_command command;
    } actions[] = {{"p", UI_PAUSE}, {"r", UI_RESUME}, {"s", UI_START}, {"S", UI_STOP}, {"T", UI_TRUNCATE}};
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        assert_int_equal(keymap_find(map, "", key_of(actions[i].key)), actions[i].command);
    keymap_free(&map);
    assert_null(map);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 1; i < UI_COMMAND_COUNT; i++) {
        assert_int_equal(ui_command_find(ui_command_table[i].name), i);
        assert_true(*ui_command_table[i].help && *ui_command_table[i].group);
    }
    assert_int_equal(ui_command_find("nothing"), UI_NONE);
    assert_int_equal(ui_command_find("none"), UI_NONE);
    assert_int_equal(ui_command_find(NULL), UI_NONE);
}

static void test_views(void **state)
{
    (void)state;
    struct keymap *map = keymap_new();
    struct str keys;
    str_init(&keys, 100);
    keymap_add(map, "pager", pager_keys, pager_keys_count);
    assert_int_equal(keymap_find(map, "pager", key_of("/")), UI_SEARCH);
    assert_int_equal(keymap_find(map, "deck", key_of("/")), UI_FILTER);
    assert_int_equal(keymap_find(map, "pager", key_of("j")), UI_DOWN);
    assert_int_equal(keymap_find(map, "pager", key_of("alt-z")), UI_NONE);
    assert_string_equal(keymap_key(map, "pager", UI_SEARCH), "/");
    assert_string_equal(keymap_key(map, "", UI_SEARCH), "");
    /* / is something else in the pager, so that no hint may offer it for the filter. */
    assert_string_equal(keymap_key(map, "pager", UI_FILTER), "");
    assert_string_equal(keymap_key(map, "pager", UI_NONE), "");
    keymap_keys(map, "pager", UI_PAGE_DOWN, &keys);
    assert_string_equal(keys.data, "space, f, pgdn, ctrl-f");
    str_clear(&keys);
    keymap_keys(map, "", UI_PAGE_DOWN, &keys);
    assert_string_equal(keys.data, "pgdn, ctrl-f");
    str_done(&keys);
    keymap_free(&map);
}

static void configure(const char *text, bool want, const char *message)
{
    struct options *options = options_new();
    struct keymap *map = keymap_new();
    struct error err = {0};
    keymap_add(map, "pager", pager_keys, pager_keys_count);
    assert_true(options_read_text(options, "f.ini", text, strlen(text), &err));
    assert_int_equal(keymap_configure(map, options, &err), want);
    assert_string_equal(err.text, message);
    if (want) {
        assert_int_equal(keymap_find(map, "", key_of("x")), UI_QUIT);
        assert_int_equal(keymap_find(map, "", key_of("q")), UI_NONE);
        assert_int_equal(keymap_find(map, "", key_of(":")), UI_HELP);
        assert_int_equal(keymap_find(map, "pager", key_of("/")), UI_NONE);
        assert_int_equal(keymap_find(map, "pager", key_of("w")), UI_TOP);
        keymap_add(map, "pager", pager_keys, pager_keys_count); /* the user's stay */
        assert_int_equal(keymap_find(map, "pager", key_of("w")), UI_TOP);
    }
    keymap_free(&map);
    options_free(&options);
}

static void test_configure(void **state)
{
    (void)state;
    configure("[keys]\nx = quit\nq = none\ncolon = help\n[keys.pager]\n/ = none\nw = top\n", true, "");
    configure("[keys]\n\nhyper-x = quit\n", false,
              "f.ini:3: \"hyper-x\" is no key: want p, S, ctrl-r, alt-x, shift-left, f1, space, enter");
    configure("[keys]\nx = quti\n", false, "f.ini:2: there is no command \"quti\"; did you mean quit?");
    configure("[keys]\nx = fly-away-now\n", false, "f.ini:2: there is no command \"fly-away-now\"");
    configure("[keys.attic]\nx = quit\n", false, "f.ini:2: there is no view \"attic\" to bind keys of");
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_defaults),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_views), cmocka_unit_test(test_configure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
