/* start.c - a new log backup, from a manifest or like an old one. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/kube/yaml.h>

#include "cli_private.h"

enum { MANIFESTS_MAX = 64 };


static bool check_manifest(const struct json *doc, const char *file, size_t nth, struct error *err)
{
    const char *api = json_string(doc, "apiVersion"), *kind = json_string(doc, "kind");
    bool known = str_same(api, "br.pingcap.com/v1alpha1") || str_same(api, "pingcap.com/v1alpha1");
    if (!known || !str_same(kind, "Backup"))
        return error_set(err, ERROR_INPUT, "%s: document %zu is %s %s: want a Backup of br.pingcap.com/v1alpha1 or pingcap.com/v1alpha1", file,
                         nth, api ? api : "without apiVersion", kind ? kind : "without kind");
    if (!json_text(json_at(doc, "metadata", "name", NULL)))
        return error_set(err, ERROR_INPUT, "%s: document %zu has no metadata.name", file, nth);
    if (!str_same(json_text(json_at(doc, "spec", "backupMode", NULL)), "log"))
        return error_set(err, ERROR_INPUT, "%s: document %zu is no log backup: want spec.backupMode: log", file, nth);
    return true;
}

static int start_file(struct session *s)
{
    struct error err;
    struct str text;
    str_init(&text, STR_LARGE);
    bool read = file_read(s->args->file, &text, &err);
    struct json *docs = read ? yaml_parse(text.data, text.len, s->args->file, &err) : NULL;
    str_done(&text);
    if (!docs)
        return cli_fail(&err);
    struct br_plan_spec specs[MANIFESTS_MAX];
    size_t count = 0;
    int code = json_count(docs) ? EXIT_DONE : EXIT_ERROR;
    if (code)
        cli_say("%s: there is nothing in it", s->args->file);
    JSON_EACH(doc, docs) {
        if (count == MANIFESTS_MAX || !check_manifest(doc, s->args->file, count + 1, &err)) {
            code = count == MANIFESTS_MAX ? EXIT_ERROR : cli_fail(&err);
            break;
        }
        const char *ns = json_text(json_at(doc, "metadata", "namespace", NULL));
        specs[count++] = (struct br_plan_spec){.action = ACTION_START, .v1 = str_same(json_string(doc, "apiVersion"), "pingcap.com/v1alpha1"),
                                               .ns = ns ? ns : session_namespace(s), .name = json_text(json_at(doc, "metadata", "name", NULL)),
                                               .manifest = doc};
    }
    if (code == EXIT_DONE)
        code = act_on(s, specs, count);
    json_free(&docs);
    return code;
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
    slot_t slot = store_find(fleet_store(s->fleet), session_namespace(s), s->args->from);
    const struct store_row *row = slot == SLOT_NONE ? NULL : store_get(fleet_store(s->fleet), slot);
    if (!row) {
        cli_say("there is no backup \"%s\" in %s", s->args->from, session_namespace(s));
        return EXIT_ERROR;
    }
    bool v1 = row->record->v1;
    fleet_fetch(s->fleet, v1, session_namespace(s), s->args->from, on_old, &asked);
    session_wait(s, is_answered, &asked);
    if (!asked.object)
        return cli_fail(&asked.error);
    struct log_backup_spec spec = {.v1 = v1, .ns = session_namespace(s), .name = name, .prefix = s->args->prefix, .from = asked.object};
    struct json *manifest = action_new_log_backup(&spec, &err);
    json_free(&asked.object);
    if (!manifest)
        return cli_fail(&err);
    struct br_plan_spec plan = {.action = ACTION_START, .v1 = v1, .ns = session_namespace(s), .name = name, .manifest = manifest};
    int code = act_on(s, &plan, 1);
    json_free(&manifest);
    return code;
}

int run_start(struct loop *loop, const struct arguments *args)
{
    struct session s;
    struct fleet_options options = {.once = false};
    int code = EXIT_DONE;
    bool like = args->from && args->word_count == 1 && !args->file, file = args->file && !args->word_count && !args->from;
    if (!like && !file) {
        cli_say("want \"brdeck start -f FILE\" or \"brdeck start NAME --from OLD --prefix PREFIX\"");
        return EXIT_USAGE;
    }
    if (args->all_namespaces) {
        cli_say("-A does not go with start: a new backup needs one namespace");
        return EXIT_USAGE;
    }
    if (session_open(&s, loop, args, &options, &code) && session_settle(&s, &code))
        code = like ? start_like(&s, args->words[0]) : start_file(&s);
    session_done(&s);
    return code;
}
