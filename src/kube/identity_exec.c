#include <config.h>

#include "config_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

static const struct {
    const char *version;
    bool mode_needed;   /* no default for interactiveMode */
    const char *refuse; /* NULL: is spoken */
} versions[] = {
    {"client.authentication.k8s.io/v1", true, NULL},
    {"client.authentication.k8s.io/v1beta1", false, NULL},
    {"client.authentication.k8s.io/v1alpha1", false,
     "was taken out of Kubernetes in 1.24: update the plugin and write its kubeconfig entry anew (v1beta1 or v1)"},
};

static const struct {
    const char *name;
    enum kube_exec_mode mode;
} modes[] = {
    {"Never", KUBE_EXEC_NEVER},
    {"IfAvailable", KUBE_EXEC_IF_AVAILABLE},
    {"Always", KUBE_EXEC_ALWAYS},
};

struct reading {
    struct kube_identity *identity;
    const struct kube_config *config;
    const struct kube_entry *user;
    const struct json *exec;
    struct error *err;
};

static bool read_version(const struct reading *r, bool *mode_needed)
{
    const struct json *node = json_get(r->exec, "apiVersion");
    const char *version = json_text(node);
    if (str_empty(version))
        return kube_user_wrong(r->config, r->user, r->exec, r->err, "exec has no apiVersion");
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (strcmp(versions[i].version, version) != 0)
            continue;
        if (versions[i].refuse)
            return kube_user_wrong(r->config, r->user, node, r->err, "exec: apiVersion %s %s", version,
                                   versions[i].refuse);
        r->identity->exec.api_version = xstrdup(version);
        *mode_needed = versions[i].mode_needed;
        return true;
    }
    return kube_user_wrong(r->config, r->user, node, r->err,
                           "exec: apiVersion \"%.60s\" is not known: want client.authentication.k8s.io/v1 or v1beta1",
                           version);
}

static bool read_mode(const struct reading *r, bool needed)
{
    const struct json *node = json_get(r->exec, "interactiveMode");
    const char *name = json_text(node);
    r->identity->exec.mode = KUBE_EXEC_IF_AVAILABLE;
    if (str_empty(name))
        return !needed || kube_user_wrong(r->config, r->user, r->exec, r->err,
                                          "exec: with v1 interactiveMode must be set: Never, IfAvailable or Always");
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (strcmp(modes[i].name, name) == 0) {
            r->identity->exec.mode = modes[i].mode;
            return true;
        }
    }
    return kube_user_wrong(r->config, r->user, node, r->err,
                           "exec: interactiveMode \"%.40s\" is none of Never, IfAvailable and Always", name);
}

static bool read_env(const struct reading *r)
{
    const struct json *list = json_get(r->exec, "env");
    size_t count = 0;
    if (!json_is_null(list) && json_type(list) != JSON_ARRAY)
        return kube_user_wrong(r->config, r->user, list, r->err, "exec: env is no list");
    char **env = xcalloc(json_count(list) + 1, sizeof *env);
    r->identity->exec.env = env;
    JSON_EACH(item, list) {
        const char *name = json_string(item, "name");
        if (str_empty(name) || strchr(name, '='))
            return kube_user_wrong(r->config, r->user, item, r->err,
                                   "exec: an entry of env has no name, or one with \"=\"");
        char *value = kube_config_scalar(json_get(item, "value"));
        env[count++] = xasprintf("%s=%s", name, value ? value : "");
        free(value);
    }
    return true;
}

static bool read_command(const struct reading *r)
{
    const struct json *args = json_get(r->exec, "args");
    char *command = kube_config_scalar(json_get(r->exec, "command"));
    if (!command)
        return kube_user_wrong(r->config, r->user, r->exec, r->err, "exec has no command");
    if (strchr(command, '/')) /* else it is looked up in PATH */
        r->identity->exec.command = kube_entry_path(r->config, r->user, command);
    else
        r->identity->exec.command = xstrdup(command);
    free(command);
    if (!json_is_null(args) && json_type(args) != JSON_ARRAY)
        return kube_user_wrong(r->config, r->user, args, r->err, "exec: args is no list");
    r->identity->exec.args = kube_strings_read(args);
    return true;
}

bool kube_exec_read(struct kube_identity *identity, const struct kube_config *config, const struct kube_entry *user,
                    const struct json *node, struct error *err)
{
    struct reading r = {identity, config, user, node, err};
    bool mode_needed = false;
    if (json_type(node) != JSON_OBJECT)
        return kube_user_wrong(config, user, node, err, "exec is no mapping");
    if (!read_version(&r, &mode_needed) || !read_command(&r) || !read_env(&r) || !read_mode(&r, mode_needed))
        return false;
    identity->kind = KUBE_AUTH_EXEC;
    identity->exec.install_hint = kube_config_scalar(json_get(node, "installHint"));
    identity->exec.provide_cluster_info = json_is_true(json_get(node, "provideClusterInfo"));
    return true;
}
