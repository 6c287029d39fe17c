/* The log of a Backup's Job: which Pod's, across its states, kept and read again. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>

#include "br/log_private.h"
#include "br_fixture.h"

#define JOBS "GET /apis/batch/v1/namespaces/orders/jobs?"
#define PODS "GET /api/v1/namespaces/orders/pods?"
#define LOG "GET /api/v1/namespaces/orders/pods/p1/log?"
#define T "2026-11-22T14:10:"

struct scene {
    struct bed *bed;
    struct br_log *log;
    struct str lines; /* "text|" */
    bool free_at_phase;
};

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len)
{
    struct scene *s = arg;
    (void)at_ms;
    str_addn(&s->lines, line, len);
    str_addc(&s->lines, '|');
}

static void on_phase(void *arg)
{
    struct scene *s = arg;
    if (s->free_at_phase)
        br_log_free(&s->log);
}

static void begin(struct scene *s, struct bed *bed, struct br_log_spec spec)
{
    *s = (struct scene){.bed = bed};
    str_init(&s->lines, STR_LARGE);
    spec.ns = "orders";
    spec.name = "log-orders";
    spec.on_line = on_line;
    spec.on_phase = on_phase;
    spec.arg = s;
    s->log = br_log_new(bed->br, &spec);
}

static void done(struct scene *s)
{
    assert_int_equal(fake_unexpected(s->bed->f.server), 0);
    br_log_free(&s->log);
    str_done(&s->lines);
}

/* -- what the server has --------------------------------------------------------------------- */

static char *job_text(struct bed *bed, const char *name, const char *uid, const char *created, const char *owner)
{
    return bed_keep(bed, xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"orders\",\"uid\":\"%s\","
                                   "\"creationTimestamp\":\"" T "%sZ\",\"ownerReferences\":[{\"kind\":\"Backup\","
                                   "\"name\":\"log-orders\",\"uid\":\"%s\",\"controller\":true}]}}", name, uid, created,
                                   owner));
}

static char *pod_text(struct bed *bed, const char *name, const char *created, const char *statuses)
{
    return bed_keep(bed, xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"orders\",\"uid\":\"uid-%s\","
                                   "\"creationTimestamp\":\"" T "%sZ\"},\"spec\":{\"initContainers\":[{\"name\":\"br\"}],"
                                   "\"containers\":[{\"name\":\"backup\"}]},\"status\":{%s}}", name, name, created,
                                   statuses));
}

#define READY "\"initContainerStatuses\":[{\"name\":\"br\",\"state\":{\"terminated\":{\"exitCode\":0}}}],"
#define RUNNING READY "\"containerStatuses\":[{\"name\":\"backup\",\"state\":{\"running\":{}}}]"
#define ENDED READY "\"containerStatuses\":[{\"name\":\"backup\",\"state\":{\"terminated\":{\"exitCode\":1," \
    "\"reason\":\"Error\",\"finishedAt\":\"" T "50Z\"}}}]"

static void usual(struct bed *bed, const char *statuses)
{
    backup_put(bed, &running);
    expect_list(bed, JOBS, job_text(bed, "job-1", "j1", "10", "uid-1"));
    expect_list(bed, PODS, pod_text(bed, "p1", "11", statuses));
}

/* -- tests --------------------------------------------------------------------------------------- */

/* The newest Job that is this Backup's, its newest Pod. */
static void it_finds_the_newest(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    backup_put(bed, &running);
    char *jobs = xasprintf("%s,%s,%s", job_text(bed, "job-1", "j1", "10", "uid-1"),
                           job_text(bed, "job-2", "j2", "20", "uid-1"), job_text(bed, "job-old", "j3", "30", "uid-0"));
    char *pods = xasprintf("%s,%s", pod_text(bed, "p1", "22", ENDED), pod_text(bed, "p0", "21", ENDED));
    expect_list(bed, JOBS, jobs);
    expect_rule(bed, PODS "limit=500&labelSelector=job-name%3Djob-2 ", (struct fake_rule){
        .body = bed_keep(bed, xasprintf("{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[%s]}", pods))});
    expect_rule(bed, LOG "container=backup&timestamps=true&tailLines=2 ", (struct fake_rule){
        .body = T "12Z [2026/11/22 14:10:12.000 +00:00] [ERROR] [main.go:60] [\"br failed\"]\n" T "13Z bye\n"});
    begin(&s, bed, (struct br_log_spec){.tail_lines = 2});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    assert_string_equal(s.lines.data, "[2026/11/22 14:10:12.000 +00:00] [ERROR] [main.go:60] [\"br failed\"]|bye|");
    assert_has(br_log_text(s.log), "ended with exit code 1 (Error): Pod p1, container backup");
    assert_true(br_log_has_failed(s.log));
    const char *errors[BR_LOG_ERRORS_MAX];
    assert_int_equal(br_log_errors(s.log, errors), 1);
    assert_has(errors[0], "br failed");
    free(jobs);
    free(pods);
    done(&s);
}

