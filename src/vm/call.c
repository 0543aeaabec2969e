/* call.c - from "send this message" to a running method: call sites, C callers, visibility, method_missing,
 * super.
 *
 * Every way of calling fills a Call whose arguments lie on the VM stack (see interp.h) and ends in
 * tr_method_start.
 */
#include "vm/interp.h"
#include "vm/refinement.h"

#include "core/array.h"
#include "core/hash.h"
#include "core/string.h"
#include "vm/ivar.h"
#include "vm/method_table.h"

/* --- caches --- */

/* Lead parameters and keywords: vm/interp.c puts those in order itself. */
static bool iseq_is_keywords(const Iseq *iseq) {
    const Params *p = &iseq->params;
    const KeywordParams *kw = p->keywords;
    return p->opt_count == 0 && p->post_count == 0 && p->rest_start < 0 && kw && kw->count > 0 &&
           kw->count <= 32 && kw->rest_start < 0 && kw->bits_start == (int32_t)(p->lead_count + kw->count) &&
           !p->accepts_no_block && !p->forwardable;
}

static bool iseq_is_simple(const Iseq *iseq) {
    const Params *p = &iseq->params;
    return p->opt_count == 0 && p->post_count == 0 && p->rest_start < 0 && !p->keywords &&
           !p->accepts_no_keywords && !p->accepts_no_block && !p->forwardable;
}

void tr_call_cache_prepare(CallCache *cache) {
    CallKind kind = CALL_SLOW;
    const Method *method = cache->resolved;
    if (method) {
        switch ((MethodKind)method->kind) {
        case METHOD_ISEQ:
            if (!tr_iseq_is_complete(method->as.ruby.iseq)) break; /* see iseq_start */
            if (method->as.ruby.iseq->code && iseq_is_keywords(method->as.ruby.iseq)) {
                kind = CALL_ISEQ_KEYWORDS;
                cache->iseq = method->as.ruby.iseq;
                break;
            }
            if (!iseq_is_simple(method->as.ruby.iseq) || method->as.ruby.iseq->params.lead_count > INT16_MAX)
                break;
            kind = CALL_ISEQ_SIMPLE;
            cache->iseq = method->as.ruby.iseq;
            cache->min = cache->max = (int16_t)method->as.ruby.iseq->params.lead_count;
            break;
        case METHOD_C:
            if (method->flags & METHOD_RACTOR_UNSAFE) break;
            if (method->flags & METHOD_SEND) break;
            kind = method->flags & METHOD_PROC_CALL ? CALL_PROC_CALL
                   : method->flags & METHOD_LEAF    ? CALL_C_LEAF
                                                    : CALL_C;
            cache->fn = method->as.c.fn;
            cache->min = method->as.c.min;
            cache->max = method->as.c.max;
            break;
        case METHOD_ATTR_READER: kind = CALL_READER; break;
        case METHOD_ATTR_WRITER: kind = CALL_WRITER; break;
        default: break;
        }
    }
    cache->kinds[1] = (uint8_t)kind;
    cache->kinds[0] =
        cache->method && cache->method->visibility == VISIBILITY_PUBLIC ? (uint8_t)kind : CALL_SLOW;
}

MAY_GC const CallCache *tr_site_lookup(CallData *data, Class *klass) {
    const CallCache *cache = tr_method_find(klass, data->mid);
    atomic_store_explicit(&data->cache, (CallCache *)cache,
                          memory_order_release); /* pairs with the loads at call sites */
    return cache;
}

static MAY_GC inline const CallCache *site_cache(CallData *data, Class *klass) {
    const CallCache *cache = atomic_load_explicit(&data->cache, memory_order_acquire);
    if (TR_LIKELY(atomic_load_explicit(&cache->klass, memory_order_relaxed) == klass)) return cache;
    return tr_site_lookup(data, klass);
}

Value tr_frame_overflow(Fiber *f) { return tr_raise_stack_overflow(f); }

/* --- blocks as arguments --- */

