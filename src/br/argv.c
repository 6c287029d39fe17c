#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "argv_private.h"

#define BIT(command) (1u << (command))
#define TLS_DIR "/var/lib/cluster-client-tls/"

const struct br_command_info br_command_table[BR_COMMAND_COUNT] = {
    [BR_LOG_STATUS] = {.id = "status", .title = "Ask br for the log task", .words = "log status", .flags = "--json",
                       .help = "the log task as br sees it: status, checkpoint of each store, errors",
                       .reads_only = true, .needs_pd = true, .of_task = true, .of_log = true, .action = ACTION_PROBE},
    [BR_LOG_METADATA] = {.id = "metadata", .title = "Ask br for the log's span", .words = "log metadata",
                         .help = "from when to when the storage holds log",
                         .reads_only = true, .needs_storage = true, .of_log = true, .action = ACTION_PROBE},
    [BR_LOG_TRUNCATE_TRY] = {.id = "truncate-dry-run", .title = "Ask br what a truncate would delete",
                             .words = "log truncate", .flags = "--dry-run",
                             .help = "what a truncate would delete, and delete nothing",
                             .reads_only = true, .needs_storage = true, .needs_until = true, .of_log = true,
                             .action = ACTION_PROBE},
    [BR_DECODE] = {.id = "decode", .title = "Ask br when the snapshot is of", .words = "validate decode",
                   .flags = "--field=end-version", .help = "the time that a snapshot in the storage is of",
                   .reads_only = true, .needs_storage = true, .of_snapshot = true, .action = ACTION_PROBE},
    [BR_LOG_START] = {.id = "start", .title = "Start a log task", .words = "log start", .help = "start the log task",
                      .needs_pd = true, .needs_storage = true, .of_task = true, .of_log = true,
                      .action = ACTION_START},
    [BR_LOG_PAUSE] = {.id = "pause", .title = "Pause the log task", .words = "log pause", .help = "pause the log task",
                      .needs_pd = true, .needs_storage = true, .of_task = true, .of_log = true,
                      .action = ACTION_PAUSE},
    [BR_LOG_RESUME] = {.id = "resume", .title = "Resume the log task", .words = "log resume",
                       .help = "resume the paused log task", .needs_pd = true, .needs_storage = true, .of_task = true,
                       .of_log = true, .action = ACTION_RESUME},
    [BR_LOG_STOP] = {.id = "stop", .title = "Stop the log task", .words = "log stop",
                     .help = "stop the log task for good", .needs_pd = true, .needs_storage = true, .of_task = true,
                     .of_log = true, .action = ACTION_STOP},
    [BR_LOG_TRUNCATE] = {.id = "truncate", .title = "Truncate the log", .words = "log truncate",
                         .help = "delete log data before a time", .needs_storage = true, .needs_until = true,
                         .of_log = true, .action = ACTION_TRUNCATE},
};

enum br_command br_command_find(const char *words)
{
    static const char *const before[] = {"log ", "log-", "validate ", "validate-"};
    for (size_t i = 0; words && i < ARRAY_LEN(before); i++)
        if (str_starts(words, before[i])) {
            words += strlen(before[i]);
            break;
        }
    for (enum br_command c = 0; c < BR_COMMAND_COUNT; c++)
        if (str_same(words, br_command_table[c].id))
            return c;
    return BR_COMMAND_COUNT;
}

/* -- flags that not every command knows ------------------------------------------------------ */

/* br's flags of its own sub-commands (br/cmd/br, br/pkg/task), and who has them. What is not here, every command has,
 * or nobody knows: then br decides. */
