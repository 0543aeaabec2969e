/* interp.c - the interpreter loop: one label per row of insns.def, direct-threaded.
 *
 * The loop keeps pc (at the opcode of the running instruction), sp, ep and the frame in locals. An
 * instruction that may allocate, raise or run Ruby code stores them first (SAVE: frame->pc is then the *next*
 * instruction, as backtraces and catch tables want it) and reads ep again afterwards, because environments
 * may have moved to the heap. A Ruby method or block is started by pushing its frame and going on; leaving a
 * frame with FRAME_FINISH returns to C.
 *
 * Handlers here are short and have the fast paths of the built-in classes; everything longer is called out
 * for.
 */
#include "vm/interp.h"

#include "core/array.h"
#include "core/core.h"
#include "core/hash.h"
#include "core/numeric.h"
#include "core/string.h"
#include "vm/constant.h"
#include "vm/interp_arith.h"
#include "vm/ivar.h"

#define CALL_COMPLEX (CALL_ARGS_SPLAT | CALL_ARGS_BLOCKARG | CALL_KWARG | CALL_KW_SPLAT | CALL_FORWARDING)

/* A C method on arguments that lie on the stack below sp: pushes its frame (for backtraces, its block,
 * super), runs it. */
static inline MAY_SWITCH MAY_RAISE Value run_c(Fiber *f, Frame *frame, Value *sp, const Method *method,
                                               MethodFn fn, Value self, int argc, const Value *argv,
                                               Block block) {
    if (TR_UNLIKELY(!tr_stack_fits(f, sp, 0))) return tr_frame_overflow(f);
    Frame *pushed = tr_frame_push(f, sp + 2, (Value)method, block, FRAME_C | FRAME_LOCAL, NULL, NULL, self);
    pushed->method = method;
    Args args = {argc, argv, block, TR_NIL};
    Value v = fn(f, self, &args);
    f->frame = frame;
    return v;
}

/* The frame of an iseq with only lead parameters, all given at `locals`: its ep, behind which the Frame lies.
 * NULL: there is no room. What the loop writes before it is read (pc, sp) is left out. */
static inline Value *push_simple(Fiber *f, Frame *frame, const Iseq *iseq, Value *locals, uint32_t given,
                                 Value method_or_cref, Value specval, Value flags, Value self) {
    uint32_t count = iseq->local_count;
    Value *ep = locals + count + 2;
    if (TR_UNLIKELY(!tr_stack_fits(f, ep, 1 + TR_FRAME_WORDS + iseq->stack_max))) return NULL;
    for (uint32_t i = given; i < count; i++) locals[i] = TR_NIL;
    ep[-2] = method_or_cref;
    ep[-1] = specval;
    ep[0] = flags;
    Frame *pushed = (Frame *)(ep + 1);
    pushed->iseq = iseq;
    pushed->captured.self = self;
    pushed->captured.ep = ep;
    pushed->prev = frame;
    f->frame = pushed;
    return ep;
}
/* Goes on in the frame behind `pushed_ep`. */
#define ENTER_PUSHED(pushed_ep, iseq) do { \
        ep = (pushed_ep); \
        if (TR_UNLIKELY(!ep)) goto overflow; \
        frame = (Frame *)(ep + 1); \
        sp = (Value *)(frame + 1); \
        pc = (iseq)->code; \
        DISPATCH(); \
    } while (0)

#define MOST_FAST_KEYWORDS 8

/* The frame of a CALL_ISEQ_KEYWORDS method for a call whose only extras are keywords by name: their values,
 * behind the positional ones, are put in the order of the parameters. false: something is missing or unknown,
 * the general path will tell. */
static bool push_with_keywords(Fiber *f, Frame *frame, const CallCache *cache, const CallData *data,
                               Value *args, Block block) {
    const Iseq *iseq = cache->iseq;
    const KeywordParams *kw = iseq->params.keywords;
    const CallKeywords *names = data->keywords;
    uint32_t given = names->count, lead = iseq->params.lead_count;
    if (data->argc - given != lead || given > MOST_FAST_KEYWORDS || !tr_iseq_fits(f, args, iseq))
        return false;
    Value values[MOST_FAST_KEYWORDS], *params = args + lead;
    for (uint32_t i = 0; i < given; i++) values[i] = params[i];
    uint32_t used = 0;
    uint64_t absent = 0;
    for (uint32_t i = 0; i < kw->count; i++) {
        uint32_t at = i; /* usually written in the order of the parameters */
        if (at >= given || names->names[at] != kw->names[i])
            for (at = 0; at < given && names->names[at] != kw->names[i]; at++) {}
        if (at < given) {
            params[i] = values[at];
            used++;
        } else if (i < kw->required_count) {
            goto restore;
        } else {
            Value v = kw->defaults[i - kw->required_count];
            if (v == TR_UNDEF) {
                v = TR_NIL;
                absent |= (uint64_t)1 << (i - kw->required_count);
            }
            params[i] = v;
        }
    }
    if (used < given) goto restore;
    params[kw->count] = tr_value_from_fixnum((int64_t)absent);
    uint32_t count = iseq->local_count;
    for (uint32_t i = lead + kw->count + 1; i < count; i++) args[i] = TR_NIL;
    frame->sp = args - 1;
    tr_frame_push(f, args + count + 2, (Value)cache->resolved, block, FRAME_METHOD | FRAME_LOCAL, iseq,
                  iseq->code, args[-1]);
    return true;
restore:
    for (uint32_t i = 0; i < given; i++) params[i] = values[i];
    return false;
}

/* Whether `klass` still answers `mid` of the site with a method that was there at boot and belongs to
 * `owner`. */
static MAY_GC inline bool site_is_basic(CallData *data, Class *klass, const Class *owner) {
    const CallCache *cache = atomic_load_explicit(&data->cache, memory_order_acquire);
    if (TR_UNLIKELY(atomic_load_explicit(&cache->klass, memory_order_relaxed) != klass))
        cache = tr_site_lookup(data, klass);
    return cache->resolved && (cache->resolved->flags & METHOD_BASIC) && cache->resolved->owner == owner &&
           cache->kinds[0] != CALL_SLOW; /* which a private one is */
}

static inline void store_local(Value *ep, uint64_t index, Value v) {
    if (TR_UNLIKELY(ep[0] & FRAME_ESCAPED)) tr_write(ep[1], &ep[-(int64_t)index], v);
    else ep[-(int64_t)index] = v;
}

static inline Value *ep_at_level(Value *ep, uint64_t level) {
    while (level-- > 0) ep = tr_ep_parent(ep);
    return ep;
}

