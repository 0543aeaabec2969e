/* fiber.h - Fiber for other C code: make one that runs a Proc, resume it, yield from it.
 *
 * The Ruby object is the owner: while it is reachable, a suspended fiber keeps its stacks.
 */
#ifndef TR_CORE_FIBER_H
#define TR_CORE_FIBER_H

#include "ractor/thread.h"
#include "value/data.h"
#include "vm/vm.h"

typedef enum FiberStatus { FIBER_CREATED, FIBER_STARTED, FIBER_TERMINATED } FiberStatus;

typedef struct FiberObject {
    Data base;
    Fiber *fiber;           /* NULL before it started and after it ended */
    Value proc;             /* to run; nil for a root fiber */
    Value storage;          /* until it starts; TR_UNDEF: inherit nothing was said */
    Value path;
    Value thread;           /* the Thread it belongs to: while we are, its struct is no other thread's */
    int line;
    uint8_t status;         /* FiberStatus */
    bool is_blocking, is_killed, is_root;
    bool has_keywords;      /* the last argument that it starts with is its keywords */
} FiberObject;

extern const DataType tr_fiber_type;

/* The Ruby object of the running fiber. */
MAY_GC Value tr_fiber_face(Fiber *f);
MAY_GC MAY_RAISE Value tr_fiber_object_new(Fiber *f, Class *klass, Value proc, bool is_blocking);
/* As Fiber#resume and Fiber.yield. */
MAY_SWITCH MAY_RAISE Value tr_fiber_resume(Fiber *f, Value fiber, int argc, const Value *argv);
MAY_SWITCH MAY_RAISE Value tr_fiber_yield(Fiber *f, int argc, const Value *argv);
MAY_SWITCH MAY_RAISE Value tr_fiber_transfer(Fiber *f, Value fiber, int argc, const Value *argv);
/* As Fiber#raise with a ready exception. */
MAY_SWITCH MAY_RAISE Value tr_fiber_raise(Fiber *f, Value fiber, Value exception);
bool tr_fiber_is_alive(Value fiber);
/* A copy of the storage of the running fiber, for what inherits it: Hash or nil. */
MAY_GC MAY_RAISE Value tr_fiber_inherited_storage(Fiber *f);
/* The scheduler that the running fiber is to call instead of waiting: nil when there is none or the fiber is blocking. */
static inline Value tr_fiber_scheduler(const Fiber *f) {
    return TR_LIKELY(f->thread->state->fiber_scheduler == TR_NIL) || f->is_blocking ? TR_NIL : f->thread->state->fiber_scheduler;
}

extern const MethodDef tr_fiber_scheduler_methods[]; /* singleton methods: core/fiber_scheduler.c */
/* Runs what is left and takes the scheduler away: at the end of the thread. */
MAY_SWITCH MAY_RAISE Value tr_fiber_scheduler_close(Fiber *f);
MAY_GC void tr_fiber_scheduler_boot(Fiber *f);

#endif
