#include <config.h>

#include <brdeck/tui/keymap.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>
#include <brdeck/conf/suggest.h>

const struct ui_command_info ui_command_table[UI_COMMAND_COUNT] = {
    [UI_NONE] = {"none", "", "Nothing"},
#define AS_ROW(id, name, group, help) [UI_##id] = {name, group, help},
    UI_COMMANDS(AS_ROW)
#undef AS_ROW
};

/* What fingers know from k9s and less. Ctrl-c is a cancel, as everywhere: it never ends brdeck.
 * u is for what needs yoU. */
const struct key_binding global_keys[] = {
    {UI_UP, "up k"},
    {UI_DOWN, "down j"},
    {UI_PAGE_UP, "pgup ctrl-b"},
    {UI_PAGE_DOWN, "pgdn ctrl-f"},
    {UI_TOP, "g home"},
    {UI_BOTTOM, "G end"},
    {UI_LEFT, "left h"},
    {UI_RIGHT, "right l"},
    {UI_OPEN, "enter"},
    {UI_BACK, "esc ctrl-c"},
    {UI_QUIT, "q"},
    {UI_PAUSE, "p"},
    {UI_RESUME, "r"},
    {UI_START, "s"},
    {UI_CREATE, "C"},
    {UI_STOP, "S"},
    {UI_TRUNCATE, "T"},
    {UI_DELETE, "ctrl-d"},
    {UI_ASK, "b"},
    {UI_CLEAR_TRUNCATE, "tab"},
    {UI_MARK, "space"},
    {UI_MARK_RANGE, "ctrl-space"},
    {UI_UNMARK_ALL, "ctrl-\\"},
    {UI_FILTER, "/"},
    {UI_NEED_YOU, "u"},
    {UI_SORT_PREV, "< shift-left"},
    {UI_SORT_NEXT, "> shift-right"},
    {UI_SORT_REVERSE, "I"},
    {UI_JUMP, "f"},
    {UI_WIDE, "w"},
    {UI_TIME_STYLE, "t"},
    {UI_NAMESPACES, "n"},
    {UI_ALL_NAMESPACES, "0"},
    {UI_DESCRIBE, "d"},
    {UI_YAML, "y"},
    {UI_RUNS, "R"},
    {UI_JOURNAL, "J"},
    {UI_NOTICES, "!"},
    {UI_COPY, "c"},
    {UI_COPY_KUBECTL, "ctrl-k"},
    {UI_PROMPT, ":"},
    {UI_HELP, "?"},
    {UI_RETRY_CONNECTION, "ctrl-r"},
    {UI_REDRAW, "ctrl-l"},
    {UI_SUSPEND, "ctrl-z"},
};
const size_t global_keys_count = ARRAY_LEN(global_keys);

struct entry {
    char *view; /* "" is the global map */
    struct key_press key;
    enum ui_command command; /* UI_NONE: the key does nothing, there and below */
    bool configured;         /* by the user: no default overrides it */
    char text[KEY_TEXT_MAX];
};
struct keymap {
    struct entry *entries;
    size_t len, cap;
    char **views;
    size_t views_len;
};

/* -- commands ------------------------------------------------------------------------ */

static const char *nth_command(size_t i) { return i < UI_COMMAND_COUNT ? ui_command_table[i].name : NULL; }

enum ui_command ui_command_find(const char *name)
{
    for (size_t i = 1; i < UI_COMMAND_COUNT; i++)
        if (str_same(ui_command_table[i].name, name))
            return (enum ui_command)i;
    return UI_NONE;
}

/* -- entries --------------------------------------------------------------------------- */

static struct entry *find_entry(const struct keymap *map, const char *view, struct key_press key)
{
    for (size_t i = 0; i < map->len; i++)
        if (key_equal(map->entries[i].key, key) && strcmp(map->entries[i].view, view) == 0)
            return &map->entries[i];
    return NULL;
}

static void bind_key(struct keymap *map, const char *view, struct key_press key, enum ui_command command,
                     bool configured)
{
    struct entry *entry = find_entry(map, view, key);
    if (entry) {
        if (configured || !entry->configured)
            entry->command = command;
        entry->configured = entry->configured || configured;
        return;
    }
    if (map->len == map->cap) {
        map->cap = map->cap ? map->cap * 2 : 64;
        map->entries = xreallocarray(map->entries, map->cap, sizeof *map->entries);
    }
    entry = &map->entries[map->len++];
    *entry = (struct entry){.view = xstrdup(view), .key = key, .command = command, .configured = configured};
    key_format(key, entry->text);
}

