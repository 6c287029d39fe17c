/* fleet.h - the Backups of one API server: discovered, listed, watched, and how fresh they are.
 *
 * A source is one (group, namespace) of the kind Backup: both groups of TiDB Operator, every one present (rule 17); all
 * namespaces in one, or one source a namespace where the right to list all is missing (rule 18).
 */
#ifndef BRDECK_FLEET_FLEET_H
#define BRDECK_FLEET_FLEET_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/window.h>
#include <brdeck/base/loop.h>
#include <brdeck/fleet/store.h>
#include <brdeck/kube/access.h>
#include <brdeck/kube/call.h>
#include <brdeck/kube/client.h>
#include <brdeck/kube/discovery.h>
#include <brdeck/kube/reflector.h>

enum { FLEET_WATCHES_MAX = 50 };

struct fleet_options {
    const char *const *namespaces; /* NULL-terminated; NULL: all */
    const char *label_selector;    /* NULL: none; sent to the server */
    const char *name;              /* only the Backup of this name (the command line); NULL: all */
    bool once;                     /* list only, no watch: `get` without -w */
    /* Every object as it came, before it is decoded, for those who print it whole; NULL: nobody. @deleted: its last
     * state. */
    void (*on_raw)(void *arg, const char *text, size_t len, bool deleted);
    void *raw_arg;
};
struct fleet;
/* Starts at once; @client is borrowed. @changed is called (at most once a turn) when sources, freshness or rights
 * changed; row changes come by store feeds. */
struct fleet *fleet_new(struct loop *loop, struct kube_client *client, const struct fleet_options *options,
                        void (*changed)(void *arg), void *arg);
void fleet_free(struct fleet **fleet);
struct kube_client *fleet_client(const struct fleet *fleet);
struct store *fleet_store(const struct fleet *fleet);
struct kube_access *fleet_access(const struct fleet *fleet);
int64_t fleet_now_ms(const struct fleet *fleet); /* corrected wall time */
const char *fleet_server_version(const struct fleet *fleet); /* "" unknown */
const char *fleet_cluster_uid(const struct fleet *fleet);    /* of kube-system; "" unknown */

/* Other namespaces from now on; NULL: all. Rows of namespaces that stay are kept. */
void fleet_set_namespaces(struct fleet *fleet, const char *const *namespaces);
/* "all namespaces", "orders", "orders, billing", appended. */
struct str;
void fleet_scope(const struct fleet *fleet, struct str *out);
/* Try now what waits for its next try. */
void fleet_retry(struct fleet *fleet);

/* -- sources -- */
struct fleet_source {
    bool v1, has_status_sub;
    const char *ns;             /* NULL: all */
    struct reflector_state state;
    bool live;                  /* bytes within 45 s */
};
size_t fleet_sources(const struct fleet *fleet);
const struct fleet_source *fleet_source(const struct fleet *fleet, size_t i);
/* The row came from a source that is not live, or that is no more. */
bool fleet_row_is_stale(const struct fleet *fleet, const struct store_row *row);
/* The resource of the group, for calls. */
const struct kube_resource *fleet_resource(bool v1);
bool fleet_has_status_sub(const struct fleet *fleet, bool v1);
/* The first complete list of every source is there, or cannot be had (see fleet_error). */
bool fleet_is_settled(const struct fleet *fleet);
/* Every Backup is known: all groups, no selector, every source completely listed and live. What may be called known
 * (rule 3). */
bool fleet_is_complete(const struct fleet *fleet);
/* The error that keeps everything from being seen; code NONE: none. */
const struct error *fleet_error(const struct fleet *fleet);

/* How fresh it is, in words for the first line: "live", "loading 12,500 of 100,000", "reconnecting 12 s: connection
 * refused, data 40 s old", "no right to list backups in all namespaces". Of several sources the worst, and how many
 * are as bad. @holds_ms: for how long it reads so; INT64_MAX: until @changed is called. */
void fleet_freshness(const struct fleet *fleet, struct str *out, enum role *role, int64_t *holds_ms);
/* Why there is no row, and what to do, in one or two lines: no CRD, no right, none in this namespace (12 in
 * others)... */
void fleet_empty(const struct fleet *fleet, struct str *out);

/* When the Cluster (v1 TidbCluster) object of record_cluster's key was made; 0: not known. */
int64_t fleet_cluster_created_ms(const struct fleet *fleet, const char *cluster);
/* What log backup @record, with its @facts (may be NULL), and the snapshots that are known of its cluster can restore,
 * as it is shown (window_shown); false: it is no log backup. */
bool fleet_window(const struct fleet *fleet, const struct backup_record *record, const struct backup_facts *facts,
                  struct window *window);
/* Names of the namespaces that may be picked: those listed by the server, else (with @err, why) those seen and the
 * context's. Asks once; @fn is called later, unless the request is cancelled. */
typedef void fleet_names_fn(void *arg, const char *const *names, size_t count, const struct error *err);
struct kube_request *fleet_ask_namespaces(struct fleet *fleet, fleet_names_fn *fn, void *arg);
/* The whole object of @ns/@name. */
struct kube_request *fleet_fetch(struct fleet *fleet, bool v1, const char *ns, const char *name, kube_call_fn *fn,
                                 void *arg);

#endif
