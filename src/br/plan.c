#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/argv.h>
#include <brdeck/kube/config.h>

#include "objects.h"
#include "plan_exec.h"
#include "secret.h"
#include "sharers.h"

/* A plan's way: GET, for a retry its Job, the verdict, the right, dry-run. Each answer takes it one step on. */

struct plan *plan_of(struct br_plan *plan) { return (struct plan *)plan; }

/* The last thing that a callback does: the caller may free the plan. */
static void end(struct plan *plan, enum br_plan_phase phase)
{
    plan->pub.phase = phase;
    if (plan->changed)
        plan->changed(plan->arg, &plan->pub);
}

void plan_end_by(struct plan *plan, enum br_plan_phase phase, enum error_code code, const char *text)
{
    error_set(&plan->pub.error, code, "%s", text);
    secret_blot_error(&plan->pub.error); /* a server quotes what it refuses */
    end(plan, phase);
}

/* -- what is sent ----------------------------------------------------------------------- */

static void redact(struct json *object, const char *key)
{
    const char *text = json_string(object, key);
    if (!str_empty(text))
        json_set_string(object, key, "<redacted>");
}

struct json *plan_redacted(const struct json *body)
{
    struct json *copy = secret_blot_json(body), *spec = json_get_mut(copy, "spec");
    struct json *metadata = json_get_mut(copy, "metadata");
    struct json *annotations = json_type(metadata) == JSON_OBJECT ? json_get_mut(metadata, "annotations") : NULL;
    if (json_type(annotations) == JSON_OBJECT) /* it holds all of the spec once more */
        redact(annotations, "kubectl.kubernetes.io/last-applied-configuration");
    if (json_type(spec) != JSON_OBJECT)
        return copy;
    plan_exec_redact(copy);
    const struct json *old = json_get(spec, "env");
    if (json_type(old) == JSON_ARRAY) {
        struct json *env = json_new_array();
        JSON_EACH (entry, old) {
            struct json *shown = json_copy(entry);
            if (json_type(shown) == JSON_OBJECT)
                redact(shown, "value");
            json_append(env, shown);
        }
        json_set(spec, "env", env);
    }
    return copy;
}

/* The body of the write: the patch with metadata.uid and metadata.resourceVersion, or the manifest with @run_id. The
 * caller frees. */
static struct json *body_of(const struct br_plan *plan, const char *run_id)
{
    struct json *body = json_copy(plan->patch), *metadata = json_object_in(body, "metadata");
    if (plan_makes_job(plan)) /* its run id is its own */
        return body;
    if (!plan->action->makes_new) {
        json_set_string(metadata, "uid", plan->record->uid);
        json_set_string(metadata, "resourceVersion", plan->record->resource_version);
    } else if (run_id) {
        json_set_string(json_object_in(metadata, "annotations"), RUN_ID_ANNOTATION, run_id);
    }
    return body;
}

bool plan_writes_spec(const struct br_plan *p)
{
    return !plan_creates(p) && !p->verdict.is_retry && p->action->id != ACTION_DELETE &&
           p->action->id != ACTION_REMOVE_FINALIZER;
}

static const char *verb_of(const struct br_plan *p)
{
    return plan_creates(p) ? "create" : p->action->id == ACTION_DELETE ? "delete" : "patch";
}

static const struct kube_resource *resource_of(const struct br_plan *p)
{
    return plan_makes_job(p) ? &kube_jobs : fleet_resource(p->v1);
}

static struct kube_call_spec call_of(const struct plan *plan)
{
    const struct br_plan *p = &plan->pub;
    return (struct kube_call_spec){.resource = fleet_resource(p->v1), .ns = p->ns, .name = p->name};
}

