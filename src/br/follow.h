/* follow.h - the signs of an action's success or failure in the object, and in what is known beside it: no network, no
 * clock.
 *
 * Rule 5: an old success is no success. A sign counts only if it differs from what the plan recorded, and only in an
 * object that is no older than the write. Facts are no more than hints: they name the cause of a failure and of what
 * does not get on, but whether it is done or has failed the object alone says.
 */
#ifndef BRDECK_BR_FOLLOW_H
#define BRDECK_BR_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/cause.h>
#include <brdeck/backup/command.h>
#include <brdeck/br/runner.h>

struct follow {
    enum action_id action;
    bool is_retry;
    bool at_work;                       /* it was found at work: each entry of its first command is this run's own */
    const struct backup_record *before; /* as the plan looked at it, or as it was found to be asked for; NULL: a start,
                                           a create, or found at work */
    const struct backup_record *after;  /* as the write made it, or as it was found */
    const struct command_step *steps;   /* in order, all must succeed; none: a snapshot, a delete and the like */
    size_t step_count, at;              /* at: the first that is not done */
    char uid[64];
    int64_t generation;                 /* of the write's answer: an older object tells nothing */
    uint64_t version;                   /* resourceVersion of the write's answer; 0: no number */
    int64_t since_ms;                   /* corrected wall of the write: what began before is not its own; 0: not known
                                           */
    char old_job[40];                   /* uid of the Job that was there before; "" none was seen */
    unsigned deaths;                    /* Jobs of it that were seen to fail while the object did not say so, */
    const struct cause *death;          /* and why the last did; NULL: not known */
    bool jobs_unread;                   /* which Jobs there are is not known yet */
    bool truncate_dropped;              /* somebody took a waiting truncate out of the spec */
    bool stop_failed, stop_done;        /* a delete: how its Job stop-NAME was seen to end */
    bool set_back, cleaned;             /* a delete that keeps the data: cleanPolicy was seen not to be Retain any more;
                                           its data was seen to be removed */
};
struct follow_sight {
    enum br_outcome outcome;   /* FOLLOWING, DONE, NOTHING, FAILED, REVERTED, GONE */
    enum phase phase;          /* of the sub-command followed, or of the whole */
    bool stale;                /* the object is older than the write: nothing else is filled */
    bool untouched;            /* nobody has begun with it */
    bool stuck;                /* FOLLOWING, and it does not get on; cause tells why, where that is known */
    bool dead;                 /* its Job has failed and the object does not say so (yet) */
    const struct cause *cause; /* of what failed or is stuck; NULL: not known */
    char job[64], pod[72];     /* its own; "" not known */
    char job_uid[40];
    float progress;            /* below 0: not told */
    char text[512];
};

/* What the object says now, @facts (may be NULL) beside it, and br's ERROR lines (@errors, may be NULL). */
void follow_look(struct follow *follow, const struct backup_record *record, const struct backup_facts *facts,
                 const char *errors, struct follow_sight *sight);
/* The object is not there any more; @replaced: another of that name is. */
void follow_gone(const struct follow *follow, bool replaced, struct follow_sight *sight);
/* A resourceVersion as a number (0: it is none): on API servers of Kubernetes they are ordered. */
uint64_t follow_version(const char *resource_version);
/* The operator's command that is being followed; NONE: a snapshot, a delete and the like. */
enum log_command follow_command(const struct follow *follow);
/* What differs between two looks at an object, in words: "phase Running is now Paused". Appended to @buf. */
void follow_difference(const struct backup_record *a, const struct backup_record *b, char *buf, size_t size);

#endif
