#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/br/facts.h>

#include "br/br_private.h"
#include "br/cluster_keeper.h"
#include "br/pd_keeper.h"
#include "br_fixture.h"

#define CORE "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/"
#define RANGE "POST /api/v1/namespaces/orders/services/pd-pd:2379/proxy/v3/kv/range "
#define ROOT "/tidb/br-stream/"
#define PDGROUPS "{\"items\":[{\"metadata\":{\"name\":\"pd\"},\"spec\":{\"cluster\":{\"name\":\"tc\"}}}]}"
#define TSO UINT64_C(436568622965194755) /* no double holds it */

/* -- what is in etcd ---------------------------------------------------------------------------- */

struct pair {
    const char *key, *value;
    size_t len; /* 0: the value is text */
};

/* An answer with these pairs and @more members; kept. */
static char *answer_of(struct bed *bed, const struct pair *pairs, size_t count, const char *more)
{
    struct str s;
    str_init(&s, STR_SMALL);
    str_addf(&s, "{\"header\":{\"cluster_id\":\"7\",\"revision\":\"4242\"}%s,\"kvs\":[", more);
    for (size_t i = 0; i < count; i++) {
        char *key = base64_encode(pairs[i].key, strlen(pairs[i].key));
        char *value = base64_encode(pairs[i].value, pairs[i].len ? pairs[i].len : strlen(pairs[i].value));
        str_addf(&s, "%s{\"key\":\"%s\"", i ? "," : "", key);
        str_addf(&s, *value ? ",\"value\":\"%s\"}" : "}", value); /* etcd leaves an empty one out */
        free(key);
        free(value);
    }
    str_add(&s, "]}");
    return bed_keep(bed, str_take(&s));
}

#define TSO_BYTES "\x06\x0f\x01\x8e\x54\x00\x00\x03"
#define TSO_OF_BYTES UINT64_C(0x060f018e54000003)
/* start_ts (2) is 300, and a storage (1), an end (3) and a name (4) beside it */
#define INFO "\x0a\x03" "abc" "\x10\xac\x02\x18\x05\x22\x01x"
#define RUNS(name) {ROOT "info/" name, INFO, sizeof INFO - 1}
#define CHECKPOINT(name) {ROOT "checkpoint/" name "/central_global", TSO_BYTES, 8}
/* happen_at 1000 * @at, code, message, store */
#define ERROR_AT(at) "\x08" at "\x12\x05" "KV:LB" "\x1a\x04" "boom" "\x20\x09"
#define LAST_ERROR(name, store, at) {ROOT "last-error/" name "/" store, ERROR_AT(at), sizeof ERROR_AT(at) - 1}

static void expect(struct bed *bed, const char *request, int http, const char *body)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = request, .http = http, .body = body});
}

static void expect_cluster(struct bed *bed)
{
    expect(bed, CORE "clusters/tc ", 200, "{\"spec\":{}}");
    expect(bed, CORE "pdgroups ", 200, PDGROUPS);
    expect(bed, CORE "tikvgroups ", 200, "{}");
}

static const struct store_row *row_of(struct bed *bed, const char *ns, const char *name)
{
    slot_t slot = store_find(bed->fleet.store, ns, name);
    assert_int_not_equal(slot, SLOT_NONE);
    return store_get(bed->fleet.store, slot);
}

static const struct backup_facts *facts_of(struct bed *bed, const char *name)
{
    static const struct backup_facts none;
    const struct store_row *row = row_of(bed, "orders", name);
    return row->facts ? row->facts : &none;
}

static void want(struct bed *bed, const char *name) { br_pd_want(bed->br, row_of(bed, "orders", name)->record); }

static const struct backup_facts *read_facts(struct bed *bed, const char *name)
{
    want(bed, name);
    UNTIL(bed->f.loop, br_pd_are_there(bed->br));
    return facts_of(bed, name);
}

/* Now, not in some seconds. */
static void again(struct bed *bed, const char *request, size_t count)
{
    bed->br->pd->clusters->due_ms = 0;
    loop_timer_set(&bed->br->pd->turn, 0);
    UNTIL(bed->f.loop, fake_count(bed->f.server, request) == count);
    UNTIL(bed->f.loop, !bed->br->pd->clusters->request && !bed->br->pd->clusters->ask);
}

/* -- what PD answers ------------------------------------------------------------------------------- */

#define PAUSE(severity, type, payload) \
    "{\"severity\":\"" severity "\",\"operation_hostname\":\"host-7\",\"operation_pid\":4711," \
    "\"operation_time\":\"2026-11-23T23:11:00+08:00\",\"payload_type\":\"" type "\",\"payload\":\"" payload "\"}"
#define PAUSED(text) {ROOT "pause/log-orders", text, 0}