static MAY_SWITCH MAY_RAISE Value convert_to_proc(Fiber *f, Value v) {
    Value proc = tr_call_if_responds(f, v, TR_ID_to_proc, 0, NULL);
    if (proc == TR_RAISED) return TR_RAISED;
    Class *klass = tr_real_class_of(v);
    if (proc == TR_UNDEF)
        return tr_raise(f, tr_class.type_error, "no implicit conversion of %pC into Proc", klass);
    if (!tr_is_proc(proc))
        return tr_raise(f, tr_class.type_error, "can't convert %pC to Proc (%pC#to_proc gives %pC)", klass,
                        klass, tr_real_class_of(proc));
    return proc;
}

bool tr_block_from_value(Fiber *f, Frame *frame, Value value, Block *block) {
    if (value == TR_NIL || tr_is_symbol(value)) {
        *block = value;
    } else if (value == tr_block_param_proxy) {
        *block = tr_ep_block(frame->captured.ep);
    } else {
        if (!tr_is_proc(value)) value = convert_to_proc(f, value);
        if (value == TR_RAISED) return false;
        *block = value;
    }
    return true;
}

/* --- call sites --- */

/* *args at the end of the positional ones: its elements take its place, what lies behind moves up. */
static MAY_SWITCH MAY_RAISE bool expand_splat(Fiber *f, Frame *frame, Call *call, int name_count) {
    Value *slot = &call->args[call->argc - 1];
    if (!tr_is_array(*slot)) {
        Value array = tr_array_splat(f, *slot);
        if (array == TR_RAISED) return false;
        *slot = array;
    }
    Value array = *slot;
    size_t count = tr_array_count(array);
    if (call->keywords == TR_NIL && name_count == 0 &&
        count > 0) { /* what a ruby2_keywords method collected */
        Value last = tr_array_at(array, count - 1);
        if (tr_is_hash(last) && tr_hash_is_ruby2_keywords(last)) {
            count--;
            if (tr_hash_count(last) > 0) {
                call->keywords = tr_hash_dup(f, last);
                tr_hash_set_ruby2_keywords(call->keywords, false);
                call->keywords_fresh = true;
            }
        }
    }
    if (!tr_stack_fits(f, slot, count + (size_t)name_count)) {
        if (tr_frame_overflow(f) != TR_RAISED) TR_UNREACHABLE();
        return false;
    }
    memmove(slot + count, slot + 1, (size_t)name_count * sizeof(Value));
    memcpy(slot, tr_array(array)->items, count * sizeof(Value));
    call->argc += (int)count - 1;
    frame->sp = slot + count + name_count;
    TR_KEEP(array);
    return true;
}

bool tr_call_prepare(Fiber *f, Frame *frame, const CallData *data, Value *sp, bool has_receiver, Call *call) {
    Value *top = sp;
    Value block_value = TR_NIL;
    call->block = TR_NIL;
    if (data->flags & CALL_ARGS_BLOCKARG) block_value = *--top;
    call->args = top - data->argc;
    call->base = call->args - has_receiver;
    call->receiver = has_receiver ? call->args[-1] : TR_NIL;
    call->argc = (int)data->argc;
    call->names = NULL;
    call->keywords = TR_NIL;
    call->keywords_fresh = false;
    call->mid = data->mid;
    call->flags = data->flags;
    int name_count = 0;
    if (block_value != TR_NIL && !tr_block_from_value(f, frame, block_value, &call->block)) return false;
    if (data->flags & CALL_KWARG) {
        call->names = data->keywords;
        name_count = (int)data->keywords->count;
        call->argc -= name_count;
    } else if (data->flags & CALL_KW_SPLAT) {
        Value hash = *--top;
        call->argc--;
        if (hash != TR_NIL) {
            if (!tr_is_hash(hash)) hash = tr_to_hash(f, hash);
            if (hash == TR_RAISED) return false;
            if (tr_hash_count(hash) > 0) call->keywords = hash;
            call->keywords_fresh = (data->flags & CALL_KW_SPLAT_MUT) != 0;
        }
    }
    if ((data->flags & CALL_ARGS_SPLAT) && !expand_splat(f, frame, call, name_count)) return false;
    return true;
}

#define CALL_COMPLEX (CALL_ARGS_SPLAT | CALL_ARGS_BLOCKARG | CALL_KWARG | CALL_KW_SPLAT | CALL_FORWARDING)

