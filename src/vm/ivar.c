/* ivar.c - instance variables: plain objects by shape, all other types through a side table.
 *
 * A plain object keeps its variables in `slots`, in the order of its shape. An object of another type with variables
 * (TR_FLAG_IVARS: an Exception, a Struct, a String…) has a hidden plain object, its holder, that keeps them; a process-wide
 * side table, cut into stripes with a lock each, leads from the object to its holder. Holder and object are of the same
 * heap, the collector marks the one with the other. Classes keep theirs in Cells (vm/variable.c).
 *
 * Too many shapes or variables: the object becomes complex, with a table of its own in place of the slots.
 */
#include "vm/ivar.h"
#include "vm/id_table.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- complex objects: entries in order, and an index by name ---- */

typedef struct ComplexIvars {
    uint32_t count, capacity; /* capacity: a power of two */
    uint32_t *index;          /* 2 * capacity slots: 0 or entry number + 1 */
    struct ComplexEntry { Id name; Value value; } entries[];
} ComplexIvars;

static inline ComplexIvars *complex_of(const Object *o) { return (ComplexIvars *)o->slots; }

static ComplexIvars *complex_new(uint32_t capacity) {
    size_t bytes = sizeof(ComplexIvars) + capacity * sizeof(struct ComplexEntry);
    ComplexIvars *c = calloc(1, bytes + 2 * (size_t)capacity * sizeof(uint32_t));
    TR_CHECK(c != NULL);
    c->capacity = capacity;
    c->index = (uint32_t *)((char *)c + bytes);
    return c;
}

static uint32_t complex_slot(const ComplexIvars *c, Id name) {
    uint32_t mask = c->capacity * 2 - 1, i = name * 0x9e3779b1u >> 6 & mask;
    while (c->index[i] && c->entries[c->index[i] - 1].name != name) i = (i + 1) & mask;
    return i;
}

static struct ComplexEntry *complex_find(const ComplexIvars *c, Id name) {
    uint32_t number = c->index[complex_slot(c, name)];
    return number ? (struct ComplexEntry *)&c->entries[number - 1] : NULL;
}

static void complex_append(ComplexIvars *c, Id name, Value value) {
    uint32_t i = complex_slot(c, name);
    c->entries[c->count].name = name;
    c->entries[c->count].value = value;
    c->index[i] = ++c->count;
}

static ComplexIvars *complex_copy(const ComplexIvars *c, uint32_t capacity) {
    ComplexIvars *copy = complex_new(capacity);
    for (uint32_t i = 0; i < c->count; i++) complex_append(copy, c->entries[i].name, c->entries[i].value);
    return copy;
}

static void complex_set(Object *o, Id name, Value value) {
    ComplexIvars *c = complex_of(o);
    struct ComplexEntry *entry = complex_find(c, name);
    if (entry) {
        entry->value = value;
    } else {
        if (c->count == c->capacity) {
            ComplexIvars *bigger = complex_copy(c, c->capacity * 2);
            free(c);
            o->slots = (Value *)(c = bigger);
        }
        complex_append(c, name, value);
    }
    tr_barrier((Value)o, value);
}

static Value complex_remove(Object *o, Id name) {
    ComplexIvars *c = complex_of(o);
    struct ComplexEntry *entry = complex_find(c, name);
    if (!entry) return TR_UNDEF;
    Value old = entry->value;
    ComplexIvars *rest = complex_new(c->capacity);
    for (uint32_t i = 0; i < c->count; i++)
        if (c->entries[i].name != name) complex_append(rest, c->entries[i].name, c->entries[i].value);
    free(c);
    o->slots = (Value *)rest;
    return old;
}

/* ---- plain objects ---- */

MAY_GC Value tr_object_alloc(Fiber *f, Class *klass) {
    uint32_t room = klass ? __atomic_load_n(&klass->ivar_hint, __ATOMIC_RELAXED) : 0;
    room = (room + 1) & ~1u;
    if (room < 2) room = 2;
    Object *o = tr_heap_alloc(f, sizeof(Object) + room * sizeof(Value), TYPE_OBJECT | OBJECT_EMBEDDED, klass);
    o->h.aux = TR_SHAPE_ROOT;
    o->slots = o->embedded;
    o->capacity = o->embedded_capacity = room;
    return (Value)o;
}