static const struct {
    const char *what;
    struct pair pairs[6];
    struct backup_facts wanted; /* its pd */
} cases[] = {
    {"running", {RUNS("log-orders"), CHECKPOINT("log-orders")}, {.pd = {.checkpoint = TSO_OF_BYTES, .start_ts = 300}}},
    {"no checkpoint yet; of a store, of eight bytes that are none, of another kind",
     {RUNS("log-orders"), {ROOT "checkpoint/log-orders/store/central", TSO_BYTES, 8},
      {ROOT "checkpoint/log-orders/central_global", "1234567", 7}, {ROOT "odd/log-orders", "x", 1}},
     {.pd = {.start_ts = 300}}},
    {"paused by hand, of an old br", {RUNS("log-orders"), CHECKPOINT("log-orders"), PAUSED("")},
     {.pd = {.checkpoint = TSO_OF_BYTES, .start_ts = 300, .paused = true}}},
    {"paused by hand", {RUNS("log-orders"), PAUSED(PAUSE("MANUAL", "text/plain;charset=UTF-8",
                                                         "Zm9yIHRoZSBuaWdodA=="))},
     {.pd = {.start_ts = 300, .paused = true, .paused_at_ms = NOW_MS - 49 * 60000, .paused_by = "host-7",
             .paused_pid = 4711,
             .paused_why = "for the night"}}},
    {"paused by hand, without a word", {RUNS("log-orders"), PAUSED("{\"severity\":\"MANUAL\",\"payload\":null}")},
     {.pd = {.start_ts = 300, .paused = true}}},
    {"paused by an error",
     {RUNS("log-orders"),
      PAUSED(PAUSE("ERROR", "application/x-protobuf;messagetype=brpb.StreamBackupError", "EgVLVjpMQhoEYm9vbQ=="))},
     {.pd = {.start_ts = 300, .paused = true, .paused_by_error = true, .paused_at_ms = NOW_MS - 49 * 60000,
             .paused_by = "host-7", .paused_pid = 4711, .paused_why = "KV:LB: boom"}}},
    {"paused, in words nobody knows", {RUNS("log-orders"), PAUSED("{\"severity\":3,\"operation_pid\":-4} or so")},
     {.pd = {.start_ts = 300, .paused = true}}},
    {"errors of stores: the newest is told", {RUNS("log-orders"), LAST_ERROR("log-orders", "1", "\x07"),
                                              LAST_ERROR("log-orders", "4", "\x64"),
                                              LAST_ERROR("log-orders", "5", "\x08"),
                                              {ROOT "last-error/log-orders/x", "y", 1},
                                              {ROOT "last-error/log-orders/6", "\xff", 1}},
     {.pd = {.start_ts = 300, .error_count = 3, .error_store = 4, .error = "KV:LB: boom", .error_at_ms = 100}}},
    {"no task", {RUNS("log"), CHECKPOINT("log"), CHECKPOINT("log-orders")}, {.pd = {.task_missing = true}}},
    {"nothing at all", {{NULL, NULL, 0}}, {.pd = {.task_missing = true}}},
};

static void assert_pd(const char *what, const struct backup_facts *got, const struct backup_facts *wanted)
{
    if (got->pd.task_missing != wanted->pd.task_missing || got->pd.paused != wanted->pd.paused ||
        got->pd.paused_by_error != wanted->pd.paused_by_error || got->pd.paused_at_ms != wanted->pd.paused_at_ms ||
        got->pd.paused_pid != wanted->pd.paused_pid || got->pd.checkpoint != wanted->pd.checkpoint ||
        got->pd.start_ts != wanted->pd.start_ts || got->pd.error_count != wanted->pd.error_count ||
        got->pd.error_store != wanted->pd.error_store || got->pd.error_at_ms != wanted->pd.error_at_ms)
        fail_msg("%s: differs", what);
    assert_string_equal(got->pd.paused_by, wanted->pd.paused_by);
    assert_string_equal(got->pd.paused_why, wanted->pd.paused_why);
    assert_string_equal(got->pd.error, wanted->pd.error);
}

static size_t pairs_of(const struct pair pairs[6])
{
    size_t n = 0;
    while (n < 6 && pairs[n].key)
        n++;
    return n;
}

static void answers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bed bed = {.read_only = true}; /* it changes nothing */
        bed_open(&bed);
        backup_put(&bed, &(struct backup_spec){0});
        expect_cluster(&bed);
        expect(&bed, RANGE, 200, answer_of(&bed, cases[i].pairs, pairs_of(cases[i].pairs), ""));
        const struct backup_facts *facts = read_facts(&bed, "log-orders");
        assert_pd(cases[i].what, facts, &cases[i].wanted);
        assert_int_equal(facts->pd.reach, PD_ANSWERED);
        assert_int_equal(facts->pd.read_ms, NOW_MS);
        assert_string_equal(facts->pd.why, "");
        assert_int_equal(fake_unexpected(bed.f.server), 0);
        bed_close(&bed);
    }
}

static void a_tso_stays_exact(void **state)
{
    (void)state;
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(TSO >> (56 - 8 * i));
    assert_true(pd_read_checkpoint(bytes, 8) == TSO);
    assert_true(pd_read_checkpoint("\xff\xff\xff\xff\xff\xff\xff\xff", 8) == UINT64_MAX);
    assert_int_equal(pd_read_checkpoint(bytes, 7), 0);
    assert_int_equal(pd_read_checkpoint("", 0), 0);
    /* the same as a varint: seven bits at a time, the lowest first */
    char info[16] = {0x10};
    size_t n = 1;
    uint64_t rest = TSO;
    for (; rest > 0x7f; rest >>= 7)
        info[n++] = (char)(rest | 0x80);
    info[n++] = (char)rest;
    assert_true(pd_read_start(info, n) == TSO);
    assert_int_equal(pd_read_start(info, n - 1), 0); /* cut: not a smaller one */
}

