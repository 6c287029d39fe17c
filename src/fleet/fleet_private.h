/* fleet_private.h - a fleet's inside, cut between its parts.
 *
 * fleet.c     life, the clock, what its owner asks for
 * look.c      what the server has: asked again until it is known
 * sources.c   one reflector for each group and namespace, and their way into the store
 * narrow.c    no right to list all namespaces: which may be listed?
 * clusters.c  when the Cluster objects were made
 * names.c     which namespaces may be picked, and how many Backups are in those not shown
 * fresh.c     how fresh it is, and why there is nothing, in words
 */
#ifndef BRDECK_FLEET_FLEET_PRIVATE_H
#define BRDECK_FLEET_FLEET_PRIVATE_H

#include <brdeck/fleet/fleet.h>

enum { GROUP_V2, GROUP_V1, GROUPS };

struct source {
    struct fleet_source pub; /* first: it is what others see */
    struct fleet *fleet;
    unsigned group, id;      /* id: the store's */
    char *ns;
    struct reflector *reflector;
};

enum narrowing {
    NARROW_NO,      /* all namespaces, or those that were named */
    NARROW_ASKING,  /* which may be listed is being asked */
    NARROW_DONE,    /* narrow.names are watched */
    NARROW_NOTHING, /* none may be listed; asked again */
};

/* The way from "no right to list all" to the namespaces that may be listed. */
struct narrow {
    enum narrowing state;
    unsigned run;          /* answers to questions of an earlier run count no more */
    struct kube_request *request;
    bool guessed;          /* the namespaces could not be listed either: @asked is the context's */
    char **asked;          /* whose rights are asked for */
    size_t asked_count, next, waiting;
    char **names;          /* that may be listed */
    size_t count;
    bool cut;              /* there are more than may be watched */
    bool tried;            /* it came to an end once */
    bool growing;          /* done, and asking whether there are more by now */
    unsigned grown;        /* how often that was asked */
    int64_t at_ms;         /* monotonic, of its end */
};

struct group {
    enum kube_presence presence;
    bool presumed;          /* it is listed before the server has said whether it is there: a round trip less to wait */
    bool has_status, has_clusters;
    struct error error;     /* why it is not known */
    struct narrow narrow;
    struct kube_request *others; /* how many there are in all namespaces */
    bool others_asked, others_known;
    size_t others_count;
};

struct cluster_watch;
struct cluster_time;
struct fleet_ask;   /* narrow.c */
struct names_ask;   /* names.c */

struct fleet {
    struct loop *loop;
    struct kube_client *client;
    struct store *store;
    struct kube_access *access;
    void (*changed)(void *arg);
    void *arg;
    char **namespaces; /* NULL: all */
    char *label_selector, *name;
    bool once;
    void (*on_raw)(void *arg, const char *text, size_t len, bool deleted);
    void *raw_arg;

    struct kube_discovery *discovery;
    struct loop_timer look;
    bool looked;             /* an answer was had once */
    unsigned look_failures;  /* in a row */
    int64_t look_since_ms, look_at_ms; /* monotonic: since when it fails; the next try */
    struct error look_error;
    char *version, *uid;
    struct group groups[GROUPS];

    struct source **sources;
    size_t source_count;
    struct source **by_id;   /* NULL: free */
    size_t id_count;
    bool cut;                /* more namespaces than may be watched */
    struct cluster_watch *cluster_watches;
    struct cluster_time *cluster_times;
    struct fleet_ask *asks;
    struct loop_timer grow;  /* are there more namespaces by now? */
    int64_t grow_ms;         /* how often that is asked; tests shorten it */
    struct names_ask *names_asks;
    struct error error;
    struct loop_timer tell, expire;
};

/* fleet.c */
void fleet_mark(struct fleet *fleet); /* something differs: keep time, and tell at the end of the turn */
void names_free(char ***names);

/* look.c */
extern const struct kube_resource fleet_resources[GROUPS];
extern const struct kube_resource fleet_cluster_resources[GROUPS];
void look_start(struct fleet *fleet);
/* Look now, if it is to be looked again at all. */
void look_retry(struct fleet *fleet);
bool look_has_any(const struct fleet *fleet);
/* Whether Backups of @group are to be listed. */
bool look_uses(const struct fleet *fleet, unsigned group);

/* sources.c */
/* Begin, end and keep sources, as groups and namespaces ask for it. */
void sources_fit(struct fleet *fleet);
void sources_stop(struct fleet *fleet);
/* Where all namespaces were refused before it was known that there is such a group at all. */
void sources_narrow(struct fleet *fleet);
/* The namespaces that @group is watched in, NULL: all; *@count how many. */
char *const *sources_names(const struct fleet *fleet, unsigned group, size_t *count);
/* Whether @group is to be watched in @ns (NULL: as a whole); and each (group, namespace) that is. */
bool sources_want(const struct fleet *fleet, unsigned group, const char *ns);
void sources_each_wanted(struct fleet *fleet, void (*fn)(struct fleet *fleet, unsigned group, const char *ns));
bool sources_same_ns(const char *a, const char *b); /* NULL is all of them, and no name */
struct source *source_at(const struct fleet *fleet, size_t i); /* with its state as it is now */

/* narrow.c */
void narrow_done(struct fleet *fleet); /* all that is under way */
void narrow_denied(struct fleet *fleet, unsigned group); /* the list of all namespaces was refused */
void narrow_reset(struct fleet *fleet, unsigned group);
void narrow_init(struct fleet *fleet);

/* clusters.c */
void clusters_fit(struct fleet *fleet);
void clusters_stop(struct fleet *fleet);
bool clusters_settled(const struct fleet *fleet);

/* names.c */
void names_ask_others(struct fleet *fleet); /* once, when it is to be told why nothing is there */
void names_reset(struct fleet *fleet);
void names_done(struct fleet *fleet);
/* How many Backups there are elsewhere; false: not known. */
bool names_others(const struct fleet *fleet, size_t *count);

/* fresh.c */
bool fresh_is_settled(const struct fleet *fleet);

#endif
