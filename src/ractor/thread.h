/* thread.h - the threads of a Ractor: whose turn it is, what they wait for, what was sent to them.
 *
 * A Ractor's threads share its worker: one runs, the others are ready (in one of two queues), parked, or dead. A hand-off
 * between two of them is one switch of coroutines; the worker's loop is entered only when nothing in the Ractor can run.
 *
 *     woken   came back from a wait: go first, and may preempt at the next safepoint
 *     ready   burn their quantum, start, or passed: first come, first served
 *
 * Thread slots are never unmapped: a poke that comes late hits a flags word that still is one.
 */
#ifndef TR_RACTOR_THREAD_H
#define TR_RACTOR_THREAD_H

#include "ractor/context.h"

typedef struct ThreadState ThreadState;
typedef struct RactorSched RactorSched;

typedef enum ThreadRunState { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_PARKED, THREAD_DEAD } ThreadRunState;

/* Something to be sent to a thread at a deadline: stdlib/timeout.c. Lies in a Ruby object that its user keeps. */
typedef struct ExpiredTimer {
    Timer timer;
    Thread *thread;               /* NULL: neither set nor expired */
    struct ExpiredTimer *next, **link; /* in the thread's list, when it is due */
    Value (*make)(Fiber *f, struct ExpiredTimer *expired); /* the exception; by the thread itself */
} ExpiredTimer;

typedef struct ThreadList { ThreadState *first, *last; } ThreadList;

struct ThreadState {
    Thread *thread;
    RactorSched *sched;
    /* owner only: scheduling */
    uint8_t run_state;          /* ThreadRunState */
    bool has_permit;            /* a wake-up came before the wait */
    bool is_timed_out;
    bool is_uninterruptible;    /* parks until it is woken, whatever is sent to it */
    int8_t priority;
    uint8_t wait;               /* WaitReason */
    Value wait_on;
    Ractor *awaits;             /* whose end or yield it waits for, or is about to: core/deadlock.c */
    Timer timer;
    ThreadState *next, *prev;   /* in `queue` */
    ThreadList *queue;          /* woken or ready, NULL */
    const char *stack_top, *frame_top; /* about where it left its stacks: a hint for the cache; NULL */
    ThreadState *all_next, **all_link; /* the Ractor's living threads */
    ThreadState *unsettled_next, **unsettled_link; /* link NULL: settled */
    int64_t slice_used_ns, slice_mark_ns; /* mark: 0 until the first tick of this turn */
    /* any thread */
    _Atomic(ThreadState *) remote_next;
    _Atomic bool is_remote_listed;
    /* owner only: what core/thread*.c keeps here; stored with tr_thread_write */
    Value pending;              /* Array of what Thread#raise and kill sent, nil while there was none */
    Value masks;                /* Array of handle_interrupt's Hashes, nil */
    Value result;               /* of the block, nil */
    Value error;                /* the exception that ended it, nil */
    Value name, group, variables, entry, arguments;
    Value locals;               /* Thread#[] of a thread that ended */
    Value keywords;             /* of Thread.new, nil */
    Value path;                 /* where it was made */
    Value fiber_scheduler;      /* Fiber.set_scheduler, nil */
    Value last_status;          /* $?, nil */
    Fiber *return_fiber;        /* where a fiber goes that nobody resumed; NULL: the root, as long as no task has forked */
    struct Waiter *joiners, *joiners_last; /* who waits for its end: core/waiters.h */
    struct Mutex *mutexes;      /* that it holds: core/mutex.c */
    ExpiredTimer *expired;      /* due, and not yet made into exceptions */
    int line;
    uint8_t report_on_exception, abort_on_exception; /* 0, 1 */
    bool is_condemned;          /* a deadlock was found while it slept: it reports it */
    bool is_over;               /* its work is done: dead to Ruby, though it may not have left its stack yet */
    bool is_killed;             /* ends by kill: has no value and reports nothing */
    bool is_aborting;           /* to be killed, running its ensures */
    bool is_deferred;           /* something is pending that the masks hold back */
    bool is_woken;              /* Thread#wakeup, or a signal for what sleeps: Kernel#sleep ends */
    bool is_stopped;            /* in Thread.stop, which counts as a deadlock where sleep does not */
    uint64_t serial;
};

