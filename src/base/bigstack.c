/* bigstack.c - the change of stacks behind tr_bigstack_call.
 *
 * A few instructions of assembly set the stack pointer and call; the frame pointer keeps the way back, so debuggers
 * and the unwinder see one continuous stack. The lowest page is a guard: an overflow is a fault, never a scribble.
 *
 * Rejected: a helper thread (16 us, and a second malloc arena), swapcontext (two system calls).
 */
#include "base/bigstack.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define TR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TR_ASAN 1
#endif
#endif

#ifdef TR_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#define GUARD_BYTES ((size_t)16384)

static _Thread_local BigStack *active;

/* What the first frame on the new stack needs. */
typedef struct {
    BigStack stack;
    void (*function)(void *);
    void *argument;
    void *asan_saved; /* the caller's fake stack */
} Call;

#ifdef TR_ASAN
static void announce_switch(Call *call)
{
    __sanitizer_start_switch_fiber(&call->asan_saved, call->stack.low, (size_t)(call->stack.high - call->stack.low));
}

static void announce_arrival(const void **bottom, size_t *size)
{
    __sanitizer_finish_switch_fiber(NULL, bottom, size);
}

static void announce_return(const void *bottom, size_t size)
{
    __sanitizer_start_switch_fiber(NULL, bottom, size);
}

static void announce_back(Call *call)
{
    __sanitizer_finish_switch_fiber(call->asan_saved, NULL, NULL);
}
#else
static void announce_switch(Call *call) { (void)call; }
static void announce_arrival(const void **bottom, size_t *size) { (void)bottom, (void)size; }
static void announce_return(const void *bottom, size_t size) { (void)bottom, (void)size; }
static void announce_back(Call *call) { (void)call; }
#endif

static void first_frame(Call *call)
{
    const void *bottom = NULL;
    size_t size = 0;
    announce_arrival(&bottom, &size);
    call->function(call->argument);
    announce_return(bottom, size);
}

/* call_on_stack(argument, function, top): function(argument) with the stack pointer at `top`, 16-byte aligned. */
__attribute__((noinline)) void tr_call_on_stack(void *argument, void (*function)(Call *), void *top);

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl tr_call_on_stack\n"
        ".type tr_call_on_stack, @function\n"
        "tr_call_on_stack:\n"
        "    .cfi_startproc\n"
        "    pushq %rbp\n"
        "    .cfi_def_cfa_offset 16\n"
        "    .cfi_offset %rbp, -16\n"
        "    movq %rsp, %rbp\n"
        "    .cfi_def_cfa_register %rbp\n"
        "    movq %rdx, %rsp\n"
        "    call *%rsi\n"
        "    movq %rbp, %rsp\n"
        "    popq %rbp\n"
        "    .cfi_def_cfa %rsp, 8\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size tr_call_on_stack, .-tr_call_on_stack\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl tr_call_on_stack\n"
        ".type tr_call_on_stack, %function\n"
        "tr_call_on_stack:\n"
        "    .cfi_startproc\n"
        "    stp x29, x30, [sp, #-16]!\n"
        "    .cfi_def_cfa_offset 16\n"
        "    .cfi_offset x29, -16\n"
        "    .cfi_offset x30, -8\n"
        "    mov x29, sp\n"
        "    .cfi_def_cfa_register x29\n"
        "    mov sp, x2\n"
        "    blr x1\n"
        "    mov sp, x29\n"
        "    ldp x29, x30, [sp], #16\n"
        "    .cfi_def_cfa sp, 0\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size tr_call_on_stack, .-tr_call_on_stack\n");
#else
#error "tr_call_on_stack is written for x86-64 and arm64"
#endif

/* A stack that was used waits here for the next call of the same size; its upper end keeps its pages. Its lowest
 * word says how large it is. Whoever exchanges it away owns it. */
static _Atomic(char *) spare;
#define SPARE_BYTES ((size_t)128 * 1024)

static char *take_spare(size_t bytes)
{
    char *low = atomic_exchange_explicit(&spare, NULL, memory_order_acquire);
    size_t spare_bytes = 0;
    if (!low)
        return NULL;
    memcpy(&spare_bytes, low + GUARD_BYTES, sizeof spare_bytes);
    if (spare_bytes == bytes)
        return low;
    munmap(low, spare_bytes + GUARD_BYTES);
    return NULL;
}

static void let_go(char *low, size_t bytes)
{
    char *empty = NULL;
    if (bytes > SPARE_BYTES && madvise(low + GUARD_BYTES, bytes - SPARE_BYTES, MADV_DONTNEED) == 0) {
        memcpy(low + GUARD_BYTES, &bytes, sizeof bytes);
        if (atomic_compare_exchange_strong_explicit(&spare, &empty, low, memory_order_release, memory_order_relaxed))
            return;
    }
    munmap(low, bytes + GUARD_BYTES);
}

static char *take_stack(size_t bytes)
{
    char *low = take_spare(bytes);
    if (low)
        return low;
    low = mmap(NULL, bytes + GUARD_BYTES, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low == MAP_FAILED)
        return NULL;
    mprotect(low, GUARD_BYTES, PROT_NONE);
    madvise(low, bytes + GUARD_BYTES, MADV_NOHUGEPAGE); /* one touched page must not become two megabytes */
    return low;
}

bool tr_bigstack_call(void (*function)(void *), void *argument, size_t bytes)
{
    char *low = take_stack(bytes);
    if (!low)
        return false;
    Call call = {
        .stack = { .low = low + GUARD_BYTES,
                   .high = low + GUARD_BYTES + bytes,
                   .caller_sp = (char *)__builtin_alloca(32) - 16, /* with what tr_call_on_stack pushes */
                   .previous = active },
        .function = function,
        .argument = argument,
    };
    active = &call.stack;
    announce_switch(&call);
    tr_call_on_stack(&call, first_frame, call.stack.high);
    announce_back(&call);
    active = call.stack.previous;
    let_go(low, bytes);
    return true;
}

const BigStack *tr_bigstack_active(void)
{
    return active;
}
