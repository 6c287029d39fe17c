/* tty.h - the terminal as a file: its modes, bytes out that never block, bytes in, its size; stderr kept off it. */
#ifndef BRDECK_TUI_TTY_H
#define BRDECK_TUI_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>
#include <brdeck/base/str.h>

#include "tui/tty_guard.h"

struct tty_events {
    void (*on_bytes)(void *arg, const char *bytes, size_t len);
    void (*on_written)(void *arg); /* nothing waits any more */
    void (*on_gone)(void *arg);    /* end of file, or an error: once */
    void *arg;
};
struct tty {
    struct loop *loop;
    struct tty_events events;
    int fd;
    struct loop_fd *watch;
    struct termios before; /* the modes it was found with */
    bool taken, gone;
    struct str out; /* bytes that wait */
    size_t out_at;
    char leave[TTY_LEAVE_MAX]; /* the escape codes that give the screen back */
    size_t leave_len;
    int stderr_copy, stderr_pipe; /* where stderr went before; where it is read now. -1: not moved */
    struct loop_fd *stderr_watch;
    struct str stderr_line;
};

/* Open the controlling terminal; nothing is changed yet. */
bool tty_open(struct tty *tty, struct loop *loop, const struct tty_events *events, struct error *err);
/* Gives it back first. */
void tty_close(struct tty *tty);
void tty_set_leave(struct tty *tty, const char *bytes, size_t len);
/* Keys come one by one and unechoed, Ctrl-C and Ctrl-Z among them; output is not altered. stderr goes to the log. */
void tty_take(struct tty *tty);
/* What waits is dropped, the screen and the modes are as they were. Harmless when it is not taken. */
void tty_give_back(struct tty *tty);
/* Write, or keep for when it reads again. */
void tty_send(struct tty *tty, const char *bytes, size_t len);
size_t tty_waiting(const struct tty *tty);
/* False: the terminal does not tell. */
bool tty_size(const struct tty *tty, int *rows, int *cols);

#endif
