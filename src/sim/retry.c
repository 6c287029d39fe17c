#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "crstatus.h"
#include "operator_private.h"
#include "sim.h"

enum { RETRY_MS = 300 * 1000, RETRIES = 2 };

static struct json *last_retry(struct json *backup, size_t *count)
{
    struct json *list = json_get_mut(json_get_mut(backup, "status"), "backoffRetryStatus");
    const struct json *last = NULL;
    *count = json_count(list);
    JSON_EACH(entry, list)
    last = entry;
    return (struct json *)(uintptr_t)last; /* of a tree that is ours to change */
}

static void set_time(struct json *object, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    json_set_string(object, key, clock_format_rfc3339(ms, text));
}

static void give_up(struct json *backup, int64_t now)
{
    status_mark(backup, &(struct mark){.type = "Failed",
                                       .reason = "ExceedRetryLimit",
                                       .message = "exceed retry limit, failed reason AlreadyFailed",
                                       .now_ms = now});
}

void retry_note(struct operator *op, const struct kind *cr, struct json *backup, const char *why)
{
    int64_t now = clock_wall_ms(), limit = RETRIES, first = RETRY_MS;
    const struct json *policy = json_at(backup, "spec", "backoffRetryPolicy", NULL);
    size_t count;
    last_retry(backup, &count);
    json_int(json_get(policy, "maxRetryTimes"), &limit);
    clock_parse_span(json_string(policy, "minRetryDuration"), &first);
    if ((int64_t)count >= limit) {
        give_up(backup, now);
        operator_write(op, cr, backup, "status");
        return;
    }
    struct json *status = json_object_in(backup, "status"), *entry = json_new_object();
    int64_t delay = operator_ms(op, first << (count < 10 ? count : 10));
    char *name = xstrdup(cr_text(backup, "metadata", "name")), *ns = xstrdup(cr_text(backup, "metadata", "namespace"));
    json_set_int(entry, "retryNum", (int64_t)count + 1);
    set_time(entry, "detectFailedAt", now);
    set_time(entry, "expectedRetryAt", now + delay);
    json_set_string(entry, "retryReason", "AlreadyFailed");
    json_set_string(entry, "originalReason", why);
    const struct json *old = json_get(status, "backoffRetryStatus");
    struct json *list = old ? json_copy(old) : json_new_array();
    json_append(list, entry);
    json_set(status, "backoffRetryStatus", list);
    struct mark mark = {.type = "RetryFailed", .reason = "AlreadyFailed", .message = why, .now_ms = now};
    status_mark(backup, &mark);
    operator_write(op, cr, backup, "status");
    operator_enqueue(op, cr, ns, name, delay);
    free(name);
    free(ns);
}

bool retry_is_due(struct operator *op, const struct kind *cr, const struct json *backup)
{
    struct json *new = json_copy(backup);
    size_t count;
    struct json *last = last_retry(new, &count);
    int64_t expected, now = clock_wall_ms();
    if (strcmp(cr_text(backup, "status", "phase"), "RetryFailed") != 0 || !last ||
        json_text(json_get(last, "realRetryAt")) ||
        !clock_parse_rfc3339(json_string(last, "expectedRetryAt"), &expected)) {
        json_free(&new);
        return true;
    }
    if (now < expected) {
        operator_enqueue(op, cr, cr_text(backup, "metadata", "namespace"), cr_text(backup, "metadata", "name"),
                         expected - now);
        json_free(&new);
        return false;
    }
    set_time(last, "realRetryAt", now);
    status_condition(new, &(struct mark){.type = "Restart", .reason = "Restart", .now_ms = now}, true);
    operator_write(op, cr, new, "status");
    return true;
}
