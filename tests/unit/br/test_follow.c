#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "br/follow.h"
#include "br_fixture.h"

/* A run under way: the object before, the patch, and what follows. */
struct scene {
    struct bed *bed;
    struct intern *pool;
    struct json *object, *patch;
    struct backup_record *before, *after;
    struct command_step steps[COMMAND_STEPS_MAX];
    struct follow follow;
};

static void scene_open(struct scene *s, struct bed *bed, enum action_id action, const char *text, bool is_retry,
                       tso_t until)
{
    *s = (struct scene){.bed = bed, .pool = intern_new()};
    s->object = json_parse(text, strlen(text), NULL);
    assert_non_null(s->object);
    s->before = record_decode(s->object, s->pool);
    s->patch = action_patch(action, s->before, is_retry, until);
    s->after = action_after(s->object, s->patch, s->pool);
    s->follow = (struct follow){
        .action = action, .is_retry = is_retry, .before = s->before, .after = s->after, .steps = s->steps,
        .step_count = command_steps(s->after, s->steps), .generation = s->before->generation + !is_retry,
        .version = follow_version(s->before->resource_version) + 1};
    snprintf(s->follow.uid, sizeof s->follow.uid, "%s", s->before->uid);
}

static void scene_close(struct scene *s)
{
    record_free(&s->before);
    record_free(&s->after);
    json_free(&s->object);
    json_free(&s->patch);
    intern_free(&s->pool);
}

static struct follow_sight look_at(struct scene *s, const char *text)
{
    struct backup_record *record = record_decode_text(text, strlen(text), s->pool, NULL);
    struct follow_sight sight;
    assert_non_null(record);
    follow_look(&s->follow, record, NULL, NULL, &sight);
    record_free(&record);
    return sight;
}

static struct bed the_bed; /* only its memory for texts is used */

static int open_bed(void **state)
{
    *state = &the_bed;
    the_bed = (struct bed){0};
    return 0;
}

static int close_bed(void **state)
{
    struct bed *bed = *state;
    for (size_t i = 0; i < bed->kept_count; i++)
        free(bed->kept[i]);
    free(bed->kept);
    return 0;
}

/* -- rule 5: an old success is no success ---------------------------------------------------- */

static void old_complete_does_not_count(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    scene_open(&s, bed, ACTION_PAUSE,
               backup_text(bed, &(struct backup_spec){.subcommand = "log-start",
                           .subs = bed_keep(bed, xasprintf("%s,%s", sub_text(bed, "log-pause", "Repeatable", 100, 90,
                                                                             100, NULL, NULL),
                                                           sub_text(bed, "log-resume", "Complete", 200, 190, 200, NULL,
                                                                    NULL)))}),
               false, 0);
    assert_int_equal(s.follow.step_count, 1);
    struct backup_spec now = {.rv = 101, .generation = 4, .subcommand = "log-pause",
                              .subs = sub_text(bed, "log-pause", "Repeatable", 100, 90, 100, NULL, NULL)};
    struct follow_sight sight = look_at(&s, backup_text(bed, &now));
    assert_int_equal(sight.outcome, BR_FOLLOWING);
    assert_int_equal(sight.phase, PHASE_NONE);
    assert_non_null(strstr(sight.text, "waits for the operator"));
    /* it runs: times of the earlier run, phase and transition of this one */
    now.subs = sub_text(bed, "log-pause", "Running", 300, 90, 100, NULL, NULL);
    now.rv = 102;
    sight = look_at(&s, backup_text(bed, &now));
    assert_int_equal(sight.outcome, BR_FOLLOWING);
    assert_int_equal(sight.phase, PHASE_RUNNING);
    assert_string_equal(sight.text, "log-pause: Running");
    /* Complete, but the whole is not Paused yet */
    now.subs = sub_text(bed, "log-pause", "Complete", 310, 300, 310, NULL, NULL);
    assert_int_equal(look_at(&s, backup_text(bed, &now)).outcome, BR_FOLLOWING);
    now.phase = "Paused";
    sight = look_at(&s, backup_text(bed, &now));
    assert_int_equal(sight.outcome, BR_DONE);
    assert_non_null(strstr(sight.text, "resume it before about"));
    scene_close(&s);
}

