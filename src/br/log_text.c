/* log_text.c - a line of a log: how bad it is, and what of it must not be seen. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>
#include <brdeck/base/secret.h>
#include <brdeck/base/str.h>

#include "log_private.h"

/* -- how bad ------------------------------------------------------------------------------- */

static const char *const levels[] = {"DEBUG", "INFO", "WARN", "ERROR", "FATAL", "PANIC"};

/* "I1122 14:10:13.123456       1 backup.go:120] text": what stands in front of each line that tidb-backup-manager
 * hands on from br. Its letter; 0: it is no such line. *@text is where the text begins. */
static char klog_level(const char *line, size_t len, size_t *text)
{
    if (len < 6 || !memchr("IWEF", line[0], 4))
        return 0;
    for (size_t i = 1; i < 5; i++)
        if (line[i] < '0' || line[i] > '9')
            return 0;
    const char *end = line[5] == ' ' ? memmem(line, len < 128 ? len : 128, "] ", 2) : NULL;
    if (!end)
        return 0;
    *text = (size_t)(end + 2 - line);
    return line[0];
}

/* "[2026/11/22 14:10:13.123 +00:00] [ERROR] [main.go:60] ..." */
static const char *br_level(const char *line, size_t len)
{
    const char *end = len && line[0] == '[' ? memmem(line, len < 64 ? len : 64, "] [", 3) : NULL;
    if (!end)
        return "";
    const char *word = end + 3;
    size_t left = len - (size_t)(word - line);
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        size_t size = strlen(levels[i]);
        if (left > size && memcmp(word, levels[i], size) == 0 && word[size] == ']')
            return levels[i];
    }
    return "";
}

const char *br_log_level(const char *line, size_t len)
{
    static const struct { char letter; const char *level; } klog[] = {
        {'I', "INFO"}, {'W', "WARN"}, {'E', "ERROR"}, {'F', "FATAL"},
    };
    size_t text = 0;
    char letter = klog_level(line, len, &text);
    const char *level = br_level(line + text, len - text);
    for (size_t i = 0; !*level && letter && i < ARRAY_LEN(klog); i++)
        if (klog[i].letter == letter)
            return klog[i].level;
    return level;
}

bool br_log_is_error(const char *line, size_t len)
{
    static const char *const bad[] = {"ERROR", "FATAL", "PANIC"};
    const char *level = br_log_level(line, len);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (strcmp(level, bad[i]) == 0)
            return true;
    return false;
}

/* -- what must not be seen ------------------------------------------------------------------- */

void log_text_blot(struct str *out, const char *line, size_t len)
{
    struct str known;
    str_init(&known, STR_LARGE);
    log_add_redacted(&known, line, len);
    secret_blot(out, known.data, known.len, SECRET_IN_TEXT);
    str_done(&known);
}
