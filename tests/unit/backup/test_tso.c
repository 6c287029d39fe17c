#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <brdeck/backup/tso.h>
#include <brdeck/base/alloc.h>

/* 2022-10-10T07:21:00Z */
#define WHEN_MS INT64_C(1665386460000)
#define NOW_MS INT64_C(1795356000000) /* 2026-11-22T14:00:00Z */
#define DAY_MS INT64_C(86400000)

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void is_ms_shifted(void **state)
{
    (void)state;
    assert_int_equal(tso_to_ms(UINT64_C(436568622965194754)), INT64_C(1665377132283));
    assert_true(tso_from_ms(WHEN_MS) == (uint64_t)WHEN_MS << 18);
    assert_true(tso_from_ms(0) == 0 && tso_from_ms(-5) == 0 && tso_from_ms(INT64_MAX) == 0);
    assert_int_equal(tso_to_ms(tso_from_ms(WHEN_MS)), WHEN_MS);
}

static void every_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;    /* 0: refused */
        bool zoneless;
    } cases[] = {
        {"2022-10-10T15:21:00+08:00", WHEN_MS, false},
        {"2022-10-10T07:21:00Z", WHEN_MS, false},
        {"2022-10-10T07:21:00.125Z", WHEN_MS, false},
        {"2022-10-10 15:21:00+0800", WHEN_MS, false},
        {"2022-10-10 15:21:00 +0800", WHEN_MS, false},
        {"2022-10-10 09:21:00", WHEN_MS, true}, /* Berlin's summer */
        {"2022-12-10 08:21:00", WHEN_MS + 61 * DAY_MS, true},
        {"-7d", NOW_MS - 7 * DAY_MS, false},
        {"-90m", NOW_MS - 90 * 60000, false},
        {"-1h30m", NOW_MS - 90 * 60000, false},
        {"", 0, false},
        {"yesterday", 0, false},
        {"-", 0, false},
        {"-7", 0, false},
        {"7d", 0, false},
        {"--7d", 0, false},
        {"-99999999999999d", 0, false},
        {"0", 0, false},
        {"18446744073709551616", 0, false},
        {"12x", 0, false},
        {" 12", 0, false},
        {"2022-02-30 00:00:00", 0, false},
        {"2022-10-10 24:00:00", 0, false},
        {"2022-10-10", 0, false},
        {"2022-10-10T07:21:00", 0, false},
        {"2022-10-10T07:21:00Zzz", 0, false},
        {"2022-10-10T07:21:00.Z", 0, false},
        {"1960-10-10T07:21:00Z", 0, false},
        {"2022-10-10T07:21:00.00000000000000000000000000000000000000000Z", 0, false},
    };
    zone("Europe/Berlin");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        tso_t ts = 77;
        bool zoneless = false;
        bool ok = tso_parse(cases[i].text, NOW_MS, &ts, &zoneless, &err);
        if (ok != (cases[i].ms != 0))
            fail_msg("\"%s\": %s", cases[i].text, ok ? "taken" : err.text);
        if (ok && (tso_to_ms(ts) != cases[i].ms || zoneless != cases[i].zoneless))
            fail_msg("\"%s\" gave %lld", cases[i].text, (long long)tso_to_ms(ts));
        if (!ok) {
            assert_true(ts == 77);
            assert_int_equal(err.code, ERROR_INPUT);
            assert_non_null(strstr(err.text, cases[i].text));
        }
    }
}

static void a_number_is_itself(void **state)
{
    (void)state;
    tso_t ts;
    assert_true(tso_parse("436568622965194755", NOW_MS, &ts, NULL, NULL));
    assert_true(ts == UINT64_C(436568622965194755)); /* a double would end in ...752 */
    assert_true(tso_parse("18446744073709551615", NOW_MS, &ts, NULL, NULL));
    assert_true(ts == UINT64_MAX);
    assert_false(tso_parse(NULL, NOW_MS, &ts, NULL, NULL));
}

