#include <config.h>

#include "fake_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

enum { RULES_MAX = 64, LIMIT = 256 * 1024 * 1024 };

struct connection {
    struct fake_server *server;
    struct connection *next;
    int fd;
    struct loop_fd *watch;
    struct str in, out;
    char *request; /* the last one taken */
    bool open;     /* its answer is not over */
    bool closing;  /* when all is written */
};

struct fake_server {
    struct loop *loop;
    int fd;
    struct loop_fd *watch;
    char url[64];
    struct fake_rule rules[RULES_MAX];
    int used[RULES_MAX];
    size_t rule_count, unexpected, accepted;
    char **requests;
    size_t request_count;
    struct connection *connections;
};

static void close_connection(struct connection *c)
{
    struct connection **link = &c->server->connections;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    loop_fd_free(&c->watch);
    close(c->fd);
    str_done(&c->in);
    str_done(&c->out);
    free(c->request);
    free(c);
}

/* False: it is gone. */
static bool flush(struct connection *c)
{
    while (c->out.len) {
        ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            close_connection(c);
            return false;
        }
        str_drop(&c->out, (size_t)n);
    }
    if (!c->out.len && c->closing) {
        close_connection(c);
        return false;
    }
    loop_fd_set_events(c->watch, c->out.len ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    return true;
}

static void add_chunk(struct connection *c, const char *bytes, size_t len)
{
    if (len == 0)
        return;
    str_addf(&c->out, "%zx\r\n", len);
    str_addn(&c->out, bytes, len);
    str_add(&c->out, "\r\n");
}

static const struct fake_rule *rule_for(struct fake_server *s, const char *request)
{
    for (size_t i = 0; i < s->rule_count; i++) {
        const struct fake_rule *rule = &s->rules[i];
        if (!str_starts(request, rule->request) || (rule->has && !strstr(request, rule->has)))
            continue;
        if (rule->times && s->used[i] >= rule->times)
            continue;
        s->used[i]++;
        return rule;
    }
    return NULL;
}

static void answer(struct connection *c)
{
    static const struct fake_rule unknown = {.http = 599, .body = "nobody expected this request"};
    struct fake_server *s = c->server;
    const struct fake_rule *rule = rule_for(s, c->request);
    if (!rule) {
        rule = &unknown;
        s->unexpected++;
        fprintf(stderr, "unexpected: %.*s\n", (int)strcspn(c->request, "\r"), c->request);
    }
    const char *body = rule->body ? rule->body : "";
    size_t len = strlen(body);
    c->open = rule->how == FAKE_STREAM || rule->how == FAKE_HANG;
    c->closing = rule->how == FAKE_CUT || rule->how == FAKE_CUT_BODY;
    if (rule->how == FAKE_HANG || rule->how == FAKE_CUT)
        return;
    str_addf(&c->out, "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\n%s", rule->http ? rule->http : 200,
             rule->headers ? rule->headers : "");
    if (rule->how == FAKE_STREAM) {
        str_add(&c->out, "Transfer-Encoding: chunked\r\n\r\n");
        add_chunk(c, body, len);
    } else {
        str_addf(&c->out, "Content-Length: %zu\r\n\r\n", rule->how == FAKE_CUT_BODY ? len + 100 : len);
        str_addn(&c->out, body, len);
    }
}

/* A whole request at the front of c->in: its length, or 0. */
static size_t request_len(const struct connection *c)
{
    const char *end = strstr(c->in.data, "\r\n\r\n");
    if (!end)
        return 0;
    size_t len = (size_t)(end - c->in.data) + 4;
    for (const char *line = c->in.data; line < end; line = strstr(line, "\r\n") + 2)
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            len += strtoul(line + 15, NULL, 10);
    return len <= c->in.len ? len : 0;
}

static void take_requests(struct connection *c)
{
    struct fake_server *s = c->server;
    for (size_t len; !c->closing && (len = request_len(c)) > 0;) {
        free(c->request);
        c->request = xstrndup(c->in.data, len);
        str_drop(&c->in, len);
        s->requests = xreallocarray(s->requests, s->request_count + 1, sizeof *s->requests);
        s->requests[s->request_count++] = xstrdup(c->request);
        answer(c);
    }
    flush(c);
}

