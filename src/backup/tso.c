#include <config.h>

#include <brdeck/backup/tso.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

enum { LOGICAL_BITS = 18, DAY_S = 24 * 60 * 60 };

static const char *const style_names[TSO_STYLES] = {
    [TSO_SHORT] = "short", [TSO_LOCAL] = "local", [TSO_RFC3339] = "utc", [TSO_NUMBER] = "tso",
};

const char *tso_style_name(enum tso_style style) { return (int)style < (int)TSO_STYLES ? style_names[style] : NULL; }

bool tso_style_parse(const char *name, enum tso_style *style)
{
    for (size_t i = 0; i < TSO_STYLES; i++)
        if (strcmp(style_names[i], name) == 0) {
            *style = (enum tso_style)i;
            return true;
        }
    return false;
}

int64_t tso_to_ms(tso_t ts) { return (int64_t)(ts >> LOGICAL_BITS); }

tso_t tso_from_ms(int64_t ms)
{
    return ms > 0 && ms <= INT64_MAX >> (LOGICAL_BITS - 1) ? (tso_t)ms << LOGICAL_BITS : 0;
}

/* The date forms of pkg/controllers/br/manager/util in TiDB Operator, plus the
 * zoned ones that br itself takes and prints. */
static const struct date_form {
    const char *pattern; /* for strptime */
    bool zoned;          /* the text names its zone */
} date_forms[] = {
    {"%Y-%m-%dT%H:%M:%S%z", true},
    {"%Y-%m-%d %H:%M:%S%z", true},
    {"%Y-%m-%d %H:%M:%S %z", true},
    {"%Y-%m-%d %H:%M:%S", false},
};

enum reading { READ_NOT, READ_OK, READ_TWICE /* ambiguous */, READ_NEVER /* skipped */ };

/* Where @text has a fraction of a second, the form without it in @plain. */
static bool cut_fraction(const char *text, char plain[TSO_TEXT_MAX])
{
    size_t n = strlen(text), dot = strcspn(text, ".");
    if (n >= TSO_TEXT_MAX)
        return false;
    size_t digits = text[dot] ? strspn(text + dot + 1, "0123456789") : 0;
    if (text[dot] && digits == 0)
        return false;
    snprintf(plain, TSO_TEXT_MAX, "%.*s%s", (int)dot, text, text[dot] ? text + dot + 1 + digits : "");
    return true;
}

static bool same_fields(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday && a->tm_hour == b->tm_hour &&
           a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* The instants at which local clocks show @shown: none where they are put forward, two where they are put back. The
 * offsets of the day before and of the day after are the only ones it can have; comparing them also finds changes of
 * a zone that are no daylight saving. */
static enum reading read_local(const struct tm *shown, time_t as_utc, time_t *t)
{
    static const time_t sides[] = {-DAY_S, DAY_S};
    enum reading reading = READ_NEVER;
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        struct tm near, back;
        time_t side = as_utc + sides[i];
        if (!localtime_r(&side, &near))
            return READ_NOT;
        time_t candidate = as_utc - near.tm_gmtoff;
        if (!localtime_r(&candidate, &back) || !same_fields(shown, &back))
            continue;
        if (reading == READ_OK && candidate != *t)
            return READ_TWICE;
        reading = READ_OK;
        *t = candidate;
    }
    return reading;
}

static enum reading read_date(const char *text, bool zoneless_is_utc, tso_t *ts, bool *zoneless)
{
    char plain[TSO_TEXT_MAX];
    if (!cut_fraction(text, plain))
        return READ_NOT;
    for (size_t i = 0; i < ARRAY_LEN(date_forms); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(plain, date_forms[i].pattern, &tm);
        if (!end || *end)
            continue;
        long offset = date_forms[i].zoned ? tm.tm_gmtoff : 0;
        struct tm normal = tm;
        time_t t = timegm(&normal);
        if (!same_fields(&tm, &normal)) /* 30 February became March */
            return READ_NOT;
        enum reading reading = READ_OK;
        if (date_forms[i].zoned)
            t -= offset;
        else if (!zoneless_is_utc)
            reading = read_local(&tm, t, &t);
        if (reading != READ_OK)
            return reading;
        tso_t found = tso_from_ms((int64_t)t * 1000);
        if (found == 0)
            return READ_NOT;
        *ts = found;
        *zoneless = !date_forms[i].zoned;
        return READ_OK;
    }
    return READ_NOT;
}

