/* test_secret.c - what must not be seen (base/secret.h): that none of what brdeck
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
#include "br_fixture.h"

#define R "<redacted>"

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
        cmocka_unit_test(lines_hold_none),
        TEST(plans_and_the_journal_hold_none), TEST(refusals_hold_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
