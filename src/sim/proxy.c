#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "handlers.h"
#include "operator.h"
#include "sim.h"

static const char no_page[] = "404 page not found\n";
static const char plain_to_tls[] = "Client sent an HTTP request to an HTTPS server.\n";
static const char bad_method[] = "{\"error\":\"Method Not Allowed\",\"code\":12,\"message\":\"Method Not Allowed\"}";

/* What PD itself answers. */
static void answer_pd(struct request *request, const char *service, const char *path)
{
    struct pd *pd = operator_pd(request->sim->operator_);
    if (strcmp(path, "/v3/kv/range") != 0) {
        pd->others++;
        reply_text(request, 404, "text/plain; charset=utf-8", no_page, sizeof no_page - 1);
    } else if (strcmp(request->method, "POST") != 0) {
        pd->others++;
        reply_text(request, 405, "application/json", bad_method, sizeof bad_method - 1);
    } else {
        struct json *body = request_json(request);
        pd->ranges++;
        tasks_adopt(request->sim->operator_, request->ns, service);
        if (body)
            reply_json(request, 200, pd_range(pd, request->ns, service, body));
        json_free(&body);
    }
}

/* services/[https:|http:]NAME[:PORT]/proxy/PATH: NAME, the caller's. */
static char *service_of(const char *name, bool *https, const char **port)
{
    *https = str_starts(name, "https:");
    if (*https || str_starts(name, "http:"))
        name = strchr(name, ':') + 1;
    size_t n = strcspn(name, ":");
    *port = name + n;
    return xstrndup(name, n);
}

void handle_proxy(struct request *request)
{
    const char *port;
    bool https;
    struct sim *sim = request->sim;
    char *service = service_of(request->name, &https, &port);
    const struct pd_service *ordered = pd_service_find(operator_pd(sim->operator_), request->ns, service);
    bool tls = (ordered && ordered->tls) || cluster_pd_is_tls(sim, request->ns, service);
    struct str path;
    str_init(&path, STR_SMALL);
    for (size_t i = request->rest; i < request->segment_count; i++)
        str_addf(&path, "/%s", request->segments[i]);
    if (!store_get(sim->store, request->kind, request->ns, service))
        reply_failure(request, 404, "NotFound", "services \"%s\" not found", service);
    else if ((strcmp(port, ":2379") != 0 && strcmp(port, ":client") != 0 && *port) || (ordered && ordered->unreachable))
        reply_failure(request, 503, "ServiceUnavailable", "no endpoints available for service \"%s\"", service);
    else if (tls && https)
        reply_failure(request, 503, "ServiceUnavailable",
                      "error trying to reach service: remote error: tls: certificate required");
    else if (tls)
        reply_text(request, 400, "text/plain; charset=utf-8", plain_to_tls, sizeof plain_to_tls - 1);
    else if (https)
        reply_failure(request, 503, "ServiceUnavailable",
                      "error trying to reach service: http: server gave HTTP response to HTTPS client");
    else
        answer_pd(request, service, path.data);
    str_done(&path);
    free(service);
}
