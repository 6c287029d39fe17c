/* logs.c - what br says of a Backup: its log as it comes, only its errors, that of the run before. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>
#include <brdeck/base/text.h>
#include <brdeck/br/facts.h>
#include <brdeck/br/log.h>

#include "view.h"

enum { LINES_MAX = 20000, BYTES_MAX = 32 * 1024 * 1024, DROP_PART = 5, STACK_MAX = 100 };

/* All lines, or those that tell of trouble. */
struct page {
    struct pager *pager;
    bool reading;          /* the reader went up: new lines do not move the text */
};
struct logs {
    struct view view;
    struct ui *ui;
    char *ns, *name, *job; /* job NULL: the newest */
    bool v1, over, previous, only_bad, kept;
    struct br_log *log;
    struct page all, bad;
    size_t *bad_at;        /* of each line of @bad, which of all it is; counted from the beginning */
    size_t bad_room, dropped;
    char seen_job[40];     /* uid of the operator's newest Job, as of before the end of what is shown; "" not known */
    bool newer;            /* since then the Backup got another one */
    int in_trouble;        /* the last line was of an error: so many lines without a level belong to it (a stack) */
};

static const struct key_binding logs_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_SEARCH, "/"}, {UI_SEARCH_NEXT, "n"}, {UI_SEARCH_PREV, "N"},
    {UI_WRAP, "w"}, {UI_ERRORS, "e"}, {UI_PREVIOUS, "o"}, {UI_BOTTOM, "G end F"}, {UI_DOWN, "enter"},
    {UI_RETRY_CONNECTION, "ctrl-r"},
};

static struct page *shown(struct logs *logs) { return logs->only_bad ? &logs->bad : &logs->all; }

/* -- lines ------------------------------------------------------------------------------------- */

static enum style style_of_level(const char *level)
{
    static const struct { const char *level; enum style style; } styles[] = {
        {"ERROR", STYLE_CRIT}, {"FATAL", STYLE_CRIT}, {"PANIC", STYLE_CRIT}, {"WARN", STYLE_WARN}, {"DEBUG", STYLE_DIM},
    };
    for (size_t i = 0; i < ARRAY_LEN(styles); i++)
        if (strcmp(styles[i].level, level) == 0)
            return styles[i].style;
    return STYLE_TEXT;
}

/* The oldest go where there are too many, or too long ones; the kept file and `brdeck logs` have no such bound. */
static void drop_old(struct logs *logs)
{
    size_t gone = 0, bad = pager_lines(logs->bad.pager), drop = pager_lines(logs->all.pager) / DROP_PART;
    pager_drop(logs->all.pager, drop);
    logs->dropped += drop;
    while (gone < bad && logs->bad_at[gone] < logs->dropped)
        gone++;
    if (gone)
        pager_drop(logs->bad.pager, gone);
    memmove(logs->bad_at, logs->bad_at + gone, (bad - gone) * sizeof *logs->bad_at);
}

static void add_bad(struct logs *logs, enum style style, const char *line)
{
    size_t count = pager_lines(logs->bad.pager);
    if (count == logs->bad_room) {
        logs->bad_room = logs->bad_room ? 2 * logs->bad_room : 64;
        logs->bad_at = xreallocarray(logs->bad_at, logs->bad_room, sizeof *logs->bad_at);
    }
    logs->bad_at[count] = logs->dropped + pager_lines(logs->all.pager) - 1;
    pager_add(logs->bad.pager, style, 0, line);
}

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len)
{
    struct logs *logs = arg;
    const char *level = br_log_level(line, len);
    enum style style = *level ? style_of_level(level) : logs->in_trouble ? STYLE_WARN : STYLE_TEXT;
    (void)at_ms;
    bool bad = style == STYLE_CRIT || style == STYLE_WARN;
    logs->in_trouble = !bad ? 0 : *level ? STACK_MAX : logs->in_trouble - 1;
    pager_add(logs->all.pager, style, 0, line);
    if (bad)
        add_bad(logs, style, line);
    if (pager_lines(logs->all.pager) > LINES_MAX || pager_bytes(logs->all.pager) > BYTES_MAX)
        drop_old(logs);
    ui_mark(logs->ui);
}

/* -- its way -------------------------------------------------------------------------------------- */

/* A log that failed outlives its Pod, which the operator deletes (rule 22). */
static void keep(struct logs *logs)
{
    char path[512];
    struct error err;
    logs->kept = true;
    if (br_log_has_failed(logs->log) && !br_log_keep(logs->log, path, sizeof path, &err))
        log_warn("%s", err.text);
}

static void on_phase(void *arg)
{
    struct logs *logs = arg;
    if (br_log_phase(logs->log) == BR_LOG_ENDED && !logs->kept)
        keep(logs);
    ui_mark(logs->ui);
}

