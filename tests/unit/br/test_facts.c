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
#include "br/facts_keeper.h"
#include "br_fixture.h"

#define JOBS "GET /apis/batch/v1/namespaces/orders/jobs?"
#define PODS "GET /api/v1/namespaces/orders/pods?"
#define EVENTS "GET /api/v1/namespaces/orders/events?"
#define CLUSTER "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/clusters/tc "
#define GROUPS "GET /apis/core.pingcap.com/v1alpha1/namespaces/orders/"
#define WATCH "watch="

/* -- objects; times are minutes and seconds after 2026-11-23T15:00:00Z --------------------------------------- */

#define AT(mmss) "\"2026-11-23T15:" mmss "Z\""
#define META(name, uid, made, more) \
    "\"metadata\":{\"namespace\":\"orders\",\"name\":\"" name "\",\"uid\":\"" uid "\",\"resourceVersion\":\"7\"," \
    "\"creationTimestamp\":" AT(made) more "}"
#define OWNER(group, kind, name, uid) \
    ",\"ownerReferences\":[{\"apiVersion\":\"" group "\",\"kind\":\"" kind "\",\"name\":\"" name "\",\"uid\":\"" uid \
    "\",\"controller\":true}]"
#define OF_BACKUP(uid) OWNER("br.pingcap.com/v1alpha1", "Backup", "log-orders", uid)
#define OF_JOB(uid) OWNER("batch/v1", "Job", "j", uid)
#define JOB(name, uid, made, owner, status) "{" META(name, uid, made, owner) ",\"status\":{" status "}}"
#define POD(name, uid, made, owner, status) "{" META(name, uid, made, owner) ",\"status\":{" status "}}"
#define EVENT(uid, kind, about, reason, message, at, more) \
    "{" META("e-" uid, uid, "00:00", "") ",\"type\":\"Warning\",\"involvedObject\":{\"kind\":\"" kind "\",\"uid\":\"" \
        about \
    "\",\"namespace\":\"orders\",\"name\":\"log-orders\",\"apiVersion\":\"br.pingcap.com/v1alpha1\"}," \
    "\"reason\":\"" reason "\",\"message\":\"" message "\",\"lastTimestamp\":" AT(at) more "}"
#define LIST(items) "{\"items\":[" items "],\"metadata\":{\"resourceVersion\":\"10\"}}"
#define CHANGE(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

#define CONTAINER(name, state) "{\"name\":\"" name "\",\"state\":{" state "}}"
#define WAITS(reason, message) "\"waiting\":{\"reason\":\"" reason "\",\"message\":\"" message "\"}"
#define RUNS(at) "\"running\":{\"startedAt\":" AT(at) "}"
#define ENDED(reason, code, at) "\"terminated\":{\"reason\":\"" reason "\",\"exitCode\":" code ",\"startedAt\":" \
    AT(at) "}"
#define INIT(state) "\"initContainerStatuses\":[" CONTAINER("br", state) "]"
#define MAIN(state) "\"containerStatuses\":[" CONTAINER("backup", state) "]"

/* The usual Job and its Pod. */
#define J JOB("backup-log-orders-log-pause", "j1", "10:00", OF_BACKUP("uid-1"), "\"startTime\":" AT("10:00"))
#define P(status) POD("p", "p1", "10:01", OF_JOB("j1"), status)

static void expect(struct bed *bed, const char *request, const char *has, enum fake_how how, int http, const char *body)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = request, .has = has, .how = how, .http = http,
                                                   .body = body});
}

static void expect_watches(struct bed *bed, const char *jobs, const char *pods, const char *events)
{
    const char *const requests[] = {JOBS, PODS, EVENTS}, *const bodies[] = {jobs, pods, events};
    for (size_t i = 0; i < 3; i++) {
        expect(bed, requests[i], WATCH, FAKE_STREAM, 200, "");
        expect(bed, requests[i], "limit=", FAKE_WHOLE, bodies[i] ? 200 : 403, bodies[i] ? bodies[i] : "{}");
    }
    expect(bed, CLUSTER, NULL, FAKE_WHOLE, 200, "{\"spec\":{}}");
    expect(bed, GROUPS, NULL, FAKE_WHOLE, 200, "{}");
}

static const struct backup_facts *facts_of(struct bed *bed, const char *name)
{
    static const struct backup_facts none;
    slot_t slot = store_find(bed->fleet.store, "orders", name);
    const struct store_row *row = slot == SLOT_NONE ? NULL : store_get(bed->fleet.store, slot);
    return row && row->facts ? row->facts : &none;
}

static void want(struct bed *bed)
{
    assert_true(br_facts_want(bed->br, "orders"));
    UNTIL(bed->f.loop, br_facts_are_there(bed->br, "orders", NULL));
}

/* -- what is made of objects ----------------------------------------------------------------------- */

