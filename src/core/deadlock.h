/* deadlock.h - who waits for whom. */
#ifndef TR_CORE_DEADLOCK_H
#define TR_CORE_DEADLOCK_H

#include "vm/vm.h"

/* The thread is about to wait for good for `on`, which `holder` has (a Mutex) or is (join): reports a circle that this
 * closes, once. TR_RAISED when it is to be an exception, else TR_NIL. */
MAY_SWITCH MAY_RAISE Value tr_deadlock_note_wait(Fiber *f, WaitReason why, Value on, Thread *holder, bool *is_told);
/* The same for the end of another Ractor, or for what it yields. TR_TRUE: reported; look again before you park. */
MAY_SWITCH MAY_RAISE Value tr_deadlock_begin_ractor_wait(Fiber *f, WaitReason why, Ractor *on, bool *is_told);
/* After that wait, however it ended. */
void tr_deadlock_end_ractor_wait(Fiber *f);
/* The `fatal` for a main thread that was condemned while it slept. */
MAY_GC Value tr_deadlock_condemned(Fiber *f);

#endif
