/* The recordings of the real operator, played against the simulated one: the same edits, and every
 * state it leaves behind compared with the next one of the recording. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "sim/decide.h"
#include "sim/fleet.h"
#include "sim/operator.h"
#include "sim/sim.h"

enum { SPEED = 500, STEP_LIMIT_MS = 5000, QUIET_MS = 60, EVENTS_MAX = 200, TSO_SHIFT = 18 };

struct replay {
    struct sim sim;
    char *seen[EVENTS_MAX]; /* signatures of what became of the one object, in order */
    size_t seen_count, taken;
    const char *name;
};

static void add_conditions(struct str *out, const struct json *owner)
{
    JSON_EACH(condition, json_get(owner, "conditions"))
    str_addf(out, " %s/%s/%s", json_string(condition, "type"), json_string(condition, "reason"),
             json_string(condition, "status"));
}

static void add_text(struct str *out, const struct json *object, const char *key)
{
    const char *text = json_string(object, key);
    if (text)
        str_addf(out, " %s=%s", key, text);
}

static void add_sub(struct str *out, const struct json *entries, const char *command)
{
    const struct json *entry = json_get(entries, command);
    if (!entry)
        return;
    str_addf(out, "\n  %s:", command);
    add_text(out, entry, "command");
    add_text(out, entry, "phase");
    add_text(out, entry, "logTruncatingUntil");
    str_addf(out, " started=%d completed=%d", json_text(json_get(entry, "timeStarted")) != NULL,
             json_text(json_get(entry, "timeCompleted")) != NULL);
    add_conditions(out, entry);
}

/* What of an object must be as recorded. */
static char *signature(const struct json *object, bool deleted)
{
    static const char *const commands[] = {"log-start", "log-pause", "log-resume", "log-stop", "log-truncate"};
    const struct json *meta = json_get(object, "metadata"), *spec = json_get(object, "spec");
    const struct json *status = json_get(object, "status");
    struct str out;
    str_init(&out, STR_SMALL);
    str_addf(&out, "%s%s finalizers=%zu policy=%d", deleted ? "DELETED" : "", json_get(meta,
                                                                                       "deletionTimestamp") ? " dele"
                                                                                                              "ting"
                                                                                                              "" : "",
             json_count(json_get(meta, "finalizers")), json_get(spec, "backoffRetryPolicy") != NULL);
    add_text(&out, spec, "logSubcommand");
    add_text(&out, spec, "logTruncateUntil");
    add_text(&out, status, "phase");
    add_text(&out, status, "backupPath");
    add_text(&out, status, "logSuccessTruncateUntil");
    str_addf(&out, " commitTs=%d size=%d taken=%d started=%d completed=%d", json_string(status, "commitTs") != NULL,
             json_get(status, "backupSize") != NULL, json_string(status, "timeTaken") != NULL,
             json_string(status, "timeStarted") != NULL, json_string(status, "timeCompleted") != NULL);
    add_conditions(&out, status);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        add_sub(&out, json_get(status, "logSubCommandStatuses"), commands[i]);
    return str_take(&out);
}

static void on_change(void *arg, const struct change *change)
{
    struct replay *replay = arg;
    if (change->kind->id != KIND_BACKUP || strcmp(change->name, replay->name) != 0 || replay->seen_count == EVENTS_MAX)
        return;
    struct json *tree = json_parse(change->text->text, change->text->len, NULL);
    char *now = signature(tree, change->type == CHANGE_DELETED);
    json_free(&tree);
    if (replay->seen_count && strcmp(replay->seen[replay->seen_count - 1], now) == 0)
        free(now); /* a checkpoint, or times */
    else
        replay->seen[replay->seen_count++] = now;
}

static void turn(struct replay *replay)
{
    poll(NULL, 0, (int)timers_wait_ms(&replay->sim.timers, 5));
    timers_run(&replay->sim.timers);
}

static void expect(struct replay *replay, const char *wanted, size_t step)
{
    int64_t limit = clock_mono_ms() + STEP_LIMIT_MS;
    while (replay->taken == replay->seen_count && clock_mono_ms() < limit)
        turn(replay);
    if (replay->taken == replay->seen_count)
        fail_msg("%s, event %zu: nothing happened; wanted\n%s", replay->name, step, wanted);
    const char *got = replay->seen[replay->taken++];
    if (strcmp(got, wanted) != 0)
        fail_msg("%s, event %zu:\n got %s\n wanted %s", replay->name, step, got, wanted);
}

static void expect_quiet(struct replay *replay, size_t step)
{
    int64_t limit = clock_mono_ms() + QUIET_MS;
    while (clock_mono_ms() < limit)
        turn(replay);
    if (replay->taken < replay->seen_count)
        fail_msg("%s, after event %zu: unexpected\n%s", replay->name, step, replay->seen[replay->taken]);
}

static void replay_init(struct replay *replay, const char *name)
{
    struct sim_options options = {.fleet = "empty", .speed = SPEED, .history = 1000};
    struct error err;
    *replay = (struct replay){.name = name};
    sim_init(&replay->sim, &options);
    assert_true(fleet_load(&replay->sim, "empty", &err));
    operator_start(replay->sim.operator_);
    store_on_change(replay->sim.store, on_change, replay);
}

static void replay_done(struct replay *replay)
{
    for (size_t i = 0; i < replay->seen_count; i++)
        free(replay->seen[i]);
    sim_done(&replay->sim);
}