/* The Call of a site with neither splat, keywords nor block argument. */
static inline void prepare_simple(const CallData *data, Value *sp, Call *call) {
    call->args = sp - data->argc;
    call->base = call->args - 1;
    call->receiver = *call->base;
    call->argc = (int)data->argc;
    call->names = NULL;
    call->keywords = TR_NIL;
    call->keywords_fresh = false;
    call->block = TR_NIL;
    call->mid = data->mid;
    call->flags = data->flags;
}

Value tr_send_start(Fiber *f, Frame *frame, CallData *data, Value *sp, const Iseq *block) {
    Call call;
    if (data->flags & CALL_COMPLEX) {
        if (!tr_call_prepare(f, frame, data, sp, true, &call)) return TR_RAISED;
    } else {
        prepare_simple(data, sp, &call);
    }
    if (block) {
        frame->captured.iseq = block;
        call.block = tr_block_from_captured(&frame->captured);
    }
    const CallCache *cache = site_cache(data, tr_class_of(call.receiver));
    if (TR_UNLIKELY(cache->is_refined)) {
        const RefinementList *active = tr_refinements_active(tr_ep_cref(f, frame->captured.ep));
        if (active) cache = tr_method_find_refined(active, tr_class_of(call.receiver), call.mid);
    }
    return tr_call_start(f, &call, cache);
}

/* --- running a method --- */

/* method_missing(mid, *args), or the error at once when nobody has his own. */
static MAY_SWITCH MAY_RAISE Value missing_start(Fiber *f, Call *call, enum MissingReason reason) {
    if (reason == MISSING_NONE && (call->flags & CALL_VCALL)) reason = MISSING_VCALL;
    else if (reason == MISSING_NONE && (call->flags & CALL_FCALL)) reason = MISSING_FCALL;
    const CallCache *cache = tr_method_find(tr_class_of(call->receiver), TR_ID_method_missing);
    const Method *method = cache->resolved;
    if (!method || call->mid == TR_ID_method_missing ||
        ((method->flags & METHOD_BASIC) && method->owner == tr_class.basic_object))
        return tr_raise_missing(f, call->receiver, call->mid, reason, call->argc, call->args);
    size_t words = (size_t)call->argc + (call->names ? call->names->count : 0);
    if (!tr_stack_fits(f, call->args, words + 1)) return tr_frame_overflow(f);
    memmove(call->args + 1, call->args, words * sizeof(Value));
    call->args[0] = tr_value_from_id(call->mid);
    call->argc++;
    if (f->frame->sp < call->args + words + 1) f->frame->sp = call->args + words + 1;
    call->mid = TR_ID_method_missing;
    call->flags |= CALL_FCALL;
    tr_fiber_vm(f)->missing_reason = reason;
    return tr_method_start(f, call, method);
}

Value tr_call_start(Fiber *f, Call *call, const CallCache *cache) {
    const Method *method = cache->method;
    if (TR_UNLIKELY(!method || !cache->resolved)) return missing_start(f, call, MISSING_NONE);
    if (method->visibility != VISIBILITY_PUBLIC && !(call->flags & CALL_FCALL)) {
        if (method->visibility == VISIBILITY_PRIVATE) return missing_start(f, call, MISSING_PRIVATE);
        if (method->visibility == VISIBILITY_PROTECTED &&
            ((call->flags & CALL_PUBLIC_ONLY) || !tr_is_kind_of(f->frame->captured.self, method->owner)))
            return missing_start(f, call, MISSING_PROTECTED);
    }
    return tr_method_start(f, call, cache->resolved);
}

/* receiver.send(name, …): the name is taken off, and the call begins anew. */
static MAY_SWITCH MAY_RAISE Value send_start(Fiber *f, Call *call) {
    if (call->argc == 0) return tr_raise(f, tr_class.argument_error, "no method name given");
    Id mid = tr_is_symbol(call->args[0]) ? tr_symbol_id(call->args[0]) : tr_to_id(f, call->args[0]);
    if (!mid) return TR_RAISED;
    call->mid = mid;
    call->args++;
    call->argc--;
    call->flags |= CALL_FCALL;
    call->flags &= ~(uint32_t)CALL_VCALL;
    return tr_call_start(f, call, tr_method_find_for_caller(f, tr_class_of(call->receiver), mid));
}

