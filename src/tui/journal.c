/* journal.c - what was ever done from here, by the journal: the newest first, narrowed by what is typed. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>
#include <brdeck/br/journal.h>

#include "table.h"
#include "view.h"

struct journal_view {
    struct view view;
    struct ui *ui;
    struct journal_entries entries;
    struct error error;    /* of the reading */
    struct table table;
    size_t *order;         /* of the rows: entries that the filter leaves, newest first */
};

static const struct key_binding journal_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_FILTER, "/"}, {UI_RETRY_CONNECTION, "ctrl-r"},
};

enum { COLUMN_TIME, COLUMN_ACTION, COLUMN_BACKUP, COLUMN_OUTCOME, COLUMN_CONTEXT, COLUMN_USER, COLUMN_TEXT, COLUMNS };
static const struct table_column columns[COLUMNS] = {
    [COLUMN_TIME] = {"WHEN", 11, 76, false},       [COLUMN_ACTION] = {"ACTION", 16, 60, false},
    [COLUMN_BACKUP] = {"BACKUP", 24, 0, true},
    [COLUMN_OUTCOME] = {"OUTCOME", 14, 0, false},   [COLUMN_CONTEXT] = {"CONTEXT", 16, 110, false},
    [COLUMN_USER] = {"USER", 16, 140, false},
    [COLUMN_TEXT] = {"TEXT", 0, 100, false},
};

static const struct journal_entry *entry_at(const struct journal_view *v, size_t row)
{
    return row < v->table.count ? &v->entries.items[v->order[row]] : NULL;
}

/* -- which entries ----------------------------------------------------------------------------- */

static enum style style_of_outcome(const struct journal_entry *e)
{
    if (!e->outcome)
        return e->lives ? STYLE_BUSY : STYLE_WARN;
    return strcmp(e->outcome, br_outcome_word(BR_DONE)) == 0 ? STYLE_OK
           : strcmp(e->outcome, br_outcome_word(BR_NOTHING)) == 0 ? STYLE_WARN : STYLE_CRIT;
}

static enum style cell(void *arg, size_t row, size_t column, struct str *out)
{
    const struct journal_view *v = arg;
    const struct journal_entry *e = entry_at(v, row);
    char when[TSO_TEXT_MAX];
    switch (column) {
    case COLUMN_TIME:
        str_add(out, tso_format_ms(e->at_ms, TSO_SHORT, ui_now_ms(v->ui), when));
        return STYLE_DIM;
    case COLUMN_ACTION: str_addf(out, "%s%s", e->retry ? "retry of " : "", e->action); return STYLE_TEXT;
    case COLUMN_BACKUP: str_addf(out, "%s/%s", e->ns, e->name); return STYLE_TEXT;
    case COLUMN_OUTCOME: str_add(out, e->outcome ? e->outcome : e->lives ? "under way" : "not known"); break;
    case COLUMN_CONTEXT: str_add(out, e->context); return STYLE_DIM;
    case COLUMN_USER: str_add(out, e->user); return STYLE_DIM;
    default: str_add(out, e->text ? e->text : ""); return STYLE_TEXT;
    }
    return style_of_outcome(e);
}

static void narrow(void *arg)
{
    struct journal_view *v = arg;
    v->table.count = 0;
    for (size_t i = v->entries.count; i-- > 0;) {
        v->order[v->table.count++] = i;
        if (!table_keeps(&v->table, COLUMNS, cell, v, v->table.count - 1))
            v->table.count--;
    }
}

static void read_all(struct journal_view *v)
{
    const char *path = options_text(v->ui->options, OPTION_JOURNAL);
    journal_entries_done(&v->entries);
    v->error = (struct error){.code = ERROR_NONE};
    journal_read(path && *path ? path : NULL, 0, &v->entries, &v->error);
    v->order = xreallocarray(v->order, v->entries.count + 1, sizeof *v->order);
    narrow(v);
}

/* -- the view ------------------------------------------------------------------------------------ */

static int64_t journal_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct journal_view *v = (struct journal_view *)view;
    struct str title;
    str_init(&title, STR_SMALL);
    str_addf(&title, "Journal: %zu", v->table.count);
    if (v->table.filter)
        str_addf(&title, " of %zu that hold %s", v->entries.count, v->table.filter);
    if (v->entries.bad)
        str_addf(&title, "; %zu line%s cannot be read", v->entries.bad, v->entries.bad == 1 ? "" : "s");
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    canvas_text(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, title.data);
    str_done(&title);
    struct rect below, list = table_split((struct rect){r.row + 1, r.col, r.rows - 1, r.cols}, &below);
    const struct journal_entry *e = entry_at(v, v->table.cursor);
    table_draw(&v->table, columns, COLUMNS, cell, v, c, list);
    if (e)
        table_draw_below(c, below, STYLE_TEXT, e->text ? e->text : "", ui->ascii);
    if (v->error.code)
        table_draw_empty(c, list, STYLE_CRIT, v->error.text);
    else if (!v->table.count)
        table_draw_empty(c, list, STYLE_DIM, v->table.filter ? "Nothing in the journal holds that." :
                         "Nothing was ever done from here: each action leaves a line of intent and one of its outcome.");
    return INT64_MAX;
}

static bool journal_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct journal_view *v = (struct journal_view *)view;
    const struct journal_entry *e = entry_at(v, v->table.cursor);
    if (table_command(&v->table, ui, command))
        return true;
    switch (command) {
    case UI_OPEN:
        if (e)
            ui_push(ui, entry_new(ui, e));
        return true;
    case UI_RETRY_CONNECTION: read_all(v); return true;
    case UI_JOURNAL: ui_pop(ui); return true;
    default: return false;
    }
}

static void journal_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct journal_view *v = (struct journal_view *)view;
    (void)ui;
    table_hint(&v->table, hints, "back", "open");
    hints_add(hints, UI_RETRY_CONNECTION, "read again", false);
    hints_add(hints, UI_RUNS, "runs", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void journal_free(struct view *view)
{
    struct journal_view *v = (struct journal_view *)view;
    journal_entries_done(&v->entries);
    free(v->order);
    table_done(&v->table);
    free(v);
}

const struct view_ops view_journal = {
    .name = "journal", .keys = journal_keys, .key_count = ARRAY_LEN(journal_keys), .draw = journal_draw,
    .command = journal_command, .hints = journal_hints, .free = journal_free,
};

struct view *journal_new(struct ui *ui)
{
    struct journal_view *v = xcalloc(1, sizeof *v);
    v->view.ops = &view_journal;
    v->ui = ui;
    v->table.history = "journal";
    v->table.narrow = narrow;
    v->table.narrow_arg = v;
    read_all(v);
    return &v->view;
}
