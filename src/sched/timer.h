/* timer.h - deadlines in order: a heap whose entries know their place, so that any of them can be taken out.
 *
 * A Ractor has one for its threads (owner only, no lock); the scheduler has one for Ractors (under its lock), in which
 * a Ractor stands with the first of its own deadlines.
 */
#ifndef TR_SCHED_TIMER_H
#define TR_SCHED_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Timer {
    int64_t deadline_ns; /* CLOCK_MONOTONIC */
    uint32_t place;      /* in the heap, from 1; 0: not in one */
    uint32_t kind;       /* the owner's own */
} Timer;

typedef struct TimerEntry { int64_t deadline_ns; Timer *timer; } TimerEntry;
typedef struct TimerHeap {
    TimerEntry *items;   /* from index 1 */
    uint32_t count, capacity;
} TimerHeap;

#define TR_NO_DEADLINE INT64_MAX

void tr_timers_fini(TimerHeap *heap);
/* The timer must not be in a heap. */
void tr_timers_add(TimerHeap *heap, Timer *timer, int64_t deadline_ns);
void tr_timers_remove(TimerHeap *heap, Timer *timer); /* no effect when it is not in it */
static inline bool tr_timer_is_set(const Timer *timer) { return timer->place != 0; }
/* The first deadline, TR_NO_DEADLINE when empty. */
static inline int64_t tr_timers_first(const TimerHeap *heap) {
    return heap->count ? heap->items[1].deadline_ns : TR_NO_DEADLINE;
}
/* Takes out the first timer whose deadline is at or before `now`; NULL: none is. */
Timer *tr_timers_pop_due(TimerHeap *heap, int64_t now_ns);
/* CLOCK_MONOTONIC in nanoseconds. */
int64_t tr_now_ns(void);

#endif
