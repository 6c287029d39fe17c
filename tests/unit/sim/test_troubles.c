/* Every trouble by order, on the way of the operator's Jobs: what Job, Pod, Events and Backup say of it, and that the
 * way goes on when it is withdrawn. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "simtest.h"

#include "sim/jobway.h"

static void order_cause(struct sim *sim, const char *id, const char *more)
{
    char *text = xasprintf("{'cause':'%s','name':'log-a'%s}", id, more);
    order_job(sim, text);
    free(text);
}

static void withdraw(struct sim *sim)
{
    order_job(sim, "{'withdraw':true}");
    assert_int_equal(troubles_count(&sim->troubles), 0);
}

/* What is seen of each kind while it lasts. */
static void check_secret(struct sim *sim)
{
    WAIT_FOR(sim, phase_is(sim, "log-a", "RetryFailed"));
    assert_true(holds(sim, KIND_BACKUP, "log-a", "GetS3SecretFailed"));
    assert_true(holds(sim, KIND_BACKUP, "log-a", "is forbidden: User"));
    assert_false(holds(sim, KIND_JOB, "", "backup-log-a"));
}

static void check_job(struct sim *sim)
{
    WAIT_FOR(sim, holds(sim, KIND_EVENT, "", "'reason':'FailedCreate'"));
    assert_false(holds(sim, KIND_POD, "", "backup-log-a"));
    assert_true(holds(sim, KIND_JOB, "", "'startTime'"));
    WAIT_FOR(sim, holds(sim, KIND_EVENT, "", "'count':3"));
    assert_true(phase_is(sim, "log-a", "Scheduled"));
}

static void check_node(struct sim *sim)
{
    WAIT_FOR(sim, holds(sim, KIND_POD, "", "'status':'False','lastProbeTime':null") &&
                      holds(sim, KIND_POD, "", "'reason':'Unschedulable'"));
    assert_false(holds(sim, KIND_POD, "", "nodeName"));
    assert_true(holds(sim, KIND_EVENT, "", "'reason':'FailedScheduling'"));
    assert_true(holds(sim, KIND_EVENT, "", "'firstTimestamp':null"));
    WAIT_FOR(sim, holds(sim, KIND_EVENT, "", "'series':{'count':3"));
}

static void check_mount(struct sim *sim)
{
    WAIT_FOR(sim, holds(sim, KIND_EVENT, "", "'reason':'FailedMount'") ||
                      holds(sim, KIND_EVENT, "", "'reason':'FailedCreatePodSandBox'"));
    assert_true(holds(sim, KIND_POD, "", "'waiting':{'reason':'PodInitializing'}"));
}

static void check_image(struct sim *sim)
{
    WAIT_FOR(sim, holds(sim, KIND_POD, "", "'waiting':{'reason':'ErrImagePull'") ||
                      holds(sim, KIND_POD, "", "'waiting':{'reason':'InvalidImageName'"));
    if (!holds(sim, KIND_POD, "", "InvalidImageName"))
        WAIT_FOR(sim, holds(sim, KIND_POD, "", "'waiting':{'reason':'ImagePullBackOff','message':'Back-off pulling "
                                               "image"));
    assert_true(holds(sim, KIND_EVENT, "", "'reason':'Failed'"));
    assert_true(holds(sim, KIND_EVENT, "", "'fieldPath':'spec.initContainers{br}'"));
}

static void check_config(struct sim *sim)
{
    WAIT_FOR(sim, holds(sim, KIND_POD, "", "'waiting':{'reason':'CreateContainer"));
    assert_true(holds(sim, KIND_EVENT, "", "'message':'Error: "));
    assert_true(holds(sim, KIND_POD, "", "'name':'br','state':{'terminated':{'exitCode':0"));
}

static void check_kill(struct sim *sim)
{
    WAIT_FOR(sim, holds(sim, KIND_JOB, "", "'type':'Failed','status':'True'"));
    assert_false(phase_is(sim, "log-a", "Failed"));
}

