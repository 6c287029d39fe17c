/* br_fixture.h - a room br/ on a scripted API server, a store that the test feeds, and a fleet that says what the test
 * wants. */
#ifndef TESTS_UNIT_BR_FIXTURE_H
#define TESTS_UNIT_BR_FIXTURE_H

#include <brdeck/br/plan.h>
#include <brdeck/br/runner.h>

#include "../kube/fake_server.h"

#define NOW_MS INT64_C(1795449600000) /* 2026-11-23T16:00:00Z */

/* What fleet.h's functions answer; they are defined in br_fixture.c, and libfleet's own are not linked. */
struct fleet {
    struct kube_client *client;
    struct store *store;
    bool complete, no_status_sub;
    struct fleet_source source; /* the only one; zero: br.pingcap.com in all namespaces */
};

struct bed {
    struct fixture f;
    struct fleet fleet;
    struct br *br;
    char *journal;
    char **kept;
    size_t kept_count;
    unsigned told; /* calls of br's changed callback */
    bool read_only;
};
void bed_open(struct bed *bed);
void bed_close(struct bed *bed);
/* brdeck ends and is started again: store and server are the same. @killed: it could write nothing more. */
void bed_restart(struct bed *bed, bool killed);
/* Keep @text until the end; returns it. */
char *bed_keep(struct bed *bed, char *text);

/* A log Backup orders/log-orders, running; zero is the usual. */
struct backup_spec {
    const char *ns, *name, *uid;
    int rv, generation;      /* 0: 100, 3 */
    const char *subcommand;  /* NULL: absent */
    const char *until, *success, *phase; /* phase NULL: "Running" */
    const char *checkpoint;  /* NULL: one a minute old; "": none */
    const char *subs;        /* of logSubCommandStatuses beside log-start: "\"log-pause\":{...}" */
    const char *spec, *metadata, *br; /* more members, each with its comma before */
    const char *manager;     /* who owns spec.logSubcommand in managedFields; NULL: no managedFields */
    bool no_commit_ts, v1;
};
/* JSON text, kept by @bed. */
char *backup_text(struct bed *bed, const struct backup_spec *spec);
/* Put it into the store. */
void backup_put(struct bed *bed, const struct backup_spec *spec);
/* A Complete snapshot of the same cluster whose COMMITTS is @age_ms before NOW_MS. */
void snapshot_put(struct bed *bed, const char *name, int64_t age_ms);
/* A sub-status: "\"log-pause\":{...}"; times are seconds after 2026-11-23T15:00:00Z, 0: null. */
char *sub_text(struct bed *bed, const char *command, const char *phase, int changed, int started, int completed,
               const char *until, const char *message);
tso_t tso_ago(int64_t ms);
char *tso_text(struct bed *bed, tso_t ts);

/* Rules of the server; @http 0: 200; @times 0: always. */
#define OBJECT "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups/log-orders"
void expect_get(struct bed *bed, const char *body, int http, int times);
void expect_right(struct bed *bed, bool allowed);
void expect_dry(struct bed *bed, const char *body, int http, int times);
void expect_patch(struct bed *bed, const char *body, int http, int times);
void expect_cut(struct bed *bed, const char *request, int times);
char *status_text(struct bed *bed, int code, const char *reason, const char *message);

/* @rule with that @request. */
void expect_rule(struct bed *bed, const char *request, struct fake_rule rule);
/* A list of @what ("GET .../jobs?") with these @items, and a watch that stays open; then an event of that watch. */
void expect_list(struct bed *bed, const char *what, const char *items);
void send_event(struct bed *bed, const char *what, const char *type, const char *object);

/* A GET of the plan, the right, the dry-run. */
void expect_usual(struct bed *bed, const struct backup_spec *before, const struct backup_spec *after);

/* A plan, turned until it is no longer looking. */
struct br_plan *plan_made(struct bed *bed, const struct br_plan_spec *spec);
/* What br_plan_describe says of it, "label: text" a line; kept. */
const char *plan_said(struct bed *bed, const struct br_plan *plan);

/* -- runs: a pause of a running log backup ---------------------------------------------- */

extern const struct backup_spec running; /* before */
extern const struct backup_spec asked;   /* as the write's answer has it */
#define PATCHED "PATCH " OBJECT "?fieldManager=brdeck&fieldValidation=Strict"
#define DAY INT64_C(86400000)
/* A plan of a pause that is ready; the GET of the plan is used up, so that later ones are the test's. */
struct br_plan *pause_planned(struct bed *bed);
const struct br_run *execute(struct bed *bed, struct br_plan *plan, const char *typed);
void until_end(struct bed *bed, const struct br_run *run);
/* The lines of the journal whose "what" is @what. */
size_t journal_lines(struct bed *bed, const char *what);

/* -- for every test ----------------------------------------------------------------------- */

int bed_setup(void **state);
int bed_teardown(void **state);
void assert_has(const char *text, const char *part);
void assert_has_not(const char *text, const char *part);
void assert_outcome(const struct br_run *run, enum br_outcome outcome, const char *words);

#endif
