/* test_secret.c - what must not be seen: what one function makes of texts, words and JSON, and that none of what brdeck
 * prints, copies or keeps of a Backup holds any of it. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/br/argv.h>

#include "br/log_private.h"
#include "br/secret.h"
#include "br_fixture.h"

#define R "<redacted>"

static void texts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"nothing here: a=b http://h:9000/a@b", "nothing here: a=b http://h:9000/a@b"},
        /* URLs */
        {"at http://u:p%40ss@minio:9000/b: 403", "at http://u:" R "@minio:9000/b: 403"},
        {"http://u:a@b@h", "http://u:" R "@h"},
        {"http://u:a/b@h:1/p", "http://u:" R "@h:1/p"},
        {"http://u:it's@h", "http://u:" R "@h"},
        {"http://u:@h http://u@h http://u@h:80", "http://u:@h http://u@h http://u@h:80"},
        {"http://[::1]:9000/a@b", "http://[::1]:9000/a@b"},
        {"http://u:" R "@h http://u:REDACTED@h", "http://u:" R "@h http://u:REDACTED@h"},
        {"\"http://u:x@h\",\"http://v:y@h\"", "\"http://u:" R "@h\",\"http://v:" R "@h\""},
        {"--s3.endpoint=http://u:x@h --pd=a", "--s3.endpoint=http://u:" R "@h --pd=a"},
        {"--s3.endpoint=u:x@h:1", "--s3.endpoint=u:" R "@h:1"},
        {"{\\\"endpoint\\\":\\\"u:x@h\\\"}", "{\\\"endpoint\\\":\\\"u:" R "@h\\\"}"},
        {"--s3.endpoint=h:9000", "--s3.endpoint=h:9000"},
        {"http://h:9000: refused, ask a@b", "http://h:9000: refused, ask a@b"},
        /* keys */
        {"--crypter.key=hush --pd=a", "--crypter.key=" R " --pd=a"},
        {"--log.crypter.key hush --pd=a", "--log.crypter.key " R " --pd=a"},
        {"--crypter.key --pd=a", "--crypter.key --pd=a"},
        {"--crypter.method=aes128-ctr --crypter.key-file=/k", "--crypter.method=aes128-ctr --crypter.key-file=/k"},
        {"--crypter.key=\"hu sh\" x", "--crypter.key=\"" R "\" x"},
        {"azure://c?sv=1&sig=abc%3D&se=2", "azure://c?sv=1&sig=" R "&se=2"},
        {"sas-token=sv=1&sig=abc&se=2", "sas-token=" R "&sig=" R "&se=2"},
        {"design=x config=y", "design=x config=y"},
        {"?X-Amz-Signature=a&X-Amz-Security-Token=b&X-Amz-Date=c", "?X-Amz-Signature=" R "&X-Amz-Security-Token=" R
         "&X-Amz-Date=c"},
        {"AWS_SECRET_ACCESS_KEY=a AWS_ACCESS_KEY_ID=b AZURE_STORAGE_KEY=c AZURE_CLIENT_SECRET=d",
         "AWS_SECRET_ACCESS_KEY=" R " AWS_ACCESS_KEY_ID=" R " AZURE_STORAGE_KEY=" R " AZURE_CLIENT_SECRET=" R},
        {"AccountName=a;AccountKey=b", "AccountName=a;AccountKey=" R},
        {"{\"secretAccessKey\": \"a \\\"b\",\"x\":\"y\"}", "{\"secretAccessKey\": \"" R "\",\"x\":\"y\"}"},
        {"[args=\"{\\\"sas-token\\\":\\\"a\\\\\\\"b\\\",\\\"x\\\":1}\"]",
         "[args=\"{\\\"sas-token\\\":\\\"" R "\\\",\\\"x\\\":1}\"]"},
        {"\"secretName\":\"s\"", "\"secretName\":\"s\""},
        {"sas-token=", "sas-token="},
        {"sas-token=\"open", "sas-token=\"" R},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str out, again;
        str_init(&out, STR_SMALL);
        str_init(&again, STR_SMALL);
        secret_blot(&out, rows[i][0], strlen(rows[i][0]), SECRET_IN_TEXT);
        assert_string_equal(out.data, rows[i][1]);
        secret_blot(&again, out.data, out.len, SECRET_IN_TEXT); /* it stays so */
        assert_string_equal(again.data, rows[i][1]);
        str_done(&out);
        str_done(&again);
    }
}