static const struct {
    const char *what, *jobs, *pods, *events;
    struct backup_facts wanted; /* "-": any; times where they are given */
} cases[] = {
    {"nothing", "", "", "", {.job = {.present = false}}},
    {"a Job without a Pod", J, "", "", {.job = {.present = true, .uid = "j1", .name = "backup-log-orders-log-pause",
                                                .started_ms = NOW_MS - 50 * 60000}}},
    {"the newest Job counts",
     JOB("new", "j2", "11:00", OF_BACKUP("uid-1"), "") "," J, P("\"phase\":\"Running\""), "",
     {.job = {.present = true, .uid = "j2", .name = "new"}}},
    {"the Job of an object of that name that was deleted", JOB("old", "j0", "12:00", OF_BACKUP("uid-0"), ""), "", "",
     {.job = {.present = false}}},
    {"the Job of a CompactBackup", JOB("c", "j0", "12:00", OWNER("pingcap.com/v1alpha1", "CompactBackup",
                                                                 "log-orders", "uid-1"),
                                       ""), "", "", {.job = {.present = false}}},
    {"nobody's Job", JOB("c", "j0", "12:00", "", ""), "", "", {.job = {.present = false}}},
    {"a Job that failed",
     JOB("f", "j1", "10:00", OF_BACKUP("uid-1"), "\"conditions\":[{\"type\":\"Suspended\",\"status\":\"True\"},"
         "{\"type\":\"Failed\",\"status\":\"True\",\"reason\":\"BackoffLimitExceeded\",\"lastTransitionTime\":"
             AT("10:05") "}]"),
     P("\"phase\":\"Failed\"," MAIN(ENDED("OOMKilled", "137", "10:02"))),
     EVENT("e1", "Job", "j1", "BackoffLimitExceeded", "no cause", "10:05", ""),
     {.job = {.present = true, .failed = true, .uid = "j1", .name = "f", .reason = "BackoffLimitExceeded",
              .ended_ms = NOW_MS - 50 * 60000 + 5000},
      .pod = {.present = true, .name = "p", .phase = "Failed", .container = "backup", .ended = "OOMKilled",
              .exit_code = 137}}},
    {"a Job that is complete: its Warnings are over",
     JOB("f", "j1", "10:00", OF_BACKUP("uid-1"), "\"completionTime\":" AT("10:07")
         ",\"conditions\":[{\"type\":\"Complete\","
         "\"status\":\"True\"}]"), "", EVENT("e1", "Job", "j1", "FailedCreate", "x", "10:05", ""),
     {.job = {.present = true, .complete = true, .uid = "j1", .name = "f"}}},
    {"conditions that are not true", JOB("f", "j1", "10:00", OF_BACKUP("uid-1"), "\"conditions\":[{\"type\":\"Failed\","
         "\"status\":\"False\"},{\"type\":7},3]"), "", "", {.job = {.present = true, .uid = "j1", .name = "f"}}},
    {"an image that is not pulled, of the init container", J,
     P("\"phase\":\"Pending\",\"startTime\":" AT("10:01") ","
       INIT(WAITS("ImagePullBackOff", "Back-off pulling image")) "," MAIN(WAITS("PodInitializing", ""))), "",
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Pending", .container = "br", .waiting = "ImagePullBackOff",
              .message = "Back-off pulling image", .started_ms = NOW_MS - 50 * 60000 + 1000}}},
    {"of the main one", J, P("\"phase\":\"Pending\"," INIT(ENDED("Completed", "0", "10:02")) ","
                             MAIN(WAITS("CreateContainerConfigError", "secret not found"))), "",
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Pending", .container = "backup",
              .waiting = "CreateContainerConfigError", .message = "secret not found"}}},
    {"an init container that failed", J, P("\"phase\":\"Failed\"," INIT(ENDED("Error", "1", "10:02")) ","
                                           MAIN(WAITS("PodInitializing", ""))), "",
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Failed", .container = "br", .ended = "Error", .exit_code = 1}}},
    {"one that runs", J, P("\"phase\":\"Running\"," INIT(ENDED("Completed", "0", "10:02")) "," MAIN(RUNS("10:03"))), "",
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Running", .container = "backup"}}},
    {"no room to schedule", J,
     P("\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
       "\"reason\":\"Unschedulable\","
       "\"message\":\"0/3 nodes are available\"}]"),
     EVENT("e1", "Pod", "p1", "FailedScheduling", "0/3 nodes are available", "10:02", ",\"count\":4"),
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Pending", .waiting = "Unschedulable",
              .message = "0/3 nodes are available"},
      .event = {.reason = "FailedScheduling", .message = "0/3 nodes are available", .about = "Pod", .count = 4,
                .at_ms = NOW_MS - 50 * 60000 + 2000}}},
    {"evicted", J, P("\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"low on resource: memory\","
                     MAIN(ENDED("Error", "137", "10:02"))), "",
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Failed", .container = "backup", .ended = "Evicted",
              .message = "low on resource: memory", .exit_code = 137}}},
    {"the newest Pod counts", J,
     P("\"phase\":\"Failed\"") "," POD("p2", "p2", "10:09", OF_JOB("j1"), "\"phase\":\"Pending\""), "",
     {.job = {.present = true, .uid = "j1", .name = "-"}, .pod = {.present = true, .name = "p2", .phase = "Pending"}}},
    {"no ServiceAccount", J, "",
     EVENT("e1", "Job", "j1", "FailedCreate", "serviceaccount not found", "10:02", ",\"count\":2") ","
     EVENT("e2", "Job", "j1", "FailedCreate", "serviceaccount not found, still", "10:30", ",\"count\":7") ","
     EVENT("e3", "Pod", "somebody's", "Unhealthy", "x", "10:40", "") "," EVENT("e4", "Node", "n", "NotReady", "x",
             "10:50", ""),
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .event = {.reason = "FailedCreate", .message = "serviceaccount not found, still", .about = "Job", .count = 7,
                .at_ms = NOW_MS - 50 * 60000 + 30000}}},
    {"mended: a Pod came", J, P("\"phase\":\"Pending\""), EVENT("e1", "Job", "j1", "FailedCreate", "x", "10:00", ""),
     {.job = {.present = true, .uid = "j1", .name = "-"}, .pod = {.present = true, .name = "p", .phase = "Pending"}}},
    {"mended: the Pod runs", J, P("\"phase\":\"Running\"," MAIN(RUNS("10:30"))),
     EVENT("e1", "Pod", "p1", "FailedMount", "x", "10:29", ""),
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Running", .container = "backup"}}},
    {"not mended: it came later", J, P("\"phase\":\"Running\"," MAIN(RUNS("10:30"))),
     EVENT("e1", "Pod", "p1", "Evicting", "x", "10:31", ""),
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .pod = {.present = true, .name = "p", .phase = "Running", .container = "backup"},
      .event = {.reason = "Evicting", .message = "x", .about = "Pod", .count = 1,
                .at_ms = NOW_MS - 50 * 60000 + 31000}}},
    {"mended: what the operator could not make is there", J, "",
     EVENT("e1", "Backup", "uid-1", "FailedCreate", "x", "09:59", ""),
     {.job = {.present = true, .uid = "j1", .name = "-"}}},
    {"not mended: it failed again", J, "", EVENT("e1", "Backup", "uid-1", "FailedCreate", "x", "10:01", ""),
     {.job = {.present = true, .uid = "j1", .name = "-"},
      .event = {.reason = "FailedCreate", .message = "x", .about = "Backup", .count = 1,
                .at_ms = NOW_MS - 50 * 60000 + 1000}}},
    {"of the Backup itself, in a series", "", "",
     EVENT("e1", "Backup", "uid-1", "FailedCreate", "y", "10:00", ",\"series\":{\"count\":9,\"lastObservedTime\":"
           "\"2026-11-23T15:20:00.123456Z\"}"),
     {.event = {.reason = "FailedCreate", .message = "y", .about = "Backup", .count = 9,
                .at_ms = NOW_MS - 40 * 60000 + 123}}},
};

