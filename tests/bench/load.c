/* load.c - Backups made and changed on a real API server, many requests at a time on few connections (HTTP/2). */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { TRANSFERS = 96, CONNECTIONS = 2, LOG_EVERY = 5, WAIT_MS = 5, SHOWN_FAILURES = 5 };

/* What the next request of a transfer is. */
enum step { STEP_IDLE, STEP_CREATE, STEP_STATUS };

struct transfer {
    CURL *handle;
    struct curl_slist *headers;
    enum step step;
    unsigned long item;
    char url[URL_ROOM], body[BODY_ROOM];
};

struct pool {
    CURLM *multi;
    struct transfer transfers[TRANSFERS];
    unsigned long running, done, failed;
};

static bool is_log(unsigned long i) { return i / BENCH_NAMESPACES % LOG_EVERY == 0; }

static void write_object(struct transfer *t)
{
    unsigned long i = t->item;
    const char *name = is_log(i) ? "log" : "full";
    snprintf(t->body, sizeof t->body,
             "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"%s-%06lu\","
             "\"labels\":{\"app.kubernetes.io/instance\":\"%s-%06lu\",\"team\":\"team-%03lu\"}},"
             "\"spec\":{\"backupMode\":\"%s\",%s"
             "\"br\":{\"cluster\":\"tc-%lu\",\"sendCredToTikv\":true},\"cleanPolicy\":\"Retain\",\"s3\":{\"bucket\":"
             "\"tidb-backups\",\"prefix\":\"team-%03lu/%s-%06lu\",\"provider\":\"aws\",\"region\":\"us-west-2\","
             "\"secretName\":\"s3-secret\"}}}",
             name, i, name, i, i % BENCH_NAMESPACES, is_log(i) ? "log" : "snapshot",
             is_log(i) ? "" : "\"backupType\":\"full\",", i % 7, i % BENCH_NAMESPACES, name, i);
}

#define CONDITION(type) "{\"lastTransitionTime\":\"2026-11-21T15:37:40Z\",\"message\":\"\",\"reason\":\"" type \
    "\",\"status\":\"True\",\"type\":\"" type "\"}"
#define CONDITIONS "\"conditions\":[" CONDITION("Scheduled") "," CONDITION("Prepare") "," CONDITION("Running")

static void write_status(struct transfer *t)
{
    unsigned long i = t->item;
    if (is_log(i))
        snprintf(t->body, sizeof t->body,
                 "{\"status\":{\"backupPath\":\"s3://tidb-backups/team-%03lu/log-%06lu\","
                 "\"commitTs\":\"470600000000000000\"," CONDITIONS "],"
                 "\"logCheckpointTs\":\"470612310027141120\",\"logSubCommandStatuses\":{\"log-start\":{"
                 "\"command\":\"log-start\"," CONDITIONS "," CONDITION("Complete") "],\"phase\":\"Complete\","
                 "\"timeCompleted\":\"2026-11-21T15:37:44Z\",\"timeStarted\":\"2026-11-21T15:37:40Z\"}},"
                 "\"phase\":\"Running\",\"timeStarted\":\"2026-11-21T15:37:40Z\"}}", i % BENCH_NAMESPACES, i);
    else
        snprintf(t->body, sizeof t->body,
                 "{\"status\":{\"backupPath\":\"s3://tidb-backups/team-%03lu/full-%06lu\",\"backupSize\":1372398140022,"
                 "\"backupSizeReadable\":\"1372 GB\",\"commitTs\":\"470612310027141120\"," CONDITIONS ","
                 CONDITION("Complete") "],\"phase\":\"Complete\",\"timeCompleted\":\"2026-11-21T06:54:52Z\","
                 "\"timeStarted\":\"2026-11-21T06:44:52Z\",\"timeTaken\":\"10m0s\"}}", i % BENCH_NAMESPACES, i);
}

static void write_change(struct transfer *t, unsigned long n)
{
    snprintf(t->body, sizeof t->body, is_log(t->item) ? "{\"status\":{\"logCheckpointTs\":\"4706123%011lu\"}}"
                                                      : "{\"status\":{\"backupSize\":1372%09lu}}", n);
}

static size_t throw_away(char *bytes, size_t size, size_t count, void *user)
{
    (void)bytes, (void)user;
    return size * count;
}

static void pool_init(struct pool *pool)
{
    *pool = (struct pool){.multi = curl_multi_init()};
    curl_multi_setopt(pool->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS);
    for (size_t i = 0; i < TRANSFERS; i++) {
        CURL *handle = pool->transfers[i].handle = api_handle();
        curl_easy_setopt(handle, CURLOPT_PRIVATE, &pool->transfers[i]);
        curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, throw_away);
    }
}

static void pool_done(struct pool *pool)
{
    for (size_t i = 0; i < TRANSFERS; i++) {
        struct transfer *t = &pool->transfers[i];
        if (t->step != STEP_IDLE)
            curl_multi_remove_handle(pool->multi, t->handle);
        curl_easy_cleanup(t->handle);
        curl_slist_free_all(t->headers);
    }
    curl_multi_cleanup(pool->multi);
}

