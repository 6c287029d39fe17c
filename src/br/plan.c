#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>
#include <brdeck/br/argv.h>
#include <brdeck/kube/config.h>

#include "plan_exec.h"
#include "sharers.h"

/* A plan's life: made, looked at again, ended, freed. Its look is in plan_look.c, the verdict in judge.c, the right and
 * dry-run in plan_try.c, what it sends in plan_send.c. */

struct plan *plan_of(struct br_plan *plan) { return (struct plan *)plan; }

void plan_end(struct plan *plan, enum br_plan_phase phase)
{
    plan->pub.phase = phase;
    if (plan->changed)
        plan->changed(plan->arg, &plan->pub);
}

void plan_end_by(struct plan *plan, enum br_plan_phase phase, enum error_code code, const char *text)
{
    error_set(&plan->pub.error, code, "%s", text);
    secret_blot_error(&plan->pub.error); /* a server quotes what it refuses */
    plan_end(plan, phase);
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
        plan_look(plan);
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
