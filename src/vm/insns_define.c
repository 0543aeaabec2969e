/* insns_define.c - instructions that define and ask: class, def, defined?, rescue and case matching, once;
 * and VMCore, the object whose methods stand behind alias, undef, END and literals with **. */
#include <sched.h>

#include "core/exception.h"
#include "value/data.h"
#include "vm/constant.h"
#include "vm/interp.h"
#include "vm/refinement.h"
#include "vm/ivar.h"

/* ---- class, module ---- */

Value tr_insn_defineclass(Fiber *f, Frame *frame, Id name, const Iseq *iseq, int64_t flags, Value cbase,
                          Value super) {
    Class *klass;
    if ((flags & DEFINECLASS_TYPE_MASK) == DEFINECLASS_SINGLETON) {
        klass = tr_singleton_class(f, cbase);
    } else {
        if (!tr_is_module(cbase)) {
            Value text = tr_inspect(f, cbase);
            if (text == TR_RAISED) return TR_RAISED;
            return tr_raise(f, tr_class.type_error, "%pV is not a class/module", text);
        }
        if ((flags & DEFINECLASS_TYPE_MASK) == DEFINECLASS_MODULE) klass = tr_module_open(f, cbase, name);
        else klass = tr_class_open(f, cbase, name, flags & DEFINECLASS_HAS_SUPERCLASS ? super : TR_UNDEF);
    }
    if (!klass) return TR_RAISED;
    Cref *cref = tr_cref_new(f, klass, tr_ep_cref(f, frame->captured.ep));
    Value *locals = frame->sp - 2;
    if (!tr_iseq_fits(f, locals, iseq)) return tr_frame_overflow(f);
    for (uint32_t i = 0; i < iseq->local_count; i++) locals[i] = TR_NIL;
    frame->sp = locals;
    tr_frame_push(f, tr_locals_ep(locals, iseq), (Value)cref, TR_NIL, FRAME_CLASS | FRAME_LOCAL, iseq,
                  iseq->code, (Value)klass);
    return TR_UNDEF;
}

/* ---- def ---- */

static MAY_SWITCH MAY_RAISE Value not_a_target(Fiber *f) {
    return tr_raise(f, tr_class.type_error, "no class/module to add method");
}

Value tr_insn_definemethod(Fiber *f, Frame *frame, Id name, Iseq *iseq) {
    Cref *cref = tr_ep_cref(f, frame->captured.ep);
    const Cref *scope = tr_ep_scope(frame->captured.ep);
    if (!cref->klass) return not_a_target(f);
    Class *definee = tr_cref_definee(f, cref, frame->captured.self);
    if (!definee) return TR_RAISED;
    Visibility visibility = scope ? (Visibility)scope->visibility : VISIBILITY_PUBLIC;
    bool as_module_function = scope && (scope->module_function || visibility == VISIBILITY_MODULE_FUNCTION);
    if (as_module_function) visibility = VISIBILITY_PRIVATE;
    if (tr_method_define_iseq(f, definee, name, iseq, cref, visibility) == TR_RAISED) return TR_RAISED;
    if (!as_module_function) return TR_NIL;
    Class *singleton = tr_singleton_class(f, (Value)cref->klass);
    if (!singleton) return TR_RAISED;
    return tr_method_define_iseq(f, singleton, name, iseq, cref, VISIBILITY_PUBLIC);
}

Value tr_insn_definesmethod(Fiber *f, Frame *frame, Id name, Iseq *iseq, Value object) {
    Class *singleton = tr_singleton_class(f, object);
    if (!singleton) return TR_RAISED;
    return tr_method_define_iseq(f, singleton, name, iseq, tr_ep_cref(f, frame->captured.ep),
                                 VISIBILITY_PUBLIC);
}

/* ---- defined? ---- */

