/* app.c - views on a stack, keys to commands, one frame a turn. */
#include <config.h>

#include <brdeck/tui/app.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>
#include <brdeck/base/text.h>

#include "app.h"

void ui_mark(struct ui *ui) { ui->app->dirty = true; }

int64_t ui_now_ms(const struct ui *ui) { return fleet_now_ms(ui->fleet); }

void ui_push(struct ui *ui, struct view *view)
{
    view->below = ui->top;
    view->painted = false;
    ui->top = view;
    ui_mark(ui);
}

void ui_pop(struct ui *ui)
{
    struct view *view = ui->top;
    ui->top = view->below;
    view->ops->free(view);
    ui_mark(ui);
}

void ui_say(struct ui *ui, enum style style, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ui->app->message, sizeof ui->app->message, format, args);
    va_end(args);
    ui->app->message_style = style;
    ui_mark(ui);
}

void ui_prompt(struct ui *ui, const struct prompt_spec *spec) { prompt_open(ui->app, spec); }

/* -- commands that every view has ------------------------------------------------ */

/* What was begun here and is not over: others' work goes on without us anyway. */
static size_t active_here(struct ui *ui)
{
    size_t n = 0;
    for (size_t i = 0; i < br_runs(ui->br); i++) {
        const struct br_run *run = br_run_at(ui->br, i);
        n += run->origin == BR_ORIGIN_HERE && !br_outcome_is_end(run->outcome);
    }
    return n;
}

static void open_once(struct ui *ui, const char *name, struct view *(*make)(struct ui *ui))
{
    if (strcmp(ui->top->ops->name, name) != 0)
        ui_push(ui, make(ui));
}

static void quit_or_pop(struct ui *ui)
{
    struct app *app = ui->app;
    if (ui->top->below) {
        ui_pop(ui);
        return;
    }
    size_t active = active_here(ui);
    if (active && !app->quit_asked) {
        app->quit_asked = true;
        ui_say(ui, STYLE_WARN, "%zu action%s under way: %s again leaves; the cluster goes on with %s.", active,
               active == 1 ? " is" : "s are",
               keymap_key(ui->keys, "", UI_QUIT), active == 1 ? "it" : "them");
        return;
    }
    ui->quitting = true;
    loop_stop(ui->loop);
}

static bool global_command(struct ui *ui, enum ui_command command)
{
    switch (command) {
    case UI_QUIT: quit_or_pop(ui); return true;
    case UI_BACK:
        if (ui->top->below)
            ui_pop(ui);
        return true;
    case UI_HELP:
        if (strcmp(ui->top->ops->name, "help") != 0)
            ui_push(ui, help_new(ui, ui->top));
        return true;
    case UI_NOTICES: open_once(ui, "notices", notices_new); return true;
    case UI_RUNS: open_once(ui, "runs", runs_new); return true;
    case UI_JOURNAL: open_once(ui, "journal", journal_new); return true;
    case UI_PROMPT:
        ui_prompt(ui, &(struct prompt_spec){.label = ":", .history = "command", .complete = command_complete,
                                            .done = NULL, .arg = NULL});
        return true;
    case UI_TIME_STYLE: ui->time_style = (enum tso_style)(((int)ui->time_style + 1) % TSO_STYLES); return true;
    case UI_RETRY_CONNECTION:
        fleet_retry(ui->fleet);
        ui_say(ui, STYLE_TEXT, "Connecting anew.");
        return true;
    case UI_REDRAW: term_redraw(ui->term); return true;
    case UI_SUSPEND: term_suspend(ui->term); return true;
    default: return false;
    }
}

bool ui_command(struct ui *ui, enum ui_command command)
{
    if (command == UI_NONE)
        return false;
    bool known = (ui->top->ops->command && ui->top->ops->command(ui->top, ui, command)) || global_command(ui, command);
    ui_mark(ui);
    return known;
}

/* -- painting ----------------------------------------------------------------------- */

