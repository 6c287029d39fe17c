#include <config.h>

#include "tui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <brdeck/base/log.h>

enum { READ_BYTES = 4096, LEND_PATIENCE_MS = 500, STDERR_LINE_MAX = 1024 };

/* -- stderr: a library's words go to the log, not over the screen -------------------- */

static void log_stderr(struct tty *tty)
{
    if (tty->stderr_line.len > 0)
        log_warn("stderr: %s", tty->stderr_line.data);
    str_clear(&tty->stderr_line);
}

static void on_stderr(void *arg, unsigned ready)
{
    struct tty *tty = arg;
    char bytes[512];
    (void)ready;
    ssize_t len;
    while ((len = read(tty->stderr_pipe, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < len; i++) {
            if (bytes[i] == '\n')
                log_stderr(tty);
            else
                str_addc(&tty->stderr_line, bytes[i]);
        }
}

/* Only where stderr is a terminal: `2>file` stays what the user wanted. */
static void move_stderr(struct tty *tty)
{
    int ends[2];
    if (tty->stderr_copy >= 0 || !isatty(STDERR_FILENO))
        return;
    int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        close(copy);
        return;
    }
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    tty->stderr_copy = copy;
    tty->stderr_pipe = ends[0];
    tty->stderr_watch = loop_fd_new(tty->loop, ends[0], LOOP_READ, on_stderr, tty);
}

static void put_stderr_back(struct tty *tty)
{
    if (tty->stderr_copy < 0)
        return;
    dup2(tty->stderr_copy, STDERR_FILENO);
    on_stderr(tty, LOOP_READ);
    log_stderr(tty);
    loop_fd_free(&tty->stderr_watch);
    close(tty->stderr_copy);
    close(tty->stderr_pipe);
    tty->stderr_copy = tty->stderr_pipe = -1;
}

/* -- bytes ----------------------------------------------------------------------------- */

static void set_gone(struct tty *tty)
{
    if (tty->gone)
        return;
    tty->gone = true;
    str_clear(&tty->out);
    tty->out_at = 0;
    if (tty->watch)
        loop_fd_set_events(tty->watch, 0);
    tty->events.on_gone(tty->events.arg); /* may close it: the last thing done */
}

size_t tty_waiting(const struct tty *tty) { return tty->out.len - tty->out_at; }

static void watch_for(struct tty *tty)
{
    if (tty->watch && !tty->gone)
        loop_fd_set_events(tty->watch, LOOP_READ | (tty_waiting(tty) ? LOOP_WRITE : 0U));
}

/* A write that fails is seen by the next read as well: the end is told from there. */
static void flush(struct tty *tty)
{
    while (tty_waiting(tty) > 0) {
        ssize_t written = write(tty->fd, tty->out.data + tty->out_at, tty_waiting(tty));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno != EAGAIN)
            tty->out_at = tty->out.len;
        if (written <= 0)
            break;
        tty->out_at += (size_t)written;
    }
    if (tty_waiting(tty) == 0) {
        str_clear(&tty->out);
        tty->out_at = 0;
    }
    watch_for(tty);
}

void tty_send(struct tty *tty, const char *bytes, size_t len)
{
    if (tty->gone || !tty->taken || len == 0)
        return;
    str_addn(&tty->out, bytes, len);
    flush(tty);
}

static void on_fd(void *arg, unsigned ready)
{
    struct tty *tty = arg;
    if (ready & LOOP_WRITE && tty_waiting(tty) > 0) {
        flush(tty);
        if (tty_waiting(tty) == 0) {
            tty->events.on_written(tty->events.arg); /* may close it; what came in is read the next turn */
            return;
        }
    }
    if (!(ready & LOOP_READ))
        return;
    char bytes[READ_BYTES];
    ssize_t len = read(tty->fd, bytes, sizeof bytes);
    if (len > 0)
        tty->events.on_bytes(tty->events.arg, bytes, (size_t)len); /* may close it */
    else if (len == 0 || (errno != EAGAIN && errno != EINTR))
        set_gone(tty);
}

/* -- its life ------------------------------------------------------------------------------ */

bool tty_open(struct tty *tty, struct loop *loop, const struct tty_events *events, struct error *err)
{
    *tty = (struct tty){.loop = loop, .events = *events, .stderr_copy = -1, .stderr_pipe = -1};
    /* A description of our own: that it does not block is nobody else's matter. */
    tty->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (tty->fd < 0)
        return error_set(err, ERROR_SYSTEM,
                         "there is no terminal to draw on (/dev/tty: %s): run brdeck in one, or use its commands, such "
                         "as brdeck get backups",
                         strerror(errno));
    if (tcgetattr(tty->fd, &tty->before) != 0) {
        error_set(err, ERROR_SYSTEM, "the terminal does not tell its modes: %s", strerror(errno));
        close(tty->fd);
        return false;
    }
    str_init(&tty->out, STR_LARGE);
    str_init(&tty->stderr_line, STDERR_LINE_MAX);
    return true;
}

void tty_close(struct tty *tty)
{
    tty_give_back(tty);
    close(tty->fd);
    tty->fd = -1;
    str_done(&tty->out);
    str_done(&tty->stderr_line);
}

void tty_set_leave(struct tty *tty, const char *bytes, size_t len)
{
    tty->leave_len = len < sizeof tty->leave ? len : sizeof tty->leave;
    memcpy(tty->leave, bytes, tty->leave_len);
}

void tty_take(struct tty *tty)
{
    if (tty->taken || tty->gone)
        return;
    struct termios raw = tty->before;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    move_stderr(tty);
    tty_guard_arm(tty->fd, &tty->before, tty->leave, tty->leave_len, tty->stderr_copy);
    tcsetattr(tty->fd, TCSANOW, &raw);
    tty->taken = true;
    tty->watch = loop_fd_new(tty->loop, tty->fd, LOOP_READ, on_fd, tty);
}

void tty_give_back(struct tty *tty)
{
    if (!tty->taken)
        return;
    tty->taken = false;
    str_clear(&tty->out);
    tty->out_at = 0;
    loop_fd_free(&tty->watch);
    tty_write_all(tty->fd, tty->leave, tty->leave_len, LEND_PATIENCE_MS);
    tty_guard_disarm();
    tcsetattr(tty->fd, TCSANOW, &tty->before);
    put_stderr_back(tty);
}

bool tty_size(const struct tty *tty, int *rows, int *cols)
{
    struct winsize size;
    if (ioctl(tty->fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return false;
    *rows = size.ws_row;
    *cols = size.ws_col;
    return true;
}
