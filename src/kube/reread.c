#include <config.h>

#include "kube/client_private.h"

#include <brdeck/base/alloc.h>
#include <brdeck/base/log.h>

#include "auth_private.h"
#include "config_private.h"

/* The kubeconfig is read again: logins are renewed there while brdeck runs (a rotated certificate, a new token). Only
 * they are taken over. Server and CA are what the user chose at start (rule 8): when the file names others, nothing
 * more is asked of anybody, lest somebody stops the backups of a cluster that he does not see. */

const struct error *kube_client_ended(const struct kube_client *client) { return &client->ended; }

/* The same context, though another may be the current one by now. */
static struct kube_target *read_target(const struct kube_client *c, struct error *err)
{
    struct kube_overrides over = *c->reread.over;
    struct kube_config *config = kube_config_load(c->reread.path, err);
    if (config && !over.context && kube_config_find(config, KUBE_ENTRY_CONTEXT, c->target->context))
        over.context = c->target->context;
    struct kube_target *target = config ? kube_target_new(config, &over, err) : NULL;
    kube_config_free(&config);
    return target;
}

static void end(struct kube_client *c, const struct kube_target *now)
{
    const struct kube_target *was = c->target;
    if (!str_same(was->server, now->server))
        error_set(&c->ended, ERROR_DENIED,
                  "context \"%s\": the kubeconfig names another server now (%s; it was %s), and nothing more is asked "
                  "of either; start brdeck again to go there", was->context, now->server, was->server);
    else
        error_set(&c->ended, ERROR_DENIED,
                  "context \"%s\": the kubeconfig knows the server %s by another CA or name now, and nothing more is "
                  "asked of it; start brdeck again if that is right", was->context, was->server);
    log_warn("%s", c->ended.text);
    kube_requests_stop(c);
    if (c->reread.changed)
        c->reread.changed(c->reread.arg);
}

/* A file that is being written may be read half: what it says counts when it says so twice. */
static bool is_certain(struct kube_client *c, bool moved)
{
    struct kube_reread *reread = &c->reread;
    bool certain = !moved || reread->doubted;
    reread->doubted = moved;
    return certain;
}

static void go_on(struct kube_client *c)
{
    if (!c->ended.code)
        return;
    log_info("context \"%s\": the kubeconfig names %s again", c->target->context, c->target->server);
    c->ended = (struct error){.code = ERROR_NONE};
    if (c->reread.changed)
        c->reread.changed(c->reread.arg);
}

static void take_over(struct kube_client *c, struct kube_target **fresh)
{
    const struct kube_target *now = c->login ? c->login : c->target;
    if (kube_identity_same(&now->identity, &(*fresh)->identity))
        return;
    log_info("context \"%s\": the kubeconfig has another login, which is used from now on", c->target->context);
    kube_auth_set_target(c->auth, *fresh);
    kube_target_free(&c->login);
    c->login = *fresh;
    *fresh = NULL;
    c->logins++;
}

static void reread(struct kube_client *c)
{
    struct kube_reread *reread = &c->reread;
    struct error err = {0};
    if (kube_auth_is_busy(c->auth)) /* the plugin that runs was found there; next time */
        return;
    reread->read_ms = clock_mono_ms();
    struct kube_target *fresh = read_target(c, &err);
    if (!fresh) {
        if (!str_same(reread->failure.text, err.text))
            log_warn("%s; the login that was read at start is kept", err.text);
        reread->failure = err;
        return;
    }
    reread->failure.text[0] = '\0';
    bool moved = kube_target_moved(c->target, fresh);
    if (is_certain(c, moved)) {
        if (moved && !c->ended.code)
            end(c, fresh);
        else if (!moved)
            go_on(c);
    }
    if (!moved)
        take_over(c, &fresh);
    kube_target_free(&fresh);
}

static void on_timer(void *arg)
{
    struct kube_client *c = arg;
    reread(c);
    loop_timer_set(&c->reread.timer, c->reread.doubted && !c->ended.code ? c->second_ms * 2 : c->second_ms * 60);
}

void kube_client_reread(struct kube_client *c, const char *path, const struct kube_overrides *over)
{
    static const struct kube_overrides none;
    c->reread.path = path;
    c->reread.over = over ? over : &none;
    loop_timer_init(&c->reread.timer, c->loop, on_timer, c);
    loop_timer_set(&c->reread.timer, c->second_ms * 60);
}

void kube_client_on_ended(struct kube_client *c, void (*changed)(void *arg), void *arg)
{
    c->reread.changed = changed;
    c->reread.arg = arg;
}

bool kube_client_login_again(struct kube_client *c, unsigned logins)
{
    if (c->logins != logins)
        return true; /* it was renewed since that was sent */
    if (!c->reread.over || (c->reread.read_ms && clock_mono_ms() - c->reread.read_ms < c->second_ms))
        return false;
    reread(c);
    if (c->reread.doubted && !c->ended.code)
        loop_timer_set(&c->reread.timer, c->second_ms * 2);
    return c->logins != logins;
}
