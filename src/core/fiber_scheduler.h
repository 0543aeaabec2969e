/* fiber_scheduler.h - the hooks of the thread's fiber scheduler, for the C code that would wait otherwise.
 *
 * Each asks the scheduler that tr_fiber_scheduler(f) returned. Hooks that a scheduler need not have answer
 * SCHEDULER_ABSENT (or TR_UNDEF): the caller then does as it would without a scheduler.
 */
#ifndef TR_CORE_FIBER_SCHEDULER_H
#define TR_CORE_FIBER_SCHEDULER_H

#include <sys/types.h>

#include "core/fiber.h"

enum { SCHEDULER_ABSENT = INT32_MIN + 1 }; /* beside counts, -errno and STREAM_RAISED */

/* io_wait: what the hook answered, TR_FIX(0) for false and nil, TR_FIX(events) for true. */
MAY_SWITCH MAY_RAISE Value tr_scheduler_io_wait(Fiber *f, Value io, int events, Value timeout);
/* io_read, io_write, io_pread, io_pwrite: a count, -errno, STREAM_RAISED or SCHEDULER_ABSENT. `bytes` must stay where they
 * are: they are copied to or from an IO::Buffer that lives as long as the hook runs. from < 0: at the present position. */
MAY_SWITCH MAY_RAISE ssize_t tr_scheduler_io_read(Fiber *f, Value io, void *bytes, size_t size, int64_t from);
MAY_SWITCH MAY_RAISE ssize_t tr_scheduler_io_write(Fiber *f, Value io, const void *bytes, size_t size, int64_t from);
/* Any other hook that may be missing; TR_UNDEF then. */
MAY_SWITCH MAY_RAISE Value tr_scheduler_call(Fiber *f, const char *hook, int argc, const Value *argv);
/* fiber_interrupt: raises the exception in another fiber that waits; TR_UNDEF: its scheduler has no such hook. */
MAY_SWITCH MAY_RAISE Value tr_scheduler_interrupt(Fiber *f, Fiber *other, Value exception);

#endif
