/* Any bytes as a list or a watch, in pieces whose sizes the input chooses: the same objects as in one piece;
 * and whatever is found is looked into (rawjson.h), and agrees with the parser where that takes it. */
#include <config.h>

#include "target.h"

#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/json.h>
#include <brdeck/kube/splitter.h>
#include "kube/rawjson.h"

enum { INBOX = 1024 * 1024 };

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* "type" is a plain string in both readings, or in neither where names are doubled or escaped. */
static void look_into(const char *text, size_t len)
{
    struct raw value;
    bool found = raw_member(text, len, "type", &value);
    MUST(!found || (value.text >= text && value.len && value.text + value.len <= text + len));
    struct json *json = json_parse(text, len, NULL);
    if (!json)
        return;
    MUST(json_type(json) == JSON_OBJECT);
    if (found) {
        const struct json *member = json_get(json, "type");
        char *plain = raw_string(&value);
        MUST(member);
        /* Broken UTF-8 is mended by the parser only. */
        if (plain && json_text(member) && json_count(json) == 1 && is_ascii(plain)) {
            MUST(strcmp(plain, json_text(member)) == 0);
            MUST(raw_is_string(&value, plain));
        }
        free(plain);
    }
    json_free(&json);
}

/* All objects, one after the other, each ended by a NUL; then how it ended. */
static void split(enum splitter_kind kind, const uint8_t *data, size_t size, unsigned seed, struct str *out)
{
    struct splitter s;
    const char *text;
    size_t len;
    splitter_init(&s, kind, INBOX);
    for (size_t at = 0; at < size;) {
        size_t n = size - at;
        if (seed) {
            seed = seed * 1103515245u + 12345u;
            size_t piece = 1 + (seed >> 16) % 17;
            n = n < piece ? n : piece;
        }
        char *own = xmemdup(data + at, n);
        bool good = splitter_feed(&s, own, n);
        free(own);
        at += n;
        MUST(splitter_waiting(&s) <= s.inbox.len);
        while (splitter_next(&s, &text, &len)) {
            MUST(len >= 2 && text[0] == '{');
            if (!seed)
                look_into(text, len);
            str_addn(out, text, len);
            str_addc(out, '\0');
        }
        if (!good) {
            MUST(s.error.code != ERROR_NONE);
            break;
        }
    }
    if (splitter_end(&s)) {
        MUST(splitter_waiting(&s) == 0);
        str_add(out, splitter_rest(&s));
    } else {
        MUST(s.error.code != ERROR_NONE);
        str_add(out, s.error.text);
    }
    splitter_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > INBOX)
        return 0;
    enum splitter_kind kind = data[0] & 1 ? SPLITTER_LIST : SPLITTER_WATCH;
    struct str whole, pieces;
    str_init(&whole, STR_LARGE);
    str_init(&pieces, STR_LARGE);
    split(kind, data + 1, size - 1, 0, &whole);
    split(kind, data + 1, size - 1, 1u + data[0], &pieces);
    MUST(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
    str_done(&whole);
    str_done(&pieces);
    return 0;
}