/* proc.call(…); the receiver may be the stand-in for the calling method's block. */
static MAY_SWITCH MAY_RAISE Value proc_call_start(Fiber *f, Call *call) {
    Value proc = call->receiver;
    if (proc == tr_block_param_proxy) {
        const Frame *frame = f->frame;
        while (!frame->iseq) frame = frame->prev;
        proc = tr_ep_block(frame->captured.ep);
    }
    return tr_block_start(f, call, proc, NULL);
}

static MAY_SWITCH MAY_RAISE Value c_start(Fiber *f, Call *call, const Method *method) {
    Value keywords = TR_NIL;
    Frame *frame = f->frame;
    if (method->flags & METHOD_PROC_CALL) return proc_call_start(f, call);
    if (method->flags & METHOD_SEND) return send_start(f, call);
    if (call->names || call->keywords != TR_NIL) {
        if (!(method->flags & METHOD_KEYWORDS)) {
            if (!tr_args_keywords_to_hash(f, call)) return TR_RAISED;
        } else {
            keywords =
                call->names ? tr_args_hash_of_names(f, call->names, &call->args[call->argc]) : call->keywords;
            if (keywords == TR_RAISED) return TR_RAISED;
        }
    }
    Value *top = frame->sp < call->args + call->argc ? call->args + call->argc : frame->sp;
    frame->sp = top;
    if (!tr_stack_fits(f, top, 0)) return tr_frame_overflow(f);
    Frame *pushed = tr_frame_push(f, top + 2, (Value)method, call->block, FRAME_C | FRAME_LOCAL, NULL, NULL,
                                  call->receiver);
    pushed->method = method;
    Value v;
    int argc = call->argc;
    if (TR_UNLIKELY(argc < method->as.c.min || (method->as.c.max >= 0 && argc > method->as.c.max))) {
        v = tr_raise_argc(f, argc, method->as.c.min, method->as.c.max);
    } else {
        Args args = {argc, call->args, call->block, keywords};
        v = method->as.c.fn(f, call->receiver, &args);
    }
    f->frame = frame;
    return v;
}

static MAY_SWITCH MAY_RAISE Value iseq_start(Fiber *f, Call *call, const Method *method) {
    const Iseq *iseq = method->as.ruby.iseq;
    if (TR_UNLIKELY(!tr_iseq_is_complete(iseq))) {
        tr_iseq_complete(f, (Iseq *)iseq);
        tr_method_forget(method->owner, call->mid); /* the next call finds out what kind it is */
    }
    int start = tr_args_setup(f, iseq, call, ARGS_METHOD, method);
    if (start < 0) return TR_RAISED;
    f->frame->sp = call->base;
    tr_frame_push(f, tr_locals_ep(call->args, iseq), (Value)method, call->block, FRAME_METHOD | FRAME_LOCAL,
                  iseq, iseq->code + start, call->receiver);
    return TR_UNDEF;
}

static MAY_SWITCH MAY_RAISE Value attr_start(Fiber *f, Call *call, const Method *method) {
    int want = method->kind == METHOD_ATTR_WRITER;
    if (!tr_args_keywords_to_hash(f, call)) return TR_RAISED;
    if (call->argc != want) return tr_raise_argc(f, call->argc, want, want);
    IvarCache *cache = (IvarCache *)&method->as.attr.cache;
    return want ? tr_ivar_set_cached(f, call->receiver, method->as.attr.ivar, call->args[0], cache)
                : tr_ivar_get_cached(f, call->receiver, method->as.attr.ivar, cache);
}

static MAY_SWITCH MAY_RAISE Value proc_method_start(Fiber *f, Call *call, const Method *method) {
    bool foreign = false;
    Value proc = tr_cell_get(f, method->as.proc.proc, &foreign);
    if (foreign || proc == TR_UNDEF)
        return tr_raise(f, tr_class.runtime_error, "defined with an un-shareable Proc in a different Ractor");
    BlockCall how = {.self = call->receiver, .cref = TR_FALSE, .method = method, .is_lambda = true};
    return tr_block_start(f, call, proc, &how);
}