struct RactorSched {
    Task task;                  /* first: what workers run */
    Ractor *ractor;
    /* owner only */
    Worker *worker;             /* that runs it now */
    ThreadList woken, ready;
    TimerHeap timers;
    int64_t published_deadline; /* what the scheduler knows; 0: not sure */
    bool has_more_due;          /* timers; and somebody is woken, after whom they are looked at again */
    ThreadState *threads;       /* living ones, in the order they were made */
    ThreadState **threads_last;
    uint32_t thread_count;
    ThreadState *unsettled;     /* threads whose stacks may have changed since the last collection */
    uint64_t fiber_serial;      /* of the last fiber made */
    uint32_t woken_picks;       /* in a row, while others were ready */
    int64_t woken_mark_ns, protect_until_ns, turn_mark_ns;
    Fiber *dead_fiber;          /* left its machine stack for good; freed by who runs next */
    void (*release)(Ractor *ractor); /* set at the Ractor's end: run on the worker's stack */
    bool is_leaving;
    /* any thread */
    _Atomic(ThreadState *) remote; /* woken from outside: pushed with release, taken whole with acquire */
};

/* --- Ractors --- */
RactorSched *tr_ractor_sched_new(Ractor *ractor);
/* The main Ractor: its main thread runs already, on this OS thread's stack. */
void tr_ractor_sched_boot(Ractor *ractor, int worker_count);
/* Queues the Ractor of whose threads one was started: any worker may take it. From its creator, once. */
void tr_ractor_sched_start(Ractor *ractor);
/* Ends the Ractor with its last thread, the caller's: `release` is called on the worker's own stack, when the fiber and
 * everything else of the Ractor is not in use any more. Never returns. */
_Noreturn void tr_ractor_sched_end(Fiber *f, void (*release)(Ractor *ractor));
void tr_ractor_sched_free(RactorSched *taken_sched);
/* Root function for tr_heap_add_root: everything that the Ractor's living threads refer to. */
void tr_ractor_trace_threads(Tracer *tracer, void *ractor);
/* ractor/wait.c: lets one Ractor go on on another worker while this OS thread sits in a system call is tr_blocking_call. */

/* --- threads --- */
/* A thread with its slot, in the Ractor's list; its root fiber and face are to be set. */
Thread *tr_thread_new(Ractor *ractor);
/* Makes a new thread ready. By a thread of the same Ractor, or before the Ractor starts. */
void tr_thread_start(Thread *thread);
/* The collector has traced it. If it is parked, all that its stacks refer to is old now: until it is woken, a minor
 * collection need not look at them. (Its Values of ThreadState, and its locals, change through the barrier of its
 * face; what is stored on the stack of who waits, without waking it, is not a Value.) */
void tr_thread_settle(ThreadState *s);
/* The slot goes back; the thread must be dead. */
void tr_thread_free(Thread *taken_thread);
/* In the child of fork: a thread that did not come along. */
void tr_thread_bury(Thread *thread);
/* The current thread has nothing more to do: unlists it, frees its root fiber's memory later. Never returns. */
_Noreturn void tr_thread_end(Fiber *f);
/* Every Value that hangs on the thread's struct; for its face's trace function and the roots. */
void tr_thread_trace(Tracer *tracer, const Thread *thread);
/* *slot = value for a Value in thread->state. */
void tr_thread_write(Thread *thread, Value *slot, Value value);

/* Lets others run: to the end of the ready queue. */
MAY_SWITCH void tr_thread_pass(Fiber *f);
/* A system call that could have blocked is a place where threads change over, if others are ready. */
MAY_SWITCH void tr_thread_pass_after_io(Fiber *f);
/* After a poke (the TIMER bit): takes in wake-ups and deadlines, lets go of the processor if it is someone else's turn. */
MAY_SWITCH void tr_thread_look_around(Fiber *f);
/* The next safepoint looks around again. By the thread's Ractor. */
void tr_thread_look_again(Thread *thread);
/* As tr_thread_park, but nothing sent to the thread ends it: TR_TRUE woken, TR_FALSE deadline. */
MAY_SWITCH Value tr_thread_park_uninterruptible(Fiber *f, WaitReason why, Value on, int64_t deadline_ns);
/* Ends a park as an interrupt does (the sleeper finds it in its flags). From the same Ractor. */
void tr_thread_interrupt(Thread *thread, uint32_t bits);
/* The same from any OS thread. */
void tr_thread_interrupt_remote(Thread *thread, uint32_t bits);
/* Quantum in ns; RUBY_THREAD_TIMESLICE. */
void tr_thread_set_quantum(int64_t quantum_ns);
int64_t tr_thread_quantum(void);

