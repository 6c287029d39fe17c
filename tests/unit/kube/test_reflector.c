#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/json.h>
#include "fake_server.h"
#include "kube/client_private.h"
#include "kube/reflector_private.h"

#define PATH "/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups?"
#define LIST "GET " PATH "limit="
#define WATCH "GET " PATH "watch="
#define CHECK "GET /version"

static const struct kube_resource backups = {"br.pingcap.com", "v1alpha1", "backups", "Backup", true};

/* Everything a hundred times faster, and small pages. */
static const struct reflector_times quick = {
    .backoff_ms = 20, .backoff_max_ms = 80, .denied_ms = 60, .silence_ms = 150, .check_ms = 100, .quiet_ms = 600,
    .live_ms = 400, .short_ms = 30, .steady_ms = 500, .first_page = 2, .next_page = 3,
};

struct scene {
    struct fixture f;
    struct reflector *r;
    struct str log;       /* "L" a list, "+name", "-name", "E" its end */
    int states, states_in_turn, most_in_turn;
    char free_at;         /* free the reflector at this mark */
    int64_t burn_us;      /* an object takes so long */
    size_t objects;
};

static void mark(struct scene *s, char what, const char *text, size_t len)
{
    struct json *object = text ? json_parse(text, len, NULL) : NULL;
    const char *name = json_text(json_at(object, "metadata", "name", NULL));
    assert_true(!text || object);
    str_addf(&s->log, "%c%s ", what, name ? name : "");
    json_free(&object);
    if (s->free_at == what)
        reflector_free(&s->r);
}

static void on_object(void *arg, const char *text, size_t len)
{
    struct scene *s = arg;
    s->objects++;
    if (s->burn_us) {
        int64_t until = clock_mono_us() + s->burn_us;
        while (clock_mono_us() < until)
            continue;
    } else {
        mark(s, '+', text, len);
    }
}

static void on_delete(void *arg, const char *text, size_t len) { mark(arg, '-', text, len); }

static void on_list(void *arg) { mark(arg, 'L', NULL, 0); }

static void on_listed(void *arg) { mark(arg, 'E', NULL, 0); }

static void on_state(void *arg, const struct reflector_state *state)
{
    struct scene *s = arg;
    (void)state;
    s->states++;
    if (++s->states_in_turn > s->most_in_turn)
        s->most_in_turn = s->states_in_turn;
    if (s->free_at == 'S')
        reflector_free(&s->r);
}

static void on_turn(void *arg) { ((struct scene *)arg)->states_in_turn = 0; }

static struct scene *open_scene(void)
{
    struct scene *s = xcalloc(1, sizeof *s);
    fixture_open(&s->f);
    str_init(&s->log, STR_LARGE);
    loop_on_turn(s->f.loop, on_turn, s);
    return s;
}

static void begin(struct scene *s)
{
    s->r = reflector_new_with(
        &(struct reflector_spec){.client = s->f.client, .resource = backups, .ns = "orders", .on_object = on_object,
                                 .on_delete = on_delete, .on_list = on_list, .on_listed = on_listed,
                                 .on_state = on_state, .arg = s},
        &quick);
}

static void close_scene(struct scene *s)
{
    assert_int_equal(fake_unexpected(s->f.server), 0);
    assert_in_range(s->most_in_turn, 0, 1);
    reflector_free(&s->r);
    fixture_close(&s->f);
    str_done(&s->log);
    free(s);
}

static void expect(struct scene *s, const char *request, struct fake_rule rule)
{
    rule.request = request;
    fake_expect(s->f.server, &rule);
}

static enum reflector_phase phase(const struct scene *s) { return reflector_state(s->r)->phase; }

/* Members in the order of a custom resource's list: what tells how it goes on comes last. */
#define ITEM(name) "{\"metadata\":{\"name\":\"" name "\"}}"
#define PAGE(items, version, more) \
    "{\"apiVersion\":\"v1\",\"items\":[" items "],\"kind\":\"L\",\"metadata\":{" more \
    "\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}}\n"
#define BOOKMARK(version) \
    "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Backup\",\"metadata\":{\"resourceVersion\":\"" version "\"}}}\n"
#define ERROR_EVENT(code) \
    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"told so\",\"code\":" code "}}\n"

