/* dump.h - what every thread and fiber is doing, for whoever wonders. */
#ifndef TR_CORE_DUMP_H
#define TR_CORE_DUMP_H

#include "vm/vm.h"

/* SIGQUIT: Ractors, threads and fibers with what they wait for and their backtraces, on standard error. */
MAY_GC void tr_dump_state(Fiber *f);
/* "waits for #<Thread::Mutex…>, held by #<Thread…>"; of a parked thread. */
MAY_GC Value tr_dump_wait(Fiber *f, const Thread *thread);

#endif
