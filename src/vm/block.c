/* block.c - blocks: yielding to them, environments that outlive their frame, Procs.
 *
 * A block handler (vm/frame.h) is a word that says where the block is: in the frame that wrote it (Captured),
 * on the C stack of who passes it (CBlock), or an object (Proc, Symbol). tr_block_start begins any of them.
 *
 * When a block must outlive its frame, the frame's environment and all around it move to the heap, outermost
 * first. The frame's ep is redirected, and so is the parent link of every frame above whose code lies inside
 * of it; the copy on the stack is dead. An environment on the heap therefore never refers to one on a stack.
 */
#include "vm/interp.h"
#include "vm/refinement.h"

#include "core/array.h"
#include "core/hash.h"
#include "core/string.h"

Value tr_block_param_proxy;

/* --- environments --- */

Frame *tr_frame_of_ep(Frame *from, const Value *ep) {
    while (from && from->captured.ep != ep) from = from->prev;
    return from;
}

static MAY_GC Env *alloc_env(Fiber *f, const Iseq *iseq, const Value *from, uint32_t count) {
    size_t inline_bytes = sizeof(Env) + (count + 1) * sizeof(Value);
    Env *env;
    if (inline_bytes <= TR_SLOT_MAX_BYTES) {
        env = tr_heap_alloc(f, inline_bytes, TYPE_ENV, NULL);
        env->ep = &env->slots[count - 1];
    } else {
        env = tr_heap_alloc(f, sizeof(Env), TYPE_ENV, NULL);
        Value *buffer = tr_buffer_alloc(f, (count + 1) * sizeof(Value));
        TR_CHECK(buffer != NULL);
        env->ep = buffer + count - 1;
    }
    env->iseq = iseq;
    Value *slots = env->ep - (count - 1);
    memcpy(slots, from, count * sizeof(Value));
    env->count = count + 1;
    env->ep[0] |= FRAME_ESCAPED;
    env->ep[1] = (Value)env;
    tr_write_many((Value)env);
    return env;
}

Value *tr_env_escape(Fiber *f, Frame *frame) {
    Value *ep = frame->captured.ep;
    if (tr_ep_is_escaped(ep)) return ep;
    if (!(ep[0] & FRAME_LOCAL)) {
        Value *parent = tr_ep_parent(ep);
        if (!tr_ep_is_escaped(parent)) { /* redirects our own link as well */
            Frame *outer = tr_frame_of_ep(frame->prev, parent);
            TR_CHECK(outer != NULL);
            tr_env_escape(f, outer);
        }
    } else if (tr_block_is_captured(ep[-1]) || tr_block_is_c(ep[-1])) {
        Value proc = tr_block_to_proc(f, ep[-1]);
        frame->captured.ep[-1] = proc;
    }
    uint32_t locals = frame->iseq ? frame->iseq->local_count : 0;
    Env *env = alloc_env(f, frame->iseq, ep - 2 - locals, locals + 3);
    frame->captured.ep = env->ep;
    for (Frame *inner = f->frame; inner != frame; inner = inner->prev) {
        Value *inner_ep = inner->captured.ep;
        if (!(inner_ep[0] & FRAME_LOCAL) && tr_ep_parent(inner_ep) == ep) inner_ep[-1] = (Value)env->ep;
    }
    return env->ep;
}

static void env_trace(Tracer *tracer, Value object) {
    const Env *env = (const Env *)object;
    const Value *slots = env->ep - (env->count - 2);
    tr_trace(tracer, (Value)env->iseq);
    tr_trace_range(tracer, slots, env->count - 4);
    tr_trace(tracer, env->ep[-2]);
    if (env->ep[0] & FRAME_LOCAL) tr_trace(tracer, env->ep[-1]); /* a Proc, Symbol or nil by now */
    else tr_trace(tracer, tr_ep_env(tr_ep_parent(env->ep)));
}

static bool env_has_buffer(const Env *env) {
    return env->ep < (const Value *)env || env->ep >= (const Value *)((const char *)env + TR_SLOT_MAX_BYTES);
}

static void env_free(Heap *heap, Value object) {
    Env *env = (Env *)object;
    if (env->ep && env_has_buffer(env))
        tr_buffer_free(heap, env->ep - (env->count - 2), env->count * sizeof(Value));
}