/* The recorded events of @name as an array of {type, object}; skips the test when there is none. */
static struct json *load(const char *file, const char *name)
{
    const char *shared = getenv("BRDECK_SHARED"), *srcdir = getenv("srcdir");
    char *path = shared ? xasprintf("%s/recorded/%s", shared, file)
                        : xasprintf("%s/../shared/recorded/%s", srcdir ? srcdir : ".", file);
    struct str text;
    struct error err;
    str_init(&text, STR_LARGE);
    bool there = file_read(path, &text, &err);
    free(path);
    if (!there) {
        str_done(&text);
        print_message("the recordings are not there: %s\n", err.text);
        skip();
    }
    struct json *events = json_new_array();
    for (const char *at = text.data; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        struct json *event = json_parse(at, strcspn(at, "\n"), &err);
        const char *found = json_text(json_at(event, "object", "metadata", "name", NULL));
        if (found && strcmp(found, name) == 0)
            json_append(events, event);
        else
            json_free(&event);
    }
    str_done(&text);
    assert_true(json_count(events) > 0);
    return events;
}

/* Whether a person made that step: the spec, a dropped entry, a deletion. */
static bool is_edit(const struct json *before, const struct json *after)
{
    static const char *const fields[] = {"logSubcommand", "logTruncateUntil", "logStop"};
    const struct json *old = json_get(before, "spec"), *new = json_get(after, "spec");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!json_equal(json_get(old, fields[i]), json_get(new, fields[i])))
            return true;
    return json_count(json_at(before, "status", "logSubCommandStatuses", NULL)) >
               json_count(json_at(after, "status", "logSubCommandStatuses", NULL)) ||
           json_is_null(json_at(before, "metadata", "deletionTimestamp", NULL)) !=
               json_is_null(json_at(after, "metadata", "deletionTimestamp", NULL));
}

/* Where @from..until the next edit something fails, br is told to. */
static void order_failures(struct replay *replay, const struct json *event)
{
    const struct json *before = json_get(event, "object");
    for (const struct json *next = json_next(event); next; next = json_next(next)) {
        const struct json *after = json_get(next, "object");
        if (is_edit(before, after))
            return;
        char *old = json_print(before), *new = json_print(after);
        bool fails = strstr(new, "wait pipe message failed") && !strstr(old, "wait pipe message failed");
        free(old);
        free(new);
        before = after;
        if (!fails)
            continue;
        struct json *order = json_new_object();
        json_set_string(order, "message", "by the recording");
        assert_true(operator_order_failure(replay->sim.operator_, order, NULL));
        json_free(&order);
        return;
    }
}

/* Write what the person wrote: the recorded object's spec and deletion, and an entry dropped from the status. */
static void edit(struct replay *replay, const struct json *object)
{
    const struct kind *kind = kind_of(KIND_BACKUP);
    struct json *mine = store_read(replay->sim.store, kind, "backup-test", replay->name);
    assert_non_null(mine);
    json_set(mine, "spec", json_copy(json_get(object, "spec")));
    const struct json *deleted = json_at(object, "metadata", "deletionTimestamp", NULL);
    if (deleted)
        json_set(json_object_in(mine, "metadata"), "deletionTimestamp", json_copy(deleted));
    struct json *entries = json_get_mut(json_get_mut(mine, "status"), "logSubCommandStatuses");
    const struct json *wanted = json_at(object, "status", "logSubCommandStatuses", NULL), *next;
    for (const struct json *entry = json_first(entries); entry; entry = next) {
        next = json_next(entry);
        if (!json_get(wanted, json_key(entry)))
            json_remove(entries, json_key(entry));
    }
    store_put(replay->sim.store, kind, mine);
}

/* Go through @events; the first is written as it is when @create. */
static void play(struct replay *replay, const struct json *events)
{
    const struct json *before = NULL;
    char *last = NULL;
    size_t step = 0;
    for (const struct json *event = json_first(events); event; event = json_next(event), step++) {
        const struct json *object = json_get(event, "object");
        bool deleted = str_same(json_string(event, "type"), "DELETED");
        char *wanted = signature(object, deleted);
        if (!before) {
            order_failures(replay, event);
            struct json *copy = json_copy(object);
            store_put(replay->sim.store, kind_of(KIND_BACKUP), copy);
        } else if (is_edit(before, object) && !deleted) {
            expect_quiet(replay, step - 1);
            order_failures(replay, event);
            edit(replay, object);
        }
        before = object;
        if (!last || strcmp(last, wanted) != 0)
            expect(replay, wanted, step);
        free(last);
        last = wanted;
    }
    free(last);
    expect_quiet(replay, step);
}

static void test_start(void **state)
{
    (void)state;
    static const char *const names[] = {"demo1-log", "demo1-full", "no-cluster",   "no-secret",
                                        "no-bucket", "will-fail",  "log-will-fail"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct json *events = load("operator-start.jsonl", names[i]);
        struct replay replay;
        replay_init(&replay, names[i]);
        play(&replay, events);
        replay_done(&replay);
        json_free(&events);
    }
}

static void test_life(void **state)
{
    (void)state;
    struct json *events = load("operator-life.jsonl", "demo1-log");
    struct replay replay;
    replay_init(&replay, "demo1-log");
    pd_start(operator_pd(replay.sim.operator_), "backup-test", "tc-pd", "demo1-log", "s3://my-bucket/x",
             (uint64_t)(clock_wall_ms() - 3600000) << TSO_SHIFT);
    play(&replay, events);
    assert_true(replay.taken > 40);
    replay_done(&replay);
    json_free(&events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start), cmocka_unit_test(test_life)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
