#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/kube/call.h>
#include "fake_server.h"
#include "kube/client_private.h"

static const struct kube_resource backups = {"br.pingcap.com", "v1alpha1", "backups", "Backup", true};
#define AT "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups"

struct outcome {
    int calls;
    bool has_object, maybe_done;
    char kind[32], warning[128], reason[64];
    struct error error;
    int http;
};

static void on_answer(void *arg, const struct json *object, const struct kube_response *response)
{
    struct outcome *o = arg;
    const char *kind = json_string(object, "kind");
    o->calls++;
    o->has_object = object != NULL;
    o->maybe_done = response->maybe_done;
    o->error = response->error;
    o->http = response->http;
    snprintf(o->kind, sizeof o->kind, "%s", kind ? kind : "");
    snprintf(o->warning, sizeof o->warning, "%s", response->warning);
    snprintf(o->reason, sizeof o->reason, "%s", response->reason);
}

typedef struct kube_request *verb_fn(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn,
                                     void *arg);

static const struct call_case {
    const char *label;
    verb_fn *verb;
    struct kube_call_spec spec;
    const char *body, *line, *head; /* what goes out */
} cases[] = {
    {"get", kube_get, {.resource = &backups, .ns = "orders", .name = "a"}, NULL, "GET " AT "/a HTTP", NULL},
    {"list", kube_get, {.resource = &backups, .ns = "orders", .query = "limit=1&x=%2F"}, NULL,
     "GET " AT "?limit=1&x=%2F HTTP", NULL},
    {"odd name", kube_get, {.resource = &backups, .ns = "../x", .name = "a/b?"}, NULL,
     "GET /apis/br.pingcap.com/v1alpha1/namespaces/..%2Fx/backups/a%2Fb%3F HTTP", NULL},
    {"patch", kube_patch, {.resource = &backups, .ns = "orders", .name = "a"}, "{\"spec\":{\"b\":null}}",
     "PATCH " AT "/a?fieldManager=brdeck HTTP", "\r\nContent-Type: application/merge-patch+json\r\n"},
    {"patch, dry and strict", kube_patch, {.resource = &backups, .ns = "orders", .name = "a", .dry_run = true,
                                           .strict = true}, "{}",
     "PATCH " AT "/a?fieldManager=brdeck&dryRun=All&fieldValidation=Strict HTTP", NULL},
    {"patch of the status", kube_patch, {.resource = &backups, .ns = "orders", .name = "a", .sub = "status"}, "{}",
     "PATCH " AT "/a/status?fieldManager=brdeck HTTP", NULL},
    {"create", kube_create, {.resource = &backups, .ns = "orders", .query = "x=y"}, "{\"metadata\":{\"name\":\"a\"}}",
     "POST " AT "?fieldManager=brdeck&x=y HTTP", "\r\nContent-Type: application/json\r\n"},
    {"delete", kube_delete, {.resource = &backups, .ns = "orders", .name = "a", .dry_run = true},
     "{\"preconditions\":{\"uid\":\"u\"}}",
     "DELETE " AT "/a?dryRun=All HTTP", "\r\nContent-Type: application/json\r\n"},
    {"delete without options", kube_delete, {.resource = &kube_pods, .ns = "orders", .name = "a"}, NULL,
     "DELETE /api/v1/namespaces/orders/pods/a HTTP", NULL},
    {"cluster-wide", kube_get, {.resource = &kube_namespaces, .ns = "orders", .name = "a"}, NULL,
     "GET /api/v1/namespaces/a HTTP", NULL},
};

static void test_what_goes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct call_case *c = &cases[i];
        struct fixture f;
        struct outcome o = {0};
        struct kube_call_spec spec = c->spec;
        struct json *body = c->body ? json_parse(c->body, strlen(c->body), NULL) : NULL;
        spec.body = body;
        fixture_open(&f);
        fake_expect(f.server, &(struct fake_rule){.request = "", .body = "{\"kind\":\"Backup\"}",
                                                  .headers = "Warning: 299 - \"w\"\r\n"});
        c->verb(f.client, &spec, on_answer, &o);
        json_free(&body); /* it was copied */
        UNTIL(f.loop, o.calls);
        const char *sent = fake_request(f.server, "", 0);
        if (!str_starts(sent, c->line))
            fail_msg("%s: %.*s", c->label, (int)strcspn(sent, "\r"), sent);
        if (c->head)
            assert_non_null(strstr(sent, c->head));
        assert_string_equal(strstr(sent, "\r\n\r\n") + 4, c->body ? c->body : "");
        assert_string_equal(o.kind, "Backup");
        assert_string_equal(o.warning, "w");
        assert_int_equal(o.error.code, ERROR_NONE);
        fixture_close(&f);
    }
}

