/* br_private.h - what the files of this room share: a plan with its ways, a run with its state, the room itself. */
#ifndef BRDECK_BR_PRIVATE_H
#define BRDECK_BR_PRIVATE_H

#include <brdeck/base/loop.h>
#include <brdeck/br/cluster.h>
#include <brdeck/br/journal.h>
#include <brdeck/br/plan.h>
#include <brdeck/br/runner.h>
#include <brdeck/kube/reflector.h>

#include "follow.h"

enum {
    CONFLICTS_MAX = 5,  /* sent again after a 409, in all (rule 1) */
    LOST_LOOKS_MAX = 3, /* looks at an unchanged object before a lost write counts as not done */
    SEND_AGAIN_MAX = 3, /* when nothing was sent */
    RUN_OF_MS = 60 * 1000, /* br_run_of keeps naming a run that ended */
    RUNS_KEEP = 500,       /* so many that others began are kept after their end, */
    RUN_KEEP_MS = 10 * 60 * 1000, /* and each for so long */
};
/* How long things are waited for; tests make it short. */
struct pace {
    int64_t lost_look_ms;    /* between two looks after a lost answer, at first; doubled while there is no answer */
    int64_t lost_look_max_ms;
    int64_t unknown_ms;      /* without an answer for so long it is told as unknown; the looks go on */
    int64_t send_again_ms;   /* when nothing was sent; doubled each time */
    int64_t grace_ms;        /* the store has no such row for so long: the run watches by itself */
    int64_t sharers_ms;      /* all namespaces are listed for so long at most, for who uses a path; 0: not at all */
    int64_t late_ms;         /* the operator has not begun, or its Job does not get on */
    int64_t dead_ms;         /* a Job failed: so long the object may need to say so */
    int64_t log_ms;          /* a failure waits for its log at most so long; 0: logs are not read */
    int64_t want_ms;         /* how often the facts of what is followed are asked for */
};
#define RUN_ID_ANNOTATION "brdeck/run-id"
enum { RUN_ID_MAX = sizeof ((struct br_run *)NULL)->run_id };

/* An access review that is asked for; it outlives a plan that is freed meanwhile. */
struct ticket {
    struct plan *plan; /* NULL: nobody waits any more */
    struct br *br;
    struct ticket *next;
};

struct plan_exec; /* plan_exec.h */
struct plan {
    struct br_plan pub;
    struct plan_exec *exec;       /* br itself does the work; NULL: the operator does */
    struct br *br;
    void (*changed)(void *arg, struct br_plan *plan);
    void *arg;
    struct kube_request *request; /* the one under way; NULL */
    struct ticket *ticket;
    struct br_cluster_ask *cluster_ask; /* of a delete, and where br itself does the work; NULL */
    bool cluster_tls;
    struct sharers *sharers;      /* of a delete that removes data; NULL */
    struct loop_timer timer;      /* begins a look */
    struct intern *pool;          /* of its records; made anew with each look */
    bool allow_pitr_loss, clear_truncate, no_dry_run, keep_data, retry;
    tso_t asked_until;
    struct json *manifest;        /* start */
    struct backup_facts facts;
    bool job_unknown;             /* retry: the Job was asked for, and nobody may say */
    int conflicts;
    struct backup_record *snaps;  /* the bases that the guard saw, as copies */
    const struct backup_record **seen; /* the same, as an array for window.h */
    size_t snap_count;
    int64_t cluster_created_ms;
    struct backup_record in_sync; /* the log as it will be when a waiting truncate fires */
};

/* plan.c */
struct plan *plan_of(struct br_plan *plan);
/* The last thing that a callback does: who is told may free the plan. */
void plan_end(struct plan *plan, enum br_plan_phase phase);
void plan_end_by(struct plan *plan, enum br_plan_phase phase, enum error_code code, const char *text);
void plan_forget(struct plan *plan); /* frees what a look found */
/* A new look at the object is the same for acting (rule 1): take its resourceVersion over. False: it differs. */
bool plan_renew(struct plan *plan, const struct json *object);

