#include <config.h>

#include "config_private.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* A part of @url as curl gives it, "" when it has none; the caller frees. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return xstrdup("");
    char *copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static CURLU *parse_url(const char *text, unsigned flags)
{
    CURLU *url = curl_url();
    if (!url)
        die("out of memory");
    if (curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

char *kube_server_clean(const char *server, bool secure, struct error *err)
{
    char *full = strstr(server, "://") ? xstrdup(server) : xasprintf("%s://%s", secure ? "https" : "http", server);
    CURLU *url = parse_url(full, 0);
    free(full);
    if (!url) {
        error_set(err, ERROR_INPUT, "server \"%s\" is no URL: want https://HOST:PORT", server);
        return NULL;
    }
    char *scheme = part_of(url, CURLUPART_SCHEME, 0), *host = part_of(url, CURLUPART_HOST, 0);
    char *port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT), *path = part_of(url, CURLUPART_PATH, 0);
    char *user = part_of(url, CURLUPART_USER, 0), *clean = NULL;
    size_t path_len = strlen(path);
    while (path_len > 0 && path[path_len - 1] == '/')
        path[--path_len] = '\0';
    if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        error_set(err, ERROR_INPUT, "server \"%s\": want http or https, not %s", server, scheme);
    else if (*user) /* not quoted: a password may stand there */
        error_set(err, ERROR_INPUT, "the server's URL (%s) must not hold a user name: use --username", host);
    else
        clean = xasprintf("%s://%s:%s%s", scheme, host, port, path);
    free(scheme);
    free(host);
    free(port);
    free(path);
    free(user);
    curl_url_cleanup(url);
    return clean;
}

char *kube_proxy_clean(const char *proxy, struct error *err)
{
    static const struct {
        const char *given, *for_curl;
    } schemes[] = {{"http://", "http://"}, {"https://", "https://"}, {"socks5://", "socks5h://"},
                   {"socks5h://", "socks5h://"}};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (!str_starts(proxy, schemes[i].given))
            continue;
        char *clean = xasprintf("%s%s", schemes[i].for_curl, proxy + strlen(schemes[i].given));
        CURLU *url = parse_url(clean, CURLU_NON_SUPPORT_SCHEME);
        if (url) {
            curl_url_cleanup(url);
            return clean;
        }
        free(clean);
    }
    error_set(err, ERROR_INPUT,
              "proxy-url is none that can be used: want http://, https:// or socks5:// and HOST:PORT");
    return NULL;
}
