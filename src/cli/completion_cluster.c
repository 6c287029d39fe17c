/* completion_cluster.c - names for a line that is being typed: of the cluster that it means, and soon or not at all. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/action.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "completion.h"

enum { NAMES_MS = 2000 };

/* The line as far as it goes, read as it will be when it is sent: its context, namespace, kubeconfig. */
static bool read_line(const struct completion *c, struct arguments *args)
{
    struct error err;
    const char **argv = xcalloc(c->before + 2, sizeof *argv);
    argv[0] = "brdeck";
    for (size_t i = 0; i < c->before; i++)
        argv[i + 1] = c->words[i];
    bool good = arguments_parse((int)c->before + 1, (char **)argv, args, &err);
    free(argv); /* its words are the caller's */
    return good && !args->demo;
}

void completion_from_kubeconfig(struct completion *c)
{
    struct arguments args;
    struct error err;
    if (read_line(c, &args)) {
        struct kube_config *config = kube_config_load(args.kubeconfig, &err);
        for (size_t i = 0; config && i < kube_config_contexts(config); i++)
            completion_offer(c, kube_config_context(config, i), NULL);
        kube_config_free(&config);
    }
    arguments_done(&args);
}

/* -- Backups -------------------------------------------------------------------------------------- */

static bool has_failed(const struct backup_record *record, int64_t now_ms)
{
    struct action_verdict verdict = {.allowed = false};
    for (enum action_id id = 0; id < ACTION_OF_LOG_COUNT && !(verdict.allowed && verdict.is_retry); id++)
        action_may(id, record, NULL, true, now_ms, &verdict);
    return verdict.allowed && verdict.is_retry;
}

/* What the command could not do to it is not offered, as far as the object alone tells. */
static bool may(const char *command, const struct backup_record *record, int64_t now_ms)
{
    const struct action *action = action_find(command);
    struct action_verdict verdict = {.allowed = true};
    if (strcmp(command, "retry") == 0)
        return has_failed(record, now_ms);
    if (strcmp(command, "start") == 0) /* --from */
        return record->mode == BACKUP_LOG;
    if (action && !action->makes_new)
        action_may(action->id, record, NULL, true, now_ms, &verdict);
    return verdict.allowed;
}

static void offer_backups(struct completion *c, const struct session *s)
{
    /* "backup/NAME" as -o name prints it: the kind stays as it was typed. */
    const struct store *store = fleet_store(s->fleet);
    const char *slash = strchr(c->typed, '/');
    int kind = slash ? (int)(slash - c->typed) + 1 : 0;
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (!row)
            continue;
        char *word = xasprintf("%.*s%s", kind, c->typed, row->record->name);
        if (cli_name_in(word) && cli_group_is(word, row->record->v1) && !completion_has(c, word) &&
            may(c->command ? c->command->name : "", row->record, fleet_now_ms(s->fleet)))
            completion_offer(c, word, row->state.word);
        free(word);
    }
}

static void ask_backups(struct completion *c, struct loop *loop, const struct arguments *args)
{
    struct session s;
    struct error err;
    struct fleet_options options = {.once = true};
    if (session_begin(&s, loop, args, &options, &err)) {
        s.last_ms = clock_mono_ms() + NAMES_MS;
        session_list(&s, &err); /* what has come by then is good enough */
        if (!s.signal)
            offer_backups(c, &s);
    }
    session_done(&s);
}

/* -- namespaces --------------------------------------------------------------------------------------- */

struct names_asked {
    struct completion *c;
    bool over;
};

static void on_namespaces(void *arg, const struct json *object, const struct kube_response *response)
{
    struct names_asked *asked = arg;
    (void)response;
    asked->over = true;
    JSON_EACH (item, json_get(object, "items")) {
        const char *name = json_text(json_at(item, "metadata", "name", NULL));
        if (!str_empty(name))
            completion_offer(asked->c, name, NULL);
    }
}

static void ask_namespaces(struct completion *c, struct loop *loop, const struct arguments *args)
{
    struct names_asked asked = {.c = c};
    struct kube_target *target = NULL;
    struct error err;
    struct kube_client *client = cli_connect(loop, args, &target, &err);
    int64_t limit = clock_mono_ms() + NAMES_MS;
    struct kube_call_spec spec = {.resource = &kube_namespaces, .query = "limit=1000"};
    if (client)
        kube_get(client, &spec, on_namespaces, &asked);
    while (client && !asked.over && clock_mono_ms() < limit)
        loop_turn(loop, limit - clock_mono_ms());
    kube_client_free(&client);
    kube_target_free(&target);
}

void completion_from_cluster(struct completion *c, struct loop *loop)
{
    struct arguments args;
    if (read_line(c, &args)) {
        args.request_timeout_ms = NAMES_MS;
        if (c->names == COMPLETION_NAMESPACES)
            ask_namespaces(c, loop, &args);
        else
            ask_backups(c, loop, &args);
    }
    arguments_done(&args);
}
