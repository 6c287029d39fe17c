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

#include <brdeck/backup/check.h>
#include <brdeck/backup/state.h>
#include <brdeck/base/alloc.h>

#include "samples.h"

#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)
#define NOW SAMPLE_NOW

#define ASKED(field, at) \
    "{'metadata':{'managedFields':[" \
    "{'manager':'kubectl','time':'2026-11-22T" at "Z','fieldsV1':{'f:spec':{" field "}}}," \
    "{'manager':'argo','time':'2026-11-22T13:30:00Z','fieldsV1':{'f:spec':{'f:br':{}}}}," \
    "{'manager':'op','time':'2026-11-22T13:59:00Z','fieldsV1':{'f:status':{}}}]},'spec':{'logSubcommand':'log-pause'}}"
#define PAUSED(since) \
    "{'status':{'phase':'Paused','logSubCommandStatuses':{'log-pause':{'phase':'Complete','timeStarted':'" since "'}}}}"
#define FAILED_SUB(command, message) \
    "'logSubCommandStatuses':{'" command "':{'phase':'Failed','conditions':[{'type':'Failed'," \
    "'message':'" message "'}]}}"

#define IDLE_TRUNCATE(until) \
    "'logSubCommandStatuses':{'log-truncate':{'phase':'Complete','logTruncatingUntil':'" until "'}}"

