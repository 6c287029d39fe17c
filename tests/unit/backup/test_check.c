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

#include <brdeck/backup/cause.h>
#include <brdeck/backup/check.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "samples.h"

#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)
#define NOW SAMPLE_NOW

/* The samples' checkpoint is 41 s old. PD's here is 3 s old. */
#define PD_FRESH .read_ms = NOW - S, .start_ts = 1, .checkpoint = (tso_t)(NOW - 3 * S) << 18
#define AT(time) "'lastTransitionTime':'2026-11-22T" time "Z'"
#define PAUSED_AT(time) \
    "{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Paused','conditions':[{'type':'Paused'," AT(time) "}]," \
    "'logSubCommandStatuses':{'log-pause':{'phase':'Complete','timeStarted':'2026-11-22T" time "Z'}}}}"
#define PAUSING(phase, time) \
    "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{'phase':'" phase "'," \
    "'conditions':[{'type':'" phase "'," AT(time) "}]}}}}"
#define CHECKPOINT(time) "'logCheckpointTs':'" time "'"
#define SCHEDULED(time) "{'status':{'phase':'Scheduled','conditions':[{'type':'Scheduled'," AT(time) "}]}}"

static const struct backup_facts pd_fine = {.pd = {.reach = PD_ANSWERED, PD_FRESH}};
static const struct backup_facts pd_nonsense = { /* a checkpoint that no clock has come to */
    .pd = {.reach = PD_ANSWERED, .read_ms = NOW - 1000, .start_ts = 1, .checkpoint = UINT64_MAX}};
static const struct backup_facts pd_hour_ahead = {
    .pd = {.reach = PD_ANSWERED, .read_ms = NOW - 1000, .start_ts = 1, .checkpoint = (tso_t)(NOW + H) << 18,
           .error_count = 1, .error_store = 4, .error = "io", .error_at_ms = NOW - M}};
static const struct backup_facts pd_paused = {
    .pd = {PD_FRESH, .paused = true, .paused_at_ms = NOW - 12 * H + 11 * M, .paused_by = "host-7", .paused_pid = 12,
           .paused_why = "new disks"}};
static const struct backup_facts pd_paused_plain = {.pd = {PD_FRESH, .paused = true}};
static const struct backup_facts pd_error_pause = {
    .pd = {PD_FRESH, .paused = true, .paused_by_error = true, .paused_at_ms = NOW - H, .paused_by = "tikv-2",
           .paused_why = "retryable"}};
static const struct backup_facts pd_store_error = {
    .pd = {.read_ms = NOW - S, .checkpoint = (tso_t)(NOW - M) << 18, .error_count = 3, .error_store = 4,
           .error_at_ms = NOW - 20 * S, .error = "failed to upload: disk full"}};
static const struct backup_facts pd_store_full = {
    .pd = {.read_ms = NOW - S, .error_count = 1, .error_store = 4, .error = "No space left on device"}};
static const struct backup_facts pd_old_error = { /* the checkpoint has passed it */
    .pd = {PD_FRESH, .error_count = 1, .error_store = 4, .error_at_ms = NOW - H, .error = "once"}};
static const struct backup_facts pd_no_task = {.pd = {.read_ms = NOW - S, .task_missing = true}};
static const struct backup_facts pd_long_ago = {.pd = {.read_ms = NOW - 5 * M, .paused = true}};
static const struct backup_facts pd_tls = {.pd = {.reach = PD_TLS, .why = "it wants TLS"}};
static const struct backup_facts pd_no_right = {.pd = {.reach = PD_NO_RIGHT, .why = "no right to create "
    "services/proxy"}};
static const struct backup_facts no_cluster = {.cluster = {.read_ms = NOW - S, .missing = true}};
static const struct backup_facts cluster_paused = {.cluster = {.read_ms = NOW - S, .paused = true}};
static const struct backup_facts cluster_suspended = {.cluster = {.read_ms = NOW - S, .paused = true,
    .suspended = true}};
