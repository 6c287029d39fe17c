#include <config.h>

#include "tui/pager_search.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

static wchar_t fold(wchar_t ch)
{
    if (ch < 0x80)
        return ch >= L'A' && ch <= L'Z' ? ch + (L'a' - L'A') : ch;
    return (wchar_t)towlower((wint_t)ch);
}

wchar_t *pager_needle(const char *needle)
{
    size_t len = needle ? strlen(needle) : 0, count = 0;
    if (len == 0)
        return NULL;
    wchar_t *folded = xreallocarray(NULL, len + 1, sizeof *folded); /* no character is less than a byte */
    for (size_t at = 0; at < len;) {
        struct text_glyph glyph;
        at += text_glyph(needle + at, len - at, &glyph);
        for (const wchar_t *ch = glyph.chars; *ch && count < len; ch++)
            folded[count++] = fold(*ch);
    }
    folded[count] = L'\0';
    return folded;
}

/* The bytes of @text that are @needle; 0: it does not begin so. Compares as the text is shown, glyph by glyph. */
static size_t begins_with(const char *text, const wchar_t *needle)
{
    size_t at = 0, len = strlen(text);
    while (*needle) {
        struct text_glyph glyph;
        size_t used = text_glyph(text + at, len - at, &glyph);
        if (used == 0)
            return 0;
        for (const wchar_t *ch = glyph.chars; *ch; ch++, needle++) {
            if (!*needle)
                break; /* what combines with the last letter may be left out of the needle */
            if (fold(*ch) != *needle)
                return 0;
        }
        at += used;
    }
    return at;
}

const char *pager_find(const char *text, const wchar_t *needle, size_t *len)
{
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if ((byte & 0xc0) == 0x80) /* within a character */
            continue;
        /* Most places are told by one byte. */
        if (byte >= ' ' && byte < 0x80 && fold((wchar_t)byte) != *needle)
            continue;
        size_t found = begins_with(at, needle);
        if (found == 0)
            continue;
        if (len)
            *len = found;
        return at;
    }
    return NULL;
}
