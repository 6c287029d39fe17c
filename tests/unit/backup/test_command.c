#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <brdeck/backup/command.h>
#include <brdeck/base/alloc.h>

#include "samples.h"

#define START LOG_COMMAND_START
#define STOP LOG_COMMAND_STOP
#define PAUSE LOG_COMMAND_PAUSE
#define RESUME LOG_COMMAND_RESUME
#define TRUNCATE LOG_COMMAND_TRUNCATE
#define UNKNOWN LOG_COMMAND_UNKNOWN

/* Every row of the table of reference D, over the spec and phase that it names. */
static void base_of_every_row(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *phase;
        enum log_command v2, v1;
    } rows[] = {
        /* logSubcommand "" */
        {"{}", "", START, START},
        {"{}", "Running", START, START},
        {"{'logStop':false}", "Running", START, START},
        {"{'logStop':true}", "Running", STOP, STOP},
        {"{'logStop':true}", "Paused", STOP, STOP},
        {"{}", "Stopped", STOP, STOP},
        {"{'logSubcommand':''}", "Stopped", STOP, STOP},
        {"{}", "Paused", START, RESUME},
        {"{}", "Pause", START, RESUME},
        {"{}", "PAUSE", START, RESUME},
        {"{'logStop':null}", "Failed", START, START},
        /* log-start */
        {"{'logSubcommand':'log-start'}", "", START, START},
        {"{'logSubcommand':'log-start'}", "Running", START, START},
        {"{'logSubcommand':'log-start'}", "Stopped", START, START},
        {"{'logSubcommand':'log-start'}", "Paused", RESUME, RESUME},
        {"{'logSubcommand':'log-start'}", "Pause", RESUME, RESUME},
        {"{'logSubcommand':'log-start'}", "PAUSE", RESUME, RESUME},
        /* log-stop, log-pause: themselves in any state */
        {"{'logSubcommand':'log-stop'}", "Running", STOP, STOP},
        {"{'logSubcommand':'log-stop'}", "Paused", STOP, STOP},
        {"{'logSubcommand':'log-stop'}", "Stopped", STOP, STOP},
        {"{'logSubcommand':'log-pause'}", "Running", PAUSE, PAUSE},
        {"{'logSubcommand':'log-pause'}", "Paused", PAUSE, PAUSE},
        {"{'logSubcommand':'log-pause'}", "Stopped", PAUSE, PAUSE},
        /* others: rejected */
        {"{'logSubcommand':'log-resume'}", "Paused", UNKNOWN, UNKNOWN},
        {"{'logSubcommand':'log-truncate'}", "Running", UNKNOWN, UNKNOWN},
        {"{'logSubcommand':'log-unknown'}", "Running", UNKNOWN, UNKNOWN},
        {"{'logSubcommand':'resume'}", "Paused", UNKNOWN, UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int v1 = 0; v1 < 2; v1++) {
            char patch[256];
            snprintf(patch, sizeof patch, "{'apiVersion':'%s/v1alpha1','spec':%s,'status':{'phase':'%s'}}",
                     v1 ? "pingcap.com" : "br.pingcap.com", rows[i].spec, rows[i].phase);
            struct backup_record *r = sample_log(patch);
            if (command_base(r) != (v1 ? rows[i].v1 : rows[i].v2))
                fail_msg("%s gives %s", patch, log_command_name(command_base(r)));
            record_free(&r);
        }
    struct backup_record *snapshot = sample_snapshot("{'spec':{'logSubcommand':'log-pause'}}");
    assert_int_equal(command_base(snapshot), LOG_COMMAND_NONE);
    assert_int_equal(command_verdict(snapshot), COMMAND_NOT_LOG);
    record_free(&snapshot);
}

static void in_sync_is_asked_of_the_status(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        enum log_command base;
        bool sync;
    } rows[] = {
        {"{'commitTs':null}", START, false}, {"{'commitTs':''}", START, false}, {"{'commitTs':'5'}", START, true},
        {"{'phase':'Stopped'}", STOP, true}, {"{'phase':'Running'}", STOP, false},
        {"{'phase':'Paused'}", PAUSE, true}, {"{'phase':'PAUSE'}", PAUSE, true}, {"{'phase':'Running'}", PAUSE, false},
        {"{'phase':'Stopped'}", START, true}, {"{'phase':'Paused'}", RESUME, false},
        {"{'phase':'Running'}", UNKNOWN, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char patch[128];
        snprintf(patch, sizeof patch, "{'status':%s}", rows[i].status);
        struct backup_record *r = sample_log(patch);
        if (command_in_sync(r, rows[i].base) != rows[i].sync)
            fail_msg("%s with %s", rows[i].status, log_command_name(rows[i].base));
        record_free(&r);
    }
}