static struct view *lowest_shown(struct ui *ui)
{
    struct view *view = ui->top;
    while (view->ops->overlay && view->below)
        view = view->below;
    return view;
}

/* Draw from @lowest up to the top one. */
static int64_t draw_views(struct ui *ui, struct view *view, const struct view *lowest, struct rect r)
{
    int64_t below = view != lowest ? draw_views(ui, view->below, lowest, r) : INT64_MAX;
    int64_t at = view->ops->draw(view, ui, &ui->canvas, r);
    return at < below ? at : below;
}

static void refresh_views(struct ui *ui)
{
    const struct view *lowest = lowest_shown(ui);
    for (struct view *view = ui->top; view; view = view == lowest ? NULL : view->below)
        if (view->ops->refresh)
            view->ops->refresh(view, ui);
}

/* What was sent is at its end: what was said of it says so, or makes room for the notice. */
static void end_message(struct app *app)
{
    struct ui *ui = &app->ui;
    const struct br_run *last = NULL;
    for (size_t i = 0; i < br_runs(ui->br); i++)
        if (br_run_at(ui->br, i)->origin == BR_ORIGIN_HERE)
            last = br_run_at(ui->br, i);
    app->message_style = STYLE_TEXT;
    app->message[0] = '\0';
    if (!last || !last->action || last->outcome != BR_DONE)
        return;
    bool tells = !last->action->command; /* what is left of an object: its data, its log task */
    ui_say(ui, STYLE_OK, "Done: %s %s/%s%s%s.", last->action->name, last->ns, last->name, tells ? ": " : "",
           tells ? last->text : "");
}

/* What was said, in as many rows as it needs where there is room; returns how many. */
static int draw_message(struct app *app, int rows, int cols)
{
    struct canvas *c = &app->ui.canvas;
    int most = rows > 12 ? MESSAGE_ROWS : 1, need = 0, row;
    size_t width = cols > 2 ? (size_t)cols - 2 : 1;
    for (const char *next = app->message; next && need < most; need++)
        text_wrap(next, width, &next);
    canvas_fill(c, (struct rect){rows - need, 0, need, cols}, STYLE_TEXT);
    row = rows - need;
    for (const char *next = app->message; next && row < rows; row++) {
        const char *line = next;
        size_t len = text_wrap(line, width, &next);
        canvas_textn(c, row, 1, cols - 1, app->message_style, line, row + 1 < rows ? len : strlen(line));
    }
    return need;
}

/* The lines below the view: what was said, then the prompt or the hints. Returns how many rows are left above. */
static int draw_foot(struct app *app, int rows, int cols)
{
    struct ui *ui = &app->ui;
    if (rows < 3)
        return rows;
    struct hints hints = {.count = 0};
    if (app->prompt.open) {
        prompt_draw(app, (struct rect){rows - 1, 0, 1, cols});
    } else {
        if (ui->top->ops->hints)
            ui->top->ops->hints(ui->top, ui, &hints);
        hints_draw(ui, &hints, (struct rect){rows - 1, 0, 1, cols});
    }
    rows--;
    struct str notice, tail;
    str_init(&notice, MESSAGE_MAX);
    str_init(&tail, MESSAGE_MAX);
    if (app->message_style == STYLE_BUSY && !active_here(ui))
        end_message(app);
    if (loan_draw(app, (struct rect){rows - 1, 0, 1, cols})) {
        rows--;
    } else if (app->message[0]) {
        rows -= draw_message(app, rows, cols);
    } else if (rows >= NOTICE_ROWS && bar_notice(ui, &notice, &tail)) {
        int end = (int)text_width(tail.data), col = 1;
        canvas_fill(&ui->canvas, (struct rect){--rows, 0, 1, cols}, STYLE_NOTICE);
        col += canvas_text(&ui->canvas, rows, col, cols - col - end, STYLE_NOTICE, notice.data);
        canvas_text(&ui->canvas, rows, col, cols - col, STYLE_NOTICE, tail.data);
    }
    str_done(&notice);
    str_done(&tail);
    return rows;
}

