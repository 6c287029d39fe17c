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
    const char **names;       /* empty: all */
    size_t name_count;
    enum tso_style style;     /* of times in tables */
    bool with_namespace;
    struct json *items;       /* of -o json and yaml: the whole objects */
    bool broken;              /* stdout is gone */
    int broken_errno;
    size_t *widths;           /* of the columns, while rows follow each other */
    struct str *cells;        /* of the row under way, as many as columns */
    struct gone { char *ns, *name; } *seen; /* by slot: whose row it was, for when it is deleted */
    size_t seen_count;
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
    if (!get->broken && fputs(text, stdout) == EOF) {
        get->broken = true;
        get->broken_errno = errno;
    }
}

static void flush(struct get *get)
{
    if (!get->broken && fflush(stdout) == EOF) {
        get->broken = true;
        get->broken_errno = errno;
    }
}

/* -- whole objects ------------------------------------------------------------------------- */

static void print_object(struct get *get, const struct json *object)
{
    char *text = get->form == FORM_JSON ? json_print_pretty(object) : yaml_print(object);
    if (get->form == FORM_YAML && get->session.args->watch)
        put(get, "---\n");
    put(get, text);
    if (get->session.args->watch)
        flush(get);
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

static const char *metadata(const struct json *object, const char *key)
{
    return json_text(json_at(object, "metadata", key, NULL));
}

struct item {
    const struct json *object;
    size_t nth; /* as it came */
};

static int compare_keys(const struct item *x, const struct item *y)
{
    int order = str_compare(metadata(x->object, "namespace"), metadata(y->object, "namespace"));
    if (!order)
        order = str_compare(metadata(x->object, "name"), metadata(y->object, "name"));
    return order ? order : str_compare(json_string(x->object, "apiVersion"), json_string(y->object, "apiVersion"));
}

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = compare_keys(x, y);
    return order ? order : x->nth < y->nth ? -1 : 1;
}

/* In order; what a list that began anew (410, a cut) brought twice only once, and not what was gone at its end. */
static size_t sort_items(const struct get *get, struct item *items)
{
    const struct store *store = fleet_store(get->session.fleet);
    size_t count = 0, kept = 0;
    JSON_EACH (object, get->items) {
        const char *ns = metadata(object, "namespace"), *name = metadata(object, "name");
        if (store_find(store, ns ? ns : "", name ? name : "") != SLOT_NONE) {
            items[count] = (struct item){object, count};
            count++;
        }
    }
    qsort(items, count, sizeof *items, compare_items);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || compare_keys(&items[i], &items[i + 1]) != 0)
            items[kept++] = items[i];
    return kept;
}

/* One named object by itself, else a List, as kubectl has it. */
static void print_items(struct get *get)
{
    struct item *items = xcalloc(json_count(get->items) + 1, sizeof *items);
    size_t count = sort_items(get, items);
    if (get->name_count == 1 && count == 1) {
        print_object(get, items[0].object);
    } else if (get->name_count == 0 || count > 0) {
        struct json *list = json_new_object(), *array = json_new_array();
        json_set_string(list, "apiVersion", "v1");
        json_set_string(list, "kind", "List");
        for (size_t i = 0; i < count; i++)
            json_append(array, json_copy(items[i].object));
        json_set(list, "items", array);
        print_object(get, list);
        json_free(&list);
    }
    free(items);
}

/* -- tables ----------------------------------------------------------------------------------- */

static bool is_shown(const struct get *get, const struct column *column)
{
    if (strcmp(column->name, "namespace") == 0)
        return get->with_namespace;
    return column->keep > 0 || get->form == FORM_WIDE;
}

