/* fiber.c - the memory of a fiber, switching between fibers of a thread, and what the collector sees of them.
 *
 * One stack block holds it all: the machine stack below the split; above it the Fiber, then its VM stack. An idle fiber
 * touches the page around the split and little more.
 *
 * Which fibers are roots: of every living thread the current one, its root, and those that wait for the current one to
 * come back (the chain of resumers). A suspended fiber is alive as long as its Ruby face is; so an Enumerator that was
 * abandoned half-way takes its stacks with it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ractor/thread.h"

enum { RED_ZONE_BYTES = 48 * 1024 }; /* room for C functions that do not check: libc, regular expressions, the kernel's signal frame */

void (*tr_fiber_trace_vm)(Tracer *tracer, Fiber *fiber);

static void init(Fiber *f, Thread *thread, Value *stack, char *stack_end) {
    memset(f, 0, sizeof *f);
    f->thread = thread;
    f->ractor = thread->ractor;
    f->heap = thread->ractor->heap;
    f->stack = stack;
    f->stack_end = (Value *)stack_end;
    f->error_info = f->locals = f->storage = f->unwind.value = f->unwind.tag = f->transfer_value = TR_NIL;
    f->face = TR_UNDEF;
    f->serial = ++thread->ractor->sched->fiber_serial;
}

static void fiber_entry(void *argument) {
    Fiber *f = argument;
    RactorSched *rs = f->ractor->sched;
    if (rs->dead_fiber) tr_fiber_reap(rs);
    f->start(f);
}

Fiber *tr_fiber_alloc(Thread *thread, void (*entry)(Fiber *f)) {
    StackBlock block;
    if (tr_stack_block_acquire(&block) != 0) return NULL;
    Fiber *f = (Fiber *)block.split;
    init(f, thread, (Value *)(((uintptr_t)(f + 1) + 15) & ~(uintptr_t)15), block.end);
    f->start = entry;
    tr_coroutine_init_on(&f->coroutine, block.base, (size_t)(block.split - block.base), fiber_entry, f);
    f->coroutine.block = block;
    f->c_stack_limit = block.base + RED_ZONE_BYTES;
    return f;
}

Fiber *tr_fiber_alloc_native(Thread *thread, size_t vm_stack_bytes) {
    Fiber *f = malloc(sizeof *f);
    char *stack = mmap(NULL, vm_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!f || stack == MAP_FAILED) return NULL;
    init(f, thread, (Value *)stack, stack + vm_stack_bytes);
    tr_coroutine_init_native(&f->coroutine);
    f->c_stack_limit = f->coroutine.stack + 4 * RED_ZONE_BYTES;
    return f;
}

void tr_fiber_release(Fiber *f) {
    Coroutine coroutine = f->coroutine; /* lies in the block that is given back */
    if (coroutine.block.base) {
        tr_coroutine_fini(&coroutine);
        return;
    }
    munmap(f->stack, (size_t)((char *)f->stack_end - (char *)f->stack));
    free(f);
}

void tr_fiber_reap(RactorSched *rs) {
    Fiber *dead = rs->dead_fiber;
    rs->dead_fiber = NULL;
    tr_fiber_release(dead);
}

void tr_fiber_switch_for_good(Fiber *from, Fiber *to) {
    to->thread->fiber = to;
    tr_fiber_set_current(to);
    from->ractor->sched->dead_fiber = from;
    tr_coroutine_switch(&from->coroutine, &to->coroutine, 1);
    TR_UNREACHABLE();
    abort();
}

/* ---- the collector ---- */

/* The running fiber's registers are pushed by whoever collects; its stack starts below us. */
static __attribute__((noinline)) void trace_machine_stack(Tracer *tracer, Fiber *f) {
    char *end = f->coroutine.stack + f->coroutine.stack_bytes;
    void *from = f == tr_current_fiber() ? __builtin_frame_address(0) : f->coroutine.sp;
    tr_trace_conservative(tracer, from, end);
}

void tr_fiber_trace(Tracer *tracer, Fiber *f) {
    tr_trace(tracer, f->error_info);
    tr_trace(tracer, f->unwind.value);
    tr_trace(tracer, f->unwind.tag);
    tr_trace(tracer, f->face);
    tr_trace(tracer, f->transfer_value);
    tr_trace(tracer, f->locals);
    tr_trace(tracer, f->storage);
    if (f->resumer) tr_trace(tracer, f->resumer->face); /* who resumes has a face, which traces its stacks */
    if (tr_fiber_trace_vm) tr_fiber_trace_vm(tracer, f);
    __builtin_unwind_init();
    trace_machine_stack(tracer, f);
}

void tr_thread_trace(Tracer *tracer, const Thread *thread) {
    const ThreadState *s = thread->state;
    const Value values[] = {s->wait_on, s->pending,   s->masks, s->result,  s->error,   s->name,           s->group,
                            s->variables, s->entry, s->arguments, s->path, s->fiber_scheduler, s->last_status,
                            s->locals, s->keywords};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) tr_trace(tracer, values[i]);
    Fiber *fiber = thread->fiber, *root = thread->root_fiber;
    if (!fiber) return;
    if (TR_UNLIKELY(s->return_fiber != NULL)) tr_trace(tracer, s->return_fiber->face);
    tr_fiber_trace(tracer, fiber);
    if (root == fiber) return;
    if (tr_is_object(root->face)) tr_trace(tracer, root->face);
    else tr_fiber_trace(tracer, root);
}

static void trace_and_settle(Tracer *tracer, ThreadState *s, const ThreadState *next, const ThreadState *second) {
    tr_thread_prefetch(next, second);
    tr_trace(tracer, s->thread->face);
    tr_thread_trace(tracer, s->thread);
    tr_thread_settle(s);
}

void tr_ractor_trace_threads(Tracer *tracer, void *context) {
    Ractor *ractor = context;
    tr_trace_range(tracer, ractor->locals, ractor->local_count);
    if (tr_tracer_is_minor(tracer)) {
        for (ThreadState *s = ractor->sched->unsettled, *next; s; s = next) {
            next = s->unsettled_next;
            trace_and_settle(tracer, s, next, next ? next->unsettled_next : NULL);
        }
    } else {
        for (ThreadState *s = ractor->sched->threads, *next; s; s = next) {
            next = s->all_next;
            trace_and_settle(tracer, s, next, next ? next->all_next : NULL);
        }
    }
}

void tr_thread_write(Thread *thread, Value *slot, Value value) {
    if (tr_is_object(thread->face)) tr_write(thread->face, slot, value);
    else *slot = value;
}