static void assert_text(const char *what, const char *got, const char *wanted)
{
    if (strcmp(wanted, "-") != 0 && strcmp(got, wanted) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", what, got, wanted);
}

static void assert_time(const char *what, int64_t got, int64_t wanted)
{
    if (wanted && got != wanted)
        fail_msg("%s: %lld instead of %lld", what, (long long)got, (long long)wanted);
}

static void assert_facts(const char *what, const struct backup_facts *got, const struct backup_facts *wanted)
{
    const struct {
        bool got, wanted;
    } flags[] = {{got->job.present, wanted->job.present}, {got->job.failed, wanted->job.failed},
                 {got->job.complete, wanted->job.complete}, {got->pod.present, wanted->pod.present}};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (flags[i].got != flags[i].wanted)
            fail_msg("%s: flag %zu", what, i);
    assert_text(what, got->job.uid, wanted->job.uid);
    assert_text(what, got->job.name, wanted->job.name);
    assert_text(what, got->job.reason, wanted->job.reason);
    assert_time(what, got->job.started_ms, wanted->job.started_ms);
    assert_time(what, got->job.ended_ms, wanted->job.ended_ms);
    assert_text(what, got->pod.name, wanted->pod.name);
    assert_text(what, got->pod.phase, wanted->pod.phase);
    assert_text(what, got->pod.container, wanted->pod.container);
    assert_text(what, got->pod.waiting, wanted->pod.waiting);
    assert_text(what, got->pod.ended, wanted->pod.ended);
    assert_text(what, got->pod.message, wanted->pod.message);
    assert_int_equal(got->pod.exit_code, wanted->pod.exit_code);
    assert_time(what, got->pod.started_ms, wanted->pod.started_ms);
    assert_text(what, got->event.reason, wanted->event.reason);
    assert_text(what, got->event.message, wanted->event.message);
    assert_text(what, got->event.about, wanted->event.about);
    assert_int_equal(got->event.count, wanted->event.count);
    assert_time(what, got->event.at_ms, wanted->event.at_ms);
}

static char *list_of(struct bed *bed, const char *items)
{
    return bed_keep(bed, xasprintf(LIST("%s"), items));
}

static void facts_are_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bed bed = {0};
        bed_open(&bed);
        backup_put(&bed, &(struct backup_spec){0});
        expect_watches(&bed, list_of(&bed, cases[i].jobs), list_of(&bed, cases[i].pods), list_of(&bed,
                cases[i].events));
        want(&bed);
        assert_facts(cases[i].what, facts_of(&bed, "log-orders"), &cases[i].wanted);
        assert_int_equal(facts_of(&bed, "log-orders")->cluster.read_ms, NOW_MS);
        assert_int_equal(fake_unexpected(bed.f.server), 0);
        bed_close(&bed);
    }
}