static const struct row {
    bool snapshot;
    const char *patch;
    int64_t at; /* after NOW */
    enum state_mark mark;
    enum severity severity;
    bool needs_you;
    const char *word;
    const char *says; /* part of the sentence */
} rows[] = {
    /* log backups that run */
    {false, NULL, 0, MARK_RUNNING, SEVERITY_OK, false, "Running", "backed up to 13:59:19"},
    {false, NULL, 9 * M + 18 * S, MARK_RUNNING, SEVERITY_OK, false, "Running", ""},
    {false, NULL, 9 * M + 19 * S, MARK_TROUBLE, SEVERITY_WARN, true, "Running, lagging", "stands 10m back"},
    {false, NULL, 29 * M + 19 * S, MARK_TROUBLE, SEVERITY_CRIT, true, "Running, lagging", "cannot be restored yet"},
    {false, "{'status':{'logCheckpointTs':null}}", -10 * D + 9 * M, MARK_RUNNING, SEVERITY_OK, false, "Running",
     "first checkpoint"},
    {false, "{'status':{'logCheckpointTs':null}}", -10 * D + 10 * M, MARK_TROUBLE, SEVERITY_WARN, true, "Running, "
     "no checkpoint",
     "reads it from PD"},
    {false, "{'status':{'commitTs':null}}", -10 * D, MARK_BUSY, SEVERITY_BUSY, false, "Starting", "COMMITTS comes"},
    {false, "{'status':{'commitTs':null}}", -10 * D + 12 * M, MARK_TROUBLE, SEVERITY_WARN, true, "Starting, 12m",
     "See its Job's log: l."},
    /* commands that failed, run, or were asked for */
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{" FAILED_SUB("log-pause", "[error=\\\"PD is "
                                                            "down\\\"]") "}}", 0,
     MARK_TROUBLE, SEVERITY_WARN, true, "Running, pause failed",
     "log-pause failed: PD is down. The operator does not try again by itself; p does."},
    {false, "{'spec':{'logSubcommand':'log-start'},"
     "'status':{" FAILED_SUB("log-pause", "x") "}}", 0, MARK_RUNNING, SEVERITY_OK,
     false, "Running", ""},
    {false, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused'," FAILED_SUB("log-resume", "x") "}}", 0,
     MARK_FAILED, SEVERITY_CRIT, true, "Paused, resume failed", "r does"},
    {false, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused'," FAILED_SUB("log-resume",
     "GC safepoint 2 exceed TS 1") "}}", 0, MARK_FAILED, SEVERITY_CRIT, true, "Paused, resume failed",
     "It cannot be resumed any more. Stop it"},
    {false, "{'spec':{'logSubcommand':'log-pause','logTruncateUntil':'470500000000000000'},"
     "'status':{" FAILED_SUB("log-pause", "x") "}}", 0, MARK_TROUBLE, SEVERITY_WARN, true, "Running, pause failed",
     "A truncate until 11-16 07:44 waits behind it and runs next."},
    {false, "{'spec':{'logSubcommand':'log-pause','logTruncateUntil':'470500000000000000'},"
     "'status':{'logSuccessTruncateUntil':'470500000000000000'," FAILED_SUB("log-pause", "x") "}}", 0, MARK_TROUBLE,
     SEVERITY_WARN, true, "Running, pause failed", "The phase is still Running."},
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{" FAILED_SUB("log-pause", "x") "}}", 29 * M + 19 * S,
     MARK_TROUBLE, SEVERITY_CRIT, true, "Running, lagging", "cannot be restored yet."},
    {false, "{'spec':{'logTruncateUntil':'470500000000000000'}}", 0, MARK_BUSY, SEVERITY_BUSY, false,
     "Running, truncate asked", "log-truncate until 11-16 07:44; the operator has not begun"},
    {false, "{'spec':{'logTruncateUntil':'470500000000000000'},'status':{'phase':'Stopped','logSubCommandStatuses':{"
     "'log-truncate':{'phase':'Failed','logTruncatingUntil':'470500000000000000'}}}}", 0, MARK_TROUBLE,
     SEVERITY_WARN, true,
     "Stopped, truncate failed", "T does"},
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Scheduled',"
     "'conditions':[{'type':'Scheduled','lastTransitionTime':'2026-11-22T13:59:00Z'}]}}}}", 0, MARK_BUSY,
     SEVERITY_BUSY, false,
     "Pausing", "under way (Scheduled)"},
    {false, "{'spec':{'logSubcommand':'log-stop'},'status':{'logSubCommandStatuses':{'log-stop':{'phase':'Scheduled',"
     "'conditions':[{'type':'Scheduled','lastTransitionTime':'2026-11-22T13:59:00Z'}]}}}}", 2 * M, MARK_TROUBLE,
     SEVERITY_WARN,
     true, "Stopping, 3m", "does not get on"},
    {false, "{'spec':{'logTruncateUntil':'470500000000000000'},'status':{'logSubCommandStatuses':{'log-truncate':{"
     "'phase':'Running'}}}}", 0, MARK_BUSY, SEVERITY_BUSY, false, "Running, truncating", ""},
    {false, "{'spec':{'logSubcommand':'log-pause'}}", 0, MARK_BUSY, SEVERITY_BUSY, false, "Running, pause "
     "asked", "has not begun"},
    /* asked when: managedFields tell, of him who wrote the command before those who wrote the rest of the spec */
    {false, ASKED("'f:logSubcommand':{}", "13:59:30"), 0, MARK_BUSY, SEVERITY_BUSY, false, "Running, pause asked",
     "has not begun. If this stays"},
    {false, ASKED("'f:logSubcommand':{}", "13:59:30"), 31 * S, MARK_TROUBLE, SEVERITY_WARN, true,
     "Running, pause asked 61s ago", "has not begun. That was written at 13:59:30. See that it runs."},
    {false, ASKED("'f:logSubcommand':{}", "11:00:00"), 0, MARK_TROUBLE, SEVERITY_WARN, true,
     "Running, pause asked 3h00m ago", "written at 11:00:00"},
    {false, ASKED("'f:s3':{}", "13:00:00"), 0, MARK_TROUBLE, SEVERITY_WARN, true, "Running, pause asked 30m ago",
     "written at 13:30:00"},
    {false, ASKED("'f:logSubcommand':{}", "soon"), H, MARK_TROUBLE, SEVERITY_CRIT, true, "Running, lagging", ""},
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
     "'phase':'RetryFailed','conditions':[{'type':'RetryFailed','reason':'GetS3SecretFailed'}]}}}}", 0,
     MARK_TROUBLE, SEVERITY_WARN, true,
     "Running, pause retrying", "GetS3SecretFailed"},
    {false, "{'spec':{'logSubcommand':'log-resume'},'status':{'phase':'Paused'}}", 0, MARK_TROUBLE, SEVERITY_WARN, true,
     "Paused, spec ignored", "log-resume, which the operator ignores"},
    {false, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused','logSubCommandStatuses':{'log-pause':{"
     "'phase':'Complete','timeStarted':'2026-11-22T12:00:00Z'}}}}", 0, MARK_BUSY, SEVERITY_BUSY, false,
     "Paused, resume asked",
     "until about 11-23 12:00"},
    {false, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused','logSubCommandStatuses':{'log-pause':{"
     "'phase':'Complete','timeStarted':'2026-11-22T12:00:00Z'}}}}", 16 * H, MARK_TROUBLE, SEVERITY_CRIT, true,
     "Paused, resume asked", ""},
    /* paused: noon today is the deadline of yesterday's */
    {false, PAUSED("2026-11-21T16:04:00Z"), 0, MARK_PAUSED, SEVERITY_WARN, true, "Paused, 2h04m left",
     "Paused since 11-21 16:04 by log-pause. BR keeps what resume needs for 24 h: resume before about 16:04:00."},
    {false, PAUSED("2026-11-21T16:04:00Z"), 4 * M, MARK_PAUSED, SEVERITY_CRIT, true, "Paused, 2h00m left", ""},
    {false, PAUSED("2026-11-22T12:00:00Z"), 0, MARK_PAUSED, SEVERITY_BUSY, false, "Paused, 22h left", ""},
    {false, PAUSED("2026-11-21T14:00:00Z"), 0, MARK_PAUSED, SEVERITY_CRIT, true, "Paused, past deadline", "will "
     "probably fail"},
    {false, "{'status':{'phase':'PAUSE'}}", 0, MARK_PAUSED, SEVERITY_WARN, true, "Paused", "not known"},
    {false, "{'spec':{'br':{'options':['--gc-ttl=7200']}},'status':{'phase':'Paused','logSubCommandStatuses':{"
     "'log-pause':{'phase':'Complete','timeStarted':'2026-11-22T13:30:00Z'}}}}", 0, MARK_PAUSED, SEVERITY_CRIT,
     true, "Paused, 90m left", ""},
    {false, "{'apiVersion':'pingcap.com/v1alpha1','status':{'phase':'RetryFailed','conditions':[{'type':'RetryFailed',"
     "'reason':'LogBackupErrorPaused','message':'disk'}]}}", 0, MARK_TROUBLE, SEVERITY_CRIT, true,
     "Paused, task error", "disk"},
    {false, "{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Stopped'}}", 0, MARK_STOPPED, SEVERITY_OK, false,
     "Stopped", "that is final. The log-start in its spec is ignored. Truncate still works"},
    /* a truncate of which nothing came */
    {false, "{'spec':{'logTruncateUntil':'470300000000000000'},'status':{" IDLE_TRUNCATE("470300000000000000") "}}", 0,
     MARK_RUNNING, SEVERITY_OK, false, "Running", "did nothing: the log begins at 11-12 14:00."},
    {false, "{'spec':{'logSubcommand':'log-stop','logTruncateUntil':'470500000000000000'},'status':{'phase':'Stopped',"
     "'logSuccessTruncateUntil':'470510000000000000'," IDLE_TRUNCATE("470500000000000000") "}}", 0, MARK_STOPPED,
     SEVERITY_OK, false, "Stopped", " did nothing: the log goes to "},
    /* ends */
    {false, "{'status':{'phase':'Stopped','timeCompleted':'2026-11-22T13:00:00Z'}}", 0, MARK_STOPPED, SEVERITY_OK,
     false,
     "Stopped", "final"},
    {false, "{'status':{'phase':'Failed','commitTs':null,'conditions':[{'type':'Failed','message':'code: "
     "AccessDenied'}]}}", 0,
     MARK_FAILED, SEVERITY_CRIT, true, "Failed, access denied", "log-start failed: code: AccessDenied"},
    {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'},'spec':{"
     "'cleanPolicy':'Delete'}}", 0, MARK_DELETING,
     SEVERITY_BUSY, false, "Deleting", "removes everything under s3://vault/shop/log"},
    {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'}}", 5 * M, MARK_DELETING, SEVERITY_WARN, true,
     "Deleting, 10m", "stops the log task. See that the operator runs, and the Jobs stop-log-shop and "
     "clean-log-shop."},
    {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'},'spec':{'cleanPolicy':'OnFailure'}}", 0,
     MARK_DELETING, SEVERITY_BUSY, false, "Deleting", "the operator stops the log task."},
    {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'},'spec':{'cleanPolicy':'Delete'},"
     "'status':{'phase':'Clean'}}", 0, MARK_DELETING, SEVERITY_BUSY, false, "Deleting",
     "13:55:00: the operator removes everything under s3://vault/shop/log."},
    {true, "{'status':{'phase':'Failed','conditions':null}}", 0, MARK_FAILED, SEVERITY_CRIT, true, "Failed",
     "Failed: no reason is told."},
    /* not picked up */
    {false, "{'status':null,'spec':{'br':null},'metadata':{'creationTimestamp':'2026-11-22T13:56:00Z'}}", 0,
     MARK_UNKNOWN, SEVERITY_WARN, true, "not picked up, 4m", "its spec names no cluster"},
    {false, "{'apiVersion':'pingcap.com/v1alpha1','status':null,'spec':{'br':{'clusterNamespace':'db'}},'metadata':{"
     "'creationTimestamp':'2026-11-22T13:56:00Z'}}", 0, MARK_UNKNOWN, SEVERITY_WARN, true, "not picked up, 4m",
     "there is no TidbCluster shop in namespace db"},
    {false, "{'status':null,'metadata':{'creationTimestamp':'2026-11-22T13:59:30Z'}}", 0, MARK_BUSY, SEVERITY_BUSY,
     false, "New", ""},
    {false, "{'status':null,'metadata':{'creationTimestamp':'2026-11-22T13:56:00Z'}}", 0, MARK_UNKNOWN,
     SEVERITY_WARN, true,
     "not picked up, 4m", "no Cluster shop"},
    {false, "{'status':null,'metadata':{'creationTimestamp':'2026-11-22T13:56:00Z',"
     "'finalizers':null}}", 0, MARK_UNKNOWN,
     SEVERITY_WARN, true, "not picked up, 4m", "operator runs"},
    {true, "{'status':{'timeStarted':null,'phase':null},'metadata':{"
     "'creationTimestamp':null}}", 0, MARK_UNKNOWN, SEVERITY_WARN,
     true, "not picked up", ""},
    /* snapshots */
    {true, NULL, 0, MARK_COMPLETE, SEVERITY_OK, false, "Complete", "Restores 11-15 14:00. It is a base for PITR."},
    {true, "{'spec':{'tableFilter':['a.b']}}", 0, MARK_COMPLETE, SEVERITY_OK, false, "Complete", "No base for PITR: "
     "it holds only"},
    {true, "{'status':{'phase':'Running'}}", 0, MARK_BUSY, SEVERITY_BUSY, false, "Running", ""},
    {true, "{'status':{'phase':'Running','progresses':[{'step':'Full Backup',"
     "'progress':17.9}]}}", 0, MARK_BUSY, SEVERITY_BUSY,
     false, "Running, 17%", ""},
    {true, "{'status':{'phase':'Running','backoffRetryStatus':[{},"
     "{}]}}", 0, MARK_BUSY, SEVERITY_BUSY, false, "Running, try 3", ""},
    {true, "{'status':{'phase':'Scheduled','conditions':[{'type':'Scheduled',"
     "'lastTransitionTime':'2026-11-22T13:57:00Z'}]}}", 0,
     MARK_TROUBLE, SEVERITY_WARN, true, "Scheduled, 3m", "ServiceAccount"},
    {true, "{'status':{'phase':'Scheduled','conditions':[{'type':'Scheduled',"
     "'lastTransitionTime':'2026-11-22T13:59:00Z'}]}}", 0,
     MARK_BUSY, SEVERITY_BUSY, false, "Scheduled", ""},
    {true, "{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'Access Denied status code: "
     "403'}]}}", 0,
     MARK_FAILED, SEVERITY_CRIT, true, "Failed, access denied", "not tried again"},
    {true, "{'status':{'phase':'Failed','conditions':[{'type':'Failed',"
     "'message':'odd'}]}}", 0, MARK_FAILED, SEVERITY_CRIT, true,
     "Failed", "Failed: odd."},
    {true, "{'status':{'phase':'RetryFailed','backoffRetryStatus':[{'expectedRetryAt':'2026-11-22T14:05:00Z'}],"
     "'conditions':[{'type':'RetryFailed','message':'OOMKilled'}]}}", 0, MARK_TROUBLE, SEVERITY_WARN, false,
     "Retrying 1/2",
     "tries again at 14:05:00"},
    {true, "{'status':{'phase':'RetryFailed','backoffRetryStatus':[{'expectedRetryAt':'2026-11-22T14:05:00Z'}],"
     "'conditions':[{'type':'RetryFailed','message':'OOMKilled'}]}}", 16 * M, MARK_TROUBLE, SEVERITY_WARN, true,
     "Retry due 11m ago", "was to try again at 14:05:00, and has not. See that the operator runs."},
    {true, "{'status':{'phase':'RetryFailed','backoffRetryStatus':[{'expectedRetryAt':'2026-11-22T12:05:00Z',"
     "'realRetryAt':'2026-11-22T12:05:10Z'}],'conditions':[{'type':'RetryFailed','message':'OOMKilled'}]}}", 0,
     MARK_TROUBLE, SEVERITY_WARN, false, "Retrying 1/2", "tries again."},
    {true, "{'spec':{'backupMode':'volume-snapshot'},'status':{'phase':'VolumeBackupFailed','conditions':["
     "{'type':'VolumeBackupFailed','message':'no disk'}]}}", 0, MARK_FAILED, SEVERITY_CRIT, true,
     "VolumeBackupFailed", "VolumeBackupFailed: no disk. Mend"},
    {true, "{'status':{'phase':'RetryFailed','conditions':[{'type':'RetryFailed','reason':'GetS3SecretFailed',"
     "'message':'get s3 secret prod/absent failed'}]}}", 0, MARK_TROUBLE, SEVERITY_WARN, true,
     "Retrying, no secret", "cannot begin"},
    {true, "{'status':{'phase':'Invalid','conditions':[{'type':'Invalid','reason':'InvalidSpec',"
     "'message':'bucket should be configured for BR in spec of prod/x'}]}}", 0, MARK_FAILED, SEVERITY_CRIT, true,
     "Invalid, no bucket", "make a new Backup"},
    {true, "{'status':{'phase':'CleanFailed'}}", 0, MARK_FAILED, SEVERITY_CRIT, true, "Cleaning "
     "failed", "clean-full-shop"},
    {true, "{'status':{'phase':'VolumeBackupComplete'}}", 0, MARK_UNKNOWN, SEVERITY_OK, false,
     "VolumeBackupComplete", ""},
};