static bool has_view(const struct keymap *map, const char *view)
{
    for (size_t i = 0; i < map->views_len; i++)
        if (strcmp(map->views[i], view) == 0)
            return true;
    return false;
}

struct keymap *keymap_new(void)
{
    struct keymap *map = xcalloc(1, sizeof *map);
    keymap_add(map, "", global_keys, global_keys_count);
    return map;
}

void keymap_free(struct keymap **ptr)
{
    struct keymap *map = *ptr;
    *ptr = NULL;
    if (!map)
        return;
    for (size_t i = 0; i < map->len; i++)
        free(map->entries[i].view);
    for (size_t i = 0; i < map->views_len; i++)
        free(map->views[i]);
    free(map->entries);
    free(map->views);
    free(map);
}

void keymap_add(struct keymap *map, const char *view, const struct key_binding *bindings, size_t count)
{
    if (!has_view(map, view)) {
        map->views = xreallocarray(map->views, map->views_len + 1, sizeof *map->views);
        map->views[map->views_len++] = xstrdup(view);
    }
    for (size_t i = 0; i < count; i++) {
        char *keys = xstrdup(bindings[i].keys), *rest = NULL;
        for (char *word = strtok_r(keys, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            struct key_press key;
            if (!key_parse(word, &key))
                die("keymap: a default key is no key");
            bind_key(map, view, key, bindings[i].command, false);
        }
        free(keys);
    }
}

static bool configure_one(struct keymap *map, const char *view, const char *text, const char *name, const char *where,
                          struct error *err)
{
    struct key_press key;
    if (!has_view(map, view))
        return error_set(err, ERROR_INPUT, "%s: there is no view \"%s\" to bind keys of", where, view);
    if (!key_parse(text, &key))
        return error_set(err, ERROR_INPUT,
                         "%s: \"%s\" is no key: want p, S, ctrl-r, alt-x, shift-left, f1, space, enter",
                         where, text);
    enum ui_command command = ui_command_find(name);
    if (command == UI_NONE && strcmp(name, "none") != 0) {
        const char *near = suggest_nearest(name, nth_command);
        return error_set(err, ERROR_INPUT, "%s: there is no command \"%s\"%s%s%s", where, name,
                         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    bind_key(map, view, key, command, true);
    return true;
}

bool keymap_configure(struct keymap *map, const struct options *options, struct error *err)
{
    const char *view, *key, *command, *where;
    for (size_t i = 0; options_binding(options, i, &view, &key, &command, &where); i++)
        if (!configure_one(map, view, key, command, where, err))
            return false;
    return true;
}

/* -- asking ----------------------------------------------------------------------------- */

enum ui_command keymap_find(const struct keymap *map, const char *view, struct key_press key)
{
    const struct entry *entry = find_entry(map, view, key);
    if (!entry && *view)
        entry = find_entry(map, "", key);
    return entry ? entry->command : UI_NONE;
}

/* The next entry at or after *i by which @command is reached in @view: the view's first, then the global ones
 * that it does not shadow. *i runs over the entries twice. */
static const struct entry *next_of(const struct keymap *map, const char *view, enum ui_command command, size_t *i)
{
    for (; *i < map->len * 2; (*i)++) {
        const struct entry *entry = &map->entries[*i % map->len];
        bool global = *i >= map->len;
        if (entry->command != command || (global && !*view) || strcmp(entry->view, global ? "" : view) != 0)
            continue;
        if (global && find_entry(map, view, entry->key))
            continue;
        (*i)++;
        return entry;
    }
    return NULL;
}

const char *keymap_key(const struct keymap *map, const char *view, enum ui_command command)
{
    size_t i = 0;
    const struct entry *entry = command == UI_NONE ? NULL : next_of(map, view, command, &i);
    return entry ? entry->text : "";
}

void keymap_keys(const struct keymap *map, const char *view, enum ui_command command, struct str *out)
{
    size_t i = 0, count = 0;
    if (command == UI_NONE)
        return;
    for (const struct entry *entry; (entry = next_of(map, view, command, &i));)
        str_addf(out, "%s%s", count++ ? ", " : "", entry->text);
}