#define T1 "470500000000000000"
#define T2 "470600000000000000"

/* The verdict, the effective command and all steps. "stop truncate" are steps in words. */
static void what_becomes_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        enum log_command effective;
        enum command_verdict verdict;
        const char *steps;
    } rows[] = {
        {NULL, START, COMMAND_IDLE, ""},
        {"{'spec':{'logSubcommand':'log-pause'}}", PAUSE, COMMAND_RUNS, "pause"},
        {"{'spec':{'logSubcommand':'log-stop'}}", STOP, COMMAND_RUNS, "stop"},
        {"{'spec':{'logStop':true}}", STOP, COMMAND_RUNS, "stop"},
        {"{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused'}}", RESUME, COMMAND_RUNS, "resume"},
        {"{'status':{'phase':'Paused'}}", START, COMMAND_IDLE, ""},
        {"{'apiVersion':'pingcap.com/v1alpha1','status':{'phase':'Paused'}}", RESUME, COMMAND_RUNS, "resume"},
        {"{'spec':{'logTruncateUntil':'" T1 "'}}", TRUNCATE, COMMAND_RUNS, "truncate"},
        /* base first, then the truncate that waits */
        {"{'spec':{'logSubcommand':'log-stop','logTruncateUntil':'" T1 "'}}", STOP, COMMAND_RUNS, "stop truncate"},
        {"{'spec':{'logSubcommand':'log-pause','logTruncateUntil':'" T1 "'}}", PAUSE, COMMAND_RUNS, "pause truncate"},
        {"{'spec':{'logSubcommand':'log-start','logTruncateUntil':'" T1 "'},'status':{'phase':'Paused'}}", RESUME,
         COMMAND_RUNS, "resume truncate"},
        {"{'spec':{'logTruncateUntil':'" T1 "'},'status':{'commitTs':null,'phase':null,"
         "'logSubCommandStatuses':null}}", START,
         COMMAND_RUNS, "start truncate"},
        /* compared as a string: the same is done */
        {"{'spec':{'logTruncateUntil':'" T1 "'},'status':{'logSuccessTruncateUntil':'" T1 "'}}", START,
         COMMAND_IDLE, ""},
        {"{'spec':{'logTruncateUntil':'" T2 "'},'status':{'logSuccessTruncateUntil':'" T1 "'}}", TRUNCATE, COMMAND_RUNS,
         "truncate"},
        {"{'spec':{'logTruncateUntil':'" T1 "'},'status':{'logSuccessTruncateUntil':'" T2 "'}}", TRUNCATE,
         COMMAND_NO_OP, ""},
        {"{'spec':{'logTruncateUntil':'5'}}", TRUNCATE, COMMAND_NO_OP, ""},
        {"{'spec':{'logTruncateUntil':'2022-10-10T15:21:00+08:00'}}", TRUNCATE, COMMAND_NO_OP, ""},
        {"{'spec':{'logTruncateUntil':'2026-11-20T15:21:00+08:00'}}", TRUNCATE, COMMAND_RUNS, "truncate"},
        /* no truncate while the base is out of sync */
        {"{'spec':{'logSubcommand':'log-pause','logTruncateUntil':'" T1 "'},"
         "'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Failed'}}}}", PAUSE, COMMAND_SETTLED, ""},
        /* Failed is sticky, also by toggling; Repeatable and a dropped entry are not */
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'Failed'}}}}", PAUSE,
         COMMAND_SETTLED, ""},
        {"{'spec':{'logSubcommand':'log-start'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'Failed'}}}}", START,
         COMMAND_IDLE, ""},
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'Complete'}}}}", PAUSE,
         COMMAND_SETTLED, ""},
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'Repeatable'}}}}",
         PAUSE, COMMAND_RUNS, "pause"},
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'Running'}}}}", PAUSE,
         COMMAND_RUNS, "pause"},
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{"
         "'phase':'RetryFailed'}}}}",
         PAUSE, COMMAND_RUNS, "pause"},
        {"{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Paused','logSubCommandStatuses':{'log-resume':"
         "{'phase':'Failed'}}}}", RESUME, COMMAND_SETTLED, ""},
        {"{'status':{'commitTs':null,'phase':'Failed','logSubCommandStatuses':{'log-start':{'phase':'Failed'}}}}",
         START,
         COMMAND_SETTLED, ""},
        /* a truncate is settled for its own value only */
        {"{'spec':{'logTruncateUntil':'" T1 "'},'status':{'logSubCommandStatuses':{'log-truncate':{'phase':'Failed',"
         "'logTruncatingUntil':'" T1 "'}}}}", TRUNCATE, COMMAND_SETTLED, ""},
        {"{'spec':{'logTruncateUntil':'" T2 "'},'status':{'logSubCommandStatuses':{'log-truncate':{'phase':'Failed',"
         "'logTruncatingUntil':'" T1 "'}}}}", TRUNCATE, COMMAND_RUNS, "truncate"},
        {"{'spec':{'logTruncateUntil':'" T2 "'},'status':{'logSubCommandStatuses':{'log-truncate':{'phase':'Complete',"
         "'logTruncatingUntil':'" T1 "'}}}}", TRUNCATE, COMMAND_RUNS, "truncate"},
        /* stopped: start does nothing, truncate works */
        {"{'spec':{'logSubcommand':'log-start'},'status':{'phase':'Stopped'}}", START, COMMAND_IDLE, ""},
        {"{'spec':{'logSubcommand':'log-stop'},'status':{'phase':'Stopped'}}", STOP, COMMAND_IDLE, ""},
        {"{'spec':{'logSubcommand':'log-start','logTruncateUntil':'" T1 "'},'status':{'phase':'Stopped'}}", TRUNCATE,
         COMMAND_RUNS, "truncate"},
        /* waits for commitTs; what waits behind a running start comes */
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'commitTs':null,'logSubCommandStatuses':null}}", PAUSE,
         COMMAND_WAITS, ""},
        {"{'spec':{'logSubcommand':'log-stop'},'status':{'commitTs':null,'phase':'Scheduled','logSubCommandStatuses':"
         "{'log-start':{'phase':'Scheduled'}}}}", STOP, COMMAND_WAITS, "stop"},
        {"{'spec':{'logSubcommand':'log-resume'},'status':{'phase':'Paused'}}", UNKNOWN, COMMAND_REJECTED, ""},
        {"{'spec':{'logSubcommand':'log-resume','logTruncateUntil':'" T1 "'},'status':{'phase':'Paused'}}", UNKNOWN,
         COMMAND_REJECTED, ""},
        {"{'metadata':{'deletionTimestamp':'2026-11-22T13:00:00Z'},'spec':{'logSubcommand':'log-pause'}}", PAUSE,
         COMMAND_DELETING, ""},
        {"{'spec':{'logSubcommand':'log-pause'},'status':{'phase':'Invalid'}}", PAUSE, COMMAND_SETTLED, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct command_step steps[COMMAND_STEPS_MAX];
        char said[128] = "";
        struct backup_record *r = sample_log(rows[i].patch);
        size_t count = command_steps(r, steps);
        for (size_t k = 0; k < count; k++)
            snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s", k ? " " : "",
                     log_command_word(steps[k].command));
        if (command_effective(r) != rows[i].effective || command_verdict(r) != rows[i].verdict ||
            strcmp(said, rows[i].steps) != 0)
            fail_msg("%s: %s, verdict %d, steps \"%s\"", rows[i].patch, log_command_name(command_effective(r)),
                     (int)command_verdict(r), said);
        for (size_t k = 0; k < count; k++)
            assert_true(steps[k].command == TRUNCATE ? steps[k].until == r->until : !steps[k].until);
        record_free(&r);
    }
}

