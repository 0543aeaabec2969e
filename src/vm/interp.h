/* interp.h - what the files of the interpreter share: pushing frames, preparing calls, running and unwinding.
 *
 * A call's arguments lie on the VM stack from the beginning: an instruction's operands already do, and C
 * callers push theirs. Callee frames grow over them. While a call is prepared the caller's frame->sp covers
 * the arguments, so the collector sees them; when a Ruby frame is pushed, the caller's sp becomes call->base,
 * where the result will go.
 *
 * A function that "starts" a call answers TR_UNDEF when it pushed a Ruby frame (the loop goes on there, or a
 * C caller marks it FRAME_FINISH and enters the loop), else the value or TR_RAISED.
 */
#ifndef TR_VM_INTERP_H
#define TR_VM_INTERP_H

#include "core/core.h"
#include "vm/proc.h"
#include "vm/vm.h"

#define TR_FRAME_WORDS (sizeof(Frame) / sizeof(Value))
#define TR_STACK_RESERVE_WORDS \
    512 /* behind stack_end: C frames and raising need no check of their own there */

#define CALL_PUBLIC_ONLY (1u << 20) /* beside CallFlags: not even protected methods (public_send) */

typedef struct Call {
    Value receiver;
    Value *base;               /* where the result goes: the caller's sp after the call */
    Value *args;               /* positional arguments, on the VM stack */
    int argc;
    const CallKeywords *names; /* keyword values lie at args[argc…]; NULL: none */
    Value keywords;            /* Hash, or TR_NIL; never together with names */
    bool keywords_fresh;       /* nobody else holds that Hash */
    Block block;
    Id mid;
    uint32_t flags;            /* CallFlags: FCALL, VCALL, SUPER matter */
} Call;

/* --- frames --- */
static inline Value *tr_frame_stack(Frame *frame) { return (Value *)(frame + 1); }

/* Puts a frame behind the environment whose flags word is at ep, and makes it the innermost. */
static inline Frame *tr_frame_push(Fiber *f, Value *ep, Value method_or_cref, Value specval, Value flags,
                                   const Iseq *iseq, const CodeWord *pc, Value self) {
    ep[-2] = method_or_cref;
    ep[-1] = specval;
    ep[0] = flags;
    Frame *frame = (Frame *)(ep + 1);
    frame->pc = pc;
    frame->sp = (Value *)(frame + 1);
    frame->iseq = iseq;
    frame->captured.self = self;
    frame->captured.ep = ep;
    frame->prev = f->frame;
    frame->method = NULL;
    f->frame = frame;
    return frame;
}

/* Whether `words` more from `from` on leave the stack whole. */
static inline bool tr_stack_fits(const Fiber *f, const Value *from, size_t words) {
    return TR_LIKELY(from + words < f->stack_end);
}
static inline bool tr_iseq_fits(const Fiber *f, const Value *locals, const Iseq *iseq) {
    return tr_stack_fits(f, locals, iseq->local_count + 3 + TR_FRAME_WORDS + iseq->stack_max);
}
/* The environment of an iseq whose locals begin at `locals`. */
static inline Value *tr_locals_ep(Value *locals, const Iseq *iseq) { return locals + iseq->local_count + 2; }

static inline bool tr_frame_is_ruby(const Frame *frame) { return frame->iseq != NULL; }
static inline Value tr_frame_type(const Frame *frame) { return frame->captured.ep[0] & FRAME_TYPE_MASK; }
/* The innermost frame of Ruby code; NULL at the bottom. */
Frame *tr_ruby_frame(Fiber *f);
/* What ep[-2] says, past the holder of $~ and $_. */
Value tr_ep_method_or_cref(const Value *ep);
/* The method that the code of `ep` belongs to: of the method frame around, or the define_method body. NULL:
 * none. */
const Method *tr_ep_method(const Value *ep);
const Method *tr_frame_method(const Frame *frame);
Cref *tr_ep_cref(Fiber *f, const Value *ep);
/* A Cref found before any Method, else NULL (see tr_caller_scope). */
Cref *tr_ep_scope(const Value *ep);
/* What `def` in this scope defines for; NULL: raised. */
MAY_GC MAY_RAISE Class *tr_cref_definee(Fiber *f, const Cref *cref, Value self);
MAY_GC Cref *tr_cref_new(Fiber *f, Class *klass, Cref *next);
/* The Cref of the toplevel: Object. */
Cref *tr_cref_top(void);
/* $~, $_ and flip-flop states of the method around ep. TR_NIL when unset. */
Value tr_svar_get(Fiber *f, const Value *ep, int64_t key);
MAY_GC void tr_svar_set(Fiber *f, Value *ep, int64_t key, Value value);

