#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "br/br_private.h"
#include "br_fixture.h"

#define DELETED "DELETE " OBJECT
#define POLICY_DELETE ",\"cleanPolicy\":\"Delete\""
#define DELETING ",\"deletionTimestamp\":\"2026-11-23T15:59:00Z\""

static const char gone[] = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\","
                           "\"details\":{\"uid\":\"uid-1\"}}";

/* @has: what only the dry-run or, with NULL, whatever comes has. */
static void expect_delete(struct bed *bed, bool dry, const char *body, int http, int times)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = DELETED, .has = dry ? "\"dryRun\":[\"All\"]" : NULL,
                                                   .http = http, .body = body, .times = times});
}

static const char *cluster_spec = "{}";
static int cluster_http = 200;

static void expect_cluster(struct bed *bed)
{
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/clusters/tc", .http = cluster_http,
        .body = cluster_http == 404 ? status_text(bed, 404, "NotFound", "not found") :
                bed_keep(bed, xasprintf("{\"kind\":\"Cluster\",\"metadata\":{\"name\":\"tc\"},\"spec\":%s}",
                                        cluster_spec))});
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/", .http = 200,
        .body = "{\"kind\":\"List\",\"metadata\":{},\"items\":[]}"});
}

static struct br_plan *delete_planned(struct bed *bed, const struct backup_spec *object, bool keep_data)
{
    expect_cluster(bed);
    backup_put(bed, object);
    expect_get(bed, backup_text(bed, object), 200, 1);
    expect_right(bed, true);
    struct backup_spec after = *object;
    after.metadata = DELETING;
    expect_delete(bed, true, backup_text(bed, &after), 200, 0);
    return plan_made(bed, &(struct br_plan_spec){.action = ACTION_DELETE, .keep_data = keep_data});
}

/* -- what it says ------------------------------------------------------------------------ */

static void what_a_delete_comes_to(void **state)
{
    struct bed *bed = *state;
    snapshot_put(bed, "full-1", 2 * DAY);
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(plan->dry_run, BR_DRY_RUN_ACCEPTED);
    assert_int_equal(plan->right, KUBE_RIGHT_YES);
    assert_int_equal(plan->confirm, BR_CONFIRM_TYPE);
    assert_string_equal(plan->confirm_text, "log-orders");
    assert_true(plan->removes.stops_task && plan->removes.ends_pitr && plan->removes.cleans);
    assert_true(plan->removes.all_seen && plan->removes.retain_offered);
    const char *sent = fake_request(bed->f.server, DELETED, 0);
    assert_has(sent, "\"preconditions\":{\"uid\":\"uid-1\",\"resourceVersion\":\"100\"}");
    assert_has(sent, "\"propagationPolicy\":\"Background\"");
    assert_has(sent, "\"dryRun\":[\"All\"]"); /* beside a body the API server does not read it in the query */
    assert_has(fake_request(bed->f.server, "POST /apis/authorization", 0), "\"verb\":\"delete\"");
    const char *said = plan_said(bed, plan);
    assert_has(said, ": Delete orders/log-orders\n");
    assert_has(said, "rather: cleanPolicy Retain first, which keeps the data");
    assert_has(said, "removes: EVERYTHING under s3://b/p, ");
    assert_has(said, "by the Job clean-log-orders");
    assert_has(said, "shared: with no other Backup of any namespace here");
    assert_has(said, "stops: the log task, by the Job stop-log-orders\n");
    assert_has(said, "PITR: from ");
    assert_has(said, "(full-1)");
    assert_has(said, "all of it is lost");
    assert_has(said, "sends: DELETE backups/log-orders, propagationPolicy Background\n");
    assert_has(said, "done: when the object is gone");
    assert_has(said, "only if: it is unchanged since resourceVersion 100 (uid uid-1)\n");
    assert_has_not(said, "then: ");
    assert_string_equal(plan->kubectl, "kubectl --context test -n orders delete backups.br.pingcap.com log-orders "
                        "--cascade=background --wait=false");
    struct json *json = br_plan_json(plan);
    assert_string_equal(json_text(json_at(json, "preconditions", "uid", NULL)), "uid-1");
    assert_non_null(json_at(json, "deleteOptions", "preconditions", NULL));
    assert_true(json_is_true(json_at(json, "removes", "removesData", NULL)));
    assert_int_equal(json_count(json_get(json, "commands")), 2);
    assert_non_null(json_text(json_at(json, "signs", "success", NULL)));
    assert_string_equal(json_string(json, "confirm"), "log-orders");
    json_free(&json);
    br_plan_free(&plan);
}

