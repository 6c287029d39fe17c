/* prompt.c - a line typed at the foot of the screen. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "app.h"

/* The history of @name; a new one where there is room, else the last. */
static struct line_edit *history_of(struct app *app, const char *name)
{
    size_t i = 0;
    while (i < HISTORIES_MAX - 1 && app->histories[i].name && strcmp(app->histories[i].name, name) != 0)
        i++;
    if (!app->histories[i].name) {
        app->histories[i].name = name;
        line_edit_init(&app->histories[i].line, 4096);
    }
    return &app->histories[i].line;
}

static void close_line(struct app *app)
{
    struct prompt *p = &app->prompt;
    p->open = false;
    if (p->line == &p->own)
        line_edit_done(&p->own);
    str_done(&p->completions);
    ui_mark(&app->ui);
}

void prompt_open(struct app *app, const struct prompt_spec *spec)
{
    struct prompt *p = &app->prompt;
    if (p->open)
        close_line(app);
    *p = (struct prompt){.open = true, .spec = *spec};
    str_init(&p->completions, STR_SMALL);
    if (spec->history) {
        p->line = history_of(app, spec->history);
    } else {
        line_edit_init(&p->own, 4096);
        p->line = &p->own;
    }
    line_edit_set(p->line, spec->initial ? spec->initial : "");
    ui_mark(&app->ui);
}

/* Close it, then tell: what is told may open the next. */
static void finish(struct app *app, bool taken)
{
    struct prompt *p = &app->prompt;
    struct prompt_spec spec = p->spec;
    char *text = taken ? xstrdup(p->line->text.data) : NULL;
    if (taken && spec.history)
        line_edit_remember(p->line);
    close_line(app);
    if (spec.done)
        spec.done(spec.arg, &app->ui, text);
    else if (text)
        ui_command_line(&app->ui, text);
    free(text);
}

/* Put in what all completions begin with; with one, all of it. */
static void complete(struct app *app)
{
    struct prompt *p = &app->prompt;
    str_clear(&p->completions);
    if (!p->spec.complete)
        return;
    p->spec.complete(p->spec.arg, &app->ui, p->line->text.data, &p->completions);
    const char *first = p->completions.data;
    size_t common = strcspn(first, "\n");
    for (const char *line = first; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t same = 0;
        while (same < common && line[same] == first[same])
            same++;
        common = same;
    }
    if (common < p->line->text.len)
        return;
    char *text = xstrndup(first, common);
    line_edit_set(p->line, text);
    free(text);
}

void prompt_key(struct app *app, struct key_press key)
{
    struct prompt *p = &app->prompt;
    ui_mark(&app->ui);
    switch (line_edit_key(p->line, key)) {
    case LINE_DONE: finish(app, true); break;
    case LINE_CANCEL: finish(app, false); break;
    case LINE_COMPLETE: complete(app); break;
    case LINE_TYPING:
        str_clear(&p->completions);
        if (p->spec.typing)
            p->spec.typing(p->spec.arg, &app->ui, p->line->text.data);
        break;
    case LINE_IGNORED: break;
    }
}

void prompt_paste(struct app *app, const char *text, size_t len)
{
    struct prompt *p = &app->prompt;
    line_edit_paste(p->line, text, len);
    if (p->spec.typing)
        p->spec.typing(p->spec.arg, &app->ui, p->line->text.data);
}

void prompt_draw(struct app *app, struct rect r)
{
    struct prompt *p = &app->prompt;
    struct canvas *c = &app->ui.canvas;
    canvas_fill(c, r, STYLE_INPUT);
    int at = r.col + canvas_text(c, r.row, r.col, r.cols, STYLE_KEY, p->spec.label);
    int width = r.cols - at;
    if (p->completions.len && strchr(p->completions.data, '\n') != strrchr(p->completions.data, '\n') && width > 30) {
        struct str words; /* what could follow, at the right */
        str_init(&words, STR_SMALL);
        for (const char *line = p->completions.data; *line; line += strcspn(line, "\n"), line += *line == '\n') {
            size_t len = strcspn(line, "\n"), from = len;
            while (from > 0 && line[from - 1] != ' ' && line[from - 1] != ',')
                from--;
            str_addf(&words, "%s%.*s", words.len ? "  " : "", (int)(len - from), line + from);
        }
        int typed = (int)text_width(p->line->text.data) + 3, begin = typed > 16 ? typed : 16;
        begin = begin > width / 2 ? width / 2 : begin;
        canvas_text(c, r.row, at + begin, width - begin, STYLE_DIM, words.data);
        str_done(&words);
        width = begin;
    }
    line_edit_draw(p->line, c, r.row, at, width, STYLE_INPUT);
}

void prompt_done(struct app *app)
{
    if (app->prompt.open)
        close_line(app);
    for (size_t i = 0; i < HISTORIES_MAX; i++)
        if (app->histories[i].name)
            line_edit_done(&app->histories[i].line);
}
