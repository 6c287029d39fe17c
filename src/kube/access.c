#include <config.h>

#include <brdeck/kube/access.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/kube/call.h>
#include "kube/access_private.h"

enum { ENTRIES_MAX = 2048 /* beyond it the old ones go */, KEY_SEP = 0x1f };

/* One that waits for an answer. */
struct waiter {
    kube_access_fn *fn;
    void *arg;
    struct waiter *next;
};

struct entry {
    struct kube_access *owner;
    char *key;
    enum kube_right right;
    int64_t asked_ms, answered_ms; /* 0: never */
    struct kube_request *request;  /* NULL: none is under way */
    struct waiter *waiters;
    struct entry *next;
};

struct kube_access {
    struct kube_client *client;
    void (*changed)(void *arg);
    void *arg;
    int64_t keep_ms;
    struct entry *entries;
    size_t count;
    unsigned busy; /* callbacks on the stack */
    bool freed;
};

struct kube_access *kube_access_new_with(struct kube_client *client, void (*changed)(void *arg), void *arg,
                                         int64_t keep_ms)
{
    struct kube_access *a = xcalloc(1, sizeof *a);
    *a = (struct kube_access){.client = client, .changed = changed, .arg = arg, .keep_ms = keep_ms};
    return a;
}

struct kube_access *kube_access_new(struct kube_client *client, void (*changed)(void *arg), void *arg)
{
    return kube_access_new_with(client, changed, arg, KUBE_ACCESS_KEEP_MS);
}

/* -- entries ------------------------------------------------------------------------ */

static void free_entry(struct entry *e)
{
    kube_request_cancel(&e->request);
    while (e->waiters) {
        struct waiter *next = e->waiters->next;
        free(e->waiters);
        e->waiters = next;
    }
    free(e->key);
    free(e);
}

static void free_access(struct kube_access *a)
{
    while (a->entries) {
        struct entry *next = a->entries->next;
        free_entry(a->entries);
        a->entries = next;
    }
    free(a);
}

void kube_access_free(struct kube_access **access)
{
    struct kube_access *a = *access;
    *access = NULL;
    if (!a)
        return;
    a->freed = true;
    if (!a->busy)
        free_access(a);
}

static void leave(struct kube_access *a)
{
    if (--a->busy == 0 && a->freed)
        free_access(a);
}

static char *key_of(const struct kube_access_query *q)
{
    const char *const parts[] = {q->verb, q->group, q->resource, q->sub, q->ns};
    struct str key;
    str_init(&key, STR_SMALL);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        str_add(&key, parts[i]);
        str_addc(&key, KEY_SEP);
    }
    return str_take(&key);
}

/* Answers of the past that nobody waits for. */
static void forget_old(struct kube_access *a)
{
    int64_t now = clock_mono_ms();
    for (struct entry **link = &a->entries; *link;) {
        struct entry *e = *link;
        if (e->request || now - e->asked_ms <= a->keep_ms) {
            link = &e->next;
            continue;
        }
        *link = e->next;
        a->count--;
        free_entry(e);
    }
}

static struct entry *entry_of(struct kube_access *a, const struct kube_access_query *q)
{
    char *key = key_of(q);
    for (struct entry *e = a->entries; e; e = e->next)
        if (strcmp(e->key, key) == 0) {
            free(key);
            return e;
        }
    if (a->count >= ENTRIES_MAX)
        forget_old(a);
    struct entry *e = xcalloc(1, sizeof *e);
    *e = (struct entry){.owner = a, .key = key, .next = a->entries};
    a->entries = e;
    a->count++;
    return e;
}

/* -- question and answer --------------------------------------------------------------- */

static void answer(void *arg, const struct json *object, const struct kube_response *response)
{
    struct entry *e = arg;
    struct kube_access *a = e->owner;
    e->request = NULL;
    const struct json *allowed = json_at(object, "status", "allowed", NULL);
    struct error error = response->error;
    enum kube_right right = KUBE_RIGHT_UNKNOWN;
    if (json_type(allowed) == JSON_BOOL)
        right = json_is_true(allowed) ? KUBE_RIGHT_YES : KUBE_RIGHT_NO;
    else if (!error.code)
        error_set(&error, ERROR_NETWORK, "ask for a right: the answer is no access review");
    bool differs = right != e->right;
    e->right = right;
    e->answered_ms = clock_mono_ms();
    struct waiter *waiters = e->waiters;
    e->waiters = NULL;
    a->busy++;
    while (waiters) {
        struct waiter *w = waiters;
        waiters = w->next;
        if (!a->freed)
            w->fn(w->arg, right, &error);
        free(w);
    }
    if (differs && !a->freed && a->changed)
        a->changed(a->arg);
    leave(a);
}

static void ask_server(struct entry *e, const struct kube_access_query *q)
{
    struct json *body = json_new_object();
    json_set_string(body, "apiVersion", "authorization.k8s.io/v1");
    json_set_string(body, "kind", "SelfSubjectAccessReview");
    struct json *attributes = json_object_in(json_object_in(body, "spec"), "resourceAttributes");
    const struct {
        const char *name, *value;
    } members[] = {{"verb", q->verb}, {"group", q->group}, {"resource", q->resource}, {"subresource", q->sub},
                   {"namespace", q->ns}};
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (!str_empty(members[i].value))
            json_set_string(attributes, members[i].name, members[i].value);
    e->asked_ms = clock_mono_ms();
    e->request = kube_review(e->owner->client, body, answer, e);
    json_free(&body);
}

static bool is_young(const struct entry *e)
{
    return e->answered_ms && clock_mono_ms() - e->answered_ms < e->owner->keep_ms;
}

enum kube_right kube_access_check(struct kube_access *access, const struct kube_access_query *query)
{
    struct entry *e = entry_of(access, query);
    if (!e->request && !is_young(e))
        ask_server(e, query);
    return e->right;
}

void kube_access_ask(struct kube_access *access, const struct kube_access_query *query, kube_access_fn *fn, void *arg)
{
    static const struct error none;
    struct entry *e = entry_of(access, query);
    if (!e->request && is_young(e) && e->right != KUBE_RIGHT_UNKNOWN) {
        fn(arg, e->right, &none);
        return;
    }
    struct waiter **link = &e->waiters;
    while (*link)
        link = &(*link)->next;
    *link = xcalloc(1, sizeof **link);
    **link = (struct waiter){.fn = fn, .arg = arg};
    if (!e->request)
        ask_server(e, query);
}