/* -- as time goes on ------------------------------------------------------------------------------------ */

static void changes_are_followed(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    expect_watches(bed, LIST(""), LIST(""), LIST(""));
    want(bed);
    const char *why = "";
    assert_true(br_facts_are_there(bed->br, "orders", &why));
    assert_null(why);
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, JOBS "watch") && fake_is_open(bed->f.server, PODS "watch") &&
                           fake_is_open(bed->f.server, EVENTS "watch"));
    /* the Event before its Job, the Pod before it too */
    fake_send(bed->f.server, EVENTS "watch", CHANGE("ADDED", EVENT("e1", "Pod", "p1", "FailedMount", "m", "10:05",
                                                                   "")));
    fake_send(bed->f.server, PODS "watch", CHANGE("ADDED", P("\"phase\":\"Pending\"")));
    SPIN(bed->f.loop, 30);
    assert_false(facts_of(bed, "log-orders")->job.present);
    fake_send(bed->f.server, JOBS "watch", CHANGE("ADDED", J));
    UNTIL(bed->f.loop, facts_of(bed, "log-orders")->job.present);
    UNTIL(bed->f.loop, !strcmp(facts_of(bed, "log-orders")->pod.phase, "Pending"));
    UNTIL(bed->f.loop, !strcmp(facts_of(bed, "log-orders")->event.reason, "FailedMount"));
    fake_send(bed->f.server, PODS "watch", CHANGE("MODIFIED", P("\"phase\":\"Running\"," MAIN(RUNS("10:06")))));
    UNTIL(bed->f.loop, !strcmp(facts_of(bed, "log-orders")->pod.phase, "Running"));
    assert_string_equal(facts_of(bed, "log-orders")->event.reason, "");
    fake_send(bed->f.server, PODS "watch", CHANGE("DELETED", P("")));
    UNTIL(bed->f.loop, !facts_of(bed, "log-orders")->pod.present);
    assert_string_equal(facts_of(bed, "log-orders")->event.reason, ""); /* about a Pod that is no more */
    fake_send(bed->f.server, JOBS "watch", CHANGE("DELETED", J));
    UNTIL(bed->f.loop, !facts_of(bed, "log-orders")->job.present);
    fake_send(bed->f.server, EVENTS "watch", CHANGE("ADDED", EVENT("e2", "Backup", "uid-1", "Odd", "m", "10:05", "")));
    UNTIL(bed->f.loop, !strcmp(facts_of(bed, "log-orders")->event.reason, "Odd"));
    fake_send(bed->f.server, EVENTS "watch", CHANGE("DELETED", EVENT("e2", "Backup", "uid-1", "Odd", "m", "10:05",
                                                                     "")));
    UNTIL(bed->f.loop, !facts_of(bed, "log-orders")->event.at_ms);
}

/* The Job is there before the Backup's row; the Backup is replaced by one of the same name. */
static void rows_that_come_later(void **state)
{
    struct bed *bed = *state;
    expect_watches(bed, LIST(J), LIST(""), LIST(""));
    want(bed);
    backup_put(bed, &(struct backup_spec){0});
    assert_false(br_facts_are_there(bed->br, "orders", NULL));
    UNTIL(bed->f.loop, facts_of(bed, "log-orders")->job.present);
    UNTIL(bed->f.loop, facts_of(bed, "log-orders")->cluster.read_ms);
    struct backup_spec now = {.rv = 101, .phase = "Paused"};
    backup_put(bed, &now); /* decoded anew: they stay */
    assert_true(facts_of(bed, "log-orders")->job.present);
    now.uid = "uid-9";
    backup_put(bed, &now);
    UNTIL(bed->f.loop, br_facts_are_there(bed->br, "orders", NULL));
    assert_false(facts_of(bed, "log-orders")->job.present);
}