static void older_objects_tell_nothing(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    scene_open(&s, bed, ACTION_PAUSE, backup_text(bed, &(struct backup_spec){.subcommand = "log-start"}), false, 0);
    /* the store is behind: the spec of before is no revert, a Paused of the past no success */
    struct backup_spec old = {.rv = 99, .generation = 3, .subcommand = "log-start", .phase = "Paused",
                              .subs = sub_text(bed, "log-pause", "Complete", 310, 300, 310, NULL, NULL)};
    assert_true(look_at(&s, backup_text(bed, &old)).stale);
    old.rv = 100;
    assert_true(look_at(&s, backup_text(bed, &old)).stale);
    old.uid = "uid-0"; /* an older object of that name */
    assert_true(look_at(&s, backup_text(bed, &old)).stale);
    scene_close(&s);
}

static void truncate_needs_both_values(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    tso_t sent = tso_ago(INT64_C(5) * 86400000), last = tso_ago(INT64_C(8) * 86400000);
    const char *sent_text = tso_text(bed, sent), *last_text = tso_text(bed, last);
    struct backup_spec b = {.subcommand = "log-start", .until = last_text, .success = last_text,
                            .subs = sub_text(bed, "log-truncate", "Complete", 100, 90, 100, last_text, NULL)};
    scene_open(&s, bed, ACTION_TRUNCATE, backup_text(bed, &b), false, sent);
    assert_int_equal(s.follow.step_count, 1);
    b.rv = 101;
    b.generation = 4;
    b.until = sent_text;
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FOLLOWING);
    b.subs = sub_text(bed, "log-truncate", "Running", 200, 90, 100, sent_text, NULL);
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FOLLOWING);
    /* Complete for the value, but the last success is the old one: it did nothing */
    b.subs = sub_text(bed, "log-truncate", "Complete", 100, 200, 200, sent_text, NULL);
    struct follow_sight sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_NOTHING);
    assert_non_null(strstr(sight.text, "did nothing"));
    b.success = sent_text;
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_DONE);
    scene_close(&s);
}

static void failed_tells_why(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct backup_spec b = {.subcommand = "log-start"};
    scene_open(&s, bed, ACTION_PAUSE, backup_text(bed, &b), false, 0);
    b = (struct backup_spec){.rv = 105, .generation = 4, .subcommand = "log-pause",
                             .subs = sub_text(bed, "log-pause", "Failed", 200, 0, 0, NULL,
                                              "wait pipe message failed, errMsg [ERROR] [main.go:1] [\\\"br "
                                              "failed\\\"] "
                                              "[error=\\\"rpc error: PD is down\\\"]\\n, err: exit status 1")};
    struct follow_sight sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_FAILED);
    assert_string_equal(sight.text,
                        "log-pause failed: rpc error: PD is down (PD does not answer br). See that PD's Pods run and that "
                        "the network lets the backup's Pod reach port 2379. The operator does not try again by itself: "
                        "then pause again.");
    assert_string_equal(sight.cause->id, "pd-unreachable");
    b.subs = sub_text(bed, "log-pause", "RetryFailed", 200, 0, 0, NULL, "no secret");
    sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_FOLLOWING); /* a failure that is none yet */
    assert_non_null(strstr(sight.text, "log-pause cannot begin: no secret"));
    scene_close(&s);
}

/* -- rule 6: neither the dropped entry nor its absence is a sign -------------------------------- */

static void retry_waits_for_a_new_entry(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    const char *failed = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "boom");
    struct backup_spec b = {.subcommand = "log-pause", .subs = failed};
    scene_open(&s, bed, ACTION_PAUSE, backup_text(bed, &b), true, 0);
    assert_int_equal(s.follow.step_count, 1);
    s.follow.version = 0; /* no numbers: only the signs tell */
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FOLLOWING);
    b.subs = NULL;
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FOLLOWING);
    b.subs = sub_text(bed, "log-pause", "Failed", 300, 0, 0, NULL, "boom");
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FAILED);
    b.subs = sub_text(bed, "log-pause", "Complete", 300, 299, 300, NULL, NULL);
    b.phase = "Paused";
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_DONE);
    scene_close(&s);
    /* in an object no older than the write's answer, which had no entry, the same words and second are a new failure */
    b = (struct backup_spec){.subcommand = "log-pause", .subs = failed, .rv = 100};
    scene_open(&s, bed, ACTION_PAUSE, backup_text(bed, &b), true, 0);
    assert_true(look_at(&s, backup_text(bed, &b)).stale);
    b.rv = 102;
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FAILED);
    scene_close(&s);
}

