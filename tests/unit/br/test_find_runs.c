#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "br/br_private.h"
#include "br_fixture.h"

#define JOBS "GET /apis/batch/v1/jobs?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dbrdeck"

static void expect_jobs(struct bed *bed, const char *items)
{
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = JOBS, .body = bed_keep(bed, xasprintf("{\"kind\":\"JobList\",\"items\":[%s]}", items))});
}

static void find(struct bed *bed)
{
    assert_false(br_runs_are_found(bed->br));
    br_find_runs(bed->br);
    br_find_runs(bed->br); /* once is enough */
    UNTIL(bed->f.loop, br_runs_are_found(bed->br));
}

static const struct br_run *only_run(struct bed *bed)
{
    assert_int_equal(br_runs(bed->br), 1);
    return br_run_at(bed->br, 0);
}

static struct backup_spec pausing(struct bed *bed, const char *phase)
{
    struct backup_spec spec = asked;
    spec.subs = sub_text(bed, "log-pause", phase, 100, 0, 0, NULL, NULL);
    return spec;
}

static struct backup_spec paused(struct bed *bed)
{
    struct backup_spec spec = asked;
    spec.rv = 110;
    spec.phase = "Paused";
    spec.subs = sub_text(bed, "log-pause", "Complete", 110, 100, 110, NULL, NULL);
    return spec;
}

/* -- rows ---------------------------------------------------------------------------------- */

static void a_command_at_work_is_found_and_followed(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct backup_spec now = pausing(bed, "Prepare");
    backup_put(bed, &now);
    find(bed);
    const struct br_run *run = only_run(bed);
    assert_int_equal(run->origin, BR_ORIGIN_CLUSTER);
    assert_int_equal(run->action->id, ACTION_PAUSE);
    assert_int_equal(run->command, LOG_COMMAND_PAUSE);
    assert_int_equal(run->phase, PHASE_PREPARE);
    assert_outcome(run, BR_FOLLOWING, "log-pause: Prepare");
    assert_int_equal(run->begun_ms, NOW_MS - 60 * 60 * 1000 + 100 * 1000); /* since its condition says so */
    now.rv = 102;
    now.subs = sub_text(bed, "log-pause", "Running", 105, 0, 0, NULL, NULL);
    backup_put(bed, &now);
    UNTIL(bed->f.loop, strstr(run->text, "Running"));
    now = paused(bed);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused");
    SPIN(bed->f.loop, 30);
    only_run(bed);                             /* not found again */
    assert_int_equal(journal_lines(bed, "outcome"), 0); /* nobody here began it */
    assert_int_equal(fake_unexpected(bed->f.server), 0);
}

static void what_begins_later_is_found_too(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    backup_put(bed, &running);
    find(bed);
    assert_int_equal(br_runs(bed->br), 0);
    struct backup_spec now = pausing(bed, "Scheduled");
    backup_put(bed, &now);
    UNTIL(bed->f.loop, br_runs(bed->br) == 1);
    now.rv = 103;
    now.subs = sub_text(bed, "log-pause", "Failed", 120, 0, 0, NULL, "PD is down");
    backup_put(bed, &now);
    until_end(bed, only_run(bed));
    assert_outcome(only_run(bed), BR_FAILED, "log-pause failed: PD is down");
    assert_string_equal(only_run(bed)->cause->id, "pd-unreachable");
}

static void what_is_followed_is_not_found(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    struct backup_spec now = pausing(bed, "Running");
    backup_put(bed, &now);
    find(bed);
    assert_ptr_equal(only_run(bed), run);
    assert_int_equal(run->origin, BR_ORIGIN_HERE);
}

static void put_text(struct bed *bed, const char *text)
{
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    assert_non_null(record);
    store_put(bed->fleet.store, 0, record, NOW_MS);
}

#define SNAPSHOT(rv, status) "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\"," \
    "\"metadata\":{\"namespace\":" \
    "\"orders\",\"name\":\"full\",\"uid\":\"u-full\",\"resourceVersion\":\"" rv "\",\"generation\":1," \
    "\"creationTimestamp\":\"2026-11-23T15:00:00Z\"},\"spec\":{\"br\":{\"cluster\":\"tc\"}},\"status\":{" status "}}"

