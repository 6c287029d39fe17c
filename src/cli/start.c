/* start.c - a new log backup, from a manifest or like an old one; and create, of any Backup. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/action.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/kube/yaml.h>

#include "cli_private.h"

enum { MANIFESTS_MAX = 64 };

static bool check_manifest(const struct json *doc, enum action_id id, const char *file, size_t nth, struct error *err)
{
    char *where = xasprintf("%s: document %zu", file, nth);
    bool good = action_check_manifest(doc, where, err);
    free(where);
    if (!good)
        return false;
    if (id == ACTION_START && !str_same(json_text(json_at(doc, "spec", "backupMode", NULL)), "log"))
        return error_set(err, ERROR_INPUT, "%s: document %zu is no log backup: want spec.backupMode: log, or brdeck "
                         "create", file, nth);
    return true;
}

static struct json *read_manifests(const char *file)
{
    struct error err;
    struct str text;
    str_init(&text, STR_LARGE);
    bool read = file_read(file, &text, &err);
    struct json *docs = read ? yaml_parse(text.data, text.len, file, &err) : NULL;
    str_done(&text);
    if (!docs)
        cli_fail(&err);
    return docs;
}

/* As kubectl has it: -n and a manifest that names another namespace are an error. */
static bool check_place(const struct session *s, const struct br_plan_spec *specs, size_t count, struct error *err)
{
    const struct br_plan_spec *last = &specs[count - 1];
    if (s->args->over.namespace_ && strcmp(last->ns, session_namespace(s)) != 0)
        return error_set(err, ERROR_INPUT, "%s: document %zu is for namespace %s, and -n says %s", s->args->file,
                         count, last->ns, session_namespace(s));
    for (size_t i = 0; i + 1 < count; i++)
        if (strcmp(specs[i].name, last->name) == 0 && strcmp(specs[i].ns, last->ns) == 0)
            return error_set(err, ERROR_INPUT, "%s: documents %zu and %zu are both %s/%s", s->args->file, i + 1,
                             count, last->ns, last->name);
    return true;
}

static int start_file(struct session *s, enum action_id id, const struct json *docs)
{
    struct error err;
    struct br_plan_spec specs[MANIFESTS_MAX];
    size_t count = 0;
    if (!json_count(docs)) {
        cli_say("%s: there is nothing in it", s->args->file);
        return EXIT_ERROR;
    }
    JSON_EACH (doc, docs) {
        if (count == MANIFESTS_MAX) {
            cli_say("%s: more than %d documents", s->args->file, MANIFESTS_MAX);
            return EXIT_ERROR;
        }
        if (!check_manifest(doc, id, s->args->file, count + 1, &err))
            return cli_fail(&err);
        const char *ns = json_text(json_at(doc, "metadata", "namespace", NULL));
        specs[count++] = (struct br_plan_spec){
            .action = id, .v1 = str_same(json_string(doc, "apiVersion"), "pingcap.com/v1alpha1"),
            .ns = ns ? ns : session_namespace(s), .name = json_text(json_at(doc, "metadata", "name", NULL)),
            .manifest = doc,
        };
        if (!check_place(s, specs, count, &err))
            return cli_fail(&err);
    }
    return act_on(s, specs, count);
}

struct asked {
    struct json *object;
    struct error error;
    bool answered;
};

static void on_old(void *arg, const struct json *object, const struct kube_response *response)
{
    struct asked *asked = arg;
    asked->answered = true;
    asked->object = json_copy(object);
    asked->error = response->error;
}

static bool is_answered(void *arg) { return ((struct asked *)arg)->answered; }

