/* facts_keeper.h - what the files behind facts.h share: watches, what they have seen, and which rows are to be looked
 * at again.
 *
 * A watch holds of each Job, Pod and Event the few fields that facts are made of (facts_set.c), read by facts_read.c.
 * What changes marks the Backup it is about; from the loop facts_apply.c makes the facts of what is marked anew.
 */
#ifndef BRDECK_BR_FACTS_KEEPER_H
#define BRDECK_BR_FACTS_KEEPER_H

#include <uthash.h>

#include <brdeck/br/cluster.h>
#include <brdeck/br/facts.h>

#include "br_private.h"

enum { CLUSTER_AGAIN_MS = 60 * 1000, FACT_UID_MAX = 40 };

#define FACT_TYPE(member) __typeof__(((struct backup_facts *)NULL)->member)

/* -- facts_set.c: objects by uid, and by what they belong to --------------------------------- */

struct fact_item {
    UT_hash_handle hh;
    char uid[FACT_UID_MAX];
    char owner[FACT_UID_MAX]; /* a Job's Backup, a Pod's Job, whom an Event is about */
    char *key;                /* its Backup where it names one: "1 ns/name", "2 ns/name", the operator's major version
                                 first; NULL */
    struct fact_item *prev, *next; /* of the same owner */
    int64_t at_ms;            /* when it was made; of Events when it was seen last */
    uint64_t version;         /* decides where at_ms is equal */
    unsigned round;           /* of the list that saw it last */
};
struct job_item {
    struct fact_item item;
    FACT_TYPE(job) job;
};
struct pod_item {
    struct fact_item item;
    int64_t runs_ms;          /* since when the newest of its containers runs, or ran; 0: none did */
    FACT_TYPE(pod) pod;
};
struct event_item {
    struct fact_item item;
    FACT_TYPE(event) event;
};

struct fact_owner;
struct facts_set {
    struct fact_item *items;
    struct fact_owner *owners;
    unsigned round;
};
void fact_item_free(struct fact_item *item);
void facts_set_done(struct facts_set *set);
/* Takes @item; one of that uid is replaced. */
void facts_set_put(struct facts_set *set, struct fact_item *item);
void facts_set_remove(struct facts_set *set, struct fact_item *item);
struct fact_item *facts_set_find(const struct facts_set *set, const char *uid);
struct fact_item *facts_set_newest(const struct facts_set *set, const char *owner); /* NULL: none */
/* How many of @owner are of from_ms to to_ms; *@first_ms is the time of the oldest. */
int facts_set_count(const struct facts_set *set, const char *owner, int64_t from_ms, int64_t to_ms, int64_t *first_ms);

/* -- facts_read.c: from objects ------------------------------------------------------------------ */

/* NULL: it is nothing that counts (a Job of another kind's, an Event about something else). */
struct fact_item *read_job(const struct json *object);
struct fact_item *read_pod(const struct json *object);
struct fact_item *read_event(const struct json *object);
/* An Event by which the Job controller gives a Job up, or else what read_event() makes of it. The operator deletes such
 * Jobs and makes them anew under the same name, by which it is kept: fact_death_owner(). */
struct fact_item *read_event_or_death(const struct json *object);
char *fact_death_owner(const char *ns, const char *job, char owner[FACT_UID_MAX]);
/* What a Job says of itself, whosever it is. */
void read_job_facts(const struct json *object, FACT_TYPE(job) *job);
/* Copy as much of @text as fits, whole UTF-8 characters only; NULL is "". */
void fact_text(char *to, size_t size, const char *text);

/* -- facts.c: watches ------------------------------------------------------------------------------ */

enum watched { WATCHED_JOBS, WATCHED_PODS, WATCHED_EVENTS, WATCHED };

struct facts_watch;
struct watched_kind {
    struct facts_watch *watch;
    enum watched what;
    struct reflector *reflector;
    struct facts_set set;
};

/* A Cluster that Backups of a watch name. */
struct facts_cluster {
    UT_hash_handle hh;
    struct facts_watch *watch;
    struct br_cluster_ask *ask;
    int64_t asked_ms;           /* monotonic */
    bool answered, v1;
    FACT_TYPE(cluster) cluster;
    char key[];                 /* "1 ns/name", "2 ns/name" */
};

struct dirty;
struct facts_watch {
    struct facts_keeper *keeper;
    char *ns;                   /* NULL: all */
    int64_t wanted_ms;          /* monotonic */
    struct watched_kind kinds[WATCHED];
    struct facts_cluster *clusters;
    slot_t scan;                /* rows from here on have not been looked at since it began */
    struct loop_timer turn;     /* ends it, asks for its clusters again */
    struct facts_watch *next;
};

struct facts_keeper {
    struct br *br;
    struct facts_watch *watches;
    struct store_feed *feed;
    bool fed;                   /* it has rows to drain */
    struct dirty *dirty;        /* Backups whose facts are to be made anew */
    struct loop_work apply;     /* in slices: they may be a hundred thousand */
    char why[sizeof ((struct error *)NULL)->text + 64];
};
void facts_keeper_free(struct facts_keeper **keeper);
/* The facts of that row are to be made anew. @key "2 ns/name". */
void facts_mark(struct facts_keeper *keeper, const char *key);
/* A list is under way, so what is there is not whole. */
bool facts_watch_lists(const struct facts_watch *watch);
struct facts_watch *facts_watch_of(const struct facts_keeper *keeper, const char *ns);

/* -- facts_apply.c ------------------------------------------------------------------------------------ */

bool facts_apply(void *keeper, int64_t until_us); /* the work's */
/* There is something to look at, or may be: look from the loop. */
void facts_apply_soon(struct facts_keeper *keeper);
bool facts_apply_is_done(const struct facts_keeper *keeper);
void facts_forget_dirty(struct facts_keeper *keeper);
/* What is known of a record that is in no row, into @facts. False: nothing else than stands there. */
bool facts_beside(struct br *br, const struct backup_record *record, struct backup_facts *facts);
/* Take off what @watch gave. */
void facts_take_off(struct facts_watch *watch);

/* -- facts_cluster.c ------------------------------------------------------------------------------------ */

/* What is known of the Cluster of @record, asked for when nothing is. */
const struct facts_cluster *facts_cluster_of(struct facts_watch *watch, const struct backup_record *record);
/* Ask again for those that are old; those that no Backup names any more go. */
void facts_clusters_again(struct facts_watch *watch);
bool facts_clusters_are_there(const struct facts_watch *watch);
void facts_clusters_free(struct facts_watch *watch);

#endif
