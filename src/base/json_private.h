/* json_private.h - what json.c, json_parse.c and json_number.c share.
 *
 * A struct json is a cJSON node. Numbers stand in it in two ways: a whole number
 * of at most 15 digits is a cJSON_Number (a double holds it exactly), every other
 * one is a cJSON_Raw that keeps its text.
 */
#ifndef BRDECK_BASE_JSON_PRIVATE_H
#define BRDECK_BASE_JSON_PRIVATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/json.h>

enum { JSON_PLAIN_DIGITS = 15, JSON_NUMBER_MAX = 32 };

static inline struct json *json_wrap(cJSON *node) { return (struct json *)node; }
static inline cJSON *json_node(const struct json *json) { return (cJSON *)json; }

static inline bool json_is(const struct json *json, int type)
{
    return json && (json_node(json)->type & 0xff) == type;
}

/* A node of @type; memory is there, or the program ends. */
cJSON *json_new_node(int type);
/* The number of these @len bytes into @node, where a double holds it exactly; false: a cJSON_Raw must keep its text. */
bool json_set_plain_number(cJSON *node, const char *text, size_t len);
/* The text of a number: of @node, or made in @buf. */
const char *json_number_text(const cJSON *node, char buf[JSON_NUMBER_MAX]);
/* 1.0 equals 1 and 10e-1. */
bool json_number_equal(const cJSON *a, const cJSON *b);
/* @size bytes, aligned for a node, that hold anything. */
void *json_arena_take(struct json_arena *arena, size_t size);
/* Of what was taken last only @size bytes are needed. */
void json_arena_trim(struct json_arena *arena, void *piece, size_t size);

#endif
