#include <config.h>

#include "validate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

const char validate_name_rule[] =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

static const char logstop_rule[] =
    "Field `logStop` is the old version field, please use `logSubcommand` instead";

/* The schema of Backup: each object with its members and their types; an object that is no row
 * here is taken as it is. */
static const struct object_schema {
    const char *path;     /* below the root */
    const char *members;  /* "name:type" between spaces; o object, a array, s string, b boolean, i integer */
    const char *required; /* members between spaces */
} schemas[] = {
    {"spec",
     "additionalVolumeMounts:a additionalVolumes:a affinity:o azblob:o backoffRetryPolicy:o backupMode:s backupType:s "
     "br:o cleanOption:o cleanPolicy:s commitTs:s env:a gcs:o imagePullSecrets:a local:o logStop:b logSubcommand:s "
     "logTruncateUntil:s podSecurityContext:o priorityClassName:s resources:o s3:o serviceAccount:s "
     "storageClassName:s storageSize:s tableFilter:a tolerations:a toolImage:s useKMS:b "
     "volumeBackupInitJobMaxActiveSeconds:i",
     ""},
    {"spec.br",
     "checkRequirements:b checksum:b cluster:s clusterNamespace:s concurrency:i db:s logLevel:s onLine:b options:a "
     "rateLimit:i sendCredToTikv:b statusAddr:s table:s timeAgo:s",
     "cluster"},
    {"spec.s3",
     "acl:s bucket:s endpoint:s options:a path:s prefix:s provider:s region:s secretName:s sse:s storageClass:s",
     "provider"},
    {"spec.gcs",
     "bucket:s bucketAcl:s location:s objectAcl:s path:s prefix:s projectId:s secretName:s storageClass:s",
     "projectId"},
    {"spec.azblob",
     "accessTier:s container:s path:s prefix:s sasToken:s secretName:s storageAccount:s", ""},
    {"spec.local", "prefix:s volume:o volumeMount:o", "volume volumeMount"},
    {"spec.backoffRetryPolicy", "maxRetryTimes:i minRetryDuration:s retryTimeout:s", ""},
    {"spec.cleanOption",
     "backoffEnabled:b batchConcurrency:i disableBatchConcurrency:b pageSize:i retryCount:i routineConcurrency:i", ""},
    {"status",
     "backoffRetryStatus:a backupPath:s backupSize:i backupSizeReadable:s commitTs:s conditions:a logCheckpointTs:s "
     "logSubCommandStatuses:o logSuccessTruncateUntil:s phase:s progresses:a timeCompleted:s timeStarted:s timeTaken:s",
     ""},
};

static const struct enum_rule {
    const char *path, *values; /* between spaces */
} enums[] = {
    {"spec.logSubcommand", "log-start log-stop log-pause log-resume log-truncate"},
    {"spec.cleanPolicy", "Retain OnFailure Delete"},
};

static bool is_backup(const struct kind *kind) { return kind->id == KIND_BACKUP || kind->id == KIND_V1_BACKUP; }

void findings_done(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].field);
        free(findings->items[i].message);
    }
    findings->count = 0;
}

/* Takes over @message. */
static void find_fault(struct findings *findings, const char *reason, const char *field, char *message)
{
    if (findings->count == CAUSES_MAX) {
        free(message);
        return;
    }
    findings->items[findings->count++] =
        (struct finding){.reason = reason, .field = xstrdup(field), .message = message};
}

static struct json *at_path(struct json *tree, const char *path)
{
    while (tree && *path) {
        size_t n = strcspn(path, ".");
        char *key = xstrndup(path, n);
        tree = json_get_mut(tree, key);
        free(key);
        path += n + (path[n] == '.');
    }
    return tree;
}

/* The type letter of member @key; 0 when there is none. */
static char member_type(const char *members, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = members; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strncmp(at, key, n) == 0 && at[n] == ':')
            return at[n + 1];
    return 0;
}

void validate_prune(const struct kind *kind, struct json *tree, struct str *unknown)
{
    /* The v1 schema has more members than are told here: it is taken as it is. */
    for (size_t i = 0; i < ARRAY_LEN(schemas) && kind->id == KIND_BACKUP; i++) {
        struct json *object = at_path(tree, schemas[i].path);
        const struct json *next;
        for (const struct json *member = json_first(object); member; member = next) {
            next = json_next(member);
            if (json_type(object) != JSON_OBJECT || member_type(schemas[i].members, json_key(member)))
                continue;
            str_addf(unknown, "%sunknown field \"%s.%s\"", unknown->len ? ", " : "", schemas[i].path,
                     json_key(member));
            json_remove(object, json_key(member));
        }
    }
}

static void set_default(struct json *object, const char *key, struct json *value)
{
    if (json_is_null(json_get(object, key)))
        json_set(object, key, value);
    else
        json_free(&value);
}

/* A null of a member that may not be one is dropped by the API server, but for status times. */
static void drop_nulls(struct json *object)
{
    const struct json *next;
    for (const struct json *member = json_first(object); member; member = next) {
        next = json_next(member);
        if (json_type(member) == JSON_NULL)
            json_remove(object, json_key(member));
    }
}

