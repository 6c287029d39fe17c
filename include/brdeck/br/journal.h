/* journal.h - what was done, to whom, when, by whom: append-only, 0600, one JSON object a line.
 *
 * A line of intent is on the disk (fsync) before a write is sent, and one of outcome after. The intent holds the
 * object as it was and which process wrote it. A line of cancel stands between them where the user ended br. Once that
 * process is gone (its pid, its start and the boot of the host tell; of another host's nothing is known, so it is left
 * alone for JOURNAL_FOREIGN_MS) any brdeck looks up what became of it, and the first that knows writes the outcome.
 */
#ifndef BRDECK_BR_JOURNAL_H
#define BRDECK_BR_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>
#include <brdeck/br/runner.h>

enum {
    JOURNAL_FOREIGN_MS = 10 * 60 * 1000, /* an intent of another host is left to its brdeck for so long */
    JOURNAL_LINE_MAX = 4 * 1024 * 1024,  /* longer lines are none of brdeck's: passed over */
};

struct journal;
/* @path NULL: journal.jsonl in the state folder. NULL and @err when it cannot be written: then nothing may be sent. */
struct journal *journal_open(const char *path, struct error *err);
void journal_close(struct journal **journal);
bool journal_intent(struct journal *journal, const struct br_run *run, const struct br_plan *plan, struct error *err);
bool journal_outcome(struct journal *journal, const struct br_run *run, struct error *err);
/* The outcome of a run that goes on when this brdeck ends: the next one looks it up. */
bool journal_left(struct journal *journal, const struct br_run *run, struct error *err);
/* br, which does that run, is about to be ended at the user's word; before anything is sent. */
bool journal_cancel(struct journal *journal, const struct br_run *run, const struct br_plan *plan, struct error *err);
/* The outcome of an earlier brdeck's run, now that it is known: written unless another brdeck has done so meanwhile.
 * BUSY: another one is writing in it just now: try again in some ms. @last: nobody waits any longer, so it is written
 * all the same. */
enum journal_settled { JOURNAL_SETTLED, JOURNAL_BUSY, JOURNAL_FAILED /* see @err */ };
enum journal_settled journal_settle(struct journal *journal, const struct br_run *run, bool last, struct error *err);
const char *journal_path(const struct journal *journal);

/* -- reading ------------------------------------------------------------------------- */

/* One run as its lines tell: the intent, and the last outcome, where there is one. */
struct journal_entry {
    char *run, *action, *ns, *name;      /* "" where the line did not say */
    char *context, *server, *user, *cluster_uid, *uid, *group, *driver;
    bool retry;
    int64_t at_ms, ended_ms;             /* of the intent, of the outcome; 0: none */
    int64_t cancelled_ms;                /* br was told to end; 0: it was not. Of a run that this journal did not begin
                                            that is all it has */
    char *outcome, *text;                /* NULL: there is none yet */
    bool open;                           /* it is not settled: no outcome, or brdeck ended before the run did */
    bool lives;                          /* ... and its process still runs, as far as is known: it will settle it */
    struct json *intent;                 /* the line whole */
};
struct journal_entries {
    struct journal_entry *items;         /* oldest first */
    size_t count, room;
    size_t bad;                          /* lines that are no JSON (half a line after a crash): passed over; the last
                                            one counts once it has an end, it may just be being written */
};
/* Those of @since_ms (wall) and later. A file that is not there is an empty journal. False and @err when it cannot be
 * read. @path as for journal_open. Runs of a brdeck that still works have no outcome yet. */
bool journal_read(const char *path, int64_t since_ms, struct journal_entries *entries, struct error *err);
void journal_entries_done(struct journal_entries *entries);

#endif
