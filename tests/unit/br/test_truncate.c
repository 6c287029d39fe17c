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

/* -- rules 2 and 3: truncates ------------------------------------------------------------ */

static void truncate_is_planned(void **state)
{
    struct bed *bed = *state;
    tso_t until = tso_ago(3 * DAY);
    snapshot_put(bed, "full-old", 5 * DAY);
    snapshot_put(bed, "full-new", 2 * DAY);
    backup_put(bed, &(struct backup_spec){0});
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE, .until = until});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->truncates && !plan->waiting_truncate);
    assert_int_equal(plan->confirm, BR_CONFIRM_TYPE);
    assert_string_equal(plan->confirm_text, "log-orders");
    assert_int_equal(plan->effect.loses, 1);
    const char *said = plan_said(bed, plan);
    assert_has(said, ": Truncate the log of orders/log-orders\n");
    assert_has(said, "loses: PITR on full-old: it restores only its own instant\n");
    assert_has(said, "stays: restorable from ");
    assert_has(said, "(full-new) to the checkpoint");
    assert_has(said, "then: the operator runs Job backup-log-orders-log-truncate, which deletes log data");
    assert_has(said, "Type log-orders to do it");
    assert_has(said, bed_keep(bed, xasprintf("\"logTruncateUntil\":\"%s\"", tso_text(bed, until)))); /* as TSO */
    assert_false(br_plan_is_confirmed(plan, "y") || br_plan_is_confirmed(plan, "log-order") ||
                 br_plan_is_confirmed(plan, "LOG-ORDERS") || br_plan_is_confirmed(plan, "lose log-orders"));
    assert_true(br_plan_is_confirmed(plan, "log-orders"));
    br_plan_free(&plan);
}

static void what_loses_pitr_must_be_typed_in_full(void **state)
{
    struct bed *bed = *state;
    snapshot_put(bed, "full-old", 5 * DAY);
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    struct br_plan_spec spec = {.action = ACTION_TRUNCATE, .until = tso_ago(3 * DAY)};
    struct br_plan *plan = plan_made(bed, &spec);
    assert_int_equal(plan->effect.verdict, TRUNCATE_LOSES_PITR);
    assert_string_equal(plan->confirm_text, "lose log-orders");
    assert_false(br_plan_is_confirmed(plan, "log-orders"));
    assert_true(br_plan_is_confirmed(plan, "lose log-orders"));
    br_plan_free(&plan);
    spec.allow_pitr_loss = true;
    plan = plan_made(bed, &spec);
    assert_string_equal(plan->confirm_text, "log-orders");
    br_plan_free(&plan);
}

static void unknown_snapshots_are_never_nothing_lost(void **state)
{
    struct bed *bed = *state;
    bed->fleet.complete = false;
    snapshot_put(bed, "full-new", 2 * DAY);
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE, .until = tso_ago(3 * DAY)});
    const char *said = plan_said(bed, plan);
    assert_has(said, "loses: unknown");
    assert_has_not(said, "no snapshot loses PITR");
    br_plan_free(&plan);
}

/* Complete and fresh, but of other namespaces. */
static void snapshots_elsewhere_are_not_known(void **state)
{
    struct bed *bed = *state;
    static const struct {
        bool source_v1;
        const char *ns;
        bool known;
    } rows[] = {{false, NULL, true}, {false, "orders", true}, {false, "billing", false}, {true, NULL, false}};
    snapshot_put(bed, "full-new", 2 * DAY);
    expect_usual(bed, &(struct backup_spec){0}, &(struct backup_spec){.generation = 4});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bed->fleet.source = (struct fleet_source){.v1 = rows[i].source_v1, .ns = rows[i].ns};
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE,
                                                                     .until = tso_ago(3 * DAY)});
        assert_int_equal(plan->effect.snapshots_known, rows[i].known);
        assert_int_equal(plan->window_known, rows[i].known);
        br_plan_free(&plan);
    }
}

/* A log of v1 may have its snapshots in any namespace: its own tells not all of them. */
static void snapshots_of_v1_are_known_in_all_namespaces_only(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *ns;
        bool known;
    } rows[] = {{NULL, true}, {"orders", false}};
    static const struct backup_spec before = {.v1 = true}, after = {.v1 = true, .generation = 4};
#define V1 " /apis/pingcap.com/v1alpha1/namespaces/orders/backups/log-orders"
    expect_rule(bed, "GET" V1 " ", (struct fake_rule){.body = backup_text(bed, &before)});
    expect_right(bed, true);
    expect_rule(bed, "PATCH" V1 "?", (struct fake_rule){.has = "dryRun=All", .body = backup_text(bed, &after)});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bed->fleet.source = (struct fleet_source){.v1 = true, .ns = rows[i].ns};
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE, .v1 = true,
                                                                     .until = tso_ago(3 * DAY)});
        assert_int_equal(plan->window_known, rows[i].known);
        br_plan_free(&plan);
    }
}

