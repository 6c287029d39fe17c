#include <config.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "fleet.h"
#include "sim.h"

enum { NAMESPACES = 20, CLUSTERS = 7, MINUTE_MS = 60 * 1000, LOG_EVERY = 5, FAILED_EVERY = 40, TSO_SHIFT = 18 };

static const int64_t day_ms = 24 * 3600 * 1000;

/* One of the many. */
struct lump {
    unsigned long i;
    const char *ns, *name;
    bool log;
    int64_t made_ms;
};

/* As str_addf, for JSON: the quotes of @format are single ones. */
__attribute__((format(printf, 2, 3)))
static void add(struct str *out, const char *format, ...)
{
    size_t from = out->len;
    va_list args;
    va_start(args, format);
    str_vaddf(out, format, args);
    va_end(args);
    for (char *c = out->data + from; *c; c++)
        if (*c == '\'')
            *c = '"';
}

static void add_managed_fields(struct str *out, const char *time)
{
    add(out, "'managedFields':[{'apiVersion':'br.pingcap.com/v1alpha1','fieldsType':'FieldsV1','fieldsV1':{"
             "'f:metadata':{'f:labels':{'.':{},'f:app.kubernetes.io/instance':{},'f:team':{}}},"
             "'f:spec':{'.':{},'f:backupMode':{},'f:backupType':{},"
             "'f:br':{'.':{},'f:cluster':{},'f:sendCredToTikv':{}},'f:cleanPolicy':{},"
             "'f:s3':{'.':{},'f:bucket':{},'f:prefix':{},'f:provider':{},'f:region':{},"
             "'f:secretName':{}},'f:volumeBackupInitJobMaxActiveSeconds':{}}},"
             "'manager':'kubectl-create','operation':'Update','time':'%s'},",
        time);
    add(out, "{'apiVersion':'br.pingcap.com/v1alpha1','fieldsType':'FieldsV1','fieldsV1':{'f:status':{'.':{},"
             "'f:backupPath':{},'f:backupSize':{},'f:backupSizeReadable':{},'f:commitTs':{},'f:conditions':{},"
             "'f:logCheckpointTs':{},'f:phase':{},'f:timeCompleted':{},'f:timeStarted':{},'f:timeTaken':{}}},"
             "'manager':'tidb-operator','operation':'Update','subresource':'status','time':'%s'}],",
        time);
}

static void add_conditions(struct str *out, const char *const *types, size_t count, int64_t from_ms)
{
    add(out, "'conditions':[");
    for (size_t i = 0; i < count; i++) {
        char time[CLOCK_TEXT_MAX];
        add(out, "%s{'lastTransitionTime':'%s','message':'','reason':'%s','status':'True','type':'%s'}", i ? "," : "",
            clock_format_rfc3339(from_ms + (int64_t)i * 2000, time), types[i], types[i]);
    }
    add(out, "],");
}

static void add_meta(struct str *out, const struct lump *lump, uint64_t rv)
{
    char uid[UID_MAX], made[CLOCK_TEXT_MAX];
    clock_format_rfc3339(lump->made_ms, made);
    str_add(out, kind_of(KIND_BACKUP)->head);
    add(out, "'metadata':{'creationTimestamp':'%s',%s'generation':%d,'labels':{'app.kubernetes.io/instance':'%s',"
             "'team':'%s'},",
        made, lump->log ? "'finalizers':['pingcap.com/finalizer']," : "", lump->log ? 2 : 1, lump->name, lump->ns);
    add_managed_fields(out, made);
    add(out, "'name':'%s','namespace':'%s','resourceVersion':'%" PRIu64 "','uid':'%s'},", lump->name, lump->ns, rv,
        uid_new(uid));
}

static void add_spec(struct str *out, const struct lump *lump)
{
    static const char log_part[] = "'backoffRetryPolicy':{'maxRetryTimes':2,'minRetryDuration':'300s',"
                                   "'retryTimeout':'30m'},'logSubcommand':'log-start','resources':{},";
    add(out, "'spec':{'backupMode':'%s',%s'br':{'cluster':'tc-%lu','sendCredToTikv':true},'cleanPolicy':'Retain',%s",
        lump->log ? "log" : "snapshot", lump->log ? "" : "'backupType':'full',", lump->i % CLUSTERS,
        lump->log ? log_part : "");
    add(out, "'s3':{'bucket':'tidb-backups','prefix':'%s/%s','provider':'aws','region':'us-west-2',"
             "'secretName':'s3-secret'},'volumeBackupInitJobMaxActiveSeconds':600},",
        lump->ns, lump->name);
}

