#include <config.h>

#include "list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* next_in is only read */
#include <zlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

enum {
    BLOCK = 128 * 1024,
    CACHE_PAGES = 128,
    CACHE_BYTES = 64 * 1024 * 1024,
    GZIP_LEVEL = 1,
};

/* -- the pages that were compressed ------------------------------------------ */

struct cached {
    char *key;
    uint64_t rv;
    char *bytes;
    size_t len;
};

struct list_cache {
    struct cached pages[CACHE_PAGES];
    size_t next, bytes;
};

struct list_cache *list_cache_new(void) { return xcalloc(1, sizeof(struct list_cache)); }

static void cached_done(struct list_cache *cache, struct cached *page)
{
    cache->bytes -= page->len;
    free(page->key);
    free(page->bytes);
    *page = (struct cached){0};
}

void list_cache_free(struct list_cache **cache)
{
    if (!*cache)
        return;
    for (size_t i = 0; i < CACHE_PAGES; i++)
        cached_done(*cache, &(*cache)->pages[i]);
    free(*cache);
    *cache = NULL;
}

static const struct cached *cache_find(const struct list_cache *cache, const char *key, uint64_t rv)
{
    for (size_t i = 0; i < CACHE_PAGES; i++)
        if (cache->pages[i].key && cache->pages[i].rv == rv && strcmp(cache->pages[i].key, key) == 0)
            return &cache->pages[i];
    return NULL;
}

/* Takes over @key and @bytes. */
static void cache_keep(struct list_cache *cache, char *key, uint64_t rv, char *bytes, size_t len)
{
    for (size_t i = 0; i < CACHE_PAGES && cache->bytes + len > CACHE_BYTES; i++)
        cached_done(cache, &cache->pages[(cache->next + i) % CACHE_PAGES]);
    struct cached *page = &cache->pages[cache->next++ % CACHE_PAGES];
    cached_done(cache, page);
    *page = (struct cached){.key = key, .rv = rv, .bytes = bytes, .len = len};
    cache->bytes += len;
}

/* -- the pieces --------------------------------------------------------------- */

struct stream {
    struct snapshot *snapshot;
    size_t at, to;      /* items */
    bool comma, any;    /* the next piece is what stands before an item; there was one */
    char *head, *tail;
    enum { PIECE_HEAD, PIECE_ITEMS, PIECE_TAIL, PIECE_END } part;
    const char *piece;  /* what is left of the one on its way */
    size_t left;
    int64_t budget;     /* bytes until the cut; -1: none */
    bool gzip, flushed;
    z_stream z;
    struct list_cache *cache;
    char *key;
    struct str copy; /* for the cache */
};

/* An item without what every object of a built-in list leaves out: kind and apiVersion. */
static void take_item(struct stream *stream)
{
    const struct kind *kind = stream->snapshot->kind;
    const struct blob *blob = stream->snapshot->items[stream->at];
    static const char comma[] = ",", comma_brace[] = ",{", brace[] = "{";
    size_t head = kind->custom ? 0 : strlen(kind->head);
    if (stream->comma) {
        stream->piece = !head ? comma : stream->any ? comma_brace : brace;
        stream->left = strlen(stream->piece);
        stream->comma = false;
        stream->any = true;
        return;
    }
    stream->piece = blob->text + head;
    stream->left = blob->len - head;
    stream->at++;
    stream->comma = true;
}

static bool next_piece(struct stream *stream)
{
    while (stream->left == 0) {
        switch (stream->part) {
        case PIECE_HEAD:
            stream->piece = stream->head;
            stream->left = strlen(stream->head);
            stream->part = PIECE_ITEMS;
            break;
        case PIECE_ITEMS:
            if (stream->at < stream->to)
                take_item(stream);
            else
                stream->part = PIECE_TAIL;
            break;
        case PIECE_TAIL:
            stream->piece = stream->tail;
            stream->left = strlen(stream->tail);
            stream->part = PIECE_END;
            break;
        case PIECE_END:
            return false;
        }
    }
    return true;
}

static size_t fill_plain(struct stream *stream, char *buf, size_t max)
{
    size_t used = 0;
    while (used < max && next_piece(stream)) {
        size_t n = stream->left < max - used ? stream->left : max - used;
        memcpy(buf + used, stream->piece, n);
        stream->piece += n;
        stream->left -= n;
        used += n;
    }
    return used;
}

