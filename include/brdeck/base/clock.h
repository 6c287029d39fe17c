/* clock.h - what time it is: here, and at the API server.
 *
 * Wall times are milliseconds since 1970 UTC; monotonic times count from an
 * unknown start. The environment variable BRDECK_NOW (RFC 3339), read once at
 * the first call, freezes the wall clock for tests: it then stands still,
 * while the monotonic clock runs.
 */
#ifndef BRDECK_BASE_CLOCK_H
#define BRDECK_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* The local wall clock, uncorrected. */
int64_t clock_wall_ms(void);

/* The server's clock as learned from its Date headers, one for each server. */
struct clock {
    int64_t offset_ms; /* add to the local clock; 0 until the first answer */
    bool known;
};

/* Learn from a Date header (RFC 9110) that came @round_trip_ms after the request
 * was sent. Date has whole seconds and the answer was under way for part of the
 * round trip, so an offset within 1 s + round trip of 0 counts as none. A header
 * that is no date is ignored. */
void clock_learn(struct clock *clock, const char *date_header, int64_t round_trip_ms);
/* Wall time corrected; a NULL @clock is not corrected. */
int64_t clock_now_ms(const struct clock *clock);
/* Whether the skew should be shown: it is over five seconds. */
bool clock_is_skewed(const struct clock *clock);

/* RFC 3339 with a zone ("2026-10-02T12:45:32Z", fraction allowed), as the API
 * server prints times. False: not such a time, *ms untouched. NULL is none. */
bool clock_parse_rfc3339(const char *text, int64_t *ms);
/* "Sun, 06 Nov 1994 08:49:37 GMT": the one form of a date that RFC 9110 lets servers send in a header. Blanks may stand
 * around it. False: not such a date, *ms untouched. NULL is none. */
bool clock_parse_http_date(const char *text, int64_t *ms);
enum { CLOCK_TEXT_MAX = 40 };
/* "2026-10-02T12:45:32Z". Returns @buf. */
char *clock_format_rfc3339(int64_t ms, char buf[CLOCK_TEXT_MAX]);

/* A length of time as the screen shows it: "41s" below two minutes, "31m" below
 * two hours, "2h04m" below ten hours, "22h" below two days, then "3d". Negative: "-"
 * first. Returns @buf. */
char *clock_format_span(int64_t ms, char buf[CLOCK_TEXT_MAX]);
/* How many ms may pass before clock_format_span(@ms) prints something else, when
 * @ms grows (@growing) or shrinks with time. */
int64_t clock_span_holds_ms(int64_t ms, bool growing);
/* A Go duration ("1m30s", "300ms", "1h", "-5m") or the same with d for days; what is
 * finer than 1 ms is dropped. False: none, *ms untouched. NULL is none. */
bool clock_parse_span(const char *text, int64_t *ms);

#endif
