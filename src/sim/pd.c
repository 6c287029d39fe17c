#include <config.h>

#include "pd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

enum { TICK_MS = 5000, KEYS_MAX = 5, TSO_SHIFT = 18 };

void pd_init(struct pd *pd, double speed)
{
    int64_t tick = (int64_t)(TICK_MS / speed);
    *pd = (struct pd){.tick_ms = tick > 50 ? tick : 50};
}

static void task_free(struct pd_task *task)
{
    free(task->service);
    free(task->ns);
    free(task->name);
    free(task->storage);
    free(task->error);
    free(task);
}

void pd_done(struct pd *pd)
{
    while (pd->first) {
        struct pd_task *task = pd->first;
        pd->first = task->next;
        task_free(task);
    }
}

struct pd_task *pd_find(const struct pd *pd, const char *ns, const char *name)
{
    for (struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->name, name) == 0 && strcmp(task->ns, ns) == 0)
            return task;
    return NULL;
}

struct pd_task *pd_start(struct pd *pd, const char *ns, const char *service, const char *name, const char *storage,
                         uint64_t start_tso)
{
    struct pd_task *old = pd_find(pd, ns, name);
    if (old)
        pd_stop(pd, old);
    struct pd_task *task = xcalloc(1, sizeof *task);
    task->ns = xstrdup(ns);
    task->service = xstrdup(service);
    task->name = xstrdup(name);
    task->storage = xstrdup(storage);
    task->start_tso = start_tso;
    task->lag_ms = 2000;
    task->next = pd->first;
    pd->first = task;
    return task;
}

static int64_t checkpoint_ms(const struct pd *pd, const struct pd_task *task)
{
    if (task->frozen_ms)
        return task->frozen_ms;
    int64_t now = clock_wall_ms() - task->lag_ms, start = (int64_t)(task->start_tso >> TSO_SHIFT);
    int64_t at = now - now % pd->tick_ms;
    return at > start ? at : start;
}

uint64_t pd_checkpoint(const struct pd *pd, const struct pd_task *task)
{
    return (uint64_t)checkpoint_ms(pd, task) << TSO_SHIFT;
}

void pd_pause(struct pd *pd, struct pd_task *task)
{
    task->frozen_ms = checkpoint_ms(pd, task);
    task->paused = true;
    task->paused_ms = clock_wall_ms();
}

void pd_resume(struct pd_task *task)
{
    task->paused = false;
    task->frozen_ms = 0;
}

void pd_stop(struct pd *pd, struct pd_task *task)
{
    for (struct pd_task **at = &pd->first; *at; at = &(*at)->next)
        if (*at == task) {
            *at = task->next;
            task_free(task);
            return;
        }
}

/* -- etcd ------------------------------------------------------------------------ */

struct pair {
    char *key, *value;
    size_t len;
};

/* StreamBackupTaskInfo as protobuf: start_ts 2, end_ts 3, name 4. */
static char *info_bytes(const struct pd_task *task, size_t *len)
{
    struct str out;
    str_init(&out, STR_SMALL);
    uint64_t numbers[] = {task->start_tso, 999999999999999999U};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        str_addc(&out, (char)((i + 2) << 3));
        uint64_t rest = numbers[i];
        for (; rest > 0x7f; rest >>= 7)
            str_addc(&out, (char)(rest | 0x80));
        str_addc(&out, (char)rest);
    }
    str_addc(&out, (char)(4 << 3 | 2));
    str_addc(&out, (char)strlen(task->name));
    str_add(&out, task->name);
    *len = out.len;
    return str_take(&out);
}

static char *big_endian(uint64_t number, size_t *len)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(number >> (56 - 8 * i));
    *len = sizeof bytes;
    return xmemdup(bytes, sizeof bytes);
}

