/* state.h - what is true of a Backup, in one word, one sentence, and until when it holds.
 *
 * A pure function over record, facts and now. The list's STATUS, the detail's first lines and the command
 * line all print it.
 */
#ifndef BRDECK_BACKUP_STATE_H
#define BRDECK_BACKUP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>
#include <brdeck/base/str.h>

/* The meaning of a colour; themes say which. Never the only sign: a mark or word goes with it. */
enum role {
    ROLE_TEXT,
    ROLE_DIM,
    ROLE_LABEL,  /* names of fields */
    ROLE_TITLE,
    ROLE_OK,
    ROLE_BUSY,   /* in progress */
    ROLE_WARN,
    ROLE_CRIT,
    ROLE_COUNT,
};

enum severity { SEVERITY_OK, SEVERITY_BUSY, SEVERITY_WARN, SEVERITY_CRIT };

/* One column wide in UTF-8; the ASCII letter where that is all there is. */
enum state_mark {
    MARK_NONE,
    MARK_RUNNING,  /* ● *  */
    MARK_TROUBLE,  /* ▲ !  */
    MARK_PAUSED,   /* ‖ =  */
    MARK_UNKNOWN,  /* ? ?  */
    MARK_COMPLETE, /* ✔ +  */
    MARK_BUSY,     /* ◐ o  */
    MARK_FAILED,   /* ✖ x  */
    MARK_STOPPED,  /* ■ #  */
    MARK_DELETING, /* ✂ -  */
    MARK_COUNT,
};
const char *state_mark_text(enum state_mark mark, bool ascii);
const char *state_mark_help(enum state_mark mark); /* "runs", "failed"...: what the mark says */

enum { STATE_WORD_MAX = 64, STATE_TEXT_MAX = 512, EVIDENCE_MAX = 256 };

struct backup_state {
    enum state_mark mark;
    enum severity severity;
    enum role role;
    bool needs_you;              /* counted in "3 need you": severity is WARN or CRIT, except where the operator mends
                                    it by itself (a snapshot's Retrying 1/2). A pause that somebody asked for is BUSY
                                    until 6 h before its deadline, then WARN, from 2 h before it CRIT. Failed counts for
                                    as long as the object is there, unless a later full backup made it good
                                    (facts.later); Stopped never */
    char word[STATE_WORD_MAX];   /* "Running, pause failed" */
    char sentence[STATE_TEXT_MAX + EVIDENCE_MAX + 1]; /* what it means, with the reason, and what to do */
    const char *id;              /* of the finding: "paused-in-pd", "lagging"; stable, static (check.h) */
    int64_t until_ms;            /* wall, corrected: the state may read otherwise from then on; INT64_MAX: only a change
                                    of the object, or of the facts, can do it */
};

enum {
    LAG_WARN_MS = 10 * 60 * 1000,  /* LogBackupRunningRPOMoreThan10m */
    LAG_CRIT_MS = 30 * 60 * 1000,
    PAUSE_GC_TTL_MS = 24 * 60 * 60 * 1000, /* br log pause --gc-ttl */
    NOT_PICKED_UP_MS = 60 * 1000,  /* a status that stays empty so long tells of no operator or no Cluster */
};

/* Fill *@state with the gravest finding (check.h has all of them). @facts may be NULL. With @sentence false only mark,
 * severity, role, needs_you, word, id and until_ms are filled (what rows need). */
void state_of(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms, bool sentence,
              struct backup_state *state);

/* Now minus checkpoint; false where there is none to speak of: no log backup, no checkpoint, Stopped, Failed (rule 10).
 * The fresher of the CR's checkpoint and PD's counts; *@from_pd tells (may be NULL). A checkpoint only grows, so that
 * of PD counts however long ago PD said it. */
bool state_lag(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms, int64_t *lag_ms,
               bool *from_pd);
/* That checkpoint, whatever the phase; 0: none. */
tso_t state_checkpoint(const struct backup_record *record, const struct backup_facts *facts, bool *from_pd);
/* When a paused log backup's GC safepoint runs out: as PD has it, or computed, then "about" (rule 10); 0: it is not
 * paused, or since when is not known. */
int64_t state_pause_deadline_ms(const struct backup_record *record, const struct backup_facts *facts);
/* That it is PD's own. */
bool state_pause_deadline_is_exact(const struct backup_record *record, const struct backup_facts *facts);
/* PD told that the cluster's GC safepoint has passed the log's checkpoint (LogBackupGCSafePointExceedsCheckpoint): br
 * refuses to resume it. False where PD did not tell. */
bool state_gc_passed(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms);

#endif
