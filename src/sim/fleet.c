#include <config.h>

#include "fleet.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "cluster.h"
#include "fields.h"
#include "pd.h"
#include "sim.h"

enum { FLEET_MAX = 1000000 };

static int64_t long_ago(void) { return clock_wall_ms() - 30 * (int64_t)24 * 3600 * 1000; }

static void put(struct sim *sim, enum kind_id id, struct json *object)
{
    fields_update(NULL, object, "kubectl-create", "");
    store_put(sim->store, kind_of(id), object);
}

void fleet_namespace(struct sim *sim, const char *ns)
{
    struct json *space = object_new(kind_of(KIND_NAMESPACE), "", ns, long_ago());
    json_set_string(json_object_in(json_object_in(space, "metadata"), "labels"), "kubernetes.io/metadata.name", ns);
    struct json *finalizers = json_new_array();
    json_append(finalizers, json_new_string("kubernetes"));
    json_set(json_object_in(space, "spec"), "finalizers", finalizers);
    json_set_string(json_object_in(space, "status"), "phase", "Active");
    put(sim, KIND_NAMESPACE, space);
    static const char *const accounts[] = {"default", "tidb-backup-manager"};
    for (size_t i = 0; i < ARRAY_LEN(accounts); i++)
        put(sim, KIND_SERVICE_ACCOUNT, object_new(kind_of(KIND_SERVICE_ACCOUNT), ns, accounts[i], long_ago()));
    struct json *secret = object_new(kind_of(KIND_SECRET), ns, "s3-secret", long_ago());
    struct json *data = json_object_in(secret, "data");
    json_set_string(data, "access_key", "c2ltdWxhdGVk");
    json_set_string(data, "secret_key", "c2ltdWxhdGVk");
    json_set_string(secret, "type", "Opaque");
    put(sim, KIND_SECRET, secret);
}

static void add_group(struct sim *sim, enum kind_id id, const char *ns, const char *cluster, const char *suffix,
                      const char *version)
{
    char *name = xasprintf("%s%s", cluster, suffix);
    struct json *group = object_new(kind_of(id), ns, name, long_ago()), *spec = json_object_in(group, "spec");
    json_set_string(json_object_in(spec, "cluster"), "name", cluster);
    json_set_int(spec, "replicas", 3);
    json_set_string(json_object_in(json_object_in(spec, "template"), "spec"), "version", version);
    json_set_int(json_object_in(group, "status"), "readyReplicas", 3);
    put(sim, id, group);
    free(name);
}

void fleet_cluster(struct sim *sim, const char *ns, const char *cluster)
{
    struct json *object = object_new(kind_of(KIND_CLUSTER), ns, cluster, long_ago());
    struct json *conditions = json_new_array(), *available = json_new_object();
    json_set_string(available, "type", "Available");
    json_set_string(available, "status", "True");
    json_append(conditions, available);
    json_set(object, "spec", json_new_object());
    struct json *status = json_object_in(object, "status");
    json_set_string(status, "id", PD_CLUSTER_ID);
    json_set_string(status, "pd", "http://pd:2379");
    json_set(status, "conditions", conditions);
    put(sim, KIND_CLUSTER, object);
    add_group(sim, KIND_PD_GROUP, ns, cluster, "", "v8.5.0");
    add_group(sim, KIND_TIKV_GROUP, ns, cluster, "-tikv", "v8.5.0");

    char *name = xasprintf("%s-pd", cluster);
    struct json *service = object_new(kind_of(KIND_SERVICE), ns, name, long_ago());
    struct json *spec = json_object_in(service, "spec"), *ports = json_new_array(), *port = json_new_object();
    json_set_string(port, "name", "client");
    json_set_int(port, "port", 2379);
    json_append(ports, port);
    json_set(spec, "ports", ports);
    json_set_string(spec, "clusterIP", "10.96.0.20");
    json_set_string(spec, "type", "ClusterIP");
    put(sim, KIND_SERVICE, service);
    free(name);
    if (sim->options.v1) {
        struct json *old = object_new(kind_of(KIND_TIDB_CLUSTER), ns, cluster, long_ago());
        json_set_string(json_object_in(old, "spec"), "version", "v8.5.0");
        json_set_string(json_object_in(old, "status"), "clusterID", PD_CLUSTER_ID);
        put(sim, KIND_TIDB_CLUSTER, old);
    }
}

bool fleet_load(struct sim *sim, const char *which, struct error *err)
{
    char *end;
    unsigned long count = strtoul(which, &end, 10);
    fleet_namespace(sim, "kube-system");
    fleet_namespace(sim, "default");
    if (strcmp(which, "empty") == 0) {
        fleet_namespace(sim, "backup-test");
        fleet_cluster(sim, "backup-test", "tc");
    } else if (strcmp(which, "demo") == 0) {
        fleet_load_demo(sim);
    } else if (*which && !*end && count <= FLEET_MAX) {
        fleet_load_many(sim, count);
    } else {
        return error_set(err, ERROR_USAGE, "--fleet %s: not demo, empty or a number up to %d", which, FLEET_MAX);
    }
    store_forget(sim->store);
    return true;
}
