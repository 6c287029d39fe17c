#include <config.h>

#include "fleet/filter_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* Label selectors as Kubernetes reads them (apimachinery labels.Parse): each requirement must hold. != and notin hold
 * where there is no such label. */

enum operator { HAS, HAS_NOT, IN, NOT_IN, GREATER, LESS };

struct requirement {
    char *key;
    enum operator operator;
    char **values;
    size_t count;
};

struct label_selector {
    struct requirement *requirements;
    size_t count;
};

enum { LABEL_MAX = 64 /* of a value, with its NUL: 63 bytes at most */ };

/* What is being read. */
struct reader {
    const char *at;
    struct error *err;
    const char *text;
};

static void skip_space(struct reader *r)
{
    while (isspace((unsigned char)*r->at))
        r->at++;
}

/* The bytes of a key or value. */
static size_t word_length(const char *text)
{
    size_t len = 0;
    while (isalnum((unsigned char)text[len]) || (text[len] && strchr("-_./", text[len])))
        len++;
    return len;
}

static bool fails(struct reader *r, const char *what)
{
    return error_set(r->err, ERROR_INPUT,
                     "label selector \"%.200s\": %s at \"%.60s\"; it reads as a=b,c!=d,e,!f,g in (x,y)", r->text, what,
                     r->at);
}

static bool is_word(const char *text, const char *word)
{
    size_t len = word_length(text);
    return len == strlen(word) && strncmp(text, word, len) == 0;
}

static void add_value(struct requirement *q, const char *text, size_t len)
{
    q->values = xreallocarray(q->values, q->count + 1, sizeof *q->values);
    q->values[q->count++] = xstrndup(text, len);
}

static bool read_set(struct reader *r, struct requirement *q)
{
    skip_space(r);
    if (*r->at != '(')
        return fails(r, "a list in brackets is missing");
    do {
        r->at++;
        skip_space(r);
        size_t len = word_length(r->at);
        add_value(q, r->at, len);
        r->at += len;
        skip_space(r);
    } while (*r->at == ',');
    if (*r->at != ')')
        return fails(r, "a closing bracket is missing");
    r->at++;
    return true;
}

static const struct {
    const char *sign;
    enum operator operator;
} signs[] = {{"==", IN}, {"!=", NOT_IN}, {"=", IN}, {">", GREATER}, {"<", LESS}};

/* What follows a key. */
static bool read_operator(struct reader *r, struct requirement *q)
{
    q->operator = HAS;
    if (is_word(r->at, "in") || is_word(r->at, "notin")) {
        q->operator = is_word(r->at, "in") ? IN : NOT_IN;
        r->at += word_length(r->at);
        return read_set(r, q);
    }
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (!str_starts(r->at, signs[i].sign))
            continue;
        q->operator = signs[i].operator;
        r->at += strlen(signs[i].sign);
        skip_space(r);
        size_t len = word_length(r->at);
        add_value(q, r->at, len);
        r->at += len;
        char *end;
        strtoll(q->values[0], &end, 10);
        if ((q->operator == GREATER || q->operator == LESS) && (len == 0 || *end))
            return fails(r, "a whole number is missing");
        break;
    }
    return true;
}

static bool read_requirement(struct reader *r, struct requirement *q)
{
    skip_space(r);
    bool not = *r->at == '!';
    if (not)
        r->at++;
    skip_space(r);
    size_t len = word_length(r->at);
    if (len == 0)
        return fails(r, "the name of a label is missing");
    q->key = xstrndup(r->at, len);
    r->at += len;
    skip_space(r);
    if (not)
        q->operator = HAS_NOT;
    else if (!read_operator(r, q))
        return false;
    skip_space(r);
    return !*r->at || *r->at == ',' || fails(r, "a comma is missing");
}

struct label_selector *label_selector_parse(const char *text, struct error *err)
{
    struct label_selector *s = xcalloc(1, sizeof *s);
    struct reader r = {.at = text, .err = err, .text = text};
    skip_space(&r);
    while (*r.at) {
        s->requirements = xreallocarray(s->requirements, s->count + 1, sizeof *s->requirements);
        s->requirements[s->count] = (struct requirement){0};
        if (!read_requirement(&r, &s->requirements[s->count++])) {
            label_selector_free(&s);
            return NULL;
        }
        if (*r.at == ',' && !*++r.at) {
            fails(&r, "the name of a label is missing");
            label_selector_free(&s);
            return NULL;
        }
    }
    return s;
}

void label_selector_free(struct label_selector **selector)
{
    struct label_selector *s = *selector;
    *selector = NULL;
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->requirements[i].count; k++)
            free(s->requirements[i].values[k]);
        free(s->requirements[i].values);
        free(s->requirements[i].key);
    }
    free(s->requirements);
    free(s);
}

static bool is_among(const struct requirement *q, const char *value)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->values[i], value) == 0)
            return true;
    return false;
}

static bool compares(const struct requirement *q, const char *value)
{
    char *end;
    long long number = strtoll(value, &end, 10), limit = strtoll(q->values[0], NULL, 10);
    if (!*value || *end)
        return false;
    return q->operator == GREATER ? number > limit : number < limit;
}

static bool holds(const struct requirement *q, const struct backup_record *record)
{
    char value[LABEL_MAX];
    bool has = record_label(record, q->key, value, sizeof value);
    switch (q->operator) {
    case HAS: return has;
    case HAS_NOT: return !has;
    case IN: return has && is_among(q, value);
    case NOT_IN: return !has || !is_among(q, value);
    default: return has && compares(q, value);
    }
}

bool label_selector_matches(const struct label_selector *selector, const struct backup_record *record)
{
    for (size_t i = 0; i < selector->count; i++)
        if (!holds(&selector->requirements[i], record))
            return false;
    return true;
}

/* -- inside a filter -------------------------------------------------------------------- */

size_t label_selector_length(const char *text)
{
    size_t at = 0;
    int depth = 0;
    for (; text[at]; at++) {
        if (text[at] == '(')
            depth++;
        else if (text[at] == ')')
            depth--;
        if (depth > 0 || !isspace((unsigned char)text[at]))
            continue;
        size_t next = at + strspn(text + at, " \t\n");
        bool set_follows = is_word(text + next, "in") || is_word(text + next, "notin") || text[next] == '(';
        if (!set_follows)
            return at;
        at = next - 1;
    }
    return at;
}