/* Both groups have a Backup of that name: each has its own Job. */
static void two_groups(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    const char *text = backup_text(bed, &(struct backup_spec){.v1 = true, .uid = "uid-v1"});
    store_put(bed->fleet.store, 1, record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL), NOW_MS);
    expect(bed, "GET /apis/pingcap.com/v1alpha1/namespaces/orders/tidbclusters/tc ", NULL, FAKE_WHOLE, 200,
           "{\"spec\":{\"paused\":true}}");
    expect_watches(bed, LIST(J "," JOB("v1", "j9", "10:00", OWNER("pingcap.com/v1alpha1", "Backup", "log-orders",
                                                                  "uid-v1"), "")),
                   LIST(""), LIST(""));
    want(bed);
    unsigned seen = 0;
    for (slot_t slot = 0; slot < store_slots(bed->fleet.store); slot++) {
        const struct store_row *row = store_get(bed->fleet.store, slot);
        assert_non_null(row->facts);
        assert_string_equal(row->facts->job.uid, row->record->v1 ? "j9" : "j1");
        assert_int_equal(row->facts->cluster.paused, row->record->v1);
        seen++;
    }
    assert_int_equal(seen, 2);
}

static void rows_without_facts_pay_nothing(void **state)
{
    struct bed *bed = *state;
    snapshot_put(bed, "full", DAY);
    backup_put(bed, &(struct backup_spec){.name = "other", .ns = "billing"});
    expect_watches(bed, LIST(JOB("backup-full", "jf", "10:00", OWNER("br.pingcap.com/v1alpha1", "Backup", "full",
                                                                     "u-full"),
                                 "\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]")), LIST(""), LIST(""));
    want(bed);
    for (slot_t slot = 0; slot < store_slots(bed->fleet.store); slot++)
        assert_null(store_get(bed->fleet.store, slot)->facts);
    assert_int_equal(fake_count(bed->f.server, CLUSTER), 0); /* of a Backup that is done nobody needs the Cluster */
}

/* More than one slice of work: a turn of the loop does not wait for all of them. */
static void many_rows(void **state)
{
    struct bed *bed = *state;
    enum { MANY = 6000 };
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "log-%d", i);
        backup_put(bed, &(struct backup_spec){.name = name, .uid = name});
    }
    static const char jobs[] =
        LIST(JOB("b", "j1", "10:00", OWNER("br.pingcap.com/v1alpha1", "Backup", "log-4711", "log-4711"), ""));
    expect_watches(bed, jobs, LIST(""), LIST(""));
    want(bed);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "log-%d", i);
        assert_int_equal(facts_of(bed, name)->cluster.read_ms, NOW_MS);
        assert_int_equal(facts_of(bed, name)->job.present, i == 4711);
    }
    assert_int_equal(fake_count(bed->f.server, CLUSTER), 1);
}

/* -- whatever the order ------------------------------------------------------------------------------------- */

enum { THINGS = 3, STATES = 4, ORDERS = 25, CHANGES = 30 };

/* What may become of three Jobs, each with a Pod and an Event, in all orders: the facts are those of what is there
 * at the
 * end, as a list of it gives them. */
struct world {
    int job[THINGS], pod[THINGS], event[THINGS]; /* 0: not there; else its state */
    int version[3 * THINGS];
};

static char *thing_text(struct bed *bed, const struct world *w, int what)
{
    int i = what % THINGS, state = what < THINGS ? w->job[i] : what < 2 * THINGS ? w->pod[i] : w->event[i];
    static const char *const job_states[] = {"", "", "\"startTime\":" AT("10:00"),
        "\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\",\"reason\":\"BackoffLimitExceeded\"}]"};
    static const char *const pod_states[] = {"", "\"phase\":\"Pending\"", "\"phase\":\"Running\"," MAIN(RUNS("10:05")),
                                             "\"phase\":\"Failed\"," MAIN(ENDED("OOMKilled", "137", "10:05"))};
    if (what < THINGS)
        return bed_keep(bed, xasprintf("{\"metadata\":{\"namespace\":\"orders\",\"name\":\"j%d\",\"uid\":\"j%d\","
            "\"resourceVersion\":\"%d\",\"creationTimestamp\":\"2026-11-23T15:10:0%dZ\"" OF_BACKUP("uid-1") "},"
            "\"status\":{%s}}", i, i, w->version[what], i / 2, job_states[state]));
    if (what < 2 * THINGS)
        return bed_keep(bed, xasprintf("{\"metadata\":{\"namespace\":\"orders\",\"name\":\"p%d\",\"uid\":\"p%d\","
            "\"resourceVersion\":\"%d\",\"creationTimestamp\":\"2026-11-23T15:10:02Z\",\"ownerReferences\":[{\"kind\":"
            "\"Job\",\"uid\":\"j%d\",\"controller\":true}]},\"status\":{%s}}", i, i, w->version[what], i / 2,
            pod_states[state]));
    return bed_keep(bed, xasprintf("{\"metadata\":{\"uid\":\"e%d\",\"resourceVersion\":\"%d\"},\"type\":\"Warning\","
        "\"involvedObject\":{\"kind\":\"%s\",\"uid\":\"%s%d\"},\"reason\":\"R%d\",\"lastTimestamp\":"
        "\"2026-11-23T15:10:0%dZ\",\"count\":%d}", i, w->version[what], i ? "Pod" : "Job", i ? "p" : "j", i, state,
        state * 2, state));
}

