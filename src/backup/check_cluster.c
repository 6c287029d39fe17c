#include <config.h>

#include <brdeck/backup/check.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <brdeck/backup/window.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "state_private.h"

struct sum {
    const struct check_cluster *cluster;
    const struct check_limits *limits;
    int64_t now_ms;
    struct finding *findings;
    size_t count;
};

static struct finding *found(struct sum *sum, const char *id, enum severity severity, const char *word)
{
    static const enum role roles[] = {ROLE_OK, ROLE_BUSY, ROLE_WARN, ROLE_CRIT};
    static const enum state_mark marks[] = {MARK_COMPLETE, MARK_BUSY, MARK_TROUBLE, MARK_FAILED};
    size_t at = sum->count;
    if (at == FINDINGS_MAX)
        return NULL;
    while (at > 0 && sum->findings[at - 1].severity < severity)
        at--;
    memmove(&sum->findings[at + 1], &sum->findings[at], (sum->count - at) * sizeof *sum->findings);
    sum->count++;
    struct finding *finding = &sum->findings[at];
    *finding = (struct finding){.id = id, .severity = severity, .role = roles[severity], .mark = marks[severity],
                                .needs_you = severity >= SEVERITY_WARN};
    snprintf(finding->word, sizeof finding->word, "%s", word);
    return finding;
}

/* What of the cluster's Backups is not listed may tell otherwise. */
static void unknown(struct sum *sum, const char *id, const char *what)
{
    struct finding *f = found(sum, id, SEVERITY_OK, "unknown");
    if (!f)
        return;
    f->mark = MARK_UNKNOWN;
    f->role = ROLE_DIM;
    f->unknown = true;
    snprintf(f->sentence, sizeof f->sentence, "%s is unknown: the cluster's Backups are not completely and freshly "
             "listed.", what);
}

/* -- full backups ----------------------------------------------------------------------------- */

static const struct backup_record *newest_full(const struct check_cluster *cluster)
{
    const struct backup_record *newest = NULL;
    for (size_t i = 0; i < cluster->count; i++) {
        const struct backup_record *r = cluster->records[i];
        if (r->mode == BACKUP_SNAPSHOT && !window_base_fault(r) && (!newest || r->commit_ts > newest->commit_ts))
            newest = r;
    }
    return newest;
}

/* One of a time that has not come would pass for fresh until then. */
static void full_ahead(struct sum *sum, const struct backup_record *newest, int64_t ahead_ms)
{
    struct finding *f = found(sum, "full-backup-ahead", SEVERITY_WARN, "full backup ahead");
    char at[TSO_TEXT_MAX], ahead[CLOCK_TEXT_MAX];
    if (!f)
        return;
    snprintf(f->sentence, sizeof f->sentence, "The newest full backup of cluster %s (%s) is of %s, %s ahead of now: a "
             "clock is wrong, or the value. How old it is cannot be told by it.", sum->cluster->cluster, newest->name,
             tso_format(newest->commit_ts, TSO_SHORT, sum->now_ms, at), clock_format_span(ahead_ms, ahead));
    snprintf(f->action, sizeof f->action, "Compare the clocks of PD and of the API server.");
}

static void check_age(struct sum *sum)
{
    const struct check_limits *limits = sum->limits;
    const struct backup_record *newest = newest_full(sum->cluster);
    char age[CLOCK_TEXT_MAX], limit[CLOCK_TEXT_MAX];
    if (limits->age_warn_ms <= 0 && limits->age_crit_ms <= 0)
        return;
    int64_t age_ms = newest ? sum->now_ms - tso_to_ms(newest->commit_ts) : INT64_MAX;
    bool crit = limits->age_crit_ms > 0 && age_ms >= limits->age_crit_ms;
    bool warn = limits->age_warn_ms > 0 && age_ms >= limits->age_warn_ms;
    if (!sum->cluster->complete && (crit || warn)) {
        unknown(sum, "full-backup-age", "The age of the newest full backup");
        return;
    }
    if (!newest) {
        struct finding *f = found(sum, "no-full-backup", SEVERITY_CRIT, "no full backup");
        if (f) {
            snprintf(f->sentence, sizeof f->sentence,
                     "Cluster %s has no Complete full backup: it cannot be restored.", sum->cluster->cluster);
            snprintf(f->action, sizeof f->action, "Take one.");
        }
        return;
    }
    if (age_ms < -CHECKPOINT_AHEAD_MS) {
        full_ahead(sum, newest, -age_ms);
        return;
    }
    clock_format_span(age_ms < 0 ? 0 : age_ms, age);
    struct finding *f = found(sum, "full-backup-age", crit ? SEVERITY_CRIT : warn ? SEVERITY_WARN : SEVERITY_OK,
                              crit || warn ? "full backup old" : "full backup fresh");
    if (!f)
        return;
    snprintf(f->sentence, sizeof f->sentence, "The newest full backup of cluster %s is %s old (%s).",
             sum->cluster->cluster, age, newest->name);
    if (crit || warn)
        snprintf(f->action, sizeof f->action, "Take a new one, or see why the schedule takes none: the limit is %s.",
                 clock_format_span(crit ? limits->age_crit_ms : limits->age_warn_ms, limit));
}

