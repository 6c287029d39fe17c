#include <config.h>

#include <brdeck/backup/phase.h>

#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

static const char *const phase_names[PHASE_COUNT] = {
    [PHASE_NONE] = "",
    [PHASE_SCHEDULED] = "Scheduled",
    [PHASE_PREPARE] = "Prepare",
    [PHASE_RUNNING] = "Running",
    [PHASE_COMPLETE] = "Complete",
    [PHASE_FAILED] = "Failed",
    [PHASE_RETRY_FAILED] = "RetryFailed",
    [PHASE_RESTART] = "Restart",
    [PHASE_INVALID] = "Invalid",
    [PHASE_PAUSED] = "Paused",
    [PHASE_STOPPED] = "Stopped",
    [PHASE_CLEAN] = "Clean",
    [PHASE_CLEAN_FAILED] = "CleanFailed",
    [PHASE_REPEATABLE] = "Repeatable",
    [PHASE_OTHER] = "?",
};

enum phase phase_parse(const char *text)
{
    if (str_empty(text))
        return PHASE_NONE;
    for (int phase = PHASE_SCHEDULED; phase < PHASE_OTHER; phase++)
        if (strcmp(text, phase_names[phase]) == 0)
            return (enum phase)phase;
    /* "Pause" in the docs, "PAUSE" from br */
    if (strcasecmp(text, "pause") == 0 || strcasecmp(text, "paused") == 0)
        return PHASE_PAUSED;
    return PHASE_OTHER;
}

const char *phase_name(enum phase phase) { return phase < PHASE_COUNT ? phase_names[phase] : "?"; }

bool phase_is_active(enum phase phase)
{
    return phase == PHASE_SCHEDULED || phase == PHASE_PREPARE || phase == PHASE_RUNNING;
}

static const struct {
    const char *name, *word;
} commands[LOG_COMMAND_COUNT] = {
    [LOG_COMMAND_NONE] = {"", ""},
    [LOG_COMMAND_START] = {"log-start", "start"},
    [LOG_COMMAND_STOP] = {"log-stop", "stop"},
    [LOG_COMMAND_PAUSE] = {"log-pause", "pause"},
    [LOG_COMMAND_RESUME] = {"log-resume", "resume"},
    [LOG_COMMAND_TRUNCATE] = {"log-truncate", "truncate"},
    [LOG_COMMAND_UNKNOWN] = {"log-unknown", "unknown"},
};

enum log_command log_command_parse(const char *text)
{
    if (str_empty(text))
        return LOG_COMMAND_NONE;
    for (int command = LOG_COMMAND_START; command < LOG_COMMAND_UNKNOWN; command++)
        if (strcmp(text, commands[command].name) == 0)
            return (enum log_command)command;
    return LOG_COMMAND_UNKNOWN;
}

const char *log_command_name(enum log_command command)
{
    return command < LOG_COMMAND_COUNT ? commands[command].name : "";
}

const char *log_command_word(enum log_command command)
{
    return command < LOG_COMMAND_COUNT ? commands[command].word : "";
}