static void what_is_kept(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    assert_true(plan->removes.stops_task && plan->removes.ends_pitr);
    assert_false(plan->removes.cleans || plan->removes.may_clean || plan->removes.retain_offered);
    const char *said = plan_said(bed, plan);
    assert_has(said, "keeps: the data under s3://b/p\n");
    assert_has(said, "its task may live on in PD");
    assert_has_not(said, "EVERYTHING");
    assert_has_not(said, "shared");
    assert_has_not(said, "rather");
    br_plan_free(&plan);
}

static void a_failed_one_goes_by_on_failure(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = ",\"cleanPolicy\":\"OnFailure\"",
                                                                     .phase = "Failed"}, false);
    assert_true(plan->removes.cleans && !plan->removes.stops_task);
    assert_has(plan_said(bed, plan), "the task may live on in PD");
    br_plan_free(&plan);
}

/* An empty prefix is easily overlooked. */
static void a_whole_bucket_is_called_so(void **state)
{
    struct bed *bed = *state;
    static const char prefixes[] = {'/', 'x'};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        char *text = backup_text(bed, &(struct backup_spec){.spec = POLICY_DELETE});
        *(strstr(text, "\"prefix\":\"p\"") + strlen("\"prefix\":\"")) = prefixes[i];
        expect_cluster(bed);
        expect_get(bed, text, 200, 1);
        expect_right(bed, true);
        expect_delete(bed, true, text, 200, 0);
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_DELETE});
        assert_int_equal(strstr(plan_said(bed, plan), "THE WHOLE BUCKET") != NULL, prefixes[i] != 'x');
        br_plan_free(&plan);
        bed_close(bed);
        bed_open(bed);
    }
}

static void one_at_work_may_go_by_on_failure(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = ",\"cleanPolicy\":\"OnFailure\""}, false);
    assert_true(!plan->removes.cleans && plan->removes.may_clean);
    assert_has(plan_said(bed, plan), "should it fail before it is gone, everything under its path goes, too");
    br_plan_free(&plan);
}

static void not_all_seen_is_unknown(void **state)
{
    struct bed *bed = *state;
    bed->fleet.source.ns = "orders";
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_false(plan->removes.all_seen);
    assert_has(plan_said(bed, plan), "shared: unknown: not every Backup of every namespace is listed");
    br_plan_free(&plan);
    bed->fleet.source.ns = NULL;
    bed->fleet.complete = false;
    plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_has(plan_said(bed, plan), "shared: unknown");
    br_plan_free(&plan);
}

/* The list of all Backups of the v2 group; there is no v1, and nobody else who may use a path (test_removes.c). */
static void expect_all(struct bed *bed, const char *items, int http)
{
    static const char *const users[] = {"restores", "backupschedules", "compactbackups"};
    for (size_t i = 0; i < 2 * ARRAY_LEN(users); i++)
        fake_expect(bed->f.server, &(struct fake_rule){
            .request = bed_keep(bed, xasprintf("GET /apis/%spingcap.com/v1alpha1/%s?", i % 2 ? "br." : "",
                                               users[i / 2])),
            .http = 404, .body = status_text(bed, 404, "NotFound", "no")});
    bed->br->pace.sharers_ms = 5000;
    bed->fleet.source.ns = "orders";
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/br.pingcap.com/v1alpha1/backups?", .http = http, .body = http == 403 ?
        status_text(bed, 403, "Forbidden", "no") : bed_keep(bed, xasprintf(
        "{\"kind\":\"BackupList\",\"apiVersion\":\"br.pingcap.com/v1alpha1\","
        "\"metadata\":{\"resourceVersion\":\"200\"},"
        "\"items\":[%s]}", items))});
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/pingcap.com/v1alpha1/backups?", .http = 404,
        .body = status_text(bed, 404, "NotFound", "no")});
}

static void where_one_namespace_is_shown_all_are_asked(void **state)
{
    struct bed *bed = *state;
    struct backup_spec own = {.spec = POLICY_DELETE};
    expect_all(bed, backup_text(bed, &own), 200);
    struct br_plan *plan = delete_planned(bed, &own, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->removes.all_seen);
    assert_null(plan->removes.shared_by); /* itself is no other */
    br_plan_free(&plan);
}

