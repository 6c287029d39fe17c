#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/action.h>
#include <brdeck/base/alloc.h>
#include <brdeck/tui/keymap.h>

#include "tui/view.h"

static struct keymap *map_of_views(void)
{
    struct keymap *map = keymap_new();
    for (size_t i = 0; i < view_count; i++)
        keymap_add(map, view_table[i]->name, view_table[i]->keys, view_table[i]->key_count);
    return map;
}

/* Every key of a view's table reaches its command there: none is bound twice. */
static void test_keys_reach_their_commands(void **state)
{
    (void)state;
    struct keymap *map = map_of_views();
    for (size_t i = 0; i < view_count; i++)
        for (size_t k = 0; k < view_table[i]->key_count; k++) {
            const struct key_binding *binding = &view_table[i]->keys[k];
            char *keys = xstrdup(binding->keys), *save = NULL;
            for (char *word = strtok_r(keys, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                struct key_press key;
                assert_true(key_parse(word, &key));
                if (keymap_find(map, view_table[i]->name, key) != binding->command)
                    fail_msg("%s: %s does not do %s", view_table[i]->name, word,
                             ui_command_table[binding->command].name);
            }
            free(keys);
        }
    keymap_free(&map);
}

/* Every command has a key in some view, but for what is typed on purpose. */
static void test_commands_have_keys(void **state)
{
    (void)state;
    static const enum ui_command typed[] = {UI_RETAIN, UI_REMOVE_FINALIZER, UI_RETRY};
    struct keymap *map = map_of_views();
    for (int command = UI_NONE + 1; command < UI_COMMAND_COUNT; command++) {
        bool found = false;
        for (size_t i = 0; i < view_count && !found; i++)
            found = *keymap_key(map, view_table[i]->name, (enum ui_command)command);
        for (size_t i = 0; i < ARRAY_LEN(typed) && !found; i++)
            found = typed[i] == (enum ui_command)command;
        if (!found)
            fail_msg("no key for %s", ui_command_table[command].name);
    }
    keymap_free(&map);
}

/* Esc and ctrl-c leave every view, and help is one key away where nothing is typed. */
static void test_ways_out(void **state)
{
    (void)state;
    static const struct { const char *key; enum ui_command command; } ways[] = {
        {"esc", UI_BACK}, {"ctrl-c", UI_BACK}, {"ctrl-l", UI_REDRAW}, {"ctrl-z", UI_SUSPEND},
    };
    struct keymap *map = map_of_views();
    for (size_t i = 0; i < view_count; i++)
        for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
            struct key_press key;
            assert_true(key_parse(ways[w].key, &key));
            assert_int_equal(keymap_find(map, view_table[i]->name, key), ways[w].command);
        }
    keymap_free(&map);
}

/* The keys that sentences of the model name ("r resumes it") are those of the keymap. */
static void test_action_keys(void **state)
{
    (void)state;
    struct keymap *map = map_of_views();
    for (int id = 0; id <= ACTION_REMOVE_FINALIZER; id++) {
        const struct action *action = action_get((enum action_id)id);
        enum ui_command command = ui_command_find(action->name);
        int found;
        assert_string_equal(keymap_key(map, "deck", command), action->key);
        assert_string_equal(keymap_key(map, "look", command), action->key);
        assert_true(act_of_command(command, &found));
        assert_int_equal(found, id);
    }
    keymap_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_reach_their_commands), cmocka_unit_test(test_commands_have_keys),
        cmocka_unit_test(test_ways_out),
        cmocka_unit_test(test_action_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
