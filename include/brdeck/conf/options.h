/* options.h - every option of brdeck: one table with name, type, range, default, text.
 *
 * Taken from the config file (config.ini, section [brdeck]), then from the environment (BRDECK_NAME), then from the
 * command line. The man page and --help are made from the table.
 */
#ifndef BRDECK_CONF_OPTIONS_H
#define BRDECK_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>

enum option_type { OPTION_BOOL, OPTION_NUMBER, OPTION_SPAN /* ms, "10m" */, OPTION_TEXT, OPTION_CHOICE };
enum option_id {
    OPTION_THEME,      /* dark */
    OPTION_ASCII,      /* false: UTF-8 marks where the locale has them */
    OPTION_COLOR,      /* auto, never, 8, 16, 256, rgb */
    OPTION_READ_ONLY,
    OPTION_TIME,       /* short, local, utc, tso: how COMMITTS and CHECKPOINT are shown */
    OPTION_SORT,       /* "namespace", "-lag" */
    OPTION_WIDE,
    OPTION_LAG_WARN, OPTION_LAG_CRIT,
    OPTION_JOURNAL,    /* path; empty: the state folder */
    OPTION_LOG_FILE, OPTION_LOG_LEVEL,
    OPTION_CONFIRM_TIMEOUT, /* a dry-run is waited for so long */
    OPTION_ESC_DELAY,  /* ms that Esc waits for the rest of a key */
    OPTION_COUNT,
};
struct option {
    enum option_id id;
    const char *name;   /* "read-only" */
    enum option_type type;
    const char *standard; /* the default, as it would be written */
    int64_t least, most;
    const char *const *choices; /* NULL-terminated; of OPTION_CHOICE */
    const char *text;   /* one sentence */
};
extern const struct option option_table[OPTION_COUNT];

struct options;
/* The defaults. */
struct options *options_new(void);
void options_free(struct options **options);
/* Set by name; false and @err ("lag-warn: \"10x\" is no length of time: want 90s, 10m, 2h"). @where prefixes the
 * error ("FILE:3"), or NULL. */
bool options_set(struct options *options, const char *name, const char *value, const char *where, struct error *err);
/* Read the file (missing is fine unless @must) and the environment. Sections [keys] and [keys.VIEW] are kept for the
 * keymap. */
bool options_read(struct options *options, const char *path, bool must, struct error *err);
/* The same with the @len bytes of a file that was read before. Entries of [keys] are KEY = COMMAND ("none" unbinds). */
bool options_read_text(struct options *options, const char *path, const char *text, size_t len, struct error *err);
/* BRDECK_READ_ONLY and so on; and NO_COLOR, unless color was set. An error begins with the variable's name. */
bool options_read_environment(struct options *options, struct error *err);
/* Bools are 0 and 1, spans milliseconds; text is as it was written, of every type. Borrowed. */
bool options_bool(const struct options *options, enum option_id id);
int64_t options_number(const struct options *options, enum option_id id);
const char *options_text(const struct options *options, enum option_id id);
/* Key bindings of the file: (view or "", key, command) @i-th; false at the end. Borrowed. */
bool options_binding(const struct options *options, size_t i, const char **view, const char **key, const char **command,
                     const char **where);

#endif
