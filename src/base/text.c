#include <config.h>

#include <brdeck/base/text.h>

#include <langinfo.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include <brdeck/base/alloc.h>

/* -- what is let through -------------------------------------------------------- */

/* General categories that never reach a terminal. */
static const bool rejected_categories[] = {
    [UTF8PROC_CATEGORY_CN] = true, /* unassigned, as Unicode stands in utf8proc */
    [UTF8PROC_CATEGORY_CC] = true, /* control */
    [UTF8PROC_CATEGORY_CF] = true, /* format: bidi controls, joiners, soft hyphen, tags */
    [UTF8PROC_CATEGORY_CS] = true, /* surrogates */
    [UTF8PROC_CATEGORY_CO] = true, /* private use: nobody knows the width */
    [UTF8PROC_CATEGORY_ZL] = true, /* line separator */
    [UTF8PROC_CATEGORY_ZP] = true, /* paragraph separator */
};

/* Characters of harmless categories that cannot be seen (a name with one looks like
 * another name), or that ask for another shape and width of what stands before them. */
static const struct range {
    int32_t first, last;
} rejected_ranges[] = {
    {0x034f, 0x034f}, /* combining grapheme joiner */
    {0x115f, 0x1160}, /* Hangul fillers */
    {0x17b4, 0x17b5}, /* inherent vowels of Khmer */
    {0x180b, 0x180f}, /* Mongolian variation selectors */
    {0x3164, 0x3164},   {0xfe00, 0xfe0f}, /* variation selectors */
    {0xffa0, 0xffa0},   {0xe0100, 0xe01ef},
};

static bool is_rejected(int32_t c)
{
    size_t category = (size_t)utf8proc_category(c);
    if (category < ARRAY_LEN(rejected_categories) && rejected_categories[category])
        return true;
    for (size_t i = 0; i < ARRAY_LEN(rejected_ranges); i++)
        if (c >= rejected_ranges[i].first && c <= rejected_ranges[i].last)
            return true;
    return false;
}

static bool is_mark(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

bool text_is_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

static wchar_t replacement(void) { return text_is_utf8() ? 0xfffd : L'?'; }

static bool is_ascii(char c) { return (unsigned char)c < 0x80; }
static bool is_printable_ascii(char c) { return c >= ' ' && c < 0x7f; } /* no byte of UTF-8 is, signed or not */

/* -- glyphs ---------------------------------------------------------------------- */

/* One character of @len > 0 bytes; -1 for a byte that is no UTF-8. Returns its bytes. */
static size_t decode(const char *text, size_t len, int32_t *c)
{
    if (is_ascii(*text)) {
        *c = *text;
        return 1;
    }
    /* Four bytes are all that it needs; the length may be beyond its signed type. */
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text, len < 4 ? (utf8proc_ssize_t)len : 4, c);
    if (used > 0)
        return (size_t)used;
    *c = -1;
    return 1;
}

static bool is_combining(int32_t c) { return c > 0x7f && is_mark(c) && !is_rejected(c) && wcwidth((wchar_t)c) == 0; }

/* What begins a glyph: a spacing character that is let through, or what stands for it. */
static void put_base(struct text_glyph *glyph, int32_t c)
{
    int width = 1;
    if (c == '\t' || c == '\n')
        c = ' ';
    else if (c < 0 || is_rejected(c) || (c > 0x7f && !text_is_utf8()))
        c = replacement();
    else
        width = wcwidth((wchar_t)c);
    if (width != 1 && width != 2) {
        c = replacement();
        width = 1;
    }
    glyph->chars[0] = (wchar_t)c;
    glyph->width = width;
}

size_t text_glyph(const char *text, size_t len, struct text_glyph *glyph)
{
    *glyph = (struct text_glyph){.width = 1};
    if (len == 0)
        return 0;
    if (is_printable_ascii(*text) && (len == 1 || is_ascii(text[1]))) {
        glyph->chars[0] = (wchar_t)*text;
        return 1;
    }
    int32_t c;
    size_t used = decode(text, len, &c), marks = 0;
    bool combines = text_is_utf8();
    if (combines && is_combining(c)) { /* with nothing to stand on */
        used = 0;
        c = -1;
    }
    put_base(glyph, c);
    while (combines && used < len) {
        size_t more = decode(text + used, len - used, &c);
        if (!is_combining(c))
            break;
        used += more;
        if (marks < TEXT_COMBINING_MAX)
            glyph->chars[1 + marks++] = (wchar_t)c;
    }
    return used;
}

