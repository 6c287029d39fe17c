#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>
#include <brdeck/kube/auth.h>

#include "certs.h"
#include "kube/auth_private.h"

enum { LIMIT_MS = 20000 };

/* What stands in a kubeconfig. */
static char *some_args[] = {(char[]){"get"}, (char[]){"a b"}, NULL};
static char *some_env[] = {(char[]){"FLAVOUR=plum"}, NULL};
static char *secret_env[] = {(char[]){"MY_SECRET=hunter22"}, (char[]){"PROFILE=prod-eu"}, NULL};

#define V1 "client.authentication.k8s.io/v1"
#define V1BETA1 "client.authentication.k8s.io/v1beta1"

/* A folder with a plugin in it that counts its runs in "runs" and keeps what it was told. */
struct world {
    char folder[64];
    char *plugin;
    struct loop *loop;
    struct kube_target target;
};

/* What came of a kube_auth_get. */
struct got {
    int calls;
    char *token, *cert, *username, *password;
    unsigned generation;
    struct error err;
};

static char *in_folder(const struct world *w, const char *name)
{
    return xasprintf("%s/%s", w->folder, name);
}

static void put(const struct world *w, const char *name, const char *text, unsigned mode)
{
    struct error err;
    char *path = in_folder(w, name);
    if (!file_write(path, text, strlen(text), mode, &err))
        fail_msg("%s", err.text);
    free(path);
}

static char *take(const struct world *w, const char *name)
{
    struct str text;
    str_init(&text, STR_SMALL);
    char *path = in_folder(w, name);
    file_read(path, &text, NULL);
    free(path);
    return str_take(&text);
}

static size_t runs(const struct world *w)
{
    char *text = take(w, "runs");
    size_t count = strlen(text);
    free(text);
    return count;
}

/* The plugin is a shell script; @body stands in its folder. */
static void set_plugin(const struct world *w, const char *body)
{
    char *text = xasprintf("#!/bin/sh\ncd '%s' || exit 99\nprintf x >>runs\nprintf '%%s' \"$KUBERNETES_EXEC_INFO\" "
                           ">info\n"
                           "if read -r line; then echo \"$line\" >heard; fi\n%s\n", w->folder, body);
    put(w, "plugin", text, 0700);
    free(text);
}

#define GIVES(version, status) \
    "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" version "\",\"status\":" status "}'"

static void set_exec(struct world *w, const char *version, enum kube_exec_mode mode)
{
    struct kube_identity *identity = &w->target.identity;
    identity->kind = KUBE_AUTH_EXEC;
    identity->exec.command = w->plugin;
    identity->exec.api_version = (char *)(uintptr_t)version;
    identity->exec.mode = mode;
}

static int set_up(void **state)
{
    struct error err;
    struct world *w = xcalloc(1, sizeof *w);
    snprintf(w->folder, sizeof w->folder, "/tmp/brdeck-auth-XXXXXX");
    if (!mkdtemp(w->folder))
        return -1;
    w->plugin = in_folder(w, "plugin");
    w->loop = loop_new(&err);
    w->target.user = xstrdup("ann");
    *state = w;
    return w->loop ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"plugin", "runs", "info", "heard", "token", "go", "env", "cert", "key"};
    struct world *w = *state;
    loop_free(&w->loop);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *path = in_folder(w, names[i]);
        unlink(path);
        free(path);
    }
    rmdir(w->folder);
    free(w->plugin);
    free(w->target.user);
    free(w);
    return 0;
}

static void on_got(void *arg, const struct kube_credential *credential, const struct error *err)
{
    struct got *got = arg;
    got->calls++;
    free(got->token);
    free(got->cert);
    got->token = credential ? xstrdup(credential->token) : NULL;
    got->cert = credential ? xstrdup(credential->cert_pem) : NULL;
    got->generation = credential ? credential->generation : 0;
    got->username = credential ? (char *)(uintptr_t)credential->username : NULL;
    got->password = credential ? (char *)(uintptr_t)credential->password : NULL;
    got->err = err ? *err : (struct error){0};
    assert_true(!credential != !err);
}

static void got_done(struct got *got)
{
    free(got->token);
    free(got->cert);
    *got = (struct got){0};
}

