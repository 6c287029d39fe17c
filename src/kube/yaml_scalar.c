#include <config.h>

#include "yaml_reader.h"

#include <string.h>

#include <brdeck/base/alloc.h>

static const struct tag {
    const char *name;
    enum json_type type; /* NONE: a collection's */
} tags[] = {
    {YAML_STR_TAG, JSON_STRING}, {YAML_TIMESTAMP_TAG, JSON_STRING}, {YAML_NULL_TAG, JSON_NULL},
    {YAML_BOOL_TAG, JSON_BOOL},  {YAML_INT_TAG, JSON_NUMBER},       {YAML_FLOAT_TAG, JSON_NUMBER},
    {"!", JSON_STRING},          {YAML_MAP_TAG, JSON_OBJECT},       {YAML_SEQ_TAG, JSON_ARRAY},
};

static const struct tag *tag_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (strcmp(tags[i].name, name) == 0)
            return &tags[i];
    }
    return NULL;
}

bool yaml_tag_fits(struct yaml_reader *r, const yaml_char_t *name, enum json_type type)
{
    const struct tag *tag = tag_find((const char *)name);
    if (!tag)
        yaml_fail(r, yaml_line_of(r), "tag %.*s is not known", YAML_KEY_SHOWN, (const char *)name);
    else if (tag->type != type)
        yaml_fail(r, yaml_line_of(r), "the value does not fit its tag %s", tag->name);
    return tag && tag->type == type;
}

static struct json *make_plain(struct yaml_reader *r, const struct yaml_plain *plain, const char *text)
{
    switch (plain->type) {
    case JSON_NULL:
        return json_new_null();
    case JSON_BOOL:
        return json_new_bool(plain->truth);
    case JSON_NUMBER:
        if (plain->no_json)
            return yaml_fail(r, yaml_line_of(r), "%s cannot be said in JSON", text);
        return json_parse(plain->number.data, plain->number.len, r->err);
    default:
        return json_new_string(text);
    }
}

const char *yaml_scalar_text(struct yaml_reader *r)
{
    const char *text = (const char *)r->event.data.scalar.value;
    if (strlen(text) == r->event.data.scalar.length)
        return text;
    yaml_fail(r, yaml_line_of(r), "a string holds a NUL character");
    return NULL;
}

struct json *yaml_read_scalar(struct yaml_reader *r)
{
    const char *text = yaml_scalar_text(r);
    if (!text)
        return NULL;
    const yaml_char_t *tag = r->event.data.scalar.tag;
    const struct tag *known = tag ? tag_find((const char *)tag) : NULL;
    bool resolves = tag ? known && known->type != JSON_STRING : r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct yaml_plain plain = {.type = JSON_STRING};
    if (resolves)
        yaml_plain_init(&plain, text);
    struct json *value = NULL;
    if (!tag || yaml_tag_fits(r, tag, plain.type))
        value = make_plain(r, &plain, text);
    if (resolves)
        yaml_plain_done(&plain);
    return value;
}
