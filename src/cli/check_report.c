/* check_report.c - `check`: the Backups that were asked for and their clusters, judged. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/facts.h>
#include <brdeck/fleet/filter.h>

#include "check_private.h"

enum { NAMED_MAX = 3 };

const char *const check_code_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

const char *check_severity_name(const struct finding *finding)
{
    static const char *const names[] = {"ok", "busy", "warning", "critical"};
    return finding->unknown ? "unknown" : names[finding->severity];
}

/* -- who is asked for ------------------------------------------------------------------------ */

/* A name of the command line, sorted, so that ten thousand of them are no trouble. */
struct wanted {
    const char *name, *word;
    bool found;
};

static int compare_wanted(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return strcmp(x->name, y->name);
}

struct choice {
    struct wanted *wanted;
    size_t count;
    const struct label_selector *selector;
};

static void choice_init(struct choice *choice, const struct check_spec *spec)
{
    size_t count = 0;
    while (spec->words && spec->words[count])
        count++;
    *choice = (struct choice){.wanted = xcalloc(count + 1, sizeof *choice->wanted), .count = count,
                              .selector = spec->selector};
    for (size_t i = 0; i < count; i++)
        choice->wanted[i] = (struct wanted){.name = cli_name_in(spec->words[i]), .word = spec->words[i]};
    qsort(choice->wanted, count, sizeof *choice->wanted, compare_wanted);
}

static bool is_chosen(struct choice *choice, const struct backup_record *record)
{
    if (choice->selector && !label_selector_matches(choice->selector, record))
        return false;
    if (!choice->count)
        return true;
    struct wanted key = {.name = record->name};
    struct wanted *at = bsearch(&key, choice->wanted, choice->count, sizeof key, compare_wanted);
    if (!at)
        return false;
    while (at > choice->wanted && strcmp(at[-1].name, record->name) == 0)
        at--;
    bool chosen = false;
    for (; at < choice->wanted + choice->count && strcmp(at->name, record->name) == 0; at++)
        if (cli_group_is(at->word, record->v1))
            chosen = at->found = true;
    return chosen;
}

/* -- objects and groups ------------------------------------------------------------------------ */

static int compare_records(const struct backup_record *x, const struct backup_record *y)
{
    int order = strcmp(x->ns, y->ns);
    if (!order)
        order = strcmp(x->name, y->name);
    return order ? order : (int)x->v1 - (int)y->v1;
}

static int compare_objects(const void *a, const void *b)
{
    return compare_records(((const struct check_object *)a)->record, ((const struct check_object *)b)->record);
}

static int compare_clusters(const void *a, const void *b)
{
    const struct check_object *x = a, *y = b;
    int order = x->cluster == y->cluster ? 0 : strcmp(x->cluster, y->cluster);
    return order ? order : compare_records(x->record, y->record);
}

static void gather(struct check_report *report, struct session *s)
{
    struct store *store = fleet_store(s->fleet);
    char cluster[RECORD_CLUSTER_MAX];
    report->objects = xcalloc(store_count(store) + 1, sizeof *report->objects);
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row)
            report->objects[report->object_count++] = (struct check_object){
                .record = row->record, .facts = row->facts,
                .cluster = intern(store_pool(store), record_cluster(row->record, cluster))};
    }
    qsort(report->objects, report->object_count, sizeof *report->objects, compare_clusters);
}

/* The group's Backups can be in its namespace only (v2), or anywhere (v1: clusterNamespace). */
static bool is_complete(const struct session *s, const struct check_group *group)
{
    bool everywhere = true, v1 = false;
    if (!fleet_is_complete(s->fleet))
        return false;
    for (size_t i = 0; i < fleet_sources(s->fleet); i++)
        everywhere = everywhere && !fleet_source(s->fleet, i)->ns;
    for (size_t i = 0; i < group->count; i++)
        v1 = v1 || group->records[i]->v1;
    return everywhere || !v1;
}

