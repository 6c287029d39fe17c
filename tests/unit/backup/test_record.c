#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "samples.h"

static void a_log_backup(void **state)
{
    (void)state;
    int64_t ms;
    struct backup_record *r = sample_log(NULL);
    assert_string_equal(r->ns, "prod");
    assert_string_equal(r->name, "log-shop");
    assert_string_equal(r->uid, "0b5d1f5e-7d3c-4c0e-9c53-9a3f1f8d0001");
    assert_string_equal(r->resource_version, "100");
    assert_int_equal(r->generation, 2);
    assert_true(clock_parse_rfc3339("2026-11-12T13:59:50Z", &ms));
    assert_int_equal(r->created_ms, ms);
    assert_true(!r->v1 && r->has_finalizer && r->has_status && r->has_commit_ts);
    assert_int_equal(r->mode, BACKUP_LOG);
    assert_string_equal(r->cluster, "shop");
    assert_string_equal(r->storage, "s3://vault/shop/log");
    assert_ptr_equal(r->path, r->storage); /* the same text is kept once */
    assert_string_equal(r->secret, "s3-secret");
    assert_int_equal(r->phase, PHASE_RUNNING);
    assert_true(r->commit_ts == UINT64_C(470415310848000000));
    assert_int_equal(tso_to_ms(r->checkpoint), SAMPLE_NOW - 41000);
    assert_int_equal(record_sub(r, LOG_COMMAND_START)->phase, PHASE_COMPLETE);
    assert_int_equal(record_sub(r, LOG_COMMAND_PAUSE)->phase, PHASE_NONE);
    assert_null(r->message);
    assert_null(r->labels);
    assert_int_equal(r->max_retries, 2);
    record_free(&r);
    assert_null(r);
}

/* Anything may be missing, null or of the wrong type: the row stands. */
static void anything_gives_a_record(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null", "1", "[]", "{}", "'x'", "{'metadata':[],'spec':1,'status':'x'}",
        "{'metadata':{'name':5,'namespace':null,'labels':['a'],'finalizers':{'a':1},'generation':'7',"
        "'creationTimestamp':'yesterday','annotations':3,'ownerReferences':'x','managedFields':{}}}",
        "{'spec':{'backupMode':{},'br':[],'s3':'x','tableFilter':'t','logStop':'true','logTruncateUntil':5,"
        "'logSubcommand':true,'commitTs':{},'backoffRetryPolicy':[1],'cleanPolicy':1}}",
        "{'spec':{'br':{'cluster':1,'options':[1,null,{},'--gc-ttl','--lastbackupts','-f']}}}",
        "{'status':{'phase':[],'conditions':{'type':'x'},'commitTs':5,'logCheckpointTs':'x','backupSize':'1',"
        "'logSubCommandStatuses':['log-pause'],'progresses':{'step':1},'backoffRetryStatus':'x','timeStarted':5}}",
        "{'status':{'phase':'Running','conditions':[null,1,'x',{},{'type':null},{'type':'Running','reason':5,"
        "'message':[]}],'logSubCommandStatuses':{'':{},'log-pause':null,'log-stop':'x','bogus':{'phase':1},"
        "'other':{'phase':'Failed'}}}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct backup_record *r = sample(texts[i]);
        assert_non_null(r);
        assert_non_null(r->ns);
        assert_non_null(r->name);
        assert_non_null(r->uid);
        assert_non_null(r->cluster);
        assert_non_null(r->storage);
        assert_true(r->commit_ts == 0 && r->checkpoint == 0);
        record_free(&r);
    }
    struct backup_record *none = record_decode(NULL, sample_pool());
    assert_string_equal(none->name, "");
    assert_int_equal(none->phase, PHASE_NONE);
    record_free(&none);
}

