#include <config.h>

#include "br.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

/* -- its command line ---------------------------------------------------------------------- */

static void add_words_of(struct json *list, const struct json *array)
{
    JSON_EACH(word, array)
    if (json_text(word))
        json_append(list, json_copy(word));
}

/* @line split as a shell does, as far as quotes go. */
static struct json *split_line(const char *line)
{
    struct json *list = json_new_array();
    struct str word;
    str_init(&word, STR_SMALL);
    char quote = 0;
    bool any = false;
    for (const char *c = line;; c++) {
        if (!*c || (!quote && strchr(" \t\n;", *c))) {
            if (any)
                json_append(list, json_new_string(word.data));
            str_clear(&word);
            any = false;
            if (!*c)
                break;
        } else if (quote ? *c == quote : *c == '\'' || *c == '"') {
            quote = quote ? 0 : *c;
            any = true;
        } else {
            str_addc(&word, *c);
            any = true;
        }
    }
    str_done(&word);
    return list;
}

static bool is_br(const char *word) { return word && (strcmp(word, "br") == 0 || str_ends(word, "/br")); }

/* What stands behind the word "br"; NULL: it is not there. @list is used up. */
static struct json *behind_br(struct json *list, bool must)
{
    struct json *rest = json_new_array();
    bool found = !must && json_count(list) > 0 && !is_br(json_text(json_first(list)));
    JSON_EACH(word, list)
    {
        if (found)
            json_append(rest, json_copy(word));
        else if (is_br(json_text(word)))
            found = true;
    }
    json_free(&list);
    if (!found)
        json_free(&rest);
    return rest;
}

struct json *br_words(const struct json *container)
{
    static const char *const commands[] = {"log", "backup", "restore", "validate"};
    const struct json *command = json_get(container, "command");
    const char *first = json_text(json_first(command)), *image = json_string(container, "image");
    struct json *list = json_new_array();
    add_words_of(list, command);
    add_words_of(list, json_get(container, "args"));
    if (first && str_ends(first, "sh")) {
        const char *line = NULL;
        JSON_EACH(word, list)
        if (!str_starts(json_text(word), "-") && !str_ends(json_text(word), "sh"))
            line = line ? line : json_text(word);
        struct json *split = split_line(line ? line : "");
        json_free(&list);
        return behind_br(split, true);
    }
    if (first || !image || !strstr(image, "/br"))
        return behind_br(list, true);
    /* The image's own entry point is br: only where its arguments look like it. */
    const char *word = json_text(json_first(list));
    for (size_t i = 0; word && i < ARRAY_LEN(commands); i++)
        if (strcmp(word, commands[i]) == 0)
            return list;
    return behind_br(list, true);
}

const char *br_flag(const struct json *words, const char *name)
{
    size_t n = strlen(name);
    JSON_EACH(word, words)
    {
        const char *text = json_text(word);
        if (!str_starts(text, "--") || strncmp(text + 2, name, n) != 0)
            continue;
        if (text[2 + n] == '=')
            return text + 3 + n;
        if (!text[2 + n]) {
            const char *next = json_text(json_next(word));
            return next && !str_starts(next, "-") ? next : "";
        }
    }
    return NULL;
}

char *br_command(const struct json *words, char *buf, size_t size)
{
    const char *first = json_text(json_first(words));
    const struct json *rest = json_first(words) ? json_next(json_first(words)) : NULL;
    const char *second = json_text(rest);
    if (second && !str_starts(second, "-"))
        snprintf(buf, size, "%s-%s", first, second);
    else
        snprintf(buf, size, "%s", first ? first : "");
    return buf;
}

/* Words between blanks; a last "*" stands for all that begins so. */
static const char common_flags[] =
    "pd ca cert key storage log-level log-file log-format status-addr send-credentials-to-tikv s3.* gcs.* azblob.* "
    "hdfs.* concurrency ratelimit ratelimit-unit checksum checksum-concurrency check-requirements crypter.* "
    "log.crypter.* no-progress switch-mode-interval grpc-keepalive-time grpc-keepalive-timeout skip-check-path "
    "enable-opentracing redact-log redact-info-log remove-tiflash metadata-download-batch-size";

static const struct known {
    const char *command, *flags;
} known_flags[] = {
    {"log-start", "task-name start-ts end-ts gc-ttl filter case-sensitive"},
    {"log-stop", "task-name"},
    {"log-pause", "task-name gc-ttl message"},
    {"log-resume", "task-name"},
    {"log-status", "task-name json"},
    {"log-metadata", ""},
    {"log-truncate", "until dry-run yes clean-up-compactions"},
    {"validate-decode", "field"},
};

static bool lists_flag(const char *flags, const char *name, size_t n)
{
    for (const char *at = flags; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (at[len - 1] == '*' ? n >= len - 1 && strncmp(at, name, len - 1) == 0
                               : len == n && strncmp(at, name, n) == 0)
            return true;
    }
    return false;
}

const char *br_unknown_flag(const struct json *words)
{
    char command[64];
    const char *own = NULL;
    br_command(words, command, sizeof command);
    for (size_t i = 0; i < ARRAY_LEN(known_flags); i++)
        if (strcmp(known_flags[i].command, command) == 0)
            own = known_flags[i].flags;
    if (!own)
        return NULL; /* backup and restore know more than is told here */
    JSON_EACH(word, words)
    {
        const char *text = json_text(word);
        if (!str_starts(text, "--"))
            continue;
        size_t n = strcspn(text + 2, "=");
        if (!lists_flag(common_flags, text + 2, n) && !lists_flag(own, text + 2, n))
            return text;
    }
    return NULL;
}

/* -- its log --------------------------------------------------------------------------------- */

void br_add_when(struct str *out, int64_t ms)
{
    char when[64];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y/%m/%d %H:%M:%S", &tm);
    str_addf(out, "[%s.%03d +00:00] ", when, (int)(ms % 1000));
}

void br_line(struct str *out, const char *level, const char *source, const char *format, ...)
{
    br_add_when(out, clock_wall_ms());
    str_addf(out, "[%s] [%s] ", level, source);
    va_list args;
    va_start(args, format);
    str_vaddf(out, format, args);
    va_end(args);
    str_addc(out, '\n');
}

void br_error_lines(struct str *out, const char *words, const char *source, const char *error)
{
    static const char stack[] = "main.main\\n\\t/workspace/source/tidb/br/cmd/br/main.go:38\\n"
                                "runtime.main\\n\\t/usr/local/go/src/runtime/proc.go:271";
    static const char stream_stack[] = "github.com/pingcap/tidb/br/pkg/task.RunStreamCommand\\n"
                                       "\\t/workspace/source/tidb/br/pkg/task/stream.go:503";
    struct json *text = json_new_string(error);
    char *quoted = json_print(text);
    if (str_starts(words, "log"))
        br_line(out, "ERROR", source, "[\"failed to stream\"] [command=\"%s\"] [error=%s] [stack=\"%s\"]", words,
                quoted, stream_stack);
    else if (*words)
        br_line(out, "ERROR", source, "[\"failed to backup\"] [error=%s]", quoted);
    br_line(out, "ERROR", "main.go:38", "[\"br failed\"] [error=%s] [errorVerbose=%s] [stack=\"%s\"]", quoted, quoted,
            stack);
    free(quoted);
    json_free(&text);
}