static size_t env_size(Value object) {
    const Env *env = (const Env *)object;
    return env_has_buffer(env) ? env->count * sizeof(Value) : 0;
}

static const HeapType env_type = {
    .name = "environment", .trace = env_trace, .free = env_free, .size = env_size};

/* --- Procs --- */

static MAY_GC Proc *alloc_proc(Fiber *f, ProcKind kind, Class *klass) {
    Proc *proc = tr_heap_alloc(f, sizeof(Proc), TYPE_PROC, klass);
    proc->kind = (uint8_t)kind;
    return proc;
}

Value tr_block_to_proc(Fiber *f, Block block) {
    if (block == TR_NIL) return TR_NIL;
    if (tr_block_is_captured(block)) {
        Captured *captured = tr_block_captured(block);
        Frame *frame = (Frame *)((char *)captured - offsetof(Frame, captured));
        const Iseq *iseq = captured->iseq;
        Value *ep = tr_env_escape(f, frame);
        Proc *proc = alloc_proc(f, PROC_ISEQ, tr_class.proc);
        proc->as.captured = (Captured){captured->self, ep, iseq};
        tr_write_many((Value)proc);
        return (Value)proc;
    }
    if (tr_block_is_c(block)) {
        const CBlock *from = (const CBlock *)tr_block_captured(block);
        Value proc = tr_proc_from_c(f, from->fn, from->data, from->min, from->max, from->is_lambda);
        tr_proc(proc)->as.c.wants_keywords = from->wants_keywords;
        return proc;
    }
    if (tr_is_symbol(block)) return tr_proc_from_symbol(f, tr_symbol_id(block));
    return block;
}

Value tr_proc_from_c(Fiber *f, CBlockFn fn, Value data, int min, int max, bool is_lambda) {
    Proc *proc = alloc_proc(f, PROC_C, tr_class.proc);
    proc->is_lambda = is_lambda;
    proc->as.c = (CBlock){.captured = {TR_NIL, NULL, NULL}, .fn = fn, .data = data, .min = min, .max = max,
                          .is_lambda = is_lambda};
    tr_write_many((Value)proc);
    return (Value)proc;
}

Value tr_proc_from_method(Fiber *f, Value method_object, CBlockFn fn, int min, int max) {
    Value v = tr_proc_from_c(f, fn, method_object, min, max, true);
    tr_proc(v)->kind = PROC_METHOD;
    tr_proc(v)->is_from_method = true;
    tr_proc(v)->as.c.wants_keywords = true;
    return v;
}

Value tr_proc_from_symbol(Fiber *f, Id symbol) {
    Proc *proc = alloc_proc(f, PROC_SYMBOL, tr_class.proc);
    proc->is_lambda = true;
    proc->as.symbol = symbol;
    return (Value)proc;
}

Value tr_proc_dup(Fiber *f, Value proc, Class *klass) {
    Proc *copy = alloc_proc(f, (ProcKind)tr_proc(proc)->kind, klass);
    copy->is_lambda = tr_proc(proc)->is_lambda;
    copy->is_from_method = tr_proc(proc)->is_from_method;
    copy->as = tr_proc(proc)->as;
    copy->h.flags |= tr_proc(proc)->h.flags & PROC_RUBY2_KEYWORDS;
    tr_write_many((Value)copy);
    return (Value)copy;
}

static void proc_trace(Tracer *tracer, Value object) {
    const Proc *proc = tr_proc(object);
    switch ((ProcKind)proc->kind) {
    case PROC_ISEQ:
        tr_trace(tracer, proc->as.captured.self);
        tr_trace(tracer, (Value)proc->as.captured.iseq);
        if (proc->as.captured.ep) tr_trace(tracer, tr_ep_env(proc->as.captured.ep));
        break;
    case PROC_C:
    case PROC_METHOD:
        tr_trace(tracer, proc->as.c.captured.self);
        tr_trace(tracer, proc->as.c.data);
        break;
    case PROC_SYMBOL: break;
    }
}

static const HeapType proc_type = {.name = "Proc", .trace = proc_trace};

void tr_block_boot(void) {
    tr_heap_register_type(TYPE_ENV, &env_type);
    tr_heap_register_type(TYPE_PROC, &proc_type);
}

/* --- starting --- */

