#include <config.h>

#include "rbac.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

static const struct user users[] = {
    {"admin", "admin-token", "system:masters"},
    {"viewer", "viewer-token", "developers"},
    {"orders-dba", "orders-token", "dba"},
    {"nobody", "none-token", "nobodies"},
};

/* @ns "*": everywhere, cluster scope included; else that namespace only. Lists are words
 * between spaces; "*" matches all. */
static const struct rule {
    const char *user, *ns, *verbs, *groups, *resources;
} rules[] = {
    {"admin", "*", "*", "*", "*"},
    {"viewer", "orders", "get list watch", "*", "*"},
    {"orders-dba", "orders", "get list watch create patch delete", "br.pingcap.com",
     "backups restores backupschedules compactbackups"},
    {"orders-dba", "orders", "get list watch", "core batch core.pingcap.com",
     "pods pods/log events jobs clusters pdgroups tikvgroups"},
    {"orders-dba", "orders", "create", "core", "services/proxy"},
};

const struct user *rbac_user(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (!authorization || strncmp(authorization, scheme, sizeof scheme - 1) != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(users); i++)
        if (strcmp(users[i].token, authorization + sizeof scheme - 1) == 0)
            return &users[i];
    return NULL;
}

size_t rbac_user_count(void) { return ARRAY_LEN(users); }
const struct user *rbac_user_at(size_t i) { return &users[i]; }

static bool has_word(const char *words, const char *word)
{
    if (strcmp(words, "*") == 0)
        return true;
    size_t n = strlen(word);
    for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == n && strncmp(at, word, n) == 0)
            return true;
    return false;
}

bool rbac_allows(const struct user *user, const struct access *access)
{
    struct str full;
    str_init(&full, STR_SMALL);
    str_addf(&full, "%s%s%s", access->resource, *access->subresource ? "/" : "", access->subresource);
    bool allowed = false;
    for (size_t i = 0; i < ARRAY_LEN(rules) && !allowed; i++) {
        const struct rule *rule = &rules[i];
        allowed = strcmp(rule->user, user->name) == 0 &&
                  (strcmp(rule->ns, "*") == 0 || strcmp(rule->ns, access->ns) == 0) &&
                  has_word(rule->verbs, access->verb) && has_word(rule->resources, full.data) &&
                  has_word(rule->groups, *access->group ? access->group : "core");
    }
    str_done(&full);
    return allowed;
}

static struct json *word_list(const char *words)
{
    struct json *list = json_new_array();
    for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        char *word = xstrndup(at, strcspn(at, " "));
        json_append(list, json_new_string(strcmp(word, "core") == 0 ? "" : word));
        free(word);
    }
    return list;
}

struct json *rbac_rules(const struct user *user, const char *ns)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct rule *rule = &rules[i];
        if (strcmp(rule->user, user->name) != 0 || (strcmp(rule->ns, "*") != 0 && strcmp(rule->ns, ns) != 0))
            continue;
        struct json *item = json_new_object();
        json_set(item, "verbs", word_list(rule->verbs));
        json_set(item, "apiGroups", word_list(rule->groups));
        json_set(item, "resources", word_list(rule->resources));
        json_append(list, item);
    }
    return list;
}
