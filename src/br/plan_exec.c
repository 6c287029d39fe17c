#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/kube/config.h>

#include "plan_exec.h"

struct plan_exec {
    enum br_driver driver;
    enum br_command command;
    char *pd_address, *ca, *cert, *key, *image, *program;
    char **more;
    bool owned;
    struct br_cluster cluster;
};

/* -- life ------------------------------------------------------------------------------------- */

static enum br_command command_of(const struct br_plan_spec *spec)
{
    if (spec->action == ACTION_PROBE)
        return spec->command;
    for (enum br_command c = 0; c < BR_COMMAND_COUNT; c++)
        if (br_command_table[c].action == spec->action)
            return c;
    return BR_COMMAND_COUNT;
}

static char **copy_words(const char *const *words)
{
    size_t count = 0;
    while (words && words[count])
        count++;
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(words[i]);
    return copy;
}

struct plan_exec *plan_exec_new(const struct br_plan_spec *spec)
{
    if (spec->driver == BR_DRIVER_OPERATOR && spec->action != ACTION_PROBE)
        return NULL;
    struct plan_exec *exec = xcalloc(1, sizeof *exec);
    exec->driver = spec->driver;
    exec->command = command_of(spec);
    exec->pd_address = xstrdup(spec->pd_address);
    exec->ca = xstrdup(spec->ca);
    exec->cert = xstrdup(spec->cert);
    exec->key = xstrdup(spec->key);
    exec->image = xstrdup(spec->image);
    exec->program = xstrdup(spec->program);
    exec->more = copy_words(spec->more);
    exec->owned = spec->owned;
    return exec;
}

void plan_exec_free(struct plan_exec **pexec)
{
    struct plan_exec *exec = *pexec;
    *pexec = NULL;
    if (!exec)
        return;
    free(exec->pd_address);
    free(exec->ca);
    free(exec->cert);
    free(exec->key);
    free(exec->image);
    free(exec->program);
    br_argv_free(&exec->more);
    free(exec);
}

const char *plan_exec_program(const struct plan *plan)
{
    return plan->exec && plan->exec->program ? plan->exec->program : "br";
}

/* Of the environment what the operator forms of the storage is no secret; spec.env may hold anything. */
static const char *const plain_env[] = {
    "S3_PROVIDER", "S3_ENDPOINT", "AWS_REGION", "AWS_ACL", "AWS_STORAGE_CLASS", "AWS_DEFAULT_REGION", "GCS_PROJECT_ID",
    "GCS_OBJECT_ACL", "GCS_BUCKET_ACL", "GCS_LOCATION", "GCS_STORAGE_CLASS", "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_ACCESS_TIER", "AZURE_STORAGE_ACCOUNT", "BR_LOG_TO_TERM", "TZ",
};

static bool is_plain(const struct json *env)
{
    for (size_t i = 0; i < ARRAY_LEN(plain_env); i++)
        if (str_same(json_string(env, "name"), plain_env[i]))
            return true;
    return false;
}

void plan_exec_redact(struct json *job)
{
    const struct json *containers = json_at(job, "spec", "template", "spec", "containers", NULL);
    struct json *pod = json_type(containers) == JSON_ARRAY ?
                       json_get_mut(json_get_mut(json_get_mut(job, "spec"), "template"), "spec") : NULL;
    if (!pod)
        return;
    struct json *shown = json_new_array();
    JSON_EACH (container, containers) {
        struct json *copy = json_copy(container);
        struct json *env = json_new_array();
        JSON_EACH (entry, json_get(container, "env")) {
            struct json *one = json_copy(entry);
            if (json_type(one) == JSON_OBJECT && !str_empty(json_string(one, "value")) && !is_plain(one))
                json_set_string(one, "value", "<redacted>");
            json_append(env, one);
        }
        if (json_type(copy) == JSON_OBJECT)
            json_set(copy, "env", env);
        else
            json_free(&env);
        json_append(shown, copy);
    }
    json_set(pod, "containers", shown);
}

/* -- judging ------------------------------------------------------------------------------------- */

static bool fits(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    bool log = p->record->mode == BACKUP_LOG, snapshot = p->record->mode == BACKUP_SNAPSHOT;
    if (p->command >= BR_COMMAND_COUNT || (p->command == BR_LOG_START && p->driver != BR_DRIVER_OPERATOR))
        return error_set(&p->error, ERROR_INPUT, "%s is no work for br alone: leave it to the operator",
                         p->action->name);
    const struct br_command_info *info = &br_command_table[p->command];
    if ((info->of_log && !log) || (info->of_snapshot && !snapshot))
        return error_set(&p->error, ERROR_INPUT, "br %s is for %s backups, and %s/%s is none", info->words,
                         info->of_log ? "log" : "snapshot", p->ns, p->name);
    return true;
}

