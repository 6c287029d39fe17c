/* journal.h - what was done, to whom, when, by whom: append-only, 0600, one JSON object a line.
 *
 * A line of intent is on the disk (fsync) before a write is sent, and one of outcome after.
 */
#ifndef BRDECK_BR_JOURNAL_H
#define BRDECK_BR_JOURNAL_H

#include <stdbool.h>

#include <brdeck/base/error.h>
#include <brdeck/br/runner.h>

struct journal;
/* @path NULL: journal.jsonl in the state folder. NULL and @err when it cannot be written: then nothing may be sent. */
struct journal *journal_open(const char *path, struct error *err);
void journal_close(struct journal **journal);
bool journal_intent(struct journal *journal, const struct br_run *run, const struct br_plan *plan, struct error *err);
bool journal_outcome(struct journal *journal, const struct br_run *run, struct error *err);
const char *journal_path(const struct journal *journal);

#endif