/* What br.options holds br takes instead of what is asked: nobody knows what such a truncate deletes. */
static void options_that_decide_refuse_a_truncate(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *option, *flag; /* NULL: it decides nothing */
    } rows[] = {{"--until=1", "--until"}, {"--storage=s3://other", "--storage"},
                {"--s3.endpoint=http://x", "--s3.endpoint"}, {"--log-level=debug", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_spec before = {.br = bed_keep(bed, xasprintf(",\"options\":[\"%s\"]", rows[i].option))};
        struct backup_spec after = before;
        after.generation = 4;
        expect_get(bed, backup_text(bed, &before), 200, 1);
        expect_right(bed, true);
        expect_dry(bed, backup_text(bed, &after), 200, 0);
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE,
                                                                     .until = tso_ago(3 * DAY)});
        assert_int_equal(plan->phase, rows[i].flag ? BR_PLAN_REFUSED : BR_PLAN_READY);
        if (rows[i].flag)
            assert_has(plan->error.text, bed_keep(bed, xasprintf("br.options holds %s, which", rows[i].flag)));
        br_plan_free(&plan);
    }
}

static void a_truncate_guard_refuses(void **state)
{
    struct bed *bed = *state;
    static const struct {
        int64_t ago_ms;
        const char *words;
    } rows[] = {
        {0, "after the checkpoint"},
        {20 * DAY, "not after the log's start"},
        {8 * DAY, "not after the last truncation"},
    };
    expect_get(bed, backup_text(bed, &(struct backup_spec){.success = tso_text(bed, tso_ago(7 * DAY))}), 200, 2);
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t row = (i + 2) % 3; /* the two with a last truncation first */
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE,
                                                                     .until = tso_ago(rows[row].ago_ms)});
        assert_int_equal(plan->phase, BR_PLAN_REFUSED);
        assert_int_equal(plan->error.code, ERROR_REFUSED);
        assert_has(plan->error.text, rows[row].words);
        br_plan_free(&plan);
    }
}

/* A logTruncateUntil behind a failed pause fires when the pause is tried again: the plan is a truncate. */
static void a_waiting_truncate_makes_it_one(void **state)
{
    struct bed *bed = *state;
    const char *until = tso_text(bed, tso_ago(3 * DAY));
    struct backup_spec object = {.subcommand = "log-pause", .until = until,
                                 .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "boom")};
    snapshot_put(bed, "full-old", 5 * DAY);
    expect_get(bed, backup_text(bed, &object), 200, 0);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET "
                                                   "/apis/batch/v1/namespaces/orders/jobs/backup-log-orders-log-pause",
                                                   .http = 404, .body = status_text(bed, 404, "NotFound", "no")});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "PATCH " OBJECT "/status",
                                                   .body = backup_text(bed, &object)});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->truncates && plan->waiting_truncate && plan->verdict.is_retry);
    assert_string_equal(plan->sub, "status");
    assert_string_equal(plan->confirm_text, "lose log-orders"); /* the same guard, the same typing */
    assert_int_equal(plan->step_count, 2);
    const char *said = plan_said(bed, plan);
    assert_has(said, "waits: logTruncateUntil is set in the spec");
    assert_has(said, "and then: the operator runs Job backup-log-orders-log-truncate, which deletes log data");
    assert_has(plan->kubectl, "--subresource=status");
    /* clearing it cannot go through /status: the line to hand on */
    br_plan_set(plan, 0, true);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "{\"spec\":{\"logTruncateUntil\":null}}");
    br_plan_free(&plan);
}

static void clearing_goes_with_the_patch(void **state)
{
    struct bed *bed = *state;
    struct backup_spec object = {.subcommand = "log-pause", .until = tso_text(bed, tso_ago(3 * DAY)),
                                 .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "boom")};
    snapshot_put(bed, "full-new", 2 * DAY);
    expect_get(bed, backup_text(bed, &object), 200, 0);
    expect_right(bed, true);
    object.generation = 4;
    expect_dry(bed, backup_text(bed, &object), 200, 0);
    struct br_plan_spec spec = {.action = ACTION_STOP};
    struct br_plan *plan = plan_made(bed, &spec);
    assert_true(plan->waiting_truncate);
    assert_int_equal(plan->step_count, 2);
    assert_string_equal(plan->confirm_text, "log-orders");
    br_plan_set(plan, 0, true);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_false(plan->truncates || plan->waiting_truncate);
    assert_int_equal(plan->step_count, 1);
    assert_has(fake_request(bed->f.server, "PATCH", 1), "\"logTruncateUntil\":null");
    assert_int_equal(plan->confirm, BR_CONFIRM_TYPE); /* a stop all the same */
    br_plan_free(&plan);
}

