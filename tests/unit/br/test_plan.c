#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "br_fixture.h"

/* -- rules 1, 2, 13: what a plan of a pause says ----------------------------------------- */

static void pause_is_planned(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){.subcommand = "log-start"},
                 &(struct backup_spec){.subcommand = "log-pause", .generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(plan->dry_run, BR_DRY_RUN_ACCEPTED);
    assert_int_equal(plan->right, KUBE_RIGHT_YES);
    assert_int_equal(plan->confirm, BR_CONFIRM_YES);
    assert_false(plan->changes_nothing || plan->truncates || plan->sub);
    assert_int_equal(plan->step_count, 1);
    /* the dry-run is the write: preconditions, Strict, our name */
    const char *sent = fake_request(bed->f.server, "PATCH " OBJECT, 0);
    assert_has(sent, "dryRun=All");
    assert_has(sent, "fieldManager=brdeck");
    assert_has(sent, "fieldValidation=Strict");
    assert_has(sent, "\"uid\":\"uid-1\"");
    assert_has(sent, "\"resourceVersion\":\"100\"");
    assert_has(sent, "\"logSubcommand\":\"log-pause\"");
    assert_has(sent, "application/merge-patch+json");
    assert_string_equal(plan->kubectl,
                        "kubectl --context test -n orders patch backups.br.pingcap.com log-orders --type=merge -p "
                                       "'{\"spec\":{\"logSubcommand\":\"log-pause\"}}'");
    const char *said = plan_said(bed, plan);
    assert_has(said, ": Pause orders/log-orders\n");
    assert_has(said, "context: test, http://127.0.0.1:");
    assert_has(said, "sends: PATCH backups/log-orders {\"spec\":{\"logSubcommand\":\"log-pause\"}}\n");
    assert_has(said, "tried: accepted");
    assert_has(said, "then: the operator runs Job backup-log-orders-log-pause\n");
    assert_has(said, "resume before that, or the chain is lost");
    assert_has(said, ": y to do it");
    assert_true(br_plan_is_confirmed(plan, "y") && br_plan_is_confirmed(plan, "yes"));
    assert_false(br_plan_is_confirmed(plan, "") || br_plan_is_confirmed(plan, "n") || br_plan_is_confirmed(plan, NULL));
    struct json *json = br_plan_json(plan);
    assert_string_equal(json_string(json, "plan"), "ready");
    assert_string_equal(json_text(json_at(json, "object", "resourceVersion", NULL)), "100");
    json_free(&json);
    br_plan_free(&plan);
}

static void log_stop_goes_with_it(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){.spec = ",\"logStop\":false"},
                 &(struct backup_spec){.subcommand = "log-pause", .generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_has(fake_request(bed->f.server, "PATCH " OBJECT, 0), "\"logStop\":null");
    br_plan_free(&plan);
}

static void a_patch_that_changes_nothing_says_so(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){.subcommand = "log-start"},
                 &(struct backup_spec){.subcommand = "log-start"});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_true(plan->changes_nothing);
    assert_has(plan_said(bed, plan), "this changes nothing");
    br_plan_free(&plan);
}

/* -- refusals: each with its code and its words ------------------------------------------ */

static void refused_by_the_state(void **state)
{
    struct bed *bed = *state;
    static const struct {
        enum action_id action;
        struct backup_spec object;
        const char *words;
    } rows[] = {
        {ACTION_RESUME, {.phase = "Stopped", .subcommand = "log-stop"}, "Stopped is final"},
        {ACTION_PAUSE, {.phase = "Paused", .subcommand = "log-pause"}, "paused already"},
        {ACTION_PAUSE, {.no_commit_ts = true}, "COMMITTS is not there yet"},
        {ACTION_TRUNCATE, {.checkpoint = ""}, "operator has read no checkpoint"},
        {ACTION_TRUNCATE, {.subcommand = "log-pause"}, "wait behind"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_get(bed, backup_text(bed, &rows[i].object), 200, 1);
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = rows[i].action, .until = tso_ago(DAY)});
        assert_int_equal(plan->phase, BR_PLAN_REFUSED);
        assert_int_equal(plan->error.code, ERROR_REFUSED);
        assert_has(plan->error.text, rows[i].words);
        assert_has(plan_said(bed, plan), "refused: ");
        assert_false(br_plan_is_confirmed(plan, "y"));
        br_plan_free(&plan);
    }
    assert_int_equal(fake_count(bed->f.server, "PATCH"), 0); /* not even tried */
}