static struct backup_record *record_of(const struct row *row)
{
    return row->snapshot ? sample_snapshot(row->patch) : sample_log(row->patch);
}

static void every_finding(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *r = record_of(&rows[i]);
        struct backup_state s;
        state_of(r, NULL, NOW + rows[i].at, true, &s);
        if (s.mark != rows[i].mark || s.severity != rows[i].severity || s.needs_you != rows[i].needs_you ||
            strcmp(s.word, rows[i].word) != 0 || !strstr(s.sentence, rows[i].says))
            fail_msg("row %zu %s: mark %d severity %d needs %d word \"%s\" sentence \"%s\"", i, rows[i].word,
                     (int)s.mark,
                     (int)s.severity, s.needs_you, s.word, s.sentence);
        record_free(&r);
    }
}

static void without_sentence_the_rest_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *r = record_of(&rows[i]);
        struct backup_state with, without;
        state_of(r, NULL, NOW + rows[i].at, true, &with);
        state_of(r, NULL, NOW + rows[i].at, false, &without);
        assert_string_equal(without.sentence, "");
        assert_string_equal(without.word, with.word);
        assert_true(without.mark == with.mark && without.role == with.role && without.needs_you == with.needs_you);
        assert_true(without.until_ms >= with.until_ms);
        record_free(&r);
    }
}

