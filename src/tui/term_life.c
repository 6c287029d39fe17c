#include <config.h>

#include <brdeck/tui/term.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>

#include "tui/key_decoder.h"
#include "tui/term_screen.h"
#include "tui/tty.h"

enum {
    ROWS_MAX = 2000, COLS_MAX = 2000, /* a terminal that says more is wrong */
    COPY_MAX = 74994,                 /* bytes of base64 that terminals take */
    COPIES_WAITING_MAX = 256 * 1024,
    SCREEN_CHUNK = 512,               /* of GNU screen's string buffer of 768 */
};

struct term {
    struct loop *loop;
    struct term_events events;
    struct tty tty;
    struct term_screen *screen;
    struct key_decoder decoder;
    struct loop_timer escape; /* an Esc waits for the rest of a key */
    struct loop_timer later;  /* the terminal was taken back: say so from the loop */
    int esc_delay_ms;
    int rows, cols;
    bool lent;
    bool ending; /* on_gone was called */
    bool *freed; /* of a call that is under way; NULL: none is */
    struct str frame;
};

/* -- keys ------------------------------------------------------------------------- */

/* Hand on what was read. @term may be gone after it. */
static void pump(struct term *term, bool late)
{
    bool freed = false;
    struct key_press key;
    enum key_event event;
    term->freed = &freed;
    while (!term->lent && (event = key_decoder_next(&term->decoder, late, &key)) != KEY_EVENT_NONE) {
        if (event == KEY_EVENT_KEY)
            term->events.on_key(term->events.arg, key);
        else
            term->events.on_paste(term->events.arg, term->decoder.paste.data, term->decoder.paste.len);
        if (freed)
            return;
    }
    term->freed = NULL;
    if (!term->lent && key_decoder_waits(&term->decoder))
        loop_timer_set(&term->escape, term->esc_delay_ms);
    else
        loop_timer_cancel(&term->escape);
}

static void on_escape(void *arg) { pump(arg, true); }

static void on_bytes(void *arg, const char *bytes, size_t len)
{
    struct term *term = arg;
    key_decoder_feed(&term->decoder, bytes, len);
    pump(term, false);
}

static void on_written(void *arg)
{
    struct term *term = arg;
    term->events.on_ready(term->events.arg);
}

static void on_gone(void *arg)
{
    struct term *term = arg;
    if (term->ending)
        return;
    term->ending = true;
    term->events.on_gone(term->events.arg);
}

/* -- size ---------------------------------------------------------------------------- */

static int clamp(int value, int most) { return value < 1 ? 1 : value > most ? most : value; }

/* True when it is another than before. */
static bool take_size(struct term *term)
{
    int rows = 24, cols = 80;
    tty_size(&term->tty, &rows, &cols);
    rows = clamp(rows, ROWS_MAX);
    cols = clamp(cols, COLS_MAX);
    if (rows == term->rows && cols == term->cols)
        return false;
    term->rows = rows;
    term->cols = cols;
    if (term->screen)
        term_screen_resize(term->screen, rows, cols);
    return true;
}

static void on_size(void *arg)
{
    struct term *term = arg;
    if (term->lent) /* it is measured when it comes back */
        return;
    if (!take_size(term)) /* it was another in between, and what was cut off then is lost */
        term_screen_redraw(term->screen);
    term->events.on_resize(term->events.arg, term->rows, term->cols);
}

static void on_later(void *arg)
{
    struct term *term = arg;
    bool freed = false;
    if (term->lent)
        return;
    term->freed = &freed;
    if (take_size(term))
        term->events.on_resize(term->events.arg, term->rows, term->cols);
    if (freed)
        return;
    term->freed = NULL;
    term->events.on_ready(term->events.arg);
}

/* -- lending ---------------------------------------------------------------------------- */

static void give_back(struct term *term)
{
    loop_timer_cancel(&term->escape);
    key_decoder_reset(&term->decoder);
    term_screen_end(term->screen);
    tty_give_back(&term->tty);
}

static void take(struct term *term)
{
    struct str enter;
    str_init(&enter, STR_SMALL);
    term_screen_enter(&enter);
    tty_take(&term->tty);
    tty_send(&term->tty, enter.data, enter.len);
    str_done(&enter);
    loop_timer_set(&term->later, 0);
}

void term_lend(struct term *term)
{
    if (term->lent)
        return;
    term->lent = true;
    give_back(term);
}

void term_take_back(struct term *term)
{
    if (!term->lent)
        return;
    term->lent = false;
    take(term);
}

static void on_stop(void *arg);
static void on_continue(void *arg);

void term_suspend(struct term *term)
{
    if (!term->lent)
        give_back(term);
    /* Stop like everybody in our process group, as Ctrl-Z would have made us: a shell script that called brdeck must
     * stop as well. The call returns when we are continued; nobody else may hear of that. */
    loop_on_signal(term->loop, SIGCONT, NULL, NULL);
    loop_on_signal(term->loop, SIGTSTP, NULL, NULL);
    kill(0, SIGTSTP);
    loop_on_signal(term->loop, SIGTSTP, on_stop, term);
    loop_on_signal(term->loop, SIGCONT, on_continue, term);
    if (!term->lent)
        take(term);
}

static void on_stop(void *arg) { term_suspend(arg); }

