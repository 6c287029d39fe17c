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

/* -- the whole way ----------------------------------------------------------------------- */

static void a_pause_to_its_end(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    assert_int_equal(run->outcome, BR_QUEUED);
    assert_int_equal(br_active(bed->br), 1);
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    assert_has(run->text, "waits for the operator");
    assert_int_equal(journal_lines(bed, "intent"), 1);
    const char *sent = fake_request(bed->f.server, PATCHED, 0);
    assert_non_null(sent);
    assert_has(sent, "\"uid\":\"uid-1\"");
    assert_has(sent, "\"resourceVersion\":\"100\"");
    assert_null(strstr(sent, "dryRun"));
    /* the store is behind, and lists again: nothing of it counts */
    backup_put(bed, &(struct backup_spec){.rv = 100, .subcommand = "log-start",
                                          .checkpoint = tso_text(bed, tso_ago(5))});
    SPIN(bed->f.loop, 20);
    assert_int_equal(run->outcome, BR_FOLLOWING);
    struct backup_spec now = asked;
    static const char *const phases[] = {"Scheduled", "Prepare", "Running"};
    for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
        now.rv = 102 + (int)i;
        now.subs = sub_text(bed, "log-pause", phases[i], 100 + (int)i, 0, 0, NULL, NULL);
        backup_put(bed, &now);
        UNTIL(bed->f.loop, strstr(run->text, phases[i]));
        assert_int_equal(run->phase, phase_parse(phases[i]));
    }
    store_list(bed->fleet.store, 0); /* a re-list in the middle */
    backup_put(bed, &now);
    store_listed(bed->fleet.store, 0);
    SPIN(bed->f.loop, 20);
    assert_int_equal(run->outcome, BR_FOLLOWING);
    now.rv = 110;
    now.phase = "Paused";
    now.subs = sub_text(bed, "log-pause", "Complete", 110, 100, 110, NULL, NULL);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused");
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    assert_int_equal(br_active(bed->br), 0);
    assert_int_equal(br_unseen(bed->br), 0);
    assert_ptr_equal(br_run_of(bed->br, "orders", "log-orders"), run);
    assert_true(bed->told > 0);
    UNTIL(bed->f.loop, bed->br->feed == NULL); /* nothing is followed any more */
    assert_int_equal(fake_unexpected(bed->f.server), 0);
}

static void a_failure_is_told_and_kept_until_seen(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "yes");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    struct backup_spec now = asked;
    now.rv = 105;
    now.subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "PD is down");
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "log-pause failed: PD is down");
    assert_int_equal(br_unseen(bed->br), 1);
    br_mark_seen(bed->br);
    assert_int_equal(br_unseen(bed->br), 0);
}

static void nothing_changed_is_not_followed(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &(struct backup_spec){.rv = 101, .subcommand = "log-pause"}), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_NOTHING, "nothing changed");
    assert_null(bed->br->feed);
}

static void refused_by_the_server(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, status_text(bed, 422, "Invalid", "spec is bad"), 422, 0);
    const struct br_run *run = execute(bed, plan, "y");
    until_end(bed, run);
    assert_outcome(run, BR_REFUSED, "spec is bad");
    assert_int_equal(fake_count(bed->f.server, PATCHED), 1);
}

static void not_picked_up_is_told_and_goes_on(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.late_ms = 30;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, strstr(run->text, "not picked up"));
    assert_int_equal(run->outcome, BR_FOLLOWING);
    struct backup_spec now = asked;
    now.rv = 102;
    now.subs = sub_text(bed, "log-pause", "Scheduled", 100, 0, 0, NULL, NULL);
    backup_put(bed, &now);
    UNTIL(bed->f.loop, strstr(run->text, "its Job does not get on"));
    assert_has(run->text, "backup-log-orders-log-pause");
    now.rv = 103;
    now.phase = "Paused";
    now.subs = sub_text(bed, "log-pause", "Complete", 110, 100, 110, NULL, NULL);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
}

/* -- others, and the object's end -------------------------------------------------------- */