static void times_that_clocks_repeat_or_skip(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *text, *why; /* why NULL: taken */
    } cases[] = {
        {"Europe/Berlin", "2026-10-25 02:30:00",
         "twice here: clocks are put back then; write \"2026-10-25 02:30:00 +0200\" or \"2026-10-25 02:30:00 +0100\""},
        {"Europe/Berlin", "2026-10-25 02:00:00", "twice"},
        {"Europe/Berlin", "2026-10-25 03:00:00", NULL},
        {"Europe/Berlin", "2026-10-25 01:59:59", NULL},
        {"Europe/Berlin", "2026-03-29 02:30:00", "does not come"},
        {"Europe/Berlin", "2026-03-29 03:00:00", NULL},
        {"Europe/Berlin", "2026-03-29 01:59:59", NULL},
        {"Europe/Berlin", "2026-10-25 02:30:00 +0200", NULL},
        {"America/New_York", "2026-11-01 01:30:00", "01:30:00 -0400\" or \"2026-11-01 01:30:00 -0500\""},
        {"Australia/Lord_Howe", "2026-04-05 01:45:00", "twice"}, /* half an hour */
        {"Europe/Moscow", "2014-10-26 01:30:00", "twice"},       /* no daylight saving: the zone changed */
        {"Asia/Shanghai", "2026-10-25 02:30:00", NULL},
        {"UTC", "2026-10-25 02:30:00", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        tso_t ts;
        zone(cases[i].zone);
        bool ok = tso_parse(cases[i].text, NOW_MS, &ts, NULL, &err);
        if (ok != !cases[i].why || (!ok && !strstr(err.text, cases[i].why)))
            fail_msg("%s in %s: %s", cases[i].text, cases[i].zone, ok ? "taken" : err.text);
    }
}

static void status_fields_are_read(void **state)
{
    (void)state;
    zone("America/New_York");
    assert_true(tso_from_status("436568622965194754") == UINT64_C(436568622965194754));
    assert_int_equal(tso_to_ms(tso_from_status("2022-10-10T15:21:00+08:00")), WHEN_MS);
    assert_int_equal(tso_to_ms(tso_from_status("2022-10-10 07:21:00")), WHEN_MS); /* the Pods are in UTC */
    assert_int_equal(tso_to_ms(tso_from_status("2026-10-25 02:30:00")), INT64_C(1792895400000));
    assert_true(tso_from_status(NULL) == 0 && tso_from_status("") == 0 && tso_from_status("soon") == 0 &&
                tso_from_status("0") == 0 && tso_from_status("-7d") == 0);
}

static void every_style_is_written(void **state)
{
    (void)state;
    char buf[TSO_TEXT_MAX];
    zone("Asia/Shanghai");
    tso_t ts = tso_from_ms(NOW_MS - 60000) + 5;
    assert_string_equal(tso_format(0, TSO_LOCAL, NOW_MS, buf), "-");
    assert_string_equal(tso_format(ts, TSO_SHORT, NOW_MS, buf), "21:59:00");
    assert_string_equal(tso_format(ts, TSO_LOCAL, NOW_MS, buf), "2026-11-22 21:59:00 +0800");
    assert_string_equal(tso_format(ts, TSO_RFC3339, NOW_MS, buf), "2026-11-22T13:59:00Z");
    assert_string_equal(tso_format(UINT64_C(436568622965194754), TSO_NUMBER, NOW_MS, buf), "436568622965194754");
    assert_string_equal(tso_format_ms(NOW_MS - DAY_MS, TSO_SHORT, NOW_MS, buf), "11-21 22:00");
    assert_string_equal(tso_format_ms(NOW_MS - 365 * DAY_MS, TSO_SHORT, NOW_MS, buf), "2025-11-22");
    assert_string_equal(tso_format_ms(0, TSO_SHORT, NOW_MS, buf), "-");
    assert_string_equal(tso_format_ms(INT64_MAX, TSO_LOCAL, NOW_MS, buf)[0] ? "some" : "", "some");
    assert_string_equal(tso_format(UINT64_MAX, TSO_LOCAL, NOW_MS, buf)[0] ? "some" : "", "some");
}

/* What is short reads the same until midnight, and no longer. */
static void short_times_hold_until_midnight(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin"};
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        char now[TSO_TEXT_MAX], last[TSO_TEXT_MAX], after[TSO_TEXT_MAX];
        zone(zones[i]);
        int64_t until = tso_short_until_ms(NOW_MS);
        assert_true(until > NOW_MS && until <= NOW_MS + 25 * 3600000);
        tso_format_ms(NOW_MS, TSO_SHORT, NOW_MS, now);
        assert_string_equal(tso_format_ms(NOW_MS, TSO_SHORT, until - 1, last), now);
        assert_string_not_equal(tso_format_ms(NOW_MS, TSO_SHORT, until, after), now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_ms_shifted),          cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(a_number_is_itself),     cmocka_unit_test(times_that_clocks_repeat_or_skip),
        cmocka_unit_test(status_fields_are_read), cmocka_unit_test(every_style_is_written),
        cmocka_unit_test(short_times_hold_until_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
