#include <config.h>

/* The one file that includes ncurses. */
#include <curses.h>

#include <term.h>

#include "tui/term_screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "tui/ascii.h"

enum { DIRECT_COLORS = 1 << 24, OVERLAYS = 4 };

/* How a style looks on this terminal. */
struct look {
    attr_t attrs;
    short pair;
};
struct term_screen {
    SCREEN *curses;
    FILE *in, *out;      /* ncurses's: the null device, and memory */
    bool ascii;
    int colors;          /* used: 0, 8, 16, 256, DIRECT_COLORS */
    struct canvas shown; /* what ncurses was told */
    bool everything;     /* tell it all again */
    char first[32];      /* to be sent before the next frame */
    struct theme theme;
    struct look looks[STYLE_COUNT][OVERLAYS];
};

/* -- terminfo ---------------------------------------------------------------------- */

static const struct key_capability {
    const char *name;
    struct key_press key;
} key_capabilities[] = {
    {"kcuu1", {KEY_NAME_UP, 0, 0}},          {"kcud1", {KEY_NAME_DOWN, 0, 0}},
    {"kcub1", {KEY_NAME_LEFT, 0, 0}},        {"kcuf1", {KEY_NAME_RIGHT, 0, 0}},
    {"khome", {KEY_NAME_HOME, 0, 0}},        {"kend", {KEY_NAME_END, 0, 0}},
    {"kpp", {KEY_NAME_PAGE_UP, 0, 0}},       {"knp", {KEY_NAME_PAGE_DOWN, 0, 0}},
    {"kich1", {KEY_NAME_INSERT, 0, 0}},      {"kdch1", {KEY_NAME_DELETE, 0, 0}},
    {"kcbt", {KEY_NAME_TAB, 0, KEY_SHIFT}},  {"kent", {KEY_NAME_ENTER, 0, 0}},
    {"kLFT", {KEY_NAME_LEFT, 0, KEY_SHIFT}}, {"kRIT", {KEY_NAME_RIGHT, 0, KEY_SHIFT}},
    {"kri", {KEY_NAME_UP, 0, KEY_SHIFT}},    {"kind", {KEY_NAME_DOWN, 0, KEY_SHIFT}},
    {"kHOM", {KEY_NAME_HOME, 0, KEY_SHIFT}}, {"kEND", {KEY_NAME_END, 0, KEY_SHIFT}},
    {"kf1", {KEY_NAME_F, 1, 0}},             {"kf2", {KEY_NAME_F, 2, 0}},
    {"kf3", {KEY_NAME_F, 3, 0}},             {"kf4", {KEY_NAME_F, 4, 0}},
    {"kf5", {KEY_NAME_F, 5, 0}},             {"kf6", {KEY_NAME_F, 6, 0}},
    {"kf7", {KEY_NAME_F, 7, 0}},             {"kf8", {KEY_NAME_F, 8, 0}},
    {"kf9", {KEY_NAME_F, 9, 0}},             {"kf10", {KEY_NAME_F, 10, 0}},
    {"kf11", {KEY_NAME_F, 11, 0}},           {"kf12", {KEY_NAME_F, 12, 0}},
};

/* NULL when the terminal has none. */
static const char *capability(const char *name)
{
    char copy[8]; /* tigetstr() takes no const */
    snprintf(copy, sizeof copy, "%s", name);
    const char *value = tigetstr(copy);
    return value && value != (const char *)-1 && *value ? value : NULL;
}

static int number(const char *name)
{
    char copy[8];
    snprintf(copy, sizeof copy, "%s", name);
    return tigetnum(copy);
}

void term_screen_add_keys(struct key_decoder *decoder)
{
    for (size_t i = 0; i < ARRAY_LEN(key_capabilities); i++)
        key_decoder_add(decoder, capability(key_capabilities[i].name), key_capabilities[i].key);
}

static void add_capability(struct str *out, const char *name)
{
    const char *value = capability(name);
    const char *padding = value ? strstr(value, "$<") : NULL; /* for terminals of paper and steel */
    if (value)
        str_addn(out, value, padding ? (size_t)(padding - value) : strlen(value));
}

void term_screen_enter(struct str *out)
{
    add_capability(out, "smkx");
    str_add(out, "\033[?2004h");
}

