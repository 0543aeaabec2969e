/* sched.h - workers, run queues, timers, poller: what runs Ractors on OS threads. Knows nothing of Ruby.
 *
 * A Task is what a worker runs: a Ractor embeds one. Exactly one worker runs a task at a time; a task is in at most one
 * run queue. The task's run function switches to the Ractor's next ready thread and comes back when the Ractor gives
 * the worker up.
 */
#ifndef TR_SCHED_SCHED_H
#define TR_SCHED_SCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Worker Worker;
typedef struct Task Task;

#endif