/* Names that begin each other's, and odd ones, are each their own. */
static void names_are_not_mixed_up(void **state)
{
    struct bed *bed = *state;
    static const char *const names[] = {"log", "log-a", "log-a-b", "lo", "central_global", "log.a_1", "4",
                                        "log\xc3\xa4"};
    struct pair pairs[4 * ARRAY_LEN(names)];
    char values[ARRAY_LEN(names)][8];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        memcpy(values[i], "\0\0\0\0\0\0\1", 7);
        values[i][7] = (char)(i + 1);
        pairs[n++] = (struct pair){bed_keep(bed, xasprintf(ROOT "info/%s", names[i])), INFO, sizeof INFO - 1};
        pairs[n++] = (struct pair){bed_keep(bed, xasprintf(ROOT "checkpoint/%s/central_global", names[i])),
                                   values[i], 8};
        if (i % 2)
            pairs[n++] = (struct pair){bed_keep(bed, xasprintf(ROOT "pause/%s", names[i])), "", 0};
        else
            pairs[n++] = (struct pair){bed_keep(bed, xasprintf(ROOT "last-error/%s/%zu", names[i], i)),
                                       ERROR_AT("\x07"), sizeof ERROR_AT("\x07") - 1};
        backup_put(bed, &(struct backup_spec){.name = names[i], .uid = names[i]});
    }
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, pairs, n, ""));
    read_facts(bed, "log");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct backup_facts *facts = facts_of(bed, names[i]);
        assert_int_equal(facts->pd.checkpoint, 257 + i);
        assert_int_equal(facts->pd.paused, i % 2);
        assert_int_equal(facts->pd.error_count, !(i % 2));
        assert_false(facts->pd.task_missing);
    }
    assert_int_equal(fake_count(bed->f.server, RANGE), 1); /* one for all */
}

/* -- the question -------------------------------------------------------------------------------------- */

static char *member(struct bed *bed, const char *request, const char *key, size_t *len)
{
    const char *body = strstr(request, "\r\n\r\n");
    assert_non_null(body);
    struct json *json = json_parse(body + 4, strlen(body + 4), NULL);
    char *text = json_string(json, key) ? base64_decode(json_string(json, key), len) : NULL;
    json_free(&json);
    return text ? bed_keep(bed, text) : NULL;
}

static void one_range_in_pages(void **state)
{
    struct bed *bed = *state;
    static const struct pair first[] = {CHECKPOINT("log-orders"), CHECKPOINT("other")}, second[] = {RUNS("log-orders")};
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    fake_expect(bed->f.server, &(struct fake_rule){.request = RANGE, .times = 1,
                                                   .body = answer_of(bed, first, 2, ",\"more\":true,\"count\":\"3\"")});
    expect(bed, RANGE, 200, answer_of(bed, second, 1, ",\"count\":\"1\""));
    const struct backup_facts *facts = read_facts(bed, "log-orders");
    assert_true(facts->pd.checkpoint == TSO_OF_BYTES);
    assert_int_equal(fake_count(bed->f.server, RANGE), 2);
    const char *question = fake_request(bed->f.server, RANGE, 0), *next = fake_request(bed->f.server, RANGE, 1);
    size_t len = 0;
    assert_string_equal(member(bed, question, "key", &len), ROOT "checkpoint/");
    assert_string_equal(member(bed, question, "range_end", &len), ROOT "pause0");
    assert_null(strstr(question, "revision"));
    assert_string_equal(member(bed, next, "key", &len), ROOT "checkpoint/other/central_global");
    assert_int_equal(len, sizeof ROOT "checkpoint/other/central_global"); /* with a zero byte */
    assert_non_null(strstr(next, "\"revision\":\"4242\""));
}

static void pages_without_end(void **state)
{
    struct bed *bed = *state;
    static const struct pair page[] = {CHECKPOINT("log-orders")};
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, page, 1, ",\"more\":true"));
    assert_int_equal(read_facts(bed, "log-orders")->pd.reach, PD_NO_ANSWER);
    assert_int_equal(fake_count(bed->f.server, RANGE), PD_PAGES_MAX);
}

#define STATUS(reason, message) \
    "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"" reason "\",\"message\":\"" message "\"}"