/* -- the way it goes ------------------------------------------------------------------ */

static void test_pages_then_watch(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST "2 ", (struct fake_rule){.body = PAGE(ITEM("a") "," ITEM("b"), "10",
                                                         "\"continue\":\"t/1\",\"remainingItemCount\":1,")});
    expect(s, LIST "3&continue=t%2F1 ", (struct fake_rule){.body = PAGE(ITEM("c"), "10", "")});
    expect(s, WATCH "1&resourceVersion=10&allowWatchBookmarks=true&timeoutSeconds=",
           (struct fake_rule){.how = FAKE_STREAM});
    expect(s, WATCH "1&resourceVersion=99&", (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    assert_int_equal(phase(s), REFLECTOR_CONNECTING);
    assert_false(reflector_is_live(s->r));
    UNTIL(s->f.loop, fake_is_open(s->f.server, WATCH));
    assert_string_equal(s->log.data, "L +a +b +c E ");
    assert_true(reflector_state(s->r)->listed);
    assert_int_equal(reflector_state(s->r)->total, 3);
    assert_int_equal(phase(s), REFLECTOR_WATCHING);
    assert_true(reflector_is_live(s->r));

    const char *list = fake_request(s->f.server, LIST, 0), *watch = fake_request(s->f.server, WATCH, 0);
    assert_null(strstr(list, "resourceVersion"));
    assert_non_null(strstr(list, "Accept-Encoding: gzip"));
    assert_null(strstr(watch, "Accept-Encoding"));
    assert_in_range(atoi(strstr(watch, "timeoutSeconds=") + 15), 300, 600);

    str_clear(&s->log);
    fake_send(s->f.server, WATCH, EVENT("ADDED", "d", "11") EVENT("MODIFIED", "a", "12"));
    fake_send(s->f.server, WATCH,
              EVENT("DELETED", "b", "13") "{\"type\":\"NOVEL\",\"object\":{}}\n{\"object\":{\"metadata\":");
    fake_send(s->f.server, WATCH, "{\"resourceVersion\":\"99\",\"name\":\"e\"}},\"type\":\"ADDED\"}\n");
    UNTIL(s->f.loop, str_ends(s->log.data, "+e "));
    assert_string_equal(s->log.data, "+d +a -b +e ");
    /* A clean close goes on at once, from where it was. */
    fake_end(s->f.server, WATCH);
    UNTIL(s->f.loop, fake_count(s->f.server, WATCH "1&resourceVersion=99&") == 1);
    UNTIL(s->f.loop, fake_is_open(s->f.server, WATCH));
    assert_int_equal(fake_count(s->f.server, LIST), 2);
    assert_int_equal(phase(s), REFLECTOR_WATCHING);
    close_scene(s);
}

static void test_bookmark_is_followed(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.body = PAGE("", "10", "")});
    expect(s, WATCH "1&resourceVersion=10&", (struct fake_rule){.how = FAKE_STREAM, .body = BOOKMARK("20")});
    expect(s, WATCH "1&resourceVersion=20&", (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    UNTIL(s->f.loop, s->r->version && str_same(s->r->version, "20"));
    fake_cut(s->f.server, WATCH); /* in the middle of things: not cleanly */
    UNTIL(s->f.loop, fake_count(s->f.server, WATCH "1&resourceVersion=20&") == 1);
    assert_string_equal(s->log.data, "L E ");
    close_scene(s);
}

static void test_selectors_and_all_namespaces(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    const char *path = "GET /apis/br.pingcap.com/v1alpha1/backups?limit=2&labelSelector=a%3Db&fieldSelector=c%3Dd ";
    expect(s, path, (struct fake_rule){.body = PAGE("", "1", "")});
    expect(s, "GET /apis/br.pingcap.com/v1alpha1/backups?watch=1",
           (struct fake_rule){.has = "&labelSelector=a%3Db&fieldSelector=c%3Dd ",
                                                                                     .how = FAKE_STREAM});
    s->r = reflector_new_with(&(struct reflector_spec){.client = s->f.client, .resource = backups,
                                                       .label_selector = "a=b",
                                                       .field_selector = "c=d"}, &quick);
    UNTIL(s->f.loop, fake_is_open(s->f.server, "GET /apis/br.pingcap.com/v1alpha1/backups?watch=1"));
    close_scene(s);
}

/* -- lists that fail --------------------------------------------------------------------- */

static void list_again_after(int http)
{
    struct scene *s = open_scene();
    expect(s, LIST "2 ", (struct fake_rule){.body = PAGE(ITEM("a"), "10", "\"continue\":\"old\","), .times = 1});
    expect(s, LIST "3&continue=old ", (struct fake_rule){.http = http, .times = 1});
    expect(s, LIST "2 ", (struct fake_rule){.body = PAGE(ITEM("a") "," ITEM("b"), "20", "")});
    expect(s, WATCH "1&resourceVersion=20&", (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    s->r->times.backoff_ms = s->r->times.backoff_max_ms = 60 * 1000; /* at once */
    UNTIL(s->f.loop, fake_is_open(s->f.server, WATCH));
    assert_string_equal(s->log.data, "L +a L +a +b E "); /* no E in between: rows stay */
    close_scene(s);
}

static void test_token_expires_once(void **state)
{
    (void)state;
    list_again_after(410);
    list_again_after(504); /* "Too large resource version" */
}

static void test_token_expires_for_ever(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST "2 ", (struct fake_rule){.body = PAGE(ITEM("a"), "10", "\"continue\":\"old\",")});
    expect(s, LIST "3&continue=old ", (struct fake_rule){.http = 410});
    begin(s);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_RECONNECTING);
    assert_int_equal(fake_count(s->f.server, LIST "2 "), 2);
    assert_false(reflector_state(s->r)->listed);
    assert_null(strchr(s->log.data, 'E'));
    close_scene(s);
}

static const struct {
    const char *name;
    struct fake_rule rule;
    enum reflector_phase phase;
    const char *sentence;
} refusals[] = {
    {"no right", {.http = 403}, REFLECTOR_DENIED, "list backups in orders: HTTP 403: Forbidden; ask for this right"},
    {"no login", {.http = 401}, REFLECTOR_DENIED, "the server does not accept this login"},
    {"no kind", {.http = 404}, REFLECTOR_MISSING, "not found"},
    {"500", {.http = 500}, REFLECTOR_RECONNECTING, "internal error"},
    {"504", {.http = 504, .body = "{\"kind\":\"Status\",\"message\":\"Too large resource version: 1\",\"code\":504}"},
     REFLECTOR_RECONNECTING, "Too large resource version"},
    {"cut", {.how = FAKE_CUT}, REFLECTOR_RECONNECTING, "without an answer"},
    {"half", {.how = FAKE_CUT_BODY, .body = "{\"items\":[" ITEM("a")}, REFLECTOR_RECONNECTING, "broke off"},
    {"html", {.body = "<html>log in here</html>"}, REFLECTOR_RECONNECTING,
     "list backups in orders: the answer is no JSON list: '<'"},
    {"no list", {.body = "{\"kind\":\"APIVersions\"}"}, REFLECTOR_RECONNECTING, "no resourceVersion"},
    {"not whole", {.body = "{\"items\":[" ITEM("a") "]"}, REFLECTOR_RECONNECTING, "broke off"},
};

static void test_refused_lists_are_tried_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct scene *s = open_scene();
        struct fake_rule rule = refusals[i].rule;
        rule.times = 2;
        expect(s, LIST, rule);
        expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("z"), "1", "")});
        expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM});
        begin(s);
        UNTIL(s->f.loop, phase(s) == refusals[i].phase);
        if (!strstr(reflector_state(s->r)->error.text, refusals[i].sentence))
            fail_msg("%s: %s", refusals[i].name, reflector_state(s->r)->error.text);
        assert_false(reflector_is_live(s->r));
        assert_in_range(reflector_state(s->r)->next_try_ms - clock_mono_ms(), 0, 80);
        UNTIL(s->f.loop, phase(s) == REFLECTOR_WATCHING);
        assert_int_equal(reflector_state(s->r)->error.code, ERROR_NONE);
        assert_int_equal(fake_count(s->f.server, LIST), 3);
        assert_true(str_ends(s->log.data, "L +z E "));
        close_scene(s);
    }
}