static MAY_SWITCH MAY_RAISE Value ruby_block_start(Fiber *f, Call *call, const Captured *captured,
                                                   const BlockCall *how, bool is_lambda) {
    const Iseq *iseq = captured->iseq;
    Value self = how && how->self != TR_UNDEF ? how->self : captured->self;
    Value *parent = captured->ep; /* an environment on a stack may move while arguments are set up */
    Frame *owner = tr_ep_is_escaped(parent) ? NULL : (Frame *)((char *)captured - offsetof(Frame, captured));
    call->receiver = self;
    int start = tr_args_setup(f, iseq, call, is_lambda ? ARGS_LAMBDA : ARGS_BLOCK, how ? how->method : NULL);
    if (start < 0) return TR_RAISED;
    if (owner) parent = owner->captured.ep;
    Value flags = FRAME_BLOCK;
    Value method_or_cref = TR_FALSE;
    if (is_lambda) flags |= FRAME_LAMBDA;
    if (how && how->method) {
        flags |= FRAME_BMETHOD;
        method_or_cref = (Value)how->method;
    } else if (how) {
        method_or_cref = how->cref;
    }
    f->frame->sp = call->base;
    tr_frame_push(f, tr_locals_ep(call->args, iseq), method_or_cref, (Value)parent, flags, iseq,
                  iseq->code + start, self);
    return TR_UNDEF;
}

static MAY_SWITCH MAY_RAISE Value c_block_start(Fiber *f, Call *call, const CBlock *block,
                                                const BlockCall *how) {
    Frame *frame = f->frame;
    bool wants_keywords = block->wants_keywords;
    Value keywords = TR_NIL;
    if (wants_keywords && (call->names || call->keywords != TR_NIL)) {
        keywords =
            call->names ? tr_args_hash_of_names(f, call->names, &call->args[call->argc]) : call->keywords;
        if (keywords == TR_RAISED) return TR_RAISED;
    } else if (!tr_args_keywords_to_hash(f, call)) {
        return TR_RAISED;
    }
    if (block->is_lambda && (call->argc < block->min || (block->max >= 0 && call->argc > block->max)) &&
        !wants_keywords)
        return tr_raise_argc(f, call->argc, block->min, block->max);
    Value *top = frame->sp < call->args + call->argc ? call->args + call->argc : frame->sp;
    if (tr_stack_is_low(f) || !tr_stack_fits(f, top, 0)) return tr_frame_overflow(f);
    frame->sp = top;
    Value self = how && how->self != TR_UNDEF ? how->self : block->captured.self;
    Frame *pushed =
        tr_frame_push(f, top + 2, TR_FALSE, call->block, FRAME_CBLOCK | FRAME_LOCAL, NULL, NULL, self);
    if (how && how->method) pushed->method = how->method;
    pushed->captured.iseq =
        (const Iseq *)block->captured.ep; /* whose C frame wrote the block: see tr_ruby_frame */
    Args args = {call->argc, call->args, call->block, keywords};
    Value v = block->fn(f, block->data, &args);
    f->frame = frame;
    return v;
}

static MAY_SWITCH MAY_RAISE Value symbol_block_start(Fiber *f, Call *call, Id mid) {
    if (call->argc == 0) return tr_raise(f, tr_class.argument_error, "no receiver given");
    call->receiver = call->args[0];
    call->args++;
    call->argc--;
    call->mid = mid;
    call->flags = 0;
    return tr_call_start(f, call, tr_method_find_for_symbol(f, tr_class_of(call->receiver), mid));
}

Value tr_block_start(Fiber *f, Call *call, Block block, const BlockCall *how) {
    bool is_lambda = how && how->is_lambda;
    if (tr_block_is_captured(block))
        return ruby_block_start(f, call, tr_block_captured(block), how, is_lambda);
    if (tr_block_is_c(block)) return c_block_start(f, call, (const CBlock *)tr_block_captured(block), how);
    if (tr_is_symbol(block)) return symbol_block_start(f, call, tr_symbol_id(block));
    if (block == TR_NIL) return tr_raise_no_block(f, "no block given (yield)");
    const Proc *proc = tr_proc(block);
    switch ((ProcKind)proc->kind) {
    case PROC_ISEQ: return ruby_block_start(f, call, &proc->as.captured, how, is_lambda || proc->is_lambda);
    case PROC_C: return c_block_start(f, call, &proc->as.c, how);
    case PROC_METHOD: return c_block_start(f, call, &proc->as.c, how);
    case PROC_SYMBOL: return symbol_block_start(f, call, proc->as.symbol);
    }
    TR_UNREACHABLE();
}

