/* br in Jobs of users: its argv, flags, answers, what it does to PD, the end of its Job. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "simtest.h"

#include "sim/br.h"

static void test_words(void **state)
{
    (void)state;
    static const struct row {
        const char *container, *command, *words; /* NULL: it is not br */
    } rows[] = {
        {"{'command':['/br'],'args':['log','status','--json']}", "log-status", "['log','status','--json']"},
        {"{'command':['br','log','pause']}", "log-pause", "['log','pause']"},
        {"{'image':'pingcap/br:v8','args':['log','metadata']}", "log-metadata", "['log','metadata']"},
        {"{'command':['/bin/sh','-c'],'args':['/var/lib/br-bin/br log stop --task-name=\\\"a b\\\"']}", "log-stop",
         "['log','stop','--task-name=a b']"},
        {"{'command':['/br'],'args':['validate','decode']}", "validate-decode", "['validate','decode']"},
        {"{'command':['/tidb-backup-manager'],'args':['backup']}", NULL, NULL},
        {"{'image':'busybox','args':['sleep']}", NULL, NULL},
        {"{}", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *container = parse(rows[i].container), *words = br_words(container);
        char command[64];
        if (!rows[i].words != !words)
            fail_msg("row %zu: %s", i, words ? "read as br" : "not read as br");
        if (words) {
            struct json *wanted = parse(rows[i].words);
            assert_true(json_equal(wanted, words));
            assert_string_equal(br_command(words, command, sizeof command), rows[i].command);
            json_free(&wanted);
        }
        json_free(&container);
        json_free(&words);
    }
}