static void and_one_of_another_is_found(void **state)
{
    struct bed *bed = *state;
    expect_all(bed, "{\"metadata\":{\"namespace\":\"far\",\"name\":\"other\",\"uid\":\"u\"},"
                    "\"spec\":{\"s3\":{\"bucket\":\"b\","
               "\"prefix\":\"/p/\"}}}", 200);
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "far/other (the same path)");
    br_plan_free(&plan);
}

/* Each list names the first four of its own: "more" are those that neither does. */
static void more_are_those_that_are_not_named(void **state)
{
    struct bed *bed = *state;
    for (unsigned many = 0; many < 2; many++) {
        struct str items;
        str_init(&items, STR_LARGE);
        for (unsigned i = 0; i < (many ? 6 : 3); i++)
            str_addf(&items, "%s{\"metadata\":{\"namespace\":\"far\",\"name\":\"other-%u\",\"uid\":\"u%u\"},"
                     "\"spec\":{\"s3\":{\"bucket\":\"b\",\"prefix\":\"/p/\"}}}", i ? "," : "", i, i);
        if (many) {
            bed_close(bed);
            bed_open(bed);
        }
        fake_expect(bed->f.server, &(struct fake_rule){
            .request = "GET /apis/pingcap.com/v1alpha1/backups?", .body = bed_keep(bed, xasprintf(
            "{\"kind\":\"BackupList\",\"apiVersion\":\"pingcap.com/v1alpha1\","
            "\"metadata\":{\"resourceVersion\":\"200\"},\"items\":[%s]}", items.data))});
        expect_all(bed, items.data, 200);
        struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
        assert_int_equal(plan->phase, BR_PLAN_REFUSED);
        assert_has(plan->removes.shared_by, many ? "far/other-3 (the same path), far/other-0 (the same path)"
                                                 : "far/other-2 (the same path), far/other-0 (the same path)");
        assert_has(plan->removes.shared_by, many ? "far/other-3 (the same path) and 4 more" : "far/other-2 (the same");
        assert_true(many || !strstr(plan->removes.shared_by, " more"));
        br_plan_free(&plan);
        str_done(&items);
    }
}

static void without_the_right_to_see_all_it_is_unknown(void **state)
{
    struct bed *bed = *state;
    expect_all(bed, "", 403);
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_false(plan->removes.all_seen);
    assert_has(plan_said(bed, plan), "shared: unknown");
    br_plan_free(&plan);
}

static void what_removes_nothing_asks_nobody(void **state)
{
    struct bed *bed = *state;
    expect_all(bed, "", 200);
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(fake_count(bed->f.server, "GET /apis/br.pingcap.com/v1alpha1/backups?"), 0);
    br_plan_free(&plan);
}

static void what_its_cluster_tells(void **state)
{
    struct bed *bed = *state;
    cluster_spec = "{\"tlsCluster\":{\"enabled\":true}}";
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    cluster_spec = "{}";
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_has(plan_said(bed, plan), "The cluster speaks TLS, where the operator's Job stop-log-orders fails: stop "
                                     "the log backup first");
    br_plan_free(&plan);
}

static void a_missing_cluster_hangs_it(void **state)
{
    struct bed *bed = *state;
    cluster_http = 404;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    cluster_http = 200;
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_has(plan_said(bed, plan), "The delete will hang: Cluster tc is not there");
    br_plan_free(&plan);
}

/* -- who shares the path ----------------------------------------------------------------- */

static void put_other(struct bed *bed, const char *ns, const char *name, const char *prefix, const char *endpoint)
{
    char *text = bed_keep(bed, xasprintf("{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\","
                                         "\"metadata\":{"
                                         "\"namespace\":\"%s\",\"name\":\"%s\",\"uid\":\"u-%s\"},\"spec\":{\"s3\":{"
                                         "\"bucket\":\"b\",\"prefix\":\"%s\"%s%s%s}}}", ns, name, name, prefix,
                                         endpoint ? ",\"endpoint\":\"" : "", endpoint ? endpoint : "",
                                         endpoint ? "\"" : ""));
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    store_put(bed->fleet.store, 0, record, NOW_MS);
}

