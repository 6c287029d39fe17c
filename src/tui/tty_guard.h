/* tty_guard.h - gives the terminal back when nobody else can any more.
 *
 * Of the process, as its terminal is: exit, abort and crashes may come at any instruction, so that all which is needed
 * is kept ready, and only async-signal-safe functions are called.
 */
#ifndef BRDECK_TUI_TTY_GUARD_H
#define BRDECK_TUI_TTY_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

enum { TTY_LEAVE_MAX = 512 };

/* From now on a dying process writes @leave to @fd and sets @modes; @stderr_copy becomes stderr again (-1: it was not
 * moved). Installs the handlers of crashes and the call at exit. */
void tty_guard_arm(int fd, const struct termios *modes, const char *leave, size_t leave_len, int stderr_copy);
/* The terminal was given back by its owner. */
void tty_guard_disarm(void);
/* Give it back now, if it is taken. Async-signal-safe. */
void tty_guard_restore(void);
/* Write all, waiting at most @patience_ms for a terminal that does not read. Async-signal-safe. */
bool tty_write_all(int fd, const char *bytes, size_t len, int patience_ms);

#endif