struct kube_request *plan_send(struct plan *plan, const char *run_id, bool dry_run, kube_call_fn *fn, void *arg)
{
    const struct br_plan *p = &plan->pub;
    struct kube_call_spec spec = call_of(plan);
    bool deletes = p->action->id == ACTION_DELETE; /* dry-run stands in its body */
    struct json *body = deletes ? action_delete_options(p->record, dry_run) : body_of(p, run_id);
    char *what = xasprintf("%s%s %s/%s", dry_run ? "try to " : "", p->action->name, p->ns, p->name);
    spec.resource = resource_of(p);
    spec.sub = p->sub;
    spec.body = body;
    spec.dry_run = dry_run;
    spec.strict = !deletes;
    spec.what = what;
    struct kube_client *client = fleet_client(plan->br->fleet);
    struct kube_request *request = deletes ? kube_delete(client, &spec, fn, arg) :
                                   plan_creates(p) ? kube_create(client, &spec, fn, arg) :
                                                     kube_patch(client, &spec, fn, arg);
    free(what);
    json_free(&body);
    return request;
}

struct kube_request *plan_get(struct plan *plan, kube_call_fn *fn, void *arg)
{
    struct kube_call_spec spec = call_of(plan);
    return kube_get(fleet_client(plan->br->fleet), &spec, fn, arg);
}

/* -- dry-run ------------------------------------------------------------------------------ */

static void look(struct plan *plan);

/* A wrong resourceVersion is a 409; a wrong uid with a right one a 422, "metadata.uid: ... field is immutable". */
bool response_is_conflict(const struct kube_response *response)
{
    return response->http == 409 || (response->http == 422 && strstr(response->error.text, "metadata.uid"));
}

static bool in_words(const char *text, const char *words) { return strstr(text, words) != NULL; }

static void accepted(struct plan *plan, const struct json *object, const struct kube_response *response)
{
    struct br_plan *p = &plan->pub;
    int64_t generation = 0;
    p->dry_run = BR_DRY_RUN_ACCEPTED;
    if (response->warning[0])
        p->warning = secret_blot_word(response->warning, SECRET_IN_TEXT);
    if (plan_writes_spec(p) && json_int(json_at(object, "metadata", "generation", NULL), &generation))
        p->changes_nothing = generation == p->record->generation;
    end(plan, BR_PLAN_READY);
}

static void not_tried(struct plan *plan, const char *why)
{
    plan->pub.dry_run = BR_DRY_RUN_NOT_TRIED;
    error_set(&plan->pub.dry_run_error, ERROR_NETWORK, "%s", why);
    secret_blot_error(&plan->pub.dry_run_error);
    end(plan, BR_PLAN_READY);
}

static void refused(struct plan *plan, const struct kube_response *response)
{
    struct br_plan *p = &plan->pub;
    p->dry_run = BR_DRY_RUN_REFUSED;
    p->dry_run_error = response->error;
    secret_blot_error(&p->dry_run_error);
    enum error_code code = response->error.code;
    if (code != ERROR_DENIED && code != ERROR_MISSING && !(plan_creates(p) && code == ERROR_INPUT))
        code = ERROR_REFUSED;
    plan_end_by(plan, BR_PLAN_REFUSED, code, response->error.text);
}

static void on_dry_run(void *arg, const struct json *object, const struct kube_response *response)
{
    struct plan *plan = arg;
    bool makes_new = plan_creates(&plan->pub);
    plan->request = NULL;
    if (!response->error.code) {
        accepted(plan, object, response);
        return;
    }
    if (response_is_conflict(response) && !makes_new && plan->conflicts++ < CONFLICTS_MAX) {
        look(plan); /* the operator wrote its minute's status just now */
        return;
    }
    if (response->http == 400 && in_words(response->error.text, "does not support dry run"))
        not_tried(plan, "a webhook on the way does not support dry-run");
    else if (response->http >= 500)
        not_tried(plan, response->error.text);
    else if (response->http == 0 || response->http == 401 || response->http == 409 || response->http == 429)
        plan_end_by(plan, makes_new && response->http == 409 ? BR_PLAN_REFUSED : BR_PLAN_FAILED,
                    makes_new && response->http == 409 ? ERROR_REFUSED : response->error.code, response->error.text);
    else
        refused(plan, response);
}

/* -- the right ------------------------------------------------------------------------------ */

