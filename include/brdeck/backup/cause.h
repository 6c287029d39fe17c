/* cause.h - why something failed or does not get on: the cause, not the symptom.
 *
 * One table says for each cause how it is recognised (the CR's reason and message, what a container waits for or ended
 * with, a Warning Event, br's own ERROR lines), a word for the list, a sentence, and what to do. Sources: TiDB Operator
 * (reasons), kubelet and Job controller (waiting reasons, Events), BR (error texts).
 */
#ifndef BRDECK_BACKUP_CAUSE_H
#define BRDECK_BACKUP_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>

struct cause {
    const char *id;       /* "no-service-account": stable, for JSON and tests */
    const char *word;     /* for the list: "no ServiceAccount" */
    const char *sentence; /* a clause, what is the matter: "the ServiceAccount of the backup's Pod is not there" */
    const char *action;   /* a sentence, what to do: "Create it with its Role and RoleBinding." */
    bool mends_itself;    /* once the cause is gone it goes on without another key: the Job controller, the kubelet or
                             the operator tries again */
};
extern const struct cause cause_table[];
extern const size_t cause_count;

/* Where the signs may be; all may be NULL. */
struct cause_signs {
    const char *reason, *message;     /* of the condition that says Failed or RetryFailed */
    const struct backup_facts *facts; /* Job, Pod, Event, Cluster */
    const char *log;                  /* br's ERROR lines, a line each */
};
/* The most exact cause that is recognised; NULL: none. */
const struct cause *cause_find(const struct cause_signs *signs);
/* That of the record's own reason and message (of the phase, or of the sub-command that the spec asks for) and of
 * @facts, for what does not get on or has failed; "not-picked-up" or the Cluster's for an empty status. NULL: none, or
 * it runs. It knows no time: a Backup just made is not picked up either. */
const struct cause *cause_of_record(const struct backup_record *record, const struct backup_facts *facts);

/* What the Cluster itself stands against: missing, suspended, paused; NULL: nothing is known. @facts may be NULL. */
const struct cause *cause_of_cluster(const struct backup_facts *facts);
/* "no-service-account"; NULL: none has that id. */
const struct cause *cause_by_id(const char *id);

/* What of @message tells: what stands in [error="..."] where br wrote that, else all of it, on one line, cut to
 * @size. The reason where there is no message, "no reason is told" where there is neither. Returns @buf. */
char *cause_text(const char *reason, const char *message, char *buf, size_t size);
/* Whether a resume failed because GC has passed what it needs: then no retry helps. */
bool cause_is_gc(const char *reason, const char *message);

#endif
