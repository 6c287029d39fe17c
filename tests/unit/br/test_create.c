#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>
#include <brdeck/br/facts.h>

#include "br/br_private.h"
#include "br_fixture.h"

#define PLURAL "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups"

/* A manifest of orders/@name with @spec (text in ' for "). */
static struct json *manifest_of(const char *name, const char *spec)
{
    char *text = xasprintf("{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'%s'},"
                           "'spec':{%s}}",
                           name, spec);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    struct json *json = json_parse(text, strlen(text), NULL);
    free(text);
    assert_non_null(json);
    return json;
}

static struct br_plan *create_planned(struct bed *bed, const char *name, const char *spec)
{
    struct json *manifest = manifest_of(name, spec);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST " PLURAL, .has = "dryRun=All", .http = 201,
                                                   .body = "{\"kind\":\"Backup\"}"});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_CREATE, .name = name,
                                                                 .manifest = manifest});
    json_free(&manifest);
    return plan;
}

#define S3 "'s3':{'bucket':'b','prefix':'new'}"
#define TC "'br':{'cluster':'tc'},"
#define NAME56 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffff"

static void what_is_said(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *name, *spec;
        enum br_plan_phase phase;
        const char *words;
    } rows[] = {
        {"full", TC S3, BR_PLAN_READY, "makes: a snapshot backup of the cluster tc, under s3://b/new\n"},
        {"full", TC S3, BR_PLAN_READY, "then: the operator runs Job backup-full\n"},
        {"full", TC S3, BR_PLAN_READY, "done: when the phase is Complete; failed when"},
        {"full", TC S3 ",'cleanPolicy':'Delete'", BR_PLAN_READY, "which goes with the object (cleanPolicy Delete)"},
        {"full", S3, BR_PLAN_READY, "names no cluster"},
        {"log", TC S3 ",'backupMode':'log'", BR_PLAN_READY, "then: the operator runs Job backup-log-log-start\n"},
        {"log", TC S3 ",'backupMode':'log'", BR_PLAN_READY, "done: when log-start is Complete anew"},
        {"log", TC S3 ",'backupMode':'log','logSubcommand':'log-start'", BR_PLAN_READY, "backup-log-log-start"},
        {"log", TC S3 ",'backupMode':'log','logSubcommand':'log-pause'", BR_PLAN_REFUSED, "would do nothing with it"},
        {"log", TC S3 ",'backupMode':'log','logStop':true", BR_PLAN_REFUSED, "asks for log-stop"},
        {NAME56, TC S3, BR_PLAN_READY, "backup-" NAME56},
        {NAME56 "f", TC S3, BR_PLAN_REFUSED, "would pass 63"},
        {NAME56, TC S3 ",'backupMode':'log'", BR_PLAN_REFUSED, "-log-start, which would pass 63"},
        {"log-44-aaaaaaaaaabbbbbbbbbbccccccccccdddddddd", TC S3 ",'backupMode':'log'", BR_PLAN_READY,
         "it can never be truncated"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct br_plan *plan = create_planned(bed, rows[i].name, rows[i].spec);
        if (plan->phase != rows[i].phase)
            fail_msg("row %zu: %d %s", i, (int)plan->phase, plan->error.text);
        assert_has(plan_said(bed, plan), rows[i].words);
        br_plan_free(&plan);
    }
}

static void the_dry_run_is_strict(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = create_planned(bed, "full", TC S3);
    const char *sent = fake_request(bed->f.server, "POST " PLURAL, 0);
    assert_has(sent, "dryRun=All");
    assert_has(sent, "fieldValidation=Strict");
    assert_has(sent, "fieldManager=brdeck");
    assert_has(fake_request(bed->f.server, "POST /apis/authorization", 0), "\"verb\":\"create\"");
    assert_has(plan->kubectl, "kubectl --context test -n orders create -f -");
    struct json *json = br_plan_json(plan);
    assert_string_equal(json_text(json_at(json, "manifest", "metadata", "namespace", NULL)), "orders");
    assert_string_equal(json_string(json_first(json_get(json, "commands")), "job"), "backup-full");
    assert_non_null(json_text(json_at(json, "signs", "success", NULL)));
    json_free(&json);
    br_plan_free(&plan);
}

