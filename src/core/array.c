/* array.c - the representation of Array: embedding, sharing, growth; and what array.h offers to other C code.
 *
 * An array embeds its first few elements; beyond that they lie in a buffer of its own. `items` moves forward
 * in the buffer when elements are shifted off, so that a queue costs nothing; the room in front is used again
 * by unshift, or when the buffer is full. A copy of a large array shares the buffer: it is handed to a frozen
 * internal array (klass NULL), the root, which both then refer to (ARRAY_SHARED) until one of them is written
 * to.
 *
 * Invariants: items points into embedded, into buffer, or into the items of as.shared; elements from count to
 * capacity are undefined; a root is frozen, never itself shared, never seen by Ruby. A frozen array that owns
 * its buffer is its own root. An array that other Ractors may see is never changed here, not even in its
 * representation.
 */
#include <stdarg.h>

#include "core/array_internal.h"

#define EMBED_MIN  3  /* room in a new array of unknown size */
#define EMBED_MAX  16 /* elements at birth beyond which a buffer is used */
#define SHARE_MIN  24 /* copies of fewer elements are plain copies */
#define BUFFER_MIN 8

static inline bool is_embedded(Value array) { return tr_has_flag(array, ARRAY_EMBEDDED); }
static inline bool is_shared(Value array) { return tr_has_flag(array, ARRAY_SHARED); }

static inline size_t buffer_capacity(const Array *a) {
    return (size_t)(a->items - a->buffer) + a->as.capacity;
}

/* --- the collector's view --- */

static void trace_array(Tracer *tracer, Value object) {
    Array *a = tr_array(object);
    if (is_shared(object)) tr_trace(tracer, a->as.shared);
    tr_trace_range(tracer, a->items, a->count);
}

static void free_array(Heap *heap, Value object) {
    Array *a = tr_array(object);
    if (a->buffer) tr_buffer_free(heap, a->buffer, buffer_capacity(a) * sizeof(Value));
}

static size_t size_of_array(Value object) {
    Array *a = tr_array(object);
    return a->buffer ? buffer_capacity(a) * sizeof(Value) : 0;
}

/* --- making --- */

static MAY_GC Array *alloc_embedding(Fiber *f, Class *klass, size_t room) {
    Array *a = tr_heap_alloc(f, sizeof(Array) + room * sizeof(Value), TYPE_ARRAY | ARRAY_EMBEDDED, klass);
    a->items = a->embedded;
    a->as.capacity = room;
    return a;
}

Value tr_array_alloc(Fiber *f, Class *klass) { return (Value)alloc_embedding(f, klass, EMBED_MIN); }

Value tr_array_new(Fiber *f, size_t capacity) {
    if (capacity <= EMBED_MAX)
        return (Value)alloc_embedding(f, tr_class.array, capacity < EMBED_MIN ? EMBED_MIN : capacity);
    Array *a = alloc_embedding(f, tr_class.array, 0);
    Value *buffer = capacity <= ARRAY_COUNT_MAX ? tr_buffer_alloc(f, capacity * sizeof(Value)) : NULL;
    if (!buffer) return (Value)a; /* it grows, or raises, when it is filled */
    a->h.flags &= ~ARRAY_EMBEDDED;
    a->buffer = a->items = buffer;
    a->as.capacity = capacity;
    return (Value)a;
}

Value tr_array_new_from(Fiber *f, size_t count, const Value *items) {
    Value array = tr_array_new(f, count);
    Array *a = tr_array(array);
    if (TR_UNLIKELY(a->as.capacity < count)) tr_fatal(__FILE__, __LINE__, "out of memory for an Array");
    memcpy(a->items, items, count * sizeof(Value));
    a->count = count;
    tr_write_many(array);
    return array;
}

Value tr_array_new_values(Fiber *f, int count, ...) {
    Value array = tr_array_new(f, (size_t)count);
    va_list list;
    va_start(list, count);
    for (int i = 0; i < count; i++)
        if (tr_is_raised(tr_array_push(f, array, va_arg(list, Value))))
            tr_fatal(__FILE__, __LINE__, "out of memory");
    va_end(list);
    return array;
}

/* --- sharing --- */

