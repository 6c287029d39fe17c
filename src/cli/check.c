/* check.c - `brdeck check`: is everything fine? For monitoring: one exit code, one line, numbers. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/br/facts.h>
#include <brdeck/fleet/filter.h>

#include "check_private.h"

enum { TIMEOUT_MS = 30 * 1000, WANT_EACH_MS = 1000, HOUR_MS = 60 * 60 * 1000 };

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
    bool good = clock_parse_span(first, &w) && w >= 0 && (!comma || clock_parse_span(comma + 1, &c));
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

/* -- the facts ----------------------------------------------------------------------------------- */

struct asking {
    struct session *s;
    const char **spaces; /* whose Jobs, Pods and Events are wanted; one NULL: all */
    bool *refused;       /* of each: too many */
    size_t space_count, refused_count;
    slot_t *logs;        /* a log backup of each cluster */
    size_t log_count;
    int64_t again_ms;    /* monotonic: when to say again what is wanted */
};

static int compare_keys(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    return strcmp(x, y);
}

/* One log backup of a cluster is enough: PD's answer is for all of them. */
static void find_logs(struct asking *asking)
{
    struct store *store = fleet_store(asking->s->fleet);
    size_t count = 0;
    const char **keys = xcalloc(store_count(store) + 1, sizeof *keys);
    char key[RECORD_CLUSTER_MAX];
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && row->record->mode == BACKUP_LOG && *record_cluster(row->record, key))
            keys[count++] = intern(store_pool(store), key);
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!i || keys[i] != keys[i - 1])
            keys[kept++] = keys[i];
    bool *seen = xcalloc(kept + 1, sizeof *seen);
    asking->logs = xcalloc(kept + 1, sizeof *asking->logs);
    for (slot_t slot = 0; slot < store_slots(store) && asking->log_count < kept; slot++) {
        const struct store_row *row = store_get(store, slot);
        if (!row || row->record->mode != BACKUP_LOG || !*record_cluster(row->record, key))
            continue;
        const char *text = key, **at = bsearch(&text, keys, kept, sizeof *keys, compare_keys);
        if (at && !seen[at - keys]) {
            seen[at - keys] = true;
            asking->logs[asking->log_count++] = slot;
        }
    }
    free(seen);
    free(keys);
}

/* The namespaces that were listed: each, or all in one. */
static void find_spaces(struct asking *asking)
{
    const struct fleet *fleet = asking->s->fleet;
    asking->spaces = xcalloc(fleet_sources(fleet) + 1, sizeof *asking->spaces);
    asking->refused = xcalloc(fleet_sources(fleet) + 1, sizeof *asking->refused);
    for (size_t i = 0; i < fleet_sources(fleet); i++) {
        const char *ns = fleet_source(fleet, i)->ns;
        bool known = false;
        for (size_t k = 0; k < asking->space_count; k++)
            known = known || str_same(asking->spaces[k], ns);
        if (!ns) {
            asking->spaces[0] = NULL;
            asking->space_count = 1;
            return;
        }
        if (!known)
            asking->spaces[asking->space_count++] = ns;
    }
}

static void want(struct asking *asking)
{
    struct store *store = fleet_store(asking->s->fleet);
    if (clock_mono_ms() < asking->again_ms)
        return;
    asking->again_ms = clock_mono_ms() + WANT_EACH_MS;
    for (size_t i = 0; i < asking->space_count; i++)
        if (!asking->refused[i] && !br_facts_want(asking->s->br, asking->spaces[i])) {
            asking->refused[i] = true;
            asking->refused_count++;
        }
    for (size_t i = 0; i < asking->log_count; i++) {
        const struct store_row *row = store_get(store, asking->logs[i]);
        if (row)
            br_pd_want(asking->s->br, row->record);
    }
}

static bool are_there(void *arg)
{
    struct asking *asking = arg;
    want(asking);
    for (size_t i = 0; i < asking->space_count; i++)
        if (!asking->refused[i] && !br_facts_are_there(asking->s->br, asking->spaces[i], NULL))
            return false;
    return br_pd_are_there(asking->s->br);
}

/* What could not be had is told, once; a right that is missing is no trouble of the Backups. */
static void note_facts(const struct asking *asking, struct check_report *report)
{
    if (asking->refused_count)
        str_addf(&report->notes, "the Jobs, Pods and Events of %zu namespaces were not looked at: %d at most, or -A\n",
                 asking->refused_count, BR_FACTS_NAMESPACES_MAX);
    for (size_t i = 0; i < asking->space_count; i++) {
        if (asking->refused[i])
            continue;
        const char *why = NULL, *ns = asking->spaces[i] ? asking->spaces[i] : "all namespaces";
        bool there = br_facts_are_there(asking->s->br, asking->spaces[i], &why);
        if (there && why)
            str_addf(&report->notes, "not everything of the Jobs, Pods and Events of %s is known: %s\n", ns, why);
        else if (!there)
            str_addf(&report->notes, "the Jobs, Pods and Events of %s were not had in time\n", ns);
    }
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
    struct asking asking = {.s = s};
    session_runner(s, true);
    find_spaces(&asking);
    find_logs(&asking);
    s->deadline_ms = s->last_ms;
    session_wait(s, are_there, &asking);
    check_report_init(&report, s, spec);
    note_facts(&asking, &report);
    if (s->signal)
        error_set(&report.unknown, ERROR_SYSTEM, "interrupted by signal %d", s->signal);
    print(form, &report);
    int code = (int)check_code_of(&report);
    check_report_done(&report);
    free(asking.spaces);
    free(asking.refused);
    free(asking.logs);
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
    /* The selector is applied here and not by the server: what is said of a cluster takes all of its Backups. */
    bool one = args->word_count == 1 && form == CHECK_TEXT; /* the other forms tell what can be restored */
    struct fleet_options options = {.once = true, .name = one ? cli_name_in(args->words[0]) : NULL};
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
