/* notices.c - what was done in this session, and what became of it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "runs.h"

struct notices {
    struct view view;
    struct pager *pager;
};

static const struct key_binding notices_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_SEARCH, "/"}, {UI_SEARCH_NEXT, "n"}, {UI_SEARCH_PREV, "N"},
    {UI_WRAP, "w"}, {UI_DOWN, "enter"}, {UI_BACK, "esc !"},
};

static void add_run(struct notices *notices, struct ui *ui, const struct br_run *run)
{
    enum style style;
    enum state_mark mark = run_mark(run, &style);
    char when[TSO_TEXT_MAX], span[CLOCK_TEXT_MAX];
    int64_t now = ui_now_ms(ui), end = run->ended_ms ? run->ended_ms : now;
    bool ended = br_outcome_is_end(run->outcome);
    struct str line;
    str_init(&line, STR_SMALL);
    str_addf(&line, "%s ", state_mark_text(mark, ui->ascii));
    run_add_what(run, &line);
    str_addf(&line, " %s/%s: %s %s %s", run->ns, run->name, br_outcome_word(run->outcome), ended ? "after" : "for",
             clock_format_span(end > run->begun_ms ? end - run->begun_ms : 0, span));
    pager_add_labelled(notices->pager, 1, 0, STYLE_DIM, tso_format_ms(run->begun_ms, TSO_SHORT, now, when), style,
                       line.data);
    if (run->text[0])
        pager_add(notices->pager, STYLE_TEXT, 13, run->text);
    if (ended && run->cause) {
        str_clear(&line);
        str_addf(&line, "%s: %s", run->cause->sentence, run->cause->action);
        pager_add(notices->pager, STYLE_TEXT, 13, line.data);
    }
    str_done(&line);
}

/* What was done here, and what others' work came to that ended badly. What is under way elsewhere is told by the
 * runs. */
static bool is_told(const struct br_run *run)
{
    return run->origin == BR_ORIGIN_HERE || (br_outcome_is_end(run->outcome) && run->outcome != BR_DONE);
}

static void notices_refresh(struct view *view, struct ui *ui)
{
    struct notices *notices = (struct notices *)view;
    br_mark_seen(ui->br);
    pager_renew(notices->pager);
    tasks_fill(ui, notices->pager);
    for (size_t i = br_runs(ui->br); i-- > 0;)
        if (is_told(br_run_at(ui->br, i)))
            add_run(notices, ui, br_run_at(ui->br, i));
    if (!pager_lines(notices->pager))
        pager_add(notices->pager, STYLE_DIM, 1,
                  "Nothing was done yet. What you do is followed here, and written to the journal.");
}

static int64_t notices_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct notices *notices = (struct notices *)view;
    text_draw(notices->pager, c, r, "Notices: what was done, the newest first", NULL, NULL);
    return br_active(ui->br) ? ui_now_ms(ui) + 1000 : INT64_MAX;
}

static bool notices_command(struct view *view, struct ui *ui, enum ui_command command)
{
    return text_command(ui, ((struct notices *)view)->pager, command);
}

static void notices_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    (void)view, (void)ui;
    hints_add(hints, UI_BACK, "back", false);
    hints_add(hints, UI_PAGE_DOWN, "page", false);
    hints_add(hints, UI_SEARCH, "search", false);
    hints_add(hints, UI_RUNS, "runs", false);
    hints_add(hints, UI_JOURNAL, "journal", false);
    hints_add(hints, UI_COPY, "copy", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void notices_free(struct view *view)
{
    struct notices *notices = (struct notices *)view;
    pager_free(&notices->pager);
    free(notices);
}

const struct view_ops view_notices = {
    .name = "notices", .keys = notices_keys, .key_count = ARRAY_LEN(notices_keys), .refresh = notices_refresh,
    .draw = notices_draw, .command = notices_command, .hints = notices_hints, .free = notices_free,
};

struct view *notices_new(struct ui *ui)
{
    (void)ui;
    struct notices *notices = xcalloc(1, sizeof *notices);
    notices->view.ops = &view_notices;
    notices->pager = pager_new();
    return &notices->view;
}
