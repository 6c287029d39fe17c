/* get.c - the list of Backups on stdout: a table, names, JSON or YAML; once, or as it changes. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/facts.h>
#include <brdeck/fleet/filter.h>
#include <brdeck/fleet/order.h>
#include <brdeck/kube/yaml.h>

#include "get_private.h"

static const char *const form_names[] = {"table", "wide", "json", "yaml", "name"};

/* Who does not answer by then is not waited for: a list must come, whatever becomes of PD. */
enum { FACTS_MS = 3000, CLUSTERS_MAX = 50 };

bool get_is_wanted(const struct get *get, const char *name)
{
    for (size_t i = 0; i < get->name_count; i++)
        if (strcmp(get->names[i], name) == 0)
            return true;
    return get->name_count == 0;
}

bool get_is_whole(const struct get *get) { return get->form == FORM_JSON || get->form == FORM_YAML; }

void get_put(struct get *get, const char *text)
{
    if (!get->broken && fputs(text, stdout) == EOF) {
        get->broken = true;
        get->broken_errno = errno;
    }
}

void get_flush(struct get *get)
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
        get_put(get, "---\n");
    get_put(get, text);
    if (get->session.args->watch)
        get_flush(get);
    free(text);
}

static void on_raw(void *arg, const char *text, size_t len, bool deleted)
{
    struct get *get = arg;
    struct json *object = json_parse(text, len, NULL);
    const char *name = json_text(json_at(object, "metadata", "name", NULL));
    if (!object || !get_is_wanted(get, name ? name : "")) {
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

/* -- rows ----------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
    const struct get_row *x = a, *y = b;
    return order_compare(&kind_backup, x->get->column, x->get->reverse, x->row, y->row);
}

/* All of them, sorted; the caller frees. They stand until the loop turns. */
static struct get_row *gather(const struct get *get, size_t *count)
{
    const struct store *store = fleet_store(get->session.fleet);
    struct get_row *rows = xcalloc(store_count(store) + 1, sizeof *rows);
    *count = 0;
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && get_is_wanted(get, row->record->name))
            rows[(*count)++] = (struct get_row){row, slot, get};
    }
    qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static void print_rows(struct get *get, const struct get_row *rows, size_t count)
{
    if (get->form != FORM_NAME)
        get_widen(get, NULL);
    for (size_t i = 0; i < count && get->form != FORM_NAME; i++)
        get_widen(get, rows[i].row);
    if (count && get->form != FORM_NAME && !get->session.args->no_headers)
        get_print_row(get, NULL);
    for (size_t i = 0; i < count && !get->broken; i++) {
        if (get->form == FORM_NAME)
            get_print_name(get, rows[i].row);
        else
            get_print_row(get, rows[i].row);
    }
}

/* -- what is known beside the objects ----------------------------------------------------------------- */

void get_ask(struct get *get)
{
    size_t count = 0;
    struct get_row *rows = gather(get, &count);
    slot_t *slots = xcalloc(count + 1, sizeof *slots);
    for (size_t i = 0; i < count; i++)
        slots[i] = rows[i].slot;
    asking_about(&get->asking, slots, count, true);
    free(slots);
    free(rows);
}

/* Once each, and not of rights: those are told by `describe` and `check`. */
static void tell_unknown(const struct get *get)
{
    const struct asking *asking = &get->asking;
    struct str text;
    str_init(&text, STR_LARGE);
    if (asking_add_late(asking, &text))
        cli_say("not had within %d s: %s; this is what the objects say", FACTS_MS / 1000, text.data);
    str_clear(&text);
    if (asking_add_silent(asking, &text))
        cli_say("%s; this is what the objects say", text.data);
    if (asking->clusters_left)
        cli_say("PD of %zu clusters was not asked: %d at most; name fewer Backups or namespaces",
                asking->clusters_left, CLUSTERS_MAX);
    if (asking->refused_count)
        cli_say("the Jobs, Pods and Events of %zu namespaces were not looked at: %d at most, or -A",
                asking->refused_count, BR_FACTS_NAMESPACES_MAX);
    str_done(&text);
}

/* False: a signal came. */
static bool ask_and_wait(struct get *get)
{
    if (!get->asks)
        return true;
    asking_init(&get->asking, &get->session);
    get->asking.clusters_max = CLUSTERS_MAX;
    get_ask(get);
    asking_wait(&get->asking, FACTS_MS);
    if (get->session.signal)
        return false;
    tell_unknown(get);
    return true;
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

/* A reader that went away has had enough; a full disk is an error. */
static int end_of_output(struct get *get, int code)
{
    get_flush(get);
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
    if (!ask_and_wait(get))
        return session_code(&get->session, EXIT_ERROR);
    struct store *store = fleet_store(get->session.fleet);
    struct store_feed *feed = store_feed_new(store, NULL, NULL);
    size_t count = 0;
    struct get_row *rows = gather(get, &count);
    code = tell_missing(get);
    tell_narrowed(get);
    if (get_is_whole(get)) {
        if (!get->session.args->watch)
            print_items(get);
    } else {
        print_rows(get, rows, count);
    }
    if (!count && !get->name_count && !get_is_whole(get)) {
        struct str why;
        str_init(&why, STR_SMALL);
        fleet_empty(get->session.fleet, &why);
        cli_say("%s", why.data);
        str_done(&why);
    }
    free(rows);
    get_flush(get);
    if (get->session.args->watch && code == EXIT_DONE)
        get_follow(get, feed);
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

/* The server applies it; what is no selector is said before anybody is asked. */
static bool selector_is_good(const char *text)
{
    struct error err;
    struct label_selector *selector = text ? label_selector_parse(text, &err) : NULL;
    bool good = !text || selector;
    if (!good)
        cli_fail(&err);
    label_selector_free(&selector);
    return good;
}

static void done(struct get *get)
{
    asking_done(&get->asking);
    session_done(&get->session);
    json_free(&get->items);
    for (size_t i = 0; get->cells && i < kind_backup.column_count; i++)
        str_done(&get->cells[i]);
    get_forget(get);
    free(get->cells);
    free(get->widths);
    free(get->names);
}

/* "lag", "-lag": as the screen's :sort has it. */
static bool parse_sort(struct get *get, const char *text)
{
    const char *name = text ? text : "";
    get->reverse = *name == '-';
    name += get->reverse;
    get->column = *name && strcasecmp(name, "namespace") != 0 ? kind_column(&kind_backup, name) : -1;
    if (!*name ? !get->reverse : get->column >= 0 || strcasecmp(name, "namespace") == 0)
        return true;
    struct str all;
    str_init(&all, STR_SMALL);
    for (size_t i = 0; i < kind_backup.column_count; i++)
        str_addf(&all, "%s%s", i ? ", " : "", kind_backup.columns[i].name);
    cli_say("--sort %s: want a column, - before it for the other way round: %s", text, all.data);
    str_done(&all);
    return false;
}

/* -o, --wide and --sort, which the command line itself has: those of config.ini are the screen's. */
static bool parse_form(struct get *get, const struct arguments *args)
{
    const char *output = args->output ? args->output : args->wide ? "wide" : "table";
    size_t form = 0;
    while (form < ARRAY_LEN(form_names) && strcmp(form_names[form], output) != 0)
        form++;
    get->form = (enum form)form;
    if (form == ARRAY_LEN(form_names))
        cli_say("-o %s: want table, wide, json, yaml or name", output);
    else if (args->wide && form != FORM_TABLE && form != FORM_WIDE)
        cli_say("--wide is of tables: it does not go with -o %s", output);
    else if (args->sort && get_is_whole(get))
        cli_say("--sort is of tables and names: it does not go with -o %s", output);
    else
        return parse_sort(get, args->sort);
    return false;
}

int run_get(struct loop *loop, const struct arguments *args)
{
    struct get get = {.form = FORM_TABLE};
    if (!parse_form(&get, args) || !selector_is_good(args->selector) || !parse_words(&get, args)) {
        free(get.names);
        return EXIT_USAGE;
    }
    if (args->wide && get.form == FORM_TABLE)
        get.form = FORM_WIDE;
    get.with_namespace = args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1]);
    get.items = json_new_array();
    get.style = TSO_LOCAL;
    tso_style_parse(options_text(args->opts, OPTION_TIME), &get.style);
    get.widths = xcalloc(kind_backup.column_count, sizeof *get.widths);
    get.cells = xcalloc(kind_backup.column_count, sizeof *get.cells);
    for (size_t i = 0; i < kind_backup.column_count; i++)
        str_init(&get.cells[i], STR_LARGE);
    get.asks = (get.form == FORM_TABLE || get.form == FORM_WIDE) && !args->object_only;
    struct fleet_options options = {.label_selector = args->selector, .once = !args->watch,
                                    .on_raw = get_is_whole(&get) ? on_raw : NULL,
                                    .raw_arg = &get, .name = get.name_count == 1 ? get.names[0] : NULL};
    int code = EXIT_DONE;
    if (session_open(&get.session, loop, args, &options, &code))
        code = get_all(&get);
    done(&get);
    return code;
}