/* -- GC ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    tso_t ts;
} safepoints[] = {
    {"60f018e54000003", UINT64_C(0x60f018e54000003)}, {"ffffffffffffffff", UINT64_MAX}, {"ABCDEF", 0xabcdef}, {"0", 0},
    {"", 0}, {"10000000000000000", 0}, {"0x10", 0}, {"-1", 0}, {" 1", 0}, {"12g", 0}, {"1\n", 0},
};

static void safepoints_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(safepoints); i++)
        if (pd_read_safepoint(safepoints[i].text, strlen(safepoints[i].text)) != safepoints[i].ts)
            fail_msg("%s", safepoints[i].text);
    assert_int_equal(pd_read_safepoint("1\0002", 3), 0);
}

#define HOLD(id, ts, at) {"/service/" id, "{\"service_id\":\"x\",\"expired_at\":" at ",\"safe_point\":" ts "}", 0}
static const struct {
    const char *what, *task;
    struct pair pairs[4];
    tso_t checkpoint;
    int64_t expires_ms; /* 0: nothing holds it */
    tso_t ts;
} holds[] = {
    {"br's", "log-a", {HOLD("log-a_pause_safepoint", "436568622965194754", "1790000000")}, TSO, 1790000000000, TSO - 1},
    {"a store's", "log-a", {HOLD("log-a-12-pause-guard", "7", "1790000000")}, 8, 1790000000000, 7},
    {"the last counts", "log-a", {HOLD("log-a_pause_safepoint", "7", "1790000000"),
                                  HOLD("log-a-1-pause-guard", "6", "1790000009"),
                                  HOLD("log-a-2-pause-guard", "6", "1790000008")}, 8, 1790000009000, 6},
    {"of others", "log-a", {HOLD("log_pause_safepoint", "7", "1790000000"),
                            HOLD("log-a-b_pause_safepoint", "7", "1790000000"),
                            HOLD("log-a--pause-guard", "7", "1790000000"),
                            HOLD("log-a-b-3-pause-guard", "7", "1790000000")}, 8, 0, 0},
    {"of who is no pause", "log-a", {HOLD("gc_worker", "7", "1790000000"),
                                       HOLD("log-backup-coordinator", "7", "1790000000")}, 8, 0, 0},
    {"not what it needs", "log-a", {HOLD("log-a_pause_safepoint", "9", "1790000000")}, 8, 0, 0},
    {"its checkpoint is not known", "log-a",
     {HOLD("log-a_pause_safepoint", "9", "1790000000")}, 0, 1790000000000, 9},
    {"never expires", "log-a", {HOLD("log-a_pause_safepoint", "7", "9223372036854775807")}, 8, 0, 0},
    {"no time", "log-a", {HOLD("log-a_pause_safepoint", "7", "-5"),
                          HOLD("log-a-1-pause-guard", "7", "\"1790000000\"")}, 8, 0, 0},
    {"no number", "log-a", {HOLD("log-a_pause_safepoint", "\"7\"", "1790000000"),
                            HOLD("log-a-1-pause-guard", "-7", "1790000000"),
                            HOLD("log-a-2-pause-guard", "1e99", "1790000000")}, 8, 0, 0},
    {"no JSON", "log-a", {{"/service/log-a_pause_safepoint", "{", 0}, {"/service/log-a-1-pause-guard", "\xff\xfe", 0},
                          {"/service/", "{}", 0}, {"/serv", "{}", 0}}, 8, 0, 0},
};

static void what_holds_gc(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
        struct pd_gc gc = {0};
        for (size_t k = 0; k < 4 && holds[i].pairs[k].key; k++)
            pd_take_gc(&gc, holds[i].pairs[k].key, strlen(holds[i].pairs[k].key), holds[i].pairs[k].value,
                       strlen(holds[i].pairs[k].value));
        const struct pd_hold *hold = pd_hold_of(&gc, holds[i].task, holds[i].checkpoint);
        if ((hold ? hold->expires_ms : 0) != holds[i].expires_ms || (hold && hold->ts != holds[i].ts))
            fail_msg("%s: %lld", holds[i].what, hold ? (long long)hold->expires_ms : 0);
        pd_gc_done(&gc);
    }
}

#define GC_ROOT "/pd/7442/gc/safe_point"
#define SERVICE(id, ts, at) \
    {GC_ROOT "/service/" id, "{\"service_id\":\"x\",\"expired_at\":" at ",\"safe_point\":" ts "}", 0}

static void expect_cluster_with_id(struct bed *bed, const char *id)
{
    expect(bed, CORE "clusters/tc ", 200,
           bed_keep(bed, xasprintf("{\"spec\":{},\"status\":{\"id\":\"%s\"}}", id)));
    expect(bed, CORE "pdgroups ", 200, PDGROUPS);
    expect(bed, CORE "tikvgroups ", 200, "{}");
}

static void expect_once(struct bed *bed, char *body)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = RANGE, .times = 1, .body = body});
}

/* A second range, of that cluster's keys, less often, and at once for a pause that is new. */
static void gc_is_asked_for(void **state)
{
    struct bed *bed = *state;
    static const struct pair runs[] = {RUNS("log-orders"), CHECKPOINT("log-orders")};
    static const struct pair paused[] = {RUNS("log-orders"), CHECKPOINT("log-orders"), PAUSED("")};
    static const struct pair gc[] = {{GC_ROOT, "60f018e54000001", 0}, {GC_ROOT "x", "ff", 0},
                                     SERVICE("gc_worker", "1", "5")};
    static const struct pair held[] = {{GC_ROOT, "60f018e54000002", 0},
                                       SERVICE("log-orders_pause_safepoint", "436568622965194754", "1795399999")};
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster_with_id(bed, "7442");
    expect_once(bed, answer_of(bed, runs, 2, ""));
    expect_once(bed, answer_of(bed, gc, 3, ""));
    expect_once(bed, answer_of(bed, runs, 2, ""));
    expect_once(bed, answer_of(bed, paused, 3, ""));
    expect_once(bed, answer_of(bed, held, 2, ""));
    expect(bed, RANGE, 200, answer_of(bed, paused, 3, ""));
    const struct backup_facts *facts = read_facts(bed, "log-orders");
    size_t len = 0;
    assert_int_equal(fake_count(bed->f.server, RANGE), 2);
    assert_true(facts->pd.gc_safepoint == UINT64_C(0x60f018e54000001) && facts->pd.checkpoint == TSO_OF_BYTES);
    assert_int_equal(facts->pd.gc_read_ms, NOW_MS);
    assert_int_equal(facts->pd.pause_expires_ms, 0);
    assert_string_equal(member(bed, fake_request(bed->f.server, RANGE, 1), "key", &len), GC_ROOT);
    assert_string_equal(member(bed, fake_request(bed->f.server, RANGE, 1), "range_end", &len), GC_ROOT "0");
    assert_null(strstr(fake_request(bed->f.server, RANGE, 1), "revision"));
    again(bed, RANGE, 3); /* it is not time for GC yet, and what it said stands */
    assert_true(facts_of(bed, "log-orders")->pd.gc_safepoint == UINT64_C(0x60f018e54000001));
    again(bed, RANGE, 5);
    facts = facts_of(bed, "log-orders");
    assert_true(facts->pd.paused && facts->pd.gc_safepoint == UINT64_C(0x60f018e54000002));
    assert_int_equal(facts->pd.pause_expires_ms, INT64_C(1795399999000));
    assert_true(facts->pd.pause_safepoint == TSO - 1);
    assert_int_equal(fake_unexpected(bed->f.server), 0);
}