static void names_of_jobs(void **state)
{
    (void)state;
    char buf[128];
    assert_true(command_job_name("a", PAUSE, buf, sizeof buf));
    assert_string_equal(buf, "backup-a-log-pause");
    assert_true(command_job_name("a", LOG_COMMAND_NONE, buf, sizeof buf));
    assert_string_equal(buf, "backup-a");
    char name[64];
    memset(name, 'x', sizeof name);
    name[43] = '\0';
    assert_true(command_job_name(name, TRUNCATE, buf, sizeof buf));
    assert_int_equal(strlen(buf), 63);
    name[43] = 'x';
    name[44] = '\0';
    assert_false(command_job_name(name, TRUNCATE, buf, sizeof buf));
    assert_true(command_job_name(name, PAUSE, buf, sizeof buf));
}

/* -- a recorded life: what is predicted at each edit is what the operator then schedules ----- */

struct walk {
    struct json *before;      /* the object before; NULL at the beginning */
    char predicted[128], ran[128];
    size_t edits, steps;
    size_t line;
};

static void add_word(char text[128], const char *word)
{
    snprintf(text + strlen(text), 128 - strlen(text), "%s%s", *text ? " " : "", word);
}

static void walk_settle(struct walk *w)
{
    if (strcmp(w->predicted, w->ran) != 0)
        fail_msg("before line %zu: predicted \"%s\", the operator ran \"%s\"", w->line, w->predicted, w->ran);
    w->predicted[0] = w->ran[0] = '\0';
}

