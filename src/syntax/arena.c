/* arena.c - a list of chunks, each twice as large as the one before, served from the front.
 *
 * Chunks come from calloc, so what is handed out is zero without touching it twice. A request larger than a chunk
 * gets a chunk of its own behind the current one, which stays in use.
 */
#include "syntax/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK ((size_t)16 * 1024)
#define LARGEST_CHUNK ((size_t)1024 * 1024)
#define ALIGNMENT 16

typedef struct Chunk {
    struct Chunk *next;
    size_t size; /* of bytes */
    _Alignas(ALIGNMENT) char bytes[];
} Chunk;

struct AstArena {
    Chunk *chunks; /* the current one first */
    char *free, *end;
    size_t next_size;
};

AstArena *tr_arena_new(void)
{
    AstArena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->next_size = FIRST_CHUNK;
    return arena;
}

void tr_arena_free(AstArena *arena)
{
    if (!arena)
        return;
    for (Chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

static Chunk *chunk_new(size_t size)
{
    Chunk *chunk = calloc(1, sizeof(Chunk) + size);
    if (chunk)
        chunk->size = size;
    return chunk;
}

static void *get_large(AstArena *arena, size_t size)
{
    Chunk *chunk = chunk_new(size);
    if (!chunk)
        return NULL;
    if (arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        arena->chunks = chunk;
        arena->free = arena->end = chunk->bytes + size;
    }
    return chunk->bytes;
}

void *tr_arena_get(AstArena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (size <= (size_t)(arena->end - arena->free)) {
        void *result = arena->free;
        arena->free += size;
        return result;
    }
    if (size > arena->next_size / 4)
        return get_large(arena, size);
    Chunk *chunk = chunk_new(arena->next_size);
    if (!chunk)
        return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->free = chunk->bytes + size;
    arena->end = chunk->bytes + chunk->size;
    if (arena->next_size < LARGEST_CHUNK)
        arena->next_size *= 2;
    return chunk->bytes;
}

char *tr_arena_copy(AstArena *arena, const void *bytes, size_t size)
{
    char *copy = tr_arena_get(arena, size + 1);
    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}
