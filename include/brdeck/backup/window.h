/* window.h - what can be restored, and what a truncate takes away (rules 3 and 4).
 *
 * PITR restores to T when a full backup at or before T and the log from it to T are there: fullTS <= T <= checkpoint,
 * and fullTS >= the log's own start (the later of its commitTs and its truncation).
 */
#ifndef BRDECK_BACKUP_WINDOW_H
#define BRDECK_BACKUP_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>
#include <brdeck/base/str.h>

/* Why a record is no base for PITR; NULL when it is one. A short clause: "is being deleted". */
const char *window_base_fault(const struct backup_record *record);
/* When a backup began, wall, ms: timeStarted, else its creation. */
int64_t window_begun_ms(const struct backup_record *record);
/* A full backup of a whole cluster that has failed, or that the operator refused. */
bool window_is_failed_full(const struct backup_record *record);
/* Whether @full, Complete and a base for PITR, stands in for @failed: both of one cluster, and @full begun after the
 * failed one had ended. */
bool window_makes_good(const struct backup_record *full, const struct backup_record *failed);
/* The later of the log's start and its last truncation; 0: unknown. */
tso_t window_log_start(const struct backup_record *log);

struct window {
    tso_t from, to;             /* restorable any time between; 0: nothing is */
    bool to_from_pd;            /* the end is PD's checkpoint, which the object does not have yet */
    const struct backup_record *base; /* the oldest base in the log: where the window begins */
    const struct backup_record *newest; /* the newest base in the log */
    const struct backup_record *log;
    size_t bases;               /* in the window */
    size_t points;              /* snapshots outside it: they restore their own instant only */
    bool maybe_other_cluster;   /* the base is older than the Cluster object */
    const char *filter;         /* tables the log is limited to; NULL: all */
};
/* Of @log with the records of its cluster (any records: those of other clusters are passed over).
 * @cluster_created_ms: of the Cluster object, 0 unknown. Nothing where the log is being cleaned away. */
void window_of(const struct backup_record *log, const struct backup_record *const *records, size_t count,
               int64_t cluster_created_ms, struct window *window);
/* The same as it is shown: to PD's checkpoint, where @facts (may be NULL) have a fresher one than the object. */
void window_shown(const struct backup_record *log, const struct backup_facts *facts,
                  const struct backup_record *const *records, size_t count, int64_t cluster_created_ms,
                  struct window *window);

enum truncate_verdict {
    TRUNCATE_OK,
    TRUNCATE_NO_CHECKPOINT,     /* refused: checkpoint unknown */
    TRUNCATE_PAST_CHECKPOINT,   /* refused */
    TRUNCATE_NOT_AFTER_LAST,    /* refused: nothing would happen */
    TRUNCATE_NOT_AFTER_START,   /* refused: nothing would happen */
    TRUNCATE_OUT_OF_SYNC,       /* refused: would wait behind the failed log-pause */
    TRUNCATE_LOSES_PITR,        /* takes the last base of the window: passes only by `lose NAME` */
};
struct truncate_effect {
    enum truncate_verdict verdict;
    char why[256];              /* of a refusal: a sentence with what to do; "" */
    tso_t log_from, until;      /* log that goes */
    struct window before, after;
    size_t loses;               /* bases that then restore only their own instant */
    const struct backup_record *lost[8]; /* the newest of them */
    bool snapshots_known;       /* false: "unknown", never "nothing lost" */
};
/* What truncating @log to @until would do. It is judged by the object's checkpoint alone, also where PD's is fresher:
 * the plan stands and falls with the object (rule 1), PD may be one of another cluster with the same names, and the
 * lower limit refuses more and counts fewer bases as left. Nobody needs what it refuses: a truncate into the last
 * minutes of the log leaves no log. And where the object is hours behind, its operator would not run the truncate.
 * @snapshots_known: whether they are completely and freshly listed. */
void window_truncate(const struct backup_record *log, const struct backup_record *const *records, size_t count,
                     int64_t cluster_created_ms, bool snapshots_known, tso_t until, struct truncate_effect *effect);

#endif
