#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "rbac.h"
#include "tls.h"

bool kubeconfig_write(const char *path, int port, const char *ca_pem, struct error *err)
{
    char *ca = base64_encode(ca_pem, strlen(ca_pem));
    struct str text;
    str_init(&text, STR_SMALL);
    str_addf(&text,
             "apiVersion: v1\nkind: Config\ncurrent-context: demo\nclusters:\n- name: demo\n  cluster:\n"
             "    server: https://127.0.0.1:%d\n    certificate-authority-data: %s\n",
             port, ca);
    str_add(&text, "users:\n");
    for (size_t i = 0; i < rbac_user_count(); i++)
        str_addf(&text, "- name: %s\n  user:\n    token: %s\n", rbac_user_at(i)->name, rbac_user_at(i)->token);
    str_add(&text, "- name: expired\n  user:\n    token: expired-token\n");
    str_add(&text, "contexts:\n- name: demo\n  context:\n    cluster: demo\n    user: admin\n");
    for (size_t i = 1; i < rbac_user_count(); i++)
        str_addf(&text, "- name: %s\n  context:\n    cluster: demo\n    user: %s\n    namespace: orders\n",
                 rbac_user_at(i)->name, rbac_user_at(i)->name);
    str_add(&text, "- name: expired\n  context:\n    cluster: demo\n    user: expired\n");
    bool written = file_write(path, text.data, text.len, 0600, err);
    str_done(&text);
    free(ca);
    return written;
}