/* -- reverted, gone, two steps ------------------------------------------------------------------- */

static void others_who_write(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct backup_spec b = {.subcommand = "log-start",
                            .metadata = ",\"annotations\":{\"argocd.argoproj.io/tracking-id\":\"x\"}"};
    scene_open(&s, bed, ACTION_PAUSE, backup_text(bed, &b), false, 0);
    b.rv = 105;
    b.generation = 5;
    struct follow_sight sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_REVERTED);
    assert_non_null(strstr(sight.text, "logSubcommand is now log-start"));
    assert_non_null(strstr(sight.text, "Argo CD"));
    b.subcommand = "log-pause"; /* generation moved, but the wish stands */
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_FOLLOWING);
    /* done first, and reverted then: it was done */
    b.subcommand = "log-start";
    b.subs = sub_text(bed, "log-pause", "Repeatable", 300, 299, 300, NULL, NULL);
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_DONE);
    scene_close(&s);
}

static void deleted_and_replaced(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    struct backup_spec b = {.subcommand = "log-start"};
    scene_open(&s, bed, ACTION_STOP, backup_text(bed, &b), false, 0);
    b = (struct backup_spec){.rv = 105, .generation = 5, .subcommand = "log-stop",
                             .metadata = ",\"deletionTimestamp\":\"2026-11-23T15:10:00Z\""};
    struct follow_sight sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_GONE);
    b = (struct backup_spec){.rv = 110, .generation = 1, .uid = "uid-2"};
    sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_GONE);
    assert_non_null(strstr(sight.text, "another of that name"));
    scene_close(&s);
}

static void a_waiting_truncate_is_the_second_step(void **state)
{
    struct bed *bed = *state;
    struct scene s;
    const char *until = tso_text(bed, tso_ago(INT64_C(5) * 86400000));
    struct backup_spec b = {.subcommand = "log-pause", .until = until,
                            .subs = sub_text(bed, "log-pause", "Failed", 100, 0, 0, NULL, "boom")};
    scene_open(&s, bed, ACTION_PAUSE, backup_text(bed, &b), true, 0);
    assert_int_equal(s.follow.step_count, 2);
    b.rv = 105;
    b.phase = "Paused";
    const char *paused = sub_text(bed, "log-pause", "Complete", 300, 299, 300, NULL, NULL);
    b.subs = paused;
    struct follow_sight sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_FOLLOWING);
    assert_string_equal(sight.text, "log-truncate: waits for the operator (2 of 2)");
    b.subs = bed_keep(bed, xasprintf("%s,%s", paused, sub_text(bed, "log-truncate", "Failed", 310, 0, 0, until,
                                                               "locked")));
    sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_FAILED);
    assert_non_null(strstr(sight.text, "log-pause before it was done"));
    b.subs = bed_keep(bed, xasprintf("%s,%s", paused, sub_text(bed, "log-truncate", "Complete", 320, 310, 320, until,
                                                               NULL)));
    b.success = until;
    assert_int_equal(look_at(&s, backup_text(bed, &b)).outcome, BR_DONE);
    /* somebody takes the truncate out: the pause is all that is left */
    s.follow.at = 0;
    b = (struct backup_spec){.rv = 106, .generation = 4, .subcommand = "log-pause", .phase = "Paused", .subs = paused};
    sight = look_at(&s, backup_text(bed, &b));
    assert_int_equal(sight.outcome, BR_DONE);
    assert_non_null(strstr(sight.text, "nothing was truncated"));
    scene_close(&s);
}

/* -- what really happens: recorded/operator-life.jsonl ---------------------------------------------- */

