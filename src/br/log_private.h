/* log_private.h - what the files of a Job's log share. */
#ifndef BRDECK_BR_LOG_PRIVATE_H
#define BRDECK_BR_LOG_PRIVATE_H

#include <brdeck/br/log.h>
#include <brdeck/kube/podlog.h>
#include <brdeck/kube/reflector.h>

#include "br_private.h"

/* -- log_find.c: the Job, its newest Pod, the container whose log it is ------------------------- */

enum log_container_state { CONTAINER_ABSENT, CONTAINER_WAITING, CONTAINER_RUNNING, CONTAINER_ENDED };
struct log_container {
    enum log_container_state state;
    char name[64];
    char why[256];      /* WAITING: "ImagePullBackOff: Back-off pulling image"; ENDED: "Error" */
    int exit_code;      /* ENDED */
    int64_t ended_ms;   /* ENDED; 0: not told */
    bool ran_before;
};
struct log_pod {
    char name[256], uid[40];
    int64_t created_ms;
    bool gone;          /* it was there, and is deleted */
    char why[256];      /* no container tells anything: "Unschedulable: 0/3 nodes are available" */
    struct log_container init, main; /* init: the one that is not yet done; ABSENT: none */
};
struct log_job {
    char name[256], uid[40]; /* "" none is chosen */
    int64_t created_ms;
    bool over;          /* Complete or Failed */
};
enum log_sight {
    SIGHT_LOOKING,      /* nothing is known yet */
    SIGHT_NO_JOB,       /* there is none (now) */
    SIGHT_NO_POD,       /* the Job has none (now) */
    SIGHT_POD,
    SIGHT_GONE,         /* the Pod was there */
    SIGHT_ERROR,        /* it cannot be had: finder.error */
    SIGHT_PASSING,      /* the same, and is tried again */
};
struct log_finder {
    struct br *br;
    const char *ns, *name, *wanted_job; /* of the spec: outlive the finder */
    const char *uid;    /* of the Backup; "": not known */
    void (*changed)(void *arg); /* something came: look again; called from callbacks of the reflectors */
    void *arg;
    bool follow;
    struct reflector *jobs, *pods;
    struct log_job job;
    char watched[40];   /* the uid of the Job whose Pods are watched; "-": those of the Backup, by its label */
    struct log_pod pod;
    bool job_seen, pod_seen; /* in the list under way */
    char done_pod[40];  /* uid of the one that is read already; "" none: only a newer one counts */
    int64_t done_ms;
    bool settled;       /* the Pod is chosen: it is no longer replaced by a newer one */
    struct error error;
};
void log_finder_done(struct log_finder *finder);
/* Look for a newer Pod than the one that is there. */
void log_finder_next(struct log_finder *finder);
/* How far it is; begins watches as it needs them. Not from the reflectors' callbacks. */
enum log_sight log_finder_look(struct log_finder *finder);

/* -- log.c, log_lines.c: the log itself ------------------------------------------------------------ */

enum { LOG_TEXT_MAX = 640 };

struct br_log {
    struct br_log_spec spec; /* its strings are ours */
    struct br *br;
    struct log_finder finder;
    char *uid;               /* of the Backup; "" */
    enum br_log_phase phase;
    char text[LOG_TEXT_MAX];
    struct error error;
    bool told;
    struct loop_timer step, again;
    struct podlog *stream;
    bool of_init, init_done; /* the stream is the init container's; that one is read */
    bool stream_over, asked_early; /* it has ended: @end, @why; the container was not up: see the timer */
    enum podlog_end end;
    struct error why;
    bool between;            /* what is looked for is the next Pod; what was read is @ended */
    struct {
        struct log_container container;
        char job[256], text[LOG_TEXT_MAX];
    } ended;
    struct store_feed *feed; /* between: the Backup tells whether one is to come */
    size_t lines;
    struct str held;         /* the last BR_LOG_KEEP bytes, and what is not yet dropped before them */
    bool is_kept;            /* they are of a kept file */
    char *errors[BR_LOG_ERRORS_MAX];
    size_t error_count;
};
/* log.c: of the log that was read last, or is read. */
const struct log_container *log_container_of(const struct br_log *log);
const char *log_job_of(const struct br_log *log);

/* log_lines.c */
void log_lines_init(struct br_log *log);
void log_lines_done(struct br_log *log);
void log_take_line(struct br_log *log, int64_t at_ms, const char *line, size_t len);
/* Those of the next Pod begin; what was there is kept where it failed. */
void log_lines_next(struct br_log *log);
/* The lines of the @nth newest kept file. False: there is none. */
bool log_take_kept(struct br_log *log, size_t nth, char *path, size_t size, int64_t *at_ms);

/* -- log_keep.c: files in the state folder -------------------------------------------------------- */

enum { LOG_FILES_MAX = 50, LOG_PATH_MAX = 512 };
/* The @nth newest (from 0) that was kept of @ns/@name, and of @job where that is not NULL. Appends its text to @out.
 * @at_ms is when that log ended. */
bool log_kept_read(const char *ns, const char *name, const char *job, size_t nth, struct str *out, char *path,
                   size_t size, int64_t *at_ms);
bool log_kept_write(const char *ns, const char *name, const char *job, int64_t at_ms, const char *text, size_t len,
                    char *path, size_t size, struct error *err);

/* -- log_text.c: lines ------------------------------------------------------------------------------ */

/* Append the line with what must not be seen blotted out. */
void log_text_blot(struct str *out, const char *line, size_t len);

#endif