Value tr_method_start(Fiber *f, Call *call, const Method *method) {
    switch ((MethodKind)method->kind) {
    case METHOD_ISEQ: return iseq_start(f, call, method);
    case METHOD_C:
        if (TR_UNLIKELY((method->flags & METHOD_RACTOR_UNSAFE) && !tr_ractor_is_main(f->ractor)))
            return tr_raise(f, tr_class.ractor_unsafe_error,
                            "ractor unsafe method called from not main ractor");
        return c_start(f, call, method);
    case METHOD_ATTR_READER:
    case METHOD_ATTR_WRITER: return attr_start(f, call, method);
    case METHOD_PROC: return proc_method_start(f, call, method);
    case METHOD_ALIAS: return tr_method_start(f, call, method->as.alias.target);
    case METHOD_ZSUPER: {
        const CallCache *cache =
            tr_method_find_super(tr_class_of(call->receiver), method->defined_class, method->called_id);
        if (!cache->resolved) return missing_start(f, call, MISSING_NONE);
        return tr_method_start(f, call, cache->resolved);
    }
    case METHOD_REFINED:
    case METHOD_UNDEF: return missing_start(f, call, MISSING_NONE);
    case METHOD_NOT_IMPLEMENTED:
        return tr_raise(f, tr_class.not_implemented_error, "%pI() function is unimplemented on this machine",
                        call->mid);
    }
    TR_UNREACHABLE();
}

/* --- super --- */

Value tr_super_start(Fiber *f, Frame *frame, CallData *data, Value *sp, const Iseq *block) {
    Call call;
    const Method *method = tr_ep_method(frame->captured.ep);
    if (!method) return tr_raise(f, tr_class.no_method_error, "super called outside of method");
    if ((data->flags & CALL_ZSUPER) && method->kind == METHOD_PROC)
        return tr_raise(
            f, tr_class.runtime_error,
            "implicit argument passing of super from method defined by define_method() is not supported."
            " Specify all arguments explicitly.");
    if (!tr_call_prepare(f, frame, data, sp, true, &call)) return TR_RAISED;
    if (block) {
        frame->captured.iseq = block;
        call.block = tr_block_from_captured(&frame->captured);
    } else if (!(data->flags & CALL_ARGS_BLOCKARG)) {
        call.block = tr_ep_block(frame->captured.ep);
    }
    call.receiver = frame->captured.self;
    call.mid = method->original_id;
    call.flags |= CALL_FCALL | CALL_SUPER;
    Class *klass = tr_class_of(call.receiver);
    const CallCache *cache = atomic_load_explicit(&data->cache, memory_order_acquire);
    if (atomic_load_explicit(&cache->klass, memory_order_relaxed) != klass ||
        cache->super_of != method->defined_class || cache->mid != call.mid) {
        if (!(method->defined_class->flags & CLASS_REFINEMENT) &&
            !tr_is_kind_of(call.receiver, method->defined_class))
            return tr_raise(f, tr_class.type_error, "self has wrong type to call super in this context: %pV",
                            call.receiver);
        cache = tr_method_find_super(klass, method->defined_class, call.mid);
        atomic_store_explicit(&data->cache, (CallCache *)cache,
                              memory_order_release); /* pairs with the load above */
    }
    if (!cache->resolved) return missing_start(f, &call, MISSING_SUPER);
    return tr_method_start(f, &call, cache->resolved);
}

Value tr_call_super(Fiber *f, int argc, const Value *argv) {
    Frame *frame = f->frame;
    const Method *method = tr_frame_method(frame);
    if (!method) return tr_raise(f, tr_class.runtime_error, "super called outside of method");
    Value *sp = frame->sp;
    if (tr_stack_is_low(f) || !tr_stack_fits(f, sp, (size_t)argc + 1)) return tr_frame_overflow(f);
    Value self = frame->captured.self;
    sp[0] = self;
    memcpy(sp + 1, argv, (size_t)argc * sizeof(Value));
    frame->sp = sp + 1 + argc;
    Call call = {.receiver = self,
                 .base = sp,
                 .args = sp + 1,
                 .argc = argc,
                 .keywords = TR_NIL,
                 .block = frame->captured.ep[-1],
                 .mid = method->original_id,
                 .flags = CALL_FCALL | CALL_SUPER};
    const CallCache *cache = tr_method_find_super(tr_class_of(self), method->defined_class, call.mid);
    Value v =
        cache->resolved ? tr_method_start(f, &call, cache->resolved) : missing_start(f, &call, MISSING_SUPER);
    v = tr_vm_complete(f, v);
    frame->sp = sp;
    return v;
}