static bool same_state(const struct backup_state *a, const struct backup_state *b)
{
    return a->mark == b->mark && a->severity == b->severity && a->role == b->role && a->needs_you == b->needs_you &&
           strcmp(a->word, b->word) == 0 && strcmp(a->sentence, b->sentence) == 0;
}

/* From @at on, stepping from one until_ms to the next: in between nothing changes, whatever instant is asked. */
static void check_holds(const struct backup_record *r, const struct backup_facts *facts, int64_t at, bool sentence)
{
    struct backup_state now, then;
    for (int step = 0; step < 60; step++) {
        state_of(r, facts, at, sentence, &now);
        if (now.until_ms == INT64_MAX) {
            state_of(r, facts, at + 400 * D, sentence, &then);
            if (!same_state(&now, &then))
                fail_msg("\"%s\" for ever becomes \"%s\"", now.word, then.word);
            return;
        }
        assert_true(now.until_ms > at);
        for (int part = 1; part <= 4; part++) {
            int64_t t = part == 4 ? now.until_ms - 1 : at + (now.until_ms - at) * part / 4;
            if (t >= now.until_ms)
                continue;
            state_of(r, facts, t, sentence, &then);
            if (!same_state(&now, &then))
                fail_msg("\"%s\" (%s) became \"%s\" (%s) %lld ms before its time", now.word, now.sentence, then.word,
                         then.sentence, (long long)(now.until_ms - t));
        }
        at = now.until_ms;
    }
}

