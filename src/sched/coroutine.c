/* coroutine.c - making and ending coroutines; what sanitizers want to know of a switch. */
#include "sched/coroutine.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/sanitizer.h"

void tr_coroutine_start(void);                  /* switch.c */
_Noreturn void tr_coroutine_main(Coroutine *);  /* called by it */

/* ---- sanitizers: one set of three functions for each, empty twins otherwise ---- */

#if defined(TR_HAS_ASAN)

void __sanitizer_start_switch_fiber(void **fake_stack_save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack_save, const void **bottom_old, size_t *size_old);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);

static void sanitizer_born(Coroutine *coroutine, int is_native) {
    if (!is_native) __asan_unpoison_memory_region(coroutine->stack, coroutine->stack_bytes);
}
static void sanitizer_gone(Coroutine *coroutine) {
    __asan_unpoison_memory_region(coroutine->stack, coroutine->stack_bytes);
}
static void before_switch(Coroutine *from, Coroutine *to, int from_ends) {
    __sanitizer_start_switch_fiber(from_ends ? NULL : &from->sanitizer_fake_stack, to->stack, to->stack_bytes);
}
static void after_switch(Coroutine *self) { __sanitizer_finish_switch_fiber(self->sanitizer_fake_stack, NULL, NULL); }

#elif defined(TR_HAS_TSAN)

void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

static void sanitizer_born(Coroutine *coroutine, int is_native) {
    coroutine->sanitizer_fiber = is_native ? __tsan_get_current_fiber() : __tsan_create_fiber(0);
}
static void sanitizer_gone(Coroutine *coroutine) {
    if (coroutine->sanitizer_fiber) __tsan_destroy_fiber(coroutine->sanitizer_fiber);
    coroutine->sanitizer_fiber = NULL;
}
static void before_switch(Coroutine *from, Coroutine *to, int from_ends) {
    (void)from, (void)from_ends;
    __tsan_switch_to_fiber(to->sanitizer_fiber, 0);
}
static void after_switch(Coroutine *self) { (void)self; }

#else

static void sanitizer_born(Coroutine *coroutine, int is_native) { (void)coroutine, (void)is_native; }
static void sanitizer_gone(Coroutine *coroutine) { (void)coroutine; }
static void after_switch(Coroutine *self) { (void)self; }

#endif

#ifdef TR_SANITIZED_SWITCH
/* TSan must not instrument this: its shadow stack changes between entry and exit. */
__attribute__((noinline, no_sanitize("thread"))) void tr_coroutine_switch(Coroutine *from, Coroutine *to, int from_ends) {
    before_switch(from, to, from_ends);
    tr_switch_stack(&from->sp, to->sp);
    after_switch(from);
}
#endif

/* ---- life ---- */

_Noreturn __attribute__((no_sanitize("thread"))) void tr_coroutine_main(Coroutine *coroutine) {
    after_switch(coroutine);
    coroutine->entry(coroutine->argument);
    tr_fatal(__FILE__, __LINE__, "a coroutine returned from its entry");
}

/* What the first tr_switch_stack finds. */
static void prepare_stack(Coroutine *coroutine) {
    void **top = (void **)(((uintptr_t)coroutine->stack + coroutine->stack_bytes) & ~(uintptr_t)15);
#if defined(__x86_64__)
    top -= 2;
    memset(top, 0, 2 * sizeof *top); /* ends a walk along frame pointers */
    *--top = coroutine;                  /* popped by it: the stack is 16-byte aligned then */
    *--top = (void *)tr_coroutine_start; /* popped by the switch */
#elif defined(__aarch64__)
    top -= 20;
    memset(top, 0, 20 * sizeof *top);
    top[1] = (void *)tr_coroutine_start; /* x30 */
    top[2] = coroutine;                  /* x19 */
#endif
    coroutine->sp = top;
}

void tr_coroutine_init_on(Coroutine *coroutine, char *stack, size_t stack_bytes, CoroutineEntry entry, void *argument) {
    coroutine->stack = stack;
    coroutine->stack_bytes = stack_bytes;
    coroutine->entry = entry;
    coroutine->argument = argument;
    coroutine->sanitizer_fiber = coroutine->sanitizer_fake_stack = NULL;
    coroutine->block.base = NULL;
    sanitizer_born(coroutine, 0);
    prepare_stack(coroutine);
}

int tr_coroutine_init(Coroutine *coroutine, CoroutineEntry entry, void *argument, size_t stack_bytes) {
    StackBlock block;
    int error = tr_stack_block_acquire(&block);
    if (error) return error;
    size_t room = (size_t)(block.split - block.base);
    if (stack_bytes == 0 || stack_bytes > room) stack_bytes = room;
    tr_coroutine_init_on(coroutine, block.split - stack_bytes, stack_bytes, entry, argument);
    coroutine->block = block;
    return 0;
}

/* The main OS thread's stack grows on demand up to its limit; asking pthread for it would read /proc/self/maps. */
static void find_native_stack(char **stack, size_t *bytes) {
    extern void *__libc_stack_end;
    struct rlimit limit;
    if (getpid() == gettid() && getrlimit(RLIMIT_STACK, &limit) == 0) {
        size_t most = (size_t)64 << 20;
        *bytes = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > most ? most : (size_t)limit.rlim_cur;
        *stack = (char *)(((uintptr_t)__libc_stack_end + 4096) & ~(uintptr_t)4095) - *bytes;
        return;
    }
    pthread_attr_t attributes;
    void *address;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &address, bytes);
    pthread_attr_destroy(&attributes);
    *stack = address;
}

void tr_coroutine_init_native(Coroutine *coroutine) {
    memset(coroutine, 0, sizeof *coroutine);
    find_native_stack(&coroutine->stack, &coroutine->stack_bytes);
    sanitizer_born(coroutine, 1);
}

void tr_coroutine_fini(Coroutine *coroutine) {
    sanitizer_gone(coroutine);
    if (coroutine->block.base) tr_stack_block_release(&coroutine->block);
    coroutine->stack = NULL;
}
