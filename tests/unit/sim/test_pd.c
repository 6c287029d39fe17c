/* PD: what stands in its etcd, the range request, the orders, and what the operator's br makes of it. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>

#include <brdeck/base/file.h>

#include "simtest.h"

enum { TSO_SHIFT = 18 };

/* The answer to a range over [@from, @end); @more: further members of the request, with '. */
static struct json *range(struct sim *sim, const char *from, const char *end, const char *more)
{
    char *key = base64_encode(from, strlen(from)), *last = end ? base64_encode(end, strlen(end)) : NULL;
    char *text = xasprintf("{'key':'%s'%s%s%s%s}", key, last ? ",'range_end':'" : "", last ? last : "", last ? "'" : "",
                           more);
    struct json *request = parse(text);
    struct json *answer = pd_range(operator_pd(sim->operator_), NS, "tc-pd", request);
    json_free(&request);
    free(key);
    free(last);
    free(text);
    return answer;
}

static struct json *all(struct sim *sim) { return range(sim, "/tidb/br-stream", "/tidb/br-streas", ""); }

/* The value of @key, NULL when it is not there; the caller frees. */
static char *value_of(struct sim *sim, const char *key, size_t *len)
{
    struct json *answer = range(sim, key, NULL, "");
    const struct json *kv = json_first(json_get(answer, "kvs"));
    const char *text = json_string(kv, "value");
    char *value = kv ? base64_decode(text ? text : "", len) : NULL;
    json_free(&answer);
    return value;
}

static uint64_t count_of(const struct json *answer)
{
    const char *count = json_string(answer, "count");
    return count ? strtoull(count, NULL, 10) : 0;
}

static void begin(struct sim *sim)
{
    simtest_begin(sim);
    pd_start(operator_pd(sim->operator_), NS, "tc-pd", "log-a", "s3://b/p", (uint64_t)1790000000000 << TSO_SHIFT);
}

static void test_range(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim);
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','task':'log-ab','add':{'storage':'s3://x/y'}}");
    struct json *answer = all(&sim);
    uint64_t total = count_of(answer);
    assert_int_equal(json_count(json_get(answer, "kvs")), total);
    assert_null(json_get(answer, "more"));
    json_free(&answer);

    /* A prefix without its slash mixes names; with it, it does not. */
    answer = range(&sim, "/tidb/br-stream/checkpoint/log-a", "/tidb/br-stream/checkpoint/log-b", "");
    assert_int_equal(count_of(answer), 2);
    json_free(&answer);
    answer = range(&sim, "/tidb/br-stream/checkpoint/log-a/", "/tidb/br-stream/checkpoint/log-a0", "");
    assert_int_equal(count_of(answer), 1);
    json_free(&answer);

    static const char *const limits[] = {",'limit':3", ",'limit':'3'"};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        answer = range(&sim, "/tidb/br-stream", "/tidb/br-streas", limits[i]);
        assert_int_equal(json_count(json_get(answer, "kvs")), 3);
        assert_true(json_is_true(json_get(answer, "more")));
        assert_int_equal(count_of(answer), total);
        json_free(&answer);
    }
    struct json *request = parse("{'limit':'3'}"), *next;
    const char *last = json_string(json_first(json_get(answer = range(&sim, "/tidb/br-stream", "/tidb/br-streas", ""),
                                                       "kvs")), "key");
    size_t len;
    char *bytes = base64_decode(last, &len), *behind = base64_encode(bytes, len + 1), *end = base64_encode("/u", 2);
    json_set_string(request, "key", behind);
    json_set_string(request, "range_end", end);
    next = pd_range(operator_pd(sim.operator_), NS, "tc-pd", request);
    assert_int_equal(count_of(next), total - 1); /* a key and a zero byte: what stands behind it */
    json_free(&next);
    json_free(&request);
    json_free(&answer);
    free(bytes);
    free(behind);
    free(end);
    answer = range(&sim, "/tidb/br-stream", "/tidb/br-streas", ",'count_only':true");
    assert_null(json_get(answer, "kvs"));
    assert_int_equal(count_of(answer), total);
    json_free(&answer);
    answer = range(&sim, "/tidb/br-stream", "/tidb/br-streas", ",'keys_only':true");
    assert_null(json_string(json_first(json_get(answer, "kvs")), "value"));
    json_free(&answer);
    answer = range(&sim, "/nothing", "/nothinh", "");
    assert_null(json_get(answer, "kvs"));
    assert_null(json_get(answer, "count"));
    json_free(&answer);
    sim_done(&sim);
}

