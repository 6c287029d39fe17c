/* deck_table.c - which columns the list has at this width, and its rows. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "deck.h"

enum {
    LEFT = 1,         /* the column of the cursor and the marks */
    FIXED = 2,        /* NAMESPACE and NAME do not scroll away */
    ROOMY = 100,      /* from here on two blanks part the columns, below one */
    WIDEST = 63,      /* of a column that takes what there is: a Kubernetes name */
    MATTERS = 90,     /* column.keep: names, states, LAG */
    SPARABLE = 20,    /* what can be done without: AGE, MODE */
    JOIN_SPARE = 4,   /* a column of the wide form joins when so much is left over */
};

/* How much of the room that names and states would take they are to have, before less needed columns have theirs. */
enum share {
    SHARE_LEAST, /* what they cannot do without */
    SHARE_SOME,  /* halfway to what is fair */
    SHARE_FAIR,  /* their ideal: a state's rest is told below, and names are cut in the middle */
    SHARE_FULL,  /* all that was seen in them */
};

static int gap(int cols) { return cols < ROOMY ? 1 : 2; }

/* A point in time, which in the longer styles is worth nothing when it is cut. */
static bool is_long_time(const struct deck *deck, int column)
{
    static const char *const times[] = {"committs", "checkpoint", "truncated", "started"};
    for (size_t i = 0; i < ARRAY_LEN(times) && deck->ui->time_style != TSO_SHORT; i++)
        if (strcmp(kind_backup.columns[column].name, times[i]) == 0)
            return true;
    return false;
}

static bool is_state(int column) { return strcmp(kind_backup.columns[column].name, "status") == 0; }

/* The title, and the arrow of the column that is sorted by. */
static int title_width(const struct deck *deck, int column)
{
    bool reverse;
    return (int)text_width(kind_backup.columns[column].title) + (order_column(deck->order, &reverse) == column);
}

static void take(const struct deck *deck, struct layout *l, int column)
{
    if (l->count < DECK_COLUMNS_MAX) {
        int least = (int)kind_backup.columns[column].least, seen = deck->seen[column];
        l->items[l->count].column = column;
        least = title_width(deck, column) > least ? title_width(deck, column) : least;
        l->items[l->count++].width = is_long_time(deck, column) && seen > least ? seen : least;
    }
}

static int total(const struct layout *l, int cols)
{
    int sum = LEFT;
    for (size_t i = 0; i < l->count; i++)
        sum += l->items[i].width + (i ? gap(cols) : 0);
    return sum;
}

static void drop(struct layout *l, size_t at)
{
    memmove(&l->items[at], &l->items[at + 1], (l->count - at - 1) * sizeof l->items[0]);
    l->count--;
}

/* As wide as what was seen in it, its title at the least. */
static int wanted(const struct deck *deck, int column)
{
    const struct column *c = &kind_backup.columns[column];
    int title = title_width(deck, column), seen = deck->seen[column];
    int most = c->ideal && (int)c->ideal > title ? (int)c->ideal : title;
    if (seen < title)
        return title;
    if (is_long_time(deck, column))
        return seen;
    /* names are what one came for: they may pass their ideal; states do where nothing else wants the room */
    if (seen > most && c->ideal && (c->keep < MATTERS || is_state(column)))
        return most;
    return seen > WIDEST ? WIDEST : seen;
}

/* Its part of what it wants. */
static int share_of(const struct deck *deck, int column, enum share share)
{
    const struct column *c = &kind_backup.columns[column];
    int want = wanted(deck, column), least = (int)c->least, ideal = (int)c->ideal;
    int part = share == SHARE_FULL || c->keep < MATTERS ? want
               : share == SHARE_LEAST ? least : share == SHARE_SOME ? (least + ideal) / 2 : ideal;
    return part < want ? part : want;
}

