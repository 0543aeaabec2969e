/* deadlock.h - who waits for whom. */
#ifndef TR_CORE_DEADLOCK_H
#define TR_CORE_DEADLOCK_H

#include "vm/vm.h"

/* The thread is about to wait for `wanted`, which `holder` has (a Mutex) or is (join): reports a circle. TR_RAISED when it
 * is to be an exception, else TR_NIL. */
MAY_SWITCH MAY_RAISE Value tr_deadlock_note_wait(Fiber *f, Value wanted, Thread *holder, bool is_join);
/* The `fatal` for a main thread that was condemned while it slept. */
MAY_GC Value tr_deadlock_condemned(Fiber *f);

#endif
