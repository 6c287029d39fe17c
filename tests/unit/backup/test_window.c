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

#include <brdeck/backup/window.h>
#include <brdeck/base/alloc.h>

#include "samples.h"

#define DAY_MS INT64_C(86400000)
#define DAY(n) tso_from_ms(SAMPLE_NOW - (n) * DAY_MS) /* days before now; the log starts at DAY(10) */

enum { FLEET_MAX = 16 };
struct fleet {
    const struct backup_record *records[FLEET_MAX];
    size_t count;
};

static const struct backup_record *add(struct fleet *f, struct backup_record *r)
{
    f->records[f->count] = r;
    return f->records[f->count++];
}

/* A snapshot @days before now, with a patch of its own laid over it. */
static const struct backup_record *add_snapshot(struct fleet *f, int days, const char *patch)
{
    char text[512];
    struct json *base = sample_json(patch ? patch : "{}"), *change;
    snprintf(text, sizeof text, "{'metadata':{'name':'full-%d'},'status':{'commitTs':'%llu'}}", days,
             (unsigned long long)DAY(days));
    change = sample_json(text);
    change = json_merge_patch(change, base);
    char *printed = json_print(change);
    struct backup_record *r = sample_snapshot(printed);
    free(printed);
    json_free(&base);
    json_free(&change);
    return add(f, r);
}

static void fleet_done(struct fleet *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct backup_record *r = (struct backup_record *)(uintptr_t)f->records[i];
        record_free(&r);
    }
    f->count = 0;
}

