#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "br/br_private.h"
#include "br_fixture.h"

/* A run that does not get on names its cause at once; facts are put into the store's row, as br/facts.c does. */

#define JOB "backup-log-orders-log-pause"

static void put_facts(struct bed *bed, const struct backup_facts *facts)
{
    struct store *store = bed->fleet.store;
    slot_t slot = find_slot(store, false, "orders", "log-orders");
    assert_true(slot != SLOT_NONE);
    *store_facts(store, slot) = *facts;
    store_touch(store, slot, NOW_MS);
}

static struct backup_facts with_job(const char *uid)
{
    struct backup_facts facts = {.job = {.present = true, .started_ms = NOW_MS + 1000}};
    snprintf(facts.job.name, sizeof facts.job.name, JOB);
    snprintf(facts.job.uid, sizeof facts.job.uid, "%s", uid);
    return facts;
}

static void add_pod(struct backup_facts *facts, const char *phase, const char *waiting, const char *message)
{
    facts->pod.present = true;
    snprintf(facts->pod.name, sizeof facts->pod.name, "p1");
    snprintf(facts->pod.phase, sizeof facts->pod.phase, "%s", phase);
    snprintf(facts->pod.waiting, sizeof facts->pod.waiting, "%s", waiting);
    snprintf(facts->pod.message, sizeof facts->pod.message, "%s", message);
}

static void add_event(struct backup_facts *facts, const char *about, const char *reason, const char *message,
                      int64_t at_ms)
{
    snprintf(facts->event.about, sizeof facts->event.about, "%s", about);
    snprintf(facts->event.reason, sizeof facts->event.reason, "%s", reason);
    snprintf(facts->event.message, sizeof facts->event.message, "%s", message);
    facts->event.at_ms = at_ms;
    facts->event.count = 1;
}

/* A pause that was accepted. */
static const struct br_run *followed(struct bed *bed)
{
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    backup_put(bed, &asked);
    return run;
}

static void put_phase(struct bed *bed, int rv, const char *phase, const char *message)
{
    struct backup_spec now = asked;
    now.rv = rv;
    now.subs = sub_text(bed, "log-pause", phase, 100 + rv, 0, 0, NULL, message);
    backup_put(bed, &now);
}

static void put_paused(struct bed *bed, int rv)
{
    struct backup_spec now = asked;
    now.rv = rv;
    now.phase = "Paused";
    now.subs = sub_text(bed, "log-pause", "Complete", 100 + rv, 90 + rv, 100 + rv, NULL, NULL);
    backup_put(bed, &now);
}

static void no_service_account(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = followed(bed);
    put_phase(bed, 110, "Scheduled", NULL);
    struct backup_facts facts = with_job("uid-1");
    add_event(&facts, "Job", "FailedCreate", "Error creating: pods \"x-\" is forbidden: error looking up service "
              "account orders/tidb-backup-manager: serviceaccount \"tidb-backup-manager\" not found", NOW_MS + 2000);
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->stuck);
    assert_int_equal(run->outcome, BR_FOLLOWING);
    assert_string_equal(run->cause->id, "no-service-account");
    assert_string_equal(run->job, JOB);
    assert_string_equal(run->pod, "");
    assert_has(run->text, "log-pause: Scheduled; the ServiceAccount of the backup's Pod is not there. Create it");
    assert_has(run->text, "It then goes on by itself.");
    /* somebody creates it */
    add_pod(&facts, "Pending", "PodInitializing", "");
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, !run->stuck);
    assert_null(run->cause);
    assert_string_equal(run->pod, "p1");
    assert_outcome(run, BR_FOLLOWING, "log-pause: Scheduled");
    put_paused(bed, 120);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
    assert_false(run->stuck);
}

static void what_the_pod_waits_for(void **state)
{
    static const struct {
        const char *waiting, *message, *cause;
    } rows[] = {
        {"ImagePullBackOff", "Back-off pulling image \"pingcap/br:v8\"", "image-not-pulled"},
        {"CreateContainerConfigError", "secret \"s3-secret\" not found", "no-secret"},
        {"Unschedulable", "0/3 nodes are available: 3 Insufficient memory.", "no-room"},
        {"ContainerCreating", "", NULL},
        {"PodInitializing", "", NULL},
    };
    struct bed *bed = *state;
    const struct br_run *run = followed(bed);
    put_phase(bed, 110, "Scheduled", NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_facts facts = with_job("uid-1");
        add_pod(&facts, "Pending", rows[i].waiting, rows[i].message);
        put_facts(bed, &facts);
        const char *wanted = rows[i].cause;
        UNTIL(bed->f.loop, run->stuck == (wanted != NULL) && (!wanted || strcmp(run->cause->id, wanted) == 0));
    }
    /* br works: what the facts still say of the Pod is behind */
    struct backup_facts facts = with_job("uid-1");
    add_pod(&facts, "Pending", "ImagePullBackOff", "");
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->stuck);
    put_phase(bed, 111, "Running", NULL);
    UNTIL(bed->f.loop, run->phase == PHASE_RUNNING);
    assert_false(run->stuck);
    assert_outcome(run, BR_FOLLOWING, "log-pause: Running");
}