enum { LINES_MAX = 64 };
struct life {
    struct str text;
    char *objects[LINES_MAX]; /* of each line */
    size_t count;
};

static bool life_read(struct life *life, const char *file)
{
    const char *shared = getenv("BRDECK_SHARED"), *srcdir = getenv("srcdir");
    char *path = shared ? xasprintf("%s/recorded/%s", shared, file)
                        : xasprintf("%s/../shared/recorded/%s", srcdir ? srcdir : ".", file);
    str_init(&life->text, STR_LARGE);
    life->count = 0;
    bool good = file_read(path, &life->text, NULL);
    free(path);
    for (char *line = life->text.data; good && *line && life->count < LINES_MAX;) {
        char *end = strchr(line, '\n');
        if (!end)
            break;
        struct json *event = json_parse(line, (size_t)(end - line), NULL);
        life->objects[life->count++] = json_print(json_get(event, "object"));
        json_free(&event);
        line = end + 1;
    }
    return good;
}

static void life_done(struct life *life)
{
    for (size_t i = 0; i < life->count; i++)
        free(life->objects[i]);
    str_done(&life->text);
}

/* From the object of line @from the action is followed through the lines after it. */
static const struct passage {
    enum action_id action;
    bool is_retry;
    size_t from, end; /* the line at which it ends; until then it is followed */
    enum br_outcome outcome;
    const char *until;
} passages[] = {
    {ACTION_RESUME, false, 4, 9, BR_DONE, NULL},
    {ACTION_TRUNCATE, false, 9, 14, BR_DONE, "470642140817653760"},
    {ACTION_PAUSE, false, 14, 19, BR_FAILED, NULL},
    {ACTION_PAUSE, true, 22, 28, BR_DONE, NULL},
    /* log-resume in between moves the generation: the wish comes with line 30 */
    {ACTION_RESUME, false, 28, 34, BR_DONE, NULL},
    {ACTION_TRUNCATE, false, 45, 46, BR_NOTHING, "0"},
};

static void recorded_life(void **state)
{
    struct life life;
    struct bed *bed = *state;
    if (!life_read(&life, "operator-life.jsonl")) {
        str_done(&life.text);
        print_message("shared/recorded is not there\n");
        skip();
    }
    assert_true(life.count > 48);
    for (size_t i = 0; i < ARRAY_LEN(passages); i++) {
        const struct passage *p = &passages[i];
        struct scene s;
        size_t from = i == 4 ? 29 : p->from; /* from the object that says log-resume */
        scene_open(&s, bed, p->action, life.objects[i == 5 ? 44 : from], p->is_retry,
                   p->until ? strtoull(p->until, NULL, 10) : 0);
        if (i == 5) { /* sent as a date, before brdeck's time: as the recorded client wrote it */
            record_free(&s.after);
            s.after = record_decode_text(life.objects[45], strlen(life.objects[45]), s.pool, NULL);
            s.steps[0] = (struct command_step){LOG_COMMAND_TRUNCATE, s.after->until};
            s.follow.after = s.after;
            s.follow.step_count = 1;
        }
        assert_int_equal(s.follow.step_count, 1);
        for (size_t line = from + 1; line <= p->end; line++) {
            if (strstr(life.objects[line], "\"spec\"") == NULL)
                continue; /* a bookmark */
            struct follow_sight sight = look_at(&s, life.objects[line]);
            if (line < p->end && sight.outcome != BR_FOLLOWING)
                fail_msg("passage %zu, line %zu: %d, %s", i, line, (int)sight.outcome, sight.text);
            if (line == p->end && sight.outcome != p->outcome)
                fail_msg("passage %zu, its end: %d, %s", i, (int)sight.outcome, sight.text);
        }
        scene_close(&s);
    }
    life_done(&life);
}

