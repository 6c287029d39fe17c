/* call.h - one question, one answer: get, list, create, patch, replace, delete. */
#ifndef BRDECK_KUBE_CALL_H
#define BRDECK_KUBE_CALL_H

#include <stdbool.h>

#include <brdeck/base/json.h>
#include <brdeck/kube/client.h>
#include <brdeck/kube/resource.h>

/* Which object, and how. Strings are needed only during the call. */
struct kube_call_spec {
    const struct kube_resource *resource;
    const char *ns, *name, *sub; /* NULL where it does not apply */
    const char *query;           /* "a=b&c=d" more, already escaped; NULL: none */
    const struct json *body;     /* patch, new object, DeleteOptions; copied */
    bool dry_run;                /* dryRun=All */
    bool strict;                 /* fieldValidation=Strict */
    const char *what;            /* for errors; NULL: made from verb, kind and name */
    int64_t timeout_ms;          /* 0: the client's */
};
/* @object is NULL unless the answer was 2xx with a JSON object; borrowed. */
typedef void kube_call_fn(void *arg, const struct json *object, const struct kube_response *response);

/* All writes carry fieldManager=brdeck. The handle may be cancelled until @fn is called. */
struct kube_request *kube_get(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg);
/* application/merge-patch+json: brdeck sends no other kind of patch. */
struct kube_request *kube_patch(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg);
struct kube_request *kube_create(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg);
struct kube_request *kube_delete(struct kube_client *c, const struct kube_call_spec *spec, kube_call_fn *fn, void *arg);

#endif