static void test_checkpoint(void **state)
{
    (void)state;
    struct sim sim;
    size_t len;
    begin(&sim);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','checkpoint':'470646456234541057'}");
    char *bytes = value_of(&sim, "/tidb/br-stream/checkpoint/log-a/central_global", &len);
    uint64_t tso = 0;
    assert_int_equal(len, 8);
    for (size_t i = 0; i < len; i++)
        tso = tso << 8 | (unsigned char)bytes[i];
    assert_true(tso == 470646456234541057U);
    free(bytes);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','lag':'3h'}");
    const struct pd *pd = operator_pd(sim.operator_);
    int64_t lag = clock_wall_ms() - (int64_t)(pd_checkpoint(pd, pd_find(pd, NS, "tc-pd", "log-a")) >> TSO_SHIFT);
    assert_in_range(lag, 3 * 3600 * 1000, 3 * 3600 * 1000 + 2000);
    sim_done(&sim);
}

/* A varint of @bytes at *@at. */
static uint64_t varint(const char *bytes, size_t *at)
{
    uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte = (unsigned char)bytes[(*at)++];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return number;
    }
}

static void check_error(const char *bytes, size_t len, uint64_t store, const char *code, const char *message)
{
    const char *const texts[] = {NULL, NULL, code, message};
    unsigned seen = 0;
    for (size_t at = 0; at < len;) {
        uint64_t key = varint(bytes, &at), number = varint(bytes, &at), field = key >> 3;
        assert_in_range(field, 1, 4);
        seen |= 1U << field;
        if (field == 1)
            assert_true((int64_t)number > clock_wall_ms() - 3600 * 1000);
        if (field == 4)
            assert_int_equal(number, store);
        if (texts[field & 3]) {
            assert_int_equal(number, strlen(texts[field]));
            assert_memory_equal(bytes + at, texts[field], number);
            at += number;
        }
    }
    assert_int_equal(seen, 0x1e);
}

static void test_error(void **state)
{
    (void)state;
    struct sim sim;
    size_t len;
    begin(&sim);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','error':{'store':300,'code':'KV:X','message':'disk full',"
                   "'at':'5m'}}");
    char *bytes = value_of(&sim, "/tidb/br-stream/last-error/log-a/300", &len);
    assert_non_null(bytes);
    check_error(bytes, len, 300, "KV:X", "disk full");
    free(bytes);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','error':false}");
    assert_null(value_of(&sim, "/tidb/br-stream/last-error/log-a/300", &len));
    sim_done(&sim);
}

static struct json *pause_of(struct sim *sim)
{
    size_t len;
    char *text = value_of(sim, "/tidb/br-stream/pause/log-a", &len);
    struct json *pause = text ? json_parse(text, len, NULL) : NULL;
    free(text);
    return pause;
}

static void test_pause(void **state)
{
    (void)state;
    struct sim sim;
    size_t len;
    int64_t at, pid;
    begin(&sim);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':{'by':'host-7','pid':99,'at':'3h',"
                   "'why':'works'}}");
    struct json *pause = pause_of(&sim);
    assert_string_equal(json_string(pause, "severity"), "MANUAL");
    assert_string_equal(json_string(pause, "operation_hostname"), "host-7");
    assert_true(json_int(json_get(pause, "operation_pid"), &pid) && pid == 99);
    assert_true(clock_parse_rfc3339(json_string(pause, "operation_time"), &at));
    assert_in_range(clock_wall_ms() - at, 3 * 3600 * 1000, 3 * 3600 * 1000 + 2000);
    char *why = base64_decode(json_string(pause, "payload"), &len);
    assert_memory_equal(why, "works", len);
    free(why);
    json_free(&pause);
    /* The checkpoint stands since then. */
    const struct pd_task *task = pd_find(operator_pd(sim.operator_), NS, "tc-pd", "log-a");
    assert_int_equal(task->frozen_ms / 60000, at / 60000);

    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':{'severity':'ERROR','why':'no space'}}");
    pause = pause_of(&sim);
    assert_string_equal(json_string(pause, "severity"), "ERROR");
    assert_string_equal(json_string(pause, "payload_type"),
                        "application/x-protobuf;messageType=brpb.StreamBackupError");
    why = base64_decode(json_string(pause, "payload"), &len);
    check_error(why, len, 1, "KV:LogBackup:Io", "no space");
    free(why);
    json_free(&pause);

    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':{'bare':true}}");
    why = value_of(&sim, "/tidb/br-stream/pause/log-a", &len);
    assert_non_null(why);
    assert_int_equal(len, 0);
    free(why);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':false}");
    assert_null(value_of(&sim, "/tidb/br-stream/pause/log-a", &len));
    sim_done(&sim);
}