/* What the columns take at the least, and names and states with @share. */
static int needed(const struct deck *deck, const struct layout *l, int cols, enum share share)
{
    int sum = total(l, cols);
    for (size_t i = 0; i < l->count; i++) {
        int column = l->items[i].column, width = l->items[i].width;
        int part = share_of(deck, column, share);
        if (part < width || kind_backup.columns[column].keep >= MATTERS)
            sum += part - width;
    }
    return sum;
}

/* Whether there is room for @column, which of those in @l can be done without most easily. AGE and MODE go before
 * anything else is cut; COMMITTS and CHECKPOINT only where names could no longer be told apart. */
static bool has_room(const struct deck *deck, const struct layout *l, int cols, int column)
{
    enum share share = kind_backup.columns[column].keep <= SPARABLE ? SHARE_FULL : SHARE_LEAST;
    return needed(deck, l, cols, share) <= cols;
}

/* The columns of the narrow form, fewer while they do not fit. */
static void choose(const struct deck *deck, struct layout *l, int cols)
{
    l->count = 0;
    for (size_t i = 0; i < kind_backup.column_count; i++)
        if (deck->wide || kind_backup.columns[i].keep > 0)
            take(deck, l, (int)i);
    while (!deck->wide && l->count > 1) {
        size_t worst = 0;
        for (size_t i = 1; i < l->count; i++)
            if (kind_backup.columns[l->items[i].column].keep < kind_backup.columns[l->items[worst].column].keep)
                worst = i;
        if (has_room(deck, l, cols, l->items[worst].column))
            break;
        drop(l, worst);
    }
}

/* Up to @share of what each column wants, the one that matters most first; returns what is left of @spare. */
static int widen_to(const struct deck *deck, struct layout *l, enum share share, int spare)
{
    bool done[DECK_COLUMNS_MAX] = {false};
    for (size_t n = 0; n < l->count; n++) {
        size_t best = l->count;
        for (size_t i = 0; i < l->count; i++)
            if (!done[i] && (best == l->count || kind_backup.columns[l->items[i].column].keep >
                                                     kind_backup.columns[l->items[best].column].keep))
                best = i;
        done[best] = true;
        int more = share_of(deck, l->items[best].column, share) - l->items[best].width;
        if (!deck->wide && more > spare)
            more = spare;
        if (more > 0) {
            l->items[best].width += more;
            spare -= more;
        }
    }
    return spare;
}

/* What is left over goes to the columns: first some to each, so that a long name does not leave nothing to a state. */
static void widen(const struct deck *deck, struct layout *l, int cols)
{
    for (size_t i = 0; i < l->count; i++) { /* no wider than what it holds */
        int want = wanted(deck, l->items[i].column);
        if (l->items[i].width > want)
            l->items[i].width = want;
    }
    int spare = cols - total(l, cols);
    for (enum share share = SHARE_SOME; share <= SHARE_FULL; share++)
        spare = widen_to(deck, l, share, spare);
}

/* Columns of the wide form join where there is room for them as wide as they are, and none of the narrow form had to
 * go. */
static void join(const struct deck *deck, struct layout *l, int cols)
{
    size_t narrow = 0;
    for (size_t i = 0; i < kind_backup.column_count; i++)
        narrow += kind_backup.columns[i].keep > 0;
    if (l->count < narrow)
        return;
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        int want = wanted(deck, (int)i);
        if (kind_backup.columns[i].keep > 0 || total(l, cols) + gap(cols) + want + JOIN_SPARE > cols)
            continue;
        take(deck, l, (int)i);
        l->items[l->count - 1].width = want;
    }
}

/* What nothing else wants goes to the states. */
static void fill_up(const struct deck *deck, struct layout *l, int cols)
{
    int spare = cols - total(l, cols);
    for (size_t i = 0; i < l->count; i++) {
        int more = deck->seen[l->items[i].column] - l->items[i].width;
        if (is_state(l->items[i].column) && more > 0 && spare > 0)
            l->items[i].width += more < spare ? more : spare;
    }
}