/* The cells of a row, cleaned: this is one of the two gates. NULL @row: the titles. */
static void fill_cells(struct get *get, const struct store_row *row)
{
    struct column_context ctx = {.now_ms = fleet_now_ms(get->session.fleet), .style = get->style};
    struct backup_state state;
    struct cell cell = {.role = ROLE_TEXT};
    str_init(&cell.text, STR_SMALL);
    if (row)
        state_of(row->record, row->facts, ctx.now_ms, false, &state);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *column = &kind_backup.columns[i];
        str_clear(&get->cells[i]);
        if (!is_shown(get, column))
            continue;
        str_clear(&cell.text);
        if (!row)
            str_add(&cell.text, column->title);
        else if (strcmp(column->name, "status") == 0) /* the word is enough; the mark is for the eye */
            str_add(&cell.text, state.word);
        else
            column->print(&ctx, row->record, row->facts, &state, &cell);
        text_add_clean(&get->cells[i], cell.text.data);
    }
    str_done(&cell.text);
}

static void print_cells(struct get *get)
{
    struct str line;
    size_t pad = 0;
    str_init(&line, STR_LARGE);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        if (!is_shown(get, &kind_backup.columns[i]))
            continue;
        size_t width = text_width(get->cells[i].data);
        str_pad(&line, ' ', pad);
        str_add(&line, get->cells[i].data);
        pad = (get->widths[i] > width ? get->widths[i] - width : 0) + 3;
    }
    str_addc(&line, '\n');
    put(get, line.data);
    str_done(&line);
}

static void print_row(struct get *get, const struct store_row *row)
{
    fill_cells(get, row);
    print_cells(get);
}

static void widen(struct get *get, const struct store_row *row)
{
    fill_cells(get, row);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        size_t width = text_width(get->cells[i].data);
        get->widths[i] = width > get->widths[i] ? width : get->widths[i];
    }
}

static int compare_rows(const void *a, const void *b)
{
    const struct backup_record *x = (*(const struct store_row *const *)a)->record;
    const struct backup_record *y = (*(const struct store_row *const *)b)->record;
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
    if (get->form != FORM_NAME)
        widen(get, NULL);
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

static void remember(struct get *get, slot_t slot, const struct store_row *row)
{
    while (get->seen_count <= slot) {
        get->seen = xreallocarray(get->seen, get->seen_count * 2 + 64, sizeof *get->seen);
        memset(get->seen + get->seen_count, 0, (get->seen_count + 64) * sizeof *get->seen);
        get->seen_count = get->seen_count * 2 + 64;
    }
    struct gone *seen = &get->seen[slot];
    if (seen->ns && str_same(seen->ns, row->record->ns) && str_same(seen->name, row->record->name))
        return;
    free(seen->ns);
    free(seen->name);
    *seen = (struct gone){xstrdup(row->record->ns), xstrdup(row->record->name)};
}

/* A row that ends says so: kubectl prints the last state, which looks as if it were there. */
static void print_gone(struct get *get, slot_t slot)
{
    struct gone *seen = slot < get->seen_count ? &get->seen[slot] : NULL;
    if (!seen || !seen->ns)
        return;
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *column = &kind_backup.columns[i];
        str_clear(&get->cells[i]);
        if (strcmp(column->name, "namespace") == 0)
            text_add_clean(&get->cells[i], seen->ns);
        else if (strcmp(column->name, "name") == 0)
            text_add_clean(&get->cells[i], seen->name);
        else
            str_add(&get->cells[i], strcmp(column->name, "status") == 0 ? "Deleted" : "-");
    }
    print_cells(get);
    free(seen->ns);
    free(seen->name);
    *seen = (struct gone){NULL, NULL};
}

/* -o name, json and yaml print what is there: nothing could tell a deleted object from a live one. */
static void print_change(struct get *get, slot_t slot)
{
    const struct store_row *row = store_get(fleet_store(get->session.fleet), slot);
    if (get->form == FORM_JSON || get->form == FORM_YAML || (row && !is_wanted(get, row->record->name)))
        return;
    if (row && get->form == FORM_NAME) {
        print_name(get, row);
    } else if (row) {
        remember(get, slot, row);
        widen(get, row);
        print_row(get, row);
    } else if (get->form != FORM_NAME) {
        print_gone(get, slot);
    }
}

static void remember_all(struct get *get)
{
    const struct store *store = fleet_store(get->session.fleet);
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && is_wanted(get, row->record->name))
            remember(get, slot, row);
    }
}

