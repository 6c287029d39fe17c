/* arguments.c - argv, read by one table of flags. */
#include <config.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

#include "cli_private.h"

#define AT(field) offsetof(struct arguments, field)

const struct flag flag_table[] = {
    {"namespace", 'n', FLAG_LIST, AT(namespaces), "NAME[,NAME...]", false,
     "These namespaces; without it the context's"},
    {"all-namespaces", 'A', FLAG_BOOL, AT(all_namespaces), NULL, false, "All namespaces"},
    {"context", 0, FLAG_TEXT, AT(over.context), "NAME", false, "This context of the kubeconfig"},
    {"cluster", 0, FLAG_TEXT, AT(over.cluster), "NAME", false, "This cluster of the kubeconfig"},
    {"user", 0, FLAG_TEXT, AT(over.user), "NAME", false, "This user of the kubeconfig"},
    {"kubeconfig", 0, FLAG_TEXT, AT(kubeconfig), "FILE", false,
     "Only this kubeconfig; without it $KUBECONFIG, ~/.kube/config, in-cluster"},
    {"server", 's', FLAG_TEXT, AT(over.server), "URL", false, "The API server"},
    {"token", 0, FLAG_TEXT, AT(over.token), "TOKEN", false, "Bearer token (others on this host can see it in ps)"},
    {"username", 0, FLAG_TEXT, AT(over.username), "NAME", false, "For basic authentication"},
    {"password", 0, FLAG_TEXT, AT(over.password), "WORD", false,
     "For basic authentication (others on this host can see it in ps)"},
    {"as", 0, FLAG_TEXT, AT(over.as), "USER", false, "Impersonate this user"},
    {"as-group", 0, FLAG_LIST, AT(as_groups), "GROUP", false, "Impersonate this group; may be given again"},
    {"as-uid", 0, FLAG_TEXT, AT(over.as_uid), "UID", false, "Impersonate this uid"},
    {"certificate-authority", 0, FLAG_TEXT, AT(over.certificate_authority), "FILE", false, "CA of the API server"},
    {"client-certificate", 0, FLAG_TEXT, AT(over.client_certificate), "FILE", false, "Client certificate"},
    {"client-key", 0, FLAG_TEXT, AT(over.client_key), "FILE", false, "Key of the client certificate"},
    {"tls-server-name", 0, FLAG_TEXT, AT(over.tls_server_name), "NAME", false,
     "Name to check the server's certificate against"},
    {"insecure-skip-tls-verify", 0, FLAG_BOOL, AT(over.insecure_skip_tls_verify), NULL, false,
     "Do not check the server's certificate"},
    {"disable-compression", 0, FLAG_BOOL, AT(over.disable_compression), NULL, false, "Do not ask for gzip"},
    {"request-timeout", 0, FLAG_SPAN, AT(request_timeout_ms), "SPAN", false,
     "Longest wait for one answer (30s); not for watches"},
    {"config", 0, FLAG_TEXT, AT(config_file), "FILE", false,
     "brdeck's options; without it config.ini in its config folder"},
    {"demo", 0, FLAG_BOOL, AT(demo), NULL, false, "A simulated cluster instead of a real one"},
    {"help", 'h', FLAG_BOOL, AT(help), NULL, false, "Show help"},
    {"version", 0, FLAG_BOOL, AT(version), NULL, false, "Show the version"},
    {"selector", 'l', FLAG_TEXT, AT(selector), "LABELS", true, "Only those with these labels: a=b,c!=d,e"},
    {"output", 'o', FLAG_TEXT, AT(output), "FORM", true,
     "get: table, wide, json, yaml or name (json and yaml are the objects as they are, secrets in them too); check: "
     "text, json or prometheus; runs, journal: text or json; br: json; an action with --dry-run: json"},
    {"watch", 'w', FLAG_BOOL, AT(watch), NULL, true, "Go on with what changes"},
    {"no-headers", 0, FLAG_BOOL, AT(no_headers), NULL, true, "No column titles"},
    {"object-only", 0, FLAG_BOOL, AT(object_only), NULL, true,
     "What the objects alone say: PD, Jobs and Pods are not asked"},
    {"until", 0, FLAG_TEXT, AT(until), "TIME", true, "Log before it goes: a TSO, a time, or an age such as -7d"},
    {"allow-pitr-loss", 0, FLAG_BOOL, AT(allow_pitr_loss), NULL, true,
     "Truncate or delete although nothing is left to restore any time from; let a truncate that waits run, too"},
    {"clear-truncate", 0, FLAG_BOOL, AT(clear_truncate), NULL, true,
     "Take out a truncate that waits, instead of letting it run"},
    {"keep-data", 0, FLAG_BOOL, AT(keep_data), NULL, true,
     "Set cleanPolicy to Retain first, so that the data stays; only then delete"},
    {"filename", 'f', FLAG_TEXT, AT(file), "FILE", true, "Manifest of the new Backup; - is stdin"},
    {"from", 0, FLAG_TEXT, AT(from), "NAME", true, "Like this Backup"},
    {"prefix", 0, FLAG_TEXT, AT(prefix), "PREFIX", true, "Folder in its storage"},
    {"yes", 'y', FLAG_BOOL, AT(yes), NULL, true, "Do it without asking"},
    {"dry-run", 0, FLAG_TEXT, AT(dry_run), "client|server", true,
     "Show what would be done; server: have the API server try it, too"},
    {"no-wait", 0, FLAG_BOOL, AT(no_wait), NULL, true,
     "Do not wait for the operator; of several, each waits for the one before it"},
    {"timeout", 0, FLAG_SPAN, AT(timeout_ms), "SPAN", true,
     "Longest wait for the end (10m); then exit code 5. check: for all that it asks (30s)"},
    {"max-lag", 0, FLAG_TEXT, AT(max_lag), "WARN[,CRIT]", true,
     "Lag that is a warning, and critical (lag-warn and lag-crit of the options; CRIT: 3 x WARN). 0: none, and a "
     "cluster needs no log backup"},
    {"max-pause", 0, FLAG_TEXT, AT(max_pause), "WARN[,CRIT]", true,
     "Pause that is a warning, and critical (2h,12h; CRIT: 6 x WARN). 0: none"},
    {"max-age", 0, FLAG_TEXT, AT(max_age), "WARN[,CRIT]", true,
     "Age of a cluster's newest full backup that is a warning, and critical (26h,50h; CRIT: WARN + 24h). 0: none"},
    {"for", 0, FLAG_TEXT, AT(wait_for), "CONDITION", true,
     "phase=PHASE, 'lag<SPAN' (in quotes: < is the shell's), complete or delete"},
    {"since", 0, FLAG_TEXT, AT(since), "SPAN|TIME", true, "Only what came after: 24h, 7d, or a point in time"},
    {"follow", 'f', FLAG_BOOL, AT(follow), NULL, true,
     "Go on until the container has ended, and with the Pods of retries; wait for one that is coming"},
    {"previous", 'p', FLAG_BOOL, AT(previous), NULL, true, "Of the run before"},
    {"tail", 0, FLAG_COUNT, AT(tail), "N", true, "Only the last lines, so many"},
    {"job", 0, FLAG_TEXT, AT(job), "JOB", true, "Of this Job, instead of the newest of the Backup"},
    {"driver", 0, FLAG_TEXT, AT(driver), "print|job|local", true,
     "print: only the command line; job: run it in a Job; local: run br on this host"},
    {"pd", 0, FLAG_TEXT, AT(pd), "HOST:PORT", true, "PD, instead of where the cluster has it"},
    {"ca", 0, FLAG_TEXT, AT(ca), "FILE", true, "CA of PD, as br finds it where it runs"},
    {"cert", 0, FLAG_TEXT, AT(cert), "FILE", true, "Client certificate for PD"},
    {"key", 0, FLAG_TEXT, AT(key), "FILE", true, "Key of the client certificate for PD"},
    {"image", 0, FLAG_TEXT, AT(image), "IMAGE", true,
     "br's image, instead of the Backup's toolImage or TiKV's version"},
    {"owned", 0, FLAG_BOOL, AT(owned), NULL, true, "The Job goes when its Backup does"},
    {"timestamps", 0, FLAG_BOOL, AT(timestamps), NULL, true, "With the time at which each line was written"},
};
const size_t flag_count = ARRAY_LEN(flag_table);

