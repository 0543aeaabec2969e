/* method.h - methods, their lookup and its caches.
 *
 * A Method is immutable once it is in a table (TYPE_METHOD, shareable). A CallCache is the answer to "what does a
 * receiver of class K run for mid": one per (class, mid), kept in the class, shared by all call sites. The call
 * path is: load the site's cache; if cache->klass == class of the receiver, use cache->method. A change of structure
 * that could alter the answer stores NULL in cache->klass (release), so every site misses and looks up again.
 */
#ifndef TR_VM_METHOD_H
#define TR_VM_METHOD_H

#include "vm/class.h"
#include "vm/frame.h"

/* --- C-implemented methods --- */
struct Args {
    int argc;
    const Value *argv;  /* on the caller's VM stack: does not move, is rooted while the method runs */
    Block block;        /* TR_NIL when none; see vm/vm.h tr_yield */
    Value keywords;     /* Hash with METHOD_KEYWORDS and keywords given, else TR_NIL; never modified by the callee */
};
typedef Value (*MethodFn)(Fiber *f, Value self, const Args *args);

typedef enum MethodKind {
    METHOD_ISEQ, METHOD_C, METHOD_ATTR_READER, METHOD_ATTR_WRITER, METHOD_PROC, METHOD_ALIAS, METHOD_ZSUPER,
    METHOD_UNDEF, METHOD_NOT_IMPLEMENTED,
    METHOD_REFINED /* in tables only: some refinement has this name; alias.target is the class's own method or NULL */
} MethodKind;
typedef enum Visibility { VISIBILITY_PUBLIC, VISIBILITY_PRIVATE, VISIBILITY_PROTECTED, VISIBILITY_MODULE_FUNCTION } Visibility;

struct Method {
    Header h;            /* TYPE_METHOD */
    uint8_t kind, visibility;
    bool is_complement;  /* a copy of a table's entry with another defined_class */
    uint32_t flags;      /* MethodFlags */
    Id called_id;        /* the name it stands under */
    Id original_id;      /* the name it was defined with */
    Class *owner;        /* class or module where it was defined */
    Class *defined_class;/* where super starts from: owner, or the iclass it was found through (see lookup) */
    union {
        struct { Iseq *iseq; Cref *cref; } ruby;
        struct { MethodFn fn; int16_t min, max; } c; /* max -1: any number */
        struct { Id ivar; IvarCache cache; } attr; /* vm/ivar.h */
        struct { Cell *proc; } proc;   /* a Proc belongs to one Ractor unless shareable */
        struct { const Method *target; } alias;
    } as;
};
enum MethodFlags {
    METHOD_PRIVATE = 1 << 0, METHOD_MODULE_FUNCTION = 1 << 1, /* in tables only */
    METHOD_KEYWORDS = 1 << 2,   /* C: wants keywords in args->keywords; otherwise they come as a last positional Hash */
    METHOD_BASIC = 1 << 3,      /* defined at boot: redefinition checks compare against this */
    METHOD_LEAF = 1 << 4,       /* C: neither raises, runs Ruby nor looks at frames: the gate need not push a frame */
    METHOD_RACTOR_UNSAFE = 1 << 5,
    METHOD_PROTECTED = 1 << 6,
    METHOD_INTERNAL = 1 << 7, /* Ruby, core library */
    METHOD_PROC_CALL = 1 << 8,  /* C: Proc#call and its kin: the call starts the block itself, no frame of its own */
    METHOD_SEND = 1 << 9,       /* C: send and __send__: likewise */
};

/* Lexical class nesting of code; immutable chain, TYPE_CREF, shareable. */
struct Cref {
    Header h;
    Class *klass;
    Cref *next;
    uint8_t visibility;      /* default visibility for `def` here (private with no arguments changes it; per frame copy) */
    bool module_function;
    bool is_eval_singleton;  /* instance_eval: constants are looked up past it */
    bool pushed_by_eval;
    struct RefinementList *refinements; /* active here, those of outer scopes included; NULL: as outside */
};

struct CallCache {
    _Atomic(Class *) klass;  /* NULL: invalid */
    const Method *method;    /* NULL: there is no such method (method_missing) */
    const Method *resolved;  /* alias and zsuper resolved: what really runs */
                             /* (a copy with its own defined_class when it was found through an iclass) */
    Class *defined_class;    /* for super from inside: the class or iclass in whose table it was found */
    const Class *super_of;   /* for a super call: the defined_class it started above; NULL for other calls */
    Id mid;
    bool is_super;           /* super_of is a class, and no list of active refinements */
    bool is_refined;         /* code under `using` must ask tr_method_find_refined */
    /* for the interpreter's fast path: set from the above by tr_call_cache_prepare before the cache is published */
    uint8_t kinds[2];        /* CallKind; [0] called with a receiver, [1] with an implicit one (private allowed) */
    int16_t min, max;        /* CALL_C: of `fn`; CALL_ISEQ_SIMPLE: both the number of parameters */
    const Iseq *iseq;        /* CALL_ISEQ_SIMPLE */
    MethodFn fn;             /* CALL_C, CALL_C_LEAF */
};
typedef enum CallKind { CALL_SLOW, CALL_ISEQ_SIMPLE, CALL_C, CALL_C_LEAF, CALL_READER, CALL_WRITER, CALL_PROC_CALL,
    CALL_ISEQ_KEYWORDS } CallKind;
