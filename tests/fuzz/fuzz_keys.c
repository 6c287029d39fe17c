/* Any bytes: as what a terminal sends (fed whole and byte by byte they are the same keys, none of which is
 * unprintable), as the name of a key, as a config file, and as a theme's style. */
#include <config.h>

#include "target.h"

#include <locale.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/conf/options.h>
#include <brdeck/conf/theme.h>
#include <brdeck/tui/keymap.h>
#include <brdeck/tui/widgets.h>

#include "conf/style_text.h"
#include "tui/key_decoder.h"

enum { CONFIG_MAX = 4096, FEED_MAX = 4096 };

static void check_key(struct key_press key)
{
    char text[KEY_TEXT_MAX], again[KEY_TEXT_MAX];
    struct key_press parsed;
    MUST(*key_format(key, text) && strlen(text) < KEY_TEXT_MAX);
    if (key_parse(text, &parsed)) { /* what cannot be shown has no name */
        MUST(key_equal(key, parsed));
        MUST(str_same(key_format(parsed, again), text));
    }
}

static void check_name(const char *text)
{
    struct key_press key;
    if (key_parse(text, &key)) {
        struct key_press again;
        char name[KEY_TEXT_MAX];
        MUST(key_parse(key_format(key, name), &again));
        MUST(key_equal(key, again));
    }
}

/* Every key of what was fed, as text. */
static void pull(struct key_decoder *decoder, bool late, struct str *out, struct line_edit *line)
{
    struct key_press key;
    for (enum key_event event; (event = key_decoder_next(decoder, late, &key)) != KEY_EVENT_NONE;) {
        char text[KEY_TEXT_MAX];
        if (event == KEY_EVENT_PASTE) {
            str_addf(out, "<%zu>", decoder->paste.len);
            line_edit_paste(line, decoder->paste.data, decoder->paste.len);
            continue;
        }
        check_key(key);
        str_addf(out, "%s ", key_format(key, text));
        line_edit_key(line, key);
        MUST(line->cursor <= line->text.len && line->text.len <= line->text.max);
    }
}

static void check_bytes(const char *bytes, size_t size, size_t step, struct str *out)
{
    struct key_decoder decoder;
    struct line_edit line;
    key_decoder_init(&decoder);
    line_edit_init(&line, 200);
    for (size_t at = 0; at < size; at += step) {
        key_decoder_feed(&decoder, bytes + at, size - at < step ? size - at : step);
        pull(&decoder, false, out, &line);
    }
    pull(&decoder, true, out, &line);
    MUST(!key_decoder_waits(&decoder));
    line_edit_done(&line);
    key_decoder_done(&decoder);
}

static void check_config(const char *text, size_t size)
{
    struct options *options = options_new();
    struct keymap *map = keymap_new();
    struct error err = {0};
    bool read = options_read_text(options, "f", text, size, &err);
    MUST(read == (err.code == ERROR_NONE) && read == !*err.text);
    if (read && !keymap_configure(map, options, &err))
        MUST(str_starts(err.text, "f:"));
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];
        int64_t number = options_number(options, option->id);
        MUST(options_text(options, option->id));
        MUST(option->type == OPTION_TEXT || option->type == OPTION_CHOICE ||
             (number >= option->least && number <= option->most));
    }
    keymap_free(&map);
    options_free(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    setlocale(LC_CTYPE, "C.UTF-8"); /* libFuzzer's main does not */
    char *text = xmalloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    struct str whole, pieces;
    struct theme_style style;
    str_init(&whole, STR_LARGE);
    str_init(&pieces, STR_LARGE);
    size_t fed = size < FEED_MAX ? size : FEED_MAX;
    check_bytes(text, fed, FEED_MAX, &whole);
    check_bytes(text, fed, 1, &pieces);
    MUST(str_same(whole.data, pieces.data));
    check_name(text);
    check_config(text, size < CONFIG_MAX ? size : CONFIG_MAX);
    style_parse(text, &style, NULL);
    str_done(&whole);
    str_done(&pieces);
    free(text);
    return 0;
}
