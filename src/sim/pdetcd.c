#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "pd.h"

enum { STORES = 3 };

struct pair {
    char *key, *value;
    size_t len;
};

struct pairs {
    struct pair *items;
    size_t count, cap;
};

static const char root[] = "/tidb/br-stream", gc_root[] = "/pd/" PD_CLUSTER_ID "/gc";

/* @key and @value are taken over. */
static void add(struct pairs *pairs, char *key, char *value, size_t len)
{
    if (pairs->count == pairs->cap) {
        pairs->cap = pairs->cap ? 2 * pairs->cap : 32;
        pairs->items = xreallocarray(pairs->items, pairs->cap, sizeof *pairs->items);
    }
    pairs->items[pairs->count++] = (struct pair){key, value, len};
}

/* -- protobuf ---------------------------------------------------------------------- */

static void put_varint(struct str *out, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        str_addc(out, (char)(number | 0x80));
    str_addc(out, (char)number);
}

static void put_number(struct str *out, unsigned field, uint64_t number)
{
    put_varint(out, field << 3);
    put_varint(out, number);
}

static void put_bytes(struct str *out, unsigned field, const char *bytes, size_t len)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, len);
    str_addn(out, bytes, len);
}

static void put_text(struct str *out, unsigned field, const char *text) { put_bytes(out, field, text, strlen(text)); }

/* backup.StorageBackend with the credentials that br sends along: nobody may show them. */
static void put_storage(struct str *out, const char *storage)
{
    const char *bucket = strstr(storage, "://") ? strstr(storage, "://") + 3 : storage;
    struct str s3, backend;
    str_init(&s3, STR_SMALL);
    str_init(&backend, STR_SMALL);
    size_t n = strcspn(bucket, "/");
    put_text(&s3, 2, "eu-central-1");
    put_bytes(&s3, 3, bucket, n);
    put_text(&s3, 4, bucket[n] ? bucket + n + 1 : "");
    put_text(&s3, 8, "AKIASIMULATED");
    put_text(&s3, 9, "simulated-secret-key");
    put_bytes(&backend, 3, s3.data, s3.len);
    put_bytes(out, 1, backend.data, backend.len);
    str_done(&s3);
    str_done(&backend);
}

/* backup.StreamBackupTaskInfo: storage 1, start_ts 2, end_ts 3, name 4, table_filter 5. */
static char *info_bytes(const struct pd_task *task, size_t *len)
{
    struct str out;
    str_init(&out, STR_SMALL);
    put_storage(&out, task->storage);
    put_number(&out, 2, task->start_tso);
    put_number(&out, 3, 999999999999999999U);
    put_text(&out, 4, task->name);
    put_text(&out, 5, "*.*");
    *len = out.len;
    return str_take(&out);
}

/* backup.StreamBackupError: happen_at 1, error_code 2, error_message 3, store_id 4. */
static char *error_bytes(const struct pd_error *error, size_t *len)
{
    struct str out;
    str_init(&out, STR_SMALL);
    put_number(&out, 1, (uint64_t)error->at_ms);
    put_text(&out, 2, error->code);
    put_text(&out, 3, error->message);
    put_number(&out, 4, error->store);
    *len = out.len;
    return str_take(&out);
}

/* -- keys and values ---------------------------------------------------------------- */

static char *big_endian(uint64_t number, size_t *len)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(number >> (56 - 8 * i));
    *len = sizeof bytes;
    return xmemdup(bytes, sizeof bytes);
}

/* The payload of a pause, in base64; NULL: none. The caller frees. */
static char *payload_of(const struct pd_task *task)
{
    size_t len;
    if (!task->paused_why)
        return NULL;
    if (!task->paused_by_error)
        return base64_encode(task->paused_why, strlen(task->paused_why));
    struct pd_error error = {.store = task->errors ? task->errors->store : 1,
                             .at_ms = task->paused_ms,
                             .code = (char *)(uintptr_t) "KV:LogBackup:Io",
                             .message = task->paused_why};
    char *bytes = error_bytes(&error, &len), *coded = base64_encode(bytes, len);
    free(bytes);
    return coded;
}

