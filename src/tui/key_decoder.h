/* key_decoder.h - the bytes of a terminal become keys and pastes.
 *
 * Bytes are fed as they come, in any pieces; keys are pulled one by one, so that whoever handles one may stop.
 * Sequences that terminfo knows are added; those of xterm, rxvt, tmux, PuTTY and the Linux console are known,
 * whatever TERM says. A sequence that means nothing here is swallowed whole.
 */
#ifndef BRDECK_TUI_KEY_DECODER_H
#define BRDECK_TUI_KEY_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/str.h>
#include <brdeck/tui/term.h>

enum { KEY_SEQUENCES_MAX = 64, KEY_SEQUENCE_BYTES = 15, KEY_PASTE_MAX = 1024 * 1024 };

struct key_sequence {
    char bytes[KEY_SEQUENCE_BYTES + 1];
    struct key_press key;
};
struct key_decoder {
    struct key_sequence sequences[KEY_SEQUENCES_MAX];
    size_t sequences_len;
    struct str in;    /* bytes not yet read */
    struct str paste; /* KEY_PASTE_MAX at most: the rest of a longer one is dropped */
    bool pasting;
};
enum key_event { KEY_EVENT_NONE, KEY_EVENT_KEY, KEY_EVENT_PASTE /* whole, in decoder->paste */ };

void key_decoder_init(struct key_decoder *decoder);
void key_decoder_done(struct key_decoder *decoder);
/* Forget what was fed. */
void key_decoder_reset(struct key_decoder *decoder);
/* @bytes is the sequence of @key; longer ones than KEY_SEQUENCE_BYTES, NULL and single characters are passed over. */
void key_decoder_add(struct key_decoder *decoder, const char *bytes, struct key_press key);
void key_decoder_feed(struct key_decoder *decoder, const char *bytes, size_t len);
/* The next key or paste; NONE: more bytes are needed. With @late the bytes that wait will not be gone on with: an
 * Esc is then the key Esc. */
enum key_event key_decoder_next(struct key_decoder *decoder, bool late, struct key_press *key);
/* Bytes wait that could be a key, if no more come: ask again with @late after the delay. */
bool key_decoder_waits(const struct key_decoder *decoder);

#endif