static int *state_of_thing(struct world *w, int what)
{
    return what < THINGS ? &w->job[what] : what < 2 * THINGS ? &w->pod[what - THINGS] : &w->event[what - 2 * THINGS];
}

static void change(struct bed *bed, struct world *w, int version)
{
    static const char *const watches[] = {JOBS "watch", PODS "watch", EVENTS "watch"};
    int what = rand() % (3 * THINGS), *state = state_of_thing(w, what), was = *state;
    *state = rand() % STATES;
    if (!was && !*state)
        return;
    int now = *state;
    *state = now ? now : was; /* a deletion tells the last state */
    w->version[what] = version;
    const char *type = !was ? "ADDED" : now ? "MODIFIED" : "DELETED", *text = thing_text(bed, w, what);
    *state = now;
    fake_send(bed->f.server, watches[what / THINGS],
              bed_keep(bed, xasprintf("{\"type\":\"%s\",\"object\":%s}\n", type, text)));
    if (rand() % 3 == 0)
        SPIN(bed->f.loop, 1);
}

static char *world_list(struct bed *bed, struct world *w, int kind)
{
    struct str s;
    str_init(&s, STR_SMALL);
    for (int what = kind * THINGS; what < (kind + 1) * THINGS; what++)
        if (*state_of_thing(w, what))
            str_addf(&s, "%s%s", s.len ? "," : "", thing_text(bed, w, what));
    char *list = list_of(bed, s.data);
    str_done(&s);
    return list;
}

static bool same_facts(const struct backup_facts *a, const struct backup_facts *b)
{
    return memcmp(&a->job, &b->job, sizeof a->job) == 0 && memcmp(&a->pod, &b->pod, sizeof a->pod) == 0 &&
           memcmp(&a->event, &b->event, sizeof a->event) == 0;
}

static void whatever_the_order(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= ORDERS; seed++) {
        struct bed beds[2] = {{.read_only = false}, {.read_only = false}};
        struct world w = {{0}, {0}, {0}, {0}};
        srand(seed);
        for (size_t i = 0; i < 2; i++) {
            bed_open(&beds[i]);
            backup_put(&beds[i], &(struct backup_spec){0});
        }
        expect_watches(&beds[0], LIST(""), LIST(""), LIST(""));
        want(&beds[0]);
        UNTIL(beds[0].f.loop, fake_is_open(beds[0].f.server, JOBS "watch") &&
                                  fake_is_open(beds[0].f.server, PODS "watch") &&
                                  fake_is_open(beds[0].f.server, EVENTS "watch"));
        for (int i = 0; i < CHANGES; i++)
            change(&beds[0], &w, 100 + i);
        expect_watches(&beds[1], world_list(&beds[1], &w, 0), world_list(&beds[1], &w, 1), world_list(&beds[1], &w, 2));
        want(&beds[1]);
        const struct backup_facts *wanted = facts_of(&beds[1], "log-orders");
        int64_t until = clock_mono_ms() + PATIENCE_MS;
        while (!same_facts(facts_of(&beds[0], "log-orders"), wanted) && clock_mono_ms() < until)
            loop_turn(beds[0].f.loop, 5);
        if (!same_facts(facts_of(&beds[0], "log-orders"), wanted))
            fail_msg("seed %u: %s %s %s, not %s %s %s", seed, facts_of(&beds[0], "log-orders")->job.name,
                     facts_of(&beds[0], "log-orders")->pod.phase, facts_of(&beds[0], "log-orders")->event.reason,
                     wanted->job.name, wanted->pod.phase, wanted->event.reason);
        bed_close(&beds[0]);
        bed_close(&beds[1]);
    }
}

/* -- what may not be had --------------------------------------------------------------------------------- */

static void rights_that_are_missing(void **state)
{
    struct bed *bed = *state;
    const char *why = NULL;
    backup_put(bed, &(struct backup_spec){0});
    expect_watches(bed, LIST(J), NULL, LIST(""));
    want(bed);
    assert_true(br_facts_are_there(bed->br, "orders", &why));
    assert_string_equal(why, "no right to list pods in namespace orders");
    assert_true(facts_of(bed, "log-orders")->job.present);
    assert_false(facts_of(bed, "log-orders")->pod.present);
    assert_false(br_facts_are_there(bed->br, "elsewhere", NULL));
}