static char *pause_json(const struct pd_task *task, size_t *len)
{
    char time[CLOCK_TEXT_MAX], *payload = payload_of(task);
    const char *type = task->paused_by_error ? "application/x-protobuf;messageType=brpb.StreamBackupError"
                                             : "text/plain;charset=UTF-8";
    struct json *pause = json_new_object();
    json_set_string(pause, "severity", task->paused_by_error ? "ERROR" : "MANUAL");
    json_set_string(pause, "operation_hostname", task->paused_by ? task->paused_by : "backup-manager-0");
    json_set_int(pause, "operation_pid", task->paused_pid);
    json_set_string(pause, "operation_time", clock_format_rfc3339(task->paused_ms, time));
    json_set_string(pause, "payload_type", payload ? type : "");
    json_set_string(pause, "payload", payload);
    char *text = task->paused_bare ? xstrdup("") : json_print(pause);
    json_free(&pause);
    free(payload);
    *len = strlen(text);
    return text;
}

static void task_pairs(const struct pd *pd, const struct pd_task *task, struct pairs *pairs)
{
    size_t len;
    char *value = info_bytes(task, &len);
    add(pairs, xasprintf("%s/info/%s", root, task->name), value, len);
    add(pairs, xasprintf("%s/ranges/%s/t", root, task->name), xstrdup("u"), 1);
    value = big_endian(pd_checkpoint(pd, task), &len);
    add(pairs, xasprintf("%s/checkpoint/%s/central_global", root, task->name), value, len);
    for (unsigned store = 1; store <= STORES; store++) {
        value = big_endian(pd_checkpoint(pd, task), &len);
        add(pairs, xasprintf("%s/storage-checkpoint/%s/%u", root, task->name, store), value, len);
    }
    if (task->paused) {
        value = pause_json(task, &len);
        add(pairs, xasprintf("%s/pause/%s", root, task->name), value, len);
    }
    for (const struct pd_error *error = task->errors; error; error = error->next) {
        value = error_bytes(error, &len);
        add(pairs, xasprintf("%s/last-error/%s/%" PRIu64, root, task->name, error->store), value, len);
    }
}

/* What GC must not pass; @expires_ms 0: never. */
static void add_service(struct pairs *pairs, char *id, uint64_t tso, int64_t expires_ms)
{
    struct json *service = json_new_object();
    json_set_string(service, "service_id", id);
    json_set_int(service, "expired_at", expires_ms ? expires_ms / 1000 : INT64_MAX);
    json_set(service, "safe_point", json_new_uint(tso));
    char *value = json_print(service);
    add(pairs, xasprintf("%s/safe_point/service/%s", gc_root, id), value, strlen(value));
    json_free(&service);
    free(id);
}

static void gc_pairs(const struct pd *pd, const char *ns, const char *service, struct pairs *pairs)
{
    int64_t now = clock_wall_ms();
    uint64_t running = 0;
    for (const struct pd_task *task = pd->first; task; task = task->next) {
        if (strcmp(task->ns, ns) != 0 || strcmp(task->service, service) != 0)
            continue;
        if (!task->paused && (!running || pd_checkpoint(pd, task) - 1 < running))
            running = pd_checkpoint(pd, task) - 1;
        if (task->hold_until_ms)
            add_service(pairs, pd_is_guarded(task) ? xasprintf("%s-1-pause-guard", task->name)
                                                   : xasprintf("%s_pause_safepoint", task->name),
                        pd_hold_tso(pd, task), task->hold_until_ms);
    }
    char *value = xasprintf("%" PRIx64, pd_gc_safepoint(pd, ns, service));
    add(pairs, xasprintf("%s/safe_point", gc_root), value, strlen(value));
    add_service(pairs, xstrdup("gc_worker"), (uint64_t)(now - 600000) << 18, 0);
    if (running)
        add_service(pairs, xstrdup("log-backup-coordinator"), running, now + 24 * (int64_t)3600000);
}