Value tr_invokeblock_start(Fiber *f, Frame *frame, CallData *data, Value *sp) {
    Call call;
    if (!tr_call_prepare(f, frame, data, sp, false, &call)) return TR_RAISED;
    return tr_block_start(f, &call, tr_ep_block(frame->captured.ep), NULL);
}

/* --- yielding from C --- */

static MAY_SWITCH MAY_RAISE Value yield_from_c(Fiber *f, Block block, int argc, const Value *argv,
                                               Block passed, Value keywords, const BlockCall *how) {
    Frame *frame = f->frame;
    Value *sp = frame->sp;
    if (TR_UNLIKELY(tr_stack_is_low(f) || !tr_stack_fits(f, sp, (size_t)argc + 1)))
        return tr_frame_overflow(f);
    for (int i = 0; i < argc; i++) sp[i] = argv[i];
    frame->sp = sp + argc;
    if (keywords != TR_NIL && tr_hash_count(keywords) == 0) keywords = TR_NIL;
    Call call = {
        .base = sp, .args = sp, .argc = argc, .keywords = keywords, .block = passed, .receiver = TR_NIL};
    Value v = tr_vm_complete(f, tr_block_start(f, &call, block, how));
    frame->sp = sp;
    return v;
}

Value tr_yield(Fiber *f, Block block, int argc, const Value *argv) {
    const Captured *captured = NULL;
    if (tr_block_is_captured(block)) captured = tr_block_captured(block);
    else if (tr_is_object(block) && tr_proc(block)->kind == PROC_ISEQ && !tr_proc(block)->is_lambda)
        captured = &tr_proc(block)->as.captured;
    if (TR_LIKELY(captured != NULL)) {
        const Iseq *iseq = captured->iseq;
        const Params *p = &iseq->params;
        if (TR_LIKELY(p->is_simple && p->lead_count == (uint32_t)argc &&
                      (argc != 1 || p->ambiguous_param0))) {
            Value *locals = f->frame->sp;
            if (TR_UNLIKELY(!tr_iseq_fits(f, locals, iseq))) return tr_frame_overflow(f);
            uint32_t count = iseq->local_count;
            for (int i = 0; i < argc; i++) locals[i] = argv[i];
            for (uint32_t i = (uint32_t)argc; i < count; i++) locals[i] = TR_NIL;
            tr_frame_push(f, locals + count + 2, TR_FALSE, (Value)captured->ep, FRAME_BLOCK | FRAME_FINISH,
                          iseq, iseq->code, captured->self);
            return tr_vm_exec(f);
        }
    }
    return yield_from_c(f, block, argc, argv, TR_NIL, TR_NIL, NULL);
}

Value tr_yield_full(Fiber *f, Block block, int argc, const Value *argv, Block passed, Value keywords) {
    return yield_from_c(f, block, argc, argv, passed, keywords, NULL);
}

Value tr_yield_under(Fiber *f, Block block, Value self, Class *cref_class, int argc, const Value *argv,
                     Value keywords) {
    BlockCall how = {.self = self, .cref = TR_FALSE, .method = NULL, .is_lambda = false};
    if (cref_class) {
        const Value *ep = NULL;
        if (tr_block_is_captured(block)) ep = tr_block_captured(block)->ep;
        else if (tr_is_proc(block) && tr_proc(block)->kind == PROC_ISEQ) ep = tr_proc(block)->as.captured.ep;
        if (ep) {
            Cref *cref = tr_cref_new(f, cref_class, tr_ep_cref(f, ep));
            cref->pushed_by_eval = true;
            if (TR_UNLIKELY(cref_class->flags & CLASS_REFINEMENT))
                tr_refinements_activate_own(cref, cref_class);
            how.cref = (Value)cref;
        }
    }
    return yield_from_c(f, block, argc, argv, TR_NIL, keywords, &how);
}

/* The scope inside of instance_eval: its klass is the object's plain class; the singleton class is made when
 * something is defined (tr_cref_definee). Kept by the class for the next time; nothing ever changes it, as
 * only a Module has `private`. */