static void a_shared_path_is_refused(void **state)
{
    struct bed *bed = *state;
    put_other(bed, "billing", "inside", "p/2026", NULL);
    put_other(bed, "orders", "apart", "pp", NULL);
    put_other(bed, "shop", "elsewhere", "p", "http://minio:9000");
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_int_equal(plan->error.code, ERROR_REFUSED);
    assert_has(plan->error.text, "billing/inside (a path inside it");
    assert_has(plan->error.text, "shop/elsewhere (the same path, at the endpoint http://minio:9000: ");
    assert_has(plan->error.text, "brdeck retain log-orders");
    assert_has_not(plan->error.text, "apart");
    assert_int_equal(fake_count(bed->f.server, DELETED), 0);
    assert_true(plan->removes.retain_offered); /* Tab in the dialog */
    expect_get(bed, backup_text(bed, &(struct backup_spec){.spec = POLICY_DELETE}), 200, 1);
    br_plan_keep_data(plan, true);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->removes.keeps_data && !plan->removes.cleans);
    br_plan_free(&plan);
}

/* Between the look and the confirmation. */
static void one_that_comes_to_share_stops_it(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    put_other(bed, "billing", "new", "p", NULL);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_CHANGED, "another Backup keeps its data under that path now");
    assert_int_equal(fake_count(bed->f.server, DELETED), 1); /* the dry-run */
}

/* The same where one namespace is shown: all are listed again. */
static void one_of_another_namespace_stops_it(void **state)
{
    struct bed *bed = *state;
    struct backup_spec own = {.spec = POLICY_DELETE};
    static const struct { const char *items, *words; int http; } rows[] = {
        {"{\"metadata\":{\"namespace\":\"far\",\"name\":\"new\",\"uid\":\"u\"},\"spec\":{\"s3\":{"
         "\"bucket\":\"b\",\"prefix\":\"p/x\"}}}", "under that path now: far/new (a path inside it)", 200},
        {"", "cannot be listed now", 403},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_expect(bed->f.server, &(struct fake_rule){
            .request = "GET /apis/br.pingcap.com/v1alpha1/backups?", .times = 1,
            .body = bed_keep(bed, xasprintf("{\"metadata\":{\"resourceVersion\":\"200\"},\"items\":[%s]}",
                                            backup_text(bed, &own)))});
        expect_all(bed, rows[i].items, rows[i].http);
        struct br_plan *plan = delete_planned(bed, &own, false);
        assert_int_equal(plan->phase, BR_PLAN_READY);
        assert_true(plan->removes.all_seen);
        const struct br_run *run = execute(bed, plan, "log-orders");
        until_end(bed, run);
        assert_outcome(run, BR_CHANGED, rows[i].words);
        assert_int_equal(fake_count(bed->f.server, DELETED), 1); /* the dry-run */
        bed_close(bed);
        bed_open(bed);
    }
}

static void what_keeps_its_data_may_share(void **state)
{
    struct bed *bed = *state;
    put_other(bed, "billing", "inside", "p/2026", NULL);
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    br_plan_free(&plan);
}

/* -- what is refused ----------------------------------------------------------------------- */

static void being_deleted_is_refused(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.metadata = DELETING}, false);
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "remove-finalizer");
    br_plan_free(&plan);
}

static void without_the_right(void **state)
{
    struct bed *bed = *state;
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 0);
    expect_right(bed, false);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_DELETE});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "you may not delete backups in namespace orders");
    assert_has(plan->error.text, "kubectl --context test -n orders delete backups.br.pingcap.com log-orders");
    br_plan_free(&plan);
}

/* -- sending --------------------------------------------------------------------------------- */

static void it_goes_at_once(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    expect_delete(bed, false, gone, 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "it is gone; its data stays in the storage");
    assert_has(fake_request(bed->f.server, DELETED, 1), "\"resourceVersion\":\"100\"");
    assert_has_not(fake_request(bed->f.server, DELETED, 1), "dryRun");
    assert_int_equal(journal_lines(bed, "intent"), 1);
}

