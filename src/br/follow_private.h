/* follow_private.h - what the files of follow.h share. */
#ifndef BRDECK_BR_FOLLOW_PRIVATE_H
#define BRDECK_BR_FOLLOW_PRIVATE_H

#include <brdeck/base/str.h>

#include "follow.h"

enum step_state { STEP_WAITS, STEP_BUSY, STEP_DONE, STEP_NOTHING, STEP_RETRIES, STEP_FAILED };

/* follow.c: two entries of a sub-command are the same run, as far as can be told. */
bool follow_sub_equal(const struct backup_sub *a, const struct backup_sub *b);

/* follow_facts.c: of @facts what is this run's own and of now; all zero where nothing is. */
void follow_own_facts(const struct follow *follow, const struct backup_record *record, enum step_state state,
                      enum phase phase, const struct backup_facts *facts, struct backup_facts *own);
/* Why it does not get on, appended to @text ("; SENTENCE: ACTION; it then goes on by itself"), and into @sight. */
void follow_tell_stuck(const struct follow *follow, const struct backup_record *record,
                       const struct backup_facts *own, enum step_state state, const char *reason,
                       const char *message, struct str *text, struct follow_sight *sight);

/* follow_text.c: the words of steps. */
void follow_tell_failed(const struct follow *follow, const struct command_step *step,
                        const struct backup_record *record, const struct backup_facts *own, const char *errors,
                        struct follow_sight *sight);
void follow_tell_done(const struct follow *follow, const struct backup_record *record, struct follow_sight *sight);
void follow_tell_nothing(const struct command_step *step, const struct backup_record *record,
                         struct follow_sight *sight);
void follow_tell_busy(const struct follow *follow, const struct command_step *step, enum step_state state,
                      const struct backup_record *record, const struct backup_facts *own, struct follow_sight *sight);
/* @text goes to the sight and is freed. */
void follow_take(struct follow_sight *sight, enum br_outcome outcome, struct str *text);
bool follow_tell(struct follow_sight *sight, enum br_outcome outcome, const char *text);
/* " (SENTENCE). ACTION", where the cause is known; else the full stop. */
void follow_add_cause(struct str *text, const struct cause *cause);

/* follow_whole.c: what has no sub-commands: a snapshot, a delete, a field of the spec. */
void follow_look_whole(struct follow *follow, const struct backup_record *record,
                       const struct backup_facts *facts, const char *errors, struct follow_sight *sight);

#endif
