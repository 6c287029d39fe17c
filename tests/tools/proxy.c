/* proxy - a TCP proxy that makes a network bad, by order of a test.
 *
 *   proxy --listen PORT|0 --to HOST:PORT [--control PORT|0|PATH]
 *   proxy --send CONTROL COMMAND...     give one command, print the answer; exit 0 when it is "ok"
 *   proxy --free-ports N                print N TCP ports of loopback that nobody uses just now
 *
 * It moves bytes and understands none, so TLS and HTTP/2 pass through. When it listens it prints
 * "ready PORT CONTROL". Commands are lines on the control socket, the answer is one line, "ok ..."
 * or "error ...". See commands[] for the list; doc/testing.md explains them.
 */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

_Noreturn void die(const char *what)
{
    fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
    exit(2);
}

void *must(void *memory)
{
    if (!memory)
        die("memory");
    return memory;
}

void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* ---- addresses ---- */

static bool is_number(const char *text) { return *text && text[strspn(text, "0123456789")] == '\0'; }

/* "HOST:PORT", "PORT" (loopback) or a path (Unix socket). */
static bool parse_address(const char *text, struct sockaddr_storage *address, socklen_t *length)
{
    memset(address, 0, sizeof *address);
    if (strchr(text, '/')) {
        struct sockaddr_un *unix_address = (struct sockaddr_un *)address;
        unix_address->sun_family = AF_UNIX;
        if (strlen(text) >= sizeof unix_address->sun_path)
            return false;
        memcpy(unix_address->sun_path, text, strlen(text) + 1);
        *length = sizeof *unix_address;
        return true;
    }
    char host[256] = "127.0.0.1";
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
    if (!is_number(port))
        return false;
    if (colon)
        snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return false;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return address.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&address)->sin_port) : 0;
}

static int listen_at(const struct sockaddr_storage *address, socklen_t length)
{
    int fd = socket(address->ss_family, SOCK_STREAM, 0), on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)address, length) != 0 || listen(fd, 128) != 0) {
        close(fd);
        return -1;
    }
    set_nonblocking(fd);
    return fd;
}

static void cut_all(struct proxy *proxy, bool reset)
{
    while (proxy->links)
        link_close(&proxy->links, reset);
}

/* ---- commands ---- */

static const char *set_switch(const char *word, bool *value)
{
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return "error want on or off";
    *value = word[1] == 'n';
    return NULL;
}

static const char *set_number(const char *word, int64_t *value)
{
    if (!is_number(word))
        return "error want a number";
    *value = strtoll(word, NULL, 10);
    return NULL;
}

static const char *do_delay(struct proxy *p, const char *word) { return set_number(word, &p->delay_ms); }

static const char *do_rate(struct proxy *p, const char *word)
{
    const char *error = strcmp(word, "off") == 0 ? set_number("0", &p->rate) : set_number(word, &p->rate);
    p->budget[0] = p->budget[1] = 0;
    p->budget_at_ms = now_ms();
    return error;
}

static const char *do_cut(struct proxy *p, const char *word)
{
    (void)word;
    cut_all(p, false);
    return NULL;
}

static const char *do_reset(struct proxy *p, const char *word)
{
    (void)word;
    cut_all(p, true);
    return NULL;
}

static const char *do_cut_after(struct proxy *p, const char *word)
{
    const char *error = NULL;
    if (strcmp(word, "off") == 0)
        p->cut_after = -1;
    else
        error = set_number(word, &p->cut_after);
    for (struct link *link = p->links; !error && link; link = link->next)
        link->cut_after = p->cut_after;
    return error;
}

static const char *do_blackhole(struct proxy *p, const char *word) { return set_switch(word, &p->blackhole); }

static const char *do_refuse(struct proxy *p, const char *word)
{
    const char *error = set_switch(word, &p->refuse);
    if (!error && p->refuse && p->listener >= 0) {
        close(p->listener);
        p->listener = -1;
    } else if (!error && !p->refuse && p->listener < 0) {
        p->listener = listen_at(&p->own, p->own_length);
        if (p->listener < 0) {
            p->refuse = true;
            error = "error the port is taken";
        }
    }
    return error;
}

