/* br itself at work: in a Job, created once, followed across what its Pod meets, found again; and on this host. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/br/exec.h>

#include "br/br_private.h"
#include "br_fixture.h"

#define CORE "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/"
#define CREATE "POST /apis/batch/v1/namespaces/orders/jobs?"
#define JOBS "GET /apis/batch/v1/namespaces/orders/jobs?"
#define PODS "GET /api/v1/namespaces/orders/pods?"
#define EVENTS "GET /api/v1/namespaces/orders/events?"
#define LOG "GET /api/v1/namespaces/orders/pods/p1/log?"
#define T "2026-11-23T15:00:"
#define TASK "[{\"name\":\"log-orders\",\"status\":\"Running\",\"checkpoint\":436568622965194754,\"start_ts\":1}]"

/* -- a Job ------------------------------------------------------------------------------------- */

struct scene {
    struct bed *bed;
    char id[32], job[72];
    const struct br_run *run;
};

static void expect_cluster(struct bed *bed)
{
    expect_rule(bed, CORE "clusters/tc ", (struct fake_rule){.body = "{\"spec\":{}}"});
    expect_rule(bed, CORE "pdgroups ", (struct fake_rule){.body =
        "{\"items\":[{\"metadata\":{\"name\":\"pd\",\"creationTimestamp\":\"2026-11-02T00:00:00Z\"},"
        "\"spec\":{\"cluster\":{\"name\":\"tc\"}}}]}"});
    expect_rule(bed, CORE "tikvgroups ", (struct fake_rule){.body =
        "{\"items\":[{\"metadata\":{\"name\":\"kv\",\"creationTimestamp\":\"2026-11-02T00:00:00Z\"},"
        "\"spec\":{\"cluster\":{\"name\":\"tc\"},\"template\":{\"spec\":{\"version\":\"v8.5.0\"}}}}]}"});
}

static struct br_plan *planned(struct scene *s, struct bed *bed, const struct br_plan_spec *spec)
{
    *s = (struct scene){.bed = bed};
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_cluster(bed);
    expect_right(bed, true);
    expect_rule(bed, CREATE, (struct fake_rule){.has = "dryRun=All", .http = 201, .body = "{\"kind\":\"Job\"}"});
    struct br_plan *plan = plan_made(bed, spec);
    if (plan->phase != BR_PLAN_READY)
        fail_msg("%s", plan->error.text);
    const struct json *metadata = json_get(plan->patch, "metadata");
    if (metadata) {
        snprintf(s->id, sizeof s->id, "%s", json_text(json_at(metadata, "labels", BR_JOB_RUN_LABEL, NULL)));
        snprintf(s->job, sizeof s->job, "%s", json_string(metadata, "name"));
    }
    return plan;
}

static const struct br_plan_spec status = {.action = ACTION_PROBE, .driver = BR_DRIVER_JOB, .command = BR_LOG_STATUS};

static char *job_text(struct scene *s, const char *conditions)
{
    return bed_keep(s->bed, xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"orders\",\"uid\":\"j1\","
                                      "\"labels\":{\"brdeck/run-id\":\"%s\"}},\"status\":{\"conditions\":[%s]}}",
                                          s->job,
                                      s->id, conditions));
}

static char *pod_text(struct scene *s, const char *status_text)
{
    return bed_keep(s->bed, xasprintf("{\"metadata\":{\"name\":\"p1\",\"namespace\":\"orders\",\"uid\":\"u1\","
                                      "\"creationTimestamp\":\"" T "01Z\",\"labels\":{\"brdeck/run-id\":\"%s\"},"
                                      "\"ownerReferences\":[{\"kind\":\"Job\",\"name\":\"%s\",\"uid\":\"j1\","
                                      "\"controller\":true}]},\"status\":{%s}}", s->id, s->job, status_text));
}