static void lay_out(const struct deck *deck, struct layout *l, int cols)
{
    choose(deck, l, cols);
    widen(deck, l, cols);
    if (!deck->wide) {
        join(deck, l, cols);
        fill_up(deck, l, cols);
    }
    int col = LEFT;
    for (size_t i = 0; i < l->count; i++) {
        l->items[i].col = col;
        col += l->items[i].width + gap(cols);
    }
    l->total = col - gap(cols);
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
        const char *arrow = l->items[i].column != sorted ? "" : deck->ui->ascii
                            ? (reverse ? "v" : "^") : (reverse ? "↓" : "↑");
        snprintf(title, sizeof title, "%s%s", column->title, arrow);
        if (column->right)
            canvas_text_right(c, r.row, r.col + col, width, STYLE_HEADER, title);
        else
            canvas_text(c, r.row, r.col + col, width, STYLE_HEADER, title);
    }
}

/* While a run of ours is followed its STATUS tells that; where it is stuck the state does, which tells why, or where
 * the operator works by itself; and of a br of ours it knows nothing. */
static bool run_cell(const struct deck *deck, const struct store_row *row, struct cell *cell)
{
    const struct br_run *run = br_run_of(deck->ui->br, row->record->ns, row->record->name);
    if (!run || run->v1 != row->record->v1 || run->origin != BR_ORIGIN_HERE || run->driver != BR_DRIVER_OPERATOR ||
        !run->action || run->stuck || br_outcome_is_end(run->outcome))
        return false;
    str_clear(&cell->text);
    str_addf(&cell->text, "%s %s: %s", state_mark_text(MARK_BUSY, deck->ui->ascii), run->action->name,
             run->outcome == BR_FOLLOWING ? (run->phase == PHASE_NONE ? "sent" : phase_name(run->phase))
                                          : br_outcome_word(run->outcome));
    cell->role = ROLE_BUSY;
    return true;
}

static bool is_column(const struct column *column, const char *name) { return strcmp(column->name, name) == 0; }

static bool is_status(const struct column *column) { return is_column(column, "status"); }

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
        int seen = (int)text_width(cell.text.data);
        if (seen > deck->seen[l->items[i].column]) {
            deck->seen[l->items[i].column] = seen;
            deck->grew = true;
        }
        if (is_column(column, "name") || is_column(column, "namespace"))
            text_cut_middle(&cell.text, width);
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

static int64_t draw_rows(struct deck *deck, const struct layout *l, struct canvas *c, struct rect r)
{
    int64_t until = INT64_MAX;
    int first = r.rows > 1 ? 1 : 0; /* one line: the row itself, no titles */
    if (first)
        draw_titles(deck, l, c, r);
    size_t rows = (size_t)(r.rows - first);
    scroll(deck, rows);
    for (size_t i = 0; i < rows && deck->top + i < order_count(deck->order); i++) {
        struct rect line = {r.row + first + (int)i, r.col, 1, r.cols};
        int64_t at = draw_row(deck, l, c, line, order_at(deck->order, deck->top + i));
        until = at < until ? at : until;
    }
    return until;
}

int64_t deck_table_draw(struct deck *deck, struct canvas *c, struct rect r)
{
    struct layout layout;
    int64_t until = INT64_MAX;
    if (r.rows <= 0 || r.cols <= 0)
        return until;
    /* Columns grow with what is seen in them, and never shrink, so that nothing jumps to and fro; those that were not
     * drawn the first time may grow the second. */
    for (int pass = 0; pass < 3; pass++) {
        lay_out(deck, &layout, r.cols);
        int most = layout.total - r.cols > 0 ? layout.total - r.cols : 0;
        deck->shift = deck->shift > most ? most : deck->shift;
        deck->grew = false;
        canvas_fill(c, r, STYLE_TEXT);
        until = draw_rows(deck, &layout, c, r);
        if (!deck->grew)
            break;
    }
    if (order_count(deck->order)) {
        int first = r.rows > 1 ? 1 : 0;
        c->cursor_row = r.row + first + (int)(deck->row - deck->top);
        c->cursor_col = r.col;
    }
    return until;
}
