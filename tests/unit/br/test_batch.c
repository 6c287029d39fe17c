#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "br_fixture.h"

/* -- rule 9: batches --------------------------------------------------------------------- */

enum { BATCH = 3 };
static void batch_planned(struct bed *bed, enum action_id action, struct br_plan *plans[BATCH])
{
    static const char *const names[BATCH] = {"log-a", "log-b", "log-c"};
    const char *wanted = action == ACTION_STOP ? "log-stop" : "log-pause";
    expect_right(bed, true);
    for (size_t i = 0; i < BATCH; i++) {
        char *path = bed_keep(bed, xasprintf("/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups/%s", names[i]));
        struct backup_spec spec = {.name = names[i], .uid = names[i], .subcommand = "log-start"};
        backup_put(bed, &spec);
        fake_expect(bed->f.server, &(struct fake_rule){.request = bed_keep(bed, xasprintf("GET %s ", path)),
                                                       .body = backup_text(bed, &spec)});
        spec.generation = 4;
        spec.rv = 101;
        spec.subcommand = wanted;
        fake_expect(bed->f.server, &(struct fake_rule){.request = bed_keep(bed, xasprintf("PATCH %s?", path)),
                                                       .body = backup_text(bed, &spec)});
        plans[i] = plan_made(bed, &(struct br_plan_spec){.action = action, .name = names[i]});
        assert_int_equal(plans[i]->phase, BR_PLAN_READY);
    }
}

static void batch_step(struct bed *bed, const char *name, const char *command, const char *phase, const char *sub_phase)
{
    backup_put(bed, &(struct backup_spec){.name = name, .uid = name, .rv = 110, .generation = 4, .subcommand = command,
                                          .phase = phase,
                                          .subs = sub_text(bed, command, sub_phase, 110, 100, 110, NULL, "boom")});
}

static size_t writes(const struct bed *bed)
{
    size_t count = 0;
    const char *request;
    for (size_t i = 0; (request = fake_request(bed->f.server, "PATCH", i)) != NULL; i++)
        count += !strstr(request, "dryRun=All");
    return count;
}

static void a_batch_is_typed_as_one(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plans[BATCH];
    char wanted[320];
    batch_planned(bed, ACTION_STOP, plans);
    assert_string_equal(br_batch_confirm(plans, BATCH, wanted, sizeof wanted), "stop 3 test");
    struct error err = {0};
    assert_false(br_execute(bed->br, plans, BATCH, "log-a", NULL, &err));
    assert_has(err.text, "type stop 3 test");
    for (size_t i = 0; i < BATCH; i++)
        assert_null(plans[i]);
    SPIN(bed->f.loop, 20);
    assert_int_equal(writes(bed), 0);
}

static void a_batch_goes_one_after_another(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plans[BATCH];
    struct error err = {0};
    unsigned batch = 0;
    batch_planned(bed, ACTION_PAUSE, plans);
    assert_true(br_execute(bed->br, plans, BATCH, "y", &batch, &err));
    static const char *const names[BATCH] = {"log-a", "log-b", "log-c"};
    for (size_t i = 0; i < BATCH; i++) {
        const struct br_run *run = br_run_at(bed->br, i);
        assert_int_equal(run->batch, batch);
        UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
        SPIN(bed->f.loop, 15);
        assert_int_equal(writes(bed), i + 1);
        batch_step(bed, names[i], "log-pause", "Paused", "Complete");
        UNTIL(bed->f.loop, run->outcome == BR_DONE);
    }
}

static void the_first_failure_halts_the_rest(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plans[BATCH];
    struct error err = {0};
    batch_planned(bed, ACTION_STOP, plans);
    assert_true(br_execute(bed->br, plans, BATCH, "stop 3 test", NULL, &err));
    UNTIL(bed->f.loop, br_run_at(bed->br, 0)->outcome == BR_FOLLOWING);
    batch_step(bed, "log-a", "log-stop", "Stopped", "Complete");
    UNTIL(bed->f.loop, br_run_at(bed->br, 1)->outcome == BR_FOLLOWING);
    batch_step(bed, "log-b", "log-stop", "Running", "Failed");
    until_end(bed, br_run_at(bed->br, 2));
    assert_outcome(br_run_at(bed->br, 0), BR_DONE, "stopped");
    assert_outcome(br_run_at(bed->br, 1), BR_FAILED, "boom");
    assert_outcome(br_run_at(bed->br, 2), BR_NOT_SENT, "because of orders/log-b");
    assert_int_equal(writes(bed), 2);
    assert_int_equal(br_unseen(bed->br), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_typed_as_one), TEST(a_batch_goes_one_after_another), TEST(the_first_failure_halts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
