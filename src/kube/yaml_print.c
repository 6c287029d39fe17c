#include <config.h>

#include <brdeck/kube/yaml.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "yaml_private.h"

/* libyaml's emitter is not used: with Unicode allowed it writes bidi and zero-width
 * characters as they are, without it escapes every letter that is not ASCII. */

enum {
    INDENT = 2,
    SIMPLE_KEY_MAX = 120, /* a longer key goes by "? " (readers: 1024 with its quotes) */
};

/* -- characters ----------------------------------------------------------------- */

/* The character at @text, and its bytes in *@len. Broken UTF-8: UINT32_MAX and 1. */
static uint32_t decode(const char *text, size_t *len)
{
    const unsigned char *b = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t want = b[0] < 0x80 ? 1 : b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    uint32_t c = want == 1 ? b[0] : b[0] & (0x7fU >> want);
    *len = 1;
    for (size_t i = 1; i < want; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return UINT32_MAX;
        c = c << 6 | (b[i] & 0x3f);
    }
    if (c < least[want] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || (b[0] >= 0x80 && b[0] < 0xc2))
        return UINT32_MAX;
    *len = want;
    return c;
}

/* What is escaped: controls, what breaks lines, turns the direction of text or has no width, and what
 * YAML does not take as it is. */
static bool is_special(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0, 0x1f},       {0x7f, 0xa0},      {0xad, 0xad},      {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},
        {0x2028, 0x202e},  {0x2060, 0x206f},  {0xfe00, 0xfe0f},  {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},
        {0xe0000, 0xe0fff}, {UINT32_MAX, UINT32_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* -- strings -------------------------------------------------------------------- */

static void add_quoted(struct str *out, const char *text)
{
    static const struct {
        char c, escape;
    } escapes[] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\b', 'b'}, {'\033', 'e'}};
    str_addc(out, '"');
    for (size_t len; *text; text += len) {
        uint32_t c = decode(text, &len);
        size_t i = 0;
        while (i < ARRAY_LEN(escapes) && (uint32_t)escapes[i].c != c)
            i++;
        if (i < ARRAY_LEN(escapes))
            str_addf(out, "\\%c", escapes[i].escape);
        else if (c == UINT32_MAX)
            str_add(out, "\\uFFFD"); /* no YAML could hold the byte */
        else if (is_special(c))
            str_addf(out, c < 0x100 ? "\\x%02X" : c < 0x10000 ? "\\u%04X" : "\\U%08X", (unsigned)c);
        else
            str_addn(out, text, len);
    }
    str_addc(out, '"');
}

static void add_single_quoted(struct str *out, const char *text)
{
    str_addc(out, '\'');
    for (; *text; text++)
        str_add(out, *text == '\'' ? "''" : (char[]){*text, '\0'});
    str_addc(out, '\'');
}

enum looks { LOOKS_PLAIN, LOOKS_QUOTED, LOOKS_LINES, LOOKS_SPECIAL };

/* Whether the characters of @text may stand as they are: in a plain scalar, in quotes, only in
 * a literal block (it has line feeds), or not at all. */
static enum looks look_at(const char *text)
{
    enum looks looks = LOOKS_PLAIN;
    size_t all = strlen(text), len;
    if (all == 0 || strchr(",[]{}#&*!|>'\"%@` ", text[0]) || text[all - 1] == ' ' || text[all - 1] == ':' ||
        (strchr("-?:", text[0]) && (!text[1] || text[1] == ' ')) || strncmp(text, "---", 3) == 0 ||
        strncmp(text, "...", 3) == 0 || strstr(text, ": ") || strstr(text, " #"))
        looks = LOOKS_QUOTED;
    for (const char *c = text; *c; c += len) {
        uint32_t character = decode(c, &len);
        if (character == '\n')
            looks = LOOKS_LINES;
        else if (is_special(character))
            return LOOKS_SPECIAL;
    }
    return looks;
}

/* A literal block gives @text back exactly: its first line shows the indentation, no line
 * ends in a space, and at most one line feed ends it. */
static bool fits_literal(const char *text)
{
    size_t all = strlen(text);
    return text[0] != ' ' && text[0] != '\n' && !strstr(text, " \n") && text[all - 1] != ' ' &&
           !(text[all - 1] == '\n' && text[all - 2] == '\n');
}

static void add_literal(struct str *out, const char *text, size_t indent)
{
    str_add(out, str_ends(text, "\n") ? "|" : "|-");
    while (*text) {
        size_t line = strcspn(text, "\n");
        str_addc(out, '\n');
        str_pad(out, ' ', line ? indent : 0);
        str_addn(out, text, line);
        text += line + (text[line] == '\n');
    }
}

/* @indent: of a literal block's lines; 0: none is possible (a key, the root). */
static void add_string(struct str *out, const char *text, size_t indent)
{
    enum looks looks = look_at(text);
    if (looks == LOOKS_LINES && indent && fits_literal(text))
        add_literal(out, text, indent);
    else if (looks >= LOOKS_LINES || !yaml_plain_is_string(text))
        add_quoted(out, text);
    else if (looks == LOOKS_QUOTED)
        add_single_quoted(out, text);
    else
        str_add(out, text);
}

/* -- values --------------------------------------------------------------------- */

static bool has_children(const struct json *json)
{
    return json_first(json) != NULL;
}

static void add_scalar(struct str *out, const struct json *json, size_t indent)
{
    enum json_type type = json_type(json);
    if (type == JSON_STRING) {
        add_string(out, json_text(json), indent);
        return;
    }
    if (json_is_null(json)) {
        str_add(out, "null");
        return;
    }
    char *text = json_print(json); /* {} and [] too */
    str_add(out, text);
    free(text);
}

static void add_children(struct str *out, const struct json *json, size_t indent);

/* What follows "key:" or "-" whose own column is @indent. */
static void add_value(struct str *out, const struct json *value, size_t indent, bool after_key)
{
    if (!has_children(value)) {
        str_addc(out, ' ');
        add_scalar(out, value, indent + INDENT);
        str_addc(out, '\n');
    } else if (after_key) {
        /* A sequence stands under its key, as kubectl prints it. */
        size_t inner = json_type(value) == JSON_ARRAY ? indent : indent + INDENT;
        str_addc(out, '\n');
        str_pad(out, ' ', inner);
        add_children(out, value, inner);
    } else {
        str_addc(out, ' ');
        add_children(out, value, indent + INDENT);
    }
}

/* "key:", or "? key" and ":" on a line of its own. */
static void add_key(struct str *out, const char *key, size_t indent)
{
    bool simple = strlen(key) <= SIMPLE_KEY_MAX;
    if (!simple)
        str_add(out, "? ");
    add_string(out, key, 0);
    if (!simple) {
        str_addc(out, '\n');
        str_pad(out, ' ', indent);
    }
    str_addc(out, ':');
}

/* Members or items, the first where the cursor is, the others in column @indent. */
static void add_children(struct str *out, const struct json *json, size_t indent)
{
    bool is_object = json_type(json) == JSON_OBJECT;
    JSON_EACH(child, json) {
        if (child != json_first(json))
            str_pad(out, ' ', indent);
        if (is_object)
            add_key(out, json_key(child), indent);
        else
            str_addc(out, '-');
        add_value(out, child, indent, is_object);
    }
}

char *yaml_print(const struct json *json)
{
    struct str out;
    str_init(&out, SIZE_MAX);
    if (has_children(json)) {
        add_children(&out, json, 0);
    } else {
        add_scalar(&out, json, 0);
        str_addc(&out, '\n');
    }
    return str_take(&out);
}
