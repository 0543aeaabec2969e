/* ticker.c - the timer thread: the 10 ms tick, and deadlines and descriptors while every worker is busy.
 *
 * An idle worker waits for deadlines and descriptors itself, so a program that is not busy needs no timer thread. It is
 * started when first needed, ticks while somebody could use the tick, and sleeps for good after IDLE_TICKS ticks that
 * nobody wanted; so what happens a thousand times a second does not wake it a thousand times.
 *
 *   needed:   a task asked for a tick (it has threads that wait for their turn), tasks wait for a worker, or deadlines or
 *             descriptors are waited for and no worker polls
 *   on tick:  pokes the tasks that asked, and every task while others wait for a worker
 *   between:  fires deadlines, and looks at the poller, if no worker polls
 *
 * Threads: `need` may be called by anybody. The thread itself takes the timers' lock only to fire.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "sched/poller.h"
#include "sched/sched_internal.h"

enum { IDLE_TICKS = 10, STACK_BYTES = 128 * 1024, EARLY_NS = 30 * 1000 };

static _Atomic bool is_active;         /* seq_cst: set by who needs it, cleared by the thread before it looks a last time */
static _Atomic int64_t wakes_at;       /* when it will look next; seq_cst with first_deadline */
static _Atomic int64_t tick_ns = TR_TICK_NS;
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_started;                /* under start_lock */
static _Atomic int wake_fd = -1;

/* ---- deadlines of tasks ---- */

static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;
static TimerHeap timers;                                     /* under timers_lock */
static _Atomic int64_t first_deadline = TR_NO_DEADLINE;      /* stored under timers_lock, read by anyone */

int64_t tr_task_first_deadline(void) { return atomic_load(&first_deadline); }

static Task *task_of(Timer *timer) { return (Task *)((char *)timer - offsetof(Task, timer)); }

void tr_task_set_deadline(Task *task, int64_t deadline_ns, bool is_precise) {
    pthread_mutex_lock(&timers_lock);
    bool is_unchanged = tr_timer_is_set(&task->timer) ? task->timer.deadline_ns == deadline_ns : deadline_ns == TR_NO_DEADLINE;
    if (!is_unchanged) {
        tr_timers_remove(&timers, &task->timer);
        if (deadline_ns != TR_NO_DEADLINE) tr_timers_add(&timers, &task->timer, deadline_ns);
    }
    int64_t first = tr_timers_first(&timers);
    bool is_sooner = first < atomic_load_explicit(&first_deadline, memory_order_relaxed);
    if (!is_unchanged) atomic_store(&first_deadline, first);
    pthread_mutex_unlock(&timers_lock);
    if (is_unchanged && !is_precise) return;
    if (tr_worker_is_anybody_polling()) {
        if (is_sooner) tr_poller_kick(); /* it sleeps until a later one */
    } else if (is_precise && deadline_ns != TR_NO_DEADLINE) tr_ticker_need_by(deadline_ns);
}

void tr_task_forget(Task *task) {
    pthread_mutex_lock(&timers_lock);
    tr_timers_remove(&timers, &task->timer);
    atomic_store(&first_deadline, tr_timers_first(&timers));
    pthread_mutex_unlock(&timers_lock);
}

void tr_task_fire_due(int64_t now_ns) {
    if (tr_task_first_deadline() > now_ns) return;
    pthread_mutex_lock(&timers_lock);
    Timer *timer;
    while ((timer = tr_timers_pop_due(&timers, now_ns))) tr_task_ready(task_of(timer)); /* the lock keeps the task alive */
    atomic_store(&first_deadline, tr_timers_first(&timers));
    pthread_mutex_unlock(&timers_lock);
}

/* ---- the thread ---- */

/* One tick. Was it of use? */
static bool tick(void) {
    int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
    bool are_tasks_waiting = !tr_common_is_empty();
    bool is_running = false;
    for (int i = 0; i < count; i++) {
        if (tr_runq_count(&tr_workers[i]->queue) > 0) are_tasks_waiting = true;
        if (atomic_load(&tr_workers[i]->flags)) is_running = true;
    }
    bool is_useful = tr_watchdog_tick(tr_now_ns());
    is_useful |= tr_stack_pool_trim() || are_tasks_waiting;
    for (int i = 0; i < count; i++) {
        Worker *worker = tr_workers[i];
        bool is_wanted = atomic_exchange_explicit(&worker->wants_tick, false, memory_order_relaxed);
        if (!is_wanted && !are_tasks_waiting) continue;
        is_useful = true;
        _Atomic uint32_t *flags = atomic_load(&worker->flags);
        if (flags) atomic_fetch_or(flags, TR_POKE_BIT);
    }
    if (are_tasks_waiting) tr_worker_wake_one();
    bool is_waiting = tr_poller_has_waiters() || tr_task_first_deadline() != TR_NO_DEADLINE;
    if (is_waiting && !tr_worker_is_anybody_polling()) {
        tr_worker_wake_poller();
        if (is_running) is_useful = true;
    }
    return is_useful;
}

