#include <config.h>

#include <brdeck/kube/config.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "config_private.h"

enum { FILE_MAX = 16 * 1024 * 1024 };

static const struct {
    const char *list, *member;
} kinds[KUBE_ENTRY_KINDS] = {
    [KUBE_ENTRY_CLUSTER] = {"clusters", "cluster"},
    [KUBE_ENTRY_USER] = {"users", "user"},
    [KUBE_ENTRY_CONTEXT] = {"contexts", "context"},
};

struct kube_config *kube_config_new(const char *looked)
{
    struct kube_config *config = xcalloc(1, sizeof *config);
    config->looked = xstrdup(looked);
    return config;
}

void kube_config_free(struct kube_config **ptr)
{
    struct kube_config *config = *ptr;
    *ptr = NULL;
    if (!config)
        return;
    for (size_t i = 0; i < config->file_count; i++) {
        free(config->files[i].path);
        free(config->files[i].folder);
        json_free(&config->files[i].documents);
        yaml_lines_done(&config->files[i].lines);
    }
    free(config->files);
    for (size_t i = 0; i < config->entry_count; i++)
        free(config->entries[i].name);
    free(config->entries);
    free(config->current);
    free(config->looked);
    free(config);
}

/* -- looking up ------------------------------------------------------------------- */

const struct kube_entry *kube_config_find(const struct kube_config *config, enum kube_entry_kind kind, const char *name)
{
    for (size_t i = 0; name && i < config->entry_count; i++) {
        if (config->entries[i].kind == kind && strcmp(config->entries[i].name, name) == 0)
            return &config->entries[i];
    }
    return NULL;
}

char *kube_config_where(const struct kube_config *config, const struct kube_entry *entry, const struct json *node)
{
    const struct kube_config_file *file = &config->files[entry->file];
    unsigned line = yaml_lines_find(&file->lines, node);
    if (!line)
        line = yaml_lines_find(&file->lines, entry->value ? entry->value : entry->item);
    return line ? xasprintf("%s:%u", file->path, line) : xstrdup(file->path);
}

char *kube_config_scalar(const struct json *node)
{
    enum json_type type = json_type(node);
    if (type == JSON_NUMBER || type == JSON_BOOL)
        return json_print(node);
    return str_empty(json_text(node)) ? NULL : xstrdup(json_text(node));
}

char *kube_entry_path(const struct kube_config *config, const struct kube_entry *entry, const char *path)
{
    if (path[0] == '/')
        return xstrdup(path);
    return xasprintf("%s/%s", config->files[entry->file].folder, path);
}

size_t kube_config_contexts(const struct kube_config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->entry_count; i++)
        count += config->entries[i].kind == KUBE_ENTRY_CONTEXT;
    return count;
}

const char *kube_config_context(const struct kube_config *config, size_t i)
{
    for (size_t k = 0; k < config->entry_count; k++) {
        if (config->entries[k].kind == KUBE_ENTRY_CONTEXT && i-- == 0)
            return config->entries[k].name;
    }
    return NULL;
}

/* -- merging a file in -------------------------------------------------------------- */

static bool wrong(const struct kube_config_file *file, const struct json *node, struct error *err, const char *what)
{
    unsigned line = yaml_lines_find(&file->lines, node);
    return error_set(err, ERROR_INPUT, "%s:%u: %s", file->path, line ? line : 1, what);
}

static bool add_entry(struct kube_config *config, enum kube_entry_kind kind, const struct json *item, struct error *err)
{
    const size_t here = config->file_count - 1;
    const struct json *value = json_get(item, kinds[kind].member), *bad = NULL;
    char *name = kube_config_scalar(json_get(item, "name")), what[160];
    const struct kube_entry *first = kube_config_find(config, kind, name);
    if (!name) {
        snprintf(what, sizeof what, "an entry of %s has no name", kinds[kind].list);
        bad = item;
    } else if (!json_is_null(value) && json_type(value) != JSON_OBJECT) {
        snprintf(what, sizeof what, "%s \"%.60s\" is no mapping", kinds[kind].member, name);
        bad = value;
    } else if (first && first->file == here) {
        snprintf(what, sizeof what, "%s \"%.60s\" is defined a second time", kinds[kind].member, name);
        bad = item;
    }
    if (bad || first) {
        free(name);
        return !bad || wrong(&config->files[here], bad, err, what);
    }
    config->entries = xreallocarray(config->entries, config->entry_count + 1, sizeof *config->entries);
    config->entries[config->entry_count++] =
        (struct kube_entry){kind, name, item, json_is_null(value) ? NULL : value, here};
    return true;
}

