/* Any bytes: parsed or refused; what is parsed is printed, parsed again, and equal. */
#include <config.h>

#include "target.h"

#include <string.h>

#include <brdeck/base/json.h>

static void check_printed(const struct json *json, char *text)
{
    struct error err;
    for (const char *c = text; *c; c++)
        MUST(*c == '\n' || (*c != 0x7f && (unsigned char)*c >= ' '));
    struct json *again = json_parse(text, strlen(text), &err);
    MUST(again);
    MUST(json_equal(json, again) && json_equal(again, json));
    json_free(&again);
    free(text);
}

static void check_numbers(const struct json *json)
{
    int64_t i;
    uint64_t u;
    double d;
    if (json_int(json, &i) && json_uint(json, &u))
        MUST(i >= 0 && (uint64_t)i == u);
    if (json_uint(json, &u)) {
        struct json *made = json_new_uint(u);
        MUST(json_equal(made, json) && json_double(json, &d));
        json_free(&made);
    }
    JSON_EACH(child, json)
        check_numbers(child);
}

static void check_merge(const struct json *json)
{
    struct json *copy = json_copy(json);
    MUST(json_equal(copy, json));
    struct json *merged = json_merge_patch(copy, json);
    struct json *twice = json_merge_patch(json_copy(merged), json);
    MUST(json_equal(merged, twice));
    json_free(&merged);
    json_free(&twice);
}

/* Two members of one name make an object of which only the first is found: no rule
 * about equality after a change holds for it. */
static bool has_twins(const struct json *json)
{
    JSON_EACH(child, json)
        if ((json_key(child) && json_get(json, json_key(child)) != child) || has_twins(child))
            return true;
    return false;
}

/* An arena makes no difference but in whose memory it is. */
static void check_arena(const uint8_t *data, size_t size, const struct json *json, const struct error *err)
{
    struct json_arena arena;
    struct error why = {0};
    json_arena_init(&arena);
    const struct json *read = json_read(&arena, (const char *)data, size, NULL, &why);
    MUST(!read == !json && strcmp(why.text, err->text) == 0);
    MUST(!json || has_twins(json) || json_equal(read, json));
    json_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct json *json = json_parse((const char *)data, size, &err);
    struct json *rest = json_parse_without((const char *)data, size, "skip", NULL);
    MUST(!json == (err.code != ERROR_NONE));
    MUST(!json || rest);
    check_arena(data, size, json, &err);
    if (json && !has_twins(json)) {
        check_printed(json, json_print(json));
        check_printed(json, json_print_pretty(json));
        check_numbers(json);
        check_merge(json);
    }
    json_free(&json);
    json_free(&rest);
    return 0;
}