/* What is read of the tasks stands, whatever comes of the other. */
static void gc_that_is_not_answered(void **state)
{
    (void)state;
    static const struct {
        int http;
        const char *body;
        size_t asked;
    } bad[] = {{503, "gone", 2}, {403, STATUS("Forbidden", "no"), 2}, {200, "{}", 2}, {200, "<html>", 2},
               {200, "{\"header\":{},\"more\":true,\"kvs\":[{\"key\":\"YQ==\"}]}", 1 + PD_PAGES_MAX},
               {200, "{\"header\":{}}", 2}};
    static const struct pair runs[] = {RUNS("log-orders"), CHECKPOINT("log-orders")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct bed bed = {0};
        bed_open(&bed);
        backup_put(&bed, &(struct backup_spec){0});
        expect_cluster_with_id(&bed, "7442");
        expect_once(&bed, answer_of(&bed, runs, 2, ""));
        expect(&bed, RANGE, bad[i].http, bad[i].body);
        const struct backup_facts *facts = read_facts(&bed, "log-orders");
        assert_int_equal(facts->pd.reach, PD_ANSWERED);
        assert_true(facts->pd.checkpoint == TSO_OF_BYTES && facts->pd.gc_safepoint == 0);
        assert_int_equal(fake_count(bed.f.server, RANGE), bad[i].asked);
        bed_close(&bed);
    }
}

/* No id, and what is none: nothing is asked. */
static void no_id_no_gc(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "7442/../x", "-1", "0x12", "123456789012345678901", "7 "};
    static const struct pair runs[] = {RUNS("log-orders"), CHECKPOINT("log-orders")};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct bed bed = {0};
        bed_open(&bed);
        backup_put(&bed, &(struct backup_spec){0});
        expect_cluster_with_id(&bed, ids[i]);
        expect(&bed, RANGE, 200, answer_of(&bed, runs, 2, ""));
        assert_int_equal(read_facts(&bed, "log-orders")->pd.gc_read_ms, 0);
        assert_int_equal(fake_count(bed.f.server, RANGE), 1);
        bed_close(&bed);
    }
}

/* -- what is no answer ------------------------------------------------------------------------------------ */

static const struct {
    const char *cluster, *pdgroups, *range; /* bodies; cluster NULL: 404 */
    int cluster_http, pdgroups_http, http;  /* 0: 200 */
    enum fake_how how;
    enum pd_reach reach;
    const char *why;
    size_t asked;
} refusals[] = {
    {"{}", PDGROUPS, STATUS("Forbidden", "services \\\"pd-pd:2379\\\" is forbidden"), 0, 0, 403, FAKE_WHOLE,
     PD_NO_RIGHT,
     "no right to create services/proxy of pd-pd in namespace orders", 1},
    {"{}", PDGROUPS, STATUS("NotFound", "services \\\"pd-pd\\\" not found"), 0, 0, 404, FAKE_WHOLE, PD_NO_CLUSTER,
     "there is no Service orders/pd-pd", 1},
    {"{}", PDGROUPS, "404 page not found\n", 0, 0, 404, FAKE_WHOLE, PD_NO_ANSWER, "enable-grpc-gateway", 1},
    {"{}", PDGROUPS, STATUS("ServiceUnavailable", "no endpoints available for service \\\"pd-pd\\\""), 0, 0, 503,
     FAKE_WHOLE,
     PD_NO_ANSWER, "no endpoints available", 1},
    {"{}", PDGROUPS, "Bad Gateway", 0, 0, 502, FAKE_WHOLE, PD_NO_ANSWER, "502", 1},
    {"{}", PDGROUPS, "Client sent an HTTP request to an HTTPS server.\n", 0, 0, 400, FAKE_WHOLE, PD_TLS,
     "certificates", 1},
    {"{}", PDGROUPS, "{\"error\":\"etcdserver: no leader\",\"code\":14}", 0, 0, 503, FAKE_WHOLE, PD_NO_ANSWER, "503",
     1},
    {"{}", PDGROUPS, "<html>welcome</html>", 0, 0, 200, FAKE_WHOLE, PD_NO_ANSWER, "", 1},
    {"{}", PDGROUPS, "{}", 0, 0, 200, FAKE_WHOLE, PD_NO_ANSWER, "no etcd", 1},
    {"{}", PDGROUPS, "", 0, 0, 200, FAKE_CUT, PD_NO_ANSWER, "", 1},
    {"{}", PDGROUPS, "{\"header\":{}}", 0, 0, 200, FAKE_CUT_BODY, PD_NO_ANSWER, "", 1},
    {"{\"spec\":{\"tlsCluster\":{\"enabled\":true}}}", PDGROUPS, "", 0, 0, 0, FAKE_WHOLE, PD_TLS, "certificates", 0},
    {"{}", "{}", "", 0, 0, 0, FAKE_WHOLE, PD_NO_CLUSTER, "no PDGroup", 0},
    {"{}", "{}", "", 404, 0, 0, FAKE_WHOLE, PD_NO_CLUSTER, "there is no Cluster orders/tc", 0},
    {"{}", STATUS("Forbidden", "no"), "", 0, 403, 0, FAKE_WHOLE, PD_NO_RIGHT, "pdgroups", 0},
    {"{}", "{}", "", 0, 500, 0, FAKE_WHOLE, PD_NO_ANSWER, "pdgroups", 0},
    /* what is not known of the Cluster keeps nobody from asking */
    {STATUS("Forbidden", "no"), PDGROUPS, "{\"header\":{}}", 403, 0, 0, FAKE_WHOLE, PD_ANSWERED, "", 1},
};

