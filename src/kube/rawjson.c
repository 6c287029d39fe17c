#include <config.h>

#include "kube/rawjson.h"

#include <string.h>

#include <brdeck/base/alloc.h>

const unsigned char raw_classes[256] = {
    ['"'] = RAW_QUOTE, ['{'] = RAW_OPEN, ['['] = RAW_OPEN, ['}'] = RAW_CLOSE, [']'] = RAW_CLOSE,
};

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* @at stands on a quote; the byte after the closing one, or NULL. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

/* The byte after the value at @at, or NULL. */
static const char *skip_value(const char *at, const char *end)
{
    if (at >= end)
        return NULL;
    if (*at == '"')
        return skip_string(at, end);
    if (*at != '{' && *at != '[') {
        const char *from = at;
        while (at < end && !memchr(",]} \n\r\t", *at, 7))
            at++;
        return at > from ? at : NULL;
    }
    for (size_t depth = 0; at < end;) {
        unsigned char class = raw_classes[(unsigned char)*at];
        if (class == RAW_QUOTE) {
            at = skip_string(at, end);
            if (!at)
                return NULL;
            continue;
        }
        at++;
        if (class == RAW_OPEN)
            depth++;
        else if (class == RAW_CLOSE && --depth == 0)
            return at;
    }
    return NULL;
}

bool raw_member(const char *text, size_t len, const char *key, struct raw *value)
{
    const char *end = text + len, *at = skip_space(text, end);
    size_t key_len = strlen(key);
    if (at >= end || *at++ != '{')
        return false;
    for (at = skip_space(at, end); at < end && *at == '"'; at = skip_space(at + 1, end)) {
        const char *name = at + 1, *after = skip_string(at, end);
        if (!after)
            return false;
        bool found = (size_t)(after - 1 - name) == key_len && memcmp(name, key, key_len) == 0;
        at = skip_space(after, end);
        if (at >= end || *at != ':')
            return false;
        at = skip_space(at + 1, end);
        after = skip_value(at, end);
        if (!after)
            return false;
        if (found) {
            *value = (struct raw){at, (size_t)(after - at)};
            return true;
        }
        at = skip_space(after, end);
        if (at >= end || *at != ',')
            return false;
    }
    return false;
}

static bool is_plain_string(const struct raw *value)
{
    return value->len >= 2 && value->text[0] == '"' && !memchr(value->text, '\\', value->len);
}

bool raw_is_string(const struct raw *value, const char *text)
{
    size_t len = strlen(text);
    return is_plain_string(value) && value->len - 2 == len && memcmp(value->text + 1, text, len) == 0;
}

char *raw_string(const struct raw *value)
{
    return is_plain_string(value) ? xstrndup(value->text + 1, value->len - 2) : NULL;
}
