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
#include "br/users.h"
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
        .request = bed_keep(bed, xasprintf("DELETE " BACKUPS "%s", name)), .has = "\"dryRun\":[\"All\"]",
        .body = text});
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

/* No log backup is seen, but not all is: that is told, and refuses nothing. */
static void a_log_that_nobody_sees_is_unknown(void **state)
{
    struct bed *bed = *state;
    for (unsigned listed = 0; listed < 2; listed++) {
        if (listed) {
            bed_close(bed);
            bed_open(bed);
        }
        bed->fleet.complete = listed;
        snapshot_is(bed, "full-0", 2 * DAY, "Delete");
        struct br_plan *plan = delete_of(bed, "full-0");
        assert_false(plan->removes.loses_pitr);
        if (listed)
            assert_null(plan->removes.pitr);
        else
            assert_has(plan->removes.pitr, "whether a log backup's window begins with it is unknown");
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

/* -- who works with the path ------------------------------------------------------------------ */

#define S3(prefix) "\"s3\":{\"bucket\":\"b\",\"prefix\":\"" prefix "\"}"
#define OTHER(name, spec, status) \
    "{\"metadata\":{\"namespace\":\"far\",\"name\":\"" name "\"},\"spec\":{" spec "},\"status\":{" status "}}"

/* Of a Backup that keeps its data under s3://b/p. */
static void what_each_kind_does(void **state)
{
    static const struct {
        enum user_kind kind;
        bool v1;
        const char *object;
        enum use use;
        const char *words;
    } rows[] = {
        {USER_RESTORE, false, OTHER("r", S3("p"), "\"phase\":\"Running\""), USE_AT_WORK,
         "Restore far/r reads it and is Running"},
        {USER_RESTORE, false, OTHER("r", S3("p"), ""), USE_AT_WORK, "Restore far/r is to read it and has not begun"},
        {USER_RESTORE, false, OTHER("r", S3("p"), "\"phase\":7"), USE_AT_WORK, "has not begun"},
        {USER_RESTORE, false, OTHER("r", S3("p/x"), "\"phase\":\"Scheduled\""), USE_AT_WORK,
         "Restore far/r reads it and is Scheduled (a path inside it)"},
        {USER_RESTORE, true, OTHER("r", S3("p"), "\"phase\":\"TikvComplete\""), USE_AT_WORK, "is TikvComplete"},
        {USER_RESTORE, false, OTHER("r", S3("p"), "\"phase\":\"Complete\""), USE_IS_FACT,
         "Restore far/r has read it and is Complete"},
        {USER_RESTORE, false, OTHER("r", S3("p"), "\"phase\":\"Failed\""), USE_IS_FACT, "is Failed"},
        {USER_RESTORE, false, OTHER("r", S3("pp"), "\"phase\":\"Running\""), USE_NONE, ""},
        {USER_RESTORE, false, OTHER("r", S3("log") ",\"pitrFullBackupStorageProvider\":{" S3("p") "}",
                                    "\"phase\":\"Running\""), USE_AT_WORK, "reads it"}, /* as the full backup of PITR */
        {USER_RESTORE, false, OTHER("r", S3("log") ",\"pitrFullBackupStorageProvider\":[]", ""), USE_NONE, ""},
        {USER_RESTORE, false, "{}", USE_NONE, ""},
        {USER_RESTORE, false, "[]", USE_NONE, ""},
        {USER_COMPACT, false, OTHER("c", S3("p"), "\"state\":\"Running\""), USE_AT_WORK,
         "CompactBackup far/c compacts its log and is Running"},
        {USER_COMPACT, true, OTHER("c", S3("p"), ""), USE_AT_WORK, "has not begun"},
        {USER_COMPACT, false, OTHER("c", S3("p"), ""), USE_IS_FACT, "has not begun"}, /* and never will */
        {USER_COMPACT, true, OTHER("c", S3("p"), "\"state\":\"Complete\""), USE_IS_FACT, "goes, too"},
        {USER_SCHEDULE, false, OTHER("s", "\"backupTemplate\":{" S3("p") "}", ""), USE_IS_FACT,
         "BackupSchedule far/s has its Backups made there"},
        {USER_SCHEDULE, false, OTHER("s", "\"pause\":true,\"backupTemplate\":{" S3("p/daily") "}", ""), USE_IS_FACT,
         "made there: what it makes next may go with this (it is paused)"},
        {USER_SCHEDULE, false, OTHER("s", "\"logBackupTemplate\":{" S3("") "}", ""), USE_IS_FACT, "made around it"},
        {USER_SCHEDULE, false, OTHER("s", "\"backupTemplate\":{" S3("q") "}", ""), USE_NONE, ""},
    };
    struct intern *pool = intern_new();
    const struct backup_record own = {.name = "own", .uid = "u", .storage = "s3://b/p"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *object = json_parse(rows[i].object, strlen(rows[i].object), NULL);
        struct str words;
        assert_non_null(object);
        str_init(&words, STR_SMALL);
        enum use use = user_says(rows[i].kind, rows[i].v1, object, &own, pool, &words);
        if (use != rows[i].use)
            fail_msg("row %zu: %d \"%s\"", i, (int)use, words.data);
        assert_has(words.data, rows[i].words);
        if (use == USE_NONE)
            assert_string_equal(words.data, "");
        str_done(&words);
        json_free(&object);
    }
    intern_free(&pool);
}

/* What a list of @plural of v2 answers: in all namespaces, and in orders; v1 is not there. */
static void expect_users(struct bed *bed, const char *plural, const char *items, int http, int times)
{
    char *list = bed_keep(bed, xasprintf("{\"metadata\":{\"resourceVersion\":\"200\"},\"items\":[%s]}", items));
    char *own = bed_keep(bed, xasprintf("GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/%s?", plural));
    char *all = bed_keep(bed, xasprintf("GET /apis/br.pingcap.com/v1alpha1/%s?", plural));
    char *v1 = bed_keep(bed, xasprintf("GET /apis/pingcap.com/v1alpha1/%s?", plural));
    const char *denied = status_text(bed, 403, "Forbidden", "no"), *missing = status_text(bed, 404, "NotFound", "no");
    fake_expect(bed->f.server, &(struct fake_rule){.request = all, .http = http, .times = times,
                                                   .body = http == 403 ? denied : http == 404 ? missing : list});
    fake_expect(bed->f.server, &(struct fake_rule){.request = own, .body = list});
    fake_expect(bed->f.server, &(struct fake_rule){.request = v1, .http = 404, .body = missing});
}

static const char restore_runs[] = OTHER("r", S3("p"), "\"phase\":\"Running\"");
static const char restore_done[] = OTHER("r", S3("p"), "\"phase\":\"Complete\"");
static const char compact_runs[] = OTHER("c", S3("p/log"), "\"state\":\"Running\"");
static const char scheduled[] = OTHER("s", "\"backupTemplate\":{" S3("p") "}", "");

static struct br_plan *planned_beside(struct bed *bed, const char *restores, const char *schedules,
                                      const char *compacts, int http)
{
    bed->br->pace.sharers_ms = 5000;
    expect_users(bed, "restores", restores, http, 0);
    expect_users(bed, "backupschedules", schedules, http, 0);
    expect_users(bed, "compactbackups", compacts, http, 0);
    log_is(bed, &(struct backup_spec){.spec = POLICY_DELETE});
    return plan_made(bed, &(struct br_plan_spec){.action = ACTION_DELETE});
}

static void what_users_do_to_a_delete(void **state)
{
    static const struct {
        const char *restores, *schedules, *compacts;
        int http;
        enum br_plan_phase phase;
        bool seen;
        const char *words, *not;
    } rows[] = {
        {"", "", "", 200, BR_PLAN_READY, true, "removes: EVERYTHING", "used:"},
        {"", "", "", 404, BR_PLAN_READY, true, "removes: EVERYTHING", "used:"}, /* no such kinds */
        {restore_runs, "", compact_runs, 200, BR_PLAN_REFUSED, true,
         "would go: Restore far/r reads it and is Running; CompactBackup far/c compacts its log and is Running (a path "
         "inside it). Wait for its end, or keep the data (brdeck delete log-orders --keep-data)", "unknown"},
        {restore_done, scheduled, "", 200, BR_PLAN_READY, true,
         "used: Restore far/r has read it and is Complete\nused: BackupSchedule far/s has its Backups made there",
         "unknown"},
        {"", "", "", 403, BR_PLAN_READY, false, "used: unknown: not every Restore", NULL},
        {restore_runs, "", "", 403, BR_PLAN_REFUSED, false, "Restore far/r reads it", NULL}, /* of its own namespace */
    };
    struct bed *bed = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (i) {
            bed_close(bed);
            bed_open(bed);
        }
        struct br_plan *plan = planned_beside(bed, rows[i].restores, rows[i].schedules, rows[i].compacts, rows[i].http);
        const char *said = plan_said(bed, plan);
        if (plan->phase != rows[i].phase || plan->removes.users_seen != rows[i].seen)
            fail_msg("row %zu: %s", i, said);
        assert_has(said, rows[i].words);
        if (rows[i].not)
            assert_has_not(said, rows[i].not);
        assert_int_equal(fake_unexpected(bed->f.server), 0);
        br_plan_free(&plan);
    }
}

/* Between the look and the confirmation. */
static void one_that_begins_meanwhile_stops_it(void **state)
{
    static const struct { const char *items, *words; int http; } rows[] = {
        {restore_runs, "not sent: Restore far/r reads it and is Running: look again", 200},
        {"", "cannot be listed now", 403},
    };
    struct bed *bed = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (i) {
            bed_close(bed);
            bed_open(bed);
        }
        bed->br->pace.sharers_ms = 5000;
        expect_users(bed, "restores", "", 200, 1);
        expect_users(bed, "restores", rows[i].items, rows[i].http, 0);
        expect_users(bed, "backupschedules", "", 200, 0);
        expect_users(bed, "compactbackups", "", 200, 0);
        log_is(bed, &(struct backup_spec){.spec = POLICY_DELETE});
        struct br_plan *plan = delete_of(bed, "log-orders");
        assert_true(plan->removes.users_seen);
        const struct br_run *run = execute(bed, plan, "log-orders");
        until_end(bed, run);
        assert_outcome(run, BR_CHANGED, rows[i].words);
        assert_int_equal(fake_count(bed->f.server, "DELETE"), 1); /* the dry-run */
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whether_a_window_is_lost),
        TEST(a_log_that_nobody_sees_is_unknown),
        TEST(the_second_of_two_is_not_sent),
        TEST(what_each_kind_does),
        TEST(what_users_do_to_a_delete),
        TEST(one_that_begins_meanwhile_stops_it),
    };
    return cmocka_run_group_tests_name("br/removes", tests, NULL, NULL);
}
