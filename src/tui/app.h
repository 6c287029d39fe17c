/* app.h - the screen's own state, shared by app.c, bar.c, prompt.c and commands.c; views see struct ui only. */
#ifndef BRDECK_SRC_TUI_APP_H
#define BRDECK_SRC_TUI_APP_H

#include "view.h"

enum { FRAME_US = 33000, MESSAGE_MAX = 512, NOTICE_ROWS = 6, MESSAGE_ROWS = 3, HISTORIES_MAX = 8 };

/* What arrow up goes through, one for each kind of prompt. */
struct history {
    const char *name;
    struct line_edit line; /* holds the entries; its text is of no account */
};
struct prompt {
    bool open;
    struct prompt_spec spec;
    struct line_edit *line; /* of the history, or @own */
    struct line_edit own;
    struct str completions;
};
/* The terminal that a login plugin asks for. */
struct loan {
    void (*ready)(void *ctx, bool lent); /* NULL: nobody asks */
    void *ctx;
    char why[160];
    bool shown;                          /* the question was on the screen: keys may answer it */
};
struct app {
    struct ui ui;
    struct loop_timer frame;  /* the next frame, when it had to wait */
    struct loop_timer holds;  /* when the screen reads otherwise by itself */
    int64_t painted_us;
    bool dirty, urgent;       /* urgent: a key waits for its frame */
    bool lent;                /* the terminal is another's for now */
    char message[MESSAGE_MAX];
    enum style message_style;
    struct loan loan;
    struct prompt prompt;
    struct history histories[HISTORIES_MAX];
    bool quit_asked;
    char *tasks_seen;         /* of tasks.c: PD's tasks that the reader has been told of; NULL: none */
};

/* bar.c */
/* The first line; returns when it reads otherwise (wall ms). */
int64_t bar_draw(struct ui *ui, struct rect r);
void hints_draw(struct ui *ui, const struct hints *hints, struct rect r);
/* The newest run that ended badly and was not looked at, else what PD has and no Backup knows, as one line, and what
 * must not be cut off at its end; false: there is none. */
bool bar_notice(struct ui *ui, struct str *out, struct str *tail);

/* tasks.c */
/* One of PD's tasks that no Backup knows and that was not in the notices yet; false: there is none. */
bool tasks_notice(struct ui *ui, struct str *out);

/* lend.c */
void loan_begin(struct app *app, struct kube_auth *auth);
void loan_end(struct app *app, struct kube_auth *auth); /* what is asked is refused */
/* The question; false: there is none to be shown. */
bool loan_draw(struct app *app, struct rect r);
bool loan_key(struct app *app, struct key_press key); /* false: the key is not for it */

/* prompt.c */
void prompt_open(struct app *app, const struct prompt_spec *spec);
void prompt_key(struct app *app, struct key_press key);
void prompt_paste(struct app *app, const char *text, size_t len);
void prompt_draw(struct app *app, struct rect r);
void prompt_done(struct app *app);

/* commands.c */
void command_complete(void *arg, struct ui *ui, const char *text, struct str *out);
/* Every command of the ":" line, for help and the man page. */
void line_commands_each(void (*each)(void *arg, const char *name, const char *arguments, const char *help), void *arg);

/* help.c: the terms of a filter; the marks before a state, and what else stands for something. */
typedef void help_text_fn(void *arg, const char *what, const char *means);
void help_filters_each(help_text_fn *each, void *arg);
void help_marks_each(bool ascii, help_text_fn *each, void *arg);

#endif
