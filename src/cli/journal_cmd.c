/* journal_cmd.c - `brdeck journal`: what was done from this host. No cluster is asked, so that it can be read when all
 * are away. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/json.h>
#include <brdeck/br/journal.h>

#include "cli_private.h"
#include "rows.h"

static const char *const titles[] = {"TIME", "ACTION", "BACKUP", "CONTEXT", "BY", "OUTCOME", "TEXT"};

/* "24h", "7d" or a point in time. */
static bool parse_since(const char *text, int64_t *ms, struct error *err)
{
    int64_t span;
    tso_t ts;
    if (clock_parse_span(text, &span)) {
        *ms = clock_wall_ms() - (span < 0 ? -span : span);
        return true;
    }
    if (!tso_parse(text, clock_wall_ms(), &ts, NULL, err))
        return false;
    *ms = tso_to_ms(ts);
    return true;
}

static bool is_wanted(const struct arguments *args, const struct journal_entry *entry)
{
    bool named = !args->word_count, placed = args->all_namespaces || !args->namespaces || !args->namespaces[0];
    for (size_t i = 0; i < args->word_count; i++)
        named = named || strcmp(cli_name(args->words[i]), entry->name) == 0;
    for (size_t i = 0; !placed && args->namespaces[i]; i++)
        placed = strcmp(args->namespaces[i], entry->ns) == 0;
    return named && placed && (!args->over.context || strcmp(args->over.context, entry->context) == 0);
}

static struct json *json_of(const struct journal_entry *entry)
{
    struct json *json = json_new_object();
    char time[CLOCK_TEXT_MAX];
    json_set_string(json, "run", entry->run);
    json_set_string(json, "time", clock_format_rfc3339(entry->at_ms, time));
    json_set_string(json, "action", entry->action);
    json_set_bool(json, "retry", entry->retry);
    json_set_string(json, "namespace", entry->ns);
    json_set_string(json, "name", entry->name);
    json_set_string(json, "apiGroup", entry->group);
    json_set_string(json, "uid", entry->uid);
    json_set_string(json, "context", entry->context);
    json_set_string(json, "server", entry->server);
    json_set_string(json, "user", entry->user);
    json_set_string(json, "clusterUid", entry->cluster_uid);
    json_set_string(json, "driver", entry->driver);
    json_set_string(json, "outcome", entry->outcome);
    json_set_string(json, "ended", entry->ended_ms ? clock_format_rfc3339(entry->ended_ms, time) : NULL);
    json_set_string(json, "cancelled", entry->cancelled_ms ? clock_format_rfc3339(entry->cancelled_ms, time) : NULL);
    json_set_string(json, "text", entry->text);
    json_set_bool(json, "open", entry->open);
    json_set(json, "intent", entry->intent ? json_copy(entry->intent) : json_new_null());
    return json;
}

static void add_row(struct rows *rows, const struct journal_entry *entry, enum tso_style style)
{
    char time[TSO_TEXT_MAX];
    struct str text, ended;
    str_init(&text, STR_SMALL);
    str_init(&ended, STR_SMALL);
    rows_add(rows, tso_format_ms(entry->at_ms, style == TSO_NUMBER ? TSO_RFC3339 : style, clock_wall_ms(), time));
    str_addf(&text, "%s%s%s", entry->action, entry->retry ? " (retry)" : "", entry->cancelled_ms ? " (cancelled)" : "");
    rows_add(rows, text.data);
    str_clear(&text);
    str_addf(&text, "%s/%s", entry->ns, entry->name);
    rows_add(rows, text.data);
    rows_add(rows, *entry->context ? entry->context : entry->server);
    rows_add(rows, entry->user);
    rows_add(rows, entry->outcome ? entry->outcome : entry->lives ? "under way" : "unknown");
    str_add(&ended, entry->text ? entry->text : "");
    if (entry->open && !entry->lives)
        str_addf(&ended, "%show it ended is not known yet: \"brdeck runs\" asks the cluster", ended.len ? "; " : "");
    rows_add(rows, ended.data);
    str_done(&ended);
    str_done(&text);
}

static void print_text(const struct arguments *args, const struct journal_entries *entries)
{
    struct rows rows;
    size_t count = 0;
    enum tso_style style = TSO_SHORT;
    tso_style_parse(options_text(args->opts, OPTION_TIME), &style);
    rows_init(&rows, ARRAY_LEN(titles), args->no_headers ? NULL : titles);
    for (size_t i = 0; i < entries->count; i++)
        if (is_wanted(args, &entries->items[i])) {
            add_row(&rows, &entries->items[i], style);
            count++;
        }
    if (count)
        rows_print(&rows);
    else
        cli_say("the journal has nothing of that");
    rows_done(&rows);
}

static void print_json(const struct arguments *args, const struct journal_entries *entries)
{
    struct json *array = json_new_array();
    for (size_t i = 0; i < entries->count; i++)
        if (is_wanted(args, &entries->items[i]))
            json_append(array, json_of(&entries->items[i]));
    char *text = json_print_pretty(array);
    fputs(text, stdout);
    free(text);
    json_free(&array);
}

int run_journal(struct loop *loop, const struct arguments *args)
{
    struct journal_entries entries = {.count = 0};
    struct error err;
    int64_t since = 0;
    (void)loop;
    const char *path = options_text(args->opts, OPTION_JOURNAL);
    bool json = str_same(args->output, "json");
    if (args->output && !json && !str_same(args->output, "text")) {
        cli_say("-o %s: want text or json", args->output);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < args->word_count; i++)
        if (!cli_name(args->words[i]))
            return EXIT_USAGE;
    if (args->since && !parse_since(args->since, &since, &err)) {
        cli_say("--since %s", err.text);
        return EXIT_USAGE;
    }
    bool good = journal_read(path && *path ? path : NULL, since, &entries, &err);
    if (!good) {
        journal_entries_done(&entries);
        return cli_fail(&err);
    }
    if (json)
        print_json(args, &entries);
    else
        print_text(args, &entries);
    if (entries.bad)
        cli_say("%zu lines of the journal cannot be read and were passed over", entries.bad);
    journal_entries_done(&entries);
    if (fflush(stdout) == EOF && errno != EPIPE) {
        cli_say("stdout: %s", strerror(errno));
        return EXIT_ERROR;
    }
    return EXIT_DONE;
}
