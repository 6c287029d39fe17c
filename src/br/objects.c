#include <config.h>

#include "objects.h"

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "br_private.h"

int64_t object_time(const struct json *object, const char *key)
{
    int64_t ms = 0;
    return clock_parse_rfc3339(json_string(object, key), &ms) ? ms : 0;
}

const struct json *object_condition(const struct json *status, const char *type, const char *is)
{
    JSON_EACH (condition, json_get(status, "conditions"))
        if (str_same(json_string(condition, "type"), type) && str_same(json_string(condition, "status"), is))
            return condition;
    return NULL;
}

bool job_is_over(const struct json *job)
{
    const struct json *status = json_get(job, "status");
    return object_condition(status, "Complete", "True") || object_condition(status, "Failed", "True");
}

bool container_is_starting(const char *waiting)
{
    return str_same(waiting, "ContainerCreating") || str_same(waiting, "PodInitializing");
}

slot_t find_slot(const struct store *store, bool v1, const char *ns, const char *name)
{
    slot_t slot = store_find(store, ns, name);
    if (slot == SLOT_NONE || store_get(store, slot)->record->v1 == v1)
        return slot;
    for (slot = 0; slot < store_slots(store); slot++) { /* a cluster in migration has it in both groups */
        const struct store_row *row = store_get(store, slot);
        if (row && row->record->v1 == v1 && str_same(row->record->name, name) && str_same(row->record->ns, ns))
            return slot;
    }
    return SLOT_NONE;
}

const struct store_row *find_row(const struct store *store, bool v1, const char *ns, const char *name)
{
    slot_t slot = find_slot(store, v1, ns, name);
    return slot == SLOT_NONE ? NULL : store_get(store, slot);
}

size_t find_records(const struct store *store, bool v1, const char *cluster, const struct backup_record ***records)
{
    size_t count = store_cluster(store, cluster, NULL, 0), kept = 0;
    *records = xcalloc(count + 1, sizeof **records);
    store_cluster(store, cluster, *records, count);
    for (size_t i = 0; i < count; i++)
        if ((*records)[i]->v1 == v1)
            (*records)[kept++] = (*records)[i];
    return kept;
}
