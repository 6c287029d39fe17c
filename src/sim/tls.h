/* tls.h - a certificate authority of its own, made anew at each start. */
#ifndef BRDECK_SIM_TLS_H
#define BRDECK_SIM_TLS_H

#include <brdeck/base/error.h>

struct tls {
    char *ca, *certificate, *key; /* PEM */
};

/* A CA, and a certificate by it for 127.0.0.1 and localhost. */
bool tls_init(struct tls *tls, struct error *err);
void tls_done(struct tls *tls);

/* Write a kubeconfig for https://127.0.0.1:@port with a context for each user of rbac.h. */
bool kubeconfig_write(const char *path, int port, const char *ca_pem, struct error *err);

#endif
