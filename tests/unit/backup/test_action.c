#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/command.h>
#include <brdeck/base/alloc.h>

#include "samples.h"

#define NAME44 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee"
#define NAME45 NAME44 "e"
#define NAME46 NAME45 "e"
#define T1 "470500000000000000"

enum { NO, YES, RETRY };

static void the_table_is_whole(void **state)
{
    (void)state;
    for (int id = 0; id < ACTION_OF_LOG_COUNT; id++) {
        const struct action *a = action_get((enum action_id)id);
        assert_int_equal(a->id, id);
        assert_true(*a->name && *a->title && *a->help && *a->key);
        assert_ptr_equal(action_find(a->name), a);
    }
    assert_null(action_find("log-pause"));
    assert_null(action_find(NULL));
    assert_int_equal(action_get(ACTION_STOP)->danger, DANGER_TYPE_NAME);
    assert_int_equal(action_get(ACTION_TRUNCATE)->danger, DANGER_TYPE_NAME);
}

static const struct row {
    enum action_id id;
    const char *patch;
    int answer;
    const char *brief; /* exact */
    const char *why;   /* a part; "" with YES: no warning */
} rows[] = {
    /* a running one */
    {ACTION_PAUSE, NULL, YES, "", ""},
    {ACTION_STOP, NULL, YES, "", ""},
    {ACTION_TRUNCATE, NULL, YES, "", ""},
    {ACTION_RESUME, NULL, NO, "not paused", "nothing to resume"},
    {ACTION_START, NULL, YES, "", "one log task a cluster"},
    /* paused */
    {ACTION_PAUSE, "{'status':{'phase':'Paused'}}", NO, "already paused", "r resumes it"},
    {ACTION_RESUME, "{'status':{'phase':'Paused'}}", YES, "", ""},
    {ACTION_RESUME, "{'status':{'phase':'PAUSE'}}", YES, "", ""},
    {ACTION_STOP, "{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Paused'}}", YES, "", ""},
    {ACTION_TRUNCATE, "{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Paused'}}", YES, "", ""},
    {ACTION_START, "{'status':{'phase':'Paused'}}", NO, "paused: use r", "r resumes it"},
    {ACTION_RESUME, "{'status':{'phase':'Paused','logSubCommandStatuses':{'log-pause':{'phase':'Complete',"
     "'timeStarted':'2026-11-21T13:59:59Z'}}}}", YES, "", "Resume will probably fail: GC safepoint"},
    {ACTION_RESUME, "{'spec':{'logSubcommand':'log-resume'},'status':{'phase':'Paused'}}", YES, "", ""},
    /* stopped */
    {ACTION_RESUME, "{'status':{'phase':'Stopped'}}", NO, "stopped is final",
     "Stopped is final: a stopped log backup cannot be resumed; truncate still works"},
    {ACTION_PAUSE, "{'status':{'phase':'Stopped'}}", NO, "stopped is final", "cannot be paused"},
    {ACTION_STOP, "{'status':{'phase':'Stopped'}}", NO, "already stopped", "Truncate still works"},
    {ACTION_TRUNCATE, "{'status':{'phase':'Stopped'}}", YES, "", ""},
    {ACTION_START, "{'status':{'phase':'Stopped'}}", YES, "", ""},
    /* the object as a whole */
    {ACTION_DELETE, NULL, YES, "", ""},
    {ACTION_DELETE, "{'spec':{'cleanPolicy':'Delete'}}", YES, "", ""},
    {ACTION_DELETE, "{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'}}", NO, "being deleted",
     "already. Where that hangs, remove-finalizer"},
    {ACTION_DELETE, "{'metadata':{'finalizers':['x/y']}}", YES, "", "its log task is not stopped"},
    {ACTION_DELETE, "{'metadata':{'finalizers':['x/y']},'status':{'phase':'Stopped'}}", YES, "", ""},
    {ACTION_DELETE, "{'status':{'phase':'Failed'}}", YES, "", "the task may live on in PD"},
    {ACTION_DELETE, "{'status':{'phase':'Failed','commitTs':null}}", YES, "", ""},
    {ACTION_RETAIN, NULL, NO, "is kept already", "Retain already"},
    {ACTION_RETAIN, "{'spec':{'cleanPolicy':'Delete'}}", YES, "", ""},
    {ACTION_RETAIN, "{'spec':{'cleanPolicy':'OnFailure'}}", YES, "", ""},
    {ACTION_RETAIN, "{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'},'spec':{'cleanPolicy':'Delete'}}", YES,
     "",
     "only if the operator has not begun"},
    {ACTION_RETAIN, "{'spec':{'cleanPolicy':'Delete'},'status':{'phase':'Clean'}}", NO, "is being cleaned",
     "Job clean-log-shop"},
    {ACTION_REMOVE_FINALIZER, NULL, NO, "not being deleted", "It is not being deleted"},
    {ACTION_REMOVE_FINALIZER, "{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'}}", YES, "", ""},
    {ACTION_REMOVE_FINALIZER, "{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z','finalizers':['x/y']}}", NO,
     "no finalizer", "off already"},
    /* failed before: the key again is the retry */
    {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Failed'}}}}",
     RETRY, "tries the failed pause again", "The last pause failed and will not be retried by itself"},
    {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-start'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Failed'}}}}",
     YES, "", "then p once more has it run"},
    {ACTION_RESUME, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused',"
     "'logSubCommandStatuses':{'log-resume':{'phase':'Failed'}}}}", RETRY, "tries the failed resume again",
     "not be retried by itself"},
    {ACTION_RESUME, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused',"
     "'logSubCommandStatuses':{'log-resume':{'phase':'Failed','conditions':[{'type':'Failed',"
     "'message':'ErrBackupGCSafepointExceeded'}]}}}}", RETRY, "tries the failed resume again", "it will fail again"},
    {ACTION_STOP, "{'spec':{'logSubcommand':'log-stop'},'status':{'logSubCommandStatuses':{'log-stop':{"
     "'phase':'Failed'}}}}",
     RETRY, "tries the failed stop again", ""},
    {ACTION_TRUNCATE, "{'spec':{'logTruncateUntil':'" T1 "'},'status':{'logSubCommandStatuses':{'log-truncate':{"
     "'phase':'Failed','logTruncatingUntil':'" T1 "'}}}}", RETRY, "tries the failed truncate again", ""},
    {ACTION_TRUNCATE, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Failed'}}}}", NO, "behind a failed command", "wait behind the failed log-pause"},
    {ACTION_TRUNCATE, "{'spec':{'logSubcommand':'log-resume'},'status':{'phase':'Paused'}}", NO, "spec is ignored",
     "Resume with r"},
    {ACTION_TRUNCATE, "{'spec':{'logSubcommand':'log-truncate'}}", NO, "spec is ignored", "Set it to log-start"},
    {ACTION_TRUNCATE, "{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Stopped'}}", NO,
     "behind another command", "set logSubcommand to log-stop"},
    {ACTION_TRUNCATE, "{'status':{'phase':'Paused','logCheckpointTs':null}}", NO, "no checkpoint", "resume it first"},
    {ACTION_TRUNCATE, "{'status':{'logCheckpointTs':null}}", NO, "no checkpoint", "operator has read no checkpoint"},
    /* under way */
    {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Running'}}}}",
     NO, "under way", "log-pause is under way already"},
    {ACTION_STOP, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Prepare','conditions':[{'type':'Prepare','lastTransitionTime':'2026-11-22T13:59:30Z'}]}}}}", NO,
     "pause under way",
     "wait for its end"},
    {ACTION_STOP, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Prepare','conditions':[{'type':'Prepare','lastTransitionTime':'2026-11-22T13:50:00Z'}]}}}}", YES, "",
     "log-pause hangs in Prepare"},
    {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-pause'}}", NO, "asked already", "has not begun"},
    {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'Complete'}}}}",
     NO, "settled", "only taking log-pause out of status.logSubCommandStatuses"},
    /* not there yet, dead, gone */
    {ACTION_PAUSE, "{'status':{'commitTs':null}}", NO, "no COMMITTS yet", "COMMITTS is not there yet"},
    {ACTION_STOP, "{'status':null}", NO, "not picked up", "Cluster shop"},
    {ACTION_PAUSE, "{'status':{'phase':'Failed','commitTs':null,"
     "'logSubCommandStatuses':{'log-start':{'phase':'Failed'}},'conditions':[{'type':'Failed',"
     "'message':'boom'}]}}", NO, "its start failed", "(boom) and is not tried again"},
    {ACTION_START, "{'status':{'phase':'Failed','commitTs':null}}", YES, "", ""},
    {ACTION_PAUSE, "{'status':{'phase':'Failed'}}", NO, "failed", "make a new one with s"},
    {ACTION_STOP, "{'status':{'phase':'Failed'}}", YES, "", ""},
    {ACTION_PAUSE, "{'status':{'phase':'Invalid'}}", NO, "invalid spec", "make a new one with s"},
    {ACTION_PAUSE, "{'status':{'phase':'Invalid'}}", NO, "invalid spec", "(no reason is told)"},
    {ACTION_STOP, "{'status':{'phase':'Clean'}}", NO, "being cleaned", "make a new one with s"},
    {ACTION_STOP, "{'spec':{'br':null},'status':null}", NO, "names no cluster", "spec.br.cluster"},
    {ACTION_STOP, "{'apiVersion':'pingcap.com/v1alpha1','status':null}", NO, "not picked up", "TidbCluster shop"},
    {ACTION_STOP, "{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'}}", NO, "being deleted",
     "since 2026-11-22 13:00:00"},
    {ACTION_RESUME, "{'apiVersion':'pingcap.com/v1alpha1','status':{'phase':'RetryFailed',"
     "'conditions':[{'type':'RetryFailed','reason':'LogBackupErrorPaused'}]}}", NO, "stopped by an error",
     "br log resume"},
    /* names and flags */
    {ACTION_TRUNCATE, "{'metadata':{'name':'" NAME44 "'}}", NO, "name too long", "44 bytes, and with more than 43"},
    {ACTION_RESUME, "{'metadata':{'name':'" NAME46 "'},'status':{'phase':'Paused'}}", NO, "name too long",
     "more than 45"},
    {ACTION_PAUSE, "{'metadata':{'name':'" NAME45 "'}}", YES, "", ""},
    {ACTION_PAUSE, "{'metadata':{'name':'" NAME46 "'}}", NO, "name too long to resume", "paused, but never resumed"},
    {ACTION_STOP, "{'metadata':{'name':'" NAME46 "'}}", YES, "", ""},
    {ACTION_PAUSE, "{'spec':{'tableFilter':['a.*']}}", YES, "", "--filter goes to log-pause too"},
    {ACTION_PAUSE, "{'spec':{'br':{'options':['--gc-ttl=3600']}}}", YES, "", ""},
    {ACTION_STOP, "{'spec':{'br':{'options':['--gc-ttl=3600']}}}", YES, "", "--gc-ttl goes to log-stop too"},
};

