/* job.h - the manifest of a Job that runs br itself for a Backup.
 *
 * As TiDB Operator builds its own (tested field by field against recorded Jobs), but the one container is br's own
 * image with /br and its arguments: the operator's init container, which copies /br out of that image for
 * tidb-backup-manager, has nothing to do here. Its labels say that it is brdeck's, never the operator's, so that the
 * operator does not take it for its own; ttlSecondsAfterFinished takes it away, and a probe that does not get on (an
 * image that cannot be pulled) ends at its deadline, so that nothing of it stays.
 */
#ifndef BRDECK_BR_JOB_H
#define BRDECK_BR_JOB_H

#include <brdeck/base/json.h>
#include <brdeck/br/argv.h>

#define BR_JOB_MANAGED_BY "brdeck"           /* app.kubernetes.io/managed-by */
#define BR_JOB_BACKUP_LABEL "brdeck/backup"  /* the Backup's name */
#define BR_JOB_COMMAND_LABEL "brdeck/command" /* br_command_info.id */
#define BR_JOB_CONTAINER "br"
#define BR_JOB_RUN_LABEL "brdeck/run-id"     /* and annotation; on the Pod, too */
enum { BR_JOB_TTL_S = 3600, BR_JOB_PROBE_DEADLINE_S = 900 };

struct br_job_spec {
    struct br_argv_spec argv;
    const char *run_id;      /* makes its name unique, and is its annotation */
    const char *image;       /* instead of the Backup's toolImage or pingcap/br:VERSION; NULL */
    bool owned;              /* with an owner reference to the Backup: goes with it. It is no controller's (controller:
                                true would have the operator reconcile the Backup at each change of the Job) */
    int ttl_s;               /* 0: BR_JOB_TTL_S */
};
/* The caller frees; NULL and @err naming what is missing. */
struct json *br_job_manifest(const struct br_job_spec *spec, struct error *err);

#endif
