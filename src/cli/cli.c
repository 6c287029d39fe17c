/* cli.c - the table of commands, help, and what all commands share. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>
#include <brdeck/base/text.h>

#include "check_private.h"
#include "cli_private.h"

#define ACT_FLAGS "yes dry-run no-wait timeout output"

static int run_help(struct loop *loop, const struct arguments *args);

const struct cli_command cli_commands[] = {
    {"get", "get backups [NAME...] [-n NS | -A] [-l LABELS] [-w] [-o FORM] [--sort COLUMN] [--wide] [--object-only]",
     "List Backups as they are: state, COMMITTS, checkpoint, lag", "selector output watch no-headers object-only",
     run_get},
    {"describe", "describe backup [NAME...] [-n NS]", "Everything about a Backup, and what can be done", "",
     run_describe},
    {"pause", "pause NAME... [-n NS]", "Pause log backups", ACT_FLAGS " clear-truncate allow-pitr-loss", run_action},
    {"resume", "resume NAME... [-n NS]", "Resume paused log backups", ACT_FLAGS " clear-truncate allow-pitr-loss",
     run_action},
    {"stop", "stop NAME... [-n NS]", "Stop log backups, for good", ACT_FLAGS " clear-truncate allow-pitr-loss",
     run_action},
    {"truncate", "truncate NAME... --until TIME [-n NS]", "Delete log before a point in time",
     ACT_FLAGS " until allow-pitr-loss", run_action},
    {"start", "start -f FILE | start NAME --from OLD --prefix PREFIX [-n NS]", "Start a new log backup",
     ACT_FLAGS " filename from prefix", run_start},
    {"create", "create -f FILE [-n NS]", "Create Backups, snapshots or logs, out of a manifest", ACT_FLAGS " filename",
     run_create},
    {"retry", "retry NAME... pause|resume|stop|truncate [-n NS]",
     "Have the operator run a failed command again, which it never does by itself",
     ACT_FLAGS " clear-truncate allow-pitr-loss until", run_action},
    {"retain", "retain NAME... [-n NS]", "Set cleanPolicy to Retain, so that a delete leaves the data", ACT_FLAGS,
     run_action},
    {"delete", "delete NAME... [--keep-data] [-n NS]",
     "Delete Backups, and with cleanPolicy Delete everything under their paths", ACT_FLAGS " keep-data allow-pitr-loss",
     run_action},
    {"remove-finalizer", "remove-finalizer NAME... [-n NS]",
     "Let an object go whose delete hangs: nothing is stopped or cleaned then", ACT_FLAGS, run_action},
    {"logs", "logs NAME [-n NS] [-f] [-p] [--tail N] [--job JOB]", "What br says, or said: the log of the newest Job",
     "follow previous tail job timestamps", run_logs},
    {"check", "check [NAME...] [-n NS | -A] [-l LABELS] [--max-lag SPAN] [--max-age SPAN] [--max-pause SPAN] [-o FORM]",
     "Is everything fine? For monitoring: exit code 0 fine, 1 warning, 2 critical, 3 unknown, also for what is wrong "
     "with the command itself", "selector output timeout max-lag max-age max-pause", run_check},
    {"wait", "wait NAME... --for CONDITION [--timeout SPAN] [-n NS]",
     "Wait until it is so: phase=Paused, 'lag<5m', complete, delete; exit code 4 when it can never be", "for timeout",
     run_wait},
    {"runs", "runs [-n NS | -A] [-w] [-o FORM]", "What is under way, whoever began it: found in the cluster itself",
     "watch output no-headers", run_runs},
    {"journal", "journal [NAME] [-n NS] [--since SPAN|TIME] [-o FORM]",
     "What was done from this host, to whom and with what outcome; no cluster is asked", "since output no-headers",
     run_journal},
    {"br", "br COMMAND NAME [-n NS] [--driver print|job|local] [-- ARGS]",
     "br's exact command line for a Backup: printed, or run. COMMAND: status, metadata, truncate-dry-run, decode, and, "
     "when the operator is gone, start, pause, resume, stop, truncate",
     "driver until pd ca cert key image owned yes dry-run timeout output allow-pitr-loss", run_br},
    {"completion", "completion bash|zsh|fish",
     "What the shell needs to complete brdeck's commands, flags and names: source <(brdeck completion bash)", "",
     run_completion},
    {"help", "help [COMMAND]", "Show help", "", run_help},
};
const size_t cli_command_count = ARRAY_LEN(cli_commands);

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < cli_command_count; i++)
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    return NULL;
}

bool cli_command_takes(const struct cli_command *command, const struct flag *flag)
{
    size_t len = strlen(flag->name);
    for (const char *at = command->flags; (at = strstr(at, flag->name)); at += len)
        if ((at == command->flags || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return true;
    return false;
}

static const char *const kind_words[] = {
    "backup", "backups", "bk", "backup.br.pingcap.com", "backups.br.pingcap.com", "backup.pingcap.com",
    "backups.pingcap.com",
};

bool cli_is_kind(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(kind_words); i++)
        if (strcmp(word, kind_words[i]) == 0)
            return true;
    return false;
}

const char *cli_name_in(const char *word)
{
    const char *slash = strchr(word, '/');
    char *kind = slash ? xstrndup(word, (size_t)(slash - word)) : NULL;
    bool known = !kind || cli_is_kind(kind);
    free(kind);
    return known && (slash ? slash[1] : *word) ? (slash ? slash + 1 : word) : NULL;
}

const char *cli_name(const char *word)
{
    const char *name = cli_name_in(word);
    if (!name)
        cli_say("\"%s\" names no backup: want NAME or backup/NAME", word);
    return name;
}

int exit_code_of(enum error_code code)
{
    switch (code) {
    case ERROR_NONE: return EXIT_DONE;
    case ERROR_USAGE: return EXIT_USAGE;
    case ERROR_REFUSED: return EXIT_REFUSED;
    case ERROR_FAILED: return EXIT_FAILED;
    case ERROR_TIMEOUT: return EXIT_TIMED_OUT;
    default: return EXIT_ERROR;
    }
}

void cli_say(const char *format, ...)
{
    struct str raw, line;
    va_list args;
    str_init(&raw, STR_SMALL);
    str_init(&line, STR_SMALL * 4);
    va_start(args, format);
    str_vaddf(&raw, format, args);
    va_end(args);
    text_add_clean(&line, raw.data);
    fprintf(stderr, "brdeck: %s\n", line.data);
    str_done(&raw);
    str_done(&line);
}

int cli_fail(const struct error *err)
{
    cli_say("%s", err->text);
    return exit_code_of(err->code);
}

int cli_end_of_output(int code)
{
    if (fflush(stdout) != EOF || errno == EPIPE)
        return code;
    cli_say("stdout: %s", strerror(errno));
    return code == EXIT_DONE ? EXIT_ERROR : code;
}

/* -- help ------------------------------------------------------------------------------- */

