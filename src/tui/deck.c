/* deck.c - the list of Backups: moving, marking, filtering, sorting, and the keys that act. */
#include <config.h>

#include "deck.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>

enum {
    DETAIL_LEAST = 6, /* lines below the list: as many as a log backup has where nothing is wrapped */
    TITLE_FROM = 5,   /* rows, of which the last tells whose row the cursor is on */
};

static const struct key_binding deck_keys[] = {
    {UI_PAUSE, "p"}, {UI_RESUME, "r"}, {UI_START, "s"}, {UI_STOP, "S"}, {UI_TRUNCATE, "T"},
    {UI_LOGS, "l"},
};

const struct store_row *deck_row(const struct deck *deck, size_t row)
{
    return row < order_count(deck->order) ? store_get(fleet_store(deck->ui->fleet), order_at(deck->order, row)) : NULL;
}

size_t deck_chosen(struct view *view, struct ui *ui, const struct store_row **rows, size_t max)
{
    struct deck *deck = (struct deck *)view;
    size_t count = 0;
    struct mark *mark, *next;
    HASH_ITER(hh, deck->marks, mark, next) {
        const struct store_row *row = store_get(fleet_store(ui->fleet), mark->slot);
        if (row && strcmp(row->record->uid, mark->uid) == 0 && count < max)
            rows[count++] = row;
    }
    const struct store_row *row = deck_row(deck, deck->row);
    if (!count && row && max)
        rows[count++] = row;
    return count;
}

bool deck_is_narrowed(struct view *view, size_t *shown)
{
    struct deck *deck = (struct deck *)view;
    *shown = order_count(deck->order);
    return (order_filter_get(deck->order) || order_need_you(deck->order)) && !order_is_working(deck->order);
}

/* -- moving ----------------------------------------------------------------------------- */

void deck_move_to(struct deck *deck, long row)
{
    long last = (long)order_count(deck->order) - 1;
    row = row > last ? last : row;
    row = row < 0 ? 0 : row;
    deck->row = (size_t)row;
    deck->cursor = last >= 0 ? order_at(deck->order, deck->row) : SLOT_NONE;
    const struct store_row *at = deck_row(deck, deck->row);
    if (at)
        snprintf(deck->cursor_uid, sizeof deck->cursor_uid, "%s", at->record->uid);
}

/* After rows came and went the cursor stays on its Backup; where that is gone, on its place. */
static void follow_cursor(struct deck *deck)
{
    if (!order_count(deck->order)) { /* nothing is shown: it waits for its Backup */
        deck->row = 0;
        return;
    }
    const struct store_row *at = deck->cursor == SLOT_NONE
                                     ? NULL : store_get(fleet_store(deck->ui->fleet), deck->cursor);
    bool same = at && strcmp(at->record->uid, deck->cursor_uid) == 0; /* slots are used again */
    long row = same ? order_row(deck->order, deck->cursor) : -1;
    deck_move_to(deck, row >= 0 ? row : (long)deck->row);
}

static void jump_typing(void *arg, struct ui *ui, const char *text)
{
    struct deck *deck = arg;
    size_t len = strlen(text), count = order_count(deck->order);
    (void)ui;
    for (size_t i = 0; len && i < count; i++) {
        const struct store_row *row = deck_row(deck, i);
        if (row && strncasecmp(row->record->name, text, len) == 0) {
            deck_move_to(deck, (long)i);
            return;
        }
    }
}

static void jump_done(void *arg, struct ui *ui, const char *text)
{
    struct deck *deck = arg;
    const struct store_row *row = deck_row(deck, deck->row);
    if (text && *text && (!row || strncasecmp(row->record->name, text, strlen(text)) != 0))
        ui_say(ui, STYLE_WARN, "No backup shown here has a name that begins with %s.", text);
}

/* -- acting ------------------------------------------------------------------------------------ */

static bool act_command(struct deck *deck, enum ui_command command)
{
    int action;
    const struct store_row *rows[DECK_MARKS_MAX];
    if (!act_of_command(command, &action))
        return false;
    size_t count = deck_chosen(&deck->view, deck->ui, rows, DECK_MARKS_MAX);
    act_open(deck->ui, action, rows, count);
    return true;
}

static void copy(struct deck *deck)
{
    const struct store_row *row = deck_row(deck, deck->row);
    if (row && term_copy(deck->ui->term, row->record->name))
        ui_say(deck->ui, STYLE_TEXT, "Copied %s.", row->record->name);
}

static bool move_command(struct deck *deck, enum ui_command command)
{
    long row = (long)deck->row, page = deck->page > 1 ? (long)deck->page - 1 : 1;
    switch (command) {
    case UI_UP: deck_move_to(deck, row - 1); return true;
    case UI_DOWN: deck_move_to(deck, row + 1); return true;
    case UI_PAGE_UP: deck_move_to(deck, row - page); return true;
    case UI_PAGE_DOWN: deck_move_to(deck, row + page); return true;
    case UI_TOP: deck_move_to(deck, 0); return true;
    case UI_BOTTOM: deck_move_to(deck, (long)order_count(deck->order) - 1); return true;
    case UI_LEFT: deck->shift = deck->shift > 8 ? deck->shift - 8 : 0; return true;
    case UI_RIGHT: deck->shift += 8; return true;
    default: return false;
    }
}

