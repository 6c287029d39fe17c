/* auth_private.h - one exec plugin: what it gave, and the run under way. */
#ifndef BRDECK_KUBE_AUTH_PRIVATE_H
#define BRDECK_KUBE_AUTH_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/child.h>
#include <brdeck/base/json.h>
#include <brdeck/kube/auth.h>

/* -- auth.c --------------------------------------------------------------------------- */

/* Log in as @target says from now on; it is borrowed as that of kube_auth_new is. Not while it is busy. */
void kube_auth_set_target(struct kube_auth *auth, const struct kube_target *target);
bool kube_auth_is_busy(const struct kube_auth *auth);
/* Other limits than KUBE_AUTH_RUN_MS and KUBE_AUTH_ASK_MS, for the plugin's next run: tests have no minutes. */
void kube_auth_set_limits(struct kube_auth *auth, int64_t run_ms, int64_t ask_ms);

/* -- exec_output.c: what a plugin printed ------------------------------------------- */

struct exec_credential {
    char *token, *cert_pem, *key_pem; /* NULL: none */
    int64_t expires_ms;               /* wall clock; 0: never */
};
void exec_credential_done(struct exec_credential *credential); /* wipes */
/* Read an ExecCredential of @api_version. False and @err (which begins with @plugin, and quotes nothing of it). */
bool exec_output_read(const char *plugin, const char *api_version, const char *text, size_t len,
                      struct exec_credential *out, struct error *err);
/* The last line of @text that says something: one line, without colours and what looks like a secret; values of
 * @env whose names say that they are secret are blotted out. The caller frees. */
char *exec_last_line(const char *text, char *const *env);
/* Hand the secret values of @env to the log's redaction. */
void exec_redact_env(char *const *env);

/* -- auth_exec.c: running it ----------------------------------------------------------- */

/* One config of a plugin; shared by all that have an equal one, counted. */
struct kube_exec;
struct kube_exec *kube_exec_new(struct loop *loop, const struct kube_target *target);
void kube_exec_set_limits(struct kube_exec *exec, int64_t run_ms, int64_t ask_ms);
void kube_exec_unref(struct kube_exec **exec);
/* Whether a run for one would serve the other. */
bool kube_exec_same(const struct kube_exec *a, const struct kube_exec *b);

struct kube_auth_wait {
    struct kube_exec *exec; /* counted */
    const void *owner;      /* a struct kube_auth */
    struct kube_terminal terminal;
    kube_auth_fn *fn;
    void *arg;
    unsigned round; /* of the run that serves it */
    struct kube_auth_wait *prev, *next;
};
/* As kube_auth_get. */
struct kube_auth_wait *kube_exec_get(struct kube_exec *exec, const void *owner, const struct kube_terminal *terminal,
                                     kube_auth_fn *fn, void *arg);
void kube_exec_forget(struct kube_auth_wait **wait);
void kube_exec_forget_all(struct kube_exec *exec, const void *owner);
/* A run is under way, or somebody waits for one. */
bool kube_exec_is_busy(const struct kube_exec *exec);
void kube_exec_retry(struct kube_exec *exec);
bool kube_exec_reject(struct kube_exec *exec, const char *token);

#endif