/* plan_look.c: begin the look. It ends in plan_go_on or plan_end. */
void plan_look(struct plan *plan);
/* The answer to plan_get, taken in: the object, its record, what is known beside it, its state. False: there was none,
 * and the plan has ended. */
bool plan_take_object(struct plan *plan, const struct json *object, const struct kube_response *response);

/* plan_try.c: judged; @good goes on to the right and dry-run, else it is refused. */
void plan_go_on(struct plan *plan, bool good);
/* Whether a write failed because the object is not the one that was looked at. */
bool response_is_conflict(const struct kube_response *response);

/* plan_send.c: whether the write is to the spec, so that the generation must rise with it. */
bool plan_writes_spec(const struct br_plan *plan);
struct json *plan_redacted(const struct json *body); /* no secrets (secret.h) nor values of env; the caller frees */
/* What the right is asked for. */
const char *plan_verb(const struct br_plan *plan);
const struct kube_resource *plan_resource(const struct br_plan *plan);
/* Send it, really or with dry-run. */
struct kube_request *plan_send(struct plan *plan, const char *run_id, bool dry_run, kube_call_fn *fn, void *arg);
struct kube_request *plan_get(struct plan *plan, kube_call_fn *fn, void *arg);

/* judge.c: the object is there (or is to be made): verdict, patch, steps, guard, confirmation. False, here and in all
 * that follow: refused, its error is set. */
