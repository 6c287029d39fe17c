#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>
#include <brdeck/kube/config.h>

#include "certs.h"
#include "kube/config_private.h"

static char folder[64];
static char old_folder[4096];

static void put(const char *name, const char *text)
{
    struct error err;
    char *path = xasprintf("%s/%s", folder, name);
    if (!file_write(path, text, strlen(text), 0600, &err))
        fail_msg("%s", err.text);
    free(path);
}

/* Text of a kubeconfig with @cluster and @user as flow mappings' insides. */
static char *kubeconfig(const char *cluster, const char *user)
{
    return xasprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                     "contexts:\n- name: c\n  context: {cluster: k, user: u, namespace: ns}\n"
                     "clusters:\n- name: k\n  cluster: {%s}\n"
                     "users:\n- name: u\n  user: {%s}\n", cluster, user);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/brdeck-config-XXXXXX");
    if (!mkdtemp(folder) || !getcwd(old_folder, sizeof old_folder) || chdir(folder) != 0)
        return -1;
    unsetenv("KUBECONFIG");
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
    unsetenv("POD_NAMESPACE");
    setenv("HOME", folder, 1);
    setenv("BRDECK_SERVICEACCOUNT", folder, 1);
    put("ca.pem", cert1);
    put("cert.pem", cert1);
    put("key.pem", key1);
    put("other.pem", key2);
    put("locked.pem", locked);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"a", "b", "c", "ca.pem", "cert.pem", "key.pem", "other.pem", "locked.pem",
                                        "tok",
                                        "token", "ca.crt", "namespace", ".kube/config", "sub/d", "sub/ca.pem"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *path = xasprintf("%s/%s", folder, names[i]);
        unlink(path);
        free(path);
    }
    char *kube = xasprintf("%s/.kube", folder), *sub = xasprintf("%s/sub", folder);
    rmdir(kube);
    rmdir(sub);
    free(kube);
    free(sub);
    if (chdir(old_folder) != 0)
        return -1;
    return rmdir(folder);
}

static struct kube_config *load(const char *path)
{
    struct error err = {0};
    struct kube_config *config = kube_config_load(path, &err);
    if (!config)
        fail_msg("%s", err.text);
    return config;
}

static struct kube_target *resolve(const char *path, const struct kube_overrides *over)
{
    struct error err = {0};
    struct kube_config *config = load(path);
    struct kube_target *target = kube_target_new(config, over, &err);
    if (!target)
        fail_msg("%s", err.text);
    kube_config_free(&config);
    return target;
}

/* The error of loading and resolving file "a"; @want must be in it. */
static void refuse(const struct kube_overrides *over, const char *want)
{
    struct error err = {0};
    struct kube_config *config = kube_config_load("a", &err);
    struct kube_target *target = config ? kube_target_new(config, over, &err) : NULL;
    if (target || !strstr(err.text, want))
        fail_msg("want \"%s\", have \"%s\"", want, target ? "a target" : err.text);
    assert_true(err.code == ERROR_INPUT || err.code == ERROR_USAGE);
    assert_null(strstr(err.text, "s3cr3t"));
    kube_config_free(&config);
}

/* -- which files --------------------------------------------------------------------------- */

static void test_merge(void **state)
{
    (void)state;
    put("a", "current-context: one\ncontexts:\n- {name: one, context: {cluster: k, user: u}}\n"
        "clusters:\n- {name: k, cluster: {server: 'https://first:1'}}\nusers: null\n");
    put("b", "current-context: two\ncontexts:\n- {name: one, context: {cluster: gone}}\n"
        "- {name: two, context: {cluster: k, user: u}}\n"
        "clusters:\n- {name: k, cluster: {server: 'https://second:2', tls-server-name: x}}\nusers:\n- {name: u, user: "
        "{token: t}}\n");
    put("c", "");
    setenv("KUBECONFIG", ":missing:a::c:b:a:", 1);
    struct kube_config *config = load(NULL);
    assert_string_equal(config->current, "one");
    assert_int_equal(kube_config_contexts(config), 2);
    kube_config_free(&config);
    assert_null(config);
    kube_config_free(&config);

    struct kube_target *target = resolve(NULL, NULL);
    assert_string_equal(target->context, "one");
    assert_string_equal(target->server, "https://first:1"); /* the whole entry of the first file */
    assert_null(target->tls_server_name);
    assert_string_equal(target->identity.token, "t");
    kube_target_free(&target);

    struct error err;
    config = load("b"); /* exclusive */
    assert_string_equal(config->current, "two");
    kube_config_free(&config);
    assert_null(kube_config_load("missing", &err));
    assert_string_equal(err.text, "kubeconfig missing: No such file or directory");
    setenv("KUBECONFIG", folder, 1);
    assert_null(kube_config_load(NULL, &err));
    assert_non_null(strstr(err.text, "Is a directory"));
}