void term_screen_leave(struct str *out)
{
    str_add(out, "\033\\\033[?2004l"); /* first end what may have been cut in the middle */
    add_capability(out, "sgr0");
    add_capability(out, "op");
    add_capability(out, "rmkx");
    if (capability("rmcup"))
        add_capability(out, "rmcup");
    else
        add_capability(out, "clear");
    add_capability(out, "cnorm"); /* last: some terminals bring the cursor of before back with the screen of before */
}

static int colors_of(int wanted)
{
    int has = number("colors");
    if (wanted == 0 || has < 8)
        return 0;
    if (has >= DIRECT_COLORS) /* it takes the numbers of a palette for shades of blue */
        return wanted > 0 && wanted < 16 ? 8 : DIRECT_COLORS;
    int most = wanted > 0 && wanted < has ? wanted : has;
    return most >= 256 ? 256 : most >= 16 ? 16 : most >= 8 ? 8 : 0;
}

/* -- its life -------------------------------------------------------------------------- */

/* What ncurses is told by the environment while it starts: the size (else it would set a scrolling region of
 * terminfo's 24 lines), and to send no padding, which it would sleep for. */
struct told {
    const char *name;
    char value[16];
    char *before;
};

static void tell(struct told *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        told[i].before = xstrdup(getenv(told[i].name));
        setenv(told[i].name, told[i].value, 1);
    }
}

static void untell(struct told *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (told[i].before)
            setenv(told[i].name, told[i].before, 1);
        else
            unsetenv(told[i].name);
        free(told[i].before);
    }
}

static void newterm_of_size(struct term_screen *screen, const char *name, int rows, int cols)
{
    struct told told[] = {{.name = "LINES"}, {.name = "COLUMNS"}, {.name = "NCURSES_NO_PADDING", .value = "1"}};
    snprintf(told[0].value, sizeof told[0].value, "%d", rows);
    snprintf(told[1].value, sizeof told[1].value, "%d", cols);
    tell(told, ARRAY_LEN(told));
    use_env(TRUE);
    use_tioctl(FALSE);
    screen->curses = newterm(name, screen->out, screen->in);
    untell(told, ARRAY_LEN(told));
}

/* Asked first, as newterm() that fails leaves memory behind. */
static bool is_known(const char *name, int fd)
{
    int found = 0;
    if (setupterm(name, fd, &found) == ERR)
        return false;
    del_curterm(cur_term);
    return true;
}

static bool start_curses(struct term_screen *screen, const char *name, int rows, int cols, struct error *err)
{
    int memory = memfd_create("brdeck-screen", MFD_CLOEXEC);
    screen->out = memory >= 0 ? fdopen(memory, "w") : NULL;
    screen->in = fopen("/dev/null", "re");
    if (!screen->out || !screen->in) {
        if (memory >= 0 && !screen->out)
            close(memory);
        return error_set(err, ERROR_SYSTEM, "no memory file for the screen: %s", strerror(errno));
    }
    if (is_known(name, memory))
        newterm_of_size(screen, name, rows, cols);
    if (!screen->curses)
        return error_set(err, ERROR_SYSTEM,
                         "TERM is %s, which this host does not know: install its terminfo, or try TERM=xterm-256color",
                         name);
    if (!capability("cup") || !capability("clear"))
        return error_set(err, ERROR_SYSTEM, "TERM is %s, on which the cursor cannot be moved: brdeck needs a screen",
                         name);
    return true;
}

struct term_screen *term_screen_new(int rows, int cols, bool ascii, int colors, struct error *err)
{
    const char *name = getenv("TERM");
    if (!name || !*name) {
        error_set(err, ERROR_SYSTEM, "TERM is not set: set it to what your terminal is, such as xterm-256color");
        return NULL;
    }
    if (strcmp(name, "dumb") == 0) {
        error_set(err, ERROR_SYSTEM,
                  "TERM is dumb: brdeck needs a terminal that can move its cursor; its commands, such as brdeck get "
                  "backups, work without");
        return NULL;
    }
    struct term_screen *screen = xcalloc(1, sizeof *screen);
    canvas_init(&screen->shown, 0, 0);
    if (!start_curses(screen, name, rows, cols, err)) {
        term_screen_free(&screen);
        return NULL;
    }
    screen->ascii = ascii || !text_is_utf8();
    screen->colors = colors_of(colors);
    if (screen->colors) {
        start_color();
        use_default_colors();
    }
    nonl();
    typeahead(-1);
    idlok(stdscr, TRUE);
    theme_default(&screen->theme);
    term_screen_resize(screen, rows, cols);
    return screen;
}

