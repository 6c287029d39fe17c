#include <config.h>

#include "sharers.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/place.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#include "br_private.h"
#include "users.h"

enum { SHARERS_SHOWN = 4, NAMES_MAX = 2000, BACKUPS = USER_KINDS, KINDS = USER_KINDS + 1, GROUPS = 2 };

/* One kind of one API group, listed once. */
struct list {
    struct sharers *sharers;
    unsigned kind;               /* BACKUPS, else an enum user_kind */
    bool v1;
    struct reflector *reflector; /* NULL: not asked for */
    struct str names;            /* Backups: who shares the path */
    struct str busy, facts;      /* the others: clauses */
    size_t count, busy_count, fact_count;
    bool listed, failed;
    enum { WIDE, TO_NARROW, NARROW } scope; /* narrow: all namespaces are denied, so its own is listed */
};
struct sharers {
    struct br *br;
    struct backup_record own;    /* its strings are the pool's */
    struct intern *pool;
    struct list lists[KINDS][GROUPS];
    struct str names, busy, facts;
    struct loop_timer limit, tell, narrow;
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

#define EACH_LIST(list, s) \
    for (struct list *list = &(s)->lists[0][0]; list < &(s)->lists[0][0] + KINDS * GROUPS; list++)

static void add_clause(struct str *all, size_t *count, const char *between, const char *clause)
{
    if ((*count)++ < SHARERS_SHOWN)
        str_addf(all, "%s%s", all->len ? between : "", clause);
}

static void add_user(struct list *list, const char *text, size_t len)
{
    struct sharers *s = list->sharers;
    struct json *object = json_parse(text, len, NULL);
    struct str words;
    str_init(&words, NAMES_MAX);
    enum use use = user_says((enum user_kind)list->kind, list->v1, object, &s->own, s->pool, &words);
    if (use == USE_AT_WORK)
        add_clause(&list->busy, &list->busy_count, "; ", words.data);
    else if (use == USE_IS_FACT)
        add_clause(&list->facts, &list->fact_count, "\n", words.data);
    str_done(&words);
    json_free(&object);
}

static void on_object(void *arg, const char *text, size_t len)
{
    struct list *list = arg;
    if (list->kind != BACKUPS) {
        add_user(list, text, len);
        return;
    }
    struct backup_record *record = record_decode_text(text, len, list->sharers->pool, NULL);
    if (record)
        sharers_add(&list->names, &list->count, &list->sharers->own, record);
    record_free(&record);
}

static void on_delete(void *arg, const char *text, size_t len) { (void)arg, (void)text, (void)len; }

static void on_list(void *arg)
{
    struct list *list = arg;
    str_clear(&list->names);
    str_clear(&list->busy);
    str_clear(&list->facts);
    list->count = list->busy_count = list->fact_count = 0;
}

static bool is_over(struct sharers *s)
{
    bool over = true;
    EACH_LIST(list, s)
        over = over && (!list->reflector || list->listed || list->failed);
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
    struct list *list = arg;
    list->listed = true;
    look_whether_over(list->sharers);
}

static void on_state(void *arg, const struct reflector_state *state)
{
    struct list *list = arg;
    bool denied = state->phase == REFLECTOR_DENIED;
    list->listed = list->listed || state->phase == REFLECTOR_MISSING; /* no such kind: no such object */
    if (denied && list->kind != BACKUPS && list->scope == WIDE && *list->sharers->own.ns) {
        list->scope = TO_NARROW;
        loop_timer_set(&list->sharers->narrow, 0); /* not from the reflector's own callback */
    } else if (denied && list->scope != TO_NARROW) {
        list->failed = true;
    }
    look_whether_over(list->sharers);
}

static void begin(struct list *list)
{
    reflector_free(&list->reflector);
    list->reflector = reflector_new(&(struct reflector_spec){
        .client = fleet_client(list->sharers->br->fleet),
        .resource = list->kind == BACKUPS ? *fleet_resource(list->v1) :
                                            *user_resource((enum user_kind)list->kind, list->v1),
        .ns = list->scope == NARROW ? list->sharers->own.ns : NULL, .once = true, .on_object = on_object,
        .on_delete = on_delete, .on_list = on_list, .on_listed = on_listed, .on_state = on_state, .arg = list});
}

static void on_narrow(void *arg)
{
    EACH_LIST(list, (struct sharers *)arg)
        if (list->scope == TO_NARROW) {
            list->scope = NARROW;
            begin(list);
        }
}

/* The clauses of one list, and how many were not told. */
static void add_clauses(struct str *all, const char *between, const struct str *clauses, size_t count)
{
    if (!clauses->len)
        return;
    str_addf(all, "%s%s", all->len ? between : "", clauses->data);
    sharers_add_rest(all, count);
}

static void on_tell(void *arg)
{
    struct sharers *s = arg;
    size_t untold = 0;
    loop_timer_cancel(&s->limit);
    loop_timer_cancel(&s->tell);
    loop_timer_cancel(&s->narrow);
    str_clear(&s->names);
    EACH_LIST(list, s) {
        reflector_free(&list->reflector);
        if (list->names.len)
            str_addf(&s->names, "%s%s", s->names.len ? ", " : "", list->names.data);
        add_clauses(&s->busy, "; ", &list->busy, list->busy_count);
        add_clauses(&s->facts, "\n", &list->facts, list->fact_count);
        untold += list->count > SHARERS_SHOWN ? list->count - SHARERS_SHOWN : 0;
    }
    sharers_add_rest(&s->names, SHARERS_SHOWN + untold);
    s->done(s->arg);
}

/* -- life ---------------------------------------------------------------------------------- */

static struct backup_record keep(struct intern *pool, const struct backup_record *r)
{
    return (struct backup_record){.uid = intern(pool, r->uid), .ns = intern(pool, r->ns ? r->ns : ""),
                                  .storage = intern(pool, r->storage), .path = intern(pool, r->path),
                                  .endpoint = intern(pool, r->endpoint)};
}

static void init_list(struct sharers *s, unsigned kind, bool v1)
{
    struct list *list = &s->lists[kind][v1];
    list->sharers = s;
    list->kind = kind;
    list->v1 = v1;
    str_init(&list->names, NAMES_MAX);
    str_init(&list->busy, NAMES_MAX);
    str_init(&list->facts, NAMES_MAX);
}

struct sharers *sharers_look(struct br *br, const struct backup_record *own, bool backups, void (*done)(void *arg),
                             void *arg)
{
    struct sharers *s = xcalloc(1, sizeof *s);
    s->br = br;
    s->pool = intern_new();
    s->own = keep(s->pool, own);
    s->done = done;
    s->arg = arg;
    str_init(&s->names, NAMES_MAX);
    str_init(&s->busy, NAMES_MAX);
    str_init(&s->facts, NAMES_MAX);
    loop_timer_init(&s->limit, br->loop, on_tell, s);
    loop_timer_init(&s->tell, br->loop, on_tell, s);
    loop_timer_init(&s->narrow, br->loop, on_narrow, s);
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned v1 = 0; v1 < GROUPS; v1++) { /* both groups: one that is not there has none */
            init_list(s, kind, v1 == 1);
            if (br->pace.sharers_ms > 0 && (kind != BACKUPS || backups))
                begin(&s->lists[kind][v1]);
        }
    loop_timer_set(&s->limit, br->pace.sharers_ms);
    return s;
}

