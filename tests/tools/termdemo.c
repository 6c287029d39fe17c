/* termdemo - the terminal alone, without cluster or views, for tests/screen/term*.test.
 *
 *   termdemo [--ascii] [--colors N]
 *
 * Shows each key and paste. Some keys do something: q quit, ctrl-z suspend, ctrl-l draw anew, A abort(), V a
 * crash, X exit() without giving the terminal back, D out of memory, E words on stderr, L lend the terminal to a
 * shell that asks for a line, C copy, F draw as much as the terminal takes, f stop that, P a pager, I a line to edit.
 */
#include <config.h>

#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/child.h>
#include <brdeck/base/loop.h>
#include <brdeck/tui/canvas.h>
#include <brdeck/tui/keymap.h>
#include <brdeck/tui/term.h>
#include <brdeck/tui/widgets.h>

struct demo {
    struct loop *loop;
    struct term *term;
    struct canvas canvas;
    struct theme theme;
    struct pager *pager;
    struct keymap *keys;
    struct line_edit line;
    struct str last, paste;
    struct loop_timer again; /* the next frame of a flood */
    bool paging, editing, flood, gone;
    unsigned frames;
};

static void draw_plain(struct demo *demo)
{
    struct canvas *c = &demo->canvas;
    int cols = c->cols;
    canvas_textf(c, 0, 0, cols, STYLE_BAR, "termdemo %dx%d", c->cols, c->rows);
    canvas_rule(c, 1, 0, cols, false);
    canvas_textf(c, 2, 0, cols, STYLE_TEXT, "last: %s", demo->last.data);
    canvas_textf(c, 3, 0, cols, STYLE_TEXT, "paste: %s", demo->paste.data);
    canvas_text(c, 4, 0, cols, STYLE_WARN,
                "\342\227\217 running \342\226\262 trouble \344\270\255\346\226\207 e\314\201nd\342\200\246");
    canvas_text(c, 5, 0, cols, STYLE_TEXT, "the row of the cursor");
    canvas_mark_cursor(c, (struct rect){5, 0, 1, cols});
    canvas_text(c, 6, 0, cols, STYLE_CRIT, "hostile: \033[31m\033]0;x\a \342\200\256bidi");
    if (demo->flood)
        for (int row = 7; row < c->rows; row++)
            canvas_textf(c, row, 0, cols, (row + (int)demo->frames) % 2 ? STYLE_OK : STYLE_CRIT, "%u %*u", demo->frames,
                         cols - 10, demo->frames * 7919U);
    canvas_set_cursor(c, 5, 0, false);
}

static void paint(void *arg)
{
    struct demo *demo = arg;
    struct canvas *c = &demo->canvas;
    if (!demo->term)
        return;
    canvas_clear(c);
    if (demo->paging)
        pager_draw(demo->pager, c, (struct rect){0, 0, c->rows, c->cols});
    else
        draw_plain(demo);
    if (demo->editing)
        line_edit_draw(&demo->line, c, c->rows - 1, 0, c->cols, STYLE_INPUT);
    if (!term_show(demo->term, c, &demo->theme))
        return;
    demo->frames++;
    if (demo->flood)
        loop_timer_set(&demo->again, 1);
}

static void on_shell(void *arg, const struct child_result *result)
{
    struct demo *demo = arg;
    term_take_back(demo->term);
    str_clear(&demo->last);
    str_addf(&demo->last, "the shell ended with %d", result->exit_code);
}

static void lend(struct demo *demo)
{
    static const char *const argv[] = {"sh", "-c", "printf 'your name: '; read name; echo \"hello $name\"", NULL};
    const struct child_spec spec = {.argv = argv, .terminal = true, .on_exit = on_shell, .arg = demo};
    term_lend(demo->term);
    if (!child_start(demo->loop, &spec, NULL))
        term_take_back(demo->term);
}

static void crash(void)
{
    raise(SIGSEGV); /* a true one would be a matter of the sanitizers first */
}

static void act(struct demo *demo, wchar_t ch)
{
    switch (ch) {
    case L'q': loop_stop(demo->loop); break;
    case L'A': abort();
    case L'V': crash(); break;
    case L'X': exit(3);
    case L'D': die("out of memory");
    case L'E': fprintf(stderr, "words on stderr\n"); break;
    case L'L': lend(demo); break;
    case L'C': term_copy(demo->term, "copied text"); break;
    case L'F': demo->flood = true; break;
    case L'f': demo->flood = false; break;
    case L'P': demo->paging = true; break;
    case L'I': demo->editing = true; break;
    default: break;
    }
}

