/* runq.h - the tasks that are ready to run on one worker.
 *
 * A ring of TR_RUNQ_SLOTS. The owning worker pushes at the tail and pops at the head (first come, first served); any
 * worker may steal half from the head. What does not fit goes to the scheduler's common queue.
 *
 * Invariant: a ready task is in exactly one queue (Task.state is TASK_QUEUED).
 * Threads:   tail belongs to the owner; head moves only by compare-and-swap.
 * Rejected:  a lock for each queue (stealing stalled the owner).
 */
#ifndef TR_SCHED_RUNQ_H
#define TR_SCHED_RUNQ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sched/sched.h"

#ifndef TR_RUNQ_SLOTS
#define TR_RUNQ_SLOTS 256u /* a power of two */
#endif

typedef struct RunQueue {
    _Atomic uint32_t head; /* any worker; the CAS's release pairs with the acquire in steal and pop */
    _Atomic uint32_t tail; /* owner stores with release after the slot; thieves acquire */
    _Atomic(Task *) slots[TR_RUNQ_SLOTS];
} RunQueue;

/* Owner only. false: full. */
bool tr_runq_push(RunQueue *queue, Task *task);
/* Owner only. NULL: empty. */
Task *tr_runq_pop(RunQueue *queue);
/* Moves half of `from` (any worker's) to `to` (the caller's own, empty) and returns one of them; NULL: nothing. */
Task *tr_runq_steal(RunQueue *from, RunQueue *to);
uint32_t tr_runq_count(RunQueue *queue);

#endif
