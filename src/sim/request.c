#include <config.h>

#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

const char *request_query(const struct request *request, const char *key)
{
    const char *value = NULL;
    size_t len;
    if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, key, strlen(key), &value, &len) ==
        MHD_NO)
        return NULL;
    return value ? value : "";
}

bool request_query_true(const struct request *request, const char *key)
{
    const char *value = request_query(request, key);
    return value && strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

const char *request_header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct json *request_json(struct request *request)
{
    struct error err;
    const char *type = request_header(request, "Content-Type");
    if (type && str_starts(type, "application/vnd.kubernetes.protobuf")) {
        reply_failure(request, 415, "UnsupportedMediaType",
                      "brdeck-sim takes JSON, not protobuf: kubectl apply -f FILE sends it");
        return NULL;
    }
    struct json *tree = json_parse(request->body.data, request->body.len, &err);
    if (!tree) {
        reply_failure(request, 400, "BadRequest", "error decoding the body: %s", err.text);
    } else if (json_type(tree) != JSON_OBJECT) {
        reply_failure(request, 400, "BadRequest", "error decoding the body: it is no JSON object");
        json_free(&tree);
    }
    return tree;
}

bool request_wants_table(const struct request *request)
{
    const char *accept = request_header(request, "Accept");
    return accept && strstr(accept, "as=Table");
}

const char *request_manager(const struct request *request, char *buf, size_t size)
{
    const char *manager = request_query(request, "fieldManager");
    if (manager && *manager) {
        snprintf(buf, size, "%s", manager);
        return buf;
    }
    const char *agent = request_header(request, "User-Agent");
    agent = agent && *agent ? agent : "unknown";
    snprintf(buf, size, "%.*s", (int)strcspn(agent, "/ "), agent);
    return buf;
}

/* The clock's Date, which tests freeze, not that of the system. */
static void add_date(struct request *request)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char text[64];
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    reply_header(request, "Date", text);
}

void reply(struct request *request, unsigned code, struct MHD_Response *response, const char *type)
{
    if (request->response)
        MHD_destroy_response(request->response);
    request->response = response;
    request->code = code;
    reply_header(request, "Content-Type", type);
    reply_header(request, "Cache-Control", "no-cache, private");
    add_date(request);
    /* Fixed, where a real server names the flow that took the request. */
    reply_header(request, "X-Kubernetes-Pf-Flowschema-Uid", "2a06af57-0383-413e-b2cf-030fda103a83");
    reply_header(request, "X-Kubernetes-Pf-Prioritylevel-Uid", "a7f5e21b-cf07-4ffa-86b3-fd5c00cc4ef4");
}

void reply_header(struct request *request, const char *name, const char *value)
{
    MHD_add_response_header(request->response, name, value);
}

void reply_text(struct request *request, unsigned code, const char *type, const char *text, size_t len)
{
    /* MHD takes a pointer to void even where it only copies. */
    reply(request, code, MHD_create_response_from_buffer(len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY), type);
}

void reply_json(struct request *request, unsigned code, struct json *tree)
{
    char *text = json_print(tree);
    size_t len = strlen(text);
    text = xrealloc(text, len + 2);
    memcpy(text + len, "\n", 2);
    reply(request, code, MHD_create_response_from_buffer(len + 1, text, MHD_RESPMEM_MUST_FREE), "application/json");
    json_free(&tree);
}

struct json *status_tree(unsigned code, const char *reason, const char *message)
{
    struct json *status = json_new_object();
    json_set_string(status, "kind", "Status");
    json_set_string(status, "apiVersion", "v1");
    json_set(status, "metadata", json_new_object());
    json_set_string(status, "status", "Failure");
    json_set_string(status, "message", message);
    json_set_string(status, "reason", reason);
    json_set_int(status, "code", code);
    return status;
}

void reply_failure(struct request *request, unsigned code, const char *reason, const char *format, ...)
{
    struct str message;
    str_init(&message, STR_LARGE);
    va_list args;
    va_start(args, format);
    str_vaddf(&message, format, args);
    va_end(args);
    reply_json(request, code, status_tree(code, reason, message.data));
    str_done(&message);
}

/* The Status of @reason with the details of the route's object; code comes last, as recorded. */
static struct json *status_about(struct request *request, unsigned code, const char *reason, const char *message,
                                 const char *name, bool by_kind)
{
    struct json *status = status_tree(code, reason, message);
    struct json *details = json_object_in(status, "details");
    if (*name)
        json_set_string(details, "name", name);
    if (*request->kind->group)
        json_set_string(details, "group", request->kind->group);
    json_set_string(details, "kind", by_kind ? request->kind->name : request->kind->plural);
    json_remove(status, "code");
    json_set_int(status, "code", code);
    return status;
}

void reply_not_found(struct request *request)
{
    char full[128], message[640];
    snprintf(message, sizeof message, "%s \"%s\" not found", kind_full_plural(request->kind, full, sizeof full),
             request->name);
    reply_json(request, 404, status_about(request, 404, "NotFound", message, request->name, false));
}

void reply_exists(struct request *request, const char *name)
{
    char full[128], message[640];
    snprintf(message, sizeof message, "%s \"%s\" already exists", kind_full_plural(request->kind, full, sizeof full),
             name);
    reply_json(request, 409, status_about(request, 409, "AlreadyExists", message, name, false));
}

void reply_conflict(struct request *request, const char *name, const char *why)
{
    char full[128], message[1024];
    snprintf(message, sizeof message, "Operation cannot be fulfilled on %s \"%s\": %s",
             kind_full_plural(request->kind, full, sizeof full), name, why);
    reply_json(request, 409, status_about(request, 409, "Conflict", message, name, false));
}

void reply_invalid(struct request *request, const char *name, const struct cause *causes, size_t count)
{
    struct str message;
    str_init(&message, STR_LARGE);
    str_addf(&message, "%s%s%s \"%s\" is invalid: ", request->kind->name, *request->kind->group ? "." : "",
             request->kind->group, name);
    /* One rule broken twice (the two halves of the CEL rule) is said once. */
    bool several = count > 1 && strcmp(causes[0].message, causes[1].message) != 0;
    struct json *list = json_new_array();
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || several)
            str_addf(&message, "%s%s: %s", i ? ", " : several ? "[" : "", causes[i].field, causes[i].message);
        struct json *cause = json_new_object();
        json_set_string(cause, "reason", causes[i].reason);
        json_set_string(cause, "message", causes[i].message);
        json_set_string(cause, "field", causes[i].field);
        json_append(list, cause);
    }
    if (several)
        str_addc(&message, ']');
    struct json *status = status_about(request, 422, "Invalid", message.data, name, true);
    json_set(json_object_in(status, "details"), "causes", list);
    reply_json(request, 422, status);
    str_done(&message);
}