static void paint(struct app *app)
{
    struct ui *ui = &app->ui;
    int rows = term_rows(ui->term), cols = term_cols(ui->term);
    int64_t until = INT64_MAX;
    refresh_views(ui);

    if (ui->canvas.rows != rows || ui->canvas.cols != cols)
        canvas_resize(&ui->canvas, rows, cols);
    canvas_clear(&ui->canvas);
    int top = rows >= 2 ? 1 : 0;
    if (top)
        until = bar_draw(ui, (struct rect){0, 0, 1, cols});
    int bottom = draw_foot(app, rows, cols);
    struct { int row, col; bool shown; } foot = {ui->canvas.cursor_row, ui->canvas.cursor_col, ui->canvas.cursor_shown};
    int64_t at = draw_views(ui, ui->top, lowest_shown(ui),
                            (struct rect){top, 0, bottom - top > 0 ? bottom - top : 0, cols});
    until = at < until ? at : until;
    if (app->prompt.open) { /* the cursor is where one types */
        ui->canvas.cursor_row = foot.row;
        ui->canvas.cursor_col = foot.col;
        ui->canvas.cursor_shown = foot.shown;
    }
    if (!term_show(ui->term, &ui->canvas, &ui->theme))
        return; /* still dirty: on_ready comes */
    app->dirty = app->urgent = false;
    app->painted_us = clock_mono_us();
    ui->top->painted = true;

    loop_timer_cancel(&app->holds);
    if (until != INT64_MAX) {
        int64_t wait = until - ui_now_ms(ui);
        loop_timer_set(&app->holds, wait < 20 ? 20 : wait + 1);
    }
}

/* The end of each turn: a frame when something changed, at most 30 a second unless a key waits. */
static void end_of_turn(void *arg)
{
    struct app *app = arg;
    if (!app->dirty || app->lent || app->ui.quitting)
        return;
    int64_t wait_us = app->painted_us + FRAME_US - clock_mono_us();
    if (app->urgent || wait_us <= 0)
        paint(app);
    else if (!loop_timer_is_set(&app->frame))
        loop_timer_set(&app->frame, wait_us / 1000 + 1);
}

static void do_nothing(void *arg) { (void)arg; }

static void on_holds(void *arg) { ui_mark(&((struct app *)arg)->ui); }

/* -- events ----------------------------------------------------------------------------- */

static void on_key(void *arg, struct key_press key)
{
    struct app *app = arg;
    struct ui *ui = &app->ui;
    app->urgent = app->dirty = true;
    if (loan_key(app, key))
        return;
    if (app->prompt.open) {
        prompt_key(app, key);
        return;
    }
    app->message[0] = '\0';
    if (ui->top->ops->overlay && !ui->top->painted)
        return; /* typed before the dialog could be read */
    if (ui->top->ops->key && ui->top->ops->key(ui->top, ui, key))
        return;
    enum ui_command command = keymap_find(ui->keys, ui->top->ops->name, key);
    if (command != UI_QUIT)
        app->quit_asked = false;
    if (command == UI_NONE || !ui_command(ui, command)) {
        char text[KEY_TEXT_MAX];
        ui_say(ui, STYLE_DIM, "%s does nothing here; %s shows what does.", key_format(key, text),
               keymap_key(ui->keys, "", UI_HELP));
    }
}

static void on_paste(void *arg, const char *text, size_t len)
{
    struct app *app = arg;
    struct view *top = app->ui.top;
    app->urgent = app->dirty = true;
    if (app->prompt.open)
        prompt_paste(app, text, len);
    else if (top->ops->paste && top->painted)
        top->ops->paste(top, &app->ui, text, len);
    else
        ui_say(&app->ui, STYLE_DIM, "What was pasted is dropped: nothing asks for text here.");
}

static void on_resize(void *arg, int rows, int cols)
{
    struct app *app = arg;
    (void)rows, (void)cols;
    app->urgent = app->dirty = true;
}

