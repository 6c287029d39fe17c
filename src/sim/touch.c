#include <config.h>

#include "touch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "fields.h"
#include "operator.h"
#include "sim.h"

enum { TICK_MS = 10, TSO_SHIFT = 18 };

struct touch {
    struct sim *sim;
    struct timer timer;
    int64_t left, rate, begun_ms, made;
    size_t next;
    char *ns, *name;
};

/* A later checkpoint (a log backup) or one byte more of size: what a list shows. */
static void change_one(struct touch *touch, const char *ns, const char *name)
{
    struct store *store = touch->sim->store;
    const struct kind *kind = kind_of(KIND_BACKUP);
    struct json *old = store_read(store, kind, ns, name);
    if (!old)
        return;
    struct json *new = json_copy(old), *status = json_object_in(new, "status");
    int64_t size = 0;
    if (str_same(json_text(json_at(old, "spec", "backupMode", NULL)), "log")) {
        char tso[24];
        snprintf(tso, sizeof tso, "%" PRIu64, ((uint64_t)clock_wall_ms() << TSO_SHIFT) + (uint64_t)touch->made);
        json_set_string(status, "logCheckpointTs", tso);
    } else {
        json_int(json_get(status, "backupSize"), &size);
        json_set_int(status, "backupSize", size + 1);
    }
    fields_update(old, new, "tidb-operator", "status");
    operator_mute(touch->sim->operator_, true);
    store_put(store, kind, new);
    operator_mute(touch->sim->operator_, false);
    json_free(&old);
}

static void change_next(struct touch *touch)
{
    struct object *const *first;
    if (touch->name) {
        change_one(touch, touch->ns, touch->name);
        return;
    }
    size_t count = store_range(touch->sim->store, kind_of(KIND_BACKUP), touch->ns, &first);
    if (count == 0)
        return;
    const struct object *object = first[touch->next++ % count];
    change_one(touch, object->ns, object->name);
}

static void on_tick(void *arg)
{
    struct touch *touch = arg;
    int64_t due = (clock_mono_ms() - touch->begun_ms) * touch->rate / 1000 + 1;
    for (; touch->left > 0 && touch->made < due; touch->left--, touch->made++)
        change_next(touch);
    if (touch->left > 0)
        timer_set(&touch->sim->timers, &touch->timer, TICK_MS);
}

struct touch *touch_new(struct sim *sim)
{
    struct touch *touch = xcalloc(1, sizeof *touch);
    touch->sim = sim;
    touch->ns = xstrdup("");
    timer_init(&touch->timer, on_tick, touch);
    return touch;
}

void touch_free(struct touch **touch)
{
    if (!*touch)
        return;
    timer_cancel(&(*touch)->sim->timers, &(*touch)->timer);
    free((*touch)->ns);
    free((*touch)->name);
    free(*touch);
    *touch = NULL;
}

bool touch_order(struct touch *touch, const struct json *order, struct error *err)
{
    const char *ns = json_string(order, "namespace"), *name = json_string(order, "name");
    int64_t count = 1, rate = 1000000;
    json_int(json_get(order, "count"), &count);
    json_int(json_get(order, "rate"), &rate);
    if (count < 0 || rate < 1)
        return error_set(err, ERROR_INPUT, "count must be 0 or more, rate 1 or more");
    if (name && !ns)
        return error_set(err, ERROR_INPUT, "a name needs its namespace");
    free(touch->ns);
    free(touch->name);
    touch->ns = xstrdup(ns ? ns : "");
    touch->name = xstrdup(name);
    touch->left = count;
    touch->rate = rate;
    touch->made = 0;
    touch->begun_ms = clock_mono_ms();
    on_tick(touch);
    return true;
}
