/* phase.h - phases and log commands, as enums with their names in one table.
 *
 * TiDB Operator: api/br/v1alpha1 BackupConditionType, LogSubCommandType. Docs print "Pause" and br prints "PAUSE"
 * for what the operator writes as "Paused": all are accepted.
 */
#ifndef BRDECK_BACKUP_PHASE_H
#define BRDECK_BACKUP_PHASE_H

#include <stdbool.h>

enum __attribute__((packed)) phase {
    PHASE_NONE, /* status is empty: nobody has picked it up */
    PHASE_SCHEDULED,
    PHASE_PREPARE,
    PHASE_RUNNING,
    PHASE_COMPLETE,
    PHASE_FAILED,
    PHASE_RETRY_FAILED,
    PHASE_RESTART,
    PHASE_INVALID,
    PHASE_PAUSED,
    PHASE_STOPPED,
    PHASE_CLEAN,
    PHASE_CLEAN_FAILED,
    PHASE_REPEATABLE, /* sub-commands only: its opposite has run since */
    PHASE_OTHER,      /* a word that this brdeck does not know */
    PHASE_COUNT,
};

enum __attribute__((packed)) log_command {
    LOG_COMMAND_NONE,
    LOG_COMMAND_START,
    LOG_COMMAND_STOP,
    LOG_COMMAND_PAUSE,
    LOG_COMMAND_RESUME,
    LOG_COMMAND_TRUNCATE,
    LOG_COMMAND_UNKNOWN, /* log-unknown, or a word that is none */
    LOG_COMMAND_COUNT,
};

/* NULL and "" are PHASE_NONE. */
enum phase phase_parse(const char *text);
const char *phase_name(enum phase phase); /* "Running"; "" for none, "?" for other */
/* Scheduled, Prepare, Running: it is being worked on. */
bool phase_is_active(enum phase phase);

enum log_command log_command_parse(const char *text); /* "log-pause"; NULL, "": none */
const char *log_command_name(enum log_command command); /* "log-pause"; "" for none */
const char *log_command_word(enum log_command command); /* "pause" */

#endif
