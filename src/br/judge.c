#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/kube/config.h>

#include "plan_exec.h"

/* The verdict of a plan: pure but for the store and the clock, which it reads. */

bool plan_refuse(struct plan *plan, enum error_code code, const char *text)
{
    return error_set(&plan->pub.error, code, "%s", text);
}

const struct store_row *find_row(const struct store *store, bool v1, const char *ns, const char *name)
{
    slot_t slot = store_find(store, ns, name);
    const struct store_row *row = slot == SLOT_NONE ? NULL : store_get(store, slot);
    if (!row || row->record->v1 == v1)
        return row;
    for (slot_t i = 0; i < store_slots(store); i++) { /* a cluster in migration has it in both groups */
        row = store_get(store, i);
        if (row && row->record->v1 == v1 && str_same(row->record->name, name) && str_same(row->record->ns, ns))
            return row;
    }
    return NULL;
}

/* -- the guard ------------------------------------------------------------------------ */

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

static bool judge_truncate(struct plan *plan)
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

bool plan_judge_truncate_now(struct plan *plan)
{
    plan->pub.truncates = true;
    return judge_truncate(plan);
}

/* -- what must be typed ----------------------------------------------------------------- */

void plan_judge_confirm(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool loses = p->truncates && p->effect.verdict == TRUNCATE_LOSES_PITR && !plan->allow_pitr_loss;
    p->confirm = p->truncates || p->action->danger == DANGER_TYPE_NAME ? BR_CONFIRM_TYPE : BR_CONFIRM_YES;
    if (p->confirm == BR_CONFIRM_TYPE)
        snprintf(p->confirm_text, sizeof p->confirm_text, "%s%s", loses ? "lose " : "", p->name);
    else
        snprintf(p->confirm_text, sizeof p->confirm_text, "y");
}

/* -- the patch, and what the operator makes of it ------------------------------------------ */

bool plan_judge_steps(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    p->step_count = command_steps(p->after, p->steps);
    p->truncates = p->action->id == ACTION_TRUNCATE;
    for (size_t i = 0; i < p->step_count; i++)
        p->truncates = p->truncates || p->steps[i].command == LOG_COMMAND_TRUNCATE;
    p->waiting_truncate = p->truncates && p->action->id != ACTION_TRUNCATE;
    for (size_t i = 0; i < p->step_count; i++) {
        char job[128];
        if (!command_job_name(p->name, p->steps[i].command, job, sizeof job))
            return error_set(&p->error, ERROR_REFUSED,
                             "the operator cannot make the Job %s: its name is longer than 63 "
                             "characters", job);
    }
    return p->truncates ? judge_truncate(plan) : true;
}

/* Whether its Job still runs (rule 6) plan.c has asked, and action_may judged. */
static bool judge_retry(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    if (plan->clear_truncate && p->sub)
        return error_set(&p->error, ERROR_REFUSED,
                         "trying again goes through /status, which cannot change the spec: take "
                         "logTruncateUntil out first: kubectl -n %s patch backups.%s %s --type=merge -p "
                         "'{\"spec\":{\"logTruncateUntil\":null}}'", p->ns, fleet_resource(p->v1)->group, p->name);
    return true;
}

