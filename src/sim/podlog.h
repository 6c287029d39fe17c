/* podlog.h - what the containers of the Pods have said, with the time of each line. */
#ifndef BRDECK_SIM_PODLOG_H
#define BRDECK_SIM_PODLOG_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct podlog;
struct podlogs {
    struct podlog *first;
};

void podlogs_done(struct podlogs *logs);
/* Followers see the end now: the server stops. */
void podlogs_end(struct podlogs *logs);
/* Add a line of Pod @name; the log is made when it is the first. */
__attribute__((format(printf, 4, 5)))
void podlog_add(struct podlogs *logs, const char *ns, const char *name, const char *format, ...);
/* The container has ended: followers see the end of the stream. */
void podlog_end(struct podlogs *logs, const char *ns, const char *name);
/* The Pod is gone. */
void podlog_drop(struct podlogs *logs, const char *ns, const char *name);

/* Its last lines, so many and so many bytes at most; the caller frees. */
char *podlog_tail(const struct podlogs *logs, const char *ns, const char *name, size_t lines, size_t bytes);

struct podlog_spec {
    struct MHD_Connection *connection;
    bool follow, timestamps;
    int64_t since_ms;    /* lines older than this wall time are left out; 0: none */
    int64_t tail_lines;  /* -1: all */
    int64_t limit_bytes; /* -1: no limit */
    int64_t cut_after;   /* -1: never */
};
struct MHD_Response *podlog_response(struct podlogs *logs, const char *ns, const char *name,
                                     const struct podlog_spec *spec);

#endif