static void reverted_while_followed(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    backup_put(bed, &asked);
    backup_put(bed, &(struct backup_spec){.rv = 120, .generation = 5, .subcommand = "log-start"});
    until_end(bed, run);
    assert_outcome(run, BR_REVERTED, "logSubcommand is now log-start");
}

/* Between two lists: the store sees only an object that reads as before. */
static void reverted_unseen(void **state)
{
    struct bed *bed = *state;
    bed->br->pace.late_ms = 30;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    backup_put(bed, &(struct backup_spec){.rv = 120, .generation = 5, .subcommand = "log-start"});
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_REVERTED);
}

/* The row goes from the store: only a list of that one object tells whether it is deleted, or merely not shown any
 * more. */
static void not_in_the_store_is_watched_by_itself(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    static const char list[] = "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?";
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    struct backup_spec now = asked;
    now.rv = 130;
    now.subs = sub_text(bed, "log-pause", "Running", 100, 0, 0, NULL, NULL);
    const char *item = backup_text(bed, &now);
    fake_expect(bed->f.server, &(struct fake_rule){.request = list, .has = "limit=", .body = bed_keep(bed, xasprintf(
        "{\"kind\":\"BackupList\",\"metadata\":{\"resourceVersion\":\"130\"},\"items\":[%s]}", item))});
    fake_expect(bed->f.server, &(struct fake_rule){.request = list, .has = "watch=", .how = FAKE_STREAM});
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    store_drop(bed->fleet.store, 0);
    UNTIL(bed->f.loop, strstr(run->text, "log-pause: Running"));
    assert_has(fake_request(bed->f.server, list, 0), "fieldSelector=metadata.name%3Dlog-orders");
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, list));
    fake_send(bed->f.server, list, bed_keep(bed, xasprintf("{\"type\":\"DELETED\",\"object\":%s}\n", item)));
    until_end(bed, run);
    assert_outcome(run, BR_GONE, "deleted");
    UNTIL(bed->f.loop, !bed->br->runs[0]->watch);
}

static void deleted_while_followed(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET "
                                                   "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?",
                                                       .has = "limit=",
                                                   .body = "{\"kind\":\"BackupList\","
                                                   "\"metadata\":{\"resourceVersion\":\"140\"},\"items\":[]}"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET "
                                                   "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?",
                                                       .has = "watch=",
                                                   .how = FAKE_STREAM});
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    store_remove(bed->fleet.store, 0, "orders", "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_GONE, "deleted");
}

/* -- truncate, retry, start -------------------------------------------------------------- */

static void a_truncate_to_its_end(void **state)
{
    struct bed *bed = *state;
    const char *until = tso_text(bed, tso_ago(3 * DAY));
    struct backup_spec now = {.rv = 101, .generation = 4, .subcommand = "log-start", .until = until};
    snapshot_put(bed, "full-new", 2 * DAY);
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    expect_right(bed, true);
    expect_dry(bed, backup_text(bed, &now), 200, 0);
    expect_patch(bed, backup_text(bed, &now), 200, 0);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_TRUNCATE, .until = tso_ago(3 * DAY)});
    const struct br_run *run = execute(bed, plan, "log-orders");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    assert_true(run->until == tso_ago(3 * DAY));
    now.rv = 105;
    now.subs = sub_text(bed, "log-truncate", "Complete", 100, 100, 101, until, NULL);
    now.success = until;
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "is gone");
}

static void a_retry_to_its_end(void **state)
{
    struct bed *bed = *state;
    struct backup_spec now = {.subcommand = "log-pause", .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL,
                                                                          "boom")};
    backup_put(bed, &now);
    expect_get(bed, backup_text(bed, &now), 200, 0);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET /apis/batch", .http = 404, .body = "{}"});
    now.rv = 101;
    now.subs = NULL;
    fake_expect(bed->f.server, &(struct fake_rule){.request = "PATCH " OBJECT "/status",
                                                   .body = backup_text(bed, &now)});
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    const struct br_run *run = execute(bed, plan, "y");
    assert_true(run->is_retry);
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING); /* the generation did not move, and it is followed all the same */
    SPIN(bed->f.loop, 30); /* the store still shows the old failure: no sign */
    assert_int_equal(run->outcome, BR_FOLLOWING);
    now.rv = 110;
    now.phase = "Paused";
    now.subs = sub_text(bed, "log-pause", "Complete", 300, 299, 300, NULL, NULL);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_int_equal(run->outcome, BR_DONE);
}