static void a_snapshot_at_work(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    put_text(bed, SNAPSHOT("5", "\"phase\":\"Scheduled\""));
    find(bed);
    const struct br_run *run = only_run(bed);
    assert_int_equal(run->action->id, ACTION_CREATE);
    assert_int_equal(run->command, LOG_COMMAND_NONE);
    assert_outcome(run, BR_FOLLOWING, "Scheduled");
    put_text(bed, SNAPSHOT("6", "\"phase\":\"Running\",\"progresses\":[{\"step\":\"Full Backup\",\"progress\":41}]"));
    UNTIL(bed->f.loop, run->phase == PHASE_RUNNING);
    assert_outcome(run, BR_FOLLOWING, "Running 41%");
    assert_true(run->progress > 40 && run->progress < 42);
    put_text(bed, SNAPSHOT("7", "\"phase\":\"RetryFailed\",\"conditions\":[{\"type\":\"RetryFailed\","
                           "\"status\":\"True\","
                           "\"reason\":\"JobFailed\",\"message\":\"Pod OOMKilled\"}],"
                           "\"backoffRetryStatus\":[{\"retryNum\":1}]"));
    UNTIL(bed->f.loop, run->phase == PHASE_RETRY_FAILED);
    assert_outcome(run, BR_FOLLOWING, "Retrying 1/2");
    put_text(bed, SNAPSHOT("8", "\"phase\":\"Complete\",\"commitTs\":\"436568622965194754\","
                                "\"backupSizeReadable\":\"2 GB\""));
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "2 GB");
}

static void a_delete_at_work(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct backup_spec now = {.rv = 120, .phase = "Running",
                              .metadata = ",\"deletionTimestamp\":\"2026-11-23T15:30:00Z\""};
    backup_put(bed, &now);
    find(bed);
    const struct br_run *run = only_run(bed);
    assert_int_equal(run->action->id, ACTION_DELETE);
    assert_outcome(run, BR_FOLLOWING, "delete: waits for the operator");
    now.rv = 121;
    now.phase = "Clean";
    backup_put(bed, &now);
    UNTIL(bed->f.loop, strstr(run->text, "clean-log-orders"));
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?", .has = "limit=",
        .body = "{\"kind\":\"BackupList\",\"metadata\":{\"resourceVersion\":\"140\"},\"items\":[]}"});
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "GET /apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?", .has = "watch=",
        .how = FAKE_STREAM});
    store_remove(bed->fleet.store, 0, "orders", "log-orders");
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "gone");
}

#define ASKED_AT(time) ",\"managedFields\":[{\"manager\":\"kubectl-edit\",\"operation\":\"Update\"," \
    "\"time\":\"" time "\",\"fieldsV1\":{\"f:spec\":{\"f:logSubcommand\":{}}}}]"

/* Somebody asked for it, and no operator runs: `brdeck check` warns of that after a minute. */
static void what_nobody_begins_is_found(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct backup_spec now = {.rv = 101, .generation = 4, .subcommand = "log-pause",
                              .metadata = ASKED_AT("2026-11-23T15:59:30Z")};
    now.subs = sub_text(bed, "log-pause", "Repeatable", 50, 40, 50, NULL, NULL); /* of an earlier one */
    backup_put(bed, &now);
    find(bed);
    assert_int_equal(br_runs(bed->br), 0); /* it was just asked for */
    now.rv = 102;
    now.metadata = ASKED_AT("2026-11-23T15:55:00Z");
    backup_put(bed, &now);
    /* as the store does when the state's time has passed */
    store_touch(bed->fleet.store, store_find(bed->fleet.store, "orders", "log-orders"), NOW_MS);
    UNTIL(bed->f.loop, br_runs(bed->br) == 1);
    const struct br_run *run = only_run(bed);
    assert_int_equal(run->origin, BR_ORIGIN_CLUSTER);
    assert_int_equal(run->action->id, ACTION_PAUSE);
    assert_int_equal(run->begun_ms, NOW_MS - 5 * 60 * 1000);
    assert_outcome(run, BR_FOLLOWING, "log-pause: asked for, but not picked up for 5m");
    assert_true(run->stuck);
    assert_string_equal(run->cause->id, "not-picked-up");
    now.rv = 103;
    now.subs = sub_text(bed, "log-pause", "Scheduled", 3600, 0, 0, NULL, NULL);
    backup_put(bed, &now);
    UNTIL(bed->f.loop, run->phase == PHASE_SCHEDULED);
    assert_false(run->stuck);
    now = paused(bed);
    now.subs = sub_text(bed, "log-pause", "Complete", 3610, 3600, 3610, NULL, NULL);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused");
}