static void check_br(struct sim *sim)
{
    WAIT_FOR(sim, phase_is(sim, "log-a", "Failed"));
    assert_true(holds(sim, KIND_BACKUP, "log-a", "StartLogBackupFailed"));
    assert_true(holds(sim, KIND_BACKUP, "log-a", "[ERROR] [main.go:38]"));
    assert_true(holds(sim, KIND_BACKUP, "log-a", "errMsg ["));
    WAIT_FOR(sim, holds(sim, KIND_POD, "", "'terminated':{'exitCode':1,'reason':'Error'"));
}

static void (*const checks[])(struct sim *) = {
    [TROUBLE_SECRET] = check_secret, [TROUBLE_JOB] = check_job,     [TROUBLE_NODE] = check_node,
    [TROUBLE_MOUNT] = check_mount,   [TROUBLE_IMAGE] = check_image, [TROUBLE_CONFIG] = check_config,
    [TROUBLE_KILL] = check_kill,     [TROUBLE_BR] = check_br,
};

static void test_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < trouble_count; i++) {
        const struct trouble_info *info = &trouble_table[i];
        struct sim sim;
        simtest_begin(&sim);
        order_cause(&sim, info->id, "");
        make_log(&sim, "log-a");
        checks[info->kind](&sim);
        withdraw(&sim);
        /* What br said stands; all else goes on: a Job that died unreported is made anew. */
        if (info->kind == TROUBLE_BR)
            assert_true(phase_is(&sim, "log-a", "Failed"));
        else
            WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));
        sim_done(&sim);
    }
}

/* The endless life of a log Job that dies without a word: deleted and made anew by the operator. */
static void test_dies_again(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    order_cause(&sim, "out-of-memory", ",'count':0");
    make_log(&sim, "log-a");
    WAIT_FOR(&sim, holds(&sim, KIND_POD, "", "'exitCode':137,'reason':'OOMKilled'"));
    struct json *job = store_read(sim.store, kind_of(KIND_JOB), NS, "backup-log-a-log-start");
    char *uid = xstrdup(json_text(json_at(job, "metadata", "uid", NULL)));
    json_free(&job);
    WAIT_FOR(&sim, !holds(&sim, KIND_JOB, "backup-log-a-log-start", uid));
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "backup-log-a-log-start", "'reason':'BackoffLimitExceeded'"));
    free(uid);
    sim_done(&sim);
}

/* What lies in the objects needs no order, and mends with them. */
static void test_objects(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    store_remove(sim.store, kind_of(KIND_SERVICE_ACCOUNT), NS, "tidb-backup-manager");
    make_log(&sim, "log-a");
    check_job(&sim);
    assert_true(holds(&sim, KIND_EVENT, "", "serviceaccount \\'tidb-backup-manager\\' not found"));
    make(&sim, KIND_SERVICE_ACCOUNT, "tidb-backup-manager", "{}");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));

    /* The Secret goes before the kubelet looks; before the operator does, it is the CR that tells. */
    order_job(&sim, "{'cause':'no-room','name':'log-b'}");
    make_log(&sim, "log-b");
    WAIT_FOR(&sim, holds(&sim, KIND_EVENT, "", "FailedScheduling"));
    store_remove(sim.store, kind_of(KIND_SECRET), NS, "s3-secret");
    withdraw(&sim);
    WAIT_FOR(&sim, holds(&sim, KIND_POD, "", "'message':'secret \\'s3-secret\\' not found'"));
    make_log(&sim, "log-c");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-c", "GetS3SecretFailed"));
    make(&sim, KIND_SECRET, "s3-secret", "{'data':{'access_key':'eA=='}}");
    WAIT_FOR(&sim, holds(&sim, KIND_POD, "", "t find key secret_key in Secret backup-test/s3-secret"));
    make_log(&sim, "log-d");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-d", "s3KeyNotExist"));
    change(&sim, KIND_SECRET, "s3-secret", "{'data':{'secret_key':'eA=='}}");
    static const char *const names[] = {"log-b", "log-c", "log-d"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, names[i], "'commitTs':'"));
    sim_done(&sim);
}

