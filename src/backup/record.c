#include <config.h>

#include "record_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/base/alloc.h>

const struct backup_sub backup_sub_none = {.phase = PHASE_NONE};

void decode_keep(struct decode *d, const char **to, const char *bytes, size_t len)
{
    if (bytes && d->text_count < PACK_MAX)
        d->texts[d->text_count++] = (struct pack_text){to, bytes, len};
}

void decode_keep_text(struct decode *d, const char **to, const char *text)
{
    decode_keep(d, to, text, text ? strlen(text) : 0);
}

/* The text before number @i that says the same, or @i: a backupPath repeats the storage, an until its success. */
static size_t first_like(const struct decode *d, size_t i)
{
    const struct pack_text *text = &d->texts[i];
    for (size_t k = 0; k < i; k++)
        if (d->texts[k].len == text->len && memcmp(d->texts[k].bytes, text->bytes, text->len) == 0)
            return k;
    return i;
}

/* The record with its sub-statuses and strings behind it, in one piece. */
static struct backup_record *pack(struct decode *d)
{
    size_t like[PACK_MAX], size = sizeof d->record + d->sub_count * sizeof d->subs[0];
    for (size_t i = 0; i < d->text_count; i++) {
        like[i] = first_like(d, i);
        if (like[i] == i)
            size += d->texts[i].len + 1;
    }
    char *memory = xmalloc(size), *subs = memory + sizeof d->record;
    char *place = subs + d->sub_count * sizeof d->subs[0];
    for (size_t i = 0; i < d->text_count; i++) {
        const struct pack_text *text = &d->texts[i];
        if (like[i] != i) {
            *text->to = *d->texts[like[i]].to;
            continue;
        }
        memcpy(place, text->bytes, text->len);
        place[text->len] = '\0';
        *text->to = place;
        place += text->len + 1;
    }
    /* only now are all pointers in, those of the sub-statuses too */
    if (d->sub_count > 0)
        memcpy(subs, d->subs, d->sub_count * sizeof d->subs[0]);
    d->record.subs = (const struct backup_sub *)(void *)subs;
    d->record.bytes = (uint32_t)size;
    return memcpy(memory, &d->record, sizeof d->record);
}

static bool waits_for_operator(const struct backup_record *record)
{
    enum command_verdict verdict = record->mode == BACKUP_LOG ? command_verdict(record) : COMMAND_NOT_LOG;
    return verdict == COMMAND_RUNS || verdict == COMMAND_WAITS;
}

struct backup_record *record_decode(const struct json *object, struct intern *pool)
{
    struct decode d = {.pool = pool};
    d.record.name = d.record.uid = d.record.resource_version = d.record.storage = "";
    str_init(&d.storage, OWN_LABELS_MAX);
    decode_metadata(&d, object);
    decode_spec(&d, json_get(object, "spec"));
    decode_status(&d, json_get(object, "status"));
    struct backup_record *record = pack(&d);
    str_done(&d.storage);
    if (waits_for_operator(record))
        record->asked_ms = decode_asked_ms(object);
    return record;
}

/* managedFields are the half of an object: they are read of the few that wait. */
static void find_asked(struct backup_record *record, const char *text, size_t len)
{
    struct json_arena arena;
    if (!waits_for_operator(record))
        return;
    json_arena_init(&arena);
    record->asked_ms = decode_asked_ms(json_read(&arena, text, len, NULL, NULL));
    json_arena_done(&arena);
}

struct backup_record *record_decode_text(const char *text, size_t len, struct intern *pool, struct error *err)
{
    struct json_arena arena;
    json_arena_init(&arena);
    const struct json *object = json_read(&arena, text, len, "managedFields", err);
    struct backup_record *record = object ? record_decode(object, pool) : NULL;
    json_arena_done(&arena);
    if (record)
        find_asked(record, text, len);
    return record;
}

void record_free(struct backup_record **record)
{
    free(*record);
    *record = NULL;
}

size_t record_size(const struct backup_record *record) { return record->bytes; }

char *record_cluster(const struct backup_record *record, char buf[RECORD_CLUSTER_MAX])
{
    /* v2 looks the Cluster up beside the Backup, whatever clusterNamespace says */
    const char *ns = record->v1 && record->cluster_ns ? record->cluster_ns : record->ns;
    buf[0] = '\0';
    if (!str_empty(record->cluster))
        snprintf(buf, RECORD_CLUSTER_MAX, "%s/%s", ns, record->cluster);
    return buf;
}

bool record_label(const struct backup_record *record, const char *key, char *buf, size_t size)
{
    size_t len = strlen(key);
    for (const char *at = record->labels; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, key, len) != 0 || at[len] != '=')
            continue;
        const char *value = at + len + 1;
        snprintf(buf, size, "%.*s", (int)strcspn(value, ","), value);
        return true;
    }
    return false;
}
