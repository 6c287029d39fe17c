/* namespaces.c - which namespaces to show: picked from those that the server tells, or that were seen. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "table.h"

struct choice {
    char *name;
    size_t backups;
    bool picked;
};
struct namespaces {
    struct view view;
    struct ui *ui;
    struct kube_request *request;
    struct choice *choices; /* the first is "all namespaces" */
    size_t count;
    struct table table;
    size_t *order;          /* of its rows: choices that the filter leaves */
    bool asked;
    struct error error;
};

static const struct key_binding namespaces_keys[] = {{UI_MARK, "space"}, {UI_FILTER, "/"}};

enum { COLUMN_NAME, COLUMN_BACKUPS, COLUMNS };
static const struct table_column columns[COLUMNS] = {
    [COLUMN_NAME] = {"  NAMESPACE", 40, 0, false}, [COLUMN_BACKUPS] = {"BACKUPS", 0, 0, false},
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct choice *)a)->name, ((const struct choice *)b)->name);
}

static struct choice *find(struct namespaces *n, const char *name)
{
    for (size_t i = 1; i < n->count; i++)
        if (strcmp(n->choices[i].name, name) == 0)
            return &n->choices[i];
    return NULL;
}

static struct choice *add(struct namespaces *n, const char *name)
{
    struct choice *old = find(n, name);
    if (old)
        return old;
    n->choices = xreallocarray(n->choices, n->count + 1, sizeof *n->choices);
    n->choices[n->count] = (struct choice){.name = xstrdup(name)};
    return &n->choices[n->count++];
}

static void add_seen(void *arg, const char *ns, size_t count)
{
    add(arg, ns)->backups = count;
}

static void sort(struct namespaces *n)
{
    if (n->count > 2)
        qsort(n->choices + 1, n->count - 1, sizeof *n->choices, by_name);
}

static struct choice *choice_at(const struct namespaces *n, size_t row)
{
    return row < n->table.count ? &n->choices[n->order[row]] : NULL;
}

static enum style cell(void *arg, size_t row, size_t column, struct str *out)
{
    const struct choice *choice = choice_at(arg, row);
    if (column == COLUMN_BACKUPS && choice->backups)
        str_addf(out, "%zu", choice->backups);
    if (column == COLUMN_BACKUPS)
        return STYLE_DIM;
    str_addf(out, "%s %s", choice->picked ? "*" : " ", choice->name);
    return choice->picked ? STYLE_MARKED : STYLE_TEXT;
}

/* "all namespaces" stands above whatever the filter leaves. */
static void narrow(void *arg)
{
    struct namespaces *n = arg;
    n->order = xreallocarray(n->order, n->count, sizeof *n->order);
    n->table.count = 0;
    for (size_t i = 0; i < n->count; i++) {
        n->order[n->table.count++] = i;
        if (i > 0 && !table_keeps(&n->table, COLUMN_BACKUPS, cell, n, n->table.count - 1))
            n->table.count--;
    }
    if (n->table.filter && n->table.count > 1 && !n->table.cursor)
        n->table.cursor = 1; /* what was looked for */
}

static void on_names(void *arg, const char *const *names, size_t count, const struct error *err)
{
    struct namespaces *n = arg;
    char *here = xstrdup(choice_at(n, n->table.cursor)->name); /* the cursor stays on it */
    n->request = NULL;
    n->error = err ? *err : (struct error){.code = ERROR_NONE};
    for (size_t i = 0; i < count; i++)
        add(n, names[i]);
    sort(n);
    narrow(n);
    for (size_t i = 0; i < n->table.count; i++)
        if (str_same(choice_at(n, i)->name, here))
            n->table.cursor = i;
    free(here);
    ui_mark(n->ui);
}

static void namespaces_refresh(struct view *view, struct ui *ui)
{
    struct namespaces *n = (struct namespaces *)view;
    if (n->asked)
        return;
    n->asked = true; /* here, so that an answer at once finds the view on the stack */
    n->request = fleet_ask_namespaces(ui->fleet, on_names, n);
}

static int64_t namespaces_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct namespaces *n = (struct namespaces *)view;
    (void)ui;
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    int col = canvas_text(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, "Namespaces to show");
    if (n->table.filter)
        canvas_textf(c, r.row, r.col + 1 + col, r.cols - 1 - col, STYLE_TITLE, ": %zu of %zu hold %s",
                     n->table.count - 1, n->count - 1, n->table.filter);
    r = (struct rect){r.row + 1, r.col, r.rows - 1, r.cols};
    if (n->error.code && r.rows > 1) {
        canvas_text(c, r.row + r.rows - 1, r.col + 1, r.cols - 1, STYLE_WARN, n->error.text);
        r.rows--;
    }
    table_draw(&n->table, columns, COLUMNS, cell, n, c, r);
    return INT64_MAX;
}

/* What is picked, or else what the cursor is on. */
static void apply(struct namespaces *n, struct ui *ui)
{
    const char **names = xcalloc(n->count + 1, sizeof *names);
    size_t count = 0, here = n->order[n->table.cursor];
    for (size_t i = 1; i < n->count; i++)
        if (n->choices[i].picked)
            names[count++] = n->choices[i].name;
    if (!count && here > 0)
        names[count++] = n->choices[here].name;
    bool all = here == 0 || !count;
    fleet_set_namespaces(ui->fleet, all ? NULL : names);
    free(names);
    ui_pop(ui);
}

static bool namespaces_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct namespaces *n = (struct namespaces *)view;
    if (table_command(&n->table, ui, command))
        return true;
    switch (command) {
    case UI_MARK:
        if (n->order[n->table.cursor] > 0)
            choice_at(n, n->table.cursor)->picked = !choice_at(n, n->table.cursor)->picked;
        return table_command(&n->table, ui, UI_DOWN);
    case UI_OPEN: apply(n, ui); return true;
    case UI_NAMESPACES: ui_pop(ui); return true;
    default: return false;
    }
}

static void namespaces_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    (void)ui;
    table_hint(&((struct namespaces *)view)->table, hints, "leave as it was", "show");
    hints_add(hints, UI_MARK, "pick several", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void namespaces_free(struct view *view)
{
    struct namespaces *n = (struct namespaces *)view;
    kube_request_cancel(&n->request);
    for (size_t i = 0; i < n->count; i++)
        free(n->choices[i].name);
    free(n->choices);
    free(n->order);
    table_done(&n->table);
    free(n);
}

const struct view_ops view_namespaces = {
    .name = "namespaces", .keys = namespaces_keys, .key_count = ARRAY_LEN(namespaces_keys),
    .refresh = namespaces_refresh,
    .draw = namespaces_draw, .command = namespaces_command, .hints = namespaces_hints, .free = namespaces_free,
};

struct view *namespaces_new(struct ui *ui)
{
    struct namespaces *n = xcalloc(1, sizeof *n);
    n->view.ops = &view_namespaces;
    n->ui = ui;
    add(n, "all namespaces");
    store_namespaces(fleet_store(ui->fleet), add_seen, n);
    n->table.history = "namespaces";
    n->table.narrow = narrow;
    n->table.narrow_arg = n;
    sort(n);
    narrow(n);
    return &n->view;
}
