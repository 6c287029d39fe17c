#include <config.h>

#include <brdeck/kube/yaml.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "yaml_reader.h"

enum {
    MEMBERS_MAX = 10000, /* of one mapping: looking for duplicates takes longer the more there are */
};

/* -- errors ------------------------------------------------------------------- */

struct json *yaml_fail(struct yaml_reader *r, size_t line, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    error_set(r->err, ERROR_INPUT, "%s:%zu: %s", r->name, line, what);
    return NULL;
}

size_t yaml_line_of(const struct yaml_reader *r)
{
    return r->event.start_mark.line + 1;
}

/* The next event into r->event. libyaml's own words never quote the input. */
static bool advance(struct yaml_reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return true;
    size_t line = r->parser.problem_mark.line + 1;
    if (r->parser.error == YAML_READER_ERROR) { /* it knows the offset only */
        line = 1;
        for (size_t i = 0; i < r->parser.problem_offset; i++)
            line += r->text[i] == '\n';
    }
    yaml_fail(r, line, "%s%s%s", r->parser.problem ? r->parser.problem : "not YAML", r->parser.context ? " " : "",
         r->parser.context ? r->parser.context : "");
    return false;
}

/* -- lines -------------------------------------------------------------------- */

static void note_line(struct yaml_reader *r, const struct json *node, size_t line)
{
    struct yaml_lines *lines = r->lines;
    if (!lines)
        return;
    if (lines->count == lines->cap) {
        lines->cap = lines->cap ? lines->cap * 2 : 64;
        lines->items = xreallocarray(lines->items, lines->cap, sizeof *lines->items);
    }
    lines->items[lines->count++] = (struct yaml_line){node, (unsigned)line};
}

unsigned yaml_lines_find(const struct yaml_lines *lines, const struct json *node)
{
    for (size_t i = 0; node && i < lines->count; i++) {
        if (lines->items[i].node == node)
            return lines->items[i].line;
    }
    return 0;
}

void yaml_lines_done(struct yaml_lines *lines)
{
    free(lines->items);
    *lines = (struct yaml_lines){0};
}

/* -- collections ------------------------------------------------------------------ */

static struct json *read_node(struct yaml_reader *r, unsigned depth);

static struct json *read_sequence(struct yaml_reader *r, unsigned depth)
{
    struct json *array = json_new_array();
    while (advance(r)) {
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return array;
        size_t line = yaml_line_of(r);
        struct json *item = read_node(r, depth + 1);
        if (!item)
            break;
        note_line(r, item, line);
        json_append(array, item);
    }
    json_free(&array);
    return NULL;
}

/* A key is the text of a scalar as it stands there, the caller's to free. An alias may stand for it. */
static char *read_key(struct yaml_reader *r, unsigned depth)
{
    const char *text = NULL;
    struct json *value = NULL;
    if (r->event.type == YAML_SCALAR_EVENT) {
        text = yaml_scalar_text(r);
        if (!text)
            return NULL;
        if (r->event.data.scalar.anchor) {
            size_t anchor;
            if (!yaml_anchor_begin(r, r->event.data.scalar.anchor, &anchor))
                return NULL;
            r->anchors[anchor].value = json_new_string(text);
        }
    } else if (r->event.type == YAML_ALIAS_EVENT) {
        value = yaml_read_alias(r, depth);
        if (!value)
            return NULL;
        text = json_text(value);
    }
    if (!text)
        yaml_fail(r, yaml_line_of(r), "a key must be a string");
    char *key = xstrdup(text);
    json_free(&value);
    return key;
}

/* Lay the members of the mappings in @merges under those of @object. */
static bool merge_in(struct yaml_reader *r, struct json *object, const struct json *merges, unsigned depth)
{
    JSON_EACH(merge, merges) {
        JSON_EACH(member, merge) {
            if (json_get(object, json_key(member)))
                continue;
            struct json *copy = yaml_copy_paid(r, member, depth + 1);
            if (!copy)
                return false;
            json_set(object, json_key(member), copy);
        }
    }
    return true;
}

/* The value of a "<<": a mapping, or a sequence of them. */
static bool read_merge(struct yaml_reader *r, struct json *merges, unsigned depth)
{
    size_t line = yaml_line_of(r);
    struct json *value = read_node(r, depth);
    if (!value)
        return false;
    bool fits = json_type(value) == JSON_OBJECT || json_type(value) == JSON_ARRAY;
    if (json_type(value) == JSON_ARRAY) {
        JSON_EACH(item, value)
            fits = fits && json_type(item) == JSON_OBJECT;
        for (const struct json *item = json_first(value); fits && item; item = json_next(item))
            json_append(merges, json_copy(item));
        json_free(&value);
    } else if (fits) {
        json_append(merges, value);
    } else {
        json_free(&value);
    }
    if (!fits)
        yaml_fail(r, line, "<< wants a mapping, or a sequence of them");
    return fits;
}

