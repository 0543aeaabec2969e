/* dump.h - what every thread and fiber is doing, for whoever wonders. All of it is written without a heap, and reads only
 * what does not move: the caller's own Ractor, or others while the world is stopped.
 */
#ifndef TR_CORE_DUMP_H
#define TR_CORE_DUMP_H

#include "base/text.h"
#include "ractor/ractor.h"
#include "vm/vm.h"

/* SIGQUIT: Ractors, threads and fibers with what they wait for and their backtraces, on standard error. */
MAY_SWITCH void tr_dump_state(Fiber *f);

/* "#<Thread:0x… name file:line sleep_forever>" */
void tr_print_thread_name(Text *text, const Thread *thread);
/* "#<Ractor:#2 name file:line blocking>" */
void tr_print_ractor_name(Text *text, Ractor *ractor);
/* "waits for #<Thread::Mutex…>, held by #<Thread…>" */
void tr_print_wait(Text *text, const ThreadState *s);
/* The same for a wait that is about to begin. */
void tr_print_wait_for(Text *text, WaitReason why, Value on);
/* A line for each Mutex that it holds. */
void tr_print_held(Text *text, const ThreadState *s, const char *indent);

#endif
