/* time.h - what other C code does with Time. */
#ifndef TR_CORE_TIME_H
#define TR_CORE_TIME_H

#include <time.h>

#include "core/core.h"

/* A local Time. */
MAY_GC Value tr_time_new(Fiber *f, int64_t seconds, int64_t nanoseconds);
/* From a Time or a number of seconds (nil: now). false: raised. */
MAY_SWITCH MAY_RAISE bool tr_time_to_timespec(Fiber *f, Value v, struct timespec *out);

#endif