static const struct backup_facts cluster_there = {.cluster = {.read_ms = NOW - S}};
static const struct backup_facts cluster_long_ago = {.cluster = {.read_ms = NOW - 5 * M, .missing = true}};
static const struct backup_facts no_account = {
    .job = {.present = true, .name = "backup-full-shop"},
    .event = {.reason = "FailedCreate", .about = "Job", .at_ms = NOW, .count = 5,
              .message = "Error creating: serviceaccount \"tidb-backup-manager\" not found"}};
static const struct backup_facts no_account_of_pause = {
    .job = {.present = true, .name = "backup-log-shop-log-pause"},
    .event = {.reason = "FailedCreate", .about = "Job", .at_ms = NOW, .count = 5,
              .message = "Error creating: serviceaccount \"tidb-backup-manager\" not found"}};
static const struct backup_facts pull = {
    .job = {.present = true, .name = "backup-full-shop"},
    .pod = {.present = true, .phase = "Pending", .waiting = "ImagePullBackOff", .message = "Back-off pulling image"}};
static const struct backup_facts oom = {
    .job = {.present = true, .failed = true, .name = "backup-full-shop", .ended_ms = NOW - 10 * S},
    .pod = {.present = true, .phase = "Failed", .ended = "OOMKilled", .exit_code = 137}};
static const struct backup_facts oom_long_ago = {
    .job = {.present = true, .failed = true, .name = "backup-full-shop", .ended_ms = NOW - 3 * M},
    .pod = {.present = true, .phase = "Failed", .ended = "OOMKilled", .exit_code = 137}};
static const struct backup_facts jobs_died = {
    .job = {.present = true, .name = "backup-log-shop-log-pause", .started_ms = NOW, .died = 3,
            .died_ms = NOW - 2 * M}};
static const struct backup_facts job_died_once = {
    .job = {.present = true, .name = "backup-log-shop-log-pause", .started_ms = NOW, .died = 1,
            .died_ms = NOW - 2 * M}};
static const struct backup_facts job_died = {
    .job = {.present = true, .failed = true, .name = "backup-log-shop-log-pause", .ended_ms = NOW - S},
    .log_error = "[br failed] something new"};
static const struct backup_facts pause_failed = { /* what the object says already is no evidence */
    .job = {.present = true, .failed = true, .name = "backup-log-shop-log-pause", .ended_ms = NOW - S,
            .reason = "BackoffLimitExceeded"},
    .pod = {.present = true, .phase = "Failed", .ended = "Error", .exit_code = 1},
    .log_error = "[2026/11/22 13:59:00] [ERROR] [main.go:1] [\"br failed\"] [error=\"unknown flag: --x\"]"};
static const struct backup_facts stop_died = {
    .job = {.present = true, .failed = true, .name = "stop-log-shop", .ended_ms = NOW - S},
    .log_error = "x509: certificate signed by unknown authority"};

/* 11-22 02:00:00 */
static const struct backup_facts later_full = {.later = {.name = "full-later", .commit_ts = UINT64_C(470630478643200000)}};

/* What is found, the gravest first: "id word" a line; and what stands anywhere in the first's sentence, evidence,
 * action. */