static void what_is_no_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct bed bed = {0};
        bed_open(&bed);
        backup_put(&bed, &(struct backup_spec){0});
        expect(&bed, CORE "clusters/tc ", refusals[i].cluster_http, refusals[i].cluster);
        expect(&bed, CORE "pdgroups ", refusals[i].pdgroups_http, refusals[i].pdgroups);
        expect(&bed, CORE "tikvgroups ", 200, "{}");
        fake_expect(bed.f.server, &(struct fake_rule){.request = RANGE, .http = refusals[i].http,
                                                      .how = refusals[i].how,
                                                      .body = refusals[i].range});
        const struct backup_facts *facts = read_facts(&bed, "log-orders");
        if (facts->pd.reach != refusals[i].reach)
            fail_msg("%zu: %d instead of %d: %s", i, (int)facts->pd.reach, (int)refusals[i].reach, facts->pd.why);
        assert_has(facts->pd.why, refusals[i].why);
        assert_int_equal(!facts->pd.why[0], facts->pd.reach == PD_ANSWERED);
        assert_int_equal(facts->pd.read_ms != 0, facts->pd.reach == PD_ANSWERED);
        assert_int_equal(facts->pd.task_missing, facts->pd.reach == PD_ANSWERED); /* only PD can say that */
        if (refusals[i].how == FAKE_WHOLE)
            assert_int_equal(fake_count(bed.f.server, RANGE), refusals[i].asked);
        bed_close(&bed);
    }
}

static void too_much(void **state)
{
    struct bed *bed = *state;
    size_t len = PD_BODY_MAX + 100;
    char *body = bed_keep(bed, xmalloc(len + 1));
    memset(body, ' ', len);
    memcpy(body, "{\"header\":{}}", 13);
    body[len] = '\0';
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    expect(bed, RANGE, 200, body);
    assert_int_equal(read_facts(bed, "log-orders")->pd.reach, PD_NO_ANSWER);
    assert_false(facts_of(bed, "log-orders")->pd.task_missing);
}

/* -- as time goes on ---------------------------------------------------------------------------------------- */

static void what_was_read_stands(void **state)
{
    struct bed *bed = *state;
    static const struct pair pairs[] = {RUNS("log-orders"), CHECKPOINT("log-orders")};
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    fake_expect(bed->f.server, &(struct fake_rule){.request = RANGE, .times = 1, .body = answer_of(bed, pairs, 2, "")});
    fake_expect(bed->f.server, &(struct fake_rule){.request = RANGE, .times = 6, .http = 503, .body = STATUS("X",
            "gone")});
    expect(bed, RANGE, 200, answer_of(bed, pairs, 1, ""));
    assert_int_equal(read_facts(bed, "log-orders")->pd.reach, PD_ANSWERED);
    struct pd_cluster *c = bed->br->pd->clusters;
    assert_in_range(c->due_ms - clock_mono_ms(), BR_PD_EACH_MS - 500, BR_PD_EACH_MS * 6 / 5 + 1);
    for (size_t i = 0; i < 6; i++) {
        static const int64_t waits[] = {5000, 10000, 20000, 40000, 60000, 60000};
        want(bed, "log-orders");
        again(bed, RANGE, 2 + i);
        assert_in_range(c->due_ms - clock_mono_ms(), waits[i] - 500, waits[i] * 6 / 5 + 1);
    }
    assert_int_equal(facts_of(bed, "log-orders")->pd.reach, PD_NO_ANSWER);
    assert_has(facts_of(bed, "log-orders")->pd.why, "gone");
    assert_true(facts_of(bed, "log-orders")->pd.checkpoint == TSO_OF_BYTES);
    assert_int_equal(facts_of(bed, "log-orders")->pd.read_ms, NOW_MS);
    again(bed, RANGE, 8);
    assert_int_equal(facts_of(bed, "log-orders")->pd.reach, PD_ANSWERED);
    assert_int_equal(c->back_off_ms, 0);
}

/* An answer from before the object's last change counts for nothing; the same words after it do. */
static void what_only_counts_now(void **state)
{
    struct bed *bed = *state;
    static const struct pair pairs[] = {RUNS("log-orders"), PAUSED("")};
    backup_put(bed, &(struct backup_spec){0});
    slot_t slot = store_find(bed->fleet.store, "orders", "log-orders");
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, pairs, 2, ""));
    assert_true(read_facts(bed, "log-orders")->pd.paused);
    assert_has(row_of(bed, "orders", "log-orders")->state.word, "paused in PD");
    store_facts(bed->fleet.store, slot)->pd.read_ms = NOW_MS - INT64_C(30) * 86400000;
    store_touch(bed->fleet.store, slot, NOW_MS);
    assert_null(strstr(row_of(bed, "orders", "log-orders")->state.word, "paused in PD"));
    want(bed, "log-orders");
    again(bed, RANGE, 2);
    assert_has(row_of(bed, "orders", "log-orders")->state.word, "paused in PD");
    uint32_t generation = row_of(bed, "orders", "log-orders")->generation;
    again(bed, RANGE, 3);
    assert_int_equal(row_of(bed, "orders", "log-orders")->generation, generation); /* nothing new: nothing is drawn */
}

