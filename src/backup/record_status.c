#include <config.h>

#include "record_private.h"

#include <limits.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

static const char *not_empty(const char *text) { return str_empty(text) ? NULL : text; }

static bool goes_on(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

/* The beginning and the end of what is too long, by whole characters: the operator's own words begin it, and the error
 * that all others wrap ends it ("...: must be no more than 63 bytes"). */
static size_t cut_middle(const char *message, size_t len, char out[MESSAGE_MAX])
{
    static const char gap[] = " ... ";
    size_t head = MESSAGE_MAX - MESSAGE_TAIL - (sizeof gap - 1), tail = len - MESSAGE_TAIL;
    while (head > 0 && goes_on(message[head]))
        head--;
    while (tail < len && goes_on(message[tail]))
        tail++;
    memcpy(out, message, head);
    memcpy(out + head, gap, sizeof gap - 1);
    memcpy(out + head + sizeof gap - 1, message + tail, len - tail);
    return head + sizeof gap - 1 + len - tail;
}

/* Keep at most MESSAGE_MAX bytes of @message, whole characters, no line feeds at the end. The operator puts much
 * before what br said: a message that is too long begins with br's own words. */
static void keep_message(struct decode *d, const char **to, const char *message)
{
    const char *telling = message && strlen(message) > MESSAGE_MAX ? strstr(message, "[error=") : NULL;
    size_t len = message ? strlen(telling ? telling : message) : 0;
    message = telling ? telling : message;
    while (len > 0 && strchr("\r\n \t", message[len - 1]))
        len--;
    if (len > MESSAGE_MAX && !telling && d->cut_count < CUTS_MAX) {
        char *cut = d->cuts[d->cut_count++];
        len = cut_middle(message, len, cut);
        message = cut;
    } else if (len > MESSAGE_MAX) {
        len = MESSAGE_MAX;
        while (len > 0 && (goes_on(message[len]) || strchr("\r\n \t", message[len - 1])))
            len--;
    }
    if (len > 0)
        decode_keep(d, to, message, len);
}

/* The condition of type @type; with several the last. */
static const struct json *condition_of(const struct json *conditions, const char *type)
{
    const struct json *found = NULL;
    JSON_EACH(condition, conditions)
        if (str_same(json_string(condition, "type"), type))
            found = condition;
    return found;
}

static int64_t newest_transition(const struct json *conditions)
{
    int64_t newest = 0, at;
    JSON_EACH(condition, conditions)
        if (clock_parse_rfc3339(json_string(condition, "lastTransitionTime"), &at) && at > newest)
            newest = at;
    return newest;
}

static bool tells_failure(enum phase phase)
{
    return phase == PHASE_FAILED || phase == PHASE_RETRY_FAILED || phase == PHASE_INVALID || phase == PHASE_OTHER;
}

static void decode_sub(struct decode *d, const struct json *entry)
{
    const char *key = json_key(entry), *phase = json_string(entry, "phase");
    enum log_command command = log_command_parse(key);
    if (json_type(entry) != JSON_OBJECT || command == LOG_COMMAND_NONE || d->record.sub_at[command])
        return;
    struct backup_sub *sub = &d->subs[d->sub_count++];
    d->record.sub_at[command] = (unsigned char)d->sub_count;
    const struct json *conditions = json_get(entry, "conditions");
    sub->phase = phase_parse(phase);
    clock_parse_rfc3339(json_string(entry, "timeStarted"), &sub->started_ms);
    clock_parse_rfc3339(json_string(entry, "timeCompleted"), &sub->completed_ms);
    sub->changed_ms = newest_transition(conditions);
    decode_keep_text(d, &sub->until, not_empty(json_string(entry, "logTruncatingUntil")));
    if (tells_failure(sub->phase)) {
        const struct json *condition = condition_of(conditions, phase);
        sub->reason = intern(d->pool, not_empty(json_string(condition, "reason")));
        keep_message(d, &sub->message, json_string(condition, "message"));
    }
}

static void decode_phase(struct decode *d, const struct json *status)
{
    struct backup_record *r = &d->record;
    const char *phase = json_string(status, "phase");
    const struct json *conditions = json_get(status, "conditions");
    const struct json *condition = condition_of(conditions, phase);
    r->phase = phase_parse(phase);
    if (r->phase == PHASE_OTHER)
        r->phase_text = intern(d->pool, phase);
    r->reason = intern(d->pool, not_empty(json_string(condition, "reason")));
    keep_message(d, &r->message, json_string(condition, "message"));
    r->changed_ms = newest_transition(conditions);
}

static void decode_retries(struct backup_record *r, const struct json *retries)
{
    if (json_type(retries) != JSON_ARRAY)
        return;
    size_t count = json_count(retries);
    r->retries = count < INT_MAX ? (int)count : INT_MAX;
    JSON_EACH(retry, retries) {
        int64_t done_ms;
        r->retry_at_ms = 0;
        if (!clock_parse_rfc3339(json_string(retry, "realRetryAt"), &done_ms)) /* it is still to come */
            clock_parse_rfc3339(json_string(retry, "expectedRetryAt"), &r->retry_at_ms);
    }
}

/* v2 writes whole numbers, v1 fractions. */
static void decode_progress(struct decode *d, const struct json *progresses)
{
    struct backup_record *r = &d->record;
    r->progress = -1;
    JSON_EACH(progress, progresses) {
        double percent;
        if (!json_double(json_get(progress, "progress"), &percent) || !(percent >= 0 && percent <= 100))
            continue;
        r->progress = (float)percent;
        r->step = intern(d->pool, not_empty(json_string(progress, "step")));
    }
}

/* The operator's first write after a create is all nulls: that tells nothing. */
static bool tells_anything(const struct json *status)
{
    JSON_EACH(member, status)
        if (!json_is_null(member))
            return true;
    return false;
}

void decode_status(struct decode *d, const struct json *status)
{
    struct backup_record *r = &d->record;
    r->has_status = json_type(status) == JSON_OBJECT && tells_anything(status);
    decode_phase(d, status);
    r->has_commit_ts = not_empty(json_string(status, "commitTs")) != NULL;
    r->commit_ts = tso_from_status(json_string(status, "commitTs"));
    r->checkpoint = tso_from_status(json_string(status, "logCheckpointTs"));
    decode_keep_text(d, &r->success_until, not_empty(json_string(status, "logSuccessTruncateUntil")));
    decode_keep_text(d, &r->path, not_empty(json_string(status, "backupPath")));
    decode_keep_text(d, &r->size, not_empty(json_string(status, "backupSizeReadable")));
    decode_keep_text(d, &r->taken, not_empty(json_string(status, "timeTaken")));
    json_int(json_get(status, "backupSize"), &r->size_bytes);
    clock_parse_rfc3339(json_string(status, "timeStarted"), &r->started_ms);
    clock_parse_rfc3339(json_string(status, "timeCompleted"), &r->completed_ms);
    decode_retries(r, json_get(status, "backoffRetryStatus"));
    decode_progress(d, json_get(status, "progresses"));
    const struct json *subs = json_get(status, "logSubCommandStatuses");
    if (json_type(subs) == JSON_OBJECT)
        JSON_EACH(entry, subs)
            decode_sub(d, entry);
}
