/* coroutine.h - a machine stack and the registers to go on with: the switch is a few instructions of assembly.
 *
 * A StackBlock is one piece of address space with a machine stack that grows down from `split` and a data area that
 * grows up from it (the fiber's struct and its VM stack), so that a coroutine that does little touches one or two
 * pages. Blocks are lazily committed, cut from slabs and pooled; they are never given back to the system as address
 * space. The first few thousand have a guard page below; after those the depth check at the call gate must do (a
 * process may have 65,530 mappings). Sanitizers are told of every switch.
 *
 * Invariant: between tr_coroutine_switch's entry and its return the OS thread may have changed. Nobody keeps the
 * address of a thread-local variable (errno included) across it.
 */
#ifndef TR_SCHED_COROUTINE_H
#define TR_SCHED_COROUTINE_H

#include <stddef.h>
#include <stdint.h>

#define TR_STACK_BLOCK_BYTES ((size_t)1 << 20)

typedef struct StackBlock {
    char *base;       /* lowest address of the machine stack; NULL: none */
    char *split;      /* the machine stack's end (its first push goes below), the data area's start; 64-byte aligned */
    char *end;        /* of the data area */
    uint32_t index;   /* in the pool */
} StackBlock;

/* Returns 0 or -ENOMEM. The block's content is arbitrary (what the last owner left, or zeros). */
int tr_stack_block_acquire(StackBlock *block);
void tr_stack_block_release(StackBlock *block);
/* How many blocks are in use; for tests and reports. */
size_t tr_stack_block_count(void);

typedef void (*CoroutineEntry)(void *argument);

typedef struct Coroutine {
    void *sp;              /* saved stack pointer while it does not run */
    char *stack;           /* lowest address of the machine stack */
    size_t stack_bytes;    /* stack + stack_bytes is its end: scan from sp to there */
    CoroutineEntry entry;
    void *argument;
    void *sanitizer_fiber, *sanitizer_fake_stack; /* ASan, TSan */
    StackBlock block;      /* owned, when tr_coroutine_init took one */
} Coroutine;

/* A coroutine that will run entry(argument), with a block from the pool. entry must not return: it ends with a switch
 * that says from_ends. Returns 0 or -ENOMEM. stack_bytes 0: the default; the block's size is the limit. */
int tr_coroutine_init(Coroutine *coroutine, CoroutineEntry entry, void *argument, size_t stack_bytes);
/* The same on memory of the caller's. */
void tr_coroutine_init_on(Coroutine *coroutine, char *stack, size_t stack_bytes, CoroutineEntry entry, void *argument);
/* The running OS thread's own stack as a coroutine to switch away from and back to. */
void tr_coroutine_init_native(Coroutine *coroutine);
/* Gives the stack back. The coroutine must not be running. */
void tr_coroutine_fini(Coroutine *coroutine);

/* Leaves the running stack, its stack pointer stored in *save_sp, and goes on where the one of `sp` was left.
 *
 * Inlined where it can be, with a jump and not a return: the processor predicts a return by the calls it has seen, and
 * after a change of stacks those are another coroutine's. The compiler is told that every register is lost, so what
 * lives lies in the frames above the saved stack pointer, where the collector's conservative scan sees it. The frame
 * pointer, which cannot be said to be lost, is pushed. Floating-point control words are settings of the process: they
 * stay. */
#if defined(__x86_64__)
static inline __attribute__((always_inline)) void tr_switch_stack(void **save_sp, void *sp) {
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\t" /* the red zone of a function that calls nobody */
        "pushq %%rbp\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "movq %%rsp, (%%rdi)\n\t"
        "movq %%rsi, %%rsp\n\t"
        "popq %%rax\n\t"
        "jmp *%%rax\n"
        "1:\n\t"
        "popq %%rbp\n\t"
        "leaq 128(%%rsp), %%rsp\n\t"
        : "+D"(save_sp), "+S"(sp)
        :
        : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
          "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
          "xmm14", "xmm15", "cc", "memory");
}
#else
void tr_switch_stack(void **save_sp, void *sp); /* switch.c */
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TR_SANITIZED_SWITCH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TR_SANITIZED_SWITCH 1
#endif
#endif

/* Saves the running one in `from`, continues `to`. `from_ends`: it will never be continued (sanitizers). */
#ifdef TR_SANITIZED_SWITCH
void tr_coroutine_switch(Coroutine *from, Coroutine *to, int from_ends);
#else
static inline void tr_coroutine_switch(Coroutine *from, Coroutine *to, int from_ends) {
    (void)from_ends;
    tr_switch_stack(&from->sp, to->sp);
}
#endif

#endif
