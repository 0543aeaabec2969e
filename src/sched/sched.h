/* sched.h - workers, run queues, timers, poller: what runs Ractors on OS threads. Knows nothing of Ruby.
 *
 * A Task is what a worker runs: a Ractor embeds one. Exactly one worker runs a task at a time; a task is in at most one
 * run queue. The task's run function switches to the Ractor's next ready thread and comes back when the Ractor gives
 * the worker up.
 *
 *              tr_task_ready            worker takes it           run comes back, nothing to do
 *      IDLE ────────────────> QUEUED ────────────────> RUNNING ─────────────────────────────────> IDLE
 *                               ^                         │ tr_task_ready
 *                               │    run comes back       v
 *                               └────────────────────  NOTIFIED
 *
 * A running task is poked (a bit in the flags word its safepoints read) when a wake-up from outside, one of its deadlines
 * or the tick wants it to look around.
 */
#ifndef TR_SCHED_SCHED_H
#define TR_SCHED_SCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sched/timer.h"

typedef struct Worker Worker;
typedef struct Task Task;
struct Coroutine;

#define TR_POKE_BIT 0x01u /* INTERRUPT_TIMER */

typedef enum TaskOutcome { TASK_PARKED, TASK_READY, TASK_ENDED } TaskOutcome;
enum TaskStateValue { TASK_STATE_IDLE, TASK_STATE_QUEUED, TASK_STATE_RUNNING, TASK_STATE_NOTIFIED };

struct Task {
    /* fixed at birth */
    void (*run)(Task *task, Worker *worker);           /* on the worker's stack; returns when it gives the worker up */
    TaskOutcome (*settle)(Task *task, Worker *worker); /* what now; on TASK_ENDED the task's memory may be gone */
    /* any thread */
    _Atomic uint32_t state;
    _Atomic bool is_poked;        /* set before the flags word; cleared by the task when it looks around */
    _Atomic(Worker *) worker;     /* that runs it */
    /* in the common queue, under its lock */
    Task *next;
    /* under the timers' lock */
    Timer timer;
};

/* Makes the calling OS thread worker 0, which runs `task` already (the main Ractor on the OS thread's own stack). Up to
 * worker_count - 1 more start when there is something for them to do. */
void tr_sched_boot(int worker_count, Task *task);
int tr_sched_worker_count(void);
void tr_task_init(Task *task, void (*run)(Task *, Worker *), TaskOutcome (*settle)(Task *, Worker *));
/* There is something to do for it: queues it, or pokes it if it runs. Any OS thread; the task must be kept alive by the
 * caller's protocol. */
void tr_task_ready(Task *task);
/* Makes a running task look around at its next safepoint. Any OS thread; async-signal-safe. */
void tr_task_poke(Task *task);
/* Pokes whatever runs, on every worker, and wakes a worker that polls. Async-signal-safe. */
void tr_sched_poke_all(void);
/* Asks for a poke of what the worker runs at the next tick (10 ms); cheap when asked already. By the running task. */
void tr_worker_want_tick(Worker *worker);
/* When the task wants to be made ready by time, TR_NO_DEADLINE for never. `is_precise`: it goes on running meanwhile, and
 * wants its poke in time. By the running task. */
void tr_task_set_deadline(Task *task, int64_t deadline_ns, bool is_precise);
/* Before the task's memory goes. */
void tr_task_forget(Task *task);

/* The worker that the calling OS thread is; NULL for other threads. Do not keep it across a switch. */
Worker *tr_worker_current(void);
/* Where to switch to to give the worker up. */
struct Coroutine *tr_worker_coroutine(Worker *worker);
/* Whose flags a poke goes to: called at each thread switch inside a task. True: the task was poked before. */
void tr_worker_set_flags(Worker *worker, _Atomic uint32_t *flags);
/* Should the running task let others have the worker? */
bool tr_worker_has_others(Worker *worker);
/* Must it, at once (the world is to be stopped)? */
bool tr_worker_must_stop(void);
/* At a safepoint, after a poke: the watchdog sees that the task goes on. */
void tr_worker_looked(Worker *worker);
/* The watchdog: from now on a task that runs for longer without a safepoint is interrupted by a signal, once for each such
 * stretch, and `say` is called in the handler, on its OS thread. At boot. */
void tr_sched_watch(int64_t at_most_ns, void (*say)(int64_t held_ns));
int tr_worker_index(const Worker *worker);
/* The period of the tick in nanoseconds; before boot or by the main Ractor. */
void tr_sched_set_tick(int64_t period_ns);
extern void (*tr_sched_kicked)(void); /* called by a worker after its sleep in the poller; set at boot */
extern void (*tr_sched_all_idle)(void); /* every worker seems to be idle for good; on a worker's own stack: may make a task ready */
/* No worker runs or looks for anything, and nothing is waited for: only a signal could change that. Sure while the world is
 * stopped. */
bool tr_sched_is_all_idle(void);
extern _Atomic int tr_sched_outside_count; /* work on helper threads that will wake somebody */

/* Stops the world: returns when every other worker is at the border of a task (all its coroutines parked) or waits in
 * here itself. By a running task whose own stack may be scanned meanwhile (its saved stack pointer is current). While the
 * world is stopped, tasks may be made ready, but none runs. */
void tr_sched_stop_world(void);
/* The same by a worker between tasks, if no worker is inside of one; else false, and the world goes on. */
bool tr_sched_stop_idle_world(void);
void tr_sched_start_world(void);

/* fork with the world stopped: before and after in the parent; in the child the caller's worker goes on alone, and poller,
 * timer thread and helpers start afresh. */
void tr_sched_before_fork(void);
void tr_sched_after_fork_parent(void);
void tr_sched_after_fork_child(void);

#endif