static char *pause_json(const struct pd_task *task, size_t *len)
{
    char time[CLOCK_TEXT_MAX];
    clock_format_rfc3339(task->paused_ms, time);
    struct json *pause = json_new_object();
    json_set_string(pause, "severity", task->error ? "ERROR" : "MANUAL");
    json_set_string(pause, "operation_hostname", "backup-manager-0");
    json_set_int(pause, "operation_pid", 17);
    json_set_string(pause, "operation_time", time);
    json_set_string(pause, "payload_type", "");
    json_set(pause, "payload", json_new_null());
    char *text = json_print(pause);
    json_free(&pause);
    *len = strlen(text);
    return text;
}

static size_t task_pairs(const struct pd *pd, const struct pd_task *task, struct pair pairs[KEYS_MAX])
{
    size_t n = 0;
    static const char root[] = "/tidb/br-stream";
    pairs[n].key = xasprintf("%s/info/%s", root, task->name);
    pairs[n].value = info_bytes(task, &pairs[n].len);
    n++;
    pairs[n].key = xasprintf("%s/checkpoint/%s/central_global", root, task->name);
    pairs[n].value = big_endian(pd_checkpoint(pd, task), &pairs[n].len);
    n++;
    if (task->paused) {
        pairs[n].key = xasprintf("%s/pause/%s", root, task->name);
        pairs[n].value = pause_json(task, &pairs[n].len);
        n++;
    }
    if (task->error) {
        pairs[n].key = xasprintf("%s/last-error/%s/1", root, task->name);
        pairs[n].value = xstrdup(task->error);
        pairs[n].len = strlen(task->error);
        n++;
    }
    return n;
}

/* As etcd reads it: without an end that key alone, an end of one zero byte all behind it. */
static bool in_range(const char *key, const char *from, const char *end, size_t end_len)
{
    if (!end)
        return strcmp(key, from) == 0;
    if (strcmp(key, from) < 0)
        return false;
    return (end_len == 1 && *end == '\0') || strcmp(key, end) < 0;
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void add_pair(struct json *kvs, const struct pair *pair)
{
    struct json *kv = json_new_object();
    char *key = base64_encode(pair->key, strlen(pair->key)), *value = base64_encode(pair->value, pair->len);
    json_set_string(kv, "key", key);
    json_set_string(kv, "create_revision", "101");
    json_set_string(kv, "mod_revision", "4242");
    json_set_string(kv, "version", "12");
    json_set_string(kv, "value", value);
    json_append(kvs, kv);
    free(key);
    free(value);
}

struct json *pd_range(const struct pd *pd, const char *ns, const char *service, const struct json *request)
{
    size_t from_len = 0, end_len = 0, count = 0, tasks = 0;
    const char *from_text = json_string(request, "key"), *end_text = json_string(request, "range_end");
    char *from = base64_decode(from_text ? from_text : "", &from_len);
    char *end = end_text ? base64_decode(end_text, &end_len) : NULL;
    for (const struct pd_task *task = pd->first; task; task = task->next)
        tasks++;
    struct pair *pairs = xcalloc(KEYS_MAX * tasks + 1, sizeof *pairs);
    for (const struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->ns, ns) == 0 && strcmp(task->service, service) == 0)
            count += task_pairs(pd, task, pairs + count);
    qsort(pairs, count, sizeof *pairs, compare_pairs);

    struct json *answer = json_new_object(), *header = json_object_in(answer, "header"), *kvs = json_new_array();
    json_set_string(header, "cluster_id", "7442089631527301234");
    json_set_string(header, "member_id", "11346720834597201234");
    json_set_string(header, "revision", "4242");
    json_set_string(header, "raft_term", "2");
    for (size_t i = 0; i < count; i++) {
        if (from && in_range(pairs[i].key, from, end, end_len))
            add_pair(kvs, &pairs[i]);
        free(pairs[i].key);
        free(pairs[i].value);
    }
    char number[24];
    snprintf(number, sizeof number, "%zu", json_count(kvs));
    if (json_count(kvs) > 0) {
        json_set(answer, "kvs", kvs);
        json_set_string(answer, "count", number);
    } else {
        json_free(&kvs);
    }
    free(pairs);
    free(from);
    free(end);
    return answer;
}