static void refused_without_the_right(void **state)
{
    struct bed *bed = *state;
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 0);
    expect_right(bed, false);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_STOP});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_int_equal(plan->error.code, ERROR_DENIED);
    assert_has(plan->error.text, "may not patch backups in namespace orders");
    assert_has(plan->error.text, "kubectl --context test -n orders patch"); /* the line to hand on */
    assert_int_equal(fake_count(bed->f.server, "PATCH"), 0);
    br_plan_free(&plan);
}

static void an_error_is_no_answer_about_rights(void **state)
{
    struct bed *bed = *state;
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 0);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST /apis/authorization", .http = 500, .body = "no"});
    expect_dry(bed, backup_text(bed, &(struct backup_spec){.generation = 4}), 200, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(plan->right, KUBE_RIGHT_UNKNOWN);
    br_plan_free(&plan);
}

static void dry_runs(void **state)
{
    struct bed *bed = *state;
    static const struct {
        int http;
        const char *reason, *message;
        enum br_plan_phase phase;
        enum br_dry_run dry_run;
        enum error_code code;
    } rows[] = {
        {422, "Invalid", "spec: Invalid value: Field `logStop`", BR_PLAN_REFUSED, BR_DRY_RUN_REFUSED, ERROR_REFUSED},
        {400, "BadRequest", "strict decoding error: unknown field", BR_PLAN_REFUSED, BR_DRY_RUN_REFUSED, ERROR_REFUSED},
        {403, "Forbidden", "admission webhook denied it", BR_PLAN_REFUSED, BR_DRY_RUN_REFUSED, ERROR_DENIED},
        {400, "BadRequest", "admission webhook x does not support dry run", BR_PLAN_READY, BR_DRY_RUN_NOT_TRIED,
         ERROR_NONE},
        {500, "InternalError", "failed calling webhook", BR_PLAN_READY, BR_DRY_RUN_NOT_TRIED, ERROR_NONE},
        {503, "ServiceUnavailable", "not now", BR_PLAN_READY, BR_DRY_RUN_NOT_TRIED, ERROR_NONE},
    };
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 0);
    expect_right(bed, true);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_dry(bed, status_text(bed, rows[i].http, rows[i].reason, rows[i].message), rows[i].http, 1);
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
        assert_int_equal(plan->phase, rows[i].phase);
        assert_int_equal(plan->dry_run, rows[i].dry_run);
        assert_int_equal(plan->error.code, rows[i].code);
        if (rows[i].phase == BR_PLAN_READY)
            assert_has(plan_said(bed, plan), "tried: not tried: ");
        br_plan_free(&plan);
    }
}

static void no_answer_is_a_failure_that_can_be_tried_again(void **state)
{
    struct bed *bed = *state;
    expect_cut(bed, "GET " OBJECT, 2); /* curl itself tries a GET twice on a used connection, never more */
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    for (int i = 0; i < 3 && plan->phase == BR_PLAN_FAILED; i++) {
        assert_int_equal(plan->error.code, ERROR_NETWORK);
        br_plan_look(plan);
        assert_int_equal(plan->phase, BR_PLAN_LOOKING);
        UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    }
    assert_int_equal(plan->phase, BR_PLAN_READY);
    br_plan_free(&plan);
}

static void missing_object(void **state)
{
    struct bed *bed = *state;
    expect_get(bed, status_text(bed, 404, "NotFound", "backups \\\"log-orders\\\" not found"), 404, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_int_equal(plan->error.code, ERROR_MISSING);
    br_plan_free(&plan);
}

static void a_conflict_in_dry_run_looks_again(void **state)
{
    struct bed *bed = *state;
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 1);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 101}), 200, 0);
    expect_right(bed, true);
    expect_dry(bed, status_text(bed, 409, "Conflict", "modified"), 409, 1);
    expect_dry(bed, backup_text(bed, &(struct backup_spec){.generation = 4}), 200, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_string_equal(plan->record->resource_version, "101");
    br_plan_free(&plan);
}

/* -- rules 10 and 12 --------------------------------------------------------------------- */

static void resume_past_the_deadline_is_confirmed_with_a_warning(void **state)
{
    struct bed *bed = *state;
    struct backup_spec object = {.phase = "Paused", .subcommand = "log-pause",
                                 .subs = "\"log-pause\":{\"phase\":\"Complete\","
                                 "\"timeStarted\":\"2026-11-21T10:00:00Z\","
                                         "\"timeCompleted\":\"2026-11-21T10:00:01Z\"}"};
    expect_usual(bed, &object, &(struct backup_spec){.phase = "Paused", .generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_RESUME});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(plan->confirm, BR_CONFIRM_YES);
    assert_has(plan_said(bed, plan), "GC safepoint");
    assert_has(fake_request(bed->f.server, "PATCH", 0), "\"logSubcommand\":\"log-start\""); /* never log-resume */
    br_plan_free(&plan);
}

