/* api.c - the API server, by plain libcurl: nothing of brdeck's own client is in the scales. */
#include <config.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        die("%s is not set: tests/bench/bench.sh sets it", name);
    return value;
}

/* One line of the curlrc of lib.sh: NAME = "VALUE". */
static void set_option(CURL *handle, const char *name, const char *value)
{
    if (strcmp(name, "cacert") == 0)
        curl_easy_setopt(handle, CURLOPT_CAINFO, value);
    else if (strcmp(name, "cert") == 0)
        curl_easy_setopt(handle, CURLOPT_SSLCERT, value);
    else if (strcmp(name, "key") == 0)
        curl_easy_setopt(handle, CURLOPT_SSLKEY, value);
    else if (strcmp(name, "header") == 0 && strncmp(value, "Authorization: Bearer ", 22) == 0) {
        curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, value + 22);
    } else
        die("%s in the curlrc is not understood", name);
}

CURL *api_handle(void)
{
    char path[URL_ROOM], line[URL_ROOM], name[32], value[URL_ROOM];
    CURL *handle = curl_easy_init();
    snprintf(path, sizeof path, "%s/curlrc", environment("TEST_TMP"));
    FILE *in = fopen(path, "r");
    if (!handle || !in)
        die("%s cannot be read", path);
    while (fgets(line, sizeof line, in))
        if (sscanf(line, " %31[a-z] = \"%1000[^\"]\"", name, value) == 2)
            set_option(handle, name, value);
    fclose(in);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, 120L);
    return handle;
}

char *api_url(char buf[URL_ROOM], const char *format, ...)
{
    int n = snprintf(buf, URL_ROOM, "%s", environment("API_SERVER"));
    va_list args;
    va_start(args, format);
    vsnprintf(buf + n, URL_ROOM - (size_t)n, format, args);
    va_end(args);
    return buf;
}

struct answer {
    char *bytes;
    size_t length, room;
};

static size_t keep_answer(char *bytes, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    for (size_t i = 0; i < size * count && answer->length + 1 < answer->room; i++)
        answer->bytes[answer->length++] = bytes[i];
    return size * count;
}

long api_call(CURL *handle, const char *method, const char *url, const char *type, const char *body, char *bytes,
              size_t room)
{
    struct answer answer = {.bytes = bytes, .room = bytes ? room : 0};
    struct curl_slist *headers = NULL;
    char header[128];
    long status = 0;
    if (body) {
        snprintf(header, sizeof header, "Content-Type: %s", type);
        headers = curl_slist_append(NULL, header);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    } else
        curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    if (curl_easy_perform(handle) == CURLE_OK)
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (bytes && room)
        bytes[answer.length] = '\0';
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return status;
}

uint64_t api_version(CURL *handle)
{
    static const char key[] = "\"resourceVersion\":\"";
    char url[URL_ROOM], *bytes = malloc(64 * 1024);
    uint64_t version = 0;
    if (!bytes)
        abort();
    api_url(url, "/apis/br.pingcap.com/v1alpha1/backups?limit=1");
    if (api_call(handle, "GET", url, NULL, NULL, bytes, 64 * 1024) == 200)
        for (const char *at = bytes; (at = strstr(at, key)); at += sizeof key) {
            uint64_t here = strtoumax(at + sizeof key - 1, NULL, 10);
            version = here > version ? here : version; /* the list's own is the greatest */
        }
    free(bytes);
    return version;
}
