#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <brdeck/br/cluster.h>

#include "br/br_private.h"
#include "br/cluster_keeper.h"
#include "br_fixture.h"

#define CORE "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/"
#define CLUSTER CORE "clusters/tc "
#define PDGROUPS CORE "pdgroups "
#define TIKVGROUPS CORE "tikvgroups "
#define TIDBCLUSTER "GET /apis/pingcap.com/v1alpha1/namespaces/orders/tidbclusters/tc "

static void expect(struct bed *bed, const char *request, int http, const char *body)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = request, .http = http, .body = body});
}

struct told {
    unsigned calls;
    struct br_cluster cluster;
    struct br_cluster_ask *ask;
};

static void on_cluster(void *arg, const struct br_cluster *cluster)
{
    struct told *told = arg;
    told->calls++;
    told->cluster = *cluster;
    told->ask = NULL;
}

static struct backup_record *record_of(struct bed *bed, const struct backup_spec *spec)
{
    const char *text = backup_text(bed, spec);
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    assert_non_null(record);
    return record;
}

static void ask(struct bed *bed, bool v1, struct told *told)
{
    struct backup_record *record = record_of(bed, &(struct backup_spec){.v1 = v1});
    *told = (struct told){0};
    told->ask = br_cluster_get(bed->br, record, on_cluster, told);
    record_free(&record);
    assert_int_equal(told->calls, 0); /* never from within */
    UNTIL(bed->f.loop, told->calls);
    assert_int_equal(told->calls, 1);
}

/* -- what is read -------------------------------------------------------------------------- */

#define GROUP(name, cluster, day, spec) \
    "{\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"2026-11-" day "T00:00:00Z\"}," \
    "\"spec\":{\"cluster\":{\"name\":\"" cluster "\"},\"template\":{\"spec\":{" spec "}}}}"

static const struct {
    bool v1;
    const char *cluster, *pd, *tikv; /* NULL: 404 */
    struct br_cluster wanted;
} read_cases[] = {
    {.cluster = "{\"metadata\":{\"creationTimestamp\":\"2026-11-01T00:00:00Z\"},\"spec\":{}}",
     .pd = "{\"items\":[" GROUP("pd", "tc", "02", "\"version\":\"v8.5.1\"") "]}",
     .tikv = "{\"items\":[" GROUP("kv", "tc", "02", "\"version\":\"v8.5.0\"") "]}",
     .wanted = {.created_ms = INT64_C(1793491200000), .pd_service = "pd-pd", .pd_port = 2379,
                .pd_address = "pd-pd.orders:2379", .version = "v8.5.0"}},
    /* TLS, paused, suspended; of several groups the one that was made first, whatever the order; other clusters'
     * pass */
    {.cluster =
     "{\"spec\":{\"paused\":true,\"suspendAction\":{\"suspendCompute\":true},\"customizedPDServiceName\":\"x\","
                "\"tlsCluster\":{\"enabled\":true}}}",
     .pd = "{\"items\":[" GROUP("aa", "other", "01", "") "," GROUP("new", "tc", "09", "") "," GROUP("old", "tc",
             "03", "") "]}",
     .tikv = "{\"items\":[" GROUP("new", "tc", "09", "\"version\":\"v9.0.0\"") ","
             GROUP("old", "tc", "03", "\"version\":\"v8.1.0\"") "]}",
     .wanted = {.paused = true, .suspended = true, .tls = true, .tls_secret = "tc-cluster-client-secret",
                .pd_service = "old-pd", .pd_port = 2379, .pd_address = "old-pd.orders:2379", .version = "v8.1.0"}},
    /* no groups at all; a port of its own; the tag where there is no version */
    {.cluster = "{}", .pd = "{\"items\":null}", .tikv = "{}", .wanted = {.created_ms = 0}},
    {.cluster = "{\"spec\":null}",
     .pd = "{\"items\":[" GROUP("p", "tc", "02", "\"server\":{\"ports\":{\"client\":{\"port\":12379}}}") "]}",
     .tikv = "{\"items\":[" GROUP("kv", "tc", "02", "\"image\":\"registry:5000/tikv:v7.5.2@sha256:0\"") "]}",
     .wanted = {.pd_service = "p-pd", .pd_port = 12379, .pd_address = "p-pd.orders:12379", .version = "v7.5.2"}},
    {.cluster = "{\"spec\":7}", .pd = "{\"items\":[1,{},{\"spec\":{\"cluster\":{\"name\":\"tc\"}}}]}",
     .tikv = "{\"items\":[" GROUP("kv", "tc", "02", "\"image\":\"registry:5000/tikv@sha256:0\"") "]}",
     .wanted = {.created_ms = 0}},
    {.v1 = true, .cluster = "{\"spec\":{\"version\":\"v6.5.0\",\"paused\":true}}",
     .wanted = {.paused = true, .pd_service = "tc-pd", .pd_port = 2379, .pd_address = "tc-pd.orders:2379",
                .version = "v6.5.0"}},
    {.v1 = true, .cluster = "{\"spec\":{\"version\":\"v6.5.0\",\"tikv\":{\"version\":\"v6.5.3\",\"image\":\"a:b\"},"
                            "\"suspendAction\":{\"suspendStatefulSet\":true},\"tlsCluster\":{\"enabled\":true}}}",
     .wanted = {.suspended = true, .tls = true, .tls_secret = "tc-cluster-client-secret", .pd_service = "tc-pd",
                .pd_port = 2379, .pd_address = "tc-pd.orders:2379", .version = "v6.5.3"}},
    {.v1 = true, .cluster = "{\"spec\":{\"tikv\":{\"image\":\"pingcap/tikv:v6.1.0\"}}}",
     .wanted = {.pd_service = "tc-pd", .pd_port = 2379, .pd_address = "tc-pd.orders:2379", .version = "v6.1.0"}},
};

