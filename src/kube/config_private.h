/* config_private.h - the merged files, as config_load.c makes and target.c reads them. */
#ifndef BRDECK_KUBE_CONFIG_PRIVATE_H
#define BRDECK_KUBE_CONFIG_PRIVATE_H

#include <brdeck/kube/config.h>

#include "yaml_private.h"

enum kube_entry_kind { KUBE_ENTRY_CLUSTER, KUBE_ENTRY_USER, KUBE_ENTRY_CONTEXT, KUBE_ENTRY_KINDS };

struct kube_config_file {
    char *path, *folder; /* what relative paths in it are relative to */
    struct json *documents;
    struct yaml_lines lines;
};

/* One named cluster, user or context; the first of a name wins. */
struct kube_entry {
    enum kube_entry_kind kind;
    char *name;
    const struct json *item;  /* the whole entry, in its file's tree */
    const struct json *value; /* what stands under "cluster" and so on; NULL: nothing is said */
    size_t file;
};

struct kube_config {
    struct kube_config_file *files;
    size_t file_count;
    struct kube_entry *entries;
    size_t entry_count;
    char *current;  /* NULL: none */
    char *looked;   /* where was looked, for errors */
    bool exclusive; /* by --kubeconfig: nothing else is tried */
};

/* Merge the text of a kubeconfig into @config; @path is where it stands. */
bool kube_config_add(struct kube_config *config, const char *path, const char *text, size_t len, struct error *err);
struct kube_config *kube_config_new(const char *looked);
/* NULL when there is none of that name. */
const struct kube_entry *kube_config_find(const struct kube_config *config, enum kube_entry_kind kind,
                                          const char *name);
/* "FILE:LINE" of @node, or of @entry where the line of @node is not known. The caller frees. */
char *kube_config_where(const struct kube_config *config, const struct kube_entry *entry, const struct json *node);
/* The text of a scalar as the Go client takes it for a string field: numbers and booleans too. The caller frees;
 * NULL when it is missing, null or empty. */
char *kube_config_scalar(const struct json *node);

/* The server with scheme and port, without query and slash at the end. @secure: https where no scheme is
 * named. NULL and @err when it is none. */
char *kube_server_clean(const char *server, bool secure, struct error *err);
/* The proxy for curl (socks5 resolves names at the proxy, as the Go client has it). */
char *kube_proxy_clean(const char *proxy, struct error *err);

/* Certificates in PEM; a key that belongs to the first of them. @what begins the error. */
bool kube_pem_check_certs(const char *pem, const char *what, struct error *err);
bool kube_pem_check_key(const char *cert_pem, const char *key_pem, const char *what, struct error *err);

/* Who @user (NULL: nobody) with @over laid over it is. Over plain HTTP (not @secure) nothing but impersonation is
 * read: as the Go client, we send no secret in the clear. */
bool kube_identity_read(struct kube_identity *identity, const struct kube_config *config, const struct kube_entry *user,
                        const struct kube_overrides *over, bool secure, struct error *err);
/* Whether both log in as the same by the same means. */
bool kube_identity_same(const struct kube_identity *a, const struct kube_identity *b);
void kube_identity_done(struct kube_identity *identity);
/* The exec member @node of @user. */
bool kube_exec_read(struct kube_identity *identity, const struct kube_config *config, const struct kube_entry *user,
                    const struct json *node, struct error *err);
/* "FILE:LINE: user "NAME": ..." into @err; returns false. */
__attribute__((format(printf, 5, 6)))
bool kube_user_wrong(const struct kube_config *config, const struct kube_entry *user, const struct json *node,
                     struct error *err, const char *format, ...);
/* A list of strings, NULL-terminated; NULL when @list is none or empty. The caller frees. */
char **kube_strings_read(const struct json *list);

/* Where a PEM or token may stand: as data (base64), or in a file. */
struct kube_source {
    const struct kube_config *config;
    const struct kube_entry *entry; /* NULL: a flag */
    const char *what;               /* "client-certificate" */
};
/* The contents of "@source->what-data", else of the file that "@source->what" names; *out NULL when neither is. */
bool kube_source_read(const struct kube_source *source, char **out, struct error *err);
/* The contents of a file that a flag named. */
bool kube_flag_file(const char *path, const char *flag, char **out, struct error *err);
/* @path as it stands in @entry's file, made absolute to that; the caller frees. */
char *kube_entry_path(const struct kube_config *config, const struct kube_entry *entry, const char *path);

#endif