#define COMPLETE "{\"type\":\"Complete\",\"status\":\"True\"}"
#define FAILED "{\"type\":\"Failed\",\"status\":\"True\",\"reason\":\"BackoffLimitExceeded\"}"
#define STATE(state) "\"containerStatuses\":[{\"name\":\"br\",\"state\":{" state "}}]"
#define WAITS(reason) STATE("\"waiting\":{\"reason\":\"" reason "\",\"message\":\"what of it\"}")
#define RUNS STATE("\"running\":{\"startedAt\":\"" T "02Z\"}")
#define ENDED(code, reason) STATE("\"terminated\":{\"exitCode\":" code ",\"reason\":\"" reason "\"}")

static void expect_watches(struct scene *s, const char *job, const char *pod)
{
    expect_list(s->bed, JOBS, job);
    expect_list(s->bed, PODS, pod);
    expect_list(s->bed, EVENTS, "");
}

static void begin(struct scene *s, const char *job, const char *pod, const struct br_plan_spec *spec)
{
    struct br_plan *plan = planned(s, s->bed, spec);
    bool typed = plan->confirm == BR_CONFIRM_TYPE;
    expect_rule(s->bed, CREATE, (struct fake_rule){.http = 201, .body = "{\"kind\":\"Job\"}"});
    expect_watches(s, job ? job : job_text(s, ""), pod ? pod : "");
    s->run = execute(s->bed, plan, typed ? "log-orders" : "y");
}

/* A probe from its plan to its answer: what its Pod waits for is told, with the cause; the JSON stays as it came. */
static void a_probe_is_followed(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct br_plan *plan = planned(&s, bed, &status);
    assert_int_equal(plan->confirm, BR_CONFIRM_YES);
    assert_string_equal(plan->br_line, "br log status --json --task-name=log-orders --pd=pd-pd.orders:2379");
    assert_has(plan_said(bed, plan), "runs: br log status --json");
    assert_has(plan_said(bed, plan), "image: pingcap/br:v8.5.0");
    assert_has(plan->kubectl, "kubectl");
    expect_rule(bed, CREATE, (struct fake_rule){.http = 201, .body = "{\"kind\":\"Job\"}"});
    expect_watches(&s, job_text(&s, ""), "");
    expect_rule(bed, LOG "container=br&timestamps=true&follow=true ", (struct fake_rule){.how = FAKE_STREAM});
    s.run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, strstr(s.run->text, "it has no Pod yet"));
    assert_string_equal(s.run->run_id, s.id);
    assert_string_equal(s.run->job, s.job);
    assert_int_equal(s.run->driver, BR_DRIVER_JOB);
    assert_has(fake_request(bed->f.server, CREATE, 1), s.job);
    assert_has(fake_request(bed->f.server, CREATE, 1), "fieldValidation=Strict");
    assert_has_not(fake_request(bed->f.server, CREATE, 1), "dryRun");
    send_event(bed, PODS, "ADDED", pod_text(&s, WAITS("ImagePullBackOff")));
    UNTIL(bed->f.loop, strstr(s.run->text, "its Pod waits: ImagePullBackOff: what of it"));
    assert_true(s.run->stuck && s.run->cause);
    send_event(bed, PODS, "MODIFIED", pod_text(&s, RUNS));
    UNTIL(bed->f.loop, strstr(s.run->text, "br runs in Pod p1") && fake_is_open(bed->f.server, LOG));
    assert_false(s.run->stuck);
    fake_send(bed->f.server, LOG, T "03Z Detail BR log in /tmp/br.log\n" T "03Z " TASK "\n");
    send_event(bed, PODS, "MODIFIED", pod_text(&s, ENDED("0", "Completed")));
    send_event(bed, JOBS, "MODIFIED", job_text(&s, COMPLETE));
    /* what came so far can be seen */
    UNTIL(bed->f.loop, s.run->output && strstr(s.run->output, "Detail BR log in /tmp/br.log\n" TASK));
    SPIN(bed->f.loop, 20);
    assert_false(br_outcome_is_end(s.run->outcome)); /* not before the log is read */
    fake_end(bed->f.server, LOG);
    until_end(bed, s.run);
    assert_outcome(s.run, BR_DONE, "task log-orders: Running");
    assert_has(s.run->result, "TSO 436568622965194754");
    assert_string_equal(s.run->answer, TASK);
    assert_int_equal(journal_lines(bed, "intent"), 1);
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    assert_int_equal(fake_count(bed->f.server, CREATE), 2);
    assert_int_equal(fake_unexpected(bed->f.server), 0);
}