/* -- rule 6: retries --------------------------------------------------------------------- */

static void a_retry_waits_for_its_job(void **state)
{
    struct bed *bed = *state;
    struct backup_spec object = {.subcommand = "log-pause", .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0,
                                                                             NULL, "boom")};
    static const char job[] = "GET /apis/batch/v1/namespaces/orders/jobs/backup-log-orders-log-pause";
    expect_get(bed, backup_text(bed, &object), 200, 0);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "PATCH " OBJECT "/status", .has = "dryRun=All",
                                                   .body = backup_text(bed, &object)});
    fake_expect(bed->f.server, &(struct fake_rule){.request = job, .times = 1,
                                                   .body = "{\"metadata\":{\"uid\":\"j\"},\"status\":{\"active\":1}}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = job, .times = 1,
                                                   .body = "{\"status\":{\"conditions\":[{\"type\":\"Failed\","
                                                   "\"status\":\"True\"}]}}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = job, .http = 403,
                                                   .body = status_text(bed, 403, "Forbidden", "no")});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "still active");
    br_plan_look(plan);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->verdict.is_retry && !plan->job_unknown && !plan->truncates);
    assert_has(fake_request(bed->f.server, "PATCH", 0), "{\"status\":{\"logSubCommandStatuses\":{\"log-pause\":null}}");
    assert_has(plan_said(bed, plan), ": Try again to pause orders/log-orders\n");
    br_plan_look(plan); /* no right to read Jobs: allowed, and said */
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->job_unknown);
    assert_has(plan_said(bed, plan), "could not be read");
    br_plan_free(&plan);
}

static void a_retry_of_stop_is_typed(void **state)
{
    struct bed *bed = *state;
    struct backup_spec object = {.subcommand = "log-stop", .subs = sub_text(bed, "log-stop", "Failed", 100, 0, 0, NULL,
                                                                            "boom")};
    expect_get(bed, backup_text(bed, &object), 200, 0);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET /apis/batch", .http = 404, .body = "{}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "PATCH " OBJECT "/status",
                                                   .body = backup_text(bed, &object)});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_STOP});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->verdict.is_retry);
    assert_string_equal(plan->confirm_text, "log-orders");
    br_plan_free(&plan);
}

/* Failed before, but the spec asks for something else now: written first, run by the key once more. */
static void a_settled_failure_takes_two_steps(void **state)
{
    struct bed *bed = *state;
    struct backup_spec object = {.subcommand = "log-start", .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0,
                                                                             NULL, "boom")};
    expect_get(bed, backup_text(bed, &object), 200, 0);
    expect_right(bed, true);
    object.generation = 4;
    expect_dry(bed, backup_text(bed, &object), 200, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_false(plan->verdict.is_retry);
    assert_int_equal(plan->step_count, 0);
    assert_has(plan_said(bed, plan), "then: the operator does nothing yet");
    br_plan_free(&plan);
}

/* The time that failed is the retry's; another one is a new run, and the dialog says nothing of dropping an entry. */
static void a_failed_truncate_takes_another_time(void **state)
{
    struct bed *bed = *state;
    tso_t failed = tso_ago(4 * DAY), other = tso_ago(3 * DAY);
    struct backup_spec object = {.until = tso_text(bed, failed),
                                 .subs = sub_text(bed, "log-truncate", "Failed", 100, 0, 0, tso_text(bed, failed),
                                                  "boom")};
    snapshot_put(bed, "full-new", 2 * DAY);
    expect_get(bed, backup_text(bed, &object), 200, 0);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET /apis/batch/v1/namespaces/orders/jobs/"
                                                              "backup-log-orders-log-truncate",
                                                   .http = 404, .body = status_text(bed, 404, "NotFound", "no")});
    struct backup_spec after = object;
    after.generation = 4;
    expect_dry(bed, backup_text(bed, &after), 200, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE, .until = other});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_false(plan->verdict.is_retry);
    assert_null(plan->sub);
    const char *said = plan_said(bed, plan);
    assert_has(said, ": Truncate the log of");
    assert_has_not(said, "drops its entry");
    br_plan_free(&plan);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(truncate_is_planned), TEST(what_loses_pitr_must_be_typed_in_full),
        TEST(unknown_snapshots_are_never_nothing_lost), TEST(snapshots_elsewhere_are_not_known),
        TEST(snapshots_of_v1_are_known_in_all_namespaces_only), TEST(options_that_decide_refuse_a_truncate),
        TEST(a_truncate_guard_refuses), TEST(a_waiting_truncate_makes_it_one), TEST(clearing_goes_with_the_patch),
        TEST(a_retry_waits_for_its_job), TEST(a_retry_of_stop_is_typed), TEST(a_settled_failure_takes_two_steps),
        TEST(a_failed_truncate_takes_another_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