static void wait_for(const struct world *w, const struct got *got, int calls)
{
    int64_t end = clock_mono_ms() + LIMIT_MS;
    while (got->calls < calls && clock_mono_ms() < end)
        loop_turn(w->loop, 100);
    assert_int_equal(got->calls, calls);
}

static void get_now(const struct world *w, struct kube_auth *auth, struct got *got)
{
    int calls = got->calls;
    kube_auth_get(auth, on_got, got);
    wait_for(w, got, calls + 1);
}

/* -- without a plugin ---------------------------------------------------------------- */

static void test_static(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    w->target.identity = (struct kube_identity){.kind = KUBE_AUTH_TOKEN, .token = (char[]){"t0ken"}};
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    assert_null(kube_auth_get(auth, on_got, &got));
    assert_int_equal(got.calls, 1);
    assert_string_equal(got.token, "t0ken");
    assert_false(kube_auth_reject(auth, "t0ken"));
    kube_auth_free(&auth);
    assert_null(auth);
    kube_auth_free(&auth);

    w->target.identity = (struct kube_identity){.kind = KUBE_AUTH_BASIC, .username = (char[]){"ann"}};
    auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(auth, on_got, &got);
    assert_null(got.token);
    assert_string_equal(got.username, "ann");
    assert_string_equal(got.password, "");
    assert_false(kube_auth_reject(auth, NULL));
    kube_auth_free(&auth);

    w->target.identity = (struct kube_identity){.cert_pem = (char[]){"C"}, .key_pem = (char[]){"K"}};
    auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(auth, on_got, &got);
    assert_string_equal(got.cert, "C");
    assert_null(got.username);
    kube_auth_free(&auth);
    got_done(&got);
}

static void test_token_file(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    char *path = in_folder(w, "token");
    w->target.identity = (struct kube_identity){.kind = KUBE_AUTH_TOKEN_FILE, .token_file = path};
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(auth, on_got, &got);
    assert_int_equal(got.err.code, ERROR_DENIED);
    assert_non_null(strstr(got.err.text, path));

    put(w, "token", "  first\n", 0600);
    kube_auth_get(auth, on_got, &got);
    assert_string_equal(got.token, "first");
    put(w, "token", "second\n", 0600);
    kube_auth_get(auth, on_got, &got); /* not read again so soon */
    assert_string_equal(got.token, "first");
    assert_true(kube_auth_reject(auth, "first")); /* but upon a 401 */
    kube_auth_get(auth, on_got, &got);
    assert_string_equal(got.token, "second");
    assert_true(kube_auth_reject(auth, "first")); /* of an earlier request */
    assert_false(kube_auth_reject(auth, "second"));
    put(w, "token", "", 0600); /* half written: the old one serves */
    assert_false(kube_auth_reject(auth, "second"));
    kube_auth_get(auth, on_got, &got);
    assert_string_equal(got.token, "second");
    kube_auth_free(&auth);

    put(w, "token", "\n", 0600);
    auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(auth, on_got, &got);
    assert_non_null(strstr(got.err.text, "is empty"));
    kube_auth_free(&auth);
    w->target.identity.token = (char[]){"spare"};
    auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(auth, on_got, &got);
    assert_string_equal(got.token, "spare");
    kube_auth_free(&auth);
    free(path);
    got_done(&got);
}

/* -- what a plugin is told and gives -------------------------------------------------- */

