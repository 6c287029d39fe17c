/* br's command line as TiDB Operator's backup-manager forms it, and what br answers. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>
#include <brdeck/br/argv.h>

#include "../backup/samples.h"

static struct json *backup(const char *spec)
{
    char *text = xasprintf("{'metadata':{'name':'log-a','namespace':'prod'},'spec':{%s}}", spec);
    struct json *json = sample_json(text);
    free(text);
    return json;
}

#define S3 "'s3':{'provider':'aws','bucket':'b','prefix':'/log//a/','region':'eu','endpoint':'https://s'," \
    "'acl':'private'," \
    "'storageClass':'STANDARD','sse':'AES256','secretName':'s'}"
#define S3_FLAGS "--storage=s3://b/log/a --s3.region=eu --s3.provider=aws --s3.endpoint=https://s --s3.sse=AES256 " \
    "--s3.acl=private --s3.storage-class=STANDARD"
#define PD "--pd=pd-pd.prod:2379"
#define TLS "--ca=/var/lib/cluster-client-tls/ca.crt --cert=/var/lib/cluster-client-tls/tls.crt " \
    "--key=/var/lib/cluster-client-tls/tls.key"

#define DECIDES " decides what br does or where, which is told to brdeck and not to br after --"

static const struct line {
    enum br_command command;
    const char *spec;
    tso_t until;
    bool tls;
    const char *pd, *ca, *more[3];
    const char *line; /* or the error */
} lines[] = {
    {BR_LOG_STATUS, S3, 0, false, NULL, NULL, {NULL}, "br log status --json --task-name=log-a " PD},
    {BR_LOG_STATUS, S3, 0, true, NULL, NULL, {NULL}, "br log status --json --task-name=log-a " PD " " TLS},
    {BR_LOG_STATUS, S3, 0, true, "h:1", "me", {"--task-name=*"},
     "br log status --json --task-name=log-a --pd=h:1 --ca=me --cert=me.crt --key=me.key '--task-name=*'"},
    {BR_LOG_STATUS, S3 ",'br':{'options':['--gc-ttl=1','--x']}", 0, false, NULL, NULL, {NULL},
     "br log status --json --task-name=log-a " PD},
    {BR_LOG_METADATA, S3, 0, false, NULL, NULL, {NULL}, "br log metadata " S3_FLAGS},
    {BR_LOG_TRUNCATE_TRY, S3, 469371597881344001, false, NULL, NULL, {NULL},
     "br log truncate --dry-run --until=469371597881344001 " S3_FLAGS},
    {BR_LOG_TRUNCATE_TRY, S3, 0, false, NULL, NULL, {NULL}, "br log truncate wants a time: --until TIME"},
    {BR_DECODE, "'gcs':{'projectId':'p','bucket':'b','prefix':'x','storageClass':'NEARLINE','objectAcl':'private'}", 0,
     false,
     NULL, NULL, {NULL},
     "br validate decode --field=end-version --storage=gcs://b/x/ --gcs.storage-class=NEARLINE "
     "--gcs.predefined-acl=private"},
    {BR_LOG_METADATA,
     "'azblob':{'container':'c','accessTier':'Cool','storageAccount':'me&you','sasToken':'sv=1&sig=hush'}", 0,
     false, NULL, NULL, {NULL}, "br log metadata '--storage=azure://c/?account-name=me%26you' "
                                "--azblob.access-tier=Cool"},
    {BR_LOG_METADATA, "'local':{'prefix':'p','volumeMount':{'mountPath':'/nfs/'}}", 0, false, NULL, NULL, {NULL},
     "br log metadata --storage=local:///nfs/p"},
    {BR_LOG_METADATA, "'local':{}", 0, false, NULL, NULL, {NULL},
     "spec.local has no volumeMount.mountPath, so br has nothing to read"},
    {BR_LOG_METADATA, "'s3':{'bucket':7}", 0, false, NULL, NULL, {NULL}, "spec.s3 has no bucket, so br has nothing to "
                                                                         "read"},
    {BR_LOG_METADATA, "'s3':null", 0, false, NULL, NULL, {NULL},
     "the Backup's spec names no storage (s3, gcs, azblob or local), so br has nothing to read"},
    {BR_LOG_METADATA, "'s3':{'bucket':'b','prefix':'../a/./b/../c'}", 0, false, NULL, NULL, {NULL},
     "br log metadata --storage=s3://a/c"},
    /* as the operator, but without what the command does not know */
    {BR_LOG_START,
     S3 ",'commitTs':'436568622965194754','tableFilter':['a.*','!b.x'],'br':{'logLevel':'debug','statusAddr':':1',"
     "'sendCredToTikv':false,'concurrency':4,'rateLimit':10,'timeAgo':'1h','checksum':true,'checkRequirements':false,"
     "'options':['--gc-ttl=3600','--lastbackupts=1','--mine']}", 0, false, NULL, NULL, {NULL},
     "br log start --task-name=log-a --start-ts=436568622965194754 " PD " --log-level=debug --status-addr=:1 "
     "--send-credentials-to-tikv=false " S3_FLAGS " --filter 'a.*' --filter '!b.x' --concurrency=4 --ratelimit=10 "
     "--checksum=true --check-requirements=false --gc-ttl=3600 --mine"},
    {BR_LOG_PAUSE,
     S3 ",'tableFilter':['a.*'],'br':{'options':['--gc-ttl','3600','--filter','x.*','-fy.*','--mine','7']}", 0,
     false, NULL, NULL, {"--message=it's me"},
     "br log pause --task-name=log-a " PD " " S3_FLAGS " --gc-ttl 3600 --mine 7 '--message=it'\\''s me'"},
    {BR_LOG_RESUME, S3 ",'br':{'options':['--gc-ttl','3600','--gc-ttl=7'],'concurrency':'four','checksum':1}", 0, true,
     NULL, NULL,
     {NULL}, "br log resume --task-name=log-a " PD " " TLS " " S3_FLAGS},
    {BR_LOG_STOP, S3, 0, false, NULL, NULL, {NULL}, "br log stop --task-name=log-a " PD " " S3_FLAGS},
    {BR_LOG_TRUNCATE, S3, 7, false, NULL, NULL, {NULL}, "br log truncate --until=7 " PD " " S3_FLAGS},
    {BR_LOG_TRUNCATE, S3, 7, false, NULL, NULL, {"--yes"}, "br log truncate --until=7 " PD " " S3_FLAGS " --yes"},
    /* br takes the last of two: what would pass by the guard, or lead elsewhere */
    {BR_LOG_TRUNCATE, S3, 7, false, NULL, NULL, {"--yes", "--until=8"}, "--until" DECIDES},
    {BR_LOG_TRUNCATE, S3, 7, false, NULL, NULL, {"--until", "8"}, "--until" DECIDES},
    {BR_LOG_TRUNCATE, S3, 7, false, NULL, NULL, {"--dry-run"}, "--dry-run" DECIDES},
    {BR_LOG_TRUNCATE, S3, 7, false, NULL, NULL, {"--s3.endpoint=http://other"}, "--s3.endpoint" DECIDES},
    {BR_LOG_METADATA, S3, 0, false, NULL, NULL, {"--s3.endpoint=http://h"},
     "br log metadata " S3_FLAGS " --s3.endpoint=http://h"},
    {BR_LOG_TRUNCATE_TRY, S3, 7, false, NULL, NULL, {"--dry-run=false"}, "--dry-run" DECIDES},
    {BR_LOG_TRUNCATE_TRY, S3, 7, false, NULL, NULL, {"-ys", "s3://b"}, "-ys" DECIDES},
    {BR_LOG_STOP, S3, 0, false, NULL, NULL, {"--pd=h:1"}, "--pd" DECIDES},
    {BR_LOG_STOP, S3, 0, false, NULL, NULL, {"-uh:1"}, "-uh:1" DECIDES},
    {BR_LOG_STOP, S3, 0, false, NULL, NULL, {"--storage=s3://b"}, "--storage" DECIDES},
    {BR_LOG_STOP, S3, 0, false, NULL, NULL, {"--task-name=b"}, "--task-name" DECIDES},
    {BR_LOG_TRUNCATE, S3 ",'br':{'options':['--until=8']}", 7, false, NULL, NULL, {NULL},
     "spec.br.options holds --until, which decides what br does or where, against what is asked: run it by hand"},
    {BR_LOG_STOP, S3 ",'br':{'options':['--mine','--task-name','b']}", 0, false, NULL, NULL, {NULL},
     "spec.br.options holds --task-name, which decides what br does or where, against what is asked: run it by hand"},
};

