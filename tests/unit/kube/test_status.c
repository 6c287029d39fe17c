#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/kube/status.h>

/* The first JSON object of a recorded file; for json_free. */
static struct json *recorded(const char *name)
{
    const char *shared = getenv("BRDECK_SHARED"), *src = getenv("srcdir");
    char *path = shared ? xasprintf("%s/recorded/%s", shared, name)
                        : xasprintf("%s/../shared/recorded/%s", src ? src : ".", name);
    struct str text;
    struct error err = {0};
    str_init(&text, STR_LARGE);
    if (!file_exists(path)) {
        print_message("%s is not there: skipped\n", path);
        free(path);
        skip();
    }
    assert_true(file_read(path, &text, &err));
    free(path);
    const char *begin = text.data, *end;
    while (*begin != '{')
        begin = strchr(begin, '\n') + 1;
    end = strstr(begin, "\n# HTTP");
    assert_non_null(end);
    struct json *json = json_parse(begin, (size_t)(end - begin), &err);
    assert_non_null(json);
    str_done(&text);
    return json;
}

static void test_recorded_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int http;
        enum error_code code;
        const char *reason, *sentence;
    } cases[] = {
        {"create-409-exists.txt", 409, ERROR_CONFLICT, "AlreadyExists",
         "do it: backups.br.pingcap.com \"demo1-log\" already exists"},
        {"create-422-name.txt", 422, ERROR_INPUT, "Invalid",
         "do it: Backup.br.pingcap.com \"Bad_Name\" is invalid: metadata.name: Invalid value: \"Bad_Name\": a "
         "lowercase"},
        {"get-404.txt", 404, ERROR_MISSING, "NotFound", "do it: backups.br.pingcap.com \"absent\" not found"},
        {"list-401.txt", 401, ERROR_DENIED, "Unauthorized",
         "do it: Unauthorized; the server does not accept this login: log in again, or check the user of this context"},
        {"list-403.txt", 403, ERROR_DENIED, "Forbidden",
         "do it: backups.br.pingcap.com is forbidden: User \"viewer\" cannot list resource \"backups\" in API group "
         "\"br.pingcap.com\" at the cluster scope; ask for this right, or use another context"},
        {"patch-409-resourceversion.txt", 409, ERROR_CONFLICT, "Conflict",
         "do it: Operation cannot be fulfilled on backups.br.pingcap.com \"demo1-log\": the object has been modified;"},
        {"patch-422-cel.txt", 422, ERROR_INPUT, "Invalid",
         "do it: Backup.br.pingcap.com \"demo1-log\" is invalid: spec: Invalid value: Field `logStop` is the old "
         "version "
         "field, please use `logSubcommand` instead"},
        {"patch-422-enum.txt", 422, ERROR_INPUT, "Invalid",
         "do it: Backup.br.pingcap.com \"demo1-log\" is invalid: [spec.logSubcommand: Unsupported value: "
         "\"log-explode\""},
        {"patch-unknown-field-strict.txt", 422, ERROR_INPUT, "Invalid", "do it: unknown field \"spec.nonsense\""},
        {"pod-log-no-node.txt", 404, ERROR_MISSING, "NotFound", "do it: pods \"none\" not found"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *json = recorded(cases[i].file);
        char *text = json_print(json);
        struct error err = {0};
        struct kube_status status = kube_status_tell("do it", cases[i].http, text, strlen(text), &err);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(status.code, cases[i].http);
        assert_string_equal(status.reason, cases[i].reason);
        if (!str_starts(err.text, cases[i].sentence))
            assert_string_equal(err.text, cases[i].sentence);
        assert_null(strchr(err.text, '\n'));
        free(text);
        json_free(&json);
    }
}

static void test_expired_event(void **state)
{
    (void)state;
    struct json *event = recorded("watch-410.txt");
    struct kube_status status;
    assert_true(kube_status_read(json_get(event, "object"), &status));
    assert_int_equal(status.code, 410);
    assert_string_equal(status.reason, "Expired");
    assert_string_equal(status.message, "too old resource version: 1 (607)");
    json_free(&event);
}