static void test_home(void **state)
{
    (void)state;
    struct error err;
    struct kube_config *config = load(NULL);
    assert_int_equal(kube_config_contexts(config), 0);
    assert_null(config->current);
    assert_null(kube_target_new(config, NULL, &err));
    assert_non_null(strstr(err.text, "/.kube/config has no contexts, and this is no pod: give --kubeconfig or "
                                     "--server"));
    kube_config_free(&config);
    char *kube = xasprintf("%s/.kube", folder), *text = kubeconfig("server: 'https://x'", "token: t");
    assert_true(file_make_folder(kube, &err));
    put(".kube/config", text);
    struct kube_target *target = resolve(NULL, NULL);
    assert_string_equal(target->server, "https://x:443");
    assert_string_equal(target->namespace_, "ns");
    assert_true(target->namespace_is_set);
    assert_string_equal(target->cluster, "k");
    assert_string_equal(target->user, "u");
    kube_target_free(&target);
    setenv("KUBECONFIG", "missing", 1); /* ~/.kube/config only without it */
    config = load(NULL);
    assert_int_equal(kube_config_contexts(config), 0);
    kube_config_free(&config);
    free(kube);
    free(text);
}

/* Paths are relative to their file, those of flags to where one stands. */
static void test_paths(void **state)
{
    (void)state;
    struct error err;
    char *sub = xasprintf("%s/sub", folder), *plugin = xasprintf("%s/sub/bin/login", folder);
    assert_true(file_make_folder(sub, &err));
    put("sub/ca.pem", cert2);
    put("sub/d", "contexts: [{name: c, context: {cluster: k, user: u}}]\ncurrent-context: c\n"
        "clusters: [{name: k, cluster: {server: h, certificate-authority: ca.pem}}]\n"
        "users: [{name: u, user: {exec: {command: bin/login, apiVersion: client.authentication.k8s.io/v1beta1}}}]\n");
    struct kube_target *target = resolve("sub/d", NULL);
    assert_string_equal(target->ca_pem, cert2);
    assert_string_equal(target->identity.exec.command, plugin);
    assert_string_equal(target->server, "https://h:443");
    kube_target_free(&target);
    const struct kube_overrides over = {.certificate_authority = "ca.pem", .token_file = "tok"};
    target = resolve("sub/d", &over);
    assert_string_equal(target->ca_pem, cert1);
    assert_int_equal(target->identity.kind, KUBE_AUTH_TOKEN_FILE);
    assert_string_equal(target->identity.token_file, "tok");
    kube_target_free(&target);
    free(sub);
    free(plugin);
}

static void test_in_cluster(void **state)
{
    (void)state;
    put("token", "pod-token\n");
    put("ca.crt", cert1);
    put("namespace", "tidb\n");
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    struct kube_target *target = resolve(NULL, NULL);
    assert_string_equal(target->context, "in-cluster");
    assert_string_equal(target->server, "https://[fd00::1]:443");
    assert_string_equal(target->namespace_, "tidb");
    assert_true(target->namespace_is_set);
    assert_string_equal(target->ca_pem, cert1);
    assert_int_equal(target->identity.kind, KUBE_AUTH_TOKEN_FILE);
    assert_true(str_ends(target->identity.token_file, "/token"));
    kube_target_free(&target);

    const struct kube_overrides over = {.namespace_ = "n", .token = "t", .as = "bob"};
    target = resolve(NULL, &over);
    assert_string_equal(target->namespace_, "n");
    assert_int_equal(target->identity.kind, KUBE_AUTH_TOKEN);
    assert_string_equal(target->identity.as, "bob");
    kube_target_free(&target);

    put("a", "contexts: []\n"); /* --kubeconfig is exclusive */
    refuse(NULL, "a has no contexts");
    setenv("POD_NAMESPACE", "mine", 1);
    target = resolve(NULL, NULL);
    assert_string_equal(target->namespace_, "mine");
    kube_target_free(&target);
}

