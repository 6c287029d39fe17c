#include <config.h>

#include "record_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

/* Marks of those who write a spec back, the more telling first: Flux's Helm controller also sets Helm's label. */
static const struct owner_mark {
    const char *where;   /* member of metadata */
    const char *key;     /* its beginning, where it ends in a slash */
    const char *value;   /* NULL: any */
    const char *who;     /* NULL: "BackupSchedule " and the value */
} owner_marks[] = {
    {"labels", "kustomize.toolkit.fluxcd.io/", NULL, "Flux"},
    {"annotations", "kustomize.toolkit.fluxcd.io/", NULL, "Flux"},
    {"labels", "helm.toolkit.fluxcd.io/", NULL, "Flux"},
    {"annotations", "helm.toolkit.fluxcd.io/", NULL, "Flux"},
    {"annotations", "argocd.argoproj.io/", NULL, "Argo CD"},
    {"labels", "argocd.argoproj.io/", NULL, "Argo CD"},
    {"labels", "tidb.pingcap.com/backup-schedule", NULL, NULL},
    {"labels", "app.kubernetes.io/managed-by", "Helm", "Helm"},
    {"annotations", "meta.helm.sh/", NULL, "Helm"},
};

/* What their controllers call themselves in managedFields, where that is not cut. */
static const struct {
    const char *manager, *who;
} managers[] = {
    {"argocd-controller", "Argo CD"}, {"argocd-application-controller", "Argo CD"},
    {"kustomize-controller", "Flux"}, {"helm-controller", "Flux"},
    {"helm", "Helm"},                 {"Helm", "Helm"},
};

static const char *const operator_finalizers[] = {"pingcap.com/finalizer", "tidb.pingcap.com/backup-protection"};

static bool mark_fits(const struct owner_mark *mark, const struct json *member)
{
    const char *key = json_key(member), *value = json_text(member);
    if (!key || !value)
        return false;
    if (mark->value && strcmp(value, mark->value) != 0)
        return false;
    return str_ends(mark->key, "/") ? str_starts(key, mark->key) : strcmp(key, mark->key) == 0;
}

static const char *schedule_name(struct intern *pool, const char *name)
{
    char *text = xasprintf("BackupSchedule %.64s", name);
    const char *kept = intern(pool, text);
    free(text);
    return kept;
}

static const char *who_manages(const struct json *metadata, struct intern *pool)
{
    for (size_t i = 0; i < ARRAY_LEN(owner_marks); i++)
        JSON_EACH(member, json_get(metadata, owner_marks[i].where))
            if (mark_fits(&owner_marks[i], member))
                return owner_marks[i].who ? owner_marks[i].who : schedule_name(pool, json_text(member));
    JSON_EACH(owner, json_get(metadata, "ownerReferences"))
        if (str_same(json_string(owner, "kind"), "BackupSchedule") && json_string(owner, "name"))
            return schedule_name(pool, json_string(owner, "name"));
    JSON_EACH(entry, json_get(metadata, "managedFields"))
        for (size_t i = 0; i < ARRAY_LEN(managers); i++)
            if (str_same(json_string(entry, "manager"), managers[i].manager))
                return managers[i].who;
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;
    return strcmp(json_key(*x), json_key(*y));
}

/* "a=b,c=d", sorted: equal labels are one string however the server ordered them. */
static const char *join_labels(const struct json *labels, struct intern *pool)
{
    size_t count = 0;
    if (json_type(labels) != JSON_OBJECT || json_count(labels) == 0)
        return NULL;
    const struct json **sorted = xcalloc(json_count(labels), sizeof *sorted);
    JSON_EACH(label, labels)
        if (json_text(label))
            sorted[count++] = label;
    qsort(sorted, count, sizeof *sorted, by_key);
    struct str text;
    str_init(&text, OWN_LABELS_MAX);
    for (size_t i = 0; i < count; i++)
        str_addf(&text, "%s%s=%s", i ? "," : "", json_key(sorted[i]), json_text(sorted[i]));
    const char *kept = text.len ? intern(pool, text.data) : NULL;
    str_done(&text);
    free(sorted);
    return kept;
}

bool record_is_operators_finalizer(const char *finalizer)
{
    for (size_t i = 0; i < ARRAY_LEN(operator_finalizers); i++)
        if (str_same(finalizer, operator_finalizers[i]))
            return true;
    return false;
}

static bool has_operator_finalizer(const struct json *finalizers)
{
    JSON_EACH(finalizer, finalizers)
        if (record_is_operators_finalizer(json_text(finalizer)))
            return true;
    return false;
}

void decode_metadata(struct decode *d, const struct json *object)
{
    struct backup_record *r = &d->record;
    const struct json *metadata = json_get(object, "metadata");
    const char *ns = json_string(metadata, "namespace");

    r->v1 = str_starts(json_string(object, "apiVersion"), "pingcap.com/");
    r->ns = intern(d->pool, ns ? ns : "");
    decode_keep_text(d, &r->name, json_string(metadata, "name"));
    decode_keep_text(d, &r->uid, json_string(metadata, "uid"));
    decode_keep_text(d, &r->resource_version, json_string(metadata, "resourceVersion"));
    json_int(json_get(metadata, "generation"), &r->generation);
    clock_parse_rfc3339(json_string(metadata, "creationTimestamp"), &r->created_ms);
    clock_parse_rfc3339(json_string(metadata, "deletionTimestamp"), &r->deleting_ms);
    r->has_finalizer = has_operator_finalizer(json_get(metadata, "finalizers"));
    r->labels = join_labels(json_get(metadata, "labels"), d->pool);
    r->managed_by = who_manages(metadata, d->pool);
}

/* -- since when something is asked for ----------------------------------------------------------- */

/* An entry's time moves with whatever else its manager writes: it is never before the wish, but may be after it. */
int64_t decode_asked_ms(const struct json *object)
{
    static const char *const fields[] = {"f:logSubcommand", "f:logTruncateUntil", "f:logStop"};
    int64_t exact = 0, any = 0, ms;
    JSON_EACH (entry, json_at(object, "metadata", "managedFields", NULL)) {
        const struct json *spec = json_at(entry, "fieldsV1", "f:spec", NULL);
        const char *time = json_string(entry, "time");
        if (!spec || !time || !clock_parse_rfc3339(time, &ms))
            continue;
        any = ms > any ? ms : any;
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
            if (json_get(spec, fields[i]) && ms > exact)
                exact = ms;
    }
    return exact ? exact : any;
}