/* From no Job at all to the end, each state said. */
static void it_waits_and_follows(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    backup_put(bed, &running);
    expect_list(bed, JOBS, "");
    expect_list(bed, PODS, "");
    expect_rule(bed, LOG "container=backup&timestamps=true&follow=true ", (struct fake_rule){.how = FAKE_STREAM});
    begin(&s, bed, (struct br_log_spec){.follow = true});
    UNTIL(bed->f.loop, strstr(br_log_text(s.log), "and no log of one was kept; the next one is waited for"));
    send_event(bed, JOBS, "ADDED", job_text(bed, "job-1", "j1", "10", "uid-1"));
    UNTIL(bed->f.loop, strstr(br_log_text(s.log), "Job job-1 has no Pod yet"));
    assert_int_equal(br_log_phase(s.log), BR_LOG_WAITING);
    send_event(bed, PODS, "ADDED", pod_text(bed, "p1", "11", "\"phase\":\"Pending\",\"conditions\":[{\"type\":"
               "\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\",\"message\":\"0/3 nodes\"}]"));
    UNTIL(bed->f.loop, strstr(br_log_text(s.log), "Pod p1 waits: Unschedulable: 0/3 nodes"));
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", "\"initContainerStatuses\":[{\"name\":\"br\",\"state\":{"
               "\"waiting\":{\"reason\":\"ImagePullBackOff\",\"message\":\"Back-off\"}}}]"));
    UNTIL(bed->f.loop, strstr(br_log_text(s.log), "Pod p1 waits: ImagePullBackOff: Back-off"));
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", RUNNING));
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_READING && fake_is_open(bed->f.server, LOG));
    fake_send(bed->f.server, LOG, T "20Z one\n");
    UNTIL(bed->f.loop, str_same(s.lines.data, "one|"));
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", ENDED));
    SPIN(bed->f.loop, 20);
    fake_end(bed->f.server, LOG);
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    done(&s);
}

/* A retry: the operator deletes the Job that failed and makes a new one, of the same name or another. */
static void it_goes_onward(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    expect_list(bed, JOBS, job_text(bed, "job-1", "j1", "10", "uid-1"));
    expect_list(bed, PODS, pod_text(bed, "p1", "11", RUNNING)); /* the old one is seen as long as it is there */
    struct backup_spec now = {.rv = 101, .generation = 4, .subcommand = "log-pause",
                              .subs = sub_text(bed, "log-pause", "Running", 100, 0, 0, NULL, NULL)};
    backup_put(bed, &now);
    expect_rule(bed, LOG "container=backup&timestamps=true&follow=true&tailLines=9 ", (struct fake_rule){
        .body = T "12Z one\n"});
    expect_rule(bed, LOG "container=backup&timestamps=true&follow=true&sinceTime", (struct fake_rule){.body = ""});
    char *next = xstrdup(LOG);
    memcpy(strstr(next, "/p1/"), "/p2/", 4);
    expect_rule(bed, bed_keep(bed, next), (struct fake_rule){.body = T "32Z two\n"});
    begin(&s, bed, (struct br_log_spec){.follow = true, .onward = true, .tail_lines = 9});
    UNTIL(bed->f.loop, str_same(s.lines.data, "one|"));
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", ENDED));
    UNTIL(bed->f.loop, strstr(br_log_text(s.log), "the next Pod is waited for"));
    assert_int_equal(br_log_phase(s.log), BR_LOG_BETWEEN);
    assert_has(br_log_text(s.log), "ended with exit code 1 (Error): Pod p1, container backup; ");
    assert_true(br_log_has_failed(s.log));
    send_event(bed, JOBS, "DELETED", job_text(bed, "job-1", "j1", "10", "uid-1"));
    SPIN(bed->f.loop, 20);
    assert_int_equal(br_log_phase(s.log), BR_LOG_BETWEEN); /* log-pause is at work: the operator makes another */
    send_event(bed, JOBS, "ADDED", job_text(bed, "job-1", "j2", "30", "uid-1"));
    UNTIL(bed->f.loop, fake_count(bed->f.server, PODS "watch=1") == 3); /* j1's, again, j2's */
    send_event(bed, PODS, "ADDED", pod_text(bed, "p2", "31", RUNNING));
    UNTIL(bed->f.loop, str_same(s.lines.data, "one|-- Pod p2 of Job job-1 --|two|"));
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p2", "31", READY "\"containerStatuses\":[{\"name\":\"backup\","
               "\"state\":{\"terminated\":{\"exitCode\":0,\"reason\":\"Completed\"}}}]"));
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_BETWEEN);
    send_event(bed, JOBS, "DELETED", job_text(bed, "job-1", "j2", "30", "uid-1"));
    now.rv = 110;
    now.phase = "Paused";
    now.subs = sub_text(bed, "log-pause", "Complete", 110, 100, 110, NULL, NULL);
    backup_put(bed, &now); /* it is done: none is to come */
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    assert_string_equal(br_log_text(s.log), "ended with exit code 0 (Completed): Pod p2, container backup");
    assert_false(br_log_has_failed(s.log));
    done(&s);
}

