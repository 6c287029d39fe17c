/* dialog.h - what the dialogs share: the box at the foot of the screen, whose the keys are, a plan told in words. */
#ifndef BRDECK_SRC_TUI_DIALOG_H
#define BRDECK_SRC_TUI_DIALOG_H

#include "question.h"
#include "view.h"

/* Esc, and what is as good as it. */
bool dialog_leaves(struct key_press key);
/* A key that the dialog whose keymap is @keys does not type: those of its text, those that every screen has, and that
 * of @own (UI_NONE: it has none). */
bool dialog_is_command(const struct ui *ui, const char *keys, struct key_press key, enum ui_command own);
/* Whether @key is for what the dialog asks. While it @asks nothing only Enter is (which tries again); and keys that
 * were typed before the question was @seen do not answer it. */
bool dialog_takes(bool asks, bool seen, struct key_press key);

/* The dialog into the foot of @r, as high as it needs: a rule, the text, and the question with what was typed in
 * answer. @must_see is a line of the text that is scrolled to where not all fits; NOTHING: none. Returns whether the
 * text is cut; where that is other than @was_cut, *@until_ms is now, because the hints were collected before it was
 * known. */
enum { NOTHING = -1 };
bool dialog_draw(struct ui *ui, struct pager *pager, long must_see, const struct question *question,
                 struct line_edit *line, struct rect r, bool was_cut, int64_t *until_ms);

/* Append to @pager what @plan says. How to confirm it is left out: the last line of the dialog asks that. With
 * @yaml_below neither is the object that is sent, which stands below. */
void dialog_describe(struct ui *ui, struct pager *pager, const struct br_plan *plan, bool yaml_below);

/* What does the same with kubectl, of all @plans that know it (those that are NULL do not), to the clipboard; says
 * so. */
void dialog_copy(struct ui *ui, struct br_plan *const *plans, size_t count);
/* Its hint, where there is one to copy. */
void dialog_hint_copy(struct hints *hints, struct br_plan *const *plans, size_t count);
/* "Created NAME. It is followed...", or why not. */
void dialog_say_created(struct ui *ui, bool begun, const char *name, const struct error *err);

#endif
