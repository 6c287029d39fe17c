#include <config.h>

#include <brdeck/kube/status.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/str.h>

enum { FIRST_WORDS_MAX = 160 /* of a body that is no Status */ };

/* -- the message -------------------------------------------------------------- */

/* Where the quoted string that begins at @at ends: its closing quote, or the end of the text. */
static const char *closing_quote(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return at;
}

/* Validation errors quote the value they refuse, and that can be the whole object. Only the words of a
 * Strict error are kept; an object or array quoted elsewhere shrinks to {...}. */
static void shorten(struct str *out, const char *message)
{
    static const char strict[] = "strict decoding error:", quoted[] = "Invalid value: \"";
    const char *at = strstr(message, strict);
    if (at)
        message = at + sizeof strict - 1;
    while (*message == ' ')
        message++;
    while ((at = strstr(message, quoted)) != NULL) {
        at += sizeof quoted - 2;
        str_addn(out, message, (size_t)(at - message));
        const char *end = closing_quote(at);
        message = *end ? end + 1 : end;
        if (at[1] == '{' || at[1] == '[')
            str_add(out, at[1] == '{' ? "{...}" : "[...]");
        else
            str_addn(out, at, (size_t)(message - at));
    }
    str_add(out, message);
}

/* Copy to a buffer; where it does not fit it ends in "..." and not within a UTF-8 character. */
static void copy_cut(char *buf, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len < size) {
        memcpy(buf, text, len + 1);
        return;
    }
    len = size - 4;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    memcpy(buf, text, len);
    memcpy(buf + len, "...", 4);
}

bool kube_status_read(const struct json *json, struct kube_status *status)
{
    *status = (struct kube_status){0};
    if (!str_same(json_string(json, "kind"), "Status"))
        return false;
    int64_t number;
    if (json_int(json_get(json, "code"), &number) && number > 0 && number < 1000)
        status->code = (int)number;
    if (json_int(json_at(json, "details", "retryAfterSeconds", NULL), &number) && number > 0 && number < 86400)
        status->retry_after_seconds = (int)number;
    const char *reason = json_string(json, "reason"), *message = json_string(json, "message");
    copy_cut(status->reason, sizeof status->reason, reason ? reason : "");
    struct str text;
    str_init(&text, STR_SMALL);
    shorten(&text, message ? message : "");
    copy_cut(status->message, sizeof status->message, text.data);
    str_done(&text);
    return true;
}

/* -- a body that is no Status ------------------------------------------------------ */

static const struct {
    const char *name, *text;
} entities[] = {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "}, {"&amp;", "&"}};

/* Past a tag; past all of an element whose content is no text. */
static const char *skip_tag(const char *at, const char *end)
{
    static const char *const unread[] = {"script", "style"};
    const char *name = at + 1, *close = memchr(at, '>', (size_t)(end - at));
    if (!close)
        return end;
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++) {
        size_t len = strlen(unread[i]);
        if ((size_t)(end - name) <= len || strncasecmp(name, unread[i], len) != 0)
            continue;
        for (const char *to = close; to && to + 2 + len < end; to = memchr(to + 1, '<', (size_t)(end - to - 1)))
            if (to[0] == '<' && to[1] == '/' && strncasecmp(to + 2, unread[i], len) == 0) {
                close = memchr(to, '>', (size_t)(end - to));
                return close ? close + 1 : end;
            }
        return end;
    }
    return close + 1;
}

static bool begins_tag(const char *at, const char *end)
{
    return *at == '<' && at + 1 < end && (isalpha((unsigned char)at[1]) || strchr("/!?", at[1]));
}

static const char *add_entity(struct str *out, const char *at, const char *end)
{
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        size_t len = strlen(entities[i].name);
        if ((size_t)(end - at) >= len && strncmp(at, entities[i].name, len) == 0) {
            str_add(out, entities[i].text);
            return at + len;
        }
    }
    str_addc(out, '&');
    return at + 1;
}