static int start_like(struct session *s, const char *name)
{
    struct error err;
    struct asked asked = {.answered = false};
    int code = EXIT_DONE;
    slot_t slot = session_find(s, s->args->from, &code);
    if (slot == SLOT_NONE)
        return code;
    const struct store_row *row = store_get(fleet_store(s->fleet), slot);
    struct action_verdict verdict;
    bool v1 = row->record->v1;
    action_may(ACTION_START, row->record, row->facts, fleet_has_status_sub(s->fleet, v1), fleet_now_ms(s->fleet),
               &verdict);
    if (verdict.why[0])
        cli_say("%s/%s: %s", session_namespace(s), s->args->from, verdict.why);
    if (!verdict.allowed)
        return EXIT_REFUSED;
    const char *ns = session_namespace(s), *old = cli_name(s->args->from);
    struct kube_request *request = fleet_fetch(s->fleet, v1, ns, old, on_old, &asked);
    if (!session_wait(s, is_answered, &asked)) {
        kube_request_cancel(&request);
        return session_code(s, EXIT_ERROR);
    }
    if (!asked.object)
        return cli_fail(&asked.error);
    struct log_backup_spec spec = {.v1 = v1, .ns = session_namespace(s), .name = name, .prefix = s->args->prefix,
                                   .from = asked.object};
    struct json *manifest = action_new_log_backup(&spec, &err);
    json_free(&asked.object);
    if (!manifest)
        return cli_fail(&err);
    struct br_plan_spec plan = {.action = ACTION_START, .v1 = v1, .ns = session_namespace(s), .name = name,
                                .manifest = manifest};
    code = act_on(s, &plan, 1);
    json_free(&manifest);
    return code;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The namespaces that the manifests name: what is there already is looked at where they go. NULL where one names none
 * (the context's is meant then), or there are too many. NULL-terminated, the caller's. */
static const char **namespaces_of(const struct json *docs)
{
    size_t count = json_count(docs), kept = 0;
    if (!count || count > MANIFESTS_MAX)
        return NULL;
    const char **names = xcalloc(count + 1, sizeof *names);
    JSON_EACH (doc, docs) {
        const char *ns = json_text(json_at(doc, "metadata", "namespace", NULL));
        if (!ns || !*ns) {
            free(names);
            return NULL;
        }
        names[kept++] = ns;
    }
    qsort(names, count, sizeof *names, compare_names);
    kept = 1;
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], names[kept - 1]) != 0)
            names[kept++] = names[i];
    names[kept] = NULL;
    return names;
}

static int run_new(struct loop *loop, const struct arguments *args, enum action_id id, bool like)
{
    struct session s;
    struct fleet_options options = {.once = false};
    int code = EXIT_DONE;
    if (args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1])) {
        cli_say("%s needs one namespace: neither -A nor several", args->command);
        return EXIT_USAGE;
    }
    if (!act_check(args))
        return EXIT_USAGE;
    struct json *docs = like ? NULL : read_manifests(args->file); /* before anything is asked of a server */
    if (!like && !docs)
        return EXIT_ERROR;
    struct arguments there = *args;
    const char **names = docs && !args->namespaces ? namespaces_of(docs) : NULL;
    if (names)
        there.namespaces = names;
    if (session_open(&s, loop, &there, &options, &code) && session_settle(&s, &code))
        code = like ? start_like(&s, args->words[0]) : start_file(&s, id, docs);
    session_done(&s);
    json_free(&docs);
    free(names);
    return cli_end_of_output(code);
}

int run_start(struct loop *loop, const struct arguments *args)
{
    bool like = args->from && args->word_count == 1 && !args->file;
    bool file = args->file && !args->word_count && !args->from && !args->prefix;
    if (like || file)
        return run_new(loop, args, ACTION_START, like);
    cli_say("want \"brdeck start -f FILE\" or \"brdeck start NAME --from OLD --prefix PREFIX\"");
    return EXIT_USAGE;
}

int run_create(struct loop *loop, const struct arguments *args)
{
    if (args->file && !args->word_count)
        return run_new(loop, args, ACTION_CREATE, false);
    cli_say("want \"brdeck create -f FILE\"");
    return EXIT_USAGE;
}
