/* fiber_stack.h - the making and the end of a Fiber as far as the VM is concerned: VM stack, roots, entry. */
#ifndef TR_VM_FIBER_STACK_H
#define TR_VM_FIBER_STACK_H

#include "vm/vm.h"

#define TR_VM_STACK_BYTES ((size_t)1 << 20) /* committed page by page as it is used */

/* A Fiber of `thread` with an empty VM stack, its roots registered with the thread's Ractor. The machine stack is the
 * caller's business: set fiber->coroutine and call tr_fiber_set_c_stack before it runs. NULL: no memory. */
Fiber *tr_fiber_new(Thread *thread);
/* Tells the collector and the overflow check where the fiber's machine stack lies: [low, high). */
void tr_fiber_set_c_stack(Fiber *fiber, char *low, char *high);
/* Gives VM stack and roots back. The fiber must not be running, and is freed. */
void tr_fiber_free(Fiber *taken_fiber);
/* Runs `proc` with the arguments on an empty VM stack and returns its value or TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_fiber_run_proc(Fiber *fiber, Value proc, int argc, const Value *argv);

#endif
