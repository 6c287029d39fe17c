#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "fleet.h"
#include "sim.h"

enum { NAMESPACES = 20, MINUTE_MS = 60 * 1000, LOG_EVERY = 5, TSO_SHIFT = 18 };

static const int64_t day_ms = 24 * 3600 * 1000;

static const char snapshot_fields[] =
    "[{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{"
    "\".\":{},\"f:app.kubernetes.io/instance\":{},\"f:team\":{}}},\"f:spec\":{\".\":{},\"f:backupMode\":{},"
    "\"f:backupType\":{},\"f:br\":{\".\":{},\"f:cluster\":{},\"f:sendCredToTikv\":{}},\"f:cleanPolicy\":{},\"f:s3\":{"
    "\".\":{},\"f:bucket\":{},\"f:prefix\":{},\"f:provider\":{},\"f:region\":{},\"f:secretName\":{}},"
    "\"f:volumeBackupInitJobMaxActiveSeconds\":{}}},\"manager\":\"kubectl-create\",\"operation\":\"Update\",\"time\":"
    "\"%s\"},{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:status\":{\".\":{},"
    "\"f:backupPath\":{},\"f:backupSize\":{},\"f:backupSizeReadable\":{},\"f:commitTs\":{},\"f:conditions\":{},"
    "\"f:logCheckpointTs\":{},\"f:phase\":{},\"f:timeCompleted\":{},\"f:timeStarted\":{},\"f:timeTaken\":{}}},\"manager\":"
    "\"tidb-operator\",\"operation\":\"Update\",\"subresource\":\"status\",\"time\":\"%s\"}]";

static void add_conditions(struct str *out, const char *const *types, size_t count, int64_t from_ms)
{
    str_add(out, "\"conditions\":[");
    for (size_t i = 0; i < count; i++) {
        char time[CLOCK_TEXT_MAX];
        str_addf(out, "%s{\"lastTransitionTime\":\"%s\",\"message\":\"\",\"reason\":\"%s\",\"status\":\"True\",\"type\":\"%s\"}",
                 i ? "," : "", clock_format_rfc3339(from_ms + (int64_t)i * 2000, time), types[i], types[i]);
    }
    str_add(out, "],");
}

static void add_meta(struct str *out, unsigned long i, const char *ns, const char *name, int64_t made_ms, uint64_t rv,
                     bool log)
{
    char uid[UID_MAX], made[CLOCK_TEXT_MAX];
    clock_format_rfc3339(made_ms, made);
    str_addf(out, "%s\"metadata\":{\"creationTimestamp\":\"%s\",%s\"generation\":%d,\"labels\":{"
                  "\"app.kubernetes.io/instance\":\"%s\",\"team\":\"%s\"},\"managedFields\":",
             kind_of(KIND_BACKUP)->head, made, log ? "\"finalizers\":[\"pingcap.com/finalizer\"]," : "", log ? 2 : 1, name,
             ns);
    /* The format is a constant of this file. */
    const char *first = strstr(snapshot_fields, "%s"), *second = strstr(first + 2, "%s");
    str_addn(out, snapshot_fields, (size_t)(first - snapshot_fields));
    str_add(out, made);
    str_addn(out, first + 2, (size_t)(second - first - 2));
    str_add(out, made);
    str_add(out, second + 2);
    str_addf(out, ",\"name\":\"%s\",\"namespace\":\"%s\",\"resourceVersion\":\"%" PRIu64 "\",\"uid\":\"%s\"},", name, ns,
             rv, uid_new(uid));
    str_addf(out, "\"spec\":{\"backupMode\":\"%s\",%s\"br\":{\"cluster\":\"tc-%lu\",\"sendCredToTikv\":true},"
                  "\"cleanPolicy\":\"Retain\",%s\"s3\":{\"bucket\":\"tidb-backups\",\"prefix\":\"%s/%s\",\"provider\":\"aws\","
                  "\"region\":\"us-west-2\",\"secretName\":\"s3-secret\"},\"volumeBackupInitJobMaxActiveSeconds\":600},",
             log ? "log" : "snapshot", log ? "" : "\"backupType\":\"full\",", i % 7,
             log ? "\"backoffRetryPolicy\":{\"maxRetryTimes\":2,\"minRetryDuration\":\"300s\",\"retryTimeout\":\"30m\"},"
                   "\"logSubcommand\":\"log-start\",\"resources\":{},"
                 : "",
             ns, name);
}

