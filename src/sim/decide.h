/* decide.h - the operator's decision table for log backups: pure functions.
 *
 * What a log Backup's spec and status make the operator do. Effective command (first match;
 * P is the phase):
 *   logSubcommand        state                base
 *   ""                   logStop or Stopped   log-stop
 *   ""                   Paused               log-start; v1 since 1.6.4: log-resume
 *   ""                   else                 log-start
 *   log-start            Paused / else        log-resume / log-start
 *   log-stop, log-pause  any                  itself
 *   other                any                  unknown: nothing comes of it
 * A base in sync with a logTruncateUntil that differs from logSuccessTruncateUntil is a log-truncate.
 */
#ifndef BRDECK_SIM_DECIDE_H
#define BRDECK_SIM_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/json.h>

enum log_command { LOG_START, LOG_STOP, LOG_PAUSE, LOG_RESUME, LOG_TRUNCATE, LOG_UNKNOWN };
/* "log-start", … */
const char *log_command_name(enum log_command command);

/* What counts of a Backup; texts are "" when absent. Borrowed from the tree. */
struct log_view {
    const char *subcommand, *until;
    bool stop; /* spec.logStop */
    const char *phase, *commit_ts, *success_until;
    bool v1;
};
struct log_view log_view_of(const struct json *backup, bool v1);

enum log_command decide_base(const struct log_view *view);
enum log_command decide_command(const struct log_view *view);

enum decision {
    DECISION_NOTHING,
    DECISION_RUN,           /* make the Job */
    DECISION_WAIT,          /* not yet: commitTs is missing; asked again later */
    DECISION_TRUNCATE_DONE, /* nothing to truncate: Complete without a Job */
};
/* What to do about @command. @sub_phase and @sub_until are the phase and logTruncatingUntil of its
 * entry in logSubCommandStatuses, "" when absent. */
enum decision decide(const struct log_view *view, enum log_command command, const char *sub_phase,
                     const char *sub_until);

/* A TSO, RFC 3339 or "YYYY-MM-DD HH:MM:SS" (local) as TSO; 0 when it is none. */
uint64_t decide_tso(const char *text);

#endif