static const struct {
    int http;
    const char *body;
    enum error_code code;
    const char *sentence;
} bodies[] = {
    {502, "<html><head><title>502 Bad Gateway</title><style>b{color:red}</style></head>\n<body><h1>502 Bad "
          "Gateway</h1>\n<script>if (a<b) x();</script>nginx</body></html>",
     ERROR_NETWORK, "do it: HTTP 502: 502 Bad Gateway 502 Bad Gateway nginx; what stands before the API server does "
                    "not reach it"},
    {503, "", ERROR_NETWORK, "do it: HTTP 503: unavailable; the server cannot answer now: try again"},
    {500, "a\033[31m b\r\n\t&lt;c&gt; &amp; &foo; <", ERROR_NETWORK,
     "do it: HTTP 500: a [31m b <c> & &foo; <; the server failed: try again"},
    {302, "<a href=\"/login\">Found</a>.", ERROR_NETWORK,
     "do it: HTTP 302: Found .; no redirect is followed: check the server's address"},
    {404, "404 page not found\n", ERROR_MISSING, "do it: HTTP 404: 404 page not found"},
    {418, "{\"kind\":\"Teapot\"}", ERROR_FAILED, "do it: HTTP 418: {\"kind\":\"Teapot\"}"},
    {400, "<script>never ends", ERROR_INPUT, "do it: HTTP 400: bad request"},
    {400, "<style", ERROR_INPUT, "do it: HTTP 400: bad request"},
    {429, "{\"kind\":\"Status\",\"code\":429,\"message\":\"slow down\",\"details\":{\"retryAfterSeconds\":7}}",
     ERROR_NETWORK,
     "do it: slow down; the server is busy: try again later"},
    {409, "{\"kind\":\"Status\"}", ERROR_CONFLICT, "do it: conflict; somebody else changed it first: look again"},
    {422, "{\"kind\":\"Status\",\"code\":\"x\",\"reason\":7,\"message\":\"a: Invalid value: "
          "\\\"{\\\\\\\"a\\\\\\\":1}\\\": b; "
          "Invalid value: \\\"c\\\": d\"}",
     ERROR_INPUT, "do it: a: Invalid value: {...}: b; Invalid value: \"c\": d"},
    {422, "{\"kind\":\"Status\",\"message\":\"Invalid value: \\\"{never closed\"}", ERROR_INPUT,
     "do it: Invalid value: {...}"},
};

static void test_bodies_of_all_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct error err = {0};
        size_t len = strlen(bodies[i].body);
        char *own = xmemdup(bodies[i].body, len); /* not NUL-terminated */
        struct kube_status status = kube_status_tell("do it", bodies[i].http, own, len, &err);
        free(own);
        assert_string_equal(err.text, bodies[i].sentence);
        assert_int_equal(err.code, bodies[i].code);
        assert_int_equal(status.retry_after_seconds, bodies[i].http == 429 ? 7 : 0);
    }
}

/* A message of any length leaves room for the advice, and is not cut within a character. */
static void test_long_message(void **state)
{
    (void)state;
    struct str body;
    str_init(&body, STR_SMALL);
    str_add(&body, "{\"kind\":\"Status\",\"code\":403,\"message\":\"");
    for (int i = 0; i < 3000; i++)
        str_add(&body, "\303\244");
    str_add(&body, "\"}");
    struct error err = {0};
    struct kube_status status = kube_status_tell("do it", 403, body.data, body.len, &err);
    assert_true(str_ends(err.text, "...; ask for this right, or use another context"));
    assert_non_null(strstr(err.text, "\303\244...;"));
    assert_true(str_ends(status.message, "\303\244..."));
    str_done(&body);
}

static void test_no_status(void **state)
{
    (void)state;
    struct kube_status status;
    struct json *json = json_parse("{\"kind\":\"Backup\",\"code\":5}", 26, NULL);
    assert_false(kube_status_read(json, &status));
    assert_int_equal(status.code, 0);
    assert_false(kube_status_read(NULL, &status));
    json_free(&json);
}

/* RBAC's own check when a Role is made (rule 19). */
static void test_escalation(void **state)
{
    (void)state;
    static const char body[] =
        "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":"
        "\"roles.rbac.authorization.k8s.io \\\"br\\\" "
        "is forbidden: user \\\"viewer\\\" (groups=[\\\"system:authenticated\\\"]) is attempting to "
        "grant RBAC permissions not currently held:\\n{APIGroups:[\\\"\\\"], "
        "Resources:[\\\"pods\\\"], Verbs:[\\\"list\\\"]}\"}";
    struct error err;
    kube_status_tell("create Role", 403, body, sizeof body - 1, &err);
    assert_int_equal(err.code, ERROR_DENIED);
    assert_non_null(strstr(err.text, "one can grant only rights that one holds"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escalation),
        cmocka_unit_test(test_recorded_refusals), cmocka_unit_test(test_expired_event),
        cmocka_unit_test(test_bodies_of_all_kinds), cmocka_unit_test(test_long_message),
        cmocka_unit_test(test_no_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