static void only_while_it_is_wanted(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, cases[0].pairs, 2, ""));
    read_facts(bed, "log-orders");
    struct pd_cluster *c = bed->br->pd->clusters;
    want(bed, "log-orders");
    SPIN(bed->f.loop, 30);
    assert_int_equal(fake_count(bed->f.server, RANGE), 1); /* at most each five seconds */
    c->wanted_ms -= BR_PD_KEEP_MS;
    c->due_ms = 0;
    loop_timer_set(&bed->br->pd->turn, 0);
    SPIN(bed->f.loop, 30);
    assert_int_equal(fake_count(bed->f.server, RANGE), 1);
    want(bed, "log-orders");
    UNTIL(bed->f.loop, fake_count(bed->f.server, RANGE) == 2);
    UNTIL(bed->f.loop, !c->request);
    assert_int_equal(facts_of(bed, "log-orders")->pd.reach, PD_ANSWERED);
    c->wanted_ms -= BR_FACTS_KEEP_MS;
    loop_timer_set(&bed->br->pd->turn, 0);
    UNTIL(bed->f.loop, !bed->br->pd->clusters);
    assert_int_equal(facts_of(bed, "log-orders")->pd.reach, PD_NOT_ASKED);
    assert_true(facts_of(bed, "log-orders")->pd.checkpoint == 0);
    assert_false(loop_timer_is_set(&bed->br->pd->turn)); /* idle is idle */
}

static void rows_that_come_later(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, cases[0].pairs, 2, ""));
    read_facts(bed, "log-orders");
    backup_put(bed, &(struct backup_spec){.name = "later", .uid = "u2"});
    backup_put(bed, &(struct backup_spec){.name = "stopped", .uid = "u3", .phase = "Stopped"});
    want(bed, "stopped");
    want(bed, "later");
    assert_false(br_pd_are_there(bed->br));
    UNTIL(bed->f.loop, br_pd_are_there(bed->br));
    assert_true(facts_of(bed, "later")->pd.task_missing);
    assert_null(row_of(bed, "orders", "stopped")->facts); /* pays nothing */
    assert_int_equal(fake_count(bed->f.server, RANGE), 1);
}

static void tasks_that_no_backup_knows(void **state)
{
    struct bed *bed = *state;
    static const struct pair pairs[] = {RUNS("zz"), {ROOT "pause/zz", "", 0}, RUNS("log-orders"),
                                        CHECKPOINT("log-orders"),
                                        CHECKPOINT("stale")};
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, pairs, 5, ""));
    assert_int_equal(br_pd_clusters(bed->br), 0);
    assert_null(br_pd_cluster_at(bed->br, 0));
    read_facts(bed, "log-orders");
    assert_int_equal(br_pd_clusters(bed->br), 1);
    const struct br_pd_cluster *cluster = br_pd_cluster_at(bed->br, 0);
    assert_null(br_pd_cluster_at(bed->br, 1));
    assert_string_equal(cluster->ns, "orders");
    assert_string_equal(cluster->name, "tc");
    assert_int_equal(cluster->reach, PD_ANSWERED);
    assert_int_equal(cluster->read_ms, NOW_MS);
    assert_int_equal(cluster->count, 2); /* what has no info is left over */
    assert_string_equal(cluster->tasks[0].name, "log-orders");
    assert_true(cluster->tasks[0].known && !cluster->tasks[0].paused && cluster->tasks[0].checkpoint == TSO_OF_BYTES);
    assert_string_equal(cluster->tasks[1].name, "zz");
    assert_true(!cluster->tasks[1].known && cluster->tasks[1].paused && cluster->tasks[1].start_ts == 300);
}

/* Where the last log backup is gone, a snapshot of the cluster has its PD asked; one of both is enough. */
static void a_snapshot_is_enough(void **state)
{
    struct bed *bed = *state;
    static const struct pair pairs[] = {RUNS("left"), CHECKPOINT("left")};
    snapshot_put(bed, "full", DAY);
    snapshot_put(bed, "full-2", DAY);
    expect_cluster(bed);
    expect(bed, RANGE, 200, answer_of(bed, pairs, 2, ""));
    want(bed, "full");
    want(bed, "full-2");
    UNTIL(bed->f.loop, br_pd_are_there(bed->br));
    assert_int_equal(br_pd_clusters(bed->br), 1);
    assert_int_equal(fake_count(bed->f.server, RANGE), 1);
    const struct br_pd_cluster *cluster = br_pd_cluster_at(bed->br, 0);
    assert_int_equal(cluster->count, 1);
    assert_false(cluster->tasks[0].known);
    assert_null(row_of(bed, "orders", "full")->facts); /* it pays nothing */
    want(bed, "full");
    assert_true(br_pd_are_there(bed->br)); /* nothing is to be told it */
    backup_put(bed, &(struct backup_spec){.name = "left"});
    want(bed, "left");
    UNTIL(bed->f.loop, br_pd_are_there(bed->br));
    assert_true(br_pd_cluster_at(bed->br, 0)->tasks[0].known);
    assert_int_equal(fake_count(bed->f.server, RANGE), 1);
}

