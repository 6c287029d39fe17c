#include <config.h>

#include "kube/podlog_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>
#include <brdeck/kube/resource.h>

enum {
    INBOX_MAX = 8 * 1024 * 1024,
    INBOX_PAUSE = 1024 * 1024,
    LINE_MAX_BYTES = 256 * 1024, /* of a longer line the rest is dropped */
    SEEN_MAX = 64 * 1024,        /* lines of one second that are known again */
};

static const struct podlog_times default_times = {.resume_ms = 500, .resume_max_ms = 10 * 1000};

struct podlog {
    struct podlog_spec spec; /* its strings are ours */
    struct podlog_times times;
    struct kube_client *client;
    struct kube_request *request;
    struct loop_work work;
    struct loop_timer resume;
    struct str inbox;
    size_t used, looked; /* handed on; searched for a line feed */
    bool paused, dropping, ended, overflow;
    bool cut;            /* gone on after a cut: lines may come again */
    unsigned cuts;       /* in a row, without a line between them */
    /* The newest second that a line was taken in, and which lines those were: sinceTime has whole seconds, so
     * that second comes again. */
    int64_t second;
    uint64_t *seen;
    size_t seen_count, seen_cap;
    size_t seen_next, seen_old; /* after a cut: where to search, and how many were there before it */
    int http;
    struct error error;
    unsigned busy;
    bool freed;
};

/* -- lines ------------------------------------------------------------------------------- */

static uint64_t hash(const char *bytes, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return h;
}

/* "2026-11-22T14:10:12.123456789Z text": the time, and where the text begins. */
static bool read_stamp(const char *line, size_t len, int64_t *at_ms, size_t *text)
{
    char stamp[64];
    const char *space = memchr(line, ' ', len < sizeof stamp ? len : sizeof stamp);
    size_t stamp_len = space ? (size_t)(space - line) : len;
    if (stamp_len == 0 || stamp_len >= sizeof stamp)
        return false;
    memcpy(stamp, line, stamp_len);
    stamp[stamp_len] = '\0';
    if (!clock_parse_rfc3339(stamp, at_ms))
        return false;
    *text = space ? stamp_len + 1 : stamp_len;
    return true;
}

/* Whether this line was told before the cut. They come again in the same order: the search goes on from
 * where the last one was found, so that of equal lines each is found once. */
static bool told_before(struct podlog *p, uint64_t h)
{
    for (size_t at = p->seen_next; at < p->seen_old; at++)
        if (p->seen[at] == h) {
            p->seen_next = at + 1;
            return true;
        }
    return false;
}

static void remember(struct podlog *p, int64_t second, uint64_t h)
{
    if (second > p->second) {
        p->second = second;
        p->seen_count = p->seen_next = p->seen_old = 0;
        p->cut = false; /* all that came again was before */
    }
    if (second < p->second || p->seen_count >= SEEN_MAX)
        return;
    if (p->seen_count == p->seen_cap) {
        p->seen_cap = p->seen_cap ? 2 * p->seen_cap : 64;
        p->seen = xreallocarray(p->seen, p->seen_cap, sizeof *p->seen);
    }
    p->seen[p->seen_count++] = h;
}

static void take_line(struct podlog *p, const char *line, size_t len)
{
    int64_t at_ms = p->second * 1000;
    size_t text = 0;
    if (len && line[len - 1] == '\r')
        len--;
    if (read_stamp(line, len, &at_ms, &text)) {
        int64_t second = at_ms / 1000;
        uint64_t h = hash(line, len);
        if (p->cut && (second < p->second || (second == p->second && told_before(p, h))))
            return;
        remember(p, second, h);
    }
    p->cuts = 0;
    if (p->spec.on_line)
        p->spec.on_line(p->spec.arg, at_ms, line + text, len - text);
}

/* A line that is too long is told when its limit is reached; what follows up to the line feed is dropped. */
static bool next_line(struct podlog *p, const char **line, size_t *len)
{
    const char *begin = p->inbox.data + p->used;
    size_t left = p->inbox.len - p->looked;
    const char *feed = left ? memchr(p->inbox.data + p->looked, '\n', left) : NULL;
    *line = begin;
    if (feed) {
        *len = (size_t)(feed - begin);
        p->used = p->looked = *len + 1 + p->used;
        return true;
    }
    p->looked = p->inbox.len;
    *len = p->looked - p->used;
    if (*len < LINE_MAX_BYTES)
        return false;
    p->used = p->looked;
    return true;
}

static bool take_lines(struct podlog *p, int64_t until_us)
{
    const char *line;
    size_t len;
    while (next_line(p, &line, &len)) {
        bool whole = p->used > 0 && p->inbox.data[p->used - 1] == '\n';
        if (!p->dropping)
            take_line(p, line, len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES);
        p->dropping = !whole;
        if (p->freed)
            return false;
        if (clock_mono_us() >= until_us)
            return true;
    }
    return false;
}

/* -- the end ------------------------------------------------------------------------------- */

static void resume_later(struct podlog *p)
{
    int64_t wait = p->times.resume_ms;
    for (unsigned i = 0; i < p->cuts && wait < p->times.resume_max_ms; i++)
        wait *= 2;
    p->cuts++;
    p->cut = true;
    p->seen_next = 0;
    p->seen_old = p->seen_count;
    str_clear(&p->inbox); /* half a line comes again whole */
    p->used = p->looked = 0;
    p->dropping = p->ended = p->overflow = p->paused = false;
    loop_timer_set(&p->resume, wait < p->times.resume_max_ms ? wait : p->times.resume_max_ms);
}

