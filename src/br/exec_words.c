#include <config.h>

#include <inttypes.h>
#include <string.h>

#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>
#include <brdeck/br/exec.h>

/* What br answered, in words: a line each. */

static void add_ts(struct str *out, const char *label, tso_t ts, int64_t now_ms, bool lag)
{
    char local[TSO_TEXT_MAX], number[TSO_TEXT_MAX], span[CLOCK_TEXT_MAX];
    if (!ts) {
        str_addf(out, "  %-11s -\n", label);
        return;
    }
    str_addf(out, "  %-11s %s, TSO %s", label, tso_format(ts, TSO_LOCAL, now_ms, local),
             tso_format(ts, TSO_NUMBER, now_ms, number));
    if (lag)
        str_addf(out, ", lag %s", clock_format_span(now_ms - tso_to_ms(ts), span));
    str_addc(out, '\n');
}

/* br's status texts, as its own table prints them: "● NORMAL"; in JSON "Running", "Paused"... */
static void add_task(struct str *out, const struct br_status_task *task, int64_t now_ms)
{
    char at[TSO_TEXT_MAX];
    str_addf(out, "task %s: %s\n", task->name, *task->status ? task->status : "no status told");
    add_ts(out, "checkpoint", task->checkpoint, now_ms, true);
    add_ts(out, "start", task->start_ts, now_ms, false);
    if (task->end_ts && tso_to_ms(task->end_ts) < INT64_C(253402300799000)) /* it has one before the year 9999 */
        if (task->end_ts != UINT64_C(999999999999999999))
            add_ts(out, "end", task->end_ts, now_ms, false);
    str_addf(out, "  %-11s %s\n", "storage", task->storage);
    if (task->qps > 0)
        str_addf(out, "  %-11s %.2f keys/s\n", "speed", task->qps);
    for (size_t i = 0; i < task->progress_count; i++) {
        char label[40];
        snprintf(label, sizeof label, "store %" PRId64, task->progress[i].store);
        add_ts(out, label, task->progress[i].checkpoint, now_ms, true);
    }
    for (size_t i = 0; i < task->error_count; i++)
        str_addf(out, "  error       store %" PRId64 " at %s: %s: %s\n", task->errors[i].store,
                 tso_format_ms(task->errors[i].at_ms, TSO_LOCAL, now_ms, at), task->errors[i].code,
                 task->errors[i].message);
}

static bool status_words(struct str *out, const char *text, size_t len, int64_t now_ms)
{
    struct br_status status;
    bool found = br_status_parse(text, len, &status, NULL);
    if (found && !status.count)
        str_add(out, "br knows no such log task in this cluster\n");
    for (size_t i = 0; i < status.count; i++)
        add_task(out, &status.tasks[i], now_ms);
    br_status_done(&status);
    return found;
}

static bool metadata_words(struct str *out, const char *text, size_t len, int64_t now_ms)
{
    struct br_metadata found;
    char span[CLOCK_TEXT_MAX];
    size_t at = 0, size;
    const char *line = str_next_line(text, len, &at, &size);
    while (line && !br_metadata_parse(line, size, &found))
        line = str_next_line(text, len, &at, &size);
    if (!line)
        return false;
    str_add(out, "log in the storage\n");
    add_ts(out, "from", found.min, now_ms, false);
    add_ts(out, "to", found.max, now_ms, true);
    if (found.min && found.max >= found.min)
        str_addf(out, "  %-11s %s\n", "span", clock_format_span(tso_to_ms(found.max) - tso_to_ms(found.min), span));
    return true;
}

static bool decode_words(struct str *out, const char *text, size_t len, int64_t now_ms)
{
    tso_t ts = br_decode_parse(text, len);
    if (!ts)
        return false;
    str_add(out, "the snapshot in the storage\n");
    add_ts(out, "is of", ts, now_ms, false);
    return true;
}

/* br tells a truncate in sentences, and in log lines, which are left out. */
static bool truncate_words(struct str *out, const char *text, size_t len, int64_t now_ms)
{
    size_t at = 0, size;
    (void)now_ms;
    for (const char *line; (line = str_next_line(text, len, &at, &size)) != NULL;)
        if (size && line[0] != '[' && strncmp(line, "Detail BR log", size < 13 ? size : 13) != 0) {
            str_addn(out, line, size);
            str_addc(out, '\n');
        }
    return out->len > 0;
}

static bool (*const words_of[BR_COMMAND_COUNT])(struct str *out, const char *text, size_t len, int64_t now_ms) = {
    [BR_LOG_STATUS] = status_words, [BR_LOG_METADATA] = metadata_words, [BR_DECODE] = decode_words,
    [BR_LOG_TRUNCATE_TRY] = truncate_words, [BR_LOG_TRUNCATE] = truncate_words,
};

char *br_answer_words(enum br_command command, const char *answer, size_t len, int64_t now_ms)
{
    struct str out;
    str_init(&out, STR_SMALL);
    if (words_of[command] && words_of[command](&out, answer, len, now_ms))
        return str_take(&out);
    str_done(&out);
    return NULL;
}