static MAY_SWITCH MAY_RAISE Value method_is_defined(Fiber *f, Frame *frame, Value receiver, Id mid,
                                                    bool with_private) {
    const CallCache *cache = tr_method_find_for_caller(f, tr_class_of(receiver), mid);
    if (cache->method && cache->resolved) {
        Visibility v = (Visibility)cache->method->visibility;
        if (with_private || v == VISIBILITY_PUBLIC) return TR_TRUE;
        if (v == VISIBILITY_PRIVATE) return TR_FALSE;
        return tr_bool(tr_is_kind_of(frame->captured.self, cache->method->owner));
    }
    const CallCache *missing = tr_method_find(tr_class_of(receiver), TR_ID_respond_to_missing_p);
    if (!missing->resolved || (missing->resolved->flags & METHOD_BASIC)) return TR_FALSE;
    Value v =
        tr_call(f, receiver, TR_ID_respond_to_missing_p, 2, tr_value_from_id(mid), tr_bool(with_private));
    return v == TR_RAISED ? v : tr_bool(tr_is_truthy(v));
}

static MAY_GC bool group_is_set(Fiber *f, Value match, int64_t type) {
    if (match == TR_NIL) return false;
    Value v =
        type & 1 ? tr_match_special(f, match, (char)(type >> 1)) : tr_match_nth(f, match, (int)(type >> 1));
    return v != TR_NIL;
}

Value tr_insn_defined(Fiber *f, Frame *frame, int64_t kind, Value object, Value receiver) {
    const Value *ep = frame->captured.ep;
    Id id = tr_is_symbol(object) ? tr_symbol_id(object) : 0;
    switch ((DefinedKind)kind) {
    case DEFINED_IVAR: return tr_bool(tr_ivar_is_defined(f, frame->captured.self, id));
    case DEFINED_GVAR: return tr_bool(tr_global_is_defined(id));
    case DEFINED_CVAR: {
        Class *klass = tr_cvar_base(f, tr_ep_cref(f, ep));
        if (klass) return tr_bool(tr_cvar_is_defined(f, klass, id));
        f->unwind.kind = UNWIND_NONE; /* at the toplevel there are none */
        return TR_FALSE;
    }
    case DEFINED_CONST: return tr_bool(tr_const_is_defined_lexical(f, tr_ep_cref(f, ep), id));
    case DEFINED_CONST_FROM: return tr_bool(tr_const_is_defined_public(f, receiver, id));
    case DEFINED_METHOD: return method_is_defined(f, frame, receiver, id, false);
    case DEFINED_FUNC: return method_is_defined(f, frame, receiver, id, true);
    case DEFINED_YIELD: return tr_bool(tr_ep_block(ep) != TR_NIL);
    case DEFINED_ZSUPER: {
        const Method *method = tr_ep_method(ep);
        if (!method) return TR_FALSE;
        const CallCache *cache = tr_method_find_super(tr_class_of(frame->captured.self),
                                                      method->defined_class, method->original_id);
        return tr_bool(cache->resolved != NULL);
    }
    case DEFINED_REF: return tr_bool(group_is_set(f, tr_svar_get(f, ep, SVAR_BACKREF), tr_fixnum(object)));
    default: return TR_TRUE;
    }
}

/* ---- case and rescue ---- */

static MAY_SWITCH MAY_RAISE Value match_one(Fiber *f, Value target, Value pattern, int64_t kind) {
    if (kind == CHECKMATCH_WHEN) return pattern;
    if (kind == CHECKMATCH_RESCUE && !tr_is_module(pattern))
        return tr_raise(f, tr_class.type_error, "class or module required for rescue clause");
    int same = tr_case_equal(f, pattern, target);
    return same < 0 ? TR_RAISED : tr_bool(same);
}

Value tr_insn_checkmatch(Fiber *f, Frame *frame, Value target, Value pattern, int64_t flags) {
    (void)frame;
    int64_t kind = flags & 3;
    if (!(flags & CHECKMATCH_ARRAY)) return match_one(f, target, pattern, kind);
    for (size_t i = 0; i < tr_array_count(pattern); i++) {
        Value v = match_one(f, target, tr_array_at(pattern, i), kind);
        if (v == TR_RAISED || tr_is_truthy(v)) return v;
    }
    return TR_FALSE;
}

