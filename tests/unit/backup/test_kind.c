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

#include <brdeck/backup/kind.h>
#include <brdeck/base/alloc.h>

#include "samples.h"

#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)

static void print_with(const struct backup_record *r, const struct backup_facts *facts, const char *column,
                       int64_t now_ms, enum tso_style style, struct cell *cell)
{
    struct column_context ctx = {now_ms, style, true};
    struct backup_state state;
    int i = kind_column(&kind_backup, column);
    assert_true(i >= 0);
    state_of(r, facts, now_ms, false, &state);
    *cell = (struct cell){.holds_ms = INT64_MAX};
    str_init(&cell->text, 1024);
    kind_backup.columns[i].print(&ctx, r, facts, &state, cell);
}

static void print(const struct backup_record *r, const char *column, int64_t now_ms, enum tso_style style,
                  struct cell *cell)
{
    print_with(r, NULL, column, now_ms, style, cell);
}

static void every_cell(void **state)
{
    (void)state;
    static const struct {
        bool snapshot;
        const char *patch, *column, *text;
        enum tso_style style;
    } cases[] = {
        {false, NULL, "namespace", "prod", TSO_SHORT},
        {false, "{'metadata':{'namespace':null}}", "namespace", "-", TSO_SHORT},
        {false, NULL, "name", "log-shop", TSO_SHORT},
        {false, NULL, "mode", "log", TSO_SHORT},
        {true, NULL, "mode", "snap", TSO_SHORT},
        {false, NULL, "status", "* Running", TSO_SHORT},
        {true, NULL, "status", "+ Complete", TSO_SHORT},
        {false, NULL, "committs", "11-12 14:00", TSO_SHORT},
        {false, NULL, "committs", "2026-11-12T14:00:00Z", TSO_RFC3339},
        {false, NULL, "committs", "470415310848000000", TSO_NUMBER},
        {false, "{'status':{'commitTs':null}}", "committs", "-", TSO_NUMBER},
        {false, NULL, "checkpoint", "13:59:19", TSO_SHORT},
        {true, NULL, "checkpoint", "-", TSO_SHORT},
        {false, NULL, "lag", "41s", TSO_SHORT},
        {false, "{'status':{'phase':'Paused'}}", "lag", "41s", TSO_SHORT},
        {false, "{'status':{'phase':'Stopped'}}", "lag", "-", TSO_SHORT},
        {true, NULL, "lag", "-", TSO_SHORT},
        {true, NULL, "age", "7d", TSO_SHORT},
        {false, "{'metadata':{'creationTimestamp':null}}", "age", "-", TSO_SHORT},
        {false, NULL, "type", "-", TSO_SHORT},
        {true, NULL, "type", "full", TSO_SHORT},
        {true, NULL, "size", "5.2 MB", TSO_SHORT},
        {false, NULL, "TRUNCATED UNTIL", "-", TSO_SHORT},
        {false, "{'status':{'logSuccessTruncateUntil':'2026-11-20T14:00:00Z'}}", "truncated", "11-20 14:00", TSO_SHORT},
        {false, "{'status':{'logSuccessTruncateUntil':'2026-11-20T14:00:00Z'}}", "truncated", "470596504780800000",
         TSO_NUMBER},
        {false, "{'status':{'logSuccessTruncateUntil':'odd'}}", "truncated", "odd", TSO_SHORT},
        {false, NULL, "cluster", "shop", TSO_SHORT},
        {false, "{'apiVersion':'pingcap.com/v1alpha1','spec':{'br':{'clusterNamespace':'tidb'}}}", "cluster",
         "tidb/shop", TSO_SHORT},
        {false, "{'spec':{'br':null}}", "cluster", "-", TSO_SHORT},
        {false, NULL, "path", "s3://vault/shop/log", TSO_SHORT},
        {true, NULL, "started", "11-15 13:59", TSO_SHORT},
        {false, NULL, "started", "-", TSO_SHORT},
        {true, NULL, "taken", "1m30s", TSO_SHORT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *r = cases[i].snapshot ? sample_snapshot(cases[i].patch) : sample_log(cases[i].patch);
        struct cell cell;
        print(r, cases[i].column, SAMPLE_NOW, cases[i].style, &cell);
        if (strcmp(cell.text.data, cases[i].text) != 0)
            fail_msg("%s of %s: \"%s\"", cases[i].column, cases[i].patch ? cases[i].patch : "-", cell.text.data);
        str_done(&cell.text);
        record_free(&r);
    }
}

/* What PD says is marked, and takes no more room than the column has. */
static void what_pd_says_is_marked(void **state)
{
    (void)state;
    static const struct {
        int64_t ago; /* PD's checkpoint before now */
        enum tso_style style;
        const char *checkpoint, *lag;
    } cases[] = {
        {3 * S, TSO_SHORT, "13:59:57*", "*3s"},
        {3 * S, TSO_RFC3339, "2026-11-22T13:59:57Z*", "*3s"},
        {50 * S, TSO_SHORT, "13:59:19", "41s"}, /* the object's is fresher */
        {24 * H, TSO_SHORT, "13:59:19", "41s"},
    };
    struct backup_record *r = sample_log(NULL), *old = sample_log(
        "{'status':{'logCheckpointTs':'470415310848000000'}}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_facts facts = {.pd = {.read_ms = SAMPLE_NOW - S,
                                            .checkpoint = tso_from_ms(SAMPLE_NOW - cases[i].ago)}};
        struct cell cell;
        print_with(r, &facts, "checkpoint", SAMPLE_NOW, cases[i].style, &cell);
        assert_string_equal(cell.text.data, cases[i].checkpoint);
        str_done(&cell.text);
        print_with(r, &facts, "lag", SAMPLE_NOW, cases[i].style, &cell);
        assert_string_equal(cell.text.data, cases[i].lag);
        str_done(&cell.text);
    }
    /* a date fills its column; the LAG beside it has the mark */
    struct backup_facts facts = {.pd = {.read_ms = SAMPLE_NOW - S, .checkpoint = tso_from_ms(SAMPLE_NOW - 48 * H)}};
    struct cell cell;
    print_with(old, &facts, "checkpoint", SAMPLE_NOW, TSO_SHORT, &cell);
    assert_string_equal(cell.text.data, "11-20 14:00");
    str_done(&cell.text);
    print_with(old, &facts, "lag", SAMPLE_NOW, TSO_SHORT, &cell);
    assert_string_equal(cell.text.data, "*2d");
    str_done(&cell.text);
    record_free(&r);
    record_free(&old);
}

