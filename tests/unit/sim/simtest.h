/* simtest.h - a simulated cluster without its network, for the unit tests of sim/. */
#ifndef BRDECK_TESTS_SIMTEST_H
#define BRDECK_TESTS_SIMTEST_H

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "sim/cluster.h"
#include "sim/fleet.h"
#include "sim/operator.h"
#include "sim/sim.h"

enum { SIMTEST_SPEED = 200, SIMTEST_LIMIT_MS = 8000 };
#define NS "backup-test"

static inline void simtest_begin(struct sim *sim)
{
    static const struct sim_options options = {.fleet = "empty", .speed = SIMTEST_SPEED, .history = 1000};
    struct error err;
    sim_init(sim, &options);
    assert_true(fleet_load(sim, "empty", &err));
    operator_start(sim->operator_);
}

static inline int64_t simtest_limit(void)
{
    const char *factor = getenv("TIMEOUT_FACTOR");
    return clock_mono_ms() + SIMTEST_LIMIT_MS * (factor ? atoi(factor) : 1);
}

static inline void simtest_turn(struct sim *sim)
{
    poll(NULL, 0, (int)timers_wait_ms(&sim->timers, 5));
    timers_run(&sim->timers);
}

/* Let it go on until @what holds. */
#define WAIT_FOR(sim, what) \
    do { \
        int64_t limit_ = simtest_limit(); \
        while (!(what) && clock_mono_ms() < limit_) \
            simtest_turn(sim); \
        if (!(what)) \
            fail_msg("line %d: never: %s", __LINE__, #what); \
    } while (0)

/* For so long (at speed 1) it goes on. */
static inline void simtest_pass(struct sim *sim, int64_t ms)
{
    int64_t limit = clock_mono_ms() + ms / SIMTEST_SPEED + 1;
    while (clock_mono_ms() < limit)
        simtest_turn(sim);
}

/* JSON with ' for ". The caller frees. */
static inline struct json *parse(const char *text)
{
    char *copy = xstrdup(text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    struct error err = {0};
    struct json *tree = json_parse(copy, strlen(copy), &err);
    if (!tree)
        fail_msg("%s: %s", copy, err.text);
    free(copy);
    return tree;
}

/* An object of @kind as a user makes it: @rest are its further members, in JSON with '. */
static inline void make(struct sim *sim, enum kind_id id, const char *name, const char *rest)
{
    struct json *object = object_new(kind_of(id), NS, name, 0), *more = parse(rest);
    JSON_EACH(member, more)
    {
        if (!str_same(json_key(member), "metadata"))
            json_set(object, json_key(member), json_copy(member));
        else
            JSON_EACH(meta, member)
                json_set(json_object_in(object, "metadata"), json_key(meta), json_copy(meta));
    }
    json_free(&more);
    store_put(sim->store, kind_of(id), object);
}

static inline void make_log(struct sim *sim, const char *name)
{
    make(sim, KIND_BACKUP, name,
         "{'spec':{'backupMode':'log','br':{'cluster':'tc'},'s3':{'provider':'aws','bucket':'b','prefix':'p',"
         "'secretName':'s3-secret'}}}");
}

static inline void change(struct sim *sim, enum kind_id id, const char *name, const char *patch)
{
    struct json *tree = store_read(sim->store, kind_of(id), NS, name), *parsed = parse(patch);
    assert_non_null(tree);
    tree = json_merge_patch(tree, parsed);
    json_free(&parsed);
    store_put(sim->store, kind_of(id), tree);
}

/* Whether an object's text holds @text (with ' for "). "" as name: any of that kind. */
static inline bool holds(struct sim *sim, enum kind_id id, const char *name, const char *text)
{
    struct object *const *first;
    size_t count = store_range(sim->store, kind_of(id), NS, &first);
    char *wanted = xstrdup(text);
    bool found = false;
    for (char *c = wanted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    for (size_t i = 0; i < count && !found; i++)
        found = (!*name || strcmp(first[i]->name, name) == 0) && strstr(first[i]->text->text, wanted);
    free(wanted);
    return found;
}

static inline bool phase_is(struct sim *sim, const char *name, const char *phase)
{
    struct json *tree = store_read(sim->store, kind_of(KIND_BACKUP), NS, name);
    bool same = str_same(json_text(json_at(tree, "status", "phase", NULL)), phase);
    json_free(&tree);
    return same;
}

static inline void order_job(struct sim *sim, const char *text)
{
    struct json *order = parse(text);
    struct error err = {0};
    if (!troubles_order(&sim->troubles, order, &err))
        fail_msg("%s: %s", text, err.text);
    json_free(&order);
}

static inline void order_pd(struct sim *sim, const char *text)
{
    struct json *order = parse(text);
    struct error err = {0};
    if (!operator_order_pd(sim->operator_, order, &err))
        fail_msg("%s: %s", text, err.text);
    json_free(&order);
}

#endif
