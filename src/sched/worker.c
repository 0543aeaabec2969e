/* worker.c - the OS threads that run tasks: looking for work, stealing it, and sleeping when there is none.
 *
 * A worker takes tasks from its own queue, now and then from the common one, and steals from others when it has none.
 * With nothing anywhere it sleeps: one of the idle workers in the poller, until the first deadline; the others on a
 * futex. Who makes a task ready wakes at most one worker, and none while one is looking already ("searching"): the one
 * that finds something wakes the next. So a burst of wake-ups costs one futex call at the waker.
 *
 * A message answered at once should not travel between cores: when the running task has made one other ready, waking a
 * worker is worth its price only if the running task goes on. We remember how that ended the last times (handoff_score);
 * a task that usually parks right away hands over without a wake-up, and the tick corrects us if it does not.
 *
 * The race to watch: a waker pushes, then looks for idle workers; a worker says it is idle, then looks at all queues
 * again. Both have a full fence between the two steps, so one of them sees the other.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/sanitizer.h"
#include "sched/poller.h"
#include "sched/sched_internal.h"

enum {
    WORKER_STACK_BYTES = 256 * 1024,
    SPIN_ROUNDS = 40,              /* looks at the others' queues before sleeping */
    COMMON_TURN = 61,              /* the common queue goes first every so many tasks */
    HANDOFF_SURE = 3, HANDOFF_MOST = 8,
    HANDOFF_NS = 50 * 1000         /* parked within that: handing over was right */
};

Worker *tr_workers[TR_MAX_WORKERS];
_Atomic int tr_worker_started;
_Atomic int tr_idle_count;
#if defined(__SANITIZE_THREAD__)
_Atomic int tr_fence_word;
#endif
_Atomic int tr_sched_outside_count;
void (*tr_sched_kicked)(void);
void (*tr_sched_all_idle)(void);
static _Atomic int searching;   /* workers that look for work, or were woken to; seq_cst */
static _Atomic bool is_poller_taken;
static int worker_limit;        /* fixed at boot */
static _Atomic bool is_starting; /* a start is under way */

static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;
static Worker *idle_list;       /* under idle_lock */

static pthread_mutex_t common_lock = PTHREAD_MUTEX_INITIALIZER;
static Task *common_first, **common_last = &common_first; /* under common_lock */
static _Atomic int common_count;                          /* hint */

static _Thread_local Worker *current_worker;
__attribute__((noinline)) Worker *tr_worker_current(void) { return current_worker; }

int tr_sched_worker_count(void) { return worker_limit; }
Coroutine *tr_worker_coroutine(Worker *worker) { return &worker->coroutine; }
int tr_worker_index(const Worker *worker) { return worker->index; }
bool tr_worker_is_anybody_polling(void) { return atomic_load_explicit(&is_poller_taken, memory_order_relaxed); }

