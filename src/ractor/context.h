/* context.h - the nesting that code runs in: Process ⊃ Ractor ⊃ Thread ⊃ Fiber.
 *
 * A `Fiber *f` is the context that every function passes on: it is the coroutine that runs now. From it: f->thread,
 * f->ractor, f->heap. A Ractor runs on at most one worker at a time; that is its lock, so everything below marked
 * "owner only" needs no other. Each of the three has a Ruby face (object of TYPE_FIBER/THREAD/RACTOR whose payload
 * points here); the structs are malloc'ed and outlive or precede their face as their state demands.
 */
#ifndef TR_RACTOR_CONTEXT_H
#define TR_RACTOR_CONTEXT_H

#include <stdatomic.h>

#include "heap/heap.h"
#include "sched/coroutine.h"
#include "sched/sched.h"

typedef struct Thread Thread;
typedef struct Frame Frame;

/* Why control leaves frames without returning (the C side sees only TR_RAISED). */
typedef enum UnwindKind {
    UNWIND_NONE,
    UNWIND_RAISE,   /* `value` is an exception object: rescue may stop it */
    UNWIND_BREAK,   /* break / return from a block or lambda: to the frame whose ep is `target` */
    UNWIND_RETURN,
    UNWIND_RETRY, UNWIND_NEXT, UNWIND_REDO, /* YARV throw states, within catch tables */
    UNWIND_THROW,   /* Kernel#throw: `tag` and value, to the catch frame `target` */
    UNWIND_KILL     /* Thread#kill, Fiber#kill, Ractor end: runs ensure, nothing rescues it */
} UnwindKind;
typedef struct Unwind {
    UnwindKind kind;
    Value value;
    Value tag;
    const void *target; /* Value *ep or CatchTag * */
} Unwind;

struct Fiber {
    /* hot, owner only: two cache lines for running and switching */
    Frame *frame;             /* innermost frame */
    Value *stack_end;         /* the VM stack's limit; pushing a frame checks against it */
    Thread *thread;
    Ractor *ractor;
    Heap *heap;
    char *c_stack_limit;      /* machine stack must stay above this address: tr_stack_check */
    Value error_info;         /* $! of the running code */
    Fiber *resumer;           /* who resumed it and waits; NULL: a root, or it was transferred to */
    Fiber *resuming;          /* whom it resumed and waits for */
    Value transfer_value;     /* what a switch hands over to this fiber */
    uint8_t transfer_kind;    /* core/fiber.c: a value, an exception to raise, the order to unwind */
    bool is_yielding;         /* suspended by Fiber.yield */
    bool is_root, is_blocking;
    int transfer_count;       /* arguments that a fiber's start gets */
    uint32_t resume_depth;    /* how many wait for it to come back, when it was last resumed */
    Value face;               /* the Ruby Fiber object, or TR_UNDEF when none was asked for yet */
    Coroutine coroutine;      /* saved stack pointer first; machine stack (sched/coroutine.h) */
    /* owner only */
    Unwind unwind;            /* valid while TR_RAISED travels */
    Value *stack;             /* base of the VM stack */
    Value locals;             /* Thread#[]: Hash or nil */
    Value storage;            /* Fiber[]: Hash or nil */
    void *catch_tags;         /* active Kernel#catch calls */
    void *inspect_stack;      /* recursion guard: what is being inspected, compared, hashed (vm/protocol.c) */
    uint64_t serial;          /* never used twice */
    void (*start)(Fiber *f);  /* what its coroutine runs; must not return */
    void *vm_private;         /* vm/ */
    void *core_private;       /* core/fiber.c */
};

struct Thread {
    Ractor *ractor;
    Fiber *fiber;             /* running now, or to run next */
    Fiber *root_fiber;
    /* any thread: bits are set with a release fetch_or, read relaxed at safepoints */
    _Atomic uint32_t interrupt_flags; /* INTERRUPT_* */
    uint32_t interrupt_mask;  /* owner only */
    /* owner only: everything else; the complete struct is sched's and core's business (ractor/thread.h) */
    struct ThreadState *state;
    Value face;               /* the Ruby Thread object */
};
enum {
    INTERRUPT_TIMER = 0x01, INTERRUPT_PENDING = 0x02, INTERRUPT_POSTPONED_JOB = 0x04, INTERRUPT_TRAP = 0x08,
    INTERRUPT_TERMINATE = 0x10, INTERRUPT_VM_BARRIER = 0x20
};

struct Ractor {
    uint32_t id;              /* 1 is main */
    Heap *heap;
    Thread *thread;           /* running now */
    Thread *main_thread;
    Value face;               /* shareable Ruby object */
    Value name;               /* frozen String or nil */
    struct RactorSched *sched;/* its threads and whose turn it is: ractor/thread.h */
    struct RactorState *state;/* mailbox, life cycle: ractor/ractor.h */
    /* owner only: roots of core classes, each a Value (see tr_ractor_local) */
    Value *locals; uint32_t local_count;
    Cell *cells;              /* unshareable values on shareable structure that belong to this Ractor */
    uint64_t random_state_ready;
};

