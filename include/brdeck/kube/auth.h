/* auth.h - credentials as they are wanted: tokens, files, exec plugins.
 *
 * client.go.k8s.io exec plugins v1 and v1beta1 (client-go's plugin/pkg/client/auth/exec):
 * KUBERNETES_EXEC_INFO is always set, one run serves all who wait, output is used until it expires.
 */
#ifndef BRDECK_KUBE_AUTH_H
#define BRDECK_KUBE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/loop.h>
#include <brdeck/kube/config.h>

struct kube_auth;

/* What goes with a request. Borrowed, valid until the next turn of the loop. */
struct kube_credential {
    const char *token;              /* NULL: none */
    const char *username, *password;
    const char *cert_pem, *key_pem; /* NULL: none */
    unsigned generation;            /* rises with each new certificate: new connections */
};

/* How a plugin that must ask borrows the terminal. Without one (NULL members) such a
 * plugin is an error that says so. */
struct kube_terminal {
    /* Ask for the terminal on behalf of @why; @ready is called when it is lent (true) or refused
     * (false). Nothing is drawn until give_back. */
    void (*borrow)(void *arg, const char *why, void (*ready)(void *ctx, bool lent), void *ctx);
    void (*give_back)(void *arg);
    void *arg;
};

/* @identity and @target are borrowed and must outlive it. */
struct kube_auth *kube_auth_new(struct loop *loop, const struct kube_target *target);
void kube_auth_free(struct kube_auth **auth);
void kube_auth_set_terminal(struct kube_auth *auth, const struct kube_terminal *terminal);

/* Have a credential: @fn is called now or later, once, with a credential or an error
 * (ERROR_DENIED, with the plugin's last stderr line cleaned of secrets, and installHint when it is not there).
 * Returns a handle for kube_auth_forget when the call is pending, else NULL. */
typedef void kube_auth_fn(void *arg, const struct kube_credential *credential, const struct error *err);
struct kube_auth_wait;
struct kube_auth_wait *kube_auth_get(struct kube_auth *auth, kube_auth_fn *fn, void *arg);
void kube_auth_forget(struct kube_auth *auth, struct kube_auth_wait **wait);
/* The server answered 401 to the credential of @generation...: have a new one next time. False: there is
 * no other to be had (a static token), the 401 is final. */
bool kube_auth_reject(struct kube_auth *auth, const char *token);

#endif