Value tr_insn_case_dispatch(Fiber *f, Value table, Value key) {
    uint16_t classes = BOP_INTEGER | BOP_FLOAT | BOP_STRING | BOP_SYMBOL | BOP_NIL | BOP_TRUE | BOP_FALSE;
    if (!tr_basic_op_intact(BOP_EQQ, classes)) return TR_UNDEF;
    if (tr_is_object(key) && !(tr_is_string(key) && tr_header(key)->klass == tr_class.string) &&
        !tr_is_float(key) && !tr_is_bignum(key))
        return TR_NIL;
    if (tr_is_float(key)) {
        double d = tr_float(key);
        if (d == (double)(int64_t)d && d > -4e18 && d < 4e18 && tr_fits_fixnum((int64_t)d))
            key = tr_value_from_fixnum((int64_t)d);
    }
    Value offset = tr_hash_get(f, table, key);
    return offset == TR_UNDEF ? TR_NIL : offset;
}

/* ---- once ---- */

/* state: NULL not run; the Fiber that runs it; or the address of the cache itself: done. */
Value tr_insn_once(Fiber *f, Frame *frame, const Iseq *iseq, OnceCache *cache) {
    for (;;) {
        void *state =
            atomic_load_explicit(&cache->state, memory_order_acquire); /* pairs with the release below */
        if (state == cache) {
            bool foreign = false;
            Value v = tr_cell_get(f, cache->cell, &foreign);
            return foreign ? TR_NIL : v;
        }
        void *none = NULL;
        bool mine = state == f; /* recursive: run it again */
        if (!mine)
            mine = atomic_compare_exchange_strong_explicit(&cache->state, &none, f, memory_order_acquire,
                                                           memory_order_relaxed);
        if (mine) break;
        if (tr_safepoint_slow(f) == TR_RAISED) return TR_RAISED; /* another thread is at it */
        sched_yield();
    }
    Value *locals = frame->sp;
    if (!tr_iseq_fits(f, locals, iseq)) return tr_frame_overflow(f);
    for (uint32_t i = 0; i < iseq->local_count; i++) locals[i] = TR_NIL;
    tr_frame_push(f, tr_locals_ep(locals, iseq), TR_FALSE, (Value)frame->captured.ep,
                  FRAME_BLOCK | FRAME_FINISH, iseq, iseq->code, frame->captured.self);
    Value v = tr_vm_exec(f);
    if (v != TR_RAISED && tr_is_shareable(f, v) < 0) v = TR_RAISED; /* a frozen Regexp is: every Ractor may have it */
    void *me = f;
    if (v == TR_RAISED) {
        atomic_compare_exchange_strong_explicit(&cache->state, &me, NULL, memory_order_release,
                                                memory_order_relaxed);
        return TR_RAISED;
    }
    if (atomic_load_explicit(&cache->state, memory_order_relaxed) == f) {
        if (!cache->cell) cache->cell = tr_cell_new();
        tr_cell_set(f, cache->cell, v);
        if (tr_is_shareable_flagged(v)) tr_heap_keep_for_ever(v); /* else it is a root of this Ractor */
        atomic_store_explicit(&cache->state, cache, memory_order_release); /* pairs with the acquire above */
    }
    return v;
}

/* ---- VMCore ---- */

static Value vm_core;
Value tr_vm_core(void) { return vm_core; }

