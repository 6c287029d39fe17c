#include <config.h>

#include <brdeck/backup/record.h>

#include <stddef.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* What rule 1 calls unchanged. generation goes with the spec; the checkpoint and the conditions move every minute. */
static const char *const acting_paths[][3] = {
    {"metadata", "uid"},
    {"metadata", "deletionTimestamp"},
    {"spec"},
    {"status", "phase"},
    {"status", "logSubCommandStatuses"},
    {"status", "logSuccessTruncateUntil"},
};

bool record_same_for_acting(const struct json *a, const struct json *b)
{
    for (size_t i = 0; i < ARRAY_LEN(acting_paths); i++) {
        const char *const *path = acting_paths[i];
        if (!json_equal(json_at(a, path[0], path[1], path[2], NULL), json_at(b, path[0], path[1], path[2], NULL)))
            return false;
    }
    return true;
}

#define TEXT(member) offsetof(struct backup_record, member)
static const size_t text_members[] = {
    TEXT(ns), TEXT(name), TEXT(uid), TEXT(labels), TEXT(managed_by), TEXT(subcommand_text), TEXT(type), TEXT(cluster),
    TEXT(cluster_ns), TEXT(storage), TEXT(endpoint), TEXT(secret), TEXT(service_account), TEXT(until), TEXT(filter),
    TEXT(phase_text), TEXT(success_until), TEXT(path), TEXT(size), TEXT(taken), TEXT(reason), TEXT(message), TEXT(step),
};
static const size_t int64_members[] = {
    TEXT(created_ms), TEXT(deleting_ms), TEXT(spec_commit_ts), TEXT(gc_ttl_ms), TEXT(commit_ts), TEXT(checkpoint),
    TEXT(size_bytes), TEXT(started_ms), TEXT(completed_ms), TEXT(changed_ms), TEXT(retry_at_ms),
};
#undef TEXT

static bool texts_differ(const struct backup_record *a, const struct backup_record *b)
{
    for (size_t i = 0; i < ARRAY_LEN(text_members); i++) {
        const char *x, *y;
        memcpy(&x, (const char *)a + text_members[i], sizeof x);
        memcpy(&y, (const char *)b + text_members[i], sizeof y);
        if (x != y && (!x || !y || strcmp(x, y) != 0))
            return true;
    }
    return false;
}

static bool numbers_differ(const struct backup_record *a, const struct backup_record *b)
{
    for (size_t i = 0; i < ARRAY_LEN(int64_members); i++)
        if (memcmp((const char *)a + int64_members[i], (const char *)b + int64_members[i], sizeof(int64_t)) != 0)
            return true;
    return a->retries != b->retries || a->max_retries != b->max_retries || a->progress > b->progress ||
           a->progress < b->progress;
}

static bool words_differ(const struct backup_record *a, const struct backup_record *b)
{
    return a->v1 != b->v1 || a->has_finalizer != b->has_finalizer || a->mode != b->mode ||
           a->clean_policy != b->clean_policy || a->log_stop != b->log_stop || a->subcommand != b->subcommand ||
           a->filtered != b->filtered || a->incremental != b->incremental || a->phase != b->phase ||
           a->has_commit_ts != b->has_commit_ts || a->has_status != b->has_status;
}

static bool subs_differ(const struct backup_sub *a, const struct backup_sub *b)
{
    return a->phase != b->phase || a->started_ms != b->started_ms || a->completed_ms != b->completed_ms ||
           a->changed_ms != b->changed_ms || !str_same(a->until, b->until) || !str_same(a->reason, b->reason) ||
           !str_same(a->message, b->message);
}

bool record_differs(const struct backup_record *a, const struct backup_record *b)
{
    if (words_differ(a, b) || numbers_differ(a, b) || texts_differ(a, b))
        return true;
    for (int c = 0; c < LOG_COMMAND_COUNT; c++)
        if (subs_differ(record_sub(a, (enum log_command)c), record_sub(b, (enum log_command)c)))
            return true;
    return false;
}