/* The fiber running on this OS thread; NULL outside of Ruby. The only reader of thread-local state. */
Fiber *tr_current_fiber(void);

/* A Value per Ractor, for a core class's state ($stdout, Random::DEFAULT, …): reserve once at boot, then get/set. A root. */
uint32_t tr_ractor_local_reserve(void);
Value tr_ractor_local_get(Ractor *ractor, uint32_t key); /* TR_UNDEF when unset */
void tr_ractor_local_set(Ractor *ractor, uint32_t key, Value value);
bool tr_ractor_is_main(const Ractor *ractor);

/* --- safepoints --- */
static inline bool tr_interrupt_pending(Fiber *f) {
    return TR_UNLIKELY(atomic_load_explicit(&f->thread->interrupt_flags, memory_order_relaxed) &
                       ~f->thread->interrupt_mask);
}
/* Handles what is pending: gives up the worker, runs trap handlers, raises. TR_RAISED or TR_NIL. */
MAY_SWITCH MAY_RAISE Value tr_safepoint_slow(Fiber *f);
/* Before an operation that may block (a write, a read): what handle_interrupt holds back :on_blocking comes now. */
MAY_SWITCH MAY_RAISE Value tr_blocking_point(Fiber *f);
#define TR_SAFEPOINT(f) (tr_interrupt_pending(f) ? tr_safepoint_slow(f) : TR_NIL)
/* In a loop whose rounds are short: every `n` of them (a power of two). Another thread may change what is looped over. */
#define TR_SAFEPOINT_EACH(f, i, n) (TR_UNLIKELY(((i) & ((n) - 1)) == 0) ? TR_SAFEPOINT(f) : TR_NIL)

/* --- waiting --- */
typedef enum WaitReason {
    WAIT_NONE, WAIT_SLEEP, WAIT_SLEEP_FOREVER, WAIT_JOIN, WAIT_MUTEX, WAIT_CONDVAR, WAIT_QUEUE, WAIT_FD, WAIT_RACTOR_RECEIVE,
    WAIT_RACTOR_TAKE, WAIT_RACTOR_YIELD, WAIT_RACTOR_VALUE, WAIT_PROCESS, WAIT_BLOCKING_POOL, WAIT_ONCE, WAIT_FIBER
} WaitReason;
#define TR_FOREVER INT64_MAX
/* Parks the current thread until tr_thread_unpark, the deadline (CLOCK_MONOTONIC ns; TR_FOREVER for none), or an
 * interrupt. Spurious returns are allowed: callers loop on their condition. Result: TR_TRUE woken, TR_FALSE deadline
 * passed, TR_RAISED (an interrupt raised). `on` is what it waits for, for reports (a Value or TR_NIL). */
MAY_SWITCH MAY_RAISE Value tr_thread_park(Fiber *f, WaitReason why, Value on, int64_t deadline_ns);
/* Makes it runnable; from the same Ractor. A wake-up before the park is remembered (one permit). */
void tr_thread_unpark(Thread *thread);
/* The same from any OS thread (poller, timer, another Ractor). The Thread must be kept alive by the caller's protocol. */
void tr_thread_unpark_remote(Thread *thread);
/* Waits until fd is ready; events TR_POLL_IN | TR_POLL_OUT. Result: fixnum of ready events, 0 at the deadline, or TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_wait_fd(Fiber *f, int fd, int events, int64_t deadline_ns);
/* The same after a system call that said EAGAIN: no look before the wait. */
MAY_SWITCH MAY_RAISE Value tr_wait_unready_fd(Fiber *f, int fd, int events, int64_t deadline_ns);
enum { TR_POLL_IN = 1, TR_POLL_PRI = 2, TR_POLL_OUT = 4 };
/* Runs fn(data) on a helper OS thread (no heap access there) while this thread is parked. */
MAY_SWITCH MAY_RAISE Value tr_blocking_call(Fiber *f, void (*fn)(void *data), void *data);
/* The same for what may take long: an interrupt or the deadline ends the wait, and the helper is left to itself; then
 * drop(data) is called when it is done. TR_TRUE: finished, data is the caller's again; TR_FALSE: the deadline; or TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_blocking_call_detachable(Fiber *f, void (*fn)(void *data), void (*drop)(void *data),
                                                       void *taken_data, int64_t deadline_ns);
/* The same for a computation that may be given up: TR_NIL, or TR_RAISED when something sent to the thread ended the wait. Then
 * *is_abandoned becomes true, and `drop(data)` is called when fn is done with it. */
MAY_SWITCH MAY_RAISE Value tr_abandonable_call(Fiber *f, void (*fn)(void *data, const _Atomic bool *is_abandoned), void *data,
                                               void (*drop)(void *data));
int64_t tr_now_ns(void); /* CLOCK_MONOTONIC */

#endif
