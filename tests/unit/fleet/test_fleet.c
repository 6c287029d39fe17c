#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brdeck/base/alloc.h>
#include <brdeck/fleet/fleet.h>

#include "fleet/fleet_private.h"
#include "kube/fake_server.h"

#define V2 "/apis/br.pingcap.com/v1alpha1"
#define V1 "/apis/pingcap.com/v1alpha1"
#define CORE "/apis/core.pingcap.com/v1alpha1"
#define REVIEW "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

#define RESOURCE(name, kind) "{\"name\":\"" name "\",\"kind\":\"" kind "\",\"namespaced\":true}"
#define RESOURCES(items) "{\"kind\":\"APIResourceList\",\"resources\":[" items "]}"
#define BACKUP(ns, name, phase) \
    "{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\",\"uid\":\"u-" ns "-" name "\"," \
    "\"resourceVersion\":\"1\"}," \
    "\"spec\":{\"br\":{\"cluster\":\"tc\"}},\"status\":{\"phase\":\"" phase "\"}}"
#define LIST(items) "{\"kind\":\"List\",\"items\":[" items "],\"metadata\":{\"resourceVersion\":\"10\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define FORBIDDEN \
    "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"backups is forbidden\",\"reason\":\"Forbidden\"," \
    "\"code\":403}"
#define ALLOWED "{\"kind\":\"SelfSubjectAccessReview\",\"status\":{\"allowed\":true}}"
#define DENIED "{\"kind\":\"SelfSubjectAccessReview\",\"status\":{\"allowed\":false}}"
#define NAMESPACE(name) "{\"metadata\":{\"name\":\"" name "\"}}"

struct scene {
    struct fixture f;
    struct fleet *fleet;
    int changes;
    size_t raw;
};

static void expect(struct scene *s, const char *request, struct fake_rule rule)
{
    rule.request = request;
    fake_expect(s->f.server, &rule);
}

static void expect_body(struct scene *s, const char *request, const char *body)
{
    expect(s, request, (struct fake_rule){.body = body});
}

static void expect_watch(struct scene *s, const char *path)
{
    char *request = xasprintf("GET %s?watch=1", path);
    expect(s, request, (struct fake_rule){.how = FAKE_STREAM, .body = ""});
    free(request);
}

/* A server with v2's Backups and no v1, unless the test says more before it. */
static void expect_server(struct scene *s)
{
    expect_body(s, "GET /version", "{\"gitVersion\":\"v1.35.4\"}");
    expect_body(s, "GET /api/v1/namespaces/kube-system", "{\"metadata\":{\"uid\":\"cluster-uid\"}}");
    expect_body(s, "GET " V2 " ", RESOURCES(RESOURCE("backups", "Backup") "," RESOURCE("backups/status", "Backup")));
    expect(s, "GET " V1 " ", (struct fake_rule){.http = 404});
    expect(s, "GET " CORE " ", (struct fake_rule){.http = 404});
}

static void on_changed(void *arg) { ((struct scene *)arg)->changes++; }

static void begin(struct scene *s, const struct fleet_options *options)
{
    s->fleet = fleet_new(s->f.loop, s->f.client, options, on_changed, s);
}

static int setup(void **state)
{
    struct scene *s = xcalloc(1, sizeof *s);
    fixture_open(&s->f);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    fleet_free(&s->fleet);
    size_t unexpected = fake_unexpected(s->f.server);
    fixture_close(&s->f);
    free(s);
    return unexpected != 0;
}

static const char *fresh(const struct scene *s)
{
    static char text[256];
    struct str out;
    enum role role;
    int64_t holds_ms;
    str_init(&out, sizeof text - 1);
    fleet_freshness(s->fleet, &out, &role, &holds_ms);
    memcpy(text, out.data, out.len + 1);
    str_done(&out);
    return text;
}

static const char *text_of(const struct scene *s, void (*write)(const struct fleet *fleet, struct str *out))
{
    static char text[600];
    struct str out;
    str_init(&out, sizeof text - 1);
    write(s->fleet, &out);
    memcpy(text, out.data, out.len + 1);
    str_done(&out);
    return text;
}