/* Deleted, with its Job stop-NAME as the facts have it; then gone. */
static const struct br_run *followed(struct bed *bed, bool failed, bool complete)
{
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    struct backup_spec marked = {.rv = 101, .generation = 4, .metadata = DELETING};
    expect_delete(bed, false, backup_text(bed, &marked), 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    backup_put(bed, &marked);
    slot_t slot = store_find(bed->fleet.store, "orders", "log-orders");
    struct backup_facts *facts = store_facts(bed->fleet.store, slot);
    facts->job.present = true;
    facts->job.failed = failed;
    facts->job.complete = complete;
    snprintf(facts->job.name, sizeof facts->job.name, "stop-log-orders");
    store_touch(bed->fleet.store, slot, NOW_MS);
    UNTIL(bed->f.loop, strstr(run->text, "stop-log-orders"));
    store_remove(bed->fleet.store, 0, "orders", "log-orders");
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?", .http = 200,
        .body = "{\"kind\":\"BackupList\",\"metadata\":{\"resourceVersion\":\"200\"},\"items\":[]}"});
    until_end(bed, run);
    return run;
}

static void it_is_followed_to_its_end(void **state)
{
    assert_outcome(followed(*state, false, true), BR_DONE, "its data stays in the storage; the log task was stopped");
}

static void what_was_not_seen_is_not_claimed(void **state)
{
    assert_outcome(followed(*state, false, false), BR_DONE, "whether its log task was stopped was not seen");
}

static void a_stop_that_fails_leaves_the_task(void **state)
{
    assert_outcome(followed(*state, true, false), BR_DONE, "stop-log-orders failed, so the log task may live on in PD");
}

/* CleanFailed stands from the first Pod of the Job that cleans, which has six more: only its end is one. */
static void cleaning_is_tried_again(void **state)
{
    struct bed *bed = *state;
    struct backup_spec own = {.spec = POLICY_DELETE}, marked = own;
    struct br_plan *plan = delete_planned(bed, &own, false);
    marked.rv = 101;
    marked.generation = 4;
    marked.metadata = DELETING;
    expect_delete(bed, false, backup_text(bed, &marked), 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    backup_put(bed, &marked);
    struct backup_facts *facts = store_facts(bed->fleet.store, find_slot(bed->fleet.store, false, "orders", "log-orders"));
    facts->job.present = true;
    snprintf(facts->job.name, sizeof facts->job.name, "clean-log-orders");
    marked.rv = 102;
    marked.phase = "CleanFailed";
    backup_put(bed, &marked);
    UNTIL(bed->f.loop, strstr(run->text, "was not removed yet") && strstr(run->text, "Job clean-log-orders tries again"));
    assert_int_equal(run->outcome, BR_FOLLOWING);
    assert_true(run->stuck);
    slot_t slot = find_slot(bed->fleet.store, false, "orders", "log-orders");
    store_facts(bed->fleet.store, slot)->job.failed = true;
    store_touch(bed->fleet.store, slot, NOW_MS);
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "Then delete the Job clean-log-orders");
}

/* cleanPolicy counts when the operator comes to it: what Argo sets back after the delete takes the data, and nobody may
 * be told that it stays. */
static void set_back_after_the_delete(void **state)
{
    struct bed *bed = *state;
    static const struct { const char *phase, *text, *end; } rows[] = {
        {"Running", "somebody set its cleanPolicy back: what is under its prefix goes, unless it is Retain again",
         "see in the storage what is left of its data"},
        {"Clean", "which was to stay: somebody set its cleanPolicy back", "what lay under its prefix was removed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_spec own = {.spec = ",\"cleanPolicy\":\"Retain\""}, marked = own;
        struct br_plan *plan = delete_planned(bed, &own, false);
        marked.rv = 101;
        marked.generation = 4;
        marked.metadata = DELETING;
        expect_delete(bed, false, backup_text(bed, &marked), 200, 1);
        const struct br_run *run = execute(bed, plan, "log-orders");
        UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
        marked.rv = 102;
        marked.generation = 5;
        marked.spec = POLICY_DELETE;
        marked.phase = rows[i].phase;
        backup_put(bed, &marked);
        UNTIL(bed->f.loop, strstr(run->text, rows[i].text));
        store_remove(bed->fleet.store, 0, "orders", "log-orders");
        fake_expect(bed->f.server, &(struct fake_rule){
            .request = "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?", .http = 200,
            .body = "{\"kind\":\"BackupList\",\"metadata\":{\"resourceVersion\":\"200\"},\"items\":[]}"});
        until_end(bed, run);
        assert_outcome(run, BR_REVERTED, rows[i].end);
        assert_has_not(run->text, "stays in the storage");
        bed_close(bed);
        bed_open(bed);
    }
}

