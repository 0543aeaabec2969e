/* proc.h - the representation of Proc and Binding.
 *
 * A Proc is a block that outlives its frame. A Ruby block's `captured.ep` lies in a heap environment
 * (TYPE_ENV, reached through tr_ep_env); a C block keeps its data in the object. Procs are called through
 * tr_proc_call or as block handlers.
 */
#ifndef TR_VM_PROC_H
#define TR_VM_PROC_H

#include "vm/vm.h"

typedef enum ProcKind { PROC_ISEQ, PROC_C, PROC_SYMBOL, PROC_METHOD } ProcKind;

typedef struct Proc {
    Header h; /* TYPE_PROC */
    uint8_t kind;
    bool is_lambda;
    bool is_from_method; /* Method#to_proc, define_method with a method */
    union {
        Captured captured; /* PROC_ISEQ: ep is in a heap environment */
        CBlock c;          /* PROC_C, PROC_METHOD: fn calls `data` */
        Id symbol;         /* PROC_SYMBOL */
    } as;
} Proc;
#define PROC_RUBY2_KEYWORDS TR_FLAG_USER(0)

static inline Proc *tr_proc(Value v) { return (Proc *)v; }
static inline bool tr_is_proc(Value v) { return tr_is_type(v, TYPE_PROC); }
/* The TYPE_ENV object of an escaped environment. */
static inline Value tr_ep_env(const Value *ep) { return ep[1]; }
static inline bool tr_ep_is_escaped(const Value *ep) { return (ep[0] & FRAME_ESCAPED) != 0; }

MAY_GC Value tr_proc_dup(Fiber *f, Value proc, Class *klass);
/* `method` is a Method object; calls pass through fn. */
MAY_GC Value tr_proc_from_method(Fiber *f, Value method_object, CBlockFn fn, int min, int max);
MAY_GC Value tr_proc_from_symbol(Fiber *f, Id symbol);
/* Array of [:req, :a] pairs. */
MAY_GC MAY_RAISE Value tr_iseq_parameters(Fiber *f, const Iseq *iseq, bool is_lambda);
int tr_iseq_arity(const Iseq *iseq, bool is_lambda);

/* A Binding names an environment; eval with new locals puts a further one on top. */
typedef struct Binding {
    Header h; /* TYPE_DATA layout */
    const void *type;
    Value env;          /* TYPE_ENV, the innermost */
    Value self;
    const Iseq *iseq;   /* whose locals env has */
    Value path;
    int line;
} Binding;
/* The binding of the innermost Ruby frame. */
MAY_GC MAY_RAISE Value tr_binding_of_caller(Fiber *f);

#endif
