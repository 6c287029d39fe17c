/* child.h - programs run beside the loop: posix_spawn, pipes, default signals,
 * no inherited descriptors.
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
    const char *out, *err; /* collected, NUL-terminated; NULL for a terminal child */
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
    /* Output as it comes, instead of being collected; may be NULL. */
    void (*on_output)(void *arg, bool is_stderr, const char *bytes, size_t len);
    /* Called once, when it has ended and its pipes are read. The result is valid
     * during the call. The struct child is gone after it. */
    void (*on_exit)(void *arg, const struct child_result *result);
    void *arg;
};

/* NULL and @err ("PROGRAM: not found in PATH") when it does not start; @spec and
 * what it points at is needed only during the call. */
struct child *child_start(struct loop *loop, const struct child_spec *spec, struct error *err);
/* SIGTERM, then SIGKILL after two seconds; on_exit is still called. */
void child_kill(struct child *child);
/* Kill it (SIGKILL) and forget it: no callback. *child becomes NULL. */
void child_cancel(struct child **child);
int child_pid(const struct child *child);

#endif
