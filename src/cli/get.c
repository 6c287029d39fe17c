/* get.c - the list of Backups on stdout: a table, names, JSON or YAML; once, or as it changes. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/kind.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>
#include <brdeck/base/text.h>
#include <brdeck/kube/yaml.h>

#include "cli_private.h"

enum form { FORM_TABLE, FORM_WIDE, FORM_JSON, FORM_YAML, FORM_NAME };
static const char *const form_names[] = {"table", "wide", "json", "yaml", "name"};

struct get {
    struct session session;
    enum form form;
    const char *const *names; /* NULL-terminated; empty: all */
    size_t name_count;
    bool with_namespace;
    struct json *items;       /* of -o json and yaml: the whole objects */
    bool broken;              /* stdout is gone */
    size_t *widths;           /* of the columns, while rows follow each other */
};

static bool is_wanted(const struct get *get, const char *name)
{
    for (size_t i = 0; i < get->name_count; i++)
        if (strcmp(get->names[i], name) == 0)
            return true;
    return get->name_count == 0;
}

static void put(struct get *get, const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
        get->broken = true;
}

/* -- whole objects ------------------------------------------------------------------------- */

static void print_object(struct get *get, const struct json *object)
{
    char *text = get->form == FORM_JSON ? json_print_pretty(object) : yaml_print(object);
    if (get->form == FORM_YAML && get->session.args->watch)
        put(get, "---\n");
    put(get, text);
    free(text);
}

static void on_raw(void *arg, const char *text, size_t len, bool deleted)
{
    struct get *get = arg;
    struct json *object = json_parse(text, len, NULL);
    const char *name = json_text(json_at(object, "metadata", "name", NULL));
    if (!object || !is_wanted(get, name ? name : "")) {
        json_free(&object);
        return;
    }
    if (get->session.args->watch) {
        if (!deleted)
            print_object(get, object);
        json_free(&object);
    } else {
        json_append(get->items, object);
    }
}

static int compare_objects(const void *a, const void *b)
{
    const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
    int order = str_compare(json_text(json_at(x, "metadata", "namespace", NULL)), json_text(json_at(y, "metadata", "namespace", NULL)));
    return order ? order : str_compare(json_text(json_at(x, "metadata", "name", NULL)), json_text(json_at(y, "metadata", "name", NULL)));
}

/* One named object by itself, else a List, as kubectl has it. */
static void print_items(struct get *get)
{
    size_t count = json_count(get->items), i = 0;
    const struct json **sorted = xcalloc(count + 1, sizeof *sorted);
    JSON_EACH(item, get->items)
        sorted[i++] = item;
    qsort(sorted, count, sizeof *sorted, compare_objects);
    if (get->name_count == 1 && count == 1) {
        print_object(get, sorted[0]);
    } else {
        struct json *list = json_new_object(), *items = json_new_array();
        json_set_string(list, "apiVersion", "v1");
        json_set_string(list, "kind", "List");
        for (i = 0; i < count; i++)
            json_append(items, json_copy(sorted[i]));
        json_set(list, "items", items);
        print_object(get, list);
        json_free(&list);
    }
    free(sorted);
}

/* -- tables ----------------------------------------------------------------------------------- */

static bool is_shown(const struct get *get, const struct column *column)
{
    if (strcmp(column->name, "namespace") == 0)
        return get->with_namespace;
    return column->keep > 0 || get->form == FORM_WIDE;
}

