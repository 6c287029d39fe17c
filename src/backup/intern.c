#include <config.h>

#include <brdeck/backup/record.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

/* A set of strings with open addressing; the slots are a power of two, at most three quarters full. */
struct intern {
    char **slots;
    size_t mask, count;
};

enum { FIRST_SLOTS = 64 };

struct intern *intern_new(void)
{
    struct intern *pool = xmalloc(sizeof *pool);
    pool->slots = xcalloc(FIRST_SLOTS, sizeof *pool->slots);
    pool->mask = FIRST_SLOTS - 1;
    pool->count = 0;
    return pool;
}

void intern_free(struct intern **pool)
{
    if (!*pool)
        return;
    for (size_t i = 0; i <= (*pool)->mask; i++)
        free((*pool)->slots[i]);
    free((*pool)->slots);
    free(*pool);
    *pool = NULL;
}

static uint64_t hash(const char *text) /* FNV-1a */
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h ^ h >> 32;
}

/* The slot that holds @text, or the free one where it belongs. */
static char **slot_of(const struct intern *pool, const char *text)
{
    size_t i = (size_t)hash(text) & pool->mask;
    while (pool->slots[i] && strcmp(pool->slots[i], text) != 0)
        i = (i + 1) & pool->mask;
    return &pool->slots[i];
}

static void grow(struct intern *pool)
{
    char **old = pool->slots;
    size_t old_mask = pool->mask;
    pool->mask = old_mask * 2 + 1;
    pool->slots = xcalloc(pool->mask + 1, sizeof *pool->slots);
    for (size_t i = 0; i <= old_mask; i++)
        if (old[i])
            *slot_of(pool, old[i]) = old[i];
    free(old);
}

const char *intern(struct intern *pool, const char *text)
{
    if (!text)
        return NULL;
    char **slot = slot_of(pool, text);
    if (!*slot) {
        if ((pool->count + 1) * 4 > (pool->mask + 1) * 3) {
            grow(pool);
            slot = slot_of(pool, text);
        }
        *slot = xstrdup(text);
        pool->count++;
    }
    return *slot;
}
