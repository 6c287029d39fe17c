/* cluster.h - what the cluster itself does when objects are made and go: uids, garbage
 * collection, Events. */
#ifndef BRDECK_SIM_CLUSTER_H
#define BRDECK_SIM_CLUSTER_H

#include <brdeck/base/json.h>

#include "kinds.h"

struct sim;

enum { UID_MAX = 40 };
/* A random UUID. @buf is returned. */
char *uid_new(char buf[UID_MAX]);
/* An object of @kind with name, namespace ("" for none), uid and creationTimestamp @created_ms (0: now). */
struct json *object_new(const struct kind *kind, const char *ns, const char *name, int64_t created_ms);
/* Remove an object, and what it owns. */
void cluster_remove(struct sim *sim, const struct kind *kind, const char *ns, const char *name);
/* An Event. */
struct event_note {
    const char *type, *reason, *message; /* "Normal", "Warning" */
    const char *component;               /* "job-controller", "kubelet", "default-scheduler" */
    const char *host;                    /* of a kubelet; NULL: none */
    const char *field;                   /* "spec.containers{backup}"; NULL: the whole object */
    bool series; /* by events.k8s.io, as the scheduler's: eventTime and series, no count, other times null */
};
/* Add it, or count up the one of the same reason and message about @about, an object of @kind. */
void cluster_note(struct sim *sim, const struct kind *kind, const struct json *about, const struct event_note *note);
/* The same of what counts mostly. */
void cluster_event(struct sim *sim, const struct kind *kind, const struct json *about, const char *type,
                   const char *reason, const char *component, const char *message);
/* The Cluster (v1: TidbCluster) that the PD Service @service is of; the caller frees, NULL: there is none. */
struct json *cluster_of_pd(struct sim *sim, const char *ns, const char *service);
/* Whether that speaks TLS only. */
bool cluster_pd_is_tls(struct sim *sim, const char *ns, const char *service);

#endif