static void a_base_is_a_whole_finished_snapshot(void **state)
{
    (void)state;
    static const struct {
        const char *patch, *fault; /* NULL: a base */
    } cases[] = {
        {NULL, NULL},
        {"{'spec':{'backupType':null}}", NULL},
        {"{'spec':{'backupType':''}}", NULL},
        {"{'spec':{'backupType':'db'}}", "is not of the whole cluster"},
        {"{'spec':{'tableFilter':['a.*']}}", "holds only the tables of its filter"},
        {"{'spec':{'br':{'options':['-f','a.*']}}}", "holds only the tables of its filter"},
        {"{'spec':{'br':{'options':['--lastbackupts=5']}}}", "is incremental"},
        {"{'status':{'phase':'Running'}}", "is not complete"},
        {"{'status':{'phase':'Failed'}}", "is not complete"},
        {"{'status':{'phase':'Clean'}}", "is being cleaned"},
        {"{'status':{'commitTs':null}}", "has no COMMITTS"},
        {"{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'}}", "is being deleted"},
        {"{'spec':{'backupMode':'log'}}", "is a log backup"},
        {"{'spec':{'backupMode':'volume-snapshot'}}", "is no BR snapshot"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *r = sample_snapshot(cases[i].patch);
        if (!str_same(window_base_fault(r), cases[i].fault))
            fail_msg("%s: %s", cases[i].patch, window_base_fault(r));
        record_free(&r);
    }
}

#define FAILED(more) "{'status':{'phase':'Failed','timeCompleted':'2026-11-15T14:00:30Z'}" more "}"
#define LATER(begun, more) "{'metadata':{'name':'later','creationTimestamp':'2026-11-15T13:00:00Z'}," \
    "'status':{'timeStarted':" begun "}" more "}"

/* Of one cluster, whole, and begun after the other had ended. */
static void a_later_full_backup_makes_good(void **state)
{
    (void)state;
    static const struct {
        const char *failed, *full;
        bool good;
    } cases[] = {
        {FAILED(""), LATER("'2026-11-15T14:00:31Z'", ""), true},
        {FAILED(""), LATER("'2026-11-15T14:00:30Z'", ""), false},
        {FAILED(""), LATER("null", ""), false}, /* made before */
        {FAILED(",'spec':{'cleanPolicy':'Delete'}"), LATER("'2026-11-15T15:00:00Z'", ""), true},
        {FAILED(",'spec':{'br':{'cluster':'other'}}"), LATER("'2026-11-15T15:00:00Z'", ""), false},
        {FAILED(",'metadata':{'namespace':'other'}"), LATER("'2026-11-15T15:00:00Z'", ""), false},
        {FAILED(",'spec':{'tableFilter':['a.b']}"), LATER("'2026-11-15T15:00:00Z'", ""), false},
        {FAILED(",'spec':{'backupType':'db'}"), LATER("'2026-11-15T15:00:00Z'", ""), false},
        {FAILED(",'spec':{'br':{'options':['--lastbackupts=5']}}"), LATER("'2026-11-15T15:00:00Z'", ""), false},
        {FAILED(",'spec':{'backupMode':'log'}"), LATER("'2026-11-15T15:00:00Z'", ""), false},
        {FAILED(""), LATER("'2026-11-15T15:00:00Z'", ",'spec':{'tableFilter':['a.b']}"), false},
        {FAILED(""), "{'status':{'phase':'Running','timeStarted':'2026-11-15T15:00:00Z'}}", false},
        {"{'status':{'phase':'CleanFailed'}}", LATER("'2026-11-15T15:00:00Z'", ""), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *failed = sample_snapshot(cases[i].failed), *full = sample_snapshot(cases[i].full);
        if (window_makes_good(full, failed) != cases[i].good)
            fail_msg("%s and %s", cases[i].failed, cases[i].full);
        record_free(&failed);
        record_free(&full);
    }
}

static void the_window_begins_at_the_oldest_base(void **state)
{
    (void)state;
    struct fleet f = {0};
    struct window w;
    const struct backup_record *log = add(&f, sample_log(NULL));
    window_of(log, f.records, f.count, 0, &w);
    assert_true(w.from == 0 && w.to == 0 && !w.base && w.bases == 0 && w.log == log);
    const struct backup_record *newest = add_snapshot(&f, 2, NULL), *oldest = add_snapshot(&f, 8, NULL);
    add_snapshot(&f, 5, NULL);
    add_snapshot(&f, 12, NULL);                              /* before the log's start */
    add_snapshot(&f, 9, "{'spec':{'tableFilter':['a.*']}}");
    add_snapshot(&f, 9, "{'spec':{'br':{'options':['--lastbackupts=5']}}}");
    add_snapshot(&f, 9, "{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'}}");
    add_snapshot(&f, 9, "{'spec':{'br':{'cluster':'other'}}}");
    add_snapshot(&f, 9, "{'metadata':{'namespace':'test'}}");
    add_snapshot(&f, 9, "{'spec':{'br':{'cluster':''}}}");
    window_of(log, f.records, f.count, 0, &w);
    assert_true(w.from == DAY(8) && w.to == log->checkpoint);
    assert_ptr_equal(w.base, oldest);
    assert_ptr_equal(w.newest, newest);
    assert_int_equal(w.bases, 3);
    assert_int_equal(w.points, 1);
    assert_false(w.maybe_other_cluster);
    window_of(log, f.records, f.count, SAMPLE_NOW - 7 * DAY_MS, &w);
    assert_true(w.maybe_other_cluster);
    window_of(oldest, f.records, f.count, 0, &w); /* a snapshot has none */
    assert_true(w.from == 0 && w.bases == 0);
    fleet_done(&f);
}

/* What is shown goes to PD's checkpoint; what a truncate is judged by does not. */
static void pds_checkpoint_is_shown(void **state)
{
    (void)state;
    struct fleet f = {0};
    struct window w;
    struct truncate_effect e;
    const struct backup_record *log = add(&f, sample_log("{'status':{'logCheckpointTs':'470595000000000000'}}"));
    const struct backup_record *base = add_snapshot(&f, 8, NULL), *late = add_snapshot(&f, 1, NULL);
    struct backup_facts facts = {.pd = {.reach = PD_ANSWERED, .read_ms = SAMPLE_NOW, .checkpoint = DAY(0)}};
    assert_true(late->commit_ts > log->checkpoint);
    window_shown(log, NULL, f.records, f.count, 0, &w);
    assert_true(w.to == log->checkpoint && !w.to_from_pd && w.bases == 1 && w.points == 1 && w.newest == base);
    window_shown(log, &facts, f.records, f.count, 0, &w);
    assert_true(w.to == DAY(0) && w.to_from_pd && w.bases == 2 && w.points == 0 && w.base == base && w.newest == late);
    window_truncate(log, f.records, f.count, 0, true, DAY(1) + 1, &e);
    assert_int_equal(e.verdict, TRUNCATE_PAST_CHECKPOINT);
    assert_true(e.before.to == log->checkpoint && e.before.bases == 1);
    facts.pd.checkpoint = log->checkpoint - 1; /* older: the object's stands */
    window_shown(log, &facts, f.records, f.count, 0, &w);
    assert_true(w.to == log->checkpoint && !w.to_from_pd);
    facts.pd.checkpoint = DAY(0);
    facts.pd.read_ms = 1; /* before this object was made */
    window_shown(log, &facts, f.records, f.count, 0, &w);
    assert_false(w.to_from_pd);
    fleet_done(&f);
}

static void what_the_log_does_not_reach_is_a_point(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        size_t bases, points;
    } cases[] = {
        {NULL, 2, 1},
        {"{'status':{'logSuccessTruncateUntil':'470500000000000000'}}", 1, 2}, /* gap after a truncation */
        {"{'status':{'logSuccessTruncateUntil':'2026-11-14 14:00:00'}}", 2, 1}, /* exactly the snapshot's time */
        {"{'status':{'logSuccessTruncateUntil':'2026-11-14T14:00:01Z'}}", 1, 2},
        {"{'status':{'logCheckpointTs':null}}", 0, 3},
        {"{'status':{'logCheckpointTs':'470500000000000000'}}", 1, 2},
        {"{'status':{'commitTs':null}}", 0, 3},
        {"{'status':{'commitTs':'470641000000000000'}}", 0, 3}, /* the log began after them all */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet f = {0};
        struct window w;
        const struct backup_record *log = add(&f, sample_log(cases[i].patch));
        add_snapshot(&f, 11, NULL);
        add_snapshot(&f, 8, NULL);
        add_snapshot(&f, 2, NULL);
        window_of(log, f.records, f.count, 0, &w);
        if (w.bases != cases[i].bases || w.points != cases[i].points)
            fail_msg("%s: %zu bases, %zu points", cases[i].patch, w.bases, w.points);
        assert_int_equal(w.from != 0, w.bases > 0);
        fleet_done(&f);
    }
}

static void several_logs_have_windows_of_their_own(void **state)
{
    (void)state;
    struct fleet f = {0};
    struct window a, b;
    const struct backup_record *old = add(&f, sample_log("{'metadata':{'name':'old'},'status':{'phase':'Stopped',"
                                                         "'logCheckpointTs':'470550000000000000'}}"));
    const struct backup_record *new = add(&f, sample_log("{'metadata':{'name':'new'},'spec':{'tableFilter':['a.*']},"
                                                         "'status':{'commitTs':'470560000000000000'}}"));
    add_snapshot(&f, 8, NULL);
    add_snapshot(&f, 1, NULL);
    window_of(old, f.records, f.count, 0, &a);
    window_of(new, f.records, f.count, 0, &b);
    assert_true(a.from == DAY(8) && a.to == UINT64_C(470550000000000000) && !a.filter);
    assert_true(b.from == DAY(1) && b.to == new->checkpoint);
    assert_string_equal(b.filter, "a.*");
    fleet_done(&f);
}

static void v1_clusters_lie_in_their_own_namespace(void **state)
{
    (void)state;
    struct fleet f = {0};
    struct window w;
    const struct backup_record *log = add(
        &f, sample_log("{'apiVersion':'pingcap.com/v1alpha1','spec':{'br':{'clusterNamespace':'tidb'}}}"));
    add_snapshot(&f, 5, "{'apiVersion':'pingcap.com/v1alpha1','metadata':{'namespace':'other'},"
                        "'spec':{'br':{'clusterNamespace':'tidb'}}}");
    add_snapshot(&f, 5, "{'apiVersion':'pingcap.com/v1alpha1'}");
    window_of(log, f.records, f.count, 0, &w);
    assert_int_equal(w.bases, 1);
    fleet_done(&f);
}

static void truncates_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        int64_t days; /* until, in tenths of days before now */
        bool known;
        enum truncate_verdict verdict;
        size_t loses;
        const char *why;
    } cases[] = {
        {NULL, 90, true, TRUNCATE_OK, 0, ""},
        {NULL, 80, true, TRUNCATE_OK, 0, ""}, /* exactly the oldest base: it stays one */
        {NULL, 79, true, TRUNCATE_OK, 1, ""},
        {NULL, 30, true, TRUNCATE_OK, 2, ""},
        {NULL, 19, true, TRUNCATE_LOSES_PITR, 3, "takes the last base snapshot"},
        {NULL, 19, false, TRUNCATE_LOSES_PITR, 3, "not all snapshots are known"},
        {NULL, 30, false, TRUNCATE_OK, 2, ""},
        {NULL, 0, true, TRUNCATE_PAST_CHECKPOINT, 3,
         "until is after the checkpoint that the operator has read (2026-11-22 13:59:19 +0000)"},
        {"{'status':{'logCheckpointTs':null}}", 30, true, TRUNCATE_NO_CHECKPOINT, 0, "has not read the checkpoint yet"},
        {NULL, 100, true, TRUNCATE_NOT_AFTER_START, 0, "not after the log's start"},
        {NULL, 110, true, TRUNCATE_NOT_AFTER_START, 0, "nothing would happen"},
        {"{'status':{'logSuccessTruncateUntil':'2026-11-15T14:00:00Z'}}", 70, true, TRUNCATE_NOT_AFTER_LAST, 0,
         "until is not after the last truncation (2026-11-15 14:00:00 +0000): nothing would happen"},
        {"{'status':{'logSuccessTruncateUntil':'2026-11-15T14:00:00Z'}}", 60, true, TRUNCATE_OK, 0, ""},
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'Failed'}}}}", 30, true,
         TRUNCATE_OUT_OF_SYNC, 2, "would wait behind the failed log-pause"},
        {"{'spec':{'logSubcommand':'log-pause'}}", 30, true, TRUNCATE_OUT_OF_SYNC, 2,
         "would wait behind the log-pause"},
        {"{'spec':{'logSubcommand':'log-resume'}}", 30, true, TRUNCATE_OUT_OF_SYNC, 2,
         "ignores logSubcommand log-resume"},
        {"{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Stopped'}}", 30, true, TRUNCATE_OK, 2, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet f = {0};
        struct truncate_effect e;
        const struct backup_record *log = add(&f, sample_log(cases[i].patch));
        add_snapshot(&f, 11, NULL);
        add_snapshot(&f, 2, NULL);
        add_snapshot(&f, 8, NULL);
        add_snapshot(&f, 5, NULL);
        window_truncate(log, f.records, f.count, 0, cases[i].known,
                        tso_from_ms(SAMPLE_NOW - cases[i].days * DAY_MS / 10), &e);
        if (e.verdict != cases[i].verdict || e.loses != cases[i].loses || !strstr(e.why, cases[i].why) ||
            (!*cases[i].why && e.why[0]))
            fail_msg("case %zu: verdict %d, loses %zu, \"%s\"", i, (int)e.verdict, e.loses, e.why);
        assert_int_equal(e.snapshots_known, cases[i].known);
        if (e.verdict == TRUNCATE_OK)
            assert_int_equal(e.after.bases + e.loses, e.before.bases);
        for (size_t k = 1; k < e.loses; k++)
            assert_true(e.lost[k - 1]->commit_ts > e.lost[k]->commit_ts);
        fleet_done(&f);
    }
}

