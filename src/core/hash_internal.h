/* hash_internal.h - what hash.c and hash_iterate.c share. */
#ifndef TR_CORE_HASH_INTERNAL_H
#define TR_CORE_HASH_INTERNAL_H

#include "core/core.h"
#include "core/hash_table.h"

/* [key, value] */
MAY_GC Value tr_hash_pair(Fiber *f, Value key, Value value);
/* Yields a pair as `each` does: [key, value], or both when the block takes two. */
MAY_SWITCH MAY_RAISE Value tr_hash_yield_pair(Fiber *f, Block block, bool spread, Value key, Value value);
bool tr_hash_block_spreads(Block block);
MAY_SWITCH MAY_RAISE Value tr_hash_enum_size(Fiber *f, Value self, const Args *args);

extern const MethodDef tr_hash_iterate_methods[];

#endif