static MAY_GC Cref *eval_cref(Fiber *f, Value self, Cref *around) {
    Class *klass = tr_real_class_of(self);
    Cref *known = tr_is_module(self) ? NULL : atomic_load_explicit(&klass->eval_cref, memory_order_acquire);
    if (known && known->next == around) return known;
    Cref *made = tr_cref_new(f, klass, around);
    made->pushed_by_eval = made->is_eval_singleton = true;
    if (!tr_is_module(self) && tr_has_flag((Value)made, TR_FLAG_SHAREABLE))
        atomic_store_explicit(&klass->eval_cref, made, memory_order_release); /* pairs with the load above */
    return made;
}

Value tr_yield_eval(Fiber *f, Block block, Value self, int argc, const Value *argv, Value keywords) {
    BlockCall how = {.self = self, .cref = TR_FALSE, .method = NULL, .is_lambda = false};
    const Value *ep = NULL;
    if (tr_block_is_captured(block)) ep = tr_block_captured(block)->ep;
    else if (tr_is_proc(block) && tr_proc(block)->kind == PROC_ISEQ) ep = tr_proc(block)->as.captured.ep;
    if (ep) how.cref = (Value)eval_cref(f, self, tr_ep_cref(f, ep));
    return yield_from_c(f, block, argc, argv, TR_NIL, keywords, &how);
}

Class *tr_cref_definee(Fiber *f, const Cref *cref, Value self) {
    return cref->is_eval_singleton ? tr_singleton_class(f, self) : cref->klass;
}

Value tr_proc_call(Fiber *f, Value proc, int argc, const Value *argv) {
    return yield_from_c(f, proc, argc, argv, TR_NIL, TR_NIL, NULL);
}

Value tr_need_block(Fiber *f, const Args *args) {
    if (args->block != TR_NIL) return TR_NIL;
    return tr_raise_no_block(f, "no block given");
}

/* --- questions --- */

static const Iseq *block_iseq(Block block) {
    if (tr_block_is_captured(block)) return tr_block_captured(block)->iseq;
    if (tr_is_proc(block) && tr_proc(block)->kind == PROC_ISEQ) return tr_proc(block)->as.captured.iseq;
    return NULL;
}

static int iseq_min_max(const Iseq *iseq, int *max) {
    const Params *p = &iseq->params;
    const KeywordParams *kw = p->keywords;
    int min = (int)(p->lead_count + p->post_count);
    *max = p->rest_start >= 0 ? -1 : min + (int)p->opt_count + (kw != NULL);
    return min + (kw && kw->required_count > 0);
}

int tr_iseq_arity(const Iseq *iseq, bool is_lambda) {
    int max;
    int min = iseq_min_max(iseq, &max);
    if (is_lambda) return min == max ? min : -min - 1;
    return max >= 0 ? min : -min - 1;
}

int tr_block_min_arity(Block block, int *max) {
    const Iseq *iseq = block_iseq(block);
    if (iseq) return iseq_min_max(iseq, max);
    if (tr_is_symbol(block) || (tr_is_proc(block) && tr_proc(block)->kind == PROC_SYMBOL)) {
        *max = -1;
        return 1;
    }
    if (block == TR_NIL) {
        *max = 0;
        return 0;
    }
    const CBlock *c = tr_block_is_c(block) ? (const CBlock *)tr_block_captured(block) : &tr_proc(block)->as.c;
    *max = c->max;
    return c->min;
}

int tr_block_arity(Block block) {
    const Iseq *iseq = block_iseq(block);
    if (iseq) return tr_iseq_arity(iseq, tr_block_is_lambda(block));
    int max;
    int min = tr_block_min_arity(block, &max);
    if (tr_block_is_lambda(block)) return min == max ? min : -min - 1;
    return max >= 0 ? min : -min - 1;
}

int tr_block_arity_as_lambda(Block block) {
    const Iseq *iseq = block_iseq(block);
    if (iseq) return tr_iseq_arity(iseq, true);
    int max;
    int min = tr_block_min_arity(block, &max);
    return min == max ? min : -min - 1;
}

bool tr_block_is_lambda(Block block) {
    if (tr_is_symbol(block)) return true;
    if (tr_block_is_c(block)) return ((const CBlock *)tr_block_captured(block))->is_lambda;
    return tr_is_proc(block) && tr_proc(block)->is_lambda;
}