void validate_default(const struct kind *kind, struct json *tree)
{
    if (!is_backup(kind))
        return;
    struct json *spec = json_get_mut(tree, "spec");
    if (json_type(spec) != JSON_OBJECT)
        return;
    drop_nulls(spec);
    set_default(spec, "backupMode", json_new_string("snapshot"));
    set_default(spec, "cleanPolicy", json_new_string("Retain"));
    set_default(spec, "volumeBackupInitJobMaxActiveSeconds", json_new_int(600));
    struct json *retry = json_get_mut(spec, "backoffRetryPolicy");
    if (json_type(retry) == JSON_OBJECT) {
        set_default(retry, "maxRetryTimes", json_new_int(2));
        set_default(retry, "minRetryDuration", json_new_string("300s"));
        set_default(retry, "retryTimeout", json_new_string("30m"));
    }
}

static const struct type_rule {
    char letter;
    enum json_type type;
    const char *name;
} type_rules[] = {
    {'o', JSON_OBJECT, "object"}, {'a', JSON_ARRAY, "array"},     {'s', JSON_STRING, "string"},
    {'b', JSON_BOOL, "boolean"},  {'i', JSON_NUMBER, "integer"},
};
static const char *const type_names[] = {
    [JSON_NONE] = "nothing",  [JSON_NULL] = "null",     [JSON_BOOL] = "boolean",  [JSON_NUMBER] = "number",
    [JSON_STRING] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object",
};

static void check_types(const struct object_schema *schema, const struct json *object, struct findings *findings)
{
    JSON_EACH(member, object)
    {
        char letter = member_type(schema->members, json_key(member));
        for (size_t i = 0; i < ARRAY_LEN(type_rules); i++) {
            const struct type_rule *rule = &type_rules[i];
            if (rule->letter != letter || json_type(member) == rule->type || json_type(member) == JSON_NULL)
                continue;
            char *field = xasprintf("%s.%s", schema->path, json_key(member));
            const char *found = type_names[json_type(member)];
            find_fault(findings, "FieldValueTypeInvalid", field,
                       xasprintf("Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", found, field,
                                 rule->name, found));
            free(field);
        }
    }
    for (const char *at = schema->required; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        char *key = xstrndup(at, strcspn(at, " "));
        if (json_type(object) == JSON_OBJECT && json_is_null(json_get(object, key))) {
            char *field = xasprintf("%s.%s", schema->path, key);
            find_fault(findings, "FieldValueRequired", field, xstrdup("Required value"));
            free(field);
        }
        free(key);
    }
}

static void check_enum(const struct enum_rule *rule, const struct json *value, struct findings *findings)
{
    const char *text = json_text(value);
    if (!text)
        return;
    struct str list;
    str_init(&list, STR_SMALL);
    bool among = false;
    for (const char *at = rule->values; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        among = among || (strlen(text) == n && strncmp(at, text, n) == 0);
        str_addf(&list, "%s\"%.*s\"", list.len ? ", " : "", (int)n, at);
    }
    if (!among) {
        find_fault(findings, "FieldValueNotSupported", rule->path,
                   xasprintf("Unsupported value: \"%s\": supported values: %s", text, list.data));
        find_fault(findings, "FieldValueInvalid", "<nil>",
                   xstrdup("Invalid value: null: some validation rules were not checked because the object was "
                           "invalid; correct the existing errors to complete validation"));
    }
    str_done(&list);
}

void validate(const struct kind *kind, const struct json *tree, struct findings *findings)
{
    *findings = (struct findings){0};
    if (!is_backup(kind))
        return;
    struct json *copy = json_copy(tree);
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
        check_types(&schemas[i], at_path(copy, schemas[i].path), findings);
    for (size_t i = 0; i < ARRAY_LEN(enums); i++)
        check_enum(&enums[i], at_path(copy, enums[i].path), findings);
    const struct json *spec = json_get(copy, "spec");
    if (!json_is_null(spec) && json_type(spec) != JSON_OBJECT)
        find_fault(findings, "FieldValueTypeInvalid", "spec",
                   xasprintf("Invalid value: \"%s\": spec in body must be of type object: \"%s\"",
                             type_names[json_type(spec)], type_names[json_type(spec)]));
    /* The rule stands twice in the CRD, once for each field. */
    if (findings->count == 0 && json_get(spec, "logSubcommand") && json_get(spec, "logStop"))
        for (int i = 0; i < 2; i++)
            find_fault(findings, "FieldValueInvalid", "spec", xasprintf("Invalid value: %s", logstop_rule));
    json_free(&copy);
}

bool validate_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > 253)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool word = islower((unsigned char)name[i]) || isdigit((unsigned char)name[i]);
        bool inner = i > 0 && i + 1 < n;
        if (!word && !(inner && name[i] == '-') &&
            !(inner && name[i] == '.' && name[i - 1] != '.' && name[i - 1] != '-' && name[i + 1] != '-'))
            return false;
    }
    return true;
}
