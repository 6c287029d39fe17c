/* help.c - what the keys do, out of the tables that do it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "app.h"

enum { LABEL_WIDTH = 31 };

struct help {
    struct view view;
    struct pager *pager;
};

static const struct key_binding help_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_SEARCH, "/"}, {UI_SEARCH_NEXT, "n"}, {UI_SEARCH_PREV, "N"},
    {UI_BACK, "esc ?"},
};

static const struct { const char *group, *title; } groups[] = {
    {"act", "Acting on the backup under the cursor, or on the marked ones (each opens a dialog first)"},
    {"list", "The list"}, {"look", "Looking closer"}, {"move", "Moving"}, {"other", "Other"},
};

static const char *const filters[][2] = {
    {"text", "in namespace, name, cluster or state, in any case"}, {"/regex", "of namespace/name"},
    {"!term", "not that"}, {"-l a=b,c", "labels"}, {"state:failed", "the word of the state"},
    {"ns:NAME  cluster:NAME  mode:log", "that field"},
};

void help_filters_each(help_text_fn *each, void *arg)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        each(arg, filters[i][0], filters[i][1]);
}

void help_marks_each(bool ascii, help_text_fn *each, void *arg)
{
    for (int mark = MARK_RUNNING; mark < MARK_COUNT; mark++)
        each(arg, state_mark_text((enum state_mark)mark, ascii), state_mark_help((enum state_mark)mark));
    each(arg, "*", "beside a checkpoint or a lag: as PD says, which is fresher than the object");
}

/* Keys of the list are known everywhere; what a view does with them, it tells by its own keys and its hints. */
static bool works_in(const struct view *of, const struct hints *hints, enum ui_command command)
{
    const struct view_ops *ops = of->ops;
    const char *group = ui_command_table[command].group;
    bool works = strcmp(ops->name, "deck") == 0 || strcmp(group, "move") == 0 || strcmp(group, "other") == 0 ||
                 command == UI_RUNS || command == UI_JOURNAL || command == UI_NOTICES || command == UI_TIME_STYLE ||
                 (strcmp(ops->name, "look") == 0 && strcmp(group, "list") != 0);
    for (size_t i = 0; i < ops->key_count; i++)
        works = works || ops->keys[i].command == command;
    for (size_t i = 0; i < hints->count; i++)
        works = works || hints->items[i].command == command;
    return works;
}

/* Only typed: it has a key in no view. */
static bool is_keyless(struct ui *ui, enum ui_command command)
{
    struct str keys;
    str_init(&keys, 256);
    for (size_t i = 0; i < view_count; i++)
        keymap_keys(ui->keys, view_table[i]->name, command, &keys);
    bool keyless = keys.len == 0;
    str_done(&keys);
    return keyless;
}

static void add_command(struct help *help, struct ui *ui, const char *view, enum ui_command command)
{
    const struct ui_command_info *info = &ui_command_table[command];
    struct str keys, label;
    str_init(&keys, 256);
    str_init(&label, 512);
    keymap_keys(ui->keys, view, command, &keys);
    if (keys.len)
        str_addf(&label, "%-16s %s", keys.data, info->name);
    else if (is_keyless(ui, command))
        str_addf(&label, ":%s", info->name);
    if (label.len)
        pager_add_labelled(help->pager, 2, LABEL_WIDTH, STYLE_KEY, label.data, STYLE_TEXT, info->help);
    str_done(&keys);
    str_done(&label);
}

static void add_group(struct help *help, struct ui *ui, const struct view *of, const struct hints *hints, size_t group)
{
    bool any = false;
    for (int i = UI_NONE + 1; i < UI_COMMAND_COUNT; i++) {
        if (strcmp(ui_command_table[i].group, groups[group].group) != 0 || !works_in(of, hints, (enum ui_command)i))
            continue;
        if (!any)
            pager_add(help->pager, STYLE_TITLE, 0, groups[group].title);
        any = true;
        add_command(help, ui, of->ops->name, (enum ui_command)i);
    }
    if (any)
        pager_add(help->pager, STYLE_TEXT, 0, "");
}

static void add_line_command(void *arg, const char *name, const char *arguments, const char *help)
{
    struct pager *pager = arg;
    struct str label;
    str_init(&label, 1024);
    str_addf(&label, ":%s %s", name, arguments ? arguments : "");
    pager_add_labelled(pager, 2, LABEL_WIDTH, STYLE_KEY, label.data, STYLE_TEXT, help);
    str_done(&label);
}

static void add_filter(void *arg, const char *term, const char *means)
{
    pager_add_labelled(arg, 2, LABEL_WIDTH, STYLE_KEY, term, STYLE_TEXT, means);
}

static void add_mark(void *arg, const char *mark, const char *means)
{
    struct str line;
    str_init(&line, 128);
    str_addf(&line, "%s  %s", mark, means);
    pager_add(arg, STYLE_TEXT, 2, line.data);
    str_done(&line);
}

static void fill(struct help *help, struct ui *ui, struct view *of)
{
    struct hints hints = {.count = 0};
    if (of->ops->hints)
        of->ops->hints(of, ui, &hints);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        add_group(help, ui, of, &hints, i);
    pager_add(help->pager, STYLE_TITLE, 0,
              "Commands with an argument, typed after the colon (every command above can be typed too)");
    line_commands_each(add_line_command, help->pager);
    pager_add(help->pager, STYLE_TEXT, 0, "");
    pager_add(help->pager, STYLE_TITLE, 0, "What a filter takes; several terms must all hold");
    help_filters_each(add_filter, help->pager);
    pager_add(help->pager, STYLE_TEXT, 0, "");
    pager_add(help->pager, STYLE_TITLE, 0, "Marks");
    help_marks_each(ui->ascii, add_mark, help->pager);
}

static int64_t help_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct help *help = (struct help *)view;
    (void)ui;
    text_draw(help->pager, c, r, "Keys and commands", NULL, NULL);
    return INT64_MAX;
}

static bool help_command(struct view *view, struct ui *ui, enum ui_command command)
{
    return text_command(ui, ((struct help *)view)->pager, command);
}

static void help_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    (void)view, (void)ui;
    hints_add(hints, UI_BACK, "back", false);
    hints_add(hints, UI_PAGE_DOWN, "page", false);
    hints_add(hints, UI_SEARCH, "search", false);
    hints_add(hints, UI_SEARCH_NEXT, "next", false);
}

static void help_free(struct view *view)
{
    struct help *help = (struct help *)view;
    pager_free(&help->pager);
    free(help);
}

const struct view_ops view_help = {
    .name = "help", .keys = help_keys, .key_count = ARRAY_LEN(help_keys), .draw = help_draw, .command = help_command,
    .hints = help_hints, .free = help_free,
};

struct view *help_new(struct ui *ui, struct view *of)
{
    struct help *help = xcalloc(1, sizeof *help);
    help->view.ops = &view_help;
    help->pager = pager_new();
    fill(help, ui, of);
    return &help->view;
}
