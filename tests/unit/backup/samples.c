#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <brdeck/base/alloc.h>

#include "samples.h"

static struct intern *pool;

struct intern *sample_pool(void)
{
    if (!pool)
        pool = intern_new();
    return pool;
}

void sample_done(void) { intern_free(&pool); }

struct json *sample_json(const char *text)
{
    char *copy = xstrdup(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct error err = {0};
    struct json *json = json_parse(copy, strlen(copy), &err);
    if (!json)
        fail_msg("%s in %s", err.text, text);
    free(copy);
    return json;
}

struct backup_record *sample(const char *text)
{
    struct json *json = sample_json(text);
    struct backup_record *record = record_decode(json, sample_pool());
    json_free(&json);
    return record;
}

static struct json *patched(const char *text, const char *patch)
{
    struct json *json = sample_json(text);
    if (patch) {
        struct json *change = sample_json(patch);
        json = json_merge_patch(json, change);
        json_free(&change);
    }
    return json;
}

/* COMMITTS 2026-11-12T14:00:00Z, checkpoint 2026-11-22T13:59:19Z */
static const char log_text[] =
    "{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'log-shop','namespace':'prod',"
    "'uid':'0b5d1f5e-7d3c-4c0e-9c53-9a3f1f8d0001','resourceVersion':'100','generation':2,"
    "'creationTimestamp':'2026-11-12T13:59:50Z','finalizers':['pingcap.com/finalizer']},"
    "'spec':{'backupMode':'log','br':{'cluster':'shop'},'cleanPolicy':'Retain',"
    "'s3':{'provider':'aws','bucket':'vault','prefix':'shop/log','secretName':'s3-secret'}},"
    "'status':{'phase':'Running','commitTs':'470415310848000000','logCheckpointTs':'470641792516096000',"
    "'backupPath':'s3://vault/shop/log','timeStarted':null,'timeCompleted':null,"
    "'conditions':[{'type':'Running','status':'True','reason':'Running','message':'',"
    "'lastTransitionTime':'2026-11-12T13:59:58Z'}],"
    "'logSubCommandStatuses':{'log-start':{'command':'log-start','phase':'Complete',"
    "'timeStarted':'2026-11-12T13:59:58Z','timeCompleted':'2026-11-12T14:00:00Z','conditions':[]}}}}";

/* COMMITTS 2026-11-15T14:00:00Z */
static const char snapshot_text[] =
    "{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'full-shop','namespace':'prod',"
    "'uid':'0b5d1f5e-7d3c-4c0e-9c53-9a3f1f8d0002','resourceVersion':'90','generation':1,"
    "'creationTimestamp':'2026-11-15T13:58:00Z'},"
    "'spec':{'backupMode':'snapshot','backupType':'full','br':{'cluster':'shop'},'cleanPolicy':'Retain',"
    "'s3':{'provider':'aws','bucket':'vault','prefix':'shop/full-1','secretName':'s3-secret'}},"
    "'status':{'phase':'Complete','commitTs':'470483258572800000','backupSize':5242880,'backupSizeReadable':'5.2 MB',"
    "'timeStarted':'2026-11-15T13:59:00Z','timeCompleted':'2026-11-15T14:00:30Z','timeTaken':'1m30s',"
    "'backupPath':'s3://vault/shop/full-1',"
    "'conditions':[{'type':'Complete','status':'True','lastTransitionTime':'2026-11-15T14:00:30Z'}]}}";

struct json *sample_log_json(const char *patch) { return patched(log_text, patch); }

static struct backup_record *decode_and_free(struct json *json)
{
    struct backup_record *record = record_decode(json, sample_pool());
    json_free(&json);
    return record;
}

struct backup_record *sample_log(const char *patch) { return decode_and_free(patched(log_text, patch)); }

struct backup_record *sample_snapshot(const char *patch) { return decode_and_free(patched(snapshot_text, patch)); }

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = xmalloc((size_t)size + 1);
    *len = fread(text, 1, (size_t)size, file);
    text[*len] = '\0';
    fclose(file);
    return text;
}

static const char *source_dir(void)
{
    const char *dir = getenv("srcdir");
    return dir ? dir : ".";
}

char *sample_data(const char *name, size_t *len)
{
    char *path = xasprintf("%s/tests/data/backup/%s", source_dir(), name);
    char *text = read_file(path, len);
    if (!text)
        fail_msg("%s is not there (is srcdir set?)", path);
    free(path);
    return text;
}

char *sample_recorded(const char *name, size_t *len)
{
    const char *shared = getenv("BRDECK_SHARED");
    char *path = shared ? xasprintf("%s/recorded/%s", shared, name)
                        : xasprintf("%s/../shared/recorded/%s", source_dir(), name);
    char *text = read_file(path, len);
    if (!text)
        print_message("# %s is not at hand: only the data of the project's own is checked (BRDECK_SHARED)\n", path);
    free(path);
    return text;
}

const char *sample_body(const char *text, size_t *len)
{
    const char *body = strchr(text, '{'), *end = strrchr(text, '}');
    *len = body && end ? (size_t)(end + 1 - body) : 0;
    return body ? body : text;
}
