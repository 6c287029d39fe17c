#include <config.h>

#include "yaml_reader.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum {
    COPIED_MAX = 32 * 1024 * 1024, /* what aliases and merges may add, as weigh() counts */
    NODE_WEIGHT = 64,
    ANCHORS_MAX = 1000,  /* of one document: looking for one takes longer the more there are */
};

/* What a copy of @json costs, and how deep it goes. */
static size_t weigh(const struct json *json, unsigned *depth)
{
    const char *text = json_text(json), *key = json_key(json);
    size_t weight = NODE_WEIGHT + (text ? strlen(text) : 0) + (key ? strlen(key) : 0);
    unsigned deepest = 0;
    JSON_EACH(child, json) {
        unsigned below = 0;
        weight += weigh(child, &below);
        deepest = below > deepest ? below : deepest;
    }
    *depth = deepest + 1;
    return weight;
}

struct json *yaml_copy_paid(struct yaml_reader *r, const struct json *json, unsigned depth)
{
    unsigned below;
    size_t weight = weigh(json, &below);
    if (weight > COPIED_MAX - r->copied)
        return yaml_fail(r, yaml_line_of(r), "aliases expand to more than is allowed");
    if (depth + below > JSON_DEPTH_MAX)
        return yaml_fail(r, yaml_line_of(r), "nested more than %d deep", (int)JSON_DEPTH_MAX);
    r->copied += weight;
    return json_copy(json);
}

static struct yaml_anchor *anchor_find(struct yaml_reader *r, const char *name)
{
    for (size_t i = r->anchor_count; i-- > 0;) { /* the last of a name counts */
        if (strcmp(r->anchors[i].name, name) == 0)
            return &r->anchors[i];
    }
    return NULL;
}

bool yaml_anchor_begin(struct yaml_reader *r, const yaml_char_t *name, size_t *number)
{
    if (r->anchor_count == ANCHORS_MAX)
        return yaml_fail(r, yaml_line_of(r), "more than %d anchors", (int)ANCHORS_MAX);
    r->anchors = xreallocarray(r->anchors, r->anchor_count + 1, sizeof *r->anchors);
    r->anchors[r->anchor_count] = (struct yaml_anchor){.name = xstrdup((const char *)name)};
    *number = r->anchor_count++;
    return true;
}

void yaml_anchors_clear(struct yaml_reader *r)
{
    for (size_t i = 0; i < r->anchor_count; i++) {
        free(r->anchors[i].name);
        json_free(&r->anchors[i].value);
    }
    free(r->anchors);
    r->anchors = NULL;
    r->anchor_count = 0;
}

struct json *yaml_read_alias(struct yaml_reader *r, unsigned depth)
{
    const char *name = (const char *)r->event.data.alias.anchor;
    const struct yaml_anchor *anchor = anchor_find(r, name);
    if (!anchor)
        return yaml_fail(r, yaml_line_of(r), "*%.*s is an alias of nothing", YAML_KEY_SHOWN, name);
    if (!anchor->value)
        return yaml_fail(r, yaml_line_of(r), "*%.*s contains itself", YAML_KEY_SHOWN, name);
    return yaml_copy_paid(r, anchor->value, depth);
}