static void a_minute_of_the_operator_is_no_change(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    expect_delete(bed, false, status_text(bed, 409, "Conflict", "the ResourceVersion in the precondition (100) does "
                                                                "not match"), 409, 1);
    expect_delete(bed, false, gone, 200, 1);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 105}), 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "it is gone");
    assert_has(fake_request(bed->f.server, DELETED, 2), "\"resourceVersion\":\"105\"");
}

static void a_change_stops_it(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    expect_delete(bed, false, status_text(bed, 409, "Conflict", "does not match"), 409, 1);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 105, .generation = 4, .spec = POLICY_DELETE}), 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_CHANGED, "not sent, the object changed since you looked");
    assert_int_equal(fake_count(bed->f.server, DELETED), 2); /* the dry-run, and once */
}

static void gone_already(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    expect_delete(bed, false, status_text(bed, 404, "NotFound", "not found"), 404, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_NOTHING, "gone already");
}

/* -- lost answers (rule 7) -------------------------------------------------------------------- */

static const struct br_run *lost(struct bed *bed, const char *object, int http)
{
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){0}, false);
    expect_cut(bed, DELETED, 1);
    expect_get(bed, object, http, 0);
    const struct br_run *run = execute(bed, plan, "log-orders");
    UNTIL(bed->f.loop, br_outcome_is_end(run->outcome) || run->outcome == BR_FOLLOWING);
    assert_int_equal(fake_count(bed->f.server, DELETED), 2); /* never again by itself */
    return run;
}

static void a_lost_answer_and_it_is_gone(void **state)
{
    struct bed *bed = *state;
    assert_outcome(lost(bed, status_text(bed, 404, "NotFound", "not found"), 404), BR_DONE, "it is gone");
}

static void a_lost_answer_and_another_is_there(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = lost(bed, backup_text(bed, &(struct backup_spec){.uid = "uid-2", .rv = 200}), 200);
    assert_outcome(run, BR_DONE, "another of that name is there now");
}

static void a_lost_answer_and_it_is_being_deleted(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = lost(bed, backup_text(bed, &(struct backup_spec){.rv = 101, .generation = 4,
                                                                               .metadata = DELETING}), 200);
    assert_int_equal(run->outcome, BR_FOLLOWING);
}

static void a_lost_answer_and_nothing_was_done(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = lost(bed, backup_text(bed, &(struct backup_spec){0}), 200);
    assert_outcome(run, BR_REFUSED, "not applied, nothing changed in the object");
}

/* -- the data kept: two steps -------------------------------------------------------------------- */

static struct br_plan *keep_planned(struct bed *bed)
{
    struct br_plan *plan = delete_planned(bed, &(struct backup_spec){.spec = POLICY_DELETE}, true);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_true(plan->removes.keeps_data && !plan->removes.cleans);
    const char *said = plan_said(bed, plan);
    assert_has(said, "first: PATCH backups/log-orders {\"spec\":{\"cleanPolicy\":\"Retain\"}}");
    assert_has(said, "keeps: the data under s3://b/p (cleanPolicy is set to Retain first)");
    return plan;
}

static void two_steps(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = keep_planned(bed);
    struct backup_spec retained = {.rv = 101, .generation = 4, .spec = ",\"cleanPolicy\":\"Retain\""};
    expect_patch(bed, backup_text(bed, &retained), 200, 1);
    expect_delete(bed, false, status_text(bed, 409, "Conflict", "does not match"), 409, 1);
    expect_get(bed, backup_text(bed, &retained), 200, 1);
    expect_delete(bed, false, gone, 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    assert_int_equal(br_runs(bed->br), 2);
    until_end(bed, run);
    assert_outcome(br_run_at(bed->br, 0), BR_DONE, "cleanPolicy is Retain");
    assert_outcome(run, BR_DONE, "its data stays in the storage");
    assert_has(fake_request(bed->f.server, PATCHED, 0), "\"spec\":{\"cleanPolicy\":\"Retain\"}");
    assert_has(fake_request(bed->f.server, PATCHED, 0), "\"resourceVersion\":\"100\"");
    assert_has(fake_request(bed->f.server, DELETED, 2), "\"resourceVersion\":\"101\"");
}

static void without_the_first_no_second(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = keep_planned(bed);
    expect_patch(bed, status_text(bed, 403, "Forbidden", "no"), 403, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_int_equal(br_run_at(bed->br, 0)->outcome, BR_REFUSED);
    assert_outcome(run, BR_NOT_SENT, "because of orders/log-orders before it");
    assert_int_equal(fake_count(bed->f.server, DELETED), 1); /* the dry-run */
}

/* Somebody sets it back between the two steps. */
static void written_back_between(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = keep_planned(bed);
    struct backup_spec retained = {.rv = 101, .generation = 4, .spec = ",\"cleanPolicy\":\"Retain\""};
    expect_patch(bed, backup_text(bed, &retained), 200, 1);
    expect_delete(bed, false, status_text(bed, 409, "Conflict", "does not match"), 409, 1);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 102, .generation = 5, .spec = POLICY_DELETE}), 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_CHANGED, "not sent");
}