static void add_log_status(struct str *out, const struct lump *lump)
{
    static const char *const types[] = {"Scheduled", "Prepare", "Running", "Complete"};
    char started[CLOCK_TEXT_MAX], completed[CLOCK_TEXT_MAX];
    clock_format_rfc3339(lump->made_ms, started);
    clock_format_rfc3339(lump->made_ms + 4000, completed);
    int64_t checkpoint_ms = clock_wall_ms() - (int64_t)(lump->i % 90) * MINUTE_MS / 2;
    add(out, "'status':{'backupPath':'s3://tidb-backups/%s/%s','commitTs':'%" PRIu64 "',", lump->ns, lump->name,
        (uint64_t)lump->made_ms << TSO_SHIFT);
    add_conditions(out, types, 3, lump->made_ms);
    add(out, "'logCheckpointTs':'%" PRIu64 "','logSubCommandStatuses':{'log-start':{'command':'log-start',",
        (uint64_t)checkpoint_ms << TSO_SHIFT);
    add_conditions(out, types, 4, lump->made_ms);
    add(out, "'phase':'Complete','timeCompleted':'%s','timeStarted':'%s'}},'phase':'Running','timeCompleted':null,"
             "'timeStarted':'%s'}}",
        completed, started, started);
}

static void add_snapshot_status(struct str *out, const struct lump *lump)
{
    static const char *const good[] = {"Scheduled", "Prepare", "Running", "Complete"};
    static const char *const bad[] = {"Scheduled", "Prepare", "Running", "Failed"};
    char started[CLOCK_TEXT_MAX], completed[CLOCK_TEXT_MAX];
    bool failed = lump->i % FAILED_EVERY == 1;
    clock_format_rfc3339(lump->made_ms, started);
    clock_format_rfc3339(lump->made_ms + 10 * MINUTE_MS, completed);
    unsigned long gigabytes = 12 + lump->i * 7919 % 1900;
    add(out, "'status':{'backupPath':'s3://tidb-backups/%s/%s',", lump->ns, lump->name);
    if (!failed)
        add(out, "'backupSize':%lu398140022,'backupSizeReadable':'%lu GB','commitTs':'%" PRIu64 "',", gigabytes,
            gigabytes, (uint64_t)lump->made_ms << TSO_SHIFT);
    add_conditions(out, failed ? bad : good, ARRAY_LEN(good), lump->made_ms);
    if (failed)
        add(out, "'phase':'Failed','timeCompleted':null,'timeStarted':null}}");
    else
        add(out, "'phase':'Complete','timeCompleted':'%s','timeStarted':'%s','timeTaken':'10m0s'}}", completed,
            started);
}

static void load_lump(struct sim *sim, const struct lump *lump, struct str *text)
{
    struct str labels;
    str_init(&labels, STR_SMALL);
    str_addf(&labels, "app.kubernetes.io/instance=%s", lump->name);
    str_addc(&labels, '\0');
    str_addf(&labels, "team=%s", lump->ns);
    str_addc(&labels, '\0');
    str_addc(&labels, '\0');
    str_clear(text);
    add_meta(text, lump, store_next_rv(sim->store));
    add_spec(text, lump);
    if (lump->log)
        add_log_status(text, lump);
    else
        add_snapshot_status(text, lump);
    store_load(sim->store, kind_of(KIND_BACKUP), lump->ns, lump->name, labels.data, text->data, text->len);
    str_done(&labels);
}

/* Snapshots before logs: in the order they are kept. */
static void load_namespace(struct sim *sim, unsigned long n, unsigned long count, struct str *text)
{
    char ns[32], name[64];
    int64_t now = clock_wall_ms();
    snprintf(ns, sizeof ns, "team-%03lu", n);
    fleet_namespace(sim, ns);
    for (unsigned long c = 0; c < CLUSTERS; c++) {
        snprintf(name, sizeof name, "tc-%lu", c);
        fleet_cluster(sim, ns, name);
    }
    for (int log = 0; log < 2; log++)
        for (unsigned long i = n; i < count; i += NAMESPACES) {
            if ((i / NAMESPACES % LOG_EVERY == 0) != (log == 1))
                continue;
            snprintf(name, sizeof name, "%s-%06lu", log ? "log" : "full", i);
            struct lump lump = {.i = i,
                                .ns = ns,
                                .name = name,
                                .log = log == 1,
                                .made_ms = now - (int64_t)(i % 900) * day_ms / 100 - day_ms};
            load_lump(sim, &lump, text);
        }
}

void fleet_load_many(struct sim *sim, unsigned long count)
{
    struct str text;
    str_init(&text, STR_SMALL);
    for (unsigned long n = 0; n < NAMESPACES; n++)
        load_namespace(sim, n, count, &text);
    str_done(&text);
}
