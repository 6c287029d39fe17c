#include <config.h>

#include "auth_exec.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

enum {
    LEAST_USE_MS = 5000,          /* what comes expired (a skewed clock) is used so long */
    BACKOFF_FIRST_MS = 1000,      /* after a failed run, doubled with each */
    REJECT_FIRST_MS = 5000,       /* after a run that a 401 caused */
    BACKOFF_MAX_MS = 60 * 1000,
    YOUNG_MS = 60 * 1000,         /* a 401 to one so young says that the next will fare no better */
    JUST_MADE_MS = 2000,          /* a 401 may still be meant for the certificate before */
};

/* -- life ------------------------------------------------------------------------------ */

static char **copy_strings(const char *first, char *const *rest)
{
    size_t count = 0, offset = first != NULL;
    while (rest && rest[count])
        count++;
    char **copy = xcalloc(count + offset + 1, sizeof *copy);
    if (first)
        copy[0] = xstrdup(first);
    for (size_t i = 0; i < count; i++)
        copy[i + offset] = xstrdup(rest[i]);
    return copy;
}

static void free_strings(char **strings)
{
    for (char **text = strings; *text; text++) {
        wipe(*text, strlen(*text));
        free(*text);
    }
    free(strings);
}

struct kube_exec *kube_exec_new(struct loop *loop, const struct kube_target *target)
{
    const struct kube_identity *identity = &target->identity;
    struct kube_exec *exec = xcalloc(1, sizeof *exec);
    const char *slash = strrchr(identity->exec.command, '/');
    exec->loop = loop;
    exec->refs = 1;
    exec->name = xasprintf("login plugin \"%.60s\" of user \"%.60s\"", slash ? slash + 1 : identity->exec.command,
                           target->user ? target->user : "");
    exec->argv = copy_strings(identity->exec.command, identity->exec.args);
    exec->env = copy_strings(NULL, identity->exec.env);
    exec->api_version = xstrdup(identity->exec.api_version);
    exec->install_hint = xstrdup(identity->exec.install_hint);
    exec->mode = identity->exec.mode;
    exec->run_ms = KUBE_AUTH_RUN_MS;
    exec->ask_ms = KUBE_AUTH_ASK_MS;
    exec->cluster = identity->exec.provide_cluster_info ? json_copy(target->exec_cluster) : NULL;
    exec_redact_env(exec->env);
    return exec;
}

void kube_exec_set_limits(struct kube_exec *exec, int64_t run_ms, int64_t ask_ms)
{
    exec->run_ms = run_ms;
    exec->ask_ms = ask_ms;
}

static struct kube_exec *ref(struct kube_exec *exec)
{
    exec->refs++;
    return exec;
}

void kube_exec_unref(struct kube_exec **ptr)
{
    struct kube_exec *exec = *ptr;
    *ptr = NULL;
    if (!exec || --exec->refs > 0)
        return;
    exec_stop(exec);
    exec_credential_done(&exec->credential);
    free(exec->name);
    free_strings(exec->argv);
    free_strings(exec->env);
    free(exec->api_version);
    free(exec->install_hint);
    json_free(&exec->cluster);
    free(exec);
}

