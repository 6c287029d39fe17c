/* fetch.c - how fast the same list comes by libcurl alone, with brdeck's own paging: 500, then 2,000 at a time, gzip.
 * The bytes are unpacked and thrown away; only the continue token is looked for. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { FIRST_PAGE = 500, PAGE = 2000, END_ROOM = 8 * 1024 };

/* The beginning and the end of a page: the list's own metadata is in one of them. */
struct page {
    char head[END_ROOM], tail[2 * END_ROOM];
    size_t head_length, tail_length;
    uint64_t bytes;
};

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
    struct page *page = user;
    size_t n = size * count, first = END_ROOM - 1 - page->head_length;
    first = first < n ? first : n;
    memcpy(page->head + page->head_length, bytes, first);
    page->head_length += first;
    size_t last = n < END_ROOM ? n : END_ROOM;
    if (page->tail_length + last >= sizeof page->tail) {
        size_t kept = sizeof page->tail - 1 - last;
        kept = kept < page->tail_length ? kept : page->tail_length;
        memmove(page->tail, page->tail + page->tail_length - kept, kept);
        page->tail_length = kept;
    }
    memcpy(page->tail + page->tail_length, bytes + n - last, last);
    page->tail_length += last;
    page->bytes += n;
    return n;
}

/* The continue token in @text, escaped for a URL; NULL: none. The caller frees with curl_free. */
static char *token_in(CURL *handle, const char *text, size_t length)
{
    static const char key[] = "\"continue\":\"";
    const char *at = memmem(text, length, key, sizeof key - 1);
    if (!at)
        return NULL;
    at += sizeof key - 1;
    const char *end = memchr(at, '"', (size_t)(text + length - at));
    return end && end > at ? curl_easy_escape(handle, at, (int)(end - at)) : NULL;
}

/* The whole list once. */
static bool fetch_all(uint64_t *bytes, int *pages)
{
    CURL *handle = api_handle();
    struct page *page = calloc(1, sizeof *page);
    char url[URL_ROOM * 2], base[URL_ROOM], *token = NULL;
    bool good = true;
    if (!page)
        abort();
    api_url(base, "/apis/br.pingcap.com/v1alpha1/backups");
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, page);
    for (*pages = 0, *bytes = 0; good && (*pages == 0 || token); ++*pages) {
        snprintf(url, sizeof url, "%s?limit=%d%s%s", base, token ? PAGE : FIRST_PAGE, token ? "&continue=" : "",
                 token ? token : "");
        curl_free(token);
        page->head_length = page->tail_length = 0;
        curl_easy_setopt(handle, CURLOPT_URL, url);
        CURLcode code = curl_easy_perform(handle);
        good = code == CURLE_OK;
        if (!good)
            fprintf(stderr, "bench: page %d: %s, after %llu bytes of the list\n", *pages + 1, curl_easy_strerror(code),
                    (unsigned long long)page->bytes);
        token = token_in(handle, page->tail, page->tail_length);
        token = token ? token : token_in(handle, page->head, page->head_length);
    }
    *bytes = page->bytes;
    curl_free(token);
    free(page);
    curl_easy_cleanup(handle);
    return good;
}

bool bench_fetch(int argc, char **argv)
{
    uint64_t bytes = 0;
    int pages = 0;
    (void)argc, (void)argv;
    int64_t begun = now_ns();
    if (!fetch_all(&bytes, &pages))
        die("the list could not be fetched");
    printf("curl_s %.4f\n", (double)(now_ns() - begun) / 1e9);
    printf("list_bytes %.0f\n", (double)bytes);
    return true;
}