/* Neither what is printed nor the line for others holds keys. */
static void secrets_are_blotted_out(void **state)
{
    struct bed *bed = *state;
    struct json *manifest = manifest_of("full", "'br':{'cluster':'tc','options':['--crypter.method=aes128-ctr',"
                                                "'--crypter.key=hush1','--crypter.key','hush2','--x']}," S3);
    json_set_string(json_object_in(json_object_in(manifest, "metadata"), "annotations"),
                    "kubectl.kubernetes.io/last-applied-configuration", "{hush3}");
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST " PLURAL, .has = "hush1", .http = 201,
                                                   .body = "{\"kind\":\"Backup\"}"});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_CREATE, .name = "full",
                                                                 .manifest = manifest});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    struct json *json = br_plan_json(plan);
    char *text = json_print(json);
    assert_has_not(text, "hush");
    assert_has(text, "\"--crypter.key=REDACTED\",\"--crypter.key\",\"REDACTED\",\"--x\"");
    assert_has_not(plan->kubectl, "hush");
    free(text);
    json_free(&json);
    json_free(&manifest);
    br_plan_free(&plan);
}

/* What no new object may be, whichever action makes it. */
static void a_manifest_that_is_none_is_refused(void **state)
{
    static const enum action_id actions[] = {ACTION_START, ACTION_CREATE};
    static const struct {
        const char *key, *value; /* of the manifest; NULL: the manifest itself */
        bool v1, no_status_sub;
        const char *words;
    } rows[] = {
        {NULL, "[]", false, false, "no object"},
        {"kind", "\"Backup\"", true, false, "of the other API group than pingcap.com"},
        {"status", "{\"phase\":\"Complete\"}", false, true, "would look as if it had run"},
        {"status", "{\"phase\":\"Complete\"}", false, false, NULL}, /* the server drops it */
    };
    struct bed *bed = *state;
    for (size_t i = 0; i < ARRAY_LEN(actions) * ARRAY_LEN(rows); i++) {
        size_t row = i / ARRAY_LEN(actions);
        struct json *value = json_parse(rows[row].value, strlen(rows[row].value), NULL);
        struct json *manifest = rows[row].key ? manifest_of("log", TC S3 ",'backupMode':'log'") : json_copy(value);
        if (rows[row].key)
            json_set(manifest, rows[row].key, json_copy(value));
        json_free(&value);
        bed->fleet.no_status_sub = rows[row].no_status_sub;
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){
            .action = actions[i % ARRAY_LEN(actions)], .name = "log", .v1 = rows[row].v1, .manifest = manifest,
            .no_dry_run = true});
        json_free(&manifest);
        assert_int_equal(plan->phase, rows[row].words ? BR_PLAN_REFUSED : BR_PLAN_READY);
        if (rows[row].words) {
            assert_int_equal(plan->error.code, ERROR_INPUT);
            assert_has(plan->error.text, rows[row].words);
        }
        br_plan_free(&plan);
    }
    assert_int_equal(fake_count(bed->f.server, "POST"), 0);
}

static void other_tasks_are_told_of_logs_only(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    struct br_plan *plan = create_planned(bed, "log-2", TC S3 ",'backupMode':'log'");
    assert_has(plan_said(bed, plan), "log-orders has one: br will refuse");
    br_plan_free(&plan);
    plan = create_planned(bed, "full", TC S3);
    assert_has_not(plan_said(bed, plan), "one log task");
    br_plan_free(&plan);
    plan = create_planned(bed, "full", TC "'s3':{'bucket':'b','prefix':'p'}");
    assert_has(plan_said(bed, plan), "log-orders keeps its data under the same path");
    br_plan_free(&plan);
}