static void clusters_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof read_cases / sizeof *read_cases; i++) {
        struct bed bed = {0};
        struct told told;
        bed_open(&bed);
        expect(&bed, read_cases[i].v1 ? TIDBCLUSTER : CLUSTER, 200, read_cases[i].cluster);
        expect(&bed, PDGROUPS, 200, read_cases[i].pd);
        expect(&bed, TIKVGROUPS, 200, read_cases[i].tikv);
        ask(&bed, read_cases[i].v1, &told);
        const struct br_cluster *got = &told.cluster, *wanted = &read_cases[i].wanted;
        assert_int_equal(got->error.code, ERROR_NONE);
        assert_string_equal(got->ns, "orders");
        assert_string_equal(got->name, "tc");
        assert_int_equal(got->v1, read_cases[i].v1);
        assert_int_equal(got->read_ms, NOW_MS);
        assert_false(got->missing);
        assert_int_equal(got->paused, wanted->paused);
        assert_int_equal(got->suspended, wanted->suspended);
        assert_int_equal(got->tls, wanted->tls);
        assert_int_equal(got->created_ms, wanted->created_ms);
        assert_string_equal(got->pd_service, wanted->pd_service);
        assert_int_equal(got->pd_port, wanted->pd_port);
        assert_string_equal(got->pd_address, wanted->pd_address);
        assert_string_equal(got->tls_secret, wanted->tls_secret);
        assert_string_equal(got->version, wanted->version);
        assert_int_equal(fake_unexpected(bed.f.server), 0);
        bed_close(&bed);
    }
}

static void v1_looks_in_the_clusters_namespace(void **state)
{
    struct bed *bed = *state;
    struct told told = {0};
    expect(bed, "GET /apis/pingcap.com/v1alpha1/namespaces/tidb/tidbclusters/main ", 200, "{\"spec\":{}}");
    const char *text =
        "{\"apiVersion\":\"pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"namespace\":\"orders\","
                       "\"name\":\"b\"},\"spec\":{\"br\":{\"cluster\":\"main\",\"clusterNamespace\":\"tidb\"}}}";
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    br_cluster_get(bed->br, record, on_cluster, &told);
    record_free(&record);
    UNTIL(bed->f.loop, told.calls);
    assert_string_equal(told.cluster.pd_address, "main-pd.tidb:2379");
}

/* -- what is not --------------------------------------------------------------------------- */