/* What is copied, printed and written to the journal does the same, but for what may be a secret. */
static void secrets_are_blotted_out(void **state)
{
    struct bed *bed = *state;
    const struct backup_spec with_env = {.subcommand = "log-start",
                                         .spec = ",\"env\":[{\"name\":\"TOKEN\",\"value\":\"hush\"}]"};
    backup_put(bed, &with_env);
    expect_get(bed, backup_text(bed, &with_env), 200, 0);
    expect_cluster(bed);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){
        .action = ACTION_PROBE, .driver = BR_DRIVER_JOB, .command = BR_LOG_METADATA, .no_dry_run = true});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    struct json *json = br_plan_json(plan);
    char *text = json_print(json), *sent = json_print(plan->patch);
    assert_has(sent, "hush");
    assert_has_not(text, "hush");
    assert_has(text, "{\"name\":\"TOKEN\",\"value\":\"<redacted>\"}");
    assert_has(text, "{\"name\":\"S3_PROVIDER\",\"value\":\"aws\"}");
    assert_has_not(plan->kubectl, "hush");
    assert_has(plan->kubectl, "\"S3_PROVIDER\",\"value\":\"aws\"");
    free(text);
    free(sent);
    json_free(&json);
    br_plan_free(&plan);
}

/* What the operator wrote of a failure quotes br's command line. */
static void the_state_of_a_plan_is_blotted(void **state)
{
    static const enum br_driver drivers[] = {BR_DRIVER_OPERATOR, BR_DRIVER_JOB};
    struct bed *bed = *state;
    const struct backup_spec failed = {
        .subcommand = "log-pause",
        .subs = sub_text(bed, "log-pause", "Failed", 100, 90, 0, NULL, "br --s3.secret-access-key=hush: exit 1")};
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
        expect_get(bed, backup_text(bed, &failed), 200, 1);
        expect_cluster(bed);
        struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){
            .action = drivers[i] == BR_DRIVER_JOB ? ACTION_PROBE : ACTION_STOP, .driver = drivers[i],
            .command = BR_LOG_STATUS, .no_dry_run = true});
        assert_int_equal(plan->phase, BR_PLAN_READY);
        assert_has(plan_said(bed, plan), "s3.secret-access-key=<redacted>");
        assert_has_not(plan_said(bed, plan), "hush");
        br_plan_free(&plan);
    }
}

