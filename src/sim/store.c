#include <config.h>

#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

enum { LISTENERS_MAX = 4, FIRST_RV = 1000 };

struct table {
    struct object **items; /* ordered by namespace, name */
    size_t count, cap;
};

struct store {
    struct table tables[KIND_COUNT];
    uint64_t rv, forgotten; /* changes up to @forgotten are not known any more */
    struct change *ring;    /* that of rv at ring[rv % history] */
    size_t history;
    struct {
        store_fn *fn;
        void *arg;
    } listeners[LISTENERS_MAX];
    size_t listener_count;
};

/* -- blobs ------------------------------------------------------------------- */

static struct blob *blob_new(const char *text, size_t len)
{
    struct blob *blob = xmalloc(sizeof *blob + len + 1);
    blob->refs = 1;
    blob->len = len;
    memcpy(blob->text, text, len);
    blob->text[len] = '\0';
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    blob->refs++;
    return blob;
}

void blob_unref(struct blob **blob)
{
    if (*blob && --(*blob)->refs == 0)
        free(*blob);
    *blob = NULL;
}

/* -- labels ------------------------------------------------------------------ */

static size_t labels_size(const char *labels)
{
    size_t size = 0;
    while (labels[size])
        size += strlen(labels + size) + 1;
    return size + 1;
}

static char *labels_copy(const char *labels) { return labels ? xmemdup(labels, labels_size(labels)) : NULL; }

const char *labels_get(const char *labels, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = labels; at && *at; at += strlen(at) + 1)
        if (strncmp(at, key, n) == 0 && at[n] == '=')
            return at + n + 1;
    return NULL;
}

/* metadata.labels of @tree, packed; NULL when there are none. The caller frees. */
static char *labels_pack(const struct json *tree)
{
    const struct json *labels = json_at(tree, "metadata", "labels", NULL);
    if (json_type(labels) != JSON_OBJECT || json_count(labels) == 0)
        return NULL;
    struct str packed;
    str_init(&packed, STR_SMALL);
    JSON_EACH(label, labels)
    {
        const char *value = json_text(label);
        str_addf(&packed, "%s=%s", json_key(label), value ? value : "");
        str_addc(&packed, '\0');
    }
    str_addc(&packed, '\0');
    return str_take(&packed);
}

/* -- objects ----------------------------------------------------------------- */

struct store *store_new(size_t history)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->history = history ? history : 1;
    store->ring = xcalloc(store->history, sizeof *store->ring);
    store->rv = store->forgotten = FIRST_RV;
    return store;
}

static void change_done(struct change *change)
{
    free(change->ns);
    free(change->name);
    free(change->old_labels);
    free(change->labels);
    blob_unref(&change->text);
    *change = (struct change){0};
}

static void object_free(struct object *object)
{
    free(object->ns);
    free(object->name);
    free(object->labels);
    blob_unref(&object->text);
    free(object);
}

void store_free(struct store **store)
{
    if (!*store)
        return;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct table *table = &(*store)->tables[k];
        for (size_t i = 0; i < table->count; i++)
            object_free(table->items[i]);
        free(table->items);
    }
    for (size_t i = 0; i < (*store)->history; i++)
        change_done(&(*store)->ring[i]);
    free((*store)->ring);
    free(*store);
    *store = NULL;
}

uint64_t store_rv(const struct store *store) { return store->rv; }
uint64_t store_next_rv(const struct store *store) { return store->rv + 1; }

static int key_compare(const char *ns, const char *name, const struct object *object)
{
    int order = strcmp(ns, object->ns);
    return order ? order : strcmp(name, object->name);
}