/* Jobs keep their names: the one of an earlier pause, its Pod and its Event are nobody's. */
static void an_earlier_job_is_not_believed(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &running);
    struct backup_facts facts = with_job("uid-old");
    facts.job.failed = true;
    facts.job.started_ms = 0; /* only the uid tells */
    add_pod(&facts, "Failed", "", "");
    snprintf(facts.pod.ended, sizeof facts.pod.ended, "OOMKilled");
    put_facts(bed, &facts);
    const struct br_run *run = followed(bed);
    put_facts(bed, &facts);
    put_phase(bed, 110, "Scheduled", NULL);
    UNTIL(bed->f.loop, run->phase == PHASE_SCHEDULED);
    SPIN(bed->f.loop, 20);
    assert_false(run->stuck);
    assert_string_equal(run->job, "");
    assert_string_equal(run->pod, "");
    assert_outcome(run, BR_FOLLOWING, "log-pause: Scheduled");
    /* of another command's name: neither */
    facts = with_job("uid-2");
    snprintf(facts.job.name, sizeof facts.job.name, "backup-log-orders-log-truncate");
    put_facts(bed, &facts);
    SPIN(bed->f.loop, 20);
    assert_string_equal(run->job, "");
    facts = with_job("uid-3");
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->job[0]);
}

static void untouched_for_a_reason(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.late_ms = 30;
    const struct br_run *run = followed(bed);
    struct backup_facts facts = {.cluster = {.read_ms = NOW_MS, .missing = true}};
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->cause && strcmp(run->cause->id, "cluster-missin"
                                                            "g") == 0 && strstr(run->text, "Untouched for"));
    assert_true(run->stuck);
    facts.cluster.missing = false;
    facts.cluster.paused = true;
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->cause && strcmp(run->cause->id, "cluster-paused") == 0);
    facts.cluster.paused = false;
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->cause && strcmp(run->cause->id, "not-picked-up") == 0);
    assert_has(run->text, "its Cluster is there: see that the operator runs");
    assert_true(run->stuck);
    put_phase(bed, 110, "Scheduled", NULL);
    UNTIL(bed->f.loop, run->phase == PHASE_SCHEDULED && !run->stuck);
}

static void retried_by_the_operator(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = followed(bed);
    struct backup_spec now = asked;
    now.rv = 110;
    now.subs = "\"log-pause\":{\"command\":\"log-pause\",\"phase\":\"RetryFailed\","
               "\"conditions\":[{\"type\":\"RetryFailed\","
               "\"status\":\"True\",\"reason\":\"GetS3SecretFailed\",\"message\":\"get s3 secret orders/x failed\"}]}";
    backup_put(bed, &now);
    UNTIL(bed->f.loop, run->stuck);
    assert_string_equal(run->cause->id, "no-secret");
    assert_outcome(run, BR_FOLLOWING, "log-pause cannot begin: get s3 secret orders/x failed; the Secret");
    put_paused(bed, 120);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
}

static void jobs_that_die_unreported(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.dead_ms = 20;
    const struct br_run *run = followed(bed);
    put_phase(bed, 110, "Running", NULL);
    for (int i = 0; i < 2; i++) {
        char uid[16];
        snprintf(uid, sizeof uid, "uid-%d", i);
        struct backup_facts facts = with_job(uid);
        add_pod(&facts, "Failed", "", "");
        snprintf(facts.pod.ended, sizeof facts.pod.ended, "OOMKilled");
        facts.pod.exit_code = 137;
        facts.job.failed = true;
        snprintf(facts.job.reason, sizeof facts.job.reason, "BackoffLimitExceeded");
        put_facts(bed, &facts);
        UNTIL(bed->f.loop, strstr(run->text, "its Job has failed (BackoffLimitExceeded) and the Backup does not "
                                             "say so"));
        assert_has(run->text, "TiDB Operator 2 makes it anew");
        assert_true(run->stuck);
        assert_string_equal(run->cause->id, "out-of-memory");
        snprintf(uid, sizeof uid, "uid-%d", i + 1);
        facts = with_job(uid);
        put_facts(bed, &facts);
        put_phase(bed, 120 + i, "Scheduled", NULL);
        if (i == 0)
            UNTIL(bed->f.loop, !run->stuck);
    }
    UNTIL(bed->f.loop, strstr(run->text, "2 Jobs of it have failed, one after another (the container took more memory"));
    assert_true(run->stuck);
    put_paused(bed, 130);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
}

