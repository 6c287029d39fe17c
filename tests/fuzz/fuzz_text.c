/* Any bytes: cleaned text has nothing in it that moves a cursor, is as wide as promised,
 * and is clean; cutting and wrapping keep to their width. */
#include <config.h>

#include "target.h"

#include <locale.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

enum { WIDTH_MAX = 12 };

static void check_clean(const char *text)
{
    size_t width = 0;
    struct text_glyph glyph;
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        MUST((unsigned char)*at >= ' ' && *at != 0x7f);
        at += text_glyph(at, (size_t)(end - at), &glyph);
        MUST(glyph.width == 1 || glyph.width == 2);
        MUST(wcswidth(glyph.chars, ARRAY_LEN(glyph.chars)) == glyph.width);
        width += (size_t)glyph.width;
    }
    MUST(width == text_width(text));
}

static void check_cleaning(const char *text)
{
    struct str clean, again;
    str_init(&clean, STR_LARGE);
    str_init(&again, STR_LARGE);
    text_add_clean(&clean, text);
    check_clean(clean.data);
    MUST(text_width(clean.data) == text_width(text));
    text_add_clean(&again, clean.data);
    MUST(str_same(clean.data, again.data));
    str_clear(&again);
    text_add_clean_lines(&again, text);
    for (const char *c = again.data; *c; c++)
        MUST(*c == '\n' || ((unsigned char)*c >= ' ' && *c != 0x7f));
    str_done(&clean);
    str_done(&again);
}

static void check_wrap(const char *text, size_t width)
{
    const char *end = text + strlen(text), *next;
    do {
        size_t len = text_wrap(text, width, &next);
        MUST(len <= (size_t)(end - text) && !memchr(text, '\n', len));
        MUST(!next || (next > text && next >= text + len && next < end));
        char *line = xstrndup(text, len);
        struct text_glyph glyph;
        MUST(text_width(line) <= width || text_glyph(line, len, &glyph) == len);
        free(line);
        text = next;
    } while (text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    setlocale(LC_CTYPE, "C.UTF-8"); /* libFuzzer's main does not */
    char *text = xmalloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    check_cleaning(text);
    for (size_t width = 0; width <= WIDTH_MAX; width++) {
        check_wrap(text, width);
    }
    MUST(text_contains_fold(text, text));
    MUST(text_contains_fold(text, text + strlen(text)));
    free(text);
    return 0;
}