static void follow(struct get *get, struct store_feed *feed)
{
    slot_t slots[256];
    size_t count;
    remember_all(get);
    while (!get->broken && !get->session.signal) {
        loop_turn(get->session.loop, 60000);
        do {
            count = store_feed_drain(feed, slots, ARRAY_LEN(slots));
            for (size_t i = 0; i < count; i++)
                print_change(get, slots[i]);
        } while (count == ARRAY_LEN(slots));
        flush(get);
        session_tell_link(&get->session);
    }
}

/* A reader that went away has had enough; a full disk is an error. */
static int end_of_output(struct get *get, int code)
{
    flush(get);
    if (get->broken && get->broken_errno != EPIPE) {
        cli_say("stdout: %s", strerror(get->broken_errno));
        return EXIT_ERROR;
    }
    return session_code(&get->session, code);
}

/* -A where only some namespaces may be listed: the list is not what was asked for, and must not pass for it. */
static void tell_narrowed(const struct get *get)
{
    const struct fleet *fleet = get->session.fleet;
    bool narrowed = false;
    for (size_t i = 0; i < fleet_sources(fleet); i++)
        narrowed = narrowed || fleet_source(fleet, i)->ns;
    if (!get->session.args->all_namespaces || !narrowed)
        return;
    struct str scope;
    str_init(&scope, STR_SMALL);
    fleet_scope(fleet, &scope);
    cli_say("no right to list backups in all namespaces; this is what may be listed: %s", scope.data);
    str_done(&scope);
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
    tell_narrowed(get);
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
    flush(get);
    if (get->session.args->watch && code == EXIT_DONE)
        follow(get, feed);
    store_feed_free(&feed);
    return end_of_output(get, code);
}

/* "backups a b" or "backup/a backup/b". */
static bool parse_words(struct get *get, const struct arguments *args)
{
    const char *word = args->word_count ? args->words[0] : "";
    bool kind_first = cli_is_kind(word);
    if (!kind_first && !strchr(word, '/')) {
        cli_say("%s: want \"brdeck get backups [NAME...]\"", *word ? word : "nothing to get");
        return false;
    }
    get->names = xcalloc(args->word_count + 1, sizeof *get->names);
    for (size_t i = kind_first; i < args->word_count; i++) {
        const char *name = cli_name(args->words[i]);
        if (!name)
            return false;
        get->names[get->name_count++] = name;
    }
    return true;
}

static void done(struct get *get)
{
    session_done(&get->session);
    json_free(&get->items);
    for (size_t i = 0; get->cells && i < kind_backup.column_count; i++)
        str_done(&get->cells[i]);
    for (size_t i = 0; i < get->seen_count; i++) {
        free(get->seen[i].ns);
        free(get->seen[i].name);
    }
    free(get->seen);
    free(get->cells);
    free(get->widths);
    free(get->names);
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
    if (!parse_words(&get, args)) {
        free(get.names);
        return EXIT_USAGE;
    }
    get.form = (enum form)form;
    get.with_namespace = args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1]);
    get.items = json_new_array();
    get.style = TSO_LOCAL;
    tso_style_parse(options_text(args->opts, OPTION_TIME), &get.style);
    get.widths = xcalloc(kind_backup.column_count, sizeof *get.widths);
    get.cells = xcalloc(kind_backup.column_count, sizeof *get.cells);
    for (size_t i = 0; i < kind_backup.column_count; i++)
        str_init(&get.cells[i], STR_LARGE);
    bool whole = get.form == FORM_JSON || get.form == FORM_YAML;
    struct fleet_options options = {.label_selector = args->selector, .once = !args->watch,
                                    .on_raw = whole ? on_raw : NULL,
                                    .raw_arg = &get, .name = get.name_count == 1 ? get.names[0] : NULL};
    int code = EXIT_DONE;
    if (session_open(&get.session, loop, args, &options, &code))
        code = get_all(&get);
    done(&get);
    return code;
}