static const struct flag_known {
    const char *name, *brief; /* brief: the short form */
    unsigned commands;
} flags_known[] = {
    {"--gc-ttl", NULL, BIT(BR_LOG_START) | BIT(BR_LOG_PAUSE)},
    {"--message", NULL, BIT(BR_LOG_PAUSE)},
    {"--filter", "-f", BIT(BR_LOG_START)},
    {"--task-name", NULL, BIT(BR_LOG_START) | BIT(BR_LOG_PAUSE) | BIT(BR_LOG_RESUME) | BIT(BR_LOG_STOP) |
     BIT(BR_LOG_STATUS)},
    {"--start-ts", NULL, BIT(BR_LOG_START)},
    {"--end-ts", NULL, BIT(BR_LOG_START)},
    {"--json", NULL, BIT(BR_LOG_STATUS)},
    {"--until", NULL, BIT(BR_LOG_TRUNCATE) | BIT(BR_LOG_TRUNCATE_TRY)},
    {"--dry-run", NULL, BIT(BR_LOG_TRUNCATE) | BIT(BR_LOG_TRUNCATE_TRY)},
    {"--yes", "-y", BIT(BR_LOG_TRUNCATE) | BIT(BR_LOG_TRUNCATE_TRY)},
    {"--clean-up-compactions", NULL, BIT(BR_LOG_TRUNCATE) | BIT(BR_LOG_TRUNCATE_TRY)},
    {"--field", NULL, BIT(BR_DECODE)},
    /* of backups and restores only */
    {"--timeago", NULL, 0},
    {"--db", NULL, 0},
    {"--table", "-t", 0},
    {"--backupts", NULL, 0},
    {"--lastbackupts", NULL, 0},
    {"--gcttl", NULL, 0},
    {"--compression", NULL, 0},
    {"--compression-level", NULL, 0},
    {"--ignore-stats", NULL, 0},
    {"--use-backupmeta-v2", NULL, 0},
    {"--use-checkpoint", NULL, 0},
    {"--online", NULL, 0},
    {"--restored-ts", NULL, 0},
    {"--full-backup-storage", NULL, 0},
};

/* Whether @word is @flag or begins with it: "--gc-ttl", "--gc-ttl=1"; of a short form also "-fdb.*". */
static bool word_is(const char *word, const char *flag, bool brief)
{
    size_t len = strlen(flag);
    return strncmp(word, flag, len) == 0 && (brief || word[len] == '\0' || word[len] == '=');
}

static const struct flag_known *flag_find(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(flags_known); i++)
        if (word_is(word, flags_known[i].name, false) ||
            (flags_known[i].brief && word[1] != '-' && word_is(word, flags_known[i].brief, true)))
            return &flags_known[i];
    return NULL;
}

static bool knows(enum br_command command, const char *word)
{
    const struct flag_known *flag = flag_find(word);
    return !flag || flag->commands & BIT(command);
}

static const char *tell_flag(const char *flag, char *buf, size_t size)
{
    snprintf(buf, size, "%.*s", (int)strcspn(flag, "="), flag);
    return buf;
}

const char *br_argv_unknown_flag(const struct json *backup, enum br_command command, char *buf, size_t size)
{
    const struct json *spec = json_get(backup, "spec"), *br = json_get(spec, "br");
    const char *type = json_string(spec, "backupType");
    bool filters = json_type(json_get(spec, "tableFilter")) == JSON_ARRAY && json_count(json_get(spec, "tableFilter"));
    if (br_command_table[command].reads_only)
        return NULL;
    if (filters && !knows(command, "--filter"))
        return tell_flag("--filter", buf, size);
    if (!filters && (str_same(type, "db") || str_same(type, "table")) && !str_empty(json_string(br, "db")))
        return tell_flag("--db", buf, size);
    if (!str_empty(json_string(br, "timeAgo")))
        return tell_flag("--timeago", buf, size);
    JSON_EACH (option, json_get(br, "options")) {
        const char *word = json_text(option);
        if (word && word[0] == '-' && !knows(command, word))
            return tell_flag(word, buf, size);
    }
    return NULL;
}

/* -- what decides what br does, and where -------------------------------------------------------- */

/* Of a flag that is there twice br takes the last, and the user's own and those of br.options stand last: a --until
 * among them would pass by the guard, a --dry-run=false make a probe delete. */
static const char *const deciding[] = {"--until", "--dry-run", "--task-name", "--storage", "--pd"};
/* Where a truncate deletes. */
static const char *const deciding_truncate[] = {"--s3.endpoint", "--gcs.endpoint", "--azblob.endpoint",
                                                "--azblob.account-name"};