static bool list_command(struct deck *deck, enum ui_command command)
{
    struct ui *ui = deck->ui;
    bool reverse;
    switch (command) {
    case UI_FILTER: deck_ask_filter(deck); return true;
    case UI_NEED_YOU: deck_toggle_need_you(deck); return true;
    case UI_SORT_PREV: deck_sort_step(deck, -1); return true;
    case UI_SORT_NEXT: deck_sort_step(deck, 1); return true;
    case UI_SORT_REVERSE: {
        int column = order_column(deck->order, &reverse);
        order_sort(deck->order, column, !reverse);
        return true;
    }
    case UI_JUMP:
        ui_prompt(ui, &(struct prompt_spec){.label = "jump to ", .done = jump_done, .typing = jump_typing,
                                            .arg = deck});
        return true;
    case UI_WIDE: deck->wide = !deck->wide; deck->shift = 0; return true;
    case UI_NAMESPACES: ui_push(ui, namespaces_new(ui)); return true;
    case UI_ALL_NAMESPACES: fleet_set_namespaces(ui->fleet, NULL); return true;
    case UI_BACK: deck_back(deck); return true;
    default: return false;
    }
}

/* At the backup under the cursor. */
static void look_closer(struct deck *deck, enum ui_command command)
{
    struct ui *ui = deck->ui;
    if (command == UI_LOGS)
        logs_open(ui, deck_row(deck, deck->row));
    else
        ui_push(ui, command == UI_ASK ? ask_new(ui, deck_row(deck, deck->row))
                    : command == UI_YAML ? yaml_new(ui, deck->cursor) : describe_new(ui, deck->cursor));
}

static bool deck_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct deck *deck = (struct deck *)view;
    if (move_command(deck, command) || deck_mark_command(deck, command) || list_command(deck, command) ||
        act_command(deck, command))
        return true;
    bool any = deck_row(deck, deck->row) != NULL;
    switch (command) {
    case UI_OPEN:
    case UI_DESCRIBE:
    case UI_YAML:
    case UI_LOGS:
    case UI_ASK:
        if (any)
            look_closer(deck, command);
        else
            ui_say(ui, STYLE_WARN, "There is no backup here.");
        return true;
    case UI_COPY: copy(deck); return true;
    default: return false;
    }
}

/* -- the view -------------------------------------------------------------------------------------- */

/* Of the rows on the screen, and the cursor's: nothing is asked for what nobody sees. */
static void want_facts(struct deck *deck)
{
    for (size_t i = deck->top; i < deck->top + deck->page; i++) {
        const struct store_row *row = deck_row(deck, i);
        if (row)
            view_wants(deck->ui, row, i == deck->row);
    }
}

static void deck_refresh(struct view *view, struct ui *ui)
{
    struct deck *deck = (struct deck *)view;
    order_refresh(deck->order, ui_now_ms(ui));
    follow_cursor(deck);
}

/* Where the detail goes: beside a list that is wide enough, else below one that is high enough. Below, it keeps the
 * height
 * that was needed once, and what is said above the hints takes its last row: the list does not jump. */
static struct rect split(struct deck *deck, const struct description *d, struct rect *list, struct rect r)
{
    struct rect detail = {0, 0, 0, 0};
    int whole = term_rows(deck->ui->term) - r.row - 1; /* without what is said */
    *list = r;
    if (deck->for_rows != whole || deck->for_cols != r.cols)
        deck->detail_rows = DETAIL_LEAST;
    deck->for_rows = whole;
    deck->for_cols = r.cols;
    if (!d->count)
        return detail;
    if (r.cols >= 170) {
        list->cols = r.cols * 3 / 5;
        detail = (struct rect){r.row, r.col + list->cols + 2, r.rows, r.cols - list->cols - 2};
    } else if (whole >= 12) {
        int lines = deck_detail_lines(d, r.cols - 2, false), most = whole / 2;
        deck->detail_rows = lines > deck->detail_rows ? lines : deck->detail_rows;
        lines = deck->detail_rows > most ? most : deck->detail_rows;
        list->rows = whole - lines - 1;
        detail = (struct rect){r.row + list->rows, r.col, r.rows - list->rows, r.cols};
    } else if (r.rows >= TITLE_FROM) { /* its title alone: the list may have cut its name */
        list->rows = r.rows - 1;
        detail = (struct rect){r.row + list->rows, r.col, 1, r.cols};
    }
    return detail;
}

