/* podlog.h - the log of a container, line by line, across cuts (rule 22). */
#ifndef BRDECK_KUBE_PODLOG_H
#define BRDECK_KUBE_PODLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/kube/client.h>

enum podlog_end {
    PODLOG_EOF,     /* the server closed a log that was not followed, or whose container has ended */
    PODLOG_WAITING, /* 400: the container is waiting to start: a state, no failure */
    PODLOG_GONE,    /* 404 */
    PODLOG_ERROR,
};

struct podlog;
struct podlog_spec {
    const char *ns, *pod, *container; /* copied */
    bool follow, previous;
    int64_t tail_lines; /* 0: all */
    /* A line without its timestamp and line feed; @at_ms is when the kubelet took it. Borrowed. */
    void (*on_line)(void *arg, int64_t at_ms, const char *line, size_t len);
    /* With follow a cut is gone on from by sinceTime (lines are not told twice); this comes when the container has
     * ended, or at an error. */
    void (*on_end)(void *arg, enum podlog_end end, const struct error *err);
    /* Whether the container still runs (asked at EOF while following); NULL: no. */
    bool (*is_running)(void *arg);
    void *arg;
};
struct podlog *podlog_start(struct kube_client *client, const struct podlog_spec *spec);
void podlog_free(struct podlog **log);

#endif
