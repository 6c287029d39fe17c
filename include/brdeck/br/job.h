/* job.h - the manifest of a Job that runs br itself for a Backup.
 *
 * As TiDB Operator builds its own (reference E, tested field by field against recorded Jobs), but the container runs br
 * instead of tidb-backup-manager. Its labels say that it is brdeck's, never the operator's, so that the operator does not
 * take it for its own; ttlSecondsAfterFinished takes it away.
 */
#ifndef BRDECK_BR_JOB_H
#define BRDECK_BR_JOB_H

#include <brdeck/base/json.h>
#include <brdeck/br/argv.h>

#define BR_JOB_MANAGED_BY "brdeck"           /* app.kubernetes.io/managed-by */
#define BR_JOB_BACKUP_LABEL "brdeck/backup"  /* the Backup's name */
#define BR_JOB_COMMAND_LABEL "brdeck/command" /* br_command_info.id */
#define BR_JOB_CONTAINER "br"
enum { BR_JOB_TTL_S = 3600 };

struct br_job_spec {
    struct br_argv_spec argv;
    const char *run_id;      /* makes its name unique, and is its annotation */
    const char *image;       /* instead of the Backup's toolImage or pingcap/br:VERSION; NULL */
    bool owned;              /* with an owner reference to the Backup: goes with it, but wakes the operator */
    int ttl_s;               /* 0: BR_JOB_TTL_S */
};
/* The caller frees; NULL and @err naming what is missing. */
struct json *br_job_manifest(const struct br_job_spec *spec, struct error *err);

#endif