static const struct row {
    bool snapshot;
    const char *patch;
    const struct backup_facts *facts;
    int64_t at; /* after NOW */
    const char *found;
    const char *says, *known_by, *to_do;
} rows[] = {
    {false, NULL, NULL, 0, "ok running Running\n", "backed up to", NULL, NULL},
    {false, NULL, &pd_fine, 0, "ok running Running\n", "backed up to 13:59:57", NULL, NULL},
    /* PD knows better */
    {false, NULL, &pd_paused, 0, "crit paused-in-pd Running, paused in PD since 02:11 by host-7\nok running Running\n",
     "The object says Running, but the log task is paused in PD by host-7 (new disks): nothing is backed up. BR "
     "keeps what "
     "resume needs until about 11-23 02:11.",
     "PD: pause/log-shop of 02:11:00 by host-7, process 12, read at 13:59:59", "brdeck br resume log-shop -n prod"},
    {false, NULL, &pd_paused_plain, 0, "crit paused-in-pd Running, paused in PD\nok running Running\n", "paused in "
     "PD: nothing",
     "PD: pause/log-shop, read at", NULL},
    {false, PAUSING("Running", "13:59:00"), &pd_paused, 0, "busy working Pausing\nok running Running\n", NULL, NULL,
     NULL},
    {false, "{'spec':{'logSubcommand':'log-pause'}}", &pd_paused, 0, "busy command-asked Running, pause asked\nok "
     "running "
     "Running\n", NULL, NULL, NULL},
    {false, "{'status':{'conditions':[{'type':'Running'," AT("13:59:59") "}]}}", &pd_paused, 0, "ok running "
     "Running\n", NULL,
     NULL, NULL},
    {false, NULL, &pd_long_ago, 0, "ok running Running\n", NULL, NULL, NULL},
    {false, NULL, &pd_error_pause, 0, "crit paused-by-error Running, paused by an error since 13:00 by tikv-2\nok "
     "running "
     "Running\n", "An error has paused the log task in PD (retryable)", NULL, "See TiKV's log, and its way to the storage. Then resume it: "
     "brdeck br resume"},
    {false, PAUSED_AT("12:00:00"), &pd_error_pause, 0, "crit paused-by-error Paused, paused by an error since 13:00 "
     "by tikv-2\n"
     "busy paused Paused, 23h left\n", NULL, NULL, NULL},
    {false, NULL, &pd_store_error, 0, "crit store-error Running, error on store 4: failed to upload: disk...\nok "
     "running "
     "Running\n", "TiKV store 4 reports: failed to upload: disk full. 2 more stores report errors.", "PD: last-error/log-shop/4",
     "See TiKV's log, and its way to the storage."},
    {false, NULL, &pd_store_full, 0, "crit store-error Running, error on store 4: No space left on device\nok running "
     "Running\n", "No space left", NULL, "Free some"},
    {false, NULL, &pd_old_error, 0, "ok running Running\n", NULL, NULL, NULL},
    {false, NULL, &pd_no_task, 0, "crit no-task-in-pd Running, no task in PD\nok running Running\n", "PD knows no "
     "such log task",
     "PD: no info/log-shop", "Stop it"},
    {false, "{'spec':{'logSubcommand':'log-stop'},'status':{'logSubCommandStatuses':{'log-stop':{'phase':'Running'}}}}",
     &pd_no_task, 0, "busy working Stopping\nok running Running\n", NULL, NULL, NULL},
    {false, PAUSED_AT("12:00:00"), &pd_fine, 0, "warn running-in-pd Paused, running in PD\nbusy paused Paused, 22h "
     "left\n",
     "somebody has resumed it", "PD: no pause/log-shop", NULL},
    {false, PAUSED_AT("12:00:00"), &pd_paused_plain, 0, "busy paused Paused, 22h left\n", NULL, NULL, NULL},
    {false, "{'status':{'phase':'Stopped'}}", &pd_fine, 0, "warn left-in-pd Stopped, still in PD\nok stopped Stopped\n",
     "PD still has its log task", NULL, "brdeck br stop log-shop -n prod"},
    {false, "{'status':{'phase':'Stopped'}}", &pd_no_task, 0, "ok stopped Stopped\n", NULL, NULL, NULL},
    {false, NULL, &pd_tls, 0, "ok running Running\nok pd-not-asked PD not asked\n", NULL, NULL, NULL},
    {false, PAUSED_AT("12:00:00"), &pd_no_right, 0, "busy paused Paused, 22h left\nok pd-not-asked PD not asked\n",
     NULL, NULL,
     NULL},
    /* a clock is wrong, or the value: it is not how far the log is backed up */
    {false, NULL, &pd_nonsense, 0, "warn checkpoint-ahead Running, checkpoint ahead\nok running Running\n",
     "The checkpoint in PD is of 4199-", "PD: checkpoint 4199-", "Compare the clocks"},
    {false, NULL, &pd_hour_ahead, 0, "crit store-error Running, error on store 4: io\n"
     "warn checkpoint-ahead Running, checkpoint ahead\nok running Running\n", NULL, NULL, NULL},
    {false, "{'status':{" CHECKPOINT("470660000000000000") "}}", NULL, 0, "warn checkpoint-ahead Running, checkpoint "
     "ahead\nok running Running\n", "The checkpoint in the object is of", NULL, NULL},
    /* the operator stands still */
    {false, "{'status':{" CHECKPOINT("470638972108800000") "}}", &pd_fine, 0, "warn operator-stale Running, operator "
     "stale\n"
     "ok running Running\n", "the checkpoint in PD is 3s old, in the object 3h00m", "PD: checkpoint 13:59:57, read "
     "at 13:59:59",
     "The backup goes on."},
    {false, "{'status':{'logCheckpointTs':null}}", &pd_fine, 0, "warn operator-stale Running, operator stale\nok "
     "running "
     "Running\n", "in the object there is none", NULL, NULL},
    {false, NULL, &no_cluster, 0, "warn cluster-missing Running, no Cluster\nok running Running\n", "The operator "
     "does nothing "
     "for it: the Cluster that spec.br.cluster names is not there", "Cluster shop, namespace prod", NULL},
    {false, NULL, &cluster_paused, 0, "warn cluster-paused Running, Cluster paused\nok running Running\n", NULL, NULL,
     NULL},
    {true, "{'status':{'phase':'Running'}}", &cluster_suspended, 0, "warn cluster-suspended Running, Cluster "
     "suspended\nbusy "
     "running Running\n", NULL, NULL, NULL},
    {false, NULL, &cluster_long_ago, 0, "ok running Running\n", NULL, NULL, NULL},
    {true, NULL, &no_cluster, 0, "ok complete Complete\n", NULL, NULL, NULL},
    {false, "{'status':null,'metadata':{'creationTimestamp':'2026-11-22T13:59:59Z'}}", &no_cluster, 0,
     "warn cluster-missing no Cluster, 1s\n", "(Cluster shop in namespace prod)", NULL, "Make the Cluster"},
    {false, "{'status':null,'metadata':{'creationTimestamp':'2026-11-22T13:56:00Z'}}", &cluster_there, 0,
     "warn not-picked-up not picked up, 4m\n", "its status is empty", NULL, "See that the operator runs and watches "
     "namespace "
     "prod."},
    {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:59:00Z'}}", &no_cluster, 0, "warn delete-hangs "
     "Deleting, no "
     "Cluster\n", "It does not get on", NULL, "Or take the finalizer off"},
    {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:59:00Z'}}", &stop_died, 0, "warn delete-hangs Deleting, "
     "bad "
     "certificate\n", NULL, "br: x509", NULL},
    /* Jobs that do not get on: at once where the cause is known */
    {true, SCHEDULED("13:59:55"), &no_account, 0, "warn job-stuck Scheduled, no ServiceAccount\n",
     "nothing runs: the ServiceAccount of the backup's Pod is not there. Once that is mended it goes on by itself.",
     "Event of the Job: FailedCreate: Error creating", "Create it with its Role"},
    {true, SCHEDULED("13:59:55"), &pull, 0, "warn job-stuck Scheduled, image not pulled\n", NULL,
     "its Pod waits: ImagePullBackOff: Back-off pulling image", "imagePullSecrets"},
    {true, SCHEDULED("13:59:55"), NULL, 0, "busy coming-up Scheduled\n", NULL, NULL, NULL},
    {true, SCHEDULED("13:56:55"), NULL, 0, "warn job-stuck Scheduled, 3m\n", NULL, NULL, "Its Events tell why"},
    {false, PAUSING("Scheduled", "13:59:55"), &no_account_of_pause, 0, "warn job-stuck Pausing, no "
     "ServiceAccount\nok running "
     "Running\n", "log-pause does not get on", "FailedCreate", NULL},
    {false, PAUSING("Scheduled", "13:59:55"), &no_account, 0, "busy working Pausing\nok running Running\n", NULL,
     NULL, NULL},
    /* one goes on, and those before it have failed */
    {false, PAUSING("Running", "13:59:55"), &jobs_died, 0, "warn job-dies Pausing, Jobs fail\nok running Running\n",
     "3 Jobs of it have failed since 13:58:00", NULL, "how its Pods end"},
    {false, PAUSING("Running", "13:59:55"), &job_died_once, 0, "busy working Pausing\nok running Running\n", NULL, NULL,
     NULL},
    {false, PAUSING("Running", "13:59:55"), &job_died, 0, "warn job-dies Pausing, Job failed\nok running Running\n",
     "has died without a word. The operator makes it anew, over and over.", "br: [br failed] something new", NULL},
    {true, "{'status':{'phase':'Running'}}", &oom, 0, "busy job-failed Running, out of memory\nbusy running Running\n",
     "is about to see it", "ended with OOMKilled, exit code 137", "Raise the memory"},
    {true, "{'status':{'phase':'Running'}}", &oom_long_ago, 0, "warn job-failed Running, out of memory\nbusy running "
     "Running\n",
     "does not look at it", NULL, "See that the operator runs"},
    /* it runs again: that was the try before, whose Job is about to go */
    {true, "{'status':{'phase':'Running','conditions':[{'type':'Running','status':'True',"
     "'lastTransitionTime':'2026-11-22T13:59:58Z'}]}}", &oom_long_ago, 0, "busy running Running\n", NULL, NULL, NULL},
    {true, "{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'odd'}]}}", &oom, 0,
     "crit failed Failed, out of memory\n", "Failed: odd.", "OOMKilled", "Raise the memory"},
    /* what a later full backup made good; one of some tables it does not stand in for, nor for a log */
    {true, "{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'AccessDenied'}]}}", &later_full, 0,
     "ok failed-made-good Failed, access denied\n", "Failed: AccessDenied; full-later of 02:00:00 succeeded since.", "", ""},
    {true, "{'status':{'phase':'Invalid','conditions':[{'type':'Invalid','message':'odd'}]}}", &later_full, 0,
     "ok failed-made-good Invalid\n", "The operator refuses the spec: odd; full-later of 02:00:00 succeeded since.", "", ""},
    {true, "{'spec':{'tableFilter':['a.b']},'status':{'phase':'Failed'}}", &later_full, 0, "crit failed Failed\n", NULL,
     NULL, NULL},
    {false, "{'status':{'phase':'Failed'}}", &later_full, 0, "crit failed Failed\n", NULL, NULL, NULL},
    {true, "{'status':{'phase':'Running'}}", &no_account_of_pause, 0, "busy running Running\n", NULL, NULL, NULL},
    /* several at once */
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{" CHECKPOINT("470638972108800000")
     ",'logSubCommandStatuses':{"
     "'log-pause':{'phase':'Failed','conditions':[{'type':'Failed','message':'unknown flag: --x'}]}}}}", &pd_fine, 0,
     "warn command-failed Running, pause failed\nwarn operator-stale Running, operator stale\nok running Running\n",
     "log-pause failed: unknown flag: --x.", NULL, "spec.br.options"},
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{"
     "'log-pause':{'phase':'Failed','conditions':[{'type':'Failed','message':'x'}]}}}}", NULL, 30 * M,
     "crit lagging Running, lagging\nwarn command-failed Running, pause failed\nok running Running\n", NULL, NULL,
         NULL},
    {false, NULL, &pd_no_task, 12 * M, "warn lagging Running, lagging\nok running Running\n", NULL, NULL, NULL},
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{"
     "'log-pause':{'phase':'Failed','conditions':[{'type':'Failed','message':'unknown flag: --x'}]}}}}",
         &pause_failed, 0,
     "warn command-failed Running, pause failed\nok running Running\n", "unknown flag: --x.", "", NULL},
    {false, "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{"
     "'log-pause':{'phase':'Failed','conditions':[{'type':'Failed','message':'odd'}]}}}}", &pause_failed, 0,
     "warn command-failed Running, pause failed\nok running Running\n", "odd.", "br: unknown flag: --x",
         "spec.br.options"},
    /* how long a pause may be is a limit of the check only */
    {false, PAUSED_AT("11:59:00"), NULL, 0, "warn paused Paused, 21h left\n", NULL, NULL, NULL},
    {false, PAUSED_AT("01:59:00"), NULL, 0, "crit paused Paused, 11h left\n", NULL, NULL, NULL},
};

