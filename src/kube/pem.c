#include <config.h>

#include "config_private.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <brdeck/base/alloc.h>

/* OpenSSL would ask the terminal for the password of a key. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(bool *)arg = true;
    return -1;
}

static BIO *open_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    if (!bio)
        die("out of memory");
    return bio;
}

static X509 *read_first(const char *pem)
{
    BIO *bio = open_pem(pem);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

bool kube_pem_check_certs(const char *pem, const char *what, struct error *err)
{
    X509 *cert = read_first(pem);
    if (!cert)
        return error_set(err, ERROR_INPUT, "%s holds no certificate in PEM form", what);
    X509_free(cert);
    return true;
}

bool kube_pem_check_key(const char *cert_pem, const char *key_pem, const char *what, struct error *err)
{
    bool locked = false, fits = false;
    BIO *bio = open_pem(key_pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &locked);
    X509 *cert = read_first(cert_pem);
    if (!key && locked)
        error_set(err, ERROR_INPUT, "%s is protected by a password; write it without: openssl pkey -in OLD -out NEW",
                  what);
    else if (!key)
        error_set(err, ERROR_INPUT, "%s holds no private key in PEM form", what);
    else if (!cert || X509_check_private_key(cert, key) != 1)
        error_set(err, ERROR_INPUT, "%s does not belong to the client certificate", what);
    else
        fits = true;
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return fits;
}
