#include <config.h>

#include <brdeck/kube/resource.h>

#include <string.h>

const struct kube_resource kube_namespaces = {"", "v1", "namespaces", "Namespace", false};
const struct kube_resource kube_pods = {"", "v1", "pods", "Pod", true};
const struct kube_resource kube_events = {"", "v1", "events", "Event", true};
const struct kube_resource kube_jobs = {"batch", "v1", "jobs", "Job", true};
const struct kube_resource kube_ssars = {"authorization.k8s.io", "v1", "selfsubjectaccessreviews",
                                         "SelfSubjectAccessReview", false};
const struct kube_resource kube_clusters = {"core.pingcap.com", "v1alpha1", "clusters", "Cluster", true};
const struct kube_resource kube_pdgroups = {"core.pingcap.com", "v1alpha1", "pdgroups", "PDGroup", true};
const struct kube_resource kube_tikvgroups = {"core.pingcap.com", "v1alpha1", "tikvgroups", "TiKVGroup", true};
const struct kube_resource kube_tidbclusters = {"pingcap.com", "v1alpha1", "tidbclusters", "TidbCluster", true};

static void add_part(struct str *path, const char *part)
{
    if (str_empty(part))
        return;
    str_addc(path, '/');
    str_add_escaped(path, part);
}

void kube_path(struct str *path, const struct kube_resource *resource, const char *ns, const char *name,
               const char *sub)
{
    str_add(path, str_empty(resource->group) ? "/api" : "/apis");
    add_part(path, resource->group);
    add_part(path, resource->version);
    if (resource->namespaced && !str_empty(ns)) {
        str_add(path, "/namespaces");
        add_part(path, ns);
    }
    add_part(path, resource->plural);
    add_part(path, name);
    add_part(path, sub);
}

void kube_query(struct str *path, const char *key, const char *value)
{
    if (str_empty(value))
        return;
    str_addc(path, strchr(path->data, '?') ? '&' : '?');
    str_add_escaped(path, key);
    str_addc(path, '=');
    str_add_escaped(path, value);
}
