#include <config.h>

#include <brdeck/backup/place.h>

#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* A piece of text: a component of a path. */
struct piece {
    const char *at;
    size_t len;
};

static bool same_piece(struct piece a, struct piece b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* The next component, empty ones and "." passed over; len 0 at the end. */
static struct piece next_piece(const char **path)
{
    struct piece piece;
    do {
        *path += strspn(*path, "/");
        piece = (struct piece){*path, strcspn(*path, "/")};
        *path += piece.len;
    } while (piece.len == 1 && *piece.at == '.');
    return piece;
}

static bool has_dots(const char *path)
{
    for (struct piece piece = next_piece(&path); piece.len; piece = next_piece(&path))
        if (piece.len == 2 && memcmp(piece.at, "..", 2) == 0)
            return true;
    return false;
}

static const char *scheme_name(struct piece scheme)
{
    static const struct { const char *word, *name; } schemes[] = {
        {"s3", "s3"}, {"gcs", "gcs"}, {"gs", "gcs"}, {"azure", "azure"}, {"azblob", "azure"}, {"local", "local"},
        {"file", "local"},
    };
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strlen(schemes[i].word) == scheme.len && strncasecmp(schemes[i].word, scheme.at, scheme.len) == 0)
            return schemes[i].name;
    return NULL;
}

static bool same_scheme(struct piece a, struct piece b)
{
    const char *x = scheme_name(a), *y = scheme_name(b);
    return x && y ? strcmp(x, y) == 0 : same_piece(a, b);
}

/* Take the scheme off @url; false where there is none. */
static bool take_scheme(const char **url, struct piece *scheme)
{
    const char *end = strstr(*url, "://");
    if (!end)
        return false;
    *scheme = (struct piece){*url, (size_t)(end - *url)};
    *url = end + 3;
    return true;
}

enum place_relation place_relation(const char *a, const char *b)
{
    struct piece x, y;
    if (str_empty(a) || str_empty(b) || !take_scheme(&a, &x) || !take_scheme(&b, &y) || !same_scheme(x, y))
        return PLACE_APART;
    bool local = str_same(scheme_name(x), "local"), dots = has_dots(a) || has_dots(b);
    if (!local) { /* a bucket has no path around it */
        x = next_piece(&a);
        y = next_piece(&b);
        if (!same_piece(x, y))
            return PLACE_APART;
    }
    if (dots)
        return PLACE_PARENT;
    do {
        x = next_piece(&a);
        y = next_piece(&b);
    } while (x.len && y.len && same_piece(x, y));
    if (!x.len && !y.len)
        return PLACE_SAME;
    return !x.len ? PLACE_PARENT : !y.len ? PLACE_CHILD : PLACE_APART;
}

enum place_relation place_of_records(const struct backup_record *a, const struct backup_record *b)
{
    const char *const of_a[] = {a->storage, a->path}, *const of_b[] = {b->storage, b->path};
    enum place_relation closest = PLACE_APART;
    for (size_t i = 0; i < ARRAY_LEN(of_a); i++)
        for (size_t j = 0; j < ARRAY_LEN(of_b); j++) {
            enum place_relation relation = place_relation(of_a[i], of_b[j]);
            if (relation != PLACE_APART && (closest == PLACE_APART || relation < closest))
                closest = relation;
        }
    return closest;
}

const char *place_relation_words(enum place_relation relation)
{
    static const char *const words[] = {"another path", "the same path", "a path inside it", "a path around it"};
    return words[relation];
}