#define OPERAND(i) (pc[1 + (i)])
#define DISPATCH() goto *(const void *)(uintptr_t)*pc
#define NEXT(operands) do { pc += 1 + (operands); DISPATCH(); } while (0)
#define SAVE(operands) (frame->pc = pc + 1 + (operands), frame->sp = sp)
#define RELOAD_EP() (ep = frame->captured.ep)
#define RELOAD() (frame = f->frame, pc = frame->pc, sp = frame->sp, ep = frame->captured.ep)
/* The result of something that may have raised replaces `pops` operands. */
#define FINISH_VALUE(operands, pops, value) do { \
        Value result_ = (value); \
        RELOAD_EP(); \
        sp -= (pops); \
        if (TR_UNLIKELY(result_ == TR_RAISED)) { frame->sp = sp; goto raised; } \
        *sp++ = result_; \
        NEXT(operands); \
    } while (0)
#define OP(name) op_##name:

/* The binary operators with operands in registers; `slow` answers TR_UNDEF when the method must be called. */
#define BINARY_SLOW(slow) do { \
        SAVE(1); \
        Value answer_ = slow(f, sp[-2], sp[-1]); \
        if (answer_ == TR_UNDEF) goto send_simple; \
        FINISH_VALUE(1, 2, answer_); \
    } while (0)
#define BOTH_FIXNUM(a, b) TR_LIKELY((a) & (b) & 1)
#define BOTH_FLONUM(a, b) (((a) & 3) == 2 && ((b) & 3) == 2)

/* The truth of a test with one operand word that took `pops` values. A branch that follows is done at once.
 */
#define FINISH_TEST(pops, truth) do { \
        bool truth_ = (truth); \
        sp -= (pops); \
        pc += 2; \
        if (TR_LIKELY(*pc == (CodeWord)(uintptr_t)&&op_branchunless)) { \
            if (truth_) NEXT(1); \
            goto branch; \
        } \
        if (*pc == (CodeWord)(uintptr_t)&&op_branchif) { \
            if (!truth_) NEXT(1); \
            goto branch; \
        } \
        *sp++ = tr_bool(truth_); \
        DISPATCH(); \
    } while (0)
#define COMPARISON(name, bop, op) \
    OP(name) { \
        Value a = sp[-2], b = sp[-1]; \
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(bop, BOP_INTEGER)) \
            FINISH_TEST(2, (int64_t)a op(int64_t) b); \
        if (BOTH_FLONUM(a, b) && tr_basic_op_intact(bop, BOP_FLOAT)) \
            FINISH_TEST(2, tr_flonum(a) op tr_flonum(b)); \
        BINARY_SLOW(tr_##name##_slow); \
    }

