#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/argv.h>

#include "plan_exec.h"

/* The guard of a truncate (rule 3): what it takes, by the bases that are listed. */

/* Records of the store live until its next change: what the guard points to is copied, strings into the plan's pool. */
static struct backup_record keep(struct intern *pool, const struct backup_record *r)
{
    struct backup_record copy = {
        .ns = intern(pool, r->ns), .name = intern(pool, r->name), .uid = intern(pool, r->uid),
        .resource_version = intern(pool, r->resource_version), .generation = r->generation, .created_ms = r->created_ms,
        .deleting_ms = r->deleting_ms, .v1 = r->v1, .mode = r->mode, .clean_policy = r->clean_policy,
        .filtered = r->filtered, .incremental = r->incremental, .type = intern(pool, r->type),
        .cluster = intern(pool, r->cluster), .cluster_ns = intern(pool, r->cluster_ns),
        .storage = intern(pool, r->storage), .path = intern(pool, r->path), .commit_ts = r->commit_ts,
        .phase = r->phase, .has_commit_ts = r->has_commit_ts, .has_status = r->has_status,
        .size = intern(pool, r->size),
        .size_bytes = r->size_bytes, .started_ms = r->started_ms, .completed_ms = r->completed_ms, .progress = -1,
    };
    return copy;
}

/* Whether every snapshot of the log's cluster is listed: on v2 they are in its own namespace, on v1 clusterNamespace
 * lets them be in any. */
static bool snapshots_known(const struct plan *plan, const char *cluster)
{
    const struct fleet *fleet = plan->br->fleet;
    if (!cluster[0] || !fleet_is_complete(fleet))
        return false;
    for (size_t i = 0; i < fleet_sources(fleet); i++) {
        const struct fleet_source *source = fleet_source(fleet, i);
        if (source->v1 == plan->pub.v1 && (!source->ns || (!source->v1 && str_same(source->ns, plan->pub.ns))))
            return true;
    }
    return false;
}

void plan_see_snapshots(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    char cluster[RECORD_CLUSTER_MAX];
    record_cluster(p->action->makes_new ? p->after : p->record, cluster);
    const struct store *store = fleet_store(plan->br->fleet);
    size_t count = cluster[0] ? store_cluster(store, cluster, NULL, 0) : 0;
    const struct backup_record **records = xcalloc(count + 1, sizeof *records);
    count = count ? store_cluster(store, cluster, records, count) : 0;
    free(plan->snaps);
    plan->snaps = xcalloc(count + 1, sizeof *plan->snaps);
    plan->snap_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!window_base_fault(records[i]))
            plan->snaps[plan->snap_count++] = keep(plan->pool, records[i]);
    for (size_t i = 0; i < plan->snap_count; i++)
        records[i] = &plan->snaps[i];
    int64_t created_ms = fleet_cluster_created_ms(plan->br->fleet, cluster);
    p->window_known = snapshots_known(plan, cluster);
    if (p->record)
        window_of(p->record, records, plan->snap_count, created_ms, &p->window);
    free(plan->seen);
    plan->seen = records;
    plan->cluster_created_ms = created_ms;
}

/* The log as it stands when its truncate fires: everything before it is done. */
static const struct backup_record *log_in_sync(struct plan *plan)
{
    struct backup_record *log = &plan->in_sync;
    *log = *plan->pub.after;
    log->subcommand = LOG_COMMAND_START;
    log->log_stop = LOG_STOP_ABSENT;
    log->has_commit_ts = true;
    log->phase = PHASE_RUNNING;
    return log;
}

static tso_t truncate_until(const struct plan *plan)
{
    for (size_t i = 0; i < plan->pub.step_count; i++)
        if (plan->pub.steps[i].command == LOG_COMMAND_TRUNCATE)
            return tso_from_status(plan->pub.steps[i].until);
    return plan->pub.until;
}

static void guard(struct plan *plan, tso_t until, struct truncate_effect *effect)
{
    struct br_plan *p = &plan->pub;
    plan_see_snapshots(plan);
    /* An action that lets a waiting truncate fire puts the base in sync first; only a truncate itself can wait. */
    bool waits = p->action->id == ACTION_TRUNCATE && p->driver == BR_DRIVER_OPERATOR;
    const struct backup_record *log = waits ? p->record : log_in_sync(plan);
    window_truncate(log, plan->seen, plan->snap_count, plan->cluster_created_ms, p->window_known, until, effect);
}

bool plan_guard_moved(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    if (!p->truncates)
        return false;
    /* the effect that was told points into the copies that guard() makes anew */
    enum truncate_verdict verdict = p->effect.verdict;
    size_t loses = p->effect.loses;
    tso_t from = p->effect.after.from;
    guard(plan, p->effect.until, &p->effect);
    return p->effect.verdict != verdict || p->effect.loses != loses || p->effect.after.from != from;
}

static const char guard_waiting[] = "a logTruncateUntil is waiting and would fire: ";

bool plan_judge_truncate(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    tso_t until = truncate_until(plan);
    char flag[64];
    if (br_argv_deciding_flag(p->object, BR_LOG_TRUNCATE, flag, sizeof flag))
        return error_set(&p->error, ERROR_REFUSED,
                         "spec.br.options holds %s, which br takes instead of what is asked: nobody can say what a "
                         "truncate would delete", flag);
    if (p->action->id != ACTION_TRUNCATE && until == 0)
        return error_set(&p->error, ERROR_REFUSED,
                         "%s%.64s, which is no time that brdeck can read; take it out of the spec "
                         "with the same patch (clear the waiting truncate)", guard_waiting, p->after->until);
    guard(plan, until, &p->effect);
    if (p->effect.verdict == TRUNCATE_OK || p->effect.verdict == TRUNCATE_LOSES_PITR)
        return true;
    if (p->waiting_truncate)
        return error_set(&p->error, ERROR_REFUSED,
                         "%s%s; or take it out of the spec with the same patch (clear the waiting "
                         "truncate)", guard_waiting, p->effect.why);
    return plan_refuse(plan, ERROR_REFUSED, p->effect.why);
}
