/* child.h - programs run beside the loop: posix_spawn, pipes, default signals,
 * no inherited descriptors.
 *
 * A child is a session of its own, without a terminal, and is killed as one; but one that has
 * the terminal stays in brdeck's, so that it may read from it. Its end counts when
 * its output is read to the end, or one second after its exit: a grandchild may
 * hold the pipes open for ever.
 */
#ifndef BRDECK_BASE_CHILD_H
#define BRDECK_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>

struct child;

struct child_result {
    bool timed_out; /* and was killed */
    int exit_code;  /* -1 when it died of a signal */
    int signo;      /* 0 when it did not */
    const char *out, *err; /* collected, NUL-terminated; NULL where the terminal was lent */
    size_t out_len, err_len;
    bool cut; /* more came than @output_max */
};

struct child_spec {
    const char *const *argv;  /* argv[0] is looked up in PATH; NULL-terminated */
    const char *const *env;   /* "K=V" that are added or replaced; NULL: none */
    const char *input;        /* for its stdin; NULL: /dev/null */
    size_t input_len;
    size_t output_max;        /* bytes kept of each of stdout and stderr */
    int64_t timeout_ms;       /* 0: none. SIGTERM, two seconds later SIGKILL */
    bool terminal;            /* stdin, stdout and stderr are the terminal's: the
                                 caller has lent it. Nothing is collected. */
    bool terminal_keep_out;   /* with @terminal: its stdout is collected all the same,
                                 as a login plugin prints its credential there */
    /* Output as it comes, instead of being collected; may be NULL. */
    void (*on_output)(void *arg, bool is_stderr, const char *bytes, size_t len);
    /* Called once, when it has ended and its pipes are read. The result is valid
     * during the call. The struct child is gone after it. */
    void (*on_exit)(void *arg, const struct child_result *result);
    void *arg;
};

/* NULL and @err ("PROGRAM: not found in PATH", ERROR_MISSING; else ERROR_SYSTEM) when it
 * does not start; @spec and what it points at is needed only during the call. What is
 * left when the loop is freed is cancelled: hold no pointer to it beyond. */
struct child *child_start(struct loop *loop, const struct child_spec *spec, struct error *err);
/* SIGTERM, then SIGKILL after two seconds; on_exit is still called. */
void child_kill(struct child *child);
/* Kill it (SIGKILL) and forget it: no callback. *child becomes NULL. */
void child_cancel(struct child **child);
int child_pid(const struct child *child);

#endif
