/* screen.h - a program in a terminal of our own, for screen tests and benchmarks.
 *
 * The program runs as the foreground job of a small session leader on a pseudo terminal, as it
 * would under a shell: so SIGTSTP can stop it and a hang-up reaches it. What it writes goes through
 * libvterm, so that a test reads the screen and not the bytes.
 *
 *     struct screen *screen = screen_new(24, 80);
 *     screen_spawn(screen, argv);
 *     if (screen_wait(screen, shows_prompt, NULL, 5000)) ...
 *     screen_free(&screen);              kills what is left of it
 *
 * Rows and columns count from 0. Times are milliseconds. Text is UTF-8.
 */
#ifndef BRDECK_TESTS_SCREEN_H
#define BRDECK_TESTS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>
#include <vterm.h>

enum screen_life { SCREEN_NONE, SCREEN_RUNS, SCREEN_STOPPED, SCREEN_ENDED };

enum { SCREEN_RECENT = 64 * 1024 };
struct screen {
    VTerm *vt;
    VTermScreen *cells;
    int rows, cols;
    int master, slave;       /* the slave stays open, so that its modes can be read after the end */
    int reports;             /* from the session leader; -1: none */
    pid_t leader, program;
    enum screen_life life;
    int status;              /* of the ended program, as of waitpid() */
    struct termios before;   /* the modes it found */
    bool alternate, cursor_visible;
    int mouse;
    bool reading;            /* false: the terminal has stopped reading */
    uint64_t bytes;          /* all that the program has written */
    char recent[SCREEN_RECENT]; /* the last of them, as they came */
    size_t recent_length;
    int64_t changed_ms;      /* monotonic time of the last byte */
    char *to_send;           /* keys that wait for the pty */
    size_t to_send_length;
};

/* Monotonic milliseconds. */
int64_t screen_now_ms(void);

/* An empty terminal. Aborts without memory or pseudo terminals. */
struct screen *screen_new(int rows, int cols);
/* Kills program and leader, frees all, sets *@screen to NULL. */
void screen_free(struct screen **screen);

/* Start @argv (searched in PATH) with the environment as it is. False: could not fork. */
bool screen_spawn(struct screen *screen, char *const argv[]);

/* Read what the program writes until something came or @timeout_ms is over (0: only what is there). Returns
 * the number of bytes read; also returns at once when the program stops or ends. */
size_t screen_pump(struct screen *screen, int timeout_ms);

/* Pump until @holds is true or @limit_ms are over; the last value of @holds. */
bool screen_wait(struct screen *screen, bool (*holds)(struct screen *screen, void *user), void *user, int limit_ms);

/* Send bytes, a named key ("Enter", "C-x", "M-x", "S-Left", "F1", or one character), or a paste (in
 * brackets if the program has asked for them). screen_key: false if there is no such key. */
void screen_send(struct screen *screen, const char *bytes, size_t length);
bool screen_key(struct screen *screen, const char *name);
void screen_paste(struct screen *screen, const char *text);

void screen_resize(struct screen *screen, int rows, int cols);
/* SIGCONT brings it to the foreground with the modes a shell would give it. False: nothing runs. */
bool screen_signal(struct screen *screen, int number);
/* The terminal goes away: what a cut ssh connection does. */
void screen_hang_up(struct screen *screen);

/* What is not as the program found it - alternate screen, cursor, mouse, paste mode, modes -, or NULL. */
const char *screen_unrestored(struct screen *screen);

/* ---- screen_view.c: what is on it ---- */

/* Row @row without trailing blanks; the caller frees. @columns, if not NULL, receives for each byte
 * the column it is in (the caller frees). */
char *screen_row(struct screen *screen, int row, int **columns);
/* All rows, each ended by a newline, without the empty rows at the bottom; the caller frees. */
char *screen_text(struct screen *screen);
/* The first place of @text; false if it is nowhere. A text is looked for in single rows. */
bool screen_find(struct screen *screen, const char *text, int *row, int *col);
/* "bold reverse fg=1 bg=#102030", "" for none, into @buf (which it returns). */
char *screen_style(struct screen *screen, int row, int col, char *buf, size_t size);
/* A line for each run of cells with a style: "ROW: FIRST-LAST STYLE"; the caller frees. */
char *screen_styles(struct screen *screen);
void screen_cursor(struct screen *screen, int *row, int *col);

#endif