static bool parse_age(const char *text, int64_t now_ms, tso_t *ts)
{
    int64_t age;
    if (text[0] != '-' || !isdigit((unsigned char)text[1]) || !clock_parse_span(text + 1, &age))
        return false;
    if (age < 0 || age >= now_ms)
        return false;
    *ts = tso_from_ms(now_ms - age);
    return true;
}

static bool parse_number(const char *text, tso_t *ts)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    uintmax_t n = strtoumax(text, &end, 10);
    if (*end || errno || n > UINT64_MAX || n == 0)
        return false;
    *ts = (tso_t)n;
    return true;
}

/* The time that @text shows with each of the two zones that are in force round it: what to write instead. */
static bool refuse_local(const char *text, const char *why, struct error *err)
{
    char zones[2][8] = {"", ""}, plain[TSO_TEXT_MAX];
    struct tm tm = {.tm_isdst = -1}, near;
    if (cut_fraction(text, plain) && strptime(plain, "%Y-%m-%d %H:%M:%S", &tm)) {
        time_t as_utc = timegm(&tm);
        for (int side = 0; side < 2; side++) {
            time_t t = side ? as_utc + DAY_S : as_utc - DAY_S;
            if (localtime_r(&t, &near))
                strftime(zones[side], sizeof zones[side], "%z", &near);
        }
    }
    return error_set(err, ERROR_INPUT, "\"%s\" %s then; write \"%s %s\" or \"%s %s\"", text, why, text, zones[0], text,
                     zones[1]);
}

bool tso_parse(const char *text, int64_t now_ms, tso_t *ts, bool *zoneless, struct error *err)
{
    bool local = false;
    enum reading reading = READ_NOT;
    if (!text)
        text = "";
    if (parse_number(text, ts) || parse_age(text, now_ms, ts))
        reading = READ_OK;
    else
        reading = read_date(text, false, ts, &local);
    switch (reading) {
    case READ_OK:
        if (zoneless)
            *zoneless = local;
        return true;
    case READ_TWICE:
        return refuse_local(text, "comes twice here: clocks are put back", err);
    case READ_NEVER:
        return refuse_local(text, "does not come here: clocks are put forward", err);
    case READ_NOT:
    default:
        return error_set(err, ERROR_INPUT,
                         "\"%s\" is no point in time: want a TSO, 2022-10-10T15:21:00+08:00, "
                         "\"2022-10-10 15:21:00\" or an age such as -7d", text);
    }
}

tso_t tso_from_status(const char *text)
{
    tso_t ts = 0;
    bool zoneless;
    if (text && !parse_number(text, &ts))
        read_date(text, true, &ts, &zoneless);
    return ts;
}

static void format_short(const struct tm *tm, int64_t now_ms, char buf[TSO_TEXT_MAX])
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm today = {0};
    localtime_r(&now, &today);
    const char *pattern = "%Y-%m-%d";
    if (tm->tm_year == today.tm_year)
        pattern = tm->tm_yday == today.tm_yday ? "%H:%M:%S" : "%m-%d %H:%M";
    strftime(buf, TSO_TEXT_MAX, pattern, tm);
}

char *tso_format_ms(int64_t ms, enum tso_style style, int64_t now_ms, char buf[TSO_TEXT_MAX])
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    bool local = style == TSO_SHORT || style == TSO_LOCAL;

    buf[0] = '\0';
    if (ms > 0 && (local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm))) {
        if (style == TSO_SHORT)
            format_short(&tm, now_ms, buf);
        else
            strftime(buf, TSO_TEXT_MAX, local ? "%Y-%m-%d %H:%M:%S %z" : "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    if (!buf[0])
        snprintf(buf, TSO_TEXT_MAX, "-");
    return buf;
}

char *tso_format(tso_t ts, enum tso_style style, int64_t now_ms, char buf[TSO_TEXT_MAX])
{
    if (ts == 0)
        snprintf(buf, TSO_TEXT_MAX, "-");
    else if (style == TSO_NUMBER)
        snprintf(buf, TSO_TEXT_MAX, "%" PRIu64, ts);
    else
        tso_format_ms(tso_to_ms(ts), style, now_ms, buf);
    return buf;
}

int64_t tso_short_until_ms(int64_t now_ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;
    if (!localtime_r(&now, &tm))
        return INT64_MAX;
    tm.tm_mday++;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    int64_t midnight = (int64_t)mktime(&tm) * 1000;
    /* a zone that skips its midnight may give an instant before: look again in a minute */
    return midnight > now_ms ? midnight : now_ms + 60000;
}