/* The text of a cell, cleaned: this is one of the two gates. */
static void cell_text(const struct get *get, const struct column *column, const struct store_row *row, struct str *out)
{
    struct column_context ctx = {.now_ms = fleet_now_ms(get->session.fleet), .style = TSO_LOCAL};
    static const struct { const char *name; enum tso_style style; } styles[] = {
        {"short", TSO_SHORT}, {"local", TSO_LOCAL}, {"utc", TSO_RFC3339}, {"tso", TSO_NUMBER},
    };
    for (size_t i = 0; i < ARRAY_LEN(styles); i++)
        if (strcmp(options_text(get->session.args->opts, OPTION_TIME), styles[i].name) == 0)
            ctx.style = styles[i].style;
    struct backup_state state;
    struct cell cell = {.role = ROLE_TEXT};
    state_of(row->record, row->facts, ctx.now_ms, false, &state);
    str_init(&cell.text, STR_SMALL);
    if (strcmp(column->name, "status") == 0) /* the word is enough; the mark is for the eye */
        str_add(&cell.text, state.word);
    else
        column->print(&ctx, row->record, row->facts, &state, &cell);
    text_add_clean(out, cell.text.data);
    str_done(&cell.text);
}

static void print_row(struct get *get, const struct store_row *row)
{
    struct str line, cell;
    str_init(&line, STR_LARGE);
    str_init(&cell, STR_SMALL);
    size_t pad = 0;
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *column = &kind_backup.columns[i];
        if (!is_shown(get, column))
            continue;
        str_clear(&cell);
        if (row)
            cell_text(get, column, row, &cell);
        else
            str_add(&cell, column->title);
        size_t width = text_width(cell.data);
        str_pad(&line, ' ', pad);
        str_add(&line, cell.data);
        pad = (get->widths[i] > width ? get->widths[i] - width : 0) + 3;
    }
    str_addc(&line, '\n');
    put(get, line.data);
    str_done(&line);
    str_done(&cell);
}

static void widen(struct get *get, const struct store_row *row)
{
    struct str cell;
    str_init(&cell, STR_SMALL);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        if (!is_shown(get, &kind_backup.columns[i]))
            continue;
        str_clear(&cell);
        cell_text(get, &kind_backup.columns[i], row, &cell);
        size_t width = text_width(cell.data), title = text_width(kind_backup.columns[i].title);
        get->widths[i] = width > get->widths[i] ? width : get->widths[i];
        get->widths[i] = title > get->widths[i] ? title : get->widths[i];
    }
    str_done(&cell);
}

static int compare_rows(const void *a, const void *b)
{
    const struct backup_record *x = (*(const struct store_row *const *)a)->record, *y = (*(const struct store_row *const *)b)->record;
    int order = strcmp(x->ns, y->ns);
    return order ? order : strcmp(x->name, y->name);
}

static void print_name(struct get *get, const struct store_row *row)
{
    struct str line;
    str_init(&line, 1024);
    str_addf(&line, "backup.%s/", fleet_resource(row->record->v1)->group);
    text_add_clean(&line, row->record->name);
    str_addc(&line, '\n');
    put(get, line.data);
    str_done(&line);
}

static const struct store_row **gather(struct get *get, size_t *count)
{
    struct store *store = fleet_store(get->session.fleet);
    const struct store_row **rows = xcalloc(store_count(store) + 1, sizeof *rows);
    *count = 0;
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && is_wanted(get, row->record->name))
            rows[(*count)++] = row;
    }
    qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static void print_rows(struct get *get, const struct store_row **rows, size_t count)
{
    for (size_t i = 0; i < count && get->form != FORM_NAME; i++)
        widen(get, rows[i]);
    if (count && get->form != FORM_NAME && !get->session.args->no_headers)
        print_row(get, NULL);
    for (size_t i = 0; i < count && !get->broken; i++) {
        if (get->form == FORM_NAME)
            print_name(get, rows[i]);
        else
            print_row(get, rows[i]);
    }
}

/* -- the command ---------------------------------------------------------------------------------- */

/* Names asked for and not there; each is said. */
static int tell_missing(struct get *get)
{
    struct store *store = fleet_store(get->session.fleet);
    int code = EXIT_DONE;
    for (size_t i = 0; i < get->name_count; i++) {
        bool found = false;
        for (slot_t slot = 0; slot < store_slots(store) && !found; slot++) {
            const struct store_row *row = store_get(store, slot);
            found = row && strcmp(row->record->name, get->names[i]) == 0;
        }
        if (!found) {
            cli_say("there is no backup \"%s\" in %s", get->names[i],
                    get->session.args->all_namespaces ? "any namespace" : session_namespace(&get->session));
            code = EXIT_ERROR;
        }
    }
    return code;
}

