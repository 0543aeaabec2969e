/* class.h - classes and modules: structure, ancestry, methods, constants. All of it is shareable.
 *
 * Method tables, constant tables and class-level variable tables are copy-on-write: a writer takes the structure lock
 * (tr_structure_lock), builds a new table and publishes it with a release store; readers use an acquire load and no
 * lock. Old tables are retired through tr_retire (freed when every Ractor has passed a safepoint).
 *
 * Ancestry: `super` links classes and ICLASSes (one per inclusion). A class with prepended modules has an `origin` iclass
 * where its own methods take effect; without, origin == itself. What is found at an element of the chain is in the table of
 * its `methods_of`: so Module#ancestors is the methods_of of the chain, and no table is ever shared or moved.
 */
#ifndef TR_VM_CLASS_H
#define TR_VM_CLASS_H

#include "bytecode/iseq.h"

typedef struct IdTable IdTable;         /* vm/id_table.h: Id -> pointer, insertion-ordered, read without a lock */
typedef struct CacheTable CacheTable;   /* vm/method_table.c: Id -> CallCache* */
typedef Value (*AllocFn)(Fiber *f, Class *klass);

struct Class {
    Header h;                           /* TYPE_CLASS, TYPE_MODULE or TYPE_ICLASS; shareable */
    _Atomic(Class *) super;             /* next in the ancestry */
    Class *origin;                      /* the element of the ancestry where own methods take effect */
    Class *methods_of;                  /* whose own methods take effect at this element of the ancestry; NULL: nobody's */
    Class *module;                      /* TYPE_ICLASS: the module it stands for (or the prepended class's) */
    Class *includer;                    /* TYPE_ICLASS: in whose ancestry it is */
    _Atomic(IdTable *) methods;         /* Method*; own ones, wherever in the ancestry they take effect */
    _Atomic(IdTable *) constants;       /* ConstEntry* */
    _Atomic(IdTable *) class_variables; /* Cell* */
    _Atomic(IdTable *) ivars;           /* Cell*: @x of the class itself */
    _Atomic(CacheTable *) caches;       /* method lookup results for receivers of this class */
    AllocFn alloc;                      /* inherited by copy at creation; NULL: allocator undefined */
    Value attached;                     /* singleton class: the object (shareable ones only, else a weak word) */
    Value name;                         /* permanent or temporary name, frozen String; nil when anonymous */
    struct ClassList *subclasses;       /* weak; under the structure lock. Of a module: its iclasses */
    struct ClassList *as_subclass;      /* this one's node in the list of its superclass or module */
    uint32_t flags;                     /* ClassFlags */
    ObjectType instance_type;           /* layout of instances (inherited) */
    uint32_t ivar_hint;                 /* most instance variables seen: how many slots to embed at birth */
    uint32_t ancestry_serial;           /* bumped when the chain above changes */
    Value struct_members;               /* Struct/Data classes: frozen Array of Symbols, else TR_UNDEF */
    Ractor *owner;                      /* singleton class of an unshareable object: that Ractor, else NULL. Then its
                                         * iclasses, methods and Crefs are not shareable either */
    _Atomic(Cref *) eval_cref;          /* the last scope of instance_eval on an instance (vm/block.c) */
    struct RefinementList *refinements; /* a module's own, newest first (vm/refinement.h); under the structure lock */
};
enum ClassFlags {
    CLASS_SINGLETON = 1 << 0, CLASS_NAMED_PERMANENTLY = 1 << 1, CLASS_HAS_PREPENDED = 1 << 2,
    CLASS_CUSTOM_RESPOND_TO = 1 << 3, CLASS_INITIALIZED = 1 << 4, CLASS_REDEFINED_BASIC_OP = 1 << 5,
    CLASS_REFINEMENT = 1 << 6 /* `module` is what it refines, `includer` the module that does */
};

/* --- class of a value --- */
static inline Class *tr_class_of(Value v); /* singleton class included; defined below */
MAY_GC Class *tr_singleton_class(Fiber *f, Value v) MAY_RAISE; /* NULL when raised (TypeError: can't define singleton) */
Class *tr_real_class(Class *klass);        /* past singleton classes and iclasses: what Object#class answers */
static inline Class *tr_real_class_of(Value v) { return tr_real_class(tr_class_of(v)); }
bool tr_class_inherits(const Class *klass, const Class *ancestor); /* module or class */
static inline bool tr_is_kind_of(Value v, const Class *klass) { return tr_class_inherits(tr_class_of(v), klass); }