void term_screen_free(struct term_screen **ptr)
{
    struct term_screen *screen = *ptr;
    *ptr = NULL;
    if (!screen)
        return;
    if (screen->curses) {
        endwin();
        delscreen(screen->curses);
    }
    if (screen->out)
        fclose(screen->out);
    if (screen->in)
        fclose(screen->in);
    canvas_done(&screen->shown);
    free(screen);
}

/* -- looks -------------------------------------------------------------------------------- */

static const struct attr_pair {
    unsigned ours;
    attr_t curses;
} attr_pairs[] = {{ATTR_BOLD, A_BOLD}, {ATTR_DIM, A_DIM}, {ATTR_UNDERLINE, A_UNDERLINE}, {ATTR_REVERSE, A_REVERSE}};

static struct theme_style laid_over(struct theme_style below, const struct theme_style *above)
{
    if (above->fg.kind != COLOR_DEFAULT_KIND)
        below.fg = above->fg;
    if (above->bg.kind != COLOR_DEFAULT_KIND)
        below.bg = above->bg;
    below.attrs |= above->attrs;
    return below;
}

static struct look look_of(const struct term_screen *screen, struct theme_style style)
{
    struct look look = {0};
    bool ground = style.bg.kind != COLOR_DEFAULT_KIND;
    if (!screen->colors && ground) /* what a colour behind it told, reverse must tell */
        style.attrs |= ATTR_REVERSE;
    for (size_t i = 0; i < ARRAY_LEN(attr_pairs); i++)
        look.attrs |= style.attrs & attr_pairs[i].ours ? attr_pairs[i].curses : 0;
    int fg = screen->colors ? theme_lower(style.fg, screen->colors) : -1;
    int bg = screen->colors ? theme_lower(style.bg, screen->colors) : -1;
    int pair = fg < 0 && bg < 0 ? 0 : alloc_pair(fg, bg);
    look.pair = pair > 0 && pair < INT16_MAX ? (short)pair : 0;
    return look;
}

static void take_theme(struct term_screen *screen, const struct theme *theme)
{
    const struct theme_style *styles = theme->styles;
    memcpy(&screen->theme, theme, sizeof *theme); /* padding too */
    for (size_t i = 0; i < STYLE_COUNT; i++)
        for (unsigned over = 0; over < OVERLAYS; over++) {
            struct theme_style style = styles[i];
            if (over & 2)
                style = laid_over(style, &styles[STYLE_STALE]);
            if (over & 1)
                style = laid_over(style, &styles[STYLE_CURSOR]);
            screen->looks[i][over] = look_of(screen, style);
        }
}

/* -- drawing --------------------------------------------------------------------------------- */

static void draw_cell(const struct term_screen *screen, int row, int col, const struct cell_glyph *cell)
{
    unsigned style = cell->style < STYLE_COUNT ? cell->style : STYLE_TEXT;
    struct look look = screen->looks[style][(cell->cursor ? 1 : 0) | (cell->stale ? 2 : 0)];
    wchar_t chars[ARRAY_LEN(cell->chars)];
    wmemcpy(chars, cell->chars, ARRAY_LEN(chars));
    int copies = 1;
    if (screen->ascii) {
        chars[0] = (wchar_t)ascii_of(chars[0]);
        chars[1] = L'\0';
        copies = cell->width;
    }
    cchar_t out;
    setcchar(&out, chars, look.attrs, look.pair, NULL);
    for (int i = 0; i < copies; i++)
        mvadd_wch(row, col + i, &out);
}

static bool same_cell(const struct cell_glyph *a, const struct cell_glyph *b)
{
    return a->width == b->width && a->style == b->style && a->cursor == b->cursor && a->stale == b->stale &&
           memcmp(a->chars, b->chars, sizeof a->chars) == 0;
}