static struct backup_record *record_of(const struct row *row)
{
    return row->snapshot ? sample_snapshot(row->patch) : sample_log(row->patch);
}

static void text_of(const struct finding *findings, size_t count, struct str *out)
{
    static const char *const severities[] = {"ok", "busy", "warn", "crit"};
    for (size_t i = 0; i < count; i++)
        str_addf(out, "%s %s %s\n", severities[findings[i].severity], findings[i].id, findings[i].word);
}

/* "" stands for: nothing at all. */
static bool has(const char *text, const char *part) { return !part || (*part ? strstr(text, part) != NULL : !*text); }

/* Pauses of the rows above but the last are under their limit of two hours, or are told by their deadline. */
static void every_finding(void **state)
{
    (void)state;
    struct check_limits limits = check_defaults;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct backup_record *r = record_of(row);
        struct finding f[FINDINGS_MAX];
        struct str text;
        bool pause_row = i + 2 >= ARRAY_LEN(rows);
        limits.pause_warn_ms = pause_row ? check_defaults.pause_warn_ms : 0;
        limits.pause_crit_ms = pause_row ? check_defaults.pause_crit_ms : 0;
        size_t count = check_record(r, row->facts, &limits, NOW + row->at, f);
        str_init(&text, STR_SMALL);
        text_of(f, count, &text);
        if (strcmp(text.data, row->found) != 0 || !has(f[0].sentence, row->says) || !has(f[0].evidence,
            row->known_by) ||
            !has(f[0].action, row->to_do))
            fail_msg("row %zu: want\n%sgot\n%ssentence \"%s\"\nevidence \"%s\"\naction \"%s\"", i, row->found,
                text.data,
                     f[0].sentence, f[0].evidence, f[0].action);
        str_done(&text);
        record_free(&r);
    }
}

