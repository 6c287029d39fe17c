/* kinds.h - the kinds the simulated cluster knows, as one table: discovery, routing,
 * printing and storing all read it.
 */
#ifndef BRDECK_SIM_KINDS_H
#define BRDECK_SIM_KINDS_H

#include <stdbool.h>
#include <stddef.h>

/* A column of kubectl's table. @path is ".a.b.c"; ".status.conditions#Ready" is the
 * status of that condition. A type of "date" prints as an age. */
struct column {
    const char *name, *type, *path;
    int priority;
};

enum kind_id {
    KIND_NAMESPACE,
    KIND_SECRET,
    KIND_SERVICE_ACCOUNT,
    KIND_POD,
    KIND_SERVICE,
    KIND_EVENT,
    KIND_JOB,
    KIND_BACKUP,
    KIND_RESTORE,
    KIND_BACKUP_SCHEDULE,
    KIND_COMPACT_BACKUP,
    KIND_CLUSTER,
    KIND_PD_GROUP,
    KIND_TIKV_GROUP,
    KIND_V1_BACKUP, /* group pingcap.com, with --v1 only */
    KIND_TIDB_CLUSTER,
    KIND_COUNT
};

struct kind {
    enum kind_id id;
    const char *group, *version; /* group "" is the core */
    const char *plural, *singular, *name;
    const char *short_name; /* NULL: none */
    const char *hash;       /* storageVersionHash, as recorded */
    bool namespaced;
    bool status;     /* has the subresource */
    bool custom;     /* by a CRD: answers have another order of members */
    bool v1;         /* of the v1 operator's group */
    const char *head; /* how the text of every object begins: kind and apiVersion */
    const struct column *columns;
    size_t column_count;
};

const struct kind *kind_of(enum kind_id id);
/* NULL when there is none; those of v1 only where @v1. */
const struct kind *kind_find(const char *group, const char *version, const char *plural, bool v1);
/* "backups.br.pingcap.com", "pods". @size is of @buf, which is returned. */
const char *kind_full_plural(const struct kind *kind, char *buf, size_t size);
/* "br.pingcap.com/v1alpha1", "v1". */
const char *kind_api_version(const struct kind *kind, char *buf, size_t size);

#endif
