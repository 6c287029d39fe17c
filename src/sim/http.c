#include <config.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>

#include "request.h"
#include "sim.h"
#include "tls.h"

enum { CONNECTION_MEMORY = 256 * 1024, CONNECTIONS_MAX = 1000, IDLE_TIMEOUT_S = 0 };

/* -- the life of a request ------------------------------------------------------ */

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct sim *sim = arg;
    struct request *request = xcalloc(1, sizeof *request);
    request->sim = sim;
    request->connection = connection;
    str_init(&request->body, BODY_MAX);
    str_init(&request->log, STR_SMALL);
    str_add(&request->log, uri);
    request->next = sim->requests;
    if (request->next)
        request->next->prev = request;
    sim->requests = request;
    sim->request_count++;
    return request;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    struct sim *sim = arg;
    struct request *request = *slot;
    (void)connection;
    (void)code;
    *slot = NULL;
    if (!request)
        return;
    timer_cancel(&sim->timers, &request->delay);
    if (request->prev)
        request->prev->next = request->next;
    else
        sim->requests = request->next;
    if (request->next)
        request->next->prev = request->prev;
    if (request->response)
        MHD_destroy_response(request->response);
    str_done(&request->body);
    str_done(&request->log);
    free(request->segments_text);
    free(request);
}

static void on_delay(void *arg)
{
    struct request *request = arg;
    request->held = false;
    MHD_resume_connection(request->connection);
}

void http_thaw(struct sim *sim)
{
    for (struct request *request = sim->requests; request; request = request->next)
        if (request->held) {
            timer_cancel(&sim->timers, &request->delay);
            request->fault.kind = FAULT_CLOSE;
            on_delay(request);
        }
}

/* Faults that keep a request waiting. True: it waits. */
static bool hold(struct request *request)
{
    if (request->fault.kind != FAULT_FREEZE && request->fault.kind != FAULT_DELAY)
        return false;
    request->held = true;
    timer_init(&request->delay, on_delay, request);
    if (request->fault.kind == FAULT_DELAY)
        timer_set(&request->sim->timers, &request->delay, request->fault.delay_ms);
    request->fault.kind = FAULT_NONE;
    MHD_suspend_connection(request->connection);
    return true;
}

static void answer_fault(struct request *request)
{
    const struct fault_effect *fault = &request->fault;
    if (fault->kind == FAULT_GARBAGE) {
        static const char garbage[] = "{\"kind\":\"BackupList\",\"items\":[{\"metadata\":{\"name\":\x01 oops";
        reply_text(request, 200, "application/json", garbage, sizeof garbage - 1);
        return;
    }
    static const struct {
        unsigned code;
        const char *reason, *message;
    } texts[] = {
        {401, "Unauthorized", "Unauthorized"},
        {403, "Forbidden", "forbidden by order"},
        {409, "Conflict", "the object has been modified; please apply your changes to the latest version and try "
                          "again"},
        {410, "Expired", "The provided continue parameter is too old to display a consistent list result."},
        {429, "TooManyRequests", "the server has received too many requests and has asked us to try again later"},
        {500, "InternalError", "Internal error occurred: etcdserver: request timed out"},
        {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
        {504, "Timeout", "Timeout: Too large resource version"},
    };
    const char *reason = "InternalError", *message = "an error by order";
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].code == fault->code) {
            reason = texts[i].reason;
            message = texts[i].message;
        }
    if (*fault->message)
        message = fault->message;
    if (fault->code == 410 && request_query_true(request, "watch")) {
        struct json *status = status_tree(410, "Expired", "too old resource version");
        char *text = json_print(status), *line = xasprintf("{\"type\":\"ERROR\",\"object\":%s}\n", text);
        reply_text(request, 200, "application/json", line, strlen(line));
        free(line);
        free(text);
        json_free(&status);
        return;
    }
    reply_failure(request, fault->code, reason, "%s", message);
    if (fault->retry_after_s > 0) {
        char seconds[24];
        snprintf(seconds, sizeof seconds, "%lld", (long long)fault->retry_after_s);
        reply_header(request, "Retry-After", seconds);
    }
}

static enum MHD_Result serve(struct request *request)
{
    if (request->fault.kind == FAULT_CLOSE)
        return MHD_NO;
    if (request->fault.kind == FAULT_STATUS || request->fault.kind == FAULT_GARBAGE)
        answer_fault(request);
    else if (request->body.cut)
        reply_failure(request, 413, "RequestEntityTooLarge", "Request entity too large: limit is %d", BODY_MAX);
    else
        route_request(request);
    if (request->fault.kind == FAULT_LOSE_ANSWER)
        return MHD_NO;
    log_debug("%u %s %s", request->code, request->method, request->log.data);
    return MHD_queue_response(request->connection, request->code, request->response);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **slot)
{
    struct sim *sim = arg;
    struct request *request = *slot;
    (void)connection;
    (void)version;
    if (!request->method) { /* the headers are there, the body is to come */
        request->method = method;
        request->path = url;
        request->user = rbac_user(request_header(request, "Authorization"));
        if (!str_starts(url, "/sim/"))
            request->fault = faults_meet(sim->faults, method, request->log.data, request_query_true(request, "watch"),
                                         request->user ? request->user->name : NULL);
        return MHD_YES;
    }
    if (*upload_size) {
        str_addn(&request->body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (request->held)
        return MHD_YES;
    if (hold(request))
        return MHD_YES;
    return serve(request);
}

/* -- the daemon ------------------------------------------------------------------- */

static void on_log(void *arg, const char *format, va_list args)
{
    (void)arg;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    log_debug("%s", text);
}

bool http_start(struct sim *sim, const struct tls *tls, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)sim->options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sim->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
            MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, sim,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_HTTPS_MEM_KEY, tls->key, MHD_OPTION_HTTPS_MEM_CERT, tls->certificate,
        MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1", MHD_OPTION_URI_LOG_CALLBACK, on_uri, sim,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, sim, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
        MHD_OPTION_END);
    if (!sim->daemon)
        return error_set(err, ERROR_SYSTEM, "cannot listen on 127.0.0.1:%d: %s; try --port 0",
                         (int)sim->options.port, strerror(errno));
    sim->port = MHD_get_daemon_info(sim->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return true;
}

void http_stop(struct sim *sim)
{
    if (!sim->daemon)
        return;
    watches_end(&sim->watches);
    podlogs_end(&sim->podlogs);
    http_thaw(sim);
    /* Every suspended connection must have been resumed and run once. */
    for (int i = 0; i < 3; i++)
        MHD_run(sim->daemon);
    MHD_stop_daemon(sim->daemon);
    sim->daemon = NULL;
}

bool http_turn(struct sim *sim, int64_t limit_ms, int extra_fd)
{
    int64_t wait = timers_wait_ms(&sim->timers, limit_ms);
    MHD_UNSIGNED_LONG_LONG daemon_wait;
    if (MHD_get_timeout(sim->daemon, &daemon_wait) == MHD_YES && (int64_t)daemon_wait < wait)
        wait = (int64_t)daemon_wait;
    struct pollfd fds[2] = {
        {.fd = MHD_get_daemon_info(sim->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN},
        {.fd = extra_fd, .events = POLLIN},
    };
    poll(fds, 2, (int)wait);
    MHD_run(sim->daemon);
    timers_run(&sim->timers);
    return fds[1].revents != 0;
}
