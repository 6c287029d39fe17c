#include <config.h>

#include <brdeck/conf/options.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>
#include <brdeck/conf/suggest.h>

#include "conf/ini_read.h"

struct binding {
    char *view, *key, *command, *where;
};
struct options {
    char *text[OPTION_COUNT];      /* as it was written */
    int64_t number[OPTION_COUNT];  /* of bools, numbers and spans */
    bool given[OPTION_COUNT];      /* by a file, the environment, or a caller */
    struct binding *bindings;
    size_t bindings_len, bindings_cap;
};

/* -- values ----------------------------------------------------------------------- */

static bool parse_bool(const char *value, int64_t *number)
{
    static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (int b = 0; b < 2; b++)
            if (strcmp(value, words[i][b]) == 0) {
                *number = b;
                return true;
            }
    return false;
}

static bool parse_number(const char *value, int64_t *number)
{
    if (!isdigit((unsigned char)*value))
        return false;
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno || *end)
        return false;
    *number = n;
    return true;
}

static bool is_choice(const struct option *option, const char *value)
{
    for (const char *const *choice = option->choices; *choice; choice++)
        if (strcmp(*choice, value) == 0)
            return true;
    return false;
}

static void list_choices(const struct option *option, char *buf, size_t size)
{
    size_t len = 0;
    buf[0] = '\0';
    for (const char *const *choice = option->choices; *choice && len < size; choice++)
        len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "", *choice);
}

static const char *const wanted[] = {
    [OPTION_BOOL] = "neither true nor false",
    [OPTION_NUMBER] = "no whole number",
    [OPTION_SPAN] = "no length of time: want 90s, 10m, 2h",
};

/* What is wrong with @value goes to @err without a place. */
static bool parse(const struct option *option, const char *value, int64_t *number, struct error *err)
{
    char choices[128];
    if (option->type == OPTION_TEXT)
        return true;
    if (option->type == OPTION_CHOICE) {
        if (is_choice(option, value))
            return true;
        list_choices(option, choices, sizeof choices);
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is none of %s", option->name, value, choices);
    }
    bool parsed = option->type == OPTION_BOOL     ? parse_bool(value, number)
                  : option->type == OPTION_NUMBER ? parse_number(value, number)
                                                  : clock_parse_span(value, number);
    if (!parsed)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is %s", option->name, value, wanted[option->type]);
    if (*number >= option->least && *number <= option->most)
        return true;
    if (option->type == OPTION_NUMBER)
        return error_set(err, ERROR_INPUT, "%s: %s is out of range: want %lld to %lld", option->name, value,
                         (long long)option->least, (long long)option->most);
    char least[CLOCK_TEXT_MAX], most[CLOCK_TEXT_MAX];
    return error_set(err, ERROR_INPUT, "%s: %s is out of range: want %s to %s", option->name, value,
                     clock_format_span(option->least, least), clock_format_span(option->most, most));
}

/* -- its life ------------------------------------------------------------------------ */

static void assign(struct options *options, enum option_id id, const char *value, int64_t number)
{
    char *copy = xstrdup(value); /* first: @value may be the old one */
    free(options->text[id]);
    options->text[id] = copy;
    options->number[id] = number;
}

struct options *options_new(void)
{
    struct options *options = xcalloc(1, sizeof *options);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        int64_t number = 0;
        if (!parse(&option_table[i], option_table[i].standard, &number, NULL))
            die("options: a default is out of range");
        assign(options, (enum option_id)i, option_table[i].standard, number);
    }
    return options;
}

void options_free(struct options **ptr)
{
    struct options *options = *ptr;
    *ptr = NULL;
    if (!options)
        return;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        free(options->text[i]);
    for (size_t i = 0; i < options->bindings_len; i++) {
        free(options->bindings[i].view);
        free(options->bindings[i].key);
        free(options->bindings[i].command);
        free(options->bindings[i].where);
    }
    free(options->bindings);
    free(options);
}

/* -- setting ---------------------------------------------------------------------------- */

static const char *nth_name(size_t i) { return i < OPTION_COUNT ? option_table[i].name : NULL; }

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

