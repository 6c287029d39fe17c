#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#define NOW "2026-10-02T12:45:32Z"
#define NOW_MS INT64_C(1790945132000)
#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

static void frozen_by_environment(void **state)
{
    (void)state;
    assert_int_equal(clock_wall_ms(), NOW_MS);
    assert_int_equal(clock_now_ms(NULL), NOW_MS);
    int64_t before = clock_mono_us();
    assert_true(before > 0);
    assert_true(clock_mono_us() >= before);
    assert_true(clock_mono_ms() >= before / 1000);
}

static void rfc3339_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } cases[] = {
        {NOW, true, NOW_MS},
        {"2026-10-02T12:45:32.125Z", true, NOW_MS + 125},
        {"2026-10-02T12:45:32.1259999Z", true, NOW_MS + 125},
        {"2026-10-02T14:45:32+02:00", true, NOW_MS},
        {"2026-10-02T07:15:32-05:30", true, NOW_MS},
        {"2026-10-02t12:45:32z", true, NOW_MS},
        {"1970-01-01T00:00:00Z", true, 0},
        {"1969-12-31T23:59:59Z", true, -1000},
        {"0001-01-01T00:00:00Z", true, INT64_C(-62135596800000)},
        {"9999-12-31T23:59:59Z", true, INT64_C(253402300799000)},
        {"2024-02-29T00:00:00Z", true, INT64_C(1709164800000)},
        {"2000-02-29T00:00:00Z", true, INT64_C(951782400000)},
        {"2016-12-31T23:59:60Z", true, INT64_C(1483228800000)}, /* a leap second */
        {"2023-02-29T00:00:00Z", false, 0},
        {"1900-02-29T00:00:00Z", false, 0},
        {"2026-13-02T12:45:32Z", false, 0},
        {"2026-00-02T12:45:32Z", false, 0},
        {"2026-10-00T12:45:32Z", false, 0},
        {"2026-10-02T24:45:32Z", false, 0},
        {"2026-10-02T12:60:32Z", false, 0},
        {"2026-10-02T12:45:32", false, 0},
        {"2026-10-02T12:45Z", false, 0},
        {"2026-10-02T12:45:32.Z", false, 0},
        {"2026-10-02T12:45:32Z ", false, 0},
        {"2026-10-02T12:45:32+2:00", false, 0},
        {"2026-10-02T12:45:32+24:00", false, 0},
        {"26-10-02T12:45:32Z", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 42;
        print_message("%s\n", cases[i].text ? cases[i].text : "(null)");
        assert_int_equal(clock_parse_rfc3339(cases[i].text, &ms), cases[i].ok);
        assert_int_equal(ms, cases[i].ok ? cases[i].ms : 42);
    }
}

static void rfc3339_is_written(void **state)
{
    (void)state;
    char buf[CLOCK_TEXT_MAX];
    assert_string_equal(clock_format_rfc3339(NOW_MS, buf), NOW);
    assert_string_equal(clock_format_rfc3339(NOW_MS + 999, buf), NOW);
    assert_string_equal(clock_format_rfc3339(-1, buf), "1969-12-31T23:59:59Z");
    assert_string_equal(clock_format_rfc3339(INT64_MAX, buf), "9223372036854775807 ms");
    /* There and back, over leap years and centuries. */
    for (int64_t ms = INT64_C(-62135596800000); ms < INT64_C(253402300799000); ms += 997 * D + 12345 * S) {
        int64_t back;
        assert_true(clock_parse_rfc3339(clock_format_rfc3339(ms, buf), &back));
        assert_int_equal(back, ms);
    }
}

static void http_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want; /* 0: none */
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
        {" \tSun, 06 Nov 1994 08:49:37 GMT \r\n", INT64_C(784111777000)},
        {NULL, 0}, {"", 0}, {"Sun", 0}, {"Sun, 06 Nov 1994 08:49:37", 0}, {"Sun, 6 Nov 1994 08:49:37 GMT", 0},
        {"Son, 06 Nov 1994 08:49:37 GMT", 0}, {"Sun, 06 Nov 1994 24:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT+1", 0}, {"Sunday, 06-Nov-94 08:49:37 GMT", 0}, {"Sun Nov  6 08:49:37 1994", 0},
        {"Sun, 31 Nov 1994 08:49:37 GMT", 0}, {"Sun, 06 nov 1994 08:49:37 GMT", 0}, {"120", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 0;
        assert_int_equal(clock_parse_http_date(cases[i].text, &ms), cases[i].want != 0);
        assert_int_equal(ms, cases[i].want);
    }
}

