/* schedule.c - what decides in place of the clock; see schedule.h.
 *
 * While the schedule is made, a running thread's TIMER bit is set again after each safepoint, so that the next one looks
 * around as well. The generator is one for the process: with a seed there is one worker, and nothing to race with.
 */
#include "ractor/schedule.h"

#include <stdlib.h>
#include <string.h>

enum { GIVES_WAY_ONE_IN = 4 };

ScheduleKind tr_schedule_kind;
static uint64_t state; /* by whoever runs on the one worker */

int tr_schedule_boot(int worker_count) {
    const char *seed = getenv("TROUPE_SCHED_SEED"), *preempt = getenv("TROUPE_PREEMPT");
    if (seed && *seed) {
        tr_schedule_kind = SCHEDULE_SEEDED;
        state = strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15u + 1;
        return 1;
    }
    if (preempt && strcmp(preempt, "always") == 0) tr_schedule_kind = SCHEDULE_ALWAYS;
    return worker_count;
}

/* splitmix64 */
static uint64_t next(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

bool tr_schedule_gives_way(void) {
    return tr_schedule_kind == SCHEDULE_ALWAYS || next() % GIVES_WAY_ONE_IN == 0;
}

uint32_t tr_schedule_choose(uint32_t count) {
    return tr_schedule_kind == SCHEDULE_SEEDED && count > 1 ? (uint32_t)(next() % count) : 0;
}
