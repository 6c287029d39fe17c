/* term_screen.h - the canvas as the least bytes that change the screen.
 *
 * ncurses is used for what it knows: terminfo, and what to send. It writes to memory and never sees the terminal. There
 * is one screen in a process, as ncurses is made so.
 */
#ifndef BRDECK_TUI_TERM_SCREEN_H
#define BRDECK_TUI_TERM_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/str.h>
#include <brdeck/conf/theme.h>
#include <brdeck/tui/canvas.h>

#include "tui/key_decoder.h"

struct term_screen;
/* For the terminal that TERM names. @colors as in struct term_options. NULL and @err when it cannot be used. */
struct term_screen *term_screen_new(int rows, int cols, bool ascii, int colors, struct error *err);
void term_screen_free(struct term_screen **screen);
/* What its keys send. */
void term_screen_add_keys(struct key_decoder *decoder);
/* Bytes that begin what ncurses does not (keypad, bracketed paste), and those that give the screen back. */
void term_screen_enter(struct str *out);
void term_screen_leave(struct str *out);
/* What makes the screen like @canvas, appended to @out; nothing when it is so already. */
void term_screen_draw(struct term_screen *screen, const struct canvas *canvas, const struct theme *theme,
                      struct str *out);
void term_screen_resize(struct term_screen *screen, int rows, int cols);
/* The next draw sends everything. */
void term_screen_redraw(struct term_screen *screen);
/* The screen was given back: the next draw takes it again and sends everything. */
void term_screen_end(struct term_screen *screen);

#endif