static void a_wish_that_is_taken_back(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct backup_spec now = {.rv = 101, .generation = 4, .subcommand = "log-pause",
                              .metadata = ASKED_AT("2026-11-23T15:55:00Z")};
    backup_put(bed, &now);
    put_text(bed, SNAPSHOT("5", "")); /* made an hour ago */
    find(bed);
    assert_int_equal(br_runs(bed->br), 2);
    const struct br_run *pause = br_run_at(bed->br, 0), *full = br_run_at(bed->br, 1);
    assert_int_equal(full->action->id, ACTION_CREATE);
    assert_has(full->text, "asked for, but not picked up for 60m");
    assert_string_equal(full->cause->id, "not-picked-up");
    now = running;
    now.rv = 102;
    now.generation = 5;
    backup_put(bed, &now);
    until_end(bed, pause);
    assert_outcome(pause, BR_REVERTED, "logSubcommand is now log-start");
    assert_int_equal(full->outcome, BR_FOLLOWING);
}

static void what_rests_is_no_run(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct backup_spec rows[] = {
        running, paused(bed), {.name = "a", .phase = "Stopped", .subcommand = "log-stop"},
        {.name = "b", .subcommand = "log-pause", .subs = sub_text(bed, "log-pause", "Failed", 1, 0, 0, NULL, "x")},
        /* toggled: what is at work is not what the spec asks for */
        {.name = "c", .subcommand = "log-start", .subs = sub_text(bed, "log-pause", "Running", 1, 0, 0, NULL, NULL)},
    };
    rows[1].name = "p";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        backup_put(bed, &rows[i]);
    put_text(bed, SNAPSHOT("5", "\"phase\":\"Failed\""));
    find(bed);
    assert_int_equal(br_runs(bed->br), 0);
}

static void what_ended_long_ago_is_forgotten(void **state)
{
    struct bed *bed = *state;
    enum { MANY = RUNS_KEEP + 20 };
    expect_jobs(bed, "");
    find(bed);
    for (int i = 0; i < MANY; i++) {
        struct backup_spec now = pausing(bed, "Running");
        now.name = bed_keep(bed, xasprintf("log-%03d", i));
        backup_put(bed, &now);
        UNTIL(bed->f.loop, br_run_of(bed->br, "orders", now.name));
        struct backup_spec then = paused(bed);
        then.name = now.name;
        backup_put(bed, &then);
        UNTIL(bed->f.loop, br_active(bed->br) == 0);
        bed->br->runs[br_runs(bed->br) - 1]->pub.ended_ms -= 2 * RUN_KEEP_MS;
    }
    SPIN(bed->f.loop, 20);
    assert_in_range(br_runs(bed->br), RUNS_KEEP, RUNS_KEEP + 1);
    assert_string_equal(br_run_at(bed->br, br_runs(bed->br) - 1)->name, "log-519");
    assert_int_equal(br_run_at(bed->br, br_runs(bed->br) - 1)->id, MANY);
    struct error err = {0};
    assert_false(br_cancel(bed->br, 1, &err));
    assert_has(err.text, "there is no run 1");
    assert_false(br_cancel(bed->br, MANY, &err));
    assert_has(err.text, "it is over");
}

/* -- the journal: brdeck was killed in each state ------------------------------------------- */

static const struct br_run *found_again(struct bed *bed)
{
    find(bed);
    const struct br_run *run = only_run(bed);
    assert_int_equal(run->origin, BR_ORIGIN_JOURNAL);
    assert_int_equal(run->action->id, ACTION_PAUSE);
    return run;
}

