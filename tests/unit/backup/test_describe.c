#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <brdeck/backup/check.h>
#include <brdeck/backup/describe.h>
#include <brdeck/base/alloc.h>

#include "samples.h"

/* "label: text" a line, without roles. */
static char *text_of(const struct description *d)
{
    struct str out;
    str_init(&out, STR_SMALL);
    for (size_t i = 0; i < d->count; i++)
        str_addf(&out, "%*s%s%s%s\n", (int)d->lines[i].indent, "", d->lines[i].label ? d->lines[i].label : "",
                 d->lines[i].label ? ": " : "", d->lines[i].text);
    return str_take(&out);
}

static void check_brief(const struct backup_record *r, const struct describe_context *ctx, const char *want)
{
    struct description d;
    description_init(&d);
    describe_brief(&d, r, ctx);
    char *text = text_of(&d);
    assert_string_equal(text, want);
    free(text);
    description_done(&d);
    description_done(&d);
}

static void the_sketch(void **state)
{
    (void)state;
    struct backup_record *log = sample_log(
        "{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Paused','logSubCommandStatuses':{'log-pause':{"
        "'phase':'Complete','timeStarted':'2026-11-21T16:04:00Z','timeCompleted':'2026-11-21T16:04:05Z'}}}}");
    struct backup_record *base = sample_snapshot(NULL);
    const struct backup_record *records[] = {log, base};
    struct window window;
    window_of(log, records, 2, 0, &window);
    struct describe_context ctx = {.window = &window, .window_known = true, .has_status_sub = true,
                                   .now_ms = SAMPLE_NOW};
    check_brief(log, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret\n"
        "  Paused since 11-21 16:04 by log-pause. BR keeps what resume needs for 24 h: resume before about 16:04:00.\n"
        "  restorable: 11-15 14:00 (full-shop) … 13:59:19, no holes\n"
        "  commands: log-start Complete 11-12 14:00   log-pause Complete 11-21 16:04   log-truncate -\n"
        "  now: r resume   S stop (final)   T truncate   ctrl-d delete\n  not now: p already paused\n");
    struct backup_facts facts = {.pd = {.reach = PD_ANSWERED, .read_ms = SAMPLE_NOW,
                                        .checkpoint = log->checkpoint + (UINT64_C(30000) << 18)}};
    window_shown(log, &facts, records, 2, 0, &window);
    check_brief(log, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret\n"
        "  Paused since 11-21 16:04 by log-pause. BR keeps what resume needs for 24 h: resume before about 16:04:00.\n"
        "  restorable: 11-15 14:00 (full-shop) … 13:59:49 as PD says, no holes\n"
        "  commands: log-start Complete 11-12 14:00   log-pause Complete 11-21 16:04   log-truncate -\n"
        "  now: r resume   S stop (final)   T truncate   ctrl-d delete\n  not now: p already paused\n");
    window_of(log, records, 2, 0, &window);
    ctx.read_only = ctx.ascii = true;
    ctx.window_known = false;
    check_brief(log, &ctx,
        "prod/log-shop    cluster shop - s3://vault/shop/log - secret s3-secret\n"
        "  Paused since 11-21 16:04 by log-pause. BR keeps what resume needs for 24 h: resume before about 16:04:00.\n"
        "  restorable: 11-15 14:00 (full-shop) to 13:59:19, no holes; more snapshots may come: not all are listed yet\n"
        "  commands: log-start Complete 11-12 14:00   log-pause Complete 11-21 16:04   log-truncate -\n"
        "  now: nothing: brdeck is read-only\n");
    record_free(&log);
    record_free(&base);
}

