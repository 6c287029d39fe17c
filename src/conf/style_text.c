#include <config.h>

#include "conf/style_text.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { WORD_MAX = 24 };

/* ECMA-48's order. */
static const char *const color_names[] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};

static const struct attr_word {
    const char *word;
    unsigned attr;
} attr_words[] = {
    {"bold", ATTR_BOLD}, {"dim", ATTR_DIM}, {"underline", ATTR_UNDERLINE}, {"reverse", ATTR_REVERSE},
};

static bool parse_hex(const char *digits, struct theme_color *color)
{
    if (strlen(digits) != 6 || strspn(digits, "0123456789abcdefABCDEF") != 6)
        return false;
    unsigned long rgb = strtoul(digits, NULL, 16);
    *color = (struct theme_color){
        .kind = COLOR_RGB_KIND, .r = (uint8_t)(rgb >> 16), .g = (uint8_t)(rgb >> 8), .b = (uint8_t)rgb};
    return true;
}

static bool parse_index(const char *digits, struct theme_color *color)
{
    size_t len = strlen(digits);
    if (len == 0 || len > 3 || strspn(digits, "0123456789") != len)
        return false;
    unsigned long index = strtoul(digits, NULL, 10);
    *color = (struct theme_color){.kind = COLOR_INDEX_KIND, .index = (uint8_t)index};
    return index < 256;
}

static bool parse_color(const char *word, struct theme_color *color)
{
    *color = (struct theme_color){.kind = COLOR_DEFAULT_KIND};
    if (strcmp(word, "default") == 0)
        return true;
    if (*word == '#')
        return parse_hex(word + 1, color);
    unsigned bright = strncmp(word, "bright-", 7) == 0 ? 8 : 0;
    const char *name = bright ? word + 7 : word;
    for (unsigned i = 0; i < ARRAY_LEN(color_names); i++)
        if (strcmp(name, color_names[i]) == 0) {
            *color = (struct theme_color){.kind = COLOR_INDEX_KIND, .index = (uint8_t)(i + bright)};
            return true;
        }
    return !bright && parse_index(word, color);
}

static unsigned find_attr(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(attr_words); i++)
        if (strcmp(word, attr_words[i].word) == 0)
            return attr_words[i].attr;
    return 0;
}

/* The next word of *text into @word; false at the end, and for a word that is too long to be one. */
static bool next_word(const char **text, char word[WORD_MAX])
{
    *text += strspn(*text, " \t");
    size_t len = strcspn(*text, " \t");
    snprintf(word, WORD_MAX, "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX - 1), *text);
    *text += len;
    return len > 0;
}

bool style_parse(const char *text, struct theme_style *style, struct error *err)
{
    struct theme_style made;
    memset(&made, 0, sizeof made);
    char word[WORD_MAX];
    bool fg = false, bg = false;
    while (next_word(&text, word)) {
        unsigned attr = find_attr(word);
        if (attr) {
            made.attrs |= attr;
            continue;
        }
        bool on = strcmp(word, "on") == 0;
        if (on && !next_word(&text, word))
            return error_set(err, ERROR_INPUT, "a colour must follow \"on\"");
        if (on ? bg : fg)
            return error_set(err, ERROR_INPUT, "\"%s\" is one colour too many: want COLOUR on COLOUR", word);
        if (!parse_color(word, on ? &made.bg : &made.fg))
            return error_set(err, ERROR_INPUT,
                             "\"%s\" is no colour: want default, red, bright-red, 0..255 or #rrggbb; or bold, dim, "
                             "underline, reverse",
                             word);
        (on ? &bg : &fg)[0] = true;
    }
    memcpy(style, &made, sizeof made);
    return true;
}