static void test_exec_token(void **state)
{
    struct world *w = *state;
    struct got a = {0}, b = {0}, gone = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    w->target.identity.exec.args = some_args;
    w->target.identity.exec.env = some_env;
    set_plugin(w, "[ \"$1\" = get ] && [ \"$2\" = 'a b' ] && [ $# = 2 ] && [ \"$FLAVOUR\" = plum ] && [ -n \"$PATH\" ] "
                  "|| exit 3\n"
               "while [ ! -e go ]; do sleep 0.05; done\n" GIVES(V1, "{\"token\":\"tok-1\"}"));
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    struct kube_auth_wait *wait = kube_auth_get(auth, on_got, &gone);
    assert_non_null(wait);
    assert_non_null(kube_auth_get(auth, on_got, &a));
    assert_non_null(kube_auth_get(auth, on_got, &b));
    kube_auth_forget(auth, &wait);
    assert_null(wait);
    kube_auth_forget(auth, &wait);
    put(w, "go", "", 0600);
    wait_for(w, &a, 1);
    wait_for(w, &b, 1);
    assert_int_equal(gone.calls, 0);
    assert_int_equal(runs(w), 1); /* for both */
    assert_string_equal(a.token, "tok-1");
    assert_int_equal(a.generation, 0);
    assert_null(kube_auth_get(auth, on_got, &a)); /* kept */
    assert_int_equal(a.calls, 2);
    assert_int_equal(runs(w), 1);

    char *info = take(w, "info");
    struct json *told = json_parse(info, strlen(info), NULL);
    assert_string_equal(json_string(told, "kind"), "ExecCredential");
    assert_string_equal(json_string(told, "apiVersion"), V1);
    assert_int_equal(json_type(json_at(told, "spec", "interactive", NULL)), JSON_BOOL);
    assert_false(json_is_true(json_at(told, "spec", "interactive", NULL)));
    assert_null(json_at(told, "spec", "cluster", NULL));
    json_free(&told);
    free(info);
    char *heard = take(w, "heard"); /* its stdin is empty */
    assert_string_equal(heard, "");
    free(heard);
    kube_auth_free(&auth);
    got_done(&a);
    got_done(&b);
}

static void test_exec_cluster(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1BETA1, KUBE_EXEC_IF_AVAILABLE);
    set_plugin(w, GIVES(V1BETA1, "{\"token\":\"t\"}"));
    w->target.identity.exec.provide_cluster_info = true;
    w->target.exec_cluster = json_new_object();
    json_set_string(w->target.exec_cluster, "server", "https://x:1");
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    get_now(w, auth, &got);
    assert_string_equal(got.token, "t");
    char *info = take(w, "info");
    struct json *told = json_parse(info, strlen(info), NULL);
    assert_string_equal(json_string(json_at(told, "spec", "cluster", NULL), "server"), "https://x:1");
    json_free(&told);
    free(info);
    kube_auth_free(&auth);
    json_free(&w->target.exec_cluster);
    got_done(&got);
}

/* {"clientCertificateData":"..."} from the files cert and key. */
static const char gives_cert[] =
    "flat() { awk '{printf \"%s\\\\n\", $0}' \"$1\"; }\n"
    "printf '%s' "
    "'{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"clientCertificateData\":\"'\"$(flat "
    "cert)\"'\","
    "\"clientKeyData\":\"'\"$(flat key)\"'\"}}'";

static void test_exec_certificate(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, gives_cert);
    put(w, "cert", cert1, 0600);
    put(w, "key", key1, 0600);
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    get_now(w, auth, &got);
    assert_string_equal(got.err.text, "");
    assert_string_equal(got.cert, cert1);
    assert_null(got.token);
    assert_int_equal(got.generation, 1);
    assert_true(kube_auth_reject(auth, NULL));
    get_now(w, auth, &got); /* the same again: the connections stay */
    assert_int_equal(got.generation, 1);
    assert_int_equal(runs(w), 2);
    kube_auth_free(&auth);

    auth = kube_auth_new(w->loop, &w->target);
    get_now(w, auth, &got);
    put(w, "cert", cert2, 0600);
    put(w, "key", key2, 0600);
    assert_true(kube_auth_reject(auth, NULL));
    get_now(w, auth, &got);
    assert_string_equal(got.cert, cert2);
    assert_int_equal(got.generation, 2);
    kube_auth_free(&auth);

    put(w, "key", key1, 0600);
    auth = kube_auth_new(w->loop, &w->target);
    get_now(w, auth, &got);
    assert_non_null(strstr(got.err.text, "does not belong to the client certificate"));
    kube_auth_free(&auth);
    got_done(&got);
}

/* -- expiry and 401 ---------------------------------------------------------------------- */

static void test_expiry(void **state)
{
    struct world *w = *state;
    static const struct {
        int64_t from_now_ms;
        size_t runs; /* of two gets, the second when the least use is over */
    } cases[] = {{3600 * 1000, 1}, {-3600 * 1000, 1}, {KUBE_AUTH_LEEWAY_MS / 2, 1}};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct got got = {0};
        char time[CLOCK_TEXT_MAX];
        char *body = xasprintf(GIVES(V1, "{\"token\":\"t\",\"expirationTimestamp\":\"%s\"}"),
                               clock_format_rfc3339(clock_wall_ms() + cases[i].from_now_ms, time));
        set_plugin(w, body);
        put(w, "runs", "", 0600);
        struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
        get_now(w, auth, &got);
        assert_string_equal(got.token, "t");
        get_now(w, auth, &got); /* expired or not: no plugin is run twice within seconds */
        assert_int_equal(runs(w), cases[i].runs);
        kube_auth_free(&auth);
        free(body);
        got_done(&got);
    }
}

