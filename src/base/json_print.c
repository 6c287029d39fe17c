#include <config.h>

#include "json_private.h"

#include <string.h>
#include <utf8proc.h>

#include <brdeck/base/str.h>

/* cJSON's printer is not used: it leaves alone what a terminal would obey beyond the
 * C0 characters, and indents by tabs. */
struct printer {
    struct str out;
    bool pretty;
    size_t depth;
};

static void print_value(struct printer *p, const struct json *json);

/* Characters beyond ASCII that steer a terminal or its direction of text, or that
 * nobody would see. Escaped they mean the same. */
static const struct range {
    int32_t first, last;
} escaped[] = {
    {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
};

static bool is_escaped(int32_t c)
{
    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++)
        if (c >= escaped[i].first && c <= escaped[i].last)
            return true;
    return false;
}

/* One character that does not stand for itself, or is not ASCII. Returns its bytes. */
static size_t print_hard_char(struct str *out, const char *text)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *named = strchr(bytes, *text);
    if (named) {
        str_addf(out, "\\%c", names[named - bytes]);
        return 1;
    }
    int32_t c;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &c);
    if (used <= 0) { /* built here, from a string that was no UTF-8 */
        str_add(out, "\357\277\275");
        return 1;
    }
    if (c < ' ' || is_escaped(c))
        str_addf(out, "\\u%04x", (unsigned)c);
    else
        str_addn(out, text, (size_t)used);
    return (size_t)used;
}

static bool is_easy(char c) { return c >= ' ' && (unsigned char)c < 0x7f && c != '"' && c != '\\'; }

static void print_string(struct str *out, const char *text)
{
    str_addc(out, '"');
    while (*text) {
        size_t easy = 0;
        while (is_easy(text[easy]))
            easy++;
        str_addn(out, text, easy);
        text += easy;
        if (*text)
            text += print_hard_char(out, text);
    }
    str_addc(out, '"');
}

static void new_line(struct printer *p)
{
    if (!p->pretty)
        return;
    str_addc(&p->out, '\n');
    str_pad(&p->out, ' ', p->depth * 2);
}

static void print_children(struct printer *p, const struct json *json, char open, char close)
{
    str_addc(&p->out, open);
    p->depth++;
    JSON_EACH(child, json)
    {
        if (child != json_first(json))
            str_addc(&p->out, ',');
        new_line(p);
        if (open == '{') {
            print_string(&p->out, json_key(child));
            str_add(&p->out, p->pretty ? ": " : ":");
        }
        print_value(p, child);
    }
    p->depth--;
    if (json_first(json))
        new_line(p);
    str_addc(&p->out, close);
}

static void print_value(struct printer *p, const struct json *json)
{
    char number[JSON_NUMBER_MAX];
    switch (json_type(json)) {
    case JSON_BOOL:
        str_add(&p->out, json_is_true(json) ? "true" : "false");
        break;
    case JSON_NUMBER:
        str_add(&p->out, json_number_text(json_node(json), number));
        break;
    case JSON_STRING:
        print_string(&p->out, json_text(json));
        break;
    case JSON_ARRAY:
        print_children(p, json, '[', ']');
        break;
    case JSON_OBJECT:
        print_children(p, json, '{', '}');
        break;
    default:
        str_add(&p->out, "null");
    }
}

static char *print(const struct json *json, bool pretty)
{
    struct printer p = {.pretty = pretty};
    str_init(&p.out, SIZE_MAX / 4); /* a tree that fits in memory is printed whole */
    print_value(&p, json);
    if (pretty)
        str_addc(&p.out, '\n');
    return str_take(&p.out);
}

char *json_print(const struct json *json) { return print(json, false); }

char *json_print_pretty(const struct json *json) { return print(json, true); }
