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

enum {
    KUBE_AUTH_RUN_MS = 60 * 1000,     /* a plugin may take so long */
    KUBE_AUTH_ASK_MS = 5 * 60 * 1000, /* one that has the terminal: people type slowly, and have Ctrl-C */
    KUBE_AUTH_LEEWAY_MS = 10 * 1000,  /* before its expiry a credential is made anew */
    KUBE_AUTH_FILE_MS = 10 * 1000,    /* a tokenFile is read again after so long */
};

/* What goes with a request. Borrowed, valid until the next turn of the loop. */
struct kube_credential {
    const char *token;              /* NULL: none */
    const char *username, *password;
    const char *cert_pem, *key_pem; /* NULL: none */
    unsigned generation;            /* rises with each new certificate: new connections */
};

/* How a plugin that must ask borrows the terminal. Without one (NULL members) such a
 * plugin is an error that says so. It must outlive every kube_auth that has it. */
struct kube_terminal {
    /* Ask for the terminal on behalf of @why (a plugin and its user); @ready is called once, now or later, whatever
     * happens: it is lent (true) or refused (false). Nothing is drawn until give_back. */
    void (*borrow)(void *arg, const char *why, void (*ready)(void *ctx, bool lent), void *ctx);
    void (*give_back)(void *arg);
    void *arg;
};

/* @target is borrowed and must outlive it. */
struct kube_auth *kube_auth_new(struct loop *loop, const struct kube_target *target);
/* Those who wait hear nothing more. */
void kube_auth_free(struct kube_auth **auth);
void kube_auth_set_terminal(struct kube_auth *auth, const struct kube_terminal *terminal); /* copied; NULL: none */

/* Have a credential: @fn is called now or later, once, with a credential or an error
 * (ERROR_DENIED, with the plugin's last stderr line cleaned of secrets, and installHint when it is not there).
 * After a failed run there is no other for 1 s, doubled each time up to 60 s: the error comes at once.
 * Returns a handle for kube_auth_forget when the call is pending (it is gone once @fn is called), else NULL. */
typedef void kube_auth_fn(void *arg, const struct kube_credential *credential, const struct error *err);
struct kube_auth_wait;
struct kube_auth_wait *kube_auth_get(struct kube_auth *auth, kube_auth_fn *fn, void *arg);
/* The user asks for it: a plugin that failed runs again at once. */
void kube_auth_retry(struct kube_auth *auth);
/* No callback any more. *wait becomes NULL; NULL is harmless. */
void kube_auth_forget(struct kube_auth *auth, struct kube_auth_wait **wait);
/* The server answered 401 to the credential whose token is @token (NULL: it had none). True: ask kube_auth_get for
 * another and repeat, once. False: there is no other to be had (a static token, a file that still says the same, a
 * plugin that was just run for this), the 401 is final. */
bool kube_auth_reject(struct kube_auth *auth, const char *token);

#endif
