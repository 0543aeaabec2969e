/* fiber_stack.c - a fiber's VM stack: its bottom, its precise tracing.
 *
 *     f->stack: FiberVm | environment and Frame of a dummy | frames … | reserve | end
 *
 * FiberVm lies in the stack itself, so that an idle fiber touches one page. The reserve behind f->stack_end
 * is for pushing C frames and for raising SystemStackError without a check at each word.
 */
#include "vm/fiber_stack.h"

#include "ractor/thread.h"
#include "vm/interp.h"

void tr_fiber_vm_init(Fiber *f) {
    FiberVm *vm = (FiberVm *)f->stack;
    *vm = (FiberVm){.root_specials = TR_NIL};
    f->vm_private = vm;
    f->stack_end -= TR_STACK_RESERVE_WORDS;
    Value *ep = (Value *)(vm + 1) + 2;
    f->frame = NULL;
    tr_frame_push(f, ep, TR_FALSE, TR_NIL, FRAME_DUMMY | FRAME_LOCAL | FRAME_FINISH, NULL, NULL,
                  tr_main_object(f));
}

Value tr_fiber_run_proc(Fiber *f, Block block, Value self, int argc, const Value *argv, Value keywords) {
    if (!f->vm_private) tr_fiber_vm_init(f);
    if (tr_block_is_captured(block))
        tr_fiber_vm(f)->root_ep = tr_ep_local(tr_block_captured(block)->ep);
    else if (tr_is_proc(block) && tr_proc(block)->kind == PROC_ISEQ)
        tr_fiber_vm(f)->root_ep = tr_ep_local(tr_proc(block)->as.captured.ep);
    if (self == TR_UNDEF) return tr_yield_full(f, block, argc, argv, TR_NIL, keywords);
    return tr_yield_under(f, block, self, NULL, argc, argv, keywords);
}

/* Frames precisely, innermost first: operands up to the saved sp, then the environment if it has not escaped.
 */
static void trace_frames(Tracer *tracer, Fiber *f) {
    if (!f->vm_private) return;
    tr_trace(tracer, tr_fiber_vm(f)->root_specials);
    for (const Frame *frame = f->frame; frame; frame = frame->prev) {
        const Value *ep = frame->captured.ep;
        const Value *stack = (const Value *)(frame + 1);
        if (frame->sp > stack) tr_trace_range(tracer, stack, (size_t)(frame->sp - stack));
        tr_trace(tracer, frame->captured.self);
        tr_trace(tracer, (Value)frame->iseq);
        if (!frame->iseq) tr_trace(tracer, (Value)frame->method);
        if (tr_ep_is_escaped(ep)) {
            tr_trace(tracer, tr_ep_env(ep));
            continue;
        }
        tr_trace(tracer, ep[-2]);
        if (ep[0] & FRAME_LOCAL) {
            if (tr_is_object(ep[-1])) tr_trace(tracer, ep[-1]);
        } else if (tr_ep_is_escaped(tr_ep_parent(ep))) {
            tr_trace(tracer, tr_ep_env(tr_ep_parent(ep)));
        }
        bool has_locals = frame->iseq && (ep[0] & FRAME_TYPE_MASK) != FRAME_DUMMY; /* see raise_in_callee */
        uint32_t locals = has_locals ? frame->iseq->local_count : 0;
        tr_trace_range(tracer, ep - 2 - locals, locals);
    }
}

void tr_fiber_stack_boot(void) { tr_fiber_trace_vm = trace_frames; }
