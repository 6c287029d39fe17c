#include <config.h>

#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

enum { KEPT_MAX = 32, KEPT_MS = 5 * 60 * 1000 };

struct snapshot *snapshot_take(struct snapshots *snapshots, const struct store *store, const struct kind *kind,
                               const char *ns, const struct selector *selector)
{
    struct object *const *first;
    size_t count = store_range(store, kind, ns, &first);
    struct snapshot *snapshot = xcalloc(1, sizeof *snapshot);
    snapshot->id = ++snapshots->last_id;
    snapshot->rv = store_rv(store);
    snapshot->refs = 1;
    snapshot->kind = kind;
    snapshot->filtered = !selector_is_empty(selector);
    snapshot->items = xreallocarray(NULL, count ? count : 1, sizeof(struct blob *));
    snapshot->at_ms = clock_mono_ms();
    for (size_t i = 0; i < count; i++)
        if (!snapshot->filtered || selector_match(selector, first[i]))
            snapshot->items[snapshot->count++] = blob_ref(first[i]->text);
    return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    snapshot->refs++;
    return snapshot;
}

void snapshot_unref(struct snapshot **snapshot)
{
    struct snapshot *last = *snapshot;
    *snapshot = NULL;
    if (!last || --last->refs > 0)
        return;
    for (size_t i = 0; i < last->count; i++)
        blob_unref(&last->items[i]);
    free(last->items);
    free(last);
}

static void cut_from(struct snapshot **at)
{
    while (*at) {
        struct snapshot *old = *at;
        *at = old->next;
        snapshot_unref(&old);
    }
}

void snapshots_expire(struct snapshots *snapshots) { cut_from(&snapshots->first); }
void snapshots_done(struct snapshots *snapshots) { cut_from(&snapshots->first); }

void snapshots_keep(struct snapshots *snapshots, struct snapshot *snapshot)
{
    for (const struct snapshot *kept = snapshots->first; kept; kept = kept->next)
        if (kept == snapshot)
            return;
    snapshot->next = snapshots->first;
    snapshots->first = snapshot_ref(snapshot);
    size_t count = 0;
    int64_t oldest = clock_mono_ms() - KEPT_MS;
    for (struct snapshot **at = &snapshots->first; *at; at = &(*at)->next)
        if (++count > KEPT_MAX || (*at)->at_ms < oldest) {
            cut_from(at);
            break;
        }
}

char *token_print(const struct snapshot *snapshot, size_t at, char buf[TOKEN_MAX])
{
    char text[TOKEN_MAX / 2 + 16];
    int len = snprintf(text, sizeof text, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%" PRIu64 ",\"start\":\"%zu/%" PRIu64 "\"}",
                       snapshot->rv, at, snapshot->id);
    char *coded = base64_encode(text, (size_t)len);
    coded[strcspn(coded, "=")] = '\0';
    for (char *c = coded; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    snprintf(buf, TOKEN_MAX, "%s", coded);
    free(coded);
    return buf;
}

struct snapshot *token_find(const struct snapshots *snapshots, const char *token, size_t *at)
{
    char coded[TOKEN_MAX + 4];
    size_t n = strlen(token), len;
    if (n >= TOKEN_MAX)
        return NULL;
    memcpy(coded, token, n);
    while (n % 4)
        coded[n++] = '=';
    coded[n] = '\0';
    for (char *c = coded; *c; c++)
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    char *text = base64_decode(coded, &len);
    const char *start = text ? strstr(text, "\"start\":\"") : NULL;
    uint64_t id = 0;
    bool read = start && sscanf(start, "\"start\":\"%zu/%" SCNu64, at, &id) == 2;
    free(text);
    for (struct snapshot *kept = snapshots->first; read && kept; kept = kept->next)
        if (kept->id == id && *at < kept->count)
            return kept;
    return NULL;
}
