/* resource.h - the kinds that brdeck asks a server for, and their paths. */
#ifndef BRDECK_KUBE_RESOURCE_H
#define BRDECK_KUBE_RESOURCE_H

#include <stdbool.h>

#include <brdeck/base/str.h>

struct kube_resource {
    const char *group;   /* "" is the core group */
    const char *version; /* "v1alpha1" */
    const char *plural;  /* "backups" */
    const char *kind;    /* "Backup" */
    bool namespaced;
};

extern const struct kube_resource kube_namespaces, kube_pods, kube_events, kube_jobs, kube_ssars;
/* TiDB clusters: of TiDB Operator v2 three kinds, of v1 one. */
extern const struct kube_resource kube_clusters, kube_pdgroups, kube_tikvgroups, kube_tidbclusters;

/* Append "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUB". @ns NULL or "": all namespaces; @name, @sub NULL: not
 * there. Parts are escaped. Queries are added by kube_query. */
void kube_path(struct str *path, const struct kube_resource *resource, const char *ns, const char *name,
               const char *sub);
/* Append "?KEY=VALUE" or "&KEY=VALUE", escaped; a NULL or empty value adds nothing. */
void kube_query(struct str *path, const char *key, const char *value);

#endif
