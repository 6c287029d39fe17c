#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>
#include "fake_server.h"
#include "kube/client_private.h"

/* A client whose target was read from a file that the test writes anew. */
struct world {
    struct fixture f;
    char path[64];
    struct kube_config *config;
    struct kube_target *target;
    struct kube_client *client;
    int changed, ends, http;
    enum error_code code;
    char error[512];
};

static void put(const struct world *w, const char *text)
{
    FILE *file = fopen(w->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static char *config_text(const char *server, const char *current, const char *more)
{
    return xasprintf("apiVersion: v1\nkind: Config\n"
                     "clusters: [{name: c, cluster: {server: '%s'}}, {name: d, cluster: {server: 'http://other:1'}}]\n"
                     "users: [{name: u, user: {%s}}]\n"
                     "contexts: [{name: x, context: {cluster: c, user: u}},\n"
                     "  {name: y, context: {cluster: d, user: u}}]\n"
                     "current-context: %s\n", server, more, current);
}

static void put_config(const struct world *w, const char *server, const char *current, const char *more)
{
    char *text = config_text(server, current, more);
    put(w, text);
    free(text);
}

static void on_changed(void *arg) { ((struct world *)arg)->changed++; }

static int open_world(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    struct error err = {0};
    fixture_open(&w->f);
    snprintf(w->path, sizeof w->path, "/tmp/brdeck-reread-XXXXXX");
    close(mkstemp(w->path));
    put_config(w, fake_server_url(w->f.server), "x", "");
    w->config = kube_config_load(w->path, &err);
    assert_non_null(w->config);
    w->target = kube_target_new(w->config, NULL, &err);
    assert_non_null(w->target);
    w->client = kube_client_new(w->f.loop, w->target, &err);
    w->client->second_ms = 10;
    kube_client_reread(w->client, w->path, NULL);
    kube_client_on_ended(w->client, on_changed, w);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    kube_client_free(&w->client);
    kube_target_free(&w->target);
    kube_config_free(&w->config);
    unlink(w->path);
    fixture_close(&w->f);
    free(w);
    return 0;
}

static void on_end(void *arg, const struct kube_response *response)
{
    struct world *w = arg;
    w->ends++;
    w->http = response->http;
    w->code = response->error.code;
    snprintf(w->error, sizeof w->error, "%s", response->error.text);
}

static void start(struct world *w, const char *method, const char *path)
{
    w->ends = 0;
    kube_request_start(w->client, &(struct kube_request_spec){.method = method, .path = path, .what = "x",
                                                              .stream = true, .on_end = on_end, .arg = w});
}

/* Rule 8: use-context elsewhere moves nothing; another server ends what is under way, and all that is asked later. */
static void test_another_server_ends_it(void **state)
{
    struct world *w = *state;
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /watch", .how = FAKE_STREAM, .body = "{}"});
    fake_expect(w->f.server, &(struct fake_rule){.request = "PATCH /", .how = FAKE_HANG});
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /other"});
    start(w, "GET", "/watch");
    UNTIL(w->f.loop, fake_count(w->f.server, "GET /watch") == 1);
    put_config(w, fake_server_url(w->f.server), "y", "");
    SPIN(w->f.loop, 1500);
    assert_int_equal(w->ends, 0);
    assert_int_equal(w->changed, 0);
    /* Half a file is no message. */
    put(w, "apiVersion: v1\nclusters: [{name: c, clus");
    SPIN(w->f.loop, 700);
    assert_int_equal(w->ends, 0);
    start(w, "PATCH", "/object");
    UNTIL(w->f.loop, fake_count(w->f.server, "PATCH /") == 1);

    put_config(w, "http://127.0.0.1:1", "x", "");
    UNTIL(w->f.loop, w->ends == 1); /* the watch; a write comes to its end */
    assert_int_equal(w->http, 0);
    assert_int_equal(w->code, ERROR_DENIED);
    assert_non_null(strstr(w->error, "names another server now (http://127.0.0.1:1"));
    assert_int_equal(w->changed, 1);
    assert_true(fake_is_open(w->f.server, "PATCH /"));
    start(w, "GET", "/other");
    UNTIL(w->f.loop, w->ends == 1);
    assert_int_equal(w->code, ERROR_DENIED);
    assert_int_equal(fake_count(w->f.server, "GET /other"), 0);

    put_config(w, fake_server_url(w->f.server), "x", "");
    UNTIL(w->f.loop, !kube_client_ended(w->client)->code);
    assert_int_equal(w->changed, 2);
    start(w, "GET", "/other");
    UNTIL(w->f.loop, w->ends == 1);
    assert_int_equal(w->http, 200);
}

/* A server that is named once and not again was a half-written file. */
static void test_a_moment_is_no_move(void **state)
{
    struct world *w = *state;
    put_config(w, "http://127.0.0.1:1", "x", "");
    UNTIL(w->f.loop, w->client->reread.doubted);
    put_config(w, fake_server_url(w->f.server), "x", "");
    UNTIL(w->f.loop, !w->client->reread.doubted);
    assert_int_equal(kube_client_ended(w->client)->code, ERROR_NONE);
    assert_int_equal(w->changed, 0);
}

/* A 401 has it read at once, and is repeated with what is there now. (Over plain HTTP the file gives no secret: the
 * login of the start is put in, and goes.) */
static void test_refused_login(void **state)
{
    struct world *w = *state;
    w->client->second_ms = 1000;
    w->target->identity.kind = KUBE_AUTH_TOKEN;
    w->target->identity.token = xstrdup("old-token");
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /a", .has = "old-token", .http = 401});
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /a", .body = "in"});
    start(w, "GET", "/a");
    UNTIL(w->f.loop, w->ends == 1);
    assert_int_equal(w->http, 200);
    assert_null(strstr(fake_request(w->f.server, "GET /a", 1), "Authorization"));
    /* Refused again, and the file says the same: that is final. */
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /b", .http = 401});
    start(w, "GET", "/b");
    UNTIL(w->f.loop, w->ends == 1);
    assert_int_equal(w->http, 401);
    assert_int_equal(fake_count(w->f.server, "GET /b"), 1);
}

/* Reads that wait on a link that is given up are sent again on a new one. */
static void test_reads_are_renewed(void **state)
{
    struct world *w = *state;
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /r", .how = FAKE_HANG, .times = 1});
    fake_expect(w->f.server, &(struct fake_rule){.request = "GET /r"});
    kube_request_start(w->client, &(struct kube_request_spec){.method = "GET", .path = "/r", .what = "x",
                                                              .on_end = on_end, .arg = w});
    UNTIL(w->f.loop, fake_count(w->f.server, "GET /r") == 1);
    kube_client_refresh(w->client);
    UNTIL(w->f.loop, w->ends == 1);
    assert_int_equal(w->http, 200);
    assert_int_equal(fake_connections(w->f.server), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_another_server_ends_it, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_a_moment_is_no_move, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_refused_login, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_reads_are_renewed, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
