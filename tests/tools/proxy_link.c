/* proxy_link.c - the connections of the test proxy: queues, delay, rate and cuts. */
#include <config.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy.h"

enum {
    PIECE = 64 * 1024,
    QUEUE_MAX = 8 * 1024 * 1024, /* one direction of one connection; then its sender waits */
};

/* ---- the queue of one direction ---- */

static void way_init(struct way *way) { *way = (struct way){.last = &way->first}; }

static void way_add(struct way *way, const char *bytes, size_t length, int64_t due_ms)
{
    struct piece *piece = must(malloc(sizeof *piece + length));
    *piece = (struct piece){.due_ms = due_ms, .end = length};
    memcpy(piece->bytes, bytes, length);
    *way->last = piece;
    way->last = &piece->next;
    way->queued += length;
}

static void way_drop_first(struct way *way)
{
    struct piece *piece = way->first;
    way->first = piece->next;
    if (!way->first)
        way->last = &way->first;
    free(piece);
}

static void way_done(struct way *way)
{
    while (way->first)
        way_drop_first(way);
}

/* ---- connections ---- */

void link_close(struct link **at, bool reset)
{
    struct link *gone = *at;
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    *at = gone->next;
    for (int i = 0; i < 2; i++) {
        int fd = i ? gone->server : gone->client;
        if (fd < 0)
            continue;
        if (reset)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        else
            shutdown(fd, SHUT_RDWR);
        close(fd);
    }
    way_done(&gone->up);
    way_done(&gone->down);
    free(gone);
}

