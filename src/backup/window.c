#include <config.h>

#include <brdeck/backup/window.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/backup/state.h>
#include <brdeck/base/alloc.h>

/* The first that is so is told. */
const char *window_base_fault(const struct backup_record *record)
{
    const struct {
        bool is;
        const char *fault;
    } faults[] = {
        {record->mode == BACKUP_LOG, "is a log backup"},
        {record->mode != BACKUP_SNAPSHOT, "is no BR snapshot"},
        {record->deleting_ms != 0, "is being deleted"},
        {record->phase == PHASE_CLEAN || record->phase == PHASE_CLEAN_FAILED, "is being cleaned"},
        {record->phase != PHASE_COMPLETE, "is not complete"},
        {record->commit_ts == 0, "has no COMMITTS"},
        {!str_empty(record->type) && strcmp(record->type, "full") != 0, "is not of the whole cluster"},
        {record->incremental, "is incremental"},
        {record->filtered, "holds only the tables of its filter"},
    };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        if (faults[i].is)
            return faults[i].fault;
    return NULL;
}

static tso_t later(tso_t a, tso_t b) { return a > b ? a : b; }

tso_t window_log_start(const struct backup_record *log)
{
    return later(log->commit_ts, tso_from_status(log->success_until));
}

/* As record_cluster() names it, without making the text: this is asked of every record. */
static bool same_cluster(const struct backup_record *a, const struct backup_record *b)
{
    const char *ns_a = a->v1 && a->cluster_ns ? a->cluster_ns : a->ns;
    const char *ns_b = b->v1 && b->cluster_ns ? b->cluster_ns : b->ns;
    return !str_empty(a->cluster) && str_same(a->cluster, b->cluster) && str_same(ns_a, ns_b);
}

int64_t window_begun_ms(const struct backup_record *record)
{
    return record->started_ms ? record->started_ms : record->created_ms;
}

bool window_is_failed_full(const struct backup_record *record)
{
    return record->mode == BACKUP_SNAPSHOT && (record->phase == PHASE_FAILED || record->phase == PHASE_INVALID) &&
           (str_empty(record->type) || strcmp(record->type, "full") == 0) && !record->incremental && !record->filtered;
}

bool window_makes_good(const struct backup_record *full, const struct backup_record *failed)
{
    int64_t ended = failed->completed_ms > failed->changed_ms ? failed->completed_ms : failed->changed_ms;
    if (ended < failed->created_ms)
        ended = failed->created_ms;
    return window_is_failed_full(failed) && !window_base_fault(full) && same_cluster(full, failed) &&
           window_begun_ms(full) > ended;
}

/* What can be restored with the log from @start to @checkpoint. */
static void window_between(const struct backup_record *log, tso_t start, tso_t checkpoint,
                           const struct backup_record *const *records, size_t count, int64_t cluster_created_ms,
                           struct window *window)
{
    *window = (struct window){.log = log, .filter = log->filter};
    if (log->mode != BACKUP_LOG || log->phase == PHASE_CLEAN || log->phase == PHASE_CLEAN_FAILED)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct backup_record *snap = records[i];
        if (!same_cluster(snap, log) || window_base_fault(snap))
            continue;
        if (start == 0 || snap->commit_ts < start || snap->commit_ts > checkpoint) {
            window->points++;
            continue;
        }
        window->bases++;
        if (!window->base || snap->commit_ts < window->base->commit_ts)
            window->base = snap;
        if (!window->newest || snap->commit_ts > window->newest->commit_ts)
            window->newest = snap;
    }
    if (!window->base)
        return;
    window->from = window->base->commit_ts;
    window->to = checkpoint;
    window->maybe_other_cluster = cluster_created_ms > 0 && tso_to_ms(window->from) < cluster_created_ms;
}

void window_of(const struct backup_record *log, const struct backup_record *const *records, size_t count,
               int64_t cluster_created_ms, struct window *window)
{
    window_between(log, window_log_start(log), log->checkpoint, records, count, cluster_created_ms, window);
}

void window_shown(const struct backup_record *log, const struct backup_facts *facts,
                  const struct backup_record *const *records, size_t count, int64_t cluster_created_ms,
                  struct window *window)
{
    bool pd;
    tso_t checkpoint = state_checkpoint(log, facts, &pd);
    window_between(log, window_log_start(log), checkpoint, records, count, cluster_created_ms, window);
    window->to_from_pd = pd && window->to != 0;
}