static void states_hold_until_they_say(void **state)
{
    (void)state;
    static const int64_t offsets[] = {0, 1, -30 * S, 59 * S, 10 * M, 2 * H, 9 * H + 59 * M, -12 * D, 23 * H, 3 * D};
    struct backup_facts pd = {.pd = {.read_ms = NOW - 10 * S, .paused = true, .checkpoint = 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t k = 0; k < ARRAY_LEN(offsets); k++) {
            struct backup_record *r = record_of(&rows[i]);
            check_holds(r, NULL, NOW + offsets[k], true);
            check_holds(r, NULL, NOW + offsets[k], false);
            check_holds(r, &pd, NOW + offsets[k], true);
            record_free(&r);
        }
}

static void with_any_facts_too(void **state)
{
    (void)state;
    unsigned seed = 4;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *r = record_of(&rows[i]);
        for (int n = 0; n < 60; n++) {
            struct backup_facts facts;
            int64_t now = NOW + rows[i].at + (int64_t)sample_random(&seed, 100000);
            sample_facts(&seed, now, &facts);
            check_holds(r, &facts, now, n % 2 == 0);
        }
        record_free(&r);
    }
}

/* And it is not woken for nothing: a row's state that ends at until_ms is another one then. */
static void something_changes_in_time(void **state)
{
    (void)state;
    struct backup_record *r = sample_log(NULL);
    struct backup_state now, then;
    state_of(r, NULL, NOW, false, &now);
    assert_int_equal(now.until_ms, NOW - 41 * S + LAG_WARN_MS);
    state_of(r, NULL, now.until_ms, false, &then);
    assert_false(same_state(&now, &then));
    record_free(&r);
    r = sample_log(PAUSED("2026-11-21T16:04:00Z"));
    state_of(r, NULL, NOW, false, &now);
    state_of(r, NULL, now.until_ms, false, &then);
    assert_string_equal(then.word, "Paused, 2h03m left");
    record_free(&r);
    r = sample_log("{'status':{'phase':'Stopped'}}");
    state_of(r, NULL, NOW, false, &now);
    assert_true(now.until_ms == INT64_MAX);
    record_free(&r);
}