static void test_retry_after_and_the_users_key(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.http = 429, .headers = "Retry-After: 7\r\n", .times = 1});
    expect(s, LIST, (struct fake_rule){.body = PAGE("", "1", "")});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_RECONNECTING);
    assert_in_range(reflector_state(s->r)->next_try_ms - clock_mono_ms(), 6000, 7000);
    reflector_retry(s->r);
    UNTIL(s->f.loop, fake_is_open(s->f.server, WATCH));
    close_scene(s);
}

/* 20, 40, 80, 80... each less up to its half. */
static void test_backoff_grows_to_its_limit(void **state)
{
    (void)state;
    static const int64_t longest[] = {20, 40, 80, 80, 80};
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.http = 500});
    begin(s);
    for (size_t i = 0; i < ARRAY_LEN(longest); i++) {
        UNTIL(s->f.loop, fake_count(s->f.server, LIST) == i + 1 && s->r->failures == i + 1);
        int64_t wait = reflector_state(s->r)->next_try_ms - clock_mono_ms();
        assert_true(wait <= longest[i] && wait >= longest[i] / 2 - 15);
    }
    close_scene(s);
}

/* -- watches that fail --------------------------------------------------------------------- */

static void test_expired_watch_lists_at_once(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("a"), "10", ""), .times = 1});
    expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("b"), "20", "")});
    expect(s, WATCH "1&resourceVersion=10&", (struct fake_rule){.how = FAKE_STREAM, .body = ERROR_EVENT("410")});
    expect(s, WATCH "1&resourceVersion=20&", (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    UNTIL(s->f.loop, fake_count(s->f.server, WATCH "1&resourceVersion=20&"));
    assert_string_equal(s->log.data, "L +a E L +b E ");
    assert_int_equal(phase(s), REFLECTOR_WATCHING);
    close_scene(s);
}

/* A server whose every watch has expired is not listed without end. */
/* A server that was away comes back with its memory gone, and knows no rights for a moment: neither waits for what was
 * added up while it was away. */
static void test_a_server_that_comes_back(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("a"), "10", ""), .times = 1});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM, .body = "", .times = 1});
    expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("b"), "20", ""), .times = 1});
    expect(s, WATCH, (struct fake_rule){.http = 403, .times = 1});
    expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("c"), "30", "")});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM, .body = ""});
    begin(s);
    UNTIL(s->f.loop, fake_is_open(s->f.server, WATCH));
    s->r->failures = 12;
    s->r->times.backoff_ms = s->r->times.backoff_max_ms = s->r->times.denied_ms = 60 * 1000;
    assert_true(fake_send(s->f.server, WATCH, ERROR_EVENT("410")));
    UNTIL(s->f.loop, strstr(s->log.data, "+b E"));
    s->r->times.backoff_ms = 20;
    UNTIL(s->f.loop, strcmp(s->log.data, "L +a E L +b E L +c E ") == 0);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_WATCHING);
    close_scene(s);
}

