/* cluster.h - the TiDB cluster that a Backup is of: where its PD is, whether it speaks TLS, which version it runs.
 *
 * v2: Cluster, PDGroup and TiKVGroup of core.pingcap.com in the Backup's own namespace (the operator looks nowhere
 * else); v1: TidbCluster of pingcap.com in spec.br.clusterNamespace or the Backup's namespace. The names are formed as
 * TiDB Operator forms them: <PDGroup>-pd.<ns>:2379, v1 <cluster>-pd.<ns>:2379. Of several groups it takes the one that
 * was made first, and as version what that says (spec.template.spec.version); so does this. customizedPDServiceName is
 * not asked: the operator's Jobs do not ask it either.
 */
#ifndef BRDECK_BR_CLUSTER_H
#define BRDECK_BR_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/backup/record.h>
#include <brdeck/base/error.h>

struct br;

struct br_cluster {
    char ns[64], name[256];
    bool v1;
    int64_t read_ms;         /* corrected wall, when the Cluster was read or found missing; 0: neither, see error */
    bool missing;            /* 404: error says so too */
    bool paused, suspended, tls;
    int64_t created_ms;
    char pd_service[72];     /* "pd-pd"; "": there is no PDGroup */
    int pd_port;             /* of its clients: 2379 but where the PDGroup has another */
    char pd_address[160];    /* "pd-pd.prod:2379"; "" with pd_service */
    char tls_secret[300];    /* "<cluster>-cluster-client-secret"; with tls */
    char version[64];        /* TiKV's, "v8.5.0"; "" unknown */
    char id[24];             /* PD's name for it, digits: status.id, v1 status.clusterID; "": not told */
    struct error error;      /* NONE: all of the above was read; else what was read stands nevertheless */
};

/* Ask for the cluster of @record; @fn is called once, from the loop, maybe with one kept for at most 30 s. @cluster is
 * borrowed, during the call. The returned ticket, gone after the call, may be cancelled until then. */
typedef void br_cluster_fn(void *arg, const struct br_cluster *cluster);
struct br_cluster_ask;
struct br_cluster_ask *br_cluster_get(struct br *br, const struct backup_record *record, br_cluster_fn *fn, void *arg);
void br_cluster_cancel(struct br_cluster_ask **ask);

#endif
