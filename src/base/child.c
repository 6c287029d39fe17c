#include <config.h>

#include <brdeck/base/child.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "base/child_spawn.h"
#include "base/loop_private.h"

enum {
    GRACE_MS = 2000,  /* from SIGTERM to SIGKILL */
    LINGER_MS = 1000, /* from its exit to the end of reading */
    READ_SIZE = 16 * 1024,
    READS_A_TURN = 4, /* so that a chatterer does not keep the loop */
    READS_LAST = 64,  /* what a pipe may hold (1 MiB at most) */
};

struct child {
    struct loop *loop;
    struct child *prev, *next; /* in the loop's list */
    pid_t pid;
    int status; /* of waitpid */

    int ends[CHILD_PIPES];
    struct loop_fd *watches[CHILD_PIPES];
    char *input;
    size_t input_len, input_sent;
    struct str kept[CHILD_PIPES]; /* of stdout and stderr; [0] is not used */

    struct loop_timer deadline; /* the timeout, then the end of the grace */
    struct loop_timer linger;   /* from its reaping to on_exit */

    bool terminal, keeps_out;
    bool killing, timed_out;
    bool reaped;    /* its pid means nothing any more */
    bool forgotten; /* no callback; freed once reaped */
    bool busy;      /* in one of its callbacks: the struct must stay */

    void (*on_output)(void *arg, bool is_stderr, const char *bytes, size_t len);
    void (*on_exit)(void *arg, const struct child_result *result);
    void *arg;
};

/* -- the end of it ----------------------------------------------------------------- */

static void close_end(struct child *child, int which)
{
    loop_fd_free(&child->watches[which]);
    if (child->ends[which] >= 0)
        close(child->ends[which]);
    child->ends[which] = -1;
}

static void close_ends(struct child *child)
{
    for (int which = 0; which < CHILD_PIPES; which++)
        close_end(child, which);
}

static void drop_input(struct child *child)
{
    if (child->input)
        wipe(child->input, child->input_len);
    free(child->input);
    child->input = NULL;
}

static void free_child(struct child *child)
{
    struct loop_children *children = loop_children(child->loop);
    *(child->prev ? &child->prev->next : &children->first) = child->next;
    if (child->next)
        child->next->prev = child->prev;
    if (!children->first)
        loop_on_signal(child->loop, SIGCHLD, NULL, NULL);
    close_ends(child);
    drop_input(child);
    loop_timer_cancel(&child->deadline);
    loop_timer_cancel(&child->linger);
    for (int which = 0; which < CHILD_PIPES; which++) { /* a login plugin prints a token */
        wipe(child->kept[which].data, child->kept[which].cap);
        str_done(&child->kept[which]);
    }
    free(child);
}

/* One with the terminal is in our own group: only itself is meant. */
static void send_signal(const struct child *child, int signo)
{
    if (!child->reaped)
        kill(child->terminal ? child->pid : -child->pid, signo);
}

/* While the leader is a zombie its group's number cannot be another's: the moment to
 * end what it leaves behind. */
static void end_group(const struct child *child)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid)
        send_signal(child, SIGKILL);
}

static bool output_ended(const struct child *child)
{
    return child->ends[STDOUT_FILENO] < 0 && child->ends[STDERR_FILENO] < 0;
}

static void try_reap(struct child *child)
{
    if (child->reaped)
        return;
    if ((child->killing || child->forgotten) && !child->terminal)
        end_group(child);
    pid_t pid = waitpid(child->pid, &child->status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno != ECHILD))
        return;
    child->reaped = true;
    loop_timer_cancel(&child->deadline);
    if (child->forgotten)
        free_child(child);
    else /* a timer also at once: on_exit may end the neighbours in the list */
        loop_timer_set(&child->linger, output_ended(child) ? 0 : LINGER_MS);
}

/* SIGCHLD: it does not say for how many, nor whose they are. */
static void reap_all(void *arg)
{
    struct loop *loop = arg;
    for (struct child *child = loop_children(loop)->first, *next; child; child = next) {
        next = child->next;
        try_reap(child);
    }
}

/* loop_free: what is not dead in this instant is left to init. */
static void drop_all(struct loop_children *children)
{
    while (children->first) {
        struct child *child = children->first;
        send_signal(child, SIGKILL);
        if (!child->reaped)
            waitpid(child->pid, NULL, WNOHANG);
        free_child(child);
    }
}

static void finish(struct child *child)
{
    struct child_result result = {
        .timed_out = child->timed_out,
        .exit_code = child->status >= 0 && WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1,
        .signo = child->status >= 0 && WIFSIGNALED(child->status) ? WTERMSIG(child->status) : 0,
        .cut = child->kept[STDOUT_FILENO].cut || child->kept[STDERR_FILENO].cut,
    };
    if (child->keeps_out) {
        result.out = child->kept[STDOUT_FILENO].data;
        result.out_len = child->kept[STDOUT_FILENO].len;
    }
    if (!child->terminal) {
        result.err = child->kept[STDERR_FILENO].data;
        result.err_len = child->kept[STDERR_FILENO].len;
    }
    child->busy = true;
    if (child->on_exit)
        child->on_exit(child->arg, &result);
    free_child(child);
}

/* -- its streams ------------------------------------------------------------------- */

/* What it said goes to its owner; false when that made an end of it (and it may be
 * gone). */
