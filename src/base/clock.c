#include <config.h>

#include <brdeck/base/clock.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

enum { SKEW_SHOWN_MS = 5000, HEADER_RESOLUTION_MS = 1000 };

static int64_t now_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void) { return now_us(CLOCK_MONOTONIC); }

int64_t clock_mono_ms(void) { return clock_mono_us() / 1000; }

int64_t clock_wall_ms(void)
{
    /* The environment is of the process, and so is what was read from it. */
    static enum { UNREAD, RUNNING, FROZEN } state = UNREAD;
    static int64_t frozen_ms;
    if (state == UNREAD)
        state = clock_parse_rfc3339(getenv("BRDECK_NOW"), &frozen_ms) ? FROZEN : RUNNING;
    return state == FROZEN ? frozen_ms : now_us(CLOCK_REALTIME) / 1000;
}

/* -- the calendar -------------------------------------------------------------- */

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the first of a month, by the Gregorian rule. */
static int64_t days_before(int year, int month)
{
    int64_t before = year - 1; /* whole years since the year 1; 719162 days of them lie before 1970 */
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days;
}

struct civil {
    int year, month, day, hour, minute, second;
};

static bool civil_to_ms(const struct civil *c, int64_t *ms)
{
    if (c->year < 1 || c->month < 1 || c->month > 12 || c->day < 1 || c->day > days_in_month(c->year, c->month) ||
        c->hour > 23 || c->minute > 59 || c->second > 60)
        return false;
    *ms = (days_before(c->year, c->month) + c->day - 1) * DAY_MS + c->hour * HOUR_MS + c->minute * MINUTE_MS +
          c->second * SECOND_MS;
    return true;
}

/* Exactly @count digits; moves *@text past them. */
static bool read_digits(const char **text, int count, int *value)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        sum = sum * 10 + (c - '0');
    }
    *text += count;
    *value = sum;
    return true;
}

static bool read_char(const char **text, const char *any_of)
{
    if (!**text || !strchr(any_of, **text))
        return false;
    ++*text;
    return true;
}

static bool read_time_of_day(const char **text, struct civil *c)
{
    return read_digits(text, 2, &c->hour) && read_char(text, ":") && read_digits(text, 2, &c->minute) &&
           read_char(text, ":") && read_digits(text, 2, &c->second);
}

/* A fraction of a second, in ms; what is finer is dropped. */
static bool read_fraction(const char **text, int *ms)
{
    *ms = 0;
    if (**text != '.')
        return true;
    ++*text;
    if (!isdigit((unsigned char)**text))
        return false;
    for (int unit = 100; isdigit((unsigned char)**text); ++*text, unit /= 10)
        *ms += (**text - '0') * unit;
    return true;
}

