#include <config.h>

#include "tui/key_decoder.h"

#include <string.h>

#include <brdeck/base/alloc.h>

#include "tui/key_text.h"

enum { ESC = 0x1b, IN_MAX = 64 * 1024, CSI_MAX = 64 /* longer than any */ };

static const char paste_begin[] = "\033[200~", paste_end[] = "\033[201~";

/* What a try to read a key says: the bytes it took, or one of these. */
enum { MORE = 0, NO_KEY = -1 };

void key_decoder_init(struct key_decoder *d)
{
    *d = (struct key_decoder){0};
    str_init(&d->in, IN_MAX);
    str_init(&d->paste, KEY_PASTE_MAX);
}

void key_decoder_done(struct key_decoder *d)
{
    str_done(&d->in);
    str_done(&d->paste);
}

void key_decoder_reset(struct key_decoder *d)
{
    str_clear(&d->in);
    str_clear(&d->paste);
    d->pasting = false;
}

void key_decoder_add(struct key_decoder *d, const char *bytes, struct key_press key)
{
    size_t len = bytes ? strlen(bytes) : 0;
    if (len < 2 || len > KEY_SEQUENCE_BYTES || *bytes != ESC || d->sequences_len == KEY_SEQUENCES_MAX)
        return;
    struct key_sequence *sequence = &d->sequences[d->sequences_len++];
    memcpy(sequence->bytes, bytes, len + 1);
    sequence->key = key;
}

void key_decoder_feed(struct key_decoder *d, const char *bytes, size_t len) { str_addn(&d->in, bytes, len); }

bool key_decoder_waits(const struct key_decoder *d) { return d->in.len > 0 && !d->pasting; }

/* -- escape sequences ------------------------------------------------------------------ */

/* xterm's: CSI final, or SS3 final. */
static const struct final_key {
    char final;
    enum key_name name;
    wchar_t ch;
} final_keys[] = {
    {'A', KEY_NAME_UP, 0},   {'B', KEY_NAME_DOWN, 0}, {'C', KEY_NAME_RIGHT, 0}, {'D', KEY_NAME_LEFT, 0},
    {'H', KEY_NAME_HOME, 0}, {'F', KEY_NAME_END, 0},  {'P', KEY_NAME_F, 1},     {'Q', KEY_NAME_F, 2},
    {'R', KEY_NAME_F, 3},    {'S', KEY_NAME_F, 4},    {'M', KEY_NAME_ENTER, 0}, {'Z', KEY_NAME_TAB, 0},
};

/* CSI number ~, of VT220 and its many children. */
static const struct tilde_key {
    unsigned number;
    enum key_name name;
    wchar_t ch;
} tilde_keys[] = {
    {1, KEY_NAME_HOME, 0},    {2, KEY_NAME_INSERT, 0}, {3, KEY_NAME_DELETE, 0},    {4, KEY_NAME_END, 0},
    {5, KEY_NAME_PAGE_UP, 0}, {6, KEY_NAME_PAGE_DOWN, 0}, {7, KEY_NAME_HOME, 0},   {8, KEY_NAME_END, 0},
    {11, KEY_NAME_F, 1},      {12, KEY_NAME_F, 2},     {13, KEY_NAME_F, 3},        {14, KEY_NAME_F, 4},
    {15, KEY_NAME_F, 5},      {17, KEY_NAME_F, 6},     {18, KEY_NAME_F, 7},        {19, KEY_NAME_F, 8},
    {20, KEY_NAME_F, 9},      {21, KEY_NAME_F, 10},    {23, KEY_NAME_F, 11},       {24, KEY_NAME_F, 12},
};

/* xterm's second parameter: 1 + shift 1 + alt 2 + ctrl 4. */
static unsigned mods_of(unsigned parameter)
{
    unsigned bits = parameter > 0 ? parameter - 1 : 0;
    return (bits & 1 ? KEY_SHIFT : 0U) | (bits & 2 ? KEY_ALT : 0U) | (bits & 4 ? KEY_CTRL : 0U);
}

static bool key_of_final(char final, unsigned parameter, struct key_press *key)
{
    for (size_t i = 0; i < ARRAY_LEN(final_keys); i++)
        if (final_keys[i].final == final) {
            *key = (struct key_press){final_keys[i].name, final_keys[i].ch, mods_of(parameter)};
            if (final == 'Z')
                key->mods |= KEY_SHIFT;
            return true;
        }
    return false;
}