static const char *do_stats(struct proxy *p, const char *word)
{
    static char answer[200];
    int open = 0;
    (void)word;
    for (const struct link *link = p->links; link; link = link->next)
        open++;
    snprintf(answer, sizeof answer, "ok accepted=%" PRIu64 " open=%d to-server=%" PRIu64 " from-server=%" PRIu64,
             p->accepted, open, p->bytes_up, p->bytes_down);
    return answer;
}

static const char *do_quit(struct proxy *p, const char *word)
{
    (void)word;
    p->quit = true;
    return NULL;
}

/* @run returns NULL for "ok", else the answer. */
static const struct command {
    const char *name;
    const char *(*run)(struct proxy *proxy, const char *word);
} commands[] = {
    {"delay", do_delay},       /* MS: each way */
    {"rate", do_rate},         /* BYTES_PER_SECOND|off: each way, all connections together */
    {"cut", do_cut},           /* close all connections now, as a server does that ends (FIN) */
    {"reset", do_reset},       /* the same with RST */
    {"cut-after", do_cut_after}, /* BYTES|off: close each connection, old or new, after so many more from the server */
    {"blackhole", do_blackhole}, /* on|off: accept, move nothing, say nothing */
    {"refuse", do_refuse},     /* on|off: close the listening socket; open it again */
    {"stats", do_stats},
    {"quit", do_quit},
};

static void answer_line(struct proxy *proxy, int fd, char *line)
{
    const char *answer = "error unknown command";
    char *word = strchr(line, ' ');
    if (word)
        *word++ = '\0';
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(line, commands[i].name) == 0)
            answer = commands[i].run(proxy, word ? word : "");
    char text[LINE_MAX_LENGTH + 2];
    int n = snprintf(text, sizeof text, "%s\n", answer ? answer : "ok");
    send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