static const struct {
    int cluster, pd, tikv; /* http */
    bool missing, read;
    enum error_code code;
    const char *says;
} error_cases[] = {
    {404, 200, 200, true, true, ERROR_MISSING, "there is no Cluster orders/tc"},
    {404, 403, 404, true, true, ERROR_MISSING, "there is no Cluster orders/tc"},
    {403, 200, 200, false, false, ERROR_DENIED, "Cluster orders/tc"},
    {500, 200, 200, false, false, ERROR_NETWORK, "Cluster orders/tc"},
    {503, 404, 404, false, false, ERROR_NETWORK, "Cluster orders/tc"},
    {200, 403, 200, false, true, ERROR_DENIED, "pdgroups"},
    {200, 200, 403, false, true, ERROR_DENIED, "tikvgroups"},
};

static void only_404_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof error_cases / sizeof *error_cases; i++) {
        struct bed bed = {0};
        struct told told;
        bed_open(&bed);
        const int http[] = {error_cases[i].cluster, error_cases[i].pd, error_cases[i].tikv};
        const char *const requests[] = {CLUSTER, PDGROUPS, TIKVGROUPS};
        for (size_t r = 0; r < 3; r++)
            expect(&bed, requests[r], http[r], http[r] == 200 ? "{\"spec\":{\"paused\":true}}" : "{}");
        ask(&bed, false, &told);
        assert_int_equal(told.cluster.missing, error_cases[i].missing);
        assert_int_equal(told.cluster.read_ms != 0, error_cases[i].read);
        assert_int_equal(told.cluster.paused, http[0] == 200);
        assert_int_equal(told.cluster.error.code, error_cases[i].code);
        assert_has(told.cluster.error.text, error_cases[i].says);
        bed_close(&bed);
    }
}

static void no_cluster_is_named(void **state)
{
    struct bed *bed = *state;
    struct told told = {0};
    const char *text =
        "{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"metadata\":{\"namespace\":\"orders\",\"name\":\"b\"}}";
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    br_cluster_get(bed->br, record, on_cluster, &told);
    record_free(&record);
    UNTIL(bed->f.loop, told.calls);
    assert_int_equal(told.cluster.error.code, ERROR_INPUT);
    assert_has(told.cluster.error.text, "orders/b names no cluster");
    assert_false(told.cluster.missing);
    assert_int_equal(told.cluster.read_ms, 0);
    assert_int_equal(fake_count(bed->f.server, ""), 0);
}

/* -- who asks ------------------------------------------------------------------------------- */

static void answers_are_shared_and_kept(void **state)
{
    struct bed *bed = *state;
    struct told told[3] = {{0}};
    expect(bed, CLUSTER, 200, "{\"spec\":{}}");
    expect(bed, PDGROUPS, 200, "{}");
    expect(bed, TIKVGROUPS, 200, "{}");
    struct backup_record *record = record_of(bed, &(struct backup_spec){0});
    for (size_t i = 0; i < 3; i++)
        told[i].ask = br_cluster_get(bed->br, record, on_cluster, &told[i]);
    br_cluster_cancel(&told[1].ask);
    assert_null(told[1].ask);
    br_cluster_cancel(&told[1].ask);
    UNTIL(bed->f.loop, told[0].calls && told[2].calls);
    assert_int_equal(told[1].calls, 0);
    told[1].ask = br_cluster_get(bed->br, record, on_cluster, &told[1]);
    assert_int_equal(told[1].calls, 0);
    UNTIL(bed->f.loop, told[1].calls);
    assert_int_equal(told[0].calls + told[1].calls + told[2].calls, 3);
    assert_int_equal(fake_count(bed->f.server, ""), 3);
    record_free(&record);
}

static void ending_with_one_that_waits(void **state)
{
    struct bed *bed = *state;
    struct told told[2] = {{0}};
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .how = FAKE_HANG});
    struct backup_record *record = record_of(bed, &(struct backup_spec){0});
    for (size_t i = 0; i < 2; i++)
        br_cluster_get(bed->br, record, on_cluster, &told[i]);
    record_free(&record);
    UNTIL(bed->f.loop, fake_count(bed->f.server, "GET ") == 3);
    br_free(&bed->br);
    SPIN(bed->f.loop, 20);
    assert_int_equal(told[0].calls + told[1].calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_are_read),
        cmocka_unit_test_setup_teardown(v1_looks_in_the_clusters_namespace, bed_setup, bed_teardown),
        cmocka_unit_test(only_404_is_missing),
        cmocka_unit_test_setup_teardown(no_cluster_is_named, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(answers_are_shared_and_kept, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(ending_with_one_that_waits, bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
