/* facts.h - who keeps the facts of the store's rows (backup/facts.h): shared watches of Jobs, Pods and Events, and PD.
 *
 * Nobody is asked until somebody wants to know: views want what is on the screen, the runner what it follows, `check`
 * everything. A namespace has one Job watch, one Pod watch (both only of what carries the operator's label) and one of
 * Warning Events, whoever wants them; 60 s after the last want they end and the facts go stale and are taken off.
 * A right that is missing leaves the fact unknown.
 */
#ifndef BRDECK_BR_FACTS_H
#define BRDECK_BR_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/check.h>
#include <brdeck/fleet/store.h>

struct br;
struct str;

enum { BR_FACTS_KEEP_MS = 60 * 1000, BR_FACTS_NAMESPACES_MAX = 20, BR_PD_EACH_MS = 5000,
       BR_PD_GC_EACH_MS = 30 * 1000, BR_PD_KEEP_MS = 15000 };

/* Jobs, Pods and Events of @ns, and the Clusters that its Backups name, are wanted now: call it again as long as they
 * are. NULL: of all namespaces (the command line). More than BR_FACTS_NAMESPACES_MAX at once are refused (false), so
 * that no screen opens hundreds of watches. */
bool br_facts_want(struct br *br, const char *ns);
/* Whether what br_facts_want asked for has been listed, or is known not to be had (@why, may be NULL: the first reason,
 * "no right to list pods in namespace a"). */
bool br_facts_are_there(const struct br *br, const char *ns, const char **why);

/* What PD says of the log tasks of the cluster of @record is wanted now: call it again as long as it is. Any Backup of
 * the cluster will do: a task may be left over where the last log backup is gone. Asked through the API server's
 * service proxy (rule 23), one request for all tasks of a cluster, every BR_PD_EACH_MS at most, with back-off where it
 * does not answer. The answers go into the facts of the log backups of that cluster. Where the Cluster tells its id, a
 * second request, every BR_PD_GC_EACH_MS and when a task is seen paused, asks for its GC safepoint and what keeps GC
 * from going on. */
void br_pd_want(struct br *br, const struct backup_record *record);
/* All of them are answered, or known not to be had. */
bool br_pd_are_there(const struct br *br);

/* One cluster as PD knows it. */
struct br_pd_task {
    char *name;
    tso_t checkpoint, start_ts;
    bool paused;
    bool known;     /* a log backup of that name and cluster is in the store */
};
struct br_pd_cluster {
    const char *ns, *name;
    bool v1;
    enum pd_reach reach;
    const char *why;
    int64_t read_ms;
    const struct br_pd_task *tasks;
    size_t count;
};
size_t br_pd_clusters(const struct br *br);
const struct br_pd_cluster *br_pd_cluster_at(const struct br *br, size_t i);
/* @key: record_cluster's. */
bool br_pd_is_of(const struct br_pd_cluster *cluster, const char *key);
/* A task of it that is not known has no Backup: PD's last answer has it, and all that may be of @cluster are listed,
 * freshly. */
bool br_pd_is_sure(const struct br *br, const struct br_pd_cluster *cluster);
/* "PD of orders/tc has a log task no Backup knows: dr-copy, checkpoint 14:02:11" */
void br_pd_add_unknown(const struct br_pd_cluster *cluster, const struct br_pd_task *task, int64_t now_ms,
                       struct str *out);

#endif