/* After a SIGSTOP, of which nobody is told before: the shell has set its own modes and drawn on the screen. */
static void on_continue(void *arg)
{
    struct term *term = arg;
    if (term->lent)
        return;
    give_back(term);
    take(term);
}

/* -- signals -------------------------------------------------------------------------------- */

/* Typed at a program that has the terminal, they reach us as well. */
static void on_interrupt(void *arg)
{
    struct term *term = arg;
    if (!term->lent)
        on_gone(term);
}

static const struct term_signal {
    int signo;
    loop_fn *fn;
} term_signals[] = {
    {SIGWINCH, on_size}, {SIGTSTP, on_stop},     {SIGCONT, on_continue},  {SIGHUP, on_gone},
    {SIGTERM, on_gone},   {SIGINT, on_interrupt}, {SIGQUIT, on_interrupt},
};

/* -- its life ---------------------------------------------------------------------------------- */

struct term *term_open(struct loop *loop, const struct term_options *options, const struct term_events *events,
                       struct error *err)
{
    struct term *term = xcalloc(1, sizeof *term);
    const struct tty_events tty_events = {
        .on_bytes = on_bytes, .on_written = on_written, .on_gone = on_gone, .arg = term};
    term->loop = loop;
    term->events = *events;
    term->esc_delay_ms = clamp(options->esc_delay_ms, 1000);
    if (!tty_open(&term->tty, loop, &tty_events, err)) {
        free(term);
        return NULL;
    }
    take_size(term);
    term->screen = term_screen_new(term->rows, term->cols, options->ascii, options->colors, err);
    if (!term->screen) {
        tty_close(&term->tty);
        free(term);
        return NULL;
    }
    str_init(&term->frame, STR_LARGE);
    key_decoder_init(&term->decoder);
    term_screen_add_keys(&term->decoder);
    loop_timer_init(&term->escape, loop, on_escape, term);
    loop_timer_init(&term->later, loop, on_later, term);
    for (size_t i = 0; i < ARRAY_LEN(term_signals); i++) /* after ncurses has put its own in place */
        loop_on_signal(loop, term_signals[i].signo, term_signals[i].fn, term);
    term_screen_leave(&term->frame);
    tty_set_leave(&term->tty, term->frame.data, term->frame.len);
    str_clear(&term->frame);
    take(term);
    return term;
}

void term_close(struct term **ptr)
{
    struct term *term = *ptr;
    *ptr = NULL;
    if (!term)
        return;
    if (term->freed)
        *term->freed = true;
    for (size_t i = 0; i < ARRAY_LEN(term_signals); i++)
        loop_on_signal(term->loop, term_signals[i].signo, NULL, NULL);
    if (term->ending) /* kernel, shell and sshd all tell of a hang-up: the program may end in peace */
        signal(SIGHUP, SIG_IGN);
    loop_timer_cancel(&term->escape);
    loop_timer_cancel(&term->later);
    tty_close(&term->tty);
    term_screen_free(&term->screen);
    key_decoder_done(&term->decoder);
    str_done(&term->frame);
    free(term);
}

void term_restore(void) { tty_guard_restore(); }

int term_rows(const struct term *term) { return term->rows; }

int term_cols(const struct term *term) { return term->cols; }

/* -- out ------------------------------------------------------------------------------------------ */

bool term_show(struct term *term, const struct canvas *canvas, const struct theme *theme)
{
    if (term->lent || tty_waiting(&term->tty) > 0)
        return false;
    str_clear(&term->frame);
    term_screen_draw(term->screen, canvas, theme, &term->frame);
    tty_send(&term->tty, term->frame.data, term->frame.len);
    return true;
}

void term_redraw(struct term *term) { term_screen_redraw(term->screen); }

/* tmux hands on what comes in a DCS of its own, each Esc doubled (allow-passthrough); with set-clipboard it takes the
 * plain one. */
static void add_for_tmux(struct str *out, const char *sequence)
{
    str_add(out, sequence);
    str_add(out, "\033Ptmux;");
    for (const char *c = sequence; *c; c++) {
        if (*c == '\033')
            str_addc(out, *c);
        str_addc(out, *c);
    }
    str_add(out, "\033\\");
}

/* GNU screen hands on a DCS as it is, if it is short. */
static void add_for_screen(struct str *out, const char *sequence)
{
    for (size_t len = strlen(sequence), at = 0; at < len; at += SCREEN_CHUNK) {
        str_add(out, "\033P");
        str_addn(out, sequence + at, len - at < SCREEN_CHUNK ? len - at : SCREEN_CHUNK);
        str_add(out, "\033\\");
    }
}

bool term_copy(struct term *term, const char *text)
{
    char *encoded = base64_encode(text, strlen(text));
    bool fits = strlen(encoded) <= COPY_MAX && tty_waiting(&term->tty) <= COPIES_WAITING_MAX && !term->lent;
    if (fits) {
        struct str out;
        str_init(&out, STR_LARGE);
        char *sequence = xasprintf("\033]52;c;%s\a", encoded);
        const char *name = getenv("TERM");
        if (!str_empty(getenv("TMUX")))
            add_for_tmux(&out, sequence);
        else if (str_starts(name, "screen") && !str_empty(getenv("STY")))
            add_for_screen(&out, sequence);
        else
            str_add(&out, sequence);
        tty_send(&term->tty, out.data, out.len);
        free(sequence);
        str_done(&out);
    }
    free(encoded);
    return fits;
}
