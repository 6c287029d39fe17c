#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "facts_keeper.h"
#include "pd_keeper.h"

#define ROOT "/tidb/br-stream/"
#define FIRST ROOT "checkpoint/"
#define END ROOT "pause0" /* behind the last of pause/: '0' follows '/' */

enum { NAME_LEN_MAX = 256 /* of an object at most 253 */ };

static struct pd_task *find(const struct pd_tasks *tasks, const char *name)
{
    struct pd_task *task;
    HASH_FIND_STR(tasks->by_name, name, task);
    return task;
}

const struct pd_task *pd_find(const struct pd_tasks *tasks, const char *name) { return find(tasks, name); }

static void drop(struct pd_tasks *tasks, struct pd_task *task)
{
    HASH_DEL(tasks->by_name, task);
    free(task->name);
    free(task);
}

void pd_tasks_done(struct pd_tasks *tasks)
{
    struct pd_task *task, *next;
    HASH_ITER(hh, tasks->by_name, task, next)
        drop(tasks, task);
    pd_gc_done(&tasks->gc);
    *tasks = (struct pd_tasks){0};
}

void pd_tasks_settle(struct pd_tasks *tasks)
{
    struct pd_task *task, *next;
    HASH_ITER(hh, tasks->by_name, task, next)
        if (!task->has_info)
            drop(tasks, task);
}

/* The task of that name, made when there is none. NULL: it is no name that a Backup can have. */
static struct pd_task *task_of(struct pd_tasks *tasks, const char *text, size_t len)
{
    if (!len || len >= NAME_LEN_MAX || memchr(text, '\0', len))
        return NULL;
    char *name = xstrndup(text, len);
    struct pd_task *task = find(tasks, name);
    if (task) {
        free(name);
        return task;
    }
    task = xcalloc(1, sizeof *task);
    task->name = name;
    HASH_ADD_KEYPTR(hh, tasks->by_name, task->name, len, task);
    return task;
}

/* -- the four kinds of keys; @name is what follows "kind/" ------------------------------------------ */

static void take_info(struct pd_tasks *tasks, const char *name, size_t name_len, const char *value, size_t len)
{
    struct pd_task *task = task_of(tasks, name, name_len);
    if (!task)
        return;
    task->has_info = true;
    task->pd.start_ts = pd_read_start(value, len);
}

static void take_checkpoint(struct pd_tasks *tasks, const char *name, size_t name_len, const char *value, size_t len)
{
    static const char global[] = "/central_global"; /* others are of single stores and regions */
    size_t tail = sizeof global - 1;
    if (name_len <= tail || memcmp(name + name_len - tail, global, tail) != 0)
        return;
    struct pd_task *task = task_of(tasks, name, name_len - tail);
    if (task)
        task->pd.checkpoint = pd_read_checkpoint(value, len);
}

/* "text/plain;charset=UTF-8", or "application/x-protobuf;messagetype=brpb.StreamBackupError". */
static void take_payload(struct pd_task *task, const char *type, const char *payload)
{
    size_t len = 0;
    char *bytes = payload ? base64_decode(payload, &len) : NULL;
    struct pd_error error;
    if (!bytes || !len)
        ;
    else if (type && strstr(type, "protobuf")) {
        if (pd_read_error(bytes, len, &error))
            fact_text(task->pd.paused_why, sizeof task->pd.paused_why, error.text);
    } else if (!type || !*type || str_starts(type, "text/")) {
        fact_text(task->pd.paused_why, sizeof task->pd.paused_why, bytes);
    }
    free(bytes);
}

static void take_pause(struct pd_tasks *tasks, const char *name, size_t name_len, const char *value, size_t len)
{
    struct pd_task *task = task_of(tasks, name, name_len);
    if (!task)
        return;
    task->pd.paused = true; /* an empty value is a pause by hand, of a br that did not tell more */
    struct json *pause = len ? json_parse(value, len, NULL) : NULL;
    const char *severity = json_string(pause, "severity");
    int64_t pid = 0;
    task->pd.paused_by_error = severity && strcmp(severity, "ERROR") == 0;
    fact_text(task->pd.paused_by, sizeof task->pd.paused_by, json_string(pause, "operation_hostname"));
    clock_parse_rfc3339(json_string(pause, "operation_time"), &task->pd.paused_at_ms);
    if (json_int(json_get(pause, "operation_pid"), &pid) && pid > 0 && pid <= INT32_MAX)
        task->pd.paused_pid = (int)pid;
    take_payload(task, json_string(pause, "payload_type"), json_string(pause, "payload"));
    json_free(&pause);
}

