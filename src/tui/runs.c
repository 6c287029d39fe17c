/* runs.c - every run that is known: what is under way, whoever began it, and what has ended since brdeck started. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "runs.h"
#include "table.h"

struct runs {
    struct view view;
    struct ui *ui;
    struct table table;
    size_t *order;    /* of the rows: what is under way first, each part newest first */
    size_t room;
    unsigned cursor;  /* the id of the run that the cursor is on; 0: none yet */
};

static const struct key_binding runs_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_LOGS, "l"}, {UI_CANCEL_RUN, "x"}, {UI_FILTER, "/"},
};

enum { COLUMN_TIME, COLUMN_WHAT, COLUMN_BACKUP, COLUMN_STAND, COLUMN_DRIVER, COLUMN_ORIGIN, COLUMN_TEXT, COLUMNS };
static const struct table_column columns[COLUMNS] = {
    [COLUMN_TIME] = {"BEGUN", 11, 76, false},      [COLUMN_WHAT] = {"WHAT", 16, 60, false},
    [COLUMN_BACKUP] = {"BACKUP", 24, 0, true},     [COLUMN_STAND] = {"OUTCOME", 14, 0, false},
    [COLUMN_DRIVER] = {"BY", 8, 110, false},       [COLUMN_ORIGIN] = {"KNOWN BY", 8, 110, false},
    [COLUMN_TEXT] = {"TEXT", 0, 100, false},
};

static const struct br_run *run_at(const struct runs *runs, size_t row)
{
    return row < runs->table.count ? br_run_at(runs->ui->br, runs->order[row]) : NULL;
}

static const struct br_run *current(const struct runs *runs) { return run_at(runs, runs->table.cursor); }

static enum style cell(void *arg, size_t row, size_t column, struct str *out)
{
    static const char *const origins[] = {"here", "cluster", "journal"};
    const struct runs *runs = arg;
    const struct br_run *run = run_at(runs, row);
    enum style style;
    enum state_mark mark = run_mark(run, &style);
    char when[TSO_TEXT_MAX];
    switch (column) {
    case COLUMN_TIME:
        str_add(out, tso_format_ms(run->begun_ms, TSO_SHORT, ui_now_ms(runs->ui), when));
        return STYLE_DIM;
    case COLUMN_WHAT: run_add_what(run, out); return STYLE_TEXT;
    case COLUMN_BACKUP: str_addf(out, "%s/%s", run->ns, run->name); return STYLE_TEXT;
    case COLUMN_STAND:
        str_addf(out, "%s ", state_mark_text(mark, runs->ui->ascii));
        run_add_stand(run, out);
        return style;
    case COLUMN_DRIVER: str_add(out, br_driver_names[run->driver]); return STYLE_DIM;
    case COLUMN_ORIGIN: str_add(out, origins[run->origin]); return STYLE_DIM;
    default: str_add(out, run_text(run)); return STYLE_TEXT;
    }
}

static void collect(struct runs *runs, bool ended)
{
    for (size_t i = br_runs(runs->ui->br); i-- > 0;)
        if (br_outcome_is_end(br_run_at(runs->ui->br, i)->outcome) == ended) {
            runs->order[runs->table.count++] = i;
            if (!table_keeps(&runs->table, COLUMNS, cell, runs, runs->table.count - 1))
                runs->table.count--;
        }
}

static void runs_refresh(struct view *view, struct ui *ui)
{
    struct runs *runs = (struct runs *)view;
    size_t count = br_runs(ui->br);
    br_mark_seen(ui->br);
    if (count > runs->room) {
        runs->room = 2 * count;
        runs->order = xreallocarray(runs->order, runs->room, sizeof *runs->order);
    }
    runs->table.count = 0;
    collect(runs, false);
    collect(runs, true);
    for (size_t i = 0; runs->cursor && i < runs->table.count; i++) /* it stays on its run */
        if (run_at(runs, i)->id == runs->cursor)
            runs->table.cursor = i;
    const struct br_run *run = current(runs);
    runs->cursor = run ? run->id : 0;
}

/* What the columns have no room for: the text, why, and what to do. */
static void draw_below(struct runs *runs, struct canvas *c, struct rect below)
{
    const struct br_run *run = current(runs);
    struct str text;
    if (!run)
        return;
    str_init(&text, STR_SMALL);
    str_add(&text, run->text);
    if (run->cause && !strstr(run->text, run->cause->sentence)) /* it may be told there already */
        str_addf(&text, "\n%s: %s", run->cause->sentence, run->cause->action);
    table_draw_below(c, below, STYLE_TEXT, text.data, runs->ui->ascii);
    str_done(&text);
}

static int64_t runs_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct runs *runs = (struct runs *)view;
    size_t active = br_active(ui->br);
    const struct error *unseen = fleet_error(ui->fleet); /* what cannot be listed may have runs that nobody sees */
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    struct str title;
    str_init(&title, STR_SMALL);
    str_addf(&title, "Runs: %zu under way, %zu ended", active, br_runs(ui->br) - active);
    if (runs->table.filter)
        str_addf(&title, "; %zu hold %s", runs->table.count, runs->table.filter);
    str_add(&title, !br_runs_are_found(ui->br) ? "; the cluster is still being looked through" :
            unseen->code ? "; not all can be seen" : "");
    canvas_text(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, title.data);
    str_done(&title);
    struct rect below, list = table_split((struct rect){r.row + 1, r.col, r.rows - 1, r.cols}, &below);
    table_draw(&runs->table, columns, COLUMNS, cell, runs, c, list);
    draw_below(runs, c, below);
    if (!runs->table.count && runs->table.filter && br_runs(ui->br))
        table_draw_empty(c, list, STYLE_DIM, "No run holds that.");
    else if (!runs->table.count && unseen->code)
        table_draw_empty(c, list, STYLE_WARN, unseen->text);
    else if (!runs->table.count)
        table_draw_empty(c, list, STYLE_DIM, br_runs_are_found(ui->br) ?
                         "Nothing is under way, in the cluster or from here." : "Looking...");
    return active ? ui_now_ms(ui) + 1000 : INT64_MAX;
}

static bool runs_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct runs *runs = (struct runs *)view;
    const struct br_run *run = current(runs);
    if (table_command(&runs->table, ui, command)) {
        run = current(runs);
        runs->cursor = run ? run->id : 0;
        return true;
    }
    if (run_do(ui, run, command))
        return true;
    switch (command) {
    case UI_OPEN:
        if (run)
            ui_push(ui, run_new(ui, run->id));
        return true;
    case UI_RUNS: ui_pop(ui); return true;
    default: return false;
    }
}

static void runs_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    const struct br_run *run = current((struct runs *)view);
    (void)ui;
    table_hint(&((struct runs *)view)->table, hints, "back", "open");
    run_hint(run, hints);
    hints_add(hints, UI_NOTICES, "notices", false);
    hints_add(hints, UI_JOURNAL, "journal", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void runs_free(struct view *view)
{
    struct runs *runs = (struct runs *)view;
    table_done(&runs->table);
    free(runs->order);
    free(runs);
}

const struct view_ops view_runs = {
    .name = "runs", .keys = runs_keys, .key_count = ARRAY_LEN(runs_keys), .refresh = runs_refresh, .draw = runs_draw,
    .command = runs_command, .hints = runs_hints, .free = runs_free,
};

struct view *runs_new(struct ui *ui)
{
    struct runs *runs = xcalloc(1, sizeof *runs);
    runs->view.ops = &view_runs;
    runs->ui = ui;
    runs->table.history = "runs";
    return &runs->view;
}