static bool pass_on(struct child *child, int which, const char *bytes, size_t len)
{
    if (!child->on_output) {
        str_addn(&child->kept[which], bytes, len);
        return true;
    }
    child->busy = true;
    child->on_output(child->arg, which == STDERR_FILENO, bytes, len);
    child->busy = false;
    if (!child->forgotten)
        return true;
    if (child->reaped)
        free_child(child);
    return false;
}

/* False when the child may be gone. */
static bool read_stream(struct child *child, int which, int reads)
{
    char bytes[READ_SIZE];
    bool alive = true;
    while (alive && reads-- > 0 && child->ends[which] >= 0) {
        ssize_t got = read(child->ends[which], bytes, sizeof bytes);
        if (got > 0)
            alive = pass_on(child, which, bytes, (size_t)got);
        else if (got < 0 && errno == EINTR)
            continue;
        else if (got < 0 && errno == EAGAIN)
            break;
        else
            close_end(child, which);
    }
    wipe(bytes, sizeof bytes);
    return alive;
}

static void on_readable(struct child *child, int which)
{
    if (read_stream(child, which, READS_A_TURN) && child->reaped && output_ended(child))
        finish(child);
}

static void on_out(void *arg, unsigned ready)
{
    (void)ready;
    on_readable(arg, STDOUT_FILENO);
}

static void on_err(void *arg, unsigned ready)
{
    (void)ready;
    on_readable(arg, STDERR_FILENO);
}

static void on_writable(void *arg, unsigned ready)
{
    struct child *child = arg;
    (void)ready;
    size_t left = child->input_len - child->input_sent;
    ssize_t sent = left ? write(child->ends[STDIN_FILENO], child->input + child->input_sent, left) : 0;
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent > 0)
        child->input_sent += (size_t)sent;
    if (sent >= 0 && child->input_sent < child->input_len)
        return;
    /* All of it is sent, or the child reads no more, which is its right. */
    close_end(child, STDIN_FILENO);
    drop_input(child);
}

static void on_linger(void *arg)
{
    struct child *child = arg;
    if (read_stream(child, STDOUT_FILENO, READS_LAST) && read_stream(child, STDERR_FILENO, READS_LAST))
        finish(child);
}

static void on_deadline(void *arg)
{
    struct child *child = arg;
    if (child->killing) {
        send_signal(child, SIGKILL);
        return;
    }
    child->timed_out = true;
    child_kill(child);
}

/* -- what its owner calls ------------------------------------------------------------ */

static void watch_ends(struct child *child)
{
    static const struct {
        unsigned events;
        loop_fd_fn *fn;
    } table[CHILD_PIPES] = {{LOOP_WRITE, on_writable}, {LOOP_READ, on_out}, {LOOP_READ, on_err}};
    for (int which = 0; which < CHILD_PIPES; which++)
        if (child->ends[which] >= 0)
            child->watches[which] = loop_fd_new(child->loop, child->ends[which], table[which].events,
                                                table[which].fn, child);
}

static struct child *new_child(struct loop *loop, const struct child_spec *spec)
{
    struct child *child = xcalloc(1, sizeof *child);
    child->loop = loop;
    child->terminal = spec->terminal;
    child->keeps_out = !spec->terminal || spec->terminal_keep_out;
    child->on_output = spec->on_output;
    child->on_exit = spec->on_exit;
    child->arg = spec->arg;
    child->status = -1; /* until it is known; stays when somebody else has reaped it */
    for (int which = 0; which < CHILD_PIPES; which++) {
        child->ends[which] = -1;
        str_init(&child->kept[which], spec->output_max);
    }
    if (spec->input && !spec->terminal) {
        child->input = xmemdup(spec->input, spec->input_len);
        child->input_len = spec->input_len;
    }
    loop_timer_init(&child->deadline, loop, on_deadline, child);
    loop_timer_init(&child->linger, loop, on_linger, child);
    return child;
}

struct child *child_start(struct loop *loop, const struct child_spec *spec, struct error *err)
{
    struct child *child = new_child(loop, spec);
    struct loop_children *children = loop_children(loop);
    children->drop = drop_all;
    if (!children->first) /* before it is started: it may end at once */
        loop_on_signal(loop, SIGCHLD, reap_all, loop);
    child->next = children->first;
    if (child->next)
        child->next->prev = child;
    children->first = child;
    if (!child_spawn(spec, &child->pid, child->ends, err)) {
        free_child(child);
        return NULL;
    }
    watch_ends(child);
    if (spec->timeout_ms > 0)
        loop_timer_set(&child->deadline, spec->timeout_ms);
    return child;
}

void child_kill(struct child *child)
{
    if (child->killing || child->reaped)
        return;
    child->killing = true;
    send_signal(child, SIGTERM);
    loop_timer_set(&child->deadline, GRACE_MS);
}

void child_cancel(struct child **ptr)
{
    struct child *child = *ptr;
    *ptr = NULL;
    if (!child)
        return;
    send_signal(child, SIGKILL);
    child->forgotten = true;
    close_ends(child);
    drop_input(child);
    loop_timer_cancel(&child->deadline);
    loop_timer_cancel(&child->linger);
    if (child->reaped && !child->busy)
        free_child(child);
}

int child_pid(const struct child *child) { return (int)child->pid; }