static void take_error(struct pd_tasks *tasks, const char *name, size_t name_len, const char *value, size_t len)
{
    size_t at = name_len;
    uint64_t store = 0;
    struct pd_error error;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
        at--;
    if (at < 2 || at == name_len || name[at - 1] != '/' || !pd_read_error(value, len, &error))
        return;
    struct pd_task *task = task_of(tasks, name, at - 1);
    if (!task)
        return;
    for (size_t i = at; i < name_len; i++)
        store = store * 10 + (uint64_t)(name[i] - '0');
    task->pd.error_count++;
    int64_t at_ms = error.at_ms <= INT64_MAX ? (int64_t)error.at_ms : 0;
    if (task->pd.error_count > 1 && at_ms <= task->pd.error_at_ms)
        return;
    task->pd.error_at_ms = at_ms;
    task->pd.error_store = store <= INT32_MAX ? (int)store : 0;
    memcpy(task->pd.error, error.text, sizeof task->pd.error);
}

static const struct {
    const char *prefix;
    void (*take)(struct pd_tasks *tasks, const char *name, size_t name_len, const char *value, size_t len);
} kinds[] = {
    {ROOT "info/", take_info}, {ROOT "checkpoint/", take_checkpoint}, {ROOT "pause/", take_pause},
    {ROOT "last-error/", take_error},
};

void pd_take(struct pd_tasks *tasks, const char *key, size_t key_len, const char *value, size_t len)
{
    size_t root = strlen(tasks->gc_root);
    if (root) {
        if (key_len >= root && memcmp(key, tasks->gc_root, root) == 0)
            pd_take_gc(&tasks->gc, key + root, key_len - root, value, len);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t prefix = strlen(kinds[i].prefix);
        if (key_len > prefix && memcmp(key, kinds[i].prefix, prefix) == 0)
            kinds[i].take(tasks, key + prefix, key_len - prefix, value, len);
    }
}

/* -- the answer and the question ---------------------------------------------------------------------- */

static bool is_last(const struct pd_tasks *tasks, const char *key, size_t len)
{
    return len == tasks->last_key_len && memcmp(key, tasks->last_key, len) == 0;
}

static void take_pair(struct pd_tasks *tasks, const struct json *pair)
{
    const char *key_text = json_string(pair, "key"), *value_text = json_string(pair, "value");
    size_t key_len = 0, len = 0;
    char *key = key_text ? base64_decode(key_text, &key_len) : NULL;
    char *value = base64_decode(value_text ? value_text : "", &len); /* an empty value is left out */
    if (key && value && !is_last(tasks, key, key_len)) /* a page that begins with the end of the last counts it once */
        pd_take(tasks, key, key_len, value, len);
    tasks->last_key_len = 0;
    if (key && key_len < sizeof tasks->last_key) {
        memcpy(tasks->last_key, key, key_len);
        tasks->last_key_len = key_len;
    }
    free(key);
    free(value);
}

static void take_revision(struct pd_tasks *tasks, const struct json *header)
{
    const char *revision = json_string(header, "revision");
    if (!tasks->revision[0] && revision && strspn(revision, "0123456789") == strlen(revision))
        fact_text(tasks->revision, sizeof tasks->revision, revision);
}

bool pd_read_answer(struct pd_tasks *tasks, const struct json *answer, bool *more, struct error *err)
{
    const struct json *header = json_get(answer, "header");
    *more = false;
    if (json_type(header) != JSON_OBJECT)
        return error_set(err, ERROR_NETWORK, "what answered is no etcd");
    take_revision(tasks, header);
    JSON_EACH(pair, json_get(answer, "kvs"))
        take_pair(tasks, pair);
    *more = json_is_true(json_get(answer, "more")) && json_count(json_get(answer, "kvs")) > 0;
    if (*more && !tasks->last_key_len)
        return error_set(err, ERROR_NETWORK, "a key is too long to go on behind it");
    return true;
}

static void set_bytes(struct json *object, const char *key, const void *bytes, size_t len)
{
    char *text = base64_encode(bytes, len);
    json_set_string(object, key, text);
    free(text);
}

void pd_tasks_to_gc(struct pd_tasks *tasks, const char *cluster_id)
{
    snprintf(tasks->gc_root, sizeof tasks->gc_root, "/pd/%s/gc/safe_point", cluster_id);
    tasks->last_key_len = 0;
    tasks->revision[0] = '\0';
}

char *pd_question(const struct pd_tasks *tasks)
{
    struct json *question = json_new_object();
    char from[sizeof tasks->last_key + 1], end[sizeof tasks->gc_root + 1];
    const char *first = tasks->gc_root[0] ? tasks->gc_root : FIRST;
    snprintf(end, sizeof end, "%s0", tasks->gc_root); /* behind all of safe_point/ */
    memcpy(from, tasks->last_key, tasks->last_key_len);
    from[tasks->last_key_len] = '\0'; /* the key that follows it is itself and one zero byte more */
    if (tasks->last_key_len)
        set_bytes(question, "key", from, tasks->last_key_len + 1);
    else
        set_bytes(question, "key", first, strlen(first));
    if (tasks->gc_root[0])
        set_bytes(question, "range_end", end, strlen(end));
    else
        set_bytes(question, "range_end", END, strlen(END));
    json_set_int(question, "limit", PD_PAGE_KEYS);
    if (tasks->last_key_len && tasks->revision[0])
        json_set_string(question, "revision", tasks->revision);
    char *text = json_print(question);
    json_free(&question);
    return text;
}