static inline bool is_embedded(const Object *o) { return (o->h.flags & OBJECT_EMBEDDED) != 0; }

static inline void set_outside(Object *o, void *slots, uint32_t capacity) {
    o->h.flags &= ~OBJECT_EMBEDDED;
    o->slots = slots;
    o->capacity = capacity;
}

static void release_slots(Heap *heap, Object *o) {
    if (o->h.aux == TR_SHAPE_COMPLEX) free(o->slots);
    else if (!is_embedded(o)) tr_buffer_free(heap, o->slots, o->capacity * sizeof(Value));
}

static void make_complex(Fiber *f, Object *o) {
    uint32_t count = tr_shape_count(o->h.aux), capacity = 16;
    while (capacity < count + 1) capacity *= 2;
    ComplexIvars *c = complex_new(capacity);
    for (uint32_t i = 0; i < count; i++) complex_append(c, tr_shape_name(o->h.aux, i), o->slots[i]);
    release_slots(f->heap, o);
    o->h.aux = TR_SHAPE_COMPLEX;
    set_outside(o, c, 0);
}

#define HINT_MAX ((uint32_t)((TR_SLOT_MAX_BYTES - sizeof(Object)) / sizeof(Value)))

static MAY_GC bool ensure_capacity(Fiber *f, Object *o, uint32_t need) {
    if (need <= o->capacity) return true;
    uint32_t capacity = o->capacity * 2 > need ? o->capacity * 2 : need;
    if (is_embedded(o)) {
        Value *buffer = tr_buffer_alloc(f, capacity * sizeof(Value));
        if (!buffer) return false;
        memcpy(buffer, o->slots, o->capacity * sizeof(Value));
        set_outside(o, buffer, capacity);
    } else {
        Value *buffer = tr_buffer_realloc(f, o->slots, o->capacity * sizeof(Value), capacity * sizeof(Value));
        if (!buffer) return false;
        set_outside(o, buffer, capacity);
    }
    return true;
}

static void note_count(Class *klass, uint32_t count) {
    if (!klass) return;
    if (klass->flags & CLASS_SINGLETON) klass = tr_real_class(klass);
    if (count > HINT_MAX) count = HINT_MAX;
    /* any Ractor; a lost update costs an object a buffer, no more */
    if (__atomic_load_n(&klass->ivar_hint, __ATOMIC_RELAXED) < count)
        __atomic_store_n(&klass->ivar_hint, count, __ATOMIC_RELAXED);
}

static Value object_find(const Object *o, Id name) {
    if (o->h.aux == TR_SHAPE_COMPLEX) {
        struct ComplexEntry *entry = complex_find(complex_of(o), name);
        return entry ? entry->value : TR_UNDEF;
    }
    uint32_t slot = tr_shape_find(o->h.aux, name);
    return slot == TR_SHAPE_NO_SLOT ? TR_UNDEF : o->slots[slot];
}

/* Stores; the frozen check is done. `cache` may be NULL. */
static MAY_GC MAY_RAISE Value object_set(Fiber *f, Object *o, Id name, Value value, IvarCache *cache) {
    if (o->h.aux != TR_SHAPE_COMPLEX) {
        uint32_t before = o->h.aux, after = before, slot = tr_shape_find(before, name);
        if (slot == TR_SHAPE_NO_SLOT) {
            after = tr_shape_add(before, name);
            slot = tr_shape_count(before);
        }
        if (after != TR_SHAPE_COMPLEX) {
            if (!ensure_capacity(f, o, slot + 1)) return tr_raise_no_memory(f);
            o->h.aux = after;
            tr_write((Value)o, &o->slots[slot], value);
            if (before != after) note_count(o->h.klass, slot + 1);
            if (cache)
                atomic_store_explicit(&cache->word, (uint64_t)before << 40 | (uint64_t)after << 16 | (slot + 1),
                                      memory_order_relaxed);
            return value;
        }
        make_complex(f, o);
    }
    complex_set(o, name, value);
    return value;
}

