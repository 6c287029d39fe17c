/* commands.c - what is typed after ":", from one table; every command that has a key can be typed too. */
#include <config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/kind.h>
#include <brdeck/base/alloc.h>
#include <brdeck/conf/suggest.h>

#include "app.h"

enum { NAMESPACES_MAX = 64 };

struct line_command {
    const char *name, *others; /* @others: separated by spaces */
    const char *arguments; /* for help; NULL: none */
    const char *help;
    void (*run)(struct ui *ui, const char *text);
    /* Words that its argument, begun with @begin, may be, one a line. */
    void (*complete)(struct ui *ui, const char *begin, struct str *out);
    bool one;              /* its argument is one, commas and all */
};

struct view *ui_deck(struct ui *ui)
{
    struct view *view = ui->top;
    while (view->below)
        view = view->below;
    return view;
}

static void to_deck(struct ui *ui)
{
    while (ui->top->below)
        ui_pop(ui);
}

static void run_namespaces(struct ui *ui, const char *text)
{
    const char *names[NAMESPACES_MAX + 1];
    char *copy = xstrdup(text), *save = NULL;
    size_t count = 0;
    for (char *name = strtok_r(copy, ", ", &save); name && count < NAMESPACES_MAX; name = strtok_r(NULL, ", ", &save))
        names[count++] = name;
    names[count] = NULL;
    bool all = !count || strcmp(names[0], "all") == 0;
    to_deck(ui);
    fleet_set_namespaces(ui->fleet, all ? NULL : names);
    free(copy);
}

static void run_filter(struct ui *ui, const char *text)
{
    struct error err;
    to_deck(ui);
    if (!deck_set_filter(ui_deck(ui), text, &err))
        ui_say(ui, STYLE_CRIT, "%s", err.text);
}

static void run_sort(struct ui *ui, const char *text)
{
    struct error err;
    to_deck(ui);
    if (!deck_set_sort(ui_deck(ui), text, &err))
        ui_say(ui, STYLE_CRIT, "%s", err.text);
}

static void run_theme(struct ui *ui, const char *text)
{
    struct error err;
    struct theme theme;
    if (!theme_load(*text ? text : "dark", &theme, &err)) {
        ui_say(ui, STYLE_CRIT, "%s", err.text);
        return;
    }
    ui->theme = theme;
    term_redraw(ui->term);
}

static void run_time(struct ui *ui, const char *text)
{
    if (!tso_style_parse(text, &ui->time_style))
        ui_say(ui, STYLE_CRIT, "%s is no way to show a time: want short, local, utc or tso.", *text ? text : "Nothing");
}

/* ":bk", ":bk NAMESPACE", ":bk /FILTER", as k9s has it. */
static void run_backups(struct ui *ui, const char *text)
{
    to_deck(ui);
    if (*text == '/')
        run_filter(ui, text + 1);
    else if (*text)
        run_namespaces(ui, text);
}

/* Without a file: what its key does. */
static void run_create(struct ui *ui, const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    char *file = xstrndup(text, len);
    if (len)
        create_open_file(ui, file);
    else if (!ui_command(ui, UI_CREATE))
        ui_say(ui, STYLE_WARN, "create without a file does nothing here: want the list, or create FILE.");
    free(file);
}

static void run_context(struct ui *ui, const char *text)
{
    (void)text;
    ui_say(ui, STYLE_WARN, "Context, server and CA are fixed when brdeck starts, so that no key can land elsewhere: "
           "leave and start brdeck --context NAME.");
}

static void complete_themes(struct ui *ui, const char *begin, struct str *out)
{
    (void)begin;
    (void)ui;
    theme_names(out);
}

static void complete_columns(struct ui *ui, const char *begin, struct str *out)
{
    (void)begin;
    (void)ui;
    for (size_t i = 0; i < kind_backup.column_count; i++)
        str_addf(out, "%s\n-%s\n", kind_backup.columns[i].name, kind_backup.columns[i].name);
}

static void complete_times(struct ui *ui, const char *begin, struct str *out)
{
    (void)begin;
    (void)ui;
    for (int i = 0; i < TSO_STYLES; i++)
        str_addf(out, "%s\n", tso_style_name((enum tso_style)i));
}

static void add_namespace(void *arg, const char *ns, size_t count)
{
    (void)count;
    str_addf(arg, "%s\n", ns);
}

static void complete_namespaces(struct ui *ui, const char *begin, struct str *out)
{
    (void)begin;
    store_namespaces(fleet_store(ui->fleet), add_namespace, out);
    str_add(out, "all\n");
}