static void storage_is_formed_as_the_operator_does(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *storage;
    } rows[] = {
        {"{'s3':{'bucket':'b','prefix':'p/q'}}", "s3://b/p/q"},
        {"{'s3':{'bucket':'b','prefix':'/p/'}}", "s3://b/p"},
        {"{'s3':{'bucket':'b'}}", "s3://b"},
        {"{'gcs':{'bucket':'b','prefix':'p'}}", "gcs://b/p/"},
        {"{'gcs':{'bucket':'b'}}", "gcs://b/"},
        {"{'azblob':{'container':'c','prefix':'p'}}", "azure://c/p"},
        {"{'local':{'prefix':'p','volumeMount':{'mountPath':'/data/'}}}", "local:///data/p"},
        {"{'local':{'volumeMount':{'mountPath':'/data'}}}", "local:///data"},
        {"{'s3':{'bucket':'b'},'gcs':{'bucket':'c'}}", "s3://b"},
        {"{'s3':null,'gcs':{'bucket':'c'}}", "gcs://c/"},
        {"{'s3':{}}", "s3://"},
        {"{}", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "{'spec':%s}", rows[i].spec);
        struct backup_record *r = sample(text);
        assert_string_equal(r->storage, rows[i].storage);
        record_free(&r);
    }
}

static void who_writes_back_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *metadata, *who;
    } rows[] = {
        {"{}", NULL},
        {"{'annotations':{'argocd.argoproj.io/tracking-id':'a:b'}}", "Argo CD"},
        {"{'labels':{'argocd.argoproj.io/instance':'x'}}", "Argo CD"},
        {"{'labels':{'app.kubernetes.io/managed-by':'Helm'}}", "Helm"},
        {"{'labels':{'app.kubernetes.io/managed-by':'me'}}", NULL},
        {"{'labels':{'kustomize.toolkit.fluxcd.io/name':'x'}}", "Flux"},
        {"{'labels':{'helm.toolkit.fluxcd.io/name':'x','app.kubernetes.io/managed-by':'Helm'}}", "Flux"},
        {"{'annotations':{'meta.helm.sh/release-name':'x'}}", "Helm"},
        {"{'labels':{'tidb.pingcap.com/backup-schedule':'nightly'}}", "BackupSchedule nightly"},
        {"{'ownerReferences':[{'kind':'BackupSchedule','name':'nightly'}]}", "BackupSchedule nightly"},
        {"{'ownerReferences':[{'kind':'Other','name':'nightly'}]}", NULL},
        {"{'managedFields':[{'manager':'kubectl'},{'manager':'argocd-controller'}]}", "Argo CD"},
        {"{'managedFields':[{'manager':'kustomize-controller'}]}", "Flux"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "{'metadata':%s}", rows[i].metadata);
        struct backup_record *r = sample(text);
        if (!str_same(r->managed_by, rows[i].who))
            fail_msg("%s: %s", rows[i].metadata, r->managed_by ? r->managed_by : "nobody");
        record_free(&r);
    }
}

static void options_of_br_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        int64_t gc_ttl_s;
        bool filtered, incremental;
        const char *filter;
    } rows[] = {
        {"{}", 0, false, false, NULL},
        {"{'br':{'options':['--gc-ttl=3600']}}", 3600, false, false, NULL},
        {"{'br':{'options':['--gc-ttl','3600']}}", 3600, false, false, NULL},
        {"{'br':{'options':['--gc-ttl=x']}}", 0, false, false, NULL},
        {"{'br':{'options':['--gc-ttl=99999999999999999999']}}", 0, false, false, NULL},
        {"{'br':{'options':['--gc-ttl-else=1','--gc-ttl']}}", 0, false, false, NULL},
        {"{'br':{'options':['--lastbackupts=5']}}", 0, false, true, NULL},
        {"{'br':{'options':['--lastbackupts','5']}}", 0, false, true, NULL},
        {"{'br':{'options':['--filter=a.*']}}", 0, true, false, "a.*"},
        {"{'br':{'options':['--filter','a.*','-f','b.*','-fc.*']}}", 0, true, false, "a.* b.* c.*"},
        {"{'tableFilter':['a.b','c.d']}", 0, true, false, "a.b c.d"},
        {"{'tableFilter':[]}", 0, false, false, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "{'spec':%s}", rows[i].spec);
        struct backup_record *r = sample(text);
        if (r->gc_ttl_ms != rows[i].gc_ttl_s * 1000 || r->filtered != rows[i].filtered ||
            r->incremental != rows[i].incremental || !str_same(r->filter, rows[i].filter))
            fail_msg("%s", text);
        record_free(&r);
    }
}

