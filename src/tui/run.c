/* run.c - one run in full: where it stands, why, what to do, what br said. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/text.h>

#include "runs.h"

/* -- words -------------------------------------------------------------------------------------- */

/* How each outcome looks; what is not at its end is busy. */
static const struct { enum br_outcome outcome; enum state_mark mark; enum style style; } looks[] = {
    {BR_DONE, MARK_COMPLETE, STYLE_OK},      {BR_NOTHING, MARK_UNKNOWN, STYLE_WARN},
    {BR_FAILED, MARK_FAILED, STYLE_CRIT},
    {BR_REFUSED, MARK_FAILED, STYLE_CRIT},   {BR_CHANGED, MARK_TROUBLE, STYLE_WARN},
    {BR_REVERTED, MARK_TROUBLE, STYLE_CRIT},
    {BR_GONE, MARK_TROUBLE, STYLE_CRIT},     {BR_UNKNOWN, MARK_UNKNOWN, STYLE_CRIT},
    {BR_NOT_SENT, MARK_STOPPED, STYLE_WARN},
};

enum state_mark run_mark(const struct br_run *run, enum style *style)
{
    for (size_t i = 0; i < ARRAY_LEN(looks); i++)
        if (looks[i].outcome == run->outcome) {
            *style = looks[i].style;
            return looks[i].mark;
        }
    *style = run->stuck ? STYLE_WARN : STYLE_BUSY;
    return run->stuck ? MARK_TROUBLE : MARK_BUSY;
}

void run_add_what(const struct br_run *run, struct str *out)
{
    if (run->is_retry)
        str_add(out, "retry of ");
    if (run->driver != BR_DRIVER_OPERATOR)
        str_addf(out, "br %s", br_command_table[run->br_command].words);
    else if (run->action)
        str_add(out, run->action->name);
    else
        str_add(out, run->command != LOG_COMMAND_NONE ? log_command_word(run->command) : "snapshot");
}

void run_add_stand(const struct br_run *run, struct str *out)
{
    if (br_outcome_is_end(run->outcome) || run->outcome != BR_FOLLOWING)
        str_add(out, br_outcome_word(run->outcome));
    else if (run->stuck)
        str_add(out, "stuck");
    else if (run->phase == PHASE_RUNNING && run->progress > 0)
        str_addf(out, "Running %.0f%%", (double)run->progress);
    else
        str_add(out, run->phase != PHASE_NONE ? phase_name(run->phase) : br_outcome_word(run->outcome));
}

const char *run_text(const struct br_run *run)
{
    bool ended = br_outcome_is_end(run->outcome);
    return run->cause && (run->stuck || !ended) ? run->cause->sentence : run->text;
}

/* NULL: it is no more. */
static const struct br_run *run_find(struct ui *ui, unsigned id)
{
    for (size_t i = br_runs(ui->br); i-- > 0;)
        if (br_run_at(ui->br, i)->id == id)
            return br_run_at(ui->br, i);
    return NULL;
}

static void open_log(struct ui *ui, const struct br_run *run)
{
    if (run->driver == BR_DRIVER_LOCAL)
        ui_say(ui, STYLE_WARN, "It ran on this host: what br said stands in the run itself.");
    else
        ui_push(ui, logs_new(ui, run->ns, run->name, run->v1, run->job, br_outcome_is_end(run->outcome)));
}

static void cancel_answered(void *arg, struct ui *ui, const char *text)
{
    struct error err;
    if (!text || (strcmp(text, "y") != 0 && strcmp(text, "yes") != 0))
        ui_say(ui, STYLE_TEXT, "It goes on.");
    else if (br_cancel(ui->br, (unsigned)(uintptr_t)arg, &err))
        ui_say(ui, STYLE_BUSY, "br is told to end.");
    else
        ui_say(ui, STYLE_WARN, "%s", err.text);
}