static void print_flag(const struct flag *flag)
{
    char left[64];
    snprintf(left, sizeof left, "%c%c%s --%s%s%s", flag->letter ? '-' : ' ', flag->letter ? flag->letter : ' ',
             flag->letter ? "," : " ", flag->name, flag->argument ? " " : "", flag->argument ? flag->argument : "");
    printf("  %-38s %s\n", left, flag->help);
}

static void help_of(const struct cli_command *command)
{
    printf("Usage: brdeck %s\n\n%s.\n", command->synopsis, command->help);
    if (*command->flags)
        printf("\nFlags:\n");
    for (size_t i = 0; i < flag_count; i++)
        if (flag_table[i].of_command && cli_command_takes(command, &flag_table[i]))
            print_flag(&flag_table[i]);
    printf("\nbrdeck --help shows the flags that go with every command.\n");
}

void cli_help(const char *name)
{
    const struct cli_command *command = name ? cli_command_find(name) : NULL;
    if (command) {
        help_of(command);
        return;
    }
    printf("brdeck: TiDB backups from the keyboard.\n\nUsage:\n  brdeck [FLAGS]            the screen\n");
    for (size_t i = 0; i < cli_command_count; i++)
        printf("  brdeck %s\n      %s.\n", cli_commands[i].synopsis, cli_commands[i].help);
    printf("\nFlags that go with every command:\n");
    for (size_t i = 0; i < flag_count; i++)
        if (!flag_table[i].of_command)
            print_flag(&flag_table[i]);
    printf("\nOptions, also in config.ini and as BRDECK_NAME in the environment:\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char *left = xasprintf("--%s", option_table[i].name);
        printf("      %-34s %s (%s)\n", left, option_table[i].text,
               *option_table[i].standard ? option_table[i].standard : "none");
        free(left);
    }
    printf("\nExit codes: 0 done, 1 error, 2 usage, 3 refused by the state, 4 the action failed, 5 timed out, 128+N "
           "ended by signal N.\nOf check: 0 fine, 1 warning, 2 critical, 3 unknown.\n");
}

static int run_help(struct loop *loop, const struct arguments *args)
{
    (void)loop;
    const char *name = args->word_count ? args->words[0] : NULL;
    if (name && !cli_command_find(name)) {
        cli_say("there is no command \"%s\"", name);
        return EXIT_USAGE;
    }
    cli_help(name);
    return cli_end_of_output(EXIT_DONE);
}

/* The first word of @argv that is a command: what follows a flag that nobody knows may be its value. */
static const struct cli_command *find_command(int argc, char **argv, const struct arguments *args)
{
    const struct cli_command *command = args->command ? cli_command_find(args->command) : NULL;
    for (int i = 1; !args->command && !command && i < argc; i++)
        command = cli_command_find(argv[i]);
    return command;
}

int cli_unfit(int argc, char **argv, const struct arguments *args, const struct error *err)
{
    const struct cli_command *command = find_command(argc, argv, args);
    if (!command || command->run != run_check)
        return cli_fail(err);
    check_print_unknown(CHECK_TEXT, err, clock_wall_ms());
    return CHECK_UNKNOWN;
}

int cli_run(struct loop *loop, const struct arguments *args)
{
    const struct cli_command *command = cli_command_find(args->command);
    return command->run(loop, args);
}
