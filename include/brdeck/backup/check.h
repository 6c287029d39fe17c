/* check.h - is everything fine? Every finding about a Backup, and about the Backups of a cluster, with limits.
 *
 * Pure functions. The list's STATUS is the first finding of state.h; `brdeck check` prints all of them. The limits'
 * defaults are PingCAP's recommended alerts (LogBackupRunningRPOMoreThan10m, -30m, LogBackupPausingMoreThan2h, -12h,
 * LogBackupFailed) and one full backup a day; LogBackupGCSafePointExceedsCheckpoint has no limit to set.
 */
#ifndef BRDECK_BACKUP_CHECK_H
#define BRDECK_BACKUP_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>
#include <brdeck/backup/state.h>

struct check_limits { /* a limit of 0 is none */
    int64_t lag_warn_ms, lag_crit_ms;     /* 10 min, 30 min */
    int64_t pause_warn_ms, pause_crit_ms; /* 2 h, 12 h */
    int64_t age_warn_ms, age_crit_ms;     /* of the newest Complete full backup of a cluster: 26 h, 50 h */
};
extern const struct check_limits check_defaults;
/* What state_of() goes by: those of the lag. Of a pause it knows the deadline, not how long it may be. */
extern const struct check_limits check_of_state;

/* A finding: what, how bad, how it is known, what to do. */
struct finding {
    const char *id;          /* "paused-in-pd": stable, for JSON, Prometheus and tests; static */
    enum severity severity;  /* OK and BUSY are no trouble */
    const char *cause;       /* id in cause.h of what is behind it; NULL: none is known, or it needs none; static */
    char word[STATE_WORD_MAX];
    char sentence[STATE_TEXT_MAX];
    enum state_mark mark;
    enum role role;
    bool needs_you;          /* as in struct backup_state */
    bool unknown;            /* it could not be told, or not for sure: Backups of the cluster are not listed */
    char evidence[EVIDENCE_MAX]; /* "PD: pause/log-a of 02:11 by host-7"; "" where the object itself says it */
    char action[EVIDENCE_MAX];   /* ""; or what to do */
};
enum { FINDINGS_MAX = 16 };

/* All findings about @record, the gravest first; the first is what state_of() shows, but for the limits. Returns how
 * many (at least 1). @facts may be NULL; @limits NULL: the defaults. */
size_t check_record(const struct backup_record *record, const struct backup_facts *facts,
                    const struct check_limits *limits, int64_t now_ms, struct finding findings[FINDINGS_MAX]);

/* What can be said of one cluster only: the newest full backup is too old or there is none, no log backup runs, several
 * do; PD has tasks that no Backup knows (@tasks: names and checkpoints). */
struct check_task {
    const char *name;
    tso_t checkpoint;
    bool paused;
};
struct check_cluster {
    const char *cluster;                         /* record_cluster's key */
    const struct backup_record *const *records;  /* of that cluster */
    size_t count;
    bool complete;                               /* all its Backups are listed, freshly */
    const struct check_task *unknown_tasks;      /* that no record has the name of */
    size_t unknown_count;
};
/* With @complete false only what is sure is trouble; what cannot be told is a finding with unknown set. */
size_t check_cluster(const struct check_cluster *cluster, const struct check_limits *limits, int64_t now_ms,
                     struct finding findings[FINDINGS_MAX]);

#endif
