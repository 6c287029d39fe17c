/* term.h - the terminal: keys in, a canvas out, and always given back as it was.
 *
 * The only file that knows ncurses is behind this header. Writing never blocks the loop: while earlier bytes
 * wait no frame is made, so a slow link sees fewer frames, never a backlog.
 */
#ifndef BRDECK_TUI_TERM_H
#define BRDECK_TUI_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>
#include <brdeck/conf/theme.h>
#include <brdeck/tui/canvas.h>

/* Ctrl-C and Ctrl-Z come as keys, too: the one is a cancel (line editors and dialogs take it for Esc; it never ends
 * brdeck), the other asks for term_suspend.
 *
 * A key as it was pressed: a character, or a named key; with Ctrl, Alt, Shift (named keys only). */
enum key_name {
    KEY_NAME_CHAR, KEY_NAME_ENTER, KEY_NAME_ESC, KEY_NAME_TAB, KEY_NAME_BACKSPACE, KEY_NAME_DELETE, KEY_NAME_INSERT,
    KEY_NAME_UP, KEY_NAME_DOWN, KEY_NAME_LEFT, KEY_NAME_RIGHT, KEY_NAME_HOME, KEY_NAME_END,
    KEY_NAME_PAGE_UP, KEY_NAME_PAGE_DOWN,
    KEY_NAME_F, /* ch is 1..12 */
    KEY_NAME_COUNT,
};
enum { KEY_CTRL = 1, KEY_ALT = 2, KEY_SHIFT = 4 };
struct key_press {
    enum key_name name;
    wchar_t ch;
    unsigned mods;
};
/* "p", "S", "ctrl-r", "alt-x", "shift-left", "f1", "space", "enter", "pgup", "<"; and back. What a terminal cannot
 * tell apart is one key: ctrl-m is enter, ctrl-i tab, ctrl-h backspace. "colon", "equals", "semicolon", "hash" and
 * "bracket" stand for what the config file cannot have as a name. False: no key, *key untouched. */
bool key_parse(const char *text, struct key_press *key);
enum { KEY_TEXT_MAX = 32 };
char *key_format(struct key_press key, char buf[KEY_TEXT_MAX]);
bool key_equal(struct key_press a, struct key_press b);

/* Each may close the terminal. */
struct term;
struct term_events {
    void (*on_key)(void *arg, struct key_press key);
    /* Bracketed paste, whole (of a longer one the first MiB), cleaned of nothing. */
    void (*on_paste)(void *arg, const char *text, size_t len);
    void (*on_resize)(void *arg, int rows, int cols);
    /* The terminal is gone (hang-up, EOF), or somebody wants an end (SIGTERM, SIGINT, SIGQUIT): end the program.
     * Once. */
    void (*on_gone)(void *arg);
    /* The waiting bytes are written, or the terminal is there again after it was lent or stopped: a frame may be
     * made. */
    void (*on_ready)(void *arg);
    void *arg;
};
struct term_options {
    bool ascii;
    int colors;      /* -1 what the terminal has; 0 none (NO_COLOR); 8, 16, 256; 1 << 24 */
    int esc_delay_ms;
};
/* Takes over the controlling terminal, and SIGWINCH, SIGTSTP, SIGCONT, SIGHUP, SIGTERM, SIGINT and SIGQUIT. While it
 * has it, words on stderr go to the log. NULL and @err when there is none, or TERM is not known. One in a process. */
struct term *term_open(struct loop *loop, const struct term_options *options, const struct term_events *events,
                       struct error *err);
/* Gives it back; *term becomes NULL. What a dying process still does (exit, die(), abort, a crash) is term_restore:
 * it is async-signal-safe, harmless when nothing is taken, and called by itself. */
void term_close(struct term **term);
void term_restore(void);
int term_rows(const struct term *term);
int term_cols(const struct term *term);
/* Send what changed. False: earlier bytes still wait, or the terminal is lent: nothing was taken; on_ready will
 * come. */
bool term_show(struct term *term, const struct canvas *canvas, const struct theme *theme);
/* Draw everything anew at the next show (ctrl-l). */
void term_redraw(struct term *term);
/* Lend it to another program (a plugin that asks, $EDITOR) and take it back. Keys typed before are dropped; a change of
 * size is told when it is back. */
void term_lend(struct term *term);
void term_take_back(struct term *term);
/* Ctrl-Z: give the terminal back, stop, and take it again on SIGCONT. */
void term_suspend(struct term *term);
/* Copy to the reader's clipboard by OSC 52 (wrapped for tmux and screen); false when too long. */
bool term_copy(struct term *term, const char *text);

#endif
