/* argv.h - the exact command line that br gets for a Backup, as the operator's backup-manager forms it, and what br
 * answers.
 *
 * Flags are in backup-manager's order (cmd/tidb-backup-manager of TiDB Operator). The environment holds what the
 * storage wants; of secrets only where they are kept (secretKeyRef), never their values.
 */
#ifndef BRDECK_BR_ARGV_H
#define BRDECK_BR_ARGV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/tso.h>
#include <brdeck/base/error.h>
#include <brdeck/base/json.h>
#include <brdeck/br/cluster.h>

enum br_command {
    BR_LOG_STATUS,           /* br log status --json */
    BR_LOG_METADATA,         /* br log metadata */
    BR_LOG_TRUNCATE_TRY,     /* br log truncate --dry-run */
    BR_DECODE,               /* br validate decode --field=end-version */
    BR_LOG_START,
    BR_LOG_PAUSE,
    BR_LOG_RESUME,
    BR_LOG_STOP,
    BR_LOG_TRUNCATE,
    BR_COMMAND_COUNT,
};
/* The table of what br is asked to do. */
struct br_command_info {
    const char *id;          /* "status", "metadata", "truncate-dry-run", "decode", "start"... */
    const char *title;       /* "Ask br for the status of the task" */
    const char *words;       /* "log status": of br's command line */
    const char *flags;       /* that always follow: "--json"; NULL */
    const char *help;
    bool reads_only;         /* changes nothing: a probe */
    bool needs_pd, needs_storage, needs_until;
    bool of_task;            /* it is about one task: --task-name */
    bool of_log, of_snapshot; /* for which Backups */
    enum action_id action;   /* the verb it does; ACTION_PROBE for what reads only */
};
extern const struct br_command_info br_command_table[BR_COMMAND_COUNT];
/* "status", "log status", "log-status"; BR_COMMAND_COUNT: none. */
enum br_command br_command_find(const char *words);

struct br_argv_spec {
    enum br_command command;
    const struct json *backup;        /* the object */
    const struct br_cluster *cluster; /* NULL where PD is not needed or @pd_address is given */
    const char *pd_address;           /* instead of the cluster's; NULL */
    const char *ca, *cert, *key;      /* for TLS, local driver: instead of /var/lib/cluster-client-tls; NULL */
    tso_t until;                      /* truncate */
    const char *const *more;          /* the user's own arguments after it, NULL-terminated; NULL: none */
};
/* argv without "br" itself, NULL-terminated; the caller frees with br_argv_free. NULL and @err: no storage, no cluster.
 * What the operator passes on to every sub-command is left out where this one does not know it; br_argv_unknown_flag
 * tells. A probe gets PD, TLS, storage and the user's own arguments, nothing else. The token of azblob.sasToken is
 * never in it: see br_argv_needs_sas. Refused is what would lead br elsewhere: --pd, --storage, --until, --dry-run,
 * --task-name and short options with u or s among @more, and, for what is no probe, among br.options. */
char **br_argv_new(const struct br_argv_spec *spec, struct error *err);
void br_argv_free(char ***argv);
/* As a line for a shell, quoted where needed; values of flags that are secrets are blotted out. The caller frees. */
char *br_argv_line(const char *program, char *const *argv);
/* The first flag of @argv whose value is a secret ("--crypter.key"); NULL: none. Arguments can be read by others, in a
 * Job's manifest as on this host: such a line is printed, and not run. */
const char *br_argv_secret(char *const *argv);
/* Whether @command reads a storage that is opened by azblob.sasToken only. br takes such a token nowhere but in its
 * arguments, so a Job cannot have it; here AZURE_STORAGE_KEY or AZURE_CLIENT_ID... of the own environment do. */
bool br_argv_needs_sas(const struct json *backup, enum br_command command);
/* Whether an option of the spec reaches a command that does not know it (reference F: --gc-ttl, --filter, timeAgo): the
 * flag, NULL: none. Written to @buf. */
const char *br_argv_unknown_flag(const struct json *backup, enum br_command command, char *buf, size_t size);
/* The first of br.options that decides what br does or where ("--until", "--pd"; for a truncate also the storage's
 * endpoint): it stands after what the operator and brdeck form, and br takes the last. NULL: none. Written to @buf. */
const char *br_argv_deciding_flag(const struct json *backup, enum br_command command, char *buf, size_t size);

/* -- what br answers --------------------------------------------------------------------------- */

/* One task of `br log status --json`; strings own. */
struct br_status_task {
    char *name, *status, *storage;
    tso_t start_ts, end_ts, checkpoint;
    double qps;
    struct { int64_t store; tso_t checkpoint; } *progress;
    size_t progress_count;
    struct { int64_t store, at_ms; char *code, *message; } *errors;
    size_t error_count;
};
struct br_status {
    struct br_status_task *tasks;
    size_t count;
};
/* Out of a log in which br's lines and the JSON stand mixed (BR_LOG_TO_TERM). False and @err: no such JSON there. */
bool br_status_parse(const char *text, size_t len, struct br_status *status, struct error *err);
/* Where that JSON stands in @text, verbatim; its length, 0: nowhere. */
size_t br_status_find(const char *text, size_t len, size_t *at);
void br_status_done(struct br_status *status);

struct br_metadata { tso_t min, max; };
/* ["log metadata"] [log-min-ts=N] [log-max-ts=N]; false: the line is none. */
bool br_metadata_parse(const char *line, size_t len, struct br_metadata *metadata);
/* [progress] [step="Full Backup"] [progress=17.12%]; false: the line is none. @step is cut to @size. */
bool br_progress_parse(const char *line, size_t len, char *step, size_t size, double *percent);
/* The number that `br validate decode` prints; 0: none is there. */
tso_t br_decode_parse(const char *text, size_t len);

#endif