MAY_SWITCH MAY_RAISE static Value run(Fiber *f, const void *const **handlers) {
    static const void *const labels[OP_COUNT] = {
#define INSN(name, operands, pops, pushes, effect) [OP_##name] = &&op_##name,
#include "bytecode/insns.def"
#undef INSN
    };
    if (TR_UNLIKELY(handlers != NULL)) {
        *handlers = labels;
        return TR_NIL;
    }

    Frame *frame;
    const CodeWord *pc;
    Value *sp, *ep;
    RELOAD();
    DISPATCH();

    OP(nop) NEXT(0);

    /* --- variables --- */
    OP(getlocal) {
        *sp++ = ep_at_level(ep, OPERAND(1))[-(int64_t)OPERAND(0)];
        NEXT(2);
    }
    OP(getlocal_WC_0) {
        *sp++ = ep[-(int64_t)OPERAND(0)];
        NEXT(1);
    }
    OP(getlocal_WC_1) {
        *sp++ = tr_ep_parent(ep)[-(int64_t)OPERAND(0)];
        NEXT(1);
    }
    OP(setlocal) {
        store_local(ep_at_level(ep, OPERAND(1)), OPERAND(0), *--sp);
        NEXT(2);
    }
    OP(setlocal_WC_0) {
        store_local(ep, OPERAND(0), *--sp);
        NEXT(1);
    }
    OP(setlocal_WC_1) {
        store_local(tr_ep_parent(ep), OPERAND(0), *--sp);
        NEXT(1);
    }
    OP(getblockparam) {
        SAVE(2);
        FINISH_VALUE(2, 0,
                     tr_insn_getblockparam(f, frame, ep_at_level(ep, OPERAND(1)), (uint32_t)OPERAND(0)));
    }
    OP(setblockparam) {
        Value *env = ep_at_level(ep, OPERAND(1));
        store_local(env, OPERAND(0), *--sp);
        env[0] |= FRAME_BLOCK_PARAM_SET;
        NEXT(2);
    }
    OP(getblockparamproxy) {
        Value *env = ep_at_level(ep, OPERAND(1));
        if (TR_LIKELY(!(env[0] & FRAME_BLOCK_PARAM_SET))) {
            Block block = tr_ep_block(env);
            if (tr_block_is_captured(block) || tr_block_is_c(block)) {
                *sp++ = tr_block_param_proxy;
                NEXT(2);
            }
            if (block == TR_NIL) {
                *sp++ = TR_NIL;
                NEXT(2);
            }
        }
        SAVE(2);
        FINISH_VALUE(2, 0, tr_insn_getblockparamproxy(f, frame, env, (uint32_t)OPERAND(0)));
    }
    OP(getspecial) {
        SAVE(2);
        FINISH_VALUE(2, 0, tr_insn_getspecial(f, frame, (int64_t)OPERAND(0), (int64_t)OPERAND(1)));
    }
    OP(setspecial) {
        SAVE(1);
        tr_svar_set(f, ep, (int64_t)OPERAND(0), sp[-1]);
        sp--;
        NEXT(1);
    }
    OP(getinstancevariable) {
        Value self = frame->captured.self;
        IvarCache *cache = (IvarCache *)OPERAND(1);
        if (TR_LIKELY(tr_is_type(self, TYPE_OBJECT))) {
            const Object *object = (const Object *)self;
            uint64_t word = atomic_load_explicit(&cache->word, memory_order_relaxed);
            uint32_t slot = word & 0xffff;
            if (TR_LIKELY((uint32_t)(word >> 40) == object->h.aux && slot != 0)) {
                *sp++ = object->slots[slot - 1];
                NEXT(2);
            }
        }
        SAVE(2);
        FINISH_VALUE(2, 0, tr_ivar_get_cached(f, self, (Id)OPERAND(0), cache));
    }
    OP(setinstancevariable) {
        SAVE(2);
        Value v =
            tr_ivar_set_cached(f, frame->captured.self, (Id)OPERAND(0), sp[-1], (IvarCache *)OPERAND(1));
        sp--;
        if (TR_UNLIKELY(v == TR_RAISED)) goto raised;
        NEXT(2);
    }
    OP(getclassvariable) {
        SAVE(2);
        Class *klass = tr_cvar_base(f, tr_ep_cref(f, ep));
        if (!klass) goto raised;
        FINISH_VALUE(2, 0, tr_cvar_get_cached(f, klass, (Id)OPERAND(0), (IvarCache *)OPERAND(1)));
    }
    OP(setclassvariable) {
        SAVE(2);
        Class *klass = tr_cvar_base(f, tr_ep_cref(f, ep));
        if (!klass ||
            tr_cvar_set_cached(f, klass, (Id)OPERAND(0), sp[-1], (IvarCache *)OPERAND(1)) == TR_RAISED)
            goto raised;
        sp--;
        NEXT(2);
    }
    OP(opt_getconstant_path) {
        ConstCache *cache = (ConstCache *)OPERAND(0);
        Value v = tr_const_cache_try(f, cache);
        if (TR_LIKELY(v != TR_UNDEF)) {
            *sp++ = v;
            NEXT(1);
        }
        SAVE(1);
        FINISH_VALUE(1, 0, tr_const_cache_fill(f, cache, tr_ep_cref(f, ep)));
    }
    OP(getconstant) {
        SAVE(1);
        Value scope = sp[-2];
        Id name = (Id)OPERAND(0);
        bool is_bare = scope == TR_NIL && sp[-1] == TR_TRUE; /* allow_nil: no scope was written */
        FINISH_VALUE(1, 2,
                     is_bare ? tr_const_get_lexical(f, tr_ep_cref(f, ep), name)
                             : tr_const_get_public(f, scope, name));
    }
    OP(setconstant) {
        SAVE(1);
        if (TR_UNLIKELY(!tr_is_module(sp[-1]))) {
            Value text = tr_inspect(f, sp[-1]);
            if (text != TR_RAISED) text = tr_raise(f, tr_class.type_error, "%pV is not a class/module", text);
            goto raised;
        }
        if (tr_const_set(f, (Class *)sp[-1], (Id)OPERAND(0), sp[-2]) == TR_RAISED) goto raised;
        RELOAD_EP();
        sp -= 2;
        NEXT(1);
    }
    OP(getglobal) {
        SAVE(1);
        FINISH_VALUE(1, 0, tr_global_get(f, (Id)OPERAND(0)));
    }
    OP(setglobal) {
        SAVE(1);
        Value v = tr_global_set(f, (Id)OPERAND(0), sp[-1]);
        RELOAD_EP();
        sp--;
        if (v == TR_RAISED) goto raised;
        NEXT(1);
    }

    /* --- literals --- */
    OP(putnil) {
        *sp++ = TR_NIL;
        NEXT(0);
    }
    OP(putself) {
        *sp++ = frame->captured.self;
        NEXT(0);
    }
    OP(putobject) {
        *sp++ = OPERAND(0);
        NEXT(1);
    }
    OP(putobject_INT2FIX_0_) {
        *sp++ = TR_FIX(0);
        NEXT(0);
    }
    OP(putobject_INT2FIX_1_) {
        *sp++ = TR_FIX(1);
        NEXT(0);
    }
    OP(putspecialobject) {
        SAVE(1);
        switch (OPERAND(0)) {
        case SPECIAL_VMCORE: *sp++ = tr_vm_core(); break;
        case SPECIAL_CBASE: {
            Class *definee = tr_cref_definee(f, tr_ep_cref(f, ep), frame->captured.self);
            if (!definee) goto raised;
            *sp++ = (Value)definee;
            break;
        }
        default: *sp++ = (Value)tr_const_base(tr_ep_cref(f, ep)); break;
        }
        NEXT(1);
    }
    OP(putstring) {
        SAVE(1);
        Value v = tr_string_dup(f, OPERAND(0));
        *sp++ = v;
        NEXT(1);
    }
    OP(putchilledstring) {
        SAVE(1);
        Value v = tr_string_chilled(f, OPERAND(0));
        *sp++ = v;
        NEXT(1);
    }
    OP(concatstrings) {
        SAVE(1);
        int64_t count = (int64_t)OPERAND(0);
        FINISH_VALUE(1, count, tr_string_concat_many(f, (int)count, sp - count));
    }
    OP(anytostring) { /* object, what to_s answered: the latter if it is a String */
        SAVE(0);
        Value v = tr_is_string(sp[-1]) ? sp[-1] : tr_any_to_s(f, sp[-2]);
        sp -= 2;
        *sp++ = v;
        NEXT(0);
    }
    OP(objtostring) {
        if (TR_LIKELY(tr_is_string(sp[-1]))) NEXT(1);
        SAVE(1);
        FINISH_VALUE(1, 1, tr_insn_objtostring(f, frame, sp[-1], (CallData *)OPERAND(0)));
    }
    OP(toregexp) {
        SAVE(2);
        int64_t count = (int64_t)OPERAND(1);
        FINISH_VALUE(2, count, tr_insn_toregexp(f, (int)OPERAND(0), (int)count, sp - count));
    }
    OP(intern) {
        SAVE(0);
        FINISH_VALUE(0, 1, tr_string_to_symbol(f, sp[-1]));
    }
    OP(newarray) {
        SAVE(1);
        uint64_t count = OPERAND(0);
        Value v = tr_array_new_from(f, count, sp - count);
        sp -= count;
        *sp++ = v;
        NEXT(1);
    }
    OP(pushtoarraykwsplat) { /* array hash: the hash is an element unless it is nil or empty */
        SAVE(0);
        if (sp[-1] == TR_NIL || tr_hash_count(sp[-1]) == 0) {
            sp--;
            NEXT(0);
        }
        FINISH_VALUE(0, 2, tr_array_push(f, sp[-2], sp[-1]));
    }
    OP(duparray) {
        SAVE(1);
        Value v = tr_array_dup(f, OPERAND(0));
        *sp++ = v;
        NEXT(1);
    }
    OP(duphash) {
        SAVE(1);
        Value v = tr_hash_dup(f, OPERAND(0));
        *sp++ = v;
        NEXT(1);
    }
    OP(expandarray) {
        uint64_t count = OPERAND(0), flags = OPERAND(1);
        if (TR_LIKELY(tr_is_array(sp[-1]) && flags == 0 && tr_array_count(sp[-1]) >= count)) {
            const Value *items = tr_array(sp[-1])->items;
            sp--;
            for (uint64_t i = count; i-- > 0;) *sp++ = items[i];
            NEXT(2);
        }
        SAVE(2);
        bool ok = tr_insn_expandarray(f, sp, sp[-1], count, flags);
        RELOAD_EP();
        if (!ok) goto raised;
        sp += (int64_t)(count + (flags & 1)) - 1;
        NEXT(2);
    }
    OP(concatarray) { /* a b: [*a, *b] as a new Array */
        SAVE(0);
        Value second = tr_array_splat(f, sp[-1]);
        if (second == TR_RAISED) goto raised;
        sp[-1] = second;
        Value first = tr_array_splat(f, sp[-2]);
        if (first == TR_RAISED) goto raised;
        sp[-2] = first = tr_array_dup(f, first);
        FINISH_VALUE(0, 2, tr_array_concat(f, first, sp[-1]));
    }
    OP(concattoarray) { /* a b: a.concat([*b]) */
        SAVE(0);
        Value second = tr_array_splat(f, sp[-1]);
        if (second == TR_RAISED) goto raised;
        sp[-1] = second;
        FINISH_VALUE(0, 2, tr_array_concat(f, sp[-2], second));
    }
    OP(pushtoarray) {
        SAVE(1);
        uint64_t count = OPERAND(0);
        FINISH_VALUE(1, count + 1, tr_array_append(f, sp[-(int64_t)count - 1], sp - count, count));
    }
    OP(splatarray) { /* true: always a new Array */
        SAVE(1);
        Value v = tr_array_splat(f, sp[-1]);
        RELOAD_EP();
        if (v == TR_RAISED) goto raised;
        if (tr_is_truthy(OPERAND(0))) v = tr_array_dup(f, v);
        sp[-1] = v;
        NEXT(1);
    }
    OP(splatkw) { /* hash block: the hash becomes a Hash */
        SAVE(0);
        Value v = tr_insn_splatkw(f, sp[-2]);
        RELOAD_EP();
        if (v == TR_RAISED) goto raised;
        sp[-2] = v;
        NEXT(0);
    }
    OP(newhash) {
        SAVE(1);
        int64_t count = (int64_t)OPERAND(0);
        Value hash = tr_hash_new_capacity(f, (size_t)count / 2);
        for (int64_t i = count; i > 0; i -= 2)
            if (tr_hash_set(f, hash, sp[-i], sp[-i + 1]) == TR_RAISED) goto raised;
        RELOAD_EP();
        sp -= count;
        *sp++ = hash;
        NEXT(1);
    }
    OP(newrange) {
        SAVE(1);
        FINISH_VALUE(1, 2, tr_range_new(f, sp[-2], sp[-1], OPERAND(0) != 0));
    }

    /* --- stack --- */
    OP(pop) {
        sp--;
        NEXT(0);
    }
    OP(dup) {
        sp[0] = sp[-1];
        sp++;
        NEXT(0);
    }
    OP(dupn) {
        uint64_t count = OPERAND(0);
        memcpy(sp, sp - count, count * sizeof(Value));
        sp += count;
        NEXT(1);
    }
    OP(swap) {
        Value v = sp[-1];
        sp[-1] = sp[-2];
        sp[-2] = v;
        NEXT(0);
    }
    OP(opt_reverse) {
        for (Value *low = sp - OPERAND(0), *high = sp - 1; low < high; low++, high--) {
            Value v = *low;
            *low = *high;
            *high = v;
        }
        NEXT(1);
    }
    OP(topn) {
        sp[0] = sp[-(int64_t)OPERAND(0) - 1];
        sp++;
        NEXT(1);
    }
    OP(setn) {
        sp[-(int64_t)OPERAND(0) - 1] = sp[-1];
        NEXT(1);
    }
    OP(adjuststack) {
        sp -= OPERAND(0);
        NEXT(1);
    }

    /* --- definitions and tests --- */
    OP(defined) {
        SAVE(3);
        Value v = tr_insn_defined(f, frame, (int64_t)OPERAND(0), OPERAND(1), sp[-1]);
        FINISH_VALUE(3, 1, v == TR_TRUE ? OPERAND(2) : v == TR_FALSE ? TR_NIL : v);
    }
    OP(definedivar) {
        SAVE(3);
        *sp++ = tr_ivar_is_defined(f, frame->captured.self, (Id)OPERAND(0)) ? OPERAND(2) : TR_NIL;
        NEXT(3);
    }
    OP(checkmatch) {
        SAVE(1);
        FINISH_VALUE(1, 2, tr_insn_checkmatch(f, frame, sp[-2], sp[-1], (int64_t)OPERAND(0)));
    }
    OP(checkkeyword) {
        Value bits = ep[-(int64_t)OPERAND(0)];
        uint64_t index = OPERAND(1);
        bool given =
            tr_is_fixnum(bits) ? !(tr_fixnum(bits) >> index & 1) : tr_array_at(bits, index) == TR_TRUE;
        *sp++ = tr_bool(given);
        NEXT(2);
    }
    OP(checktype) {
        Value v = sp[-1];
        ObjectType type = OPERAND(0) == CHECKTYPE_STRING  ? TYPE_STRING
                          : OPERAND(0) == CHECKTYPE_ARRAY ? TYPE_ARRAY
                                                          : TYPE_HASH;
        sp[-1] = tr_bool(tr_is_type(v, type));
        NEXT(1);
    }
    OP(defineclass) {
        SAVE(3);
        frame->sp = sp;
        Value v = tr_insn_defineclass(f, frame, (Id)OPERAND(0), (const Iseq *)OPERAND(1), (int64_t)OPERAND(2),
                                      sp[-2], sp[-1]);
        if (v == TR_RAISED) goto raised;
        RELOAD();
        DISPATCH();
    }
    OP(definemethod) {
        SAVE(2);
        Value v = tr_insn_definemethod(f, frame, (Id)OPERAND(0), (Iseq *)OPERAND(1));
        RELOAD_EP();
        if (v == TR_RAISED) goto raised;
        NEXT(2);
    }
    OP(definesmethod) {
        SAVE(2);
        Value v = tr_insn_definesmethod(f, frame, (Id)OPERAND(0), (Iseq *)OPERAND(1), sp[-1]);
        RELOAD_EP();
        sp--;
        if (v == TR_RAISED) goto raised;
        NEXT(2);
    }

    /* --- calls --- */
    OP(opt_send_without_block)
send_simple: { /* also where opt_* instructions with the CallData in operand 0, and nothing after it, go on */
        CallData *data = (CallData *)OPERAND(0);
        const CallCache *cache = atomic_load_explicit(&data->cache, memory_order_acquire);
        uint32_t flags = data->flags;
        Value *args = sp - data->argc;
        Value self = args[-1];
        if (TR_LIKELY(!(flags & CALL_COMPLEX))) {
            Class *klass = tr_class_of(self);
            if (TR_UNLIKELY(atomic_load_explicit(&cache->klass, memory_order_relaxed) != klass))
                cache = tr_site_lookup(data, klass);
            uint8_t kind = cache->kinds[flags / CALL_FCALL & 1];
            if (TR_LIKELY(kind == CALL_ISEQ_SIMPLE)) {
                if (TR_LIKELY((int)data->argc == cache->min)) {
                    frame->pc = pc + 2;
                    frame->sp = args - 1;
                    const Iseq *iseq = cache->iseq;
                    ENTER_PUSHED(push_simple(f, frame, iseq, args, data->argc, (Value)cache->resolved, TR_NIL,
                                             FRAME_METHOD | FRAME_LOCAL, self), iseq);
                }
            } else if (kind == CALL_C) {
                int argc = (int)data->argc;
                if (TR_LIKELY(argc >= cache->min && (argc <= cache->max || cache->max < 0))) {
                    SAVE(1);
                    Value v = run_c(f, frame, sp, cache->resolved, cache->fn, self, argc, args, TR_NIL);
                    RELOAD_EP();
                    sp = args - 1;
                    if (TR_UNLIKELY(v == TR_RAISED)) {
                        frame->sp = sp;
                        goto raised;
                    }
                    *sp++ = v;
                    NEXT(1);
                }
            } else if (kind == CALL_READER) {
                if (TR_LIKELY(data->argc == 0)) {
                    SAVE(1);
                    IvarCache *ivar = (IvarCache *)&cache->resolved->as.attr.cache;
                    FINISH_VALUE(1, 1, tr_ivar_get_cached(f, self, cache->resolved->as.attr.ivar, ivar));
                }
            } else if (kind == CALL_C_LEAF) {
                int argc = (int)data->argc;
                if (TR_LIKELY(argc >= cache->min && (argc <= cache->max || cache->max < 0))) {
                    SAVE(1);
                    Args leaf = {argc, args, TR_NIL, TR_NIL};
                    Value v = cache->fn(f, self, &leaf);
                    sp = args;
                    sp[-1] = v;
                    NEXT(1);
                }
            } else if (kind == CALL_PROC_CALL) {
                Block block = self == tr_block_param_proxy ? tr_ep_block(ep) : self;
                if (tr_is_object(block) && tr_proc(block)->kind == PROC_ISEQ)
                    block = (Value)&tr_proc(block)->as.captured | 1;
                else if (!tr_block_is_captured(block)) block = TR_NIL;
                if (block != TR_NIL) {
                    const Captured *captured = tr_block_captured(block);
                    const Iseq *iseq = captured->iseq;
                    if (iseq->params.is_simple && iseq->params.lead_count == data->argc &&
                        (data->argc != 1 || iseq->params.ambiguous_param0)) {
                        bool is_lambda = self != tr_block_param_proxy && tr_proc(self)->is_lambda;
                        frame->pc = pc + 2;
                        frame->sp = args - 1;
                        Value block_flags = is_lambda ? FRAME_BLOCK | FRAME_LAMBDA : FRAME_BLOCK;
                        ENTER_PUSHED(push_simple(f, frame, iseq, args, data->argc, TR_FALSE,
                                                 (Value)captured->ep, block_flags, captured->self),
                                     iseq);
                    }
                }
            } else if (kind == CALL_WRITER) {
                if (TR_LIKELY(data->argc == 1)) {
                    SAVE(1);
                    IvarCache *ivar = (IvarCache *)&cache->resolved->as.attr.cache;
                    FINISH_VALUE(1, 2,
                                 tr_ivar_set_cached(f, self, cache->resolved->as.attr.ivar, args[0], ivar));
                }
            }
        }
        if ((flags & CALL_COMPLEX) == CALL_KWARG &&
            atomic_load_explicit(&cache->klass, memory_order_relaxed) == tr_class_of(self) &&
            cache->kinds[flags / CALL_FCALL & 1] == CALL_ISEQ_KEYWORDS) {
            frame->pc = pc + 2;
            if (TR_LIKELY(push_with_keywords(f, frame, cache, data, args, TR_NIL))) {
                RELOAD();
                DISPATCH();
            }
        }
        SAVE(1);
        Value *base = args - 1 - ((flags & CALL_ARGS_BLOCKARG) != 0);
        Value v = tr_send_start(f, frame, data, sp, NULL);
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        RELOAD_EP();
        sp = base;
        if (TR_UNLIKELY(v == TR_RAISED)) {
            frame->sp = sp;
            goto raised;
        }
        *sp++ = v;
        NEXT(1);
    }
    OP(sendforward)
    OP(send) {
        CallData *data = (CallData *)OPERAND(0);
        const Iseq *block_iseq = (const Iseq *)OPERAND(1);
        const CallCache *cache = atomic_load_explicit(&data->cache, memory_order_acquire);
        uint32_t flags = data->flags;
        Value *args = sp - data->argc;
        Value self = args[-1];
        if (TR_LIKELY(!(flags & CALL_COMPLEX))) {
            Class *klass = tr_class_of(self);
            if (TR_UNLIKELY(atomic_load_explicit(&cache->klass, memory_order_relaxed) != klass))
                cache = tr_site_lookup(data, klass);
            uint8_t kind = cache->kinds[flags / CALL_FCALL & 1];
            Block block = TR_NIL;
            if (block_iseq) {
                frame->captured.iseq = block_iseq;
                block = tr_block_from_captured(&frame->captured);
            }
            if (kind == CALL_ISEQ_SIMPLE && (int)data->argc == cache->min) {
                frame->pc = pc + 3;
                frame->sp = args - 1;
                const Iseq *iseq = cache->iseq;
                ENTER_PUSHED(push_simple(f, frame, iseq, args, data->argc, (Value)cache->resolved, block,
                                         FRAME_METHOD | FRAME_LOCAL, self), iseq);
            }
            int argc = (int)data->argc;
            if (kind == CALL_C && argc >= cache->min && (argc <= cache->max || cache->max < 0)) {
                SAVE(2);
                Value v = run_c(f, frame, sp, cache->resolved, cache->fn, self, argc, args, block);
                RELOAD_EP();
                sp = args - 1;
                if (TR_UNLIKELY(v == TR_RAISED)) {
                    frame->sp = sp;
                    goto raised;
                }
                *sp++ = v;
                NEXT(2);
            }
        }
        SAVE(2);
        Value *base = args - 1 - ((flags & CALL_ARGS_BLOCKARG) != 0);
        Value v = tr_send_start(f, frame, data, sp, block_iseq);
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        RELOAD_EP();
        sp = base;
        if (TR_UNLIKELY(v == TR_RAISED)) {
            frame->sp = sp;
            goto raised;
        }
        *sp++ = v;
        NEXT(2);
    }
    OP(invokesuperforward)
    OP(invokesuper) {
        CallData *data = (CallData *)OPERAND(0);
        SAVE(2);
        Value *base = sp - data->argc - 1 - ((data->flags & CALL_ARGS_BLOCKARG) != 0);
        Value v = tr_super_start(f, frame, data, sp, (const Iseq *)OPERAND(1));
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        RELOAD_EP();
        sp = base;
        if (TR_UNLIKELY(v == TR_RAISED)) {
            frame->sp = sp;
            goto raised;
        }
        *sp++ = v;
        NEXT(2);
    }
    OP(invokeblock) {
        CallData *data = (CallData *)OPERAND(0);
        Block block = tr_ep_block(ep);
        Value *args = sp - data->argc;
        if (TR_LIKELY(tr_block_is_captured(block) && !(data->flags & CALL_COMPLEX))) {
            const Captured *captured = tr_block_captured(block);
            const Iseq *iseq = captured->iseq;
            if (TR_LIKELY(iseq->params.is_simple && iseq->params.lead_count == data->argc &&
                          (data->argc != 1 || iseq->params.ambiguous_param0))) {
                frame->pc = pc + 2;
                frame->sp = args;
                ENTER_PUSHED(push_simple(f, frame, iseq, args, data->argc, TR_FALSE, (Value)captured->ep,
                                         FRAME_BLOCK, captured->self),
                             iseq);
            }
        }
        SAVE(1);
        Value *base = args - ((data->flags & CALL_ARGS_BLOCKARG) != 0);
        Value v = tr_invokeblock_start(f, frame, data, sp);
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        RELOAD_EP();
        sp = base;
        if (TR_UNLIKELY(v == TR_RAISED)) {
            frame->sp = sp;
            goto raised;
        }
        *sp++ = v;
        NEXT(1);
    }
    OP(opt_new) { /* … nil klass args: see bytecode/iseq.h */
        CallData *data = (CallData *)OPERAND(0);
        Value *klass = sp - data->argc - 1 - ((data->flags & CALL_ARGS_BLOCKARG) != 0);
        if (TR_LIKELY(tr_is_type(*klass, TYPE_CLASS) && ((Class *)*klass)->alloc &&
                      !(((Class *)*klass)->flags & CLASS_SINGLETON) &&
                      site_is_basic(data, tr_class_of(*klass), tr_class.class))) {
            SAVE(2);
            Value object = ((Class *)*klass)->alloc(f, (Class *)*klass);
            RELOAD_EP();
            if (TR_UNLIKELY(object == TR_RAISED)) goto raised;
            klass[-1] = klass[0] = object;
            NEXT(2);
        }
        pc += 3 + (int64_t)OPERAND(1);
        DISPATCH();
    }
    OP(leave) {
        Value v = sp[-1];
        if (TR_UNLIKELY(tr_interrupt_pending(f))) {
            SAVE(0);
            if (tr_safepoint_slow(f) == TR_RAISED) goto raised;
            RELOAD_EP();
        }
        Value flags = ep[0];
        frame = frame->prev;
        f->frame = frame;
        if (TR_UNLIKELY(flags & FRAME_FINISH)) return v;
        pc = frame->pc;
        sp = frame->sp;
        ep = frame->captured.ep;
        *sp++ = v;
        DISPATCH();
    }

    /* --- control --- */
    OP(throw) {
        SAVE(1);
        if (tr_throw(f, frame, OPERAND(0), sp[-1]) == TR_RAISED) goto raised;
        TR_UNREACHABLE();
    }
    OP(jump) {
        const CodeWord *to = pc + 2 + (int64_t)OPERAND(0);
        if (TR_UNLIKELY((int64_t)OPERAND(0) < 0 && tr_interrupt_pending(f))) {
            frame->pc = to;
            frame->sp = sp;
            if (tr_safepoint_slow(f) == TR_RAISED) goto raised;
            RELOAD_EP();
        }
        pc = to;
        DISPATCH();
    }
    OP(branchif) {
        if (!tr_is_truthy(*--sp)) NEXT(1);
        goto branch;
    }
    OP(branchunless) {
        if (tr_is_truthy(*--sp)) NEXT(1);
        goto branch;
    }
    OP(branchnil) {
        if (*--sp != TR_NIL) NEXT(1);
        goto branch;
    }
branch: {
        const CodeWord *to = pc + 2 + (int64_t)OPERAND(0);
        if (TR_UNLIKELY((int64_t)OPERAND(0) < 0 && tr_interrupt_pending(f))) {
            frame->pc = to;
            frame->sp = sp;
            if (tr_safepoint_slow(f) == TR_RAISED) goto raised;
            RELOAD_EP();
        }
        pc = to;
        DISPATCH();
    }
    OP(once) {
        SAVE(2);
        FINISH_VALUE(2, 0, tr_insn_once(f, frame, (const Iseq *)OPERAND(0), (OnceCache *)OPERAND(1)));
    }
    OP(opt_case_dispatch) {
        SAVE(2);
        Value offset = tr_insn_case_dispatch(f, OPERAND(0), sp[-1]);
        RELOAD_EP();
        sp--;
        if (TR_UNLIKELY(offset == TR_RAISED)) goto raised;
        if (offset == TR_UNDEF) NEXT(2); /* an === was redefined: the tests one by one */
        pc += 3 + (offset == TR_NIL ? (int64_t)OPERAND(1) : tr_fixnum(offset));
        DISPATCH();
    }

    /* --- specialised calls --- */
    OP(opt_plus) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(BOP_PLUS, BOP_INTEGER)) {
            int64_t sum;
            if (TR_LIKELY(!__builtin_add_overflow((int64_t)a, (int64_t)(b - 1), &sum))) {
                *(--sp - 1) = (Value)sum;
                NEXT(1);
            }
        } else if (BOTH_FLONUM(a, b) && tr_basic_op_intact(BOP_PLUS, BOP_FLOAT)) {
            SAVE(1);
            Value v = tr_float_new(f, tr_flonum(a) + tr_flonum(b));
            *(--sp - 1) = v;
            NEXT(1);
        }
        BINARY_SLOW(tr_opt_plus_slow);
    }
    OP(opt_minus) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(BOP_MINUS, BOP_INTEGER)) {
            int64_t difference;
            if (TR_LIKELY(!__builtin_sub_overflow((int64_t)a, (int64_t)(b - 1), &difference))) {
                *(--sp - 1) = (Value)difference;
                NEXT(1);
            }
        } else if (BOTH_FLONUM(a, b) && tr_basic_op_intact(BOP_MINUS, BOP_FLOAT)) {
            SAVE(1);
            Value v = tr_float_new(f, tr_flonum(a) - tr_flonum(b));
            *(--sp - 1) = v;
            NEXT(1);
        }
        BINARY_SLOW(tr_opt_minus_slow);
    }
    OP(opt_mult) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(BOP_MULT, BOP_INTEGER)) {
            int64_t product;
            if (TR_LIKELY(!__builtin_mul_overflow((int64_t)(a - 1), tr_fixnum(b), &product))) {
                *(--sp - 1) = (Value)product + 1;
                NEXT(1);
            }
        } else if (BOTH_FLONUM(a, b) && tr_basic_op_intact(BOP_MULT, BOP_FLOAT)) {
            SAVE(1);
            Value v = tr_float_new(f, tr_flonum(a) * tr_flonum(b));
            *(--sp - 1) = v;
            NEXT(1);
        }
        BINARY_SLOW(tr_opt_mult_slow);
    }
    OP(opt_div) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FLONUM(a, b) && tr_basic_op_intact(BOP_DIV, BOP_FLOAT)) {
            SAVE(1);
            Value v = tr_float_new(f, tr_flonum(a) / tr_flonum(b));
            *(--sp - 1) = v;
            NEXT(1);
        }
        BINARY_SLOW(tr_opt_div_slow);
    }
    OP(opt_mod) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && (int64_t)b > 1 && tr_basic_op_intact(BOP_MOD, BOP_INTEGER)) {
            int64_t rest = tr_fixnum(a) % tr_fixnum(b);
            if (rest < 0) rest += tr_fixnum(b);
            *(--sp - 1) = tr_value_from_fixnum(rest);
            NEXT(1);
        }
        BINARY_SLOW(tr_opt_mod_slow);
    }
    COMPARISON(opt_lt, BOP_LT, <)
    COMPARISON(opt_le, BOP_LE, <=)
    COMPARISON(opt_gt, BOP_GT, >)
    COMPARISON(opt_ge, BOP_GE, >=)
    OP(opt_eq) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(BOP_EQ, BOP_INTEGER)) FINISH_TEST(2, a == b);
        SAVE(1);
        Value v = tr_opt_eq_slow(f, a, b);
        if (v == TR_UNDEF && site_is_basic((CallData *)OPERAND(0), tr_class_of(a), tr_class.basic_object))
            v = tr_bool(a == b);
        if (v == TR_UNDEF) goto send_simple;
        *(--sp - 1) = v;
        NEXT(1);
    }
    OP(opt_neq) { /* CallData of ==, CallData of != */
        Value a = sp[-2], b = sp[-1];
        SAVE(2);
        if (TR_LIKELY(site_is_basic((CallData *)OPERAND(1), tr_class_of(a), tr_class.basic_object))) {
            Value v = tr_opt_eq_slow(f, a, b);
            if (v == TR_UNDEF && site_is_basic((CallData *)OPERAND(0), tr_class_of(a), tr_class.basic_object))
                v = tr_bool(a == b);
            if (v != TR_UNDEF) {
                *(--sp - 1) = tr_bool(v == TR_FALSE);
                NEXT(2);
            }
        }
        Value v = tr_send_start(f, frame, (CallData *)OPERAND(1), sp, NULL);
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        FINISH_VALUE(2, 2, v);
    }
    OP(opt_ltlt) BINARY_SLOW(tr_opt_ltlt_slow);
    OP(opt_and) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(BOP_AND, BOP_INTEGER)) {
            *(--sp - 1) = a & b;
            NEXT(1);
        }
        goto send_simple;
    }
    OP(opt_or) {
        Value a = sp[-2], b = sp[-1];
        if (BOTH_FIXNUM(a, b) && tr_basic_op_intact(BOP_OR, BOP_INTEGER)) {
            *(--sp - 1) = a | b;
            NEXT(1);
        }
        goto send_simple;
    }
    OP(opt_aref) {
        Value a = sp[-2], b = sp[-1];
        if (TR_LIKELY(tr_is_object(a))) {
            if (tr_header(a)->klass == tr_class.array && tr_is_fixnum(b) &&
                tr_basic_op_intact(BOP_AREF, BOP_ARRAY)) {
                const Array *array = tr_array(a);
                int64_t i = tr_fixnum(b);
                if (i < 0) i += (int64_t)array->count;
                *(--sp - 1) = (uint64_t)i < array->count ? array->items[i] : TR_NIL;
                NEXT(1);
            }
            if (tr_header(a)->klass == tr_class.hash && tr_basic_op_intact(BOP_AREF, BOP_HASH_)) {
                SAVE(1);
                FINISH_VALUE(1, 2, tr_hash_aref(f, a, b));
            }
        }
        goto send_simple;
    }
    OP(opt_aset) {
        Value a = sp[-3], b = sp[-2];
        if (TR_LIKELY(tr_is_object(a) && !tr_has_flag(a, TR_FLAG_FROZEN))) {
            if (tr_header(a)->klass == tr_class.array && tr_is_fixnum(b) &&
                tr_basic_op_intact(BOP_ASET, BOP_ARRAY)) {
                Array *array = tr_array(a);
                int64_t i = tr_fixnum(b);
                Value v = sp[-1];
                if (TR_LIKELY((uint64_t)i < array->count && !(array->h.flags & ARRAY_SHARED))) {
                    tr_write(a, &array->items[i], v);
                    sp -= 2;
                    sp[-1] = v;
                    NEXT(1);
                }
                SAVE(1);
                if (i >= 0) {
                    Value stored = tr_array_store(f, a, i, v);
                    FINISH_VALUE(1, 3, stored == TR_RAISED ? stored : v);
                }
                goto send_simple;
            }
            if (tr_header(a)->klass == tr_class.hash && tr_basic_op_intact(BOP_ASET, BOP_HASH_) &&
                !tr_is_string(b)) {
                SAVE(1);
                Value stored = tr_opt_hash_aset(f, a, b, sp[-1]);
                if (stored != TR_UNDEF) FINISH_VALUE(1, 3, stored == TR_RAISED ? stored : sp[-1]);
            }
        }
        goto send_simple;
    }
    OP(opt_length) {
        Value v = tr_opt_length(sp[-1], BOP_LENGTH);
        if (v == TR_UNDEF) goto send_simple;
        sp[-1] = v;
        NEXT(1);
    }
    OP(opt_size) {
        Value v = tr_opt_length(sp[-1], BOP_SIZE);
        if (v == TR_UNDEF) goto send_simple;
        sp[-1] = v;
        NEXT(1);
    }
    OP(opt_empty_p) {
        Value v = tr_opt_empty_p(sp[-1]);
        if (v == TR_UNDEF) goto send_simple;
        sp[-1] = v;
        NEXT(1);
    }
    OP(opt_succ) {
        Value a = sp[-1];
        if (TR_LIKELY(tr_is_fixnum(a) && a != tr_value_from_fixnum(TR_FIXNUM_MAX) &&
                      tr_basic_op_intact(BOP_SUCC, BOP_INTEGER))) {
            sp[-1] = a + 2;
            NEXT(1);
        }
        goto send_simple;
    }
    OP(array_at) {
        sp--;
        sp[-1] = tr_array_at(sp[-1], (size_t)tr_fixnum(sp[0]));
        NEXT(0);
    }
    OP(array_count) {
        sp[-1] = tr_value_from_fixnum((int64_t)tr_array_count(sp[-1]));
        NEXT(0);
    }
    OP(opt_not) {
        Value a = sp[-1];
        if (TR_LIKELY(site_is_basic((CallData *)OPERAND(0), tr_class_of(a), tr_class.basic_object))) {
            FINISH_TEST(1, !tr_is_truthy(a));
        }
        goto send_simple;
    }
    OP(opt_nil_p) {
        Value a = sp[-1];
        CallData *data = (CallData *)OPERAND(0);
        if (a == TR_NIL ? tr_basic_op_intact(BOP_NIL_P, BOP_NIL)
                        : site_is_basic(data, tr_class_of(a), tr_class.kernel)) {
            FINISH_TEST(1, a == TR_NIL);
        }
        goto send_simple;
    }
    OP(opt_regexpmatch2) {
        Value a = sp[-2], b = sp[-1];
        if (tr_is_type(a, TYPE_REGEXP) && (tr_is_string(b) || b == TR_NIL) &&
            tr_basic_op_intact(BOP_MATCH, BOP_REGEXP)) {
            SAVE(1);
            FINISH_VALUE(1, 2, tr_regexp_match_operator(f, a, b));
        }
        if (tr_is_string(a) && tr_is_type(b, TYPE_REGEXP) &&
            tr_basic_op_intact(BOP_MATCH, BOP_STRING | BOP_REGEXP)) {
            SAVE(1);
            FINISH_VALUE(1, 2, tr_regexp_match_operator(f, b, a));
        }
        goto send_simple;
    }
    OP(opt_respond_to) {
        SAVE(1);
        Value v = tr_insn_respond_to(f, frame, (RespondCallData *)OPERAND(0), sp);
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        FINISH_VALUE(1, 2, v);
    }
    OP(opt_ary_freeze) {
        if (TR_LIKELY(tr_basic_op_intact(BOP_FREEZE, BOP_ARRAY))) {
            *sp++ = OPERAND(0);
            NEXT(2);
        }
        SAVE(2);
        *sp++ = tr_array_dup(f, OPERAND(0));
        goto literal_call;
    }
    OP(opt_hash_freeze) {
        if (TR_LIKELY(tr_basic_op_intact(BOP_FREEZE, BOP_HASH_))) {
            *sp++ = OPERAND(0);
            NEXT(2);
        }
        SAVE(2);
        *sp++ = tr_hash_dup(f, OPERAND(0));
        goto literal_call;
    }
    OP(opt_str_freeze) {
        if (TR_LIKELY(tr_basic_op_intact(BOP_FREEZE, BOP_STRING))) {
            *sp++ = OPERAND(0);
            NEXT(2);
        }
        SAVE(2);
        *sp++ = tr_string_dup(f, OPERAND(0));
        goto literal_call;
    }
    OP(opt_str_uminus) {
        if (TR_LIKELY(tr_basic_op_intact(BOP_UMINUS, BOP_STRING))) {
            *sp++ = OPERAND(0);
            NEXT(2);
        }
        SAVE(2);
        *sp++ = tr_string_dup(f, OPERAND(0));
        goto literal_call;
    }
