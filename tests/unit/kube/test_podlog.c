#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include "fake_server.h"
#include "kube/podlog_private.h"

#define LOG "GET /api/v1/namespaces/orders/pods/p/log?container=c&timestamps=true"
#define T "2026-11-22T14:10:"
#define T_MS INT64_C(1795356600000)

static const struct podlog_times quick = {.resume_ms = 10, .resume_max_ms = 40};

struct scene {
    struct fixture f;
    struct podlog *log;
    struct str lines; /* "MS:text|" since T */
    int ends;
    enum podlog_end end;
    enum error_code code;
    bool running, free_at_line, free_at_end;
};

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len)
{
    struct scene *s = arg;
    str_addf(&s->lines, "%" PRId64 ":", at_ms ? at_ms - T_MS : -1);
    str_addn(&s->lines, line, len);
    str_addc(&s->lines, '|');
    if (s->free_at_line)
        podlog_free(&s->log);
}

static void on_end(void *arg, enum podlog_end end, const struct error *err)
{
    struct scene *s = arg;
    s->ends++;
    s->end = end;
    s->code = err->code;
    if (s->free_at_end)
        podlog_free(&s->log);
}

static bool is_running(void *arg) { return ((struct scene *)arg)->running; }

static void open_scene(struct scene *s)
{
    *s = (struct scene){0};
    fixture_open(&s->f);
    str_init(&s->lines, STR_LARGE);
}

static void expect(struct scene *s, const char *request, struct fake_rule rule)
{
    rule.request = request;
    fake_expect(s->f.server, &rule);
}

static void begin(struct scene *s, struct podlog_spec spec)
{
    spec.ns = "orders";
    spec.pod = "p";
    spec.container = "c";
    spec.on_line = on_line;
    spec.on_end = on_end;
    spec.is_running = is_running;
    spec.arg = s;
    s->log = podlog_start_with(s->f.client, &spec, &quick);
}

static void close_scene(struct scene *s)
{
    assert_int_equal(fake_unexpected(s->f.server), 0);
    podlog_free(&s->log);
    fixture_close(&s->f);
    str_done(&s->lines);
}

static void test_lines(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    expect(&s, LOG "&tailLines=7 ",
           (struct fake_rule){.body = T "00.5Z one\n" T "01.123456789Z\n" T "02Z  two \r\nno stamp\n\n"
                                      "2026-11-22T15:10:03+01:00 three\n" T "04Z without line feed"});
    begin(&s, (struct podlog_spec){.tail_lines = 7});
    UNTIL(s.f.loop, s.ends);
    assert_string_equal(s.lines.data,
                        "500:one|1123:|2000: two |2000:no stamp|2000:|3000:three|4000:without line feed|");
    assert_int_equal(s.end, PODLOG_EOF);
    assert_int_equal(s.code, ERROR_NONE);
    close_scene(&s);
}

static void test_lines_in_pieces(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    expect(&s, LOG "&follow=true ", (struct fake_rule){.how = FAKE_STREAM});
    begin(&s, (struct podlog_spec){.follow = true});
    UNTIL(s.f.loop, fake_is_open(s.f.server, LOG));
    static const char text[] = T "00Z ab\n" T "01Z cd\n";
    for (size_t i = 0; text[i]; i++) {
        fake_send_bytes(s.f.server, LOG, text + i, 1);
        loop_turn(s.f.loop, 1);
    }
    UNTIL(s.f.loop, str_same(s.lines.data, "0:ab|1000:cd|"));
    fake_end(s.f.server, LOG);
    UNTIL(s.f.loop, s.ends); /* the container has ended: so has the log */
    assert_int_equal(s.end, PODLOG_EOF);
    close_scene(&s);
}

