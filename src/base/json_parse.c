#include <config.h>

#include "json_private.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include <brdeck/base/alloc.h>

/* Text into cJSON nodes. cJSON's own parser is not used: it turns every number into a
 * double, cuts strings at \u0000, reads things that are no JSON (RFC 8259), and cannot
 * leave out a member. */
struct reader {
    const char *begin, *at, *end;
    const char *skip; /* name of the members to drop, or NULL */
    struct json_arena *arena; /* NULL: nodes and strings are malloc's */
    int depth;
    struct error *err;
};

static cJSON *read_value(struct reader *r);

static void *fail_at(struct reader *r, const char *where, const char *what)
{
    size_t line = 1, column = 1;
    for (const char *c = r->begin; c < where; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            column++;
        }
    }
    if (where >= r->end)
        error_set(r->err, ERROR_INPUT, "line %zu, column %zu: the text ends where %s should be", line, column, what);
    else if (*where > ' ' && *where < 0x7f)
        error_set(r->err, ERROR_INPUT, "line %zu, column %zu: found '%c' where %s should be", line, column, *where,
                  what);
    else
        error_set(r->err, ERROR_INPUT, "line %zu, column %zu: found byte 0x%02x where %s should be", line, column,
                  (unsigned)(unsigned char)*where, what);
    return NULL;
}

static void *fail(struct reader *r, const char *what) { return fail_at(r, r->at, what); }

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static bool take_char(struct reader *r, char c)
{
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* -- memory ------------------------------------------------------------------ */

static cJSON *new_node(struct reader *r, int type)
{
    if (!r->arena)
        return json_new_node(type);
    cJSON *node = json_arena_take(r->arena, sizeof *node);
    *node = (cJSON){.type = type};
    return node;
}

static void free_node(struct reader *r, cJSON *node)
{
    if (!r->arena)
        cJSON_Delete(node);
}

static char *new_text(struct reader *r, size_t size)
{
    return r->arena ? json_arena_take(r->arena, size) : xmalloc(size);
}

/* @text was made larger than it has become. */
static char *trim_text(struct reader *r, char *text, size_t size)
{
    if (!r->arena)
        return xrealloc(text, size);
    json_arena_trim(r->arena, text, size);
    return text;
}

static char *copy_text(struct reader *r, const char *start, size_t len)
{
    char *text = new_text(r, len + 1);
    memcpy(text, start, len);
    text[len] = '\0';
    return text;
}

static void free_text(struct reader *r, char *text)
{
    if (!r->arena)
        free(text);
}

/* -- strings ---------------------------------------------------------------- */

/* Four hex digits at @at, or -1. */
static int read_hex(const char *at, const char *end)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *digit = at[i] ? strchr(digits, at[i]) : NULL;
        if (!digit)
            return -1;
        int worth = (int)(digit - digits);
        value = value * 16 + (worth < 16 ? worth : worth - 6);
    }
    return value;
}

static char *put_char(char *out, int32_t c) { return out + utf8proc_encode_char(c, (utf8proc_uint8_t *)out); }

enum { REPLACEMENT = 0xfffd };

/* After the u of a \u escape. Half a surrogate pair, and U+0000, which no C string can
 * hold, become U+FFFD. NULL: no hex digits. */
static char *read_unicode_escape(struct reader *r, char *out)
{
    int32_t c = read_hex(r->at, r->end);
    if (c < 0)
        return fail(r, "four hex digits");
    r->at += 4;
    if (c >= 0xd800 && c < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        int low = read_hex(r->at + 2, r->end);
        if (low >= 0xdc00 && low < 0xe000) {
            r->at += 6;
            return put_char(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
        }
    }
    return put_char(out, c == 0 || (c >= 0xd800 && c < 0xe000) ? REPLACEMENT : c);
}

static char *read_escape(struct reader *r, char *out)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    r->at++;
    if (take_char(r, 'u'))
        return read_unicode_escape(r, out);
    const char *name = r->at < r->end && *r->at ? strchr(names, *r->at) : NULL;
    if (!name)
        return fail(r, "an escape character");
    r->at++;
    *out = bytes[name - names];
    return out + 1;
}

