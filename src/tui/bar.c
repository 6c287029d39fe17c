/* bar.c - the first line (where are we, is it fresh), the last line (what do keys do), and the notice. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/clock.h>

#include "app.h"
#include "runs.h"

/* A part of the first line; the lower @keep, the sooner it goes when there is no room. */
struct part {
    struct str text;
    enum style style;
    int keep;
    bool right, gone;
};
enum { PART_NAME, PART_DEMO, PART_WHERE, PART_WHO, PART_VERSION, PART_MODE, PART_NEED, PART_COUNT, PART_SCOPE,
      PART_SKEW, PART_FRESH, PARTS, KEEP_MOST = 10 };

static const struct { int keep; bool right; enum style style; } part_table[PARTS] = {
    [PART_NAME] = {2, false, STYLE_TITLE}, [PART_DEMO] = {9, false, STYLE_DEMO},  [PART_WHERE] = {8, false, STYLE_BAR},
    [PART_WHO] = {4, false, STYLE_BAR},    [PART_VERSION] = {1, false, STYLE_BAR}, [PART_MODE] = {7, false, STYLE_WARN},
    [PART_NEED] = {7, true, STYLE_WARN},   [PART_COUNT] = {6, true, STYLE_BAR},    [PART_SCOPE] = {5, true, STYLE_BAR},
    [PART_SKEW] = {6, true, STYLE_WARN},   [PART_FRESH] = {10, true, STYLE_BAR},
};

/* The host of a server's URL, without scheme and path. */
static void add_host(struct str *out, const char *server)
{
    const char *host = strstr(server, "://");
    host = host ? host + 3 : server;
    str_addn(out, host, strcspn(host, "/"));
}

static void say_counts(struct ui *ui, struct str *out)
{
    size_t count = store_count(fleet_store(ui->fleet));
    if (!count && (fleet_error(ui->fleet)->code || !fleet_is_settled(ui->fleet)))
        return; /* none are listed: that is not to say there are none */
    size_t shown;
    if (deck_is_narrowed(ui_deck(ui), &shown))
        str_addf(out, "%zu of ", shown);
    str_addf(out, "%zu backup%s", count, count == 1 ? "" : "s");
}

static int64_t fill_parts(struct ui *ui, struct part parts[PARTS])
{
    struct kube_client *client = fleet_client(ui->fleet);
    const struct kube_target *target = kube_client_target(client);
    int64_t holds_ms = INT64_MAX;
    enum role role = ROLE_TEXT;

    str_add(&parts[PART_NAME].text, "brdeck");
    str_add(&parts[PART_DEMO].text, ui->demo ? "DEMO" : "");
    str_add(&parts[PART_WHERE].text, target->context);
    str_addf(&parts[PART_WHO].text, "%s@", target->user);
    add_host(&parts[PART_WHO].text, target->server);
    str_add(&parts[PART_VERSION].text, fleet_server_version(ui->fleet));
    str_add(&parts[PART_MODE].text, ui->read_only ? "read-only" : "");
    size_t need = store_needs_you(fleet_store(ui->fleet));
    if (need)
        str_addf(&parts[PART_NEED].text, "%zu need%s you", need, need == 1 ? "s" : "");
    say_counts(ui, &parts[PART_COUNT].text);
    fleet_scope(ui->fleet, &parts[PART_SCOPE].text);
    const struct clock *clock = kube_client_clock(client);
    if (clock_is_skewed(clock)) {
        char span[CLOCK_TEXT_MAX];
        int64_t off = clock->offset_ms;
        str_addf(&parts[PART_SKEW].text, "this clock is %s %s", clock_format_span(off < 0 ? -off : off, span),
                 off < 0 ? "ahead" : "behind");
    }
    fleet_freshness(ui->fleet, &parts[PART_FRESH].text, &role, &holds_ms);
    parts[PART_FRESH].style = style_of_role(role);
    return holds_ms == INT64_MAX ? INT64_MAX : ui_now_ms(ui) + holds_ms;
}

static size_t width_of(const struct part parts[PARTS])
{
    size_t width = 1;
    for (int i = 0; i < PARTS; i++)
        if (!parts[i].gone && parts[i].text.len)
            width += text_width(parts[i].text.data) + (i == PART_FRESH ? 4 : 3);
    return width;
}

/* Leave out what matters least until it fits. */
static void fit_parts(struct part parts[PARTS], size_t cols)
{
    while (width_of(parts) > cols) {
        int least = -1;
        for (int i = 0; i < PARTS; i++)
            if (!parts[i].gone && parts[i].text.len && (least < 0 || parts[i].keep < parts[least].keep))
                least = i;
        if (least < 0 || least == PART_FRESH)
            break;
        parts[least].gone = true;
    }
    for (int keep = KEEP_MOST; keep > 0; keep--) /* a long one that went may have made room for short ones */
        for (int i = 0; i < PARTS; i++) {
            if (!parts[i].gone || parts[i].keep != keep)
                continue;
            parts[i].gone = false;
            parts[i].gone = width_of(parts) > cols;
        }
}

static void draw_part(struct canvas *c, int row, int *col, int end, const char *separator, const struct part *part)
{
    if (separator)
        *col += canvas_text(c, row, *col, end - *col, STYLE_DIM, separator);
    *col += canvas_text(c, row, *col, end - *col, part->style, part->text.data);
}