/* --- from C --- */

/* Pushes receiver and arguments, and runs. `method` NULL: look it up. */
static MAY_SWITCH MAY_RAISE Value call_from_c(Fiber *f, Value receiver, Id mid, const Method *method,
                                              int argc, const Value *argv, Block block, Value keywords,
                                              uint32_t flags) {
    Frame *frame = f->frame;
    Value *sp = frame->sp;
    if (TR_UNLIKELY(tr_stack_is_low(f) || !tr_stack_fits(f, sp, (size_t)argc + 1)))
        return tr_frame_overflow(f);
    sp[0] = receiver;
    for (int i = 0; i < argc; i++) sp[1 + i] = argv[i];
    frame->sp = sp + 1 + argc;
    if (keywords != TR_NIL && tr_hash_count(keywords) == 0) keywords = TR_NIL;
    Call call = {.receiver = receiver, .base = sp, .args = sp + 1, .argc = argc, .keywords = keywords,
                 .block = block, .mid = mid, .flags = flags};
    Value v = method ? tr_method_start(f, &call, method)
                     : tr_call_start(f, &call, tr_method_find(tr_class_of(receiver), mid));
    v = tr_vm_complete(f, v);
    frame->sp = sp;
    return v;
}

Value tr_callv(Fiber *f, Value receiver, Id mid, int argc, const Value *argv) {
    return call_from_c(f, receiver, mid, NULL, argc, argv, TR_NIL, TR_NIL, CALL_FCALL);
}

Value tr_call(Fiber *f, Value receiver, Id mid, int argc, ...) {
    Value argv[argc > 0 ? argc : 1];
    va_list list;
    va_start(list, argc);
    for (int i = 0; i < argc; i++) argv[i] = va_arg(list, Value);
    va_end(list);
    return call_from_c(f, receiver, mid, NULL, argc, argv, TR_NIL, TR_NIL, CALL_FCALL);
}

Value tr_call_full(Fiber *f, Value receiver, Id mid, int argc, const Value *argv, Block block, Value keywords,
                   bool is_public) {
    return call_from_c(f, receiver, mid, NULL, argc, argv, block, keywords,
                       is_public ? CALL_PUBLIC_ONLY : CALL_FCALL);
}

Value tr_call_method(Fiber *f, const Method *method, Value receiver, int argc, const Value *argv, Block block,
                     Value keywords) {
    return call_from_c(f, receiver, method->called_id, method, argc, argv, block, keywords, CALL_FCALL);
}

Value tr_call_with_cblock(Fiber *f, Value receiver, Id mid, int argc, const Value *argv, CBlockFn fn,
                          Value data) {
    CBlock block = {.captured = {f->frame->captured.self, f->frame->captured.ep, NULL},
                    .fn = fn,
                    .data = data,
                    .min = 0,
                    .max = -1,
                    .is_lambda = false};
    return call_from_c(f, receiver, mid, NULL, argc, argv, tr_block_from_c(&block), TR_NIL, CALL_FCALL);
}

Value tr_break(Fiber *f, const void *tag, Value value) {
    f->unwind = (Unwind){.kind = UNWIND_THROW, .value = value, .tag = TR_NIL, .target = tag};
    return TR_RAISED;
}

bool tr_broken(Fiber *f, const void *tag, Value *value) {
    if (f->unwind.kind != UNWIND_THROW || f->unwind.target != tag) return false;
    *value = f->unwind.value;
    f->unwind = (Unwind){.kind = UNWIND_NONE, .value = TR_NIL, .tag = TR_NIL};
    return true;
}

MAY_GC bool tr_method_is_basic(Value receiver, Id mid) {
    const CallCache *cache = tr_method_find(tr_class_of(receiver), mid);
    return cache->resolved && (cache->resolved->flags & METHOD_BASIC);
}

/* respond_to_missing?: -1 raised, 0, 1. */
static MAY_SWITCH MAY_RAISE int asks_missing(Fiber *f, Value receiver, Id mid, bool include_private) {
    const CallCache *cache = tr_method_find(tr_class_of(receiver), TR_ID_respond_to_missing_p);
    if (!cache->resolved || (cache->resolved->flags & METHOD_BASIC)) return 0;
    Value v =
        tr_call(f, receiver, TR_ID_respond_to_missing_p, 2, tr_value_from_id(mid), tr_bool(include_private));
    return v == TR_RAISED ? -1 : tr_is_truthy(v);
}