/* -- one target ------------------------------------------------------------------------------- */

static void test_servers(void **state)
{
    (void)state;
    static const struct {
        const char *cluster, *user, *want;
    } cases[] = {
        {"server: 'https://h:6443/'", "", "https://h:6443"},
        {"server: 'https://h/k8s/clusters/c-1/?x=y#z'", "", "https://h:443/k8s/clusters/c-1"},
        {"server: 'https://[::1]:6443'", "", "https://[::1]:6443"},
        {"server: 'http://h'", "", "http://h:80"},
        /* without a scheme: https only where TLS is spoken of */
        {"server: 'h:8080'", "", "http://h:8080"},
        {"server: 10.0.0.1", "token: t", "http://10.0.0.1:80"},
        {"server: 'h:1', insecure-skip-tls-verify: true", "", "https://h:1"},
        {"server: 'h:1', certificate-authority: ca.pem", "", "https://h:1"},
        {"server: 'h:1'", "client-certificate: cert.pem, client-key: key.pem", "https://h:1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = kubeconfig(cases[i].cluster, cases[i].user);
        put("a", text);
        free(text);
        struct kube_target *target = resolve("a", NULL);
        assert_string_equal(target->server, cases[i].want);
        kube_target_free(&target);
    }
}

static void test_cluster(void **state)
{
    (void)state;
    char *data = base64_encode(cert2, strlen(cert2));
    char *cluster = xasprintf("server: 'https://h', certificate-authority: nowhere, certificate-authority-data: %s, "
                              "tls-server-name: 'n', proxy-url: 'socks5://p:1080', disable-compression: true", data);
    char *text = kubeconfig(cluster, "token: t");
    put("a", text);
    struct kube_target *target = resolve("a", NULL), *other = resolve("a", NULL);
    assert_string_equal(target->ca_pem, cert2); /* data over file */
    assert_string_equal(target->tls_server_name, "n");
    assert_string_equal(target->proxy_url, "socks5h://p:1080");
    assert_true(target->disable_compression);
    assert_false(target->insecure);
    assert_null(target->exec_cluster);
    assert_false(kube_target_moved(target, other));
    kube_target_free(&other);

    static const struct kube_overrides moved[] = {
        {.server = "https://i"}, {.certificate_authority = "ca.pem"}, {.insecure_skip_tls_verify = true},
            {.tls_server_name = "m"},
    };
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        other = resolve("a", &moved[i]);
        assert_true(kube_target_moved(target, other));
        kube_target_free(&other);
    }
    kube_target_free(&target);
    const struct kube_overrides over = {.server = "https://i:2", .insecure_skip_tls_verify = true,
                                        .proxy_url = "http://q:1",
                                        .namespace_ = "other"};
    target = resolve("a", &over);
    assert_string_equal(target->server, "https://i:2");
    assert_null(target->ca_pem);
    assert_true(target->insecure);
    assert_null(target->tls_server_name); /* it was that of the other server */
    assert_string_equal(target->proxy_url, "http://q:1");
    assert_string_equal(target->namespace_, "other");
    kube_target_free(&target);
    free(data);
    free(cluster);
    free(text);
}

