/* store.h - the objects of the cluster, and what happened to them.
 *
 * An object is kept as the text the API server would send, in a blob that is
 * counted and never changed: lists, snapshots and events share it. Every write
 * raises the one resourceVersion by one and is one change in a window of
 * history; what fell out of the window answers 410.
 */
#ifndef BRDECK_SIM_STORE_H
#define BRDECK_SIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/json.h>

#include "kinds.h"

struct blob {
    size_t refs, len;
    char text[]; /* NUL-terminated */
};
struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob **blob);

struct object {
    char *ns, *name; /* ns "" for what lies in none */
    char *labels;    /* "k=v" each NUL-ended, an empty one last; NULL: none */
    struct blob *text;
    uint64_t rv;
};

enum change_type { CHANGE_ADDED, CHANGE_MODIFIED, CHANGE_DELETED };

struct change {
    enum change_type type;
    const struct kind *kind;
    uint64_t rv;
    char *ns, *name;
    char *old_labels, *labels;
    struct blob *text;
};

struct store;
struct store *store_new(size_t history);
void store_free(struct store **store);

uint64_t store_rv(const struct store *store);
/* NULL when there is none. Valid until the next write of that kind. */
const struct object *store_get(const struct store *store, const struct kind *kind, const char *ns, const char *name);
/* The same as a tree that the caller frees. */
struct json *store_read(const struct store *store, const struct kind *kind, const char *ns, const char *name);
/* Objects of @kind in @ns ("": all), ordered by namespace and name: their number, and the first in *@first. */
size_t store_range(const struct store *store, const struct kind *kind, const char *ns,
                   struct object *const **first);

/* Write @tree, which is used up; metadata.name, namespace are read from it, and
 * metadata.resourceVersion is set. Returns what is stored now. */
const struct object *store_put(struct store *store, const struct kind *kind, struct json *tree);
/* Store text as it is, without a change in the history: for a fleet made at the start. @text has
 * its resourceVersion from store_next_rv. */
void store_load(struct store *store, const struct kind *kind, const char *ns, const char *name, const char *labels,
                const char *text, size_t len);
uint64_t store_next_rv(const struct store *store);
/* Remove; the DELETED change carries the last text with a new resourceVersion. */
bool store_remove(struct store *store, const struct kind *kind, const char *ns, const char *name);

/* The change whose resourceVersion is @rv; NULL when it is not yet or no more there. */
const struct change *store_change(const struct store *store, uint64_t rv);
/* Forget the history, as a compaction does. */
void store_forget(struct store *store);

/* Called after each change. */
typedef void store_fn(void *arg, const struct change *change);
void store_on_change(struct store *store, store_fn *fn, void *arg);

/* The value of label @key in packed @labels; NULL when absent. */
const char *labels_get(const char *labels, const char *key);

#endif
