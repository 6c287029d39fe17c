#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "cluster.h"
#include "fields.h"
#include "handlers.h"
#include "jobs.h"
#include "sim.h"
#include "validate.h"

enum { MANAGER_MAX = 128 };

static bool is_dry_run(const struct request *request)
{
    const char *dry = request_query(request, "dryRun");
    return dry && strcmp(dry, "All") == 0;
}

static const char *meta_text(const struct json *object, const char *key)
{
    const char *text = json_text(json_at(object, "metadata", key, NULL));
    return text ? text : "";
}

/* Answer with @tree as it stands, its kind and apiVersion first. */
static void reply_object(struct request *request, unsigned code, struct json *tree)
{
    json_remove(tree, "kind");
    json_remove(tree, "apiVersion");
    char *rest = json_print(tree), *text = xasprintf("%s%s\n", request->kind->head, rest + 1);
    reply_text(request, code, "application/json", text, strlen(text));
    free(rest);
    free(text);
    json_free(&tree);
}

static void add_warning(struct request *request, const struct str *unknown)
{
    struct str quoted;
    str_init(&quoted, STR_SMALL);
    for (const char *c = unknown->data; *c; c++)
        str_addf(&quoted, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    char *text = xasprintf("299 - \"%s\"", quoted.data);
    reply_header(request, "Warning", text);
    free(text);
    str_done(&quoted);
}

static void reply_strict_patch(struct request *request, const struct json *tree, const char *unknown)
{
    char *object = json_print(tree);
    struct json *quoted = json_new_string(object);
    char *escaped = json_print(quoted);
    char *cause_text = xasprintf("Invalid value: %s: strict decoding error: %s", escaped, unknown);
    char *message = xasprintf(" \"\" is invalid: patch: %s", cause_text);
    struct json *status = status_tree(422, "Invalid", message), *cause = json_new_object(), *list = json_new_array();
    json_set_string(cause, "reason", "FieldValueInvalid");
    json_set_string(cause, "message", cause_text);
    json_set_string(cause, "field", "patch");
    json_append(list, cause);
    json_set(json_object_in(status, "details"), "causes", list);
    reply_json(request, 422, status);
    json_free(&quoted);
    free(object);
    free(escaped);
    free(cause_text);
    free(message);
}

/* Prune, default and validate @tree. False after answering; what is unknown stands in
 * @unknown for the warning. */
static bool check(struct request *request, struct json *tree, const struct json *unpruned, struct str *unknown)
{
    const struct kind *kind = request->kind;
    const char *level = request_query(request, "fieldValidation");
    validate_prune(kind, tree, unknown);
    if (unknown->len && level && strcmp(level, "Strict") == 0) {
        if (strcmp(request->method, "PATCH") == 0)
            reply_strict_patch(request, unpruned, unknown->data);
        else
            reply_failure(request, 400, "BadRequest",
                          "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s", kind->name,
                          kind->version, kind->name, unknown->data);
        return false;
    }
    if (level && strcmp(level, "Ignore") == 0)
        str_clear(unknown);
    validate_default(kind, tree);
    struct findings findings;
    validate(kind, tree, &findings);
    struct cause causes[CAUSES_MAX];
    for (size_t i = 0; i < findings.count; i++)
        causes[i] = (struct cause){.field = findings.items[i].field,
                                   .reason = findings.items[i].reason,
                                   .message = findings.items[i].message};
    bool valid = findings.count == 0;
    if (!valid)
        reply_invalid(request, meta_text(tree, "name"), causes, findings.count);
    findings_done(&findings);
    return valid;
}

static void copy_member(struct json *to, const struct json *from, const char *key)
{
    if (json_get(from, key))
        json_set(to, key, json_copy(json_get(from, key)));
    else
        json_remove(to, key);
}

/* What a write of this subresource may not touch goes back to what it was. */
static void restrict_write(const struct request *request, const struct json *old, struct json *new)
{
    static const char *const fixed[] = {"name", "namespace", "uid", "creationTimestamp", "generation",
                                        "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds",
                                        "resourceVersion"};
    copy_member(new, old, "kind");
    copy_member(new, old, "apiVersion");
    if (strcmp(request->sub, "status") == 0) {
        struct json *status = json_copy(json_get(new, "status"));
        JSON_EACH(member, old)
        json_set(new, json_key(member), json_copy(member));
        if (status)
            json_set(new, "status", status);
        else
            json_remove(new, "status");
        return;
    }
    if (request->kind->status)
        copy_member(new, old, "status");
    struct json *meta = json_object_in(new, "metadata");
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        copy_member(meta, json_get(old, "metadata"), fixed[i]);
}

/* Whether anything but metadata and (where it is apart) status differs. */
static bool spec_differs(const struct kind *kind, const struct json *old, const struct json *new)
{
    static const char *const parts[] = {"spec", "data", "type"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (!json_equal(json_get(old, parts[i]), json_get(new, parts[i])))
            return true;
    return !kind->status && !json_equal(json_get(old, "status"), json_get(new, "status"));
}

static void raise_generation(struct json *tree)
{
    int64_t generation = 0;
    json_int(json_at(tree, "metadata", "generation", NULL), &generation);
    json_set_int(json_object_in(tree, "metadata"), "generation", generation + 1);
}

/* Store @new over @old, or answer as if. Both are used up. */
static void commit(struct request *request, struct json *old, struct json *new)
{
    struct str unknown;
    str_init(&unknown, STR_SMALL);
    struct json *unpruned = json_copy(new);
    restrict_write(request, old, new);
    if (!check(request, new, unpruned, &unknown)) {
        json_free(&new);
    } else if (json_equal(old, new)) {
        reply_object(request, 200, new);
    } else {
        char manager[MANAGER_MAX];
        if (request->kind->custom && spec_differs(request->kind, old, new))
            raise_generation(new);
        fields_update(old, new, request_manager(request, manager, sizeof manager), request->sub);
        bool gone = *meta_text(new, "deletionTimestamp") &&
                    json_count(json_at(new, "metadata", "finalizers", NULL)) == 0;
        if (is_dry_run(request)) {
            reply_object(request, 200, new);
        } else if (gone) {
            reply_object(request, 200, new);
            cluster_remove(request->sim, request->kind, request->ns, request->name);
        } else {
            const struct object *stored = store_put(request->sim->store, request->kind, new);
            reply_text(request, 200, "application/json", stored->text->text, stored->text->len);
        }
    }
    if (unknown.len && request->code == 200)
        add_warning(request, &unknown);
    str_done(&unknown);
    json_free(&unpruned);
    json_free(&old);
}

/* Whether resourceVersion and uid of @wanted, where given, are those of @old; else answers 409. */
static bool meets_preconditions(struct request *request, const struct json *old, const struct json *wanted)
{
    const char *rv = json_string(wanted, "resourceVersion"), *uid = json_string(wanted, "uid");
    if (uid && *uid && strcmp(uid, meta_text(old, "uid")) != 0) {
        char *why = xasprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid,
                              meta_text(old, "uid"));
        reply_conflict(request, request->name, why);
        free(why);
        return false;
    }
    if (rv && *rv && strcmp(rv, meta_text(old, "resourceVersion")) != 0) {
        reply_conflict(request, request->name,
                       "the object has been modified; please apply your changes to the latest version and try again");
        return false;
    }
    return true;
}

void handle_patch(struct request *request)
{
    const char *type = request_header(request, "Content-Type");
    bool merge = type && str_starts(type, "application/merge-patch+json");
    /* kubectl patches built-in kinds strategically; for the few here a merge does the same. */
    if (!merge && !(type && !request->kind->custom && str_starts(type, "application/strategic-merge-patch+json"))) {
        reply_failure(request, 415, "UnsupportedMediaType",
                      "the body of the request was in an unknown format - accepted media types include: "
                      "application/merge-patch+json (brdeck-sim knows neither json-patch nor server-side apply)");
        return;
    }
    struct json *patch = request_json(request);
    if (!patch)
        return;
    struct json *old = store_read(request->sim->store, request->kind, request->ns, request->name);
    if (!old) {
        reply_not_found(request);
    } else if (meets_preconditions(request, old, json_get(patch, "metadata"))) {
        struct json *new = json_merge_patch(json_copy(old), patch);
        commit(request, old, new);
        old = NULL;
    }
    json_free(&old);
    json_free(&patch);
}

void handle_replace(struct request *request)
{
    struct json *new = request_json(request);
    if (!new)
        return;
    struct json *old = store_read(request->sim->store, request->kind, request->ns, request->name);
    if (!old) {
        reply_not_found(request);
    } else if (!*meta_text(new, "resourceVersion") && request->kind->custom) {
        struct cause cause = {.field = "metadata.resourceVersion",
                              .reason = "FieldValueInvalid",
                              .message = xstrdup("Invalid value: 0: must be specified for an update")};
        reply_invalid(request, request->name, &cause, 1);
        free(cause.message);
    } else if (meets_preconditions(request, old, json_get(new, "metadata"))) {
        commit(request, old, new);
        old = new = NULL;
    }
    json_free(&old);
    json_free(&new);
}

/* -- create ---------------------------------------------------------------------- */

/* Name (or generateName) and namespace of a new object; false after answering. */
static bool settle_name(struct request *request, struct json *tree)
{
    struct json *meta = json_object_in(tree, "metadata");
    const char *prefix = meta_text(tree, "generateName");
    if (!*meta_text(tree, "name") && *prefix) {
        static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
        char *name = xasprintf("%s.....", prefix);
        for (char *c = name + strlen(prefix); *c; c++)
            *c = letters[random_below(sizeof letters - 1)];
        json_set_string(meta, "name", name);
        free(name);
    }
    if (*request->ns)
        json_set_string(meta, "namespace", request->ns);
    const char *name = meta_text(tree, "name");
    if (validate_name(name))
        return true;
    struct cause cause = {.field = "metadata.name", .reason = "FieldValueInvalid"};
    if (*name) {
        cause.message = xasprintf("Invalid value: \"%s\": %s", name, validate_name_rule);
    } else {
        cause.reason = "FieldValueRequired";
        cause.message = xstrdup("Required value: name or generateName is required");
    }
    reply_invalid(request, name, &cause, 1);
    free(cause.message);
    return false;
}

static bool is_good_body(struct request *request, const struct json *tree)
{
    char version[96];
    const char *kind = json_string(tree, "kind"), *api = json_string(tree, "apiVersion");
    if ((!kind || strcmp(kind, request->kind->name) == 0) &&
        (!api || strcmp(api, kind_api_version(request->kind, version, sizeof version)) == 0) &&
        json_type(tree) == JSON_OBJECT)
        return true;
    reply_failure(request, 400, "BadRequest", "the kind in the data (%s, %s) does not match the expected one (%s, %s)",
                  kind ? kind : "none", api ? api : "none", request->kind->name,
                  kind_api_version(request->kind, version, sizeof version));
    return false;
}

/* @tree with what the API server adds to a new object. */
static void settle_meta(struct request *request, struct json *tree)
{
    struct json *meta = json_object_in(tree, "metadata");
    static const char *const own[] = {"resourceVersion", "managedFields", "deletionTimestamp", "selfLink"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        json_remove(meta, own[i]);
    struct json *fresh = object_new(request->kind, "", "x", 0);
    copy_member(meta, json_get(fresh, "metadata"), "uid");
    copy_member(meta, json_get(fresh, "metadata"), "creationTimestamp");
    copy_member(tree, fresh, "kind");
    copy_member(tree, fresh, "apiVersion");
    if (request->kind->custom)
        json_set_int(meta, "generation", 1);
    if (request->kind->status)
        json_remove(tree, "status");
    if (request->kind->id == KIND_NAMESPACE)
        json_set_string(json_object_in(tree, "status"), "phase", "Active");
    if (request->kind->id == KIND_JOB)
        job_settle(tree);
    json_free(&fresh);
}

/* Store a new object and answer with it. @tree is used up. */
static void store_new_object(struct request *request, struct json *tree)
{
    struct sim *sim = request->sim;
    const struct object *stored = store_put(sim->store, request->kind, tree);
    reply_text(request, 201, "application/json", stored->text->text, stored->text->len);
    /* As the controllers of a real cluster do. */
    if (request->kind->id == KIND_NAMESPACE)
        store_put(sim->store, kind_of(KIND_SERVICE_ACCOUNT),
                  object_new(kind_of(KIND_SERVICE_ACCOUNT), stored->name, "default", 0));
}

void handle_create(struct request *request)
{
    struct sim *sim = request->sim;
    if (*request->name) {
        reply_failure(request, 405, "MethodNotAllowed", "the server does not allow this method on the requested reso"
                                                        "urce");
        return;
    }
    struct json *tree = request_json(request);
    struct str unknown;
    str_init(&unknown, STR_SMALL);
    struct json *unpruned = json_copy(tree);
    if (!tree || !is_good_body(request, tree)) {
    } else if (*request->ns && !store_get(sim->store, kind_of(KIND_NAMESPACE), "", request->ns)) {
        reply_failure(request, 404, "NotFound", "namespaces \"%s\" not found", request->ns);
    } else if (settle_name(request, tree) && check(request, tree, unpruned, &unknown)) {
        const char *name = meta_text(tree, "name");
        if (store_get(sim->store, request->kind, request->ns, name)) {
            reply_exists(request, name);
        } else {
            char manager[MANAGER_MAX];
            settle_meta(request, tree);
            fields_update(NULL, tree, request_manager(request, manager, sizeof manager), "");
            if (is_dry_run(request))
                reply_object(request, 201, tree);
            else
                store_new_object(request, tree);
            tree = NULL;
            if (unknown.len)
                add_warning(request, &unknown);
        }
    }
    str_done(&unknown);
    json_free(&unpruned);
    json_free(&tree);
}

/* -- delete ----------------------------------------------------------------------- */

static void reply_deleted(struct request *request, const struct json *old)
{
    struct json *status = json_new_object();
    json_set_string(status, "kind", "Status");
    json_set_string(status, "apiVersion", "v1");
    json_set(status, "metadata", json_new_object());
    json_set_string(status, "status", "Success");
    struct json *details = json_object_in(status, "details");
    json_set_string(details, "name", request->name);
    if (*request->kind->group)
        json_set_string(details, "group", request->kind->group);
    json_set_string(details, "kind", request->kind->plural);
    json_set_string(details, "uid", meta_text(old, "uid"));
    reply_json(request, 200, status);
}

/* Mark what has finalizers as being deleted. @old is used up. */
static void mark_deleted(struct request *request, struct json *old, bool dry)
{
    if (!*meta_text(old, "deletionTimestamp")) {
        char now[CLOCK_TEXT_MAX];
        struct json *meta = json_object_in(old, "metadata");
        json_set_int(meta, "deletionGracePeriodSeconds", 0);
        json_set_string(meta, "deletionTimestamp", clock_format_rfc3339(clock_wall_ms(), now));
        raise_generation(old);
        if (!dry) {
            const struct object *stored = store_put(request->sim->store, request->kind, old);
            reply_text(request, 200, "application/json", stored->text->text, stored->text->len);
            return;
        }
    }
    reply_object(request, 200, old);
}

void handle_delete(struct request *request)
{
    struct json *options = request->body.len ? request_json(request) : json_new_object();
    if (!options)
        return;
    struct json *old = store_read(request->sim->store, request->kind, request->ns, request->name);
    if (!old) {
        reply_not_found(request);
    } else if (meets_preconditions(request, old, json_get(options, "preconditions"))) {
        bool dry = is_dry_run(request) || str_same(json_text(json_first(json_get(options, "dryRun"))), "All");
        if (json_count(json_at(old, "metadata", "finalizers", NULL)) > 0) {
            mark_deleted(request, old, dry);
            old = NULL;
        } else {
            reply_deleted(request, old);
            if (!dry)
                cluster_remove(request->sim, request->kind, request->ns, request->name);
        }
    }
    json_free(&old);
    json_free(&options);
}
