#include <config.h>

#include <brdeck/conf/options.h>

static const char *const colors[] = {"auto", "never", "8", "16", "256", "rgb", NULL};
static const char *const times[] = {"short", "local", "utc", "tso", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAY (INT64_C(24) * HOUR)

#define SWITCH(id, name, text) [id] = {id, name, OPTION_BOOL, "false", 0, 1, NULL, text}
#define TEXT(id, name, standard, text) [id] = {id, name, OPTION_TEXT, standard, 0, 0, NULL, text}
#define CHOICE(id, name, standard, choices, text) [id] = {id, name, OPTION_CHOICE, standard, 0, 0, choices, text}
#define SPAN(id, name, standard, least, most, text) [id] = {id, name, OPTION_SPAN, standard, least, most, NULL, text}
#define NUMBER(id, name, standard, least, most, text) \
    [id] = {id, name, OPTION_NUMBER, standard, least, most, NULL, text}

const struct option option_table[OPTION_COUNT] = {
    TEXT(OPTION_THEME, "theme", "dark", "The colours: dark, light, high-contrast, mono, or the path of a theme file."),
    SWITCH(OPTION_ASCII, "ascii", "Draw with ASCII characters only."),
    CHOICE(OPTION_COLOR, "color", "auto", colors,
           "How many colours are used: what TERM has (of 24 bits: a direct one, such as xterm-direct), none, or at most "
           "so many. NO_COLOR means never."),
    SWITCH(OPTION_READ_ONLY, "read-only", "Change nothing in any cluster: the keys of actions say so and do nothing."),
    CHOICE(OPTION_TIME, "time", "short", times, "How COMMITTS and CHECKPOINT are shown."),
    TEXT(OPTION_SORT, "sort", "namespace", "The column the list is sorted by; with - before it, the other way round."),
    SWITCH(OPTION_WIDE, "wide", "Begin with all columns that fit."),
    SPAN(OPTION_LAG_WARN, "lag-warn", "10m", SECOND, 365 * DAY, "A lag over this is a warning."),
    SPAN(OPTION_LAG_CRIT, "lag-crit", "30m", SECOND, 365 * DAY, "A lag over this is critical."),
    TEXT(OPTION_JOURNAL, "journal", "",
         "The file that every write is recorded in; empty: journal in the state folder."),
    TEXT(OPTION_LOG_FILE, "log-file", "", "Write a log to this file; empty: none."),
    CHOICE(OPTION_LOG_LEVEL, "log-level", "info", levels, "How much the log file says."),
    SPAN(OPTION_CONFIRM_TIMEOUT, "confirm-timeout", "10s", SECOND, 5 * MINUTE,
         "How long a dialog waits for the answer of the dry-run."),
    NUMBER(OPTION_ESC_DELAY, "esc-delay", "25", 1, 1000,
           "Milliseconds that Esc waits for the rest of a key; more for slow lines."),
};