static void append(const char ***list, const char *value)
{
    size_t n = 0;
    while (*list && (*list)[n])
        n++;
    *list = xreallocarray(*list, n + 2, sizeof **list);
    (*list)[n] = value;
    (*list)[n + 1] = NULL;
}

/* "a,b" and again: each name by itself, in memory of its own. */
static void append_names(const char ***list, const char *value)
{
    for (const char *p = value; *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ","))
            append(list, xstrndup(p, strcspn(p, ",")));
}

/* The words of argv as they are gone through, and which flags of commands were among them. */
struct parser {
    struct arguments *args;
    int argc, i;
    char **argv;
    bool used[ARRAY_LEN(flag_table)];
    struct error *err;
};

enum { SPAN_MAX_S = 366 * 24 * 3600 };

static bool set_span(const struct flag *flag, const char *value, int64_t *ms, struct error *err)
{
    bool bare = *value && strspn(value, "0123456789") == strlen(value); /* kubectl: bare numbers are seconds */
    if (bare && strlen(value) <= 9)
        *ms = strtoll(value, NULL, 10) * 1000;
    else if (bare || !clock_parse_span(value, ms))
        return error_set(err, ERROR_USAGE, "--%s %s: want a length of time such as 30s, 10m or 1h", flag->name, value);
    if (*ms < 0 || *ms > SPAN_MAX_S * (int64_t)1000)
        return error_set(err, ERROR_USAGE, "--%s %s: want 0 to 366 days", flag->name, value);
    return true;
}