void tr_expired_timer_set(ExpiredTimer *expired, Thread *thread, int64_t deadline_ns,
                          Value (*make)(Fiber *f, ExpiredTimer *expired));
void tr_expired_timer_cancel(ExpiredTimer *expired);

/* Handed in by core/ at boot: what to do with what is pending. `is_blocking`: the thread is about to wait. TR_RAISED or
 * TR_NIL. */
extern Value (*tr_thread_take_interrupts)(Fiber *f, bool is_blocking);
/* A thread is about to park and nothing else in the Ractor can run: is it a deadlock? May make a thread ready. */
extern void (*tr_thread_check_deadlock)(Fiber *f);

/* Makes the cache fetch what a switch to `next` touches, and the state of the `second`, which is asked for the rest
 * when it comes next: of thousands of threads that were idle, each is cold. Both may be NULL. (Inlined by force: gcc 12
 * takes a function that only prefetches for one without effect, and drops the call.) */
enum { TR_LINE_BYTES = 64, TR_SLOT_LINES = 5, TR_FIBER_LINES = 2, TR_STACK_LINES = 7, TR_FRAME_LINES = 4 };
static inline __attribute__((always_inline)) void tr_prefetch_lines(const void *from, int count) {
    for (uintptr_t at = (uintptr_t)from, end = at + (size_t)count * TR_LINE_BYTES; at != end; at += TR_LINE_BYTES)
        __builtin_prefetch((const void *)at);
}
static inline __attribute__((always_inline)) void tr_thread_prefetch(const ThreadState *next,
                                                                     const ThreadState *second) {
    if (second) tr_prefetch_lines((const char *)second - sizeof(Thread), TR_SLOT_LINES); /* they lie in one slot */
    if (!next) return;
    tr_prefetch_lines(next->thread->fiber, TR_FIBER_LINES);
    tr_prefetch_lines(next->stack_top, TR_STACK_LINES);
    tr_prefetch_lines(next->frame_top, TR_FRAME_LINES);
}

/* --- fibers --- */
/* The struct, its VM stack's room (f->stack, f->stack_end) and its machine stack, in one block; entry gets the Fiber and
 * must end with tr_fiber_switch_for_good or tr_thread_end. Everything else is zero or nil. NULL: no memory. */
Fiber *tr_fiber_alloc(Thread *thread, void (*entry)(Fiber *f));
/* A fiber for the OS thread's own stack (the main thread's); its VM stack is allocated apart. */
Fiber *tr_fiber_alloc_native(Thread *thread, size_t vm_stack_bytes);
void tr_fiber_release(Fiber *taken_fiber);
void tr_fiber_set_current(Fiber *fiber);
/* Frees the fiber that has just left its stack for good. */
void tr_fiber_reap(RactorSched *rs);
/* Leaves `from` for `to`, of the same thread. Inline: see tr_switch_stack. */
static inline MAY_SWITCH void tr_fiber_switch(Fiber *from, Fiber *to) {
    to->thread->fiber = to;
    tr_fiber_set_current(to);
    if (tr_is_object(from->face)) tr_write_many(from->face); /* what it holds was changed while it ran */
    tr_coroutine_switch(&from->coroutine, &to->coroutine, 0);
    RactorSched *rs = from->ractor->sched;
    if (TR_UNLIKELY(rs->dead_fiber != NULL)) tr_fiber_reap(rs);
}
/* The same, and from's memory is freed. */
_Noreturn void tr_fiber_switch_for_good(Fiber *taken_from, Fiber *to);
/* VM stack (through the hook), machine stack, and Values of the struct. */
void tr_fiber_trace(Tracer *tracer, Fiber *fiber);
/* Handed in by vm/: the frames and the VM stack. */
extern void (*tr_fiber_trace_vm)(Tracer *tracer, Fiber *fiber);

/* Handed in by core/: lets the fiber scheduler have the work done. 1 it was, 0 it has no such hook, -1 raised. */
extern int (*tr_blocking_call_by_scheduler)(Fiber *f, void (*fn)(void *data), void *data);
/* tr_blocking_call without asking the fiber scheduler. */
MAY_SWITCH MAY_RAISE Value tr_blocking_call_here(Fiber *f, void (*fn)(void *data), void *data);
/* Waits for any of `count` descriptors. ready[i] gets the events; the result is as tr_wait_fd's: count of ready ones. */
typedef struct FdWait { int fd, events, ready; } FdWait;
MAY_SWITCH MAY_RAISE Value tr_wait_fds(Fiber *f, FdWait *waits, int count, int64_t deadline_ns);

#endif
