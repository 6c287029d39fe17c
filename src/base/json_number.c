#include <config.h>

#include "json_private.h"

#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

/* Any JSON number: digits * 10^exponent, with no zero at either end of the digits
 * (so that equal numbers look equal), and none at all for zero. */
struct decimal {
    bool negative;
    char *digits;
    size_t len;
    int64_t exponent;
};

enum { EXPONENT_LIMIT = 1000000000 }; /* more digits than any text has */

static int64_t read_exponent(const char *text)
{
    bool negative = *text == '-';
    int64_t sum = 0;
    for (text += *text == '-' || *text == '+'; *text >= '0' && *text <= '9'; text++)
        if (sum < EXPONENT_LIMIT)
            sum = sum * 10 + (*text - '0');
    return negative ? -sum : sum;
}

static void decimal_init(struct decimal *d, const char *text)
{
    *d = (struct decimal){.negative = *text == '-', .digits = xmalloc(strlen(text) + 1)};
    bool in_fraction = false;
    for (text += d->negative; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            in_fraction = true;
            continue;
        }
        d->exponent -= in_fraction;
        if (d->len > 0 || *text != '0')
            d->digits[d->len++] = *text;
    }
    if (*text)
        d->exponent += read_exponent(text + 1);
    for (; d->len > 0 && d->digits[d->len - 1] == '0'; d->len--)
        d->exponent++;
    if (d->len == 0) {
        d->negative = false;
        d->exponent = 0;
    }
}

static void decimal_done(struct decimal *d) { free(d->digits); }

static bool times_ten_plus(uint64_t *value, unsigned digit)
{
    return !__builtin_mul_overflow(*value, UINT64_C(10), value) && !__builtin_add_overflow(*value, digit, value);
}

static bool decimal_whole(const struct decimal *d, uint64_t *size)
{
    *size = 0;
    if (d->exponent < 0)
        return false;
    for (size_t i = 0; i < d->len; i++)
        if (!times_ten_plus(size, (unsigned)(d->digits[i] - '0')))
            return false;
    for (int64_t i = 0; i < d->exponent; i++)
        if (!times_ten_plus(size, 0))
            return false;
    return true;
}

/* Sign and size of a whole number; false when it is none. */
static bool read_whole(const struct json *json, bool *negative, uint64_t *size)
{
    char buf[JSON_NUMBER_MAX];
    struct decimal d;
    if (json_type(json) != JSON_NUMBER)
        return false;
    decimal_init(&d, json_number_text(json_node(json), buf));
    bool whole = decimal_whole(&d, size);
    *negative = d.negative;
    decimal_done(&d);
    return whole;
}

bool json_int(const struct json *json, int64_t *out)
{
    bool negative;
    uint64_t size;
    if (!read_whole(json, &negative, &size) || size > (uint64_t)INT64_MAX + negative)
        return false;
    if (negative)
        *out = -(int64_t)(size - 1) - 1; /* reaches INT64_MIN; a negative size is not 0 */
    else
        *out = (int64_t)size;
    return true;
}

bool json_uint(const struct json *json, uint64_t *out)
{
    bool negative;
    uint64_t size;
    if (!read_whole(json, &negative, &size) || negative)
        return false;
    *out = size;
    return true;
}

bool json_double(const struct json *json, double *out)
{
    if (json_type(json) != JSON_NUMBER)
        return false;
    double value = json_node(json)->valuedouble;
    if (json_is(json, cJSON_Raw)) {
        /* JSON's decimal point is a point in every locale. */
        locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
        if (!c_locale)
            die("no C locale");
        value = strtod_l(json_node(json)->valuestring, NULL, c_locale);
        freelocale(c_locale);
    }
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool json_set_plain_number(cJSON *node, const char *text, size_t len)
{
    int64_t value = 0;
    bool negative = len > 0 && text[0] == '-';
    if (len - negative > JSON_PLAIN_DIGITS)
        return false;
    for (size_t i = negative; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    if (negative && value == 0)
        return false;
    value = negative ? -value : value;
    node->valuedouble = (double)value;
    node->valueint = value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
    return true;
}

const char *json_number_text(const cJSON *node, char buf[JSON_NUMBER_MAX])
{
    if (node->valuestring)
        return node->valuestring;
    snprintf(buf, JSON_NUMBER_MAX, "%" PRId64, (int64_t)node->valuedouble);
    return buf;
}

bool json_number_equal(const cJSON *a, const cJSON *b)
{
    char buf_a[JSON_NUMBER_MAX], buf_b[JSON_NUMBER_MAX];
    struct decimal x, y;
    decimal_init(&x, json_number_text(a, buf_a));
    decimal_init(&y, json_number_text(b, buf_b));
    bool equal = x.negative == y.negative && x.exponent == y.exponent && x.len == y.len &&
                 memcmp(x.digits, y.digits, x.len) == 0;
    decimal_done(&x);
    decimal_done(&y);
    return equal;
}

static struct json *new_number(const char *text, int len)
{
    cJSON *node = json_new_node(cJSON_Number);
    if (!json_set_plain_number(node, text, (size_t)len)) {
        node->type = cJSON_Raw;
        node->valuestring = xstrdup(text);
    }
    return json_wrap(node);
}

struct json *json_new_int(int64_t number)
{
    char buf[JSON_NUMBER_MAX];
    return new_number(buf, snprintf(buf, sizeof buf, "%" PRId64, number));
}

struct json *json_new_uint(uint64_t number)
{
    char buf[JSON_NUMBER_MAX];
    return new_number(buf, snprintf(buf, sizeof buf, "%" PRIu64, number));
}
