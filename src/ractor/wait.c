/* wait.c - waiting for what happens outside of the Ractor: descriptors, and work on helper threads. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>

#include "ractor/thread.h"
#include "sched/blocking_pool.h"
#include "sched/poller.h"

static void wake_thread(void *thread) { tr_thread_unpark_remote(thread); }

/* What is ready now, without waiting. poll's bits happen to be ours on Linux, but that is poll's business. */
static int look_at_fds(FdWait *waits, int count) {
    struct pollfd fds_inline[8], *fds = count <= 8 ? fds_inline : malloc((size_t)count * sizeof *fds);
    TR_CHECK(fds);
    for (int i = 0; i < count; i++) {
        int events = waits[i].events;
        fds[i].fd = waits[i].fd;
        fds[i].events = (short)((events & TR_POLL_IN ? POLLIN : 0) | (events & TR_POLL_PRI ? POLLPRI : 0) |
                                (events & TR_POLL_OUT ? POLLOUT : 0));
        fds[i].revents = 0;
    }
    int ready = poll(fds, (nfds_t)count, 0);
    for (int i = 0; i < count; i++) {
        int got = fds[i].revents;
        int events = (got & (POLLIN | POLLHUP | POLLERR | POLLNVAL) ? TR_POLL_IN : 0) | (got & POLLPRI ? TR_POLL_PRI : 0) |
                     (got & (POLLOUT | POLLHUP | POLLERR | POLLNVAL) ? TR_POLL_OUT : 0);
        waits[i].ready = events & waits[i].events;
    }
    if (fds != fds_inline) free(fds);
    return ready;
}

static int count_ready(const FdWait *waits, int count) {
    int ready = 0;
    for (int i = 0; i < count; i++) ready += waits[i].ready != 0;
    return ready;
}

/* Parks until one is ready; what is ready already ends the wait at once. */
static MAY_SWITCH MAY_RAISE Value wait_for_fds(Fiber *f, FdWait *waits, int count, int64_t deadline_ns) {
    FdWaiter inline_waiters[4], *waiters = count <= 4 ? inline_waiters : calloc((size_t)count, sizeof *waiters);
    TR_CHECK(waiters);
    Value result = TR_NIL;
    bool is_ready = false;
    int added = 0;
    for (; added < count && !is_ready; added++) {
        FdWaiter *w = &waiters[added];
        *w = (FdWaiter){.fd = waits[added].fd, .events = waits[added].events, .wake = wake_thread, .argument = f->thread};
        int state = tr_poller_add(w);
        if (state == 0) continue;
        waits[added].ready = state > 0 ? state : waits[added].events; /* an error shows when the descriptor is used */
        is_ready = true;
    }
    while (!is_ready) {
        result = tr_thread_park(f, WAIT_FD, TR_FIX(waits[0].fd), deadline_ns);
        for (int i = 0; i < added; i++) is_ready |= waiters[i].ready != 0 || !waiters[i].is_listed;
        if (result != TR_TRUE) break;
    }
    for (int i = 0; i < added; i++) {
        int ready = tr_poller_remove(&waiters[i]);
        if (ready) waits[i].ready = ready;
    }
    if (waiters != inline_waiters) free(waiters);
    if (result == TR_RAISED) return TR_RAISED;
    return TR_FIX(count_ready(waits, count));
}

Value tr_wait_fds(Fiber *f, FdWait *waits, int count, int64_t deadline_ns) {
    if (look_at_fds(waits, count) > 0) return TR_FIX(count_ready(waits, count));
    if (deadline_ns != TR_FOREVER && deadline_ns <= tr_now_ns()) return TR_FIX(0); /* only a look was asked for */
    return wait_for_fds(f, waits, count, deadline_ns);
}

Value tr_wait_fd(Fiber *f, int fd, int events, int64_t deadline_ns) {
    FdWait wait = {.fd = fd, .events = events};
    Value result = tr_wait_fds(f, &wait, 1, deadline_ns);
    if (result == TR_RAISED) return TR_RAISED;
    return TR_FIX(wait.ready & events);
}

Value tr_wait_unready_fd(Fiber *f, int fd, int events, int64_t deadline_ns) {
    FdWait wait = {.fd = fd, .events = events};
    if (wait_for_fds(f, &wait, 1, deadline_ns) == TR_RAISED) return TR_RAISED;
    return TR_FIX(wait.ready & events);
}

/* ---- helper threads ---- */

typedef struct Call {
    BlockingJob job;
    Thread *thread;
    _Atomic bool is_finished; /* before the wake-up */
    _Atomic bool is_released; /* after it: the helper touches nothing of ours any more */
} Call;

static void call_done(BlockingJob *job) {
    Call *call = job->argument;
    atomic_store(&call->is_finished, true);
    tr_thread_unpark_remote(call->thread);
    atomic_fetch_sub(&tr_sched_outside_count, 1);
    atomic_store(&call->is_released, true);
}

Value tr_blocking_call_here(Fiber *f, void (*fn)(void *), void *data) {
    Call call = {.job = {.fn = fn, .data = data, .done = call_done}, .thread = f->thread};
    call.job.argument = &call;
    atomic_fetch_add(&tr_sched_outside_count, 1);
    tr_blocking_submit(&call.job);
    while (!atomic_load(&call.is_finished)) tr_thread_park_uninterruptible(f, WAIT_BLOCKING_POOL, TR_NIL, TR_FOREVER);
    while (!atomic_load(&call.is_released)) sched_yield();
    return TR_SAFEPOINT(f);
}