static bool link_call_server(struct proxy *proxy, struct link *link)
{
    int on = 1;
    link->server = socket(proxy->to.ss_family, SOCK_STREAM, 0);
    if (link->server < 0)
        return false;
    set_nonblocking(link->server);
    if (proxy->to.ss_family != AF_UNIX)
        setsockopt(link->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link->connected = connect(link->server, (struct sockaddr *)&proxy->to, proxy->to_length) == 0;
    return link->connected || errno == EINPROGRESS;
}

void link_accept(struct proxy *proxy)
{
    int on = 1, fd = accept(proxy->listener, NULL, NULL);
    if (fd < 0)
        return;
    set_nonblocking(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct link *link = must(calloc(1, sizeof *link));
    *link = (struct link){.next = proxy->links, .client = fd, .server = -1, .cut_after = proxy->cut_after};
    way_init(&link->up);
    way_init(&link->down);
    proxy->links = link;
    proxy->accepted++;
    if (!proxy->blackhole && !link_call_server(proxy, link))
        link_close(&proxy->links, true);
}

/* Read from @fd into @way. False: the connection is broken. */
static bool way_read(struct proxy *proxy, struct way *way, int fd)
{
    static char bytes[PIECE];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0)
        way_add(way, bytes, (size_t)n, now_ms() + proxy->delay_ms);
    else if (n == 0)
        way->ended = true;
    else
        return errno == EAGAIN || errno == EINTR;
    return true;
}

/* Write to @fd what is due, within the rate and, for the direction down, up to the cut. */
static bool way_write(struct proxy *proxy, struct way *way, int fd, int64_t *cut_after, int direction)
{
    int64_t now = now_ms();
    while (way->first && way->first->due_ms <= now && *cut_after != 0) {
        struct piece *piece = way->first;
        size_t n = piece->end - piece->start;
        if (proxy->rate > 0 && proxy->budget[direction] <= 0)
            break;
        if (proxy->rate > 0 && n > (size_t)proxy->budget[direction])
            n = (size_t)proxy->budget[direction];
        if (*cut_after > 0 && n > (size_t)*cut_after)
            n = (size_t)*cut_after;
        ssize_t written = send(fd, piece->bytes + piece->start, n, MSG_NOSIGNAL);
        if (written < 0)
            return errno == EAGAIN || errno == EINTR;
        piece->start += (size_t)written;
        way->queued -= (size_t)written;
        proxy->budget[direction] -= written;
        *(direction ? &proxy->bytes_down : &proxy->bytes_up) += (uint64_t)written;
        if (*cut_after > 0)
            *cut_after -= written;
        if (piece->start == piece->end)
            way_drop_first(way);
    }
    if (!way->first && way->ended && !way->told) {
        shutdown(fd, SHUT_WR);
        way->told = true;
    }
    return true;
}

static bool link_connected(struct link *link)
{
    int failed = 0;
    socklen_t length = sizeof failed;
    getsockopt(link->server, SOL_SOCKET, SO_ERROR, &failed, &length);
    link->connected = failed == 0;
    return link->connected;
}

/* One turn of one connection. False: close it. */
bool link_turn(struct proxy *proxy, struct link *link)
{
    int64_t endless = -1;
    short client = events_at(proxy, link->client_at), server = events_at(proxy, link->server_at);

    if (proxy->blackhole)
        return !(client & (POLLHUP | POLLERR));
    if (link->server < 0)
        return link_call_server(proxy, link);
    if (!link->connected)
        return !(server & (POLLOUT | POLLERR | POLLHUP)) || link_connected(link);
    if ((client & (POLLIN | POLLHUP | POLLERR)) && !link->up.ended && !way_read(proxy, &link->up, link->client))
        return false;
    if ((server & (POLLIN | POLLHUP | POLLERR)) && !link->down.ended && !way_read(proxy, &link->down, link->server))
        return false;
    if (!way_write(proxy, &link->up, link->server, &endless, 0) ||
        !way_write(proxy, &link->down, link->client, &link->cut_after, 1))
        return false;
    return link->cut_after != 0 && !(link->up.told && link->down.told);
}

/* Note when @way wants to write next: with the socket's leave (true) or at a time. */
static bool way_wants(struct proxy *proxy, const struct way *way, int direction)
{
    if (!way->first)
        return false;
    int64_t due = way->first->due_ms, now = now_ms();
    if (due <= now && (proxy->rate <= 0 || proxy->budget[direction] > 0))
        return true;
    if (due <= now)
        due = now + 10; /* the rate's budget grows */
    if (due < proxy->wake_ms)
        proxy->wake_ms = due;
    return false;
}

void link_poll(struct proxy *proxy, struct link *link)
{
    short client = 0, server = 0;
    link->client_at = link->server_at = -1;
    if (proxy->blackhole) { /* only to see the client go */
        link->client_at = poll_for(proxy, link->client, 0);
        return;
    }
    if (link->server < 0) {
        proxy->wake_ms = 0; /* the hole is closed: call the server */
        return;
    }
    if (!link->connected) {
        link->server_at = poll_for(proxy, link->server, POLLOUT);
        return;
    }
    if (!link->up.ended && link->up.queued < QUEUE_MAX)
        client |= POLLIN;
    if (!link->down.ended && link->down.queued < QUEUE_MAX)
        server |= POLLIN;
    if (way_wants(proxy, &link->up, 0))
        server |= POLLOUT;
    if (way_wants(proxy, &link->down, 1))
        client |= POLLOUT;
    /* A side that waits for nothing is left out: its POLLHUP would spin the loop. */
    if (client)
        link->client_at = poll_for(proxy, link->client, client);
    if (server)
        link->server_at = poll_for(proxy, link->server, server);
}

void refill_budget(struct proxy *proxy)
{
    int64_t now = now_ms(), grown = proxy->rate * (now - proxy->budget_at_ms) / 1000;
    if (proxy->rate <= 0 || grown <= 0)
        return;
    for (int i = 0; i < 2; i++) {
        int64_t most = proxy->rate / 10 + 1; /* a pause saves no more than a tenth of a second's worth */
        proxy->budget[i] = proxy->budget[i] + grown < most ? proxy->budget[i] + grown : most;
    }
    proxy->budget_at_ms = now;
}