void tr_futex_wait(_Atomic uint32_t *word, uint32_t while_value) {
#ifdef TR_HAS_TSAN
    usleep(0); /* where it delivers a signal; in a raw system call it does not */
    tr_futex_wait_ns(word, while_value, 10000000);
    return;
#endif
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL, NULL, 0);
}
void tr_futex_wait_ns(_Atomic uint32_t *word, uint32_t while_value, int64_t at_most_ns) {
    struct timespec t = {.tv_sec = at_most_ns / 1000000000, .tv_nsec = at_most_ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, &t, NULL, 0);
}
void tr_futex_wake(_Atomic uint32_t *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

/* ---- the common queue: what does not fit elsewhere, or was made ready by no worker ---- */

static void common_push(Task *task) {
    pthread_mutex_lock(&common_lock);
    task->next = NULL;
    *common_last = task;
    common_last = &task->next;
    atomic_fetch_add_explicit(&common_count, 1, memory_order_seq_cst);
    pthread_mutex_unlock(&common_lock);
}

static Task *common_pop(void) {
    if (atomic_load_explicit(&common_count, memory_order_seq_cst) == 0) return NULL;
    pthread_mutex_lock(&common_lock);
    Task *task = common_first;
    if (task) {
        common_first = task->next;
        if (!common_first) common_last = &common_first;
        atomic_fetch_sub_explicit(&common_count, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&common_lock);
    return task;
}

bool tr_common_is_empty(void) { return atomic_load_explicit(&common_count, memory_order_relaxed) == 0; }

/* ---- waking ---- */

void tr_worker_wake(Worker *worker) {
    atomic_store(&worker->wake, 1);
    if (atomic_load(&worker->is_polling)) tr_poller_kick();
    else tr_futex_wake(&worker->wake, 1);
}

static void unlink_idle_locked(Worker *worker) {
    Worker **link = &idle_list;
    while (*link != worker) link = &(*link)->next_idle;
    *link = worker->next_idle;
    worker->is_idle = false;
    atomic_fetch_sub_explicit(&tr_idle_count, 1, memory_order_relaxed);
}

/* Takes an idle worker off the list, the one that polls last. */
static Worker *take_idle(void) {
    if (atomic_load_explicit(&tr_idle_count, memory_order_seq_cst) == 0) return NULL;
    pthread_mutex_lock(&idle_lock);
    Worker *chosen = NULL;
    for (Worker *w = idle_list; w; w = w->next_idle)
        if (!chosen || atomic_load_explicit(&chosen->is_polling, memory_order_relaxed)) chosen = w;
    if (chosen) unlink_idle_locked(chosen);
    pthread_mutex_unlock(&idle_lock);
    return chosen;
}

static void *worker_main(void *argument);

/* A worker more, if there may be one. It counts as searching already. */
static bool start_worker(void) {
    if (atomic_load_explicit(&tr_worker_started, memory_order_relaxed) >= worker_limit) return false;
    bool expected = false;
    if (!atomic_compare_exchange_strong(&is_starting, &expected, true)) return false;
    int index = atomic_load_explicit(&tr_worker_started, memory_order_relaxed);
    bool is_started = false;
    if (index < worker_limit) {
        Worker *worker = calloc(1, sizeof *worker);
        TR_CHECK(worker);
        worker->index = index;
        worker->random = (uint32_t)index * 2654435761u + 1;
        worker->is_searching = true;
        tr_workers[index] = worker;
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
        atomic_store_explicit(&tr_worker_started, index + 1, memory_order_release);
        is_started = pthread_create(&thread, &attributes, worker_main, worker) == 0;
        if (!is_started) {
            atomic_store_explicit(&tr_worker_started, index, memory_order_release);
            worker_limit = index; /* the system gives us no more */
        }
        pthread_attr_destroy(&attributes);
    }
    atomic_store(&is_starting, false);
    return is_started;
}

void tr_worker_wake_one(void) {
    int none = 0;
    if (!atomic_compare_exchange_strong(&searching, &none, 1)) return;
    Worker *worker = take_idle();
    if (worker) tr_worker_wake(worker);
    else if (!start_worker()) atomic_fetch_sub(&searching, 1);
}

void tr_worker_wake_poller(void) {
    Worker *worker = take_idle();
    if (!worker) return;
    atomic_fetch_add(&searching, 1);
    tr_worker_wake(worker);
}

/* ---- tasks ---- */

void tr_task_init(Task *task, void (*run)(Task *, Worker *), TaskOutcome (*settle)(Task *, Worker *)) {
    memset(task, 0, sizeof *task);
    task->run = run;
    task->settle = settle;
}

/* Is it better to leave the task that was just made ready to this worker, which is about to park? */
static bool leave_to_me(Worker *worker) {
    if (!atomic_load_explicit(&worker->is_in_task, memory_order_relaxed)) return true; /* between tasks: taken next */
    if (worker->handed_over_at) return false; /* a second one: there is work for two */
    worker->handed_over_at = tr_now_ns();
    return worker->handoff_score >= HANDOFF_SURE;
}

static void enqueue(Task *task) {
    Worker *worker = tr_worker_current();
    if (!worker) {
        common_push(task);
        tr_worker_wake_one();
        return;
    }
    bool was_empty = tr_runq_count(&worker->queue) == 0;
    if (!tr_runq_push(&worker->queue, task)) common_push(task);
    if (was_empty && leave_to_me(worker)) {
        if (worker->handed_over_at) tr_ticker_need();
        return;
    }
    tr_full_fence(); /* pairs with the one in sleep_until_woken */
    tr_worker_wake_one();
}

/* The running task gives the worker up: was handing over right? */
static void judge_handoff(Worker *worker) {
    if (!worker->handed_over_at) return;
    int64_t took = tr_now_ns() - worker->handed_over_at;
    worker->handed_over_at = 0;
    if (took > HANDOFF_NS) worker->handoff_score = 0;
    else if (worker->handoff_score < HANDOFF_MOST) worker->handoff_score++;
}

void tr_task_ready(Task *task) {
    tr_full_fence(); /* what the caller left for the task, before we look at its state */
    uint32_t state = atomic_load(&task->state);
    for (;;) {
        switch (state) {
        case TASK_STATE_IDLE:
            if (!atomic_compare_exchange_weak(&task->state, &state, TASK_STATE_QUEUED)) continue;
            enqueue(task);
            return;
        case TASK_STATE_RUNNING:
            if (!atomic_compare_exchange_weak(&task->state, &state, TASK_STATE_NOTIFIED)) continue;
            tr_task_poke(task);
            return;
        case TASK_STATE_NOTIFIED:
            if (!atomic_load_explicit(&task->is_poked, memory_order_relaxed)) tr_task_poke(task);
            return;
        default: return;
        }
    }
}

static void poke_flags(Worker *worker) {
    _Atomic uint32_t *flags = atomic_load(&worker->flags); /* after is_poked: pairs with tr_worker_set_flags */
    if (flags) atomic_fetch_or(flags, TR_POKE_BIT);        /* flags words are never unmapped: a late bit is harmless */
}

void tr_task_poke(Task *task) {
    atomic_store(&task->is_poked, true);
    Worker *worker = atomic_load(&task->worker);
    if (worker) poke_flags(worker);
}

void tr_sched_poke_all(void) {
    int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
    for (int i = 0; i < count; i++) poke_flags(tr_workers[i]);
    tr_poller_kick();
}

void tr_worker_set_flags(Worker *worker, _Atomic uint32_t *flags) {
    if (TR_UNLIKELY(atomic_load_explicit(&tr_watchdog_is_on, memory_order_relaxed))) tr_worker_looked(worker);
    atomic_store(&worker->flags, flags);
    Task *task = atomic_load_explicit(&worker->task, memory_order_relaxed);
    if (task && atomic_load(&task->is_poked)) atomic_fetch_or_explicit(flags, TR_POKE_BIT, memory_order_relaxed);
}

void tr_worker_want_tick(Worker *worker) {
    if (atomic_load_explicit(&worker->wants_tick, memory_order_relaxed)) return;
    atomic_store_explicit(&worker->wants_tick, true, memory_order_relaxed);
    tr_ticker_need();
}

bool tr_worker_has_others(Worker *worker) {
    if (atomic_load_explicit(&tr_stop_requested, memory_order_relaxed)) return true;
    return tr_runq_count(&worker->queue) > 0 || !tr_common_is_empty();
}

/* ---- looking for work ---- */

static Task *steal(Worker *worker) {
    int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
    worker->random = worker->random * 1664525u + 1013904223u;
    for (int i = 0, at = (int)(worker->random >> 8) % count; i < count; i++, at = (at + 1) % count) {
        Worker *victim = tr_workers[at];
        if (victim == worker) continue;
        Task *task = tr_runq_steal(&victim->queue, &worker->queue);
        if (task) return task;
    }
    return NULL;
}

static bool is_work_anywhere(void) {
    if (!tr_common_is_empty()) return true;
    int count = atomic_load_explicit(&tr_worker_started, memory_order_acquire);
    for (int i = 0; i < count; i++)
        if (tr_runq_count(&tr_workers[i]->queue) > 0) return true;
    return false;
}

static Task *find_local(Worker *worker) {
    Task *task = NULL;
    if (++worker->turn % COMMON_TURN == 0) task = common_pop();
    if (!task) task = tr_runq_pop(&worker->queue);
    return task ? task : common_pop();
}

static void begin_search(Worker *worker) {
    if (worker->is_searching) return;
    worker->is_searching = true;
    atomic_fetch_add(&searching, 1);
}

/* The last one that stops searching because it found something wakes another: there may be more. */
static void end_search(Worker *worker, bool has_found) {
    if (!worker->is_searching) return;
    worker->is_searching = false;
    if (atomic_fetch_sub(&searching, 1) == 1 && has_found && is_work_anywhere()) tr_worker_wake_one();
}

static Task *search(Worker *worker) {
    if (atomic_load_explicit(&tr_worker_started, memory_order_relaxed) == 1) return NULL;
    begin_search(worker);
    for (int round = 0; round < SPIN_ROUNDS; round++) {
        Task *task = steal(worker);
        if (task) TR_LOG(TR_LOG_SCHED, "worker %d: steals a Ractor", worker->index);
        if (!task) task = find_local(worker);
        if (task) return task;
        for (int i = 0; i < 20; i++) {
#if defined(__x86_64__)
            __builtin_ia32_pause();
#else
            atomic_signal_fence(memory_order_seq_cst);
#endif
        }
    }
    return NULL;
}

/* ---- sleeping ---- */

static void poll_until_event(Worker *worker) {
    atomic_store(&worker->is_polling, true);
    if (atomic_load(&worker->wake) == 0) {
        int64_t deadline = tr_task_first_deadline();
        int64_t timeout = deadline == TR_NO_DEADLINE ? -1 : deadline - tr_now_ns();
        if (timeout < 0 && deadline != TR_NO_DEADLINE) timeout = 0;
        tr_poller_wait(timeout);
    }
    atomic_store(&worker->is_polling, false);
    atomic_store(&is_poller_taken, false);
    if (tr_task_first_deadline() != TR_NO_DEADLINE) tr_task_fire_due(tr_now_ns());
    if (tr_sched_kicked) tr_sched_kicked();
}

bool tr_sched_is_all_idle(void) {
    if (atomic_load(&tr_idle_count) < atomic_load_explicit(&tr_worker_started, memory_order_acquire)) return false;
    return atomic_load(&tr_sched_outside_count) == 0 && !tr_poller_has_waiters() && !is_work_anywhere() &&
           tr_task_first_deadline() == TR_NO_DEADLINE;
}

static void sleep_until_woken(Worker *worker) {
    pthread_mutex_lock(&idle_lock);
    atomic_store(&worker->wake, 0);
    worker->is_idle = true;
    worker->next_idle = idle_list;
    idle_list = worker;
    atomic_fetch_add(&tr_idle_count, 1);
    pthread_mutex_unlock(&idle_lock);
    end_search(worker, false);
    tr_full_fence(); /* we are known to be idle before we look for the last time */
    if (tr_sched_is_all_idle() && tr_sched_all_idle) tr_sched_all_idle();
    if (!is_work_anywhere()) {
        TR_LOG(TR_LOG_SCHED, "worker %d: sleeps", worker->index);
        if (!atomic_exchange(&is_poller_taken, true)) poll_until_event(worker);
        else
            while (atomic_load(&worker->wake) == 0) tr_futex_wait(&worker->wake, 0);
    }
    pthread_mutex_lock(&idle_lock);
    bool was_chosen = !worker->is_idle; /* who took us off the list counted us as searching */
    if (!was_chosen) unlink_idle_locked(worker);
    pthread_mutex_unlock(&idle_lock);
    worker->is_searching = was_chosen;
    TR_LOG(TR_LOG_SCHED, "worker %d: awake%s", worker->index, was_chosen ? ", to look for work" : "");
}

static Task *next_task(Worker *worker) {
    for (;;) {
        Task *task = find_local(worker);
        if (!task && tr_poller_has_waiters() && tr_poller_wait(0) > 0) task = find_local(worker);
        if (!task) task = search(worker);
        if (task) {
            end_search(worker, true);
            return task;
        }
        sleep_until_woken(worker);
    }
}

/* ---- the loop ---- */

/* What the tick must watch while this worker runs something and nobody polls. */
static void ask_for_watch(void) {
    if (TR_UNLIKELY(atomic_load_explicit(&tr_watchdog_is_on, memory_order_relaxed))) tr_ticker_need();
    if (tr_worker_is_anybody_polling()) return;
    if (tr_poller_has_waiters() || tr_task_first_deadline() != TR_NO_DEADLINE) tr_ticker_need();
}

static void settle(Worker *worker, Task *task) {
    TaskOutcome outcome = task->settle(task, worker);
    atomic_store_explicit(&worker->task, NULL, memory_order_relaxed);
    judge_handoff(worker);
    atomic_store(&worker->flags, NULL);
    if (outcome != TASK_ENDED) {
        uint32_t running = TASK_STATE_RUNNING;
        atomic_store(&task->worker, NULL);
        tr_stop_leave_task(worker);
        if (outcome == TASK_PARKED && atomic_compare_exchange_strong(&task->state, &running, TASK_STATE_IDLE)) return;
        atomic_store(&task->state, TASK_STATE_QUEUED);
        enqueue(task);
        return;
    }
    tr_stop_leave_task(worker);
}

static void run(Worker *worker, Task *task) {
    tr_stop_enter_task(worker);
    atomic_store(&task->worker, worker);
    atomic_store_explicit(&worker->task, task, memory_order_relaxed);
    atomic_exchange(&task->state, TASK_STATE_RUNNING); /* what was left for it before is seen by its run */
    ask_for_watch();
    task->run(task, worker);
}

static void worker_loop(void *argument) {
    Worker *worker = argument;
    Task *task = atomic_load_explicit(&worker->task, memory_order_relaxed); /* worker 0 starts in the middle */
    if (task) settle(worker, task);
    for (;;) {
        task = next_task(worker);
        run(worker, task);
        settle(worker, task);
    }
}

static void set_up_thread(Worker *worker) {
    current_worker = worker;
    worker->os_thread = pthread_self();
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* deadlines are to the point */
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    set_up_thread(worker);
    TR_LOG(TR_LOG_SCHED, "worker %d: starts", worker->index);
    tr_coroutine_init_native(&worker->coroutine);
    worker_loop(worker);
    return NULL;
}

void tr_sched_boot(int worker_count, Task *task) {
    TR_CHECK(worker_count >= 1);
    worker_limit = worker_count > TR_MAX_WORKERS ? TR_MAX_WORKERS : worker_count;
    Worker *worker = calloc(1, sizeof *worker);
    TR_CHECK(worker);
    worker->random = 1;
    TR_CHECK(tr_coroutine_init(&worker->coroutine, worker_loop, worker, 0) == 0);
    tr_workers[0] = worker;
    atomic_store_explicit(&tr_worker_started, 1, memory_order_release);
    atomic_store_explicit(&worker->task, task, memory_order_relaxed);
    atomic_store(&worker->is_in_task, 1);
    if (task) {
        atomic_store(&task->worker, worker);
        atomic_store(&task->state, TASK_STATE_RUNNING);
    }
    set_up_thread(worker);
    tr_poller_fd();
}

/* In the child of fork: the caller's worker is worker 0 from now on, and alone. */
void tr_worker_after_fork(void) {
    Worker *mine = tr_worker_current();
    pthread_mutex_init(&idle_lock, NULL);
    pthread_mutex_init(&common_lock, NULL);
    idle_list = NULL;
    atomic_store(&tr_idle_count, 0);
    atomic_store(&searching, 0);
    atomic_store(&is_poller_taken, false);
    atomic_store(&is_starting, false);
    atomic_store(&tr_sched_outside_count, 0);
    common_first = NULL;
    common_last = &common_first;
    atomic_store(&common_count, 0);
    while (tr_runq_pop(&mine->queue)) {}
    mine->index = 0;
    tr_workers[0] = mine;
    atomic_store(&tr_worker_started, 1);
}