static void who_may_revert_it_is_named(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){.metadata = ",\"labels\":{\"app.kubernetes.io/managed-by\":\"Helm\"}"},
                 &(struct backup_spec){.generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_has(plan_said(bed, plan), "may be reverted by Helm");
    br_plan_free(&plan);
}

/* -- start ------------------------------------------------------------------------------- */

static struct json *manifest(const char *more)
{
    char *text =
        xasprintf("{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"log-new\","
                           "\"namespace\":\"orders\"},\"spec\":{\"backupMode\":\"log\",\"br\":{\"cluster\":\"tc\"},"
                           "\"azblob\":{"
                           "\"container\":\"c\",\"sasToken\":\"sv=secret\"},\"env\":[{\"name\":\"A\",\"value\":\"it's "
                           "secret\"}]%s}}",
                           more);
    struct json *json = json_parse(text, strlen(text), NULL);
    free(text);
    return json;
}

static void start_is_planned(void **state)
{
    struct bed *bed = *state;
    struct json *json = manifest("");
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request =
                                                   "POST /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?",
                                                   .has = "dryRun=All", .http = 201,
                                                       .body = "{\"metadata\":{\"generation\":1}}"});
    struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_START, .manifest = json}, NULL,
                                       NULL);
    json_free(&json);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_string_equal(plan->name, "log-new");
    assert_int_equal(plan->confirm, BR_CONFIRM_YES);
    const char *said = plan_said(bed, plan);
    assert_has(said, "sends: POST backups {");
    assert_has(said, "then: the operator runs Job backup-log-new-log-start");
    assert_has_not(said, "secret\""); /* the SAS token and env values are blotted out */
    assert_has_not(plan->kubectl, "secret\"");
    assert_has(fake_request(bed->f.server, "POST /apis/br", 0), "sv=secret");
    assert_has(fake_request(bed->f.server, "POST /apis/authorization", 0), "\"verb\":\"create\"");
    br_plan_free(&plan);
}

/* One task a cluster, one backup a path: told before br refuses. */
static void start_tells_who_is_in_the_way(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){.name = "log-old", .phase = "Stopped"});
    for (int others = 0; others < 2; others++) {
        if (others)
            backup_put(bed, &(struct backup_spec){.name = "log-there"});
        struct json *json = manifest("");
        struct json *there = json_parse(backup_text(bed, &(struct backup_spec){0}),
                                        strlen(backup_text(bed, &(struct backup_spec){0})), NULL);
        struct json *spec = json_get_mut(json, "spec");
        json_remove(spec, "azblob");
        json_set(spec, "s3", json_copy(json_at(there, "spec", "s3", NULL)));
        json_free(&there);
        struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_START, .manifest = json,
                                                                           .no_dry_run = true}, NULL, NULL);
        json_free(&json);
        UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
        assert_int_equal(plan->phase, BR_PLAN_READY);
        const char *said = plan_said(bed, plan);
        if (others) {
            assert_has(said, "note: TiDB takes one log task a cluster, and log-there has one");
            assert_has(said, "log-there keeps its data under the same path");
        } else {
            assert_has_not(said, "note:"); /* a stopped log of the same cluster is continued in its place */
        }
        br_plan_free(&plan);
    }
}

static void start_refuses(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *name, *more, *words;
    } rows[] = {
        {"log-new", ",\"logSubcommand\":\"log-stop\"", "leave it out"},
        {"log-new", ",\"logTruncateUntil\":\"5\"", "leave them out"},
        {"log-new-with-a-name-that-is-longer-than-the-job", "", "at most 43 fit"},
        {"", "", "a name and a namespace"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *json = manifest(rows[i].more);
        struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_START, .manifest = json,
                                                                           .ns = "orders",
                                                                           .name = rows[i].name}, NULL, NULL);
        json_free(&json);
        UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
        assert_int_equal(plan->phase, BR_PLAN_REFUSED);
        assert_int_equal(plan->error.code, ERROR_INPUT);
        assert_has(plan->error.text, rows[i].words);
        br_plan_free(&plan);
    }
    struct json *list = json_new_array();
    struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_START, .manifest = list,
                                                                       .ns = "a",
                                                                       .name = "b"}, NULL, NULL);
    json_free(&list);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_has(plan->error.text, "no object");
    br_plan_free(&plan);
    assert_int_equal(fake_count(bed->f.server, "POST"), 0);
}