/* PD's address in the cluster is none for this host. */
static bool fits_here(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct plan_exec *exec = plan->exec;
    const struct br_command_info *info = &br_command_table[p->command];
    if (info->needs_pd && str_empty(exec->pd_address))
        return error_set(&p->error, ERROR_INPUT,
                         "br on this host needs the address of PD as this host reaches it: --pd HOST:PORT (kubectl "
                         "-n %s port-forward svc/%s 2379)", exec->cluster.ns[0] ? exec->cluster.ns : p->ns,
                         exec->cluster.pd_service[0] ? exec->cluster.pd_service : "PD-SERVICE");
    if (info->needs_pd && exec->cluster.tls && str_empty(exec->ca))
        return error_set(&p->error, ERROR_INPUT,
                         "the cluster speaks TLS: give --ca, --cert and --key (they are in Secret %s)",
                         exec->cluster.tls_secret);
    if (br_argv_secret(p->argv))
        return error_set(&p->error, ERROR_REFUSED,
                         "%.*s holds a secret, and whoever is on this host can read a program's arguments: run it by "
                         "hand",
                         (int)strcspn(br_argv_secret(p->argv), "="), br_argv_secret(p->argv));
    return true;
}

static void warn(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    char flag[64], trust[160] = "";
    const char *unknown = br_argv_unknown_flag(p->object, p->command, flag, sizeof flag);
    bool verb = !br_command_table[p->command].reads_only;
    if (br_command_table[p->command].needs_pd && !str_empty(plan->exec->pd_address)) /* nobody asks it whose it is */
        snprintf(trust, sizeof trust, "--pd %.60s is taken on trust: were it another cluster's, its task of that name "
                                      "would be %s. ", plan->exec->pd_address, verb ? "hit" : "told of");
    p->verdict.allowed = true;
    snprintf(p->verdict.why, sizeof p->verdict.why, "%s%s%s%s%s", trust,
             verb ? "the Backup will not know: its phase and times stay as they are, and an operator that works may do "
                    "the opposite" : "",
             verb && unknown ? ". " : "", unknown ? unknown : "",
             unknown ? " of the spec is left out: this command of br does not know it" : "");
}

static struct br_argv_spec argv_spec(const struct plan *plan)
{
    const struct plan_exec *exec = plan->exec;
    return (struct br_argv_spec){
        .command = exec->command, .backup = plan->pub.object, .cluster = &exec->cluster, .pd_address = exec->pd_address,
        .ca = exec->ca, .cert = exec->cert, .key = exec->key, .until = plan->asked_until,
        .more = (const char *const *)exec->more};
}

static bool make_job(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    char id[RUN_ID_MAX];
    run_make_id(id);
    struct br_job_spec spec = {.argv = argv_spec(plan), .run_id = id, .image = plan->exec->image,
                               .owned = plan->exec->owned};
    p->patch = br_job_manifest(&spec, &p->error);
    return p->patch != NULL;
}

static bool judge(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    struct br_argv_spec spec = argv_spec(plan);
    p->until = plan->asked_until;
    if (p->driver == BR_DRIVER_LOCAL && br_command_table[p->command].needs_pd && str_empty(plan->exec->pd_address))
        return fits_here(plan);
    p->argv = br_argv_new(&spec, &p->error);
    if (!p->argv)
        return false;
    p->br_line = br_argv_line(plan_exec_program(plan), p->argv);
    if (p->driver == BR_DRIVER_OPERATOR) /* somebody wants to see the line */
        return error_set(&p->error, ERROR_INPUT, "TiDB Operator cannot do that: use a Job, or br on this host");
    if (p->driver == BR_DRIVER_LOCAL ? !fits_here(plan) : !make_job(plan))
        return false;
    p->truncates = p->command == BR_LOG_TRUNCATE;
    if (p->truncates && !plan_judge_truncate(plan))
        return false;
    warn(plan);
    plan_judge_confirm(plan);
    if (!br_command_table[p->command].reads_only && p->confirm != BR_CONFIRM_TYPE) {
        p->confirm = BR_CONFIRM_TYPE;
        snprintf(p->confirm_text, sizeof p->confirm_text, "%s", p->name);
    }
    if (plan_makes_job(p))
        p->kubectl = plan_kubectl(p, kube_client_target(fleet_client(plan->br->fleet)));
    return true;
}

/* -- the way ----------------------------------------------------------------------------------------- */

static void on_cluster(void *arg, const struct br_cluster *cluster)
{
    struct plan *plan = arg;
    struct br_plan *p = &plan->pub;
    plan->cluster_ask = NULL;
    plan->exec->cluster = *cluster;
    if (cluster->error.code == ERROR_NETWORK || cluster->error.code == ERROR_TIMEOUT) {
        plan_end_by(plan, BR_PLAN_FAILED, cluster->error.code, cluster->error.text);
        return;
    }
    bool good = judge(plan);
    if (good && p->driver == BR_DRIVER_LOCAL) {
        error_set(&p->dry_run_error, ERROR_NONE, "br on this host cannot be tried without running it");
        plan_end_by(plan, BR_PLAN_READY, ERROR_NONE, "");
        return;
    }
    plan_go_on(plan, good);
}

static void on_object(void *arg, const struct json *object, const struct kube_response *response)
{
    struct plan *plan = arg;
    struct br_plan *p = &plan->pub;
    if (!plan_take_object(plan, object, response))
        return;
    p->after = record_decode(object, plan->pool);
    if (fits(plan))
        plan->cluster_ask = br_cluster_get(plan->br, p->record, on_cluster, plan);
    else
        plan_go_on(plan, false);
}

void plan_exec_look(struct plan *plan)
{
    plan->pub.driver = plan->exec->driver;
    plan->pub.command = plan->exec->command;
    plan->request = plan_get(plan, on_object, plan);
}
