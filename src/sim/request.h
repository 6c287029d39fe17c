/* request.h - one request on its way through the server, and how it is answered.
 *
 * A handler reads the route, the query and the body, and fills in exactly one
 * response. Failures are Status objects in the shapes a real API server has.
 */
#ifndef BRDECK_SIM_REQUEST_H
#define BRDECK_SIM_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>

#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

#include "faults.h"
#include "kinds.h"
#include "rbac.h"
#include "timers.h"

struct sim;

enum { SEGMENTS_MAX = 16, BODY_MAX = 3 * 1024 * 1024 };

struct request {
    struct sim *sim;
    struct MHD_Connection *connection;
    const char *method, *path; /* the path is decoded */
    struct str body;
    struct str log; /* method, path and query, for faults and the log */

    /* The route, by the router. */
    char *segments_text;
    const char *segments[SEGMENTS_MAX];
    size_t segment_count;
    const struct kind *kind;
    const char *ns, *name, *sub; /* "" when absent */
    size_t rest;                 /* first segment behind the subresource */
    const struct user *user;

    /* The answer. */
    struct MHD_Response *response;
    unsigned code;
    struct timer delay; /* held back by a fault */
    bool held;
    struct fault_effect fault;
    struct request *prev, *next; /* all that are open */
};

/* The value of a query parameter; NULL when absent. "?watch" alone gives "". */
const char *request_query(const struct request *request, const char *key);
bool request_query_true(const struct request *request, const char *key);
/* A header; NULL when absent. */
const char *request_header(const struct request *request, const char *name);
/* The body as a JSON object; NULL after answering 400. The caller frees. */
struct json *request_json(struct request *request);
/* Whether the client wants a Table (kubectl's columns). */
bool request_wants_table(const struct request *request);
/* Who writes: fieldManager, else the first word of User-Agent. @buf is returned. */
const char *request_manager(const struct request *request, char *buf, size_t size);

/* Take over @response and answer with it. */
void reply(struct request *request, unsigned code, struct MHD_Response *response, const char *type);
void reply_text(struct request *request, unsigned code, const char *type, const char *text, size_t len);
/* Print and free @tree. */
void reply_json(struct request *request, unsigned code, struct json *tree);
void reply_header(struct request *request, const char *name, const char *value);

/* A Status that says failure. */
__attribute__((format(printf, 4, 5)))
void reply_failure(struct request *request, unsigned code, const char *reason, const char *format, ...);
/* Those that name the object of the route. */
void reply_not_found(struct request *request);
void reply_exists(struct request *request, const char *name);
void reply_conflict(struct request *request, const char *name, const char *why);
/* 422 with one cause for each of @count (field, reason, message) triples. */
struct cause {
    const char *field, *reason;
    char *message;
};
void reply_invalid(struct request *request, const char *name, const struct cause *causes, size_t count);
/* A Status as a tree, for the ERROR event of a watch; the caller frees. */
struct json *status_tree(unsigned code, const char *reason, const char *message);

#endif
