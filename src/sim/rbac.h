/* rbac.h - who may do what, as one table: users by bearer token, and their rules. */
#ifndef BRDECK_SIM_RBAC_H
#define BRDECK_SIM_RBAC_H

#include <stdbool.h>
#include <stddef.h>

struct json;

struct user {
    const char *name, *token, *group;
};

/* The user of an Authorization header; NULL: nobody is logged in (401). */
const struct user *rbac_user(const char *authorization);
size_t rbac_user_count(void);
const struct user *rbac_user_at(size_t i);

/* What is asked for; "" for no namespace (all), no group (core), no subresource. */
struct access {
    const char *verb, *group, *resource, *subresource, *ns, *name;
};
bool rbac_allows(const struct user *user, const struct access *access);
/* The resourceRules of @user in @ns, as SelfSubjectRulesReview lists them. */
struct json *rbac_rules(const struct user *user, const char *ns);

#endif