static void test_orders(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{'namespace':'backup-test'}",
        "{'namespace':'backup-test','service':'tc-pd'}",
        "{'namespace':'backup-test','task':'nothing'}",
        "{'namespace':'backup-test','task':'new','add':{}}",
    };
    struct sim sim;
    begin(&sim);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct json *order = parse(bad[i]);
        struct error err = {0};
        if (operator_order_pd(sim.operator_, order, &err) || !err.text[0])
            fail_msg("taken: %s", bad[i]);
        json_free(&order);
    }
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','unreachable':true,'tls':true}");
    const struct pd_service *service = pd_service_find(operator_pd(sim.operator_), NS, "tc-pd");
    assert_true(service && service->unreachable && service->tls);
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','unreachable':false}");
    assert_true(!service->unreachable && service->tls);
    sim_done(&sim);
}

/* What br does for the operator is in PD, by the name of its Pod; what others do there, v2's operator does not see. */
static void test_operator(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    make_log(&sim, "log-a");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));
    change(&sim, KIND_BACKUP, "log-a", "{'spec':{'logSubcommand':'log-pause'}}");
    WAIT_FOR(&sim, phase_is(&sim, "log-a", "Paused"));
    struct json *pause = pause_of(&sim);
    assert_true(str_starts(json_string(pause, "operation_hostname"), "backup-log-a-log-pause-"));
    json_free(&pause);
    change(&sim, KIND_BACKUP, "log-a", "{'spec':{'logSubcommand':'log-start'}}");
    WAIT_FOR(&sim, phase_is(&sim, "log-a", "Running"));
    assert_null(pause_of(&sim));

    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':true}");
    simtest_pass(&sim, 120000);
    assert_true(phase_is(&sim, "log-a", "Running"));
    change(&sim, KIND_BACKUP, "log-a", "{'spec':{'logSubcommand':'log-pause'}}");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "The task log-a is paused already."));
    sim_done(&sim);
}

/* A task that PD lost is not found again by the Backup that goes on saying Running. */
static void test_lost(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    make_log(&sim, "log-a");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'commitTs':'"));
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','remove':true}");
    tasks_adopt(sim.operator_, NS, "tc-pd");
    assert_null(pd_find(operator_pd(sim.operator_), NS, "tc-pd", "log-a"));
    change(&sim, KIND_BACKUP, "log-a", "{'spec':{'logSubcommand':'log-pause'}}");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "no such task log-a"));
    sim_done(&sim);
}

/* Backups whose status was written by hand have their tasks, with the checkpoint they tell. */
static void test_adopt(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    operator_set_running(sim.operator_, false);
    make(&sim, KIND_BACKUP, "log-a",
         "{'spec':{'backupMode':'log','br':{'cluster':'tc'},'s3':{'provider':'aws','bucket':'b','prefix':'p'}},"
         "'status':{'phase':'Running','commitTs':'470000000000000000','logCheckpointTs':'470646456234541057'}}");
    tasks_adopt(sim.operator_, NS, "tc-pd");
    const struct pd *pd = operator_pd(sim.operator_);
    const struct pd_task *task = pd_find(pd, NS, "tc-pd", "log-a");
    assert_non_null(task);
    assert_true(pd_checkpoint(pd, task) == 470646456234541057U);
    sim_done(&sim);
}

/* Of two clusters of a namespace each has its own, be the name the same. */
static void test_twins(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    fleet_cluster(&sim, NS, "td");
    make_log(&sim, "log-a");
    order_pd(&sim, "{'namespace':'backup-test','service':'td-pd','task':'log-a','add':{},'lag':'9h'}");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'logCheckpointTs':'"));
    const struct pd *pd = operator_pd(sim.operator_);
    const struct pd_task *mine = pd_find(pd, NS, "tc-pd", "log-a"), *other = pd_find(pd, NS, "td-pd", "log-a");
    assert_true(mine && other && mine != other);
    simtest_pass(&sim, 200000);
    struct json *backup = store_read(sim.store, kind_of(KIND_BACKUP), NS, "log-a");
    const char *told = json_text(json_at(backup, "status", "logCheckpointTs", NULL));
    assert_true(strtoull(told, NULL, 10) > pd_checkpoint(pd, other));
    json_free(&backup);
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','task':'log-a','remove':true}");
    assert_null(pd_find(pd, NS, "tc-pd", "log-a"));
    assert_non_null(pd_find(pd, NS, "td-pd", "log-a"));
    sim_done(&sim);
}

