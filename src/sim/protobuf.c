#include <config.h>

#include "protobuf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

struct span {
    const unsigned char *at, *end;
};

enum { WIRE_VARINT = 0, WIRE_BYTES = 2, RAW = 2, SPEC = 2, RESOURCE_ATTRIBUTES = 1, FIELDS_MAX = 8 };

static bool read_varint(struct span *span, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; span->at < span->end && shift < 64; shift += 7) {
        unsigned char byte = *span->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* The next field of @span; numbers are skipped over with an empty @value. */
static bool next_field(struct span *span, uint64_t *field, struct span *value)
{
    uint64_t key, len;
    if (span->at == span->end || !read_varint(span, &key))
        return false;
    *field = key >> 3;
    *value = (struct span){span->at, span->at};
    if ((key & 7) == WIRE_VARINT)
        return read_varint(span, &len);
    if ((key & 7) != WIRE_BYTES || !read_varint(span, &len) || len > (uint64_t)(span->end - span->at))
        return false;
    *value = (struct span){span->at, span->at + len};
    span->at += len;
    return true;
}

static bool find_field(struct span span, uint64_t wanted, struct span *value)
{
    uint64_t field;
    while (next_field(&span, &field, value))
        if (field == wanted)
            return true;
    return false;
}

/* ResourceAttributes by field number. */
static const char *const attributes[FIELDS_MAX] = {
    NULL, "namespace", "verb", "group", "version", "resource", "subresource", "name",
};

static char *text_of(struct span span) { return xstrndup((const char *)span.at, (size_t)(span.end - span.at)); }

/* In an access review field 1 of the spec is a message, in a rules review the namespace. */
static bool add_attributes(struct json *spec, struct span message)
{
    uint64_t field;
    struct span value;
    while (message.at < message.end) {
        if (!next_field(&message, &field, &value) || field == 0)
            return false;
        if (field >= FIELDS_MAX)
            continue;
        char *text = text_of(value);
        json_set_string(json_object_in(spec, "resourceAttributes"), attributes[field], text);
        free(text);
    }
    return true;
}

struct json *protobuf_review(const char *bytes, size_t len)
{
    static const char magic[4] = {'k', '8', 's', '\0'};
    if (len < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return NULL;
    struct span all = {(const unsigned char *)bytes + sizeof magic, (const unsigned char *)bytes + len};
    struct span raw, spec, first;
    if (!find_field(all, RAW, &raw) || !find_field(raw, SPEC, &spec))
        return NULL;
    struct json *review = json_new_object();
    struct json *out = json_object_in(review, "spec");
    if (find_field(spec, RESOURCE_ATTRIBUTES, &first) && !add_attributes(out, first))
        json_remove(out, "resourceAttributes");
    if (find_field(spec, RESOURCE_ATTRIBUTES, &first)) {
        char *text = text_of(first);
        json_set_string(out, "namespace", text);
        free(text);
    }
    return review;
}
