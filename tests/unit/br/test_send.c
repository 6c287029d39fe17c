#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "br/br_private.h"
#include "br_fixture.h"

/* -- rule 1: 409 ------------------------------------------------------------------------- */

static void the_operators_minute_is_no_change(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    const char *conflict = status_text(bed, 409, "Conflict", "the object has been modified");
    struct backup_spec newer = {.rv = 105, .subcommand = "log-start", .checkpoint = tso_text(bed, tso_ago(1))};
    expect_patch(bed, conflict, 409, 2);
    struct backup_spec done = asked;
    done.rv = 107;
    expect_patch(bed, backup_text(bed, &done), 200, 0);
    expect_get(bed, backup_text(bed, &newer), 200, 1);
    newer.rv = 106;
    expect_get(bed, backup_text(bed, &newer), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    assert_int_equal(fake_count(bed->f.server, PATCHED), 3);
    assert_has(fake_request(bed->f.server, PATCHED, 1), "\"resourceVersion\":\"105\"");
    assert_has(fake_request(bed->f.server, PATCHED, 2), "\"resourceVersion\":\"106\"");
    assert_int_equal(journal_lines(bed, "intent"), 3);
}

static void a_real_change_is_shown(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, status_text(bed, 409, "Conflict", "the object has been modified"), 409, 0);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 105, .generation = 4, .subcommand = "log-stop"}), 200,
               0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_CHANGED, "logSubcommand was log-start, is log-stop");
    assert_int_equal(fake_count(bed->f.server, PATCHED), 1);
}

static void five_times_and_no_more(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, status_text(bed, 409, "Conflict", "the object has been modified"), 409, 0);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_CHANGED);
    assert_int_equal(fake_count(bed->f.server, PATCHED), 6); /* once, and five times again */
}

static void another_of_that_name_is_gone(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, status_text(bed, 422, "Invalid", "metadata.uid: Invalid value: field is immutable"), 422, 0);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 200, .uid = "uid-2", .subcommand = "log-start"}), 200,
               0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_GONE, "another object of that name");
}

/* -- rule 7: lost answers ---------------------------------------------------------------- */

static void lost_and_applied(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_cut(bed, PATCHED, 1);
    expect_get(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    assert_int_equal(fake_count(bed->f.server, PATCHED), 1); /* never sent again by itself */
    /* it happened while the answer was lost: what the object says counts */
    struct backup_spec now = asked;
    now.rv = 110;
    now.phase = "Paused";
    now.subs = sub_text(bed, "log-pause", "Complete", 110, 100, 110, NULL, NULL);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
}

static void lost_and_not_applied(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, status_text(bed, 504, "Timeout", "timed out"), 504, 1);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_REFUSED, "not applied");
    assert_int_equal(fake_count(bed->f.server, PATCHED), 1);
    /* as the object is untouched the write might still have been under way: it was looked at three times */
    assert_int_equal(fake_count(bed->f.server, "GET " OBJECT), 1 + LOST_LOOKS_MAX);
}

static void lost_and_moved_on_without_it(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_cut(bed, PATCHED, 1);
    expect_get(bed, backup_text(bed, &(struct backup_spec){.rv = 104, .subcommand = "log-start"}), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_REFUSED, "not applied");
    /* the precondition cannot hold any more: one look is enough */
    assert_int_equal(fake_count(bed->f.server, "GET " OBJECT), 2);
}

static void lost_and_written_by_somebody_else(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    struct backup_spec other = asked;
    other.manager = "kubectl-edit";
    expect_cut(bed, PATCHED, 1);
    expect_get(bed, backup_text(bed, &other), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_CHANGED, "somebody else wrote it");
}

static void lost_and_unknown_until_known(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, status_text(bed, 500, "InternalError", "etcd"), 500, 1);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET " OBJECT, .http = 500, .body = "no", .times = 12});
    expect_get(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_UNKNOWN);
    assert_has(run->text, "cannot be told");
    assert_int_equal(br_unseen(bed->br), 1);
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING); /* known at last */
    assert_int_equal(run->ended_ms, 0);
    assert_int_equal(br_active(bed->br), 1);
}

