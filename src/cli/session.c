/* session.c - a connection and its Backups, for one command. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "cli_private.h"

struct kube_client *cli_connect(struct loop *loop, const struct arguments *args, struct kube_target **target,
                                struct error *err)
{
    struct kube_config *config = kube_config_load(args->kubeconfig, err);
    *target = config ? kube_target_new(config, &args->over, err) : NULL;
    kube_config_free(&config);
    if (!*target)
        return NULL;
    struct kube_client *client = kube_client_new(loop, *target, err);
    if (client && args->request_timeout_ms > 0)
        kube_client_set_timeout(client, args->request_timeout_ms);
    if (client)
        kube_client_reread(client, args->kubeconfig, &args->over);
    return client;
}

/* A login plugin that must ask has the terminal at once, as kubectl gives it: nothing else is on it. */
static void lend(void *arg, const char *why, void (*ready)(void *ctx, bool lent), void *ctx)
{
    (void)arg, (void)why;
    ready(ctx, true);
}

static void take_back(void *arg) { (void)arg; }

const char *session_namespace(const struct session *s)
{
    return s->args->namespaces && s->args->namespaces[0] ? s->args->namespaces[0] : s->target->namespace_;
}

/* The namespaces that the arguments name (NULL: all). */
static const char *const *named_namespaces(struct session *s)
{
    if (s->args->all_namespaces)
        return NULL;
    if (s->args->namespaces && s->args->namespaces[0])
        return (const char *const *)s->args->namespaces;
    s->one_ns[0] = s->target->namespace_;
    s->one_ns[1] = NULL;
    return s->one_ns;
}

/* -- signals: they end the waiting, so that everything is put away -------------------- */

static void on_interrupt(void *arg) { ((struct session *)arg)->signal = SIGINT; }
static void on_terminate(void *arg) { ((struct session *)arg)->signal = SIGTERM; }
static void on_hang_up(void *arg) { ((struct session *)arg)->signal = SIGHUP; }

static const struct { int signo; loop_fn *fn; } signals[] = {
    {SIGINT, on_interrupt}, {SIGTERM, on_terminate}, {SIGHUP, on_hang_up},
};

static void watch_signals(struct session *s)
{
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction now;
        if (sigaction(signals[i].signo, NULL, &now) == 0 && now.sa_handler != SIG_IGN) /* nohup stays what it is */
            loop_on_signal(s->loop, signals[i].signo, signals[i].fn, s);
    }
}