static void cancel(struct ui *ui, const struct br_run *run)
{
    struct error err;
    if (run->driver == BR_DRIVER_OPERATOR || br_outcome_is_end(run->outcome)) { /* why not is br/'s to say */
        if (!br_cancel(ui->br, run->id, &err))
            ui_say(ui, STYLE_WARN, "%s", err.text);
        return;
    }
    ui_prompt(ui, &(struct prompt_spec){.label = "Stop br at this run? y/N: ", .done = cancel_answered,
                                        .arg = (void *)(uintptr_t)run->id});
}

/* Of its own group: a cluster in migration has a Backup of that name in both. */
static void describe_backup(struct ui *ui, const struct br_run *run)
{
    slot_t slot = store_find_group(fleet_store(ui->fleet), run->v1, run->ns, run->name);
    if (slot != SLOT_NONE)
        ui_push(ui, describe_new(ui, slot));
    else
        ui_say(ui, STYLE_WARN, "%s/%s is not among the backups that are listed.", run->ns, run->name);
}

bool run_do(struct ui *ui, const struct br_run *run, enum ui_command command)
{
    static const struct { enum ui_command command; void (*act)(struct ui *ui, const struct br_run *run); } acts[] = {
        {UI_LOGS, open_log}, {UI_DESCRIBE, describe_backup}, {UI_CANCEL_RUN, cancel},
    };
    for (size_t i = 0; i < ARRAY_LEN(acts); i++)
        if (acts[i].command == command) {
            if (run)
                acts[i].act(ui, run);
            return true;
        }
    return false;
}

void run_hint(const struct br_run *run, struct hints *hints)
{
    if (run && run->driver != BR_DRIVER_LOCAL)
        hints_add(hints, UI_LOGS, "log", false);
    if (run)
        hints_add(hints, UI_DESCRIBE, "describe", false);
    if (run && run->driver != BR_DRIVER_OPERATOR && !br_outcome_is_end(run->outcome))
        hints_add(hints, UI_CANCEL_RUN, "cancel", false);
}

/* -- the view -------------------------------------------------------------------------------------- */

struct run_view {
    struct view view;
    struct pager *pager;
    unsigned id;
};

static const struct key_binding run_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_SEARCH, "/"}, {UI_SEARCH_NEXT, "n"}, {UI_SEARCH_PREV, "N"},
    {UI_WRAP, "w"}, {UI_LOGS, "l"}, {UI_CANCEL_RUN, "x"}, {UI_DOWN, "enter"},
};