static void every_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *r = sample_log(rows[i].patch);
        struct action_verdict v;
        action_may(rows[i].id, r, NULL, true, SAMPLE_NOW, &v);
        int answer = !v.allowed ? NO : v.is_retry ? RETRY : YES;
        bool quiet = rows[i].answer == YES && !*rows[i].why;
        if (answer != rows[i].answer || strcmp(v.brief, rows[i].brief) != 0 || !strstr(v.why, rows[i].why) ||
            (quiet && v.why[0]))
            fail_msg("row %zu %s %s: %d \"%s\" \"%s\"", i, action_get(rows[i].id)->name,
                     rows[i].patch ? rows[i].patch : "",
                     answer, v.brief, v.why);
        record_free(&r);
    }
    struct backup_record *snapshot = sample_snapshot(NULL);
    struct action_verdict v;
    action_may(ACTION_DELETE, snapshot, NULL, true, SAMPLE_NOW, &v);
    assert_true(v.allowed && !v.why[0]);
    for (int id = 0; id < ACTION_OF_LOG_COUNT; id++) {
        action_may((enum action_id)id, snapshot, NULL, true, SAMPLE_NOW, &v);
        assert_int_equal(v.allowed, id == ACTION_START);
        assert_string_equal(v.brief, id == ACTION_START ? "" : "a snapshot");
    }
    record_free(&snapshot);
}