#define ROWS(s) store_count(fleet_store((s)->fleet))
#define SHOWS(s, words) (strstr(fresh(s), words) != NULL)

/* -- the way it goes ---------------------------------------------------------------------------- */

static void test_list_and_watch(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_watch(s, V2 "/backups");
    expect_body(s, "GET " V2 "/backups?limit=500 ", LIST(BACKUP("a", "1", "Complete") "," BACKUP("b", "2", "Running")));
    begin(s, &(struct fleet_options){0});
    assert_string_equal(fresh(s), "connecting");
    assert_false(fleet_is_settled(s->fleet));
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_true(fleet_is_settled(s->fleet));
    assert_int_equal(ROWS(s), 2);
    assert_string_equal(fresh(s), "live");
    assert_string_equal(text_of(s, fleet_scope), "all namespaces");
    assert_string_equal(fleet_server_version(s->fleet), "v1.35.4");
    assert_string_equal(fleet_cluster_uid(s->fleet), "cluster-uid");
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_NONE);
    assert_true(fleet_has_status_sub(s->fleet, false));
    assert_false(fleet_has_status_sub(s->fleet, true));
    assert_int_equal(fleet_sources(s->fleet), 1);
    assert_null(fleet_source(s->fleet, 0)->ns);
    assert_true(s->changes > 0);

    const char *watch = "GET " V2 "/backups?watch=1";
    UNTIL(s->f.loop, fake_is_open(s->f.server, watch));
    fake_send(s->f.server, watch,
              EVENT("ADDED", BACKUP("a", "3", "Running")) EVENT("DELETED", BACKUP("a", "1", "Complete")));
    UNTIL(s->f.loop, store_find(fleet_store(s->fleet), "a", "3") != SLOT_NONE);
    UNTIL(s->f.loop, ROWS(s) == 2);
    const struct store_row *row = store_get(fleet_store(s->fleet), store_find(fleet_store(s->fleet), "a", "3"));
    assert_false(fleet_row_is_stale(s->fleet, row));
}

/* What is there can be used, and how much is to come is told. */
static void test_loading(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect(s, "GET " V2 "/backups?limit=2000&continue=more ", (struct fake_rule){.how = FAKE_HANG});
    expect_body(s, "GET " V2 "/backups?limit=500 ",
                "{\"items\":[" BACKUP("a", "1", "Complete") "," BACKUP("a", "2", "Complete") "],"
                "\"metadata\":{\"resourceVersion\":\"10\",\"continue\":\"more\",\"remainingItemCount\":99998}}");
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, SHOWS(s, "loading 2 of 100,000"));
    UNTIL(s->f.loop, ROWS(s) == 2);
    assert_false(fleet_is_settled(s->fleet));
    assert_false(fleet_is_complete(s->fleet));
    assert_non_null(strstr(text_of(s, fleet_empty), "Nothing is here yet: loading"));
}

static void test_both_groups(void **state)
{
    struct scene *s = *state;
    expect_body(s, "GET " V1 " ", RESOURCES(RESOURCE("backups", "Backup") "," RESOURCE("tidbclusters", "TidbCluster")));
    expect_body(s, "GET " CORE " ", RESOURCES(RESOURCE("clusters", "Cluster")));
    expect_server(s);
    expect_watch(s, V2 "/backups");
    expect_watch(s, V1 "/backups");
    expect_watch(s, CORE "/clusters");
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    expect_body(s, "GET " V1 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    expect_body(s, "GET " CORE "/clusters?", LIST("{\"metadata\":{\"namespace\":\"a\",\"name\":\"tc\","
                                                  "\"creationTimestamp\":\"2026-01-01T00:00:00Z\"}}"));
    expect(s, "GET " V1 "/tidbclusters?", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_int_equal(ROWS(s), 2);
    assert_int_equal(fleet_sources(s->fleet), 2);
    assert_true(fleet_source(s->fleet, 1)->v1);
    assert_true(fleet_cluster_created_ms(s->fleet, "a/tc") == INT64_C(1767225600000));
    assert_true(fleet_cluster_created_ms(s->fleet, "a/other") == 0);
}

static void on_raw(void *arg, const char *text, size_t len, bool deleted)
{
    struct scene *s = arg;
    assert_non_null(memchr(text, '{', len));
    assert_false(deleted);
    s->raw++;
}

static void test_once(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_body(s, "GET " V2 "/namespaces/a/backups?limit=500&labelSelector=x%3Dy&fieldSelector=metadata.name%3D1 ",
                LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){.namespaces = (const char *const[]){"a", NULL}, .label_selector = "x=y",
                                     .name = "1", .once = true, .on_raw = on_raw, .raw_arg = s});
    UNTIL(s->f.loop, fleet_is_settled(s->fleet));
    assert_int_equal(ROWS(s), 1);
    assert_int_equal(s->raw, 1);
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_NONE);
    assert_string_equal(fresh(s), "listed");
    assert_false(fleet_is_complete(s->fleet)); /* there may be others */
    SPIN(s->f.loop, 100); /* no watch follows: it would be unexpected */
}