/* How a Job can end, whatever comes first. */
static void it_fails_with_a_cause(void **state)
{
    static const struct {
        const char *pod, *log, *text, *error;
        bool job_first, pod_gone;
    } rows[] = {
        {ENDED("1", "Error"), T "03Z Error: PD is away: [BR:PD]\n", "br log status: PD is away: [BR:PD] (Job ",
         "Error: PD is away", false, false},
        {ENDED("1", "Error"), T "03Z Error: GET https://a/b?sig=hush&se=1: 403\n", "br log status: GET "
         "https://a/b?sig=<redacted>&se=1: 403 (Job ",
         "sig=<redacted>", false, false},
        {ENDED("1", "Error"), T "03Z Error: PD is away: [BR:PD]\n", "br log status: PD is away: [BR:PD] (Job ",
         "Error: PD is away", true, false},
        {ENDED("1", "Error"),
         T "03Z [2026/11/22 14:10:12.000 +00:00] [ERROR] [main.go:60] [\"br failed\"] [error=\"no such key\"]\n",
         "no such key", "[ERROR]", false, false},
        {ENDED("137", "OOMKilled"), "", "OOMKilled", "", false, false},
        {ENDED("1", "Error"), "", "it ended without a word", "", false, false},
        {WAITS("ErrImagePull"), NULL, "it never ran: ErrImagePull: what of it", "", true, false},
        {WAITS("ErrImagePull"), NULL, "it never ran: ErrImagePull: what of it", "", true, true},
    };
    struct bed *bed = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s = {.bed = bed};
        if (i) {
            bed_close(bed);
            bed_open(bed);
        }
        if (rows[i].log)
            expect_rule(bed, LOG, (struct fake_rule){.body = rows[i].log});
        begin(&s, NULL, NULL, &status);
        if (!rows[i].log) /* before its Job gives up */
            send_event(bed, PODS, "ADDED", pod_text(&s, rows[i].pod));
        if (rows[i].job_first)
            send_event(bed, JOBS, "MODIFIED", job_text(&s, FAILED));
        if (rows[i].log)
            send_event(bed, PODS, "ADDED", pod_text(&s, rows[i].pod));
        if (rows[i].pod_gone)
            send_event(bed, PODS, "DELETED", pod_text(&s, rows[i].pod));
        if (!rows[i].job_first)
            send_event(bed, JOBS, "MODIFIED", job_text(&s, FAILED));
        until_end(bed, s.run);
        assert_outcome(s.run, BR_FAILED, rows[i].text);
        assert_has(s.run->errors, rows[i].error);
        assert_int_equal(fake_unexpected(bed->f.server), 0);
    }
}

/* The server goes away while br runs: the watches begin again where they were, the log goes on, and no line is told
 * twice. */
static void cuts_are_survived(void **state)
{
    struct bed *bed = *state;
    struct scene s = {.bed = bed};
    expect_rule(bed, LOG "container=br&timestamps=true&follow=true ", (struct fake_rule){.how = FAKE_STREAM});
    expect_rule(bed, LOG "container=br&timestamps=true&follow=true&sinceTime=", (struct fake_rule){
        .body = T "03Z Detail BR log in /tmp/br.log\n" T "04Z " TASK "\n"});
    begin(&s, NULL, NULL, &status);
    send_event(bed, PODS, "ADDED", pod_text(&s, RUNS));
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, LOG) && fake_is_open(bed->f.server, JOBS "watch=1"));
    fake_send(bed->f.server, LOG, T "03Z Detail BR log in /tmp/br.log\n");
    SPIN(bed->f.loop, 20);
    fake_cut(bed->f.server, JOBS "watch=1");
    fake_cut(bed->f.server, PODS "watch=1");
    SPIN(bed->f.loop, 20);
    send_event(bed, PODS, "MODIFIED", pod_text(&s, ENDED("0", "Completed")));
    send_event(bed, JOBS, "MODIFIED", job_text(&s, COMPLETE));
    fake_cut(bed->f.server, LOG);
    until_end(bed, s.run);
    assert_outcome(s.run, BR_DONE, "task log-orders: Running");
    assert_string_equal(s.run->answer, TASK);
    assert_int_equal(fake_count(bed->f.server, CREATE), 2);
}