void sharers_free(struct sharers **psharers)
{
    struct sharers *s = *psharers;
    *psharers = NULL;
    if (!s)
        return;
    EACH_LIST(list, s) {
        reflector_free(&list->reflector);
        str_done(&list->names);
        str_done(&list->busy);
        str_done(&list->facts);
    }
    loop_timer_cancel(&s->limit);
    loop_timer_cancel(&s->tell);
    loop_timer_cancel(&s->narrow);
    str_done(&s->names);
    str_done(&s->busy);
    str_done(&s->facts);
    intern_free(&s->pool);
    free(s);
}

static bool saw(const struct sharers *s, unsigned kind)
{
    return s->lists[kind][0].listed && s->lists[kind][1].listed && s->lists[kind][0].scope == WIDE &&
           s->lists[kind][1].scope == WIDE;
}

bool sharers_saw_backups(const struct sharers *s) { return saw(s, BACKUPS); }

bool sharers_saw_users(const struct sharers *s)
{
    bool all = true;
    for (unsigned kind = 0; kind < USER_KINDS; kind++)
        all = all && saw(s, kind);
    return all;
}

const char *sharers_busy(const struct sharers *s) { return s->busy.data; }
const char *sharers_facts(const struct sharers *s) { return s->facts.data; }
const char *sharers_names(const struct sharers *s) { return s->names.data; }