/* A respond_to? that the user wrote: -1 raised, 0, 1; -2: there is none. */
static MAY_SWITCH MAY_RAISE int asks_respond_to(Fiber *f, Value receiver, Id mid, bool include_private) {
    const CallCache *cache = tr_method_find(tr_class_of(receiver), TR_ID_respond_to_p);
    if (!cache->resolved || (cache->resolved->flags & METHOD_BASIC)) return -2;
    int max = 2;
    int arity = tr_method_arity(cache->resolved);
    if (arity == 1) max = 1;
    Value argv[2] = {tr_value_from_id(mid), tr_bool(include_private)};
    Value v = tr_callv(f, receiver, TR_ID_respond_to_p, max, argv);
    return v == TR_RAISED ? -1 : tr_is_truthy(v);
}

int tr_responds_to(Fiber *f, Value receiver, Id mid, bool include_private) {
    int own = asks_respond_to(f, receiver, mid, include_private);
    if (own != -2) return own;
    const CallCache *cache = tr_method_find(tr_class_of(receiver), mid);
    if (cache->method && cache->resolved && cache->resolved->kind != METHOD_NOT_IMPLEMENTED &&
        (include_private || cache->method->visibility == VISIBILITY_PUBLIC))
        return 1;
    return asks_missing(f, receiver, mid, include_private);
}

Value tr_call_if_responds(Fiber *f, Value receiver, Id mid, int argc, const Value *argv) {
    const CallCache *cache = tr_method_find(tr_class_of(receiver), mid);
    int answer = asks_respond_to(f, receiver, mid, true);
    if (answer == -1) return TR_RAISED;
    if (answer == 0) return TR_UNDEF;
    if (!cache->method || !cache->resolved) {
        if (answer == -2) answer = asks_missing(f, receiver, mid, true);
        if (answer == -1) return TR_RAISED;
        if (answer != 1) return TR_UNDEF;
        const CallCache *missing = tr_method_find(tr_class_of(receiver), TR_ID_method_missing);
        if (!missing->resolved || (missing->resolved->flags & METHOD_BASIC)) return TR_UNDEF;
    }
    return tr_callv(f, receiver, mid, argc, argv);
}

Value tr_new(Fiber *f, Class *klass, int argc, const Value *argv) {
    return call_from_c(f, (Value)klass, TR_ID_new, NULL, argc, argv, TR_NIL, TR_NIL, CALL_FCALL);
}

/* opt_respond_to: `recv.respond_to?(:literal)`, with two caches: the lookup of respond_to?, and the method
 * asked for. TR_UNDEF: a frame was pushed. */
Value tr_insn_respond_to(Fiber *f, Frame *frame, RespondCallData *data, Value *sp) {
    Value receiver = sp[-2];
    Class *klass = tr_class_of(receiver);
    const CallCache *question = site_cache(&data->call, klass);
    bool is_basic = question->resolved && (question->resolved->flags & METHOD_BASIC) &&
                    question->resolved->owner == tr_class.kernel && tr_is_symbol(sp[-1]) &&
                    data->call.argc == 1;
    if (!is_basic) return tr_send_start(f, frame, &data->call, sp, NULL);
    const CallCache *asked = atomic_load_explicit(&data->asked, memory_order_acquire);
    Id mid = tr_symbol_id(sp[-1]);
    if (atomic_load_explicit(&asked->klass, memory_order_relaxed) != klass || asked->mid != mid) {
        asked = tr_method_find(klass, mid);
        atomic_store_explicit(&data->asked, (CallCache *)asked,
                              memory_order_release); /* pairs with the load above */
    }
    if (TR_UNLIKELY(asked->is_refined)) asked = tr_method_find_for_caller(f, klass, mid);
    if (asked->method && asked->resolved && asked->resolved->kind != METHOD_NOT_IMPLEMENTED &&
        asked->method->visibility == VISIBILITY_PUBLIC)
        return TR_TRUE;
    int answer = asks_missing(f, receiver, mid, false);
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}
