/* runner.h - plans carried out, one after another, and followed to their end.
 *
 * A run is a state machine fed by the store's changes. It is done when the signs of success differ from what the plan
 * recorded (rule 5), never because an old success still stands.
 */
#ifndef BRDECK_BR_RUNNER_H
#define BRDECK_BR_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/cause.h>
#include <brdeck/br/log.h>
#include <brdeck/br/plan.h>

struct br_options {
    struct loop *loop;
    struct fleet *fleet;
    const char *journal;  /* path; NULL: the state folder's journal.jsonl */
    bool read_only;       /* plans are made, nothing is ever sent */
};
struct br *br_new(const struct br_options *options, void (*changed)(void *arg), void *arg);
void br_free(struct br **br);

enum br_outcome {
    BR_QUEUED,     /* waits for the run before it */
    BR_SENDING,
    BR_FOLLOWING,  /* accepted; the operator is at it, or not yet */
    /* the ends */
    BR_DONE,       /* the signs of success were seen */
    BR_NOTHING,    /* the server took it and nothing changed; or the operator did nothing */
    BR_FAILED,     /* the operator or br failed: see text */
    BR_REFUSED,    /* the server refused the write */
    BR_CHANGED,    /* the object changed since the plan: look and ask again */
    BR_REVERTED,   /* somebody wrote the spec back */
    BR_GONE,       /* the object was deleted, or replaced by another of that name */
    BR_UNKNOWN,    /* the answer was lost, and it cannot be told */
    BR_NOT_SENT,   /* a run before it in the batch failed; or cancelled while it waited */
};
bool br_outcome_is_end(enum br_outcome outcome);
const char *br_outcome_word(enum br_outcome outcome); /* "done", "failed"... */

enum { BR_RUN_OUTPUT = 8 * 1024 };

/* How brdeck knows of a run. */
enum br_origin {
    BR_ORIGIN_HERE,    /* it was executed by this brdeck */
    BR_ORIGIN_CLUSTER, /* an object of the cluster says that its operator, or a Job of ours, is at work, or should be */
    BR_ORIGIN_JOURNAL, /* an intent of an earlier brdeck that has no outcome: looked up in the cluster */
};

struct br_run {
    unsigned id;
    char run_id[32];      /* as the journal and annotations have it */
    const struct action *action;
    char *ns, *name;
    bool v1, is_retry;
    tso_t until;
    enum br_origin origin;
    enum br_driver driver;
    enum br_command br_command; /* where driver is not OPERATOR */
    enum log_command command; /* of the operator, that is followed; NONE: a snapshot, a delete, or another driver's */
    enum br_outcome outcome;
    const struct cause *cause; /* why it failed, or does not get on (then the outcome is FOLLOWING); NULL: not known */
    bool stuck;           /* it does not get on: cause tells why, and whether that mends itself; NULL: not known (its
                             Jobs die one after another) */
    char job[64], pod[72]; /* "" not known yet */
    enum phase phase;     /* of the sub-command followed: Scheduled, Prepare, Running... */
    float progress;       /* per cent; below 0: not told */
    char errors[1024];    /* the last ERROR lines of br, a line each, raw; "" */
    char log_path[512];   /* where the log was kept, on failure; "" */
    char *result;         /* of a probe: what br answered, in words, a line each; NULL */
    char *answer;         /* the JSON of a status, verbatim; NULL */
    char *output;         /* of br itself: its last lines so far, at most BR_RUN_OUTPUT bytes, not cleaned; NULL */
    char text[512];       /* "log-pause: Running", "pause failed: PD did not answer (br: ...)" */
    int64_t begun_ms, changed_ms, ended_ms; /* corrected wall; 0: not yet */
    unsigned batch;       /* runs of one batch have the same number */
    bool seen;            /* the user has looked at the notices since it ended */
};
/* Carry out @count plans (READY, of one action, in one context); taken over, also when false: their pointers become
 * NULL. @typed is what was typed to confirm: checked again. Batches go one after another; the first failure halts the
 * rest. A delete that keeps the data is two runs, the patch of cleanPolicy and the delete. False and @err when it is
 * not confirmed, is read-only, or the journal cannot be written; nothing is sent then. *@batch (may be NULL) is the
 * number of the batch. */
bool br_execute(struct br *br, struct br_plan **plans, size_t count, const char *typed, unsigned *batch,
                struct error *err);
/* What must be typed for @count plans together: "stop 3 prod-eu"; for one its own. Written to @buf. */
char *br_batch_confirm(struct br_plan *const *plans, size_t count, char *buf, size_t size);
/* Newest last. A run stays where it is but for those found in the cluster: of them the oldest are forgotten some time
 * after their end, when there are hundreds; hold on to an id, not to a pointer. */
size_t br_runs(const struct br *br);
const struct br_run *br_run_at(const struct br *br, size_t i);
/* The newest run of that object which is under way, or ended within the last minute; NULL: none. */
const struct br_run *br_run_of(const struct br *br, const char *ns, const char *name);
/* Find what is under way in the cluster: Backups whose command is at work, or was asked for a minute ago and is not
 * begun; Jobs of brdeck's; intents in the journal (of this cluster) without an outcome. Runs once the lists are there,
 * and again as rows change, until br is freed. They appear among br_runs with their origin; what is followed already is
 * not found twice. */
void br_find_runs(struct br *br);
/* The finding is done at least once (for the command line). */
bool br_runs_are_found(const struct br *br);
/* Stop the work itself where that is possible: br on this host, a Job of ours. False and @err: the operator's work
 * cannot be stopped, it is over, is read-only, or the journal cannot be written. */
bool br_cancel(struct br *br, unsigned id, struct error *err);
size_t br_active(const struct br *br);
size_t br_unseen(const struct br *br); /* ended badly and not looked at */
void br_mark_seen(struct br *br);

#endif