/* The frozen array whose buffer can be shared; makes one of `array` if need be. */
static MAY_GC Value share_root(Fiber *f, Value array) {
    Array *a = tr_array(array);
    if (is_shared(array)) return a->as.shared;
    if (tr_has_flag(array, TR_FLAG_FROZEN)) return array;
    Array *root = alloc_embedding(f, NULL, 0);
    root->h.flags = (root->h.flags & ~ARRAY_EMBEDDED) | TR_FLAG_FROZEN;
    root->buffer = a->buffer;
    root->items = a->items;
    root->count = a->count;
    root->as.capacity = a->as.capacity;
    tr_write_many((Value)root);
    a->buffer = NULL;
    a->h.flags |= ARRAY_SHARED;
    tr_write(array, &a->as.shared, (Value)root);
    return (Value)root;
}

Value tr_array_sub(Fiber *f, Value array, size_t start, size_t count) {
    if (count < SHARE_MIN || is_embedded(array)) {
        Value copy = tr_array_new(f, count);
        Array *c = tr_array(copy);
        if (TR_UNLIKELY(c->as.capacity < count)) tr_fatal(__FILE__, __LINE__, "out of memory for an Array");
        memcpy(c->items, tr_array(array)->items + start, count * sizeof(Value));
        c->count = count;
        tr_write_many(copy);
        TR_KEEP(array);
        return copy;
    }
    Array *copy = alloc_embedding(f, tr_class.array, EMBED_MIN);
    Value root = share_root(f, array);
    copy->items = tr_array(array)->items + start;
    copy->count = count;
    copy->h.flags = (copy->h.flags & ~ARRAY_EMBEDDED) | ARRAY_SHARED;
    tr_write((Value)copy, &copy->as.shared, root);
    tr_write_many((Value)copy);
    return (Value)copy;
}

Value tr_array_dup(Fiber *f, Value array) { return tr_array_sub(f, array, 0, tr_array_count(array)); }

Value tr_array_replace(Fiber *f, Value array, Value from) {
    if (array == from) return array;
    size_t count = tr_array_count(from);
    if (count < SHARE_MIN || is_embedded(from)) {
        if (!tr_array_prepare(f, array, count)) return TR_RAISED;
        memcpy(tr_array(array)->items, tr_array(from)->items, count * sizeof(Value));
        tr_array(array)->count = count;
        tr_write_many(array);
        return array;
    }
    Value root = share_root(f, from);
    Array *a = tr_array(array);
    if (a->buffer) tr_buffer_free(f->heap, a->buffer, buffer_capacity(a) * sizeof(Value));
    a->buffer = NULL;
    a->items = tr_array(from)->items;
    a->count = count;
    a->h.flags = (a->h.flags & ~ARRAY_EMBEDDED) | ARRAY_SHARED;
    tr_write(array, &a->as.shared, root);
    tr_write_many(array);
    return array;
}

/* --- room --- */

static MAY_GC MAY_RAISE bool raise_too_big(Fiber *f) {
    return !tr_is_raised(tr_raise(f, tr_class.argument_error, "array size too big"));
}

/* New storage of its own with the present contents. */
static MAY_GC MAY_RAISE bool move_to_buffer(Fiber *f, Value array, size_t capacity) {
    Value *buffer = tr_buffer_alloc(f, capacity * sizeof(Value));
    if (!buffer) return !tr_is_raised(tr_raise_no_memory(f));
    Array *a = tr_array(array);
    memcpy(buffer, a->items, a->count * sizeof(Value));
    Value *old = a->buffer;
    size_t old_bytes = old ? buffer_capacity(a) * sizeof(Value) : 0;
    a->h.flags &= ~(ARRAY_EMBEDDED | ARRAY_SHARED);
    a->buffer = a->items = buffer;
    a->as.capacity = capacity;
    if (old) tr_buffer_free(f->heap, old, old_bytes);
    return true;
}

static size_t grown(size_t capacity, size_t wanted) {
    size_t next = capacity < 1024 ? capacity * 2 : capacity + capacity / 2;
    if (next < BUFFER_MIN) next = BUFFER_MIN;
    return next < wanted ? wanted : next;
}