/* What `brdeck check` says of it, too: others of its name failed, and the one that is there has not (yet). */
static void jobs_that_died_unseen(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = followed(bed);
    put_phase(bed, 110, "Running", NULL);
    struct backup_facts facts = with_job("uid-3");
    facts.job.died = 3;
    facts.job.died_ms = NOW_MS - 5 * 60 * 1000; /* of a pause before this one */
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->job[0]);
    SPIN(bed->f.loop, 20);
    assert_false(run->stuck);
    facts.job.died_ms = NOW_MS + 500;
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->stuck);
    assert_null(run->cause);
    assert_has(run->text, "log-pause: Running; 3 Jobs of it have failed since ");
    assert_has(run->text, ", one after another: see how its Pods end");
    facts.job.died = 37; /* not a line for each */
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, strstr(run->text, "; over 20 Jobs of it have failed since "));
    add_pod(&facts, "Pending", "ImagePullBackOff", "Back-off pulling image"); /* what can be named comes first */
    put_phase(bed, 111, "Scheduled", NULL);
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, run->cause && strcmp(run->cause->id, "image-not-pulled") == 0);
    put_paused(bed, 130);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
}

/* The object says it a moment after the Job: no alarm. */
static void a_job_s_end_comes_first(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.dead_ms = 10 * 1000;
    const struct br_run *run = followed(bed);
    put_phase(bed, 110, "Running", NULL);
    UNTIL(bed->f.loop, run->phase == PHASE_RUNNING);
    struct backup_facts facts = with_job("uid-1");
    facts.job.failed = true;
    put_facts(bed, &facts);
    SPIN(bed->f.loop, 30);
    assert_outcome(run, BR_FOLLOWING, "log-pause: Running");
    assert_false(run->stuck);
    put_phase(bed, 111, "Failed", "PD is down");
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "PD is down");
    assert_string_equal(run->cause->id, "pd-unreachable");
}

/* -- br's log ------------------------------------------------------------------------------------ */

#define JOBS "GET /apis/batch/v1/namespaces/orders/jobs?"
#define PODS "GET /api/v1/namespaces/orders/pods?"
#define LOG "GET /api/v1/namespaces/orders/pods/p1/log?"
#define EVENTS "GET /api/v1/namespaces/orders/events?"
#define CLUSTERS "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/"
#define AT "2026-11-23T16:00:05Z "
#define POD(status) "{\"metadata\":{\"name\":\"p1\",\"namespace\":\"orders\",\"uid\":\"uid-p1\"," \
    "\"creationTimestamp\":" \
    "\"2026-11-23T16:00:02Z\"},\"spec\":{\"containers\":[{\"name\":\"backup\"}]},\"status\":{\"phase\":\"Running\"," \
    "\"containerStatuses\":[{\"name\":\"backup\",\"state\":{" status "}}]}}"

/* Another namespace is shown by now: the run watches its object by itself, and has the facts all the same. */
static void facts_of_what_is_in_no_row(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.want_ms = 10 * 1000;
    struct backup_spec now = asked;
    now.rv = 130;
    now.subs = sub_text(bed, "log-pause", "Scheduled", 3600, 0, 0, NULL, NULL);
    expect_list(bed, "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?", backup_text(bed, &now));
    expect_list(bed, JOBS, "{\"metadata\":{\"name\":\"" JOB "\",\"namespace\":\"orders\",\"uid\":\"uid-j\","
                "\"creationTimestamp\":\"2026-11-23T16:00:01Z\",\"ownerReferences\":[{\"apiVersion\":"
                "\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"name\":\"log-orders\",\"uid\":\"uid-1\","
                "\"controller\":true}]}}");
    expect_list(bed, PODS, "");
    expect_list(bed, EVENTS, "");
    fake_expect(bed->f.server, &(struct fake_rule){.request = CLUSTERS, .body = "{\"spec\":{}}"});
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    store_drop(bed->fleet.store, 0);
    UNTIL(bed->f.loop, strcmp(run->job, JOB) == 0);
    assert_outcome(run, BR_FOLLOWING, "log-pause: Scheduled");
    assert_false(run->stuck);
    send_event(bed, EVENTS, "ADDED", "{\"metadata\":{\"name\":\"e\",\"uid\":\"e1\","
              "\"creationTimestamp\":\"2026-11-23T16:00:02Z\"},\"type\":\"Warning\",\"involvedObject\":{"
              "\"kind\":\"Job\",\"uid\":\"uid-j\",\"namespace\":\"orders\",\"name\":\"" JOB "\"},"
              "\"reason\":\"FailedCreate\",\"message\":\"serviceaccount \\\"tidb-backup-manager\\\" not found\","
              "\"lastTimestamp\":\"2026-11-23T16:00:02Z\"}");
    UNTIL(bed->f.loop, run->stuck);
    assert_string_equal(run->cause->id, "no-service-account");
}

