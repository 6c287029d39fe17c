/* access_private.h - what access.c shares with its tests and with call.c. */
#ifndef BRDECK_KUBE_ACCESS_PRIVATE_H
#define BRDECK_KUBE_ACCESS_PRIVATE_H

#include <brdeck/kube/access.h>
#include <brdeck/kube/call.h>

/* kube_access_new with another life of the answers. */
struct kube_access *kube_access_new_with(struct kube_client *client, void (*changed)(void *arg), void *arg,
                                         int64_t keep_ms);

/* call.c: POST an access review. It changes nothing, so it goes over the connection that is there and is
 * repeated like a GET. */
struct kube_request *kube_review(struct kube_client *client, const struct json *body, kube_call_fn *fn, void *arg);

#endif