/* A webhook that sets the policy on every write: the server takes the patch, and the object stays as it was, so that
 * the delete's preconditions would hold. */
static void a_webhook_sets_it_back(void **state)
{
    struct bed *bed = *state;
    static const struct backup_spec answers[] = {{.spec = POLICY_DELETE},
                                                 {.rv = 101, .generation = 4, .spec = POLICY_DELETE}};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct br_plan *plan = keep_planned(bed);
        expect_patch(bed, backup_text(bed, &answers[i]), 200, 1);
        const struct br_run *run = execute(bed, plan, "log-orders");
        until_end(bed, run);
        assert_outcome(br_run_at(bed->br, 0), BR_REVERTED, "its cleanPolicy is Delete all the same");
        assert_outcome(run, BR_NOT_SENT, "because of orders/log-orders before it");
        assert_int_equal(fake_count(bed->f.server, DELETED), 1); /* the dry-run */
        bed_close(bed);
        bed_open(bed);
    }
}

/* -- retain and remove-finalizer --------------------------------------------------------------------- */

static void retain(void **state)
{
    struct bed *bed = *state;
    struct backup_spec before = {.spec = POLICY_DELETE};
    struct backup_spec after = {.rv = 101, .generation = 4, .spec = ",\"cleanPolicy\":\"Retain\""};
    expect_usual(bed, &before, &after);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_RETAIN});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(plan->confirm, BR_CONFIRM_YES);
    assert_has(plan_said(bed, plan), "sends: PATCH backups/log-orders {\"spec\":{\"cleanPolicy\":\"Retain\"}}");
    expect_patch(bed, backup_text(bed, &after), 200, 1);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "cleanPolicy is Retain: a delete leaves its data");
}

static void expect_no_job(struct bed *bed)
{
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/batch/v1/namespaces/orders/jobs/stop-log-orders ", .http = 404,
        .body = status_text(bed, 404, "NotFound", "no")});
}

static void the_finalizer(void **state)
{
    struct bed *bed = *state;
    expect_no_job(bed);
    struct backup_spec before = {.metadata = DELETING}, after = {.rv = 101, .metadata = DELETING};
    expect_usual(bed, &before, &after);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_REMOVE_FINALIZER});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    assert_int_equal(plan->confirm, BR_CONFIRM_TYPE);
    assert_false(plan->changes_nothing); /* a finalizer is no part of the generation */
    assert_has(plan_said(bed, plan), "is not stopped, and no data is removed");
    expect_patch(bed, "{\"kind\":\"Backup\",\"metadata\":{\"name\":\"log-orders\",\"uid\":\"uid-1\",\"generation\":3,"
                 "\"finalizers\":[]}}", 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "the object is gone; nothing was stopped or cleaned for it");
    assert_has(fake_request(bed->f.server, PATCHED, 0), "\"finalizers\":[]");
}