static bool read_member(struct yaml_reader *r, struct json *object, struct json *merges, unsigned depth)
{
    size_t line = yaml_line_of(r);
    bool is_merge = r->event.type == YAML_SCALAR_EVENT && !r->event.data.scalar.tag &&
                    r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                    strcmp((const char *)r->event.data.scalar.value, "<<") == 0;
    char *key = read_key(r, depth + 1);
    struct json *value = NULL;
    bool done = false;
    if (!key)
        return false;
    if (!is_merge && json_get(object, key))
        yaml_fail(r, line, "key \"%.*s\" stands here a second time", YAML_KEY_SHOWN, key);
    else if (!advance(r))
        done = false;
    else if (is_merge)
        done = read_merge(r, merges, depth + 1);
    else if ((value = read_node(r, depth + 1)) != NULL)
        done = true;
    if (value) {
        note_line(r, value, line);
        json_set(object, key, value);
    }
    free(key);
    return done;
}

static struct json *read_mapping(struct yaml_reader *r, unsigned depth)
{
    struct json *object = json_new_object(), *merges = json_new_array();
    bool whole = false;
    for (size_t members = 0; advance(r); members++) {
        if (r->event.type == YAML_MAPPING_END_EVENT) {
            whole = merge_in(r, object, merges, depth);
            break;
        }
        if (members == MEMBERS_MAX) {
            yaml_fail(r, yaml_line_of(r), "more than %d members in one mapping", (int)MEMBERS_MAX);
            break;
        }
        if (!read_member(r, object, merges, depth))
            break;
    }
    json_free(&merges);
    if (!whole)
        json_free(&object);
    return object;
}

/* The node that begins with r->event; NULL after an error. */
static struct json *read_content(struct yaml_reader *r, unsigned depth)
{
    switch (r->event.type) {
    case YAML_ALIAS_EVENT:
        return yaml_read_alias(r, depth);
    case YAML_SCALAR_EVENT:
        return yaml_read_scalar(r);
    case YAML_SEQUENCE_START_EVENT:
        if (r->event.data.sequence_start.tag && !yaml_tag_fits(r, r->event.data.sequence_start.tag, JSON_ARRAY))
            return NULL;
        return read_sequence(r, depth);
    case YAML_MAPPING_START_EVENT:
        if (r->event.data.mapping_start.tag && !yaml_tag_fits(r, r->event.data.mapping_start.tag, JSON_OBJECT))
            return NULL;
        return read_mapping(r, depth);
    default:
        return yaml_fail(r, yaml_line_of(r), "a value is missing");
    }
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

static struct json *read_node(struct yaml_reader *r, unsigned depth)
{
    if (depth > JSON_DEPTH_MAX)
        return yaml_fail(r, yaml_line_of(r), "nested more than %d deep", (int)JSON_DEPTH_MAX);
    const yaml_char_t *name = anchor_of(&r->event);
    if (!name)
        return read_content(r, depth);
    size_t anchor;
    struct json *value = yaml_anchor_begin(r, name, &anchor) ? read_content(r, depth) : NULL;
    if (!value)
        return NULL;
    r->anchors[anchor].value = yaml_copy_paid(r, value, 0);
    if (!r->anchors[anchor].value)
        json_free(&value);
    return value;
}

/* -- documents -------------------------------------------------------------------- */

static struct json *read_stream(struct yaml_reader *r)
{
    struct json *documents = json_new_array();
    while (advance(r)) {
        if (r->event.type == YAML_STREAM_END_EVENT)
            return documents;
        if (r->event.type != YAML_DOCUMENT_START_EVENT)
            continue; /* the stream's start, a document's end */
        struct json *document = advance(r) ? read_node(r, 1) : NULL;
        if (!document)
            break;
        if (json_is_null(document))
            json_free(&document);
        else
            json_append(documents, document);
        yaml_anchors_clear(r);
    }
    json_free(&documents);
    return NULL;
}

struct json *yaml_parse_lines(const char *text, size_t len, const char *name, struct yaml_lines *lines,
                              struct error *err)
{
    struct yaml_reader r = {.name = name, .text = text, .lines = lines, .err = err};
    if (!yaml_parser_initialize(&r.parser))
        die("out of memory");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    struct json *documents = read_stream(&r);
    yaml_anchors_clear(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return documents;
}

struct json *yaml_parse(const char *text, size_t len, const char *name, struct error *err)
{
    return yaml_parse_lines(text, len, name, NULL, err);
}
