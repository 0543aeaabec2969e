/* waiters.h - the threads and fibers that wait for a Mutex, a Queue, a condition, or a thread's end: first come, first
 * served.
 *
 * A Waiter lies on the machine stack of who waits; the list is in the object waited for, whose trace function keeps the
 * waiters' fibers alive. Under a fiber scheduler a fiber waits through the scheduler's `block` and is woken with `unblock`.
 */
#ifndef TR_CORE_WAITERS_H
#define TR_CORE_WAITERS_H

#include "core/fiber.h"

typedef struct Waiter {
    struct Waiter *next, *prev;
    Fiber *fiber;
    bool is_listed, is_woken;
    bool is_sleeper;         /* waits in Kernel#sleep, by way of Ruby */
    Value data;              /* the owner of the list's own */
} Waiter;
typedef struct WaiterList { Waiter *first, *last; } WaiterList;

void tr_waiters_push(WaiterList *list, Waiter *waiter);
void tr_waiters_push_front(WaiterList *list, Waiter *waiter);
void tr_waiters_remove(WaiterList *list, Waiter *waiter);
void tr_waiters_trace(Tracer *tracer, const WaiterList *list);
int tr_waiters_count(const WaiterList *list);

/* Waits in `list` of `owner` until woken, the deadline, or an interrupt: TR_TRUE, TR_FALSE, TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_waiters_wait(Fiber *f, WaiterList *list, Value owner, WaitReason why, int64_t deadline_ns);
/* The same with a Waiter that is in the list already, and stays or not as its waker decides. */
MAY_SWITCH MAY_RAISE Value tr_waiters_wait_listed(Fiber *f, Waiter *waiter, Value owner, WaitReason why, int64_t deadline_ns);
/* Wakes a waiter, and takes it off its list. What unblock raises is dropped by who called it. */
MAY_SWITCH MAY_RAISE Value tr_waiters_wake(Fiber *f, WaiterList *list, Waiter *waiter, Value owner);
/* The first one; TR_FALSE when nobody waits. */
MAY_SWITCH MAY_RAISE Value tr_waiters_wake_first(Fiber *f, WaiterList *list, Value owner);
MAY_SWITCH MAY_RAISE Value tr_waiters_wake_all(Fiber *f, WaiterList *list, Value owner);

/* A time in seconds as `sleep` takes it: nanoseconds from now as a deadline. nil: never. false: raised. */
MAY_SWITCH MAY_RAISE bool tr_deadline_from_interval(Fiber *f, Value seconds, int64_t *deadline_ns);
/* The same with the messages of timeout: and join: "no implicit conversion of String into Float". */
MAY_SWITCH MAY_RAISE bool tr_deadline_from_timeout(Fiber *f, Value seconds, int64_t *deadline_ns);
/* A timeout for a scheduler's hook: the Float or nil that stands for the deadline. */
MAY_GC Value tr_timeout_from_deadline(Fiber *f, int64_t deadline_ns);

#endif
