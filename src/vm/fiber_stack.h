/* fiber_stack.h - the VM's share of a Fiber: what lies on its VM stack, and how code begins to run on it. */
#ifndef TR_VM_FIBER_STACK_H
#define TR_VM_FIBER_STACK_H

#include "vm/vm.h"

#define TR_VM_STACK_BYTES ((size_t)1 << 20) /* of the main fiber; committed page by page as it is used */

/* Prepares the empty VM stack [f->stack, f->stack_end): the first thing to do with a new Fiber that is to run Ruby. Once. */
void tr_fiber_vm_init(Fiber *f);
/* Runs the block with the arguments at the bottom of the fiber's stack (prepared if need be): its value or TR_RAISED. `self`
 * TR_UNDEF: its own. */
MAY_SWITCH MAY_RAISE Value tr_fiber_run_proc(Fiber *f, Block block, Value self, int argc, const Value *argv, Value keywords);
/* Registers the stack tracer with ractor/. */
void tr_fiber_stack_boot(void);

#endif