typedef struct DetachableCall {
    BlockingJob job;
    Thread *thread;
    void (*drop)(void *data);
    void *data;
    _Atomic int state;        /* CALL_*: who comes second, of the helper and the one that waits, cleans up */
    _Atomic bool is_released; /* the helper touches nothing any more */
} DetachableCall;
enum { CALL_RUNNING, CALL_FINISHED, CALL_ABANDONED };

static void detachable_done(BlockingJob *job) {
    DetachableCall *call = job->argument;
    int running = CALL_RUNNING;
    if (atomic_compare_exchange_strong(&call->state, &running, CALL_FINISHED)) {
        tr_thread_unpark_remote(call->thread);
        atomic_fetch_sub(&tr_sched_outside_count, 1);
        atomic_store(&call->is_released, true);
        return;
    }
    atomic_fetch_sub(&tr_sched_outside_count, 1);
    call->drop(call->data);
    free(call);
}

Value tr_blocking_call_detachable(Fiber *f, void (*fn)(void *), void (*drop)(void *), void *taken_data, int64_t deadline_ns) {
    DetachableCall *call = calloc(1, sizeof *call);
    TR_CHECK(call);
    *call = (DetachableCall){.job = {.fn = fn, .data = taken_data, .done = detachable_done, .argument = call},
                             .thread = f->thread, .drop = drop, .data = taken_data};
    atomic_fetch_add(&tr_sched_outside_count, 1);
    tr_blocking_submit(&call->job);
    Value result = TR_TRUE;
    while (result == TR_TRUE && atomic_load(&call->state) == CALL_RUNNING)
        result = tr_thread_park(f, WAIT_BLOCKING_POOL, TR_NIL, deadline_ns);
    int running = CALL_RUNNING;
    if (atomic_compare_exchange_strong(&call->state, &running, CALL_ABANDONED)) return result;
    while (!atomic_load(&call->is_released)) sched_yield();
    free(call);
    if (result == TR_RAISED) drop(taken_data);
    return result == TR_RAISED ? TR_RAISED : TR_TRUE;
}

int (*tr_blocking_call_by_scheduler)(Fiber *f, void (*fn)(void *), void *data);

Value tr_blocking_call(Fiber *f, void (*fn)(void *), void *data) {
    if (TR_UNLIKELY(f->thread->state->fiber_scheduler != TR_NIL) && !f->is_blocking && tr_blocking_call_by_scheduler) {
        int state = tr_blocking_call_by_scheduler(f, fn, data);
        if (state) return state < 0 ? TR_RAISED : TR_SAFEPOINT(f);
    }
    return tr_blocking_call_here(f, fn, data);
}

/* ---- helper threads, for what may be given up ---- */

enum ErrandState { ERRAND_PENDING, ERRAND_DONE, ERRAND_RELEASED, ERRAND_ABANDONED };

typedef struct Errand { /* the caller's, or the helper's once it is abandoned */
    BlockingJob job;
    Thread *thread;
    void (*fn)(void *data, const _Atomic bool *is_abandoned);
    void (*drop)(void *data);
    void *data;
    _Atomic uint32_t state;       /* ErrandState */
    _Atomic bool is_abandoned;
} Errand;

static void errand_run(void *data) {
    Errand *errand = data;
    if (!atomic_load(&errand->is_abandoned)) errand->fn(errand->data, &errand->is_abandoned);
}

static void errand_done(BlockingJob *job) {
    Errand *errand = job->argument;
    uint32_t pending = ERRAND_PENDING;
    if (!atomic_compare_exchange_strong(&errand->state, &pending, ERRAND_DONE)) {
        errand->drop(errand->data);
        free(errand);
        return;
    }
    tr_thread_unpark_remote(errand->thread);
    atomic_fetch_sub(&tr_sched_outside_count, 1);
    atomic_store(&errand->state, ERRAND_RELEASED); /* we touch nothing of the caller's any more */
}

Value tr_abandonable_call(Fiber *f, void (*fn)(void *, const _Atomic bool *), void *data, void (*drop)(void *)) {
    Errand *errand = calloc(1, sizeof *errand);
    TR_CHECK(errand);
    *errand = (Errand){.job = {.fn = errand_run, .data = errand, .done = errand_done, .argument = errand}, .thread = f->thread,
                       .fn = fn, .drop = drop, .data = data};
    atomic_fetch_add(&tr_sched_outside_count, 1);
    tr_blocking_submit(&errand->job);
    Value result = TR_NIL;
    while (atomic_load(&errand->state) == ERRAND_PENDING && result != TR_RAISED)
        result = tr_thread_park(f, WAIT_BLOCKING_POOL, TR_NIL, TR_FOREVER);
    if (result == TR_RAISED) {
        uint32_t pending = ERRAND_PENDING;
        atomic_store(&errand->is_abandoned, true);
        if (atomic_compare_exchange_strong(&errand->state, &pending, ERRAND_ABANDONED)) {
            atomic_fetch_sub(&tr_sched_outside_count, 1);
            return TR_RAISED;
        }
    }
    while (atomic_load(&errand->state) != ERRAND_RELEASED) sched_yield();
    free(errand);
    if (result != TR_RAISED) return TR_NIL;
    drop(data);
    return TR_RAISED;
}
