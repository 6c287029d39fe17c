#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

int sample_setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

int sample_teardown(void **state)
{
    (void)state;
    intern_free(&pool);
    return 0;
}

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

unsigned sample_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

static void pick(unsigned *seed, char *to, size_t size, const char *const texts[], unsigned count)
{
    snprintf(to, size, "%s", texts[sample_random(seed, count)]);
}

#define PICK(field, ...) \
    do { \
        static const char *const texts[] = {__VA_ARGS__}; \
        pick(seed, field, sizeof field, texts, ARRAY_LEN(texts)); \
    } while (0)

/* From a day before to an hour after, mostly near, on odd milliseconds; sometimes never. */
static int64_t some_time(unsigned *seed, int64_t now_ms)
{
    static const int64_t spans[] = {5000, 60000, 600000, 7200000, 90000000};
    int64_t span = spans[sample_random(seed, ARRAY_LEN(spans))];
    if (sample_random(seed, 8) == 0)
        return 0;
    int64_t at = now_ms - span * sample_random(seed, 1000) / 1000 - sample_random(seed, 1000);
    return sample_random(seed, 12) == 0 ? now_ms + span / 24 : at;
}

static bool maybe(unsigned *seed) { return sample_random(seed, 2) == 1; }

static void some_pd(unsigned *seed, int64_t now_ms, struct backup_facts *f)
{
    f->pd.reach = (enum pd_reach)sample_random(seed, PD_NO_ANSWER + 1);
    f->pd.read_ms = some_time(seed, now_ms);
    f->pd.task_missing = sample_random(seed, 6) == 0;
    f->pd.paused = sample_random(seed, 3) == 0;
    f->pd.paused_by_error = f->pd.paused && maybe(seed);
    f->pd.paused_at_ms = some_time(seed, now_ms);
    f->pd.paused_pid = (int)sample_random(seed, 3) * 77;
    f->pd.checkpoint = maybe(seed) ? tso_from_ms(some_time(seed, now_ms)) : 0;
    f->pd.start_ts = maybe(seed) ? tso_from_ms(now_ms - 90000000) : 0;
    f->pd.error_count = (int)sample_random(seed, 3);
    f->pd.error_store = (int)sample_random(seed, 9);
    f->pd.error_at_ms = some_time(seed, now_ms);
    PICK(f->pd.why, "", "no right to create services/proxy", "Client sent an HTTP request to an HTTPS server");
    PICK(f->pd.paused_by, "", "host-7", "a-host-with-a-very-long-name.of.some.example.org");
    PICK(f->pd.paused_why, "", "maintenance");
    PICK(f->pd.error, "", "", "failed to upload: AccessDenied, and much more of it, so that no word of a list holds "
        "it");
}

void sample_facts(unsigned *seed, int64_t now_ms, struct backup_facts *f)
{
    memset(f, 0, sizeof *f);
    if (maybe(seed))
        some_pd(seed, now_ms, f);
    f->cluster.read_ms = maybe(seed) ? some_time(seed, now_ms) : 0;
    f->cluster.missing = sample_random(seed, 4) == 0;
    f->cluster.paused = sample_random(seed, 4) == 0;
    f->cluster.suspended = sample_random(seed, 8) == 0;
    f->job.present = maybe(seed);
    f->job.failed = f->job.present && maybe(seed);
    f->job.complete = f->job.present && !f->job.failed && maybe(seed);
    f->job.started_ms = some_time(seed, now_ms);
    f->job.ended_ms = f->job.failed ? some_time(seed, now_ms) : 0;
    PICK(f->job.name, "", "backup-log-shop-log-pause", "backup-log-shop-log-resume", "backup-log-shop-log-truncate",
         "backup-log-shop-log-start", "stop-log-shop", "clean-log-shop", "backup-full-shop");
    PICK(f->job.reason, "", "BackoffLimitExceeded", "DeadlineExceeded");
    f->pod.present = f->job.present && maybe(seed);
    f->pod.exit_code = (int)sample_random(seed, 3) * 137 / 2;
    PICK(f->pod.phase, "", "Pending", "Running", "Failed", "Succeeded");
    PICK(f->pod.waiting, "", "", "ImagePullBackOff", "CreateContainerConfigError", "Unschedulable", "Odd");
    PICK(f->pod.ended, "", "", "OOMKilled", "Error", "Completed", "Evicted");
    PICK(f->pod.message, "", "secret \"s3-secret\" not found", "0/3 nodes are available: 3 Insufficient cpu.");
    PICK(f->event.reason, "FailedCreate", "FailedScheduling", "FailedMount", "Odd");
    PICK(f->event.message, "", "Error creating: serviceaccount \"tidb-backup-manager\" not found", "odd");
    PICK(f->event.about, "Job", "Pod", "Backup");
    f->event.at_ms = maybe(seed) ? some_time(seed, now_ms) : 0;
    PICK(f->later.name, "", "", "full-later");
    f->later.commit_ts = tso_from_ms(some_time(seed, now_ms));
    PICK(f->log_error, "", "", "[ERROR] [main.go:38] [\"br failed\"] [error=\"unknown flag: --x\"]");
}

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

static void each_record(char *lines, void (*fn)(struct backup_record *r, void *user), void *user)
{
    for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
        struct error err;
        struct json *event = json_parse(line, strlen(line), &err);
        if (!event)
            continue; /* what stands between the recorded answers */
        struct backup_record *r = record_decode(json_get(event, "object"), sample_pool());
        fn(r, user);
        record_free(&r);
        json_free(&event);
    }
}

void sample_lives(void (*fn)(struct backup_record *r, void *user), void *user)
{
    static const char *const names[] = {"operator-start.jsonl", "operator-life.jsonl"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len;
        char *text = sample_recorded(names[i], &len);
        if (!text)
            skip();
        each_record(text, fn, user);
        free(text);
    }
}

const char *sample_body(const char *text, size_t *len)
{
    const char *body = strchr(text, '{'), *end = strrchr(text, '}');
    *len = body && end ? (size_t)(end + 1 - body) : 0;
    return body ? body : text;
}
