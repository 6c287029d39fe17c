/* runs.h - how a run is told, in the list of runs, by itself and in the notices. */
#ifndef BRDECK_SRC_TUI_RUNS_H
#define BRDECK_SRC_TUI_RUNS_H

#include "view.h"

/* "pause", "retry of pause", "br log status", "snapshot": appended. */
void run_add_what(const struct br_run *run, struct str *out);
/* The mark and the style of its outcome. */
enum state_mark run_mark(const struct br_run *run, enum style *style);
/* The word of its outcome, or while it is under way the phase: "Running 40%", "stuck". */
void run_add_stand(const struct br_run *run, struct str *out);
/* What is to be known of it: its cause where that is known, else its text. */
const char *run_text(const struct br_run *run);
/* What is done with a run (NULL: nothing), in the list and in the run itself: its log, its Backup described, its end.
 * False: another command. */
bool run_do(struct ui *ui, const struct br_run *run, enum ui_command command);
/* The hints of that. */
void run_hint(const struct br_run *run, struct hints *hints);

#endif
