/* array.h - the representation of Array, and what other C code does with arrays. */
#ifndef TR_CORE_ARRAY_H
#define TR_CORE_ARRAY_H

#include "vm/vm.h"

/* `items` points at the first element: into the object (ARRAY_EMBEDDED), or into `buffer` (past what shift dropped), or into
 * the buffer of the frozen array `as.shared` (ARRAY_SHARED, copy on write). */
typedef struct Array {
    Header h;
    Value *items;
    size_t count;
    union {
        size_t capacity; /* from items on */
        Value shared;
    } as;
    Value *buffer;       /* base of the allocation, NULL when embedded or shared */
    Value embedded[];
} Array;
#define ARRAY_EMBEDDED TR_FLAG_USER(0)
#define ARRAY_SHARED   TR_FLAG_USER(1)

static inline Array *tr_array(Value v) { return (Array *)v; }
static inline size_t tr_array_count(Value v) { return tr_array(v)->count; }
/* Element i; nil past the end. */
static inline Value tr_array_at(Value v, size_t i) { return i < tr_array(v)->count ? tr_array(v)->items[i] : TR_NIL; }

MAY_GC Value tr_array_new(Fiber *f, size_t capacity);
MAY_GC Value tr_array_new_from(Fiber *f, size_t count, const Value *items);
MAY_GC Value tr_array_new_values(Fiber *f, int count, ...);
MAY_GC Value tr_array_dup(Fiber *f, Value array);          /* plain Array, may share */
MAY_GC Value tr_array_sub(Fiber *f, Value array, size_t start, size_t count);
/* Room for `count` elements in all; ArgumentError or NoMemoryError when there is none. false: raised. */
MAY_GC MAY_RAISE bool tr_array_reserve(Fiber *f, Value array, size_t count);
MAY_GC MAY_RAISE Value tr_array_push(Fiber *f, Value array, Value item); /* no frozen check; returns array */
MAY_GC MAY_RAISE Value tr_array_append(Fiber *f, Value array, const Value *items, size_t count);
MAY_GC MAY_RAISE Value tr_array_store(Fiber *f, Value array, int64_t index, Value item); /* extends with nil; no frozen check */
Value tr_array_pop(Value array);                           /* nil when empty */
MAY_GC Value tr_array_shift(Fiber *f, Value array);
MAY_GC MAY_RAISE Value tr_array_concat(Fiber *f, Value array, Value other);
MAY_SWITCH MAY_RAISE Value tr_array_join(Fiber *f, Value array, Value separator);
MAY_SWITCH MAY_RAISE Value tr_array_sort(Fiber *f, Value array, Block block); /* in place */
MAY_SWITCH MAY_RAISE int tr_array_includes(Fiber *f, Value array, Value item);
MAY_SWITCH MAY_RAISE Value tr_array_aref(Fiber *f, Value array, Value index); /* Array#[] with one argument */
MAY_SWITCH MAY_RAISE Value tr_array_aset(Fiber *f, Value array, Value index, Value item);
/* For splat: to_a semantics of `*v`: an Array (the same one if it is an Array), [v] if it has no to_a. */
MAY_SWITCH MAY_RAISE Value tr_array_splat(Fiber *f, Value v);

#endif
