/* run_finder.h - what is under way in the cluster, found: rows of the store, Jobs of brdeck's, intents of the
 * journal. */
#ifndef BRDECK_BR_RUN_FINDER_H
#define BRDECK_BR_RUN_FINDER_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/backup/record.h>
#include <brdeck/br/journal.h>

struct br;
struct plan;
struct run;
struct run_finder;

struct run_finder *run_finder_new(struct br *br);
void run_finder_free(struct run_finder **finder);
/* Look at the rows that changed. */
void run_finder_turn(struct run_finder *finder);
bool run_finder_is_done(const struct run_finder *finder);

/* found.c: what a Backup is at, as a run that can be followed. */
struct found;
enum found_how {
    FOUND_NOTHING,
    FOUND_AT_WORK,  /* the operator is at it */
    FOUND_ASKED,    /* the spec has asked for it for NOT_PICKED_UP_MS, whoever wrote that, and nobody has begun */
};
struct sighting {
    enum found_how how;
    enum action_id action;
    int64_t since_ms; /* it is so; 0: not told */
};
struct sighting found_look(const struct backup_record *record, int64_t now_ms);
/* A run of it, FOLLOWING; it is in br's list. */
struct run *found_follow(struct br *br, const struct backup_record *record, const struct backup_facts *facts,
                         struct sighting seen);
void found_free(struct found **found);

/* revive.c: an intent of the journal as a run whose write is looked up. NULL: the line does not say enough. */
struct run *revive_intent(struct br *br, const struct journal_entry *entry);

#endif