static void draw_empty(struct deck *deck, struct canvas *c, struct rect r)
{
    struct ui *ui = deck->ui;
    struct str why;
    str_init(&why, STR_SMALL);
    size_t all = store_count(fleet_store(ui->fleet));
    const struct filter *filter = order_filter_get(deck->order);
    if (all && order_is_working(deck->order))
        str_add(&why, "Looking...");
    else if (all && filter)
        str_addf(&why, "None of %zu backups matches the filter %s\n%s takes it off.", all, filter_text(filter),
                 keymap_key(ui->keys, "deck", UI_BACK));
    else if (all)
        str_addf(&why, "None of %zu backups needs you.\n%s shows them all.", all,
                 keymap_key(ui->keys, "deck", UI_NEED_YOU));
    else
        fleet_empty(ui->fleet, &why);
    int row = r.row + 1;
    const char *next = why.data;
    while (next && *next && row < r.row + r.rows && r.cols > 4) {
        const char *line = next;
        size_t len = text_wrap(line, (size_t)(r.cols - 4), &next);
        canvas_textf(c, row++, r.col + 2, r.cols - 4, STYLE_TEXT, "%.*s", (int)len, line);
    }
    str_done(&why);
}

static int64_t deck_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct deck *deck = (struct deck *)view;
    struct rect list;
    struct description d;
    description_init(&d);
    const struct store_row *row = deck_row(deck, deck->row);
    if (row)
        deck_detail_fill(deck, row, &d);
    struct rect detail = split(deck, &d, &list, r);
    deck->page = list.rows > 1 ? (size_t)list.rows - 1 : 1;
    int64_t until = deck_table_draw(deck, c, list);
    want_facts(deck);
    if (!row)
        draw_empty(deck, c, (struct rect){list.row + 1, list.col, list.rows - 1, list.cols});
    if (detail.rows > 0)
        deck_detail_draw(deck, &d, c, detail);
    description_done(&d);
    int64_t wants = ui_now_ms(ui) + WANTS_EACH_MS;
    return row && wants < until ? wants : until;
}

static void deck_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct deck *deck = (struct deck *)view;
    const struct store_row *rows[DECK_MARKS_MAX];
    size_t count = deck_chosen(view, ui, rows, DECK_MARKS_MAX), marks = HASH_COUNT(deck->marks);
    bool row = deck_row(deck, deck->row) != NULL, filtered = order_filter_get(deck->order);
    if (marks) {
        snprintf(deck->marks_word, sizeof deck->marks_word, "unmark %zu", marks);
        hints_add(hints, UI_UNMARK_ALL, deck->marks_word, false);
    }
    if (filtered || order_need_you(deck->order))
        hints_add(hints, UI_BACK, filtered ? "filter off" : "all", false);
    if (row && !marks)
        hints_add(hints, UI_OPEN, "open", false);
    bool trouble = row && !marks && deck_row(deck, deck->row)->state.needs_you;
    if (trouble) /* the log tells why: before what can be done about it */
        hints_add(hints, UI_LOGS, "log", false);
    act_hint(ui, rows, count, hints);
    if (row && !marks && !trouble)
        hints_add(hints, UI_LOGS, "log", false);
    hints_add(hints, UI_FILTER, "filter", false);
    if (store_needs_you(fleet_store(ui->fleet)) && !order_need_you(deck->order))
        hints_add(hints, UI_NEED_YOU, "need you", false);
    if (row)
        hints_add(hints, UI_MARK, "mark", false);
    hints_add(hints, UI_NAMESPACES, "namespaces", false);
    if (br_runs(ui->br))
        hints_add(hints, UI_RUNS, "runs", false);
    if (row)
        hints_add(hints, UI_YAML, "yaml", false);
    hints_add(hints, UI_HELP, "help", false);
    hints_add(hints, UI_QUIT, "quit", false);
}

static void deck_free(struct view *view)
{
    struct deck *deck = (struct deck *)view;
    deck_unmark_all(deck);
    order_free(&deck->order);
    free(deck->filter_before);
    free(deck);
}

const struct view_ops view_deck = {
    .name = "deck", .keys = deck_keys, .key_count = ARRAY_LEN(deck_keys), .refresh = deck_refresh, .draw = deck_draw,
    .command = deck_command, .hints = deck_hints, .free = deck_free,
};

static void on_order(void *arg) { ui_mark(((struct deck *)arg)->ui); }

struct view *deck_new(struct ui *ui)
{
    struct deck *deck = xcalloc(1, sizeof *deck);
    deck->view.ops = &view_deck;
    deck->ui = ui;
    deck->cursor = deck->anchor = SLOT_NONE;
    deck->wide = options_bool(ui->options, OPTION_WIDE);
    deck->order = order_new(ui->loop, fleet_store(ui->fleet), &kind_backup, on_order, deck);
    struct error err;
    if (!deck_set_sort(&deck->view, options_text(ui->options, OPTION_SORT), &err))
        ui_say(ui, STYLE_WARN, "%s", err.text);
    return &deck->view;
}