/* A Job that can make no Pod says so in an Event only. */
static void no_service_account(void **state)
{
    struct bed *bed = *state;
    struct scene s = {.bed = bed};
    begin(&s, NULL, NULL, &status);
    UNTIL(bed->f.loop, strstr(s.run->text, "it has no Pod yet"));
    send_event(bed, EVENTS, "ADDED", "{\"metadata\":{\"uid\":\"e1\"},\"type\":\"Warning\",\"reason\":\"FailedCreate\","
               "\"lastTimestamp\":\"" T "03Z\",\"involvedObject\":{\"kind\":\"Job\",\"uid\":\"j1\"},"
               "\"message\":\"Error "
               "creating: pods \\\"x-\\\" is forbidden: error looking up service account orders/tidb-backup-manager: "
               "serviceaccount \\\"tidb-backup-manager\\\" not found\"}");
    UNTIL(bed->f.loop, s.run->cause && strstr(s.run->text, "FailedCreate"));
    assert_string_equal(s.run->cause->id, "no-service-account");
    assert_int_equal(s.run->outcome, BR_FOLLOWING);
    /* brdeck's own cancel takes the Job away */
    struct error err = {0};
    expect_rule(bed, "DELETE /apis/batch/v1/namespaces/orders/jobs/", (struct fake_rule){.body = "{\"kind\":\"Status\"}"});
    assert_true(br_cancel(bed->br, s.run->id, &err));
    UNTIL(bed->f.loop, fake_count(bed->f.server, "DELETE "));
    assert_has(fake_request(bed->f.server, "DELETE ", 0), "\"uid\":\"j1\"");
    send_event(bed, JOBS, "DELETED", job_text(&s, ""));
    until_end(bed, s.run);
    assert_outcome(s.run, BR_FAILED, "was deleted as you asked");
}

/* -- rule 7 ------------------------------------------------------------------------------------------ */

static void a_lost_answer_is_looked_for(void **state)
{
    static const struct {
        int whether; /* the answer of the look */
        enum br_outcome outcome;
        const char *text;
    } rows[] = {
        {200, BR_DONE, "task log-orders"}, {404, BR_NOT_SENT, "the Job was not made, nothing was run"},
    };
    struct bed *bed = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s;
        if (i) {
            bed_close(bed);
            bed_open(bed);
        }
        struct br_plan *plan = planned(&s, bed, &status);
        char *get = xasprintf("GET /apis/batch/v1/namespaces/orders/jobs/%s ", s.job);
        expect_rule(bed, CREATE, (struct fake_rule){.how = FAKE_CUT});
        expect_rule(bed, get, (struct fake_rule){.how = FAKE_CUT, .times = 1});
        expect_rule(bed, get, (struct fake_rule){.http = rows[i].whether, .body = rows[i].whether == 200 ? job_text(&s, "") :
                                            status_text(bed, 404, "NotFound", "no such Job")});
        expect_watches(&s, job_text(&s, COMPLETE), pod_text(&s, ENDED("0", "Completed")));
        expect_rule(bed, LOG, (struct fake_rule){.body = T "03Z " TASK "\n"});
        s.run = execute(bed, plan, "y");
        until_end(bed, s.run);
        assert_outcome(s.run, rows[i].outcome, rows[i].text);
        assert_int_equal(fake_count(bed->f.server, CREATE), 2); /* with the dry-run: never sent twice */
        free(get);
    }
}

static void a_refusal_is_one(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct br_plan *plan = planned(&s, bed, &status);
    expect_rule(bed, CREATE, (struct fake_rule){.http = 403, .body = status_text(bed, 403, "Forbidden", "exceeded quota")});
    s.run = execute(bed, plan, "y");
    until_end(bed, s.run);
    assert_outcome(s.run, BR_REFUSED, "exceeded quota");
}

/* It is stopped while the answer to its create is awaited: deleted as soon as that is there. */
static void a_job_is_stopped_before_it_is_made(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct error err = {0};
    struct br_plan *plan = planned(&s, bed, &status);
    expect_rule(bed, CREATE, (struct fake_rule){.how = FAKE_HANG, .times = 1});
    char *get = xasprintf("GET /apis/batch/v1/namespaces/orders/jobs/%s ", s.job), *gone = xasprintf("DELETE%.*s",
                          (int)strlen(get) - 4, get + 3);
    expect_rule(bed, bed_keep(bed, get), (struct fake_rule){.body = job_text(&s, "")});
    expect_rule(bed, bed_keep(bed, gone), (struct fake_rule){.body = "{\"kind\":\"Status\"}"});
    expect_watches(&s, "", "");
    s.run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, CREATE));
    bed->br->read_only = true;
    assert_false(br_cancel(bed->br, s.run->id, &err));
    assert_has(err.text, "read-only");
    bed->br->read_only = false;
    assert_int_equal(journal_lines(bed, "cancel"), 0);
    assert_true(br_cancel(bed->br, s.run->id, &err));
    assert_int_equal(journal_lines(bed, "cancel"), 1);
    assert_true(fake_cut(bed->f.server, CREATE)); /* it was made all the same */
    UNTIL(bed->f.loop, fake_count(bed->f.server, gone) == 1);
    until_end(bed, s.run);
    assert_outcome(s.run, BR_FAILED, "was deleted as you asked");
}

