/* follow.h - the signs of an action's success or failure in the object, and nothing else: no network, no clock.
 *
 * Rule 5: an old success is no success. A sign counts only if it differs from what the plan recorded, and only in an
 * object that is no older than the write.
 */
#ifndef BRDECK_BR_FOLLOW_H
#define BRDECK_BR_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/command.h>
#include <brdeck/br/runner.h>

struct follow {
    enum action_id action;
    bool is_retry;
    const struct backup_record *before; /* as the plan looked at it; NULL: a start */
    const struct backup_record *after;  /* as the write made it */
    const struct command_step *steps;   /* in order, all must succeed */
    size_t step_count, at;              /* at: the first that is not done */
    char uid[64];
    int64_t generation;                 /* of the write's answer: an older object tells nothing */
    uint64_t version;                   /* resourceVersion of the write's answer; 0: no number */
    bool truncate_dropped;              /* somebody took a waiting truncate out of the spec */
};
struct follow_sight {
    enum br_outcome outcome; /* FOLLOWING, DONE, NOTHING, FAILED, REVERTED, GONE */
    enum phase phase;        /* of the sub-command followed */
    bool stale;              /* the object is older than the write: nothing else is filled */
    char text[512];
};

/* What the object says now. */
void follow_look(struct follow *follow, const struct backup_record *record, struct follow_sight *sight);
/* A resourceVersion as a number (0: it is none): on API servers of Kubernetes they are ordered. */
uint64_t follow_version(const char *resource_version);
/* The operator's command that is being followed. */
enum log_command follow_command(const struct follow *follow);
/* What differs between two looks at an object, in words: "phase Running is now Paused". Appended to @buf. */
void follow_difference(const struct backup_record *a, const struct backup_record *b, char *buf, size_t size);

#endif