/* False: somebody's kick lies in the poller, so that looking at it would not wait. */
static bool sleep_until(int64_t until, bool with_poller) {
    struct pollfd fds[2] = {{.fd = atomic_load(&wake_fd), .events = POLLIN}, {.fd = with_poller ? tr_poller_fd() : -1, .events = POLLIN}};
    int64_t timeout = until == TR_NO_DEADLINE ? 0 : until - tr_now_ns();
    if (timeout < 0) timeout = 0;
    struct timespec t = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    int count = ppoll(fds, 2, until == TR_NO_DEADLINE ? NULL : &t, NULL);
    uint64_t ignored;
    if (count > 0 && fds[0].revents) (void)!read(fds[0].fd, &ignored, sizeof ignored);
    return !(count > 0 && fds[1].revents) || tr_poller_wait(0) >= 0;
}

static void *ticker_main(void *unused) {
    (void)unused;
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    int64_t next_tick = tr_now_ns() + tick_ns;
    int useless_ticks = 0;
    bool may_poll = true;
    for (;;) {
        bool is_polling = tr_worker_is_anybody_polling();
        int64_t until = next_tick;
        atomic_store(&wakes_at, until); /* before we read the first deadline: who sets a sooner one later wakes us */
        int64_t deadline = tr_task_first_deadline();
        if (!is_polling && deadline < until) until = deadline;
        atomic_store(&wakes_at, until);
        may_poll &= sleep_until(until, may_poll && !is_polling && tr_poller_has_waiters());
        int64_t now = tr_now_ns();
        if (!tr_worker_is_anybody_polling()) tr_task_fire_due(now);
        if (now < next_tick) continue;
        useless_ticks = tick() ? 0 : useless_ticks + 1;
        next_tick = now + tick_ns;
        may_poll = true;
        if (useless_ticks < IDLE_TICKS) continue;
        atomic_store(&is_active, false);
        if (tick()) atomic_store(&is_active, true); /* asked for while we decided */
        while (!atomic_load(&is_active)) (void)sleep_until(TR_NO_DEADLINE, false);
        useless_ticks = 0;
        next_tick = tr_now_ns() + tick_ns;
    }
    return NULL;
}

static void start_ticker(void) {
    pthread_mutex_lock(&start_lock);
    if (!is_started) {
        pthread_attr_t attributes;
        pthread_t thread;
        sigset_t all, old;
        atomic_store(&wake_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        TR_CHECK(atomic_load(&wake_fd) >= 0);
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &old);
        TR_CHECK(pthread_create(&thread, &attributes, ticker_main, NULL) == 0);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        pthread_attr_destroy(&attributes);
        is_started = true;
    }
    pthread_mutex_unlock(&start_lock);
}

static void wake_ticker(void) {
    uint64_t one = 1;
    int fd = atomic_load(&wake_fd);
    if (fd < 0) start_ticker();
    else (void)!write(fd, &one, sizeof one);
}

void tr_ticker_need(void) {
    if (atomic_load_explicit(&is_active, memory_order_relaxed)) return;
    if (!atomic_exchange(&is_active, true)) wake_ticker();
}

void tr_ticker_need_by(int64_t deadline_ns) {
    tr_ticker_need();
    if (deadline_ns < atomic_load(&wakes_at) - EARLY_NS) wake_ticker();
}

void tr_sched_set_tick(int64_t period_ns) { atomic_store(&tick_ns, period_ns); }

void tr_ticker_after_fork(void) {
    pthread_mutex_init(&start_lock, NULL);
    pthread_mutex_init(&timers_lock, NULL);
    for (uint32_t i = 1; i <= timers.count; i++) timers.items[i].timer->place = 0;
    timers.count = 0;
    atomic_store(&first_deadline, TR_NO_DEADLINE);
    if (atomic_load(&wake_fd) >= 0) close(atomic_load(&wake_fd));
    atomic_store(&wake_fd, -1);
    is_started = false;
    atomic_store(&is_active, false);
}