/* -- found again by its run id ----------------------------------------------------------------------------- */

static void on_changed(void *arg) { (*(unsigned *)arg)++; }

static void it_is_found_by_its_run_id(void **state)
{
    struct bed *bed = *state;
    for (int round = 0; round < 3; round++) {
        bool there = round < 2;
        struct scene s = {.bed = bed, .id = "1a-2b", .job = "brdeck-status-log-orders-1a-2b"};
        unsigned changes = 0;
        size_t len;
        if (round > 0) {
            bed_close(bed);
            bed_open(bed);
        }
        if (round == 1) /* its Pod is listed first */
            expect_rule(bed, JOBS "limit=500", (struct fake_rule){.how = FAKE_CUT, .times = 1});
        expect_rule(bed, LOG, (struct fake_rule){.body = T "03Z " TASK "\n"});
        expect_watches(&s, there ? job_text(&s, COMPLETE) : "", there ? pod_text(&s, ENDED("0", "Completed")) : "");
        struct br_exec *exec = br_exec_new(bed->br, &(struct br_exec_spec){
            .driver = BR_DRIVER_JOB, .command = BR_LOG_STATUS, .ns = "orders", .run_id = s.id, .changed = on_changed,
            .arg = &changes});
        assert_int_equal(changes, 0); /* never from within */
        UNTIL(bed->f.loop, br_exec_phase(exec) == (there ? BR_EXEC_DONE : BR_EXEC_UNKNOWN));
        UNTIL(bed->f.loop, changes > 0);
        assert_int_equal(br_exec_is_begun(exec), there);
        if (there) {
            const char *json = br_exec_json(exec, &len);
            assert_int_equal(len, strlen(TASK));
            assert_memory_equal(json, TASK, len);
            assert_string_equal(br_exec_job(exec), s.job);
            assert_string_equal(br_exec_pod(exec), "p1");
            char *words = br_exec_result(exec, NOW_MS);
            assert_has(words, "task log-orders: Running");
            free(words);
        } else {
            assert_has(br_exec_text(exec), "no Job of run 1a-2b is there any more");
        }
        assert_int_equal(fake_count(bed->f.server, CREATE), 0);
        br_exec_free(&exec);
    }
}

/* -- what remains when the Pod is gone, or may not be seen ---------------------------------------------- */

static void what_cannot_be_read_is_said(void **state)
{
    struct bed *bed = *state;
    struct scene s = {.bed = bed};
    struct br_plan *plan = planned(&s, bed, &status);
    expect_rule(bed, CREATE, (struct fake_rule){.http = 201, .body = "{\"kind\":\"Job\"}"});
    expect_list(bed, JOBS, job_text(&s, COMPLETE));
    expect_rule(bed, PODS, (struct fake_rule){.http = 403, .body = status_text(bed, 403, "Forbidden", "no right to list "
                                                                                                 "pods")});
    expect_list(bed, EVENTS, "");
    s.run = execute(bed, plan, "y");
    until_end(bed, s.run);
    assert_outcome(s.run, BR_DONE, "nothing of its answer was recognised");
    assert_has(s.run->text, "no right to list pods");
    assert_null(s.run->result);
}

/* -- verbs: the user's own choice ------------------------------------------------------------------------ */