/* --context, --cluster and --user; flags alone; contexts without namespace. */
static void test_choice(void **state)
{
    (void)state;
    put("a", "contexts:\n- {name: x, context: {cluster: k, user: u}}\n- {name: 'y', context: {cluster: l}}\n- name: 7\n"
        "clusters:\n- {name: k, cluster: {server: 'https://k'}}\n- {name: l, cluster: {server: 'https://l'}}\n- name: "
        "m\n"
        "users:\n- {name: u, user: {token: t}}\n- {name: v, user: {username: bo, password: 123}}\n");
    refuse(NULL, "a has no current-context: give --context, one of: x, y, 7");
    const struct kube_overrides none = {.context = "z"}, seven = {.context = "7"},
        gone = {.context = "x", .cluster = "q"},
                                bare = {.context = "x", .cluster = "m"};
    refuse(&none, "context \"z\" is not in a; it has: x, y, 7");
    refuse(&seven, "a:4: context \"7\" names no cluster");
    refuse(&gone, "cluster \"q\" is not in a; it has: k, l, m");
    refuse(&bare, "cluster \"m\" has no server");
    const struct kube_overrides over = {.context = "x", .cluster = "l", .user = "v"},
        flags = {.server = "https://f", .token = "s"};
    struct kube_target *target = resolve("a", &over);
    assert_string_equal(target->server, "https://l:443");
    assert_int_equal(target->identity.kind, KUBE_AUTH_BASIC);
    assert_string_equal(target->identity.password, "123");
    assert_string_equal(target->namespace_, "default");
    assert_false(target->namespace_is_set);
    kube_target_free(&target);
    put("b", "contexts: [{name: x, context: {cluster: k, user: gone}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://k'}}]\n");
    const struct kube_overrides token = {.context = "x", .token = "s"}; /* who "gone" is does not matter then */
    target = resolve("b", &token);
    assert_string_equal(target->identity.token, "s");
    kube_target_free(&target);
    target = resolve("a", &flags);
    assert_string_equal(target->context, "https://f:443");
    assert_string_equal(target->identity.token, "s");
    kube_target_free(&target);
}

/* -- who we are ---------------------------------------------------------------------------------- */

static void test_identity(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        struct kube_overrides over;
        enum kube_auth_kind kind;
        const char *token;
        bool cert;
    } cases[] = {
        {"", {0}, KUBE_AUTH_NONE, NULL, false},
        {"token: t", {0}, KUBE_AUTH_TOKEN, "t", false},
        {"token: 123", {0}, KUBE_AUTH_TOKEN, "123", false},
        {"token: t, tokenFile: tok", {0}, KUBE_AUTH_TOKEN_FILE, "t", false},
        {"username: n, password: p", {0}, KUBE_AUTH_BASIC, NULL, false},
        {"username: n, password: p", {.token = "f"}, KUBE_AUTH_TOKEN, "f", false},
        {"token: t, tokenFile: tok", {.token = "f"}, KUBE_AUTH_TOKEN, "f", false},
        {"token: t", {.username = "n"}, KUBE_AUTH_BASIC, NULL, false},
        {"client-certificate: cert.pem, client-key: key.pem", {0}, KUBE_AUTH_NONE, NULL, true},
        {"client-certificate: cert.pem, client-key: key.pem, token: t", {0}, KUBE_AUTH_TOKEN, "t", true},
        {"client-certificate: cert.pem, client-key: key.pem, exec: {command: x, apiVersion: "
         "client.authentication.k8s.io/v1beta1}",
         {0}, KUBE_AUTH_NONE, NULL, true},
        {"exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1}", {.token = "f"}, KUBE_AUTH_TOKEN, "f",
         false},
        {"auth-provider: {name: gcp}", {.token = "f"}, KUBE_AUTH_TOKEN, "f", false},
        {"token: t", {.client_certificate = "cert.pem", .client_key = "key.pem"}, KUBE_AUTH_TOKEN, "t", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = kubeconfig("server: 'https://h'", cases[i].user);
        put("a", text);
        free(text);
        struct kube_target *target = resolve("a", &cases[i].over);
        if (target->identity.kind != cases[i].kind || !str_same(target->identity.token, cases[i].token) ||
            !target->identity.cert_pem != !cases[i].cert || !target->identity.key_pem != !cases[i].cert)
            fail_msg("%s", cases[i].user);
        kube_target_free(&target);
    }
    /* In the clear nothing secret is sent, nor read. */
    char *text = kubeconfig("server: 'http://h'", "token: t, client-certificate: missing, as: bob");
    put("a", text);
    struct kube_target *target = resolve("a", NULL);
    assert_int_equal(target->identity.kind, KUBE_AUTH_NONE);
    assert_null(target->identity.token);
    assert_string_equal(target->identity.as, "bob");
    kube_target_free(&target);
    free(text);
}