/* "restorable" never promises what the log may not have. */
static void restorable_is_no_promise(void **state)
{
    static const struct {
        const char *patch, *says;
    } rows[] = {
        {NULL, "no holes"},
        {"{'status':{'logSubCommandStatuses':{'log-truncate':{'phase':'Failed','logTruncatingUntil':"
         "'470500000000000000'}}}}", "no holes; log-truncate failed: what lies before 11-16 07:44 may be gone already"},
        {"{'status':{'logSubCommandStatuses':{'log-truncate':{'phase':'Running','logTruncatingUntil':"
         "'470500000000000000'}}}}", "log-truncate is under way: what lies before 11-16 07:44 may be gone already"},
        {"{'status':{'logCheckpointTs':'0'}}", "unknown: how far the log reaches is not told yet (no checkpoint)"},
        {"{'status':{'phase':'Clean'}}", "nothing: its data is being removed from storage"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *log = sample_log(rows[i].patch), *base = sample_snapshot(NULL);
        const struct backup_record *records[] = {log, base};
        struct window window;
        window_of(log, records, 2, 0, &window);
        struct describe_context ctx = {.window = &window, .window_known = true, .now_ms = SAMPLE_NOW};
        struct description d;
        bool said = false;
        description_init(&d);
        describe_brief(&d, log, &ctx);
        for (size_t l = 0; l < d.count; l++)
            said = said || (str_same(d.lines[l].label, "restorable") && strstr(d.lines[l].text, rows[i].says));
        if (!said)
            fail_msg("row %zu does not say: %s", i, rows[i].says);
        description_done(&d);
        record_free(&log);
        record_free(&base);
    }
}

static void other_briefs(void **state)
{
    (void)state;
    struct describe_context ctx = {.window_known = true, .has_status_sub = true, .now_ms = SAMPLE_NOW};
    struct backup_record *r = sample_log(
        "{'spec':{'logSubcommand':'log-pause'},'metadata':{'labels':{'argocd.argoproj.io/instance':'x'}},"
        "'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Failed','timeCompleted':'2026-11-01T00:00:00Z',"
        "'conditions':[{'type':'Failed','message':'PD is down','lastTransitionTime':'2026-11-22T13:00:00Z'}]}}}}");
    struct window none = {.log = r, .points = 1};
    ctx.window = &none;
    check_brief(r, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret · managed by Argo CD\n"
        "  log-pause failed: PD is down. The operator does not try again by itself; p does. The phase is still "
        "Running. See that PD's Pods run and that the network lets the backup's Pod reach port 2379.\n  restorable: "
        "no PITR: no full backup lies in the log; 1 restores only its own instant\n"
        "  commands: log-start Complete 11-12 14:00   log-pause Failed 13:00:00   log-truncate -\n"
        "  now: p pause again   S stop (final)   ctrl-d delete\n  not now: r not paused   T behind a failed command\n");
    record_free(&r);
    r = sample_log("{'status':{'phase':'Stopped'}}");
    ctx.window = NULL;
    check_brief(r, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret\n"
        "  Stopped; that is final. Truncate still works; s makes a new log backup.\n"
        "  restorable: unknown: the snapshots of the cluster are not completely listed\n"
        "  commands: log-start Complete 11-12 14:00   log-pause -   log-truncate -\n"
        "  now: s new log backup   T truncate   ctrl-d delete\n  not now: p r stopped is final   S already stopped\n");
    ctx.no_right = 1u << ACTION_TRUNCATE;
    check_brief(r, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret\n"
        "  Stopped; that is final. Truncate still works; s makes a new log backup.\n"
        "  restorable: unknown: the snapshots of the cluster are not completely listed\n"
        "  commands: log-start Complete 11-12 14:00   log-pause -   log-truncate -\n"
        "  now: s new log backup   ctrl-d delete\n  not now: p r stopped is final   S already stopped   T no right\n");
    record_free(&r);
    r = sample_snapshot(NULL);
    check_brief(r, &ctx,
        "prod/full-shop    cluster shop · s3://vault/shop/full-1 · secret s3-secret\n"
        "  Restores 11-15 14:00. It is a base for PITR.\n"
        "  restorable: 11-15 14:00\n  now: ctrl-d delete\n");
    record_free(&r);
}

/* All that needs somebody, each with what shows it; that PD cannot be asked is told, but is no trouble. */
static void what_is_found(void **state)
{
    (void)state;
    struct backup_facts facts = {
        .pd = {.reach = PD_ANSWERED, .read_ms = SAMPLE_NOW - 1000, .checkpoint = tso_from_ms(SAMPLE_NOW - 11 * 60000),
               .paused = true, .paused_at_ms = SAMPLE_NOW - 3600000, .paused_by = "host-7"}};
    struct describe_context ctx = {.facts = &facts, .has_status_sub = true, .now_ms = SAMPLE_NOW, .read_only = true};
    struct backup_record *r = sample_log("{'status':{'logCheckpointTs':'470638972108800000'}}");
    check_brief(r, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret\n"
        "  The object says Running, but the log task is paused in PD by host-7: nothing is backed up. BR keeps what "
        "resume "
        "needs until about 11-23 13:00. The operator does not see it. Resume it: brdeck br resume log-shop -n prod.\n"
        "  known by: PD: pause/log-shop of 13:00:00 by host-7, read at 13:59:59\n"
        "  also: The checkpoint stands 11m back: what came after 13:49:00 cannot be restored yet. Look at the "
        "storage, the "
        "TiKV logs and br log status.\n"
        "  known by: PD: checkpoint 13:49:00, read at 13:59:59\n"
        "  also: Operator stale: the checkpoint in PD is 11m old, in the object 3h00m: it no longer writes the "
        "status. The "
        "backup goes on. See that the operator runs and reaches PD.\n"
        "  known by: PD: checkpoint 13:49:00, read at 13:59:59\n"
        "  restorable: unknown: the snapshots of the cluster are not completely listed\n"
        "  commands: log-start Complete 11-12 14:00   log-pause -   log-truncate -\n"
        "  now: nothing: brdeck is read-only\n");
    record_free(&r);
    facts = (struct backup_facts){.pd = {.reach = PD_TLS, .why = "the Cluster has TLS"}};
    r = sample_log(NULL);
    check_brief(r, &ctx,
        "prod/log-shop    cluster shop · s3://vault/shop/log · secret s3-secret\n"
        "  The log is backed up to 13:59:19.\n"
        "  restorable: unknown: the snapshots of the cluster are not completely listed\n"
        "  commands: log-start Complete 11-12 14:00   log-pause -   log-truncate -\n"
        "  now: nothing: brdeck is read-only\n"
        "  PD cannot be asked: it wants client certificates. b asks br itself (brdeck br status log-shop -n prod).\n");
    record_free(&r);
}

static void contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void all_of_it(void **state)
{
    (void)state;
    struct json *object = sample_log_json(
        "{'metadata':{'labels':{'team':'shop'}},'spec':{'logSubcommand':'log-pause','logStop':null},"
        "'status':{'logSuccessTruncateUntil':'2026-11-14T00:00:00Z',"
        "'conditions':[{'type':'Scheduled','status':'True','reason':'Scheduled',"
        "'lastTransitionTime':'2026-11-12T13:59:51Z'},{'type':'Running','status':'False','reason':'Because',"
        "'message':'why it is so','lastTransitionTime':'2026-11-12T13:59:58Z'}],"
        "'logSubCommandStatuses':{'log-pause':{'phase':'Failed','conditions':[{'type':'Failed','status':'True',"
        "'reason':'PauseLogBackupFailed','message':'the whole message',"
        "'lastTransitionTime':'2026-11-22T13:00:00Z'}]}}}}");
    struct backup_record *r = record_decode(object, sample_pool());
    struct backup_facts facts = {.job = {.present = true, .name = "backup-log-shop-log-pause", .failed = true},
                                 .event = {.reason = "FailedCreate", .message = "no account", .at_ms = SAMPLE_NOW,
                                           .count = 3},
                                 .pd = {.read_ms = SAMPLE_NOW, .checkpoint = tso_from_ms(SAMPLE_NOW - 1000)}};
    struct describe_context ctx = {.facts = &facts, .window_known = true, .has_status_sub = true, .now_ms = SAMPLE_NOW,
                                   .ascii = true};
    struct description d;
    description_init(&d);
    describe_full(&d, r, object, &ctx);
    char *text = text_of(&d);
    static const char *const parts[] = {
        "state: ! Running, pause failed", "cluster: prod/shop", "storage: s3://vault/shop/log", "labels: team=shop",
        "created: 2026-11-12 13:59:50 +0000   2026-11-12T13:59:50Z", "logSubcommand: log-pause",
        "COMMITTS: 2026-11-12 14:00:00 +0000   2026-11-12T14:00:00Z   TSO 470415310848000000",
        "lag: 1s, by PD's checkpoint", "truncated until: 2026-11-14 00:00:00", "log-start: Complete",
        "log-pause: Failed",
        "Failed: 2026-11-22 13:00:00 +0000   PauseLogBackupFailed\n      the whole message",
        "Running: 2026-11-12 13:59:58 +0000 (not so any more)   Because\n    why it is so",
        "job: backup-log-shop-log-pause has failed", "event: FailedCreate: no account", "3 times",
        "p pause: The last pause failed and will not be retried by itself", "r resume: not now: It is not paused",
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        contains(text, parts[i]);
    free(text);
    description_done(&d);
    describe_full(&d, r, NULL, &ctx); /* the object is not there yet: the record tells what it can */
    text = text_of(&d);
    contains(text, "PauseLogBackupFailed: the whole message");
    free(text);
    description_done(&d);
    record_free(&r);
    json_free(&object);
}

/* br and the storage quote what they were given. */
static void no_secrets(void **state)
{
    (void)state;
    static const char changes[] =
        "{'status':{'phase':'Failed','conditions':[{'type':'Failed','status':'True','reason':'StartLogBackupFailed',"
        "'lastTransitionTime':'2026-11-22T13:00:00Z',"
        "'message':'br log start --s3.secret-access-key=hush --s3.endpoint=http://me:hush@minio:9000: exit 1'}]}}";
    struct backup_record *r = sample_log(changes);
    struct json *object = sample_log_json(changes);
    struct backup_facts facts = {.log_error = "[ERROR] azure://c/p?sas-token=hush: 403",
                                 .event = {.reason = "FailedMount", .message = "sig=hush", .at_ms = SAMPLE_NOW - 1000,
                                           .about = "Pod", .count = 1}};
    struct describe_context ctx = {.facts = &facts, .now_ms = SAMPLE_NOW};
    struct description d;
    description_init(&d);
    describe_brief(&d, r, &ctx);
    describe_full(&d, r, object, &ctx);
    char *text = text_of(&d);
    assert_null(strstr(text, "hush"));
    contains(text, "--s3.secret-access-key=<redacted> --s3.endpoint=http://me:<redacted>@minio:9000: exit 1");
    free(text);
    description_done(&d);
    struct finding findings[FINDINGS_MAX];
    size_t count = check_record(r, &facts, NULL, SAMPLE_NOW, findings);
    for (size_t i = 0; i < count; i++)
        assert_true(!strstr(findings[i].sentence, "hush") && !strstr(findings[i].evidence, "hush"));
    json_free(&object);
    record_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_sketch), cmocka_unit_test(other_briefs),
        cmocka_unit_test(what_is_found),
        cmocka_unit_test(restorable_is_no_promise), cmocka_unit_test(all_of_it), cmocka_unit_test(no_secrets)};
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
