#include <config.h>

#include <stdio.h>
#include <string.h>

#include "facts_keeper.h"
#include "pd_keeper.h"

/* A reader of protobuf that takes what it can: messages grow fields, and a broken one must not bring anything down. */

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct span {
    const unsigned char *at, *end;
};
struct field {
    uint64_t number, value; /* value: of a varint, or how long the bytes are */
    const char *bytes;      /* NULL but for BYTES */
};

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

static bool skip(struct span *span, uint64_t len)
{
    if (len > (uint64_t)(span->end - span->at))
        return false;
    span->at += len;
    return true;
}

static bool next_field(struct span *span, struct field *field)
{
    uint64_t tag;
    *field = (struct field){0};
    if (span->at == span->end || !read_varint(span, &tag))
        return false;
    field->number = tag >> 3;
    switch (tag & 7) {
    case VARINT:
        return read_varint(span, &field->value);
    case FIXED64:
        return skip(span, 8);
    case FIXED32:
        return skip(span, 4);
    case BYTES:
        if (!read_varint(span, &field->value))
            return false;
        field->bytes = (const char *)span->at;
        return skip(span, field->value);
    default:
        return false;
    }
}

static struct span span_of(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    return (struct span){at, at + len};
}

/* Bytes of a field as text: up to a NUL, cut at a character. */
static void field_text(char *to, size_t size, const struct field *field)
{
    char whole[512];
    size_t len = field->value < sizeof whole ? (size_t)field->value : sizeof whole - 1;
    memcpy(whole, field->bytes, len);
    whole[len] = '\0';
    fact_text(to, size, whole);
}

bool pd_read_error(const void *bytes, size_t len, struct pd_error *error)
{
    struct span span = span_of(bytes, len);
    char code[96] = "", message[sizeof error->text + 8] = "", both[sizeof code + sizeof message + 2];
    *error = (struct pd_error){0};
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1 && !field.bytes)
            error->at_ms = field.value;
        else if (field.number == 2 && field.bytes)
            field_text(code, sizeof code, &field);
        else if (field.number == 3 && field.bytes)
            field_text(message, sizeof message, &field);
        else if (field.number == 4 && !field.bytes)
            error->store = field.value;
    }
    bool twice = !*code || strstr(message, code);
    snprintf(both, sizeof both, "%s%s%s", twice ? "" : code, twice || !*message ? "" : ": ", message);
    fact_text(error->text, sizeof error->text, both);
    return error->text[0] || error->at_ms;
}

tso_t pd_read_start(const void *bytes, size_t len)
{
    struct span span = span_of(bytes, len);
    tso_t start = 0;
    for (struct field field; next_field(&span, &field);)
        if (field.number == 2 && !field.bytes)
            start = field.value;
    return start;
}

tso_t pd_read_checkpoint(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    tso_t ts = 0;
    for (size_t i = 0; len == 8 && i < len; i++)
        ts = ts << 8 | at[i];
    return ts;
}
