/* reflector_private.h - a reflector's inside, cut between its parts.
 *
 * reflector.c         life, state, back-off
 * reflector_stream.c  the bytes of one answer
 * reflector_list.c    pages
 * reflector_watch.c   events, silence
 */
#ifndef BRDECK_KUBE_REFLECTOR_PRIVATE_H
#define BRDECK_KUBE_REFLECTOR_PRIVATE_H

#include <brdeck/kube/reflector.h>
#include <brdeck/kube/splitter.h>

#include "kube/client_private.h"

/* Every length of time a reflector knows, in ms; tests shorten them. */
struct reflector_times {
    int64_t backoff_ms, backoff_max_ms; /* the first wait, doubled up to the second; each with jitter */
    int64_t denied_ms;                  /* between tries where there is no right, or no such kind */
    int64_t silence_ms, check_ms;       /* no byte for so long: GET /version; its limit */
    int64_t quiet_ms;                   /* a watch without event or bookmark is started again */
    int64_t live_ms;                    /* bytes as young as this are "live" */
    int64_t short_ms;                   /* a watch that closes sooner, with nothing in it, is a failure */
    int64_t steady_ms;                  /* one that ran this long forgives what failed before */
    int first_page, next_page;          /* objects asked for at once */
};
struct reflector *reflector_new_with(const struct reflector_spec *spec, const struct reflector_times *times);

/* A stream waits when so much is unread: little, as it is memory, and what the cache still holds is quicker to read.
 * INBOX_MAX has room for what curl hands over after that, all that was in its hands unpacked. */
enum { INBOX_MAX = 40 * 1024 * 1024, INBOX_PAUSE = 1024 * 1024 };

/* One answer that is being received: a page of a list, or a watch. */
struct stream {
    struct reflector *owner;
    struct kube_request *request; /* NULL: it has ended */
    struct splitter splitter;
    bool is_watch, ended, paused;
    size_t bytes; /* received */
    int64_t begun_ms;
    /* how it ended */
    int http;
    int64_t retry_after_ms;
    struct error error;
    /* of a page, once its last bytes were read */
    bool read;
    char *token, *version;
    uint64_t remaining;
};

struct reflector {
    struct reflector_spec spec; /* its strings are ours */
    struct reflector_times times;
    struct loop *loop;
    struct reflector_state state;
    struct stream *now, *next;  /* @next: the page after, while @now is being handed on */
    char *version;              /* resourceVersion to watch from; NULL: list first */
    bool began_anew;            /* a list was begun again because its token had expired */
    unsigned failures;          /* in a row */
    int64_t event_ms;           /* the last event or bookmark, or the begin of the watch */
    bool progress;              /* the watch brought something */
    int64_t check_answered_ms;  /* the last GET /version that was answered, whoever asked */
    struct kube_link_listener link;
    struct loop_work work;
    struct loop_timer retry, guard, tell;
    unsigned busy;              /* callbacks on the stack */
    bool freed;
};

/* reflector.c */
void reflector_changed(struct reflector *r); /* the state: the owner is told at the end of the turn */
void reflector_set_phase(struct reflector *r, enum reflector_phase phase);
void reflector_fresh(struct reflector *r);
/* "list backups in orders" */
char *reflector_what(const struct reflector *r, const char *verb);
/* Something failed: end what runs, and begin again after a wait. */
void reflector_failed(struct reflector *r, int http, int64_t retry_after_ms, const struct error *err);
/* The resourceVersion is of no use any more: list, at once if nothing failed before. */
void reflector_list_anew(struct reflector *r, const struct error *err);

/* reflector_stream.c */
struct stream *stream_new(struct reflector *owner, bool is_watch, const char *path);
void stream_free(struct stream **stream); /* NULL is harmless */
void stream_relax(struct stream *s);      /* bytes were taken out: read on if it was paused */

/* reflector_list.c */
void reflector_list(struct reflector *r);
/* Ask for the next page if this one's inbox is half empty. */
void reflector_list_ahead(struct reflector *r);
/* All of a page was handed on. */
void reflector_page_done(struct reflector *r);

/* reflector_watch.c */
void reflector_watch(struct reflector *r);
/* Hand on one event. False when it ended the watch. */
bool reflector_event(struct reflector *r, const char *text, size_t len);
void reflector_watch_done(struct reflector *r);
/* Look whether anything was silent for too long, and set when to look again. */
void reflector_guard(void *reflector);
/* What became of the question that this one, or another of the same client, had asked of a silent link. */
void reflector_link_told(void *reflector, bool alive, unsigned epoch);

#endif