static bool add_entries(struct kube_config *config, enum kube_entry_kind kind, const struct json *list,
                        struct error *err)
{
    if (!json_is_null(list) && json_type(list) != JSON_ARRAY) {
        char what[80];
        snprintf(what, sizeof what, "%s is no list", kinds[kind].list);
        return wrong(&config->files[config->file_count - 1], list, err, what);
    }
    JSON_EACH(item, list) {
        if (!add_entry(config, kind, item, err))
            return false;
    }
    return true;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char here[PATH_MAX];
    if (slash && path[0] == '/')
        return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
    if (!getcwd(here, sizeof here))
        snprintf(here, sizeof here, ".");
    return slash ? xasprintf("%s/%.*s", here, (int)(slash - path), path) : xstrdup(here);
}

bool kube_config_add(struct kube_config *config, const char *path, const char *text, size_t len, struct error *err)
{
    struct kube_config_file file = {0};
    file.documents = yaml_parse_lines(text, len, path, &file.lines, err);
    if (!file.documents) {
        yaml_lines_done(&file.lines);
        return false;
    }
    file.path = xstrdup(path);
    file.folder = folder_of(path);
    config->files = xreallocarray(config->files, config->file_count + 1, sizeof *config->files);
    config->files[config->file_count++] = file;

    const struct json *document = json_first(file.documents); /* the Go client reads no other */
    const struct json *kind = json_get(document, "kind"), *current = json_get(document, "current-context");
    if (!document)
        return true; /* empty, as kubectl leaves it behind */
    if (json_type(document) != JSON_OBJECT || (!json_is_null(kind) && !str_same(json_text(kind), "Config")))
        return wrong(&file, kind, err, "this is no kubeconfig: it has another kind than Config");
    for (size_t i = 0; i < KUBE_ENTRY_KINDS; i++) {
        if (!add_entries(config, (enum kube_entry_kind)i, json_get(document, kinds[i].list), err))
            return false;
    }
    if (!config->current)
        config->current = kube_config_scalar(current);
    return true;
}

/* -- which files ---------------------------------------------------------------------- */

static bool add_file(struct kube_config *config, const char *path, bool must_be, struct error *err)
{
    struct str text;
    struct error why = {0};
    str_init(&text, FILE_MAX);
    bool done = file_read(path, &text, &why);
    if (done)
        done = kube_config_add(config, path, text.data, text.len, err);
    else if (why.code == ERROR_MISSING && !must_be)
        done = true;
    else
        error_set(err, ERROR_INPUT, "kubeconfig %s", why.text);
    wipe(text.data, text.cap);
    str_done(&text);
    return done;
}

static bool add_files(struct kube_config *config, const char *list, struct error *err)
{
    for (bool more = true; more;) {
        size_t len = strcspn(list, ":");
        more = list[len] != '\0';
        char *path = xstrndup(list, len);
        bool seen = len == 0;
        for (size_t i = 0; i < config->file_count; i++)
            seen = seen || strcmp(config->files[i].path, path) == 0;
        bool done = seen || add_file(config, path, false, err);
        free(path);
        if (!done)
            return false;
        list += len + more;
    }
    return true;
}

struct kube_config *kube_config_load(const char *path, struct error *err)
{
    const char *list = getenv("KUBECONFIG"), *home = getenv("HOME");
    struct kube_config *config;
    bool done = true;
    if (path) {
        config = kube_config_new(path);
        config->exclusive = true;
        done = add_file(config, path, true, err);
    } else if (!str_empty(list)) {
        config = kube_config_new(list);
        done = add_files(config, list, err);
    } else if (!str_empty(home)) {
        char *standard = xasprintf("%s/.kube/config", home);
        config = kube_config_new(standard);
        done = add_file(config, standard, false, err);
        free(standard);
    } else {
        config = kube_config_new("~/.kube/config");
    }
    if (!done)
        kube_config_free(&config);
    return config;
}