/* Two-byte letters that would be cut in two; beginning and end of a message that is too long, or what br says. */
static void messages_are_cut_whole(void **state)
{
    (void)state;
    char letters[200], text[1200];
    memset(letters, 'a', sizeof letters);
    letters[199] = '\0';
    snprintf(text, sizeof text, "{'status':{'phase':'Failed','conditions':[{'type':'Failed','reason':'R',"
             "'message':'%.131sé%sé%.54s: the end\\n'}]}}",
             letters, letters, letters);
    struct backup_record *r = sample(text);
    assert_int_equal(strlen(r->message), 131 + strlen(" ... ") + 54 + strlen(": the end"));
    assert_true(str_ends(r->message, "aa: the end"));
    assert_string_equal(r->reason, "R");
    record_free(&r);
    snprintf(text, sizeof text, "{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'%s'}]}}",
             letters);
    r = sample(text); /* 199: whole */
    assert_string_equal(r->message, letters);
    record_free(&r);
    snprintf(text, sizeof text,
             "{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'%s [error=\\\"no such "
             "host\\\"]\\n\\n'}]}}", letters);
    for (char *p = text; (p = strstr(p, "\\\"")); p += 2)
        p[1] = '~';
    for (char *p = strchr(text, '~'); p; p = strchr(p, '~'))
        *p = 'Q', p[-1] = 'Q';
    r = sample(text);
    assert_true(str_starts(r->message, "[error=QQno such host"));
    assert_false(str_ends(r->message, "\n"));
    record_free(&r);
    r = sample("{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':' x \\n\\r\\n'}]}}");
    assert_string_equal(r->message, " x");
    record_free(&r);
    r = sample("{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'\\n'}]}}");
    assert_null(r->message);
    record_free(&r);
}

static void progress_is_whole_or_broken(void **state)
{
    (void)state;
    struct backup_record *r = sample("{'status':{'progresses':[{'step':'Full Backup','progress':17}]}}");
    assert_true(r->progress > 16.9F && r->progress < 17.1F);
    assert_string_equal(r->step, "Full Backup");
    record_free(&r);
    r = sample("{'status':{'progresses':[{'step':'A','progress':100},{'step':'B','progress':17.12}]}}");
    assert_true(r->progress > 17.1F && r->progress < 17.2F);
    record_free(&r);
    r = sample("{'status':{'progresses':[{'step':'A','progress':'x'},{'progress':-1},{'progress':1e300}]}}");
    assert_true(r->progress < 0);
    record_free(&r);
}

static void labels_are_sorted_and_found(void **state)
{
    (void)state;
    char buf[16];
    struct backup_record *a = sample("{'metadata':{'labels':{'b':'2','a':'1','ab':''}}}");
    struct backup_record *b = sample("{'metadata':{'labels':{'ab':'','a':'1','b':'2'}}}");
    assert_string_equal(a->labels, "a=1,ab=,b=2");
    assert_ptr_equal(a->labels, b->labels);
    assert_true(record_label(a, "b", buf, sizeof buf));
    assert_string_equal(buf, "2");
    assert_true(record_label(a, "ab", buf, sizeof buf));
    assert_string_equal(buf, "");
    assert_false(record_label(a, "c", buf, sizeof buf));
    record_free(&a);
    record_free(&b);
}

