/* runs.c - `brdeck runs`: what is under way, as the cluster itself tells. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>

#include "cli_private.h"
#include "rows.h"

enum { FIND_MS = 30 * 1000, LOOK_MS = 5 * 1000 };

static const char *const origin_names[] = {"here", "cluster", "journal"};
static const char *const titles[] = {"NAMESPACE", "NAME", "WHAT",     "OUTCOME", "PHASE",
                                     "BY",        "SINCE", "FOUND IN", "TEXT"};

/* What was printed of a run, so that -w prints what changed. */
struct printed {
    unsigned id;
    char *text;
};

struct runs {
    struct session session;
    bool json;
    struct rows rows;
    struct printed *printed;
    size_t count;
};

/* "pause", "snapshot": what is done, whoever does it. */
static const char *what_of(const struct br_run *run)
{
    if (run->driver != BR_DRIVER_OPERATOR)
        return br_command_table[run->br_command].words;
    if (run->action)
        return run->action->name;
    return run->command != LOG_COMMAND_NONE ? log_command_word(run->command) : "snapshot";
}

/* -- forms --------------------------------------------------------------------------------------- */

static struct json *json_of(const struct br_run *run)
{
    struct json *json = json_new_object();
    char time[CLOCK_TEXT_MAX];
    json_set_string(json, "run", run->run_id);
    json_set_string(json, "namespace", run->ns);
    json_set_string(json, "name", run->name);
    json_set_string(json, "apiGroup", fleet_resource(run->v1)->group);
    json_set_string(json, "what", what_of(run));
    json_set_bool(json, "retry", run->is_retry);
    json_set_string(json, "outcome", br_outcome_word(run->outcome));
    json_set_bool(json, "underWay", !br_outcome_is_end(run->outcome));
    json_set_string(json, "phase", phase_name(run->phase));
    json_set_string(json, "driver", br_driver_names[run->driver]);
    json_set_string(json, "origin", origin_names[run->origin]);
    json_set_string(json, "since", run->begun_ms ? clock_format_rfc3339(run->begun_ms, time) : NULL);
    json_set_string(json, "ended", run->ended_ms ? clock_format_rfc3339(run->ended_ms, time) : NULL);
    json_set_string(json, "job", run->job);
    json_set_string(json, "pod", run->pod);
    json_set_bool(json, "stuck", run->stuck);
    json_set_string(json, "cause", run->cause ? run->cause->id : NULL);
    json_set_string(json, "sentence", run->cause ? run->cause->sentence : NULL);
    json_set_string(json, "action", run->cause ? run->cause->action : NULL);
    json_set_string(json, "errors", run->errors);
    json_set_string(json, "log", run->log_path);
    json_set_string(json, "text", run->text);
    return json;
}

static void add_row(struct runs *runs, const struct br_run *run)
{
    char since[CLOCK_TEXT_MAX], phase[64];
    int64_t now = fleet_now_ms(runs->session.fleet), age = now - run->begun_ms;
    snprintf(phase, sizeof phase, "%s", phase_name(run->phase));
    if (run->progress >= 0 && run->phase == PHASE_RUNNING)
        snprintf(phase, sizeof phase, "%s %.0f%%", phase_name(run->phase), (double)run->progress);
    rows_add(&runs->rows, run->ns);
    rows_add(&runs->rows, run->name);
    rows_add(&runs->rows, what_of(run));
    rows_add(&runs->rows, run->stuck ? "stuck" : br_outcome_word(run->outcome));
    rows_add(&runs->rows, phase);
    rows_add(&runs->rows, br_driver_names[run->driver]);
    rows_add(&runs->rows, run->begun_ms ? clock_format_span(age < 0 ? 0 : age, since) : "");
    rows_add(&runs->rows, origin_names[run->origin]);
    rows_add(&runs->rows, run->text);
}

/* -- what changed ------------------------------------------------------------------------------- */

static struct printed *printed_of(struct runs *runs, unsigned id)
{
    for (size_t i = 0; i < runs->count; i++)
        if (runs->printed[i].id == id)
            return &runs->printed[i];
    runs->printed = xreallocarray(runs->printed, runs->count + 1, sizeof *runs->printed);
    runs->printed[runs->count] = (struct printed){.id = id};
    return &runs->printed[runs->count++];
}

