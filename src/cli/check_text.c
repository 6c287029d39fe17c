/* check_text.c - what `check` has found, as monitoring plugins say it: a line with numbers behind a bar, then a line
 * for each finding. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/text.h>

#include "check_private.h"

/* So many are named in the first line, and up to so many log backups have each a number: monitors cut at 4 or 8 KB. */
enum { ITEMS_MAX = 3, LAGS_MAX = 50 };

/* Cleaned for the terminal, and without the bar, which would begin the numbers. */
static void add_plain(struct str *out, const char *text)
{
    size_t from = out->len;
    text_add_clean(out, text);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '|')
            out->data[i] = '/';
}

static void print_plain(FILE *to, const char *text)
{
    struct str line;
    str_init(&line, STR_SMALL);
    add_plain(&line, text);
    fprintf(to, "%s\n", line.data);
    str_done(&line);
}

/* -- the first line ------------------------------------------------------------------------------- */

struct items {
    struct str *out;
    size_t told, more;
    enum severity severity;
};

static void add_item(struct items *items, const char *ns, const char *name, const struct finding *finding)
{
    if (finding->severity != items->severity)
        return;
    if (items->told == ITEMS_MAX) {
        items->more++;
        return;
    }
    str_addf(items->out, "%s%s%s%s: %s", items->told++ ? "; " : ": ", ns ? ns : "cluster ", ns ? "/" : "", name,
             finding->word);
}

static const char *cluster_of(const struct check_group *group) { return *group->cluster ? group->cluster : "-"; }

/* The gravest of each object, as the list shows it: first what is critical. */
static void add_items(const struct check_report *report, struct str *out)
{
    struct items items = {.out = out};
    struct finding findings[FINDINGS_MAX];
    for (int severity = SEVERITY_CRIT; severity >= SEVERITY_WARN; severity--) {
        items.severity = (enum severity)severity;
        for (size_t i = 0; i < report->object_count; i++) {
            const struct check_object *object = &report->objects[i];
            if (object->severity != items.severity)
                continue;
            check_object_findings(report, object, findings);
            add_item(&items, object->record->ns, object->record->name, &findings[0]);
        }
        for (size_t i = 0; i < report->group_count; i++) {
            const struct check_group *group = &report->groups[i];
            if (!group->wanted || group->severity != items.severity)
                continue;
            check_group_findings(report, group, findings);
            add_item(&items, NULL, cluster_of(group), &findings[0]);
        }
    }
    if (items.more)
        str_addf(out, "; and %zu more", items.more);
}

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

static void add_counts(const struct check_report *report, struct str *out)
{
    if (!report->bad_objects && !report->bad_groups) {
        str_addf(out, "%zu backup%s", report->object_count, plural(report->object_count));
        return;
    }
    if (report->bad_objects)
        str_addf(out, "%zu of %zu backup%s", report->bad_objects, report->object_count, plural(report->object_count));
    if (report->bad_groups)
        str_addf(out, "%s%zu of %zu cluster%s", report->bad_objects ? ", " : "", report->bad_groups,
                 report->wanted_groups, plural(report->wanted_groups));
}

/* -- the numbers ------------------------------------------------------------------------------------- */

/* 'label'=value[UOM];warn;crit;min: labels of ours need no quotes, those of names get them. */
static void add_limits(struct str *out, int64_t warn_ms, int64_t crit_ms)
{
    str_addf(out, ";%lld;%lld;0", (long long)(warn_ms / 1000), (long long)(crit_ms / 1000));
}

static bool same_name(const struct backup_record *a, const struct backup_record *b)
{
    return strcmp(a->ns, b->ns) == 0 && strcmp(a->name, b->name) == 0;
}

static void add_label(struct str *out, const struct check_report *report, size_t i)
{
    const struct backup_record *record = report->objects[i].record;
    bool twin = (i > 0 && same_name(record, report->objects[i - 1].record)) ||
                (i + 1 < report->object_count && same_name(record, report->objects[i + 1].record));
    struct str raw;
    str_init(&raw, 1024);
    str_addf(&raw, "%s/%s%s", record->ns, record->name, twin ? record->v1 ? " (v1)" : " (v2)" : "");
    for (char *c = raw.data; *c; c++) /* a name has none of these, but who knows the server */
        if (*c == '\'' || *c == '=' || *c == '|')
            *c = '_';
    str_addc(out, '\'');
    add_plain(out, raw.data);
    str_addc(out, '\'');
    str_done(&raw);
}

/* The limits of the lag are for what runs: a pause has limits of its own. */
static bool is_paused(const struct check_object *object) { return object->record->phase == PHASE_PAUSED; }