static void pd_tells_what_the_object_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        struct backup_facts facts;
        const char *word;
    } cases[] = {
        {NULL, {.pd = {.read_ms = NOW - S, .task_missing = true}}, "Running, no task in PD"},
        {NULL, {.pd = {.read_ms = NOW - S, .paused = true}}, "Running, paused in PD"},
        {NULL, {.pd = {.read_ms = NOW - S, .error = "raft", .error_store = 4}}, "Running, error on store 4: raft"},
        {NULL, {.pd = {.read_ms = NOW - 5 * M, .task_missing = true}}, "Running"}, /* long ago */
        {NULL, {.pd = {.read_ms = 0, .task_missing = true}}, "Running"},
        {"{'status':{'phase':'Paused'}}", {.pd = {.read_ms = NOW - S, .paused = true, .paused_at_ms = NOW - 23 * H}},
         "Paused, 60m left"},
        {"{'status':{'conditions':[{'type':'Running','lastTransitionTime':'2026-11-22T13:59:59Z'}]}}",
         {.pd = {.read_ms = NOW - 5 * S, .paused = true}}, "Running"}, /* from before the resume */
        {NULL, {.job = {.present = true, .failed = true}}, "Running"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *r = sample_log(cases[i].patch);
        struct backup_state s;
        state_of(r, &cases[i].facts, NOW, true, &s);
        if (strcmp(s.word, cases[i].word) != 0)
            fail_msg("%s, want %s", s.word, cases[i].word);
        record_free(&r);
    }
}

#define AGO(ms) (((tso_t)(NOW - (ms))) << 18)
#define TOLD .read_ms = NOW - S, .gc_read_ms = NOW - 2 * S
#define IS_PAUSED "{'status':{'phase':'Paused','logCheckpointTs':'5'}}"

