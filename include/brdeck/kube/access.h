/* access.h - may we? SelfSubjectAccessReviews, kept for 60 s.
 *
 * An error is no answer: it never disables a key (rule 18).
 */
#ifndef BRDECK_KUBE_ACCESS_H
#define BRDECK_KUBE_ACCESS_H

#include <brdeck/kube/client.h>

enum kube_right { KUBE_RIGHT_UNKNOWN, KUBE_RIGHT_NO, KUBE_RIGHT_YES };
enum { KUBE_ACCESS_KEEP_MS = 60 * 1000 };

struct kube_access;
struct kube_access_query {
    const char *verb, *group, *resource, *sub; /* sub NULL or "": none */
    const char *ns;                            /* NULL or "": all namespaces */
};

/* @changed is called (from the loop) when an answer has come that differs. */
struct kube_access *kube_access_new(struct kube_client *client, void (*changed)(void *arg), void *arg);
void kube_access_free(struct kube_access **access);
/* What is known now; asks in the background when it is unknown or too old. */
enum kube_right kube_access_check(struct kube_access *access, const struct kube_access_query *query);
/* The same, with the answer by @fn: once, maybe at once. */
typedef void kube_access_fn(void *arg, enum kube_right right, const struct error *err);
void kube_access_ask(struct kube_access *access, const struct kube_access_query *query, kube_access_fn *fn, void *arg);

#endif
