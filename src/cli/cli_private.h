/* cli_private.h - what the commands of the command line share. */
#ifndef BRDECK_SRC_CLI_CLI_PRIVATE_H
#define BRDECK_SRC_CLI_CLI_PRIVATE_H

#include <brdeck/br/runner.h>
#include <brdeck/cli/cli.h>
#include <brdeck/fleet/fleet.h>

/* One command of the command line: dispatch, help and the man page read the table. */
struct cli_command {
    const char *name, *synopsis, *help;
    const char *flags; /* the flags of commands that it takes, by name, separated by spaces */
    int (*run)(struct loop *loop, const struct arguments *args);
};
extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;
const struct cli_command *cli_command_find(const char *name);

/* A flag: the parser, help and the man page read the table. */
enum flag_type { FLAG_BOOL, FLAG_TEXT, FLAG_SPAN, FLAG_COUNT, FLAG_LIST };
struct flag {
    const char *name;
    char letter;          /* 0: none; two flags have the same only where no command takes both */
    enum flag_type type;
    size_t offset;        /* in struct arguments */
    const char *argument; /* for help; NULL for FLAG_BOOL */
    bool of_command;      /* only with commands that name it */
    const char *help;
};
extern const struct flag flag_table[];
extern const size_t flag_count;
const struct flag *flag_find(const char *name, size_t len); /* by its long name; NULL: none */
/* A letter means what the command that stands before it takes by that letter; the first of the table where it takes
 * none. */
const struct flag *flag_of_letter(const struct cli_command *command, char letter);
const struct option *flag_option(const char *name, size_t len); /* an option of brdeck's that is given as a flag */
bool cli_command_takes(const struct cli_command *command, const struct flag *flag);

/* "backups", "backup", "bk", with or without a group. */
bool cli_is_kind(const char *word);
/* The name in "NAME" or "backup/NAME" (as -o name prints it), within @word; NULL when it is another kind (said). */
const char *cli_name(const char *word);
const char *cli_name_in(const char *word); /* not said */
/* Whether a Backup of that API group is meant by @word: "NAME" and "backup/NAME" mean both. */
bool cli_group_is(const char *word, bool v1);

/* Words to stderr ("brdeck: ..."), cleaned. */
__attribute__((format(printf, 1, 2)))
void cli_say(const char *format, ...);
/* Say @err; returns its exit code. */
int cli_fail(const struct error *err);

/* A connection and the Backups of the namespaces that the arguments name, for one command. */
struct session {
    struct loop *loop;
    const struct arguments *args;
    struct kube_target *target;
    struct kube_client *client;
    struct fleet *fleet;
    struct br *br;
    const char *one_ns[2];
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    size_t seen;         /* of settling: rows so far */
    int64_t settle_ms;   /* of settling: the longest time in which nothing comes */
    int64_t last_ms;     /* monotonic; settling goes on until then at most; INT64_MAX: no limit */
    int signal;          /* that asks for the end; 0: none */
    char lost[512];      /* why nothing comes at the moment, as it was said; "" all is well */
};
/* session_open and session_settle without a word: the error is the caller's to say. */
bool session_begin(struct session *s, struct loop *loop, const struct arguments *args, struct fleet_options *options,
                   struct error *err);
bool session_list(struct session *s, struct error *err);
/* br/ for one that only looks (@read_only), or follows. */
void session_runner(struct session *s, bool read_only);
/* Said when it begins, when the cause is another, and when it is over: what does not come is no sign of calm. */
void session_tell_link(struct session *s);
/* False: said, and *@code is the exit code. @options is filled up with the namespaces. session_done in any case. */
bool session_open(struct session *s, struct loop *loop, const struct arguments *args, struct fleet_options *options,
                  int *code);
void session_done(struct session *s);
const char *session_namespace(const struct session *s); /* the one for names */
/* The Backup that @word (NAME, backup/NAME, backup.GROUP/NAME) names in that namespace. SLOT_NONE: said, and *@code
 * is the exit code: no such word, no such Backup, or one in each API group, so that nobody acts on the wrong one. */
slot_t session_find(const struct session *s, const char *word, int *code);
/* Turn until the lists are there; false when they cannot be had (said). */
bool session_settle(struct session *s, int *code);
/* Turn until @done(arg), or the deadline, or a signal (false). */
bool session_wait(struct session *s, bool (*done)(void *arg), void *arg);

/* The exit code of a wait that was not to its end: of the signal, as shells have it, else @code. */
int session_code(const struct session *s, int code);

/* What is printed must have come out: else a word why not, and EXIT_ERROR, unless @code tells of worse. A reader that
 * went away has had enough. */
int cli_end_of_output(int code);

int run_get(struct loop *loop, const struct arguments *args);
int run_describe(struct loop *loop, const struct arguments *args);
int run_action(struct loop *loop, const struct arguments *args);
int run_start(struct loop *loop, const struct arguments *args);
int run_create(struct loop *loop, const struct arguments *args);
int run_check(struct loop *loop, const struct arguments *args);
int run_wait(struct loop *loop, const struct arguments *args);
int run_runs(struct loop *loop, const struct arguments *args);
int run_journal(struct loop *loop, const struct arguments *args);
int run_br(struct loop *loop, const struct arguments *args);
int run_logs(struct loop *loop, const struct arguments *args);
int run_completion(struct loop *loop, const struct arguments *args);
/* `wait --for phase=...` takes it: a Backup can be in it. */
bool wait_has_phase(enum phase phase);
/* Whether --dry-run and -o say what they may; else it is said (EXIT_USAGE). */
bool act_check(const struct arguments *args);
/* Plan, confirm, carry out and follow @count specs of one action. */
int act_on(struct session *s, const struct br_plan_spec *specs, size_t count);

#endif