static void a_retry_needs_its_means(void **state)
{
    (void)state;
    static const char failed[] =
        "'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Failed'}}}}";
    char v2[256], v1[256];
    struct action_verdict v;
    snprintf(v2, sizeof v2, "{%s", failed);
    snprintf(v1, sizeof v1, "{'apiVersion':'pingcap.com/v1alpha1',%s", failed);
    struct backup_record *r = sample_log(v2), *old = sample_log(v1);
    action_may(ACTION_PAUSE, r, NULL, false, SAMPLE_NOW, &v);
    assert_false(v.allowed || v.is_retry);
    assert_string_equal(v.brief, "cannot be retried");
    action_may(ACTION_PAUSE, old, NULL, false, SAMPLE_NOW, &v); /* v1: the object itself */
    assert_true(v.allowed && v.is_retry && strstr(v.why, "not verified"));
    struct backup_facts facts = {.job = {.present = true, .name = "backup-log-shop-log-pause"}};
    action_may(ACTION_PAUSE, r, &facts, true, SAMPLE_NOW, &v);
    assert_false(v.allowed);
    assert_string_equal(v.brief, "its Job still runs");
    facts.job.failed = true;
    action_may(ACTION_PAUSE, r, &facts, true, SAMPLE_NOW, &v);
    assert_true(v.allowed && v.is_retry);
    record_free(&r);
    record_free(&old);
}