static bool key_of_tilde(unsigned number, unsigned parameter, struct key_press *key)
{
    for (size_t i = 0; i < ARRAY_LEN(tilde_keys); i++)
        if (tilde_keys[i].number == number) {
            *key = (struct key_press){tilde_keys[i].name, tilde_keys[i].ch, mods_of(parameter)};
            return true;
        }
    return false;
}

static struct key_press key_of_char(wchar_t ch);

/* CSI code ; mods u, where a terminal tells keys apart that have one byte. */
static bool key_of_code(unsigned code, unsigned parameter, struct key_press *key)
{
    if (code == 0 || code >= 0x110000)
        return false;
    *key = key_of_char((wchar_t)code);
    key->mods |= mods_of(parameter);
    *key = key_canonical(*key);
    return true;
}

/* The parameters between CSI and its final byte: missing ones are 0, too large ones stay large. */
static void read_parameters(const char *bytes, size_t len, unsigned parameters[3])
{
    size_t at = 0;
    for (size_t i = 0; i < len && at < 3; i++) {
        if (bytes[i] == ';')
            at++;
        else if (bytes[i] >= '0' && bytes[i] <= '9' && parameters[at] < 0x1000000)
            parameters[at] = parameters[at] * 10 + (unsigned)(bytes[i] - '0');
    }
}

/* @len bytes at @s begin with ESC [. */
static int try_csi(const char *s, size_t len, struct key_press *key, bool *is_key)
{
    size_t at = 2;
    while (at < len && at < CSI_MAX && s[at] >= 0x20 && s[at] <= 0x3f)
        at++;
    if (at == CSI_MAX) /* noise */
        return CSI_MAX;
    if (at == len)
        return MORE;
    char final = s[at];
    if (final < 0x40 || final > 0x7e)
        return (int)at; /* broken off: what broke it is read on its own */
    if (final == '[' && at == 2) { /* the Linux console: ESC [ [ A is F1 */
        if (len == 3)
            return MORE;
        *is_key = s[3] >= 'A' && s[3] <= 'E';
        *key = (struct key_press){KEY_NAME_F, (wchar_t)(s[3] - 'A' + 1), 0};
        return 4;
    }
    unsigned parameters[3] = {0};
    read_parameters(s + 2, at - 2, parameters);
    if (final == '~' && parameters[0] == 27) /* modifyOtherKeys */
        *is_key = key_of_code(parameters[2], parameters[1], key);
    else if (final == '~')
        *is_key = key_of_tilde(parameters[0], parameters[1], key);
    else if (final == 'u')
        *is_key = key_of_code(parameters[0], parameters[1], key);
    else if (final != 'M' && (at == 2 || (s[2] >= '0' && s[2] <= '9')))
        *is_key = key_of_final(final, parameters[1], key);
    return (int)at + 1;
}

/* @len bytes at @s begin with ESC O. */
static int try_ss3(const char *s, size_t len, struct key_press *key, bool *is_key)
{
    size_t at = 2;
    unsigned mods = 0;
    if (at < len && s[at] >= '1' && s[at] <= '8') /* old xterms: ESC O 5 A */
        mods = (unsigned)(s[at++] - '0');
    if (at == len)
        return MORE;
    *is_key = key_of_final(s[at], mods, key);
    if (!*is_key && s[at] >= 'j' && s[at] <= 'y') { /* the keypad */
        *key = (struct key_press){KEY_NAME_CHAR, (wchar_t)(s[at] - 'j' + '*'), 0};
        *is_key = true;
    }
    return (int)at + 1;
}

/* What terminfo says. Also MORE, when the bytes are the beginning of one of its. */
static int try_sequences(const struct key_decoder *d, const char *s, size_t len, struct key_press *key)
{
    int result = NO_KEY;
    for (size_t i = 0; i < d->sequences_len; i++) {
        const struct key_sequence *sequence = &d->sequences[i];
        size_t want = strlen(sequence->bytes);
        if (len >= want && memcmp(s, sequence->bytes, want) == 0) {
            *key = sequence->key;
            return (int)want;
        }
        if (len < want && memcmp(s, sequence->bytes, len) == 0)
            result = MORE;
    }
    return result;
}

/* -- characters --------------------------------------------------------------------------- */

static struct key_press key_of_char(wchar_t ch)
{
    static const struct named {
        wchar_t ch;
        enum key_name name;
    } named[] = {{'\r', KEY_NAME_ENTER}, {'\n', KEY_NAME_ENTER}, {'\t', KEY_NAME_TAB}, {ESC, KEY_NAME_ESC},
                 {0x7f, KEY_NAME_BACKSPACE}, {'\b', KEY_NAME_BACKSPACE}};
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (named[i].ch == ch)
            return (struct key_press){.name = named[i].name};
    if (ch == 0)
        return (struct key_press){.ch = L' ', .mods = KEY_CTRL};
    if (ch < 0x1b)
        return (struct key_press){.ch = ch + L'a' - 1, .mods = KEY_CTRL};
    if (ch < 0x20)
        return (struct key_press){.ch = ch + L'@', .mods = KEY_CTRL};
    return (struct key_press){.ch = ch};
}