/* The write is sent, its answer hangs; then brdeck is killed. The server's rules are fresh from then on. */
static void killed_while_sending(struct bed *bed)
{
    struct br_plan *plan = pause_planned(bed);
    fake_expect(bed->f.server, &(struct fake_rule){.request = PATCHED, .how = FAKE_HANG, .times = 1});
    execute(bed, plan, "y");
    UNTIL(bed->f.loop, fake_count(bed->f.server, PATCHED) == 1);
    bed_restart(bed, true);
    assert_int_equal(br_runs(bed->br), 0);
}

static void killed_while_sending_and_not_applied(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    killed_while_sending(bed);
    expect_get(bed, backup_text(bed, &running), 200, 0);
    const struct br_run *run = found_again(bed);
    assert_true(run->outcome == BR_SENDING || br_outcome_is_end(run->outcome));
    until_end(bed, run);
    assert_outcome(run, BR_REFUSED, "not applied");
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    assert_int_equal(fake_count(bed->f.server, PATCHED), 1); /* nothing is sent by looking */
    bed_restart(bed, true);
    find(bed);
    assert_int_equal(br_runs(bed->br), 0); /* settled once */
}

/* brdeck is killed while it sends; this is what the next one will see. */
static void killed_and_then(struct bed *bed, const struct backup_spec *now)
{
    expect_jobs(bed, "");
    killed_while_sending(bed);
    expect_get(bed, backup_text(bed, now), 200, 0);
    backup_put(bed, now);
}

static void killed_while_sending_and_applied(void **state)
{
    struct bed *bed = *state;
    killed_and_then(bed, &asked);
    const struct br_run *run = found_again(bed);
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    assert_has(run->text, "waits for the operator");
    struct backup_spec now = pausing(bed, "Running");
    now.rv = 103;
    backup_put(bed, &now);
    UNTIL(bed->f.loop, strstr(run->text, "log-pause: Running"));
    SPIN(bed->f.loop, 20);
    only_run(bed); /* its row is at work, and it is this run */
    bed_restart(bed, true); /* once more, in the middle of following */
    expect_get(bed, backup_text(bed, &now), 200, 0);
    run = found_again(bed);
    now = paused(bed);
    backup_put(bed, &now);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused");
    assert_int_equal(journal_lines(bed, "outcome"), 1);
}

static void killed_and_done_meanwhile(void **state)
{
    struct bed *bed = *state;
    struct backup_spec now = paused(bed);
    now.manager = "brdeck";
    killed_and_then(bed, &now);
    const struct br_run *run = found_again(bed);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused");
}

/* Another brdeck is writing into the journal just then: that is waited for, and the loop goes on meanwhile. */
static void killed_and_done_while_the_journal_is_held(void **state)
{
    struct bed *bed = *state;
    struct backup_spec now = paused(bed);
    now.manager = "brdeck";
    killed_and_then(bed, &now);
    size_t lines = journal_lines(bed, "outcome");
    int fd = open(bed->journal, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    const struct br_run *run = found_again(bed);
    until_end(bed, run);
    SPIN(bed->f.loop, 50);
    assert_int_equal(journal_lines(bed, "outcome"), lines);
    close(fd);
    UNTIL(bed->f.loop, journal_lines(bed, "outcome") == lines + 1);
    SPIN(bed->f.loop, 30);
    assert_int_equal(journal_lines(bed, "outcome"), lines + 1);
}

static void killed_and_failed_meanwhile(void **state)
{
    struct bed *bed = *state;
    struct backup_spec now = asked;
    now.rv = 109;
    now.subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "PD is down");
    killed_and_then(bed, &now);
    const struct br_run *run = found_again(bed);
    until_end(bed, run);
    assert_outcome(run, BR_FAILED, "PD is down");
}

/* Paused, and somebody has resumed it since: the pause was done all the same. */
static void killed_and_moved_on_meanwhile(void **state)
{
    struct bed *bed = *state;
    struct backup_spec now = {.rv = 150, .generation = 5, .subcommand = "log-start",
                              .subs = sub_text(bed, "log-pause", "Repeatable", 110, 100, 110, NULL, NULL)};
    killed_and_then(bed, &now);
    const struct br_run *run = found_again(bed);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused, and resumed since");
}