static void check_line(const struct line *row)
{
    struct error err = {0};
    struct json *object = backup(row->spec);
    struct br_cluster cluster = {.tls = row->tls, .pd_address = "pd-pd.prod:2379"};
    struct br_argv_spec spec = {.command = row->command, .backup = object, .cluster = &cluster, .pd_address = row->pd,
                                .ca = row->ca, .cert = row->ca ? "me.crt" : NULL, .key = row->ca ? "me.key" : NULL,
                                .until = row->until, .more = row->more};
    char **argv = br_argv_new(&spec, &err), *line = argv ? br_argv_line("br", argv) : NULL;
    assert_string_equal(line ? line : err.text, row->line);
    assert_int_equal(argv == NULL, err.code != ERROR_NONE);
    free(line);
    br_argv_free(&argv);
    json_free(&object);
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        check_line(&lines[i]);
}

static void test_where_pd_is(void **state)
{
    (void)state;
    static const struct {
        struct br_cluster cluster;
        const char *ca, *error;
    } rows[] = {
        {{.pd_address = ""}, NULL, "where PD is cannot be told: the cluster has no PDGroup; give --pd HOST:PORT"},
        {{.missing = true, .error = {ERROR_MISSING, "no Cluster prod/tc"}}, NULL,
         "where PD is cannot be told: no Cluster prod/tc"},
        {{.pd_address = "a:1"}, "/x", "PD with TLS wants all three: --ca, --cert and --key FILE"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct json *object = backup(S3);
        struct br_argv_spec spec = {.command = BR_LOG_PAUSE, .backup = object, .cluster = &rows[i].cluster,
                                    .ca = rows[i].ca};
        assert_null(br_argv_new(&spec, &err));
        assert_string_equal(err.text, rows[i].error);
        json_free(&object);
    }
}

static void test_unknown_flags(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        enum br_command command;
        const char *flag;
    } rows[] = {
        {S3, BR_LOG_PAUSE, NULL},
        {"'tableFilter':['a.*']", BR_LOG_START, NULL},
        {"'tableFilter':['a.*']", BR_LOG_PAUSE, "--filter"},
        {"'tableFilter':['a.*']", BR_LOG_STATUS, NULL}, /* it does not reach a probe */
        {"'tableFilter':[]", BR_LOG_PAUSE, NULL},
        {"'br':{'timeAgo':'1h'}", BR_LOG_START, "--timeago"},
        {"'backupType':'db','br':{'db':'x'}", BR_LOG_STOP, "--db"},
        {"'br':{'options':['--gc-ttl=5']}", BR_LOG_PAUSE, NULL},
        {"'br':{'options':['--gc-ttl=5']}", BR_LOG_STOP, "--gc-ttl"},
        {"'br':{'options':['--log-file','--gc-ttl','5']}", BR_LOG_TRUNCATE, "--gc-ttl"},
        {"'br':{'options':['-fx.*']}", BR_LOG_RESUME, "-fx.*"},
        {"'br':{'options':'--gc-ttl'}", BR_LOG_STOP, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char buf[32];
        struct json *object = backup(rows[i].spec);
        const char *flag = br_argv_unknown_flag(object, rows[i].command, buf, sizeof buf);
        if (rows[i].flag ? !flag || strcmp(flag, rows[i].flag) != 0 : flag != NULL)
            fail_msg("%s: %s, not %s", rows[i].spec, flag ? flag : "none", rows[i].flag ? rows[i].flag : "none");
        json_free(&object);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const struct { const char *words; enum br_command command; } rows[] = {
        {"status", BR_LOG_STATUS}, {"log status", BR_LOG_STATUS}, {"log-status", BR_LOG_STATUS},
        {"validate decode", BR_DECODE}, {"truncate", BR_LOG_TRUNCATE}, {"truncate-dry-run", BR_LOG_TRUNCATE_TRY},
        {"", BR_COMMAND_COUNT}, {"full", BR_COMMAND_COUNT}, {NULL, BR_COMMAND_COUNT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(br_command_find(rows[i].words), rows[i].command);
    for (enum br_command c = 0; c < BR_COMMAND_COUNT; c++) {
        assert_int_equal(br_command_find(br_command_table[c].id), c);
        assert_int_equal(br_command_table[c].reads_only, br_command_table[c].action == ACTION_PROBE);
    }
}

/* Secrets are seen wherever they stand, and never printed. */
static void test_secrets(void **state)
{
    (void)state;
    static const struct { const char *argv[4]; const char *flag, *line; } rows[] = {
        {{"--pd=a"}, NULL, "br --pd=a"},
        {{"--s3.secret-access-key=hush"}, "--s3.secret-access-key=hush", "br --s3.secret-access-key=REDACTED"},
        {{"--s3.secret-access-key", "hush", "--pd=a"}, "--s3.secret-access-key",
         "br --s3.secret-access-key REDACTED --pd=a"},
        {{"--storage=azure://c/?account-name=a&sas-token=hush"}, "--storage",
         "br '--storage=azure://c/?account-name=a&sas-token=REDACTED'"},
        {{"--crypter.key=hush"}, "--crypter.key=hush", "br --crypter.key=REDACTED"},
        {{"--log.crypter.key"}, "--log.crypter.key", "br --log.crypter.key"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *argv[5] = {0};
        for (size_t k = 0; rows[i].argv[k]; k++)
            argv[k] = xstrdup(rows[i].argv[k]);
        const char *flag = br_argv_secret(argv);
        char *line = br_argv_line("br", argv);
        assert_string_equal(flag ? flag : "", rows[i].flag ? rows[i].flag : "");
        assert_string_equal(line, rows[i].line);
        free(line);
        for (size_t k = 0; argv[k]; k++)
            free(argv[k]);
    }
}

/* -- answers ------------------------------------------------------------------------------- */

#define TASK "{\"name\":\"log-a\",\"start_ts\":436568622965194754,\"end_ts\":999999999999999999," \
    "\"status\":\"Running\"," \
    "\"table_filter\":[\"*.*\"],\"progress\":[{\"store_id\":1,\"checkpoint\":436568622965194755}]," \
    "\"storage\":\"s3://b/l]\\\"[\",\"checkpoint\":436568622965194755,\"estimate_qps\":12.5," \
    "\"last_errors\":[{\"store_id\":4,\"last_error\":{\"happen_at\":1795449600000,\"error_code\":\"KV:LogBackup:Io\"," \
    "\"error_message\":\"denied\",\"store_id\":4}}]}"

static void test_status(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[" TASK "]",
        "[" TASK "]\n",
        "Detail BR log in /tmp/br.log.2026-11-22T14.00.00Z\n[" TASK "]\n",
        "[2026/11/22 14:00:00.000 +00:00] [INFO] [info.go:49] [\"Welcome to Backup & Restore (BR)\"]\n[" TASK "]\n"
        "[2026/11/22 14:00:01.000 +00:00] [INFO] [client.go:1] [{\"a\":1}]\n[\n",
        "[]\n[" TASK "]\n[ {\"no\": \"name\"} ]\n[{\"name\":\"cut",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct br_status status;
        struct error err = {0};
        size_t at = 0, size = br_status_find(texts[i], strlen(texts[i]), &at);
        assert_int_equal(size, strlen(TASK) + 2);
        assert_memory_equal(texts[i] + at, "[" TASK "]", size);
        assert_true(br_status_parse(texts[i], strlen(texts[i]), &status, &err));
        assert_int_equal(status.count, 1);
        const struct br_status_task *task = &status.tasks[0];
        assert_string_equal(task->name, "log-a");
        assert_string_equal(task->storage, "s3://b/l]\"[");
        assert_true(task->start_ts == 436568622965194754 && task->checkpoint == 436568622965194755);
        assert_true(task->progress_count == 1 && task->progress[0].store == 1 &&
                    task->progress[0].checkpoint == 436568622965194755);
        assert_true(task->error_count == 1 && task->errors[0].store == 4 && task->errors[0].at_ms == 1795449600000);
        assert_string_equal(task->errors[0].code, "KV:LogBackup:Io");
        assert_true(task->qps > 12.4 && task->qps < 12.6);
        br_status_done(&status);
    }
}

static void test_no_status(void **state)
{
    (void)state;
    static const struct { const char *text; bool good; } rows[] = {
        {"", false}, {"[]", true}, {"x []", false}, {"[{\"name\":1}]", false}, {"{\"name\":\"a\"}", false},
        {"[[[[[[[[", false}, {"Error: PD is away\n", false},
        {"[{\"name\":\"a\",\"progress\":{},\"last_errors\":[null,7],\"checkpoint\":-1,\"start_ts\":\"7\"}]", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct br_status status;
        struct error err = {0};
        assert_int_equal(br_status_parse(rows[i].text, strlen(rows[i].text), &status, &err), rows[i].good);
        assert_int_equal(err.code == ERROR_NONE, rows[i].good);
        br_status_done(&status);
    }
}

/* Lines that begin like the answer and never end: looked at so often, and no more. */
static void test_hostile_status(void **state)
{
    (void)state;
    struct str text;
    struct br_status status;
    str_init(&text, STR_LARGE);
    while (text.len < 256 * 1024)
        str_add(&text, "[{\n");
    int64_t began_ms = clock_mono_ms();
    assert_false(br_status_parse(text.data, text.len, &status, NULL));
    assert_true(clock_mono_ms() - began_ms < 5000);
    br_status_done(&status);
    str_done(&text);
}

static void test_metadata(void **state)
{
    (void)state;
    struct br_metadata found = {0};
    const char *line = "[2026/11/22 14:00:00.000 +00:00] [INFO] [collector.go:77] [\"log metadata\"] "
                       "[log-min-ts=436568622965194754] [log-min-date=\"2022-10-10 04:45:32 +0000\"] "
                       "[log-max-ts=18446744073709551615] [log-max-date=\"x\"]";
    assert_true(br_metadata_parse(line, strlen(line), &found));
    assert_true(found.min == 436568622965194754 && found.max == UINT64_MAX);
    static const char *const none[] = {
        "",
        "[\"log metadata\"]",
        "[\"log metadata\"] [log-min-ts=1]",
        "[\"log metadata\"] [log-min-ts=] [log-max-ts=2]",
        "[\"log metadata\"] [log-min-ts=99999999999999999999] [log-max-ts=2]",
        "[log-min-ts=1] [log-max-ts=2]",
    };
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_false(br_metadata_parse(none[i], strlen(none[i]), &found));
}

static void test_progress(void **state)
{
    (void)state;
    static const struct { const char *line, *step; double percent; } rows[] = {
        {"[INFO] [progress] [step=\"Full Backup\"] [progress=17.12%] [count=\"1 / 2\"]", "Full Backup", 17.12},
        {"[progress] [step=Checksum] [progress=100.00%]", "Checksum", 100},
        {"[progress] [step=\"Full Backup\"] [progress=17.12", NULL, 0},
        {"[progress] [step=\"Full", NULL, 0},
        {"[progress] [step=", NULL, 0},
        {"[progress] [step=\"a\"] [progress=%]", NULL, 0},
        {"progress", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char step[32];
        double percent = -1;
        bool found = br_progress_parse(rows[i].line, strlen(rows[i].line), step, sizeof step, &percent);
        assert_int_equal(found, rows[i].step != NULL);
        if (found)
            assert_string_equal(step, rows[i].step);
        assert_true(!found || (percent > rows[i].percent - 0.01 && percent < rows[i].percent + 0.01));
    }
}

static void test_decode(void **state)
{
    (void)state;
    static const struct { const char *text; tso_t ts; } rows[] = {
        {"436568622965194754\n", 436568622965194754}, {"Detail BR log in /tmp/x\n 7 \n", 7}, {"", 0}, {"\n\n", 0},
        {"1a\n", 0}, {"99999999999999999999999", 0}, {"5\n6", 6}, {"[x] 5", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(br_decode_parse(rows[i].text, strlen(rows[i].text)) == rows[i].ts);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_where_pd_is),  cmocka_unit_test(test_unknown_flags),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_secrets),      cmocka_unit_test(test_status),
        cmocka_unit_test(test_no_status), cmocka_unit_test(test_hostile_status),
        cmocka_unit_test(test_metadata),    cmocka_unit_test(test_progress),
        cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
