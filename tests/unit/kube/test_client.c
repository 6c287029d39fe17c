#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include "fake_server.h"
#include "kube/client_private.h"

/* What became of a request. */
struct outcome {
    struct kube_request *request;
    int ends, heads, chunks, http;
    enum error_code code;
    char error[512], warning[256], reason[64];
    bool maybe_done, cancel_at_chunk, cancel_at_head, cancel_at_end;
    struct str body;
};

static void on_end(void *arg, const struct kube_response *response)
{
    struct outcome *o = arg;
    o->ends++;
    o->http = response->http;
    o->code = response->error.code;
    o->maybe_done = response->maybe_done;
    snprintf(o->error, sizeof o->error, "%s", response->error.text);
    snprintf(o->warning, sizeof o->warning, "%s", response->warning);
    snprintf(o->reason, sizeof o->reason, "%s", response->reason);
    str_addn(&o->body, response->body, response->len);
    if (o->cancel_at_end)
        kube_request_cancel(&o->request);
    o->request = NULL;
}

static void on_chunk(void *arg, const char *bytes, size_t len)
{
    struct outcome *o = arg;
    o->chunks++;
    str_addn(&o->body, bytes, len);
    if (o->cancel_at_chunk)
        kube_request_cancel(&o->request);
}

static void on_head(void *arg)
{
    struct outcome *o = arg;
    o->heads++;
    if (o->cancel_at_head)
        kube_request_cancel(&o->request);
}

static void start(struct fixture *f, struct outcome *o, struct kube_request_spec spec)
{
    *o = (struct outcome){.cancel_at_chunk = o->cancel_at_chunk, .cancel_at_head = o->cancel_at_head,
                          .cancel_at_end = o->cancel_at_end};
    str_init(&o->body, STR_LARGE);
    spec.on_end = on_end;
    spec.arg = o;
    o->request = kube_request_start(f->client, &spec);
}

/* Start and wait for the end. */
static void ask(struct fixture *f, struct outcome *o, struct kube_request_spec spec)
{
    start(f, o, spec);
    UNTIL(f->loop, o->ends);
    assert_int_equal(o->ends, 1);
}