/* log-stop and a new logTruncateUntil in one patch (line 35): stopped first, then truncated. */
static void recorded_stop_and_truncate(void **state)
{
    struct life life;
    if (!life_read(&life, "operator-life.jsonl")) {
        str_done(&life.text);
        skip();
    }
    struct scene s;
    scene_open(&s, *state, ACTION_STOP, life.objects[34], false, 0);
    record_free(&s.after);
    s.after = record_decode_text(life.objects[35], strlen(life.objects[35]), s.pool, NULL);
    s.follow.after = s.after;
    s.follow.step_count = command_steps(s.after, s.steps);
    assert_int_equal(s.follow.step_count, 2);
    for (size_t line = 35; line <= 43; line++) {
        struct follow_sight sight = look_at(&s, life.objects[line]);
        assert_int_equal(sight.outcome, line == 43 ? BR_DONE : BR_FOLLOWING);
    }
    scene_close(&s);
    life_done(&life);
}

/* brdeck is started anew: what the journal kept is the same, the rest is what the object says now. */
static void start_anew(struct scene *s, const char *text)
{
    struct backup_record *record = record_decode_text(text, strlen(text), s->pool, NULL);
    s->follow.at = 0;
    s->follow.truncate_dropped = false;
    s->follow.generation = record->generation;
    s->follow.version = follow_version(record->resource_version);
    record_free(&record);
}

/* A property: however events are dropped, repeated or put behind (a store that lags), and wherever brdeck is started
 * anew, the outcome is that of the last of them, and nothing ends before the line at which it really did. */
static void any_order_of_events(void **state)
{
    struct life life;
    if (!life_read(&life, "operator-life.jsonl")) {
        str_done(&life.text);
        skip();
    }
    unsigned seed = 20261122;
    for (int round = 0; round < 2000; round++) {
        const struct passage *p = &passages[round % 4];
        struct scene s;
        scene_open(&s, *state, p->action, life.objects[p->from], p->is_retry, p->until ? strtoull(p->until, NULL, 10) :
                   0);
        bool saw_end = false;
        size_t newest = 0;
        enum br_outcome outcome = BR_FOLLOWING;
        for (int event = 0; event < 12 && outcome == BR_FOLLOWING; event++) {
            seed = seed * 1103515245u + 12345u;
            size_t line = event == 11 ? p->end : seed / 65536u % (p->end + 1);
            if (strstr(life.objects[line], "\"spec\"") == NULL)
                continue;
            struct follow_sight sight = look_at(&s, life.objects[line]);
            if (sight.stale)
                continue;
            saw_end = saw_end || line == p->end;
            newest = line > newest ? line : newest;
            outcome = sight.outcome;
            if (outcome == BR_FOLLOWING && seed % 7 == 0)
                start_anew(&s, life.objects[newest]);
            if (outcome != BR_FOLLOWING && !saw_end)
                fail_msg("round %d: ended at line %zu: %d, %s", round, line, (int)outcome, sight.text);
        }
        assert_int_equal(outcome, p->outcome);
        scene_close(&s);
    }
    life_done(&life);
}

static void differences_in_words(void **state)
{
    struct bed *bed = *state;
    struct intern *pool = intern_new();
    static const struct {
        struct backup_spec a, b;
        const char *words;
    } rows[] = {
        {{.phase = "Running"}, {.phase = "Paused"}, "the phase was Running, is Paused"},
        {{.subcommand = "log-start"}, {.subcommand = "log-pause"}, "logSubcommand was log-start, is log-pause"},
        {{.until = NULL}, {.until = "1"}, "logTruncateUntil was not set, is 1"},
        {{.uid = "a"}, {.uid = "b", .phase = "Paused"}, "it is another object of that name"},
        {{.rv = 1}, {.rv = 2}, "the spec was changed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *x = backup_text(bed, &rows[i].a), *y = backup_text(bed, &rows[i].b);
        struct backup_record *a = record_decode_text(x, strlen(x), pool, NULL), *b =
            record_decode_text(y, strlen(y), pool, NULL);
        char text[300];
        follow_difference(a, b, text, sizeof text);
        assert_string_equal(text, rows[i].words);
        record_free(&a);
        record_free(&b);
    }
    intern_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(old_complete_does_not_count, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(older_objects_tell_nothing, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(truncate_needs_both_values, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(failed_tells_why, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(retry_waits_for_a_new_entry, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(others_who_write, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(deleted_and_replaced, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(a_waiting_truncate_is_the_second_step, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(recorded_life, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(recorded_stop_and_truncate, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(any_order_of_events, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(differences_in_words, open_bed, close_bed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
