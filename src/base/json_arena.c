#include <config.h>

#include "json_private.h"

#include <stdint.h>
#include <stdlib.h>

#include <brdeck/base/alloc.h>

/* The room of one tree: pieces are cut off one after the other and given back all at once. */
struct json_block {
    struct json_block *next;
    max_align_t bytes[];
};

enum { PIECE = sizeof(void *) /* what a node is aligned to */, BLOCK_SIZE = 64 * 1024 };

static size_t round_up(size_t size) { return (size + PIECE - 1) / PIECE * PIECE; }

void json_arena_init(struct json_arena *arena)
{
    arena->at = arena->first;
    arena->end = arena->first + sizeof arena->first;
    arena->blocks = NULL;
}

void json_arena_done(struct json_arena *arena)
{
    while (arena->blocks) {
        struct json_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    json_arena_init(arena);
}

static void add_block(struct json_arena *arena, size_t least)
{
    size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct json_block *block = xmalloc(sizeof *block + size);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = (char *)block->bytes;
    arena->end = arena->at + size;
}

void *json_arena_take(struct json_arena *arena, size_t size)
{
    size_t room = round_up(size);
    if (room > (size_t)(arena->end - arena->at))
        add_block(arena, room);
    char *piece = arena->at;
    arena->at += room;
    return piece;
}

void json_arena_trim(struct json_arena *arena, void *piece, size_t size)
{
    arena->at = (char *)piece + round_up(size);
}