/* --- running --- */
/* Runs the innermost frame, which has FRAME_FINISH, until it is left: its value or TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_vm_exec(Fiber *f);
/* After a start: runs the frame that was pushed, if one was. */
static inline MAY_SWITCH MAY_RAISE Value tr_vm_complete(Fiber *f, Value started) {
    if (started != TR_UNDEF) return started;
    f->frame->captured.ep[0] |= FRAME_FINISH;
    return tr_vm_exec(f);
}

/* --- starting calls (call.c) --- */
/* Reads splats, keywords and block argument of a call site from the stack up to sp. false: raised. */
MAY_SWITCH MAY_RAISE bool tr_call_prepare(Fiber *f, Frame *frame, const CallData *data, Value *sp,
                                          bool has_receiver, Call *call);
/* Visibility, method_missing and all. cache is for the receiver's class. */
MAY_SWITCH MAY_RAISE Value tr_call_start(Fiber *f, Call *call, const CallCache *cache);
/* Past these checks. `method` has no alias or zsuper to resolve. */
MAY_SWITCH MAY_RAISE Value tr_method_start(Fiber *f, Call *call, const Method *method);
/* A call site with or without literal block. */
MAY_SWITCH MAY_RAISE Value tr_send_start(Fiber *f, Frame *frame, CallData *data, Value *sp,
                                         const Iseq *block);
MAY_SWITCH MAY_RAISE Value tr_super_start(Fiber *f, Frame *frame, CallData *data, Value *sp,
                                          const Iseq *block);
/* What a call site knows after a miss. */
MAY_GC const CallCache *tr_site_lookup(CallData *data, Class *klass);
/* The handler for a `&value` argument. false: raised */
MAY_SWITCH MAY_RAISE bool tr_block_from_value(Fiber *f, Frame *frame, Value value, Block *block);
MAY_GC MAY_RAISE Value tr_frame_overflow(Fiber *f);

/* --- blocks (block.c) --- */
/* Starts `block` with the arguments of `call`, whose `block` is what the block is passed itself and whose
 * receiver is not used; how NULL: an ordinary yield. */
typedef struct BlockCall {
    Value self;          /* TR_UNDEF: the captured one */
    Value cref;          /* Cref for the block, or TR_FALSE */
    const Method *method;/* define_method: the method it is the body of */
    bool is_lambda;
} BlockCall;
MAY_SWITCH MAY_RAISE Value tr_block_start(Fiber *f, Call *call, Block block, const BlockCall *how);
MAY_SWITCH MAY_RAISE Value tr_invokeblock_start(Fiber *f, Frame *frame, CallData *data, Value *sp);
/* Moves the environments from ep on to the heap; the new ep. */
MAY_GC Value *tr_env_escape(Fiber *f, Frame *frame);
/* The frame whose environment ep is, at or below `from`; NULL when it has ended. */
Frame *tr_frame_of_ep(Frame *from, const Value *ep);
/* `yield` inside the frame of ep: the block of the method around. */
static inline Block tr_ep_block(const Value *ep) { return tr_ep_local(ep)[-1]; }
/* The object that stands for a &block parameter that was not made a Proc. */
extern Value tr_block_param_proxy;

/* --- arguments (args.c) --- */
typedef enum ArgsKind { ARGS_METHOD, ARGS_LAMBDA, ARGS_BLOCK } ArgsKind;
/* Turns the arguments of `call` into the parameters of `iseq`, in place. The word offset to begin at; -1
 * raised. */
MAY_SWITCH MAY_RAISE int tr_args_setup(Fiber *f, const Iseq *iseq, Call *call, ArgsKind kind,
                                       const Method *method);
/* Keywords that the callee does not take become a last positional Hash. false: raised */
MAY_SWITCH MAY_RAISE bool tr_args_keywords_to_hash(Fiber *f, Call *call);
/* names + values as a new Hash. */
MAY_GC MAY_RAISE Value tr_args_hash_of_names(Fiber *f, const CallKeywords *names, const Value *values);