static void add_lags(const struct check_report *report, struct str *out)
{
    int64_t worst = -1;
    size_t count = 0;
    for (size_t i = 0; i < report->object_count; i++) {
        const struct check_object *object = &report->objects[i];
        count += object->has_lag;
        if (object->has_lag && !is_paused(object) && object->lag_ms > worst)
            worst = object->lag_ms > 0 ? object->lag_ms : 0;
    }
    if (worst >= 0) {
        str_addf(out, " lag=%llds", (long long)(worst / 1000));
        add_limits(out, report->limits.lag_warn_ms, report->limits.lag_crit_ms);
    }
    for (size_t i = 0; i < report->object_count && count <= LAGS_MAX; i++) {
        const struct check_object *object = &report->objects[i];
        if (!object->has_lag)
            continue;
        str_addc(out, ' ');
        add_label(out, report, i);
        str_addf(out, "=%llds", (long long)((object->lag_ms > 0 ? object->lag_ms : 0) / 1000));
        if (is_paused(object))
            str_add(out, ";;;0");
        else
            add_limits(out, report->limits.lag_warn_ms, report->limits.lag_crit_ms);
    }
}

static void add_numbers(const struct check_report *report, struct str *out)
{
    int64_t oldest = -1, age;
    if (!report->object_count)
        return;
    str_addf(out, " | backups=%zu;;;0 warning=%zu;;;0 critical=%zu;;;0", report->object_count, report->warnings,
             report->criticals);
    for (size_t i = 0; i < report->group_count; i++)
        if (report->groups[i].wanted && check_group_age(report, &report->groups[i], &age) && age > oldest)
            oldest = age;
    if (oldest >= 0) {
        str_addf(out, " full_age=%llds", (long long)oldest);
        add_limits(out, report->limits.age_warn_ms, report->limits.age_crit_ms);
    }
    add_lags(report, out);
}

static void print_summary(const struct check_report *report)
{
    enum check_code code = check_code_of(report);
    struct str raw, line;
    str_init(&raw, STR_SMALL);
    str_init(&line, STR_SMALL);
    str_addf(&raw, "%s - ", check_code_names[code]);
    if (code == CHECK_UNKNOWN)
        str_addf(&raw, "%s", report->unknown.text);
    if (code != CHECK_UNKNOWN || report->warnings) {
        str_add(&raw, code == CHECK_UNKNOWN ? "; of what is known " : "");
        add_counts(report, &raw);
        add_items(report, &raw);
    }
    if (code == CHECK_CRITICAL && report->unknown.code != ERROR_NONE)
        str_addf(&raw, "; not all is known: %s", report->unknown.text);
    add_plain(&line, raw.data);
    add_numbers(report, &line);
    printf("%s\n", line.data);
    str_done(&raw);
    str_done(&line);
}

/* -- a line a finding ----------------------------------------------------------------------------------- */

static void print_finding(const char *ns, const char *name, const struct finding *finding)
{
    struct str line;
    str_init(&line, STR_SMALL);
    str_addf(&line, "%s %s%s%s: %s", finding->severity == SEVERITY_CRIT ? "CRITICAL" : "WARNING", ns ? ns : "",
             ns ? "/" : "cluster ", name, finding->sentence);
    if (finding->evidence[0])
        str_addf(&line, " [%s]", finding->evidence);
    if (finding->action[0])
        str_addf(&line, " -> %s", finding->action);
    print_plain(stdout, line.data);
    str_done(&line);
}

static void print_findings(const struct check_report *report, enum severity severity)
{
    struct finding findings[FINDINGS_MAX];
    for (size_t i = 0; i < report->object_count; i++) {
        const struct check_object *object = &report->objects[i];
        size_t count = object->severity >= severity ? check_object_findings(report, object, findings) : 0;
        for (size_t k = 0; k < count; k++)
            if (findings[k].severity == severity)
                print_finding(object->record->ns, object->record->name, &findings[k]);
    }
    for (size_t i = 0; i < report->group_count; i++) {
        const struct check_group *group = &report->groups[i];
        size_t count = group->wanted && group->severity >= severity ? check_group_findings(report, group, findings) : 0;
        for (size_t k = 0; k < count; k++)
            if (findings[k].severity == severity)
                print_finding(NULL, cluster_of(group), &findings[k]);
    }
}

void check_print_text(const struct check_report *report)
{
    print_summary(report);
    print_findings(report, SEVERITY_CRIT);
    print_findings(report, SEVERITY_WARN);
    for (const char *note = report->notes.data; *note; note += strcspn(note, "\n"), note += *note == '\n') {
        struct str line;
        str_init(&line, STR_SMALL);
        str_addf(&line, "note: %.*s", (int)strcspn(note, "\n"), note);
        print_plain(stdout, line.data);
        str_done(&line);
    }
}

void check_print_unknown_line(FILE *to, const char *text)
{
    struct str line;
    str_init(&line, STR_SMALL);
    str_addf(&line, "%s - %s", check_code_names[CHECK_UNKNOWN], text);
    print_plain(to, line.data);
    str_done(&line);
}