/* A person changed the spec, began to delete, or dropped a sub-status. */
static bool is_edit(const struct json *before, const struct json *after)
{
    if (!before || !json_equal(json_get(before, "spec"), json_get(after, "spec")) ||
        !json_equal(json_at(before, "metadata", "deletionTimestamp", NULL), json_at(after, "metadata",
                                                            "deletionTimestamp", NULL)))
        return true;
    JSON_EACH(entry, json_at(before, "status", "logSubCommandStatuses", NULL))
        if (!json_at(after, "status", "logSubCommandStatuses", json_key(entry), NULL))
            return true;
    return false;
}

static void walk_object(struct walk *w, const struct json *object)
{
    if (is_edit(w->before, object)) {
        struct command_step steps[COMMAND_STEPS_MAX];
        walk_settle(w);
        struct backup_record *r = record_decode(object, sample_pool());
        size_t count = command_steps(r, steps);
        for (size_t i = 0; i < count; i++)
            add_word(w->predicted, log_command_word(steps[i].command));
        w->edits++;
        w->steps += count;
        record_free(&r);
    }
    JSON_EACH(entry, json_at(object, "status", "logSubCommandStatuses", NULL)) {
        const char *was = json_string(json_at(w->before, "status", "logSubCommandStatuses", json_key(entry), NULL),
                                      "phase");
        const char *is = json_string(entry, "phase");
        if (str_same(is, "Scheduled") && !str_same(was, "Scheduled"))
            add_word(w->ran, log_command_word(log_command_parse(json_key(entry))));
    }
}

static void walk_life(char *text, size_t least_edits, size_t least_steps)
{
    struct walk w = {0};
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        struct error err;
        struct json *event = json_parse(line, strlen(line), &err);
        assert_non_null(event);
        w.line++;
        const struct json *object = json_get(event, "object");
        if (json_string(json_get(object, "metadata"), "name")) {
            walk_object(&w, object);
            json_free(&w.before);
            w.before = json_copy(object);
        }
        json_free(&event);
    }
    walk_settle(&w);
    json_free(&w.before);
    print_message("# %zu lines, %zu edits, %zu commands predicted and run\n", w.line, w.edits, w.steps);
    assert_true(w.edits >= least_edits && w.steps >= least_steps);
    free(text);
}

static void own_life_is_predicted(void **state)
{
    (void)state;
    size_t len;
    walk_life(sample_data("life.jsonl", &len), 14, 10);
}

static void recorded_life_is_predicted(void **state)
{
    (void)state;
    size_t len;
    char *text = sample_recorded("operator-life.jsonl", &len);
    if (!text)
        skip();
    walk_life(text, 13, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_of_every_row),     cmocka_unit_test(in_sync_is_asked_of_the_status),
        cmocka_unit_test(what_becomes_of_it),    cmocka_unit_test(names_of_jobs),
        cmocka_unit_test(own_life_is_predicted), cmocka_unit_test(recorded_life_is_predicted),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
