#include <config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/kube/config.h>

#include "plan_exec.h"

/* Append " WORD", quoted for a POSIX shell where that is needed. */
static void add_word(struct str *line, const char *word)
{
    bool plain = *word != '\0';
    for (const char *c = word; *c; c++)
        plain = plain && (isalnum((unsigned char)*c) || strchr("-_./:=@%+,", *c));
    if (line->len)
        str_addc(line, ' ');
    if (plain) {
        str_add(line, word);
        return;
    }
    str_addc(line, '\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            str_add(line, "'\\''");
        else
            str_addc(line, *c);
    }
    str_addc(line, '\'');
}

static void add_flag(struct str *line, const char *flag, const char *value)
{
    if (str_empty(value))
        return;
    add_word(line, flag);
    add_word(line, value);
}

char *plan_kubectl(const struct br_plan *plan, const struct kube_target *target)
{
    struct str line, kind;
    str_init(&line, STR_SMALL);
    str_init(&kind, 256);
    struct json *body = plan_redacted(plan->patch);
    char *json = json_print(body);
    const struct kube_resource *resource = fleet_resource(plan->v1);
    str_addf(&kind, "%s.%s", resource->plural, resource->group);
    if (plan_creates(plan)) {
        str_add(&line, "printf %s");
        add_word(&line, json);
        str_add(&line, " |");
    }
    add_word(&line, "kubectl");
    if (!str_same(target->context, "in-cluster"))
        add_flag(&line, "--context", target->context);
    add_flag(&line, "--as", target->identity.as);
    add_flag(&line, "-n", plan->ns);
    if (plan_creates(plan)) {
        str_add(&line, " create -f -");
    } else if (plan->action->id == ACTION_DELETE) {
        add_word(&line, "delete");
        add_word(&line, kind.data);
        add_word(&line, plan->name);
        str_add(&line, " --cascade=background --wait=false");
    } else {
        add_word(&line, "patch");
        add_word(&line, kind.data);
        add_word(&line, plan->name);
        if (plan->sub)
            str_addf(&line, " --subresource=%s", plan->sub);
        str_add(&line, " --type=merge -p");
        add_word(&line, json);
    }
    free(json);
    json_free(&body);
    str_done(&kind);
    return str_take(&line);
}