static Value object_remove(Object *o, Id name) {
    if (o->h.aux == TR_SHAPE_COMPLEX) return complex_remove(o, name);
    uint32_t shape = o->h.aux, slot = tr_shape_find(shape, name), count = tr_shape_count(shape);
    if (slot == TR_SHAPE_NO_SLOT) return TR_UNDEF;
    Value old = o->slots[slot];
    uint32_t rest = TR_SHAPE_ROOT;
    for (uint32_t i = 0; i < count; i++)
        if (i != slot) rest = tr_shape_add(rest, tr_shape_name(shape, i));
    if (rest == TR_SHAPE_COMPLEX && count > 1) { /* no shape left for what remains */
        ComplexIvars *c = complex_new(TR_SHAPE_MAX_SLOTS);
        for (uint32_t i = 0; i < count; i++)
            if (i != slot) complex_append(c, tr_shape_name(shape, i), o->slots[i]);
        release_slots(tr_heap_of((Value)o), o);
        set_outside(o, c, 0);
    } else {
        memmove(o->slots + slot, o->slots + slot + 1, (count - slot - 1) * sizeof(Value));
    }
    o->h.aux = rest;
    return old;
}

static void object_trace(Tracer *tracer, Value v) {
    const Object *o = (const Object *)v;
    if (o->h.aux == TR_SHAPE_COMPLEX) {
        const ComplexIvars *c = complex_of(o);
        for (uint32_t i = 0; i < c->count; i++) tr_trace(tracer, c->entries[i].value);
    } else if (o->h.aux) {
        tr_trace_range(tracer, o->slots, tr_shape_count(o->h.aux));
    }
}

static void object_free(Heap *heap, Value v) { release_slots(heap, (Object *)v); }

static size_t object_size(Value v) {
    const Object *o = (const Object *)v;
    if (o->h.aux == TR_SHAPE_COMPLEX)
        return sizeof(ComplexIvars) + complex_of(o)->capacity * (sizeof(struct ComplexEntry) + 8);
    return is_embedded(o) ? 0 : o->capacity * sizeof(Value);
}

/* ---- the side table: object -> holder ---- */

#define STRIPES 256u

typedef struct Stripe {
    pthread_mutex_t lock;
    uint32_t count, mask; /* count includes graves */
    struct { Value object; Object *holder; } *entries; /* object 0: free, 1: grave */
} Stripe;
#define GRAVE ((Value)1)

static Stripe stripes[STRIPES]; /* each under its own lock */

static inline uint64_t hash_address(Value object) { return (object >> 4) * 0x9e3779b97f4a7c15u; }

static Stripe *stripe_of(Value object) { return &stripes[hash_address(object) >> 56]; }

static uint32_t side_slot(const Stripe *s, Value object) {
    uint32_t i = (uint32_t)(hash_address(object) >> 20) & s->mask;
    while (s->entries[i].object && s->entries[i].object != object) i = (i + 1) & s->mask;
    return i;
}

static Object *side_get(Value object) {
    if (!tr_has_flag(object, TR_FLAG_IVARS)) return NULL;
    Stripe *s = stripe_of(object);
    pthread_mutex_lock(&s->lock);
    Object *holder = s->entries ? s->entries[side_slot(s, object)].holder : NULL;
    pthread_mutex_unlock(&s->lock);
    return holder;
}

static void side_grow_locked(Stripe *s) {
    uint32_t live = 0, old_slots = s->entries ? s->mask + 1 : 0, slots = 8;
    for (uint32_t i = 0; i < old_slots; i++) live += s->entries[i].object > GRAVE;
    while (slots < (live + 1) * 2) slots *= 2;
    Stripe bigger = {.mask = slots - 1, .count = live, .entries = calloc(slots, sizeof *s->entries)};
    TR_CHECK(bigger.entries != NULL);
    for (uint32_t i = 0; i < old_slots; i++)
        if (s->entries[i].object > GRAVE)
            bigger.entries[side_slot(&bigger, s->entries[i].object)] = s->entries[i];
    free(s->entries);
    s->entries = bigger.entries, s->mask = bigger.mask, s->count = bigger.count;
}

static void side_put(Value object, Object *holder) {
    Stripe *s = stripe_of(object);
    pthread_mutex_lock(&s->lock);
    if (!s->entries || s->count * 4 >= (s->mask + 1) * 3) side_grow_locked(s);
    uint32_t i = side_slot(s, object);
    if (!s->entries[i].object) s->count++;
    s->entries[i].object = object;
    s->entries[i].holder = holder;
    pthread_mutex_unlock(&s->lock);
    tr_header(object)->flags |= TR_FLAG_IVARS;
    tr_barrier(object, (Value)holder);
}