static const char manifest_text[] =
    "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"log-new\","
    "\"namespace\":\"orders\"},"
    "\"spec\":{\"backupMode\":\"log\",\"br\":{\"cluster\":\"tc\"},\"s3\":{\"provider\":\"aws\",\"bucket\":\"b\"}}}";
#define CREATED "POST /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?fieldManager=brdeck&fieldValidation="
#define NEW_OBJECT "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups/log-new"

static struct br_plan *start_planned(struct bed *bed)
{
    struct json *json = json_parse(manifest_text, strlen(manifest_text), NULL);
    expect_right(bed, true);
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST /apis/br.pingcap.com", .has = "dryRun=All",
                                                   .http = 201,
                                                   .body = "{\"metadata\":{\"generation\":1}}"});
    struct br_plan *plan = br_plan_new(bed->br, &(struct br_plan_spec){.action = ACTION_START, .manifest = json}, NULL,
                                       NULL);
    json_free(&json);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    assert_int_equal(plan->phase, BR_PLAN_READY);
    return plan;
}

static const char *run_id_of(const struct bed *bed) { return bed->br->runs[0]->pub.run_id; }

static void a_start_to_its_end(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = start_planned(bed);
    fake_expect(bed->f.server, &(struct fake_rule){.request = CREATED, .http = 201,
                                                   .body = backup_text(bed, &(struct backup_spec){
        .name = "log-new", .generation = 1, .rv = 300, .phase = "", .no_commit_ts = true})});
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    char *note = xasprintf("\"brdeck/run-id\":\"%s\"", run->run_id);
    assert_has(fake_request(bed->f.server, CREATED, 0), note);
    free(note);
    struct backup_spec now = {.name = "log-new", .generation = 2, .rv = 301, .phase = "Running", .no_commit_ts = true};
    backup_put(bed, &now);
    SPIN(bed->f.loop, 20);
    now.rv = 302;
    now.no_commit_ts = false;
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "COMMITTS");
}

static void a_start_whose_answer_is_lost_knows_its_own(void **state)
{
    struct bed *bed = *state;
    for (int ours = 0; ours < 2; ours++) {
        struct br_plan *plan = start_planned(bed);
        fake_expect(bed->f.server, &(struct fake_rule){.request = CREATED, .http = 409, .times = 1, .body = status_text(
            bed, 409, "AlreadyExists", "already exists")});
        execute(bed, plan, "y");
        const struct br_run *run = br_run_at(bed->br, (size_t)ours);
        const char *note = bed_keep(bed, xasprintf(",\"annotations\":{\"brdeck/run-id\":\"%s\"}", ours ? run->run_id :
                                                   "other"));
        fake_expect(bed->f.server, &(struct fake_rule){.request = NEW_OBJECT, .times = 1, .body = backup_text(
            bed, &(struct backup_spec){.name = "log-new", .rv = 300, .no_commit_ts = true, .phase = "",
                                       .metadata = note})});
        UNTIL(bed->f.loop, run->outcome > BR_SENDING);
        if (ours)
            assert_int_equal(run->outcome, BR_FOLLOWING);
        else
            assert_outcome(run, BR_REFUSED, "another Backup of that name");
    }
    assert_string_not_equal(run_id_of(bed), br_run_at(bed->br, 1)->run_id);
}

/* -- a property: whatever the store goes through, the end is the end --------------------- */

/* Objects old and new, lists, and rows that go for a moment come in any order: it is never done before the sign was
 * there, and always done when it is. */