static void clusters_are_named(void **state)
{
    (void)state;
    char buf[RECORD_CLUSTER_MAX];
    struct backup_record *r = sample_log("{'spec':{'br':{'clusterNamespace':'tidb'}}}");
    assert_string_equal(record_cluster(r, buf), "prod/shop"); /* v2 looks beside the Backup */
    record_free(&r);
    r = sample_log("{'apiVersion':'pingcap.com/v1alpha1','spec':{'br':{'clusterNamespace':'tidb'}}}");
    assert_string_equal(record_cluster(r, buf), "tidb/shop");
    record_free(&r);
    r = sample_log("{'spec':{'br':null}}");
    assert_string_equal(record_cluster(r, buf), "");
    record_free(&r);
}

/* What differs for the screen, and what for acting. */
static void changes_are_seen(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        bool differs, acting;
    } rows[] = {
        {"{'metadata':{'resourceVersion':'101'}}", false, false},
        {"{'metadata':{'generation':9}}", false, false},
        {"{'status':{'logCheckpointTs':'470641792516096001'}}", true, false},
        {"{'status':{'conditions':[]}}", true, false},
        {"{'status':{'phase':'Paused'}}", true, true},
        {"{'status':{'logSuccessTruncateUntil':'5'}}", true, true},
        {"{'status':{'logSubCommandStatuses':{'log-start':{'phase':'Failed'}}}}", true, true},
        {"{'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Scheduled'}}}}", true, true},
        {"{'spec':{'logSubcommand':'log-pause'}}", true, true},
        {"{'spec':{'logTruncateUntil':'5'}}", true, true},
        {"{'spec':{'toolImage':'x'}}", false, true},
        {"{'metadata':{'deletionTimestamp':'2026-11-22T14:00:00Z'}}", true, true},
        {"{'metadata':{'uid':'other'}}", true, true},
        {"{'metadata':{'labels':{'a':'b'}}}", true, false},
    };
    struct backup_record *before = sample_log(NULL);
    struct json *object = sample_log_json(NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct backup_record *after = sample_log(rows[i].patch);
        struct json *changed = sample_log_json(rows[i].patch);
        if (record_differs(before, after) != rows[i].differs || record_same_for_acting(object,
                                                            changed) == rows[i].acting)
            fail_msg("%s", rows[i].patch);
        record_free(&after);
        json_free(&changed);
    }
    struct backup_record *same = sample_log(NULL);
    assert_false(record_differs(before, same));
    assert_true(record_same_for_acting(object, object));
    record_free(&same);
    record_free(&before);
    json_free(&object);
}

static void strings_are_kept_once(void **state)
{
    (void)state;
    struct intern *pool = intern_new();
    char text[16];
    const char *first[500];
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "n%d", i);
        first[i] = intern(pool, text);
    }
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "n%d", i);
        assert_ptr_equal(intern(pool, text), first[i]);
        assert_string_equal(first[i], text);
    }
    assert_null(intern(pool, NULL));
    intern_free(&pool);
    intern_free(&pool);
}

/* -- recorded objects ---------------------------------------------------------- */

struct sum {
    size_t objects, bytes, most;
};

static void add_object(struct sum *sum, const struct json *object)
{
    if (!str_same(json_string(object, "kind"), "Backup") || !json_at(object, "metadata", "name", NULL))
        return;
    struct backup_record *r = record_decode(object, sample_pool());
    assert_true(*r->ns && *r->name && *r->uid);
    assert_true(r->created_ms > 0);
    assert_string_equal(r->cluster, json_text(json_at(object, "spec", "br", "cluster", NULL)));
    assert_int_equal(r->phase, phase_parse(json_text(json_at(object, "status", "phase", NULL))));
    assert_true(r->phase != PHASE_OTHER);
    const char *path = json_text(json_at(object, "status", "backupPath", NULL));
    if (path)
        assert_string_equal(r->storage, path);
    sum->objects++;
    sum->bytes += record_size(r);
    if (record_size(r) > sum->most)
        sum->most = record_size(r);
    record_free(&r);
}