/* Facts of PD's GC and what comes of them. */
static void gc_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        struct backup_facts facts;
        const char *word, *says;
        bool passed, exact;
    } cases[] = {
        {NULL, {.pd = {TOLD, .checkpoint = AGO(3 * M), .gc_safepoint = AGO(10 * M)}}, "Running", "backed up",
         false, false},
        {NULL, {.pd = {TOLD, .checkpoint = AGO(30 * S), .gc_safepoint = AGO(20 * S)}}, "Running, GC passed it",
         "GC safepoint has passed the log's checkpoint: changes after the checkpoint may be gone before they were "
         "backed up. Stop it, take a full backup", true, false},
        /* what is equal: br refuses to resume it; one that runs has lost nothing */
        {NULL, {.pd = {TOLD, .checkpoint = AGO(30 * S), .gc_safepoint = AGO(30 * S)}}, "Running", "",
         false, false},
        {IS_PAUSED, {.pd = {TOLD, .paused = true, .checkpoint = AGO(H), .gc_safepoint = AGO(H)}},
         "Paused, GC passed it",
         "br refuses to resume it", true, false},
        /* the object's checkpoint is the fresher one */
        {NULL, {.pd = {TOLD, .checkpoint = AGO(9 * M), .gc_safepoint = AGO(5 * M)}}, "Running", "", false,
         false},
        /* not told, long ago, of no task, of no checkpoint */
        {NULL, {.pd = {.read_ms = NOW - S, .checkpoint = AGO(30 * S), .gc_safepoint = AGO(S)}}, "Running", "", false,
         false},
        {NULL, {.pd = {.read_ms = NOW - H, .gc_read_ms = NOW - H, .checkpoint = AGO(30 * S), .gc_safepoint = AGO(S)}},
         "Running", "", false, false},
        {NULL, {.pd = {TOLD, .gc_safepoint = AGO(S)}}, "Running", "", false, false},
        {NULL, {.pd = {TOLD, .task_missing = true, .gc_safepoint = UINT64_MAX}}, "Running, no task in PD", "",
         false, false},
        {NULL, {.pd = {TOLD, .checkpoint = AGO(30 * S), .gc_safepoint = UINT64_MAX}}, "Running, GC passed it",
         "", true, false},
        /* the deadline is PD's, or, where that did not tell, computed */
        {IS_PAUSED, {.pd = {TOLD, .paused = true, .paused_at_ms = NOW - H, .checkpoint = AGO(H),
                            .gc_safepoint = AGO(2 * H), .pause_expires_ms = NOW + 11 * H}}, "Paused, 11h left",
         "PD keeps what resume needs until 11-23 01:00: resume before then.", false, true},
        {IS_PAUSED, {.pd = {TOLD, .paused = true, .paused_at_ms = NOW - H}}, "Paused, 23h left",
         "for 24 h: resume before about", false, false},
        {IS_PAUSED, {.pd = {.read_ms = NOW - S, .gc_read_ms = NOW - M, .paused = true, .paused_at_ms = NOW - 10 * S,
                            .pause_expires_ms = NOW + M}}, "Paused, 23h left", "about", /* of an earlier one */
         false, false},
        {IS_PAUSED, {.pd = {TOLD, .paused = true, .pause_expires_ms = NOW + 20 * H}}, "Paused, 20h left",
         "since when is not",
         false, true},
        {IS_PAUSED, {.pd = {TOLD, .paused = true, .paused_at_ms = NOW - 3 * H, .checkpoint = AGO(3 * H),
                            .gc_safepoint = AGO(4 * H), .pause_expires_ms = NOW - H}}, "Paused, past deadline",
         "GC has not passed its checkpoint yet, and may at any moment. Resume it at once: r.", false, true},
        {IS_PAUSED, {.pd = {TOLD, .paused = true, .paused_at_ms = NOW - 3 * H, .pause_expires_ms = NOW - H}},
         "Paused, past deadline", "PD kept what resume needs until 13:00:00: resume will probably fail", false, true},
        {NULL, {.pd = {TOLD, .paused = true, .paused_at_ms = NOW - H, .paused_by = "host-7",
                       .pause_expires_ms = NOW + 2 * H}},
         "Running, paused in PD since 13:00 by host-7", "PD keeps what resume needs until 16:00:00.", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *r = sample_log(cases[i].patch);
        struct backup_state s;
        state_of(r, &cases[i].facts, NOW, true, &s);
        if (strcmp(s.word, cases[i].word) != 0 || !strstr(s.sentence, cases[i].says))
            fail_msg("%zu: %s, want %s: %s", i, s.word, cases[i].word, s.sentence);
        assert_int_equal(state_gc_passed(r, &cases[i].facts, NOW), cases[i].passed);
        assert_int_equal(strcmp(s.id, "gc-passed-checkpoint") == 0, cases[i].passed);
        assert_int_equal(!cases[i].passed || s.severity == SEVERITY_CRIT, 1);
        assert_int_equal(state_pause_deadline_is_exact(r, &cases[i].facts), cases[i].exact);
        if (cases[i].exact)
            assert_int_equal(state_pause_deadline_ms(r, &cases[i].facts), cases[i].facts.pd.pause_expires_ms);
        record_free(&r);
    }
}