/* -- log backups ------------------------------------------------------------------------------ */

/* The ones that hold, or should hold, the cluster's one log task. */
static bool is_active_log(const struct backup_record *r)
{
    return r->mode == BACKUP_LOG && r->deleting_ms == 0 &&
           (phase_is_active(r->phase) || r->phase == PHASE_PAUSED || r->phase == PHASE_RETRY_FAILED);
}

/* The operator has not written its status yet: that, and why, is told where the Backup itself is. */
static bool is_coming_log(const struct backup_record *r)
{
    return r->mode == BACKUP_LOG && r->deleting_ms == 0 && r->phase == PHASE_NONE;
}

static void check_logs(struct sum *sum)
{
    const struct check_cluster *cluster = sum->cluster;
    size_t active = 0, any = 0, coming = 0;
    struct str names;
    str_init(&names, 160);
    for (size_t i = 0; i < cluster->count; i++) {
        any += cluster->records[i]->mode == BACKUP_LOG;
        coming += is_coming_log(cluster->records[i]);
        if (is_active_log(cluster->records[i])) {
            str_addf(&names, "%s%s", active ? ", " : "", cluster->records[i]->name);
            active++;
        }
    }
    if (active > 1) {
        struct finding *f = found(sum, "several-log-backups", SEVERITY_WARN, "several log backups");
        if (f) {
            snprintf(f->sentence, sizeof f->sentence, "Cluster %s has %zu log backups that want to run, and it can "
                     "have one log task only: %s.", cluster->cluster, active, names.data);
            snprintf(f->action, sizeof f->action, "Stop all but the one whose task PD has.");
        }
    } else if (active == 0 && coming == 0 && !cluster->complete) {
        unknown(sum, "no-log-backup", "Whether a log backup runs");
    } else if (active == 0 && coming == 0) {
        struct finding *f = found(sum, "no-log-backup", SEVERITY_WARN, "no log backup");
        if (f) {
            snprintf(f->sentence, sizeof f->sentence, "No log backup of cluster %s runs%s: of what happens now only "
                     "the full backups' own instants can be restored.", cluster->cluster, any ? " any more" : "");
            snprintf(f->action, sizeof f->action, "Start one with s, and take a full backup then.");
        }
    }
    str_done(&names);
}

/* -- what PD has ------------------------------------------------------------------------------ */

static void check_tasks(struct sum *sum)
{
    const struct check_cluster *cluster = sum->cluster;
    char at[TSO_TEXT_MAX];
    for (size_t i = 0; i < cluster->unknown_count; i++) {
        const struct check_task *task = &cluster->unknown_tasks[i];
        struct finding *f = found(sum, "unknown-task", cluster->complete ? SEVERITY_WARN : SEVERITY_OK,
                                  "task without Backup");
        if (!f)
            return;
        f->unknown = !cluster->complete;
        snprintf(f->sentence, sizeof f->sentence, "PD of cluster %s has the log task %.100s, which %s: no other can be "
                 "started.", cluster->cluster, task->name,
                 cluster->complete ? "no Backup knows" : "no Backup that is listed knows");
        snprintf(f->evidence, sizeof f->evidence, "PD: info/%.100s%s, checkpoint %s", task->name,
                 task->paused ? ", paused" : "", tso_format(task->checkpoint, TSO_SHORT, sum->now_ms, at));
        snprintf(f->action, sizeof f->action, "If nobody needs it: br log stop --task-name=%.100s.", task->name);
    }
}

size_t check_cluster(const struct check_cluster *cluster, const struct check_limits *limits, int64_t now_ms,
                     struct finding findings[FINDINGS_MAX])
{
    struct sum sum = {cluster, limits ? limits : &check_defaults, now_ms, findings, 0};
    check_age(&sum);
    check_logs(&sum);
    check_tasks(&sum);
    return sum.count;
}