/* --- unwinding (unwind.c) --- */
/* TR_RAISED arrived in f->frame's code. true: a handler was found, go on with f->frame. false: the frame with
 * FRAME_FINISH was left; *result is TR_RAISED or what it returns. */
MAY_GC bool tr_unwind(Fiber *f, Value *result);
/* The instruction `throw`. Always TR_RAISED. */
MAY_GC MAY_RAISE Value tr_throw(Fiber *f, Frame *frame, uint64_t operand, Value object);
/* LocalJumpError for a block that was not given. */
MAY_GC MAY_RAISE Value tr_raise_no_block(Fiber *f, const char *message);
/* $!: of the innermost rescue or ensure that runs. */
Value tr_current_error(Fiber *f);

/* --- instruction bodies that are too long for the loop (insns_*.c) --- */
MAY_SWITCH MAY_RAISE Value tr_insn_defined(Fiber *f, Frame *frame, int64_t kind, Value object,
                                           Value receiver); /* true/false */
MAY_SWITCH MAY_RAISE Value tr_insn_checkmatch(Fiber *f, Frame *frame, Value target, Value pattern,
                                              int64_t flags);
MAY_SWITCH MAY_RAISE bool tr_insn_expandarray(Fiber *f, Value *sp, Value array, uint64_t count,
                                              uint64_t flags);
MAY_SWITCH MAY_RAISE Value tr_insn_defineclass(Fiber *f, Frame *frame, Id name, const Iseq *iseq,
                                               int64_t flags, Value cbase, Value super); /* starts */
MAY_SWITCH MAY_RAISE Value tr_insn_definemethod(Fiber *f, Frame *frame, Id name, Iseq *iseq);
MAY_SWITCH MAY_RAISE Value tr_insn_definesmethod(Fiber *f, Frame *frame, Id name, Iseq *iseq, Value object);
MAY_SWITCH MAY_RAISE Value tr_insn_once(Fiber *f, Frame *frame, const Iseq *iseq, OnceCache *cache);
MAY_SWITCH MAY_RAISE Value tr_insn_getspecial(Fiber *f, Frame *frame, int64_t key, int64_t type);
MAY_SWITCH MAY_RAISE Value tr_insn_objtostring(Fiber *f, Frame *frame, Value v, CallData *data);
MAY_SWITCH MAY_RAISE Value tr_insn_splatkw(Fiber *f, Value v);
MAY_GC MAY_RAISE Value tr_insn_toregexp(Fiber *f, int options, int count, const Value *parts);
MAY_SWITCH MAY_RAISE Value tr_insn_newarray_send(Fiber *f, Frame *frame, int64_t count, int64_t method,
                                                 Value *items);
MAY_SWITCH MAY_RAISE Value tr_insn_getblockparam(Fiber *f, Frame *frame, Value *ep, uint32_t index);
MAY_SWITCH MAY_RAISE Value tr_insn_getblockparamproxy(Fiber *f, Frame *frame, Value *ep, uint32_t index);
MAY_SWITCH MAY_RAISE Value tr_insn_respond_to(Fiber *f, Frame *frame, RespondCallData *data, Value *sp);
MAY_SWITCH MAY_RAISE Value tr_insn_case_dispatch(Fiber *f, Value table,
                                                 Value key); /* fixnum offset, or TR_UNDEF */
Value tr_vm_core(void);
MAY_GC void tr_vm_core_boot(Fiber *f);

/* --- messages (raise.c) --- */
enum MissingReason {
    MISSING_NONE,
    MISSING_PRIVATE,
    MISSING_PROTECTED,
    MISSING_VCALL,
    MISSING_SUPER,
    MISSING_FCALL
};
MAY_GC MAY_RAISE Value tr_raise_missing(Fiber *f, Value receiver, Id mid, enum MissingReason reason, int argc,
                                        const Value *argv);

/* What the VM keeps for a fiber besides its hot fields (Fiber.vm_private). */
typedef struct FiberVm {
    char *c_stack_high;        /* where the machine stack begins */
    char *c_stack_low;
    enum MissingReason missing_reason; /* why method_missing is being called */
    size_t stack_bytes;
    bool in_overflow;          /* SystemStackError is being made */
    const Value *root_ep;      /* around the block that the fiber runs: its $~ and $_ there are its own, in
                                  root_specials */
    Value root_specials;
} FiberVm;
static inline FiberVm *tr_fiber_vm(Fiber *f) { return f->vm_private; }

#endif
