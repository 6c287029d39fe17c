#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#include "plan_exec.h"

/* A plan that was judged is tried: the right, then dry-run. */

/* -- dry-run ------------------------------------------------------------------------------ */

/* A wrong resourceVersion is a 409; a wrong uid with a right one a 422, "metadata.uid: ... field is immutable". */
bool response_is_conflict(const struct kube_response *response)
{
    return response->http == 409 || (response->http == 422 && strstr(response->error.text, "metadata.uid"));
}

static void accepted(struct plan *plan, const struct json *object, const struct kube_response *response)
{
    struct br_plan *p = &plan->pub;
    int64_t generation = 0;
    p->dry_run = BR_DRY_RUN_ACCEPTED;
    if (response->warning[0])
        p->warning = secret_blot_word(response->warning, SECRET_IN_TEXT);
    if (plan_writes_spec(p) && json_int(json_at(object, "metadata", "generation", NULL), &generation))
        p->changes_nothing = generation == p->record->generation;
    plan_end(plan, BR_PLAN_READY);
}

static void not_tried(struct plan *plan, const char *why)
{
    plan->pub.dry_run = BR_DRY_RUN_NOT_TRIED;
    error_set(&plan->pub.dry_run_error, ERROR_NETWORK, "%s", why);
    secret_blot_error(&plan->pub.dry_run_error);
    plan_end(plan, BR_PLAN_READY);
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
        plan_look(plan); /* the operator wrote its minute's status just now */
        return;
    }
    if (response->http == 400 && strstr(response->error.text, "does not support dry run"))
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
              plan_verb(p), plan_resource(p)->plural, p->sub ? "/" : "", p->sub ? p->sub : "", p->ns,
              line ? "this line" : "the manifest", line ? ": " : "", line ? line : "");
    free(line);
    plan_end(plan, BR_PLAN_REFUSED);
}

static void ask_right(struct plan *plan)
{
    const struct br_plan *p = &plan->pub;
    const struct kube_resource *resource = plan_resource(p);
    struct kube_access_query query = {.verb = plan_verb(p), .group = resource->group,
                                      .resource = resource->plural, .sub = p->sub, .ns = p->ns};
    struct ticket *ticket = xcalloc(1, sizeof *ticket);
    *ticket = (struct ticket){.plan = plan, .br = plan->br, .next = plan->br->tickets};
    plan->br->tickets = plan->ticket = ticket;
    kube_access_ask(plan->br->access, &query, on_right, ticket);
}

void plan_go_on(struct plan *plan, bool good)
{
    if (good && plan->no_dry_run)
        not_tried(plan, "not asked for");
    else if (good)
        ask_right(plan);
    else
        plan_end(plan, BR_PLAN_REFUSED);
}