static void see_newest(struct check_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct backup_record *record = group->records[i];
        if (record->mode == BACKUP_LOG || window_base_fault(record) ||
            (group->newest && group->newest->commit_ts >= record->commit_ts))
            continue;
        group->newest = record;
    }
}

static void make_groups(struct check_report *report, const struct session *s)
{
    size_t count = report->object_count;
    report->records = xcalloc(count + 1, sizeof *report->records);
    report->groups = xcalloc(count + 1, sizeof *report->groups);
    for (size_t i = 0; i < count; i++) {
        struct check_object *object = &report->objects[i];
        struct check_group *group = report->group_count ? &report->groups[report->group_count - 1] : NULL;
        if (!group || group->cluster != object->cluster) {
            group = &report->groups[report->group_count++];
            *group = (struct check_group){.cluster = object->cluster, .records = &report->records[i]};
        }
        report->records[i] = object->record;
        group->count++;
        object->group = group;
    }
    for (size_t i = 0; i < report->group_count; i++) {
        report->groups[i].complete = is_complete(s, &report->groups[i]);
        see_newest(&report->groups[i]);
    }
}

static void choose(struct check_report *report, struct choice *choice)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->object_count; i++) {
        struct check_object *object = &report->objects[i];
        if (!is_chosen(choice, object->record))
            continue;
        object->group->wanted = *object->cluster && !choice->count;
        report->objects[kept++] = *object;
    }
    report->object_count = kept;
    qsort(report->objects, kept, sizeof *report->objects, compare_objects);
}

/* -- what PD knows and no Backup ------------------------------------------------------------------ */

