/* json.h - JSON as a tree, with integers that stay exact.
 *
 * A thin cover of cJSON; nothing else includes it. Look-ups are case-sensitive and
 * take NULL (a missing parent) for an answer, so that a chain of them needs one
 * check at its end. Integers of more than 15 digits keep every digit and are
 * printed back as they came (a double would turn 436568622965194755 into ...752); so
 * are fractions and exponents.
 *
 * Input is held to RFC 8259, but text that no C string can hold is altered, never cut:
 * \u0000, half a surrogate pair and each byte that is no UTF-8 come out as U+FFFD. Of
 * two members of one name the first is found.
 */
#ifndef BRDECK_BASE_JSON_H
#define BRDECK_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/str.h>

struct json;

enum json_type {
    JSON_NONE, /* NULL was passed */
    JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
};

enum { JSON_DEPTH_MAX = 200 }; /* deeper input is an error, never a crash */

/* Parse exactly @len bytes. NULL and @err (where and what) when they are not one JSON
 * value. The result is the caller's. */
struct json *json_parse(const char *text, size_t len, struct error *err);
/* The same, but each member named @skip (any depth) is dropped, its value unread but for
 * the brackets and quotes that end it: managedFields is 40 % of an object. */
struct json *json_parse_without(const char *text, size_t len, const char *skip, struct error *err);
void json_free(struct json **json);

/* Memory of trees that are only looked at, for a caller's stack: most objects of a list need no more than is in it. Who
 * reads 100,000 of them saves a sixth of the time, which is malloc's and free's. */
enum { JSON_ARENA_FIRST = 16 * 1024 };
struct json_arena {
    char *at, *end;
    struct json_block *blocks; /* beyond the first */
    _Alignas(max_align_t) char first[JSON_ARENA_FIRST];
};
void json_arena_init(struct json_arena *arena);
/* All that was read into @arena is gone; it is empty, and may be used again. */
void json_arena_done(struct json_arena *arena);
/* As json_parse_without (@skip NULL: nothing is dropped), but the tree is @arena's: it is gone with json_arena_done,
 * and is neither changed nor freed. */
const struct json *json_read(struct json_arena *arena, const char *text, size_t len, const char *skip,
                             struct error *err);

enum json_type json_type(const struct json *json);
/* The member @key of an object; NULL when there is none, or it is no object. */
const struct json *json_get(const struct json *object, const char *key);
/* A chain of members, ended by NULL: json_at(o, "metadata", "name", NULL). */
__attribute__((sentinel))
const struct json *json_at(const struct json *object, ...);
/* The text of a string; NULL when it is anything else. Borrowed. */
const char *json_text(const struct json *json);
/* json_text(json_get(object, key)). */
const char *json_string(const struct json *object, const char *key);
bool json_is_true(const struct json *json);
bool json_is_null(const struct json *json); /* null, or NULL */
/* A whole number (1.0 and 1e3 are some), exactly; false, *out untouched, when it is
 * none or does not fit. */
bool json_int(const struct json *json, int64_t *out);
bool json_uint(const struct json *json, uint64_t *out);
bool json_double(const struct json *json, double *out); /* the nearest; false for 1e400 */

/* Children of an array or object, in order. */
size_t json_count(const struct json *json);
const struct json *json_first(const struct json *json);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child); /* NULL in an array */
#define JSON_EACH(child, parent) \
    for (const struct json *child = json_first(parent); child; child = json_next(child))

/* Building. A set takes over @value and replaces a member of that name, in its place. To
 * set in what is no object, or append to what is no array, breaks a promise: it ends the
 * program. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *text); /* NULL gives a JSON null */
struct json *json_new_int(int64_t number);
struct json *json_new_uint(uint64_t number);
struct json *json_new_bool(bool value);
struct json *json_new_null(void);
void json_set(struct json *object, const char *key, struct json *value);
void json_set_string(struct json *object, const char *key, const char *text);
void json_set_int(struct json *object, const char *key, int64_t number);
void json_set_bool(struct json *object, const char *key, bool value);
void json_append(struct json *array, struct json *value);
void json_remove(struct json *object, const char *key);
/* The member @key for changing; made as an empty object when it is not there or is
 * something else, such as null. */
struct json *json_object_in(struct json *object, const char *key);
struct json *json_get_mut(struct json *object, const char *key); /* NULL when it is not there */
struct json *json_copy(const struct json *json); /* NULL gives NULL */
/* Equal in value; the order of members does not count. NULL equals NULL and null. */
bool json_equal(const struct json *a, const struct json *b);
/* RFC 7386: @patch laid over @target, in place; returns the result (@target is
 * used up). */
struct json *json_merge_patch(struct json *target, const struct json *patch);

/* Text of @json, the caller's to free(). Control characters (C0, DEL, C1), bidi controls
 * and characters without width are escaped; all else stands as UTF-8. NULL gives null. */
char *json_print(const struct json *json);        /* one line */
char *json_print_pretty(const struct json *json); /* indented by 2, ends in a line feed */

#endif