/* -- range --------------------------------------------------------------------------- */

/* As etcd reads it: without an end that key alone, an end of one zero byte all behind it. */
static bool in_range(const char *key, const char *from, size_t from_len, const char *end, size_t end_len)
{
    if (!end || end_len == 0)
        return strcmp(key, from) == 0;
    /* A zero byte at its end goes on behind that key: the next page. */
    if (strcmp(key, from) < 0 || (strcmp(key, from) == 0 && from_len > strlen(from)))
        return false;
    return (end_len == 1 && *end == '\0') || strcmp(key, end) < 0;
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void add_pair(struct json *kvs, const struct pair *pair, bool keys_only)
{
    struct json *kv = json_new_object();
    char *key = base64_encode(pair->key, strlen(pair->key)), *value = base64_encode(pair->value, pair->len);
    json_set_string(kv, "key", key);
    json_set_string(kv, "create_revision", "101");
    json_set_string(kv, "mod_revision", "4242");
    json_set_string(kv, "version", "12");
    if (!keys_only && pair->len) /* as protobuf's JSON: what is empty is left out */
        json_set_string(kv, "value", value);
    json_append(kvs, kv);
    free(key);
    free(value);
}

/* An int64 comes as a string or as a number. */
static int64_t number_at(const struct json *request, const char *key)
{
    const struct json *value = json_get(request, key);
    int64_t number = 0;
    if (json_text(value))
        return strtoll(json_text(value), NULL, 10);
    json_int(value, &number);
    return number;
}

static struct json *header(void)
{
    struct json *head = json_new_object();
    json_set_string(head, "cluster_id", "14841639068965178418"); /* etcd's own, not PD's */
    json_set_string(head, "member_id", "11346720834597201234");
    json_set_string(head, "revision", "4242");
    json_set_string(head, "raft_term", "2");
    return head;
}

/* Those of @pairs in the range asked for, as far as the limit goes. */
static struct json *answer(const struct pairs *pairs, const struct json *request)
{
    size_t from_len = 0, end_len = 0;
    const char *from_text = json_string(request, "key"), *end_text = json_string(request, "range_end");
    char *from = base64_decode(from_text ? from_text : "", &from_len);
    char *end = end_text ? base64_decode(end_text, &end_len) : NULL, number[24];
    int64_t limit = number_at(request, "limit"), total = 0;
    bool count_only = json_is_true(json_get(request, "count_only"));
    bool keys_only = json_is_true(json_get(request, "keys_only"));
    struct json *tree = json_new_object(), *kvs = json_new_array();
    json_set(tree, "header", header());
    for (size_t i = 0; i < pairs->count; i++) {
        if (!from || !in_range(pairs->items[i].key, from, from_len, end, end_len))
            continue;
        total++;
        if (!count_only && (limit <= 0 || total <= limit))
            add_pair(kvs, &pairs->items[i], keys_only);
    }
    if (!count_only && limit > 0 && total > limit)
        json_set_bool(tree, "more", true);
    snprintf(number, sizeof number, "%" PRId64, total);
    if (json_count(kvs) > 0)
        json_set(tree, "kvs", kvs);
    else
        json_free(&kvs);
    if (total > 0)
        json_set_string(tree, "count", number);
    free(from);
    free(end);
    return tree;
}

struct json *pd_range(const struct pd *pd, const char *ns, const char *service, const struct json *request)
{
    struct pairs pairs = {0};
    for (const struct pd_task *task = pd->first; task; task = task->next)
        if (strcmp(task->ns, ns) == 0 && strcmp(task->service, service) == 0)
            task_pairs(pd, task, &pairs);
    gc_pairs(pd, ns, service, &pairs);
    if (pairs.count)
        qsort(pairs.items, pairs.count, sizeof *pairs.items, compare_pairs);
    struct json *tree = answer(&pairs, request);
    for (size_t i = 0; i < pairs.count; i++) {
        free(pairs.items[i].key);
        free(pairs.items[i].value);
    }
    free(pairs.items);
    return tree;
}