static void a_delete_that_hangs_is_told(void **state)
{
    (void)state;
    struct backup_record *r = sample_log(NULL);
    struct backup_facts facts = {.cluster = {.read_ms = 1, .missing = true}};
    struct action_verdict v;
    action_may(ACTION_DELETE, r, &facts, true, SAMPLE_NOW, &v);
    assert_true(v.allowed && strstr(v.why, "The delete will hang: Cluster"));
    facts.cluster.missing = false;
    facts.cluster.paused = true;
    action_may(ACTION_DELETE, r, &facts, true, SAMPLE_NOW, &v);
    assert_true(v.allowed && strstr(v.why, "no longer paused"));
    record_free(&r);
}

static void assert_json(struct json *made, const char *want)
{
    char *text = json_print(made);
    for (char *p = text; *p; p++)
        if (*p == '"')
            *p = '\'';
    assert_string_equal(text, want);
    free(text);
    json_free(&made);
}

static void bodies_of_deletes_are_exact(void **state)
{
    (void)state;
    struct backup_record *r = sample_log("{'metadata':{'uid':'u-7','resourceVersion':'42'}}");
    assert_json(action_delete_options(r, false), "{'kind':'DeleteOptions','apiVersion':'v1',"
                                                 "'preconditions':{'uid':'u-7',"
                "'resourceVersion':'42'},'propagationPolicy':'Background'}");
    assert_json(action_delete_options(r, true), "{'kind':'DeleteOptions','apiVersion':'v1',"
                                                "'preconditions':{'uid':'u-7',"
                "'resourceVersion':'42'},'propagationPolicy':'Background','dryRun':['All']}");
    record_free(&r);
    struct json *object = sample_log_json("{'metadata':{'finalizers':['a/b','pingcap.com/finalizer',"
                                          "'tidb.pingcap.com/backup-protection','c/d']}}");
    assert_json(action_finalizer_patch(object), "{'metadata':{'finalizers':['a/b','c/d']}}");
    json_free(&object);
    object = sample_log_json(NULL);
    assert_json(action_finalizer_patch(object), "{'metadata':{'finalizers':[]}}");
    json_free(&object);
}