static void killed_and_nobody_can_tell(void **state)
{
    struct bed *bed = *state;
    struct backup_spec now = {.rv = 150, .generation = 5, .subcommand = "log-stop"};
    killed_and_then(bed, &now);
    const struct br_run *run = found_again(bed);
    until_end(bed, run);
    assert_outcome(run, BR_UNKNOWN, "logSubcommand was log-start, is log-stop");
    assert_int_equal(journal_lines(bed, "outcome"), 1);
}

static void killed_and_deleted_meanwhile(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    killed_while_sending(bed);
    expect_get(bed, status_text(bed, 404, "NotFound", "not found"), 404, 0);
    const struct br_run *run = found_again(bed);
    until_end(bed, run);
    assert_outcome(run, BR_GONE, "how it ended was not seen, and the object was deleted meanwhile");
}

/* The server does not answer at first: it is asked until it does. */
static void killed_and_the_server_is_away(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    killed_while_sending(bed);
    expect_cut(bed, "GET " OBJECT " ", 3);
    expect_get(bed, backup_text(bed, &asked), 200, 0);
    backup_put(bed, &asked);
    const struct br_run *run = found_again(bed);
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
}

/* brdeck ended properly while it followed: the next one goes on. */
static void left_and_taken_up(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct br_plan *plan = pause_planned(bed);
    expect_patch(bed, backup_text(bed, &asked), 200, 0);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    bed_restart(bed, false);
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    struct backup_spec now = paused(bed);
    now.manager = "brdeck";
    expect_get(bed, backup_text(bed, &now), 200, 0);
    backup_put(bed, &now);
    run = found_again(bed);
    until_end(bed, run);
    assert_outcome(run, BR_DONE, "paused");
    assert_int_equal(journal_lines(bed, "outcome"), 2);
    bed_restart(bed, false);
    find(bed);
    assert_int_equal(br_runs(bed->br), 0);
}

/* It could not be told in all the time there was, and brdeck ended: the next one may know. */
static void unknown_at_the_end_and_known_by_the_next(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    struct br_plan *plan = pause_planned(bed);
    expect_cut(bed, PATCHED, 1);
    expect_cut(bed, "GET " OBJECT " ", 40);
    const struct br_run *run = execute(bed, plan, "y");
    UNTIL(bed->f.loop, run->outcome == BR_UNKNOWN);
    bed_restart(bed, false);
    expect_get(bed, backup_text(bed, &asked), 200, 0);
    backup_put(bed, &asked);
    run = found_again(bed);
    UNTIL(bed->f.loop, run->outcome == BR_FOLLOWING);
    struct backup_spec now = paused(bed);
    backup_put(bed, &now);
    until_end(bed, run);
    bed_restart(bed, false);
    find(bed);
    assert_int_equal(br_runs(bed->br), 0);
}

static void change_journal(struct bed *bed, const char *from, const char *to)
{
    struct str text, out;
    str_init(&text, STR_LARGE);
    str_init(&out, STR_LARGE);
    assert_true(file_read(bed->journal, &text, NULL));
    const char *at = strstr(text.data, from);
    assert_non_null(at);
    str_addn(&out, text.data, (size_t)(at - text.data));
    str_addf(&out, "%s%s", to, at + strlen(from));
    assert_true(file_write(bed->journal, out.data, out.len, 0600, NULL));
    str_done(&text);
    str_done(&out);
}

static void left_alone(struct bed *bed, const char *from, const char *to)
{
    expect_jobs(bed, "");
    killed_while_sending(bed);
    change_journal(bed, from, to);
    find(bed);
    assert_int_equal(br_runs(bed->br), 0);
    assert_int_equal(journal_lines(bed, "outcome"), 0);
}

static void another_cluster_s_are_left_alone(void **state)
{
    left_alone(*state, "uid-of-kube-system", "uid-of-another");
}

static void a_living_brdeck_s_are_left_alone(void **state) { left_alone(*state, "\"began\":\"9", "\"began\":\""); }

static void an_old_line_that_tells_too_little(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "");
    killed_while_sending(bed);
    change_journal(bed, "\"before\":", "\"somewhat\":");
    const struct br_run *run = found_again(bed);
    assert_outcome(run, BR_UNKNOWN, "does not tell enough");
    assert_int_equal(journal_lines(bed, "outcome"), 1);
}