static bool same_strings(char *const *a, char *const *b)
{
    while (*a && *b && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return !*a && !*b;
}

bool kube_exec_same(const struct kube_exec *a, const struct kube_exec *b)
{
    return a->loop == b->loop && a->mode == b->mode && str_same(a->api_version, b->api_version) &&
           same_strings(a->argv, b->argv) && same_strings(a->env, b->env) && json_equal(a->cluster, b->cluster);
}

/* -- those who wait -------------------------------------------------------------------- */

static void unlink_wait(struct kube_auth_wait *wait)
{
    struct kube_exec *exec = wait->exec;
    *(wait->prev ? &wait->prev->next : &exec->first) = wait->next;
    *(wait->next ? &wait->next->prev : &exec->last) = wait->prev;
}

void kube_exec_forget(struct kube_auth_wait **ptr)
{
    struct kube_auth_wait *wait = *ptr;
    *ptr = NULL;
    if (!wait)
        return;
    unlink_wait(wait);
    kube_exec_unref(&wait->exec);
    free(wait);
}

void kube_exec_forget_all(struct kube_exec *exec, const void *owner)
{
    ref(exec);
    for (struct kube_auth_wait *wait = exec->first, *next; wait; wait = next) {
        next = wait->next;
        if (wait->owner == owner)
            kube_exec_forget(&wait);
    }
    kube_exec_unref(&exec);
}

static void tell(const struct kube_exec *exec, kube_auth_fn *fn, void *arg, const struct error *err)
{
    struct kube_credential credential = {
        .token = exec->credential.token,
        .cert_pem = exec->credential.cert_pem,
        .key_pem = exec->credential.key_pem,
        .generation = exec->generation,
    };
    fn(arg, err ? NULL : &credential, err);
}

/* The run has ended: tell all who waited for it. What they ask anew waits for another. */
static void end_round(struct kube_exec *exec, const struct error *err)
{
    unsigned round = exec->round++;
    struct error copy = err ? *err : (struct error){0};
    ref(exec);
    while (exec->first && exec->first->round == round) {
        struct kube_auth_wait *wait = exec->first;
        kube_auth_fn *fn = wait->fn;
        void *arg = wait->arg;
        kube_exec_forget(&wait);
        tell(exec, fn, arg, err ? &copy : NULL);
    }
    kube_exec_unref(&exec);
}

/* -- how a run ends --------------------------------------------------------------------- */

static int64_t backoff_ms(int64_t first_ms, unsigned times)
{
    int64_t ms = first_ms;
    while (--times > 0 && ms < BACKOFF_MAX_MS)
        ms *= 2;
    return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

void exec_end_failed(struct kube_exec *exec, const struct error *err)
{
    exec->failure = *err;
    exec->failures++;
    exec->not_before_ms = clock_mono_ms() + backoff_ms(BACKOFF_FIRST_MS, exec->failures);
    log_warn("%s", err->text);
    end_round(exec, err);
}

void exec_end_well(struct kube_exec *exec, struct exec_credential *fresh)
{
    if (!str_same(fresh->cert_pem, exec->credential.cert_pem) || !str_same(fresh->key_pem, exec->credential.key_pem))
        exec->generation++;
    exec_credential_done(&exec->credential);
    exec->credential = *fresh;
    exec->valid = true;
    exec->made_ms = clock_mono_ms();
    exec->failures = 0;
    exec->not_before_ms = 0;
    log_redact(fresh->token);
    log_redact(fresh->key_pem);
    log_debug("%s gave %s%s", exec->name, fresh->token ? "a token" : "", fresh->cert_pem ? " a certificate" : "");
    end_round(exec, NULL);
}

/* -- what kube_auth calls --------------------------------------------------------------- */

/* A little before it expires there is a new one; what lives short is not cut to nothing by that. */
static bool is_usable(const struct kube_exec *exec)
{
    int64_t age = clock_mono_ms() - exec->made_ms;
    if (!exec->valid)
        return false;
    return !exec->credential.expires_ms || age < LEAST_USE_MS ||
           clock_wall_ms() < exec->credential.expires_ms - KUBE_AUTH_LEEWAY_MS;
}

struct kube_auth_wait *kube_exec_get(struct kube_exec *exec, const void *owner, const struct kube_terminal *terminal,
                                     kube_auth_fn *fn, void *arg)
{
    bool running = exec->child || exec->borrow;
    if (!running && is_usable(exec)) {
        tell(exec, fn, arg, NULL);
        return NULL;
    }
    if (!running && clock_mono_ms() < exec->not_before_ms) {
        struct error copy = exec->failure;
        fn(arg, NULL, &copy);
        return NULL;
    }
    struct kube_auth_wait *wait = xcalloc(1, sizeof *wait);
    *wait = (struct kube_auth_wait){
        .exec = ref(exec),
        .owner = owner,
        .terminal = *terminal,
        .fn = fn,
        .arg = arg,
        .round = exec->round,
        .prev = exec->last,
    };
    *(exec->last ? &exec->last->next : &exec->first) = wait;
    exec->last = wait;
    if (running)
        return wait;
    ref(exec); /* it may end at once, and its owner with it */
    unsigned round = exec->round;
    exec_start(exec);
    bool pending = exec->round == round;
    kube_exec_unref(&exec);
    return pending ? wait : NULL;
}

bool kube_exec_is_busy(const struct kube_exec *exec) { return exec->child || exec->borrow || exec->first; }

void kube_exec_retry(struct kube_exec *exec)
{
    exec->not_before_ms = exec->reject_after_ms = 0;
    exec->failures = exec->rejects = 0;
}

bool kube_exec_reject(struct kube_exec *exec, const char *token)
{
    int64_t now = clock_mono_ms(), age = now - exec->made_ms;
    if (exec->child || exec->borrow || !exec->valid)
        return true; /* another is on its way, or will be when it is asked for */
    if (!str_same(token, exec->credential.token) || (!token && age < JUST_MADE_MS && exec->rejects))
        return true; /* that was the one before */
    if (age > YOUNG_MS)
        exec->rejects = 0;
    else if (now < exec->reject_after_ms)
        return false; /* it stays in use: to others it may be good */
    exec->rejects++;
    exec->reject_after_ms = now + backoff_ms(REJECT_FIRST_MS, exec->rejects);
    exec->valid = false;
    return true;
}