static bool set_count(const struct flag *flag, const char *value, int64_t *count, struct error *err)
{
    if (strcmp(value, "-1") == 0) { /* kubectl: all */
        *count = 0;
        return true;
    }
    if (!*value || strlen(value) > 9 || strspn(value, "0123456789") != strlen(value) || strtoll(value, NULL, 10) == 0)
        return error_set(err, ERROR_USAGE, "--%s %s: want a number from 1 on", flag->name, value);
    *count = strtoll(value, NULL, 10);
    return true;
}

static bool set_flag(struct parser *p, const struct flag *flag, const char *value)
{
    char *at = (char *)p->args + flag->offset;
    p->used[flag - flag_table] = true;
    switch (flag->type) {
    case FLAG_BOOL:
        if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return error_set(p->err, ERROR_USAGE, "--%s=%s: want true or false", flag->name, value);
        *(bool *)(void *)at = !value || strcmp(value, "true") == 0;
        return true;
    case FLAG_TEXT: *(const char **)(void *)at = value; return true;
    case FLAG_LIST: append_names((const char ***)(void *)at, value); return true;
    case FLAG_COUNT: return set_count(flag, value, (int64_t *)(void *)at, p->err);
    case FLAG_SPAN: return set_span(flag, value, (int64_t *)(void *)at, p->err);
    }
    return true;
}

const struct flag *flag_find(const char *name, size_t len)
{
    for (size_t i = 0; i < flag_count; i++)
        if (strlen(flag_table[i].name) == len && strncmp(flag_table[i].name, name, len) == 0)
            return &flag_table[i];
    return NULL;
}

const struct flag *flag_of_letter(const struct cli_command *command, char letter)
{
    const struct flag *first = NULL;
    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->letter != letter)
            continue;
        if (!flag->of_command || (command && cli_command_takes(command, flag)))
            return flag;
        first = first ? first : flag;
    }
    return first;
}

const struct option *flag_option(const char *name, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(option_table[i].name) == len && strncmp(option_table[i].name, name, len) == 0)
            return &option_table[i];
    return NULL;
}

/* "--name", "--name=value" or "--name value": a flag of the table, or an option of brdeck's. */
static bool parse_long(struct parser *p)
{
    const char *name = p->argv[p->i] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] ? name + len + 1 : NULL;
    const struct flag *flag = flag_find(name, len);
    const struct option *option = flag ? NULL : flag_option(name, len);
    if (!flag && !option)
        return error_set(p->err, ERROR_USAGE, "there is no flag --%.*s; brdeck --help shows those there are",
                         (int)len, name);
    bool is_bool = flag ? flag->type == FLAG_BOOL : option->type == OPTION_BOOL;
    if (!value && !is_bool) {
        if (p->i + 1 >= p->argc)
            return error_set(p->err, ERROR_USAGE, "--%.*s needs %s", (int)len, name, flag ? flag->argument : "a value");
        value = p->argv[++p->i];
    }
    if (flag)
        return set_flag(p, flag, value);
    struct error why;
    if (!options_set(p->args->opts, option->name, value ? value : "true", NULL, &why))
        return error_set(p->err, ERROR_USAGE, "--%.480s", why.text);
    if (option->id == OPTION_SORT)
        p->args->sort = value;
    else if (option->id == OPTION_WIDE)
        p->args->wide = options_bool(p->args->opts, OPTION_WIDE);
    return true;
}