static bool read_zone(const char **text, int64_t *east_ms)
{
    int hours, minutes;
    *east_ms = 0;
    if (read_char(text, "Zz"))
        return true;
    bool west = **text == '-';
    if (!read_char(text, "+-") || !read_digits(text, 2, &hours) || !read_char(text, ":") ||
        !read_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *east_ms = (hours * HOUR_MS + minutes * MINUTE_MS) * (west ? -1 : 1);
    return true;
}

bool clock_parse_rfc3339(const char *text, int64_t *ms)
{
    struct civil c;
    int fraction;
    int64_t base, east;
    if (!text || !read_digits(&text, 4, &c.year) || !read_char(&text, "-") || !read_digits(&text, 2, &c.month) ||
        !read_char(&text, "-") || !read_digits(&text, 2, &c.day) || !read_char(&text, "Tt ") ||
        !read_time_of_day(&text, &c) || !read_fraction(&text, &fraction) || !read_zone(&text, &east) || *text ||
        !civil_to_ms(&c, &base))
        return false;
    *ms = base + fraction - east;
    return true;
}

char *clock_format_rfc3339(int64_t ms, char buf[CLOCK_TEXT_MAX])
{
    struct tm tm;
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    if (!gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900 || tm.tm_year < 0 - 1900)
        snprintf(buf, CLOCK_TEXT_MAX, "%" PRId64 " ms", ms); /* no calendar goes there */
    else
        snprintf(buf, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
    return buf;
}

/* -- the server's clock ---------------------------------------------------------- */

/* One of @count names of three letters each; moves *@text past it. 1 is the first, 0 none. */
static int read_name(const char **text, const char *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strncmp(*text, names + 3 * i, 3) == 0) {
            *text += 3;
            return i + 1;
        }
    return 0;
}

bool clock_parse_http_date(const char *text, int64_t *ms)
{
    struct civil c;
    if (!text)
        return false;
    text += strspn(text, " \t");
    if (!read_name(&text, "SunMonTueWedThuFriSat", 7) || !read_char(&text, ",") || !read_char(&text, " ") ||
        !read_digits(&text, 2, &c.day) || !read_char(&text, " "))
        return false;
    c.month = read_name(&text, "JanFebMarAprMayJunJulAugSepOctNovDec", 12);
    if (!read_char(&text, " ") || !read_digits(&text, 4, &c.year) || !read_char(&text, " ") ||
        !read_time_of_day(&text, &c) || !read_char(&text, " ") || strncmp(text, "GMT", 3) != 0)
        return false;
    text += 3;
    return !text[strspn(text, " \t\r\n")] && civil_to_ms(&c, ms);
}

void clock_learn(struct clock *clock, const char *date_header, int64_t round_trip_ms)
{
    int64_t server_ms;
    if (!clock_parse_http_date(date_header, &server_ms))
        return;
    if (round_trip_ms < 0)
        round_trip_ms = 0;
    /* The header was written, in the middle, half a round trip ago and half a second after
     * the second it names. */
    int64_t offset = server_ms + HEADER_RESOLUTION_MS / 2 + round_trip_ms / 2 - clock_wall_ms();
    int64_t slack = HEADER_RESOLUTION_MS + round_trip_ms;
    clock->offset_ms = offset >= -slack && offset <= slack ? 0 : offset;
    clock->known = true;
}

int64_t clock_now_ms(const struct clock *clock) { return clock_wall_ms() + (clock ? clock->offset_ms : 0); }

bool clock_is_skewed(const struct clock *clock)
{
    return clock->known && (clock->offset_ms > SKEW_SHOWN_MS || clock->offset_ms < -SKEW_SHOWN_MS);
}

/* -- lengths of time ---------------------------------------------------------------- */

/* A span below @below_ms is shown in whole steps of @step_ms. */
static const struct span_form {
    int64_t below_ms, step_ms;
    char unit; /* 0: hours and minutes */
} span_forms[] = {
    {2 * MINUTE_MS, SECOND_MS, 's'}, {2 * HOUR_MS, MINUTE_MS, 'm'}, {10 * HOUR_MS, MINUTE_MS, 0},
    {2 * DAY_MS, HOUR_MS, 'h'},      {INT64_MAX, DAY_MS, 'd'},
};

static const struct span_form *form_of(int64_t ms)
{
    const struct span_form *form = span_forms;
    while (ms >= form->below_ms && form->below_ms != INT64_MAX)
        form++;
    return form;
}

static int64_t magnitude(int64_t ms) { return ms == INT64_MIN ? INT64_MAX : ms < 0 ? -ms : ms; }

char *clock_format_span(int64_t ms, char buf[CLOCK_TEXT_MAX])
{
    int64_t size = magnitude(ms);
    const struct span_form *form = form_of(size);
    const char *sign = ms < 0 && size >= SECOND_MS ? "-" : ""; /* no "-0s" */
    if (form->unit)
        snprintf(buf, CLOCK_TEXT_MAX, "%s%" PRId64 "%c", sign, size / form->step_ms, form->unit);
    else
        snprintf(buf, CLOCK_TEXT_MAX, "%s%" PRId64 "h%02dm", sign, size / HOUR_MS, (int)(size % HOUR_MS / MINUTE_MS));
    return buf;
}

/* How far @size (not negative) is from the next other text upwards. Every limit of
 * the table is a whole number of the steps below it. */
static int64_t to_next_up(int64_t size)
{
    int64_t step = form_of(size)->step_ms;
    return step - size % step;
}

static int64_t to_next_down(int64_t size) { return size % form_of(size)->step_ms + 1; }

int64_t clock_span_holds_ms(int64_t ms, bool growing)
{
    int64_t size = magnitude(ms);
    if (size < SECOND_MS) /* "0s" reaches from -999 to 999 */
        return growing ? SECOND_MS - ms : SECOND_MS + ms;
    return (ms < 0) != growing ? to_next_up(size) : to_next_down(size);
}

static const struct {
    const char *name;
    double ms;
} span_units[] = {
    {"ms", 1}, {"us", 1e-3}, {"\302\265s", 1e-3}, {"ns", 1e-6}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7},
};

/* One "12.5h": a decimal number without exponent, and its unit. */
static bool read_span_part(const char **text, double *sum_ms)
{
    size_t whole = strspn(*text, "0123456789"), len = whole;
    if ((*text)[len] == '.')
        len += 1 + strspn(*text + len + 1, "0123456789");
    if (len - whole == 1 && whole == 0)
        return false; /* a lone point */
    if (len == 0)
        return false;
    /* By hand: strtod would ask the locale for its decimal point. */
    double value = 0, unit = 1;
    for (size_t i = 0; i < len; i++) {
        char c = (*text)[i];
        if (c == '.')
            continue;
        if (i < whole)
            value = value * 10 + (c - '0');
        else
            value += (unit /= 10) * (c - '0');
    }
    *text += len;
    for (size_t i = 0; i < sizeof span_units / sizeof *span_units; i++) {
        size_t name_len = strlen(span_units[i].name);
        if (strncmp(*text, span_units[i].name, name_len) == 0) {
            *text += name_len;
            *sum_ms += value * span_units[i].ms;
            return true;
        }
    }
    return false;
}

bool clock_parse_span(const char *text, int64_t *ms)
{
    if (!text)
        return false;
    double sum = 0;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (strcmp(text, "0") == 0) {
        *ms = 0;
        return true;
    }
    do {
        if (!read_span_part(&text, &sum))
            return false;
    } while (*text);
    if (sum > 9e15) /* a double is exact below; a Go duration ends long before, at 292 years */
        return false;
    int64_t whole = (int64_t)(sum + 1e-6); /* 0.3s is 299.99.. */
    *ms = negative ? -whole : whole;
    return true;
}