static void check_patch(enum action_id id, const char *patch, bool retry, const char *want)
{
    struct backup_record *r = sample_log(patch);
    struct json *made = action_patch(id, r, retry, UINT64_C(469371597881344001));
    char *text = json_print(made);
    for (char *p = text; *p; p++)
        if (*p == '"')
            *p = '\'';
    assert_string_equal(text, want);
    free(text);
    json_free(&made);
    record_free(&r);
}

static void patches_are_exact(void **state)
{
    (void)state;
    check_patch(ACTION_PAUSE, NULL, false, "{'spec':{'logSubcommand':'log-pause'}}");
    check_patch(ACTION_RESUME, NULL, false, "{'spec':{'logSubcommand':'log-start'}}");
    check_patch(ACTION_STOP, "{'spec':{'logStop':false}}", false, "{'spec':{'logSubcommand':'log-stop',"
                "'logStop':null}}");
    check_patch(ACTION_STOP, "{'spec':{'logStop':null}}", false, "{'spec':{'logSubcommand':'log-stop'}}");
    check_patch(ACTION_TRUNCATE, "{'spec':{'logStop':true}}", false,
                "{'spec':{'logTruncateUntil':'469371597881344001'}}");
    check_patch(ACTION_RETAIN, "{'spec':{'logStop':false}}", false, "{'spec':{'cleanPolicy':'Retain'}}");
    check_patch(ACTION_PAUSE, NULL, true, "{'status':{'logSubCommandStatuses':{'log-pause':null}}}");
    check_patch(ACTION_TRUNCATE, NULL, true, "{'status':{'logSubCommandStatuses':{'log-truncate':null}}}");
}

/* What is allowed makes the operator run just that; with a waiting truncate, that too. */
static void what_follows_is_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        enum action_id id;
        const char *patch, *steps;
    } cases[] = {
        {ACTION_PAUSE, NULL, "pause"},
        {ACTION_STOP, NULL, "stop"},
        {ACTION_TRUNCATE, NULL, "truncate"},
        {ACTION_RESUME, "{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Paused'}}", "resume"},
        {ACTION_RESUME, "{'spec':{'logSubcommand':'log-resume'},'status':{'phase':'Paused'}}", "resume"},
        {ACTION_STOP, "{'spec':{'logStop':false}}", "stop"},
        {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-pause'},"
         "'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Failed'}}}}",
         "pause"},
        {ACTION_PAUSE, "{'spec':{'logSubcommand':'log-pause','logTruncateUntil':'" T1 "'},"
         "'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Failed'}}}}", "pause truncate"},
        {ACTION_RESUME, "{'spec':{'logSubcommand':'log-resume','logTruncateUntil':'" T1 "'},"
         "'status':{'phase':'Paused'}}",
         "resume truncate"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *object = sample_log_json(cases[i].patch);
        struct backup_record *r = record_decode(object, sample_pool());
        struct action_verdict v;
        struct command_step steps[COMMAND_STEPS_MAX];
        char said[64] = "";
        action_may(cases[i].id, r, NULL, true, SAMPLE_NOW, &v);
        assert_true(v.allowed);
        struct json *patch = action_patch(cases[i].id, r, v.is_retry, UINT64_C(470500000000000001));
        struct backup_record *after = action_after(object, patch, sample_pool());
        size_t count = command_steps(after, steps);
        for (size_t k = 0; k < count; k++)
            snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", k ? " " : "",
                     log_command_word(steps[k].command));
        assert_string_equal(said, cases[i].steps);
        record_free(&after);
        record_free(&r);
        json_free(&patch);
        json_free(&object);
    }
}