/* -- Jobs of brdeck's ------------------------------------------------------------------------- */

static void finished_and_foreign_jobs_are_no_runs(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed,
                "{\"metadata\":{\"namespace\":\"orders\",\"name\":\"j1\",\"labels\":{\"brdeck/backup\":\"log-orders\","
                "\"brdeck/command\":\"status\",\"brdeck/run-id\":\"1-2\"}},"
                "\"status\":{\"conditions\":[{\"type\":\"Complete\","
                "\"status\":\"True\"}]}},"
                "{\"metadata\":{\"namespace\":\"orders\",\"name\":\"j2\"}},{},7,"
                "{\"metadata\":{\"namespace\":\"orders\",\"name\":\"j3\",\"labels\":{\"brdeck/backup\":\"log-orders\","
                "\"brdeck/command\":\"dance\",\"brdeck/run-id\":\"1-3\"}}}");
    find(bed);
    assert_int_equal(br_runs(bed->br), 0);
}

static void a_job_at_work_is_a_run(void **state)
{
    struct bed *bed = *state;
    expect_jobs(bed, "{\"metadata\":{\"namespace\":\"orders\",\"name\":\"brdeck-log-orders-status-1-2\",\"uid\":\"u\","
                "\"creationTimestamp\":\"2026-11-23T15:59:00Z\",\"labels\":{\"brdeck/backup\":\"log-orders\","
                "\"brdeck/command\":\"status\",\"brdeck/run-id\":\"1-2\"}},\"status\":{\"active\":1}},"
                "{\"metadata\":{\"namespace\":\"orders\",\"name\":\"brdeck-log-orders-status-1-3\",\"uid\":\"v\","
                "\"ownerReferences\":[{\"apiVersion\":\"pingcap.com/v1alpha1\",\"kind\":\"Backup\"}],"
                "\"labels\":{\"brdeck/backup\":\"log-orders\",\"brdeck/command\":\"status\","
                "\"brdeck/run-id\":\"1-3\"}},\"status\":{\"active\":1}}");
    backup_put(bed, &running); /* of the other group; the second Job's has no row */
    find(bed);
    assert_int_equal(br_runs(bed->br), 2);
    assert_false(br_run_at(bed->br, 0)->v1);
    assert_true(br_run_at(bed->br, 1)->v1);
    const struct br_run *run = br_run_at(bed->br, 0);
    assert_int_equal(run->origin, BR_ORIGIN_CLUSTER);
    assert_int_equal(run->driver, BR_DRIVER_JOB);
    assert_int_equal(run->br_command, BR_LOG_STATUS);
    assert_string_equal(run->run_id, "1-2");
    assert_string_equal(run->name, "log-orders");
    assert_int_equal(run->begun_ms, NOW_MS - 60 * 1000);
}

static void no_right_to_list_jobs(void **state)
{
    struct bed *bed = *state;
    fake_expect(bed->f.server, &(struct fake_rule){.request = JOBS, .http = 403,
                                                   .body = status_text(bed, 403, "Forbidden", "no")});
    struct backup_spec now = pausing(bed, "Running");
    backup_put(bed, &now);
    find(bed);
    only_run(bed); /* the rest is found all the same */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_command_at_work_is_found_and_followed, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_begins_later_is_found_too, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_is_followed_is_not_found, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_at_work, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_delete_at_work, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_nobody_begins_is_found, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_wish_that_is_taken_back, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_rests_is_no_run, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_ended_long_ago_is_forgotten, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_while_sending_and_not_applied, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_while_sending_and_applied, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_done_meanwhile, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_done_while_the_journal_is_held, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_failed_meanwhile, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_moved_on_meanwhile, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_nobody_can_tell, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_deleted_meanwhile, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(killed_and_the_server_is_away, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(left_and_taken_up, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(unknown_at_the_end_and_known_by_the_next, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(another_cluster_s_are_left_alone, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_living_brdeck_s_are_left_alone, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(an_old_line_that_tells_too_little, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(finished_and_foreign_jobs_are_no_runs, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_job_at_work_is_a_run, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(no_right_to_list_jobs, bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
