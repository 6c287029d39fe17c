/* screen.c - the program, its session leader, its pseudo terminal and libvterm. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "screen.h"

enum {
    PIECE = 64 * 1024,
    /* libvterm 0.1.4 follows a null pointer when a wide character comes to a screen of one column, be it
     * one that was on the way when the size changed. So its own screen is never narrower than this. */
    VTERM_COLS_MIN = 2,
};

static int vterm_cols(int cols) { return cols < VTERM_COLS_MIN ? VTERM_COLS_MIN : cols; }

/* What the leader tells through its pipe. */
enum report_kind { REPORT_PID, REPORT_STOPPED, REPORT_ENDED };

struct report {
    enum report_kind kind;
    int value;
};

int64_t screen_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- libvterm ---- */

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    struct screen *screen = user;
    if (property == VTERM_PROP_ALTSCREEN)
        screen->alternate = value->boolean;
    else if (property == VTERM_PROP_CURSORVISIBLE)
        screen->cursor_visible = value->boolean;
    else if (property == VTERM_PROP_MOUSE)
        screen->mouse = value->number;
    return 1;
}

static const VTermScreenCallbacks vterm_callbacks = {.settermprop = on_property};

/* What the terminal itself says: keys, and answers to queries. */
static void on_output(const char *bytes, size_t length, void *user) { screen_send(user, bytes, length); }

struct screen *screen_new(int rows, int cols)
{
    struct screen *screen = must(calloc(1, sizeof *screen));
    *screen = (struct screen){.rows = rows, .cols = cols, .master = -1, .slave = -1, .reports = -1,
                              .cursor_visible = true, .reading = true, .changed_ms = screen_now_ms()};
    screen->vt = must(vterm_new(rows, vterm_cols(cols)));
    vterm_set_utf8(screen->vt, 1);
    vterm_output_set_callback(screen->vt, on_output, screen);
    screen->cells = vterm_obtain_screen(screen->vt);
    vterm_screen_enable_altscreen(screen->cells, 1);
    vterm_screen_set_callbacks(screen->cells, &vterm_callbacks, screen);
    vterm_screen_reset(screen->cells, 1);
    return screen;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void screen_free(struct screen **at)
{
    struct screen *screen = *at;
    if (!screen)
        return;
    if (screen->program > 0 && screen->life != SCREEN_ENDED)
        kill(-screen->program, SIGKILL);
    if (screen->leader > 0) {
        kill(screen->leader, SIGKILL);
        waitpid(screen->leader, NULL, 0);
    }
    close_fd(&screen->master);
    close_fd(&screen->slave);
    close_fd(&screen->reports);
    vterm_free(screen->vt);
    free(screen->to_send);
    free(screen);
    *at = NULL;
}

/* ---- the session leader: a shell that knows one job ---- */

static volatile pid_t leader_job;
static volatile sig_atomic_t leader_job_stopped, leader_hung_up;

static void leader_continue(int number)
{
    (void)number;
    if (leader_hung_up)
        return;
    tcsetpgrp(0, leader_job);
    kill(-leader_job, SIGCONT);
}

/* As shells do, and after it the kernel's SIGCONT to the leader goes no further: a job that runs and ends may be in
 * LeakSanitizer's hands, which stops it by ptrace; SIGCONT takes that stop away, and LeakSanitizer waits for ever. */
static void leader_hang_up(int number)
{
    (void)number;
    leader_hung_up = 1;
    kill(-leader_job, SIGHUP);
    if (leader_job_stopped)
        kill(-leader_job, SIGCONT);
}

static void leader_report(int fd, enum report_kind kind, int value)
{
    struct report report = {.kind = kind, .value = value};
    if (write(fd, &report, sizeof report) != sizeof report)
        _exit(1);
}

static _Noreturn void become_program(char *const argv[])
{
    for (int number = 1; number < 32; number++)
        signal(number, SIG_DFL);
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN); /* for tcsetpgrp from the background */
    tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
    execvp(argv[0], argv);
    fprintf(stderr, "%s: %s\r\n", argv[0], strerror(errno));
    _exit(127);
}

static _Noreturn void lead(int slave, int reports, char *const argv[])
{
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(slave, fd);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    leader_job = fork();
    if (leader_job == 0)
        become_program(argv);
    setpgid(leader_job, leader_job);
    tcsetpgrp(0, leader_job);
    struct sigaction action = {.sa_handler = leader_continue, .sa_flags = SA_RESTART};
    sigaction(SIGCONT, &action, NULL);
    action.sa_handler = leader_hang_up;
    sigaddset(&action.sa_mask, SIGCONT);
    sigaction(SIGHUP, &action, NULL);
    leader_report(reports, REPORT_PID, leader_job);
    for (int status = 0;;) {
        pid_t pid = waitpid(leader_job, &status, WUNTRACED | WCONTINUED);
        if (pid < 0 && errno == EINTR)
            continue;
        leader_job_stopped = pid > 0 && WIFSTOPPED(status);
        if (pid > 0 && WIFCONTINUED(status))
            continue;
        if (leader_job_stopped) {
            tcsetpgrp(0, getpid());
            leader_report(reports, REPORT_STOPPED, WSTOPSIG(status));
            continue;
        }
        leader_report(reports, REPORT_ENDED, status);
        break;
    }
    for (;;) /* the session lives on, as it does under a shell */
        pause();
}