static void test_expired_for_ever_backs_off(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.body = PAGE("", "10", "")});
    expect(s, WATCH, (struct fake_rule){.http = 410});
    begin(s);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_RECONNECTING);
    assert_int_equal(fake_count(s->f.server, LIST), 2);
    SPIN(s->f.loop, 300);
    assert_in_range(fake_count(s->f.server, LIST), 3, 14);
    close_scene(s);
}

static const struct {
    const char *name;
    struct fake_rule rule;
    bool lists; /* again; else it goes on watching from where it was */
    enum reflector_phase phase;
} watch_ends[] = {
    {"ERROR 500", {.how = FAKE_STREAM, .body = ERROR_EVENT("500")}, false, REFLECTOR_RECONNECTING},
    {"ERROR 429", {.how = FAKE_STREAM, .body = ERROR_EVENT("429")}, false, REFLECTOR_RECONNECTING},
    {"ERROR of no code", {.how = FAKE_STREAM, .body = "{\"type\":\"ERROR\",\"object\":{}}"}, false,
     REFLECTOR_RECONNECTING},
    {"ERROR 504", {.how = FAKE_STREAM, .body = ERROR_EVENT("504")}, true, REFLECTOR_RECONNECTING},
    {"HTTP 503", {.http = 503}, false, REFLECTOR_RECONNECTING},
    {"HTTP 400", {.http = 400}, true, REFLECTOR_RECONNECTING},
    {"HTTP 403", {.http = 403}, true, REFLECTOR_DENIED},
    {"HTTP 404", {.http = 404}, true, REFLECTOR_MISSING},
    {"cut", {.how = FAKE_CUT_BODY}, false, REFLECTOR_RECONNECTING},
    {"closed at once", {.body = ""}, false, REFLECTOR_RECONNECTING},
    {"no event", {.body = "{}\n"}, false, REFLECTOR_RECONNECTING},
    {"no JSON", {.body = "oops"}, false, REFLECTOR_RECONNECTING},
};

