/* array_internal.h - what the array_*.c files share.
 *
 * A method that changes an array begins with tr_array_modify (frozen check; afterwards the items are its own,
 * not shared), or with tr_array_prepare when it needs room. After any call that MAY_GC or MAY_SWITCH, items
 * and count are read again: the block may have changed the array.
 */
#ifndef TR_CORE_ARRAY_INTERNAL_H
#define TR_CORE_ARRAY_INTERNAL_H

#include "core/core.h"

#define ARRAY_COUNT_MAX ((size_t)INT64_MAX / sizeof(Value) / 2)

/* Frozen check, and the items become writable. false: raised. */
MAY_GC MAY_RAISE bool tr_array_modify_slow(Fiber *f, Value array);
static inline MAY_GC MAY_RAISE bool tr_array_modify(Fiber *f, Value array) {
    if (TR_LIKELY(!tr_has_flag(array, TR_FLAG_FROZEN | ARRAY_SHARED))) return true;
    return tr_array_modify_slow(f, array);
}
/* Makes the items its own, with room for `capacity` of them; no frozen check. false: raised. */
MAY_GC MAY_RAISE bool tr_array_prepare(Fiber *f, Value array, size_t capacity);
/* An empty Array of the class. */
MAY_GC Value tr_array_alloc(Fiber *f, Class *klass);
/* Makes `array` have the contents of `from` (which may be shared); no frozen check. */
MAY_GC MAY_RAISE Value tr_array_replace(Fiber *f, Value array, Value from);
/* Replaces `removed` elements at `start` by items; all within bounds. `items` must not point into a heap
 * buffer that may move, nor into array. */
MAY_GC MAY_RAISE Value tr_array_splice(Fiber *f, Value array, size_t start, size_t removed,
                                       const Value *items, size_t count);
/* A negative index counts from the end; -1 when it is before the start. */
static inline int64_t tr_array_wrap_index(Value array, int64_t index) {
    if (index < 0) index += (int64_t)tr_array_count(array);
    return index < 0 ? -1 : index;
}
Value tr_array_delete_at(Value array, size_t position); /* within bounds, own items; the element */
MAY_SWITCH MAY_RAISE Value tr_array_flatten(Fiber *f, Value array, int64_t depth, bool *changed);
MAY_SWITCH MAY_RAISE int tr_array_equal(Fiber *f, Value a, Value b);
MAY_SWITCH MAY_RAISE Value tr_array_hash(Fiber *f, Value array);
MAY_SWITCH MAY_RAISE Value tr_array_s_extremes_by(Fiber *f, Value self, const Args *args);
/* Size functions of enumerators. */
MAY_SWITCH MAY_RAISE Value tr_array_enum_length(Fiber *f, Value self, const Args *args);

/* The tables of methods, one for each file. */
extern const MethodDef tr_array_access_methods[], tr_array_edit_methods[], tr_array_iterate_methods[],
    tr_array_sort_methods[], tr_array_combine_methods[], tr_array_set_methods[];

#endif
