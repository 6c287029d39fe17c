#include <config.h>

#include "tui/tty_guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>

enum { PATIENCE_MS = 500 };

static struct guard {
    volatile sig_atomic_t armed;
    int fd, stderr_copy;
    struct termios modes;
    char leave[TTY_LEAVE_MAX];
    size_t leave_len;
} guard;

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
static struct sigaction crash_before[ARRAY_LEN(crash_signals)];

bool tty_write_all(int fd, const char *bytes, size_t len, int patience_ms)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);
        if (written > 0) {
            bytes += written;
            len -= (size_t)written;
            continue;
        }
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno != EAGAIN)
            return false;
        if (poll(&wait, 1, patience_ms) <= 0 || wait.revents & (POLLERR | POLLHUP | POLLNVAL))
            return false;
    }
    return true;
}

void tty_guard_restore(void)
{
    if (!guard.armed)
        return;
    guard.armed = 0;
    int saved = errno;
    tty_write_all(guard.fd, guard.leave, guard.leave_len, PATIENCE_MS);
    /* In the background tcsetattr() would stop us, and nobody would continue a dying process. */
    sigset_t background, before;
    sigemptyset(&background);
    sigaddset(&background, SIGTTOU);
    sigprocmask(SIG_BLOCK, &background, &before);
    tcsetattr(guard.fd, TCSANOW, &guard.modes);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (guard.stderr_copy >= 0)
        dup2(guard.stderr_copy, STDERR_FILENO);
    errno = saved;
}

/* Whoever handled it before handles it now: the kernel's core dump, or a sanitizer's report. */
static void on_crash(int signo, siginfo_t *info, void *context)
{
    (void)context;
    tty_guard_restore();
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
        if (crash_signals[i] == signo)
            sigaction(signo, &crash_before[i], NULL);
    if (info->si_code <= 0 || signo == SIGABRT) /* sent; else the faulting instruction is run again */
        raise(signo);
}

static void handle_crashes(bool ours)
{
    static bool installed;
    if (ours == installed)
        return;
    installed = ours;
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++) {
        struct sigaction action = {.sa_flags = SA_SIGINFO};
        action.sa_sigaction = on_crash;
        sigemptyset(&action.sa_mask);
        if (ours)
            sigaction(crash_signals[i], &action, &crash_before[i]);
        else
            sigaction(crash_signals[i], &crash_before[i], NULL);
    }
}

void tty_guard_arm(int fd, const struct termios *modes, const char *leave, size_t leave_len, int stderr_copy)
{
    static bool at_exit;
    guard.armed = 0;
    guard.fd = fd;
    guard.stderr_copy = stderr_copy;
    guard.modes = *modes;
    guard.leave_len = leave_len < sizeof guard.leave ? leave_len : sizeof guard.leave;
    memcpy(guard.leave, leave, guard.leave_len);
    guard.armed = 1;
    handle_crashes(true);
    alloc_on_death(tty_guard_restore);
    if (!at_exit)
        at_exit = atexit(tty_guard_restore) == 0;
}

void tty_guard_disarm(void)
{
    guard.armed = 0;
    handle_crashes(false);
    alloc_on_death(NULL);
}
