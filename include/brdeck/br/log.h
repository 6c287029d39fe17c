/* log.h - the log of a Backup's Job: which Pod's, its last lines, br's errors, and what is left when the Pod is gone.
 *
 * The operator deletes old Jobs with their Pods and logs, so the last 256 KiB are kept on failure (0600, in the state
 * folder's logs/, the newest 50; rule 22). Of each line the text without the kubelet's timestamp is handed on; secrets
 * that brdeck knows, and signatures and keys in URLs, are blotted out of it.
 */
#ifndef BRDECK_BR_LOG_H
#define BRDECK_BR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>

struct br;

enum { BR_LOG_KEEP = 256 * 1024, BR_LOG_ERRORS_MAX = 8, BR_LOG_ERROR_MAX = 512 /* bytes of one */ };

enum br_log_phase {
    BR_LOG_LOOKING,  /* for the Job and its Pod */
    BR_LOG_WAITING,  /* the container is not up yet: see text */
    BR_LOG_READING,
    BR_LOG_BETWEEN,  /* onward: this container has ended (see text), and a newer Pod is to come */
    BR_LOG_ENDED,    /* the container has ended, or the log was not followed and is read */
    BR_LOG_KEPT,     /* the Pod is gone; the lines are of the kept file */
    BR_LOG_NONE,     /* there is no Pod and no kept file: see error */
    BR_LOG_FAILED,   /* see error */
};

struct br_log_spec {
    const char *ns, *name;   /* of the Backup; copied */
    bool v1;
    const char *job;         /* of this Job; NULL: the newest of the Backup */
    bool follow;
    bool onward;             /* with follow: once the container has ended it goes over to a newer Pod of the Job, or of a
                                newer Job of the Backup (a retry), with a line of brdeck's own between; until none is to
                                come any more. What failed is kept by itself then. Its end is ENDED all the same */
    bool previous;           /* of the container's run before, as kubectl logs --previous; where there was none and the
                                Pod is gone: the kept file before the last */
    int64_t tail_lines;      /* 0: all */
    /* @at_ms is when the kubelet took the line; 0 where that is not known (a kept file). */
    void (*on_line)(void *arg, int64_t at_ms, const char *line, size_t len); /* may be NULL */
    void (*on_phase)(void *arg);                                             /* may be NULL; may free the log */
    void *arg;
};
struct br_log;
struct br_log *br_log_new(struct br *br, const struct br_log_spec *spec);
void br_log_free(struct br_log **log);
enum br_log_phase br_log_phase(const struct br_log *log);
const struct error *br_log_error(const struct br_log *log);
/* "Pod NAME, container backup", "kept at TIME in PATH", "waits: ImagePullBackOff". */
const char *br_log_text(const struct br_log *log);
/* br's last lines that tell of a failure (each cut to BR_LOG_ERROR_MAX), oldest first; returns how many. */
size_t br_log_errors(const struct br_log *log, const char *errors[BR_LOG_ERRORS_MAX]);
/* Of a log line: "ERROR", "WARN", "INFO"..., of br's own or of the klog lines of tidb-backup-manager; "" when it is
 * neither. Static. */
const char *br_log_level(const char *line, size_t len);
/* Whether it tells of a failure: ERROR, FATAL, PANIC. */
bool br_log_is_error(const char *line, size_t len);
/* Whether the container whose log it is has ended with another exit code than 0: such a log is worth keeping. */
bool br_log_has_failed(const struct br_log *log);
/* The Pod that it is of; "" while it is not known. */
const char *br_log_pod(const struct br_log *log);
/* Write what is held (at most BR_LOG_KEEP of its end) to the state folder; once more for the same end of the same Job,
 * and it is the same file. False and @err when that fails, or a kept file is what is read. The path is written to
 * @path. */
bool br_log_keep(struct br_log *log, char *path, size_t size, struct error *err);

#endif
