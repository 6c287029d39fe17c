/* br.c - `brdeck br COMMAND NAME`: br's exact command line for a Backup, printed, or run in a Job or on this host. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>
#include <brdeck/base/text.h>

#include "cli_private.h"

/* What the words of the command line come to. */
struct wish {
    enum br_command command;
    enum br_driver driver;
    bool prints;             /* --driver print */
    const char *name;
    const char *const *more; /* for br */
};

/* -- the words -------------------------------------------------------------------------------- */

static bool read_driver(const char *text, struct wish *wish)
{
    wish->prints = !text || strcmp(text, "print") == 0;
    if (wish->prints)
        return true;
    for (enum br_driver d = BR_DRIVER_JOB; d <= BR_DRIVER_LOCAL; d++)
        if (strcmp(text, br_driver_names[d]) == 0) {
            wish->driver = d;
            return true;
        }
    cli_say("--driver %s: want print, job or local", text);
    return false;
}

static void say_commands(void)
{
    struct str all;
    str_init(&all, STR_SMALL);
    for (enum br_command c = 0; c < BR_COMMAND_COUNT; c++)
        str_addf(&all, "%s%s", c ? ", " : "", br_command_table[c].id);
    cli_say("br what? want one of %s, and the name of a Backup", all.data);
    str_done(&all);
}

/* "status NAME" and "log status NAME"; what follows "--" is br's. */
static bool read_words(const struct arguments *args, struct wish *wish)
{
    size_t own = args->dashes_at ? args->dashes_at - 1 : args->word_count, used = 1;
    bool two = own > 1 && (str_same(args->words[0], "log") || str_same(args->words[0], "validate"));
    char *words = two ? xasprintf("%s %s", args->words[0], args->words[1]) : xstrdup(own ? args->words[0] : "");
    used += two;
    wish->command = br_command_find(words);
    free(words);
    if (wish->command == BR_COMMAND_COUNT || own <= used) {
        say_commands();
        return false;
    }
    if (own > used + 1) {
        cli_say("br takes one name; what is br's own stands after --, and %s does not", args->words[used + 1]);
        return false;
    }
    wish->name = args->words[used];
    wish->more = args->dashes_at ? &args->words[own] : NULL;
    return true;
}

static bool check(const struct arguments *args, struct wish *wish)
{
    const struct br_command_info *info;
    struct error err;
    tso_t until;
    if (!read_driver(args->driver, wish) || !read_words(args, wish))
        return false;
    info = &br_command_table[wish->command];
    if (args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1]))
        cli_say("br takes a name in one namespace: neither -A nor several");
    else if (info->needs_until && !args->until)
        cli_say("br %s needs --until TIME: a TSO, a time, or an age such as -7d", info->id);
    else if (args->until && !info->needs_until)
        cli_say("--until does not go with br %s", info->id);
    else if (args->until && !tso_parse(args->until, clock_wall_ms(), &until, NULL, &err))
        cli_say("--until %s", err.text);
    else if (args->output && !str_same(args->output, "json"))
        cli_say("-o %s: want json", args->output);
    else if (args->output && !args->dry_run && !wish->prints && wish->command != BR_LOG_STATUS)
        cli_say("-o json: of br's answers only that of status is JSON; the others come as text");
    else if (args->dry_run && !str_same(args->dry_run, "client") && !str_same(args->dry_run, "server"))
        cli_say("--dry-run %s: want client or server", args->dry_run);
    else
        return true;
    return false;
}

/* -- print -------------------------------------------------------------------------------------- */

static void on_plan(void *arg, struct br_plan *plan) { (void)arg, (void)plan; }

static bool is_made(void *arg) { return ((const struct br_plan *)arg)->phase != BR_PLAN_LOOKING; }

static const char *secret_of(const struct br_plan *plan)
{
    return plan->record && plan->record->secret ? plan->record->secret : NULL;
}

/* Where the line can be run, and what it needs there. */
static void say_where(const struct br_plan *plan, enum br_command command)
{
    const struct br_command_info *info = &br_command_table[command];
    char flag[64];
    const char *unknown = plan->object ? br_argv_unknown_flag(plan->object, command, flag, sizeof flag) : NULL;
    const char *both = "PD and the storage are", *one = info->needs_pd ? "PD is" : "the storage is";
    cli_say("it runs where %s reached: --driver job runs it in a Job in %s, --driver local here",
            info->needs_pd && info->needs_storage ? both : one, plan->ns);
    if (info->needs_storage && secret_of(plan))
        cli_say("its credentials for the storage are in Secret %s", secret_of(plan));
    if (unknown)
        cli_say("%s of the spec is left out: br %s does not know it (the operator's own run would fail by it)", unknown,
                info->words);
}

