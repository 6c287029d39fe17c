#include <config.h>

#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/tso.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>

static void set_labels(struct json *metadata, const char *labels)
{
    struct json *object = json_object_in(metadata, "labels");
    char *copy = xstrdup(labels), *save = NULL;
    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        json_set_string(object, word, value);
    }
    free(copy);
}

static void set_status(struct json *object, const struct row_spec *spec, const char *when)
{
    struct json *status = json_object_in(object, "status");
    json_set_string(status, "phase", spec->phase);
    json_set_string(status, "commitTs", "400036290571534337");
    if (spec->checkpoint_age_ms) {
        char ts[TSO_TEXT_MAX];
        snprintf(ts, sizeof ts, "%llu", (unsigned long long)tso_from_ms(NOW_MS - spec->checkpoint_age_ms));
        json_set_string(status, "logCheckpointTs", ts);
    }
    struct json *conditions = json_new_array(), *condition = json_new_object();
    json_set_string(condition, "type", spec->phase);
    json_set_string(condition, "status", "True");
    json_set_string(condition, "lastTransitionTime", when);
    json_set_string(condition, "reason", "Because");
    json_set_string(condition, "message", spec->message ? spec->message : "");
    json_append(conditions, condition);
    json_set(status, "conditions", conditions);
}

char *row_json(const struct row_spec *spec)
{
    char when[CLOCK_TEXT_MAX];
    struct json *object = json_new_object();
    clock_format_rfc3339(NOW_MS - spec->age_ms, when);
    json_set_string(object, "apiVersion", spec->v1 ? "pingcap.com/v1alpha1" : "br.pingcap.com/v1alpha1");
    json_set_string(object, "kind", "Backup");
    struct json *metadata = json_object_in(object, "metadata");
    char *uid = xasprintf("uid-%s-%s", spec->ns, spec->name);
    json_set_string(metadata, "namespace", spec->ns);
    json_set_string(metadata, "name", spec->name);
    json_set_string(metadata, "uid", spec->uid ? spec->uid : uid);
    json_set_string(metadata, "resourceVersion", spec->version ? spec->version : "1");
    json_set_string(metadata, "creationTimestamp", when);
    if (spec->labels)
        set_labels(metadata, spec->labels);
    struct json *body = json_object_in(object, "spec");
    json_set_string(body, "backupMode", spec->log ? "log" : "snapshot");
    json_set_string(json_object_in(body, "br"), "cluster", spec->cluster ? spec->cluster : "tc");
    struct json *s3 = json_object_in(body, "s3");
    json_set_string(s3, "provider", "aws");
    json_set_string(s3, "bucket", "bucket");
    json_set_string(s3, "prefix", spec->name);
    if (spec->phase)
        set_status(object, spec, when);
    char *text = json_print(object);
    json_free(&object);
    free(uid);
    return text;
}

struct backup_record *row_record(struct store *store, const struct row_spec *spec)
{
    char *text = row_json(spec);
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(store), NULL);
    free(text);
    return record;
}

slot_t row_put(struct store *store, unsigned source, const struct row_spec *spec)
{
    return store_put(store, source, row_record(store, spec), NOW_MS);
}