/* -- whatever the facts ----------------------------------------------------------------------- */

static void check_any(const struct backup_record *r, const struct backup_facts *facts, int64_t now)
{
    struct finding f[FINDINGS_MAX];
    struct backup_state s, row;
    size_t count = check_record(r, facts, &check_of_state, now, f);
    state_of(r, facts, now, true, &s);
    state_of(r, facts, now, false, &row);
    assert_true(count >= 1 && count <= FINDINGS_MAX);
    if (!str_same(f[0].id, s.id) || strcmp(f[0].word, s.word) != 0 || strncmp(s.sentence, f[0].sentence,
                                                            strlen(f[0].sentence)) != 0)
        fail_msg("check finds %s \"%s\", state %s \"%s\"", f[0].id, f[0].word, s.id, s.word);
    assert_true(f[0].severity == s.severity && f[0].mark == s.mark && f[0].role == s.role &&
                f[0].needs_you == s.needs_you);
    assert_string_equal(row.word, s.word);
    assert_string_equal(row.sentence, "");
    assert_true(str_same(row.id, s.id) && row.severity == s.severity && row.until_ms > now);
    for (size_t i = 0; i < count; i++) {
        assert_true(f[i].id && *f[i].id && f[i].word[0] && f[i].sentence[0]);
        assert_true(i == 0 || f[i - 1].severity >= f[i].severity);
        assert_true(!f[i].needs_you || f[i].severity >= SEVERITY_WARN);
        assert_true(!f[i].cause || cause_by_id(f[i].cause));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(f[k].id, f[i].id);
    }
}