static void add_lines(struct sum *sum, char *text)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        struct json *event = json_parse(line, strlen(line), NULL);
        if (event)
            add_object(sum, json_get(event, "object"));
        json_free(&event);
    }
    free(text);
}

static void add_list(struct sum *sum, char *text)
{
    size_t len;
    const char *body = sample_body(text, &len);
    struct json *list = json_parse(body, len, NULL);
    assert_non_null(list);
    JSON_EACH(item, json_get(list, "items"))
        add_object(sum, item);
    json_free(&list);
    free(text);
}

static void print_sum(const char *what, const struct sum *sum)
{
    print_message("# %s: %zu objects, %zu bytes a record on average, %zu at most\n", what, sum->objects,
                  sum->bytes / sum->objects, sum->most);
}

static void own_objects_are_small(void **state)
{
    (void)state;
    struct sum sum = {0};
    size_t len;
    add_lines(&sum, sample_data("life.jsonl", &len));
    assert_int_equal(sum.objects, 45);
    print_sum("tests/data", &sum);
    assert_true(sum.bytes / sum.objects <= 750); /* a life in which all sub-commands ran: the largest there are */
}

static void recorded_objects_are_small(void **state)
{
    (void)state;
    static const char *const lines[] = {"operator-start.jsonl", "operator-life.jsonl"};
    static const char *const lists[] = {"list-page1.txt", "list-page2.txt"};
    struct sum sum = {0};
    size_t len;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char *text = sample_recorded(lists[i], &len);
        if (!text)
            skip();
        add_list(&sum, text);
    }
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        char *text = sample_recorded(lines[i], &len);
        if (!text)
            skip();
        add_lines(&sum, text);
        print_sum(lines[i], &sum);
    }
    assert_true(sum.objects >= 70);
    assert_true(sum.bytes / sum.objects <= 600);
}

/* Of a watch's text managedFields are read only where a command waits for the operator. */
static void when_a_command_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *subcommand;
        int64_t asked_ms;
    } cases[] = {{"log-pause", INT64_C(1795354200000)}, {"log-start", 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[1024];
        struct intern *pool = intern_new();
        int len = snprintf(text, sizeof text,
            "{\"metadata\":{\"name\":\"a\",\"managedFields\":[{\"time\":\"2026-11-22T13:30:00Z\",\"fieldsV1\":{"
            "\"f:spec\":{\"f:logSubcommand\":{}}}}]},\"spec\":{\"backupMode\":\"log\",\"logSubcommand\":\"%s\"},"
            "\"status\":{\"phase\":\"Running\",\"commitTs\":\"5\",\"logSubCommandStatuses\":{\"log-start\":{"
            "\"phase\":\"Complete\"}}}}", cases[i].subcommand);
        struct backup_record *r = record_decode_text(text, (size_t)len, pool, NULL);
        assert_non_null(r);
        assert_true(r->asked_ms == cases[i].asked_ms);
        record_free(&r);
        intern_free(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_a_command_was_asked_for),
        cmocka_unit_test(a_log_backup),
        cmocka_unit_test(anything_gives_a_record),
        cmocka_unit_test(storage_is_formed_as_the_operator_does),
        cmocka_unit_test(who_writes_back_is_known),
        cmocka_unit_test(options_of_br_are_read),
        cmocka_unit_test(messages_are_cut_whole),
        cmocka_unit_test(progress_is_whole_or_broken),
        cmocka_unit_test(labels_are_sorted_and_found),
        cmocka_unit_test(clusters_are_named),
        cmocka_unit_test(changes_are_seen),
        cmocka_unit_test(strings_are_kept_once),
        cmocka_unit_test(own_objects_are_small),
        cmocka_unit_test(recorded_objects_are_small),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
