/* plan.h - what an action would do, found out before anything is asked.
 *
 * A plan looks at the object anew (rule 1), judges it, says every command that the operator will run in answer
 * (rule 2), tries the write with dry-run, and knows what must be typed. It is data: dialogs, --dry-run and the journal
 * print it.
 */
#ifndef BRDECK_BR_PLAN_H
#define BRDECK_BR_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/command.h>
#include <brdeck/backup/describe.h>
#include <brdeck/backup/window.h>
#include <brdeck/br/exec.h>
#include <brdeck/fleet/fleet.h>

struct br; /* runner.h */

enum br_plan_phase {
    BR_PLAN_LOOKING, /* GET, rights and dry-run are under way */
    BR_PLAN_READY,   /* may be confirmed */
    BR_PLAN_REFUSED, /* the state, a right or the server forbids it: see error */
    BR_PLAN_FAILED,  /* no answer: see error; br_plan_look tries again */
};
enum br_dry_run { BR_DRY_RUN_NOT_TRIED, BR_DRY_RUN_ACCEPTED, BR_DRY_RUN_REFUSED };
enum br_confirm {
    BR_CONFIRM_YES,  /* y */
    BR_CONFIRM_TYPE, /* confirm_text */
};

struct br_plan_spec {
    enum action_id action;
    bool v1;
    const char *ns, *name;
    tso_t until;                 /* truncate */
    bool allow_pitr_loss;        /* --allow-pitr-loss: TRUNCATE_LOSES_PITR passes with the name alone; a delete also
                                  * where it comes to lose a window only after the look */
    bool clear_truncate;         /* take a waiting logTruncateUntil out with the same patch (rule 2) */
    bool retry;                  /* only as the retry of a failed run (rule 6), else refused */
    bool keep_data;              /* delete: cleanPolicy Retain is set first, as a step of its own */
    const struct json *manifest; /* start, create: the new object; copied */
    enum br_driver driver;       /* who does it; not OPERATOR only by the user's explicit choice, or for a probe */
    enum br_command command;     /* probe: what br is asked; other drivers' verbs: taken from @action */
    const char *pd_address;      /* local: where PD is; job: instead of the cluster's; NULL */
    const char *ca, *cert, *key; /* local: TLS; NULL */
    const char *image;           /* job; NULL: the Backup's */
    const char *program;         /* local: NULL is br */
    const char *const *more;     /* more arguments for br, NULL-terminated; NULL */
    bool owned;                  /* job: with an owner reference to the Backup */
    bool no_dry_run;             /* nothing is tried on the server (--dry-run=client): the plan is ready once judged */
};

/* Everything is read-only to others; strings live as long as the plan. */
struct br_plan {
    enum br_plan_phase phase;
    struct error error;          /* of REFUSED and FAILED */
    const struct action *action;
    char *ns, *name;
    bool v1;
    tso_t until;
    const char *context, *server, *user; /* where (rule 8); "" where there is none */
    const char *cluster_uid;     /* of kube-system; "" unknown */

    struct json *object;         /* as looked at; NULL for start */
    struct backup_record *record;
    struct backup_state state;
    struct action_verdict verdict;
    struct json *patch;          /* or the manifest of a start, create or Job, or a delete's DeleteOptions */
    const char *sub;             /* "status" for a retry, else NULL */
    enum br_driver driver;
    enum br_command command;     /* where driver is not OPERATOR */
    char **argv;                 /* of br, without br itself; NULL with OPERATOR */
    char *br_line;               /* the same as a shell would take it, secrets blotted out; NULL */
    struct backup_record *after; /* the record as it would be */
    struct command_step steps[COMMAND_STEPS_MAX];
    size_t step_count;
    bool truncates;              /* one of the steps deletes log data */
    bool waiting_truncate;       /* that comes from a logTruncateUntil which was there before: clearing it is offered */
    struct truncate_effect effect; /* where truncates */
    struct window window;        /* of the log backup, where known */
    bool window_known;

    struct {                     /* delete: what it comes to (rule 11) */
        bool stops_task, ends_pitr, cleans; /* cleans: everything under prefix goes */
        char prefix[300];        /* "s3://bucket/prefix" */
        char *shared_by;         /* Backups of the same, a parent or a child path, "ns/name, ..."; NULL: none seen */
        char *busy;              /* Restores and CompactBackups at work with it: "Restore ns/name reads it and is
                                  * Running; ..."; NULL */
        char *users;             /* of Restores, BackupSchedules and CompactBackups what else is known, a line each;
                                  * NULL: nothing */
        bool users_seen;         /* all of them of every namespace were listed */
        bool all_seen;           /* every Backup of every namespace was listed: nothing else can use it */
        bool retain_offered;     /* cleanPolicy could be set to Retain first: br_plan_keep_data */
        bool keeps_data;         /* that is done: a patch goes before the delete, which waits for its success */
        bool may_clean;          /* OnFailure: should it fail before it is gone, everything under prefix goes, too */
        bool loses_pitr;         /* a window goes with the data, or may: --yes needs --allow-pitr-loss */
        char *pitr;              /* which window ends or shrinks, a sentence; NULL: none that is known */
        char *notes;             /* what else to know, a line each; NULL: nothing */
    } removes;

    enum kube_right right;
    enum br_dry_run dry_run;
    struct error dry_run_error;  /* REFUSED: why; NOT_TRIED: why ("a webhook does not support dry-run") */
    char *warning;               /* of the server; NULL */
    bool changes_nothing;        /* the dry-run left generation as it was */

    enum br_confirm confirm;
    char confirm_text[320];      /* what must be typed: the name, "lose NAME" */
    bool job_unknown;            /* a retry, and nobody may say whether a Job of it is still active */
    bool retry_unverified;       /* a retry on the object itself, where there is no /status (TiDB Operator v1) */
    char *kubectl;               /* the line that does the same, secrets blotted out; NULL: it did not come so far */
};

/* Begin a plan. @changed (may be NULL) is called from the loop whenever it changed, until it is freed or executed; it
 * may free it. Plans are freed before @br and its fleet. */
struct br_plan *br_plan_new(struct br *br, const struct br_plan_spec *spec,
                            void (*changed)(void *arg, struct br_plan *plan), void *arg);
void br_plan_free(struct br_plan **plan);
/* Look and try again (the object changed, or there was no answer). */
void br_plan_look(struct br_plan *plan);
/* The same with another wish: another time of a truncate, or clearing the one that waits. */
void br_plan_set(struct br_plan *plan, tso_t until, bool clear_truncate);
/* A delete: set cleanPolicy to Retain first, or not. It looks again. */
void br_plan_keep_data(struct br_plan *plan, bool keep_data);
/* By what in the object it is known to have succeeded, and to have failed; the caller frees both. */
void br_plan_signs(const struct br_plan *plan, char **success, char **failure);
/* Whether @typed confirms it ("y" and "yes" for BR_CONFIRM_YES). */
bool br_plan_is_confirmed(const struct br_plan *plan, const char *typed);
/* The plan as labelled lines, as screens.md sketches. */
void br_plan_describe(const struct br_plan *plan, const struct describe_context *ctx, struct description *d);
/* As JSON: preconditions, patch, commands, confirmation. The caller frees. */
struct json *br_plan_json(const struct br_plan *plan);

#endif
