#include <config.h>

#include "selector.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

static const char *skip_space(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static size_t word_length(const char *at) { return strcspn(at, " \t=!,()"); }

/* "(a, b)" into values; NULL when it is no such list. */
static const char *read_list(const char *at, struct str *values)
{
    at = skip_space(at);
    if (*at != '(')
        return NULL;
    do {
        at = skip_space(at + 1);
        size_t n = word_length(at);
        str_addn(values, at, n);
        str_addc(values, '\0');
        at = skip_space(at + n);
    } while (*at == ',');
    return *at == ')' ? at + 1 : NULL;
}

static const struct set_word {
    const char *word;
    enum term_op op;
} set_words[] = {{"in", TERM_IN}, {"notin", TERM_NOT_IN}};

/* What stands behind the key: an operator and its values. */
static const char *read_requirement(const char *at, struct term *term, struct str *values)
{
    at = skip_space(at);
    if (*at == '\0' || *at == ',')
        return at;
    for (size_t i = 0; i < ARRAY_LEN(set_words); i++)
        if (word_length(at) == strlen(set_words[i].word) && str_starts(at, set_words[i].word)) {
            term->op = set_words[i].op;
            return read_list(at + strlen(set_words[i].word), values);
        }
    term->op = *at == '!' ? TERM_NOT_EQUAL : TERM_EQUAL;
    size_t signs = strspn(at, "!=");
    if (signs == 0 || signs > 2)
        return NULL;
    at = skip_space(at + signs);
    size_t n = strcspn(at, " \t,");
    str_addn(values, at, n);
    str_addc(values, '\0');
    return at + n;
}

static const char *read_term(const char *at, struct term *term)
{
    at = skip_space(at);
    term->op = TERM_EXISTS;
    if (*at == '!') {
        term->op = TERM_NOT_EXISTS;
        at = skip_space(at + 1);
    }
    size_t n = word_length(at);
    if (n == 0)
        return NULL;
    term->key = xstrndup(at, n);
    struct str values;
    str_init(&values, STR_SMALL);
    at = read_requirement(at + n, term, &values);
    str_addc(&values, '\0');
    term->values = str_take(&values);
    str_done(&values);
    return at ? skip_space(at) : NULL;
}

static bool read_terms(const char *text, struct term terms[TERMS_MAX], size_t *count, const char *what,
                       struct error *err)
{
    const char *at = text ? skip_space(text) : "";
    while (*at) {
        if (*count == TERMS_MAX)
            return error_set(err, ERROR_INPUT, "unable to parse %s: more than %d terms", what, TERMS_MAX);
        at = read_term(at, &terms[(*count)++]);
        if (!at || (*at && *at != ','))
            return error_set(err, ERROR_INPUT, "unable to parse requirement in %s \"%s\"", what, text);
        at += *at == ',';
    }
    return true;
}

static bool is_known_field(const struct kind *kind, const char *key)
{
    if (strcmp(key, "metadata.name") == 0 || strcmp(key, "metadata.namespace") == 0)
        return true;
    switch (kind->id) {
    case KIND_EVENT:
        return str_starts(key, "involvedObject.") || strcmp(key, "reason") == 0 || strcmp(key, "type") == 0;
    case KIND_POD:
        return strcmp(key, "status.phase") == 0 || strcmp(key, "spec.nodeName") == 0;
    case KIND_SECRET:
        return strcmp(key, "type") == 0;
    default:
        return false;
    }
}

bool selector_init(struct selector *selector, const struct kind *kind, const char *labels, const char *fields,
                   struct error *err)
{
    *selector = (struct selector){0};
    if (!read_terms(labels, selector->labels, &selector->label_count, "labelSelector", err) ||
        !read_terms(fields, selector->fields, &selector->field_count, "fieldSelector", err))
        return false;
    for (size_t i = 0; i < selector->field_count; i++)
        if (selector->fields[i].op > TERM_NOT_EQUAL || !is_known_field(kind, selector->fields[i].key))
            return error_set(err, ERROR_INPUT, "field label not supported: %s", selector->fields[i].key);
    return true;
}

static void terms_done(struct term *terms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(terms[i].key);
        free(terms[i].values);
    }
}

void selector_done(struct selector *selector)
{
    terms_done(selector->labels, selector->label_count);
    terms_done(selector->fields, selector->field_count);
    *selector = (struct selector){0};
}

bool selector_is_empty(const struct selector *selector)
{
    return selector->label_count == 0 && selector->field_count == 0;
}

static bool holds(const struct term *term, const char *value)
{
    bool among = false;
    const char *first = term->values ? term->values : "";
    if (value && (term->op == TERM_EQUAL || term->op == TERM_NOT_EQUAL))
        among = strcmp(first, value) == 0;
    else if (value)
        for (const char *at = first; *at && !among; at += strlen(at) + 1)
            among = strcmp(at, value) == 0;
    switch (term->op) {
    case TERM_EXISTS:
        return value;
    case TERM_NOT_EXISTS:
        return !value;
    case TERM_EQUAL:
    case TERM_IN:
        return among;
    default:
        return !among;
    }
}

bool selector_match_labels(const struct selector *selector, const char *labels)
{
    for (size_t i = 0; i < selector->label_count; i++)
        if (!holds(&selector->labels[i], labels_get(labels, selector->labels[i].key)))
            return false;
    return true;
}

/* The text at a dotted path; "" where there is none. */
static const char *text_at(const struct json *tree, const char *path)
{
    while (*path && tree) {
        size_t n = strcspn(path, ".");
        char *key = xstrndup(path, n);
        tree = json_get(tree, key);
        free(key);
        path += n + (path[n] == '.');
    }
    const char *text = json_text(tree);
    return text ? text : "";
}

bool selector_match_fields(const struct selector *selector, const char *ns, const char *name,
                           const struct blob *text)
{
    struct json *tree = NULL;
    bool match = true;
    for (size_t i = 0; i < selector->field_count && match; i++) {
        const struct term *term = &selector->fields[i];
        const char *value;
        if (strcmp(term->key, "metadata.name") == 0) {
            value = name;
        } else if (strcmp(term->key, "metadata.namespace") == 0) {
            value = ns;
        } else {
            if (!tree)
                tree = json_parse(text->text, text->len, NULL);
            value = text_at(tree, term->key);
        }
        match = holds(term, value);
    }
    json_free(&tree);
    return match;
}

bool selector_match(const struct selector *selector, const struct object *object)
{
    return selector_match_labels(selector, object->labels) &&
           selector_match_fields(selector, object->ns, object->name, object->text);
}
