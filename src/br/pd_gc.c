#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "pd_keeper.h"

#define SERVICE "/service/"
#define PAUSE "_pause_safepoint" /* br log pause: <task>_pause_safepoint */
#define GUARD "-pause-guard"     /* TiKV: <task>-<store>-pause-guard */

enum {
    ID_LEN_MAX = 320, /* of a task of 256, a store, and what stands behind it */
    HOLDS_MAX = 1000,
};
static const int64_t last_s = INT64_C(253402300799); /* of the year 9999; PD writes the greatest number for "never" */

void pd_gc_done(struct pd_gc *gc)
{
    for (size_t i = 0; i < gc->count; i++)
        free(gc->holds[i].id);
    free(gc->holds);
    *gc = (struct pd_gc){0};
}

tso_t pd_read_safepoint(const char *text, size_t len)
{
    tso_t ts = 0;
    if (len == 0 || len > 16)
        return 0;
    for (size_t i = 0; i < len; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return 0;
        size_t value = (size_t)(digit - digits);
        ts = ts << 4 | (value < 16 ? value : value - 6);
    }
    return ts;
}

static bool ends_with(const char *text, size_t len, const char *tail)
{
    size_t n = strlen(tail);
    return len > n && memcmp(text + len - n, tail, n) == 0;
}

/* Those of pauses only: of others (TiCDC, backups that run) there may be many. */
static bool is_of_pause(const char *id, size_t len)
{
    return len < ID_LEN_MAX && !memchr(id, '\0', len) && (ends_with(id, len, PAUSE) || ends_with(id, len, GUARD));
}

static void take_hold(struct pd_gc *gc, const char *id, size_t id_len, const char *value, size_t len)
{
    struct json *json = is_of_pause(id, id_len) && gc->count < HOLDS_MAX ? json_parse(value, len, NULL) : NULL;
    struct pd_hold hold = {0};
    int64_t expires_s;
    if (json_uint(json_get(json, "safe_point"), &hold.ts)) {
        if (json_int(json_get(json, "expired_at"), &expires_s) && expires_s > 0 && expires_s <= last_s)
            hold.expires_ms = expires_s * 1000;
        if (gc->count == gc->cap) {
            gc->cap = gc->cap ? 2 * gc->cap : 8;
            gc->holds = xreallocarray(gc->holds, gc->cap, sizeof *gc->holds);
        }
        hold.id = xstrndup(id, id_len);
        gc->holds[gc->count++] = hold;
    }
    json_free(&json);
}

void pd_take_gc(struct pd_gc *gc, const char *name, size_t name_len, const char *value, size_t len)
{
    size_t service = strlen(SERVICE);
    if (name_len == 0)
        gc->safepoint = pd_read_safepoint(value, len);
    else if (name_len > service && memcmp(name, SERVICE, service) == 0)
        take_hold(gc, name + service, name_len - service, value, len);
}

/* br's of that task, or a store's; names that begin each other's are not mixed up. */
static bool is_of_task(const char *id, const char *task)
{
    size_t len = strlen(task);
    if (strncmp(id, task, len) != 0)
        return false;
    id += len;
    if (strcmp(id, PAUSE) == 0)
        return true;
    size_t digits = *id == '-' ? strspn(id + 1, "0123456789") : 0;
    return digits && strcmp(id + 1 + digits, GUARD) == 0;
}

const struct pd_hold *pd_hold_of(const struct pd_gc *gc, const char *task, tso_t checkpoint)
{
    const struct pd_hold *longest = NULL;
    for (size_t i = 0; i < gc->count; i++) {
        const struct pd_hold *hold = &gc->holds[i];
        if (!hold->expires_ms || (checkpoint && hold->ts > checkpoint) || !is_of_task(hold->id, task))
            continue;
        if (!longest || hold->expires_ms > longest->expires_ms)
            longest = hold;
    }
    return longest;
}