static void clusters_are_told(void **state)
{
    static const struct {
        int http;
        const char *body;
        bool read, missing, paused, suspended;
    } answers[] = {
        {404, "{}", true, true, false, false},
        {403, "{}", false, false, false, false},
        {500, "{}", false, false, false, false},
        {200, "{\"spec\":{\"paused\":true,\"suspendAction\":{\"suspendCompute\":true}}}", true, false, true, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct bed bed = {0};
        bed_open(&bed);
        backup_put(&bed, &(struct backup_spec){0});
        backup_put(&bed, &(struct backup_spec){.name = "second", .uid = "uid-2"});
        expect(&bed, CLUSTER, NULL, FAKE_WHOLE, answers[i].http, answers[i].body);
        expect_watches(&bed, LIST(""), LIST(""), LIST(""));
        want(&bed);
        for (int r = 0; r < 2; r++) {
            const struct backup_facts *facts = facts_of(&bed, r ? "second" : "log-orders");
            assert_int_equal(facts->cluster.read_ms != 0, answers[i].read);
            assert_int_equal(facts->cluster.missing, answers[i].missing);
            assert_int_equal(facts->cluster.paused, answers[i].paused);
            assert_int_equal(facts->cluster.suspended, answers[i].suspended);
        }
        assert_int_equal(fake_count(bed.f.server, CLUSTER), 1); /* one for both */
        bed_close(&bed);
    }
}

/* -- who wants them ------------------------------------------------------------------------------------------ */

static void they_end(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    expect_watches(bed, LIST(J), LIST(""), LIST(""));
    want(bed);
    want(bed);
    assert_int_equal(fake_count(bed->f.server, JOBS "limit="), 1); /* whoever wants them */
    assert_true(facts_of(bed, "log-orders")->job.present);
    store_facts(bed->fleet.store, 0)->pd.checkpoint = 7;
    struct facts_watch *watch = bed->br->facts->watches;
    watch->wanted_ms -= BR_FACTS_KEEP_MS - 20;
    loop_timer_set(&watch->turn, 0);
    UNTIL(bed->f.loop, !bed->br->facts->watches);
    assert_false(facts_of(bed, "log-orders")->job.present);
    assert_int_equal(facts_of(bed, "log-orders")->cluster.read_ms, 0);
    assert_int_equal(facts_of(bed, "log-orders")->pd.checkpoint, 7); /* others' */
    assert_false(br_facts_are_there(bed->br, "orders", NULL));
    assert_null(bed->br->facts->feed);
    want(bed);
    assert_true(facts_of(bed, "log-orders")->job.present);
}

static void clusters_are_asked_again(void **state)
{
    struct bed *bed = *state;
    backup_put(bed, &(struct backup_spec){0});
    fake_expect(bed->f.server, &(struct fake_rule){.request = CLUSTER, .body = "{}", .times = 1});
    expect(bed, CLUSTER, NULL, FAKE_WHOLE, 404, "{}");
    expect_watches(bed, LIST(""), LIST(""), LIST(""));
    want(bed);
    assert_false(facts_of(bed, "log-orders")->cluster.missing);
    struct facts_watch *watch = bed->br->facts->watches;
    watch->clusters->asked_ms -= CLUSTER_AGAIN_MS;
    cluster_keeper_free(&bed->br->clusters); /* what it keeps for 30 s */
    loop_timer_set(&watch->turn, 0);
    UNTIL(bed->f.loop, facts_of(bed, "log-orders")->cluster.missing);
}

static void not_too_many(void **state)
{
    struct bed *bed = *state;
    char ns[16];
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET ", .http = 403, .body = "{}"});
    for (int i = 0; i < BR_FACTS_NAMESPACES_MAX; i++) {
        snprintf(ns, sizeof ns, "n%d", i);
        assert_true(br_facts_want(bed->br, ns));
        assert_true(br_facts_want(bed->br, ns));
    }
    assert_false(br_facts_want(bed->br, "one-more"));
    assert_true(br_facts_want(bed->br, "n3"));
    assert_true(br_facts_want(bed->br, NULL)); /* one for all takes their place */
    assert_null(bed->br->facts->watches->next);
    assert_true(br_facts_want(bed->br, "one-more"));
    assert_null(bed->br->facts->watches->next);
    const char *why;
    UNTIL(bed->f.loop, br_facts_are_there(bed->br, "one-more", &why));
    assert_string_equal(why, "no right to list jobs in all namespaces");
}

static void texts_are_cut_at_characters(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } texts[] = {{"abcdefg", "abcdefg"}, {"abcdefgh", "abcdefg"}, {"abcdef\xc3\xa4", "abcdef"}, {"abcde\xc3\xa4x",
            "abcde\xc3\xa4"},
                 {"abcd\xf0\x9f\x98\x80", "abcd"}, {"\x80\x80\x80\x80\x80\x80\x80\x80\x80", ""}, {NULL, ""}, {"", ""}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char buf[8];
        fact_text(buf, sizeof buf, texts[i].from);
        assert_string_equal(buf, texts[i].to);
    }
}

/* -- as the real one wrote it --------------------------------------------------------------------------------- */

static char *recorded(struct bed *bed, const char *name)
{
    const char *shared = getenv("BRDECK_SHARED"), *src = getenv("srcdir");
    char *path = shared ? xasprintf("%s/recorded/%s", shared, name)
                        : xasprintf("%s/../shared/recorded/%s", src ? src : ".", name);
    struct str text;
    str_init(&text, STR_LARGE);
    bool there = file_read(path, &text, NULL);
    free(path);
    char *all = bed_keep(bed, str_take(&text));
    str_done(&text);
    return there ? all : NULL;
}