static char *manifest_text(const struct log_backup_spec *spec)
{
    struct error err = {0};
    struct json *manifest = action_new_log_backup(spec, &err);
    if (!manifest)
        return xstrdup(err.text);
    char *text = json_print(manifest);
    json_free(&manifest);
    for (char *p = text; *p; p++)
        if (*p == '"')
            *p = '\'';
    return text;
}

static void a_new_one_from_scratch(void **state)
{
    (void)state;
    static const struct log_backup_spec good = {.ns = "prod", .name = "log2", .cluster = "shop",
                                                .storage_url = "s3://vault/shop/log2/", .secret = "s3-secret"};
    struct log_backup_spec s = good;
    char *text = manifest_text(&s);
    assert_string_equal(text, "{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'log2',"
                        "'namespace':'prod'},'spec':{'backupMode':'log','br':{'cluster':'shop'},"
                        "'s3':{'bucket':'vault','prefix':'shop/log2','secretName':'s3-secret','provider':'aws'}}}");
    free(text);
    s.v1 = true;
    s.cluster_ns = "tidb";
    s.start_ts = "470415310848000000";
    s.storage_url = "gcs://vault";
    s.prefix = "a";
    s.project = "p1";
    s.service_account = "sa";
    text = manifest_text(&s);
    assert_string_equal(text, "{'apiVersion':'pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'log2',"
                        "'namespace':'prod'},'spec':{'backupMode':'log','serviceAccount':'sa',"
                        "'br':{'cluster':'shop','clusterNamespace':'tidb'},'gcs':{'bucket':'vault','prefix':'a',"
                        "'secretName':'s3-secret','projectId':'p1'},'commitTs':'470415310848000000'}}");
    free(text);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        struct log_backup_spec spec;
        const char *error;
    } cases[] = {
        {{.ns = "p", .cluster = "c", .storage_url = "s3://b"}, "name: is missing"},
        {{.ns = "p", .name = NAME44, .cluster = "c", .storage_url = "s3://b"}, "at most 43"},
        {{.ns = "p", .name = "Log", .cluster = "c", .storage_url = "s3://b"}, "name: \"Log\" must be"},
        {{.ns = "p", .name = "a..b", .cluster = "c", .storage_url = "s3://b"}, "name:"},
        {{.ns = "p", .name = "a-", .cluster = "c", .storage_url = "s3://b"}, "name:"},
        {{.name = "l", .cluster = "c", .storage_url = "s3://b"}, "namespace: is missing"},
        {{.ns = "p", .name = "l", .storage_url = "s3://b"}, "cluster: is missing"},
        {{.ns = "p", .name = "l", .cluster = "c"}, "storage: is missing"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "s3://"}, "no bucket"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "azure:///x"}, "no container"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "ftp://b"}, "none of s3://"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "local:///x"}, "start -f FILE"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "s3://b?access-key=x"}, "options do not belong"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "s3://b", .endpoint = "minio:9000"}, "endpoint:"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "s3://b", .endpoint = "http://minio:9000"},
         "provider:"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "gcs://b"}, "project:"},
        {{.ns = "p", .name = "l", .cluster = "c", .cluster_ns = "q", .storage_url = "s3://b"}, "own namespace"},
        {{.ns = "p", .name = "l", .cluster = "c", .storage_url = "s3://b", .start_ts = "yesterday"}, "is no TSO"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct json *made = action_new_log_backup(&cases[i].spec, &err);
        if (made || err.code != ERROR_INPUT || !strstr(err.text, cases[i].error))
            fail_msg("case %zu: %s", i, made ? "made" : err.text);
    }
}

