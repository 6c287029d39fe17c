/* help.c - what the keys do, out of the tables that do it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "app.h"

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

static void add_group(struct help *help, struct ui *ui, const char *view, const char *group)
{
    for (int i = UI_NONE + 1; i < UI_COMMAND_COUNT; i++) {
        if (strcmp(ui_command_table[i].group, group) != 0)
            continue;
        struct str keys, label;
        str_init(&keys, 256);
        str_init(&label, 512);
        keymap_keys(ui->keys, view, (enum ui_command)i, &keys);
        str_addf(&label, "%-16s %s", keys.data, ui_command_table[i].name);
        if (keys.len)
            pager_add_labelled(help->pager, 2, 30, STYLE_KEY, label.data, STYLE_TEXT, ui_command_table[i].help);
        str_done(&keys);
        str_done(&label);
    }
}

static void add_line_command(void *arg, const char *name, const char *arguments, const char *help)
{
    struct pager *pager = arg;
    struct str label;
    str_init(&label, 1024);
    str_addf(&label, ":%s %s", name, arguments ? arguments : "");
    pager_add_labelled(pager, 2, 30, STYLE_KEY, label.data, STYLE_TEXT, help);
    str_done(&label);
}

static void fill(struct help *help, struct ui *ui, const struct view *of)
{
    static const char *const filters[][2] = {
        {"text", "in namespace, name, cluster or state, in any case"}, {"/regex", "of namespace/name"},
        {"!term", "not that"}, {"-l a=b,c", "labels"}, {"state:failed", "the word of the state"},
        {"ns:NAME  cluster:NAME  mode:log", "that field"},
    };
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        pager_add(help->pager, STYLE_TITLE, 0, groups[i].title);
        add_group(help, ui, of->ops->name, groups[i].group);
        pager_add(help->pager, STYLE_TEXT, 0, "");
    }
    pager_add(help->pager, STYLE_TITLE, 0,
              "Commands with an argument, typed after the colon (every command above can be typed too)");
    line_commands_each(add_line_command, help->pager);
    pager_add(help->pager, STYLE_TEXT, 0, "");
    pager_add(help->pager, STYLE_TITLE, 0, "What a filter takes; several terms must all hold");
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        pager_add_labelled(help->pager, 2, 30, STYLE_KEY, filters[i][0], STYLE_TEXT, filters[i][1]);
    pager_add(help->pager, STYLE_TEXT, 0, "");
    pager_add(help->pager, STYLE_TITLE, 0, "Marks before the state");
    for (int mark = MARK_RUNNING; mark < MARK_COUNT; mark++) {
        struct str line;
        str_init(&line, 128);
        str_addf(&line, "%s  %s", state_mark_text((enum state_mark)mark, ui->ascii),
                 state_mark_help((enum state_mark)mark));
        pager_add(help->pager, STYLE_TEXT, 2, line.data);
        str_done(&line);
    }
}

static int64_t help_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct help *help = (struct help *)view;
    (void)ui;
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    canvas_text(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, "Keys and commands");
    pager_draw(help->pager, c, (struct rect){r.row + 1, r.col, r.rows - 1, r.cols});
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

struct view *help_new(struct ui *ui, const struct view *of)
{
    struct help *help = xcalloc(1, sizeof *help);
    help->view.ops = &view_help;
    help->pager = pager_new();
    fill(help, ui, of);
    return &help->view;
}
