/* widgets.h - a line that is typed, a text that is paged, a list that is picked from.
 *
 * They hold state and draw themselves; what happens with what was typed is their owner's.
 */
#ifndef BRDECK_TUI_WIDGETS_H
#define BRDECK_TUI_WIDGETS_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/str.h>
#include <brdeck/tui/canvas.h>
#include <brdeck/tui/keymap.h>
#include <brdeck/tui/term.h>

/* -- a line editor (readline's keys: ctrl-a e b f u k w d p n, alt-b f d, arrows), with history --------- */
struct line_edit {
    struct str text;    /* UTF-8 */
    size_t cursor;      /* byte offset, at a glyph */
    size_t scroll;      /* first byte shown */
    char **history;
    size_t history_count, history_at; /* history_at == history_count: the line that is being typed */
    char *draft;        /* that line, while an older one is shown; NULL: none */
    bool secret;        /* drawn as dots */
};
enum line_result {
    LINE_TYPING,
    LINE_DONE,     /* Enter */
    LINE_CANCEL,   /* Esc, ctrl-c, ctrl-g */
    LINE_COMPLETE, /* Tab */
    LINE_IGNORED,  /* not a key of its */
};
/* At most @max bytes are taken. */
void line_edit_init(struct line_edit *line, size_t max);
void line_edit_done(struct line_edit *line);
void line_edit_set(struct line_edit *line, const char *text);
enum line_result line_edit_key(struct line_edit *line, struct key_press key);
/* Pasted text: one line (a tab or line feed becomes a space, those at the end are dropped), without what cannot be
 * shown: it would stand in a name unseen. */
void line_edit_paste(struct line_edit *line, const char *text, size_t len);
/* Keep the present text as the newest of the history (of 100), unless it is empty, secret, or the newest already. */
void line_edit_remember(struct line_edit *line);
/* Draw it and set the terminal's cursor. */
void line_edit_draw(struct line_edit *line, struct canvas *c, int row, int col, int width, enum style style);

/* -- a pager: styled lines, wrapped or scrolled sideways, searched ------------------- */
struct pager;
struct pager *pager_new(void);
void pager_free(struct pager **pager);
void pager_clear(struct pager *pager);
/* The same for a text that comes anew: the place and the search stay. */
void pager_renew(struct pager *pager);
/* A line of pieces: pager_add begins one; pager_more goes on in another style. */
void pager_add(struct pager *pager, enum style style, unsigned indent, const char *text);
void pager_more(struct pager *pager, enum style style, const char *text);
/* A line "label  text": the text begins @width + 2 columns right of @indent (further where the label is longer), and
 * what is wrapped hangs under it. */
void pager_add_labelled(struct pager *pager, unsigned indent, unsigned width, enum style label_style, const char *label,
                        enum style style, const char *text);
/* Text of many lines, in one style. */
void pager_add_text(struct pager *pager, enum style style, const char *text);
/* The pager's own keys, for keymap_add: less's. */
extern const struct key_binding pager_keys[];
extern const size_t pager_keys_count;
/* Commands it knows: moves, search-next/prev, wrap. False: not its own. Pages are as high as the last draw. */
bool pager_command(struct pager *pager, enum ui_command command);
/* Search regardless of case, from the first line shown, and round the end; what is found stays highlighted. False
 * when it is found nowhere. NULL or "" ends the search. */
bool pager_search(struct pager *pager, const char *needle);
void pager_draw(struct pager *pager, struct canvas *c, struct rect r);
size_t pager_lines(const struct pager *pager);
size_t pager_bytes(const struct pager *pager);
/* For a text that grows: whether its last row is shown; its first line shown, and to go there; to drop lines from its
 * beginning, while what is shown stays where it is. */
bool pager_at_end(const struct pager *pager);
size_t pager_top(const struct pager *pager);
void pager_go(struct pager *pager, size_t line);
void pager_drop(struct pager *pager, size_t count);
/* The rows that all lines take at @cols. */
size_t pager_rows(struct pager *pager, int cols);
/* "12-40 of 112 (35%)" for the bar: lines, as of the last draw. */
void pager_position(const struct pager *pager, struct str *out);
/* All its text, for the clipboard. The caller frees. */
char *pager_text(const struct pager *pager);

#endif
