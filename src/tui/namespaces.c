/* namespaces.c - which namespaces to show: picked from those that the server tells, or that were seen. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "view.h"

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
    size_t count, row, top;
    bool asked;
    struct error error;
};

static const struct key_binding namespaces_keys[] = {{UI_MARK, "space"}, {UI_BACK, "esc n"}};

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

static void on_names(void *arg, const char *const *names, size_t count, const struct error *err)
{
    struct namespaces *n = arg;
    n->request = NULL;
    n->error = err ? *err : (struct error){.code = ERROR_NONE};
    for (size_t i = 0; i < count; i++)
        add(n, names[i]);
    sort(n);
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
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    canvas_text(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, "Namespaces to show");
    int rows = r.rows - 1;
    if (n->error.code && rows > 1)
        canvas_text(c, r.row + rows--, r.col + 1, r.cols - 1, STYLE_WARN, n->error.text);
    if (n->row < n->top)
        n->top = n->row;
    if (rows > 0 && n->row >= n->top + (size_t)rows)
        n->top = n->row - (size_t)rows + 1;
    for (size_t i = n->top; i < n->count && i < n->top + (size_t)(rows > 0 ? rows : 0); i++) {
        struct choice *choice = &n->choices[i];
        int row = r.row + 1 + (int)(i - n->top);
        canvas_text(c, row, r.col, 1, STYLE_TEXT, i == n->row ? ">" : " ");
        canvas_text(c, row, r.col + 1, 2, STYLE_MARKED, choice->picked ? "*" : " ");
        int col = 3 + canvas_text(c, row, r.col + 3, r.cols - 3, choice->picked ? STYLE_MARKED : STYLE_TEXT,
                                  choice->name);
        if (choice->backups)
            canvas_textf(c, row, r.col + col + 2, r.cols - col - 2, STYLE_DIM, "%zu", choice->backups);
        if (i == n->row) {
            canvas_mark_cursor(c, (struct rect){row, r.col, 1, r.cols});
            c->cursor_row = row;
            c->cursor_col = r.col;
        }
    }
    (void)ui;
    return INT64_MAX;
}

/* What is picked, or else what the cursor is on. */
static void apply(struct namespaces *n, struct ui *ui)
{
    const char **names = xcalloc(n->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 1; i < n->count; i++)
        if (n->choices[i].picked)
            names[count++] = n->choices[i].name;
    if (!count && n->row > 0)
        names[count++] = n->choices[n->row].name;
    bool all = n->row == 0 || !count;
    fleet_set_namespaces(ui->fleet, all ? NULL : names);
    free(names);
    ui_pop(ui);
}

static bool namespaces_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct namespaces *n = (struct namespaces *)view;
    size_t last = n->count - 1, page = 10;
    switch (command) {
    case UI_UP: n->row = n->row ? n->row - 1 : 0; return true;
    case UI_DOWN: n->row = n->row < last ? n->row + 1 : last; return true;
    case UI_PAGE_UP: n->row = n->row > page ? n->row - page : 0; return true;
    case UI_PAGE_DOWN: n->row = n->row + page < last ? n->row + page : last; return true;
    case UI_TOP: n->row = 0; return true;
    case UI_BOTTOM: n->row = last; return true;
    case UI_MARK:
        if (n->row > 0)
            n->choices[n->row].picked = !n->choices[n->row].picked;
        n->row = n->row < last ? n->row + 1 : last;
        return true;
    case UI_OPEN: apply(n, ui); return true;
    default: return false;
    }
}

static void namespaces_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    (void)view, (void)ui;
    hints_add(hints, UI_OPEN, "show", false);
    hints_add(hints, UI_MARK, "pick several", false);
    hints_add(hints, UI_BACK, "leave as it was", false);
}

static void namespaces_free(struct view *view)
{
    struct namespaces *n = (struct namespaces *)view;
    kube_request_cancel(&n->request);
    for (size_t i = 0; i < n->count; i++)
        free(n->choices[i].name);
    free(n->choices);
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
    sort(n);
    return &n->view;
}