/* Options reach every sub-command, and die where it does not know them. */
static void test_flags(void **state)
{
    (void)state;
    static const struct row {
        const char *spec, *flag;
        bool starts;
    } rows[] = {
        {"{'spec':{'br':{'options':['--gc-ttl=3600']}}}", NULL, true},
        {"{'spec':{'br':{'options':['--concurrency=4','--s3.provider=x']}}}", NULL, true},
        {"{'spec':{'tableFilter':['a.*']}}", "--filter", true},
        {"{'spec':{'br':{'timeAgo':'5m'}}}", "--timeago", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim sim;
        simtest_begin(&sim);
        operator_set_running(sim.operator_, false);
        make_log(&sim, "log-a");
        change(&sim, KIND_BACKUP, "log-a", rows[i].spec);
        operator_set_running(sim.operator_, true);
        WAIT_FOR(&sim, phase_is(&sim, "log-a", "Failed") || holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));
        assert_int_equal(!phase_is(&sim, "log-a", "Failed"), rows[i].starts);
        if (rows[i].starts) {
            change(&sim, KIND_BACKUP, "log-a", "{'spec':{'logSubcommand':'log-pause'}}");
            WAIT_FOR(&sim, phase_is(&sim, "log-a", "Paused") ||
                               holds(&sim, KIND_BACKUP, "log-a", "PauseLogBackupFailed"));
            assert_int_equal(phase_is(&sim, "log-a", "Paused"), !rows[i].flag);
        }
        if (rows[i].flag)
            assert_true(holds(&sim, KIND_BACKUP, "log-a", "unknown flag: "));
        sim_done(&sim);
    }
}

/* A Cluster that is paused or suspended: the operator stands still. That it does so no longer it sees when the Backup
 * changes, as v2's does: of a log that runs, by its next checkpoint. */
static void test_cluster(void **state)
{
    (void)state;
    static const char *const stills[] = {"{'spec':{'paused':true}}",
                                         "{'spec':{'suspendAction':{'suspendCompute':true}}}"};
    static const char *const goes[] = {"{'spec':{'paused':null}}", "{'spec':{'suspendAction':null}}"};
    for (size_t i = 0; i < ARRAY_LEN(stills); i++) {
        struct sim sim;
        simtest_begin(&sim);
        change(&sim, KIND_CLUSTER, "tc", stills[i]);
        make_log(&sim, "log-a");
        simtest_pass(&sim, 10000);
        assert_true(holds(&sim, KIND_BACKUP, "log-a", "pingcap.com/finalizer"));
        assert_false(holds(&sim, KIND_BACKUP, "log-a", "'status':{"));
        change(&sim, KIND_CLUSTER, "tc", goes[i]);
        simtest_pass(&sim, 90000);
        assert_false(holds(&sim, KIND_BACKUP, "log-a", "'status':{"));
        change(&sim, KIND_BACKUP, "log-a", "{'metadata':{'annotations':{'touched':'1'}}}");
        WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));

        change(&sim, KIND_CLUSTER, "tc", stills[i]);
        change(&sim, KIND_BACKUP, "log-a", "{'spec':{'logSubcommand':'log-pause'}}");
        simtest_pass(&sim, 90000);
        assert_true(phase_is(&sim, "log-a", "Running"));
        change(&sim, KIND_CLUSTER, "tc", goes[i]);
        WAIT_FOR(&sim, phase_is(&sim, "log-a", "Paused"));
        sim_done(&sim);
    }
}

/* One that is not there is looked for again and again. */
static void test_no_cluster(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    store_remove(sim.store, kind_of(KIND_CLUSTER), NS, "tc");
    make_log(&sim, "log-a");
    simtest_pass(&sim, 10000);
    assert_false(holds(&sim, KIND_BACKUP, "log-a", "'status':{"));
    make(&sim, KIND_CLUSTER, "tc", "{'spec':{}}");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));
    sim_done(&sim);
}

