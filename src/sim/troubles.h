/* troubles.h - what goes wrong with Jobs, by order (faults.h, POST /sim/job): the table of causes, and the orders.
 *
 * What lies in the objects themselves (a ServiceAccount, a Secret, a key that is not there) needs no order: jobway.c
 * sees it. An order keeps its hold on a Job until it is withdrawn: then the Job goes on, as when the cause is gone.
 */
#ifndef BRDECK_SIM_TROUBLES_H
#define BRDECK_SIM_TROUBLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

/* Where on its way a Job is stopped. */
enum trouble_kind {
    TROUBLE_NONE,
    TROUBLE_SECRET, /* the operator may not read the Secret: no Job is made */
    TROUBLE_JOB,    /* no Pod is made: FailedCreate of the Job */
    TROUBLE_NODE,   /* no node takes the Pod: FailedScheduling */
    TROUBLE_MOUNT,  /* a volume is not there: FailedMount */
    TROUBLE_IMAGE,  /* a container's image cannot be had */
    TROUBLE_CONFIG, /* a container cannot be made: CreateContainerConfigError */
    TROUBLE_KILL,   /* it runs and is killed: nobody tells the Backup */
    TROUBLE_BR,     /* br itself says why and exits with 1 */
};

/* Texts may hold @N namespace, @J Job, @P Pod, @A ServiceAccount, @S Secret, @I image, @T Backup or task, @D address
 * of PD, @W when (RFC 3339), @O a TSO of now, @C one of a day ago. */
struct trouble_info {
    const char *id;
    enum trouble_kind kind;
    const char *reason;     /* of the Event or the container's state; of br, where the line is from: "stream.go:510" */
    const char *text;       /* what is told; a "message" in the order replaces it */
    int exit_code;          /* KILL */
    const char *pod_reason; /* KILL: of the whole Pod; NULL: only its container ended */
    const char *job_reason; /* KILL: of the Job's end; NULL: BackoffLimitExceeded */
};
extern const struct trouble_info trouble_table[]; /* troubletable.c */
extern const size_t trouble_count;

struct trouble {
    struct trouble *next;
    const struct trouble_info *info;
    char *ns, *name, *command, *message, *container; /* NULL: any; message: the table's; container: the first */
    int64_t left;   /* Jobs to come; 0: none; -1: all */
    unsigned holds; /* Jobs that it holds now */
    bool withdrawn;
};

struct troubles {
    struct trouble *first;
};

void troubles_done(struct troubles *troubles);
/* Add an order, or withdraw ("withdraw":true) those it matches; false and @err when it makes no sense. */
bool troubles_order(struct troubles *troubles, const struct json *order, struct error *err);
/* All orders are withdrawn: what waits goes on. */
void troubles_clear(struct troubles *troubles);
/* What waits for Jobs, or holds some. */
size_t troubles_count(const struct troubles *troubles);
/* The trouble of a new Job: @name its Backup's, @command as "log-pause"; NULL: none. Let it go with trouble_release. */
struct trouble *troubles_take(struct troubles *troubles, const char *ns, const char *job, const char *name,
                              const char *command);
void trouble_release(struct troubles *troubles, struct trouble **trouble);
/* Whether it is of @kind and stands. NULL is none. */
bool trouble_is(const struct trouble *trouble, enum trouble_kind kind);

/* What keeps the operator from reading the Secret that the Backup names, for as long as it is not withdrawn; NULL. */
const struct trouble *troubles_of_secret(const struct troubles *troubles, const char *ns, const char *name,
                                         const char *command);

struct trouble_words {
    const char *ns, *job, *pod, *account, *secret, *image, *task, *pd;
};
/* Its text with the words put in; the caller frees. */
char *trouble_text(const struct trouble *trouble, const struct trouble_words *words);

#endif