/* A cluster in migration: the other group has a Backup of that name, too. */
static void put_v1(struct bed *bed)
{
    const char *text = backup_text(bed, &(struct backup_spec){.v1 = true, .uid = "uid-v1"});
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    store_put(bed->fleet.store, 1, record, NOW_MS);
}

static void a_failure_is_told_with_its_log(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.log_ms = PATIENCE_MS;
    char *folder = xstrndup(bed->journal, (size_t)(strrchr(bed->journal, '/') - bed->journal));
    setenv("XDG_STATE_HOME", folder, 1);
    expect_list(bed, JOBS, "{\"metadata\":{\"name\":\"" JOB "\",\"namespace\":\"orders\",\"uid\":\"uid-1\","
                "\"creationTimestamp\":\"2026-11-23T16:00:01Z\",\"ownerReferences\":[{\"kind\":\"Backup\","
                "\"name\":\"log-orders\",\"uid\":\"uid-1\",\"controller\":true}]}}");
    expect_list(bed, PODS, POD("\"running\":{}"));
    fake_expect(bed->f.server, &(struct fake_rule){.request = LOG, .how = FAKE_STREAM, .times = 1,
        .body = AT "[2026/11/23 16:00:05.000 +00:00] [INFO] [main.go:1] [begin]\n"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = LOG}); /* whether more of it came */
    const struct br_run *run = followed(bed);
    put_v1(bed);
    put_phase(bed, 110, "Running", NULL);
    struct backup_facts facts = with_job("uid-1");
    add_pod(&facts, "Running", "", "");
    put_facts(bed, &facts);
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, LOG));
    assert_string_equal(run->errors, "");
    fake_send(bed->f.server, LOG, AT "[2026/11/23 16:00:06.000 +00:00] [ERROR] [main.go:2] [\"br failed\"] "
              "[error=\"[PD:client:ErrClientGetLeader]get leader failed\"]\n");
    UNTIL(bed->f.loop, strstr(run->errors, "get leader failed"));
    assert_int_equal(run->outcome, BR_FOLLOWING);
    assert_has(find_row(bed->fleet.store, false, "orders", "log-orders")->facts->log_error, "get leader failed");
    assert_null(find_row(bed->fleet.store, true, "orders", "log-orders")->facts);
    put_phase(bed, 111, "Failed", "exit status 1"); /* which says nothing */
    SPIN(bed->f.loop, 30);
    assert_int_equal(run->outcome, BR_FOLLOWING); /* until the log is read */
    char *event = xasprintf("{\"type\":\"MODIFIED\",\"object\":%s}\n",
                            POD("\"terminated\":{\"exitCode\":1,\"reason\":\"Error\","
                                "\"finishedAt\":\"2026-11-23T16:00:07Z\"}"));
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, PODS));
    fake_send(bed->f.server, PODS, event);
    free(event);
    fake_end(bed->f.server, LOG);
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "log-pause failed: exit status 1 (PD does not answer br)");
    assert_string_equal(run->cause->id, "pd-unreachable");
    assert_has(run->log_path, "log-orders");
    struct str kept;
    str_init(&kept, STR_SMALL);
    assert_true(file_read(run->log_path, &kept, NULL));
    assert_has(kept.data, "[begin]");
    assert_has(kept.data, "get leader failed");
    str_done(&kept);
    unlink(run->log_path);
    char *logs = xasprintf("%s/brdeck/logs", folder);
    rmdir(logs);
    *strrchr(logs, '/') = '\0';
    rmdir(logs);
    free(logs);
    free(folder);
    unsetenv("XDG_STATE_HOME");
}

/* No right to look at Pods: the failure is told all the same, at once. */
static void a_log_that_cannot_be_had(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.log_ms = PATIENCE_MS;
    const char *no = status_text(bed, 403, "Forbidden", "no");
    fake_expect(bed->f.server, &(struct fake_rule){.request = JOBS, .http = 403, .body = no});
    fake_expect(bed->f.server, &(struct fake_rule){.request = PODS, .http = 403, .body = no});
    const struct br_run *run = followed(bed);
    int64_t begun = clock_mono_ms();
    put_phase(bed, 111, "Failed", "PD is down");
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "PD is down");
    assert_string_equal(run->log_path, "");
    assert_true(clock_mono_ms() - begun < PATIENCE_MS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_service_account, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_the_pod_waits_for, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(an_earlier_job_is_not_believed, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(untouched_for_a_reason, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(retried_by_the_operator, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(jobs_that_die_unreported, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(jobs_that_died_unseen, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_job_s_end_comes_first, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(facts_of_what_is_in_no_row, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_failure_is_told_with_its_log, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_log_that_cannot_be_had, bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
