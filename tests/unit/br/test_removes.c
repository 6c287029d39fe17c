/* What a delete takes from PITR, and who else works with the path that goes. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "br/br_private.h"
#include "br_fixture.h"

#define BACKUPS "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups/"
#define POLICY_DELETE ",\"cleanPolicy\":\"Delete\""

/* orders/@name as the server has it: the GET, the right, the dry-run. */
static void expect_object(struct bed *bed, const char *name, const char *text)
{
    static const char none[] = "{\"kind\":\"List\",\"metadata\":{},\"items\":[]}";
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = bed_keep(bed, xasprintf("GET " BACKUPS "%s ", name)), .body = text});
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = bed_keep(bed, xasprintf("DELETE " BACKUPS "%s", name)), .has = "\"dryRun\":[\"All\"]", .body = text});
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/clusters/tc",
        .body = "{\"kind\":\"Cluster\",\"metadata\":{\"name\":\"tc\"},\"spec\":{}}"});
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/", .body = none});
    expect_right(bed, true);
}

/* A Complete snapshot of @age_ms, in the store and on the server. */
static void snapshot_is(struct bed *bed, const char *name, int64_t age_ms, const char *policy)
{
    char *text = bed_keep(bed, xasprintf(
        "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"namespace\":\"orders\","
        "\"name\":\"%s\",\"uid\":\"u-%s\",\"resourceVersion\":\"7\",\"finalizers\":[\"pingcap.com/finalizer\"]},"
        "\"spec\":{\"cleanPolicy\":\"%s\",\"br\":{\"cluster\":\"tc\"},\"s3\":{\"bucket\":\"b\",\"prefix\":\"%s\"}},"
        "\"status\":{\"phase\":\"Complete\",\"commitTs\":\"%" PRIu64 "\"}}", name, name, policy, name,
        tso_ago(age_ms)));
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    assert_non_null(record);
    store_put(bed->fleet.store, 0, record, NOW_MS);
    expect_object(bed, name, text);
}

static void log_is(struct bed *bed, const struct backup_spec *spec)
{
    backup_put(bed, spec);
    expect_object(bed, "log-orders", backup_text(bed, spec));
}

static struct br_plan *delete_of(struct bed *bed, const char *name)
{
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_DELETE, .name = name});
    if (plan->phase != BR_PLAN_READY)
        fail_msg("%s", plan->error.text);
    return plan;
}

/* -- PITR ------------------------------------------------------------------------------------ */

/* The log runs from ten days ago to a minute ago; snapshots are of so many days ago, 0: none. */
static void whether_a_window_is_lost(void **state)
{
    static const struct {
        const char *name, *policy;
        int days[2];
        bool not_listed, loses;
        const char *words;
    } rows[] = {
        {"log-orders", "Delete", {2, 0}, false, true, "all of it is lost"},
        {"log-orders", "Delete", {0, 0}, false, false, "no full backup lies in the log"},
        {"log-orders", "Delete", {0, 0}, true, true, "what can be restored now is unknown"},
        {"log-orders", "Retain", {2, 0}, false, false, "the log ends there"},
        {"full-0", "Delete", {2, 0}, false, true, "and is lost: there is no other full backup"},
        {"full-0", "Delete", {2, 0}, true, true, "and may be lost: not all snapshots are listed"},
        {"full-0", "Delete", {2, 1}, false, false, "then only at"},
        {"full-1", "Delete", {2, 1}, false, false, NULL},
        {"full-0", "Delete", {20, 0}, false, false, NULL}, /* before the log: no base of it */
        {"full-0", "Retain", {2, 0}, false, false, NULL},
    };
    struct bed *bed = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (i) {
            bed_close(bed);
            bed_open(bed);
        }
        bed->fleet.complete = !rows[i].not_listed;
        log_is(bed, &(struct backup_spec){.spec = strcmp(rows[i].policy, "Delete") == 0 ? POLICY_DELETE : NULL});
        for (size_t k = 0; k < ARRAY_LEN(rows[i].days); k++)
            if (rows[i].days[k])
                snapshot_is(bed, k ? "full-1" : "full-0", rows[i].days[k] * DAY, rows[i].policy);
        struct br_plan *plan = delete_of(bed, rows[i].name);
        if (plan->removes.loses_pitr != rows[i].loses)
            fail_msg("row %zu: loses %d: %s", i, plan->removes.loses_pitr, plan->removes.pitr);
        if (rows[i].words)
            assert_has(plan->removes.pitr, rows[i].words);
        else
            assert_null(plan->removes.pitr);
        struct json *json = br_plan_json(plan);
        assert_true(json_is_true(json_at(json, "removes", "losesPITR", NULL)) == rows[i].loses);
        json_free(&json);
        br_plan_free(&plan);
    }
}

/* Two bases: each plan leaves the other, both together leave none. */
static void the_second_of_two_is_not_sent(void **state)
{
    struct bed *bed = *state;
    log_is(bed, &(struct backup_spec){0});
    snapshot_is(bed, "full-0", 2 * DAY, "Delete");
    snapshot_is(bed, "full-1", DAY, "Delete");
    struct br_plan *plans[] = {delete_of(bed, "full-0"), delete_of(bed, "full-1")};
    char typed[300];
    struct error err = {0};
    assert_false(plans[0]->removes.loses_pitr || plans[1]->removes.loses_pitr);
    br_batch_confirm(plans, 2, typed, sizeof typed);
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "DELETE " BACKUPS "full-0", .times = 1,
        .body = "{\"kind\":\"Backup\",\"metadata\":{\"namespace\":\"orders\",\"name\":\"full-0\","
                "\"uid\":\"u-full-0\",\"finalizers\":[\"pingcap.com/finalizer\"],"
                "\"deletionTimestamp\":\"2026-11-23T15:59:00Z\"},\"status\":{\"phase\":\"Complete\"}}"});
    if (!br_execute(bed->br, plans, 2, typed, NULL, &err))
        fail_msg("%s", err.text);
    const struct br_run *first = br_run_at(bed->br, 0), *second = br_run_at(bed->br, 1);
    UNTIL(bed->f.loop, first->outcome == BR_FOLLOWING || br_outcome_is_end(first->outcome));
    store_remove(bed->fleet.store, 0, "orders", "full-0");
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?",
        .body = "{\"kind\":\"BackupList\",\"metadata\":{\"resourceVersion\":\"200\"},\"items\":[]}"});
    until_end(bed, second);
    assert_outcome(first, BR_DONE, "");
    assert_outcome(second, BR_CHANGED, "the last window of PITR");
    assert_int_equal(fake_count(bed->f.server, "DELETE " BACKUPS "full-1"), 1); /* the dry-run */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whether_a_window_is_lost),
        TEST(the_second_of_two_is_not_sent),
    };
    return cmocka_run_group_tests_name("br/removes", tests, NULL, NULL);
}
