/* ivar.h - instance variables: the layout of plain objects, and the few instructions of an inline cache hit.
 *
 * An IvarCache is one word, so that it can be read and written without a lock:
 *
 *     shape the object must have : 24 | shape it has afterwards : 24 | slot + 1 : 16      (0: nothing cached)
 *
 * A getter's second shape is not used; slot + 1 = 0 says that objects of this shape do not have the variable (the empty
 * word says so of the root shape, truly). A setter that adds the variable has two different shapes.
 */
#ifndef TR_VM_IVAR_H
#define TR_VM_IVAR_H

#include "value/shape.h"
#include "vm/vm.h"

/* TYPE_OBJECT; h.aux is the shape. `slots` points at `embedded` until it is outgrown, then at a buffer. With
 * TR_SHAPE_COMPLEX it points at a ComplexIvars (vm/ivar.c). */
typedef struct Object {
    Header h;
    Value *slots;
    uint32_t capacity;          /* of slots */
    uint32_t embedded_capacity;
    Value embedded[];
} Object;
#define OBJECT_EMBEDDED TR_FLAG_USER(0) /* slots points at `embedded` */

MAY_GC MAY_RAISE Value tr_ivar_get_slow(Fiber *f, Value object, Id name, IvarCache *cache);
MAY_SWITCH MAY_RAISE Value tr_ivar_set_slow(Fiber *f, Value object, Id name, Value value, IvarCache *cache);

/* @name of `object`: nil when unset; TR_RAISED only for what another Ractor owns. */
static inline MAY_GC MAY_RAISE Value tr_ivar_get_cached(Fiber *f, Value object, Id name, IvarCache *cache) {
    if (TR_LIKELY(tr_is_type(object, TYPE_OBJECT))) {
        const Object *o = (const Object *)object;
        uint64_t word = atomic_load_explicit(&cache->word, memory_order_relaxed);
        if (TR_LIKELY((uint32_t)(word >> 40) == o->h.aux)) {
            uint32_t slot = word & 0xffff;
            return TR_LIKELY(slot != 0) ? o->slots[slot - 1] : TR_NIL;
        }
    }
    return tr_ivar_get_slow(f, object, name, cache);
}

/* @name = value; the value, or TR_RAISED (FrozenError, IsolationError). */
static inline MAY_SWITCH MAY_RAISE Value tr_ivar_set_cached(Fiber *f, Value object, Id name, Value value, IvarCache *cache) {
    if (TR_LIKELY(tr_is_object(object) &&
                  (tr_header(object)->flags & (TR_TYPE_MASK | TR_FLAG_FROZEN)) == TYPE_OBJECT)) {
        Object *o = (Object *)object;
        uint64_t word = atomic_load_explicit(&cache->word, memory_order_relaxed);
        uint32_t slot = (uint32_t)(word & 0xffff) - 1;
        if (TR_LIKELY((uint32_t)(word >> 40) == o->h.aux && slot < o->capacity)) {
            o->h.aux = (uint32_t)(word >> 16) & 0xffffff;
            tr_write(object, &o->slots[slot], value);
            return value;
        }
    }
    return tr_ivar_set_slow(f, object, name, value, cache);
}

/* defined?(@name); an object's own question, so a foreign Ractor's value counts. */
bool tr_ivar_is_defined(Fiber *f, Value object, Id name);

/* After TR_FLAG_SHAREABLE was set on an object with TR_FLAG_IVARS: what holds its variables is shareable too. */
void tr_ivar_share(Value object);
/* Registers TYPE_OBJECT and the side table with the heap. At boot. */
void tr_ivar_boot(void);
uint32_t tr_ivar_count(Fiber *f, Value object);

/* The variables of a class as Cells: see vm/variable.c. */
MAY_GC MAY_RAISE Value tr_class_ivar_get(Fiber *f, Class *klass, Id name); /* TR_UNDEF when unset */
MAY_GC MAY_RAISE Value tr_class_ivar_set(Fiber *f, Class *klass, Id name, Value value);

/* Class variables: looked up from `klass` through its ancestry; NameError when absent. */
MAY_GC MAY_RAISE Value tr_cvar_get(Fiber *f, Class *klass, Id name);
MAY_SWITCH MAY_RAISE Value tr_cvar_set(Fiber *f, Class *klass, Id name, Value value);
/* The same with a site's cache. */
MAY_GC MAY_RAISE Value tr_cvar_get_cached(Fiber *f, Class *klass, Id name, IvarCache *cache);
MAY_SWITCH MAY_RAISE Value tr_cvar_set_cached(Fiber *f, Class *klass, Id name, Value value, IvarCache *cache);
/* An ancestry changed: sites look their class variables up anew. */
void tr_cvar_invalidate(void);
MAY_GC void tr_cvar_copy_all(Fiber *f, Class *to, Class *from);
MAY_GC bool tr_cvar_is_defined(Fiber *f, Class *klass, Id name);
/* The class whose body (not a singleton, not an eval's) `cref` names: where @@x belongs. NULL: raised (toplevel access). */
MAY_GC MAY_RAISE Class *tr_cvar_base(Fiber *f, const Cref *cref);

#endif