/* Room for `wanted` elements, amortised. The items are its own already. */
static MAY_GC MAY_RAISE bool grow(Fiber *f, Value array, size_t wanted) {
    if (wanted > ARRAY_COUNT_MAX) return raise_too_big(f);
    Array *a = tr_array(array);
    if (a->buffer) {
        size_t gap = (size_t)(a->items - a->buffer), total = buffer_capacity(a);
        if (gap >= total / 2 && wanted <= total) {
            memmove(a->buffer, a->items, a->count * sizeof(Value));
            a->items = a->buffer;
            a->as.capacity = total;
            return true;
        }
        if (gap == 0) {
            size_t capacity = grown(a->as.capacity, wanted);
            Value *buffer =
                tr_buffer_realloc(f, a->buffer, a->as.capacity * sizeof(Value), capacity * sizeof(Value));
            if (!buffer) return !tr_is_raised(tr_raise_no_memory(f));
            a->buffer = a->items = buffer;
            a->as.capacity = capacity;
            return true;
        }
    }
    return move_to_buffer(f, array, grown(a->count, wanted));
}

bool tr_array_prepare(Fiber *f, Value array, size_t capacity) {
    Array *a = tr_array(array);
    if (is_shared(array)) {
        if (capacity > ARRAY_COUNT_MAX) return raise_too_big(f);
        size_t room = a->count < capacity ? capacity : a->count;
        return move_to_buffer(f, array, room < BUFFER_MIN ? BUFFER_MIN : room);
    }
    return capacity <= a->as.capacity || grow(f, array, capacity);
}

bool tr_array_reserve(Fiber *f, Value array, size_t count) { return tr_array_prepare(f, array, count); }

bool tr_array_modify_slow(Fiber *f, Value array) {
    return tr_check_frozen(f, array) && tr_array_prepare(f, array, tr_array_count(array));
}

/* --- elements --- */

Value tr_array_push(Fiber *f, Value array, Value item) {
    Array *a = tr_array(array);
    if (TR_UNLIKELY(is_shared(array) || a->count >= a->as.capacity))
        if (!tr_array_prepare(f, array, a->count + 1)) return TR_RAISED;
    tr_write(array, &a->items[a->count], item);
    a->count++;
    return array;
}

Value tr_array_append(Fiber *f, Value array, const Value *items, size_t count) {
    Array *a = tr_array(array);
    if (!tr_array_prepare(f, array, a->count + count)) return TR_RAISED;
    memcpy(a->items + a->count, items, count * sizeof(Value));
    a->count += count;
    tr_write_many(array);
    return array;
}

Value tr_array_concat(Fiber *f, Value array, Value other) {
    size_t count = tr_array_count(other);
    Array *a = tr_array(array);
    if (!tr_array_prepare(f, array, a->count + count)) return TR_RAISED;
    memcpy(a->items + a->count, tr_array(other)->items, count * sizeof(Value)); /* other may be array */
    a->count += count;
    tr_write_many(array);
    TR_KEEP(other);
    return array;
}

Value tr_array_store(Fiber *f, Value array, int64_t index, Value item) {
    Array *a = tr_array(array);
    if (index < 0) {
        index += (int64_t)a->count;
        if (index < 0)
            return tr_raise(f, tr_class.index_error, "index %lld too small for array; minimum: -%zu",
                            (long long)(index - (int64_t)a->count), a->count);
    }
    if ((uint64_t)index >= ARRAY_COUNT_MAX)
        return tr_raise(f, tr_class.index_error, "index %lld too big", (long long)index);
    size_t at = (size_t)index;
    if (TR_UNLIKELY(is_shared(array) || at >= a->as.capacity))
        if (!tr_array_prepare(f, array, at < a->count ? a->count : at + 1)) return TR_RAISED;
    if (at >= a->count) {
        for (size_t i = a->count; i < at; i++) a->items[i] = TR_NIL;
        a->items[at] = TR_NIL;
        a->count = at + 1;
    }
    tr_write(array, &a->items[at], item);
    return item;
}

Value tr_array_pop(Value array) {
    Array *a = tr_array(array);
    return a->count == 0 ? TR_NIL : a->items[--a->count];
}

Value tr_array_shift(Fiber *f, Value array) {
    (void)f;
    Array *a = tr_array(array);
    if (a->count == 0) return TR_NIL;
    Value first = a->items[0];
    a->count--;
    if (is_embedded(array)) {
        memmove(a->items, a->items + 1, a->count * sizeof(Value));
        return first;
    }
    a->items++;
    if (!is_shared(array)) a->as.capacity--;
    return first;
}