static int print_line(struct session *s, const struct br_plan_spec *spec, enum br_command command)
{
    const struct arguments *args = s->args;
    struct br_plan_spec only = *spec;
    only.action = ACTION_PROBE; /* nobody runs it */
    only.driver = BR_DRIVER_OPERATOR;
    only.no_dry_run = true;
    session_runner(s, true);
    struct br_plan *plan = br_plan_new(s->br, &only, on_plan, NULL);
    s->deadline_ms = clock_mono_ms() + 2 * (args->request_timeout_ms > 0 ? args->request_timeout_ms : 30000);
    int code = EXIT_DONE;
    if (!session_wait(s, is_made, plan)) {
        cli_say("no answer in the time given");
        code = session_code(s, EXIT_TIMED_OUT);
    } else if (!plan->br_line) {
        code = cli_fail(&plan->error);
    } else if (str_same(args->output, "json")) {
        struct json *json = br_plan_json(plan);
        char *text = json_print_pretty(json);
        fputs(text, stdout);
        free(text);
        json_free(&json);
    } else {
        struct str line;
        str_init(&line, STR_SMALL * 4);
        text_add_clean(&line, plan->br_line);
        printf("%s\n", line.data);
        str_done(&line);
        say_where(plan, command);
    }
    br_plan_free(&plan);
    return code;
}

/* -- run ------------------------------------------------------------------------------------------- */

static void print_answer(const struct session *s, const struct br_run *run)
{
    bool json = str_same(s->args->output, "json");
    struct str out;
    if (json && run->answer)
        printf("%s\n", run->answer);
    if (json || !run->result)
        return;
    str_init(&out, STR_LARGE);
    text_add_clean_lines(&out, run->result);
    fputs(out.data, stdout);
    str_done(&out);
}

static void say_lines(const char *text)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        cli_say("br: %.*s", (int)len, text);
    }
}

static int run_it(struct session *s, const struct br_plan_spec *spec)
{
    int code = act_on(s, spec, 1);
    const struct br_run *run = s->br && br_runs(s->br) ? br_run_at(s->br, br_runs(s->br) - 1) : NULL;
    if (!run)
        return code;
    print_answer(s, run);
    if (run->outcome != BR_DONE)
        say_lines(run->errors);
    if (run->cause && run->outcome != BR_DONE)
        cli_say("%s: %s", run->cause->sentence, run->cause->action);
    if (run->log_path[0])
        cli_say("the log is kept in %s", run->log_path);
    bool asked = br_command_table[run->br_command].reads_only && run->outcome == BR_DONE;
    return asked && !run->result && code == EXIT_DONE ? EXIT_ERROR : code; /* it was said why */
}

static int with_backup(struct session *s, const struct wish *wish)
{
    const struct arguments *args = s->args;
    const struct br_command_info *info = &br_command_table[wish->command];
    struct error err;
    int code = EXIT_DONE;
    tso_t until = 0; /* a relative time is of the server's clock */
    slot_t slot = session_find(s, wish->name, &code);
    if (slot == SLOT_NONE)
        return code;
    if (args->until && !tso_parse(args->until, fleet_now_ms(s->fleet), &until, NULL, &err))
        return cli_fail(&err);
    struct br_plan_spec spec = {
        .action = info->action, .v1 = store_get(fleet_store(s->fleet), slot)->record->v1, .ns = session_namespace(s),
        .name = cli_name(wish->name), .until = until, .allow_pitr_loss = args->allow_pitr_loss, .driver = wish->driver,
        .command = wish->command, .pd_address = args->pd, .ca = args->ca, .cert = args->cert, .key = args->key,
        .image = args->image, .more = wish->more, .owned = args->owned};
    return wish->prints ? print_line(s, &spec, wish->command) : run_it(s, &spec);
}

int run_br(struct loop *loop, const struct arguments *args)
{
    struct fleet_options options = {.once = false};
    struct session s;
    struct wish wish = {.command = BR_COMMAND_COUNT};
    int code = EXIT_DONE;
    if (!check(args, &wish))
        return EXIT_USAGE;
    if (session_open(&s, loop, args, &options, &code) && session_settle(&s, &code))
        code = with_backup(&s, &wish);
    session_done(&s);
    return cli_end_of_output(code);
}