/* After a cut and after an EOF while the container runs: on from the last second, nothing twice, nothing lost. */
static void test_going_on(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    expect(&s, LOG "&follow=true ", (struct fake_rule){.how = FAKE_STREAM,
           .body = T "00Z a\n" T "01.1Z b\n" T "01.2Z c\n" T "01.2Z c\n" T "01.9Z hal"});
    expect(&s, LOG "&follow=true&sinceTime=2026-11-22T14%3A10%3A01Z ",
           (struct fake_rule){.how = FAKE_STREAM, .times = 1,
           .body = T "01.1Z b\n" T "01.2Z c\n" T "01.2Z c\n" T "01.2Z c\n" T "01.9Z half\n"});
    expect(&s, LOG "&follow=true&sinceTime=2026-11-22T14%3A10%3A01Z ", (struct fake_rule){.http = 500, .times = 2});
    expect(&s, LOG "&follow=true&sinceTime=2026-11-22T14%3A10%3A01Z ", (struct fake_rule){.how = FAKE_STREAM,
           .body = T "01.1Z b\n" T "01.2Z c\n" T "01.2Z c\n" T "01.2Z c\n" T "01.9Z half\n" T "02Z a\n"});
    s.running = true;
    begin(&s, (struct podlog_spec){.follow = true});
    UNTIL(s.f.loop, str_same(s.lines.data, "0:a|1100:b|1200:c|1200:c|"));
    assert_true(fake_cut(s.f.server, LOG));
    UNTIL(s.f.loop, str_same(s.lines.data, "0:a|1100:b|1200:c|1200:c|1200:c|1900:half|"));
    assert_true(fake_end(s.f.server, LOG)); /* clean, but it runs: a rotated log, a restarted kubelet */
    UNTIL(s.f.loop, str_ends(s.lines.data, "2000:a|"));
    assert_string_equal(s.lines.data, "0:a|1100:b|1200:c|1200:c|1200:c|1900:half|2000:a|");
    assert_int_equal(s.ends, 0);
    s.running = false;
    fake_end(s.f.server, LOG);
    UNTIL(s.f.loop, s.ends);
    assert_int_equal(s.end, PODLOG_EOF);
    close_scene(&s);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        struct fake_rule rule;
        enum podlog_end end;
    } cases[] = {
        {{.http = 400, .body = "{\"kind\":\"Status\",\"code\":400,\"message\":\"container \\\"c\\\" in pod \\\"p\\\" "
                               "is waiting to start: ContainerCreating\"}"},
         PODLOG_WAITING},
        {{.http = 400, .body = "{\"kind\":\"Status\",\"code\":400,\"message\":\"container c is not valid for pod "
                               "p\"}"}, PODLOG_ERROR},
        {{.http = 404}, PODLOG_GONE},
        {{.http = 403}, PODLOG_ERROR},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s;
        open_scene(&s);
        expect(&s, LOG "&follow=true&previous=true ", cases[i].rule);
        s.running = true;
        begin(&s, (struct podlog_spec){.follow = true, .previous = true});
        UNTIL(s.f.loop, s.ends);
        assert_int_equal(s.end, cases[i].end);
        assert_int_not_equal(s.code, ERROR_NONE);
        SPIN(s.f.loop, 30);
        assert_int_equal(fake_count(s.f.server, LOG), 1);
        close_scene(&s);
    }
    /* Not followed: a cut is an error, told with what came. */
    struct scene s;
    open_scene(&s);
    expect(&s, LOG " ", (struct fake_rule){.how = FAKE_CUT_BODY, .body = T "00Z a\n" T "01Z b"});
    begin(&s, (struct podlog_spec){0});
    UNTIL(s.f.loop, s.ends);
    assert_int_equal(s.end, PODLOG_ERROR);
    assert_string_equal(s.lines.data, "0:a|1000:b|");
    close_scene(&s);
}

static void test_long_lines_and_much_of_them(void **state)
{
    (void)state;
    enum { LONG = 600 * 1024, MANY = 200000 };
    struct scene s;
    struct str body;
    open_scene(&s);
    str_init(&body, STR_LARGE);
    str_add(&body, T "00Z ");
    str_pad(&body, 'x', LONG);
    str_add(&body, "\n");
    for (int i = 0; i < MANY; i++)
        str_add(&body, T "01Z y\n");
    expect(&s, LOG " ", (struct fake_rule){.body = body.data});
    begin(&s, (struct podlog_spec){0});
    UNTIL(s.f.loop, s.ends);
    size_t first = strcspn(s.lines.data, "|");
    assert_int_equal(first, 2 + 256 * 1024 - strlen(T "00Z "));
    assert_int_equal(s.lines.len - first - 1, MANY * strlen("1000:y|"));
    str_done(&body);
    close_scene(&s);
}

static void test_free_from_callbacks(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene s;
        open_scene(&s);
        expect(&s, LOG " ", (struct fake_rule){.body = T "00Z a\n" T "01Z b"});
        s.free_at_line = i == 0;
        s.free_at_end = i == 1;
        begin(&s, (struct podlog_spec){0});
        if (i == 2)
            podlog_free(&s.log); /* before it began */
        else
            UNTIL(s.f.loop, !s.log);
        SPIN(s.f.loop, 20);
        assert_int_equal(s.ends, i == 1);
        close_scene(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_lines_in_pieces), cmocka_unit_test(test_going_on),
        cmocka_unit_test(test_ends),  cmocka_unit_test(test_long_lines_and_much_of_them),
        cmocka_unit_test(test_free_from_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
