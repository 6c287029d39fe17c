#include <config.h>

#include "journal_process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/clock.h>
#include <brdeck/br/journal.h>

enum { TEXT_MAX = 256 };

/* The first line of a small file, "" where there is none. */
static char *first_line(const char *path, char buf[static TEXT_MAX])
{
    FILE *file = fopen(path, "re");
    buf[0] = '\0';
    if (file && !fgets(buf, TEXT_MAX, file))
        buf[0] = '\0';
    if (file)
        fclose(file);
    buf[strcspn(buf, "\n")] = '\0';
    return buf;
}

/* A pid is used again; with the ticks since the boot at which it began it is one process. Linux: the 20th field after
 * the name, which may itself hold spaces and brackets. "" unknown. */
static char *began(int64_t pid, char buf[static TEXT_MAX])
{
    enum { FIELD_OF_START = 20 };
    char path[TEXT_MAX], line[TEXT_MAX * 4] = "";
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    FILE *file = fopen(path, "re");
    if (file && !fgets(line, sizeof line, file))
        line[0] = '\0';
    if (file)
        fclose(file);
    const char *at = strrchr(line, ')');
    for (int field = 0; at && field < FIELD_OF_START; field++)
        at = strchr(at + 1, ' ');
    snprintf(buf, TEXT_MAX, "%.*s", at ? (int)strcspn(at + 1, " \n") : 0, at ? at + 1 : "");
    return buf;
}

static char *host_name(char buf[static TEXT_MAX])
{
    if (gethostname(buf, TEXT_MAX) != 0)
        buf[0] = '\0';
    buf[TEXT_MAX - 1] = '\0';
    return buf;
}

static char *boot_id(char buf[static TEXT_MAX]) { return first_line("/proc/sys/kernel/random/boot_id", buf); }

struct json *journal_process(void)
{
    char text[TEXT_MAX];
    struct json *json = json_new_object();
    json_set_int(json, "pid", getpid());
    json_set_string(json, "began", began(getpid(), text));
    json_set_string(json, "boot", boot_id(text));
    json_set_string(json, "host", host_name(text));
    return json;
}

static bool same_or_unknown(const char *a, const char *b) { return str_empty(a) || str_empty(b) || str_same(a, b); }

bool journal_process_lives(const struct json *json, int64_t line_ms)
{
    char text[TEXT_MAX];
    int64_t pid = 0;
    if (!json_int(json_get(json, "pid"), &pid) || pid <= 0 || pid > INT32_MAX)
        return false; /* an older brdeck's line: nobody is known to settle it */
    if (!str_same(json_string(json, "host"), host_name(text)))
        return clock_wall_ms() - line_ms < JOURNAL_FOREIGN_MS;
    if (!same_or_unknown(json_string(json, "boot"), boot_id(text)))
        return false;
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
        return false;
    return same_or_unknown(json_string(json, "began"), began(pid, text));
}
