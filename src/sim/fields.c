#include <config.h>

#include "fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

/* The member "f:KEY" of @fields, made when it is not there. */
static struct json *field_in(struct json *fields, const char *key)
{
    char *name = xasprintf("f:%s", key);
    struct json *field = json_object_in(fields, name);
    free(name);
    return field;
}

static bool has_field(const struct json *fields, const char *key)
{
    char *name = xasprintf("f:%s", key);
    bool has = json_get(fields, name);
    free(name);
    return has;
}

static bool is_tree(const struct json *value) { return json_type(value) == JSON_OBJECT && json_count(value) > 0; }

/* Add the leaves of @after that @before does not have alike. */
static void add_changed(struct json *fields, const struct json *before, const struct json *after)
{
    JSON_EACH(value, after)
    {
        const char *key = json_key(value);
        const struct json *old = json_get(before, key);
        if (old && json_equal(old, value) && json_type(old) == json_type(value))
            continue;
        struct json *field = field_in(fields, key);
        if (is_tree(value)) {
            if (!old)
                json_set(field, ".", json_new_object());
            add_changed(field, old, value);
        }
    }
}

/* Take from @fields what @taken has: a leaf as a whole. */
static void take_away(struct json *fields, const struct json *taken)
{
    JSON_EACH(field, taken)
    {
        struct json *mine = json_get_mut(fields, json_key(field));
        if (!mine)
            continue;
        if (json_count(field) > 0)
            take_away(mine, field);
        else if (strcmp(json_key(field), ".") != 0)
            json_remove(fields, json_key(field));
    }
}

static void keep_present(struct json *fields, const struct json *tree);

static void keep_field(struct json *fields, const char *name, const struct json *tree)
{
    const struct json *value = json_get(tree, name + 2);
    if (!value)
        json_remove(fields, name);
    else if (is_tree(value))
        keep_present(json_get_mut(fields, name), value);
}

/* Drop what the object does not have any more. */
static void keep_present(struct json *fields, const struct json *tree)
{
    const struct json *next;
    for (const struct json *field = json_first(fields); field; field = next) {
        next = json_next(field);
        char *name = xstrdup(json_key(field));
        if (str_starts(name, "f:"))
            keep_field(fields, name, tree);
        free(name);
    }
}

static void merge_fields(struct json *fields, const struct json *more)
{
    JSON_EACH(field, more)
    {
        if (json_count(field) == 0 && json_get(fields, json_key(field)))
            continue;
        merge_fields(json_object_in(fields, json_key(field)), field);
    }
}

static bool is_entry_of(const struct json *entry, const char *manager, const char *sub)
{
    const char *entry_sub = json_string(entry, "subresource");
    return str_same(json_string(entry, "manager"), manager) && str_same(entry_sub ? entry_sub : "", sub) &&
           str_same(json_string(entry, "operation"), "Update");
}

static struct json *new_entry(const struct json *object, const char *manager, const char *sub)
{
    struct json *entry = json_new_object();
    json_set_string(entry, "apiVersion", json_string(object, "apiVersion"));
    json_set_string(entry, "fieldsType", "FieldsV1");
    json_set(entry, "fieldsV1", json_new_object());
    json_set_string(entry, "manager", manager);
    json_set_string(entry, "operation", "Update");
    if (*sub)
        json_set_string(entry, "subresource", sub);
    return entry;
}

/* What of the object counts: spec, status, data, and of the metadata what users write. */
static struct json *changed_fields(const struct json *before, const struct json *after, const char *sub)
{
    static const char *const metadata_parts[] = {"annotations", "labels", "finalizers", "ownerReferences"};
    struct json *fields = json_new_object(), *part_before = json_new_object(), *part_after = json_new_object();
    for (size_t i = 0; i < ARRAY_LEN(metadata_parts) && !*sub; i++) {
        const struct json *old = json_at(before, "metadata", metadata_parts[i], NULL);
        const struct json *new = json_at(after, "metadata", metadata_parts[i], NULL);
        if (old)
            json_set(json_object_in(part_before, "metadata"), metadata_parts[i], json_copy(old));
        if (new)
            json_set(json_object_in(part_after, "metadata"), metadata_parts[i], json_copy(new));
    }
    JSON_EACH(value, after)
    {
        const char *key = json_key(value);
        if (strcmp(key, "metadata") == 0 || strcmp(key, "kind") == 0 || strcmp(key, "apiVersion") == 0)
            continue;
        json_set(part_after, key, json_copy(value));
        if (json_get(before, key))
            json_set(part_before, key, json_copy(json_get(before, key)));
    }
    add_changed(fields, part_before, part_after);
    if (has_field(fields, "metadata"))
        json_remove(json_get_mut(fields, "f:metadata"), ".");
    json_free(&part_before);
    json_free(&part_after);
    return fields;
}

void fields_update(const struct json *before, struct json *after, const char *manager, const char *sub)
{
    struct json *changed = changed_fields(before, after, sub);
    struct json *list = json_new_array();
    struct json *mine = NULL;
    JSON_EACH(entry, json_at(before, "metadata", "managedFields", NULL))
    {
        struct json *copy = json_copy(entry);
        struct json *fields = json_object_in(copy, "fieldsV1");
        keep_present(fields, after);
        if (!mine && is_entry_of(entry, manager, sub)) {
            mine = copy;
            continue;
        }
        take_away(fields, changed);
        if (json_count(fields) > 0)
            json_append(list, copy);
        else
            json_free(&copy);
    }
    bool any = json_count(changed) > 0;
    if (!mine && any)
        mine = new_entry(after, manager, sub);
    if (mine) {
        merge_fields(json_object_in(mine, "fieldsV1"), changed);
        char now[CLOCK_TEXT_MAX];
        if (any)
            json_set_string(mine, "time", clock_format_rfc3339(clock_wall_ms(), now));
        json_append(list, mine);
    }
    json_free(&changed);
    json_set(json_object_in(after, "metadata"), "managedFields", list);
}
