#include <config.h>

#include <brdeck/base/loop.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>

#include "base/loop_private.h"

/* Of the process, as signals are. A handler sees nothing else. */
static volatile sig_atomic_t pending[NSIG];
static volatile int wake_fd[NSIG];

static void handle(int signo)
{
    int saved = errno;
    pending[signo] = 1;
    /* A full pipe wakes as well as one more byte in it. */
    ssize_t written = write(wake_fd[signo], "", 1);
    (void)written;
    errno = saved;
}

static void set_action(int signo, void (*handler)(int))
{
    struct sigaction action = {.sa_flags = SA_RESTART | SA_NOCLDSTOP};
    action.sa_handler = handler;
    sigfillset(&action.sa_mask);
    sigaction(signo, &action, NULL);
}

bool loop_signals_init(struct loop *loop, struct error *err)
{
    if (pipe2(loop->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        loop->wake[0] = loop->wake[1] = -1;
        return error_set(err, ERROR_SYSTEM, "a pipe for signals: %s", strerror(errno));
    }
    set_action(SIGPIPE, SIG_IGN); /* a peer that went away is an error of write(), not our end */
    return true;
}

void loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
    if (signo <= 0 || signo >= NSIG)
        die("loop_on_signal: no such signal");
    if (!fn)
        set_action(signo, signo == SIGPIPE ? SIG_IGN : SIG_DFL);
    loop->signals[signo] = (struct loop_signal){.fn = fn, .arg = arg};
    pending[signo] = 0;
    wake_fd[signo] = loop->wake[1];
    if (fn)
        set_action(signo, handle);
}

void loop_signals_run(struct loop *loop)
{
    /* The pipe first: a signal that comes after its flag was looked at leaves a byte. */
    char bytes[256];
    while (read(loop->wake[0], bytes, sizeof bytes) > 0)
        continue;
    for (int signo = 1; signo < NSIG; signo++) {
        struct loop_signal asked = loop->signals[signo];
        if (!asked.fn || !pending[signo])
            continue;
        pending[signo] = 0;
        asked.fn(asked.arg);
    }
}

void loop_signals_done(struct loop *loop)
{
    for (int signo = 1; signo < NSIG; signo++)
        if (loop->signals[signo].fn)
            loop_on_signal(loop, signo, NULL, NULL);
    for (int i = 0; i < 2; i++)
        if (loop->wake[i] >= 0)
            close(loop->wake[i]);
}
