/* schedule.h - schedules made on purpose, to meet on any day what else happens once a year.
 *
 *   TROUPE_PREEMPT=always   every safepoint gives way to the next thread, and to the next Ractor
 *   TROUPE_SCHED_SEED=n     a generator started from n, not the clock, decides at each safepoint whether the thread gives
 *                           way and which one comes next; one worker runs all Ractors. The same program goes the same
 *                           way again as long as it depends neither on the time nor on what comes from outside.
 */
#ifndef TR_RACTOR_SCHEDULE_H
#define TR_RACTOR_SCHEDULE_H

#include <stdbool.h>

#include "ractor/thread.h"

typedef enum ScheduleKind { SCHEDULE_BY_CLOCK, SCHEDULE_ALWAYS, SCHEDULE_SEEDED } ScheduleKind;
extern ScheduleKind tr_schedule_kind; /* written at boot */

/* Reads both from the environment. Gives how many workers there may be. */
int tr_schedule_boot(int worker_count);
static inline bool tr_schedule_is_made(void) { return TR_UNLIKELY(tr_schedule_kind != SCHEDULE_BY_CLOCK); }
/* At a safepoint: does the running thread give way? By its Ractor, while the schedule is made. */
bool tr_schedule_gives_way(void);
/* Which of `count` > 0 ready threads is next. */
uint32_t tr_schedule_choose(uint32_t count);

#endif