static void test_stale(void **state)
{
    (void)state;
    struct sim sim;
    simtest_begin(&sim);
    make_log(&sim, "log-a");
    WAIT_FOR(&sim, holds(&sim, KIND_BACKUP, "log-a", "'logCheckpointTs':'"));
    operator_set_checkpoints(sim.operator_, false);
    uint64_t before = store_rv(sim.store);
    simtest_pass(&sim, 150000);
    assert_int_equal(store_rv(sim.store), before);
    operator_set_checkpoints(sim.operator_, true);
    WAIT_FOR(&sim, store_rv(sim.store) > before);
    sim_done(&sim);
}

static char *gc_value(struct sim *sim, const char *key, size_t *len)
{
    char *path = xasprintf("/pd/" PD_CLUSTER_ID "/gc/safe_point%s", key), *value = value_of(sim, path, len);
    free(path);
    return value;
}

static int64_t gc_age(struct sim *sim)
{
    size_t len;
    char *hex = gc_value(sim, "", &len);
    assert_non_null(hex);
    int64_t age = clock_wall_ms() - (int64_t)(strtoull(hex, NULL, 16) >> TSO_SHIFT);
    free(hex);
    return age;
}

static struct json *service_of(struct sim *sim, const char *id)
{
    size_t len = 0;
    char *key = xasprintf("/service/%s", id), *value = gc_value(sim, key, &len);
    struct json *json = value ? json_parse(value, len, NULL) : NULL;
    free(key);
    free(value);
    return json;
}

/* GC stays behind what runs, and behind what is paused for as long as that is kept. */
static void test_gc(void **state)
{
    (void)state;
    static const int64_t hour = 3600 * 1000;
    struct sim sim;
    int64_t expires;
    begin(&sim);
    const struct pd *pd = operator_pd(sim.operator_);
    const struct pd_task *task = pd_find(pd, NS, "tc-pd", "log-a");
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','lag':'3h'}");
    assert_in_range(gc_age(&sim), 3 * hour, 3 * hour + 5000); /* the coordinator holds it */
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':{'at':'23h'}}");
    assert_in_range(gc_age(&sim), 23 * hour, 23 * hour + 5000);
    struct json *service = service_of(&sim, "log-a_pause_safepoint");
    assert_string_equal(json_string(service, "service_id"), "log-a_pause_safepoint");
    assert_true(json_int(json_get(service, "expired_at"), &expires));
    assert_in_range(expires * 1000 - clock_wall_ms(), hour - 5000, hour);
    json_free(&service);
    assert_false(pd_gc_has_passed(pd, task));
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':{'at':'25h','severity':'ERROR','why':'x'}}");
    assert_in_range(gc_age(&sim), 600000, 605000);
    assert_true(pd_gc_has_passed(pd, task));
    assert_non_null(service = service_of(&sim, "log-a-1-pause-guard"));
    json_free(&service);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','keeps':'2h'}");
    assert_false(pd_gc_has_passed(pd, task));
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','gc':'1m'}");
    assert_true(pd_gc_has_passed(pd, task));
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','gc':'470646456234541057'}");
    assert_true(pd_gc_safepoint(pd, NS, "tc-pd") == 470646456234541057U);
    order_pd(&sim, "{'namespace':'backup-test','service':'tc-pd','gc':false}");
    assert_false(pd_gc_has_passed(pd, task));
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','paused':false}");
    assert_non_null(service = service_of(&sim, "log-a_pause_safepoint")); /* for half an hour more */
    json_free(&service);
    order_pd(&sim, "{'namespace':'backup-test','task':'log-a','remove':true}");
    assert_null(service_of(&sim, "log-a_pause_safepoint"));
    sim_done(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range), cmocka_unit_test(test_checkpoint), cmocka_unit_test(test_error),
        cmocka_unit_test(test_pause), cmocka_unit_test(test_orders),     cmocka_unit_test(test_operator),
        cmocka_unit_test(test_lost),  cmocka_unit_test(test_adopt),      cmocka_unit_test(test_stale),
        cmocka_unit_test(test_twins), cmocka_unit_test(test_gc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