bool options_set(struct options *options, const char *name, const char *value, const char *where, struct error *err)
{
    const char *before = where ? where : "", *colon = where ? ": " : "";
    const struct option *option = find(name);
    if (!option) {
        const char *near = suggest_nearest(name, nth_name);
        return error_set(err, ERROR_INPUT, "%s%s%s: there is no such option%s%s%s", before, colon, name,
                         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    int64_t number = 0;
    struct error why = {0};
    if (!parse(option, value, &number, &why))
        return error_set(err, ERROR_INPUT, "%s%s%s", before, colon, why.text);
    assign(options, option->id, value, number);
    options->given[option->id] = true;
    return true;
}

/* -- the file ----------------------------------------------------------------------------- */

static void add_binding(struct options *options, const char *view, const char *key, const char *command,
                        const char *where)
{
    if (options->bindings_len == options->bindings_cap) {
        options->bindings_cap = options->bindings_cap ? options->bindings_cap * 2 : 16;
        options->bindings = xreallocarray(options->bindings, options->bindings_cap, sizeof *options->bindings);
    }
    options->bindings[options->bindings_len++] = (struct binding){
        .view = xstrdup(view), .key = xstrdup(key), .command = xstrdup(command), .where = xstrdup(where)};
}

static bool take_entry(void *arg, const char *section, const char *name, const char *value, const char *where,
                       struct error *err)
{
    struct options *options = arg;
    if (strcmp(section, "brdeck") == 0)
        return options_set(options, name, value, where, err);
    if (strcmp(section, "keys") == 0)
        add_binding(options, "", name, value, where);
    else if (str_starts(section, "keys.") && section[5])
        add_binding(options, section + 5, name, value, where);
    else if (!*section)
        return error_set(err, ERROR_INPUT, "%s: \"%s\" stands before any section: begin with [brdeck]", where, name);
    else
        return error_set(err, ERROR_INPUT, "%s: there is no section [%s]: want [brdeck], [keys] or [keys.VIEW]", where,
                         section);
    return true;
}

bool options_read_text(struct options *options, const char *path, const char *text, size_t len, struct error *err)
{
    return ini_read(path, text, len, take_entry, options, err);
}

bool options_read(struct options *options, const char *path, bool must, struct error *err)
{
    struct str text;
    struct error why = {0};
    str_init(&text, STR_SMALL);
    bool done = file_read(path, &text, &why);
    if (done)
        done = options_read_text(options, path, text.data, text.len, err);
    else if (!must && why.code == ERROR_MISSING)
        done = true;
    else if (err)
        *err = why;
    str_done(&text);
    return done;
}

/* -- the environment ------------------------------------------------------------------------ */

/* "read-only" is BRDECK_READ_ONLY. */
static void variable_name(const char *name, char *buf, size_t size)
{
    size_t len = (size_t)snprintf(buf, size, "BRDECK_%s", name);
    for (size_t i = 0; i < len && i < size; i++)
        buf[i] = buf[i] == '-' ? '_' : (char)toupper((unsigned char)buf[i]);
}

bool options_read_environment(struct options *options, struct error *err)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char variable[64];
        variable_name(option_table[i].name, variable, sizeof variable);
        const char *value = getenv(variable);
        if (value && *value && !options_set(options, option_table[i].name, value, variable, err))
            return false;
    }
    /* no-color.org: what brdeck's own settings say wins. */
    if (!str_empty(getenv("NO_COLOR")) && !options->given[OPTION_COLOR])
        return options_set(options, "color", "never", "NO_COLOR", err);
    return true;
}

/* -- reading them ------------------------------------------------------------------------------ */

bool options_bool(const struct options *options, enum option_id id) { return options->number[id] != 0; }

int64_t options_number(const struct options *options, enum option_id id) { return options->number[id]; }

const char *options_text(const struct options *options, enum option_id id) { return options->text[id]; }

bool options_binding(const struct options *options, size_t i, const char **view, const char **key,
                     const char **command, const char **where)
{
    if (i >= options->bindings_len)
        return false;
    *view = options->bindings[i].view;
    *key = options->bindings[i].key;
    *command = options->bindings[i].command;
    *where = options->bindings[i].where;
    return true;
}
