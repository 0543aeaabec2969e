/* thread_sleep.h - sleeping, for C code. */
#ifndef TR_CORE_THREAD_SLEEP_H
#define TR_CORE_THREAD_SLEEP_H

#include "vm/vm.h"

/* Sleeps until the deadline (TR_FALSE), Thread#wakeup (TR_TRUE) or an interrupt (TR_RAISED). */
MAY_SWITCH MAY_RAISE Value tr_kernel_sleep_until(Fiber *f, int64_t deadline_ns);

#endif