static size_t fill_gzip(struct stream *stream, char *buf, size_t max)
{
    z_stream *z = &stream->z;
    z->next_out = (Bytef *)buf;
    z->avail_out = (uInt)max;
    while (z->avail_out > 0 && !stream->flushed) {
        bool more = next_piece(stream);
        z->next_in = (const Bytef *)stream->piece;
        z->avail_in = (uInt)stream->left;
        int result = deflate(z, more ? Z_NO_FLUSH : Z_FINISH);
        stream->piece += stream->left - z->avail_in;
        stream->left = z->avail_in;
        stream->flushed = result == Z_STREAM_END;
    }
    size_t used = max - z->avail_out;
    if (stream->cache && stream->copy.len + used < CACHE_BYTES / 4)
        str_addn(&stream->copy, buf, used);
    else
        stream->cache = NULL;
    return used;
}

static ssize_t stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct stream *stream = arg;
    (void)pos;
    if (stream->budget == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (stream->budget > 0 && max > (size_t)stream->budget)
        max = (size_t)stream->budget;
    size_t used = stream->gzip ? fill_gzip(stream, buf, max) : fill_plain(stream, buf, max);
    if (stream->budget > 0)
        stream->budget -= (int64_t)used;
    return used ? (ssize_t)used : MHD_CONTENT_READER_END_OF_STREAM;
}

static void stream_free(void *arg)
{
    struct stream *stream = arg;
    if (stream->gzip) {
        deflateEnd(&stream->z);
        if (stream->cache && stream->flushed) {
            size_t len = stream->copy.len;
            cache_keep(stream->cache, stream->key, stream->snapshot->rv, str_take(&stream->copy), len);
            stream->key = NULL;
        }
        str_done(&stream->copy);
    }
    snapshot_unref(&stream->snapshot);
    free(stream->key);
    free(stream->head);
    free(stream->tail);
    free(stream);
}

/* The members around the items, in the order that recorded answers have. */
static void frame(struct stream *stream, const struct list_page *page)
{
    const struct snapshot *snapshot = page->snapshot;
    const struct kind *kind = snapshot->kind;
    char version[96];
    kind_api_version(kind, version, sizeof version);
    struct str meta, text;
    str_init(&meta, STR_SMALL);
    str_init(&text, STR_SMALL);
    str_add(&meta, "\"metadata\":{");
    if (page->next_token) {
        str_addf(&meta, "\"continue\":\"%s\",", page->next_token);
        if (!snapshot->filtered)
            str_addf(&meta, "\"remainingItemCount\":%zu,", snapshot->count - page->to);
    }
    str_addf(&meta, "\"resourceVersion\":\"%" PRIu64 "\"}", snapshot->rv);
    if (kind->custom) {
        str_addf(&text, "{\"apiVersion\":\"%s\",\"items\":[", version);
        stream->head = str_take(&text);
        str_addf(&text, "],\"kind\":\"%sList\",%s}\n", kind->name, meta.data);
    } else {
        str_addf(&text, "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",%s,\"items\":[", kind->name, version, meta.data);
        stream->head = str_take(&text);
        str_add(&text, "]}\n");
    }
    stream->tail = str_take(&text);
    str_done(&text);
    str_done(&meta);
}

static uint64_t plain_size(const struct stream *stream, const struct list_page *page)
{
    uint64_t size = strlen(stream->head) + strlen(stream->tail);
    size_t head = page->snapshot->kind->custom ? 0 : strlen(page->snapshot->kind->head) - 1;
    for (size_t i = page->from; i < page->to; i++)
        size += page->snapshot->items[i]->len - head;
    return size + (page->to > page->from ? page->to - page->from - 1 : 0);
}

struct MHD_Response *list_response(const struct list_page *page)
{
    if (page->gzip && page->cut_after < 0) {
        const struct cached *kept = cache_find(page->cache, page->cache_key, page->snapshot->rv);
        if (kept) {
            struct MHD_Response *response =
                MHD_create_response_from_buffer(kept->len, kept->bytes, MHD_RESPMEM_MUST_COPY);
            MHD_add_response_header(response, "Content-Encoding", "gzip");
            return response;
        }
    }
    struct stream *stream = xcalloc(1, sizeof *stream);
    stream->snapshot = snapshot_ref(page->snapshot);
    stream->at = page->from;
    stream->to = page->to;
    stream->budget = page->cut_after;
    frame(stream, page);
    /* The first item of a built-in list needs its brace, that of a custom one nothing. */
    stream->comma = !page->snapshot->kind->custom;
    uint64_t size = MHD_SIZE_UNKNOWN;
    if (page->gzip && deflateInit2(&stream->z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
        stream->gzip = true;
        stream->cache = page->cache;
        stream->key = xstrdup(page->cache_key);
        str_init(&stream->copy, CACHE_BYTES);
    } else {
        size = plain_size(stream, page);
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(size, BLOCK, stream_read, stream, stream_free);
    if (stream->gzip)
        MHD_add_response_header(response, "Content-Encoding", "gzip");
    return response;
}