/* --- making (all may allocate; those that take user input may raise and return NULL) --- */
MAY_GC Class *tr_class_new(Fiber *f, Class *super);    /* anonymous, with metaclass; no inherited hook, no checks */
MAY_GC Class *tr_module_new(Fiber *f);
MAY_GC Class *tr_class_define(Fiber *f, const char *name, Class *super, Class *under); /* boot time; under NULL = Object */
MAY_GC Class *tr_module_define(Fiber *f, const char *name, Class *under);
MAY_SWITCH MAY_RAISE Value tr_module_include(Fiber *f, Class *klass, Class *module); /* no hooks */
MAY_SWITCH MAY_RAISE Value tr_module_prepend(Fiber *f, Class *klass, Class *module);
MAY_GC Value tr_class_path(Fiber *f, Class *klass);    /* String: "A::B", "#<Class:0x…>", "#<Class:A>" */
const char *tr_class_cname(const Class *klass);        /* for C messages; "" when anonymous */

/* --- the built-in classes: tr_class.string etc. --- */
typedef struct TrClasses {
#define CLASS(field, name, super) Class *field;
#define MODULE(field, name) Class *field;
#include "vm/classes.def"
#undef CLASS
#undef MODULE
} TrClasses;
extern TrClasses tr_class; /* written at boot only */

/* Calls fn with the direct subclasses, newest first (singleton classes and iclasses included). fn must not allocate. */
void tr_class_each_subclass_locked(const Class *klass, void (*fn)(Class *subclass, void *data), void *data);
/* The class, singleton or not, above `klass` (past iclasses); NULL for BasicObject. */
Class *tr_class_superclass(const Class *klass);
/* The element of klass's ancestry where the methods of `ancestor` take effect, NULL if it is no ancestor. */
Class *tr_class_element(const Class *klass, const Class *ancestor);
/* Names the class for good; and what its constants hold, if that had temporary names. */
MAY_GC void tr_class_set_name(Fiber *f, Class *klass, Class *under, Id name);
/* Makes the memory layout of a Class known to the heap, and the first four classes. At boot. */
MAY_GC void tr_class_boot(Fiber *f);
/* An uninitialised class (allocated, not made by tr_class_new) gets its superclass. */
MAY_GC void tr_class_set_superclass(Fiber *f, Class *klass, Class *super);
/* A copy for dup and clone: methods, constants, variables; no name. */
MAY_GC void tr_class_copy_contents(Fiber *f, Class *to, Class *from);
static inline bool tr_class_is_singleton(const Class *klass) { return (klass->flags & CLASS_SINGLETON) != 0; }
/* A part of `klass` (iclass, method, scope): as shareable as the class is. */
MAY_GC void *tr_class_alloc_part(Fiber *f, const Class *klass, size_t bytes, ObjectType type);
/* Parts for use under the structure lock, where a Ractor's own heap must not be allocated from: that may sweep, and what dies
 * takes the lock. When one is missing the work is broken off and repeated:
 *
 *     TrSpare spare = {.bytes = …, .type = …};
 *     do { lock; work, with tr_spare_take_locked; unlock; } while (tr_spare_refill(f, &spare));
 */
typedef struct TrSpare {
    size_t bytes;
    ObjectType type;
    unsigned count;
    bool is_short;
    void *parts[8];
} TrSpare;
void *tr_spare_take_locked(Fiber *f, TrSpare *spare, const Class *klass); /* NULL: break off */
bool tr_spare_refill(Fiber *f, TrSpare *spare); /* false: none was missing. Never collects */
/* Frees what was retired. All Ractors are stopped. */
void tr_retire_flush_stopped(void);

/* What unshareable objects' singleton classes need when their object becomes shareable. */
void tr_class_make_shareable(Class *singleton);

/* The structure lock: method, constant, class tables. Held shortly, never across MAY_SWITCH or an allocation that may
 * collect. Any Ractor. */
void tr_structure_lock(void);
void tr_structure_unlock(void);
/* Frees `memory` with free() once no Ractor can still be reading it. */
void tr_retire(void *memory);

static inline Class *tr_class_of(Value v) {
    if (tr_is_object(v)) return tr_header(v)->klass;
    if (tr_is_fixnum(v)) return tr_class.integer;
    if (tr_is_flonum(v)) return tr_class.float_;
    if (tr_is_symbol(v)) return tr_class.symbol;
    if (v == TR_NIL) return tr_class.nil;
    if (v == TR_TRUE) return tr_class.true_;
    return tr_class.false_;
}

#endif