static void add_log_status(struct str *out, unsigned long i, const char *ns, const char *name, int64_t made_ms)
{
    static const char *const types[] = {"Scheduled", "Prepare", "Running", "Complete"};
    char started[CLOCK_TEXT_MAX], completed[CLOCK_TEXT_MAX];
    clock_format_rfc3339(made_ms, started);
    clock_format_rfc3339(made_ms + 4000, completed);
    uint64_t checkpoint = (uint64_t)(clock_wall_ms() - (int64_t)(i % 90) * MINUTE_MS / 2) << TSO_SHIFT;
    str_addf(out, "\"status\":{\"backupPath\":\"s3://tidb-backups/%s/%s\",\"commitTs\":\"%" PRIu64 "\",", ns, name,
             (uint64_t)made_ms << TSO_SHIFT);
    add_conditions(out, types, 3, made_ms);
    str_addf(out, "\"logCheckpointTs\":\"%" PRIu64 "\",\"logSubCommandStatuses\":{\"log-start\":{\"command\":\"log-start\",",
             checkpoint);
    add_conditions(out, types, 4, made_ms);
    str_addf(out, "\"phase\":\"Complete\",\"timeCompleted\":\"%s\",\"timeStarted\":\"%s\"}},\"phase\":\"Running\","
                  "\"timeCompleted\":null,\"timeStarted\":\"%s\"}}",
             completed, started, started);
}

static void add_snapshot_status(struct str *out, unsigned long i, const char *ns, const char *name, int64_t made_ms)
{
    static const char *const good[] = {"Scheduled", "Prepare", "Running", "Complete"};
    static const char *const bad[] = {"Scheduled", "Prepare", "Running", "Failed"};
    char started[CLOCK_TEXT_MAX], completed[CLOCK_TEXT_MAX];
    bool failed = i % 40 == 1;
    clock_format_rfc3339(made_ms, started);
    clock_format_rfc3339(made_ms + 10 * MINUTE_MS, completed);
    unsigned long gigabytes = 12 + i * 7919 % 1900;
    str_addf(out, "\"status\":{\"backupPath\":\"s3://tidb-backups/%s/%s\",", ns, name);
    if (!failed)
        str_addf(out, "\"backupSize\":%lu398140022,\"backupSizeReadable\":\"%lu GB\",\"commitTs\":\"%" PRIu64 "\",", gigabytes,
                 gigabytes, (uint64_t)made_ms << TSO_SHIFT);
    add_conditions(out, failed ? bad : good, ARRAY_LEN(good), made_ms);
    if (failed)
        str_add(out, "\"phase\":\"Failed\",\"timeCompleted\":null,\"timeStarted\":null}}");
    else
        str_addf(out, "\"phase\":\"Complete\",\"timeCompleted\":\"%s\",\"timeStarted\":\"%s\",\"timeTaken\":\"10m0s\"}}",
                 completed, started);
}

void fleet_load_many(struct sim *sim, unsigned long count)
{
    struct str text;
    str_init(&text, STR_SMALL);
    char ns[32], name[64], labels[128];
    int64_t now = clock_wall_ms();
    for (unsigned long n = 0; n < NAMESPACES; n++) {
        snprintf(ns, sizeof ns, "team-%03lu", n);
        fleet_namespace(sim, ns);
        for (unsigned long c = 0; c < 7; c++) {
            snprintf(name, sizeof name, "tc-%lu", c);
            fleet_cluster(sim, ns, name);
        }
    }
    /* Snapshots before logs in each namespace: in the order they are kept. */
    for (unsigned long n = 0; n < NAMESPACES; n++)
        for (int log = 0; log < 2; log++)
            for (unsigned long i = n; i < count; i += NAMESPACES) {
                if ((i / NAMESPACES % LOG_EVERY == 0) != (log == 1))
                    continue;
                int64_t made = now - (int64_t)(i % 900) * day_ms / 100 - day_ms;
                snprintf(ns, sizeof ns, "team-%03lu", n);
                snprintf(name, sizeof name, "%s-%06lu", log ? "log" : "full", i);
                int used = snprintf(labels, sizeof labels - 1, "app.kubernetes.io/instance=%s%cteam=%s", name, '\0', ns);
                labels[used + 1] = '\0';
                str_clear(&text);
                add_meta(&text, i, ns, name, made, store_next_rv(sim->store), log == 1);
                if (log)
                    add_log_status(&text, i, ns, name, made);
                else
                    add_snapshot_status(&text, i, ns, name, made);
                store_load(sim->store, kind_of(KIND_BACKUP), ns, name, labels, text.data, text.len);
            }
    str_done(&text);
}
