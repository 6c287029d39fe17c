#include <config.h>

#include <string.h>

#include <brdeck/base/alloc.h>

#include "handlers.h"
#include "protobuf.h"

static const char *text_or_empty(const struct json *object, const char *key)
{
    const char *text = json_string(object, key);
    return text ? text : "";
}

static void review_access(struct request *request, struct json *review)
{
    const struct json *spec = json_get(review, "spec"), *asked = json_get(spec, "resourceAttributes");
    struct access access = {.verb = text_or_empty(asked, "verb"),
                            .group = text_or_empty(asked, "group"),
                            .resource = text_or_empty(asked, "resource"),
                            .subresource = text_or_empty(asked, "subresource"),
                            .ns = text_or_empty(asked, "namespace"),
                            .name = text_or_empty(asked, "name")};
    /* Paths like /version are everybody's to read. */
    bool allowed = asked ? rbac_allows(request->user, &access) : true;
    json_set_bool(json_object_in(review, "status"), "allowed", allowed);
}

static void review_rules(struct request *request, struct json *review)
{
    const char *ns = text_or_empty(json_get(review, "spec"), "namespace");
    struct json *status = json_object_in(review, "status");
    json_set(status, "resourceRules", rbac_rules(request->user, ns));
    json_set(status, "nonResourceRules", json_new_array());
    json_set_bool(status, "incomplete", false);
    json_set(review, "spec", json_new_object());
}

static void review_self(struct request *request, struct json *review)
{
    struct json *info = json_object_in(json_object_in(review, "status"), "userInfo");
    json_set_string(info, "username", request->user->name);
    struct json *groups = json_new_array();
    json_append(groups, json_new_string(request->user->group));
    json_append(groups, json_new_string("system:authenticated"));
    json_set(info, "groups", groups);
}

static const struct review {
    const char *path, *kind, *version;
    void (*fill)(struct request *request, struct json *review);
} reviews[] = {
    {"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "SelfSubjectAccessReview", "authorization.k8s.io/v1",
     review_access},
    {"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "SelfSubjectRulesReview", "authorization.k8s.io/v1",
     review_rules},
    {"/apis/authentication.k8s.io/v1/selfsubjectreviews", "SelfSubjectReview", "authentication.k8s.io/v1", review_self},
};

bool handle_review(struct request *request)
{
    for (size_t i = 0; i < ARRAY_LEN(reviews) && strcmp(request->method, "POST") == 0; i++) {
        if (strcmp(request->path, reviews[i].path) != 0)
            continue;
        struct json *body = protobuf_review(request->body.data, request->body.len);
        if (!body)
            body = request_json(request);
        if (!body)
            return true;
        struct json *review = json_new_object();
        json_set_string(review, "kind", reviews[i].kind);
        json_set_string(review, "apiVersion", reviews[i].version);
        json_set(review, "metadata", json_new_object());
        const struct json *spec = json_get(body, "spec");
        json_set(review, "spec", spec ? json_copy(spec) : json_new_object());
        reviews[i].fill(request, review);
        json_free(&body);
        reply_json(request, 201, review);
        return true;
    }
    return false;
}