static void lag_changes_when_it_says(void **state)
{
    (void)state;
    static const struct {
        int64_t lag;
        const char *text;
        enum role role;
        int64_t holds_ms;
    } cases[] = {
        {-5 * S, "0s", ROLE_TEXT, 5 * S},
        {0, "0s", ROLE_TEXT, S},
        {41 * S + 200, "41s", ROLE_TEXT, 800},
        {119 * S, "119s", ROLE_TEXT, S},
        {2 * M, "2m", ROLE_TEXT, M},
        {9 * M + 59 * S, "9m", ROLE_TEXT, S},
        {10 * M, "10m", ROLE_WARN, M},
        {29 * M + 1, "29m", ROLE_WARN, M - 1},
        {30 * M, "30m", ROLE_CRIT, M},
        {22 * H, "22h", ROLE_CRIT, H},
    };
    struct backup_record *r = sample_log(NULL);
    int64_t checkpoint = SAMPLE_NOW - 41 * S;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cell cell, later;
        print(r, "lag", checkpoint + cases[i].lag, TSO_SHORT, &cell);
        if (strcmp(cell.text.data, cases[i].text) != 0 || cell.role != cases[i].role ||
            cell.holds_ms != cases[i].holds_ms)
            fail_msg("%lld ms: \"%s\" role %d holds %lld", (long long)cases[i].lag, cell.text.data, (int)cell.role,
                     (long long)cell.holds_ms);
        print(r, "lag", checkpoint + cases[i].lag + cell.holds_ms - 1, TSO_SHORT, &later);
        assert_string_equal(later.text.data, cell.text.data);
        assert_int_equal(later.role, cell.role);
        str_done(&later.text);
        str_done(&cell.text);
    }
    record_free(&r);
}

/* No cell of any column reads otherwise before its time. */
static void all_cells_hold(void **state)
{
    (void)state;
    static const int64_t starts[] = {0, 12345, 3 * H, 9 * H + 59 * M + 59 * S};
    struct backup_record *records[] = {
        sample_log(NULL), sample_snapshot(NULL),
        sample_log("{'status':{'phase':'Paused','logSubCommandStatuses':{'log-pause':{'phase':'Complete',"
                   "'timeStarted':'2026-11-22T04:00:00Z'}}}}"),
    };
    for (size_t n = 0; n < ARRAY_LEN(records); n++)
        for (size_t c = 0; c < kind_backup.column_count; c++)
            for (size_t k = 0; k < ARRAY_LEN(starts); k++) {
                struct cell now, then;
                int64_t at = SAMPLE_NOW + starts[k];
                print(records[n], kind_backup.columns[c].name, at, TSO_SHORT, &now);
                int64_t later = now.holds_ms == INT64_MAX ? 400 * 24 * H : now.holds_ms - 1;
                print(records[n], kind_backup.columns[c].name, at + later, TSO_SHORT, &then);
                if (strcmp(now.text.data, then.text.data) != 0 || now.role != then.role || now.holds_ms <= 0)
                    fail_msg("%s: \"%s\" became \"%s\"", kind_backup.columns[c].title, now.text.data, then.text.data);
                str_done(&now.text);
                str_done(&then.text);
            }
    for (size_t n = 0; n < ARRAY_LEN(records); n++)
        record_free(&records[n]);
}

