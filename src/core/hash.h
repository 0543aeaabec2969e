/* hash.h - what other C code does with Hash: an insertion-ordered table with seeded hashing. */
#ifndef TR_CORE_HASH_H
#define TR_CORE_HASH_H

#include "vm/vm.h"

typedef struct Hash Hash; /* layout: core/hash_table.h, for core/hash*.c and the collector */

MAY_GC Value tr_hash_new(Fiber *f);
MAY_GC Value tr_hash_new_capacity(Fiber *f, size_t capacity);
MAY_GC Value tr_hash_dup(Fiber *f, Value hash);            /* plain Hash without default */
size_t tr_hash_count(Value hash);
/* The value, TR_UNDEF when absent (no default), TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_hash_get(Fiber *f, Value hash, Value key);
MAY_SWITCH MAY_RAISE Value tr_hash_aref(Fiber *f, Value hash, Value key); /* Hash#[]: default, default proc */
MAY_SWITCH MAY_RAISE Value tr_hash_set(Fiber *f, Value hash, Value key, Value value); /* no frozen check; String keys are dup-frozen */
MAY_SWITCH MAY_RAISE Value tr_hash_delete(Fiber *f, Value hash, Value key); /* the value or TR_UNDEF */
/* Symbol keys: cannot raise or run Ruby. */
Value tr_hash_get_symbol(Value hash, Id key);
MAY_GC MAY_RAISE Value tr_hash_set_symbol(Fiber *f, Value hash, Id key, Value value);
/* Iteration in order; tolerates deletion while it goes on. position starts at 0; false at the end. */
bool tr_hash_next(Value hash, size_t *position, Value *key, Value *value);
MAY_SWITCH MAY_RAISE Value tr_hash_update(Fiber *f, Value hash, Value other); /* other's pairs into hash */
MAY_GC Value tr_hash_keys(Fiber *f, Value hash);
MAY_SWITCH MAY_RAISE Value tr_hash_compare_by_identity(Fiber *f, Value hash);
bool tr_hash_is_ruby2_keywords(Value hash);                /* flagged by a ruby2_keywords method's *args */
void tr_hash_set_ruby2_keywords(Value hash, bool flagged);
uint64_t tr_hash_mix(uint64_t a, uint64_t b);              /* seeded; for #hash of composites */
uint64_t tr_hash_bytes(const void *bytes, size_t size);    /* seeded */

#endif
