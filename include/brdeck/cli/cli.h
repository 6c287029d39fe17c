/* cli.h - the same actions without a screen.
 *
 * Data goes to stdout, words to stderr. Exit codes are part of the interface.
 */
#ifndef BRDECK_CLI_CLI_H
#define BRDECK_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>
#include <brdeck/conf/options.h>
#include <brdeck/kube/client.h>
#include <brdeck/kube/config.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_REFUSED = 3, /* by the state of the backup */
    EXIT_FAILED = 4,  /* the action was begun and failed */
    EXIT_TIMED_OUT = 5,
};
/* Of `check`, as monitoring plugins have them. */
enum check_code { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };
int exit_code_of(enum error_code code);

/* kubectl's global flags and brdeck's own, parsed from argv. */
struct arguments {
    struct kube_overrides over;
    const char *kubeconfig;      /* NULL: the environment's */
    const char **as_groups;      /* owned storage of over.as_groups */
    const char **namespaces;     /* NULL-terminated; NULL: not given */
    bool all_namespaces, help, version, demo;
    int64_t request_timeout_ms;  /* 0: not given */
    const char *config_file;
    const char *command;         /* NULL: the screen */
    const char **words;          /* what follows the command, flags taken out; NULL-terminated */
    size_t word_count;
    size_t dashes_at;            /* 1 + how many words stand before "--"; 0: there was none */
    /* of commands */
    const char *selector, *output, *until, *file, *from, *prefix, *dry_run;
    const char *max_lag, *max_age, *max_pause; /* check: "10m", "10m,30m" */
    const char *wait_for, *since;
    const char *sort;            /* get: as the command line itself has it; the options' is the screen's. NULL */
    bool wide;
    bool watch, yes, no_wait, allow_pitr_loss, clear_truncate, keep_data, no_headers, object_only;
    const char *job;             /* logs */
    const char *driver, *pd, *ca, *cert, *key, *image; /* br */
    bool owned;
    bool follow, previous, timestamps;
    int64_t tail;                /* 0: all */
    int64_t timeout_ms;          /* -1: not given */
    struct options *opts;
};
/* Every flag from one table. False and @err (ERROR_USAGE, naming the flag and what was expected). */
bool arguments_parse(int argc, char **argv, struct arguments *args, struct error *err);
void arguments_done(struct arguments *args);

/* Say @err, which the arguments or the start gave, as the command wants it; returns the exit code. @args may be half
 * read (its command NULL then: @argv is looked through). `check` says UNKNOWN on stdout, whatever is wrong. */
int cli_unfit(int argc, char **argv, const struct arguments *args, const struct error *err);
/* Run @args->command; returns the exit code. */
int cli_run(struct loop *loop, const struct arguments *args);
/* For main and the screen: the client of the arguments' context. NULL and @err. *@target is the caller's. */
struct kube_client *cli_connect(struct loop *loop, const struct arguments *args, struct kube_target **target,
                                struct error *err);
/* `--help`, `help COMMAND`: written to stdout from the tables. */
void cli_help(const char *command);

#endif
