#include <config.h>

#include "json_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

/* cJSON is left on its first allocator, malloc and free, so that nodes made here
 * may be given to it and back. */
cJSON *json_new_node(int type)
{
    cJSON *node = xcalloc(1, sizeof *node);
    node->type = type;
    return node;
}

void json_free(struct json **json)
{
    cJSON_Delete(json_node(*json));
    *json = NULL;
}

/* -- questions -------------------------------------------------------------- */

enum json_type json_type(const struct json *json)
{
    if (!json)
        return JSON_NONE;
    switch (json_node(json)->type & 0xff) {
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
    case cJSON_Raw:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

/* Its own loop: to decode a list is to look up 50 names in each object, most of which differ in their first byte. */
struct json *json_get_mut(struct json *object, const char *key)
{
    if (!json_is(object, cJSON_Object) || !key)
        return NULL;
    for (cJSON *child = json_node(object)->child; child; child = child->next)
        if (child->string && child->string[0] == *key && strcmp(child->string, key) == 0)
            return json_wrap(child);
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_get_mut(json_wrap(json_node(object)), key);
}

const struct json *json_at(const struct json *object, ...)
{
    va_list keys;
    va_start(keys, object);
    for (const char *key; object && (key = va_arg(keys, const char *)) != NULL;)
        object = json_get(object, key);
    va_end(keys);
    return object;
}

const char *json_text(const struct json *json)
{
    return json_is(json, cJSON_String) ? json_node(json)->valuestring : NULL;
}

const char *json_string(const struct json *object, const char *key) { return json_text(json_get(object, key)); }

bool json_is_true(const struct json *json) { return json_is(json, cJSON_True); }

bool json_is_null(const struct json *json) { return json_type(json) <= JSON_NULL; }

size_t json_count(const struct json *json)
{
    size_t count = 0;
    JSON_EACH(child, json)
        count++;
    return count;
}

const struct json *json_first(const struct json *json) { return json ? json_wrap(json_node(json)->child) : NULL; }

const struct json *json_next(const struct json *child) { return child ? json_wrap(json_node(child)->next) : NULL; }

const char *json_key(const struct json *child) { return child ? json_node(child)->string : NULL; }

/* -- building --------------------------------------------------------------- */

struct json *json_new_object(void) { return json_wrap(json_new_node(cJSON_Object)); }

struct json *json_new_array(void) { return json_wrap(json_new_node(cJSON_Array)); }

struct json *json_new_null(void) { return json_wrap(json_new_node(cJSON_NULL)); }

struct json *json_new_bool(bool value) { return json_wrap(json_new_node(value ? cJSON_True : cJSON_False)); }

struct json *json_new_string(const char *text)
{
    if (!text)
        return json_new_null();
    cJSON *node = json_new_node(cJSON_String);
    node->valuestring = xstrdup(text);
    return json_wrap(node);
}

/* cJSON says no where memory ends, or where a caller breaks a promise. */
static void must(cJSON_bool done)
{
    if (!done)
        die("a JSON value could not be changed");
}

void json_set(struct json *object, const char *key, struct json *value)
{
    struct json *old = json_get_mut(object, key);
    if (old == value && value)
        return;
    if (old)
        must(cJSON_ReplaceItemInObjectCaseSensitive(json_node(object), key, json_node(value)));
    else
        must(json_is(object, cJSON_Object) && cJSON_AddItemToObject(json_node(object), key, json_node(value)));
}

void json_set_string(struct json *object, const char *key, const char *text)
{
    json_set(object, key, json_new_string(text));
}

void json_set_int(struct json *object, const char *key, int64_t number) { json_set(object, key, json_new_int(number)); }

void json_set_bool(struct json *object, const char *key, bool value) { json_set(object, key, json_new_bool(value)); }

void json_append(struct json *array, struct json *value)
{
    must(json_is(array, cJSON_Array) && cJSON_AddItemToArray(json_node(array), json_node(value)));
}

void json_remove(struct json *object, const char *key)
{
    if (json_is(object, cJSON_Object))
        cJSON_DeleteItemFromObjectCaseSensitive(json_node(object), key);
}

struct json *json_object_in(struct json *object, const char *key)
{
    if (!json_is(json_get_mut(object, key), cJSON_Object))
        json_set(object, key, json_new_object());
    return json_get_mut(object, key);
}

struct json *json_copy(const struct json *json)
{
    if (!json)
        return NULL;
    cJSON *copy = cJSON_Duplicate(json_node(json), true);
    must(copy != NULL);
    free(copy->string); /* a member's name stays with the object */
    copy->string = NULL;
    return json_wrap(copy);
}

/* -- equality ----------------------------------------------------------------- */

static bool array_equal(const struct json *a, const struct json *b)
{
    const struct json *x = json_first(a), *y = json_first(b);
    while (x && y && json_equal(x, y)) {
        x = json_next(x);
        y = json_next(y);
    }
    return !x && !y;
}

static int compare_keys(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;
    return strcmp(json_key(*x), json_key(*y));
}

/* The members in the order of their names; the caller frees. */
static const struct json **sorted_members(const struct json *object, size_t count)
{
    const struct json **members = xcalloc(count + 1, sizeof *members);
    size_t i = 0;
    JSON_EACH(child, object)
        members[i++] = child;
    qsort(members, count, sizeof *members, compare_keys);
    return members;
}

static bool object_equal(const struct json *a, const struct json *b)
{
    size_t count = json_count(a), i = 0;
    if (count != json_count(b))
        return false;
    const struct json **x = sorted_members(a, count), **y = sorted_members(b, count);
    while (i < count && compare_keys(&x[i], &y[i]) == 0 && json_equal(x[i], y[i]))
        i++;
    free(x);
    free(y);
    return i == count;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (json_is_null(a) && json_is_null(b))
        return true;
    if (json_type(a) != json_type(b))
        return false;
    switch (json_type(a)) {
    case JSON_BOOL:
        return json_is_true(a) == json_is_true(b);
    case JSON_NUMBER:
        return json_number_equal(json_node(a), json_node(b));
    case JSON_STRING:
        return strcmp(json_text(a), json_text(b)) == 0;
    case JSON_ARRAY:
        return array_equal(a, b);
    default:
        return object_equal(a, b);
    }
}

/* -- RFC 7386 ------------------------------------------------------------------ */

static void merge_members(struct json *target, const struct json *patch)
{
    JSON_EACH(change, patch)
    {
        const char *key = json_key(change);
        if (json_is(change, cJSON_NULL))
            json_remove(target, key);
        else if (json_is(change, cJSON_Object))
            merge_members(json_object_in(target, key), change);
        else
            json_set(target, key, json_copy(change));
    }
}

struct json *json_merge_patch(struct json *target, const struct json *patch)
{
    if (!json_is(patch, cJSON_Object)) {
        json_free(&target);
        return json_copy(patch);
    }
    if (!json_is(target, cJSON_Object)) {
        json_free(&target);
        target = json_new_object();
    }
    merge_members(target, patch);
    return target;
}