/* -- namespaces ------------------------------------------------------------------------------------ */

static void test_other_namespaces_keep_rows(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_watch(s, V2 "/backups");
    expect_watch(s, V2 "/namespaces/a/backups");
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("a", "1", "Complete") "," BACKUP("b", "2", "Running")));
    expect_body(s, "GET " V2 "/namespaces/a/backups?", LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    slot_t slot = store_find(fleet_store(s->fleet), "a", "1");
    fleet_set_namespaces(s->fleet, (const char *const[]){"a", NULL});
    assert_int_equal(store_find(fleet_store(s->fleet), "a", "1"), slot);
    assert_int_equal(ROWS(s), 1);
    assert_string_equal(text_of(s, fleet_scope), "a");
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_int_equal(store_find(fleet_store(s->fleet), "a", "1"), slot);
    fleet_set_namespaces(s->fleet, NULL);
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_int_equal(store_find(fleet_store(s->fleet), "a", "1"), slot);
    assert_int_equal(ROWS(s), 2);
}

static void test_too_many_namespaces(void **state)
{
    struct scene *s = *state;
    const char *names[FLEET_WATCHES_MAX + 3] = {NULL};
    char text[FLEET_WATCHES_MAX + 2][8];
    for (int i = 0; i < FLEET_WATCHES_MAX + 2; i++) {
        snprintf(text[i], sizeof text[i], "n%d", i);
        names[i] = text[i];
    }
    expect_server(s);
    expect_body(s, "GET " V2 "/namespaces/", LIST(""));
    begin(s, &(struct fleet_options){.namespaces = names, .once = true});
    UNTIL(s->f.loop, fleet_is_settled(s->fleet));
    assert_int_equal(fleet_sources(s->fleet), FLEET_WATCHES_MAX);
    assert_true(SHOWS(s, "at most 50 namespaces"));
    assert_false(fleet_is_complete(s->fleet));
}