static void a_verb_is_typed_and_warned_of(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct br_plan *plan = planned(&s, bed, &(struct br_plan_spec){.action = ACTION_PAUSE, .driver = BR_DRIVER_JOB});
    assert_int_equal(plan->command, BR_LOG_PAUSE);
    assert_int_equal(plan->confirm, BR_CONFIRM_TYPE);
    assert_string_equal(plan->confirm_text, "log-orders");
    assert_has(plan->verdict.why, "the Backup will not know");
    assert_false(br_plan_is_confirmed(plan, "y"));
    expect_rule(bed, CREATE, (struct fake_rule){.http = 201, .body = "{\"kind\":\"Job\"}"});
    expect_watches(&s, job_text(&s, COMPLETE), pod_text(&s, ENDED("0", "Completed")));
    expect_rule(bed, LOG, (struct fake_rule){.body = T "03Z done\n"});
    s.run = execute(bed, plan, "log-orders");
    until_end(bed, s.run);
    assert_outcome(s.run, BR_DONE, "the Backup itself does not say so");
    assert_int_equal(fake_count(bed->f.server, "PATCH "), 0);
}

/* The guard is the same, whoever does it (rule 3). */
static void a_truncate_is_guarded(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_cluster(bed);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){
        .action = ACTION_TRUNCATE, .driver = BR_DRIVER_JOB, .until = tso_from_ms(NOW_MS + 60 * 1000)});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    assert_int_equal(plan->error.code, ERROR_REFUSED);
    assert_has(plan->error.text, "checkpoint");
    assert_has(plan->br_line, "br log truncate --until=");
    br_plan_free(&plan);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct bed *bed = *state;
    static const struct { struct br_plan_spec spec; const char *text; } rows[] = {
        {{.action = ACTION_PROBE, .driver = BR_DRIVER_JOB, .command = BR_DECODE}, "is for snapshot backups"},
        {{.action = ACTION_PROBE, .driver = BR_DRIVER_OPERATOR, .command = BR_LOG_STATUS}, "TiDB Operator cannot do "
                                                                                           "that"},
        {{.action = ACTION_PROBE, .driver = BR_DRIVER_LOCAL, .command = BR_LOG_STATUS}, "--pd HOST:PORT"},
        {{.action = ACTION_PROBE, .driver = BR_DRIVER_JOB, .command = BR_LOG_TRUNCATE_TRY}, "wants a time"},
        {{.action = ACTION_DELETE, .driver = BR_DRIVER_JOB}, "no work for br alone"},
    };
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_cluster(bed);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct br_plan *plan = plan_made(bed, &rows[i].spec);
        assert_int_equal(plan->phase, BR_PLAN_REFUSED);
        assert_has(plan->error.text, rows[i].text);
        br_plan_free(&plan);
    }
}

/* -- on this host ------------------------------------------------------------------------------------------ */

/* A program that is called br; the journal's folder is the test's own. */
static char *script(struct bed *bed, const char *text)
{
    struct error err = {0};
    char *path = bed_keep(bed, xasprintf("%.*s/br", (int)(strrchr(bed->journal, '/') - bed->journal), bed->journal));
    if (!file_write(path, text, strlen(text), 0700, &err))
        fail_msg("%s", err.text);
    return path;
}

static const struct br_run *run_here(struct bed *bed, const char *text)
{
    char *program = script(bed, text);
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_cluster(bed);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){
        .action = ACTION_PROBE, .driver = BR_DRIVER_LOCAL, .command = BR_LOG_STATUS, .pd_address = "127.0.0.1:2379",
        .program = program});
    if (plan->phase != BR_PLAN_READY)
        fail_msg("%s", plan->error.text);
    assert_has(plan_said(bed, plan), "this host");
    return execute(bed, plan, "y");
}

static void br_runs_here(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = run_here(bed, "#!/bin/sh\necho \"$*\" >&2\necho 'noise in between, sig=hush' >&2\necho "
                                             "'" TASK "'\n");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "task log-orders: Running");
    assert_string_equal(run->answer, TASK);
    assert_has(run->output, "noise in between, sig=<redacted>");
    assert_int_equal(run->driver, BR_DRIVER_LOCAL);
    assert_int_equal(journal_lines(bed, "intent"), 1);
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    assert_int_equal(fake_count(bed->f.server, CREATE), 0);
    unlink(script(bed, ""));
}