/* What stands between the lines that tell the request and the answer. */
static char *body_of(char *text)
{
    char *body = strchr(text, '\n') + 1, *end = strstr(body, "\n#");
    if (end)
        *end = '\0';
    return body;
}

static void recorded_objects(void **state)
{
    struct bed *bed = *state;
    char *jobs = recorded(bed, "jobs.txt"), *pods = recorded(bed, "pods.txt"), *events = recorded(bed, "events.txt");
    if (!jobs || !pods || !events)
        skip();
    jobs = body_of(jobs);
    pods = body_of(pods);
    events = body_of(events);
    struct json *list = json_parse(jobs, strlen(jobs), NULL);
    const struct json *first = json_first(json_get(list, "items"));
    const char *uid = json_string(json_first(json_at(first, "metadata", "ownerReferences", NULL)), "uid");
    assert_non_null(uid);
    struct fact_item *job = read_job(first);
    assert_non_null(job);
    assert_string_equal(job->owner, uid);
    assert_string_equal(job->key, "2 backup-test/demo1-log");
    assert_string_equal(((struct job_item *)job)->job.name, "backup-demo1-log-log-start");
    fact_item_free(job);
    json_free(&list);
    list = json_parse(pods, strlen(pods), NULL);
    struct fact_item *pod = read_pod(json_first(json_get(list, "items")));
    assert_non_null(pod);
    assert_true(pod->owner[0] != '\0');
    fact_item_free(pod);
    json_free(&list);
    list = json_parse(events, strlen(events), NULL);
    struct fact_item *event = read_event(json_first(json_get(list, "items")));
    assert_non_null(event);
    assert_int_equal(((struct event_item *)event)->event.count, 5);
    assert_string_equal(((struct event_item *)event)->event.reason, "FailedCreate");
    fact_item_free(event);
    json_free(&list);
}

/* Jobs that are gone are counted by the Events that gave them up, by name and namespace, and only those of late. */
static void deaths_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *uid, *ns, *job, *reason, *at;
    } events[] = {
        {"1", "a", "backup-x-log-pause", "BackoffLimitExceeded", "2026-11-22T12:59:00Z"}, /* long ago */
        {"2", "a", "backup-x-log-pause", "BackoffLimitExceeded", "2026-11-22T13:51:00Z"},
        {"3", "a", "backup-x-log-pause", "BackoffLimitExceeded", "2026-11-22T13:52:00Z"},
        {"4", "b", "backup-x-log-pause", "BackoffLimitExceeded", "2026-11-22T13:52:00Z"},
        {"5", "a", "backup-x-log-stop", "BackoffLimitExceeded", "2026-11-22T13:52:00Z"},
        {"6", "a", "backup-x-log-pause", "FailedCreate", "2026-11-22T13:53:00Z"},
    };
    struct facts_set set = {0};
    char owner[FACT_UID_MAX];
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        char *text = xasprintf("{\"metadata\":{\"uid\":\"e%s\",\"name\":\"e%s\",\"namespace\":\"%s\","
                               "\"resourceVersion\":\"9\"},\"type\":\"Warning\",\"reason\":\"%s\","
                               "\"lastTimestamp\":\"%s\",\"involvedObject\":{\"kind\":\"Job\",\"uid\":\"j\","
                               "\"namespace\":\"%s\",\"name\":\"%s\"}}", events[i].uid, events[i].uid, events[i].ns,
                               events[i].reason, events[i].at, events[i].ns, events[i].job);
        struct json *event = json_parse(text, strlen(text), NULL);
        struct fact_item *item = read_event_or_death(event);
        assert_non_null(item);
        facts_set_put(&set, item);
        json_free(&event);
        free(text);
    }
    int64_t made_ms = INT64_C(1795355700000), first_ms = 0; /* 13:55:00 */
    fact_death_owner("a", "backup-x-log-pause", owner);
    assert_int_equal(facts_set_count(&set, owner, made_ms - 600000, made_ms, &first_ms), 2);
    assert_int_equal(first_ms, made_ms - 240000);
    assert_int_equal(facts_set_count(&set, "", 0, made_ms, &first_ms), 0);
    facts_set_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_made),
        cmocka_unit_test(deaths_are_counted),
        cmocka_unit_test_setup_teardown(changes_are_followed, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(rows_that_come_later, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(two_groups, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(rows_without_facts_pay_nothing, bed_setup, bed_teardown),
        cmocka_unit_test(whatever_the_order),
        cmocka_unit_test_setup_teardown(many_rows, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(rights_that_are_missing, bed_setup, bed_teardown),
        cmocka_unit_test(clusters_are_told),
        cmocka_unit_test_setup_teardown(they_end, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(clusters_are_asked_again, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(not_too_many, bed_setup, bed_teardown),
        cmocka_unit_test(texts_are_cut_at_characters),
        cmocka_unit_test_setup_teardown(recorded_objects, bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