int64_t bar_draw(struct ui *ui, struct rect r)
{
    struct part parts[PARTS];
    for (int i = 0; i < PARTS; i++) {
        parts[i] = (struct part){.keep = part_table[i].keep, .right = part_table[i].right,
                                 .style = part_table[i].style};
        str_init(&parts[i].text, 512);
    }
    int64_t until = fill_parts(ui, parts);
    fit_parts(parts, (size_t)r.cols);

    canvas_fill(&ui->canvas, r, STYLE_BAR);
    const char *dot = ui->ascii ? " | " : " · ";
    int left = r.col + 1, end = r.col + r.cols, right = 0;
    for (int i = 0; i < PARTS; i++)
        if (parts[i].right && !parts[i].gone && parts[i].text.len)
            right += (int)text_width(parts[i].text.data) + (right ? (i == PART_FRESH ? 4 : 3) : 0);
    bool first = true;
    for (int i = 0; i < PARTS; i++)
        if (!parts[i].right && !parts[i].gone && parts[i].text.len) {
            draw_part(&ui->canvas, r.row, &left, end, first ? NULL : i == PART_WHERE || i == PART_DEMO ? "  " : dot,
                      &parts[i]);
            first = false;
        }
    int col = end - right - 1 > left + 1 ? end - right - 1 : left + 1;
    first = true;
    for (int i = 0; i < PARTS; i++)
        if (parts[i].right && !parts[i].gone && parts[i].text.len) {
            draw_part(&ui->canvas, r.row, &col, end, first ? NULL : i == PART_FRESH ? "    " : dot, &parts[i]);
            first = false;
        }
    for (int i = 0; i < PARTS; i++)
        str_done(&parts[i].text);
    return until;
}

void hints_add(struct hints *hints, enum ui_command command, const char *word, bool dim)
{
    if (hints->count == sizeof hints->items / sizeof *hints->items)
        return;
    hints->items[hints->count].command = command;
    hints->items[hints->count].word = word;
    hints->items[hints->count++].dim = dim;
}

static int hint_width(struct ui *ui, const struct hints *hints, size_t i)
{
    const char *key = keymap_key(ui->keys, ui->top->ops->name, hints->items[i].command);
    int width = *key ? (int)(text_width(key) + 1 + text_width(hints->items[i].word)) : 0;
    return hints->items[i].dim && width ? width + (int)strlen(" (no right)") : width;
}

/* Help and quit at the end are always shown; the others while there is room, the first ones first. */
static size_t hints_last(const struct hints *hints)
{
    size_t last = hints->count;
    while (last > 0 && (hints->items[last - 1].command == UI_HELP || hints->items[last - 1].command == UI_QUIT))
        last--;
    return last;
}

static size_t hints_fit(struct ui *ui, const struct hints *hints, size_t last, int cols)
{
    size_t fit = 0;
    int used = 1;
    for (size_t i = last; i < hints->count; i++)
        used += hint_width(ui, hints, i) + 3;
    for (; fit < last; fit++) {
        int width = hint_width(ui, hints, fit);
        used += width ? width + 3 : 0;
        if (used - 3 > cols)
            break;
    }
    return fit;
}

void hints_draw(struct ui *ui, const struct hints *hints, struct rect r)
{
    struct canvas *c = &ui->canvas;
    int col = r.col + 1, end = r.col + r.cols;
    size_t last = hints_last(hints), fit = hints_fit(ui, hints, last, r.cols);
    canvas_fill(c, r, STYLE_HINT);
    for (size_t i = 0; i < hints->count; i++) {
        const char *key = keymap_key(ui->keys, ui->top->ops->name, hints->items[i].command);
        bool dim = hints->items[i].dim;
        if (!*key || (i >= fit && i < last))
            continue;
        if (col > r.col + 1)
            col += canvas_text(c, r.row, col, end - col, STYLE_DIM, ui->ascii ? " | " : " · ");
        col += canvas_text(c, r.row, col, end - col, dim ? STYLE_DIM : STYLE_KEY, key);
        col += canvas_text(c, r.row, col, end - col, STYLE_HINT, " ");
        col += canvas_text(c, r.row, col, end - col, dim ? STYLE_DIM : STYLE_HINT, hints->items[i].word);
        if (dim)
            col += canvas_text(c, r.row, col, end - col, STYLE_DIM, " (no right)");
    }
}

/* Whether the log of the Backup under the cursor, a key away, is this run's. */
static bool is_at_cursor(struct ui *ui, const struct br_run *run)
{
    const struct store_row *row;
    return run->job[0] && run->outcome == BR_FAILED && strcmp(ui->top->ops->name, "deck") == 0 &&
           deck_chosen(ui_deck(ui), ui, &row, 1) == 1 && strcmp(row->record->ns, run->ns) == 0 &&
           strcmp(row->record->name, run->name) == 0;
}

/* The cause says more than what happened. */
static void add_failure(struct ui *ui, const struct br_run *run, struct str *out)
{
    char when[TSO_TEXT_MAX];
    str_addf(out, "%s %s %s/%s: ", keymap_key(ui->keys, "", UI_NOTICES),
             tso_format_ms(run->ended_ms, TSO_SHORT, ui_now_ms(ui), when), run->ns, run->name);
    if (run->cause) {
        run_add_what(run, out);
        str_addf(out, " %s: %s", br_outcome_word(run->outcome), run->cause->sentence);
    } else {
        str_add(out, run->text);
    }
}

bool bar_notice(struct ui *ui, struct str *out, struct str *tail)
{
    for (size_t i = br_unseen(ui->br) ? br_runs(ui->br) : 0; i-- > 0;) {
        const struct br_run *run = br_run_at(ui->br, i);
        if (run->seen || !br_outcome_is_end(run->outcome) || run->outcome == BR_DONE)
            continue;
        add_failure(ui, run, out);
        if (is_at_cursor(ui, run))
            str_addf(tail, ui->ascii ? " | %s log" : " · %s log", keymap_key(ui->keys, "deck", UI_LOGS));
        return true;
    }
    str_addf(out, "%s ", keymap_key(ui->keys, "", UI_NOTICES));
    return tasks_notice(ui, out);
}