static void drop_ticket(struct ticket *ticket)
{
    for (struct ticket **link = &ticket->br->tickets; *link; link = &(*link)->next)
        if (*link == ticket) {
            *link = ticket->next;
            break;
        }
    free(ticket);
}

static void on_right(void *arg, enum kube_right right, const struct error *err)
{
    struct ticket *ticket = arg;
    struct plan *plan = ticket->plan;
    (void)err; /* an error is no answer (rule 18): the dry-run tells more */
    drop_ticket(ticket);
    if (!plan)
        return;
    struct br_plan *p = &plan->pub;
    plan->ticket = NULL;
    p->right = right;
    if (right != KUBE_RIGHT_NO) {
        plan->request = plan_send(plan, NULL, true, on_dry_run, plan);
        return;
    }
    struct kube_target other = *kube_client_target(fleet_client(plan->br->fleet));
    other.identity.as = NULL; /* somebody else's line: not as this user */
    char *line = plan_creates(p) ? NULL : plan_kubectl(p, &other);
    error_set(&p->error, ERROR_DENIED,
              "you may not %s %s%s%s in namespace %s: ask for that right, or hand %s on%s%s",
              verb_of(p), resource_of(p)->plural, p->sub ? "/" : "", p->sub ? p->sub : "", p->ns,
              line ? "this line" : "the manifest", line ? ": " : "", line ? line : "");
    free(line);
    end(plan, BR_PLAN_REFUSED);
}

static void ask_right(struct plan *plan)
{
    const struct br_plan *p = &plan->pub;
    const struct kube_resource *resource = resource_of(p);
    struct kube_access_query query = {.verb = verb_of(p), .group = resource->group,
                                      .resource = resource->plural, .sub = p->sub, .ns = p->ns};
    struct ticket *ticket = xcalloc(1, sizeof *ticket);
    *ticket = (struct ticket){.plan = plan, .br = plan->br, .next = plan->br->tickets};
    plan->br->tickets = plan->ticket = ticket;
    kube_access_ask(plan->br->access, &query, on_right, ticket);
}

static void judge(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool good = plan_judge(plan);
    p->job_unknown = p->verdict.is_retry && plan->job_unknown;
    p->retry_unverified = p->verdict.is_retry && !p->sub;
    plan_go_on(plan, good);
}

void plan_go_on(struct plan *plan, bool good)
{
    if (good && plan->no_dry_run)
        not_tried(plan, "not asked for");
    else if (good)
        ask_right(plan);
    else
        end(plan, BR_PLAN_REFUSED);
}

/* -- the look ------------------------------------------------------------------------------- */

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

/* Rule 6: a retry wants to know whether its Job is still active; the store need not watch Jobs. With the finalizer a Job
 * of the operator that is at work goes, too. */
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