static int setup(void **state)
{
    struct fixture *f = xmalloc(sizeof *f);
    fixture_open(f);
    f->client->second_ms = 20;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void test_a_plain_get(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    fake_expect(f->server, &(struct fake_rule){.request = "GET /apis/x?a=b HTTP/1.1", .body = "{\"a\":1}",
                                               .headers = "Warning: 299 - \"old \\\"v1\\\"\"\r\n"
                                                          "Warning: 299 - \"b\"\r\n"
                                                          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"});
    ask(f, &o, (struct kube_request_spec){.method = "GET", .path = "/apis/x?a=b", .what = "get x"});
    assert_int_equal(o.http, 200);
    assert_int_equal(o.code, ERROR_NONE);
    assert_string_equal(o.body.data, "{\"a\":1}");
    assert_string_equal(o.warning, "old \"v1\"; b");
    assert_true(kube_client_clock(f->client)->known);
    assert_true(clock_is_skewed(kube_client_clock(f->client)));
    const char *sent = fake_request(f->server, "GET", 0);
    assert_non_null(strstr(sent, "\r\nUser-Agent: brdeck/" PACKAGE_VERSION "\r\n"));
    assert_non_null(strstr(sent, "\r\nAccept: application/json\r\n"));
    assert_null(strstr(sent, "Accept-Encoding"));
    assert_null(strstr(sent, "Authorization"));
    assert_null(strstr(sent, "Impersonate"));
    str_done(&o.body);
}

static void test_gzip_only_where_asked(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    fake_expect(f->server, &(struct fake_rule){.request = "GET /"});
    const struct kube_request_spec spec = {.method = "GET", .path = "/", .what = "x", .gzip = true};
    ask(f, &o, spec);
    assert_non_null(strstr(fake_request(f->server, "GET", 0), "\r\nAccept-Encoding: gzip\r\n"));
    f->target.disable_compression = true;
    ask(f, &o, spec);
    assert_null(strstr(fake_request(f->server, "GET", 1), "Accept-Encoding"));
}

static void test_impersonation(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome o = {0};
    struct error err = {0};
    char *groups[] = {(char *)"a", (char *)"b", NULL};
    static const char extra[] = "{\"example.com/why\":[\"x y\",\"z\"]}";
    fixture_open(&f);
    kube_client_free(&f.client);
    f.target.identity = (struct kube_identity){.as = (char *)"ann", .as_uid = (char *)"u1", .as_groups = groups,
                                               .as_extra = json_parse(extra, strlen(extra), &err)};
    f.client = kube_client_new(f.loop, &f.target, &err);
    fake_expect(f.server, &(struct fake_rule){.request = "GET /"});
    ask(&f, &o, (struct kube_request_spec){.method = "GET", .path = "/", .what = "x"});
    static const char *const want[] = {
        "\r\nImpersonate-User: ann\r\n", "\r\nImpersonate-Uid: u1\r\n", "\r\nImpersonate-Group: a\r\n",
        "\r\nImpersonate-Group: b\r\n", "\r\nImpersonate-Extra-example.com%2Fwhy: x y\r\n",
        "\r\nImpersonate-Extra-example.com%2Fwhy: z\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_non_null(strstr(fake_request(f.server, "GET", 0), want[i]));
    kube_client_free(&f.client);
    f.target.identity.as = (char *)"ann\r\nX: y";
    assert_null(kube_client_new(f.loop, &f.target, &err));
    assert_int_equal(err.code, ERROR_INPUT);
    json_free(&f.target.identity.as_extra);
    fixture_close(&f);
}

/* The token goes out, and into no log. */
static void test_token_is_not_logged(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome o = {0};
    struct error err = {0};
    char path[] = "/tmp/brdeck-test-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    fixture_open(&f);
    kube_client_free(&f.client);
    f.target.identity = (struct kube_identity){.kind = KUBE_AUTH_TOKEN, .token = (char *)"s3cret-t0ken"};
    f.client = kube_client_new(f.loop, &f.target, &err);
    assert_true(log_open(path, LOG_LEVEL_DEBUG, &err));
    fake_expect(f.server, &(struct fake_rule){.request = "GET /", .http = 500, .body = "s3cret-t0ken"});
    ask(&f, &o, (struct kube_request_spec){.method = "GET", .path = "/logged?x=1", .what = "x"});
    log_close();
    assert_non_null(strstr(fake_request(f.server, "GET", 0), "\r\nAuthorization: Bearer s3cret-t0ken\r\n"));
    struct str log;
    str_init(&log, STR_LARGE);
    assert_true(file_read(path, &log, &err));
    unlink(path);
    assert_non_null(strstr(log.data, "/logged?x=1"));
    assert_null(strstr(log.data, "Bearer"));
    assert_null(strstr(log.data, "Authorization"));
    str_done(&log);
    str_done(&o.body);
    fixture_close(&f);
}

/* -- how it can end ------------------------------------------------------------------- */

static const struct ending {
    const char *name, *method;
    struct fake_rule rule;
    int http;
    enum error_code code;
    bool maybe_done;
    const char *sentence; /* is in the error */
} endings[] = {
    {"created", "POST", {.http = 201, .body = "{}"}, 201, ERROR_NONE, false, ""},
    {"refused", "PATCH", {.http = 403,
                          .body = "{\"kind\":\"Status\",\"message\":\"no\",\"reason\":\"Forbidden\",\"code\":403}"},
     403, ERROR_DENIED, false, "do it: no; ask"},
    {"conflict", "PATCH", {.http = 409, .body = "{\"kind\":\"Status\",\"reason\":\"Conflict\"}"}, 409, ERROR_CONFLICT,
     false, ""},
    {"too many", "PATCH", {.http = 429}, 429, ERROR_NETWORK, false, ""},
    {"a write, 500", "PATCH", {.http = 500}, 500, ERROR_NETWORK, true, ""},
    {"a write, 503", "PUT", {.http = 503}, 503, ERROR_NETWORK, true, ""},
    {"a write, 504", "DELETE", {.http = 504}, 504, ERROR_NETWORK, true, ""},
    {"a read, 500", "GET", {.http = 500}, 500, ERROR_NETWORK, false, ""},
    {"a write, unanswered", "PATCH", {.how = FAKE_CUT}, 0, ERROR_NETWORK, true, "without an answer"},
    {"a delete, unanswered", "DELETE", {.how = FAKE_CUT}, 0, ERROR_NETWORK, true, "without an answer"},
    {"a read, unanswered", "GET", {.how = FAKE_CUT}, 0, ERROR_NETWORK, false, "without an answer"},
    {"a write, half an answer", "POST", {.how = FAKE_CUT_BODY, .http = 201, .body = "{"}, 0, ERROR_NETWORK, true,
     "broke off"},
    {"a read, half an answer", "GET", {.how = FAKE_CUT_BODY, .body = "{"}, 0, ERROR_NETWORK, false, "broke off"},
    {"a write, no answer in time", "PATCH", {.how = FAKE_HANG}, 0, ERROR_NETWORK, true, "no answer in 0 s"},
    {"a read, no answer in time", "GET", {.how = FAKE_HANG}, 0, ERROR_NETWORK, false, "no answer in 0 s"},
    {"a redirect", "GET", {.http = 302, .headers = "Location: /elsewhere\r\n"}, 302, ERROR_NETWORK, false,
     "no redirect is followed"},
    {"too large", "GET", {.body = "0123456789012345678901234567890"}, 0, ERROR_NETWORK, false, "larger than 30 bytes"},
};

static void test_endings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        const struct ending *e = &endings[i];
        struct fixture f;
        struct outcome o = {0};
        struct fake_rule rule = e->rule;
        fixture_open(&f);
        rule.request = e->method;
        fake_expect(f.server, &(struct fake_rule){.request = "GET /first"});
        fake_expect(f.server, &rule);
        /* With a connection that was used before: what curl might repeat by itself. */
        ask(&f, &o, (struct kube_request_spec){.method = "GET", .path = "/first", .what = "x"});
        ask(&f, &o, (struct kube_request_spec){.method = e->method, .path = "/it", .what = "do it", .timeout_ms = 300,
                                               .body = str_same(e->method, "GET") ? NULL : "{}",
                                               .body_len = str_same(e->method, "GET") ? 0 : 2, .body_max = 30});
        if (o.http != e->http || o.code != e->code || o.maybe_done != e->maybe_done || !strstr(o.error, e->sentence))
            fail_msg("%s: HTTP %d, code %d, maybe_done %d, \"%s\"", e->name, o.http, o.code, o.maybe_done, o.error);
        if (!str_same(e->method, "GET"))
            assert_int_equal(fake_count(f.server, e->method), 1); /* a write is sent once (rule 7) */
        assert_int_equal(fake_count(f.server, "GET /elsewhere"), 0);
        assert_int_equal(fake_unexpected(f.server), 0);
        str_done(&o.body);
        fixture_close(&f);
    }
}

static void test_nothing_was_sent(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome o = {0};
    fixture_open(&f);
    fake_server_free(&f.server);
    ask(&f, &o, (struct kube_request_spec){.method = "PATCH", .path = "/", .what = "do it", .body = "{}",
                                           .body_len = 2});
    assert_int_equal(o.http, 0);
    assert_false(o.maybe_done);
    assert_int_equal(o.code, ERROR_NETWORK);
    assert_non_null(strstr(o.error, "no connection; check the server's address"));
    fixture_close(&f);
}

static void test_repeats(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    static const struct {
        const char *method;
        int http;
        const char *headers;
        int retries;
        size_t want; /* requests that were made */
    } cases[] = {
        {"GET", 429, "Retry-After: 1\r\n", 2, 3},  {"GET", 503, "Retry-After: 1\r\n", 2, 3}, {"GET", 503, NULL, 2, 1},
        {"PATCH", 429, "Retry-After: 1\r\n", 1, 2}, {"PATCH", 503, "Retry-After: 1\r\n", 2, 1},
        {"GET", 429, "Retry-After: 100\r\n", 2, 1}, {"GET", 429, "Retry-After: 1\r\n", 0, 1},
        {"GET", 500, "Retry-After: 1\r\n", 2, 1}, {"GET", 503, "Retry-After: 1 or so\r\n", 2, 1},
        /* a date of the server's clock, whatever ours says */
        {"GET", 503, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 2, 3},
        {"GET", 503, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:51:38 GMT\r\n", 2, 1},
        {"GET", 503, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 2, 1},
        {"GET", 503, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun Nov  6 08:49:38 1994\r\n", 2, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *path = xasprintf("/%02zu", i), *line = xasprintf("%s %s", cases[i].method, path);
        fake_expect(f->server, &(struct fake_rule){.request = line, .http = cases[i].http,
                                                   .headers = cases[i].headers});
        ask(f, &o, (struct kube_request_spec){.method = cases[i].method, .path = path, .what = "x",
                                              .retries = cases[i].retries});
        assert_int_equal(o.http, cases[i].http);
        assert_int_equal(fake_count(f->server, line), cases[i].want);
        free(path);
        free(line);
    }
}

/* 401: the file of the token is read again, once. */
static void test_login_is_renewed_once(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome o = {0};
    struct error err = {0};
    char path[] = "/tmp/brdeck-test-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "first-token\n", 12), 12);
    fixture_open(&f);
    kube_client_free(&f.client);
    f.target.identity = (struct kube_identity){.kind = KUBE_AUTH_TOKEN_FILE, .token_file = path};
    f.client = kube_client_new(f.loop, &f.target, &err);
    fake_expect(f.server, &(struct fake_rule){.request = "GET /", .has = "Bearer first-token", .how = FAKE_STREAM,
                                              .http = 401});
    fake_expect(f.server, &(struct fake_rule){.request = "GET /", .has = "Bearer second-token", .body = "in"});
    start(&f, &o, (struct kube_request_spec){.method = "GET", .path = "/", .what = "x"});
    UNTIL(f.loop, fake_count(f.server, "GET /") == 1);
    assert_int_equal(pwrite(fd, "second-token", 12, 0), 12);
    assert_true(fake_end(f.server, "GET /"));
    UNTIL(f.loop, o.ends);
    assert_int_equal(o.http, 200);
    assert_string_equal(o.body.data, "in");
    str_done(&o.body);
    /* Refused for good: two tries, then the truth. */
    fake_expect(f.server, &(struct fake_rule){.request = "POST /", .http = 401});
    ask(&f, &o, (struct kube_request_spec){.method = "POST", .path = "/", .what = "x", .body = "{}", .body_len = 2});
    assert_int_equal(o.http, 401);
    assert_int_equal(o.code, ERROR_DENIED);
    assert_in_range(fake_count(f.server, "POST /"), 1, 2);
    close(fd);
    unlink(path);
    fixture_close(&f);
}

/* -- streams --------------------------------------------------------------------------- */

static const struct kube_request_spec stream_spec = {
    .method = "GET", .path = "/stream", .what = "watch", .stream = true, .on_chunk = on_chunk, .on_head = on_head};

static void test_a_stream(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    fake_expect(f->server, &(struct fake_rule){.request = "GET /stream", .how = FAKE_STREAM});
    start(f, &o, stream_spec);
    assert_int_equal(kube_request_last_byte_ms(o.request), 0);
    UNTIL(f->loop, o.heads);
    assert_int_equal(o.chunks, 0);
    assert_true(fake_send(f->server, "GET /stream", "one"));
    UNTIL(f->loop, o.chunks == 1);
    assert_in_range(clock_mono_ms() - kube_request_last_byte_ms(o.request), 0, 1000);
    /* While it is paused nothing comes; afterwards all of it. */
    kube_request_pause(o.request, true);
    assert_true(fake_send(f->server, "GET /stream", "two"));
    SPIN(f->loop, 50);
    assert_string_equal(o.body.data, "one");
    kube_request_pause(o.request, false);
    UNTIL(f->loop, str_same(o.body.data, "onetwo"));
    assert_true(fake_end(f->server, "GET /stream"));
    UNTIL(f->loop, o.ends);
    assert_int_equal(o.http, 200);
    assert_int_equal(o.code, ERROR_NONE);
    assert_string_equal(o.body.data, "onetwo");
    str_done(&o.body);
    /* Cut: the answer was not whole. */
    start(f, &o, stream_spec);
    UNTIL(f->loop, o.heads);
    assert_true(fake_cut(f->server, "GET /stream"));
    UNTIL(f->loop, o.ends);
    assert_int_equal(o.http, 0);
    assert_int_equal(o.code, ERROR_NETWORK);
    str_done(&o.body);
}

/* Our end of the connection to @port; curl does not tell it while a transfer runs. */
static int socket_to(int port)
{
    for (int fd = 0; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            return fd;
    }
    return -1;
}

/* A dead link behind NAT is found by the kernel (rule 16). */
static void test_keepalive(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    static const struct {
        int level, name, want;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},    {IPPROTO_TCP, TCP_KEEPIDLE, 15},         {IPPROTO_TCP, TCP_KEEPINTVL, 5},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},    {IPPROTO_TCP, TCP_USER_TIMEOUT, 20000},
    };
    fake_expect(f->server, &(struct fake_rule){.request = "GET /stream", .how = FAKE_STREAM});
    start(f, &o, stream_spec);
    UNTIL(f->loop, o.heads);
    int fd = socket_to(atoi(strrchr(fake_server_url(f->server), ':') + 1));
    assert_true(fd >= 0);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        int got = -1;
        socklen_t len = sizeof got;
        assert_int_equal(getsockopt(fd, options[i].level, options[i].name, &got, &len), 0);
        assert_int_equal(got, options[i].want);
    }
}

static void test_cancel_from_anywhere(void **state)
{
    struct fixture *f = *state;
    struct outcome o[6] = {{.cancel_at_chunk = true}, {.cancel_at_head = true}, {.cancel_at_end = true}};
    fake_expect(f->server, &(struct fake_rule){.request = "GET /stream", .how = FAKE_STREAM, .body = "x"});
    fake_expect(f->server, &(struct fake_rule){.request = "GET /plain"});
    fake_expect(f->server, &(struct fake_rule){.request = "GET /hang", .how = FAKE_HANG});
    start(f, &o[0], stream_spec);
    start(f, &o[1], stream_spec);
    start(f, &o[2], (struct kube_request_spec){.method = "GET", .path = "/plain", .what = "x"});
    start(f, &o[3], stream_spec);
    kube_request_cancel(&o[3].request); /* before it began */
    start(f, &o[4], (struct kube_request_spec){.method = "GET", .path = "/hang", .what = "x"});
    UNTIL(f->loop, o[0].chunks && o[1].heads && o[2].ends && fake_count(f->server, "GET /hang"));
    kube_request_cancel(&o[4].request); /* from outside */
    UNTIL(f->loop, !f->client->requests);
    SPIN(f->loop, 20);
    assert_int_equal(o[0].chunks, 1);
    assert_int_equal(o[1].chunks, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(o[i].ends, i == 2);
        assert_null(o[i].request);
        str_done(&o[i].body);
    }
    assert_int_equal(fake_count(f->server, "GET /stream"), 2);
    assert_false(fake_is_open(f->server, "GET /stream"));
    kube_request_cancel(&o[5].request); /* NULL is harmless */
    /* One is left under way for kube_client_free. */
    start(f, &o[5], stream_spec);
    UNTIL(f->loop, o[5].chunks);
    str_done(&o[5].body);
}

static void test_refresh_makes_new_connections(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    const struct kube_request_spec spec = {.method = "GET", .path = "/", .what = "x"};
    fake_expect(f->server, &(struct fake_rule){.request = "GET /"});
    ask(f, &o, spec);
    ask(f, &o, spec);
    assert_int_equal(fake_connections(f->server), 1);
    kube_client_refresh(f->client);
    ask(f, &o, spec);
    assert_int_equal(fake_connections(f->server), 2);
}

/* A plain server behind an HTTP proxy is asked for by its whole URL. */
static void test_proxy(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    struct error err = {0};
    struct kube_target target = f->target;
    target.server = (char *)"http://kube.invalid:6443/prefix";
    target.proxy_url = (char *)fake_server_url(f->server);
    kube_client_free(&f->client);
    f->client = kube_client_new(f->loop, &target, &err);
    fake_expect(f->server, &(struct fake_rule){.request = "GET http://kube.invalid:6443/prefix/version "});
    ask(f, &o, (struct kube_request_spec){.method = "GET", .path = "/version", .what = "x"});
    assert_int_equal(o.http, 200);
    kube_client_free(&f->client);
    f->client = kube_client_new(f->loop, &f->target, &err);
}

static void test_no_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host, *port;
        bool want;
    } cases[] = {
        {NULL, "h", "443", false},
        {"", "h", "443", false},
        {"*", "h", "443", true},
        {"other, h", "h", "443", true},
        {"example.com", "api.example.com", "443", true},
        {"EXAMPLE.com", "api.example.COM", "443", true},
        {"example.com", "example.com", "443", true},
        {"example.com", "notexample.com", "443", false},
        {".example.com", "example.com", "443", false},
        {".example.com", "api.example.com", "443", true},
        {"*.example.com", "api.example.com", "443", true},
        {"h:6443", "h", "6443", true},
        {"h:6443", "h", "443", false},
        {"10.0.0.1", "10.0.0.1", "6443", true},
        {"10.0.0.1:6443", "10.0.0.1", "6443", true},
        {"10.0.0.0/8", "10.200.3.4", "6443", true},
        {"10.0.0.0/15", "10.1.3.4", "6443", true},
        {"10.0.0.0/15", "10.2.3.4", "6443", false},
        {"10.0.0.0/33", "10.0.0.0", "6443", false},
        {"0.0.0.1", "10.0.0.1", "6443", false},
        {"fd00::/8", "[fd12::1]", "6443", true},
        {"[fd12::1]:6443", "[fd12::1]", "6443", true},
        {"fd12::1", "[fd12:0::1]", "6443", true},
        {"fe00::/8", "[fd12::1]", "6443", false},
        {":", "h", "443", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(kube_no_proxy(cases[i].list, cases[i].host, cases[i].port), cases[i].want);
}

static void test_addresses(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *server, *tls_name, *base, *place, *host;
    } cases[] = {
        {"https://h", NULL, "https://h:443", "https://h:443", NULL},
        {"https://h:6443/k8s/clusters/c-1/", NULL, "https://h:6443/k8s/clusters/c-1", "https://h:6443", NULL},
        {"https://[::1]:6443", "k.example", "https://k.example:6443", "https://[::1]:6443", "Host: [::1]:6443"},
        {"https://10.0.0.1", "k", "https://k:443", "https://10.0.0.1:443", "Host: 10.0.0.1"},
        {"http://h:1", "k", "http://h:1", "http://h:1", NULL},
        {"ftp://h", NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL},
        {"h:6443", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct kube_target target = f->target;
        target.server = (char *)cases[i].server;
        target.tls_server_name = (char *)cases[i].tls_name;
        struct kube_client *c = kube_client_new(f->loop, &target, &err);
        assert_int_equal(c != NULL, cases[i].base != NULL);
        if (!c) {
            assert_int_equal(err.code, ERROR_INPUT);
            continue;
        }
        assert_string_equal(c->base, cases[i].base);
        assert_string_equal(c->place, cases[i].place);
        assert_int_equal(c->host_header != NULL, cases[i].host != NULL);
        if (c->host_header)
            assert_string_equal(c->host_header, cases[i].host);
        kube_client_free(&c);
    }
}

int main(void)
{
    setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1); /* not for loopback */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_plain_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gzip_only_where_asked, setup, teardown),
        cmocka_unit_test(test_impersonation),
        cmocka_unit_test(test_token_is_not_logged),
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_nothing_was_sent),
        cmocka_unit_test_setup_teardown(test_repeats, setup, teardown),
        cmocka_unit_test(test_login_is_renewed_once),
        cmocka_unit_test_setup_teardown(test_a_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keepalive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel_from_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh_makes_new_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_proxy, setup, teardown),
        cmocka_unit_test(test_no_proxy),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