static void begin(struct logs *logs)
{
    br_log_free(&logs->log);
    pager_clear(logs->all.pager);
    pager_clear(logs->bad.pager);
    logs->all.reading = logs->bad.reading = logs->kept = logs->newer = false;
    logs->seen_job[0] = '\0';
    logs->dropped = 0;
    logs->in_trouble = 0;
    logs->log = br_log_new(logs->ui->br, &(struct br_log_spec){
        .ns = logs->ns, .name = logs->name, .v1 = logs->v1, .job = logs->job, .follow = !logs->previous && !logs->over,
        .onward = true, .previous = logs->previous, .on_line = on_line, .on_phase = on_phase, .arg = logs});
}

static bool is_over(const struct logs *logs) { return br_log_phase(logs->log) >= BR_LOG_ENDED; }

/* What is shown has ended and stays, as it may be read: a Job that the Backup gets then is offered. */
static void look_for_newer(struct logs *logs)
{
    const struct store *store = fleet_store(logs->ui->fleet);
    slot_t slot = store_find_group(store, logs->v1, logs->ns, logs->name);
    const struct store_row *row = slot == SLOT_NONE ? NULL : store_get(store, slot);
    const char *uid = row && row->facts && row->facts->job.present ? row->facts->job.uid : "";
    if (*uid && (!is_over(logs) || !*logs->seen_job))
        snprintf(logs->seen_job, sizeof logs->seen_job, "%s", uid);
    logs->newer = is_over(logs) && *uid && strcmp(uid, logs->seen_job) != 0;
}

static void logs_refresh(struct view *view, struct ui *ui)
{
    struct logs *logs = (struct logs *)view;
    br_facts_want(ui->br, logs->ns); /* an Event may tell why its Job has no Pod; and a newer Job be made */
    look_for_newer(logs);
}

/* -- the view ---------------------------------------------------------------------------------------- */

static const struct { const char *word; enum style style; } phases[] = {
    [BR_LOG_LOOKING] = {"", STYLE_DIM},      [BR_LOG_WAITING] = {"", STYLE_WARN}, [BR_LOG_READING] = {"", STYLE_DIM},
    [BR_LOG_BETWEEN] = {"", STYLE_WARN},
    [BR_LOG_ENDED] = {"", STYLE_DIM},        [BR_LOG_KEPT] = {"The Pod is gone; this was ", STYLE_WARN},
    [BR_LOG_NONE] = {"No log: ", STYLE_WARN}, [BR_LOG_FAILED] = {"No log: ", STYLE_CRIT},
};

static void draw_title(struct logs *logs, struct ui *ui, struct canvas *c, struct rect r)
{
    struct page *page = shown(logs);
    enum br_log_phase phase = br_log_phase(logs->log);
    struct str at;
    str_init(&at, 256);
    if (pager_lines(page->pager))
        pager_position(page->pager, &at);
    if (logs->newer)
        str_addf(&at, "  %s reads the newer Job", keymap_key(ui->keys, "logs", UI_RETRY_CONNECTION));
    else if ((phase == BR_LOG_READING || phase == BR_LOG_BETWEEN) && !logs->previous && !logs->over)
        str_addf(&at, "  %s%s", page->reading ? keymap_key(ui->keys, "logs", UI_BOTTOM) : "",
                 page->reading ? " follows" : "following");
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    int col = 1 + canvas_textf(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, "log %s/%s%s%s", logs->ns, logs->name,
                               logs->previous ? ", the run before" : "", logs->only_bad ? ", errors and warnings" : "");
    if (r.cols - col - 1 > (int)text_width(at.data) + 1)
        canvas_text_right(c, r.row, r.col + col, r.cols - col - 1, STYLE_DIM, at.data);
    str_done(&at);
}

static enum style style_of_end(const struct logs *logs)
{
    enum br_log_phase phase = br_log_phase(logs->log);
    return phase == BR_LOG_ENDED && br_log_has_failed(logs->log) ? STYLE_CRIT : phases[phase].style;
}

/* Whose log it is, or what is waited for, or why there is none: in one row, in full where nothing else is to be
 * read. */
static void draw_source(struct logs *logs, struct canvas *c, struct rect r)
{
    struct str text;
    int rows = pager_lines(logs->all.pager) || r.rows < 1 ? r.rows > 0 : r.rows, row = 0;
    str_init(&text, STR_SMALL);
    str_addf(&text, "%s%s", phases[br_log_phase(logs->log)].word, br_log_text(logs->log));
    canvas_fill(c, (struct rect){r.row, r.col, rows, r.cols}, STYLE_TEXT);
    for (const char *next = text.data; next && row < rows && r.cols > 2; row++) {
        const char *line = next;
        size_t len = rows > 1 ? text_wrap(line, (size_t)r.cols - 2, &next) : strlen(line);
        next = rows > 1 ? next : NULL;
        canvas_textn(c, r.row + row, r.col + 1, r.cols - 1, style_of_end(logs), line, len);
    }
    str_done(&text);
}