/* "-nfoo", "-n foo", "-Aw", "-wo json". */
static bool parse_short(struct parser *p)
{
    const struct cli_command *command = p->args->command ? cli_command_find(p->args->command) : NULL;
    for (const char *c = p->argv[p->i] + 1; *c; c++) {
        const struct flag *flag = flag_of_letter(command, *c);
        if (!flag)
            return error_set(p->err, ERROR_USAGE, "there is no flag -%c; brdeck --help shows those there are", *c);
        if (flag->type == FLAG_BOOL) {
            set_flag(p, flag, NULL);
            continue;
        }
        const char *value = c[1] == '=' ? c + 2 : c[1] ? c + 1 : p->i + 1 < p->argc ? p->argv[++p->i] : NULL;
        if (!value)
            return error_set(p->err, ERROR_USAGE, "-%c needs %s", *c, flag->argument);
        return set_flag(p, flag, value);
    }
    return true;
}

/* A flag that the command does not know would be passed over in silence: an error instead. */
static bool check_command_flags(const struct parser *p)
{
    const char *word = p->args->command;
    const struct cli_command *command = word ? cli_command_find(word) : NULL;
    if (word && !command)
        return error_set(p->err, ERROR_USAGE, "there is no command \"%s\"; brdeck --help shows those there are", word);
    for (size_t i = 0; i < flag_count; i++)
        if (p->used[i] && flag_table[i].of_command && !(command && cli_command_takes(command, &flag_table[i])))
            return error_set(p->err, ERROR_USAGE, "--%s does not go with %s", flag_table[i].name,
                             command ? command->name : "the screen");
    if (command && command->run != run_get && (p->args->sort || p->args->wide))
        return error_set(p->err, ERROR_USAGE, "--%s is of the screen and of get: it does not go with %s",
                         p->args->sort ? "sort" : "wide", command->name);
    return true;
}

static bool read_options(struct arguments *args, int argc, char **argv, struct error *err)
{
    /* The file first, the command line over it: so --config is looked for ahead. */
    const char *file = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--config=", 9) == 0)
            file = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            file = argv[i + 1];
    char *standard = file ? NULL : file_place(FILE_CONFIG, "config.ini");
    bool ok = options_read(args->opts, file ? file : standard, file != NULL, err) &&
              options_read_environment(args->opts, err);
    free(standard);
    return ok;
}

static bool parse_words(struct parser *p)
{
    struct arguments *args = p->args;
    bool only_words = false;
    for (p->i = 1; p->i < p->argc; p->i++) {
        char *text = p->argv[p->i];
        if (only_words || text[0] != '-' || !text[1]) {
            if (!args->command && !only_words)
                args->command = text;
            else
                args->words[args->word_count++] = text;
        } else if (strcmp(text, "--") == 0) {
            only_words = true;
            args->dashes_at = args->word_count + 1;
        } else if (!(text[1] == '-' ? parse_long(p) : parse_short(p))) {
            return false;
        }
    }
    return true;
}

bool arguments_parse(int argc, char **argv, struct arguments *args, struct error *err)
{
    struct parser parser = {.args = args, .argc = argc, .argv = argv, .err = err};
    *args = (struct arguments){.timeout_ms = -1, .opts = options_new()};
    args->words = xcalloc((size_t)argc + 1, sizeof *args->words);
    if (!read_options(args, argc, argv, err) || !parse_words(&parser))
        return false;
    args->over.as_groups = (const char *const *)args->as_groups;
    if (args->namespaces && args->namespaces[0] && !args->namespaces[1])
        args->over.namespace_ = args->namespaces[0];
    log_redact(args->over.token);
    log_redact(args->over.password);
    return args->help || args->version || check_command_flags(&parser);
}

static void free_list(const char ***list)
{
    for (size_t i = 0; *list && (*list)[i]; i++)
        free((char *)(uintptr_t)(*list)[i]);
    free(*list);
    *list = NULL;
}

void arguments_done(struct arguments *args)
{
    free_list(&args->namespaces);
    free_list(&args->as_groups);
    free(args->words);
    options_free(&args->opts);
}