static void server_clock_is_learned(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t round_trip;
        bool known, skewed;
        int64_t offset;
    } cases[] = {
        {"Fri, 02 Oct 2026 12:45:32 GMT", 20, true, false, 0},
        {"Fri, 02 Oct 2026 12:45:31 GMT", 20, true, false, 0},
        {"Fri, 02 Oct 2026 12:45:36 GMT", 0, true, false, 4500},
        {"Fri, 02 Oct 2026 12:45:36 GMT", 9000, true, false, 0},
        {"Fri, 02 Oct 2026 12:45:42 GMT\r\n", 200, true, true, 10600},
        {"  Fri, 02 Oct 2026 12:40:32 GMT", 0, true, true, -299500},
        {"Fri, 02 Oct 2026 12:45:42", 0, false, false, 0},
        {"Fri, 02 Foo 2026 12:45:42 GMT", 0, false, false, 0},
        {"Fri, 31 Feb 2026 12:45:42 GMT", 0, false, false, 0},
        {"yesterday", 0, false, false, 0},
        {"", 0, false, false, 0},
        {NULL, 0, false, false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct clock clock = {0};
        print_message("%s\n", cases[i].header ? cases[i].header : "(null)");
        clock_learn(&clock, cases[i].header, cases[i].round_trip);
        assert_int_equal(clock.known, cases[i].known);
        assert_int_equal(clock.offset_ms, cases[i].offset);
        assert_int_equal(clock_is_skewed(&clock), cases[i].skewed);
        assert_int_equal(clock_now_ms(&clock), NOW_MS + cases[i].offset);
    }
}

static void spans_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},           {999, "0s"},         {-999, "0s"},         {41 * S, "41s"},          {-41 * S, "-41s"},
        {2 * M - 1, "119s"}, {2 * M, "2m"},       {31 * M, "31m"},      {2 * H - 1, "119m"},      {2 * H, "2h00m"},
        {124 * M, "2h04m"},  {10 * H - 1, "9h59m"}, {D, "24h"},         {22 * H, "22h"},         {2 * D - 1, "47h"},
        {2 * D, "2d"},       {3 * D + H, "3d"},   {-124 * M, "-2h04m"}, {INT64_MAX, "106751991167d"},
    };
    char buf[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(clock_format_span(cases[i].ms, buf), cases[i].text);
}

/* The text stays through the time that was promised, and changes at its end. */
static void spans_hold(void **state)
{
    (void)state;
    static const int64_t cases[] = {10 * H - 1, 10 * H, -10 * H, 0, 1, 999, 1000, 1001, -1, -999, -1000, -1001,
                                    41500, 2 * M - 1, 2 * M,
                                    H + 1, 2 * H - 60, 2 * H, D - 1, D,     D + 1, 2 * D, 9 * D + 5, -2 * M,
                                    -2 * M - 1, -D, -2 * H,   -H,    -3 * D};
    char now[CLOCK_TEXT_MAX], then[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int growing = 0; growing <= 1; growing++) {
            int64_t holds = clock_span_holds_ms(cases[i], growing), step = growing ? 1 : -1;
            clock_format_span(cases[i], now);
            assert_true(holds > 0);
            assert_string_equal(clock_format_span(cases[i] + step * (holds - 1), then), now);
            assert_string_not_equal(clock_format_span(cases[i] + step * holds, then), now);
        }
    }
}

static void spans_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } cases[] = {
        {"1m30s", true, 90 * S},    {"300ms", true, 300},    {"1h", true, H},          {"7d", true, 7 * D},
        {"1d12h", true, 36 * H},    {"0", true, 0},          {"-5m", true, -5 * M},    {"+5m", true, 5 * M},
        {"1.5h", true, 90 * M},     {"0.3s", true, 300},     {".5s", true, 500},       {"1.s", true, S},
        {"1500us", true, 1},        {"2000000ns", true, 2},  {"3000\302\265s", true, 3}, {"168h0m0s", true, 7 * D},
        {"", false, 0},             {"5", false, 0},         {"m", false, 0},          {"5x", false, 0},
        {"1h-5m", false, 0},        {"1h ", false, 0},       {".s", false, 0},         {"1e3s", false, 0},
        {"inf", false, 0},          {"-", false, 0},         {"99999999999999999999999d", false, 0}, {NULL, false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 42;
        print_message("%s\n", cases[i].text ? cases[i].text : "(null)");
        assert_int_equal(clock_parse_span(cases[i].text, &ms), cases[i].ok);
        assert_int_equal(ms, cases[i].ok ? cases[i].ms : 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_by_environment), cmocka_unit_test(rfc3339_is_read),
        cmocka_unit_test(rfc3339_is_written),    cmocka_unit_test(http_dates), cmocka_unit_test(server_clock_is_learned),
        cmocka_unit_test(spans_are_written),     cmocka_unit_test(spans_hold),
        cmocka_unit_test(spans_are_read),
    };
    setenv("BRDECK_NOW", NOW, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