/* The object would be made, and nothing come of it. */
static void start_tells_of_its_cluster(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *name, *request;
        int http;
        const char *body, *note;
    } rows[] = {
#define CLUSTER(name) name, "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/clusters/" name " "
        {CLUSTER("gone"), 404, "{\"kind\":\"Status\",\"code\":404}",
         "note: Cluster gone is not there (namespace orders): the operator does nothing for it until it is."},
        {CLUSTER("held"), 200, "{\"metadata\":{\"name\":\"held\"},\"spec\":{\"paused\":true}}",
         "note: Cluster held is paused: the operator does nothing for it until that ends."},
        {CLUSTER("well"), 200, "{\"metadata\":{\"name\":\"well\"},\"spec\":{}}", NULL},
        {CLUSTER("hidden"), 403, "{\"kind\":\"Status\",\"code\":403}", NULL}, /* what is not known hinders nobody */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_expect(bed->f.server, &(struct fake_rule){.request = rows[i].request, .http = rows[i].http,
                                                       .body = rows[i].body});
        struct json *json = manifest("");
        json_set_string(json_object_in(json_object_in(json, "spec"), "br"), "cluster", rows[i].name);
        struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_START, .manifest = json,
                                                                           .no_dry_run = true}, NULL, NULL);
        json_free(&json);
        UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
        assert_int_equal(plan->phase, BR_PLAN_READY);
        const char *said = plan_said(bed, plan);
        if (rows[i].note)
            assert_has(said, rows[i].note);
        else
            assert_has_not(said, "note:");
        br_plan_free(&plan);
    }
}

/* On TiDB Operator v1 there is no /status: the entry is dropped from the object itself, and that is marked. */
static void a_retry_on_v1_goes_to_the_object(void **state)
{
    struct bed *bed = *state;
    static const char path[] = "/apis/pingcap.com/v1alpha1/namespaces/orders/backups/log-orders";
    struct backup_spec object = {.v1 = true, .subcommand = "log-pause",
                                 .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "boom")};
    /* one of the same name in the other group, with facts of its own, is another object */
    backup_put(bed, &(struct backup_spec){.phase = "Paused"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = bed_keep(bed, xasprintf("GET %s ", path)),
                                                   .body = backup_text(bed, &object)});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET /apis/batch", .http = 404, .body = "{}"});
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = bed_keep(bed, xasprintf("PATCH %s?", path)),
                                                   .body = backup_text(bed, &object)});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE, .v1 = true});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->verdict.is_retry && plan->retry_unverified && !plan->sub);
    assert_has(plan_said(bed, plan), "not verified");
    assert_has(plan->kubectl, "backups.pingcap.com log-orders");
    br_plan_free(&plan);
}

static void what_did_not_fail_is_not_tried_again(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE, .retry = true});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "there is nothing to retry");
    br_plan_free(&plan);
}

/* -- life -------------------------------------------------------------------------------- */

static void a_plan_may_go_at_any_time(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    for (int turns = 0; turns < 25; turns++) {
        struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_PAUSE, .ns = "orders",
                                                                           .name = "log-orders"},
                                           NULL, NULL);
        for (int i = 0; i < turns; i++)
            loop_turn(bed->f.loop, 2);
        br_plan_free(&plan);
        assert_null(plan);
    }
}

static void free_in_callback(void *arg, struct br_plan *plan)
{
    struct br_plan **mine = arg;
    assert_ptr_equal(*mine, plan);
    br_plan_free(mine);
}

static void a_plan_may_go_from_its_callback(void **state)
{
    struct bed *bed = *state;
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    struct br_plan *plan = NULL;
    plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_PAUSE, .ns = "orders", .name = "log-orders"},
                       free_in_callback,
                       &plan);
    UNTIL(bed->f.loop, plan == NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pause_is_planned), TEST(log_stop_goes_with_it), TEST(a_patch_that_changes_nothing_says_so),
        TEST(refused_by_the_state), TEST(refused_without_the_right), TEST(an_error_is_no_answer_about_rights),
        TEST(dry_runs), TEST(no_answer_is_a_failure_that_can_be_tried_again), TEST(missing_object),
        TEST(a_conflict_in_dry_run_looks_again), TEST(resume_past_the_deadline_is_confirmed_with_a_warning),
        TEST(who_may_revert_it_is_named), TEST(start_is_planned), TEST(start_refuses), TEST(start_tells_of_its_cluster),
        TEST(start_tells_who_is_in_the_way),
        TEST(what_did_not_fail_is_not_tried_again),
        TEST(a_retry_on_v1_goes_to_the_object), TEST(a_plan_may_go_at_any_time),
        TEST(a_plan_may_go_from_its_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