static void test_flags(void **state)
{
    (void)state;
    static const struct row {
        const char *words, *unknown;
    } rows[] = {
        {"['log','start','--gc-ttl=1','--filter','a.*','--task-name=x','--pd=p']", NULL},
        {"['log','pause','--gc-ttl=1','--message=x']", NULL},
        {"['log','resume','--gc-ttl=1']", "--gc-ttl=1"},
        {"['log','pause','--filter','a.*']", "--filter"},
        {"['log','start','--timeago=5m']", "--timeago=5m"},
        {"['log','status','--json','--s3.region=x','--storage=s3://b']", NULL},
        {"['log','stop','--storagex=1']", "--storagex=1"},
        {"['log','truncate','--until=1','--dry-run','--yes']", NULL},
        {"['backup','full','--timeago=5m']", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *words = parse(rows[i].words);
        const char *unknown = br_unknown_flag(words);
        if (!str_same(unknown, rows[i].unknown))
            fail_msg("row %zu: %s", i, unknown ? unknown : "all known");
        json_free(&words);
    }
    struct json *words = parse("['log','pause','--task-name','a','--pd=p:1','--json']");
    assert_string_equal(br_flag(words, "task-name"), "a");
    assert_string_equal(br_flag(words, "pd"), "p:1");
    assert_string_equal(br_flag(words, "json"), "");
    assert_null(br_flag(words, "pda"));
    json_free(&words);
}

/* br run with @words (JSON with '); its output is the caller's. */
static char *run(struct sim *sim, const char *words, int *code, bool log)
{
    struct json *argv = parse(words);
    struct br_call call = {.sim = sim, .ns = NS, .host = "job-abcde", .words = argv, .log_to_term = log};
    struct str out;
    str_init(&out, STR_LARGE);
    br_begin(&call, &out);
    *code = br_finish(&call, &out);
    json_free(&argv);
    return str_take(&out);
}

#define PD ",'--pd=tc-pd.backup-test:2379'"

/* The JSON array that stands in a line of its own. */
static struct json *array_in(const char *text)
{
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (str_starts(at, "[{") || str_starts(at, "[]"))
            return json_parse(at, strcspn(at, "\n"), NULL);
    return NULL;
}

static void begin(struct sim *sim)
{
    simtest_begin(sim);
    make_log(sim, "log-a");
    WAIT_FOR(sim, holds(sim, KIND_BACKUP, "log-a", "'commitTs':'"));
}

static void test_status(void **state)
{
    (void)state;
    struct sim sim;
    int code;
    begin(&sim);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','checkpoint':'470646456234541057','error':{'store':4}}");
    for (int log = 0; log < 2; log++) {
        char *text = run(&sim, "['log','status','--json'" PD "]", &code, log);
        struct json *list = array_in(text);
        const struct json *task = json_first(list);
        uint64_t tso;
        assert_int_equal(code, 0);
        assert_int_equal(log, strstr(text, "[INFO]") != NULL);
        assert_string_equal(json_string(task, "name"), "log-a");
        assert_string_equal(json_string(task, "status"), "ERROR");
        assert_true(json_uint(json_get(task, "checkpoint"), &tso) && tso == 470646456234541057U);
        assert_int_equal(json_count(json_get(task, "progress")), 3);
        assert_non_null(json_at(json_first(json_get(task, "last_errors")), "last_error", "error_code", NULL));
        json_free(&list);
        free(text);
    }
    static const struct row {
        const char *words, *said;
        int code;
    } rows[] = {
        {"['log','status','--task-name=log-a'" PD "]", "checkpoint[global]: ", 0},
        {"['log','status','--task-name=log'" PD "]", "no such task log: [BR:PiTR:ErrTaskNotFound]", 1},
        {"['log','status','--pd=no-pd.backup-test:2379']", "pd address (no-pd.backup-test:2379) not available", 1},
        {"['log','status']", "please specify `-u` or `--pd`", 1},
        {"['log','status','--timeago=1'" PD "]", "unknown flag: --timeago", 1},
        {"['log','metadata','--storage=s3://b/p']", "[\"log metadata\"] [log-min-ts=", 0},
        {"['log','metadata','--storage=s3://b/other']", "NoSuchKey", 1},
        {"['log','metadata','--storage=s3://denied/p']", "AccessDenied", 1},
        {"['log','metadata']", "empty store is not allowed", 1},
        {"['log','truncate','--dry-run','--until=470646456234541057','--storage=s3://b/p']", "We are going to remove",
         0},
        {"['log','truncate','--dry-run','--storage=s3://b/p']", "please provide the `--until` ts", 1},
        {"['validate','decode','--field=end-version','--storage=s3://b/p']", "\n47", 0},
        {"['nothing']", "unknown command \"nothing\" for \"br\"", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = run(&sim, rows[i].words, &code, true);
        if (code != rows[i].code || !strstr(text, rows[i].said))
            fail_msg("row %zu: %d\n%s", i, code, text);
        assert_int_equal(code, strstr(text, "[ERROR] [main.go:38] [\"br failed\"]") != NULL);
        free(text);
    }
    assert_int_equal(pd_find(operator_pd(sim.operator_), NS, "tc-pd", "log-a")->truncated_tso, 0);
    sim_done(&sim);
}

/* The verbs change PD, and the Backup never knows. */
static void test_verbs(void **state)
{
    (void)state;
    static const struct row {
        const char *words;
        const char *said; /* NULL: it works */
        bool there, paused;
    } rows[] = {
        {"['log','resume','--task-name=log-a'" PD "]", "The task log-a is active already.", true, false},
        {"['log','pause','--task-name=log-a','--message=by hand'" PD "]", NULL, true, true},
        {"['log','pause','--task-name=log-a'" PD "]", "The task log-a is paused already.", true, true},
        {"['log','resume','--task-name=log-a'" PD "]", NULL, true, false},
        {"['log','start','--task-name=two','--storage=s3://b/2'" PD "]", "ErrStreamLogTaskExist", true, false},
        {"['log','truncate','--until=470646456234541057','--storage=s3://b/p']", NULL, true, false},
        {"['log','stop','--task-name=log-a'" PD "]", NULL, false, false},
        {"['log','stop','--task-name=log-a'" PD "]", "no such task log-a", false, false},
        {"['log','start','--task-name=log-a','--storage=s3://b/p'" PD "]", NULL, true, false},
    };
    struct sim sim;
    begin(&sim);
    struct json *before = store_read(sim.store, kind_of(KIND_BACKUP), NS, "log-a");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int code;
        char *text = run(&sim, rows[i].words, &code, true);
        const struct pd_task *task = pd_find(operator_pd(sim.operator_), NS, "tc-pd", "log-a");
        if (code != (rows[i].said != NULL) || (rows[i].said && !strstr(text, rows[i].said)) ||
            (task != NULL) != rows[i].there || (task && task->paused != rows[i].paused))
            fail_msg("row %zu: %d\n%s", i, code, text);
        if (task && task->paused)
            assert_string_equal(task->paused_by, "job-abcde");
        free(text);
    }
    struct json *after = store_read(sim.store, kind_of(KIND_BACKUP), NS, "log-a");
    assert_true(json_equal(json_get(before, "spec"), json_get(after, "spec")));
    assert_true(phase_is(&sim, "log-a", "Running"));
    json_free(&before);
    json_free(&after);
    sim_done(&sim);
}

static void make_job(struct sim *sim, const char *name, const char *args, const char *spec)
{
    char *rest = xasprintf("{'metadata':{'labels':{'x/backup':'log-a'}},'spec':{%s,'template':{'spec':{"
                           "'containers':[{'name':'br','image':'pingcap/br:v8.5.0','command':['/br'],'args':[%s]}]}}}}",
                           spec, args);
    make(sim, KIND_JOB, name, rest);
    free(rest);
}

/* The Job of a user: its Pod, its end, its time to live, its deadline; and it is killed with its Job. */
static void test_jobs(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim);
    make_job(&sim, "good", "'log','status','--pd=tc-pd.backup-test:2379'",
             "'backoffLimit':0,'ttlSecondsAfterFinished':60");
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "good", "'type':'Complete','status':'True'"));
    assert_true(holds(&sim, KIND_POD, "", "'generateName':'good-'"));
    WAIT_FOR(&sim, !holds(&sim, KIND_JOB, "good", "good"));
    assert_false(holds(&sim, KIND_POD, "", "'generateName':'good-'"));

    make_job(&sim, "bad", "'log','status','--task-name=x','--pd=tc-pd.backup-test:2379'", "'backoffLimit':0");
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "bad", "'reason':'BackoffLimitExceeded'"));
    assert_true(holds(&sim, KIND_POD, "", "'exitCode':1,'reason':'Error'"));

    order_job(&sim, "{'cause':'image-not-pulled','name':'log-a','command':'log-status'}");
    make_job(&sim, "late", "'log','status'", "'backoffLimit':0,'activeDeadlineSeconds':60");
    WAIT_FOR(&sim, holds(&sim, KIND_POD, "", "'waiting':{'reason':'ImagePullBackOff'"));
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "late", "'reason':'DeadlineExceeded'"));
    assert_false(holds(&sim, KIND_POD, "", "'generateName':'late-'"));

    order_job(&sim, "{'cause':'no-room','name':'killed'}");
    make_job(&sim, "killed", "'log','stop','--task-name=log-a','--pd=tc-pd.backup-test:2379'", "'backoffLimit':0");
    WAIT_FOR(&sim, holds(&sim, KIND_POD, "", "'reason':'Unschedulable'"));
    cluster_remove(&sim, kind_of(KIND_JOB), NS, "killed");
    order_job(&sim, "{'withdraw':true}");
    simtest_pass(&sim, 20000);
    assert_non_null(pd_find(operator_pd(sim.operator_), NS, "tc-pd", "log-a"));
    sim_done(&sim);
}

