#include <config.h>

#include "fleet/filter_private.h"

#include <ctype.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>
#include <brdeck/base/text.h>

struct term;

struct question {
    const struct store_row *row;
    char name[512]; /* namespace/name */
};

struct term {
    bool (*matches)(const struct term *term, struct question *q);
    bool not;
    char *value;
    regex_t regex;
    bool has_regex;
    struct label_selector *selector;
};

struct filter {
    unsigned owners;
    char *text;
    struct term *terms;
    size_t count;
};

/* -- what a term asks ------------------------------------------------------------------- */

static bool matches_text(const struct term *t, struct question *q)
{
    return text_contains_fold(q->name, t->value) || text_contains_fold(q->row->record->cluster, t->value) ||
           text_contains_fold(q->row->state.word, t->value);
}

static bool matches_regex(const struct term *t, struct question *q)
{
    return regexec(&t->regex, q->name, 0, NULL, 0) == 0;
}

static bool matches_labels(const struct term *t, struct question *q)
{
    return label_selector_matches(t->selector, q->row->record);
}

static bool matches_state(const struct term *t, struct question *q)
{
    return text_contains_fold(q->row->state.word, t->value);
}

/* A name, or a pattern of it with * and ?. */
static bool is_like(const char *pattern, const char *text) { return fnmatch(pattern, text, 0) == 0; }

static bool matches_namespace(const struct term *t, struct question *q)
{
    return is_like(t->value, q->row->record->ns);
}

static bool matches_cluster(const struct term *t, struct question *q)
{
    char key[RECORD_CLUSTER_MAX];
    return is_like(t->value, q->row->record->cluster) || is_like(t->value, record_cluster(q->row->record, key));
}

static const struct {
    const char *word;
    enum backup_mode mode;
} modes[] = {{"log", BACKUP_LOG}, {"snapshot", BACKUP_SNAPSHOT}, {"volume-snapshot", BACKUP_VOLUME_SNAPSHOT}};

/* A word begun is enough: "mode:snap". */
static bool matches_mode(const struct term *t, struct question *q)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (modes[i].mode == q->row->record->mode && str_starts(modes[i].word, t->value))
            return true;
    return false;
}

/* -- reading ---------------------------------------------------------------------------- */

static bool is_mode(const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (str_starts(modes[i].word, value))
            return true;
    return false;
}

static const struct {
    const char *prefix;
    bool (*matches)(const struct term *term, struct question *q);
} fields[] = {
    {"state:", matches_state}, {"ns:", matches_namespace}, {"cluster:", matches_cluster}, {"mode:", matches_mode},
};

static bool read_regex(struct term *t, const char *word, struct error *err)
{
    char why[128];
    int code = word[1] ? regcomp(&t->regex, word + 1, REG_EXTENDED | REG_NOSUB) : REG_BADPAT;
    t->has_regex = code == 0;
    t->matches = matches_regex;
    if (code == 0)
        return true;
    regerror(code, &t->regex, why, sizeof why);
    return error_set(err, ERROR_INPUT, "filter: \"%.200s\" is no regular expression: %s", word,
                     word[1] ? why : "nothing follows the /");
}

static bool read_field(struct term *t, const char *word, struct error *err)
{
    size_t colon = strcspn(word, ":");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strncmp(word, fields[i].prefix, strlen(fields[i].prefix)) != 0)
            continue;
        t->matches = fields[i].matches;
        t->value = xstrdup(word + colon + 1);
        if (!*t->value)
            return error_set(err, ERROR_INPUT, "filter: \"%.200s\": nothing follows the colon", word);
        if (t->matches == matches_mode && !is_mode(t->value))
            return error_set(err, ERROR_INPUT, "filter: \"%.200s\": the modes are log, snapshot and volume-snapshot",
                             word);
        return true;
    }
    return error_set(err, ERROR_INPUT,
                     "filter: \"%.200s\": there is no field %.*s; there are state:, ns:, cluster: and mode:", word,
                     (int)colon, word);
}

