#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#include "plan_exec.h"

/* What a plan sends: the GET, the write or its dry-run, and the same as it may be shown. */

/* -- as it may be shown ------------------------------------------------------------------ */

struct json *plan_redacted(const struct json *body)
{
    struct json *copy = secret_blot_object(body);
    if (json_type(json_get(copy, "spec")) == JSON_OBJECT)
        plan_exec_redact(copy);
    return copy;
}

/* -- as it is sent ----------------------------------------------------------------------- */

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

const char *plan_verb(const struct br_plan *p)
{
    return plan_creates(p) ? "create" : p->action->id == ACTION_DELETE ? "delete" : "patch";
}

const struct kube_resource *plan_resource(const struct br_plan *p)
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
    spec.resource = plan_resource(p);
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