static void test_impersonation(void **state)
{
    (void)state;
    static const char *const groups[] = {"g1", "g2", NULL};
    char *text = kubeconfig("server: 'https://h'",
                            "as: bob, as-uid: '7', as-groups: [a, b], as-user-extra: {k: [v, w]}");
    put("a", text);
    free(text);
    struct kube_target *target = resolve("a", NULL);
    assert_string_equal(target->identity.as, "bob");
    assert_string_equal(target->identity.as_uid, "7");
    assert_string_equal(target->identity.as_groups[1], "b");
    assert_null(target->identity.as_groups[2]);
    assert_string_equal(json_text(json_next(json_first(json_get(target->identity.as_extra, "k")))), "w");
    kube_target_free(&target);
    const struct kube_overrides over = {.as = "eve", .as_uid = "8", .as_groups = groups};
    target = resolve("a", &over);
    assert_string_equal(target->identity.as, "eve");
    assert_string_equal(target->identity.as_uid, "8");
    assert_string_equal(target->identity.as_groups[0], "g1");
    kube_target_free(&target);
}

static void test_exec(void **state)
{
    (void)state;
    char *text = kubeconfig("server: 'https://h/x', certificate-authority: ca.pem, tls-server-name: 'n', extensions: "
                            "[{name: "
                            "client.authentication.k8s.io/exec, extension: {audience: a}}]",
                            "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1, args: [eks, 5, -x], "
                            "env: [{name: A, value: '1=2'}, {name: B, value: null}], interactiveMode: Never, "
                            "provideClusterInfo: true, installHint: get it}");
    put("a", text);
    free(text);
    struct kube_target *target = resolve("a", NULL);
    const struct kube_identity *identity = &target->identity;
    assert_int_equal(identity->kind, KUBE_AUTH_EXEC);
    assert_string_equal(identity->exec.command, "aws");
    assert_string_equal(identity->exec.args[1], "5");
    assert_null(identity->exec.args[3]);
    assert_string_equal(identity->exec.env[0], "A=1=2");
    assert_string_equal(identity->exec.env[1], "B=");
    assert_int_equal(identity->exec.mode, KUBE_EXEC_NEVER);
    assert_string_equal(identity->exec.install_hint, "get it");
    assert_string_equal(json_string(target->exec_cluster, "server"), "https://h/x");
    assert_string_equal(json_string(target->exec_cluster, "tls-server-name"), "n");
    char *ca = base64_decode(json_string(target->exec_cluster, "certificate-authority-data"), NULL);
    assert_string_equal(ca, cert1);
    assert_string_equal(json_string(json_get(target->exec_cluster, "config"), "audience"), "a");
    free(ca);
    kube_target_free(&target);
}

/* -- what is refused -------------------------------------------------------------------------------- */

static void test_refused_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"a: [", "a:"},
        {"- 1\n", "a:1: this is no kubeconfig"},
        {"\nkind: Pod\n", "a:2: this is no kubeconfig"},
        {"clusters: {}\n", "a:1: clusters is no list"},
        {"users:\n- user: {token: s3cr3t}\n", "a:2: an entry of users has no name"},
        {"users:\n- name: u\n  user: s3cr3t\n", "a:3: user \"u\" is no mapping"},
        {"users:\n- name: u\n- name: u\n", "a:3: user \"u\" is defined a second time"},
        {"users:\n- name: u\n  user:\n    token: s3cr3t\n    token: s3cr3t\n",
         "a:5: key \"token\" stands here a second time"},
        {"current-context: x\n", "context \"x\" is not in a; it has: none"},
        {"current-context: x\ncontexts:\n- name: x\n  context:\n    cluster: k\n",
         "a:5: context \"x\" names the cluster \"k\", which is not there"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        put("a", cases[i].text);
        refuse(NULL, cases[i].want);
    }
}