static void words(void **state)
{
    (void)state;
    static const struct { const char *word, *clean; bool secret; } rows[] = {
        {"--crypter.key=a b&c", "--crypter.key=REDACTED", true},
        {"--storage=azure://c/?a=b&sas-token=x&y=z", "--storage=azure://c/?a=b&sas-token=REDACTED", true},
        {"--s3.endpoint=http://u:x@h", "--s3.endpoint=http://u:REDACTED@h", true},
        {"--s3.endpoint=http://h:9000", "--s3.endpoint=http://h:9000", false},
        {"--crypter.key", "--crypter.key", true},
        {"--key=/tls/key", "--key=/tls/key", false},
        {"--pd=tc-pd.orders:2379", "--pd=tc-pd.orders:2379", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *clean = secret_blot_word(rows[i].word, SECRET_IN_ARGV);
        assert_string_equal(clean, rows[i].clean);
        assert_int_equal(secret_in_word(rows[i].word), rows[i].secret);
        free(clean);
    }
    char small[] = "sig=a"; /* no room for the whole word */
    secret_blot_buffer(small, sizeof small);
    assert_string_equal(small, "sig=<");
}

static void json(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":1,\"b\":null,\"c\":[true,{}],\"d\":\"\"}", "{\"a\":1,\"b\":null,\"c\":[true,{}],\"d\":\"\"}"},
        {"{\"sasToken\":\"a b\",\"secretName\":\"s\"}", "{\"sasToken\":\"" R "\",\"secretName\":\"s\"}"},
        {"{\"endpoint\":\"http://u:x@h\"}", "{\"endpoint\":\"http://u:" R "@h\"}"},
        {"{\"endpoint\":\"u:x@h:1\"}", "{\"endpoint\":\"u:" R "@h:1\"}"},
        {"[\"--crypter.key\",\"a\",\"--x\",\"a\"]", "[\"--crypter.key\",\"REDACTED\",\"--x\",\"a\"]"},
        {"[\"--crypter.key=a b\"]", "[\"--crypter.key=REDACTED\"]"},
        {"{\"secretKeyRef\":{\"name\":\"n\",\"key\":\"secret_key\"}}",
         "{\"secretKeyRef\":{\"name\":\"n\",\"key\":\"secret_key\"}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *old = json_parse(rows[i][0], strlen(rows[i][0]), NULL), *clean = secret_blot_json(old);
        char *text = json_print(clean);
        assert_string_equal(text, rows[i][1]);
        free(text);
        json_free(&old);
        json_free(&clean);
    }
}

/* -- all that goes out ------------------------------------------------------------------------------ */

#define PLURAL "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups"
#define MANIFEST "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"full\"," \
    "\"namespace\":\"orders\"},\"spec\":{\"br\":{\"cluster\":\"tc\",\"options\":[\"--crypter.key=hush1\"," \
    "\"--log.crypter.key\",\"hush2\",\"--s3.secret-access-key=hush3\"]},\"s3\":{\"provider\":\"minio\"," \
    "\"bucket\":\"b\",\"prefix\":\"p\",\"endpoint\":\"http://me:hush4@minio:9000\"," \
    "\"options\":[\"sas-token=hush5\"]}," \
    "\"env\":[{\"name\":\"X\",\"value\":\"hush6\"}]}}"

static struct json *manifest(void)
{
    struct json *object = json_parse(MANIFEST, strlen(MANIFEST), NULL);
    assert_non_null(object);
    return object;
}

static void nothing_in(const char *text)
{
    assert_has_not(text, "hush");
    assert_has(text, "http://me:");
    assert_has(text, "@minio:9000");
}

static void plans_and_the_journal_hold_none(void **state)
{
    struct bed *bed = *state;
    struct json *object = manifest();
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST " PLURAL, .has = "me:hush4@", .http = 201,
                                                   .body = "{\"kind\":\"Backup\"}"});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_CREATE, .name = "full",
                                                                 .manifest = object});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    struct json *told = br_plan_json(plan);
    char *text = json_print(told);
    nothing_in(text);
    nothing_in(plan->kubectl);
    nothing_in(plan_said(bed, plan));
    struct error err = {0};
    struct br_run run = {.run_id = "1-2", .action = action_get(ACTION_CREATE), .ns = (char *)"orders",
                         .name = (char *)"full", .outcome = BR_FAILED};
    strcpy(run.text, "GET http://me:hush4@minio:9000/b?sig=hush7: 403");
    struct journal *journal = journal_open(bed->journal, &err);
    plan->object = json_copy(object); /* as before of another action */
    assert_true(journal_intent(journal, &run, plan, &err));
    assert_true(journal_outcome(journal, &run, &err));
    journal_close(&journal);
    struct str lines;
    str_init(&lines, STR_SMALL);
    assert_true(file_read(bed->journal, &lines, &err));
    nothing_in(lines.data);
    assert_has(lines.data, "http://me:" R "@minio:9000/b?sig=" R " 403");
    str_done(&lines);
    free(text);
    json_free(&told);
    json_free(&object);
    br_plan_free(&plan);
}

static void refusals_hold_none(void **state)
{
    struct bed *bed = *state;
    struct json *object = manifest();
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "POST " PLURAL, .http = 422,
        .body = status_text(bed, 422, "Invalid", "endpoint: Invalid value: http://me:hush4@minio:9000: no")});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_CREATE, .name = "full",
                                                                 .manifest = object});
    assert_int_equal(plan->phase, BR_PLAN_REFUSED);
    nothing_in(plan->error.text);
    nothing_in(plan->dry_run_error.text);
    nothing_in(plan_said(bed, plan));
    json_free(&object);
    br_plan_free(&plan);
}

static void lines_hold_none(void **state)
{
    (void)state;
    char *argv[] = {(char *)"backup", (char *)"full", (char *)"--s3.endpoint=http://me:hush4@minio:9000",
                    (char *)"--crypter.key=hush1", (char *)"--log.crypter.key", (char *)"hush2", NULL};
    char *line = br_argv_line("br", argv);
    nothing_in(line);
    assert_string_equal(br_argv_secret(argv), argv[2]);
    free(line);
    struct str kept;
    str_init(&kept, STR_SMALL);
    static const char said[] = "[INFO] [arguments] [__command=\"br backup full\"] [crypter.key=hush1] [cmd=\"br "
                               "--log.crypter.key hush2 --s3.secret-access-key=hush3\"] "
                               "[s3.endpoint=http://me:hush4@minio:9000] [sas-token=hush5]";
    log_text_blot(&kept, said, strlen(said)); /* all that the view and the kept file get comes from there */
    nothing_in(kept.data);
    str_done(&kept);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts), cmocka_unit_test(words), cmocka_unit_test(json), cmocka_unit_test(lines_hold_none),
        TEST(plans_and_the_journal_hold_none), TEST(refusals_hold_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