bool plan_judge(struct plan *plan);
bool plan_refuse(struct plan *plan, enum error_code code, const char *text); /* false */
/* Append a sentence to the verdict's words. */
void plan_warn(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool plan_judge_steps(struct plan *plan);
void plan_judge_confirm(struct plan *plan); /* what must be typed */
/* judge_truncate.c: the guard. The log is pub.after; of a truncate of the operator's, which can wait, pub.record. */
bool plan_judge_truncate(struct plan *plan);
/* Whether a truncate would take away something else now than what the plan told. */
bool plan_guard_moved(struct plan *plan);
/* The bases of the log's cluster as copies, and the window. */
void plan_see_snapshots(struct plan *plan);
/* judge_new.c */
bool plan_judge_start(struct plan *plan);
bool plan_judge_create(struct plan *plan);
/* judge_object.c: delete, retain and remove-finalizer. */
bool plan_judge_object(struct plan *plan);
/* A plan that sets cleanPolicy to Retain, READY as @plan is, for the step before its delete. NULL: none is needed. */
struct plan *plan_retain_first(struct plan *plan);
/* removes.c: what deleting the object comes to (rule 11). */
bool plan_look_at_removal(struct plan *plan);
/* A delete that would remove data: begin to look who else uses the path (sharers.h); NULL: it is none. */
struct sharers *plan_ask_sharers(const struct plan *plan, void (*done)(void *arg), void *arg);
/* Why, by a look just before it is sent, it must not be: a clause in @buf; NULL. */
const char *plan_sharers_moved(const struct plan *plan, const struct sharers *sharers, char *buf, size_t size);
/* Why it must not be sent any more: others use the path, or a window is lost, and did not or was not when it was
 * planned; NULL. */
const char *plan_removal_moved(struct plan *plan);
/* removes_pitr.c: append what it takes from PITR, or that it is not known, a sentence; nothing where it takes nothing.
 * Whether a window that is seen is lost with the data, or may be. */
bool plan_pitr_of_removal(struct plan *plan, struct str *out);
void plan_forget_removal(struct br_plan *plan);
/* plan_text_object.c: what a delete comes to, what a create has the operator do; nothing of the others. */
void plan_describe_object(const struct br_plan *plan, struct description *d);

/* objects.c: the row of the store; NULL, SLOT_NONE: none. Both groups may have a Backup of that name. */
const struct store_row *find_row(const struct store *store, bool v1, const char *ns, const char *name);
slot_t find_slot(const struct store *store, bool v1, const char *ns, const char *name);
/* The records of that group that name the cluster (record_cluster); how many. The caller frees the array. */
size_t find_records(const struct store *store, bool v1, const char *cluster, const struct backup_record ***records);

/* kubectl.c: the kubectl line that does the same. The caller frees. */
char *plan_kubectl(const struct br_plan *plan, const struct kube_target *target);

struct run {
    struct br_run pub;
    struct br *br;
    struct plan *plan;
    struct follow follow;
    bool following;               /* follow is filled */
    struct follow_sight sight;    /* the last that was no older than the write */
    struct kube_request *request;
    struct loop_timer timer;      /* of the sending: calls @wait */
    void (*wait)(struct run *run);
    int conflicts, sends, looks;
    int64_t lost_ms, ask_ms;      /* monotonic, since when the answer is lost; 0. The back-off of the looks */
    struct error lost;            /* how it was lost */
    bool journalled;              /* an intent (or a cancel) is on the disk */
    struct loop_timer settle;     /* run_journal.c: the journal is another brdeck's just now */
    int settle_tries;
    struct loop_timer grace;      /* the store has no row */
    struct loop_timer late;
    int64_t phase_ms;             /* monotonic, since when the sub-command is in its phase */
    struct reflector *watch;      /* its own, where the store has no such row; NULL */
    bool watch_saw;               /* in the list under way */
    struct backup_record *unlisted; /* the object as its own watch saw it last; NULL */
    struct backup_facts *beside;  /* what is known beside that; NULL */
    char old_job[40];             /* uid of the Job that was there when it was sent; "" none was seen */
    int64_t dead_ms;              /* monotonic, since when its Job has failed and the object does not say so; 0 */
    enum { RUN_FACTS_NOT_YET, RUN_FACTS_WANTED, RUN_FACTS_REFUSED } facts; /* refused: of too many namespaces already */
    char dead_job[40];            /* uid of the last that failed so */
    struct br_log *log;           /* run_log.c; NULL: not read just now */
    bool log_read, log_news;      /* it was read to its end; something came */
    char log_pod[72];             /* whose it is */
    float log_progress;           /* per cent, of the last progress line in it; 0: none */
    int64_t held_ms;              /* monotonic, since when a failure waits for its log; 0 */
    struct loop_timer hold;
    struct found *found;          /* found.c: as it was found at work; NULL */
    bool left;                    /* brdeck ends before it does */
    struct br_exec *exec;         /* run_exec.c: br itself does the work; NULL: the operator does */
    struct sharers *sharers;      /* of a delete: looked for once more before it is sent; NULL */
};

struct facts_keeper;    /* facts_keeper.h */
struct pd_keeper;       /* pd_keeper.h */
struct cluster_keeper;  /* cluster_keeper.h */
struct run_finder;      /* run_finder.h */
struct br {
    struct loop *loop;
    struct fleet *fleet;
    struct kube_access *access;
    char *journal_path;
    struct journal *journal;
    bool read_only;
    void (*changed)(void *arg);
    void *arg;
    struct run **runs;
    size_t count, room;
    unsigned batches, last_id;
    struct store_feed *feed;      /* only while something is followed */
    struct pace pace;
    bool told;                    /* the changed callback knows all */
    struct loop_timer wants;      /* facts are wanted again */
    struct loop_timer turn;       /* work and the changed callback, once a turn */
    struct ticket *tickets;
    /* Each made by its own module when first wanted, freed by br_free through x_free. */
    struct facts_keeper *facts;
    struct pd_keeper *pd;
    struct cluster_keeper *clusters;
    struct run_finder *finder;
};

/* runner.c */
void br_wake(struct br *br);
/* Of no other run, of this brdeck or another: when, and by chance. */
void run_make_id(char id[static RUN_ID_MAX]);
/* A run of @plan (taken over), QUEUED, at the end of br's list. */
struct run *run_add(struct br *br, struct plan *plan, enum br_origin origin, unsigned batch);
/* Say how it stands; an end is written to the journal, and what waits behind it goes on from the next turn. */
void run_say(struct run *run, enum br_outcome outcome, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* run_journal.c: the lines of a run that has come to its end, or goes on without this brdeck (run->left); of one that
 * the user stops. */
void run_journal_init(struct run *run);
void run_journal_outcome(struct run *run);
bool run_journal_cancel(struct run *run, struct error *err);
void run_journal_done(struct run *run);

/* send.c: the write, and whether it took place. */
void run_send(struct run *run);
/* The write of an earlier brdeck: look whether it took place, and go on from there. @why its answer is not known. */
void run_look_up(struct run *run, const char *why);

/* revive.c: a plan of which only that is known; its owner frees it. */
struct plan *plan_bare(struct br *br, enum action_id action, bool v1, const char *ns, const char *name);
/* run_wants.c: facts of the namespaces in which something is followed; once a turn. */
void br_want_facts(struct br *br, bool follows);

/* run_exec.c: br itself does the work (pub.driver is not OPERATOR). run_exec_start is called instead of run_send for a
 * queued run: it writes the intent (run->journalled), makes run->exec and says FOLLOWING, then an end, by run_say, and
 * fills pub.job, pub.pod, pub.cause, pub.errors, pub.log_path and pub.result. Where run->plan->pub.patch is NULL the
 * Job is there already (origin CLUSTER or JOURNAL; found by pub.run_id, its name is in pub.job), and there is nothing
 * to send. br_cancel calls br_exec_cancel(run->exec). run_exec_end frees it; harmless where there is none. */
void run_exec_start(struct run *run);
void run_exec_end(struct run *run);

/* end_object.c: the accepted write of a delete, retain or remove-finalizer that has nothing to be followed, @object
 * being the answer; it is told. False: it is none of them, or must be followed. */
bool run_accepted(struct run *run, const struct json *object);

/* applied.c: whether a write whose answer was lost took place, by what the object says now (rule 7). */
enum applied {
    APPLIED,
    NOT_APPLIED,     /* and it cannot be any more: the object has moved on */
    NOT_APPLIED_YET, /* the object is as it was: the write may still be on its way */
    APPLIED_BY_OTHER, /* the spec is as wanted, but somebody else wrote it */
};
enum applied write_applied(const struct br_plan *plan, const char *run_id, const struct json *object);

/* watch.c: what the store, or a watch of its own, says of the object. @object is the write's answer. */
void run_follow(struct run *run, const struct json *object);
/* The same for one that was found, at work or only asked for; run->plan has its steps. @as_found lives as long as the
 * run. */
void run_follow_found(struct run *run, const struct backup_record *record, const struct backup_facts *facts,
                      const struct backup_record *as_found, bool at_work);
/* What the signs in @object come to, if the write took place: without following. */
enum br_outcome run_would_be(struct run *run, const struct json *object, char *text, size_t size);
void run_look(struct run *run);
void run_watch_end(struct run *run); /* not from the watch's own callbacks */
/* Once a turn: what is known beside an object that its own watch sees. */
void run_watch_turn(struct run *run);
/* The last of the run's own watch, of that Cluster (record_cluster); NULL: none has one. */
const struct backup_record *run_unlisted_of(const struct br *br, bool v1, const char *cluster);

/* run_see.c: a look at the object (or that it is gone, or that time has passed), said. @facts may be NULL. */
void run_see(struct run *run, const struct backup_record *record, const struct backup_facts *facts);
void run_see_nothing(struct run *run);
void run_see_time(struct run *run);

/* run_log.c: br's log while it works, for pub.errors and pub.log_path. */
void run_log_init(struct run *run);
void run_log_want(struct run *run, const struct backup_facts *facts);
bool run_log_is_awaited(struct run *run); /* the failure is told when it is read */
void run_log_turn(struct run *run);       /* once a turn: what came */
void run_log_before_end(struct run *run, enum br_outcome outcome);
void run_log_end(struct run *run);

#endif
