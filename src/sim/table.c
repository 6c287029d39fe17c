#include <config.h>

#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>

static const struct json *condition_status(const struct json *conditions, const char *type)
{
    JSON_EACH(condition, conditions)
    if (str_same(json_string(condition, "type"), type))
        return json_get(condition, "status");
    return NULL;
}

static const struct json *value_at(const struct json *tree, const char *path)
{
    const char *type = strchr(path, '#');
    size_t end = type ? (size_t)(type - path) : strlen(path);
    for (size_t at = 1; at < end && tree;) {
        size_t n = strcspn(path + at, ".#");
        char *key = xstrndup(path + at, n);
        tree = json_get(tree, key);
        free(key);
        at += n + 1;
    }
    return type ? condition_status(tree, type + 1) : tree;
}

/* Ages as kubectl prints them come from the server as text. */
static struct json *cell(const struct json *tree, const struct column *column)
{
    const struct json *value = value_at(tree, column->path);
    int64_t then;
    if (strcmp(column->type, "date") != 0)
        return json_is_null(value) ? json_new_null() : json_copy(value);
    if (!clock_parse_rfc3339(json_text(value), &then))
        return json_is_null(value) ? json_new_null() : json_new_string("<unknown>");
    char age[CLOCK_TEXT_MAX];
    return json_new_string(clock_format_span(clock_wall_ms() - then, age));
}

static void add_tree(struct str *out, struct json *tree)
{
    char *text = json_print(tree);
    str_add(out, text);
    free(text);
    json_free(&tree);
}

static void add_row(struct str *out, const struct kind *kind, const struct blob *blob)
{
    struct json *tree = json_parse(blob->text, blob->len, NULL);
    struct json *row = json_new_object(), *cells = json_new_array();
    const char *name = json_text(json_at(tree, "metadata", "name", NULL));
    json_append(cells, json_new_string(name ? name : ""));
    for (size_t i = 0; i < kind->column_count; i++)
        json_append(cells, cell(tree, &kind->columns[i]));
    json_set(row, "cells", cells);
    struct json *object = json_object_in(row, "object");
    json_set_string(object, "kind", "PartialObjectMetadata");
    json_set_string(object, "apiVersion", "meta.k8s.io/v1");
    json_set(object, "metadata", json_copy(json_get(tree, "metadata")));
    json_free(&tree);
    add_tree(out, row);
}

static void add_definition(struct str *out, const struct column *column)
{
    struct json *definition = json_new_object();
    bool is_name = strcmp(column->name, "Name") == 0;
    json_set_string(definition, "name", column->name);
    json_set_string(definition, "type", strcmp(column->type, "date") == 0 ? "string" : column->type);
    json_set_string(definition, "format", is_name ? "name" : "");
    json_set_string(definition, "description", "");
    json_set_int(definition, "priority", column->priority);
    add_tree(out, definition);
}

static void add_head(struct str *out, const struct kind *kind, uint64_t rv, const char *meta)
{
    static const struct column name = {"Name", "string", ".metadata.name", 0};
    str_addf(out,
             "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{%s\"resourceVersion\":\"%" PRIu64
             "\"},\"columnDefinitions\":[",
             meta, rv);
    add_definition(out, &name);
    for (size_t i = 0; i < kind->column_count; i++) {
        str_addc(out, ',');
        add_definition(out, &kind->columns[i]);
    }
    str_add(out, "],\"rows\":[");
}

void table_print(struct str *out, const struct snapshot *snapshot, size_t from, size_t to, const char *next_token)
{
    char meta[256] = "";
    if (next_token)
        snprintf(meta, sizeof meta, "\"continue\":\"%s\",\"remainingItemCount\":%zu,", next_token,
                 snapshot->count - to);
    add_head(out, snapshot->kind, snapshot->rv, meta);
    for (size_t i = from; i < to; i++) {
        if (i > from)
            str_addc(out, ',');
        add_row(out, snapshot->kind, snapshot->items[i]);
    }
    str_add(out, "]}\n");
}

void table_print_one(struct str *out, const struct kind *kind, const struct blob *text, uint64_t rv)
{
    add_head(out, kind, rv, "");
    add_row(out, kind, text);
    str_add(out, "]}");
}