static void any_facts_over(const struct backup_record *r, unsigned *seed, int times)
{
    for (int n = 0; n < times; n++) {
        struct backup_facts facts;
        int64_t now = NOW + (int64_t)sample_random(seed, 86400) * S * (sample_random(seed, 2) ? 1 : -1);
        sample_facts(seed, now, &facts);
        check_any(r, &facts, now);
    }
}

static void any_facts(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *r = record_of(&rows[i]);
        check_any(r, NULL, NOW + rows[i].at);
        any_facts_over(r, &seed, 300);
        record_free(&r);
    }
}

static void any_facts_over_one(struct backup_record *r, void *seed) { any_facts_over(r, seed, 20); }

static void any_facts_over_the_recorded_lives(void **state)
{
    (void)state;
    unsigned seed = 11;
    sample_lives(any_facts_over_one, &seed);
}

/* -- a cluster -------------------------------------------------------------------------------- */

#define FULL(commit) "{'status':{'commitTs':'" commit "'}}"
/* 11-21 14:00, 11-21 11:00, 11-20 11:00: 24, 27 and 51 hours ago */
#define HOURS_24 "470619154022400000"
#define HOURS_27 "470616322867200000"
#define HOURS_51 "470593673625600000"

static const struct cluster_row {
    const char *logs[2], *full;
    bool complete;
    unsigned tasks;
    const char *found;
} clusters[] = {
    {{"{}"}, FULL(HOURS_24), true, 0, "ok full-backup-age full backup fresh\n"},
    {{"{}"}, FULL("470641818992640000"), true, 0, "ok full-backup-age full backup fresh\n"},    /* a minute ahead */
    {{"{}"}, FULL("470644634419200000"), true, 0, "warn full-backup-ahead full backup ahead\n"}, /* three hours */
    {{"{}"}, FULL(HOURS_27), true, 0, "warn full-backup-age full backup old\n"},
    {{"{}"}, FULL(HOURS_51), true, 0, "crit full-backup-age full backup old\n"},
    {{"{}"}, FULL(HOURS_51), false, 0, "ok full-backup-age unknown\n"},
    {{"{}"}, FULL(HOURS_24), false, 0, "ok full-backup-age full backup fresh\n"},
    {{"{}"}, NULL, true, 0, "crit no-full-backup no full backup\n"},
    {{"{}"}, NULL, false, 0, "ok full-backup-age unknown\n"},
    {{"{}"}, "{'spec':{'tableFilter':['a.b']}}", true, 0, "crit no-full-backup no full backup\n"},
    {{"{}"}, "{'status':{'phase':'Failed'}}", true, 0, "crit no-full-backup no full backup\n"},
    {{NULL}, FULL(HOURS_24), true, 0, "warn no-log-backup no log backup\nok full-backup-age full backup fresh\n"},
    {{NULL}, FULL(HOURS_24), false, 0, "ok full-backup-age full backup fresh\nok no-log-backup unknown\n"},
    /* one that was just made */
    {{"{'status':null}"}, FULL(HOURS_24), true, 0, "ok full-backup-age full backup fresh\n"},
    {{"{'status':{'phase':'Stopped'}}"}, FULL(HOURS_24), true, 0,
     "warn no-log-backup no log backup\nok full-backup-age full backup fresh\n"},
    {{"{'status':{'phase':'Paused'}}"}, FULL(HOURS_24), true, 0, "ok full-backup-age full backup fresh\n"},
    {{"{}", "{'metadata':{'name':'log-b'}}"}, FULL(HOURS_24), false, 0,
     "warn several-log-backups several log backups\nok full-backup-age full backup fresh\n"},
    {{"{}", "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'}}"}, FULL(HOURS_24), true, 0,
     "ok full-backup-age full backup fresh\n"},
    {{"{}"}, FULL(HOURS_24), true, 2, "warn unknown-task task without Backup\nwarn unknown-task task without Backup\n"
     "ok full-backup-age full backup fresh\n"},
    {{"{}"}, FULL(HOURS_24), false, 1, "ok full-backup-age full backup fresh\nok unknown-task task without Backup\n"},
};