static struct check_group *find_group(struct check_report *report, const char *ns, const char *name)
{
    char *key = xasprintf("%s/%s", ns, name);
    size_t low = 0, high = report->group_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(report->groups[mid].cluster, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    struct check_group *group = low < report->group_count && strcmp(report->groups[low].cluster, key) == 0 ?
                                &report->groups[low] : NULL;
    free(key);
    return group;
}

static void see_tasks(struct check_report *report, const struct session *s)
{
    for (size_t i = 0; i < br_pd_clusters(s->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(s->br, i);
        struct check_group *group = find_group(report, cluster->ns, cluster->name);
        if (!group || !group->complete || group->unknown_tasks)
            continue;
        group->unknown_tasks = xcalloc(cluster->count + 1, sizeof *group->unknown_tasks);
        for (size_t k = 0; k < cluster->count; k++) {
            const struct br_pd_task *task = &cluster->tasks[k];
            if (!task->known)
                group->unknown_tasks[group->unknown_count++] =
                    (struct check_task){.name = task->name, .checkpoint = task->checkpoint, .paused = task->paused};
        }
    }
}

/* -- judging ------------------------------------------------------------------------------------------ */

size_t check_object_findings(const struct check_report *report, const struct check_object *object,
                             struct finding findings[FINDINGS_MAX])
{
    return check_record(object->record, object->facts, &report->limits, report->now_ms, findings);
}

size_t check_group_findings(const struct check_report *report, const struct check_group *group,
                            struct finding findings[FINDINGS_MAX])
{
    struct check_cluster cluster = {.cluster = group->cluster, .records = group->records, .count = group->count,
                                    .complete = group->complete, .unknown_tasks = group->unknown_tasks,
                                    .unknown_count = group->unknown_count};
    size_t count = check_cluster(&cluster, &report->limits, report->now_ms, findings), kept = 0;
    bool wants_log = report->limits.lag_warn_ms > 0 || report->limits.lag_crit_ms > 0;
    for (size_t i = 0; i < count; i++) /* who sets no limit to the lag may have snapshots only */
        if (wants_log || strcmp(findings[i].id, "no-log-backup") != 0)
            findings[kept++] = findings[i];
    return kept;
}

bool check_group_age(const struct check_report *report, const struct check_group *group, int64_t *age_s)
{
    if (!group->newest)
        return false;
    *age_s = (report->now_ms - tso_to_ms(group->newest->commit_ts)) / 1000;
    return true;
}

static enum severity count_findings(struct check_report *report, const struct finding *findings, size_t count)
{
    enum severity worst = SEVERITY_OK;
    for (size_t i = 0; i < count; i++) {
        worst = findings[i].severity > worst ? findings[i].severity : worst;
        report->warnings += findings[i].severity == SEVERITY_WARN;
        report->criticals += findings[i].severity == SEVERITY_CRIT;
    }
    return worst;
}

/* What is no trouble any more is still told, for whoever cleans up. */
static void note_made_good(struct check_report *report, const struct backup_record *record,
                           const struct finding *findings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(findings[i].id, "failed-made-good") == 0)
            str_addf(&report->notes, "%s/%s: %s\n", record->ns, record->name, findings[i].sentence);
}

static void judge_object(struct check_report *report, const struct session *s, struct check_object *object)
{
    struct finding findings[FINDINGS_MAX];
    const struct backup_record *record = object->record;
    const struct backup_facts *facts = object->facts;
    size_t count = check_object_findings(report, object, findings);
    object->severity = count_findings(report, findings, count);
    report->bad_objects += object->severity >= SEVERITY_WARN;
    note_made_good(report, record, findings, count);
    if (record->mode != BACKUP_LOG)
        return;
    object->has_lag = state_lag(record, facts, report->now_ms, &object->lag_ms, &object->lag_from_pd);
    object->checkpoint = state_checkpoint(record, facts, NULL);
    window_shown(record, facts, object->group->records, object->group->count,
                 fleet_cluster_created_ms(s->fleet, object->cluster), &object->window);
}

static void judge(struct check_report *report, const struct session *s)
{
    struct finding findings[FINDINGS_MAX];
    for (size_t i = 0; i < report->object_count; i++)
        judge_object(report, s, &report->objects[i]);
    for (size_t i = 0; i < report->group_count; i++) {
        struct check_group *group = &report->groups[i];
        if (!group->wanted)
            continue;
        size_t count = check_group_findings(report, group, findings);
        group->severity = count_findings(report, findings, count);
        report->wanted_groups++;
        report->bad_groups += group->severity >= SEVERITY_WARN;
    }
}

enum check_code check_code_of(const struct check_report *report)
{
    if (report->criticals)
        return CHECK_CRITICAL;
    if (report->unknown.code != ERROR_NONE)
        return CHECK_UNKNOWN;
    return report->warnings ? CHECK_WARNING : CHECK_OK;
}

/* -- what is not known -------------------------------------------------------------------------------- */

/* Lists that are not whole: fewer Backups must not pass for fewer troubles. */
static void see_gaps(struct check_report *report, const struct session *s)
{
    bool narrowed = false;
    for (size_t i = 0; i < fleet_sources(s->fleet); i++) {
        const struct fleet_source *source = fleet_source(s->fleet, i);
        narrowed = narrowed || source->ns;
        if (!source->state.listed) {
            error_set(&report->unknown, source->state.error.code ? source->state.error.code : ERROR_NETWORK,
                      "the backups of %s are not known: %.300s", source->ns ? source->ns : "all namespaces",
                      source->state.error.code ? source->state.error.text : "no complete list came");
            return;
        }
    }
    if (!s->args->all_namespaces || !narrowed)
        return;
    struct str scope;
    str_init(&scope, 300);
    fleet_scope(s->fleet, &scope);
    error_set(&report->unknown, ERROR_DENIED,
              "no right to list backups in all namespaces; what may be listed: %s (-n names namespaces)", scope.data);
    str_done(&scope);
}

static void see_missing(struct check_report *report, const struct session *s, const struct choice *choice)
{
    const char *where = s->args->all_namespaces ? "any namespace" : session_namespace(s);
    bool several = s->args->namespaces && s->args->namespaces[0] && s->args->namespaces[1];
    for (size_t i = 0; i < choice->count && report->unknown.code == ERROR_NONE; i++)
        if (!choice->wanted[i].found)
            error_set(&report->unknown, ERROR_MISSING, "there is no backup \"%s\" in %s", choice->wanted[i].name,
                      several ? "these namespaces" : where);
    if (report->unknown.code != ERROR_NONE || report->object_count)
        return;
    struct str why;
    str_init(&why, 400);
    if (choice->selector)
        str_addf(&why, "no backup in %s has these labels", several ? "these namespaces" : where);
    else
        fleet_empty(s->fleet, &why);
    error_set(&report->unknown, ERROR_MISSING, "nothing to check: %s", why.data);
    str_done(&why);
}

/* Of a cluster whose other Backups may be elsewhere (v1) less is known than what was asked for. */
static void see_unknown(struct check_report *report)
{
    struct finding findings[FINDINGS_MAX];
    for (size_t i = 0; i < report->group_count; i++) {
        const struct check_group *group = &report->groups[i];
        size_t count = group->wanted && !group->complete ? check_group_findings(report, group, findings) : 0;
        for (size_t k = 0; k < count; k++) {
            if (!findings[k].unknown)
                continue;
            str_addf(&report->notes, "%s: %s\n", group->cluster, findings[k].sentence);
            if (report->unknown.code == ERROR_NONE)
                error_set(&report->unknown, ERROR_DENIED, "cluster %s: %.300s -A looks in all namespaces",
                          group->cluster, findings[k].sentence);
        }
    }
}

/* One line for all clusters that PD was not had of in the same way, however many there are. */
static void note_pd(struct check_report *report, const struct session *s, enum pd_reach reach)
{
    struct str names;
    const char *why = "";
    size_t count = 0;
    str_init(&names, STR_SMALL);
    for (size_t i = 0; i < br_pd_clusters(s->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(s->br, i);
        if (cluster->reach != reach)
            continue;
        if (count++ < NAMED_MAX)
            str_addf(&names, "%s%s/%s", names.len ? ", " : "", cluster->ns, cluster->name);
        why = *why ? why : cluster->why ? cluster->why : "";
    }
    if (count > NAMED_MAX)
        str_addf(&names, " and %zu more", count - NAMED_MAX);
    if (count && (reach == PD_NOT_ASKED || reach == PD_NO_ANSWER))
        str_addf(&report->notes, "PD of %s did not answer%s%s\n", names.data, *why ? ": " : " in time", why);
    else if (count)
        str_addf(&report->notes, "PD of %s was not asked: %s\n", names.data, *why ? why : "it is not known why");
    str_done(&names);
}

static void see_notes(struct check_report *report, const struct session *s)
{
    static const enum pd_reach unread[] = {PD_NO_RIGHT, PD_TLS, PD_NO_CLUSTER, PD_NO_ANSWER, PD_NOT_ASKED};
    for (size_t i = 0; i < ARRAY_LEN(unread); i++)
        note_pd(report, s, unread[i]);
}

/* -- life ------------------------------------------------------------------------------------------------ */

void check_report_init(struct check_report *report, struct session *s, const struct check_spec *spec)
{
    struct choice choice;
    *report = (struct check_report){.now_ms = fleet_now_ms(s->fleet), .limits = spec->limits};
    str_init(&report->notes, STR_SMALL);
    choice_init(&choice, spec);
    gather(report, s);
    make_groups(report, s);
    choose(report, &choice);
    see_tasks(report, s);
    judge(report, s);
    see_gaps(report, s);
    see_missing(report, s, &choice);
    see_unknown(report);
    see_notes(report, s);
    free(choice.wanted);
}

void check_report_done(struct check_report *report)
{
    for (size_t i = 0; i < report->group_count; i++)
        free(report->groups[i].unknown_tasks);
    free(report->groups);
    free(report->records);
    free(report->objects);
    str_done(&report->notes);
}