/* That no Backup knows it is said only where all are seen that could. */
static void who_may_say_that_none_knows(void **state)
{
    struct bed *bed = *state;
    struct br_pd_cluster cluster = {.ns = "orders", .name = "tc", .reach = PD_ANSWERED};
    static const struct {
        bool complete, source_v1, v1, sure;
        const char *ns;
        enum pd_reach reach;
    } rows[] = {
        {true, false, false, true, NULL, PD_ANSWERED},      {true, false, false, true, "orders", PD_ANSWERED},
        {true, false, false, false, "other", PD_ANSWERED},  {false, false, false, false, NULL, PD_ANSWERED},
        {true, true, true, true, NULL, PD_ANSWERED},        {true, true, true, false, "orders", PD_ANSWERED},
        {true, false, true, false, NULL, PD_ANSWERED},      {true, false, false, false, NULL, PD_NO_ANSWER},
    };
    assert_true(br_pd_is_of(&cluster, "orders/tc"));
    assert_false(br_pd_is_of(&cluster, "orders/tc2"));
    assert_false(br_pd_is_of(&cluster, "orders2/tc"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bed->fleet.complete = rows[i].complete;
        bed->fleet.source = (struct fleet_source){.ns = rows[i].ns, .v1 = rows[i].source_v1};
        cluster.v1 = rows[i].v1;
        cluster.reach = rows[i].reach;
        assert_int_equal(br_pd_is_sure(bed->br, &cluster), rows[i].sure);
    }
}

/* A hundred clusters on one screen: one request each, few at a time, and none more while they are young. */
static void many_clusters(void **state)
{
    struct bed *bed = *state;
    enum { MANY = 100 };
    char *pd = answer_of(bed, cases[0].pairs, 2, "");
    size_t most = 0;
    fake_expect(bed->f.server, &(struct fake_rule){.request = "POST ", .body = pd,
                                                   .has = "/services/pd-pd:2379/proxy/v3/kv/range"});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .has = "/pdgroups ", .body = PDGROUPS});
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .body = "{}"});
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < 3; k++) {
            char *ns = bed_keep(bed, xasprintf("n%d", i)), *name = bed_keep(bed, xasprintf("log%d", k));
            backup_put(bed, &(struct backup_spec){.ns = ns, .name = k ? name : "log-orders", .uid = name});
            br_pd_want(bed->br, row_of(bed, ns, k ? name : "log-orders")->record);
        }
    int64_t until = clock_mono_ms() + PATIENCE_MS;
    while (!br_pd_are_there(bed->br) && clock_mono_ms() < until) {
        size_t now = 0;
        for (const struct pd_cluster *c = bed->br->pd->clusters; c; c = c->next)
            now += c->request || c->ask;
        most = now > most ? now : most;
        loop_turn(bed->f.loop, 10);
    }
    assert_true(br_pd_are_there(bed->br));
    assert_int_equal(br_pd_clusters(bed->br), MANY);
    assert_int_equal(fake_count(bed->f.server, "POST "), MANY);
    assert_int_equal(fake_count(bed->f.server, ""), MANY * 4); /* the Cluster and its groups, once */
    assert_in_range(most, 1, PD_AT_ONCE_MAX);
    for (int i = 0; i < MANY; i++) {
        char ns[16];
        snprintf(ns, sizeof ns, "n%d", i);
        assert_true(row_of(bed, ns, "log-orders")->facts->pd.checkpoint == TSO_OF_BYTES);
        assert_true(row_of(bed, ns, "log1")->facts->pd.task_missing);
    }
}

/* -- v1 -------------------------------------------------------------------------------------------------------- */

static void a_cluster_of_v1(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){.v1 = true});
    expect(bed, "GET /apis/pingcap.com/v1alpha1/namespaces/orders/tidbclusters/tc ", 200, "{\"spec\":{}}");
    expect(bed, "POST /api/v1/namespaces/orders/services/tc-pd:2379/proxy/v3/kv/range ", 200,
           answer_of(bed, cases[0].pairs, 2, ""));
    assert_true(read_facts(bed, "log-orders")->pd.checkpoint == TSO_OF_BYTES);
    snapshot_put(bed, "full", DAY);
    want(bed, "full"); /* of the other group: another cluster */
    assert_int_equal(br_pd_clusters(bed->br), 2);
}

static void ending_while_it_is_asked(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    expect_cluster(bed);
    fake_expect(bed->f.server, &(struct fake_rule){.request = RANGE, .how = FAKE_HANG});
    want(bed, "log-orders");
    UNTIL(bed->f.loop, fake_count(bed->f.server, RANGE) == 1);
    assert_false(br_pd_are_there(bed->br));
    br_free(&bed->br);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(a_tso_stays_exact),
        cmocka_unit_test_setup_teardown(names_are_not_mixed_up, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(one_range_in_pages, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(pages_without_end, bed_setup, bed_teardown),
        cmocka_unit_test(safepoints_are_read),
        cmocka_unit_test(what_holds_gc),
        cmocka_unit_test_setup_teardown(gc_is_asked_for, bed_setup, bed_teardown),
        cmocka_unit_test(gc_that_is_not_answered),
        cmocka_unit_test(no_id_no_gc),
        cmocka_unit_test(what_is_no_answer),
        cmocka_unit_test_setup_teardown(too_much, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_was_read_stands, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_only_counts_now, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(only_while_it_is_wanted, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(rows_that_come_later, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(tasks_that_no_backup_knows, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_is_enough, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(who_may_say_that_none_knows, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(many_clusters, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_cluster_of_v1, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(ending_while_it_is_asked, bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