static void follow(struct get *get, struct store_feed *feed)
{
    slot_t slots[256];
    size_t count;
    while (!get->broken) {
        loop_turn(get->session.loop, 60000);
        do {
            count = store_feed_drain(feed, slots, ARRAY_LEN(slots));
            for (size_t i = 0; i < count; i++) {
                const struct store_row *row = store_get(fleet_store(get->session.fleet), slots[i]);
                if (!row || !is_wanted(get, row->record->name) || get->form == FORM_JSON || get->form == FORM_YAML)
                    continue;
                if (get->form == FORM_NAME)
                    print_name(get, row);
                else
                    widen(get, row), print_row(get, row);
            }
        } while (count == ARRAY_LEN(slots));
    }
}

static int get_all(struct get *get)
{
    int code = EXIT_DONE;
    if (!session_settle(&get->session, &code))
        return code;
    struct store *store = fleet_store(get->session.fleet);
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    size_t count = 0;
    const struct store_row **rows = gather(get, &count);
    code = tell_missing(get);
    if (get->form == FORM_JSON || get->form == FORM_YAML) {
        if (!get->session.args->watch)
            print_items(get);
    } else {
        print_rows(get, rows, count);
    }
    if (!count && !get->name_count && get->form != FORM_JSON && get->form != FORM_YAML) {
        struct str why;
        str_init(&why, STR_SMALL);
        fleet_empty(get->session.fleet, &why);
        cli_say("%s", why.data);
        str_done(&why);
    }
    free(rows);
    if (get->session.args->watch && code == EXIT_DONE)
        follow(get, feed);
    store_feed_free(&feed);
    return code;
}

/* "backups a b", "backup/a", "a": the kind may be left out where a name follows a slash only. */
static bool parse_words(struct get *get, const struct arguments *args)
{
    static const char *const kinds[] = {"backups", "backup", "bk", "backups.br.pingcap.com", "backups.pingcap.com"};
    const char *word = args->word_count ? args->words[0] : "";
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t len = strlen(kinds[i]);
        if (strcmp(word, kinds[i]) == 0) {
            get->names = (const char *const *)args->words + 1;
            get->name_count = args->word_count - 1;
            return true;
        }
        if (strncmp(word, kinds[i], len) == 0 && word[len] == '/' && args->word_count == 1) {
            args->words[0] = word + len + 1;
            get->names = (const char *const *)args->words;
            get->name_count = 1;
            return true;
        }
    }
    cli_say("%s: want \"brdeck get backups [NAME...]\"", *word ? word : "nothing to get");
    return false;
}

int run_get(struct loop *loop, const struct arguments *args)
{
    struct get get = {.form = FORM_TABLE};
    const char *output = args->output ? args->output : "table";
    size_t form = 0;
    while (form < ARRAY_LEN(form_names) && strcmp(form_names[form], output) != 0)
        form++;
    if (form == ARRAY_LEN(form_names)) {
        cli_say("-o %s: want table, wide, json, yaml or name", output);
        return EXIT_USAGE;
    }
    if (!parse_words(&get, args))
        return EXIT_USAGE;
    get.form = (enum form)form;
    get.with_namespace = args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1]);
    get.items = json_new_array();
    get.widths = xcalloc(kind_backup.column_count, sizeof *get.widths);
    bool whole = get.form == FORM_JSON || get.form == FORM_YAML;
    struct fleet_options options = {.label_selector = args->selector, .once = !args->watch, .on_raw = whole ? on_raw : NULL,
                                    .raw_arg = &get, .name = get.name_count == 1 ? get.names[0] : NULL};
    int code = EXIT_DONE;
    if (session_open(&get.session, loop, args, &options, &code))
        code = get_all(&get);
    session_done(&get.session);
    json_free(&get.items);
    free(get.widths);
    return code;
}