static void test_watches_that_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(watch_ends); i++) {
        struct scene *s = open_scene();
        struct fake_rule rule = watch_ends[i].rule;
        rule.times = 1;
        expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("a"), "10", "")});
        expect(s, WATCH "1&resourceVersion=10&", rule);
        expect(s, WATCH "1&resourceVersion=10&", (struct fake_rule){.how = FAKE_STREAM});
        begin(s);
        UNTIL(s->f.loop, phase(s) == watch_ends[i].phase);
        assert_int_not_equal(reflector_state(s->r)->error.code, ERROR_NONE);
        assert_true(reflector_state(s->r)->listed);
        UNTIL(s->f.loop, phase(s) == REFLECTOR_WATCHING && fake_is_open(s->f.server, WATCH));
        if (fake_count(s->f.server, LIST) != (watch_ends[i].lists ? 2 : 1))
            fail_msg("%s: %zu lists", watch_ends[i].name, fake_count(s->f.server, LIST));
        assert_int_equal(fake_count(s->f.server, WATCH), 2);
        assert_int_equal(reflector_state(s->r)->error.code, ERROR_NONE);
        close_scene(s);
    }
}

/* -- silence ----------------------------------------------------------------------------------- */

static void test_silence_is_checked(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.body = PAGE("", "10", "")});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM});
    expect(s, CHECK, (struct fake_rule){.http = 401, .times = 2}); /* any answer counts */
    expect(s, CHECK, (struct fake_rule){.how = FAKE_HANG});
    begin(s);
    UNTIL(s->f.loop, fake_count(s->f.server, CHECK) == 2);
    assert_int_equal(phase(s), REFLECTOR_WATCHING);
    assert_true(reflector_is_live(s->r));
    assert_int_equal(fake_count(s->f.server, WATCH), 1);
    size_t connections = fake_connections(s->f.server);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_RECONNECTING);
    assert_non_null(strstr(reflector_state(s->r)->error.text, "the link is dead"));
    UNTIL(s->f.loop, fake_count(s->f.server, WATCH) == 2);
    assert_true(fake_connections(s->f.server) > connections);
    assert_int_equal(fake_count(s->f.server, LIST), 1);
    assert_int_equal(s->f.client->epoch, 1);
    close_scene(s);
}

/* However many watches are silent on one client: one question, and one answer for all. */
static void test_one_question_for_all(void **state)
{
    (void)state;
    enum { MANY = 5, ROUNDS = 3 };
    static const char *const spaces[MANY] = {"n0", "n1", "n2", "n3", "n4"};
    struct reflector_times times = quick;
    times.quiet_ms = 60 * 1000;
    struct scene *s = open_scene();
    struct reflector *all[MANY];
    expect(s, "GET /apis/br.pingcap.com/v1alpha1/namespaces/n", (struct fake_rule){.has = "?limit",
                                                                                  .body = PAGE("", "10", "")});
    expect(s, "GET /apis/br.pingcap.com/v1alpha1/namespaces/n", (struct fake_rule){.has = "?watch",
                                                                                  .how = FAKE_STREAM});
    expect(s, CHECK, (struct fake_rule){.times = ROUNDS});
    expect(s, CHECK, (struct fake_rule){.how = FAKE_HANG});
    for (size_t i = 0; i < MANY; i++)
        all[i] = reflector_new_with(&(struct reflector_spec){.client = s->f.client, .resource = backups,
                                                             .ns = spaces[i]}, &times);
    UNTIL(s->f.loop, fake_count(s->f.server, CHECK) == ROUNDS);
    for (size_t i = 0; i < MANY; i++)
        assert_true(reflector_is_live(all[i])); /* four of them by what another one heard */
    int64_t until = clock_mono_ms() + 60 * 1000;
    for (size_t dead = 0; dead < MANY;) {
        assert_true(clock_mono_ms() < until);
        dead = 0;
        loop_turn(s->f.loop, 10);
        for (size_t i = 0; i < MANY; i++)
            dead += reflector_state(all[i])->error.code == ERROR_NETWORK;
        assert_true(fake_count(s->f.server, CHECK) <= ROUNDS + 1);
        if (fake_count(s->f.server, CHECK) == ROUNDS + 1 && dead > 0)
            assert_int_equal(dead, MANY); /* all in one turn */
    }
    assert_int_equal(s->f.client->epoch, 1);
    for (size_t i = 0; i < MANY; i++)
        reflector_free(&all[i]);
    close_scene(s);
}

