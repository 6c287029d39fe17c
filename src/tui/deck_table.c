/* deck_table.c - which columns the list has at this width, and its rows. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "deck.h"

enum { GAP = 2, LEFT = 1 /* the column of the cursor and the marks */, FIXED = 2 /* NAMESPACE and NAME do not scroll away */ };

static void take(struct layout *l, int column)
{
    if (l->count < DECK_COLUMNS_MAX) {
        l->items[l->count].column = column;
        l->items[l->count++].width = (int)kind_backup.columns[column].least;
    }
}

static int least_of(const struct layout *l)
{
    int total = LEFT;
    for (size_t i = 0; i < l->count; i++)
        total += l->items[i].width + (i ? GAP : 0);
    return total;
}

static void drop(struct layout *l, size_t at)
{
    memmove(&l->items[at], &l->items[at + 1], (l->count - at - 1) * sizeof l->items[0]);
    l->count--;
}

/* The columns of the narrow form, fewer while they do not fit; then those of the wide form that fit as well. */
static void choose(struct layout *l, int cols, bool wide)
{
    l->count = 0;
    for (size_t i = 0; i < kind_backup.column_count; i++)
        if (wide || kind_backup.columns[i].keep > 0)
            take(l, (int)i);
    if (wide)
        return;
    while (l->count > 1 && least_of(l) > cols) {
        size_t worst = 0;
        for (size_t i = 1; i < l->count; i++)
            if (kind_backup.columns[l->items[i].column].keep < kind_backup.columns[l->items[worst].column].keep)
                worst = i;
        drop(l, worst);
    }
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *column = &kind_backup.columns[i];
        if (column->keep == 0 && least_of(l) + (int)column->ideal + GAP + 30 <= cols)
            take(l, (int)i);
    }
}

/* What is left over goes to the columns in their order up to their ideal, the rest to those that take all there is. */
static void widen(struct layout *l, int cols, bool wide)
{
    int spare = cols - least_of(l);
    size_t greedy = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct column *column = &kind_backup.columns[l->items[i].column];
        int more = (int)column->ideal - l->items[i].width;
        if (column->ideal == 0) {
            greedy++;
        } else if (more > 0 && (wide || spare > 0)) {
            more = !wide && more > spare ? spare : more;
            l->items[i].width += more;
            spare -= more;
        }
    }
    for (size_t i = 0; i < l->count && greedy && spare > 0; i++)
        if (kind_backup.columns[l->items[i].column].ideal == 0) {
            int more = spare / (int)greedy--;
            l->items[i].width += more > 36 ? 36 : more;
            spare -= more > 36 ? 36 : more;
        }
    int col = LEFT;
    for (size_t i = 0; i < l->count; i++) {
        l->items[i].col = col;
        col += l->items[i].width + GAP;
    }
    l->total = col - GAP;
}

/* Where column @i stands now, the wide form being scrolled; false: outside. */
static bool place(const struct deck *deck, const struct layout *l, size_t i, int cols, int *col, int *width)
{
    *col = l->items[i].col;
    *width = l->items[i].width;
    if (i >= FIXED && l->count > FIXED) {
        *col -= deck->shift;
        int edge = l->items[FIXED].col;
        if (*col < edge)
            return false;
    }
    if (*col + *width > cols)
        *width = cols - *col;
    return *width > 0;
}

static void draw_titles(const struct deck *deck, const struct layout *l, struct canvas *c, struct rect r)
{
    bool reverse;
    int sorted = order_column(deck->order, &reverse);
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    for (size_t i = 0; i < l->count; i++) {
        int col, width;
        const struct column *column = &kind_backup.columns[l->items[i].column];
        if (!place(deck, l, i, r.cols, &col, &width))
            continue;
        char title[48];
        const char *arrow = l->items[i].column != sorted ? "" : deck->ui->ascii ? (reverse ? "v" : "^") : (reverse ? "↓" : "↑");
        snprintf(title, sizeof title, "%s%s", column->title, arrow);
        if (column->right)
            canvas_text_right(c, r.row, r.col + col, width, STYLE_HEADER, title);
        else
            canvas_text(c, r.row, r.col + col, width, STYLE_HEADER, title);
    }
}

