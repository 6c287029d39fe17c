#include <config.h>

#include "sharers.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/place.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#include "br_private.h"

enum { SHARERS_SHOWN = 4, NAMES_MAX = 2000, GROUPS = 2 };

/* One API group, listed once. */
struct group {
    struct sharers *sharers;
    struct reflector *reflector;
    struct str names;
    size_t count;
    bool listed, failed;
};
struct sharers {
    struct backup_record own;    /* its strings are the pool's */
    struct intern *pool;
    struct group groups[GROUPS]; /* v2, v1 */
    struct str names;
    struct loop_timer limit, tell;
    void (*done)(void *arg);
    void *arg;
};

void sharers_add(struct str *names, size_t *count, const struct backup_record *own, const struct backup_record *r)
{
    enum place_relation relation = strcmp(r->uid, own->uid) != 0 ? place_of_records(own, r) : PLACE_APART;
    if (relation == PLACE_APART || (*count)++ >= SHARERS_SHOWN)
        return;
    str_addf(names, "%s%s/%s (%s", names->len ? ", " : "", r->ns, r->name, place_relation_words(relation));
    if (!str_same(own->endpoint ? own->endpoint : "", r->endpoint ? r->endpoint : "")) {
        struct str endpoint;
        str_init(&endpoint, STR_SMALL);
        secret_blot(&endpoint, r->endpoint ? r->endpoint : "", r->endpoint ? strlen(r->endpoint) : 0, SECRET_IN_TEXT);
        str_addf(names, ", at the endpoint %s: buckets of one name are taken for one",
                 r->endpoint ? endpoint.data : "of the provider");
        str_done(&endpoint);
    }
    str_addc(names, ')');
}

void sharers_add_rest(struct str *names, size_t count)
{
    if (count > SHARERS_SHOWN)
        str_addf(names, " and %zu more", count - SHARERS_SHOWN);
}

/* -- the lists ------------------------------------------------------------------------- */

static void on_object(void *arg, const char *text, size_t len)
{
    struct group *group = arg;
    struct backup_record *record = record_decode_text(text, len, group->sharers->pool, NULL);
    if (record)
        sharers_add(&group->names, &group->count, &group->sharers->own, record);
    record_free(&record);
}

static void on_delete(void *arg, const char *text, size_t len) { (void)arg, (void)text, (void)len; }

static void on_list(void *arg)
{
    struct group *group = arg;
    str_clear(&group->names);
    group->count = 0;
}

static bool is_over(const struct sharers *s)
{
    bool over = true;
    for (size_t i = 0; i < GROUPS; i++)
        over = over && (!s->groups[i].reflector || s->groups[i].listed || s->groups[i].failed);
    return over;
}

/* Told from the loop's next turn: who is told may free the reflectors, which call here. */
static void look_whether_over(struct sharers *s)
{
    if (is_over(s) && !loop_timer_is_set(&s->tell))
        loop_timer_set(&s->tell, 0);
}

static void on_listed(void *arg)
{
    struct group *group = arg;
    group->listed = true;
    look_whether_over(group->sharers);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    struct group *group = arg;
    group->listed = group->listed || state->phase == REFLECTOR_MISSING; /* no such kind: no such object */
    group->failed = state->phase == REFLECTOR_DENIED;
    look_whether_over(group->sharers);
}

static void on_tell(void *arg)
{
    struct sharers *s = arg;
    size_t count = 0;
    loop_timer_cancel(&s->limit);
    loop_timer_cancel(&s->tell);
    str_clear(&s->names);
    for (size_t i = 0; i < GROUPS; i++) {
        reflector_free(&s->groups[i].reflector);
        if (s->groups[i].names.len)
            str_addf(&s->names, "%s%s", s->names.len ? ", " : "", s->groups[i].names.data);
        count += s->groups[i].count;
    }
    sharers_add_rest(&s->names, count);
    s->done(s->arg);
}

/* -- life ---------------------------------------------------------------------------------- */

static struct backup_record keep(struct intern *pool, const struct backup_record *r)
{
    return (struct backup_record){.uid = intern(pool, r->uid), .storage = intern(pool, r->storage),
                                  .path = intern(pool, r->path), .endpoint = intern(pool, r->endpoint)};
}

struct sharers *sharers_look(struct br *br, const struct backup_record *own, int64_t limit_ms, void (*done)(void *arg),
                             void *arg)
{
    struct sharers *s = xcalloc(1, sizeof *s);
    s->pool = intern_new();
    s->own = keep(s->pool, own);
    s->done = done;
    s->arg = arg;
    str_init(&s->names, NAMES_MAX);
    loop_timer_init(&s->limit, br->loop, on_tell, s);
    loop_timer_init(&s->tell, br->loop, on_tell, s);
    for (size_t i = 0; i < GROUPS; i++) {
        struct group *group = &s->groups[i];
        group->sharers = s;
        str_init(&group->names, NAMES_MAX);
        if (limit_ms > 0) /* both: a group that is not there has none */
            group->reflector = reflector_new(&(struct reflector_spec){
                .client = fleet_client(br->fleet), .resource = *fleet_resource(i == 1), .once = true,
                .on_object = on_object, .on_delete = on_delete, .on_list = on_list, .on_listed = on_listed,
                .on_state = on_state, .arg = group});
    }
    loop_timer_set(&s->limit, limit_ms);
    return s;
}

void sharers_free(struct sharers **psharers)
{
    struct sharers *s = *psharers;
    *psharers = NULL;
    if (!s)
        return;
    for (size_t i = 0; i < GROUPS; i++) {
        reflector_free(&s->groups[i].reflector);
        str_done(&s->groups[i].names);
    }
    loop_timer_cancel(&s->limit);
    loop_timer_cancel(&s->tell);
    str_done(&s->names);
    intern_free(&s->pool);
    free(s);
}

bool sharers_saw_all(const struct sharers *s)
{
    bool all = true;
    for (size_t i = 0; i < GROUPS; i++)
        all = all && s->groups[i].listed;
    return all;
}

const char *sharers_names(const struct sharers *s) { return s->names.data; }
