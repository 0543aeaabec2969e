/* thread.h - Thread for other C code. */
#ifndef TR_CORE_THREAD_H
#define TR_CORE_THREAD_H

#include "core/waiters.h"

typedef struct ThreadObject {
    Data base;
    Thread *thread; /* NULL before initialize */
} ThreadObject;

extern const DataType tr_thread_type;

/* The Ruby object of a thread. */
MAY_GC Value tr_thread_face(Fiber *f, Thread *thread);
/* A thread of f's Ractor that runs `proc`; keywords: Hash or nil. Ready to run. TR_RAISED: no memory. */
MAY_GC MAY_RAISE Value tr_thread_create(Fiber *f, Value object, Value proc, int argc, const Value *argv, Value keywords);
/* One that runs a C function, and is hidden from nobody. */
MAY_GC MAY_RAISE Value tr_thread_create_c(Fiber *f, CBlockFn fn, Value data);
/* Waits for its end: TR_TRUE, TR_FALSE at the deadline, TR_RAISED. Its own exception is not raised. */
MAY_SWITCH MAY_RAISE Value tr_thread_wait(Fiber *f, Thread *thread, int64_t deadline_ns);
/* As Thread#raise with a ready exception, or the kill signal. */
#define TR_KILL_SIGNAL TR_FIX(0) /* Integer, so that handle_interrupt(Integer => …) holds for it */
MAY_SWITCH MAY_RAISE Value tr_thread_send(Fiber *f, Thread *thread, Value exception_or_kill);
/* The same for any living thread of the Ractor, without raising here: joins its queue. */
MAY_GC void tr_thread_post(Fiber *f, Thread *thread, Value exception);
/* The exception that Thread#raise(…) and Fiber#raise(…) mean: its cause is what is being handled where they are called. */
MAY_SWITCH MAY_RAISE Value tr_exception_to_send(Fiber *f, const Args *args);
/* Takes an exception out of the queue again, if it was not delivered yet. */
void tr_thread_take_back(Thread *thread, Value exception);
/* Kills all other threads of the Ractor and waits until they have run their ensures: before a Ractor or the process ends. */
MAY_SWITCH void tr_threads_terminate_others(Fiber *f);
/* Once at boot, on the main thread, before Ruby code runs. */
MAY_GC void tr_threads_boot(Fiber *f);
/* The main thread of a new Ractor; its object is made when somebody asks. By the first fiber. */
void tr_thread_adopt(Thread *thread);
/* "run", "sleep", "sleep_forever", "aborting", "dead". */
const char *tr_thread_status_name(const Thread *thread);
MAY_GC MAY_RAISE Value tr_thread_inspect(Fiber *f, Value object);

/* The end of a thread's work: `result` of its block or TR_RAISED. Remembers, reports, wakes who waits, releases. The caller
 * then ends the thread (tr_thread_end, tr_ractor_sched_end). */
MAY_SWITCH void tr_thread_finish(Fiber *f, Value result);
/* "#<Thread…> terminated with exception (report_on_exception is true):" and the exception, on $stderr. */
MAY_SWITCH void tr_thread_report(Fiber *f, Value exception);

extern const MethodDef tr_thread_local_methods[];     /* core/thread_locals.c */
extern const MethodDef tr_thread_interrupt_methods[]; /* core/thread_interrupt.c */
extern const MethodDef tr_thread_interrupt_singleton_methods[];
/* A thread of f's Ractor: its group, nil when it is dead. */
MAY_GC Value tr_thread_group(Fiber *f, Thread *thread);

#endif