/* While a run is followed its STATUS tells that. */
static bool run_cell(const struct deck *deck, const struct store_row *row, struct cell *cell)
{
    const struct br_run *run = br_run_of(deck->ui->br, row->record->ns, row->record->name);
    if (!run || br_outcome_is_end(run->outcome))
        return false;
    str_clear(&cell->text);
    str_addf(&cell->text, "%s %s: %s", state_mark_text(MARK_BUSY, deck->ui->ascii), run->action->name,
             run->outcome == BR_FOLLOWING ? (run->phase == PHASE_NONE ? "sent" : phase_name(run->phase))
                                          : br_outcome_word(run->outcome));
    cell->role = ROLE_BUSY;
    return true;
}

static bool is_status(const struct column *column) { return strcmp(column->name, "status") == 0; }

static int64_t draw_row(struct deck *deck, const struct layout *l, struct canvas *c, struct rect r, slot_t slot)
{
    struct ui *ui = deck->ui;
    const struct store_row *row = store_get(fleet_store(ui->fleet), slot);
    if (!row)
        return INT64_MAX;
    struct column_context ctx = {.now_ms = ui_now_ms(ui), .style = ui->time_style, .ascii = ui->ascii};
    struct backup_state state;
    state_of(row->record, row->facts, ctx.now_ms, false, &state);
    int64_t until = state.until_ms;
    bool marked = deck_is_marked(deck, slot, row), is_cursor = slot == deck->cursor;
    canvas_text(c, r.row, r.col, LEFT, marked ? STYLE_MARKED : STYLE_TEXT, marked ? "*" : is_cursor ? ">" : " ");

    struct cell cell;
    str_init(&cell.text, 1024);
    for (size_t i = 0; i < l->count; i++) {
        int col, width;
        const struct column *column = &kind_backup.columns[l->items[i].column];
        if (!place(deck, l, i, r.cols, &col, &width))
            continue;
        str_clear(&cell.text);
        cell.role = ROLE_TEXT;
        cell.holds_ms = INT64_MAX;
        if (!is_status(column) || !run_cell(deck, row, &cell))
            column->print(&ctx, row->record, row->facts, &state, &cell);
        enum style style = marked && cell.role == ROLE_TEXT ? STYLE_MARKED : style_of_role(cell.role);
        if (column->right)
            canvas_text_right(c, r.row, r.col + col, width, style, cell.text.data);
        else
            canvas_text(c, r.row, r.col + col, width, style, cell.text.data);
        int64_t at = cell.holds_ms == INT64_MAX ? INT64_MAX : ctx.now_ms + cell.holds_ms;
        until = at < until ? at : until;
    }
    str_done(&cell.text);
    if (fleet_row_is_stale(ui->fleet, row))
        canvas_mark_stale(c, r);
    if (is_cursor)
        canvas_mark_cursor(c, r);
    return until;
}

/* Keep the cursor inside what is shown, moving as little as need be. */
static void scroll(struct deck *deck, size_t rows)
{
    size_t count = order_count(deck->order);
    if (deck->row < deck->top)
        deck->top = deck->row;
    if (rows && deck->row >= deck->top + rows)
        deck->top = deck->row - rows + 1;
    if (deck->top + rows > count)
        deck->top = count > rows ? count - rows : 0;
}

int64_t deck_table_draw(struct deck *deck, struct canvas *c, struct rect r)
{
    struct layout layout;
    int64_t until = INT64_MAX;
    if (r.rows <= 0 || r.cols <= 0)
        return until;
    choose(&layout, r.cols, deck->wide);
    widen(&layout, r.cols, deck->wide);
    int most = layout.total - r.cols > 0 ? layout.total - r.cols : 0;
    deck->shift = deck->shift > most ? most : deck->shift;

    int first = r.rows > 1 ? 1 : 0; /* one line: the row itself, no titles */
    if (first)
        draw_titles(deck, &layout, c, r);
    size_t rows = (size_t)(r.rows - first);
    scroll(deck, rows);
    for (size_t i = 0; i < rows && deck->top + i < order_count(deck->order); i++) {
        struct rect line = {r.row + first + (int)i, r.col, 1, r.cols};
        int64_t at = draw_row(deck, &layout, c, line, order_at(deck->order, deck->top + i));
        until = at < until ? at : until;
    }
    if (order_count(deck->order)) {
        c->cursor_row = r.row + first + (int)(deck->row - deck->top);
        c->cursor_col = r.col;
    }
    return until;
}