static void a_new_one_from_an_old_one(void **state)
{
    (void)state;
    struct json *old = sample_log_json(
        "{'metadata':{'annotations':{'iam.amazonaws.com/role':'arn:x','argocd.argoproj.io/tracking-id':'y'}},"
        "'spec':{'logSubcommand':'log-stop','logStop':null,'logTruncateUntil':'5','commitTs':'6',"
        "'toolImage':'pingcap/br:v8'},'status':{'phase':'Stopped'}}");
    struct log_backup_spec s = {.ns = "prod", .name = "log2", .prefix = "shop/log2", .from = old};
    char *text = manifest_text(&s);
    assert_string_equal(text, "{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'log2',"
                        "'namespace':'prod','annotations':{'iam.amazonaws.com/role':'arn:x'}},"
                              "'spec':{'backupMode':'log','br':{'cluster':'shop'},'cleanPolicy':'Retain',"
                              "'s3':{'provider':'aws','bucket':'vault','prefix':'shop/log2',"
                              "'secretName':'s3-secret'},'toolImage':'pingcap/br:v8'}}");
    free(text);
    s.prefix = NULL; /* the same storage continues the same cluster's log ... */
    text = manifest_text(&s);
    assert_non_null(strstr(text, "'prefix':'shop/log'"));
    free(text);
    s.cluster = "other"; /* ... and no other's */
    text = manifest_text(&s);
    assert_non_null(strstr(text, "holds the log of another cluster (prod/shop)"));
    free(text);
    s.storage_url = "azure://box/p"; /* another kind of storage replaces the old one */
    text = manifest_text(&s);
    assert_non_null(strstr(text, "'azblob':{'container':'box','prefix':'p'}"));
    assert_null(strstr(text, "'s3':"));
    free(text);
    json_free(&old);
}

static char *snapshot_text(const char *patch)
{
    struct error err = {0};
    struct json *old = sample_log_json(patch), *made = action_new_snapshot(old, SAMPLE_NOW, &err);
    char *text = made ? json_print(made) : xstrdup(err.text);
    json_free(&made);
    json_free(&old);
    for (char *p = text; *p; p++)
        *p = *p == '"' ? '\'' : *p;
    return text;
}

/* The whole manifest: nothing but what is named is taken over. */
static void a_full_snapshot_like_another(void **state)
{
    (void)state;
    char *text = snapshot_text(
        "{'metadata':{'annotations':{'iam.amazonaws.com/role':'arn:x','a':'b'}},'spec':{'logSubcommand':'log-stop',"
        "'logTruncateUntil':'5','commitTs':'6','toolImage':'x','cleanPolicy':'Delete','serviceAccount':'sa',"
        "'br':{'options':['--x'],'concurrency':4},'s3':{'options':['a=b'],'region':'eu','sse':null}}}");
    assert_string_equal(text, "{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{"
                        "'name':'full-shop-20261122-1400','namespace':'prod',"
                        "'annotations':{'iam.amazonaws.com/role':'arn:x'}},'spec':{'backupType':'full',"
                        "'backupMode':'snapshot','serviceAccount':'sa','br':{'cluster':'shop'},"
                        "'s3':{'provider':'aws','bucket':'vault','prefix':'shop/full-shop-20261122-1400',"
                        "'secretName':'s3-secret','options':['a=b'],'region':'eu'}}}");
    free(text);
}