static void test_refused_entries(void **state)
{
    (void)state;
#define EXEC(rest) "exec: {command: x, apiVersion: client.authentication.k8s.io/" rest "}"
    static const struct {
        const char *cluster, *user;
        struct kube_overrides over;
        const char *want;
    } cases[] = {
        {"server: 'ftp://h'", "", {0}, "want http or https, not ftp"},
        {"server: 'https://n:s3cr3t@h'", "", {0}, "must not hold a user name"},
        {"server: 'https://'", "", {0}, "is no URL"},
        {"server: 'h p'", "", {0}, "is no URL"},
        {"server: 'https://h', proxy-url: 'ftp://n:s3cr3t@h'", "", {0}, "proxy-url is none that can be used"},
        {"server: 'https://h', certificate-authority: missing", "", {0}, "missing: No such file or directory"},
        {"server: 'https://h', certificate-authority: /dev/null", "", {0}, "is no plain file"},
        {"server: 'https://h', certificate-authority: key.pem", "", {0}, "holds no certificate in PEM form"},
        {"server: 'https://h', certificate-authority-data: '!'", "", {0},
         "a:9: certificate-authority-data is no base64"},
        {"server: 'https://h', certificate-authority: ca.pem, insecure-skip-tls-verify: true", "", {0},
         "certificate-authority cannot go with insecure-skip-tls-verify"},
        {"server: 'https://h', insecure-skip-tls-verify: true", "",
         {.insecure_skip_tls_verify = true, .certificate_authority = "ca.pem"},
             "cannot go with insecure-skip-tls-verify"},
        {"server: 'https://h'", "client-certificate: cert.pem", {0}, "needs a client-key"},
        {"server: 'https://h'", "client-certificate: cert.pem, client-key: other.pem", {0}, "does not belong"},
        {"server: 'https://h'", "client-certificate: cert.pem, client-key: locked.pem", {0}, "protected by a password"},
        {"server: 'https://h'", "client-certificate: cert.pem, client-key: cert.pem", {0}, "holds no private key"},
        {"server: 'https://h'", "client-certificate-data: czNjcjN0, client-key-data: czNjcjN0", {0},
         "holds no certificate"},
        {"server: 'https://h'", "token: s3cr3t, username: n", {0}, "a token and a user name are given"},
        {"server: 'https://h'", "", {.token = "s3cr3t", .username = "n"}, "give one of --token"},
        {"server: 'https://h'", "as-groups: [g]", {0}, "name a user too: --as"},
        {"server: 'https://h'", "as: b, as-user-extra: {k: v}", {0}, "as-user-extra wants lists of strings"},
        {"server: 'https://h'", "auth-provider: {name: gcp}", {0}, "install gke-gcloud-auth-plugin"},
        {"server: 'https://h'", "auth-provider: {name: azure, config: {x: s3cr3t}}", {0},
         "kubelogin convert-kubeconfig"},
        {"server: 'https://h'", "auth-provider: {name: x}, exec: {}", {0}, "auth-provider \"x\" is no more"},
        {"server: 'https://h'", EXEC("v1alpha1"), {0}, "was taken out of Kubernetes in 1.24"},
        {"server: 'https://h'", EXEC("v2"), {0}, "want client.authentication.k8s.io/v1 or v1beta1"},
        {"server: 'https://h'", EXEC("v1"), {0}, "interactiveMode must be set"},
        {"server: 'https://h'", EXEC("v1, interactiveMode: Often"), {0}, "\"Often\" is none of Never"},
        {"server: 'https://h'", EXEC("v1beta1, env: [{value: s3cr3t}]"), {0}, "an entry of env has no name"},
        {"server: 'https://h'", EXEC("v1beta1, env: {}"), {0}, "env is no list"},
        {"server: 'https://h'", EXEC("v1beta1, args: s3cr3t"), {0}, "args is no list"},
        {"server: 'https://h'", "exec: {command: x}", {0}, "exec has no apiVersion"},
        {"server: 'https://h'", "exec: {apiVersion: client.authentication.k8s.io/v1}", {0}, "exec has no command"},
        {"server: 'https://h'", "exec: s3cr3t", {0}, "exec is no mapping"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = kubeconfig(cases[i].cluster, cases[i].user);
        put("a", text);
        free(text);
        refuse(&cases[i].over, cases[i].want);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_merge),    TEST(test_home),          TEST(test_paths), TEST(test_in_cluster),    TEST(test_servers),
        TEST(test_cluster),  TEST(test_choice),        TEST(test_identity), TEST(test_impersonation), TEST(test_exec),
        TEST(test_refused_files), TEST(test_refused_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