static void accept_control(struct proxy *proxy)
{
    int fd = accept(proxy->control_listener, NULL, NULL);
    for (int i = 0; fd >= 0 && i < CONTROLS_MAX; i++) {
        if (proxy->controls[i].fd >= 0)
            continue;
        proxy->controls[i] = (struct control){.fd = fd, .at = -1};
        set_nonblocking(fd);
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void control_turn(struct proxy *proxy, struct control *control)
{
    ssize_t n = read(control->fd, control->line + control->length, LINE_MAX_LENGTH - control->length);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    control->length += n > 0 ? (size_t)n : 0;
    for (char *end; (end = memchr(control->line, '\n', control->length));) {
        size_t used = (size_t)(end + 1 - control->line);
        *end = '\0';
        answer_line(proxy, control->fd, control->line);
        control->length -= used;
        memmove(control->line, end + 1, control->length);
    }
    if (n <= 0 || control->length == LINE_MAX_LENGTH) {
        close(control->fd);
        control->fd = -1;
    }
}

/* ---- the loop ---- */

int poll_for(struct proxy *proxy, int fd, short events)
{
    if (proxy->polled_count == proxy->polled_room) {
        proxy->polled_room = proxy->polled_room ? 2 * proxy->polled_room : 64;
        proxy->polled = must(realloc(proxy->polled, proxy->polled_room * sizeof *proxy->polled));
    }
    proxy->polled[proxy->polled_count] = (struct pollfd){.fd = fd, .events = events};
    return (int)proxy->polled_count++;
}

short events_at(const struct proxy *proxy, int at) { return at < 0 ? 0 : proxy->polled[at].revents; }

static void turn(struct proxy *proxy)
{
    proxy->polled_count = 0;
    proxy->wake_ms = INT64_MAX;
    int listener_at = proxy->listener >= 0 ? poll_for(proxy, proxy->listener, POLLIN) : -1;
    int control_at = proxy->control_listener >= 0 ? poll_for(proxy, proxy->control_listener, POLLIN) : -1;
    for (int i = 0; i < CONTROLS_MAX; i++)
        proxy->controls[i].at = proxy->controls[i].fd >= 0 ? poll_for(proxy, proxy->controls[i].fd, POLLIN) : -1;
    for (struct link *link = proxy->links; link; link = link->next)
        link_poll(proxy, link);

    int64_t wait = proxy->wake_ms == INT64_MAX ? -1 : proxy->wake_ms - now_ms();
    int timeout = proxy->wake_ms == INT64_MAX ? -1 : wait < 0 ? 0 : wait > 1000 ? 1000 : (int)wait;
    if (poll(proxy->polled, (nfds_t)proxy->polled_count, timeout) < 0) {
        if (errno != EINTR)
            die("poll");
        return;
    }
    refill_budget(proxy);
    for (struct link **at = &proxy->links; *at;) {
        if (link_turn(proxy, *at))
            at = &(*at)->next;
        else
            link_close(at, false);
    }
    if (events_at(proxy, listener_at))
        link_accept(proxy);
    if (events_at(proxy, control_at))
        accept_control(proxy);
    for (int i = 0; i < CONTROLS_MAX; i++)
        if (events_at(proxy, proxy->controls[i].at))
            control_turn(proxy, &proxy->controls[i]);
}

/* ---- the three ways to call it ---- */

static int serve(const char *listen_text, const char *to, const char *control)
{
    struct proxy proxy = {.listener = -1, .control_listener = -1, .cut_after = -1};
    struct sockaddr_storage address;
    socklen_t length;

    for (int i = 0; i < CONTROLS_MAX; i++)
        proxy.controls[i].fd = -1;
    if (!to || !parse_address(to, &proxy.to, &proxy.to_length) || !parse_address(listen_text, &address, &length)) {
        fprintf(stderr, "proxy: want --listen PORT and --to HOST:PORT\n");
        return 2;
    }
    proxy.listener = listen_at(&address, length);
    if (proxy.listener < 0)
        die("listen");
    proxy.own_length = sizeof proxy.own; /* with the port that the kernel chose */
    getsockname(proxy.listener, (struct sockaddr *)&proxy.own, &proxy.own_length);
    if (control) {
        if (strchr(control, '/'))
            unlink(control);
        if (!parse_address(control, &address, &length) || (proxy.control_listener = listen_at(&address, length)) < 0)
            die(control);
    }
    printf("ready %d", port_of(proxy.listener));
    if (control && strchr(control, '/'))
        printf(" %s", control);
    else if (control)
        printf(" %d", port_of(proxy.control_listener));
    printf("\n");
    fflush(stdout);
    while (!proxy.quit)
        turn(&proxy);
    cut_all(&proxy, false);
    free(proxy.polled);
    if (control && strchr(control, '/'))
        unlink(control);
    return 0;
}

static int send_command(const char *control, char *const words[])
{
    struct sockaddr_storage address;
    socklen_t length;
    char line[LINE_MAX_LENGTH] = "", answer[LINE_MAX_LENGTH + 2] = "";
    size_t n = 0;

    for (int i = 0; words[i]; i++)
        n += (size_t)snprintf(line + n, n < sizeof line ? sizeof line - n : 0, "%s%s", i ? " " : "", words[i]);
    if (n + 2 > sizeof line || !parse_address(control, &address, &length)) {
        fprintf(stderr, "proxy: --send CONTROL COMMAND\n");
        return 2;
    }
    line[n++] = '\n';
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) != 0)
        die(control);
    if (send(fd, line, n, MSG_NOSIGNAL) != (ssize_t)n)
        die("send");
    for (size_t got = 0; got < sizeof answer - 1 && !strchr(answer, '\n');) {
        ssize_t more = read(fd, answer + got, sizeof answer - 1 - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    close(fd);
    fputs(answer, stdout);
    return strncmp(answer, "ok", 2) == 0 ? 0 : 1;
}

static int print_free_ports(int count)
{
    for (int i = 0; i < count; i++) { /* all stay bound to the end, so that they differ */
        struct sockaddr_storage address;
        socklen_t length;
        if (!parse_address("0", &address, &length))
            return 1;
        int fd = socket(address.ss_family, SOCK_STREAM, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0)
            die("bind");
        printf("%d\n", port_of(fd));
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *listen_text = "0", *to = NULL, *control = NULL;

    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--send") == 0)
            return send_command(argv[i + 1], argv + i + 2);
        else if (strcmp(argv[i], "--free-ports") == 0)
            return print_free_ports(atoi(argv[i + 1]));
        else if (strcmp(argv[i], "--listen") == 0)
            listen_text = argv[i + 1];
        else if (strcmp(argv[i], "--to") == 0)
            to = argv[i + 1];
        else if (strcmp(argv[i], "--control") == 0)
            control = argv[i + 1];
        else
            to = NULL;
    }
    return serve(listen_text, to, control);
}
