#include <config.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#include "objects.h"
#include "plan_exec.h"
#include "sharers.h"

/* A plan's look: GET, for a retry its Job, for a delete its Cluster and who shares its path. Each answer takes it one
 * step on; the last is judged. */

static void judge(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool good = plan_judge(plan);
    p->job_unknown = p->verdict.is_retry && plan->job_unknown;
    p->retry_unverified = p->verdict.is_retry && !p->sub;
    plan_go_on(plan, good);
}

/* The Job that must not be at work: of a retry the failed command's, of an object that is deleted the operator's. */
static void job_name(const struct plan *plan, char *buf, size_t size)
{
    const struct br_plan *p = &plan->pub;
    if (p->action->id == ACTION_REMOVE_FINALIZER)
        snprintf(buf, size, "%s-%s", p->record->phase == PHASE_CLEAN ? "clean" : "stop", p->name);
    else
        command_job_name(p->name, p->action->command, buf, size);
}

static void on_job(void *arg, const struct json *object, const struct kube_response *response)
{
    struct plan *plan = arg;
    plan->request = NULL;
    memset(&plan->facts.job, 0, sizeof plan->facts.job);
    if (!response->error.code && object) {
        const char *uid = json_text(json_at(object, "metadata", "uid", NULL));
        job_name(plan, plan->facts.job.name, sizeof plan->facts.job.name);
        plan->facts.job.present = true;
        plan->facts.job.failed = object_condition(json_get(object, "status"), "Failed", "True") != NULL;
        plan->facts.job.complete = object_condition(json_get(object, "status"), "Complete", "True") != NULL;
        snprintf(plan->facts.job.uid, sizeof plan->facts.job.uid, "%s", uid ? uid : "");
    } else if (response->http == 0 || response->http == 401 || response->http >= 429) {
        plan_end_by(plan, BR_PLAN_FAILED, response->error.code, response->error.text);
        return;
    } else if (response->http != 404) { /* no right to read Jobs: the operator itself waits for a Job that runs */
        plan->job_unknown = true;
    }
    judge(plan);
}

/* Rule 6: a retry wants to know whether its Job is still active; the store need not watch Jobs. With the finalizer a
 * Job of the operator that is at work goes, too. */
static bool needs_job(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    struct action_verdict verdict;
    struct backup_facts facts = plan->facts;
    if (p->action->id == ACTION_REMOVE_FINALIZER)
        return p->record->deleting_ms && p->record->has_finalizer;
    memset(&facts.job, 0, sizeof facts.job); /* what is known of it may be old */
    action_may(p->action->id, p->record, &facts, fleet_has_status_sub(plan->br->fleet, p->v1),
               fleet_now_ms(plan->br->fleet), &verdict);
    return verdict.allowed && verdict.is_retry;
}

static void on_sharers(void *arg) { judge(arg); }

/* Rule 11: who else keeps data under the path that a delete removes, or works with it. */
static void look_for_sharers(struct plan *plan)
{
    sharers_free(&plan->sharers);
    plan->sharers = plan_ask_sharers(plan, on_sharers, plan);
    if (!plan->sharers)
        judge(plan);
}

/* Nothing is done for a new Backup without its Cluster; a delete hangs, and its stop-NAME fails where the Cluster wants
 * certificates. What cannot be read is not known: that hinders nobody. */
static void on_cluster(void *arg, const struct br_cluster *cluster)
{
    struct plan *plan = arg;
    plan->cluster_ask = NULL;
    if (cluster->read_ms) {
        plan->facts.cluster.read_ms = cluster->read_ms;
        plan->facts.cluster.missing = cluster->missing;
        plan->facts.cluster.paused = cluster->paused;
        plan->facts.cluster.suspended = cluster->suspended;
        plan->cluster_tls = cluster->tls;
    }
    look_for_sharers(plan);
}

bool plan_take_object(struct plan *plan, const struct json *object, const struct kube_response *response)
{
    struct br_plan *p = &plan->pub;
    plan->request = NULL;
    if (response->error.code || !object) {
        bool refuses = response->http == 404 || response->http == 403;
        plan_end_by(plan, refuses ? BR_PLAN_REFUSED : BR_PLAN_FAILED,
                    response->error.code ? response->error.code : ERROR_NETWORK,
                    response->error.code ? response->error.text : "the server's answer is no object; look again");
        return false;
    }
    p->object = json_copy(object);
    p->record = record_decode(object, plan->pool);
    const struct store_row *row = find_row(fleet_store(plan->br->fleet), p->v1, p->ns, p->name);
    if (row && row->facts && strcmp(row->record->uid, p->record->uid) == 0)
        plan->facts = *row->facts;
    state_of(p->record, &plan->facts, fleet_now_ms(plan->br->fleet), true, &p->state);
    secret_blot_buffer(p->state.sentence, sizeof p->state.sentence);
    return true;
}

static void on_object(void *arg, const struct json *object, const struct kube_response *response)
{
    struct plan *plan = arg;
    struct br_plan *p = &plan->pub;
    if (!plan_take_object(plan, object, response))
        return;
    if (p->action->id == ACTION_DELETE && !(p->record->has_finalizer && *p->record->cluster)) {
        look_for_sharers(plan);
        return;
    }
    if (p->action->id == ACTION_DELETE) {
        plan->cluster_ask = br_cluster_get(plan->br, p->record, on_cluster, plan);
        return;
    }
    if (!needs_job(plan)) {
        judge(plan);
        return;
    }
    char job[300];
    job_name(plan, job, sizeof job);
    plan->request = kube_get(fleet_client(plan->br->fleet),
                             &(struct kube_call_spec){.resource = &kube_jobs, .ns = p->ns, .name = job}, on_job, plan);
}

/* A new Backup lies untouched where its Cluster is not there or is paused. */
static void look_for_cluster_of_new(struct plan *plan)
{
    struct json *object = json_copy(plan->manifest);
    struct backup_record *record = NULL;
    if (json_type(object) == JSON_OBJECT) {
        json_set_string(json_object_in(object, "metadata"), "namespace", plan->pub.ns);
        record = record_decode(object, plan->pool);
    }
    json_free(&object);
    if (record && !str_empty(record->cluster))
        plan->cluster_ask = br_cluster_get(plan->br, record, on_cluster, plan);
    record_free(&record);
    if (!plan->cluster_ask)
        judge(plan);
}

void plan_look(struct plan *plan)
{
    plan_forget(plan);
    plan->pub.phase = BR_PLAN_LOOKING;
    plan->job_unknown = plan->cluster_tls = false;
    plan->facts = (struct backup_facts){0};
    if (plan->exec)
        plan_exec_look(plan);
    else if (plan->pub.action->makes_new)
        look_for_cluster_of_new(plan);
    else
        plan->request = plan_get(plan, on_object, plan);
}