bool screen_spawn(struct screen *screen, char *const argv[])
{
    struct winsize size = {.ws_row = (unsigned short)screen->rows, .ws_col = (unsigned short)screen->cols};
    int ends[2];

    if (screen->life != SCREEN_NONE || pipe(ends) != 0)
        return false;
    if (openpty(&screen->master, &screen->slave, NULL, NULL, &size) != 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    int inner[] = {screen->master, screen->slave, ends[0], ends[1]};
    for (int i = 0; i < 4; i++)
        fcntl(inner[i], F_SETFD, FD_CLOEXEC);
    tcgetattr(screen->slave, &screen->before);
    screen->reports = ends[0];
    screen->leader = fork();
    if (screen->leader == 0) {
        close(screen->master);
        close(ends[0]);
        lead(screen->slave, ends[1], argv);
    }
    close(ends[1]);
    fcntl(screen->master, F_SETFL, O_NONBLOCK);
    screen->life = screen->leader > 0 ? SCREEN_RUNS : SCREEN_ENDED;
    struct report first;
    if (screen->leader > 0 && read(screen->reports, &first, sizeof first) == sizeof first)
        screen->program = first.value;
    return screen->program > 0;
}

/* ---- moving bytes ---- */

void screen_send(struct screen *screen, const char *bytes, size_t length)
{
    screen->to_send = must(realloc(screen->to_send, screen->to_send_length + length + 1));
    memcpy(screen->to_send + screen->to_send_length, bytes, length);
    screen->to_send_length += length;
}

static void send_waiting(struct screen *screen)
{
    ssize_t n = screen->to_send_length ? write(screen->master, screen->to_send, screen->to_send_length) : 0;
    if (n <= 0)
        return;
    screen->to_send_length -= (size_t)n;
    memmove(screen->to_send, screen->to_send + n, screen->to_send_length);
}

static void remember(struct screen *screen, const char *bytes, size_t length)
{
    size_t over = screen->recent_length + length > SCREEN_RECENT ? screen->recent_length + length - SCREEN_RECENT : 0;
    memmove(screen->recent, screen->recent + over, screen->recent_length - over);
    memcpy(screen->recent + screen->recent_length - over, bytes, length);
    screen->recent_length += length - over;
}

static size_t read_output(struct screen *screen)
{
    static char bytes[PIECE];
    size_t all = 0;
    ssize_t n = 0;
    /* With a bound: a program that never stops writing must not keep the test from looking. */
    while (all < 16 * PIECE && (n = read(screen->master, bytes, sizeof bytes)) > 0) {
        vterm_input_write(screen->vt, bytes, (size_t)n);
        remember(screen, bytes, (size_t)n);
        all += (size_t)n;
    }
    if (all) {
        vterm_screen_flush_damage(screen->cells);
        screen->bytes += all;
        screen->changed_ms = screen_now_ms();
    }
    return all;
}

static void read_report(struct screen *screen)
{
    struct report report;
    if (read(screen->reports, &report, sizeof report) != sizeof report) {
        close_fd(&screen->reports);
        screen->life = SCREEN_ENDED;
    } else if (report.kind == REPORT_STOPPED) {
        screen->life = SCREEN_STOPPED;
    } else if (report.kind == REPORT_ENDED) {
        screen->life = SCREEN_ENDED;
        screen->status = report.value;
    }
}

size_t screen_pump(struct screen *screen, int timeout_ms)
{
    int64_t end = screen_now_ms() + timeout_ms;
    for (;;) {
        bool listens = screen->master >= 0;
        struct pollfd fds[] = {
            {.fd = listens && (screen->reading || screen->to_send_length) ? screen->master : -1,
             .events = (short)((screen->reading ? POLLIN : 0) | (screen->to_send_length ? POLLOUT : 0))},
            {.fd = screen->reports, .events = POLLIN},
        };
        int64_t left = end - screen_now_ms();
        int ready = poll(fds, 2, left > 0 ? (int)left : 0);
        if (fds[0].revents & POLLOUT)
            send_waiting(screen);
        size_t got = ready > 0 && (fds[0].revents & (POLLIN | POLLHUP)) && screen->reading ? read_output(screen) : 0;
        if (ready > 0 && fds[1].revents)
            read_report(screen);
        if (got || (ready > 0 && fds[1].revents) || screen_now_ms() >= end)
            return got;
    }
}

bool screen_wait(struct screen *screen, bool (*holds)(struct screen *screen, void *user), void *user, int limit_ms)
{
    int64_t end = screen_now_ms() + limit_ms;
    for (;;) {
        if (holds(screen, user))
            return true;
        int64_t left = end - screen_now_ms();
        if (left <= 0)
            return false;
        screen_pump(screen, left < 100 ? (int)left : 100); /* conditions may be about time, too */
    }
}

/* ---- keys ---- */

static const struct key {
    const char *name;
    VTermKey key;
} keys[] = {
    {"Enter", VTERM_KEY_ENTER},   {"Tab", VTERM_KEY_TAB},       {"Backspace", VTERM_KEY_BACKSPACE},
    {"Esc", VTERM_KEY_ESCAPE},    {"Up", VTERM_KEY_UP},         {"Down", VTERM_KEY_DOWN},
    {"Left", VTERM_KEY_LEFT},     {"Right", VTERM_KEY_RIGHT},   {"Insert", VTERM_KEY_INS},
    {"Delete", VTERM_KEY_DEL},    {"Home", VTERM_KEY_HOME},     {"End", VTERM_KEY_END},
    {"PgUp", VTERM_KEY_PAGEUP},   {"PgDn", VTERM_KEY_PAGEDOWN},
};

static VTermModifier take_modifiers(const char **name)
{
    int all = VTERM_MOD_NONE;
    for (; (*name)[0] && (*name)[1] == '-' && (*name)[2]; *name += 2) {
        if ((*name)[0] == 'C')
            all |= VTERM_MOD_CTRL;
        else if ((*name)[0] == 'M')
            all |= VTERM_MOD_ALT;
        else if ((*name)[0] == 'S')
            all |= VTERM_MOD_SHIFT;
        else
            break;
    }
    return (VTermModifier)all;
}

bool screen_key(struct screen *screen, const char *name)
{
    VTermModifier modifiers = take_modifiers(&name);
    int number;

    if (strcmp(name, "BackTab") == 0)
        vterm_keyboard_key(screen->vt, VTERM_KEY_TAB, VTERM_MOD_SHIFT);
    else if (name[0] == 'F' && (number = atoi(name + 1)) >= 1 && number <= 12)
        vterm_keyboard_key(screen->vt, (VTermKey)VTERM_KEY_FUNCTION(number), modifiers);
    else if (strcmp(name, "Space") == 0 || (name[0] && !name[1])) {
        /* As xterm does; libvterm would send the CSI u form for some. */
        char byte = name[1] ? ' ' : name[0];
        if (modifiers & VTERM_MOD_ALT)
            screen_send(screen, "\033", 1);
        byte = modifiers & VTERM_MOD_CTRL ? (char)(byte == '?' ? 0x7f : byte & 0x1f) : byte;
        screen_send(screen, &byte, 1);
    } else {
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (strcmp(name, keys[i].name) == 0) {
                vterm_keyboard_key(screen->vt, keys[i].key, modifiers);
                return true;
            }
        return false;
    }
    return true;
}

void screen_paste(struct screen *screen, const char *text)
{
    vterm_keyboard_start_paste(screen->vt);
    screen_send(screen, text, strlen(text));
    vterm_keyboard_end_paste(screen->vt);
}

/* ---- what else befalls a terminal ---- */

void screen_resize(struct screen *screen, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    screen->rows = rows;
    screen->cols = cols;
    vterm_set_size(screen->vt, rows, vterm_cols(cols));
    if (screen->master >= 0)
        ioctl(screen->master, TIOCSWINSZ, &size);
}

bool screen_signal(struct screen *screen, int number)
{
    if (screen->life != SCREEN_RUNS && screen->life != SCREEN_STOPPED)
        return false;
    if (number != SIGCONT || screen->life == SCREEN_RUNS)
        return kill(screen->program, number) == 0;
    tcsetattr(screen->slave, TCSANOW, &screen->before);
    screen->life = SCREEN_RUNS;
    return kill(screen->leader, SIGCONT) == 0;
}

void screen_hang_up(struct screen *screen)
{
    close_fd(&screen->slave);
    close_fd(&screen->master);
}

const char *screen_unrestored(struct screen *screen)
{
    struct termios now;
    if (screen->alternate)
        return "the alternate screen is still on";
    if (!screen->cursor_visible)
        return "the cursor is hidden";
    if (screen->mouse)
        return "the mouse is still captured";
    size_t waiting = screen->to_send_length;
    vterm_keyboard_start_paste(screen->vt); /* says something only if brackets were asked for */
    bool brackets = screen->to_send_length > waiting;
    screen->to_send_length = waiting;
    if (brackets)
        return "bracketed paste is still on";
    if (screen->slave < 0 || tcgetattr(screen->slave, &now) != 0)
        return NULL;
    if (now.c_iflag != screen->before.c_iflag || now.c_oflag != screen->before.c_oflag ||
        now.c_cflag != screen->before.c_cflag || now.c_lflag != screen->before.c_lflag ||
        memcmp(now.c_cc, screen->before.c_cc, sizeof now.c_cc) != 0)
        return "the modes of the terminal (stty) are not as they were";
    return NULL;
}