static MAY_SWITCH MAY_RAISE Value core_set_method_alias(Fiber *f, Value self, const Args *args) {
    (void)self;
    Class *klass = (Class *)args->argv[0];
    return tr_method_alias(f, klass, tr_symbol_id(args->argv[1]), tr_symbol_id(args->argv[2])) == TR_RAISED
               ? TR_RAISED
               : TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value core_undef_method(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_method_undef(f, (Class *)args->argv[0], tr_symbol_id(args->argv[1])) == TR_RAISED ? TR_RAISED
                                                                                                : TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value core_set_variable_alias(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    tr_global_alias(tr_symbol_id(args->argv[0]), tr_symbol_id(args->argv[1]));
    return TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value core_set_postexe(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    return tr_at_exit_add(f, proc);
}
static MAY_SWITCH MAY_RAISE Value core_hash_merge_ptr(Fiber *f, Value self, const Args *args) {
    (void)self;
    for (int i = 1; i + 1 < args->argc; i += 2)
        if (tr_hash_set(f, args->argv[0], args->argv[i], args->argv[i + 1]) == TR_RAISED) return TR_RAISED;
    return args->argv[0];
}
static MAY_SWITCH MAY_RAISE Value core_hash_merge_kwd(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argv[1] == TR_NIL) return args->argv[0];
    Value other = tr_to_hash(f, args->argv[1]);
    if (other == TR_RAISED) return TR_RAISED;
    return tr_hash_update(f, args->argv[0], other) == TR_RAISED ? TR_RAISED : args->argv[0];
}
static MAY_SWITCH MAY_RAISE Value core_lambda(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED || args->block == proc) return proc;
    tr_proc(proc)->is_lambda = true;
    return proc;
}
static MAY_SWITCH MAY_RAISE Value core_raise(Fiber *f, Value self, const Args *args) {
    return tr_call_full(f, self, TR_ID_raise, args->argc, args->argv, TR_NIL, TR_NIL, false);
}
static MAY_SWITCH MAY_RAISE Value core_sprintf(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_format(f, args->argv[0], args->argc - 1, args->argv + 1);
}
static MAY_SWITCH MAY_RAISE Value core_make_shareable(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_make_shareable(f, args->argv[0], false);
}
static MAY_SWITCH MAY_RAISE Value core_make_shareable_copy(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_make_shareable(f, args->argv[0], true);
}
static MAY_SWITCH MAY_RAISE Value core_ensure_shareable(Fiber *f, Value self, const Args *args) {
    (void)self;
    int ok = tr_is_shareable(f, args->argv[0]);
    if (ok < 0) return TR_RAISED;
    if (ok) return args->argv[0];
    return tr_raise(f, tr_class.ractor_isolation_error, "cannot assign unshareable object to %pV",
                    args->argv[1]);
}

static const MethodDef core_methods[] = {
    {"core#set_method_alias", core_set_method_alias, ARITY(3, 3), 0},
    {"core#undef_method", core_undef_method, ARITY(2, 2), 0},
    {"core#set_variable_alias", core_set_variable_alias, ARITY(2, 2), 0},
    {"core#set_postexe", core_set_postexe, ARITY(0, 0), 0},
    {"core#hash_merge_ptr", core_hash_merge_ptr, ARITY_REST(1), 0},
    {"core#hash_merge_kwd", core_hash_merge_kwd, ARITY(2, 2), 0},
    {"core#raise", core_raise, ARITY_REST(1), 0},
    {"core#sprintf", core_sprintf, ARITY_REST(1), 0},
    {"core#make_shareable", core_make_shareable, ARITY(1, 1), 0},
    {"core#make_shareable_copy", core_make_shareable_copy, ARITY(1, 1), 0},
    {"core#ensure_shareable", core_ensure_shareable, ARITY(2, 2), 0},
    {"lambda", core_lambda, ARITY(0, 0), 0},
    {0}
};

/* ---- what stands for a &block parameter that nobody made a Proc ---- */

/* The block of the Ruby frame that calls the proxy. */
static MAY_SWITCH MAY_RAISE Value proxy_call(Fiber *f, Value self, const Args *args) {
    (void)self;
    const Frame *caller = f->frame->prev;
    while (caller && !caller->iseq) caller = caller->prev;
    return tr_yield_full(f, tr_ep_block(caller->captured.ep), args->argc, args->argv, args->block,
                         args->keywords);
}
static const MethodDef proxy_methods[] = {
    {"call", proxy_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"[]", proxy_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"yield", proxy_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"===", proxy_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {0}
};

static void trace_core(Tracer *tracer, void *context) {
    (void)context;
    tr_trace(tracer, vm_core);
}

static MAY_GC Value hidden_object(Fiber *f, const MethodDef *methods, const char *name) {
    Class *klass = tr_class_new(f, tr_class.object);
    klass->name = tr_string_interned(f, name, strlen(name), ENCODING_US_ASCII);
    tr_define_methods(f, klass, methods);
    Value object = tr_object_alloc(f, klass);
    tr_header(object)->flags |= TR_FLAG_FROZEN | TR_FLAG_SHAREABLE;
    return object;
}

void tr_vm_core_boot(Fiber *f) {
    vm_core = hidden_object(f, core_methods, "VMCore");
    tr_block_param_proxy = hidden_object(f, proxy_methods, "BlockParamProxy");
    tr_heap_add_root(f->heap, trace_core, NULL);
}
