#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/facts.h>

#include "plan_exec.h"

/* The verdict on a new object: start and create. */

static bool has_task(const struct backup_record *r)
{
    return r->mode == BACKUP_LOG && r->phase != PHASE_STOPPED && r->phase != PHASE_FAILED &&
           r->phase != PHASE_INVALID && r->phase != PHASE_CLEAN && r->phase != PHASE_CLEAN_FAILED;
}

/* Another log task of the cluster, or a backup that keeps its data in the same place: br would refuse, or worse. A
 * stopped log of the same cluster may be continued in its place. */
static void warn_of_others(struct plan *plan)
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
    if (task)
        plan_warn(plan, "TiDB takes one log task a cluster, and %.63s has one: br will refuse until that is stopped.",
                  task->name);
    if (place)
        plan_warn(plan, "%.63s%s%.63s keeps its data under the same path: give a new prefix.",
                  str_same(place->ns, p->ns) ? "" : place->ns, str_same(place->ns, p->ns) ? "" : "/", place->name);
}

static void warn_of_task(struct plan *plan, const struct br_pd_cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++) {
        const char *task = cluster->tasks[i].name;
        if (cluster->tasks[i].known)
            continue;
        plan_warn(plan, "PD has the log task %.63s, which no Backup knows: br refuses a second one. Stop it first, if "
                  "nobody needs it: br log stop --task-name=%.63s.", task, task);
        return; /* a cluster has one task only */
    }
}

/* A task that is left over, or that br started by hand, where PD was asked. */
static void warn_of_unknown_task(struct plan *plan)
{
    const struct br_plan *p = &plan->pub;
    char own[RECORD_CLUSTER_MAX];
    record_cluster(p->after, own);
    for (size_t i = 0; p->after->mode == BACKUP_LOG && own[0] && i < br_pd_clusters(plan->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(plan->br, i);
        if (cluster->v1 == p->v1 && br_pd_is_of(cluster, own) && br_pd_is_sure(plan->br, cluster))
            warn_of_task(plan, cluster);
    }
}

/* What was read of its Cluster: the object would be made, and nothing come of it. */
static void warn_of_cluster(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct backup_record *r = p->after;
    const char *kind = r->v1 ? "TidbCluster" : "Cluster";
    if (!plan->facts.cluster.read_ms)
        return;
    if (plan->facts.cluster.missing)
        plan_warn(plan, "%s %.63s is not there (namespace %.63s): the operator does nothing for it until it is.", kind,
                  r->cluster, r->v1 && r->cluster_ns ? r->cluster_ns : p->ns);
    else if (plan->facts.cluster.paused || plan->facts.cluster.suspended)
        plan_warn(plan, "%s %.63s is %s: the operator does nothing for it until that ends.", kind, r->cluster,
                  plan->facts.cluster.suspended ? "suspended" : "paused");
}

static bool take_manifest(struct plan *plan)
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

bool plan_judge_start(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    char job[128];
    if (!take_manifest(plan))
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
    warn_of_others(plan);
    warn_of_unknown_task(plan);
    warn_of_cluster(plan);
    return plan_judge_steps(plan);
}

/* -- create --------------------------------------------------------------------------------- */

static bool judge_name(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool log = p->after->mode == BACKUP_LOG;
    char job[128];
    if (!command_job_name(p->name, log ? LOG_COMMAND_START : LOG_COMMAND_NONE, job, sizeof job))
        return error_set(&p->error, ERROR_INPUT,
                         "the name is too long: the operator cannot make its Job %s, which would pass 63 characters",
                         job);
    if (log && !command_job_name(p->name, LOG_COMMAND_TRUNCATE, job, sizeof job))
        plan_warn(plan, "The name has more than 43 bytes: it can never be truncated.");
    return true;
}

bool plan_judge_create(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    if (!take_manifest(plan))
        return false;
    if (!judge_name(plan))
        return false;
    warn_of_others(plan);
    warn_of_unknown_task(plan);
    warn_of_cluster(plan);
    if (!p->after->v1 && str_empty(p->after->cluster))
        plan_warn(plan, "Its spec names no cluster (spec.br.cluster): the operator cannot work on it.");
    if (p->after->mode != BACKUP_LOG)
        return true;
    if (!plan_judge_steps(plan))
        return false;
    if (!p->step_count)
        return error_set(&p->error, ERROR_REFUSED,
                         "the operator would do nothing with it: its spec asks for %.64s, and nothing was started yet. "
                         "Leave logSubcommand and logStop out",
                         command_base(p->after) == LOG_COMMAND_UNKNOWN ? p->after->subcommand_text :
                         log_command_name(command_base(p->after)));
    return true;
}