static bool decides(const char *word, enum br_command command)
{
    if (command == BR_LOG_STATUS && word_is(word, "--task-name", false)) /* "*": all of them */
        return false;
    for (size_t i = 0; i < ARRAY_LEN(deciding); i++)
        if (word_is(word, deciding[i], false))
            return true;
    for (size_t i = 0; command == BR_LOG_TRUNCATE && i < ARRAY_LEN(deciding_truncate); i++)
        if (word_is(word, deciding_truncate[i], false))
            return true;
    /* -u is --pd, -s --storage; they may stand behind a short one that takes no value */
    return word[0] == '-' && word[1] && word[1] != '-' && strpbrk(word, "us");
}

const char *br_argv_deciding_flag(const struct json *backup, enum br_command command, char *buf, size_t size)
{
    JSON_EACH (option, json_at(backup, "spec", "br", "options", NULL)) {
        const char *word = json_text(option);
        if (word && decides(word, command))
            return tell_flag(word, buf, size);
    }
    return NULL;
}

/* -- the list -------------------------------------------------------------------------------- */

static void argv_add(struct argv_list *list, const char *word)
{
    if (list->count + 1 >= list->room) {
        list->room = list->room ? list->room * 2 : 32;
        list->items = xreallocarray(list->items, list->room, sizeof *list->items);
    }
    list->items[list->count++] = xstrdup(word);
    list->items[list->count] = NULL;
}

__attribute__((format(printf, 2, 3))) static void argv_addf(struct argv_list *list, const char *format, ...)
{
    struct str word;
    va_list args;
    str_init(&word, STR_SMALL);
    va_start(args, format);
    str_vaddf(&word, format, args);
    va_end(args);
    argv_add(list, word.data);
    str_done(&word);
}

void argv_add_flag(struct argv_list *list, const char *flag, const char *value)
{
    if (!str_empty(value))
        argv_addf(list, "%s=%s", flag, value);
}

void br_argv_free(char ***argv)
{
    for (size_t i = 0; *argv && (*argv)[i]; i++)
        free((*argv)[i]);
    free(*argv);
    *argv = NULL;
}

static void add_words(struct argv_list *list, const char *words)
{
    for (const char *at = words; at && *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        argv_addf(list, "%.*s", (int)len, at);
        at += len;
    }
}

/* -- the parts, in the operator's order ------------------------------------------------------- */

static bool add_specific(struct argv_list *list, const struct br_argv_spec *spec, struct error *err)
{
    const struct br_command_info *info = &br_command_table[spec->command];
    const char *name = json_text(json_at(spec->backup, "metadata", "name", NULL));
    const char *start = json_string(json_get(spec->backup, "spec"), "commitTs");
    add_words(list, info->words);
    add_words(list, info->flags);
    if (info->of_task && str_empty(name))
        return error_set(err, ERROR_INPUT, "the Backup has no name, so the task of br has none");
    if (info->of_task)
        argv_add_flag(list, "--task-name", name);
    if (spec->command == BR_LOG_START && !str_same(start, "0"))
        argv_add_flag(list, "--start-ts", start);
    if (info->needs_until && !spec->until)
        return error_set(err, ERROR_USAGE, "br %s wants a time: --until TIME", info->words);
    if (info->needs_until)
        argv_addf(list, "--until=%" PRIu64, spec->until);
    return true;
}

static bool add_tls(struct argv_list *list, const struct br_argv_spec *spec, struct error *err)
{
    bool given = spec->ca || spec->cert || spec->key;
    if (!given && !(spec->cluster && spec->cluster->tls))
        return true;
    if (given && (str_empty(spec->ca) || str_empty(spec->cert) || str_empty(spec->key)))
        return error_set(err, ERROR_USAGE, "PD with TLS wants all three: --ca, --cert and --key FILE");
    argv_add_flag(list, "--ca", given ? spec->ca : TLS_DIR "ca.crt");
    argv_add_flag(list, "--cert", given ? spec->cert : TLS_DIR "tls.crt");
    argv_add_flag(list, "--key", given ? spec->key : TLS_DIR "tls.key");
    return true;
}

static bool add_pd(struct argv_list *list, const struct br_argv_spec *spec, struct error *err)
{
    const struct br_command_info *info = &br_command_table[spec->command];
    const struct br_cluster *cluster = spec->cluster;
    const char *pd = spec->pd_address;
    if (str_empty(pd) && cluster && !cluster->error.code)
        pd = cluster->pd_address;
    if (!info->needs_pd && (info->reads_only || str_empty(pd)))
        return true;
    if (str_empty(pd)) {
        if (cluster && cluster->error.code)
            return error_set(err, cluster->error.code, "where PD is cannot be told: %s", cluster->error.text);
        return error_set(err, ERROR_MISSING,
                         "where PD is cannot be told: the cluster has no PDGroup; give --pd HOST:PORT");
    }
    argv_add_flag(list, "--pd", pd);
    return add_tls(list, spec, err);
}