static void of_a_cluster(void **state)
{
    (void)state;
    static const struct check_task tasks[] = {{"old-task", (tso_t)(NOW - H) << 18, true}, {"other", 0, false}};
    for (size_t i = 0; i < ARRAY_LEN(clusters); i++) {
        const struct cluster_row *row = &clusters[i];
        struct backup_record *records[3];
        struct finding f[FINDINGS_MAX];
        struct str text;
        size_t n = 0;
        for (size_t k = 0; k < ARRAY_LEN(row->logs); k++)
            if (row->logs[k])
                records[n++] = sample_log(row->logs[k]);
        if (row->full)
            records[n++] = sample_snapshot(row->full);
        const struct check_cluster cluster = {
            .cluster = "prod/shop", .records = (const struct backup_record *const *)records, .count = n,
            .complete = row->complete, .unknown_tasks = tasks, .unknown_count = row->tasks,
        };
        size_t count = check_cluster(&cluster, NULL, NOW, f);
        str_init(&text, STR_SMALL);
        text_of(f, count, &text);
        if (strcmp(text.data, row->found) != 0)
            fail_msg("row %zu: want\n%sgot\n%s", i, row->found, text.data);
        for (size_t k = 0; k < count; k++) {
            assert_true(f[k].sentence[0] && strstr(f[k].sentence, f[k].unknown && !f[k].evidence[0] ? "unknown" :
                "prod/shop"));
            assert_int_equal(f[k].needs_you, f[k].severity >= SEVERITY_WARN);
        }
        str_done(&text);
        while (n > 0)
            record_free(&records[--n]);
    }
}