/* A plugin whose credentials have expired is run again: the one wait here, for what the least use lasts. */
static void test_expired(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, GIVES(V1, "{\"token\":\"t\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}"));
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    get_now(w, auth, &got);
    int64_t end = clock_mono_ms() + LIMIT_MS;
    while (runs(w) < 2 && clock_mono_ms() < end) {
        get_now(w, auth, &got);
        loop_turn(w->loop, 100);
    }
    assert_int_equal(runs(w), 2);
    assert_true(end - clock_mono_ms() < LIMIT_MS - 4000);
    kube_auth_free(&auth);
    got_done(&got);
}

static void test_reject(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, "n=$(wc -c <runs); n=$((n))\n"
               "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":\"tok-'$n'\"}}'");
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    get_now(w, auth, &got);
    assert_string_equal(got.token, "tok-1");
    assert_true(kube_auth_reject(auth, "tok-1")); /* once more ... */
    assert_true(kube_auth_reject(auth, "tok-1")); /* (two requests had it) */
    get_now(w, auth, &got);
    assert_string_equal(got.token, "tok-2");
    assert_true(kube_auth_reject(auth, "tok-1")); /* a late answer */
    assert_false(kube_auth_reject(auth, "tok-2")); /* ... and no more */
    get_now(w, auth, &got);
    assert_string_equal(got.token, "tok-2");
    assert_int_equal(runs(w), 2);
    kube_auth_free(&auth);
    got_done(&got);
}

/* -- what goes wrong ------------------------------------------------------------------------ */

static void test_failures(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *body, *want, *never;
    } cases[] = {
        {"echo first >&2; printf '\\033[31mSSO session expired: run aws sso login\\033[0m\\n\\n  \\n' >&2; exit 254",
         "failed (exit code 254): SSO session expired: run aws sso login", "first"},
        {"echo 'bad eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.sig token' >&2; exit 1", "(exit code 1): bad <redacted> token",
         "eyJ"},
        {"echo \"with $MY_SECRET and $PROFILE\" >&2; exit 1", "with <redacted> and prod-eu", "hunter22"},
        {"exit 7", "failed (exit code 7)", ":7"},
        {"kill -9 $$", "was ended by signal 9", NULL},
        {"echo not json s3cr3t", "printed no ExecCredential", "s3cr3t"},
        {"echo not json; echo please log in >&2", "printed no ExecCredential; it said: please log in", "json"},
        {"echo '{\"kind\":\"Status\"}'", "printed no ExecCredential", NULL},
        {GIVES(V1BETA1, "{\"token\":\"s3cr3t\"}"), "answered in another version than " V1, "s3cr3t"},
        {GIVES(V1, "null"), "gave no status", NULL},
        {GIVES(V1, "{}"), "gave neither a token nor a certificate", NULL},
        {GIVES(V1, "{\"clientCertificateData\":\"s3cr3t\"}"), "gave only one of certificate and key", "s3cr3t"},
        {GIVES(V1, "{\"clientCertificateData\":\"x\",\"clientKeyData\":\"s3cr3t\"}"), "holds no certificate", "s3cr3t"},
        {GIVES(V1, "{\"token\":\"a\\\\nX-Evil: 1\"}"), "a token of several lines", "Evil"},
        {GIVES(V1, "{\"token\":\"t\",\"expirationTimestamp\":\"tomorrow\"}"), "expirationTimestamp that is no time",
         NULL},
    };
    set_exec(w, V1, KUBE_EXEC_NEVER);
    w->target.identity.exec.env = secret_env;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct got got = {0};
        set_plugin(w, cases[i].body);
        struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
        get_now(w, auth, &got);
        if (got.err.code != ERROR_DENIED || !strstr(got.err.text, cases[i].want) ||
            !str_starts(got.err.text, "login plugin \"plugin\" of user \"ann\"") ||
            (cases[i].never && strstr(got.err.text, cases[i].never)))
            fail_msg("%s: %s", cases[i].body, got.err.text);
        kube_auth_free(&auth);
        got_done(&got);
    }
}