/* While the init container is at work its log is the one; then the main one's. */
static void the_init_container_comes_first(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    usual(bed, "\"initContainerStatuses\":[{\"name\":\"br\",\"state\":{\"running\":{}}}]");
    expect_rule(bed, LOG "container=br&timestamps=true&follow=true ", (struct fake_rule){.how = FAKE_STREAM});
    expect_rule(bed, LOG "container=br&timestamps=true&follow=true&sinceTime", (struct fake_rule){.body = ""}); /* a late watch */
    expect_rule(bed, LOG "container=backup&timestamps=true&follow=true ", (struct fake_rule){.body = T "20Z two\n"});
    begin(&s, bed, (struct br_log_spec){.follow = true});
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, LOG));
    assert_has(br_log_text(s.log), "container br");
    fake_send(bed->f.server, LOG, T "12Z one\n");
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", ENDED));
    UNTIL(bed->f.loop, str_same(s.lines.data, "one|"));
    SPIN(bed->f.loop, 20);
    fake_end(bed->f.server, LOG);
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    assert_string_equal(s.lines.data, "one|two|");
    done(&s);
}

/* The server may be ahead of the watch, and behind it. */
static void waiting_to_start_is_a_state(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    usual(bed, RUNNING);
    expect_rule(bed, LOG, (struct fake_rule){.http = 400, .times = 1, .body = status_text(bed, 400, "BadRequest",
           "container \\\"backup\\\" in pod \\\"p1\\\" is waiting to start: PodInitializing")});
    expect_rule(bed, LOG, (struct fake_rule){.body = T "20Z one\n"});
    begin(&s, bed, (struct br_log_spec){.follow = true});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_WAITING);
    for (int i = 0; i < 5; i++) /* news of the Pod do not hurry it */
        send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", RUNNING));
    SPIN(bed->f.loop, 100);
    assert_int_equal(fake_count(bed->f.server, LOG), 1);
    send_event(bed, PODS, "MODIFIED", pod_text(bed, "p1", "11", ENDED));
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    assert_string_equal(s.lines.data, "one|");
    done(&s);
}

static void no_right_is_an_error(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    usual(bed, RUNNING);
    expect_rule(bed, LOG, (struct fake_rule){.http = 403, .body = status_text(bed, 403, "Forbidden", "no pods/log for you")});
    begin(&s, bed, (struct br_log_spec){.follow = true});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_FAILED);
    assert_int_equal(br_log_error(s.log)->code, ERROR_DENIED);
    assert_has(br_log_text(s.log), "no pods/log for you");
    done(&s);
}