static void on_gone(void *arg)
{
    struct app *app = arg;
    log_info("the terminal is gone");
    app->ui.quitting = true;
    loop_stop(app->ui.loop);
}

static void on_change(void *arg) { ui_mark(&((struct app *)arg)->ui); }

/* -- beginning and end ------------------------------------------------------------------------ */

static int color_depth(const struct options *options)
{
    static const struct { const char *name; int colors; } depths[] = {
        {"never", 0}, {"8", 8}, {"16", 16}, {"256", 256}, {"rgb", 1 << 24},
    };
    const char *wanted = options_text(options, OPTION_COLOR);
    for (size_t i = 0; i < ARRAY_LEN(depths); i++)
        if (strcmp(depths[i].name, wanted) == 0)
            return depths[i].colors;
    const char *no_color = getenv("NO_COLOR");
    return no_color && *no_color ? 0 : -1;
}

static bool app_open(struct app *app, const struct app_options *options, struct error *err)
{
    struct ui *ui = &app->ui;
    const struct options *o = options->options;
    *ui = (struct ui){.loop = options->loop, .options = o, .demo = options->demo, .app = app,
                      .read_only = options_bool(o, OPTION_READ_ONLY),
                      .ascii = options_bool(o, OPTION_ASCII) || !text_is_utf8()};
    tso_style_parse(options_text(o, OPTION_TIME), &ui->time_style);
    loop_timer_init(&app->frame, ui->loop, do_nothing, NULL);
    loop_timer_init(&app->holds, ui->loop, on_holds, app);
    canvas_init(&ui->canvas, 1, 1);
    ui->keys = keymap_new();
    if (!theme_load(options_text(o, OPTION_THEME), &ui->theme, err))
        return false;

    struct fleet_options fleet = {.namespaces = options->namespaces};
    ui->fleet = fleet_new(ui->loop, options->client, &fleet, on_change, app);
    const char *journal = options_text(o, OPTION_JOURNAL);
    struct br_options br = {.loop = ui->loop, .fleet = ui->fleet, .read_only = ui->read_only,
                            .journal = journal && *journal ? journal : NULL};
    ui->br = br_new(&br, on_change, app);
    br_find_runs(ui->br);
    ui_push(ui, deck_new(ui));
    for (size_t i = 0; i < view_count; i++)
        keymap_add(ui->keys, view_table[i]->name, view_table[i]->keys, view_table[i]->key_count);
    if (!keymap_configure(ui->keys, o, err))
        return false;

    struct term_options term = {.ascii = ui->ascii, .colors = color_depth(o),
                                .esc_delay_ms = (int)options_number(o, OPTION_ESC_DELAY)};
    struct term_events events = {.on_key = on_key, .on_paste = on_paste, .on_resize = on_resize, .on_gone = on_gone,
                                 .on_ready = on_change, .arg = app};
    ui->term = term_open(ui->loop, &term, &events, err);
    if (!ui->term)
        return false;
    alloc_on_death(term_restore);
    loan_begin(app, kube_client_auth(options->client));
    loop_on_turn(ui->loop, end_of_turn, app);
    app->dirty = true;
    return true;
}

static void app_close(struct app *app, struct kube_client *client)
{
    struct ui *ui = &app->ui;
    loop_on_turn(ui->loop, NULL, NULL);
    loan_end(app, kube_client_auth(client));
    prompt_done(app);
    while (ui->top)
        ui_pop(ui);
    br_free(&ui->br);
    fleet_free(&ui->fleet);
    keymap_free(&ui->keys);
    loop_timer_cancel(&app->frame);
    loop_timer_cancel(&app->holds);
    free(app->tasks_seen);
    if (ui->term)
        term_close(&ui->term);
    alloc_on_death(NULL);
    canvas_done(&ui->canvas);
}

int app_run(const struct app_options *options, struct error *err)
{
    struct app *app = xcalloc(1, sizeof *app);
    bool open = app_open(app, options, err);
    if (open)
        loop_run(options->loop);
    app_close(app, options->client);
    free(app);
    return open ? 0 : 1;
}
