/* sched_internal.h - what the files of this folder share: the workers, and who sleeps where.
 *
 * Lock order: timers_lock, then common_lock or idle_lock, which are never held together; trim_lock, then pool_lock. None
 * is held across a switch or a system call that waits.
 */
#ifndef TR_SCHED_INTERNAL_H
#define TR_SCHED_INTERNAL_H

#include <pthread.h>

#include "sched/coroutine.h"
#include "sched/runq.h"
#include "sched/sched.h"

enum { TR_MAX_WORKERS = 256, TR_TICK_NS = 10 * 1000 * 1000 };

struct Worker {
    /* fixed at birth */
    int index;
    /* owner only */
    Coroutine coroutine;         /* the loop */
    uint32_t random;             /* whom to steal from first */
    uint32_t turn;               /* tasks run; the common queue is looked at now and then */
    bool is_searching;           /* counted in `searching` */
    int64_t handed_over_at;      /* when the running task made another one ready without waking a worker for it; 0 not */
    int handoff_score;           /* how surely the running task parks right after it made another one ready */
    /* any worker */
    RunQueue queue;
    _Atomic(_Atomic uint32_t *) flags; /* of the running thread: owner stores seq_cst, pokers read after setting is_poked */
    _Atomic(Task *) task;        /* running; a hint for the tick, cleared before the task's memory may go */
    _Atomic bool wants_tick;     /* set by the running task, cleared by the tick that pokes it */
    _Atomic uint32_t is_in_task;     /* seq_cst: pairs with stop_requested (see stop.c) */
    _Atomic uint32_t wake;       /* futex: set by who wakes it */
    _Atomic bool is_polling;     /* seq_cst: sleeps in the poller, not on the futex */
    /* watchdog.c */
    _Atomic uint32_t looks;      /* safepoints that answered a poke, and switches of threads; only while the watchdog is on */
    _Atomic uint32_t told_looks; /* when the alarm was sent */
    _Atomic int64_t held_since;
    uint32_t seen_looks;         /* the timer thread's, as is is_told */
    bool is_told;
    pthread_t os_thread;         /* fixed at birth */
    /* under idle_lock */
    Worker *next_idle;
    bool is_idle;
};

extern Worker *tr_workers[TR_MAX_WORKERS]; /* written before worker_started is raised */
extern _Atomic int tr_worker_started;      /* release pairs with the acquire of who walks tr_workers */
extern _Atomic int tr_idle_count;          /* relaxed hint; exact under idle_lock */

/* Wakes or starts a worker unless one is looking for work already. Async-signal-unsafe. */
void tr_worker_wake_one(void);
/* A worker in the poller or on its futex: makes it look. */
void tr_worker_wake(Worker *worker);
/* Wakes an idle worker so that it becomes the one that polls. */
void tr_worker_wake_poller(void);
bool tr_worker_is_anybody_polling(void);
bool tr_common_is_empty(void);

/* ticker.c */
void tr_ticker_need(void);                      /* somebody could use the tick */
void tr_ticker_need_by(int64_t deadline_ns);    /* and a deadline lies before the next one */
void tr_ticker_after_fork(void);
void tr_worker_after_fork(void);
/* Deadlines of tasks. */
int64_t tr_task_first_deadline(void);           /* relaxed */
void tr_task_fire_due(int64_t now_ns);          /* makes those ready whose deadline has passed */

/* watchdog.c */
extern _Atomic bool tr_watchdog_is_on;
bool tr_watchdog_tick(int64_t now_ns);          /* true: it is on, and something runs */

/* stack_pool.c */
bool tr_stack_pool_trim(void);                  /* at a tick: gives some unused pages back; is there more to do? */
void tr_stack_pool_before_fork(void);
void tr_stack_pool_after_fork(void);            /* in parent and child */

/* Everything before is visible to others before anything after is read. */
#if defined(__SANITIZE_THREAD__)
extern _Atomic int tr_fence_word; /* ThreadSanitizer knows no fences: a read-modify-write orders the same */
static inline void tr_full_fence(void) { atomic_fetch_add(&tr_fence_word, 1); }
#else
static inline void tr_full_fence(void) { atomic_thread_fence(memory_order_seq_cst); }
#endif

/* futex */
void tr_futex_wait(_Atomic uint32_t *word, uint32_t while_value);
void tr_futex_wait_ns(_Atomic uint32_t *word, uint32_t while_value, int64_t at_most_ns);
void tr_futex_wake(_Atomic uint32_t *word, int count);

/* stop.c */
extern _Atomic uint32_t tr_stop_requested; /* futex; seq_cst */
void tr_stop_enter_task(Worker *worker);        /* waits while the world is stopped */
void tr_stop_leave_task(Worker *worker);

#endif