static bool judge_patch(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool has_sub = fleet_has_status_sub(plan->br->fleet, p->v1);
    int64_t now_ms = fleet_now_ms(plan->br->fleet);
    action_may(p->action->id, p->record, &plan->facts, has_sub, now_ms, &p->verdict);
    if (!p->verdict.allowed)
        return plan_refuse(plan, ERROR_REFUSED, p->verdict.why);
    if (plan->retry && !p->verdict.is_retry)
        return error_set(&p->error, ERROR_REFUSED, "there is nothing to retry: its last %s did not fail, or the spec "
                                                   "no "
                         "longer asks for it; brdeck %s does it anew", p->action->name, p->action->name);
    p->until = plan->asked_until;
    if (p->action->id == ACTION_TRUNCATE) {
        tso_t there = tso_from_status(p->record->until);
        if (p->verdict.is_retry && p->until && p->until != there) { /* a new value is a new run, not a retry */
            struct backup_record other = *p->record;
            other.until = NULL;
            action_may(p->action->id, &other, &plan->facts, has_sub, now_ms, &p->verdict);
        } else if (p->verdict.is_retry) {
            p->until = there;
        }
        if (!p->until)
            return plan_refuse(plan, ERROR_INPUT, "a truncate needs a time: until when the log may go");
    }
    p->sub = p->verdict.is_retry && has_sub ? "status" : NULL;
    if (p->verdict.is_retry && !judge_retry(plan))
        return false;
    p->patch = action_patch(p->action->id, p->record, p->verdict.is_retry, p->until);
    if (plan->clear_truncate && p->action->id != ACTION_TRUNCATE)
        json_set(json_object_in(p->patch, "spec"), "logTruncateUntil", json_new_null());
    p->after = action_after(p->object, p->patch, plan->pool);
    plan_see_snapshots(plan);
    if (!plan_judge_steps(plan))
        return false;
    /* Settled: an earlier run failed, and the spec must ask for it before a retry can be. The verdict warns of it. */
    if (!p->step_count && (p->verdict.is_retry || command_verdict(p->after) != COMMAND_SETTLED))
        return error_set(&p->error, ERROR_REFUSED, "the operator would do nothing with that: %s", p->state.sentence);
    return true;
}

/* -- start: a new object ---------------------------------------------------------------------- */

static bool has_task(const struct backup_record *r)
{
    return r->mode == BACKUP_LOG && r->phase != PHASE_STOPPED && r->phase != PHASE_FAILED &&
           r->phase != PHASE_INVALID && r->phase != PHASE_CLEAN && r->phase != PHASE_CLEAN_FAILED;
}

/* Another log task of the cluster, or a backup that keeps its data in the same place: br would refuse, or worse. A
 * stopped log of the same cluster may be continued in its place. */
void plan_warn_of_others(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct store *store = fleet_store(plan->br->fleet);
    char own[RECORD_CLUSTER_MAX], other[RECORD_CLUSTER_MAX];
    const struct backup_record *task = NULL, *place = NULL;
    record_cluster(p->after, own);
    for (slot_t i = 0; i < store_slots(store); i++) {
        const struct store_row *row = store_get(store, i);
        const struct backup_record *r = row ? row->record : NULL;
        if (!r || (str_same(r->name, p->name) && str_same(r->ns, p->ns) && r->v1 == p->v1))
            continue;
        bool same = own[0] && strcmp(record_cluster(r, other), own) == 0;
        if (!task && same && p->after->mode == BACKUP_LOG && has_task(r))
            task = r;
        if (!place && p->after->storage[0] && strcmp(r->storage, p->after->storage) == 0 &&
            (!same || r->mode != BACKUP_LOG || has_task(r)))
            place = r;
    }
    size_t size = sizeof p->verdict.why, used = 0;
    if (task)
        used = (size_t)snprintf(p->verdict.why, size, "TiDB takes one log task a cluster, and %.63s has one: br will "
                                "refuse until that is stopped.", task->name);
    if (place && used < size)
        snprintf(p->verdict.why + used, size - used,
                 "%s%.63s%s%.63s keeps its data under the same path: give a new prefix.", used ? " " : "",
                 str_same(place->ns, p->ns) ? "" : place->ns, str_same(place->ns, p->ns) ? "" : "/", place->name);
}

/* What was read of its Cluster: the object would be made, and nothing come of it. */
void plan_warn_of_cluster(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct backup_record *r = p->after;
    const char *kind = r->v1 ? "TidbCluster" : "Cluster";
    size_t size = sizeof p->verdict.why, used = strlen(p->verdict.why);
    const char *sep = used ? " " : "";
    if (used >= size || !plan->facts.cluster.read_ms)
        return;
    if (plan->facts.cluster.missing)
        snprintf(p->verdict.why + used, size - used, "%s%s %.63s is not there (namespace %.63s): the operator does "
                 "nothing for it until it is.", sep, kind, r->cluster, r->v1 && r->cluster_ns ? r->cluster_ns : p->ns);
    else if (plan->facts.cluster.paused || plan->facts.cluster.suspended)
        snprintf(p->verdict.why + used, size - used, "%s%s %.63s is %s: the operator does nothing for it until that "
                 "ends.", sep, kind, r->cluster, plan->facts.cluster.suspended ? "suspended" : "paused");
}