void tr_call_cache_prepare(CallCache *cache); /* vm/call.c; every maker of a CallCache calls it */
extern CallCache tr_empty_call_cache; /* klass never matches */

/* Looks up with the class's cache table; never NULL. Any Ractor. */
MAY_GC const CallCache *tr_method_find(Class *klass, Id mid);
/* The entry for super: first above defined_class in klass's ancestry. A site may keep it for receivers of cache->klass called
 * from a method whose defined_class is cache->super_of. */
MAY_GC const CallCache *tr_method_find_super(Class *klass, Class *defined_class, Id mid);
/* Only in klass's own table (origin), not above; NULL if absent. UNDEF entries are returned. */
const Method *tr_method_own(Class *klass, Id mid);
MAY_GC void tr_method_add(Fiber *f, Class *klass, Method *method); /* replaces, invalidates; no hooks, no checks */
/* The user's `def`: frozen check, visibility, method_added hook, redefinition warning with -w. */
MAY_SWITCH MAY_RAISE Value tr_method_define_iseq(Fiber *f, Class *klass, Id mid, Iseq *iseq, Cref *cref, Visibility visibility);
MAY_SWITCH MAY_RAISE Value tr_method_define_proc(Fiber *f, Class *klass, Id mid, Value proc, Visibility visibility);
MAY_SWITCH MAY_RAISE Value tr_method_alias(Fiber *f, Class *klass, Id new_id, Id old_id);
MAY_SWITCH MAY_RAISE Value tr_method_undef(Fiber *f, Class *klass, Id mid);
MAY_SWITCH MAY_RAISE Value tr_method_remove(Fiber *f, Class *klass, Id mid);
MAY_SWITCH MAY_RAISE Value tr_method_set_visibility(Fiber *f, Class *klass, Id mid, Visibility visibility);
MAY_SWITCH int tr_method_arity(const Method *method);
void tr_method_table_each(Class *klass, void (*fn)(Id mid, const Method *method, void *data), void *data);

/* Basic operators that `opt_*` instructions short-cut: a bit per (operator, built-in class), set by redefinition. */
typedef enum BasicOp {
    BOP_PLUS, BOP_MINUS, BOP_MULT, BOP_DIV, BOP_MOD, BOP_EQ, BOP_NEQ, BOP_LT, BOP_LE, BOP_GT, BOP_GE, BOP_LTLT, BOP_AND,
    BOP_OR, BOP_AREF, BOP_ASET, BOP_LENGTH, BOP_SIZE, BOP_EMPTY_P, BOP_NIL_P, BOP_SUCC, BOP_NOT, BOP_MATCH, BOP_FREEZE,
    BOP_UMINUS, BOP_MAX, BOP_MIN, BOP_HASH, BOP_CALL, BOP_PACK, BOP_INCLUDE_P, BOP_CMP, BOP_EQQ, BOP_RESPOND_TO,
    BOP_INITIALIZE, BOP_COUNT
} BasicOp;
enum BasicOpClass { BOP_INTEGER = 1, BOP_FLOAT = 2, BOP_STRING = 4, BOP_ARRAY = 8, BOP_HASH_ = 16, BOP_SYMBOL = 32,
    BOP_NIL = 64, BOP_TRUE = 128, BOP_FALSE = 256, BOP_PROC = 512, BOP_REGEXP = 1024, BOP_OBJECT = 2048 };
extern _Atomic uint16_t tr_basic_op_redefined[BOP_COUNT]; /* relaxed loads: a redefinition is ordered by its own lock */
static inline bool tr_basic_op_intact(BasicOp op, uint16_t classes) {
    return TR_LIKELY(!(atomic_load_explicit(&tr_basic_op_redefined[op], memory_order_relaxed) & classes));
}

/* --- tables in C files --- */
typedef struct MethodDef {
    const char *name; /* NULL ends the table; "self.name" would be a singleton method: use the second table instead */
    MethodFn fn;
    int16_t min, max;
    uint32_t flags;
} MethodDef;
#define ARITY(min, max) (min), (max)
#define ARITY_REST(min) (min), -1
typedef struct ClassDef {
    Class **klass;                      /* &tr_class.array */
    const MethodDef *methods;           /* instance methods; METHOD_MODULE_FUNCTION adds a singleton copy */
    const MethodDef *singleton_methods;
    AllocFn alloc;                      /* NULL: keep the inherited one */
    bool no_alloc;                      /* undefine the allocator */
    ObjectType instance_type;           /* 0: inherited */
    void (*init)(Fiber *f);             /* constants, aliases, includes, registered heap types; after the methods */
} ClassDef;
/* Every built-in class's ClassDef, in order: core/classes.c. */
extern const ClassDef *const tr_class_defs[];
MAY_GC void tr_define_methods(Fiber *f, Class *klass, const MethodDef *table);
MAY_GC void tr_define_method(Fiber *f, Class *klass, const char *name, MethodFn fn, int min, int max, uint32_t flags);
MAY_GC void tr_define_singleton_method(Fiber *f, Value object, const char *name, MethodFn fn, int min, int max, uint32_t flags);
MAY_GC void tr_define_alias(Fiber *f, Class *klass, const char *new_name, const char *old_name);

#endif