/* One character of UTF-8; a byte that is none is swallowed. */
static int try_char(const char *s, size_t len, bool late, struct key_press *key, bool *is_key)
{
    unsigned char first = (unsigned char)*s;
    size_t want = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (want == 0)
        return 1;
    unsigned long ch = want == 1 ? first : first & (0x7fUL >> want);
    for (size_t i = 1; i < want; i++) {
        if (i == len)
            return late ? (int)len : MORE;
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return (int)i;
        ch = ch << 6 | ((unsigned char)s[i] & 0x3f);
    }
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    *is_key = ch >= least[want] && ch < 0x110000 && !(ch >= 0xd800 && ch < 0xe000) && !(ch >= 0x80 && ch < 0xa0);
    *key = key_of_char((wchar_t)ch);
    return (int)want;
}

/* -- all together ----------------------------------------------------------------------------- */

static int try_escape(const struct key_decoder *d, const char *s, size_t len, bool late, struct key_press *key,
                      bool *is_key)
{
    if (len == 1) {
        *key = (struct key_press){.name = KEY_NAME_ESC};
        *is_key = late;
        return late ? 1 : MORE;
    }
    int used = try_sequences(d, s, len, key);
    if (used > 0)
        *is_key = true;
    if (used > 0 || (used == MORE && !late))
        return used;
    used = s[1] == '[' ? try_csi(s, len, key, is_key) : s[1] == 'O' ? try_ss3(s, len, key, is_key) : NO_KEY;
    if (used > 0 || (used == MORE && !late))
        return used;
    if (used == MORE && len > 2) /* begun and never ended */
        return (int)len;
    /* Esc before something else is Alt; Esc twice is Esc, but before a sequence it is Alt as well (rxvt). */
    if (s[1] == ESC && len == 2 && !late)
        return MORE;
    if (s[1] == ESC && (len == 2 || (s[2] != '[' && s[2] != 'O'))) {
        *key = (struct key_press){.name = KEY_NAME_ESC};
        *is_key = true;
        return 1;
    }
    used = s[1] == ESC ? try_escape(d, s + 1, len - 1, late, key, is_key) : try_char(s + 1, len - 1, late, key, is_key);
    key->mods |= KEY_ALT;
    return used == MORE ? MORE : used + 1;
}

/* Move what belongs to the paste out of @in; true when its end was found. */
static bool read_paste(struct key_decoder *d)
{
    const size_t end_len = strlen(paste_end);
    size_t at = 0;
    while (at < d->in.len) {
        const char *esc = memchr(d->in.data + at, ESC, d->in.len - at);
        size_t upto = esc ? (size_t)(esc - d->in.data) : d->in.len;
        str_addn(&d->paste, d->in.data + at, upto - at);
        at = upto;
        size_t left = d->in.len - at;
        if (left >= end_len && memcmp(esc, paste_end, end_len) == 0) {
            str_drop(&d->in, at + end_len);
            d->pasting = false;
            return true;
        }
        if (left > 0 && left < end_len && memcmp(esc, paste_end, left) == 0)
            break; /* perhaps its end */
        if (left > 0) {
            str_addc(&d->paste, ESC);
            at++;
        }
    }
    str_drop(&d->in, at);
    return false;
}

enum key_event key_decoder_next(struct key_decoder *d, bool late, struct key_press *key)
{
    while (d->in.len > 0) {
        if (d->pasting)
            return read_paste(d) ? KEY_EVENT_PASTE : KEY_EVENT_NONE;
        const size_t begin_len = strlen(paste_begin);
        if (d->in.len >= begin_len && memcmp(d->in.data, paste_begin, begin_len) == 0) {
            str_drop(&d->in, begin_len);
            str_clear(&d->paste);
            d->pasting = true;
            continue;
        }
        bool is_key = false;
        *key = (struct key_press){0};
        int used = *d->in.data == ESC ? try_escape(d, d->in.data, d->in.len, late, key, &is_key)
                                      : try_char(d->in.data, d->in.len, late, key, &is_key);
        if (used == MORE)
            return KEY_EVENT_NONE;
        str_drop(&d->in, (size_t)used);
        if (is_key)
            return KEY_EVENT_KEY;
    }
    return KEY_EVENT_NONE;
}