static void br_fails_here(void **state)
{
    struct bed *bed = *state;
    const struct br_run *run = run_here(bed, "#!/bin/sh\necho \"Error: unknown flag: $3\" >&2\nexit 1\n");
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "br ended with 1: unknown flag: --json");
    assert_has(run->errors, "Error: unknown flag: --json");
    assert_non_null(run->cause);
    unlink(run->log_path);
    unlink(script(bed, ""));
}

static void br_is_stopped_here(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    const struct br_run *run = run_here(bed, "#!/bin/sh\ntrap 'exit 3' TERM\nwhile :; do sleep 1; done\n");
    UNTIL(bed->f.loop, strstr(run->text, "br runs on this host"));
    assert_true(br_cancel(bed->br, run->id, &err));
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "br was stopped");
    assert_false(br_cancel(bed->br, run->id, &err));
    unlink(script(bed, ""));
}

static void br_is_not_here(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_cluster(bed);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){
        .action = ACTION_PROBE, .driver = BR_DRIVER_LOCAL, .command = BR_LOG_STATUS, .pd_address = "127.0.0.1:2379",
        .program = "no-such-br"});
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_REFUSED, "no-such-br: not found in PATH");
}

/* The dialog is left while the cluster is still being asked for: nobody is told any more. */
static void a_plan_may_be_dropped_while_it_looks(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_rule(bed, CORE "pdgroups ", (struct fake_rule){.body = "{\"items\":[]}"});
    expect_rule(bed, CORE "tikvgroups ", (struct fake_rule){.body = "{\"items\":[]}"});
    expect_rule(bed, CORE "clusters/tc ", (struct fake_rule){.how = FAKE_HANG, .times = 1});
    expect_rule(bed, CORE "clusters/tc ", (struct fake_rule){.body = "{\"spec\":{}}"}); /* where it is asked for again */
    struct br_plan_spec spec = status;
    spec.ns = "orders";
    spec.name = "log-orders";
    struct br_plan *plan = br_plan_new(bed->br, &spec, NULL, NULL);
    UNTIL(bed->f.loop, fake_count(bed->f.server, CORE "clusters/tc ") == 1);
    br_plan_free(&plan);
    struct br_plan *other = br_plan_new(bed->br, &spec, NULL, NULL); /* waits for the same answer */
    UNTIL(bed->f.loop, fake_count(bed->f.server, "GET " OBJECT) == 2);
    assert_true(fake_cut(bed->f.server, CORE "clusters/tc "));
    UNTIL(bed->f.loop, other->phase != BR_PLAN_LOOKING);
    br_plan_free(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
    char state[] = "/tmp/brdeck-exec-XXXXXX";
    if (!mkdtemp(state))
        return 1;
    setenv("XDG_STATE_HOME", state, 1);
    static const struct CMUnitTest tests[] = {
        TEST(a_probe_is_followed), TEST(secrets_are_blotted_out), TEST(the_state_of_a_plan_is_blotted),
        TEST(it_fails_with_a_cause), TEST(cuts_are_survived),
        TEST(no_service_account), TEST(a_lost_answer_is_looked_for), TEST(a_refusal_is_one),
        TEST(it_is_found_by_its_run_id),
        TEST(what_cannot_be_read_is_said), TEST(a_plan_may_be_dropped_while_it_looks),
        TEST(a_job_is_stopped_before_it_is_made),
        TEST(a_verb_is_typed_and_warned_of), TEST(a_truncate_is_guarded), TEST(what_does_not_fit_is_refused),
        TEST(br_runs_here), TEST(br_fails_here), TEST(br_is_stopped_here), TEST(br_is_not_here),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *command = xasprintf("rm -rf '%s'", state);
    if (system(command) != 0)
        failed++;
    free(command);
    return failed;
}
