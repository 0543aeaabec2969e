/* poller.h - waiting for file descriptors: one epoll set for the process.
 *
 * A waiter is a struct on the parked coroutine's stack, in a list of its descriptor, under that descriptor's lock. Each wait
 * arms the descriptor for one event (EPOLLONESHOT), so a descriptor that was closed behind our back is noticed at the next
 * wait. What epoll refuses (regular files) is always ready. Nothing is ever switched to non-blocking here.
 */
#ifndef TR_SCHED_POLLER_H
#define TR_SCHED_POLLER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct FdWaiter {
    int fd;
    int events;            /* POLL_IN 1, POLL_PRI 2, POLL_OUT 4 */
    int ready;             /* set, under the lock, before `wake` is called; FD_GONE when it was closed */
    bool is_listed;        /* under the lock */
    void (*wake)(void *argument); /* called once, with the lock held: must not come back here */
    void *argument;
    struct FdWaiter *next, *prev;
} FdWaiter;
enum { TR_FD_IN = 1, TR_FD_PRI = 2, TR_FD_OUT = 4, TR_FD_GONE = 8 };

/* Starts to wait. Returns 0, the events if the descriptor is always ready, or -errno (EBADF). */
int tr_poller_add(FdWaiter *waiter);
/* Stops to wait; to be called by whoever added, before the waiter's memory goes. Returns waiter->ready. */
int tr_poller_remove(FdWaiter *waiter);
/* Wakes everyone who waits for fd with FD_GONE: to be called before it is closed. */
void tr_poller_forget(int fd);
/* Waits for events until timeout_ns has passed (0: looks only; negative: for good), and wakes whom they concern.
 * Returns the number of events, -1 when tr_poller_kick ended it. */
int tr_poller_wait(int64_t timeout_ns);
/* Ends a wait of another OS thread. Async-signal-safe. */
void tr_poller_kick(void);
/* Is anyone waiting for a descriptor? Relaxed: a hint. */
bool tr_poller_has_waiters(void);
/* The epoll descriptor, to be polled itself. Creates it. */
int tr_poller_fd(void);
/* In the child of fork: a new epoll set, nobody waits. */
void tr_poller_after_fork(void);

#endif
