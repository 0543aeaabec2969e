/* coroutine.h - a machine stack and the registers to go on with: the switch is a few instructions of assembly.
 *
 * Stacks are mmap'ed, lazily committed and pooled. Sanitizers are told of every switch.
 */
#ifndef TR_SCHED_COROUTINE_H
#define TR_SCHED_COROUTINE_H

#include <stddef.h>
#include <stdint.h>

typedef void (*CoroutineEntry)(void *argument);

typedef struct Coroutine {
    void *sp;              /* saved stack pointer while it does not run */
    char *stack;           /* lowest address, NULL for an OS thread's own stack */
    size_t stack_bytes;
    CoroutineEntry entry;
    void *argument;
    void *sanitizer_fiber, *sanitizer_fake_stack; /* ASan, TSan */
} Coroutine;

/* A coroutine that will run entry(argument), with a stack from the pool. Returns 0 or -ENOMEM. */
int tr_coroutine_init(Coroutine *coroutine, CoroutineEntry entry, void *argument, size_t stack_bytes);
/* The running OS thread's own stack as a coroutine to switch away from and back to. */
void tr_coroutine_init_native(Coroutine *coroutine);
/* Gives the stack back. The coroutine must not be running. */
void tr_coroutine_fini(Coroutine *coroutine);
/* Saves the running one in `from`, continues `to`. `from_ends`: it will never be continued (sanitizers). */
void tr_coroutine_switch(Coroutine *from, Coroutine *to, int from_ends);

#endif
