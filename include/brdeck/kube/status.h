/* status.h - what the API server says went wrong, in one sentence.
 *
 * metav1.Status. A Strict validation error quotes the whole object: only what follows "strict
 * decoding error:" is told (rule 21).
 */
#ifndef BRDECK_KUBE_STATUS_H
#define BRDECK_KUBE_STATUS_H

#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

struct kube_status {
    int code;                /* the HTTP code, or the one in the body of an ERROR event */
    char reason[64];         /* "Forbidden", "Conflict", "Expired"... or "" */
    int retry_after_seconds; /* details.retryAfterSeconds; 0: none */
    char message[2048];      /* as the server words it, shortened as above */
};

/* Read a Status object; false when @json is none (then *status holds only zeros). */
bool kube_status_read(const struct json *json, struct kube_status *status);
/* Tell an answer: HTTP code @http with body @text, received for @what ("pause orders/log-a").
 * A body that is no Status (a proxy's HTML) is told by its code and first words, cleaned of tags. Fills
 * @err with a code that fits (401/403 DENIED, 404 MISSING, 409 CONFLICT, 422/400 INPUT, 5xx
 * NETWORK) and one sentence with what to do. Returns the Status read. */
struct kube_status kube_status_tell(const char *what, int http, const char *text, size_t len, struct error *err);

#endif