/* Whether it reads otherwise than it was printed last; remembered. */
static bool is_news(struct runs *runs, const struct br_run *run)
{
    struct printed *printed = printed_of(runs, run->id);
    char *text = xasprintf("%d %d %d %s %s", (int)run->outcome, (int)run->phase, (int)run->stuck,
                           run->cause ? run->cause->id : "", run->text);
    bool same = str_same(printed->text, text);
    free(printed->text);
    printed->text = text;
    return !same;
}

static void print_all(struct runs *runs)
{
    struct br *br = runs->session.br;
    struct json *array = json_new_array();
    for (size_t i = 0; i < br_runs(br); i++) {
        const struct br_run *run = br_run_at(br, i);
        is_news(runs, run);
        if (runs->json)
            json_append(array, json_of(run));
        else
            add_row(runs, run);
    }
    if (runs->json) {
        char *text = json_print_pretty(array);
        fputs(text, stdout);
        free(text);
    } else if (br_runs(br)) {
        rows_print(&runs->rows);
    } else {
        cli_say("nothing is under way");
    }
    json_free(&array);
}

/* With -w each news is one line, of JSON too. */
static void print_news(struct runs *runs)
{
    struct br *br = runs->session.br;
    for (size_t i = 0; i < br_runs(br); i++) {
        const struct br_run *run = br_run_at(br, i);
        if (!is_news(runs, run))
            continue;
        if (!runs->json) {
            add_row(runs, run);
            continue;
        }
        struct json *json = json_of(run);
        char *text = json_print(json);
        printf("%s\n", text);
        free(text);
        json_free(&json);
    }
    rows_print(&runs->rows);
}

/* -- the command ----------------------------------------------------------------------------------- */

static bool is_found(void *arg) { return br_runs_are_found(((struct runs *)arg)->session.br); }

/* What the journal tells of is "sending" until its object was looked at. */
static bool is_looked_up(void *arg)
{
    const struct br *br = ((struct runs *)arg)->session.br;
    for (size_t i = 0; i < br_runs(br); i++)
        if (br_run_at(br, i)->origin == BR_ORIGIN_JOURNAL && br_run_at(br, i)->outcome == BR_SENDING)
            return false;
    return true;
}

static int list(struct runs *runs)
{
    struct session *s = &runs->session;
    session_runner(s, options_bool(s->args->opts, OPTION_READ_ONLY));
    br_find_runs(s->br);
    s->deadline_ms = clock_mono_ms() + FIND_MS;
    if (!session_wait(s, is_found, runs)) {
        if (!s->signal)
            cli_say("what is under way could not be found out within %d s", FIND_MS / 1000);
        return session_code(s, EXIT_ERROR);
    }
    s->deadline_ms = clock_mono_ms() + LOOK_MS;
    if (!s->args->watch)
        (void)session_wait(s, is_looked_up, runs);
    s->deadline_ms = INT64_MAX;
    if (s->args->watch && runs->json)
        print_news(runs);
    else
        print_all(runs);
    while (s->args->watch && !s->signal && fflush(stdout) != EOF && !ferror(stdout)) {
        loop_turn(s->loop, 60000);
        print_news(runs);
        session_tell_link(s);
    }
    if ((fflush(stdout) == EOF || ferror(stdout)) && errno != EPIPE) {
        cli_say("stdout: %s", strerror(errno));
        return EXIT_ERROR;
    }
    return session_code(s, EXIT_DONE);
}

int run_runs(struct loop *loop, const struct arguments *args)
{
    struct runs runs = {.json = str_same(args->output, "json")};
    struct fleet_options options = {.once = false};
    int code = EXIT_DONE;
    if (args->output && !runs.json && !str_same(args->output, "text")) {
        cli_say("-o %s: want text or json", args->output);
        return EXIT_USAGE;
    }
    if (args->word_count) {
        cli_say("runs takes no names: want \"brdeck runs [-n NS | -A]\"");
        return EXIT_USAGE;
    }
    rows_init(&runs.rows, ARRAY_LEN(titles), args->no_headers || runs.json ? NULL : titles);
    if (session_open(&runs.session, loop, args, &options, &code) && session_settle(&runs.session, &code))
        code = list(&runs);
    session_done(&runs.session);
    rows_done(&runs.rows);
    for (size_t i = 0; i < runs.count; i++)
        free(runs.printed[i].text);
    free(runs.printed);
    return code;
}
