#include <config.h>

#include "tls.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>

enum { VALID_S = 10 * 365 * 24 * 3600, EARLIER_S = 24 * 3600 };

static char *take_bio(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = xstrndup(bytes, len > 0 ? (size_t)len : 0);
    BIO_free(bio);
    return text;
}

static char *certificate_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || !PEM_write_bio_X509(bio, certificate))
        die("tls: a certificate cannot be printed");
    return take_bio(bio);
}

static char *key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        die("tls: a key cannot be printed");
    return take_bio(bio);
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

struct extension {
    int nid;
    const char *value;
};

/* A certificate for @key named @name, signed by @issuer_key; NULL on failure. */
static X509 *make(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
                  const struct extension *extensions, size_t count)
{
    X509 *certificate = X509_new();
    if (!certificate)
        return NULL;
    unsigned char serial[8];
    bool good = RAND_bytes(serial, sizeof serial) == 1;
    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40);
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    good = good && number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_NAME *subject = X509_get_subject_name(certificate);
    good = good && X509_set_version(certificate, 2) && X509_gmtime_adj(X509_getm_notBefore(certificate), -EARLIER_S) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) && X509_set_pubkey(certificate, key) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) &&
           X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject);
    for (size_t i = 0; i < count && good; i++)
        good = add_extension(certificate, issuer ? issuer : certificate, extensions[i].nid, extensions[i].value);
    if (good && X509_sign(certificate, issuer_key, EVP_sha256()))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature"},
    {NID_subject_key_identifier, "hash"},
};
static const struct extension server_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature,keyEncipherment"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc"},
    {NID_authority_key_identifier, "keyid"},
};

bool tls_init(struct tls *tls, struct error *err)
{
    *tls = (struct tls){0};
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = NULL, *server = NULL;
    if (ca_key && key)
        ca = make(ca_key, "brdeck-sim-ca", NULL, ca_key, ca_extensions, ARRAY_LEN(ca_extensions));
    if (ca)
        server = make(key, "kube-apiserver", ca, ca_key, server_extensions, ARRAY_LEN(server_extensions));
    if (server) {
        tls->ca = certificate_pem(ca);
        tls->certificate = certificate_pem(server);
        tls->key = key_pem(key);
    }
    X509_free(server);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    return server ? true : error_set(err, ERROR_SYSTEM, "OpenSSL made no certificate; check the installation");
}

void tls_done(struct tls *tls)
{
    free(tls->ca);
    free(tls->certificate);
    if (tls->key)
        wipe(tls->key, strlen(tls->key));
    free(tls->key);
    *tls = (struct tls){0};
}
