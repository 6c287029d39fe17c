#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <brdeck/base/alloc.h>
#include "fake_server.h"
#include "kube/access_private.h"

#define SSAR "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews "

static const struct kube_access_query patch = {"patch", "br.pingcap.com", "backups", NULL, "orders"};
static const struct kube_access_query status = {"patch", "br.pingcap.com", "backups", "status", "orders"};
static const struct kube_access_query list = {"list", "br.pingcap.com", "backups", "", NULL};

struct scene {
    struct fixture f;
    struct kube_access *a;
    int changes, answers;
    enum kube_right right;
    enum error_code code;
    bool free_in_answer;
};

static void on_change(void *arg) { ((struct scene *)arg)->changes++; }

static void on_answer(void *arg, enum kube_right right, const struct error *err)
{
    struct scene *s = arg;
    s->answers++;
    s->right = right;
    s->code = err->code;
    if (s->free_in_answer)
        kube_access_free(&s->a);
}

static void open_scene(struct scene *s, int64_t keep_ms)
{
    *s = (struct scene){0};
    fixture_open(&s->f);
    s->a = keep_ms ? kube_access_new_with(s->f.client, on_change, s, keep_ms)
                   : kube_access_new(s->f.client, on_change, s);
}

static void expect(struct scene *s, struct fake_rule rule)
{
    rule.request = SSAR;
    fake_expect(s->f.server, &rule);
}

static void close_scene(struct scene *s)
{
    assert_int_equal(fake_unexpected(s->f.server), 0);
    kube_access_free(&s->a);
    fixture_close(&s->f);
}

static void test_asked_once_and_kept(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    expect(&s, (struct fake_rule){.has = "\"subresource\":\"status\"", .http = 201,
                                  .body = "{\"status\":{\"allowed\":false}}"});
    expect(&s, (struct fake_rule){.has = "\"verb\":\"list\"", .http = 201, .body = "{\"status\":{\"allowed\":true}}"});
    expect(&s, (struct fake_rule){.has = "\"namespace\":\"orders\"", .http = 201,
                                  .body = "{\"status\":{\"allowed\":true}}"});
    assert_int_equal(kube_access_check(s.a, &patch), KUBE_RIGHT_UNKNOWN);
    assert_int_equal(kube_access_check(s.a, &patch), KUBE_RIGHT_UNKNOWN);
    kube_access_ask(s.a, &patch, on_answer, &s); /* shares the request */
    kube_access_ask(s.a, &patch, on_answer, &s);
    UNTIL(s.f.loop, s.answers == 2);
    assert_int_equal(s.right, KUBE_RIGHT_YES);
    assert_int_equal(s.code, ERROR_NONE);
    assert_int_equal(s.changes, 1);
    assert_int_equal(kube_access_check(s.a, &patch), KUBE_RIGHT_YES);
    kube_access_ask(s.a, &patch, on_answer, &s);
    assert_int_equal(s.answers, 3); /* at once */
    assert_int_equal(fake_count(s.f.server, SSAR), 1);
    const char *sent = fake_request(s.f.server, SSAR, 0);
    assert_non_null(strstr(sent, "\"kind\":\"SelfSubjectAccessReview\""));
    assert_null(strstr(sent, "subresource"));
    /* Another subresource, another namespace: other questions. */
    kube_access_check(s.a, &status);
    kube_access_check(s.a, &list);
    UNTIL(s.f.loop, kube_access_check(s.a, &status) == KUBE_RIGHT_NO);
    UNTIL(s.f.loop, kube_access_check(s.a, &list) == KUBE_RIGHT_YES);
    assert_int_equal(fake_count(s.f.server, SSAR), 3);
    assert_null(strstr(fake_request(s.f.server, SSAR, 2), "\"namespace\""));
    assert_int_equal(s.changes, 3);
    close_scene(&s);
}

static void test_errors_are_unknown(void **state)
{
    (void)state;
    static const struct fake_rule answers[] = {
        {.http = 403}, {.http = 500}, {.how = FAKE_CUT_BODY}, {.http = 201, .body = "[]"},
        {.http = 201, .body = "{\"status\":{\"allowed\":\"yes\"}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct scene s;
        open_scene(&s, 0);
        expect(&s, answers[i]);
        kube_access_ask(s.a, &patch, on_answer, &s);
        UNTIL(s.f.loop, s.answers);
        assert_int_equal(s.right, KUBE_RIGHT_UNKNOWN);
        assert_int_not_equal(s.code, ERROR_NONE);
        assert_int_equal(s.changes, 0);
        assert_int_equal(kube_access_check(s.a, &patch), KUBE_RIGHT_UNKNOWN);
        assert_int_equal(fake_count(s.f.server, SSAR), 1); /* not asked at every look */
        close_scene(&s);
    }
}

/* Too old: what was known is shown while it is asked again. */
static void test_old_answers_are_asked_again(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 50);
    expect(&s, (struct fake_rule){.http = 201, .body = "{\"status\":{\"allowed\":true}}", .times = 1});
    expect(&s, (struct fake_rule){.http = 201, .body = "{\"status\":{\"allowed\":false}}"});
    kube_access_check(s.a, &patch);
    UNTIL(s.f.loop, s.changes == 1);
    SPIN(s.f.loop, 60);
    assert_int_equal(kube_access_check(s.a, &patch), KUBE_RIGHT_YES);
    UNTIL(s.f.loop, s.changes == 2);
    assert_int_equal(kube_access_check(s.a, &patch), KUBE_RIGHT_NO);
    close_scene(&s);
}

static void test_free_in_answer(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, 0);
    s.free_in_answer = true;
    expect(&s, (struct fake_rule){.http = 201, .body = "{\"status\":{\"allowed\":true}}"});
    kube_access_ask(s.a, &patch, on_answer, &s);
    kube_access_ask(s.a, &patch, on_answer, &s);
    kube_access_check(s.a, &list);
    UNTIL(s.f.loop, s.answers);
    SPIN(s.f.loop, 20);
    assert_int_equal(s.answers, 1);
    assert_int_equal(s.changes, 0);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_once_and_kept), cmocka_unit_test(test_errors_are_unknown),
        cmocka_unit_test(test_old_answers_are_asked_again), cmocka_unit_test(test_free_in_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