static void a_snapshot_is_as_far_as_its_log_says(void **state)
{
    (void)state;
    struct backup_facts facts = {.log_progress = 17.9F};
    struct backup_record *r = sample_snapshot("{'status':{'phase':'Running'}}");
    struct backup_state s;
    state_of(r, &facts, NOW, false, &s);
    assert_string_equal(s.word, "Running, 17%");
    record_free(&r);
    r = sample_snapshot("{'status':{'phase':'Running','progresses':[{'step':'Full Backup','progress':40}]}}");
    state_of(r, &facts, NOW, false, &s);
    assert_string_equal(s.word, "Running, 40%"); /* the object's own counts first */
    record_free(&r);
    r = sample_snapshot("{'status':{'phase':'Complete'}}");
    state_of(r, &facts, NOW, false, &s);
    assert_string_equal(s.word, "Complete");
    record_free(&r);
}

static void events_tell_why_nothing_runs(void **state)
{
    (void)state;
    struct finding findings[FINDINGS_MAX];
    struct backup_facts facts = {.event = {.reason = "FailedCreate", .message = "serviceaccount not found",
                                           .at_ms = NOW}};
    struct backup_record *r = sample_snapshot(
        "{'status':{'phase':'Scheduled','conditions':[{'type':'Scheduled',"
        "'lastTransitionTime':'2026-11-22T13:57:00Z'}]}}");
    struct backup_state s;
    state_of(r, &facts, NOW, true, &s);
    assert_string_equal(s.word, "Scheduled, Pod forbidden");
    assert_int_equal(check_record(r, &facts, NULL, NOW, findings), 1);
    assert_non_null(strstr(findings[0].evidence, "FailedCreate: serviceaccount not found"));
    struct backup_facts pod = {.pod = {.present = true, .waiting = "ImagePullBackOff", .message = "no image"}};
    state_of(r, &pod, NOW, true, &s);
    assert_string_equal(s.word, "Scheduled, image not pulled");
    check_record(r, &pod, NULL, NOW, findings);
    assert_non_null(strstr(findings[0].evidence, "ImagePullBackOff: no image"));
    /* of a Pod that only begins the Event says more */
    struct backup_facts mount = {.pod = {.present = true, .waiting = "PodInitializing", .phase = "Pending"},
                                 .event = {.reason = "FailedMount", .message = "secret \"tls\" not found",
                                           .about = "Pod", .at_ms = NOW}};
    check_record(r, &mount, NULL, NOW, findings);
    assert_non_null(strstr(findings[0].evidence, "Event of the Pod: FailedMount: secret \"tls\" not found"));
    record_free(&r);
}

static void lag_is_now_minus_checkpoint(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        bool there;
    } cases[] = {
        {NULL, true},
        {"{'status':{'phase':'Paused'}}", true},
        {"{'status':{'phase':'Stopped'}}", false},
        {"{'status':{'phase':'Failed'}}", false},
        {"{'status':{'logCheckpointTs':null}}", false},
        {"{'status':{'logCheckpointTs':'0'}}", false},
    };
    int64_t lag;
    bool pd;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *r = sample_log(cases[i].patch);
        assert_int_equal(state_lag(r, NULL, NOW, &lag, NULL), cases[i].there);
        if (cases[i].there)
            assert_int_equal(lag, 41 * S);
        record_free(&r);
    }
    struct backup_record *r = sample_log(NULL);
    struct backup_facts facts = {.pd = {.read_ms = NOW, .checkpoint = tso_from_ms(NOW - 3 * S)}};
    assert_true(state_lag(r, &facts, NOW, &lag, &pd) && pd);
    assert_int_equal(lag, 3 * S);
    facts.pd.checkpoint = 5; /* older than the object's */
    assert_true(state_lag(r, &facts, NOW, &lag, &pd) && !pd);
    record_free(&r);
    r = sample_snapshot("{'status':{'logCheckpointTs':'470641792516096000'}}");
    assert_false(state_lag(r, NULL, NOW, &lag, NULL));
    record_free(&r);
}

static void marks_have_letters(void **state)
{
    (void)state;
    for (int m = 0; m < MARK_COUNT; m++) {
        assert_int_equal(strlen(state_mark_text((enum state_mark)m, true)), 1);
        assert_true(*state_mark_text((enum state_mark)m, false));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_finding),
        cmocka_unit_test(without_sentence_the_rest_is_the_same),
        cmocka_unit_test(states_hold_until_they_say),
        cmocka_unit_test(with_any_facts_too),
        cmocka_unit_test(something_changes_in_time),
        cmocka_unit_test(pd_tells_what_the_object_does_not),
        cmocka_unit_test(gc_is_told),
        cmocka_unit_test(a_snapshot_is_as_far_as_its_log_says),
        cmocka_unit_test(events_tell_why_nothing_runs),
        cmocka_unit_test(lag_is_now_minus_checkpoint),
        cmocka_unit_test(marks_have_letters),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
