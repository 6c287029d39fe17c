/* crstatus.h - writing the status of a Backup as the operator and its backup-manager do:
 * conditions, phases and the entries of logSubCommandStatuses, on a tree. */
#ifndef BRDECK_SIM_CRSTATUS_H
#define BRDECK_SIM_CRSTATUS_H

#include <stdint.h>

#include <brdeck/base/json.h>

#include "decide.h"

/* What is written: a condition, which is also the phase. */
struct mark {
    const char *type, *reason, *message; /* reason NULL: as the type; message NULL: "" */
    int64_t now_ms;
};

/* Of the whole Backup: condition and phase. */
void status_mark(struct json *backup, const struct mark *mark);
/* The same without touching the phase. */
void status_condition(struct json *backup, const struct mark *mark, bool is_true);
/* Of a sub-command: its entry; and the whole Backup as far as that command shows in it. */
void status_mark_log(struct json *backup, enum log_command command, const struct mark *mark);
/* When a sub-command ran; both are written at its end. */
void status_log_times(struct json *backup, enum log_command command, int64_t started_ms, int64_t completed_ms);
/* The phase and logTruncatingUntil of the entry of @command; "" when absent. */
const char *status_log_phase(const struct json *backup, enum log_command command);
const char *status_log_until(const struct json *backup, enum log_command command);
/* The pair timeStarted, timeCompleted of @object, null where 0. */
void status_times(struct json *object, int64_t started_ms, int64_t completed_ms);
/* A Go duration: "1h2m3s". */
char *status_duration(int64_t ms, char buf[32]);

#endif