literal_call: { /* the method of a literal's receiver was redefined: call it */
        SAVE(2);
        Value v = tr_send_start(f, frame, (CallData *)OPERAND(1), sp, NULL);
        if (v == TR_UNDEF) {
            RELOAD();
            DISPATCH();
        }
        FINISH_VALUE(2, 1, v);
    }
    OP(opt_duparray_send) { /* literal array, method, argc: only include? */
        SAVE(3);
        int64_t argc = (int64_t)OPERAND(2);
        if (TR_LIKELY(argc == 1 && tr_basic_op_intact(BOP_INCLUDE_P, BOP_ARRAY))) {
            int found = tr_array_includes(f, OPERAND(0), sp[-1]);
            FINISH_VALUE(3, argc, found < 0 ? TR_RAISED : tr_bool(found));
        }
        Value array = tr_array_dup(f, OPERAND(0));
        FINISH_VALUE(3, argc, tr_callv(f, array, (Id)OPERAND(1), (int)argc, sp - argc));
    }
    OP(opt_newarray_send) {
        SAVE(2);
        int64_t count = (int64_t)OPERAND(0);
        FINISH_VALUE(2, count, tr_insn_newarray_send(f, frame, count, (int64_t)OPERAND(1), sp - count));
    }

overflow:
    if (tr_frame_overflow(f) != TR_RAISED) TR_UNREACHABLE();
raised: {
        Value v;
        if (!tr_unwind(f, &v)) return v;
        RELOAD();
        DISPATCH();
    }
}

Value tr_vm_exec(Fiber *f) {
    if (TR_UNLIKELY(tr_stack_is_low(f))) {
        f->frame = f->frame->prev;
        return tr_frame_overflow(f);
    }
    return run(f, NULL);
}

TR_EFFECT_ROOT void tr_interp_boot(void) {
    const void *const *handlers;
    if (run(NULL, &handlers) == TR_NIL) tr_iseq_set_handlers(handlers);
}