/* Send what is in the body as the transfer's step. */
static void post(struct pool *pool, struct transfer *t, enum step step)
{
    bool create = step == STEP_CREATE;
    unsigned long ns = t->item % BENCH_NAMESPACES;
    t->step = step;
    if (create)
        api_url(t->url, "/apis/br.pingcap.com/v1alpha1/namespaces/team-%03lu/backups", ns);
    else
        api_url(t->url, "/apis/br.pingcap.com/v1alpha1/namespaces/team-%03lu/backups/%s-%06lu/status", ns,
                is_log(t->item) ? "log" : "full", t->item);
    curl_slist_free_all(t->headers);
    t->headers = curl_slist_append(NULL, create ? "Content-Type: application/json"
                                                : "Content-Type: application/merge-patch+json");
    curl_easy_setopt(t->handle, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->handle, CURLOPT_URL, t->url);
    curl_easy_setopt(t->handle, CURLOPT_POSTFIELDS, t->body);
    curl_easy_setopt(t->handle, CURLOPT_CUSTOMREQUEST, create ? "POST" : "PATCH");
    curl_multi_add_handle(pool->multi, t->handle);
    pool->running++;
}

static void finish(struct pool *pool, struct transfer *t, bool with_status)
{
    long status = 0;
    curl_easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(pool->multi, t->handle);
    pool->running--;
    bool good = status >= 200 && status < 300;
    if (!good && pool->failed++ < SHOWN_FAILURES)
        fprintf(stderr, "bench: HTTP %ld for %s\n", status, t->url);
    if (good && with_status && t->step == STEP_CREATE) {
        write_status(t);
        post(pool, t, STEP_STATUS);
        return;
    }
    t->step = STEP_IDLE;
    pool->done++;
}

static void turn(struct pool *pool, bool with_status)
{
    int running, left;
    curl_multi_perform(pool->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(pool->multi, &left));) {
        char *t = NULL;
        if (message->msg == CURLMSG_DONE && curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t) == CURLE_OK)
            finish(pool, (struct transfer *)(void *)t, with_status);
    }
}

static struct transfer *idle_one(struct pool *pool)
{
    for (size_t i = 0; pool->running < TRANSFERS && i < TRANSFERS; i++)
        if (pool->transfers[i].step == STEP_IDLE)
            return &pool->transfers[i];
    return NULL;
}

static void make_namespaces(void)
{
    CURL *handle = api_handle();
    char url[URL_ROOM], body[256];
    for (int i = 0; i < BENCH_NAMESPACES; i++) {
        snprintf(body, sizeof body,
                 "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"team-%03d\"}}", i);
        long status = api_call(handle, "POST", api_url(url, "/api/v1/namespaces"), "application/json", body, NULL, 0);
        if (status != 201 && status != 409)
            die("HTTP %ld for the namespace team-%03d", status, i);
    }
    curl_easy_cleanup(handle);
}

/* create N [FIRST]: the Backups FIRST … N - 1. */
bool bench_create(int argc, char **argv)
{
    static struct pool pool;
    unsigned long count = argc > 0 ? strtoul(argv[0], NULL, 10) : 0;
    unsigned long first = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, next = first;
    make_namespaces();
    pool_init(&pool);
    int64_t begun = now_ns();
    while (first + pool.done < count) {
        for (struct transfer *t; next < count && (t = idle_one(&pool)); next++) {
            t->item = next;
            write_object(t);
            post(&pool, t, STEP_CREATE);
        }
        turn(&pool, true);
        curl_multi_poll(pool.multi, NULL, 0, WAIT_MS, NULL);
    }
    unsigned long failed = pool.failed;
    pool_done(&pool);
    printf("create_s %.1f\n", (double)(now_ns() - begun) / 1e9);
    return failed == 0;
}

/* change N RATE SECONDS: RATE changes of status a second over N Backups, or as many as the server takes. */
bool bench_change(int argc, char **argv)
{
    static struct pool pool;
    if (argc < 3)
        return false;
    unsigned long count = strtoul(argv[0], NULL, 10), rate = strtoul(argv[1], NULL, 10), sent = 0;
    int64_t begun = now_ns(), length = (int64_t)strtoul(argv[2], NULL, 10) * 1000000000, at;
    pool_init(&pool);
    while ((at = now_ns() - begun) < length) {
        unsigned long due = (unsigned long)((double)at / 1e9 * (double)rate) + 1;
        for (struct transfer *t; sent < due && (t = idle_one(&pool)); sent++) {
            t->item = sent % count;
            write_change(t, sent);
            post(&pool, t, STEP_STATUS);
        }
        turn(&pool, false);
        curl_multi_poll(pool.multi, NULL, 0, 1, NULL);
    }
    unsigned long done = pool.done, failed = pool.failed;
    pool_done(&pool);
    fprintf(stderr, "changes: %lu sent, %lu done, %lu failed\n", sent, done, failed);
    return true;
}
