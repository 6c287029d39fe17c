#include <config.h>

#include "yaml_private.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { NUMBER_TEXT_MAX = 1024 }; /* a longer "number" is a string */

/* yaml.v2's table (resolve.go): y and n are in it, which the printer must know. */
static const struct {
    enum json_type type;
    bool truth, no_json;
    const char *words[9];
} table[] = {
    {JSON_BOOL, true, false, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"}},
    {JSON_BOOL, true, false, {"on", "On", "ON"}},
    {JSON_BOOL, false, false, {"n", "N", "no", "No", "NO", "false", "False", "FALSE"}},
    {JSON_BOOL, false, false, {"off", "Off", "OFF"}},
    {JSON_NULL, false, false, {"", "~", "null", "Null", "NULL"}},
    {JSON_NUMBER, false, true, {".nan", ".NaN", ".NAN"}},
    {JSON_NUMBER, false, true, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"}},
    {JSON_NUMBER, false, true, {"-.inf", "-.Inf", "-.INF"}},
};

static bool find_word(struct yaml_plain *plain, const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        for (const char *const *word = table[i].words; *word; word++) {
            if (strcmp(*word, text) == 0) {
                plain->type = table[i].type;
                plain->truth = table[i].truth;
                plain->no_json = table[i].no_json;
                return true;
            }
        }
    }
    return false;
}

static size_t digits_of(const char *text)
{
    return strspn(text, "0123456789");
}

/* 0x1f, 0o17, 017, 0b11 after the sign: numbers that JSON writes otherwise. */
static bool read_based(const char *text, bool negative, struct str *number)
{
    static const struct {
        char letter;
        int base;
        const char *digits;
    } bases[] = {
        {'x', 16, "0123456789abcdefABCDEF"},
        {'o', 8, "01234567"},
        {'b', 2, "01"},
        {'\0', 8, "01234567"},
    };
    if (text[0] != '0' || !text[1])
        return false;
    size_t i = 0;
    while (bases[i].letter && bases[i].letter != tolower((unsigned char)text[1]))
        i++;
    const char *digits = text + (bases[i].letter ? 2 : 1);
    if (!*digits || digits[strspn(digits, bases[i].digits)])
        return false;
    errno = 0;
    uintmax_t value = strtoumax(digits, NULL, bases[i].base);
    if (errno || (negative && value > (uintmax_t)INT64_MAX + 1))
        return false;
    return str_addf(number, "%s%" PRIuMAX, negative && value ? "-" : "", value);
}

/* [0-9]+(\.[0-9]*)? or \.[0-9]+, then ([eE][-+]?[0-9]+)?; JSON wants a digit on both sides of the
 * point, and no zeros in front. */
static bool read_decimal(const char *text, bool negative, struct str *number)
{
    const char *whole = text, *fraction = "";
    size_t whole_len = digits_of(whole), fraction_len = 0;
    const char *end = whole + whole_len;
    if (*end == '.') {
        fraction = end + 1;
        fraction_len = digits_of(fraction);
        end = fraction + fraction_len;
    }
    if (whole_len + fraction_len == 0)
        return false;
    const char *exponent = end;
    if (*end == 'e' || *end == 'E') {
        end += end[1] == '-' || end[1] == '+' ? 2 : 1;
        size_t len = digits_of(end);
        if (len == 0)
            return false;
        end += len;
    }
    if (*end || !isfinite(strtod(text, NULL)))
        return false;
    while (whole_len > 1 && *whole == '0') {
        whole++;
        whole_len--;
    }
    return str_add(number, negative ? "-" : "") &&
           str_addn(number, whole_len ? whole : "0", whole_len ? whole_len : 1) &&
           str_add(number, fraction_len ? "." : "") && str_addn(number, fraction, fraction_len) &&
           str_add(number, exponent);
}

static bool find_number(struct yaml_plain *plain, const char *text)
{
    if (!strchr("+-.0123456789", text[0]))
        return false;
    struct str digits;
    str_init(&digits, NUMBER_TEXT_MAX - 2);
    for (const char *c = text; *c && !digits.cut; c++) {
        if (*c != '_' || text[0] == '.')
            str_addc(&digits, *c);
    }
    bool negative = digits.data[0] == '-';
    const char *number = digits.data + (negative || digits.data[0] == '+' ? 1 : 0);
    /* yaml.v2 reads "-.5" and "+.5" as it reads "-0.5", but ".5_" not at all. */
    bool found = !digits.cut && (read_based(number, negative, &plain->number) ||
                                 read_decimal(number, negative, &plain->number));
    str_done(&digits);
    if (found)
        plain->type = JSON_NUMBER;
    return found;
}

void yaml_plain_init(struct yaml_plain *plain, const char *text)
{
    *plain = (struct yaml_plain){.type = JSON_STRING};
    str_init(&plain->number, NUMBER_TEXT_MAX);
    if (!find_word(plain, text))
        find_number(plain, text);
}

void yaml_plain_done(struct yaml_plain *plain)
{
    str_done(&plain->number);
}

/* 2026-1-2 and all that begins so. */
static bool is_date(const char *text)
{
    if (digits_of(text) != 4 || text[4] != '-')
        return false;
    size_t month = digits_of(text + 5);
    return (month == 1 || month == 2) && text[5 + month] == '-' && digits_of(text + 6 + month) > 0;
}

/* 1:30, -12:30:45.5: minutes and seconds to YAML 1.1. */
static bool is_base60(const char *text)
{
    text += *text == '-' || *text == '+';
    return isdigit((unsigned char)*text) && strchr(text, ':') && !text[strspn(text, "0123456789_:.")];
}

bool yaml_plain_is_string(const char *text)
{
    struct yaml_plain plain;
    yaml_plain_init(&plain, text);
    bool resolved = plain.type != JSON_STRING;
    yaml_plain_done(&plain);
    return !resolved && !is_date(text) && !is_base60(text) && strcmp(text, "<<") != 0 && strcmp(text, "=") != 0;
}