/* No right to list all: those that may be listed. */
static void test_narrowed(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_watch(s, V2 "/namespaces/b/backups");
    expect_body(s, "GET " V2 "/namespaces/b/backups?", LIST(BACKUP("b", "1", "Complete")));
    expect(s, "GET " V2 "/backups?", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    expect(s, REVIEW, (struct fake_rule){.has = "\"namespace\":\"b\"", .body = ALLOWED});
    expect_body(s, REVIEW, DENIED);
    expect_body(s, "GET /api/v1/namespaces ", LIST(NAMESPACE("a") "," NAMESPACE("b") "," NAMESPACE("c")));
    begin(s, &(struct fleet_options){0});
    while (!fleet_is_settled(s->fleet)) { /* it is never said that nothing may be seen */
        assert_int_equal(fleet_error(s->fleet)->code, ERROR_NONE);
        loop_turn(s->f.loop, 10);
    }
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_string_equal(text_of(s, fleet_scope), "b");
    assert_int_equal(ROWS(s), 1);
    assert_string_equal(fresh(s), "live");
}

/* Namespaces that come while it runs are found; those that go are left. */
static void test_narrowed_grows(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_watch(s, V2 "/namespaces/a/backups");
    expect_watch(s, V2 "/namespaces/b/backups");
    expect_watch(s, V2 "/namespaces/d/backups");
    expect_body(s, "GET " V2 "/namespaces/a/backups?", LIST(BACKUP("a", "0", "Complete")));
    expect_body(s, "GET " V2 "/namespaces/b/backups?", LIST(BACKUP("b", "1", "Complete")));
    expect_body(s, "GET " V2 "/namespaces/d/backups?", LIST(BACKUP("d", "2", "Complete")));
    expect(s, "GET " V2 "/backups?", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    expect(s, REVIEW, (struct fake_rule){.has = "\"namespace\":\"c\"", .body = DENIED});
    expect(s, REVIEW, (struct fake_rule){.has = "\"namespace\":", .body = ALLOWED});
    expect_body(s, REVIEW, DENIED);
    expect(s, "GET /api/v1/namespaces ",
           (struct fake_rule){.times = 1, .body = LIST(NAMESPACE("a") "," NAMESPACE("b"))});
    expect_body(s, "GET /api/v1/namespaces ", LIST(NAMESPACE("b") "," NAMESPACE("c") "," NAMESPACE("d")));
    begin(s, &(struct fleet_options){0});
    s->fleet->grow_ms = 50;
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    UNTIL(s->f.loop, strcmp(text_of(s, fleet_scope), "b, d") == 0 && fleet_is_complete(s->fleet) && ROWS(s) == 2);
    SPIN(s->f.loop, 200);
    assert_string_equal(text_of(s, fleet_scope), "b, d");
    assert_in_range(fake_count(s->f.server, REVIEW), 5, 9); /* of the same nothing is asked again each time */
}

/* The right to all is noticed too. */
static void test_narrowed_no_more(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_watch(s, V2 "/namespaces/b/backups");
    expect_watch(s, V2 "/backups");
    expect_body(s, "GET " V2 "/namespaces/b/backups?", LIST(BACKUP("b", "1", "Complete")));
    expect(s, "GET " V2 "/backups?", (struct fake_rule){.times = 1, .http = 403, .body = FORBIDDEN});
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("b", "1", "Complete") "," BACKUP("c", "1", "Complete")));
    expect(s, REVIEW, (struct fake_rule){.has = "\"namespace\":\"b\"", .body = ALLOWED});
    expect(s, REVIEW, (struct fake_rule){.times = 1, .body = DENIED});
    expect_body(s, REVIEW, ALLOWED);
    expect_body(s, "GET /api/v1/namespaces ", LIST(NAMESPACE("b")));
    begin(s, &(struct fleet_options){0});
    s->fleet->grow_ms = 10;
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    s->fleet->groups[GROUP_V2].narrow.grown = 9;
    kube_access_free(&s->fleet->access); /* what it knew is too old by then */
    s->fleet->access = kube_access_new(s->f.client, NULL, NULL);
    UNTIL(s->f.loop, strcmp(text_of(s, fleet_scope), "all namespaces") == 0 && ROWS(s) == 2);
}

static void test_narrowed_to_the_context(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_body(s, "GET " V2 "/namespaces/default/backups?", LIST(""));
    expect(s, "GET " V2 "/backups?", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    expect(s, "GET /api/v1/namespaces ", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    expect(s, REVIEW, (struct fake_rule){.has = "\"namespace\":\"default\"", .body = ALLOWED});
    expect_body(s, REVIEW, DENIED);
    begin(s, &(struct fleet_options){.once = true});
    UNTIL(s->f.loop, fleet_is_settled(s->fleet));
    assert_string_equal(text_of(s, fleet_scope), "default");
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_NONE);
}

static void test_no_right_at_all(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect(s, "GET " V2 "/backups?", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    expect_body(s, REVIEW, DENIED);
    expect_body(s, "GET /api/v1/namespaces ", LIST(NAMESPACE("a") "," NAMESPACE("b")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, fleet_is_settled(s->fleet));
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_DENIED);
    assert_non_null(strstr(fleet_error(s->fleet)->text, "nor in any one of the 2 that are there"));
    assert_string_equal(fresh(s), "no right to list backups in all namespaces");
    assert_string_equal(text_of(s, fleet_empty), fleet_error(s->fleet)->text);
}

/* -- what is not there --------------------------------------------------------------------------------- */

static void test_no_crd(void **state)
{
    struct scene *s = *state;
    expect_watch(s, V2 "/backups");
    expect(s, "GET " V2 " ", (struct fake_rule){.http = 404, .times = 1});
    expect_server(s);
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, fleet_is_settled(s->fleet));
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_MISSING);
    assert_non_null(strstr(text_of(s, fleet_empty), "install TiDB Operator's CRDs"));
    assert_string_equal(fresh(s), "no Backups on this server");
    fleet_retry(s->fleet); /* else in 30 s */
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_int_equal(ROWS(s), 1);
}

