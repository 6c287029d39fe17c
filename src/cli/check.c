/* check.c - `brdeck check`: is everything fine? For monitoring: one exit code, one line, numbers. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/fleet/filter.h>

#include "asking.h"
#include "check_private.h"

enum { TIMEOUT_MS = 30 * 1000, HOUR_MS = 60 * 60 * 1000 };

static const char *const form_names[] = {"text", "json", "prometheus"};

/* -- the command line ------------------------------------------------------------------------- */

/* "10m" or "10m,30m"; 0: no limit. Of one alone the critical limit keeps the alerts' ratio (@times, 0: @more later). */
static bool parse_limit(const char *flag, const char *text, int64_t times, int64_t more, int64_t *warn, int64_t *crit,
                        struct error *err)
{
    if (!text)
        return true;
    const char *comma = strchr(text, ',');
    char *first = xstrndup(text, comma ? (size_t)(comma - text) : strlen(text));
    int64_t w = 0, c = 0;
    bool good = clock_parse_span(first, &w) && w >= 0 && (!comma || (clock_parse_span(comma + 1, &c) && c >= 0));
    free(first);
    if (!good)
        return error_set(err, ERROR_USAGE, "%s %s: want a length of time such as 10m, or two (warning, critical): "
                         "10m,30m", flag, text);
    if (!comma)
        c = !w ? 0 : times ? w * times : w + more;
    if (c < w && c > 0)
        return error_set(err, ERROR_USAGE, "%s %s: what is critical comes before what is a warning", flag, text);
    *warn = w;
    *crit = c;
    return true;
}

static bool parse_limits(const struct arguments *args, struct check_limits *limits, struct error *err)
{
    *limits = check_defaults;
    limits->lag_warn_ms = options_number(args->opts, OPTION_LAG_WARN);
    limits->lag_crit_ms = options_number(args->opts, OPTION_LAG_CRIT);
    return parse_limit("--max-lag", args->max_lag, 3, 0, &limits->lag_warn_ms, &limits->lag_crit_ms, err) &&
           parse_limit("--max-pause", args->max_pause, 6, 0, &limits->pause_warn_ms, &limits->pause_crit_ms, err) &&
           parse_limit("--max-age", args->max_age, 0, INT64_C(24) * HOUR_MS, &limits->age_warn_ms,
                       &limits->age_crit_ms, err);
}

static bool parse_form(const struct arguments *args, enum check_form *form, struct error *err)
{
    for (size_t i = 0; args->output && i < ARRAY_LEN(form_names); i++)
        if (strcmp(args->output, form_names[i]) == 0) {
            *form = (enum check_form)i;
            return true;
        }
    return !args->output || error_set(err, ERROR_USAGE, "-o %s: want text, json or prometheus", args->output);
}

static bool parse(const struct arguments *args, enum check_form *form, struct check_spec *spec, struct error *err)
{
    if (!parse_form(args, form, err) || !parse_limits(args, &spec->limits, err))
        return false;
    if (args->word_count && args->max_age)
        return error_set(err, ERROR_USAGE, "--max-age is of whole clusters: it does not go with names");
    if (args->word_count)
        spec->words = (const char *const *)args->words;
    for (size_t i = 0; i < args->word_count; i++)
        if (!cli_name_in(args->words[i]))
            return error_set(err, ERROR_USAGE, "\"%s\" names no backup: want NAME or backup/NAME", args->words[i]);
    spec->selector = args->selector ? label_selector_parse(args->selector, err) : NULL;
    return !args->selector || spec->selector;
}

/* -- the command --------------------------------------------------------------------------------- */

static void print(enum check_form form, const struct check_report *report)
{
    static void (*const printers[])(const struct check_report *) = {check_print_text, check_print_json,
                                                                    check_print_prometheus};
    if (form != CHECK_TEXT && report->unknown.code != ERROR_NONE)
        check_print_unknown_line(stderr, report->unknown.text);
    printers[form](report);
}

static int unknown(enum check_form form, const struct error *err, int64_t now_ms)
{
    check_print_unknown(form, err, now_ms);
    return CHECK_UNKNOWN;
}

static int ask_and_print(struct session *s, enum check_form form, const struct check_spec *spec)
{
    struct check_report report;
    struct asking asking;
    asking_init(&asking, s);
    asking_about_listed(&asking, spec->words);
    asking_wait(&asking, s->last_ms - clock_mono_ms());
    check_report_init(&report, s, spec);
    asking_add_notes(&asking, &report.notes); /* a right that is missing is no trouble of the Backups */
    if (s->signal)
        error_set(&report.unknown, ERROR_SYSTEM, "interrupted by signal %d", s->signal);
    print(form, &report);
    int code = (int)check_code_of(&report);
    check_report_done(&report);
    asking_done(&asking);
    return code;
}

/* A monitor that gets half of the text must not believe it. */
static int end_of_output(int code)
{
    if (fflush(stdout) != EOF && !ferror(stdout))
        return code;
    cli_say("stdout: %s", strerror(errno));
    return CHECK_UNKNOWN;
}

int run_check(struct loop *loop, const struct arguments *args)
{
    struct session s;
    struct error err = {.code = ERROR_NONE};
    struct check_spec spec = {.words = NULL};
    enum check_form form = CHECK_TEXT;
    if (!parse(args, &form, &spec, &err)) {
        label_selector_free(&spec.selector);
        return end_of_output(unknown(form, &err, clock_wall_ms()));
    }
    /* Names and the selector are applied here and not by the server: what is said of a cluster takes all of its
     * Backups, and so does whether a later one has made a failed one good. */
    struct fleet_options options = {.once = true};
    int code;
    if (session_begin(&s, loop, args, &options, &err)) {
        s.last_ms = clock_mono_ms() + (args->timeout_ms >= 0 ? args->timeout_ms : TIMEOUT_MS);
        if (session_list(&s, &err))
            code = ask_and_print(&s, form, &spec);
        else
            code = unknown(form, &err, fleet_now_ms(s.fleet));
    } else {
        code = unknown(form, &err, clock_wall_ms());
    }
    session_done(&s);
    label_selector_free(&spec.selector);
    return end_of_output(code);
}