Value tr_array_delete_at(Value array, size_t position) {
    Array *a = tr_array(array);
    Value removed = a->items[position];
    memmove(a->items + position, a->items + position + 1, (a->count - position - 1) * sizeof(Value));
    a->count--;
    return removed;
}

/* Makes `count` undefined elements in front; they must be filled at once. */
static MAY_GC MAY_RAISE bool open_front(Fiber *f, Value array, size_t count) {
    Array *a = tr_array(array);
    if (!is_shared(array) && a->buffer && (size_t)(a->items - a->buffer) >= count) {
        a->items -= count;
        a->as.capacity += count;
        a->count += count;
        return true;
    }
    if (!is_shared(array) && a->count + count <= a->as.capacity && a->count <= 64) {
        memmove(a->items + count, a->items, a->count * sizeof(Value));
        a->count += count;
        return true;
    }
    if (count > ARRAY_COUNT_MAX - a->count) return raise_too_big(f);
    size_t gap = a->count / 2 + BUFFER_MIN, total = gap + count + a->count + a->count / 4;
    Value *buffer = tr_buffer_alloc(f, total * sizeof(Value));
    if (!buffer) return !tr_is_raised(tr_raise_no_memory(f));
    memcpy(buffer + gap + count, a->items, a->count * sizeof(Value));
    if (a->buffer) tr_buffer_free(f->heap, a->buffer, buffer_capacity(a) * sizeof(Value));
    a->h.flags &= ~(ARRAY_EMBEDDED | ARRAY_SHARED);
    a->buffer = buffer;
    a->items = buffer + gap;
    a->as.capacity = total - gap;
    a->count += count;
    return true;
}

Value tr_array_splice(Fiber *f, Value array, size_t start, size_t removed, const Value *items, size_t count) {
    Array *a = tr_array(array);
    if (start == 0 && count > removed) {
        if (!open_front(f, array, count - removed)) return TR_RAISED;
    } else {
        size_t total = a->count - removed + count;
        if (!tr_array_prepare(f, array, total < a->count ? a->count : total)) return TR_RAISED;
        if (count != removed)
            memmove(a->items + start + count, a->items + start + removed,
                    (a->count - start - removed) * sizeof(Value));
        a->count = total;
    }
    if (count) memcpy(a->items + start, items, count * sizeof(Value));
    tr_write_many(array);
    return array;
}

/* --- conversions --- */

Value tr_array_splat(Fiber *f, Value v) {
    if (tr_is_array(v)) return v;
    if (v == TR_NIL) return tr_array_new(f, 0);
    Value array = tr_call_if_responds(f, v, TR_ID_to_a, 0, NULL);
    if (array == TR_RAISED) return TR_RAISED;
    if (array == TR_UNDEF || array == TR_NIL) return tr_array_new_from(f, 1, &v);
    if (!tr_is_array(array))
        return tr_raise(f, tr_class.type_error, "can't convert %pC to Array (%pC#to_a gives %pC)",
                        tr_real_class_of(v), tr_real_class_of(v), tr_real_class_of(array));
    return array;
}

/* --- the class --- */

static MAY_SWITCH void init_array(Fiber *f) {
    static const HeapType type = {"Array", trace_array, free_array, size_of_array};
    tr_heap_register_type(TYPE_ARRAY, &type);
    tr_heap_set_free_unless(TYPE_ARRAY, ARRAY_EMBEDDED | ARRAY_SHARED);
    if (tr_is_raised(tr_module_include(f, tr_class.array, tr_class.enumerable))) (void)tr_rescue(f, NULL);
    tr_define_methods(f, tr_class.array, tr_array_edit_methods);
    tr_define_methods(f, tr_class.array, tr_array_iterate_methods);
    tr_define_methods(f, tr_class.array, tr_array_sort_methods);
    tr_define_methods(f, tr_class.array, tr_array_combine_methods);
    tr_define_methods(f, tr_class.array, tr_array_set_methods);
}

extern const MethodDef tr_array_singleton_methods[];
const ClassDef tr_array_class_def = {
    &tr_class.array, tr_array_access_methods, tr_array_singleton_methods, tr_array_alloc, false, TYPE_ARRAY,
    init_array,
};