static void the_newest_of_many_lost_are_named(void **state)
{
    (void)state;
    struct fleet f = {0};
    struct truncate_effect e;
    const struct backup_record *log = add(&f, sample_log("{'status':{'commitTs':'468000000000000000'}}"));
    static const int days[] = {30, 12, 31, 14, 33, 16, 20, 18, 28, 26, 24, 22};
    for (size_t i = 0; i < ARRAY_LEN(days); i++)
        add_snapshot(&f, days[i], NULL);
    window_truncate(log, f.records, f.count, 0, true, DAY(1), &e);
    assert_int_equal(e.loses, 12);
    assert_int_equal(e.verdict, TRUNCATE_LOSES_PITR);
    for (int i = 0; i < 8; i++)
        assert_true(e.lost[i]->commit_ts == DAY(12 + 2 * i));
    fleet_done(&f);
}

/* With nothing restorable there is nothing to lose; where that is not known it counts as losing. */
static void nothing_to_lose_must_be_known(void **state)
{
    (void)state;
    struct fleet f = {0};
    struct truncate_effect e;
    const struct backup_record *log = add(&f, sample_log(NULL));
    window_truncate(log, f.records, f.count, 0, true, DAY(3), &e);
    assert_int_equal(e.verdict, TRUNCATE_OK);
    window_truncate(log, f.records, f.count, 0, false, DAY(3), &e);
    assert_int_equal(e.verdict, TRUNCATE_LOSES_PITR);
    fleet_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_is_a_whole_finished_snapshot),
        cmocka_unit_test(a_later_full_backup_makes_good),
        cmocka_unit_test(the_window_begins_at_the_oldest_base),
        cmocka_unit_test(pds_checkpoint_is_shown),
        cmocka_unit_test(what_the_log_does_not_reach_is_a_point),
        cmocka_unit_test(several_logs_have_windows_of_their_own),
        cmocka_unit_test(v1_clusters_lie_in_their_own_namespace),
        cmocka_unit_test(truncates_are_judged),
        cmocka_unit_test(the_newest_of_many_lost_are_named),
        cmocka_unit_test(nothing_to_lose_must_be_known),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