static void on_ready(void *arg, unsigned ready)
{
    struct connection *c = arg;
    char buf[16384];
    if ((ready & LOOP_WRITE) && !flush(c))
        return;
    if (!(ready & LOOP_READ))
        return;
    ssize_t n = recv(c->fd, buf, sizeof buf, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_connection(c);
        return;
    }
    str_addn(&c->in, buf, (size_t)n);
    take_requests(c);
}

static void on_accept(void *arg, unsigned ready)
{
    (void)ready;
    struct fake_server *s = arg;
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct connection *c = xcalloc(1, sizeof *c);
    *c = (struct connection){.server = s, .fd = fd, .next = s->connections};
    str_init(&c->in, LIMIT);
    str_init(&c->out, LIMIT);
    s->connections = c;
    s->accepted++;
    c->watch = loop_fd_new(s->loop, fd, LOOP_READ, on_ready, c);
}

struct fake_server *fake_server_new(struct loop *loop)
{
    struct fake_server *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, len) || listen(s->fd, 64) ||
        getsockname(s->fd, (struct sockaddr *)&address, &len))
        die("no port on loopback for the test's server");
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    s->watch = loop_fd_new(loop, s->fd, LOOP_READ, on_accept, s);
    return s;
}

void fake_server_free(struct fake_server **server)
{
    struct fake_server *s = *server;
    *server = NULL;
    if (!s)
        return;
    while (s->connections)
        close_connection(s->connections);
    loop_fd_free(&s->watch);
    close(s->fd);
    for (size_t i = 0; i < s->request_count; i++)
        free(s->requests[i]);
    free(s->requests);
    for (size_t i = 0; i < s->rule_count; i++)
        free((void *)(uintptr_t)s->rules[i].request);
    free(s);
}

const char *fake_server_url(const struct fake_server *server) { return server->url; }

void fake_expect(struct fake_server *server, const struct fake_rule *rule)
{
    if (server->rule_count == RULES_MAX)
        die("too many rules");
    server->rules[server->rule_count] = *rule;
    server->rules[server->rule_count++].request = xstrdup(rule->request);
}

const char *fake_request(const struct fake_server *server, const char *request, size_t nth)
{
    for (size_t i = 0; i < server->request_count; i++)
        if (str_starts(server->requests[i], request) && nth-- == 0)
            return server->requests[i];
    return NULL;
}

size_t fake_count(const struct fake_server *server, const char *request)
{
    size_t count = 0;
    while (fake_request(server, request, count))
        count++;
    return count;
}

size_t fake_unexpected(const struct fake_server *server) { return server->unexpected; }

size_t fake_connections(const struct fake_server *server) { return server->accepted; }

static struct connection *open_stream(const struct fake_server *s, const char *request)
{
    for (struct connection *c = s->connections; c; c = c->next)
        if (c->open && str_starts(c->request, request))
            return c;
    return NULL;
}

bool fake_is_open(const struct fake_server *server, const char *request)
{
    return open_stream(server, request) != NULL;
}

bool fake_send_bytes(struct fake_server *server, const char *request, const char *bytes, size_t len)
{
    struct connection *c = open_stream(server, request);
    if (!c)
        return false;
    add_chunk(c, bytes, len);
    return flush(c);
}

bool fake_send(struct fake_server *server, const char *request, const char *text)
{
    return fake_send_bytes(server, request, text, strlen(text));
}

bool fake_end(struct fake_server *server, const char *request)
{
    struct connection *c = open_stream(server, request);
    if (!c)
        return false;
    c->open = false;
    str_add(&c->out, "0\r\n\r\n");
    return flush(c);
}

bool fake_cut(struct fake_server *server, const char *request)
{
    struct connection *c = open_stream(server, request);
    if (!c)
        return false;
    c->closing = true;
    flush(c);
    return true;
}

void fixture_open(struct fixture *f)
{
    *f = (struct fixture){0};
    struct error err = {0};
    f->loop = loop_new(&err);
    if (!f->loop)
        die(err.text);
    f->server = fake_server_new(f->loop);
    /* Borrowed strings: a target of the test's own needs no kube_target_free. */
    f->target = (struct kube_target){.context = "test", .cluster = "test", .user = "test", .namespace_ = "default",
                                     .server = (char *)fake_server_url(f->server)};
    f->client = kube_client_new(f->loop, &f->target, &err);
    if (!f->client)
        die(err.text);
}

void fixture_close(struct fixture *f)
{
    kube_client_free(&f->client);
    fake_server_free(&f->server);
    loop_free(&f->loop);
}