static void add_bool(struct argv_list *list, const char *flag, const struct json *value)
{
    if (json_type(value) == JSON_BOOL)
        argv_add_flag(list, flag, json_is_true(value) ? "true" : "false");
}

static void add_int(struct argv_list *list, const char *flag, const struct json *value)
{
    int64_t number;
    if (json_int(value, &number))
        argv_addf(list, "%s=%" PRId64, flag, number);
}

static void add_globals(struct argv_list *list, const struct json *br)
{
    argv_add_flag(list, "--log-level", json_string(br, "logLevel"));
    argv_add_flag(list, "--status-addr", json_string(br, "statusAddr"));
    add_bool(list, "--send-credentials-to-tikv", json_get(br, "sendCredToTikv"));
}

/* br.options, without those of another command: a flag and, where it stands apart, its value. */
static void add_options(struct argv_list *list, const struct json *options, enum br_command command)
{
    bool skip = false;
    JSON_EACH (option, options) {
        const char *word = json_text(option);
        if (str_empty(word))
            continue;
        bool value = word[0] != '-';
        if (!value)
            skip = !knows(command, word);
        if (!skip)
            argv_add(list, word);
        skip = skip && !value && !strchr(word, '=');
    }
}

static void add_rest(struct argv_list *list, const struct json *spec, enum br_command command)
{
    const struct json *br = json_get(spec, "br");
    JSON_EACH (filter, json_get(spec, "tableFilter")) {
        if (!knows(command, "--filter") || str_empty(json_text(filter)))
            continue;
        argv_add(list, "--filter");
        argv_add(list, json_text(filter));
    }
    add_int(list, "--concurrency", json_get(br, "concurrency"));
    add_int(list, "--ratelimit", json_get(br, "rateLimit"));
    add_bool(list, "--checksum", json_get(br, "checksum"));
    add_bool(list, "--check-requirements", json_get(br, "checkRequirements"));
    add_options(list, json_get(br, "options"), command);
}

static bool add_more(struct argv_list *list, const struct br_argv_spec *spec, struct error *err)
{
    for (size_t i = 0; spec->more && spec->more[i]; i++) {
        const char *word = spec->more[i];
        if (decides(word, spec->command))
            return error_set(err, ERROR_USAGE,
                             "%.*s decides what br does or where, which is told to brdeck and not to br after --",
                             (int)strcspn(word, "="), word);
        argv_add(list, word);
    }
    return true;
}

static bool build(struct argv_list *list, const struct br_argv_spec *spec, struct error *err)
{
    const struct br_command_info *info = &br_command_table[spec->command];
    const struct json *body = json_get(spec->backup, "spec");
    char flag[64];
    if (!info->reads_only && br_argv_deciding_flag(spec->backup, spec->command, flag, sizeof flag))
        return error_set(err, ERROR_REFUSED,
                         "spec.br.options holds %s, which decides what br does or where, against what is asked: run "
                         "it by hand", flag);
    if (!add_specific(list, spec, err) || !add_pd(list, spec, err))
        return false;
    if (!info->reads_only)
        add_globals(list, json_get(body, "br"));
    if (info->needs_storage && !argv_add_storage(list, body, err))
        return false;
    if (!info->reads_only)
        add_rest(list, body, spec->command);
    return add_more(list, spec, err);
}

char **br_argv_new(const struct br_argv_spec *spec, struct error *err)
{
    struct argv_list list = {0};
    if (!build(&list, spec, err))
        br_argv_free(&list.items);
    return list.items;
}

bool br_argv_needs_sas(const struct json *backup, enum br_command command)
{
    const char *kind;
    const struct json *storage = argv_storage(json_get(backup, "spec"), &kind);
    return br_command_table[command].needs_storage && storage && str_same(kind, "azblob") &&
           !str_empty(json_string(storage, "sasToken"));
}