static void side_trace(Tracer *tracer, Value object) {
    Object *holder = side_get(object);
    if (holder) tr_trace(tracer, (Value)holder);
}

static void side_free(Heap *heap, Value object) {
    (void)heap;
    Stripe *s = stripe_of(object);
    pthread_mutex_lock(&s->lock);
    if (s->entries) {
        uint32_t i = side_slot(s, object);
        if (s->entries[i].object) {
            s->entries[i].object = GRAVE;
            s->entries[i].holder = NULL;
        }
    }
    pthread_mutex_unlock(&s->lock);
    tr_header(object)->flags &= ~TR_FLAG_IVARS;
}

void tr_ivar_share(Value object) {
    Object *holder = side_get(object);
    if (holder) holder->h.flags |= TR_FLAG_SHAREABLE | TR_FLAG_FROZEN;
}

/* The plain object that holds the variables of `object`, NULL when there is none yet. */
static inline Object *holder_of(Value object) {
    if (!tr_is_object(object)) return NULL;
    return tr_object_type(object) == TYPE_OBJECT ? (Object *)object : side_get(object);
}

static inline bool is_class(Value object) { return tr_is_module(object) || tr_is_type(object, TYPE_ICLASS); }

/* ---- for everyone ---- */

MAY_GC Value tr_ivar_find(Fiber *f, Value object, Id name) {
    if (is_class(object)) return tr_class_ivar_get(f, (Class *)object, name);
    const Object *o = holder_of(object);
    return o ? object_find(o, name) : TR_UNDEF;
}

MAY_GC Value tr_ivar_get(Fiber *f, Value object, Id name) {
    Value value = tr_ivar_find(f, object, name);
    return value == TR_UNDEF ? TR_NIL : value;
}

MAY_GC MAY_RAISE Value tr_ivar_get_slow(Fiber *f, Value object, Id name, IvarCache *cache) {
    if (tr_is_type(object, TYPE_OBJECT) && tr_header(object)->aux != TR_SHAPE_COMPLEX) {
        uint32_t shape = tr_header(object)->aux, slot = tr_shape_find(shape, name);
        atomic_store_explicit(&cache->word, (uint64_t)shape << 40 | (slot == TR_SHAPE_NO_SLOT ? 0 : slot + 1),
                              memory_order_relaxed);
        return slot == TR_SHAPE_NO_SLOT ? TR_NIL : ((Object *)object)->slots[slot];
    }
    return tr_ivar_get(f, object, name);
}

static MAY_SWITCH MAY_RAISE Value ivar_set(Fiber *f, Value object, Id name, Value value, IvarCache *cache) {
    if (!tr_is_object(object) || tr_has_flag(object, TR_FLAG_FROZEN)) return tr_raise_frozen(f, object);
    if (tr_object_type(object) == TYPE_OBJECT) return object_set(f, (Object *)object, name, value, cache);
    if (is_class(object)) return tr_class_ivar_set(f, (Class *)object, name, value);
    Object *holder = side_get(object);
    if (!holder) {
        holder = (Object *)tr_object_alloc(f, NULL);
        side_put(object, holder);
    }
    return object_set(f, holder, name, value, NULL);
}

MAY_SWITCH MAY_RAISE Value tr_ivar_set_slow(Fiber *f, Value object, Id name, Value value, IvarCache *cache) {
    return ivar_set(f, object, name, value, cache);
}

MAY_SWITCH MAY_RAISE Value tr_ivar_set(Fiber *f, Value object, Id name, Value value) {
    return ivar_set(f, object, name, value, NULL);
}

bool tr_ivar_is_defined(Fiber *f, Value object, Id name) {
    (void)f;
    if (is_class(object)) {
        const Cell *cell = tr_id_table_get(&((Class *)object)->ivars, name);
        return cell && cell->value != TR_UNDEF;
    }
    const Object *o = holder_of(object);
    return o && object_find(o, name) != TR_UNDEF;
}