static void on_key(void *arg, struct key_press key)
{
    struct demo *demo = arg;
    char text[KEY_TEXT_MAX];
    str_clear(&demo->last);
    str_add(&demo->last, key_format(key, text));
    if (demo->editing) {
        enum line_result result = line_edit_key(&demo->line, key);
        demo->editing = result != LINE_DONE && result != LINE_CANCEL;
        if (result == LINE_DONE)
            str_addf(&demo->last, " %s", demo->line.text.data);
        return;
    }
    enum ui_command command = keymap_find(demo->keys, demo->paging ? "pager" : "", key);
    if (command == UI_SUSPEND)
        term_suspend(demo->term);
    else if (command == UI_REDRAW)
        term_redraw(demo->term);
    else if (demo->paging && command == UI_BACK)
        demo->paging = false;
    else if (demo->paging && command == UI_SEARCH)
        pager_search(demo->pager, "777");
    else if (demo->paging)
        pager_command(demo->pager, command);
    else if (key.name == KEY_NAME_CHAR && key.mods == 0)
        act(demo, key.ch);
}

static void on_paste(void *arg, const char *text, size_t len)
{
    struct demo *demo = arg;
    str_clear(&demo->paste);
    str_addf(&demo->paste, "%zu ", len);
    str_add(&demo->paste, text);
    if (demo->editing)
        line_edit_paste(&demo->line, text, len);
}

static void on_resize(void *arg, int rows, int cols)
{
    struct demo *demo = arg;
    canvas_resize(&demo->canvas, rows, cols);
}

static void on_gone(void *arg)
{
    struct demo *demo = arg;
    demo->gone = true;
    loop_stop(demo->loop);
}

static void on_ready(void *arg) { (void)arg; }

static bool start(struct demo *demo, const struct term_options *options, struct error *err)
{
    const struct term_events events = {on_key, on_paste, on_resize, on_gone, on_ready, demo};
    demo->loop = loop_new(err);
    demo->term = demo->loop ? term_open(demo->loop, options, &events, err) : NULL;
    if (!demo->term) {
        loop_free(&demo->loop);
        return false;
    }
    loop_timer_init(&demo->again, demo->loop, on_ready, demo);
    theme_default(&demo->theme);
    canvas_init(&demo->canvas, term_rows(demo->term), term_cols(demo->term));
    demo->keys = keymap_new();
    keymap_add(demo->keys, "pager", pager_keys, pager_keys_count);
    demo->pager = pager_new();
    for (int i = 1; i <= 1000; i++) {
        char text[64];
        snprintf(text, sizeof text, "line %d", i);
        pager_add(demo->pager, STYLE_TEXT, 2, text);
    }
    line_edit_init(&demo->line, 200);
    str_init(&demo->last, 1000);
    str_init(&demo->paste, 1000);
    return true;
}

static void end(struct demo *demo)
{
    term_close(&demo->term);
    canvas_done(&demo->canvas);
    keymap_free(&demo->keys);
    pager_free(&demo->pager);
    line_edit_done(&demo->line);
    str_done(&demo->last);
    str_done(&demo->paste);
    loop_free(&demo->loop);
}

int main(int argc, char **argv)
{
    struct term_options options = {.colors = -1, .esc_delay_ms = 25};
    struct error err = {0};
    struct demo demo = {0};
    setlocale(LC_ALL, "");
    for (int i = 1; i < argc; i++) {
        options.ascii = options.ascii || strcmp(argv[i], "--ascii") == 0;
        if (strcmp(argv[i], "--colors") == 0 && i + 1 < argc)
            options.colors = atoi(argv[++i]);
    }
    if (!start(&demo, &options, &err)) {
        fprintf(stderr, "termdemo: %s\n", err.text);
        return 2;
    }
    loop_on_turn(demo.loop, paint, &demo);
    paint(&demo);
    loop_run(demo.loop);
    bool gone = demo.gone;
    end(&demo);
    if (!gone)
        printf("termdemo is done\n");
    return gone ? 4 : 0;
}