static void limits_may_be_others(void **state)
{
    (void)state;
    struct backup_record *log = sample_log(NULL), *full = sample_snapshot(NULL); /* a week old */
    const struct backup_record *records[] = {log, full};
    struct check_cluster cluster = {.cluster = "prod/shop", .records = records, .count = 2, .complete = true};
    struct check_limits limits = {0};
    struct finding f[FINDINGS_MAX];
    assert_int_equal(check_cluster(&cluster, &limits, NOW, f), 0); /* none is asked for */
    limits.age_warn_ms = 8 * D;
    assert_int_equal(check_cluster(&cluster, &limits, NOW, f), 1);
    assert_int_equal(f[0].severity, SEVERITY_OK);
    limits = (struct check_limits){.lag_warn_ms = 30 * S, .lag_crit_ms = M};
    check_record(log, NULL, &limits, NOW, f);
    assert_true(f[0].severity == SEVERITY_WARN && strcmp(f[0].id, "lagging") == 0);
    limits.lag_crit_ms = 41 * S;
    check_record(log, NULL, &limits, NOW, f);
    assert_true(f[0].severity == SEVERITY_CRIT);
    limits = (struct check_limits){0};
    check_record(log, NULL, &limits, NOW + D, f);
    assert_string_equal(f[0].id, "running");
    record_free(&log);
    record_free(&full);
}

/* More than there is room for: what is gravest stays, in order. */
static void there_is_room_for_so_many(void **state)
{
    (void)state;
    struct check_task tasks[FINDINGS_MAX + 4];
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
        tasks[i] = (struct check_task){"task", 0, false};
    struct check_cluster cluster = {.cluster = "prod/shop", .complete = true, .unknown_tasks = tasks,
                                    .unknown_count = ARRAY_LEN(tasks)};
    struct finding f[FINDINGS_MAX];
    assert_int_equal(check_cluster(&cluster, NULL, NOW, f), FINDINGS_MAX);
    assert_string_equal(f[0].id, "no-full-backup");
    assert_string_equal(f[FINDINGS_MAX - 1].id, "unknown-task");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_finding),
        cmocka_unit_test(any_facts),
        cmocka_unit_test(any_facts_over_the_recorded_lives),
        cmocka_unit_test(of_a_cluster),
        cmocka_unit_test(limits_may_be_others),
        cmocka_unit_test(there_is_room_for_so_many),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