/* The first words of @text, without tags, runs of white space and control characters made one space. */
static void first_words(struct str *out, const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    bool space = false;
    while (at < end && out->len < FIRST_WORDS_MAX) {
        if (begins_tag(at, end)) {
            at = skip_tag(at, end);
            space = true;
        } else if ((unsigned char)*at <= ' ' || *at == 0x7f) {
            at++;
            space = true;
        } else {
            if (space && out->len)
                str_addc(out, ' ');
            space = false;
            if (*at == '&')
                at = add_entity(out, at, end);
            else
                str_addc(out, *at++);
        }
    }
    if (at < end)
        str_add(out, "...");
}

/* -- one sentence -------------------------------------------------------------------- */

static const struct telling {
    int from, to;       /* HTTP codes */
    const char *reason; /* only with this one; NULL: any */
    enum error_code code;
    const char *name; /* when the server says nothing */
    const char *advice;
} tellings[] = {
    {300, 399, NULL, ERROR_NETWORK, "redirected", "no redirect is followed: check the server's address"},
    {400, 400, NULL, ERROR_INPUT, "bad request", NULL},
    {401, 401, NULL, ERROR_DENIED, "Unauthorized",
     "the server does not accept this login: log in again, or check the user of this context"},
    {403, 403, NULL, ERROR_DENIED, "Forbidden", "ask for this right, or use another context"},
    {404, 404, NULL, ERROR_MISSING, "not found", NULL},
    {405, 405, NULL, ERROR_REFUSED, "not supported by this server", NULL},
    {407, 407, NULL, ERROR_DENIED, "the proxy wants a login", "name it in proxy-url"},
    {409, 409, "AlreadyExists", ERROR_CONFLICT, "already exists", NULL},
    {409, 409, NULL, ERROR_CONFLICT, "conflict", "somebody else changed it first: look again"},
    {410, 410, NULL, ERROR_NETWORK, "too old", "listing again helps"},
    {413, 413, NULL, ERROR_INPUT, "too large", NULL},
    {415, 415, NULL, ERROR_INPUT, "unsupported media type", NULL},
    {422, 422, NULL, ERROR_INPUT, "invalid", NULL},
    {429, 429, NULL, ERROR_NETWORK, "too many requests", "the server is busy: try again later"},
    {400, 499, NULL, ERROR_FAILED, "refused", NULL},
    {500, 500, NULL, ERROR_NETWORK, "internal error", "the server failed: try again"},
    {502, 502, NULL, ERROR_NETWORK, "bad gateway", "what stands before the API server does not reach it"},
    {503, 503, NULL, ERROR_NETWORK, "unavailable", "the server cannot answer now: try again"},
    {504, 504, NULL, ERROR_NETWORK, "timed out in the server", "try again"},
    {0, 999, NULL, ERROR_NETWORK, "unexpected answer", NULL},
};

/* RBAC's escalation check: a Role may be made only by one who holds what it grants. */
static const char granting[] = "attempting to grant RBAC permissions not currently held";
static const struct telling escalation = {
    403, 403, NULL, ERROR_DENIED, "Forbidden",
    "one can grant only rights that one holds: have this Role made by somebody who holds them"};

static const struct telling *telling_of(int http, const char *reason)
{
    const struct telling *t = tellings;
    while (http < t->from || http > t->to || (t->reason && !str_same(t->reason, reason)))
        if (++t == tellings + sizeof tellings / sizeof *tellings - 1)
            break;
    return t;
}

struct kube_status kube_status_tell(const char *what, int http, const char *text, size_t len, struct error *err)
{
    struct kube_status status;
    struct json *json = json_parse(text, len, NULL);
    bool is_status = kube_status_read(json, &status);
    json_free(&json);

    int code = is_status && status.code ? status.code : http;
    const struct telling *t = telling_of(code, status.reason);
    if (code == 403 && strstr(status.message, granting))
        t = &escalation;
    struct str words;
    str_init(&words, sizeof status.message);
    if (is_status)
        str_add(&words, status.message);
    else
        first_words(&words, text, len);
    /* The sentence has 512 bytes and its advice at the end: the message gives way. */
    char said[300];
    copy_cut(said, sizeof said, words.len ? words.data : t->name);
    str_done(&words);
    char number[32] = "";
    if (!is_status)
        snprintf(number, sizeof number, "HTTP %d: ", code);
    error_set(err, t->code, "%s: %s%s%s%s", what, number, said, t->advice ? "; " : "", t->advice ? t->advice : "");
    return status;
}