static void nothing_sent_is_sent_again(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    bed->f.target.server = bed_keep(bed, xstrdup(bed->f.target.server)); /* it was the server's own */
    plan->server = bed->f.target.server;
    fake_server_free(&bed->f.server); /* nobody listens: the connection is refused */
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_NOT_SENT, "nothing was sent");
    assert_int_equal(journal_lines(bed, "intent"), SEND_AGAIN_MAX);
    bed->f.server = fake_server_new(bed->f.loop);
}

/* -- what keeps anything from being sent ------------------------------------------------- */

static void expect_refusal(struct bed *bed, struct br_plan *plan, const char *typed, enum error_code code,
                           const char *words)
{
    struct error err = {0};
    unsigned batch = 77;
    assert_false(br_execute(bed->br, &plan, 1, typed, &batch, &err));
    assert_null(plan); /* taken over all the same */
    assert_int_equal(err.code, code);
    assert_has(err.text, words);
    assert_int_equal(batch, 0);
    SPIN(bed->f.loop, 20);
    assert_int_equal(br_runs(bed->br), 0);
    assert_int_equal(fake_count(bed->f.server, PATCHED), 0);
}

static void unconfirmed(void **state) { expect_refusal(*state, pause_planned(*state), "n", ERROR_REFUSED,
                                                       "not confirmed"); }

static void read_only(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    bed->br->read_only = true;
    expect_refusal(bed, plan, "y", ERROR_REFUSED, "read-only");
}

static void no_journal(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    free(bed->br->journal_path);
    bed->br->journal_path = xstrdup("/proc/no/such/journal.jsonl");
    expect_refusal(bed, plan, "y", ERROR_SYSTEM, "/proc/no");
}

static void not_ready(void **state)
{
    struct bed *bed = *state;
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET " OBJECT, .how = FAKE_HANG});
    struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_PAUSE, .ns = "orders",
                                                                       .name = "log-orders"},
                                       NULL, NULL);
    expect_refusal(bed, plan, "y", ERROR_REFUSED, "not ready");
}

static void the_journal_breaks_before_the_write(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    const struct br_run *run = execute(bed, plan, "y"); /* opens it */
    char *folder = xstrndup(bed->journal, (size_t)(strrchr(bed->journal, '/') - bed->journal));
    unlink(bed->journal);
    rmdir(folder);
    until_end(bed, run);
    assert_outcome(run, BR_NOT_SENT, "nothing is sent without it");
    assert_int_equal(fake_count(bed->f.server, PATCHED), 0);
    free(folder);
}

/* The last snapshot goes while the dialog is open: what was confirmed is not what would happen. */
static void the_guard_looks_again_before_the_write(void **state)
{
    struct bed *bed = *state;
    snapshot_put(bed, "full-new", 2 * DAY);
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_right(bed, true);
    expect_dry(bed, backup_text(bed, &(struct backup_spec){.generation = 4}), 200, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE, .until = tso_ago(3 * DAY)});
    assert_int_equal(plan->effect.verdict, TRUNCATE_OK);
    store_remove(bed->fleet.store, 0, "orders", "full-new");
    const struct br_run *run = execute(bed, plan, "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_CHANGED, "takes away has changed");
    assert_int_equal(fake_count(bed->f.server, PATCHED), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_operators_minute_is_no_change), TEST(a_real_change_is_shown), TEST(five_times_and_no_more),
        TEST(another_of_that_name_is_gone), TEST(lost_and_applied), TEST(lost_and_not_applied),
        TEST(lost_and_moved_on_without_it), TEST(lost_and_written_by_somebody_else),
        TEST(lost_and_unknown_until_known), TEST(nothing_sent_is_sent_again), TEST(unconfirmed), TEST(read_only),
        TEST(no_journal), TEST(not_ready), TEST(the_journal_breaks_before_the_write),
        TEST(the_guard_looks_again_before_the_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
