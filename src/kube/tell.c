#include <config.h>

#include "kube/client_private.h"

#include <inttypes.h>
#include <string.h>

/* Why there was no answer, in a sentence that says what to do. */

/* OpenSSL's X509_V_ERR_*, which curl passes on as CURLINFO_SSL_VERIFYRESULT. */
static const struct {
    long code;
    const char *why;
} verify_failures[] = {
    {9, "the server's certificate is not valid yet; check the clock of this host"},
    {10, "the server's certificate has expired; it must be renewed at the server, or the clock of this host is wrong"},
    {18, "the server's certificate signs itself and is not trusted; check the server's address, or name its CA by "
         "certificate-authority"},
    {19, "the server's certificate comes from a CA that is not trusted; name the right one by certificate-authority"},
    {20, "the server's certificate is not from the CA of this context; check the server's address, or name the right "
         "CA by certificate-authority"},
    {21, "the server's certificate is not from the CA of this context; name the right CA by certificate-authority"},
    {7, "the server's certificate is not from the CA of this context (same name, other key); name the right CA by "
        "certificate-authority"},
    {24, "the CA of this context is no CA; name the right one by certificate-authority"},
};

/* What stands for a CURLcode; curl's own words follow when @detail. */
static const struct failure {
    CURLcode code;
    bool detail;
    const char *why;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, false, "the name is not known; check the server's address and the network"},
    {CURLE_COULDNT_RESOLVE_PROXY, false, "the proxy's name is not known; check proxy-url or HTTPS_PROXY"},
    {CURLE_COULDNT_CONNECT, true, "no connection; check the server's address and the network"},
    {CURLE_PROXY, true, "the proxy refused; check proxy-url or HTTPS_PROXY"},
    {CURLE_SSL_CERTPROBLEM, true, "the client certificate cannot be used; check client-certificate and client-key"},
    {CURLE_SSL_CACERT_BADFILE, true, "the CA cannot be read; check certificate-authority"},
    {CURLE_SSL_CONNECT_ERROR, true, "no TLS connection; check that this is the API server's port"},
    {CURLE_PARTIAL_FILE, false, "the answer broke off"},
    {CURLE_GOT_NOTHING, false, "the server closed the connection without an answer"},
    {CURLE_SEND_ERROR, true, "the connection broke"},
    {CURLE_RECV_ERROR, true, "the connection broke"},
    {CURLE_HTTP2, true, "the connection broke"},
    {CURLE_HTTP2_STREAM, true, "the answer broke off"},
    {CURLE_BAD_CONTENT_ENCODING, true, "the compressed answer cannot be read; --disable-compression may help"},
    {CURLE_UNSUPPORTED_PROTOCOL, false, "no HTTP server; check the server's address"},
    {CURLE_URL_MALFORMAT, false, "the server's address is no URL"},
};

static const char *words_of_curl(const struct kube_request *r, CURLcode code)
{
    long number = 0;
    if (code == CURLE_COULDNT_CONNECT && curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
        number != 0)
        return strerror((int)number); /* "Connection refused" says more than curl's "Couldn't connect to server" */
    return r->curl_error[0] ? r->curl_error : curl_easy_strerror(code);
}

static void tell_verify(const struct kube_request *r, struct error *err)
{
    const char *place = r->client->place, *what = r->spec.what;
    long result = 0;
    curl_easy_getinfo(r->easy, CURLINFO_SSL_VERIFYRESULT, &result);
    for (size_t i = 0; i < sizeof verify_failures / sizeof *verify_failures; i++)
        if (verify_failures[i].code == result) {
            error_set(err, ERROR_NETWORK, "%s: %s: %s", what, place, verify_failures[i].why);
            return;
        }
    if (strstr(r->curl_error, "subject name") || strstr(r->curl_error, "common name"))
        error_set(err, ERROR_NETWORK,
                  "%s: %s: the server's certificate is for another name; check the server's address, or name the one "
                  "it has by tls-server-name",
                  what, place);
    else
        error_set(err, ERROR_NETWORK,
                  "%s: %s: the server's certificate cannot be trusted (%.200s); check certificate-authority",
                  what, place, words_of_curl(r, CURLE_PEER_FAILED_VERIFICATION));
}

static void tell_timeout(const struct kube_request *r, struct error *err)
{
    curl_off_t connected_us = 0;
    curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    int64_t waited_s = (clock_mono_ms() - r->begun_ms + 500) / 1000;
    error_set(err, ERROR_NETWORK,
              "%s: %s: %s in %" PRId64 " s; check the network, or give it more by --request-timeout",
              r->spec.what, r->client->place, connected_us ? "no answer" : "no connection", waited_s);
}

void kube_transport_tell(const struct kube_request *r, CURLcode code, struct error *err)
{
    const char *place = r->client->place, *what = r->spec.what;
    if (r->too_large) {
        error_set(err, ERROR_NETWORK, "%s: the answer is larger than %zu bytes", what, r->spec.body_max);
        return;
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        tell_verify(r, err);
        return;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        tell_timeout(r, err);
        return;
    }
    /* TLS 1.3 servers refuse a client certificate only after the handshake, as an alert to be received. */
    if (strstr(r->curl_error, "alert") && strstr(r->curl_error, "certificate")) {
        error_set(err, ERROR_DENIED, "%s: %s: the server refused the client certificate (%.200s); log in "
                                     "again or check client-certificate", what, place, r->curl_error);
        return;
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (failures[i].code == code) {
            const struct failure *f = &failures[i];
            error_set(err, ERROR_NETWORK, "%s: %s: %s%s%.200s%s", what, place, f->why, f->detail ? " (" : "",
                      f->detail ? words_of_curl(r, code) : "", f->detail ? ")" : "");
            return;
        }
    error_set(err, ERROR_NETWORK, "%s: %s: %.200s", what, place, words_of_curl(r, code));
}