/* The first rows wait for the list alone, not for what else is asked of the server. */
static void test_list_before_discovery(void **state)
{
    struct scene *s = *state;
    expect(s, "GET " V2 " ", (struct fake_rule){.how = FAKE_HANG});
    expect_server(s);
    expect_watch(s, V2 "/backups");
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, ROWS(s) == 1 && fleet_source(s->fleet, 0)->live);
    assert_false(fleet_is_settled(s->fleet)); /* there may be v1's */
    assert_false(fleet_is_complete(s->fleet));
    assert_string_equal(fresh(s), "loading 1");
    assert_true(fleet_has_status_sub(s->fleet, false));
}

/* Rights are looked at before what there is: 403 for a group that this server does not have. */
static void test_presumed_group_is_refused(void **state)
{
    struct scene *s = *state;
    expect_body(s, "GET " V1 " ", RESOURCES(RESOURCE("backups", "Backup")));
    expect(s, "GET " V2 " ", (struct fake_rule){.http = 404});
    expect_server(s);
    expect_watch(s, V1 "/backups");
    expect(s, "GET " V2 "/backups?", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    expect_body(s, "GET " V1 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_int_equal(fleet_sources(s->fleet), 1);
    assert_true(fleet_source(s->fleet, 0)->v1);
    assert_string_equal(fresh(s), "live");
    assert_int_equal(fake_count(s->f.server, REVIEW), 0);
}

static void test_group_not_known(void **state)
{
    struct scene *s = *state;
    expect_watch(s, V2 "/backups");
    expect(s, "GET " V1 " ", (struct fake_rule){.http = 500, .times = 1});
    expect_server(s);
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, ROWS(s) == 1); /* what is known is shown */
    assert_false(fleet_is_complete(s->fleet));
    assert_true(SHOWS(s, "pingcap.com not known yet"));
    assert_false(fleet_is_settled(s->fleet));
    UNTIL(s->f.loop, fleet_is_complete(s->fleet)); /* asked again */
    assert_int_equal(fake_count(s->f.server, "GET " V1 " "), 2);
}

static void test_empty_namespace(void **state)
{
    struct scene *s = *state;
    expect_server(s);
    expect_watch(s, V2 "/namespaces/a/backups");
    expect_body(s, "GET " V2 "/namespaces/a/backups?", LIST(""));
    expect_body(s, "GET " V2 "/backups?limit=1 ",
                "{\"items\":[{}],\"metadata\":{\"remainingItemCount\":1233,\"continue\":\"x\"}}");
    begin(s, &(struct fleet_options){.namespaces = (const char *const[]){"a", NULL}});
    UNTIL(s->f.loop, strstr(text_of(s, fleet_empty), "(1,234 in others)"));
    assert_true(str_starts(text_of(s, fleet_empty), "No Backups in a (1,234 in others)."));
}

static void test_no_server(void **state)
{
    struct scene *s = *state;
    s->f.target.server = "http://127.0.0.1:1";
    kube_client_free(&s->f.client);
    s->f.client = kube_client_new(s->f.loop, &s->f.target, NULL);
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, fleet_error(s->fleet)->code);
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_NETWORK);
    assert_string_equal(fresh(s), "reconnecting 0 s: connection refused");
    assert_false(fleet_is_settled(s->fleet)); /* it may come */
}

/* -- what goes wrong later -------------------------------------------------------------------------------- */