static bool read_term(struct term *t, const char *word, bool quoted, struct error *err)
{
    if (!*word)
        return error_set(err, ERROR_INPUT, "filter: \"%s\": a term is missing", t->not ? "!" : "");
    if (*word == '/' && !quoted)
        return read_regex(t, word, err);
    if (strchr(word, ':') && !quoted)
        return read_field(t, word, err);
    t->matches = matches_text;
    t->value = xstrdup(word);
    return true;
}

/* "-l SELECTOR" or "-lSELECTOR". Returns where it ends; NULL and @err. */
static const char *read_labels(struct term *t, const char *at, struct error *err)
{
    at += 2;
    at += strspn(at, " \t\n");
    size_t len = label_selector_length(at);
    if (len == 0) {
        error_set(err, ERROR_INPUT, "filter: \"-l\": a label selector is missing, such as -l app=backup");
        return NULL;
    }
    char *text = xstrndup(at, len);
    t->matches = matches_labels;
    t->selector = label_selector_parse(text, err);
    free(text);
    return t->selector ? at + len : NULL;
}

/* The word at @at without its quotation marks, which may stand anywhere in it and keep spaces. */
static const char *read_word(const char *at, struct str *word, bool *quoted)
{
    bool inside = false;
    *quoted = *at == '"';
    for (; *at && (inside || !isspace((unsigned char)*at)); at++) {
        if (*at == '"')
            inside = !inside;
        else
            str_addc(word, *at);
    }
    return at;
}

static const char *read_next(struct term *t, const char *at, struct error *err)
{
    while (*at == '!') {
        t->not = !t->not;
        at++;
    }
    if (str_starts(at, "-l"))
        return read_labels(t, at, err);
    struct str word;
    bool quoted;
    str_init(&word, STR_SMALL);
    at = read_word(at, &word, &quoted);
    bool good = read_term(t, word.data, quoted, err);
    str_done(&word);
    return good ? at : NULL;
}

struct filter *filter_parse(const char *text, struct error *err)
{
    struct filter *f = xcalloc(1, sizeof *f);
    f->owners = 1;
    f->text = xstrdup(text ? text : "");
    for (const char *at = f->text; *(at += strspn(at, " \t\n"));) {
        f->terms = xreallocarray(f->terms, f->count + 1, sizeof *f->terms);
        f->terms[f->count] = (struct term){0};
        at = read_next(&f->terms[f->count++], at, err);
        if (!at) {
            filter_free(&f);
            return NULL;
        }
    }
    return f;
}

struct filter *filter_share(const struct filter *filter)
{
    struct filter *f = (struct filter *)(uintptr_t)filter;
    if (f)
        f->owners++;
    return f;
}

void filter_free(struct filter **filter)
{
    struct filter *f = *filter;
    *filter = NULL;
    if (!f || --f->owners > 0)
        return;
    for (size_t i = 0; i < f->count; i++) {
        if (f->terms[i].has_regex)
            regfree(&f->terms[i].regex);
        label_selector_free(&f->terms[i].selector);
        free(f->terms[i].value);
    }
    free(f->terms);
    free(f->text);
    free(f);
}

const char *filter_text(const struct filter *filter) { return filter->text; }

/* -- asking ----------------------------------------------------------------------------- */

static void join_name(char *buf, size_t size, const struct backup_record *record)
{
    size_t ns = strlen(record->ns), name = strlen(record->name);
    if (ns + name + 2 > size) { /* no such names in Kubernetes */
        snprintf(buf, size, "%s/%s", record->ns, record->name);
        return;
    }
    memcpy(buf, record->ns, ns);
    buf[ns] = '/';
    memcpy(buf + ns + 1, record->name, name + 1);
}

bool filter_matches(const struct filter *filter, const struct store_row *row)
{
    struct question q;
    q.row = row;
    if (filter->count > 0)
        join_name(q.name, sizeof q.name, row->record);
    for (size_t i = 0; i < filter->count; i++)
        if (filter->terms[i].matches(&filter->terms[i], &q) == filter->terms[i].not)
            return false;
    return true;
}