static void test_silent_list_is_checked(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.how = FAKE_HANG, .times = 1});
    expect(s, LIST, (struct fake_rule){.body = PAGE("", "10", "")});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM});
    expect(s, CHECK, (struct fake_rule){.how = FAKE_HANG});
    begin(s);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_RECONNECTING);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_WATCHING);
    close_scene(s);
}

static void test_quiet_watch_is_started_again(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST, (struct fake_rule){.body = PAGE("", "10", "")});
    expect(s, WATCH "1&resourceVersion=10&", (struct fake_rule){.how = FAKE_STREAM});
    expect(s, CHECK, (struct fake_rule){0});
    begin(s);
    int64_t since = clock_mono_ms();
    UNTIL(s->f.loop, fake_count(s->f.server, WATCH) == 2);
    assert_in_range(clock_mono_ms() - since, 600, 5000);
    assert_int_equal(phase(s), REFLECTOR_WATCHING);
    assert_int_equal(fake_count(s->f.server, LIST), 1);
    close_scene(s);
}

/* -- load, and leaving -------------------------------------------------------------------------- */

static void test_large_list_waits_for_a_slow_owner(void **state)
{
    (void)state;
    enum { OBJECTS = 5000, SIZE = 8000 };
    struct scene *s = open_scene();
    struct str body;
    str_init(&body, 2 * STR_LARGE);
    str_add(&body, "{\"items\":[");
    for (int i = 0; i < OBJECTS; i++) {
        str_addf(&body, "%s{\"metadata\":{\"name\":\"n%d\"},\"x\":\"", i ? "," : "", i);
        str_pad(&body, 'x', SIZE);
        str_add(&body, "\"}");
    }
    str_add(&body, "],\"metadata\":{\"resourceVersion\":\"10\"}}");
    assert_true(body.len > 2 * INBOX_PAUSE);
    s->burn_us = 200;
    expect(s, LIST, (struct fake_rule){.body = body.data});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    size_t most = 0;
    int64_t until = clock_mono_ms() + 60 * 1000;
    while (!fake_is_open(s->f.server, WATCH) && clock_mono_ms() < until) {
        loop_turn(s->f.loop, 10);
        if (s->r->now && !s->r->now->is_watch && splitter_waiting(&s->r->now->splitter) > most)
            most = splitter_waiting(&s->r->now->splitter);
    }
    assert_int_equal(s->objects, OBJECTS);
    /* It was stopped there, give or take what was handed on in that turn. */
    assert_in_range(most, INBOX_PAUSE / 2, INBOX_PAUSE + 4 * 1024 * 1024);
    str_done(&body);
    close_scene(s);
}

/* One object may be larger than what may wait unread; in a list and in a watch. */
static void test_an_object_larger_than_the_pause(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    size_t len = 3 * (size_t)INBOX_PAUSE;
    char *pad = xcalloc(len + 1, 1);
    memset(pad, 'x', len);
    char *list = xasprintf("{\"items\":[" ITEM("a") ",{\"metadata\":{\"name\":\"b\"},\"x\":\"%s\"}],\"metadata\":{"
                           "\"resourceVersion\":\"5\"}}", pad);
    char *event = xasprintf("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"6\"},"
                            "\"x\":\"%s\"}}\n", pad);
    expect(s, LIST, (struct fake_rule){.body = list});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM, .body = event});
    begin(s);
    UNTIL(s->f.loop, strcmp(s->log.data, "L +a +b E +c ") == 0);
    free(pad);
    free(list);
    free(event);
    close_scene(s);
}