static void test_server_gone_and_back(void **state)
{
    struct scene *s = *state;
    const char *watch = "GET " V2 "/backups?watch=1";
    expect_server(s);
    expect(s, watch, (struct fake_rule){
        .how = FAKE_STREAM, .body = EVENT("ADDED", BACKUP("a", "2", "Running")), .times = 1});
    expect(s, watch, (struct fake_rule){.how = FAKE_CUT, .times = 1});
    expect_watch(s, V2 "/backups");
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("a", "1", "Complete")));
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, ROWS(s) == 2);
    const struct store_row *row = store_get(fleet_store(s->fleet), store_find(fleet_store(s->fleet), "a", "1"));
    fake_cut(s->f.server, watch);
    UNTIL(s->f.loop, SHOWS(s, "reconnecting 0 s: ") && SHOWS(s, ", data 0 s old"));
    assert_true(fleet_row_is_stale(s->fleet, row));
    assert_int_equal(ROWS(s), 2);
    assert_false(fleet_is_complete(s->fleet));
    assert_true(fleet_is_settled(s->fleet));
    assert_int_equal(fleet_error(s->fleet)->code, ERROR_NONE); /* there is something to see */
    UNTIL(s->f.loop, fleet_is_complete(s->fleet));
    assert_int_equal(ROWS(s), 2);
}

/* A state that ends by time alone. */
static void test_time_passes(void **state)
{
    struct scene *s = *state;
    char when[CLOCK_TEXT_MAX], *list;
    clock_format_rfc3339(clock_wall_ms() - NOT_PICKED_UP_MS + 1500, when);
    list = xasprintf(LIST("{\"metadata\":{\"namespace\":\"a\",\"name\":\"1\",\"creationTimestamp\":\"%s\"}}"), when);
    expect_server(s);
    expect_watch(s, V2 "/backups");
    expect_body(s, "GET " V2 "/backups?", list);
    begin(s, &(struct fleet_options){0});
    UNTIL(s->f.loop, ROWS(s) == 1);
    assert_int_equal(store_needs_you(fleet_store(s->fleet)), 0);
    UNTIL(s->f.loop, store_needs_you(fleet_store(s->fleet)) == 1);
    free(list);
}

static void on_names(void *arg, const char *const *names, size_t count, const struct error *err)
{
    char *text = arg;
    snprintf(text, 64, "%d", (int)err->code);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, 64 - len, " %s", names[i]);
    }
}

static void test_ask_namespaces(void **state)
{
    struct scene *s = *state;
    char text[64] = "", want[32];
    expect_server(s);
    expect_body(s, "GET " V2 "/backups?", LIST(BACKUP("b", "1", "Complete")));
    expect(s, "GET /api/v1/namespaces ", (struct fake_rule){
        .body = LIST(NAMESPACE("a") "," NAMESPACE("z")), .times = 1});
    expect(s, "GET /api/v1/namespaces ", (struct fake_rule){.http = 403, .body = FORBIDDEN});
    begin(s, &(struct fleet_options){.once = true});
    UNTIL(s->f.loop, fleet_is_settled(s->fleet));
    assert_non_null(fleet_ask_namespaces(s->fleet, on_names, text));
    UNTIL(s->f.loop, text[0]);
    assert_string_equal(text, "0 a z");
    text[0] = '\0';
    fleet_ask_namespaces(s->fleet, on_names, text);
    UNTIL(s->f.loop, text[0]);
    snprintf(want, sizeof want, "%d b default", (int)ERROR_DENIED);
    assert_string_equal(text, want);
    struct kube_request *dropped = fleet_ask_namespaces(s->fleet, on_names, text);
    kube_request_cancel(&dropped);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list_and_watch),
        TEST(test_loading),
        TEST(test_both_groups),
        TEST(test_once),
        TEST(test_other_namespaces_keep_rows),
        TEST(test_too_many_namespaces),
        TEST(test_narrowed),
        TEST(test_narrowed_grows),
        TEST(test_narrowed_no_more),
        TEST(test_narrowed_to_the_context),
        TEST(test_no_right_at_all),
        TEST(test_no_crd),
        TEST(test_list_before_discovery),
        TEST(test_presumed_group_is_refused),
        TEST(test_group_not_known),
        TEST(test_empty_namespace),
        TEST(test_no_server),
        TEST(test_server_gone_and_back),
        TEST(test_time_passes),
        TEST(test_ask_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
