#include <config.h>

#include "users.h"

#include <string.h>

#include <brdeck/backup/place.h>
#include <brdeck/base/alloc.h>

static const struct kube_resource resources[USER_KINDS][2] = {
    [USER_RESTORE] = {{"br.pingcap.com", "v1alpha1", "restores", "Restore", true},
                      {"pingcap.com", "v1alpha1", "restores", "Restore", true}},
    [USER_SCHEDULE] = {{"br.pingcap.com", "v1alpha1", "backupschedules", "BackupSchedule", true},
                       {"pingcap.com", "v1alpha1", "backupschedules", "BackupSchedule", true}},
    [USER_COMPACT] = {{"br.pingcap.com", "v1alpha1", "compactbackups", "CompactBackup", true},
                      {"pingcap.com", "v1alpha1", "compactbackups", "CompactBackup", true}},
};

const struct kube_resource *user_resource(enum user_kind kind, bool v1) { return &resources[kind][v1]; }

/* -- the path ------------------------------------------------------------------------------ */

/* Where a spec keeps the storage: in itself, or in a member of it. */
static const char *const members[USER_KINDS][4] = {
    [USER_RESTORE] = {"pitrFullBackupStorageProvider"},
    [USER_SCHEDULE] = {"backupTemplate", "logBackupTemplate", "compactBackupTemplate"},
};

static enum place_relation relation_of(const struct json *storage, const struct backup_record *own,
                                       struct intern *pool)
{
    if (json_type(storage) != JSON_OBJECT)
        return PLACE_APART;
    struct json *object = json_new_object();
    json_set(object, "spec", json_copy(storage));
    struct backup_record *record = record_decode(object, pool);
    enum place_relation relation = record ? place_of_records(own, record) : PLACE_APART;
    record_free(&record);
    json_free(&object);
    return relation;
}

/* The closest of all that it names. */
static enum place_relation closest(enum user_kind kind, const struct json *object, const struct backup_record *own,
                                   struct intern *pool)
{
    const struct json *spec = json_get(object, "spec");
    enum place_relation found = relation_of(spec, own, pool);
    for (size_t i = 0; i < ARRAY_LEN(members[kind]) && members[kind][i]; i++) {
        enum place_relation other = relation_of(json_get(spec, members[kind][i]), own, pool);
        if (other != PLACE_APART && (found == PLACE_APART || other < found))
            found = other;
    }
    return found;
}

/* -- what it does there ---------------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (str_same(word, *words))
            return true;
    return false;
}

static enum use restore_says(const struct json *status, struct str *words)
{
    static const char *const ends[] = {"Complete", "Failed", "Invalid", "PruneComplete", "PruneFailed", NULL};
    const char *phase = json_string(status, "phase");
    if (is_one_of(phase, ends)) {
        str_addf(words, "has read it and is %.40s", phase);
        return USE_IS_FACT;
    }
    if (str_empty(phase))
        str_add(words, "is to read it and has not begun");
    else
        str_addf(words, "reads it and is %.40s", phase);
    return USE_AT_WORK;
}

/* TiDB Operator v2 has no controller of its CompactBackups: what has no state stays so. */
static enum use compact_says(const struct json *status, bool v1, struct str *words)
{
    static const char *const ends[] = {"Complete", "Failed", NULL};
    const char *state = json_string(status, "state");
    if (is_one_of(state, ends)) {
        str_addf(words, "compacted its log and is %.40s: what it wrote under the path goes, too", state);
        return USE_IS_FACT;
    }
    if (str_empty(state))
        str_add(words, "is to compact its log and has not begun");
    else
        str_addf(words, "compacts its log and is %.40s", state);
    return str_empty(state) && !v1 ? USE_IS_FACT : USE_AT_WORK;
}

static enum use schedule_says(const struct json *object, enum place_relation relation, struct str *words)
{
    bool paused = json_is_true(json_at(object, "spec", "pause", NULL));
    str_addf(words, "has its Backups made %s%s", relation == PLACE_CHILD ? "around it" : "there: what it makes next "
             "may go with this", paused ? " (it is paused)" : "");
    return USE_IS_FACT;
}

enum use user_says(enum user_kind kind, bool v1, const struct json *object, const struct backup_record *own,
                   struct intern *pool, struct str *words)
{
    const struct json *metadata = json_get(object, "metadata"), *status = json_get(object, "status");
    const char *ns = json_string(metadata, "namespace"), *name = json_string(metadata, "name");
    enum place_relation relation = closest(kind, object, own, pool);
    if (relation == PLACE_APART)
        return USE_NONE;
    str_addf(words, "%s %s/%s ", resources[kind][0].kind, ns ? ns : "", name ? name : "");
    enum use use = kind == USER_SCHEDULE ? schedule_says(object, relation, words) :
                   kind == USER_RESTORE ? restore_says(status, words) : compact_says(status, v1, words);
    if (relation != PLACE_SAME && kind != USER_SCHEDULE)
        str_addf(words, " (%s)", place_relation_words(relation));
    return use;
}
