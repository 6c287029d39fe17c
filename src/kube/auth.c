#include <config.h>

#include <brdeck/kube/auth.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

#include "auth_private.h"
#include "config_private.h"

struct kube_auth {
    struct loop *loop;
    const struct kube_target *target;
    struct kube_terminal terminal;
    struct kube_exec *exec; /* NULL unless KUBE_AUTH_EXEC */

    /* KUBE_AUTH_TOKEN_FILE */
    char *token, *old_token; /* the old one may be borrowed until the turn ends */
    int64_t read_ms;         /* 0: never */
};

/* -- life --------------------------------------------------------------------------------- */

struct kube_auth *kube_auth_new(struct loop *loop, const struct kube_target *target)
{
    struct kube_auth *auth = xcalloc(1, sizeof *auth);
    auth->loop = loop;
    kube_auth_set_target(auth, target);
    return auth;
}

static void wipe_free(char **text)
{
    if (*text)
        wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void kube_auth_free(struct kube_auth **ptr)
{
    struct kube_auth *auth = *ptr;
    *ptr = NULL;
    if (!auth)
        return;
    if (auth->exec)
        kube_exec_forget_all(auth->exec, auth);
    kube_exec_unref(&auth->exec);
    wipe_free(&auth->token);
    wipe_free(&auth->old_token);
    free(auth);
}

bool kube_auth_is_busy(const struct kube_auth *auth) { return auth->exec && kube_exec_is_busy(auth->exec); }

void kube_auth_set_target(struct kube_auth *auth, const struct kube_target *target)
{
    const struct kube_identity *identity = &target->identity;
    struct kube_exec *exec = identity->kind == KUBE_AUTH_EXEC ? kube_exec_new(auth->loop, target) : NULL;
    log_redact(identity->token);
    log_redact(identity->password);
    log_redact(identity->key_pem);
    auth->target = target;
    auth->read_ms = 0;
    wipe_free(&auth->token);
    if (exec && auth->exec && kube_exec_same(exec, auth->exec)) { /* what it gave stays good */
        kube_exec_unref(&exec);
        return;
    }
    kube_exec_unref(&auth->exec);
    auth->exec = exec;
}

void kube_auth_set_terminal(struct kube_auth *auth, const struct kube_terminal *terminal)
{
    auth->terminal = terminal ? *terminal : (struct kube_terminal){0};
}

void kube_auth_set_limits(struct kube_auth *auth, int64_t run_ms, int64_t ask_ms)
{
    if (auth->exec)
        kube_exec_set_limits(auth->exec, run_ms, ask_ms);
}

/* -- a token in a file ----------------------------------------------------------------------- */

/* Read it again. False and @err when there is no token; one that was read before goes on serving. */
static bool read_token(struct kube_auth *auth, struct error *err)
{
    struct error why = {0};
    char *fresh = NULL;
    const char *path = auth->target->identity.token_file;
    auth->read_ms = clock_mono_ms();
    if (kube_flag_file(path, "tokenFile", &fresh, &why)) {
        char *begin = fresh + strspn(fresh, " \t\r\n");
        size_t len = strcspn(begin, " \t\r\n");
        memmove(fresh, begin, len);
        memset(fresh + len, 0, strlen(fresh + len));
        if (!len)
            error_set(&why, ERROR_DENIED, "tokenFile %s is empty", path);
    }
    if (!str_empty(fresh) && !str_same(fresh, auth->token)) {
        wipe_free(&auth->old_token);
        auth->old_token = auth->token;
        auth->token = fresh;
        fresh = NULL;
        log_redact(auth->token);
    }
    wipe_free(&fresh);
    if (!auth->token)
        auth->token = xstrdup(auth->target->identity.token);
    if (why.code)
        log_warn("%s", why.text);
    return auth->token || error_set(err, ERROR_DENIED, "no token: %s", why.text);
}

static bool have_token(struct kube_auth *auth, struct error *err)
{
    bool fresh = auth->read_ms && clock_mono_ms() - auth->read_ms < KUBE_AUTH_FILE_MS;
    return (fresh && auth->token) || read_token(auth, err);
}

/* -- credentials -------------------------------------------------------------------------------- */

static bool make_credential(struct kube_auth *auth, struct kube_credential *credential, struct error *err)
{
    const struct kube_identity *identity = &auth->target->identity;
    *credential = (struct kube_credential){.cert_pem = identity->cert_pem, .key_pem = identity->key_pem};
    switch (identity->kind) {
    case KUBE_AUTH_TOKEN:
        credential->token = identity->token;
        return true;
    case KUBE_AUTH_BASIC:
        credential->username = identity->username ? identity->username : "";
        credential->password = identity->password ? identity->password : "";
        return true;
    case KUBE_AUTH_TOKEN_FILE:
        if (!have_token(auth, err))
            return false;
        credential->token = auth->token;
        return true;
    default:
        return true;
    }
}

struct kube_auth_wait *kube_auth_get(struct kube_auth *auth, kube_auth_fn *fn, void *arg)
{
    struct kube_credential credential;
    struct error err = {0};
    if (auth->exec)
        return kube_exec_get(auth->exec, auth, &auth->terminal, fn, arg);
    bool have = make_credential(auth, &credential, &err);
    fn(arg, have ? &credential : NULL, have ? NULL : &err);
    return NULL;
}

void kube_auth_forget(struct kube_auth *auth, struct kube_auth_wait **wait)
{
    (void)auth;
    kube_exec_forget(wait);
}

void kube_auth_retry(struct kube_auth *auth)
{
    if (auth->exec)
        kube_exec_retry(auth->exec);
}

bool kube_auth_reject(struct kube_auth *auth, const char *token)
{
    if (auth->exec)
        return kube_exec_reject(auth->exec, token);
    if (auth->target->identity.kind != KUBE_AUTH_TOKEN_FILE)
        return false;
    if (!str_same(token, auth->token))
        return true; /* it was replaced meanwhile */
    char *before = xstrdup(auth->token);
    bool changed = read_token(auth, NULL) && !str_same(before, auth->token);
    wipe_free(&before);
    return changed;
}