static int order_with(const char *column, const struct backup_record *a, const struct backup_facts *fa,
                      const struct backup_record *b, const struct backup_facts *fb)
{
    struct backup_state sa, sb;
    state_of(a, fa, SAMPLE_NOW, false, &sa);
    state_of(b, fb, SAMPLE_NOW, false, &sb);
    struct column_row x = {a, fa, &sa}, y = {b, fb, &sb};
    const struct column *c = &kind_backup.columns[kind_column(&kind_backup, column)];
    int forth = c->compare(&x, &y), back = c->compare(&y, &x);
    assert_int_equal((forth > 0) - (forth < 0), -((back > 0) - (back < 0)));
    return (forth > 0) - (forth < 0);
}

static int order(const char *column, const struct backup_record *a, const struct backup_record *b)
{
    return order_with(column, a, NULL, b, NULL);
}

/* A cell that shows PD's checkpoint is placed by it. */
static void order_goes_by_what_is_shown(void **state)
{
    (void)state;
    struct backup_record *log = sample_log(NULL);
    struct backup_record *late = sample_log("{'metadata':{'name':'a'},"
                                            "'status':{'logCheckpointTs':'470600000000000000'}}");
    struct backup_facts fresher = {.pd = {.reach = PD_ANSWERED, .read_ms = SAMPLE_NOW,
                                          .checkpoint = log->checkpoint + 1}};
    struct backup_facts older = fresher;
    older.pd.read_ms = 1; /* of a task from before this object */
    assert_int_equal(order("checkpoint", late, log), -1);
    assert_int_equal(order_with("checkpoint", late, &fresher, log, NULL), 1);
    assert_int_equal(order_with("lag", late, &fresher, log, NULL), -1);
    assert_int_equal(order_with("checkpoint", late, &fresher, log, &fresher), 0);
    assert_int_equal(order_with("checkpoint", late, &older, log, NULL), -1);
    assert_int_equal(order_with("lag", late, &older, log, NULL), 1);
    record_free(&log);
    record_free(&late);
}

static void columns_are_ordered(void **state)
{
    (void)state;
    struct backup_record *log = sample_log(NULL), *snapshot = sample_snapshot(NULL);
    struct backup_record *late = sample_log("{'metadata':{'name':'a'},"
                                            "'status':{'logCheckpointTs':'470600000000000000'}}");
    assert_int_equal(order("name", log, snapshot), 1);
    assert_int_equal(order("namespace", log, snapshot), 0);
    assert_int_equal(order("committs", log, snapshot), -1);
    assert_int_equal(order("checkpoint", late, log), -1);
    assert_int_equal(order("lag", log, late), -1); /* the smaller lag first */
    assert_int_equal(order("lag", snapshot, log), -1);
    assert_int_equal(order("status", late, log), -1); /* the worst first */
    assert_int_equal(order("size", log, snapshot), -1);
    assert_int_equal(order("taken", log, snapshot), -1);
    assert_int_equal(order("age", snapshot, log), -1); /* the youngest first */
    for (size_t i = 0; i < kind_backup.column_count; i++)
        assert_int_equal(order(kind_backup.columns[i].name, log, log), 0);
    record_free(&log);
    record_free(&snapshot);
    record_free(&late);
}

static void columns_are_found_and_kept_in_order(void **state)
{
    (void)state;
    assert_int_equal(kind_column(&kind_backup, "committs"), kind_column(&kind_backup, "COMMITTS"));
    assert_int_equal(kind_column(&kind_backup, "truncated until"), kind_column(&kind_backup, "truncated"));
    assert_int_equal(kind_column(&kind_backup, "nothing"), -1);
    assert_int_equal(kind_column(&kind_backup, NULL), -1);
    const struct column *age = &kind_backup.columns[kind_column(&kind_backup, "age")];
    const struct column *mode = &kind_backup.columns[kind_column(&kind_backup, "mode")];
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *c = &kind_backup.columns[i];
        assert_true(*c->title && *c->name && *c->help && c->print && c->compare);
        assert_true(c->ideal == 0 || c->ideal >= c->least);
        if (c->keep != 0 && c != age) /* AGE goes first, then MODE */
            assert_true(c->keep > age->keep && (c == mode || c->keep > mode->keep));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell),     cmocka_unit_test(what_pd_says_is_marked),
            cmocka_unit_test(lag_changes_when_it_says),
        cmocka_unit_test(all_cells_hold), cmocka_unit_test(columns_are_ordered),
        cmocka_unit_test(order_goes_by_what_is_shown),
        cmocka_unit_test(columns_are_found_and_kept_in_order),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