static void add_lines(struct description *d, enum role role, const char *label, const char *text)
{
    for (const char *line = text; line && *line; label = "") {
        size_t len = strcspn(line, "\n");
        description_add(d, role, 0, label, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void add_times(struct description *d, struct ui *ui, const struct br_run *run)
{
    char when[TSO_TEXT_MAX], span[CLOCK_TEXT_MAX];
    int64_t now = ui_now_ms(ui), end = run->ended_ms ? run->ended_ms : now;
    if (run->begun_ms)
        description_add(d, ROLE_TEXT, 0, "begun", "%s", tso_format_ms(run->begun_ms, ui->time_style, now, when));
    if (run->begun_ms && br_outcome_is_end(run->outcome))
        description_add(d, ROLE_TEXT, 0, "ended", "%s, after %s", tso_format_ms(end, ui->time_style, now, when),
                        clock_format_span(end > run->begun_ms ? end - run->begun_ms : 0, span));
    else if (run->begun_ms)
        description_add(d, ROLE_TEXT, 0, "for", "%s",
                        clock_format_span(end > run->begun_ms ? end - run->begun_ms : 0, span));
}

static void describe(struct description *d, struct ui *ui, const struct br_run *run)
{
    static const char *const origins[] = {
        [BR_ORIGIN_HERE] = "this brdeck", [BR_ORIGIN_CLUSTER] = "found in the cluster",
        [BR_ORIGIN_JOURNAL] = "an earlier brdeck, by its journal",
    };
    static const enum role roles[STYLE_COUNT] = {
        [STYLE_OK] = ROLE_OK, [STYLE_WARN] = ROLE_WARN, [STYLE_CRIT] = ROLE_CRIT, [STYLE_BUSY] = ROLE_BUSY,
    };
    enum style style;
    struct str stand;
    str_init(&stand, 256);
    str_addf(&stand, "%s ", state_mark_text(run_mark(run, &style), ui->ascii));
    run_add_stand(run, &stand);
    description_add(d, roles[style], 0, "outcome", "%s", stand.data);
    if (run->text[0] && strcmp(run->text, phase_name(run->phase)) != 0) /* that is its outcome already */
        description_add(d, ROLE_TEXT, 0, "text", "%s", run->text);
    if (run->cause) {
        description_add(d, roles[style], 0, "cause", "%s", run->cause->sentence);
        description_add(d, ROLE_TITLE, 0, "to do", "%s%s", run->cause->action, run->cause->mends_itself ?
                        " It then goes on by itself." : "");
    }
    add_lines(d, ROLE_CRIT, "br's errors", run->errors);
    add_lines(d, ROLE_TEXT, "result", run->result);
    if (!run->result)
        add_lines(d, ROLE_TEXT, "br says", run->output);
    description_add(d, ROLE_TEXT, 0, "backup", "%s/%s%s", run->ns, run->name, run->v1 ? " (TiDB Operator v1)" : "");
    description_add(d, ROLE_TEXT, 0, "driver", "%s", br_driver_names[run->driver]);
    description_add(d, ROLE_TEXT, 0, "known by", "%s", origins[run->origin]);
    add_times(d, ui, run);
    if (run->job[0])
        description_add(d, ROLE_TEXT, 0, "Job", "%s", run->job);
    if (run->pod[0])
        description_add(d, ROLE_TEXT, 0, "Pod", "%s", run->pod);
    if (run->log_path[0])
        description_add(d, ROLE_TEXT, 0, "log kept in", "%s", run->log_path);
    if (run->run_id[0])
        description_add(d, ROLE_DIM, 0, "run id", "%s", run->run_id);
    str_done(&stand);
}

static void run_refresh(struct view *view, struct ui *ui)
{
    struct run_view *v = (struct run_view *)view;
    const struct br_run *run = run_find(ui, v->id);
    struct description d;
    if (!run)
        return; /* what was shown stays */
    description_init(&d);
    describe(&d, ui, run);
    pager_renew(v->pager);
    described_fill(v->pager, &d);
    description_done(&d);
}

static int64_t run_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct run_view *v = (struct run_view *)view;
    const struct br_run *run = run_find(ui, v->id);
    struct str what;
    str_init(&what, 1024);
    if (run) {
        str_add(&what, "run: ");
        run_add_what(run, &what);
        str_addf(&what, " %s/%s", run->ns, run->name);
    }
    text_draw(v->pager, c, r, what.data, NULL, NULL);
    str_done(&what);
    return run && !br_outcome_is_end(run->outcome) ? ui_now_ms(ui) + 1000 : INT64_MAX;
}

static bool run_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct run_view *v = (struct run_view *)view;
    return run_do(ui, run_find(ui, v->id), command) || text_command(ui, v->pager, command);
}

static void run_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    const struct br_run *run = run_find(ui, ((struct run_view *)view)->id);
    hints_add(hints, UI_BACK, "back", false);
    run_hint(run, hints);
    hints_add(hints, UI_PAGE_DOWN, "page", false);
    hints_add(hints, UI_SEARCH, "search", false);
    hints_add(hints, UI_COPY, "copy", false);
    hints_add(hints, UI_TIME_STYLE, "times", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void run_free(struct view *view)
{
    struct run_view *v = (struct run_view *)view;
    pager_free(&v->pager);
    free(v);
}

const struct view_ops view_run = {
    .name = "run", .keys = run_keys, .key_count = ARRAY_LEN(run_keys), .refresh = run_refresh, .draw = run_draw,
    .command = run_command, .hints = run_hints, .free = run_free,
};

struct view *run_new(struct ui *ui, unsigned id)
{
    struct run_view *v = xcalloc(1, sizeof *v);
    (void)ui;
    v->view.ops = &view_run;
    v->pager = pager_new();
    v->id = id;
    return &v->view;
}
