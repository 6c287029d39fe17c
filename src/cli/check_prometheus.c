/* check_prometheus.c - what `check` has found, in Prometheus' text format, for node_exporter's textfile collector.
 *
 * Written to a file beside the collector's folder and moved into it, so that half a file is never read:
 *     brdeck check -A -o prometheus >$DIR/brdeck.tmp; mv $DIR/brdeck.tmp $DIR/brdeck.prom
 * The samples of one name stand together under their HELP and TYPE, in a fixed order, each set of labels once.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "check_private.h"

/* Labels by the format's three escapes; what is no UTF-8, or controls, is replaced as on a screen. */
static void put_label(const char *name, const char *value, const char *before)
{
    struct str clean;
    str_init(&clean, STR_SMALL);
    text_add_clean(&clean, value);
    printf("%s%s=\"", before, name);
    for (const char *c = clean.data; *c; c++)
        if (*c == '\\' || *c == '"')
            printf("\\%c", *c);
        else if (*c == '\n')
            fputs("\\n", stdout);
        else
            putchar(*c);
    putchar('"');
    str_done(&clean);
}

static void put_head(const char *name, const char *help)
{
    printf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_object(const char *name, const struct check_object *object)
{
    const struct backup_record *record = object->record;
    fputs(name, stdout);
    put_label("namespace", record->ns, "{");
    put_label("name", record->name, ",");
    put_label("group", fleet_resource(record->v1)->group, ",");
    put_label("cluster", object->cluster, ",");
}

/* Seconds with three digits, without a double on the way. */
static void put_ms(int64_t ms)
{
    printf("} %s%lld.%03lld\n", ms < 0 ? "-" : "", (long long)((ms < 0 ? -ms : ms) / 1000),
           (long long)((ms < 0 ? -ms : ms) % 1000));
}

/* -- of Backups ------------------------------------------------------------------------------------ */

typedef bool value_fn(const struct check_object *object, int64_t *ms);

static bool value_lag(const struct check_object *object, int64_t *ms)
{
    *ms = object->lag_ms;
    return object->has_lag;
}

static bool value_tso(tso_t ts, int64_t *ms)
{
    *ms = tso_to_ms(ts);
    return ts != 0;
}

static bool value_checkpoint(const struct check_object *object, int64_t *ms)
{
    return value_tso(object->checkpoint, ms);
}

/* Of the cluster; on the Backup's own labels, so that an alert can set it against the checkpoint. */
static bool value_gc(const struct check_object *object, int64_t *ms)
{
    return value_tso(object->facts ? object->facts->pd.gc_safepoint : 0, ms);
}

static bool value_pause(const struct check_object *object, int64_t *ms)
{
    *ms = state_pause_deadline_ms(object->record, object->facts);
    return *ms != 0;
}

static bool value_from(const struct check_object *object, int64_t *ms) { return value_tso(object->window.from, ms); }

static bool value_to(const struct check_object *object, int64_t *ms) { return value_tso(object->window.to, ms); }

static const struct {
    const char *name, *help;
    value_fn *value;
} object_metrics[] = {
    {"brdeck_backup_checkpoint_lag_seconds", "Now minus the checkpoint of a log backup that runs or is paused.",
     value_lag},
    {"brdeck_backup_checkpoint_timestamp_seconds", "The checkpoint: up to here the log is in the storage.",
     value_checkpoint},
    {"brdeck_backup_gc_safepoint_timestamp_seconds", "The GC safepoint of its cluster, as PD told.", value_gc},
    {"brdeck_backup_pause_deadline_timestamp_seconds", "Until when a paused log backup can be resumed.", value_pause},
    {"brdeck_backup_restorable_from_timestamp_seconds", "From here any point in time can be restored.", value_from},
    {"brdeck_backup_restorable_to_timestamp_seconds", "Up to here any point in time can be restored.", value_to},
};

static void put_object_metrics(const struct check_report *report)
{
    for (size_t m = 0; m < ARRAY_LEN(object_metrics); m++) {
        bool head = false;
        for (size_t i = 0; i < report->object_count; i++) {
            int64_t ms = 0;
            if (!object_metrics[m].value(&report->objects[i], &ms))
                continue;
            if (!head)
                put_head(object_metrics[m].name, object_metrics[m].help);
            head = true;
            put_object(object_metrics[m].name, &report->objects[i]);
            put_ms(ms);
        }
    }
}

/* How many of @findings are as the one at @at; 0 where an earlier one was: it is counted there. */
static size_t count_same(const struct finding *findings, size_t count, size_t at)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(findings[i].id, findings[at].id) != 0 || findings[i].severity != findings[at].severity)
            continue;
        if (i < at)
            return 0;
        same++;
    }
    return same;
}

static void put_finding(const struct finding *findings, size_t count, size_t at)
{
    put_label("id", findings[at].id, ",");
    put_label("severity", check_severity_name(&findings[at]), ",");
    printf("} %zu\n", count_same(findings, count, at));
}

static void put_object_findings(const struct check_report *report)
{
    static const char name[] = "brdeck_backup_finding";
    struct finding findings[FINDINGS_MAX];
    if (report->object_count)
        put_head(name, "What is the matter with a Backup, or that nothing is: how many findings of that id.");
    for (size_t i = 0; i < report->object_count; i++) {
        size_t count = check_object_findings(report, &report->objects[i], findings);
        for (size_t k = 0; k < count; k++) {
            if (!count_same(findings, count, k))
                continue;
            put_object(name, &report->objects[i]);
            put_finding(findings, count, k);
        }
    }
}

/* -- of clusters -------------------------------------------------------------------------------------- */

static void put_group_ages(const struct check_report *report)
{
    static const char name[] = "brdeck_cluster_full_backup_age_seconds";
    bool head = false;
    for (size_t i = 0; i < report->group_count; i++) {
        int64_t age;
        if (!report->groups[i].wanted || !check_group_age(report, &report->groups[i], &age))
            continue;
        if (!head)
            put_head(name, "Age of the newest full backup of a cluster.");
        head = true;
        fputs(name, stdout);
        put_label("cluster", report->groups[i].cluster, "{");
        printf("} %lld\n", (long long)age);
    }
}

static void put_group_findings(const struct check_report *report)
{
    static const char name[] = "brdeck_cluster_finding";
    struct finding findings[FINDINGS_MAX];
    bool head = false;
    for (size_t i = 0; i < report->group_count; i++) {
        size_t count = report->groups[i].wanted ? check_group_findings(report, &report->groups[i], findings) : 0;
        for (size_t k = 0; k < count; k++) {
            if (!count_same(findings, count, k))
                continue;
            if (!head)
                put_head(name, "What is the matter with the Backups of a cluster: how many findings of that id.");
            head = true;
            fputs(name, stdout);
            put_label("cluster", report->groups[i].cluster, "{");
            put_finding(findings, count, k);
        }
    }
}

void check_print_prometheus(const struct check_report *report)
{
    put_object_metrics(report);
    put_object_findings(report);
    put_group_ages(report);
    put_group_findings(report);
    put_head("brdeck_check_status", "How the check ended: 0 fine, 1 warning, 2 critical, 3 unknown.");
    printf("brdeck_check_status %d\n", (int)check_code_of(report));
    put_head("brdeck_check_backups", "How many Backups were looked at.");
    printf("brdeck_check_backups %zu\n", report->object_count);
    put_head("brdeck_check_timestamp_seconds", "When it was, by the API server's clock.");
    printf("brdeck_check_timestamp_seconds %lld.%03lld\n", (long long)(report->now_ms / 1000),
           (long long)(report->now_ms % 1000));
}
