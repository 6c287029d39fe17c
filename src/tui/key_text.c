#include <config.h>

#include "tui/key_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>
#include <brdeck/base/text.h>

static const struct key_word {
    const char *word;
    enum key_name name;
    wchar_t ch;
} key_words[] = {
    /* The first word of a key is the one it is printed as. */
    {"enter", KEY_NAME_ENTER, 0},
    {"esc", KEY_NAME_ESC, 0},
    {"tab", KEY_NAME_TAB, 0},
    {"backspace", KEY_NAME_BACKSPACE, 0},
    {"delete", KEY_NAME_DELETE, 0},
    {"insert", KEY_NAME_INSERT, 0},
    {"up", KEY_NAME_UP, 0},
    {"down", KEY_NAME_DOWN, 0},
    {"left", KEY_NAME_LEFT, 0},
    {"right", KEY_NAME_RIGHT, 0},
    {"home", KEY_NAME_HOME, 0},
    {"end", KEY_NAME_END, 0},
    {"pgup", KEY_NAME_PAGE_UP, 0},
    {"pgdn", KEY_NAME_PAGE_DOWN, 0},
    {"space", KEY_NAME_CHAR, L' '},
    /* What an INI file cannot have as a key. */
    {"colon", KEY_NAME_CHAR, L':'},
    {"equals", KEY_NAME_CHAR, L'='},
    {"semicolon", KEY_NAME_CHAR, L';'},
    {"hash", KEY_NAME_CHAR, L'#'},
    {"bracket", KEY_NAME_CHAR, L'['},
    {"escape", KEY_NAME_ESC, 0},
    {"return", KEY_NAME_ENTER, 0},
    {"page-up", KEY_NAME_PAGE_UP, 0},
    {"page-down", KEY_NAME_PAGE_DOWN, 0},
};

static const struct mod_word {
    const char *prefix;
    unsigned mod;
} mod_words[] = {{"ctrl-", KEY_CTRL}, {"alt-", KEY_ALT}, {"shift-", KEY_SHIFT}};

enum { WORDS_PRINTED = 15 }; /* those before the aliases */

struct key_press key_canonical(struct key_press key)
{
    static const struct same {
        wchar_t ch;
        enum key_name name;
    } same[] = {{L'm', KEY_NAME_ENTER}, {L'j', KEY_NAME_ENTER}, {L'i', KEY_NAME_TAB}, {L'h', KEY_NAME_BACKSPACE},
                {L'[', KEY_NAME_ESC}};
    if (key.name == KEY_NAME_CHAR) {
        key.mods &= ~(unsigned)KEY_SHIFT;
        if (key.mods & KEY_CTRL && key.ch >= L'A' && key.ch <= L'Z')
            key.ch += L'a' - L'A';
        if (key.mods & KEY_CTRL && key.ch == L'@')
            key.ch = L' ';
        for (size_t i = 0; key.mods & KEY_CTRL && i < ARRAY_LEN(same); i++)
            if (same[i].ch == key.ch)
                return (struct key_press){.name = same[i].name, .mods = key.mods & ~(unsigned)KEY_CTRL};
    } else if (key.name != KEY_NAME_F) {
        key.ch = 0;
    }
    return key;
}

/* Only what Ctrl makes a byte of. */
static bool takes_ctrl(struct key_press key)
{
    return key.name != KEY_NAME_CHAR || (key.ch >= L'a' && key.ch <= L'z') || (key.ch && wcschr(L" \\]^_", key.ch));
}

static bool parse_function_key(const char *text, struct key_press *key)
{
    if (*text != 'f' || strspn(text + 1, "0123456789") != strlen(text + 1) || strlen(text) < 2 || strlen(text) > 3)
        return false;
    long n = strtol(text + 1, NULL, 10);
    *key = (struct key_press){.name = KEY_NAME_F, .ch = (wchar_t)n, .mods = key->mods};
    return n >= 1 && n <= 12 && text[1] != '0';
}

/* One character that can be seen, alone. */
static bool parse_char(const char *text, struct key_press *key)
{
    struct text_glyph glyph;
    size_t len = strlen(text), used = text_glyph(text, len, &glyph);
    bool altered = glyph.chars[0] == 0xfffd || (glyph.chars[0] == L'?' && *text != '?');
    if (len == 0 || used != len || glyph.chars[1] || altered || strchr("\t\n", *text))
        return false;
    key->name = KEY_NAME_CHAR;
    key->ch = glyph.chars[0];
    return true;
}

bool key_parse(const char *text, struct key_press *out)
{
    struct key_press key = {0};
    for (size_t i = 0; i < ARRAY_LEN(mod_words);) {
        size_t len = strlen(mod_words[i].prefix);
        bool begins = strncmp(text, mod_words[i].prefix, len) == 0 && text[len];
        if (begins && key.mods & mod_words[i].mod)
            return false;
        key.mods |= begins ? mod_words[i].mod : 0;
        text += begins ? len : 0;
        i = begins ? 0 : i + 1;
    }
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(key_words) && !known; i++) {
        known = strcmp(text, key_words[i].word) == 0;
        if (known) {
            key.name = key_words[i].name;
            key.ch = key_words[i].ch;
        }
    }
    if (!known && !parse_function_key(text, &key) && !parse_char(text, &key))
        return false;
    if (key.name == KEY_NAME_CHAR && key.mods & KEY_SHIFT)
        return false; /* S, not shift-s */
    key = key_canonical(key);
    if (key.mods & KEY_CTRL && !takes_ctrl(key))
        return false;
    *out = key;
    return true;
}

/* @ch as UTF-8, by the canvas's own way to text. */
static void format_char(wchar_t ch, char *buf, size_t size)
{
    struct text_glyph glyph = {.chars = {ch}, .width = 1};
    struct canvas c;
    canvas_init(&c, 1, 1);
    canvas_glyph(&c, 0, 0, STYLE_TEXT, &glyph);
    char *text = canvas_dump(&c);
    snprintf(buf, size, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    canvas_done(&c);
}

char *key_format(struct key_press key, char buf[KEY_TEXT_MAX])
{
    char name[8 * 2] = "";
    key = key_canonical(key);
    for (size_t i = 0; i < WORDS_PRINTED && !*name; i++)
        if (key_words[i].name == key.name && key_words[i].ch == key.ch)
            snprintf(name, sizeof name, "%s", key_words[i].word);
    if (!*name && key.name == KEY_NAME_F)
        snprintf(name, sizeof name, "f%d", (int)key.ch);
    else if (!*name)
        format_char(key.ch, name, sizeof name);
    snprintf(buf, KEY_TEXT_MAX, "%s%s%s%s", key.mods & KEY_CTRL ? "ctrl-" : "", key.mods & KEY_ALT ? "alt-" : "",
             key.mods & KEY_SHIFT ? "shift-" : "", name);
    return buf;
}

bool key_equal(struct key_press a, struct key_press b)
{
    a = key_canonical(a);
    b = key_canonical(b);
    return a.name == b.name && a.ch == b.ch && a.mods == b.mods;
}