/* A character beyond ASCII; each byte that is no UTF-8 becomes U+FFFD. */
static char *copy_utf8(struct reader *r, char *out)
{
    int32_t c;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)r->at, r->end - r->at, &c);
    r->at += used > 0 ? used : 1;
    return put_char(out, used > 0 ? c : REPLACEMENT);
}

static inline bool is_plain(char c) { return (unsigned char)c < 0x80 && c >= ' ' && c != '"' && c != '\\'; }

/* The rest of a string that is not all plain ASCII; @start is behind its quote. */
static char *read_hard_string(struct reader *r, const char *start)
{
    const char *quote = r->at;
    while (quote < r->end && *quote != '"')
        quote += *quote == '\\' && quote + 1 < r->end ? 2 : 1;
    /* The worst is a broken byte, of which U+FFFD makes three. */
    char *text = new_text(r, (size_t)(quote - start) * 3 + 1), *out = text;
    for (r->at = start; out && r->at < r->end && *r->at != '"';) {
        if (*r->at == '\\')
            out = read_escape(r, out);
        else if ((unsigned char)*r->at >= 0x80)
            out = copy_utf8(r, out);
        else if ((unsigned char)*r->at < ' ')
            out = fail(r, "an escaped control character");
        else
            *out++ = *r->at++;
    }
    if (out && !take_char(r, '"'))
        out = fail(r, "the end of a string");
    if (!out) {
        free_text(r, text);
        return NULL;
    }
    *out = '\0';
    return trim_text(r, text, (size_t)(out - text) + 1);
}

static char *read_string(struct reader *r)
{
    const char *start = ++r->at;
    while (r->at < r->end && is_plain(*r->at))
        r->at++;
    if (r->at >= r->end || *r->at != '"')
        return read_hard_string(r, start);
    return copy_text(r, start, (size_t)(r->at++ - start));
}

/* -- values ----------------------------------------------------------------- */

static bool skip_digits(struct reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start;
}

static cJSON *read_number(struct reader *r)
{
    const char *start = r->at;
    take_char(r, '-');
    if (!take_char(r, '0') && !skip_digits(r))
        return fail(r, "a digit");
    if (take_char(r, '.') && !skip_digits(r))
        return fail(r, "a digit");
    if (take_char(r, 'e') || take_char(r, 'E')) {
        if (!take_char(r, '+'))
            take_char(r, '-');
        if (!skip_digits(r))
            return fail(r, "a digit");
    }
    size_t len = (size_t)(r->at - start);
    cJSON *node = new_node(r, cJSON_Number);
    if (!json_set_plain_number(node, start, len)) {
        node->type = cJSON_Raw;
        node->valuestring = copy_text(r, start, len);
    }
    return node;
}

static cJSON *read_word(struct reader *r, const char *word, int type)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return fail(r, "a value");
    r->at += len;
    return new_node(r, type);
}

/* cJSON keeps the last child in the first one's prev. */
static void link_child(cJSON *parent, cJSON *child)
{
    if (!parent->child) {
        parent->child = child;
    } else {
        child->prev = parent->child->prev;
        child->prev->next = child;
    }
    parent->child->prev = child;
}

/* To the quote that ends the string whose first quote is at @r; false, at the end of the text, when there is none. */
static bool skip_string(struct reader *r)
{
    const char *start = r->at + 1, *quote = start;
    for (; (quote = memchr(quote, '"', (size_t)(r->end - quote))) != NULL; quote++) {
        const char *before = quote;
        while (before > start && before[-1] == '\\')
            before--;
        if ((quote - before) % 2 == 0)
            break;
    }
    r->at = quote ? quote : r->end;
    return quote != NULL;
}

/* Past an array or object, by its brackets only. */
static bool skip_container(struct reader *r)
{
    size_t open = 0;
    for (; r->at < r->end; r->at++) {
        switch (*r->at) {
        case '"':
            if (!skip_string(r))
                return fail(r, "the end of a string") != NULL;
            break;
        case '[':
        case '{':
            open++;
            break;
        case ']':
        case '}':
            if (--open == 0) {
                r->at++;
                return true;
            }
            break;
        default:
            break;
        }
    }
    return fail(r, "the end of an array or object") != NULL;
}

