#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"

/* What an accepted write has come to where nothing is left to be followed: the object went at once, or only a field was
 * set. */

static bool is_other(const struct run *run, const struct json *object)
{
    const char *uid = json_text(json_at(object, "metadata", "uid", NULL));
    return uid && !str_same(uid, run->plan->pub.record->uid);
}

/* An object without finalizers is answered with a Status; a lost answer with 404, or with another of that name. */
static bool is_gone(const struct run *run, const struct json *object)
{
    return !object || str_same(json_string(object, "kind"), "Status") || is_other(run, object);
}

static const char *data_words(const struct br_plan *p)
{
    const struct backup_record *r = p->record;
    return r->clean_policy == CLEAN_RETAIN || p->removes.keeps_data ? "its data stays in the storage" :
           r->has_finalizer ? "see the storage for what is left there" : "nothing was stopped or removed";
}

static bool deleted(struct run *run, const struct json *object)
{
    if (!is_gone(run, object))
        return false;
    run_say(run, BR_DONE, "it is gone%s; %s", is_other(run, object) ? ", and another of that name is there now" : "",
            data_words(&run->plan->pub));
    return true;
}

/* The finalizers of others that still hold the object. */
static char *holders(const struct json *object)
{
    struct str names;
    str_init(&names, 300);
    JSON_EACH (finalizer, json_at(object, "metadata", "finalizers", NULL))
        if (json_text(finalizer))
            str_addf(&names, "%s%s", names.len ? ", " : "", json_text(finalizer));
    char *text = names.len ? str_take(&names) : NULL;
    str_done(&names);
    return text;
}

static bool let_go(struct run *run, const struct json *object)
{
    char *held = is_gone(run, object) ? NULL : holders(object);
    if (held)
        run_say(run, BR_DONE, "the operator's finalizer is off; the object is still held by %s", held);
    else
        run_say(run, BR_DONE, "the object is gone; nothing was stopped or cleaned for it");
    free(held);
    return true;
}

static bool retained(struct run *run, const struct json *object)
{
    if (!object) /* gone before it could be told: a 404 is no success of a patch */
        return false;
    const char *policy = json_text(json_at(object, "spec", "cleanPolicy", NULL));
    if (!str_same(policy, "Retain")) { /* a delete that waits for this would take the data */
        run_say(run, BR_REVERTED, "the server took it, and its cleanPolicy is %.32s all the same: a webhook of the "
                                  "cluster sets it", policy ? policy : "not set");
        return true;
    }
    run_say(run, BR_DONE, "cleanPolicy is Retain: a delete leaves its data");
    return true;
}

bool run_accepted(struct run *run, const struct json *object)
{
    static bool (*const ends[ACTION_COUNT])(struct run *run, const struct json *object) = {
        [ACTION_DELETE] = deleted, [ACTION_REMOVE_FINALIZER] = let_go, [ACTION_RETAIN] = retained,
    };
    bool (*fn)(struct run *run, const struct json *object) = ends[run->pub.action->id];
    return fn && fn(run, object);
}
