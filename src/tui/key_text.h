/* key_text.h - keys that a terminal sends as the same byte are one key here. */
#ifndef BRDECK_TUI_KEY_TEXT_H
#define BRDECK_TUI_KEY_TEXT_H

#include <brdeck/tui/term.h>

/* ctrl-m is enter, ctrl-i tab, ctrl-h backspace, ctrl-[ esc, ctrl-j enter; ctrl-R is ctrl-r; shift belongs to
 * named keys only. */
struct key_press key_canonical(struct key_press key);

#endif
