#include <config.h>

#include "record_private.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

static const struct {
    const char *text;
    enum backup_mode mode;
} modes[] = {
    {"", BACKUP_SNAPSHOT},
    {"snapshot", BACKUP_SNAPSHOT},
    {"log", BACKUP_LOG},
    {"volume-snapshot", BACKUP_VOLUME_SNAPSHOT},
};

static enum backup_mode mode_parse(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (str_same(text, modes[i].text))
            return modes[i].mode;
    return BACKUP_MODE_OTHER;
}

static enum clean_policy clean_parse(const char *text)
{
    if (str_same(text, "Delete"))
        return CLEAN_DELETE;
    return str_same(text, "OnFailure") ? CLEAN_ON_FAILURE : CLEAN_RETAIN;
}

static enum log_stop log_stop_of(const struct json *spec)
{
    const struct json *stop = json_get(spec, "logStop");
    if (json_is_null(stop))
        return LOG_STOP_ABSENT;
    return json_is_true(stop) ? LOG_STOP_TRUE : LOG_STOP_FALSE;
}

/* What TiDB Operator makes status.backupPath of (pkg/controllers/br/manager/util): the first that is set. */
static const struct storage_form {
    const char *member, *scheme, *place;
    bool slash; /* at the end */
} storage_forms[] = {
    {"s3", "s3", "bucket", false},
    {"gcs", "gcs", "bucket", true},
    {"azblob", "azure", "container", false},
};

static const char *skip_slashes(const char *text)
{
    return text ? text + strspn(text, "/") : "";
}

static void add_path(struct str *out, const char *prefix, bool slash)
{
    prefix = skip_slashes(prefix);
    size_t len = strlen(prefix);
    while (len > 0 && prefix[len - 1] == '/')
        len--;
    if (len > 0)
        str_addf(out, "/%.*s", (int)len, prefix);
    if (slash)
        str_addc(out, '/');
}

static void form_local(struct str *out, const struct json *local)
{
    const char *mount = json_string(json_get(local, "volumeMount"), "mountPath");
    str_add(out, "local://");
    size_t len = mount ? strlen(mount) : 0;
    while (len > 0 && mount[len - 1] == '/')
        len--;
    str_addn(out, mount ? mount : "", len);
    add_path(out, json_string(local, "prefix"), false);
}

static void decode_storage(struct decode *d, const struct json *spec)
{
    struct backup_record *r = &d->record;
    for (size_t i = 0; i < ARRAY_LEN(storage_forms); i++) {
        const struct storage_form *form = &storage_forms[i];
        const struct json *storage = json_get(spec, form->member);
        if (json_type(storage) != JSON_OBJECT)
            continue;
        const char *place = json_string(storage, form->place);
        str_addf(&d->storage, "%s://%s", form->scheme, place ? place : "");
        add_path(&d->storage, json_string(storage, "prefix"), form->slash);
        r->secret = intern(d->pool, json_string(storage, "secretName"));
        const char *endpoint = json_string(storage, "endpoint");
        r->endpoint = str_empty(endpoint) ? NULL : intern(d->pool, endpoint);
        break;
    }
    if (d->storage.len == 0 && json_type(json_get(spec, "local")) == JSON_OBJECT)
        form_local(&d->storage, json_get(spec, "local"));
    decode_keep(d, &r->storage, d->storage.data, d->storage.len);
}

/* The value of flag @name in @option, or in the one after it ("--gc-ttl", "3600"); NULL when it is another flag. */
static const char *flag_value(const struct json *option, const char *name)
{
    const char *text = json_text(option);
    if (!str_starts(text, name))
        return NULL;
    const char *rest = text + strlen(name);
    if (*rest == '=')
        return rest + 1;
    if (*rest)
        return NULL;
    const char *next = json_text(json_next(option));
    return next ? next : "";
}

static int64_t seconds_to_ms(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return 0;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    return errno || *end || n > INT64_MAX / 1000 / 1000 ? 0 : n * 1000;
}

/* A short flag also takes its value in the same word: -fdb.* */
static const char *filter_value(const struct json *option)
{
    const char *value = flag_value(option, "--filter");
    if (!value)
        value = flag_value(option, "-f");
    if (!value && str_starts(json_text(option), "-f"))
        value = json_text(option) + strlen("-f");
    return value;
}

static void add_filter(struct str *filter, const char *text)
{
    if (!str_empty(text))
        str_addf(filter, "%s%s", filter->len ? " " : "", text);
}

static void decode_options(struct backup_record *r, const struct json *options, struct str *filter)
{
    JSON_EACH(option, options) {
        const char *ttl = flag_value(option, "--gc-ttl"), *only = filter_value(option);
        if (ttl && seconds_to_ms(ttl) > 0)
            r->gc_ttl_ms = seconds_to_ms(ttl);
        if (flag_value(option, "--lastbackupts"))
            r->incremental = true;
        if (only) {
            r->filtered = true;
            add_filter(filter, only);
        }
    }
}

static void decode_filters(struct decode *d, const struct json *spec)
{
    struct backup_record *r = &d->record;
    struct str filter;
    str_init(&filter, OWN_LABELS_MAX);
    JSON_EACH(table, json_get(spec, "tableFilter")) {
        r->filtered = true;
        add_filter(&filter, json_text(table));
    }
    decode_options(r, json_at(spec, "br", "options", NULL), &filter);
    r->filter = filter.len ? intern(d->pool, filter.data) : NULL;
    str_done(&filter);
}

static void decode_cluster(struct decode *d, const struct json *br)
{
    const char *cluster = json_string(br, "cluster"), *cluster_ns = json_string(br, "clusterNamespace");
    d->record.cluster = intern(d->pool, cluster ? cluster : "");
    d->record.cluster_ns = str_empty(cluster_ns) ? NULL : intern(d->pool, cluster_ns);
}

void decode_spec(struct decode *d, const struct json *spec)
{
    struct backup_record *r = &d->record;
    const char *until = json_string(spec, "logTruncateUntil"), *sub = json_string(spec, "logSubcommand");
    int64_t retries;

    r->mode = mode_parse(json_string(spec, "backupMode"));
    r->clean_policy = clean_parse(json_string(spec, "cleanPolicy"));
    r->log_stop = log_stop_of(spec);
    r->type = intern(d->pool, json_string(spec, "backupType"));
    r->service_account = intern(d->pool, json_string(spec, "serviceAccount"));
    r->subcommand = log_command_parse(sub);
    r->subcommand_text = str_empty(sub) ? NULL : intern(d->pool, sub);
    if (!str_empty(until))
        decode_keep_text(d, &r->until, until);
    r->spec_commit_ts = tso_from_status(json_string(spec, "commitTs"));
    r->max_retries = 2;
    if (json_int(json_at(spec, "backoffRetryPolicy", "maxRetryTimes", NULL), &retries) && retries >= 0 &&
        retries < INT_MAX)
        r->max_retries = (int)retries;
    decode_cluster(d, json_get(spec, "br"));
    decode_storage(d, spec);
    decode_filters(d, spec);
}
