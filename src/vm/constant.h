/* constant.h - constants: lookup by scope and ancestry, and the inline cache of a constant path.
 *
 * A ConstCacheEntry is immutable and published with one release store. It is right as long as the process-wide serial
 * has not moved: the serial is bumped when a name that some cache has looked up is set, removed or shadowed. A value that is
 * not shareable may be used by its owner only; so a hit is one load, and compares of serial and owner.
 */
#ifndef TR_VM_CONSTANT_H
#define TR_VM_CONSTANT_H

#include "vm/vm.h"

struct ConstCacheEntry {
    uint64_t serial;
    Value value;
    const Ractor *owner; /* NULL: shareable */
    const Cref *cref;    /* the scope it was looked up from, when the same code runs in several; NULL: any */
};
extern _Atomic uint64_t tr_constant_serial; /* relaxed: a change made by another Ractor has no other order */

/* The cached value, or TR_UNDEF: then call tr_const_cache_fill with the frame's cref. */
static inline Value tr_const_cache_try(Fiber *f, ConstCache *cache) {
    const ConstCacheEntry *e = atomic_load_explicit(&cache->entry, memory_order_acquire);
    if (TR_LIKELY(e && e->serial == atomic_load_explicit(&tr_constant_serial, memory_order_relaxed) && !e->cref &&
                  (!e->owner || e->owner == f->ractor)))
        return e->value;
    return TR_UNDEF;
}
/* Looks up the path (const_missing, autoload and refusals included) and caches the answer. */
MAY_SWITCH MAY_RAISE Value tr_const_cache_fill(Fiber *f, ConstCache *cache, const Cref *cref);

/* --- lookups for instructions --- */
MAY_SWITCH MAY_RAISE Value tr_const_get_lexical(Fiber *f, const Cref *cref, Id name); /* a bare `X` */
/* `scope::X`: private constants and Object's are not found through it; TypeError "x is not a class/module". */
MAY_SWITCH MAY_RAISE Value tr_const_get_public(Fiber *f, Value scope, Id name);
/* defined?(X), defined?(scope::X): no autoload is run, no error is raised. */
MAY_SWITCH bool tr_const_is_defined_lexical(Fiber *f, const Cref *cref, Id name);
MAY_SWITCH bool tr_const_is_defined_public(Fiber *f, Value scope, Id name);
/* Where `class X`, `X = …` put their constant: the innermost scope that is no eval's. */
Class *tr_const_base(const Cref *cref);

/* `class X < super; …` and `module X`: finds or makes it, checks the superclass, runs inherited and const_added.
 * cbase is the scope written before ::, or tr_const_base; super TR_UNDEF when none is written. NULL: raised. */
MAY_SWITCH MAY_RAISE Class *tr_class_open(Fiber *f, Value cbase, Id name, Value super);
MAY_SWITCH MAY_RAISE Class *tr_module_open(Fiber *f, Value cbase, Id name);

/* May something inherit from `super`? false: TypeError raised. */
MAY_SWITCH MAY_RAISE bool tr_class_check_super(Fiber *f, Value super);
MAY_SWITCH MAY_RAISE Value tr_class_run_inherited(Fiber *f, Class *super, Class *klass);

/* --- reflection --- */
typedef struct ConstEntry {
    Cell *cell;            /* TR_UNDEF inside while it is an autoload that has not run */
    bool is_private, is_deprecated;
    Value autoload_path;   /* frozen String, or TR_UNDEF */
    Value file;            /* frozen String of the definition or nil */
    int line;
} ConstEntry;
/* In klass's own table; NULL when absent. Valid until the next MAY_SWITCH. */
const ConstEntry *tr_const_entry(Class *klass, Id name);
/* The class or module in whose table a lookup from klass finds it, NULL when nowhere. */
Class *tr_const_find_owner(Class *klass, Id name, bool inherit);
void tr_const_each(Class *klass, void (*fn)(Id name, const ConstEntry *entry, void *data), void *data);
MAY_SWITCH MAY_RAISE Value tr_const_remove(Fiber *f, Class *klass, Id name);
MAY_SWITCH MAY_RAISE Value tr_const_set_private(Fiber *f, Class *klass, Id name, bool is_private);
MAY_SWITCH MAY_RAISE Value tr_const_set_deprecated(Fiber *f, Class *klass, Id name);
MAY_SWITCH MAY_RAISE Value tr_const_autoload(Fiber *f, Class *klass, Id name, Value path);
MAY_GC void tr_const_copy_all(Fiber *f, Class *to, Class *from);
/* The structure lock is held: the ancestry of something changed so that constants may resolve otherwise. */
void tr_const_invalidate_all(void);

#endif