static void test_no_hot_loop(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, "echo down >&2; exit 1");
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    for (int i = 0; i < 100; i++) {
        get_now(w, auth, &got);
        assert_non_null(strstr(got.err.text, "down"));
    }
    assert_true(runs(w) >= 1 && runs(w) <= 3); /* 1 s and 2 s between them */
    set_plugin(w, GIVES(V1, "{\"token\":\"back\"}"));
    int64_t end = clock_mono_ms() + LIMIT_MS;
    while (!got.token && clock_mono_ms() < end) {
        get_now(w, auth, &got);
        loop_turn(w->loop, 50);
    }
    assert_string_equal(got.token, "back");
    kube_auth_free(&auth);
    got_done(&got);
}

static void test_missing(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_IF_AVAILABLE);
    w->target.identity.exec.command = (char[]){"brdeck-no-such-plugin"};
    w->target.identity.exec.install_hint = (char[]){"get it\nfrom https://x\033[1m"};
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    assert_null(kube_auth_get(auth, on_got, &got));
    assert_string_equal(got.err.text, "login plugin \"brdeck-no-such-plugin\" of user \"ann\" is not installed (not in "
                                      "PATH): "
                        "get it from https://x [1m");
    kube_auth_free(&auth);
    w->target.identity.exec.command = w->plugin; /* not there */
    w->target.identity.exec.install_hint = NULL;
    auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(auth, on_got, &got);
    assert_non_null(strstr(got.err.text, "is not installed (no program /"));
    kube_auth_free(&auth);
    got_done(&got);
}

static void test_too_slow(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, "echo 'open https://login in a browser' >&2; exec sleep 60");
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    kube_auth_set_limits(auth, 1000, 1000);
    get_now(w, auth, &got);
    assert_non_null(strstr(got.err.text, " did not end in 1 s: open https://login in a browser"));
    kube_auth_free(&auth);
    got_done(&got);
}

static void test_free_while_running(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, "exec sleep 60");
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    assert_non_null(kube_auth_get(auth, on_got, &got));
    int64_t end = clock_mono_ms() + LIMIT_MS;
    while (runs(w) == 0 && clock_mono_ms() < end)
        loop_turn(w->loop, 10);
    kube_auth_free(&auth);
    loop_turn(w->loop, 10);
    assert_int_equal(got.calls, 0);
}

/* A callback may ask again, reject, and end its own kube_auth. */
struct nested {
    struct got got;
    struct kube_auth *auth;
};

static void on_nested(void *arg, const struct kube_credential *credential, const struct error *err)
{
    struct nested *nested = arg;
    on_got(&nested->got, credential, err);
    if (nested->got.calls == 1) {
        assert_true(kube_auth_reject(nested->auth, credential->token));
        assert_non_null(kube_auth_get(nested->auth, on_nested, nested));
    } else {
        kube_auth_free(&nested->auth);
    }
}

static void test_nested(void **state)
{
    struct world *w = *state;
    struct nested nested = {0};
    struct got other = {0};
    set_exec(w, V1, KUBE_EXEC_NEVER);
    set_plugin(w, GIVES(V1, "{\"token\":\"t\"}"));
    nested.auth = kube_auth_new(w->loop, &w->target);
    kube_auth_get(nested.auth, on_nested, &nested);
    kube_auth_get(nested.auth, on_got, &other);
    wait_for(w, &nested.got, 2);
    assert_null(nested.auth);
    assert_int_equal(other.calls, 1);
    assert_int_equal(runs(w), 2);
    got_done(&nested.got);
    got_done(&other);
}

/* -- the terminal ------------------------------------------------------------------------------ */

struct desk {
    int borrowed, returned;
    bool lends, later;
    char *why;
    void (*ready)(void *ctx, bool lent);
    void *ctx;
};

static void borrow(void *arg, const char *why, void (*ready)(void *ctx, bool lent), void *ctx)
{
    struct desk *desk = arg;
    desk->borrowed++;
    free(desk->why);
    desk->why = xstrdup(why);
    desk->ready = ready;
    desk->ctx = ctx;
    if (!desk->later)
        ready(ctx, desk->lends);
}