/* Where (ns, name) is or belongs. */
static size_t position(const struct table *table, const char *ns, const char *name)
{
    size_t low = 0, high = table->count;
    if (high && key_compare(ns, name, table->items[high - 1]) > 0)
        return high; /* a fleet is loaded in order */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_compare(ns, name, table->items[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct object *find(const struct table *table, const char *ns, const char *name, size_t *at)
{
    *at = position(table, ns, name);
    if (*at < table->count && key_compare(ns, name, table->items[*at]) == 0)
        return table->items[*at];
    return NULL;
}

const struct object *store_get(const struct store *store, const struct kind *kind, const char *ns, const char *name)
{
    size_t at;
    return find(&store->tables[kind->id], ns, name, &at);
}

struct json *store_read(const struct store *store, const struct kind *kind, const char *ns, const char *name)
{
    const struct object *object = store_get(store, kind, ns, name);
    return object ? json_parse(object->text->text, object->text->len, NULL) : NULL;
}

size_t store_range(const struct store *store, const struct kind *kind, const char *ns, struct object *const **first)
{
    const struct table *table = &store->tables[kind->id];
    size_t from = *ns ? position(table, ns, "") : 0, to = from;
    if (*ns)
        while (to < table->count && strcmp(table->items[to]->ns, ns) == 0)
            to++;
    else
        to = table->count;
    *first = table->items ? table->items + from : NULL;
    return to - from;
}

static struct object *insert(struct table *table, size_t at, const char *ns, const char *name)
{
    if (table->count == table->cap) {
        table->cap = table->cap ? 2 * table->cap : 64;
        table->items = xreallocarray(table->items, table->cap, sizeof(struct object *));
    }
    memmove(table->items + at + 1, table->items + at, (table->count - at) * sizeof(struct object *));
    table->count++;
    struct object *object = xcalloc(1, sizeof *object);
    object->ns = xstrdup(ns);
    object->name = xstrdup(name);
    table->items[at] = object;
    return object;
}

/* -- changes ----------------------------------------------------------------- */

static void record(struct store *store, enum change_type type, const struct kind *kind, const struct object *object,
                   const char *old_labels)
{
    struct change *change = &store->ring[store->rv % store->history];
    change_done(change);
    *change = (struct change){.type = type,
                              .kind = kind,
                              .rv = store->rv,
                              .ns = xstrdup(object->ns),
                              .name = xstrdup(object->name),
                              .old_labels = labels_copy(old_labels),
                              .labels = labels_copy(object->labels),
                              .text = blob_ref(object->text)};
    if (store->rv > store->history && store->forgotten < store->rv - store->history)
        store->forgotten = store->rv - store->history;
    for (size_t i = 0; i < store->listener_count; i++)
        store->listeners[i].fn(store->listeners[i].arg, change);
}

const struct change *store_change(const struct store *store, uint64_t rv)
{
    return rv > store->forgotten && rv <= store->rv ? &store->ring[rv % store->history] : NULL;
}

void store_forget(struct store *store) { store->forgotten = store->rv; }

void store_on_change(struct store *store, store_fn *fn, void *arg)
{
    if (store->listener_count == LISTENERS_MAX)
        die("store: too many listeners");
    store->listeners[store->listener_count].fn = fn;
    store->listeners[store->listener_count++].arg = arg;
}

/* -- writing ----------------------------------------------------------------- */

/* The text of @tree: kind and apiVersion first, so that a list can leave them out. */
static struct blob *print(const struct kind *kind, struct json *tree, uint64_t rv)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, rv);
    json_set_string(json_object_in(tree, "metadata"), "resourceVersion", number);
    json_remove(tree, "kind");
    json_remove(tree, "apiVersion");
    char *rest = json_print(tree);
    size_t head = strlen(kind->head), len = strlen(rest);
    struct blob *blob = xmalloc(sizeof *blob + head + len);
    blob->refs = 1;
    blob->len = head + len - 1; /* without the brace of @rest */
    memcpy(blob->text, kind->head, head);
    memcpy(blob->text + head, rest + 1, len);
    free(rest);
    return blob;
}

const struct object *store_put(struct store *store, const struct kind *kind, struct json *tree)
{
    const struct json *meta = json_get(tree, "metadata");
    const char *ns = json_string(meta, "namespace"), *name = json_string(meta, "name");
    struct table *table = &store->tables[kind->id];
    size_t at;
    struct object *object = find(table, ns ? ns : "", name ? name : "", &at);
    enum change_type type = object ? CHANGE_MODIFIED : CHANGE_ADDED;
    if (!object)
        object = insert(table, at, ns ? ns : "", name ? name : "");
    char *old_labels = object->labels;
    blob_unref(&object->text);
    object->labels = labels_pack(tree);
    object->rv = ++store->rv;
    object->text = print(kind, tree, store->rv);
    json_free(&tree);
    record(store, type, kind, object, old_labels);
    free(old_labels);
    return object;
}

void store_load(struct store *store, const struct kind *kind, const char *ns, const char *name, const char *labels,
                const char *text, size_t len)
{
    struct table *table = &store->tables[kind->id];
    size_t at;
    struct object *object = find(table, ns, name, &at);
    if (!object)
        object = insert(table, at, ns, name);
    blob_unref(&object->text);
    free(object->labels);
    object->labels = labels_copy(labels);
    object->text = blob_new(text, len);
    object->rv = ++store->rv;
    store->forgotten = store->rv;
}

bool store_remove(struct store *store, const struct kind *kind, const char *ns, const char *name)
{
    struct table *table = &store->tables[kind->id];
    size_t at;
    struct object *object = find(table, ns, name, &at);
    if (!object)
        return false;
    struct json *tree = json_parse(object->text->text, object->text->len, NULL);
    memmove(table->items + at, table->items + at + 1, (table->count - at - 1) * sizeof(struct object *));
    table->count--;
    store->rv++;
    if (tree) {
        blob_unref(&object->text);
        object->text = print(kind, tree, store->rv);
        json_free(&tree);
    }
    record(store, CHANGE_DELETED, kind, object, object->labels);
    object_free(object);
    return true;
}