static void any_order_in_the_store(void **state)
{
    struct bed *bed = *state;
    unsigned seed = 4711;
    for (int round = 0; round < 40; round++) {
        if (round) {
            bed_close(bed);
            bed_open(bed);
        }
        bed->br->pace.grace_ms = 10 * 1000; /* rows come back in time */
        struct br_plan *plan = pause_planned(bed);
        expect_patch(bed, backup_text(bed, &asked), 200, 0);
        struct backup_spec states[] = {running, asked, asked, asked, asked};
        static const char *const phases[] = {"Scheduled", "Prepare", "Running"};
        for (int i = 0; i < 3; i++) {
            states[2 + i].rv = 102 + i;
            states[2 + i].subs = sub_text(bed, "log-pause", phases[i], 100 + i, 0, 0, NULL, NULL);
        }
        const struct br_run *run = execute(bed, plan, "y");
        for (int event = 0; event < 20; event++) {
            seed = seed * 1103515245u + 12345u;
            unsigned what = seed >> 16 & 7;
            if (what < ARRAY_LEN(states))
                backup_put(bed, &states[what]);
            else if (what == 5)
                store_list(bed->fleet.store, 0);
            else if (what == 6)
                store_listed(bed->fleet.store, 0);
            else
                store_remove(bed->fleet.store, 0, "orders", "log-orders");
            for (unsigned turns = seed >> 20 & 3; turns > 0; turns--)
                loop_turn(bed->f.loop, 1);
            if (br_outcome_is_end(run->outcome))
                fail_msg("round %d: ended too early: %s", round, run->text);
        }
        struct backup_spec end = asked;
        end.rv = 110;
        end.phase = "Paused";
        end.subs = sub_text(bed, "log-pause", "Complete", 110, 100, 110, NULL, NULL);
        backup_put(bed, &end);
        until_end(bed, run);
        assert_outcome(run, BR_DONE, "paused");
    }
}

/* -- two wishes for one object ----------------------------------------------------------- */

static void a_newer_wish_replaces_the_older(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 1);
    const struct br_run *first = execute(bed, plan, "y");
    UNTIL(bed->f.loop, first->outcome == BR_FOLLOWING);
    struct backup_spec stop = {.rv = 120, .generation = 5, .subcommand = "log-stop"};
    expect_get(bed, backup_text(bed, &asked), 200, 0);
    expect_dry(bed, backup_text(bed, &stop), 200, 0);
    expect_patch(bed, backup_text(bed, &stop), 200, 0);
    plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_STOP});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    const struct br_run *second = execute(bed, plan, "log-orders");
    UNTIL(bed->f.loop, second->outcome == BR_FOLLOWING);
    backup_put(bed, &stop);
    until_end(bed, first);
    assert_outcome(first, BR_REVERTED, "replaced by your stop");
    assert_int_equal(second->outcome, BR_FOLLOWING);
    assert_ptr_equal(br_run_of(bed->br, "orders", "log-orders"), second);
}

static void an_end_of_brdeck_is_written_down(void **state)
{
    struct bed *bed = *state;
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    br_free(&bed->br);
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    bed->br = br_new(&(struct br_options){.loop = bed->f.loop, .fleet = &bed->fleet, .journal = bed->journal}, NULL,
                     NULL);
}

static void every_outcome_has_its_word(void **state)
{
    (void)state;
    for (int o = BR_QUEUED; o <= BR_NOT_SENT; o++) {
        assert_true(br_outcome_word((enum br_outcome)o)[0]);
        assert_int_equal(br_outcome_is_end((enum br_outcome)o), o > BR_FOLLOWING);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pause_to_its_end), TEST(a_failure_is_told_and_kept_until_seen), TEST(nothing_changed_is_not_followed),
        TEST(refused_by_the_server), TEST(not_picked_up_is_told_and_goes_on), TEST(reverted_while_followed),
        TEST(reverted_unseen), TEST(not_in_the_store_is_watched_by_itself), TEST(deleted_while_followed),
        TEST(a_truncate_to_its_end), TEST(a_retry_to_its_end), TEST(a_start_to_its_end),
        TEST(a_start_whose_answer_is_lost_knows_its_own), TEST(any_order_in_the_store),
        TEST(a_newer_wish_replaces_the_older), TEST(an_end_of_brdeck_is_written_down),
        TEST(every_outcome_has_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