/* What the operator looks at before it makes a Job. */
static void test_storage(void **state)
{
    (void)state;
    static const struct row {
        const char *storage, *secret, *reason; /* secret NULL: there is none */
    } rows[] = {
        {"'gcs':{'projectId':'p','bucket':'b','secretName':'x'}", NULL, "GetGcsSecretFailed"},
        {"'gcs':{'projectId':'p','bucket':'b','secretName':'x'}", "'y':'eA=='", "gcsKeyNotExist"},
        {"'gcs':{'bucket':'b','secretName':'x'}", "'credentials':'eA=='", "ProjectIdIsEmpty"},
        {"'gcs':{'projectId':'p','bucket':'b','secretName':'x'}", "'credentials':'eA=='", NULL},
        {"'azblob':{'container':'c','secretName':'x'}", NULL, "GetAzblobSecretFailed"},
        {"'azblob':{'container':'c','secretName':'x'}", "'AZURE_STORAGE_KEY':'eA=='", "azblobAccountNotExist"},
        {"'azblob':{'container':'c','secretName':'x'}", "'AZURE_STORAGE_ACCOUNT':'eA=='", "azblobKeyOrAADMissing"},
        {"'azblob':{'container':'c','secretName':'x'}", "'AZURE_STORAGE_ACCOUNT':'x','AZURE_CLIENT_ID':'x'", NULL},
        {"'s3':{'provider':'aws','bucket':'b','endpoint':'minio:9000'}", NULL, "InvalidS3Endpoint"},
        {"'s3':{'provider':'aws','bucket':'b','endpoint':'http://minio:9000'}", NULL, NULL},
        {"'s3':{'provider':'aws','secretName':'x'}", NULL, "InvalidSpec"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim sim;
        simtest_begin(&sim);
        if (rows[i].secret) {
            char *secret = xasprintf("{'data':{%s}}", rows[i].secret);
            make(&sim, KIND_SECRET, "x", secret);
            free(secret);
        }
        char *spec = xasprintf("{'spec':{'backupMode':'log','br':{'cluster':'tc'},%s}}", rows[i].storage);
        make(&sim, KIND_BACKUP, "log-a", spec);
        free(spec);
        if (rows[i].reason)
            WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", rows[i].reason));
        else
            WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));
        sim_done(&sim);
    }
}

static void test_orders(void **state)
{
    (void)state;
    struct troubles troubles = {0};
    struct error err = {0};
    static const char *const bad[] = {"{}", "{'cause':'nothing'}", "{'withdraw':true,'cause':'nothing'}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct json *order = parse(bad[i]);
        assert_false(troubles_order(&troubles, order, &err));
        assert_non_null(strstr(err.text, "no-service-account"));
        json_free(&order);
    }
    struct json *order = parse("{'cause':'evicted','namespace':'a','name':'n','command':'log-pause','count':2}");
    assert_true(troubles_order(&troubles, order, &err));
    json_free(&order);
    assert_null(troubles_take(&troubles, "b", "j", "n", "log-pause"));
    assert_null(troubles_take(&troubles, "a", "j", "m", "log-pause"));
    assert_null(troubles_take(&troubles, "a", "j", "n", "log-start"));
    struct trouble *one = troubles_take(&troubles, "a", "j", "n", "log-pause");
    struct trouble *two = troubles_take(&troubles, "a", "n", "m", "log-pause"); /* the Job's name does, too */
    assert_true(trouble_is(one, TROUBLE_KILL) && two == one);
    assert_null(troubles_take(&troubles, "a", "j", "n", "log-pause"));
    assert_int_equal(troubles_count(&troubles), 1);
    troubles_clear(&troubles);
    assert_false(trouble_is(one, TROUBLE_KILL));
    trouble_release(&troubles, &one);
    trouble_release(&troubles, &two);
    assert_null(troubles.first);
    troubles_done(&troubles);
}

/* Each cause has a name of its own, and says all it needs. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < trouble_count; i++) {
        const struct trouble_info *info = &trouble_table[i];
        assert_true(info->kind > TROUBLE_NONE && info->kind <= TROUBLE_BR && info->text);
        assert_true(info->kind == TROUBLE_JOB || info->reason);
        assert_int_equal(info->kind == TROUBLE_KILL, info->exit_code != 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(info->id, trouble_table[j].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_orders), cmocka_unit_test(test_all),
        cmocka_unit_test(test_objects), cmocka_unit_test(test_flags),  cmocka_unit_test(test_dies_again),
        cmocka_unit_test(test_cluster), cmocka_unit_test(test_no_cluster), cmocka_unit_test(test_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