/* Who may not list Jobs may still read Pods. */
static void it_does_without_jobs(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    backup_put(bed, &running);
    expect_rule(bed, JOBS, (struct fake_rule){.http = 403, .body = status_text(bed, 403, "Forbidden", "no jobs")});
    expect_rule(bed, PODS "limit=500&labelSelector=tidb.pingcap.com%2Fbackup%3Dlog-orders ", (struct fake_rule){
        .body = bed_keep(bed, xasprintf("{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[%s]}",
                                        pod_text(bed, "p1", "11", ENDED)))});
    expect_rule(bed, LOG, (struct fake_rule){.body = T "20Z one\n"});
    begin(&s, bed, (struct br_log_spec){.follow = false});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    assert_string_equal(s.lines.data, "one|");
    done(&s);
}

/* Kept once for each end of a Job, in a file for its owner only, and read when the Pod is gone. */
static void it_is_kept(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct error err = {0};
    struct stat st;
    char path[512], again[512];
    usual(bed, ENDED);
    log_redact("top-secret-value");
    expect_rule(bed, LOG, (struct fake_rule){.body = T "20Z key top-secret-value\n" T
           "21Z azure://c/p?sv=1&sig=abc%2Fdef%3D&se=2 x\n"});
    begin(&s, bed, (struct br_log_spec){.follow = false});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    static const char text[] = "key <redacted>|azure://c/p?sv=1&sig=<redacted>&se=2 x|";
    assert_string_equal(s.lines.data, text);
    if (!br_log_keep(s.log, path, sizeof path, &err))
        fail_msg("%s", err.text);
    assert_true(br_log_keep(s.log, again, sizeof again, &err));
    assert_string_equal(path, again);
    assert_has(path, "/logs/orders_log-orders_job-1_20261122T141050.000Z.log");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    *strrchr(again, '/') = '\0';
    assert_int_equal(stat(again, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    done(&s);

    begin(&s, bed, (struct br_log_spec){.job = "job-1"});
    expect_rule(bed, JOBS "limit=500&fieldSelector=metadata.name%3Djob-1 ", (struct fake_rule){
        .body = "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}"});
    UNTIL(bed->f.loop, br_log_phase(s.log) >= BR_LOG_ENDED);
    br_log_free(&s.log);
    str_done(&s.lines);
}

static void fill_lines(struct bed *bed, struct str *body, size_t count)
{
    str_init(body, STR_LARGE);
    for (size_t i = 0; i < count; i++)
        str_addf(body, T "20Z line %06zu ............................................................\n", i);
    (void)bed;
}

/* What is kept is the end of it, whole lines; the newest fifty files stay. */
static void it_keeps_the_end(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct str body, kept;
    struct error err = {0};
    char path[512];
    int64_t at_ms = 0;
    usual(bed, ENDED);
    fill_lines(bed, &body, 20000);
    expect_rule(bed, LOG, (struct fake_rule){.body = body.data});
    begin(&s, bed, (struct br_log_spec){.follow = false});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_ENDED);
    assert_true(br_log_keep(s.log, path, sizeof path, &err));
    str_init(&kept, STR_LARGE);
    assert_true(log_kept_read("orders", "log-orders", NULL, 0, &kept, path, sizeof path, &at_ms));
    assert_true(kept.len <= BR_LOG_KEEP && kept.len > BR_LOG_KEEP - 100);
    assert_true(str_starts(kept.data, "line 0"));
    assert_true(strstr(kept.data, "line 019999 ") != NULL);
    for (int i = 0; i < 60; i++)
        assert_true(log_kept_write("orders", "full", "job", NOW_MS + i, "x\n", 2, path, sizeof path, &err));
    str_clear(&kept);
    assert_false(log_kept_read("orders", "log-orders", NULL, 0, &kept, path, sizeof path, &at_ms));
    assert_true(log_kept_read("orders", "full", NULL, 49, &kept, path, sizeof path, &at_ms));
    assert_int_equal(at_ms, NOW_MS + 10);
    assert_false(log_kept_read("orders", "full", NULL, 50, &kept, path, sizeof path, &at_ms));
    str_done(&kept);
    str_done(&body);
    done(&s);
}

/* Names from a cluster do not leave the folder, and do not meet where they are too long. */
static void names_are_only_names(void **state)
{
    (void)state;
    char path[512], longer[512], name[300];
    struct error err = {0};
    assert_true(log_kept_write("../..", "a/../../b", "", NOW_MS, "x", 1, path, sizeof path, &err));
    assert_has(path, "/logs/-.-..");
    assert_true(strstr(strstr(path, "/logs/") + 6, "/") == NULL);
    memset(name, 'a', sizeof name);
    name[250] = '\0';
    assert_true(log_kept_write("ns", name, "job", NOW_MS, "x", 1, path, sizeof path, &err));
    name[249] = 'b';
    assert_true(log_kept_write("ns", name, "job", NOW_MS, "x", 1, longer, sizeof longer, &err));
    assert_string_not_equal(path, longer);
}

/* The Pod goes in the middle: what is kept is shown, of the job before with --previous. */
static void a_pod_that_is_gone(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    char path[512];
    struct error err = {0};
    backup_put(bed, &running);
    expect_list(bed, JOBS, "");
    begin(&s, bed, (struct br_log_spec){.follow = false});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_NONE);
    assert_has(br_log_text(s.log), "no log of one was kept");
    done(&s);
    assert_true(log_kept_write("orders", "log-orders", "job-1", NOW_MS - 5000, "old\n", 4, path, sizeof path, &err));
    assert_true(log_kept_write("orders", "log-orders", "job-2", NOW_MS, "new\nlines\n", 10, path, sizeof path, &err));
    begin(&s, bed, (struct br_log_spec){.follow = true});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_KEPT);
    assert_string_equal(s.lines.data, "new|lines|");
    assert_has(br_log_text(s.log), path);
    assert_false(br_log_keep(s.log, path, sizeof path, &err));
    done(&s);
    begin(&s, bed, (struct br_log_spec){.previous = true});
    UNTIL(bed->f.loop, br_log_phase(s.log) == BR_LOG_KEPT);
    assert_string_equal(s.lines.data, "old|");
    done(&s);
}

