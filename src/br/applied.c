#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#include "br_private.h"

/* Whether the manager brdeck owns "f:spec"."f:KEY" in what the server keeps of who wrote what. */
static bool owns(const struct json *object, const char *key)
{
    char *field = xasprintf("f:%s", key);
    bool found = false;
    JSON_EACH (entry, json_at(object, "metadata", "managedFields", NULL))
        found = found || (str_same(json_string(entry, "manager"), "brdeck") &&
                          json_at(entry, "fieldsV1", "f:spec", field, NULL));
    free(field);
    return found;
}

static bool says(const struct json *object, const struct json *member)
{
    const struct json *there = json_at(object, "spec", json_key(member), NULL);
    return json_is_null(member) ? json_is_null(there) : there && json_equal(there, member);
}

static enum applied spec_applied(const struct br_plan *plan, const struct json *object)
{
    const struct json *spec = json_get(plan->patch, "spec");
    int64_t generation = 0;
    json_int(json_at(object, "metadata", "generation", NULL), &generation);
    if (generation <= plan->record->generation)
        return NOT_APPLIED_YET;
    bool known = json_count(json_at(object, "metadata", "managedFields", NULL)) > 0;
    JSON_EACH (member, spec) {
        if (!says(object, member))
            return NOT_APPLIED;
        if (known && !json_is_null(member) && !owns(object, json_key(member)))
            return APPLIED_BY_OTHER;
    }
    return APPLIED;
}

/* A retry takes an entry out; the operator makes a new one at once. */
static enum applied retry_applied(const struct br_plan *plan, const struct json *object)
{
    JSON_EACH (entry, json_at(plan->patch, "status", "logSubCommandStatuses", NULL)) {
        const char *key = json_key(entry);
        struct json *before = secret_blot_json(json_at(plan->object, "status", "logSubCommandStatuses", key, NULL));
        struct json *now = secret_blot_json(json_at(object, "status", "logSubCommandStatuses", key, NULL));
        bool same = json_equal(before, now); /* one that comes out of the journal is blotted */
        json_free(&before);
        json_free(&now);
        if (same)
            return NOT_APPLIED_YET;
    }
    return APPLIED;
}

static bool has_finalizer(const struct json *object)
{
    JSON_EACH (finalizer, json_at(object, "metadata", "finalizers", NULL))
        if (record_is_operators_finalizer(json_text(finalizer)))
            return true;
    return false;
}

/* Of those actions that write no spec. */
static enum applied object_applied(const struct br_plan *plan, const struct json *object)
{
    if (plan->action->id == ACTION_DELETE)
        return json_text(json_at(object, "metadata", "deletionTimestamp", NULL)) ? APPLIED : NOT_APPLIED_YET;
    return has_finalizer(object) ? NOT_APPLIED_YET : APPLIED;
}

enum applied write_applied(const struct br_plan *plan, const char *run_id, const struct json *object)
{
    const struct json *metadata = json_get(object, "metadata");
    if (plan->action->makes_new)
        return str_same(json_string(json_get(metadata, "annotations"), RUN_ID_ANNOTATION), run_id) ? APPLIED
                                                                                                   : APPLIED_BY_OTHER;
    bool of_object = plan->action->id == ACTION_DELETE || plan->action->id == ACTION_REMOVE_FINALIZER;
    if (!str_same(json_string(metadata, "uid"), plan->record->uid)) /* the one that was to go is gone */
        return of_object ? APPLIED : NOT_APPLIED;
    enum applied applied = of_object ? object_applied(plan, object) :
                           plan->verdict.is_retry ? retry_applied(plan, object) : spec_applied(plan, object);
    /* The write names a resourceVersion: once the object has another, it cannot come through any more. */
    bool moved = !str_same(json_string(metadata, "resourceVersion"), plan->record->resource_version);
    return applied == NOT_APPLIED_YET && moved ? NOT_APPLIED : applied;
}
