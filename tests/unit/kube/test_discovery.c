#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>
#include <brdeck/kube/discovery.h>
#include "fake_server.h"

static const struct kube_resource v2 = {"br.pingcap.com", "v1alpha1", "backups", "Backup", true};
static const struct kube_resource v2_schedules = {"br.pingcap.com", "v1alpha1", "backupschedules", "BackupSchedule",
                                                  true};
static const struct kube_resource v1 = {"pingcap.com", "v1alpha1", "backups", "Backup", true};
static const struct kube_resource *const wanted[] = {&v2, &v2_schedules, &v1};

struct scene {
    struct fixture f;
    struct kube_discovery *d;
    int calls;
    bool free_in_call;
};

static void on_found(void *arg, const struct kube_discovery *d)
{
    struct scene *s = arg;
    s->calls++;
    assert_ptr_equal(d, s->d);
    if (s->free_in_call)
        kube_discovery_free(&s->d);
}

static void open_scene(struct scene *s)
{
    *s = (struct scene){0};
    fixture_open(&s->f);
}

static void expect(struct scene *s, const char *request, struct fake_rule rule)
{
    rule.request = request;
    fake_expect(s->f.server, &rule);
}

static void discover(struct scene *s)
{
    s->d = kube_discovery_start(s->f.client, wanted, ARRAY_LEN(wanted), on_found, s);
    UNTIL(s->f.loop, s->calls);
    assert_int_equal(s->calls, 1);
    assert_int_equal(fake_unexpected(s->f.server), 0);
}

static void close_scene(struct scene *s)
{
    kube_discovery_free(&s->d);
    fixture_close(&s->f);
}

#define V2 "GET /apis/br.pingcap.com/v1alpha1 "
#define V1 "GET /apis/pingcap.com/v1alpha1 "
#define LIST \
    "{\"kind\":\"APIResourceList\",\"resources\":[" \
    "{\"name\":\"backups/status\",\"kind\":\"Backup\",\"namespaced\":true}," \
    "{\"name\":\"backups\",\"kind\":\"Backup\",\"namespaced\":true}," \
    "{\"name\":\"backupschedules\",\"kind\":\"BackupSchedule\",\"namespaced\":true}," \
    "{\"name\":\"backupschedules/scale\"},{\"name\":\"nodes\",\"kind\":\"Node\"},{\"name\":7},null," \
    "{\"name\":\"backups\",\"kind\":\"Twice\"},{\"name\":\"none/status\"}]}"

static void test_both_groups(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    expect(&s, "GET /version ", (struct fake_rule){.body = "{\"gitVersion\":\"v1.35.4\"}"});
    expect(&s, "GET /api/v1/namespaces/kube-system ", (struct fake_rule){.body = "{\"metadata\":{\"uid\":\"u-1\"}}"});
    expect(&s, V2, (struct fake_rule){.body = LIST});
    expect(&s, V1, (struct fake_rule){.http = 404});
    discover(&s);
    assert_int_equal(fake_count(s.f.server, V2), 1); /* asked once for both kinds */
    assert_string_equal(kube_discovery_version(s.d), "v1.35.4");
    assert_string_equal(kube_discovery_cluster_uid(s.d), "u-1");
    assert_int_equal(kube_discovery_error(s.d)->code, ERROR_NONE);
    const struct kube_group *g = kube_discovery_group(s.d, "br.pingcap.com");
    assert_int_equal(g->presence, KUBE_PRESENT);
    assert_int_equal(g->count, 3);
    assert_true(kube_group_find(g, "backups")->has_status);
    assert_string_equal(kube_group_find(g, "backups")->kind, "Backup");
    assert_true(kube_group_find(g, "backups")->namespaced);
    assert_false(kube_group_find(g, "backupschedules")->has_status);
    assert_false(kube_group_find(g, "nodes")->namespaced);
    assert_null(kube_group_find(g, "restores"));
    assert_int_equal(kube_discovery_group(s.d, "pingcap.com")->presence, KUBE_ABSENT);
    assert_null(kube_discovery_group(s.d, "apps"));
    assert_null(kube_group_find(NULL, "x"));
    close_scene(&s);
}

/* Only 404 means that it is not there. */
static void test_what_is_not_known(void **state)
{
    (void)state;
    static const struct fake_rule answers[] = {
        {.http = 500}, {.http = 503}, {.http = 403}, {.how = FAKE_CUT_BODY}, {.body = "<html>"},
        {.body = "{\"kind\":\"Status\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct scene s;
        open_scene(&s);
        expect(&s, "GET /version ", (struct fake_rule){.body = "{}"});
        expect(&s, "GET /api/v1/namespaces/kube-system ", (struct fake_rule){.http = 403});
        expect(&s, V2, answers[i]);
        expect(&s, V1, (struct fake_rule){.body = LIST});
        discover(&s);
        const struct kube_group *g = kube_discovery_group(s.d, "br.pingcap.com");
        assert_int_equal(g->presence, KUBE_UNKNOWN);
        assert_int_not_equal(g->error.code, ERROR_NONE);
        assert_int_equal(kube_discovery_group(s.d, "pingcap.com")->presence, KUBE_PRESENT);
        assert_string_equal(kube_discovery_version(s.d), "");
        assert_string_equal(kube_discovery_cluster_uid(s.d), "");
        assert_int_equal(kube_discovery_error(s.d)->code, ERROR_NONE);
        close_scene(&s);
    }
}

static void test_no_server(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    s.free_in_call = true;
    fake_server_free(&s.f.server);
    s.d = kube_discovery_start(s.f.client, wanted, ARRAY_LEN(wanted), on_found, &s);
    UNTIL(s.f.loop, s.calls);
    assert_null(s.d); /* freed in its own callback */
    s.free_in_call = false;
    s.calls = 0;
    s.d = kube_discovery_start(s.f.client, wanted, ARRAY_LEN(wanted), on_found, &s);
    UNTIL(s.f.loop, s.calls);
    assert_int_equal(kube_discovery_error(s.d)->code, ERROR_NETWORK);
    assert_int_equal(kube_discovery_group(s.d, "pingcap.com")->presence, KUBE_UNKNOWN);
    close_scene(&s);
}

static void test_free_while_asking(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    expect(&s, "GET ", (struct fake_rule){.how = FAKE_HANG});
    s.d = kube_discovery_start(s.f.client, wanted, ARRAY_LEN(wanted), on_found, &s);
    UNTIL(s.f.loop, fake_count(s.f.server, "GET ") == 4);
    kube_discovery_free(&s.d);
    SPIN(s.f.loop, 20);
    assert_int_equal(s.calls, 0);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_groups), cmocka_unit_test(test_what_is_not_known), cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_free_while_asking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