/* The kubelet keeps the end of the log of what failed, where it is asked to. */
static void test_last_words(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim);
    make(&sim, KIND_JOB, "bad",
         "{'spec':{'backoffLimit':0,'template':{'spec':{'containers':[{'name':'br','image':'pingcap/br:v8.5.0',"
         "'command':['/br'],'args':['log','stop','--task-name=x','--pd=tc-pd.backup-test:2379'],"
         "'terminationMessagePolicy':'FallbackToLogsOnError'}]}}}}");
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "bad", "'reason':'BackoffLimitExceeded'"));
    assert_true(holds(&sim, KIND_POD, "", "'exitCode':1,'reason':'Error','message':'Detail BR log in "));
    assert_true(holds(&sim, KIND_POD, "", "Error: no such task x: "));
    sim_done(&sim);
}

/* Another Pod, as often as the Job allows. */
static void test_backoff(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim);
    make_job(&sim, "thrice", "'log','status','--task-name=x','--pd=tc-pd.backup-test:2379'", "'backoffLimit':2");
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "thrice", "'reason':'BackoffLimitExceeded'"));
    assert_true(holds(&sim, KIND_JOB, "thrice", "'failed':3"));
    sim_done(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_flags), cmocka_unit_test(test_status),
        cmocka_unit_test(test_verbs), cmocka_unit_test(test_jobs),  cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_last_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
