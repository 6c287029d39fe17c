#include <config.h>

#include "kube/client_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RETRY_AFTER_SECONDS_MAX = 24 * 60 * 60 };

/* An answer as curl hands it in, header by header, chunk by chunk. Callbacks of curl: nothing here
 * may remove a transfer. */

static void set_text(char buf[SMALL_HEADER_MAX], const char *value, size_t len)
{
    if (len >= SMALL_HEADER_MAX)
        len = SMALL_HEADER_MAX - 1;
    memcpy(buf, value, len);
    buf[len] = '\0';
}

static void read_content_type(struct kube_request *r, const char *value, size_t len)
{
    set_text(r->content_type, value, len);
}

static void read_date(struct kube_request *r, const char *value, size_t len) { set_text(r->date, value, len); }

static void read_retry_after(struct kube_request *r, const char *value, size_t len)
{
    set_text(r->retry_after, value, len);
}

/* Retry-After has seconds, or (from a proxy) a date, which is the server's: it counts from the answer's own. What has
 * passed, and what is neither, is 0: none named. */
static int64_t retry_after_ms(const struct kube_request *r)
{
    const char *text = r->retry_after;
    int64_t seconds = 0, date_ms, now_ms;
    if (clock_parse_http_date(text, &date_ms)) {
        if (!clock_parse_http_date(r->date, &now_ms))
            now_ms = clock_now_ms(&r->client->clock);
        seconds = date_ms > now_ms ? (date_ms - now_ms + 999) / 1000 : 0;
    } else if (!text[strspn(text, "0123456789")]) {
        for (; *text && seconds < RETRY_AFTER_SECONDS_MAX; text++)
            seconds = seconds * 10 + (*text - '0');
    }
    return (seconds < RETRY_AFTER_SECONDS_MAX ? seconds : RETRY_AFTER_SECONDS_MAX) * 1000;
}

/* 299 - "unknown field \"spec.nonsense\"" (RFC 7234): the text in quotes; anything else as it is. */
static void read_warning(struct kube_request *r, const char *value, size_t len)
{
    const char *quote = memchr(value, '"', len), *end = value + len;
    if (r->warning.len)
        str_add(&r->warning, "; ");
    for (const char *at = quote ? quote + 1 : value; at < end && !(quote && *at == '"'); at++) {
        if (quote && *at == '\\' && at + 1 < end)
            at++;
        str_addc(&r->warning, *at);
    }
}

static const struct {
    const char *name;
    void (*read)(struct kube_request *r, const char *value, size_t len);
} header_readers[] = {
    {"content-type", read_content_type},
    {"date", read_date},
    {"retry-after", read_retry_after},
    {"warning", read_warning},
};

/* "HTTP/2 200": a new head begins; what came before was a 1xx. */
static void begin_head(struct kube_request *r, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    size_t at = space ? (size_t)(space - line) + 1 : len;
    r->http = 0;
    for (size_t i = at; i < len && i < at + 3 && isdigit((unsigned char)line[i]); i++)
        r->http = r->http * 10 + (line[i] - '0');
    r->content_type[0] = r->date[0] = r->retry_after[0] = '\0';
    r->retry_after_ms = 0;
    str_clear(&r->warning);
    str_clear(&r->body);
}

static void end_head(struct kube_request *r)
{
    if (r->http < 200)
        return;
    curl_off_t sent_us = 0, answered_us = 0;
    curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    curl_easy_getinfo(r->easy, CURLINFO_STARTTRANSFER_TIME_T, &answered_us);
    if (r->date[0])
        clock_learn(&r->client->clock, r->date, answered_us > sent_us ? (int64_t)(answered_us - sent_us) / 1000 : 0);
    r->retry_after_ms = retry_after_ms(r);
    if (r->epoch == r->client->epoch)
        r->client->epoch_answered = true;
    if (r->http < 300 && r->spec.on_head)
        r->spec.on_head(r->spec.arg);
    if (r->paused) /* since before it ran */
        curl_easy_pause(r->easy, CURLPAUSE_RECV);
}

size_t kube_answer_header(char *bytes, size_t size, size_t count, void *request)
{
    struct kube_request *r = request;
    size_t whole = size * count, len = whole;
    if (r->cancelled)
        return 0;
    r->last_byte_ms = clock_mono_ms();
    while (len && isspace((unsigned char)bytes[len - 1]))
        len--;
    if (len == 0) {
        end_head(r);
        return whole;
    }
    if (len > 5 && strncasecmp(bytes, "HTTP/", 5) == 0) {
        begin_head(r, bytes, len);
        return whole;
    }
    const char *colon = memchr(bytes, ':', len);
    if (!colon)
        return whole;
    const char *value = colon + 1, *end = bytes + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    size_t name_len = (size_t)(colon - bytes);
    for (size_t i = 0; i < sizeof header_readers / sizeof *header_readers; i++)
        if (strlen(header_readers[i].name) == name_len && strncasecmp(bytes, header_readers[i].name, name_len) == 0)
            header_readers[i].read(r, value, (size_t)(end - value));
    return whole;
}

size_t kube_answer_body(char *bytes, size_t size, size_t count, void *request)
{
    struct kube_request *r = request;
    size_t len = size * count;
    if (r->cancelled)
        return 0;
    r->last_byte_ms = clock_mono_ms();
    bool is_good = r->http >= 200 && r->http < 300;
    if (r->paused && is_good && r->spec.on_chunk)
        return CURL_WRITEFUNC_PAUSE; /* curl 8.14 hands on what it had read before it was paused */
    if (is_good && r->spec.on_chunk) {
        r->spec.on_chunk(r->spec.arg, bytes, len);
        return r->cancelled ? 0 : len;
    }
    size_t most = is_good ? r->spec.body_max : ERROR_BODY_MAX;
    if (len <= most && r->body.len <= most - len) {
        str_addn(&r->body, bytes, len);
        return len;
    }
    if (!is_good) /* the first MiB of a refusal is enough to tell it */
        return len;
    r->too_large = true;
    return 0;
}