static enum podlog_end end_of(const struct podlog *p)
{
    if (!p->error.code)
        return PODLOG_EOF;
    if (p->http == 404)
        return PODLOG_GONE;
    if (p->http == 400 && strstr(p->error.text, "waiting to start"))
        return PODLOG_WAITING;
    return PODLOG_ERROR;
}

static bool is_passing(const struct podlog *p)
{
    return p->overflow || p->http == 429 || p->http >= 500 || (p->http == 0 && p->error.code == ERROR_NETWORK);
}

static void finish(struct podlog *p)
{
    bool running = p->spec.follow && !p->error.code && p->spec.is_running && p->spec.is_running(p->spec.arg);
    if (p->freed)
        return;
    if (running || (p->spec.follow && p->error.code && is_passing(p))) {
        log_info("log of %s/%s: cut; going on", p->spec.ns, p->spec.pod);
        resume_later(p);
        return;
    }
    size_t left = p->inbox.len - p->used;
    if (left && !p->dropping)
        take_line(p, p->inbox.data + p->used, left);
    p->used = p->looked = p->inbox.len;
    if (!p->freed && p->spec.on_end)
        p->spec.on_end(p->spec.arg, end_of(p), &p->error);
}

/* -- bytes --------------------------------------------------------------------------------- */

static void free_podlog(struct podlog *p)
{
    free((void *)(uintptr_t)p->spec.ns);
    free((void *)(uintptr_t)p->spec.pod);
    free((void *)(uintptr_t)p->spec.container);
    str_done(&p->inbox);
    free(p->seen);
    free(p);
}

static void relax(struct podlog *p)
{
    if (!p->paused || p->inbox.len - p->used > INBOX_PAUSE / 2)
        return;
    p->paused = false;
    if (p->request)
        kube_request_pause(p->request, false);
}

static bool on_work(void *arg, int64_t until_us)
{
    struct podlog *p = arg;
    p->busy++;
    bool more = take_lines(p, until_us);
    if (!p->freed && !more) {
        relax(p);
        if (p->ended) {
            p->ended = false;
            finish(p);
        }
    }
    if (--p->busy == 0 && p->freed)
        free_podlog(p);
    return more;
}

static void on_chunk(void *arg, const char *bytes, size_t len)
{
    struct podlog *p = arg;
    if (p->used >= p->inbox.len - p->used) { /* each byte is moved once at most, on average */
        str_drop(&p->inbox, p->used);
        p->looked -= p->used;
        p->used = 0;
    }
    loop_work_start(&p->work);
    if (!str_addn(&p->inbox, bytes, len)) {
        p->overflow = p->ended = true;
        error_set(&p->error, ERROR_NETWORK, "log of %s/%s: it came faster than it could be read", p->spec.ns,
                  p->spec.pod);
        kube_request_cancel(&p->request);
    } else if (!p->paused && p->inbox.len - p->used > INBOX_PAUSE) {
        p->paused = true;
        kube_request_pause(p->request, true);
    }
}

static void on_end(void *arg, const struct kube_response *response)
{
    struct podlog *p = arg;
    p->request = NULL;
    p->ended = true;
    p->http = response->http;
    p->error = response->error;
    loop_work_start(&p->work);
}

static void ask(void *arg)
{
    struct podlog *p = arg;
    struct str path;
    char number[24], stamp[CLOCK_TEXT_MAX];
    str_init(&path, STR_SMALL);
    kube_path(&path, &kube_pods, p->spec.ns, p->spec.pod, "log");
    kube_query(&path, "container", p->spec.container);
    kube_query(&path, "timestamps", "true");
    kube_query(&path, "follow", p->spec.follow ? "true" : NULL);
    kube_query(&path, "previous", p->spec.previous ? "true" : NULL);
    if (p->second) {
        kube_query(&path, "sinceTime", clock_format_rfc3339(p->second * 1000, stamp));
    } else if (p->spec.tail_lines > 0) {
        snprintf(number, sizeof number, "%" PRId64, p->spec.tail_lines);
        kube_query(&path, "tailLines", number);
    }
    char *what = xasprintf("log of %s/%s", p->spec.ns, p->spec.pod);
    p->error.code = ERROR_NONE;
    p->request = kube_request_start(p->client, &(struct kube_request_spec){
        .method = "GET", .path = path.data, .what = what, .accept = "text/plain, application/json", .stream = true,
        .on_chunk = on_chunk, .on_end = on_end, .arg = p});
    free(what);
    str_done(&path);
}

/* -- life ---------------------------------------------------------------------------------- */

struct podlog *podlog_start_with(struct kube_client *client, const struct podlog_spec *spec,
                                 const struct podlog_times *times)
{
    struct podlog *p = xcalloc(1, sizeof *p);
    *p = (struct podlog){.spec = *spec, .times = *times, .client = client};
    p->spec.ns = xstrdup(spec->ns);
    p->spec.pod = xstrdup(spec->pod);
    p->spec.container = xstrdup(spec->container);
    str_init(&p->inbox, INBOX_MAX);
    loop_work_init(&p->work, kube_client_loop(client), on_work, p);
    loop_timer_init(&p->resume, kube_client_loop(client), ask, p);
    ask(p);
    return p;
}

struct podlog *podlog_start(struct kube_client *client, const struct podlog_spec *spec)
{
    return podlog_start_with(client, spec, &default_times);
}

void podlog_free(struct podlog **log)
{
    struct podlog *p = *log;
    *log = NULL;
    if (!p)
        return;
    kube_request_cancel(&p->request);
    loop_timer_cancel(&p->resume);
    loop_work_cancel(&p->work);
    p->freed = true;
    if (!p->busy)
        free_podlog(p);
}
