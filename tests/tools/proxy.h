/* proxy.h - what the two files of the test proxy share. */
#ifndef BRDECK_TESTS_PROXY_H
#define BRDECK_TESTS_PROXY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    LINE_MAX_LENGTH = 200, /* of a command */
    CONTROLS_MAX = 16,     /* who may give commands at the same time */
};

/* Bytes on their way, not to be delivered before @due. */
struct piece {
    struct piece *next;
    int64_t due_ms;
    size_t start, end;
    char bytes[];
};

/* One direction of a connection: from one socket to another. */
struct way {
    struct piece *first, **last;
    size_t queued;
    bool ended; /* the sender closed; pass it on when the queue is empty */
    bool told;  /* passed on */
};

struct link {
    struct link *next;
    int client, server; /* server: -1 as long as a black hole keeps it from being called */
    bool connected;
    struct way up, down;   /* up: to the server */
    int64_t cut_after;     /* bytes still to come from the server; -1: no end */
    int client_at, server_at; /* places in the poll table, -1: not polled */
};

struct control {
    int fd, at;
    size_t length;
    char line[LINE_MAX_LENGTH];
};

struct proxy {
    struct sockaddr_storage to, own;
    socklen_t to_length, own_length;
    int listener, control_listener;
    struct link *links;
    struct control controls[CONTROLS_MAX];
    struct pollfd *polled;
    size_t polled_count, polled_room;
    bool blackhole, refuse, quit;
    int64_t delay_ms, rate, cut_after;
    int64_t budget[2], budget_at_ms; /* bytes that @rate allows just now, up and down */
    uint64_t bytes_up, bytes_down, accepted;
    int64_t wake_ms; /* when the next piece is due; INT64_MAX: nothing waits for time */
};

int64_t now_ms(void);
_Noreturn void die(const char *what); /* with errno's text, exit 2 */
void *must(void *memory);             /* @memory, or die */
void set_nonblocking(int fd);

/* Add @fd to the poll table; its place there. */
int poll_for(struct proxy *proxy, int fd, short events);
/* What poll() saw at that place; 0 for -1. */
short events_at(const struct proxy *proxy, int at);

/* Accept a client and call the server for it. */
void link_accept(struct proxy *proxy);
/* Ask the poll table for what @link waits for, and note in wake_ms when time itself moves it. */
void link_poll(struct proxy *proxy, struct link *link);
/* Move what can move. False: the connection is to be closed. */
bool link_turn(struct proxy *proxy, struct link *link);
/* Close *@at and take it off the list; with RST if @reset. */
void link_close(struct link **at, bool reset);
/* Let the rate's budget grow with the time gone by. */
void refill_budget(struct proxy *proxy);

#endif
