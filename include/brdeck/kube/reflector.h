/* reflector.h - one kind in one namespace (or all), listed and then watched for ever.
 *
 * client-go's reflector, in words: list in pages (500, then 2,000, gzip), watch from the list's
 * resourceVersion with bookmarks, go on after a clean close, list anew after 410, back off with jitter up to
 * 30 s and for ever, notice a dead link (rules 14 to 16). Objects are handed on as JSON text
 * and decoded by the owner, in the loop's sliced work: at most 4 ms a turn.
 */
#ifndef BRDECK_KUBE_REFLECTOR_H
#define BRDECK_KUBE_REFLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/kube/client.h>
#include <brdeck/kube/resource.h>

enum reflector_phase {
    REFLECTOR_CONNECTING,   /* nothing has come yet */
    REFLECTOR_LISTING,
    REFLECTOR_WATCHING,     /* live when bytes came within 45 s, or the last check answered */
    REFLECTOR_RECONNECTING, /* waiting for the next try: see error and next_try_ms */
    REFLECTOR_DENIED,       /* 401 or 403: tried again every 30 s */
    REFLECTOR_MISSING,      /* 404: the kind is not there: tried again every 30 s */
    REFLECTOR_LISTED,       /* with @once: the list is complete, and nothing follows */
};

struct reflector_state {
    enum reflector_phase phase;
    bool listed;            /* a complete list was had at least once */
    size_t seen, total;     /* of the list under way; total 0: not known */
    int64_t fresh_ms;       /* monotonic, when the data was last known to be fresh; 0: never */
    int64_t since_ms;       /* monotonic, when this phase began */
    int64_t next_try_ms;    /* monotonic; RECONNECTING, DENIED, MISSING */
    struct error error;     /* why; code NONE while all is well */
    int http;               /* with error: the code of the answer, 401 or 403 say; 0: there was none */
};

struct reflector;
struct reflector_spec {
    struct kube_client *client;
    struct kube_resource resource; /* its strings must outlive the reflector */
    const char *ns;                /* NULL: all; copied, as the selectors are */
    const char *label_selector, *field_selector;
    bool once;                     /* only the list; failures are tried again all the same, until it is had */
    /* An object is there: new, changed, or listed again. @text is borrowed. */
    void (*on_object)(void *arg, const char *text, size_t len);
    /* It was deleted; @text is its last state. */
    void (*on_delete)(void *arg, const char *text, size_t len);
    /* A list begins: objects not handed on before the matching on_listed are gone then. It may begin again before
     * it was complete. on_listed comes after a complete list only. */
    void (*on_list)(void *arg);
    void (*on_listed)(void *arg);
    /* The state changed (at most once a turn). */
    void (*on_state)(void *arg, const struct reflector_state *state);
    void *arg;
};

/* Starts at once. */
struct reflector *reflector_new(const struct reflector_spec *spec);
void reflector_free(struct reflector **reflector);
const struct reflector_state *reflector_state(const struct reflector *reflector);
/* Do not wait for the back-off, try now (a key of the user's). */
void reflector_retry(struct reflector *reflector);
/* WATCHING and bytes within 45 s: what may be called live. */
bool reflector_is_live(const struct reflector *reflector);

#endif
