/* discovery.h - what the server has: which groups, which kinds, which subresources.
 *
 * TiDB Operator v2 has group br.pingcap.com, v1 has pingcap.com; a cluster in migration has both.
 * Only 404 means that a thing is not there; 5xx means that it is not known (rule 17).
 */
#ifndef BRDECK_KUBE_DISCOVERY_H
#define BRDECK_KUBE_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/kube/client.h>
#include <brdeck/kube/resource.h>

enum kube_presence { KUBE_UNKNOWN, KUBE_ABSENT, KUBE_PRESENT };

/* One group-version as its resource list tells. */
struct kube_group {
    const char *group, *version;  /* as asked */
    enum kube_presence presence;
    struct error error;           /* why UNKNOWN */
    size_t count;
    struct kube_group_resource {
        char *plural, *kind;
        bool namespaced, has_status;
    } *resources;
};
/* The resource, NULL when the group has none of that name. */
const struct kube_group_resource *kube_group_find(const struct kube_group *group, const char *plural);

struct kube_discovery;
/* Ask for /version, the kube-system Namespace's uid (its absence is no error) and each of the @count group-versions;
 * @fn is called once when all have answered. */
struct kube_discovery *kube_discovery_start(struct kube_client *client, const struct kube_resource *const *wanted,
                                            size_t count,
                                            void (*fn)(void *arg, const struct kube_discovery *d), void *arg);
void kube_discovery_free(struct kube_discovery **d);
const char *kube_discovery_version(const struct kube_discovery *d);   /* "v1.35.4"; "" unknown */
const char *kube_discovery_cluster_uid(const struct kube_discovery *d); /* "" unknown */
const struct kube_group *kube_discovery_group(const struct kube_discovery *d, const char *group);
/* The error of /version: no answer, no login; code NONE when it answered. */
const struct error *kube_discovery_error(const struct kube_discovery *d);

#endif
