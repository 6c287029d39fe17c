/* action.h - the things a person can do to a Backup: one table, and whether they may be done now.
 *
 * Dispatch, key hints, help, the manual and the command line all read this table.
 */
#ifndef BRDECK_BACKUP_ACTION_H
#define BRDECK_BACKUP_ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>

enum action_id {
    ACTION_PAUSE,
    ACTION_RESUME,
    ACTION_START,
    ACTION_STOP,
    ACTION_TRUNCATE,
    ACTION_DELETE,           /* the object, and by cleanPolicy what is under its prefix (rule 11) */
    ACTION_RETAIN,           /* cleanPolicy: Retain, so that a delete leaves the data */
    ACTION_REMOVE_FINALIZER, /* of an object whose delete hangs: nothing is stopped or cleaned then */
    ACTION_CREATE,           /* any Backup out of a manifest */
    ACTION_PROBE,            /* br is asked itself: a Job or a child that changes nothing */
    ACTION_COUNT,
    ACTION_OF_LOG_COUNT = ACTION_DELETE, /* how many there are for a log backup: those before */
};
enum danger {
    DANGER_CONFIRM,   /* y or a click on Yes; the default is No */
    DANGER_TYPE_NAME, /* the name must be typed */
};
struct action {
    enum action_id id;
    const char *name;     /* "pause": the command line's verb and the palette's word */
    const char *title;    /* "Pause the log backup" */
    const char *help;     /* one line */
    const char *key;      /* the default key: "p"; "" none */
    enum danger danger;
    enum log_command command; /* what the operator runs for it */
    bool makes_new;       /* start, create, probe: it creates an object instead of patching one */
};
const struct action *action_get(enum action_id id);
const struct action *action_find(const char *name); /* NULL: none of that name */

struct action_verdict {
    bool allowed;
    bool is_retry;    /* done by dropping the failed entry through /status (rule 6), not by a spec patch */
    char why[320];    /* not allowed: a sentence a person can act on. Allowed: a warning, or "" */
    char brief[64];   /* for the line of keys: "already paused", "stopped is final" */
};
/* Whether @id may be done to @record now. Where a failed command is no longer what the spec asks for (it was toggled)
 * it is allowed with a warning: the spec patch alone runs nothing (command_steps() of action_after() gives 0), and then
 * the same action is the retry. For truncate is_retry means: the value that failed goes through the status, any
 * other one by a spec patch as usual. NULL @facts: none known. @has_status_sub: the server has /status for
 * this kind. @now_ms: corrected wall time. */
void action_may(enum action_id id, const struct backup_record *record, const struct backup_facts *facts,
                bool has_status_sub, int64_t now_ms, struct action_verdict *verdict);

/* The merge patch that @id sends (spec, or status.logSubCommandStatuses for a retry), without metadata; of the
 * actions of
 * a log backup, and retain. @until is for truncate. logStop is patched to null where it is present (CEL rule). The
 * caller frees. */
struct json *action_patch(enum action_id id, const struct backup_record *record, bool is_retry, tso_t until);
/* The body of a DELETE: @record's uid and resourceVersion as preconditions, propagationPolicy Background. @dry_run
 * stands in it too: beside a body the API server passes over what the query says. The caller frees. */
struct json *action_delete_options(const struct backup_record *record, bool dry_run);
/* The merge patch that takes the operator's finalizers off @object; those of others stay. The caller frees. */
struct json *action_finalizer_patch(const struct json *object);
/* The record as it would be once @patch is accepted; the caller frees. */
struct backup_record *action_after(const struct json *object, const struct json *patch, struct intern *pool);

/* A new log Backup (the `s` form and `start NAME --from OLD`). Strings borrowed; NULL: not given. */
struct log_backup_spec {
    bool v1;
    const char *ns, *name, *cluster, *cluster_ns;
    const char *storage_url; /* "s3://bucket/prefix", "gcs://...", "azure://...": replaces bucket and prefix */
    const char *provider, *region, *endpoint, *secret, *service_account;
    const char *project;     /* GCS only: projectId */
    const char *prefix;      /* replaces only the prefix */
    const char *start_ts;    /* TSO as text */
    const struct json *from; /* an old Backup object whose spec is taken over; NULL */
};
/* Its manifest, or NULL and @err naming the field: name longer than 43 bytes (the Job of log-truncate), no cluster, no
 * bucket, the storage of @from unchanged (a stopped task's own prefix continues it: allowed only with the same
 * cluster)... Status and what must not be copied (logSubcommand, logStop,
 * logTruncateUntil, commitTs) are left out. The caller frees. */
struct json *action_new_log_backup(const struct log_backup_spec *spec, struct error *err);
/* A full snapshot of the cluster of @from, any Backup object: full-CLUSTER-YYYYMMDD-HHMM (UTC, of @now_ms) in its
 * namespace, beside its prefix in its storage, with its secret, service account and role; nothing else of it. NULL and
 * @err naming the field where @from has no cluster or storage, or one of another type than it should be. The caller
 * frees. */
struct json *action_new_snapshot(const struct json *from, int64_t now_ms, struct error *err);
/* Whether @doc is a manifest of a Backup that has a name; @err begins with @where ("FILE: document 2"). */
bool action_check_manifest(const struct json *doc, const char *where, struct error *err);

#endif
