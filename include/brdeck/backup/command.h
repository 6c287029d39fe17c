/* command.h - what TiDB Operator does with a log Backup: its decision table as code.
 *
 * Reference: TiDB Operator v2 api/br/v1alpha1/backup.go (ParseLogBackupSubcommand, NeedNotRun...) and
 * pkg/controllers/br/manager/backup. Pure functions over a record.
 */
#ifndef BRDECK_BACKUP_COMMAND_H
#define BRDECK_BACKUP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/record.h>

/* The base command: what logSubcommand, logStop and the phase come to, truncation aside. NONE for a Backup that is no
 * log backup; UNKNOWN for a word that the controller rejects (log-resume and log-truncate too). */
enum log_command command_base(const struct backup_record *record);
/* Whether the base command has nothing left to do: start iff commitTs is there, stop iff Stopped, pause iff
 * Paused. */
bool command_in_sync(const struct backup_record *record, enum log_command base);
/* The command that the operator considers now: the base, or log-truncate when the base is in sync and logTruncateUntil
 * is set and differs as a string from logSuccessTruncateUntil. */
enum log_command command_effective(const struct backup_record *record);

enum command_verdict {
    COMMAND_IDLE,     /* in sync: nothing to do */
    COMMAND_RUNS,     /* a Job is, or will be, made */
    COMMAND_SETTLED,  /* its last run is Complete or Failed: the operator does not run it again */
    COMMAND_NO_OP,    /* a truncate that is not after the start or the last one: Complete without a Job */
    COMMAND_WAITS,    /* for commitTs */
    COMMAND_REJECTED, /* log-unknown */
    COMMAND_DELETING, /* only the cleaner works */
    COMMAND_NOT_LOG,
};
/* What becomes of the effective command. */
enum command_verdict command_verdict(const struct backup_record *record);

/* One thing the operator will do, in order, when the spec is as @record has it and nothing fails. */
struct command_step {
    enum log_command command;
    const char *until; /* of a truncate; borrowed from the record */
};
enum { COMMAND_STEPS_MAX = 4 };
/* Every command that the operator will run in answer (rule 2); returns how many. 0: nothing happens. */
size_t command_steps(const struct backup_record *record, struct command_step steps[COMMAND_STEPS_MAX]);

/* The name of the Job of @command for @name ("backup-NAME-log-pause") appended to @buf; false when it passes the
 * 63 bytes that a Job's name label may have: then the operator cannot make it. */
bool command_job_name(const char *name, enum log_command command, char *buf, size_t size);

#endif
