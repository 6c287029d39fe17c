#include <config.h>

#include <brdeck/conf/suggest.h>

#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Damerau's distance (insert, drop, change, swap neighbours) of two words no longer than LONGEST. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

const char *suggest_nearest(const char *word, const char *(*nth)(size_t i))
{
    const char *best = NULL;
    size_t best_distance = LONGEST;
    if (strlen(word) > LONGEST)
        return NULL;
    for (size_t i = 0;; i++) {
        const char *name = nth(i);
        if (!name)
            return best;
        size_t len = strlen(name);
        if (len > LONGEST)
            continue;
        size_t differ = distance(word, name);
        if (differ <= (len + 2) / 3 && differ < len && differ < best_distance) {
            best = name;
            best_distance = differ;
        }
    }
}
