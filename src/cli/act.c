/* act.c - pause, resume, stop, truncate, their retries, delete, retain, remove-finalizer from the command line: plan,
 * show, confirm, carry out, follow. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>
#include <brdeck/base/text.h>
#include <brdeck/br/facts.h>

#include "act_private.h"
#include "asking.h"

enum { WAIT_MS = 10 * 60 * 1000, PD_MS = 3000 };

/* -- the plans -------------------------------------------------------------------------- */

static void on_plan(void *arg, struct br_plan *plan) { (void)arg, (void)plan; }

static bool have_plans(void *arg)
{
    const struct act *act = arg;
    for (size_t i = 0; i < act->count; i++)
        if (act->plans[i]->phase == BR_PLAN_LOOKING)
            return false;
    return true;
}

void act_print_plan(const struct act *act, const struct br_plan *plan, FILE *to)
{
    struct session *s = act->session;
    struct describe_context ctx = {.now_ms = fleet_now_ms(s->fleet), .style = TSO_LOCAL,
                                   .window = plan->window_known ? &plan->window : NULL,
                                   .window_known = plan->window_known,
                                   .has_status_sub = fleet_has_status_sub(s->fleet, plan->v1),
                                   .ascii = !text_is_utf8()};
    struct description d;
    description_init(&d);
    br_plan_describe(plan, &ctx, &d);
    size_t count = d.count;
    if (plan->phase == BR_PLAN_READY && count > 0)
        count--; /* which keys confirm it on the screen */
    for (size_t i = 0; i < count; i++) {
        struct str line;
        str_init(&line, STR_LARGE);
        str_pad(&line, ' ', d.lines[i].indent);
        if (d.lines[i].label)
            str_addf(&line, "%-10s ", d.lines[i].label);
        text_add_clean_lines(&line, d.lines[i].text);
        fprintf(to, "%s\n", line.data);
        str_done(&line);
    }
    description_done(&d);
}

static int tell_refused(const struct act *act)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < act->count; i++)
        if (act->plans[i]->phase != BR_PLAN_READY) {
            cli_say("%s/%s: %s", act->plans[i]->ns, act->plans[i]->name, act->plans[i]->error.text);
            code = code ? code : exit_code_of(act->plans[i]->error.code);
        }
    return code;
}

/* -- the runs ----------------------------------------------------------------------------------- */

static const struct br_run *run_of(const struct act *act, size_t nth)
{
    struct br *br = act->session->br;
    for (size_t i = 0; i < br_runs(br); i++) {
        const struct br_run *run = br_run_at(br, i);
        if (run->batch == act->batch && nth-- == 0)
            return run;
    }
    return NULL;
}

static void tell_progress(struct act *act)
{
    for (size_t i = 0; i < act->runs; i++) {
        const struct br_run *run = run_of(act, i);
        if (!run || br_outcome_is_end(run->outcome) || str_same(run->text, act->told[i]) || !run->text[0])
            continue;
        free(act->told[i]);
        act->told[i] = xstrdup(run->text);
        cli_say("%s/%s: %s", run->ns, run->name, run->text);
    }
}

static bool is_over(void *arg)
{
    struct act *act = arg;
    bool sent_only = act->session->args->no_wait;
    tell_progress(act);
    for (size_t i = 0; i < act->runs; i++) {
        const struct br_run *run = run_of(act, i);
        if (run && !br_outcome_is_end(run->outcome) && !(sent_only && run->outcome == BR_FOLLOWING))
            return false;
    }
    return true;
}

static int code_of(enum br_outcome outcome)
{
    static const struct { enum br_outcome outcome; int code; } codes[] = {
        {BR_DONE, EXIT_DONE},      {BR_FOLLOWING, EXIT_DONE},   {BR_NOTHING, EXIT_REFUSED}, {BR_FAILED, EXIT_FAILED},
        {BR_REVERTED, EXIT_FAILED}, {BR_GONE, EXIT_FAILED},     {BR_CHANGED, EXIT_REFUSED},
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].outcome == outcome)
            return codes[i].code;
    return EXIT_ERROR;
}

static const char *unfinished(const struct act *act, const struct br_run *run)
{
    if (run->outcome == BR_QUEUED)
        return act->session->signal ? "interrupted, not sent" : "not sent in the time given";
    if (run->outcome != BR_FOLLOWING)
        return act->session->signal ? "interrupted before its answer was known" : "has no answer in the time given";
    static const char *const ends[][2] = {
        [BR_DRIVER_OPERATOR] = {"not at its end in the time given; the operator goes on",
                                "sent, and no longer waited for; the operator goes on"},
        [BR_DRIVER_JOB] = {"not at its end in the time given; its Job goes on",
                           "sent, and no longer waited for; its Job goes on"},
        [BR_DRIVER_LOCAL] = {"not at its end in the time given; br is stopped, what it did is not known",
                             "interrupted; br is stopped, what it did is not known"},
    };
    return ends[run->driver][act->session->signal != 0];
}