static const struct {
    struct fake_rule rule;
    int http;
    enum error_code code;
    bool has_object, maybe_done;
    const char *sentence;
} answers[] = {
    {{.http = 200, .body = "[]"}, 200, ERROR_NONE, false, false, ""},
    {{.http = 200, .body = "oops"}, 200, ERROR_NONE, false, false, ""},
    {{.http = 409, .body = "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":\"changed\",\"code\":409}"}, 409,
     ERROR_CONFLICT, false, false, "patch Backup orders/a: changed; somebody else changed it first: look again"},
    {{.http = 500}, 500, ERROR_NETWORK, false, true, "patch Backup orders/a: HTTP 500: internal error"},
    {{.how = FAKE_CUT}, 0, ERROR_NETWORK, false, true, "patch Backup orders/a: http://127.0.0.1:"},
};

static void test_what_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct fixture f;
        struct outcome o = {0};
        struct fake_rule rule = answers[i].rule;
        struct json *body = json_new_object();
        fixture_open(&f);
        rule.request = "PATCH ";
        fake_expect(f.server, &rule);
        kube_patch(f.client, &(struct kube_call_spec){.resource = &backups, .ns = "orders", .name = "a", .body = body},
                   on_answer, &o);
        json_free(&body);
        UNTIL(f.loop, o.calls);
        assert_int_equal(o.http, answers[i].http);
        assert_int_equal(o.error.code, answers[i].code);
        assert_int_equal(o.has_object, answers[i].has_object);
        assert_int_equal(o.maybe_done, answers[i].maybe_done);
        if (!str_starts(o.error.text, answers[i].sentence))
            assert_string_equal(o.error.text, answers[i].sentence);
        assert_int_equal(fake_count(f.server, "PATCH "), 1);
        fixture_close(&f);
    }
}

/* A write is sent again after 429 only: there the server promises that nothing was done. */
static void test_busy_server(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome o = {0};
    fixture_open(&f);
    f.client->second_ms = 10;
    fake_expect(f.server, &(struct fake_rule){.request = "DELETE ", .http = 429, .headers = "Retry-After: 1\r\n",
                                              .times = 2});
    fake_expect(f.server, &(struct fake_rule){.request = "DELETE ",
                                              .body = "{\"kind\":\"Status\",\"status\":\"Success\"}"});
    kube_delete(f.client, &(struct kube_call_spec){.resource = &backups, .ns = "orders", .name = "a"}, on_answer, &o);
    UNTIL(f.loop, o.calls);
    assert_int_equal(o.http, 200);
    assert_string_equal(o.kind, "Status");
    assert_int_equal(fake_count(f.server, "DELETE "), 3);
    fixture_close(&f);
}

static void test_cancel(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome o = {0};
    fixture_open(&f);
    fake_expect(f.server, &(struct fake_rule){.request = "GET ", .how = FAKE_HANG});
    struct kube_request *a = kube_get(f.client, &(struct kube_call_spec){.resource = &backups}, on_answer, &o);
    struct kube_request *b = kube_get(f.client, &(struct kube_call_spec){.resource = &backups}, on_answer, &o);
    kube_get(f.client, &(struct kube_call_spec){.resource = &backups, .what = "left for the end"}, on_answer, &o);
    kube_request_cancel(&b);
    UNTIL(f.loop, fake_count(f.server, "GET ") == 2);
    kube_request_cancel(&a);
    SPIN(f.loop, 20);
    assert_int_equal(o.calls, 0);
    fixture_close(&f); /* nothing leaks: the sanitizers say */
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const struct kube_resource *resource;
        const char *ns, *name, *sub, *want;
    } paths[] = {
        {&kube_pods, "n", "p", "log", "/api/v1/namespaces/n/pods/p/log"},
        {&kube_pods, NULL, NULL, NULL, "/api/v1/pods"},
        {&kube_pods, "", NULL, NULL, "/api/v1/pods"},
        {&kube_jobs, "n", NULL, NULL, "/apis/batch/v1/namespaces/n/jobs"},
        {&kube_namespaces, "n", "a.b", NULL, "/api/v1/namespaces/a.b"},
        {&backups, "a b", "c%", NULL, "/apis/br.pingcap.com/v1alpha1/namespaces/a%20b/backups/c%25"},
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct str path;
        str_init(&path, STR_SMALL);
        kube_path(&path, paths[i].resource, paths[i].ns, paths[i].name, paths[i].sub);
        assert_string_equal(path.data, paths[i].want);
        kube_query(&path, "none", NULL);
        kube_query(&path, "none", "");
        assert_string_equal(path.data, paths[i].want);
        kube_query(&path, "a", "b c");
        kube_query(&path, "d", "e&f");
        assert_true(str_ends(path.data, "?a=b%20c&d=e%26f"));
        str_done(&path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes_out), cmocka_unit_test(test_what_comes_back),
        cmocka_unit_test(test_busy_server), cmocka_unit_test(test_cancel), cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