static void a_snapshot_of_hostile_fields(void **state)
{
    (void)state;
    static const struct { const char *patch, *part; } cases[] = {
        {"{'spec':{'s3':{'prefix':null}}}", "'prefix':'full-shop-20261122-1400'"},
        {"{'spec':{'s3':{'prefix':'log//'}}}", "'prefix':'full-shop-20261122-1400'"},
        {"{'spec':{'s3':{'prefix':'/a/b/log/'}}}", "'prefix':'/a/b/full-shop-20261122-1400'"},
        {"{'spec':{'s3':null,'gcs':{'bucket':'b','projectId':'p'}}}",
         "'gcs':{'bucket':'b','projectId':'p','prefix':'full-shop-20261122-1400'}"},
        {"{'spec':{'s3':null,'local':{'volume':{'name':'v'},'volumeMount':{'name':'v'},'prefix':'a/b'}}}",
         "'local':{'volume':{'name':'v'},'volumeMount':{'name':'v'},'prefix':'a/full-shop-20261122-1400'}"},
        {"{'apiVersion':'pingcap.com/v1alpha1','spec':{'br':{'clusterNamespace':'tidb'}}}",
         "'br':{'cluster':'shop','clusterNamespace':'tidb'}"},
        {"{'spec':{'br':{'cluster':'" NAME44 "'}}}", "'full-aaaaaaaaaabbbbbbbbbbccccccccccddddddd-20261122-1400'"},
        {"{'spec':{'serviceAccount':{'a':1}}}", "'spec':{'backupType':'full','backupMode':'snapshot','br'"},
        {"{'spec':{'br':{'clusterNamespace':'tidb'}}}", "own namespace"},
        {"{'spec':{'s3':{'prefix':{}}}}", "its s3.prefix is of a type"},
        {"{'spec':{'s3':{'secretName':['x']}}}", "its s3.secretName is of a type"},
        {"{'spec':{'s3':{'secretName':7}}}", "its s3.secretName is of a type"},
        {"{'spec':{'s3':{'options':[1]}}}", "its s3.options is of a type"},
        {"{'spec':{'s3':{'region':{'a':'b'}}}}", "its s3.region is of a type"},
        {"{'spec':{'s3':{'bucket':null}}}", "no bucket is named"},
        {"{'spec':{'s3':[]}}", "storage: it has none"},
        {"{'spec':{'br':{'cluster':['x']}}}", "cluster: it names none"},
        {"{'spec':{'br':{'cluster':'../x'}}}", "is no name of a cluster"},
        {"{'spec':null}", "cluster: it names none"},
        {"{'metadata':{'namespace':5}}", "namespace: it has none"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = snapshot_text(cases[i].patch);
        if (!strstr(text, cases[i].part))
            fail_msg("case %zu: %s", i, text);
        free(text);
    }
    struct error err = {0};
    assert_null(action_new_snapshot(NULL, SAMPLE_NOW, &err));
    assert_int_equal(err.code, ERROR_INPUT);
}

/* A resume that cannot succeed any more is told, and may be tried. */
static void a_resume_that_gc_has_passed(void **state)
{
    (void)state;
    struct backup_record *r = sample_log("{'status':{'phase':'Paused','logCheckpointTs':'5'}}");
    struct action_verdict v;
    struct backup_facts facts = {.pd = {.read_ms = SAMPLE_NOW, .gc_read_ms = SAMPLE_NOW, .paused = true,
                                        .checkpoint = 1000, .gc_safepoint = 999, .pause_expires_ms = SAMPLE_NOW - 1}};
    action_may(ACTION_RESUME, r, &facts, true, SAMPLE_NOW, &v);
    assert_int_equal(v.allowed, true);
    assert_non_null(strstr(v.why, "Resume may fail: GC safepoint (PD kept what it needs until 2026-11-22 13:59:59"));
    facts.pd.gc_safepoint = 1000;
    action_may(ACTION_RESUME, r, &facts, true, SAMPLE_NOW, &v);
    assert_int_equal(v.allowed, true);
    assert_non_null(strstr(v.why, "Resume will fail: the cluster's GC safepoint, "));
    facts.pd.gc_read_ms = 0;
    action_may(ACTION_RESUME, r, &facts, true, SAMPLE_NOW, &v);
    assert_null(strstr(v.why, "GC safepoint"));
    record_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_whole),      cmocka_unit_test(every_answer),
        cmocka_unit_test(a_retry_needs_its_means), cmocka_unit_test(patches_are_exact),
        cmocka_unit_test(a_delete_that_hangs_is_told),
        cmocka_unit_test(a_resume_that_gc_has_passed),
        cmocka_unit_test(bodies_of_deletes_are_exact),
        cmocka_unit_test(what_follows_is_what_was_meant),
        cmocka_unit_test(a_new_one_from_scratch),  cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_new_one_from_an_old_one),
        cmocka_unit_test(a_full_snapshot_like_another),
        cmocka_unit_test(a_snapshot_of_hostile_fields),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