/* All of the glyph or, where @out is full, nothing of it. */
static void add_glyph(struct str *out, const struct text_glyph *glyph)
{
    char bytes[4 * ARRAY_LEN(glyph->chars)];
    size_t len = 0;
    if (glyph->chars[0] < 0x80 && !glyph->chars[1]) {
        str_addc(out, (char)glyph->chars[0]);
        return;
    }
    for (const wchar_t *c = glyph->chars; *c; c++)
        len += (size_t)utf8proc_encode_char((utf8proc_int32_t)*c, (utf8proc_uint8_t *)bytes + len);
    if (len > out->max - out->len)
        out->cut = true;
    else
        str_addn(out, bytes, len);
}

/* -- lines ------------------------------------------------------------------------- */

size_t text_width(const char *text)
{
    size_t columns = 0, len = text ? strlen(text) : 0;
    for (size_t at = 0; at < len;) {
        /* Each ASCII byte takes one column, even what is replaced; what follows may combine. */
        size_t run = 0;
        while (at + run < len && is_ascii(text[at + run]))
            run++;
        at += run;
        columns += run;
        if (at == len)
            break;
        if (run > 0) {
            at--;
            columns--;
        }
        struct text_glyph glyph;
        at += text_glyph(text + at, len - at, &glyph);
        columns += (size_t)glyph.width;
    }
    return columns;
}

static void add_clean(struct str *out, const char *text, bool keep_lines)
{
    size_t len = text ? strlen(text) : 0;
    for (size_t at = 0; at < len && !out->cut;) {
        size_t run = 0;
        while (at + run < len && is_printable_ascii(text[at + run]))
            run++;
        if (run > 0 && at + run < len && !is_ascii(text[at + run]))
            run--; /* what follows may combine with it */
        str_addn(out, text + at, run);
        at += run;
        if (at == len)
            break;
        struct text_glyph glyph;
        if (keep_lines && text[at] == '\n') {
            str_addc(out, '\n');
            at++;
        } else {
            at += text_glyph(text + at, len - at, &glyph);
            add_glyph(out, &glyph);
        }
    }
}

void text_add_clean(struct str *out, const char *text) { add_clean(out, text, false); }

void text_add_clean_lines(struct str *out, const char *text) { add_clean(out, text, true); }

/* -- wrapping ----------------------------------------------------------------------- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Where a line begins after one that was broken at @text: behind the blanks, and behind
 * the line feed that would have ended it anyway. NULL: nowhere. */
static const char *next_line(const char *text)
{
    while (is_blank(*text))
        text++;
    if (*text == '\n')
        text++;
    return *text ? text : NULL;
}

/* @text without the blanks at the end of its @len bytes. */
static size_t without_blanks(const char *text, size_t len)
{
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    return len;
}

size_t text_wrap(const char *text, size_t width, const char **next)
{
    size_t len = text ? strlen(text) : 0, at = 0, columns = 0, blank = 0;
    bool word = false; /* breaking inside of the indent would give an empty line */
    *next = NULL;
    while (at < len && text[at] != '\n') {
        struct text_glyph glyph;
        size_t used = text_glyph(text + at, len - at, &glyph);
        if (is_blank(text[at]) && used == 1) {
            if (word)
                blank = at;
        } else {
            word = true;
        }
        if (at > 0 && columns + (size_t)glyph.width > width) {
            size_t line = blank > 0 ? without_blanks(text, blank) : at;
            *next = next_line(text + line);
            return line;
        }
        at += used;
        columns += (size_t)glyph.width;
    }
    if (at < len && text[at + 1])
        *next = text + at + 1;
    return at;
}

/* -- searching ------------------------------------------------------------------------ */

static int32_t fold(int32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    utf8proc_int32_t folded[4];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(c, folded, ARRAY_LEN(folded), UTF8PROC_CASEFOLD, &boundary);
    return count == 1 ? folded[0] : utf8proc_tolower(c); /* simple folding keeps one character one */
}

/* The next character of @text folded; a byte that is no UTF-8 equals only itself. */
static size_t decode_folded(const char *text, size_t len, int32_t *c)
{
    size_t used = decode(text, len, c);
    *c = *c < 0 ? -(int32_t)(unsigned char)*text : fold(*c);
    return used;
}

static bool starts_folded(const char *text, size_t len, const char *needle, size_t needle_len)
{
    while (needle_len > 0) {
        int32_t a, b;
        if (len == 0)
            return false;
        size_t used = decode_folded(text, len, &a), wanted = decode_folded(needle, needle_len, &b);
        if (a != b)
            return false;
        text += used;
        len -= used;
        needle += wanted;
        needle_len -= wanted;
    }
    return true;
}

bool text_contains_fold(const char *text, const char *needle)
{
    size_t needle_len = needle ? strlen(needle) : 0, len = text ? strlen(text) : 0;
    if (needle_len == 0)
        return true;
    int32_t first, c;
    decode_folded(needle, needle_len, &first);
    for (size_t at = 0; at < len;) {
        size_t used = decode_folded(text + at, len - at, &c);
        if (c == first && starts_folded(text + at, len - at, needle, needle_len))
            return true;
        at += used;
    }
    return false;
}