bool plan_take_manifest(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    if (json_type(plan->manifest) != JSON_OBJECT)
        return plan_refuse(plan, ERROR_INPUT, "the manifest is no object");
    p->patch = json_copy(plan->manifest);
    struct json *metadata = json_object_in(p->patch, "metadata");
    json_set_string(metadata, "namespace", p->ns);
    json_set_string(metadata, "name", p->name);
    p->after = record_decode(p->patch, plan->pool);
    p->verdict.allowed = true;
    if (p->after->v1 != p->v1)
        return error_set(&p->error, ERROR_INPUT, "the manifest is of the other API group than %s",
                         fleet_resource(p->v1)->group);
    if (json_get(p->patch, "status") && !fleet_has_status_sub(plan->br->fleet, p->v1))
        return plan_refuse(plan, ERROR_INPUT, "the manifest holds a status, which this server would take over: the "
                                              "Backup would look as if it had run; leave it out");
    return true;
}

static bool judge_start(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    char job[128];
    if (!plan_take_manifest(plan))
        return false;
    if (p->after->mode != BACKUP_LOG)
        return plan_refuse(plan, ERROR_INPUT, "start makes log backups: spec.backupMode of the manifest is not log");
    if (p->after->subcommand != LOG_COMMAND_NONE && p->after->subcommand != LOG_COMMAND_START)
        return error_set(&p->error, ERROR_INPUT, "the manifest says logSubcommand %.64s: leave it out to start",
                         p->after->subcommand_text);
    if (p->after->log_stop == LOG_STOP_TRUE || p->after->until)
        return plan_refuse(plan, ERROR_INPUT, "the manifest holds logStop or logTruncateUntil: leave them out to "
                                              "start");
    if (!command_job_name(p->name, LOG_COMMAND_TRUNCATE, job, sizeof job))
        return error_set(&p->error, ERROR_INPUT,
                         "the name is too long: the Job %s that truncates it would pass 63 characters; "
                         "at most 43 fit", job);
    plan_warn_of_others(plan);
    plan_warn_of_cluster(plan);
    return plan_judge_steps(plan);
}

void plan_forget(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    json_free(&p->object);
    json_free(&p->patch);
    record_free(&p->record);
    record_free(&p->after);
    free(p->warning);
    free(p->kubectl);
    free(p->br_line);
    br_argv_free(&p->argv);
    free(plan->snaps);
    free(plan->seen);
    p->warning = p->kubectl = p->br_line = NULL;
    plan->snaps = NULL;
    plan->seen = NULL;
    plan->snap_count = p->step_count = 0;
    p->truncates = p->waiting_truncate = p->changes_nothing = p->window_known = false;
    p->sub = NULL;
    p->dry_run = BR_DRY_RUN_NOT_TRIED;
    p->right = KUBE_RIGHT_UNKNOWN;
    p->error = p->dry_run_error = (struct error){0};
    p->verdict = (struct action_verdict){0};
    p->effect = (struct truncate_effect){0};
    p->state = (struct backup_state){0};
    plan_forget_removal(p);
    intern_free(&plan->pool);
    plan->pool = intern_new();
}

bool plan_judge(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    static bool (*const judges[ACTION_COUNT])(struct plan *plan) = {
        [ACTION_START] = judge_start, [ACTION_CREATE] = plan_judge_create, [ACTION_DELETE] = plan_judge_object,
        [ACTION_RETAIN] = plan_judge_object, [ACTION_REMOVE_FINALIZER] = plan_judge_object,
    };
    bool good = judges[p->action->id] ? judges[p->action->id](plan) : judge_patch(plan);
    if (good) {
        plan_judge_confirm(plan);
        p->kubectl = plan_kubectl(p, kube_client_target(fleet_client(plan->br->fleet)));
    }
    return good;
}
