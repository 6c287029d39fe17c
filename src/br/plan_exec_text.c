#include <config.h>

#include <string.h>

#include "plan_exec.h"

/* Such a plan as labelled lines: the command line, where it runs, with whose credentials. */

static void add_job(const struct br_plan *p, struct description *d)
{
    const struct json *pod = json_at(p->patch, "spec", "template", "spec", NULL);
    const struct json *container = json_first(json_get(pod, "containers"));
    const char *name = json_text(json_at(p->patch, "metadata", "name", NULL)), *secret = NULL;
    JSON_EACH (entry, json_get(container, "env"))
        if (json_type(json_at(entry, "valueFrom", "secretKeyRef", NULL)) == JSON_OBJECT)
            secret = json_text(json_at(entry, "valueFrom", "secretKeyRef", "name", NULL));
    description_add(d, ROLE_TEXT, 0, "in", "a Job of brdeck's, %s, in namespace %s", name, p->ns);
    description_add(d, ROLE_TEXT, 0, "image", "%s", json_string(container, "image"));
    description_add(d, ROLE_TEXT, 0, "as", "service account %s%s%s", json_string(pod, "serviceAccountName"),
                    secret ? ", credentials of Secret " : "", secret ? secret : "");
    JSON_EACH (volume, json_get(pod, "volumes"))
        if (json_at(volume, "secret", "secretName", NULL))
            description_add(d, ROLE_TEXT, 0, "mounts", "Secret %s",
                            json_text(json_at(volume, "secret", "secretName", NULL)));
}

void plan_exec_describe(const struct br_plan *p, const struct describe_context *ctx, struct description *d)
{
    const struct br_command_info *info = p->command < BR_COMMAND_COUNT ? &br_command_table[p->command] : NULL;
    description_add(d, ROLE_TITLE, 0, NULL, "%s %s/%s", info ? info->title : p->action->title, p->ns, p->name);
    description_add(d, ROLE_TEXT, 0, "context", "%s%s%s", p->context, *p->context ? ", " : "", p->server);
    if (p->state.word[0])
        description_add(d, p->state.role, 0, "now", "%s. %s", p->state.word, p->state.sentence);
    if (p->phase == BR_PLAN_LOOKING) {
        description_add(d, ROLE_DIM, 0, NULL, "looking at it, at its cluster, and trying the Job with dry-run...");
        return;
    }
    if (p->phase == BR_PLAN_FAILED) {
        description_add(d, ROLE_CRIT, 0, "no answer", "%s", p->error.text);
        return;
    }
    plan_describe_truncate(p, ctx, d);
    if (p->br_line)
        description_add(d, ROLE_TEXT, 0, "runs", "%s", p->br_line);
    if (p->phase == BR_PLAN_REFUSED) {
        description_add(d, ROLE_CRIT, 0, "refused", "%s", p->error.text);
        return;
    }
    if (plan_makes_job(p))
        add_job(p, d);
    else
        description_add(d, ROLE_TEXT, 0, "on", "this host, with the credentials of your own environment");
    plan_describe_tried(p, d);
    if (info && info->reads_only)
        description_add(d, ROLE_TEXT, 0, "means", "nothing is changed; %s", plan_makes_job(p) ?
                        "the Job is taken away an hour after its end" : "it can be stopped at any time");
    if (p->verdict.why[0])
        description_add(d, ROLE_WARN, 0, "note", "%s", p->verdict.why);
    plan_describe_confirm(p, ctx, d);
}
