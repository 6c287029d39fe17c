/* config.h - kubeconfig: which server, which CA, who we are.
 *
 * Rules of client-go (clientcmd): --kubeconfig is exclusive; KUBECONFIG is a list whose
 * missing files are skipped and where the first definition of a key wins; ~/.kube/config
 * only without either; in-cluster (the service account's files) last. Relative paths
 * are relative to the file they stand in. Of a file only the first document counts. Data (certificate-authority-data
 * and so on) wins over files. Kinds of login: a token's file wins over a token, both over exec; a client
 * certificate makes exec needless; token and user name together are an error, as are insecure-skip-tls-verify
 * with a CA and the exec version v1alpha1. Over plain HTTP no credential is read. Errors never quote a secret.
 */
#ifndef BRDECK_KUBE_CONFIG_H
#define BRDECK_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

struct kube_config; /* the merged files */

/* Read what there is. @path is --kubeconfig, or NULL. With nothing to read the result has
 * no contexts (and in-cluster is tried by kube_target_new). NULL and @err ("FILE:LINE: ...") for a
 * file that is there and cannot be read. */
struct kube_config *kube_config_load(const char *path, struct error *err);
void kube_config_free(struct kube_config **config);
size_t kube_config_contexts(const struct kube_config *config);
/* Name of context @i; borrowed. */
const char *kube_config_context(const struct kube_config *config, size_t i);

/* kubectl's global flags; NULL or 0 where not given. A login by flags takes the place of the file's; --server also
 * clears the file's tls-server-name, --insecure-skip-tls-verify its CA, --certificate-authority its insecure. */
struct kube_overrides {
    const char *context, *cluster, *user, *namespace_;
    const char *server, *token, *token_file, *username, *password;
    const char *certificate_authority, *client_certificate, *client_key;
    const char *tls_server_name, *proxy_url;
    const char *as, *as_uid;
    const char *const *as_groups; /* NULL-terminated */
    bool insecure_skip_tls_verify, disable_compression;
};

enum kube_auth_kind { KUBE_AUTH_NONE, KUBE_AUTH_TOKEN, KUBE_AUTH_TOKEN_FILE, KUBE_AUTH_BASIC, KUBE_AUTH_EXEC };
enum kube_exec_mode { KUBE_EXEC_NEVER, KUBE_EXEC_IF_AVAILABLE, KUBE_EXEC_ALWAYS };

/* Who we are; a client certificate may stand beside every kind. */
struct kube_identity {
    enum kube_auth_kind kind;
    char *token, *token_file, *username, *password;
    char *cert_pem, *key_pem; /* contents, never paths */
    struct {
        char *command, *api_version, *install_hint;
        char **args, **env; /* env as "K=V"; NULL-terminated */
        enum kube_exec_mode mode;
        bool provide_cluster_info;
    } exec;
    char *as, *as_uid;
    char **as_groups;        /* NULL-terminated, or NULL */
    struct json *as_extra;   /* object of arrays of strings, or NULL */
};

/* One context, resolved at start: server and CA stay what they are (rule 8). */
struct kube_target {
    char *context, *cluster, *user; /* names; "in-cluster" for that */
    char *server;                   /* scheme://host:port[/path], no trailing slash; IPv6 in brackets */
    char *namespace_;               /* never NULL; "default" */
    char *ca_pem;                   /* NULL: the system's */
    char *tls_server_name;
    char *proxy_url;                /* for curl: socks5 comes as socks5h */
    bool insecure, disable_compression;
    bool namespace_is_set;          /* named by flag or context, not defaulted */
    struct json *exec_cluster;      /* what provideClusterInfo passes on; NULL without it */
    struct kube_identity identity;
};

/* Resolve the current context, or that of @over. NULL and @err naming what is missing where
 * ("context \"prod\" is not in ~/.kube/config; it has: a, b"), for the old auth-provider with what
 * to use instead, for unreadable files. Certificates and keys are read here. */
struct kube_target *kube_target_new(const struct kube_config *config, const struct kube_overrides *over,
                                    struct error *err);
void kube_target_free(struct kube_target **target);
/* Whether the server or how it is known (CA, tls-server-name, insecure) differ: the source must end (rule 8). */
bool kube_target_moved(const struct kube_target *a, const struct kube_target *b);

#endif