/* Tell ncurses of the cells of a row from the first that differs to the last. */
static bool draw_row(struct term_screen *screen, const struct canvas *canvas, int row, int cols)
{
    const struct cell_glyph *now = &canvas->cells[(size_t)row * (size_t)canvas->cols];
    struct cell_glyph *before = &screen->shown.cells[(size_t)row * (size_t)screen->shown.cols];
    int first = 0, last = cols - 1;
    if (!screen->everything) {
        while (first <= last && same_cell(&now[first], &before[first]))
            first++;
        while (last > first && same_cell(&now[last], &before[last]))
            last--;
    }
    if (first > last)
        return false;
    if (now[first].width == 0 && first > 0)
        first--;
    if (now[last].width == 2 && last + 1 < cols)
        last++;
    for (int col = first; col <= last; col++)
        if (now[col].width != 0)
            draw_cell(screen, row, col, &now[col]);
    memcpy(&before[first], &now[first], (size_t)(last - first + 1) * sizeof *now);
    return true;
}

static bool draw_cursor(struct term_screen *screen, const struct canvas *canvas)
{
    struct canvas *shown = &screen->shown;
    bool same = shown->cursor_row == canvas->cursor_row && shown->cursor_col == canvas->cursor_col &&
                shown->cursor_shown == canvas->cursor_shown;
    if (same && !screen->everything)
        return false;
    shown->cursor_row = canvas->cursor_row;
    shown->cursor_col = canvas->cursor_col;
    shown->cursor_shown = canvas->cursor_shown;
    curs_set(canvas->cursor_shown ? 1 : 0);
    return true;
}

/* What ncurses wrote to memory, to @out. */
static void collect(const struct term_screen *screen, struct str *out)
{
    int memory = fileno(screen->out);
    off_t end = lseek(memory, 0, SEEK_CUR);
    char bytes[16 * 1024];
    for (off_t at = 0; out && at < end;) {
        size_t want = end - at < (off_t)sizeof bytes ? (size_t)(end - at) : sizeof bytes;
        ssize_t len = pread(memory, bytes, want, at);
        if (len <= 0)
            break;
        str_addn(out, bytes, (size_t)len);
        at += len;
    }
    lseek(memory, 0, SEEK_SET);
}

void term_screen_draw(struct term_screen *screen, const struct canvas *canvas, const struct theme *theme,
                      struct str *out)
{
    if (screen->everything || memcmp(&screen->theme, theme, sizeof *theme) != 0) {
        take_theme(screen, theme);
        screen->everything = true;
    }
    int rows = canvas->rows < screen->shown.rows ? canvas->rows : screen->shown.rows;
    int cols = canvas->cols < screen->shown.cols ? canvas->cols : screen->shown.cols;
    bool changed = draw_cursor(screen, canvas);
    for (int row = 0; row < rows && cols > 0; row++)
        changed = draw_row(screen, canvas, row, cols) || changed;
    screen->everything = false;
    if (!changed)
        return;
    bool nowhere = canvas->cursor_row < 0 || canvas->cursor_row >= rows || canvas->cursor_col >= cols;
    move(nowhere ? screen->shown.rows - 1 : canvas->cursor_row, nowhere ? 0 : canvas->cursor_col);
    wnoutrefresh(stdscr);
    doupdate();
    str_add(out, screen->first);
    screen->first[0] = '\0';
    collect(screen, out);
}

void term_screen_resize(struct term_screen *screen, int rows, int cols)
{
    const char *region = capability("csr");
    resize_term(rows, cols);
    if (region) /* not every terminal makes it whole again; the redraw begins by homing the cursor */
        snprintf(screen->first, sizeof screen->first, "%s", tparm(region, 0, rows - 1, 0, 0, 0, 0, 0, 0, 0));
    canvas_resize(&screen->shown, rows, cols);
    erase();
    term_screen_redraw(screen);
}

void term_screen_redraw(struct term_screen *screen)
{
    screen->everything = true;
    clearok(curscr, TRUE);
}

void term_screen_end(struct term_screen *screen)
{
    endwin();
    collect(screen, NULL);
    term_screen_redraw(screen);
}