static void forget_signals(struct session *s)
{
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction now;
        if (sigaction(signals[i].signo, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            loop_on_signal(s->loop, signals[i].signo, NULL, NULL);
    }
}

int session_code(const struct session *s, int code) { return s->signal ? 128 + s->signal : code; }

/* -- life ---------------------------------------------------------------------------------- */

bool session_begin(struct session *s, struct loop *loop, const struct arguments *args, struct fleet_options *options,
                   struct error *err)
{
    *s = (struct session){.loop = loop, .args = args, .deadline_ms = INT64_MAX, .last_ms = INT64_MAX};
    watch_signals(s);
    s->client = cli_connect(loop, args, &s->target, err);
    if (!s->client)
        return false;
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        kube_auth_set_terminal(kube_client_auth(s->client), &(struct kube_terminal){.borrow = lend,
                                                                                         .give_back = take_back});
    options->namespaces = named_namespaces(s);
    s->fleet = fleet_new(loop, s->client, options, NULL, NULL);
    return true;
}

bool session_open(struct session *s, struct loop *loop, const struct arguments *args, struct fleet_options *options,
                  int *code)
{
    struct error err = {.code = ERROR_NONE};
    if (session_begin(s, loop, args, options, &err))
        return true;
    *code = cli_fail(&err);
    return false;
}

void session_runner(struct session *s, bool read_only)
{
    const char *journal = options_text(s->args->opts, OPTION_JOURNAL);
    struct br_options options = {.loop = s->loop, .fleet = s->fleet, .journal = journal && *journal ? journal : NULL,
                                 .read_only = read_only};
    s->br = br_new(&options, NULL, NULL);
}

void session_done(struct session *s)
{
    forget_signals(s);
    br_free(&s->br);
    fleet_free(&s->fleet);
    kube_client_free(&s->client);
    kube_target_free(&s->target);
}

bool session_wait(struct session *s, bool (*done)(void *arg), void *arg)
{
    while (!done(arg)) {
        int64_t left = s->deadline_ms == INT64_MAX ? 60000 : s->deadline_ms - clock_mono_ms();
        if (left <= 0 || s->signal)
            return false;
        loop_turn(s->loop, left > 60000 ? 60000 : left);
    }
    return true;
}

/* The request's own limit ends first, so that it can be told why nothing came. */
enum { SAY_WHY_MS = 500 };

static void settle_until(struct session *s)
{
    int64_t at = clock_mono_ms() + s->settle_ms;
    s->deadline_ms = at < s->last_ms ? at : s->last_ms;
}

/* A long list may take long: the limit is for the time in which nothing comes. */
static bool is_settled(void *arg)
{
    struct session *s = arg;
    size_t count = store_count(fleet_store(s->fleet));
    if (count != s->seen) {
        s->seen = count;
        settle_until(s);
    }
    return fleet_is_settled(s->fleet) || fleet_error(s->fleet)->code != ERROR_NONE;
}

bool session_list(struct session *s, struct error *why)
{
    int64_t limit = s->args->request_timeout_ms > 0 ? s->args->request_timeout_ms : 30000, begun = clock_mono_ms();
    s->settle_ms = limit + SAY_WHY_MS;
    settle_until(s);
    bool settled = session_wait(s, is_settled, s);
    bool out_of_time = clock_mono_ms() >= s->last_ms;
    s->deadline_ms = INT64_MAX;
    const struct error *err = fleet_error(s->fleet);
    if (settled && err->code == ERROR_NONE) {
        store_expire(fleet_store(s->fleet), fleet_now_ms(s->fleet)); /* who reads the rows now sees them judged */
        return true;
    }
    if (s->signal)
        return error_set(why, ERROR_SYSTEM, "interrupted by signal %d", s->signal);
    if (err->code != ERROR_NONE) {
        *why = *err;
        return false;
    }
    struct str state;
    str_init(&state, 300);
    fleet_freshness(s->fleet, &state, &(enum role){ROLE_TEXT}, &(int64_t){0});
    if (out_of_time)
        limit = s->last_ms - begun;
    error_set(why, ERROR_NETWORK, "%s: %s %g s (%s)", s->target->server,
              out_of_time ? "the list was not complete within" : "nothing came for", (double)limit / 1000, state.data);
    str_done(&state);
    return false;
}

bool session_settle(struct session *s, int *code)
{
    struct error err;
    if (session_list(s, &err))
        return true;
    *code = s->signal ? session_code(s, EXIT_ERROR) : cli_fail(&err);
    return false;
}

void session_tell_link(struct session *s)
{
    const struct error *error = NULL;
    bool waits = false;
    for (size_t i = 0; i < fleet_sources(s->fleet); i++) {
        const struct reflector_state *state = &fleet_source(s->fleet, i)->state;
        bool well = state->phase == REFLECTOR_WATCHING || state->phase == REFLECTOR_LISTED;
        waits = waits || !well;
        if (!well && state->error.code != ERROR_NONE)
            error = &state->error;
    }
    if (error && strncmp(s->lost, error->text, sizeof s->lost - 1) != 0) {
        cli_say("%s; trying again, what is above may be old", error->text);
        snprintf(s->lost, sizeof s->lost, "%s", error->text);
    } else if (s->lost[0] && !waits) {
        cli_say("live again");
        s->lost[0] = '\0';
    }
}

bool cli_group_is(const char *word, bool v1)
{
    const char *slash = strchr(word, '/'), *dot = strchr(word, '.');
    if (!slash || !dot || dot > slash)
        return true;
    const char *group = fleet_resource(v1)->group;
    size_t len = (size_t)(slash - dot - 1);
    return strlen(group) == len && strncmp(dot + 1, group, len) == 0;
}

slot_t session_find(const struct session *s, const char *word, int *code)
{
    struct store *store = fleet_store(s->fleet);
    const char *name = cli_name(word), *ns = session_namespace(s);
    slot_t found = SLOT_NONE;
    size_t count = 0;
    if (!name) {
        *code = EXIT_USAGE;
        return SLOT_NONE;
    }
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && strcmp(row->record->name, name) == 0 && strcmp(row->record->ns, ns) == 0 &&
            cli_group_is(word, row->record->v1)) {
            found = slot;
            count++;
        }
    }
    if (count == 1)
        return found;
    *code = count ? EXIT_USAGE : EXIT_ERROR;
    if (count)
        cli_say("there are two backups \"%s\" in %s, of TiDB Operator v2 and v1: say backup.br.pingcap.com/%s or "
                "backup.pingcap.com/%s", name, ns, name, name);
    else
        cli_say("there is no backup \"%s\" in %s", name, ns);
    return SLOT_NONE;
}