/* Of a delete the end says more than that: what became of the task and the data. */
static void tell_done(const struct br_run *run, const char *object)
{
    printf("%s: %s %s\n", object, run->action->name, br_outcome_word(run->outcome));
    if (run->action->id == ACTION_DELETE || run->action->id == ACTION_REMOVE_FINALIZER)
        cli_say("%s/%s: %s", run->ns, run->name, run->text);
}

/* Each run's end: done on stdout, anything else on stderr; the first bad one makes the exit code. */
static int tell_ends(struct act *act, bool timed_out)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < act->runs; i++) {
        const struct br_run *run = run_of(act, i);
        if (!run)
            continue;
        bool over = br_outcome_is_end(run->outcome);
        struct str line;
        str_init(&line, 4096);
        str_addf(&line, "backup.%s/", fleet_resource(run->v1)->group);
        text_add_clean(&line, run->name);
        bool asks = run->driver != BR_DRIVER_OPERATOR && br_command_table[run->br_command].reads_only;
        if (run->outcome == BR_DONE && (run->result || asks)) /* br's answer is what is printed */
            cli_say("%s/%s: %s", run->ns, run->name, run->text);
        else if (run->outcome == BR_DONE)
            tell_done(run, line.data);
        else if (!over && !timed_out)
            printf("%s: %s sent\n", line.data, run->action->name);
        else
            cli_say("%s/%s: %s %s: %s", run->ns, run->name, run->action->name,
                    over ? br_outcome_word(run->outcome) : unfinished(act, run), run->text);
        str_done(&line);
        int one = !over && timed_out ? session_code(act->session, EXIT_TIMED_OUT) : code_of(run->outcome);
        code = code ? code : one;
    }
    return code;
}

static int execute(struct act *act)
{
    char typed[512];
    struct error err = {.code = ERROR_NONE};
    int code = act_confirm(act, typed, sizeof typed);
    if (code != EXIT_DONE)
        return code;
    struct br_plan **plans = act->plans;
    act->plans = NULL;
    bool sent = br_execute(act->session->br, plans, act->count, typed, &act->batch, &err);
    free(plans);
    if (!sent)
        return cli_fail(&err);
    while (run_of(act, act->runs))
        act->runs++;
    int64_t limit = act->session->args->timeout_ms >= 0 ? act->session->args->timeout_ms : WAIT_MS;
    act->session->deadline_ms = clock_mono_ms() + limit;
    bool over = session_wait(act->session, is_over, act);
    return tell_ends(act, !over);
}

static int show(const struct act *act)
{
    bool json = str_same(act->session->args->output, "json");
    for (size_t i = 0; i < act->count; i++) {
        if (!json) {
            act_print_plan(act, act->plans[i], stdout);
            continue;
        }
        struct json *plan = br_plan_json(act->plans[i]);
        char *text = json_print_pretty(plan);
        fputs(text, stdout);
        free(text);
        json_free(&plan);
    }
    return tell_refused(act);
}

static int plan_and_act(struct act *act)
{
    const char *dry_run = act->session->args->dry_run;
    int64_t limit = act->session->args->request_timeout_ms > 0 ? act->session->args->request_timeout_ms : 30000;
    act->session->deadline_ms = clock_mono_ms() + 2 * limit;
    if (!session_wait(act->session, have_plans, act)) {
        if (act->session->signal)
            return session_code(act->session, EXIT_ERROR);
        cli_say("no answer within %lld s: nothing was changed", (long long)(2 * limit / 1000));
        return EXIT_TIMED_OUT;
    }
    act->session->deadline_ms = INT64_MAX;
    if (dry_run)
        return show(act);
    int code = tell_refused(act);
    return code ? code : execute(act);
}

