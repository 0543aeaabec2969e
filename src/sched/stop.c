/* stop.c - stopping the world, for what happens once in a long while: fork, and collecting the shared space.
 *
 * A worker says that it is inside a task, then looks whether a stop is requested; the stopper requests, then looks who is
 * inside (both sequentially consistent, so one sees the other). Running tasks are poked, and give the worker up at their
 * next safepoint. Two stoppers: the second waits for the first as if it were at the border of a task.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "base/assert.h"
#include "sched/blocking_pool.h"
#include "sched/poller.h"
#include "sched/sched_internal.h"

enum { IN_NO_TASK = 0, IN_TASK = 1 };

_Atomic uint32_t tr_stop_requested;   /* futex for those who wait for the world to start */
static _Atomic uint32_t left_count;   /* futex for the stopper: changes when a worker leaves its task */
static pthread_mutex_t stop_lock = PTHREAD_MUTEX_INITIALIZER; /* one stopper at a time */

bool tr_worker_must_stop(void) { return atomic_load_explicit(&tr_stop_requested, memory_order_relaxed) != 0; }

void tr_stop_enter_task(Worker *worker) {
    for (;;) {
        atomic_store(&worker->is_in_task, IN_TASK);
        if (!atomic_load(&tr_stop_requested)) return;
        tr_stop_leave_task(worker);
        tr_futex_wait(&tr_stop_requested, 1);
    }
}

void tr_stop_leave_task(Worker *worker) {
    atomic_store(&worker->is_in_task, IN_NO_TASK);
    if (!atomic_load(&tr_stop_requested)) return;
    atomic_fetch_add(&left_count, 1);
    tr_futex_wake(&left_count, 1);
}

static bool is_anyone_inside(const Worker *but) {
    int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
    for (int i = 0; i < count; i++)
        if (tr_workers[i] != but && atomic_load(&tr_workers[i]->is_in_task)) return true;
    return false;
}

void tr_sched_stop_world(void) {
    Worker *mine = tr_worker_current();
    while (pthread_mutex_trylock(&stop_lock) != 0) {
        tr_stop_leave_task(mine);
        sched_yield();
        tr_stop_enter_task(mine);
    }
    atomic_store(&tr_stop_requested, 1);
    for (;;) {
        uint32_t seen = atomic_load(&left_count);
        if (!is_anyone_inside(mine)) return;
        int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
        for (int i = 0; i < count; i++) {
            Task *task = atomic_load(&tr_workers[i]->task);
            _Atomic uint32_t *flags = atomic_load(&tr_workers[i]->flags);
            if (tr_workers[i] != mine && task && flags) atomic_fetch_or(flags, TR_POKE_BIT);
        }
        if (is_anyone_inside(mine)) tr_futex_wait_ns(&left_count, seen, 1000000); /* a poke may have missed: again soon */
    }
}

bool tr_sched_stop_idle_world(void) {
    pthread_mutex_lock(&stop_lock);
    atomic_store(&tr_stop_requested, 1);
    if (!is_anyone_inside(NULL)) return true;
    tr_sched_start_world();
    return false;
}

void tr_sched_start_world(void) {
    atomic_store(&tr_stop_requested, 0);
    pthread_mutex_unlock(&stop_lock);
    tr_futex_wake(&tr_stop_requested, TR_MAX_WORKERS);
}

/* A forked child has the locks as they were: they must be ours, free, or be made new. */
void tr_sched_before_fork(void) { tr_stack_pool_before_fork(); }
void tr_sched_after_fork_parent(void) { tr_stack_pool_after_fork(); }

void tr_sched_after_fork_child(void) {
    tr_stack_pool_after_fork();
    pthread_mutex_init(&stop_lock, NULL);
    atomic_store(&tr_stop_requested, 0);
    tr_worker_after_fork();
    tr_ticker_after_fork();
    tr_poller_after_fork();
    tr_blocking_after_fork();
    tr_poller_fd();
    if (atomic_load(&tr_watchdog_is_on)) tr_ticker_need();
}
