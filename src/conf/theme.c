#include <config.h>

#include <brdeck/conf/theme.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/conf/suggest.h>

#include "conf/ini_read.h"
#include "conf/style_text.h"

/* The names, and the built-in dark theme: themes/dark.ini says the same. */
static const struct style_row {
    const char *name, *dark;
} style_rows[STYLE_COUNT] = {
    [STYLE_TEXT] = {"text", "default"},
    [STYLE_DIM] = {"dim", "dim"},
    [STYLE_LABEL] = {"label", "cyan"},
    [STYLE_TITLE] = {"title", "bold"},
    [STYLE_OK] = {"ok", "green"},
    [STYLE_BUSY] = {"busy", "cyan"},
    [STYLE_WARN] = {"warn", "yellow bold"},
    [STYLE_CRIT] = {"crit", "bright-red bold"},
    [STYLE_BAR] = {"bar", "bold"},
    [STYLE_HEADER] = {"header", "cyan"},
    [STYLE_CURSOR] = {"cursor", "reverse"},
    [STYLE_MARKED] = {"marked", "magenta bold"},
    [STYLE_STALE] = {"stale", "dim"},
    [STYLE_RULE] = {"rule", "dim"},
    [STYLE_KEY] = {"key", "cyan bold"},
    [STYLE_HINT] = {"hint", "default"},
    [STYLE_DIALOG] = {"dialog", "default"},
    [STYLE_INPUT] = {"input", "underline"},
    [STYLE_NOTICE] = {"notice", "bold"},
    [STYLE_MATCH] = {"match", "black on yellow"},
    [STYLE_DEMO] = {"demo", "magenta bold"},
};

const char *style_name(enum style style) { return (unsigned)style < STYLE_COUNT ? style_rows[style].name : "text"; }

static const char *nth_style(size_t i) { return i < STYLE_COUNT ? style_rows[i].name : NULL; }

void theme_default(struct theme *theme)
{
    memset(theme, 0, sizeof *theme); /* padding too: themes are compared as bytes */
    memcpy(theme->name, "dark", sizeof "dark");
    for (size_t i = 0; i < STYLE_COUNT; i++)
        if (!style_parse(style_rows[i].dark, &theme->styles[i], NULL))
            die("theme: the built-in theme is broken");
}

/* -- reading ------------------------------------------------------------------------ */

static bool take_entry(void *arg, const char *section, const char *name, const char *value, const char *where,
                       struct error *err)
{
    struct theme *theme = arg;
    if (strcmp(section, "style") != 0)
        return error_set(err, ERROR_INPUT, "%s: want styles in a section [style], not in [%s]", where, section);
    for (size_t i = 0; i < STYLE_COUNT; i++) {
        struct error why = {0};
        if (strcmp(style_rows[i].name, name) != 0)
            continue;
        if (style_parse(value, &theme->styles[i], &why))
            return true;
        return error_set(err, ERROR_INPUT, "%s: %s: %s", where, name, why.text);
    }
    const char *near = suggest_nearest(name, nth_style);
    return error_set(err, ERROR_INPUT, "%s: there is no style %s%s%s%s", where, name, near ? "; did you mean " : "",
                     near ? near : "", near ? "?" : "");
}

static bool load_file(const char *path, const char *name, struct theme *theme, struct error *err)
{
    struct str text;
    str_init(&text, STR_SMALL);
    struct theme made;
    theme_default(&made);
    memset(made.name, 0, sizeof made.name);
    snprintf(made.name, sizeof made.name, "%s", name);
    bool done = file_read(path, &text, err) && ini_read(path, text.data, text.len, take_entry, &made, err);
    str_done(&text);
    if (done)
        memcpy(theme, &made, sizeof *theme);
    return done;
}

/* -- where they are -------------------------------------------------------------------- */

enum { PLACES = 3 };

/* The i-th folder of themes; NULL when there is none. The caller frees. */
static char *place(int i)
{
    const char *variable = getenv("BRDECK_THEMES");
    if (i == 0)
        return file_place(FILE_CONFIG, "themes");
    if (i == 1)
        return str_empty(variable) ? NULL : xstrdup(variable);
    return xstrdup(BRDECK_THEMEDIR);
}

bool theme_load(const char *name, struct theme *theme, struct error *err)
{
    if (strchr(name, '/'))
        return load_file(name, name, theme, err);
    for (int i = 0; i < PLACES; i++) {
        char *folder = place(i);
        char *path = folder ? xasprintf("%s/%s.ini", folder, name) : NULL;
        struct error why = {0};
        bool done = path && load_file(path, name, theme, &why);
        free(folder);
        free(path);
        if (done)
            return true;
        if (why.code != ERROR_NONE && why.code != ERROR_MISSING) {
            if (err)
                *err = why;
            return false;
        }
    }
    if (strcmp(name, "dark") == 0) {
        theme_default(theme);
        return true;
    }
    struct str known;
    str_init(&known, 200);
    theme_names(&known);
    for (char *c = known.data; *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    error_set(err, ERROR_INPUT, "there is no theme \"%s\": there are %s", name, known.data);
    str_done(&known);
    return false;
}

/* -- their names ------------------------------------------------------------------------- */

struct names {
    char **list;
    size_t len;
};

static void add_name(struct names *names, const char *name, size_t len)
{
    for (size_t i = 0; i < names->len; i++)
        if (strlen(names->list[i]) == len && memcmp(names->list[i], name, len) == 0)
            return;
    names->list = xreallocarray(names->list, names->len + 1, sizeof *names->list);
    names->list[names->len++] = xstrndup(name, len);
}

static void add_folder(struct names *names, const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (str_ends(entry->d_name, ".ini") && entry->d_name[0] != '.')
            add_name(names, entry->d_name, strlen(entry->d_name) - strlen(".ini"));
    closedir(dir);
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void theme_names(struct str *out)
{
    struct names names = {0};
    add_name(&names, "dark", strlen("dark"));
    for (int i = 0; i < PLACES; i++) {
        char *folder = place(i);
        if (folder)
            add_folder(&names, folder);
        free(folder);
    }
    qsort(names.list, names.len, sizeof *names.list, compare_names);
    for (size_t i = 0; i < names.len; i++) {
        str_addf(out, "%s\n", names.list[i]);
        free(names.list[i]);
    }
    free(names.list);
}