/* The value of a member that is dropped. */
static bool skip_value(struct reader *r)
{
    if (r->at < r->end && (*r->at == '{' || *r->at == '['))
        return skip_container(r);
    cJSON *scalar = read_value(r);
    free_node(r, scalar);
    return scalar != NULL;
}

static bool read_member(struct reader *r, cJSON *object)
{
    skip_space(r);
    if (r->at >= r->end || *r->at != '"')
        return fail(r, "a member's name in quotes") != NULL;
    char *key = read_string(r);
    if (!key)
        return false;
    skip_space(r);
    if (!take_char(r, ':')) {
        free_text(r, key);
        return fail(r, "':'") != NULL;
    }
    skip_space(r);
    if (r->skip && strcmp(key, r->skip) == 0) {
        free_text(r, key);
        return skip_value(r);
    }
    cJSON *value = read_value(r);
    if (!value) {
        free_text(r, key);
        return false;
    }
    value->string = key;
    link_child(object, value);
    return true;
}

static bool read_element(struct reader *r, cJSON *array)
{
    skip_space(r);
    cJSON *value = read_value(r);
    if (value)
        link_child(array, value);
    return value != NULL;
}

static bool read_children(struct reader *r, cJSON *parent, char close)
{
    bool (*read_child)(struct reader *, cJSON *) = close == '}' ? read_member : read_element;
    skip_space(r);
    if (take_char(r, close))
        return true;
    do {
        if (!read_child(r, parent))
            return false;
        skip_space(r);
    } while (take_char(r, ','));
    return take_char(r, close) || fail(r, close == '}' ? "',' or '}'" : "',' or ']'");
}

static cJSON *read_container(struct reader *r, int type, char close)
{
    if (r->depth >= JSON_DEPTH_MAX)
        return fail(r, "a value nested less deeply (200 levels are allowed)");
    r->at++;
    r->depth++;
    cJSON *parent = new_node(r, type);
    if (!read_children(r, parent, close)) {
        free_node(r, parent);
        return NULL;
    }
    r->depth--;
    return parent;
}

static cJSON *read_text(struct reader *r)
{
    char *text = read_string(r);
    if (!text)
        return NULL;
    cJSON *node = new_node(r, cJSON_String);
    node->valuestring = text;
    return node;
}

static cJSON *read_value(struct reader *r)
{
    switch (r->at < r->end ? *r->at : '\0') {
    case '{':
        return read_container(r, cJSON_Object, '}');
    case '[':
        return read_container(r, cJSON_Array, ']');
    case '"':
        return read_text(r);
    case 't':
        return read_word(r, "true", cJSON_True);
    case 'f':
        return read_word(r, "false", cJSON_False);
    case 'n':
        return read_word(r, "null", cJSON_NULL);
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return read_number(r);
    default:
        return fail(r, "a value");
    }
}

static cJSON *read_all(struct reader *r)
{
    skip_space(r);
    cJSON *root = read_value(r);
    if (!root)
        return NULL;
    skip_space(r);
    if (r->at < r->end) {
        fail(r, "the end of the text");
        free_node(r, root);
        return NULL;
    }
    return root;
}

struct json *json_parse_without(const char *text, size_t len, const char *skip, struct error *err)
{
    struct reader r = {.begin = text, .at = text, .end = text + len, .skip = skip, .err = err};
    return json_wrap(read_all(&r));
}

struct json *json_parse(const char *text, size_t len, struct error *err)
{
    return json_parse_without(text, len, NULL, err);
}

const struct json *json_read(struct json_arena *arena, const char *text, size_t len, const char *skip,
                             struct error *err)
{
    struct reader r = {.begin = text, .at = text, .end = text + len, .skip = skip, .arena = arena, .err = err};
    return json_wrap(read_all(&r));
}