static int open_runner(struct session *s)
{
    const char *journal = options_text(s->args->opts, OPTION_JOURNAL);
    struct br_options options = {.loop = s->loop, .fleet = s->fleet, .journal = journal && *journal ? journal : NULL,
                                 .read_only = options_bool(s->args->opts, OPTION_READ_ONLY)};
    s->br = br_new(&options, NULL, NULL);
    if (options.read_only && !s->args->dry_run) {
        cli_say("read-only: brdeck changes nothing");
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

bool act_check(const struct arguments *args)
{
    const char *dry_run = args->dry_run, *output = args->output;
    if (dry_run && !str_same(dry_run, "client") && !str_same(dry_run, "server"))
        cli_say("--dry-run %s: want client or server", dry_run);
    else if (output && !str_same(output, "json") && !str_same(output, "text"))
        cli_say("-o %s: want json or text", output);
    else if (output && !dry_run)
        cli_say("-o %s goes with --dry-run only", output);
    else
        return true;
    return false;
}

/* A new log backup's plan is to know whether PD has a task already that none of all Backups knows: br would refuse. */
static void ask_pd_of_new(struct session *s, const struct br_plan_spec *specs, size_t count)
{
    struct asking asking;
    asking_init(&asking, s);
    for (size_t i = 0; i < count && fleet_is_complete(s->fleet); i++) {
        if (json_type(specs[i].manifest) != JSON_OBJECT)
            continue;
        struct json *object = json_copy(specs[i].manifest);
        json_set_string(json_object_in(object, "metadata"), "namespace", specs[i].ns);
        struct backup_record *record = record_decode(object, store_pool(fleet_store(s->fleet)));
        if (record && record->mode == BACKUP_LOG)
            br_pd_want(s->br, record);
        record_free(&record);
        json_free(&object);
    }
    asking_wait(&asking, PD_MS);
    asking_done(&asking);
}

int act_on(struct session *s, const struct br_plan_spec *specs, size_t count)
{
    int code = open_runner(s);
    if (code != EXIT_DONE)
        return code;
    ask_pd_of_new(s, specs, count);
    struct act act = {.session = s, .count = count, .plans = xcalloc(count, sizeof *act.plans),
                      .told = xcalloc(2 * count, sizeof *act.told)};
    str_init(&act.typed, 1024);
    for (size_t i = 0; i < count; i++) {
        struct br_plan_spec spec = specs[i];
        spec.no_dry_run = str_same(s->args->dry_run, "client");
        act.plans[i] = br_plan_new(s->br, &spec, on_plan, &act);
    }
    code = plan_and_act(&act);
    for (size_t i = 0; i < 2 * count; i++) {
        if (act.plans && i < count)
            br_plan_free(&act.plans[i]);
        free(act.told[i]);
    }
    free(act.plans);
    free(act.told);
    str_done(&act.typed);
    return code;
}

/* -- the commands ------------------------------------------------------------------------------------- */

static bool is_repeated(const struct br_plan_spec *specs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(specs[i].name, name) == 0)
            return true;
    return false;
}

/* "retry NAME VERB": the last word says which. */
static size_t name_count(const struct arguments *args)
{
    return args->word_count - (args->word_count && strcmp(args->command, "retry") == 0);
}

static int act_on_names(struct session *s, const struct action *action, tso_t until)
{
    const struct arguments *args = s->args;
    size_t names = name_count(args);
    struct br_plan_spec *specs = xcalloc(names, sizeof *specs);
    size_t count = 0;
    int code = EXIT_DONE;
    for (size_t i = 0; i < names; i++) {
        int one = EXIT_DONE;
        slot_t slot = session_find(s, args->words[i], &one);
        code = code ? code : one;
        if (slot == SLOT_NONE)
            continue;
        const char *name = cli_name(args->words[i]);
        if (!is_repeated(specs, count, name)) {
            bool v1 = store_get(fleet_store(s->fleet), slot)->record->v1;
            specs[count++] = (struct br_plan_spec){.action = action->id, .v1 = v1,
                                                   .ns = session_namespace(s), .name = name,
                                                   .until = until, .allow_pitr_loss = args->allow_pitr_loss,
                                                   .clear_truncate = args->clear_truncate,
                                                   .keep_data = args->keep_data,
                                                   .retry = strcmp(args->command, "retry") == 0};
        }
    }
    if (code == EXIT_DONE)
        code = act_on(s, specs, count);
    else if (names > 1)
        cli_say("nothing was changed");
    free(specs);
    return code;
}

/* What is wrong with the command line itself, before anybody is asked. */
static bool check(const struct arguments *args, const struct action *action)
{
    tso_t until = 0;
    struct error err;
    if (!name_count(args))
        cli_say("%s what? want \"brdeck %s\"", args->command, cli_command_find(args->command)->synopsis);
    else if (args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1]))
        cli_say("%s takes names in one namespace: neither -A nor several", args->command);
    else if (action->id == ACTION_TRUNCATE && !args->until && strcmp(args->command, "retry") != 0)
        cli_say("truncate needs --until TIME: a TSO, a time, or an age such as -7d");
    else if (args->until && !tso_parse(args->until, clock_wall_ms(), &until, NULL, &err))
        cli_say("--until %s", err.text);
    else
        return act_check(args);
    return false;
}

/* Of "retry NAME VERB"; NULL, and it is said. */
static const struct action *retried_action(const struct arguments *args)
{
    const struct action *action = args->word_count ? action_find(args->words[args->word_count - 1]) : NULL;
    if (action && action->command && !action->makes_new)
        return action;
    cli_say("retry what? want \"brdeck retry NAME... pause|resume|stop|truncate\"");
    return NULL;
}

int run_action(struct loop *loop, const struct arguments *args)
{
    bool retry = strcmp(args->command, "retry") == 0;
    const struct action *action = retry ? retried_action(args) : action_find(args->command);
    struct fleet_options options = {.once = false};
    struct session s;
    int code = EXIT_DONE;
    if (!action || !check(args, action))
        return EXIT_USAGE;
    if (session_open(&s, loop, args, &options, &code) && session_settle(&s, &code)) {
        struct error err;
        tso_t until = 0; /* a relative time is of the server's clock */
        if (args->until && !tso_parse(args->until, fleet_now_ms(s.fleet), &until, NULL, &err))
            code = cli_fail(&err);
        else
            code = act_on_names(&s, action, until);
    }
    session_done(&s);
    return cli_end_of_output(code);
}