/* The bases that lie in the log before @until; the newest of them to @effect->lost, newest first. */
static void collect_lost(const struct backup_record *log, const struct backup_record *const *records, size_t count,
                         struct truncate_effect *effect)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct backup_record *snap = records[i];
        if (!same_cluster(snap, log) || window_base_fault(snap) || snap->commit_ts < effect->log_from ||
            snap->commit_ts >= effect->until || snap->commit_ts > log->checkpoint)
            continue;
        effect->loses++;
        size_t at = kept;
        while (at > 0 && effect->lost[at - 1]->commit_ts < snap->commit_ts)
            at--;
        if (at == ARRAY_LEN(effect->lost))
            continue;
        if (kept < ARRAY_LEN(effect->lost))
            kept++;
        memmove(&effect->lost[at + 1], &effect->lost[at], (kept - 1 - at) * sizeof effect->lost[0]);
        effect->lost[at] = snap;
    }
}

static bool refuse(struct truncate_effect *effect, enum truncate_verdict verdict)
{
    effect->verdict = verdict;
    return true;
}

static bool refused_by_checkpoint(const struct backup_record *log, struct truncate_effect *effect)
{
    char checkpoint[TSO_TEXT_MAX];
    if (log->checkpoint == 0) {
        snprintf(effect->why, sizeof effect->why,
                 "the operator has not read the checkpoint yet, so nobody can say what stays: it does once a minute; "
                 "or see br log status");
        return refuse(effect, TRUNCATE_NO_CHECKPOINT);
    }
    if (effect->until <= log->checkpoint)
        return false;
    snprintf(effect->why, sizeof effect->why,
             "until is after the checkpoint that the operator has read (%s): choose a time before it",
             tso_format(log->checkpoint, TSO_LOCAL, 0, checkpoint));
    return refuse(effect, TRUNCATE_PAST_CHECKPOINT);
}

static bool refused_by_start(const struct backup_record *log, struct truncate_effect *effect)
{
    char at[TSO_TEXT_MAX];
    tso_t last = tso_from_status(log->success_until);
    if (last != 0 && effect->until <= last) {
        snprintf(effect->why, sizeof effect->why,
                 "until is not after the last truncation (%s): nothing would happen; choose a later time",
                 tso_format(last, TSO_LOCAL, 0, at));
        return refuse(effect, TRUNCATE_NOT_AFTER_LAST);
    }
    if (effect->until > log->commit_ts)
        return false;
    snprintf(effect->why, sizeof effect->why,
             "until is not after the log's start (%s): nothing would happen; choose a later time",
             tso_format(log->commit_ts, TSO_LOCAL, 0, at));
    return refuse(effect, TRUNCATE_NOT_AFTER_START);
}

static bool refused_by_base(const struct backup_record *log, struct truncate_effect *effect)
{
    enum log_command base = command_base(log);
    if (command_in_sync(log, base))
        return false;
    if (base == LOG_COMMAND_UNKNOWN)
        snprintf(effect->why, sizeof effect->why, "would never run: the operator ignores logSubcommand %.24s in the "
                 "spec; set it right first", log->subcommand_text ? log->subcommand_text : "");
    else
        snprintf(effect->why, sizeof effect->why, "would wait behind the %s%s: %s first",
                 record_sub(log, base)->phase == PHASE_FAILED ? "failed " : "", log_command_name(base),
                 record_sub(log, base)->phase == PHASE_FAILED ? "settle that" : "let that end");
    return refuse(effect, TRUNCATE_OUT_OF_SYNC);
}

/* What is lost can only be told when all snapshots are known; not knowing counts as losing. */
static void judge_loss(struct truncate_effect *effect)
{
    if (effect->after.bases > 0 || (effect->before.bases == 0 && effect->snapshots_known))
        return;
    effect->verdict = TRUNCATE_LOSES_PITR;
    if (effect->snapshots_known)
        snprintf(effect->why, sizeof effect->why,
                 "takes the last base snapshot of the window: until a new full backup is complete, PITR can restore "
                 "nothing");
    else
        snprintf(effect->why, sizeof effect->why,
                 "not all snapshots are known, and none of those that are stays a base: PITR may be lost");
}

void window_truncate(const struct backup_record *log, const struct backup_record *const *records, size_t count,
                     int64_t cluster_created_ms, bool snapshots_known, tso_t until, struct truncate_effect *effect)
{
    *effect = (struct truncate_effect){
        .verdict = TRUNCATE_OK,
        .log_from = window_log_start(log),
        .until = until,
        .snapshots_known = snapshots_known,
    };
    window_of(log, records, count, cluster_created_ms, &effect->before);
    window_between(log, later(effect->log_from, until), log->checkpoint, records, count, cluster_created_ms,
                   &effect->after);
    collect_lost(log, records, count, effect);
    if (refused_by_checkpoint(log, effect) || refused_by_start(log, effect) || refused_by_base(log, effect))
        return;
    judge_loss(effect);
}