/* PD has a task that br started by hand, or that a delete left over: known where the screen has asked. */
static void a_task_that_no_backup_knows(void **state)
{
    struct bed *bed = *state;
    static const char range[] = "POST /api/v1/namespaces/orders/services/pd-pd:2379/proxy/v3/kv/range ";
    char *key = base64_encode("/tidb/br-stream/info/drill", strlen("/tidb/br-stream/info/drill"));
    char *answer = bed_keep(bed, xasprintf("{\"header\":{\"revision\":\"1\"},\"kvs\":[{\"key\":\"%s\",\"value\":"
                                           "\"EKwC\"}]}", key));
    free(key);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .has = "/pdgroups ", .body =
        "{\"items\":[{\"metadata\":{\"name\":\"pd\"},\"spec\":{\"cluster\":{\"name\":\"tc\"}}}]}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .has = "/tikvgroups ", .body = "{}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .has = "/clusters/tc ", .body = "{\"spec\":{}}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = range, .body = answer});
    bed->fleet.complete = true;
    snapshot_put(bed, "full", DAY);
    slot_t slot = store_find(bed->fleet.store, "orders", "full");
    br_pd_want(bed->br, store_get(bed->fleet.store, slot)->record);
    UNTIL(bed->f.loop, br_pd_are_there(bed->br));
    assert_int_equal(br_pd_cluster_at(bed->br, 0)->count, 1);
    struct br_plan *plan = create_planned(bed, "log-2", TC S3 ",'backupMode':'log'");
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_has(plan_said(bed, plan), "PD has the log task drill, which no Backup knows: br refuses a second one.");
    assert_has(plan_said(bed, plan), "br log stop --task-name=drill.");
    br_plan_free(&plan);
    struct json *manifest = manifest_of("log-2", TC S3 ",'backupMode':'log'");
    plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_START, .name = "log-2", .manifest = manifest});
    json_free(&manifest);
    assert_has(plan_said(bed, plan), "PD has the log task drill");
    br_plan_free(&plan);
    plan = create_planned(bed, "full-2", TC S3);
    assert_has_not(plan_said(bed, plan), "drill"); /* that is no snapshot's business */
    br_plan_free(&plan);
    plan = create_planned(bed, "log-2", "'br':{'cluster':'other'}," S3 ",'backupMode':'log'");
    assert_has_not(plan_said(bed, plan), "drill");
    br_plan_free(&plan);
    /* not all are seen: who knows */
    bed->fleet.complete = false;
    plan = create_planned(bed, "log-2", TC S3 ",'backupMode':'log'");
    assert_has_not(plan_said(bed, plan), "drill");
    br_plan_free(&plan);
}

/* -- to its end -------------------------------------------------------------------------------- */

static char *snapshot_text(struct bed *bed, int rv, const char *status)
{
    return bed_keep(bed, xasprintf("{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\","
                                   "\"metadata\":{\"name\":"
                                   "\"full\",\"namespace\":\"orders\",\"uid\":\"u-full\",\"generation\":1,"
                                   "\"resourceVersion\":"
                                   "\"%d\"},\"spec\":{\"br\":{\"cluster\":\"tc\"}}%s}", rv, status));
}

static void snapshot_changes(struct bed *bed, int rv, const char *status)
{
    const char *text = snapshot_text(bed, rv, status);
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    store_put(bed->fleet.store, 0, record, NOW_MS);
}

static const struct br_run *snapshot_sent(struct bed *bed)
{
    struct br_plan *plan = create_planned(bed, "full", TC S3);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST " PLURAL, .has = "\"brdeck/run-id\"", .http = 201,
                                                   .body = snapshot_text(bed, 10, "")});
    const struct br_run *run = execute(bed, plan, "y");
    snapshot_changes(bed, 10, "");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    snapshot_changes(bed, 11, ",\"status\":{\"phase\":\"Running\"}");
    UNTIL(bed->f.loop, strstr(run->text, "Running"));
    return run;
}

static void a_snapshot_is_followed_to_its_end(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = snapshot_sent(bed);
    snapshot_changes(bed, 12, ",\"status\":{\"phase\":\"Complete\",\"commitTs\":\"469371597881344001\"}");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "complete");
}

static void or_to_its_failure(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = snapshot_sent(bed);
    snapshot_changes(bed, 12, ",\"status\":{\"phase\":\"Failed\",\"conditions\":[{\"type\":\"Failed\","
                              "\"status\":\"True\","
                     "\"reason\":\"BackupDataToRemoteFailed\",\"message\":\"no room\"}]}");
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "no room");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_said),
        TEST(the_dry_run_is_strict),
        TEST(secrets_are_blotted_out), TEST(a_manifest_that_is_none_is_refused),
        TEST(other_tasks_are_told_of_logs_only), TEST(a_task_that_no_backup_knows),
        TEST(a_snapshot_is_followed_to_its_end),
        TEST(or_to_its_failure),
    };
    return cmocka_run_group_tests_name("br/create", tests, NULL, NULL);
}