static const struct line_command line_commands[] = {
    {"ns", "namespaces namespace", "NAME[,NAME...]|all", "Show these namespaces", run_namespaces, complete_namespaces,
     false},
    {"filter", "", "TERMS", "Filter the list", run_filter, NULL, false},
    {"create", "", "[FILE]", "Create a Backup out of a manifest; without one a full snapshot", run_create,
     create_complete, true},
    {"sort", "", "[-]COLUMN", "Sort by a column, - for the other way round", run_sort, complete_columns, false},
    {"time", "", "short|local|utc|tso", "How points in time are shown", run_time, complete_times, false},
    {"theme", "", "NAME", "Use another theme", run_theme, complete_themes, false},
    {"bk", "backups backup", "[NAMESPACE | /FILTER]", "The list of backups", run_backups, complete_namespaces, false},
    {"ctx", "context contexts", NULL, "Why the context stays what it is", run_context, NULL, false},
};
static const struct { const char *alias; enum ui_command command; } aliases[] = {{"q", UI_QUIT}, {"q!", UI_QUIT},
                                                                                 {"h", UI_HELP}};

void line_commands_each(void (*each)(void *arg, const char *name, const char *arguments, const char *help), void *arg)
{
    for (size_t i = 0; i < ARRAY_LEN(line_commands); i++) {
        each(arg, line_commands[i].name, line_commands[i].arguments, line_commands[i].help);
    }
}

/* Whether the first @len bytes at @word are one of @names. */
static bool is_one_of(const char *names, const char *word, size_t len)
{
    for (const char *name = names; *name; name += strcspn(name, " "), name += *name == ' ')
        if (strcspn(name, " ") == len && strncmp(name, word, len) == 0)
            return true;
    return false;
}

static const struct line_command *find(const char *word, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(line_commands); i++)
        if (is_one_of(line_commands[i].name, word, len) || is_one_of(line_commands[i].others, word, len))
            return &line_commands[i];
    return NULL;
}

/* The names of all commands, for suggestions. */
static const char *nth_name(size_t i)
{
    if (i < ARRAY_LEN(line_commands))
        return line_commands[i].name;
    i -= ARRAY_LEN(line_commands);
    return i + 1 < UI_COMMAND_COUNT ? ui_command_table[i + 1].name : NULL;
}

void ui_command_line(struct ui *ui, const char *text)
{
    text += strspn(text, " ");
    size_t len = strcspn(text, " ");
    if (!len)
        return;
    const char *rest = text + len + strspn(text + len, " ");
    const struct line_command *line = find(text, len);
    if (line) {
        line->run(ui, rest);
        return;
    }
    char *word = xstrndup(text, len);
    enum ui_command command = ui_command_find(word);
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (strcmp(word, aliases[i].alias) == 0)
            command = aliases[i].command;
    const char *near = command == UI_NONE ? suggest_nearest(word, nth_name) : NULL;
    if (command != UI_NONE && !ui_command(ui, command))
        ui_say(ui, STYLE_WARN, "%s does nothing here.", word);
    else if (near)
        ui_say(ui, STYLE_CRIT, "There is no command %s; did you mean %s?", word, near);
    else if (command == UI_NONE)
        ui_say(ui, STYLE_CRIT, "There is no command %s; Tab shows those there are.", word);
    free(word);
}

static void add_matching(struct str *out, const char *prefix, const char *begin, const char *words)
{
    size_t len = strlen(begin);
    for (const char *word = words; *word; word += strcspn(word, "\n"), word += *word == '\n') {
        size_t n = strcspn(word, "\n");
        if (n >= len && strncmp(word, begin, len) == 0)
            str_addf(out, "%s%.*s\n", prefix, (int)n, word);
    }
}

void command_complete(void *arg, struct ui *ui, const char *text, struct str *out)
{
    struct str words;
    (void)arg;
    str_init(&words, STR_LARGE);
    size_t len = strcspn(text, " ");
    if (!text[len]) {
        for (size_t i = 0; i < ARRAY_LEN(line_commands); i++)
            str_addf(&words, "%s\n", line_commands[i].name);
        for (int i = UI_NONE + 1; i < UI_COMMAND_COUNT; i++)
            if (!find(ui_command_table[i].name, strlen(ui_command_table[i].name))) /* told already */
                str_addf(&words, "%s\n", ui_command_table[i].name);
        add_matching(out, "", text, words.data);
    } else {
        const struct line_command *line = find(text, len);
        const char *comma = line && line->one ? NULL : strrchr(text + len, ',');
        size_t begin = comma ? (size_t)(comma - text) + 1 : len + strspn(text + len, " ");
        char *prefix = xstrndup(text, begin);
        if (line && line->complete)
            line->complete(ui, text + begin, &words);
        add_matching(out, prefix, text + begin, words.data);
        free(prefix);
    }
    str_done(&words);
}
