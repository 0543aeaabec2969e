/* arena.h - memory that is let go all at once, with what hangs on a syntax tree in it. */
#ifndef TR_SYNTAX_ARENA_H
#define TR_SYNTAX_ARENA_H

#include <stddef.h>

typedef struct AstArena AstArena;

AstArena *tr_arena_new(void);
void tr_arena_free(AstArena *arena);

/* Zeroed, aligned for any type. NULL: out of memory. */
void *tr_arena_get(AstArena *arena, size_t size);
/* A copy that is followed by a NUL. */
char *tr_arena_copy(AstArena *arena, const void *bytes, size_t size);

#endif