static int64_t logs_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct logs *logs = (struct logs *)view;
    struct page *page = shown(logs);
    struct rect body = {r.row + 2, r.col, r.rows - 2, r.cols};
    pager_draw(page->pager, c, body);
    if (!page->reading && !pager_at_end(page->pager)) {
        pager_command(page->pager, UI_BOTTOM);
        pager_draw(page->pager, c, body);
    }
    draw_title(logs, ui, c, r);
    draw_source(logs, c, (struct rect){r.row + 1, r.col, r.rows - 1, r.cols});
    if (logs->only_bad && !pager_lines(page->pager) && pager_lines(logs->all.pager) && body.rows > 1)
        canvas_textf(c, body.row + 1, r.col + 1, r.cols - 1, STYLE_DIM,
                     "Not one of %zu lines is an error or a warning.", pager_lines(logs->all.pager));
    return ui_now_ms(ui) + WANTS_EACH_MS;
}

/* The same place among all lines, and among those of trouble. */
static void turn(struct logs *logs)
{
    struct page *from = shown(logs), *to = logs->only_bad ? &logs->all : &logs->bad;
    size_t top = pager_top(from->pager), bad = pager_lines(logs->bad.pager), line = 0;
    if (logs->only_bad)
        line = top < bad ? logs->bad_at[top] - logs->dropped : 0;
    else
        while (line < bad && logs->bad_at[line] - logs->dropped < top)
            line++;
    to->reading = from->reading;
    if (to->reading)
        pager_go(to->pager, line);
    logs->only_bad = !logs->only_bad;
}

static void search_done(void *arg, struct ui *ui, const char *text)
{
    struct logs *logs = arg;
    struct page *page = shown(logs);
    if (text && *text && !pager_search(page->pager, text))
        ui_say(ui, STYLE_WARN, "%s is not in this text.", text);
    page->reading = !pager_at_end(page->pager);
}

static bool logs_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct logs *logs = (struct logs *)view;
    struct page *page = shown(logs);
    switch (command) {
    case UI_ERRORS: turn(logs); return true;
    case UI_PREVIOUS:
        logs->previous = !logs->previous;
        begin(logs);
        return true;
    case UI_RETRY_CONNECTION: /* from the newest Job's beginning */
        free(logs->job);
        logs->job = NULL;
        logs->previous = logs->over = false;
        begin(logs);
        return true;
    case UI_SEARCH:
        ui_prompt(ui, &(struct prompt_spec){.label = "search ", .history = "search", .done = search_done, .arg = logs});
        return true;
    default:
        if (!text_command(ui, page->pager, command))
            return false;
        if (command != UI_WRAP)
            page->reading = !pager_at_end(page->pager);
        return true;
    }
}

static void logs_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct logs *logs = (struct logs *)view;
    (void)ui;
    hints_add(hints, UI_BACK, "back", false);
    if (logs->newer)
        hints_add(hints, UI_RETRY_CONNECTION, "newer Job", false);
    hints_add(hints, UI_ERRORS, logs->only_bad ? "all lines" : "only errors", false);
    hints_add(hints, UI_SEARCH, "search", false);
    hints_add(hints, UI_BOTTOM, shown(logs)->reading ? "to the end" : "end", false);
    hints_add(hints, UI_PREVIOUS, logs->previous ? "this run" : "run before", false);
    hints_add(hints, UI_WRAP, "wrap", false);
    hints_add(hints, UI_SEARCH_NEXT, "next", false);
    hints_add(hints, UI_COPY, "copy", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void logs_free(struct view *view)
{
    struct logs *logs = (struct logs *)view;
    br_log_free(&logs->log);
    pager_free(&logs->all.pager);
    pager_free(&logs->bad.pager);
    free(logs->bad_at);
    free(logs->ns);
    free(logs->name);
    free(logs->job);
    free(logs);
}

const struct view_ops view_logs = {
    .name = "logs", .keys = logs_keys, .key_count = ARRAY_LEN(logs_keys), .refresh = logs_refresh, .draw = logs_draw,
    .command = logs_command, .hints = logs_hints, .free = logs_free,
};

struct view *logs_new(struct ui *ui, const char *ns, const char *name, bool v1, const char *job, bool over)
{
    struct logs *logs = xcalloc(1, sizeof *logs);
    logs->view.ops = &view_logs;
    logs->ui = ui;
    logs->ns = xstrdup(ns);
    logs->name = xstrdup(name);
    logs->job = xstrdup(job && *job ? job : NULL);
    logs->v1 = v1;
    logs->over = over;
    logs->all.pager = pager_new();
    logs->bad.pager = pager_new();
    begin(logs);
    return &logs->view;
}

void logs_open(struct ui *ui, const struct store_row *row)
{
    const struct backup_record *record = row->record;
    const struct br_run *run = br_run_of(ui->br, record->ns, record->name);
    bool of_run = run && run->v1 == record->v1 && (!br_outcome_is_end(run->outcome) || run->outcome == BR_FAILED);
    ui_push(ui, logs_new(ui, record->ns, record->name, record->v1, of_run ? run->job : NULL,
                         of_run && br_outcome_is_end(run->outcome)));
}