MAY_SWITCH MAY_RAISE Value tr_ivar_remove(Fiber *f, Value object, Id name) {
    if (!tr_is_object(object) || tr_has_flag(object, TR_FLAG_FROZEN)) return tr_raise_frozen(f, object);
    if (is_class(object)) {
        Class *klass = (Class *)object;
        Value old = tr_class_ivar_get(f, klass, name);
        if (old == TR_UNDEF || old == TR_RAISED) return old;
        if (tr_class_ivar_set(f, klass, name, TR_NIL) == TR_RAISED) return TR_RAISED;
        tr_structure_lock();
        Cell *cell = tr_id_table_set_locked(&klass->ivars, name, NULL);
        tr_structure_unlock();
        tr_retire(cell);
        return old;
    }
    Object *o = holder_of(object);
    return o ? object_remove(o, name) : TR_UNDEF;
}

void tr_ivar_each(Fiber *f, Value object, void (*fn)(Id name, Value value, void *data), void *data) {
    if (is_class(object)) {
        Id name;
        void *cell;
        for (uint32_t i = 0; tr_id_table_next(&((Class *)object)->ivars, &i, &name, &cell);) {
            bool foreign = false;
            Value value = tr_cell_get(f, cell, &foreign);
            if (value != TR_UNDEF || foreign) fn(name, value, data);
        }
        return;
    }
    for (uint32_t i = 0;; i++) { /* fn may allocate: everything is read again */
        const Object *o = holder_of(object);
        if (!o) return;
        if (o->h.aux == TR_SHAPE_COMPLEX) {
            if (i >= complex_of(o)->count) return;
            fn(complex_of(o)->entries[i].name, complex_of(o)->entries[i].value, data);
        } else {
            if (i >= tr_shape_count(o->h.aux)) return;
            fn(tr_shape_name(o->h.aux, i), o->slots[i], data);
        }
    }
}

uint32_t tr_ivar_count(Fiber *f, Value object) {
    (void)f;
    if (is_class(object)) return tr_id_table_count(&((Class *)object)->ivars);
    const Object *o = holder_of(object);
    if (!o) return 0;
    return o->h.aux == TR_SHAPE_COMPLEX ? complex_of(o)->count : tr_shape_count(o->h.aux);
}

static MAY_GC bool copy_slots(Fiber *f, Object *to, const Object *from) {
    if (from->h.aux == TR_SHAPE_COMPLEX) {
        release_slots(f->heap, to);
        set_outside(to, complex_copy(complex_of(from), complex_of(from)->capacity), 0);
    } else {
        uint32_t count = tr_shape_count(from->h.aux);
        if (!ensure_capacity(f, to, count)) return false;
        memcpy(to->slots, from->slots, count * sizeof(Value));
    }
    to->h.aux = from->h.aux;
    tr_write_many((Value)to);
    return true;
}

MAY_SWITCH MAY_RAISE Value tr_ivar_copy(Fiber *f, Value to, Value from) {
    if (is_class(from)) {
        Id name;
        void *cell;
        for (uint32_t i = 0; tr_id_table_next(&((Class *)from)->ivars, &i, &name, &cell);) {
            Value value = tr_class_ivar_get(f, (Class *)from, name);
            if (value == TR_RAISED || (value != TR_UNDEF && tr_ivar_set(f, to, name, value) == TR_RAISED))
                return TR_RAISED;
        }
        return to;
    }
    const Object *source = holder_of(from);
    if (!source || source->h.aux == TR_SHAPE_ROOT) return to;
    if (tr_object_type(to) == TYPE_OBJECT) return copy_slots(f, (Object *)to, source) ? to : tr_raise_no_memory(f);
    Object *holder = (Object *)tr_object_alloc(f, NULL);
    if (!copy_slots(f, holder, source)) return tr_raise_no_memory(f);
    side_put(to, holder);
    return to;
}

void tr_ivar_boot(void) {
    static const HeapType object_type = {"Object", object_trace, object_free, object_size};
    tr_heap_register_type(TYPE_OBJECT, &object_type);
    tr_heap_set_free_unless(TYPE_OBJECT, OBJECT_EMBEDDED);
    for (uint32_t i = 0; i < STRIPES; i++) pthread_mutex_init(&stripes[i].lock, NULL);
    tr_heap_set_side_table(side_trace, side_free);
}
