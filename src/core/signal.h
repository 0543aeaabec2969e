/* signal.h - signals: how they reach the main thread. */
#ifndef TR_CORE_SIGNAL_H
#define TR_CORE_SIGNAL_H

#include "vm/vm.h"

/* At a poke: has a signal come? Then the main thread gets its TRAP bit. */
void tr_signal_look(Fiber *f);
/* One lies there that nobody has looked at. Any OS thread. */
bool tr_signal_has_arrived(void);
/* On the main thread: runs what was trapped, raises what was not. TR_RAISED or TR_NIL. */
MAY_SWITCH MAY_RAISE Value tr_signal_run_handlers(Fiber *f);
/* trap("EXIT"): once, at the end of the program. */
MAY_SWITCH void tr_signal_run_exit_trap(Fiber *f);
/* 2 for Integer 2, "INT", :SIGINT. -1: raised. */
MAY_SWITCH MAY_RAISE int tr_signal_number(Fiber *f, Value v);
/* As if the signal had been sent to this process. */
MAY_SWITCH MAY_RAISE Value tr_signal_raise_self(Fiber *f, int number);
/* Signal handlers of a new program or a child that will exec: what is trapped is reset by the kernel. */
extern void (*tr_postponed_job_hook)(Fiber *f); /* what the POSTPONED_JOB bit asks for: finalizers; set by who owns them */

#endif