/* While a slow owner takes the first page, the second is asked for already. */
static void test_next_page_is_asked_ahead(void **state)
{
    (void)state;
    enum { OBJECTS = 200 };
    struct scene *s = open_scene();
    struct str body;
    str_init(&body, STR_LARGE);
    str_add(&body, "{\"items\":[");
    for (int i = 0; i < OBJECTS; i++)
        str_addf(&body, "%s" ITEM("n%d"), i ? "," : "", i);
    str_add(&body, "],\"metadata\":{\"continue\":\"t\",\"resourceVersion\":\"10\"}}");
    s->burn_us = 1000;
    expect(s, LIST "2 ", (struct fake_rule){.body = body.data});
    expect(s, LIST "3&continue=t ", (struct fake_rule){.body = PAGE(ITEM("z"), "10", "")});
    expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM});
    begin(s);
    UNTIL(s->f.loop, fake_count(s->f.server, LIST "3&continue=t ") == 1);
    assert_in_range(s->objects, OBJECTS / 2, OBJECTS - 1);
    UNTIL(s->f.loop, fake_is_open(s->f.server, WATCH));
    assert_int_equal(s->objects, OBJECTS + 1);
    str_done(&body);
    close_scene(s);
}

static void test_once(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    expect(s, LIST "2 ", (struct fake_rule){.http = 500, .times = 1});
    expect(s, LIST "2 ", (struct fake_rule){.body = PAGE(ITEM("a"), "10", "")});
    s->r = reflector_new_with(&(struct reflector_spec){.client = s->f.client, .resource = backups, .ns = "orders",
                                                       .once = true,
                                                       .on_object = on_object, .on_list = on_list,
                                                       .on_listed = on_listed, .arg = s}, &quick);
    UNTIL(s->f.loop, phase(s) == REFLECTOR_LISTED);
    SPIN(s->f.loop, 200); /* no watch, no check of the link */
    assert_string_equal(s->log.data, "L L +a E ");
    assert_int_equal(fake_count(s->f.server, ""), 2);
    close_scene(s);
}

static void test_free_from_every_callback(void **state)
{
    (void)state;
    static const char marks[] = "L+E-S";
    for (size_t i = 0; marks[i]; i++) {
        struct scene *s = open_scene();
        expect(s, LIST, (struct fake_rule){.body = PAGE(ITEM("a") "," ITEM("b"), "10", "")});
        expect(s, WATCH, (struct fake_rule){.how = FAKE_STREAM, .body = EVENT("DELETED", "a", "11") EVENT("DELETED",
                                                                                                          "b", "12")});
        s->free_at = marks[i];
        begin(s);
        UNTIL(s->f.loop, !s->r);
        size_t len = s->log.len;
        int states = s->states;
        SPIN(s->f.loop, 50);
        assert_int_equal(s->log.len, len); /* and silence after it */
        assert_int_equal(s->states, states);
        close_scene(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_then_watch),
        cmocka_unit_test(test_bookmark_is_followed),
        cmocka_unit_test(test_selectors_and_all_namespaces),
        cmocka_unit_test(test_token_expires_once),
        cmocka_unit_test(test_token_expires_for_ever),
        cmocka_unit_test(test_refused_lists_are_tried_again),
        cmocka_unit_test(test_retry_after_and_the_users_key),
        cmocka_unit_test(test_backoff_grows_to_its_limit),
        cmocka_unit_test(test_expired_watch_lists_at_once),
        cmocka_unit_test(test_a_server_that_comes_back),
        cmocka_unit_test(test_expired_for_ever_backs_off),
        cmocka_unit_test(test_watches_that_end),
        cmocka_unit_test(test_silence_is_checked),
        cmocka_unit_test(test_one_question_for_all),
        cmocka_unit_test(test_silent_list_is_checked),
        cmocka_unit_test(test_quiet_watch_is_started_again),
        cmocka_unit_test(test_large_list_waits_for_a_slow_owner),
        cmocka_unit_test(test_an_object_larger_than_the_pause),
        cmocka_unit_test(test_next_page_is_asked_ahead),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_free_from_every_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