/* With the object its Job goes, in the middle of what it does. */
static void the_finalizer_while_a_job_works(void **state)
{
    struct bed *bed = *state;
    static const struct { const char *phase, *job, *status; bool warned; } rows[] = {
        {"Running", "stop-log-orders", "\"active\":1", true},
        {"Clean", "clean-log-orders", "\"active\":1", true},
        {"Running", "stop-log-orders", "\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\"}]", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_spec own = {.metadata = DELETING, .phase = rows[i].phase};
        expect_usual(bed, &own, &own);
        fake_expect(bed->f.server, &(struct fake_rule){
            .request = bed_keep(bed, xasprintf("GET /apis/batch/v1/namespaces/orders/jobs/%s ", rows[i].job)),
            .body = bed_keep(bed, xasprintf("{\"kind\":\"Job\",\"metadata\":{\"uid\":\"j\"},\"status\":{%s}}",
                                            rows[i].status))});
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_REMOVE_FINALIZER});
        assert_int_equal(plan->phase, BR_PLAN_READY);
        assert_int_equal(strstr(plan->verdict.why, "is at work and goes with the object") != NULL, rows[i].warned);
        assert_int_equal(strstr(plan->verdict.why, rows[i].job) != NULL, rows[i].warned);
        br_plan_free(&plan);
        bed_close(bed);
        bed_open(bed);
    }
}

static void the_finalizer_of_others(void **state)
{
    struct bed *bed = *state;
    static const char two[] = "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\","
                              "\"metadata\":{\"namespace\":"
                              "\"orders\",\"name\":\"log-orders\",\"uid\":\"uid-1\",\"resourceVersion\":\"100\","
                              "\"deletionTimestamp\":\"2026-11-23T15:59:00Z\",\"finalizers\":[\"a/b\","
                              "\"pingcap.com/finalizer\"]},\"spec\":{}}";
    expect_no_job(bed);
    expect_get(bed, two, 200, 0);
    expect_right(bed, true);
    expect_dry(bed, two, 200, 1);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_REMOVE_FINALIZER});
    assert_has(plan_said(bed, plan), "stays: until these are off too: a/b");
    expect_patch(bed, "{\"kind\":\"Backup\",\"metadata\":{\"uid\":\"uid-1\",\"finalizers\":[\"a/b\"]}}", 200, 1);
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "still held by a/b");
    assert_has(fake_request(bed->f.server, PATCHED, 0), "\"finalizers\":[\"a/b\"]");
}

static void only_a_retry(void **state)
{
    struct bed *bed = *state;
    expect_get(bed, backup_text(bed, &(struct backup_spec){0}), 200, 1);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE, .retry = true});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_has(plan->error.text, "there is nothing to retry");
    br_plan_free(&plan);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_a_delete_comes_to),
        TEST(what_is_kept),
        TEST(a_failed_one_goes_by_on_failure),
        TEST(a_whole_bucket_is_called_so),
        TEST(one_at_work_may_go_by_on_failure),
        TEST(not_all_seen_is_unknown),
        TEST(where_one_namespace_is_shown_all_are_asked),
        TEST(and_one_of_another_is_found),
        TEST(more_are_those_that_are_not_named),
        TEST(without_the_right_to_see_all_it_is_unknown),
        TEST(what_removes_nothing_asks_nobody),
        TEST(what_its_cluster_tells),
        TEST(a_missing_cluster_hangs_it),
        TEST(a_shared_path_is_refused),
        TEST(one_that_comes_to_share_stops_it),
        TEST(one_of_another_namespace_stops_it),
        TEST(what_keeps_its_data_may_share),
        TEST(being_deleted_is_refused),
        TEST(without_the_right),
        TEST(it_goes_at_once),
        TEST(it_is_followed_to_its_end),
        TEST(what_was_not_seen_is_not_claimed),
        TEST(a_stop_that_fails_leaves_the_task),
        TEST(cleaning_is_tried_again),
        TEST(set_back_after_the_delete),
        TEST(a_minute_of_the_operator_is_no_change),
        TEST(a_change_stops_it),
        TEST(gone_already),
        TEST(a_lost_answer_and_it_is_gone),
        TEST(a_lost_answer_and_another_is_there),
        TEST(a_lost_answer_and_it_is_being_deleted),
        TEST(a_lost_answer_and_nothing_was_done),
        TEST(two_steps),
        TEST(without_the_first_no_second),
        TEST(written_back_between),
        TEST(a_webhook_sets_it_back),
        TEST(retain),
        TEST(the_finalizer),
        TEST(the_finalizer_while_a_job_works),
        TEST(the_finalizer_of_others),
        TEST(only_a_retry),
    };
    return cmocka_run_group_tests_name("br/delete", tests, NULL, NULL);
}