/* Rule 11: who else keeps data under the path that a delete removes. */
static void look_for_sharers(struct plan *plan)
{
    sharers_free(&plan->sharers);
    if (plan_needs_sharers(plan))
        plan->sharers = sharers_look(plan->br, plan->pub.record, plan->br->pace.sharers_ms, on_sharers, plan);
    else
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

static void look(struct plan *plan)
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

bool plan_renew(struct plan *plan, const struct json *object)
{
    struct br_plan *p = &plan->pub;
    if (!record_same_for_acting(p->object, object))
        return false;
    json_free(&p->object);
    record_free(&p->record);
    record_free(&p->after);
    p->object = json_copy(object);
    p->record = record_decode(object, plan->pool);
    p->window.log = p->record;
    if (p->action->id == ACTION_DELETE) { /* its preconditions name the resourceVersion */
        json_free(&p->patch);
        p->patch = action_delete_options(p->record, false);
        return true;
    }
    if (p->action->id == ACTION_REMOVE_FINALIZER) { /* of the others one may have gone meanwhile */
        json_free(&p->patch);
        p->patch = action_finalizer_patch(p->object);
    }
    p->after = action_after(p->object, p->patch, plan->pool);
    p->step_count = p->action->command ? command_steps(p->after, p->steps) : 0;
    return true;
}

/* -- life --------------------------------------------------------------------------------- */

static const char *text_or_empty(const char *text) { return text ? text : ""; }

static void stop_asking(struct plan *plan)
{
    kube_request_cancel(&plan->request);
    br_cluster_cancel(&plan->cluster_ask);
    sharers_free(&plan->sharers);
    loop_timer_cancel(&plan->timer);
    if (plan->ticket)
        plan->ticket->plan = NULL;
    plan->ticket = NULL;
}

static void on_timer(void *arg)
{
    struct plan *plan = arg;
    const struct br_plan *p = &plan->pub;
    if (str_empty(p->name) || str_empty(p->ns))
        plan_end_by(plan, BR_PLAN_REFUSED, ERROR_INPUT, "a name and a namespace are needed");
    else
        look(plan);
}

struct br_plan *br_plan_new(struct br *br, const struct br_plan_spec *spec,
                            void (*changed)(void *arg, struct br_plan *plan), void *arg)
{
    const struct kube_target *target = kube_client_target(fleet_client(br->fleet));
    struct plan *plan = xcalloc(1, sizeof *plan);
    const struct json *metadata = json_get(spec->manifest, "metadata");
    const char *ns = spec->ns ? spec->ns : json_string(metadata, "namespace");
    const char *name = spec->name ? spec->name : json_string(metadata, "name");
    *plan = (struct plan){
        .pub = {.phase = BR_PLAN_LOOKING, .action = action_get(spec->action), .v1 = spec->v1,
                .ns = xstrdup(text_or_empty(ns)), .name = xstrdup(text_or_empty(name)), .until = spec->until,
                .context = text_or_empty(target->context), .server = text_or_empty(target->server),
                .user = text_or_empty(target->user), .cluster_uid = fleet_cluster_uid(br->fleet)},
        .br = br,
        .changed = changed,
        .arg = arg,
        .allow_pitr_loss = spec->allow_pitr_loss,
        .clear_truncate = spec->clear_truncate,
        .no_dry_run = spec->no_dry_run,
        .keep_data = spec->keep_data,
        .retry = spec->retry,
        .asked_until = spec->until,
        .manifest = json_copy(spec->manifest),
        .exec = plan_exec_new(spec),
    };
    loop_timer_init(&plan->timer, br->loop, on_timer, plan);
    br_plan_look(&plan->pub);
    return &plan->pub;
}

void br_plan_look(struct br_plan *pub)
{
    struct plan *plan = plan_of(pub);
    stop_asking(plan);
    plan->conflicts = 0;
    plan_forget(plan);
    plan->pub.phase = BR_PLAN_LOOKING;
    loop_timer_set(&plan->timer, 0); /* nothing is told from within this call */
}

void br_plan_set(struct br_plan *pub, tso_t until, bool clear_truncate)
{
    struct plan *plan = plan_of(pub);
    plan->asked_until = pub->until = until;
    plan->clear_truncate = clear_truncate;
    br_plan_look(pub);
}

void br_plan_keep_data(struct br_plan *pub, bool keep_data)
{
    plan_of(pub)->keep_data = keep_data;
    br_plan_look(pub);
}

void br_plan_free(struct br_plan **pub)
{
    struct plan *plan = *pub ? plan_of(*pub) : NULL;
    *pub = NULL;
    if (!plan)
        return;
    stop_asking(plan);
    plan_forget(plan);
    intern_free(&plan->pool);
    json_free(&plan->manifest);
    plan_exec_free(&plan->exec);
    free(plan->pub.ns);
    free(plan->pub.name);
    free(plan);
}

bool br_plan_is_confirmed(const struct br_plan *plan, const char *typed)
{
    if (plan->phase != BR_PLAN_READY || !typed)
        return false;
    if (plan->confirm == BR_CONFIRM_TYPE)
        return strcmp(typed, plan->confirm_text) == 0;
    return strcmp(typed, "y") == 0 || strcmp(typed, "yes") == 0;
}