static void freed_by_its_owner(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    usual(bed, RUNNING);
    expect_rule(bed, LOG, (struct fake_rule){.how = FAKE_STREAM});
    begin(&s, bed, (struct br_log_spec){.follow = true});
    s.free_at_phase = true;
    UNTIL(bed->f.loop, s.log == NULL);
    SPIN(bed->f.loop, 20);
    done(&s);
}

static void levels(void **state)
{
    (void)state;
    static const struct { const char *line, *level; } cases[] = {
        {"[2026/11/22 14:10:13.123 +00:00] [ERROR] [main.go:60] [\"br failed\"]", "ERROR"},
        {"[2026/11/22 14:10:13.123 +00:00] [WARN] [x.go:1] [\"[ERROR] in text\"]", "WARN"},
        {"[2026/11/22 14:10:13.123 +00:00] [INFO] [x.go:1]", "INFO"},
        {"I1122 14:10:13.123456       1 backup.go:120] [2026/11/22 14:10:13.123 +00:00] [ERROR] [a] [b]", "ERROR"},
        {"E1122 14:10:13.123456       1 backup.go:120] cannot", "ERROR"},
        {"W1122 14:10:13.123456       1 backup.go:120] hm", "WARN"},
        {"plain text", ""}, {"", ""}, {"[", ""}, {"[ERROR]", ""}, {"E12", ""}, {"Error: it failed", ""},
        {"{\"level\":\"error\"}", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(br_log_level(cases[i].line, strlen(cases[i].line)), cases[i].level);
}

/* -- the state folder is the test's own ----------------------------------------------------------- */

static char folder[] = "/tmp/brdeck-log-XXXXXX";

static int setup(void **state)
{
    strcpy(folder, "/tmp/brdeck-log-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("XDG_STATE_HOME", folder, 1);
    return bed_setup(state);
}

static int teardown(void **state)
{
    char *command = xasprintf("rm -rf '%s'", folder);
    int rc = system(command); /* a test may */
    free(command);
    log_close();
    return bed_teardown(state) || rc;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_finds_the_newest),      TEST(it_waits_and_follows), TEST(it_goes_onward),
        TEST(the_init_container_comes_first),
        TEST(waiting_to_start_is_a_state), TEST(no_right_is_an_error), TEST(it_does_without_jobs),
        TEST(it_is_kept),               TEST(it_keeps_the_end),     TEST(names_are_only_names),
        TEST(a_pod_that_is_gone),       TEST(freed_by_its_owner),   cmocka_unit_test(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