static void give_back(void *arg) { ((struct desk *)arg)->returned++; }

/* Works only when told that it may ask. */
static const char asks[] =
    "case $KUBERNETES_EXEC_INFO in *'\"interactive\":true'*) ;; *) echo 'want a code' >&2; exit 1;; esac\n"
    GIVES(V1, "{\"token\":\"asked\"}");

static void test_terminal(void **state)
{
    struct world *w = *state;
    static const struct {
        enum kube_exec_mode mode;
        bool has, lends;
        int borrowed;
        size_t runs;
        const char *token, *err;
    } cases[] = {
        {KUBE_EXEC_NEVER, true, true, 0, 1, NULL, "want a code"},
        {KUBE_EXEC_IF_AVAILABLE, false, false, 0, 1, NULL, "want a code"},
        {KUBE_EXEC_IF_AVAILABLE, true, true, 1, 2, "asked", NULL},
        {KUBE_EXEC_IF_AVAILABLE, true, false, 1, 1, NULL, "which it was not given"},
        {KUBE_EXEC_ALWAYS, false, false, 0, 0, NULL, "and here is none"},
        {KUBE_EXEC_ALWAYS, true, true, 1, 1, "asked", NULL},
        {KUBE_EXEC_ALWAYS, true, false, 1, 0, NULL, "which it was not given"},
    };
    set_plugin(w, asks);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct got got = {0};
        struct desk desk = {.lends = cases[i].lends};
        const struct kube_terminal terminal = {borrow, give_back, &desk};
        set_exec(w, V1, cases[i].mode);
        put(w, "runs", "", 0600);
        struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
        kube_auth_set_terminal(auth, cases[i].has ? &terminal : NULL);
        get_now(w, auth, &got);
        if (cases[i].err && !strstr(got.err.text, cases[i].err))
            fail_msg("%zu: %s", i, got.err.text);
        if (!str_same(got.token, cases[i].token))
            fail_msg("%zu: %s", i, got.err.text);
        assert_int_equal(desk.borrowed, cases[i].borrowed);
        assert_int_equal(desk.returned, cases[i].lends ? cases[i].borrowed : 0);
        assert_int_equal(runs(w), cases[i].runs);
        if (cases[i].borrowed)
            assert_string_equal(desk.why, "login plugin \"plugin\" of user \"ann\"");
        kube_auth_free(&auth);
        free(desk.why);
        got_done(&got);
    }
}

/* The user takes his time; meanwhile the one who asked is gone. */
static void test_terminal_late(void **state)
{
    struct world *w = *state;
    struct got got = {0};
    struct desk desk = {.later = true};
    const struct kube_terminal terminal = {borrow, give_back, &desk};
    set_plugin(w, asks);
    set_exec(w, V1, KUBE_EXEC_ALWAYS);
    struct kube_auth *auth = kube_auth_new(w->loop, &w->target);
    kube_auth_set_terminal(auth, &terminal);
    assert_non_null(kube_auth_get(auth, on_got, &got));
    assert_non_null(kube_auth_get(auth, on_got, &got)); /* asks no second time */
    assert_int_equal(desk.borrowed, 1);
    desk.ready(desk.ctx, true);
    wait_for(w, &got, 2);
    assert_string_equal(got.token, "asked");
    assert_int_equal(desk.returned, 1);
    assert_true(kube_auth_reject(auth, "asked"));
    assert_non_null(kube_auth_get(auth, on_got, &got));
    kube_auth_free(&auth);
    desk.ready(desk.ctx, true); /* given back at once */
    assert_int_equal(desk.returned, 2);
    assert_int_equal(got.calls, 2);
    free(desk.why);
    got_done(&got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_static),      TEST(test_token_file), TEST(test_exec_token),         TEST(test_exec_cluster),
        TEST(test_exec_certificate), TEST(test_expiry), TEST(test_expired),           TEST(test_reject),
        TEST(test_failures),    TEST(test_no_hot_loop), TEST(test_too_slow),
        TEST(test_missing),     TEST(test_free_while_running),
        TEST(test_nested),      TEST(test_terminal),   TEST(test_terminal_late),
    };
    unsetenv("BRDECK_NOW");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
